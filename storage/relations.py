"""Fingerprints and relations of providers: row to dataclass, and who is related to whom."""

from collections.abc import Collection
from typing import Final

from domain import relations
from domain.ids import ProviderId, TenantId
from domain.providers import ProviderState
from domain.relations import Beside, Fingerprint, Relation, RelationKind
from storage.pool import Connection
from storage.tables import Table

FINGERPRINTS: Final = Table("fingerprints", Fingerprint, key=("provider_id", "kind", "digest"))
RELATIONS: Final = Table("relations", Relation)

_STANDS: Final = "t.state <> 'CLEARED' AND (t.matches <> '{}' OR $2 = ANY (t.declared_by))"
"""Whether the relation binds the provider $2 (`domain.relations.binds`)."""


async def get(connection: Connection, tenant_id: TenantId, id: str) -> Relation:
    """The relation. Refuses with NotFound."""
    return await RELATIONS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: str) -> Relation:
    """The relation, this transaction's until its end. Refuses with NotFound."""
    return await RELATIONS.lock(connection, tenant_id, id)


async def lock_all(connection: Connection, tenant_id: TenantId) -> None:
    """Nobody else of the tenant finds or declares relations until this transaction ends: it does not happen often."""
    await connection.fetchval("SELECT pg_advisory_xact_lock(hashtextextended('relations:' || $1, 0))", tenant_id)


async def find_by_pair(
    connection: Connection, tenant_id: TenantId, one: ProviderId, other: ProviderId
) -> Relation | None:
    """The relation of those two, cleared or not, or None."""
    first_id, second_id = sorted((one, other))
    found = await RELATIONS.select(
        connection, tenant_id, "t.first_id = $2 AND t.second_id = $3", first_id, second_id, lock=True
    )
    return found[0] if found else None


async def by_providers(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId]
) -> list[Relation]:
    """Every relation of those providers, cleared ones too, in the order they were found."""
    where = "(t.first_id = ANY ($2::text[]) OR t.second_id = ANY ($2::text[])) ORDER BY t.id"
    return await RELATIONS.select(connection, tenant_id, where, list(provider_ids))


async def related(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> tuple[ProviderId, ...]:
    """Whoever is the same hand's as the provider, as far as that binds it; cleared ones are not. In their order."""
    where = f"(t.first_id = $2 OR t.second_id = $2) AND {_STANDS}"
    found = await RELATIONS.select(connection, tenant_id, where, provider_id)
    return tuple(sorted(relation.other(provider_id) for relation in found))


async def besides(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> list[Beside]:
    """The providers that `related` names, as the rule of one account looks at them."""
    rows = await connection.fetch(
        f"SELECT {RELATIONS.selection()}, p.state AS provider_state, p.served_markets FROM relations t"
        " JOIN providers p ON p.tenant_id = t.tenant_id"
        " AND p.id = CASE WHEN t.first_id = $2 THEN t.second_id ELSE t.first_id END"
        f" WHERE t.tenant_id = $1 AND (t.first_id = $2 OR t.second_id = $2) AND {_STANDS} ORDER BY t.id",
        tenant_id,
        provider_id,
    )
    found = []
    for row in rows:
        relation = RELATIONS.decode(row)
        found.append(
            Beside(
                frozenset(relations.kinds(relation)),
                ProviderState(row["provider_state"]),
                frozenset(row["served_markets"]),
                provider_id in relation.declared_by,
            )
        )
    return found


async def is_noted(
    connection: Connection, tenant_id: TenantId, provider_id: ProviderId, kind: RelationKind, digest: str
) -> bool:
    """Whether the provider has that fingerprint."""
    return await FINGERPRINTS.find(connection, tenant_id, provider_id, kind.value, digest) is not None


async def by_fingerprint(
    connection: Connection, tenant_id: TenantId, kind: RelationKind, digest: str
) -> list[ProviderId]:
    """Every provider with that fingerprint, in their order."""
    rows = await connection.fetch(
        "SELECT provider_id FROM fingerprints t WHERE t.tenant_id = $1 AND t.kind = $2 AND t.digest = $3"
        " ORDER BY t.provider_id",
        tenant_id,
        kind.value,
        digest,
    )
    return [ProviderId(row["provider_id"]) for row in rows]
