"""A round as it stands, for people and for programs: members by state, and its dates met in time, late or missed."""

from typing import Any

from api.cli.context import ctx
from api.cli.render import table
from states.vocabulary import CaseState
from workflow.rounds import RoundStanding

_COLUMNS = ("met", "late", "passed", "running")


def standing_json(found: RoundStanding) -> dict[str, Any]:
    """Counts by state, who is deferred, who waits for a decision, and each date with its counts."""
    return {
        "counts": {str(state): found.counts[state] for state in CaseState if state in found.counts},
        "deferred": list(found.deferred),
        "pending": list(found.pending),
        "overridden": list(found.overridden),
        "dates": [{"stage": str(d.stage), **{name: d.counts[name] for name in _COLUMNS}} for d in found.dates],
    }


def print_standing(found: RoundStanding) -> None:
    """The same in words; nothing where nobody was ever in the round."""
    if found.counts:
        told = " · ".join(f"{ctx.words.name(state)}: {found.counts[state]}" for state in CaseState if state in found.counts)
        ctx.out.print(f"{sum(found.counts.values())} {ctx.both('hồ sơ', 'cases')}: {told}")
    if found.pending:
        ctx.out.print(
            f"{ctx.both('Chờ quyết định (vẫn công nhận được)', 'Decision pending (can still be certified)')}: {len(found.pending)}"
        )
    if found.overridden:
        ctx.out.print(f"{ctx.both('Có bước làm theo quyết định cho vượt', 'With a step done under an override')}: {len(found.overridden)}")
    dated = [d for d in found.dates if d.counts]
    if dated:
        head = ("Mốc", "Kịp", "Muộn", "Lỡ", "Còn hạn")
        made = table(*(head if ctx.language == "vi" else ("Date", "In time", "Late", "Missed", "Ahead")))
        for date in dated:
            made.add_row(ctx.words.name(date.stage), *(str(date.counts[name]) for name in _COLUMNS))
        ctx.out.print(made)
