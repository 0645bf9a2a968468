"""``ocop plan activities``, ``assign``, ``report``, ``targets``, ``target``, ``lesson`` and ``review``."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import ctx, print_json, runtime
from api.cli.options import As, CommandId, DryRun, Json, Reason
from api.cli.plans import plan
from api.cli.reporting import (
    Corrects,
    DocumentDate,
    DocumentNo,
    Figure,
    FileReference,
    Link,
    Measure,
    Note,
    On,
    payload_of,
    print_heading,
    print_section,
    told,
    until,
)
from api.cli.reviewing import (
    activities_section,
    counted_text,
    figure_text,
    headline,
    measure,
    review_markdown,
    review_sections,
    targets_section,
)
from api.shapes.plan_work import actual_json, members_of, review_json, standing_json
from states.errors import MalformedInput
from workflow.activities import CLOSED, SOON, ActivityStatus


@plan.command("activities")
def activities(
    code: str,
    still_open: Annotated[bool, typer.Option("--open", help="Chỉ việc chưa xong · only what is not done")] = False,
    due: Annotated[bool, typer.Option("--due", help="Chỉ việc quá hạn hoặc sắp đến hạn · only overdue or due soon")] = False,
    on: On = None,
    as_json: Json = False,
) -> None:
    """Hoạt động của kế hoạch: ai làm, hạn nào, đã báo cáo chưa · a plan's activities, followed up like deadlines."""
    with runtime(as_json=as_json) as run:
        review = run.reviews.review(code, on=until(run, on))
        chosen = [s for s in review.standings if not (still_open or due) or s.status not in CLOSED]
        soon = review.on + SOON
        if due:
            chosen = [s for s in chosen if s.activity.due_at is not None and s.activity.due_at <= soon]
        if as_json:
            print_json([standing_json(review, s) for s in chosen])
            return
        print_heading(review)
        print_section(activities_section(review, chosen))
        overdue = sum(s.status is ActivityStatus.OVERDUE for s in review.standings)
        near = [s for s in review.standings if s.status not in CLOSED and s.activity.due_at and review.on < s.activity.due_at <= soon]
        ctx.out.print(
            ctx.both(
                f"{len(chosen)} hoạt động; quá hạn: {overdue}; đến hạn trong {SOON.days} ngày tới: {len(near)}",
                f"{len(chosen)} activities; overdue: {overdue}; due within {SOON.days} days: {len(near)}",
            )
        )


@plan.command("assign")
def assign(  # noqa: PLR0913
    code: str,
    activity: str,
    actor: As,
    unit: Annotated[list[str], typer.Option("--unit", help="Mã đơn vị, lặp lại được · unit code, repeatable")],
    dry_run: DryRun = False,
    command: CommandId = None,
    as_json: Json = False,
) -> None:
    """Giao đơn vị chịu trách nhiệm một hoạt động; mỗi đơn vị báo cáo riêng · name the units that answer for an activity."""
    with runtime(as_json=as_json) as run:
        told(run.work.assign(code, activity, unit, actor=actor, dry_run=dry_run, command=command or ""), as_json=as_json)


@plan.command("report")
def report(  # noqa: PLR0913
    code: str,
    activity: str,
    actor: As,
    status: Annotated[str, typer.Option(help="under_way | done | cancelled: đang làm, đã xong, không làm · status")] = "done",
    done_on: Annotated[str | None, typer.Option("--done-on", help="Ngày hoàn thành, mặc định hôm nay · done on")] = None,
    figure: Figure = None,
    unit_of_measure: Measure = None,
    for_unit: Annotated[str | None, typer.Option("--unit", help="Báo cáo cho đơn vị nào · for which unit")] = None,
    document_no: DocumentNo = None,
    document_date: DocumentDate = None,
    file_reference: FileReference = None,
    link: Link = None,
    place: Annotated[str | None, typer.Option(help="Địa điểm · place")] = None,
    note: Note = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    command: CommandId = None,
    as_json: Json = False,
) -> None:
    """Báo cáo một hoạt động: tình trạng, số thực hiện, minh chứng · report an activity with figure and evidence."""
    payload = payload_of(
        status=status, done_on=done_on, figure=figure, figure_unit=unit_of_measure, document_no=document_no, document_date=document_date,
        file_reference=file_reference, link=link, place=place, note=note, reason=reason,
    )  # fmt: skip
    with runtime(as_json=as_json) as run:
        made = run.work.report(code, activity, payload, actor=actor, unit=for_unit, dry_run=dry_run, command=command or "")
        told(made, as_json=as_json)


