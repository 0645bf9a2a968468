"""Signing in: a password, a second factor where a function asks for it, a role in a rehearsal, somebody else's word from a provider."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from api.identity import pacing
from api.identity.accounts import Accounts, folded_login
from api.identity.errors import (
    LinkUnusable,
    LoginFailed,
    LoginPaced,
    PasswordRefused,
    ProviderUnknownPerson,
    RehearsalOnly,
    RolesInstead,
    SecondFactorKnown,
    SecondFactorWrong,
)
from api.identity.passwords import Hasher
from api.identity.rights import needs_second_factor
from api.identity.sessions import REHEARSAL, SESSION, Sessions
from states.errors import CycleError, PayloadInvalid
from workflow.accounts import AccountRow, AttemptRow, IdentityShelf, Overtaken, Put, SessionRow
from workflow.clock import Clock
from workflow.registry import Registry

_LOOKED_AT = 500
_OF_ONE_BROWSER = 100
_WRONG_CODES = 5
_FORGET_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class From:
    """Where an attempt comes from: the address, what the browser calls itself, and the name that it was given when somebody signed in with it."""

    source: str
    agent: str = ""
    browser: str = ""


class SignIn:
    """Lets people in."""

    def __init__(  # noqa: PLR0913 - what signing in takes
        self, shelf: IdentityShelf, clock: Clock, hasher: Hasher, accounts: Accounts, sessions: Sessions, *, rehearsal: bool
    ) -> None:
        """Check against a shelf, by a clock; a rehearsal knows roles alone, and nobody else knows them."""
        self._shelf = shelf
        self._clock = clock
        self._hasher = hasher
        self._accounts = accounts
        self._sessions = sessions
        self._rehearsal = rehearsal
        self._gate = threading.Lock()
        self._forgotten: datetime | None = None

    def password(self, registry: Registry, login: str, password: str, here: From, day: date) -> tuple[str, SessionRow]:
        """A session for a login and its password; half a one where the second factor is still to be shown.

        An unknown login takes the same work and gets the same answer as a wrong password.

        Raises:
            RolesInstead: In a rehearsal.
            LoginPaced: Too many attempts of this login from here; nothing was looked at.
            LoginFailed: Whatever is wrong.
        """
        if self._rehearsal:
            raise RolesInstead
        key = digest_of_login(login)
        place = self._tried(key, here)
        account = self._account(login)
        right, newer = self._hasher.matches(password, account.password if account else None)
        if account is None or not right or account.disabled_at is not None:
            raise LoginFailed
        shown = {"password": account.password}
        if newer is not None and self._shelf.change(AccountRow, {"person": account.person, **shown}, {"password": newer}):
            shown = {"password": newer}
        entered = self._enter(registry, account, here, day, strong=False, shown=shown, otherwise=LoginFailed())
        self._entered(key, here, place)
        return entered

    def provided(self, registry: Registry, issuer: str, subject: str, here: From, day: date, *, strong: bool) -> tuple[str, SessionRow]:  # noqa: PLR0913
        """A session for somebody whom an identity provider vouches for, if an administrator has entered who that is.

        Raises:
            RolesInstead: In a rehearsal.
            ProviderUnknownPerson: Nobody was entered under this name; nobody is created.
        """
        if self._rehearsal:
            raise RolesInstead
        found = next(iter(self._shelf.find(AccountRow, {"issuer": issuer, "subject": subject})), None)
        if found is None or found.disabled_at is not None:
            raise ProviderUnknownPerson
        shown = {"issuer": issuer, "subject": subject}
        return self._enter(registry, found, here, day, strong=strong, shown=shown, otherwise=ProviderUnknownPerson())

    def by_link(self, registry: Registry, account: AccountRow, here: From, day: date) -> tuple[str, SessionRow]:
        """A session for somebody who has just chosen a password by a one-time link.

        Raises:
            LinkUnusable: The account was closed or another password chosen meanwhile.
        """
        shown = {"password": account.password}
        return self._enter(registry, account, here, day, strong=False, shown=shown, otherwise=LinkUnusable())

    def role(self, registry: Registry, person: str, here: From) -> tuple[str, SessionRow]:
        """In a rehearsal: act as somebody.

        Raises:
            RehearsalOnly: This is a real installation.
            NotFound: Nobody has this code.
        """
        if not self._rehearsal:
            raise RehearsalOnly
        registry.person(person)
        return self._sessions.begin(person, via=REHEARSAL, strong=True, whole=True, source=here.source, agent=here.agent)

    def second_factor(self, session: SessionRow, account: AccountRow, code: str, here: From) -> tuple[str, SessionRow]:
        """The whole session in place of a half one, under a new id.

        Raises:
            LoginPaced: Too many wrong codes.
            SecondFactorWrong: The code is wrong or was used. After five the half session is at an end.
            Unidentified: The half session has ended meanwhile.
        """
        key = hashlib.sha256(f"code {account.person}".encode()).digest()
        place = self._tried(key, here)
        try:
            risen = self._sessions.raised(session, [self._accounts.showing(account, code)])
        except (SecondFactorWrong, Overtaken):
            tried = self._shelf.find(AttemptRow, {"login": key, "source": place}, since=session.created_at, limit=_WRONG_CODES)
            if len(tried) >= _WRONG_CODES:
                self._sessions.end(session)
            # Of two who send the same code at once one is right.
            raise SecondFactorWrong from None
        self._entered(key, here, place)
        return risen

    @contextmanager
    def said_again(self, person: str, here: From) -> Iterator[None]:
        """Inside, somebody who is signed in says the own password once more; who sits at a session left open guesses as slowly as at the door.

        Raises:
            LoginPaced: Too many wrong ones; nothing was looked at.
        """
        key = hashlib.sha256(f"again {person}".encode()).digest()
        place = self._tried(key, here)
        try:
            yield
        except PasswordRefused:
            # The known one was right.
            self._entered(key, here, place)
            raise
        self._entered(key, here, place)

    def enrol(self, session: SessionRow, account: AccountRow, sealed: str, code: str) -> tuple[str, SessionRow]:
        """Keep a second factor, once its first code proves that the person has it; the whole session under a new id.

        Raises:
            SecondFactorKnown: There is one already.
            SecondFactorWrong: The code is not of this secret.
            Unidentified: The session has ended meanwhile.
        """
        try:
            return self._sessions.raised(session, self._accounts.enrolment(account, sealed, code))
        except Overtaken:
            raise SecondFactorKnown from None

    def _enter(  # noqa: PLR0913 - what a sign-in stands on
        self, registry: Registry, account: AccountRow, here: From, day: date, *, strong: bool, shown: dict[str, Any], otherwise: CycleError
    ) -> tuple[str, SessionRow]:
        """A session on an account that is open and by what was shown for it, at this moment; refused otherwise."""
        owed = not strong and (account.totp is not None or needs_second_factor(registry, account.person, day))
        standing = Put(AccountRow, {"person": account.person, **shown, "disabled_at": None}, {"login": account.login}, must=True)
        try:
            return self._sessions.begin(
                account.person, standing, via=SESSION, strong=strong, whole=not owed, source=here.source, agent=here.agent
            )
        except Overtaken:
            raise otherwise from None

    def _account(self, login: str) -> AccountRow | None:
        try:
            folded = folded_login(login)
        except PayloadInvalid:
            return None
        return next(iter(self._shelf.find(AccountRow, {"login": folded})), None)

    def _tried(self, key: bytes, here: From) -> str:
        """Write an attempt down before it is judged; the place whose mistakes it counts among.

        A browser in which this login has got in before has mistakes of its own: whoever shares its address, as a whole office or everybody on
        one mobile network does, neither slows it down nor is slowed down by it.

        Raises:
            LoginPaced: It has to wait.
        """
        with self._gate:
            now = self._clock.now()
            known = self._shelf.find(
                AttemptRow, {"login": key, "source": here.browser}, since=now - pacing.REMEMBERED, limit=_OF_ONE_BROWSER
            )
            if any(row.outcome == pacing.ENTERED for row in known):
                place, seconds = here.browser, pacing.wait(known, (), 0, here.browser, now)
            else:
                place, seconds = here.source, self._wait(key, here, now)
            if seconds:
                raise LoginPaced(seconds=seconds)
            self._shelf.add(AttemptRow(login=key, source=place, at=now, outcome=pacing.TRIED))
            return place

    def _wait(self, key: bytes, here: From, now: datetime) -> int:
        mine = self._shelf.find(AttemptRow, {"login": key}, since=now - pacing.REMEMBERED, limit=_LOOKED_AT)
        source = self._shelf.find(AttemptRow, {"source": here.source}, since=now - pacing.WINDOW, limit=_LOOKED_AT)
        wave = self._shelf.find(AttemptRow, since=now - pacing.WAVE, limit=2 * pacing.A_WAVE)
        # Who gets in is written down for the address and for the browser.
        entered = {(row.login, row.at) for row in wave if row.outcome == pacing.ENTERED}
        failed = sum(row.outcome == pacing.TRIED for row in wave) - len(entered)
        return pacing.wait(mine, source, failed, here.source, now)

    def _entered(self, key: bytes, here: From, place: str) -> None:
        """Write down that somebody got in, for the place that tried and for the browser, which is known from now on."""
        now = self._clock.now()
        for each in dict.fromkeys((here.browser, place)):
            self._shelf.add(AttemptRow(login=key, source=each, at=now, outcome=pacing.ENTERED))
        if self._forgotten is None or now - self._forgotten > _FORGET_EVERY:
            self._forgotten = now
            self.forget()

    def forget(self) -> int:
        """Remove attempts that no wait depends on any more; how many there were."""
        return self._shelf.forget_attempts(self._clock.now() - pacing.REMEMBERED)


def digest_of_login(login: str) -> bytes:
    """What is kept of what somebody typed as a login: people type passwords there."""
    return hashlib.sha256(b"login " + login.strip().casefold().encode("utf-8", "surrogatepass")).digest()
