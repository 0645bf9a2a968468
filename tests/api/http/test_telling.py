"""Deliveries, letters, reminders, calls, choices, calendars and webhooks over HTTP: what they do, and how far each person sees."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from notifications.messages import Envelope
from tests.support.http_telling import TellingHttp, telling_at
from tests.support.told import LINKS
from tests.support.world import TWO_ROUNDS, plan_file
from workflow.telling import DeliveryQuery, DeliveryState

TOKEN = re.compile(r"/ack/([a-z2-7]{24})")


@pytest.fixture
def api(database_url: str) -> Iterator[TellingHttp]:
    """Three producers have filed, two have to complete a dossier, and everybody was reminded until the week before the cut-off."""
    with telling_at(database_url) as opened:
        opened.world.publish(plan_file("KHT-2021", 2021, TWO_ROUNDS), unit="VT")
        for product in ("P1-01", "P1-02", "P2-01", "P3-01"):
            case = opened.world.filed(product, "2021-02-01 08:00")
            if product in {"P1-01", "P2-01"}:
                opened.world.act(case, "return_for_completion", at="2021-02-01 09:00")
        opened.tell("2021-07-03 12:00")
        yield opened


def token_of(sent: Envelope) -> str:
    """The token of the link in a letter as it left."""
    found = TOKEN.search(sent.letter.text if sent.letter is not None else "")
    assert found is not None
    return found[1]


def state_of(api: TellingHttp, key: str) -> DeliveryState:
    row = api.world.store.delivery(key)
    assert row is not None
    return row.state


def _case(api: TellingHttp, product: str) -> str:
    return str(api.get(f"cases?product={product}", "auditor-TW").json()["items"][0]["code"])


def kept(api: TellingHttp) -> str:
    """Every stored answer, as text."""
    store: Any = api.world.store
    return " ".join(str(row) for row in store._rows("SELECT body FROM http_answer"))


# Deliveries.


def test_deliveries_are_seen_by_their_reader_and_by_who_answers_for_the_reader(api: TellingHttp):
    everything = {row.key: row.target for row in api.world.store.deliveries(DeliveryQuery(limit=10_000))}
    assert {"producer-P1", "producer-P3", "officer-H1"} <= set(everything.values())
    seen = {
        by: {each["to"] for each in api.all("deliveries", by)}
        for by in ("producer-P1", "officer-H1", "officer-VS", "officer-VT", "auditor-TW")
    }
    assert seen["producer-P1"] == {"producer-P1"}
    assert "producer-P1" in seen["officer-H1"]
    assert "producer-P2" not in seen["officer-H1"], "another district's"
    assert {"producer-P1", "producer-P2", "officer-H1"} <= seen["officer-VS"]
    assert "producer-P3" not in seen["officer-VS"]
    assert "producer-P3" in seen["officer-VT"]
    assert seen["auditor-TW"] == set(everything.values())
    assert {each["to"] for each in api.all("deliveries", "secretary-H1")} == {"secretary-H1"}, "a secretary answers for nobody else"


def test_a_list_of_deliveries_goes_on_where_it_ended_whatever_is_added_meanwhile(api: TellingHttp):
    whole = [each["key"] for each in api.get("deliveries?limit=500", "officer-VS").json()["items"]]
    first = api.get("deliveries?limit=5", "officer-VS")
    assert 'rel="next"' in first.headers["link"]
    api.tell("2021-07-08 12:00")
    rest = api.get(f"deliveries?limit=500&cursor={first.json()['next']}", "officer-VS").json()
    assert [each["key"] for each in (*first.json()["items"], *rest["items"])] == whole
    assert [each["key"] for each in api.all("deliveries?channel=inbox", "officer-VS")] == [
        each["key"] for each in api.get("deliveries?channel=inbox&limit=500", "officer-VS").json()["items"]
    ]
    assert api.get(f"deliveries?channel=email&cursor={first.json()['next']}", "officer-VS").status_code == 422, "a cursor of another list"


def test_deliveries_are_filtered(api: TellingHttp):
    case = _case(api, "P1-01")
    assert {each["state"] for each in api.all("deliveries?state=by_hand", "officer-VS")} == {"by_hand"}
    assert {each["to"] for each in api.all("deliveries?to=producer-P1", "officer-VS")} == {"producer-P1"}
    assert api.all("deliveries?to=producer-P3", "officer-VS") == []
    about = {each["key"] for each in api.all(f"deliveries?case={case}", "officer-VS")}
    assert about
    assert about < {each["key"] for each in api.all("deliveries", "officer-VS")}
    assert api.get("deliveries?since=2031-01-01T00:00", "officer-VS").json()["items"] == []
    for bad in ("state=lost", "channel=pigeon", "since=soon", "limit=0", "cursor=x", "colour=red"):
        assert api.get(f"deliveries?{bad}", "officer-VS").status_code == 422, bad


def test_a_delivery_shows_its_tries_and_its_words_but_not_its_readers_link(api: TellingHttp):
    key = next(row.key for row in api.world.store.deliveries(DeliveryQuery(recipient="producer-P1", channel="email")))
    shown = api.get(f"deliveries/{key}", "officer-H1").json()
    assert (shown["state"], shown["tries"][0]["reply"]) == ("accepted", "250 ok")
    assert "Hợp tác xã Suối Mơ" in shown["letter"]["text"]
    sent = next(each for each in api.told.postman.sent if each.address == "producer-p1@ocop.example")
    assert token_of(sent), "its reader got the link"
    assert not TOKEN.search(str(shown))
    hidden, none = api.get(f"deliveries/{key}", "officer-VT"), api.get(f"deliveries/{'x' * len(key)}", "officer-VT")
    assert hidden.status_code == none.status_code == 404
    assert hidden.json()["code"] == none.json()["code"] == "not_found"
    assert hidden.json()["detail"].replace(key, "") == none.json()["detail"].replace("x" * len(key), "")


def test_what_failed_is_sent_again_by_the_office_and_once_a_key(database_url: str):
    with telling_at(database_url) as api:
        api.told.postman.refuses.add("producer-p1@ocop.example")
        api.world.filed("P1-01", "2021-02-01 08:00")
        api.tell("2021-07-03 12:00")
        key = next(
            row.key for row in api.world.store.deliveries(DeliveryQuery(recipient="producer-P1", channel="email", states=("failed",)))
        )
        assert api.post(f"deliveries/{key}/resend", "officer-VT", {}).status_code == 404
        own = api.post(f"deliveries/{key}/resend", "producer-P1", {})
        assert (own.status_code, own.json()["code"]) == (403, "office_only")
        api.told.postman.refuses.clear()
        done = api.post(f"deliveries/{key}/resend", "officer-X1", {}, key="again")
        assert (done.status_code, done.json()["state"]) == (200, "waiting")
        early = api.post(f"deliveries/{key}/resend", "officer-X1", {})
        assert (early.status_code, early.json()["code"]) == (409, "delivery_under_way")
        api.told.notifications.tell()
        assert state_of(api, key) is DeliveryState.ACCEPTED
        again = api.post(f"deliveries/{key}/resend", "officer-X1", {}, key="again")
        assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true")
        assert state_of(api, key) is DeliveryState.ACCEPTED, "and nothing is sent a third time"


def test_ones_own_letters_are_read_and_the_reading_is_kept(api: TellingHttp):
    letters = api.all("inbox", "producer-P1")
    assert letters
    assert {each["read_at"] for each in letters} == {None}
    key = letters[0]["key"]
    assert api.post(f"inbox/{key}/read", "officer-H1", {}).status_code == 404, "not even by who may see that it arrived"
    read = api.post(f"inbox/{key}/read", "producer-P1", {}, key="r")
    assert read.json()["read_at"] == "2021-07-03T12:00:00+07:00"
    api.world.move("2021-07-04 09:00")
    assert api.post(f"inbox/{key}/read", "producer-P1", {}).json()["read_at"] == "2021-07-03T12:00:00+07:00", "the first time stands"
    whole = api.get("inbox?limit=200", "producer-P1").json()
    assert whole["unread"] == len(letters) - 1
    assert api.post(f"inbox/{key}/read", "producer-P1", {}, key=None).status_code == 400


# Reminders.


def test_the_steps_of_a_case_are_seen_by_who_sees_the_case(api: TellingHttp):
    case = _case(api, "P1-01")
    duty = next(each for each in api.get(f"reminders?subject={case}", "producer-P1").json()["items"] if each["stage"] == "district_eval")
    told = {step["step"]: step["state"] for step in duty["steps"]}
    assert (told["T-14"], told["T-7"], told["T-1"]) == ("fired", "fired", "planned")
    assert [who["person"] for step in duty["steps"] for who in step["told"]]
    for by in ("producer-P3", "officer-VT"):
        assert api.get(f"reminders?subject={case}", by).status_code == 404
    assert api.get("reminders?subject=KH-2021", "officer-X1").status_code == 200
    assert api.get("reminders?subject=KH-2021", "officer-VT").status_code == 404
    assert api.get("reminders", "officer-VS").status_code == 422


def test_what_would_go_on_a_day_is_told_within_ones_sight_and_nothing_is_written(api: TellingHttp):
    before = len(api.world.store.deliveries(DeliveryQuery(limit=10_000)))
    of_province = api.get("reminders/coming?on=2021-07-07", "officer-VS").json()
    people = {each["person"] for each in of_province["coming"]}
    assert of_province["day"] == "2021-07-07"
    assert "producer-P3" not in people
    own = {each["person"] for each in api.get("reminders/coming?on=2021-07-07", "secretary-H1").json()["coming"]}
    assert own <= {"secretary-H1"}
    assert api.get("reminders/coming?unit=H1", "officer-VS").status_code == 200
    assert api.get("reminders/coming?unit=VT", "officer-VS").status_code == 404
    for bad in ("on=soon", "on=0001-01-01", "on=9999-12-31"):
        assert api.get(f"reminders/coming?{bad}", "officer-VS").status_code == 422, bad
    assert len(api.world.store.deliveries(DeliveryQuery(limit=10_000))) == before


def test_a_reminder_is_previewed_as_it_will_go_without_the_link(api: TellingHttp):
    case = _case(api, "P1-01")
    seen = api.get(f"reminders/preview?duty={case}&step=T-1&to=secretary-H1&language=en", "officer-VS")
    assert seen.status_code == 200, seen.text
    assert seen.json()["to"]["person"] == "secretary-H1"
    assert "last day" in seen.json()["text"]
    assert not TOKEN.search(seen.text)
    assert api.get(f"reminders/preview?duty={case}", "producer-P1").json()["to"]["person"] == "producer-P1", (
        "who sees nobody's is shown the own"
    )
    assert api.get(f"reminders/preview?duty={case}&to=secretary-H1", "producer-P1").status_code == 404
    assert api.get(f"reminders/preview?duty={case}", "officer-VT").status_code == 404
    assert api.get(f"reminders/preview?duty={case}&step=T-5", "officer-VS").status_code == 422
    assert api.get("reminders/preview?duty=none", "officer-VS").status_code == 404


def test_a_text_to_share_has_a_link_that_works_and_is_kept_nowhere(api: TellingHttp):
    body = {"duty": _case(api, "P2-01"), "to": "producer-P2"}
    for by, status in (("producer-P2", 403), ("secretary-H2", 404), ("officer-VT", 404), ("officer-H1", 404)):
        assert api.post("reminders/share", by, body).status_code == status, by
    made = api.post("reminders/share", "officer-X2", body, key="s")
    assert made.status_code == 200, made.text
    token = TOKEN.search(made.json()["text"])
    assert token
    assert made.json()["link"] == f"{LINKS.base}/ack/{token[1]}"
    assert token[1] not in kept(api)
    again = api.post("reminders/share", "officer-X2", body, key="s").json()
    assert (again["link"], again["text"], again["person"]) == (None, None, "producer-P2")
    assert api.get(f"ack/{token[1]}", None).json()["name"].startswith("Tên Riêng")


def test_the_account_is_of_ones_sight_page_by_page_with_its_sums(api: TellingHttp):
    mine = api.all("reminders/told", "officer-VS", limit=7)
    assert {each["person"] for each in mine}.isdisjoint({"producer-P3", "officer-VT"})
    moments = [(each["at"], each["message"]) for each in mine]
    assert moments == sorted(moments)
    assert len({each["message"] for each in mine}) == len(mine)
    first = api.get("reminders/told?limit=2", "officer-VS").json()
    assert (len(first["items"]), first["counts"]["messages"]) == (2, len(mine))
    one = api.get("reminders/told?person=producer-P1&news=false", "officer-VS").json()["items"]
    assert {each["person"] for each in one} == {"producer-P1"}
    assert all(item["event"] is None for each in one for item in each["items"])
    about = api.get(f"reminders/told?subject={_case(api, 'P1-01')}", "officer-VS").json()["items"]
    assert {item["subject"] for each in about for item in each["items"]} == {_case(api, "P1-01")}
    assert api.get("reminders/told?year=2020", "officer-VS").json()["items"] == []
    for path, status in (
        ("person=producer-P3", 404),
        ("unit=VT", 404),
        ("subject=none", 404),
        ("year=1", 422),
        ("since=x", 422),
        ("until=9999-12-31", 422),
    ):
        assert api.get(f"reminders/told?{path}", "officer-VS").status_code == status, path


def test_the_account_is_a_spreadsheet_as_well(api: TellingHttp):
    answer = api.get("reminders/told?format=csv&unit=H1", "officer-VS")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["Lúc", "Khung giờ", "Mã người"]
    assert "producer-P1" in {row[2] for row in rows[1:]}
    assert api.get("reminders/told?format=csv", "officer-VS", headers={"Accept-Language": "en"}).text.startswith("\ufeffAt,")


# Calls.


def test_a_call_sheet_is_for_who_answers_for_the_unit_in_every_form(api: TellingHttp):
    sheet = api.get("call-sheets/X2", "officer-X2").json()
    assert {row["person"] for row in sheet["rows"]} >= {"producer-P2"}
    assert sheet["rows"][0]["phone"]
    for form, media, begins in (("text", "text/plain", b""), ("csv", "text/csv", "\ufeff".encode()), ("pdf", "application/pdf", b"%PDF")):
        answer = api.get(f"call-sheets/X2?format={form}", "auditor-VS")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media)
        assert answer.content.startswith(begins)
    assert "Call sheet" in api.get("call-sheets/X2?format=text&language=en", "officer-X2").text
    for by in ("producer-P2", "officer-VT", "officer-X1", "secretary-H2"):
        refused = api.get("call-sheets/X2", by)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), by
    assert api.get("call-sheets/nowhere", "officer-X2").status_code == 404


def test_a_call_is_noted_and_the_person_is_off_the_sheet(api: TellingHttp):
    case = _case(api, "P2-01")
    duty = next(row["duty"] for row in api.get("call-sheets/X2", "officer-X2").json()["rows"] if row["person"] == "producer-P2")
    body = {"duty": duty, "to": "producer-P2", "result": "no_answer"}
    assert api.post("calls", "officer-X2", {**body, "result": "so-so"}).status_code == 422
    assert api.post("calls", "officer-X2", {**body, "note": "x" * 501}).status_code == 422
    assert api.post("calls", "officer-VT", body).status_code == 404
    assert api.post("calls", "producer-P2", body).status_code == 403
    first = api.post("calls", "officer-X2", body, key="c")
    assert (first.status_code, first.json()["state"], first.json()["attempt"]) == (201, "by_hand", 1)
    assert api.post("calls", "officer-X2", body, key="c").json()["attempt"] == 1, "the same call is noted once"
    done = api.post("calls", "officer-X2", {**body, "result": "told", "note": "Hẹn nộp thứ Hai"}).json()
    assert (done["state"], done["attempt"]) == ("accepted", 2)
    assert duty not in {row["duty"] for row in api.get("call-sheets/X2", "officer-X2").json()["rows"] if row["person"] == "producer-P2"}
    tries = api.get(f"deliveries/{done['key']}", "officer-X2").json()["tries"]
    assert [(each["outcome"], each["reply"]) for each in tries] == [("no_answer", ""), ("told", "Hẹn nộp thứ Hai")]
    units = {each["unit"]: each for each in api.get("reach/VS?year=2021", "officer-VS").json()["units"]}
    assert units["X2"]["by_way"]["call"] == 1
    assert api.get("reach/VS", "officer-VT").status_code == 404
    assert api.get("reach/VS?year=1", "officer-VS").status_code == 422
    assert case


# Choices.


def test_everybody_chooses_for_themselves_and_the_office_within_what(api: TellingHttp):
    mine = {"values": {"language": "en", "channels": ["email"], "muted": ["T-14"]}}
    done = api.post("people/producer-P1/choices", "producer-P1", mine)
    assert (done.status_code, done.json()["chosen"]["language"]) == (200, "en")
    refused = api.post("people/producer-P1/choices", "officer-X1", mine)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_ones_own")
    assert api.post("people/producer-P1/choices", "officer-VT", mine).status_code == 404
    assert api.get("people/producer-P1/choices", "officer-X1").json()["language"] == "en"
    assert api.get("people/producer-P1/choices", "producer-P2").status_code == 404
    wrong = api.post("people/producer-P1/choices", "producer-P1", {"values": {"muted": ["T-1"], "channels": ["pigeon"], "colour": "red"}})
    assert {each["pointer"] for each in wrong.json()["reasons"]} == {"/channels", "/colour"}
    assert api.post("people/producer-P1/choices", "producer-P1", {"values": {}}).json()["code"] == "nothing_chosen"
    assert api.post("people/producer-P1/choices", "producer-P1", {"clear": ["muted"]}).json()["chosen"] == {
        "language": "en",
        "channels": ["email"],
    }
    office = {"values": {"opens": "08:00", "closes": "16:30"}}
    assert api.post("units/VS/choices", "officer-VS", office).json()["office"]["opens"] == "08:00"
    assert api.post("units/VS/choices", "officer-X1", office).status_code == 403
    assert api.get("units/VS/choices", "producer-P1").json()["office"]["closes"] == "16:30", "the own office's rules may be known"
    assert api.get("units/VS/choices", "officer-VT").status_code == 404
    assert api.get("units/nowhere/choices", "officer-VS").status_code == 404


# Calendars to subscribe to.


def test_a_calendar_is_made_read_without_an_account_and_revoked(api: TellingHttp):
    made = api.post("feeds", "producer-P1", {"scope": "person", "code": "producer-P1"}, key="f")
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    assert made.json()["address"] == f"{LINKS.base}/api/v1/feeds/{token}/deadlines.ics"
    assert token not in kept(api)
    replay = api.post("feeds", "producer-P1", {"scope": "person", "code": "producer-P1"}, key="f").json()
    assert (replay["token"], replay["address"], replay["name"]) == (None, None, made.json()["name"])
    read = api.get(f"feeds/{token}/deadlines.ics", None)
    assert (read.status_code, read.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert "DTSTART;VALUE=DATE:20210709" in read.text
    assert api.get(f"feeds/{token}/deadlines.ics", None, headers={"If-None-Match": read.headers["etag"]}).status_code == 304
    name = made.json()["name"]
    assert [each["name"] for each in api.get("feeds", "producer-P1").json()["items"]] == [name]
    assert api.get("feeds", "producer-P2").json()["items"] == []
    assert api.post(f"feeds/{name}/revoke", "producer-P2", {}).status_code == 404
    assert api.post(f"feeds/{name}/revoke", "officer-X1", {}).json()["revoked_at"]
    gone, never = api.get(f"feeds/{token}/deadlines.ics", None), api.get(f"feeds/{'0' * 48}/deadlines.ics", None)
    assert gone.status_code == never.status_code == 404
    assert gone.json()["detail"] == never.json()["detail"]


def test_a_calendar_of_an_office_is_made_by_its_officer_alone(api: TellingHttp):
    made = api.post("feeds", "officer-H1", {"scope": "unit", "code": "H1"})
    assert made.status_code == 201
    assert "VS-2021-1" in api.get(f"feeds/{made.json()['token']}/deadlines.ics", None).text
    for by, scope, code, status in (
        ("officer-H1", "unit", "VS", 403), ("producer-P1", "unit", "X1", 403), ("officer-H1", "unit", "nowhere", 422),
        ("officer-H1", "person", "producer-P2", 404), ("officer-H1", "person", "nobody", 404), ("officer-H1", "planet", "VS", 422),
    ):  # fmt: skip
        assert api.post("feeds", by, {"scope": scope, "code": code}).status_code == status, (by, code)


# Webhooks.


def test_a_webhook_is_set_up_tried_turned_and_its_secret_is_shown_once(database_url: str):
    with telling_at(database_url) as api:
        body = {"url": "https://nhan.example.vn/ocop", "unit": "VS", "events": ["certify"]}
        made = api.post("webhooks", "officer-VS", body, key="w")
        assert made.status_code == 201, made.text
        hook, secret = made.json()["id"], made.json()["secret"]
        assert secret.startswith("whsec_")
        assert secret not in kept(api)
        assert api.post("webhooks", "officer-VS", body, key="w").json()["secret"] is None
        assert "secret" not in api.get(f"webhooks/{hook}", "officer-VS").json()
        assert [each["id"] for each in api.get("webhooks", "auditor-VS").json()["items"]] == [hook]
        assert api.get("webhooks", "officer-VT").json()["items"] == []
        assert api.get(f"webhooks/{hook}", "officer-VT").status_code == 404
        assert api.post("webhooks", "officer-VS", body).json()["code"] == "hook_exists"
        turned = api.post(f"webhooks/{hook}/rotate", "officer-VS", {}, key="t")
        assert (turned.json()["secrets"], turned.json()["secret"] != secret) == (2, True)
        assert turned.json()["secret"] not in kept(api)
        assert api.post(f"webhooks/{hook}/rotate", "officer-VS", {}).json()["code"] == "hook_rotating"
        assert api.post(f"webhooks/{hook}/drop-old", "officer-VS", {}).json()["secrets"] == 1
        assert api.post(f"webhooks/{hook}/drop-old", "officer-VS", {}).status_code == 409
        off = api.post(f"webhooks/{hook}/off", "officer-VS", {"reason": "Đổi máy chủ"})
        assert off.json()["off"] == "Đổi máy chủ"
        assert api.post(f"webhooks/{hook}/test", "officer-VS", {}).json()["code"] == "hook_off"
        assert api.post(f"webhooks/{hook}/on", "officer-VS", {}).json()["off"] is None
        assert api.post(f"webhooks/{hook}/test", "officer-VS", {}).json()["code"] == "hook_no_way", "this installation sends none"
        for by, given, status in (
            ("officer-VT", body, 403), ("producer-P1", body, 403), ("officer-VS", {**body, "url": "ftp://a"}, 422),
            ("officer-VS", {**body, "events": ["fly"]}, 422), ("officer-VS", {**body, "unit": "nowhere"}, 422),
        ):  # fmt: skip
            assert api.post("webhooks", by, given).status_code == status, given
        assert api.post(f"webhooks/{hook}/off", "auditor-VS", {}).status_code == 403, "who audits sees and changes nothing"


# The word that it was received.


def test_a_link_of_a_letter_shows_and_its_button_confirms_once(api: TellingHttp):
    sent = [each for each in api.told.postman.sent if each.address == "producer-p1@ocop.example"][-1]
    token = token_of(sent)
    shown = api.get(f"ack/{token}", None)
    assert shown.status_code == 200
    assert (shown.json()["confirmed_at"], shown.json()["opened_at"]) == (None, "2021-07-03T12:00:00+07:00")
    assert "duty" not in shown.json()
    done = api.client.post(f"/api/v1/ack/{token}")
    assert (done.json()["via"], done.json()["confirmed_at"]) == ("link", "2021-07-03T12:00:00+07:00")
    api.world.move("2021-07-04 09:00")
    assert api.client.post(f"/api/v1/ack/{token}", json={}).json()["confirmed_at"] == "2021-07-03T12:00:00+07:00"
    assert api.client.post(f"/api/v1/ack/{token}", json={"via": "call"}).status_code == 422


@pytest.mark.parametrize("token", ["x", "a" * 24, "a" * 5_000, "%00", "%ff%fe", "..", "đường", "a b", "'; DROP TABLE personal_link;--"])
def test_a_link_that_never_was_and_one_that_is_over_are_the_same(api: TellingHttp, token: str):
    row = api.world.store.links(["producer-P1"])[0]
    api.world.move(row.ends_at)
    over = api.get(f"ack/{LINKS.token(row.person, row.duty)}", None)
    assert (over.status_code, over.json()["code"]) == (404, "not_found")
    for answer in (api.get(f"ack/{token}", None), api.client.post(f"/api/v1/ack/{token}")):
        assert answer.status_code == 404, answer.text
        if answer.json()["code"] == "not_found":
            assert answer.json()["detail"] == over.json()["detail"]


def test_no_token_stands_in_the_log_of_the_server(api: TellingHttp, capsys: Any):
    api.get(f"ack/{'a' * 24}", None)
    api.get(f"feeds/{'b' * 48}/deadlines.ics", None)
    api.get(f"/ack/{'c' * 24}", None)
    api.get("feeds", "officer-VS")
    said = capsys.readouterr().out
    assert "path=/api/v1/ack/…" in said
    assert "path=/api/v1/feeds/…/deadlines.ics" in said
    assert "path=/api/v1/feeds " in said
    assert not re.search("a{24}|b{48}|c{24}", said)
