"""Accounts: created for a person who is in the registry, opened by a one-time link, and never with a password that somebody else knows."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from api.identity.access_log import Access, AccessLog, Asker
from api.identity.errors import AccountThere, LinkUnusable, LoginFailed, SecondAdministrator, SecondFactorKnown, SecondFactorWrong
from api.identity.passwords import Hasher, check
from api.identity.rights import AccountAct, must_manage
from api.identity.sessions import Sessions
from api.identity.tokens import Tokens, digest, secret_text
from api.identity.totp import matching_step, new_secret
from api.identity.vault import Vault
from states.errors import NotFound, PayloadInvalid, Problem, StaleCase, StoreUnsafe
from states.payload import clean
from workflow.accounts import AccountRow, Add, IdentityShelf, LinkRow, Overtaken, Put, SessionRow
from workflow.clock import Clock
from workflow.ports import TRIES
from workflow.registry import Registry

LINK_LIVES = timedelta(days=7)
COOLING = timedelta(days=7)
"""How long the giver of a link is too close to an account to take its second factor away."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,79}")
_MAX_REASON = 500
_MAX_SUBJECT = 255


class Accounts:
    """Creates, opens, closes and recovers accounts."""

    def __init__(  # noqa: PLR0913 - everything that an account hangs on
        self, shelf: IdentityShelf, clock: Clock, hasher: Hasher, vault: Vault, sessions: Sessions, tokens: Tokens, log: AccessLog
    ) -> None:
        """Keep them on a shelf; ``sessions`` and ``tokens`` end with an account, ``log`` keeps what was done with it."""
        self._shelf = shelf
        self._clock = clock
        self._hasher = hasher
        self._vault = vault
        self._sessions = sessions
        self._tokens = tokens
        self._log = log

    def find(self, person: str) -> AccountRow | None:
        """The account of a person."""
        return next(iter(self._shelf.find(AccountRow, {"person": person})), None)

    def get(self, person: str) -> AccountRow:
        """The account of a person.

        Raises:
            NotFound: There is none.
        """
        row = self.find(person)
        if row is None:
            raise NotFound(what="account", name=person)
        return row

    def all(self) -> dict[str, AccountRow]:
        """Every account by person."""
        return {row.person: row for row in self._shelf.find(AccountRow, limit=1_000_000)}

    def create(  # noqa: PLR0913
        self, registry: Registry, person: str, login: str, *, by: Asker, day: date, issuer: str | None = None, subject: str | None = None
    ) -> AccountRow:
        """An account for a person of the registry; it has no password until a link is used.

        Raises:
            NotFound: Nobody has this code.
            AccountRight: The asker may not.
            AccountThere: The person has one.
            PayloadInvalid: A login or subject that cannot be, or is another's.
        """
        registry.person(person)
        must_manage(registry, by.person, person, AccountAct.CREATE, day)
        return self.open_for(person, login, by=by, issuer=issuer, subject=subject)

    def open_for(self, person: str, login: str, *, by: Asker, issuer: str | None = None, subject: str | None = None) -> AccountRow:
        """An account without asking who may: for the first administrator. Raises as :meth:`create`."""
        folded, now = folded_login(login), self._clock.now()
        if self.find(person) is not None:
            raise AccountThere(person=person)
        if subject is not None and (not subject or len(subject) > _MAX_SUBJECT or not subject.isprintable()):
            raise PayloadInvalid([Problem("/subject", "too_long" if len(subject) > _MAX_SUBJECT else "empty")], event="account")
        if subject is not None and not unicodedata.is_normalized("NFC", subject):
            # A subject is an identifier and counts to the letter: composed, it might be somebody else's.
            raise PayloadInvalid([Problem("/subject", "not_composed")], event="account")
        row = AccountRow(
            person=person,
            login=folded,
            issuer=issuer if subject else None,
            subject=subject,
            created_by=by.person,
            created_at=now,
            changed_at=now,
        )
        try:
            self._shelf.carry_out([Add(row), self._log.record(Access.ACCOUNT_CREATED, person, by)])
        except Overtaken:
            if self.find(person) is not None:
                raise AccountThere(person=person) from None
            taken = self._shelf.find(AccountRow, {"login": folded})
            raise PayloadInvalid([Problem("/login" if taken else "/subject", "taken")], event="account") from None
        return row

    # One-time links.

    def give_link(self, registry: Registry, person: str, *, by: Asker, day: date) -> tuple[str, LinkRow]:
        """A link with which the person chooses a password; earlier ones stop working. The token is shown this once.

        Raises:
            NotFound: No such account.
            AccountRight: The asker may not.
            SecondAdministrator: The asker has just taken the second factor away.
        """
        must_manage(registry, by.person, person, AccountAct.INVITE, day)

        def found() -> AccountRow:
            row = self.get(person)
            if row.reset_by == by.person:
                raise SecondAdministrator
            return row

        return self._link_for(person, found, by)

    def link_for(self, person: str, *, by: Asker) -> tuple[str, LinkRow]:
        """A link without asking who may: for the first administrator."""
        return self._link_for(person, lambda: self.get(person), by)

    def _link_for(self, person: str, found: Callable[[], AccountRow], by: Asker) -> tuple[str, LinkRow]:
        now, token = self._clock.now(), secret_text()
        link = LinkRow(hash=digest(token), person=person, created_by=by.person, created_at=now, expires_at=now + LINK_LIVES)
        given: list[Add | Put] = [self._replacing(person), Add(link), self._log.record(Access.LINK_GIVEN, person, by)]
        self._carry_out(person, lambda: [self._change(found(), {}), *given])
        return token, link

    def link(self, token: str) -> LinkRow:
        """The link of a token, while it can be used.

        Raises:
            LinkUnusable: Unknown, used, replaced or expired, or the account is disabled.
        """
        found = next(iter(self._shelf.find(LinkRow, {"hash": digest(token)})), None)
        if found is None or found.used_at is not None or self._clock.now() >= found.expires_at:
            raise LinkUnusable
        account = self.find(found.person)
        if account is None or account.disabled_at is not None:
            raise LinkUnusable
        return found

    def use_link(self, token: str, password: str, registry: Registry) -> AccountRow:
        """Choose a password; the link is used up, and every session and earlier password with it.

        Raises:
            LinkUnusable: As :meth:`link`.
            PasswordRefused: The password may not be one; the link can be used again.
        """
        link = self.link(token)
        account = self.get(link.person)
        chosen = check(password, about_of(registry, account))
        row = replace(account, password=self._hasher.hash(chosen))
        used = Put(LinkRow, {"hash": link.hash, "used_at": None}, {"used_at": self._clock.now()}, must=True)
        # Whoever comes second with the same link changes nothing, nor does who comes after the account was closed.
        kept = Put(
            AccountRow,
            {"person": link.person, "disabled_at": None},
            {"password": row.password, "changed_at": _later(account, self._clock)},
            must=True,
        )
        record = self._log.record(Access.LINK_USED, link.person, Asker(link.person, "link"))
        try:
            self._shelf.carry_out([kept, used, self._sessions.ending_all(link.person), record], asked=False)
        except Overtaken:
            raise LinkUnusable from None
        return row

    def change_password(self, registry: Registry, session: SessionRow, old: str, new: str, *, by: Asker) -> tuple[str, SessionRow]:
        """Another password in place of the known one; every other session ends, and this one goes on under a new id.

        Raises:
            LoginFailed: The old one is wrong.
            PasswordRefused: The new one may not be one.
        """
        account = self.get(session.person)
        right, _ = self._hasher.matches(old, account.password)
        if not right:
            raise LoginFailed
        hashed = self._hasher.hash(check(new, about_of(registry, account)))
        where = {"person": account.person, "password": account.password, "disabled_at": None}
        kept = Put(AccountRow, where, {"password": hashed, "changed_at": _later(account, self._clock)}, must=True)
        id_, renewed = self._sessions.renewed(session, strong=session.strong, whole=True)
        record = self._log.record(Access.PASSWORD_CHANGED, account.person, by)
        try:
            self._shelf.carry_out([kept, self._sessions.ending_all(account.person), Add(renewed), record])
        except Overtaken:
            # Another password was chosen meanwhile: the old one is wrong by now.
            raise LoginFailed from None
        return id_, renewed

    # The second factor.

    def new_factor(self, account: AccountRow) -> tuple[bytes, str]:
        """A secret that the person may enrol: itself for the QR code, and sealed for the way back.

        Raises:
            SecondFactorKnown: There is one already.
        """
        if account.totp is not None:
            raise SecondFactorKnown
        secret = new_secret()
        return secret, self._vault.seal(secret, f"enrol {account.person}").hex()

    def enrolment(self, account: AccountRow, sealed: str, code: str) -> list[Add | Put]:
        """What keeps a second factor, once its first code proves that the person has it; overtaken where there is one already.

        Raises:
            SecondFactorWrong: The code is not of this secret.
        """
        try:
            secret = self._vault.open(bytes.fromhex(sealed), f"enrol {account.person}")
        except (ValueError, StoreUnsafe):
            raise SecondFactorWrong from None
        step = matching_step(secret, code, self._clock.now(), 0)
        if step is None:
            raise SecondFactorWrong
        kept = {"totp": self._vault.seal(secret, account.person), "totp_step": step, "reset_by": None}
        record = self._log.record(Access.SECOND_FACTOR_ENROLLED, account.person, Asker(account.person, "session"))
        return [Put(AccountRow, {"person": account.person, "totp": None, "disabled_at": None}, kept, must=True), record]

    def showing(self, account: AccountRow, code: str) -> Put:
        """What uses a right code up; overtaken where it was used, or the factor was taken away.

        Raises:
            SecondFactorWrong: It is wrong, or was used.
        """
        if account.totp is None:
            raise SecondFactorWrong
        step = matching_step(self._vault.open(account.totp, account.person), code, self._clock.now(), account.totp_step)
        if step is None:
            raise SecondFactorWrong
        where = {"person": account.person, "totp": account.totp, "totp_step": account.totp_step, "disabled_at": None}
        return Put(AccountRow, where, {"totp_step": step}, must=True)

    def reset_factor(self, registry: Registry, person: str, reason: str, *, by: Asker, day: date) -> None:
        """Take a lost second factor away; the person enrols another at the next sign-in. Every session and token ends.

        Raises:
            NotFound: No such account.
            AccountRight: The asker may not, or is the person.
            SecondAdministrator: The asker has given the person a link within the last days.
            PayloadInvalid: There is no reason.
        """
        must_manage(registry, by.person, person, AccountAct.RESET_SECOND_FACTOR, day)
        said = _reason(reason)

        def steps() -> list[Add | Put]:
            row, since = self.get(person), self._clock.now() - COOLING
            if any(link.created_by == by.person and link.created_at > since for link in self._shelf.find(LinkRow, {"person": person})):
                raise SecondAdministrator
            taken = self._change(row, {"totp": None, "totp_step": 0, "reset_by": by.person})
            return [taken, *self._closing(person), self._log.record(Access.SECOND_FACTOR_RESET, person, by, said)]

        self._carry_out(person, steps)

    # Closing.

    def disable(self, registry: Registry, person: str, reason: str, *, by: Asker, day: date) -> None:
        """Close an account at once, in the middle of whatever is done with it. Raises NotFound, AccountRight, PayloadInvalid."""
        must_manage(registry, by.person, person, AccountAct.DISABLE, day)
        said = _reason(reason)
        self.get(person)
        closed = Put(AccountRow, {"person": person, "disabled_at": None}, {"disabled_at": self._clock.now()}, ends=True)
        self._shelf.carry_out([closed, *self._closing(person), self._log.record(Access.ACCOUNT_DISABLED, person, by, said)])

    def enable(self, registry: Registry, person: str, reason: str, *, by: Asker, day: date) -> None:
        """Open it again, with the password that it had. Raises NotFound, AccountRight, PayloadInvalid."""
        must_manage(registry, by.person, person, AccountAct.ENABLE, day)
        said = _reason(reason)
        self.get(person)
        opened = Put(AccountRow, {"person": person}, {"disabled_at": None})
        self._shelf.carry_out([opened, self._log.record(Access.ACCOUNT_ENABLED, person, by, said)])

    def _closing(self, person: str) -> list[Put]:
        return [self._replacing(person), self._sessions.ending_all(person), self._tokens.ending_all(person)]

    def _replacing(self, person: str) -> Put:
        """Links that were handed out stop working."""
        return Put(LinkRow, {"person": person, "used_at": None}, {"used_at": self._clock.now()})

    def _change(self, row: AccountRow, values: Mapping[str, Any]) -> Put:
        """A change of an account as it was read: what two people do with it at once is done one after the other."""
        given = {**values, "changed_at": _later(row, self._clock)}
        return Put(AccountRow, {"person": row.person, "changed_at": row.changed_at}, given, must=True)

    def _carry_out(self, person: str, steps: Callable[[], list[Add | Put]]) -> None:
        """Carry out what follows from an account as it is; looked at again where somebody was faster.

        Raises:
            StaleCase: Again and again.
        """
        for _ in range(TRIES):
            try:
                self._shelf.carry_out(steps())
            except Overtaken:
                continue
            return
        raise StaleCase(case=person, expected=None, version=None, state=None)


def _later(row: AccountRow, clock: Clock) -> datetime:
    """Now, but after the last change, also where the clock has not moved: the instant is the account's version."""
    return max(clock.now(), row.changed_at + timedelta(microseconds=1))


def folded_login(login: str) -> str:
    """A login as it is kept: composed, lower case, Latin letters without marks.

    Raises:
        PayloadInvalid: ``login_malformed``.
    """
    folded = unicodedata.normalize("NFC", login).strip().casefold()
    if not _LOGIN.fullmatch(folded):
        raise PayloadInvalid([Problem("/login", "login_malformed")], event="account")
    return folded


def about_of(registry: Registry, account: AccountRow) -> list[str]:
    """What others know of a person, of which no password is made."""
    return [account.login, account.person, registry.person(account.person).name]


def _reason(reason: str) -> str:
    try:
        said = clean(reason).strip()
    except ValueError as error:
        raise PayloadInvalid([Problem("/reason", str(error))], event="account") from None
    if not said or len(said) > _MAX_REASON:
        raise PayloadInvalid([Problem("/reason", "too_long" if said else "reason_required")], event="account")
    return said
