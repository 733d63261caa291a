"""graphql-transport-ws: many operations over one socket (the protocol of the npm package graphql-ws, version 5 on).

Laws: text frames only, of at most 64 kB; nothing runs before `connection_init` brought a good token, which must come
within 10 s; each operation passes what it would pass over HTTP; the token is asked about again before each answer, and
the socket closes quietly (4403) when it no longer stands for the same caller.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from enum import IntEnum
from typing import Any, Final

import orjson
import structlog

from api.context import Platform
from api.endpoint import sse
from api.endpoint.admission import admit
from api.endpoint.body import understand
from api.endpoint.refusals import Turned, stamped
from domain.access import Caller
from domain.errors import ErrorCode, Refusal

PROTOCOL: Final = "graphql-transport-ws"

FRAME_BYTES_MAX: Final = 64_000
"""A quarter of a body over HTTP: sockets are for subscriptions, whose documents are short."""

OPERATIONS_MAX: Final = 100
"""At once, over one socket."""

INIT_SECONDS: Final = 10.0
"""How long a socket may stay silent before it says who it is."""

ID_CHARACTERS_MAX: Final = 128

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

_log: Final = structlog.get_logger("makegood.websocket")


class Close(IntEnum):
    """Why a socket is closed, in the protocol's own numbers."""

    UNSUPPORTED = 1003
    TOO_LONG = 1009
    FAULT = 1011
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NO_PROTOCOL = 4406
    INIT_TIMEOUT = 4408
    ID_IN_USE = 4409
    INIT_TWICE = 4429


REASONS: Final[Mapping[Close, str]] = {
    Close.UNSUPPORTED: "Text frames only",
    Close.TOO_LONG: "Frame too long",
    Close.FAULT: "Internal error",
    Close.BAD_MESSAGE: "Invalid message",
    Close.UNAUTHORIZED: "Unauthorized",
    Close.FORBIDDEN: "Forbidden",
    Close.NO_PROTOCOL: "Subprotocol not acceptable",
    Close.INIT_TIMEOUT: "Connection initialisation timeout",
    Close.ID_IN_USE: "Subscriber already exists",
    Close.INIT_TWICE: "Too many initialisation requests",
}


class Closing(Exception):
    """The socket is to be closed for that reason."""

    def __init__(self, reason: Close) -> None:
        super().__init__(reason)
        self.reason = reason


