"""Routes on which rights are judged again where they moved between being let in and the write."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from states.errors import StaleCase
from workflow.credentials import RightsMoved
from workflow.ports import TRIES


class JudgedRoute(APIRoute):
    """A route that is gone through again, from the judging of rights on, where a write found that the registry had moved since.

    Nothing was written then, and the body has been read once for all.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, as often as it takes."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            for _ in range(TRIES):
                try:
                    return await inner(request)
                except RightsMoved:
                    continue
            raise StaleCase(case=request.url.path, expected=None, version=None, state=None)

        return handler
