"""What an office does with a round, on pages: freeze, re-date, close, roll over, and the late door; each is looked at before it is written."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from time import sleep
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response

from api.asking import WRITE, Asked, ask, command_id, fingerprint
from api.cli.context import speaking
from api.cli.render import who
from api.pages.frame import Form, Said, form_of, go_to, render, visitor
from api.pages.reading import day_of
from api.problems import status_of
from api.schemas.common import LONGEST_CODE
from api.strict import RequestInvalid
from states.errors import CycleError, EventRefused, MalformedInput, NotAllowed, NotFound, PayloadInvalid, Problem, StaleCase
from states.vocabulary import RoundEvent, Stage
from states.words import Words, words
from workflow.notices import Redated
from workflow.operations import GivenAnswer
from workflow.roundoffers import RoundAct, offers, redatable
from workflow.rounds import RoundReport
from workflow.rows import RoundRow, StageRow
from workflow.timeline import opened

router = APIRouter(tags=["pages"])
RoundCode = Annotated[str, Path(max_length=LONGEST_CODE)]
Sent = Annotated[Form, Depends(form_of)]
FIELDS = ("stage", "phrase", "reading", "document_no", "document_date", "document_signer", "exception", "reason")
"""What a re-dating asks for."""

_MUST = ("stage", "phrase", "document_no", "document_date", "reason")
_AGAIN = (0.05, 0.15, 0.4)
"""Seconds after which the answer to the first of two clicks is looked for."""


@dataclass(frozen=True, slots=True)
class Line:
    """A case in a preview: what becomes of it, or why nothing does."""

    case: str
    name: str
    said: str = ""
    reasons: tuple[tuple[str, str], ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Cases to which the same happens."""

    title: str
    lines: tuple[Line, ...]
    wide: bool = True


@dataclass(frozen=True, slots=True)
class Desk:
    """An act on its way: the round as it is now, and what stands against the act."""

    asked: Asked
    row: RoundRow
    act: RoundAct
    reasons: tuple[tuple[str, str], ...]

    @property
    def said(self) -> Words:
        """Says the cycle's words."""
        return words(self.asked.language)

    @property
    def t(self) -> Said:
        """Says the page's words."""
        return Said(self.asked.language)


def _desk(asked: Asked, code: str, act: RoundAct) -> Desk:
    row = round_of(asked, code)
    said = words(asked.language)
    offer = next(o for o in offers(asked.run.rounds, code, actor=asked.caller.person) if o.act is act)
    return Desk(asked, row, act, tuple((said.refusal(r), said.holder(r.holder)) for r in offer.reasons))


def round_of(asked: Asked, code: str) -> RoundRow:
    """A round.

    Raises:
        NotFound: There is none.
    """
    row = asked.run.store.load_round(code)
    if row is None:
        raise NotFound(what="round", name=code)
    return row


# Looking.


@router.get("/rounds/{code}/acts/{act}")
def look_first(request: Request, code: RoundCode, act: RoundAct) -> Response:
    """What an act would do now; of a re-dating, its form."""
    desk = _desk(visitor(request), code, act)
    if desk.reasons or act is RoundAct.REDATE:
        return _shown(desk)
    try:
        return _shown(desk, groups=_foreseen(desk))
    except (EventRefused, NotAllowed, StaleCase) as error:
        return _refused(desk, error, {})


def _foreseen(desk: Desk) -> list[Group]:
    """What a dry run of an act without fields says of every case."""
    rounds, person, code = desk.asked.run.rounds, desk.asked.caller.person, desk.row.code
    match desk.act:
        case RoundAct.FREEZE:
            rounds.freeze(code, actor=person, dry_run=True)
            return [_others(desk, set(), desk.t("freeze.stay"))]
        case RoundAct.CLOSE:
            return _carried(desk, rounds.close(code, actor=person, dry_run=True))
        case _:
            return _carried(desk, rounds.rollover(code, actor=person, dry_run=True))


def _carried(desk: Desk, report: RoundReport) -> list[Group]:
    said, t = desk.said, desk.t
    names = _names(desk.asked, [*(c.case for c in report.carried), *report.pending])
    moves = [Line(c.case, names[c.case], t("carried.to", round=c.to)) for c in report.carried if c.to]
    stays = [Line(c.case, names[c.case], reasons=_why(c.why, said)) for c in report.carried if not c.to]
    waits = [Line(case, names[case]) for case in report.pending]
    title = t("carried.offered") if report.offered else t("carried.moves")
    known = {line.case for line in (*moves, *stays, *waits)}
    return [
        Group(title, tuple(moves)), Group(t("carried.stays"), tuple(stays), wide=False), Group(t("carried.pending"), tuple(waits)),
        _others(desk, known, t("carried.rest")),
    ]  # fmt: skip


def _why(error: CycleError | None, said: Words) -> tuple[tuple[str, str], ...]:
    if error is None:
        return ()
    return tuple(said.reasons(error)) or ((said.error(error), ""),)


