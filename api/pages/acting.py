"""A form for one event of a case, made of the fields that its rule declares; what is sent goes the way of the interface."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ValidationError

from api.acting import act_of
from api.asking import WRITE, Asked, ask, command_id, surely, visible_case
from api.pages.cases import CaseCode, described
from api.pages.coded import Lists, lists_for
from api.pages.fields import Sheet, Typed, also_wrong, paper_fields, read, told
from api.pages.foreseen import foreseen
from api.pages.frame import Form, Said, form_of, go_to, render, visitor
from api.pages.lines import happened
from api.pages.reading import instant_of
from api.problems import from_schema, status_of
from api.schemas.cases import ActGiven
from api.showing import Names
from api.strict import RequestInvalid
from states.case import KIND_OF, case_chart
from states.chart import Rule
from states.errors import CycleError, EventRefused, NotAllowed, NotFound, PayloadInvalid, Problem, StaleCase
from states.payload import Field
from states.vocabulary import CaseState, Duty, Event, StateKind
from states.words import words
from workflow.commands import Command
from workflow.ports import LoadedCase
from workflow.receipts import confirmation_id
from workflow.situation import law_of

router = APIRouter(tags=["pages"])
Sent = Annotated[Form, Depends(form_of)]
KEPT = ("key", "reason", "acted_on", "on_behalf_of", "seen")
"""What a form carries beside the fields of its rule."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A form on its way: the case, the rule whose fields are asked for, and whether the event can happen now."""

    asked: Asked
    loaded: LoadedCase
    event: Event
    rule: Rule
    allowed: bool
    reasons: tuple[tuple[str, str], ...]
    lists: Lists

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field that may be sent."""
        return (*self.rule.payload, *paper_fields(self.rule))

    @property
    def weighty(self) -> bool:
        """Whether the act is shown once more before it is written: it decides, or the case stops running by it."""
        leaves = self.rule.target is not self.rule.source and KIND_OF[CaseState(self.rule.target)] is not StateKind.ACTIVE
        return self.rule.duty is Duty.DECIDES or leaves


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
    return Desk(asked, loaded, event, rule, offer.allowed, reasons, lists_for(asked, rule, loaded))


@router.get("/cases/{code}/actions/{event}")
def form_page(request: Request, code: CaseCode, event: Event) -> Response:
    """The form of an event."""
    return _form(_desk(visitor(request), code, event), Typed())


def _head(desk: Desk, kept: Mapping[str, str]) -> dict[str, Any]:
    """What stands above and below every form of an act."""
    asked, said, case = desk.asked, words(desk.asked.language), desk.loaded.case
    return {
        "case": case, "names": Names(asked, [case]).of(case), "event": str(desk.event), "name": said.name(desk.event),
        "clause": law_of(case, asked.received).clause(desk.rule.topic), "key": kept.get("key") or secrets.token_urlsafe(18), "kept": kept,
        "weighty": desk.weighty,
    }  # fmt: skip


def _form(  # noqa: PLR0913 - what a form shows
    desk: Desk,
    typed: Typed,
    given: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    error: str | None = None,
    reasons: tuple[tuple[str, str], ...] | None = None,
    changes: Iterable[Any] = (),
) -> Response:
    asked, said = desk.asked, words(desk.asked.language)
    sheet = Sheet(said, Said(asked.language), typed, desk.lists)
    controls, papers = sheet.controls(desk.rule.payload), sheet.controls(paper_fields(desk.rule), "paper-", optional=True)
    at_reason, at_acted_on = sheet.at("/reason"), sheet.at("/acted_on")
    wrong = [(c.id, c.label, c.problems) for c in (*controls, *papers) if c.problems]
    t = Said(asked.language)
    wrong += [(id_, t(f"act.{id_}"), tuple(found)) for id_, found in (("reason", at_reason), ("acted_on", at_acted_on)) if found]
    values = {
        **_head(desk, dict(given or {})), "controls": controls, "paper_controls": papers, "needs_reason": desk.rule.reason, "paper": desk.rule.paper,
        "seats": [(str(seat), said.seat(seat.function, seat.level)) for seat in dict.fromkeys(desk.rule.seats)], "wrong": wrong,
        "problems": sheet.beside(each.name for each in desk.fields), "at_reason": at_reason, "at_acted_on": at_acted_on, "error": error,
        "allowed": desk.allowed, "reasons": desk.reasons if reasons is None else reasons, "changes": list(changes),
    }  # fmt: skip
    return render(asked.request, "act.html", status=status, **values)


@router.post("/cases/{code}/actions/{event}")
def act(request: Request, code: CaseCode, event: Event, form: Sent) -> Response:
    """Carry the event out, or say what would happen."""
    ask(request, WRITE)
    asked = visitor(request)
    desk = _desk(asked, code, event)
    said, t = words(asked.language), Said(asked.language)
    typed = read(desk.fields, form)
    given = {name: form.one(name) or "" for name in KEPT}
    try:
        if form.one("do") == "edit":
            _must_be_current(desk.loaded, _version(form))
            return _form(desk, Typed(values=typed.values, texts=typed.texts), given)
        command = _command(desk, typed, given, _version(form))
        if form.one("do") == "preview" or (desk.weighty and form.one("looked") is None):
            return _looked_over(desk, typed, given, command)
        receipt = surely(asked.run, command)
    except PayloadInvalid as error:
        typed.problems = list(error.problems)
        return _form(desk, typed, given, status=status_of(error), error=t("act.mend"))
    except (EventRefused, NotAllowed) as error:
        reasons = tuple((text, holder) for text, holder in said.reasons(error))
        return _form(_desk(asked, code, event), typed, given, status=status_of(error), error=said.error(error), reasons=reasons)
    except StaleCase as error:
        return _stale(asked, code, event, typed, given, error)
    return go_to(f"/cases/{quote(code)}?done={receipt.seq}")


def _looked_over(desk: Desk, typed: Typed, given: Mapping[str, str], command: Command) -> Response:
    """What was understood and what it would bring, before it is written; everything goes on with the page."""
    asked, said, t = desk.asked, words(desk.asked.language), Said(desk.asked.language)
    lines = told(desk.fields, typed, said, desk.lists)
    if command.acted_on is not None:
        lines.append((t("act.acted_on"), said.instant(command.acted_on)))
    if command.on_behalf_of is not None:
        lines.append((t("act.on_behalf_of"), said.seat(command.on_behalf_of.function, command.on_behalf_of.level)))
    if command.reason:
        lines.append((t("act.reason"), command.reason))
    hidden = [(f"f.{name}", text) for name, texts in typed.texts.items() for text in texts]
    hidden += [(name, text) for name, text in given.items() if text and name != "key"]
    return render(asked.request, "look.html", **_head(desk, given), lines=lines, hidden=hidden, seen=foreseen(asked, command))


@router.post("/cases/{code}/confirmations/{seq}")
def answer(request: Request, code: CaseCode, seq: Annotated[int, Path(ge=1, le=1_000_000)], form: Sent) -> Response:
    """The second person's word on an act that was typed from paper; given once, so that sending it again changes nothing."""
    ask(request, WRITE)
    asked = visitor(request)
    loaded = visible_case(asked, code)
    reason = form.one("reason")
    told_, person, name = asked.run.confirmations, asked.caller.person, confirmation_id(code, seq)
    if form.one("do") == "edit":
        return render(request, "case.html", **(described(asked, loaded, None) | {"kept_reason": reason or ""}))
    try:
        _must_be_current(loaded, _version(form))
        agreed = form.one("do") == "confirm"
        receipt = told_.confirm(name, actor=person) if agreed else told_.refuse(name, actor=person, reason=reason)
    except (StaleCase, PayloadInvalid, EventRefused, NotAllowed) as error:
        said = words(asked.language)
        reasons = said.reasons(error) + [(said.problem(p), "") for p in getattr(error, "problems", ())]
        fresh = visible_case(asked, code)
        values = described(asked, fresh, None) | {"error": said.error(error), "error_reasons": reasons, "kept_reason": reason or ""}
        return render(request, "case.html", status=status_of(error), **values)
    return go_to(f"/cases/{quote(code)}?done={receipt.seq}")


