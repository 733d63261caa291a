"""Goodwill: row to dataclass, and what somebody gave."""

from datetime import datetime
from typing import Final

from domain.goodwill import Goodwill
from domain.ids import TenantId
from domain.money import Money
from storage.pool import Connection
from storage.tables import Table

GOODWILLS: Final = Table("goodwills", Goodwill)


async def given(connection: Connection, tenant_id: TenantId, granted_by: str, since: datetime, currency: str) -> Money:
    """What the person gave since that instant, in that currency; gifts in other currencies have budgets of their own.

    Two gifts of one person at once wait for each other, so that together they stay within the month's budget.
    """
    await connection.fetchval("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{tenant_id} {granted_by}")
    minor: int = await connection.fetchval(
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM goodwills"
        " WHERE tenant_id = $1 AND granted_by = $2 AND granted_at >= $3 AND currency = $4::char(3)",
        tenant_id,
        granted_by,
        since,
        currency,
    )
    return Money(minor, currency)
