"""What an act would bring, worked out by carrying it out on trial: nothing of it is written, and nobody else sees it."""

from dataclasses import dataclass
from datetime import date, datetime

from api.asking import Asked
from api.cli.context import speaking
from api.cli.render import note_text
from api.pages.frame import Said
from states.vocabulary import Event
from states.words import words
from workflow.commands import Command, Receipt
from workflow.ports import LoadedCase
from workflow.rows import CaseRow, CertificateRow, TermRow


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an act would bring.

    Attributes:
        case: The case as it would be.
        at: The instant by which it counts.
        second: Whether it would still wait for a second person.
        round: The round that the case would join, if it joins one.
        begins: Deadlines that would begin: what, the last valid day, the words that set it, and what its passing does.
        ends: Stages whose deadlines would end.
        certificate: What would be issued.
        notes: What is worth hearing beside.
    """

    case: CaseRow
    state: str
    at: datetime
    second: bool
    round: str | None
    begins: tuple[tuple[str, str, str, str], ...]
    ends: tuple[str, ...]
    certificate: str | None
    notes: tuple[str, ...]


def foreseen(asked: Asked, command: Command) -> Foreseen:
    """Carry a command out on trial.

    Raises:
        CycleError: As :meth:`workflow.perform.Engine.perform`.
    """
    run, said, t = asked.run, words(asked.language), Said(asked.language)
    before = run.store.load_case(command.case, "")
    receipt, after, certificates = _registered(asked, command) if command.event is Event.REGISTER else _done(asked, command)
    had = {term.id for term in before.terms} if before else set()
    has = {term.id for term in after.terms}
    rounds = {before.case.round, before.case.central_round} if before else set()
    joined = next((code for code in (after.case.central_round, after.case.round) if code and code not in rounds), None)
    known = {row.code for row in run.store.certificates(after.case.product)}
    issued = next((row for row in certificates if row.code not in known), None)
    certificate = t("seen.certificate", stars=issued.stars, day=said.day(date.fromisoformat(issued.last_valid_day))) if issued else None
    with speaking(asked.language):
        notes = tuple(note_text(note, said) for note in receipt.notes)
    return Foreseen(
        case=after.case,
        state=said.name(receipt.state),
        at=receipt.effective_at,
        second=receipt.confirmation is not None,
        round=joined,
        begins=tuple(
            (said.name(term.stage), said.last_day(term.due_at), term.phrase, said.name(term.effect)) for term in _sorted(after.terms) if term.id not in had
        ),
        ends=tuple(dict.fromkeys(said.name(term.stage) for term in _sorted(before.terms if before else ()) if term.id not in has)),
        certificate=certificate,
        notes=notes,
    )


def _done(asked: Asked, command: Command) -> tuple[Receipt, LoadedCase, list[CertificateRow]]:
    """An act on a case, carried out where nobody else sees it."""
    trial = asked.run.trial()
    receipt = trial.engine.perform(command)
    after = trial.store.load_case(receipt.case, "")
    assert after is not None  # noqa: S101 - it was just written there
    return receipt, after, trial.store.certificates(after.case.product)


def _registered(asked: Asked, command: Command) -> tuple[Receipt, LoadedCase, list[CertificateRow]]:
    """A registration as it would be drafted; no number is taken for it."""
    engine = asked.run.engine
    receipt = engine.perform(command, dry_run=True)
    drafted = engine.judge.register(engine.world(), command, asked.received, dry_run=True).change
    assert isinstance(drafted.row, CaseRow)  # noqa: S101 - what is registered is a case
    return receipt, LoadedCase(drafted.row, drafted.opened, None), []


def _sorted(terms: tuple[TermRow, ...]) -> list[TermRow]:
    return sorted(terms, key=lambda term: (term.due_at, term.id))
