"""An authority that signs certificates for servers on loopback."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> "Authority":
    """One for the whole run."""
    pytest.importorskip("cryptography", reason="cryptography is not installed, so no certificates are made and TLS is not tried")
    from tests.support import certificates  # noqa: PLC0415 (needs cryptography)

    return certificates.authority(tmp_path_factory.mktemp("authority"))
