"""*Tiến độ đợt đánh giá*: how far the cases of a round are, what is late, how long there is still, and what is to be expected."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
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
from workflow.roundoffers import EVENT_OF, RoundAct, offers
from workflow.rows import RoundRow, StageRow
from workflow.timeline import opened

Foreseen = tuple[Expected, int]
"""What is expected before a date, and how many finished waits that rests on."""

router = APIRouter(tags=["pages"])
RoundCode = Annotated[str, Path(max_length=LONGEST_CODE)]
Unit = Annotated[str | None, Query(max_length=LONGEST_CODE)]


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


Tally = dict[tuple[str, str], int]
"""Cases by unit and state."""


@dataclass(frozen=True, slots=True)
class Act:
    """What an office does with the round: where, and what stands against it."""

    act: str
    reasons: tuple[tuple[str, str], ...]


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
    return render(request, "rounds.html", rounds=listed(visitor(request)))


def listed(asked: Asked) -> list[dict[str, Any]]:
    """All rounds with what the reader may see of each, the latest first."""
    said, t = words(asked.language), Said(asked.language)
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    rows: list[dict[str, Any]] = []
    found = asked.run.store.rounds()
    members = [CaseList(seen_units=seen.units, seen_producers=seen.producers, round=row.code) for row in found]
    late = [replace(each, overdue_at=asked.received, states=tuple(map(str, RUNNING))) for each in members]
    counts = asked.run.store.case_counts([*members, *late])
    for row, count, overdue in zip(found, counts, counts[len(found) :], strict=False):
        ahead = [s for s in _dates(asked, row) if s.cutoff and s.cutoff > asked.received]
        rows.append(
            {
                "code": row.code, "name": t("round.name", number=row.number, year=row.year), "state": said.name(row.state),
                "open": row.state is not RoundState.CLOSED, "count": count, "late": overdue,
                "unit": asked.registry.unit_name(row.unit, asked.today), "next": _mark(ahead[0], asked, said, t, {}) if ahead else None,
            }
        )  # fmt: skip
    rows.sort(key=lambda row: (bool(row["open"]), str(row["code"])), reverse=True)
    return rows


@router.get("/rounds/{code}")
def show(
    request: Request,
    code: RoundCode,
    unit: Unit = None,
    done: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
    did: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """One round."""
    asked = visitor(request)
    found = shown(asked, code, unit)
    return render(request, "round.html", **found, done=_done(asked, code, done), rolled=did == "rollover", **_acts(asked, found["round"]))


def _acts(asked: Asked, row: RoundRow) -> dict[str, Any]:
    """What an office does with the round, for those who hold any function of an office."""
    said = words(asked.language)
    holdings = asked.registry.holdings(asked.caller.person, asked.today)
    if all(h.seat.function is Function.PRODUCER for h in holdings):
        return {"acts": [], "not_now": []}
    found = [
        Act(str(o.act), tuple((said.refusal(r), said.holder(r.holder)) for r in o.reasons))
        for o in offers(asked.run.rounds, row.code, actor=asked.caller.person)
    ]
    return {"acts": [a for a in found if not a.reasons], "not_now": [a for a in found if a.reasons]}


def _done(asked: Asked, code: str, seq: int | None) -> dict[str, Any] | None:
    """What was just written into the round's history."""
    stored = next((each for each in asked.run.store.entries(code) if each.seq == seq), None) if seq else None
    if stored is None:
        return None
    line = opened(stored)
    act = next((act for act, event in EVENT_OF.items() if event == stored.event and act is not RoundAct.ROLLOVER), None)
    return {"seq": seq, "act": str(act) if act else None, "at": line.at}


def shown(asked: Asked, code: str, unit: str | None) -> dict[str, Any]:
    """Everything that the page of a round shows, of one unit or of all that the reader may see.

    Raises:
        NotFound: No such round.
        UnknownName: No such unit.
    """
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
    # Of all units: which lay in another at its time is more than lies in it today.
    members, late = (_tally(asked, replace(base, units=None), late=each) for each in (False, True))
    columns = _columns(_within(base.units, members), _within(base.units, late), code, unit)
    forecast = _forecast(asked, row) if not unit else {}
    return {
        "round": row, "unit_of_round": asked.registry.unit_name(row.unit, asked.today), "state": said.name(row.state), "columns": columns, "total": sum(c.count for c in columns),
        "late": sum(c.late for c in columns), "marks": [_mark(s, asked, said, t, forecast) for s in _dates(asked, row)],
        "areas": _areas(asked, members, late, columns, code, unit), "unit": unit or "",
        "unit_name": asked.registry.unit_name(unit, asked.today) if unit else "", "units": _filters(asked), "rehearsed": asked.run.rehearsal,
        "deferred": next((c.count for c in columns if c.state == CaseState.DEFERRED), 0),
    }  # fmt: skip


