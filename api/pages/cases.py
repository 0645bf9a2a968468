"""*Hồ sơ*: one case: where it stands, until when and why, what can be done and why not, what happened, and who was told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.asking import Asked, visible_case
from api.pages.due import deadlines
from api.pages.frame import Said, render, visitor
from api.pages.lines import Happened, happened
from api.pages.offers import waits_for
from api.pages.past import Moment, past, read_moment
from api.pages.standing import standing
from api.pages.told import told
from api.schemas.common import LONGEST_CODE
from states.chart import Offer
from states.refusal import Code as Reason
from states.vocabulary import Duty, Event, Function
from states.words import Words, words
from workflow.access import may_confirm
from workflow.judging import place_of
from workflow.ledger.entry import parse
from workflow.ports import LoadedCase
from workflow.rows import CaseRow, StoredEntry

router = APIRouter(tags=["pages"])
CaseCode = Annotated[str, Path(max_length=LONGEST_CODE)]
When = Annotated[str | None, Query(max_length=60)]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can happen to the case: what, and if not, why not and who can mend it."""

    event: str
    name: str
    reasons: tuple[tuple[str, str], ...] = ()
    who: str = ""
    from_paper: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """An act on paper that waits for a second person, and why the reader is none, if so."""

    line: Happened
    reasons: tuple[tuple[str, str], ...]


@router.get("/cases/{code}")
def show(
    request: Request, code: CaseCode, done: Annotated[int | None, Query(ge=1, le=1_000_000)] = None, as_of: When = None, known_at: When = None
) -> Response:
    """One case as it is, or as it stood on a day by what was known on another."""
    asked = visitor(request)
    loaded = visible_case(asked, code)
    when, known = read_moment(as_of, asked.received), read_moment(known_at, asked.received)
    if when.at is None and known.at is None:
        typed = {"when": when, "known": known}
        status = 422 if when.problem or known.problem else 200
        return render(request, "case.html", status=status, **described(asked, loaded, done) | typed)
    values = past(asked, loaded, when, known)
    return render(request, "past.html", status=422 if when.problem or known.problem else 200, **values)


def described(asked: Asked, loaded: LoadedCase, done: int | None = None) -> dict[str, Any]:
    """Everything that the page of a case says."""
    case, said, t = loaded.case, words(asked.language), Said(asked.language)
    stored = list(asked.run.store.entries(case.code))
    entries = [parse(each.body) for each in stored]
    history = happened(asked, stored)
    situation = asked.run.engine.situation(case.code, asked.caller.person, asked.received)
    return {
        **standing(asked, case, entries, asked.received), "done": next((h for h in history if h.seq == done), None), "history": history[::-1],
        "actions": offered(situation.offers, said, recorder=_records(asked)), "deadlines": deadlines(asked, loaded, entries, said, t),
        "told": told(asked, case.code, said, t), "asked": pending(asked, case, history, stored), "next": waits_for(situation.offers, said, t),
        "error": None, "error_reasons": [], "kept_reason": "", "when": Moment(), "known": Moment(),
    }  # fmt: skip


def pending(asked: Asked, case: CaseRow, history: Iterable[Happened], stored: Sequence[StoredEntry]) -> list[Pending]:
    """Acts on paper that wait for a second person, with what stands against the reader being that person."""
    said, found = words(asked.language), []
    bodies = {each.seq: each.body for each in stored}
    for line in history:
        if str(line.seq) not in case.memo.get("asked", {}):
            continue
        typed_by = parse(bodies[line.seq]).actor
        if typed_by is None:
            continue
        _, refusals = may_confirm(asked.registry, asked.caller.person, typed_by, place_of(case), asked.today)
        found.append(Pending(line, tuple((said.refusal(r), said.holder(r.holder)) for r in refusals)))
    return found


def _records(asked: Asked) -> bool:
    """Whether the reader may type acts on paper of bodies that do not sign in."""
    return any(h.seat.function is Function.OFFICER for h in asked.registry.holdings(asked.caller.person, asked.today))


def offered(offers: Sequence[Offer], said: Words, *, recorder: bool) -> dict[str, list[Action]]:
    """What can be done, by whether the reader can: ``now``, ``blocked`` (theirs, but not yet), ``others`` (somebody else's), ``elsewhere``."""
    groups: dict[str, list[Action]] = {"now": [], "blocked": [], "others": [], "elsewhere": []}
    for offer in offers:
        rule = offer.rule
        if offer.event is Event.REGISTER or (rule is not None and rule.duty is Duty.AUTOMATIC) or _of_system(offer):
            continue
        reasons = tuple((said.refusal(reason), said.holder(reason.holder)) for reason in offer.reasons)
        seats = ", ".join(dict.fromkeys(said.seat(seat.function, seat.level) for seat in rule.seats)) if rule else ""
        paper = bool(rule and rule.paper and recorder and not offer.allowed)
        action = Action(str(offer.event), said.name(offer.event), reasons, seats, paper)
        groups[_group(offer)].append(action)
    return groups


def _of_system(offer: Offer) -> bool:
    return any(reason.code is Reason.SYSTEM_ONLY for reason in offer.reasons)


def _group(offer: Offer) -> str:
    if offer.allowed:
        return "now"
    if offer.rule is None:
        return "elsewhere"
    return "others" if any(reason.code is Reason.FUNCTION_REQUIRED for reason in offer.reasons) else "blocked"
