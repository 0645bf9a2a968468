"""Season files: every mistake is named with its place, and a broken file loads nothing."""

from pathlib import Path

import pytest

import workflow
from states.errors import CycleError
from states.vocabulary import CaseState, Event
from states.words import words
from tests.support.world import moment, on
from workflow.clock import ManualClock
from workflow.ports import CaseQuery
from workflow.rehearsal import Player
from workflow.season import MAX_ROWS, Season, SeasonInvalid, read_season
from workflow.store import open_store

GOOD = """
season = { title = "Mùa thử", start = 2021-01-11T08:00:00 }
unit = [
  { code = "TW", name = "Trung ương", level = "centre", valid_from = 2019-01-01 },
  { code = "VS", name = "Tỉnh Vân Sơn", level = "province", parent = "TW", valid_from = 2019-01-01 },
  { code = "H1", name = "Huyện Đá Vân", level = "district", parent = "VS", valid_from = 2019-01-01, valid_to = 2025-07-01 },
  { code = "X1", name = "Xã Suối Mơ", level = "commune", parent = "H1", valid_from = 2019-01-01, valid_to = 2025-07-01 },
  { code = "N1", name = "Xã Suối Mơ Mới", level = "commune", parent = "VS", valid_from = 2025-07-01 },
]
succession = [ { former = "X1", heir = "N1", on = 2025-07-01, whole = true } ]
person = [ { code = "cb", name = "Nguyễn Văn Bộ" }, { code = "tq", name = "Lê Thị Quyền" }, { code = "sx", name = "Phan Thị Xuất" } ]
appointment = [
  { person = "cb", function = "officer", level = "province", unit = "VS", from = 2019-01-01 },
  { person = "tq", function = "authority", level = "district", unit = "H1", from = 2019-01-01, to = 2025-07-01 },
  { person = "sx", function = "producer", level = "commune", unit = "X1", producer = "P1", from = 2019-01-01 },
]
producer = [ { code = "P1", name = "Hợp tác xã Suối Mơ", kind = "cooperative", unit = "X1" } ]
product = [ { code = "SP1", name = "Mật ong", group = "food", producer = "P1" }, { code = "SP2", name = "Chè", group = "drink", producer = "P1" } ]
tie = [ { person = "cb", product = "SP2", kind = "declared" } ]
plan = [ { file = "two-rounds-2021", plan = "two-rounds-2021", unit = "VS", as = "cb", import_at = 2021-01-18T08:00:00, publish_at = 2021-01-18T15:00:00 } ]
round = [ { code = "VS-2021-1", event = "freeze", at = 2021-07-01T17:00:00, as = "cb" } ]
work = [
  { act = "lesson", plan = "two-rounds-2021", at = 2021-12-01T08:00:00, as = "cb", data = { part = "cause", text = "Họp muộn" } },
]

[[path]]
name = "idea"
step = [
  { at = 2021-03-01T08:00:00, event = "register", by = "producer", data = { kind = "first", novelty = "new", group = "food", origin = "own_idea" } },
  { at = 2021-03-02T08:00:00, event = "file", by = "producer", data = { documents = ["market"] }, expect = "wrong_state" },
  { at = 2021-03-03T08:00:00, event = "select", by = "authority@district", key = "choice", data = { document_no = "{n}/TB", document_date = 2021-03-03 } },
  { at = 2021-03-04T08:00:00, event = "withdraw", by = "producer", reason = "Thôi không làm nữa" },
]

[[case]]
product = "SP1"
path = "idea"

[[case]]
product = "SP2"
path = "idea"
shift = 30
data = { choice = { document_no = "9/TB-R" } }
"""


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(SeasonInvalid) as refused:
        read_season(text)
    return [(p.pointer, p.code) for p in refused.value.problems]


def test_a_season_is_read_as_it_is_written():
    season = read_season(GOOD)
    assert (season.title, len(season.units), season.start.isoformat()) == ("Mùa thử", 5, "2021-01-11T08:00:00+07:00")
    assert [p.unit for p in season.products] == ["X1", "X1"], "a product lies where its producer does"
    assert (season.appointments[1].valid_to, season.successions[0].heir, season.ties[0].kind) == ("2025-07-01", "N1", "declared")
    assert [(c.number, c.product, c.shift) for c in season.cases] == [(1, "SP1", 0), (2, "SP2", 30)]
    assert [s.event for s in season.paths["idea"]] == [Event.REGISTER, Event.FILE, Event.SELECT, Event.WITHDRAW]


