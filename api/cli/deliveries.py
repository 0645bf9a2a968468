"""``ocop delivery`` and ``ocop inbox``: what left, what waits, what did not arrive, and what a person finds."""

from typing import Annotated

import typer
from rich.markup import escape

from api.cli.context import ctx, print_json, runtime
from api.cli.naming import hour, meaning, reply, state_of, way, when, world_of
from api.cli.options import Json
from api.cli.render import table
from api.shapes.telling import delivery_json, opened_json, received_json
from notifications.messages import ChannelName
from notifications.postbox import Opened, inbox, opened, read, send_again
from states.errors import UnknownName
from workflow.registry import Registry
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState

delivery = typer.Typer(no_args_is_help=True, help="Lượt gửi: đã chuyển, còn chờ, không gửi được, gửi lại · deliveries")

_WAITING = (DeliveryState.WAITING, DeliveryState.CLAIMED, DeliveryState.SENDING)


@delivery.command("list")
def list_deliveries(  # noqa: PLR0913
    failed: Annotated[bool, typer.Option("--failed", help="Chỉ những lượt không gửi được · only those that failed")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Chỉ những lượt còn chờ hoặc đang gửi · only those under way")] = False,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Chỉ những lượt chờ gọi hoặc chia sẻ · only those for people to carry")
    ] = False,
    to: Annotated[str | None, typer.Option("--to", help="Mã người hoặc mã webhook · person or webhook")] = None,
    case: Annotated[str | None, typer.Option("--case", help="Về hồ sơ, kế hoạch hoặc giấy chứng nhận này · about this one")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="inbox, email, webhook, file, hand, console")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Nhiều nhất · at most")] = 200,
    as_json: Json = False,
) -> None:
    """Danh sách lượt gửi, mới nhất trước · deliveries, newest first."""
    with runtime(as_json=as_json) as run:
        if channel is not None and channel not in set(ChannelName):
            raise UnknownName(what="channel", name=channel, known=", ".join(ChannelName))
        chosen = [*((DeliveryState.FAILED,) if failed else ()), *(_WAITING if waiting else ())]
        chosen += [DeliveryState.BY_HAND] if by_hand else []
        registry = world_of(run).registry
        if to is not None and all(hook.id != to for hook in run.store.webhooks()):
            registry.person(to)
        query = DeliveryQuery(
            states=tuple(map(str, chosen)) or None, recipient=to, subject=case, channel=channel, limit=limit
        )  # fmt: skip
        found = run.store.deliveries(query)
        if as_json:
            print_json([delivery_json(row) for row in found])
            return
        head = ("Mã lượt gửi", "Người nhận", "Qua", "Tình trạng", "Lần", "Lúc", "Bên nhận trả lời")
        made = table(*(head if ctx.language == "vi" else ("Key", "To", "By", "State", "Tries", "At", "The other side's answer")), whole=0)
        for row in found:
            at = row.not_before if row.state is DeliveryState.WAITING else row.updated_at or row.not_before
            made.add_row(row.key, _who(registry, row), way(row.channel), state_of(row), str(row.attempt or ""), hour(at), _reply(row))
        if found:
            ctx.out.print(made)
        more = ctx.both(" (còn nữa, tăng --limit)", " (there are more, raise --limit)") if len(found) == limit else ""
        ctx.out.print(f"{len(found)} {ctx.both('lượt gửi', 'deliveries')}{more}")


def _who(registry: Registry, row: DeliveryRow) -> str:
    return registry.person(row.target).name if any(p.code == row.target for p in registry.people()) else row.target


def _reply(row: DeliveryRow) -> str:
    """What the other side said; a rehearsal's own word in plain words."""
    if row.reply == "rehearsal":
        return ctx.both("tập huấn, không gửi ra ngoài", "a rehearsal, nothing left")
    return reply(row)


