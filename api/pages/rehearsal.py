"""*Chạy thử – tập huấn*: the time bar, role buttons, what just happened, guided stories, and the inbox of whoever one plays."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.bootstrap import Runtime
from api.caller import Caller
from api.cli.render import history_lines
from api.identity.asking import here, identity_of
from api.identity.cookies import LANGUAGE, set_language, set_session
from api.identity.guard import Session
from api.identity.sessions import csrf_of
from api.pages.casts import Role, cast, role_of
from api.pages.mail import letter, mail
from api.pages.stories import Progress, Step, StepKind, Story, perform, progress, stories
from api.problems import status_of
from api.routes.rehearsal import event_name
from api.schemas.rehearsal import instant_of, span_of
from states.errors import CycleError, MalformedInput, NotFound
from states.regime import VIETNAM, local_date
from states.words import Language, words
from workflow.rows import SubjectKind
from workflow.timebar import FARTHEST, Happened, Moved, next_morning, settles
from workflow.timeline import timeline

router = APIRouter(prefix="/rehearsal", include_in_schema=False)
HOME = "/rehearsal"
_SHOWN = 40
_LONGEST_LOOK = 5_000
"""Entries of the log that "what just happened" looks at."""
_MOST_BODY = 20_000


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to one of these pages."""

    request: Request
    run: Runtime
    language: Language

    @property
    def person(self) -> str | None:
        """Whose role is played."""
        caller = getattr(self.request.state, "caller", None)
        return caller.person if isinstance(caller, Caller) else None

    @property
    def role(self) -> Role | None:
        """The same with name and seats."""
        person = self.person
        return role_of(self.run, person, words(self.language)) if person is not None else None

    def both(self, vi: str, en: str) -> str:
        """The words in the page's language."""
        return vi if self.language == "vi" else en


