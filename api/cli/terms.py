"""``ocop case why``, ``extend``, ``suspend`` and ``resume``: the deadlines of one case."""

from typing import Annotated

import typer

from api.cli.cases import case_row, command_of, print_receipt
from api.cli.context import ctx, print_json, runtime
from api.cli.options import As, CommandId, DocumentNo, DryRun, Json, MaybeDocumentNo, Reason
from api.cli.render import terms_lines, why_lines
from states.regime import local_date
from states.vocabulary import Event, TermStatus
from workflow.provenance import Provenance
from workflow.provenance import as_json as explained

TermName = Annotated[str, typer.Option("--term", help="Thời hạn: commune_check hoặc re_evaluation · which term")]
DocumentDate = Annotated[str | None, typer.Option("--document-date", help="Ngày văn bản; bỏ trống là hôm nay · its date, else today")]


def _on_span(  # noqa: PLR0913
    event: Event,
    code: str,
    actor: str,
    data: dict[str, object],
    *,
    reason: str | None,
    command: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Extend, suspend or resume a term and show what became of it."""
    with runtime(as_json=as_json) as run:
        row = case_row(run, code)
        said = [f"{name}={value}" for name, value in data.items() if value is not None]
        if data["document_no"] and not data["document_date"]:
            data["document_date"] = local_date(run.clock.now()).isoformat()
        given = [f"{name}={value}" for name, value in data.items() if value is not None]
        asked = command_of(run, code, event, actor, given, row.unit, row.producer, reason=reason, command=command, said=said)
        print_receipt(run.engine.perform(asked, dry_run=dry_run), as_json=as_json, dry_run=dry_run)
        if not as_json and not dry_run:
            for line in terms_lines(t for t in run.store.terms(code) if t.stage == data["term"] and t.status is TermStatus.RUNNING):
                ctx.out.print(line, markup=False)


def extend_command(  # noqa: PLR0913
    code: str,
    actor: As,
    term: TermName,
    days: Annotated[int, typer.Option("--days", help="Số ngày thêm, theo cách đếm của chính thời hạn · days more, in the term's own days")],
    document_no: DocumentNo,
    reason: Reason = None,
    document_date: DocumentDate = None,
    command: CommandId = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Gia hạn một thời hạn đang tính bằng văn bản; ngày nêu đích danh không gia hạn · extend a term that runs, by a paper."""
    data: dict[str, object] = {"term": term, "days": days, "document_no": document_no, "document_date": document_date}
    _on_span(Event.EXTEND, code, actor, data, reason=reason, command=command, dry_run=dry_run, as_json=as_json)


def suspend_command(  # noqa: PLR0913
    code: str,
    actor: As,
    term: TermName,
    document_no: DocumentNo,
    reason: Reason = None,
    document_date: DocumentDate = None,
    command: CommandId = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Tạm dừng một thời hạn đang tính · suspend a term that runs."""
    data: dict[str, object] = {"term": term, "document_no": document_no, "document_date": document_date}
    _on_span(Event.SUSPEND, code, actor, data, reason=reason, command=command, dry_run=dry_run, as_json=as_json)


def resume_command(  # noqa: PLR0913
    code: str,
    actor: As,
    term: TermName,
    document_no: MaybeDocumentNo = None,
    reason: Reason = None,
    document_date: DocumentDate = None,
    command: CommandId = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Tính tiếp thời hạn đang tạm dừng; ngày cuối lùi theo số ngày đã dừng · resume a term; its date shifts by the days suspended."""
    data: dict[str, object] = {"term": term, "document_no": document_no, "document_date": document_date}
    _on_span(Event.RESUME, code, actor, data, reason=reason, command=command, dry_run=dry_run, as_json=as_json)


def why_command(code: str, as_json: Json = False) -> None:
    """Vì sao là ngày này? Mốc nào áp dụng, mốc nào không, vì sao, ai nhập · why this date: what rules, what gave way, who entered it."""
    with runtime(as_json=as_json) as run:
        found = Provenance(run.store).why(code)
        if as_json:
            print_json([explained(each) for each in found])
            return
        ctx.out.print(f"[bold]{code}[/]" + ("" if found else f" – {ctx.both('không có thời hạn nào', 'no deadlines')}"))
        for each in found:
            for line in why_lines(each):
                ctx.out.print(line, markup=False)
