"""Carries a journey out on a real database, with the worker sweeping and telling on the way, and says where it differs, in words."""

from datetime import date, datetime, timedelta
from typing import Any, NoReturn

from deadlines.sweep import GRACE
from states.errors import CycleError, EventRefused, NotAllowed
from states.regime import VIETNAM, local_date
from states.vocabulary import CertificateState, Event
from states.words import words
from tests.support.hearing import Listener, Read, TellingFailed, person_in, said
from tests.support.journey import DUE, NOBODY, PRODUCT, REDATE, REFUSED, STATE, TOLD, WHAT, WHO
from tests.support.journey_rows import Journey, Row
from tests.support.world import LAW_OF_2026, REASON, World, plan_file
from workflow.rows import TermRow
from workflow.sweeping import run_tick

NATIONAL = {"QĐ 26/2026": LAW_OF_2026}


class JourneyDiffers(AssertionError):
    """What happens is not what the journey expects; the message names file, row and column."""


class Traveller:
    """Goes through a journey row by row. Product names stand for products of one producer, in the order in which they appear."""

    def __init__(self, world: World, journey: Journey) -> None:
        self.world = world
        self.journey = journey
        self._listener = Listener(world)
        self._products: dict[str, str] = {}
        self._cases: dict[str, str] = {}

    def go(self) -> None:
        """Publish the plan, then do every row.

        Raises:
            JourneyDiffers: At the first row that differs.
        """
        if self.journey.document:
            if self.journey.document not in NATIONAL:
                raise JourneyDiffers(f"{self.journey.name}: “{self.journey.document}”? Có · there are: {', '.join(NATIONAL)}")
            self.world.publish(NATIONAL[self.journey.document].read_text("utf-8"), unit="TW")
        if self.journey.plan:
            year = self.journey.plan_year or self.journey.start.year
            lines = [(str(p.stage), p.round, p.phrase, *([str(p.effect)] if p.effect is not None else [])) for p in self.journey.plan]
            self.world.publish(plan_file(f"KH-{year}", year, lines))
        for away in self.journey.away:
            self._listener.absent(away)
        for row in self.journey.rows:
            try:
                self._until(row.at)
                self._do(row)
                self._listener.tell()
            except TellingFailed as failed:
                self._differs(row, TOLD, "nhắc được · to be told", str(failed))
            self._look(row)
            self._listen(row)

    def _until(self, to: datetime) -> None:
        """Let time pass, with the worker at every cut-off and at every moment at which there is something to tell."""
        while due := self.world.store.due_terms(to - GRACE, 1):
            moment = due[0].due_at + GRACE
            self._listener.until(moment)
            self.world.move(max(self.world.clock.now(), moment))
            self._tick()
        self._listener.until(to)
        self.world.move(to)
        self._tick()

    def _tick(self) -> None:
        failed = run_tick(self.world.store, self.world.engine, self.world.plans, self.world.clock.now()).sweep.failed
        if failed:
            raise JourneyDiffers(f"{self.journey.name}: {failed}")

    def _product(self, row: Row) -> str:
        return self._products.setdefault(row.product, f"P1-{len(self._products) + 1:02d}")

    def _do(self, row: Row) -> None:
        if row.event is None and row.round_act is None:
            return
        try:
            if row.event is not None:
                self._act(row)
            else:
                self._steer(row)
        except (EventRefused, NotAllowed) as refusal:
            codes = [str(reason.code) for reason in refusal.reasons]
            told = "; ".join(words("vi").refusal(reason) for reason in refusal.reasons)
            if row.refused is None:
                self._differs(row, REFUSED, "được làm · to be done", told)
            if str(row.refused) not in codes:
                self._differs(row, REFUSED, str(row.refused), f"{', '.join(codes)}: {told}")
        except CycleError as error:
            self._differs(
                row,
                WHAT,
                "làm được · to be done",
                words("vi").error(error) + "".join(f" {words('vi').problem(p)}" for p in getattr(error, "problems", ())),
            )
        else:
            if row.refused is not None:
                self._differs(row, REFUSED, str(row.refused), "đã làm được · it went through")

    def _act(self, row: Row) -> None:
        assert row.event is not None
        product = self._product(row)
        given: dict[str, Any] = dict(row.given)
        target = product if row.event is Event.REGISTER else self._case(row)
        if row.event is Event.REGISTER and given.get("kind", "first") != "first":
            held = [c.code for c in self.world.store.certificates(product) if c.state is CertificateState.IN_FORCE]
            given.setdefault("certificate", held[-1] if held else "–")
        receipt = self.world.act(target, row.event, by=self._who(row, product), at=row.at, **given)
        self._cases[row.product] = receipt.case

    def _steer(self, row: Row) -> None:
        assert row.round_act is not None
        act, code = row.round_act
        actor = self._who(row, "P1-01")
        if act == REDATE:
            paper: dict[str, Any] = {"document_no": "45/KH-UBND", "document_date": local_date(row.at).isoformat(), "reason": REASON}
            self.world.rounds.redate(code, actor=actor, **{**paper, **row.given})
        else:
            getattr(self.world.rounds, act)(code, actor=actor)

    def _case(self, row: Row) -> str:
        if row.product not in self._cases:
            self._differs(row, PRODUCT, "sản phẩm đã đăng ký · a product registered before", row.product or "–")
        return self._cases[row.product]

    def _who(self, row: Row, product: str) -> str:
        if row.who.function is None:
            self._differs(row, WHO, "một người · a person", "hệ thống")
        person = person_in(self.world, row.who, product, local_date(row.at))
        if not person:
            self._differs(row, WHO, "có người giữ chức năng · somebody with this function", "–")
        return person

    def _listen(self, row: Row) -> None:
        """Who has read what about the row's product since its row before; of a row without product, about any."""
        news: list[Read] = self._listener.news(self._product(row) if row.product else None)
        if row.told is None:
            return
        missing = [each for each in row.told if not any(read.is_one_of([each]) for read in news)]
        if missing or not all(read.is_one_of(row.told) for read in news):
            self._differs(row, TOLD, said(row.told) or NOBODY, said({read.heard for read in news}) or NOBODY)

    def _look(self, row: Row) -> None:
        if row.state is None and row.due is None:
            return
        case = self._case(row)
        state = self.world.state(case)
        if row.state is not None and state is not row.state:
            self._differs(row, STATE, words("vi").name(row.state), words("vi").name(state))
        if row.due is not None:
            running = sorted(self.world.running(case).values(), key=lambda t: (t.due_at, t.id))
            mine = [t for t in running if row.due.stage in {None, t.stage}]
            found = _last_day(mine[0]) if mine else None
            if found != row.due.day:
                expected = f"{row.due.day:%d/%m/%Y}" if row.due.day else "không có hạn · nothing due"
                told = ", ".join(f"{words('vi').stage(str(t.stage))}: {words('vi').last_day(t.due_at)}" for t in running)
                self._differs(row, DUE, expected, told or "không có hạn · nothing due")

    def _differs(self, row: Row, column: str, expected: str, found: str) -> NoReturn:
        raise JourneyDiffers(
            f"{self.journey.name}, dòng · row {row.line}, cột · column “{column}”: mong · expected “{expected}”, thực tế · found “{found}”"
        ) from None


def _last_day(term: TermRow) -> date:
    return (term.due_at.astimezone(VIETNAM) - timedelta(microseconds=1)).date()
