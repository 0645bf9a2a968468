"""Short ways for the requests that nearly all are: looking at a case, acting on one, and paging through what one sees.

What a request promises is the same on either way, and what is not plain (a question in the address, a body that is not as it should be, a
refusal, something to settle first) goes the route's own way from the beginning, so that every refusal is made in one place. The short ways
spare what the others pay for each request: a thread of its own, and a durable commit alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.acting import act_of, carried_out, case_answer
from api.asking import WRITE, Asked, ask, command_id, found_out, showing_case, version_seen
from api.bootstrap import Runtime
from api.caller import caller_of
from api.lists import Plain, plain, plain_answer
from api.requests import bind_request, current_request
from api.schemas.cases import ActGiven
from api.schemas.common import LONGEST_CODE
from api.showing import case_json, steps_of
from api.strict import StrictRequest, strictly
from api.together import Together
from states.errors import CycleError, StoreUnsafe
from states.vocabulary import Event
from workflow.access import visible
from workflow.commands import Command, Receipt
from workflow.credentials import Credential, held, let_in_by
from workflow.judging import place_of

J = TypeVar("J")
R = TypeVar("R")
log = structlog.get_logger("ocop.http")

_LIST, _CASES = "/api/v1/cases", "/api/v1/cases/"
_ASKED = {"limit", "sort", "cursor"}
_EVENTS = {str(event): event for event in Event}
_LOTS = 4
"""Transactions at a time on PostgreSQL; more of them get in each other's way on two cores, and wait for the disk together anyway."""
_LISTS = 2
"""Threads that make pages on SQLite. The interpreter is one: with as many threads as requests, each waits for all the others' turns."""
_PAGES = 8
"""Pages that one of them makes before it answers: fewer changes of thread, and nobody waits for many others."""

_Job = tuple[Command, str | None, Credential | None]


class Quick:
    """What the short ways of one application share."""

    def __init__(self, run: Runtime) -> None:
        """Gather what is asked of a runtime's database."""
        self._run = run
        self._local = run.store.dialect == "sqlite"
        lots = 1 if self._local else _LOTS
        self.acts: Together[_Job, Receipt | None] = Together(self._act_together, name="acts", lots=lots)
        self._looks: Together[tuple[Asked, str], dict[str, Any] | None] = Together(self._look_together, name="looks", lots=lots)
        self.lists: Together[tuple[Asked, Plain], Response] = Together(
            _pages, name="lists", lots=_LISTS if self._local else _LOTS, most=_PAGES
        )

    async def look(self, asked: Asked, code: str) -> dict[str, Any] | None:
        """A case as its reader may see it; None where the long way has to say why not, or needs its history."""
        # A local file answers faster than another thread would begin.
        return self._look([(asked, code)])[0] if self._local else await self._looks.do((asked, code))

    def _look_together(self, jobs: Sequence[tuple[Asked, str]]) -> Sequence[dict[str, Any] | None]:
        return _each_its_own(self._look, jobs)

    def _act_together(self, jobs: Sequence[_Job]) -> Sequence[Receipt | BaseException | None]:
        return _each_its_own(self._act, jobs)

    def _look(self, jobs: Sequence[tuple[Asked, str]]) -> list[dict[str, Any] | None]:
        registry = self._run.engine.world(fresh=True).registry
        found = self._run.store.shown_cases(sorted({code for _, code in jobs}))
        seen = [
            (asked, shown)
            if (shown := found.get(code)) is not None
            and not shown.case.memo.get("spans")
            and visible(registry, asked.caller.person, place_of(shown.case), asked.today)
            else None
            for asked, code in jobs
        ]
        # Only of what may be seen, so that what lies elsewhere costs the same work as what is nowhere.
        steps = steps_of(self._run, (term for each in seen if each is not None for term in each[1].terms))
        return [
            case_json(each[0], each[1].case, (t for t in each[1].terms if t.attempt == each[1].case.attempt), (), steps, each[1])
            if each is not None
            else None
            for each in seen
        ]

    def _act(self, jobs: Sequence[_Job]) -> Sequence[Receipt | BaseException | None]:
        engine = self._run.engine
        try:
            if len(jobs) > 1:
                return engine.perform_together([command for command, _, _ in jobs], partial(_may_share, jobs))
            command, request, credential = jobs[0]
            bind_request(request)
            try:
                with let_in_by(credential):
                    return [engine.perform(command)]
            except CycleError as refusal:
                return [refusal]
        finally:
            bind_request(None)


