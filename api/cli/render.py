"""Tables and histories for the terminal."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from rich.markup import escape
from rich.table import Table

from api.cli.context import ctx
from states.chart import Seat
from states.regime import VIETNAM
from states.vocabulary import CaseState, Effect, Event, Function, Level, Stage, TermStatus
from states.words import Words
from workflow.ledger.entry import Entry
from workflow.ports import Store
from workflow.provenance import Why
from workflow.roundbook import REDATED
from workflow.rows import CaseRow, SubjectKind, TermRow
from workflow.timeline import Line

_HIDDEN = frozenset(
    {
        *("act", "answers", "confirmed_by", "confirms", "notes", "via", "request", "mean", "stars", "floors_missed", "term", "stage"),
        *("due_at", "deadlines", "effects", "members", "carried", "pending", "moved", "back", "days", "was"),
        *("overridden", "override", "overrides", "step"),
        *("figures", "known_at", "as_of", "digest", "units", "for_unit"),
    }
)
"""Parts of an entry that are told in a sentence of their own, or in the tables beside."""

_STATES = {
    SubjectKind.CASE: "state",
    SubjectKind.CERTIFICATE: "certificatestate",
    SubjectKind.ROUND: "roundstate",
    SubjectKind.PLAN: "publication",
    SubjectKind.CALENDAR: "calendarstate",
}
_EVENTS = {SubjectKind.PLAN: "planevent", SubjectKind.CALENDAR: "calendarevent"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class PlainTable(Table):
    """A table whose cells say what they hold: a name with brackets is no markup."""

    def add_row(self, *cells: Any, **look: Any) -> None:
        """Add a row of texts."""
        super().add_row(*(escape(cell) if isinstance(cell, str) else cell for cell in cells), **look)


def table(*columns: str, whole: int | None = None) -> Table:
    """An empty table in the house's look; the column ``whole`` is never folded, so that what stands in it can be copied."""
    made = PlainTable(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, overflow="fold", no_wrap=number == whole)
    return made


def instant(moment: datetime) -> str:
    """Local day and time, short."""
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S").removesuffix(":00")


def result_text(case: CaseRow) -> str:
    """The latest result: stars and mean."""
    results = case.memo.get("results", {})
    for level in (Level.CENTRE, Level.PROVINCE, Level.DISTRICT):
        if level in results:
            found = results[level]
            return f"{found['stars']}★ {ctx.words.number(Fraction(found['mean']))}"
    return ""


def cases_table(store: Store, cases: Sequence[CaseRow]) -> Table:
    """A list of cases: what a coordinator looks for first."""
    words = ctx.words
    products = {p.code: p for p in store.products(sorted({c.product for c in cases}))}
    head = ("Hồ sơ", "Sản phẩm", "Bước", "Đợt", "Lần", "Kết quả", "Hạn gần nhất")
    made = table(*(head if ctx.language == "vi" else ("Case", "Product", "State", "Round", "Attempt", "Result", "Next deadline")))
    for case in cases:
        running = [t for t in store.terms(case.code) if t.status is TermStatus.RUNNING]
        nearest = min(running, key=lambda t: t.due_at, default=None)
        state = words.name(case.state)
        if case.state is CaseState.RETURNED and case.origin:
            state += f" ({words.name(case.origin)})"
        if case.state is CaseState.DEFERRED and case.left:
            state += f" ({words.name(case.left)})"
        deadline = f"{words.last_day(nearest.due_at)}" if nearest else ""
        name = products[case.product].name if case.product in products else case.product
        made.add_row(case.code, name, state, case.round or "", str(case.attempt), result_text(case), deadline)
    return made


def counts_line(cases: Iterable[CaseRow]) -> str:
    """How many cases stand in each state."""
    counts = Counter(case.state for case in cases)
    return " · ".join(f"{ctx.words.name(state)}: {counts[state]}" for state in CaseState if counts[state])


