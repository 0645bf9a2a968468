"""The words of messages fixed from fresh facts: what no longer matters is left out, and what remains is said as of now."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from deadlines.ladder import DutyKind, last_valid_day
from notifications.audience import with_stand_ins
from notifications.choices import Choices, choices_of
from notifications.composing import EVENT
from notifications.duties import Desk, Step, Turn
from notifications.messages import DutyLine, Message, MessageKind, NoticeLine, Part, Recipient
from states.regime import local_date
from states.vocabulary import Event
from workflow.ledger.entry import Entry
from workflow.ports import Database
from workflow.rows import CaseRow
from workflow.situation import World
from workflow.telling import ItemRow, MessageRow
from workflow.timeline import Line, opened

_RECOGNISES = frozenset({Event.CERTIFY, Event.FALL_BACK})
_JSON: TypeAdapter[Message | None] = TypeAdapter(Message | None)


def message_json(message: Message | None) -> str:
    """A message as it is kept; None where nothing of it mattered when it was to be worded."""
    return _JSON.dump_json(message).decode()


def message_of(body: str) -> Message | None:
    """A message as it was kept."""
    return _JSON.validate_json(body)


@dataclass(frozen=True, slots=True)
class Worded:
    """A message with its words; None where nothing of it matters any more, which is fixed as well, so that nobody adds to it."""

    row: MessageRow
    message: Message | None
    moot: tuple[ItemRow, ...]


class Wording:
    """Words messages for one database."""

    def __init__(self, store: Database, world: Callable[[], World], *, rehearsal: bool) -> None:
        """Word from these facts; ``rehearsal`` is said in every message."""
        self.store = store
        self.world = world
        self.rehearsal = rehearsal

    def word(self, rows: Sequence[MessageRow], now: datetime) -> dict[str, Worded]:
        """Words of messages that have none yet, by id; nothing is written."""
        items = self.store.items([row.id for row in rows])
        desk = Desk(self.store, self.world(), now)
        everything = [item for row in rows for item in items.get(row.id, ())]
        desk.take((step_of(item) for item in everything if item.kind != EVENT), [i.subject for i in everything if i.kind == EVENT])
        choices = choices_of(self.store.settings())
        return {row.id: self._one(desk, choices, row, items.get(row.id, ())) for row in rows}

    def what_matters(self, messages: Sequence[Message], now: datetime) -> dict[str, Message | None]:
        """Messages whose words are fixed, by id, with what of them still matters to their reader; None where nothing does."""
        desk = Desk(self.store, self.world(), now)
        desk.take(_step_in(line) for message in messages for line in message.lines)
        choices = choices_of(self.store.settings())
        return {message.id: self._what_matters(desk, choices, message) for message in messages}

    def _what_matters(self, desk: Desk, choices: Choices, message: Message) -> Message | None:
        lines = tuple(line for line in message.lines if self._stands(desk, choices, _step_in(line), message.recipient.person))
        if len(lines) == len(message.lines):
            return message
        if not lines and not message.notices:
            return None
        return replace(message, lines=lines, kind=_kind(lines, message.notices))

    def gateway_of(self, person: str, now: datetime) -> str | None:
        """The webhook that carries texts to a person's telephone."""
        registry, day = self.world().registry, local_date(now)
        unit = next((h.unit for h in registry.holdings(person, day)), None)
        return choices_of(self.store.settings()).office(registry.chain(unit, day) if unit else ()).gateway

    def office_of(self, person: str, now: datetime) -> str:
        """Name of the producer that a person stands for, else of the unit; empty for somebody without any function."""
        registry, day = self.world().registry, local_date(now)
        holding = next(iter(registry.holdings(person, day)), None)
        producer = self.store.producer(holding.producer) if holding is not None and holding.producer else None
        return producer.name if producer is not None else registry.unit_name(holding.unit, day) if holding is not None else ""

    def preview(self, step: Step, person: str, part: Part, now: datetime, for_whom: Iterable[str] = ()) -> Message:
        """The message that a person would get of one step, whether its turn has come or not."""
        desk = Desk(self.store, self.world(), now)
        desk.take([step])
        line = desk.line(step, part, for_whom)
        kind = MessageKind.ESCALATION if part is Part.SUPERIOR else MessageKind.REMINDER
        return self._message(desk, choices_of(self.store.settings()), person, f"preview|{person}", kind, (line,), ())

    def _one(self, desk: Desk, choices: Choices, row: MessageRow, items: Sequence[ItemRow]) -> Worded:
        lines: list[DutyLine] = []
        happened: list[NoticeLine] = []
        moot: list[ItemRow] = []
        for item in items:
            if item.kind == EVENT:
                notice = self._notice(desk, item)
                if notice is not None:
                    happened.append(notice)
                continue
            step = step_of(item)
            if self._stands(desk, choices, step, item.recipient):
                lines.append(desk.line(step, Part(item.part), item.detail.get("for", ())))
            else:
                moot.append(item)
        if not lines and not happened:
            return Worded(replace(row, body=message_json(None), composed_at=desk.now), None, tuple(moot))
        lines.sort(key=lambda line: (line.due_at, line.subject, line.rung))
        happened.sort(key=lambda notice: (notice.at, notice.subject))
        message = self._message(desk, choices, row.recipient, row.id, _kind(lines, happened), tuple(lines), tuple(happened))
        fixed = replace(row, body=message_json(message), composed_at=desk.now)
        return Worded(fixed, message, tuple(moot))

    @staticmethod
    def _stands(desk: Desk, choices: Choices, step: Step, person: str) -> bool:
        """Whether a step is still to be said, and to this person."""
        return desk.turn(step) is Turn.SAY and any(h.person == person for h in with_stand_ins(desk.hearers(step), choices, desk.day))

    def _message(  # noqa: PLR0913
        self,
        desk: Desk,
        choices: Choices,
        person: str,
        key: str,
        kind: MessageKind,
        lines: tuple[DutyLine, ...],
        happened: tuple[NoticeLine, ...],
    ) -> Message:
        registry, day = desk.world.registry, desk.day
        row, chosen = registry.person(person), choices.person(person)
        holding = next(iter(registry.holdings(person, day)), None)
        unit = holding.unit if holding is not None else ""
        chain = registry.chain(unit, day) if unit else ()
        office = self.office_of(person, desk.now)
        sender = choices.office(chain).sender or (registry.unit_name(self._province(desk, unit), day) if unit else "")
        recipient = Recipient(person=person, name=row.name, language=chosen.language, email=row.email, phone=row.phone, office=office)
        return Message(
            id=key,
            kind=kind,
            recipient=recipient,
            composed_at=desk.now,
            lines=lines,
            notices=happened,
            office=sender,
            rehearsal=self.rehearsal,
        )

    def _recognition(self, case: CaseRow, line: Line) -> dict[str, Any]:
        """Stars and last valid day of the certificate that an entry brought about; the day that a re-dated deadline had before."""
        if line.entry.event in _RECOGNISES:
            issued = [row for row in self.store.certificates(case.product) if row.case == case.code]
            return {"stars": issued[-1].stars, "valid_until": issued[-1].last_valid_day} if issued else {}
        closed = {term["id"] for term in (line.entry.terms or {}).get("close", ())}
        if line.entry.event != Event.REDATE or not closed:
            return {}
        before = [term for term in self.store.terms(case.code) if term.id in closed]
        return {"from": last_valid_day(before[0].due_at).isoformat()} if before else {}

    @staticmethod
    def _province(desk: Desk, unit: str) -> str:
        """The office that writes: of the province, or of the centre to those who sit there."""
        chain = desk.world.registry.chain(unit, desk.day)
        return chain[-2] if len(chain) > 1 else chain[0] if chain else unit

    def _notice(self, desk: Desk, item: ItemRow) -> NoticeLine | None:
        stored = self.store.entry(item.subject, int(item.detail["seq"]))
        loaded = desk.cases.get(item.subject)
        if stored is None or loaded is None:
            return None
        line = opened(stored)
        case = loaded.case
        return NoticeLine(
            event=line.entry.event,
            subject=case.code,
            title=desk.title(case),
            producer=desk.producer(case),
            unit=desk.world.registry.unit_name(case.unit, desk.day),
            at=line.entry.effective_at,
            reason=line.text("reason"),
            details={**details_of(line), **self._recognition(case, line)},
        )


