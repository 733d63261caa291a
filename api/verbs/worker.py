"""`./run worker`: due rows are taken by this process, apart from any server."""

import argparse
import asyncio
import os
import signal
from typing import Any

import uvloop

from api import libraries, logs, worker  # noqa: F401
from api.embedded import connected
from api.settings import Settings, Unusable, from_environment
from storage.migrate import UnsafeRole
from storage.pool import Unavailable


def parser(**about: Any) -> argparse.ArgumentParser:
    """Nothing may be said behind `worker`."""
    return argparse.ArgumentParser(**about)


def command() -> None:
    """Fire due clocks, publish events and seal audit rows until stopped (Ctrl-C, SIGTERM)."""
    with connected(from_environment(os.environ)) as settings:
        if not settings.database_worker_url:
            raise Unusable("DATABASE_WORKER_URL must name the database as the worker's role.")
        logs.configure(settings.log_level)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_until_stopped(settings))
        except (Unavailable, UnsafeRole) as reason:
            raise Unusable(str(reason)) from reason


async def _until_stopped(settings: Settings) -> None:
    working = asyncio.ensure_future(worker.run(settings))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    await asyncio.wait({working})
    if not working.cancelled():
        working.result()
