"""``ocop webhook``: other systems that hear of events, and gateways for text messages."""

from typing import Annotated

import typer

from api.bootstrap import Runtime
from api.cli.cases import person_of
from api.cli.context import REFUSED, ctx, print_json, runtime
from api.cli.naming import meaning, news_name, unit_named, world_of
from api.cli.options import As, Json
from api.cli.render import table
from api.identity.vault import HookSecrets
from api.shapes.telling import hook_json
from notifications.hooks import Hooks, Made
from notifications.messages import Accepted
from states.regime import local_date
from workflow.telling import WebhookRow

webhook = typer.Typer(no_args_is_help=True, help="Webhook: hệ thống khác nhận tin, cổng tin nhắn · other systems that hear of events")

Id = Annotated[str, typer.Argument(help="Mã webhook như “ocop webhook list” nêu · id as the list names it")]


def _hooks(run: Runtime) -> Hooks:
    return Hooks(run.store, world_of(run).registry, run.clock, HookSecrets(run.settings).seal)


def _actor(run: Runtime, actor: str, number: str) -> str:
    """Who acts, over the webhook's unit where a seat was named."""
    row = next((hook for hook in run.store.webhooks() if hook.id == number), None)
    return person_of(run, actor, row.unit if row is not None else "", "") if row is not None or "@" not in actor else actor


@webhook.command("add")
def add_hook(
    url: Annotated[str, typer.Argument(help="Địa chỉ nhận, https://… · address")],
    unit: Annotated[str, typer.Option("--unit", help="Tin về hồ sơ của đơn vị này và cấp dưới · cases of this unit and below")],
    actor: As,
    event: Annotated[
        list[str] | None, typer.Option("--event", help="Chỉ việc này, lặp lại được; bỏ trống là mọi việc · only this event")
    ] = None,
    as_json: Json = False,
) -> None:
    """Khai báo một nơi nhận; khóa ký chỉ hiện ra một lần · set a receiver up; its secret is shown this once."""
    with runtime(as_json=as_json) as run:
        unit_named(world_of(run).registry, unit)
        made = _hooks(run).add(url, unit, event or [], person_of(run, actor, unit, ""))
        _print_secret(made, as_json=as_json)


def _print_secret(made: Made, *, as_json: bool) -> None:
    if as_json:
        print_json({**hook_json(made.row), "secret": made.secret})
        return
    ctx.out.print(f"{ctx.both('Mã', 'Id')}: {made.row.id}")
    ctx.out.print(f"{ctx.both('Khóa ký', 'Secret')}: {made.secret}", markup=False)
    ctx.out.print(ctx.both("Hãy chép khóa ngay: khóa không hiện lại.", "Copy the secret now: it is not shown again."))


@webhook.command("list")
def list_hooks(as_json: Json = False) -> None:
    """Các nơi nhận · receivers."""
    with runtime(as_json=as_json) as run:
        rows = run.store.webhooks()
        if as_json:
            print_json([hook_json(row) for row in rows])
            return
        registry, day = world_of(run).registry, local_date(run.clock.now())
        made = table(
            *(("Mã", "Đơn vị", "Địa chỉ", "Việc", "Tình trạng") if ctx.language == "vi" else ("Id", "Unit", "Address", "Events", "State"))
        )
        for row in rows:
            events = ", ".join(map(news_name, row.events)) or ctx.both("mọi việc", "all")
            state = ctx.both("đang gửi", "on") if row.off is None else f"{ctx.both('đã tắt', 'off')}: {row.off}"
            if len(row.secret.split()) > 1:
                state += ctx.both("; đang đổi khóa", "; two secrets")
            made.add_row(row.id, registry.unit_name(row.unit, day), row.url, events, state)
        if rows:
            ctx.out.print(made)
        ctx.out.print(f"{len(rows)} webhook")


@webhook.command("off")
def turn_off(
    number: Id,
    actor: As,
    why: Annotated[str, typer.Option("--reason", help="Lý do · reason")] = "",
    as_json: Json = False,
) -> None:
    """Thôi gửi tới một nơi nhận · send nothing more there."""
    with runtime(as_json=as_json) as run:
        row = _hooks(run).turn_off(number, why, _actor(run, actor, number))
        _print_row(row, ctx.both("đã tắt", "off"), as_json=as_json)


@webhook.command("on")
def turn_on(number: Id, actor: As, as_json: Json = False) -> None:
    """Gửi trở lại, từ việc xảy ra sau lúc này · send there again what happens from now on."""
    with runtime(as_json=as_json) as run:
        row = _hooks(run).turn_on(number, _actor(run, actor, number))
        _print_row(row, ctx.both("đang gửi", "on"), as_json=as_json)


@webhook.command("secret")
def change_secret(
    number: Id,
    actor: As,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Tạo khóa mới; hai khóa cùng ký cho đến khi bỏ khóa cũ · make a second one")
    ] = False,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Bỏ khóa cũ · drop the old one")] = False,
    as_json: Json = False,
) -> None:
    """Đổi khóa ký mà không mất tin nào: tạo khóa mới, nơi nhận đổi xong thì bỏ khóa cũ · change the secret without losing an event."""
    if rotate == drop_old:
        raise typer.BadParameter("--rotate | --drop-old")
    with runtime(as_json=as_json) as run:
        who = _actor(run, actor, number)
        if rotate:
            _print_secret(_hooks(run).rotate(number, who), as_json=as_json)
        else:
            _print_row(_hooks(run).drop_old(number, who), ctx.both("đã bỏ khóa cũ", "the old secret is dropped"), as_json=as_json)


def _print_row(row: WebhookRow, said: str, *, as_json: bool) -> None:
    if as_json:
        print_json(hook_json(row))
    else:
        ctx.out.print(f"{row.id}: {said}")


@webhook.command("test")
def try_hook(number: Id, actor: As, as_json: Json = False) -> None:
    """Gửi ngay một tin thử có chữ ký và cho biết nơi nhận trả lời gì · send a signed test event now and tell the answer."""
    with runtime(as_json=as_json) as run:
        answer = _hooks(run).test(number, _actor(run, actor, number), run.notifications.hook_way(), run.notifications.post.source)
        good = isinstance(answer, Accepted)
        why = "" if isinstance(answer, Accepted) else answer.why
        if as_json:
            print_json({"accepted": good, "why": why or None, "reply": answer.reply})
        elif good:
            ctx.out.print(f"[green]✓[/] {ctx.both('Nơi nhận đã nhận', 'Accepted')}: ", end="")
            ctx.out.print(answer.reply, markup=False)
        else:
            ctx.out.print(f"[red]✗[/] {ctx.both('Chưa được', 'Not accepted')}: ", end="")
            ctx.out.print(meaning(f"{why}: {answer.reply}" if answer.reply else why), markup=False)
    if not good:
        raise typer.Exit(REFUSED)
