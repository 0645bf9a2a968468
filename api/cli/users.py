"""``ocop user``: the first administrator, accounts, links, lost second factors, sessions, tokens, delegations, and who read what."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from api.bootstrap import Runtime
from api.cli.context import ctx, iso, print_json, runtime
from api.cli.operations import users
from api.cli.options import CommandId, DocumentNo, Json
from api.cli.render import table
from api.identity.access_log import Access, Asker
from api.identity.errors import AdministratorThere, RolesInstead
from api.identity.rights import AccountAct, must_manage
from api.identity.sessions import handle_of
from states.chart import Seat
from states.errors import MalformedInput, PayloadInvalid, Problem, UnknownName
from states.payload import Field, Kind, read_payload
from states.vocabulary import Function
from workflow.accounts import AccessRow, LinkRow
from workflow.delegations import Delegate
from workflow.rows import AppointmentRow, DelegationRow, PersonRow

if TYPE_CHECKING:
    from api.identity.service import Identity

_HERE = "http://127.0.0.1:8000"
Admin = Annotated[str, typer.Option("--as", help="Mã người quản trị · person code of the administrator")]
Why = Annotated[str, typer.Option("--reason", help="Lý do · reason")]
Login = Annotated[str, typer.Option("--login", help="Tên đăng nhập · login")]
Slip = Annotated[Path | None, typer.Option("--slip", help="Ghi phiếu in có mã QR (SVG) · write a slip with a QR code")]


@contextmanager
def _identity(*, as_json: bool = False) -> Iterator[tuple[Runtime, "Identity"]]:
    # Hashing and sealing take a third of a second to load, which no other command has to wait for.
    from api.identity.service import build_identity  # noqa: PLC0415

    with runtime(as_json=as_json) as run:
        yield run, build_identity(run)


def _real(run: Runtime) -> None:
    """Refuse in a rehearsal, which has roles and no accounts."""
    if run.rehearsal:
        raise RolesInstead


@users.command("create-admin")
def create_admin(
    person: Annotated[str, typer.Argument(help="Mã người, ví dụ qt-van-son · person code")],
    name: Annotated[str, typer.Option("--name", help="Họ tên · name")],
    unit: Annotated[str, typer.Option("--unit", help="Mã đơn vị mà người này quản trị · unit to administer")],
    login: Login,
    slip_file: Slip = None,
) -> None:
    """Người quản trị đầu tiên; in đường dẫn một lần để đặt mật khẩu · the first administrator, with a one-time link."""
    with _identity() as (run, identity):
        _real(run)
        registry, day = identity.registry(), identity.today()
        known = identity.accounts.all()
        there = [p for p, row in known.items() if row.disabled_at is None and _administers(identity, p)]
        if there:
            raise AdministratorThere(person=there[0])
        row = registry.unit(unit, day)
        if row is None:
            raise UnknownName(what="unit", name=unit, known=", ".join(u.code for u in registry.units_on(day)) or "–")
        code, said = _person(person, name)
        appointment = AppointmentRow(
            person=code,
            function=str(Function.ADMINISTRATOR),
            level=row.level,
            unit=unit,
            producer=None,
            valid_from=day.isoformat(),
            valid_to=None,
        )
        people = [] if any(p.code == code for p in registry.people()) else [PersonRow(code=code, name=said, email=None, phone=None)]
        run.store.save_registry(people=people, appointments=[appointment])
        by = Asker(code, "cli")
        if code not in known:
            identity.accounts.open_for(code, login, by=by)
        token, link = identity.accounts.link_for(code, by=by)
        _print_link(run, identity, code, token, link, slip_file)


@users.command("create")
def create(
    person: str,
    login: Login,
    actor: Admin,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Tên ở hệ thống đăng nhập chung (sub) · subject with the provider")
    ] = None,
) -> None:
    """Mở tài khoản cho người đã có trong danh sách · an account for a person who is known."""
    with _identity() as (run, identity):
        _real(run)
        issuer = run.settings.oidc_issuer
        if subject is not None and issuer is None:
            raise MalformedInput("setting_malformed", name="OCOP_OIDC_ISSUER", why="–")
        row = identity.accounts.create(
            identity.registry(), person, login, by=Asker(actor, "cli"), day=identity.today(), issuer=issuer, subject=subject
        )
        ctx.out.print(f"[green]✓[/] {escape(row.person)}: {escape(row.login)}")


@users.command("invite")
def invite(person: str, actor: Admin, slip_file: Slip = None) -> None:
    """Đường dẫn một lần để người đó tự đặt mật khẩu · a one-time link to choose a password."""
    with _identity() as (run, identity):
        _real(run)
        token, link = identity.accounts.give_link(identity.registry(), person, by=Asker(actor, "cli"), day=identity.today())
        _print_link(run, identity, person, token, link, slip_file)


@users.command("disable")
def disable(person: str, actor: Admin, reason: Why) -> None:
    """Khóa tài khoản; mọi phiên và mã truy cập kết thúc ngay · close an account at once."""
    with _identity() as (run, identity):
        _real(run)
        identity.accounts.disable(identity.registry(), person, reason, by=Asker(actor, "cli"), day=identity.today())
        _done(person, ctx.both("đã khóa", "disabled"))


@users.command("enable")
def enable(person: str, actor: Admin, reason: Why) -> None:
    """Mở lại tài khoản · open an account again."""
    with _identity() as (run, identity):
        _real(run)
        identity.accounts.enable(identity.registry(), person, reason, by=Asker(actor, "cli"), day=identity.today())
        _done(person, ctx.both("đã mở lại", "enabled"))


@users.command("reset-second-factor")
def reset_second_factor(person: str, actor: Admin, reason: Why) -> None:
    """Gỡ xác thực thứ hai đã mất; phải do người quản trị khác · take a lost second factor away."""
    with _identity() as (run, identity):
        _real(run)
        identity.accounts.reset_factor(identity.registry(), person, reason, by=Asker(actor, "cli"), day=identity.today())
        _done(person, ctx.both("đã gỡ xác thực thứ hai", "second factor taken away"))


@users.command("sessions")
def sessions(person: str, as_json: Json = False) -> None:
    """Các phiên đăng nhập đang mở · living sessions."""
    with _identity(as_json=as_json) as (_, identity):
        identity.registry().person(person)
        rows = identity.sessions.of(person)
        if as_json:
            print_json(
                [
                    {"handle": handle_of(r), "via": r.via, "source": r.source, "since": iso(r.created_at), "seen": iso(r.seen_at)}
                    for r in rows
                ]
            )
            return
        made = table(*(("Mã", "Từ", "Bắt đầu", "Lần cuối") if ctx.language == "vi" else ("Handle", "From", "Since", "Seen")))
        for row in rows:
            made.add_row(handle_of(row), row.source, ctx.words.instant(row.created_at), ctx.words.instant(row.seen_at))
        ctx.out.print(made)


@users.command("end-session")
def end_session(person: str, handle: str, actor: Admin) -> None:
    """Kết thúc một phiên đăng nhập · end a session."""
    with _identity() as (_, identity):
        must_manage(identity.registry(), actor, person, AccountAct.END_SESSIONS, identity.today())
        identity.sessions.end_of(person, handle, identity.log.record(Access.SESSIONS_ENDED, person, Asker(actor, "cli"), handle))
        _done(handle, ctx.both("đã kết thúc", "ended"))


@users.command("tokens")
def tokens(person: str, as_json: Json = False) -> None:
    """Mã truy cập của một người · a person's tokens."""
    with _identity(as_json=as_json) as (_, identity):
        identity.registry().person(person)
        rows = identity.tokens.of(person)
        if as_json:
            print_json(
                [
                    {
                        "id": r.id, "name": r.name, "scopes": r.scopes.split(), "expires_at": iso(r.expires_at),
                        "revoked_at": _maybe(r.revoked_at), "used_at": _maybe(r.used_at),
                    }
                    for r in rows
                ]
            )  # fmt: skip
            return
        made = table(*(("Mã", "Tên", "Phạm vi", "Hết hạn") if ctx.language == "vi" else ("Id", "Name", "Scopes", "Expires")))
        for row in rows:
            ends = ctx.both("đã thu hồi", "revoked") if row.revoked_at else ctx.words.instant(row.expires_at)
            made.add_row(row.id, escape(row.name), row.scopes, ends)
        ctx.out.print(made)


