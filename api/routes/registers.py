"""Certificates, units, producers, products, regimes and charts: what is looked up."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator

from api.acting import json_answer
from api.asking import Asked, IfNoneMatch, ask, etag, same_etag
from api.paging import cursor_of, place_of
from api.routes.cases import Instant, instant_of
from api.routes.histories import entry_json
from api.schemas.common import LONGEST_CODE, cleaned, problems
from api.schemas.subjects import ListOut, PageOut
from api.seeing import seen_by
from api.showing import both, row_json
from api.strict import MemberRoute
from api.told import problem_json
from states.case import case_chart
from states.chart import describe
from states.drawing import markdown, mermaid, moves_mermaid, moves_table
from states.errors import NotFound, Problem
from states.lifecycle import LIFECYCLES
from states.regime import REGIMES, local_date, regime
from states.words import words
from workflow.casebook import Place
from workflow.rows import CertificateRow, ProducerRow, ProductRow
from workflow.store.text import fold, marked, strange_signs, typed_words

router = APIRouter(route_class=MemberRoute, tags=["registers"])
Cursor = Annotated[str | None, Query(max_length=600)]
Limit = Annotated[int, Query(ge=1, le=500)]
Words = Annotated[str | None, Query(max_length=200, description="Không cần dấu · marks not needed"), AfterValidator(cleaned)]
CertificateCode = Annotated[str, Path(max_length=LONGEST_CODE)]


def _page(
    rows: Iterable[Any], given: dict[str, Any], cursor: str | None, limit: int, show: Callable[[Any], dict[str, Any]], q: str | None = None
) -> Response:
    """A page of rows by code; of those that a text finds, first those that have it marks and all."""
    after = place_of(cursor, given)
    placed = sorted((_tier(q, row), row.code, row) for row in rows)
    found = [each for each in placed if after is None or each[:2] > (after.tier, after.key)]
    following = cursor_of(Place(*_at(found[limit - 1])), given) if len(found) > limit else None
    return json_answer({"items": [show(row) for *_, row in found[:limit]], "next": following})


def _at(placed: tuple[int, str, Any]) -> tuple[int, None, str]:
    return placed[0], None, placed[1]


def _tier(q: str | None, row: Any) -> int:
    if not q:
        return 0
    places = [marked(row.code), marked(row.name)]
    return 0 if all(any(word in place for place in places) for word in marked(q).split()) else 1


def _own_products(asked: Asked) -> dict[str, ProductRow]:
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    units, producers = set(seen.units), set(seen.producers)
    return {p.code: p for p in asked.run.store.products() if p.unit in units or p.producer in producers}


def _certificate(row: CertificateRow) -> dict[str, Any]:
    return {**row_json(row), "state_name": both("certificatestate", str(row.state))}


@router.get("/certificates", response_model=PageOut, responses=problems())
def certificates(
    request: Request, product: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """Giấy chứng nhận đã cấp trong địa bàn · certificates issued in your territory."""
    asked = ask(request)
    products = _own_products(asked)
    rows = (row for row in asked.run.store.certificates(product) if row.product in products)
    return _page(rows, {"certificates": product}, cursor, limit, _certificate)


@router.get("/certificates/{code}", response_model=dict[str, Any], responses={304: {"description": "Not Modified"}, **problems(404)})
def certificate(request: Request, code: CertificateCode, if_none_match: IfNoneMatch = None) -> Response:
    """Một giấy chứng nhận và nhật ký của nó · one certificate with its history."""
    asked = ask(request)
    row = asked.run.store.load_certificate(code)
    if row is None or row.product not in _own_products(asked):
        raise NotFound(what="certificate", name=code)
    body = {**_certificate(row), "history": [entry_json(stored) for stored in asked.run.store.entries(code)]}
    tag = etag(row.version, body)
    if same_etag(if_none_match, tag):
        return Response(status_code=304, headers={"etag": tag})
    return json_answer(body, {"etag": tag})


@router.get("/units", response_model=ListOut, responses=problems())
def units(request: Request, on: Instant = None) -> Response:
    """Đơn vị của một ngày · units of a day."""
    asked = ask(request)
    at = instant_of("on", on)
    day = local_date(at) if at else asked.today
    return json_answer({"items": [row_json(row) for row in asked.registry.units_on(day)]})


def _producer(row: ProducerRow) -> dict[str, Any]:
    return {**row_json(row), "kind_name": both("producerkind", str(row.kind)), **_to_look_at(row.name)}


def _product(row: ProductRow) -> dict[str, Any]:
    return {**row_json(row), **_to_look_at(row.name)}


def _to_look_at(name: str) -> dict[str, Any]:
    """Signs of a name that somebody should look at: what looks alike is neither refused nor merged."""
    signs = strange_signs(name)
    return {"warning": problem_json(Problem("/name", "strange_signs", {"signs": " ".join(signs)}))} if signs else {}


@router.get("/producers", response_model=PageOut, responses=problems())
def producers(request: Request, q: Words = None, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Chủ thể trong địa bàn · producers of your territory."""
    asked = ask(request)
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    places, own = set(seen.units), set(seen.producers)
    rows = (row for row in asked.run.store.producers() if (row.unit in places or row.code in own) and _has(q, row.code, row.name))
    return _page(rows, {"producers": q}, cursor, limit, _producer, q)


