"""Personal data: erasable side rows. `reveal` is the only way to show one, and leaves an audit row."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from domain.access import Caller
from domain.ids import AuditId, Id, TenantId
from domain.personal import PersonalDatum
from storage import audit, writing
from storage.minting import mint
from storage.pool import Connection
from storage.tables import Table
from storage.writing import Group

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
    """Owner -> that personal value, for those that have one which was not erased. For what is shown, see `reveal`."""
    rows = await connection.fetch(
        "SELECT owner_id, value FROM personal_data "
        "WHERE tenant_id = $1 AND owner_id = ANY ($2::text[]) AND field = $3 AND value IS NOT NULL",
        tenant_id,
        list(owner_ids),
        field,
    )
    return {row["owner_id"]: orjson.loads(row["value"]) for row in rows}


async def reveal(
    connection: Connection, viewer: Caller, owner_ids: Collection[Id], field: str, *, action: str, at: datetime
) -> dict[str, Mapping[str, Any]]:
    """`by_owners`, shown to the viewer: that each was read is in the audit, under that action."""
    found = await by_owners(connection, viewer.tenant_id, owner_ids, field)
    if found:
        readings = [
            audit.reading(mint(AuditId), at, viewer.actor_id, action, owner_id, request_id="")
            for owner_id in sorted(found)
        ]
        text, arguments = writing.statement(viewer.tenant_id, [Group(audit.ROWS, readings)])
        await connection.fetch(text, *arguments)
    return found
