"""The one place that wires: settings, clock, store and services, built once for a process."""

import os
import secrets
import socket
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib.metadata import packages_distributions
from pathlib import Path

from api.names import ROOMS, misplaced
from api.postroom import post_of
from api.requests import current_request
from api.settings import Settings
from deadlines.calendar import Edition, WorkingCalendar, midnight, vietnam_calendar, with_editions
from deadlines.statutory import StatutoryTerm, statutory_terms
from deadlines.terms import Unit
from notifications.service import Notifications
from states.errors import CycleError, DefinitionUnsound, StoreUnsafe
from states.regime import Regime
from states.soundness import check_all
from states.vocabulary import CaseKind, Event, Stage
from workflow.calendars import Calendars
from workflow.clock import Clock, ManualClock, SystemClock
from workflow.confirming import Confirmations
from workflow.delegations import Delegations
from workflow.forecasting import Forecasts
from workflow.openings import SpanTerm
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.planwork import PlanWork
from workflow.ports import Database, Store
from workflow.recording import Scribe
from workflow.rehearsal import Player
from workflow.review import Reviews
from workflow.rounds import Rounds
from workflow.store import migrate, open_store
from workflow.supposing import WhatIf
from workflow.timebar import NOW, TimeBar
from workflow.trial import Trial, on_trial

_CLOCK_SLACK = timedelta(seconds=2)
_TYPED_WITHIN = 3
"""Working days within which one person alone types an act from paper, where no cut-off has passed meanwhile."""


