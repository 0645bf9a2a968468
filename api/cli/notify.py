"""``ocop notify``: hours, ways, language, absences and what may be muted, of people and of offices."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from api.bootstrap import Runtime
from api.cli.cases import person_of
from api.cli.context import ctx, print_json, runtime
from api.cli.naming import way, when, world_of
from api.cli.options import As, Json
from api.shapes.telling import chosen_json
from notifications.choosing import PERSON, UNIT, Chosen, choose, chosen
from states.errors import MalformedInput
from states.regime import local_date

notify = typer.Typer(no_args_is_help=True, help="Cách nhận nhắc hạn: giờ, đường gửi, ngôn ngữ, vắng mặt · how reminders reach people")

OfPerson = Annotated[str | None, typer.Option("--person", help="Mã người · person code")]
OfUnit = Annotated[str | None, typer.Option("--unit", help="Mã đơn vị · unit code")]


@notify.command("show")
def show_choices(person: OfPerson = None, unit: OfUnit = None, as_json: Json = False) -> None:
    """Cách nhận nhắc hạn của một người, hoặc quy định của một cơ quan · what holds for a person or an office."""
    with runtime(as_json=as_json) as run:
        scope, code = _whose(person, unit)
        got = chosen(run.store, world_of(run).registry, scope, code, run.clock.now())
        _print(run, got, as_json=as_json)


@notify.command("set")
def set_choices(  # noqa: PLR0913
    actor: As,
    person: OfPerson = None,
    unit: OfUnit = None,
    language: Annotated[str | None, typer.Option("--language", help="Ngôn ngữ thư: vi, en · language of letters")] = None,
    channel: Annotated[
        list[str] | None, typer.Option("--channel", help="Đường gửi: inbox, email, webhook; lặp lại được · a way, repeatable")
    ] = None,
    mute: Annotated[
        list[str] | None, typer.Option("--mute", help="Tắt bước nhắc, như T-30; lặp lại được · a step left out, repeatable")
    ] = None,
    hours: Annotated[str | None, typer.Option("--hours", help="Giờ gửi, như 07:30-17:00 · hours in which letters leave")] = None,
    away: Annotated[str | None, typer.Option("--away", help="Vắng từ ngày..đến ngày, như 2021-07-05..2021-07-09 · absent from..to")] = None,
    stand_in: Annotated[str | None, typer.Option("--stand-in", help="Mã người nhận thay khi vắng · who hears meanwhile")] = None,
    working_days: Annotated[
        bool | None, typer.Option("--working-days/--any-day", help="Cơ quan: chỉ gửi ngày làm việc · office: working days only")
    ] = None,
    may_mute: Annotated[
        list[str] | None, typer.Option("--may-mute", help="Cơ quan: bước được phép tắt; lặp lại được · office: steps that may be muted")
    ] = None,
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="Cơ quan: mã webhook của cổng tin nhắn · office: gateway's webhook")
    ] = None,
    sender: Annotated[str | None, typer.Option("--sender", help="Cơ quan: tên ký thư · office: name that signs")] = None,
    clear: Annotated[
        list[str] | None, typer.Option("--clear", help="Bỏ lựa chọn, như muted; lặp lại được · drop a choice, repeatable")
    ] = None,
    as_json: Json = False,
) -> None:
    """Đổi cách nhận nhắc hạn: mỗi người đổi của mình, cán bộ đổi quy định của cơ quan · change choices; the others stay."""
    with runtime(as_json=as_json) as run:
        scope, code = _whose(person, unit)
        values: dict[str, Any] = {
            "language": language,
            "channels": channel,
            "muted": mute,
            "stand_in": stand_in,
            "working_days": working_days,
            "may_mute": may_mute,
            "gateway": gateway,
            "sender": sender,
            **_pair("--hours", hours, "-", ("opens", "closes")),
            **_pair("--away", away, "..", ("away_from", "away_to")),
        }
        given = {name: value for name, value in values.items() if value is not None}
        registry, now = world_of(run).registry, run.clock.now()
        place = code if scope == UNIT else ""
        who = person_of(run, actor, place, "") if place or "@" not in actor else actor
        names = [
            each for name in clear or [] for each in {"hours": ("opens", "closes"), "away": ("away_from", "away_to")}.get(name, (name,))
        ]
        _print(run, choose(run.store, registry, scope, code, actor=who, values=given, cleared=names, now=now), as_json=as_json)


def _whose(person: str | None, unit: str | None) -> tuple[str, str]:
    if (person is None) == (unit is None):
        raise MalformedInput("person_or_unit")
    return (PERSON, person) if person is not None else (UNIT, str(unit))


def _pair(name: str, text: str | None, mark: str, fields: tuple[str, str]) -> dict[str, str]:
    """Two values that are typed as one, such as ``07:30-17:00``."""
    if text is None:
        return {}
    first, found, second = text.partition(mark)
    if not found:
        raise MalformedInput("not_a_span", name=name, given=text, mark=mark)
    return dict(zip(fields, (first.strip(), second.strip()), strict=True))


def _print(run: Runtime, got: Chosen, *, as_json: bool) -> None:
    if as_json:
        print_json(chosen_json(got))
        return
    registry, day = world_of(run).registry, local_date(run.clock.now())
    name = registry.person(got.code).name if got.scope == PERSON else registry.unit_name(got.code, day)
    ctx.out.print(f"[bold]{escape(name)}[/] ({got.code})")
    rules = registry.unit_name(got.unit, day) if got.unit is not None else ctx.both("mặc định của phần mềm", "the product's own")
    office = got.office
    kept = (
        ctx.both("chỉ ngày làm việc, trừ việc gấp", "on working days, urgent things apart")
        if office.working_days
        else ctx.both("mọi ngày", "any day")
    )
    lines = []
    person = got.person
    if person is not None:
        every = ctx.both("mọi đường có được", "every way there is")
        lines += [
            ("language", {"vi": "tiếng Việt", "en": "English"}[person.language]),
            ("channels", every if person.channels is None else ", ".join(sorted(map(way, person.channels))) or way("inbox")),
            ("muted", ", ".join(sorted(person.muted))),
            ("away_from", _away(got)),
            ("stand_in", f"{registry.person(person.stand_in).name} ({person.stand_in})" if person.stand_in else ""),
            ("opens", f"{person.opens:%H:%M}–{person.closes:%H:%M}" if person.opens and person.closes else ""),
        ]
        for field, value in lines:
            ctx.out.print(f"  {_label(field)}: {value or '–'}", markup=False)
    ctx.out.print(f"  {ctx.both('Quy định của cơ quan', 'The office’s rules')} ({rules}):", markup=False)
    for field, value in (
        ("opens", f"{office.opens:%H:%M}–{office.closes:%H:%M}, {kept}"),
        ("may_mute", ", ".join(sorted(office.may_mute))),
        ("gateway", office.gateway or ""),
        ("sender", office.sender),
    ):
        ctx.out.print(f"    {_label(field)}: {value or '–'}", markup=False)
    if got.row is not None:
        by = registry.person(got.row.changed_by).name
        ctx.out.print(f"  {ctx.both('Đổi gần nhất', 'Last changed')}: {when(got.row.changed_at)}, {by}", markup=False)


def _label(field: str) -> str:
    if field == "opens":
        return ctx.both("giờ gửi", "hours")
    if field == "away_from":
        return ctx.both("vắng", "away")
    return str(ctx.words.label("field", field))


def _away(got: Chosen) -> str:
    person = got.person
    if person is None or person.away_from is None:
        return ""
    return f"{person.away_from:%d/%m/%Y}–{person.away_to or person.away_from:%d/%m/%Y}"
