"""Server-sent events, in distinct-connections mode: one operation per request, its answers as `next`, then `complete`.

Law: the caller is asked for again before each answer is sent, so that a revoked token hears nothing more.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from api.context import Platform
from api.endpoint.admission import Admitted, settle
from api.endpoint.negotiate import Media
from api.endpoint.refusals import Turned, stamped
from api.reads.engine import Answer
from domain.errors import ErrorCode, Refusal
from storage.fanout import Lost

KEEP_ALIVE_SECONDS: Final = 12.0
"""Between two answers a comment is sent so often, so that proxies keep the connection open."""

COMPLETE: Final = b"event: complete\ndata:\n\n"

Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]


async def answers(platform: Platform, admitted: Admitted) -> AsyncGenerator[Answer]:
    """What the operation answers, one after the other, each with its request's id.

    What ends a subscription early is its last answer, with the code that says why.
    """
    request = admitted.request
    try:
        if not admitted.subscribes:
            answer = await platform.engine.execute(request)
            settle(platform, admitted, answer)
            answer.errors = stamped(answer.errors, request.request_id)
            yield answer
            return
        events = platform.engine.subscribe(request)
        async with contextlib.aclosing(events) as listening:  # type: ignore[type-var]
            async for answer in listening:
                answer.errors = stamped(answer.errors, request.request_id)
                yield answer
    except Lost:
        turned = Turned(ErrorCode.UNAVAILABLE, "Events may have been missed: subscribe again and read what you watch.")
        yield ended(turned, request.request_id)


def ended(turned: Turned, request_id: str) -> Answer:
    """The refusal as an answer."""
    return Answer(None, stamped(turned.errors, request_id), executed=False)


async def still(platform: Platform, admitted: Admitted, headers: Mapping[bytes, bytes]) -> bool:
    """Whether those headers still stand for the same caller with the same rights."""
    try:
        return await platform.caller_of(headers) == admitted.request.caller
    except Refusal:
        return False


async def stream(
    platform: Platform, admitted: Admitted, headers: Mapping[bytes, bytes], receive: Receive, send: Send
) -> None:
    """The operation's answers were sent as events, until it ended or the client went away."""
    request_id = admitted.request.request_id
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                Media.EVENTS.header,
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
                (b"x-request-id", request_id.encode()),
            ],
        }
    )
    platform.figures.streams += 1
    sending = asyncio.ensure_future(_send_all(platform, admitted, headers, send))
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        platform.figures.streams -= 1
        for task in (sending, gone):
            task.cancel()
        await asyncio.gather(gone, sending, return_exceptions=True)
    if not sending.cancelled() and (fault := sending.exception()) is not None:
        raise fault


async def _send_all(platform: Platform, admitted: Admitted, headers: Mapping[bytes, bytes], send: Send) -> None:
    async with contextlib.aclosing(answers(platform, admitted)) as all_answers:
        async for chunk in _with_comments(platform, admitted, headers, all_answers):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": COMPLETE, "more_body": False})


async def _with_comments(
    platform: Platform, admitted: Admitted, headers: Mapping[bytes, bytes], all_answers: AsyncIterator[Answer]
) -> AsyncIterator[bytes]:
    """The events to send, with a comment whenever there was nothing to say for a while."""
    upcoming = asyncio.ensure_future(anext(all_answers, None))
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield b":\n\n"
                continue
            if (answer := upcoming.result()) is None:
                return
            if not await still(platform, admitted, headers):
                turned = Turned(ErrorCode.UNAUTHENTICATED, "The token is no longer good.")
                yield event(ended(turned, admitted.request.request_id))
                return
            yield event(answer)
            upcoming = asyncio.ensure_future(anext(all_answers, None))
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)


def event(answer: Answer) -> bytes:
    """An answer as an event. Its JSON has no line breaks."""
    return b"event: next\ndata: " + answer.body() + b"\n\n"


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
