"""Migrations: the numbered SQL files of `storage/migrations/`, applied forwards, once each, in order.

Laws: a file that was applied never changes again (its checksum is kept); a file and its row in `schema_migrations`
commit together; two runners take turns; a migration that cannot get its locks gives up rather than queue behind traffic
and block it. A file whose first line is `-- no-transaction` holds one statement that Postgres refuses inside a
transaction (`CREATE INDEX CONCURRENTLY IF NOT EXISTS …`) and that may be repeated after a crash.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import asyncpg

from storage import calendars

FOLDER: Final = Path(__file__).parent / "migrations"
POSTGRES_MIN: Final = 16
"""The oldest server the SQL is written for."""
LOCK_SECONDS_MAX: Final = 5
"""A statement that waits longer for a table gives up: everybody behind it would be waiting too."""
TURN_SECONDS_MAX: Final = 120
"""Waiting for another runner to finish."""
ADVISORY_LOCK: Final = 0x6D616B65676F6F64
"""One runner at a time per database: "makegood" in ASCII."""
NO_TRANSACTION: Final = "-- no-transaction"

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_ROLE = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
  number     integer PRIMARY KEY,
  name       text NOT NULL,
  checksum   text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


class MigrationRefused(Exception):
    """The schema cannot be brought up to date; the message is one sentence for the operator."""


class UnsafeRole(Exception):
    """The role the application connects with could pass by row-level security."""


class Queryable(Protocol):
    """A connection, or a pool of them."""

    async def fetchrow(self, query: str, /, *args: Any) -> Any:
        """The first row of the answer, or None."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name without the ending, its text as written."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """Whether it runs inside a transaction, as all do that are not marked."""
        return not self.text.startswith(NO_TRANSACTION)


def shipped() -> tuple[Migration, ...]:
    """The files of this version in order. Refuses (ValueError) a file that is misnamed or repeats a number."""
    found: list[Migration] = []
    for file in sorted(FOLDER.glob("*.sql")):
        match = _NAME.match(file.name)
        if match is None:
            raise ValueError(f"{file.name}: a migration is named by four digits, an underscore and small letters")
        if found and found[-1].number == int(match[1]):
            raise ValueError(f"{file.name}: the number {match[1]} is taken by {found[-1].name}")
        found.append(Migration(int(match[1]), file.stem, file.read_text(encoding="utf-8")))
    return tuple(found)


def checksum() -> str:
    """One digest of all files and frozen markets: databases with the same one are alike.

    Names the tests' template database.
    """
    digest = hashlib.sha256()
    for migration in shipped():
        digest.update(f"{migration.name} {migration.checksum}\n".encode())
    digest.update(f"{calendars.MARKETS}{calendars.REGIONS}".encode())
    return digest.hexdigest()[:16]


async def migrate(
    owner_url: str, *, app: str = "makegood_app", worker: str = "makegood_worker", owner: str = "makegood_owner"
) -> list[str]:
    """The schema is up to date and its calendars are frozen; returns the names of the files that were applied now.

    The three roles exist already; `owner_url` connects as `owner`, who owns the database.

    Raises:
        MigrationRefused: an applied file was edited or is unknown here, the server is too old, or locks were not had.
    """
    applied = await apply(shipped(), owner_url, {"{app}": app, "{worker}": worker, "{owner}": owner})
    connection = await asyncpg.connect(owner_url)
    try:
        await calendars.freeze(connection)
    finally:
        await connection.close()
    return applied


