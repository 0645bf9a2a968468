"""Registering a case: a product is chosen, then what the form asks for; what follows is shown before anything is sent."""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError

from api.acting import act_of
from api.asking import WRITE, Asked, ask, command_id, surely
from api.pages.alike import Alike, Named, tier
from api.pages.coded import Lists, certificates_for, round_name
from api.pages.fields import PREFIX, Sheet, Typed, also_wrong, read, told
from api.pages.foreseen import Foreseen, foreseen
from api.pages.frame import Form, Said, form_of, go_to, render, visitor
from api.pages.work import Text
from api.problems import from_schema, status_of
from api.schemas.cases import RegisterGiven
from api.schemas.common import LONGEST_CODE
from api.seeing import seen_by
from states.case import RUNNING
from states.errors import EventRefused, NotAllowed, NotFound, OutsideTerritory, PayloadInvalid
from states.forms import REGISTER
from states.vocabulary import CaseKind, CertificateState, Event
from states.words import words
from workflow.commands import Command
from workflow.ports import CaseQuery
from workflow.rows import CertificateRow, ProductRow
from workflow.situation import joinable, law_of, owed
from workflow.store.text import fold

router = APIRouter(tags=["pages"])
Sent = Annotated[Form, Depends(form_of)]
_SHOWN = 30


