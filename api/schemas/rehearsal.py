"""A rehearsal's clock as it is moved and shown."""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictStr

from api.schemas.common import Given, Said
from states.regime import VIETNAM

_SPAN = re.compile(r"P(?=\d|T\d)(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?", re.ASCII)


def span_of(text: str) -> timedelta:
    """A span of days, hours, minutes and seconds in ISO 8601; ValueError with the code of what is wrong."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("not_a_span")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def instant_of(text: str) -> datetime:
    """An instant in ISO 8601, in the time of Viet Nam where it names no zone; ValueError with the code of what is wrong."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=VIETNAM)).astimezone(VIETNAM)
    except (ValueError, OverflowError):
        raise ValueError("not_an_instant") from None


def _a_span(text: str) -> str:
    span_of(text)
    return text


def _an_instant(text: str) -> str:
    instant_of(text)
    return text


class ClockGiven(Given):
    """Where the clock goes: to an instant, or on by a span; one of the two."""

    to: Annotated[StrictStr, AfterValidator(_an_instant), Field(max_length=40, examples=["2021-07-10T00:01:00+07:00"])] | None = None
    by: Annotated[StrictStr, AfterValidator(_a_span), Field(max_length=40, examples=["PT2M"])] | None = None
    colleagues: StrictBool = Field(
        default=False, description="Đồng nghiệp mô phỏng cũng làm việc của họ trên đường đi · simulated colleagues act on the way"
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"by": "PT2M", "colleagues": False}]})


class RehearsalOut(BaseModel):
    """A rehearsal as it stands."""

    now: str
    next_deadline: str | None = Field(description="Mốc sắp tới, thời điểm kết thúc (không tính) · end (exclusive) of the next deadline")
    season: str | None = Field(description="Mùa đang diễn, có đồng nghiệp mô phỏng · the season whose colleagues can be played")


class DeferredOut(BaseModel):
    """A case that missed a cut-off."""

    case: str
    product: str
    stage: str
    stage_name: Said
    phrase: str
    round: str | None
    cutoff: str


class HappenedOut(BaseModel):
    """Another entry of the history."""

    subject: str
    event: str
    event_name: Said
    at: str
    actor: str | None


class ToldOut(BaseModel):
    """A message that was made."""

    message: str
    recipient: str
    subjects: list[str]
    send_at: str


class MovedOut(BaseModel):
    """What a move of the clock brought."""

    since: str
    now: str
    deferred: list[DeferredOut]
    acts: list[HappenedOut]
    told: list[ToldOut]
    played: int = Field(description="Việc do đồng nghiệp mô phỏng làm · acts of simulated colleagues")
    overtaken: int = Field(description="Việc của đồng nghiệp không còn làm được · acts of theirs that somebody had made impossible")
    surprises: list[list[str]]
