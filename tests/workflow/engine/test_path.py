"""A product's way through the cycle, on the real database."""

import pytest

from states.errors import EventRefused, PayloadInvalid
from states.refusal import Code
from states.vocabulary import CaseState, CertificateState, Effect, Level
from tests.support.world import TWO_ROUNDS, World, plan_file, world_at
from workflow.certificates import certificate_code

S = CaseState
IN_JUNE = "2021-06-01 09:00"
FIVE_STARS = 93


def reasons(refused: pytest.ExceptionInfo[EventRefused]) -> list[Code]:
    return [reason.code for reason in refused.value.reasons]


def at_centre(world: World, product: str = "P1-01", at: str = IN_JUNE, mean: int = FIVE_STARS) -> str:
    case = world.at_province(product, mean, at)
    world.act(case, "conclude", mean=mean, at=at)
    world.act(case, "nominate", at=at)
    return case


# Decision 1048/2019: district, province, centre.


def test_a_product_goes_from_idea_to_certificate_under_the_decision_of_2019(world: World):
    case = world.certified(mean="161/2", at=IN_JUNE)
    row = world.case(case)
    assert world.events(case) == ["register", "select", "submit_plan", "file", "conclude", "forward", "conclude", "certify"]
    assert (row.state, row.regime, row.pinned, row.round, row.attempt) == (S.CERTIFIED, "qd1048-2019", True, "VS-2021-1", 1)
    assert row.memo["results"] == {
        level: {"mean": "161/2", "stars": 4, "missed": [], "on": "2021-06-01"} for level in ("district", "province")
    }
    assert world.running(case) == {}


def test_the_certificate_is_valid_to_the_corresponding_day_after_36_months(world: World):
    case = world.certified(at="2021-06-30 09:00")
    certificate = world.store.load_certificate(certificate_code(case))
    assert certificate is not None
    assert (certificate.decided_on, certificate.last_valid_day) == ("2021-06-30", "2024-06-30")
    assert (certificate.stars, certificate.level, certificate.case, certificate.product) == (4, Level.PROVINCE, case, "P1-01")
    assert (certificate.state, certificate.replaced_by) == (CertificateState.IN_FORCE, None)


def test_the_last_valid_day_follows_the_decision_and_not_the_day_it_was_entered(world: World):
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean=75, at="2021-06-28 08:00", minutes_date="2021-06-09", report_date="2021-06-08")
    world.act(case, "certify", at="2021-06-28 09:00", decision_date="2021-06-10")
    certificate = world.store.load_certificate(certificate_code(case))
    assert certificate is not None
    assert certificate.last_valid_day == "2024-06-10"


def test_a_decision_is_not_older_than_the_result_that_it_rests_on(world: World):
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean=75, at="2021-06-28 08:00")
    with pytest.raises(PayloadInvalid) as refused:
        world.act(case, "certify", decision_date="2021-06-27")
    assert [(p.pointer, p.code) for p in refused.value.problems] == [("/decision_date", "before_result")]


def test_a_decision_dated_tomorrow_is_not_believed(world: World):
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean=75)
    with pytest.raises(PayloadInvalid) as refused:
        world.act(case, "certify", decision_date="2021-06-02")
    assert [(p.pointer, p.code) for p in refused.value.problems] == [("/decision_date", "in_future")]
    assert world.state(case) is S.PROVINCIAL_EVALUATION


def test_a_product_that_misses_the_first_round_passes_through_the_second(world: World):
    case = world.filed(at=IN_JUNE)
    world.sweep("2021-07-10 00:01")
    assert (world.state(case), world.case(case).round) == (S.DEFERRED, "VS-2021-1")
    world.act(case, "reenter", by="officer-H1", at="2021-07-12 08:00")
    row = world.case(case)
    assert (row.state, row.round, row.attempt) == (S.DISTRICT_EVALUATION, "VS-2021-2", 2)
    assert {stage: t.due_at.isoformat() for stage, t in world.running(case).items()} == {
        "district_eval": "2021-10-09T17:00:00+00:00",
        "province_eval": "2021-10-29T17:00:00+00:00",
    }
    world.act(case, "conclude", mean=60, at="2021-10-09 16:00")
    world.act(case, "forward")
    world.act(case, "conclude", mean=60, at="2021-10-29 16:00")
    assert world.act(case, "certify", at="2021-12-01 08:00").state is S.CERTIFIED


