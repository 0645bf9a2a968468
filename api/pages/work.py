"""*Việc cần xử lý*: what waits, by urgency, and its lists page by page. Counts and lists come from one query object."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from states.case import all_charts
from states.chart import Offer
from states.errors import NotFound, UnknownName
from states.vocabulary import CaseState, Duty, Function
from states.words import words
from workflow.casebook import CaseList, Listed
from workflow.overview import offers_of_many
from workflow.rows import TermRow

GROUPS = ("overdue", "this-week", "upcoming", "undated")
BESIDE = ("returned", "deferred", "awaiting-confirmation")
_SHOWN, PAGE = 12, 50
router = APIRouter(tags=["pages"])
Text = Annotated[str | None, Query(max_length=200), AfterValidator(cleaned)]
Code = Annotated[str | None, Query(max_length=LONGEST_CODE)]
Cursor = Annotated[str | None, Query(max_length=600)]
Scope = Annotated[str | None, Query(max_length=10)]


@dataclass(frozen=True, slots=True)
class Card:
    """A case in a list, in words.

    Attributes:
        why: Why it is on the reader's list, or for whom it waits.
        act: The event and its name that the reader's main button leads to; None where they have no step to do.
    """

    code: str
    product: str
    producer: str
    unit: str
    round: str
    state: str
    stage: str
    last_day: str
    left: str
    urgency: str
    why: str
    act: tuple[str, str] | None

    @property
    def mine(self) -> bool:
        """Whether the next step is the reader's."""
        return self.act is not None


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
def work(request: Request, q: Text = None, scope: Scope = None, unit: Code = None, round: Code = None) -> Response:
    """Everything that waits, in four groups."""
    asked = visitor(request)
    mine = my_states(asked)
    only_mine = bool(mine) and scope != "all"
    base = narrowed_to(asked, seen(asked, q), unit, round)
    store, shown = asked.run.store, dict[str, list[Listed]]()
    queries = {slug: _narrowed(WORKLISTS[slug](base, asked.received), mine if only_mine else None) for slug in GROUPS}
    for slug, query in queries.items():
        shown[slug] = store.case_page(query, limit=_SHOWN + 1)
    longer = {slug: query for slug, query in queries.items() if len(shown[slug]) > _SHOWN}
    longer |= {slug: WORKLISTS[slug](base, asked.received) for slug in BESIDE}
    counted = dict(zip(longer, store.case_counts(list(longer.values())), strict=True))
    drawn = {card.code: card for card in cards(asked, [each for listed in shown.values() for each in listed[:_SHOWN]])}
    groups = [
        {
            "slug": slug,
            "count": counted.get(slug, len(listed)),
            "cards": _mine_first([(each, drawn[each.case.code]) for each in listed[:_SHOWN]], q),
            "more": counted.get(slug, _SHOWN) - _SHOWN if len(listed) > _SHOWN else 0,
        }
        for slug, listed in shown.items()
    ]
    beside = [(slug, counted[slug]) for slug in BESIDE]
    given = {"q": q, "unit": unit, "round": round, "scope": "mine" if only_mine else "all"}
    values: dict[str, Any] = {
        "q": q or "", "scope": given["scope"], "can_narrow": bool(mine), "unit": unit or "", "round": round or "", "units": units_of(asked),
        "rounds": rounds_of(asked), "all": None if any(shown.values()) else _everything(asked, base), "given": urlencode({name: value for name, value in given.items() if value}), "registers": may_register(asked),
    }  # fmt: skip
    return render(request, "work.html", groups=groups, beside=beside, **values)


def _mine_first(found: Sequence[tuple[Listed, Card]], q: str | None) -> list[Card]:
    """Of what falls due at the same instant, first what the reader has to do; what a text has found keeps its order."""
    due = list(dict.fromkeys(each.due_at for each, _ in found))
    return [card for _, card in (found if q else sorted(found, key=lambda pair: (due.index(pair[0].due_at), not pair[1].mine)))]


def _everything(asked: Asked, base: CaseList) -> int:
    """How many cases there are for somebody for whom none waits, so that they are not left with an empty page."""
    return asked.run.store.case_count(base)


@router.get("/work/{slug}")
def worklist(  # noqa: PLR0913 - one a filter
    request: Request,
    slug: Annotated[str, Path(max_length=60)],
    q: Text = None,
    scope: Scope = None,
    unit: Code = None,
    round: Code = None,
    cursor: Cursor = None,
) -> Response:
    """One of the lists, page by page."""
    asked = visitor(request)
    if slug not in WORKLISTS:
        raise NotFound(what="worklist", name=slug)
    mine = my_states(asked) if slug in GROUPS and scope != "all" else frozenset()
    base = narrowed_to(asked, seen(asked, q), unit, round)
    query = _narrowed(WORKLISTS[slug](base, asked.received), mine or None)
    given = {"q": q, "scope": scope, "unit": unit, "round": round}
    page = page_of(asked, query, given, cursor)
    title = words(asked.language).label("worklist", slug)
    return render(request, "worklist.html", title=title, slug=slug, **page)


