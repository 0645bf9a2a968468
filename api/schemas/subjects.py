"""Rounds, plans, calendars, certificates, registers and histories as they are sent and shown."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictBool, StrictStr

from api.schemas.cases import DeadlineOut
from api.schemas.common import Code, Given, ReasonOut, Said, Text

Lines = list[dict[str, Any]]


class HistoryPage(BaseModel):
    """Entries, oldest first; each with the members that were hashed, ``leaf_hash`` and ``openings``."""

    items: Lines
    next: int | None


class TimelineLine(BaseModel):
    """An entry in words."""

    seq: int
    at: str
    event: str
    outcome: str
    lines: list[str]


class TimelineOut(BaseModel):
    """A history in words."""

    case: str
    items: list[TimelineLine]


class DatedOut(DeadlineOut):
    """A deadline, and in which attempt."""

    attempt: int


class DeadlinesOut(BaseModel):
    """Every deadline of a case."""

    case: str
    items: list[DatedOut]


class ListOut(BaseModel):
    """A list that is never long."""

    items: Lines


class PageOut(BaseModel):
    """A page of a list by code."""

    items: Lines
    next: str | None


class RoundOut(BaseModel):
    """A round with its dates, and how many of its cases stand where, of those that the asker may see."""

    code: str
    unit: str
    year: int
    number: int
    track: str
    plan: str
    statutory: bool
    state: str
    state_name: Said
    version: int
    deadlines: Lines
    members: dict[str, int]


class PlanOut(BaseModel):
    """A plan with its dates, and the file as it was imported."""

    code: str
    unit: str
    year: int
    title: str
    doc_no: str
    doc_date: str | None
    state: str
    state_name: Said
    version: int
    digest: str
    text: str
    deadlines: Lines


class PlanGiven(Given):
    """A plan file."""

    text: Annotated[StrictStr, Field(min_length=1, max_length=400_000, description="Tệp TOML · the TOML file")]
    plan: Code | None = Field(default=None, description="Mã kế hoạch trong tệp · which plan of the file")
    unit: Code | None = None


class PublishGiven(Given):
    """What happens at each date, by its number; dates later than the national term by the number of the written exception."""

    effects: dict[str, Literal["defer", "sort", "record"]] = Field(default_factory=dict, examples=[{"1": "defer"}])
    exceptions: dict[str, Text] = Field(default_factory=dict)


class PublishedOut(BaseModel):
    """What a publication opens, or would."""

    plan: str
    deadlines: Lines
    rounds: list[str]
    dry_run: bool


class RoundMoved(BaseModel):
    """A round after it was frozen, or as it would be."""

    round: str
    state: str
    version: int
    dry_run: bool


class CarriedOut(BaseModel):
    """What becomes of a deferred member."""

    case: str
    to: str | None
    reasons: list[ReasonOut]


class RoundReportOut(BaseModel):
    """A round as its closing finds it."""

    round: str
    state: str
    version: int
    members: dict[str, int]
    pending: list[str]
    carried: list[CarriedOut]
    offered: bool
    dry_run: bool


class RedateGiven(Given):
    """The new date in the paper's own words."""

    stage: Code
    phrase: Text = Field(examples=["trước ngày 15/8/2021"])
    document_no: Code
    document_date: Code
    reason: Text
    document_signer: Text | None = None
    reading: Literal["strict", "lenient"] = "strict"
    exception: Code | None = None


class RedatedOut(BaseModel):
    """Who moves, who comes back, who is left alone and why."""

    round: str
    version: int
    before: dict[str, Any]
    after: dict[str, Any]
    moved: list[str]
    back: list[str]
    deferred_again: list[str]
    left: Lines
    dry_run: bool


class DayGiven(Given):
    """A day that a paper declares worked or off."""

    date: Code = Field(examples=["2026-09-03"])
    working: StrictBool
    reason: Text = ""


class ChangeGiven(Given):
    """Days, and the paper that declares them."""

    days: Annotated[list[DayGiven], Field(min_length=1, max_length=200)]
    document_no: Code
    reason: Text


class CalendarReportOut(BaseModel):
    """What a change of the calendar moves, or would."""

    unit: str
    days: Lines
    number: int | None
    moved: Lines
    kept: Lines
    notes: list[str]
    dry_run: bool


class YearOut(BaseModel):
    """A year of a calendar: the days that are out of the ordinary."""

    year: int
    unit: str
    calendar: str
    provisional: bool
    version: int
    days: Lines


class AnswerGiven(Given):
    """The second person's word."""

    confirm: StrictBool
    reason: Text | None = Field(default=None, description="Bắt buộc khi không xác nhận · required for a no")


class CountsOut(BaseModel):
    """How long each worklist is."""

    counts: dict[str, int]


class CheckpointOut(BaseModel):
    """Size and root of the log, and how many entries wait for it."""

    log: str
    size: int
    root: str
    waiting: int


class ProofOut(BaseModel):
    """That an entry is in the log (RFC 9162, 2.1.3): hash the leaf with the path, and the root comes out."""

    subject: str
    seq: int
    leaf_hash: str
    index: int
    size: int
    path: list[str]
    root: str


class SchedulerOut(BaseModel):
    """How the system's own acts stand."""

    now: str
    due: int
    oldest_due: str | None
    lag_seconds: float
    waiting_for_log: int
    workers: Lines


class ItemGiven(Given):
    """A case of an operation, and the version that was seen; without one it is taken as it is."""

    case: Code
    version: Annotated[int, Field(strict=True, ge=1, le=10**9)] | None = None


class BulkGiven(Given):
    """One event on many cases."""

    event: Code
    cases: Annotated[list[ItemGiven], Field(min_length=1, max_length=5_000)]
    payload: dict[str, Any] = Field(default_factory=dict)
    reason: Text | None = None


class BulkOut(BaseModel):
    """An operation, and how many of its cases met which fate."""

    id: str
    event: str
    state: str
    total: int
    counts: dict[str, int]
    created_at: str


class BulkPreviewOut(BaseModel):
    """What would become of each case."""

    event: str
    total: int
    counts: dict[str, int]
    items: Lines
    dry_run: bool


class BulkItemsOut(BaseModel):
    """Cases of an operation."""

    items: Lines
    next: int | None


class OverridesOut(BaseModel):
    """Overrides, by case and entry: who ordered what, who was the second person, and the entry of the step that used it."""

    items: Lines
    count: int
    used: int
