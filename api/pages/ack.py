"""Behind a link in a letter: what it is about, and a button that says that it was received. Needs no account and no script.

A messenger's preview asks for the page as well, so that only the button confirms. The token is all the authority there is: a form that
somebody else would have sent had to know it, and whoever knows it may as well press the button.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response

from api.identity.cookies import LANGUAGE
from api.pages.frame import Said, go_to, render
from notifications.acknowledging import Shown, confirmed, shown
from notifications.choices import choices_of
from notifications.messages import Language as Spoken
from notifications.views import Duty, duty
from notifications.wording import Nearness
from states.errors import NotFound
from states.words import Language, words

if TYPE_CHECKING:
    from api.bootstrap import Runtime

router = APIRouter(tags=["pages"])
Tongue = Annotated[str | None, Query(alias="lang", max_length=10)]
_URGENT = {Nearness.PAST: "late", Nearness.TODAY: "today", Nearness.TOMORROW: "soon", Nearness.WEEK: "soon"}


@router.get("/ack/{token}")
def show(request: Request, token: str, lang: Tongue = None) -> Response:
    """What a link shows."""
    run: Runtime = request.app.state.runtime
    now = run.clock.now()
    try:
        got = shown(run.store, run.engine.world(fresh=True), token, now)
    except NotFound:
        return _unusable(request, lang)
    return _page(request, got, now, lang)


@router.post("/ack/{token}")
def confirm(request: Request, token: str, lang: Tongue = None) -> Response:
    """Keep that it was received."""
    run: Runtime = request.app.state.runtime
    try:
        confirmed(run.store, run.engine.world(fresh=True), token, run.clock.now())
    except NotFound:
        return _unusable(request, lang)
    return go_to(f"/ack/{token}" + (f"?lang={lang}" if lang in {"vi", "en"} else ""))


def _language(request: Request, asked: str | None, person: str | None) -> Language:
    """What the reader has asked for here, has chosen on another page, or gets letters in."""
    chosen = asked or request.cookies.get(LANGUAGE)
    if chosen is None and person is not None:
        run: Runtime = request.app.state.runtime
        chosen = str(choices_of(run.store.settings()).person(person).language)
    return "en" if chosen == "en" else "vi"


def _page(request: Request, got: Shown, now: datetime, asked: str | None) -> Response:
    language = _language(request, asked, got.link.person)
    said: Duty | None = duty(got.line, now, Spoken(language)) if got.line is not None else None
    event = words(language).label("event", got.event) if got.event else ""
    urgency = _URGENT.get(Nearness(said.near), "calm") if said is not None and got.stands else "closed"
    return _rendered(
        request, language, "ack.html", 200, got=got, duty=said, event=event, urgency=urgency, link=got.link,
    )  # fmt: skip


def _unusable(request: Request, asked: str | None) -> Response:
    """The same for a link that never was and for one that works no longer."""
    return _rendered(request, _language(request, asked, None), "ack_unusable.html", 404)


def _rendered(request: Request, language: Language, template: str, status: int, **values: object) -> Response:
    response = render(request, template, status=status, t=Said(language), w=words(language), lang=language, **values)
    response.headers["content-language"] = language
    response.headers["x-robots-tag"] = "noindex, nofollow"
    return response
