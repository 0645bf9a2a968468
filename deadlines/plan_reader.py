"""Reads plan files: TOML in, drafts out, each with its plan, what the file claims about its lines, problems and questions.

A problem refuses the file; a question is a blank or an unclear phrase that a person answers later.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from deadlines.calendar import ZONE, CalendarUnknown, WorkingCalendar
from deadlines.kinds import COMPUTED, Flag, Kind
from deadlines.phrases import Question, read_phrase
from deadlines.plan_deadlines import Given, make_deadline, order_problems, settle
from deadlines.plan_fields import Table
from deadlines.plan_questions import round_questions, stage_questions
from deadlines.plan_values import (
    FIRST_PLAN_YEAR,
    LAST_PLAN_YEAR,
    LAST_ROUND,
    LEVELS,
    NATIONAL,
    YEARLY,
    Activity,
    Body,
    Clock,
    CyclePlan,
    PlanDeadline,
    Reported,
    Target,
    usual_track,
)
from deadlines.targets import Counting
from deadlines.terms import Unit
from deadlines.words import PhraseMalformed
from states.errors import Problem
from states.forms import SUPPORT_KINDS
from states.vocabulary import Effect, Track

FILE_LIMIT = 1_000_000
DEADLINE_LIMIT = 2_000
SCHEMA = 1
STARS = 5

_FILE_KEYS = frozenset({"plan", "schema", "timezone"})
_NOTES = frozenset({"seed", "text_kind", "province_probable"})
_LISTS = frozenset({"deadline", "clock", "target", "activity", "body", "reported"})
_PLAN_KEYS = (
    frozenset(
        {
            "id",
            "province",
            "unit",
            "level",
            "year",
            "title",
            "doc_no",
            "doc_date",
            "in_force",
            "issuer",
            "signer_role",
            "source",
            "rounds",
            "recurs",
            "next_round",
            "reading",
        }
    )
    | frozenset({"legal_basis", "flags"})
    | _NOTES
    | _LISTS
)
_WORK_KEYS = frozenset({"place", "figure", "unit", "units"})
_LINE_KEYS = (
    frozenset(
        {
            "no",
            "stage",
            "round",
            "track",
            "phrase",
            "year",
            "kind",
            "start",
            "cutoff",
            "armed",
            "flags",
            "firm",
            "actor",
            "activity",
            "effect",
            "line",
        }
    )
    | _WORK_KEYS
)
_CLOCK_KEYS = frozenset({"stage", "phrase", "kind", "value", "min", "max", "unit", "example_from", "example_cutoff"})
_TARGET_KEYS = frozenset({"what", "op", "value", "min", "max", "unit", "min_stars", "round", "firm", "flags", "count", "kinds"})
_OPERATORS = ("=", ">=", "<=", ">", "<", "range", ">= range")
_CLOCK_LIMIT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a file says about a line that is computed anyway; None where it says nothing."""

    kind: str | None = None
    start: datetime | None = None
    cutoff: datetime | None = None
    armed: bool | None = None
    flags: frozenset[str] = frozenset()

    def differ_from(self, line: PlanDeadline) -> bool:
        """Whether anything the file says is not what was computed. Flags the file leaves out are no difference."""
        return (
            (self.kind is not None and self.kind != line.kind)
            or (self.start is not None and self.start != line.start)
            or (self.cutoff is not None and self.cutoff != line.cutoff)
            or (self.armed is not None and self.armed != line.armed)
            or not self.flags <= set(line.flags)
        )


