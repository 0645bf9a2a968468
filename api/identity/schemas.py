"""Shapes of what identity is sent and answers."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StrictInt, StrictStr

from api.schemas.common import Code, Given, Text
from states.regime import VIETNAM

Secret = Annotated[StrictStr, Field(min_length=1, max_length=600)]
"""Taken as it is typed: nothing is trimmed off a password."""
Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(VIETNAM))]
"""An instant, told in the time of Viet Nam as everywhere else."""
Number = Annotated[StrictStr, Field(min_length=1, max_length=20, examples=["123456"])]


class LoginGiven(Given):
    """A login and its password; the code of the second factor may come along."""

    login: Annotated[StrictStr, Field(min_length=1, max_length=200)]
    password: Secret
    code: Number | None = None


class CodeGiven(Given):
    """A code of the second factor."""

    code: Number


class EnrolGiven(Given):
    """What the enrolment answered, and the first code of it."""

    sealed: Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{20,400}$")]
    code: Number


class LinkUsed(Given):
    """A one-time link's token, and the password that is chosen with it."""

    token: Secret
    password: Secret


class PasswordGiven(Given):
    """Another password in place of the known one."""

    old: Secret
    new: Secret


class RoleGiven(Given):
    """In a rehearsal: as whom to act."""

    person: Code


class LanguageGiven(Given):
    """The language to be answered in."""

    language: Literal["vi", "en"]


class UserGiven(Given):
    """A person of the registry who is to have an account."""

    person: Code
    login: Annotated[StrictStr, Field(min_length=1, max_length=200, examples=["lan.xa-suoi-mo"])]
    subject: Annotated[StrictStr, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="Tên người này ở hệ thống đăng nhập chung (sub) · the person's subject with the identity provider"
    )


class ReasonGiven(Given):
    """Why."""

    reason: Text


class TokenGiven(Given):
    """A token for a program."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=80, examples=["Đồng bộ báo cáo"])]
    scopes: Annotated[list[Literal["read", "write", "admin"]], Field(min_length=1, max_length=3)] = Field(default=["read"])
    days: StrictInt = Field(default=30, ge=1, le=365)


class DelegationGiven(Given):
    """A function, or a part of it, for somebody else."""

    seat: Code = Field(examples=["officer@province"])
    unit: Code
    taker: Code
    first: date
    last: date
    document_no: Code = Field(examples=["5/QĐ-UBND"])
    reason: Text
    events: Annotated[list[Code], Field(max_length=40)] = Field(
        default=[], description="Để trống là cả chức năng · empty: the whole function"
    )


class HoldingOut(BaseModel):
    """A function that a person exercises today."""

    seat: str
    unit: str
    unit_name: str
    producer: str | None
    principal: str | None = Field(description="Người ủy quyền, nếu làm theo ủy quyền · whose function it is, where it is delegated")
    delegation: str | None


class SessionOut(BaseModel):
    """Who is signed in, and what is still asked for."""

    person: str
    name: str
    via: Literal["session", "token", "rehearsal"]
    language: str
    scopes: list[str]
    functions: list[HoldingOut]
    second_factor: Literal["not_asked", "shown", "owed", "to_enrol"]
    csrf: str | None = Field(description="Gửi kèm mọi việc ghi ở tiêu đề X-CSRF-Token · goes with every write")
    expires_at: Moment | None


class EnrolmentOut(BaseModel):
    """A second factor that may be enrolled."""

    sealed: str
    secret: str = Field(description="Để gõ tay vào ứng dụng · to be typed into an authenticator")
    address: str
    qr: str = Field(description="SVG")


class UserOut(BaseModel):
    """A person and the account."""

    person: str
    name: str
    functions: list[HoldingOut]
    account: bool
    login: str | None
    opened: bool = Field(description="Đã đặt mật khẩu hoặc gắn hệ thống đăng nhập chung · a password was chosen, or a provider vouches")
    second_factor: bool
    disabled: bool


class UsersOut(BaseModel):
    """People whose account the asker may look at."""

    items: list[UserOut]


class LinkOut(BaseModel):
    """A one-time link, shown this once."""

    person: str
    address: str
    expires_at: Moment
    slip: str = Field(description="Phiếu để in, SVG · a slip for printing")


class OpenSession(BaseModel):
    """A session as its person sees it; the handle opens nothing."""

    handle: str
    via: str
    source: str
    agent: str
    created_at: Moment
    seen_at: Moment
    expires_at: Moment
    current: bool


class SessionsOut(BaseModel):
    """Living sessions."""

    items: list[OpenSession]


class TokenOut(BaseModel):
    """A token without its secret."""

    id: str
    name: str
    scopes: list[str]
    created_at: Moment
    expires_at: Moment
    revoked_at: Moment | None
    used_at: Moment | None


class NewToken(TokenOut):
    """A token with its secret, shown this once."""

    token: str


class TokensOut(BaseModel):
    """Tokens, dead ones too."""

    items: list[TokenOut]


class DelegationOut(BaseModel):
    """A delegation."""

    code: str
    giver: str
    giver_name: str
    taker: str
    taker_name: str
    seat: str
    unit: str
    unit_name: str
    events: list[str]
    first: date
    last: date
    document_no: str
    state: str
    in_force: bool


class DelegationsOut(BaseModel):
    """Given and taken."""

    items: list[DelegationOut]


class AccessOut(BaseModel):
    """One record of a reading or a deed."""

    id: int
    at: Moment
    person: str
    name: str
    via: str
    kind: str
    text: dict[str, str]
    subject: str
    detail: str
    request: str


class AccessPage(BaseModel):
    """Records, newest first."""

    items: list[AccessOut]
    next: int | None = Field(description="Gửi lại ở ?before= để xem tiếp · send as ?before= for what follows")
