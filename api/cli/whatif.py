"""``ocop what-if``: dates and days off tried on live data, and nothing written."""

from datetime import date, datetime
from fractions import Fraction
from typing import Annotated

import typer
from rich.markup import escape

from api.cli.context import REFUSED, ctx, error_json, print_json, runtime
from api.cli.forecasts import counted, tenths, too_little
from api.cli.options import As, Json
from api.shapes.foreseeing import answer_json
from notifications.supposed import WouldHear, would_hear
from states.errors import CycleError, MalformedInput, PayloadInvalid, Problem
from states.regime import VIETNAM
from states.vocabulary import CalendarEvent
from workflow.calendars import DayChange
from workflow.registry import Registry
from workflow.supposing import Answer, CaseEffect, DeclareDays, Gain, MoveCutoff, RoundOutlook, Supposed, Supposition


def what_if_command(  # noqa: PLR0913
    actor: As,
    rounds: Annotated[list[str] | None, typer.Option("--round", help="Đợt có mốc bị dời, lặp lại được · round whose date moves")] = None,
    stages: Annotated[list[str] | None, typer.Option("--stage", help="Giai đoạn, ví dụ province_eval · stage")] = None,
    phrases: Annotated[
        list[str] | None, typer.Option("--to", help="Lời văn của mốc mới, ví dụ “trước ngày 20/7/2021” · the new date's words")
    ] = None,
    document_date: Annotated[
        str | None, typer.Option("--document-date", help="Ngày văn bản, bỏ trống là hôm nay · date of the paper, else today")
    ] = None,
    lenient: Annotated[bool, typer.Option("--lenient", help="Tính cả ngày được nêu · the named day itself still counts")] = False,
    exception: Annotated[
        str | None, typer.Option("--exception", help="Số văn bản ngoại lệ, khi muộn hơn mốc trung ương · number of the exception")
    ] = None,
    closures: Annotated[list[str] | None, typer.Option("--closure", help="Ngày nghỉ thêm, năm-tháng-ngày · a day off, ISO")] = None,
    working: Annotated[
        list[str] | None, typer.Option("--working-day", help="Ngày làm bù, năm-tháng-ngày · a day worked instead, ISO")
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Lịch của tỉnh hoặc xã; bỏ trống là cả nước · whose calendar")] = None,
    as_json: Json = False,
) -> None:
    """Nếu dời mốc, thêm ngày nghỉ thì sao: ai kịp, ai lỡ, hạn nào đổi; không ghi gì · what if a date moved or a day were off; writes nothing."""
    with runtime(as_json=as_json) as run:
        moves = _moves(rounds or [], stages or [], phrases or [], document_date, exception, lenient=lenient)
        days = (*_days(closures or [], working=False), *_days(working or [], working=True))
        what: list[Supposition] = [*moves, *([DeclareDays(days=days, unit=unit)] if days else [])]
        if not what:
            raise MalformedInput("nothing_supposed")
        answer = run.what_if.ask(what, actor=actor, messages=would_hear(run.store, run.engine.world(), run.clock.now()))
        if as_json:
            print_json(answer_json(answer, error_json))
        else:
            _print_answer(answer)
            _print_hearers(answer, run.engine.world().registry)
        if answer.refused:
            raise typer.Exit(REFUSED)


def _moves(  # noqa: PLR0913
    rounds: list[str], stages: list[str], phrases: list[str], document_date: str | None, exception: str | None, *, lenient: bool
) -> list[MoveCutoff]:
    """The n-th round, stage and words belong together.

    Raises:
        MalformedInput: ``suppositions_uneven``.
    """
    if not len(rounds) == len(stages) == len(phrases):
        raise MalformedInput("suppositions_uneven", rounds=len(rounds), stages=len(stages), phrases=len(phrases))
    return [
        MoveCutoff(
            round=code,
            stage=stage,
            phrase=phrase,
            reading="lenient" if lenient else "strict",
            document_date=document_date,
            exception=exception,
        )
        for code, stage, phrase in zip(rounds, stages, phrases, strict=True)
    ]


def _days(given: list[str], *, working: bool) -> tuple[DayChange, ...]:
    try:
        return tuple(DayChange(date.fromisoformat(text), working) for text in given)
    except ValueError:
        raise PayloadInvalid([Problem("/day", "not_a_date")], event=CalendarEvent.CHANGE) from None


def _print_answer(answer: Answer) -> None:
    for each in answer.supposed:
        _print_supposed(each)
    for gain in Gain:
        found = answer.having(gain)
        if found:
            ctx.out.print(f"[bold]{ctx.words.label('gain', str(gain))}[/]: {len(found)}")
        for effect in found:
            _print_effect(effect)
    if not answer.effects and not answer.refused:
        ctx.out.print(ctx.both("Không hồ sơ nào thay đổi.", "No case would be otherwise."))
    for outlook in answer.rounds:
        _print_outlook(outlook, rehearsed=answer.rehearsed)
    ctx.out.print(f"[green]{ctx.both('Chỉ là giả định: không ghi gì.', 'Only supposed: nothing was written.')}[/]")


def _print_supposed(each: Supposed) -> None:
    what = ctx.both("Nếu", "If") + " " + _said(each.what)
    if each.refusal is None:
        ctx.out.print(f"[green]✓[/] {escape(what)}")
        return
    ctx.out.print(f"[red]✗[/] {escape(what)}")
    for line in _why(each.refusal):
        ctx.out.print(f"    – {escape(line)}")


def _why(refusal: CycleError) -> list[str]:
    """The refusal in words, with its reasons or problems."""
    lines = [ctx.words.error(refusal)]
    lines += [f"{text} → {holder}" for text, holder in ctx.words.reasons(refusal)]
    if isinstance(refusal, PayloadInvalid):
        lines += [ctx.words.problem(problem) for problem in refusal.problems]
    return lines


def _said(what: Supposition) -> str:
    if isinstance(what, MoveCutoff):
        return ctx.both(
            f"mốc “{ctx.words.stage(what.stage)}” của đợt {what.round} là “{what.phrase}”",
            f"the date of “{ctx.words.stage(what.stage)}” of round {what.round} were “{what.phrase}”",
        )
    assert isinstance(what, DeclareDays)  # noqa: S101 - there are these two
    days = {flag: ", ".join(f"{d.day:%d/%m/%Y}" for d in what.days if d.working is flag) for flag in (False, True)}
    parts = [ctx.both(f"nghỉ ngày {days[False]}", f"{days[False]} were off")] if days[False] else []
    parts += [ctx.both(f"làm việc ngày {days[True]}", f"{days[True]} were worked")] if days[True] else []
    return f"{'; '.join(parts)} ({what.unit or ctx.both('cả nước', 'the whole country')})"


def _print_effect(effect: CaseEffect) -> None:
    said = []
    if effect.before is not effect.after:
        said.append(f"{ctx.words.name(effect.before)} → {ctx.words.name(effect.after)}")
    said += [f"{ctx.words.name(t.stage)}: {_end(t.was)} → {_end(t.will)}" for t in effect.terms]
    if effect.chance_before != effect.chance_after:
        before, after = (_chance(c) for c in (effect.chance_before, effect.chance_after))
        said.append(ctx.both(f"khả năng lỡ mốc: {before} → {after}", f"chance of a miss: {before} → {after}"))
    if effect.reminders:
        first = f"{min(rung.at for rung in effect.reminders).astimezone(VIETNAM):%d/%m/%Y}"
        said.append(
            ctx.both(
                f"thêm {len(effect.reminders)} lượt nhắc, sớm nhất {first}", f"{len(effect.reminders)} reminders more, the first on {first}"
            )
        )
    if effect.spared:
        said.append(ctx.both(f"thôi {len(effect.spared)} lượt nhắc cũ", f"{len(effect.spared)} reminders fewer"))
    ctx.out.print(f"  {effect.case}: {'; '.join(said)}", markup=False)


def _print_hearers(answer: Answer, registry: Registry) -> None:
    """Who would be reminded, how often and from when on."""
    by_person: dict[str, list[datetime]] = {}
    for heard in (m for effect in answer.effects for m in effect.messages if isinstance(m, WouldHear)):
        by_person.setdefault(heard.person, []).append(heard.at)
    if not by_person:
        return
    ctx.out.print(f"[bold]{ctx.both('Ai sẽ được nhắc', 'Who would be reminded')}[/]: {len(by_person)}")
    for person, moments in sorted(by_person.items(), key=lambda pair: (min(pair[1]), pair[0])):
        days = len({moment.astimezone(VIETNAM).date() for moment in moments})
        first = f"{min(moments).astimezone(VIETNAM):%d/%m/%Y}"
        name = f"{registry.person(person).name} ({person})"
        ctx.out.print(
            ctx.both(f"  {name}: {days} ngày có nhắc, từ {first}", f"  {name}: reminded on {days} days, from {first}"), markup=False
        )


def _end(end: datetime | None) -> str:
    return ctx.words.last_day(end) if end else "–"


def _chance(chance: Fraction | None) -> str:
    return too_little() if chance is None else tenths(chance)


def _print_outlook(outlook: RoundOutlook, *, rehearsed: bool) -> None:
    mark = ctx.both(" (diễn tập)", " (rehearsed)") if rehearsed else ""
    ctx.out.print(f"{ctx.both('Dự báo hồ sơ lỡ mốc của đợt', 'Misses expected in round')} {outlook.round}{mark}:")
    for head, dates in ((ctx.both("hiện nay", "as it is"), outlook.before), (ctx.both("nếu vậy", "if so"), outlook.after)):
        told = [f"{ctx.words.name(d.stage)} ({ctx.words.last_day(d.due_at)}): {counted(d)}" for d in dates]
        ctx.out.print(f"  {head}: {'; '.join(told) or '–'}", markup=False)
