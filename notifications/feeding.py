"""Calendars of deadlines to subscribe to: whose they are, their tokens, and what stands in them. The page that serves them is elsewhere.

An entry belongs to a stage of a case, whatever its date (:func:`notifications.letters.entry`). Its number rises with the entry of the
history that set the date last, so that a date that moves is moved in the reader's calendar, and one that was dropped is struck out there.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from deadlines.ladder import DutyKind, ladders
from notifications.audience import hearers
from notifications.choices import choices_of
from notifications.duties import Desk, Step
from notifications.feeds import Entry, feed
from notifications.letters import entry as worded
from notifications.links import digest_of
from notifications.messages import Language, Part
from notifications.offices import OfficeOnly, known_unit, must_speak_for, speaks_for, unit_of
from states.errors import NotFound
from states.regime import local_date
from states.vocabulary import CertificateState, TermStatus
from workflow.listing import every_case
from workflow.ports import CaseQuery, Database
from workflow.registry import Registry
from workflow.rows import CertificateRow, TermRow
from workflow.situation import World, law_of
from workflow.telling import FeedRow, ToldQuery

PERSON, UNIT = "person", "unit"
KEPT = timedelta(days=400)
"""How long an entry stays after its last day."""

SHOWN = 8
"""Characters of a digest by which lists name a feed."""

_OCTETS = 24
_PAGE = 400
_MOST = 200_000


def create(  # noqa: PLR0913 - whose feed, and who makes it
    store: Database, registry: Registry, scope: str, code: str, actor: str, now: datetime
) -> tuple[FeedRow, str]:
    """A new feed, and its token, which is kept nowhere.

    Args:
        store: Where feeds are.
        registry: Units and people.
        scope: ``person`` or ``unit``.
        code: Whose deadlines.
        actor: A person for the own ones, or an officer of the unit or above.
        now: The present instant.

    Raises:
        UnknownName: No such unit.
        NotFound: No such person.
        OfficeOnly: The actor may not.
    """
    _may(registry, scope, code, actor, now)
    token = secrets.token_urlsafe(_OCTETS)
    row = FeedRow(digest=digest_of(token), scope=scope, code=code, made_by=actor, made_at=now)
    store.save_feed(row)
    return row, token


def revoke(store: Database, registry: Registry, name: str, actor: str, now: datetime) -> FeedRow:
    """Let a feed end; a second time changes nothing.

    Args:
        store: Where feeds are.
        registry: Units and people.
        name: Its token, or the beginning of its digest as lists show it.
        actor: As for :func:`create`.
        now: The present instant.

    Raises:
        NotFound: No such feed, or several begin so.
        OfficeOnly: The actor may not.
    """
    row = named(store, name)
    _may(registry, row.scope, row.code, actor, now)
    if row.revoked_at is None:
        row = replace(row, revoked_at=now)
        store.save_feed(row)
    return row


def named(store: Database, name: str) -> FeedRow:
    """A feed by its token, or by the beginning of its digest. Raises NotFound."""
    rows = store.feeds()
    exact = [row for row in rows if row.digest == digest_of(name)]
    found = exact or [row for row in rows if len(name) >= SHOWN and row.digest.startswith(name)]
    if len(found) != 1:
        raise NotFound(what="feed", name=name if not exact else "…")
    return found[0]


def of_token(store: Database, token: str) -> FeedRow:
    """The feed of a token. Raises NotFound where there is none or it was revoked; the token is not repeated."""
    row = next((row for row in store.feeds() if row.digest == digest_of(token)), None)
    if row is None or row.revoked_at is not None:
        raise NotFound(what="feed", name="…")
    return row


def _may(registry: Registry, scope: str, code: str, actor: str, now: datetime) -> None:
    day = local_date(now)
    if scope == UNIT:
        must_speak_for(registry, actor, code, day)
        return
    unit = unit_of(registry, registry.person(code).code, day)
    by = registry.person(actor)
    if actor != code and (unit is None or not speaks_for(registry, actor, unit, day)):
        raise OfficeOnly(unit=registry.unit_name(unit, day) if unit else "–", person=by.name)


def calendar_of(  # noqa: PLR0913 - whose calendar, as of when, and how it is worded
    store: Database, world: World, scope: str, code: str, now: datetime, *, language: Language | None = None, rehearsal: bool = False
) -> str:
    """The calendar of a person or a unit as iCalendar text.

    Raises:
        UnknownName: No such unit.
        NotFound: No such person.
    """
    registry, day = world.registry, local_date(now)
    if scope == UNIT:
        known_unit(registry, code)
        name, spoken = registry.unit_name(code, day), language or Language.VI
    else:
        name, spoken = registry.person(code).name, language or choices_of(store.settings()).person(code).language
    title = {Language.VI: f"Hạn OCOP – {name}", Language.EN: f"OCOP deadlines – {name}"}[spoken]
    return feed(title, entries_of(store, world, scope, code, now, spoken, rehearsal=rehearsal), language=spoken)


def entries_of(  # noqa: PLR0913
    store: Database, world: World, scope: str, code: str, now: datetime, language: Language, *, rehearsal: bool = False
) -> Iterator[Entry]:
    """Entries of deadlines that run, and of those that have ended within the last 400 days.

    Of a person: what runs and is theirs, and what has ended after they were told of it. Of a unit: everything in its territory.
    """
    registry, day = world.registry, local_date(now)
    units = registry.ever_below(code) if scope == UNIT else _territory(registry, code, day)
    cases = [row.code for row in every_case(store, CaseQuery(units=units))] if units else []
    told = {i.duty for i, _ in store.told(ToldQuery(recipients=(code,), limit=_MOST))} if scope == PERSON else None
    for at in range(0, len(cases), _PAGE):
        desk = Desk(store, world, now)
        desk.take((), cases[at : at + _PAGE])
        for case in cases[at : at + _PAGE]:
            yield from _of_case(desk, case, code, told, language, rehearsal=rehearsal)
    yield from _certificates(store, world, set(cases), code, told, now, language, rehearsal=rehearsal)


def _territory(registry: Registry, person: str, day: date) -> tuple[str, ...]:
    return tuple(dict.fromkeys(unit for h in registry.holdings(person, day) for unit in registry.ever_below(h.unit)))


def _of_case(desk: Desk, case: str, code: str, told: set[str] | None, language: Language, *, rehearsal: bool) -> Iterator[Entry]:  # noqa: PLR0913
    rows = [term for term in desk.store.terms(case) if term.due_at > desk.now - KEPT]
    newest: dict[str, TermRow] = {}
    for term in sorted(rows, key=lambda t: [int(part) for part in t.id.split(":")[1:]]):
        newest[term.stage] = term
    for term in newest.values():
        if told is None or _theirs(desk, case, term, code, told):
            yield _entry(desk, term, language, rehearsal=rehearsal)


def _theirs(desk: Desk, case: str, term: TermRow, person: str, told: set[str]) -> bool:
    if term.status is not TermStatus.RUNNING:
        return term.id in told
    row = desk.cases[case].case
    steps = [rung for rung in ladders().by_kind[DutyKind.TERM] if not rung.after]
    law = law_of(row, desk.now)
    heard = [hearers(desk.world.registry, row, law, term.stage, rung, desk.day) for rung in (steps[0], steps[-1])]
    return any(hearer.person == person and hearer.part is Part.HOLDER for each in heard for hearer in each)


def _entry(desk: Desk, term: TermRow, language: Language, *, rehearsal: bool) -> Entry:
    step = Step(term.id, ladders().by_kind[DutyKind.TERM][0].key, DutyKind.TERM, term.case)
    line = desk.line(step, Part.HOLDER, ())
    return replace(worded(line, language=language, stamped=desk.now, status=term.status, rehearsal=rehearsal), alarm=True)


def _certificates(  # noqa: PLR0913
    store: Database, world: World, cases: set[str], code: str, told: set[str] | None, now: datetime, language: Language, *, rehearsal: bool
) -> Iterator[Entry]:
    rows = [row for row in store.certificates() if row.case in cases and date.fromisoformat(row.last_valid_day) > local_date(now - KEPT)]
    mine = [row for row in rows if told is None or row.code in told or code in _speakers(world.registry, store, row, now)]
    steps = [Step(row.code, ladders().by_kind[DutyKind.CERTIFICATE][0].key, DutyKind.CERTIFICATE, row.code) for row in mine]
    desk = Desk(store, world, now)
    desk.take(steps)
    for row, step in zip(mine, steps, strict=True):
        line = desk.line(step, Part.HOLDER, ())
        # A certificate that was replaced or has lapsed asks for nothing more.
        status = TermStatus.RUNNING if row.state is CertificateState.IN_FORCE else TermStatus.DROPPED
        yield worded(line, language=language, stamped=now, status=status, rehearsal=rehearsal)


def _speakers(registry: Registry, store: Database, row: CertificateRow, now: datetime) -> Sequence[str]:
    product = store.product(row.product)
    return registry.standing_for(product.producer, local_date(now)) if product is not None else ()