@dataclass(slots=True)
class Draft:
    """One ``[[plan]]`` as read: ``plan`` is usable only where there are no problems."""

    pointer: str
    plan: CyclePlan
    claims: tuple[Claims, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    questions: list[Problem] = field(default_factory=list)


def read_drafts(text: str, calendar: WorkingCalendar) -> tuple[list[Draft], list[Problem]]:
    """Read a file into drafts; the list holds the problems that belong to no plan."""
    problems: list[Problem] = []
    if len(text) > FILE_LIMIT or len(text.encode("utf-8", "surrogatepass")) > FILE_LIMIT:
        return [], [Problem("", "file_too_large", {"limit": FILE_LIMIT})]
    try:
        data = tomllib.loads(text)
    except ValueError as error:
        return [], [Problem("", "not_toml", {"why": str(error)[:200]})]
    except RecursionError:
        return [], [Problem("", "not_toml", {"why": "nested too deeply"})]
    top = Table(data, "", _FILE_KEYS, problems)
    top.whole("schema", SCHEMA, SCHEMA)
    top.choice("timezone", (str(ZONE),))
    tables = top.tables("plan", DEADLINE_LIMIT)
    if not tables and not problems:
        problems.append(Problem("/plan", "missing"))
    lines = sum(len(found) for _, table in tables if isinstance(found := table.get("deadline"), list))
    if lines > DEADLINE_LIMIT:
        return [], [*problems, Problem("/plan", "too_many", {"limit": DEADLINE_LIMIT, "count": lines})]
    drafts = [_plan(table, f"/plan/{index}", calendar) for index, table in tables]
    first: dict[str, str] = {}
    for draft in drafts:
        if draft.plan.id and draft.plan.id in first:
            draft.problems.append(Problem(f"{draft.pointer}/id", "duplicate_id", {"id": draft.plan.id, "first": first[draft.plan.id]}))
        first.setdefault(draft.plan.id, draft.pointer)
    return drafts, problems


def _plan(values: Mapping[str, object], pointer: str, calendar: WorkingCalendar) -> Draft:
    problems: list[Problem] = []
    table = Table(values, pointer, _PLAN_KEYS, problems)
    plan = CyclePlan(
        id=table.text("id", required=True),
        year=table.year("year", FIRST_PLAN_YEAR, LAST_PLAN_YEAR) or FIRST_PLAN_YEAR,
        level=table.choice("level", LEVELS) or "province",
        title=table.text("title"),
        province=table.text("province"),
        unit=table.text("unit"),
        doc_no=table.text("doc_no"),
        doc_date=table.day("doc_date"),
        in_force=table.day("in_force"),
        issuer=table.text("issuer"),
        signer_role=table.text("signer_role"),
        source=table.text("source"),
        rounds=table.whole("rounds", 0, LAST_ROUND) or 0,
        recurs=table.choice("recurs", (YEARLY,)),
        next_round=table.choice("next_round", ("give", "offer")) or "give",
        reading="lenient" if table.choice("reading", ("strict", "lenient")) == "lenient" else "strict",
        legal_basis=table.texts("legal_basis"),
        remarks=table.texts("flags"),
    )
    if table.has("id") and not plan.id and not any(problem.pointer == f"{pointer}/id" for problem in problems):
        table.problem("id", "empty")
    if not table.has("year"):
        table.problem("year", "missing")
    draft = Draft(pointer, plan, problems=problems)
    _ask_about_blanks(draft)
    found = [
        (index, *line)
        for index, values_of_line in table.tables("deadline", DEADLINE_LIMIT)
        if (line := _line(values_of_line, index, draft, calendar)) is not None
    ]
    numbered = [(index, line) for index, line, _ in found]
    problems.extend(order_problems(numbered, f"{pointer}/deadline"))
    draft.questions.extend((*stage_questions(numbered, f"{pointer}/deadline"), *round_questions(numbered, f"{pointer}/deadline")))
    draft.claims = tuple(claims for _, _, claims in found)
    draft.plan = settle(
        replace(
            plan,
            deadlines=tuple(line for _, line, _ in found),
            clocks=tuple(_clock(each, f"{pointer}/clock/{index}", problems) for index, each in table.tables("clock", DEADLINE_LIMIT)),
            targets=tuple(_target(each, f"{pointer}/target/{index}", problems) for index, each in table.tables("target", DEADLINE_LIMIT)),
            activities=tuple(
                _activity(each, f"{pointer}/activity/{index}", problems) for index, each in table.tables("activity", DEADLINE_LIMIT)
            ),
            bodies=tuple(_body(each, f"{pointer}/body/{index}", problems) for index, each in table.tables("body", DEADLINE_LIMIT)),
            reported=tuple(
                _reported(each, f"{pointer}/reported/{index}", problems) for index, each in table.tables("reported", DEADLINE_LIMIT)
            ),
        )
    )
    draft.questions.extend(
        Problem(f"{pointer}/deadline/{index}/phrase", "two_cutoffs", {"phrase": line.phrase})
        for (index, _, _), line in zip(found, draft.plan.deadlines, strict=True)
        if Flag.OVERRULED_BY_NARROWER_CUTOFF in line.flags
    )
    return draft


def _ask_about_blanks(draft: Draft) -> None:
    plan = draft.plan
    if not plan.unit and plan.level != NATIONAL:
        draft.questions.append(Problem(f"{draft.pointer}/unit", "unit_blank", {"province": plan.province}))
    blanks = [name for name in ("title", "doc_no", "issuer") if not getattr(plan, name)]
    if plan.doc_date is None:
        blanks.append("doc_date")
    draft.questions.extend(Problem(f"{draft.pointer}/{name}", "blank", {"field": name}) for name in blanks)


def _line(values: Mapping[str, object], index: int, draft: Draft, calendar: WorkingCalendar) -> tuple[PlanDeadline, Claims] | None:
    pointer = f"{draft.pointer}/deadline/{index}"
    table = Table(values, pointer, _LINE_KEYS, draft.problems)
    phrase = table.verbatim("phrase")
    stage = table.text("stage", required=True)
    flags = table.texts("flags")
    track = table.choice("track", tuple(Track))
    number = table.whole("round", 0, LAST_ROUND)
    effect = table.choice("effect", tuple(Effect))
    given = Given(
        stage=stage,
        round=number or 0,
        track=Track(track) if track else usual_track(stage),
        phrase=phrase or "",
        year=table.year("year", FIRST_PLAN_YEAR, LAST_PLAN_YEAR, zero=True),
        firm=table.truth("firm"),
        actor=table.text("actor"),
        activity=table.text("activity"),
        no=table.text("no"),
        effect=Effect(effect) if effect else None,
        remarks=tuple(flag for flag in flags if flag not in COMPUTED),
        place=table.text("place"),
        figure=_figure(table),
        unit=table.text("unit"),
        units=table.texts("units"),
    )
    table.whole("line", 0, FILE_LIMIT)
    claims = Claims(
        kind=table.text("kind") if table.has("kind") else None,
        start=table.instant("start"),
        cutoff=table.instant("cutoff"),
        armed=table.truth("armed"),
        flags=frozenset(flags) & COMPUTED - {Flag.DIFFERS_FROM_FILE},
    )
    if phrase is None:
        return None
    try:
        line = make_deadline(draft.plan, given, calendar)
    except PhraseMalformed as error:
        table.problem("phrase", f"phrase_{error.detail['why']}", **{k: v for k, v in error.detail.items() if k != "why"})
        return None
    except CalendarUnknown as error:
        table.problem("phrase", error.code, **error.detail)
        return None
    if number is None and len(line.reading.rounds) == 1 and not table.has("round"):
        line = make_deadline(draft.plan, replace(given, round=min(line.reading.rounds[0], LAST_ROUND)), calendar)
    if line.reading.question is Question.YEAR_OUT_OF_RANGE or _ends_too_early(line):
        table.problem("phrase", "year_out_of_range", low=FIRST_PLAN_YEAR, high=LAST_PLAN_YEAR)
    _ask_about_line(line, given, pointer, draft)
    return line, claims


def _ends_too_early(line: PlanDeadline) -> bool:
    return line.last_valid_day is not None and line.last_valid_day.year < FIRST_PLAN_YEAR


def _ask_about_line(line: PlanDeadline, given: Given, pointer: str, draft: Draft) -> None:
    ask = draft.questions.append
    question = line.reading.question
    if question is not None and question is not Question.YEAR_OUT_OF_RANGE:
        ask(Problem(f"{pointer}/phrase", question, {"phrase": line.phrase}))
    if not line.stage:
        ask(Problem(f"{pointer}/stage", "stage_blank", {"phrase": line.phrase}))
    if line.armed and not line.actor:
        ask(Problem(f"{pointer}/actor", "body_blank", {"phrase": line.phrase, "stage": line.stage}))
    if line.reading.rounds and line.round not in line.reading.rounds:
        ask(Problem(f"{pointer}/round", "round_differs", {"round": line.round, "named": line.reading.rounds}))
    last = line.last_valid_day
    if given.year and last is not None and last.year != given.year:
        ask(Problem(f"{pointer}/year", "year_differs", {"year": given.year, "named": last.year}))


def _clock(values: Mapping[str, object], pointer: str, problems: list[Problem]) -> Clock:
    table = Table(values, pointer, _CLOCK_KEYS, problems)
    phrase = table.verbatim("phrase") or ""
    kind = Kind.UNKNOWN
    try:
        reading = read_phrase(phrase)
        kind = reading.kind
    except PhraseMalformed as error:
        table.problem("phrase", f"phrase_{error.detail['why']}", **{k: v for k, v in error.detail.items() if k != "why"})
    claimed = table.text("kind")
    if claimed and claimed != kind:
        table.problem("kind", "differs_from_phrase", value=claimed, computed=kind.value)
    return Clock(
        stage=table.text("stage", required=True),
        phrase=phrase,
        kind=kind,
        unit=table.choice("unit", tuple(Unit)),
        value=table.whole("value", 1, _CLOCK_LIMIT),
        min=table.whole("min", 0, _CLOCK_LIMIT),
        max=table.whole("max", 0, _CLOCK_LIMIT),
        example_from=table.day("example_from"),
        example_cutoff=table.instant("example_cutoff"),
    )


def _target(values: Mapping[str, object], pointer: str, problems: list[Problem]) -> Target:
    table = Table(values, pointer, _TARGET_KEYS, problems)
    operator = table.choice("op", _OPERATORS)
    flags = table.texts("flags")
    firm = table.truth("firm")
    low, high = table.number("min"), table.number("max")
    if low is not None and high is not None and low > high:
        table.problem("min", "range_reversed", low=low, high=high)
    return Target(
        what=table.text("what", required=True),
        op=operator,
        unit=table.text("unit"),
        value=table.number("value"),
        min=low,
        max=high,
        min_stars=table.whole("min_stars", 1, STARS),
        round=table.whole("round", 0, LAST_ROUND) or 0,
        firm=True if firm is None else firm,
        count=table.choice("count", tuple(Counting)),
        kinds=_kinds(table),
        flags=(Flag.MINIMUM_GIVEN_AS_RANGE,) if operator == ">= range" else (),
        remarks=tuple(flag for flag in flags if flag not in COMPUTED),
    )


def _activity(values: Mapping[str, object], pointer: str, problems: list[Problem]) -> Activity:
    table = Table(values, pointer, frozenset({"no", "stage", "what", "body"}) | _WORK_KEYS, problems)
    number = values.get("no")
    return Activity(
        what=table.text("what", required=True),
        stage=table.text("stage"),
        body=table.text("body"),
        no=str(table.whole("no", 0, DEADLINE_LIMIT) or "") if isinstance(number, int) else table.text("no"),
        place=table.text("place"),
        figure=_figure(table),
        unit=table.text("unit"),
        units=table.texts("units"),
    )


def _figure(table: Table) -> int | float | None:
    """What an activity is to reach; a figure below nothing reaches nothing."""
    figure = table.number("figure")
    if figure is not None and figure < 0:
        table.problem("figure", "not_a_figure")
        return None
    return figure


def _kinds(table: Table) -> tuple[str, ...]:
    kinds = table.texts("kinds")
    for kind in kinds:
        if kind not in SUPPORT_KINDS:
            table.problem("kinds", "unknown_value", value=kind, known=SUPPORT_KINDS)
    return kinds


def _body(values: Mapping[str, object], pointer: str, problems: list[Problem]) -> Body:
    table = Table(values, pointer, frozenset({"name", "role"}), problems)
    return Body(name=table.text("name", required=True), role=table.text("role"))


def _reported(values: Mapping[str, object], pointer: str, problems: list[Problem]) -> Reported:
    table = Table(values, pointer, frozenset({"what", "value", "unit", "note"}), problems)
    return Reported(what=table.text("what", required=True), value=table.number("value") or 0, unit=table.text("unit"))
