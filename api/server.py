"""Processes that answer requests: one with the worker inside it, or several that share one listening socket.

With several, the process that started them keeps the engines and runs the worker; its children die with it, as the
engines do. A signal to stop lets answers under way finish for a while, then everything ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Generator

import uvicorn
import uvicorn.server
import uvloop

from api import app, logs, worker
from api.embedded import children
from api.settings import Settings, Unusable

ENDING_SECONDS_MAX = 10
"""For answers under way when the platform is told to stop."""
STOPS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.server.Server):
    """A uvicorn server that leaves signals to whoever runs it: uvicorn's own would raise each again at its end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing is captured."""
        yield


def serve(settings: Settings, listener: socket.socket, *, due_rows: bool) -> None:
    """Requests are answered on `listener`, and due rows taken if asked, until a signal ends both."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener, due_rows=due_rows))


def serve_apart(settings: Settings, listener: socket.socket, processes: int, *, due_rows: bool) -> None:
    """`processes` children answer on `listener` while this process takes due rows, until a signal ends them all.

    Raises:
        Unusable: a child ended without being told to; the others were stopped.
    """
    logs.configure(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve_apart(settings, listener, processes, due_rows=due_rows))


async def _serve(settings: Settings, listener: socket.socket, *, due_rows: bool) -> None:
    server = Server(_configured(settings))
    for number in STOPS:
        asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    async with _worker_beside(settings, due_rows=due_rows) as working:
        await asyncio.wait({serving, *working}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving


async def _serve_apart(settings: Settings, listener: socket.socket, processes: int, *, due_rows: bool) -> None:
    gc.freeze()
    gc.set_threshold(app.YOUNG_OBJECTS, 50, 100)
    told = asyncio.Event()
    for number in STOPS:
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    own = (sys.executable, "-P", "-m", "api", "serve", "--shared-socket", str(listener.fileno()))
    servers = [
        await asyncio.create_subprocess_exec(
            *own,
            env={**os.environ, **settings.environment()},
            pass_fds=(listener.fileno(),),
            preexec_fn=children.bound_to_this_process(signal.SIGTERM),
        )
        for _ in range(processes)
    ]
    try:
        async with _worker_beside(settings, due_rows=due_rows) as working:
            ends = [asyncio.ensure_future(each) for each in (told.wait(), *(server.wait() for server in servers))]
            await asyncio.wait({*ends, *working}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await asyncio.gather(*map(_end, servers))
    if not told.is_set():
        raise Unusable("A server process ended unexpectedly, so all were stopped.")


@contextlib.asynccontextmanager
async def _worker_beside(settings: Settings, *, due_rows: bool) -> AsyncIterator[tuple[asyncio.Task[None], ...]]:
    """A task that takes due rows for the duration, if asked to; one that fails shows its error at the end."""
    if not due_rows:
        yield ()
        return
    working = asyncio.ensure_future(worker.run(settings))
    yield (working,)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def _end(server: asyncio.subprocess.Process) -> None:
    """The child has ended: asked, then killed."""
    with contextlib.suppress(ProcessLookupError):
        server.terminate()
    try:
        await asyncio.wait_for(server.wait(), ENDING_SECONDS_MAX + 2)
    except TimeoutError:
        server.kill()


def _configured(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app.create_app(settings),
        loop="uvloop",
        http=app.PROTOCOL,
        ws=app.WEBSOCKET_PROTOCOL,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=ENDING_SECONDS_MAX,
    )