@pytest.mark.parametrize(
    ("good", "bad", "pointer", "code"),
    [
        ("season = {", "season = [", "/", "not_toml"),
        ('title = "Mùa thử"', 'title = ""', "/season/title", "required"),
        ('title = "Mùa thử", ', "", "/season/title", "required"),
        ('title = "Mùa thử"', "title = 7", "/season/title", "not_text"),
        ('title = "Mùa thử"', 'title = "a\\u0007b"', "/season/title", "control_characters"),
        ("start = 2021-01-11T08:00:00", "start = 2021-01-11", "/season/start", "not_a_time"),
        ("start = 2021-01-11T08:00:00", 'start = "soon"', "/season/start", "not_a_time"),
        ('level = "centre"', 'level = "planet"', "/unit/0/level", "not_an_option"),
        ("valid_from = 2019-01-01 },", 'valid_from = "2019" },', "/unit/0/valid_from", "not_a_date"),
        ('parent = "TW"', 'parent = "TX"', "/unit/1/parent", "names_nothing"),
        ('former = "X1"', 'former = "X9"', "/succession/0/former", "names_nothing"),
        ('heir = "N1"', 'heir = "N9"', "/succession/0/heir", "names_nothing"),
        ("on = 2025-07-01", 'on = "July"', "/succession/0/on", "not_a_date"),
        ('name = "Nguyễn Văn Bộ"', "name = [1]", "/person/0/name", "not_text"),
        ('person = "cb", function', 'person = "cx", function', "/appointment/0/person", "names_nothing"),
        ('function = "officer"', 'function = "king"', "/appointment/0/function", "not_an_option"),
        ('level = "province", unit = "VS", from', 'level = "province", unit = "VX", from', "/appointment/0/unit", "names_nothing"),
        ('producer = "P1", from', 'producer = "P9", from', "/appointment/2/producer", "names_nothing"),
        ('kind = "cooperative"', 'kind = "club"', "/producer/0/kind", "not_an_option"),
        ('kind = "cooperative", unit = "X1"', 'kind = "cooperative", unit = "X9"', "/producer/0/unit", "names_nothing"),
        ('group = "drink", producer = "P1"', 'group = "drink", producer = "P9"', "/product/1/producer", "names_nothing"),
        ('group = "drink", producer = "P1"', 'group = "drink", producer = "P1", unit = "X9"', "/product/1/unit", "names_nothing"),
        ('{ person = "cb", product = "SP2"', '{ person = "cx", product = "SP2"', "/tie/0/person", "names_nothing"),
        ('{ person = "cb", product = "SP2"', '{ person = "cb", product = "SP9"', "/tie/0/product", "names_nothing"),
        ('kind = "declared"', 'kind = "rumour"', "/tie/0/kind", "not_an_option"),
        ('plan = "two-rounds-2021", unit = "VS"', 'plan = "two-rounds-2021", unit = "VX"', "/plan/0/unit", "names_nothing"),
        ('unit = "VS", as = "cb"', 'unit = "VS", as = "cx"', "/plan/0/as", "names_nothing"),
        ("import_at = 2021-01-18T08:00:00", "import_at = 3", "/plan/0/import_at", "not_a_time"),
        ('event = "freeze"', 'event = "melt"', "/round/0/event", "not_an_option"),
        ('at = 2021-07-01T17:00:00, as = "cb"', 'at = 2021-07-01T17:00:00, as = "cx"', "/round/0/as", "names_nothing"),
        ('name = "idea"\n', "", "/path/0/name", "required"),
        ("at = 2021-03-02T08:00:00", 'at = "then"', "/path/0/step/1/at", "not_a_time"),
        ('event = "file"', 'event = "fly"', "/path/0/step/1/event", "not_an_option"),
        ('event = "file", by = "producer"', 'event = "file"', "/path/0/step/1/by", "required"),
        ('by = "authority@district"', 'by = "king@district"', "/path/0/step/2/by", "names_nothing"),
        ('by = "authority@district"', 'by = "cx"', "/path/0/step/2/by", "names_nothing"),
        ('key = "choice"', 'key = "choice", on_behalf_of = "king@district"', "/path/0/step/2/on_behalf_of", "names_nothing"),
        ('data = { document_no = "{n}/TB", document_date = 2021-03-03 }', "data = 3", "/path/0/step/2/data", "wrong_type"),
        ('product = "SP1"\npath', 'product = "SP9"\npath', "/case/0/product", "names_nothing"),
        ('product = "SP1"\npath = "idea"', 'product = "SP1"\npath = "other"', "/case/0/path", "names_nothing"),
        ("shift = 30", 'shift = "late"', "/case/1/shift", "not_an_integer"),
        ('data = { choice = { document_no = "9/TB-R" } }', 'data = { choice = "x" }', "/case/1/data/choice", "wrong_type"),
        ('data = { choice = { document_no = "9/TB-R" } }', "data = [1]", "/case/1/data", "wrong_type"),
        ("\nround = [", "\nrounds = [", "/rounds", "unknown_field"),
        ("start = 2021-01-11T08:00:00 }", "start = 2021-01-11T08:00:00, end = 2022-01-01T00:00:00 }", "/season/end", "unknown_field"),
        ('parent = "TW",', 'parent = "TW", colour = "red",', "/unit/1/colour", "unknown_field"),
        ("whole = true", "whole = true, part = 3", "/succession/0/part", "unknown_field"),
        ("whole = true", 'whole = "no"', "/succession/0/whole", "not_a_flag"),
        ('code = "tq", name', 'code = "tq", phones = "09", name', "/person/1/phones", "unknown_field"),
        ("from = 2019-01-01, to = 2025-07-01", "from = 2019-01-01, until = 2025-07-01", "/appointment/1/until", "unknown_field"),
        ('kind = "cooperative"', 'kind = "cooperative", seat = "X1"', "/producer/0/seat", "unknown_field"),
        ('group = "drink"', 'group = "drink", stars = 4', "/product/1/stars", "unknown_field"),
        ('kind = "declared"', 'kind = "declared", since = 2020-01-01', "/tie/0/since", "unknown_field"),
        ('file = "two-rounds-2021"', 'file = "two-rounds-2021", year = 2021', "/plan/0/year", "unknown_field"),
        ('event = "freeze"', 'event = "freeze", by = "cb"', "/round/0/by", "unknown_field"),
        ('act = "lesson"', 'act = "lesson", by = "cb"', "/work/0/by", "unknown_field"),
        ('name = "idea"', 'name = "idea"\ntitle = "x"', "/path/0/title", "unknown_field"),
        ('reason = "Thôi', 'reasons = "Thôi', "/path/0/step/3/reasons", "unknown_field"),
        ("shift = 30", "delay = 30", "/case/1/delay", "unknown_field"),
        ("data = { choice =", "data = { choise =", "/case/1/data/choise", "names_nothing"),
        ("succession = [ {", "succession = [ 3, {", "/succession", "not_a_list"),
        ('act = "lesson"', 'act = "sing"', "/work/0/act", "not_an_option"),
        ('act = "lesson", ', "", "/work/0/act", "required"),
        ('act = "lesson", plan = "two-rounds-2021"', 'act = "lesson", plan = "other"', "/work/0/plan", "names_nothing"),
        ('at = 2021-12-01T08:00:00, as = "cb"', 'at = 2021-12-01T08:00:00, as = "cx"', "/work/0/as", "names_nothing"),
        ("at = 2021-12-01T08:00:00", 'at = "later"', "/work/0/at", "not_a_time"),
        ('data = { part = "cause", text = "Họp muộn" }', "data = [ 3 ]", "/work/0/data", "wrong_type"),
    ],
)
def test_every_mistake_is_named_with_its_place(good: str, bad: str, pointer: str, code: str):
    assert good in GOOD
    found = problems(GOOD.replace(good, bad, 1))
    assert (pointer, code) in found


