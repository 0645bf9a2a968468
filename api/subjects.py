"""What is told about: a case, a certificate or a plan, seen by whoever may see it; and how far somebody sees."""

from api.asking import Asked, visible_case
from notifications.sight import Sight, near, sight_of
from states.errors import NotFound
from workflow.access import visible
from workflow.judging import place_of


def sight(asked: Asked) -> Sight:
    """Whose letters the caller may look at."""
    return sight_of(asked.registry, asked.caller.person, asked.today)


def must_see(asked: Asked, subject: str) -> None:
    """Let nobody pass who may not see a case, a certificate or a plan.

    Raises:
        NotFound: There is none, or it lies elsewhere: the same words.
    """
    store = asked.run.store
    if (held := store.load_certificate(subject)) is not None:
        loaded = store.load_case(held.case, "")
        if loaded is not None and visible(asked.registry, asked.caller.person, place_of(loaded.case), asked.today):
            return
    elif (plan := store.load_plan(subject)) is not None:
        if near(asked.registry, asked.caller.person, plan.unit, asked.today):
            return
    else:
        visible_case(asked, subject)
        return
    raise NotFound(what="case", name=subject)


def must_know(seen: Sight, person: str) -> str:
    """A person whose letters the caller may look at.

    Raises:
        NotFound: There is nobody of this code, or of another territory.
    """
    if person not in seen.people:
        raise NotFound(what="person", name=person)
    return person


def must_answer_for(seen: Sight, unit: str) -> str:
    """A unit that the caller answers for.

    Raises:
        NotFound: It is none of theirs, or not there.
    """
    if unit not in seen.units:
        raise NotFound(what="unit", name=unit)
    return unit
