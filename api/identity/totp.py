"""Codes of a second factor: RFC 6238 over RFC 4226, SHA-1, six digits, thirty seconds; what every authenticator speaks."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

PERIOD, DIGITS, DRIFT = 30, 6, 1


def new_secret() -> bytes:
    """160 random bits, as long as the hash (RFC 4226, R6)."""
    return secrets.token_bytes(20)


def step_of(moment: datetime) -> int:
    """The period that an instant lies in."""
    return int(moment.timestamp()) // PERIOD


def code_at(secret: bytes, step: int) -> str:
    """The code of a period."""
    digest = hmac.new(secret, step.to_bytes(8), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching_step(secret: bytes, code: str, now: datetime, after: int) -> int | None:
    """The period whose code this is, of the present one and its neighbours; none that is not later than ``after``, so that no code counts twice."""
    given = code.replace(" ", "").encode()
    found = None
    for step in range(step_of(now) - DRIFT, step_of(now) + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), given) and step > after and found is None:
            found = step
    return found


def address(secret: bytes, account: str, issuer: str) -> str:
    """What an authenticator reads from the QR code."""
    said = base64.b32encode(secret).decode().rstrip("=")
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?secret={said}&issuer={quote(issuer)}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}"
