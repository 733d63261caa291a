"""Personal data: erasable side rows. Whoever shows one leaves an audit row."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson

from domain.ids import Id, TenantId
from domain.personal import PersonalDatum
from storage.pool import Connection
from storage.tables import Table

PERSONAL_DATA: Final = Table("personal_data", PersonalDatum, key=("owner_id", "field"))


async def overwrite(connection: Connection, tenant_id: TenantId, datum: PersonalDatum) -> None:
    """The owner's value is this one, whatever it was before; what was erased is written anew."""
    await connection.fetch(
        "INSERT INTO personal_data (tenant_id, owner_id, field, value, written_at) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (tenant_id, owner_id, field) "
        "DO UPDATE SET value = excluded.value, written_at = excluded.written_at, erased_at = NULL",
        tenant_id,
        datum.owner_id,
        datum.field,
        orjson.dumps(datum.value).decode(),
        datum.written_at,
    )


async def by_owners(
    connection: Connection, tenant_id: TenantId, owner_ids: Collection[Id], field: str
) -> dict[str, Mapping[str, Any]]:
    """Owner -> that personal value, for those that have one which was not erased. Whoever shows it audits that."""
    rows = await connection.fetch(
        "SELECT owner_id, value FROM personal_data "
        "WHERE tenant_id = $1 AND owner_id = ANY ($2::text[]) AND field = $3 AND value IS NOT NULL",
        tenant_id,
        list(owner_ids),
        field,
    )
    return {row["owner_id"]: orjson.loads(row["value"]) for row in rows}
