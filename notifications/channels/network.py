"""Connections that end in time and go nowhere else: one deadline for everything, and the address that is judged is the one connected to."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int, float], Sequence[str]]
"""Host, port and seconds to the addresses of the host, as text; raises :class:`OSError`."""

MOST_ADDRESSES = 4
"""Addresses of one name that are tried; each gets its share of the time that is left."""

# IANA's registries of special-purpose addresses (RFC 6890 and its successors), written out: what Python's own ``is_global`` answers differs
# between patch releases.
_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
# 2002::/16 and 2001::/32 (6to4, Teredo) carry an IPv4 address that their relay would connect to.
_SPECIAL_V6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))
_TRANSLATED = IPv6Network("64:ff9b::/96")


class Deadline:
    """An end that the other side cannot move, whatever it does."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        """Begin to count."""
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, more than none.

        Raises:
            TimeoutError: There are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("time is up")
        return left

    def shorten(self, seconds: float) -> None:
        """Let it end in so many seconds, if it does not end sooner."""
        self._end = min(self._end, time.monotonic() + seconds)

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._end


def meant(text: str) -> Address:
    """The address that a connection to ``text`` would reach: mapped and translated IPv4 addresses are what they stand for.

    Raises:
        ValueError: It is no address.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def public(address: Address) -> bool:
    """Whether an address belongs to the open network and to nobody's inside."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _SPECIAL_V6)


def within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether one of the networks holds the address."""
    return any(address.version == network.version and address in network for network in networks)


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks from ``10.1.2.3`` or ``10.1.2.0/24``.

    Raises:
        ValueError: One of them is no network.
    """
    return tuple(ip_network(text.strip()) for text in texts)


def resolve(host: str, port: int, seconds: float) -> Sequence[str]:
    """Addresses of a host, asked for once.

    The system's resolver knows no time limit of ours, so it is asked in a thread that nobody waits for longer than ``seconds``.

    Raises:
        OSError: There are none, or no answer came in time.
    """
    answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(answer, UnicodeError):
        raise OSError("the name cannot be looked up") from answer
    if isinstance(answer, OSError):
        raise answer
    return answer


def connect(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first of the addresses that answers.

    Raises:
        OSError: None did, or the time is up.
    """
    tried = list(addresses[:MOST_ADDRESSES])
    trouble: OSError = OSError("the name has no address")
    for place, address in enumerate(tried):
        seconds = deadline.left() / (len(tried) - place)
        family, kind, protocol, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0]
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(seconds)
            connection.connect(where)
            # Commands are small and each waits for its answer.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connection.close()
            trouble = error
        else:
            return connection
    raise trouble
