"""`./run`: engines, migrations, demo, server and worker, from nothing to an address; and back to nothing at the end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import errno
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from api.settings import Settings, Unusable, from_environment

PROCESSES_MAX = 64
"""Of servers that share a socket: more than any machine this is meant for has cores."""
BACKLOG = 2048
"""Connections that wait while all processes are busy."""
YOUNG_OBJECTS = 2_000
"""Allocations between two collections of a start, each of what is new: of classes made twice, one is soon garbage."""
NEVER = 1_000_000
"""Collections of what is new before one of what is older: nearly all that a start makes is there to stay."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a person may have chosen to listen on
"""Where to find, from this machine, a server that listens everywhere."""


def parser(**about: Any) -> argparse.ArgumentParser:
    """What may be said behind `serve`."""
    options = argparse.ArgumentParser(**about, allow_abbrev=False)
    options.add_argument("--port", type=_port, help="port to listen on; 8000 if not given")
    options.add_argument("--host", help="address to listen on; 127.0.0.1 if not given")
    options.add_argument("--workers", type=_processes, default=1, help="server processes; 1 if not given")
    options.add_argument("--fresh", action="store_true", help="begin anew: what is in the state folder is lost")
    options.add_argument(
        "--worker",
        dest="due_rows",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="fire due clocks and publish events from here as well",
    )
    options.add_argument("--shared-socket", type=int, help=argparse.SUPPRESS)
    return options


def command(
    *, port: int | None, host: str | None, workers: int, fresh: bool, due_rows: bool, shared_socket: int | None
) -> None:
    """Serve API, worker and console; without DATABASE_URL, a demo on engines of its own (not for live data)."""
    gc.set_threshold(YOUNG_OBJECTS, NEVER, NEVER)
    settings = from_environment(os.environ)
    if shared_socket is not None:
        _import_server()
        from api import server

        server.serve(settings, socket.socket(fileno=shared_socket), due_rows=False)
        return
    settings = dataclasses.replace(settings, host=host or settings.host, port=port or settings.port)
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored on purpose, by nohup
        signal.signal(signal.SIGHUP, _interrupt)
    with contextlib.suppress(KeyboardInterrupt), listening(settings) as listener, prepared(settings, fresh) as ready:
        from api import server

        if workers == 1:
            server.serve(ready, listener, due_rows=due_rows)
        else:
            server.serve_apart(ready, listener, workers, due_rows=due_rows)


def _port(text: str) -> int:
    return _between(1, text, 65535)


def _processes(text: str) -> int:
    return _between(1, text, PROCESSES_MAX)


def _between(least: int, text: str, most: int) -> int:
    """The number in `text`; argparse tells a person why there is none."""
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"must be a number from {least} to {most}, not {text!r}")
    return int(text)


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """A socket that listens at the address of `settings`. Before anything else is made: who calls early waits.

    Raises:
        Unusable: the port is in use, not allowed, or the host is not of this machine.
    """
    try:
        family, kind, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise Unusable(f"There is no host {settings.host!r} to listen on.") from error
    with socket.socket(family, kind) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Unusable(f"Port {settings.port} is in use by another program; try --port N.") from error
            raise Unusable(f"{settings.host} port {settings.port} cannot be used: {error.strerror}.") from error
        yield listener


