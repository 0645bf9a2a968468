"""Shapes that every subject shares."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr

from states.payload import MAX_TEXT, clean

LONGEST_CODE = 200


def cleaned(text: str) -> str:
    """A text in composed form without control characters; ValueError with the code of what is wrong."""
    return clean(text)


Code = Annotated[StrictStr, AfterValidator(cleaned), Field(min_length=1, max_length=LONGEST_CODE)]
Text = Annotated[StrictStr, AfterValidator(cleaned), Field(max_length=MAX_TEXT)]


class Given(BaseModel):
    """What somebody sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class NothingGiven(Given):
    """No fields."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})


class Said(BaseModel):
    """A text in both languages."""

    vi: str
    en: str


class ReasonOut(BaseModel):
    """One unmet condition, or one thing wrong with the input."""

    code: str = Field(description="Tên ổn định của lý do · stable name")
    text: Said
    holder: str | None = Field(description="Ai gỡ được, như officer@province; nobody là không ai · who can mend it")
    pointer: str | None = Field(description="Chỗ sai trong nội dung gửi lên, JSON pointer · where in the input")
    overridable_by: list[str] = Field(
        default=[], description="Ai quyết định cho vượt được, nếu có · whose decision may lift it, if anybody's"
    )


class StandingOut(BaseModel):
    """A case as it is now."""

    code: str
    state: str
    version: int
    attempt: int
    round: str | None
    etag: str


class ProblemOut(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request: str | None = Field(description="Mã yêu cầu, có trong nhật ký máy chủ · request id")
    case: StandingOut | None = None
    reasons: list[ReasonOut] = []
    current: dict[str, Any] | None = None


class NamedOut(BaseModel):
    """A code and the name that people know it by."""

    code: str
    name: str


_EXAMPLES: dict[int, dict[str, Any]] = {
    400: {"code": "key_missing", "title": "Thiếu thông tin", "detail": "Việc ghi cần tiêu đề Idempotency-Key (1–200 ký tự)."},
    401: {"code": "unidentified", "title": "Chưa đăng nhập", "detail": "Hãy đăng nhập hoặc gửi mã truy cập."},
    403: {"code": "not_allowed", "title": "Không có quyền", "detail": "Không được phép “Công nhận” với VS-2021-0001."},
    404: {"code": "not_found", "title": "Không tìm thấy", "detail": "Không tìm thấy hồ sơ “VS-2021-0001”."},
    408: {"code": "too_slow", "title": "Quá lâu", "detail": "Nội dung không đến trong 15 giây."},
    409: {"code": "transition_blocked", "title": "Chưa đủ điều kiện", "detail": "Chưa thể “Chuyển lên cấp trên” với VS-2021-0001."},
    410: {"code": "link_unusable", "title": "Không còn dùng được", "detail": "Đường dẫn này không dùng được nữa; hãy xin đường dẫn mới."},
    412: {"code": "stale_case", "title": "Đã có người cập nhật trước", "detail": "Hồ sơ VS-2021-0001 vừa được người khác cập nhật."},
    413: {"code": "too_large", "title": "Quá lớn", "detail": "Nội dung lớn hơn 1048576 byte."},
    415: {"code": "wrong_media_type", "title": "Sai kiểu nội dung", "detail": "Nội dung phải là application/json, UTF-8."},
    422: {"code": "payload_invalid", "title": "Nội dung chưa đúng", "detail": "Nội dung của việc “Nộp hồ sơ” chưa đúng."},
    428: {"code": "version_missing", "title": "Thiếu phiên bản đã xem", "detail": "Việc ghi cần tiêu đề If-Match."},
    429: {"code": "login_paced", "title": "Thử quá nhiều lần", "detail": "Hãy thử lại sau 8 giây."},
    500: {"code": "unexpected_fault", "title": "Lỗi máy chủ", "detail": "Có lỗi ngoài dự kiến; hãy báo mã yêu cầu cho người quản trị."},
    502: {"code": "provider_silent", "title": "Hệ thống đăng nhập không trả lời", "detail": "Hệ thống đăng nhập chung không trả lời."},
    503: {"code": "service_unavailable", "title": "Tạm thời không phục vụ được", "detail": "Cơ sở dữ liệu tạm thời không dùng được."},
}
_ALWAYS = (401, 403, 413, 422, 500, 503)
WRITES = (400, 404, 408, 409, 412, 415, 428)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Error answers for an operation's description: those that any operation has, and these."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*_ALWAYS, *statuses}):
        told = _EXAMPLES[status]
        example = {
            "type": f"/problems/{told['code'].replace('_', '-')}", "title": told["title"], "status": status, "code": told["code"],
            "detail": told["detail"], "instance": "/api/v1/…", "request": "5f2b9c0d1e3a4b67",
        }  # fmt: skip
        content = {"schema": {"$ref": "#/components/schemas/ProblemOut"}, "example": example}
        found[status] = {"description": told["title"], "content": {"application/problem+json": content}}
    return found
