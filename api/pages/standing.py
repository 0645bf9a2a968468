"""Where a case stands, or stood: state, way, results, dossier and attempts, read off its row and its entries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api.asking import Asked
from api.pages.dossier import attempts, dossier, result_line
from api.pages.drawing import Move, picture
from api.pages.frame import Said
from api.showing import Names
from states.case import case_chart
from states.vocabulary import CaseState
from states.words import Words, words
from workflow.ledger.entry import Entry
from workflow.rows import CaseRow
from workflow.situation import law_of


def standing(asked: Asked, case: CaseRow, entries: Sequence[Entry], at: datetime) -> dict[str, Any]:
    """What is told of a case by its row and its entries alone, now or then."""
    said, t = words(asked.language), Said(asked.language)
    chart = case_chart(law_of(case, at).id)
    moves = [Move(e.from_, str(e.to)) for e in entries if e.outcome == "done" and e.to]
    path = dict.fromkeys(said.label("state", move.target) for move in moves)
    title = t("chart.said", now=said.name(case.state), path=" → ".join(path))
    return {
        "case": case, "names": Names(asked, [case]).of(case), "chart": picture(chart, case.state, moves, said, title),
        "results": results(case.memo, said, t), "law": said.label("regime", case.regime),
        "dossier": dossier(entries, chart, CaseState(case.state), case.attempt, said), "attempts": attempts(entries, said, t),
    }  # fmt: skip


def results(memo: dict[str, Any], said: Words, t: Said) -> list[str]:
    """Results of the levels, in words."""
    found = memo.get("results", {}).items()
    return [result_line(level, str(result["mean"]), str(result["stars"]), said, t) for level, result in found]
