"""Errors in the words of both languages, and what a plan is asked about, as plain values for whoever hands them on."""

from typing import Any

from states.errors import CycleError, EventRefused, NotAllowed, NotFound, OutsideTerritory, PayloadInvalid, PlanInvalid, Problem
from states.refusal import Refusal
from states.regime import VIETNAM
from states.words import Language, words
from workflow.plans import Choice

LANGUAGES: tuple[Language, ...] = ("vi", "en")
_PUBLIC = {"event_refused": "transition_blocked"}
"""Codes that have another name outside."""


def public_code(error: CycleError) -> str:
    """The code under which others know an error."""
    return _PUBLIC.get(error.code, error.code)


def reason_json(reason: Refusal) -> dict[str, Any]:
    """A reason of a refusal, in both languages."""
    text = {language: words(language).refusal(reason) for language in LANGUAGES}
    by = [str(seat) for seat in reason.overriders]
    return {"code": str(reason.code), "text": text, "holder": str(reason.holder), "pointer": None, "overridable_by": by}


def problem_json(problem: Problem) -> dict[str, Any]:
    """What is wrong with one place of an input, in both languages."""
    text = {language: words(language).problem_text(problem) for language in LANGUAGES}
    return {"code": problem.code, "text": text, "holder": None, "pointer": problem.pointer, "overridable_by": []}


def reasons_of(error: CycleError) -> list[dict[str, Any]]:
    """Every reason or problem that an error carries."""
    if isinstance(error, NotAllowed | EventRefused):
        return [reason_json(reason) for reason in error.reasons]
    if isinstance(error, PayloadInvalid | PlanInvalid):
        return [problem_json(problem) for problem in error.problems]
    return []


def told(error: CycleError) -> dict[str, Any]:
    """An error outside an answer of its own: code, words in both languages, reasons."""
    if isinstance(error, OutsideTerritory):
        error = NotFound(what="case", name=error.detail["case"])
    text = {language: words(language).error(error) for language in LANGUAGES}
    return {"code": public_code(error), "text": text, "reasons": reasons_of(error)}


def choice_json(choice: Choice) -> dict[str, Any]:
    """A dated line of a plan, and the effect that its date gets at publication."""
    line = choice.deadline
    return {
        "number": choice.index,
        "stage": line.stage,
        "round": line.round,
        "phrase": line.phrase,
        "cutoff": line.cutoff.astimezone(VIETNAM).isoformat() if line.cutoff else None,
        "default": str(choice.default),
        "effect": str(choice.chosen),
        "firm": line.firm,
        "flags": [str(flag) for flag in line.flags],
    }
