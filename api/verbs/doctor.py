"""`./run doctor`: what the platform finds around it, a line per thing, and what to do about what is amiss."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from api import embedded
from api.settings import Settings, Unusable, from_environment

if TYPE_CHECKING:
    from storage.books import Law

DISK_BYTES_MIN = 1 << 30
"""Less than this, and an import of a million lines would fill the disk."""
ANSWER_SECONDS_MAX = 5
SHOWN_MAX = 20
"""Counters that are off, told one by one; `--repair` mends all of them alike."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sight:
    """One thing looked at: what it is, what was found, and whether that will do."""

    thing: str
    found: str
    well: bool = True


REPAIR = typer.Option(False, "--repair", help="Count providers' records anew where they are off, and say how many.")

command = typer.Typer(add_completion=False, pretty_exceptions_enable=False, invoke_without_command=True)


@command.callback()
def around(context: typer.Context, repair: bool = REPAIR) -> None:
    """Tell what the platform finds around it; exits with 1 if something is amiss."""
    if context.invoked_subcommand is not None:
        return
    settings = from_environment(os.environ)
    sights = [_python(), _disk(settings), _files(settings)]
    try:
        with embedded.connected(settings) as running:
            sights += asyncio.run(look(running))
            if all(sight.well for sight in sights):  # a schema that is behind has no books to look at
                sights += asyncio.run(_books(running))
                sights += asyncio.run(_records(running, repair=repair))
                sights += asyncio.run(_discipline(running))
    except Unusable as reason:
        sights.append(Sight("Engines", str(reason), well=False))
    width = max(len(sight.thing) for sight in sights)
    for sight in sights:
        print(f"{'ok   ' if sight.well else 'AMISS'}  {sight.thing:{width}}  {sight.found}")
    raise typer.Exit(int(not all(sight.well for sight in sights)))


@command.command()
def ledger() -> None:
    """Prove the books and the audit chain of every marketplace, law by law; exits with 1 if one is broken."""
    from api.verbs import books
    from api.verbs.tenants import with_worker

    _tell(with_worker(lambda _settings, pool: books.laws(pool)))


@command.command()
def audit() -> None:
    """Prove that no row of audit, ledger, history or what they are about was altered; exits with 1 if one was."""
    from api.verbs import books
    from api.verbs.tenants import with_worker

    _tell(with_worker(lambda _settings, pool: books.record(pool)))


def _tell(found: Mapping[str, Sequence[Law]]) -> None:
    """Each marketplace's laws with their figures and what breaks them; the verb ends with 1 if one is broken."""
    for name, laws in found.items():
        print(name)
        for law in laws:
            figures = ", ".join(f"{what} {figure}" for what, figure in law.figures)
            print(f"  {'holds ' if law.holds else 'BROKEN'}  {law.currency or '   '}  {law.name}: {figures}")
            for each in law.broken:
                print(f"{'':15}{each}")
    raise typer.Exit(int(not all(law.holds for laws in found.values() for law in laws)))


async def _books(settings: Settings) -> list[Sight]:
    """Whether ledger and audit trail of each marketplace are whole."""
    from api.verbs import books

    found = await books.faults(settings.database_worker_url)
    return [
        Sight(f"Books of {name}", "; ".join(faults) or "add up, and nothing was altered", well=not faults)
        for name, faults in found.items()
    ]


async def _records(settings: Settings, *, repair: bool) -> list[Sight]:
    """Whether the records of each marketplace's providers are what their shipments and reports add up to."""
    from api.verbs import books

    found = await books.recount(settings.database_worker_url, repair=repair)
    sights = []
    for name, (mended, faults) in found.items():
        listed = "; ".join(faults[:SHOWN_MAX]) + (f"; and {len(faults) - SHOWN_MAX} more" * (len(faults) > SHOWN_MAX))
        well = f"{mended} counters were put right" if mended else "are what shipments and reports add up to"
        sights.append(Sight(f"Records of {name}", listed or well, well=not faults))
    return sights


async def _discipline(settings: Settings) -> list[Sight]:
    """Whether points, counters and scorecards of each marketplace are what they were made of."""
    from api.verbs import discipline

    found = await discipline.faults(settings.database_worker_url)
    return [
        Sight(
            f"Discipline of {name}",
            "; ".join(faults[:SHOWN_MAX]) or "points, counters and scorecards are what a recount comes to",
            well=not faults,
        )
        for name, faults in found.items()
    ]


