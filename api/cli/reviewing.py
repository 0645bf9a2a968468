"""A plan's other work and its review in words: sections of lines and tables, for the terminal and as Markdown to paste into a report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from api.cli.context import ctx
from deadlines.ladder import last_valid_day
from deadlines.targets import bounds_of
from states.forms import LESSON_PARTS
from states.regime import local_date
from workflow.activities import ActivityStatus
from workflow.actuals import Actual
from workflow.passages import RoundFate
from workflow.planbook import Report
from workflow.review import Review, Standing

LATE = (ActivityStatus.LATE, ActivityStatus.OVERDUE)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: a heading, lines of text, then a table (its head and rows)."""

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default=())


def say(vi: str, en: str) -> str:
    """One of two words."""
    return ctx.both(vi, en)


def figure_text(figure: Fraction | None) -> str:
    """A figure, with a comma in Vietnamese."""
    return "–" if figure is None else ctx.words.number(figure)


def money(amount: int) -> str:
    """Đồng with marks for thousands."""
    text = f"{amount:,}"
    return (text.replace(",", ".") if ctx.language == "vi" else text) + " đồng"


def measure(unit: str) -> str:
    """A unit's name."""
    if unit == "product":
        return ctx.words.label("count", "products")
    return ctx.words.label("option", unit) if unit else ""


def asked_text(actual: Actual) -> str:
    """What a target asks for, as a plan would write it."""
    target, bounds = actual.target, bounds_of(actual.target)
    if bounds is None:
        return say("không ghi số", "no figure")
    low, high = (figure_text(b) if b is not None else "" for b in (bounds.low, bounds.high))
    number = low if low == high else "–".join(filter(None, (low, high)))
    at_least = say("ít nhất ", "at least ")
    words = {
        ">=": at_least,
        ">= range": at_least,
        ">": say("trên ", "more than "),
        "<=": say("không quá ", "at most "),
        "<": say("dưới ", "below "),
    }
    firm = "" if target.firm else say(" (phấn đấu)", " (to strive for)")
    return f"{words.get(target.op, '')}{number} {measure(target.unit)}{firm}".strip()


def counted_text(actual: Actual) -> str:
    """How a figure came about."""
    said = ctx.words.label("counting", actual.counting)
    stars = actual.target.min_stars
    if stars and actual.counting in {"recognised", "new_recognised", "upgraded", "producers"}:
        said += say(f", từ {stars} sao", f", {stars} stars or more")
    if actual.target.round:
        said += say(f", đợt {actual.target.round}", f", round {actual.target.round}")
    if actual.kinds:
        said += ": " + ", ".join(ctx.words.label("option", kind) for kind in actual.kinds)
    if actual.of is not None:
        said += say(f" (trên {actual.of} sản phẩm)", f" (out of {actual.of} products)")
    if actual.evidence is not None:
        said += say(f" (mục {actual.evidence})", f" (entry {actual.evidence})")
    return said


def day_text(moment: datetime | None) -> str:
    """The last valid day, or that there is none."""
    return f"{last_valid_day(moment):%d/%m/%Y}" if moment else say("không định ngày", "no date named")


def unit_name(review: Review, code: str) -> str:
    """A unit's name on the day of the review."""
    return review.desk.world.registry.unit_name(code, local_date(review.on - timedelta(microseconds=1)))


def bodies_text(review: Review, standing: Standing) -> str:
    """Who is responsible: in the plan's words, and the units that were named."""
    named = ", ".join(unit_name(review, unit) for unit in standing.activity.units)
    return " – ".join(filter(None, (standing.activity.body, named))) or unit_name(review, review.desk.row.unit)


def title_text(standing: Standing) -> str:
    """What an activity is."""
    stage = ctx.words.stage(standing.activity.stage) if standing.activity.stage else ""
    return standing.activity.title or stage


def reached_text(standing: Standing) -> str:
    """What was reached, of what was planned."""
    activity = standing.activity
    actual = figure_text(Fraction(standing.reached)) if standing.reached is not None else ""
    planned = figure_text(activity.figure) if activity.figure is not None else ""
    if not actual and not planned:
        return ""
    return f"{actual or '–'}{f' / {planned}' if planned else ''} {measure(standing.unit or activity.unit)}".strip()


def evidence_text(names: Mapping[str, str | None], data: Mapping[str, Any]) -> str:
    """Paper, file and link."""
    parts = []
    if "document_no" in data:
        parts.append(f"{data['document_no']} ({_date(data['document_date'])})")
    parts += [text for name in ("file_reference", "link") if (text := names.get(name))]
    return "; ".join(parts)


