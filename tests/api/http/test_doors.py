"""Who reaches what by the newer doors: a table written by hand. An operation of theirs without a row fails."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.http_telling import TellingHttp, telling_at
from tests.support.told import LINKS
from tests.support.world import plan_file

WHO = {
    "s": None, "p": "producer-P1", "c": "officer-X1", "t": "secretary-VS", "o": "officer-VS", "a": "auditor-VS", "f": "officer-VT",
    "z": "officer-TW",
}  # fmt: skip
"""A stranger; the producer whom it concerns; the officer of its commune; the secretary, the officer and the auditor of its province; the
officer of another province; the officer of the centre."""

# What each is answered: 2 done or shown, 1 (401) who are you, 3 (403) you see it and may not, 4 (404) there is none for you, 9 (409) not now,
# 5 (422) not like this. One column each of s p c t o a f z.
TABLE = """
GET  /deliveries                                  1 2 2 2 2 2 2 2
GET  /deliveries/{key}                            1 2 2 4 2 2 4 2
POST /deliveries/{key}/resend                     1 3 2 4 2 3 4 2
GET  /inbox                                       1 2 2 2 2 2 2 2
POST /inbox/{letter}/read                         1 2 4 4 4 4 4 4
GET  /reminders                                   1 2 2 2 2 2 4 2
GET  /reminders/coming                            1 2 2 2 2 2 2 2
GET  /reminders/preview                           1 2 2 4 2 2 4 2
POST /reminders/share                             1 3 2 4 2 3 4 2
GET  /reminders/told                              1 2 2 2 2 2 2 2
GET  /call-sheets/{unit}                          1 4 2 4 2 2 4 2
POST /calls                                       1 3 2 4 2 3 4 2
GET  /reach/{unit}                                1 4 2 4 2 2 4 2
GET  /people/{person}/choices                     1 2 2 4 2 2 4 2
POST /people/{person}/choices                     1 2 3 4 3 3 4 3
GET  /units/{unit}/choices                        1 2 2 2 2 2 4 2
POST /units/{unit}/choices                        1 3 2 3 2 3 4 2
GET  /feeds                                       1 2 2 2 2 2 2 2
POST /feeds                                       1 2 2 4 2 3 4 2
GET  /feeds/{token}/deadlines.ics                 2 2 2 2 2 2 2 2
POST /feeds/{name}/revoke                         1 2 2 4 2 3 4 2
GET  /webhooks                                    1 2 2 2 2 2 2 2
POST /webhooks                                    1 3 3 3 2 3 3 2
GET  /webhooks/{id}                               1 4 4 4 2 2 4 2
POST /webhooks/{id}/off                           1 4 4 4 2 3 4 2
POST /webhooks/{id}/on                            1 4 4 4 2 3 4 2
POST /webhooks/{id}/rotate                        1 4 4 4 2 3 4 2
POST /webhooks/{id}/drop-old                      1 4 4 4 2 3 4 2
POST /webhooks/{id}/test                          1 4 4 4 9 3 4 9
GET  /ack/{link}                                  2 2 2 2 2 2 2 2
POST /ack/{link}                                  2 2 2 2 2 2 2 2
GET  /rounds/{round}/forecast                     1 2 2 2 2 2 4 2
GET  /rounds/{round}/forecast/back-test           1 2 2 2 2 2 4 2
GET  /rounds/{round}/history                      1 2 2 2 2 2 4 2
POST /what-if                                     1 2 2 2 2 2 2 2
GET  /plans/{plan}/history                        1 4 4 4 2 2 4 2
POST /plans/check                                 1 2 2 2 2 2 2 2
GET  /plans/{plan}/activities                     1 2 2 2 2 2 4 2
GET  /plans/{plan}/targets                        1 2 2 2 2 2 4 2
GET  /plans/{plan}/targets/{n}                    1 2 2 2 2 2 4 2
GET  /plans/{plan}/support                        1 2 2 2 2 2 4 2
GET  /plans/{plan}/review                         1 2 2 2 2 2 4 2
POST /plans/{plan}/activities/{a}/units           1 3 3 3 2 3 3 3
POST /plans/{plan}/activities/{a}/reports         1 3 3 3 2 3 3 3
POST /plans/{plan}/support                        1 3 2 3 2 3 3 3
POST /plans/{plan}/targets/{n}/figures            1 3 3 3 2 3 3 3
POST /plans/{plan}/targets/{n}/counting           1 3 3 3 2 3 3 3
POST /plans/{plan}/lessons                        1 3 3 3 2 3 3 3
POST /plans/{plan}/entries/{seq}/strike           1 3 3 3 2 3 3 3
POST /plans/{plan}/review                         1 3 3 3 2 3 3 3
POST /calendars/recount                           1 3 3 3 3 3 3 2
GET  /charts/{key}/diff                           1 2 2 2 2 2 2 2
"""
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
        method, path, *marks = line.split()
        found.append((method, path, "".join(marks)))
    return found


@pytest.fixture
def api(database_url: str) -> Iterator[TellingHttp]:
    """A producer has to complete a dossier by a cut-off and was reminded; the plan of the year has other work as well."""
    with telling_at(database_url) as opened:
        world = opened.world
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


@pytest.mark.parametrize("who", list(WHO))
def test_the_doors_open_where_the_table_says(api: TellingHttp, who: str):
    column = list(WHO).index(who)
    names = made_for(api, column)
    wrong = []
    for method, path, marks in rows():
        address = path.lstrip("/").replace("{key}/diff", "qd148-2023/diff")
        for name, value in names.items():
            address = address.replace(f"{{{name}}}", value)
        address += QUERY.get(f"{method} {path}", "")
        body = bodies(api, names["duty"]).get(f"{method} {path}", {})
        if path == "/units/{unit}/choices" and who == "z":
            body = {"values": {"opens": "07:30"}}
        answer = api.get(address, WHO[who]) if method == "GET" else api.post(address, WHO[who], body)
        if MARK.get(answer.status_code, "?") != marks[column]:
            wrong.append((method, path, marks[column], answer.status_code, answer.text[:200]))
    assert wrong == []
