"""Receipts: of an act just written, and of one that stands already."""

from dataclasses import replace
from datetime import UTC

from states.chart import START
from states.errors import MalformedInput
from states.vocabulary import CaseState
from workflow.acts import DIGEST, Decision
from workflow.commands import Command, Receipt
from workflow.ledger.entry import Entry, parse
from workflow.ports import Store
from workflow.projection import ASKS, is_note
from workflow.rows import CaseRow
from workflow.timeline import Line, opened

_DUE = "due:"


def receipt_of(decision: Decision, settled: tuple[str, ...] = ()) -> Receipt:
    """The receipt of a decision, from what was written, without reading its text back."""
    change, step = decision.change, decision.step
    row = change.row
    assert isinstance(row, CaseRow)  # noqa: S101 - a decision is about a case
    source = row.state if step is None else step.source
    return Receipt(
        case=change.entry.subject,
        seq=change.entry.seq,
        leaf_hash=change.entry.leaf_hash.hex(),
        event=change.entry.event,
        source=None if source == START else str(source),
        state=row.state,
        version=change.row.version,
        effective_at=decision.effective.astimezone(UTC),
        settled=settled,
        notes=decision.notes,
        confirmation=confirmation_id(row.code, change.entry.seq) if decision.waits else None,
    )


def confirmation_id(case: str, seq: int) -> str:
    """Under which id an act waits for a second person: the case, and the entry that asks."""
    return f"{case}:{seq}"


def receipt_again(store: Store, command: Command, code: str, seq: int) -> Receipt:
    """The receipt of an act that stands already, with the version that the case had then: its asker has seen no later one.

    Raises:
        MalformedInput: ``command_reused``: the id belongs to another event, or to one that was asked for with other values.
    """
    entries = [parse(stored.body) for stored in store.entries(code) if stored.seq <= seq]
    entry, stored = entries[-1], store.entry(code, seq)
    asked = entry.event in ASKS
    if (entry.data["act"] if asked else entry.event) != command.event or stored is None:
        raise MalformedInput("command_reused", command=command.id, case=code)
    must_be_the_same(opened(stored), command.digest, command=command.id, case=code)
    receipt = Receipt(
        case=code,
        seq=seq,
        leaf_hash=stored.leaf_hash.hex(),
        event=entry.event,
        source=entry.from_,
        state=CaseState(str(entry.to)),
        version=sum(not is_note(each) for each in entries),
        effective_at=entry.effective_at,
        settled=_settled(store, code, entry),
        notes=("awaits_confirmation",) if asked else tuple(entry.data.get("notes", ())),
        confirmation=confirmation_id(code, seq) if asked else None,
    )
    return replace(receipt, replayed=True)


def must_be_the_same(line: Line, digest: str | None, *, command: str, case: str, event: str | None = None) -> None:
    """Whoever sends a command id again asks for what was asked under it before.

    Args:
        line: The entry that stands under it.
        digest: What is asked now, as :func:`workflow.commands.fingerprint`; None where the way in does not bind its ids.
        command: As its sender knows it.
        case: Whose history the entry is in.
        event: What is asked now, where that was not looked at before.

    Raises:
        MalformedInput: ``command_reused``.
    """
    bound = line.text(DIGEST) if digest else None
    if (event is not None and line.entry.event != event) or (bound is not None and bound != digest):
        raise MalformedInput("command_reused", command=command, case=case)


def _settled(store: Store, code: str, act: Entry) -> tuple[str, ...]:
    """What fell due and was applied with an act: the system's entries about deadlines from its receipt on, up to the next act."""
    found: list[str] = []
    for each in (parse(stored.body) for stored in store.entries(code)):
        if each.case_seq > act.case_seq and not each.command.startswith(_DUE):
            break
        if each.command.startswith(_DUE) and act.received_at is not None and each.recorded_at >= act.received_at:
            found.append(each.event)
    return tuple(found)
