"""Rows to column values and back, once for both databases.

A :class:`Shape` lists a table's columns in the order in which ``values`` gives them and ``row`` takes them. Both drivers hand over plain
tuples of integers, text and bytes; enumerations travel as their values and instants as microseconds (:mod:`workflow.store.types`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import orjson

from states.errors import MalformedInput
from states.vocabulary import (
    CalendarState,
    CaseKind,
    CaseState,
    CertificateState,
    DelegationState,
    Effect,
    ProducerKind,
    Publication,
    RoundState,
    Stage,
    TermStatus,
    Track,
)
from workflow.ledger.canonical import utf8
from workflow.rows import (
    AppointmentRow,
    CalendarDay,
    CalendarRow,
    CaseRow,
    CertificateRow,
    DelegationRow,
    PersonRow,
    PlanRow,
    ProducerRow,
    ProductRow,
    RoundRow,
    StageRow,
    StoredEntry,
    SubjectKind,
    SuccessionRow,
    TermRow,
    TieRow,
    UnitRow,
)
from workflow.store.text import fold
from workflow.store.types import from_micros, to_micros

Values = tuple[Any, ...]

RUNNING_STATES = frozenset(
    {
        CaseState.IDEA_REGISTERED,
        CaseState.SELECTED,
        CaseState.BUSINESS_PLAN,
        CaseState.DISTRICT_EVALUATION,
        CaseState.COMMUNE_CHECK,
        CaseState.PROVINCIAL_EVALUATION,
        CaseState.NATIONAL_NOMINATION,
        CaseState.RETURNED,
        CaseState.DEFERRED,
    }
)
"""States in which a case occupies its product: somebody must act, or it waits for its next round."""


def storable(values: Values) -> Values:
    """The values, if both databases can hold every text among them.

    Raises:
        MalformedInput: ``text_unstorable``; PostgreSQL has no NUL in text, and half a surrogate pair is no text at all.
    """
    for value in values:
        if type(value) is str and ("\0" in value or not (value.isascii() or _encodes(value))):
            raise MalformedInput("text_unstorable", value=value[:60].encode("unicode_escape").decode())
    return values


def _encodes(text: str) -> bool:
    try:
        utf8(text)
    except orjson.JSONEncodeError:
        return False
    return True


def micros(when: Any) -> int | None:
    """Microseconds of an instant that may be missing."""
    return None if when is None else to_micros(when)


def instant(stored: int | None) -> Any:
    """The instant of microseconds that may be missing."""
    return None if stored is None else from_micros(stored)


shared_instant = lru_cache(maxsize=4096)(from_micros)
"""For instants that many rows have in common, such as a cut-off."""


@cache
def _places(columns: tuple[str, ...], names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(map(columns.index, names))


def _members(kind: Any) -> dict[Any, Any]:
    return {member.value: member for member in kind}


_CASE_KIND, _CASE_STATE, _CERTIFICATE_STATE = _members(CaseKind), _members(CaseState), _members(CertificateState)
_CASE_STATE[None] = None
_CALENDAR, _DELEGATION = _members(CalendarState), _members(DelegationState)
_EFFECT, _PRODUCER, _PUBLICATION, _ROUND_STATE = _members(Effect), _members(ProducerKind), _members(Publication), _members(RoundState)
_STAGE, _STATUS, _TRACK, _SUBJECT = _members(Stage), _members(TermStatus), _members(Track), _members(SubjectKind)


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of row lies in its table.

    Attributes:
        table: Name of the table.
        columns: Its columns, in the order of ``values`` and ``row``.
        key: The natural key.
        fixed: Columns that no later act changes; updates leave them alone.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    values: Callable[[Any], Values]
    row: Callable[[Sequence[Any]], Any]
    fixed: tuple[str, ...] = ()
    changing: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Work out what an update sets."""
        object.__setattr__(self, "changing", tuple(c for c in self.columns if c not in (*self.key, *self.fixed)))

    def names(self, prefix: str = "") -> str:
        """The columns as SQL text, each behind ``prefix``."""
        return ",".join(prefix + column for column in self.columns)

    def pick(self, names: tuple[str, ...], values: Values) -> Values:
        """The values of some columns."""
        return tuple(values[at] for at in _places(self.columns, names))


