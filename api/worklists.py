"""Việc cần xử lý: each worklist is one query, from which its list and its count are made."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from states.regime import local_date, local_midnight
from states.vocabulary import CaseState
from workflow.casebook import CaseList

_ACTIVE = tuple(
    str(state)
    for state in (
        CaseState.IDEA_REGISTERED,
        CaseState.SELECTED,
        CaseState.BUSINESS_PLAN,
        CaseState.DISTRICT_EVALUATION,
        CaseState.COMMUNE_CHECK,
        CaseState.PROVINCIAL_EVALUATION,
        CaseState.NATIONAL_NOMINATION,
        CaseState.RETURNED,
    )
)


def _end_of_week(now: datetime) -> datetime:
    day = local_date(now)
    monday = day + timedelta(days=7 - day.weekday())
    return local_midnight(monday.year, monday.month, monday.day)


WORKLISTS: Mapping[str, Callable[[CaseList, datetime], CaseList]] = {
    "overdue": lambda base, now: replace(base, states=_ACTIVE, overdue_at=now),
    "this-week": lambda base, now: replace(base, states=_ACTIVE, due_from=now, due_before=_end_of_week(now)),
    "upcoming": lambda base, now: replace(base, states=_ACTIVE, due_from=_end_of_week(now), dated=True),
    "undated": lambda base, now: replace(base, states=_ACTIVE, dated=False),  # noqa: ARG005 - all take the same
    "returned": lambda base, now: replace(base, states=(str(CaseState.RETURNED),)),  # noqa: ARG005
    "deferred": lambda base, now: replace(base, states=(str(CaseState.DEFERRED),)),  # noqa: ARG005
    "awaiting-confirmation": lambda base, now: replace(base, asked=True),  # noqa: ARG005
}
"""By slug. The week ends with its Sunday; whatever has no running deadline and is not over is undated."""
