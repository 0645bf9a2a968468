"""What a plan that can be read leaves open: names that are none of the cycle's, rounds that come in the wrong order. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from deadlines.plan_values import HORIZON_STAGE, PlanDeadline
from states.errors import Problem
from states.vocabulary import Stage, Track

if TYPE_CHECKING:
    from datetime import datetime

ACTIVITIES = frozenset(
    {
        *("whole_plan", "review", HORIZON_STAGE, "cycle", "org_setup", "training", "guidance", "publicity", "software", "promotion"),
        *("product_development", "training_evaluation", "study_visit", "launch", "inspection", "support", "steering"),
    }
)
"""Names of a plan's other work that have words of their own; the plans that ship use them."""

_ALIKE = 0.6


def stage_questions(deadlines: Iterable[tuple[int, PlanDeadline]], pointer: str) -> list[Problem]:
    """Lines with a date whose stage is neither of the cycle nor a known activity: nobody would ever be held to it as a stage.

    ``deadlines`` are (index in the file, line).
    """
    known = sorted({*Stage, *ACTIVITIES})
    return [
        Problem(
            f"{pointer}/{index}/stage",
            "stage_unknown",
            {
                "name": line.stage,
                "phrase": line.phrase,
                "known": ", ".join(get_close_matches(line.stage, known, 3, _ALIKE) or sorted(Stage)),
            },
        )
        for index, line in deadlines
        if line.stage and line.cutoff is not None and line.stage not in known
    ]


def round_questions(deadlines: Iterable[tuple[int, PlanDeadline]], pointer: str) -> list[Problem]:
    """Rounds of one track of which the later one has a stage that does not end later; of several cut-offs the narrowest counts."""
    ends: dict[tuple[Track, str], dict[int, tuple[datetime, int]]] = {}
    for index, line in deadlines:
        if line.round and line.armed and line.cutoff is not None:
            rounds = ends.setdefault((line.track, line.stage), {})
            rounds[line.round] = min(rounds.get(line.round, (line.cutoff, index)), (line.cutoff, index))
    questions = []
    for (_, stage), rounds in ends.items():
        for number, (cutoff, index) in rounds.items():
            before = [(earlier, rounds[earlier][0]) for earlier in rounds if earlier < number and rounds[earlier][0] >= cutoff]
            if before:
                earlier, ended = max(before)
                detail = {
                    "stage": Stage(stage) if stage in set(Stage) else stage,
                    "round": number,
                    "cutoff": cutoff,
                    "earlier": earlier,
                    "earlier_cutoff": ended,
                }
                questions.append(Problem(f"{pointer}/{index}/round", "rounds_out_of_order", detail))
    return questions
