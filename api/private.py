"""Addresses whose last part is a token: it says who asks, and stands in no log. No session has a part in them."""

import re

_PATHS = re.compile(r"(/ack/|/api/v1/ack/|/api/v1/feeds/)([^/]+)(/deadlines\.ics)?")


def by_token(path: str) -> bool:
    """Whether an address is opened by the token in it, and by nothing else."""
    found = _PATHS.fullmatch(path)
    return found is not None and (found[3] is not None) is (found[1] == "/api/v1/feeds/")


def without_token(path: str) -> str:
    """An address as a log may have it."""
    return _PATHS.sub(r"\1…\3", path) if by_token(path) else path
