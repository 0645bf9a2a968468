"""The grammar of date phrases: which words make which kind, and between which named points a phrase reaches.

:func:`find` tries, in this order: phrases that name no date of their own, terms that start with an event, hours, years as horizons,
intervals, and a preposition with one point. The first that accounts for *every* word is the reading; if none does, there is none.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from deadlines.kinds import Kind
from deadlines.points import Edge, Point, Stretch, read_point
from deadlines.terms import Span, Unit
from deadlines.words import Bare, number


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """From where to where a phrase reaches, before its year is known.

    Attributes:
        first: Where it begins, if it says so; ``first_excluded`` where it begins after that ("sau ngày").
        last: Where it ends; ``excluded`` where the end is its beginning ("trước").
        at: Time of day on ``last``; ``to_hour`` where it is an end rather than an appointment.
        same_month: The first point was a bare number that took month and year of the last.
    """

    first: Point | None = None
    last: Point | None = None
    excluded: bool = False
    first_excluded: bool = False
    at: timedelta | None = None
    to_hour: bool = False
    same_month: bool = False

    @property
    def year_unsaid(self) -> bool:
        """Whether some year has to come from outside the phrase."""
        point = self.last if self.last is not None else self.first
        return point is not None and point.year is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A reading of the words: a kind with, as it needs them, a reach, a span or a window."""

    kind: Kind
    reach: Reach | None = None
    span: Span | None = None
    window: tuple[int, int] | None = None
    vague: bool = False
    open_start: bool = False


