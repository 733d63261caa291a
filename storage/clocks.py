"""Clocks as rows: the duties of a subject, those that are over, and the tenant's own clock.

Laws: a row that is over is locked by whoever lets its consequence happen, and skipped by everybody else; a failed try
makes the row wait longer, without holding up others; a tenant's clock only ever moves forwards.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.clocks import LIVE, Clock, Duty
from domain.errors import NotFound
from domain.ids import ClockId, TenantId
from domain.tenants import Tenant
from storage.pool import Connection
from storage.tables import Table

CLOCKS: Final = Table(
    "clocks", Clock, conflicts={"clocks_one_live_duty": "There is a clock of that duty on it already."}
)

TENANTS: Final = Table("tenants", Tenant)
"""For `keep`: a sandbox's clock is part of its tenant's row."""

RETRY_SECONDS_MAX: Final = 3_600
"""A duty whose consequence keeps failing is tried at least this often."""

_LIVE: Final = f"t.state IN ({', '.join(repr(state.value) for state in sorted(LIVE))})"
_WAITED: Final = "(t.retry_at IS NULL OR t.retry_at <= clock_timestamp())"


async def get(connection: Connection, tenant_id: TenantId, id: ClockId) -> Clock:
    """The clock. Refuses with NotFound."""
    return await CLOCKS.get(connection, tenant_id, id)


async def lock_live(
    connection: Connection, tenant_id: TenantId, subject_id: str, duties: Collection[Duty] = tuple(Duty)
) -> list[Clock]:
    """The subject's clocks that still run or are paused, of those duties, this transaction's until its end.

    One that a worker is just firing is skipped, not waited for: the worker holds it and waits for the thing itself, and
    will then find that there is nothing left to do.
    """
    where = f"t.subject_id = $2 AND t.duty = ANY($3::text[]) AND {_LIVE} ORDER BY t.id"
    text = f"SELECT {CLOCKS.selection()} FROM clocks t WHERE t.tenant_id = $1 AND {where} FOR UPDATE SKIP LOCKED"
    return [CLOCKS.decode(row) for row in await connection.fetch(text, tenant_id, subject_id, list(duties))]


async def lock_live_all(
    connection: Connection, tenant_id: TenantId, subject_ids: Collection[str], duties: Collection[Duty]
) -> list[Clock]:
    """As `lock_live`, for many subjects at once."""
    where = f"t.subject_id = ANY($2::text[]) AND t.duty = ANY($3::text[]) AND {_LIVE} ORDER BY t.id"
    text = f"SELECT {CLOCKS.selection()} FROM clocks t WHERE t.tenant_id = $1 AND {where} FOR UPDATE SKIP LOCKED"
    return [CLOCKS.decode(row) for row in await connection.fetch(text, tenant_id, list(subject_ids), list(duties))]


async def live_by_subjects(
    connection: Connection, tenant_id: TenantId, subject_ids: Collection[str], duties: Collection[Duty]
) -> list[Clock]:
    """The clocks of those subjects and duties that still run or are paused, also while somebody fires them."""
    where = f"t.subject_id = ANY($2::text[]) AND t.duty = ANY($3::text[]) AND {_LIVE}"
    return await CLOCKS.select(connection, tenant_id, where, list(subject_ids), list(duties))


async def by_subjects(connection: Connection, tenant_id: TenantId, subject_ids: Collection[str]) -> list[Clock]:
    """Every clock of those subjects, ended ones too, in the order they started."""
    where = "t.subject_id = ANY($2::text[]) ORDER BY t.subject_id, t.id"
    return await CLOCKS.select(connection, tenant_id, where, list(subject_ids))


async def live_of(connection: Connection, tenant_id: TenantId, duty: Duty) -> list[Clock]:
    """The tenant's own clocks of that duty that still run or are paused: duties whose subject is the marketplace."""
    return await CLOCKS.select(connection, tenant_id, f"t.subject_id = $1 AND t.duty = $2 AND {_LIVE}", duty)


