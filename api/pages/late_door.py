"""The late door of a round: its deferred members page by page, each with whether the reader may admit it by a paper, or why not."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from api.asking import Asked
from api.pages.frame import Said, render, visitor
from api.pages.round_acts import Line, RoundCode, round_of
from api.pages.work import Text, seen
from api.paging import cursor_of, place_of
from states.vocabulary import CaseState, Event
from states.words import words
from workflow.casebook import CaseList, Listed

router = APIRouter(tags=["pages"])
PAGE = 50


@router.get("/rounds/{code}/late-door")
def late_door(request: Request, code: RoundCode, q: Text = None, cursor: Annotated[str | None, Query(max_length=600)] = None) -> Response:
    """Deferred members one by one: which may still be admitted by a paper, by whom, and which not."""
    asked = visitor(request)
    row = round_of(asked, code)
    query, given = _deferred(asked, code, q), {"round": code, "q": q or ""}
    found = asked.run.store.case_page(query, after=place_of(cursor, given), limit=PAGE + 1)
    lines = _lines(asked, found[:PAGE])
    # What stands against many for the same reasons is said once.
    closed: dict[tuple[tuple[str, str], ...], list[Line]] = {}
    for line in lines:
        if not line.link:
            closed.setdefault(line.reasons, []).append(line)
    onward = urlencode({"q": q or "", "cursor": cursor_of(found[PAGE - 1].place, given)}) if len(found) > PAGE else None
    values: dict[str, Any] = {
        "admissible": [line for line in lines if line.link], "closed": sorted(closed.items(), key=lambda each: -len(each[1])),
        "shown": len(lines), "count": asked.run.store.case_count(query), "q": q or "", "given": {"q": q}, "first": cursor is None, "onward": onward,
    }  # fmt: skip
    return render(request, "late_door.html", round=row, state=words(asked.language).name(row.state), **values)


def _deferred(asked: Asked, code: str, q: str | None) -> CaseList:
    within = seen(asked, q)
    return CaseList(
        seen_units=within.seen_units,
        seen_producers=within.seen_producers,
        text=within.text,
        round=code,
        states=(str(CaseState.DEFERRED),),
        sort="code",
    )


def _lines(asked: Asked, found: list[Listed]) -> list[Line]:
    said, t = words(asked.language), Said(asked.language)
    names = {row.code: row.name for row in asked.run.store.products(sorted({each.case.product for each in found}))} if found else {}
    lines = []
    for case in (each.case for each in found):
        situation = asked.run.engine.situation(case.code, asked.caller.person, asked.received)
        offer = next((o for o in situation.offers if o.event is Event.ADMIT_LATE), None)
        reasons = tuple((said.refusal(r), said.holder(r.holder)) for r in offer.reasons) if offer else ()
        missed = case.memo.get("missed") or {}
        told = t("late.missed", stage=said.stage(missed["stage"]), phrase=missed["phrase"]) if missed else ""
        link = f"/cases/{quote(case.code)}/actions/admit_late" if offer is not None and offer.allowed else ""
        lines.append(Line(case.code, names.get(case.product, case.code), told, reasons, link))
    return lines
