"""Rows as others see them: plain values with names in both languages, and nothing that is not theirs to see."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from api.asking import Asked, etag
from api.bootstrap import Runtime
from api.told import LANGUAGES
from deadlines import ladder
from states.chart import Rule
from states.payload import Field, Kind
from states.regime import VIETNAM, local_date
from states.vocabulary import Event, Stage
from states.words import words
from workflow.casebook import Line, Shown
from workflow.commands import Receipt
from workflow.ledger.entry import Entry, parse
from workflow.overriding import USED, Override
from workflow.receipts import confirmation_id
from workflow.rows import CaseRow, StageRow, TermRow
from workflow.toldbook import Step

ZONE = "Asia/Ho_Chi_Minh"
_PARTS = (", mục ", ", mốc ")
_HIDDEN = frozenset({"head_hash", "head_seq"})


@lru_cache(maxsize=4096)
def iso(moment: datetime) -> str:
    """An instant in the time of Viet Nam."""
    return moment.astimezone(VIETNAM).isoformat()


@lru_cache(maxsize=4096)
def last_valid_day(cutoff: datetime) -> str:
    """The local day of the last moment before an exclusive instant."""
    return ladder.last_valid_day(cutoff).isoformat()


def both(section: str, key: str) -> dict[str, str]:
    """A label in both languages."""
    return dict(_both(section, key))


@lru_cache(maxsize=4096)
def _both(section: str, key: str) -> tuple[tuple[str, str], ...]:
    return tuple((language, words(language).label(section, key)) for language in LANGUAGES)


def source_json(source: str) -> dict[str, str | None]:
    """The paper and the item in which a date stands."""
    for part in _PARTS:
        document, found, item = source.rpartition(part)
        if found:
            return {"doc": document, "item": (found + item).removeprefix(", ")}
    return {"doc": source, "item": None}


Steps = Mapping[str, Sequence[Step]]
"""Steps of reminding by deadline."""


def steps_of(run: Runtime, terms: Iterable[TermRow]) -> Steps:
    """The steps of some deadlines, read at once."""
    found: dict[str, list[Step]] = {}
    ids = [term.id for term in terms]
    for step in run.store.steps(ids) if ids else ():
        found.setdefault(step.duty, []).append(step)
    return found


def _step_json(step: Step) -> dict[str, Any]:
    return {"key": step.rung, "at": iso(step.at), "sent": iso(step.fired_at) if step.fired_at else None}


def deadline_json(term: TermRow, stages: Mapping[str, StageRow], shifts: "Shifts", steps: Steps | None) -> dict[str, Any]:
    """A deadline of a case; without ``steps`` it is one of the past, of which nobody kept what was planned to be told."""
    stage = stages.get(term.deadline)
    kind = stage.kind if stage is not None else "span" if term.calendar is not None else "named-day"
    return {
        "id": term.id,
        "effect": str(term.effect),
        "kind": kind,
        "stage": str(term.stage),
        "stage_name": both("stage", str(term.stage)),
        "phrase": term.phrase,
        "bound": "exclusive",
        "zone": ZONE,
        "cutoff": iso(term.due_at),
        "last_valid_day": last_valid_day(term.due_at),
        "source": source_json(term.source),
        "round": term.round,
        "calendar": term.calendar,
        "status": str(term.status),
        "suspended_days": shifts.suspended(term) if term.calendar else 0,
        "extensions": shifts.extensions(term) if term.calendar else [],
        "rungs": None if steps is None else [_step_json(step) for step in steps.get(term.id, ())],
    }


class Shifts:
    """What papers have done to the spans of a case: extensions, and days in which a span stood still."""

    def __init__(self, entries: Iterable[Entry], today: date) -> None:
        """Read the acts on spans from a history; what still stands still is counted up to ``today``."""
        self._acts = [e for e in entries if e.outcome == "done" and e.event in {Event.EXTEND, Event.SUSPEND, Event.RESUME}]
        self._today = today

    def _of(self, term: TermRow) -> list[Entry]:
        return [e for e in self._acts if e.data.get("term") == str(term.stage) and e.attempt == term.attempt]

    def extensions(self, term: TermRow) -> list[dict[str, Any]]:
        """Each extension: how many of the span's own days, by which paper, when."""
        acts = (e for e in self._of(term) if e.event == Event.EXTEND)
        return [{"days": e.data["days"], "document_no": e.data.get("document_no"), "at": iso(e.effective_at)} for e in acts]

    def suspended(self, term: TermRow) -> int:
        """Calendar days in which the span stood still."""
        total, since = 0, None
        for act in self._of(term):
            day = local_date(act.effective_at)
            if act.event == Event.SUSPEND:
                since = day
            elif act.event == Event.RESUME and since is not None:
                total, since = total + (day - since).days, None
        return total + ((self._today - since).days if since is not None else 0)


class Names:
    """Names of products, producers and units of several cases, each read once."""

    def __init__(self, asked: Asked, cases: Sequence[CaseRow], shown: Shown | None = None) -> None:
        """Read the names of what these cases name, unless they came with the case."""
        store = asked.run.store
        if shown is not None:
            self._products, self._producers = {shown.case.product: shown.product}, {shown.case.producer: shown.producer}
        else:
            self._products = store.product_names({c.product for c in cases}) if cases else {}
            self._producers = store.producer_names({c.producer for c in cases}) if cases else {}
        self._units: dict[str, str] = {}
        self._registry = asked.run.engine.world().registry
        self._day = asked.today

    def of(self, case: CaseRow) -> dict[str, dict[str, str]]:
        """Product, producer and unit with their names."""
        unit = self._units.get(case.unit)
        if unit is None:
            unit = self._units[case.unit] = self._registry.unit_name(self._registry.present(case.unit, self._day), self._day)
        return {
            "product": {"code": case.product, "name": self._products.get(case.product, case.product)},
            "producer": {"code": case.producer, "name": self._producers.get(case.producer, case.producer)},
            "unit": {"code": case.unit, "name": unit},
        }