def test_a_product_filed_after_the_first_cut_off_joins_the_second_round(world: World):
    assert world.case(world.filed(at="2021-07-10 00:00")).round == "VS-2021-2"
    assert world.case(world.filed("P1-02", at="2021-07-10 00:00")).round == "VS-2021-2"


def test_an_officer_may_name_a_later_round_but_not_one_that_is_past(world: World):
    first = world.registered(at=IN_JUNE)
    for event in ("select", "submit_plan"):
        world.act(first, event)
    with pytest.raises(PayloadInvalid) as refused:
        world.act(first, "file", round="VS-2020-1")
    assert [p.code for p in refused.value.problems] == ["round_not_joinable"]
    world.act(first, "file", round="VS-2021-2")
    assert world.case(first).round == "VS-2021-2"


def test_filing_without_any_open_round_is_refused(world: World):
    case = world.registered(at="2021-11-01 08:00")
    for event in ("select", "submit_plan"):
        world.act(case, event)
    with pytest.raises(EventRefused) as refused:
        world.act(case, "file")
    assert reasons(refused) == [Code.NO_OPEN_ROUND]


def test_below_the_districts_threshold_nothing_is_forwarded(world: World):
    case = world.filed(at=IN_JUNE)
    world.act(case, "conclude", mean="49.9999999999")
    with pytest.raises(EventRefused) as refused:
        world.act(case, "forward")
    assert reasons(refused) == [Code.BELOW_THRESHOLD]
    assert world.act(case, "close_unranked").state is S.NOT_RANKED


def test_a_result_stands_until_a_new_decision(world: World):
    case = world.filed(at=IN_JUNE)
    world.act(case, "conclude", mean=60)
    with pytest.raises(EventRefused) as refused:
        world.act(case, "conclude", mean=70)
    assert reasons(refused) == [Code.ALREADY_CONCLUDED]


def test_typed_stars_that_contradict_the_mean_are_refused(world: World):
    case = world.filed(at=IN_JUNE)
    with pytest.raises(PayloadInvalid) as refused:
        world.act(case, "conclude", mean="89.5", stars=5)
    assert [p.code for p in refused.value.problems] == ["stars_differ"]
    assert world.act(case, "conclude", mean="89.5", stars=4).event == "conclude"


def test_a_declined_idea_comes_back_as_an_idea(world: World):
    case = world.registered(at=IN_JUNE)
    world.act(case, "decline")
    assert world.state(case) is S.NOT_SELECTED
    world.act(case, "reenter", by="officer-H1")
    assert world.state(case) is S.IDEA_REGISTERED


def test_a_recognition_is_published_once(world: World):
    case = world.certified(at=IN_JUNE)
    world.act(case, "publish", at="2021-07-01 08:00")
    assert world.case(case).memo["published"] == "2021-07-01"
    with pytest.raises(EventRefused) as refused:
        world.act(case, "publish", at="2021-07-02 08:00")
    assert reasons(refused) == [Code.ALREADY_PUBLISHED]


def test_a_producer_withdraws_a_running_case_and_may_then_register_again(world: World):
    case = world.filed(at=IN_JUNE)
    with pytest.raises(EventRefused) as refused:
        world.registered("P1-01")
    assert reasons(refused) == [Code.RUNNING_CASE]
    assert world.act(case, "withdraw", by="producer-P1").state is S.WITHDRAWN
    assert world.running(case) == {}
    assert world.registered("P1-01") != case


def test_nothing_follows_a_withdrawal(world: World):
    case = world.filed(at=IN_JUNE)
    world.act(case, "withdraw")
    for event in ("conclude", "withdraw", "reenter", "defer", "publish"):
        with pytest.raises(EventRefused) as refused:
            world.act(case, event, mean=70 if event == "conclude" else None)
        assert reasons(refused) == [Code.WRONG_STATE], event


# Elimination, completion, deferral.


