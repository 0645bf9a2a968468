"""What the history says of an act, what it never says, and that it gives the stored rows again."""

import hashlib
import json
from dataclasses import replace

import pytest

from states.case import case_chart
from states.errors import EventRefused, NotAllowed
from states.vocabulary import CaseState
from tests.support.world import REASON, World, moment
from workflow.audit import drifts, verify_log
from workflow.ledger.findings import Fault
from workflow.timeline import timeline

S = CaseState
IN_JUNE = "2021-06-01 09:00"
RULES_OF_2019 = "QĐ 1048/QĐ-TTg (2019), sửa đổi bởi QĐ 781/QĐ-TTg (2020), quy trình đánh giá, phân hạng"


def test_an_entry_names_clause_chart_duty_and_the_three_times(world: World):
    case = world.filed(at=IN_JUNE)
    world.move("2021-06-02 08:00")
    world.act(case, "conclude", mean="161/2", at="2021-06-01 17:00")
    entry = world.history(case)[-1]
    assert (entry.clause, entry.chart, entry.regime) == (RULES_OF_2019, case_chart("qd1048-2019").digest(), "qd1048-2019")
    assert (entry.duty, entry.from_, entry.to, entry.attempt) == ("scores", S.DISTRICT_EVALUATION, S.DISTRICT_EVALUATION, 1)
    assert entry.actor is not None
    assert (entry.actor.function, entry.actor.level, entry.actor.unit) == ("chair", "district", "H1")
    assert (entry.effective_at, entry.received_at) == (moment("2021-06-01 17:00"),) * 2
    assert entry.recorded_at == moment("2021-06-02 08:00")
    assert entry.result == {"level": "district", "mean": "161/2", "stars": 4, "missed": [], "on": "2021-06-01"}
    assert entry.data["minutes_no"] == "2/BB"


def test_every_act_of_a_person_has_clause_chart_and_duty(world: World):
    case = world.certified(at=IN_JUNE)
    world.act(case, "publish")
    for entry in world.history(case):
        assert entry.clause
        assert entry.chart
        assert entry.duty in {"prepares", "handles", "scores", "decides"}
        assert entry.log == "ocop/test"


def test_the_way_in_is_kept(world: World):
    command = replace(world.command("P1-01", "register"), via="cli")
    assert world.history(world.engine.perform(command).case)[-1].data["via"] == "cli"


def busy(world: World) -> list[str]:
    """Names, reasons, remarks and descriptions, typed and copied, on every kind of subject."""
    case = world.filed(at=IN_JUNE)
    for event in ("return_for_completion", "complete"):
        world.act(case, event)
    with pytest.raises(NotAllowed):
        world.act(case, "conclude", by="producer-P1", mean=70)
    with pytest.raises(EventRefused):
        world.act(case, "forward")
    world.act(case, "conclude", mean=75, minutes_signer="Hoàng Văn Chủ")
    world.act(case, "forward")
    world.act(case, "conclude", mean=75)
    world.act(case, "certify", decision_signer="Vũ Thị Quyết")
    world.act(case, "publish")
    other = world.filed("P1-02")
    world.act(other, "withdraw")
    late = world.filed("P1-03")
    world.appoint("chair-H1", "chair", "district", "H1", until="2021-01-01")
    world.act(late, "conclude", by="officer-H1", behalf="chair@district", mean=60)
    world.act(late, "defer")
    return [case, other, late]


def test_no_name_and_no_free_text_stands_in_any_hashed_text(world: World):
    busy(world)
    registry = world.store.registry()
    texts = [
        *(p.name for p in registry.people),
        *(p.name for p in world.store.products()),
        *(p.name for p in world.store.producers()),
        *(u.name for u in registry.units),
        REASON,
        "Mật ong của nhà họ Phan",
        "Nuôi thêm đàn ong",
        "Thiếu dấu của ông Đỗ",
        "Hoàng Văn Chủ",
        "Vũ Thị Quyết",
        "Lê Thị Biên",
        "Trần Văn Ký",
    ]
    bodies = [(e.subject, e.seq, json.dumps(json.loads(e.body), ensure_ascii=False)) for e in world.store.entries()]
    assert len(bodies) > 30
    found = [(subject, seq, text) for subject, seq, body in bodies for text in texts if text in body]
    assert found == []
    openings = "".join(json.dumps(json.loads(e.opening), ensure_ascii=False) for e in world.store.entries() if e.opening)
    missing = [t for t in (REASON, "Hoàng Văn Chủ", "Vũ Thị Quyết", "Thiếu dấu của ông Đỗ", "Mật ong của nhà họ Phan") if t not in openings]
    assert missing == [], "they are kept, behind commitments"


def test_names_are_read_again_as_they_were(world: World):
    case = world.filed(at=IN_JUNE)
    product = world.store.product("P1-01")
    assert product is not None
    old = product.name
    world.store.save_registry(products=[replace(product, name="Tên mới")])
    first = next(iter(timeline(world.store, case)))
    assert (first.text("product.name"), first.text("actor.name")) == (old, "Tên Riêng producer-P1")
    assert first.text("actor.unit") == "Xã Suối Mơ"


def test_a_line_written_down_later_than_it_counts_is_marked(world: World):
    case = world.filed(at=IN_JUNE)
    world.sweep("2021-07-11 08:00")
    lines = list(timeline(world.store, case))
    assert [line.late_by_hand for line in lines[-2:]] == [False, True]


def test_what_is_stored_is_what_the_histories_give(world: World):
    busy(world)
    world.sweep("2021-12-31 08:00")
    world.rounds.close("VS-2021-1", actor="officer-VS")
    assert list(drifts(world.store)) == []
    verdict = verify_log(world.store, deep=True)
    assert (verdict.ok, verdict.log_size) == (True, verdict.entries)