@router.get("/products", response_model=PageOut, responses=problems())
def products(
    request: Request,
    q: Words = None,
    producer: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Sản phẩm trong địa bàn · products of your territory."""
    asked = ask(request)
    rows = (p for p in _own_products(asked).values() if (producer is None or p.producer == producer) and _has(q, p.code, p.name))
    return _page(rows, {"products": q, "of": producer}, cursor, limit, _product, q)


def _has(q: str | None, code: str, name: str) -> bool:
    key, plain = fold(name), code.casefold()
    return all(((folded := fold(word)) and folded in key) or word.casefold() in plain for word in typed_words(q))


@router.get("/regimes", response_model=ListOut, responses=problems())
def regimes(request: Request) -> Response:
    """Quy định áp dụng · regimes of the law."""
    ask(request)
    items = [
        {
            "id": r.id, "name": both("regime", r.id), "acts": list(r.acts), "filed_from": r.filed_from.isoformat(),
            "filed_before": r.filed_before.isoformat() if r.filed_before else None,
            "evaluated_before": r.evaluated_before.isoformat() if r.evaluated_before else None,
            "levels": [str(level) for level in r.levels], "recogniser": {str(stars): str(level) for stars, level in r.recogniser.items()},
        }
        for r in REGIMES
    ]  # fmt: skip
    return json_answer({"items": items})


@router.get(
    "/charts/{key}",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "object"}}}},
        **problems(),
    },
    response_model=None,
)
def chart(
    request: Request,
    key: Annotated[str, Path(max_length=60, examples=["qd26-2026"])],
    format: Literal["mermaid", "md", "json"] = "json",
    all: bool = False,
) -> Response:
    """Sơ đồ của một quy định, hoặc của đợt, giấy chứng nhận, kế hoạch, lịch · the chart of a regime, or of what accompanies a case."""
    said = words(ask(request).language)
    if key in LIFECYCLES:
        small = LIFECYCLES[key]
        moves = [
            {"event": m.event, "from": m.source, "to": m.target, "who": [str(seat) for seat in m.seats], "clause": m.clause}
            for m in small.moves
        ]
        drawn = {"mermaid": lambda: moves_mermaid(small, said), "md": lambda: moves_table(small, said)}
        return _drawn(drawn, format) or json_answer({"chart": small.key, "moves": moves})
    law, large = regime(key), case_chart(key)
    forms = {"mermaid": lambda: mermaid(large, said, everything=all), "md": lambda: markdown(large, law, said)}
    return _drawn(forms, format) or json_answer(
        {"chart": large.key, "digest": large.digest(), "rules": [describe(rule) for rule in large.rules]}
    )


def _drawn(forms: dict[str, Callable[[], str]], form: str) -> Response | None:
    draw = forms.get(form)
    return Response(draw(), media_type="text/plain; charset=utf-8") if draw else None
