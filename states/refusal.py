"""A refusal is a value with reasons, never ``False``: what is missing, in which words, and who can mend it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from states.vocabulary import Function, Level


class Code(StrEnum):
    """The register of reasons. Each has words in ``states/labels`` under ``[refusal]``."""

    # About the case (guards).
    WRONG_STATE = "wrong_state"
    DEADLINE_PASSED = "deadline_passed"
    REGIME_ENDED = "regime_ended"
    DISTRICT_ABOLISHED = "district_abolished"
    FILING_WAITS = "filing_waits"
    FILING_NOT_OPEN = "filing_not_open"
    NO_OPEN_ROUND = "no_open_round"
    NO_NEXT_ROUND = "no_next_round"
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
    ROUND_CLOSED = "round_closed"
    NOT_BY_CUTOFF = "not_by_cutoff"
    STATUTORY_DATE = "statutory_date"
    TERM_STILL_RUNS = "term_still_runs"
    ALREADY_PUBLISHED = "already_published"
    ALREADY_ACCEPTED = "already_accepted"
    # About rounds.
    CUTOFFS_AHEAD = "cutoffs_ahead"
    ROUND_STATE = "round_state"
    ROUND_HAS_MEMBERS = "round_has_members"
    ROUND_EXISTS = "round_exists"
    PLAN_OF_OTHER_UNIT = "plan_of_other_unit"
    CALENDAR_OF_OTHER_UNIT = "calendar_of_other_unit"
    ACTIVITY_OF_OTHER_UNIT = "activity_of_other_unit"
    SAME_DATE = "same_date"
    CUTOFF_BEFORE_OPENING = "cutoff_before_opening"
    CUTOFF_BEFORE_DOCUMENT = "cutoff_before_document"
    EARLIER_DATE_PASSED = "earlier_date_passed"
    EXCEPTION_UNNEEDED = "exception_unneeded"
    # About spans.
    NAMED_DATE = "named_date"
    NO_SPAN = "no_span"
    SPAN_EXPIRED = "span_expired"
    SPAN_SUSPENDED = "span_suspended"
    NOT_SUSPENDED = "not_suspended"
    EXTENSION_TOO_LONG = "extension_too_long"
    # About operations on many cases.
    BULK_OVER = "bulk_over"
    NOTHING_TO_RETRY = "nothing_to_retry"
    # About acts typed from paper later.
    ATTEMPT_MOVED_ON = "attempt_moved_on"
    CONFIRMATION_ANSWERED = "confirmation_answered"
    CONFIRMATION_OUTDATED = "confirmation_outdated"
    # About overrides.
    NEVER_OVERRIDDEN = "never_overridden"
    NOTHING_TO_OVERRIDE = "nothing_to_override"
    NOT_A_STANDING_REASON = "not_a_standing_reason"
    # About the person (rights).
    FUNCTION_REQUIRED = "function_required"
    SYSTEM_ONLY = "system_only"
    SEPARATION = "separation"
    TIED_TO_PRODUCT = "tied_to_product"
    PREPARED_BY_RECORDER = "prepared_by_recorder"
    NOT_FROM_PAPER = "not_from_paper"
    SIGNS_IN_ITSELF = "signs_in_itself"
    NOT_ITS_ACT = "not_its_act"
    JUDGED_BY_RECEIPT = "judged_by_receipt"
    SECOND_PERSON = "second_person"
    NOT_OF_ITS_UNIT = "not_of_its_unit"
    # About delegations.
    PRINCIPAL_SEPARATION = "principal_separation"
    PRINCIPAL_TIED = "principal_tied"
    NOT_DELEGABLE = "not_delegable"
    TAKER_ELSEWHERE = "taker_elsewhere"
    OTHERS_DELEGATION = "others_delegation"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who can mend a refusal: a function at a level, or (both None) nobody, because the date or the end of the case forbids it."""

    function: Function | None = None
    level: Level | None = None

    def __str__(self) -> str:
        """``officer@province``, ``producer`` or ``nobody``."""
        if self.function is None:
            return "nobody"
        return f"{self.function}@{self.level}" if self.level else str(self.function)


NOBODY = Holder()


@dataclass(frozen=True, slots=True)
class Refusal:
    """One unmet condition.

    Attributes:
        code: Stable name of the reason.
        holder: Who can mend it.
        detail: Values for the words: instants, stars, stages, states … as they are; ``states.words`` says them.
        overriders: Seats whose decision may lift it, where one may.
    """

    code: Code
    holder: Holder
    detail: dict[str, Any] = field(default_factory=dict, hash=False)
    overriders: tuple[Any, ...] = ()
