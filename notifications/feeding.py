"""Calendars of deadlines to subscribe to: whose they are, their tokens, and what stands in them. The page that serves them is elsewhere.

An entry belongs to a stage of a case, whatever its date (:func:`notifications.letters.entry`). Its number rises with the entry of the
history that set the date last, so that a date that moves is moved in the reader's calendar, and one that was dropped is struck out there.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from deadlines.calendar import midnight
from deadlines.ladder import DutyKind, ladders
from deadlines.plan import load_plans
from notifications.audience import hearers, of_unit
from notifications.choices import choices_of
from notifications.duties import Desk, Step, Turn
from notifications.feeds import Entry, feed
from notifications.letters import entry as worded
from notifications.links import digest_of
from notifications.messages import Language, Part
from notifications.offices import OfficeOnly, known_unit, must_speak_for, speaks_for, unit_of
from notifications.views import MOST_LINES
from states.errors import NotFound
from states.regime import local_date
from states.vocabulary import CertificateState, TermStatus
from workflow.activities import open_activities
from workflow.listing import every_case
from workflow.ports import CaseQuery, Database
from workflow.registry import Registry
from workflow.rows import CertificateRow, TermRow
from workflow.situation import World, law_of
from workflow.telling import FeedRow
from workflow.timeline import timeline

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

    Of a person: what runs and is theirs, and what has ended after they were told of it. Of a unit: everything in its territory, with one
    entry for a date that the cases of a round share.
    """
    registry, day = world.registry, local_date(now)
    units = registry.ever_below(code) if scope == UNIT else _territory(registry, code, day)
    cases = [row.code for row in every_case(store, CaseQuery(units=units))] if units else []
    told = {i.duty for i, _ in store.told(None, None, _MOST, recipients=(code,))} if scope == PERSON else None
    shared: dict[tuple[str, str], list[_Member]] = {}
    for at in range(0, len(cases), _PAGE):
        desk = Desk(store, world, now)
        desk.take((), cases[at : at + _PAGE])
        for case in cases[at : at + _PAGE]:
            for term in _newest(desk, case):
                if scope == UNIT and _shared(world, term):
                    shared.setdefault((str(term.round), str(term.stage)), []).append(_Member(desk, term))
                elif (entry := _entry(desk, term, code, told, language, rehearsal=rehearsal)) is not None:
                    yield entry
    for (name, stage), members in shared.items():
        yield _together(code, name, stage, members, language, rehearsal=rehearsal)
    yield from _certificates(store, world, set(cases), code, told, now, language, rehearsal=rehearsal)
    yield from _activities(Desk(store, world, now), set(units), code if scope == PERSON else None, language, rehearsal=rehearsal)


@dataclass(frozen=True, slots=True)
class _Member:
    """A case's part in a date that its round shares."""

    desk: Desk
    term: TermRow


def _newest(desk: Desk, case: str) -> list[TermRow]:
    """Of each stage of a case the date that was set last."""
    found: dict[str, TermRow] = {}
    rows = [term for term in desk.store.terms(case) if term.due_at > desk.now - KEPT]
    for term in sorted(rows, key=lambda t: [int(part) for part in t.id.split(":")[1:]]):
        found[term.stage] = term
    return list(found.values())


def _shared(world: World, term: TermRow) -> bool:
    """Whether a date is that of its round, and not one that the case was given for itself."""
    stage = world.book.deadlines.get(term.deadline)
    return term.round is not None and stage is not None and stage.cutoff == term.due_at