def test_an_unknown_key_is_told_in_words_with_its_row_and_the_keys_that_there_are():
    with pytest.raises(SeasonInvalid) as refused:
        read_season(GOOD.replace("valid_to = 2025-07-01 }", "ends = 2025-07-01 }", 1))
    (problem,) = refused.value.problems
    known = "code, name, level, parent, valid_from, valid_to, decree"
    assert words("vi").problem(problem) == f"unit/2/ends: không có mục này (các mục: {known})"
    assert words("en").problem(problem) == f"unit/2/ends: no such field (fields: {known})"


def test_every_season_that_ships_is_read():
    seasons = sorted((Path(workflow.__file__).parent / "data" / "seasons").glob("*.toml"))
    assert seasons
    assert all(read_season(path.read_text("utf-8")).cases for path in seasons)


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("season = 3", "/season"),
        ('season = { title = "a", start = 2021-01-01T00:00:00 }\ncase = 3', "/case"),
        ('season = { title = "a", start = 2021-01-01T00:00:00 }\ncase = [3]', "/case"),
        ('season = { title = "a", start = 2021-01-01T00:00:00 }\npath = [{ name = "x", step = 3 }]', "/path/0/step"),
        ('season = { title = "a", start = 2021-01-01T00:00:00 }\npath = [{ name = "x", step = [3] }]', "/path/0/step"),
        ('season = { title = "a", start = 2021-01-01T00:00:00 }\nunit = { code = "x" }', "/unit"),
    ],
)
def test_a_wrong_shape_is_a_problem_and_not_a_crash(text: str, pointer: str):
    assert (pointer, "not_a_list") in problems(text) or (pointer, "wrong_type") in problems(text)


