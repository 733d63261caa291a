"""Exits: row to dataclass, how one is found, and what still keeps a leaving provider."""

from collections.abc import Collection
from typing import Final

from domain.exits import DUTIES_SHOWN_MAX, DutyKind, Exit, OpenDuty
from domain.ids import ExitId, ProviderId, TenantId, kind_of
from storage.pool import Connection
from storage.tables import Table, Twin

EXITS: Final = Table("exits", Exit, conflicts={"exits_once": Twin("The provider is leaving already.", "providerId")})


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


async def live_by_providers(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId]
) -> list[Exit]:
    """The exits of those providers that go on."""
    where = "t.provider_id = ANY ($2::text[]) AND t.ended_at IS NULL"
    return await EXITS.select(connection, tenant_id, where, list(provider_ids))


_OPEN: Final = """
SELECT s.provider_id, 'SHIPMENT' AS kind, s.id AS subject_id, s.recorded_at AS since FROM shipments s
  WHERE s.tenant_id = $1 AND s.provider_id = ANY ($2::text[])
    AND s.state NOT IN ('DELIVERED', 'RETURNED', 'LOST', 'CANCELLED')
UNION ALL
SELECT c.provider_id, 'CLAIM', c.id, c.opened_at FROM claims c
  WHERE c.tenant_id = $1 AND c.provider_id = ANY ($2::text[]) AND c.state IN ('OPEN', 'ESCALATED')
UNION ALL
SELECT v.provider_id, 'COVER', v.id, o.paid_at
  FROM coverages v JOIN orders o ON o.tenant_id = v.tenant_id AND o.id = v.order_id
  WHERE v.tenant_id = $1 AND v.provider_id = ANY ($2::text[]) AND v.state IN ('PENDING', 'IN_FORCE')
UNION ALL
SELECT r.provider_id, 'RECOVERY', r.id, r.opened_at FROM recoveries r
  WHERE r.tenant_id = $1 AND r.provider_id = ANY ($2::text[]) AND r.state = 'CONTINGENT'
"""


async def count_open(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> int:
    """How many things still keep the provider."""
    return (await open_counts(connection, tenant_id, [provider_id])).get(provider_id, 0)


async def open_counts(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId]
) -> dict[ProviderId, int]:
    """How many things still keep each of those providers that anything keeps."""
    text = f"SELECT x.provider_id, count(*) AS open FROM ({_OPEN}) x GROUP BY x.provider_id"
    rows = await connection.fetch(text, tenant_id, list(provider_ids))
    return {ProviderId(row["provider_id"]): row["open"] for row in rows}


async def open_duties(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId], most: int = DUTIES_SHOWN_MAX
) -> dict[ProviderId, list[OpenDuty]]:
    """What still keeps each of those providers, the oldest first, at most that many of each."""
    placed = "row_number() OVER (PARTITION BY x.provider_id ORDER BY x.since, x.subject_id) AS place"
    text = f"SELECT * FROM (SELECT x.*, {placed} FROM ({_OPEN}) x) y WHERE y.place <= $3 ORDER BY y.place"
    found: dict[ProviderId, list[OpenDuty]] = {}
    for row in await connection.fetch(text, tenant_id, list(provider_ids), most):
        duty = OpenDuty(DutyKind(row["kind"]), kind_of(row["subject_id"])(row["subject_id"]), row["since"])
        found.setdefault(ProviderId(row["provider_id"]), []).append(duty)
    return found
