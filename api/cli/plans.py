"""``ocop plan`` and ``ocop round``."""

from pathlib import Path
from typing import Annotated, Any
from unicodedata import normalize

import typer
from rich.markup import escape

from api.cli.context import REFUSED, ctx, iso, print_json, runtime, telling
from api.cli.options import As, DryRun, Json
from api.cli.render import cases_table, history_lines, table
from api.cli.standing import print_standing, standing_json
from api.told import choice_json
from deadlines.plan_check import check_plans
from states.errors import MalformedInput, NotFound, PlanInvalid, UnknownName
from states.vocabulary import Effect
from workflow.plans import Choice
from workflow.roundbook import Standing, weigh
from workflow.rounds import RoundReport
from workflow.rows import StageRow
from workflow.timeline import timeline

plan = typer.Typer(no_args_is_help=True, help="Kế hoạch: kiểm tra, nhập, ban hành, theo dõi, tổng kết · plans")
rounds = typer.Typer(no_args_is_help=True, help="Đợt đánh giá: xem, khóa, đóng, chuyển hồ sơ · rounds")
MAX_FILE = 1_000_000


def read_file(path: Path) -> str:
    """The text of a file, composed.

    Raises:
        MalformedInput: ``file_unreadable``, ``file_too_large`` or ``file_not_text``.
    """
    try:
        if path.stat().st_size > 4 * MAX_FILE:
            raise MalformedInput("file_too_large", name=str(path), limit=4 * MAX_FILE)
        return normalize("NFC", path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise MalformedInput("file_unreadable", name=str(path), why=error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise MalformedInput("file_not_text", name=str(path)) from None


@plan.command("check")
def check(file: Path, as_json: Json = False) -> None:
    """Đọc một tệp kế hoạch: từng mốc, cách hiểu, thời điểm, cờ, chỗ sai · read a plan file and say what each phrase means."""
    with telling(as_json=as_json):
        report = check_plans(read_file(file))
        if as_json:
            print_json(report.as_json())
        else:
            for found in report.plans:
                ctx.out.print(f"[bold]{escape(found.id or file.name)}[/]")
                head = ("Giai đoạn", "Đợt", "Lời văn", "Loại", "Ngày cuối hợp lệ", "Cờ")
                made = table(*(head if ctx.language == "vi" else ("Stage", "Round", "Words", "Kind", "Last valid day", "Flags")))
                for checked in found.lines:
                    line = checked.deadline
                    last = ctx.words.last_day(line.cutoff) if line.cutoff else "–"
                    stage = ctx.words.stage(line.stage)
                    made.add_row(
                        stage,
                        str(line.round or ""),
                        line.phrase,
                        ctx.words.label("phrasekind", str(line.kind)),
                        last,
                        ", ".join(ctx.words.label("flag", f) for f in checked.flags),
                    )
                ctx.out.print(made)
                for problem in found.problems:
                    ctx.out.print(f"[red]✗[/] {problem.pointer}: {escape(ctx.words.problem_text(problem))}")
                for question in found.questions:
                    ctx.out.print(f"[yellow]?[/] {question.pointer}: {escape(ctx.words.problem_text(question))}")
        if not report.ok:
            raise typer.Exit(REFUSED)


@plan.command("import")
def import_plan(
    file: Path,
    actor: As,
    plan_id: Annotated[str | None, typer.Option("--plan", help="Mã kế hoạch trong tệp · id in the file")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Mã đơn vị · unit code")] = None,
    as_json: Json = False,
) -> None:
    """Nhập kế hoạch thành dự thảo · import a plan as a draft."""
    with runtime(as_json=as_json) as run:
        row = run.plans.import_plan(read_file(file), actor=actor, plan=plan_id, unit=unit)
        if as_json:
            print_json({"plan": row.code, "unit": row.unit, "state": str(row.state), "digest": row.digest})
            return
        ctx.out.print(f"[bold green]{ctx.both('Đã nhập dự thảo', 'Imported as a draft')}[/]: {row.code} – {escape(row.title)}")
        _print_choices(run.plans.choices(row.code))
        ctx.out.print(ctx.both("Ban hành bằng", "Publish with") + f": ocop plan publish {row.code} --as {actor}")


@plan.command("publish")
def publish(  # noqa: PLR0913
    code: str,
    actor: As,
    effect: Annotated[list[str] | None, typer.Option("--effect", help="số=defer|sort|record cho một mốc · number=effect")] = None,
    exception: Annotated[
        list[str] | None,
        typer.Option("--exception", help="giai đoạn=số văn bản, cho mốc muộn hơn mốc trung ương · stage=number of the exception"),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Ban hành: chọn hệ quả của từng mốc, mở các đợt · publish: choose each date's effect, open the rounds."""
    with runtime(as_json=as_json) as run:
        chosen = _effects(effect or [])
        choices = run.plans.choices(code, chosen)
        excepted = _exceptions(exception or [])
        plans = run.trial().plans if dry_run else run.plans
        opened = plans.publish(code, actor=actor, effects=chosen, exceptions=excepted)
        if as_json:
            print_json(
                {"plan": code, "deadlines": [choice_json(c) for c in choices], "rounds": [r.code for r in opened], "dry_run": dry_run}
            )
            return
        _print_choices(choices)
        names = ", ".join(r.code for r in opened) or "–"
        done = ctx.both("Đã ban hành; các đợt mở", "Published; rounds opened")
        title = ctx.both("Xem trước, chưa ghi; các đợt sẽ mở", "Preview, nothing written; rounds that would open") if dry_run else done
        ctx.out.print(f"[bold green]{title}[/]: {names}")


@plan.command("list")
def list_plans(as_json: Json = False) -> None:
    """Các kế hoạch · plans."""
    with runtime(as_json=as_json) as run:
        found = run.store.plans()
        if as_json:
            print_json([{"plan": p.code, "unit": p.unit, "year": p.year, "title": p.title, "state": str(p.state)} for p in found])
            return
        made = table(*(("Mã", "Đơn vị", "Năm", "Tên", "Tình trạng") if ctx.language == "vi" else ("Id", "Unit", "Year", "Title", "State")))
        for p in found:
            made.add_row(p.code, p.unit, str(p.year), p.title, ctx.words.name(p.state))
        ctx.out.print(made)


@plan.command("show")
def show_plan(code: str, as_json: Json = False) -> None:
    """Một kế hoạch: các mốc, hệ quả, lịch sử · one plan: dates, effects, history."""
    with runtime(as_json=as_json) as run:
        row = run.store.load_plan(code)
        if row is None:
            raise NotFound(what="plan", name=code)
        stages = run.store.stages(plan=code)
        if as_json:
            deadlines = [stage_json(s) for s in stages] or [choice_json(c) for c in run.plans.choices(code)]
            print_json(
                {"plan": code, "unit": row.unit, "title": row.title, "state": str(row.state), "digest": row.digest, "deadlines": deadlines}
            )
            return
        ctx.out.print(f"[bold]{code}[/] – {escape(row.title)} – {ctx.words.name(row.state)}")
        if stages:
            _print_stages(stages)
        else:
            _print_choices(run.plans.choices(code))
        for text in history_lines(timeline(run.store, code), ctx.words):
            ctx.out.print(text, markup=False)


@plan.command("diff")
def diff(old: Path, new: Path, as_json: Json = False) -> None:
    """Hai tệp kế hoạch khác nhau ở mốc nào · which dates differ between two plan files."""
    with telling(as_json=as_json):
        left, right = (_readable(path) for path in (old, new))
        changed = {key: [left.get(key), right.get(key)] for key in {**left, **right} if left.get(key) != right.get(key)}
        if as_json:
            print_json([{"stage": k[0], "round": k[1], "old": v[0], "new": v[1]} for k, v in changed.items()])
            return
        if not changed:
            ctx.out.print(ctx.both("Các mốc không khác nhau.", "There is no date that differs."))
        for (stage, number, _), (before, after) in changed.items():
            ctx.out.print(
                f"{ctx.words.label('stage', stage)} {number or ''}: [red]{escape(before or '–')}[/] → [green]{escape(after or '–')}[/]"
            )


@rounds.command("list")
def list_rounds(unit: Annotated[str | None, typer.Option(help="Đơn vị · unit")] = None, as_json: Json = False) -> None:
    """Các đợt và mốc của chúng · rounds and their dates."""
    with runtime(as_json=as_json) as run:
        if unit is not None and not run.engine.world(fresh=True).registry.known(unit):
            raise UnknownName(what="unit", name=unit, known="–")
        found = run.store.rounds(unit)
        if as_json:
            print_json([{"round": r.code, "unit": r.unit, "track": str(r.track), "state": str(r.state), "plan": r.plan} for r in found])
            return
        made = table(*(("Đợt", "Cấp", "Tình trạng", "Mốc") if ctx.language == "vi" else ("Round", "Track", "State", "Dates")))
        for r in found:
            dates = "\n".join(
                f"{ctx.words.label('stage', s.stage)}: {ctx.words.last_day(s.cutoff)}" for s in run.store.stages(round=r.code) if s.cutoff
            )
            made.add_row(r.code, ctx.words.name(r.track), ctx.words.name(r.state), dates)
        ctx.out.print(made)


@rounds.command("show")
def show_round(code: str, as_json: Json = False) -> None:
    """Một đợt: mốc, thành viên, lịch sử · one round: dates, members, history."""
    with runtime(as_json=as_json) as run:
        row = run.store.load_round(code)
        if row is None:
            raise NotFound(what="round", name=code)
        stages, members, standing_now = run.store.stages(round=code), run.rounds.members(code), run.rounds.report(code)
        named = dict.fromkeys(s.stage for s in stages)
        standing = {key: why for name in named for key, why in weigh((s for s in stages if s.stage == name), {row.plan}).standing.items()}
        if as_json:
            print_json(
                {
                    "round": code,
                    "state": str(row.state),
                    "deadlines": [{**stage_json(s), "standing": str(standing[s.id])} for s in stages],
                    "members": [m.code for m in members],
                    **standing_json(standing_now),
                }
            )
            return
        ctx.out.print(f"[bold]{code}[/] – {ctx.words.name(row.state)} – {row.plan}")
        _print_stages(stages, standing)
        print_standing(standing_now)
        ctx.out.print(cases_table(run.store, members))
        for text in history_lines(timeline(run.store, code), ctx.words):
            ctx.out.print(text, markup=False)


@rounds.command("freeze")
def freeze(code: str, actor: As, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Khóa danh sách: không nhận thêm hồ sơ · stop joining."""
    with runtime(as_json=as_json) as run:
        row = run.rounds.freeze(code, actor=actor, dry_run=dry_run)
        if as_json:
            print_json({"round": row.code, "state": str(row.state), "dry_run": dry_run})
            return
        title = ctx.both("Xem trước, chưa ghi", "Preview, nothing written") + ": " if dry_run else ""
        ctx.out.print(f"{title}[bold green]{row.code}[/]: {ctx.words.name(row.state)}")


@rounds.command("close")
def close(code: str, actor: As, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Đóng đợt sau mốc cuối; hồ sơ bị chuyển đợt vào đợt sau · close after the last date; deferred members go on."""
    with runtime(as_json=as_json) as run:
        _print_report(run.rounds.close(code, actor=actor, dry_run=dry_run), as_json=as_json, dry_run=dry_run)


@rounds.command("rollover")
def rollover(code: str, actor: As, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Đưa hồ sơ còn chuyển đợt của một đợt đã đóng vào đợt mới · carry on what a closed round left deferred."""
    with runtime(as_json=as_json) as run:
        _print_report(run.rounds.rollover(code, actor=actor, dry_run=dry_run), as_json=as_json, dry_run=dry_run)


def _print_report(report: RoundReport, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        moved = [{"case": c.case, "to": c.to, "why": c.why.code if c.why else None} for c in report.carried]
        counts = {str(s): n for s, n in report.counts.items()}
        print_json({"round": report.round.code, "members": counts, "pending": report.pending, "carried": moved, "dry_run": dry_run})
        return
    title = ctx.both("Xem trước", "Preview") if dry_run else ctx.words.name(report.round.state)
    ctx.out.print(f"[bold]{report.round.code}[/] – {title} – {report.members} {ctx.both('hồ sơ', 'cases')}")
    for state, count in report.counts.items():
        ctx.out.print(f"  {ctx.words.name(state)}: {count}")
    if report.pending:
        ctx.out.print(
            ctx.both("Chờ quyết định (vẫn công nhận được)", "Decision pending (can still be certified)") + f": {len(report.pending)}"
        )
    for carried in report.carried:
        if carried.to:
            ctx.out.print(f"  {carried.case} → {carried.to}")
        else:
            why = ctx.words.reasons(carried.why)[0][0] if carried.why and ctx.words.reasons(carried.why) else "–"
            ctx.out.print(f"  {carried.case}: {escape(why)}")


def _print_choices(choices: list[Choice]) -> None:
    head = ("Số", "Giai đoạn", "Đợt", "Lời văn", "Ngày cuối hợp lệ", "Hệ quả", "Ghi chú")
    made = table(*(head if ctx.language == "vi" else ("No", "Stage", "Round", "Words", "Last valid day", "Effect", "Notes")))
    for choice in choices:
        line = choice.deadline
        last = ctx.words.last_day(line.cutoff) if line.cutoff and line.armed else "–"
        effect = ctx.words.name(choice.chosen) + ("" if choice.chosen is choice.default else " *")
        firm = "" if line.firm else ctx.both("dự kiến", "expected")
        made.add_row(str(choice.index), ctx.words.stage(line.stage), str(line.round or ""), line.phrase, last, effect, firm)
    ctx.out.print(made)


def _print_stages(stages: list[StageRow], standing: dict[str, Standing] | None = None) -> None:
    head = ["Giai đoạn", "Đợt", "Lời văn", "Ngày cuối hợp lệ", "Hệ quả", "Nguồn"]
    english = ["Stage", "Round", "Words", "Last valid day", "Effect", "Source"]
    # Only where several dates were set for one stage is there something to tell apart.
    several = standing is not None and set(standing.values()) != {Standing.ALONE}
    more = [ctx.both("Hiệu lực", "Standing")] if several else []
    made = table(*(head if ctx.language == "vi" else english), *more)
    for s in stages:
        last = ctx.words.last_day(s.cutoff) if s.cutoff else "–"
        why = [ctx.words.label("standing", standing[s.id])] if several and standing else []
        made.add_row(ctx.words.stage(s.stage), s.round or "", s.phrase, last, ctx.words.name(s.effect), s.source, *why)
    ctx.out.print(made)


def stage_json(stage: StageRow) -> dict[str, Any]:
    """A deadline of a plan or round as plain values."""
    return {
        "id": stage.id,
        "stage": stage.stage,
        "round": stage.round,
        "phrase": stage.phrase,
        "cutoff": iso(stage.cutoff) if stage.cutoff else None,
        "effect": str(stage.effect),
        "source": stage.source,
        "firm": stage.firm,
        "flags": list(stage.flags),
    }


def _effects(given: list[str]) -> dict[int, Effect]:
    chosen: dict[int, Effect] = {}
    for item in given:
        number, _, effect = item.partition("=")
        if not number.isdigit() or effect not in set(Effect):
            raise MalformedInput("not_an_effect", given=item, known=", ".join(Effect))
        chosen[int(number)] = Effect(effect)
    return chosen


def _readable(path: Path) -> dict[tuple[str, int, int], str]:
    """The dates of a file, whatever is to be asked about them.

    Raises:
        PlanInvalid: There is no date in it.
    """
    report = check_plans(read_file(path))
    lines = _lines(report.as_json())
    problems = [problem for found in report.plans for problem in found.problems]
    if problems and not lines:
        raise PlanInvalid(problems)
    return lines


def _exceptions(given: list[str]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for item in given:
        stage, sign, number = item.partition("=")
        if not sign or not number.strip():
            raise MalformedInput("not_an_exception", given=item)
        chosen[stage.strip()] = number.strip()
    return chosen


def _lines(report: dict[str, Any]) -> dict[tuple[str, int, int], str]:
    found: dict[tuple[str, int, int], str] = {}
    for each in report["plans"]:
        for line in each["deadlines"]:
            number = sum(1 for key in found if key[:2] == (line["stage"], line["round"]))
            found[line["stage"], line["round"], number] = f"{line['phrase']} ({line['cutoff'] or '–'})"
    return found
