"""From a plan's lines to the rows of its rounds and deadlines. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from deadlines.kinds import Flag
from deadlines.plan import CyclePlan, PlanDeadline, load_plans
from deadlines.plan_values import NATIONAL
from states.errors import EventRefused, PayloadInvalid, Problem, UnknownName
from states.lifecycle import PlanEvent
from states.payload import Field, Kind
from states.refusal import Code, Holder, Refusal
from states.vocabulary import Effect, Function, Level, RoundState, Stage, Track
from workflow.roundbook import EXCEPTED
from workflow.rows import PlanRow, RoundRow, StageRow


def rounds_of(  # noqa: PLR0913
    plan: CyclePlan, unit: str, code: str, year: int, deadlines: Iterable[PlanDeadline], *, statutory: bool = False
) -> list[RoundRow]:
    """The rounds that dated lines name, as drafts, in the order of their numbers; a province's plan has provincial rounds only."""
    rounds: dict[int, RoundRow] = {}
    for deadline in deadlines:
        if deadline.round and deadline.cutoff is not None and (deadline.track is Track.PROVINCIAL or plan.level == NATIONAL):
            rounds.setdefault(
                deadline.round,
                RoundRow(
                    code=f"{unit}-{year}-{deadline.round}",
                    unit=unit,
                    year=year,
                    number=deadline.round,
                    track=deadline.track,
                    plan=code,
                    statutory=statutory,
                    state=RoundState.DRAFT,
                    version=1,
                    head_seq=0,
                    head_hash=b"",
                ),
            )
    return [rounds[number] for number in sorted(rounds)]


def as_data(stage: StageRow) -> dict[str, Any]:
    """A deadline row as an entry keeps it, so that the table of deadlines can be rebuilt and checked."""
    return {
        "id": stage.id,
        "plan": stage.plan,
        "plan_year": stage.plan_year,
        "round": stage.round,
        "unit": stage.unit,
        "stage": stage.stage,
        "track": str(stage.track),
        "cutoff": stage.cutoff.astimezone(UTC).isoformat() if stage.cutoff else None,
        "start": stage.start.astimezone(UTC).isoformat() if stage.start else None,
        "effect": str(stage.effect),
        "phrase": stage.phrase,
        "kind": stage.kind,
        "source": stage.source,
        "firm": stage.firm,
        "statutory": stage.statutory,
        "flags": list(stage.flags),
    }


def stage_of_data(data: Mapping[str, Any]) -> StageRow:
    """The deadline row that an entry keeps."""
    instants = {name: datetime.fromisoformat(data[name]) if data[name] else None for name in ("cutoff", "start")}
    kinds = {"track": Track(data["track"]), "effect": Effect(data["effect"]), "flags": tuple(data["flags"])}
    return StageRow(**{**data, **instants, **kinds})


def line_id(code: str, unit: str, year: int, number: int | str) -> str:
    """Id of a line's deadline row, which is also that of the duty where the line is an activity."""
    return f"{code}:{unit}:{year}#{number}"


def stages_of(  # noqa: PLR0913
    plan: CyclePlan,
    unit: str,
    code: str,
    year: int,
    deadlines: Iterable[PlanDeadline],
    effects: Mapping[int, Effect],
    *,
    statutory: bool,
    numbers: list[int] | None = None,
) -> tuple[StageRow, ...]:
    """The deadline rows of lines.

    Args:
        plan: The plan, for its document.
        unit: Unit that the rows bind.
        code: The plan's code.
        year: Year of the cycle.
        deadlines: The lines.
        effects: Effect by position among ``deadlines``, from 1.
        statutory: Whether the law itself sets the dates.
        numbers: Numbers of the lines in the plan, where ``deadlines`` are only some of them.
    """
    document = plan.doc_no or plan.title
    rows = []
    for index, deadline in enumerate(deadlines, 1):
        number = numbers[index - 1] if numbers else index
        rows.append(
            StageRow(
                id=line_id(code, unit, year, number),
                plan=code,
                plan_year=year,
                round=f"{unit}-{year}-{deadline.round}" if deadline.round and deadline.cutoff is not None else None,
                unit=unit,
                stage=deadline.stage,
                track=deadline.track,
                cutoff=deadline.cutoff if deadline.armed else None,
                start=deadline.start,
                effect=effects[index],
                phrase=deadline.phrase,
                kind=str(deadline.kind),
                source=", ".join(filter(None, (document, f"mục {deadline.no}" if deadline.no else f"mốc {number}"))),
                firm=deadline.firm,
                statutory=statutory,
                flags=tuple(str(flag) for flag in deadline.flags),
            )
        )
    return tuple(rows)


def excepted(
    plan: PlanRow, stages: tuple[StageRow, ...], exceptions: Mapping[str, str], others: Iterable[StageRow]
) -> tuple[StageRow, ...]:
    """The deadlines of a plan, those marked that rule over an earlier national term by a written exception.

    Args:
        plan: The plan.
        stages: Its deadlines.
        exceptions: Numbers of the exceptions by stage.
        others: Deadlines that bind already, the law's among them.

    Raises:
        PayloadInvalid: The number of an exception is none.
        UnknownName: The plan has no date for the stage.
        EventRefused: ``exception_unneeded``: no date of the stage is later than the national term.
    """
    national = {(s.round, s.stage): s.cutoff for s in others if s.statutory and s.cutoff is not None}
    after: dict[str, StageRow] = {}
    for stage, number in exceptions.items():
        try:
            cited = Field("exception", Kind.CODE).read(number)
        except ValueError as error:
            raise PayloadInvalid([Problem("/exception", str(error))], event=PlanEvent.PUBLISH) from None
        mine = [s for s in stages if s.stage == stage and s.round is not None and s.cutoff is not None]
        if not mine:
            raise UnknownName(what="stage", name=stage, known=", ".join(dict.fromkeys(s.stage for s in stages if s.round)))
        late = [s for s in mine if Flag.OUTLASTS_NATIONAL_TERM in s.flags or _later(s.cutoff, national.get((s.round, s.stage)))]
        if not late:
            detail = {"stage": Stage(stage) if stage in set(Stage) else stage, "phrase": mine[0].phrase}
            refusal = Refusal(Code.EXCEPTION_UNNEEDED, Holder(Function.OFFICER, Level.PROVINCE), {**detail})
            raise EventRefused([refusal], case=plan.code, event=PlanEvent.PUBLISH, state=plan.state)
        for row in late:
            after[row.id] = replace(row, flags=(*row.flags, EXCEPTED), source=f"{row.source}; ngoại lệ theo {cited}")
    return tuple(after.get(row.id, row) for row in stages)


def _later(cutoff: datetime | None, national: datetime | None) -> bool:
    return cutoff is not None and national is not None and cutoff > national


def plan_of(row: PlanRow) -> CyclePlan:
    """The plan of a row, read again from its own file."""
    return chosen_plan(_read(row.text), row.code)


@lru_cache(maxsize=64)
def _read(text: str) -> tuple[CyclePlan, ...]:
    """A file that was accepted, read once: every sweep asks what its plans say."""
    return load_plans(text)


def chosen_plan(plans: tuple[CyclePlan, ...], wanted: str | None) -> CyclePlan:
    """The plan of a file that is meant; without a name, the only one.

    Raises:
        UnknownName: There is none of that name, or there are several to choose from.
    """
    if wanted is None and len(plans) == 1:
        return plans[0]
    for plan in plans:
        if plan.id == wanted:
            return plan
    raise UnknownName(what="plan", name=wanted or "–", known=", ".join(p.id for p in plans))
