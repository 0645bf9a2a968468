from hashlib import sha256
from unicodedata import normalize

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.ledger.histories import counted_randomness
from workflow.ledger.canonical import NotCanonical
from workflow.ledger.commitments import OpeningDiffers, commit, open_commitments

FIELDS = st.dictionaries(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8),
    st.text(max_size=20).map(lambda text: normalize("NFC", text)),
    max_size=5,
)
SALT = bytes(range(32))


def fault(digests: dict[str, str], opening: str) -> dict[str, object]:
    with pytest.raises(OpeningDiffers) as refused:
        open_commitments(digests, opening)
    assert refused.value.code == "opening_differs"
    return refused.value.detail


def test_a_commitment_is_the_hash_of_prefix_salt_length_name_and_text() -> None:
    digests, opening = commit({"reason": "Thiếu phiếu"}, lambda _: SALT)
    assert digests == {"reason": sha256(b"\x02" + SALT + b"\x00\x00\x00\x06reason" + "Thiếu phiếu".encode()).hexdigest()}
    assert opening == f'{{"reason":["{SALT.hex()}","Thiếu phiếu"]}}'


@given(FIELDS)
def test_what_was_committed_opens_to_itself(fields: dict[str, str]) -> None:
    digests, opening = commit(fields, counted_randomness())
    assert open_commitments(digests, opening) == fields
    assert digests.keys() == fields.keys()


@given(FIELDS, st.data())
def test_a_withheld_field_is_reported_and_the_others_still_open(fields: dict[str, str], data: st.DataObject) -> None:
    digests, opening = commit(fields, counted_randomness())
    withheld = data.draw(st.sets(st.sampled_from(sorted(fields)))) if fields else set()
    shown = {name: pair for name, pair in orjson.loads(opening).items() if name not in withheld}
    expected = {name: None if name in withheld else text for name, text in fields.items()}
    assert open_commitments(digests, orjson.dumps(shown, option=orjson.OPT_SORT_KEYS).decode()) == expected
    assert open_commitments(digests, None) == dict.fromkeys(fields)


def test_the_same_text_twice_has_two_commitments() -> None:
    digests, _ = commit({"a": "x", "b": "x"}, counted_randomness())
    again, _ = commit({"a": "x"}, lambda _: SALT)
    assert len({*digests.values(), *again.values()}) == 3


def test_the_boundary_between_name_and_text_cannot_be_moved() -> None:
    one, _ = commit({"ab": "c"}, lambda _: SALT)
    other, _ = commit({"a": "bc"}, lambda _: SALT)
    assert one["ab"] != other["a"]


def test_the_first_field_that_does_not_fit_is_named() -> None:
    digests, opening = commit({"c": "3", "a": "1", "b": "2"}, counted_randomness())
    pairs = orjson.loads(opening)
    pairs["b"][1] = pairs["c"][1] = "9"
    assert fault(digests, orjson.dumps(pairs).decode()) == {"field": "b", "problem": "differs"}


def test_an_exchanged_salt_does_not_fit() -> None:
    digests, opening = commit({"a": "1"}, lambda _: SALT)
    assert fault(digests, opening.replace("00010203", "00010204")) == {"field": "a", "problem": "differs"}


def test_a_field_that_was_not_committed_to_is_refused() -> None:
    _, opening = commit({"a": "1"}, lambda _: SALT)
    assert fault({}, opening) == {"field": "a", "problem": "unknown_field"}


@pytest.mark.parametrize(
    "opening", ["", "[]", "1", "{", '{"a": 1}', f'{{"a":["{SALT.hex()}","1"],"a":["{SALT.hex()}","2"]}}', '{"a":"\ud800"}']
)
def test_an_opening_that_is_not_canonical_json_is_refused_as_a_whole(opening: str) -> None:
    assert fault({"a": "00"}, opening) == {"field": None, "problem": "malformed"}


@pytest.mark.parametrize("pair", ["x", [], ["00"], ["00", "x"], ["zz" * 32, "x"], [SALT.hex(), 1], [SALT.hex(), "x", "y"], None])
def test_a_pair_of_another_shape_is_named(pair: object) -> None:
    assert fault({"a": "00"}, orjson.dumps({"a": pair}).decode()) == {"field": "a", "problem": "malformed"}


@pytest.mark.parametrize("fields", [{"a": "\ud800"}, {"a": "o\u0302"}, {"điểm": "1"}])
def test_a_text_without_canonical_form_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(NotCanonical):
        commit(fields, lambda _: SALT)


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="asked for 32 random bytes, got 8"):
        commit({"a": "1"}, lambda _: bytes(8))
