"""No regular expression of the product takes long over any text, however it was made for that."""

import re
import time
from typing import Any

import pytest

from api.pages import reading
from deadlines.words import PHRASE_LIMIT, PhraseMalformed, normalise
from tests.support.patterns import LENGTH, Found, every_pattern, worst_texts

FOUND = list(every_pattern())
SECONDS = 0.05
SHORTER = {
    **dict.fromkeys(("deadlines/grammar.py", "deadlines/points.py", "deadlines/words.py"), PHRASE_LIMIT),
    "api/pages/reading.py": reading.LONGEST,
}
"""Where no text is longer: who reads a phrase of a plan, or a day, refuses a longer one before any expression sees it."""


def slowest(pattern: re.Pattern[Any], methods: frozenset[str], length: int = LENGTH) -> tuple[float, str, Any]:
    """The longest time of all texts, in processor seconds, and what took it."""
    worst: tuple[float, str, Any] = (0.0, "", "")
    for text in worst_texts(pattern, length):
        for method in sorted(methods):
            given = ("" if isinstance(text, str) else b"", text) if method in {"sub", "subn"} else (text,)
            took = []
            # One that is really slow is slow each time; another process may hold this one up once.
            for _ in range(3):
                began = time.process_time()
                found = getattr(pattern, method)(*given)
                if method == "finditer":
                    sum(1 for _ in found)
                took.append(time.process_time() - began)
                if took[-1] <= SECONDS:
                    break
            worst = max(worst, (min(took), method, text[:40]), key=lambda each: each[0])
            if worst[0] > SECONDS:
                return worst
    return worst


def test_they_were_found():
    assert len(FOUND) > 60
    assert len({found.where.partition("/")[0] for found in FOUND}) == 5


@pytest.mark.parametrize("found", FOUND, ids=[found.where for found in FOUND])
def test_no_text_of_fifty_thousand_signs_takes_longer_than_fifty_milliseconds(found: Found):
    length = SHORTER.get(found.where.partition(":")[0], LENGTH)
    took = slowest(found.pattern, found.methods, length)
    assert took[0] <= SECONDS, (found, took)


@pytest.mark.parametrize("sign", ["a", "1", " ", "theo kế hoạch ", "đến ", "-", "từ "])
def test_a_phrase_that_is_too_long_is_refused_before_any_expression_sees_it(sign: str):
    began = time.process_time()
    with pytest.raises(PhraseMalformed, match="phrase_malformed"):
        normalise((sign * LENGTH)[:LENGTH])
    assert time.process_time() - began <= SECONDS


@pytest.mark.parametrize("sign", ["1", " ", "1 ", "/", "1/"])
def test_a_day_that_is_too_long_is_refused_before_any_expression_sees_it(sign: str):
    began = time.process_time()
    for read in (reading.day_of, reading.instant_of):
        with pytest.raises(ValueError, match="not_a"):
            read("1" + sign * LENGTH + "x")
    assert time.process_time() - began <= SECONDS


@pytest.mark.parametrize(
    ("bad", "method", "length"),
    [(r"(a+)+b", "search", 24), (r"(\w+|\d+)*!", "fullmatch", 24), (r"\s+$", "search", 10_000), (r"(x+x+)+y", "match", 24)],
)
def test_a_bad_one_would_be_seen(bad: str, method: str, length: int):
    """On shorter texts, or this would be the last test."""
    assert slowest(re.compile(bad), frozenset({method}), length)[0] > SECONDS
