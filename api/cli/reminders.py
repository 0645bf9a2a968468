"""``ocop reminder``: steps of a duty, what would be told on a day, a message before it goes, and who was told what."""

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.bootstrap import Runtime
from api.cli.context import ctx, print_json, runtime
from api.cli.naming import day_of, hour, language_of, last_day, stage_name, step_name, unit_named, way, world_of
from api.cli.options import Json
from api.cli.render import table
from api.shapes.telling import coming_json, duty_json, preview_json
from deadlines.ladder import DutyKind
from notifications.foresight import Coming, Day, DutySteps, coming_on, preview, steps_of
from notifications.letters import write
from notifications.messages import Language, Letter
from notifications.views import duty as in_words
from states.regime import local_date
from workflow.registry import Registry

reminder = typer.Typer(no_args_is_help=True, help="Nhắc hạn: lịch nhắc, hôm nay nhắc ai, xem trước, đã báo ai · reminders")

To = Annotated[str | None, typer.Option("--to", help="Mã người nhận; bỏ trống là người đầu tiên · whose; the first who hears if left out")]
Lang = Annotated[str | None, typer.Option("--in", help="Ngôn ngữ của thư: vi, en · language of the letter")]


class Form(StrEnum):
    """Forms of one message."""

    TEXT = "text"
    HTML = "html"
    ICS = "ics"
    SMS = "sms"
    ZALO = "zalo"


@reminder.command("list")
def list_steps(
    subject: Annotated[str, typer.Argument(help="Mã hồ sơ, kế hoạch hoặc giấy chứng nhận · a case, plan or certificate")],
    as_json: Json = False,
) -> None:
    """Các bước nhắc của một hồ sơ, kế hoạch hoặc giấy chứng nhận và ai đã được báo · steps of every duty and who was told."""
    with runtime(as_json=as_json) as run:
        found = steps_of(run.store, world_of(run), subject, run.clock.now())
        if as_json:
            print_json([duty_json(each) for each in found])
            return
        if not found:
            ctx.out.print(ctx.both(f"{subject}: không có thời hạn nào.", f"{subject}: no deadlines."), markup=False)
        registry = world_of(run).registry
        for each in found:
            _print_duty(each, registry)


def _print_duty(each: DutySteps, registry: Registry) -> None:
    status = ctx.words.label("certificatestate" if each.kind is DutyKind.CERTIFICATE else "termstatus", each.status) if each.status else ""
    head = f"{stage_name(each.kind, each.stage)} – {each.title} – {ctx.words.last_day(each.due_at)}"
    ctx.out.print(f"[bold]{escape(head)}[/]" + (f" – {status}" if status else "") + f"  [dim]{escape(each.duty)}[/]")
    if not each.steps:
        ctx.out.print(ctx.both("  không còn bước nhắc nào phía trước", "  no step of reminding lies ahead"))
        return
    head_row = ("  Bước", "Lúc", "Tình trạng", "Đã báo cho") if ctx.language == "vi" else ("  Step", "At", "State", "Who was told")
    made = table(*head_row)
    for step in each.steps:
        names = [registry.person(item.recipient).name for item, _ in each.told.get(step.rung, ()) if not item.moot]
        made.add_row(f"  {step_name(step.rung)}", hour(step.at), ctx.words.label("rungstate", str(step.state)), ", ".join(names))
    ctx.out.print(made)