def _others(desk: Desk, known: set[str], title: str) -> Group:
    """Members that nothing happens to, each with the state it is in."""
    rows = [row for row in desk.asked.run.rounds.members(desk.row.code) if row.code not in known]
    names = _names(desk.asked, [row.code for row in rows])
    return Group(title, tuple(Line(row.code, names[row.code], desk.said.name(row.state)) for row in rows))


def _names(asked: Asked, cases: Iterable[str]) -> dict[str, str]:
    """Names of the products of cases."""
    codes = list(dict.fromkeys(cases))
    loaded = {code: found.case.product for code in codes if (found := asked.run.store.load_case(code, "")) is not None}
    named = {p.code: p.name for p in asked.run.store.products(sorted(set(loaded.values())))} if loaded else {}
    return {code: named.get(loaded.get(code, ""), code) for code in codes}


def _shown(  # noqa: PLR0913 - what the page of an act shows
    desk: Desk,
    given: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    error: str = "",
    reasons: tuple[tuple[str, str], ...] | None = None,
    problems: Mapping[str, list[str]] | None = None,
    groups: list[Group] | None = None,
    changes: list[str] | None = None,
    **shown: Any,
) -> Response:
    asked, row, kept = desk.asked, desk.row, dict(given or {})
    dates = redatable(row, asked.run.engine.world()) if desk.act is RoundAct.REDATE else {}
    return render(
        asked.request, "round_act.html", status=status, round=row, state=desk.said.name(row.state), act=str(desk.act), error=error,
        reasons=desk.reasons if reasons is None else reasons, problems=problems or {}, groups=groups, changes=changes or [], kept=kept,
        key=kept.get("key") or secrets.token_urlsafe(18), must=_MUST, **{"dates": _dates(desk, dates), "redated": None, **shown},
    )  # fmt: skip


def _dates(desk: Desk, dates: Mapping[Stage, StageRow]) -> list[tuple[str, str, str, str]]:
    said = desk.said
    return [
        (str(stage), said.stage(stage), said.last_day(row.cutoff) if row.cutoff else "–", row.phrase)
        for stage, row in sorted(dates.items(), key=lambda each: (each[1].cutoff is None, each[1].cutoff, each[0]))
    ]


def _refused(desk: Desk, error: CycleError, given: Mapping[str, str], **shown: Any) -> Response:
    said = desk.said
    return _shown(desk, given, status=status_of(error), error=said.error(error), reasons=_why(error, said), **shown)


# Doing.


@router.post("/rounds/{code}/acts/{act}")
def do(request: Request, code: RoundCode, act: RoundAct, form: Sent) -> Response:
    """Carry an act out that was looked at, or look at a re-dating."""
    ask(request, WRITE)
    asked = visitor(request)
    given = {name: form.one(name) or "" for name in ("key", "seen", "looked", *FIELDS)}
    version = _number(form, "version")
    if form.one("do") == "edit":
        return _typed_before(asked, code, act, given, version)
    if act is RoundAct.REDATE and (form.one("do") == "preview" or given["looked"] != _digest(given)):
        return _preview(asked, code, given, version)
    try:
        return go_to(_once(asked, code, given, lambda command: _carry_out(asked, code, act, given, version, command)))
    except StaleCase as error:
        return _stale(_desk(asked, code, act), error, given)
    except PayloadInvalid as error:
        return _mend(_desk(asked, code, act), error, given)
    except (EventRefused, NotAllowed) as error:
        return _refused(_desk(asked, code, act), error, given)


def _typed_before(asked: Asked, code: str, act: RoundAct, given: Mapping[str, str], version: int) -> Response:
    """The form as it had been filled in, to be looked at; an act that asks for nothing is looked at anew."""
    desk = _desk(asked, code, act)
    if act is not RoundAct.REDATE:
        return go_to(f"/rounds/{quote(code)}/acts/{act}")
    if desk.row.version != version:
        return _stale(desk, StaleCase(case=code, expected=version, version=desk.row.version, state=desk.row.state), given)
    return _shown(desk, {**given, "looked": ""})


def _carry_out(asked: Asked, code: str, act: RoundAct, given: Mapping[str, str], version: int, command: str) -> str:  # noqa: PLR0913
    """Do it; answers where to go on."""
    rounds, person, page = asked.run.rounds, asked.caller.person, f"/rounds/{quote(code)}"
    match act:
        case RoundAct.FREEZE:
            rounds.freeze(code, actor=person, version=version)
        case RoundAct.CLOSE:
            rounds.close(code, actor=person, version=version)
        case RoundAct.ROLLOVER:
            rounds.rollover(code, actor=person, version=version)
            return f"{page}?did=rollover"
        case RoundAct.REDATE:
            _redate(asked, code, given, version, command=command)
    return f"{page}?done={round_of(asked, code).head_seq}"


def _redate(asked: Asked, code: str, given: Mapping[str, str], version: int, *, command: str | None = None) -> Redated:
    return asked.run.rounds.redate(
        code, given["stage"], given["phrase"], given["document_no"], _day(given["document_date"]), given["reason"], asked.caller.person,
        "lenient" if given["reading"] == "lenient" else "strict", exception=given["exception"] or None,
        document_signer=given["document_signer"] or None, command=command, version=version, dry_run=command is None,
    )  # fmt: skip


