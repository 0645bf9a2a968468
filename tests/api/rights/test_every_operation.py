"""Every operation × every function × own and other territory, over HTTP with real sessions, against a table written by hand."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from states.regime import local_date
from tests.api.http.test_doors import rows as rows_of_doors
from tests.support.callers import OTHER, OWN
from tests.support.identity import PASSWORD, Browser, House
from tests.support.world import TWO_ROUNDS, plan_file
from workflow.sweeping import sequence

TABLE = Path(__file__).with_name("operations.txt")
Row = tuple[str, str]


def rows() -> dict[Row, tuple[int, str, str]]:
    """(method, path) → the best status, marks of the own territory, marks of the other."""
    found = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            method, path, best, own, other = line.split()
            assert (method, path) not in found, f"{method} {path} stands twice in {TABLE.name}"
            assert (len(own), len(other)) == (len(OWN), len(OTHER)), line
            found[method, path] = int(best), own, other
    return found


@dataclass
class Stage:
    """An installation in which every address of the table means something."""

    house: House
    case: str
    certificate: str
    confirmation: str
    operation: str
    delegation: str
    token: str
    term: str
    browsers: dict[str, Browser]
    keys: int = 0
    seen: dict[Row, list[int]] = field(default_factory=dict)

    def version(self, code: str) -> str:
        return f'"{self.house.world.case(code).version}"'

    def plan(self) -> str:
        row = self.house.runtime.store.load_plan("KH-2022")
        assert row is not None
        return f'"{row.version}"'

    def round(self) -> str:
        row = self.house.runtime.store.load_round("VS-2021-1")
        assert row is not None
        return f'"{row.version}"'


@pytest.fixture
def stage(house: House) -> Stage:
    """June 2021: a dossier with the district, a certified product, an override that waits, and everybody signed in."""
    world = house.world
    world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
    world.plans.import_plan(plan_file("KH-2022", 2022, (("district_eval", 1, "trước ngày 10/7/2022"),)), actor="officer-VS", unit="VS")
    for unit in ("VS", "VT"):
        for function in ("adviser", "member", "administrator"):
            world.appoint(f"{function}-{unit}", function, "province", unit)
    world.appoint("deputy", "adviser", "province", "VS")
    world.appoint("seller", "producer", "commune", "X1", producer="P1")
    done = world.certified("P1-03")
    certificate = house.runtime.store.certificates("P1-03")[0].code
    waiting = world.at_province("P1-02")
    world.act(waiting, "conclude", mean=80)
    order = world.act(
        waiting, "override", by="authority-VS", reason="Thiếu trang", step="return_for_completion", overrides=["already_concluded"],
        decision_no="7/QĐ", decision_date=local_date(house.clock.now()).isoformat(), decision_signer="K",
    )  # fmt: skip
    case = world.filed()
    sequence(house.runtime.store)
    browsers = {
        person: house.enter(person, house.browser(f"10.1.{n}.1")) for n, person in enumerate([*OWN.values(), *OTHER.values()]) if person
    }
    browsers[""] = house.browser("10.9.0.1")
    made = browsers["officer-H1"].post(
        "bulk-operations", {"event": "defer", "reason": "x", "cases": [{"case": "VS-2021-9999"}]}, Idempotency_Key="bulk"
    )
    token = browsers["officer-H1"].post("tokens", {"name": "Máy"}).json()["id"]
    given = browsers["officer-VS"].post("delegations", DELEGATION, Idempotency_Key="given")
    assert (made.status_code, given.status_code, done != case) == (202, 201, True), (made.text, given.text)
    term = next(iter(world.running(case).values())).id
    return Stage(house, case, certificate, str(order.confirmation), made.json()["id"], given.json()["code"], token, term, browsers)


DELEGATION = {
    "seat": "officer@province", "unit": "VS", "taker": "deputy", "first": "2021-06-01", "last": "2021-06-30", "document_no": "5/QĐ-UBND",
    "reason": "Đi học", "events": ["publish"],
}  # fmt: skip
REASON = {"reason": "Thử"}
DOCUMENT = {"document": {"no": "21/QĐ", "date": "2021-06-01"}, "reason": "Thử"}
IDEA = {"product": "P1-09", "kind": "first", "novelty": "new", "group": "food", "origin": "own_idea", "description": "Mật ong"}
Asked = tuple[str, Any, str | None]
"""Address, body, and the version that the writer has seen."""


def _case(path: str, body: Any = None) -> Callable[[Stage], Asked]:
    return lambda s: (
        path.replace("{code}", s.case).replace("{term}", s.term).replace("{event}", "withdraw")
        + ("?dry_run=true" if body is not None else ""),
        body,
        s.version(s.case) if body is not None else None,
    )


def _round(path: str, body: Any) -> Callable[[Stage], Asked]:
    return lambda s: (path.replace("{code}", "VS-2021-1"), body, s.round())


REDATE = {
    "stage": "province_eval",
    "phrase": "trước ngày 15/8/2021",
    "document_no": "9/QĐ",
    "document_date": "2021-06-01",
    "reason": "Mưa lũ",
}
CHANGE = {"days": [{"date": "2021-06-21", "working": False}], "document_no": "3/TB", "reason": "Mất điện"}
A = "/api/v1"


def _operation(rest: str, body: Any) -> Callable[[Stage], Asked]:
    return lambda s: (f"{A}/bulk-operations/{s.operation}{rest}", body, None)


def _seller(rest: str, body: Any) -> Callable[[Stage], Asked]:
    return lambda _: (f"{A}/users/seller{rest.replace('{handle}', '0')}", body, None)


REQUESTS: dict[Row, Callable[[Stage], Asked]] = {
    ("POST", f"{A}/cases"): lambda _: (f"{A}/cases?dry_run=true", IDEA, None),
    **{("POST", f"{A}/cases/{{code}}/{rest}"): _case(f"{A}/cases/{{code}}/{rest}", body) for rest, body in {
        "actions/{event}": REASON, "deadlines/{term}/extend": {"days": 3, **DOCUMENT}, "deadlines/{term}/suspend": DOCUMENT,
        "deadlines/{term}/resume": {},
    }.items()},
    ("POST", f"{A}/confirmations/{{confirmation}}"): lambda s: (
        f"{A}/confirmations/{s.confirmation}", {"confirm": True}, s.version(s.confirmation.partition(":")[0])
    ),
    ("GET", f"{A}/rounds/{{code}}"): lambda _: (f"{A}/rounds/VS-2021-1", None, None),
    **{("POST", f"{A}/rounds/{{code}}/{rest}"): _round(f"{A}/rounds/{{code}}/{rest}", body) for rest, body in {
        "freeze": {}, "close": {}, "rollover": {}, "re-date": REDATE,
    }.items()},
    ("POST", f"{A}/plans"): lambda _: (f"{A}/plans", {"text": plan_file("KH-2023", 2023, TWO_ROUNDS[:1]), "unit": "VS"}, None),
    ("GET", f"{A}/plans/{{code}}"): lambda _: (f"{A}/plans/KH-2021", None, None),
    ("POST", f"{A}/plans/{{code}}/publish"): lambda s: (f"{A}/plans/KH-2022/publish", {}, s.plan()),
    ("GET", f"{A}/calendars/{{unit}}/days"): lambda _: (f"{A}/calendars/VS/days?year=2021", None, None),
    ("GET", f"{A}/calendars/{{unit}}/changes"): lambda _: (f"{A}/calendars/VS/changes", None, None),
    ("POST", f"{A}/calendars/{{unit}}/changes"): lambda _: (f"{A}/calendars/VS/changes?dry_run=true", CHANGE, '"0"'),
    ("GET", f"{A}/certificates/{{code}}"): lambda s: (f"{A}/certificates/{s.certificate}", None, None),
    ("GET", f"{A}/charts/{{key}}"): lambda _: (f"{A}/charts/qd1048-2019", None, None),
    ("GET", f"{A}/worklists/{{slug}}"): lambda _: (f"{A}/worklists/overdue", None, None),
    ("POST", f"{A}/bulk-operations"): lambda s: (
        f"{A}/bulk-operations?dry_run=true", {"event": "defer", "reason": "x", "cases": [{"case": s.case}]}, None
    ),
    **{(method, f"{A}/bulk-operations/{{id}}{rest}"): _operation(rest, body) for method, rest, body in (("GET", "", None), ("GET", "/items", None), ("POST", "/cancel", {}), ("POST", "/retry", {}))},
    ("GET", f"{A}/log/proof/{{subject}}/{{seq}}"): lambda s: (f"{A}/log/proof/{s.case}/1", None, None),
    ("POST", f"{A}/rehearsal/clock"): lambda _: (f"{A}/rehearsal/clock", {"by": "P1D"}, None),
    ("POST", f"{A}/session"): lambda _: (f"{A}/session", {"login": "nobody", "password": PASSWORD}, None),
    ("POST", f"{A}/session/second-factor"): lambda _: (f"{A}/session/second-factor", {"code": "000000"}, None),
    ("PUT", f"{A}/session/second-factor/enrolment"): lambda _: (
        f"{A}/session/second-factor/enrolment", {"sealed": "0" * 40, "code": "000000"}, None
    ),
    ("POST", f"{A}/session/link"): lambda _: (f"{A}/session/link", {"token": "x", "password": PASSWORD}, None),
    ("PUT", f"{A}/session/password"): lambda _: (f"{A}/session/password", {"old": "sai mật khẩu", "new": PASSWORD}, None),
    ("POST", f"{A}/session/role"): lambda _: (f"{A}/session/role", {"person": "officer-H1"}, None),
    ("PUT", f"{A}/session/language"): lambda _: (f"{A}/session/language", {"language": "vi"}, None),
    ("POST", f"{A}/users"): lambda _: (f"{A}/users", {"person": "seller", "login": "seller"}, None),
    **{(method, f"{A}/users/{{person}}{rest}"): _seller(rest, body) for method, rest, body in (
        ("GET", "", None), ("POST", "/link", None), ("POST", "/disable", REASON), ("POST", "/enable", REASON),
        ("POST", "/second-factor/reset", REASON), ("GET", "/sessions", None), ("DELETE", "/sessions/{handle}", None),
    )},
    ("POST", f"{A}/tokens"): lambda _: (f"{A}/tokens", {"name": "Thử"}, None),
    ("DELETE", f"{A}/tokens/{{token}}"): lambda s: (f"{A}/tokens/{s.token}", None, None),
    ("GET", f"{A}/access-log"): lambda s: (f"{A}/access-log?case={s.case}", None, None),
    ("POST", f"{A}/delegations"): lambda _: (f"{A}/delegations", {**DELEGATION, "events": ["accept"]}, None),
    ("POST", f"{A}/delegations/{{code}}/revoke"): lambda s: (f"{A}/delegations/{s.delegation}/revoke", REASON, None),
}  # fmt: skip
"""What is sent where the path alone does not say it; everything else is looked at as it stands, on the case of this stage."""

OURS = ("VS-2021-0003", "P1-01", "Hợp tác xã Suối Mơ")
"""The case, its product and its producer: what nobody of another province reads."""


def request_of(stage: Stage, row: Row) -> Asked:
    build = REQUESTS.get(row) or _case(row[1])
    return build(stage)


def sent(stage: Stage, person: str, row: Row) -> Any:
    stage.keys += 1
    address, body, version = request_of(stage, row)
    headers = {"Idempotency_Key": f"key-{stage.keys}", **({"If_Match": version} if version else {})}
    answer = stage.browsers[person].send(row[0], address, body, **headers)
    assert answer.status_code < 500, (row, person, answer.text)
    return answer


def class_of(answer: Any, expected: str) -> str:
    """The mark that an answer earns; ``e`` where one is expected and nothing of the case is in it."""
    stopped = {401: "!", 403: "-", 404: "0"}.get(answer.status_code)
    if stopped:
        return stopped
    if expected == "e":
        return "e" if answer.status_code < 300 and not any(ours in answer.text for ours in OURS) else "leak"
    return "+"


def plain(method: str, path: str) -> Row:
    """An operation, whatever the parts of its address are called."""
    return method, re.sub(r"\{\w+\}", "{}", path)


def test_every_operation_of_the_description_has_a_row_and_every_row_an_operation(house: House):
    described = {(method.upper(), path) for path, operations in house.app.openapi()["paths"].items() for method in operations}
    # Those that tell, foresee and report have their rows, by other callers, beside the people who are told.
    elsewhere = {plain(method, f"{A}{path}") for method, path, _ in rows_of_doors()}
    missing = sorted(row for row in described - set(rows()) if plain(*row) not in elsewhere)
    told = "\n".join(f"{method:<6} {path:<62} 200  {'?' * len(OWN)} {'?' * len(OTHER)}" for method, path in missing)
    assert not missing, (
        f"Who may? Add to {TABLE.name}, with a mark for each function ({''.join(OWN)}) and for those of another province "
        f"({''.join(OTHER)}) — + let through, - 403, 0 404, ! 401, e answered with nothing of the case —\n{told}\n"
        f"and, where the path alone is not a whole request, what is sent to REQUESTS in {Path(__file__).name}."
    )
    assert set(rows()) - described == set(), f"no such operation any more: take its line out of {TABLE.name}"
    assert set(REQUESTS) <= described
    twice = {plain(*row) for row in rows()} & elsewhere
    assert twice == set(), f"in both {TABLE.name} and the table of doors"


def test_every_operation_answers_every_function_as_the_table_says(stage: Stage):
    wrong: list[tuple[Any, ...]] = []
    best: dict[Row, int] = {}
    assert (stage.case, stage.house.runtime.store.product("P1-01") is not None) == (OURS[0], True)
    for row, (status, own, other) in rows().items():
        for people, marks in ((OWN, own), (OTHER, other)):
            for (letter, person), expected in zip(people.items(), marks, strict=True):
                stage.house.wait(seconds=1)
                answer = sent(stage, person, row)
                found = class_of(answer, expected)
                if found != expected:
                    wrong.append(
                        (*row, letter, person or "nobody", f"expected {expected}, was {found}", answer.status_code, answer.text[:120])
                    )
                if expected in "+e" or not {"+", "e"} & set(own):
                    best[row] = min(best.get(row, 999), answer.status_code if person else 999)
        if best[row] != status:
            wrong.append((*row, "best", "", f"expected {status}", best[row], ""))
    assert wrong == [], "\n" + "\n".join(" ".join(map(str, line)) for line in wrong)
