"""The kinds of date phrase and the flags that are computed about them; values are those of plan files."""

from enum import StrEnum


class Kind(StrEnum):
    """What sort of phrase it is."""

    BEFORE_DAY = "before-day"
    BEFORE_MONTH = "before-month"
    BEFORE_QUARTER = "before-quarter"
    BEFORE_HALF = "before-half-year"
    BEFORE_YEAR = "before-year"
    BEFORE_HOUR = "before-hour"
    ON_DAY = "on-day"
    IN_MONTH = "in-month"
    IN_QUARTER = "in-quarter"
    IN_HALF = "in-half-year"
    WHOLE_YEAR = "whole-year"
    INTERVAL_DAYS = "interval-days"
    INTERVAL_MONTHS = "interval-months"
    INTERVAL_QUARTERS = "interval-quarters"
    UNTIL_DAY = "until-day"
    TO_END_OF_DAY = "to-end-of-day"
    TO_START_OF_MONTH = "to-start-of-month"
    TO_MID_MONTH = "to-mid-month"
    TO_END_OF_MONTH = "to-end-of-month"
    TO_END_OF_QUARTER = "to-end-of-quarter"
    TO_END_OF_HALF = "to-end-of-half-year"
    TO_START_OF_YEAR = "to-start-of-year"
    TO_MID_YEAR = "to-mid-year"
    TO_END_OF_YEAR = "to-end-of-year"
    TO_YEAR = "to-year"
    FROM_NOW_TO_YEAR = "from-now-to-year"
    ORIENTATION_TO_YEAR = "orientation-to-year"
    PERIOD_OF_YEARS = "period-of-years"
    FROM_DAY = "from-day"
    FROM_MONTH = "from-month"
    FROM_QUARTER = "from-quarter"
    FROM_YEAR = "from-year"
    AFTER_OTHER_DEADLINE = "after-other-deadline"
    AT_HOUR = "at-hour"
    BY_OTHER_DOCUMENT = "by-other-document"
    CONTINUOUS = "continuous"
    YEARLY_NO_DATE = "yearly-no-date"
    WORKING_DAYS_FROM_EVENT = "working-days-from-event"
    DAYS_FROM_EVENT = "days-from-event"
    MONTHS_FROM_EVENT = "months-from-event"
    WINDOW_BEFORE_EXPIRY = "window-before-expiry"
    UNKNOWN = "unknown"


HORIZONS = frozenset({Kind.ORIENTATION_TO_YEAR, Kind.PERIOD_OF_YEARS})
NO_DATE = frozenset({Kind.BY_OTHER_DOCUMENT, Kind.CONTINUOUS, Kind.YEARLY_NO_DATE, Kind.AFTER_OTHER_DEADLINE})
START_ONLY = frozenset({Kind.FROM_DAY, Kind.FROM_MONTH, Kind.FROM_QUARTER, Kind.FROM_YEAR, Kind.AFTER_OTHER_DEADLINE})
MANY_YEARS = HORIZONS | {Kind.FROM_NOW_TO_YEAR}


class Flag(StrEnum):
    """What a person should look at. Flags of a plan file that are not among these are kept as remarks."""

    YEAR_NOT_IN_PHRASE = "year-not-in-phrase"
    RECURS_YEARLY = "recurs-yearly"
    DEADLINE_BEFORE_SIGNING = "deadline-before-signing"
    INTERVAL_BEGAN_BEFORE_SIGNING = "interval-began-before-signing"
    AFTER_PLAN_YEAR = "after-plan-year"
    ROUND_FALLS_IN_NEXT_YEAR = "round-falls-in-next-year"
    LEAP_FEBRUARY = "leap-february"
    LAST_DAY_IS_WEEKEND = "last-day-is-weekend"
    LAST_DAY_IS_HOLIDAY = "last-day-is-holiday"
    VAGUE_DATE = "vague-date"
    ONE_PHRASE_TWO_ROUNDS = "one-phrase-two-rounds"
    OPEN_END = "open-end"
    START_NOT_GIVEN = "start-not-given"
    NO_DATE = "no-date"
    NOT_A_DUE_DATE = "not-a-due-date"
    OVERRULED_BY_NARROWER_CUTOFF = "overruled-by-narrower-cutoff"
    OUTLASTS_NATIONAL_TERM = "outlasts-national-term"
    MINIMUM_GIVEN_AS_RANGE = "minimum-given-as-range"
    READING_DIFFERS = "reading-differs"
    DIFFERS_FROM_FILE = "differs-from-file"


COMPUTED = frozenset(Flag)
