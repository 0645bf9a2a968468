"""Accounts of others: who may open, invite, close and recover; held against a table that was written by hand."""

from datetime import date
from itertools import product as every
from typing import Any

import pytest

from api.identity.accounts import COOLING, LINK_LIVES
from api.identity.errors import PasswordRefused
from api.identity.passwords import SHORTEST, check
from api.identity.rights import AccountAct, may_manage
from states.chart import Seat
from tests.support.identity import CLI, PASSWORD, House
from workflow.accounts import LinkRow
from workflow.delegations import Delegate

DAY = date(2021, 6, 1)
NEW = "một câu mới chưa ai dùng"

# Who may do what with whose account. Columns: LOOK CREATE INVITE DISABLE ENABLE RESET END_SESSIONS REVOKE_TOKENS.
# "admin-X" administers unit X; everybody else holds the function that the code names. A dot is a no.
ORACLE = """
asker            target             L C I D E R S T
admin-TW         authority-VS       x x x x x x x x
admin-TW         producer-P3        x x x x x x x x
admin-VS         authority-VS       x x x x x x x x
admin-VS         officer-X1         x x x x x x x x
admin-VS         producer-P1        x x x x x x x x
admin-VS         officer-VT         . . . . . . . .
admin-VS         authority-TW       . . . . . . . .
admin-VS         admin-TW           . . . . . . . .
admin-VS         admin-VS           x x x x x . x x
admin-VS         second-VS          x x x x x x x x
admin-H1         officer-H1         x x x x x x x x
admin-H1         officer-X1         x x x x x x x x
admin-H1         officer-VS         . . . . . . . .
admin-H1         officer-H2         . . . . . . . .
admin-H1         two-places         . . . . . . . .
admin-VS         two-places         x x x x x x x x
officer-X1       producer-P1        x x x . . . . .
officer-H1       producer-P1        x x x . . . . .
officer-VS       producer-P1        x x x . . . . .
officer-X1       producer-P2        . . . . . . . .
officer-VT       producer-P1        . . . . . . . .
officer-X1       officer-X1         . . . . . . . .
officer-H1       officer-X1         . . . . . . . .
officer-X1       producer-officer   . . . . . . . .
officer-VS       nobody-yet         . . . . . . . .
admin-VS         nobody-yet         x x x x x x x x
authority-X1     producer-P1        . . . . . . . .
authority-VS     officer-VS         . . . . . . . .
auditor-VS       officer-VS         . . . . . . . .
chair-VS         producer-P1        . . . . . . . .
secretary-VS     producer-P1        . . . . . . . .
producer-P1      producer-P1        . . . . . . . .
producer-P1      producer-P2        . . . . . . . .
nobody-yet       producer-P1        . . . . . . . .
ended-admin      officer-VS         . . . . . . . .
stand-in         producer-P1        . . . . . . . .
"""


@pytest.fixture
def staffed(house: House) -> House:
    """The province with administrators, somebody with two offices, somebody without any, and a stand-in of an officer."""
    appoint = house.world.appoint
    for unit, level in (("TW", "centre"), ("VS", "province"), ("H1", "district")):
        appoint(f"admin-{unit}", "administrator", level, unit)
    appoint("second-VS", "administrator", "province", "VS")
    appoint("two-places", "officer", "district", "H1")
    appoint("two-places", "officer", "district", "H2")
    appoint("producer-officer", "producer", "commune", "X1", producer="P1")
    appoint("producer-officer", "officer", "commune", "X1")
    appoint("nobody-yet", "auditor", "province", "VS", until="2021-01-01")
    appoint("ended-admin", "administrator", "province", "VS", until="2021-06-01")
    appoint("stand-in", "auditor", "province", "VS")
    house.runtime.delegations.give(
        Delegate(
            seat=Seat.parse("officer@province"), unit="VS", taker="stand-in", first=DAY, last=DAY, document_no="1/UQ", reason="Nghỉ phép",
            command="one",
        ),
        actor="officer-VS",
    )  # fmt: skip
    return house


