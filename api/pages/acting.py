"""A form for one event of a case, made of the fields that its rule declares; what is sent goes the way of the interface."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ValidationError

from api.acting import act_of
from api.asking import WRITE, Asked, ask, command_id, surely, visible_case
from api.cli.context import speaking
from api.cli.render import note_text
from api.pages.cases import CaseCode, happened
from api.pages.fields import Typed, beside, controls, paper_controls, problems_at, read
from api.pages.frame import Form, Said, form_of, go_to, render, visitor
from api.problems import from_schema, status_of
from api.schemas.cases import ActGiven
from api.showing import Names
from api.strict import RequestInvalid
from states.case import case_chart
from states.chart import Rule
from states.errors import CycleError, EventRefused, NotAllowed, NotFound, PayloadInvalid, Problem, StaleCase
from states.vocabulary import Duty, Event
from states.words import words
from workflow.commands import Command, Receipt
from workflow.ports import LoadedCase
from workflow.receipts import confirmation_id
from workflow.situation import law_of

router = APIRouter(tags=["pages"])
Sent = Annotated[Form, Depends(form_of)]


@dataclass(frozen=True, slots=True)
class Desk:
    """A form on its way: the case, the rule whose fields are asked for, and whether the event can happen now."""

    asked: Asked
    loaded: LoadedCase
    event: Event
    rule: Rule
    allowed: bool
    reasons: tuple[tuple[str, str], ...]


def _desk(asked: Asked, code: str, event: Event) -> Desk:
    """The form of an event.

    Raises:
        NotFound: No such case, or the event is not done in this state.
    """
    said = words(asked.language)
    loaded = visible_case(asked, code)
    situation = asked.run.engine.situation(code, asked.caller.person, asked.received)
    offer = next((o for o in situation.offers if o.event is event), None)
    rule = offer.rule if offer else None
    if rule is None:
        chart = case_chart(law_of(loaded.case, asked.received).id)
        rule = next((r for r in chart.rules if r.event is event), None)
    if offer is None or rule is None or rule.duty is Duty.AUTOMATIC or event is Event.REGISTER:
        raise NotFound(what="event", name=str(event))
    reasons = tuple((said.refusal(r), said.holder(r.holder)) for r in offer.reasons)
    return Desk(asked, loaded, event, rule, offer.allowed, reasons)


@router.get("/cases/{code}/actions/{event}")
def form_page(request: Request, code: CaseCode, event: Event) -> Response:
    """The form of an event."""
    return _form(_desk(visitor(request), code, event), Typed())


def _form(  # noqa: PLR0913 - what a form shows
    desk: Desk,
    typed: Typed,
    given: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    error: str | None = None,
    reasons: tuple[tuple[str, str], ...] | None = None,
    **shown: Any,
) -> Response:
    asked, said, case = desk.asked, words(desk.asked.language), desk.loaded.case
    kept = dict(given or {})
    blocked = desk.reasons if reasons is None else reasons
    values = {
        "case": case, "names": Names(asked, [case]).of(case), "event": str(desk.event), "name": said.name(desk.event),
        "controls": controls(desk.rule, said, typed), "needs_reason": desk.rule.reason, "paper": desk.rule.paper,
        "paper_controls": paper_controls(desk.rule, said, typed) if desk.rule.paper else [],
        "seats": [(str(seat), said.seat(seat.function, seat.level)) for seat in dict.fromkeys(desk.rule.seats)],
        "clause": law_of(case, asked.received).clause(desk.rule.topic), "key": kept.get("key") or secrets.token_urlsafe(18), "kept": kept,
        "problems": beside(typed, desk.rule, said), "at_reason": problems_at(typed, "/reason", said),
        "at_acted_on": problems_at(typed, "/acted_on", said), "error": error, "allowed": desk.allowed, "reasons": blocked,
        "changes": [], "preview": None, **shown,
    }  # fmt: skip
    return render(asked.request, "act.html", status=status, **values)


@router.post("/cases/{code}/actions/{event}")
def act(request: Request, code: CaseCode, event: Event, form: Sent) -> Response:
    """Carry the event out, or say what would happen."""
    ask(request, WRITE)
    asked = visitor(request)
    desk = _desk(asked, code, event)
    said, t = words(asked.language), Said(asked.language)
    typed = read(desk.rule, form)
    given = {name: form.one(name) or "" for name in ("key", "reason", "acted_on", "on_behalf_of", "seen")}
    preview = form.one("do") == "preview"
    try:
        command = _command(desk, typed, given, _version(form))
        receipt = surely(asked.run, command, dry_run=preview)
    except PayloadInvalid as error:
        typed.problems = list(error.problems)
        return _form(desk, typed, given, status=status_of(error), error=t("act.mend"))
    except (EventRefused, NotAllowed) as error:
        told = tuple((text, holder) for text, holder in said.reasons(error))
        return _form(_desk(asked, code, event), typed, given, status=status_of(error), error=said.error(error), reasons=told)
    except StaleCase as error:
        return _stale(asked, code, event, typed, given, error)
    if preview:
        return _form(desk, typed, given, preview=_foreseen(asked, receipt), reasons=())
    return go_to(f"/cases/{quote(code)}?done={receipt.seq}")


@router.post("/cases/{code}/confirmations/{seq}")
def answer(request: Request, code: CaseCode, seq: Annotated[int, Path(ge=1, le=1_000_000)], form: Sent) -> Response:
    """The second person's word on an act that was typed from paper; given once, so that sending it again changes nothing."""
    ask(request, WRITE)
    asked = visitor(request)
    case = visible_case(asked, code).case
    if case.version != _version(form):
        raise StaleCase(case=code, expected=_version(form), version=case.version, state=case.state)
    told, person, name = asked.run.confirmations, asked.caller.person, confirmation_id(code, seq)
    agreed = form.one("do") == "confirm"
    receipt = told.confirm(name, actor=person) if agreed else told.refuse(name, actor=person, reason=form.one("reason"))
    return go_to(f"/cases/{quote(code)}?done={receipt.seq}")


