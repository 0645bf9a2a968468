"""*Tiến độ đợt đánh giá*: how far the cases of a round are, what is late, how long there is still, and what is to be expected."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from api.asking import Asked
from api.cli.context import speaking
from api.cli.forecasts import counted
from api.pages.frame import Said, countdown, render, visitor
from api.schemas.common import LONGEST_CODE
from api.seeing import seen_by
from states.case import RUNNING
from states.errors import NotFound, UnknownName
from states.vocabulary import CaseState, Function, RoundState, Stage
from states.words import Words, words
from workflow.casebook import CaseList
from workflow.chances import Expected
from workflow.roundbook import ruling_dates
from workflow.rows import RoundRow, StageRow

router = APIRouter(tags=["pages"])


@dataclass(frozen=True, slots=True)
class Column:
    """A step of the passage: how many cases are there, and how many of them late."""

    state: str
    count: int
    late: int
    link: str
    late_link: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A date of the round."""

    stage: str
    last_day: str
    phrase: str
    source: str
    effect: str
    left: str
    urgency: str
    firm: bool
    forecast: str


@dataclass(frozen=True, slots=True)
class Area:
    """A unit's share of the round."""

    code: str
    name: str
    cells: tuple[tuple[int, str], ...]
    total: int
    late: int
    late_link: str


@router.get("/rounds")
def rounds(request: Request) -> Response:
    """All rounds, the latest first."""
    asked = visitor(request)
    said, t = words(asked.language), Said(asked.language)
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    rows = []
    for row in asked.run.store.rounds():
        base = CaseList(seen_units=seen.units, seen_producers=seen.producers, round=row.code)
        ahead = [s for s in _dates(asked, row) if s.cutoff and s.cutoff > asked.received]
        rows.append(
            {
                "code": row.code, "state": said.name(row.state), "open": row.state is not RoundState.CLOSED, "count": asked.run.store.case_count(base),
                "late": asked.run.store.case_count(replace(base, overdue_at=asked.received, states=tuple(map(str, RUNNING)))),
                "unit": asked.registry.unit_name(row.unit, asked.today), "next": _mark(ahead[0], asked, said, t, {}) if ahead else None,
            }
        )  # fmt: skip
    rows.sort(key=lambda row: (bool(row["open"]), str(row["code"])), reverse=True)
    return render(request, "rounds.html", rounds=rows)


@router.get("/rounds/{code}")
def show(
    request: Request,
    code: Annotated[str, Path(max_length=LONGEST_CODE)],
    unit: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
) -> Response:
    """One round."""
    asked = visitor(request)
    said, t = words(asked.language), Said(asked.language)
    row = asked.run.store.load_round(code)
    if row is None:
        raise NotFound(what="round", name=code)
    if unit and not asked.registry.known(unit):
        raise UnknownName(what="unit", name=unit, known="–")
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    base = CaseList(
        seen_units=seen.units, seen_producers=seen.producers, round=code, units=asked.registry.ever_below(unit) if unit else None
    )
    columns = _columns(asked, base, code, unit)
    forecast = _forecast(asked, row) if not unit else {}
    return render(
        request, "round.html", round=row, state=said.name(row.state), columns=columns, total=sum(c.count for c in columns),
        late=sum(c.late for c in columns), marks=[_mark(s, asked, said, t, forecast) for s in _dates(asked, row)],
        areas=_areas(asked, base, columns, code, unit), unit=unit or "", unit_name=asked.registry.unit_name(unit, asked.today) if unit else "",
        units=_filters(asked), rehearsed=asked.run.rehearsal,
    )  # fmt: skip


def _dates(asked: Asked, row: RoundRow) -> list[StageRow]:
    return list(ruling_dates(asked.run.store.stages(round=row.code), row.plan).values())


def _columns(asked: Asked, base: CaseList, code: str, unit: str | None) -> list[Column]:
    """Steps in which there are cases, in the order of the passage."""
    found = []
    for state in CaseState:
        query = replace(base, states=(str(state),))
        count = asked.run.store.case_count(query)
        if count:
            late = asked.run.store.case_count(replace(query, overdue_at=asked.received)) if state in RUNNING else 0
            found.append(Column(str(state), count, late, _link(code, unit, state=state), _link(code, unit, state=state, late="1")))
    return found


def _link(code: str, unit: str | None, **given: str) -> str:
    asked = {"round": code, **({"unit": unit} if unit else {}), **given}
    return f"/cases?{urlencode(asked)}"


def _mark(row: StageRow, asked: Asked, said: Words, t: Said, forecast: dict[tuple[Stage, datetime], Expected]) -> Mark:
    cutoff = row.cutoff
    left, urgency = countdown(cutoff, asked.received, t) if cutoff else ("", "calm")
    if cutoff is not None and cutoff <= asked.received:
        left, urgency = t("mark.passed"), "calm"
    expected = forecast.get((Stage(row.stage), cutoff)) if cutoff else None
    told = ""
    if expected is not None and expected.due_at > asked.received:
        with speaking(asked.language):
            told = t("forecast.said", cases=expected.cases, missed=counted(expected))
    return Mark(
        stage=said.stage(row.stage), last_day=said.last_day(cutoff) if cutoff else "–", phrase=row.phrase, source=row.source,
        effect=said.name(row.effect), left=left, urgency=urgency, firm=row.firm, forecast=told,
    )  # fmt: skip


def _forecast(asked: Asked, row: RoundRow) -> dict[tuple[Stage, datetime], Expected]:
    """What is to be expected of a round, for those in whose territory all of it lies."""
    whole = asked.registry.chain(row.unit, asked.today)
    own = {h.unit for h in asked.registry.holdings(asked.caller.person, asked.today) if h.seat.function is not Function.PRODUCER}
    if row.state is RoundState.CLOSED or not own & set(whole):
        return {}
    return {(each.stage, each.due_at): each for each in asked.run.forecasts.round(row.code).dates}


def _filters(asked: Asked) -> list[tuple[str, str]]:
    """Units by which a round may be looked at: those below the reader's own that have others below them, and their own."""
    registry, day = asked.registry, asked.today
    own = {h.unit for h in registry.holdings(asked.caller.person, day) if h.seat.function is not Function.PRODUCER}
    below = dict.fromkeys(code for unit in own for code in registry.below(unit, day))
    parents = {row.parent for row in registry.units_on(day)}
    return [(code, registry.unit_name(code, day)) for code in sorted(below) if code in parents or len(below) <= 1]


def _areas(asked: Asked, base: CaseList, columns: list[Column], code: str, unit: str | None) -> list[Area]:
    """The same by the units directly below the one that is looked at."""
    registry, day = asked.registry, asked.today
    own = [h.unit for h in registry.holdings(asked.caller.person, day) if h.seat.function is not Function.PRODUCER]
    top = unit or next(iter(own), None)
    if top is None or not columns:
        return []
    found = []
    for row in registry.units_on(day):
        if row.parent != top:
            continue
        query = replace(base, units=registry.ever_below(row.code))
        total = asked.run.store.case_count(query)
        if not total:
            continue
        counts = [asked.run.store.case_count(replace(query, states=(c.state,))) for c in columns]
        cells = tuple((n, _link(code, row.code, state=c.state)) for n, c in zip(counts, columns, strict=True))
        late = asked.run.store.case_count(replace(query, overdue_at=asked.received, states=tuple(map(str, RUNNING))))
        found.append(Area(row.code, row.name, cells, total, late, _link(code, row.code, late="1")))
    return found
