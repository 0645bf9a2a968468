"""``/rehearsal``: a rehearsal's clock, looked at and moved; a real installation has no such address."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, Key, ask
from api.once import once
from api.problems import NoSuchRoute
from api.schemas.common import problems
from api.schemas.rehearsal import ClockGiven, MovedOut, RehearsalOut, instant_of, span_of
from api.showing import both, iso
from api.strict import MemberRoute, RequestInvalid
from states.errors import Problem
from workflow.rows import SubjectKind
from workflow.timebar import Moved

router = APIRouter(prefix="/rehearsal", route_class=MemberRoute, tags=["rehearsal"])
_EVENTS = {
    SubjectKind.CASE: "event",
    SubjectKind.PLAN: "planevent",
    SubjectKind.CALENDAR: "calendarevent",
    SubjectKind.DELEGATION: "delegationevent",
}


def _asked(request: Request, *scope: str) -> Asked:
    asked = ask(request, *scope)
    if not asked.run.rehearsal:
        raise NoSuchRoute(path=request.url.path[:200])
    return asked


@router.get("", response_model=RehearsalOut, responses=problems(404))
def show(request: Request) -> Response:
    """Bản tập huấn: đồng hồ đang ở đâu, mốc sắp tới · where a rehearsal's clock stands, and the next deadline."""
    asked = _asked(request)
    bar, ahead = asked.run.time_bar, asked.run.time_bar.next_deadline()
    return json_answer({"now": iso(asked.run.clock.now()), "next_deadline": iso(ahead) if ahead else None, "season": bar.season()})


@router.post("/clock", response_model=MovedOut, responses=problems(400, 404, 408, 409, 415))
def move(request: Request, body: ClockGiven, key: Key = None) -> Response:
    """Đẩy đồng hồ bản tập huấn; mọi việc trên đường xảy ra đúng lúc của nó · move a rehearsal's clock forward."""
    asked = _asked(request, WRITE)
    if (body.to is None) == (body.by is None):
        raise RequestInvalid([Problem("/to", "to_or_by")])

    def done(_: str) -> tuple[int, dict[str, Any], int | None]:
        to = instant_of(body.to) if body.to is not None else asked.run.clock.now() + span_of(body.by or "")
        return 200, _plain(asked.run.time_bar.move(to, colleagues=body.colleagues)), None

    return once(asked, key, body.model_dump(), done)


def event_name(kind: SubjectKind, event: str) -> dict[str, str]:
    """What an event of any subject is called."""
    return both(_EVENTS.get(kind, "event"), event)


def _plain(moved: Moved) -> dict[str, Any]:
    happened = moved.happened
    return {
        "since": iso(moved.since),
        "now": iso(moved.until),
        "deferred": [
            {
                "case": d.case, "product": d.product, "stage": d.stage, "stage_name": both("stage", d.stage), "phrase": d.phrase,
                "round": d.round, "cutoff": iso(d.cutoff),
            }
            for d in happened.deferred
        ],
        "acts": [
            {"subject": a.subject, "event": a.event, "event_name": event_name(a.kind, a.event), "at": iso(a.at), "actor": a.actor}
            for a in happened.acts
        ],
        "told": [
            {"message": t.message, "recipient": t.recipient, "subjects": list(t.subjects), "send_at": iso(t.send_at)} for t in happened.told
        ],
        "played": moved.played,
        "overtaken": moved.overtaken,
        "surprises": [list(each) for each in moved.surprises],
    }  # fmt: skip
