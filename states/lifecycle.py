"""Small charts without guards, for what accompanies a case: rounds, certificates, plans, calendars and delegations. They use the same door as the case chart."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from states.chart import START, Seat, shared_machine
from states.errors import DefinitionUnsound, EventRefused
from states.refusal import NOBODY, Code, Holder, Refusal
from states.vocabulary import (
    CalendarEvent,
    CalendarState,
    CertificateEvent,
    CertificateState,
    DelegationEvent,
    DelegationState,
    Function,
    Level,
    Publication,
    RoundEvent,
    RoundState,
    StateKind,
)

StateT = TypeVar("StateT", bound=StrEnum)
EventT = TypeVar("EventT", bound=StrEnum)


class PlanEvent(StrEnum):
    """What can happen to a plan."""

    IMPORT = "import"
    PUBLISH = "publish"
    REPLACE = "supersede"
    ASSIGN = "assign"
    REPORT = "report"
    SUPPORT = "support"
    STATE = "state_figure"
    COUNT = "count"
    LEARN = "learn"
    STRIKE = "strike"
    REVIEW = "review"


PLAN_WORK = frozenset(
    {
        *(PlanEvent.ASSIGN, PlanEvent.REPORT, PlanEvent.SUPPORT, PlanEvent.STATE),
        *(PlanEvent.COUNT, PlanEvent.LEARN, PlanEvent.STRIKE, PlanEvent.REVIEW),
    }
)
"""What is written into the history of a plan and leaves the plan itself as it was: its head moves, but not its version."""


@dataclass(frozen=True, slots=True)
class Move(Generic[StateT, EventT]):
    """One move: ``source`` None stands for the creation."""

    event: EventT
    source: StateT | None
    target: StateT
    seats: tuple[Seat, ...]
    clause: str


class _Token:
    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


@dataclass(frozen=True, slots=True)
class Lifecycle(Generic[StateT, EventT]):
    """Named moves over one shared machine.

    Attributes:
        key: ``round``, ``certificate``, ``plan`` or ``calendar``.
        moves: All moves.
        kinds: Active, resting or final, for every state.
    """

    key: str
    moves: tuple[Move[StateT, EventT], ...]
    kinds: dict[StateT, StateKind]

    def __post_init__(self) -> None:
        """Refuse an ambiguous declaration.

        Raises:
            DefinitionUnsound: Two moves share event and source.
        """
        if len({(m.event, m.source) for m in self.moves}) != len(self.moves):
            raise DefinitionUnsound(chart=self.key, findings="event and source are not unique")

    def any_move(self, event: EventT) -> Move[StateT, EventT]:
        """A move of an event from whichever state: who may at all is asked before whether it is possible now; all moves of an event share seats."""
        return next(move for move in self.moves if move.event == event)

    def move(self, state: StateT | None, event: EventT, subject: str = "–") -> Move[StateT, EventT]:
        """The move that an event makes from a state; ``subject`` is the code of the round, certificate or plan, for the words.

        Raises:
            EventRefused: ``round_state`` where the event is not possible there.
        """
        token = _Token(str(state if state is not None else START))
        machine = shared_machine(
            self.key,
            tuple(str(s) for s in self.kinds),
            tuple((str(m.event), str(m.source if m.source is not None else START), str(m.target)) for m in self.moves),
        )
        if str(event) in machine.get_triggers(token.state):
            machine.events[str(event)].trigger(token)
            for candidate in self.moves:
                if candidate.event == event and candidate.source == state and str(candidate.target) == token.state:
                    return candidate
        sources = tuple(m.source for m in self.moves if m.event == event and m.source is not None)
        seats = next((m.seats for m in self.moves if m.source == state), ())
        holder = Holder(seats[0].function, seats[0].level) if seats else NOBODY
        raise EventRefused(
            [Refusal(Code.ROUND_STATE, holder, {"state": state, "event": event, "states": sources})], case=subject, event=event, state=state
        )


_OFFICES = (Seat(Function.OFFICER, Level.PROVINCE), Seat(Function.OFFICER, Level.CENTRE))
_ISSUERS = (*_OFFICES, Seat(Function.AUTHORITY, Level.PROVINCE), Seat(Function.AUTHORITY, Level.CENTRE))
_SYSTEM = (Seat(Function.SYSTEM),)
_R, _RE = RoundState, RoundEvent
_ROUNDS = "Kế hoạch của cấp tỉnh hoặc Điều 5 QĐ 26/2026/QĐ-TTg"

ROUND: Lifecycle[RoundState, RoundEvent] = Lifecycle(
    "round",
    (
        Move(_RE.PREPARE, None, _R.DRAFT, _OFFICES, _ROUNDS),
        Move(_RE.OPEN, _R.DRAFT, _R.OPEN, _OFFICES, _ROUNDS),
        Move(_RE.REDATE, _R.OPEN, _R.OPEN, _ISSUERS, _ROUNDS),
        Move(_RE.REDATE, _R.FROZEN, _R.FROZEN, _ISSUERS, _ROUNDS),
        Move(_RE.FREEZE, _R.OPEN, _R.FROZEN, _OFFICES, _ROUNDS),
        Move(_RE.CLOSE, _R.OPEN, _R.CLOSED, _OFFICES, _ROUNDS),
        Move(_RE.CLOSE, _R.FROZEN, _R.CLOSED, _OFFICES, _ROUNDS),
    ),
    {_R.DRAFT: StateKind.ACTIVE, _R.OPEN: StateKind.ACTIVE, _R.FROZEN: StateKind.ACTIVE, _R.CLOSED: StateKind.FINAL},
)
"""An evaluation round: open with the plan's publication, frozen to new members, closed after its last cut-off."""

