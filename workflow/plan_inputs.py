"""Reads what is reported to a plan, strictly and before anything is judged on it. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from states.errors import PayloadInvalid, Problem
from states.lifecycle import PlanEvent
from states.payload import Field, read_payload
from workflow.activities import Activity
from workflow.planbook import Report

Read = tuple[dict[str, Any], dict[str, str]]

_DATES = ("done_on", "given_on", "stated_on", "document_date")
_LINK = re.compile(r"https?://[^\s/]+\S*")


def read_work(event: PlanEvent, fields: tuple[Field, ...], payload: Mapping[str, object], today: date) -> Read:
    """The payload of something reported to a plan.

    Returns:
        ``(data, texts)`` as :func:`states.payload.read_payload`.

    Raises:
        PayloadInvalid: With every problem of the fields, of dates that have not come, and of papers and links that nobody could find.
    """
    data: dict[str, Any] = {}
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        data, texts = read_payload(fields, payload)
    except PayloadInvalid as invalid:
        problems += invalid.problems
    problems += [Problem(f"/{name}", "in_future") for name in _DATES if str(data.get(name, "")) > today.isoformat()]
    if ("document_no" in data) != ("document_date" in data):
        problems.append(Problem("/document_date" if "document_no" in data else "/document_no", "required"))
    if "link" in texts and not _LINK.fullmatch(texts["link"]):
        problems.append(Problem("/link", "not_a_link"))
    refuse(event, problems)
    return data, texts


def refuse(event: PlanEvent, problems: list[Problem]) -> None:
    """Refuse an input with problems. Raises PayloadInvalid."""
    if problems:
        raise PayloadInvalid(problems, event=event)


def evidence_problems(read: Read) -> list[Problem]:
    """That nothing shows it: neither a paper, nor a file, nor a link."""
    data, texts = read
    return [] if "document_no" in data or {"file_reference", "link"} & texts.keys() else [Problem("/evidence", "evidence_missing")]


def report_problems(activity: Activity, read: Read, before: Report | None) -> list[Problem]:
    """What is wrong with a report of an activity, given what was reported of it before for the same unit."""
    data, texts = read
    problems: list[Problem] = []
    done = data["status"] == "done"
    if done:
        problems += evidence_problems(read)
    elif "done_on" in data:
        problems.append(Problem("/done_on", "only_when_done"))
    if data["status"] == "cancelled" and "reason" not in texts:
        problems.append(Problem("/reason", "reason_required"))
    elif before is not None and before.status != "under_way" and "reason" not in texts:
        problems.append(Problem("/reason", "correction_reason", {"seq": before.seq}))
    return problems + unit_problems(data, activity.unit)


def unit_problems(data: Mapping[str, Any], planned: str) -> list[Problem]:
    """That a figure says nothing of what it counts, or something else than the plan."""
    if "figure_unit" in data and "figure" not in data:
        return [Problem("/figure", "required")]
    if "figure" in data and not planned and "figure_unit" not in data:
        return [Problem("/figure_unit", "required")]
    if planned and data.get("figure_unit", planned) != planned:
        return [Problem("/figure_unit", "unit_of_plan", {"measure": planned})]
    return []