@contextlib.contextmanager
def prepared(settings: Settings, fresh: bool) -> Iterator[Settings]:
    """Servers run, the schema and every marketplace's rules are up to date, the demo is there and announced.

    Raises:
        Unusable: one of them cannot be had; the sentence says which and why.
    """
    from api import embedded

    if settings.files:  # refused at once, rather than by each process
        from api.intake.files import open_files

        open_files(settings)
    if fresh:
        if not settings.embedded:
            raise Unusable("--fresh begins an embedded state anew; the database in DATABASE_URL is left alone.")
        embedded.discard(settings.state_dir)
    with embedded.connected(settings, meanwhile=_import_server) as ready:
        from api.verbs.migrate import bring_up_to_date, complete_marketplaces
        from storage.migrate import shipped

        if not settings.embedded:
            _check_servers(ready)
        applied = bring_up_to_date(ready) if ready.database_owner_url else ()
        if applied and not settings.embedded:
            _check_servers(ready)  # once more: before there were tables, nobody owned them
        if ready.database_owner_url:
            complete_marketplaces(ready)
        if settings.embedded and applied and applied[0] == shipped()[0].name:
            (settings.state_dir / "demo.json").unlink(missing_ok=True)  # it tells of a database that is gone
        session = _demo_session(ready, anew=settings.embedded) if settings.demo else {}
        announce(ready, session, embedded=settings.embedded)
        yield ready


def _import_server() -> None:
    """What serves is imported: most of a second start, which the engines need about as long for."""
    from api import libraries, server  # noqa: F401


def _check_servers(settings: Settings) -> None:
    """The servers named from outside answer, are new enough, and keep the application within its tenant."""
    from api.verbs import doctor

    for sight in asyncio.run(doctor.look(settings)):
        if not sight.well and sight.thing != "Schema":  # that one is brought up to date next
            raise Unusable(f"{sight.thing}: {sight.found}.")


def _demo_session(settings: Settings, *, anew: bool) -> dict[str, Any]:
    """What demo.json says, brought up to this start's address; the demo is loaded first where that file is missing.

    `anew`: the database is ours, so one in which an earlier load was cut short is made again.
    """
    record, unfinished = settings.state_dir / "demo.json", settings.state_dir / "demo.loading"
    if record.exists():
        known = _read(record)
    else:
        from api.verbs import demo
        from api.verbs.migrate import bring_up_to_date

        if anew and unfinished.exists():
            asyncio.run(_make_database_again(settings.database_owner_url))
            bring_up_to_date(settings)
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        unfinished.touch()
        known = asyncio.run(demo.load(settings))
        gc.collect()  # this once, a start leaves much behind
    url = address(settings)
    session = known | {"url": url, "console": f"{url}/console"}
    _write_secretly(record, json.dumps(session, indent=2) + "\n")
    unfinished.unlink(missing_ok=True)
    return session


def _read(record: Path) -> dict[str, Any]:
    """What demo.json says, which must be an object."""
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unusable(
            f"{record} is damaged; `./run --fresh` begins anew without what is in the state folder."
        ) from error
    if not isinstance(known, dict):
        raise Unusable(f"{record} holds no object; `./run --fresh` begins anew without what is in the state folder.")
    return known


async def _make_database_again(owner_url: str) -> None:
    """The owner's database is empty, as it was before the first migration."""
    from urllib.parse import urlsplit, urlunsplit

    import asyncpg

    parts = urlsplit(owner_url)
    name = parts.path.removeprefix("/")
    lobby = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        await lobby.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await lobby.execute(f'CREATE DATABASE "{name}"')
    finally:
        await lobby.close()


def address(settings: Settings) -> str:
    """Where a browser on this machine finds the platform."""
    host = EVERYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def announce(settings: Settings, session: dict[str, Any], *, embedded: bool) -> None:
    """The person at the terminal knows where it is and with which token to be whom."""
    url = address(settings)
    tokens = {f"Token of {role}": token for role, token in session.get("tokens", {}).items()}
    rows = {"API": f"{url}/graphql", "Console": f"{url}/console"} | tokens
    width = max(map(len, rows))
    print(f"Makegood on {url}", *(f"{name:{width}}  {value}" for name, value in rows.items()), sep="\n")
    if embedded:
        print("The engines are embedded: for demo, development and tests, not for live data. Ctrl-C stops all.")
    sys.stdout.flush()


def _write_secretly(path: Path, text: str) -> None:
    """The file holds `text`, whole or not at all, for its owner's eyes only."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(path)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """A polite request to end comes out where Ctrl-C does."""
    raise KeyboardInterrupt
