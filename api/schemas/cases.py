"""Cases as they are sent and shown."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Code, Given, NamedOut, ReasonOut, Said, Text


class Document(Given):
    """The paper that an act rests on."""

    no: Code
    date: Code = Field(description="Ngày văn bản, năm-tháng-ngày · its local date", examples=["2021-07-08"])
    signer: Text | None = None


class ActGiven(BaseModel):
    """An act: the fields of the event's own payload, and these beside."""

    model_config = ConfigDict(extra="allow")

    reason: Text | None = Field(default=None, description="Lý do, khi sự việc đòi · written reason")
    acted_on: Code | None = Field(
        default=None, description="Khi nào đã làm trên giấy · when it was done on paper", examples=["2021-07-08T14:00"]
    )
    on_behalf_of: Code | None = Field(
        default=None, description="Ghi thay ai · whose act on paper is recorded", examples=["authority@centre"]
    )
    document: Document | None = Field(default=None, description="Văn bản; cũng có thể ghi document_no, document_date · the paper")


class RegisterGiven(ActGiven):
    """A product's registration: an idea, an upgrade or a reassessment."""

    product: Code


class RungOut(BaseModel):
    """A step of reminding: when it comes, and when it was told."""

    key: str = Field(description="T-7: trước 7 ngày · seven days before")
    at: str
    sent: str | None


class DeadlineOut(BaseModel):
    """A deadline of a case."""

    id: str
    effect: str
    kind: str
    stage: str
    stage_name: Said
    phrase: str
    bound: str
    zone: str
    cutoff: str
    last_valid_day: str
    source: dict[str, str | None]
    round: str | None
    calendar: str | None
    status: str
    suspended_days: int
    extensions: list[dict[str, Any]]
    rungs: list[RungOut] | None = Field(description="Bước nhắc; null khi xem lại quá khứ · steps of reminding; null for the past")
    why: dict[str, Any] | None = None


class CaseOut(BaseModel):
    """A case."""

    code: str
    product: NamedOut
    producer: NamedOut
    unit: NamedOut
    kind: str
    state: str
    state_name: Said
    origin: str | None
    left: str | None
    regime: str
    pinned: bool
    round: str | None
    central_round: str | None
    certificate: str | None = Field(
        description="Giấy mà hồ sơ này nâng hạng hoặc đánh giá lại; giấy cấp từ hồ sơ này mang mã GCN-{mã hồ sơ} · the certificate that is"
        " upgraded or reassessed; the one that this case leads to is GCN-{code}"
    )
    attempt: int
    version: int
    results: dict[str, Any]
    awaits_confirmation: list[str]
    overridden: list[int] = Field(
        description="Mục nhật ký của những bước làm theo quyết định cho vượt · entries of steps done under an override"
    )
    registered_at: str
    updated_at: str
    deadlines: list[DeadlineOut]
    as_of: str | None = None
    known_at: str | None = None


class CaseLineOut(BaseModel):
    """A case in a list."""

    code: str
    product: NamedOut
    producer: NamedOut
    unit: NamedOut
    kind: str
    state: str
    state_name: Said
    round: str | None
    attempt: int
    version: int
    due_at: str | None
    last_valid_day: str | None


class CasePage(BaseModel):
    """A page of cases."""

    items: list[CaseLineOut]
    next: str | None = Field(description="Con trỏ của trang sau · cursor of the next page")


class FieldOut(BaseModel):
    """A field that an event asks for."""

    name: str
    label: Said
    kind: str
    required: bool
    options: list[str]
    low: int | None
    high: int | None


class ActionOut(BaseModel):
    """An event, and whether the caller may do it now."""

    event: str
    name: Said
    allowed: bool
    reasons: list[ReasonOut]
    who: list[str] = Field(description="Chức năng được làm · seats that may do it")
    fields: list[FieldOut]
    needs_reason: bool
    from_paper: bool


class ActionsOut(BaseModel):
    """Everything that can happen to a case, for this caller, now."""

    case: str
    state: str
    version: int
    actions: list[ActionOut]


class ReceiptOut(BaseModel):
    """What became of an act; ``leaf_hash`` is the proof that it is in the history."""

    seq: int
    leaf_hash: str
    event: str
    source: str | None
    effective_at: str
    settled: list[str]
    notes: list[str]
    confirmation: str | None


class ActedCaseOut(BaseModel):
    """The case after the act."""

    code: str
    state: str
    version: int
    etag: str


class ActedOut(BaseModel):
    """The answer to an act."""

    case: ActedCaseOut
    receipt: ReceiptOut
    dry_run: bool
