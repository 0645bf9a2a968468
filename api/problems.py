"""Errors as RFC 9457 problem documents: every class of the one error tree has its status here, once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.bootstrap import NameClash
from api.caller import Caller, Unidentified
from api.identity.errors import STATUS as OF_IDENTITY
from api.identity.errors import LoginPaced
from api.requests import current_request
from api.settings import UnknownSetting
from api.strict import RequestInvalid, WrongMediaType
from api.told import LANGUAGES, public_code, reasons_of
from deadlines.calendar import CalendarUnknown
from deadlines.ladder import LadderUnsound
from deadlines.plan_deadlines import PlanDoesNotRecur
from notifications.acknowledging import DutyOver
from notifications.choosing import NotOnesOwn
from notifications.hooks import HookState
from notifications.offices import OfficeOnly
from notifications.postbox import NotSentAgain
from states.errors import (
    CycleError,
    DefinitionUnsound,
    EventRefused,
    MalformedInput,
    NotAllowed,
    NotFound,
    OutsideTerritory,
    PayloadInvalid,
    PlanInvalid,
    Problem,
    StaleCase,
    StoreUnsafe,
    UnknownName,
)
from states.words import Language, words
from workflow.credentials import AskerGone
from workflow.ledger.canonical import NotCanonical
from workflow.ledger.commitments import OpeningDiffers
from workflow.ledger.entry import EntryMalformed
from workflow.ledger.merkle import FrontierMalformed
from workflow.timebar import ClockMoving

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 2


class VersionMissing(CycleError):
    """A write that does not say which version its writer has seen. Detail: ``given``."""

    code = "version_missing"


class KeyMissing(CycleError):
    """A write without an ``Idempotency-Key``, or with one that nobody can keep."""

    code = "key_missing"


class TooLarge(CycleError):
    """A request above a limit. Detail: ``limit`` in bytes."""

    code = "too_large"


class TooSlow(CycleError):
    """A request whose body did not come in time. Detail: ``seconds``."""

    code = "too_slow"


class NoSuchRoute(CycleError):
    """Nothing answers at this address. Detail: ``path``."""

    code = "no_such_route"


class NoSuchMethod(CycleError):
    """The address is there, but not for this method. Detail: ``method``."""

    code = "no_such_method"


class ScopeMissing(CycleError):
    """A token that may not do this. Detail: ``scope``."""

    code = "scope_missing"


class ServiceUnavailable(StoreUnsafe):
    """The database cannot be reached, or cannot be trusted, now."""

    code = "service_unavailable"


class UnexpectedFault(CycleError):
    """Something broke that nobody foresaw; the log has it under the request's id. Detail: ``request``."""

    code = "unexpected_fault"


STATUS: Mapping[type[CycleError], int] = {
    KeyMissing: 400,
    Unidentified: 401,
    AskerGone: 403,
    NotAllowed: 403,
    NotOnesOwn: 403,
    OfficeOnly: 403,
    ScopeMissing: 403,
    NotFound: 404,
    OutsideTerritory: 404,
    NoSuchRoute: 404,
    NoSuchMethod: 405,
    TooSlow: 408,
    DutyOver: 409,
    ClockMoving: 409,
    EventRefused: 409,
    HookState: 409,
    NotSentAgain: 409,
    PlanDoesNotRecur: 409,
    StaleCase: 412,
    TooLarge: 413,
    WrongMediaType: 415,
    CalendarUnknown: 422,
    MalformedInput: 422,
    PayloadInvalid: 422,
    PlanInvalid: 422,
    UnknownName: 422,
    VersionMissing: 428,
    DefinitionUnsound: 500,
    EntryMalformed: 500,
    FrontierMalformed: 500,
    LadderUnsound: 500,
    NameClash: 500,
    NotCanonical: 500,
    OpeningDiffers: 500,
    UnexpectedFault: 500,
    UnknownSetting: 500,
    StoreUnsafe: 503,
    **OF_IDENTITY,
}
"""By class; a class that is not named is answered as the nearest one above it."""


def status_of(error: CycleError) -> int:
    """The status that an error is answered with."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def language_of(request: Request) -> Language:
    """The language to answer in: the first of ours in ``Accept-Language``, else the caller's, else Vietnamese."""
    best: tuple[float, Language] | None = None
    asked = request.headers.get("accept-language")
    for part in asked[:200].split(",") if asked else ():
        tag, _, weight = part.strip().partition(";q=")
        primary = tag.strip().lower().partition("-")[0]
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        for known in LANGUAGES:
            if primary == known and 0 < quality <= 1 and (best is None or quality > best[0]):
                best = (quality, known)
    if best is not None:
        return best[1]
    caller = request.scope.get("state", {}).get("caller")
    return "en" if isinstance(caller, Caller) and caller.language == "en" else "vi"


