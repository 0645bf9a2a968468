"""A name is one name whichever way its marks were typed: at every door it is composed, and whoever bears it can act."""

import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.settings import read_settings
from tests.api.conftest import PLAN, SMALL, owner_of, use
from tests.api.journey import IDEA, filled
from tests.api.terminal import done, refused
from tests.support.databases import Database
from tests.support.http import IDEA as IDEA_GIVEN
from tests.support.http import Http
from tests.support.identity import HOME, House
from tests.support.pages import HTML
from workflow.ledger.canonical import canonical
from workflow.rows import PersonRow
from workflow.store import migrate, open_store

APART = "Ba\u0300 Nguye\u0302\u0303n Thi\u0323 Hoa\u0300"
WHOLE = "Bà Nguyễn Thị Hoà"


def apart(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def one_spelling(run: Callable[[str], list[Any]], *tables: str) -> list[str]:
    """Texts of tables that are not composed."""
    rows = [value for table in tables for row in run(f"SELECT * FROM {table}") for value in row]  # noqa: S608 - ours
    return [value for value in rows if isinstance(value, str) and not unicodedata.is_normalized("NFC", value)]


@pytest.fixture
def empty(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A rehearsal without anything in it; on PostgreSQL the test's own database made one."""
    use(monkeypatch, database.url)
    if database.kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'rehearsal.db'}"
        migrate(url, rehearsal=True)
        use(monkeypatch, url)
        return Database("sqlite", url, url)
    owner_of(database)("UPDATE meta SET value='1' WHERE key='rehearsal'")
    return database


def test_what_is_typed_here_is_decomposed():
    assert APART == apart(WHOLE) != WHOLE
    with pytest.raises(Exception, match="not_nfc"):
        canonical({"name": APART})


def test_a_season_and_a_plan_whose_files_are_decomposed_are_lived_through(empty: Database, tmp_path: Path):
    season, plan = tmp_path / f"{apart('mùa')}.toml", tmp_path / f"{apart('kế hoạch')}.toml"
    text = Path(SMALL).read_text("utf-8").replace('"Bà Chủ Gạo"', f'"{WHOLE}"').replace("GAO-1", "GẠO-1").replace("sx-gao", "bà-hoà")
    season.write_text(apart(text), "utf-8")
    plan.write_text(apart(Path(PLAN).read_text("utf-8")), "utf-8")
    done("load", "season", str(season))
    done("plan", "import", str(plan), "--as", "cb-t", "--unit", "SB")
    done("plan", "publish", "ke-hoach-2021", "--as", "cb-t")
    # Codes are found however they are typed, and she who bears the name acts.
    done("case", "register", apart("GẠO-1"), "--as", apart("bà-hoà"), *IDEA, "-d", f"description={apart('Gạo nếp đồng sâu')}")
    done(
        "case",
        "do",
        "SB-2021-0001",
        "select",
        "--as",
        "tq-h1",
        *filled(("-d", f"document_no={apart('3/TB-Hoà')}", "-d", "document_date={day}"), "2021-01-11"),
    )
    for typed in (apart("gạo nếp"), "gạo nếp", "gao nep"):
        assert [row["code"] for row in done("case", "list", "-q", typed, "--json").json] == ["SB-2021-0001"], typed
    run = owner_of(empty)
    assert (
        one_spelling(run, "person", "unit", "producer", "product", "appointment", "cycle_plan", "deadline_stage", "history", "case_file")
        == []
    )
    assert run("SELECT name FROM person WHERE code='bà-hoà'") == [(WHOLE,)]
    assert done("log", "verify", "--json").json["ok"] is True


def test_the_first_administrator_is_named_in_one_spelling(real: Database):
    store = open_store(real.url, allow_unsafe=True)
    try:
        from tests.support.world import populate  # noqa: PLC0415

        populate(store)
    finally:
        store.close()
    done("user", "create-admin", "qt", "--name", APART, "--unit", "VS", "--login", "qt.van-son")
    assert owner_of(real)("SELECT name FROM person WHERE code='qt'") == [(WHOLE,)]


def test_a_file_whose_name_is_decomposed_is_opened_under_that_name(tmp_path: Path):
    other = tmp_path / apart("kế-hoạch.toml")
    other.write_text(Path(PLAN).read_text("utf-8"), "utf-8")
    assert done("plan", "check", str(other)).code == 0
    assert not (tmp_path / "kế-hoạch.toml").exists()


def test_the_registry_keeps_one_spelling_whoever_fills_it(api: Http):
    store = api.world.store
    people = {p.code: p for p in store.registry().people}
    producer, product, unit = store.producers()[0], store.products()[0], store.registry().units[0]
    store.save_registry(
        people=[replace(people["producer-P1"], name=APART)], producers=[replace(producer, name=APART)],
        products=[replace(product, name=APART)], units=[replace(unit, name=apart("Tỉnh Vạn Sơn"), decree=apart("Số 1/Hoà"))],
    )  # fmt: skip
    assert {p.name for p in store.registry().people if p.code == "producer-P1"} == {WHOLE}
    assert (store.producers()[0].name, store.products()[0].name) == (WHOLE, WHOLE)
    assert {u.name for u in store.registry().units if u.code == unit.code} == {"Tỉnh Vạn Sơn"}
    answer = api.post("cases", "producer-P1", {"product": product.code, **IDEA_GIVEN})
    assert answer.status_code == 201, answer.text


def test_whoever_stands_decomposed_in_a_database_that_others_filled_can_act_all_the_same(api: Http, database: Database):
    owner_of(database)(f"UPDATE person SET name='{APART}' WHERE code='producer-P1'")  # noqa: S608 - ours
    owner_of(database)("UPDATE registry SET epoch=epoch+1")
    owner_of(database)(f"UPDATE product SET name='{apart('Mật ong Hoà')}' WHERE code='P1-01'")  # noqa: S608 - ours
    assert PersonRow(code="producer-P1", name=APART, email=None, phone=None).name in {p.name for p in api.world.store.registry().people}
    answer = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA_GIVEN})
    assert answer.status_code == 201, answer.text
    code = answer.json()["case"]["code"]
    [entry] = api.get(f"cases/{code}/history").json()["items"]
    assert entry["openings"]["actor.name"] == WHOLE
    assert api.act(code, "select", "authority-H1").status_code == 200


