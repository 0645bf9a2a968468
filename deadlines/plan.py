"""Plans as TOML: in with :func:`load_plans`, out with :func:`dump_plan`. The values are those of :mod:`deadlines.plan_values`."""

from deadlines.calendar import WorkingCalendar, vietnam_calendar
from deadlines.plan_deadlines import PlanDoesNotRecur, for_year, national_plan
from deadlines.plan_reader import read_drafts
from deadlines.plan_values import (
    Activity,
    Body,
    Clock,
    CyclePlan,
    PlanDeadline,
    Reported,
    Target,
    default_effect,
    usual_track,
)
from deadlines.toml_text import Scalar, table_text
from states.errors import PlanInvalid

__all__ = [
    "Activity",
    "Body",
    "Clock",
    "CyclePlan",
    "PlanDeadline",
    "PlanDoesNotRecur",
    "Reported",
    "Target",
    "default_effect",
    "dump_plan",
    "for_year",
    "load_plans",
    "national_plan",
]

_WORK = "place figure unit units"


def load_plans(text: str, calendar: WorkingCalendar | None = None) -> tuple[CyclePlan, ...]:
    """Read every plan of a TOML file; blanks and unclear phrases stay blanks and unclear phrases.

    Raises:
        PlanInvalid: Anything is wrong with the file; carries every problem.
    """
    drafts, problems = read_drafts(text, calendar or vietnam_calendar())
    every = [*problems, *(problem for draft in drafts for problem in draft.problems)]
    if every:
        raise PlanInvalid(every)
    return tuple(draft.plan for draft in drafts)


def dump_plan(plan: CyclePlan) -> str:
    """Write a plan as TOML that :func:`load_plans` reads back as an equal value; what is computed is written to be compared."""
    parts = [
        table_text(
            "[[plan]]",
            {
                "id": plan.id,
                "unit": plan.unit,
                "province": plan.province,
                "level": plan.level,
                "year": plan.year,
                "title": plan.title,
                "doc_no": plan.doc_no,
                "doc_date": plan.doc_date or "",
                "in_force": plan.in_force,
                "issuer": plan.issuer,
                "signer_role": plan.signer_role or None,
                "source": plan.source or None,
                "rounds": plan.rounds,
                "recurs": plan.recurs or None,
                "next_round": plan.next_round if plan.next_round != "give" else None,
                "reading": plan.reading if plan.reading != "strict" else None,
                "legal_basis": plan.legal_basis or None,
                "flags": plan.remarks or None,
            },
        )
    ]
    for target in plan.targets:
        fields = _fields(target, "what op value min max unit min_stars")
        extra = {"round": target.round or None, "firm": None if target.firm else False, "flags": (*target.flags, *target.remarks) or None}
        counted: dict[str, Scalar] = {"count": target.count or None, "kinds": target.kinds or None}
        parts.append(table_text("[[plan.target]]", fields | extra | counted))
    parts += [table_text("[[plan.deadline]]", _line(line)) for line in plan.deadlines]
    parts += [
        table_text("[[plan.clock]]", _fields(clock, "stage phrase kind value min max unit example_from example_cutoff"))
        for clock in plan.clocks
    ]
    parts += [table_text("[[plan.activity]]", _fields(activity, f"no stage what body {_WORK}")) for activity in plan.activities]
    parts += [table_text("[[plan.body]]", _fields(body, "name role")) for body in plan.bodies]
    parts += [table_text("[[plan.reported]]", _fields(figure, "what value unit")) for figure in plan.reported]
    return "\n".join(parts)


def _line(line: PlanDeadline) -> dict[str, Scalar]:
    return {
        "no": line.no or None,
        "stage": line.stage,
        "round": line.round,
        "track": str(line.track) if line.track is not usual_track(line.stage) else None,
        "phrase": line.phrase,
        "year": line.year,
        "kind": str(line.kind),
        "start": line.start,
        "cutoff": line.cutoff,
        "armed": line.armed,
        "firm": line.firm,
        "actor": line.actor or None,
        "activity": line.activity or None,
        **_fields(line, _WORK),
        "effect": str(line.effect) if line.effect is not None else None,
        "flags": (*line.flags, *line.remarks) or None,
    }


def _fields(value: object, names: str) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for name in names.split():
        item = getattr(value, name)
        found[name] = None if item in ("", ()) else item
    return found
