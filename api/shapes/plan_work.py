"""A plan's other work and its review as plain values: the same over HTTP and on the command line."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from api.showing import iso
from deadlines.ladder import last_valid_day
from workflow.actuals import Actual
from workflow.planbook import Support
from workflow.planwork import Written
from workflow.ports import Database
from workflow.review import Review, Standing


def standing_json(review: Review, standing: Standing) -> dict[str, Any]:
    """An activity as plain values."""
    activity = standing.activity
    reports = review.desk.book.reports.get(activity.number, {})
    return {
        "number": activity.number,
        "id": activity.id,
        "title": activity.title,
        "stage": activity.stage,
        "body": activity.body,
        "units": list(standing.units),
        "phrase": activity.phrase,
        "source": activity.source,
        "flags": list(activity.flags),
        "start": iso(activity.start) if activity.start else None,
        "due_at": iso(activity.due_at) if activity.due_at else None,
        "last_day": last_valid_day(activity.due_at).isoformat() if activity.due_at else None,
        "place": activity.place,
        "planned": None if activity.figure is None else str(activity.figure),
        "reached": standing.reached,
        "unit": standing.unit or activity.unit,
        "status": str(standing.status),
        "reports": {unit: {**report.line.entry.data, **_texts(report.line.names), "entry": report.seq} for unit, report in reports.items()},
    }


def actual_json(actual: Actual) -> dict[str, Any]:
    """A target as plain values."""
    target = actual.target
    return {
        "number": actual.number,
        "what": target.what,
        "op": target.op,
        "value": target.value,
        "min": target.min,
        "max": target.max,
        "unit": target.unit,
        "firm": target.firm,
        "count": str(actual.counting),
        "kinds": list(actual.kinds),
        "figure": None if actual.figure is None else str(actual.figure),
        "of": actual.of,
        "verdict": str(actual.verdict),
        "members": list(actual.members),
        "entry": actual.evidence,
    }


def support_json(plan: str, support: Support) -> dict[str, Any]:
    """A support as plain values."""
    return {"plan": plan, "entry": support.seq, **support.line.entry.data, **_texts(support.line.names)}


def review_json(review: Review, *, recounted: bool | None = None) -> dict[str, Any]:
    """The whole review as plain values."""
    concluded = review.concluded
    lessons = review.desk.book.lessons
    return {
        "plan": review.desk.row.code,
        "on": iso(review.on),
        "digest": review.digest,
        "targets": [actual_json(a) for a in review.targets],
        "rounds": [
            {"round": r.code, "took_part": r.members, "stars": r.stars, "fates": {str(f): n for f, n in r.fates.items()}}
            for r in review.rounds
        ],
        "took_part": review.took_part,
        "stars": review.stars,
        "producers": {str(kind): n for kind, n in review.producers.items()},
        "groups": review.groups,
        "activities": [standing_json(review, s) for s in review.standings],
        "support": [support_json(review.desk.row.code, s) for s in review.desk.book.supports.values()],
        "lessons": [{"entry": seq, "part": line.entry.data["part"], "text": line.text("text")} for seq, line in lessons.items()],
        "concluded": {**concluded.entry.data, "entry": concluded.entry.case_seq, "agrees": recounted} if concluded else None,
    }


def _texts(names: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: text for name, text in names.items() if not name.startswith(("actor.", "unit."))}


def written_json(made: Written) -> dict[str, Any]:
    """What was written to a plan, or would be."""
    return {
        "plan": made.plan,
        "event": str(made.event),
        "entry": made.seq,
        "data": made.line.entry.data,
        "corrects": made.line.entry.corrects,
        "fulfilled": list(made.fulfilled),
        "repeated": made.repeated,
        "dry_run": made.seq is None,
    }


def members_of(store: Database, review: Review, actual: Actual) -> list[str]:
    """What is behind a figure, with names."""
    products = {p.code: p.name for p in store.products(list(actual.members))}
    producers = {p.code: p.name for p in store.producers(list(actual.members))}
    activities = {s.activity.number: s.activity.title for s in review.standings}
    units = {u.code: u.name for u in review.desk.world.registry.units_on((review.on - timedelta(microseconds=1)).date())}
    found = []
    for member in actual.members:
        code, colon, rest = member.partition(": ")
        name = {**units, **activities, **producers, **products}.get(code, "")
        found.append(" – ".join(filter(None, (code, name))) + (f"{colon}{rest}" if colon else ""))
    return found
