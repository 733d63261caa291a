"""Decisions: written once with the change they explain, never changed."""

from typing import Final

import orjson

from domain import explain
from domain.decisions import Decision
from domain.explain import Finding
from domain.ids import DecisionId, Id, TenantId
from storage.pool import Connection
from storage.tables import Table

DECISIONS: Final = Table("decisions", Decision)


async def get(connection: Connection, tenant_id: TenantId, id: DecisionId) -> Decision:
    """The decision. Refuses with NotFound."""
    return await DECISIONS.get(connection, tenant_id, id)


async def tree(connection: Connection, tenant_id: TenantId, id: DecisionId) -> Finding:
    """Why it was decided so. Refuses with NotFound."""
    return explain.parse(orjson.loads((await get(connection, tenant_id, id)).tree))


async def by_subjects(connection: Connection, tenant_id: TenantId, subject_id: Id) -> list[Decision]:
    """Everything decided about that claim, buyer, cover or party, oldest first."""
    return await DECISIONS.select(connection, tenant_id, "t.subject_id = $2 ORDER BY t.id", subject_id)
