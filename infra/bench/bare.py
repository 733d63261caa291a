"""The least a read can cost here: a uvicorn handler that runs one prepared statement and writes its row as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from api.settings import Settings
from storage.pool import Pool

ROW = """SELECT id, number, state, reason, opened_at, updated_at, due_at, amount_minor, currency, version FROM claims
WHERE tenant_id = $1 AND id = $2"""


class Bare:
    """An ASGI application without GraphQL, callers or limits. It trusts whoever asks, so it is for the bench only."""

    def __init__(self, settings: Settings, tenant_id: str) -> None:
        self._settings, self._tenant_id = settings, tenant_id
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
        row = await self._pool.fetchrow(self._tenant_id, ROW, self._tenant_id, asked["variables"]["id"])
        body = orjson.dumps({"data": {"claim": dict(row) if row else None}})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def body_of(receive: Callable[[], Awaitable[Any]]) -> bytes:
    """The whole body of the request."""
    message = await receive()
    body: bytes = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    return body