@plan.command("targets")
def targets(
    code: str,
    on: On = None,
    listed: Annotated[int | None, typer.Option("--list", help="Danh sách đứng sau chỉ tiêu số này · what is behind a figure")] = None,
    as_json: Json = False,
) -> None:
    """Chỉ tiêu và số thực hiện, có cách tính · targets against actuals, with how each was counted."""
    with runtime(as_json=as_json) as run:
        review = run.reviews.review(code, on=until(run, on))
        if listed is not None and not 1 <= listed <= len(review.targets):
            raise MalformedInput("no_such_target", number=listed, count=len(review.targets))
        chosen = review.targets if listed is None else (review.targets[listed - 1],)
        if as_json:
            print_json([actual_json(a) | {"list": members_of(run.store, review, a)} for a in chosen])
            return
        print_heading(review)
        if listed is None:
            print_section(targets_section(review))
            return
        (actual,) = chosen
        ctx.out.print(f"{actual.target.what}: {figure_text(actual.figure)} {measure(actual.target.unit)}", markup=False)
        ctx.out.print(f"{ctx.both('Cách tính', 'How it was counted')}: {counted_text(actual)}", markup=False)
        for member in members_of(run.store, review, actual):
            ctx.out.print(f"  • {member}", markup=False)


@plan.command("target")
def target(  # noqa: PLR0913
    code: str,
    number: int,
    actor: As,
    figure: Figure = None,
    count: Annotated[str | None, typer.Option("--count", help="Cách tính: recognised, figures, stated… · way of counting")] = None,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Chỉ tính loại hỗ trợ này · only this kind of support")] = None,
    stated_on: Annotated[str | None, typer.Option("--on", help="Số liệu đến ngày · figure as of")] = None,
    document_no: DocumentNo = None,
    document_date: DocumentDate = None,
    file_reference: FileReference = None,
    link: Link = None,
    note: Note = None,
    dry_run: DryRun = False,
    command: CommandId = None,
    as_json: Json = False,
) -> None:
    """Nêu số thực hiện của một chỉ tiêu, hoặc chọn cách tính · state what a target reached, or choose how it is counted."""
    with runtime(as_json=as_json) as run:
        if count is not None:
            made = run.work.count(code, number, count, actor=actor, kinds=kinds or (), dry_run=dry_run, command=command or "")
        else:
            payload = payload_of(
                figure=figure, stated_on=stated_on, document_no=document_no, document_date=document_date, file_reference=file_reference,
                link=link, note=note,
            )  # fmt: skip
            made = run.work.state(code, number, payload, actor=actor, dry_run=dry_run, command=command or "")
        told(made, as_json=as_json)


@plan.command("lesson")
def lesson(  # noqa: PLR0913
    code: str,
    part: Annotated[str, typer.Argument(help="achieved | shortcoming | cause | proposal: kết quả, tồn tại, nguyên nhân, kiến nghị · part")],
    text: Annotated[str, typer.Argument(help="Nội dung · what to note")],
    actor: As,
    corrects: Corrects = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    command: CommandId = None,
    as_json: Json = False,
) -> None:
    """Ghi kết quả, tồn tại, nguyên nhân, kiến nghị cho tổng kết năm · note a lesson for the year-end review."""
    with runtime(as_json=as_json) as run:
        payload = payload_of(part=part, text=text, reason=reason)
        told(run.work.learn(code, payload, actor=actor, corrects=corrects, dry_run=dry_run, command=command or ""), as_json=as_json)


@plan.command("review")
def review_plan(  # noqa: PLR0913
    code: str,
    conclude: Annotated[bool, typer.Option("--conclude", help="Chốt số liệu vào lịch sử, cần --as · fix the figures, needs --as")] = False,
    actor: Annotated[str | None, typer.Option("--as", help="Mã người chốt · person code")] = None,
    on: On = None,
    reason: Reason = None,
    file: Annotated[Path | None, typer.Option("--markdown", help="Ghi bản Markdown ra tệp · write Markdown to a file")] = None,
    dry_run: DryRun = False,
    command: CommandId = None,
    as_json: Json = False,
) -> None:
    """Tổng kết năm: chỉ tiêu, đợt, hoạt động, hỗ trợ, bài học · the year-end review, and its conclusion."""
    with runtime(as_json=as_json) as run:
        at = until(run, on)
        made = None
        if conclude:
            if actor is None:
                raise MalformedInput("actor_needed")
            _, made = run.reviews.conclude(code, actor=actor, on=at, reason=reason, dry_run=dry_run, command=command or "")
        review = run.reviews.review(code, on=at)
        recounted = run.reviews.recounted(review)
        if file is not None:
            _save(file, review_markdown(review, recounted=recounted))
        if as_json:
            print_json(review_json(review, recounted=recounted))
            return
        for line in headline(review, recounted=recounted):
            ctx.out.print(line, markup=False)
        for section in review_sections(review):
            print_section(section, titled=True)
        if file is not None:
            ctx.out.print(f"\n{ctx.both('Đã ghi tệp', 'Written to')}: {file}", markup=False)
        if made is not None:
            told(made, as_json=False)


def _save(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MalformedInput("file_unwritable", name=str(file), why=error.strerror or str(error)) from None