def memo_text(row: CaseRow) -> str:
    """What a case remembers, as it is stored.

    Raises:
        MalformedInput: ``memo_unstorable``.
    """
    try:
        return orjson.dumps(row.memo, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError as error:
        raise MalformedInput("memo_unstorable", case=row.code, reason=str(error)) from error


def _case_values(row: CaseRow) -> Values:
    return (
        row.code, row.command, row.kind.value, row.product, row.producer, row.unit, row.regime, row.pinned, row.state.value, row.attempt,
        row.round, row.central_round, row.origin and row.origin.value, row.left and row.left.value, row.certificate, memo_text(row),
        to_micros(row.registered_at), to_micros(row.updated_at), row.product if row.state in RUNNING_STATES else None,
        row.version, row.head_seq, row.head_hash,
    )  # fmt: skip


def case_row(v: Sequence[Any]) -> CaseRow:
    """A case from its columns."""
    return CaseRow(
        code=v[0], command=v[1], kind=_CASE_KIND[v[2]], product=v[3], producer=v[4], unit=v[5], regime=v[6], pinned=bool(v[7]),
        state=_CASE_STATE[v[8]], attempt=v[9], round=v[10], central_round=v[11], origin=_CASE_STATE[v[12]], left=_CASE_STATE[v[13]],
        certificate=v[14], memo=orjson.loads(v[15]), registered_at=from_micros(v[16]), updated_at=from_micros(v[17]),
        version=v[19], head_seq=v[20], head_hash=v[21],
    )  # fmt: skip


CASE = Shape(
    "case_file",
    (
        "code", "command", "kind", "product", "producer", "unit", "regime", "pinned", "state", "attempt", "round", "central_round",
        "origin", "left_state", "certificate", "memo", "registered_at", "updated_at", "open_product", "version", "head_seq", "head_hash",
    ),
    ("code",), _case_values, case_row, fixed=("command", "product", "unit", "registered_at"),
)  # fmt: skip

CERTIFICATE = Shape(
    "certificate",
    (
        "code", "case_code", "product", "stars", "level", "decision_no", "decided_on", "last_valid_day", "replaced_by", "state",
        "version", "head_seq", "head_hash",
    ),
    ("code",),
    lambda r: (
        r.code, r.case, r.product, int(r.stars), r.level, r.decision_no, r.decided_on, r.last_valid_day, r.replaced_by, r.state.value,
        r.version, r.head_seq, r.head_hash,
    ),
    lambda v: CertificateRow(
        code=v[0], case=v[1], product=v[2], stars=v[3], level=v[4], decision_no=v[5], decided_on=v[6], last_valid_day=v[7],
        replaced_by=v[8], state=_CERTIFICATE_STATE[v[9]], version=v[10], head_seq=v[11], head_hash=v[12],
    ),
)  # fmt: skip

ROUND = Shape(
    "evaluation_round",
    ("code", "unit", "year", "number", "track", "plan", "statutory", "state", "version", "head_seq", "head_hash"),
    ("code",),
    lambda r: (
        r.code, r.unit, r.year, r.number, r.track.value, r.plan, r.statutory, r.state.value, r.version, r.head_seq, r.head_hash,
    ),
    lambda v: RoundRow(
        code=v[0], unit=v[1], year=v[2], number=v[3], track=_TRACK[v[4]], plan=v[5], statutory=bool(v[6]), state=_ROUND_STATE[v[7]],
        version=v[8], head_seq=v[9], head_hash=v[10],
    ),
)  # fmt: skip

PLAN = Shape(
    "cycle_plan",
    ("code", "unit", "year", "title", "doc_no", "doc_date", "text", "digest", "state", "version", "head_seq", "head_hash"),
    ("code",),
    lambda r: (
        r.code, r.unit, r.year, r.title, r.doc_no, r.doc_date, r.text, r.digest, r.state.value, r.version, r.head_seq, r.head_hash,
    ),
    lambda v: PlanRow(
        code=v[0], unit=v[1], year=v[2], title=v[3], doc_no=v[4], doc_date=v[5], text=v[6], digest=v[7], state=_PUBLICATION[v[8]],
        version=v[9], head_seq=v[10], head_hash=v[11],
    ),
)  # fmt: skip

CALENDAR = Shape(
    "working_calendar",
    ("code", "unit", "days", "state", "version", "head_seq", "head_hash"),
    ("code",),
    lambda r: (
        r.code, r.unit, orjson.dumps([(d.day, d.working, d.document_no, d.entered_by, d.since) for d in r.days]).decode(),
        r.state.value, r.version, r.head_seq, r.head_hash,
    ),
    lambda v: CalendarRow(
        code=v[0], unit=v[1], days=tuple(CalendarDay(*day) for day in orjson.loads(v[2])), state=_CALENDAR[v[3]], version=v[4],
        head_seq=v[5], head_hash=v[6],
    ),
)  # fmt: skip

DELEGATION = Shape(
    "delegation",
    (
        "code", "giver", "taker", "function", "level", "unit", "events", "valid_from", "valid_to", "document_no", "state", "version",
        "head_seq", "head_hash",
    ),
    ("code",),
    lambda r: (
        r.code, r.giver, r.taker, r.function, r.level, r.unit, orjson.dumps(r.events).decode(), r.valid_from, r.valid_to, r.document_no,
        r.state.value, r.version, r.head_seq, r.head_hash,
    ),
    lambda v: DelegationRow(
        code=v[0], giver=v[1], taker=v[2], function=v[3], level=v[4], unit=v[5], events=tuple(orjson.loads(v[6])), valid_from=v[7],
        valid_to=v[8], document_no=v[9], state=_DELEGATION[v[10]], version=v[11], head_seq=v[12], head_hash=v[13],
    ),
)  # fmt: skip

STAGE = Shape(
    "deadline_stage",
    (
        "id", "plan", "plan_year", "round", "unit", "stage", "track", "cutoff", "start", "effect", "phrase", "kind", "source", "firm",
        "statutory", "flags",
    ),
    ("id",),
    lambda r: (
        r.id, r.plan, r.plan_year, r.round, r.unit, r.stage, r.track.value, micros(r.cutoff), micros(r.start), r.effect.value,
        r.phrase, r.kind, r.source, r.firm, r.statutory, orjson.dumps(r.flags).decode(),
    ),
    lambda v: StageRow(
        id=v[0], plan=v[1], plan_year=v[2], round=v[3], unit=v[4], stage=v[5], track=_TRACK[v[6]], cutoff=instant(v[7]),
        start=instant(v[8]), effect=_EFFECT[v[9]], phrase=v[10], kind=v[11], source=v[12], firm=bool(v[13]), statutory=bool(v[14]),
        flags=tuple(orjson.loads(v[15])),
    ),
)  # fmt: skip

TERM = Shape(
    "term",
    (
        "id", "case_code", "attempt", "stage", "round", "effect", "due_at", "phrase", "source", "deadline", "calendar", "status",
        "attempts", "not_before",
    ),
    ("id",),
    lambda r: (
        r.id, r.case, r.attempt, r.stage.value, r.round, r.effect.value, to_micros(r.due_at), r.phrase, r.source, r.deadline, r.calendar,
        r.status.value, r.attempts, micros(r.not_before),
    ),
    lambda v: TermRow(
        id=v[0], case=v[1], attempt=v[2], stage=_STAGE[v[3]], round=v[4], effect=_EFFECT[v[5]], due_at=shared_instant(v[6]), phrase=v[7],
        source=v[8], deadline=v[9], calendar=v[10], status=_STATUS[v[11]], attempts=v[12], not_before=instant(v[13]),
    ),
)  # fmt: skip

ENTRY = Shape(
    "history",
    ("subject", "seq", "kind", "command", "event", "recorded_at", "body", "leaf_hash", "opening"),
    ("subject", "seq"),
    lambda r: (r.subject, r.seq, r.kind._value_, r.command, r.event, to_micros(r.recorded_at), r.body, r.leaf_hash, r.opening),
    lambda v: StoredEntry(
        subject=v[0], seq=v[1], kind=_SUBJECT[v[2]], command=v[3], event=v[4], recorded_at=from_micros(v[5]), body=v[6], leaf_hash=v[7],
        opening=v[8],
    ),
)  # fmt: skip

UNIT = Shape(
    "unit",
    ("code", "valid_from", "name", "level", "parent", "valid_to", "decree"),
    ("code", "valid_from"),
    lambda r: (r.code, r.valid_from, r.name, r.level, r.parent, r.valid_to, r.decree),
    lambda v: UnitRow(code=v[0], valid_from=v[1], name=v[2], level=v[3], parent=v[4], valid_to=v[5], decree=v[6]),
)

SUCCESSION = Shape(
    "succession",
    ("former", "heir", "takes_effect", "whole", "decree"),
    ("former", "heir", "takes_effect"),
    lambda r: (r.former, r.heir, r.on, r.whole, r.decree),
    lambda v: SuccessionRow(former=v[0], heir=v[1], on=v[2], whole=bool(v[3]), decree=v[4]),
)

PERSON = Shape(
    "person",
    ("code", "name", "email", "phone"),
    ("code",),
    lambda r: (r.code, r.name, r.email, r.phone),
    lambda v: PersonRow(code=v[0], name=v[1], email=v[2], phone=v[3]),
)

APPOINTMENT = Shape(
    "appointment",
    ("person", "function", "level", "unit", "producer", "valid_from", "valid_to"),
    ("person", "function", "level", "unit", "producer", "valid_from"),
    lambda r: (r.person, str(r.function), str(r.level), r.unit, r.producer or "", r.valid_from, r.valid_to),
    lambda v: AppointmentRow(
        person=v[0], function=v[1], level=v[2], unit=v[3], producer=v[4] or None, valid_from=v[5], valid_to=v[6]
    ),
)  # fmt: skip

TIE = Shape(
    "tie",
    ("person", "product", "kind"),
    ("person", "product", "kind"),
    lambda r: (r.person, r.product, str(r.kind)),
    lambda v: TieRow(person=v[0], product=v[1], kind=v[2]),
)

PRODUCER = Shape(
    "producer",
    ("code", "name", "kind", "unit", "search_key"),
    ("code",),
    lambda r: (r.code, r.name, r.kind.value, r.unit, fold(r.name)),
    lambda v: ProducerRow(code=v[0], name=v[1], kind=_PRODUCER[v[2]], unit=v[3]),
)

PRODUCT = Shape(
    "product",
    ("code", "name", "product_group", "producer", "unit", "search_key"),
    ("code",),
    lambda r: (r.code, r.name, r.group, r.producer, r.unit, fold(r.name)),
    lambda v: ProductRow(code=v[0], name=v[1], group=v[2], producer=v[3], unit=v[4]),
)

SUBJECTS: dict[type, Shape] = {
    CaseRow: CASE, CertificateRow: CERTIFICATE, RoundRow: ROUND, PlanRow: PLAN, CalendarRow: CALENDAR, DelegationRow: DELEGATION,
}  # fmt: skip
REGISTRY: dict[str, Shape] = {
    "units": UNIT, "successions": SUCCESSION, "people": PERSON, "appointments": APPOINTMENT, "ties": TIE,
    "producers": PRODUCER, "products": PRODUCT,
}  # fmt: skip
"""In the order of their references: who is pointed at comes first."""


def entry_values(entry: StoredEntry) -> Values:
    """An entry's columns. Its text and its opening are canonical, which is stricter than :func:`storable`, and the longest of all.

    Raises:
        MalformedInput: As :func:`storable`, over the rest.
    """
    storable((entry.subject, entry.command, entry.event))
    return ENTRY.values(entry)


def outbox_values(entry: StoredEntry) -> Values:
    """What the log needs of an entry: subject, number, leaf hash."""
    return (entry.subject, entry.seq, entry.leaf_hash)
