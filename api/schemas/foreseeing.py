"""Forecasts and suppositions as they are sent and shown."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from api.schemas.common import Code, Given, Text

Lines = list[dict[str, Any]]


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