def table() -> list[tuple[str, str, AccountAct, bool]]:
    order = [
        AccountAct.LOOK, AccountAct.CREATE, AccountAct.INVITE, AccountAct.DISABLE, AccountAct.ENABLE, AccountAct.RESET_SECOND_FACTOR,
        AccountAct.END_SESSIONS, AccountAct.REVOKE_TOKENS,
    ]  # fmt: skip
    cells = []
    for line in ORACLE.strip().splitlines()[1:]:
        asker, target, *marks = line.split()
        assert len(marks) == len(order) == len(AccountAct)
        cells += [(asker, target, act, mark == "x") for act, mark in zip(order, marks, strict=True)]
    return cells


def test_rights_over_accounts_are_those_of_the_table(staffed: House):
    registry = staffed.registry
    wrong = [(a, t, str(act), may) for a, t, act, may in table() if may_manage(registry, a, t, act, DAY) is not may]
    assert wrong == []


def test_over_http_the_table_holds_as_well(staffed: House):
    """A sample of every kind of asker, by what each route answers."""
    targets = ("two-places", "producer-P1", "producer-P2", "officer-VT")
    askers = ("admin-VS", "officer-X1", "authority-VS", "auditor-VS")
    browsers = {who: staffed.enter(who, staffed.browser(f"10.2.0.{n}")) for n, who in enumerate(askers)}
    for target in targets:
        if staffed.identity.accounts.find(target) is None:
            staffed.account(target)
    cells = {(a, t, act): may for a, t, act, may in table()}
    routes = {
        AccountAct.LOOK: ("GET", "users/{}", None),
        AccountAct.DISABLE: ("POST", "users/{}/disable", {"reason": "Thử"}),
        AccountAct.ENABLE: ("POST", "users/{}/enable", {"reason": "Thử"}),
        AccountAct.END_SESSIONS: ("GET", "users/{}/sessions", None),
    }
    seen = 0
    for (who, browser), target, (act, (method, path, body)) in every(browsers.items(), targets, routes.items()):
        if (may := cells.get((who, target, act))) is None:
            continue
        answered = browser.send(method, path.format(target), body)
        assert (answered.status_code < 300) is may, (who, target, act, answered.text)
        if not may:
            seen_at_all = cells[who, target, AccountAct.LOOK]
            assert (answered.status_code, answered.json()["code"]) == ((403, "account_right") if seen_at_all else (404, "not_found"))
            if not seen_at_all:
                absent = browser.send(method, path.format("nobody-at-all"), body).json()
                mine = {
                    **answered.json(),
                    "request": "",
                    "instance": "",
                    "detail": answered.json()["detail"].replace(target, "nobody-at-all"),
                }
                assert {**absent, "request": "", "instance": ""} == mine, "who is elsewhere is as absent as who is nowhere"
        seen += 1
    assert seen >= 12


# One-time links.


def test_an_officer_hands_a_producer_a_link_and_the_producer_chooses_a_password(house: House):
    officer = house.enter("officer-X1")
    assert officer.post("users", {"person": "producer-P1", "login": "Suoi.Mo"}).json()["login"] == "suoi.mo"
    link = officer.post("users/producer-P1/link").json()
    address, _, token = link["address"].partition("#")
    assert address == "https://ocop.example.test/login/link", "the token never reaches a log"
    assert link["slip"].startswith("<svg")
    assert "Tên Riêng producer-P1" in link["slip"]
    phone = house.browser("10.3.0.1")
    used = phone.post("session/link", {"token": token, "password": NEW})
    assert (used.status_code, used.json()["person"]) == (200, "producer-P1")
    assert phone.get("cases").status_code == 200
    assert house.browser("10.3.0.2").post("session", {"login": "suoi.mo", "password": NEW}).status_code == 200


