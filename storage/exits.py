"""Exits: row to dataclass, how one is found, and what still keeps a leaving provider."""

from typing import Final

from domain.exits import DUTIES_SHOWN_MAX, DutyKind, Exit, OpenDuty
from domain.ids import ExitId, ProviderId, TenantId, kind_of
from storage.pool import Connection
from storage.tables import Table

EXITS: Final = Table("exits", Exit, conflicts={"exits_once": "The provider is leaving already."})


async def get(connection: Connection, tenant_id: TenantId, id: ExitId) -> Exit:
    """The exit, ended ones too. Refuses with NotFound."""
    return await EXITS.get(connection, tenant_id, id)


async def find_live(
    connection: Connection, tenant_id: TenantId, provider_id: ProviderId, *, lock: bool = False
) -> Exit | None:
    """The provider's exit that goes on, or None. There is at most one. Lock its provider first."""
    where = "t.provider_id = $2 AND t.ended_at IS NULL"
    found = await EXITS.select(connection, tenant_id, where, provider_id, lock=lock)
    return found[0] if found else None


_OPEN: Final = """
SELECT 'SHIPMENT' AS kind, s.id AS subject_id, s.recorded_at AS since FROM shipments s
  WHERE s.tenant_id = $1 AND s.provider_id = $2 AND s.state NOT IN ('DELIVERED', 'RETURNED', 'LOST', 'CANCELLED')
UNION ALL
SELECT 'CLAIM', c.id, c.opened_at FROM claims c
  WHERE c.tenant_id = $1 AND c.provider_id = $2 AND c.state IN ('OPEN', 'ESCALATED')
UNION ALL
SELECT 'COVER', v.id, o.paid_at FROM coverages v JOIN orders o ON o.tenant_id = v.tenant_id AND o.id = v.order_id
  WHERE v.tenant_id = $1 AND v.provider_id = $2 AND v.state IN ('PENDING', 'IN_FORCE')
UNION ALL
SELECT 'RECOVERY', r.id, r.opened_at FROM recoveries r
  WHERE r.tenant_id = $1 AND r.provider_id = $2 AND r.state = 'CONTINGENT'
"""


async def count_open(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> int:
    """How many things still keep the provider."""
    found: int = await connection.fetchval(f"SELECT count(*) FROM ({_OPEN}) x", tenant_id, provider_id)
    return found


async def open_duties(
    connection: Connection, tenant_id: TenantId, provider_id: ProviderId, most: int = DUTIES_SHOWN_MAX
) -> list[OpenDuty]:
    """What still keeps the provider, the oldest first, at most that many."""
    text = f"SELECT x.kind, x.subject_id, x.since FROM ({_OPEN}) x ORDER BY x.since, x.subject_id LIMIT $3"
    rows = await connection.fetch(text, tenant_id, provider_id, most)
    return [
        OpenDuty(DutyKind(row["kind"]), kind_of(row["subject_id"])(row["subject_id"]), row["since"]) for row in rows
    ]