def _pages(jobs: Sequence[tuple[Asked, Plain]]) -> list[Response | BaseException]:
    found: list[Response | BaseException] = []
    for asked, wanted in jobs:
        try:
            found.append(plain_answer(asked, wanted))
        except Exception as fault:  # noqa: BLE001 - its own asker is told
            found.append(fault)
    return found


def _each_its_own(work: Callable[[Sequence[J]], Sequence[R]], jobs: Sequence[J]) -> Sequence[R | None]:
    """What the work answers; where it fails over one of several jobs, nobody knows over which: each then goes the long way by itself.

    Raises:
        StoreUnsafe: The database was lost, which concerns them all.
    """
    try:
        return work(jobs)
    except StoreUnsafe:
        raise
    except Exception:
        if len(jobs) == 1:
            raise
        log.exception("lot")
        return [None] * len(jobs)


def _may_share(jobs: Sequence[_Job], number: int, epoch: int) -> bool:
    """Whether a job may be judged with others: what its asker was let in by was found to live under the same epoch.

    Otherwise the long way looks again. What ends after this raises the epoch, and the write refuses an older one.
    """
    _, request, credential = jobs[number]
    bind_request(request)
    return credential is None or credential.epoch == epoch


class ShortWays:
    """Stands directly before the application's routes."""

    def __init__(self, app: ASGIApp, *, answer_for: Callable[[Request, Exception], Response]) -> None:
        """Answer what is plain, or say by ``answer_for`` why not; all else is for the app."""
        self._app = app
        self._answer_for = answer_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        way = _way_of(scope) if scope["type"] == "http" else None
        if way is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            caller_of(request)
            strict = await strictly(request, _ASKED if way is _list else set())
            answer = await way(strict)
        except CycleError as refusal:
            answer = self._answer_for(request, refusal)
        if answer is None:
            await self._app(scope, _again(scope["state"]["body"], receive), send)
        else:
            await answer(scope, receive, send)


def _way_of(scope: Scope) -> Callable[[StrictRequest], Awaitable[Response | None]] | None:
    if scope["path"] == _LIST and scope["method"] == "GET" and not scope.get("root_path"):
        return _list if plain(scope["query_string"]) is not None else None
    if scope["query_string"] or not scope["path"].startswith(_CASES) or scope.get("root_path"):
        return None
    code, *rest = scope["path"][len(_CASES) :].split("/")
    if not 0 < len(code) <= LONGEST_CODE or not code.isprintable():
        return None
    match scope["method"], rest:
        case "GET", []:
            way = _show
        case "POST", ["actions", event] if event in _EVENTS:
            way = _act
        case _:
            return None
    scope["path_params"] = {"code": code, **({"event": rest[1]} if rest else {})}
    return way


def _again(body: bytes, receive: Receive) -> Receive:
    """The same body once more, for the long way."""
    given = False

    async def handed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return handed


async def _show(request: StrictRequest) -> Response | None:
    asked, code = ask(request), request.path_params["code"]
    body = await request.app.state.quick.look(asked, code)
    return case_answer(body, request.headers.get("if-none-match")) if body is not None else None


async def _list(request: StrictRequest) -> Response | None:
    asked, wanted = ask(request), plain(request.scope["query_string"])
    return await request.app.state.quick.lists.do((asked, wanted)) if wanted is not None else None


async def _act(request: StrictRequest) -> Response | None:
    asked = ask(request, WRITE)
    code, event = request.path_params["code"], _EVENTS[request.path_params["event"]]
    if type(request.read) is not dict:
        return None
    try:
        body = ActGiven.model_validate(request.read)
    except ValidationError:
        return None
    headers = request.headers
    key, version = command_id(asked.caller, headers.get("idempotency-key")), version_seen(headers.get("if-match"))
    command = act_of(asked, code, event, body, key, version)
    try:
        receipt = await request.app.state.quick.acts.do((command, current_request(), held()))
    except StoreUnsafe as lost:
        receipt = await run_in_threadpool(_found_out, asked, command, lost)
    except CycleError as refusal:
        await run_in_threadpool(_refused, asked, code, refusal)
    return carried_out(asked, receipt, dry_run=False) if receipt is not None else None


def _found_out(asked: Asked, command: Command, lost: StoreUnsafe) -> Receipt:
    with showing_case(asked, command.case):
        return found_out(asked.run, command, lost)


def _refused(asked: Asked, code: str, refusal: CycleError) -> None:
    """Raise a refusal again, with the case as it is now."""
    with showing_case(asked, code):
        raise refusal
