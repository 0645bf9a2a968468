"""What the commands on a plan's other work share: options, and how they answer."""

from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape

from api.bootstrap import Runtime
from api.cli.context import ctx, print_json
from api.cli.render import payload_lines, table, who
from api.cli.reviewing import Section
from api.shapes.plan_work import written_json
from states.errors import MalformedInput
from states.payload import YEARS
from states.regime import local_date
from workflow.planbook import midnight_of
from workflow.planwork import Written
from workflow.review import Review

On = Annotated[str | None, typer.Option("--on", help="Số liệu đến hết ngày này (2021-12-31) · as of the end of this day")]
DocumentNo = Annotated[str | None, typer.Option("--document-no", help="Minh chứng: số văn bản · evidence: number of a paper")]
DocumentDate = Annotated[str | None, typer.Option("--document-date", help="Ngày văn bản · date of the paper")]
FileReference = Annotated[str | None, typer.Option("--file", help="Minh chứng: hồ sơ lưu ở đâu · evidence: where the file is kept")]
Link = Annotated[str | None, typer.Option("--link", help="Minh chứng: đường dẫn · evidence: a link")]
Note = Annotated[str | None, typer.Option("--note", help="Ghi chú · note")]
Figure = Annotated[str | None, typer.Option("--figure", help="Số thực hiện, ví dụ 12 hoặc 87,5 · actual figure")]
Measure = Annotated[str | None, typer.Option("--measure", help="Đơn vị tính: class, person, outlet… · unit of measure")]
Corrects = Annotated[int | None, typer.Option("--corrects", help="Thay cho mục số này của lịch sử · replaces this entry")]


def until(run: Runtime, on: str | None) -> datetime | None:
    """The exclusive end of a day as typed; of today only what has happened.

    Raises:
        MalformedInput: ``not_a_day``.
    """
    if on is None:
        return None
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise MalformedInput("not_a_day", given=on) from None
    if day.year not in YEARS:
        raise MalformedInput("not_a_day", given=on)
    end = midnight_of(day) + timedelta(days=1)
    return None if day == local_date(run.clock.now()) else end


def payload_of(**given: object) -> dict[str, object]:
    """What was typed, without what was not."""
    return {name: value for name, value in given.items() if value is not None}


def print_heading(review: Review) -> None:
    """The plan and its state."""
    ctx.out.print(f"[bold]{review.desk.row.code}[/] – {escape(review.desk.row.title)} – {ctx.words.name(review.desk.row.state)}")


def print_section(section: Section, *, titled: bool = False) -> None:
    """A section on the terminal."""
    if titled:
        ctx.out.print(f"\n[bold]{escape(section.title)}[/]")
    for line in section.lines:
        ctx.out.print(f"  {line}", markup=False)
    if section.rows:
        made = table(*section.head)
        for row in section.rows:
            made.add_row(*row)
        ctx.out.print(made)


def told(made: Written, *, as_json: bool) -> None:
    """Say what was written, or would be."""
    if as_json:
        print_json(written_json(made))
        return
    title = ctx.both("Xem trước, chưa ghi", "Preview, nothing written")
    if made.seq is not None:
        title = ctx.both(f"Đã ghi, mục {made.seq}", f"Written as entry {made.seq}")
    if made.repeated:
        title = ctx.both(f"Đã ghi từ trước, mục {made.seq}", f"Written before as entry {made.seq}")
    ctx.out.print(f"[bold green]{title}[/]: {made.plan} – {ctx.words.name(made.event)}")
    ctx.out.print(f"  {who(made.line)}", markup=False)
    for line in payload_lines(made.line, ctx.words):
        ctx.out.print(f"  {line}", markup=False)
