"""``ocop case`` and ``ocop certificate``: the working commands of a coordinator."""

import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.bootstrap import Runtime
from api.cli.context import ctx, iso, parse_instant, print_json, reason_json, runtime
from api.cli.options import As, CommandId, Data, DryRun, Json, Reason
from api.cli.render import cases_table, counts_line, history_lines, instant, note_text, table, terms_lines
from states.case import case_chart
from states.chart import Seat
from states.errors import NotFound, PayloadInvalid, Problem, UnknownName
from states.payload import Field
from states.refusal import Code
from states.regime import local_date
from states.vocabulary import CaseState, CertificateState, Event
from workflow.commands import Command, Receipt, fingerprint
from workflow.overriding import USED
from workflow.ports import CaseQuery
from workflow.rows import CaseRow, CertificateRow
from workflow.situation import law_of
from workflow.timeline import as_json as line_json
from workflow.timeline import timeline

case = typer.Typer(no_args_is_help=True, help="Hồ sơ: đăng ký, xem, làm, lịch sử · cases")
certificate = typer.Typer(no_args_is_help=True, help="Giấy chứng nhận · certificates")


_SOMEBODY_ELSES = frozenset({Code.FUNCTION_REQUIRED, Code.SYSTEM_ONLY})


@case.command("register")
def register(  # noqa: PLR0913
    product: str,
    actor: As,
    data: Data = None,
    reason: Reason = None,
    command: CommandId = None,
    as_json: Json = False,
) -> None:
    """Đăng ký ý tưởng, nâng hạng hoặc đánh giá lại cho một sản phẩm · register an idea, an upgrade or a reassessment."""
    with runtime(as_json=as_json) as run:
        found = run.store.product(product)
        if found is None:
            raise NotFound(what="product", name=product)
        asked = command_of(run, product, Event.REGISTER, actor, data, found.unit, found.producer, reason=reason, command=command)
        print_receipt(run.engine.perform(asked), as_json=as_json)


