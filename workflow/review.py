"""The review of a plan's year: activities, targets against actuals, rounds, producers, products, support and lessons. See decision 0018."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from states.errors import MalformedInput, Problem
from states.lifecycle import Move, PlanEvent
from states.payload import Field, Kind
from states.regime import local_date
from states.vocabulary import Level, ProducerKind
from workflow.access import office_of
from workflow.activities import Activity, ActivityStatus, answering, reached, status_of
from workflow.actuals import Actual, actuals
from workflow.ledger.canonical import canonical
from workflow.passages import Passage, RoundFate, kept, passages, scope_of
from workflow.plan_inputs import read_work, refuse
from workflow.plandesk import Desk
from workflow.planwork import Draft, PlanWork, Written
from workflow.rows import ProducerRow, ProductRow
from workflow.timeline import Line

_NEXT = timedelta(microseconds=1)
"""What is dated at this very instant has happened."""

_REVIEW = (Field("reason", Kind.TEXT), Field("note", Kind.TEXT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An activity and where it stands: status, what all units together reached and in which unit, the latest reports."""

    activity: Activity
    units: tuple[str, ...]
    status: ActivityStatus
    reached: str | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCount:
    """A round of the plan: members by what became of them in it, and the ranked ones by stars."""

    code: str
    fates: dict[RoundFate, int]
    stars: dict[int, int]

    @property
    def members(self) -> int:
        """How many took part."""
        return sum(self.fates.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Everything that a year-end report is written from.

    Attributes:
        on: Exclusive instant; what happened from then on is left out.
        stars: Products recognised in the year by rank; ``groups`` by product group; ``producers`` of those by kind.
        support: (how often, products, producers, đồng) by kind of support.
        figures: What the digest is made of: numbers and codes only.
    """

    desk: Desk
    on: datetime
    standings: tuple[Standing, ...]
    targets: tuple[Actual, ...]
    rounds: tuple[RoundCount, ...]
    took_part: int
    stars: dict[int, int]
    producers: dict[ProducerKind, int]
    groups: dict[str, int]
    support: dict[str, tuple[int, int, int, int]]
    passages: tuple[Passage, ...]
    products: dict[str, ProductRow]
    owners: dict[str, ProducerRow]
    figures: dict[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 in hex of the figures' canonical text."""
        return hashlib.sha256(canonical(self.figures)).hexdigest()

    @property
    def concluded(self) -> Line | None:
        """The latest conclusion."""
        return self.desk.book.reviews[-1] if self.desk.book.reviews else None


class Reviews:
    """Reviews plans."""

    def __init__(self, work: PlanWork) -> None:
        """Read what ``work`` writes."""
        self.work = work
        self.store = work.store

    def review(self, code: str, *, on: datetime | None = None, known: datetime | None = None) -> Review:
        """The review of a plan.

        Args:
            code: The plan.
            on: Exclusive instant up to which acts count; now unless given.
            known: Only what was written down by then; everything unless given.

        Raises:
            NotFound: No such plan.
            MalformedInput: ``review_in_future``.
        """
        now = self.work.clock.now()
        until = on or now + _NEXT
        if until > now + _NEXT:
            raise MalformedInput("review_in_future", now=now, given=until)
        desk = self.work.desk(code, on=until, known=known)
        registry, at = desk.world.registry, until - _NEXT
        scope = scope_of(self.store, registry, desk.row, until, known)
        found = passages(self.store, registry, scope)
        day = local_date(at)
        districts = [u.code for u in registry.units_on(day) if u.level == Level.DISTRICT and registry.covers(desk.row.unit, u.code, day)]
        targets = actuals(desk, found, kept(self.store, scope), districts)
        standings = tuple(_standing(desk, activity, at) for activity in desk.activities)
        return self._made(desk, until, standings, targets, found, sorted(scope.rounds))

    def _made(  # noqa: PLR0913
        self, desk: Desk, until: datetime, standings: tuple[Standing, ...], targets: list[Actual], found: list[Passage], rounds: list[str]
    ) -> Review:
        supports = desk.book.supports.values()
        codes = sorted({p.product for p in found} | {s.product for s in supports if s.product})
        owners = sorted({p.producer for p in found} | {s.producer for s in supports if s.producer})
        products = {p.code: p for p in self.store.products(codes)}
        producers = {p.code: p for p in self.store.producers(owners)}
        ranked = [p for p in found if p.stars is not None]
        kinds = Counter(producers[code].kind for code in {p.producer for p in ranked} if code in producers)
        groups = Counter(products[p.product].group for p in ranked if p.product in products)
        stars = Counter(p.stars for p in ranked if p.stars is not None)
        counts = tuple(_round(code, found) for code in rounds)
        given: dict[str, tuple[int, int, int, int]] = {}
        for kind in dict.fromkeys(s.kind for s in supports):
            mine = [s for s in supports if s.kind == kind]
            given[kind] = (
                len(mine),
                len({s.product for s in mine if s.product}),
                len({s.producer for s in mine}),
                sum(s.amount or 0 for s in mine),
            )
        took_part = len({p.product for p in found if p.rounds or p.evaluated})
        figures = {
            "activities": {s.activity.number: [str(s.status), s.reached or ""] for s in standings},
            "targets": {str(a.number): [str(a.counting), str(a.figure) if a.figure is not None else "", str(a.verdict)] for a in targets},
            "rounds": {c.code: {str(f): n for f, n in c.fates.items()} | {f"{s}": n for s, n in c.stars.items()} for c in counts},
            "took_part": took_part,
            "stars": {str(s): n for s, n in sorted(stars.items())},
            "producers": {str(k): n for k, n in sorted(kinds.items())},
            "groups": dict(sorted(groups.items())),
            "support": {kind: list(figure) for kind, figure in sorted(given.items())},
            "lessons": len(desk.book.lessons),
        }
        return Review(
            desk=desk,
            on=until,
            standings=standings,
            targets=tuple(targets),
            rounds=counts,
            took_part=took_part,
            stars=dict(sorted(stars.items())),
            producers=dict(kinds),
            groups=dict(groups),
            support=given,
            passages=tuple(found),
            products=products,
            owners=producers,
            figures=figures,
        )

    def conclude(  # noqa: PLR0913
        self, code: str, *, actor: str, on: datetime | None = None, reason: str | None = None, dry_run: bool = False, command: str = ""
    ) -> tuple[Review, Written]:
        """Conclude the review: its figures stand from now on in the plan's history, with their digest.

        Args:
            code: The plan.
            actor: Person code; an officer or authority of the plan's unit.
            on: As of which instant; now unless given.
            reason: Why it is concluded again, where it was before.
            dry_run: Only say what would be written.
            command: Command id, to send the same again.

        Raises:
            NotFound, NotAllowed, EventRefused: As :meth:`workflow.planwork.PlanWork.state`.
            PayloadInvalid: Concluded before, and no reason.
            MalformedInput: ``review_in_future``.
        """
        known = self.work.clock.now()
        review = self.review(code, on=on)

        def draft(desk: Desk, move: Move[Any, Any]) -> Draft:
            who = office_of(desk.world.registry, actor, desk.row.unit, move, local_date(known))
            _, texts = read_work(PlanEvent.REVIEW, _REVIEW, {"reason": reason} if reason else {}, local_date(known))
            before = desk.book.reviews[-1].entry.case_seq if desk.book.reviews else None
            if before is not None and "reason" not in texts:
                refuse(PlanEvent.REVIEW, [Problem("/reason", "correction_reason", {"seq": before})])
            data = {"as_of": _utc(review.on), "known_at": _utc(known), "digest": review.digest, "figures": review.figures}
            return Draft(who=who, data=data, texts=texts, corrects=before)

        return review, self.work.write(code, PlanEvent.REVIEW, draft, asked=(on, reason, actor), dry_run=dry_run, command=command)

    def recounted(self, review: Review) -> bool | None:
        """Whether a concluded review counts the same today, by what was known then; None where there is none."""
        line = review.concluded
        if line is None:
            return None
        data = line.entry.data
        again = self.review(review.desk.row.code, on=datetime.fromisoformat(data["as_of"]), known=datetime.fromisoformat(data["known_at"]))
        return bool(again.digest == data["digest"])


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _standing(desk: Desk, activity: Activity, at: datetime) -> Standing:
    units = answering(activity, desk.row.unit)
    reports = desk.book.reports.get(activity.number, {})
    figure, unit = reached(activity, reports, units)
    status = status_of(activity, reports, units, at)
    return Standing(activity=activity, units=units, status=status, reached=None if figure is None else str(figure), unit=unit)


def _round(code: str, found: list[Passage]) -> RoundCount:
    fates = Counter(p.rounds[code] for p in found if code in p.rounds)
    stars = Counter(p.stars for p in found if p.stars is not None and p.rank_round == code)
    return RoundCount(code=code, fates={f: fates[f] for f in RoundFate if fates[f]}, stars=dict(sorted(stars.items())))
