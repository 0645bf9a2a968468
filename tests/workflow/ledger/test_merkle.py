from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.ledger.merkle import EMPTY_ROOT, Frontier, FrontierMalformed, leaf_hash, node_hash

# The eight inputs that implementations of Certificate Transparency test with, and the roots of their first n.
BODIES = [
    bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(leaves: list[bytes]) -> bytes:
    """Merkle tree hash written down as RFC 9162 2.1.1 defines it, of leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def test_an_empty_log_has_the_hash_of_nothing_as_its_root() -> None:
    assert Frontier.empty().root() == EMPTY_ROOT == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_of_the_well_known_inputs_are_the_well_known_ones(size: int) -> None:
    assert Frontier.empty().extend(leaf_hash(body) for body in BODIES[:size]).root().hex() == ROOTS[size - 1]


def test_a_leaf_cannot_pass_for_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_grown_frontier_has_the_root_of_the_definition(bodies: list[bytes]) -> None:
    leaves = [leaf_hash(body) for body in bodies]
    grown = Frontier.empty()
    for leaf in leaves:
        grown = grown.append(leaf)
    assert grown.root() == mth(leaves)
    assert grown.size == len(leaves)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70), st.integers(0, 70))
def test_a_log_grown_in_two_parts_is_the_same_log(leaves: list[bytes], cut: int) -> None:
    first = Frontier.empty().extend(leaves[:cut])
    kept = Frontier.of(first.size, first.roots)
    assert kept.extend(leaves[cut:]) == Frontier.empty().extend(leaves)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40))
def test_roots_of_the_frontier_are_those_of_its_complete_subtrees_largest_first(leaves: list[bytes]) -> None:
    grown, start, expected = Frontier.empty().extend(leaves), 0, []
    for bit in reversed(range(len(leaves).bit_length())):
        if len(leaves) >> bit & 1:
            expected.append(mth(leaves[start : start + (1 << bit)]))
            start += 1 << bit
    assert grown.roots == tuple(expected)


@pytest.mark.parametrize(("size", "roots"), [(1, []), (3, [bytes(32)]), (0, [bytes(32)]), (-1, [bytes(32)]), (-1, []), (1, [bytes(31)])])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, roots: list[bytes]) -> None:
    with pytest.raises(FrontierMalformed) as refused:
        Frontier.of(size, roots)
    assert refused.value.detail["size"] == size
