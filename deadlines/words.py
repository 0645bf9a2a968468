"""The words around a date in Vietnamese administrative prose: normalised, and taken off one by one.

Plans pile words up ("dự kiến hoàn thành xong chậm nhất …"). Each says something: "dự kiến" that the date is expected rather than
ordered, "chậm nhất" that the named day itself still counts, "đợt 1" which round is meant. What is left is the date.
"""

import re
import unicodedata
from dataclasses import dataclass

from states.errors import MalformedInput

PHRASE_LIMIT = 500
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_SPELLINGS = (("quí", "quý"), ("hòan", "hoàn"), ("hằng", "hàng"), ("mồng", "mùng"))

_SOFT = ("dự kiến", "phấn đấu", "dự tính", "ước tính", "cố gắng", "mục tiêu")
_VAGUE = ("khoảng",)
_DONE = ("hoàn thành xong", "hoàn thành", "hoàn tất", "kết thúc", "xong")
_LIMIT = (
    "chậm nhất là",
    "chậm nhất",
    "muộn nhất là",
    "muộn nhất",
    "không chậm hơn",
    "không muộn hơn",
    "không quá",
    "hạn cuối cùng",
    "hạn cuối",
    "hạn chót",
)
_PLAIN = (
    "thời gian hoàn thành",
    "thời gian thực hiện",
    "thời gian đánh giá",
    "thời gian tổ chức",
    "thời hạn hoàn thành",
    "thời gian",
    "thời hạn",
    "thời điểm",
    "đánh giá, phân hạng",
    "đánh giá",
    "phân hạng",
    "tổ chức",
    "tiếp nhận hồ sơ",
    "nhận hồ sơ",
    "nộp hồ sơ",
    "gửi hồ sơ",
    "về tỉnh",
    "về huyện",
    "thực hiện",
    "triển khai",
    "tiến hành",
    "báo cáo",
    "đảm bảo",
    "bảo đảm",
    "yêu cầu",
    "cụ thể",
    "hạn",
    "phải",
    "cần",
    "là",
    "cấp xã",
    "cấp huyện",
    "cấp tỉnh",
    "cấp trung ương",
    "cấp quốc gia",
    "trung ương",
)
_NUMBER = r"(?:0?[1-9]|[1-9][0-9]|[ivx]{1,4})"


def _any(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_NAMED_ROUNDS = rf"(?:đợt|lần|vòng) (?:thứ )?(?P<rounds>{_NUMBER}(?:(?:, ?| và | ?\+ ?| ?& ?)(?:đợt |lần |vòng )?{_NUMBER})*)"
_LEADING = re.compile(
    rf"(?:(?P<soft>{_any(_SOFT)})|(?P<vague>{_any(_VAGUE)})|(?P<done>{_any(_DONE)})|(?P<limit>{_any(_LIMIT)})|(?P<plain>{_any(_PLAIN)})"
    rf"|{_NAMED_ROUNDS})(?![\w/])[ ,:;-]*"
)
# A round after a date belongs to it; one after other words ("sau đợt 1") is part of them. It begins where the gap begins: to begin
# anywhere within would take as many tries as the gap is long, each as long as the gap.
_TRAILING = re.compile(
    r"(?<![ ,])[ ,]*(?:(?P<yearly>\(?(?:hàng|mỗi) năm\)?)|(?P<soft>\((?:dự kiến|tạm tính)\))|(?P<limit>\(?là (?:chậm|muộn) nhất\)?)"
    r"|(?P<done>(?:phải )?(?:hoàn thành|xong))|(?P<rest>[.;,:]+)"
    rf"|(?:(?<=[0-9] )|(?<=[0-9], ))\(?(?:(?:đối với|cho|của) )?{_NAMED_ROUNDS}\)?)$"
)
_ROUND = re.compile(rf"(?<!\w){_NUMBER}(?!\w)")
_ROMAN = {"i": 1, "v": 5, "x": 10}


class PhraseMalformed(MalformedInput):
    """A date phrase that is no line of text. Detail: ``why`` (``control_character``, ``too_long``, ``empty``), ``limit`` or ``at``."""

    code = "phrase_malformed"


@dataclass(frozen=True, slots=True)
class Bare:
    """A phrase without the words around its date.

    Attributes:
        text: What is left: lower case, NFC, single spaces.
        firm: False where the phrase says "dự kiến", "phấn đấu" or the like.
        limit: True after "chậm nhất" and its kin: a bare date is then the last day.
        done: True after "hoàn thành", "xong".
        vague: True after "khoảng".
        yearly: True where the phrase ends in "hàng năm".
        rounds: Numbers of rounds the phrase names.
    """

    text: str
    firm: bool = True
    limit: bool = False
    done: bool = False
    vague: bool = False
    yearly: bool = False
    rounds: tuple[int, ...] = ()


def normalise(phrase: str) -> str:
    """Lower case, NFC, one kind of dash, single spaces, one spelling of words that have two.

    Raises:
        PhraseMalformed: A control, format or unassigned character, more than 500 characters, or nothing but spaces.
    """
    if len(phrase) > PHRASE_LIMIT:
        raise PhraseMalformed(why="too_long", limit=PHRASE_LIMIT)
    if not phrase.isprintable():
        for at, character in enumerate(phrase):
            if unicodedata.category(character) in _REFUSED_CATEGORIES:
                raise PhraseMalformed(why="control_character", at=at)
    text = " ".join(unicodedata.normalize("NFC", phrase).lower().translate(_DASHES).split())
    if not text:
        raise PhraseMalformed(why="empty")
    for variant, usual in _SPELLINGS:
        text = text.replace(variant, usual)
    return text


def strip_words(text: str) -> Bare:
    """Take off the leading and trailing words of a normalised phrase."""
    seen: set[str] = set()
    rounds: list[int] = []

    def take(match: re.Match[str]) -> None:
        seen.add(str(match.lastgroup))
        if match["rounds"]:
            rounds.extend(number(found) for found in _ROUND.findall(match["rounds"]))

    text = _unwrapped(text)
    while (match := _TRAILING.search(text)) and match.start() > 0:
        take(match)
        text = text[: match.start()]
    while match := _LEADING.match(text):
        take(match)
        text = _unwrapped(text[match.end() :])
    return Bare(
        text=text,
        firm="soft" not in seen,
        limit="limit" in seen,
        done="done" in seen,
        vague="vague" in seen,
        yearly="yearly" in seen,
        rounds=tuple(rounds),
    )


def _unwrapped(text: str) -> str:
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def number(figures: str) -> int:
    """The value of an Arabic or a small Roman number in lower case; Roman numbers are read by the subtractive rule."""
    if figures.isdecimal():
        return int(figures)
    values = [_ROMAN[letter] for letter in figures]
    return sum(-value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True))