class NameClash(CycleError):
    """Another distribution owns one of our import names. Detail: ``name``, ``where``, ``owner``."""

    code = "name_clash"


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a way in needs."""

    settings: Settings
    clock: Clock
    store: Database
    engine: Engine
    plans: Plans
    rounds: Rounds
    calendars: Calendars
    confirmations: Confirmations
    delegations: Delegations
    work: PlanWork
    reviews: Reviews
    forecasts: Forecasts
    what_if: WhatIf
    notifications: Notifications
    time_bar: TimeBar
    rehearsal: bool

    def player(self) -> Player:
        """A player of seasons.

        Raises:
            StoreUnsafe: ``not_a_rehearsal``: a real database has no movable clock.
        """
        return self.time_bar.player()

    def trial(self) -> Trial:
        """The services once more, on trial: what they do is judged as it would be now, and never written."""
        return on_trial(self.store, self.clock, self.engine.judge.scribe, self.engine.judge.law)

    def close(self) -> None:
        """Give the database back."""
        self.store.close()


def build_runtime(settings: Settings, *, clock: Clock | None = None, checked: bool = False) -> Runtime:
    """Open the database and build the services.

    Args:
        settings: The installation's settings.
        clock: Instead of the system's clock, or of a rehearsal's own.
        checked: Names and charts were checked by this process before.

    Raises:
        NameClash: One of our packages is not ours.
        DefinitionUnsound: A chart that ships fails its own checks.
        StoreUnsafe: The database is missing, changed, unsafe, held by another writer, or newer than the clock.
    """
    if not checked:
        check_names()
    findings = [] if checked else check_all()
    if findings:
        raise DefinitionUnsound(chart=findings[0].chart, findings="; ".join(f"{f.code} {f.where}" for f in findings[:5]))
    store = open_store(settings.url, clock_now=clock.now if clock else None, allow_unsafe=settings.allow_unsafe)
    try:
        rehearsal = store.get_meta("rehearsal") == "1"
        chosen = clock or _clock_of(store, rehearsal=rehearsal)
        _clock_is_sane(store, chosen)
        scribe = Scribe(_log_identity(store), chosen, request=current_request)
        engine = Engine(store, chosen, scribe, Law())
        plans = Plans(store, chosen, scribe, engine.judge, engine.world)
        rounds = Rounds(store, chosen, scribe, engine, plans)
        calendars, confirmations = Calendars(store, chosen, scribe, engine), Confirmations(store, scribe, engine)
        work = PlanWork(store, chosen, scribe, plans, engine.world)
        forecasts = Forecasts(store, chosen, engine)
        what_if = WhatIf(store, chosen, scribe, engine, forecasts)

        def calendar(unit: str, day: date) -> WorkingCalendar:
            return engine.judge.law.calendar(engine.world().editions(unit, day))

        telling = Notifications(
            store, chosen, engine.world, calendar, post_of(settings, store, rehearsal=rehearsal), owner=_owner(), rehearsal=rehearsal
        )

        def player(on: ManualClock) -> Player:
            return Player(store, on, engine, plans, rounds, work, telling)

        time_bar = TimeBar(store, chosen, player, rehearsal=rehearsal, where=settings.where)
        reviews, delegations = Reviews(work), Delegations(store, chosen, scribe, engine)
        return Runtime(
            settings, chosen, store, engine, plans, rounds, calendars, confirmations, delegations, work, reviews, forecasts, what_if, telling,
            time_bar, rehearsal,
        )  # fmt: skip
    except BaseException:
        store.close()
        raise


def create_database(settings: Settings, *, rehearsal: bool = False) -> None:
    """Create or upgrade the schema; with SQLite also the folder, readable by its owner alone.

    Raises:
        StoreUnsafe: ``database_unavailable``, ``rehearsal_mismatch``, ``schema_drift``, ``sqlite_second_writer``.
    """
    if settings.migration_url.startswith("sqlite"):
        folder = Path(settings.migration_url.removeprefix("sqlite:///")).parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreUnsafe("database_unavailable", reason=f"{folder}: {error.strerror}") from error
    migrate(settings.migration_url, app_role=settings.app_role, rehearsal=rehearsal)


def check_names(rooms: tuple[str, ...] = ROOMS) -> None:
    """The packages own generic names, so they have to lie side by side.

    Raises:
        NameClash: One lies elsewhere.
    """
    clash = misplaced(rooms)
    if clash is not None:
        owners = packages_distributions().get(clash.name, [])
        raise NameClash(name=clash.name, where=clash.where, owner=", ".join(o for o in owners if o != "ocop-cycle") or "?")


class Law:
    """The terms of the law, counted by a calendar; see :class:`workflow.consequences.LawTerms`."""

    def __init__(self, calendar: WorkingCalendar | None = None) -> None:
        """Count by this calendar, the shipped one unless given."""
        self._calendar = calendar or vietnam_calendar()
        self._known: dict[tuple[str, Event, CaseKind], tuple[SpanTerm, ...]] = {}

    def calendar(self, editions: tuple[Edition, ...]) -> WorkingCalendar:
        """The calendar that ships, corrected by the tables of the country and of units."""
        return with_editions(self._calendar, editions)

    def started_by(self, law: Regime, event: Event, kind: CaseKind) -> tuple[SpanTerm, ...]:
        """The spans that an event starts under a regime."""
        key = (law.id, event, kind)
        if key not in self._known:
            started = statutory_terms().started_by(law.id, event, kind)
            self._known[key] = tuple(_span(term) for term in started if term.stage in set(Stage))
        return self._known[key]

    def span(self, law: Regime, name: str) -> SpanTerm:
        """A span by name. Raises UnknownName."""
        return _span(statutory_terms().term(law.id, name))

    def filing_window(self, law: Regime, last_valid_day: date) -> tuple[datetime, datetime] | None:
        """When a reassessment is filed: from the 180th day before the end, in good time to the end of the 120th."""
        rule = statutory_terms().filing_window(law.id)
        if rule is None:
            return None
        window = rule.window(last_valid_day)
        return window.start, window.cutoff

    def long_ago(self, acted: date, today: date, calendar: WorkingCalendar) -> bool:
        """Whether more than three working days have gone since the day of an act on paper."""
        return today > calendar.add_working_days(acted, _TYPED_WITHIN)

    def length(self, law: Regime, name: str) -> tuple[int, str]:
        """How long a span is by law, and in what."""
        span = statutory_terms().term(law.id, name).span
        return span.value, str(span.unit).replace(" ", "_")

    def left(self, law: Regime, name: str, day: date, last: date, calendar: WorkingCalendar) -> int:
        """How many of a span's days lie after ``day`` up to ``last``."""
        days = (day + timedelta(days=n) for n in range(1, (last - day).days + 1))
        working = statutory_terms().term(law.id, name).span.unit is Unit.WORKING_DAY
        return sum(1 for each in days if not working or calendar.is_working_day(each))

    def end_after(self, law: Regime, name: str, day: date, count: int, calendar: WorkingCalendar) -> datetime:
        """The exclusive end ``count`` of a span's days after ``day``."""
        span = statutory_terms().term(law.id, name).span
        last = calendar.roll_forward(day) if count < 1 else replace(span, value=count).last_day(day, calendar)
        return midnight(last + timedelta(days=1))


def _span(term: StatutoryTerm) -> SpanTerm:
    return SpanTerm(term.name, Stage(term.stage), term.end, term.phrase, term.clause)


def _clock_of(store: Store, *, rehearsal: bool) -> Clock:
    if not rehearsal:
        return SystemClock()
    kept = store.get_meta(NOW)
    now = datetime.fromisoformat(kept) if kept else SystemClock().now()
    return ManualClock(now, lambda moved: store.set_meta(NOW, moved.isoformat()))


def _clock_is_sane(store: Store, clock: Clock) -> None:
    last, now = store.last_recorded(), clock.now()
    if last is not None and now + _CLOCK_SLACK < last:
        raise StoreUnsafe("clock_before_last_entry", now=now, last=last)


def _owner() -> str:
    """Name of this process in leases."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def _log_identity(store: Store) -> str:
    identity = store.get_meta("log")
    if identity is None:
        identity = f"ocop/{secrets.token_hex(8)}"
        store.set_meta("log", identity)
    return identity