def test_over_http_searches_codes_and_texts_are_one_however_typed(api: Http):
    store = api.world.store
    person = next(p for p in store.registry().people if p.code == "producer-P1")
    store.save_registry(
        people=[replace(person, code="bà-hoà", name=APART)],
        products=[replace(store.products()[0], code="MẬT-1", name=apart("Mật ong Hoà"))],
    )
    answer = api.post("cases", "producer-P1", {"product": apart("MẬT-1"), **IDEA_GIVEN, "description": apart("Mật ong rừng")})
    assert answer.status_code == 201, answer.text
    code = answer.json()["case"]["code"]
    for typed in (apart("mật ong hoà"), "mật ong hoà", "mật ong hòa", "mat ong"):
        assert [each["code"] for each in api.get("cases", params={"q": typed}).json()["items"]] == [code], typed
        assert "MẬT-1" in [each["code"] for each in api.get("products", params={"q": typed}).json()["items"]], typed
    listed = api.get("products", params={"producer": apart("P1"), "q": apart("Hoà")}).json()["items"]
    assert [each["name"] for each in listed] == ["Mật ong Hoà"]
    [entry] = api.get(f"cases/{code}/history").json()["items"]
    assert entry["openings"]["description"] == "Mật ong rừng"


def test_an_address_says_the_same_composed_and_apart(house: House):
    store = house.world.store
    person = next(p for p in store.registry().people if p.code == "producer-P1")
    store.save_registry(people=[replace(person, code="bà-hoà", name=APART)])
    browser = house.administrator("VS")
    for typed in ("bà-hoà", apart("bà-hoà")):
        answered = browser.get(f"people/{typed}/choices")
        assert answered.status_code in {200, 404}, answered.text
        assert answered.status_code == browser.get("people/bà-hoà/choices").status_code
    created = browser.post("users", {"person": apart("bà-hoà"), "login": "ba.hoa"})
    assert created.status_code == 201, created.text
    assert browser.get(f"users/{apart('bà-hoà')}").json()["person"] == "bà-hoà"


def test_pages_search_and_take_forms_in_either_spelling(house: House):
    store = house.world.store
    store.save_registry(products=[replace(store.products()[0], name=apart("Mật ong Hoà"))])
    code = house.world.registered(store.products()[0].code)
    browser = house.enter("officer-VS")
    for typed in (apart("mật ong hoà"), "mật ong hòa"):
        answered = browser.client.get("/cases", params={"q": typed}, headers={"Accept": HTML})
        assert answered.status_code == 200
        assert code in answered.text
    assert "Mật ong Hoà" in answered.text
    form = {"csrf": browser.csrf, "product": "P1-02", "kind": "first", "f.description": apart("Mật ong rừng")}
    sent = browser.client.post("/cases/new", data=form, headers={"Origin": HOME, "Accept": HTML})
    assert sent.status_code in {200, 303, 403, 409, 422}, sent.text
    assert apart("Mật ong rừng") not in sent.text


def test_a_provider_s_subject_is_refused_where_it_is_not_composed(house: House):
    browser = house.administrator("VS")
    answered = browser.post("users", {"person": "producer-P1", "login": "p1", "subject": apart("pháp-nhân-1")})
    assert answered.status_code == 422, answered.text


def test_names_in_settings_are_composed():
    assert read_settings({"OCOP_MAIL_FROM_NAME": APART}).mail_from_name == WHOLE


def test_a_word_typed_apart_reaches_the_program_composed(small: Database):
    """Through a real process, as the system hands words over."""
    words = ["case", "register", "GAO-1", "--as", "sx-gao", *IDEA, "-d", f"description={apart('Gạo nếp')}", "--json"]
    made = subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", *words], capture_output=True, text=True, check=False, timeout=120, env={**os.environ, "OCOP_DATABASE_URL": small.url}
    )  # fmt: skip
    assert made.returncode == 0, made.stderr + made.stdout
    assert refused("case", "register", "GAO-1", "--as", "sx-gao", *IDEA).code == 1
    assert one_spelling(owner_of(small), "history") == []
