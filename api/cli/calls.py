"""Telling where no machine can, and its proof: texts to share, personal links, call sheets, calls that were made, measured reach."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.cli.cases import person_of
from api.cli.context import ctx, print_json, runtime
from api.cli.naming import language_of, news_name, way, when, world_of, write_file, year_in_range
from api.cli.options import As, Json
from api.cli.render import table
from api.shapes.telling import link_json, reach_json, sheet_json
from deadlines.ladder import last_valid_day
from notifications.account import year_of
from notifications.acknowledging import CallResult, Shown, Via, confirmed, note_call, share, shown
from notifications.call_sheet import as_csv, as_pdf, as_text
from notifications.messages import ChannelName, Language
from notifications.offices import unit_of
from notifications.reaching import Reach, reach_of, sheet_of
from notifications.views import duty as in_words
from states.errors import UnknownName
from states.regime import local_date
from states.words import words

ack = typer.Typer(no_args_is_help=True, help="Đường dẫn cá nhân: người nhận thấy gì, xác nhận đã nhận · personal links")
call = typer.Typer(no_args_is_help=True, help="Gọi điện nhắc hạn: danh sách phải gọi, ghi cuộc gọi · call sheets and calls")

_NAMED = 20

Token = Annotated[str, typer.Argument(help="Phần cuối của đường dẫn cá nhân · the last part of a personal link")]


class Paper(StrEnum):
    """Sheets are worded in these."""

    VI = "vi"
    EN = "en"


def share_command(
    duty: Annotated[
        str, typer.Argument(help="Mã hồ sơ, hoặc mã việc như “ocop reminder list” nêu · a case, or a duty's id as the list names it")
    ],
    to: Annotated[str, typer.Option("--to", help="Mã người nhận · whom")],
    language: Annotated[str | None, typer.Option("--in", help="Ngôn ngữ: vi, en · language")] = None,
    as_json: Json = False,
) -> None:
    """Gửi qua Zalo: lời nhắn sẵn để chép hoặc chia sẻ, kèm đường dẫn riêng của người nhận · a text to share with a personal link."""
    with runtime(as_json=as_json) as run:
        links = run.notifications.post.links
        got = share(
            run.store, run.notifications.wording, world_of(run), links, run.clock.now(), duty, to, language_of(language)
        )  # fmt: skip
        if as_json:
            link = next((line.link for line in got.message.lines), None)
            print_json({"person": to, "duty": duty, "text": got.letter.share, "sms": got.letter.short, "link": link})
            return
        ctx.out.print(got.letter.share, markup=False)
        if not got.linked:
            ctx.out.print(
                ctx.both(
                    "\n[yellow]Lời nhắn chưa có đường dẫn để người nhận bấm xác nhận[/]: hãy đặt OCOP_PUBLIC_URL là địa chỉ mà mọi người mở được phần mềm.",
                    "\n[yellow]The text has no link to confirm by[/]: set OCOP_PUBLIC_URL to the address at which people reach the service.",
                )
            )


@ack.command("show")
def show_link(token: Token, as_json: Json = False) -> None:
    """Điều mà người nhận thấy khi mở đường dẫn; ghi lần mở đầu tiên · what a link shows; its first opening is kept."""
    with runtime(as_json=as_json) as run:
        _print_link(shown(run.store, world_of(run), token, run.clock.now()), as_json=as_json)


@ack.command("confirm")
def confirm_link(
    token: Token,
    via: Annotated[str, typer.Option("--via", help="link, call")] = "link",
    as_json: Json = False,
) -> None:
    """Ghi là người nhận đã nhận được; lần sau không đổi gì · keep that it was received; a second time changes nothing."""
    with runtime(as_json=as_json) as run:
        if via not in {Via.LINK, Via.CALL}:
            raise UnknownName(what="channel", name=via, known=f"{Via.LINK}, {Via.CALL}")
        _print_link(confirmed(run.store, world_of(run), token, run.clock.now(), Via(via)), as_json=as_json)


def _print_link(got: Shown, *, as_json: bool) -> None:
    line = got.line
    if as_json:
        print_json(link_json(got))
        return
    ctx.out.print(f"[bold]{escape(got.title)}[/] – {got.link.subject}")
    ctx.out.print(f"{ctx.both('Gửi', 'To')}: {got.name}", markup=False)
    if line is not None:
        said = in_words(line, line.due_at, Language(ctx.language))
        task = said.task or ctx.words.label("dutykind", str(line.kind))
        ctx.out.print(f"{task[:1].upper()}{task[1:]}: {ctx.both('hạn cuối', 'last day')} {ctx.words.last_day(line.due_at)}", markup=False)
        if not got.stands:
            ctx.out.print(
                ctx.both(
                    "Việc này đã xong hoặc không còn hạn; không phải làm gì nữa.", "This is done or no longer due; nothing is left to do."
                )
            )
    elif got.event is not None and got.at is not None:
        ctx.out.print(f"{news_name(got.event)} – {when(got.at)}", markup=False)
    else:
        ctx.out.print(ctx.both("Việc này không còn nữa; không phải làm gì.", "This is no longer there; nothing is left to do."))
    if got.link.confirmed_at is not None:
        how = ctx.words.label("via", got.link.via or "link")
        ctx.out.print(f"[green]✓[/] {ctx.both('Đã xác nhận', 'Confirmed')} {when(got.link.confirmed_at)}, {how}")
    else:
        ctx.out.print(ctx.both("Chưa xác nhận đã nhận.", "Not confirmed as received yet."))


@call.command("note")
def note_command(  # noqa: PLR0913
    duty: Annotated[
        str, typer.Argument(help="Mã hồ sơ, hoặc mã việc như “ocop reminder list” nêu · a case, or a duty's id as the list names it")
    ],
    to: Annotated[str, typer.Option("--to", help="Mã người đã gọi · whom was rung")],
    actor: As,
    result: Annotated[
        str, typer.Option("--result", help="told (đã báo), no_answer (không nghe máy), wrong_number (sai số) · how it ended")
    ],
    note: Annotated[str, typer.Option("--note", help="Người nghe nói gì · what was said")] = "",
    as_json: Json = False,
) -> None:
    """Ghi một cuộc gọi theo danh sách: đã báo thì việc được tính là đã xác nhận qua điện thoại · keep a call; “told” confirms the duty."""
    with runtime(as_json=as_json) as run:
        world, now = world_of(run), run.clock.now()
        unit = unit_of(world.registry, world.registry.person(to).code, local_date(now))
        officer = person_of(run, actor, unit or "", "")
        row = note_call(run.store, world, now, duty=duty, person=to, result=_result(result), note=note, actor=officer)
        if as_json:
            print_json({"key": row.key, "state": str(row.state), "attempt": row.attempt})
            return
        said = ctx.words.label("callresult", _result(result))
        ctx.out.print(f"{ctx.both('Đã ghi cuộc gọi', 'Call noted')}: {said} – {world.registry.person(to).name}", markup=False)


def _result(text: str) -> CallResult:
    """A result by its key, or as the sheet names it in either language."""
    folded = " ".join(text.casefold().split())
    for each in CallResult:
        if folded in {each, *(words(language).label("callresult", each).casefold() for language in ("vi", "en"))}:
            return each
    raise UnknownName(
        what="callresult", name=text, known=", ".join(f"{each} ({ctx.words.label('callresult', each)})" for each in CallResult)
    )


@call.command("sheet")
def sheet_command(
    unit: Annotated[str, typer.Argument(help="Mã đơn vị phải gọi · unit that rings")],
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Ghi tờ in A4 · write a sheet to print")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Ghi ra tệp bảng tính · write a spreadsheet file")] = None,
    paper: Annotated[Paper | None, typer.Option("--in", help="Ngôn ngữ: vi, en · language")] = None,
    as_json: Json = False,
) -> None:
    """Danh sách phải gọi: không có địa chỉ, thư không đến, hoặc còn ba ngày mà chưa xác nhận · whom to ring about what."""
    with runtime(as_json=as_json) as run:
        language = Language(paper or ctx.language)
        sheet = sheet_of(
            run.store, run.notifications.wording, world_of(run), unit, run.clock.now(), language, rehearsal=run.rehearsal
        )  # fmt: skip
        if pdf is not None:
            write_file(pdf, as_pdf(sheet))
        if csv_file is not None:
            write_file(csv_file, as_csv(sheet).encode())
        if as_json:
            print_json(sheet_json(sheet))
            return
        if pdf is None and csv_file is None:
            ctx.out.print(as_text(sheet), markup=False)
        for path in (pdf, csv_file):
            if path is not None:
                ctx.out.print(f"{ctx.both('Đã ghi', 'Written')}: {path} – {len(sheet.rows)} {ctx.both('việc', 'duties')}", markup=False)


def reach_command(
    unit: Annotated[str, typer.Argument(help="Mã đơn vị; tính cả cấp dưới · unit, with everything below")],
    year: Annotated[int | None, typer.Option("--year", help="Năm; bỏ trống là năm nay · year, else this one")] = None,
    as_json: Json = False,
) -> None:
    """Nhắc hạn đến được bao nhiêu người ở từng đơn vị, qua đường nào, ai chưa biết · measured reach unit by unit."""
    with runtime(as_json=as_json) as run:
        chosen = year_in_range(year) if year is not None else local_date(run.clock.now()).year
        registry = world_of(run).registry
        found = reach_of(run.store, registry, unit, *year_of(chosen))
        if as_json:
            print_json({"unit": unit, "year": chosen, "units": [reach_json(each) for each in found]})
            return
        ctx.out.print(
            f"[bold]{escape(registry.unit_name(unit, last_valid_day(year_of(chosen)[1])))}[/] – {ctx.both('năm', 'year')} {chosen}"
        )
        head = ("Đơn vị", "Có việc phải làm", "Qua đường nào", "Đã đến", "Đã mở", "Đã xác nhận", "Chưa đến được")
        made = table(
            *(head if ctx.language == "vi" else ("Unit", "With duties", "By which way", "Arrived", "Opened", "Confirmed", "Never reached"))
        )
        for each in found:
            made.add_row(*_cells(each))
        if len(found) > 1:
            made.add_row(*_cells(_sum(found)))
        if found:
            ctx.out.print(made)
        missed = sorted(person for each in found for person in each.never)
        names = ", ".join(f"{registry.person(person).name} ({person})" for person in missed[:_NAMED])
        if missed:
            ctx.out.print(
                f"{ctx.both('Chưa có gì đến được', 'Nothing has come to')}: {names}{' …' if len(missed) > _NAMED else ''}", markup=False
            )
        if not found:
            ctx.out.print(ctx.both("Năm ấy chưa nhắc ai ở đây.", "Nobody here was reminded that year."))
        if run.rehearsal:
            ctx.out.print(f"[yellow]{ctx.both('Bản tập huấn: “đã đến” là thư đã viết xong, không rời khỏi máy này.', 'A rehearsal: what arrived was written and has not left this machine.')}[/]")  # fmt: skip


def _share_of(part: int, whole: int) -> str:
    return f"{part}/{whole} ({round(100 * part / whole)} %)" if whole else "–"


def _cells(each: Reach) -> tuple[str, ...]:
    whole = len(each.people)
    by_way = ", ".join(f"{way(name)} {len(people)}" for name, people in sorted(each.by_way.items()) if name != ChannelName.INBOX)
    parts = (each.arrived, each.opened, each.confirmed, each.never)
    return (each.name, str(whole), by_way or "–", *(_share_of(len(part), whole) for part in parts))


def _sum(found: list[Reach]) -> Reach:
    total = Reach("", ctx.both("Cộng", "Sum"))
    for each in found:
        total.people |= each.people
        total.arrived |= each.arrived
        total.opened |= each.opened
        total.confirmed |= each.confirmed
        for name, people in each.by_way.items():
            total.by_way.setdefault(name, set()).update(people)
    return total
