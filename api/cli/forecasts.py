"""``ocop round forecast``: who of a round will miss which date, and how far such forecasts were right before."""

from datetime import datetime
from fractions import Fraction
from typing import Annotated

import typer
from rich.markup import escape

from api.cli.context import ctx, parse_instant, print_json, runtime
from api.cli.options import Json
from api.cli.render import instant, table
from api.shapes.foreseeing import forecast_json, tested_json
from states.regime import local_date
from workflow.chances import Bottleneck, Chance, Expected
from workflow.forecasting import BackTest, RoundForecast
from workflow.registry import Registry
from workflow.survival import Ground

_TENTHS = 10
_SHOWN = 3
"""How many bottlenecks are named."""

_CASES = 20
"""How many chances are listed for people, the likeliest first."""


def forecast_command(
    code: str,
    at: Annotated[str | None, typer.Option("--at", help="Như biết đến thời điểm này (ISO) · as known at this instant")] = None,
    back_test: Annotated[
        bool, typer.Option("--back-test", help="So dự báo trước mốc 30, 14, 7 ngày với điều đã xảy ra · hold past forecasts against facts")
    ] = False,
    as_json: Json = False,
) -> None:
    """Dự báo hồ sơ nào lỡ mốc nào, nghẽn ở đâu, và dự báo từng sai bao nhiêu · forecast misses of a round, and how wrong forecasts were."""
    with runtime(as_json=as_json) as run:
        if back_test:
            tested = run.forecasts.back_test(code)
            print_json(tested_json(tested)) if as_json else _print_tested(tested)
            return
        found = run.forecasts.round(code, parse_instant(at) if at else None)
        if as_json:
            print_json(forecast_json(found))
            return
        _print_forecast(found, run.engine.world().registry)


def tenths(chance: Fraction) -> str:
    """A chance as exact as anybody should say it: in tenths."""
    tenth = round(chance * _TENTHS)
    if chance in {0, 1}:
        return ctx.both("không thấy", "not seen") if chance == 0 else ctx.both("luôn thấy", "always seen")
    if tenth == 0:
        return ctx.both("dưới 1/10", "under 1/10")
    return ctx.both("trên 9/10", "over 9/10") if tenth == _TENTHS else ctx.both(f"khoảng {tenth}/10", f"about {tenth}/10")


def too_little() -> str:
    """Where nothing can be said."""
    return ctx.both("chưa đủ số liệu", "too little has been seen")


def counted(found: Expected) -> str:
    """An expected number with its range, or that nothing can be said."""
    if found.count is None:
        return too_little()
    about = ctx.both("khoảng", "about")
    spread = f" ({found.low}–{found.high})" if found.low != found.high else ""
    said = f"{about} {round(found.count)}{spread}"
    missing = found.cases - found.known
    return said + (f"; {missing} {ctx.both('hồ sơ', 'cases')}: {too_little()}" if missing else "")


def _print_forecast(found: RoundForecast, registry: Registry) -> None:
    words = ctx.words
    mark = f" – [yellow]{_rehearsed()}[/]" if found.rehearsed else ""
    ctx.out.print(f"[bold]{found.round.code}[/] – {ctx.both('dự báo lúc', 'forecast as of')} {instant(found.at)}{mark}")
    if not found.dates:
        ctx.out.print(ctx.both("Không có hồ sơ nào còn mốc phải qua.", "No case has a date still to meet."))
        return
    head = ("Mốc", "Ngày cuối hợp lệ", "Hệ quả", "Hồ sơ phải qua", "Sẽ lỡ (8 phần 10 khả năng)", "Đã lỡ chắc")
    made = table(
        *(head if ctx.language == "vi" else ("Date", "Last valid day", "Effect", "Cases", "Will miss (8 in 10)", "Missed for sure"))
    )
    for date in found.dates:
        row = (words.name(date.stage), words.last_day(date.due_at), words.name(date.effect), str(date.cases), counted(date))
        made.add_row(*row, str(date.certain or ""))
    ctx.out.print(made)
    for bottleneck in found.bottlenecks[:_SHOWN]:
        ctx.out.print(_bottleneck(bottleneck, registry, found.at), markup=False)
    _print_cases([c for c in found.chances if c.chance])
    ctx.out.print(
        ctx.both(
            "Tính từ thời gian chờ đã ghi của các hồ sơ trước, theo ngày; không tính việc hội đồng họp dồn khi sắp đến mốc.",
            "Counted in days from how long recorded cases waited; councils that sit more often before a date are not foreseen.",
        )
    )


