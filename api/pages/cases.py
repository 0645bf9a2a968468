"""*Hồ sơ*: one case: where it stands, until when and why, what can be done and why not, what happened, and who was told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from api.asking import Asked, visible_case
from api.cli.context import speaking
from api.cli.render import history_lines, who
from api.pages.drawing import Move, picture
from api.pages.frame import Said, countdown, render, visitor
from api.pages.offers import waits_for
from api.schemas.common import LONGEST_CODE
from api.showing import Names
from states.case import case_chart
from states.chart import Offer
from states.refusal import Code as Reason
from states.vocabulary import Duty, Event, Function
from states.words import Words, words
from workflow.ledger.entry import Entry
from workflow.ports import LoadedCase
from workflow.provenance import Dated, Provenance, Why
from workflow.rows import StoredEntry
from workflow.situation import law_of
from workflow.telling import DeliveryQuery
from workflow.timeline import Line, opened

router = APIRouter(tags=["pages"])
CaseCode = Annotated[str, Path(max_length=LONGEST_CODE)]
_MOST_TOLD = 60


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry as a layperson reads it."""

    seq: int
    at: datetime
    what: str
    to: str | None
    who: str
    details: tuple[str, ...]
    denied: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A date that was set for a stage: what it says, why it rules or gives way, who laid it down."""

    last_day: str
    phrase: str
    source: str
    standing: str
    notes: tuple[str, ...]
    entered: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline with its reasons."""

    stage: str
    round: str | None
    effect: str
    left: str
    urgency: str
    ruling: Day
    others: tuple[Day, ...]
    missed: bool


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can happen to the case: what, and if not, why not and who can mend it."""

    event: str
    name: str
    reasons: tuple[tuple[str, str], ...] = ()
    who: str = ""
    from_paper: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What was told about the case at one time, and to whom."""

    at: datetime
    what: str
    who: tuple[tuple[str, str], ...]
    ways: tuple[tuple[str, str], ...]


@router.get("/cases/{code}")
def show(request: Request, code: CaseCode, done: Annotated[int | None, Query(ge=1, le=1_000_000)] = None) -> Response:
    """One case."""
    asked = visitor(request)
    loaded = visible_case(asked, code)
    return render(request, "case.html", **described(asked, loaded, done))


def described(asked: Asked, loaded: LoadedCase, done: int | None = None) -> dict[str, Any]:
    """Everything that the page of a case says."""
    case, said, t = loaded.case, words(asked.language), Said(asked.language)
    stored = list(asked.run.store.entries(case.code))
    entries = [opened(each) for each in stored]
    history = happened(asked, stored)
    situation = asked.run.engine.situation(case.code, asked.caller.person, asked.received)
    chart = case_chart(law_of(case, asked.received).id)
    moves = [Move(e.from_, str(e.to)) for e in _done(entries) if e.to]
    path = dict.fromkeys(said.label("state", move.target) for move in moves)
    title = t("chart.said", now=said.name(case.state), path=" → ".join(path))
    return {
        "case": case, "names": Names(asked, [case]).of(case), "done": next((h for h in history if h.seq == done), None), "history": history[::-1],
        "actions": offered(situation.offers, said, recorder=_records(asked)), "deadlines": deadlines(asked, case.code, said, t),
        "chart": picture(chart, case.state, moves, said, title), "told": told(asked, case.code, said, t), "results": results(case.memo, said),
        "asked": [h for h in history if str(h.seq) in case.memo.get("asked", {})], "law": said.label("regime", case.regime), "entries": {e.entry.case_seq: e for e in entries},
        "next": waits_for(situation.offers, said, t),
    }  # fmt: skip


def _records(asked: Asked) -> bool:
    """Whether the reader may type acts on paper of bodies that do not sign in."""
    return any(h.seat.function is Function.OFFICER for h in asked.registry.holdings(asked.caller.person, asked.today))


def _done(entries: Iterable[Line]) -> Iterable[Entry]:
    return (line.entry for line in entries if line.entry.outcome == "done")


def happened(asked: Asked, stored: Sequence[StoredEntry]) -> list[Happened]:
    """A history in words, oldest first."""
    found, said = [], words(asked.language)
    with speaking(asked.language):
        for each in stored:
            line = opened(each)
            entry = line.entry
            told_lines = [text.strip() for text in history_lines([line], said)]
            what, to = said.label("event", entry.event), said.label("state", str(entry.to))
            moved = entry.to and entry.to != entry.from_ and entry.outcome == "done" and to != what
            found.append(
                Happened(
                    seq=each.seq,
                    at=line.at,
                    what=what,
                    to=to if moved else None,
                    who=who(line),
                    details=tuple(told_lines[2:]),
                    denied=entry.outcome == "denied",
                )
            )
    return found