@router.get("/cases/new")
def new_page(
    request: Request,
    q: Text = None,
    product: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Choose a product; or, with one chosen, the form."""
    asked = visitor(request)
    if product:
        row = _product(asked, product)
        return _form(asked, row, _first(asked, row, kind))
    wanted = fold(q).split() if q else []
    names = {row.code: row.name for row in asked.run.store.producers()}
    found = [
        row for row in _products(asked) if all(word in fold(f"{row.code} {row.name} {names.get(row.producer, '')}") for word in wanted)
    ]
    found.sort(key=lambda row: (tier(q, f"{row.code} {row.name} {names.get(row.producer, '')}"), fold(row.name), row.code))
    registry = asked.run.engine.world().registry
    alike = _alike(asked, names)
    shown = [
        (
            row,
            names.get(row.producer, row.producer),
            registry.unit_name(registry.present(row.unit, asked.today), asked.today),
            alike.told(row.code, row.name),
        )
        for row in found[:_SHOWN]
    ]
    return render(request, "new.html", found=shown, more=len(found) - len(shown), q=q or "")


def _alike(asked: Asked, names: Mapping[str, str]) -> Alike:
    """Namesakes among the products that the reader may choose from; of others they learn nothing."""
    return Alike((Named(row.code, row.name, names.get(row.producer, row.producer)) for row in _products(asked)), Said(asked.language))


def _products(asked: Asked) -> list[ProductRow]:
    """Products of the reader's territory, or of the producers that they stand for."""
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    units, producers = set(seen.units), set(seen.producers)
    return [row for row in asked.run.store.products() if row.unit in units or row.producer in producers]


def _product(asked: Asked, code: str) -> ProductRow:
    """A product that the reader may see.

    Raises:
        NotFound: There is none, or it lies elsewhere.
    """
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    row = asked.run.store.product(code)
    if row is None or (row.unit not in seen.units and row.producer not in seen.producers):
        raise NotFound(what="product", name=code)
    return row


def _held(asked: Asked, product: str) -> CertificateRow | None:
    """The certificate that a product has now, if it has one."""
    rows = [row for row in asked.run.store.certificates(product) if row.state is CertificateState.IN_FORCE]
    standing = [row for row in rows if date.fromisoformat(row.last_valid_day) >= asked.today]
    return max(standing, key=lambda row: row.decided_on, default=None)


def _first(asked: Asked, product: ProductRow, kind: str | None) -> Typed:
    """What is filled in before anybody has typed: the product's group, and the kind and certificate that are most likely meant."""
    held = _held(asked, product.code)
    meant = kind if kind in set(CaseKind) else str(CaseKind.UPGRADE if held else CaseKind.FIRST)
    texts: dict[str, tuple[str, ...]] = {"group": (product.group,), "kind": (meant,)}
    if held is not None and meant != CaseKind.FIRST:
        texts |= {"certificate": (held.code,), "novelty": ("existing",)}
    return Typed(texts=texts)


def _form(  # noqa: PLR0913 - what a form shows
    asked: Asked,
    product: ProductRow,
    typed: Typed,
    *,
    key: str = "",
    status: int = 200,
    error: str | None = None,
    reasons: tuple[tuple[str, str], ...] = (),
) -> Response:
    said, t = words(asked.language), Said(asked.language)
    sheet = Sheet(said, t, typed, _lists(asked, product))
    controls = sheet.controls(REGISTER)
    wrong = [(c.id, c.label, c.problems) for c in controls if c.problems]
    running = next((row.code for row in asked.run.store.cases(CaseQuery(product=product.code)) if row.state in RUNNING), None)
    values = {
        **_head(asked, product), "controls": controls, "wrong": wrong, "problems": sheet.beside(each.name for each in REGISTER), "error": error,
        "reasons": reasons, "key": key or secrets.token_urlsafe(18), "running": running, "held": _held(asked, product.code),
    }  # fmt: skip
    return render(asked.request, "new_form.html", status=status, **values)


def _head(asked: Asked, product: ProductRow) -> dict[str, Any]:
    names = {row.code: row.name for row in asked.run.store.producers()}
    alike = _alike(asked, names).told(product.code, product.name)
    return {"product": product, "producer": names.get(product.producer, product.producer), "alike": alike}


def _lists(asked: Asked, product: ProductRow) -> Lists:
    return {"certificate": certificates_for(asked, product.code)}


@router.post("/cases/new")
def register(request: Request, form: Sent) -> Response:
    """Register the case, after what follows has been shown."""
    ask(request, WRITE)
    asked = visitor(request)
    product = _product(asked, form.one("product") or "")
    said, t = words(asked.language), Said(asked.language)
    typed, key = read(REGISTER, form), form.one("key") or ""
    if form.one("do") == "edit":
        return _form(asked, product, Typed(values=typed.values, texts=typed.texts), key=key)
    try:
        command = _command(asked, product, typed, key)
        if form.one("do") != "act" or form.one("looked") is None:
            return _looked_over(asked, product, typed, key, foreseen(asked, command))
        receipt = surely(asked.run, command)
    except PayloadInvalid as error:
        typed.problems = list(error.problems)
        return _form(asked, product, typed, key=key, status=status_of(error), error=t("act.mend"))
    except (EventRefused, NotAllowed) as error:
        reasons = tuple((text, holder) for text, holder in said.reasons(error))
        return _form(asked, product, typed, key=key, status=status_of(error), error=said.error(error), reasons=reasons)
    except OutsideTerritory:
        raise NotFound(what="product", name=product.code) from None
    return go_to(f"/cases/{quote(receipt.case)}?done={receipt.seq}")


def _command(asked: Asked, product: ProductRow, typed: Typed, key: str) -> Command:
    """What was sent, as a command.

    Raises:
        PayloadInvalid: A text of the form cannot be read.
    """
    if typed.problems:
        raise PayloadInvalid([*typed.problems, *also_wrong(REGISTER, typed)], event=Event.REGISTER)
    try:
        body = RegisterGiven.model_validate({"product": product.code, **typed.values})
    except ValidationError as error:
        raise from_schema([dict(each) for each in error.errors()]) from None
    return act_of(asked, product.code, Event.REGISTER, body, command_id(asked.caller, key))


def _looked_over(asked: Asked, product: ProductRow, typed: Typed, key: str, seen: Foreseen) -> Response:
    said = words(asked.language)
    hidden = [(PREFIX + name, text) for name, texts in typed.texts.items() for text in texts]
    lines = told(REGISTER, typed, said, _lists(asked, product))
    values: dict[str, Any] = {**_head(asked, product), "lines": lines, "hidden": hidden, "seen": seen, "key": key}
    return render(asked.request, "new_look.html", **values, coming=_coming(asked, seen))


def _coming(asked: Asked, seen: Foreseen) -> str:
    """Which round the dossier would join if it were filed now; of a reassessment, which joins none, when it is filed."""
    said, t, case = words(asked.language), Said(asked.language), seen.case
    law = law_of(case, asked.received)
    if case.kind is CaseKind.REASSESSMENT:
        held = asked.run.store.load_certificate(case.certificate) if case.certificate else None
        window = asked.run.engine.judge.law.filing_window(law, date.fromisoformat(held.last_valid_day)) if held else None
        if window is not None:
            return t("new.window", opens=said.day(window[0].date()), last=said.last_day(window[1]))
    if not owed(case, law):
        return ""
    coming = joinable(asked.run.engine.world(), case, law, asked.received, Event.FILE)
    return t("new.joins", round=round_name(coming[0], said, t)) if coming else t("new.no_round")
