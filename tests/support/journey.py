"""Reads a journey: a season as a coordinator writes it, one table in Markdown. Pure; nothing is carried out here.

A file has a title, free text, a list of conditions (``- Bắt đầu: 11/1/2021 08:00``), perhaps a table of the plan's dates, and one or more
tables of what happens. Names are those of the labels that people see; codes of the vocabularies are understood as well.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NoReturn, TypeVar

from deadlines.ladder import ladders
from states.refusal import Code
from states.regime import VIETNAM
from states.vocabulary import CaseKind, CaseState, Effect, Event, Function, Level, NoteEvent, Stage
from tests.support.journey_rows import Away, Due, Heard, Journey, PlanLine, Row, Seat

_S = TypeVar("_S", bound=StrEnum)

WHEN, WHO, WHAT, PRODUCT, MORE = "ngày giờ", "ai", "việc", "sản phẩm", "nội dung"
STATE, DUE, TOLD, REFUSED = "trạng thái sau", "hạn", "được nhắc", "từ chối"
COLUMNS = (WHEN, WHO, WHAT, PRODUCT, MORE, STATE, DUE, TOLD, REFUSED)
NEEDED = (WHEN, WHO, WHAT)
PLAN_COLUMNS = ("mốc", "đợt", "câu trong kế hoạch", "hệ quả")
CONDITIONS = ("bắt đầu", "kế hoạch năm", "văn bản", "vắng")
LOOK = "xem"
"""The word for a row in which nobody does anything: time passes, and one looks."""

REDATE = "redate"
ROUND_ACTS = {"khóa danh sách đợt": "freeze", "đóng đợt": "close", "đưa vào đợt sau": "rollover", "đổi ngày đợt": REDATE}
CUTOFF = "mốc"
"""The date that a round's new date is for."""

NONE = ("–", "-", "không", "")
NOBODY = "không ai"
NEAR = r"còn \d+ ngày|ngày mai là ngày cuối|hôm nay là ngày cuối|đã quá hạn (\d+ ngày|trong hôm nay)|đã hết hiệu lực \d+ ngày"
"""How messages say how near a last day is."""


class JourneyUnreadable(Exception):
    """A journey says something that cannot be understood; the message names file, row and column."""


def read_journey(text: str, name: str) -> Journey:
    """Read a file.

    Raises:
        JourneyUnreadable: At the first row that cannot be understood.
    """
    return _Reader(name).read(text)


def folded(text: str) -> str:
    """Words as they are compared: composed, in small letters, single spaces, without quotes, bold or a full stop."""
    plain = unicodedata.normalize("NFC", text).casefold().strip().strip("*_“”\"'`").rstrip(".")
    return " ".join(plain.split())