def _together(  # noqa: PLR0913 - which date, whose, and how it is worded
    code: str, name: str, stage: str, members: Sequence[_Member], language: Language, *, rehearsal: bool
) -> Entry:
    """One entry for a date that many cases of a round share: how many of them still have to meet it, and which."""
    ahead = [each for each in members if each.term.status is TermStatus.RUNNING]
    lead = members[0]
    line = lead.desk.line(Step(lead.term.id, ladders().by_kind[DutyKind.TERM][0].key, DutyKind.TERM, lead.term.case), Part.HOLDER, ())
    left, whole = len(ahead), len(members)
    title = {Language.VI: f"còn {left}/{whole} hồ sơ đợt {name}", Language.EN: f"{left} of {whole} cases of round {name} left"}[language]
    plain = replace(line, act=None, subject=name, title=title, producer=None, unit="")
    stamped = max(each.desk.cases[each.term.case].case.updated_at for each in members)
    said = worded(plain, language=language, stamped=stamped, rehearsal=rehearsal)
    names = [each.desk.title(each.desk.cases[each.term.case].case) for each in ahead]
    rest = [f"+ {len(names) - MOST_LINES}"] if len(names) > MOST_LINES else []
    found = lead.desk.store.load_round(name)
    # The round's own history numbers its dates: whatever moves one is an entry there, and no case that comes or goes is.
    return replace(
        said,
        duty=f"round:{code}:{name}:{stage}",
        version=found.head_seq if found is not None else 1,
        description="\n".join([said.description, *(f"– {title}" for title in names[:MOST_LINES]), *rest]),
    )


def _territory(registry: Registry, person: str, day: date) -> tuple[str, ...]:
    return tuple(dict.fromkeys(unit for h in registry.holdings(person, day) for unit in registry.ever_below(h.unit)))


def _entry(  # noqa: PLR0913 - which date, whose, and how it is worded
    desk: Desk, term: TermRow, code: str, told: set[str] | None, language: Language, *, rehearsal: bool
) -> Entry | None:
    """An entry for the date of one case; None where it is not the person's."""
    step = Step(term.id, ladders().by_kind[DutyKind.TERM][0].key, DutyKind.TERM, term.case)
    mine = term.status is TermStatus.RUNNING and desk.turn(step) is Turn.SAY
    if told is not None and not (_holds(desk, term.case, term, code) if mine else term.id in told):
        return None
    line = desk.line(step, Part.HOLDER, ())
    # What has to be done next is the next date's; the others are named by their stage.
    said = line if mine else replace(line, act=None)
    stamped = desk.cases[term.case].case.updated_at
    return replace(worded(said, language=language, stamped=stamped, status=term.status, rehearsal=rehearsal), alarm=True)


def _holds(desk: Desk, case: str, term: TermRow, person: str) -> bool:
    row = desk.cases[case].case
    steps = [rung for rung in ladders().by_kind[DutyKind.TERM] if not rung.after]
    law = law_of(row, desk.now)
    heard = [hearers(desk.world.registry, row, law, term.stage, rung, desk.day) for rung in (steps[0], steps[-1])]
    return any(hearer.person == person and hearer.part is Part.HOLDER for each in heard for hearer in each)


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
        stamped = desk.cases[row.case].case.updated_at
        yield worded(line, language=language, stamped=stamped, status=status, rehearsal=rehearsal)


def _activities(desk: Desk, units: set[str], person: str | None, language: Language, *, rehearsal: bool) -> Iterator[Entry]:
    """Other work of plans that is still open: of these units, or that a person has to do."""
    first = ladders().by_kind[DutyKind.ACTIVITY][0]
    for row in desk.store.plans():
        plan = next(plan for plan in load_plans(row.text) if plan.id == row.code)
        for duty in open_activities(plan, row, desk.store.stages(plan=row.code), timeline(desk.store, row.code)):
            if duty.due_at is None or duty.unit not in units or duty.due_at <= desk.now - KEPT:
                continue
            holds = person is None or any(
                hearer.person == person and hearer.part is Part.HOLDER
                for hearer in of_unit(desk.world.registry, duty.unit, first, desk.day)
            )
            if holds:
                line = desk.line(Step(duty.id, first.key, DutyKind.ACTIVITY, row.code), Part.HOLDER, ())
                late = TermStatus.PASSED if duty.due_at <= desk.now else TermStatus.RUNNING
                # A plan that is replaced has new duties, so the day that it names is all there is to know of one.
                yield worded(line, language=language, stamped=midnight(date(row.year, 1, 1)), status=late, rehearsal=rehearsal)


def _speakers(registry: Registry, store: Database, row: CertificateRow, now: datetime) -> Sequence[str]:
    product = store.product(row.product)
    return registry.standing_for(product.producer, local_date(now)) if product is not None else ()