def lines_json(asked: Asked, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The cases of a page; what is the same of several of them is made once."""
    registry, day = asked.run.engine.world().registry, asked.today
    units = {code: {"code": code, "name": registry.unit_name(registry.present(code, day), day)} for code in {line.unit for line in lines}}
    states = {state: both("state", state) for state in {line.state for line in lines}}
    found = []
    for code, product, producer, unit, kind, state, round_, attempt, version, product_name, producer_name, due_at in lines:
        found.append(
            {
                "code": code,
                "product": {"code": product, "name": product_name or product},
                "producer": {"code": producer, "name": producer_name or producer},
                "unit": units[unit],
                "kind": kind,
                "state": state,
                "state_name": states[state],
                "round": round_,
                "attempt": attempt,
                "version": version,
                "due_at": iso(due_at) if due_at else None,
                "last_valid_day": last_valid_day(due_at) if due_at else None,
            }
        )
    return found


def case_json(  # noqa: PLR0913 - what was read, each once
    asked: Asked, case: CaseRow, terms: Iterable[TermRow], entries: Sequence[Entry], steps: Steps | None, shown: Shown | None = None
) -> dict[str, Any]:
    """A case with its deadlines; without ``steps`` as it stood, with ``shown`` where its names were read with it."""
    stages = asked.run.engine.world().book.deadlines
    shifts = Shifts(entries, asked.today)
    return {
        "code": case.code,
        **Names(asked, [case], shown).of(case),
        "kind": str(case.kind),
        "state": str(case.state),
        "state_name": both("state", str(case.state)),
        "origin": case.origin,
        "left": case.left,
        "regime": case.regime,
        "pinned": case.pinned,
        "round": case.round,
        "central_round": case.central_round,
        "certificate": case.certificate,
        "attempt": case.attempt,
        "version": case.version,
        "results": case.memo.get("results", {}),
        "awaits_confirmation": [confirmation_id(case.code, int(seq)) for seq in sorted(case.memo.get("asked", {}), key=int)],
        "overridden": list(case.memo.get(USED, ())),
        "registered_at": iso(case.registered_at),
        "updated_at": iso(case.updated_at),
        "deadlines": [deadline_json(t, stages, shifts, steps) for t in sorted(terms, key=lambda t: (t.due_at, t.id))],
    }


def entries_of(asked: Asked, code: str) -> list[Entry]:
    """A history, oldest first."""
    return [parse(stored.body) for stored in asked.run.store.entries(code)]


def field_json(field: Field) -> dict[str, Any]:
    """A field of a payload."""
    bounds = field.kind is Kind.INTEGER
    return {
        "name": field.name,
        "label": both("field", field.name),
        "kind": str(field.kind),
        "required": field.required,
        "options": list(field.options),
        "low": field.low if bounds else None,
        "high": field.high if bounds else None,
    }


def rule_json(rule: Rule | None) -> dict[str, Any]:
    """What an event asks for, and of whom."""
    return {
        "who": [str(seat) for seat in rule.seats] if rule else [],
        "fields": [field_json(field) for field in rule.payload] if rule else [],
        "needs_reason": bool(rule and rule.reason),
        "from_paper": bool(rule and rule.paper),
    }


def receipt_json(receipt: Receipt, *, dry_run: bool) -> dict[str, Any]:
    """The answer to an act, the same whenever it is asked for again."""
    return {
        "case": {"code": receipt.case, "state": str(receipt.state), "version": receipt.version, "etag": etag(receipt.version)},
        "receipt": {
            "seq": receipt.seq, "leaf_hash": receipt.leaf_hash, "event": receipt.event, "source": receipt.source,
            "effective_at": iso(receipt.effective_at), "settled": list(receipt.settled), "notes": list(receipt.notes),
            "confirmation": receipt.confirmation,
        },
        "dry_run": dry_run,
    }  # fmt: skip


def row_json(row: Any) -> dict[str, Any]:
    """A row without what belongs to its history."""
    return {name: getattr(row, name) for name in row.__slots__ if name not in _HIDDEN}


def stage_json(stage: StageRow) -> dict[str, Any]:
    """A deadline of a plan or round."""
    known = stage.stage in set(Stage)
    return {
        "id": stage.id,
        "stage": stage.stage,
        "stage_name": both("stage" if known else "activity", stage.stage),
        "round": stage.round,
        "phrase": stage.phrase,
        "kind": stage.kind,
        "cutoff": iso(stage.cutoff) if stage.cutoff else None,
        "last_valid_day": last_valid_day(stage.cutoff) if stage.cutoff else None,
        "effect": str(stage.effect),
        "source": source_json(stage.source),
        "firm": stage.firm,
        "statutory": stage.statutory,
        "flags": list(stage.flags),
    }


def override_json(override: Override) -> dict[str, Any]:
    """An override, and what became of it."""
    given, used = override.given.entry, override.used.entry if override.used else None
    assert given.actor is not None  # noqa: S101 - somebody ordered it
    return {
        "case": override.case.code,
        "entry": given.case_seq,
        "step": given.data["step"],
        "overrides": list(given.data["overrides"]),
        "decision_no": given.data["decision_no"],
        "decision_date": given.data["decision_date"],
        "reason": override.given.text("reason"),
        "by": given.actor.id,
        "on_behalf_of": given.actor.on_behalf_of,
        "confirmed_by": given.data["confirmed_by"],
        "at": iso(given.effective_at),
        "used_by_entry": used.case_seq if used else None,
        "waits": override.waits,
    }