_YEARLY = re.compile(
    r"(?:hàng năm|thường niên|mỗi năm|định kỳ hàng năm|định kỳ mỗi năm)(?:$|[ ,]*\(?(?:theo|vào|căn cứ)\b[^0-9]*(?:\d\d? bước)?[^0-9]*$)"
)
_CONTINUOUS = re.compile(
    r"(?:thường xuyên|liên tục|suốt năm|quanh năm|theo (?:tình hình )?thực tế|theo yêu cầu|khi có (?:yêu cầu|phát sinh)"
    r"|(?:định kỳ )?(?:hàng|mỗi) (?:ngày|tuần|tháng|quý))(?:\b[^0-9]*)(?:năm [0-9]{4})?$"
)
_BY_OTHER = re.compile(
    r"(?:căn cứ |tùy |tuỳ )?theo (?:\w+ )*?(?:kế hoạch|mốc thời gian|hướng dẫn|quy định|thông báo|lịch|văn bản|chương trình"
    r"|quyết định|công văn|chỉ đạo|tiến độ|khung)\b.*"
)
_AFTER_OTHER = re.compile(r"(?:ngay )?sau (?:khi|đợt|lần|vòng|kết quả|hội nghị|thời điểm)\b[^0-9]*(?:[0-9]{1,2}|[ivx]{1,4})?[^0-9]*")
_WINDOW = re.compile(
    r"không (?:sớm|trước) hơn (?P<max>[0-9]{1,3}) ngày(?:,| và)* không (?:muộn|chậm|quá) hơn (?P<min>[0-9]{1,3}) ngày"
    r"(?: (?:trước|tính đến|kể đến|so với).*)?"
)
_SPAN = re.compile(
    r"(?:(?:trong vòng|trong thời hạn|trong thời gian|trong|sau|tối đa|không quá|không vượt quá|có giá trị|thời hạn|là|chậm nhất)[ ,]+)*"
    r"(?P<value>[0-9]{1,4})(?: \([^()]*\))? (?P<unit>ngày làm việc|ngày|tháng)(?:,? (?:kể từ|tính từ|kể|từ|sau|tính)\b.*)?"
)
_HOUR = re.compile(
    r"(?P<word>vào lúc|vào hồi|vào|lúc|hồi|từ|trước|đến hết|đến trước|đến)? ?"
    r"(?P<h>[0-9]{1,2})(?: giờ| ?h|:(?=[0-9]))(?: ?(?P<m>[0-9]{2})(?: phút)?)?,? (?P<day>.+)"
)
_ORIENTATION = re.compile(r"(?:và |có )?(?:định hướng|tầm nhìn|hướng (?:tới|đến))(?: đến)?(?: năm)? (?P<year>[0-9]{4})")
_PERIOD = re.compile(
    r"(?:trong )?(?:(?:cả )?giai đoạn|thời kỳ|nhiệm kỳ|từ|các năm)?(?: từ)?(?: năm)? ?"
    r"(?P<y1>[0-9]{4})(?: ?- ?| đến )(?:hết )?(?:năm )?(?P<y2>[0-9]{4})"
)
_NOW = re.compile(
    r"từ (?:nay|khi (?:ban hành|ký)|ngày (?:ban hành|ký)(?: (?:kế hoạch|ban hành|văn bản)(?: này)?)?)(?: cho)?,? "
    r"(?P<rest>(?:đến|tới|trước|hết)\b.+)"
)
_SUFFIX = re.compile(r" (?:trở đi|trở về sau)$")
_INTERVAL = re.compile(
    r"(?:(?:trong|vào) )?(?:khoảng )?(?:thời gian )?(?P<from>(?:bắt đầu )?(?:kể )?từ )?(?P<first>[^,;]+?)"
    r"(?: cho đến| đến| tới|(?P<dash> - |(?<=[0-9ivx])-(?=[0-9nqtivx]))|(?P<list>, ?| và | ?& ?))"
    r"(?: (?P<hedge>hết|trước))? ?(?P<last>.+)"
)
_SPACED = re.compile(
    r"(?:(?:trong|vào) )?(?:thời gian )?(?P<from>(?:bắt đầu )?(?:kể )?từ )?(?P<first>.+?)"
    r"(?: cho đến| đến| tới| -)(?: (?P<hedge>hết|trước))? ?(?P<last>.+)"
)
_BARE_NUMBER = re.compile(r"(?:(?P<word>ngày|tháng|quý) )?(?P<number>[0-9]{1,2}|[ivx]{1,4})")
_WORDS = {"ngày": Stretch.DAY, "tháng": Stretch.MONTH, "quý": Stretch.QUARTER}
_NOUN = re.compile("tháng|quý")
_PREPOSITIONS = re.compile(
    r"(?P<before>(?:(?:cho )?đến |tới |từ )?trước(?: (?=[0-9nqtđgc]))?)"
    r"|(?P<whole>(?:(?:cho )?(?:đến|tới) )?hết(?: (?:24 ?giờ|24 ?h(?:00)?),?)?|(?:cho )?đến (?:24 giờ|24h(?:00)?),?)"
    r"|(?P<until>(?:cho )?(?:đến|tới))"
    r"|(?P<after>(?:kể từ )?sau)"
    r"|(?P<since>(?:bắt đầu )?(?:kể )?từ|bắt đầu(?: vào)?)"
    r"|(?P<within>(?:ngay |suốt )?trong(?: suốt)?|vào)"
)
_UNITS = {"ngày làm việc": Unit.WORKING_DAY, "ngày": Unit.DAY, "tháng": Unit.MONTH}
_CLOCK_KINDS = {Unit.WORKING_DAY: Kind.WORKING_DAYS_FROM_EVENT, Unit.DAY: Kind.DAYS_FROM_EVENT, Unit.MONTH: Kind.MONTHS_FROM_EVENT}
_BEFORE = {
    Stretch.DAY: Kind.BEFORE_DAY,
    Stretch.MONTH: Kind.BEFORE_MONTH,
    Stretch.QUARTER: Kind.BEFORE_QUARTER,
    Stretch.HALF: Kind.BEFORE_HALF,
    Stretch.YEAR: Kind.BEFORE_YEAR,
}
_TO_END = {
    Stretch.DAY: Kind.TO_END_OF_DAY,
    Stretch.MONTH: Kind.TO_END_OF_MONTH,
    Stretch.QUARTER: Kind.TO_END_OF_QUARTER,
    Stretch.HALF: Kind.TO_END_OF_HALF,
    Stretch.YEAR: Kind.TO_END_OF_YEAR,
}
_UNTIL = _TO_END | {Stretch.DAY: Kind.UNTIL_DAY, Stretch.YEAR: Kind.TO_YEAR}
_WITHIN = {
    Stretch.DAY: Kind.ON_DAY,
    Stretch.MONTH: Kind.IN_MONTH,
    Stretch.QUARTER: Kind.IN_QUARTER,
    Stretch.HALF: Kind.IN_HALF,
    Stretch.YEAR: Kind.WHOLE_YEAR,
}
_SINCE = {Stretch.DAY: Kind.FROM_DAY, Stretch.MONTH: Kind.FROM_MONTH, Stretch.QUARTER: Kind.FROM_QUARTER, Stretch.YEAR: Kind.FROM_YEAR}
_INTERVALS = {
    Stretch.DAY: Kind.INTERVAL_DAYS,
    Stretch.MONTH: Kind.INTERVAL_MONTHS,
    Stretch.QUARTER: Kind.INTERVAL_QUARTERS,
    Stretch.YEAR: Kind.PERIOD_OF_YEARS,
}
_EDGES = {
    (Stretch.MONTH, Edge.START): Kind.TO_START_OF_MONTH,
    (Stretch.MONTH, Edge.MIDDLE): Kind.TO_MID_MONTH,
    (Stretch.YEAR, Edge.START): Kind.TO_START_OF_YEAR,
    (Stretch.YEAR, Edge.MIDDLE): Kind.TO_MID_YEAR,
}
_FULL_DAY = timedelta(hours=24)
_MINUTES = 60


