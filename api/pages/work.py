"""*Việc cần xử lý*: what waits, by urgency; and lists of cases with filters. Counts and lists come from one query object."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator

from api.asking import Asked
from api.pages.frame import Said, countdown, render, visitor
from api.pages.offers import ASIDE, waits_for
from api.paging import cursor_of, place_of
from api.schemas.common import LONGEST_CODE, cleaned
from api.seeing import seen_by
from api.showing import Names
from api.worklists import WORKLISTS
from states.case import RUNNING, all_charts
from states.errors import CycleError, NotFound, UnknownName
from states.vocabulary import CaseState, Duty, Function
from states.words import words
from workflow.casebook import CaseList, Listed
from workflow.rows import CaseRow, TermRow

GROUPS = ("overdue", "this-week", "upcoming", "undated")
BESIDE = ("returned", "deferred", "awaiting-confirmation")
_SHOWN, _PAGE = 12, 50
router = APIRouter(tags=["pages"])
Text = Annotated[str | None, Query(max_length=200), AfterValidator(cleaned)]
Cursor = Annotated[str | None, Query(max_length=600)]


@dataclass(frozen=True, slots=True)
class Card:
    """A case in a list, in words."""

    code: str
    product: str
    producer: str
    unit: str
    state: str
    stage: str
    last_day: str
    left: str
    urgency: str
    why: str
    mine: bool


def my_states(asked: Asked) -> frozenset[str]:
    """States in which one of the reader's functions has a step to do."""
    seats = {h.seat for h in asked.registry.holdings(asked.caller.person, asked.today)}
    return frozenset(
        str(rule.source)
        for chart in all_charts()
        for rule in chart.rules
        if rule.event not in ASIDE and rule.duty is not Duty.AUTOMATIC and rule.source in set(CaseState) and seats & set(rule.seats)
    )


@router.get("/work")
def work(request: Request, q: Text = None, scope: Annotated[str | None, Query(max_length=10)] = None) -> Response:
    """Everything that waits, in four groups."""
    asked = visitor(request)
    mine = my_states(asked)
    only_mine = bool(mine) and scope != "all"
    base = _seen(asked, q)
    groups = []
    for slug in GROUPS:
        query = _narrowed(WORKLISTS[slug](base, asked.received), mine if only_mine else None)
        count = asked.run.store.case_count(query)
        found = asked.run.store.case_page(query, limit=_SHOWN) if count else []
        groups.append({"slug": slug, "count": count, "cards": cards(asked, found), "more": count - len(found)})
    beside = [(slug, asked.run.store.case_count(WORKLISTS[slug](base, asked.received))) for slug in BESIDE]
    values: dict[str, Any] = {"q": q or "", "scope": "mine" if only_mine else "all", "can_narrow": bool(mine)}
    return render(request, "work.html", groups=groups, beside=beside, **values)


@router.get("/work/{slug}")
def worklist(
    request: Request,
    slug: Annotated[str, Path(max_length=60)],
    q: Text = None,
    scope: Annotated[str | None, Query(max_length=10)] = None,
    cursor: Cursor = None,
) -> Response:
    """One of the lists, page by page."""
    asked = visitor(request)
    if slug not in WORKLISTS:
        raise NotFound(what="worklist", name=slug)
    mine = my_states(asked) if slug in GROUPS and scope != "all" else frozenset()
    query = _narrowed(WORKLISTS[slug](_seen(asked, q), asked.received), mine or None)
    title = words(asked.language).label("worklist", slug)
    return _list(request, asked, query, {"q": q, "scope": scope}, cursor, title=title, filters=None)