def body_of(error: CycleError, language: Language, instance: str, case: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The members of a problem document.

    Args:
        error: What happened.
        language: Of ``title`` and ``detail``; reasons are told in both.
        instance: Path of the request.
        case: State and version as they are now, where the asker may see them.
    """
    if isinstance(error, OutsideTerritory):
        # Whether it exists is nobody's business outside the territory.
        error = NotFound(what="case", name=error.detail["case"])
    said, code = words(language), public_code(error)
    status = status_of(error)
    body: dict[str, Any] = {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": said.label("status", str(status)),
        "status": status,
        "code": code,
        "detail": said.error(error),
        "instance": instance,
        "request": current_request(),
    }
    if case is not None:
        body["case"] = dict(case)
    reasons = reasons_of(error)
    if reasons:
        body["reasons"] = reasons
    return body


def problem_response(request: Request, error: CycleError, case: Mapping[str, Any] | None = None) -> Response:
    """The problem document of an error; a page where somebody asked for a page, and the application has pages."""
    language = language_of(request)
    as_page = getattr(getattr(request.scope.get("app"), "state", None), "problem_page", None)
    page: Response | None = as_page(request, error, status_of(error)) if as_page is not None else None
    if page is not None:
        return page
    body = body_of(error, language, request.url.path, case)
    headers = {"content-language": language, "vary": "Accept-Language", "cache-control": "no-store"}
    if body["status"] == 503:  # noqa: PLR2004 - service unavailable
        headers["retry-after"] = str(RETRY_AFTER)
    if isinstance(error, LoginPaced):
        headers["retry-after"] = str(error.detail["seconds"])
    if body["status"] == 401:  # noqa: PLR2004 - unauthorised
        headers["www-authenticate"] = "Bearer"
    return Response(orjson.dumps(body), status_code=body["status"], media_type=MEDIA_TYPE, headers=headers)


_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_type": "not_text",
    "string_too_short": "empty",
    "string_too_long": "too_long",
    "too_long": "not_a_list",
    "list_type": "not_a_list",
    "int_type": "not_an_integer",
    "int_parsing": "not_an_integer",
    "int_parsing_size": "out_of_range",
    "int_from_float": "not_an_integer",
    "bool_type": "not_a_flag",
    "bool_parsing": "not_a_flag",
    "datetime_type": "not_an_instant",
    "datetime_parsing": "not_an_instant",
    "datetime_from_date_parsing": "not_an_instant",
    "date_type": "not_a_date",
    "date_parsing": "not_a_date",
    "date_from_datetime_parsing": "not_a_date",
    "timezone_aware": "not_an_instant",
}
"""What the schema library calls a fault, and what this product calls it."""
_BOUNDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "greater_than_equal": (("low", "ge"),),
    "less_than_equal": (("high", "le"),),
}
_OPTION = re.compile(r"'([^']*)'")


def _fields_at(model: type[Any] | None, where: Sequence[str]) -> str:
    """The fields that a shape has at a place; a dash where there is no shape to be known."""
    found: Any = model
    for part in where:
        fields = getattr(found, "model_fields", {})
        found = _shape_of(fields[part].annotation) if part in fields else found if part.isdigit() else None
    return ", ".join(getattr(found, "model_fields", {})) or "–"


def _shape_of(annotation: Any) -> Any:
    """The shape within an annotation: of what may be left out, or of the items of a list."""
    if hasattr(annotation, "model_fields"):
        return annotation
    return next((shape for part in get_args(annotation) if (shape := _shape_of(part)) is not None), None)


def from_schema(errors: Iterable[Mapping[str, Any]], body: type[Any] | None = None) -> RequestInvalid:
    """Faults that the schemas found, as this product's own.

    Args:
        errors: As the schema library tells them.
        body: The shape that the body should have had, whose fields are told where one is unknown.
    """
    problems = []
    for error in errors:
        kind, where = str(error["type"]), [str(part) for part in error["loc"] if part not in {"body", "query", "path", "header"}]
        context = error.get("ctx") or {}
        detail: dict[str, object] = {"known": _fields_at(body, where[:-1])} if kind == "extra_forbidden" else {}
        if kind in {"enum", "literal_error"}:
            code, detail = "not_an_option", {"options": ", ".join(_OPTION.findall(str(context.get("expected", ""))))}
        elif kind in _BOUNDS or kind in {"model_attributes_type", "model_type", "dict_type"}:
            code = "out_of_range" if kind in _BOUNDS else "not_an_object"
            detail = {side: context[bound] for side, bound in _BOUNDS.get(kind, ())}
        elif kind == "value_error":
            # Our own readers raise the code itself.
            code = str(context.get("error", "wrong_value"))
        else:
            code = _CODES.get(kind, "wrong_value")
        problems.append(Problem("/" + "/".join(where) if where else "", code, detail))
    return RequestInvalid(problems)
