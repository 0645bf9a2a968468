"""``/reminders``: steps of duties, what would be told on a day, a message before it goes, a text to share, and who was told what."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, Key, ask
from api.cli.context import speaking
from api.cli.told import account_csv
from api.once import once
from api.paging import cursor_of, place_of
from api.schemas.common import LONGEST_CODE, WRITES, problems
from api.schemas.telling import AccountOut, DayOut, DutiesOut, PreviewOut, SharedOut, ShareGiven
from api.shapes.telling import coming_json, counts_json, duty_json, preview_json, told_json
from api.strict import MemberRoute, RequestInvalid
from api.subjects import must_answer_for, must_know, must_see, sight
from deadlines.calendar import midnight
from notifications.account import ToldMessage, account, page_of, sums_of, year_of
from notifications.acknowledging import share
from notifications.foresight import coming_on, duty_named, duty_of, preview, steps_of
from notifications.letters import write
from notifications.messages import Language
from notifications.offices import must_speak_for, unit_of
from notifications.sight import Sight
from states.errors import NotFound, Problem
from workflow.casebook import Place
from workflow.toldbook import ToldQuery

router = APIRouter(prefix="/reminders", route_class=MemberRoute, tags=["telling"])
YEARS = (2000, 2199)
Year = Annotated[int | None, Query(ge=YEARS[0], le=YEARS[1])]
Day = Annotated[date | None, Query(examples=["2021-07-02"])]
UnitOf = Annotated[
    str | None, Query(max_length=LONGEST_CODE, description="Chỉ người của đơn vị này và cấp dưới · people of a unit and below")
]
Subject = Annotated[str, Query(max_length=LONGEST_CODE, description="Hồ sơ, kế hoạch hoặc giấy chứng nhận · a case, plan or certificate")]
_EPOCH, _MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def in_range(name: str, day: date) -> date:
    """A day that can be counted from.

    Raises:
        RequestInvalid: It lies out of time.
    """
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise RequestInvalid([Problem(f"/{name}", "out_of_range", {"low": YEARS[0], "high": YEARS[1]})])
    return day


@router.get("", response_model=DutiesOut, responses=problems(404))
def list_steps(request: Request, subject: Subject) -> Response:
    """Các bước nhắc của một hồ sơ, kế hoạch hoặc giấy chứng nhận và ai đã được báo · steps of every duty and who was told."""
    asked = ask(request)
    must_see(asked, subject)
    found = steps_of(asked.run.store, asked.run.engine.world(fresh=True), subject, asked.received)
    return json_answer({"subject": subject, "items": [duty_json(each) for each in found]})


@router.get("/coming", response_model=DayOut, responses=problems(404))
def coming(request: Request, on: Day = None, unit: UnitOf = None) -> Response:
    """Hôm nay (hoặc một ngày) sẽ nhắc ai về việc gì, nếu đến lúc đó chưa làm · what would go on a day, if nothing is done before."""
    asked = ask(request)
    seen = sight(asked)
    if unit is not None:
        must_answer_for(seen, unit)
    day = in_range("on", on) if on is not None else asked.today
    run, world = asked.run, asked.run.engine.world(fresh=True)
    found = coming_on(run.store, run.notifications.composer, world, day, asked.received, unit)
    unheard = [rung for rung in found.unheard if _sees(asked, rung.subject)]
    body = {"coming": [coming_json(c) for c in found.coming if c.person in seen.people]}
    return json_answer(
        {"day": day.isoformat(), **body, "unheard": [{"duty": r.duty, "step": r.rung, "subject": r.subject} for r in unheard]}
    )


def _sees(asked: Asked, subject: str) -> bool:
    try:
        must_see(asked, subject)
    except NotFound:
        return False
    return True


@router.get("/preview", response_model=PreviewOut, responses=problems(404))
def preview_letter(
    request: Request,
    duty: Annotated[str, Query(max_length=LONGEST_CODE * 2, description="Mã hồ sơ, hoặc mã việc có hạn · a case, or a duty's id")],
    step: Annotated[
        str | None, Query(max_length=20, description="Bước nhắc; bỏ trống là bước sắp tới · step, else the next", examples=["T-7"])
    ] = None,
    to: Annotated[str | None, Query(max_length=LONGEST_CODE, description="Mã người nhận · whose message")] = None,
    language: Literal["vi", "en"] | None = None,
) -> Response:
    """Thư nhắc đúng lời sẽ gửi, trừ đường dẫn riêng; không gửi gì · the words of a reminder before it goes; nothing is sent."""
    asked = ask(request)
    seen, run = sight(asked), asked.run
    duty = _duty_seen(asked, duty)
    # Who sees nobody's letters but the own is shown the own.
    whose = must_know(seen, to) if to is not None else None if seen.units else asked.caller.person
    message = preview(
        run.store, run.notifications.wording, run.engine.world(fresh=True), asked.received, duty, step, whose, Language(language) if language else None
    )  # fmt: skip
    must_know(seen, message.recipient.person)
    return json_answer(preview_json(message, write(message)))


def _duty_seen(asked: Asked, name: str) -> str:
    """A duty of something that the caller may see.

    Raises:
        NotFound: There is none, or it lies elsewhere.
    """
    duty = duty_named(asked.run.store, name)
    if not _sees(asked, duty_of(asked.run.store, duty).subject):
        raise NotFound(what="duty", name=name)
    return duty


@router.post("/share", response_model=SharedOut, responses=problems(*WRITES))
def share_text(request: Request, body: ShareGiven, key: Key = None) -> Response:
    """Lời nhắn để gửi qua Zalo, kèm đường dẫn riêng của người nhận · a text to share by hand, with the reader's personal link."""
    asked = ask(request, WRITE)
    run = asked.run

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        duty, registry = _duty_seen(asked, body.duty), asked.registry
        must_know(sight(asked), body.to)
        must_speak_for(registry, asked.caller.person, unit_of(registry, body.to, asked.today) or "–", asked.today)
        language = Language(body.language) if body.language else None
        got = share(
            run.store, run.notifications.wording, run.engine.world(fresh=True), run.notifications.post.links, asked.received, duty, body.to, language
        )  # fmt: skip
        link = next((line.link for line in got.message.lines), None)
        return 200, {"person": body.to, "duty": duty, "text": got.letter.share, "sms": got.letter.short, "link": link}, None

    # Whoever has the link answers for its reader, so that it is kept nowhere.
    return once(asked, key, body.model_dump(), work, shown_once=("text", "sms", "link"))


