"""``/livez``, ``/readyz``, ``/metrics``: for those who run the service; nothing personal, no account needed."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from api.acting import json_answer
from api.bootstrap import Runtime
from api.problems import ServiceUnavailable
from api.told import LANGUAGES
from states.errors import CycleError
from states.words import words
from workflow.worker import heartbeats

router = APIRouter(tags=["operation"])


def look(app: FastAPI) -> dict[str, str]:
    """Each check of an application, and what became of it."""
    run: Runtime = app.state.runtime
    checks: dict[str, str] = {}
    try:
        run.store.registry_epoch()
        run.store.still_current()
        checks["database"] = "ok"
        name = app.state.embedded
        if name is not None:
            now = run.clock.now()
            alive = any(beat.worker == name and beat.alive(now) for beat in heartbeats(run.store))
            checks["worker"] = "ok" if alive else "silent"
    except CycleError as fault:
        checks["database"] = fault.code
    return checks


@router.get("/livez", response_model=dict[str, str], openapi_extra={"security": []})
def livez(request: Request) -> Response:  # noqa: ARG001 - answers whatever is asked
    """Tiến trình còn sống · the process is alive."""
    return json_answer({"status": "ok"})


@router.get(
    "/readyz",
    response_model=dict[str, Any],
    responses={503: {"model": dict[str, Any], "description": "Chưa sẵn sàng · not ready"}},
    openapi_extra={"security": []},
)
def readyz(request: Request) -> Response:
    """Sẵn sàng: cơ sở dữ liệu đọc được, đúng phiên bản; tiến trình nền chạy · ready: database readable and of this version, worker beating."""
    checks = dict(request.app.state.readiness.checks())
    ready = all(value == "ok" for value in checks.values())
    body: dict[str, Any] = {"status": "ok" if ready else "unavailable", "checks": checks}
    if checks["database"] != "ok":
        # What the driver says names hosts and files; who asks here has shown no account.
        body["text"] = {language: words(language).error(ServiceUnavailable()) for language in LANGUAGES}
    return json_answer(body, status=200 if ready else 503)


@router.get(
    "/metrics",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    response_model=None,
    response_class=Response,
    openapi_extra={"security": []},
)
def metrics(request: Request) -> Response:
    """Số liệu vận hành theo dạng Prometheus · figures for Prometheus."""
    return Response(request.app.state.metrics.text(), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})
