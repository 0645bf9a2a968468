"""The time bar as a strip on every page of a rehearsal: a minute on, past the next deadline, and what the last move brought."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from api.bootstrap import Runtime
from api.schemas.rehearsal import instant_of
from states.regime import local_date
from workflow.timebar import FARTHEST, Happened, Moved, settles

MARKS = ("after", "last", "since", "until", "story")
"""What an address carries of the move that led to it, and the story whose step it was."""

_LONGEST_LOOK = 5_000
"""Entries of the log that "what just happened" looks at."""


@dataclass(frozen=True, slots=True)
class Look:
    """A move that an address names, and what it brought; ``cut`` where only its last part was looked at."""

    since: datetime
    until: datetime
    happened: Happened
    cut: bool


def marks_of(moved: Moved, story: str = "") -> str:
    """A move, as an address carries it."""
    found = {"after": str(moved.after), "last": str(moved.last), "since": moved.since.isoformat(), "until": moved.until.isoformat()}
    return urlencode({**found, **({"story": story} if story else {})})


def without_marks(query: str) -> str:
    """The query of an address without the move that led to it."""
    return urlencode([(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in MARKS])


def look(request: Request, run: Runtime) -> Look | None:
    """What the last move brought, as the address after it names it; None where it names none."""
    asked = request.query_params
    try:
        after, last = int(asked["after"]), int(asked["last"])
        since, until = instant_of(asked["since"]), instant_of(asked["until"])
    except (KeyError, ValueError):
        return None
    end = run.store.log_state().size - 1
    if not -1 <= after <= last <= end or since > until:
        return None
    happened = run.time_bar.happened(max(after, last - _LONGEST_LOOK), last, since, until)
    return Look(since, until, happened, cut=last - after > _LONGEST_LOOK)


def strip(request: Request, run: Runtime, t: Callable[..., str]) -> dict[str, Any] | None:
    """What the strip shows; None on the page that has the whole bar."""
    if request.url.path == "/rehearsal":
        return None
    now, ahead = run.clock.now(), run.time_bar.next_deadline()
    reached = settles(ahead) if ahead is not None else None
    near = reached is not None and reached - now <= FARTHEST
    found = look(request, run)
    return {
        "ahead": ahead if near else None,
        "settled": reached.isoformat() if reached is not None else "",
        "day": f"{local_date(ahead - timedelta(microseconds=1)):%d/%m/%Y}" if ahead is not None else "",
        "moved": _moved(request, found, t) if found is not None else None,
    }


def _moved(request: Request, found: Look, t: Callable[..., str]) -> dict[str, str]:
    happened = found.happened
    said = t("strip.brought", deferred=len(happened.deferred), acts=len(happened.acts), told=len(happened.told))
    kept = urlencode({name: request.query_params[name] for name in MARKS if name in request.query_params})
    return {"said": said, "link": f"/rehearsal?{kept}#happened"}