def test_elimination_and_a_new_attempt_void_the_results(world: World):
    case = world.at_province(mean=75, at=IN_JUNE)
    world.act(case, "eliminate")
    assert (world.state(case), world.running(case)) == (S.ELIMINATED, {})
    world.act(case, "reenter", by="officer-VS")
    row = world.case(case)
    assert (row.state, row.attempt, row.memo["results"], row.pinned, row.round) == (S.BUSINESS_PLAN, 2, {}, False, None)
    assert row.memo["hands"] == {"officer-VS": ["handles"]}
    assert world.act(case, "file").state is S.DISTRICT_EVALUATION


def test_an_unranked_product_begins_again_with_its_business_plan(world: World):
    case = world.at_province(mean=75, at=IN_JUNE)
    world.act(case, "conclude", mean=49)
    with pytest.raises(EventRefused) as refused:
        world.act(case, "certify")
    assert reasons(refused) == [Code.BELOW_THREE_STARS]
    world.act(case, "close_unranked")
    world.act(case, "reenter", by="officer-VS")
    assert (world.state(case), world.case(case).attempt, world.case(case).memo["results"]) == (S.BUSINESS_PLAN, 2, {})


@pytest.mark.parametrize(("build", "home"), [("filed", S.DISTRICT_EVALUATION), ("at_province", S.PROVINCIAL_EVALUATION)])
def test_a_completed_file_goes_back_to_the_level_that_returned_it(world: World, build: str, home: CaseState):
    case = getattr(world, build)(at=IN_JUNE)
    before = world.running(case)
    world.act(case, "return_for_completion")
    assert (world.state(case), world.case(case).origin) == (S.RETURNED, home)
    assert world.running(case) == before
    assert world.act(case, "complete").state is home
    assert world.case(case).origin is None
    assert world.running(case) == before


def test_a_returned_case_that_was_deferred_comes_back_as_returned(world: World):
    case = world.filed(at=IN_JUNE)
    world.act(case, "return_for_completion")
    world.sweep("2021-07-10 00:01")
    row = world.case(case)
    assert (row.state, row.left, row.origin) == (S.DEFERRED, S.RETURNED, S.DISTRICT_EVALUATION)
    world.act(case, "reenter", by="officer-H1", at="2021-07-12 08:00")
    row = world.case(case)
    assert (row.state, row.left, row.origin, row.round) == (S.RETURNED, None, S.DISTRICT_EVALUATION, "VS-2021-2")
    assert set(world.running(case)) == {"district_eval", "province_eval"}
    assert world.act(case, "complete").state is S.DISTRICT_EVALUATION


def test_a_case_put_off_by_the_office_comes_back_to_what_it_left(world: World):
    case = world.filed(at=IN_JUNE)
    world.act(case, "defer")
    assert (world.state(case), world.running(case)) == (S.DEFERRED, {})
    world.act(case, "reenter", by="officer-H1")
    assert (world.state(case), world.case(case).round) == (S.DISTRICT_EVALUATION, "VS-2021-1")


def test_a_case_put_off_with_its_result_needs_no_round_to_come_back(world: World):
    """Nothing of a round lies before it any more: it waits for its decision alone."""
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean=75)
    world.act(case, "defer")
    world.act(case, "reenter", by="officer-VS", at="2021-12-01 08:00")
    assert (world.state(case), world.case(case).round) == (S.PROVINCIAL_EVALUATION, "VS-2021-1")
    assert world.act(case, "certify").state is S.CERTIFIED


# The centre.


def test_five_stars_are_recognised_by_the_centre(world: World):
    case = world.at_province(mean=FIVE_STARS, at=IN_JUNE)
    world.act(case, "conclude", mean=FIVE_STARS)
    with pytest.raises(EventRefused) as refused:
        world.act(case, "certify")
    assert reasons(refused) == [Code.NOT_RECOGNISED_HERE]
    world.act(case, "nominate")
    world.act(case, "conclude", mean=91, at="2021-09-01 08:00")
    world.act(case, "certify")
    certificate = world.store.load_certificate(certificate_code(case))
    assert certificate is not None
    assert (certificate.stars, certificate.level) == (5, Level.CENTRE)


def test_below_ninety_points_nothing_is_nominated(world: World):
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean="89.99")
    with pytest.raises(EventRefused) as refused:
        world.act(case, "nominate")
    assert reasons(refused) == [Code.BELOW_THRESHOLD]


