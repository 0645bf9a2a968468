"""``ocop feed``: calendars of deadlines for phones and mail programs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.cli.cases import person_of
from api.cli.context import ctx, print_json, runtime
from api.cli.naming import language_of, when, world_of, write_file
from api.cli.options import As, Json
from api.cli.render import table
from api.shapes.telling import feed_json
from notifications.feeding import PERSON, SHOWN, UNIT, calendar_of, create, named, of_token, revoke
from notifications.offices import unit_of
from states.errors import MalformedInput
from states.regime import local_date

feed = typer.Typer(no_args_is_help=True, help="Lịch hạn để đưa vào điện thoại, máy tính · calendars of deadlines")

OfPerson = Annotated[str | None, typer.Option("--person", help="Mã người · person code")]
OfUnit = Annotated[str | None, typer.Option("--unit", help="Mã đơn vị, tính cả cấp dưới · unit, with everything below")]


@feed.command("create")
def create_feed(actor: As, person: OfPerson = None, unit: OfUnit = None, as_json: Json = False) -> None:
    """Tạo lịch đăng ký của một người hay một đơn vị; mã riêng chỉ hiện ra một lần · make a feed; its token is shown this once."""
    with runtime(as_json=as_json) as run:
        scope, code = _whose(person, unit)
        registry, now = world_of(run).registry, run.clock.now()
        place = code if scope == UNIT else unit_of(registry, registry.person(code).code, local_date(now)) or ""
        row, token = create(run.store, registry, scope, code, person_of(run, actor, place, ""), now)
        base = run.settings.public_url
        address = f"{base.rstrip('/')}/api/v1/feeds/{token}/deadlines.ics" if base else None
        if as_json:
            print_json({**feed_json(row), "token": token, "address": address})
            return
        ctx.out.print(f"{ctx.both('Mã riêng', 'Token')}: {token}", markup=False)
        if address:
            ctx.out.print(f"{ctx.both('Địa chỉ', 'Address')}: {address}", markup=False)
        ctx.out.print(
            ctx.both(
                "Hãy chép ngay: mã không hiện lại. Ai có mã thì đọc được lịch; lộ mã thì thu hồi bằng “ocop feed revoke”.",
                "Copy it now: it is not shown again. Whoever has it reads the calendar; “ocop feed revoke” ends it.",
            )
        )


def _whose(person: str | None, unit: str | None) -> tuple[str, str]:
    if (person is None) == (unit is None):
        raise MalformedInput("person_or_unit")
    return (PERSON, person) if person is not None else (UNIT, str(unit))


@feed.command("list")
def list_feeds(as_json: Json = False) -> None:
    """Các lịch đăng ký · feeds."""
    with runtime(as_json=as_json) as run:
        rows = run.store.feeds()
        if as_json:
            print_json([feed_json(row) for row in rows])
            return
        registry, day = world_of(run).registry, local_date(run.clock.now())
        head = ("Ký hiệu", "Của", "Người tạo", "Tạo lúc", "Thu hồi lúc")
        made = table(*(head if ctx.language == "vi" else ("Name", "Of", "Made by", "Made at", "Revoked at")))
        for row in sorted(rows, key=lambda each: each.made_at):
            whose = registry.person(row.code).name if row.scope == PERSON else registry.unit_name(row.code, day)
            made.add_row(row.digest[:SHOWN], whose, registry.person(row.made_by).name, when(row.made_at), when(row.revoked_at))
        if rows:
            ctx.out.print(made)
        ctx.out.print(f"{len(rows)} {ctx.both('lịch đăng ký', 'feeds')}")


@feed.command("revoke")
def revoke_feed(
    name: Annotated[str, typer.Argument(help="Ký hiệu trong danh sách, hoặc mã riêng · name in the list, or the token")],
    actor: As,
    as_json: Json = False,
) -> None:
    """Thu hồi một lịch đăng ký: từ nay không ai đọc được bằng mã ấy nữa · end a feed."""
    with runtime(as_json=as_json) as run:
        registry, now = world_of(run).registry, run.clock.now()
        found = named(run.store, name)
        place = found.code if found.scope == UNIT else unit_of(registry, found.code, local_date(now)) or ""
        row = revoke(run.store, registry, found.digest, person_of(run, actor, place, ""), now)
        if as_json:
            print_json(feed_json(row))
            return
        ctx.out.print(f"{row.digest[:SHOWN]}: {ctx.both('đã thu hồi', 'revoked')} {when(row.revoked_at)}")


@feed.command("write")
def write_feed(  # noqa: PLR0913
    out: Annotated[Path, typer.Option("--out", help="Tệp .ics · file")],
    token: Annotated[str | None, typer.Argument(help="Mã riêng; hoặc dùng --person, --unit · token, or --person, --unit")] = None,
    person: OfPerson = None,
    unit: OfUnit = None,
    language: Annotated[str | None, typer.Option("--in", help="Ngôn ngữ: vi, en · language")] = None,
    as_json: Json = False,
) -> None:
    """Ghi lịch hạn ra tệp .ics: hạn đổi ngày thì dời theo, hạn không còn thì gạch đi · write a calendar file."""
    with runtime(as_json=as_json) as run:
        if token is not None and (person is not None or unit is not None):
            raise MalformedInput("person_or_unit")
        scope, code = (of_token(run.store, token).scope, of_token(run.store, token).code) if token is not None else _whose(person, unit)
        text = calendar_of(
            run.store, world_of(run), scope, code, run.clock.now(), language=language_of(language), rehearsal=run.rehearsal
        )  # fmt: skip
        write_file(out, text.encode())
        count = text.count("BEGIN:VEVENT")
        if as_json:
            print_json({"file": str(out), "scope": scope, "code": code, "entries": count})
            return
        ctx.out.print(f"{ctx.both('Đã ghi', 'Written')}: {escape(str(out))} – {count} {ctx.both('mốc', 'entries')}")
