"""One Postgres cluster: made once with three roles and one database, then started and stopped as our child.

The superuser exists for the moment of making: roles and database come from single-user mode, before any server listens,
and its password is thrown away. Everyone who connects is owner, app or worker, none of whom is superuser or passes by
row-level security; the owner may create databases, so that tests clone theirs.
"""

from __future__ import annotations

import json
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from api.embedded import binaries, children
from api.embedded.home import Home
from api.settings import Unusable

DATABASE = "makegood"
OWNER, APP, WORKER = "makegood_owner", "makegood_app", "makegood_worker"
ROLES = {OWNER: "CREATEDB", APP: "", WORKER: ""}
"""Each role's privileges beyond logging in."""
SUPERUSER = "postgres"
PORT = 5432
"""Only part of the socket's name: nothing listens on a network."""
STARTING_SECONDS_MAX = 60
"""A cluster that was killed replays its journal first."""
STOPPING_SECONDS_MAX = 20
POLL_SECONDS = 0.01

SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "timezone": "UTC",
    "jit": "off",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
}
FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""For tests: what a power cut would cost is made again in a second."""


def make(home: Home) -> bool:
    """The cluster, its roles and its database exist; True if they were made by this call.

    Raises:
        Unusable: a program failed; the sentence carries its last line.
    """
    if home.database.exists():
        return False
    programs = binaries.postgres(home)
    unfinished = home.make("postgres.new")
    password_file = home.folder / "superuser"
    password_file.touch(mode=0o600)
    password_file.write_text(secrets.token_urlsafe(32), encoding="ascii")
    home.account.owns(password_file)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    login = (f"--username={SUPERUSER}", f"--pwfile={password_file}", "--auth=scram-sha-256")
    _run(home, (programs / "initdb", f"--pgdata={unfinished}", *login, *locale, "--no-instructions", "--no-sync"))
    password_file.unlink()
    passwords = {role: secrets.token_urlsafe(32) for role in ROLES}
    single = (programs / "postgres", "--single", "-D", unfinished, "-j", "-c", "exit_on_error=true", SUPERUSER)
    _run(home, single, feed=_roles_and_database(passwords))
    home.passwords.unlink(missing_ok=True)
    home.passwords.touch(mode=0o600)
    home.passwords.write_text(json.dumps(passwords), encoding="ascii")
    unfinished.rename(home.database)
    return True


def start(home: Home, sockets: Path, *, durable: bool, holds: int) -> subprocess.Popen[bytes]:
    """The cluster begins to start, to answer on a socket in `sockets`; no other server of it can live meanwhile."""
    note = home.database / "postmaster.pid"
    note.unlink(missing_ok=True)  # of a server that was killed; its process id may be another's by now
    settings = SETTINGS | {"unix_socket_directories": str(sockets)} | ({} if durable else FORGETFUL)
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [str(binaries.postgres(home) / "postgres"), "-D", str(home.database), "-p", str(PORT), *options]
    with home.log("postgres").open("wb") as log:
        return children.start(command, home.account, dies_by=signal.SIGINT, log=log, holds=(holds,))


def await_ready(server: subprocess.Popen[bytes], home: Home) -> None:
    """The cluster that begins to start answers.

    Raises:
        Unusable: it would not start; the sentence carries the last line of its log.
    """
    note = home.database / "postmaster.pid"
    give_up_at = time.monotonic() + STARTING_SECONDS_MAX
    while not _is_ready(note, server.pid):
        if server.poll() is not None or time.monotonic() > give_up_at:
            raise Unusable(
                f"The embedded Postgres does not start: {last_line(home.log('postgres'))}{remedy(home.state)}"
            )
        time.sleep(POLL_SECONDS)


def stop(server: subprocess.Popen[bytes]) -> None:
    """The server has ended: its sessions cut, its journal written out."""
    children.stop(server, (signal.SIGINT, signal.SIGQUIT), STOPPING_SECONDS_MAX)


def url(sockets: Path, role: str, password: str) -> str:
    """The address of the database for `role`, as asyncpg reads it."""
    return f"postgresql://{role}:{quote(password)}@/{DATABASE}?host={quote(str(sockets), safe='')}&port={PORT}"


def read_passwords(home: Home) -> Mapping[str, str]:
    """The password of each role.

    Raises:
        Unusable: the file is missing or damaged.
    """
    try:
        passwords = json.loads(home.passwords.read_text(encoding="ascii"))
        return {role: str(passwords[role]) for role in ROLES}
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise Unusable(f"The passwords of the embedded database cannot be read.{remedy(home.state)}") from error


def last_line(log: Path) -> str:
    """What a program said last, or that it said nothing."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    spoken = [line for line in lines if "FATAL" in line or "ERROR" in line or "error:" in line] or lines
    last = next((line.strip() for line in reversed(spoken) if line.strip()), "it said nothing")
    return re.sub(r"^.*?(FATAL|ERROR|error): +", "", last).removesuffix(".") + "."


def remedy(state: Path) -> str:
    """What a person can do who is told that something of the engines' is not as it was left."""
    return f" If the state folder {state} is damaged, `./run --fresh` begins anew without what is in it."


def _roles_and_database(passwords: Mapping[str, str]) -> bytes:
    """The statements of single-user mode, which ends each at a semicolon and an empty line."""
    statements = [
        f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS {privileges} PASSWORD '{passwords[role]}'"
        for role, privileges in ROLES.items()
    ]
    statements += [f"CREATE DATABASE {DATABASE} OWNER {OWNER}"]
    # The owner could drop every trigger anyway; tests, which empty tables that refuse DELETE, set them aside instead.
    statements += [f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}"]
    return "".join(f"{statement};\n\n" for statement in statements).encode("ascii")


def _run(home: Home, command: Sequence[str | Path], feed: bytes | None = None) -> None:
    """A program that makes something has ended well."""
    log_path = home.log("making")
    with log_path.open("wb") as log:
        program = children.start(
            command, home.account, dies_by=signal.SIGKILL, log=log, feed=subprocess.PIPE if feed else subprocess.DEVNULL
        )
    program.communicate(feed)
    if program.returncode != 0:
        raise Unusable(f"The embedded Postgres cannot be made: {last_line(log_path)}")
    log_path.unlink()


def _is_ready(note: Path, pid: int) -> bool:
    """True if the server of that process id has noted, in the last line of its pid file, that it takes connections."""
    try:
        lines = note.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
