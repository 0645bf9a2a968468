"""A plan's other work as it is sent and shown."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.acting import schema_of
from api.schemas.common import Code, Given, Text
from states.forms import ACTIVITY_REPORT, LESSON, SUPPORT, TARGET_FIGURE
from states.payload import Field as Asked

Lines = list[dict[str, Any]]
Entry = Annotated[int, Field(strict=True, ge=1, le=10**6)]


class WorkGiven(BaseModel):
    """What is reported: the fields of its form, and these beside."""

    model_config = ConfigDict(extra="allow")

    def payload(self) -> dict[str, Any]:
        """The fields of the form, as given."""
        return {name: value for name, value in (self.model_extra or {}).items() if value is not None}


class ReportGiven(WorkGiven):
    """A report of an activity."""

    for_unit: Code | None = Field(default=None, description="Báo cáo cho đơn vị nào · for which unit")


class SupportGiven(WorkGiven):
    """Support given to a product or producer."""

    product: Code | None = None
    producer: Code | None = None
    activity: Code | None = Field(default=None, description="Thuộc hoạt động số · part of this activity")
    corrects: Entry | None = Field(default=None, description="Thay cho mục số này · replaces this entry")


class LessonGiven(WorkGiven):
    """A lesson for the year-end review."""

    corrects: Entry | None = Field(default=None, description="Thay cho mục số này · replaces this entry")


class FigureGiven(WorkGiven):
    """What a target has reached."""


class UnitsGiven(Given):
    """Units that answer for an activity."""

    units: Annotated[list[Code], Field(max_length=200)]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"units": ["X1", "X2"]}]})


class CountGiven(Given):
    """How a target is counted."""

    count: Code = Field(description="recognised, figures, stated…")
    kinds: Annotated[list[Code], Field(max_length=20)] = Field(default_factory=list)

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"count": "stated"}]})


class ReasonGiven(Given):
    """Why something is taken back."""

    reason: Text

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Ghi nhầm sản phẩm"}]})


class ConcludeGiven(Given):
    """As of which day the figures stand, and why they are concluded again."""

    on: Code | None = Field(default=None, description="Số liệu đến hết ngày này · as of the end of this day", examples=["2021-12-31"])
    reason: Text | None = None

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"on": "2021-12-31"}]})


class PlanTextGiven(Given):
    """A plan file."""

    text: Annotated[str, Field(strict=True, min_length=1, max_length=400_000, description="Tệp TOML · the TOML file")]

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": '[[plan]]\nid = "KH-2022"\n'}]})


class CheckedOut(BaseModel):
    """What a plan file says: each phrase with its reading, and what is wrong or to be asked."""

    plans: Lines


class WorkOut(BaseModel):
    """Activities, targets or support of a plan."""

    plan: str
    items: Lines


class WrittenOut(BaseModel):
    """What was written to a plan, or would be."""

    plan: str
    event: str
    entry: int | None
    data: dict[str, Any]
    corrects: int | None
    fulfilled: list[str]
    repeated: bool
    dry_run: bool


class ReviewOut(BaseModel):
    """The year-end review."""

    plan: str
    on: str
    digest: str
    targets: Lines
    rounds: Lines
    took_part: int
    stars: dict[str, int]
    producers: dict[str, int]
    groups: dict[str, int]
    activities: Lines
    support: Lines
    lessons: Lines
    concluded: dict[str, Any] | None


_EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "ReportGiven": {"status": "done", "done_on": "2021-03-15", "figure": "2", "document_no": "12/BC-UBND", "document_date": "2021-03-16"},
    "SupportGiven": {
        "product": "P1-01", "support": "packaging", "given_on": "2021-03-10", "what": "Thiết kế bao bì", "giver": "Trung tâm khuyến nông",
        "amount": 30_000_000, "document_no": "5/BB", "document_date": "2021-03-10",
    },
    "FigureGiven": {"figure": "12", "stated_on": "2021-06-30", "document_no": "20/BC-UBND", "document_date": "2021-07-01"},
    "LessonGiven": {"part": "cause", "text": "Nhiều chủ thể chưa có phiếu kiểm nghiệm khi nộp hồ sơ."},
}  # fmt: skip
_FORMS: Mapping[type[WorkGiven], tuple[Asked, ...]] = {
    ReportGiven: ACTIVITY_REPORT, SupportGiven: SUPPORT, FigureGiven: TARGET_FIGURE, LessonGiven: LESSON,
}  # fmt: skip


def body_of(model: type[WorkGiven]) -> dict[str, Any]:
    """The body of a report as its form has it, with an example, for the description."""
    fields = _FORMS[model]
    own = {"type": "object", "properties": {field.name: schema_of(field) for field in fields}}
    if required := [field.name for field in fields if field.required]:
        own["required"] = required
    schema = {"allOf": [{"$ref": f"#/components/schemas/{model.__name__}"}, own]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": _EXAMPLES[model.__name__]}}}}
