"""``/docs``: the description as a page on which everything can be tried, served from this house alone."""

from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = files("api") / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ocop-cycle · API</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/swagger-ui/swagger-ui.css">
<link rel="stylesheet" href="/static/api.css">
</head>
<body>
<p class="note">Để nguyên “auto”: If-Match lấy từ phiên bản mới xem, Idempotency-Key được đặt mới, mã CSRF lấy từ phiên đăng nhập. ·
Leave “auto” as it is: If-Match is taken from the version last seen, Idempotency-Key is made up, the CSRF token comes from the session.</p>
<div id="api"></div>
<script src="/static/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/static/api.js"></script>
</body>
</html>
"""


class Kept(StaticFiles):
    """Files that a browser keeps: for good where the folder's name has the version, else until it has asked whether they changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See the base class."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if path.startswith("vendor/") else "no-cache"
        return response


def documented(app: FastAPI) -> None:
    """Give an app its page, and the files that the page is made of."""

    def page(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"content-security-policy": POLICY, "cache-control": "no-cache"})

    app.router.routes.append(Route("/docs", page, methods=["GET"]))
    app.mount("/static", Kept(directory=str(STATIC)), name="static")
