"""What can be chosen where a rule asks for a code: rounds, certificates and terms by name, as they fit the case at hand."""

from collections.abc import Mapping, Sequence
from datetime import date

from api.asking import Asked
from api.pages.frame import Said
from states.chart import Rule
from states.regime import local_date
from states.vocabulary import CertificateState, Event, Stage
from states.words import Words, words
from workflow.ports import LoadedCase
from workflow.roundbook import OpenRound
from workflow.situation import joinable, law_of

Choice = tuple[str, str]
Lists = Mapping[str, Sequence[Choice]]


def lists_for(asked: Asked, rule: Rule, loaded: LoadedCase) -> Lists:
    """Choices of the coded fields of a rule, for one case."""
    found: dict[str, Sequence[Choice]] = {}
    names = {field.name for field in rule.payload}
    if "round" in names:
        found["round"] = rounds_for(asked, loaded, rule.event)
    if "term" in names:
        found["term"] = terms_for(loaded, rule.event, words(asked.language))
    return found


def rounds_for(asked: Asked, loaded: LoadedCase, event: Event) -> list[Choice]:
    """Rounds that the case could join by an event, the earliest first."""
    world = asked.run.engine.world()
    coming = joinable(world, loaded.case, law_of(loaded.case, asked.received), asked.received, event)
    said, t = words(asked.language), Said(asked.language)
    return [(each.row.code, round_name(each, said, t)) for each in coming]


def round_name(each: OpenRound, said: Words, t: Said) -> str:
    """A round in words: its number and year, and the last day of each date that it still has."""
    dates = [f"{said.stage(str(stage))} {said.last_day(d.cutoff)}" for stage, d in each.stages.items() if d.cutoff is not None]
    name = t("coded.round", number=each.row.number, year=each.row.year, code=each.row.code)
    return f"{name}: {'; '.join(dates)}" if dates else name


def terms_for(loaded: LoadedCase, event: Event, said: Words) -> list[Choice]:
    """Terms that count days: those that run, or for resuming those that stand still."""
    if event is Event.RESUME:
        kept = loaded.case.memo.get("spans", {})
        return [(stage, said.stage(stage)) for stage, span in kept.items() if "suspended" in span]
    spans = [term for term in loaded.terms if term.calendar is not None]
    return [(str(term.stage), f"{said.name(Stage(term.stage))}: {said.last_day(term.due_at)}") for term in spans]


def certificates_for(asked: Asked, product: str) -> list[Choice]:
    """Certificates of a product that an upgrade or reassessment can start from, the newest first."""
    said, t = words(asked.language), Said(asked.language)
    rows = [row for row in asked.run.store.certificates(product) if row.state is CertificateState.IN_FORCE]
    rows.sort(key=lambda row: row.decided_on, reverse=True)
    return [
        (row.code, t("coded.certificate", stars=row.stars, no=row.decision_no, day=said.day(date.fromisoformat(row.last_valid_day)), code=row.code))
        for row in rows
        if date.fromisoformat(row.last_valid_day) >= local_date(asked.received)
    ]