def _print_cases(chances: list[Chance]) -> None:
    if not chances:
        return
    words = ctx.words
    head = ("Hồ sơ", "Đang chờ", "Từ ngày", "Mốc có thể lỡ", "Khả năng", "Dựa vào")
    made = table(*(head if ctx.language == "vi" else ("Case", "Waits at", "Since", "Date at risk", "Chance", "Rests on")))
    worst = sorted(chances, key=lambda c: (-(c.chance or 0), c.case))
    for c in worst[:_CASES]:
        said = ctx.both("đã quá mốc", "the date has passed") if c.certain else tenths(c.chance or Fraction(0))
        made.add_row(c.case, words.name(c.at), f"{c.since:%d/%m/%Y}", words.name(c.due.stage), said, _ground(c.ground) if c.ground else "")
    ctx.out.print(made)
    if len(worst) > _CASES:
        more = len(worst) - _CASES
        ctx.out.print(ctx.both(f"và {more} dòng ít khả năng hơn (xem đủ bằng --json)", f"and {more} less likely ones (--json has all)"))


def _ground(ground: Ground) -> str:
    pool = ctx.words.label("pool", str(ground.pool))
    return ctx.both(
        f"{ground.met} lượt đã xong {pool}; trong đó biết kết cục của {ground.told} lượt từng chờ lâu như vậy",
        f"{ground.met} finished waits {pool}; of those that lasted as long it is known of {ground.told} how they went on",
    )


def _bottleneck(found: Bottleneck, registry: Registry, at: datetime) -> str:
    unit = f" – {registry.unit_name(found.unit, local_date(at))}" if found.unit else ""
    count = round(found.count)
    said = (
        ctx.both(f"khoảng {count} hồ sơ", f"about {count} case" + "s" * (count != 1))
        if count
        else ctx.both("chưa đến 1 hồ sơ", "less than one case")
    )
    return f"{ctx.both('Nghẽn ở', 'Stuck at')}: {ctx.words.name(found.stage)}{unit}: {said}"


def _rehearsed() -> str:
    return ctx.both("diễn tập, không phải số liệu thật", "rehearsed, not what really happened")


def _print_tested(found: BackTest) -> None:
    words = ctx.words
    mark = f" – [yellow]{_rehearsed()}[/]" if found.rehearsed else ""
    ctx.out.print(f"[bold]{found.round.code}[/] – {ctx.both('dự báo trước đây so với thực tế', 'past forecasts against facts')}{mark}")
    if not found.tests:
        ctx.out.print(
            ctx.both(
                "Đợt này chưa qua mốc nào có hồ sơ, nên chưa so được.", "No date with cases has passed in this round: nothing to compare."
            )
        )
        return
    head = ("Mốc", "Trước", "Hồ sơ", "Đã báo sẽ lỡ", "Thực tế lỡ", "Điểm Brier", "Nếu báo không ai lỡ")
    english = ("Date", "Before", "Cases", "Said to miss", "Missed", "Brier score", "Had one said nobody")
    made = table(*(head if ctx.language == "vi" else english))
    for test in found.tests:
        scores = [words.number(round(s, 2)) if s is not None else "–" for s in (test.brier, test.nobody)]
        actual = str(test.missed) if test.forecast.count is not None else "–"
        days = ctx.both(f"{test.days} ngày", f"{test.days} days") + (ctx.both(" (mốc đã đổi)", " (re-dated since)") if test.moved else "")
        made.add_row(words.name(test.stage), days, str(test.forecast.cases), counted(test.forecast), actual, *scores)
    ctx.out.print(made)
    for each in found.bins:
        ctx.out.print(
            ctx.both(
                f"Khả năng từ {each.low} đến {each.high}: {each.cases} lượt dự báo, báo {words.number(round(each.said, 1))} lượt lỡ, thực tế {each.happened}",
                f"Chances from {each.low} to {each.high}: {each.cases} forecasts, {words.number(round(each.said, 1))} misses said, {each.happened} happened",
            )
        )
    ctx.out.print(escape(words.label("lean", found.lean or "none")))
