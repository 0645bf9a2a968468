"""Values that are filled quickly behave as any frozen dataclass does."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace
from typing import Any

import pytest

from states.values import quickly


@dataclass(frozen=True, slots=True)
class Plain:
    """As the standard library makes it."""

    first: int
    second: str = "two"
    third: list[int] = field(default_factory=list)
    fourth: dict[str, int] = field(default_factory=dict, hash=False, kw_only=True)


@quickly
@dataclass(frozen=True, slots=True)
class Quick:
    """The same, quickly."""

    first: int
    second: str = "two"
    third: list[int] = field(default_factory=list)
    fourth: dict[str, int] = field(default_factory=dict, hash=False, kw_only=True)


GIVEN: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, "b"), {}),
    ((1, "b", [3]), {"fourth": {"x": 1}}),
    ((), {"first": 1, "second": "b"}),
    ((), {"fourth": {"x": 1}, "first": 1}),
]


@pytest.mark.parametrize(("positional", "named"), GIVEN)
def test_it_is_filled_as_any_dataclass(positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    plain, quick = Plain(*positional, **named), Quick(*positional, **named)
    assert asdict(quick) == asdict(plain)
    assert repr(quick) == repr(plain).replace("Plain", "Quick")
    assert type(quick) is Quick


@pytest.mark.parametrize(("positional", "named"), [((), {}), ((1, 2, 3, 4), {}), ((1,), {"first": 1}), ((1,), {"fifth": 5})])
def test_it_refuses_what_any_dataclass_refuses_and_with_the_same_words(positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError) as plain:
        Plain(*positional, **named)
    with pytest.raises(TypeError) as quick:
        Quick(*positional, **named)
    assert str(quick.value) == str(plain.value).replace("Plain", "Quick")


def test_its_signature_is_that_of_the_dataclass() -> None:
    assert str(inspect.signature(Quick)) == str(inspect.signature(Plain))


def test_nothing_can_be_changed_added_or_taken_away() -> None:
    value = Quick(1)
    with pytest.raises(FrozenInstanceError):
        value.first = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del value.first
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        value.other = 2  # type: ignore[attr-defined]
    assert value == Quick(1)


def test_what_is_made_by_default_is_made_for_each() -> None:
    one, other = Quick(1), Quick(1)
    one.third.append(1)
    one.fourth["x"] = 1
    assert (other.third, other.fourth) == ([], {})


def test_values_are_equal_replaced_copied_and_pickled() -> None:
    value = Quick(1, "b", [3], fourth={"x": 1})
    assert value == Quick(1, "b", [3], fourth={"x": 1})
    assert value != Quick(2, "b", [3], fourth={"x": 1})
    assert replace(value, first=2) == Quick(2, "b", [3], fourth={"x": 1})
    for same in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301 - our own
        assert same == value
        assert type(same) is Quick
        with pytest.raises(FrozenInstanceError):
            same.first = 2  # type: ignore[misc]


def test_a_value_is_hashed_by_its_fields() -> None:
    assert hash(Quick(1, "b", (), fourth={"x": 1})) == hash(Quick(1, "b", (), fourth={"x": 2}))  # type: ignore[arg-type]


def test_a_class_of_another_make_is_refused() -> None:
    @dataclass(slots=True)
    class Open:
        first: int

    @dataclass(frozen=True)
    class Loose:
        first: int

    @dataclass(frozen=True, slots=True)
    class Busy:
        first: int

        def __post_init__(self) -> None:
            """Has something to do."""

    @dataclass(frozen=True, slots=True)
    class Heir(Plain):
        fifth: int = 0

    for kind in (Open, Loose, Busy, Heir):
        with pytest.raises(TypeError, match=kind.__name__):
            quickly(kind)
