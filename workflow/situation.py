"""From rows to facts: what a guard may look at, at one instant. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from deadlines.calendar import NATION, Edition, Override
from states.facts import Facts, Held, Result, Term
from states.regime import Regime, local_date, local_midnight, regime, regime_on
from states.vocabulary import CaseKind, CaseState, CertificateState, Effect, Event, Level, Stage, Track
from workflow.overriding import lifted_of
from workflow.ports import LoadedCase
from workflow.progress import central_ahead, stages_ahead
from workflow.registry import Registry
from workflow.roundbook import OpenRound, RoundBook
from workflow.rows import CalendarRow, CaseRow, CertificateRow, PlanRow, ProductRow, TermRow

ASKS_ROUNDS = frozenset({Event.FILE, Event.REENTER, Event.REEVALUATE, Event.SORT})
"""Events whose guards or consequences look for a provincial round."""


@dataclass(frozen=True, slots=True)
class World:
    """Registry and rounds at one epoch: everything shared that an act is judged on."""

    registry: Registry
    book: RoundBook
    plans: tuple[PlanRow, ...] = ()
    calendars: tuple[CalendarRow, ...] = ()

    def editions(self, unit: str, day: date) -> tuple[Edition, ...]:
        """The tables of days that rule in a unit on a day: the country's, then those of the units above it, then its own."""
        known = {row.unit: row for row in self.calendars if row.days}
        chain = (NATION, *reversed(self.registry.chain(unit, day))) if known else ()
        return tuple(edition_of(known[code]) for code in chain if code in known)

    @property
    def epoch(self) -> int:
        """Epoch of both; a write computed under an older one is refused by the store."""
        return self.registry.epoch


def edition_of(row: CalendarRow) -> Edition:
    """A unit's table as a calendar takes it; the reasons of the days are no part of counting."""
    days = tuple(Override(date.fromisoformat(d.day), d.working, "", d.document_no) for d in row.days)
    return Edition(row.unit, row.days[-1].since, days)


def law_of(case: CaseRow, at: datetime) -> Regime:
    """The regime of a case: the pinned one, else that of the day."""
    return regime(case.regime) if case.pinned else regime_on(at)


def results_of(memo: dict[str, Any]) -> dict[Level, Result]:
    """Results by level, from a case's memo."""
    return {
        Level(level): Result(Fraction(r["mean"]), r["stars"], tuple(r["missed"]), date.fromisoformat(r["on"]))
        for level, r in memo.get("results", {}).items()
    }


def home(case: CaseRow) -> CaseState:
    """The state that cut-offs judge a case by: a returned case by its origin, a deferred one by what it left."""
    state = case.left if case.state is CaseState.DEFERRED and case.left else case.state
    return case.origin if state is CaseState.RETURNED and case.origin else state


def term_fact(term: TermRow, *, statutory: bool) -> Term:
    """A term row as a guard sees it."""
    return Term(term.stage, term.due_at, term.effect, term.phrase, term.source, term.round, statutory, term.calendar is not None)


def _suspended(spans: Mapping[str, Any]) -> dict[Stage, datetime]:
    """Suspended spans by stage, with the local midnight since when."""
    days = {Stage(stage): date.fromisoformat(s["suspended"]["since"]) for stage, s in spans.items() if "suspended" in s}
    return {stage: local_midnight(day.year, day.month, day.day) for stage, day in days.items()}


def _expired(spans: Mapping[str, Any]) -> dict[Stage, datetime]:
    """Expired spans by stage, with their exclusive end."""
    return {Stage(stage): datetime.fromisoformat(s["expired"]) for stage, s in spans.items() if "expired" in s}


def accepted_in(case: CaseRow) -> Level | None:
    """The level that has taken the dossier in, in this attempt."""
    kept = case.memo.get("accepted")
    return Level(kept["level"]) if kept and kept["attempt"] == case.attempt else None


def missed_of(memo: dict[str, Any]) -> Term | None:
    """The term that deferred the case, from its memo."""
    missed = memo.get("missed")
    if not missed:
        return None
    return Term(
        Stage(missed["stage"]),
        datetime.fromisoformat(missed["due_at"]),
        Effect(missed["effect"]),
        missed["phrase"],
        missed["source"],
        missed["round"],
        missed["statutory"],
    )


