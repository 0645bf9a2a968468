"""Changing what offices and people have chosen about being told: who may, and within what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifications.choices import FIELDS, ChoiceInvalid, Office, Person, allowed, choices_of, read_office, read_person
from notifications.offices import known_unit, must_speak_for, unit_of
from states.errors import CycleError, MalformedInput, Problem
from states.regime import local_date
from workflow.ports import Database
from workflow.registry import Registry
from workflow.telling import SettingRow

PERSON, UNIT = "person", "unit"


class NotOnesOwn(CycleError):
    """A person's own choices are that person's to make. Detail: ``person`` by name."""

    code = "not_ones_own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What holds for a person or an office.

    Attributes:
        scope, code: ``person`` or ``unit``, and whose.
        row: What was chosen; None where nothing was, and the product's own holds.
        person, office: What follows from it; for a person also what the office allows. ``unit``: whose rules those are, None for the
            product's own.
    """

    scope: str
    code: str
    row: SettingRow | None
    office: Office
    unit: str | None
    person: Person | None = None


def chosen(store: Database, registry: Registry, scope: str, code: str, now: datetime) -> Chosen:
    """What holds for a person or a unit.

    Raises:
        UnknownName: No such unit.
        NotFound: No such person.
    """
    day = local_date(now)
    rows = store.settings()
    choices = choices_of(rows)
    home: str | None = code
    if scope == PERSON:
        registry.person(code)
        home = unit_of(registry, code, day)
    else:
        known_unit(registry, code)
    chain = registry.chain(home, day) if home else ()
    row = next((row for row in rows if (row.scope, row.code) == (scope, code)), None)
    rules = next((unit for unit in chain if unit in choices.offices), None)
    person = choices.person(code) if scope == PERSON else None
    return Chosen(scope=scope, code=code, row=row, office=choices.office(chain), unit=rules, person=person)


def choose(  # noqa: PLR0913 - whose choice, by whom, and what
    store: Database,
    registry: Registry,
    scope: str,
    code: str,
    *,
    actor: str,
    values: Mapping[str, Any],
    cleared: Sequence[str] = (),
    now: datetime,
) -> Chosen:
    """Change some choices; the others stay. What is cleared falls back to what would hold without it.

    Args:
        store: Where choices are.
        registry: Units and people.
        scope: ``person`` or ``unit``. ``code``: whose.
        code: Person or unit code.
        actor: Who changes them: a person the own ones, an officer (or administrator) of the unit or above the office's.
        values: By name, as JSON has them.
        cleared: Names to fall back.
        now: The present instant.

    Raises:
        UnknownName: No such unit.
        NotFound: No such person.
        NotOnesOwn, OfficeOnly: The actor may not change these.
        MalformedInput: ``nothing_chosen``.
        ChoiceInvalid: With every problem; nothing is changed.
    """
    day = local_date(now)
    before = chosen(store, registry, scope, code, now)
    if scope == UNIT:
        must_speak_for(registry, actor, code, day)
    elif registry.person(actor).code != code:
        raise NotOnesOwn(person=registry.person(code).name)
    if lost := [Problem(f"/{name}", "unknown_field", {"known": ", ".join(FIELDS[scope])}) for name in cleared if name not in FIELDS[scope]]:
        raise ChoiceInvalid(lost)
    if not values and not cleared:
        raise MalformedInput("nothing_chosen", known=", ".join(FIELDS[scope]))
    kept = dict(before.row.value) if before.row is not None else {}
    value = {name: item for name, item in {**kept, **values}.items() if name not in set(cleared)}
    if scope == UNIT:
        office = read_office(value)
        _gateway(store, registry, office, code, now)
    else:
        person = read_person(value)
        _stand_in(registry, code, person, now)
        allowed(before.office, person)
    store.save_setting(SettingRow(scope=scope, code=code, value=value, changed_by=actor, changed_at=now))
    return chosen(store, registry, scope, code, now)


def _gateway(store: Database, registry: Registry, office: Office, unit: str, now: datetime) -> None:
    day = local_date(now)
    usable = sorted(hook.id for hook in store.webhooks() if registry.covers(hook.unit, unit, day))
    if office.gateway is not None and office.gateway not in usable:
        raise ChoiceInvalid([Problem("/gateway", "unknown_gateway", {"known": ", ".join(usable) or "–"})])


def _stand_in(registry: Registry, code: str, person: Person, now: datetime) -> None:
    if person.stand_in is None:
        return
    if person.stand_in == code:
        raise ChoiceInvalid([Problem("/stand_in", "stands_in_for_self")])
    if not registry.holdings(registry.person(person.stand_in).code, local_date(now)):
        raise ChoiceInvalid([Problem("/stand_in", "without_function")])
