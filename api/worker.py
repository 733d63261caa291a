"""The worker: what is over has its consequence, what happened is told, audit rows are sealed, old keys are swept.

How it works. A few rounds (`ROUNDS`) repeat independently of each other. Each looks across tenants, as the worker's
role may in a few tables, and then does one small transaction after another inside one tenant. Looking every second is
the truth; a commit in the same process only makes the next look come sooner.

Duties that are over together are fired a few at a time in one transaction, which saves most of what a transaction
costs beside them. Such a transaction waits for nobody and is short; where anything in it fails, it never was, and its
duties are fired one by one (infra/decisions/0173).

Laws: a consequence commits with the mark that it happened, so any number of workers, killed at any instant, make it
happen once; a duty whose consequence fails waits longer after each try and never holds up another; a worker told to
stop finishes the duty it is in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from redis.asyncio import Redis

from api.imports.rate_sheets import read_on
from api.intake.files import open_files
from api.operations import clocks, rate_imports, uploads
from api.operations.clocks import FIRES, Fire
from api.settings import Settings
from domain.clocks import Clock, Duty
from domain.ids import TenantId
from domain.rate_imports import RateImport
from storage import audit, callers, certificates, fanout, idempotency, outbox, tracking
from storage import clocks as clock_rows
from storage import rate_imports as import_rows
from storage.cache import LOST as CACHE_LOST
from storage.cache import open_cache
from storage.files import Files, Missing
from storage.migrate import check_roles
from storage.pool import LOST, Connection, Pool, Unavailable
from storage.unit_of_work import COMMITTED, Outcome, Work, transact

LANES: Final = 4
"""Tenants that one round serves at the same time."""
POOL_SIZE: Final = 6
FIRES_PER_VISIT: Final = 200
"""Duties of one tenant before others have their turn."""
FIRES_AT_ONCE: Final = 10
"""Duties in one transaction: what it costs beside them is a tenth of theirs, and more would hold locks for longer."""
FIRING_SECONDS: Final = 0.1
"""Once a transaction with several duties took that long, what is left of them is left to the next."""
WAIT_FOR_NOBODY: Final = "SET LOCAL lock_timeout = '50ms'"
"""Several duties lock in the order they are due, not in that of the house: rather than meet another transaction in a
deadlock, which Postgres looks for after a second, theirs gives way."""
EVENTS_PER_VISIT: Final = 500
GATHERING_SECONDS: Final = 0.02
"""After a commit woke a round: how long it lets further commits gather."""
ENDING_SECONDS_MAX: Final = 10
"""For the transactions under way when the worker is told to stop."""

log = structlog.get_logger()


LockDue = Callable[[Connection, TenantId, datetime], Awaitable[list[Clock]]]
"""Which duties that are over are taken, of `storage.clocks`."""


class NobodyHears(Exception):
    """Valkey is away: what was about to be published stays where it is."""


@dataclass(frozen=True, slots=True)
class Round:
    """Something that is done again and again: `visit` each tenant that `find` names; True says there may be more."""

    name: str
    every_seconds: float
    find: Callable[[Connection], Awaitable[Collection[TenantId]]]
    visit: Callable[["Worker", TenantId], Awaitable[bool]]
    woken_by_commits: bool = False


class Worker:
    """All rounds over one pool of the worker's role. `fires` is what follows from silence."""

    def __init__(
        self, pool: Pool, cache: "Redis", *, fires: Mapping[Duty, Fire] = FIRES, files: Files | None = None
    ) -> None:
        self.pool, self.cache, self.fires, self.files = pool, cache, fires, files
        self._stopping = asyncio.Event()
        self._committed = asyncio.Event()

    async def work(self) -> None:
        """Rounds repeat until this is cancelled; then the transactions under way end, and nothing else begins."""
        rounds = [asyncio.create_task(self._repeat(each), name=f"worker {each.name}") for each in ROUNDS]
        COMMITTED.add(self._committed.set)
        try:
            await asyncio.wait(rounds)
        finally:
            COMMITTED.discard(self._committed.set)
            self._stopping.set()
            self._committed.set()
            _, late = await asyncio.wait(rounds, timeout=ENDING_SECONDS_MAX)
            for each in late:
                each.cancel()
            await asyncio.gather(*rounds, return_exceptions=True)

    async def once(self, each: Round) -> bool:
        """One look of that round: each tenant it finds was visited. True if there may be more to do at once."""
        async with self.pool.acquire(None) as connection:
            tenants = await each.find(connection)
        lanes = asyncio.Semaphore(LANES)

        async def visit(tenant_id: TenantId) -> bool:
            async with lanes:
                return not self._stopping.is_set() and await each.visit(self, tenant_id)

        answers = await asyncio.gather(*(visit(tenant_id) for tenant_id in tenants), return_exceptions=True)
        faults = {repr(answer): answer for answer in answers if isinstance(answer, BaseException)}
        for fault in faults.values():
            self._tell(each, fault)
        return True in answers

    async def fire(self, tenant_id: TenantId) -> bool:
        """Duties of the tenant that are over have fired, up to a fair number; True if there may be more."""
        fired = 0
        for lock_due in (clock_rows.lock_due_own, partial(clock_rows.lock_due, count=FIRES_AT_ONCE)):
            while some := await self._fire_some(tenant_id, lock_due):
                fired += some
                if self._stopping.is_set():
                    return False
                if fired >= FIRES_PER_VISIT:
                    return True
        return False

    async def publish(self, tenant_id: TenantId) -> bool:
        """What happened is told to whoever listens; True if there may be more. Raises NobodyHears without Valkey."""
        async with self.pool.transaction(tenant_id) as connection:
            events = await outbox.take(connection, tenant_id, EVENTS_PER_VISIT)
            if events and await self._is_heard(tenant_id):
                addressed = await outbox.addressed(connection, tenant_id, events)
                if not await fanout.publish(self.cache, tenant_id, *addressed):
                    raise NobodyHears
            await callers.tell(self.cache, [each.object_id for each in events if each.name in callers.HAPPENINGS])
        return len(events) == EVENTS_PER_VISIT

    async def seal(self, tenant_id: TenantId) -> bool:
        """The tenant's audit rows and transfers are sealed. The log line is the seal's copy outside the database.

        Whoever posts a transfer keeps something in the same transaction: where there is one to seal, so is an audit
        row.
        """
        async with self.pool.transaction(tenant_id) as connection:
            made = [(chain, await audit.seal(connection, tenant_id, chain)) for chain in (audit.AUDIT, audit.LEDGER)]
        for chain, seal in made:
            if seal is not None:
                digest = seal.digest.hex()
                what = f"{audit.WORDS[chain]} sealed"
                log.info(what, tenant=tenant_id, position=seal.position, rows=seal.rows, digest=digest)
        return False

    async def sweep(self, tenant_id: TenantId) -> bool:
        """Idempotency keys past their time are free again, and reports wait no longer for shipments that never came."""
        async with self.pool.transaction(tenant_id) as connection:
            await idempotency.sweep(connection, tenant_id)
            await tracking.sweep(connection, tenant_id)
        return False

    async def erase(self, tenant_id: TenantId) -> bool:
        """Uploads that failed have no bytes any more, and no half file lies about; True if there may be more."""
        files, erased = self.files, 0
        if files is None:  # this worker was told of no place for files
            return False

        async def act(work: Work) -> Outcome:
            nonlocal erased
            erased = await uploads.erase_uploads(work, files)
            return Outcome()

        await transact(self.pool, clocks.system(tenant_id, "worker"), action="erase", request_id="worker", act=act)
        await files.tidy(tenant_id)
        return erased == uploads.ERASED_PER_VISIT

    async def read_rates(self, tenant_id: TenantId) -> bool:
        """Files of rates that were asked for are read, piece by piece; another worker's pieces are left to it."""
        files = self.files
        if files is None:  # this worker was told of no place for files
            return False

        async def act(taken: Callable[[Work], Awaitable[RateImport]]) -> RateImport:
            returned: list[RateImport] = []

            async def acted(work: Work) -> Outcome:
                returned.append(await taken(work))
                return Outcome()

            caller = clocks.system(tenant_id, "worker")
            await transact(self.pool, caller, action="importRateSheet", request_id="worker", act=acted)
            return returned[-1]

        async with self.pool.transaction(tenant_id) as connection:
            begun = await import_rows.reading(connection, tenant_id)
        for each in begun:
            assert each.upload_id is not None, "what the operator reads from its own file is not listed"
            chunks = files.get(tenant_id, each.upload_id)
            try:
                await read_on(act, each, chunks, stopping=self._stopping.is_set)
            except Missing:
                await act(partial(rate_imports.lose_file, id=each.id))
        return False

    async def _fire_some(self, tenant_id: TenantId, lock_due: LockDue) -> int:
        """Duties of the tenant that `lock_due` finds have fired, or wait longer; how many it found."""
        taken: list[Clock] = []

        async def act(work: Work) -> Outcome:
            nonlocal taken
            taken = await lock_due(work.connection, tenant_id, work.at)
            if len(taken) > 1:
                await work.connection.execute(WAIT_FOR_NOBODY)
            ends_at = asyncio.get_running_loop().time() + FIRING_SECONDS
            for clock in taken:
                work.request_id = clock.id
                await clocks.fire(work, clock, work.at, self.fires)
                if self._stopping.is_set() or asyncio.get_running_loop().time() > ends_at:
                    break  # the others are free again once this commits
            return Outcome()

        try:
            await transact(self.pool, clocks.system(tenant_id, "worker"), action="fire", request_id="worker", act=act)
        except (*LOST, Unavailable):
            raise
        except Exception as fault:
            if not taken:
                raise
            if len(taken) == 1:
                await self._postpone(tenant_id, taken[0], fault)
            else:
                await self._fire_one_by_one(tenant_id, len(taken))
        return len(taken)

    async def _fire_one_by_one(self, tenant_id: TenantId, count: int) -> None:
        """So many duties of the tenant have fired, or wait longer, each in a transaction of its own."""
        for _ in range(count):
            if not await self._fire_some(tenant_id, partial(clock_rows.lock_due, count=1)) or self._stopping.is_set():
                return

    async def _postpone(self, tenant_id: TenantId, clock: Clock, fault: Exception) -> None:
        async with self.pool.transaction(tenant_id) as connection:
            attempts = await clock_rows.postpone(connection, tenant_id, clock.id)
        log.error("duty failed", tenant=tenant_id, clock=clock.id, duty=clock.duty, attempts=attempts, exc_info=fault)

    async def _is_heard(self, tenant_id: TenantId) -> bool:
        """Whether anybody listens to the tenant just now. Who begins to listen later reads what there is then."""
        try:
            heard = await self.cache.pubsub_numsub(fanout.channel(tenant_id))
        except CACHE_LOST as error:
            raise NobodyHears from error
        return any(count for _, count in heard)

    async def _repeat(self, each: Round) -> None:
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            began, more = clock(), False
            try:
                more = await self.once(each)
            except Exception as fault:  # told; the round goes on, or nothing would ever be due again
                self._tell(each, fault)
            if not more:
                await self._wait(each, began + each.every_seconds - clock())

    async def _wait(self, each: Round, seconds: float) -> None:
        """Until the next look is due, somebody committed (where that matters), or the worker stops."""
        awaited = self._committed if each.woken_by_commits else self._stopping
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await awaited.wait()
        except TimeoutError:
            return
        if not self._stopping.is_set():
            await asyncio.sleep(GATHERING_SECONDS)
            self._committed.clear()

    def _tell(self, each: Round, fault: BaseException) -> None:
        expected = isinstance(fault, (*LOST, Unavailable, NobodyHears))
        if expected:
            log.warning("worker waits", round=each.name, reason=repr(fault))
        else:
            log.error("worker round failed", round=each.name, exc_info=fault)


