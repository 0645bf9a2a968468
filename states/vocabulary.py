"""Every closed list of names, in the order in which a person would say them.

Member values are what is stored, hashed, sent and typed; they are the glossary's English terms in lower case and never change.
Words for people are in ``states/labels``; a test keeps both in step.
"""

from enum import IntEnum, StrEnum


class Level(StrEnum):
    """Levels of administration. The district level ended on 1 July 2025."""

    COMMUNE = "commune"
    DISTRICT = "district"
    PROVINCE = "province"
    CENTRE = "centre"


class Function(StrEnum):
    """What a person is, at a level, in a unit, for a time."""

    PRODUCER = "producer"
    OFFICER = "officer"
    ADVISER = "adviser"
    SECRETARY = "secretary"
    MEMBER = "member"
    CHAIR = "chair"
    AUTHORITY = "authority"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Duty(StrEnum):
    """The kind of hand laid on a case, the ground of the separation of duties."""

    PREPARES = "prepares"
    HANDLES = "handles"
    SCORES = "scores"
    DECIDES = "decides"
    AUTOMATIC = "automatic"


class CaseKind(StrEnum):
    """Why a product passes through the cycle."""

    FIRST = "first"
    UPGRADE = "upgrade"
    REASSESSMENT = "reassessment"


class CaseState(StrEnum):
    """Where one product's passage stands."""

    IDEA_REGISTERED = "idea_registered"
    SELECTED = "selected"
    BUSINESS_PLAN = "business_plan"
    DISTRICT_EVALUATION = "district_evaluation"
    COMMUNE_CHECK = "commune_check"
    PROVINCIAL_EVALUATION = "provincial_evaluation"
    NATIONAL_NOMINATION = "national_nomination"
    RETURNED = "returned"
    CERTIFIED = "certified"
    UPGRADED = "upgraded"
    DEFERRED = "deferred"
    NOT_SELECTED = "not_selected"
    NOT_RANKED = "not_ranked"
    ELIMINATED = "eliminated"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"


class StateKind(StrEnum):
    """Active: somebody must act. Resting: it may go on. Final: nothing follows."""

    ACTIVE = "active"
    RESTING = "resting"
    FINAL = "final"


class CertificateState(StrEnum):
    """Where a certificate stands."""

    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    UPGRADED = "upgraded"


class RoundState(StrEnum):
    """Where an evaluation round stands."""

    DRAFT = "draft"
    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class Publication(StrEnum):
    """A plan or another definition: drafted, published and then frozen, replaced by a later one."""

    DRAFT = "draft"
    PUBLISHED = "published"
    REPLACED = "replaced"


class CalendarState(StrEnum):
    """A unit's table of days, whose every change is published at once."""

    IN_FORCE = "in_force"


class DelegationState(StrEnum):
    """A delegation of a function: it runs to its last day unless it is revoked."""

    GIVEN = "given"
    REVOKED = "revoked"


class Event(StrEnum):
    """What can happen to a case."""

    REGISTER = "register"
    SELECT = "select"
    DECLINE = "decline"
    SUBMIT_PLAN = "submit_plan"
    FILE = "file"
    FORWARD = "forward"
    ACCEPT = "accept"
    CONCLUDE = "conclude"
    CERTIFY = "certify"
    NOMINATE = "nominate"
    FALL_BACK = "fall_back"
    REEVALUATE = "reevaluate"
    SEND_DOWN = "send_down"
    CLOSE_UNRANKED = "close_unranked"
    KEEP_RANK = "keep_rank"
    ELIMINATE = "eliminate"
    RETURN_FOR_COMPLETION = "return_for_completion"
    COMPLETE = "complete"
    DEFER = "defer"
    SORT = "sort"
    RECORD = "record"
    REDATE = "redate"
    RECOUNT = "recount"
    REINSTATE = "reinstate"
    ADMIT_LATE = "admit_late"
    REENTER = "reenter"
    UNDO_REENTER = "undo_reenter"
    WITHDRAW = "withdraw"
    UPGRADE = "upgrade"
    PUBLISH = "publish"
    EXTEND = "extend"
    SUSPEND = "suspend"
    RESUME = "resume"
    OVERRIDE = "override"


class NoteEvent(StrEnum):
    """What is written into the history of a case and leaves the case itself as it was: its head moves, but not its version."""

    PAPER_ASKED = "paper_asked"
    PAPER_REFUSED = "paper_refused"
    OVERRIDE_ASKED = "override_asked"
    OVERRIDE_REFUSED = "override_refused"


class CertificateEvent(StrEnum):
    """What can happen to a certificate."""

    ISSUE = "issue"
    SUPERSEDE = "supersede"
    UPGRADE = "upgrade"


class RoundEvent(StrEnum):
    """What can happen to a round."""

    PREPARE = "prepare"
    OPEN = "open"
    REDATE = "redate"
    FREEZE = "freeze"
    CLOSE = "close"


class CalendarEvent(StrEnum):
    """What can happen to a unit's table of days: days changed by a paper, terms counted again after the product's own data moved."""

    CHANGE = "change"
    RECOUNT = "recount"


class DelegationEvent(StrEnum):
    """What can happen to a delegation."""

    DELEGATE = "delegate"
    REVOKE = "revoke"


class Track(StrEnum):
    """The two tracks of rounds: the province's and the centre's."""

    PROVINCIAL = "provincial"
    CENTRAL = "central"


class Effect(StrEnum):
    """What happens at a cut-off; the value is also the name of the system event that does it."""

    DEFER = "defer"
    SORT = "sort"
    RECORD = "record"


class Stage(StrEnum):
    """Stages of a plan that an event of the case meets. Any other stage of a plan is an activity."""

    IDEA_REGISTRATION = "idea_registration"
    IDEA_SELECTION = "idea_selection"
    PLAN_TRAINING = "plan_training"
    PLAN_EXECUTION = "plan_execution"
    COMMUNE_CHECK = "commune_check"
    DISTRICT_EVAL = "district_eval"
    DISTRICT_TO_PROVINCE = "district_to_province"
    COMMUNE_TO_PROVINCE = "commune_to_province"
    PROVINCE_EVAL = "province_eval"
    PROVINCE_TO_CENTRE = "province_to_centre"
    NATIONAL_EVAL = "national_eval"
    REASSESSMENT = "re_evaluation"
    UPGRADE = "upgrade"


class TermStatus(StrEnum):
    """A due row: it runs until it is met, it passes, or the case no longer has to meet it."""

    RUNNING = "running"
    MET = "met"
    PASSED = "passed"
    DROPPED = "dropped"


class Stars(IntEnum):
    """The five ranks."""

    ONE = 1
    TWO = 2
    THREE = 3
    FOUR = 4
    FIVE = 5


class ProducerKind(StrEnum):
    """Who may be a producer (QĐ 490/2018; QĐ 26/2026)."""

    COOPERATIVE = "cooperative"
    COOPERATIVE_GROUP = "cooperative_group"
    ENTERPRISE = "enterprise"
    HOUSEHOLD = "household"
    FARM = "farm"
    ASSOCIATION = "association"


class TieKind(StrEnum):
    """What bars a person from scoring and deciding on a product."""

    OWNER = "owner"
    ADVISER = "adviser"
    DECLARED = "declared"
