"""Vietnamese names as people type them: found however they are typed, marks and all first, never merged, and looked at where they look alike."""

import tomllib
import unicodedata
from pathlib import Path

import pytest
import sqlalchemy as sa

from states.payload import clean
from tests.support.databases import Database
from tests.support.http import IDEA, Http
from workflow.rows import ProductRow
from workflow.store import migrate, open_store
from workflow.store.text import fold, marked, strange_signs

PAIRS: list[tuple[str, str, str, str]] = [
    tuple(pair) for pair in tomllib.loads((Path(__file__).parent / "data" / "vietnamese.toml").read_text("utf-8"))["pairs"]
]
LOOK_ALIKE = "signs that look alike"


def names() -> dict[str, str]:
    """The names by a product code of their own."""
    return {f"V-{number:03d}": name for number, name in enumerate(dict.fromkeys(name for _, name, _, _ in PAIRS))}


def save(api: Http) -> dict[str, str]:
    """The names as products of one producer; the code of each by name."""
    rows = [ProductRow(code=code, name=name, group="food", producer="P1", unit="X1") for code, name in names().items()]
    api.world.store.save_registry(products=rows)
    return {name: code for code, name in names().items()}


def test_there_are_enough_of_each_kind():
    kinds = {kind for kind, *_ in PAIRS}
    assert len(PAIRS) >= 200
    assert len(kinds) >= 10
    assert {how for *_, how in PAIRS} == {"exact", "found", "none"}


def found(api: Http, path: str, text: str, field: str) -> list[str]:
    codes: list[str] = []
    cursor: str | None = None
    while True:
        answer = api.get(path, params={"q": text, "limit": 100, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, (text, answer.text)
        codes += [each[field] if field == "code" else each[field]["code"] for each in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            return codes


@pytest.mark.parametrize("path", ["products", "cases"])
def test_every_name_is_found_by_what_is_typed_and_those_with_their_marks_come_first(api: Http, path: str):
    codes = save(api)
    if path == "cases":
        for code in codes.values():
            api.world.registered(code, by="producer-P1")
    wrong = []
    for kind, name, typed, how in PAIRS:
        # What cannot be seen is no text that anybody may send.
        sent = "".join(sign for sign in typed if unicodedata.category(sign) != "Cf")
        order = [code for code in found(api, path, sent, "code" if path == "products" else "product") if code in names()]
        assert len(order) == len(set(order)), (typed, order)
        exact = [code for code in order if all(word in marked(names()[code]) for word in marked(sent).split())]
        if order[: len(exact)] != exact:
            wrong.append((kind, name, typed, "not first"))
        seen = "none" if codes[name] not in order else "exact" if codes[name] in exact else "found"
        if seen != how:
            wrong.append((kind, name, typed, f"{seen}, not {how}"))
    assert wrong == []


def test_names_that_differ_in_marks_or_look_alike_stay_two_products(api: Http):
    codes = save(api)
    assert len(codes) == len(set(codes.values())) == len({name for _, name, _, _ in PAIRS})
    kept = {row.code: row.name for row in api.world.store.products()}
    assert all(kept[code] == name for name, code in codes.items())


def test_a_name_with_letters_that_vietnamese_does_not_write_is_shown_to_somebody(api: Http):
    save(api)
    items = {item["name"]: item for item in api.get("products?limit=500").json()["items"]}
    strange = {name for kind, name, _, _ in PAIRS if kind == LOOK_ALIKE and not name.isascii()} - {"Cà phê", "Kẹo dừa"}
    flagged = {name for name, item in items.items() if "warning" in item}
    assert flagged == strange
    told = items["C\u0430 phê"]["warning"]
    assert told["code"] == "strange_signs"
    assert "\u0430" in told["text"]["vi"]
    assert told["text"]["vi"] != told["text"]["en"]


@pytest.mark.parametrize(
    "name", ["Đường Ướp Ngọt Thuỷ Ẳng", "K'Ho", "Bơ\u0306", "Ư\u0306\u0301m", "100% A&B – “Số 1”", "ĐẮK LẮK", "", "日", "Zürich", "ð"]
)
def test_what_is_ours_is_not_flagged_and_what_is_not_is(name: str):
    assert strange_signs(name) == {"日": ("日",), "Zürich": ("ü",), "ð": ("ð",)}.get(name, ())


UNSETTLED = ["e\u0301\u0302", "a\u0301\u0306", "a\u0323\u0301", "o\u0300\u0301", "Tie\u0301\u0302n", "ệ\u0301", "a\u0309\u0302n"]
SETTLED = ["o\u0301\u031b", "e\u0302\u0323", "e\u0323\u0302", "u\u031b\u0323", "a\u0340", "ơ\u0306", "c\u030c"]


@pytest.mark.parametrize("text", UNSETTLED + SETTLED)
def test_marks_that_composition_cannot_settle_are_refused_and_others_are_stored_composed(api: Http, text: str):
    answer = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA, "description": text})
    if text in UNSETTLED:
        assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (422, "marks_out_of_order")
        return
    assert answer.status_code == 201, answer.text
    [entry] = api.get(f"cases/{answer.json()['case']['code']}/history").json()["items"]
    assert entry["openings"]["description"] == unicodedata.normalize("NFC", text) == clean(text)


def test_two_clerks_who_register_one_product_at_once_make_one_case(api: Http):
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}, key=f"r-{n}"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(api.get("cases").json()["items"]) == 1


def test_keys_that_an_older_rule_made_are_written_anew(database: Database):
    store = open_store(database.url, allow_unsafe=True)
    store.close()
    address = database.owner_url.replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(address)
    insert = "INSERT INTO producer(code,name,kind,unit,search_key) VALUES('Z-1','Măng-Đen','cooperative','X1','mang-den')"
    with engine.begin() as connection:
        connection.execute(sa.text(insert))
        connection.execute(sa.text("UPDATE meta SET value='1' WHERE key='search_rule'"))
    migrate(database.owner_url)
    with engine.begin() as connection:
        kept = connection.execute(sa.text("SELECT search_key FROM producer WHERE code='Z-1'")).scalar()
        rule = connection.execute(sa.text("SELECT value FROM meta WHERE key='search_rule'")).scalar()
    engine.dispose()
    assert (kept, rule) == (fold("Măng-Đen"), "2") == ("mang den", "2")
