"""What a person sees behind a personal link, the word that it was received, and calls that somebody made by telephone."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from deadlines.ladder import DutyKind, ladders
from notifications.audience import with_stand_ins
from notifications.choices import choices_of
from notifications.composed import Wording
from notifications.duties import Desk, Step, Turn
from notifications.foresight import duty_named, duty_of, preview
from notifications.letters import write
from notifications.links import LASTS, Links, confirm_link, opened_link
from notifications.messages import ChannelName, DutyLine, Language, Letter, Message, Part
from notifications.offices import must_speak_for, unit_of
from states.errors import CycleError, MalformedInput, NotFound
from states.regime import local_date
from workflow.ports import Database
from workflow.situation import World
from workflow.telling import DeliveryRow, DeliveryState, LinkRow, RungRow, TryRow

_NOTE = 500
_MOST = 1000


class DutyOver(CycleError):
    """A duty is done or no longer due, so nobody is reminded of it. Detail: ``duty``."""

    code = "duty_over"


class CallResult(StrEnum):
    """How a call ended; only the first means that the person knows."""

    TOLD = "told"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"


class Via(StrEnum):
    """How somebody said that it was received."""

    LINK = "link"
    CALL = "call"
    INBOX = "inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a personal link shows.

    Attributes:
        link: As kept now.
        name: Whose it is.
        title: Product, or the activity's own words.
        line: The duty as it stands now; None for something that has happened, or a duty that is no longer there.
        stands: Whether there is still something to do.
        event, at: What had happened and when, for a link about news.
    """

    link: LinkRow
    name: str
    title: str
    line: DutyLine | None = None
    stands: bool = False
    event: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A text to share, and whether a personal link stands in it."""

    message: Message
    letter: Letter
    linked: bool


def share(  # noqa: PLR0913 - what is needed to word one duty
    store: Database, wording: Wording, world: World, links: Links | None, now: datetime, duty: str, person: str, language: Language | None
) -> Shared:
    """A text about one duty to copy or share by hand; its personal link works from now on.

    Raises:
        NotFound: No such duty or person.
        DutyOver: There is nothing left to do.
    """
    duty = duty_named(store, duty)
    row = duty_of(store, duty)
    desk = Desk(store, world, now)
    desk.take([Step(duty, row.rung, row.kind, row.subject)])
    if not _stands(desk, duty, row.kind, row.subject):
        raise DutyOver(duty=duty)
    said = preview(store, wording, world, now, duty, current_step(store, duty, now), person, language)
    message = replace(said, composed_at=now)
    if links is None:
        return Shared(message, write(message), linked=False)
    linked, rows = links.with_links(message)
    store.make_links(rows)
    return Shared(linked, write(linked), linked=True)


def current_step(store: Database, duty: str, now: datetime) -> str:
    """The step of a duty that was said last, or the first that will be. Raises NotFound."""
    duty_of(store, duty)
    steps = sorted(store.rungs([duty]), key=lambda r: (r.at, r.rung))
    passed = [step for step in steps if step.at <= now]
    return (passed[-1] if passed else steps[0]).rung


def shown(store: Database, world: World, token: str, now: datetime) -> Shown:
    """What a token shows; the first time that it was opened is kept.

    Raises:
        NotFound: There is no such link, or it works no longer.
    """
    return _shown(store, world, opened_link(store, token, now), now)


def confirmed(store: Database, world: World, token: str, now: datetime, via: Via = Via.LINK) -> Shown:
    """Keep that the person has received what a link is about; a second time changes nothing.

    Raises:
        NotFound: There is no such link, or it works no longer.
    """
    return _shown(store, world, confirm_link(store, token, now, via), now)


def _shown(store: Database, world: World, link: LinkRow, now: datetime) -> Shown:
    desk = Desk(store, world, now)
    name = world.registry.person(link.person).name
    if link.duty.startswith("event:"):
        _, subject, event, at = link.duty.split(":", 3)
        desk.take((), [subject])
        loaded = desk.cases.get(subject)
        title = desk.title(loaded.case) if loaded is not None else subject
        return Shown(link=link, name=name, title=title, event=event, at=datetime.fromisoformat(at))
    rungs = store.rungs([link.duty])
    if not rungs:
        return Shown(link=link, name=name, title=link.subject)
    kind = rungs[0].kind
    step = Step(link.duty, _spoken(kind), kind, link.subject)
    desk.take([step])
    if not _there(desk, step):
        return Shown(link=link, name=name, title=link.subject)
    line = desk.line(step, Part.HOLDER, ())
    return Shown(link=link, name=name, title=line.title, line=line, stands=_stands(desk, link.duty, kind, link.subject))


def _spoken(kind: DutyKind) -> str:
    """The last step before the deadline, by which it is asked whether a duty still stands."""
    return [rung for rung in ladders().by_kind[kind] if not rung.after][-1].key


def _stands(desk: Desk, duty: str, kind: DutyKind, subject: str) -> bool:
    """Whether there is still something to do: before the deadline, or after it where what it asked for is owed."""
    steps = [Step(duty, _spoken(kind), kind, subject), *(Step(duty, r.key, kind, subject) for r in ladders().by_kind[kind] if r.after)]
    return _there(desk, steps[0]) and any(desk.turn(step) is not Turn.OVER for step in steps)


def _there(desk: Desk, step: Step) -> bool:
    if step.kind is DutyKind.ACTIVITY:
        return desk.activity(step) is not None
    return desk.certificates.get(step.subject) is not None if step.kind is DutyKind.CERTIFICATE else desk.term(step) is not None


def note_call(  # noqa: PLR0913 - what stands on one line of a call sheet
    store: Database, world: World, now: datetime, *, duty: str, person: str, result: CallResult, note: str, actor: str
) -> DeliveryRow:
    """Keep that somebody rang a person about a duty, and how it ended.

    The call is a try in the log of deliveries, by the officer's code; where the person was told, the duty counts as confirmed by call.

    Args:
        store: Where deliveries are.
        world: Units, people, rounds.
        now: The present instant.
        duty: About what: its id, or the code of its case.
        person: Who was rung.
        result: How it ended.
        note: What was said, in the officer's words.
        actor: Who rang: an officer of the person's unit or above.

    Raises:
        NotFound: No such duty or person.
        OfficeOnly: The actor is no such officer.
        MalformedInput: ``call_note_too_long``.
    """
    duty = duty_named(store, duty)
    row = duty_of(store, duty)
    day = local_date(now)
    registry = world.registry
    unit = unit_of(registry, registry.person(person).code, day)
    if unit is None or not _concerns(store, world, row, person, now):
        raise NotFound(what="hearer", name=duty)
    must_speak_for(registry, actor, unit, day)
    words = " ".join(note.split())
    if len(words) > _NOTE:
        raise MalformedInput("call_note_too_long", limit=_NOTE)
    key = call_key(person, duty)
    before = store.delivery(key)
    reached = result is CallResult.TOLD
    kept = before or DeliveryRow(
        key=key, message=None, channel=str(ChannelName.HAND), target=person, state=DeliveryState.BY_HAND, created_at=now, not_before=now
    )
    state = DeliveryState.ACCEPTED if reached else kept.state
    said = f"{result}: {words}" if words else str(result)
    after = replace(
        kept, state=state, attempt=kept.attempt + 1, address=registry.person(person).phone, reply=said, updated_at=now
    )  # fmt: skip
    store.note(after, TryRow(key=key, attempt=after.attempt, at=now, worker=actor, outcome=str(result), reply=words))
    if reached:
        mine = [link for link in store.links([person]) if link.duty == duty]
        if not mine:
            mine = [_without_token(person, row.subject, duty, now, max(row.due_at, now))]
            store.make_links(mine)
        for link in mine:
            store.mark_link(link.digest, confirmed_at=now, via=Via.CALL)
    return after


def _concerns(store: Database, world: World, row: RungRow, person: str, now: datetime) -> bool:
    """Whether a person was told of a duty, or would be."""
    told = store.told(row.subject, None, _MOST, recipients=(person,))
    if any(item.duty == row.duty for item, _ in told):
        return True
    steps = [Step(row.duty, rung.key, row.kind, row.subject) for rung in ladders().by_kind[row.kind]]
    desk = Desk(store, world, now)
    desk.take(steps)
    choices = choices_of(store.settings())
    return _there(desk, steps[0]) and any(
        hearer.person == person for step in steps for hearer in with_stand_ins(desk.hearers(step), choices, desk.day)
    )  # fmt: skip


def call_key(person: str, duty: str) -> str:
    """Key of the calls to a person about a duty."""
    return f"call|{person}|{duty}"


def _without_token(person: str, subject: str, duty: str, now: datetime, useful: datetime) -> LinkRow:
    """A row that takes the word of a person who never had a link: no token has such a digest, so nobody can open it."""
    digest = "call:" + hashlib.sha256(f"{person}\n{duty}".encode()).hexdigest()
    return LinkRow(digest=digest, person=person, subject=subject, duty=duty, made_at=now, ends_at=useful + LASTS)