def test_the_province_recognises_what_the_centre_ranked_lower(world: World):
    case = at_centre(world)
    with pytest.raises(EventRefused) as refused:
        world.act(case, "fall_back")
    assert reasons(refused) == [Code.RESULT_MISSING]
    world.act(case, "conclude", mean=72, at="2021-09-01 08:00")
    assert world.act(case, "fall_back").state is S.CERTIFIED
    certificate = world.store.load_certificate(certificate_code(case))
    assert certificate is not None
    assert (certificate.stars, certificate.level) == (4, Level.PROVINCE)


def test_an_evaluation_anew_voids_the_later_results_and_joins_the_next_provincial_round(world: World):
    case = at_centre(world)
    world.act(case, "conclude", mean=72, at="2021-08-01 08:00")
    world.act(case, "reevaluate", at="2021-08-02 08:00")
    row = world.case(case)
    assert (row.state, row.round, row.central_round) == (S.PROVINCIAL_EVALUATION, "VS-2021-2", None)
    assert set(row.memo["results"]) == {"district"}
    assert set(world.running(case)) == {"province_eval"}
    world.act(case, "conclude", mean=74)
    assert world.act(case, "certify").state is S.CERTIFIED


def test_a_product_put_off_at_the_centre_comes_back_to_the_centre(world26: World):
    case = world26.registered(at="2026-06-02 08:00")
    for event in ("file", "forward"):
        world26.act(case, event)
    world26.act(case, "conclude", mean=95)
    world26.act(case, "nominate")
    assert world26.case(case).central_round == "TW-2026-1"
    world26.act(case, "defer", by="officer-TW")
    world26.act(case, "reenter", by="officer-VS", at="2026-10-02 08:00")
    row = world26.case(case)
    assert (row.state, row.central_round, row.round) == (S.NATIONAL_NOMINATION, "TW-2026-2", "VS-2026-2")
    assert set(world26.running(case)) == {"national_eval"}


def test_a_product_put_off_at_the_centre_comes_back_where_the_centre_has_no_rounds(world: World):
    case = at_centre(world)
    world.act(case, "defer", by="officer-TW")
    world.act(case, "reenter", by="officer-VS")
    assert world.state(case) is S.NATIONAL_NOMINATION


# Upgrades.


def upgrade(world: World, first: str, mean: int, at: str) -> str:
    case = world.registered("P1-01", kind="upgrade", certificate=certificate_code(first), at=at)
    world.act(case, "file")
    world.act(case, "conclude", mean=mean)
    world.act(case, "forward")
    world.act(case, "conclude", mean=mean)
    return case


def test_an_upgrade_ends_the_earlier_case_and_certificate_in_one_transaction(world: World):
    first = world.certified(mean=60, at=IN_JUNE)
    second = upgrade(world, first, 80, "2021-07-01 08:00")
    assert world.state(first) is S.CERTIFIED
    receipt = world.act(second, "certify", at="2021-09-01 08:00")
    old, new = (world.store.load_certificate(certificate_code(case)) for case in (first, second))
    assert old is not None
    assert new is not None
    assert (world.state(first), world.state(second)) == (S.UPGRADED, S.CERTIFIED)
    assert (old.state, old.replaced_by, new.state) == (CertificateState.UPGRADED, new.code, CertificateState.IN_FORCE)
    last = world.history(first)[-1]
    assert (last.event, last.effective_at, last.command) == ("upgrade", receipt.effective_at, f"upgrade:{second}")


def test_an_upgrade_judged_not_higher_keeps_the_rank(world: World):
    first = world.certified(mean=80, at=IN_JUNE)
    second = upgrade(world, first, 75, "2021-07-01 08:00")
    with pytest.raises(EventRefused) as refused:
        world.act(second, "certify")
    assert reasons(refused) == [Code.NOT_HIGHER]
    assert world.act(second, "keep_rank").state is S.UNCHANGED
    old = world.store.load_certificate(certificate_code(first))
    assert old is not None
    assert (old.state, world.state(first)) == (CertificateState.IN_FORCE, S.CERTIFIED)


def test_only_an_upgrade_keeps_a_rank(world: World):
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean=75)
    with pytest.raises(EventRefused) as refused:
        world.act(case, "keep_rank")
    assert reasons(refused) == [Code.NOT_AN_UPGRADE]


