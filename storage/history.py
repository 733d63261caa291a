"""History: every superseded row, so that an aggregate can be read as of an instant.

Laws: `keep` stores the row that a change replaces, with the instant it was valid until; version n was valid from the
instant version n - 1 ended, the first from its beginning; rows are never changed; personal data is there as a keyed
digest and secrets not at all, so reading the past never brings erased data back.
"""

from datetime import datetime
from typing import Any, Final, TypeVar

from storage.pool import Connection
from storage.tables import Table
from storage.writing import Insert

ROWS: Final = Insert(
    "history",
    ("object_id", "version", "valid_until", "row"),
)

SUPERSEDED_ONCE: Final = "history_pkey"
"""The constraint that a second change of the same version meets."""

T = TypeVar("T")


async def as_of(connection: Connection, tenant_id: str, table: Table[T], id: str, at: datetime) -> T | None:
    """The aggregate as it was at that instant, by the tenant's clock; None if it did not exist then.

    Columns added since read as they are now: no migration fills what is past.
    """
    began_at = await connection.fetchval(
        "SELECT at FROM audit WHERE tenant_id = $1 AND object_id = $2 ORDER BY id LIMIT 1", tenant_id, id
    )
    if began_at is None or began_at > at:
        return None
    row = await connection.fetchval(
        "SELECT row FROM history WHERE tenant_id = $1 AND object_id = $2 AND valid_until > $3 ORDER BY version LIMIT 1",
        tenant_id,
        id,
        at,
    )
    if row is None:
        return await table.find(connection, tenant_id, id)
    return await _decoded(connection, tenant_id, table, id, row)


async def superseded(connection: Connection, tenant_id: str, table: Table[T], id: str, version: int) -> T | None:
    """The aggregate as that version of it was, if a later one has superseded it."""
    text = "SELECT row FROM history WHERE tenant_id = $1 AND object_id = $2 AND version = $3"
    row = await connection.fetchval(text, tenant_id, id, version)
    if row is None:
        return None
    return await _decoded(connection, tenant_id, table, id, row)


async def _decoded(connection: Connection, tenant_id: str, table: Table[T], id: str, row: Any) -> T:
    record = await connection.fetchrow(
        f"SELECT p.* FROM {table.name} t, jsonb_populate_record(t, $3) p WHERE t.tenant_id = $1 AND t.id = $2",
        tenant_id,
        id,
        row,
    )
    assert record is not None
    children: dict[str, tuple[Any, ...]] = {}
    for field, child in table.children.items():
        rows = await connection.fetch(
            f"SELECT p.* FROM jsonb_array_elements(coalesce($2::jsonb -> $3, '[]')) WITH ORDINALITY e(row, place)"
            f" LEFT JOIN {child.table.name} t ON t.tenant_id = $1 AND t.id = e.row ->> 'id',"
            f" jsonb_populate_record(t, e.row) p ORDER BY e.place",
            tenant_id,
            row,
            field,
        )
        children[field] = tuple(child.table.decode(owned) for owned in rows)
    return table.decode(record, **children)
