"""Who reaches what by the newer doors: a table written by hand. An operation of theirs without a row fails."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.callers import OTHER, OWN
from tests.support.http_telling import TellingHttp, telling_at
from tests.support.told import LINKS
from tests.support.world import plan_file

# Written by hand from the decisions on whose letters are whose (0029), on a plan's other work (0018) and on calendars, never from the product.
#
# What each is answered: 2 done or shown, 1 (401) who are you, 3 (403) you see it and may not, 4 (404) there is none for you, 9 (409) not now,
# 5 (422) not like this. One column for each caller of the table of operations, in the same order: of the own territory
#     P producer whom it concerns   c d p z officer of the commune, district, province, centre   a adviser   s secretary   m member   h chair
#     t authority   u auditor   r administrator (a s m h t u r: of the province)   n nobody signed in
# and of another province P c d p a s m h t u r.
#                                                 Pcdpzasmhturn Pcdpasmhtur
TABLE = """
GET  /deliveries                                  2222222222221 22222222222
GET  /deliveries/{key}                            2222244442221 44444444444
POST /deliveries/{key}/resend                     3222244443321 44444444444
GET  /inbox                                       2222222222221 22222222222
POST /inbox/{letter}/read                         2444444444441 44444444444
GET  /reminders                                   2222222222221 44444444444
GET  /reminders/coming                            2222222222221 22222222222
GET  /reminders/preview                           2222244442221 44444444444
POST /reminders/share                             3222244443321 44444444444
GET  /reminders/told                              2222222222221 22222222222
GET  /call-sheets/{unit}                          4222244442221 44444444444
POST /calls                                       3222244443321 44444444444
GET  /reach/{unit}                                4222244442221 44444444444
GET  /people/{person}/choices                     2222244442221 44444444444
POST /people/{person}/choices                     2333344443331 44444444444
GET  /units/{unit}/choices                        2222222222221 44444444444
POST /units/{unit}/choices                        3222233333321 44444444444
GET  /feeds                                       2222222222221 22222222222
POST /feeds                                       2222244443321 44444444444
GET  /feeds/{token}/deadlines.ics                 2222222222222 22222222222
POST /feeds/{name}/revoke                         2222244443321 44444444444
GET  /webhooks                                    2222222222221 22222222222
POST /webhooks                                    3332233333321 33333333333
GET  /webhooks/{id}                               4442244442221 44444444444
POST /webhooks/{id}/off                           4442244443321 44444444444
POST /webhooks/{id}/on                            4442244443321 44444444444
POST /webhooks/{id}/rotate                        4442244443321 44444444444
POST /webhooks/{id}/drop-old                      4442244443321 44444444444
POST /webhooks/{id}/test                          4449944443391 44444444444
GET  /ack/{link}                                  2222222222222 22222222222
POST /ack/{link}                                  2222222222222 22222222222
GET  /rounds/{round}/forecast                     2222222222221 44444444444
GET  /rounds/{round}/forecast/back-test           2222222222221 44444444444
GET  /rounds/{round}/history                      2222222222221 44444444444
POST /what-if                                     2222222222221 22222222222
GET  /plans/{plan}/history                        4442244442221 44444444444
POST /plans/check                                 2222222222221 22222222222
GET  /plans/{plan}/activities                     2222222222221 44444444444
GET  /plans/{plan}/targets                        2222222222221 44444444444
GET  /plans/{plan}/targets/{n}                    2222222222221 44444444444
GET  /plans/{plan}/support                        2222222222221 44444444444
GET  /plans/{plan}/review                         2222222222221 44444444444
POST /plans/{plan}/activities/{a}/units           3332333333331 33333333333
POST /plans/{plan}/activities/{a}/reports         3332333333331 33333333333
POST /plans/{plan}/support                        3222333333331 33333333333
POST /plans/{plan}/targets/{n}/figures            3332333333331 33333333333
POST /plans/{plan}/targets/{n}/counting           3332333333331 33333333333
POST /plans/{plan}/lessons                        3332333333331 33333333333
POST /plans/{plan}/entries/{seq}/strike           3332333333331 33333333333
POST /plans/{plan}/review                         3332333332331 33333333333
POST /calendars/recount                           3333233333331 33333333333
GET  /charts/{key}/diff                           2222222222221 22222222222
"""
CALLERS = [*OWN.values(), *OTHER.values()]
MARK = {200: "2", 201: "2", 202: "2", 401: "1", 403: "3", 404: "4", 409: "9", 422: "5"}
PAPER = {"document_no": "12/BC", "document_date": "2021-04-01"}
EXTRA = """
[[plan.deadline]]
stage = "training"
phrase = "xong trước tháng 12/2021"
activity = "tập huấn cán bộ"
figure = 3
unit = "class"
[[plan.target]]
what = "mô hình điểm"
count = "stated"
op = ">="
value = 1
unit = "model"
"""
NEWER = (
    "/deliveries", "/inbox", "/reminders", "/call-sheets", "/calls", "/reach", "/people", "/units/", "/feeds", "/webhooks", "/ack", "/what-if",
    "/plans/check", "/plans/{code}/", "/rounds/{code}/forecast", "/rounds/{code}/history", "/calendars/recount", "/charts/{key}/diff",
)  # fmt: skip


def rows() -> list[tuple[str, str, str]]:
    found = []
    for line in TABLE.strip().splitlines():
        method, path, own, other = line.split()
        assert (len(own), len(other)) == (len(OWN), len(OTHER)), line
        found.append((method, path, own + other))
    return found


@pytest.fixture
def api(database_url: str) -> Iterator[TellingHttp]:
    """A producer has to complete a dossier by a cut-off and was reminded; the plan of the year has other work as well."""
    with telling_at(database_url) as opened:
        world = opened.world
        for unit in ("VS", "VT"):
            for function in ("adviser", "member", "administrator"):
                world.appoint(f"{function}-{unit}", function, "province", unit)
        text = plan_file("KHV-2021", 2021, (("district_eval", 9, "trước ngày 10/11/2021"),)) + EXTRA
        world.publish(text)
        world.act(world.filed("P1-01", "2021-02-01 08:00"), "return_for_completion", at="2021-02-01 09:00")
        opened.tell("2021-07-09 08:00")
        yield opened


def bodies(api: TellingHttp, duty: str) -> dict[str, Any]:
    move = {"round": "VS-2021-1", "stage": "district_eval", "phrase": "trước ngày 20/7/2021"}
    given = {"support": "packaging", "what": "In hộp", "giver": "Huyện", "given_on": "2021-04-01", "product": "P1-01", **PAPER}
    return {
        "POST /reminders/share": {"duty": duty, "to": "producer-P1"},
        "POST /calls": {"duty": duty, "to": "producer-P1", "result": "no_answer"},
        "POST /people/{person}/choices": {"values": {"language": "vi"}},
        "POST /units/{unit}/choices": {"values": {"opens": "07:00"}},
        "POST /feeds": {"scope": "person", "code": "producer-P1"},
        "POST /webhooks": {"url": "https://nhan.example.vn/ocop", "unit": "VS"},
        "POST /what-if": {"moves": [move]},
        "POST /plans/check": {"text": "[[plan]]"},
        "POST /plans/{plan}/activities/{a}/units": {"units": ["VS"]},
        "POST /plans/{plan}/activities/{a}/reports": {"status": "under_way"},
        "POST /plans/{plan}/support": given,
        "POST /plans/{plan}/targets/{n}/figures": {"figure": "1", **PAPER},
        "POST /plans/{plan}/targets/{n}/counting": {"count": "stated"},
        "POST /plans/{plan}/lessons": {"part": "cause", "text": "Thiếu phiếu"},
        "POST /plans/{plan}/entries/{seq}/strike": {"reason": "Nhầm"},
        "POST /plans/{plan}/review": {"reason": "Chốt lại"},
    }


QUERY = {
    "GET /reminders": "?subject=VS-2021-0001", "GET /reminders/preview": "?duty=VS-2021-0001&to=producer-P1", "GET /charts/{key}/diff": "?to=qd26-2026",
}  # fmt: skip


def made_for(api: TellingHttp, person: int) -> dict[str, str]:
    """What the addresses name, fresh for each who tries."""
    letter = api.all("inbox", "producer-P1")[0]["key"]
    duty = next(item.duty for item, _ in api.world.store.told(None, None, 1000, recipients=("producer-P1",)) if item.kind == "term")
    feed = api.post("feeds", "producer-P1", {"scope": "person", "code": "producer-P1"}).json()
    url = f"https://nhan{person}.example.vn/ocop"
    hook = api.post("webhooks", "officer-VS", {"url": url, "unit": "VS"}).json()
    lesson = api.post("plans/KHV-2021/lessons", "officer-VS", {"part": "cause", "text": "Trời mưa"}).json()
    sent = next(each["key"] for each in api.all("deliveries?to=producer-P1&channel=email", "officer-VS"))
    return {
        "key": sent, "letter": letter, "unit": "X1", "person": "producer-P1", "name": feed["name"], "token": feed["token"], "id": hook["id"],
        "link": LINKS.token("producer-P1", duty), "round": "VS-2021-1", "plan": "KHV-2021", "n": "1", "a": "2", "seq": str(lesson["entry"]), "duty": duty,
    }  # fmt: skip


def test_every_newer_operation_has_a_row_and_every_row_an_operation(api: TellingHttp):
    def plain(method: str, path: str) -> tuple[str, str]:
        return method, "/".join("{}" if part.startswith("{") else part for part in path.split("/"))

    described = api.get("openapi.json", None).json()["paths"]
    old = {("POST", "/plans/{code}/publish")}
    there = {
        (method.upper(), path.removeprefix("/api/v1")) for path, operations in described.items() for method in operations if path.startswith("/api/v1")
    }  # fmt: skip
    known = {plain(*each) for each in there if each[1].startswith(NEWER) and each not in old}
    assert known == {plain(method, path) for method, path, _ in rows()}


@pytest.mark.parametrize("column", range(len(CALLERS)), ids=[person or "nobody" for person in CALLERS])
def test_the_doors_open_where_the_table_says(api: TellingHttp, column: int):
    caller = CALLERS[column] or None
    names = made_for(api, column)
    wrong = []
    for method, path, marks in rows():
        address = path.lstrip("/").replace("{key}/diff", "qd148-2023/diff")
        for name, value in names.items():
            address = address.replace(f"{{{name}}}", value)
        address += QUERY.get(f"{method} {path}", "")
        body = bodies(api, names["duty"]).get(f"{method} {path}", {})
        if path == "/units/{unit}/choices" and caller == "officer-TW":
            body = {"values": {"opens": "07:30"}}
        answer = api.get(address, caller) if method == "GET" else api.post(address, caller, body)
        if MARK.get(answer.status_code, "?") != marks[column]:
            wrong.append((method, path, marks[column], answer.status_code, answer.text[:200]))
    assert wrong == []
