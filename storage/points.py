"""Points: accounts, entries and movements, row to dataclass, and the ways they are found."""

from collections.abc import Collection
from typing import Final

from domain.ids import LiablePartyId, PointsEntryId, TenantId
from domain.points import PointCause, PointsEntry, PointsMovement
from storage.pool import Connection
from storage.tables import Table

ENTRIES: Final = Table(
    "points_entries",
    PointsEntry,
    conflicts={"points_entries_once": "The party was given points for that already."},
)
MOVEMENTS: Final = Table("points_movements", PointsMovement)

_ACCOUNT: Final = (
    "INSERT INTO points_accounts (tenant_id, party_id) VALUES ($1, $2) "
    "ON CONFLICT (tenant_id, party_id) DO UPDATE SET party_id = excluded.party_id RETURNING party_id"
)
"""Takes the row, whether it was there or not: of two who open an account at once the second waits for the first."""

_PARTY: Final = "(t.supplier_id = $2 OR t.provider_id = $2)"


async def lock_account(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId) -> None:
    """The party's account is this transaction's until its end. After orders and claims, before clocks and money."""
    await connection.fetchrow(_ACCOUNT, tenant_id, party_id)


async def get(connection: Connection, tenant_id: TenantId, id: PointsEntryId) -> PointsEntry:
    """The entry, ended ones too. Refuses with NotFound."""
    return await ENTRIES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: PointsEntryId) -> PointsEntry:
    """The entry, this transaction's until its end. Refuses with NotFound. Lock its account first."""
    return await ENTRIES.lock(connection, tenant_id, id)


async def by_party(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId) -> tuple[PointsEntry, ...]:
    """Every entry of the party, ended ones too, in the order they were given."""
    return tuple(await ENTRIES.select(connection, tenant_id, f"{_PARTY} ORDER BY t.id", party_id))


async def find_by_cause(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, cause: PointCause
) -> PointsEntry | None:
    """What the party was given for that thing; None where it was given nothing."""
    found = await ENTRIES.select(
        connection,
        tenant_id,
        "coalesce(t.supplier_id, t.provider_id) = $2 AND t.cause = $3 AND t.cause_id = $4 AND t.cause_part = $5",
        party_id,
        cause.kind,
        cause.id,
        cause.part,
    )
    return found[0] if found else None


async def by_ids(
    connection: Connection, tenant_id: TenantId, ids: Collection[PointsEntryId]
) -> tuple[PointsEntry, ...]:
    """Those of the entries that exist, in the order they were given."""
    return tuple(await ENTRIES.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids)))


async def by_causes(connection: Connection, tenant_id: TenantId, cause_ids: Collection[str]) -> tuple[PointsEntry, ...]:
    """What was given for those things, to whomever."""
    where = "t.cause_id = ANY ($2::text[]) ORDER BY t.id"
    return tuple(await ENTRIES.select(connection, tenant_id, where, list(cause_ids)))


async def movements(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId) -> tuple[PointsMovement, ...]:
    """Every line of the party's account, the oldest first."""
    return tuple(await MOVEMENTS.select(connection, tenant_id, "t.party_id = $2 ORDER BY t.at, t.id", party_id))


# -- recomputing -------------------------------------------------------------------------------------------------------

_FAULTS: Final = """
SELECT e.id, e.state, e.points, e.strikes, coalesce(m.points, 0) AS moved, coalesce(m.strikes, 0) AS struck
FROM points_entries e
LEFT JOIN (SELECT entry_id, sum(points) AS points, sum(strikes) AS strikes FROM points_movements
           WHERE tenant_id = $1 GROUP BY entry_id) m ON m.entry_id = e.id
CROSS JOIN LATERAL (SELECT CASE
  WHEN e.state IN ('PENDING_NOTICE', 'IN_FORCE') OR (e.state = 'SUSPENDED_BY_APPEAL' AND e.fraud) THEN 1 ELSE 0
END AS counted) c
WHERE e.tenant_id = $1
  AND (coalesce(m.points, 0), coalesce(m.strikes, 0)) <> (e.points * c.counted, e.strikes * c.counted)
ORDER BY e.id"""


async def faults(connection: Connection, tenant_id: TenantId) -> list[str]:
    """Every entry whose movements do not add up to what it counts for, as a sentence."""
    return [
        f"{row['id']} is {row['state']} with {row['points']} points and {row['strikes']} strikes, but its movements "
        f"add up to {row['moved']} and {row['struck']}"
        for row in await connection.fetch(_FAULTS, tenant_id)
    ]