def who(line: Line) -> str:
    """Who acted, as they were called then."""
    actor = line.entry.actor
    if actor is None or actor.function == Function.SYSTEM:
        return ctx.words.name(Function.SYSTEM)
    seat = ctx.words.seat(Function(actor.function), Level(actor.level) if actor.level else None) if actor.function != "none" else ""
    unit = line.text("actor.unit") or actor.unit or ""
    name = line.text("actor.name") or actor.id
    said = f"{name}, {seat}" + (f", {unit}" if unit and actor.function != Function.PRODUCER else "")
    if actor.principal:
        principal = line.text("actor.principal") or actor.principal
        said += ctx.both(f" (theo ủy quyền của {principal})", f" (by delegation of {principal})")
    if actor.on_behalf_of:
        body = Seat.parse(actor.on_behalf_of)
        said += (
            ctx.both(" (ghi thay ", " (recorded for the ")
            + ctx.words.seat(body.function, body.level)
            + ctx.both(", từ văn bản)", ", from paper)")
        )
    return said


def history_lines(lines: Iterable[Line], words: Words) -> list[str]:
    """A history as text, one paragraph an entry."""
    told: list[str] = []
    for line in lines:
        entry = line.entry
        denied = entry.outcome == "denied"
        event = words.label(_EVENTS.get(entry.kind, "event"), entry.event)
        state = words.label(_STATES[entry.kind], str(entry.to))
        move = f" → {state}" if entry.to and entry.to != entry.from_ and state != event else ""
        mark = ctx.both("BỊ TỪ CHỐI: ", "REFUSED: ") if denied else ""
        told.append(f"{entry.case_seq:>3}. {instant(line.at)}  {mark}{event}{'' if denied else move}")
        told.append(f"     {who(line)}")
        told += [f"     {detail}" for detail in _details(line, words)]
    return told


def _details(line: Line, words: Words) -> list[str]:
    """What an entry says beside the move, one sentence a line."""
    entry = line.entry
    if entry.outcome == "denied":
        return [f"– {words.label('reason', code)}" for code in entry.reasons]
    details = [
        *_paper(line, words),
        *override_lines(entry, words),
        *_result(entry, words),
        *payload_lines(line, words),
        *_dates(entry, words),
        *_closing(entry, words),
    ]
    details += [note_text(note, words) for note in entry.data.get("notes", ())]
    if entry.clause:
        details.append(ctx.both("Căn cứ", "Clause") + f": {entry.clause}")
    if line.late_by_hand and entry.acted_on is None:
        details.append(ctx.both("Ghi nhận lúc", "Recorded at") + f" {instant(entry.recorded_at)}")
    return details


def _paper(line: Line, words: Words) -> Iterator[str]:
    """Of an act done on paper: which, when it was done, when it was typed, and who the second person was."""
    entry = line.entry
    if "act" in entry.data:
        yield ctx.both("Việc", "Event") + f": {words.label('event', entry.data['act'])}"
    if "answers" in entry.data:
        yield ctx.both("Trả lời mục", "Answers entry") + f" {entry.data['answers']}"
    if entry.acted_on is not None and entry.received_at is not None:
        said = ctx.both("Từ văn bản giấy: làm lúc", "From paper: done at") + f" {words.instant(entry.acted_on)}; "
        said += ctx.both("nhập lúc", "typed at") + f" {words.instant(entry.received_at)}"
        if "confirmed_by" in entry.data:
            said += ctx.both("; người xác nhận", "; confirmed by") + f": {_second(line)}"
        yield said
    elif "confirmed_by" in entry.data:
        yield ctx.both("Người thứ hai xác nhận", "Confirmed by the second person") + f": {_second(line)}"


def _second(line: Line) -> str:
    entry = line.entry
    who_ = ", ".join(line.text(f"confirmer.{part}") or "…" for part in ("name", "unit"))
    return f"{who_}, {instant(entry.recorded_at)} ({ctx.both('mục', 'entry')} {entry.data['confirms']})"