@users.command("revoke-token")
def revoke_token(person: str, token: str, actor: Admin) -> None:
    """Thu hồi một mã truy cập · revoke a token."""
    with _identity() as (_, identity):
        must_manage(identity.registry(), actor, person, AccountAct.REVOKE_TOKENS, identity.today())
        identity.tokens.revoke(token, identity.log.record(Access.TOKEN_REVOKED, person, Asker(actor, "cli"), token), person=person)
        _done(token, ctx.both("đã thu hồi", "revoked"))


@users.command("delegate")
def delegate(  # noqa: PLR0913
    seat: Annotated[str, typer.Argument(help="Chức năng, ví dụ officer@province · the function")],
    unit: Annotated[str, typer.Argument(help="Mã đơn vị · unit")],
    taker: Annotated[str, typer.Argument(help="Mã người được ủy quyền · who is to act")],
    actor: Annotated[str, typer.Option("--as", help="Mã người ủy quyền · whose function it is")],
    first: Annotated[str, typer.Option("--from", help="Ngày đầu, năm-tháng-ngày · first day")],
    last: Annotated[str, typer.Option("--to", help="Ngày cuối · last day")],
    document_no: DocumentNo,
    reason: Why,
    events: Annotated[
        list[str] | None, typer.Option("--event", help="Chỉ việc này, lặp lại được · for this event only, repeatable")
    ] = None,
    command: CommandId = None,
    as_json: Json = False,
) -> None:
    """Ủy quyền một chức năng, cả hoặc một phần, có ngày bắt đầu và kết thúc · delegate a function for some days."""
    with runtime(as_json=as_json) as run:
        asked = Delegate(
            seat=Seat.parse(seat), unit=unit, taker=taker, first=_day("first", first), last=_day("last", last), document_no=document_no,
            reason=reason, events=tuple(events or ()), command=command or f"cli:{secrets.token_hex(12)}",
        )  # fmt: skip
        row = run.delegations.give(asked, actor=actor)
        if as_json:
            print_json(_delegation(row))
            return
        _done(
            row.code, ctx.both(f"{row.taker} làm thay {row.giver} đến hết {last}", f"{row.taker} acts for {row.giver} to the end of {last}")
        )