def test_a_link_works_once_for_a_week_and_only_the_newest(house: House):
    house.account("producer-P1", password=None)
    accounts = house.identity.accounts
    first, _ = accounts.link_for("producer-P1", by=CLI)
    second, _ = accounts.link_for("producer-P1", by=CLI)

    def use(token: str) -> int:
        return int(house.browser().post("session/link", {"token": token, "password": NEW}).status_code)

    assert use(first) == 410
    assert use(second[:-1]) == 410
    assert use(second) == 200
    assert use(second) == 410
    third, _ = accounts.link_for("producer-P1", by=CLI)
    house.wait(seconds=LINK_LIVES.total_seconds())
    assert use(third) == 410
    assert second not in repr(house.runtime.store.identity.find(LinkRow))


def test_a_password_that_is_refused_does_not_use_the_link_up(house: House):
    house.account("producer-P1", password=None)
    token, _ = house.identity.accounts.link_for("producer-P1", by=CLI)
    refused = house.browser().post("session/link", {"token": token, "password": "123456789012"})
    assert (refused.status_code, refused.json()["code"]) == (422, "password_refused")
    assert [r["code"] for r in refused.json()["reasons"]] == ["password_common"]
    assert house.browser().post("session/link", {"token": token, "password": NEW}).status_code == 200


def test_a_link_of_a_disabled_account_is_dead(house: House):
    house.world.appoint("admin-TW", "administrator", "centre", "TW")
    house.account("producer-P1", password=None)
    token, _ = house.identity.accounts.link_for("producer-P1", by=CLI)
    house.identity.accounts.disable(house.registry, "producer-P1", "Thử", by=CLI, day=DAY)
    assert house.browser().post("session/link", {"token": token, "password": NEW}).status_code == 410


def test_a_new_password_by_link_ends_every_session(house: House):
    browser = house.enter("producer-P1")
    token, _ = house.identity.accounts.link_for("producer-P1", by=CLI)
    house.browser("10.3.0.1").post("session/link", {"token": token, "password": NEW})
    assert browser.get("session").status_code == 401


# The lost second factor.


def test_another_administrator_takes_a_lost_second_factor_away_with_a_reason_that_is_kept(staffed: House):
    lost = staffed.enter("authority-VS")
    token = lost.post("tokens", {"name": "Chương trình"}).json()["token"]
    admin = staffed.enter("admin-VS", staffed.browser("10.2.0.1"))
    assert admin.post("users/authority-VS/second-factor/reset", {"reason": " "}).status_code == 422
    assert admin.post("users/authority-VS/second-factor/reset", {"reason": "Mất điện thoại"}).status_code == 204
    assert lost.get("session").status_code == 401
    assert staffed.browser().get("session", Authorization=f"Bearer {token}").status_code == 401
    again = staffed.browser("10.2.0.9").post("session", {"login": "authority-vs", "password": PASSWORD})
    assert again.json()["second_factor"] == "to_enrol"
    kept = staffed.identity.log.read(subject="authority-VS")
    assert [(row.kind, row.person, row.detail) for row in kept if row.kind == "second_factor_reset"] == [
        ("second_factor_reset", "admin-VS", "Mất điện thoại")
    ]


def test_nobody_takes_the_own_second_factor_away(staffed: House):
    admin = staffed.enter("admin-VS")
    answered = admin.post("users/admin-VS/second-factor/reset", {"reason": "Mất điện thoại"})
    assert (answered.status_code, answered.json()["code"]) == (403, "account_right")