def _must_be_current(loaded: LoadedCase, seen: int) -> None:
    """Refuse whoever has seen another version.

    Raises:
        StaleCase: The case has moved on.
    """
    case = loaded.case
    if case.version != seen:
        raise StaleCase(case=case.code, expected=seen, version=case.version, state=case.state)


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
    beside = {name: given[name] for name in ("reason", "acted_on", "on_behalf_of") if given[name]}
    if "acted_on" in beside:
        try:
            beside["acted_on"] = instant_of(beside["acted_on"])
        except ValueError as error:
            typed.problems.append(Problem("/acted_on", str(error)))
    if typed.problems:
        raise PayloadInvalid([*typed.problems, *also_wrong(desk.rule.payload, typed)], event=desk.event)
    try:
        body = ActGiven.model_validate({**typed.values, **beside})
    except ValidationError as error:
        raise from_schema([dict(each) for each in error.errors()]) from None
    asked = desk.asked
    return act_of(asked, desk.loaded.case.code, desk.event, body, command_id(asked.caller, given["key"]), version)


def _stale(asked: Asked, code: str, event: Event, typed: Typed, given: dict[str, str], error: CycleError) -> Response:  # noqa: PLR0913
    """Somebody was faster: what has changed since, and the form once more with what had been typed."""
    seen = int(given["seen"]) if given["seen"].isascii() and given["seen"].isdigit() and len(given["seen"]) <= 9 else 0  # noqa: PLR2004
    changes = [each for each in happened(asked, [s for s in asked.run.store.entries(code) if s.seq > seen]) if not each.denied]
    fresh = _desk(asked, code, event)
    said = words(asked.language)
    return _form(
        fresh, typed, {**given, "key": ""}, status=status_of(error), error=said.error(error), changes=changes, reasons=fresh.reasons
    )