def page_of(asked: Asked, query: CaseList, given: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    """A page of a list: its cards, how many there are in all, and where it goes on."""
    shown = {name: value for name, value in given.items() if value}
    found = asked.run.store.case_page(query, after=place_of(cursor, shown), limit=PAGE + 1)
    page = found[:PAGE]
    onward = urlencode({**shown, "cursor": cursor_of(page[-1].place, shown)}) if len(found) > PAGE else None
    return {
        "cards": cards(asked, page), "count": asked.run.store.case_count(query), "onward": onward, "q": given.get("q") or "", "given": given,
        "query": urlencode(shown), "first": cursor is None,
    }  # fmt: skip


def units_of(asked: Asked) -> list[tuple[str, str]]:
    """Units that the reader has an eye on, down to their communes, by name; none for a producer."""
    registry, day = asked.run.engine.world().registry, asked.today
    own = {h.unit for h in registry.holdings(asked.caller.person, day) if h.seat.function is not Function.PRODUCER}
    found = dict.fromkeys(code for unit in own for code in registry.below(unit, day))
    return [(code, registry.unit_name(code, day)) for code in sorted(found)]


def rounds_of(asked: Asked) -> list[tuple[str, str]]:
    """Rounds by code, the latest year first, with their names."""
    t = Said(asked.language)
    rows = sorted(asked.run.store.rounds(), key=lambda row: (-row.year, row.code))
    return [(row.code, t("coded.round", number=row.number, year=row.year, code=row.code)) for row in rows]


def may_register(asked: Asked) -> bool:
    """Whether the reader registers cases: for a producer, or as the officer of a commune, district or province."""
    held = asked.run.engine.world().registry.holdings(asked.caller.person, asked.today)
    return any(h.seat.function in {Function.PRODUCER, Function.OFFICER} for h in held)


def seen(asked: Asked, q: str | None) -> CaseList:
    """Everything that the reader may see, searched for a text."""
    within = seen_by(asked.registry, asked.caller.person, asked.today)
    return CaseList(seen_units=within.units, seen_producers=within.producers, text=q.strip() or None if q else None)


def narrowed_to(asked: Asked, query: CaseList, unit: str | None, round: str | None) -> CaseList:
    """The same of one unit and what lies below it, and of one round.

    Raises:
        UnknownName: There is no such unit.
    """
    registry = asked.run.engine.world().registry
    if unit and not registry.known(unit):
        raise UnknownName(what="unit", name=unit, known="–")
    return replace(query, units=registry.ever_below(unit) if unit else None, round=round or None)


def _narrowed(query: CaseList, mine: frozenset[str] | None) -> CaseList:
    if mine is None or query.states is None:
        return query
    return replace(query, states=tuple(state for state in query.states if state in mine))


def cards(asked: Asked, found: Sequence[Listed]) -> list[Card]:
    """Cases of a list as their reader sees them; what is read does not grow with their number."""
    names = Names(asked, [each.case for each in found])
    loaded = asked.run.store.load_cases([each.case.code for each in found]) if found else {}
    offers = offers_of_many(asked.run.engine, asked.caller.person, list(loaded.values()), asked.received, ASIDE)
    return [
        _card(asked, each, names, loaded[each.case.code].terms if each.case.code in loaded else (), offers.get(each.case.code, ()))
        for each in found
    ]


def _card(asked: Asked, listed: Listed, names: Names, terms: Sequence[TermRow], offers: Sequence[Offer]) -> Card:
    case, said, t = listed.case, words(asked.language), Said(asked.language)
    named = names.of(case)
    nearest = min(terms, key=lambda term: term.due_at, default=None)
    left, urgency = countdown(listed.due_at, asked.received, t) if listed.due_at else ("", "calm")
    mine = [offer for offer in offers if offer.allowed and offer.event not in ASIDE]
    why = t("why.mine", what=", ".join(said.name(offer.event) for offer in mine)) if mine else waits_for(offers, said, t)
    return Card(
        code=case.code,
        product=named["product"]["name"],
        producer=named["producer"]["name"],
        unit=named["unit"]["name"],
        round=case.central_round or case.round or "",
        state=str(case.state),
        stage=said.name(nearest.stage) if nearest and nearest.due_at == listed.due_at else "",
        last_day=said.last_day(listed.due_at) if listed.due_at else "",
        left=left,
        urgency=urgency,
        why=why,
        act=(str(mine[0].event), said.name(mine[0].event)) if mine else None,
    )
