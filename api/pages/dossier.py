"""What a dossier holds and lacks, which papers of the offices have come, and the attempts of a case: all read off its entries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from api.pages.drawing import MAIN
from api.pages.frame import Said
from states.case import KIND_OF
from states.chart import Chart, Rule
from states.payload import Kind
from states.regime import local_date
from states.vocabulary import CaseState, Duty, Event, StateKind
from states.words import Words
from workflow.ledger.entry import Entry

_OFFICES = (Event.SELECT, Event.CONCLUDE, Event.CERTIFY, Event.FORWARD, Event.NOMINATE)
"""Acts of the usual passage that rest on papers of an office, in their order."""

_ORDER = ("asked", "there", "missing")
_UNUSUAL = frozenset({CaseState.NATIONAL_NOMINATION})
"""States that few cases come to: their papers are listed only where a case is there, or has been."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper of a dossier. ``standing`` is ``there``, ``asked`` (to be completed) or ``missing``."""

    name: str
    standing: str
    whose: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the producer's dossier has, and the papers of the offices."""

    papers: tuple[Paper, ...]
    offices: tuple[Paper, ...]
    samples: int | None
    filed: bool

    @property
    def there(self) -> int:
        """How many of the producer's papers are there."""
        return sum(paper.standing == "there" for paper in self.papers)

    @property
    def asked(self) -> int:
        """How many have to be completed."""
        return sum(paper.standing == "asked" for paper in self.papers)


def dossier(entries: Iterable[Entry], chart: Chart, state: CaseState, attempt: int, said: Words) -> Dossier:
    """Read a dossier off the entries of a case, oldest first."""
    rule = next(rule for rule in chart.rules if rule.event is Event.FILE)
    listed = next(field.options for field in rule.payload if field.name == "documents")
    there: dict[str, datetime] = {}
    asked: dict[str, datetime] = {}
    samples, filed, done = None, False, [entry for entry in entries if entry.outcome == "done"]
    for entry in done:
        named = [str(name) for name in entry.data.get("documents", ())]
        if entry.event == Event.FILE:
            there, asked, filed = dict.fromkeys(named, entry.effective_at), {}, True
        elif entry.event == Event.COMPLETE:
            there |= dict.fromkeys(named, entry.effective_at)
            asked = {name: at for name, at in asked.items() if name not in named}
        elif entry.event == Event.RETURN_FOR_COMPLETION:
            asked |= dict.fromkeys(named, entry.effective_at)
        if isinstance(entry.data.get("samples"), int):
            samples = entry.data["samples"]
    whose = said.name(rule.seats[0].function) if rule.seats else ""
    papers = []
    for name in listed:
        standing = "asked" if name in asked else "there" if name in there else "missing"
        since = asked.get(name) or there.get(name)
        papers.append(Paper(said.label("option", name), standing, whose, said.day(local_date(since)) if since else ""))
    papers.sort(key=lambda paper: _ORDER.index(paper.standing))
    return Dossier(tuple(papers), _offices(done, chart, state, attempt, said), samples, filed)


def _offices(done: Sequence[Entry], chart: Chart, state: CaseState, attempt: int, said: Words) -> tuple[Paper, ...]:
    """Papers that acts of offices rest on: those that have come in this attempt, and those that the passage still asks for."""
    rules = [rule for rule in chart.rules if rule.event in _OFFICES and rule.duty is not Duty.AUTOMATIC and rule.source in MAIN]
    rules.sort(key=lambda rule: (MAIN.index(CaseState(rule.source)), _OFFICES.index(rule.event)))
    found: dict[tuple[str, str], Paper] = {}
    for rule in rules:
        mine = [
            e for e in done if e.event == rule.event and e.from_ == rule.source and (e.attempt == attempt or rule.event is Event.SELECT)
        ]
        if not mine and ((rule.source in _UNUSUAL and state not in _UNUSUAL) or rule.event is Event.NOMINATE):
            continue
        for field in _numbers(rule):
            found[f"{rule.event}:{rule.source}", field] = _office(rule, field, mine[-1] if mine else None, said)
    return tuple(found.values())


def _numbers(rule: Rule) -> list[str]:
    """Numbers of papers that a rule cannot do without."""
    return [field.name for field in rule.payload if field.required and field.kind is Kind.CODE and field.name.endswith("_no")]


def _office(rule: Rule, field: str, entry: Entry | None, said: Words) -> Paper:
    # A letter or notice is called by what it does, everything else by what it is and where.
    name = said.label("field", field).removeprefix("số ").removesuffix(" number")
    what = f"{name} {said.name(rule.event)}" if field == "document_no" else f"{name} ({said.label('state', str(rule.source))})"
    whose = ", ".join(dict.fromkeys(said.seat(seat.function, seat.level) for seat in rule.seats))
    if entry is None or field not in entry.data:
        return Paper(what, "missing", whose)
    day = entry.data.get(f"{field.removesuffix('_no')}_date")
    since = str(entry.data[field]) + (f", {said.day(date.fromisoformat(str(day)))}" if day else "")
    return Paper(what, "there", whose, since)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One passage of a case: since when, in which rounds, with which results, and how it ended (empty while it runs)."""

    number: int
    since: str
    rounds: tuple[str, ...]
    results: tuple[str, ...]
    end: str


def attempts(entries: Iterable[Entry], said: Words, t: Said) -> list[Attempt]:
    """The attempts of a case, the first one first."""
    groups: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.outcome == "done" and entry.attempt is not None:
            groups.setdefault(entry.attempt, []).append(entry)
    return [_attempt(number, group, said, t) for number, group in sorted(groups.items())]


def result_line(level: str, mean: str, stars: str, said: Words, t: Said) -> str:
    """A council's result: whose, the mean as an exact fraction in words, and the stars."""
    return t("result.line", level=said.label("level", level), mean=said.number(Fraction(mean)), stars=said.label("stars", stars))


def _attempt(number: int, group: Sequence[Entry], said: Words, t: Said) -> Attempt:
    rounds = dict.fromkeys(str(code) for entry in group for code in (entry.round or {}).values() if code)
    results = [
        result_line(str(entry.result["level"]), str(entry.result["mean"]), str(entry.result["stars"]), said, t)
        for entry in group
        if entry.result
    ]
    last = next((entry for entry in reversed(group) if entry.to and entry.to != entry.from_), group[-1])
    rests = last.to in set(CaseState) and KIND_OF[CaseState(str(last.to))] is not StateKind.ACTIVE
    end = f"{said.label('state', str(last.to))}, {said.day(local_date(last.effective_at))}" if rests else ""
    return Attempt(number, said.day(local_date(group[0].effective_at)), tuple(rounds), tuple(results), end)
