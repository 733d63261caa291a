"""Decisions: written once with the change they explain, never changed."""

from typing import Final

import orjson

from domain import explain
from domain.decisions import Decision
from domain.explain import Finding
from domain.ids import DecisionId, Id, TenantId
from storage.pool import Connection
from storage.tables import Codec, Table


def _spelled(tree: Finding) -> str:
    """What `explain.canonical` writes, in a quarter of the time: it is on the path of every decision."""
    return orjson.dumps(explain.plain(tree), option=orjson.OPT_SORT_KEYS).decode()


def _read(text: str) -> Finding:
    return explain.parse(orjson.loads(text))


TREE: Final = Codec(_spelled, _read)
"""A tree in its canonical text."""

DECISIONS: Final = Table("decisions", Decision, codecs={"tree": TREE})


async def get(connection: Connection, tenant_id: TenantId, id: DecisionId) -> Decision:
    """The decision. Refuses with NotFound."""
    return await DECISIONS.get(connection, tenant_id, id)


async def tree(connection: Connection, tenant_id: TenantId, id: DecisionId) -> Finding:
    """Why it was decided so. Refuses with NotFound."""
    return (await get(connection, tenant_id, id)).tree


async def by_subjects(connection: Connection, tenant_id: TenantId, subject_id: Id) -> list[Decision]:
    """Everything decided about that claim, buyer, cover or party, oldest first."""
    return await DECISIONS.select(connection, tenant_id, "t.subject_id = $2 ORDER BY t.id", subject_id)
