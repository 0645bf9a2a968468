"""What a season consists of, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from states.chart import Seat
from states.vocabulary import Event
from workflow.rows import AppointmentRow, PersonRow, ProducerRow, ProductRow, SuccessionRow, TieRow, UnitRow

KEYS: Mapping[str, tuple[str, ...]] = {
    "season": ("title", "start"),
    "unit": ("code", "name", "level", "parent", "valid_from", "valid_to", "decree"),
    "succession": ("former", "heir", "on", "whole", "decree"),
    "person": ("code", "name", "email", "phone"),
    "appointment": ("person", "function", "level", "unit", "producer", "from", "to"),
    "producer": ("code", "name", "kind", "unit"),
    "product": ("code", "name", "group", "producer", "unit"),
    "tie": ("person", "product", "kind"),
    "plan": ("file", "plan", "unit", "as", "import_at", "publish_at"),
    "round": ("code", "event", "at", "as"),
    "path": ("name", "step"),
    "step": ("at", "event", "by", "key", "reason", "on_behalf_of", "data", "expect"),
    "case": ("product", "path", "shift", "data"),
    "work": ("plan", "act", "at", "as", "data"),
}
"""What a row of each table of a season file may say; ``step`` lies in ``path``."""

WORK_ACTS = ("assign", "report", "support", "state", "count", "lesson", "review")
"""What can happen to a plan's other work; see :class:`workflow.planwork.PlanWork`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAct:
    """One act of a story; ``by`` is a seat or a person's code, ``expect`` the code of a refusal that belongs to the story."""

    at: datetime
    event: Event
    by: str
    key: str = ""
    reason: str | None = None
    on_behalf_of: Seat | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    expect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAct:
    """A shipped plan, imported and published for a unit."""

    file: str
    plan: str
    unit: str
    by: str
    import_at: datetime
    publish_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundAct:
    """A round frozen, closed or rolled over."""

    code: str
    event: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkAct:
    """Something that happens to a plan's other work: ``act`` is one of :data:`WORK_ACTS`, ``data`` what is typed with it."""

    plan: str
    act: str
    at: datetime
    by: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStory:
    """A product and the story that it follows, ``shift`` minutes later than written."""

    number: int
    product: str
    path: str
    shift: int = 0
    data: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A whole season."""

    title: str
    start: datetime
    units: tuple[UnitRow, ...]
    successions: tuple[SuccessionRow, ...]
    people: tuple[PersonRow, ...]
    appointments: tuple[AppointmentRow, ...]
    producers: tuple[ProducerRow, ...]
    products: tuple[ProductRow, ...]
    ties: tuple[TieRow, ...]
    plans: tuple[PlanAct, ...]
    rounds: tuple[RoundAct, ...]
    paths: Mapping[str, tuple[StepAct, ...]]
    cases: tuple[CaseStory, ...]
    work: tuple[WorkAct, ...] = ()
