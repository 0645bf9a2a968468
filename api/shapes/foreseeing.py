"""Forecasts and suppositions as plain values: the same over HTTP and on the command line."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from api.showing import iso
from notifications.supposed import WouldHear
from states.errors import CycleError
from workflow.chances import Chance, Expected
from workflow.forecasting import BackTest, RoundForecast, Tested
from workflow.rows import TermRow
from workflow.supposing import Answer, CaseEffect, DeclareDays, MoveCutoff, Supposed
from workflow.telling import RungRow


def expected_json(found: Expected) -> dict[str, Any]:
    """An expected number as plain values; counts as exact fractions."""
    return {
        "stage": str(found.stage),
        "cutoff": iso(found.due_at),
        "effect": str(found.effect),
        "cases": found.cases,
        "known": found.known,
        "certain": found.certain,
        "expected": _fraction(found.count),
        "low": found.low if found.count is not None else None,
        "high": found.high if found.count is not None else None,
    }


def _fraction(value: Fraction | None) -> str | None:
    """An exact fraction of at most six digits below the line."""
    return None if value is None else str(value.limit_denominator(1_000_000))


def forecast_json(found: RoundForecast) -> dict[str, Any]:
    """A forecast; chances and counts as exact fractions."""
    return {
        "round": found.round.code,
        "at": iso(found.at),
        "rehearsed": found.rehearsed,
        "dates": [expected_json(date) for date in found.dates],
        "bottlenecks": [{"stage": str(b.stage), "unit": b.unit, "expected": _fraction(b.count)} for b in found.bottlenecks],
        "cases": [_chance_json(c) for c in found.chances],
    }


def _chance_json(c: Chance) -> dict[str, Any]:
    ground = {"pool": str(c.ground.pool), "finished": c.ground.met, "as_long": c.ground.told} if c.ground else None
    where = {"waits_at": str(c.at), "since": c.since.isoformat(), "stage": str(c.due.stage), "cutoff": iso(c.due.at)}
    return {"case": c.case, **where, "chance": _fraction(c.chance), "certain": c.certain, "ground": ground}


def tested_json(found: BackTest) -> dict[str, Any]:
    """Past forecasts held against what happened."""
    bins = [
        {"low": str(b.low), "high": str(b.high), "forecasts": b.cases, "said": _fraction(b.said), "happened": b.happened}
        for b in found.bins
    ]
    tests = [_test_json(test) for test in found.tests]
    return {"round": found.round.code, "rehearsed": found.rehearsed, "tests": tests, "bins": bins, "lean": found.lean}


def _test_json(test: Tested) -> dict[str, Any]:
    scores = {"brier": _fraction(test.brier), "brier_nobody": _fraction(test.nobody), "brier_rate": _fraction(test.rate)}
    said = test.forecast.count is not None
    return {"days": test.days, **expected_json(test.forecast), "missed": test.missed if said else None, **scores, "re_dated": test.moved}


def answer_json(answer: Answer, refused: Callable[[CycleError], dict[str, Any]]) -> dict[str, Any]:
    """What would be otherwise; ``refused`` tells why a supposition would not be carried out."""
    return {
        "written": False,
        "rehearsed": answer.rehearsed,
        "supposed": [_supposed_json(each, refused) for each in answer.supposed],
        "cases": [_effect_json(effect) for effect in answer.effects],
        "rounds": [
            {"round": r.round, "before": [expected_json(d) for d in r.before], "after": [expected_json(d) for d in r.after]}
            for r in answer.rounds
        ],
    }


def _supposed_json(each: Supposed, refused: Callable[[CycleError], dict[str, Any]]) -> dict[str, Any]:
    what = each.what
    told: dict[str, Any] = {}
    if isinstance(what, MoveCutoff):
        told = {"kind": "move_cutoff", "round": what.round, "stage": what.stage, "phrase": what.phrase}
    elif isinstance(what, DeclareDays):
        days = [{"day": d.day.isoformat(), "working": d.working} for d in what.days]
        told = {"kind": "declare_days", "unit": what.unit, "days": days}
    return {**told, "refusal": refused(each.refusal) if each.refusal else None}


def _effect_json(effect: CaseEffect) -> dict[str, Any]:
    chances = {"before": effect.chance_before, "after": effect.chance_after}
    return {
        "case": effect.case,
        "gain": str(effect.gain),
        "before": str(effect.before),
        "after": str(effect.after),
        "terms": [
            {"stage": str(t.stage), "was": iso(t.was) if t.was else None, "will": iso(t.will) if t.will else None} for t in effect.terms
        ],
        "closed": [_term_json(t) for t in effect.closed],
        "opened": [_term_json(t) for t in effect.opened],
        "chance": {name: str(c.limit_denominator(1_000_000)) if c is not None else None for name, c in chances.items()},
        "reminders": [_rung_json(rung) for rung in effect.reminders],
        "spared": [_rung_json(rung) for rung in effect.spared],
        "messages": [{"person": m.person, "rung": m.rung, "at": iso(m.at)} for m in effect.messages if isinstance(m, WouldHear)],
    }


def _rung_json(rung: RungRow) -> dict[str, str]:
    return {"rung": rung.rung, "at": iso(rung.at), "cutoff": iso(rung.due_at)}


def _term_json(term: TermRow) -> dict[str, Any]:
    named = {"stage": str(term.stage), "round": term.round, "effect": str(term.effect)}
    return {**named, "cutoff": iso(term.due_at), "phrase": term.phrase, "source": term.source}