def step_of(item: ItemRow) -> Step:
    """The step that an item is about."""
    return Step(item.duty, item.rung, DutyKind(item.kind), item.subject)


def _step_in(line: DutyLine) -> Step:
    return Step(line.duty, line.rung, line.kind, line.subject)


def _kind(lines: Sequence[DutyLine], happened: Sequence[NoticeLine]) -> MessageKind:
    if not lines:
        return MessageKind.NOTICE
    if len(lines) > 1 or happened:
        return MessageKind.DIGEST
    return MessageKind.ESCALATION if lines[0].part is Part.SUPERIOR else MessageKind.REMINDER


def details_of(line: Line) -> dict[str, Any]:
    """What the words of a notice may name, from the entry."""
    entry = line.entry
    texts = {name: text for name in ("remarks", "note") if (text := line.text(name))}
    found: dict[str, Any] = {**entry.data, **texts, **(entry.result or {}), **_ahead(entry)}
    if entry.acted_on is not None:
        found["acted_on"] = local_date(entry.acted_on).isoformat()
    if entry.attempt is not None and entry.attempt > 1:
        found["attempt"] = entry.attempt
    if entry.to is not None:
        found["state"] = entry.to
    if "act" in found:
        found["event"] = found.pop("act")
    return found


def _ahead(entry: Entry) -> dict[str, Any]:
    """Round, and the deadline that was missed or that runs from now on."""
    rounds, terms = entry.round or {}, (entry.terms or {}).get("open", ())
    joined = rounds.get("provincial") or rounds.get("central")
    found: dict[str, Any] = {"round": joined} if joined else {}
    missed = (entry.set.get("memo") or {}).get("missed")
    if missed:
        return found | {"stage": missed["stage"], "phrase": missed["phrase"], "until": missed["due_at"]}
    if terms:
        first = min(terms, key=lambda term: str(term["due_at"]))
        until = last_valid_day(datetime.fromisoformat(first["due_at"])).isoformat()
        found |= {"stage": first["stage"], "phrase": first["phrase"], "to": until}
    return found
