"""How people, steps and ways of telling are called in tables: shared by the commands about reminders."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from api.bootstrap import Runtime
from api.cli.context import ctx
from api.cli.render import instant
from deadlines.ladder import DutyKind, last_valid_day
from notifications.composing import EVENT
from notifications.messages import ChannelName, DutyLine, Language, NoticeLine
from notifications.offices import known_unit
from notifications.views import duty as in_words
from states.errors import MalformedInput, UnknownName
from states.regime import VIETNAM
from states.vocabulary import Event, Stage
from workflow.registry import Registry
from workflow.situation import World
from workflow.telling import DeliveryRow, DeliveryState

_STEP = re.compile(r"T([+-])(\d+)")
_YEARS = range(2000, 2200)


def world_of(run: Runtime) -> World:
    """The registry and rounds as they are now."""
    return run.engine.world(fresh=True)


def language_of(text: str | None) -> Language | None:
    """A language that somebody named. Raises UnknownName."""
    if text is None:
        return None
    if text not in set(Language):
        raise UnknownName(what="language", name=text, known=", ".join(Language))
    return Language(text)


def unit_named(registry: Registry, unit: str | None) -> str | None:
    """A unit that is there. Raises UnknownName."""
    if unit is not None:
        known_unit(registry, unit)
    return unit


def day_of(text: str) -> date:
    """A day as typed. Raises MalformedInput: ``not_a_day``."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise MalformedInput("not_a_day", given=text) from None
    if found.year not in _YEARS:
        raise MalformedInput("not_a_day", given=text)
    return found


def year_in_range(year: int) -> int:
    """A year that a calendar has. Raises MalformedInput: ``not_a_day``."""
    if year not in _YEARS:
        raise MalformedInput("not_a_day", given=str(year))
    return year


def step_name(rung: str) -> str:
    """A step of the ladder in words: ``T-7 (trước 7 ngày)``."""
    found = _STEP.fullmatch(rung)
    if found is None:
        return rung
    sign, days = found[1], int(found[2])
    if days == 0:
        return f"{rung} ({ctx.both('ngày cuối', 'the last day')})"
    if sign == "+":
        return f"{rung} ({ctx.both('sau hạn', 'after it')})"
    return f"{rung} ({ctx.both(f'trước {days} ngày', f'{days} day before' if days == 1 else f'{days} days before')})"


def about(line: DutyLine | None, notice: NoticeLine | None, now: datetime) -> str:
    """What something told is about: the work to do, or what has happened."""
    language = Language(ctx.language)
    if line is not None:
        said = in_words(line, now, language)
        task = said.task or said.stage
        return task or (ctx.words.label("dutykind", str(line.kind)) if line.kind is not DutyKind.ACTIVITY else line.title)
    if notice is not None:
        return str(ctx.words.label("event", notice.event))
    return "–"


def stage_name(kind: str, stage: str) -> str:
    """What a duty is, without its act."""
    if kind == DutyKind.CERTIFICATE:
        return str(ctx.words.label("dutykind", kind))
    return ctx.words.stage(stage) if stage not in set(Stage) else ctx.words.name(Stage(stage))


def news_name(event: str) -> str:
    """An event by its name."""
    return ctx.words.name(Event(event)) if event in set(Event) else str(ctx.words.label("event", event))


def kind_of(item_kind: str, rung: str) -> str:
    """The step of a reminder, or that it is news."""
    return ctx.both("tin", "news") if item_kind == EVENT else rung


def last_day(due_at: datetime) -> str:
    """The last day on which an act counts, in figures."""
    return f"{last_valid_day(due_at):%d/%m/%Y}"


def way(channel: str) -> str:
    """A channel by its name."""
    return str(ctx.words.label("channel", channel))


def state_name(channel: str, state: str) -> str:
    """How a delivery stands, as its channel means it."""
    if state == DeliveryState.ACCEPTED:
        if channel == ChannelName.HAND:
            return str(ctx.words.label("deliverystate", "told_by_hand"))
        if channel in {ChannelName.INBOX, ChannelName.FILE}:
            return str(ctx.words.label("deliverystate", f"accepted_{channel}"))
    return str(ctx.words.label("deliverystate", state))


def state_of(row: DeliveryRow) -> str:
    """How a delivery stands."""
    return state_name(row.channel, str(row.state))


def ways(deliveries: Iterable[DeliveryRow]) -> str:
    """Channels with how each stands: ``hộp thư: đã vào; thư điện tử: đã chuyển``."""
    return "; ".join(f"{way(row.channel)}: {state_of(row)}" for row in deliveries)


def reply(row: DeliveryRow) -> str:
    """The other side's words, with what they mean."""
    return meaning(row.reply or "")


def meaning(text: str) -> str:
    """A reply as kept, ``cause: words`` or ``cause; cause: words``, with the causes in words."""
    said = []
    for part in text.split("; ", 1):
        code, colon, words = part.partition(": ")
        known = ctx.words.table.get("cause", {}).get(code) or ctx.words.table.get("callresult", {}).get(code)
        said.append(f"{known}{f' ({words})' if colon and words else ''}" if known else part)
    return " ".join(each for each in said if each)


def when(moment: datetime | None) -> str:
    """Local day and time, or nothing."""
    return instant(moment) if moment is not None else ""


def hour(moment: datetime) -> str:
    """Local day and time without seconds."""
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def write_file(path: Path, octets: bytes) -> None:
    """Write a file that somebody asked for. Raises MalformedInput: ``file_unwritable``."""
    try:
        path.write_bytes(octets)
    except OSError as error:
        raise MalformedInput("file_unwritable", name=str(path), why=error.strerror or type(error).__name__) from None