def deadlines(asked: Asked, code: str, said: Words, t: Said) -> list[Deadline]:
    """Every running deadline, and the one that deferred the case, each with winner and losers."""
    return [_deadline(asked, why, said, t) for why in Provenance(asked.run.store).why(code)]


def _deadline(asked: Asked, why: Why, said: Words, t: Said) -> Deadline:
    cutoff = why.ruling.cutoff
    left, urgency = countdown(cutoff, asked.received, t) if cutoff else ("", "calm")
    with speaking(asked.language):
        ruling, others = _day(why.ruling, said, t), tuple(_day(other, said, t) for other in why.others)
    return Deadline(said.name(why.stage), why.round, said.name(why.effect), left, urgency, ruling, others, why.missed)


def _day(dated: Dated, said: Words, t: Said) -> Day:
    entered = ""
    if dated.entered is not None:
        entry = dated.entered.entry
        section = "planevent" if str(entry.kind) == "plan" else "event"
        entered = f"{said.label(section, entry.event)}, {said.instant(entry.recorded_at)}, {who(dated.entered)}"
    notes = [said.label("option", dated.reading)] if dated.reading else []
    notes += [t("day.calendar", name=dated.calendar)] if dated.calendar else []
    notes += [] if dated.firm else [t("day.expected")]
    return Day(
        last_day=said.last_day(dated.cutoff) if dated.cutoff else "–",
        phrase=dated.phrase,
        source=dated.source,
        standing=said.label("standing", str(dated.standing)),
        notes=tuple(notes),
        entered=entered,
    )


def offered(offers: Sequence[Offer], said: Words, *, recorder: bool) -> dict[str, list[Action]]:
    """What can be done, by whether the reader can: ``now``, ``blocked`` (theirs, but not yet), ``others`` (somebody else's), ``elsewhere``."""
    groups: dict[str, list[Action]] = {"now": [], "blocked": [], "others": [], "elsewhere": []}
    for offer in offers:
        rule = offer.rule
        if offer.event is Event.REGISTER or (rule is not None and rule.duty is Duty.AUTOMATIC) or _of_system(offer):
            continue
        reasons = tuple((said.refusal(reason), said.holder(reason.holder)) for reason in offer.reasons)
        seats = ", ".join(dict.fromkeys(said.seat(seat.function, seat.level) for seat in rule.seats)) if rule else ""
        paper = bool(rule and rule.paper and recorder and not offer.allowed)
        action = Action(str(offer.event), said.name(offer.event), reasons, seats, paper)
        groups[_group(offer)].append(action)
    return groups


def _of_system(offer: Offer) -> bool:
    return any(reason.code is Reason.SYSTEM_ONLY for reason in offer.reasons)


def _group(offer: Offer) -> str:
    if offer.allowed:
        return "now"
    if offer.rule is None:
        return "elsewhere"
    return "others" if any(reason.code is Reason.FUNCTION_REQUIRED for reason in offer.reasons) else "blocked"


def results(memo: dict[str, Any], said: Words) -> list[str]:
    """Results of the levels, in words."""
    found = []
    for level, result in memo.get("results", {}).items():
        found.append(f"{said.label('level', level)}: {said.number(Fraction(result['mean']))} – {said.label('stars', str(result['stars']))}")
    return found


def told(asked: Asked, code: str, said: Words, t: Said) -> list[Told]:
    """Who was told what about the case, the latest first."""
    store, registry = asked.run.store, asked.registry
    ways: dict[str, list[tuple[str, str]]] = {}
    for delivery in store.deliveries(DeliveryQuery(subject=code, limit=_MOST_TOLD * 3)):
        if delivery.message:
            ways.setdefault(delivery.message, []).append((t(f"channel.{delivery.channel}"), t(f"delivery.{delivery.state}")))
    groups: dict[tuple[datetime, str, tuple[tuple[str, str], ...]], dict[tuple[str, str], None]] = {}
    for item, message in store.told(code, None, _MOST_TOLD):
        if item.moot:
            continue
        what = _said_of(item.kind, item.rung, message.body, code, said, t)
        heard = groups.setdefault((message.send_at, what, tuple(ways.get(message.id, ()))), {})
        heard[registry.person(item.recipient).name, t(f"part.{item.part}")] = None
    return [Told(at, what, tuple(heard), how) for (at, what, how), heard in groups.items()]


def _said_of(kind: str, rung: str, body: str | None, code: str, said: Words, t: Said) -> str:  # noqa: PLR0913 - what a line is made of
    if kind == "event":
        return t("told.event", what=said.label("event", rung))
    lines = orjson.loads(body).get("lines", []) if body else []
    stage = next((said.stage(line["stage"]) for line in lines if line.get("subject") == code and line.get("stage")), None)
    what = t("told.before") if rung.startswith("T-") else t("told.after")
    return f"{what}: {stage}" if stage else what
