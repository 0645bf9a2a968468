"""The Merkle tree of RFC 9162 section 2.1.1 (the same as RFC 6962), grown from its right edge.

A leaf and a node are hashed under different prefixes, so that no node can be passed off as a leaf.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from states.errors import MalformedInput

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


class FrontierMalformed(MalformedInput):
    """A right edge that no log of this size has. Detail: ``size``, ``expected`` and ``found`` roots."""

    code = "frontier_malformed"


def leaf_hash(body: bytes) -> bytes:
    """SHA-256 of 0x00 and the body: 32 bytes."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children: 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a log: all that appending needs.

    Attributes:
        size: Number of leaves.
        roots: Roots of the complete subtrees, largest (oldest) first; one for each bit set in ``size``.
    """

    size: int
    roots: tuple[bytes, ...]

    @classmethod
    def empty(cls) -> Self:
        """A log without leaves."""
        return cls(0, ())

    @classmethod
    def of(cls, size: int, roots: Iterable[bytes]) -> Self:
        """A frontier as it was kept.

        Raises:
            FrontierMalformed: The number of roots does not fit the size, or a root is not 32 bytes long.
        """
        kept = tuple(bytes(root) for root in roots)
        expected = size.bit_count() if size >= 0 else 0
        if size < 0 or len(kept) != expected or any(len(root) != HASH_SIZE for root in kept):
            raise FrontierMalformed(size=size, expected=expected, found=len(kept))
        return cls(size, kept)

    def append(self, leaf: bytes) -> Self:
        """The frontier after one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Self:
        """The frontier after these leaf hashes, in this order; amortised one node hash a leaf."""
        size, roots = self.size, list(self.roots)
        for leaf in leaves:
            node, merge = leaf, size
            while merge & 1:
                node = sha256(b"\x01" + roots.pop() + node).digest()
                merge >>= 1
            roots.append(node)
            size += 1
        return type(self)(size, tuple(roots))

    def root(self) -> bytes:
        """The root hash; of an empty log the hash of nothing."""
        if not self.roots:
            return EMPTY_ROOT
        *rest, node = self.roots
        for left in reversed(rest):
            node = node_hash(left, node)
        return node


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[list[bytes], bytes]:
    """The hashes that lead from a leaf to the root (RFC 9162, 2.1.3.1), lowest first, and the root.

    Args:
        leaves: Leaf hashes of the whole log, in its order.
        index: Which of them; from 0.
    """
    path: list[bytes] = []
    row, at = list(leaves), index
    while len(row) > 1:
        if at ^ 1 < len(row):
            path.append(row[at ^ 1])
        pairs = [node_hash(row[n], row[n + 1]) for n in range(0, len(row) - 1, 2)]
        # A node without a neighbour goes up as it is.
        row, at = ([*pairs, row[-1]] if len(row) % 2 else pairs), at // 2
    return path, row[0]
