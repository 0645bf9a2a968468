"""Who may do what with whose account. Pure; the table that tests hold against it is written by hand."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from api.identity.errors import AccountRight
from states.vocabulary import Function
from workflow.registry import Holding, Registry

DECIDERS = frozenset({Function.AUTHORITY, Function.CHAIR, Function.MEMBER, Function.ADMINISTRATOR})
"""Functions that nobody exercises without a second factor, also not for somebody else."""


class AccountAct(StrEnum):
    """What can be done with the account of somebody else."""

    LOOK = "look"
    CREATE = "create"
    INVITE = "invite"
    DISABLE = "disable"
    ENABLE = "enable"
    RESET_SECOND_FACTOR = "reset_second_factor"
    END_SESSIONS = "end_sessions"
    REVOKE_TOKENS = "revoke_tokens"


_OFFICER_MAY = frozenset({AccountAct.LOOK, AccountAct.CREATE, AccountAct.INVITE})
"""What an officer may do for the people of a producer in the own territory: hand them a link."""


def needs_second_factor(registry: Registry, person: str, day: date) -> bool:
    """Whether a person exercises a function that decides."""
    return any(holding.seat.function in DECIDERS for holding in registry.holdings(person, day))


def may_manage(registry: Registry, actor: str, target: str, act: AccountAct, day: date) -> bool:
    """Whether somebody may do something with another's account.

    An administrator for everybody whose functions all lie in the unit's territory; an officer for people who do nothing but stand for
    producers of the territory. Nobody takes the own second factor away.
    """
    if act is AccountAct.RESET_SECOND_FACTOR and actor == target:
        return False
    held = registry.appointed(actor, day)
    theirs = registry.appointed(target, day)
    if any(h.seat.function is Function.ADMINISTRATOR and _covers_all(registry, h, theirs, day) for h in held):
        return True
    producers = bool(theirs) and all(h.seat.function is Function.PRODUCER for h in theirs)
    officers = (h for h in held if h.seat.function is Function.OFFICER)
    return act in _OFFICER_MAY and producers and any(_covers_all(registry, h, theirs, day) for h in officers)


def must_manage(registry: Registry, actor: str, target: str, act: AccountAct, day: date) -> None:
    """Refuse what :func:`may_manage` denies.

    Raises:
        AccountRight: With the person.
    """
    if not may_manage(registry, actor, target, act, day):
        raise AccountRight(person=target)


def may_audit(registry: Registry, actor: str, units: Iterable[str], day: date) -> bool:
    """Whether somebody may read who looked at what concerns these units: an auditor of a unit above all of them."""
    auditors = [h for h in registry.appointed(actor, day) if h.seat.function is Function.AUDITOR]
    places = tuple(units)
    return any(all(registry.covers(h.unit, place, day) for place in places) for h in auditors)


def _covers_all(registry: Registry, holding: Holding, theirs: Iterable[Holding], day: date) -> bool:
    return all(registry.covers(holding.unit, h.unit, day) for h in theirs)
