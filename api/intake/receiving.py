"""What every intake by plain HTTP does alike: answer with JSON, refuse with a type, read no body without end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.context import Platform
from api.endpoint import negotiate
from api.endpoint.refusals import Turned, stamped
from domain.errors import ErrorCode, Invalid, Refusal

STATUS: Final = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.DOCUMENT_REQUIRED: 403,
    ErrorCode.INVALID: 422,
    ErrorCode.CONFLICT: 409,
    ErrorCode.STALE_VERSION: 409,
    ErrorCode.THROTTLED: 429,
    ErrorCode.UNAVAILABLE: 503,
}
"""Of what refuses a request as a whole. A conflict leaves nothing behind: the same request may be sent again."""

JSON: Final = "application/json"
_log: Final = structlog.get_logger("makegood.intake")

Receive = Callable[[Platform, Request, str], Awaitable[bytes]]
"""(the open parts, the request, its id) -> the answer as JSON."""


def receiving(path: str, receive: Receive, platform: Callable[[], Platform]) -> list[BaseRoute]:
    """The route of one process: POST on that path is answered by `receive`, or refused with a type and its id."""

    async def answer(request: Request) -> Response:
        open_parts = platform()
        request_id = open_parts.request_ids()
        try:
            content = await receive(open_parts, request, request_id)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except Turned as turned:
            return _refusal(turned, request_id)
        except Refusal as refusal:
            return _refusal(_turned(refusal), request_id)
        except Exception:  # whatever it is, it is ours: told apart by its request id in the log
            _log.exception("intake_failed", request_id=request_id)
            fault = Turned(ErrorCode.INTERNAL, "Something went wrong on our side.", status=500)
            return _refusal(fault, request_id)
        return Response(content, headers=_headers(request_id), media_type=JSON)

    return [Route(path, answer, methods=["POST"])]


async def spend(platform: Platform, sender: str, points: int) -> None:
    """So much of the sender's budget is spent. Raises Turned (429) where that is used up."""
    _, wait_seconds = await platform.throttle.spend_or_wait(sender, points)
    if wait_seconds:
        platform.figures.throttled += 1
        headers = ((b"retry-after", str(wait_seconds).encode()),)
        message = f"The budget is used up. Ask again in {wait_seconds} s."
        raise Turned(ErrorCode.THROTTLED, message, status=STATUS[ErrorCode.THROTTLED], headers=headers)


async def whole_body(request: Request, most: int) -> bytes:
    """The whole body. Raises Turned (413) for one of more than `most` bytes, as soon as that is known."""
    too_long = Turned(
        ErrorCode.BAD_REQUEST,
        f"The body is longer than {most:,} bytes.",
        status=413,
        headers=((b"connection", b"close"),),
    )
    declared = request.headers.get("content-length")
    if declared is not None and int(declared) > most:
        raise too_long
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        parts.append(part)
        length += len(part)
        if length > most:
            raise too_long
    return b"".join(parts)


def bad(message: str, status: int) -> Turned:
    """A request that cannot be read."""
    return Turned(ErrorCode.BAD_REQUEST, message, status=status)


def _turned(refusal: Refusal) -> Turned:
    status = STATUS.get(refusal.code, 400)
    headers = ((b"www-authenticate", b"Bearer"),) if status == STATUS[ErrorCode.UNAUTHENTICATED] else ()
    message = refusal.message
    if isinstance(refusal, Invalid):
        message = " ".join(f"`{'.'.join(each.field)}`: {each.message}" for each in refusal.problems)
    return Turned(refusal.code, message, status=status, headers=headers)


def _headers(request_id: str) -> dict[str, str]:
    return {"x-request-id": request_id, "cache-control": "no-store"}


def _refusal(turned: Turned, request_id: str) -> Response:
    return Response(
        orjson.dumps({"errors": stamped(turned.errors, request_id)}),
        turned.status(negotiate.DEFAULT),
        headers={**{name.decode(): value.decode() for name, value in turned.headers}, **_headers(request_id)},
        media_type=JSON,
    )
