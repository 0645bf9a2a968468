"""``ocop round re-date``."""

import secrets
from typing import Annotated

import typer

from api.cli.context import ctx, print_json, runtime
from api.cli.options import As, CommandId, DryRun, Json
from api.cli.plans import stage_json
from deadlines.kinds import Flag
from workflow.notices import Redated


def redate_command(  # noqa: PLR0913
    code: str,
    actor: As,
    stage: Annotated[str, typer.Option("--stage", help="Giai đoạn, ví dụ province_eval · stage")],
    phrase: Annotated[str, typer.Option("--phrase", help="Lời văn của mốc mới, ví dụ “trước ngày 15/8/2021” · the paper's words")],
    document_no: Annotated[str, typer.Option("--document-no", help="Số văn bản đổi ngày · number of the paper")],
    document_date: Annotated[str, typer.Option("--document-date", help="Ngày văn bản, năm-tháng-ngày · its date")],
    reason: Annotated[str, typer.Option("--reason", help="Lý do · reason")],
    signer: Annotated[str | None, typer.Option("--document-signer", help="Người ký · who signed")] = None,
    lenient: Annotated[bool, typer.Option("--lenient", help="Tính cả ngày được nêu · the named day itself still counts")] = False,
    exception: Annotated[
        str | None, typer.Option("--exception", help="Số văn bản ngoại lệ, khi muộn hơn mốc trung ương · number of the exception")
    ] = None,
    command: CommandId = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Đổi ngày một mốc của đợt bằng văn bản, trước hoặc sau mốc; xem trước bằng --dry-run · re-date a round, before or after its cut-off."""
    with runtime(as_json=as_json) as run:
        done = run.rounds.redate(
            code,
            stage,
            phrase,
            document_no,
            document_date,
            reason,
            actor,
            "lenient" if lenient else "strict",
            exception=exception,
            document_signer=signer,
            command=command or f"cli:{secrets.token_hex(12)}",
            dry_run=dry_run,
        )
        if as_json:
            print_json(
                {
                    "round": code,
                    "before": stage_json(done.before),
                    "after": stage_json(done.after),
                    "moved": done.moved,
                    "back": done.back,
                    "deferred_again": done.again,
                    "left": [{"case": case, "why": str(why)} for case, why in done.left],
                    "replayed": done.replayed,
                    "dry_run": dry_run,
                }
            )
            return
        _print_redated(done, dry_run=dry_run)


def _print_redated(done: Redated, *, dry_run: bool) -> None:
    title = ctx.both("Xem trước, chưa ghi", "Preview, nothing written") if dry_run else ctx.both("Đã đổi ngày", "Re-dated")
    ctx.out.print(f"[bold green]{title}[/]: {done.round.code} – {ctx.words.stage(done.after.stage)}")
    for mark, row in (("−", done.before), ("+", done.after)):
        last = ctx.words.last_day(row.cutoff) if row.cutoff else "–"
        ctx.out.print(f"  {mark} {last} – “{row.phrase}” ({row.source})", markup=False)
    if Flag.OUTLASTS_NATIONAL_TERM in done.after.flags:
        ctx.out.print(f"  ! {ctx.words.label('flag', Flag.OUTLASTS_NATIONAL_TERM)}")
    heads = (
        (ctx.both("Đổi hạn", "Moves"), [(case, "") for case in done.moved]),
        (
            ctx.both("Trở lại bước đã rời", "Comes back"),
            [(c, ctx.both("lại quá mốc mới", "misses the new date too") if c in done.again else "") for c in done.back],
        ),
        (ctx.both("Giữ nguyên", "Left alone"), [(case, ctx.words.label("left", str(why))) for case, why in done.left]),
    )
    for head, cases in heads:
        ctx.out.print(f"{head}: {len(cases)}")
        for case, why in cases:
            ctx.out.print(f"  {case}" + (f": {why}" if why else ""))