def _day(typed: str) -> str:
    """A day as the rules read it; what is none stays as it was typed, for them to refuse."""
    try:
        return day_of(typed).isoformat()
    except ValueError:
        return typed


def _preview(asked: Asked, code: str, given: Mapping[str, str], version: int) -> Response:
    """What a re-dating would do, beside the form as it was filled in."""
    desk = _desk(asked, code, RoundAct.REDATE)
    missing = [Problem(f"/{name}", "required") for name in _MUST if not given[name]]
    if missing:
        return _mend(desk, PayloadInvalid(missing, event=RoundEvent.REDATE), given)
    try:
        found = _redate(asked, code, given, version)
    except StaleCase as error:
        return _stale(desk, error, given)
    except PayloadInvalid as error:
        return _mend(desk, error, given)
    except (EventRefused, NotAllowed) as error:
        return _refused(desk, error, given)
    return _shown(desk, {**given, "looked": _digest(given)}, groups=_moved(desk, found), redated=_before_and_after(desk, found))


def _digest(given: Mapping[str, str]) -> str:
    """What was looked at, so that nothing else is written."""
    return sha256(orjson.dumps([given[name] for name in FIELDS])).hexdigest()[:32]


def _before_and_after(desk: Desk, found: Redated) -> dict[str, Any]:
    said = desk.said
    days = [(row.phrase, said.last_day(row.cutoff) if row.cutoff else "–", row.source) for row in (found.before, found.after)]
    national = [str(f) for f in found.after.flags if str(f) == "outlasts-national-term"]
    return {"before": days[0], "after": days[1], "notes": [said.label("flag", f) for f in national]}


def _moved(desk: Desk, found: Redated) -> list[Group]:
    said, t = desk.said, desk.t
    names = _names(desk.asked, [*found.moved, *found.back, *(case for case, _ in found.left)])
    return [
        Group(t("redate.moves"), tuple(Line(case, names[case]) for case in found.moved)),
        Group(t("redate.back"), tuple(Line(case, names[case], t("redate.again") if case in found.again else "") for case in found.back)),
        Group(t("redate.left"), tuple(Line(case, names[case], said.label("left", str(why))) for case, why in found.left)),
    ]


def _mend(desk: Desk, error: PayloadInvalid, given: Mapping[str, str]) -> Response:
    problems: dict[str, list[str]] = {}
    for problem in error.problems:
        problems.setdefault(problem.pointer.strip("/"), []).append(desk.said.problem_text(problem))
    return _shown(desk, given, status=status_of(error), error=desk.t("act.mend"), problems=problems)


def _stale(desk: Desk, error: StaleCase, given: Mapping[str, str]) -> Response:
    """Somebody was faster: what was done to the round since, and the act looked at once more as it would be now."""
    seen, said = given.get("seen", ""), desk.said
    last = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 9 else 0  # noqa: PLR2004 - as far as entries go
    with speaking(desk.asked.language):
        lines = [opened(stored) for stored in desk.asked.run.store.entries(desk.row.code) if stored.seq > last]
        changes = [f"{said.instant(line.at)}: {said.label('event', line.entry.event)} – {who(line)}" for line in lines]
    kept = {**given, "key": "", "looked": ""}
    try:
        groups = None if desk.reasons or desk.act is RoundAct.REDATE else _foreseen(desk)
    except (EventRefused, NotAllowed):
        groups = None
    return _shown(desk, kept, status=status_of(error), error=desk.t("round.changed"), changes=changes, groups=groups)


def _number(form: Form, name: str) -> int:
    text = form.one(name) or ""
    if not text.isascii() or not text.isdigit() or len(text) > 9:  # noqa: PLR2004 - as far as versions go
        raise RequestInvalid([Problem(f"/{name}", "not_an_integer")])
    return int(text)


def _once(asked: Asked, code: str, given: Mapping[str, str], work: Callable[[str], str]) -> str:
    """Do something once a key; the second of two clicks is led to where the first was.

    Raises:
        KeyMissing, MalformedInput: No key, or one that something else was done under.
        CycleError: Whatever the work raises.
    """
    command, store = command_id(asked.caller, given["key"]), asked.run.store
    digest = fingerprint(asked.request, {name: given[name] for name in FIELDS})

    def known() -> str | None:
        found = store.answer(command)
        if found is not None and found.digest != digest:
            raise MalformedInput("command_reused", command=given["key"], case=code)
        return found.headers["location"] if found is not None else None

    before = known()
    if before is not None:
        return before
    if case := store.used_for(command):
        raise MalformedInput("command_reused", command=given["key"], case=case)
    try:
        place = work(command)
    except StaleCase:
        for pause in _AGAIN:
            first = known()
            if first is not None:
                return first
            sleep(pause)
        raise
    store.keep_answer(GivenAnswer(command=command, digest=digest, status=303, headers={"location": place}, body="", at=asked.received))
    return place