async def apply(migrations: Sequence[Migration], owner_url: str, roles: Mapping[str, str]) -> list[str]:
    """`migrations` are applied; see `migrate`. `roles` maps the words in braces to role names."""
    for role in roles.values():
        if not _ROLE.match(role):
            raise MigrationRefused(f"{role!r} is not a plain name for a database role.")
    connection = await asyncpg.connect(owner_url)
    try:
        if connection.get_server_version().major < POSTGRES_MIN:
            raise MigrationRefused(
                f"Postgres {POSTGRES_MIN} or newer is needed, this is {connection.get_server_version().major}."
            )
        await _take_turn(connection)
        await connection.execute("SET client_min_messages = warning;" + _LEDGER)
        await connection.execute(
            f"GRANT SELECT ON schema_migrations TO {_quoted(roles['{app}'])}, {_quoted(roles['{worker}'])}"
        )
        waiting = _unapplied(migrations, await connection.fetch("SELECT number, name, checksum FROM schema_migrations"))
        await connection.execute(f"SET lock_timeout = '{LOCK_SECONDS_MAX}s'")
        for migration in waiting:
            await _run(connection, migration, roles)
    finally:
        await connection.close()
    return [migration.name for migration in waiting]


async def pending(connection: Queryable) -> int:
    """How many shipped files the database lacks: the application is ready when it is none."""
    known = await connection.fetchrow("SELECT coalesce(max(number), 0) AS newest FROM schema_migrations")
    return sum(migration.number > known["newest"] for migration in shipped())


async def check_roles(connection: Queryable) -> None:
    """The role of this connection cannot pass by row-level security.

    Raises:
        UnsafeRole: it is superuser, has BYPASSRLS, owns tables, or may become a role that does.
    """
    role = await connection.fetchrow("""
        SELECT current_user AS name, rolsuper, rolbypassrls,
               EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
                       AND pg_has_role(current_user, relowner, 'MEMBER')) AS owns,
               EXISTS (SELECT FROM pg_roles other WHERE (other.rolsuper OR other.rolbypassrls)
                       AND pg_has_role(current_user, other.oid, 'MEMBER')) AS may_become
        FROM pg_roles WHERE rolname = current_user""")
    reasons = {
        "rolsuper": "is a superuser",
        "rolbypassrls": "has BYPASSRLS",
        "owns": "owns tables",
        "may_become": "may become a role that passes by row-level security",
    }
    for column, reason in reasons.items():
        if role[column]:
            raise UnsafeRole(f"The database role {role['name']} {reason}; connect with one that owns nothing.")


def _quoted(role: str) -> str:
    return f'"{role}"'


async def _take_turn(connection: asyncpg.Connection) -> None:
    await connection.execute(f"SET lock_timeout = '{TURN_SECONDS_MAX}s'")
    try:
        await connection.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
    except asyncpg.LockNotAvailableError as error:
        raise MigrationRefused(
            "Another process has been migrating this database for two minutes; look at it first."
        ) from error


def _unapplied(migrations: Sequence[Migration], applied: Sequence[asyncpg.Record]) -> list[Migration]:
    """What is left to apply, in order. Refuses a database whose past differs from the files."""
    shipped_by_number = {migration.number: migration for migration in migrations}
    for row in applied:
        migration = shipped_by_number.pop(row["number"], None)
        if migration is None:
            raise MigrationRefused(
                f"The database has the migration {row['name']}, which this version does not know; it is newer."
            )
        if migration.checksum != row["checksum"]:
            raise MigrationRefused(
                f"{migration.name} was edited after it was applied; undo that and add a new file instead."
            )
    newest = max((row["number"] for row in applied), default=0)
    for migration in shipped_by_number.values():
        if migration.number < newest:
            raise MigrationRefused(
                f"{migration.name} comes before a migration that was applied already; give it a new number."
            )
    return sorted(shipped_by_number.values(), key=lambda migration: migration.number)


async def _run(connection: asyncpg.Connection, migration: Migration, roles: Mapping[str, str]) -> None:
    text = migration.text
    for word, role in roles.items():
        text = text.replace(word, _quoted(role))
    record = "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)"
    try:
        if migration.in_transaction:
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute(record, migration.number, migration.name, migration.checksum)
        else:
            await connection.execute(text)
            await connection.execute(record, migration.number, migration.name, migration.checksum)
    except asyncpg.LockNotAvailableError as error:
        raise MigrationRefused(
            f"{migration.name} could not get its locks in {LOCK_SECONDS_MAX} seconds; try again when it is quiet."
        ) from error
    except asyncpg.PostgresError as error:
        raise MigrationRefused(f"{migration.name} failed: {error}") from error