@router.get("/cases")
def cases(  # noqa: PLR0913 - one a filter
    request: Request,
    q: Text = None,
    state: Annotated[str | None, Query(max_length=60)] = None,
    round: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    unit: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    late: Annotated[str | None, Query(max_length=1)] = None,
    cursor: Cursor = None,
) -> Response:
    """Every case that the reader may see, by filters."""
    asked = visitor(request)
    if state and state not in set(CaseState):
        raise UnknownName(what="state", name=state, known=", ".join(CaseState))
    if unit and not asked.registry.known(unit):
        raise UnknownName(what="unit", name=unit, known="–")
    running = tuple(map(str, RUNNING)) if late else None
    query = replace(
        _seen(asked, q), states=(state,) if state else running, round=round or None, units=asked.registry.ever_below(unit) if unit else None,
        overdue_at=asked.received if late else None,
    )  # fmt: skip
    filters = {
        "states": [str(s) for s in CaseState], "rounds": [r.code for r in asked.run.store.rounds()], "units": units_of(asked), "state": state or "",
        "round": round or "", "unit": unit or "", "late": late or "",
    }  # fmt: skip
    given = {"q": q, "state": state, "round": round, "unit": unit, "late": late}
    return _list(request, asked, query, given, cursor, title=Said(asked.language)("cases.title"), filters=filters)


def units_of(asked: Asked) -> list[tuple[str, str]]:
    """Units that the reader has an eye on, down to their communes, by name; none for a producer."""
    registry, day = asked.registry, asked.today
    own = {h.unit for h in registry.holdings(asked.caller.person, day) if h.seat.function is not Function.PRODUCER}
    found = dict.fromkeys(code for unit in own for code in registry.below(unit, day))
    return [(code, registry.unit_name(code, day)) for code in sorted(found)]


def _seen(asked: Asked, q: str | None) -> CaseList:
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    return CaseList(seen_units=seen.units, seen_producers=seen.producers, text=q.strip() or None if q else None)


def _narrowed(query: CaseList, mine: frozenset[str] | None) -> CaseList:
    if mine is None or query.states is None:
        return query
    return replace(query, states=tuple(state for state in query.states if state in mine))


def _list(request: Request, asked: Asked, query: CaseList, given: dict[str, Any], cursor: str | None, **values: Any) -> Response:
    shown = {name: value for name, value in given.items() if value}
    found = asked.run.store.case_page(query, after=place_of(cursor, shown), limit=_PAGE + 1)
    page = found[:_PAGE]
    onward = urlencode({**shown, "cursor": cursor_of(page[-1].place, shown)}) if len(found) > _PAGE else None
    count = asked.run.store.case_count(query)
    return render(
        request, "cases.html", cards=cards(asked, page), count=count, onward=onward, q=given.get("q") or "", scope=given.get("scope"),
        first=cursor is None, **values,
    )  # fmt: skip


def cards(asked: Asked, found: Sequence[Listed]) -> list[Card]:
    """Cases of a list as their reader sees them."""
    names = Names(asked, [each.case for each in found])
    loaded = asked.run.store.load_cases([each.case.code for each in found])
    return [_card(asked, each, names, loaded[each.case.code].terms if each.case.code in loaded else ()) for each in found]


def _card(asked: Asked, listed: Listed, names: Names, terms: Sequence[TermRow]) -> Card:
    case, said, t = listed.case, words(asked.language), Said(asked.language)
    named = names.of(case)
    nearest = min(terms, key=lambda term: term.due_at, default=None)
    left, urgency = countdown(listed.due_at, asked.received, t) if listed.due_at else ("", "calm")
    why, mine = why_mine(asked, case, asked.received)
    return Card(
        code=case.code,
        product=named["product"]["name"],
        producer=named["producer"]["name"],
        unit=named["unit"]["name"],
        state=str(case.state),
        stage=said.name(nearest.stage) if nearest and nearest.due_at == listed.due_at else "",
        last_day=said.last_day(listed.due_at) if listed.due_at else "",
        left=left,
        urgency=urgency,
        why=why,
        mine=mine,
    )


def why_mine(asked: Asked, case: CaseRow, now: datetime) -> tuple[str, bool]:
    """Why a case is on somebody's list: what they can do themselves, or for whom it waits."""
    said, t = words(asked.language), Said(asked.language)
    try:
        situation = asked.run.engine.situation(case.code, asked.caller.person, now)
    except CycleError:
        return "", False
    offers = {offer.event: offer for offer in situation.offers if offer.allowed and offer.event not in ASIDE}
    if offers:
        return t("why.mine", what=", ".join(said.name(event) for event in offers)), True
    return waits_for(situation.offers, said, t), False
