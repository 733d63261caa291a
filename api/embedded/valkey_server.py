"""One Valkey, holding nothing that matters: rate buckets, fan-out and short caches, gone when it stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

from api.embedded import binaries, children
from api.embedded.home import Home
from api.embedded.postgres import last_line
from api.settings import Unusable

SOCKET = "valkey.sock"
DATABASES = 16
"""Test processes take one each; the platform uses number 0."""
STARTING_SECONDS_MAX = 20
STOPPING_SECONDS_MAX = 5
POLL_SECONDS = 0.01


def start(home: Home, sockets: Path, *, holds: int) -> subprocess.Popen[bytes]:
    """A Valkey begins to start, to answer on a socket in `sockets`."""
    settings = {
        "port": "0",
        "unixsocket": str(sockets / SOCKET),
        "unixsocketperm": "700",
        "dir": str(sockets),
        "save": "",
        "appendonly": "no",
        "databases": str(DATABASES),
        "maxmemory": "64mb",
        "maxmemory-policy": "allkeys-lru",
    }
    options = [word for name, value in settings.items() for word in (f"--{name}", value)]
    with home.log("valkey").open("wb") as log:
        command: list[str | Path] = [binaries.valkey(home), *options]
        return children.start(command, home.account, dies_by=signal.SIGTERM, log=log, holds=(holds,))


def await_ready(server: subprocess.Popen[bytes], home: Home, sockets: Path) -> None:
    """The Valkey that begins to start answers.

    Raises:
        Unusable: it would not start; the sentence carries the last line of its log.
    """
    give_up_at = time.monotonic() + STARTING_SECONDS_MAX
    while not answers(sockets):
        if server.poll() is not None or time.monotonic() > give_up_at:
            raise Unusable(f"The embedded Valkey does not start: {last_line(home.log('valkey'))}")
        time.sleep(POLL_SECONDS)


def stop(server: subprocess.Popen[bytes]) -> None:
    """The server has ended."""
    children.stop(server, (signal.SIGTERM,), STOPPING_SECONDS_MAX)


def answers(sockets: Path) -> bool:
    """True if a Valkey in `sockets` takes connections and says so."""
    try:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(1)
            caller.connect(str(sockets / SOCKET))
            caller.sendall(b"PING\r\n")
            return caller.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def url(sockets: Path) -> str:
    """The address of this Valkey, as redis-py reads it."""
    return f"unix://{sockets / SOCKET}?db=0"