@users.command("revoke-delegation")
def revoke_delegation(code: str, actor: Admin, reason: Why) -> None:
    """Chấm dứt ủy quyền ngay · end a delegation at once."""
    with runtime() as run:
        run.delegations.revoke(code, actor=actor, reason=reason)
        _done(code, ctx.both("đã chấm dứt", "ended"))


@users.command("delegations")
def delegations(person: str, as_json: Json = False) -> None:
    """Ủy quyền mà một người đã giao và đã nhận · what a person has given and taken."""
    with runtime(as_json=as_json) as run:
        registry = run.engine.world(fresh=True).registry
        registry.person(person)
        rows = run.delegations.of(person)
        if as_json:
            print_json([_delegation(row) for row in rows])
            return
        made = table(
            *(
                ("Mã", "Chức năng", "Người giao", "Người nhận", "Thời gian")
                if ctx.language == "vi"
                else ("Code", "Function", "Giver", "Taker", "Days")
            )
        )
        for row in rows:
            said = f"{row.valid_from} – < {row.valid_to}, {ctx.words.name(row.state)}"
            made.add_row(row.code, f"{row.function}@{row.level} {row.unit}", row.giver, row.taker, said)
        ctx.out.print(made)


@users.command("access")
def access(
    subject: Annotated[str, typer.Argument(help="Mã hồ sơ, hoặc mã người với --by · case code, or person code with --by")],
    by_person: Annotated[bool, typer.Option("--by", help="Người này đã xem gì · what this person read")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: Json = False,
) -> None:
    """Ai đã xem hồ sơ nào, ai làm gì với tài khoản nào · who read whose case."""
    with _identity(as_json=as_json) as (_, identity):
        rows = identity.log.read(person=subject if by_person else None, subject=None if by_person else subject, limit=limit)
        if as_json:
            print_json([_record(row) for row in rows])
            return
        made = table(*(("Lúc", "Người", "Việc", "Về", "") if ctx.language == "vi" else ("At", "Person", "What", "About", "")))
        for row in rows:
            said = ctx.words.label("access", row.kind)
            made.add_row(ctx.words.instant(row.at), escape(row.person), said, escape(row.subject), escape(row.detail))
        ctx.out.print(made)


def _print_link(run: Runtime, identity: "Identity", person: str, token: str, link: LinkRow, file: Path | None) -> None:  # noqa: PLR0913
    from api.identity.slip import link_address, slip  # noqa: PLC0415 - see above

    where = link_address(run.settings.public_url or _HERE, token)
    account = identity.accounts.get(person)
    name = identity.registry().person(person).name
    ctx.out.print(f"[bold]{escape(name)}[/] – {escape(account.login)}")
    ctx.out.print(where, markup=False)
    ctx.out.print(
        ctx.both(f"Dùng một lần, đến {ctx.words.instant(link.expires_at)}.", f"Works once, until {ctx.words.instant(link.expires_at)}.")
    )
    if file is not None:
        try:
            file.write_text(slip(where, name, account.login, link.expires_at, ctx.language), encoding="utf-8")
        except OSError as error:
            raise MalformedInput("file_unwritable", name=str(file), why=error.strerror or type(error).__name__) from None
        ctx.out.print(f"[green]✓[/] {escape(str(file))}")


def _administers(identity: "Identity", person: str) -> bool:
    held = identity.registry().appointed(person, identity.today())
    return any(h.seat.function is Function.ADMINISTRATOR for h in held)


def _person(code: str, name: str) -> tuple[str, str]:
    """Code and name as they may be kept."""
    fields = (Field("person", Kind.TEXT, required=True), Field("name", Kind.TEXT, required=True))
    _, texts = read_payload(fields, {"person": code, "name": name})
    return texts["person"], texts["name"]


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PayloadInvalid([Problem(f"/{name}", "not_a_date")], event="delegate") from None


def _done(what: str, said: str) -> None:
    ctx.out.print(f"[green]✓[/] {escape(what)}: {escape(said)}")


def _maybe(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


def _delegation(row: DelegationRow) -> dict[str, Any]:
    return {
        "code": row.code, "giver": row.giver, "taker": row.taker, "seat": f"{row.function}@{row.level}", "unit": row.unit,
        "events": list(row.events), "valid_from": row.valid_from, "valid_to": row.valid_to, "document_no": row.document_no,
        "state": str(row.state),
    }  # fmt: skip


def _record(row: AccessRow) -> dict[str, Any]:
    return {
        "at": iso(row.at), "person": row.person, "via": row.via, "kind": row.kind, "subject": row.subject, "detail": row.detail,
        "request": row.request,
    }  # fmt: skip