@router.get(
    "/told",
    response_model=AccountOut,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **problems(404)},
)
def told(
    request: Request,
    subject: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    year: Year = None,
    since: Day = None,
    until: Day = None,
    person: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    unit: UnitOf = None,
    news: Annotated[bool, Query(description="Cả tin báo việc đã xảy ra · news as well as reminders")] = True,
    format: Literal["json", "csv"] = "json",
    cursor: Annotated[str | None, Query(max_length=600)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Đã báo cho ai, việc gì, lúc nào, đã nhận chưa; bỏ trống ngày là năm nay · who was told what and when; this year unless said."""
    asked = ask(request)
    seen, run = sight(asked), asked.run
    if subject is not None:
        must_see(asked, subject)
    start, end = _span(asked, subject, year, since, until)
    query = ToldQuery(subject=subject, recipients=_people(asked, seen, person, unit), since=start, until=end, news=news)
    of = (run.store, run.notifications.wording, asked.registry, query, asked.received)
    if format == "csv":
        with speaking(asked.language):
            text = account_csv(account(*of))
        return Response(text, media_type="text/csv; charset=utf-8", headers={"cache-control": "private, no-cache"})
    given = {
        "told": subject, "year": year, "since": since, "until": until, "person": person, "unit": unit, "news": news,
    }  # fmt: skip
    after = place_of(cursor, given)
    page, more = page_of(*of, None if after is None else (_EPOCH + (after.due or 0) * _MICRO, after.key), limit)
    following = cursor_of(Place(0, *_place(page[-1])), given) if more else None
    return json_answer({"items": [told_json(each) for each in page], "counts": counts_json(sums_of(*of)), "next": following})


def _place(message: ToldMessage) -> tuple[int, str]:
    return (message.at - _EPOCH) // _MICRO, message.row.id


def _span(
    asked: Asked, subject: str | None, year: int | None, since: date | None, until: date | None
) -> tuple[datetime | None, datetime | None]:
    """From when to when; of one subject everything, else this year, unless something is said."""
    if year is None and since is None and until is None:
        return (None, None) if subject is not None else year_of(asked.today.year)
    start, end = year_of(year) if year is not None else (None, None)
    if since is not None:
        first = midnight(in_range("since", since))
        start = max(first, start or first)
    if until is not None:
        last = midnight(in_range("until", until) + timedelta(days=1))
        end = min(last, end or last)
    return start, end


def _people(asked: Asked, seen: Sight, person: str | None, unit: str | None) -> tuple[str, ...]:
    chosen = set(seen.people)
    if unit is not None:
        below = set(asked.registry.covered({must_answer_for(seen, unit)}, asked.today))
        chosen = {code for code in chosen if asked.registry.ever_held(code) & below}
    if person is not None:
        chosen &= {must_know(seen, person)}
    return tuple(sorted(chosen))
