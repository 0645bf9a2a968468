"""Fields of an event's payload as controls of a form, and what came back as values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from api.pages.coded import Lists
from api.pages.frame import Form, Said, capital
from api.pages.reading import day_of
from states.chart import Rule
from states.errors import Problem
from states.forms import PAPER
from states.payload import Field, Kind, read_figure, read_score
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
_OWN_WORDS = frozenset({"not_a_date", "not_a_code", "not_an_instant", "required", "not_an_integer", "out_of_range", "empty"})
"""Problems that a page says with an example of how to type it."""


@dataclass(frozen=True, slots=True)
class Control:
    """A field on a page.

    Attributes:
        name: As it is sent.
        id: Of its element; where the summary of problems leads.
        kind: ``text``, ``textarea``, ``number``, ``score``, ``date``, ``flag``, ``checks``, ``radios`` or ``select``.
        otherwise: What the empty choice of a list says; None where it asks for one.
        given: What was typed, also where it cannot be read.
        problems: What is wrong with it, in words.
    """

    name: str
    id: str
    label: str
    kind: str
    required: bool
    options: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None
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


class Sheet:
    """Makes the controls of a form, in one language."""

    def __init__(self, said: Words, t: Said, typed: Typed, lists: Lists) -> None:
        """Fill in what was typed; coded fields choose from lists."""
        self._said = said
        self._t = t
        self._typed = typed
        self._lists = lists

    def controls(self, fields: Iterable[Field], prefix: str = "", *, optional: bool = False) -> list[Control]:
        """Fields as controls."""
        return [self.control(each, prefix, optional=optional) for each in fields]

    def control(self, each: Field, prefix: str = "", *, optional: bool = False) -> Control:
        """A field as a control."""
        given = self._typed.texts.get(each.name, ())
        listed = self._lists.get(each.name)
        kind = "text" if each.name.endswith(_NAMES) else _TYPES.get(each.kind) or ("radios" if len(each.options) <= _FEW else "select")
        options = tuple((value, option(value, self._said)) for value in each.options)
        otherwise = None
        if listed is not None:
            # A code that was typed before, and is no choice any more, stays for its sender to see.
            known = {value for value, _ in listed}
            options = (*listed, *((value, value) for value in given if value and value not in known))
            kind = "select"
            otherwise = None if each.required else self._t(f"coded.none.{each.name}" if options else f"coded.nothing.{each.name}")
        numbered = each.kind is Kind.INTEGER
        return Control(
            name=PREFIX + each.name,
            id=f"{prefix}{PREFIX}{each.name}".replace(".", "-"),
            label=capital(self._said.label("field", each.name)),
            kind=kind,
            required=each.required and not optional,
            options=options,
            otherwise=otherwise,
            low=each.low if numbered else None,
            high=each.high if numbered else None,
            given=given,
            problems=tuple(self.text(p, each) for p in self._typed.problems if p.pointer == f"/{each.name}"),
        )

    def text(self, problem: Problem, each: Field | None = None) -> str:
        """The words of a problem at its field."""
        if problem.code not in _OWN_WORDS:
            return capital(self._said.problem_text(problem)) + "."
        if problem.code in {"not_an_integer", "out_of_range"}:
            if each is None or each.kind is not Kind.INTEGER:
                return capital(self._said.problem_text(problem)) + "."
            return self._t("problem.number", low=each.low, high=f"{each.high:,}".replace(",", "." if self._said.language == "vi" else ","))
        return self._t(f"problem.{problem.code}")

    def at(self, pointer: str) -> list[str]:
        """Problems of one place, in words."""
        return [self.text(problem) for problem in self._typed.problems if problem.pointer == pointer]

    def beside(self, shown: Iterable[str]) -> list[str]:
        """Problems that belong to no control, in words."""
        known = {f"/{name}" for name in shown} | {"/reason", "/acted_on"}
        return [self._said.problem(problem) for problem in self._typed.problems if problem.pointer not in known]


def paper_fields(rule: Rule) -> tuple[Field, ...]:
    """What an act that was done on paper names beside, where the event asks for no document of its own."""
    names = {each.name for each in rule.payload}
    own = any(name.endswith("_no") and f"{name.removesuffix('_no')}_date" in names for name in names)
    return PAPER if rule.paper and not own else ()


def option(value: str, said: Words) -> str:
    """A choice in words."""
    return said.stage(value) if value in set(Stage) else said.label("option", value)


def read(fields: Iterable[Field], form: Form) -> Typed:
    """What came back for some fields; a field that is none of them is reported."""
    typed = Typed()
    known = {each.name: each for each in fields}
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
        typed.values[each.name] = day_of(text).isoformat() if each.kind is Kind.DATE else each.from_text(text)
    except ValueError as error:
        typed.problems.append(Problem(f"/{each.name}", str(error)))


def told(fields: Iterable[Field], typed: Typed, said: Words, lists: Lists) -> list[tuple[str, str]]:
    """What was understood, field by field in words, to be looked over before it is written."""
    return [
        (capital(said.label("field", each.name)), _value(each, typed.values[each.name], said, lists))
        for each in fields
        if each.name in typed.values
    ]


def _value(each: Field, value: object, said: Words, lists: Lists) -> str:
    names = dict(lists.get(each.name, ()))
    if isinstance(value, list):
        return "; ".join(option(str(one), said) for one in value)
    text = str(value)
    if each.kind is Kind.DATE:
        return said.day(date.fromisoformat(text))
    if each.kind in {Kind.SCORE, Kind.FIGURE}:
        return _number(each, text, said)
    return names.get(text) or (option(text, said) if each.options else said.say(value))


def _number(each: Field, text: str, said: Words) -> str:
    try:
        exact = read_score(text) if each.kind is Kind.SCORE else read_figure(text)
    except ValueError:
        return text
    return said.number(exact)
