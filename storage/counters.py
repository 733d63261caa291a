"""Counters and what they count: row to dataclass, the ways they are found, and their recomputation."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from domain.counters import CountedItem, CounterKind, PartyCounter
from domain.ids import LiablePartyId, TenantId
from storage.pool import Connection
from storage.tables import Table

COUNTERS: Final = Table("party_counters", PartyCounter)
ITEMS: Final = Table("counted_items", CountedItem)


async def find(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, kind: CounterKind, period: date
) -> PartyCounter | None:
    """The party's counter of that period, or None. Lock the party's points account first."""
    where = "coalesce(t.supplier_id, t.provider_id) = $2 AND t.kind = $3 AND t.period = $4"
    found = await COUNTERS.select(connection, tenant_id, where, party_id, kind, period, lock=True)
    return found[0] if found else None


async def known(
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, kind: CounterKind, references: Sequence[str]
) -> frozenset[str]:
    """Those of the references that were counted for the party before."""
    text = (
        "SELECT t.reference FROM counted_items t WHERE t.tenant_id = $1 AND t.party_id = $2 AND t.kind = $3 "
        "AND t.reference = ANY ($4::text[])"
    )
    rows = await connection.fetch(text, tenant_id, party_id, kind, list(references))
    return frozenset(row["reference"] for row in rows)


_FAULTS: Final = """
SELECT c.id, c.kind, c.period, c.count, coalesce(i.count, 0) AS counted
FROM party_counters c
LEFT JOIN (SELECT counter_id, count(*) AS count FROM counted_items WHERE tenant_id = $1 GROUP BY counter_id) i
  ON i.counter_id = c.id
WHERE c.tenant_id = $1 AND c.count <> coalesce(i.count, 0)
ORDER BY c.id"""


async def faults(connection: Connection, tenant_id: TenantId) -> list[str]:
    """Every counter that is not the number of its items, as a sentence."""
    return [
        f"{row['id']}, {row['kind']} from {row['period']}, stands at {row['count']}, but {row['counted']} were counted"
        for row in await connection.fetch(_FAULTS, tenant_id)
    ]