@cache
def _labels(section: str) -> dict[str, str]:
    table = tomllib.loads((files("states") / "labels" / "vi.toml").read_text("utf-8"))[section]
    return {folded(words): key for key, words in table.items()}


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._line = 0
        self._column = ""

    def fail(self, words: str, known: Iterable[str] = ()) -> NoReturn:
        where = f"{self._name}, dòng · row {self._line}" + (f", cột · column “{self._column}”" if self._column else "")
        listed = "; ".join(known)
        raise JourneyUnreadable(f"{where}: {words}" + (f" Có · there are: {listed}" if listed else ""))

    def read(self, text: str) -> Journey:
        title, conditions, away, plan, rows = "", dict[str, str](), list[Away](), list[PlanLine](), list[Row]()
        head: tuple[str, ...] | None = None
        for self._line, raw in enumerate(text.splitlines(), 1):
            self._column = ""
            line = raw.strip()
            if not line.startswith("|"):
                head = None
            if line.startswith("# ") and not title:
                title = line[2:].strip()
            elif (found := re.fullmatch(r"[-*] ([^:|]+): *(.+)", line)) and folded(found[1]) in CONDITIONS:
                conditions[folded(found[1])] = found[2].strip()
                if folded(found[1]) == "vắng":
                    away.append(self._away(found[2]))
            elif line.startswith("|"):
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                if head is None:
                    head = self._head(cells)
                elif not re.fullmatch(r"[|:\- ]+", line):
                    self._row(head, cells, plan, rows)
        self._column = ""
        if not rows:
            self.fail("Tệp không có bảng nào kể việc đã làm. · No table says what happens.")
        start = self._instant(conditions["bắt đầu"]) if "bắt đầu" in conditions else rows[0].at
        year = self._number(conditions["kế hoạch năm"]) if "kế hoạch năm" in conditions else None
        return Journey(self._name, title, start, year, conditions.get("văn bản"), tuple(away), tuple(plan), tuple(rows))

    def _head(self, cells: Sequence[str]) -> tuple[str, ...]:
        head = tuple(folded(cell) for cell in cells)
        of_plan = head[0] == PLAN_COLUMNS[0]
        known: tuple[str, ...] = PLAN_COLUMNS if of_plan else COLUMNS
        needed: tuple[str, ...] = PLAN_COLUMNS[:3] if of_plan else NEEDED
        for column in head:
            if column not in known:
                self.fail(f"Không có cột “{column}”. · No such column.", known)
        for column in needed:
            if column not in head:
                self.fail(f"Thiếu cột “{column}”. · This column is missing.", known)
        return head

    def _row(self, head: tuple[str, ...], cells: Sequence[str], plan: list[PlanLine], rows: list[Row]) -> None:
        if len(cells) != len(head):
            self.fail(f"Có {len(cells)} ô mà bảng có {len(head)} cột. · As many cells as columns are needed.")
        row = dict(zip(head, cells, strict=True))
        if head[0] == PLAN_COLUMNS[0]:
            plan.append(self._plan_line(row))
            return
        read = self._act(row)
        if rows and read.at < rows[-1].at:
            self._column = WHEN
            self.fail("Giờ này sớm hơn dòng trên. · This is before the row above.")
        rows.append(read)

    def _plan_line(self, row: Mapping[str, str]) -> PlanLine:
        stage = self._member("mốc", row["mốc"], Stage, "stage")
        effect = row.get("hệ quả", "")
        self._column = "đợt"
        number = self._number(row["đợt"])
        return PlanLine(stage, number, row["câu trong kế hoạch"].strip('“”"'), self._effect(effect) if folded(effect) not in NONE else None)

    def _effect(self, words: str) -> Effect:
        return self._member("hệ quả", words, Effect, "effect")

    def _act(self, row: Mapping[str, str]) -> Row:
        self._column = WHEN
        at = self._instant(row[WHEN])
        self._column = WHO
        who = self._seat(row[WHO])
        event, round_act = self._what(row[WHAT])
        state = row.get(STATE, "")
        self._column = REFUSED
        refused = self._refusal(row.get(REFUSED, ""))
        if event is None and refused is not None and round_act is None:
            self.fail("Không ai làm gì thì không có gì để từ chối. · Nobody acts, so nothing can be refused.")
        given = dict(self._given(row.get(MORE, "")))
        self._fits(given, event, round_act)
        return Row(
            self._line,
            at,
            who,
            event,
            round_act,
            row.get(PRODUCT, ""),
            given,
            self._member(STATE, state, CaseState, "state") if folded(state) not in NONE else None,
            self._due(row[DUE]) if folded(row.get(DUE, "")) else None,
            frozenset(self._told(row[TOLD])) if folded(row.get(TOLD, "")) else None,
            refused,
        )

    def _fits(self, given: Mapping[str, str], event: Event | None, round_act: tuple[str, str] | None) -> None:
        """Whether an act reads what is typed with it; the fields of a case's events are the form's own business."""
        self._column = MORE
        dates = round_act is not None and round_act[0] == REDATE
        if dates and not {"stage", "phrase"} <= set(given):
            self.fail("Đổi ngày đợt cần “mốc” và “lời văn của mốc”. · A new date needs its cut-off and its words.")
        if given and not dates and event is None:
            self.fail("Việc này không có nội dung. · There is nothing to type with this.")

    def _away(self, text: str) -> Away:
        self._column = "vắng"
        found = re.fullmatch(r"(.+?),? từ (\S+) đến ([\d/]+)[,;]? (.+) thay", folded(text))
        if found is None:
            form = "cán bộ phụ trách cấp huyện, từ 1/7/2021 đến 9/7/2021, thư ký hội đồng cấp huyện thay"
            self.fail(f"“{text}” không có dạng “{form}”. · Write who is away, from when to when, and who stands in.")
        away = Away(self._seat(found[1]), self._instant(found[2]).date(), self._instant(found[3]).date(), self._seat(found[4]))
        if away.who.function is None or away.stand_in.function is None:
            self.fail("Không ai vắng hay thay thì không có gì để ghi. · Time itself is never away and stands in for nobody.")
        if away.to < away.since:
            self.fail("Ngày cuối sớm hơn ngày đầu. · It ends before it begins.")
        return away

    def _told(self, text: str) -> Iterator[Heard]:
        self._column = TOLD
        if folded(text) == NOBODY:
            return
        for part in filter(None, (p.strip() for p in text.split(";"))):
            names, _, said = part.partition(":")
            if not said.strip():
                self.fail(f"“{part}” không có dạng “chủ thể: còn 3 ngày”, cũng không phải “không ai”. · Write who: what, or nobody.")
            whats = [self._said(words) for words in _pieces(said, lambda words: _heard_of(words) is not None)]
            for name in _pieces(names, _ends_a_seat):
                who, _, away = folded(name).partition(" thay ")
                seat, instead_of = self._seat(who), self._seat(away) if away else None
                yield from (Heard(seat, instead_of, what) for what in whats)

    def _said(self, text: str) -> str:
        known = _heard_of(text)
        if known is None:
            near = ("còn 3 ngày", "ngày mai là ngày cuối", "hôm nay là ngày cuối", "đã quá hạn 3 ngày", "T-3")
            self.fail(f"Không hiểu “{text.strip()}”. · This is not understood.", (*near, *_labels("event")))
        return known

    def _instant(self, text: str) -> datetime:
        found = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:,? +(\d{1,2})[:h](\d{2})(?::(\d{2}))?)?", text.strip())
        if found is None:
            self.fail(f"“{text}” không phải ngày giờ như 9/7/2021 23:59:59. · This is no date and time such as 9/7/2021 23:59:59.")
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        if found[4] is None:
            hour = 8
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=VIETNAM)
        except ValueError:
            self.fail(f"Không có ngày giờ “{text}”. · There is no such date and time.")

    def _number(self, text: str) -> int:
        if not re.fullmatch(r"\d+", text.strip()):
            self.fail(f"“{text}” không phải số. · This is no number.")
        return int(text)

    def _seat(self, text: str) -> Seat:
        words = folded(text)
        if words == _word("function", Function.SYSTEM):
            return Seat(None, None)
        if words == _word("function", Function.PRODUCER):
            return Seat(Function.PRODUCER, None)
        tails = ((level, tail) for level in Level for name in (_word("level", level),) for tail in (name, name.removeprefix("cấp ")))
        level, tail = next(((level, tail) for level, tail in tails if words.endswith(f" {tail}")), (None, ""))
        if level is not None:
            return Seat(self._member(self._column, words.removesuffix(tail), Function, "function"), level)
        return self.fail(f"Không rõ “{text}” ở cấp nào. · The level is missing.", (*_labels("level"), "hệ thống", "chủ thể"))

    def _what(self, text: str) -> tuple[Event | None, tuple[str, str] | None]:
        self._column = WHAT
        words = folded(text)
        if words == LOOK:
            return None, None
        for name, act in ROUND_ACTS.items():
            if words.startswith(f"{name} ") and words != name:
                return None, (act, words.removeprefix(f"{name} ").upper())
        return self._member(WHAT, text, Event, "event"), None

    def _member(self, column: str, text: str, kind: type[_S], section: str) -> _S:
        self._column = column
        words, labels = folded(text), _labels(section)
        code = labels.get(words, words)
        if code not in {str(member.value) for member in kind}:
            known = [words for words, key in labels.items() if key in {str(member.value) for member in kind}]
            self.fail(f"Không hiểu “{text.strip()}”. · This is not understood.", known)
        return kind(code)

    def _refusal(self, text: str) -> Code | None:
        words = folded(text)
        if words in NONE:
            return None
        code = REFUSALS.get(words, words)
        if code not in {str(member.value) for member in Code}:
            self.fail(f"Không hiểu lý do từ chối “{text}”. · This reason is not understood.", (*REFUSALS, *(str(c.value) for c in Code)))
        return Code(code)

    def _given(self, text: str) -> Iterator[tuple[str, str]]:
        self._column = MORE
        for part in filter(None, (p.strip() for p in text.split(";"))):
            name, _, value = part.partition("=")
            if not value.strip():
                self.fail(f"“{part}” không có dạng tên = giá trị. · Write name = value.")
            words = folded(name)
            if words == CUTOFF:
                yield "stage", str(self._member(MORE, value, Stage, "stage"))
                continue
            code = _labels("field").get(words, words)
            if code not in _labels("field").values():
                self.fail(f"Không có nội dung “{name.strip()}”. · There is no such field.", _labels("field"))
            yield code, str(self._member(MORE, value, CaseKind, "kind")) if code == "kind" else value.strip()

    def _due(self, text: str) -> Due:
        self._column = DUE
        if folded(text) in NONE:
            return Due(None, None)
        stage, _, words = text.rpartition(":")
        found = re.fullmatch(r"(?:đến )?hết ngày (\d{1,2}/\d{1,2}/\d{4})", folded(words))
        if found is None:
            self.fail(f"“{text}” không có dạng “hết ngày 9/7/2021”. · Write the last valid day: hết ngày 9/7/2021.")
        return Due(self._member(DUE, stage, Stage, "stage") if stage else None, self._instant(found[1]).date())