@case.command("do")
def do(  # noqa: PLR0913
    code: str,
    event: str,
    actor: As,
    data: Data = None,
    reason: Reason = None,
    on_behalf_of: Annotated[
        str | None, typer.Option("--on-behalf-of", help="Ghi thay, ví dụ authority@centre · whose act on paper")
    ] = None,
    acted_on: Annotated[
        str | None, typer.Option("--acted-on", help="Ngày giờ làm trên giấy, ví dụ 2021-07-08T14:00 · when it was done on paper")
    ] = None,
    version: Annotated[int | None, typer.Option("--version", help="Phiên bản đã xem · version that you saw")] = None,
    command: CommandId = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Làm một việc với hồ sơ · carry out an event on a case."""
    with runtime(as_json=as_json) as run:
        row = case_row(run, code)
        asked = command_of(
            run,
            code,
            _event(event),
            actor,
            data,
            row.unit,
            row.producer,
            reason=reason,
            command=command,
            version=version,
            paper=on_behalf_of,
            acted_on=acted_on,
        )
        print_receipt(run.engine.perform(asked, dry_run=dry_run), as_json=as_json, dry_run=dry_run)


@case.command("list")
def list_cases(  # noqa: PLR0913
    state: Annotated[str | None, typer.Option(help="Bước · state")] = None,
    round_code: Annotated[str | None, typer.Option("--round", help="Đợt · round")] = None,
    unit: Annotated[str | None, typer.Option(help="Đơn vị và cấp dưới · unit and below")] = None,
    text: Annotated[str | None, typer.Option("-q", help="Tên sản phẩm, không cần dấu · product name, marks not needed")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 200,
    as_json: Json = False,
) -> None:
    """Danh sách hồ sơ · list cases."""
    with runtime(as_json=as_json) as run:
        if state is not None and state not in set(CaseState):
            raise UnknownName(what="state", name=state, known=", ".join(CaseState))
        registry = run.engine.world(fresh=True).registry
        if unit is not None and not registry.known(unit):
            raise UnknownName(what="unit", name=unit, known="–")
        units = registry.ever_below(unit) if unit else None
        query = CaseQuery(states=(state,) if state else None, round=round_code, units=units, text=text, limit=limit)
        found = run.store.cases(query)
        if as_json:
            print_json([case_json(row) for row in found])
            return
        ctx.out.print(cases_table(run.store, found))
        ctx.out.print(f"\n{len(found)} {ctx.both('hồ sơ', 'cases')} – {counts_line(found)}")


@case.command("show")
def show(code: str, as_json: Json = False) -> None:
    """Một hồ sơ: bước, hạn, kết quả · one case."""
    with runtime(as_json=as_json) as run:
        row = case_row(run, code)
        terms = list(run.store.terms(code))
        if as_json:
            print_json({**case_json(row), "deadlines": [_term_json(t) for t in terms]})
            return
        product = run.store.product(row.product)
        producer = run.store.producer(row.producer)
        registry = run.engine.world(fresh=True).registry
        day = local_date(run.clock.now())
        ctx.out.print(f"[bold]{row.code}[/] – {escape(product.name if product else row.product)}")
        unit = registry.unit_name(registry.present(row.unit, day), day)
        ctx.out.print(f"{producer.name if producer else row.producer}, {unit}", markup=False)
        head = f"{ctx.words.name(row.state)} · {ctx.words.name(row.kind)} · {ctx.words.say(row.regime)}"
        attempt = f"{ctx.both('lần', 'attempt')} {row.attempt} · {ctx.both('phiên bản', 'version')} {row.version}"
        ctx.out.print(f"{head} · {attempt}" + (f" · {row.round}" if row.round else ""))
        if row.memo.get(USED):
            entries = ", ".join(map(str, row.memo[USED]))
            ctx.out.print(
                f"[bold yellow]{ctx.both('Có bước làm theo quyết định cho vượt: mục', 'Steps done under an override: entries')} {entries}[/]"
            )
        for line in terms_lines(terms):
            ctx.out.print(line, markup=False)


@case.command("actions")
def actions(
    code: str,
    actor: As,
    every: Annotated[bool, typer.Option("--all", help="Cả việc của người khác và của hệ thống · also what is somebody else's")] = False,
    as_json: Json = False,
) -> None:
    """Ai làm được gì lúc này, và vì sao không · what may be done now, and every reason why not."""
    with runtime(as_json=as_json) as run:
        row = case_row(run, code)
        person = person_of(run, actor, row.unit, row.producer)
        found = run.engine.situation(code, person)
        if as_json:
            offers = [{"event": str(o.event), "allowed": o.allowed, "reasons": [reason_json(r) for r in o.reasons]} for o in found.offers]
            print_json({"case": code, "state": str(found.state), "version": found.version, "actor": person, "actions": offers})
            return
        ctx.out.print(f"[bold]{code}[/] – {ctx.words.name(found.state)}")
        theirs = [] if every else [offer for offer in found.offers if any(r.code in _SOMEBODY_ELSES for r in offer.reasons)]
        for offer in sorted((o for o in found.offers if o not in theirs), key=lambda o: not o.allowed):
            mark = "[green]✓[/]" if offer.allowed else "[red]✗[/]"
            ctx.out.print(f"{mark} {ctx.words.name(offer.event)} [dim]({offer.event})[/]")
            for reason in offer.reasons:
                ctx.out.print(f"    – {escape(ctx.words.refusal(reason))} [dim]→ {ctx.words.holder(reason.holder)}[/]")
        if theirs:
            names = "; ".join(ctx.words.name(offer.event) for offer in theirs)
            ctx.out.print(
                f"{ctx.both('Việc của người khác hoặc của hệ thống (thêm --all để xem lý do)', 'Somebody else’s or the system’s (--all gives the reasons)')}: {names}."
            )


@case.command("history")
def history(code: str, as_json: Json = False) -> None:
    """Nhật ký xử lý của một hồ sơ, đợt, kế hoạch hoặc giấy chứng nhận · the history of a case, round, plan or certificate."""
    with runtime(as_json=as_json) as run:
        lines = list(timeline(run.store, code))
        if not lines:
            raise NotFound(what="case", name=code)
        if as_json:
            print_json([line_json(line) for line in lines])
            return
        for text in history_lines(lines, ctx.words):
            ctx.out.print(text, markup=False)


@certificate.command("list")
def certificates(product: Annotated[str | None, typer.Option(help="Sản phẩm · product")] = None, as_json: Json = False) -> None:
    """Giấy chứng nhận đã cấp · certificates issued."""
    with runtime(as_json=as_json) as run:
        found = run.store.certificates(product)
        if as_json:
            print_json([{name: getattr(c, name) for name in c.__slots__ if name not in {"head_hash", "head_seq"}} for c in found])
            return
        names = {p.code: p.name for p in run.store.products(sorted({c.product for c in found}))}
        head = ("Giấy chứng nhận", "Sản phẩm", "Hạng", "Quyết định", "Ngày cuối còn hiệu lực", "Tình trạng")
        made = table(*(head if ctx.language == "vi" else ("Certificate", "Product", "Rank", "Decision", "Last valid day", "State")))
        today = local_date(run.clock.now())
        for c in found:
            last = date.fromisoformat(c.last_valid_day)
            made.add_row(c.code, names.get(c.product, c.product), f"{c.stars}★", c.decision_no, f"{last:%d/%m/%Y}", _standing(c, today))
        ctx.out.print(made)


@certificate.command("show")
def show_certificate(code: str, as_json: Json = False) -> None:
    """Một giấy chứng nhận và lịch sử của nó · one certificate with its history."""
    with runtime(as_json=as_json) as run:
        found = run.store.load_certificate(code)
        if found is None:
            raise NotFound(what="certificate", name=code)
        lines = list(timeline(run.store, code))
        if as_json:
            values = {name: getattr(found, name) for name in found.__slots__ if name not in {"head_hash", "head_seq"}}
            print_json({**values, "history": [line_json(line) for line in lines]})
            return
        product = run.store.product(found.product)
        ctx.out.print(f"[bold]{found.code}[/] – {found.stars}★ – {_standing(found, local_date(run.clock.now()))}")
        ctx.out.print(product.name if product else found.product, markup=False)
        last = ctx.words.day(date.fromisoformat(found.last_valid_day))
        ctx.out.print(
            f"{ctx.both('Quyết định', 'Decision')} {found.decision_no} · {ctx.both('hiệu lực đến hết', 'valid to the end of')} {last}",
            markup=False,
        )
        for text in history_lines(lines, ctx.words):
            ctx.out.print(text, markup=False)


def _standing(certificate: CertificateRow, today: date) -> str:
    """The state of a certificate, and whether its last day has passed."""
    ended = certificate.state is CertificateState.IN_FORCE and date.fromisoformat(certificate.last_valid_day) < today
    return ctx.both("đã quá ngày cuối", "past its last day") if ended else ctx.words.name(certificate.state)


def case_json(row: CaseRow) -> dict[str, Any]:
    """A case as plain values; the memo's parts that others build on are named."""
    return {
        "code": row.code,
        "product": row.product,
        "producer": row.producer,
        "unit": row.unit,
        "kind": str(row.kind),
        "state": str(row.state),
        "origin": row.origin,
        "left": row.left,
        "regime": row.regime,
        "pinned": row.pinned,
        "round": row.round,
        "central_round": row.central_round,
        "attempt": row.attempt,
        "version": row.version,
        "results": row.memo.get("results", {}),
        "overridden": list(row.memo.get(USED, ())),
        "registered_at": iso(row.registered_at),
    }


def _term_json(term: Any) -> dict[str, Any]:
    return {
        "id": term.id,
        "stage": str(term.stage),
        "round": term.round,
        "effect": str(term.effect),
        "cutoff": iso(term.due_at),
        "last_valid_day": local_date(term.due_at - timedelta(microseconds=1)).isoformat(),
        "phrase": term.phrase,
        "source": term.source,
        "calendar": term.calendar,
        "status": str(term.status),
    }


def print_receipt(receipt: Receipt, *, as_json: bool, dry_run: bool = False) -> None:
    """Say what was done, or would be."""
    if as_json:
        values = {name: getattr(receipt, name) for name in receipt.__slots__}
        print_json({**values, "effective_at": iso(receipt.effective_at), "dry_run": dry_run})
        return
    done = ctx.both("Được phép (chưa ghi)", "Would be done (nothing written)") if dry_run else ctx.both("Đã ghi", "Recorded")
    if receipt.confirmation and not dry_run:
        done = ctx.both("Đã nhập, chờ xác nhận", "Typed, awaits confirmation")
    event = ctx.words.label("event", receipt.event)
    ctx.out.print(f"[bold green]{done}[/]: {receipt.case} – {event} → {ctx.words.name(receipt.state)}")
    ctx.out.print(f"[dim]{instant(receipt.effective_at)} · {ctx.both('mục', 'entry')} {receipt.seq} · {receipt.leaf_hash[:16]}…[/]")
    for note in receipt.notes:
        ctx.out.print(f"• {note_text(note, ctx.words)}", markup=False)
    if receipt.confirmation and not dry_run:
        ctx.out.print(ctx.both("Người thứ hai chạy", "The second person runs") + f": ocop case confirm {receipt.confirmation} --as …")
    for name in receipt.settled:
        ctx.out.print(
            "• "
            + ctx.both("Mốc đã qua được ghi luôn", "A date that has passed was written as well")
            + f": {ctx.words.label('event', name)}"
        )


def case_row(run: Runtime, code: str) -> CaseRow:
    """A case.

    Raises:
        NotFound: There is none with this code.
    """
    loaded = run.store.load_case(code, "")
    if loaded is None:
        raise NotFound(what="case", name=code)
    return loaded.case


def _event(name: str) -> Event:
    try:
        return Event(name)
    except ValueError:
        raise UnknownName(what="event", name=name, known=", ".join(Event)) from None


def person_of(run: Runtime, actor: str, unit: str, producer: str) -> str:
    """A person code as it is; a seat becomes the first person who holds it over the case."""
    registry = run.engine.world(fresh=True).registry
    day = local_date(run.clock.now())
    if actor != "producer" and "@" not in actor:
        return registry.person(actor).code
    found = registry.standing_for(producer, day) if actor == "producer" else registry.holders(Seat.parse(actor), unit, day)
    if not found:
        raise NotFound(what="person", name=actor)
    return found[0]


def command_of(  # noqa: PLR0913
    run: Runtime,
    code: str,
    event: Event,
    actor: str,
    data: list[str] | None,
    unit: str,
    producer: str,
    *,
    reason: str | None,
    command: str | None,
    version: int | None = None,
    paper: str | None = None,
    acted_on: str | None = None,
    said: Sequence[str] | None = None,
) -> Command:
    """What somebody typed, as a command; an id of one's own is bound to it, without what the program adds to ``said``."""
    person = person_of(run, actor, unit, producer)
    typed = sorted(data or [] if said is None else said)
    return Command(
        id=f"cli:{secrets.token_hex(12)}" if command is None else command,
        case=code,
        event=event,
        actor=person,
        payload=_payload(run, code, event, data or []),
        reason=reason,
        expected_version=version,
        acted_on=parse_instant(acted_on) if acted_on else None,
        on_behalf_of=Seat.parse(paper) if paper else None,
        via="cli",
        digest=fingerprint(code, event, person, typed, reason, acted_on, paper) if command is not None else None,
    )


def _payload(run: Runtime, code: str, event: Event, data: list[str]) -> dict[str, object]:
    """Typed words as values of the event's fields."""
    loaded = run.store.load_case(code, "") if event is not Event.REGISTER else None
    now = run.clock.now()
    chart = case_chart(law_of(loaded.case, now).id) if loaded else case_chart("qd26-2026")
    state = loaded.case.state if loaded else "start"
    rules = chart.rules_in(state, event) or tuple(r for r in chart.rules if r.event is event)
    fields: dict[str, Field] = {f.name: f for rule in rules for f in rule.payload}
    payload: dict[str, object] = {}
    for item in data:
        name, sign, text = item.partition("=")
        if not sign:
            raise PayloadInvalid([Problem(f"/{item}", "not_a_pair")], event=event)
        try:
            payload[name] = fields[name].from_text(text) if name in fields else text
        except ValueError as error:
            raise PayloadInvalid([Problem(f"/{name}", str(error))], event=event) from None
    return payload