def test_an_upgrade_needs_the_products_own_certificate_in_force(world: World):
    with pytest.raises(EventRefused) as refused:
        world.registered("P1-01", kind="upgrade", at=IN_JUNE)
    assert reasons(refused) == [Code.CERTIFICATE_MISSING]
    first = world.certified("P1-02", at=IN_JUNE)
    with pytest.raises(PayloadInvalid) as invalid:
        world.registered("P1-01", kind="upgrade", certificate=certificate_code(first))
    assert [p.code for p in invalid.value.problems] == ["certificate_of_other"]


def test_the_last_valid_day_counts_in_full_and_the_next_one_no_more(world: World):
    first = world.certified(at=IN_JUNE)
    code = certificate_code(first)
    world.move("2024-06-02 00:00")
    with pytest.raises(EventRefused) as refused:
        world.registered(kind="upgrade", certificate=code, at="2024-06-02 00:00")
    assert reasons(refused) == [Code.CERTIFICATE_ENDED]
    assert world.state(world.registered(kind="upgrade", certificate=code, at="2024-06-01 23:59:59")) is S.BUSINESS_PLAN


# Decision 148/2023: the district recognises three stars.


PLAN_2023 = tuple((stage, number, phrase.replace("2021", "2023")) for stage, number, phrase in TWO_ROUNDS)


@pytest.fixture
def world148(database_url: str):
    with world_at(database_url, "2023-03-01 08:00", two_rounds=False) as built:
        built.publish(plan_file("KH-2023", 2023, PLAN_2023))
        yield built


def test_the_district_recognises_three_stars_under_the_decision_of_2023(world148: World):
    case = world148.filed(at="2023-06-01 08:00")
    world148.act(case, "conclude", mean=65)
    assert world148.act(case, "certify", by="authority-H1").state is S.CERTIFIED
    certificate = world148.store.load_certificate(certificate_code(case))
    assert certificate is not None
    assert (certificate.stars, certificate.level) == (3, Level.DISTRICT)


def test_three_stars_of_the_province_are_sent_down_and_recognised_there(world148: World):
    case = world148.at_province(mean=75, at="2023-06-01 08:00")
    world148.act(case, "conclude", mean=65)
    with pytest.raises(EventRefused) as refused:
        world148.act(case, "certify")
    assert reasons(refused) == [Code.NOT_RECOGNISED_HERE]
    assert world148.act(case, "send_down").state is S.DISTRICT_EVALUATION
    assert world148.running(case) == {}, "no new cut-off"
    world148.sweep("2023-12-01 08:00")
    assert world148.act(case, "certify", by="authority-H1").state is S.CERTIFIED


def test_four_stars_are_not_sent_down(world148: World):
    case = world148.at_province(mean=75, at="2023-06-01 08:00")
    world148.act(case, "conclude", mean=75)
    with pytest.raises(EventRefused) as refused:
        world148.act(case, "send_down")
    assert reasons(refused) == [Code.NOT_THREE_STARS]


def test_a_missed_floor_is_only_noted_before_2023(world: World):
    case = world.filed(at=IN_JUNE)
    assert world.act(case, "conclude", mean=75, floors_missed=["4"]).notes == ("floors_not_applied",)
    assert world.case(case).memo["results"]["district"] == {"mean": "75", "stars": 4, "missed": [4], "on": "2021-06-01"}


def test_a_missed_floor_lowers_the_rank_from_2023(world148: World):
    case = world148.filed(at="2023-06-01 08:00")
    assert world148.act(case, "conclude", mean=75, floors_missed=["4"]).notes == ("floor_missed",)
    assert world148.case(case).memo["results"]["district"] == {"mean": "75", "stars": 3, "missed": [4], "on": "2023-06-01"}


# Decision 26/2026: commune, province, centre, rounds of the law.


