"""The application of one serving process: what it opens at its start, what it answers, what it closes at its end.

`POST /graphql` and its sockets are raw ASGI callables, since everything goes through them; Starlette routes the rest.
"""

import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api import console, large_pages, logs
from api.authenticate import Authenticator
from api.context import Platform
from api.documents import TrustedDocuments
from api.endpoint.over_http import GraphQLOverHTTP
from api.endpoint.timers import TimedHttpProtocol
from api.endpoint.websocket import FRAME_BYTES_MAX, GraphQLOverWebSocket
from api.intake import files, health, jwks, payments, tracking, uploads
from api.metrics import Figures
from api.reads.engine import Engine
from api.schema.schema import Contract, contract
from api.settings import Settings
from api.throttle import Budget, Shared, Throttle
from storage import certificates as certificate_rows
from storage.cache import open_cache
from storage.fanout import Fanout
from storage.files import sign_with, signer
from storage.pool import Pool

ENDPOINT: Final = "/graphql"

PROTOCOL: Final = TimedHttpProtocol
"""uvicorn's `http`."""

CONNECTIONS: Final = 10
"""Of a process to the database as the application's role."""

WORKER_CONNECTIONS: Final = 2
"""Of a process to the database as the worker's role: looking up keys and members that it does not remember."""

YOUNG_OBJECTS: Final = 20_000
"""Allocations between two collections: what a start made is frozen, and requests leave no cycles."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class WEBSOCKET_PROTOCOL(WebSocketsSansIOProtocol):  # noqa: N801 - named as uvicorn's `ws` is given
    """uvicorn's `ws`: frames are bounded before they are put together, and never compressed."""

    def __init__(self, config: Any, *arguments: Any, **named: Any) -> None:
        config.ws_max_size, config.ws_per_message_deflate = FRAME_BYTES_MAX, False
        super().__init__(config, *arguments, **named)


class Application:
    """What uvicorn calls. `platform` is open between the two ends of its life."""

    def __init__(self, settings: Settings, promised: Contract, budget: Budget) -> None:
        self._settings, self._promised, self._budget = settings, promised, budget
        self._open: Platform | None = None
        self._http = GraphQLOverHTTP(self.platform)
        self._socket = GraphQLOverWebSocket(self.platform)
        self._rest = Starlette(
            routes=[
                Route("/", _to_console),
                *console.routes(lambda: console.session_of(settings)),
                *health.routes(self.platform),
                *uploads.routes(self.platform),
                *tracking.routes(self.platform),
                *payments.routes(self.platform),
                *jwks.routes(),
            ],
            lifespan=self._life,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one socket, or the process's own life."""
        kind = scope["type"]
        if kind == "http" and scope["path"] == ENDPOINT:
            await self._http(scope, receive, send)
        elif kind == "websocket" and scope["path"] == ENDPOINT:
            await self._socket(scope, receive, send)
        else:
            await self._rest(scope, receive, send)

    def platform(self) -> Platform:
        """The open parts."""
        if self._open is None:
            raise RuntimeError("the application has not started")
        return self._open

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Platform]:
        """Everything is open inside the block."""
        settings, figures = self._settings, Figures()
        async with contextlib.AsyncExitStack() as stack:
            pool = await Pool.open(settings.database_url, size=CONNECTIONS)
            stack.push_async_callback(pool.close)
            look_up = await Pool.open(settings.database_worker_url, size=WORKER_CONNECTIONS)
            stack.push_async_callback(look_up.close)
            redis = open_cache(settings.redis_url)
            stack.push_async_callback(redis.aclose)
            fanout = Fanout(redis)
            stack.push_async_callback(fanout.close)
            throttle = Throttle(Shared(redis, self._budget), self._budget)
            stack.push_async_callback(throttle.close)
            authenticator = await stack.enter_async_context(Authenticator(look_up, redis, settings))
            kept = files.open_files(settings)
            stack.push_async_callback(kept.close)
            sign_with(signer(settings.secret_key, settings.public_url))
            certificate_rows.sign_with(settings.secret_key)
            engine = Engine(self._promised, pool, fanout)
            documents = TrustedDocuments(pool)
            figures.gauges = {
                "database_connections": ("Connections to the database.", lambda: pool.count),
                "database_connections_idle": ("Of those, not in use.", lambda: pool.idle),
            }
            self._open = Platform(
                settings, pool, redis, engine, authenticator, throttle, documents, fanout, kept, figures
            )
            try:
                yield self._open
            finally:
                self._open = None

    @contextlib.asynccontextmanager
    async def _life(self, _starlette: Starlette) -> AsyncIterator[None]:
        logs.configure(self._settings.log_level)
        async with self.running():
            large_pages.move_in()
            gc.freeze()  # nearly all of it lives as long as the process: looking for what does not would take longer
            gc.set_threshold(YOUNG_OBJECTS, 50, 100)
            yield
            gc.unfreeze()


def create_app(settings: Settings, *, promised: Contract | None = None, budget: Budget | None = None) -> Application:
    """The application for those settings; with the whole contract and the usual budget unless told otherwise."""
    return Application(settings, promised or contract(), budget or Budget())


async def _to_console(_request: Request) -> Response:
    return RedirectResponse("/console")
