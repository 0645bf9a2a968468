"""Secrets that were planted everywhere are found again nowhere: not in answers, the log, errors, the description, or a copy of the database."""

import base64
import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from api.pages.install import furnish
from tests.api.conftest import dump
from tests.support.databases import Database
from tests.support.identity import CLI, House, house_at
from tests.support.logged import logging_to
from tests.support.pages import HTML
from tests.support.route_table import table
from tests.support.world import TWO_ROUNDS, plan_file

PASSWORD, WRONG, NEW = "hoa sen nở giữa đầm-7291", "hoa súng nở giữa đầm-1927", "hoa cúc nở giữa vườn-5150"
SETTINGS = {
    "secret_key": "canary-of-the-installation-0123456789",
    "oidc_client_secret": "canary-of-the-provider-9876543210",
    "mail_password": "canary-of-the-mail-5551",
}


def shapes(secret: str) -> set[str]:
    """A secret as it may lie somewhere: as it is, in hexadecimal, in Base64, as an address or a database writes it."""
    octets = secret.encode()
    found = {secret, octets.hex(), base64.b64encode(octets).decode().rstrip("="), base64.urlsafe_b64encode(octets).decode().rstrip("=")}
    return found | {secret.encode("unicode_escape").decode(), repr(octets)[2:-1]}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with logging_to() as stream:
        yield stream


@pytest.fixture
def planted(database: Database, tmp_path: Path, log: io.StringIO) -> Iterator[tuple[House, dict[str, str], dict[str, str]]]:
    """A day in the life of an installation; every secret of it by name, and every answer that was not the one that hands a secret out."""
    from pydantic import SecretStr  # noqa: PLC0415

    given: dict[str, Any] = {name: SecretStr(value) for name, value in SETTINGS.items()}
    with ExitStack() as stack:
        house = stack.enter_context(house_at(database.url, tmp_path, oidc_issuer="https://id.example.test", oidc_client_id="ocop", **given))
        furnish(house.app)
        house.world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        house.world.registered("P1-01")
        answers: dict[str, str] = {}
        secrets = {**SETTINGS, "password": PASSWORD, "wrong password": WRONG, "new password": NEW}

        def note(name: str, answered: Any) -> Any:
            answers[name] = f"{dict(answered.headers)} {answered.text}"
            return answered

        house.account("officer-VS", password=PASSWORD)
        browser = house.browser()
        note("a wrong password", browser.post("session", {"login": "officer-vs", "password": WRONG}))
        note("a password for a login", browser.post("session", {"login": WRONG, "password": PASSWORD}))
        note("a password in the address", browser.get(f"cases?q={WRONG}"))
        browser.post("session", {"login": "officer-vs", "password": PASSWORD})
        secrets["a session's first id"] = browser.cookie or ""
        browser.put("session/password", {"old": PASSWORD, "new": NEW})
        secrets["a session's id"] = browser.cookie or ""
        secrets["an API token"] = browser.post("tokens", {"name": "Đồng bộ", "scopes": ["read"]}).json()["token"]
        hook = browser.post("webhooks", {"url": "https://nhan.example.test/a", "unit": "VS", "events": []}, Idempotency_Key="h").json()
        secrets["a webhook's secret"] = hook["secret"]
        secrets["a webhook's second secret"] = browser.post(f"webhooks/{hook['id']}/rotate", {}, Idempotency_Key="i").json()["secret"]
        house.identity.accounts.open_for("producer-P1", "producer-p1", by=CLI)
        secrets["a one-time link"] = house.identity.accounts.link_for("producer-P1", by=CLI)[0]
        decider = house.enter("authority-H1", house.browser("10.0.0.5"))
        secrets["a second factor"] = base64.b32encode(house.secrets["authority-H1"]).decode()
        note("a used code", decider.post("session/second-factor", {"code": house.code("authority-H1")}))
        for entry in table(house.app):
            if entry.reads and not entry.path.startswith("/login/provider"):
                note(str(entry), browser.get(entry.address, **({"Accept": HTML} if entry.page else {})))
        note("a token that is wrong", house.browser().get("session", Authorization=f"Bearer {secrets['an API token'][:-1]}"))
        for path in (f"/api/v1/webhooks/{hook['id']}", "/api/v1/webhooks", "/api/v1/tokens", "/api/v1/users/officer-VS"):
            note(path, browser.get(path))
        note(
            "the webhook again",
            browser.post("webhooks", {"url": "https://nhan.example.test/a", "unit": "VS", "events": []}, Idempotency_Key="h"),
        )
        note("a fault", browser.post("tokens", {"name": secrets["a one-time link"] * 9, "scopes": [NEW]}))
        yield house, secrets, answers


def test_no_secret_is_where_it_should_not_be(planted: Any, database: Database, log: io.StringIO, tmp_path: Path):
    house, secrets, answers = planted
    assert len(secrets) == 13
    assert all(len(value) >= 16 for value in secrets.values())
    assert len(answers) > 60
    places = {f"answer: {name}": text for name, text in answers.items()}
    # What somebody typed as a name is told back to nobody else.
    places.pop("answer: a fault")
    places.pop("answer: a password in the address", None)
    places["log"] = log.getvalue()
    places["description"] = str(house.app.openapi())
    places["settings"] = repr(house.runtime.settings) + str(house.runtime.settings)
    for name, rows in dump(database).items():
        places[f"table: {name}"] = "\n".join(rows)
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name not in {"secret.key", "link.key"}:
            places[f"file: {path.name}"] = path.read_bytes().decode("latin-1")
    assert "request" in places["log"]
    assert "officer-VS" in places["table: account"]
    assert "sealed:" in places["table: webhook"]
    found = [
        (name, place) for name, secret in secrets.items() for place, text in places.items() for shape in shapes(secret) if shape in text
    ]
    # Its own page forms carry the session's token, which is made from the id and does not give it away.
    assert found == []


def test_the_webhook_still_signs_with_what_was_handed_out(planted: Any):
    from api.identity.vault import HookSecrets  # noqa: PLC0415
    from api.postroom import receiver  # noqa: PLC0415

    house, secrets, _ = planted
    endpoint = receiver(house.runtime.store, "https://nhan.example.test/a", HookSecrets(house.runtime.settings))
    assert endpoint is not None
    assert set(endpoint.secrets) == {secrets["a webhook's secret"], secrets["a webhook's second secret"]}
