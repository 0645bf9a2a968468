"""``/cases``: register, list, look, and carry out events."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator

from api.acting import act_of, acted_response, body_of_event, carried_out, case_answer, json_answer
from api.asking import (
    WRITE,
    Asked,
    IfMatch,
    IfNoneMatch,
    Key,
    ask,
    command_id,
    etag,
    showing_case,
    surely,
    version_seen,
    visible_case,
)
from api.cli.context import parse_instant
from api.lists import page_answer
from api.schemas.cases import ActedOut, ActGiven, ActionsOut, CaseOut, CasePage, RegisterGiven
from api.schemas.common import LONGEST_CODE, WRITES, cleaned, problems
from api.seeing import seen_by
from api.showing import both, case_json, entries_of, iso, rule_json, steps_of
from api.strict import MemberRoute, RequestInvalid
from api.told import reason_json
from states.errors import NotFound, OutsideTerritory, Problem, UnknownName
from states.vocabulary import CaseKind, CaseState, Event, Level
from workflow.asof import stood
from workflow.casebook import CaseList
from workflow.ledger.entry import parse

router = APIRouter(prefix="/cases", route_class=MemberRoute, tags=["cases"])
CaseCode = Annotated[str, Path(max_length=LONGEST_CODE, examples=["VS-2021-0042"])]
DryRun = Annotated[bool, Query(description="Xem trước bằng đúng bộ quy tắc, không ghi · judged by the same rules, nothing written")]
Instant = Annotated[str | None, Query(max_length=40, examples=["2021-07-10T00:01:00+07:00"])]


@router.post(
    "", status_code=201, responses={200: {"model": ActedOut, "description": "dry_run"}, **problems(*WRITES)}, response_model=ActedOut
)
def register(request: Request, body: RegisterGiven, key: Key = None, dry_run: DryRun = False) -> Response:
    """Đăng ký ý tưởng, nâng hạng hoặc đánh giá lại · register an idea, an upgrade or a reassessment."""
    asked = ask(request, WRITE)
    command = act_of(asked, body.product, Event.REGISTER, body, command_id(asked.caller, key))
    try:
        with showing_case(asked, body.product):
            receipt = surely(asked.run, command, dry_run=dry_run)
    except OutsideTerritory:
        # The same words as for a product that is not there.
        raise NotFound(what="product", name=body.product) from None
    location = {} if dry_run else {"location": f"/api/v1/cases/{quote(receipt.case)}"}
    return acted_response(receipt, dry_run=dry_run, created=not dry_run, **location)


@router.get("", response_model=CasePage, responses=problems())
def list_cases(
    request: Request,
    state: Annotated[str | None, Query(max_length=400, description="Bước; nhiều bước cách nhau dấu phẩy · states, comma-separated")] = None,
    kind: CaseKind | None = None,
    round: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    unit: Annotated[str | None, Query(max_length=LONGEST_CODE, description="Đơn vị và cấp dưới · unit and below")] = None,
    level: Annotated[Level | None, Query(description="Cấp đang giữ hồ sơ · level that has the case")] = None,
    product: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    producer: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    due_before: Instant = None,
    overdue: bool | None = None,
    q: Annotated[
        str | None, Query(max_length=200, description="Mã, sản phẩm, chủ thể; không cần dấu · marks not needed"), AfterValidator(cleaned)
    ] = None,
    sort: Literal["due_at", "code"] = "due_at",
    cursor: Annotated[str | None, Query(max_length=600)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Danh sách hồ sơ trong địa bàn, hạn gần nhất trước · the cases that you may see, the nearest deadline first."""
    asked = ask(request)
    registry = asked.registry
    if unit is not None and not registry.known(unit):
        raise UnknownName(what="unit", name=unit, known="–")
    within = seen_by(registry, asked.caller.person, asked.today)
    query = CaseList(
        seen_units=within.units,
        seen_producers=within.producers,
        states=_states(state, level),
        kind=str(kind) if kind else None,
        round=round,
        units=registry.ever_below(unit) if unit else None,
        product=product,
        producer=producer,
        due_before=instant_of("due_before", due_before),
        overdue_at=asked.received if overdue else None,
        text=q.strip() or None if q else None,
        sort=sort,
    )
    given = {
        "state": state, "kind": query.kind, "round": round, "unit": unit, "level": str(level) if level else None, "product": product,
        "producer": producer, "due_before": due_before, "overdue": "true" if overdue else None, "q": q, "sort": sort,
    }  # fmt: skip
    return page_answer(asked, query, given, cursor, limit)


