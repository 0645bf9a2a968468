"""What a plan consists of, as frozen values."""

from dataclasses import dataclass
from datetime import date, datetime

from deadlines.kinds import Flag, Kind
from deadlines.phrases import Reading, ReadingMode
from states.vocabulary import Effect, Stage, Track

NATIONAL = "national"
LEVELS = ("commune", "district", "province", NATIONAL)
YEARLY = "yearly"
FIRST_PLAN_YEAR = 2018
LAST_PLAN_YEAR = 2100
LAST_ROUND = 99
CENTRAL_STAGES = frozenset({Stage.PROVINCE_TO_CENTRE, Stage.NATIONAL_EVAL})
FORWARDING_STAGES = frozenset({Stage.DISTRICT_TO_PROVINCE, Stage.COMMUNE_TO_PROVINCE, Stage.PROVINCE_TO_CENTRE})
EVALUATION_STAGES = frozenset({Stage.DISTRICT_EVAL, Stage.PROVINCE_EVAL, Stage.NATIONAL_EVAL})
HORIZON_STAGE = "horizon"

STAGE_ORDER: dict[Track, dict[str, int]] = {
    Track.PROVINCIAL: {
        Stage.IDEA_REGISTRATION: 1,
        Stage.IDEA_SELECTION: 2,
        Stage.PLAN_TRAINING: 3,
        Stage.PLAN_EXECUTION: 4,
        Stage.DISTRICT_EVAL: 5,
        Stage.COMMUNE_CHECK: 5,
        Stage.DISTRICT_TO_PROVINCE: 6,
        Stage.COMMUNE_TO_PROVINCE: 6,
        Stage.PROVINCE_EVAL: 7,
    },
    Track.CENTRAL: {Stage.PROVINCE_TO_CENTRE: 1, Stage.NATIONAL_EVAL: 2},
}


def usual_track(stage: str) -> Track:
    """The track of a stage whose plan does not say it: central for what goes to or happens at the centre."""
    return Track.CENTRAL if stage in CENTRAL_STAGES else Track.PROVINCIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDeadline:
    """One dated or undated line of a plan.

    Attributes:
        stage: A value of :class:`states.vocabulary.Stage`, or the plan's own word for an activity.
        round: Number of the evaluation round; 0 where the line is not tied to one.
        year: Year of the last permitted day, as the file gives it or else the plan's; 0 where there is none.
        firm: False where the plan says "dự kiến", "phấn đấu"; shown, changes nothing.
        effect: What a person chose to happen at the cut-off; None before anybody chose.
        figure: What an activity is to reach, in ``unit``; None where the plan names no figure.
        units: Codes of the units that answer for it, where the file names them.
        reading: What the phrase means.
        armed: Whether a timer follows; false for a horizon whatever its words.
        flags: What a person should look at: those of the reading and those that need the plan.
        remarks: Flags of the file that nobody computes, kept as they are.
    """

    stage: str
    round: int
    track: Track
    phrase: str
    year: int
    firm: bool
    actor: str = ""
    activity: str = ""
    no: str = ""
    place: str = ""
    figure: int | float | None = None
    unit: str = ""
    units: tuple[str, ...] = ()
    effect: Effect | None = None
    reading: Reading
    armed: bool
    flags: tuple[Flag, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """The kind of phrase."""
        return self.reading.kind

    @property
    def start(self) -> datetime | None:
        """Inclusive beginning, aware +07:00."""
        return self.reading.start

    @property
    def cutoff(self) -> datetime | None:
        """Exclusive end, aware +07:00."""
        return self.reading.cutoff

    @property
    def last_valid_day(self) -> date | None:
        """Local date of the last moment in time."""
        return self.reading.last_valid_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A term that starts with an event: ``value`` of ``unit``, or between ``min`` and ``max`` of them before an end."""

    stage: str
    phrase: str
    kind: Kind
    unit: str
    value: int | None = None
    min: int | None = None
    max: int | None = None
    example_from: date | None = None
    example_cutoff: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure to reach: ``op`` is ``=``, ``>=``, ``range`` or ``>= range`` (a minimum written as a range).

    Attributes:
        count: How the file says that it is counted, a value of :class:`deadlines.targets.Counting`; "" where it does not say.
        kinds: Of a count of supported products, which kinds of support; none means any.
    """

    what: str
    op: str
    unit: str
    value: int | float | None = None
    min: int | float | None = None
    max: int | float | None = None
    min_stars: int | None = None
    round: int = 0
    firm: bool = True
    count: str = ""
    kinds: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Something the plan sets out to do beside the stages of the cycle, without a date; see :class:`PlanDeadline` for the figure."""

    what: str
    stage: str = ""
    body: str = ""
    no: str = ""
    place: str = ""
    figure: int | float | None = None
    unit: str = ""
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Who is responsible for what."""

    name: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A figure that the plan reports about the past."""

    what: str
    value: int | float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclePlan:
    """A unit's plan of a year.

    Attributes:
        id: Stable key.
        province: Name of the province, "" where the text does not say it.
        unit: Code of the unit, "" where the file gives none.
        level: ``commune``, ``district``, ``province`` or ``national``.
        doc_date: Local date of signing; None where the text has none.
        in_force: Local date from which it applies, where it says so.
        rounds: How many rounds it names.
        recurs: ``yearly`` where its dates come again every year, else "".
        next_round: ``give`` moves what was deferred to the next round when one closes, ``offer`` asks first.
        reading: How its "trước" phrases are read.
        remarks: Flags of the file, kept as they are.
    """

    id: str
    year: int
    level: str
    title: str = ""
    province: str = ""
    unit: str = ""
    doc_no: str = ""
    doc_date: date | None = None
    in_force: date | None = None
    issuer: str = ""
    signer_role: str = ""
    source: str = ""
    rounds: int = 0
    recurs: str = ""
    next_round: str = "give"
    reading: ReadingMode = "strict"
    legal_basis: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    deadlines: tuple[PlanDeadline, ...] = ()
    clocks: tuple[Clock, ...] = ()
    targets: tuple[Target, ...] = ()
    activities: tuple[Activity, ...] = ()
    bodies: tuple[Body, ...] = ()
    reported: tuple[Reported, ...] = ()


def default_effect(plan: CyclePlan, deadline: PlanDeadline) -> Effect:
    """What a cut-off does unless a person chooses otherwise at publication.

    National proposal dates sort and national evaluation dates are recorded (they bind the organiser); evaluation and forwarding stages
    of the rounds of any other plan defer; everything without a round, without a timer, and every activity is recorded. Whether the
    date is firm plays no part.
    """
    if deadline.round == 0 or not deadline.armed:
        return Effect.RECORD
    if plan.level == NATIONAL:
        return Effect.SORT if deadline.stage in FORWARDING_STAGES else Effect.RECORD
    return Effect.DEFER if deadline.stage in FORWARDING_STAGES | EVALUATION_STAGES else Effect.RECORD
