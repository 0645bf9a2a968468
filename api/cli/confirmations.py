"""``ocop case confirm`` and ``ocop case confirmations``: the second person's word on acts typed from paper."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.cases import case, person_of, print_receipt
from api.cli.context import ctx, iso, print_json, runtime
from api.cli.options import As, Json, Reason
from api.cli.render import instant, payload_lines, who
from states.errors import NotFound
from workflow.confirming import Waiting


@case.command("confirm")
def confirm(
    confirmation: Annotated[str, typer.Argument(help="Mã của phần nhập chờ xác nhận, ví dụ VS-2021-0005:7 · id of what waits")],
    actor: As,
    refuse: Annotated[bool, typer.Option("--refuse", help="Không xác nhận, phải nêu lý do · do not confirm, with a reason")] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Người thứ hai xác nhận một việc nhập từ văn bản giấy · the second person's word on an act typed from paper."""
    with runtime(as_json=as_json) as run:
        loaded = run.store.load_case(confirmation.rpartition(":")[0], "")
        if loaded is None:
            raise NotFound(what="confirmation", name=confirmation)
        person = person_of(run, actor, loaded.case.unit, loaded.case.producer)
        if refuse:
            receipt = run.confirmations.refuse(confirmation, actor=person, reason=reason)
        else:
            receipt = run.confirmations.confirm(confirmation, actor=person)
        print_receipt(receipt, as_json=as_json)


@case.command("confirmations")
def confirmations(as_json: Json = False) -> None:
    """Việc nhập từ văn bản giấy đang chờ người thứ hai · acts typed from paper that wait for a second person."""
    with runtime(as_json=as_json) as run:
        found = list(run.confirmations.waiting())
        if as_json:
            print_json([_json(each) for each in found])
            return
        names = {p.code: p.name for p in run.store.products(sorted({each.product for each in found}))}
        for each in found:
            entry = each.line.entry
            done, typed = (instant(at) if at else "" for at in (entry.acted_on, entry.received_at))
            ctx.out.print(f"[bold]{each.id}[/] – {ctx.words.name(each.event)} – {escape(names.get(each.product, each.product))}")
            when = ctx.both(f"Làm ngày {done}, nhập ngày {typed}", f"Done on {done}, typed on {typed}")
            for text in (f"{when}: {who(each.line)}", *payload_lines(each.line, ctx.words)):
                ctx.out.print(f"    {text}", markup=False)
        ctx.out.print(f"{len(found)} {ctx.both('việc chờ xác nhận', 'acts wait')}")


def _json(each: Waiting) -> dict[str, Any]:
    entry = each.line.entry
    return {
        "id": each.id,
        "case": entry.case,
        "product": each.product,
        "event": str(each.event),
        "acted_on": iso(entry.acted_on) if entry.acted_on else None,
        "typed_at": iso(entry.received_at) if entry.received_at else None,
        "typed_by": entry.actor.id if entry.actor else None,
        "on_behalf_of": entry.actor.on_behalf_of if entry.actor else None,
        "data": {name: value for name, value in entry.data.items() if name not in {"act", "via", "request"}},
        "texts": {name: text for name, text in each.line.names.items() if not name.startswith(("actor.", "request."))},
    }