@delivery.command("show")
def show_delivery(key: Annotated[str, typer.Argument(help="Mã lượt gửi · key")], as_json: Json = False) -> None:
    """Một lượt gửi: các lần thử, bên nhận trả lời gì, lời thư như đã gửi · one delivery, its tries, and its words as they went."""
    with runtime(as_json=as_json) as run:
        found = opened(run.store, key, run.notifications.post.links, run.notifications.event_of)
        if as_json:
            print_json(opened_json(found))
            return
        row = found.row
        said = f"[bold]{escape(row.key)}[/] – {way(row.channel)}: {state_of(row)}"
        ctx.out.print(said)
        address = f" <{row.address}>" if row.address and row.address != row.target else ""
        ctx.out.print(f"  {ctx.both('Người nhận', 'To')}: {_who(world_of(run).registry, row)}{address}", markup=False)
        if row.state in _WAITING:
            ctx.out.print(f"  {ctx.both('Gửi từ lúc', 'Leaves from')}: {hour(row.not_before)}")
        if row.read_at is not None:
            ctx.out.print(f"  {ctx.both('Đã đọc', 'Read')}: {when(row.read_at)}")
        for tried in found.tries:
            how = ctx.words.label("callresult" if row.key.startswith("call|") else "tryoutcome", tried.outcome)
            by = f" – {tried.worker}" if row.key.startswith("call|") else ""
            words = _reply(row) if tried.reply == "rehearsal" else meaning(tried.reply)
            ctx.out.print(f"  {tried.attempt}. {when(tried.at)}: {how}{f' – {words}' if words else ''}{by}", markup=False)
        _print_words(found)


def _print_words(found: Opened) -> None:
    if found.letter is not None:
        ctx.out.print(f"\n{found.letter.subject}\n\n{found.letter.text}", markup=False)
    elif found.event is not None:
        print_json(found.event)
    elif found.row.message is not None:
        ctx.out.print(
            ctx.both(
                "\nLời thư chưa chốt: sẽ viết theo tình hình đúng lúc gửi.",
                "\nIts words are not fixed yet: they are written when it leaves.",
            )
        )


@delivery.command("resend")
def resend(key: Annotated[str, typer.Argument(help="Mã lượt gửi · key")], as_json: Json = False) -> None:
    """Gửi lại một lượt đã hỏng hoặc đã chuyển; đi với lượt chạy nền kế tiếp · send once more what failed or arrived."""
    with runtime(as_json=as_json) as run:
        row = send_again(run.store, key, run.clock.now())
        if as_json:
            print_json(delivery_json(row))
            return
        ctx.out.print(
            ctx.both("Sẽ gửi lại ở lượt chạy nền kế tiếp; nếu việc đã xong thì không gửi nữa.", "It leaves with the worker's next pass, unless the duty is done.")
        )  # fmt: skip


def inbox_command(
    person: Annotated[str, typer.Argument(help="Mã người · person code")],
    key: Annotated[str | None, typer.Option("--read", help="Mở một thư theo mã, ghi là đã đọc · open one and note it as read")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Nhiều nhất · at most")] = 50,
    as_json: Json = False,
) -> None:
    """Hộp thư của một người trong phần mềm · a person's inbox."""
    with runtime(as_json=as_json) as run:
        code = world_of(run).registry.person(person).code
        if key is not None:
            got = read(run.store, code, key, run.clock.now())
            if as_json:
                print_json(received_json(got))
                return
            ctx.out.print(f"{got.letter.subject}\n\n{got.letter.text}", markup=False)
            return
        found = inbox(run.store, code, limit)
        if as_json:
            print_json([received_json(each) for each in found])
            return
        made = table(*(("", "Lúc", "Thư", "Mã") if ctx.language == "vi" else ("", "At", "Letter", "Key")), whole=3)
        for each in found:
            made.add_row("•" if each.row.read_at is None else "", hour(each.message.composed_at), each.letter.subject, each.row.key)
        if found:
            ctx.out.print(made)
        unread = sum(1 for each in found if each.row.read_at is None)
        ctx.out.print(ctx.both(f"{len(found)} thư, {unread} chưa đọc (•)", f"{len(found)} letters, {unread} unread (•)"))
