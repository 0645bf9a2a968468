"""*Chạy thử – tập huấn*: the time bar, role buttons, what just happened, guided stories, and the inbox of whoever one plays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.bootstrap import Runtime
from api.caller import Caller
from api.pages.casts import Role, cast, role_of
from api.pages.entrance import enter_role
from api.pages.frame import page_language, render, safe_path
from api.pages.lines import read_out
from api.pages.mail import letter, mail
from api.pages.reading import instant_of as typed_instant
from api.pages.stories import Progress, Step, StepKind, Story, perform, progress, stories
from api.pages.strip import look, marks_of, without_marks
from api.problems import status_of
from api.routes.rehearsal import event_name
from api.schemas.rehearsal import instant_of, span_of
from states.errors import CycleError, MalformedInput, NotFound
from states.regime import VIETNAM, local_date
from states.vocabulary import Function
from states.words import Language, words
from workflow.access import visible
from workflow.judging import place_of
from workflow.rows import CaseRow, SubjectKind
from workflow.timebar import FARTHEST, Happened, Moved, next_morning, settles

router = APIRouter(prefix="/rehearsal", include_in_schema=False)
HOME = "/rehearsal"
_SHOWN = 40
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


def _visit(request: Request) -> Visit:
    return Visit(request, request.app.state.runtime, page_language(request))


def _page(visit: Visit, name: str, status: int = 200, /, **values: Any) -> Response:
    links = {"role": visit.role, "local": _local, "case_url": case_url, "letter_url": letter_url}
    return render(visit.request, f"rehearsal/{name}.html", status=status, **{**links, **values})


def _local(moment: datetime) -> str:
    """An instant as officials type it."""
    return moment.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


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


def _home(visit: Visit, error: CycleError | None = None, story: str = "") -> Response:
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
        first=_first(visit, told, story),
        going_on=_going_on(visit, told),
        season=known,
        cast=cast(run, said),
        letters=mail(run, person)[:5] if person is not None else [],
        strip=None,
        # What was refused is told under the address of its button, to which nobody can come back.
        **({"here": HOME} if error is not None else {}),
    )


def _going_on(visit: Visit, told: list[tuple[Story, list[dict[str, Any]]]]) -> tuple[Story, dict[str, Any] | None, list[str]] | None:
    """The story whose step has just been taken: the step that comes next, what has been looked at already left out, and what has come about."""
    key = visit.request.query_params.get("story", "")
    for story, steps in told:
        if story.key == key:
            taken = max((n for n, step in enumerate(steps) if step["progress"] == Progress.DONE), default=-1)
            onward = next((step for step in steps[taken + 1 :] if step["progress"] == Progress.NEXT), None)
            return story, onward, [step["after"] for step in steps[: taken + 1] if step["after"] and step["progress"] == Progress.DONE]
    return None


def _first(visit: Visit, told: list[tuple[Story, list[dict[str, Any]]]], refused: str) -> str:
    """The story that stands on top: the one whose step has just been taken, else the first in which something is still to be done."""
    wanted = refused or visit.request.query_params.get("story", "")
    open_ = [story.key for story, steps in told if any(step["progress"] == Progress.NEXT and not step["shows"] for step in steps)]
    known = [story.key for story, _ in told]
    return wanted if wanted in known else next(iter([*open_, *known]), "")


def _steps(story: Story, how_far: tuple[Progress, ...], language: Language) -> list[dict[str, Any]]:
    return [
        {
            "number": n,
            "text": step.text[language],
            "button": step.button[language],
            "after": step.after.get(language, ""),
            "progress": str(far),
            "shows": step.kind in _SHOWS,
        }
        for n, (step, far) in enumerate(zip(story.steps, how_far, strict=True), 1)
    ]


_SHOWS = frozenset({StepKind.LETTER, StepKind.CASE})


def _just_happened(visit: Visit) -> dict[str, Any] | None:
    """What the last move brought, as the address after it names it."""
    found = look(visit.request, visit.run)
    if found is None:
        return None
    return {"since": found.since, "until": found.until, "cut": found.cut, **_shown(visit, found.happened)}


def _shown(visit: Visit, happened: Happened) -> dict[str, Any]:
    run, said = visit.run, words(visit.language)
    registry, day = run.engine.world().registry, local_date(run.clock.now())
    cases = [d.case for d in happened.deferred]
    names = {p.code: p.name for p in run.store.products(sorted({d.product for d in happened.deferred}))} if cases else {}
    people = {p.code: p.name for p in registry.people()}
    acts = [
        {
            "at": a.at, "subject": a.subject, "case": a.kind is SubjectKind.CASE, "event": event_name(a.kind, a.event)[visit.language],
            "who": people.get(a.actor, a.actor) if a.actor else said.name(Function.SYSTEM),
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


def _full(visit: Visit, found: CaseRow) -> str | None:
    """The case's own page, for whoever may see it in their role."""
    registry, day = visit.run.engine.world().registry, local_date(visit.run.clock.now())
    may = visit.person is not None and visible(registry, visit.person, place_of(found), day)
    return f"/cases/{found.code}" if may else None


@router.get("/cases/{code}")
def case(request: Request, code: str) -> Response:
    """A case's history in words."""
    visit = _visit(request)
    loaded = visit.run.store.load_case(code[:200], "")
    if loaded is None:
        raise NotFound(what="case", name=code[:200])
    said = words(visit.language)
    product = visit.run.store.product(loaded.case.product)
    entries = read_out(list(visit.run.store.entries(loaded.case.code)), visit.language)
    return _page(
        visit, "case", case=loaded.case, name=product.name if product else loaded.case.product, state=said.name(loaded.case.state),
        entries=entries[::-1], full=_full(visit, loaded.case),
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


def _after(moved: Moved, onward: str | None, story: str) -> Response:
    """Back to where the button was pressed, with what the move brought."""
    place = urlsplit(safe_path(onward, HOME))
    query = "&".join(part for part in (without_marks(place.query), marks_of(moved, story)) if part)
    return _back(f"{place.path}?{query}{'#happened' if place.path == HOME else ''}")


@router.post("/clock")
async def clock(request: Request) -> Response:
    """Move the clock: ``by`` a span, or ``to`` an instant."""
    form, visit = await _form(request), _visit(request)
    return await run_in_threadpool(_move, visit, form)


def _move(visit: Visit, form: dict[str, str]) -> Response:
    try:
        return _after(
            visit.run.time_bar.move(_where_to(visit, form), colleagues="colleagues" in form), form.get("next"), form.get("story", "")[:40]
        )
    except CycleError as error:
        return _home(visit, error)


def _where_to(visit: Visit, form: dict[str, str]) -> datetime:
    given = form.get("to") or form.get("by") or form.get("day") or "–"
    try:
        if form.get("by") and not form.get("to"):
            return visit.run.clock.now() + span_of(form["by"])
        return instant_of(form["to"] if form.get("to") else typed_instant(given))
    except ValueError:
        raise MalformedInput("not_an_instant", given=given[:40]) from None


def _play(visit: Visit, person: str, to: str) -> Response:
    try:
        return enter_role(visit.request, person, to)
    except CycleError as error:
        return _home(visit, error)


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
            where = {"to": step.to.isoformat() if step.to else "–", "story": story.key}
            return _move(visit, {**where, **({"colleagues": "1"} if step.colleagues else {})})
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
                told = _home(visit, error, story.key)
                for name, value in played.raw_headers:
                    if name == b"set-cookie":
                        told.raw_headers.append((name, value))
                return told
            return played