def override_lines(entry: Entry, words: Words) -> Iterator[str]:
    """Of an override: for which step, what it overrides, who the second person was; and of the step that used it: that it did."""
    if "overrides" in entry.data:
        named = ", ".join(f"“{words.label('reason', code)}”" for code in entry.data["overrides"])
        yield ctx.both(f"CHO VƯỢT {named} để: ", f"OVERRIDES {named} for: ") + words.label("event", entry.data["step"])
    if "overridden" in entry.data:
        named = ", ".join(f"“{words.label('reason', code)}”" for code in entry.data["overridden"])
        said = ctx.both("LÀM THEO QUYẾT ĐỊNH CHO VƯỢT", "DONE UNDER AN OVERRIDE")
        yield f"{said} {named} ({ctx.both('mục', 'entry')} {entry.data['override']})"


def _result(entry: Entry, words: Words) -> Iterator[str]:
    found = entry.result
    if found:
        points, stars = ctx.both("điểm", "points"), ctx.both("sao", "stars")
        yield ctx.both("Kết quả", "Result") + f": {words.number(Fraction(found['mean']))} {points}, {found['stars']} {stars}"
        if found["missed"]:
            yield ctx.both("Dấu sao tối thiểu không đạt", "Star floors missed") + ": " + ", ".join(map(str, found["missed"]))


def payload_lines(line: Line, words: Words) -> Iterator[str]:
    """What was typed with an act, in words."""
    shown = {name: value for name, value in line.entry.data.items() if name not in _HIDDEN}
    if shown:
        yield "; ".join(f"{words.label('field', name)}: {_shown(name, value, words)}" for name, value in shown.items())
    for name, text in line.names.items():
        if not name.startswith(("actor.", "confirmer.", "product.", "producer.", "request.")):
            said = "units" if name.startswith("unit.") else name
            yield f"{words.label('field', said)}: {text if text is not None else ctx.both('(đã rút)', '(withheld)')}"
    for name in ("product.name", "producer.name"):
        if line.text(name):
            yield f"{words.label('what', name.partition('.')[0])}: {line.text(name)}"


def _dates(entry: Entry, words: Words) -> Iterator[str]:
    if entry.event in set(Effect) and "stage" in entry.data:
        missed = words.last_day(datetime.fromisoformat(entry.data["due_at"]))
        yield ctx.both("Quá hạn", "Missed") + f" {words.name(Stage(entry.data['stage']))}: {missed}"
    for key, said in (
        ("provincial", ctx.both("Vào đợt", "Joins round")),
        ("central", ctx.both("Vào đợt trung ương", "Joins central round")),
    ):
        if (entry.round or {}).get(key):
            yield f"{said} {(entry.round or {})[key]}"
    yield from _days(entry, words)
    for was in entry.data.get("was", ()):
        yield ctx.both("Ngày cuối trước đây", "Last day before") + f": {words.last_day(datetime.fromisoformat(was))}"
    if entry.event == Event.SUSPEND:
        yield ctx.both("Thời hạn", "Term") + f" {words.name(Stage(entry.data['term']))}"
    for term in (entry.terms or {}).get("open", ()):
        due = words.last_day(datetime.fromisoformat(term["due_at"]))
        yield ctx.both("Hạn", "Deadline") + f" {words.name(Stage(term['stage']))}: {due} – “{term['phrase']}” ({term['source']})"
    for deadline in entry.data.get("deadlines", ()):
        if deadline["cutoff"]:
            due = words.last_day(datetime.fromisoformat(deadline["cutoff"]))
            given_up = REDATED in deadline["flags"]
            what = words.label("flag", REDATED) if given_up else words.label("effect", deadline["effect"])
            yield f"{words.stage(deadline['stage'])}: {due} – “{deadline['phrase']}”; {what}"


