"""Saved filters: row to dataclass, what they find, and how a list recalls one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from domain.access import Caller, ViewerKind
from domain.errors import NotFound
from domain.ids import ClaimId, Id, SavedFilterId, TenantId
from domain.saved_filters import SavedFilter
from storage.pool import Connection
from storage.tables import Table, Twin
from storage.views.view import View

SAVED_FILTERS: Final = Table(
    "saved_filters",
    SavedFilter,
    conflicts={"saved_filters_one_name": Twin("You have a saved filter of that name already.", "name")},
)

INSTANT: Final = "timestamptz"
"""The type of the conditions that JSON cannot hold as they are."""


async def get(connection: Connection, tenant_id: TenantId, id: str) -> SavedFilter:
    """The filter that is kept under that id. Refuses with NotFound."""
    found = await SAVED_FILTERS.select(connection, tenant_id, "t.id = $2 AND t.removed_at IS NULL", id)
    if not found:
        raise NotFound("There is no such saved filter.", field=("savedFilter",))
    return found[0]


async def lock(connection: Connection, tenant_id: TenantId, id: SavedFilterId) -> SavedFilter:
    """The filter, this transaction's until its end. Refuses with NotFound."""
    return await SAVED_FILTERS.lock(connection, tenant_id, id)


async def count_of(connection: Connection, tenant_id: TenantId, owner_id: Id) -> int:
    """How many filters that person keeps."""
    text = "SELECT count(*) FROM saved_filters WHERE tenant_id = $1 AND owner_id = $2 AND removed_at IS NULL"
    count: int = await connection.fetchval(text, tenant_id, owner_id)
    return count


def values(view: View, conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions as the view's filters take them: instants as such, and none that the view no longer has."""
    return {
        name: datetime.fromisoformat(value) if view.filters[name].type == INSTANT else value
        for name, value in conditions.items()
        if name in view.filters
    }


async def claims_of(
    connection: Connection, caller: Caller, view: View, saved: SavedFilter, limit: int
) -> list[ClaimId]:
    """The claims that the filter finds for staff, at most so many, the most urgent first."""
    parameters: list[Any] = [caller.tenant_id, caller.actor_id]
    where = ["t.tenant_id = $1", "$2::text IS NOT NULL"]
    for name, value in values(view, saved.conditions).items():
        declared = view.filters[name]
        text = declared.sql if isinstance(declared.sql, str) else declared.sql[ViewerKind.STAFF]
        parameters.append(value)
        text = text.replace("{v}", f"${len(parameters)}::{declared.type}").replace("{actor}", "$2::text")
        where.append(f"({text.replace('{t}', 't')})")
    rows = await connection.fetch(
        f"SELECT t.id FROM {view.table} t WHERE {' AND '.join(where)} "
        f"ORDER BY t.urgent_at, t.queue_rank, t.id LIMIT {limit}",
        *parameters,
    )
    return [ClaimId(row["id"]) for row in rows]
