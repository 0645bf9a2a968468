"""JSON as it has to be: one meaning whoever reads it. Ambiguous or hostile texts are refused before anything looks at them."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.caller import caller_of
from api.judged import JudgedRoute
from states.errors import MalformedInput, PayloadInvalid, Problem

DEEPEST = 20
LONGEST_NUMBER = 40
_INTEGERS = 2**53
_COUNTS = re.compile(r"[0.]*[1-9]")
"""A number that begins with nothing but noughts and goes on."""
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json(?:\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)


class RequestInvalid(PayloadInvalid):
    """A request that does not have the shape it should; one problem for each place."""

    code = "request_invalid"


class WrongMediaType(MalformedInput):
    """A body that is not declared as JSON in UTF-8. Detail: ``given``."""

    code = "wrong_media_type"


def read_json(body: bytes) -> Any:
    """A JSON text as values.

    Raises:
        RequestInvalid: With what is wrong with it: not UTF-8, not JSON, ``NaN`` or ``Infinity``, a key twice, nested too deep, a number
            that computers read in different ways, or half a character.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise RequestInvalid([Problem("", "not_unicode")]) from None
    _shallow(text)
    try:
        found = _READER.decode(text)
    except (ValueError, RecursionError) as error:
        line, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
        raise RequestInvalid([Problem("", "not_json", {"line": line, "column": column})]) from None
    if "\\u" in text:
        # Half a character can only have been written as an escape.
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise RequestInvalid([Problem("", "not_unicode")]) from None
    return found


def _shallow(text: str) -> None:
    """Count brackets outside strings, so that a parser that recurses never sees a tower of them."""
    if text.count("{") + text.count("[") <= DEEPEST:
        return
    depth, inside, skip = 0, False, False
    for sign in text:
        if skip:
            skip = False
        elif inside:
            skip, inside = sign == "\\", sign != '"'
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            if depth > DEEPEST:
                raise RequestInvalid([Problem("", "too_deep", {"limit": DEEPEST})])
        elif sign in "]}":
            depth -= 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if not all(name.isprintable() for name in found):
        # No field of ours has such a name, and it would be told back, and logged, as it is.
        raise RequestInvalid([Problem("", "control_characters")])
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise RequestInvalid([Problem(f"/{name}", "key_twice") for name in twice])
    return found


def _no_constant(name: str) -> Any:
    raise RequestInvalid([Problem("", "not_a_number", {"given": name})])


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER or not -_INTEGERS <= (found := int(text)) <= _INTEGERS or text == "-0":
        raise RequestInvalid([Problem("", "not_a_number", {"given": text[:LONGEST_NUMBER]})])
    return found


def _number(text: str) -> float:
    found = float(text)
    vanished = found == 0 and (text.startswith("-") or _COUNTS.match(text) is not None)
    if len(text) > LONGEST_NUMBER or found in {float("inf"), float("-inf")} or vanished:
        raise RequestInvalid([Problem("", "not_a_number", {"given": text[:LONGEST_NUMBER]})])
    return found


_READER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_integer, parse_float=_number)
_SINGLE = ("if-match", "idempotency-key", "content-type", "authorization")
_SINGLE_RAW = frozenset(name.encode() for name in _SINGLE)


def _unambiguous(request: Request, known: set[str]) -> None:
    """Refuse what is given twice, in the query or in a header, and questions that the route does not know.

    Raises:
        RequestInvalid: With each.
    """
    names = [name for name, _ in request.query_params.multi_items()] if request.scope["query_string"] else []
    problems = [Problem(f"/{name}", "key_twice") for name in sorted({n for n in names if names.count(n) > 1})]
    problems += [Problem(f"/{n[:80]}", "unknown_field", {"known": ", ".join(sorted(known)) or "–"}) for n in sorted({*names} - known)]
    told = [name for name, _ in request.scope["headers"] if name in _SINGLE_RAW]
    if len(told) > len(set(told)):
        problems += [Problem(f"/{name}", "key_twice") for name in _SINGLE if told.count(name.encode()) > 1]
    if problems:
        raise RequestInvalid(problems)


class StrictRequest(Request):
    """A request whose JSON was read strictly."""

    read: Any = None

    async def json(self) -> Any:
        """The values of the body, as :func:`read_json` found them."""
        return self.read


async def strictly(request: Request, known: set[str]) -> StrictRequest:
    """A request, read as a whole and strictly; it notes the instant at which it had come in.

    Args:
        request: As it comes in.
        known: The questions that may stand in its address.

    Raises:
        RequestInvalid: It is ambiguous, or its body is no JSON of one meaning.
        WrongMediaType: Its body is declared as something else.
    """
    strict = StrictRequest(request.scope, request.receive)
    _unambiguous(strict, known)
    body = await strict.body()
    state = strict.scope.setdefault("state", {})
    if "received" not in state:
        # Once: who waited on a short way and goes the long one came in when it came in.
        state["received"] = strict.app.state.runtime.clock.now()
    state["body"] = body
    if body:
        given = strict.headers.get("content-type", "")
        if given != "application/json" and not _JSON.fullmatch(given):
            raise WrongMediaType(wanted="application/json", given=given[:80] or "–")
        strict.read = read_json(body)
    return strict


class StrictRoute(JudgedRoute):
    """A route whose body is read strictly, and that notes the instant at which the request had come in as a whole."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind the reading."""
        inner = super().get_route_handler()
        known = {field.alias for field in self.dependant.query_params}

        async def handler(request: Request) -> Response:
            return await inner(await strictly(request, known))

        return handler


class MemberRoute(StrictRoute):
    """A strict route for those who have said who they are: nothing that a stranger sends is looked at."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind the question."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            caller_of(request)
            return await inner(request)

        return handler
