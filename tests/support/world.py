"""A tiny invented province on a real database, with a clock that stands until it is moved.

Units: centre ``TW``; province ``VS`` with districts ``H1`` and ``H2`` and their communes ``X1`` and ``X2``, which end on 1 July 2025 and hand over
to ``N1`` and ``N2``; a second province ``VT`` with ``K1``, ``Y1`` and its heir ``M1``. Every function of a unit is held by one person with the code
``<function>-<unit>``, for example ``chair-H1``. Producers ``P1`` (in X1), ``P2`` (X2) and ``P3`` (Y1) own the products ``P1-01`` … ``P1-60`` and so on
and are spoken for by ``producer-P1`` …
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from api.bootstrap import Law, Runtime
from deadlines.sweep import Sweep, tick
from states.case import case_chart
from states.chart import Seat
from states.regime import VIETNAM, local_date
from states.vocabulary import CaseState, Effect, Event, Function, Level, ProducerKind, TermStatus
from workflow.calendars import Calendars
from workflow.clock import ManualClock
from workflow.commands import Command, Receipt
from workflow.confirming import Confirmations
from workflow.forecasting import Forecasts
from workflow.ledger.entry import Entry, parse
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.planwork import PlanWork
from workflow.ports import Database, Store
from workflow.recording import Scribe
from workflow.review import Reviews
from workflow.rounds import Rounds
from workflow.rows import (
    AppointmentRow,
    CaseRow,
    PersonRow,
    PlanRow,
    ProducerRow,
    ProductRow,
    RoundRow,
    SuccessionRow,
    TermRow,
    UnitRow,
)
from workflow.situation import law_of
from workflow.store import open_store
from workflow.supposing import WhatIf

DISTRICTS_END = "2025-07-01"
START_OF_TIME = "2019-01-01"
PRODUCTS_EACH = 60

_UNITS = (
    # code, name, level, parent, from, to
    ("TW", "Trung ương", "centre", None, START_OF_TIME, None),
    ("VS", "Tỉnh Vân Sơn", "province", "TW", START_OF_TIME, None),
    ("H1", "Huyện Đá Vân", "district", "VS", START_OF_TIME, DISTRICTS_END),
    ("H2", "Huyện Lam Khê", "district", "VS", START_OF_TIME, DISTRICTS_END),
    ("X1", "Xã Suối Mơ", "commune", "H1", START_OF_TIME, DISTRICTS_END),
    ("X2", "Xã Bãi Dâu", "commune", "H2", START_OF_TIME, DISTRICTS_END),
    ("N1", "Xã Suối Mơ Mới", "commune", "VS", DISTRICTS_END, None),
    ("N2", "Xã Bãi Dâu Mới", "commune", "VS", DISTRICTS_END, None),
    ("VT", "Tỉnh Vịnh Trầm", "province", "TW", START_OF_TIME, None),
    ("K1", "Huyện Cửa Trầm", "district", "VT", START_OF_TIME, DISTRICTS_END),
    ("Y1", "Xã Cồn Mắm", "commune", "K1", START_OF_TIME, DISTRICTS_END),
    ("M1", "Xã Cồn Mắm Mới", "commune", "VT", DISTRICTS_END, None),
)
_HEIRS = (("X1", "N1"), ("X2", "N2"), ("Y1", "M1"))
_COUNCIL = (Function.OFFICER, Function.SECRETARY, Function.CHAIR, Function.AUTHORITY, Function.AUDITOR)
_FUNCTIONS: Mapping[str, tuple[Function, ...]] = {
    "commune": (Function.OFFICER, Function.AUTHORITY),
    "district": _COUNCIL,
    "province": _COUNCIL,
    "centre": _COUNCIL,
}
_PRODUCERS = (("P1", "Hợp tác xã Suối Mơ", "X1"), ("P2", "Hộ kinh doanh Bãi Dâu", "X2"), ("P3", "Tổ hợp tác Cồn Mắm", "Y1"))

TWO_ROUNDS = (
    ("district_eval", 1, "trước ngày 10/7/2021"),
    ("province_eval", 1, "trước ngày 30/7/2021"),
    ("district_eval", 2, "trước ngày 10/10/2021"),
    ("province_eval", 2, "trước ngày 30/10/2021"),
)
"""Stages, rounds and phrases of the usual plan of 2021."""

REPORT = {f"report_{name}": "met" for name in ("origin_of_material", "local_labour", "origin_of_idea", "identity")}


def moment(text: str | datetime) -> datetime:
    """A local time such as ``2021-07-09 23:59:59.999`` (aware +07:00)."""
    if isinstance(text, datetime):
        return text
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def plan_file(  # noqa: PLR0913
    code: str,
    year: int,
    deadlines: Sequence[tuple[Any, ...]],
    *,
    level: str = "province",
    recurs: bool = False,
    next_round: str | None = None,
    title: str = "Kế hoạch đánh giá, phân hạng",
) -> str:
    """A plan as TOML; each deadline is (stage, round, phrase), with an effect as a fourth member where the file is to name one."""
    lines = [
        "[[plan]]",
        f'id = "{code}"',
        f'level = "{level}"',
        f"year = {year}",
        f'title = "{title}"',
        f'doc_no = "{code}/KH-UBND"',
        f"rounds = {len({d[1] for d in deadlines} - {0})}",
    ]
    if recurs:
        lines.append('recurs = "yearly"')
    if next_round:
        lines.append(f'next_round = "{next_round}"')
    for stage, number, phrase, *effect in deadlines:
        lines += ["[[plan.deadline]]", f'stage = "{stage}"', f"round = {number}", f'phrase = "{phrase}"', "firm = true"]
        lines += [f'effect = "{e}"' for e in effect]
    return "\n".join(lines) + "\n"


def _ordinary(event: Event, kind: str, at: datetime) -> dict[str, object]:
    """What a person would usually type for an event on a day."""
    today = local_date(at).isoformat()
    decision: dict[str, object] = {"decision_no": "12/QĐ-UBND", "decision_date": today, "decision_signer": "Trần Văn Ký"}
    notice: dict[str, object] = {"notice_no": "7/TB", "notice_date": today}
    ordinary: dict[Event, dict[str, object]] = {
        Event.REGISTER: {"kind": kind, "novelty": "new", "group": "food", "origin": "own_idea", "description": "Mật ong của nhà họ Phan"},
        Event.SELECT: {"document_no": "3/TB", "document_date": today},
        Event.DECLINE: {"document_no": "3/TB", "document_date": today},
        Event.SUBMIT_PLAN: {"sections": ["product", "market"], "summary": "Nuôi thêm đàn ong"},
        Event.FILE: {"documents": ["registration_sheet", "self_assessment"]},
        Event.FORWARD: {"document_no": "8/TTr-UBND", "document_date": today},
        Event.CONCLUDE: {
            "report_no": "1/BC",
            "report_date": today,
            "minutes_no": "2/BB",
            "minutes_date": today,
            "minutes_signer": "Lê Thị Biên",
        },
        Event.CERTIFY: decision,
        Event.FALL_BACK: decision,
        Event.REEVALUATE: decision,
        Event.NOMINATE: {**decision, "letter_no": "9/UBND", "letter_date": today},
        Event.SEND_DOWN: notice,
        Event.CLOSE_UNRANKED: notice,
        Event.KEEP_RANK: notice,
        Event.ELIMINATE: {"knock_outs": ["licence_missing"], "minutes_no": "2/BB", "minutes_date": today},
        Event.RETURN_FOR_COMPLETION: {"documents": ["test_report"], "remarks": "Thiếu dấu của ông Đỗ"},
        Event.COMPLETE: {"documents": ["test_report"]},
        Event.ADMIT_LATE: {"document_no": "4/QĐ", "document_date": today, "until": (local_date(at) + timedelta(days=5)).isoformat()},
        Event.PUBLISH: {"published_on": today, "served_on": today},
        Event.EXTEND: {"term": "commune_check", "days": 5, "document_no": "21/QĐ", "document_date": today},
        Event.SUSPEND: {"term": "commune_check", "document_no": "22/TB", "document_date": today},
        Event.RESUME: {"term": "commune_check"},
    }
    return ordinary.get(event, {})


_REASONED = frozenset(
    {
        Event.DECLINE,
        Event.ELIMINATE,
        Event.DEFER,
        Event.WITHDRAW,
        Event.REEVALUATE,
        Event.ADMIT_LATE,
        Event.EXTEND,
        Event.SUSPEND,
    }
)
REASON = "Vì bà Phan Thị Lý do xin như vậy"


@dataclass
class World:
    """The invented province; see the module."""

    store: Database
    clock: ManualClock
    engine: Engine
    plans: Plans
    rounds: Rounds
    calendars: Calendars
    confirmations: Confirmations
    work: PlanWork
    reviews: Reviews
    forecasts: Forecasts
    what_if: WhatIf
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # Time.
    def move(self, to: str | datetime) -> datetime:
        """Move the clock, unless it is already later; returns where it was to stand."""
        at = moment(to)
        if at > self.clock.now():
            self.clock.move(at)
        return at

    def sweep(self, at: str | datetime | None = None) -> Sweep:
        """Let the worker run once."""
        if at is not None:
            self.move(at)
        return tick(self.clock.now(), self.store, self.engine.expire)

    # Acts.
    def command(  # noqa: PLR0913
        self,
        case: str,
        event: str | Event,
        *,
        by: str | None = None,
        at: str | datetime | None = None,
        id: str | None = None,
        reason: str | None = None,
        version: int | None = None,
        behalf: str | None = None,
        acted_on: str | datetime | None = None,
        **data: object,
    ) -> Command:
        """A command with everything that a person would usually type; ``by`` is a person's code, else the first seat that may."""
        event = Event(event)
        received = moment(at) if at is not None else self.clock.now()
        usual = _ordinary(event, str(data.get("kind", "first")), received)
        given: dict[str, Any] = {**usual, **data}
        if event is Event.FORWARD and (row := self.store.load_case(case, "")) is not None and row.case.state is CaseState.COMMUNE_CHECK:
            given = {**REPORT, **given}
        return Command(
            id=id or f"command-{next(self.numbers)}",
            case=case,
            event=event,
            actor=by or self.who(case, event, received),
            payload={name: value for name, value in given.items() if value is not None},
            reason=reason or (REASON if event in _REASONED else None),
            expected_version=version,
            received_at=received,
            acted_on=moment(acted_on) if acted_on is not None else None,
            on_behalf_of=Seat.parse(behalf) if behalf else None,
        )

    def act(self, case: str, event: str | Event, *, dry_run: bool = False, **given: Any) -> Receipt:
        """Carry out an event; ``at`` also moves the clock. See :meth:`command`."""
        if given.get("at") is not None:
            self.move(given["at"])
        return self.engine.perform(self.command(case, event, **given), dry_run=dry_run)

    def who(self, case: str, event: Event, at: datetime) -> str:
        """Somebody who may do an event on a case, by the rights table alone."""
        registry = self.engine.world(fresh=True).registry
        loaded = self.store.load_case(case, "")
        if loaded is None:
            product = self.store.product(case)
            assert product is not None, case
            return registry.standing_for(product.producer, local_date(at))[0]
        row = loaded.case
        chart = case_chart(law_of(row, at).id)
        rules = chart.rules_in(row.state, event) or tuple(r for r in chart.rules if r.event is event)
        for seat in (s for r in rules for s in r.seats):
            if seat.function is Function.PRODUCER:
                return registry.standing_for(row.producer, local_date(at))[0]
            if holders := registry.holders(seat, row.unit, local_date(at)):
                return holders[0]
        raise AssertionError(f"nobody may {event} in {row.state}")

    # Journeys.
    def registered(self, product: str = "P1-01", **given: Any) -> str:
        """Register a product and return the case's code."""
        return self.act(product, Event.REGISTER, **given).case

    def filed(self, product: str = "P1-01", at: str | datetime | None = None) -> str:
        """From nothing to the dossier with the first level that looks at it."""
        case = self.registered(product, at=at)
        for event in (Event.SELECT, Event.SUBMIT_PLAN, Event.FILE):
            self.act(case, event, at=at)
        return case

    def at_province(self, product: str = "P1-01", mean: int | str = 80, at: str | datetime | None = None) -> str:
        """From nothing to the province, concluded by the district (where there is one) and forwarded."""
        case = self.filed(product, at)
        if self.state(case) is CaseState.DISTRICT_EVALUATION:
            self.act(case, Event.CONCLUDE, mean=mean, at=at)
        self.act(case, Event.FORWARD, at=at)
        return case

    def certified(self, product: str = "P1-01", mean: int | str = 80, at: str | datetime | None = None) -> str:
        """From nothing to the province's recognition."""
        case = self.at_province(product, mean, at)
        self.act(case, Event.CONCLUDE, mean=mean, at=at)
        self.act(case, Event.CERTIFY, at=at)
        return case

    # Looks.
    def case(self, code: str) -> CaseRow:
        """The case as stored."""
        loaded = self.store.load_case(code, "")
        assert loaded is not None, code
        return loaded.case

    def state(self, code: str) -> CaseState:
        """Its state."""
        return self.case(code).state

    def running(self, code: str) -> dict[str, TermRow]:
        """Its running terms by stage."""
        return {str(t.stage): t for t in self.store.terms(code) if t.status is TermStatus.RUNNING}

    def history(self, subject: str) -> list[Entry]:
        """Its entries, oldest first."""
        return [parse(stored.body) for stored in self.store.entries(subject)]

    def events(self, subject: str) -> list[str]:
        """Its events, oldest first; denied ones with a mark."""
        return [f"{'!' if e.outcome == 'denied' else ''}{e.event}" for e in self.history(subject)]

    # Plans.
    def publish(
        self, text: str, *, unit: str = "VS", effects: Mapping[int, Effect] | None = None, at: str | datetime | None = None
    ) -> list[RoundRow]:
        """Import a plan of a unit and publish it; returns its rounds."""
        if at is not None:
            self.move(at)
        row: PlanRow = self.plans.import_plan(text, actor=f"officer-{unit}", unit=unit)
        return self.plans.publish(row.code, actor=f"officer-{unit}", effects=effects)

    # The registry.
    def appoint(  # noqa: PLR0913
        self,
        person: str,
        function: str,
        level: str,
        unit: str,
        *,
        since: str = START_OF_TIME,
        until: str | None = None,
        producer: str | None = None,
    ) -> None:
        """Give a person (made if need be) a function for a time; the same function again replaces its dates."""
        known = {p.code for p in self.engine.world(fresh=True).registry.people()}
        people = [] if person in known else [PersonRow(code=person, name=f"Tên Riêng {person}", email=None, phone=None)]
        row = AppointmentRow(person=person, function=function, level=level, unit=unit, producer=producer, valid_from=since, valid_to=until)
        self.store.save_registry(people=people, appointments=[row])


