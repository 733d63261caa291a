"""`POST /graphql`: one request, one answer. A raw ASGI callable, because it is the path everything goes through.

Laws: whatever is sent, the answer is one JSON document with a media type the client accepts (or 406), an `x-request-id`
header, and on refusal a code; nothing is executed that was refused; no exception's text leaves the process.
"""

import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

import orjson
import structlog

from api.context import Platform
from api.endpoint import body, negotiate, sse
from api.endpoint.admission import Admitted, admit, settle
from api.endpoint.body import Gone
from api.endpoint.negotiate import Media
from api.endpoint.refusals import STATUS, Turned, stamped, status_of
from api.reads.engine import Answer
from domain.errors import ErrorCode, Refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Header = tuple[bytes, bytes]

_log: Final = structlog.get_logger("makegood.http")


class GraphQLOverHTTP:
    """The endpoint of one process. `platform` is there from the start of the process to its end."""

    def __init__(self, platform: Callable[[], Platform]) -> None:
        self._platform = platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = time.perf_counter()
        platform = self._platform()
        request_id = platform.request_ids()
        headers = dict(scope["headers"])
        media = negotiate.wanted(headers.get(b"accept"))
        try:
            admitted = await self._admitted(platform, scope["method"], headers, media, receive, request_id)
            if media is Media.EVENTS:
                await sse.stream(platform, admitted, headers, receive, send)
                status = 200
            else:
                status = await self._answer(platform, admitted, media or negotiate.DEFAULT, send)
        except Turned as turned:
            status = await _turn_away(turned, media, request_id, send)
        except Gone:
            return
        except Exception:  # whatever it is, it is ours: told apart by its request id in the log
            _log.exception("request_failed", request_id=request_id)
            fault = Turned(ErrorCode.INTERNAL, "Something went wrong on our side.")
            status = await _turn_away(fault, media, request_id, send)
        platform.figures.answered(status, time.perf_counter() - started)

    async def _admitted(
        self,
        platform: Platform,
        method: str,
        headers: dict[bytes, bytes],
        media: Media | None,
        receive: Receive,
        request_id: str,
    ) -> Admitted:
        """The operation that was asked for. Raises Turned, in the order in which HTTP would have it refused."""
        if method != "POST":
            raise body.bad("Only POST is answered here.", 405, (b"allow", b"POST"))
        if media is None:
            raise body.bad("Answers are application/graphql-response+json, application/json or text/event-stream.", 406)
        if not negotiate.is_json(headers.get(b"content-type")) or b"content-encoding" in headers:
            raise body.bad("Only application/json in UTF-8 is read, without a content encoding.", 415)
        try:
            caller = await platform.caller_of(headers)
            parameters = body.parse(await body.read(receive, headers.get(b"content-length")))
            admitted = await admit(platform, caller, parameters, request_id)
        except Refusal as refusal:
            raise Turned(refusal.code, refusal.message, headers=_challenge(refusal)) from None
        if admitted.subscribes and media is not Media.EVENTS:
            raise Turned(
                ErrorCode.VALIDATION_FAILED, "Subscriptions need `Accept: text/event-stream` or graphql-transport-ws."
            )
        return admitted

    async def _answer(self, platform: Platform, admitted: Admitted, media: Media, send: Send) -> int:
        """The operation was run and its answer sent; returns the status."""
        answer = await platform.engine.execute(admitted.request)
        settle(platform, admitted, answer)
        status = 200
        if answer.errors:
            status = _status(answer, media)
            answer.errors = stamped(answer.errors, admitted.request.request_id)
        await respond(send, status, media, admitted.request.request_id, answer.body())
        return status


def _status(answer: Answer, media: Media) -> int:
    """200 once it ran, whatever came of its fields; otherwise what the first error stands for."""
    if answer.executed:
        return 200
    return status_of(ErrorCode(answer.errors[0]["extensions"]["code"]), media)


def _challenge(refusal: Refusal) -> tuple[Header, ...]:
    return ((b"www-authenticate", b"Bearer"),) if refusal.code is ErrorCode.UNAUTHENTICATED else ()


async def _turn_away(turned: Turned, media: Media | None, request_id: str, send: Send) -> int:
    """The refusal was sent, as JSON where the client accepts nothing else of ours; returns the status.

    To a client that waits for events, what is wrong with a document is an event: it cannot read another body.
    """
    if media is Media.EVENTS and turned.code not in STATUS:
        content = sse.event(sse.ended(turned, request_id)) + sse.COMPLETE
        await respond(send, 200, media, request_id, content)
        return 200
    media = Media.JSON if media is None or media is Media.EVENTS else media
    status = turned.status(media)
    await respond(send, status, media, request_id, refusal_body(turned, request_id), turned.headers)
    return status


def refusal_body(turned: Turned, request_id: str) -> bytes:
    """The refusal as JSON: errors and nothing else, least of all a `data` entry."""
    return orjson.dumps({"errors": stamped(turned.errors, request_id)})


async def respond(
    send: Send, status: int, media: Media, request_id: str, content: bytes, headers: Sequence[Header] = ()
) -> None:
    """One whole response was sent."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                media.header,
                (b"content-length", b"%d" % len(content)),
                (b"x-request-id", request_id.encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": content})