def report_text(review: Review, report: Report) -> str:
    """What a unit reported: when done, by which paper, note or reason."""
    line = report.line
    done = f"{report.done_on:%d/%m/%Y}" if report.done_on else ctx.words.label("option", report.status)
    said = [done, evidence_text(line.names, line.entry.data), line.text("note") or "", line.text("reason") or ""]
    text = "; ".join(filter(None, said))
    several = len(review.desk.book.reports.get(line.entry.data["activity"], {})) > 1
    return f"{unit_name(review, report.unit)}: {text}" if several else text


def activities_section(review: Review, standings: Iterable[Standing]) -> Section:
    """The activities with date, status, figure and evidence."""
    head = (
        ("Số", "Hoạt động", "Chịu trách nhiệm", "Thời hạn", "Ngày cuối", "Tình trạng", "Thực hiện/kế hoạch", "Báo cáo, minh chứng")
        if ctx.language == "vi"
        else ("No", "Activity", "Responsible", "Words", "Last day", "Status", "Actual/planned", "Report, evidence")
    )
    rows = []
    for standing in standings:
        activity = standing.activity
        reports = review.desk.book.reports.get(activity.number, {})
        told = "; ".join(report_text(review, reports[unit]) for unit in standing.units if unit in reports)
        title = title_text(standing) + (f" ({activity.place})" if activity.place else "")
        # The document stands above the table.
        item = activity.source.removeprefix(f"{review.desk.plan.doc_no or review.desk.plan.title}, ")
        phrase = (f"“{activity.phrase}”" if activity.phrase else "–") + f" ({item})"
        status = ctx.words.label("activitystatus", standing.status)
        rows.append(
            (activity.number, title, bodies_text(review, standing), phrase, day_text(activity.due_at), status, reached_text(standing), told)
        )
    return Section(say("Hoạt động của kế hoạch", "Activities of the plan"), head=head, rows=tuple(rows))


def targets_section(review: Review) -> Section:
    """Targets against actuals."""
    head = ("Số", "Chỉ tiêu", "Kế hoạch", "Thực hiện", "Đánh giá", "Cách tính")
    english = ("No", "Target", "Planned", "Actual", "Judgement", "How it was counted")
    rows = tuple(
        (
            str(a.number),
            a.target.what,
            asked_text(a),
            figure_text(a.figure),
            ctx.words.label("verdict", a.verdict),
            counted_text(a),
        )
        for a in review.targets
    )
    return Section(say("Chỉ tiêu và kết quả", "Targets and actuals"), head=head if ctx.language == "vi" else english, rows=rows)


def rounds_section(review: Review) -> Section:
    """Each round: who took part, ranks, and what became of the rest."""
    fates = [f for f in RoundFate if f is not RoundFate.RANKED and any(f in r.fates for r in review.rounds)]
    head = [say("Đợt", "Round"), say("Tham gia", "Took part"), "3★", "4★", "5★", *(ctx.words.label("roundfate", f) for f in fates)]
    rows = [
        (r.code, str(r.members), *(str(r.stars.get(n, 0)) for n in (3, 4, 5)), *(str(r.fates.get(f, 0)) for f in fates))
        for r in review.rounds
    ]
    counted = ", ".join(say(f"{n} sản phẩm {stars} sao", f"{stars} stars {n}") for stars, n in review.stars.items())
    line = say(
        f"Cả năm có {review.took_part} sản phẩm tham gia đánh giá, {sum(review.stars.values())} sản phẩm được công nhận",
        f"In the year {review.took_part} products took part in evaluation, {sum(review.stars.values())} were recognised",
    )
    return Section(say("Đánh giá, phân hạng", "Evaluation"), (line + (f": {counted}." if counted else "."),), tuple(head), tuple(rows))


def recognised_section(review: Review) -> Section:
    """Producers by kind, products by group."""
    owners = ", ".join(f"{ctx.words.name(kind)}: {n}" for kind, n in sorted(review.producers.items()))
    groups = ", ".join(
        f"{ctx.words.label('option', group)}: {n}" for group, n in sorted(review.groups.items(), key=lambda g: (-g[1], g[0]))
    )
    total = sum(review.producers.values())
    lines = (
        say(f"Chủ thể có sản phẩm được công nhận: {total}", f"Producers with a recognised product: {total}")
        + (f" ({owners})." if owners else "."),
        say("Sản phẩm được công nhận theo nhóm: ", "Products recognised by group: ") + (f"{groups}." if groups else "–"),
    )
    return Section(say("Chủ thể, nhóm sản phẩm", "Producers and product groups"), lines)


