"""The description of the interface: OpenAPI 3.1, with what the framework cannot know by itself."""

import json
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.schemas.cases import ActGiven
from api.schemas.common import ProblemOut

ABOUT = """Chu trình OCOP từ ý tưởng đến giấy chứng nhận. Mỗi việc ghi cần `If-Match` (phiên bản đã xem) và `Idempotency-Key`
(gửi lại không bị ghi hai lần). Từ chối là tài liệu `application/problem+json` với mọi lý do bằng tiếng Việt và tiếng Anh.

The OCOP cycle from the idea to the certificate. Every write takes `If-Match` and `Idempotency-Key`; a refusal is a problem document with
every reason in both languages."""


def described(app: FastAPI) -> None:
    """Let an app describe itself by this module."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, openapi_version="3.1.0", description=ABOUT, routes=app.routes)
            app.openapi_schema = _completed(made)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(made: dict[str, Any]) -> dict[str, Any]:
    shapes = made.setdefault("components", {}).setdefault("schemas", {})
    _, extra = models_json_schema([(ProblemOut, "serialization"), (ActGiven, "validation")], ref_template="#/components/schemas/{model}")
    for name, shape in extra["$defs"].items():
        shapes.setdefault(name, shape)
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    _exemplified(made["paths"])
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path in made["paths"].values():
        for operation in path.values():
            operation.setdefault("security", [{"token": []}])
            for parameter in operation.get("parameters", ()):
                # Headers are asked for with an answer of their own (428, 400), so the framework must not refuse first.
                if parameter["name"] in {"If-Match", "Idempotency-Key"}:
                    parameter["required"] = True
                    parameter["schema"] = {"type": "string", "examples": parameter["schema"].get("examples", [])}
    return made


def _exemplified(paths: dict[str, Any]) -> None:
    """Show what was asked of each operation, and answered, in an invented province; events keep an example each."""
    known: dict[str, dict[str, Any]] = json.loads((files("api") / "examples.json").read_text("utf-8"))
    for path, operations in paths.items():
        for method, operation in operations.items():
            told = known.get(f"{method.upper()} {path}", {})
            sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if sent is not None and not {"example", "examples"} & set(sent) and "request" in told:
                sent["example"] = told["request"]
            answers = told.get("answers", {})
            for status, answer in operation["responses"].items():
                shown = answer.get("content", {}).get("application/json")
                # A dry run answers in the shape of the act.
                if status < "300" and shown is not None and answers:
                    shown["example"] = answers.get(status) or next(iter(answers.values()))
