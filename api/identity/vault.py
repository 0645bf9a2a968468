"""The installation's own key: it seals secrets that have to be read again, and signs the cookie of a sign-in elsewhere.

It lies beside the database, not in it, so that a copy of the database alone does not hold anybody's second factor.
"""

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.settings import Settings
from states.errors import StoreUnsafe

_FILE = "secret.key"
_SHORTEST = 32
_NONCE = 12
_SEALED = "sealed:"


class Vault:
    """Seals and opens; made by :func:`open_vault`."""

    def __init__(self, key: str) -> None:
        """Derive what is needed from a key."""
        self._sealing = AESGCM(hashlib.sha256(b"ocop seal " + key.encode()).digest())
        self.signing = hashlib.sha256(b"ocop sign " + key.encode()).hexdigest()

    def seal(self, secret: bytes, owner: str) -> bytes:
        """A secret that only this installation opens, and only for its owner."""
        nonce = os.urandom(_NONCE)
        return nonce + self._sealing.encrypt(nonce, secret, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """The secret.

        Raises:
            StoreUnsafe: ``secret_key_other``: it was sealed by another installation's key, or for somebody else.
        """
        try:
            return self._sealing.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode())
        except InvalidTag:
            raise StoreUnsafe("secret_key_other") from None


class HookSecrets:
    """Seals what webhooks sign with; the installation's key is read when the first of them is."""

    def __init__(self, settings: Settings) -> None:
        """Seal for an installation."""
        self._settings = settings
        self._vault: Vault | None = None

    def seal(self, secret: str, hook: str) -> str:
        """A secret as one word that only this installation opens, and only for its webhook."""
        return _SEALED + base64.urlsafe_b64encode(self._open().seal(secret.encode(), f"webhook {hook}")).decode()

    def unsealed(self, kept: str, hook: str) -> str:
        """The secret; what was kept before secrets were sealed is taken as it is.

        Raises:
            StoreUnsafe: As :meth:`Vault.open` and :func:`open_vault`.
        """
        if not kept.startswith(_SEALED):
            return kept
        return self._open().open(base64.urlsafe_b64decode(kept.removeprefix(_SEALED)), f"webhook {hook}").decode()

    def _open(self) -> Vault:
        self._vault = self._vault or open_vault(self._settings)
        return self._vault


def open_vault(settings: Settings) -> Vault:
    """The vault of an installation: by ``OCOP_SECRET_KEY``, else by a file in the data folder, made at the first need.

    Raises:
        StoreUnsafe: ``secret_key_short``; ``secret_key_unreadable``.
    """
    if settings.secret_key is not None:
        return Vault(_long_enough(settings.secret_key.get_secret_value()))
    path = settings.data_dir.expanduser() / _FILE
    try:
        return Vault(_long_enough(_read_or_make(path)))
    except (OSError, UnicodeDecodeError) as error:
        raise StoreUnsafe("secret_key_unreadable", name=str(path), why=getattr(error, "strerror", None) or type(error).__name__) from None


def _long_enough(key: str) -> str:
    if len(key) < _SHORTEST:
        raise StoreUnsafe("secret_key_short", limit=_SHORTEST)
    return key


def _read_or_make(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # Of two processes that start together one makes the key, and both use it.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return path.read_text("ascii").strip()
