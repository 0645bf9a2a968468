"""Sessions of browsers, kept here and not in the cookie: they end when they should, and wherever somebody ends them."""

import hmac
from collections.abc import Sequence
from datetime import timedelta

from api.caller import Unidentified
from api.identity.tokens import digest, secret_text
from states.errors import NotFound
from workflow.accounts import Add, IdentityShelf, Known, Overtaken, Put, SessionRow
from workflow.clock import Clock

IDLE, ABSOLUTE, HALF = timedelta(hours=1), timedelta(hours=12), timedelta(minutes=10)
"""Without a request; from signing in to signing in again; from the password to the second factor."""
SESSION, REHEARSAL = "session", "rehearsal"
_SEEN_EVERY = timedelta(minutes=1)
_MAX_AGENT = 200


class Sessions:
    """Sessions by the id that only the browser has."""

    def __init__(self, shelf: IdentityShelf, clock: Clock) -> None:
        """Keep them on a shelf, by a clock that a rehearsal does not move."""
        self._shelf = shelf
        self._clock = clock

    def made(self, person: str, *, via: str, strong: bool, whole: bool, source: str, agent: str) -> tuple[str, SessionRow]:  # noqa: PLR0913
        """A new session under a new id, to be added; the id is for the cookie alone."""
        now, id_ = self._clock.now(), secret_text()
        row = SessionRow(
            hash=digest(id_), person=person, via=via, strong=strong, whole=whole, source=source[:80], agent=agent[:_MAX_AGENT],
            created_at=now, seen_at=now, expires_at=now + (ABSOLUTE if whole else HALF),
        )  # fmt: skip
        return id_, row

    def begin(  # noqa: PLR0913
        self, person: str, *standing: Put, via: str, strong: bool, whole: bool, source: str, agent: str
    ) -> tuple[str, SessionRow]:
        """A new session, if what it stands on still does.

        Raises:
            Overtaken: It does not; there is no session.
        """
        id_, row = self.made(person, via=via, strong=strong, whole=whole, source=source, agent=agent)
        self._shelf.carry_out([*standing, Add(row)], asked=False)
        return id_, row

    def known(self, id_: str) -> Known | None:
        """What an id stands for, if the session has not ended, slept too long, or lost its account."""
        found = self.looked_up(id_)
        if found is not None:
            self.seen(found)
        return found

    def looked_up(self, id_: str) -> Known | None:
        """The same, and nothing written."""
        return self._standing(self._shelf.session(digest(id_)))

    def looked_up_each(self, ids: Sequence[str]) -> list[Known | None]:
        """Several in one read."""
        hashes = [digest(id_) for id_ in ids]
        found = self._shelf.sessions(list(dict.fromkeys(hashes)))
        return [self._standing(found.get(hash_)) for hash_ in hashes]

    def _standing(self, found: Known | None) -> Known | None:
        if found is None or not isinstance(found.row, SessionRow) or not self.lives(found.row):
            return None
        if found.row.via != REHEARSAL and (found.account is None or found.account.disabled_at is not None):
            return None
        return found

    def unseen(self, found: Known) -> bool:
        """Whether it is time to note that the session is in use."""
        return isinstance(found.row, SessionRow) and self._clock.now() - found.row.seen_at > _SEEN_EVERY

    def seen(self, found: Known) -> None:
        """Note that a session is in use, once in a while."""
        if self.unseen(found):
            self._shelf.change(SessionRow, {"hash": found.row.hash, "ended_at": None}, {"seen_at": self._clock.now()})

    def lives(self, row: SessionRow) -> bool:
        """Whether a session is still one."""
        now = self._clock.now()
        return row.ended_at is None and now < row.expires_at and now - row.seen_at < IDLE

    def renewed(self, row: SessionRow, *, strong: bool, whole: bool) -> tuple[str, SessionRow]:
        """The same person under a new id, to be added where the old one ends: after every rise of what a session may do."""
        return self.made(row.person, via=row.via, strong=strong, whole=whole, source=row.source, agent=row.agent)

    def raised(self, row: SessionRow, steps: Sequence[Add | Put]) -> tuple[str, SessionRow]:
        """Carry out what a session has to do to become a whole and strong one, and its new id; all of it or nothing.

        Raises:
            Unidentified: The session has ended meanwhile: it rises no more.
            Overtaken: One of the steps found something else than it had to.
        """
        id_, risen = self.renewed(row, strong=True, whole=True)
        try:
            self._shelf.carry_out([*steps, self.ending(row, must=True), Add(risen)], asked=False)
        except Overtaken:
            now = self._shelf.session(row.hash)
            if now is None or not isinstance(now.row, SessionRow) or not self.lives(now.row):
                raise Unidentified from None
            raise
        return id_, risen

    def of(self, person: str) -> list[SessionRow]:
        """The living sessions of a person, newest first."""
        return [row for row in self._shelf.find(SessionRow, {"person": person, "ended_at": None}) if self.lives(row)]

    def ending(self, row: SessionRow, *, must: bool = False) -> Put:
        """The end of one, to be carried out. A half one never opened anything."""
        return Put(SessionRow, {"hash": row.hash, "ended_at": None}, {"ended_at": self._clock.now()}, ends=row.whole, must=must)

    def ending_all(self, person: str) -> Put:
        """The end of all of a person, to be carried out."""
        return Put(SessionRow, {"person": person, "ended_at": None}, {"ended_at": self._clock.now()}, ends=True)

    def leave(self, row: SessionRow) -> None:
        """Its browser lets go of one: it runs out now. What was begun with it in good order goes on, unlike where somebody ends it."""
        left = Put(SessionRow, {"hash": row.hash, "ended_at": None}, {"expires_at": self._clock.now()}, ends=row.whole)
        self._shelf.carry_out([left], asked=False)

    def end(self, row: SessionRow) -> None:
        """End one."""
        self._shelf.carry_out([self.ending(row)], asked=False)

    def end_of(self, person: str, handle: str, *records: Add) -> SessionRow:
        """End a person's session by its handle, and write down that it was.

        Raises:
            NotFound: The person has no such living session.
        """
        for row in self.of(person):
            if handle_of(row) == handle:
                self._shelf.carry_out([self.ending(row), *records])
                return row
        raise NotFound(what="session", name=handle)

    def end_all(self, person: str, *records: Add, but: SessionRow | None = None) -> int:
        """End every session of a person, but perhaps one, and write down that they were; how many ended."""
        ended = [row for row in self._shelf.find(SessionRow, {"person": person, "ended_at": None}) if but is None or row.hash != but.hash]
        self._shelf.carry_out([*(self.ending(row) for row in ended), *records])
        return len(ended)


def handle_of(row: SessionRow) -> str:
    """A name for a session that can be shown: it opens nothing."""
    return row.hash.hex()[:16]


def csrf_of(id_: str) -> str:
    """The token that a page of this session sends along with every write; whoever does not know the id cannot know it."""
    return hmac.digest(id_.encode(), b"ocop csrf", "sha256").hex()