def test_all_mistakes_are_told_at_once():
    broken = (
        GOOD.replace('level = "centre"', 'level = "planet"').replace('parent = "TW"', 'parent = "TX"').replace("shift = 30", 'shift = "x"')
    )
    assert len(problems(broken)) == 3


def test_codes_are_given_once():
    twice = GOOD.replace('{ code = "tq", name = "Lê Thị Quyền" }', '{ code = "cb", name = "Lê Thị Quyền" }').replace(
        'person = "tq"', 'person = "cb"'
    )
    assert ("/person/1/code", "repeated") in problems(twice)
    assert ("/path/1/name", "repeated") in problems(GOOD + '\n[[path]]\nname = "idea"\nstep = []\n')


def test_a_season_that_is_too_long_is_not_read():
    assert problems("#" * 4_000_001) == [("/", "too_long")]
    header = 'season = { title = "a", start = 2021-01-01T00:00:00 }\nperson = ['
    assert ("/person", "not_a_list") in problems(header + "{}," * (MAX_ROWS + 1) + "]")


def test_text_that_is_not_unicode_is_refused_in_words():
    with pytest.raises(CycleError):
        read_season("season = '\ud800'")


# Playing.


@pytest.fixture
def player(database_url: str):
    """A player over an empty database."""
    store = open_store(database_url, allow_unsafe=True)
    world = on(store, ManualClock(moment("2021-01-11 08:00")))
    yield Player(store, world.clock, world.engine, world.plans, world.rounds, world.work)
    store.close()


def play(player: Player, season: Season) -> None:
    player.load(season)
    played = player.play(season)
    assert played.surprises == []
    assert (played.acts, played.refused) == (6, {"wrong_state": 2})


def test_a_season_is_played_at_its_own_times(player: Player):
    play(player, read_season(GOOD))
    cases = player.store.cases(CaseQuery())
    assert [c.state for c in cases] == [CaseState.WITHDRAWN] * 2
    assert cases[1].registered_at.isoformat() == "2021-03-01T01:30:00+00:00"
    assert [e.event for e in player.store.entries("VS-2021-1")] == ["prepare", "open", "freeze"]


def test_a_plans_other_work_is_played_at_its_time(player: Player):
    play(player, read_season(GOOD))
    desk = player.work.desk("two-rounds-2021")
    assert [line.text("text") for line in desk.book.lessons.values()] == ["Họp muộn"]
    assert [line.at.isoformat() for line in desk.book.lessons.values()] == ["2021-12-01T01:00:00+00:00"]


@pytest.mark.parametrize(
    ("act", "data"),
    [
        ("assign", 'activity = "h1"'),
        ("assign", 'activity = "h1", units = "VS"'),
        ("report", "activity = 1"),
        ("report", 'activity = "h1", status = "done", figure = 1.5'),
        ("report", 'activity = "h1", status = "under_way", for_unit = 7'),
        ("support", "product = 3"),
        ("support", ""),
        ("state", 'target = "một"'),
        ("state", "target = true, figure = 1"),
        ("count", 'target = 1, count = 3, kinds = "label"'),
        ("lesson", "part = 3, text = [1]"),
    ],
)
def test_a_plans_other_work_with_wrong_values_is_a_surprise_and_not_a_crash(player: Player, act: str, data: str):
    bad = GOOD.replace('act = "lesson"', f'act = "{act}"').replace('part = "cause", text = "Họp muộn"', data)
    season = read_season(bad)
    player.load(season)
    assert [label for label, _, _ in player.play(season).surprises] == [f"two-rounds-2021 {act}"]


def test_what_the_story_did_not_expect_is_a_surprise(player: Player):
    season = read_season(GOOD.replace(', expect = "wrong_state"', ""))
    player.load(season)
    assert [event for _, event, _ in player.play(season).surprises] != []


def test_a_broken_season_loads_nothing(player: Player):
    with pytest.raises(SeasonInvalid):
        player.load(read_season(GOOD.replace('level = "centre"', 'level = "planet"')))
    assert player.store.registry().units == ()
    assert player.store.products() == []
