"""``ocop case confirm``, ``confirmations`` and ``overrides``: the second person's word on paper acts and overrides, and all overrides."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.cases import case, person_of, print_receipt
from api.cli.context import ctx, iso, print_json, runtime
from api.cli.options import As, Json, Reason
from api.cli.render import instant, override_lines, payload_lines, table, who
from api.showing import override_json
from states.errors import NotFound, UnknownName
from workflow.confirming import Waiting
from workflow.overriding import overrides


@case.command("confirm")
def confirm(
    confirmation: Annotated[str, typer.Argument(help="Mã của phần nhập chờ xác nhận, ví dụ VS-2021-0005:7 · id of what waits")],
    actor: As,
    refuse: Annotated[bool, typer.Option("--refuse", help="Không xác nhận, phải nêu lý do · do not confirm, with a reason")] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Người thứ hai xác nhận việc nhập từ văn bản giấy hoặc việc cho vượt · the second person's word on an act typed from paper or an override."""
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
    """Việc nhập từ văn bản giấy và việc cho vượt đang chờ người thứ hai · what waits for a second person."""
    with runtime(as_json=as_json) as run:
        found = list(run.confirmations.waiting())
        if as_json:
            print_json([_json(each) for each in found])
            return
        names = {p.code: p.name for p in run.store.products(sorted({each.product for each in found}))}
        for each in found:
            entry = each.line.entry
            typed = instant(entry.received_at) if entry.received_at else ""
            ctx.out.print(f"[bold]{each.id}[/] – {ctx.words.name(each.event)} – {escape(names.get(each.product, each.product))}")
            when = ctx.both(f"Nhập ngày {typed}", f"Typed on {typed}")
            if entry.acted_on:
                done = instant(entry.acted_on)
                when = ctx.both(f"Làm ngày {done}, nhập ngày {typed}", f"Done on {done}, typed on {typed}")
            for text in (f"{when}: {who(each.line)}", *override_lines(entry, ctx.words), *payload_lines(each.line, ctx.words)):
                ctx.out.print(f"    {text}", markup=False)
        ctx.out.print(f"{len(found)} {ctx.both('việc chờ xác nhận', 'acts wait')}")


@case.command("overrides")
def list_overrides(
    unit: Annotated[str | None, typer.Option(help="Đơn vị và cấp dưới · unit and below")] = None, as_json: Json = False
) -> None:
    """Mọi quyết định cho vượt, đã dùng hay chưa · every override, used or not."""
    with runtime(as_json=as_json) as run:
        registry = run.engine.world(fresh=True).registry
        if unit is not None and not registry.known(unit):
            raise UnknownName(what="unit", name=unit, known="–")
        found = list(overrides(run.store, registry.ever_below(unit) if unit else None))
        if as_json:
            print_json([override_json(each) for each in found])
            return
        head = ("Hồ sơ", "Mục", "Cho vượt", "Để", "Quyết định", "Ai", "Đã dùng")
        made = table(*(head if ctx.language == "vi" else ("Case", "Entry", "Overrides", "For", "Decision", "Who", "Used")))
        for each in found:
            entry = each.given.entry
            named = ", ".join(ctx.words.label("reason", code) for code in entry.data["overrides"])
            used = str(each.used.entry.case_seq) if each.used else ctx.both("chưa", "not yet") if each.waits else ctx.both("không", "no")
            step = ctx.words.label("event", entry.data["step"])
            made.add_row(each.case.code, str(entry.case_seq), named, step, entry.data["decision_no"], who(each.given), used)
        ctx.out.print(made)
        ctx.out.print(f"{len(found)} {ctx.both('quyết định cho vượt', 'overrides')}")


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
