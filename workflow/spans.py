"""Terms of the law that count days, extended, suspended and resumed while they run. Pure; what is remembered stands under ``spans``.

A named date is never moved for a single case, and a term that has expired is neither extended nor suspended. Counting: Civil Code 2015,
articles 147 and 148; the day of an act is not counted, so what was left when a term was suspended is counted on from the day after it is
resumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from deadlines.calendar import WorkingCalendar
from states.chart import Step
from states.errors import EventRefused
from states.facts import Facts
from states.refusal import NOBODY, Code, Holder, Refusal
from states.regime import Regime, local_date
from states.vocabulary import CaseState, Event, Function, Level, Stage, TermStatus
from workflow.progress import still_means
from workflow.rows import CaseRow, TermRow

SPAN_EVENTS = frozenset({Event.EXTEND, Event.SUSPEND, Event.RESUME})


class Counting(Protocol):
    """How the spans of a regime are counted; ``name`` is that of the span."""

    def length(self, law: Regime, name: str) -> tuple[int, str]:
        """How long it is by law, and in what: ``day``, ``working_day`` or ``month``."""

    def left(self, law: Regime, name: str, day: date, last: date, calendar: WorkingCalendar) -> int:
        """How many of its days lie after ``day`` up to ``last``, the last one included."""

    def end_after(self, law: Regime, name: str, day: date, count: int, calendar: WorkingCalendar) -> datetime:
        """The exclusive end ``count`` of its days after ``day``; 0 is the day itself if it is worked."""


@dataclass(slots=True)
class Shift:
    """What an act on a span does: terms that end and begin, and the memo ``spans`` after it."""

    closed: list[tuple[str, TermStatus]] = field(default_factory=list)
    opened: list[dict[str, Any]] = field(default_factory=list)
    spans: dict[str, Any] = field(default_factory=dict)


def spans_of(memo: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered of spans, by stage: ``extended`` (days so far), ``suspended`` (since when, and what was left), ``expired``."""
    return dict(memo.get("spans", {}))


def remembered(case: CaseRow | None, step: Step, goes_to: CaseState, ahead: tuple[Stage, ...], expired: TermRow | None) -> dict[str, Any]:
    """What stays remembered of spans after a step: of one that is met, means nothing any more or starts anew, nothing.

    Args:
        case: The case before; None when it is registered.
        step: The step.
        goes_to: The state that the case goes back to once it is in the step's target.
        ahead: Stages that it has still to meet there.
        expired: The term whose end made the system act.
    """
    anew = {*step.rule.meets, *((Stage.REASSESSMENT,) if step.event is Event.RETURN_FOR_COMPLETION else ())}
    spans = {
        stage: kept
        for stage, kept in (spans_of(case.memo) if case else {}).items()
        if Stage(stage) not in anew and still_means(Stage(stage), goes_to, ahead)
    }
    if expired is not None and expired.calendar is not None and step.event is Event.RECORD:
        spans[str(expired.stage)] = {**spans.get(str(expired.stage), {}), "expired": expired.due_at.isoformat()}
    return spans


def shifted(  # noqa: PLR0913
    case: CaseRow, terms: Sequence[TermRow], event: Event, facts: Facts, data: Mapping[str, Any], law: Counting, calendar: WorkingCalendar
) -> Shift:
    """Extend, suspend or resume the span that the payload names.

    Raises:
        EventRefused: ``named_date``, ``no_span``, ``span_expired``, ``span_suspended``, ``not_suspended`` or ``extension_too_long``.
    """
    stage = Stage(data["term"])
    spans = spans_of(case.memo)
    mine = dict(spans.get(str(stage), {}))
    if event is Event.RESUME:
        return _resumed(case, stage, spans, mine, facts, data, law, calendar)
    term = _running(case, terms, stage, mine, event, facts)
    out = Shift(closed=[(term.id, TermStatus.DROPPED)], spans=spans)
    last = last_day(term.due_at)
    if event is Event.EXTEND:
        length, unit = law.length(facts.regime, term.deadline)
        days, so_far = int(data["days"]), int(mine.get("extended", 0))
        if so_far + days > length:
            detail = {"stage": stage, "left": length - so_far, "limit": length, "unit": unit}
            raise _refused(case, event, Refusal(Code.EXTENSION_TOO_LONG, NOBODY, {**detail}))
        end = law.end_after(facts.regime, term.deadline, last, days, calendar)
        out.opened.append(_again(stage, _kept(term), end, calendar.edition, f"gia hạn thêm {days}", data))
        spans[str(stage)] = {**mine, "extended": so_far + days}
    else:
        today = local_date(facts.at)
        left = law.left(facts.regime, term.deadline, today, last, calendar)
        spans[str(stage)] = {**mine, "suspended": {**_kept(term), "since": today.isoformat(), "left": left}}
    return out


