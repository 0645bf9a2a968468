"""``ocop charts`` and ``ocop regime``: the law as the engine has it."""

from typing import Annotated, Any

import typer

from api.cli.context import REFUSED, ctx, print_json, telling
from api.cli.options import Json
from api.cli.render import table
from states.case import all_charts, case_chart
from states.chart import describe
from states.drawing import markdown, mermaid, moves_mermaid, moves_table
from states.errors import UnknownName
from states.lifecycle import LIFECYCLES, Lifecycle
from states.regime import REGIMES, regime
from states.soundness import check_all, diff

charts = typer.Typer(no_args_is_help=True, help="Sơ đồ chu trình theo từng quy định · charts")
_FORMS = ("mermaid", "md", "json")
regimes = typer.Typer(no_args_is_help=True, help="Quy định áp dụng · regimes of the law")


@charts.command("show")
def show(
    name: Annotated[
        str, typer.Argument(help="Quy định, hoặc round, certificate, plan, calendar · a regime, or one of the small charts")
    ] = "qd26-2026",
    form: Annotated[str, typer.Option("--format", help="mermaid, md, json")] = "md",
    everything: Annotated[
        bool, typer.Option("--all", help="Cả rút, chuyển đợt, việc tự động · also what can happen nearly everywhere")
    ] = False,
) -> None:
    """Sơ đồ của một quy định, hoặc của đợt, giấy chứng nhận, kế hoạch, lịch · the chart of a regime, or of what accompanies a case."""
    with telling():
        if form not in _FORMS:
            raise UnknownName(what="chart", name=form, known=", ".join(_FORMS))
        if name in LIFECYCLES:
            _show_small(LIFECYCLES[name], form)
            return
        law = regime(name)
        chart = case_chart(name)
        match form:
            case "mermaid":
                ctx.out.print(mermaid(chart, ctx.words, everything=everything), markup=False, end="")
            case "md":
                ctx.out.print(markdown(chart, law, ctx.words), markup=False, end="")
            case _:
                print_json({"chart": chart.key, "digest": chart.digest(), "rules": [describe(r) for r in chart.rules]})


def _show_small(chart: Lifecycle[Any, Any], form: str) -> None:
    match form:
        case "mermaid":
            ctx.out.print(moves_mermaid(chart, ctx.words), markup=False, end="")
        case "md":
            ctx.out.print(moves_table(chart, ctx.words), markup=False, end="")
        case _:
            moves = [
                {"event": m.event, "from": m.source, "to": m.target, "who": [str(seat) for seat in m.seats], "clause": m.clause}
                for m in chart.moves
            ]
            print_json({"chart": chart.key, "moves": moves})


@charts.command("check")
def check(as_json: Json = False) -> None:
    """Kiểm tra mọi sơ đồ: lối ra, căn cứ, tên gọi, quyền, bản đã ban hành · check every chart."""
    findings = check_all()
    if as_json:
        print_json(
            {"charts": [c.key for c in all_charts()], "findings": [{"chart": f.chart, "code": f.code, "where": f.where} for f in findings]}
        )
    else:
        for finding in findings:
            ctx.out.print(f"[red]✗[/] {finding.chart}: {ctx.words.label('finding', finding.code)} – {finding.where}")
        if not findings:
            ctx.out.print(f"[green]✓[/] {len(all_charts())} {ctx.both('sơ đồ hợp lệ', 'charts are sound')}")
    if findings:
        raise typer.Exit(REFUSED)


@charts.command("diff")
def show_diff(old: str, new: str, as_json: Json = False) -> None:
    """Hai quy định khác nhau ở đâu · what differs between two regimes."""
    with telling(as_json=as_json):
        found = diff(case_chart(old), case_chart(new))
        if as_json:
            print_json(found)
            return
        words = ctx.words
        for sign, key in (("+", "added"), ("-", "removed")):
            for state in found["states"][key]:
                ctx.out.print(f"{sign} {words.label('state', state)} ({state})")
            for rule in found["rules"][key]:
                ctx.out.print(f"{sign} {words.label('event', rule.partition('.')[0])} ({rule})")
        for rule, fields in found["rules"]["changed"].items():
            ctx.out.print(f"~ {words.label('event', rule.partition('.')[0])} ({rule})")
            for name, (before, after) in fields.items():
                ctx.out.print(f"    {name}: {_short(before)} → {_short(after)}", markup=False)


@regimes.command("list")
def list_regimes(as_json: Json = False) -> None:
    """Các quy định, thời gian áp dụng, cấp công nhận · regimes, their validity, who recognises what."""
    if as_json:
        print_json(
            [
                {
                    "id": r.id,
                    "acts": list(r.acts),
                    "filed_from": r.filed_from.isoformat(),
                    "filed_before": r.filed_before.isoformat() if r.filed_before else None,
                    "evaluated_before": r.evaluated_before.isoformat() if r.evaluated_before else None,
                    "levels": [str(level) for level in r.levels],
                    "recogniser": {str(stars): str(level) for stars, level in r.recogniser.items()},
                }
                for r in REGIMES
            ]
        )
        return
    head = ("Quy định", "Văn bản", "Nhận hồ sơ từ", "đến trước", "Cấp", "3★ / 4★ / 5★")
    made = table(*(head if ctx.language == "vi" else ("Regime", "Acts", "Filed from", "before", "Levels", "3★ / 4★ / 5★")))
    for r in REGIMES:
        before = f"{r.filed_before:%d/%m/%Y}" if r.filed_before else "–"
        levels = ", ".join(ctx.words.name(level) for level in r.levels)
        stars = " / ".join(ctx.words.name(r.recogniser[s]) for s in (3, 4, 5))
        made.add_row(r.id, ", ".join(r.acts), f"{r.filed_from:%d/%m/%Y}", before, levels, stars)
    ctx.out.print(made)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 160 else text[:157] + "…"  # noqa: PLR2004 - fits a terminal
