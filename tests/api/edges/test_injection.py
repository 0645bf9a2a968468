# ruff: noqa: S608 - texts that are no statements, and must never become one
"""Texts that other readers take for commands: here each means what it says, or is refused, and no statement is ever made of one."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.http import IDEA, Http
from workflow.rows import ProductRow

MARK = "zq7x"
"""Stands in every text; a statement that holds it was put together from what somebody sent."""

BREAKS = ("", "'", '"', "')", '")', "'))", "`", "\\'", "'--", "%27", "\u02bc", "\uff07", "1", "-1", "$$")
SQL = (
    f" OR '{MARK}'='{MARK}", f" OR 1=1 -- {MARK}", f" OR 1=1/*{MARK}*/", f"; DROP TABLE case_file; -- {MARK}", f" UNION SELECT '{MARK}',NULL,NULL--",
    f" UNION ALL SELECT sqlite_version(),'{MARK}'--", f" UNION SELECT version(),'{MARK}'--", f"; SELECT pg_sleep(9); -- {MARK}",
    f"||(SELECT pg_sleep(9))||'{MARK}", f" AND 1=(SELECT 1 FROM pg_sleep(9)) -- {MARK}", f" AND randomblob(900000000) -- {MARK}",
    f"; WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT n FROM r -- {MARK}", f" AND load_extension('{MARK}')",
    f"; ATTACH DATABASE '/tmp/{MARK}' AS x; --", f"; COPY person TO '/tmp/{MARK}'; --", f"; PRAGMA writable_schema=1; -- {MARK}",
    f" AND (SELECT name FROM sqlite_master LIMIT 1)='{MARK}'", f" AND (SELECT current_user)='{MARK}'", f" ORDER BY 99 -- {MARK}",
    f" LIMIT 1 OFFSET 1 -- {MARK}", f" AND 1=CAST('{MARK}' AS INT)--", f" || CHR(65) || '{MARK}", f" COLLATE NOCASE -- {MARK}", f" IN (SELECT '{MARK}')",
    f" ESCAPE '{MARK}", f" LIKE '%{MARK}", f"; SET ROLE ocop_owner; -- {MARK}", f" RETURNING '{MARK}'",
)  # fmt: skip
OTHERS = (
    f"{MARK}%", f"_{MARK}", f"%{MARK}%", f"!{MARK}", f"\\{MARK}", f"{MARK}!%", f"*{MARK}", f"?{MARK}", f"[{MARK}]", f"{MARK}||''",
    f"{{'$ne':'{MARK}'}}", f'{{"$gt":"{MARK}"}}', f"$where:{MARK}", f"$[?(@.{MARK})]", f"$..{MARK}", f"$.{MARK}", f"data->>'{MARK}'", f"@.{MARK}=='1'",
    f"*)(uid={MARK}", f"*)(|(objectClass={MARK}", f"' or count(/*)='{MARK}", f"//{MARK}/text()", f"<!ENTITY {MARK} SYSTEM 'file:///etc/passwd'>",
    f"{{{{{MARK}}}}}", f"${{{MARK}}}", f"#{{{MARK}}}", f"<%= {MARK} %>", f"{{% {MARK} %}}", f"${{jndi:ldap://{MARK}/a}}", f"{MARK}{{0.__class__}}", f"%({MARK})s",
    f"%s%n{MARK}", f"%x{MARK}%d", f"{MARK}$(id)", f"`{MARK}`", f"; {MARK} &", f"| {MARK}", f"&& {MARK}", f"../{MARK}", f"..\\{MARK}", f"....//{MARK}",
    f"/etc/{MARK}", f"file:///{MARK}", f"\\\\{MARK}\\c$", f"C:\\{MARK}", f"<script>{MARK}</script>", f'"><img src=x onerror={MARK}>', f"javascript:{MARK}",
    f"{MARK}\uff1cscript\uff1e", f"={MARK}", f"+{MARK}", f"-{MARK}", f"@{MARK}", f"=cmd|'/c {MARK}'!A1", f"{MARK},{MARK}", f"{MARK};{MARK}", f"{MARK}&state={MARK}",
    f"{MARK}#x", f"[]={MARK}", f"{MARK}[$ne]", f"__proto__[{MARK}]", f"constructor.{MARK}", f"0x{MARK}", f"1e{MARK}", f"NaN{MARK}", f"null{MARK}", f"true{MARK}",
)  # fmt: skip
TEXTS = tuple(dict.fromkeys([*(f"{start}{rest}" for start in BREAKS for rest in SQL), *OTHERS]))
REFUSED = tuple(f"{MARK}{sign}" for sign in ("\x00", "\r\nX-Evil: 1", "\n", "\x1b[31m", "\u202e", "\u200b", "\ufeff", "\x7f", "\x85"))

QUESTIONS = (
    "cases?q={}", "cases?state={}", "cases?round={}", "cases?unit={}", "cases?product={}", "cases?producer={}", "cases?kind={}", "cases?sort={}",
    "cases?sort=code&direction={}", "cases?order={}", "cases?fields={}", "cases?limit={}", "cases?cursor={}", "cases?due_before={}", "cases?level={}",
    "products?q={}", "producers?q={}", "products?producer={}", "certificates?product={}", "cases/{}", "cases/{}/history", "rounds/{}", "plans/{}",
    "certificates/{}", "charts/{}", "worklists/{}", "log/proof/{}/1", "calendars/{}/days?year=2021", "bulk-operations/{}", "units?on={}",
)  # fmt: skip


class Statements:
    """What the database is asked, as text without values."""

    def __init__(self) -> None:
        self.texts: Counter[str] = Counter()

    def count(self) -> int:
        found = self.texts.total()
        self.texts.clear()
        return found


@pytest.fixture
def statements(api: Http, monkeypatch: pytest.MonkeyPatch) -> Statements:
    seen, kind = Statements(), type(api.runtime.store)
    asked = kind._rows  # type: ignore[attr-defined]

    def listening(self: Any, sql: str, params: Sequence[Any] = ()) -> Any:
        seen.texts[sql] += 1
        assert MARK not in sql, sql
        return asked(self, sql, params)

    monkeypatch.setattr(kind, "_rows", listening)
    return seen


def test_there_are_enough_texts_and_they_differ():
    assert len(TEXTS) >= 400
    assert all(MARK in text for text in TEXTS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_text_becomes_part_of_a_statement(api: Http, statements: Statements, question: str):
    code = api.world.registered("P1-01")
    api.get(question.format(f"plain{MARK}"), "auditor-VS")
    plain = max(statements.count(), 1)
    # Each place gets its share of all texts, so that every text is tried in several places and none in all of them.
    place = QUESTIONS.index(question)
    for text in TEXTS[place % 3 :: 3] if "q={}" not in question else TEXTS:
        answer = api.get(question.format(quote(text, safe="")), "auditor-VS")
        assert answer.status_code in {200, 404, 422}, (text, answer.status_code, answer.text)
        if answer.status_code == 200:
            assert answer.json()["items"] == [], (text, answer.text)
        else:
            assert answer.headers["content-type"] == "application/problem+json"
        asked = statements.count()
        assert asked <= plain + 2, (text, asked, plain)
    assert api.world.events(code) == ["register"]


@pytest.mark.parametrize("question", ["cases?q={}", "products?q={}", "producers?q={}", "cases?round={}", "cases/{}"])
@pytest.mark.parametrize("text", REFUSED)
def test_what_nobody_can_see_is_refused_or_is_nothing(api: Http, statements: Statements, question: str, text: str):
    answer = api.get(question.format(quote(text, safe="")), "auditor-VS")
    assert answer.status_code in {200, 404, 422}, answer.text
    if "q={}" in question and text[-1] not in "\n1":
        assert answer.status_code == 422
    if answer.status_code == 200:
        assert answer.json()["items"] == []


def test_a_name_that_is_a_command_is_found_as_a_name(api: Http, statements: Statements):
    """Literal meaning: among products that are called like each text, the text finds exactly those whose names hold it."""
    texts = [text for text in TEXTS[::5] if text.isprintable()]
    rows = [ProductRow(code=f"N-{n:03d}", name=f"Tên {text} x", group="food", producer="P1", unit="X1") for n, text in enumerate(texts)]
    api.world.store.save_registry(products=rows)
    for row in rows[::4]:
        api.world.registered(row.code, by="producer-P1")
    cases = {row.code for row in rows[::4]}
    for number, text in enumerate(texts):
        answer = api.get(f"products?limit=500&q={quote(text, safe='')}")
        if answer.status_code == 422:
            assert answer.json()["code"] == "too_many_words"
            continue
        found = [item["code"] for item in answer.json()["items"]]
        assert f"N-{number:03d}" in found, text
        answer = api.get(f"cases?limit=200&q={quote(text, safe='')}")
        if answer.status_code == 200:
            # A word may stand in a case's own code as well.
            assert {item["product"]["code"] for item in answer.json()["items"]} >= {c for c in found if c in cases}, text


HEADERS = (
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Accept-Language",
    "X-Request-Id",
    "User-Agent",
    "Accept",
    "Referer",
    "X-Forwarded-For",
)


@pytest.mark.parametrize("name", HEADERS)
def test_no_value_of_a_header_becomes_part_of_a_statement(api: Http, statements: Statements, name: str):
    code = api.world.registered("P1-01")
    moved = 0
    for number, text in enumerate(each for each in TEXTS if each.isascii()):
        if number % 4 == HEADERS.index(name) % 4:
            read = api.get(f"cases/{code}", headers={name: text})
            assert read.status_code == 200, (text, read.text)
            headers = {"Idempotency-Key": f"k-{number}", "If-Match": '"999"', name: text}
            body = {"document_no": "3/TB", "document_date": "2021-01-11"}
            written = api.send("POST", f"cases/{code}/actions/select", "authority-H1", json=body, headers=headers)
            assert written.status_code in {400, 412, 422, 428}, (text, written.text)
            moved += 1
    assert moved > 80
    assert api.world.events(code) == ["register"]


def test_no_text_of_a_body_becomes_part_of_a_statement_and_it_is_kept_as_it_was(api: Http, statements: Statements):
    for number, text in enumerate(TEXTS[::12]):
        answer = api.post("cases?dry_run=true", "producer-P1", {"product": "P1-12", **IDEA, "description": text})
        assert answer.status_code == 200, (text, answer.text)
        if number % 4 == 0:
            product = f"P1-{number // 4 + 1:02d}" if number < 36 else None
            if product is not None:
                code = api.post("cases", "producer-P1", {"product": product, **IDEA, "description": text}).json()["case"]["code"]
                [entry] = api.get(f"cases/{code}/history").json()["items"]
                assert entry["openings"]["description"] == text.strip()
        for field in ("product", "kind", "group", "novelty", "origin", "on_behalf_of", "acted_on"):
            answer = api.post("cases", "producer-P1", {"product": "P1-12", **IDEA, field: text})
            assert answer.status_code in {404, 422}, (field, text, answer.text)


def test_no_text_gets_anybody_in(database_url: str, tmp_path: Any):
    from tests.support.identity import house_at  # noqa: PLC0415

    with house_at(database_url, tmp_path) as house:
        house.account("producer-P1")
        for number, text in enumerate(TEXTS[::6]):
            browser = house.browser(f"10.7.{number // 250}.{number % 250}")
            for body in (
                {"login": text, "password": text},
                {"login": "producer-p1", "password": text},
                {"login": f"producer-p1{text}", "password": "x" * 12},
            ):
                answered = browser.post("session", body)
                assert answered.status_code in {401, 422, 429}, (text, answered.text)
            assert browser.get("session", Authorization=f"Bearer {text}".encode("ascii", "replace").decode()).status_code == 401
            browser.client.cookies.set("__Host-ocop", quote(text), domain="ocop.example.test")
            assert browser.get("session").status_code == 401
            assert browser.post("session/link", {"token": text, "password": "một câu khác hẳn thế"}).status_code in {410, 422}, text
