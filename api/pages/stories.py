"""Guided stories of a rehearsal: each step is a button, and which steps are done is read from the database."""

import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from api.bootstrap import Runtime
from states.regime import VIETNAM
from states.vocabulary import Event
from workflow.commands import Command

_FILE = Path(__file__).with_name("stories.toml")


class StepKind(StrEnum):
    """What a step does."""

    ACT = "act"
    MOVE = "move"
    LETTER = "letter"
    CASE = "case"


class Progress(StrEnum):
    """How far a step has come."""

    DONE = "done"
    NEXT = "next"
    AHEAD = "ahead"
    PASSED = "passed"
    """The clock or somebody has made it impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One button; ``text``, ``button`` and what there is to say once it is done (``after``) by language."""

    kind: StepKind
    text: Mapping[str, str] = field(hash=False)
    button: Mapping[str, str] = field(hash=False)
    after: Mapping[str, str] = field(default_factory=dict, hash=False)
    case: str = ""
    event: str = ""
    person: str = ""
    data: Mapping[str, Any] = field(default_factory=dict, hash=False)
    refused: bool = False
    to: datetime | None = None
    colleagues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Steps one after the other, for a rehearsal of one season."""

    key: str
    season: str
    title: Mapping[str, str] = field(hash=False)
    about: Mapping[str, str] = field(hash=False)
    steps: tuple[Step, ...]


@cache
def stories() -> tuple[Story, ...]:
    """The stories that ship."""
    found = tomllib.loads(_FILE.read_text("utf-8"))["story"]
    return tuple(
        Story(key=each["key"], season=each["season"], title=each["title"], about=each["about"], steps=tuple(map(_step, each["step"])))
        for each in found
    )


def _step(given: Mapping[str, Any]) -> Step:
    to = datetime.fromisoformat(given["to"]).replace(tzinfo=VIETNAM) if "to" in given else None
    return Step(**{**given, "kind": StepKind(given["kind"]), "to": to})


def progress(run: Runtime, story: Story) -> tuple[Progress, ...]:
    """How far each step has come. What only shows something can be looked at again and again."""
    done = [_done(run, step) for step in story.steps]
    found: list[Progress] = []
    ready = True
    for index, step in enumerate(story.steps):
        if done[index]:
            found.append(Progress.DONE)
        elif step.kind in {StepKind.LETTER, StepKind.CASE}:
            found.append(Progress.NEXT if ready else Progress.AHEAD)
        elif ready:
            # An act whose moment is gone: what comes after it in the story has already happened.
            gone = any(done[later] for later in range(index + 1, len(done)))
            found.append(Progress.PASSED if gone else Progress.NEXT)
            ready = gone
        else:
            found.append(Progress.AHEAD)
    return tuple(found)


def _done(run: Runtime, step: Step) -> bool:
    if step.kind is StepKind.MOVE and step.to is not None:
        return run.clock.now() >= step.to
    if step.kind is StepKind.ACT:
        wanted = "denied" if step.refused else "done"
        entries = (stored for stored in run.store.entries(step.case) if stored.event == step.event)
        return any(f'"outcome":"{wanted}"' in stored.body and f'"id":"{step.person}"' in stored.body for stored in entries)
    return False


def perform(run: Runtime, step: Step) -> None:
    """Carry out an act of a story in its person's seat.

    Raises:
        CycleError: It is refused, as every act of that person would be.
    """
    run.engine.perform(
        Command(
            id=f"story:{secrets.token_hex(8)}", case=step.case, event=Event(step.event), actor=step.person, payload=dict(step.data),
            received_at=run.clock.now(), via="rehearsal",
        )
    )  # fmt: skip