def test_a_product_goes_from_idea_to_certificate_under_the_decision_of_2026(world26: World):
    case = world26.filed(at="2026-06-02 08:00")
    row = world26.case(case)
    assert (row.state, row.round, row.regime) == (S.COMMUNE_CHECK, "VS-2026-2", "qd26-2026")
    assert {(stage, t.effect) for stage, t in world26.running(case).items()} == {
        ("commune_check", Effect.RECORD),
        ("commune_to_province", Effect.SORT),
        ("province_eval", Effect.RECORD),
    }
    world26.act(case, "forward", at="2026-06-10 08:00")
    world26.act(case, "accept")
    world26.act(case, "conclude", mean=83, at="2026-12-01 08:00")
    assert world26.act(case, "certify", at="2027-02-28 08:00").state is S.CERTIFIED
    certificate = world26.store.load_certificate(certificate_code(case))
    assert certificate is not None
    assert certificate.last_valid_day == "2030-02-28"


def test_the_commune_may_not_fail_a_dossier_but_asks_for_completion(world26: World):
    case = world26.filed(at="2026-06-02 08:00")
    for event in ("eliminate", "close_unranked", "conclude"):
        with pytest.raises(EventRefused) as refused:
            world26.act(case, event, by={"close_unranked": "officer-VS"}.get(event, "chair-VS"), mean=40 if event == "conclude" else None)
        assert reasons(refused) == [Code.WRONG_STATE]
    assert world26.act(case, "return_for_completion").state is S.RETURNED


def test_a_dossier_is_filed_straight_from_the_idea_where_the_law_has_no_selection(world26: World):
    case = world26.registered(at="2026-06-02 08:00")
    world26.act(case, "decline")
    assert world26.act(case, "file").state is S.COMMUNE_CHECK


def test_a_reassessment_joins_no_round_and_renews_the_certificate(world26: World):
    first = world26.certified(mean=75, at="2026-06-02 08:00")
    second = world26.registered("P1-01", kind="reassessment", certificate=certificate_code(first), at="2029-01-10 08:00")
    world26.act(second, "file")
    world26.act(second, "forward")
    assert world26.case(second).round is None
    world26.act(second, "accept", at="2029-01-15 08:00")
    assert {stage: t.due_at.isoformat() for stage, t in world26.running(second).items()} == {"re_evaluation": "2029-03-01T17:00:00+00:00"}
    world26.act(second, "conclude", mean=75, at="2029-02-01 08:00")
    world26.act(second, "certify")
    old, new = (world26.store.load_certificate(certificate_code(case)) for case in (first, second))
    assert old is not None
    assert new is not None
    assert (old.state, old.replaced_by, new.last_valid_day) == (CertificateState.SUPERSEDED, new.code, "2032-02-01")


def test_an_accepted_reassessment_that_is_completed_starts_its_45_days_again(world26: World):
    first = world26.certified(mean=75, at="2026-06-02 08:00")
    second = world26.registered("P1-01", kind="reassessment", certificate=certificate_code(first), at="2029-01-10 08:00")
    for event in ("file", "forward", "accept", "return_for_completion"):
        world26.act(second, event, at="2029-01-15 08:00")
    assert world26.running(second) == {}
    world26.act(second, "complete", at="2029-02-01 08:00")
    assert {stage: t.due_at.isoformat() for stage, t in world26.running(second).items()} == {
        "re_evaluation": "2029-03-19T17:00:00+00:00"
    }, "day 45 is a Sunday"


def test_a_dossier_is_taken_in_once_at_each_level_of_an_attempt(world: World):
    case = world.at_province(at="2021-06-01 10:00")
    world.act(case, "accept")
    with pytest.raises(EventRefused) as refused:
        world.act(case, "accept")
    assert reasons(refused) == [Code.ALREADY_ACCEPTED]
    world.act(case, "return_for_completion")
    world.act(case, "complete")
    with pytest.raises(EventRefused):
        world.act(case, "accept")
    world.act(case, "defer")
    world.act(case, "reenter", by="officer-VS")
    assert world.act(case, "accept").event == "accept", "a new attempt is taken in anew"
    world.act(case, "conclude", mean=95)
    world.act(case, "nominate")
    assert world.act(case, "accept").event == "accept", "another level"


def test_what_is_evaluated_anew_at_the_province_is_taken_in_anew(world: World):
    case = world.at_province(at="2021-06-01 10:00")
    for event, given in (("accept", {}), ("conclude", {"mean": 95}), ("nominate", {}), ("conclude", {"mean": 80}), ("reevaluate", {}), ("accept", {})):
        assert world.act(case, event, **given).event == event