def last_day(end: datetime) -> date:
    """The local date of the last moment before an exclusive end."""
    return local_date(end - timedelta(microseconds=1))


def _resumed(  # noqa: PLR0913
    case: CaseRow,
    stage: Stage,
    spans: dict[str, Any],
    mine: dict[str, Any],
    facts: Facts,
    data: Mapping[str, Any],
    law: Counting,
    calendar: WorkingCalendar,
) -> Shift:
    waiting = mine.pop("suspended", None)
    if waiting is None:
        raise _refused(case, Event.RESUME, Refusal(Code.NOT_SUSPENDED, NOBODY, {}))
    today = local_date(facts.at)
    end = law.end_after(facts.regime, waiting["deadline"], today, waiting["left"], calendar)
    said = f"tạm dừng từ {date.fromisoformat(waiting['since']):%d/%m/%Y} đến {today:%d/%m/%Y}"
    spans.pop(str(stage))
    return Shift(
        opened=[_again(stage, waiting, end, calendar.edition, said, data)], spans={**spans, **({str(stage): mine} if mine else {})}
    )


def _running(case: CaseRow, terms: Sequence[TermRow], stage: Stage, mine: Mapping[str, Any], event: Event, facts: Facts) -> TermRow:  # noqa: PLR0913
    """The running span of a stage, or a refusal that says what there is instead."""
    running = [t for t in terms if t.stage is stage]
    span = next((t for t in running if t.calendar is not None), None)
    if span is not None and facts.at < span.due_at:
        return span
    if span is not None or "expired" in mine:
        due = span.due_at if span else datetime.fromisoformat(mine["expired"])
        raise _refused(case, event, Refusal(Code.SPAN_EXPIRED, NOBODY, {"stage": stage, "due_at": due}))
    if "suspended" in mine:
        since = datetime.combine(date.fromisoformat(mine["suspended"]["since"]), datetime.min.time(), facts.at.tzinfo)
        raise _refused(case, event, Refusal(Code.SPAN_SUSPENDED, NOBODY, {"stage": stage, "since": since}))
    if running:
        named = {"stage": stage, "phrase": running[0].phrase, "source": running[0].source}
        raise _refused(case, event, Refusal(Code.NAMED_DATE, Holder(Function.AUTHORITY, Level.PROVINCE), {**named}))
    raise _refused(case, event, Refusal(Code.NO_SPAN, NOBODY, {"state": case.state}))


def _refused(case: CaseRow, event: Event, refusal: Refusal) -> EventRefused:
    return EventRefused([refusal], case=case.code, event=event, state=case.state)


def _kept(term: TermRow) -> dict[str, Any]:
    return {
        "due_at": term.due_at.isoformat(),
        "round": term.round,
        "effect": str(term.effect),
        "phrase": term.phrase,
        "source": term.source,
        "deadline": term.deadline,
    }


def _again(stage: Stage, kept: Mapping[str, Any], end: datetime, calendar: str, said: str, data: Mapping[str, Any]) -> dict[str, Any]:  # noqa: PLR0913
    paper = data.get("document_no")
    return {
        "stage": str(stage),
        "round": kept["round"],
        "effect": kept["effect"],
        "due_at": end.isoformat(),
        "phrase": f"{kept['phrase']}; {said}",
        "source": f"{kept['source']}; {paper}" if paper else kept["source"],
        "deadline": kept["deadline"],
        "calendar": calendar,
    }