def _version(form: Form) -> int:
    text = form.one("version") or ""
    if not text.isascii() or not text.isdigit() or len(text) > 9:  # noqa: PLR2004 - as far as versions go
        raise RequestInvalid([Problem("/version", "not_an_integer")])
    return int(text)


def _command(desk: Desk, typed: Typed, given: Mapping[str, str], version: int) -> Command:
    """What was sent, as a command.

    Raises:
        PayloadInvalid: A text of the form cannot be read.
    """
    if typed.problems:
        raise PayloadInvalid(typed.problems, event=desk.event)
    beside_payload = {name: given[name] for name in ("reason", "acted_on", "on_behalf_of") if given[name]}
    try:
        body = ActGiven.model_validate({**typed.values, **beside_payload})
    except ValidationError as error:
        raise from_schema([dict(each) for each in error.errors()]) from None
    asked = desk.asked
    return act_of(asked, desk.loaded.case.code, desk.event, body, command_id(asked.caller, given["key"]), version)


def _stale(asked: Asked, code: str, event: Event, typed: Typed, given: dict[str, str], error: CycleError) -> Response:  # noqa: PLR0913
    """Somebody was faster: what has changed since, and the form once more with what had been typed."""
    seen = int(given["seen"]) if given["seen"].isascii() and given["seen"].isdigit() and len(given["seen"]) <= 9 else 0  # noqa: PLR2004
    changes = [each for each in happened(asked, [s for s in asked.run.store.entries(code) if s.seq > seen]) if not each.denied]
    fresh = _desk(asked, code, event)
    return _form(
        fresh,
        typed,
        {**given, "key": ""},
        status=status_of(error),
        error=words(asked.language).error(error),
        changes=changes,
        reasons=fresh.reasons,
    )


def _foreseen(asked: Asked, receipt: Receipt) -> dict[str, Any]:
    """What a dry run answered, in words."""
    said = words(asked.language)
    with speaking(asked.language):
        notes = [note_text(note, said) for note in receipt.notes]
    return {"state": said.name(receipt.state), "at": receipt.effective_at, "notes": notes, "second": receipt.confirmation is not None}