def support_section(review: Review) -> Section:
    """What was given to producers, by kind."""
    head = (
        ("Loại hỗ trợ", "Lượt", "Sản phẩm", "Chủ thể", "Số tiền")
        if ctx.language == "vi"
        else ("Kind", "Times", "Products", "Producers", "Money")
    )
    rows = [
        (ctx.words.label("option", kind), str(times), str(products), str(owners), money(amount))
        for kind, (times, products, owners, amount) in sorted(review.support.items())
    ]
    total = sum(amount for _, _, _, amount in review.support.values())
    lines = (
        (say("Tổng kinh phí hỗ trợ: ", "Support in all: ") + money(total) + ".",)
        if rows
        else (say("Chưa ghi nhận hỗ trợ nào.", "Nothing recorded."),)
    )
    return Section(say("Hỗ trợ chủ thể", "Support to producers"), lines, head if rows else (), tuple(rows))


def lessons_sections(review: Review) -> list[Section]:
    """What was noted for the review, by part."""
    found = []
    for part in LESSON_PARTS:
        lines = [f"{seq}. {line.text('text') or '…'}" for seq, line in review.desk.book.lessons.items() if line.entry.data["part"] == part]
        found.append(Section(ctx.words.label("option", part), tuple(lines) or (say("Chưa ghi.", "Nothing noted."),)))
    return found


def late_section(review: Review) -> Section:
    """What was done late or is overdue."""
    late = [s for s in review.standings if s.status in LATE]
    lines = tuple(
        f"{s.activity.number}. {title_text(s)} – {bodies_text(review, s)}: {ctx.words.label('activitystatus', s.status)} "
        f"({say('ngày cuối', 'last day')} {day_text(s.activity.due_at)})"
        for s in late
    )
    return Section(say("Việc muộn, quá hạn", "Late and overdue"), lines or (say("Không có.", "Nothing."),))


def review_sections(review: Review) -> list[Section]:
    """The whole review."""
    return [
        targets_section(review),
        rounds_section(review),
        recognised_section(review),
        activities_section(review, review.standings),
        late_section(review),
        support_section(review),
        *lessons_sections(review),
    ]


def headline(review: Review, *, recounted: bool | None = None) -> list[str]:
    """Plan, day of the figures, and the conclusion if there is one."""
    row = review.desk.row
    until = ctx.words.last_day(review.on)
    lines = [
        f"{row.title} ({', '.join(filter(None, (row.code, row.doc_no)))})",
        say(f"Số liệu đến {until}.", f"Figures up to {until}."),
    ]
    line = review.concluded
    if line is not None:
        on = f"{last_valid_day(datetime.fromisoformat(line.entry.data['as_of'])):%d/%m/%Y}"
        lines.append(
            say(
                f"Đã chốt số liệu đến {on}, mục {line.entry.case_seq}, mã kiểm {line.entry.data['digest'][:16]}",
                f"Concluded with figures to {on}, entry {line.entry.case_seq}, digest {line.entry.data['digest'][:16]}",
            )
            + {
                None: ".",
                True: say("; tính lại vẫn khớp.", "; counted again, it agrees."),
                False: say(
                    "; tính lại thì khác, vì sau đó dữ liệu có thay đổi.", "; counted again it differs, since data changed afterwards."
                ),
            }[recounted]
        )
    return lines


def review_markdown(review: Review, *, recounted: bool | None = None) -> str:
    """The whole review as Markdown, to paste into a report."""
    title = say("Tổng kết thực hiện kế hoạch OCOP năm", "Review of the OCOP plan of") + f" {review.desk.row.year}"
    return markdown(title, headline(review, recounted=recounted), review_sections(review))


def markdown(title: str, lines: Sequence[str], sections: Iterable[Section]) -> str:
    """Everything as Markdown."""
    parts = [f"# {title}", "", *(f"{line}  " for line in lines), ""]
    for number, section in enumerate(sections, 1):
        parts += [f"## {number}. {section.title}", "", *(f"- {line}" for line in section.lines)]
        if section.head:
            parts += ["", _row(section.head), _row("---" for _ in section.head), *map(_row, section.rows)]
        parts.append("")
    return "\n".join(parts)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _date(day: str) -> str:
    return f"{day[8:]}/{day[5:7]}/{day[:4]}"
