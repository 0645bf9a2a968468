"""Fields of an event's payload as controls of a form, and what came back as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.pages.frame import Form, capital
from states.chart import Rule
from states.errors import Problem
from states.forms import PAPER
from states.payload import Field, Kind
from states.vocabulary import Stage
from states.words import Words

PREFIX = "f."
_FEW = 4
_NAMES = ("_signer", "giver")
"""Texts that are names, so one line."""

_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "textarea", Kind.CODE: "text", Kind.INTEGER: "number", Kind.SCORE: "score", Kind.FIGURE: "score", Kind.DATE: "date",
    Kind.FLAG: "flag", Kind.CHOICES: "checks",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Control:
    """A field on a page.

    Attributes:
        name: As it is sent.
        kind: ``text``, ``textarea``, ``number``, ``score``, ``date``, ``flag``, ``checks``, ``radios`` or ``select``.
        given: What was typed, also where it cannot be read.
        problems: What is wrong with it, in words.
    """

    name: str
    label: str
    kind: str
    required: bool
    options: tuple[tuple[str, str], ...] = ()
    low: int | None = None
    high: int | None = None
    given: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Typed:
    """What somebody typed: values by field, texts as they were, and what cannot be read."""

    values: dict[str, object] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def controls(rule: Rule, said: Words, typed: Typed) -> list[Control]:
    """The fields of a rule as controls."""
    return [control(each, said, typed) for each in rule.payload]


def paper_controls(rule: Rule, said: Words, typed: Typed) -> list[Control]:
    """What an act that was done on paper names beside, where the event asks for no document of its own."""
    names = {each.name for each in rule.payload}
    own = any(name.endswith("_no") and f"{name.removesuffix('_no')}_date" in names for name in names)
    return [] if own else [control(each, said, typed, optional=True) for each in PAPER]


def control(each: Field, said: Words, typed: Typed, *, optional: bool = False) -> Control:
    """A field as a control."""
    kind = "text" if each.name.endswith(_NAMES) else _TYPES.get(each.kind) or ("radios" if len(each.options) <= _FEW else "select")
    problems = tuple(said.problem_text(p) for p in typed.problems if p.pointer == f"/{each.name}")
    numbered = each.kind is Kind.INTEGER
    return Control(
        name=PREFIX + each.name,
        label=capital(said.label("field", each.name)),
        kind=kind,
        required=each.required and not optional,
        options=tuple((value, _option(value, said)) for value in each.options),
        low=each.low if numbered else None,
        high=each.high if numbered else None,
        given=typed.texts.get(each.name, ()),
        problems=problems,
    )


def _option(value: str, said: Words) -> str:
    return said.stage(value) if value in set(Stage) else said.label("option", value)


def read(rule: Rule, form: Form) -> Typed:
    """What came back for a rule's fields; a field that is none of the rule's is reported."""
    typed = Typed()
    known = {each.name: each for each in (*PAPER, *rule.payload)}
    for sent in form.names():
        if not sent.startswith(PREFIX):
            continue
        name = sent.removeprefix(PREFIX)
        if name not in known:
            typed.problems.append(Problem(f"/{name}", "unknown_field", {"known": ", ".join(known)}))
            continue
        _read_one(known[name], form, typed)
    return typed


def _read_one(each: Field, form: Form, typed: Typed) -> None:
    sent = PREFIX + each.name
    if each.kind is Kind.CHOICES:
        chosen = form.all(sent)
        typed.texts[each.name] = tuple(chosen)
        if chosen:
            typed.values[each.name] = chosen
        return
    text = form.one(sent)
    if text is None:
        return
    typed.texts[each.name] = (text,)
    try:
        typed.values[each.name] = each.from_text(text)
    except ValueError as error:
        typed.problems.append(Problem(f"/{each.name}", str(error)))


def beside(typed: Typed, rule: Rule, said: Words) -> list[str]:
    """Problems that belong to no control, in words."""
    shown = {f"/{each.name}" for each in (*(PAPER if rule.paper else ()), *rule.payload)} | {"/reason", "/acted_on"}
    return [said.problem(problem) for problem in typed.problems if problem.pointer not in shown]


def problems_at(typed: Typed, pointer: str, said: Words) -> list[str]:
    """Problems of one place, in words."""
    return [said.problem_text(problem) for problem in typed.problems if problem.pointer == pointer]
