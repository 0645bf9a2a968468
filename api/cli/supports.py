"""``ocop plan support``, ``add-support`` and ``strike``: what was given to products and producers."""

from typing import Annotated

import typer

from api.cli.context import ctx, print_json, runtime
from api.cli.options import As, CommandId, DryRun, Json, Reason
from api.cli.plans import plan
from api.cli.render import table
from api.cli.reporting import Corrects, DocumentDate, DocumentNo, Figure, FileReference, Link, Measure, Note, payload_of, told
from api.cli.reviewing import evidence_text, figure_text, measure, money
from api.shapes.plan_work import support_json
from states.errors import NotFound
from states.payload import Field, Kind
from workflow.planbook import Support


@plan.command("support")
def support(
    code: Annotated[str | None, typer.Argument(help="Mã kế hoạch; bỏ trống là mọi kế hoạch · plan, all unless given")] = None,
    product: Annotated[str | None, typer.Option("--product", help="Chỉ sản phẩm này · only this product")] = None,
    producer: Annotated[str | None, typer.Option("--producer", help="Chỉ chủ thể này · only this producer")] = None,
    as_json: Json = False,
) -> None:
    """Hỗ trợ đã ghi nhận, theo sản phẩm hoặc chủ thể · support given, by product or producer."""
    with runtime(as_json=as_json) as run:
        if product is not None and run.store.product(product) is None:
            raise NotFound(what="product", name=product)
        if producer is not None and run.store.producer(producer) is None:
            raise NotFound(what="producer", name=producer)
        codes = [code] if code else [row.code for row in run.store.plans()]
        desks = [run.work.desk(each) for each in codes]
        found = [
            (desk.row.code, s)
            for desk in desks
            for s in desk.book.supports.values()
            if product in {None, s.product} and producer in {None, s.producer}
        ]
        if as_json:
            print_json([support_json(plan_code, s) for plan_code, s in found])
            return
        _print_supports(found)


@plan.command("add-support")
def add_support(  # noqa: PLR0913
    code: str,
    actor: As,
    kind: Annotated[str, typer.Option(help="Loại hỗ trợ: training, packaging, label, credit… · kind of support")],
    what: Annotated[str, typer.Option(help="Nội dung · what was given")],
    giver: Annotated[str, typer.Option(help="Bên hỗ trợ · who gave it")],
    given_on: Annotated[str, typer.Option("--on", help="Ngày hỗ trợ · given on")],
    product: Annotated[str | None, typer.Option("--product", help="Mã sản phẩm · product")] = None,
    producer: Annotated[str | None, typer.Option("--producer", help="Mã chủ thể · producer")] = None,
    activity: Annotated[str | None, typer.Option("--activity", help="Thuộc hoạt động số · part of this activity")] = None,
    amount: Annotated[str | None, typer.Option(help="Số tiền, đồng · money in đồng")] = None,
    figure: Figure = None,
    unit_of_measure: Measure = None,
    document_no: DocumentNo = None,
    document_date: DocumentDate = None,
    file_reference: FileReference = None,
    link: Link = None,
    note: Note = None,
    corrects: Corrects = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    command: CommandId = None,
    as_json: Json = False,
) -> None:
    """Ghi nhận một lần hỗ trợ sản phẩm hoặc chủ thể · record support given to a product or producer."""
    payload = payload_of(
        support=kind, what=what, giver=giver, given_on=given_on, amount=_amount(amount), figure=figure, figure_unit=unit_of_measure,
        document_no=document_no, document_date=document_date, file_reference=file_reference, link=link, note=note, reason=reason,
    )  # fmt: skip
    with runtime(as_json=as_json) as run:
        made = run.work.support(
            code,
            payload,
            actor=actor,
            product=product,
            producer=producer,
            activity=activity,
            corrects=corrects,
            dry_run=dry_run,
            command=command or "",
        )
        told(made, as_json=as_json)


@plan.command("strike")
def strike(  # noqa: PLR0913
    code: str, entry: int, actor: As, reason: Reason = None, dry_run: DryRun = False, command: CommandId = None, as_json: Json = False
) -> None:
    """Rút một nội dung hỗ trợ, tổng kết ghi nhầm; mục cũ còn nguyên · take back what was recorded by mistake."""
    with runtime(as_json=as_json) as run:
        told(run.work.strike(code, entry, reason=reason or "", actor=actor, dry_run=dry_run, command=command or ""), as_json=as_json)


def _amount(text: str | None) -> object:
    """Money as typed; what is no whole number stays text, and is refused with everything else."""
    try:
        return None if text is None else Field("amount", Kind.INTEGER).from_text(text)
    except ValueError:
        return text


def _print_supports(found: list[tuple[str, Support]]) -> None:
    vi = ("Kế hoạch", "Mục", "Ngày", "Sản phẩm, chủ thể", "Loại", "Nội dung", "Số lượng", "Số tiền", "Bên hỗ trợ", "Minh chứng")
    en = ("Plan", "Entry", "Day", "Product, producer", "Kind", "Content", "Figure", "Money", "Given by", "Evidence")
    made = table(*(vi if ctx.language == "vi" else en))
    for plan_code, s in found:
        names = s.line.names
        made.add_row(
            plan_code,
            str(s.seq),
            f"{s.given_on:%d/%m/%Y}",
            " – ".join(filter(None, (names.get("product.name") or s.product, names.get("producer.name") or s.producer))),
            ctx.words.label("option", s.kind),
            names.get("what") or "",
            f"{figure_text(s.figure)} {measure(s.figure_unit)}" if s.figure is not None else "",
            money(s.amount) if s.amount is not None else "",
            names.get("giver") or "",
            evidence_text(names, s.line.entry.data),
        )
    ctx.out.print(made)
    total = sum(s.amount or 0 for _, s in found)
    ctx.out.print(ctx.both(f"{len(found)} lượt hỗ trợ, {money(total)}", f"Support given {len(found)} times, {money(total)}"))