class GraphQLOverWebSocket:
    """The endpoint of one process. `platform` is there from the start of the process to its end."""

    def __init__(self, platform: Callable[[], Platform]) -> None:
        self._platform = platform

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serves one socket until it closes."""
        await receive()  # websocket.connect
        offered = PROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if offered else None})
        if not offered:
            await send({"type": "websocket.close", "code": Close.NO_PROTOCOL, "reason": REASONS[Close.NO_PROTOCOL]})
            return
        await _Socket(self._platform(), dict(scope["headers"]), receive, send).serve()


class _Socket:
    """One socket: who speaks, and the operations under way by the client's own ids."""

    def __init__(self, platform: Platform, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        self._platform, self._headers = platform, headers
        self._receive, self._send = receive, send
        self._caller: Caller | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._closing: asyncio.Future[Close] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Takes messages until either side closes; then nothing of the socket runs any more."""
        self._platform.figures.sockets += 1
        listening = asyncio.ensure_future(self._listen())
        try:
            waited: set[asyncio.Future[Any]] = {listening, self._closing}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if self._closing.done():
                await self._close(self._closing.result())
        finally:
            self._platform.figures.sockets -= 1
            tasks = [listening, *self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        """Returns when the client has closed, or something that it sent asked for closing."""
        try:
            async with asyncio.timeout(INIT_SECONDS) as patience:
                while (message := await self._receive())["type"] == "websocket.receive":
                    await self._take(_read(message))
                    if self._caller is not None:
                        patience.reschedule(None)
        except TimeoutError:
            self._end(Close.INIT_TIMEOUT)
        except Closing as closing:
            self._end(closing.reason)
        except Exception:
            _log.exception("socket_failed")
            self._end(Close.FAULT)

    async def _take(self, message: dict[str, Any]) -> None:
        """Does what one message asks for. Raises Closing for what the protocol forbids."""
        match message:
            case {"type": "connection_init"}:
                await self._initialise(message.get("payload"))
            case {"type": "ping"}:
                await self._say({"type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str(id_), "payload": dict(payload)} if 0 < len(id_) <= ID_CHARACTERS_MAX:
                self._subscribe(id_, payload)
            case {"type": "complete", "id": str(id_)}:
                if (task := self._running.pop(id_, None)) is not None:
                    task.cancel()
            case _:
                raise Closing(Close.BAD_MESSAGE)

    async def _initialise(self, payload: object) -> None:
        """The socket speaks for whoever the payload's Authorization vouches for, or the upgrade request's."""
        if self._caller is not None:
            raise Closing(Close.INIT_TWICE)
        if payload is not None and not isinstance(payload, dict):
            raise Closing(Close.BAD_MESSAGE)
        for name, value in (payload or {}).items():
            if name.lower() in {"authorization", "makegood-tenant"} and isinstance(value, str) and value.isascii():
                self._headers[name.lower().encode()] = value.encode()
        try:
            self._caller = await self._platform.caller_of(self._headers)
        except Refusal:
            raise Closing(Close.FORBIDDEN) from None
        await self._say({"type": "connection_ack"})

    def _subscribe(self, id_: str, payload: dict[str, Any]) -> None:
        """The operation runs beside the others."""
        if self._caller is None:
            raise Closing(Close.UNAUTHORIZED)
        if id_ in self._running:
            raise Closing(Close.ID_IN_USE)
        full = len(self._running) >= OPERATIONS_MAX
        task = asyncio.create_task(self._run(id_, payload, self._caller, full=full), name="graphql-transport-ws")
        self._running[id_] = task
        task.add_done_callback(lambda done: self._ran(id_, done))

    def _ran(self, id_: str, task: asyncio.Task[None]) -> None:
        if self._running.get(id_) is task:
            del self._running[id_]
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("operation_failed", exc_info=fault)
            self._end(Close.FAULT)

    async def _run(self, id_: str, payload: dict[str, Any], caller: Caller, *, full: bool) -> None:
        """The operation's answers were sent, or the error that kept it from running."""
        request_id = self._platform.request_ids()
        try:
            if full:
                raise Turned(ErrorCode.LIMIT_EXCEEDED, f"At most {OPERATIONS_MAX} operations run over one socket.")
            admitted = await admit(self._platform, caller, understand(payload), request_id)
        except (Turned, Refusal) as no:
            turned = no if isinstance(no, Turned) else Turned(no.code, no.message)
            await self._say({"type": "error", "id": id_, "payload": stamped(turned.errors, request_id)})
            return
        async with contextlib.aclosing(sse.answers(self._platform, admitted)) as answers:
            async for answer in answers:
                if not await sse.still(self._platform, admitted, self._headers):
                    self._end(Close.FORBIDDEN)
                    return
                if not answer.executed:
                    await self._say({"type": "error", "id": id_, "payload": answer.errors})
                    return
                await self._say({"type": "next", "id": id_, "payload": orjson.Fragment(answer.body())})
        if id_ in self._running:
            await self._say({"type": "complete", "id": id_})

    async def _say(self, message: dict[str, Any]) -> None:
        await self._send({"type": "websocket.send", "text": orjson.dumps(message).decode()})

    def _end(self, reason: Close) -> None:
        if not self._closing.done():
            self._closing.set_result(reason)

    async def _close(self, reason: Close) -> None:
        await self._send({"type": "websocket.close", "code": int(reason), "reason": REASONS[reason]})


def _read(message: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object in a frame. Raises Closing for every other frame."""
    text = message.get("text")
    if text is None:
        raise Closing(Close.UNSUPPORTED)
    if len(text) > FRAME_BYTES_MAX:
        raise Closing(Close.TOO_LONG)
    try:
        members = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Closing(Close.BAD_MESSAGE) from None
    if not isinstance(members, dict):
        raise Closing(Close.BAD_MESSAGE)
    return members
