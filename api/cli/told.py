"""``ocop reminder told``: who was told what and when, by which way, and whether it was read and confirmed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.cli.context import ctx, print_json, runtime
from api.cli.naming import (
    about,
    day_of,
    hour,
    kind_of,
    last_day,
    state_name,
    state_of,
    unit_named,
    way,
    ways,
    when,
    world_of,
    write_file,
    year_in_range,
)
from api.cli.options import Json
from api.cli.render import table
from api.shapes.telling import counts_json, told_json
from deadlines.calendar import midnight
from deadlines.ladder import DutyKind
from notifications.account import ToldItem, ToldMessage, account, as_csv, counts, year_of
from states.errors import NotFound
from workflow.ports import Database
from workflow.registry import Registry
from workflow.toldbook import ToldQuery, ToldSums

_KINDS = {"certificate": ("giấy chứng nhận", "certificates"), "activity": ("việc", "activities")}
_CODES = 4
"""Subjects that one row of the table names; it says how many more there are."""


def told_command(  # noqa: PLR0913
    subject: Annotated[str | None, typer.Argument(help="Chỉ về hồ sơ, kế hoạch hoặc giấy chứng nhận này · only about this one")] = None,
    year: Annotated[int | None, typer.Option("--year", help="Mùa của năm này · the season of a year")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Từ ngày, năm-tháng-ngày · from this day on")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Đến hết ngày · to the end of this day")] = None,
    person: Annotated[str | None, typer.Option("--person", help="Chỉ người này · only to this person")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Chỉ người của đơn vị này và cấp dưới · people of a unit and below")] = None,
    news: Annotated[bool, typer.Option("--news/--no-news", help="Cả tin báo việc đã xảy ra · news as well as reminders")] = True,
    by_person: Annotated[bool, typer.Option("--by-person", help="Xếp theo người rồi theo ngày · by person, then by day")] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Ghi ra tệp bảng tính · write a spreadsheet file")] = None,
    as_json: Json = False,
) -> None:
    """Đã báo cho ai, việc gì, lúc nào, qua đường nào, đã nhận chưa · who was told what and when, by which way, and what became of it."""
    with runtime(as_json=as_json) as run:
        registry, now = world_of(run).registry, run.clock.now()
        start, end = _span(year, since, until)
        people = _people(registry, person, unit_named(registry, unit))
        query = ToldQuery(subject=subject, recipients=people, since=start, until=end, news=news)
        found = account(run.store, run.notifications.wording, registry, query, now)
        if subject is not None and not found and not _there(run.store, subject):
            raise NotFound(what="case", name=subject)
        if by_person:
            found.sort(key=lambda m: (m.office, m.name, m.row.recipient, m.at))
        if csv_file is not None:
            write_file(csv_file, account_csv(found).encode())
        if as_json:
            print_json({"messages": [told_json(each) for each in found], "counts": counts_json(counts(found))})
            return
        if csv_file is None:
            _print(found)
        _print_counts(counts(found), rehearsal=run.rehearsal)
        if csv_file is not None:
            ctx.out.print(f"{ctx.both('Đã ghi', 'Written')}: {escape(str(csv_file))}")


def _there(store: Database, subject: str) -> bool:
    """Whether a case, certificate or plan has this code."""
    return any((store.load_case(subject, ""), store.load_certificate(subject), store.load_plan(subject)))


def _span(year: int | None, since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    start, end = year_of(year_in_range(year)) if year is not None else (None, None)
    if since is not None:
        start = max(midnight(day_of(since)), start or midnight(day_of(since)))
    if until is not None:
        last = midnight(day_of(until) + timedelta(days=1))
        end = min(last, end or last)
    return start, end


def _people(registry: Registry, person: str | None, unit: str | None) -> tuple[str, ...] | None:
    if person is not None:
        return (registry.person(person).code,)
    if unit is None:
        return None
    inside = set(registry.ever_below(unit))
    return tuple(row.code for row in registry.people() if registry.ever_held(row.code) & inside)


def _print(found: list[ToldMessage]) -> None:
    head = ("Lúc", "Người nhận", "Về việc", "Bước", "Hạn cuối", "Gửi qua, kết quả")
    made = table(*(head if ctx.language == "vi" else ("At", "To", "About", "Step", "Last day", "By, and what became of it")))
    for message in found:
        rows = _rows(message)
        for number, (what, step, last) in enumerate(rows):
            first = number == 0
            made.add_row(
                hour(message.at) if first else "", _who(message) if first else "", what, step, last, _fate(message) if first else ""
            )
    if found:
        ctx.out.print(made)


def _who(message: ToldMessage) -> str:
    seat = ctx.words.say(message.seat) if message.seat is not None else ""
    return ", ".join(part for part in (message.name, seat, message.office) if part)


def _rows(message: ToldMessage) -> list[tuple[str, str, str]]:
    """What one message says of one work, one date and one step together: in words with the subjects, step, last day."""
    groups: dict[tuple[str, str, str, str], list[ToldItem]] = {}
    for item in message.items:
        said = about(item.line, item.notice, message.at)
        last = last_day(item.line.due_at) if item.line is not None else ""
        part = ctx.words.label("part", item.item.part) if item.item.part in {"superior", "stand_in"} else ""
        groups.setdefault((said, kind_of(item.item.kind, item.item.rung), last, part), []).append(item)
    rows = []
    for (said, step, last, part), items in groups.items():
        named = ", ".join(item.item.subject for item in items[:_CODES])
        more = f" … (+{len(items) - _CODES})" if len(items) > _CODES else ""
        left_out = ctx.both(" (không còn cần nên không gửi)", " (left out: no longer mattered)") if items[0].item.moot else ""
        sure = sum(1 for item in items if item.confirmed_at is not None)
        received = ctx.both(f"; đã xác nhận {sure}/{len(items)}", f"; confirmed {sure}/{len(items)}") if sure else ""
        title = f"{items[0].title} ({named})" if len(items) == 1 else f"{_several(items)}: {named}{more}"
        # An activity is its own title.
        what = f"{said} ({named})" if items[0].item.kind == DutyKind.ACTIVITY and len(items) == 1 else f"{said}: {title}"
        rows.append((f"{what}{f' – {part}' if part else ''}{left_out}{received}", step, last))
    return rows


def _several(items: list[ToldItem]) -> str:
    """How many things of one kind."""
    count, kind = len(items), items[0].item.kind
    return ctx.both(
        f"{count} {_KINDS[kind][0] if kind in _KINDS else 'hồ sơ'}", f"{count} {_KINDS[kind][1] if kind in _KINDS else 'cases'}"
    )


def _fate(message: ToldMessage) -> str:
    said = ways(message.deliveries)
    return f"{said}; {ctx.both('đã đọc', 'read')} {when(message.read_at)}" if message.read_at is not None else said


def _print_counts(found: ToldSums, *, rehearsal: bool) -> None:
    ctx.out.print(
        ctx.both(
            f"\n{found.people} người, {found.messages} thư: {found.duties} lượt nhắc, {found.news} tin"
            f"{f', {found.moot} mục bỏ ra vì không còn cần' if found.moot else ''}.",
            f"\n{found.people} people, {found.messages} messages: {found.duties} reminders, {found.news} news"
            f"{f', {found.moot} left out as moot' if found.moot else ''}.",
        )
    )
    by_way: dict[str, list[str]] = {}
    for (channel, state), count in found.deliveries.items():
        by_way.setdefault(channel, []).append(f"{state_name(channel, state)} {count}")
    for channel, parts in by_way.items():
        ctx.out.print(f"  {way(channel)}: {', '.join(parts)}")
    ctx.out.print(
        ctx.both(
            f"  Đã đọc trong hộp thư: {found.read} thư; đã xác nhận đã nhận: {found.confirmed} mục.",
            f"  Read in the inbox: {found.read} messages; confirmed as received: {found.confirmed} items.",
        )
    )
    if rehearsal:
        ctx.out.print(
            f"[yellow]{ctx.both('Bản tập huấn: không thư nào rời khỏi máy này.', 'A rehearsal: no letter has left this machine.')}[/]"
        )


def account_csv(found: list[ToldMessage]) -> str:
    """An account as a spreadsheet file, in the language that is spoken."""
    return as_csv(found, _csv_head(), _csv_cells)


def _csv_head() -> tuple[str, ...]:
    vi = ("Lúc", "Khung giờ", "Mã người", "Người nhận", "Chức năng", "Cơ quan, chủ thể", "Loại", "Về việc", "Sản phẩm", "Mã số", "Bước",
          "Hạn cuối", "Vì sao nhận", "Đường gửi", "Đã đọc", "Đã mở đường dẫn", "Đã xác nhận", "Bỏ ra")  # fmt: skip
    en = ("At", "Window", "Person", "To", "Function", "Office or producer", "Kind", "About", "Product", "Number", "Step", "Last day",
          "Why", "By", "Read", "Link opened", "Confirmed", "Left out")  # fmt: skip
    return vi if ctx.language == "vi" else en


def _csv_cells(message: ToldMessage, item: ToldItem) -> tuple[str, ...]:
    return (
        hour(message.at),
        message.row.window,
        message.row.recipient,
        message.name,
        ctx.words.say(message.seat) if message.seat is not None else "",
        message.office,
        ctx.both("tin", "news") if item.news else ctx.both("nhắc", "reminder"),
        about(item.line, item.notice, message.at),
        item.title,
        item.item.subject,
        "" if item.news else item.item.rung,
        last_day(item.line.due_at) if item.line is not None else "",
        ctx.words.label("part", item.item.part),
        "; ".join(f"{way(row.channel)}: {state_of(row)}" for row in message.deliveries),
        when(message.read_at),
        when(item.opened_at),
        when(item.confirmed_at),
        ctx.words.say(item.item.moot),
    )