def _dates(asked: Asked, row: RoundRow) -> list[StageRow]:
    return list(ruling_dates(asked.run.store.stages(round=row.code), row.plan).values())


def _tally(asked: Asked, base: CaseList, *, late: bool) -> Tally:
    """How many cases stand where, or how many of them are late."""
    query = replace(base, overdue_at=asked.received, states=tuple(map(str, RUNNING))) if late else base
    return asked.run.store.case_tally(query)


def _within(units: Iterable[str] | None, tally: Tally) -> Counter[str]:
    """Cases of some units by state; None: of all."""
    among, found = None if units is None else frozenset(units), Counter[str]()
    for (unit, state), count in tally.items():
        if among is None or unit in among:
            found[state] += count
    return found


def _columns(members: Counter[str], late: Counter[str], code: str, unit: str | None) -> list[Column]:
    """Steps in which there are cases, in the order of the passage."""
    return [
        Column(str(state), members[state], late[state], _link(code, unit, state=state), _link(code, unit, state=state, late="1"))
        for state in CaseState
        if members[state]
    ]


def _link(code: str, unit: str | None, **given: str) -> str:
    asked = {"round": code, **({"unit": unit} if unit else {}), **given}
    return f"/cases?{urlencode(asked)}"


def _mark(row: StageRow, asked: Asked, said: Words, t: Said, forecast: dict[tuple[Stage, datetime], Foreseen]) -> Mark:
    cutoff = row.cutoff
    left, urgency = countdown(cutoff, asked.received, t) if cutoff else ("", "calm")
    if cutoff is not None and cutoff <= asked.received:
        left, urgency = t("mark.passed"), "calm"
    expected = forecast.get((Stage(row.stage), cutoff)) if cutoff else None
    told = ""
    if expected is not None and expected[0].due_at > asked.received:
        with speaking(asked.language):
            told = t("forecast.said", cases=expected[0].cases, missed=counted(expected[0]))
        told += " " + t("forecast.ground", count=expected[1]) if expected[1] else ""
    return Mark(
        stage=said.stage(row.stage), last_day=said.last_day(cutoff) if cutoff else "–", phrase=row.phrase, source=row.source,
        effect=said.name(row.effect), left=left, urgency=urgency, firm=row.firm, forecast=told,
    )  # fmt: skip


def _forecast(asked: Asked, row: RoundRow) -> dict[tuple[Stage, datetime], Foreseen]:
    """What is to be expected of a round, for those in whose territory all of it lies, and on how many finished waits it rests."""
    whole = asked.registry.chain(row.unit, asked.today)
    own = {h.unit for h in asked.registry.holdings(asked.caller.person, asked.today) if h.seat.function is not Function.PRODUCER}
    if row.state is RoundState.CLOSED or not own & set(whole):
        return {}
    found = asked.run.forecasts.round(row.code)
    rests: dict[tuple[Stage, datetime], dict[tuple[str, ...], int]] = {}
    for chance in found.chances:
        if chance.ground is not None:
            key = (str(chance.at), str(chance.ground.pool), str(chance.ground.met))
            rests.setdefault((chance.due.stage, chance.due.at), {})[key] = chance.ground.met
    met = {date: sum(each.values()) for date, each in rests.items()}
    return {(each.stage, each.due_at): (each, met.get((each.stage, each.due_at), 0)) for each in found.dates}


def _filters(asked: Asked) -> list[tuple[str, str]]:
    """Units by which a round may be looked at: those below the reader's own that have others below them, and their own."""
    registry, day = asked.registry, asked.today
    own = {h.unit for h in registry.holdings(asked.caller.person, day) if h.seat.function is not Function.PRODUCER}
    below = dict.fromkeys(code for unit in own for code in registry.below(unit, day))
    parents = {row.parent for row in registry.units_on(day)}
    return [(code, registry.unit_name(code, day)) for code in sorted(below) if code in parents or len(below) <= 1]


def _areas(  # noqa: PLR0913 - what was counted, and of what
    asked: Asked, members: Tally, late: Tally, columns: list[Column], code: str, unit: str | None
) -> list[Area]:
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
        below = registry.ever_below(row.code)
        mine = _within(below, members)
        if not mine:
            continue
        cells = tuple((mine[c.state], _link(code, row.code, state=c.state)) for c in columns)
        found.append(Area(row.code, row.name, cells, mine.total(), _within(below, late).total(), _link(code, row.code, late="1")))
    return found
