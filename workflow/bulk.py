"""One event on many cases: carried out in batches by whoever works in the background, a fate for each case, resumable after any stop.

Each case is judged with what its owner may at that moment. What is left is refused once the owner's account is closed, or once the session or
token that the operation was begun with is ended by somebody; a session that has merely run out, or was left, does not stop what was accepted.

Every case has a command id of its own, made from the operation, its number and the try. A batch that was written but not recorded before
the process died is therefore found to be done when it is taken up again, and nothing is done twice.
"""

from collections.abc import Callable, Sequence
from typing import Any

from states.errors import CycleError, EventRefused, NotAllowed, StaleCase
from states.vocabulary import Event
from workflow.commands import Command, Receipt
from workflow.credentials import AskerGone, Credential, let_in_by
from workflow.operations import BulkItem, BulkOperation, BulkState, Fate
from workflow.perform import Engine
from workflow.ports import Database

BATCH = 100
Owner = Callable[[BulkOperation], Credential]
"""What an operation's owner is let in by; raises AskerGone."""
Tell = Callable[[CycleError], dict[str, Any]]
"""An error as JSON values in the words of people."""


def command_of(operation: BulkOperation, item: BulkItem) -> Command:
    """What is asked for one case."""
    return Command(
        id=f"bulk:{operation.id}:{item.number}:{item.tries}",
        case=item.case,
        event=Event(operation.event),
        actor=operation.person,
        payload=operation.payload,
        reason=operation.reason,
        expected_version=item.version,
        via="bulk",
    )


def fate_of(answer: Receipt | CycleError) -> Fate:
    """What became of one case."""
    if isinstance(answer, Receipt):
        return Fate.MOVED
    if isinstance(answer, StaleCase):
        return Fate.CONFLICT
    return Fate.BLOCKED if isinstance(answer, EventRefused | NotAllowed | AskerGone) else Fate.ERROR


def told_of(answer: Receipt | CycleError, tell: Tell) -> dict[str, Any]:
    """What one case was told."""
    if isinstance(answer, Receipt):
        return {"state": str(answer.state), "version": answer.version, "seq": answer.seq, "notes": list(answer.notes)}
    return tell(answer)


def step(store: Database, engine: Engine, tell: Tell, owner: Owner, *, limit: int = BATCH) -> int:
    """Carry out a batch of the oldest operation that has work left.

    Args:
        store: Where operations are kept.
        engine: Carries the commands out.
        tell: Puts a refusal into words.
        owner: Finds what the owner of an operation began it with.
        limit: The most cases of a batch.

    Returns:
        How many cases met their fate; 0 where nothing is left to do.

    Raises:
        StoreUnsafe: The database was lost; the batch is taken up again later.
    """
    for operation in store.bulk_running():
        items = store.bulk_items(operation.id, fate=str(Fate.PENDING), limit=limit)
        if items:
            answers = _answers(engine, owner, operation, items)
            # A lost connection is no fate of a case.
            for answer in answers:
                if isinstance(answer, CycleError) and answer.code in {"database_unavailable", "commit_failed"}:
                    raise answer
            told = [(item.number, fate_of(answer), told_of(answer, tell)) for item, answer in zip(items, answers, strict=True)]
            store.record_bulk(operation.id, told)
            return len(items)
        store.move_bulk(operation.id, BulkState.RUNNING, BulkState.DONE)
    return 0


def _answers(engine: Engine, owner: Owner, operation: BulkOperation, items: list[BulkItem]) -> Sequence[Receipt | CycleError]:
    try:
        # What the owner began with has to stand at each write, as that of a request has to.
        with let_in_by(owner(operation)):
            return engine.perform_each([command_of(operation, item) for item in items])
    except AskerGone as gone:
        return [gone] * len(items)


def preview(engine: Engine, operation: BulkOperation, items: list[BulkItem], tell: Tell) -> list[tuple[BulkItem, Fate, dict[str, Any]]]:
    """What would become of each case now, by the same rules; nothing is written."""
    found: list[tuple[BulkItem, Fate, dict[str, Any]]] = []
    for item in items:
        answer: Receipt | CycleError
        if item.fate is Fate.SKIPPED:
            found.append((item, Fate.SKIPPED, {}))
            continue
        try:
            answer = engine.perform(command_of(operation, item), dry_run=True)
        except CycleError as error:
            answer = error
        found.append((item, fate_of(answer), told_of(answer, tell)))
    return found
