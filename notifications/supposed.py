"""Who would be reminded if dates were otherwise: the audience of the steps of deadlines that would begin. Nothing is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from deadlines.ladder import DutyKind, ladders, plan
from notifications.audience import hearers, with_stand_ins
from notifications.choices import choices_of
from states.regime import local_date
from workflow.ports import Database
from workflow.rows import TermRow
from workflow.situation import World, law_of


@dataclass(frozen=True, slots=True)
class WouldHear:
    """A person (code) who would hear of a step, by the functions of that day and the state that the case is in now."""

    person: str
    rung: str
    at: datetime


def would_hear(store: Database, world: World, now: datetime) -> Callable[[Sequence[TermRow], Sequence[TermRow]], list[WouldHear]]:
    """For :meth:`workflow.supposing.WhatIf.ask`: from the deadlines of one case that would end and begin to who would be reminded when."""
    choices = choices_of(store.settings())

    def planned(closed: Sequence[TermRow], opened: Sequence[TermRow]) -> list[WouldHear]:
        del closed
        loaded = store.load_cases(list(dict.fromkeys(term.case for term in opened)))
        found: list[WouldHear] = []
        for term in opened:
            case = loaded[term.case].case
            for step in plan(DutyKind.TERM, term.due_at, now):
                rung = ladders().rung(DutyKind.TERM, step.key)
                day = local_date(step.at)
                heard = hearers(world.registry, case, law_of(case, now), term.stage, rung, day) if rung is not None else ()
                found += [WouldHear(each.person, step.key, step.at) for each in with_stand_ins(heard, choices, day)]
        return found

    return planned