_C, _CE = CertificateState, CertificateEvent
_AUTHORITIES = tuple(Seat(Function.AUTHORITY, level) for level in (Level.DISTRICT, Level.PROVINCE, Level.CENTRE))
CERTIFICATE: Lifecycle[CertificateState, CertificateEvent] = Lifecycle(
    "certificate",
    (
        Move(_CE.ISSUE, None, _C.IN_FORCE, _AUTHORITIES, "Quyết định công nhận"),
        Move(_CE.SUPERSEDE, _C.IN_FORCE, _C.SUPERSEDED, _SYSTEM, "Quyết định công nhận sau đánh giá lại"),
        Move(_CE.UPGRADE, _C.IN_FORCE, _C.UPGRADED, _SYSTEM, "Quyết định công nhận hạng cao hơn"),
    ),
    {_C.IN_FORCE: StateKind.RESTING, _C.SUPERSEDED: StateKind.FINAL, _C.UPGRADED: StateKind.FINAL},
)
"""A certificate: 36 months from its decision, replaced by a renewal or an upgrade."""

_P, _PE = Publication, PlanEvent
_EVERY_OFFICE = tuple(Seat(Function.OFFICER, level) for level in (Level.PROVINCE, Level.CENTRE, Level.DISTRICT, Level.COMMUNE))
_WORK = "Kế hoạch của cơ quan ban hành: nội dung, nhiệm vụ, chế độ báo cáo"


def _work(event: PlanEvent, seats: tuple[Seat, ...] = _OFFICES) -> Move[Publication, PlanEvent]:
    return Move(event, Publication.PUBLISHED, Publication.PUBLISHED, seats, _WORK)


PLAN: Lifecycle[Publication, PlanEvent] = Lifecycle(
    "plan",
    (
        Move(_PE.IMPORT, None, _P.DRAFT, _OFFICES, "Kế hoạch của cơ quan ban hành"),
        Move(_PE.IMPORT, _P.DRAFT, _P.DRAFT, _OFFICES, "Kế hoạch của cơ quan ban hành"),
        Move(_PE.PUBLISH, _P.DRAFT, _P.PUBLISHED, _OFFICES, "Kế hoạch của cơ quan ban hành"),
        Move(_PE.REPLACE, _P.PUBLISHED, _P.REPLACED, _SYSTEM, "Kế hoạch ban hành sau"),
        _work(_PE.ASSIGN),
        _work(_PE.REPORT, _EVERY_OFFICE),
        _work(_PE.SUPPORT, _EVERY_OFFICE),
        _work(_PE.STATE),
        _work(_PE.COUNT),
        _work(_PE.LEARN),
        _work(_PE.STRIKE, _EVERY_OFFICE),
        _work(_PE.REVIEW, _ISSUERS),
    ),
    {_P.DRAFT: StateKind.ACTIVE, _P.PUBLISHED: StateKind.RESTING, _P.REPLACED: StateKind.FINAL},
)
"""A plan: drafted, published with an effect for each deadline, replaced by a later one of the same unit; while it is published its activities
are reported, support is recorded, targets are stated and the year is reviewed."""

_K, _KE = CalendarState, CalendarEvent
_CENTRE = (Seat(Function.OFFICER, Level.CENTRE),)
CALENDAR: Lifecycle[CalendarState, CalendarEvent] = Lifecycle(
    "calendar",
    (
        Move(_KE.CHANGE, None, _K.IN_FORCE, _OFFICES, "Điều 112 Bộ luật Lao động 2019; thông báo nghỉ, hoán đổi ngày làm việc"),
        Move(_KE.CHANGE, _K.IN_FORCE, _K.IN_FORCE, _OFFICES, "Điều 112 Bộ luật Lao động 2019; thông báo nghỉ, hoán đổi ngày làm việc"),
        Move(_KE.RECOUNT, None, _K.IN_FORCE, _CENTRE, "Điều 147, 148 Bộ luật Dân sự 2015"),
        Move(_KE.RECOUNT, _K.IN_FORCE, _K.IN_FORCE, _CENTRE, "Điều 147, 148 Bộ luật Dân sự 2015"),
    ),
    {_K.IN_FORCE: StateKind.RESTING},
)
"""A unit's table of days: the centre's for the country, a province's for its own closures. A later row replaces, none is edited."""

DELEGABLE = frozenset({Function.OFFICER, Function.SECRETARY, Function.CHAIR, Function.AUTHORITY})
"""Functions that somebody may exercise for another; a member scores in person, and a producer appoints its own people."""

_D, _DE = DelegationState, DelegationEvent
_DELEGABLE = tuple(Seat(function, level) for function in Function if function in DELEGABLE for level in Level)
_DELEGATION = "Luật Tổ chức chính quyền địa phương (ủy quyền); Quy chế làm việc của cơ quan"
DELEGATION: Lifecycle[DelegationState, DelegationEvent] = Lifecycle(
    "delegation",
    (
        Move(_DE.DELEGATE, None, _D.GIVEN, _DELEGABLE, _DELEGATION),
        Move(_DE.REVOKE, _D.GIVEN, _D.REVOKED, _DELEGABLE, _DELEGATION),
    ),
    {_D.GIVEN: StateKind.ACTIVE, _D.REVOKED: StateKind.FINAL},
)
"""A function, or a part of it, given to somebody else for some days; after its last day it has no effect, without an entry."""

LIFECYCLES: dict[str, Lifecycle[Any, Any]] = {chart.key: chart for chart in (ROUND, CERTIFICATE, PLAN, CALENDAR, DELEGATION)}
"""The small charts by their keys."""