async def every_tenant(connection: Connection) -> Collection[TenantId]:
    """All tenants there are."""
    return [TenantId(row["tenant_id"]) for row in await connection.fetch("SELECT tenant_id FROM tenants")]


ROUNDS: Final = (
    Round("clocks", 1.0, clock_rows.tenants_with_due, Worker.fire),
    Round("outbox", 1.0, outbox.tenants_waiting, Worker.publish, woken_by_commits=True),
    Round("seals", 1.0, audit.unsealed, Worker.seal),
    Round("sweep", 3600.0, every_tenant, Worker.sweep),
    Round("rates", 1.0, import_rows.tenants_reading, Worker.read_rates),
    Round("files", 300.0, every_tenant, Worker.erase),
)
"""What a worker does. Add a row for what else has to be done without anybody asking."""


async def run(settings: Settings) -> None:
    """The worker works until this is cancelled, then ends what it is in.

    Raises:
        Unavailable: the database cannot be reached at the start.
        UnsafeRole: its role could pass by row-level security.
    """
    certificates.sign_with(settings.secret_key)
    pool = await Pool.open(settings.database_worker_url, size=POOL_SIZE)
    cache = open_cache(settings.redis_url)
    files = open_files(settings)
    try:
        async with pool.acquire(None) as connection:
            await check_roles(connection)
        await Worker(pool, cache, files=files).work()
    finally:
        await pool.close()
        await cache.aclose()
        await files.close()
