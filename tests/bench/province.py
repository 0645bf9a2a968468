"""An invented province to measure in: communes, people, the rounds of the national plan, and dossiers at the communes' check.

A lap of a dossier is four acts after which it stands where it stood, so that it can be repeated for as long as one likes: returned for
completion, completed, set aside on a written reason (its two running deadlines end), and entered again (it looks for a round, joins it,
and two deadlines begin). Every act has its real payload, rights, guards and commitments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.bootstrap import Law
from states.errors import CycleError
from states.vocabulary import Event, Function, Level, ProducerKind
from workflow.clock import ManualClock
from workflow.commands import Command, Receipt
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.ports import LoadedCase, Store
from workflow.recording import Scribe
from workflow.rehearsal import PLANS
from workflow.rows import AppointmentRow, CaseRow, PersonRow, ProducerRow, ProductRow, StoredEntry, UnitRow

NOW = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
COMMUNES = 100
_SINCE = "2020-01-01"
_PAPERS = ["test_report", "traceability", "quality_management"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One act of the lap: by the commune's officer (``cb``) or by the producer (``sx``)."""

    event: Event
    by: str
    payload: dict[str, object]
    reason: str | None = None


LAP = (
    Turn(
        Event.RETURN_FOR_COMPLETION,
        "cb",
        {"documents": _PAPERS, "remarks": "Phiếu kiểm nghiệm đã quá 12 tháng; thiếu sơ đồ truy xuất nguồn gốc."},
    ),
    Turn(Event.COMPLETE, "sx", {"documents": _PAPERS, "remarks": "Đã bổ sung phiếu kiểm nghiệm mới và sơ đồ truy xuất nguồn gốc."}),
    Turn(Event.DEFER, "cb", {}, "Chủ thể xin lùi sang đợt sau vì nhà xưởng đang sửa chữa."),
    Turn(Event.REENTER, "cb", {}),
)


@dataclass(slots=True)
class Dossier:
    """A case, its commune, and the act of the lap that comes next."""

    code: str
    commune: str
    turn: int


@dataclass(frozen=True, slots=True)
class Trace:
    """What the engine wrote for one act of the lap: the case before and after it, its entry, and whether its deadlines ended."""

    before: CaseRow
    after: LoadedCase
    entry: StoredEntry
    closes: bool


@dataclass(frozen=True, slots=True)
class Province:
    """What was prepared: dossiers, spread over the lap, and a trace of each act."""

    dossiers: tuple[Dossier, ...]
    traces: tuple[Trace, ...]


def engine_on(store: Store) -> Engine:
    """The engine, wired as the application wires it, on a clock that stands."""
    clock = ManualClock(NOW)
    return Engine(store, clock, Scribe("ocop/bench", clock), Law())


def command(dossier: Dossier, number: object) -> Command:
    """The command for the next act of a dossier."""
    turn = LAP[dossier.turn]
    actor = f"{turn.by}-{dossier.commune}"
    return Command(
        id=f"bench:{number}", case=dossier.code, event=turn.event, actor=actor, payload=turn.payload, reason=turn.reason, received_at=NOW
    )


