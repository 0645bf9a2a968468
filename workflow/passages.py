"""What cases went through in a plan's year, read from their histories as of an instant. The ground of every figure that is counted.

An act counts for a plan where it happened in a round of the plan's year in its territory, or, outside every round, in the plan's calendar year.
So a round that ends in January, and a decision that comes after it, still belong to the plan that opened the round.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from states.regime import local_date
from states.vocabulary import CaseKind, CaseState, Event, Level
from workflow.certificates import certificate_code
from workflow.ledger.entry import Entry, parse
from workflow.listing import every_case
from workflow.ports import CaseQuery, Store
from workflow.registry import Registry
from workflow.rows import CaseRow, CertificateRow, PlanRow


class RoundFate(StrEnum):
    """What became of a member of a round, in that round."""

    RANKED = "ranked"
    DEFERRED = "deferred"
    NOT_RANKED = "not_ranked"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"


_FATES: Mapping[str, RoundFate] = {
    CaseState.CERTIFIED: RoundFate.RANKED,
    CaseState.UPGRADED: RoundFate.RANKED,
    CaseState.DEFERRED: RoundFate.DEFERRED,
    CaseState.NOT_RANKED: RoundFate.NOT_RANKED,
    CaseState.ELIMINATED: RoundFate.NOT_RANKED,
    CaseState.UNCHANGED: RoundFate.UNCHANGED,
    CaseState.WITHDRAWN: RoundFate.WITHDRAWN,
}


@dataclass(slots=True)
class Passage:
    """One case in a plan's year.

    Attributes:
        stars: Rank recognised in the plan's year; None where it was not, ``certificate`` its code.
        evaluated: Levels whose council concluded on it, ``district`` the unit below the province that it came from, if there is one.
        rounds: Fate by code of the round.
    """

    case: str
    kind: CaseKind
    product: str
    producer: str
    unit: str
    district: str | None = None
    registered: bool = False
    nominated: bool = False
    evaluated: set[Level] = field(default_factory=set)
    stars: int | None = None
    rank_round: str | None = None
    rounds: dict[str, RoundFate] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything of it counts for the plan."""
        return bool(self.registered or self.nominated or self.evaluated or self.stars or self.rounds)


@dataclass(frozen=True, slots=True)
class Scope:
    """What counts for a plan: its year, its rounds, and the units that ever lay in its territory."""

    year: int
    rounds: frozenset[str]
    units: tuple[str, ...]
    on: datetime
    known: datetime | None

    def has(self, entry: Entry, here: str | None) -> bool:
        """Whether an act counts for the plan, given the round that its case is in."""
        return here in self.rounds if here else local_date(entry.effective_at).year == self.year

    def sees(self, entry: Entry) -> bool:
        """Whether an act had happened and was known."""
        return entry.effective_at < self.on and (self.known is None or entry.recorded_at <= self.known)


def scope_of(store: Store, registry: Registry, row: PlanRow, on: datetime, known: datetime | None = None) -> Scope:
    """What counts for a plan.

    Args:
        store: The database.
        registry: Units.
        row: The plan.
        on: Acts at this instant or later are left out.
        known: Acts that were written down after this instant are left out.
    """
    units = registry.ever_below(row.unit)
    rounds = frozenset(r.code for r in store.rounds(year=row.year) if r.unit in units)
    return Scope(row.year, rounds, units, on, known)


def passages(store: Store, registry: Registry, scope: Scope) -> list[Passage]:
    """Every case of the territory of which something counts for the plan, by code."""
    stars = {c.code: c for c in store.certificates()}
    cases = (c for c in every_case(store, CaseQuery(units=scope.units)) if _may_count(c, scope))
    return [p for case in cases if (p := _passage(store, registry, scope, case, stars)).any]


def _may_count(case: CaseRow, scope: Scope) -> bool:
    """Whether a history is worth reading: what was at rest before the year began, or began long after it, has nothing that counts.

    A round may reach into the next year, and cases of that year join it.
    """
    begun, moved = local_date(case.registered_at).year, local_date(case.updated_at).year
    return case.round in scope.rounds or (begun <= scope.year + 1 and moved >= scope.year)


def _passage(store: Store, registry: Registry, scope: Scope, case: CaseRow, stars: Mapping[str, CertificateRow]) -> Passage:
    registered = local_date(case.registered_at)
    found = Passage(
        case=case.code,
        kind=case.kind,
        product=case.product,
        producer=case.producer,
        unit=case.unit,
        district=registry.at_level(case.unit, Level.DISTRICT, registered),
    )
    here: str | None = None
    for entry in _done(store, scope, case.code):
        here = (entry.round or {}).get("provincial", here)
        if not scope.has(entry, here):
            continue
        if here:
            found.rounds[here] = _FATES.get(str(entry.to), RoundFate.PENDING)
        _count(found, entry, here, stars)
    return found


def _done(store: Store, scope: Scope, case: str) -> Iterator[Entry]:
    """What moved a case, in the order in which it took effect and was written."""
    entries = (parse(stored.body) for stored in store.entries(case))
    return (e for e in entries if e.outcome == "done" and e.to is not None and scope.sees(e))


def _count(found: Passage, entry: Entry, here: str | None, stars: Mapping[str, CertificateRow]) -> None:
    if entry.event == Event.REGISTER:
        found.registered = True
    if entry.event == Event.NOMINATE:
        found.nominated = True
    if entry.event == Event.CONCLUDE and entry.result:
        found.evaluated.add(Level(entry.result["level"]))
    if entry.to == CaseState.CERTIFIED and entry.from_ != CaseState.CERTIFIED:
        certificate = stars.get(certificate_code(found.case))
        found.stars = certificate.stars if certificate else None
        found.rank_round = here


@dataclass(frozen=True, slots=True)
class Kept:
    """Products that were recognised when the plan's year began, and those of them that still are."""

    before: tuple[str, ...]
    still: tuple[str, ...]


def kept(store: Store, scope: Scope) -> Kept:
    """How many recognised products kept their recognition.

    A product was recognised when the year began where a certificate of it was decided before and ran on; it still is where one runs on the
    day before ``on``, the same or a later one.
    """
    begins, today = date(scope.year, 1, 1), local_date(scope.on - timedelta(microseconds=1))
    by_product: dict[str, list[CertificateRow]] = {}
    for certificate in store.certificates():
        by_product.setdefault(certificate.product, []).append(certificate)
    territory = {p.code for p in store.products(sorted(by_product)) if p.unit in scope.units}
    before = sorted(p for p in territory if any(_ran(c, begins) for c in by_product[p]))
    still = [p for p in before if any(_runs(c, today) for c in by_product[p])]
    return Kept(tuple(before), tuple(still))


def _ran(certificate: CertificateRow, begins: date) -> bool:
    return certificate.decided_on < begins.isoformat() <= certificate.last_valid_day


def _runs(certificate: CertificateRow, today: date) -> bool:
    return certificate.decided_on <= today.isoformat() <= certificate.last_valid_day
