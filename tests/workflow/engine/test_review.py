"""Targets against actuals, and the year-end review: counted from histories, as of an instant, and fixed by a digest when it is concluded."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from states.errors import EventRefused, MalformedInput, NotAllowed, PayloadInvalid
from states.vocabulary import Event, ProducerKind
from tests.support.world import TWO_ROUNDS, World, moment, plan_file, world_at
from workflow.activities import ActivityStatus
from workflow.actuals import Actual
from workflow.audit import drifts, verify_log
from workflow.passages import RoundFate
from workflow.review import Review

TARGETS = [
    ("registered", "product", ""),
    ("evaluated", "product", ""),
    ("recognised", "product", "min_stars = 3"),
    ("recognised", "product", "min_stars = 4"),
    ("new_recognised", "product", "min_stars = 3\nround = 1"),
    ("upgraded", "product", ""),
    ("kept", "percent", ""),
    ("nominated", "product", ""),
    ("producers", "producer", ""),
    ("supported", "product", 'kinds = ["label"]'),
    ("figures", "class", ""),
    ("each_district", "product per district", ""),
    ("stated", "percent", ""),
]
PLAN = (
    plan_file("KH-2021", 2021, TWO_ROUNDS)
    + "".join(f'[[plan.target]]\nwhat = "{c}"\nop = ">="\nvalue = 2\nunit = "{u}"\ncount = "{c}"\n{more}\n' for c, u, more in TARGETS)
    + '[[plan.deadline]]\nstage = "training"\nphrase = "trước ngày 1/4/2021"\nactivity = "tập huấn"\nunit = "class"\n'
)
EVIDENCE = {"document_no": "12/BC-VPĐP", "document_date": "2021-03-01"}


@pytest.fixture
def season(database_url: str) -> Iterator[World]:
    """Five products: three and four stars in round 1, one deferred and recognised in round 2, one below three stars, one withdrawn."""
    with world_at(database_url, "2021-01-11 08:00", two_rounds=False) as world:
        world.publish(PLAN)
        world.certified("P1-01", 60, at="2021-05-04 08:00")
        world.certified("P1-02", 80, at="2021-05-05 08:00")
        late = world.filed("P1-03", at="2021-05-06 08:00")
        low = world.filed("P2-01", at="2021-05-07 08:00")
        world.act(low, Event.CONCLUDE, mean=40, at="2021-05-08 08:00")
        world.act(low, Event.CLOSE_UNRANKED, at="2021-05-08 09:00")
        gone = world.filed("P2-02", at="2021-05-10 08:00")
        world.act(gone, Event.WITHDRAW, at="2021-05-11 08:00")
        world.sweep("2021-07-10 00:01")
        world.sweep("2021-07-30 00:01")
        world.rounds.close("VS-2021-1", actor="officer-VS")
        world.act(late, Event.CONCLUDE, mean=70, at="2021-08-10 08:00")
        world.act(late, Event.FORWARD)
        world.act(late, Event.CONCLUDE, mean=75)
        world.act(late, Event.CERTIFY, at="2021-08-20 08:00")
        world.act("P1-04", Event.REGISTER)
        yield world


def figures(review: Review) -> dict[int, str | None]:
    return {a.number: None if a.figure is None else str(a.figure) for a in review.targets}


def actual(review: Review, number: int) -> Actual:
    return review.targets[number - 1]


def test_every_target_is_counted_from_what_happened(season):
    season.move("2021-12-20 08:00")
    review = season.reviews.review("KH-2021")
    assert figures(review) == {
        1: "6",
        2: "3",
        3: "3",
        4: "2",
        5: "2",
        6: "0",
        7: None,
        8: "0",
        9: "1",
        10: "0",
        11: None,
        12: "0",
        13: None,
    }
    assert actual(review, 4).members == ("P1-02", "P1-03")
    assert actual(review, 5).members == ("P1-01", "P1-02")
    assert actual(review, 12).members == ("H1: 3", "H2: 0")


def test_the_report_counts_rounds_ranks_producers_and_groups(season):
    season.move("2021-12-20 08:00")
    review = season.reviews.review("KH-2021")
    first, second = review.rounds
    assert (first.code, first.members, first.stars) == ("VS-2021-1", 5, {3: 1, 4: 1})
    assert first.fates == {RoundFate.RANKED: 2, RoundFate.DEFERRED: 1, RoundFate.NOT_RANKED: 1, RoundFate.WITHDRAWN: 1}
    assert (second.code, second.members, second.stars) == ("VS-2021-2", 1, {4: 1})
    assert (review.took_part, review.stars) == (5, {3: 1, 4: 2})
    assert review.producers == {ProducerKind.COOPERATIVE: 1}
    assert review.groups == {"food": 3}


def test_a_review_as_of_an_earlier_day_leaves_out_what_came_after(season):
    season.move("2021-12-20 08:00")
    june = season.reviews.review("KH-2021", on=moment("2021-07-01"))
    assert figures(june)[3] == "2"
    assert june.rounds[0].fates[RoundFate.PENDING] == 1
    assert figures(season.reviews.review("KH-2021", on=moment("2021-05-05")))[3] == "1"
    with pytest.raises(MalformedInput) as refused:
        season.reviews.review("KH-2021", on=moment("2022-01-01"))
    assert refused.value.code == "review_in_future"


def test_another_provinces_products_and_another_years_are_not_counted(season):
    season.publish(plan_file("KH-VT", 2021, TWO_ROUNDS), unit="VT")
    season.certified("P3-01", 80, at="2021-09-01 08:00")
    season.move("2022-02-01 08:00")
    season.publish(plan_file("KH-2022", 2022, [(s, r, p.replace("2021", "2022")) for s, r, p in TWO_ROUNDS]))
    season.certified("P1-05", 80, at="2022-03-01 08:00")
    assert figures(season.reviews.review("KH-2021"))[3] == "3"
    assert season.reviews.review("KH-2022").stars == {4: 1}
    assert season.reviews.review("KH-VT").took_part == 1


def test_an_upgrade_and_recognition_that_was_kept_are_counted_in_their_year(season):
    season.move("2022-02-01 08:00")
    targets = "".join(
        f'[[plan.target]]\nwhat = "{c}"\nop = "range"\nmin = 1\nmax = 2\nunit = "{u}"\ncount = "{c}"\n'
        for c, u in (("upgraded", "product"), ("kept", "percent"), ("kept", "product"))
    )
    season.publish(plan_file("KH-2022", 2022, [(s, r, p.replace("2021", "2022")) for s, r, p in TWO_ROUNDS]) + targets)
    certificate = season.store.certificates("P1-01")[0].code
    case = season.registered("P1-01", kind="upgrade", certificate=certificate, at="2022-03-01 08:00")
    season.act(case, Event.FILE)
    season.act(case, Event.CONCLUDE, mean=80)
    season.act(case, Event.FORWARD)
    season.act(case, Event.CONCLUDE, mean=80)
    season.act(case, Event.CERTIFY)
    review = season.reviews.review("KH-2022")
    assert figures(review) == {1: "1", 2: "100", 3: "3"}
    assert (actual(review, 2).of, actual(review, 3).members) == (3, ("P1-01", "P1-02", "P1-03"))
    season.move("2024-06-01 08:00")
    assert figures(season.reviews.review("KH-2022"))[3] == "2", "a certificate of 2021 has run out, that of the upgrade has not"


def test_activities_support_and_what_was_stated_stand_against_the_targets(season):
    season.move("2021-09-01 08:00")
    work = season.work
    work.report("KH-2021", "5", {"status": "done", "done_on": "2021-04-02", "figure": 3, **EVIDENCE}, actor="officer-VS")
    given: dict[str, Any] = {"given_on": "2021-08-01", "what": "Tem", "giver": "Huyện", "amount": 1_000, **EVIDENCE}
    work.support("KH-2021", {"support": "label", **given}, actor="officer-VS", product="P1-01")
    work.support("KH-2021", {"support": "label", **given}, actor="officer-VS", product="P1-01")
    work.support("KH-2021", {"support": "credit", **given}, actor="officer-VS", product="P1-02")
    work.support("KH-2021", {"support": "training", "figure": 2, "figure_unit": "class", **given}, actor="officer-VS", producer="P2")
    # What is part of an activity is in the activity's own figure.
    more = {"support": "training", "figure": 9, "figure_unit": "class", **given}
    work.support("KH-2021", more, actor="officer-VS", producer="P2", activity="5")
    work.state("KH-2021", 13, {"figure": "87,5", **EVIDENCE}, actor="officer-VS")
    review = season.reviews.review("KH-2021")
    assert [figures(review)[n] for n in (10, 11, 13)] == ["1", "5", "175/2"]
    assert review.support["label"] == (2, 1, 1, 2_000)
    assert review.support["training"] == (2, 0, 1, 2_000)
    assert [s.status for s in review.standings] == [ActivityStatus.LATE]
    before = season.reviews.review("KH-2021", on=moment("2021-04-02"))
    assert [s.status for s in before.standings] == [ActivityStatus.OVERDUE]
    assert before.support == {}


def test_a_conclusion_fixes_the_figures_and_says_when_they_have_changed(season):
    season.move("2021-12-20 08:00")
    review, written = season.reviews.conclude("KH-2021", actor="officer-VS")
    data = written.line.entry.data
    assert data["digest"] == review.digest
    assert data["figures"]["stars"] == {"3": 1, "4": 2}
    season.move("2021-12-28 08:00")
    season.act("P1-06", Event.REGISTER)
    later = season.reviews.review("KH-2021")
    assert later.digest != review.digest, "what came after counts today"
    assert season.reviews.recounted(later) is True, "and is no part of what was concluded"
    with pytest.raises(PayloadInvalid):
        season.reviews.conclude("KH-2021", actor="officer-VS")
    _, again = season.reviews.conclude("KH-2021", actor="authority-VS", reason="Bổ sung hồ sơ cuối năm")
    assert again.line.entry.corrects == written.seq
    assert list(drifts(season.store)) == []
    assert verify_log(season.store, deep=True).ok


def test_a_conclusion_that_no_longer_agrees_is_told(season):
    season.move("2021-12-20 08:00")
    season.reviews.conclude("KH-2021", actor="officer-VS")
    (row,) = season.store.producers(["P1"])
    moved = type(row)(code=row.code, name=row.name, kind=ProducerKind.HOUSEHOLD, unit=row.unit)
    season.store.save_registry(producers=[moved])
    assert season.reviews.recounted(season.reviews.review("KH-2021")) is False


def test_only_the_issuer_concludes_and_only_what_is_published(season):
    season.move("2021-12-20 08:00")
    for by in ("officer-H1", "officer-VT", "secretary-VS"):
        with pytest.raises(NotAllowed):
            season.reviews.conclude("KH-2021", actor=by)
    season.plans.import_plan(plan_file("KH-2022", 2022, [("training", 0, "năm 2022")]), actor="officer-VS", unit="VS")
    with pytest.raises(EventRefused):
        season.reviews.conclude("KH-2022", actor="officer-VS")
    dry = season.reviews.conclude("KH-2021", actor="officer-VS", dry_run=True)[1]
    assert dry.seq is None
    assert season.reviews.review("KH-2021").concluded is None


def test_an_act_typed_from_paper_counts_by_the_day_of_the_act(season):
    case = season.at_province("P1-07", 80, at="2021-09-20 08:00")
    season.act(case, Event.CONCLUDE, mean=80, at="2021-10-20 08:00")
    season.move("2022-01-04 08:00")
    early = season.clock.now()
    season.act(case, Event.CERTIFY, at="2022-01-04 09:00", acted_on="2021-12-30 15:00", decision_date="2021-12-30")
    season.move("2022-01-05 08:00")
    year_end = moment("2022-01-01")
    assert season.reviews.review("KH-2021", on=year_end).stars == {3: 1, 4: 3}
    assert season.reviews.review("KH-2021", on=year_end, known=early).stars == {3: 1, 4: 2}
    assert season.clock.now() - early > timedelta(hours=1)
