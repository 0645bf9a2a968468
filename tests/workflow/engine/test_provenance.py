"""Vì sao là ngày này? The date that rules, those that gave way, why, and who entered each."""

import pytest

from states.errors import EventRefused, NotFound, PayloadInvalid, UnknownName
from states.refusal import Code
from tests.support.world import LAW_OF_2026, TWO_ROUNDS, World, moment, plan_file
from tests.workflow.engine.test_transaction import dump
from workflow.audit import drifts
from workflow.provenance import Dated, Provenance, Why, as_json
from workflow.roundbook import Standing

IN_JUNE = "2021-06-01 09:00"
OFFICER = "officer-VS"
OWN = [("commune_to_province", 2, "trước ngày 15/11/2026"), ("province_eval", 2, "trước ngày 20/12/2026")]


def why(world: World, case: str, stage: str) -> Why:
    return next(w for w in Provenance(world.store).why(case) if w.stage == stage)


def told(dated: Dated) -> tuple[str, Standing, str | None]:
    actor = dated.entered.entry.actor if dated.entered else None
    return dated.phrase, dated.standing, actor.id if actor else None


def test_of_two_plans_the_later_published_rules_and_both_are_shown(world: World):
    case = world.filed(at=IN_JUNE)
    later = [(stage, number, phrase.replace("10/7/2021", "20/7/2021")) for stage, number, phrase in TWO_ROUNDS]
    world.publish(plan_file("LATER", 2021, later))
    found = why(world, case, "district_eval")
    assert told(found.ruling) == ("trước ngày 20/7/2021", Standing.LATER_PLAN, OFFICER)
    assert [told(other) for other in found.others] == [("trước ngày 10/7/2021", Standing.EARLIER_PLAN, OFFICER)]
    assert (found.ruling.reading, found.ruling.source, found.round) == ("strict", "LATER/KH-UBND, mốc 1", "VS-2021-1")


def test_of_two_lines_the_narrower_rules(bare: World):
    bare.publish(plan_file("KH", 2021, [*TWO_ROUNDS, ("province_eval", 1, "trước ngày 25/7/2021")]))
    found = why(bare, bare.at_province(at=IN_JUNE), "province_eval")
    assert told(found.ruling)[:2] == ("trước ngày 25/7/2021", Standing.NARROWER)
    assert [told(other)[:2] for other in found.others] == [("trước ngày 30/7/2021", Standing.WIDER)]


def test_a_re_dated_stage_tells_the_paper_its_reading_and_the_old_date(world: World):
    case = world.at_province(at=IN_JUNE)
    world.rounds.redate(
        "VS-2021-1", "province_eval", "trước ngày 15/8/2021", "15/TB", "2021-06-01", "hoãn họp", "authority-TW", reading="lenient"
    )
    found = why(world, case, "province_eval")
    assert told(found.ruling) == ("trước ngày 15/8/2021", Standing.NEW_DATE, "authority-TW")
    assert (found.ruling.reading, found.ruling.cutoff) == ("lenient", moment("2021-08-16 00:00"))
    assert [told(other) for other in found.others] == [("trước ngày 30/7/2021", Standing.REDATED, OFFICER)]


def test_a_date_that_stands_alone_says_so(world: World):
    found = why(world, world.filed(at=IN_JUNE), "district_eval")
    assert (found.ruling.standing, found.others, found.missed) == (Standing.ALONE, (), False)


def test_the_missed_date_of_a_deferred_case_is_explained(world: World):
    case = world.filed(at=IN_JUNE)
    world.sweep("2021-07-10 01:00")
    (found,) = Provenance(world.store).why(case)
    assert (found.missed, told(found.ruling)[0]) == (True, "trước ngày 10/7/2021")
    world.act(case, "reenter", by=OFFICER)
    assert not any(w.missed for w in Provenance(world.store).why(case))


def test_a_case_that_was_let_in_late_shows_its_own_date_and_the_one_that_it_missed(world: World):
    case = world.filed(at=IN_JUNE)
    world.sweep("2021-07-10 01:00")
    world.act(case, "admit_late", by="authority-VS", until="2021-07-14", at="2021-07-12 08:00")
    found = why(world, case, "district_eval")
    assert told(found.ruling) == ("đến hết ngày 14/07/2021", Standing.LATE_DOOR, "authority-VS")
    assert [told(other)[:2] for other in found.others] == [("trước ngày 10/7/2021", Standing.MISSED)]


def test_a_deadline_of_the_plan_as_a_whole_is_explained_too(bare: World):
    bare.publish(plan_file("KH", 2021, [("idea_selection", 0, "trước ngày 20/4/2021"), *TWO_ROUNDS]))
    found = why(bare, bare.registered(at="2021-03-01 08:00"), "idea_selection")
    assert (told(found.ruling), found.round) == (("trước ngày 20/4/2021", Standing.ALONE, OFFICER), None)


