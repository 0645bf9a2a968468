from enum import Enum
from typing import Any
from unicodedata import normalize

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from states.errors import CycleError
from states.vocabulary import CaseState, Stars
from workflow.ledger.canonical import MAX_INTEGER, NotCanonical, canonical

TEXTS = st.text(max_size=12).filter(lambda text: text.isascii() or normalize("NFC", text) == text)
KEYS = st.text(st.characters(max_codepoint=127), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


class Colour(Enum):
    RED = "red"


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@given(VALUES)
def test_the_text_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.text(max_size=8))
def test_a_text_is_written_exactly_if_it_is_nfc(text: str) -> None:
    if normalize("NFC", text) == text:
        assert canonical([text]) == rfc8785.dumps([text])
    else:
        with pytest.raises(NotCanonical):
            canonical([text])


def test_escapes_before_a_combining_mark_are_no_fault() -> None:
    assert canonical("\n\u0303") == b'"\\n\xcc\x83"'  # in the text n and tilde meet, in the string they do not


def test_members_of_enumerations_are_written_as_their_values() -> None:
    assert canonical({"state": CaseState.CERTIFIED, "stars": Stars.FOUR}) == b'{"stars":4,"state":"certified"}'


@pytest.mark.parametrize(
    ("value", "pointer", "problem"),
    [
        (1.0, "", "float"),
        ({"a": [1, {"b/c~": 0.5}]}, "/a/1/b~1c~0", "float"),
        ([float("nan")], "/0", "float"),
        ({1: 2}, "", "key_type"),
        ({"a": {None: 2}}, "/a", "key_type"),
        ({CaseState.CERTIFIED: 2}, "", "key_type"),
        ({"điểm": 2}, "", "key_not_ascii"),
        ({"a": {"é": "ổ"}}, "/a", "key_not_ascii"),
        (2**53, "", "integer_range"),
        ([-(2**53)], "/0", "integer_range"),
        ({"a": 2**70}, "/a", "integer_range"),
        (["ok", "\ud800"], "/1", "surrogate"),
        ({"\ud800": 1}, "", "key_not_ascii"),
        ({"a": "o\u0302\u0309"}, "/a", "not_nfc"),
        ((1, 2), "", "type"),
        ({"a": b"x"}, "/a", "type"),
        ({"a": {1, 2}}, "/a", "type"),
        ([Colour.RED], "/0", "type"),
        (deep(65), "/0" * 64, "too_deep"),
        (deep(5000), "/0" * 64, "too_deep"),
    ],
)
def test_what_has_no_canonical_text_is_refused_with_its_place(value: Any, pointer: str, problem: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical(value)
    assert isinstance(refused.value, CycleError)
    assert refused.value.code == "not_canonical"
    assert refused.value.detail == {"pointer": pointer, "problem": problem}


def test_nesting_up_to_the_limit_is_written() -> None:
    assert canonical(deep(64)) == b"[" * 64 + b"1" + b"]" * 64
