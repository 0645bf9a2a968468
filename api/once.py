"""Writes on rounds, plans, calendars and the like: carried out once a key, with the answer kept."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
from fastapi import Response

from api.asking import Asked, command_id, etag, fingerprint
from states.errors import CycleError, MalformedInput
from workflow.operations import GivenAnswer

_GATES = tuple(threading.Lock() for _ in range(64))
Done = tuple[int, dict[str, Any], int | None]
"""Status, body, and the version of what was written on."""


def once(  # noqa: PLR0913
    asked: Asked,
    key: str | None,
    values: object,
    work: Callable[[str], Done],
    *,
    dry_run: bool = False,
    shown_once: Sequence[str] = (),
    **headers: str,
) -> Response:
    """Do something, or give the answer again that was given when it was done under this key.

    The version that its writer has seen guards the act itself: should the answer be lost between the act and its keeping, the same request
    is told that somebody was faster, and by whom can be read; it is never carried out twice.

    Args:
        asked: The request.
        key: Its idempotency key.
        values: What its fingerprint is made of.
        work: Does it; is given the command id.
        dry_run: Nothing is written, so nothing is kept.
        shown_once: Members of the body that are kept nowhere; when the answer is given again, they are null.
        headers: Of the answer.

    Raises:
        KeyMissing: There is no key.
        MalformedInput: ``command_reused``.
        CycleError: Whatever the work raises.
    """
    command, store = command_id(asked.caller, key), asked.run.store
    digest = fingerprint(asked.request, values)
    # Two of the same request at once: whoever comes second waits for the answer of the first.
    with _GATES[hash(command) % len(_GATES)]:
        case = None if dry_run else store.used_for(command)
        if not dry_run and (known := store.answer(command)) is not None:
            return _again(known, digest, key, asked)
        if case:
            raise MalformedInput("command_reused", command=key, case=case)
        try:
            status, body, version = work(command)
        except CycleError:
            # The first of them may have been at another process.
            if not dry_run and (known := store.answer(command)) is not None:
                return _again(known, digest, key, asked)
            raise
        told = {**headers, **({"etag": etag(version)} if version is not None else {})}
        given = GivenAnswer(
            command=command, digest=digest, status=status, headers=told, body=orjson.dumps(body, default=str).decode(), at=asked.received
        )
        if not dry_run:
            kept = {name: None if name in shown_once else value for name, value in body.items()}
            store.keep_answer(replace(given, body=orjson.dumps(kept, default=str).decode()) if shown_once else given)
        return _response(given)


def _again(known: GivenAnswer, digest: str, key: str | None, asked: Asked) -> Response:
    if known.digest != digest:
        raise MalformedInput("command_reused", command=key, case=asked.request.url.path)
    response = _response(known)
    response.headers["idempotency-replayed"] = "true"
    return response


def _response(given: GivenAnswer) -> Response:
    headers = {"cache-control": "no-store", **given.headers}
    return Response(given.body, status_code=given.status, media_type="application/json", headers=headers)