def find(bare: Bare) -> Found | None:
    """The reading of stripped words, or None. Raises NoSuchDate where they name a date that does not exist."""
    text = bare.text
    if not text:
        return Found(kind=Kind.YEARLY_NO_DATE) if bare.yearly else None
    return _dateless(text) or _clock(text) or _hour(bare) or _horizon(text) or _now(bare) or _single(bare) or _interval(text)


def _dateless(text: str) -> Found | None:
    for pattern, kind in (
        (_YEARLY, Kind.YEARLY_NO_DATE),
        (_CONTINUOUS, Kind.CONTINUOUS),
        (_BY_OTHER, Kind.BY_OTHER_DOCUMENT),
        (_AFTER_OTHER, Kind.AFTER_OTHER_DEADLINE),
    ):
        if pattern.fullmatch(text):
            return Found(kind=kind)
    return None


def _clock(text: str) -> Found | None:
    if match := _WINDOW.fullmatch(text):
        return Found(kind=Kind.WINDOW_BEFORE_EXPIRY, window=(int(match["max"]), int(match["min"])))
    if (match := _SPAN.fullmatch(text)) and int(match["value"]) > 0:
        unit = _UNITS[match["unit"]]
        return Found(kind=_CLOCK_KINDS[unit], span=Span(int(match["value"]), unit))
    return None


def _hour(bare: Bare) -> Found | None:
    match = _HOUR.fullmatch(bare.text)
    point = read_point(match["day"]) if match else None
    if match is None or point is None or point.stretch is not Stretch.DAY:
        return None
    at = timedelta(hours=int(match["h"]), minutes=int(match["m"] or 0))
    word = match["word"] or ""
    if at > _FULL_DAY or int(match["m"] or 0) >= _MINUTES:
        return None
    if at == _FULL_DAY:
        return Found(kind=Kind.TO_END_OF_DAY, reach=Reach(last=point))
    ends = word.startswith(("trước", "đến")) or (not word and (bare.limit or bare.done))
    return Found(kind=Kind.BEFORE_HOUR if ends else Kind.AT_HOUR, reach=Reach(last=point, at=at, to_hour=ends, excluded=ends))


def _horizon(text: str) -> Found | None:
    if match := _ORIENTATION.fullmatch(text):
        return Found(kind=Kind.ORIENTATION_TO_YEAR, reach=Reach(last=read_point(match["year"])))
    if match := _PERIOD.fullmatch(text):
        return Found(kind=Kind.PERIOD_OF_YEARS, reach=Reach(first=read_point(match["y1"]), last=read_point(match["y2"])))
    return None


def _now(bare: Bare) -> Found | None:
    match = _NOW.fullmatch(bare.text)
    found = _single(Bare(text=match["rest"])) if match else None
    if found is None:
        return None
    kind = Kind.FROM_NOW_TO_YEAR if found.kind is Kind.TO_YEAR else found.kind
    return Found(kind=kind, reach=found.reach, vague=found.vague, open_start=True)


