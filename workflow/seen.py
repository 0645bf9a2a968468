"""The version that somebody has seen, held against the one that there is. Pure."""

from states.errors import StaleCase
from workflow.rows import PlanRow, RoundRow


def as_seen(row: RoundRow | PlanRow, version: int | None) -> None:
    """Refuse to go on where a round or plan is no longer the one that its actor looked at; None: nobody says what they saw.

    Raises:
        StaleCase: It has moved on.
    """
    if version is not None and row.version != version:
        raise StaleCase(case=row.code, expected=version, version=row.version, state=row.state)
