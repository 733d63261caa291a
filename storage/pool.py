"""A lean pool of connections: as few round trips and as little Python as a statement needs.

How it works. Free connections are a stack; whoever finds none waits in line, first come first served. A connection
keeps one prepared statement per text (bounded, least recently used goes first) and is handed back without a reset, so
pooled connections carry no session state, with one exception: the tenant of row-level security. A connection remembers
whose it is, is asked for by tenant, and changes it (one round trip, outside transactions) only when another tenant
comes. After any error or cancellation the tenant is forgotten and set anew for whoever comes next.

Laws: nobody gets a connection that shows another tenant than the one asked for; a connection given back in the middle
of a transaction or of a cancelled statement is mended in the background before anybody gets it, or is thrown away; a
lost one is replaced; waiting has an end (UNAVAILABLE).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Final, Self, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from domain.errors import ErrorCode, Refusal
from storage import writing
from storage.writing import Unwritten

STATEMENTS_MAX: Final = 256
"""Prepared statements per connection; each costs the server some tens of kilobytes."""

WAIT_SECONDS: Final = 5.0
"""How long a caller waits for a free connection."""

CONNECT_SECONDS: Final = 5.0
MEND_SECONDS: Final = 5.0
"""How long a cancelled statement may take to stop before its connection is thrown away."""

SETTINGS: Final = {
    "application_name": "makegood",
    "jit": "off",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "datestyle": "ISO",
}

SET_TENANT: Final = "SELECT set_config('makegood.tenant_id', $1, false)"

LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's farewell came while nothing was asked
    asyncpg.AdminShutdownError,
    OSError,
)
"""What a statement raises when its connection is gone. A read may be asked again, once."""

R = TypeVar("R")


class Unavailable(Refusal):
    """The database cannot be asked just now; the same request may succeed later."""

    code = ErrorCode.UNAVAILABLE


class Connection:
    """One connection with its prepared statements. Used by one caller at a time."""

    __slots__ = ("_prepared", "_statements", "raw", "tenant")

    def __init__(self, raw: asyncpg.Connection[Any]) -> None:
        self.raw = raw
        self.tenant: str | None = ""
        """Whose rows it shows; empty for nobody's, None when that is not known any more."""
        self._statements: OrderedDict[str, PreparedStatement[Any]] = OrderedDict()
        self._prepared = 0

    async def fetch(self, text: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows of the statement."""
        return await (await self._statement(text)).fetch(*arguments)

    async def fetchrow(self, text: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row of the statement, or None."""
        return await (await self._statement(text)).fetchrow(*arguments)

    async def fetchval(self, text: str, *arguments: Any) -> Any:
        """The first value of the first row, or None."""
        return await (await self._statement(text)).fetchval(*arguments)

    async def single(self, text: str, *arguments: Any) -> asyncpg.Record | None:
        """The only row of a statement that finds one or none, whatever its arguments; acts in company share it."""
        return await self.fetchrow(text, *arguments)

    async def lock(self, text: str, *arguments: Any) -> asyncpg.Record | None:
        """Likewise, of a statement that ends with `FOR UPDATE` and whose row has the column `id`."""
        return await self.fetchrow(text, *arguments)

    async def write(self, tenant_id: str, unwritten: Unwritten) -> bool:
        """All of it is written by one statement. Whether every row to be updated was found."""
        groups = unwritten.composed()
        text, arguments = writing.statement(tenant_id, groups)
        return bool(await self.fetchval(text, *arguments) == writing.expected(groups))

    async def executemany(self, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """The statement, once for each row of arguments, in one round trip."""
        await (await self._statement(text)).executemany(rows)

    async def fetchmany(self, text: str, rows: Sequence[tuple[Any, ...]]) -> list[asyncpg.Record]:
        """What the statement finds for each row of arguments, one after the other, in one round trip."""
        return await (await self._statement(text)).fetchmany(rows)

    async def execute(self, text: str) -> str:
        """The commands of `text` in one simple query, without arguments; the last one's status."""
        return await self.raw.execute(text)

    async def show(self, tenant: str) -> None:
        """From now on the connection shows that tenant's rows, none for the empty text."""
        if self.tenant != tenant:
            self.tenant = None
            await self.fetchval(SET_TENANT, tenant)
            self.tenant = tenant

    async def _statement(self, text: str) -> PreparedStatement[Any]:
        statement = self._statements.get(text)
        if statement is not None:
            self._statements.move_to_end(text)
            return statement
        self._prepared += 1  # asyncpg leaves a statement unnamed, to be parsed each time, unless it is given a name
        statement = self._statements[text] = await self.raw.prepare(text, name=f"s{self._prepared}")
        if len(self._statements) > STATEMENTS_MAX:
            self._statements.popitem(last=False)
        return statement


class Pool:
    """Connections of one role to one database. Open it with `Pool.open`."""

    def __init__(self, url: str, size: int, wait_seconds: float) -> None:
        self._url, self._size, self._wait_seconds = url, size, wait_seconds
        self._free: list[Connection] = []
        self._waiters: deque[asyncio.Future[Connection]] = deque()
        self._count = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._quiet = asyncio.Event()
        self.joints: dict[tuple[str, str], Any] = {}
        """Of `storage/joint.py`: by tenant and verb, the acts that share transactions of this pool."""

    @classmethod
    async def open(cls, url: str, *, size: int = 10, wait_seconds: float = WAIT_SECONDS) -> Self:
        """A pool of at most `size` connections, one of them made at once. Refuses with Unavailable if it cannot be."""
        pool = cls(url, size, wait_seconds)
        async with pool.acquire(None):
            return pool

    # -- asking ----------------------------------------------------------------------------------------------------

    async def fetch(self, tenant: str | None, text: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows of one statement under that tenant."""
        connection = await self._take(tenant)
        try:
            rows = await connection.fetch(text, *arguments)
        except BaseException as fault:
            self._give_back_after(connection, fault)
            raise
        self._give_back(connection)
        return rows

    async def fetchrow(self, tenant: str | None, text: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row of one statement under that tenant, or None."""
        async with self.acquire(tenant) as connection:
            return await connection.fetchrow(text, *arguments)

    async def fetchval(self, tenant: str | None, text: str, *arguments: Any) -> Any:
        """The first value of one statement under that tenant, or None."""
        async with self.acquire(tenant) as connection:
            return await connection.fetchval(text, *arguments)

    @contextlib.asynccontextmanager
    async def acquire(self, tenant: str | None) -> AsyncIterator[Connection]:
        """A connection that shows that tenant's rows and nobody else's; None for no tenant's."""
        connection = await self._take(tenant)
        try:
            yield connection
        except BaseException as fault:
            self._give_back_after(connection, fault)
            raise
        self._give_back(connection)

    @contextlib.asynccontextmanager
    async def transaction(self, tenant: str | None, begin: str = "BEGIN") -> AsyncIterator[Connection]:
        """A connection inside a transaction begun by `begin` (one simple query, which may set local timeouts).

        Committed when the body ends, rolled back when it raises. A cancellation that arrives during the commit is
        delivered after it, so that the caller never leaves while the outcome is open.
        """
        async with self.acquire(tenant) as connection:
            await connection.execute(begin)
            try:
                yield connection
            except Exception:
                await to_the_end(_roll_back(connection))
                raise
            await to_the_end(connection.execute("COMMIT"))

    @property
    def idle(self) -> int:
        """How many connections are free now."""
        return len(self._free)

    @property
    def count(self) -> int:
        """How many connections are open or being opened."""
        return self._count

    async def close(self, patience_seconds: float = 5.0) -> None:
        """Refuses new callers, waits that long for those at work, then closes every connection."""
        self._closing = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(_unavailable())
        self._waiters.clear()
        if self._count > len(self._free):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), patience_seconds)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        free, self._free, self._count = self._free, [], 0
        for connection in free:
            try:
                await connection.raw.close(timeout=patience_seconds)
            except (*LOST, asyncpg.PostgresError, TimeoutError):
                connection.raw.terminate()

    # -- lending ---------------------------------------------------------------------------------------------------

    async def _take(self, tenant: str | None) -> Connection:
        wanted = tenant or ""
        connection = self._pick(wanted) or await self._obtain()
        if connection.tenant != wanted:
            try:
                await connection.show(wanted)
            except BaseException as fault:
                self._give_back_after(connection, fault)
                raise
        return connection

    def _pick(self, wanted: str) -> Connection | None:
        """A free living connection, preferably one that shows the tenant already."""
        free = self._free
        while free:
            place = len(free) - 1
            if free[place].tenant != wanted:
                place = next((at for at in range(place, -1, -1) if free[at].tenant == wanted), place)
            connection = free.pop(place)
            if not connection.raw.is_closed():
                return connection
            self._count -= 1
        return None

    async def _obtain(self) -> Connection:
        """A new connection where there is room for one, else the next that comes back."""
        if self._closing:
            raise _unavailable()
        if self._count < self._size:
            return await self._connect()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Connection] = loop.create_future()
        self._waiters.append(waiter)
        timer = loop.call_later(self._wait_seconds, _expire, waiter)
        try:
            return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_back(waiter.result())  # handed over in the same instant
            raise
        finally:
            timer.cancel()

    async def _connect(self) -> Connection:
        self._count += 1
        try:
            raw = await asyncpg.connect(
                self._url, timeout=CONNECT_SECONDS, statement_cache_size=0, server_settings=dict(SETTINGS)
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as fault:
            self._count -= 1
            raise _unavailable() from fault
        except BaseException:
            self._count -= 1
            raise
        return Connection(raw)

    def _give_back(self, connection: Connection) -> None:
        if connection.raw.is_closed():
            self._discard(connection)
        elif connection.raw.is_in_transaction():
            self._in_background(self._mend(connection))
        else:
            self._lend(connection)

    def _lend(self, connection: Connection) -> None:
        """To the next who waits, or to the stack."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._free.append(connection)
        self._notice_quiet()

    def _notice_quiet(self) -> None:
        if self._closing and self._count == len(self._free):
            self._quiet.set()

    def _give_back_after(self, connection: Connection, fault: BaseException) -> None:
        """After a fault. Whose rows it shows is not known any more, unless the fault is a refusal of ours.

        What was cancelled half-way is mended in the background; nobody waits for it.
        """
        if not isinstance(fault, Refusal):
            connection.tenant = None
        if isinstance(fault, Exception) and not isinstance(fault, TimeoutError):
            self._give_back(connection)
        elif connection.raw.is_closed():
            self._discard(connection)
        else:
            self._in_background(self._mend(connection))

    async def _mend(self, connection: Connection) -> None:
        """The connection is out of its statement and its transaction, and free; or it is thrown away."""
        sound = False
        try:
            async with asyncio.timeout(MEND_SECONDS):  # either command first waits for a cancelled statement to stop
                await connection.execute("ROLLBACK" if connection.raw.is_in_transaction() else "SELECT")
            sound = True
        except (*LOST, asyncpg.PostgresError, TimeoutError):
            pass  # thrown away below
        finally:
            if sound:
                connection.tenant = None
                self._give_back(connection)
            else:
                self._discard(connection)

    def _discard(self, connection: Connection) -> None:
        connection.raw.terminate()
        self._count -= 1
        self._notice_quiet()
        if any(not waiter.done() for waiter in self._waiters) and not self._closing:
            self._in_background(self._replace())

    async def _replace(self) -> None:
        """A new connection for those who wait, or a refusal for the first of them."""
        try:
            self._lend(await self._connect())
        except Unavailable as refusal:
            waiter = next((waiter for waiter in self._waiters if not waiter.done()), None)
            if waiter is not None:
                waiter.set_exception(refusal)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def to_the_end(work: Coroutine[Any, Any, R]) -> R:
    """What `work` returns or raises, waited for even if the waiting task is cancelled; the cancellation comes after."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task])
        raise


async def _roll_back(connection: Connection) -> None:
    if not connection.raw.is_closed():
        await connection.execute("ROLLBACK")


def _unavailable() -> Unavailable:
    return Unavailable("the database cannot be asked just now; try again")


def _expire(waiter: asyncio.Future[Connection]) -> None:
    if not waiter.done():
        waiter.set_exception(_unavailable())
