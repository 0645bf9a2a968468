"""What every page shares: its language, its words, who looks at it, forms as browsers send them, and the answer."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from unicodedata import normalize
from urllib.parse import parse_qs, urlsplit

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.asking import READ, Asked, ask
from api.bootstrap import Runtime
from api.caller import Caller
from api.identity.cookies import LANGUAGE
from api.identity.guard import Session
from api.identity.sessions import csrf_of
from api.pages.kept import drawn_for
from api.pages.strip import strip, without_marks
from api.strict import RequestInvalid, WrongMediaType
from states.errors import CycleError, Problem
from states.regime import local_date
from states.vocabulary import Function, Level
from states.words import Language, Words, words
from workflow.registry import Holding, Registry
from workflow.store.text import strange_signs

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 500
_LONGEST_PATH = 1000
log = structlog.get_logger("ocop.pages")


@cache
def labels(language: Language) -> Mapping[str, str]:
    """The words of the pages in a language; those of the cycle itself are in ``states/labels``."""
    found: dict[str, str] = tomllib.loads((files("api") / "labels" / f"{language}.toml").read_text("utf-8"))
    return found


class Said:
    """Says a label of the pages, with its values."""

    def __init__(self, language: Language) -> None:
        """Speak a language."""
        self._table = labels(language)

    def __call__(self, name: str, /, **values: object) -> str:
        """The words under a name.

        Raises:
            KeyError: There are none, which is a fault of the page.
        """
        pattern = self._table[name]
        return pattern.format(**values) if values else pattern

    def many(self, name: str, count: int) -> str:
        """The same with a number, in the form that the number takes."""
        one = f"{name}.one"
        return self(one if count == 1 and one in self._table else name, count=count)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("api", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals["asset"] = _asset
    made.filters["cap"] = capital
    return made


def capital(text: str) -> str:
    """A text as it begins a line."""
    return text[:1].upper() + text[1:]


def _asset(name: str) -> str:
    return f"/static/{name}"


def page_language(request: Request) -> Language:
    """Vietnamese, unless the reader has chosen English here."""
    return "en" if request.cookies.get(LANGUAGE) == "en" else "vi"


def visitor(request: Request) -> Asked:
    """Who looks at a page, in the language that the page is in.

    Raises:
        Unidentified: Nobody has signed in.
    """
    return replace(ask(request, READ), language=page_language(request))


def csrf(request: Request) -> str | None:
    """The token that forms of this session carry; None before anybody has begun to sign in."""
    found: Any = getattr(request.state, "session", None)
    return csrf_of(found.id) if isinstance(found, Session) else None


def doubtful(t: Said) -> Callable[..., list[str]]:
    """Says of names what somebody should look at: letters that Vietnamese does not write, and that may only look like its own."""

    def doubt(*names: str) -> list[str]:
        signs = ((name, strange_signs(name)) for name in dict.fromkeys(names))
        return [t("alike.signs", name=name, signs=", ".join(f"“{sign}”" for sign in found)) for name, found in signs if found]

    return doubt


@dataclass(frozen=True, slots=True)
class Me:
    """The reader as the header names them."""

    name: str
    seats: str
    office: str


def seats_of(holdings: Sequence[Holding], registry: Registry, day: date, said: Words, producers: Mapping[str, str]) -> str:
    """What somebody is: each function with its unit, or with the producer that it is exercised for."""
    told = []
    for h in holdings:
        place = producers.get(h.producer, h.producer) if h.producer else registry.unit_name(h.unit, day)
        told.append(said.seat(h.seat.function, h.seat.level) + f" – {place}")
    return "; ".join(dict.fromkeys(told))


def producers_of(run: Runtime, holdings: Sequence[Holding]) -> dict[str, str]:
    """Names of the producers that functions are exercised for."""
    codes = sorted({h.producer for h in holdings if h.producer})
    return {row.code: row.name for row in run.store.producers(codes)} if codes else {}


def _me(request: Request, run: Runtime, said: Words) -> Me | None:
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        return None
    registry, day = run.engine.world().registry, local_date(run.clock.now())
    holdings = registry.holdings(caller.person, day)
    place = holdings[0].unit if holdings else None
    if place and holdings[0].seat.function is Function.PRODUCER:
        place = registry.at_level(place, Level.PROVINCE, day) or place
    office = registry.unit_name(place, day) if place else ""
    return Me(registry.person(caller.person).name, seats_of(holdings, registry, day, said, producers_of(run, holdings)), office)


def office(run: Runtime) -> str:
    """Whose installation this is, where it is one province's."""
    registry, day = run.engine.world().registry, local_date(run.clock.now())
    provinces = [u.name for u in registry.units_on(day) if u.level == Level.PROVINCE]
    return provinces[0] if len(provinces) == 1 else ""


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page."""
    language = page_language(request)
    run: Runtime = request.app.state.runtime
    said = words(language)
    me = _me(request, run, said)
    base = {
        "t": Said(language), "w": said, "lang": language, "csrf": csrf(request), "me": me, "office": me.office if me else office(run),
        "status": status, "rehearsal": run.rehearsal, "now": run.clock.now(), "here": _here(request), "nonce": getattr(request.state, "csp_nonce", ""),
        "strip": strip(request, run, Said(language)) if run.rehearsal else None, "drawn": lambda: drawn_for(request),
        "doubt": doubtful(Said(language)),
    }  # fmt: skip
    text = _environment().get_template(template).render({**base, **values})
    return HTMLResponse(text, status_code=status, headers={"content-language": language, "cache-control": "no-store"})


def plain(request: Request, template: str, *, status: int, **values: Any) -> Response:
    """A page that needs no database: what is shown where something broke."""
    language = page_language(request)
    base = {
        "t": Said(language), "w": words(language), "lang": language, "csrf": csrf(request), "me": None, "office": "", "status": status, "rehearsal": False,
        "now": None, "here": "/", "nonce": "", "strip": None, "drawn": str, "doubt": doubtful(Said(language)),
    }  # fmt: skip
    text = _environment().get_template(template).render({**base, **values})
    return HTMLResponse(text, status_code=status, headers={"content-language": language, "cache-control": "no-store"})


def _here(request: Request) -> str:
    """The page, to come back to it; of a form that was sent, nothing."""
    query = without_marks(request.url.query)
    return request.url.path + (f"?{query}" if query else "") if request.method in {"GET", "HEAD"} else request.url.path


def safe_path(given: str | None, otherwise: str = "/work") -> str:
    """A place inside this house to go on to; whatever else is given leads to the usual one."""
    if not given or not given.startswith("/") or given.startswith(("//", "/\\")) or len(given) > _LONGEST_PATH or not given.isprintable():
        return otherwise
    parts = urlsplit(given)
    return given if not parts.scheme and not parts.netloc and "\\" not in given else otherwise


def go_to(path: str) -> Response:
    """On to another page, which is then asked for anew."""
    return RedirectResponse(path, status_code=303)


class Form:
    """A form as a browser sends it; a field that is left empty was not given."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        """Hold the fields."""
        self._values = values

    def one(self, name: str) -> str | None:
        """The value of a field.

        Raises:
            RequestInvalid: It was given twice.
        """
        found = self._values.get(name, [])
        if len(found) > 1:
            raise RequestInvalid([Problem(f"/{name}", "key_twice")])
        return found[0].replace("\r\n", "\n") if found and found[0].strip() else None

    def all(self, name: str) -> list[str]:
        """Every value of a field that may have several."""
        return [value for value in self._values.get(name, []) if value]

    def pairs(self) -> list[tuple[str, str]]:
        """Every field with its value, one after the other."""
        return [(name, value) for name, values in self._values.items() for value in values if value]

    def names(self) -> tuple[str, ...]:
        """The fields that came."""
        return tuple(self._values)


async def form_of(request: Request) -> Form:
    """The form of a request.

    Raises:
        WrongMediaType: It is no form.
        RequestInvalid: It is no UTF-8, or has more fields than any of our pages.
    """
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != FORM:
        raise WrongMediaType(wanted=FORM, given=given[:100] or "–")
    found = read_form(await request.body())
    # Whoever answers in the form's place, because the session has ended meanwhile, can give back what was typed.
    request.state.form = found
    return found


def read_form(body: bytes) -> Form:
    """A form by the text that a browser sends.

    Raises:
        RequestInvalid: It is no UTF-8, or has more fields than any of our pages.
    """
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
        return Form({name: [normalize("NFC", value) for value in values] for name, values in fields.items()})
    except UnicodeDecodeError:
        raise RequestInvalid([Problem("", "not_unicode")]) from None
    except ValueError:
        raise RequestInvalid([Problem("", "too_long")]) from None


def countdown(due: datetime, now: datetime, said: Said) -> tuple[str, str]:
    """How long there is still, in local days, and how pressing that is: ``late``, ``today``, ``soon`` or ``calm``."""
    last = local_date(due - timedelta(microseconds=1))
    days = (last - local_date(now)).days
    if due <= now:
        return (said.many("left.late", max(1, -days)), "late")
    if days == 0:
        return (said("left.today"), "today")
    return (said.many("left.days", days), "soon" if days <= 7 else "calm")  # noqa: PLR2004 - a week


def words_of(error: CycleError, said: Words) -> list[tuple[str, str | None]]:
    """Every reason or problem of an error, with who can mend it."""
    found: list[tuple[str, str | None]] = [(text, holder) for text, holder in said.reasons(error)]
    problems = getattr(error, "problems", ())
    return found + [(said.problem(problem), None) for problem in problems]
