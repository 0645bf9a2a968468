"""People whose account the reader may open, and the slip that is handed over to them: printable, with a one-time link as QR code and in letters."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api.asking import Asked, ask
from api.identity.asking import asker, identity_of, must_be_real
from api.identity.errors import IdentityRefused
from api.identity.rights import AccountAct, may_manage
from api.identity.slip import link_address, qr
from api.identity.tokens import ADMIN
from api.judged import JudgedRoute
from api.pages.alike import Alike, Named, tier
from api.pages.frame import Form, Said, form_of, producers_of, render, seats_of, visitor
from api.pages.work import Text
from api.problems import status_of
from api.schemas.common import LONGEST_CODE
from states.errors import CycleError, NotFound, PayloadInvalid
from states.words import words
from workflow.accounts import AccountRow
from workflow.rows import PersonRow
from workflow.store.text import fold

router = APIRouter(route_class=JudgedRoute, tags=["pages"])
Sent = Annotated[Form, Depends(form_of)]
_SHOWN = 100
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Listed:
    """A person with the account that they have, or have not."""

    person: str
    name: str
    seats: str
    login: str | None
    opened: bool
    disabled: bool
    invites: bool
    alike: str = ""


@router.get("/people")
def people(request: Request, q: Text = None) -> Response:
    """People whose account the reader may look at."""
    return _people(visitor(request), q)


def _people(asked: Asked, q: str | None, *, status: int = 200, error: str | None = None, problems: tuple[str, ...] = ()) -> Response:
    identity, registry, said = identity_of(asked.request), asked.registry, words(asked.language)
    me, day, wanted = asked.caller.person, asked.today, fold(q).split() if q else []
    seen = [p for p in registry.people() if may_manage(registry, me, p.code, AccountAct.LOOK, day)]
    held = {p.code: registry.holdings(p.code, day) for p in seen}
    producers = producers_of(asked.run, [h for holdings in held.values() for h in holdings])
    accounts, found = identity.accounts.all(), []
    told = {p.code: seats_of(held[p.code], registry, day, said, producers) for p in seen}
    alike = Alike((Named(p.code, p.name, told[p.code]) for p in seen), Said(asked.language))
    for person in sorted(seen, key=lambda p: (fold(p.name), p.code)):
        seats, account = told[person.code], accounts.get(person.code)
        if all(word in fold(f"{person.code} {person.name} {seats}") for word in wanted):
            listed = _listed(person, seats, account, invites=may_manage(registry, me, person.code, AccountAct.INVITE, day))
            found.append(replace(listed, alike=alike.told(person.code, person.name)))
    found.sort(key=lambda each: tier(q, f"{each.person} {each.name} {each.seats}"))
    values = {"found": found[:_SHOWN], "more": len(found) - _SHOWN, "q": q or "", "error": error, "problems": problems}
    return render(asked.request, "people.html", status=status, **values)


def _listed(person: PersonRow, seats: str, account: AccountRow | None, *, invites: bool) -> Listed:
    return Listed(
        person=person.code,
        name=person.name,
        seats=seats,
        login=account.login if account else None,
        opened=account is not None and (account.password is not None or account.subject is not None),
        disabled=account is not None and account.disabled_at is not None,
        invites=invites,
    )


@router.post("/people/{person}/slip")
def give_slip(request: Request, person: Annotated[str, Path(max_length=LONGEST_CODE)], form: Sent) -> Response:
    """A slip to hand over; where there is no account yet, it is opened with the login that was typed."""
    must_be_real(request)
    ask(request, ADMIN)
    asked, identity = visitor(request), identity_of(request)
    registry, day, by = asked.registry, asked.today, asker(asked.caller)
    known = next((p for p in registry.people() if p.code == person), None)
    if known is None or not may_manage(registry, asked.caller.person, person, AccountAct.LOOK, day):
        raise NotFound(what="person", name=person)
    try:
        if identity.accounts.find(person) is None:
            identity.accounts.create(registry, person, form.one("login") or "", by=by, day=day)
        token, link = identity.accounts.give_link(registry, person, by=by, day=day)
    except (IdentityRefused, PayloadInvalid) as error:
        return _refused(asked, form.one("q"), error)
    base = asked.run.settings.public_url or str(request.base_url)
    where = link_address(base, token)
    page = where.partition("#")[0]
    code = " ".join(token[at : at + _GROUP] for at in range(0, len(token), _GROUP))
    login = identity.accounts.get(person).login
    return render(request, "slip.html", name=known.name, login=login, qr=qr(where), page=page, code=code, until=link.expires_at)


def _refused(asked: Asked, q: str | None, error: CycleError) -> Response:
    said = words(asked.language)
    problems = tuple(said.problem(p) for p in error.problems) if isinstance(error, PayloadInvalid) else ()
    return _people(asked, q, status=status_of(error), error=said.error(error), problems=problems)
