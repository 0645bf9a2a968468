"""What the pages of rounds show, with the same filter, as a spreadsheet."""

from fastapi import APIRouter, Request, Response

from api.pages.frame import Said, visitor
from api.pages.rounds import RoundCode, Unit, listed, shown
from api.sheets import Sheet, download
from states.words import words

router = APIRouter(tags=["pages"])


@router.get("/rounds.xlsx")
def all_rounds(request: Request) -> Response:
    """The list of rounds."""
    asked = visitor(request)
    t, said = Said(asked.language), words(asked.language)
    rows = [
        (
            str(r["code"]), str(r["state"]), str(r["unit"]), r["count"], r["late"],
            *((r["next"].stage, r["next"].last_day, r["next"].left) if r["next"] else ("", "", "")),
        )
        for r in listed(asked)
    ]  # fmt: skip
    head = (
        t("sheet.round"),
        t("sheet.state"),
        t("filter.unit"),
        t("sheet.cases"),
        t("filter.late"),
        t("sheet.next"),
        t("sheet.last_day"),
        t("sheet.left"),
    )
    note = t("sheet.as_of", at=said.instant(asked.received))
    return download([Sheet(t("sheet.rounds"), head, rows, _notes(asked.run.rehearsal, t, note))], asked.received, t("sheet.rounds"))


@router.get("/rounds/{code}/export.xlsx")
def one_round(request: Request, code: RoundCode, unit: Unit = None) -> Response:
    """One round: its dates, its cases by step, and the same by unit."""
    asked = visitor(request)
    t, said = Said(asked.language), words(asked.language)
    found = shown(asked, code, unit)
    about = [t("round.title", code=code) + f" – {found['state']}", t("sheet.as_of", at=said.instant(asked.received))]
    if found["unit_name"]:
        about.append(f"{t('filter.unit')}: {found['unit_name']}")
    notes = _notes(asked.run.rehearsal, t, *about)
    dates = [
        (m.stage, m.last_day, m.phrase, m.source, m.effect, "" if m.firm else t("day.expected"), m.left, m.forecast) for m in found["marks"]
    ]
    steps = [(said.label("state", c.state), c.count, c.late) for c in found["columns"]]
    steps.append((t("round.total"), found["total"], found["late"]))
    areas = [(a.code, a.name, *(n for n, _ in a.cells), a.total, a.late) for a in found["areas"]]
    of_areas = (
        t("sheet.unit_code"),
        t("filter.unit"),
        *(said.label("state", c.state) for c in found["columns"]),
        t("round.total"),
        t("filter.late"),
    )
    dated = (
        t("sheet.stage"), t("sheet.last_day"), t("sheet.phrase"), t("sheet.source"), t("sheet.effect"), t("sheet.firm"), t("sheet.left"),
        t("sheet.forecast"),
    )  # fmt: skip
    sheets = [
        Sheet(t("round.steps"), (t("card.state"), t("sheet.cases"), t("filter.late")), steps, notes),
        Sheet(t("round.dates"), dated, dates, notes),
        Sheet(t("round.areas"), of_areas, areas, notes),
    ]
    return download(sheets, asked.received, f"{code} {found['unit_name']}".strip())


def _notes(rehearsal: bool, t: Said, *lines: str) -> list[str]:  # noqa: FBT001 - says what it is
    return [*([t("rehearsal.banner")] if rehearsal else []), *lines]