def populate(store: Store) -> None:
    """Put the province into a registry."""
    units = [
        UnitRow(code=code, name=name, level=level, parent=parent, valid_from=since, valid_to=until, decree="")
        for code, name, level, parent, since, until in _UNITS
    ]
    people: list[PersonRow] = []
    appointments: list[AppointmentRow] = []

    def seat(person: str, function: Function, unit: UnitRow, producer: str | None = None, *, for_good: bool = False) -> None:
        people.append(PersonRow(code=person, name=f"Tên Riêng {person}", email=None, phone=None))
        until = None if for_good else unit.valid_to
        appointments.append(
            AppointmentRow(
                person=person,
                function=str(function),
                level=unit.level,
                unit=unit.code,
                producer=producer,
                valid_from=unit.valid_from,
                valid_to=until,
            )
        )

    for unit in units:
        for function in _FUNCTIONS[unit.level]:
            seat(f"{function}-{unit.code}", function, unit)
    seated = {unit.code: unit for unit in units}
    for code, _, home in _PRODUCERS:
        seat(f"producer-{code}", Function.PRODUCER, seated[home], code, for_good=True)
    store.save_registry(
        units=units,
        successions=[SuccessionRow(former=former, heir=heir, on=DISTRICTS_END, whole=True, decree="") for former, heir in _HEIRS],
        people=people,
        appointments=appointments,
        producers=[ProducerRow(code=code, name=name, kind=ProducerKind.COOPERATIVE, unit=unit) for code, name, unit in _PRODUCERS],
        products=[
            ProductRow(code=f"{code}-{n:02d}", name=f"Mật ong số {n} của {name}", group="food", producer=code, unit=unit)
            for code, name, unit in _PRODUCERS
            for n in range(1, PRODUCTS_EACH + 1)
        ],
    )


