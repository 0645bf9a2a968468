"""Season files: units, people, producers, products, plans and cases of a demonstration, a training or a test, as a person writes them.

The acts of a season happen at the times that the file gives, so they can only be played where the clock can be moved.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from unicodedata import normalize

from states.chart import Seat
from states.errors import PlanInvalid, Problem, UnknownName
from states.payload import clean
from states.regime import VIETNAM
from states.vocabulary import Event, Function, Level, ProducerKind, TieKind
from workflow.ports import Store
from workflow.rows import AppointmentRow, PersonRow, ProducerRow, ProductRow, SuccessionRow, TieRow, UnitRow
from workflow.season_values import KEYS, WORK_ACTS, CaseStory, PlanAct, RoundAct, Season, StepAct, WorkAct

__all__ = [
    "CaseStory",
    "PlanAct",
    "RoundAct",
    "Season",
    "SeasonInvalid",
    "StepAct",
    "WorkAct",
    "read_season",
    "save_season",
]

MAX_BYTES = 4_000_000
MAX_ROWS = 50_000
_E = TypeVar("_E")


class SeasonInvalid(PlanInvalid):
    """A season file is broken; nothing of it is loaded."""

    code = "season_invalid"


def read_season(text: str) -> Season:
    """Read a season file.

    Raises:
        SeasonInvalid: With every problem found; nothing is loaded.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise SeasonInvalid([Problem("/", "too_long")])
    try:
        # Also what is no text of a field, such as the name by which an act gets its data, has one spelling.
        table = tomllib.loads(normalize("NFC", text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SeasonInvalid([Problem("/", "not_toml", {"why": str(error)})]) from None
    return _Reader(table).season()


def save_season(store: Store, season: Season) -> int:
    """Put a season's units, people, functions, producers and products into the registry; returns the new epoch."""
    return store.save_registry(
        units=season.units,
        successions=season.successions,
        people=season.people,
        appointments=season.appointments,
        ties=season.ties,
        producers=season.producers,
        products=season.products,
    )


def _no_table(pointer: str, value: object) -> Problem:
    return Problem(pointer, "wrong_type", {"expected": "table", "found": type(value).__name__})


def _is_seat(text: str) -> bool:
    """Whether an act is given to a seat, such as ``chair@district`` or ``producer``, rather than to a person."""
    if text != "producer" and "@" not in text:
        return False
    try:
        Seat.parse(text)
    except UnknownName:
        return False
    return True


class _Reader:
    """Reads tables and collects what is wrong with them."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table
        self.problems: list[Problem] = []

    def season(self) -> Season:
        self._known(self.table, "", tuple(name for name in KEYS if name != "step"))
        head = self._table(self.table, "", "season")
        self._known(head, "/season", KEYS["season"])
        producers = self._rows("producer", self._producer)
        seats = {p.code: p.unit for p in producers}
        season = Season(
            title=self._text(head, "/season", "title"),
            start=self._time(head, "/season", "start"),
            units=self._rows("unit", self._unit),
            successions=self._rows("succession", self._succession),
            people=self._rows("person", self._person),
            appointments=self._rows("appointment", self._appointment),
            producers=producers,
            products=self._rows("product", lambda row, at: self._product(row, at, seats)),
            ties=self._rows("tie", self._tie),
            plans=self._rows("plan", self._plan),
            rounds=self._rows("round", self._round),
            paths={name: steps for name, steps in self._rows("path", self._path) if name},
            cases=self._rows("case", self._case),
            work=self._rows("work", self._work),
        )
        self._once("path", "name")
        for table in ("unit", "person", "producer", "product"):
            self._once(table, "code")
        self._names(season)
        if self.problems:
            raise SeasonInvalid(self.problems)
        return season

    def _rows(self, name: str, read: Any) -> tuple[Any, ...]:
        return self._list(self.table, "", name, read)

    def _list(self, table: Mapping[str, Any], at: str, name: str, read: Any) -> tuple[Any, ...]:
        rows = table.get(name, [])
        if not isinstance(rows, list) or len(rows) > MAX_ROWS or not all(isinstance(row, dict) for row in rows):
            self.problems.append(Problem(f"{at}/{name}", "not_a_list"))
            return ()
        for index, row in enumerate(rows):
            self._known(row, f"{at}/{name}/{index}", KEYS[name])
        return tuple(read(row, f"{at}/{name}/{index}") for index, row in enumerate(rows))

    def _known(self, row: Mapping[str, Any], at: str, known: tuple[str, ...]) -> None:
        """A word that means nothing is a slip of the pen; left out silently, the story would be another one."""
        self.problems += [Problem(f"{at}/{key}", "unknown_field", {"known": ", ".join(known)}) for key in row if key not in known]

    def _table(self, row: Mapping[str, Any], at: str, name: str) -> Mapping[str, Any]:
        value = row.get(name, {})
        if isinstance(value, dict):
            return value
        self.problems.append(_no_table(f"{at}/{name}", value))
        return {}

    def _unit(self, row: dict[str, Any], at: str) -> UnitRow:
        return UnitRow(
            code=self._text(row, at, "code"),
            name=self._text(row, at, "name"),
            level=str(self._member(row, at, "level", Level)),
            parent=self._text(row, at, "parent", required=False) or None,
            valid_from=self._day(row, at, "valid_from"),
            valid_to=self._day(row, at, "valid_to", required=False) or None,
            decree=self._text(row, at, "decree", required=False),
        )

    def _succession(self, row: dict[str, Any], at: str) -> SuccessionRow:
        return SuccessionRow(
            former=self._text(row, at, "former"),
            heir=self._text(row, at, "heir"),
            on=self._day(row, at, "on"),
            whole=self._flag(row, at, "whole"),
            decree=self._text(row, at, "decree", required=False),
        )

    def _person(self, row: dict[str, Any], at: str) -> PersonRow:
        return PersonRow(
            code=self._text(row, at, "code"),
            name=self._text(row, at, "name"),
            email=self._text(row, at, "email", required=False) or None,
            phone=self._text(row, at, "phone", required=False) or None,
        )

    def _appointment(self, row: dict[str, Any], at: str) -> AppointmentRow:
        return AppointmentRow(
            person=self._text(row, at, "person"),
            function=str(self._member(row, at, "function", Function)),
            level=str(self._member(row, at, "level", Level)),
            unit=self._text(row, at, "unit"),
            producer=self._text(row, at, "producer", required=False) or None,
            valid_from=self._day(row, at, "from"),
            valid_to=self._day(row, at, "to", required=False) or None,
        )

    def _producer(self, row: dict[str, Any], at: str) -> ProducerRow:
        kind = self._member(row, at, "kind", ProducerKind)
        return ProducerRow(code=self._text(row, at, "code"), name=self._text(row, at, "name"), kind=kind, unit=self._text(row, at, "unit"))

    def _product(self, row: dict[str, Any], at: str, seats: Mapping[str, str]) -> ProductRow:
        producer = self._text(row, at, "producer")
        return ProductRow(
            code=self._text(row, at, "code"),
            name=self._text(row, at, "name"),
            group=self._text(row, at, "group"),
            producer=producer,
            unit=self._text(row, at, "unit", required=False) or seats.get(producer, ""),
        )

    def _tie(self, row: dict[str, Any], at: str) -> TieRow:
        kind = self._member(row, at, "kind", TieKind)
        return TieRow(person=self._text(row, at, "person"), product=self._text(row, at, "product"), kind=str(kind))

    def _plan(self, row: dict[str, Any], at: str) -> PlanAct:
        return PlanAct(
            file=self._text(row, at, "file"),
            plan=self._text(row, at, "plan"),
            unit=self._text(row, at, "unit"),
            by=self._text(row, at, "as"),
            import_at=self._time(row, at, "import_at"),
            publish_at=self._time(row, at, "publish_at"),
        )

    def _round(self, row: dict[str, Any], at: str) -> RoundAct:
        event = self._text(row, at, "event")
        if event not in {"freeze", "close", "rollover"}:
            self.problems.append(Problem(f"{at}/event", "not_an_option", {"options": "freeze, close, rollover"}))
        return RoundAct(code=self._text(row, at, "code"), event=event, at=self._time(row, at, "at"), by=self._text(row, at, "as"))

    def _work(self, row: dict[str, Any], at: str) -> WorkAct:
        act = self._text(row, at, "act")
        if act and act not in WORK_ACTS:
            self.problems.append(Problem(f"{at}/act", "not_an_option", {"options": ", ".join(WORK_ACTS)}))
        plan, data = self._text(row, at, "plan"), self._table(row, at, "data")
        return WorkAct(plan=plan, act=act, at=self._time(row, at, "at"), by=self._text(row, at, "as"), data=data)

    def _path(self, row: dict[str, Any], at: str) -> tuple[str, tuple[StepAct, ...]]:
        return self._text(row, at, "name"), self._list(row, at, "step", self._step)

    def _step(self, row: dict[str, Any], at: str) -> StepAct:
        return StepAct(
            at=self._time(row, at, "at"),
            event=self._member(row, at, "event", Event),
            by=self._text(row, at, "by"),
            key=self._text(row, at, "key", required=False),
            reason=self._text(row, at, "reason", required=False) or None,
            on_behalf_of=self._seat(row, at, "on_behalf_of"),
            data=self._table(row, at, "data"),
            expect=self._text(row, at, "expect", required=False) or None,
        )

    def _seat(self, row: Mapping[str, Any], at: str, name: str) -> Seat | None:
        text = self._text(row, at, name, required=False)
        try:
            return Seat.parse(text) if text else None
        except UnknownName:
            self.problems.append(Problem(f"{at}/{name}", "names_nothing", {"name": text}))
            return None

    def _case(self, row: Mapping[str, Any], at: str) -> CaseStory:
        shift = row.get("shift", 0)
        if not isinstance(shift, int) or isinstance(shift, bool):
            self.problems.append(Problem(f"{at}/shift", "not_an_integer"))
            shift = 0
        data = self._table(row, at, "data")
        self.problems += [_no_table(f"{at}/data/{key}", each) for key, each in data.items() if not isinstance(each, dict)]
        return CaseStory(
            number=int(at.rpartition("/")[2]) + 1,
            product=self._text(row, at, "product"),
            path=self._text(row, at, "path"),
            shift=shift,
            data=data,
        )

    def _once(self, table: str, name: str) -> None:
        """A unit may stand there several times, once for each stretch of its life; everything else has a code of its own."""
        rows = self.table.get(table, [])
        seen: set[object] = set()
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            if not isinstance(row, dict):
                continue
            key = (row.get(name), row.get("valid_from")) if table == "unit" else row.get(name)
            if str(key) in seen:
                self.problems.append(Problem(f"/{table}/{index}/{name}", "repeated"))
            seen.add(str(key))

    def _names(self, season: Season) -> None:
        """Whatever is named must be in the file."""
        units, people = {u.code for u in season.units}, {p.code for p in season.people}
        producers, products = {p.code for p in season.producers}, {p.code for p in season.products}
        asked = [
            *((f"/unit/{i}/parent", u.parent, units) for i, u in enumerate(season.units) if u.parent),
            *((f"/appointment/{i}/person", a.person, people) for i, a in enumerate(season.appointments)),
            *((f"/appointment/{i}/unit", a.unit, units) for i, a in enumerate(season.appointments)),
            *((f"/appointment/{i}/producer", a.producer, producers) for i, a in enumerate(season.appointments) if a.producer),
            *((f"/succession/{i}/former", u.former, units) for i, u in enumerate(season.successions)),
            *((f"/succession/{i}/heir", u.heir, units) for i, u in enumerate(season.successions)),
            *((f"/tie/{i}/person", t.person, people) for i, t in enumerate(season.ties)),
            *((f"/tie/{i}/product", t.product, products) for i, t in enumerate(season.ties)),
            *((f"/plan/{i}/unit", p.unit, units) for i, p in enumerate(season.plans)),
            *((f"/plan/{i}/as", p.by, people) for i, p in enumerate(season.plans)),
            *((f"/round/{i}/as", a.by, people) for i, a in enumerate(season.rounds)),
            *((f"/work/{i}/as", w.by, people) for i, w in enumerate(season.work)),
            *((f"/work/{i}/plan", w.plan, {p.plan for p in season.plans}) for i, w in enumerate(season.work)),
            *((f"/producer/{i}/unit", p.unit, units) for i, p in enumerate(season.producers)),
            *((f"/product/{i}/producer", p.producer, producers) for i, p in enumerate(season.products)),
            *((f"/product/{i}/unit", p.unit, units) for i, p in enumerate(season.products) if p.producer in producers),
            *((f"/case/{i}/product", c.product, products) for i, c in enumerate(season.cases)),
            *((f"/case/{i}/path", c.path, set(season.paths)) for i, c in enumerate(season.cases)),
        ]
        keys = {name: {step.key for step in steps if step.key} for name, steps in season.paths.items()}
        asked += [(f"/case/{i}/data/{key}", key, keys.get(c.path, set(c.data))) for i, c in enumerate(season.cases) for key in c.data]
        for number, row in enumerate(self.table.get("path", []) if season.paths else ()):
            steps = season.paths.get(row.get("name", ""), ())
            asked += [(f"/path/{number}/step/{i}/by", step.by, people) for i, step in enumerate(steps) if step.by and not _is_seat(step.by)]
        # What has a problem of its own already is not named a second time.
        named = {problem.pointer for problem in self.problems}
        self.problems += [
            Problem(pointer, "names_nothing", {"name": name})
            for pointer, name, known in asked
            if name not in known and pointer not in named
        ]
        levels = {u.code: u.level for u in season.units}
        for i, a in enumerate(season.appointments):
            there = levels.get(a.unit, a.level)
            if a.function != Function.PRODUCER and there != a.level:
                self.problems.append(
                    Problem(f"/appointment/{i}/level", "level_of_unit", {"level": Level(a.level), "unit_level": Level(there)})
                )

    def _text(self, row: Mapping[str, Any], at: str, name: str, *, required: bool = True) -> str:
        value = row.get(name, "")
        if not isinstance(value, str) or (required and not value.strip()) or len(value) > 4000:  # noqa: PLR2004
            self.problems.append(Problem(f"{at}/{name}", "required" if value == "" else "not_text"))
            return ""
        try:
            return clean(value).strip()
        except ValueError as error:
            self.problems.append(Problem(f"{at}/{name}", str(error)))
            return ""

    def _flag(self, row: Mapping[str, Any], at: str, name: str) -> bool:
        value = row.get(name, True)
        if not isinstance(value, bool):
            self.problems.append(Problem(f"{at}/{name}", "not_a_flag"))
        return bool(value)

    def _day(self, row: Mapping[str, Any], at: str, name: str, *, required: bool = True) -> str:
        value = row.get(name)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        if value is not None or required:
            self.problems.append(Problem(f"{at}/{name}", "not_a_date"))
        return ""

    def _time(self, row: Mapping[str, Any], at: str, name: str) -> datetime:
        value = row.get(name)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=VIETNAM)
        self.problems.append(Problem(f"{at}/{name}", "not_a_time"))
        return datetime(2000, 1, 1, tzinfo=VIETNAM)

    def _member(self, row: Mapping[str, Any], at: str, name: str, kind: type[_E]) -> _E:
        try:
            return kind(row.get(name))  # type: ignore[call-arg]
        except ValueError:
            members: Any = kind
            self.problems.append(Problem(f"{at}/{name}", "not_an_option", {"options": ", ".join(members)}))
            first: _E = next(iter(members))
            return first
