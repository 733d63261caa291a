"""Starting both engines for one state folder, or attaching to those that another process of ours supervises.

    nobody has owner.lock      → take it, wait until engines.lock is free, start, supervise, stop
    somebody has it            → wait for engines.json, attach; neither started nor stopped from here

`engines.lock` is handed down to the engines, so it stays taken until the last of them is gone, whatever became of their
supervisor: with it in hand every pid file and socket found is stale.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from api.embedded import account, home, postgres, valkey_server
from api.embedded.home import Home, Lock
from api.settings import SECRET_BYTES_MIN, Settings, Unusable

WAITING_SECONDS_MAX = 60
"""For another process to have its engines ready, or for the engines of a killed one to end."""
POLL_SECONDS = 0.02
DAMAGE = ("XX", "58", "3D", "28", "57P03")
"""How the SQLSTATEs begin that a database of our own has only where its files or passwords are not as we left them:
internal and system errors, no such database, a password refused, recovery that does not end."""


class InUse(Unusable):
    """Another process supervises the engines of this state folder."""


@dataclasses.dataclass(frozen=True, slots=True)
class Engines:
    """The addresses of a running Postgres and Valkey."""

    database_url: str
    """As the role `makegood_app`."""
    database_owner_url: str
    """As the role `makegood_owner`, which owns the database and may create others."""
    database_worker_url: str
    """As the role `makegood_worker`."""
    redis_url: str
    made: bool
    """True if the database did not exist before."""
    attached: bool
    """True if another process supervises them, and they end when it does."""


@contextlib.contextmanager
def engines(
    state: Path, *, durable: bool = True, attach: bool = True, meanwhile: Callable[[], object] | None = None
) -> Iterator[Engines]:
    """A Postgres and a Valkey of that state folder run for the duration, at least. Main thread only.

    What the caller has to do anyway goes into `meanwhile`, which runs while they start, if they are started here. With
    `durable=False` a power cut may cost the data: for tests. With `attach=False` engines that another process
    supervises, and will stop when it likes, are refused.

    Raises:
        InUse: another process supervises them, and `attach` is false.
        Unusable: the folder, the platform or the disk does not allow it; one sentence says which.
    """
    place = home.settle(state, account.of_engines())
    owner = Lock(state / "owner.lock")
    try:
        sockets = _find_running(place, owner, attach=attach)
        if sockets is not None:
            yield _addresses(place, sockets, made=False, attached=True)
            return
        with _supervised(place, meanwhile, durable=durable) as (sockets, made):
            yield _addresses(place, sockets, made=made, attached=False)
    finally:
        owner.release()


@contextlib.contextmanager
def connected(
    settings: Settings, *, durable: bool = True, meanwhile: Callable[[], object] | None = None
) -> Iterator[Settings]:
    """Settings whose servers run: as given, or with the engines of the state folder and its secret filled in.

    Raises:
        Unusable: as `engines`, or what is done meanwhile finds our own database damaged; one sentence says so.
    """
    if not settings.embedded:
        yield settings
        return
    with engines(settings.state_dir, durable=durable, meanwhile=meanwhile) as running:
        ready = dataclasses.replace(
            settings,
            database_url=running.database_url,
            database_owner_url=running.database_owner_url,
            database_worker_url=running.database_worker_url,
            redis_url=running.redis_url,
            secret_key=settings.secret_key or _secret(settings.state_dir),
        )
        try:
            yield ready
        except Exception as error:
            if not (getattr(error, "sqlstate", None) or "").startswith(DAMAGE):
                raise
            said = str(error).partition("\n")[0]
            raise Unusable(f"The embedded Postgres says: {said}.{postgres.remedy(settings.state_dir)}") from error


def discard(state: Path) -> None:
    """The state folder and all it records are gone; a folder that does not exist is left so.

    Raises:
        Unusable: a running process has it in use, or it is no state folder.
    """
    if not state.exists():
        return
    place = home.settle(state, account.of_engines())
    owner, engine = Lock(state / "owner.lock"), Lock(state / "engines.lock")
    try:
        if not owner.take():
            raise _in_use(place)
        _await_end_of_orphans(place, engine)
        home.discard(place)
    finally:
        engine.release()
        owner.release()


def _find_running(place: Home, owner: Lock, *, attach: bool) -> Path | None:
    """The socket folder of engines that another process supervises; None if that is ours to do now."""
    give_up_at = time.monotonic() + WAITING_SECONDS_MAX
    while not owner.take():
        if not attach:
            raise _in_use(place)
        sockets = Path(_facts(place).get("sockets", place.folder))
        if valkey_server.answers(sockets):
            return sockets
        if time.monotonic() > give_up_at:
            raise Unusable(f"Another process holds the state folder {place.state} but its engines do not answer.")
        time.sleep(POLL_SECONDS)
    return None


@contextlib.contextmanager
def _supervised(place: Home, meanwhile: Callable[[], object] | None, *, durable: bool) -> Iterator[tuple[Path, bool]]:
    """Both engines run as our children for the duration: their socket folder, and whether the database is new."""
    engine = Lock(place.state / "engines.lock")
    with contextlib.ExitStack() as ending:
        ending.callback(engine.release)
        _await_end_of_orphans(place, engine)
        made = postgres.make(place)
        sockets = place.make_sockets()
        ending.callback(shutil.rmtree, sockets, ignore_errors=True)
        database = postgres.start(place, sockets, durable=durable, holds=engine.descriptor)
        ending.callback(postgres.stop, database)
        cache = valkey_server.start(place, sockets, holds=engine.descriptor)
        ending.callback(valkey_server.stop, cache)
        if meanwhile is not None:
            meanwhile()
        postgres.await_ready(database, place)
        valkey_server.await_ready(cache, place, sockets)
        _record(place, {"owner": os.getpid(), "engines": [database.pid, cache.pid], "sockets": str(sockets)})
        ending.callback(place.facts.unlink, missing_ok=True)
        yield sockets, made


def _await_end_of_orphans(place: Home, engine: Lock) -> None:
    """`engine` is ours: the engines of a killed supervisor have ended, by themselves (Linux) or because we asked."""
    give_up_at = time.monotonic() + WAITING_SECONDS_MAX
    if not engine.take():
        for pid in _facts(place).get("engines", []):  # one of them lives, or the lock would be free
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGINT)
    while not engine.take():
        if time.monotonic() > give_up_at:
            raise Unusable(f"Engines left over from an earlier start still hold the state folder {place.state}.")
        time.sleep(POLL_SECONDS)
    left = Path(_facts(place).get("sockets", place.folder))
    if left.parent == Path(tempfile.gettempdir()) and left.name.startswith(home.HOME_PREFIX):
        shutil.rmtree(left, ignore_errors=True)
    place.facts.unlink(missing_ok=True)


def _addresses(place: Home, sockets: Path, *, made: bool, attached: bool) -> Engines:
    passwords = postgres.read_passwords(place)
    return Engines(
        database_url=postgres.url(sockets, postgres.APP, passwords[postgres.APP]),
        database_owner_url=postgres.url(sockets, postgres.OWNER, passwords[postgres.OWNER]),
        database_worker_url=postgres.url(sockets, postgres.WORKER, passwords[postgres.WORKER]),
        redis_url=valkey_server.url(sockets),
        made=made,
        attached=attached,
    )


def _in_use(place: Home) -> InUse:
    return InUse(
        f"The state folder {place.state} is in use by process {_facts(place).get('owner', '?')}; stop it first."
    )


def _facts(place: Home) -> dict[str, Any]:
    """What the supervisor recorded last; empty if it has not yet, or the file is damaged."""
    try:
        facts = json.loads(place.facts.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _record(place: Home, facts: dict[str, Any]) -> None:
    """The facts are there for those who attach, whole or not at all."""
    unfinished = place.facts.with_suffix(".new")
    unfinished.write_text(json.dumps(facts), encoding="utf-8")
    unfinished.rename(place.facts)


def _secret(state: Path) -> bytes:
    """The state's own secret, made at its first use."""
    path = state / "secret"
    if not path.exists():
        unfinished = state / f"secret.{os.getpid()}"
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_hex(SECRET_BYTES_MIN), encoding="ascii")
        unfinished.rename(path)
    secret = path.read_bytes()
    if len(secret) < SECRET_BYTES_MIN:
        raise Unusable(f"The secret in {path} was cut short.{postgres.remedy(state)}")
    return secret