def test_a_term_that_counts_days_tells_every_shift(world26: World):
    case = world26.filed(at="2026-06-01 08:00")
    found = why(world26, case, "commune_check")
    assert (found.ruling.standing, found.ruling.reading, found.others) == (Standing.BY_LAW, None, ())
    assert found.ruling.calendar
    world26.act(case, "extend", days=5, by="officer-N1")
    world26.act(case, "suspend", by="officer-N1", at="2026-06-08 08:00")
    assert all(w.stage != "commune_check" for w in Provenance(world26.store).why(case)), "nothing runs while it is suspended"
    world26.act(case, "resume", by="officer-N1", at="2026-06-10 08:00")
    found = why(world26, case, "commune_check")
    assert (found.ruling.standing, told(found.ruling)[2]) == (Standing.SHIFTED, "officer-N1")
    assert [other.standing for other in found.others] == [Standing.BEFORE_EXTENSION, Standing.BEFORE_SUSPENSION]
    dates = [other.cutoff for other in found.others] + [found.ruling.cutoff]
    assert dates == sorted(dates, key=str)


def test_an_explanation_as_plain_values_names_who_and_when(world: World):
    case = world.filed(at=IN_JUNE)
    plain = as_json(why(world, case, "district_eval"))
    assert plain["ruling"]["entered"]["actor"] == OFFICER
    assert plain["ruling"]["entered"]["name"] == "Tên Riêng officer-VS"
    assert plain["ruling"]["standing"] == "alone"
    with pytest.raises(NotFound):
        Provenance(world.store).why("VS-1999-1")


# The national term.


def of_2026(world: World, deadlines: list[tuple[str, int, str]] = OWN, **exceptions: str) -> str:
    world.move("2026-05-22 08:00")
    world.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")
    plan = world.plans.import_plan(plan_file("KH-2026", 2026, deadlines), actor=OFFICER, unit="VS")
    world.plans.publish(plan.code, actor=OFFICER, exceptions=exceptions)
    return world.filed(at="2026-06-02 08:00")


def test_a_later_date_of_the_province_is_flagged_and_the_national_term_rules(bare: World):
    found = why(bare, of_2026(bare), "commune_to_province")
    assert (found.ruling.standing, found.ruling.cutoff) == (Standing.NATIONAL_TERM, moment("2026-10-30 00:00"))
    (late,) = found.others
    assert (late.standing, "outlasts-national-term" in late.flags) == (Standing.OUTLASTS_NATIONAL, True)


def test_an_earlier_date_of_the_province_rules(bare: World):
    case = of_2026(bare, [("commune_to_province", 2, "trước ngày 20/10/2026"), ("province_eval", 2, "trước ngày 20/12/2026")])
    found = why(bare, case, "commune_to_province")
    assert (found.ruling.standing, found.ruling.phrase) == (Standing.NARROWER, "trước ngày 20/10/2026")


def test_with_the_number_of_a_written_exception_the_later_date_rules(bare: World):
    case = of_2026(bare, commune_to_province="88/BNN-VPĐP")
    found = why(bare, case, "commune_to_province")
    assert (found.ruling.standing, found.ruling.cutoff) == (Standing.EXCEPTION, moment("2026-11-15 00:00"))
    assert found.ruling.source.endswith("ngoại lệ theo 88/BNN-VPĐP")
    assert [other.standing for other in found.others] == [Standing.EXCEPTED]
    assert bare.running(case)["commune_to_province"].due_at == moment("2026-11-15 00:00")
    entry = next(e for e in bare.history("KH-2026") if e.event == "publish")
    assert entry.data["exceptions"] == {"commune_to_province": "88/BNN-VPĐP"}
    assert why(bare, case, "province_eval").ruling.standing is Standing.NARROWER, "only the named stage is excepted"
    assert list(drifts(bare.store)) == []


@pytest.mark.parametrize(
    ("exceptions", "error"),
    [
        ({"province_eval": "88/BNN"}, EventRefused),
        ({"district_eval": "88/BNN"}, UnknownName),
        ({"commune_to_province": "đã gọi điện"}, PayloadInvalid),
    ],
)
def test_an_exception_that_is_none_is_refused_and_changes_nothing(bare: World, exceptions: dict[str, str], error: type[Exception]):
    bare.move("2026-05-22 08:00")
    bare.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")
    plan = bare.plans.import_plan(plan_file("KH-2026", 2026, OWN), actor=OFFICER, unit="VS")
    before = dump(bare)
    with pytest.raises(error) as refusal:
        bare.plans.publish(plan.code, actor=OFFICER, exceptions=exceptions)
    if isinstance(refusal.value, EventRefused):
        assert [r.code for r in refusal.value.reasons] == [Code.EXCEPTION_UNNEEDED]
    assert dump(bare) == before
