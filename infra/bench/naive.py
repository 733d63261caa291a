"""The naive reference behind HTTP: graphql-core with a statement per object (`tests/engine/reference.py`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from api.schema.schema import contract
from api.settings import Settings
from domain.access import Caller
from infra.bench.bare import body_of
from storage.pool import Pool
from tests.engine.reference import Reference


class Naive:
    """An ASGI application that runs each document through the reference, for one caller."""

    def __init__(self, settings: Settings, caller: Caller) -> None:
        self._settings, self._caller = settings, caller
        self._reference = Reference(contract())
        self._pool: Pool

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """One request, or the process's own life."""
        if scope["type"] == "lifespan":
            await receive()
            self._pool = await Pool.open(self._settings.database_url, size=10)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        asked = orjson.loads(await body_of(receive))
        result = await self._reference.execute(self._pool, self._caller, asked["query"], asked.get("variables"))
        body = orjson.dumps(result.formatted, default=str)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