def prepare(store: Store, cases: int) -> Province:
    """Fill an empty database with ``cases`` dossiers and one more, whose laps are traced."""
    communes = [f"X{number:03d}" for number in range(COMMUNES)]
    _register(store, communes, cases + 1)
    engine = engine_on(store)
    plans = Plans(store, engine.clock, engine.judge.scribe, engine.judge, engine.world)
    plans.import_plan((PLANS / "national-2026.toml").read_text("utf-8"), actor="cb-TW", unit="TW")
    plans.publish("national-2026", actor="cb-TW")
    engine.world(fresh=True)
    dossiers = []
    for number in range(cases + 1):
        commune = communes[number % COMMUNES]
        payload: dict[str, object] = {"kind": "first", "novelty": "new", "group": "food", "origin": "tradition"}
        asked = Command(id=f"r:{number}", case=f"SP{number}", event=Event.REGISTER, actor=f"sx-{commune}", payload=payload, received_at=NOW)
        dossiers.append(Dossier(engine.perform(asked).case, commune, 0))
    filed: dict[str, object] = {"documents": [*_PAPERS, "registration_sheet", "self_assessment"], "self_score": "161/2", "samples": 3}
    carried_out(
        engine.perform_each(
            [Command(id="f", case=d.code, event=Event.FILE, actor=f"sx-{d.commune}", payload=filed, received_at=NOW) for d in dossiers]
        )
    )
    traced = dossiers.pop()
    traces = [_trace(store, engine, traced, number) for number in range(2 * len(LAP))]
    for number in range(1, len(LAP)):
        ahead = [d for index, d in enumerate(dossiers) if index % len(LAP) >= number]
        if ahead:
            carried_out(engine.perform_each([command(d, f"p{number}") for d in ahead]))
        for dossier in ahead:
            dossier.turn = number
    return Province(tuple(dossiers), tuple(traces[len(LAP) :]))


def carried_out(answers: Sequence[Receipt | CycleError]) -> int:
    """How many acts were carried out: all.

    Raises:
        CycleError: One was not.
    """
    for answer in answers:
        if isinstance(answer, CycleError):
            raise answer
    return len(answers)


def _trace(store: Store, engine: Engine, dossier: Dossier, number: int) -> Trace:
    before = store.load_case(dossier.code, "")
    receipt = engine.perform(command(dossier, f"t{number}"))
    after, entry = store.load_case(dossier.code, ""), store.entry(dossier.code, receipt.seq)
    assert before is not None
    assert after is not None
    assert entry is not None
    dossier.turn = (dossier.turn + 1) % len(LAP)
    opened = tuple(t for t in after.terms if t not in before.terms)
    return Trace(before.case, LoadedCase(after.case, opened, None), entry, closes=any(t not in after.terms for t in before.terms))


def _register(store: Store, communes: Sequence[str], products: int) -> None:
    def unit(code: str, name: str, level: Level, parent: str | None) -> UnitRow:
        return UnitRow(code=code, name=name, level=level, parent=parent, valid_from=_SINCE, valid_to=None, decree="bench")

    def seat(person: str, function: Function, level: Level, unit_: str, producer: str | None = None) -> AppointmentRow:
        return AppointmentRow(
            person=person, function=function, level=level, unit=unit_, producer=producer, valid_from=_SINCE, valid_to=None
        )

    people = ["cb-TW", *(f"{by}-{commune}" for commune in communes for by in ("cb", "sx"))]
    store.save_registry(
        units=[
            unit("TW", "Trung ương", Level.CENTRE, None),
            unit("T", "Tỉnh Vân Sơn", Level.PROVINCE, "TW"),
            *(unit(code, f"Xã {code}", Level.COMMUNE, "T") for code in communes),
        ],
        people=[PersonRow(code=code, name=f"Nguyễn Văn {code}", email=None, phone=None) for code in people],
        appointments=[
            seat("cb-TW", Function.OFFICER, Level.CENTRE, "TW"),
            *(seat(f"cb-{code}", Function.OFFICER, Level.COMMUNE, code) for code in communes),
            *(seat(f"sx-{code}", Function.PRODUCER, Level.COMMUNE, code, f"CT-{code}") for code in communes),
        ],
        producers=[
            ProducerRow(code=f"CT-{code}", name=f"Hợp tác xã {code}", kind=ProducerKind.COOPERATIVE, unit=code) for code in communes
        ],
        products=[
            ProductRow(
                code=f"SP{number}",
                name=f"Miến dong {number}",
                group="food",
                producer=f"CT-{communes[number % COMMUNES]}",
                unit=communes[number % COMMUNES],
            )
            for number in range(products)
        ],
    )