def _single(bare: Bare) -> Found | None:
    text = _SUFFIX.sub("", bare.text)
    match = _PREPOSITIONS.match(text)
    preposition = match.lastgroup if match else None
    rest = text[match.end() :].lstrip(" ,") if match else text
    point = read_point(rest)
    if point is None:
        return None
    if preposition in {"since", "after"}:
        kind = _SINCE.get(point.stretch)
        return Found(kind=kind, reach=Reach(first=point, first_excluded=preposition == "after")) if kind else None
    if preposition in {None, "within"} and bare.limit:
        preposition = "until"  # "chậm nhất vào ngày 10/7": a last day, not a first one.
    if preposition is None and bare.done and point.stretch is Stretch.DAY:
        preposition = "until"
    return _ended(preposition, point)


def _ended(preposition: str | None, point: Point) -> Found:
    """A phrase that ends before, with or within one point."""
    if preposition == "before":
        # "trước cuối tháng 6" is strict about a day that people rarely mean strictly, so it asks.
        kind = Kind.BEFORE_DAY if point.edge else _BEFORE[point.stretch]
        return Found(kind=kind, reach=Reach(last=point, excluded=True), vague=point.edge is not None)
    if point.edge is not None:
        kind = _EDGES.get((point.stretch, point.edge)) or _TO_END[point.stretch]
        return Found(kind=kind, reach=Reach(last=point), vague=point.edge is Edge.START)
    if preposition in {"whole", "until"}:
        kinds = _TO_END if preposition == "whole" else _UNTIL
        return Found(kind=kinds[point.stretch], reach=Reach(last=point))
    return Found(kind=_WITHIN[point.stretch], reach=Reach(first=point, last=point))


def _interval(text: str) -> Found | None:
    # The second pattern is for "từ 10-7-2021 - 30-7-2021", where the dash inside a date is not the one between two.
    for pattern in (_INTERVAL, _SPACED):
        match = pattern.fullmatch(text)
        last = _last_point(match["first"], match["last"]) if match else None
        if match is not None and last is not None and last.edge is not Edge.START:
            break
    else:
        return None
    first, same_month = _first_point(match["first"].strip(), last)
    if first is None or (match.groupdict().get("list") and not _adjacent(first, last)):
        return None
    if last.year is None and first.year is not None:
        last = replace(last, year=first.year)
    whole = first.stretch is last.stretch and not (first.edge or last.edge)
    kind = _INTERVALS.get(first.stretch if whole else Stretch.DAY)
    if kind is None:
        return None
    return Found(kind=kind, reach=Reach(first=first, last=last, excluded=match["hedge"] == "trước", same_month=same_month))


def _last_point(first: str, last: str) -> Point | None:
    """The end of an interval; "quý II-III/2020" says its noun only once."""
    noun = _NOUN.match(first)
    return read_point(last) or (read_point(f"{noun[0]} {last}") if noun else None)


def _first_point(text: str, last: Point) -> tuple[Point | None, bool]:
    """The beginning of an interval; a bare number takes what it leaves unsaid from the end."""
    match = _BARE_NUMBER.fullmatch(text)
    if match is None:
        return read_point(text), False
    stretch = _WORDS.get(match["word"] or "", last.stretch)
    if stretch is Stretch.DAY and last.stretch is Stretch.DAY and match["number"].isdecimal():
        return Point(Stretch.DAY, last.year, last.month, int(match["number"])), True
    if stretch is Stretch.MONTH and match["number"].isdecimal():
        return read_point(f"tháng {match['number']}"), False
    if stretch is Stretch.QUARTER:
        return read_point(f"quý {number(match['number'])}"), False
    return None, False


def _adjacent(first: Point, last: Point) -> bool:
    """Whether a list of two months or quarters names neighbours, so that it is one stretch."""
    length = {Stretch.MONTH: 1, Stretch.QUARTER: 3}.get(first.stretch)
    return length is not None and first.stretch is last.stretch and last.month - first.month == length