def _states(given: str | None, level: Level | None) -> tuple[str, ...] | None:
    states = None
    if given is not None:
        states = tuple(part.strip() for part in given.split(","))
        for each in states:
            if each not in set(CaseState):
                raise UnknownName(what="state", name=each, known=", ".join(CaseState))
    if level is not None:
        held = tuple(str(state) for state, where in HELD_AT.items() if where is level)
        states = held if states is None else tuple(each for each in states if each in held)
    return states


HELD_AT = {
    CaseState.IDEA_REGISTERED: Level.COMMUNE,
    CaseState.SELECTED: Level.COMMUNE,
    CaseState.BUSINESS_PLAN: Level.COMMUNE,
    CaseState.COMMUNE_CHECK: Level.COMMUNE,
    CaseState.DISTRICT_EVALUATION: Level.DISTRICT,
    CaseState.PROVINCIAL_EVALUATION: Level.PROVINCE,
    CaseState.NATIONAL_NOMINATION: Level.CENTRE,
}
"""At which level a case lies in a state; in other states it lies nowhere."""


def instant_of(name: str, given: str | None) -> datetime | None:
    """An instant of a query.

    Raises:
        RequestInvalid: It is none.
    """
    if given is None:
        return None
    try:
        return parse_instant(given)
    except ValueError:
        raise RequestInvalid([Problem(f"/{name}", "not_an_instant")]) from None


@router.get("/{code}", response_model=CaseOut, responses={304: {"description": "Not Modified"}, **problems(404)})
def show(request: Request, code: CaseCode, if_none_match: IfNoneMatch = None, as_of: Instant = None, known_at: Instant = None) -> Response:
    """Một hồ sơ; với as_of, known_at là hồ sơ như ở thời điểm ấy · one case, or the case as it stood."""
    asked = ask(request)
    loaded = visible_case(asked, code)
    if as_of is None and known_at is None:
        entries = entries_of(asked, code) if loaded.case.memo.get("spans") else []
        terms = [t for t in asked.run.store.terms(code) if t.attempt == loaded.case.attempt]
        body = case_json(asked, loaded.case, terms, entries, steps_of(asked.run, terms))
    else:
        folded = ((parse(stored.body), stored.leaf_hash) for stored in asked.run.store.entries(code))
        then = stood(folded, instant_of("as_of", as_of), instant_of("known_at", known_at))
        if then is None:
            raise NotFound(what="case", name=code)
        body = case_json(asked, then.case, (t for t in then.terms if t.attempt == then.case.attempt), then.entries, None)
        body |= {"as_of": _said("as_of", as_of), "known_at": _said("known_at", known_at)}
    return case_answer(body, if_none_match)


def _said(name: str, given: str | None) -> str | None:
    at = instant_of(name, given)
    return iso(at) if at else None


@router.get("/{code}/actions", response_model=ActionsOut, responses=problems(404))
def actions(request: Request, code: CaseCode) -> Response:
    """Làm được gì lúc này, và vì sao không · every event, with every reason why not."""
    asked = ask(request)
    visible_case(asked, code)
    found = asked.run.engine.situation(code, asked.caller.person, asked.received)
    told = [
        {
            "event": str(offer.event),
            "name": both("event", str(offer.event)),
            "allowed": offer.allowed,
            "reasons": [reason_json(reason) for reason in offer.reasons],
            **rule_json(offer.rule),
        }
        for offer in found.offers
    ]
    body = {"case": code, "state": str(found.state), "version": found.version, "actions": told}
    return json_answer(body, {"etag": etag(found.version)})


@router.post(
    "/{code}/actions/{event}",
    response_model=ActedOut,
    responses={202: {"model": ActedOut, "description": "Chờ người thứ hai xác nhận · awaits a second person"}, **problems(*WRITES)},
    openapi_extra={"requestBody": body_of_event()},
)
def act(
    request: Request,
    code: CaseCode,
    event: Event,
    body: ActGiven,
    if_match: IfMatch = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> Response:
    """Làm một việc với hồ sơ · carry out an event."""
    asked = ask(request, WRITE)
    return acted(asked, code, event, body, if_match, key, dry_run=dry_run)


def acted(asked: Asked, code: str, event: Event, body: ActGiven, if_match: str | None, key: str | None, *, dry_run: bool) -> Response:
    """Carry out an event and answer."""
    command = act_of(asked, code, event, body, command_id(asked.caller, key), version_seen(if_match))
    with showing_case(asked, code):
        receipt = surely(asked.run, command, dry_run=dry_run)
    return carried_out(asked, receipt, dry_run=dry_run)