# Tampering. Who owns the tables can do anything; it has to show.

BAD_BODY = "UPDATE history SET body=replace(body,'\"stars\":4','\"stars\":5') WHERE subject='{case}' AND seq=5"


@pytest.fixture
def tamper(world: World, owner):
    """Runs statements as the owner of the tables would, past the triggers."""
    case = world.at_province(at=IN_JUNE)
    verify_log(world.store)

    def run(*statements: str) -> str:
        if world.store.dialect == "sqlite":
            names = [row[0] for row in owner("SELECT name FROM sqlite_master WHERE type='trigger'")]
            for statement in (*(f"DROP TRIGGER {name}" for name in names), "PRAGMA foreign_keys=OFF"):
                owner(statement)
        else:
            for table in ("history", "log_leaf"):
                owner(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for table, key in owner("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype='f'"):
                owner(f"ALTER TABLE {table} DROP CONSTRAINT {key}")
        for statement in statements:
            owner(statement.format(case=case))
        return case

    return run


def test_an_untouched_log_is_sound(world: World, tamper):
    tamper()
    assert verify_log(world.store, deep=True).ok


def test_an_edited_text_is_named(world: World, tamper):
    case = tamper(BAD_BODY)
    bad = verify_log(world.store).first_bad
    assert bad is not None
    assert (bad.subject, bad.seq, bad.code) == (case, 5, Fault.LEAF_HASH_DIFFERS)


def test_a_text_edited_together_with_its_hash_breaks_the_chain_or_the_log(world: World, tamper):
    case = "VS-2021-0001"
    entry = world.store.entry(case, 5)
    assert entry is not None
    forged = entry.body.replace('"stars":4', '"stars":5')
    assert forged != entry.body
    leaf = hashlib.sha256(b"\0" + forged.encode()).hexdigest()
    literal = f"x'{leaf}'" if world.store.dialect == "sqlite" else f"decode('{leaf}','hex')"
    tamper(BAD_BODY, f"UPDATE history SET leaf_hash={literal} WHERE subject='{case}' AND seq=5")  # noqa: S608
    verdict = verify_log(world.store)
    assert verdict.first_bad is not None
    assert (verdict.first_bad.subject, verdict.first_bad.seq) in {(case, 5), (case, 6)}
    assert {f.code for f in verdict.findings} >= {Fault.PREV_DIFFERS, Fault.LOG_ENTRY_DIFFERS}


def test_a_deleted_entry_is_named(world: World, tamper):
    case = tamper("DELETE FROM log_leaf WHERE subject='{case}' AND seq=3", "DELETE FROM history WHERE subject='{case}' AND seq=3")
    bad = verify_log(world.store).first_bad
    assert bad is not None
    assert (bad.subject, bad.seq, bad.code) == (case, 3, Fault.GAP)


def test_a_deleted_last_entry_is_named(world: World, tamper):
    case = tamper("DELETE FROM log_leaf WHERE subject='{case}' AND seq=6", "DELETE FROM history WHERE subject='{case}' AND seq=6")
    verdict = verify_log(world.store)
    assert verdict.first_bad is not None
    assert verdict.first_bad.subject == case
    assert Fault.HEAD_DIFFERS in {f.code for f in verdict.findings}


def test_exchanged_entries_are_named(world: World, tamper):
    case = tamper(
        "UPDATE history SET seq=90 WHERE subject='{case}' AND seq=2",
        "UPDATE history SET seq=2 WHERE subject='{case}' AND seq=3",
        "UPDATE history SET seq=3 WHERE subject='{case}' AND seq=90",
    )
    bad = verify_log(world.store).first_bad
    assert bad is not None
    assert (bad.subject, bad.seq) == (case, 2)


def test_an_opening_that_was_changed_is_named(world: World, tamper):
    case = tamper("UPDATE history SET opening=replace(opening,'Mật ong','Mật mía') WHERE subject='{case}' AND seq=1")
    bad = verify_log(world.store).first_bad
    assert bad is not None
    assert (bad.subject, bad.seq, bad.code) == (case, 1, Fault.OPENING_DIFFERS)


@pytest.mark.parametrize(
    ("statement", "fields"),
    [
        ("UPDATE case_file SET state='certified' WHERE code='{case}'", ("state",)),
        ("UPDATE case_file SET attempt=7, version=99 WHERE code='{case}'", ("attempt", "version")),
        ("UPDATE case_file SET memo='{{}}' WHERE code='{case}'", ("memo",)),
        ("UPDATE term SET due_at=due_at+86400000000 WHERE case_code='{case}' AND status='running'", ("terms",)),
        ("DELETE FROM term WHERE case_code='{case}'", ("terms",)),
    ],
)
def test_a_changed_row_is_not_what_its_history_gives(world: World, tamper, statement: str, fields: tuple[str, ...]):
    case = tamper(statement)
    assert [(d.subject, d.fields) for d in drifts(world.store)] == [(case, fields)]


def test_a_case_without_a_history_is_not_believed(world: World, tamper):
    case = tamper("DELETE FROM log_leaf WHERE subject='{case}'", "DELETE FROM history WHERE subject='{case}'")
    assert [(d.subject, d.fields) for d in drifts(world.store)] == [(case, ("history",))]
    assert not verify_log(world.store).ok


def test_the_database_itself_refuses_to_rewrite_the_history(world: World, owner):
    world.filed(at=IN_JUNE)
    with pytest.raises(Exception, match="append-only"):
        owner("DELETE FROM history")
    with pytest.raises(Exception, match="append-only"):
        owner("UPDATE history SET event='select'")