def test_one_administrator_alone_cannot_take_an_account_over(staffed: House):
    """A link to a new password and the second factor out of the way would be all that it takes."""
    staffed.enter("authority-VS")
    admin = staffed.enter("admin-VS", staffed.browser("10.2.0.1"))
    other = staffed.enter("second-VS", staffed.browser("10.2.0.2"))
    assert admin.post("users/authority-VS/second-factor/reset", {"reason": "Mất"}).status_code == 204
    refused = admin.post("users/authority-VS/link")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_administrator")
    assert other.post("users/authority-VS/link").status_code == 201
    again = other.post("users/authority-VS/second-factor/reset", {"reason": "Mất"})
    assert (again.status_code, again.json()["code"]) == (403, "second_administrator")
    staffed.wait(seconds=COOLING.total_seconds() + 1)
    other = staffed.enter("second-VS", staffed.browser("10.2.0.2"))
    assert other.post("users/authority-VS/second-factor/reset", {"reason": "Mất"}).status_code == 204


# Making accounts.


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"person": "nobody", "login": "nobody"}, 404, "not_found"),
        ({"person": "officer-VS", "login": "ab"}, 422, "payload_invalid"),
        ({"person": "officer-VS", "login": "Ông Tư"}, 422, "payload_invalid"),
        ({"person": "officer-VS", "login": "x y z"}, 422, "payload_invalid"),
        ({"person": "officer-VS", "login": "admin-vs"}, 422, "payload_invalid"),
        ({"person": "officer-VS", "login": "officer", "subject": "s"}, 422, "request_invalid"),
        ({"person": "officer-VS", "login": "officer", "password": "x"}, 422, "request_invalid"),
        ({"person": "officer-VS", "login": "officer", "disabled_at": None}, 422, "request_invalid"),
        ({"person": "admin-VS", "login": "another"}, 409, "account_there"),
        ({"person": "officer-VT", "login": "officer"}, 404, "not_found"),
        ({"login": "officer"}, 422, "request_invalid"),
    ],
)
def test_what_makes_no_account_is_said(staffed: House, body: dict[str, Any], status: int, code: str):
    admin = staffed.enter("admin-VS")
    answered = admin.post("users", body)
    assert (answered.status_code, answered.json()["code"]) == (status, code)
    assert staffed.identity.accounts.find("officer-VS") is None


def test_people_without_accounts_are_in_the_list_and_strangers_are_not(staffed: House):
    admin = staffed.enter("admin-VS")
    items = {item["person"]: item for item in admin.get("users").json()["items"]}
    assert items["officer-X1"]["account"] is False
    assert items["admin-VS"]["second_factor"] is True
    assert "officer-VT" not in items
    assert "password" not in str(items)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("a" * (SHORTEST - 1), "password_too_short"),
        ("ệ" * (SHORTEST - 1), "password_too_short"),
        ("x1 " * 50, "password_too_long"),
        ("một câu có\x00ký tự lạ", "password_unreadable"),
        ("123456789012", "password_common"),
        ("matkhau123456", "password_common"),
        ("Mật khẩu 2026!", "password_common"),
        ("P@ssw0rd2026", "password_common"),
        ("qwertyuiop12", "password_common"),
        ("abcabcabcabc", "password_common"),
        ("aaaaaaaaaaaaaa", "password_common"),
        ("OCOP-Vietnam-2026", "password_common"),
        ("anhyeuemmaimai", "password_common"),
        ("lan.xa-suoi-mo", "password_personal"),
        ("NguyễnThịLan1990", "password_personal"),
    ],
)
def test_passwords_that_are_refused(password: str, fault: str):
    with pytest.raises(PasswordRefused) as refused:
        check(password, ["lan.xa-suoi-mo", "Nguyễn Thị Lan"])
    assert [problem.code for problem in refused.value.problems] == [fault]


@pytest.mark.parametrize(
    "password",
    [
        "con trâu đi trước cái cày",
        "mưa rơi trên mái tôn",
        "kjsdhf89234kjh",
        "Sáng nay chợ phiên đông",
        "x" * 3 + "trời xanh quá",
        "🐃 ăn cỏ ven đê",
    ],
)
def test_a_sentence_is_a_password_without_digits_signs_or_capitals(password: str):
    assert check(password, ["lan.xa-suoi-mo", "Nguyễn Thị Lan"])