async def tenants_without(connection: Connection, duty: Duty) -> list[TenantId]:
    """The tenants in which no such duty of the marketplace itself runs, by id. For roles that see every tenant."""
    rows = await connection.fetch(
        "SELECT o.tenant_id FROM tenants o WHERE NOT EXISTS (SELECT FROM clocks t WHERE t.tenant_id = o.tenant_id "
        f"AND t.subject_id = o.tenant_id AND t.duty = $1 AND {_LIVE}) ORDER BY o.tenant_id",
        duty,
    )
    return [TenantId(row["tenant_id"]) for row in rows]


async def lock_due(connection: Connection, tenant_id: TenantId, at: datetime, count: int) -> list[Clock]:
    """The clocks of things, at most so many, that are over the longest at `at` and that nobody else has taken.

    The marketplace's own duties are not among them (`lock_due_own`).
    """
    return await _lock_due(connection, tenant_id, at, "t.subject_id <> $1", count)


async def lock_due_own(connection: Connection, tenant_id: TenantId, at: datetime) -> list[Clock]:
    """The duty of the marketplace itself that is over the longest and that nobody else has taken; at most one."""
    return await _lock_due(connection, tenant_id, at, "t.subject_id = $1", 1)


async def _lock_due(connection: Connection, tenant_id: TenantId, at: datetime, whose: str, count: int) -> list[Clock]:
    where = f"{whose} AND t.state = 'RUNNING' AND t.due_at < $2 AND {_WAITED} ORDER BY t.due_at, t.id LIMIT {count}"
    text = f"SELECT {CLOCKS.selection()} FROM clocks t WHERE t.tenant_id = $1 AND {where} FOR UPDATE SKIP LOCKED"
    return [CLOCKS.decode(row) for row in await connection.fetch(text, tenant_id, at)]


async def lock_next(connection: Connection, tenant_id: TenantId, until: datetime) -> Clock | None:
    """The running clock that is due first, if before `until`; waits for whoever has it. For a clock that moves."""
    where = "t.state = 'RUNNING' AND t.due_at < $2 ORDER BY t.due_at, t.id LIMIT 1"
    found = await CLOCKS.select(connection, tenant_id, where, until, lock=True)
    return found[0] if found else None


async def tenants_with_due(connection: Connection) -> list[TenantId]:
    """The tenants, by their own clocks, in which something is over. For the worker's role, which sees all."""
    rows = await connection.fetch(
        "SELECT o.tenant_id FROM tenants o WHERE (SELECT true FROM clocks t WHERE t.tenant_id = o.tenant_id "
        f"AND t.state = 'RUNNING' AND t.due_at < tenant_now(o) AND {_WAITED} LIMIT 1)"
    )
    return [TenantId(row["tenant_id"]) for row in rows]


async def postpone(connection: Connection, tenant_id: TenantId, id: ClockId) -> int:
    """A try has failed: the row waits twice as long as the last time. Returns how many tries have failed.

    Bookkeeping of the worker, not a change of the duty: neither version nor deadline move.
    """
    attempts: int = await connection.fetchval(
        "UPDATE clocks SET attempts = attempts + 1, "
        "retry_at = clock_timestamp() + least(2 ^ least(attempts, 20), $3) * interval '1 second' "
        "WHERE tenant_id = $1 AND id = $2 RETURNING attempts",
        tenant_id,
        id,
        RETRY_SECONDS_MAX,
    )
    return attempts


# -- a tenant's own clock ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """A tenant and its clock: what it shows, and the real instant at which it was looked at."""

    tenant: Tenant
    shows: datetime
    real_now: datetime


async def read_clock(connection: Connection, tenant_id: TenantId) -> Reading:
    """What the tenant's clock shows now. Refuses with NotFound."""
    text = f"SELECT {TENANTS.selection()}, tenant_now(t) AS shows, clock_timestamp() AS real_now FROM tenants t"
    row = await connection.fetchrow(f"{text} WHERE t.tenant_id = $1", tenant_id)
    if row is None:
        raise NotFound("There is no such tenant.")
    return Reading(TENANTS.decode(row), row["shows"], row["real_now"])


async def lock_clock(connection: Connection, tenant_id: TenantId) -> None:
    """Nobody else moves the tenant's clock until this transaction ends. The tenant's row itself stays unlocked."""
    await connection.fetchval("SELECT pg_advisory_xact_lock(hashtextextended('clock:' || $1, 0))", tenant_id)
