"""What is told, as it is sent and shown: deliveries, letters, reminders, calls, choices, calendars and webhooks."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from api.schemas.common import Code, Given, Text

Lines = list[dict[str, Any]]
_NEXT = Field(description="Con trỏ của trang sau · cursor of the next page")


class DeliveryOut(BaseModel):
    """A message, or an event for a webhook, on its way to one address."""

    key: str
    message: str | None
    channel: str
    to: str
    address: str | None
    state: str
    attempt: int
    not_before: str
    updated_at: str | None
    reply: str | None
    read_at: str | None


class DeliveriesOut(BaseModel):
    """A page of deliveries, newest first."""

    items: list[DeliveryOut]
    next: str | None = _NEXT


class LetterOut(BaseModel):
    """A letter in words."""

    subject: str
    text: str


class TryOut(BaseModel):
    """One try of a delivery."""

    attempt: int
    at: str
    by: str
    outcome: str
    reply: str


class OpenedOut(DeliveryOut):
    """A delivery with its tries and its words; the letter is without the reader's personal link."""

    tries: list[TryOut]
    letter: LetterOut | None
    event: dict[str, Any] | None


class ReceivedOut(BaseModel):
    """A letter in an inbox."""

    key: str
    at: str
    subject: str
    text: str
    read_at: str | None


class InboxOut(BaseModel):
    """Letters, newest first."""

    items: list[ReceivedOut]
    unread: int = Field(description="Chưa đọc, trong số này · unread, of these")
    next: str | None = _NEXT


class DutyOut(BaseModel):
    """A duty with its steps and who was told."""

    duty: str
    kind: str
    stage: str | None
    title: str
    due_at: str
    status: str | None
    steps: Lines


class DutiesOut(BaseModel):
    """Every duty of a case, plan or certificate."""

    subject: str
    items: list[DutyOut]


class ComingOut(BaseModel):
    """Something that one person would hear."""

    model_config = ConfigDict(populate_by_name=True)

    person: str
    part: str
    for_whom: list[str] = Field(alias="for")
    duty: str
    kind: str
    step: str
    subject: str
    title: str
    due_at: str
    window: str
    send_at: str
    channels: list[str]


class DayOut(BaseModel):
    """What would be told on a day, if nothing is done before."""

    day: str
    coming: list[ComingOut]
    unheard: Lines = Field(description="Bước nhắc không ai nghe · steps that nobody would hear")


class PreviewOut(BaseModel):
    """A reminder before it goes, in all its forms, without the reader's personal link."""

    to: dict[str, str | None]
    worded_for: str
    subject: str
    text: str
    html: str
    ics: str | None
    sms: str
    zalo: str


class ShareGiven(Given):
    """About which duty to whom."""

    duty: Code = Field(description="Mã hồ sơ, hoặc mã việc có hạn · a case, or a duty's id", examples=["VS-2021-0042"])
    to: Code = Field(description="Mã người nhận · whom", examples=["sx-ong"])
    language: Literal["vi", "en"] | None = None

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"duty": "VS-2021-0042", "to": "sx-ong"}]})


class SharedOut(BaseModel):
    """A text to share by hand, with the reader's personal link in it."""

    person: str
    duty: str
    text: str
    sms: str
    link: str | None = Field(description="Chỉ hiện trong câu trả lời đầu · in the first answer alone")


class ToldOut(BaseModel):
    """A message of an account."""

    message: str
    at: str
    window: str
    person: str
    name: str
    seat: str | None
    unit: str | None
    office: str
    read_at: str | None
    deliveries: Lines
    items: Lines


class AccountOut(BaseModel):
    """Who was told what; ``counts`` are of the whole account, not of the page."""

    items: list[ToldOut]
    counts: dict[str, Any]
    next: str | None = _NEXT


class SheetOut(BaseModel):
    """A call sheet."""

    unit: str
    composed_at: str
    rows: Lines


class CallGiven(Given):
    """How a call ended."""

    duty: Code = Field(description="Mã hồ sơ, hoặc mã việc có hạn · a case, or a duty's id")
    to: Code = Field(description="Mã người đã gọi · whom was rung")
    result: Literal["told", "no_answer", "wrong_number"]
    note: Text = Field(default="", description="Người nghe nói gì · what was said")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"duty": "VS-2021-0042", "to": "sx-ong", "result": "told", "note": "Hẹn nộp thứ Hai"}]},
    )


class CalledOut(BaseModel):
    """A call as it is kept."""

    key: str
    state: str
    attempt: int


