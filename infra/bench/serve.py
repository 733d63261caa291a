"""One server process of the bench: the platform, the bare handler or the naive reference, on a socket it is handed.

    python -m infra.bench.serve platform|bare|naive TENANT FD

The platform serves as it always does, but for a budget that no load uses up.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Any

from api import libraries  # noqa: F401 - before every other, as servers have it

# isort: split
import uvicorn
import uvloop

from api import app, server
from api.operations.tenants import system
from api.settings import Settings, from_environment
from api.throttle import Budget
from domain.ids import TenantId

PLENTY = 10**12


def main(kind: str, tenant: str, descriptor: str) -> None:
    """Serves until a signal ends it."""
    settings, tenant_id = from_environment(os.environ), TenantId(tenant)
    config = uvicorn.Config(
        _made(kind, settings, tenant_id),
        loop="uvloop",
        http=app.PROTOCOL if kind == "platform" else "httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, socket.socket(fileno=int(descriptor))))


def _made(kind: str, settings: Settings, tenant_id: TenantId) -> Any:
    """The application of that kind. What the platform is compared with is not in its process."""
    if kind == "platform":
        return app.create_app(settings, budget=Budget(capacity=PLENTY, rate=PLENTY))
    if kind == "bare":
        from infra.bench.bare import Bare  # noqa: PLC0415

        return Bare(settings, tenant_id)
    from infra.bench.naive import Naive  # noqa: PLC0415

    return Naive(settings, system(tenant_id, "bench"))


async def _serve(config: uvicorn.Config, listener: socket.socket) -> None:
    serving = server.Server(config)
    for number in server.STOPS:
        asyncio.get_running_loop().add_signal_handler(number, serving.handle_exit, number, None)
    await serving.serve(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