@contextmanager
def world_at(url: str, now: str = "2021-01-11 08:00", *, store: Database | None = None, two_rounds: bool = True) -> Iterator[World]:
    """The province on a migrated, empty database (or one that was populated before), with the plan of 2021 published unless told otherwise."""
    opened = store or open_store(url, allow_unsafe=True)
    try:
        clock = ManualClock(moment(now))
        if not opened.registry().units:
            populate(opened)
        built = on(opened, clock)
        if two_rounds and not opened.plans():
            built.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        yield built
    finally:
        opened.close()


def on(store: Database, clock: ManualClock) -> World:
    """Services over a store and a clock, as another process would have them."""
    scribe = Scribe("ocop/test", clock)
    engine = Engine(store, clock, scribe, Law())
    plans = Plans(store, clock, scribe, engine.judge, engine.world)
    calendars, confirmations = Calendars(store, clock, scribe, engine), Confirmations(store, scribe, engine)
    work = PlanWork(store, clock, scribe, plans, engine.world)
    rounds, forecasts = Rounds(store, clock, scribe, engine, plans), Forecasts(store, clock, engine)
    what_if = WhatIf(store, clock, scribe, engine, forecasts)
    return World(store, clock, engine, plans, rounds, calendars, confirmations, work, Reviews(work), forecasts, what_if)


def of_runtime(run: Runtime, clock: ManualClock) -> World:
    """The world of an installation that has been started."""
    return World(
        run.store,
        clock,
        run.engine,
        run.plans,
        run.rounds,
        run.calendars,
        run.confirmations,
        run.work,
        run.reviews,
        run.forecasts,
        run.what_if,
    )


def level_of(unit: str) -> Level:
    """The level of a unit of the province."""
    return next(Level(level) for code, _, level, *_ in _UNITS if code == unit)


LAW_OF_2026 = Path(__file__).parents[2] / "deadlines" / "data" / "plans" / "national-2026.toml"
"""The plan file of Decision 26/2026, which gives every province and the centre two rounds a year."""


@contextmanager
def world_of_2026(url: str, now: str = "2026-06-01 08:00") -> Iterator[World]:
    """The province under Decision 26/2026, with the law's own rounds of this year and the next."""
    with world_at(url, "2026-05-22 08:00", two_rounds=False) as built:
        built.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")
        built.move(now)
        yield built