class ReachOut(BaseModel):
    """Measured reach, unit by unit."""

    unit: str
    year: int
    units: Lines


class LinkOut(BaseModel):
    """What a personal link shows."""

    person: str
    name: str
    subject: str
    title: str
    event: str | None
    due_at: str | None
    last_valid_day: str | None
    stands: bool
    opened_at: str | None
    confirmed_at: str | None
    via: str | None


class ChosenOut(BaseModel):
    """What holds for a person or an office."""

    scope: str
    code: str
    chosen: dict[str, Any]
    changed_by: str | None
    changed_at: str | None
    language: str | None
    office: dict[str, Any]


class ChoicesGiven(Given):
    """Choices to change, and those that fall back; whatever is not named stays."""

    values: dict[str, Any] = Field(default_factory=dict, max_length=20)
    clear: Annotated[list[Code], Field(max_length=20)] = Field(default_factory=list)

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"values": {"channels": ["email"], "opens": "07:30", "closes": "17:00"}, "clear": []}]},
    )


class FeedGiven(Given):
    """Whose deadlines: a person's own, or those of an office."""

    scope: Literal["person", "unit"]
    code: Code

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"scope": "person", "code": "cb-t"}]})


class FeedOut(BaseModel):
    """A calendar to subscribe to."""

    name: str
    scope: str
    code: str
    made_by: str
    made_at: str
    revoked_at: str | None


class FeedsOut(BaseModel):
    """Calendars that the caller may revoke."""

    items: list[FeedOut]


class NewFeedOut(FeedOut):
    """A calendar with its token, which is shown this once; sent again, the answer is without it."""

    token: str | None
    address: str | None


class HookGiven(Given):
    """A receiver of events."""

    url: Code = Field(examples=["https://nhan.example.vn/ocop"])
    unit: Code = Field(description="Tin về hồ sơ của đơn vị này và cấp dưới · cases of this unit and below")
    events: Annotated[list[Code], Field(max_length=100)] = Field(
        default_factory=list, description="Chỉ những việc này; để trống là mọi việc · these alone; none: all"
    )

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"url": "https://nhan.example.vn/ocop", "unit": "VS", "events": ["certify"]}]}
    )


class HookOut(BaseModel):
    """A receiver of events, without its secret."""

    id: str
    unit: str
    url: str
    events: list[str]
    since: int
    off: str | None
    secrets: int


class HooksOut(BaseModel):
    """Receivers of events of the offices that the caller answers for."""

    items: list[HookOut]


class NewHookOut(HookOut):
    """A receiver with its secret, which is shown this once; sent again, the answer is without it."""

    secret: str | None


class OffGiven(Given):
    """Why nothing more is sent."""

    reason: Text = ""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Đổi máy chủ"}]})


class TriedOut(BaseModel):
    """What a receiver answered to a trial."""

    accepted: bool
    why: str | None
    reply: str


class MoveGiven(Given):
    """A date of a round, in the words that a paper would use."""

    round: Code
    stage: Code
    phrase: Text
    reading: Literal["strict", "lenient"] = "strict"
    document_date: Code | None = None
    exception: Code | None = None


class SupposedDay(Given):
    """A day off, or worked."""

    date: Code = Field(examples=["2021-07-08"])
    working: StrictBool


class WhatIfGiven(Given):
    """What is supposed: dates that move, days that are off or worked; tried in this order."""

    moves: Annotated[list[MoveGiven], Field(max_length=20)] = Field(default_factory=list)
    days: Annotated[list[SupposedDay], Field(max_length=60)] = Field(default_factory=list)
    unit: Code | None = Field(default=None, description="Lịch của đơn vị nào; bỏ trống là cả nước · whose calendar; else the country's")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"moves": [{"round": "VS-2021-1", "stage": "district_eval", "phrase": "trước ngày 20/7/2021"}], "days": []}]
        },
    )


class AnswerOut(BaseModel):
    """What would be otherwise."""

    written: bool
    rehearsed: bool
    supposed: Lines
    cases: Lines
    rounds: Lines


class ForecastOut(BaseModel):
    """Misses expected in a round, of the cases that the caller may see; chances and counts as exact fractions."""

    round: str
    at: str
    rehearsed: bool
    dates: Lines
    bottlenecks: Lines
    cases: Lines


class BackTestOut(BaseModel):
    """Past forecasts of a round held against what happened."""

    round: str
    rehearsed: bool
    tests: Lines
    bins: Lines
    lean: str | None