def _python() -> Sight:
    return Sight("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _disk(settings: Settings) -> Sight:
    place = next(folder for folder in (settings.state_dir, *settings.state_dir.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Sight("Disk", f"{free / (1 << 30):.1f} GiB free for {settings.state_dir}", well=free >= DISK_BYTES_MIN)


def _files(settings: Settings) -> Sight:
    """Where uploaded files lie; whether a folder can be written, and a bucket's name understood."""
    from api.intake.files import open_files
    from storage.files import Folder

    try:
        kept = open_files(settings)
    except Unusable as reason:
        return Sight("Files", str(reason), well=False)
    if not isinstance(kept, Folder):
        return Sight("Files", f"in {settings.files.partition('?')[0]}")
    place = next(folder for folder in (kept.folder, *kept.folder.parents) if folder.exists())
    well = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return Sight("Files", f"in {kept.folder}" if well else f"{place} is no folder that can be written", well=well)


async def look(settings: Settings) -> list[Sight]:
    """The servers that `settings` name, each seen once."""
    return [
        *await _application(settings.database_url),
        await _role("Owner's role", settings.database_owner_url, "not named here; migrations are run elsewhere"),
        await _role("Worker's role", settings.database_worker_url, "DATABASE_WORKER_URL must be set", serving=True),
        await _valkey(settings.redis_url),
    ]


async def _application(url: str) -> list[Sight]:
    """The application's database: its age, whether its role can pass by row-level security, and its schema."""
    from storage import migrate

    connection = await _connect(url)
    if isinstance(connection, Sight):
        return [connection]
    try:
        new_enough = connection.get_server_version().major >= migrate.POSTGRES_MIN
        version = await connection.fetchval("SHOW server_version")
        found = version if new_enough else f"{version}, but {migrate.POSTGRES_MIN} or newer is needed"
        postgres = Sight("Postgres", found, well=new_enough)
        try:
            await migrate.check_roles(connection)
            role = Sight("Application's role", "owns nothing and cannot pass by row-level security")
        except migrate.UnsafeRole as reason:
            role = Sight("Application's role", str(reason), well=False)
        return [postgres, role, await _schema(connection)]
    finally:
        await connection.close()


async def _schema(connection: Any) -> Sight:
    """Whether every shipped migration was applied."""
    import asyncpg

    from storage import migrate

    try:
        lacking = await migrate.pending(connection)
    except asyncpg.UndefinedTableError:
        lacking = len(migrate.shipped())
    found = f"lacks {lacking} migrations; ./run migrate applies them" if lacking else "up to date"
    return Sight("Schema", found, well=not lacking)


async def _role(thing: str, url: str, absent: str, *, serving: bool = False) -> Sight:
    """A role besides the application's. One that serves must be named, and may not pass by row-level security."""
    from storage import migrate

    if not url:
        return Sight(thing, absent, well=not serving)
    connection = await _connect(url)
    if isinstance(connection, Sight):
        return dataclasses.replace(connection, thing=thing)
    try:
        if serving:
            await migrate.check_roles(connection)
        return Sight(thing, f"connects as {await connection.fetchval('SELECT current_user')}")
    except migrate.UnsafeRole as reason:
        return Sight(thing, str(reason), well=False)
    finally:
        await connection.close()


async def _connect(url: str) -> Any:
    """A connection, or what is amiss with that address."""
    import asyncpg

    try:
        return await asyncpg.connect(url, timeout=ANSWER_SECONDS_MAX)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Sight("Postgres", f"does not answer: {str(error) or type(error).__name__}", well=False)


async def _valkey(url: str) -> Sight:
    """The Valkey or Redis of the address given."""
    import redis.asyncio

    try:
        async with redis.asyncio.Redis.from_url(url, socket_timeout=ANSWER_SECONDS_MAX) as client:
            facts = await client.info("server")
    except (redis.RedisError, OSError, ValueError) as error:
        return Sight("Valkey", f"does not answer: {error}", well=False)
    return Sight("Valkey", str(facts.get("valkey_version") or facts["redis_version"]))
