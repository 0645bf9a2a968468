"""Search keys and stored instants, without a database."""

from datetime import UTC, datetime, timedelta, timezone
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.errors import MalformedInput
from workflow.store.text import fold
from workflow.store.types import from_micros, to_micros

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("text", "key"), [("Đà Lạt", "da lat"), ("ƯỚC", "uoc"), ("Nguyễn Thị Thuỷ", "nguyen thi thuy"), ("straße", "strasse"), ("", "")]
)
def test_marks_case_and_the_barred_d_are_folded(text: str, key: str) -> None:
    assert fold(text) == key


@given(st.text())
def test_composed_and_decomposed_spellings_have_one_key(text: str) -> None:
    assert fold(normalize("NFD", text)) == fold(normalize("NFC", text))


@given(st.datetimes(timezones=ZONES, allow_imaginary=False))
def test_an_instant_survives_with_every_microsecond(instant: datetime) -> None:
    kept = from_micros(to_micros(instant))
    assert kept == instant
    assert kept.tzinfo is UTC


def test_a_time_without_zone_is_no_instant() -> None:
    with pytest.raises(MalformedInput, match="instant_without_zone"):
        to_micros(datetime(2026, 1, 1))  # noqa: DTZ001 the point of the test