def owed(case: CaseRow, law: Regime) -> tuple[Stage, ...]:
    """Stages of a round that a case has still to meet; none where it waits for its decision alone, or where no round takes it.

    A product may be nominated while no round asks for it, so that date alone makes no case wait for a round.
    """
    results = results_of(case.memo)
    central = central_ahead(home(case), results) if case.central_round else ()
    stages = stages_ahead(law, home(case), results, case.kind)
    return tuple(s for s in stages if s is not Stage.PROVINCE_TO_CENTRE) + central


def joinable(world: World, case: CaseRow, law: Regime, at: datetime, event: Event | None = None) -> tuple[OpenRound, ...]:
    """Rounds that a case could join now, the earliest first: of the centre for a nominated case, else of its province.

    An evaluation anew has the province's still to meet.
    """
    anew, day = event is Event.REEVALUATE, local_date(at)
    if home(case) is CaseState.NATIONAL_NOMINATION and not anew:
        centre = world.registry.at_level(case.unit, Level.CENTRE, day)
        needed = central_ahead(home(case), results_of(case.memo))
        return world.book.joinable(centre, Track.CENTRAL, needed, at) if centre else ()
    needed = (Stage.PROVINCE_EVAL,) if anew else stages_ahead(law, home(case), results_of(case.memo), case.kind)
    return world.book.joinable(world.registry.province(case.unit, day), Track.PROVINCIAL, needed, at)


def held_of(certificate: CertificateRow | None, at: datetime) -> Held | None:
    """A certificate as a guard sees it; its last valid day counts in full."""
    if certificate is None:
        return None
    last = datetime.fromisoformat(certificate.last_valid_day).date()
    in_force = certificate.state is CertificateState.IN_FORCE and local_date(at) <= last
    return Held(certificate.code, certificate.stars, in_force, last)


def facts_of(  # noqa: PLR0913
    world: World,
    loaded: LoadedCase,
    at: datetime,
    *,
    held: Held | None = None,
    opens_at: datetime | None = None,
    rival: str | None = None,
    event: Event | None = None,
    rounds: bool = True,
    by_system: bool = False,
) -> Facts:
    """The facts of a case at an instant.

    Args:
        world: Registry and rounds.
        loaded: The case and its running terms.
        at: Instant by which the act is judged.
        held: The certificate that the case starts from.
        opens_at: Earliest instant at which a reassessment may be filed.
        rival: Another running case of the product.
        event: The event asked for, where one is: it may look for another round than the case's own next.
        rounds: Whether to look for rounds to join (only some guards ask).
        by_system: Whether the system acts.
    """
    case = loaded.case
    law = law_of(case, at)
    coming = joinable(world, case, law, at, event) if rounds else ()
    deadlines = world.book.deadlines
    return Facts(
        at=at,
        regime=law,
        kind=case.kind,
        origin=case.origin,
        left=case.left,
        results=results_of(case.memo),
        terms=tuple(term_fact(t, statutory=(d := deadlines.get(t.deadline)) is not None and d.statutory) for t in loaded.terms),
        missed=missed_of(case.memo),
        needs_round=event is Event.REEVALUATE or bool(owed(case, law)),
        joins=coming[0].row.code if coming else None,
        next_round=next((r.row.code for r in coming if r.row.code not in {case.round, case.central_round}), None),
        held=held,
        opens_at=opens_at,
        rival=rival,
        recognised=Level(recognised) if (recognised := case.memo.get("recognised")) else None,
        published=bool(case.memo.get("published")),
        accepted=accepted_in(case),
        round_closed=world.book.is_closed(case.round),
        suspended=_suspended(case.memo.get("spans", {})),
        expired=_expired(case.memo.get("spans", {})),
        lifted=lifted_of(case.memo),
        by_system=by_system,
    )


def draft_of(command: str, product: ProductRow, received: datetime) -> CaseRow:
    """A product's case as it would be registered, for judging."""
    return CaseRow(
        code="",
        command=command,
        kind=CaseKind.FIRST,
        product=product.code,
        producer=product.producer,
        unit=product.unit,
        regime="",
        pinned=False,
        state=CaseState.IDEA_REGISTERED,
        attempt=1,
        round=None,
        central_round=None,
        origin=None,
        left=None,
        certificate=None,
        memo={},
        registered_at=received,
        updated_at=received,
        version=0,
        head_seq=0,
        head_hash=b"",
    )
