"""Which refusals a forced override may lift, and why it may never lift the others: data beside the guards.

An override is a decision of a named authority, with a reason and a number, that a second person confirms. It lets the usual person carry out
one step of one case although the reasons that it names stand against it; who may do the step, and the separation of duties, it leaves alone.
Source: ``docs/decisions/0026-forced-override.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from states.refusal import Code
from states.vocabulary import Event

LIFTABLE: Mapping[Event, frozenset[Code]] = {
    Event.FILE: frozenset({Code.NO_OPEN_ROUND}),
    Event.REENTER: frozenset({Code.NO_NEXT_ROUND}),
    Event.ADMIT_LATE: frozenset({Code.ROUND_CLOSED}),
    Event.RETURN_FOR_COMPLETION: frozenset({Code.ALREADY_CONCLUDED}),
}
"""By event, the reasons that may be lifted. Each is an order of work of the programme; none is laid down by an act of law.

``no_open_round`` and ``no_next_round``: the case then belongs to no round, and no date of one runs for it. ``round_closed``: the case takes no
part in a count that has been closed. ``already_concluded``: the papers are completed, and the result stands as it is.
"""


class Absolute(StrEnum):
    """Refusals of a case that no decision lifts; the words of each say why (``[absolute]`` in the labels)."""

    WRONG_STATE = "wrong_state"
    DEADLINE_PASSED = "deadline_passed"
    REGIME_ENDED = "regime_ended"
    DISTRICT_ABOLISHED = "district_abolished"
    FILING_WAITS = "filing_waits"
    FILING_NOT_OPEN = "filing_not_open"
    NO_OPEN_ROUND = "no_open_round"
    RESULT_MISSING = "result_missing"
    ALREADY_CONCLUDED = "already_concluded"
    BELOW_THRESHOLD = "below_threshold"
    NOT_RECOGNISED_HERE = "not_recognised_here"
    BELOW_THREE_STARS = "below_three_stars"
    THREE_STARS_REACHED = "three_stars_reached"
    NOT_HIGHER = "not_higher"
    RANK_IS_HIGHER = "rank_is_higher"
    NOT_AN_UPGRADE = "not_an_upgrade"
    UPGRADE_KEEPS_RANK = "upgrade_keeps_rank"
    NOT_THREE_STARS = "not_three_stars"
    CENTRE_GAVE_FIVE = "centre_gave_five"
    RUNNING_CASE = "running_case"
    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_ENDED = "certificate_ended"
    CERTIFICATE_IN_FORCE = "certificate_in_force"
    TOO_EARLY = "too_early"
    NOT_BY_CUTOFF = "not_by_cutoff"
    STATUTORY_DATE = "statutory_date"
    TERM_STILL_RUNS = "term_still_runs"
    ALREADY_PUBLISHED = "already_published"
    NAMED_DATE = "named_date"
    NO_SPAN = "no_span"
    SPAN_EXPIRED = "span_expired"
    SPAN_SUSPENDED = "span_suspended"
    NOT_SUSPENDED = "not_suspended"


@dataclass(frozen=True, slots=True)
class Lifted:
    """An override that has been confirmed and not been used: for which step, which reasons, and the entry that gave it."""

    step: Event
    reasons: frozenset[Code]
    entry: int

    def lifts(self, event: Event, code: Code) -> bool:
        """Whether it takes this reason away from this event."""
        return event is self.step and code in self.reasons


def may_lift(event: Event, code: Code) -> bool:
    """Whether an override may take this reason away from this event."""
    return code in LIFTABLE.get(event, frozenset())
