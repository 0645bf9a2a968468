"""``ocop user`` as an administrator types it: the first one, links, a lost second factor, delegations, and who read what."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from api.bootstrap import build_runtime
from api.identity.service import build_identity
from api.settings import read_settings
from tests.api.conftest import SMALL
from tests.api.terminal import bad, done, ocop, refused
from tests.support.identity import CLI, PASSWORD
from tests.support.world import populate
from workflow.store import open_store

TODAY = ("--from", "2099-01-01", "--to", "2099-01-31", "--document-no", "5/GUQ", "--reason", "Đi học")


@pytest.fixture
def installed(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real installation with the invented province and nobody who can sign in."""
    monkeypatch.setenv("OCOP_DATABASE_URL", database_url)
    monkeypatch.setenv("OCOP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OCOP_ALLOW_UNSAFE", "true")
    monkeypatch.setenv("OCOP_PUBLIC_URL", "https://ocop.example.test")
    monkeypatch.setenv("OCOP_LINK_KEY", "k" * 40)
    store = open_store(database_url, allow_unsafe=True)
    populate(store)
    store.close()
    return tmp_path


FIRST = ("user", "create-admin", "qt-vs", "--name", "Người Quản Trị", "--unit", "VS", "--login", "quan-tri")


def test_the_first_administrator_gets_a_link_and_no_password(installed: Path):
    slip = installed / "phieu.svg"
    said = done(*FIRST, "--slip", str(slip)).out
    address = next(line for line in said.splitlines() if line.startswith("https://"))
    assert address.startswith("https://ocop.example.test/login/link#")
    assert ET.parse(slip).getroot().tag.endswith("svg")  # noqa: S314 - written a moment ago
    assert "Người Quản Trị" in slip.read_text("utf-8")
    run = build_runtime(read_settings())
    try:
        identity = build_identity(run)
        account = identity.accounts.get("qt-vs")
        assert account.password is None
        identity.accounts.use_link(address.partition("#")[2], PASSWORD, identity.registry())
        assert identity.accounts.get("qt-vs").password is not None
        assert (installed / "secret.key").stat().st_mode & 0o077 == 0
    finally:
        run.close()


def test_there_is_one_first_administrator(installed: Path):
    done(*FIRST)
    assert "qt-vs" in refused("user", "create-admin", "qt-2", "--name", "Người Khác", "--unit", "VS", "--login", "khac").all


def test_a_first_administrator_of_no_unit_is_bad_input(installed: Path):
    said = bad("user", "create-admin", "qt", "--name", "Người Khác", "--unit", "nowhere", "--login", "khac")
    assert "nowhere" in said.err
    assert bad("user", "create-admin", "qt", "--name", " ", "--unit", "VS", "--login", "khac").code == 2
    assert bad("user", "create-admin", "qt", "--name", "Người Khác", "--unit", "VS", "--login", "Ông Tư").code == 2


def test_the_administrator_invites_disables_and_recovers_others(installed: Path):
    done(*FIRST)
    done("user", "create", "officer-X1", "--login", "can-bo-x1", "--as", "qt-vs")
    assert "#" in done("user", "invite", "officer-X1", "--as", "qt-vs").out
    assert "đường dẫn" in refused("user", "reset-second-factor", "officer-X1", "--as", "qt-vs", "--reason", "Mất máy").err
    done("user", "disable", "officer-X1", "--as", "qt-vs", "--reason", "Nghỉ việc")
    done("user", "enable", "officer-X1", "--as", "qt-vs", "--reason", "Trở lại")
    kinds = [row["kind"] for row in done("user", "access", "officer-X1", "--json").json]
    assert kinds == ["account_enabled", "account_disabled", "link_given", "account_created"]
    assert "mở lại tài khoản" in done("user", "access", "officer-X1").out
    assert refused("user", "disable", "officer-VT", "--as", "qt-vs", "--reason", "Thử").code == 1
    assert refused("user", "invite", "officer-VS", "--as", "qt-vs").code == 1
    assert refused("user", "create", "producer-P1", "--login", "p1", "--as", "officer-VT").code == 1
    assert bad("user", "disable", "officer-X1", "--as", "qt-vs", "--reason", " ").code == 2
    assert bad("user", "create", "officer-VS", "--login", "can-bo", "--as", "qt-vs", "--subject", "x").code == 2


def test_nobody_resets_the_own_second_factor(installed: Path):
    done(*FIRST)
    assert refused("user", "reset-second-factor", "qt-vs", "--as", "qt-vs", "--reason", "Mất máy").code == 1


def test_sessions_and_tokens_are_shown_and_ended(installed: Path):
    done(*FIRST)
    run = build_runtime(read_settings())
    identity = build_identity(run)
    identity.sessions.begin("officer-X1", via="session", strong=False, whole=True, source="10.0.0.1", agent="Trình duyệt")
    identity.accounts.open_for("officer-X1", "can-bo", by=CLI)
    secret, row = identity.tokens.create("officer-X1", "Đồng bộ", ["read"], 30, decides=False)
    run.close()
    handle = done("user", "sessions", "officer-X1", "--json").json[0]["handle"]
    assert "10.0.0.1" in done("user", "sessions", "officer-X1").out
    assert secret not in done("user", "tokens", "officer-X1").out
    done("user", "end-session", "officer-X1", handle, "--as", "qt-vs")
    done("user", "revoke-token", "officer-X1", row.id, "--as", "qt-vs")
    assert done("user", "sessions", "officer-X1", "--json").json == []
    assert done("user", "tokens", "officer-X1", "--json").json[0]["revoked_at"] is not None
    assert refused("user", "end-session", "officer-X1", handle, "--as", "qt-vs").code == 1


def test_a_delegation_is_given_shown_and_ended(installed: Path):
    given = done(
        "user", "delegate", "officer@province", "VS", "auditor-VS", "--as", "officer-VS", *TODAY, "--event", "publish", "--json"
    ).json
    assert given["events"] == ["publish"]
    assert given["code"] in done("user", "delegations", "auditor-VS").out
    done("user", "revoke-delegation", given["code"], "--as", "officer-VS", "--reason", "Đã về")
    assert done("user", "delegations", "officer-VS", "--json").json[0]["state"] == "revoked"
    assert refused("user", "delegate", "authority@province", "VS", "auditor-VS", "--as", "officer-VS", *TODAY).code == 1
    assert bad("user", "delegate", "officer@province", "VS", "officer-VS", "--as", "officer-VS", *TODAY).code == 2
    for wrong in (("--from", "mai"), ("--event", "fly")):
        assert bad("user", "delegate", "officer@province", "VS", "auditor-VS", "--as", "officer-VS", *TODAY, *wrong).code == 2


def test_a_rehearsal_knows_roles_and_no_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OCOP_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("OCOP_DATABASE_URL", raising=False)
    done("migrate", "--rehearsal")
    done("load", "season", SMALL)
    assert "chọn vai" in refused("user", "create-admin", "qt", "--name", "Quản Trị", "--unit", "SB", "--login", "quan-tri").err
    for words in (("create", "cb-t", "--login", "abc"), ("invite", "cb-t"), ("disable", "cb-t", "--reason", "x")):
        assert refused("user", *words, "--as", "cb-t").code == 1


def test_a_key_that_is_lost_or_short_is_said(installed: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OCOP_SECRET_KEY", "ngắn")
    assert "32" in refused("user", "tokens", "officer-X1").err
    monkeypatch.delenv("OCOP_SECRET_KEY")
    (installed / "secret.key").write_bytes(b"\xff\xfe")
    assert "secret.key" in ocop("user", "tokens", "officer-X1").err
