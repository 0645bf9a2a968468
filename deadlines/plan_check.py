"""What a plan file says, read and compared: for people before they import it, and for other programs."""

from dataclasses import dataclass
from datetime import datetime

from deadlines.calendar import WorkingCalendar, vietnam_calendar
from deadlines.kinds import Flag
from deadlines.phrases import in_order
from deadlines.plan_reader import Draft, read_drafts
from deadlines.plan_values import CyclePlan, PlanDeadline
from states.errors import Problem


@dataclass(frozen=True, slots=True)
class CheckedLine:
    """A line with all its flags, ``differs-from-file`` among them, and the file's own remarks after them."""

    deadline: PlanDeadline
    flags: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Phrase, kind, stage, round, start and cutoff (ISO 8601, +07:00, or None), armed and flags."""
        line = self.deadline
        return {
            "phrase": line.phrase,
            "kind": line.kind.value,
            "stage": line.stage,
            "round": line.round,
            "start": _iso(line.start),
            "cutoff": _iso(line.cutoff),
            "armed": line.armed,
            "flags": list(self.flags),
        }


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """One plan of the file.

    Attributes:
        id: As the file gives it; "" where the file cannot be read at all, or the plan has none.
        plan: The plan, None where there are problems.
        lines: Every line that could be read.
        problems: What refuses the plan.
        questions: Blanks and unclear phrases, which a person answers later.
    """

    id: str
    plan: CyclePlan | None
    lines: tuple[CheckedLine, ...]
    problems: tuple[Problem, ...]
    questions: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanReport:
    """Every plan of a file. Problems of the file itself stand under a plan without id."""

    plans: tuple[CheckedPlan, ...]

    @property
    def ok(self) -> bool:
        """Whether the file can be imported."""
        return not any(plan.problems for plan in self.plans)

    def as_json(self) -> dict[str, object]:
        """``{"plans": [{"id", "deadlines": […], "problems": [{"pointer", "code", "detail"}]}]}``."""
        return {
            "plans": [
                {
                    "id": plan.id,
                    "deadlines": [line.as_json() for line in plan.lines],
                    "problems": [{"pointer": p.pointer, "code": p.code, "detail": p.detail} for p in plan.problems],
                }
                for plan in self.plans
            ]
        }


def check_plans(text: str, calendar: WorkingCalendar | None = None) -> PlanReport:
    """Read a plan file and say everything about it; never raises for what the file contains."""
    drafts, problems = read_drafts(text, calendar or vietnam_calendar())
    plans = [_checked(draft) for draft in drafts]
    if problems:
        plans.insert(0, CheckedPlan("", None, (), tuple(problems)))
    return PlanReport(tuple(plans))


def _checked(draft: Draft) -> CheckedPlan:
    lines = []
    for line, claims in zip(draft.plan.deadlines, draft.claims, strict=True):
        flags = set(line.flags)
        if claims.differ_from(line):
            flags.add(Flag.DIFFERS_FROM_FILE)
        lines.append(CheckedLine(line, (*(flag.value for flag in in_order(flags)), *line.remarks)))
    return CheckedPlan(draft.plan.id, None if draft.problems else draft.plan, tuple(lines), tuple(draft.problems), tuple(draft.questions))


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