def _visit(request: Request) -> Visit:
    language: Language = "en" if request.cookies.get(LANGUAGE) == "en" else "vi"
    return Visit(request, request.app.state.runtime, language)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("api", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _page(visit: Visit, name: str, status: int = 200, /, **values: Any) -> Response:
    session = getattr(visit.request.state, "session", None)
    said = words(visit.language)
    base = {
        "t": visit.both, "w": said, "lang": visit.language, "now": visit.run.clock.now(), "role": visit.role, "local": _local,
        "csrf": csrf_of(session.id) if isinstance(session, Session) else "", "case_url": case_url, "letter_url": letter_url,
    }  # fmt: skip
    text = _environment().get_template(f"rehearsal/{name}.html").render({**base, **values})
    return HTMLResponse(text, status_code=status, headers={"content-language": visit.language, "cache-control": "no-store"})


def _local(moment: datetime) -> str:
    """An instant as a browser's field for one takes it."""
    return moment.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")


def letter_url(message: str) -> str:
    """Where a message can be read."""
    return f"{HOME}/letter?{urlencode({'id': message})}"


def case_url(code: str) -> str:
    """Where a case's history is read in a rehearsal, whoever looks."""
    return f"{HOME}/cases/{code}"


# Looking.


@router.get("")
def home(request: Request) -> Response:
    """The page itself."""
    return _home(_visit(request))


def _home(visit: Visit, error: CycleError | None = None) -> Response:
    run, said = visit.run, words(visit.language)
    ahead, now = run.time_bar.next_deadline(), run.clock.now()
    reachable = ahead is not None and settles(ahead) - now <= FARTHEST
    known = run.time_bar.season()
    told = [(story, _steps(story, progress(run, story), visit.language)) for story in stories() if story.season == known]
    person = visit.person
    return _page(
        visit,
        "home",
        status_of(error) if error is not None else 200,
        error=said.error(error) if error is not None else None,
        reasons=[(text, holder) for text, holder in said.reasons(error)] if error is not None else [],
        happened=None if error is not None else _just_happened(visit),
        tomorrow=next_morning(now),
        ahead=ahead if reachable else None,
        settled=settles(ahead) if ahead is not None else None,
        stories=told,
        season=known,
        cast=cast(run, said),
        letters=mail(run, person)[:5] if person is not None else [],
    )


def _steps(story: Story, how_far: tuple[Progress, ...], language: Language) -> list[dict[str, Any]]:
    return [
        {"number": n, "text": step.text[language], "button": step.button[language], "progress": str(far), "shows": step.kind in _SHOWS}
        for n, (step, far) in enumerate(zip(story.steps, how_far, strict=True), 1)
    ]


_SHOWS = frozenset({StepKind.LETTER, StepKind.CASE})


def _just_happened(visit: Visit) -> dict[str, Any] | None:
    """What the last move brought, as the address after it names it."""
    asked, run = visit.request.query_params, visit.run
    try:
        after, last = int(asked["after"]), int(asked["last"])
        since, until = instant_of(asked["since"]), instant_of(asked["until"])
    except (KeyError, ValueError):
        return None
    end = run.store.log_state().size - 1
    if not -1 <= after <= last <= end or since > until:
        return None
    happened = run.time_bar.happened(max(after, last - _LONGEST_LOOK), last, since, until)
    return {"since": since, "until": until, "cut": last - after > _LONGEST_LOOK, **_shown(visit, happened)}


def _shown(visit: Visit, happened: Happened) -> dict[str, Any]:
    run, said = visit.run, words(visit.language)
    registry, day = run.engine.world().registry, local_date(run.clock.now())
    cases = [d.case for d in happened.deferred]
    names = {p.code: p.name for p in run.store.products(sorted({d.product for d in happened.deferred}))} if cases else {}
    people = {p.code: p.name for p in registry.people()}
    acts = [
        {
            "at": a.at, "subject": a.subject, "case": a.kind is SubjectKind.CASE, "event": event_name(a.kind, a.event)[visit.language],
            "who": people.get(a.actor, a.actor) if a.actor else visit.both("hệ thống", "the system"),
        }
        for a in happened.acts
    ]  # fmt: skip
    told = [
        {
            "message": t.message, "to": people.get(t.recipient, t.recipient), "at": t.send_at, "subjects": t.subjects,
            "mine": t.recipient == visit.person, "office": _office(registry, t.recipient, day),
        }
        for t in happened.told
    ]  # fmt: skip
    told.sort(key=lambda each: not each["mine"])
    deferred = [
        {
            "case": d.case, "name": names.get(d.product, d.product), "stage": said.stage(d.stage), "phrase": d.phrase,
            "last_day": said.last_day(d.cutoff),
        }
        for d in happened.deferred
    ]  # fmt: skip
    return {
        "deferred": deferred, "acts": acts[-_SHOWN:], "act_count": len(acts), "told": told[:_SHOWN], "told_count": len(told),
    }  # fmt: skip


def _office(registry: Any, person: str, day: Any) -> str:
    held = next(iter(registry.holdings(person, day)), None)
    return registry.unit_name(held.unit, day) if held is not None else ""


@router.get("/inbox")
def inbox(request: Request) -> Response:
    """The letters of whoever one plays."""
    visit = _visit(request)
    person = visit.person
    if person is None:
        return RedirectResponse(f"{HOME}#roles", status_code=303)
    return _page(visit, "inbox", letters=mail(visit.run, person))


@router.get("/letter")
def read(request: Request, id: str) -> Response:
    """One letter as text; whoever it is for has read it by that."""
    visit = _visit(request)
    found = letter(visit.run, id[:200], read_by=visit.person)
    return _page(visit, "letter", letter=found, cases=[s for s in found.subjects if visit.run.store.load_case(s, "")])


@router.get("/cases/{code}")
def case(request: Request, code: str) -> Response:
    """A case's history in words."""
    visit = _visit(request)
    loaded = visit.run.store.load_case(code[:200], "")
    if loaded is None:
        raise NotFound(what="case", name=code[:200])
    said = words(visit.language)
    product = visit.run.store.product(loaded.case.product)
    entries = []
    for line in timeline(visit.run.store, loaded.case.code):
        first, *rest = (text.strip() for text in history_lines([line], said))
        entries.append({"head": first, "rest": rest, "denied": line.entry.outcome == "denied", "deferred": line.entry.event == "defer"})
    owned = any(getattr(route, "path", None) == "/cases/{code}" for route in request.app.routes)
    return _page(
        visit, "case", case=loaded.case, name=product.name if product else loaded.case.product, state=said.name(loaded.case.state),
        entries=entries[::-1], full=f"/cases/{loaded.case.code}" if owned and visit.person else None,
    )  # fmt: skip


# Doing.


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; the last of several values counts."""
    body = await request.body()
    if len(body) > _MOST_BODY:
        raise MalformedInput
    return {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace"), max_num_fields=50).items()}


def _back(to: str = HOME) -> Response:
    return RedirectResponse(to, status_code=303)


def _after(moved: Moved) -> Response:
    asked = urlencode({"after": moved.after, "last": moved.last, "since": moved.since.isoformat(), "until": moved.until.isoformat()})
    return _back(f"{HOME}?{asked}#happened")


@router.post("/clock")
async def clock(request: Request) -> Response:
    """Move the clock: ``by`` a span, or ``to`` an instant."""
    form, visit = await _form(request), _visit(request)
    return await run_in_threadpool(_move, visit, form)


def _move(visit: Visit, form: dict[str, str]) -> Response:
    try:
        return _after(visit.run.time_bar.move(_where_to(visit, form), colleagues="colleagues" in form))
    except CycleError as error:
        return _home(visit, error)


def _where_to(visit: Visit, form: dict[str, str]) -> datetime:
    given = form.get("to") or form.get("by") or form.get("day") or "–"
    try:
        if form.get("by") and not form.get("to"):
            return visit.run.clock.now() + span_of(form["by"])
        return instant_of(given)
    except ValueError:
        raise MalformedInput("not_an_instant", given=given[:40]) from None


@router.post("/role")
async def play(request: Request) -> Response:
    """Play a role."""
    form, visit = await _form(request), _visit(request)
    return await run_in_threadpool(_play, visit, form.get("person", ""), f"{HOME}#role")


def _play(visit: Visit, person: str, to: str) -> Response:
    identity = identity_of(visit.request)
    try:
        id_, _ = identity.sign_in.role(identity.registry(), person[:200], here(visit.request))
    except CycleError as error:
        return _home(visit, error)
    old = getattr(visit.request.state, "session", None)
    if isinstance(old, Session):
        identity.sessions.end(old.row)
    response = _back(to)
    set_session(response, visit.request.scope["scheme"], id_)
    return response


@router.post("/story")
async def tell(request: Request) -> Response:
    """Take the next step of a story."""
    form, visit = await _form(request), _visit(request)
    return await run_in_threadpool(_tell, visit, form.get("story", ""), form.get("step", ""))


def _tell(visit: Visit, key: str, number: str) -> Response:
    run = visit.run
    story = next((s for s in stories() if s.key == key and s.season == run.time_bar.season()), None)
    if story is None or not number.isascii() or not number.isdigit() or not 1 <= int(number[:4]) <= len(story.steps):
        return _back()
    step, far = story.steps[int(number) - 1], progress(run, story)[int(number) - 1]
    if far is Progress.AHEAD or (far is not Progress.NEXT and step.kind not in _SHOWS):
        # Somebody else, or a second click, has been here before.
        return _back(f"{HOME}#{story.key}")
    return _step(visit, story, step)


def _step(visit: Visit, story: Story, step: Step) -> Response:
    run = visit.run
    match step.kind:
        case StepKind.MOVE:
            return _move(visit, {"to": step.to.isoformat() if step.to else "–", **({"colleagues": "1"} if step.colleagues else {})})
        case StepKind.CASE:
            return _back(f"{HOME}/cases/{step.case}")
        case StepKind.LETTER:
            found = next((each for each in mail(run, step.person) if step.case in each.subjects and each.news), None)
            return _play(visit, step.person, letter_url(found.id) if found is not None else f"{HOME}/inbox")
        case StepKind.ACT:
            played = _play(visit, step.person, f"{HOME}#{story.key}")
            try:
                perform(run, step)
            except CycleError as error:
                told = _home(visit, error)
                for name, value in played.raw_headers:
                    if name == b"set-cookie":
                        told.raw_headers.append((name, value))
                return told
            return played


@router.post("/language")
async def speak(request: Request) -> Response:
    """Choose the language."""
    form = await _form(request)
    response = _back()
    set_language(response, request.scope["scheme"], "en" if form.get("language") == "en" else "vi")
    return response