def _word(section: str, member: StrEnum) -> str:
    return next(words for words, key in _labels(section).items() if key == member.value)


def _pieces(text: str, whole: Callable[[str], bool]) -> Iterator[str]:
    """Parts between commas; where a name has a comma itself, as much as makes it whole."""
    held = ""
    for part in text.split(","):
        held = f"{held}, {part.strip()}" if held else part.strip()
        if whole(held):
            yield held
            held = ""
    if held:
        yield held


def _ends_a_seat(text: str) -> bool:
    words = folded(text)
    return words.endswith((_word("function", Function.PRODUCER), *(_word("level", level).removeprefix("cấp ") for level in Level)))


@cache
def _steps() -> Mapping[str, str]:
    return {folded(rung.key): rung.key for rungs in ladders().by_kind.values() for rung in rungs}


def _heard_of(text: str) -> str | None:
    """What somebody hears, as :class:`Heard` has it; None where that is nothing known."""
    words = folded(text)
    if re.fullmatch(NEAR, words):
        return "ngày mai là ngày cuối" if words == "còn 1 ngày" else words
    code = _labels("event").get(words, words)
    return _steps().get(words) or (code if code in {*Event, *NoteEvent} else None)


REFUSALS = {
    "quá hạn": "deadline_passed",
    "không đúng bước": "wrong_state",
    "chưa có kết quả": "result_missing",
    "không đúng người": "function_required",
    "tách bạch": "separation",
    "chưa đủ điểm": "below_threshold",
    "dưới 3 sao": "below_three_stars",
    "đang có hồ sơ": "running_case",
    "không cao hơn": "not_higher",
    "không có đợt đang mở": "no_open_round",
    "không có đợt sau": "no_next_round",
    "đã có kết quả": "already_concluded",
    "không do cấp này công nhận": "not_recognised_here",
}
"""Short words for the reasons that journeys need most; every code of :class:`states.refusal.Code` is understood as well."""