def _days(entry: Entry, words: Words) -> Iterator[str]:
    if entry.kind is SubjectKind.CALENDAR:
        for day in entry.data.get("days", ()):
            said = ctx.both("Làm việc", "Worked") if day["working"] else ctx.both("Nghỉ", "Off")
            yield f"{said}: {words.day(date.fromisoformat(day['day']))}"


def _closing(entry: Entry, words: Words) -> Iterator[str]:
    if "as_of" in entry.data:
        until = words.last_day(datetime.fromisoformat(entry.data["as_of"]))
        yield f"{words.label('field', 'as_of')}: {until}; {words.label('field', 'digest')}: {entry.data['digest'][:16]}"
    if entry.corrects is not None:
        yield f"{words.label('field', 'corrects')} {entry.corrects}"
    for name, said in (("moved", ctx.both("Đổi hạn", "Moved")), ("back", ctx.both("Trở lại", "Came back"))):
        if entry.data.get(name):
            yield f"{said}: " + ", ".join(entry.data[name])
    if "members" in entry.data:
        yield "; ".join(f"{words.label('state', state)}: {count}" for state, count in entry.data["members"].items())
        moved = [f"{case} → {to}" for case, to in entry.data["carried"].items() if to]
        if moved:
            yield ctx.both("Vào đợt sau", "Carried on") + ": " + ", ".join(moved)


def note_text(note: str, words: Words) -> str:
    """A note of a receipt or entry, in words."""
    code, _, stage = note.partition(":")
    if code == "late":
        return ctx.both("Muộn so với mốc", "After the date of") + f" {words.name(Stage(stage))}"
    return str(words.label("note", code))


def _shown(name: str, value: Any, words: Words) -> str:
    """A value by what it is: an amount of something, money, a way of counting, or whatever its type says."""
    if name == "figure":
        return words.number(Fraction(value))
    if name == "amount":
        return f"{value:,}".replace(",", "." if words.language == "vi" else ",")
    if name == "count":
        return str(words.label("counting", value))
    return _value(value, words)


def _value(value: Any, words: Words) -> str:
    if isinstance(value, list):
        return ", ".join(words.label("option", str(v)) for v in value)
    if isinstance(value, str):
        if _DAY.fullmatch(value):
            return f"{value[8:]}/{value[5:7]}/{value[:4]}"
        return str(words.label("option", value))
    return str(words.say(value))


def terms_lines(terms: Iterable[TermRow]) -> list[str]:
    """Deadlines of a case: last valid day, words, source, what happens then, status."""
    words = ctx.words
    return [
        f"• {words.name(t.stage)}: {words.last_day(t.due_at)} – “{t.phrase}” ({t.source}); {words.name(t.effect)}; {words.name(t.status)}"
        for t in sorted(terms, key=lambda t: (t.due_at, t.id))
    ]


def why_lines(why: Why) -> Iterator[str]:
    """A deadline with everything that was set for it: the date that rules first, then those that gave way."""
    words = ctx.words
    head = words.name(why.stage) + (f" ({why.round})" if why.round else "")
    yield f"{head}{ctx.both(' – mốc đã lỡ', ' – the date that was missed') if why.missed else ''}"
    for mark, dated in (("✓", why.ruling), *(("✗", other) for other in why.others)):
        last = words.last_day(dated.cutoff) if dated.cutoff else "–"
        yield f"  {mark} {last} – “{dated.phrase}” ({dated.source})"
        said = [words.label("standing", str(dated.standing))]
        said += [words.label("option", dated.reading)] if dated.reading else []
        said += [dated.calendar] if dated.calendar else []
        said += [] if dated.firm else [ctx.both("dự kiến", "expected")]
        yield f"      {'; '.join(said)}"
        if dated.entered:
            entry = dated.entered.entry
            section = "planevent" if entry.kind is SubjectKind.PLAN else "event"
            yield f"      {words.label(section, entry.event)} {instant(entry.recorded_at)}, {who(dated.entered)}"
