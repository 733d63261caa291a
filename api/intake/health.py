"""Whether the process lives, whether it can answer, and what it has counted: for probes and for Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from api.context import Platform
from api.metrics import CONTENT_TYPE
from domain.errors import Refusal
from storage.cache import LOST

PATIENCE_SECONDS: Final = 2.0
"""How long a probe waits for a server before it counts as away."""

NOT_STORED: Final = {"cache-control": "no-store"}


def routes(platform: Callable[[], Platform]) -> list[BaseRoute]:
    """The routes of one process."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"}, headers=NOT_STORED)

    async def ready(_request: Request) -> Response:
        open_parts = platform()
        database, valkey = await asyncio.gather(
            _answers(open_parts.pool.fetchval(None, "SELECT 1")), _answers(open_parts.redis.ping())
        )
        status = "unready" if not database else "ready" if valkey else "degraded"
        parts = {"database": _word(database), "valkey": _word(valkey)}
        return JSONResponse({"status": status, **parts}, 200 if database else 503, headers=NOT_STORED)

    async def metrics(_request: Request) -> Response:
        return Response(platform().figures.text(), headers={**NOT_STORED, "content-type": CONTENT_TYPE})

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]


async def _answers(asked: Awaitable[Any]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asked
    except (Refusal, *LOST):
        return False
    return True


def _word(answers: bool) -> str:
    return "up" if answers else "down"