@reminder.command("today")
def today(
    on: Annotated[str | None, typer.Option("--on", help="Ngày năm-tháng-ngày; bỏ trống là hôm nay · ISO day, else today")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Chỉ người của đơn vị này và cấp dưới · people of a unit and below")] = None,
    as_json: Json = False,
) -> None:
    """Hôm nay (hoặc một ngày) sẽ nhắc ai về việc gì, nếu đến lúc đó chưa làm; không ghi gì · what would go on a day; nothing is written."""
    with runtime(as_json=as_json) as run:
        world, now = world_of(run), run.clock.now()
        day = day_of(on) if on is not None else local_date(now)
        found = coming_on(run.store, run.notifications.composer, world, day, now, unit_named(world.registry, unit))
        if as_json:
            print_json(
                {
                    "day": day.isoformat(),
                    "coming": [coming_json(each) for each in found.coming],
                    "unheard": [{"duty": rung.duty, "step": rung.rung} for rung in found.unheard],
                    "passed_over": found.passed_over,
                    "already_told": found.told,
                }
            )
            return
        ctx.out.print(f"[bold]{ctx.words.day(day)}[/]")
        _print_coming(run, found)


def _print_coming(run: Runtime, found: Day) -> None:
    registry = world_of(run).registry
    head = ("Lúc", "Người nhận", "Việc", "Bước", "Hạn cuối", "Gửi qua")
    made = table(*(head if ctx.language == "vi" else ("At", "To", "What", "Step", "Last day", "By")))
    seen = None
    for (person, send_at, what, rung, due, channels), members in _grouped(found):
        first = (person, send_at) != seen
        seen = (person, send_at)
        who = registry.person(person).name + (f" ({ctx.words.label('part', str(members[0].part))})" if members[0].part != "holder" else "")
        titles = ", ".join(each.line.title for each in members[:_NAMED]) + (
            f" … (+{len(members) - _NAMED})" if len(members) > _NAMED else ""
        )
        made.add_row(
            hour(send_at)[11:] if first else "",
            who if first else "",
            what if members[0].rung.kind is DutyKind.ACTIVITY else f"{what}: {titles}",
            rung,
            due,
            ", ".join(map(way, channels)) if first else "",
        )
    if found.coming:
        ctx.out.print(made)
    people = len({each.person for each in found.coming})
    messages = len({(each.person, each.window) for each in found.coming})
    said = ctx.both(
        f"{len(found.coming)} lượt nhắc, {messages} thư cho {people} người; trong ngày đã báo {found.told} lượt.",
        f"{len(found.coming)} reminders in {messages} messages to {people} people; told already that day: {found.told}.",
    )
    ctx.out.print(said)
    if found.unheard:
        said = ctx.both("Không có ai để báo", "Nobody would hear of")
        ctx.out.print(f"[yellow]{said}[/]: " + ", ".join(f"{rung.subject} {rung.rung}" for rung in found.unheard))


_NAMED = 3


def _grouped(found: Day) -> list[tuple[tuple[Any, ...], list[Coming]]]:
    """What one message says of one work, one date and one step together."""
    groups: dict[tuple[Any, ...], list[Coming]] = {}
    for each in found.coming:
        said = in_words(each.line, each.send_at, Language(ctx.language))
        what = said.task or ctx.words.label("dutykind", str(each.rung.kind))
        groups.setdefault((each.person, each.send_at, what, each.rung.rung, last_day(each.rung.due_at), each.channels), []).append(each)
    return sorted(groups.items(), key=lambda group: (group[0][1], group[0][0]))


@reminder.command("preview")
def preview_letter(  # noqa: PLR0913
    duty: Annotated[
        str, typer.Argument(help="Mã hồ sơ, hoặc mã việc như “ocop reminder list” nêu · a case, or a duty's id as the list names it")
    ],
    rung: Annotated[str | None, typer.Option("--rung", help="Bước nhắc như T-7; bỏ trống là bước sắp tới · step, else the next")] = None,
    to: To = None,
    language: Lang = None,
    form: Annotated[Form, typer.Option("--format", help="text, html, ics, sms, zalo")] = Form.TEXT,
    as_json: Json = False,
) -> None:
    """Xem trước thư nhắc của một việc, đúng lời sẽ gửi; không gửi gì · the words of a reminder before it goes; nothing is sent."""
    with runtime(as_json=as_json) as run:
        message = preview(
            run.store, run.notifications.wording, world_of(run), run.clock.now(), duty, rung, to, language_of(language)
        )  # fmt: skip
        links = run.notifications.post.links
        letter = write(links.with_links(message)[0] if links is not None else message)
        if as_json:
            print_json(preview_json(message, letter))
            return
        if form is Form.TEXT:
            address = message.recipient.email or message.recipient.phone or ctx.both("không có địa chỉ", "no address")
            ctx.out.print(f"{ctx.both('Gửi', 'To')}: {message.recipient.name} <{address}>", markup=False)
            ctx.out.print(f"{ctx.both('Lời của lúc', 'As of')}: {hour(message.composed_at)}\n", markup=False)
        ctx.out.print(_form(letter, form), markup=False)


def _form(letter: Letter, form: Form) -> str:
    """One form of a letter."""
    match form:
        case Form.HTML:
            return letter.html
        case Form.ICS:
            return letter.calendar or ctx.both("Không còn ngày nào phía trước.", "No day lies ahead.")
        case Form.SMS:
            return letter.short
        case Form.ZALO:
            return letter.share
    return f"{letter.subject}\n\n{letter.text}"
