"""Fingerprints and relations of providers and suppliers: row to dataclass, and who is related to whom."""

from collections.abc import Collection
from typing import Final

from domain import relations
from domain.ids import LiablePartyId, ProviderId, TenantId
from domain.providers import ProviderState
from domain.relations import Beside, Fingerprint, Relation, RelationKind
from storage.pool import Connection
from storage.tables import Table

FINGERPRINTS: Final = Table("fingerprints", Fingerprint, key=("party_id", "kind", "digest"))
RELATIONS: Final = Table("relations", Relation)

_STANDS: Final = "t.state <> 'CLEARED' AND (t.matches <> '{}' OR $2 = ANY (t.declared_by))"
"""Whether the relation binds the party $2 (`domain.relations.binds`)."""


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
    connection: Connection, tenant_id: TenantId, one: LiablePartyId, other: LiablePartyId
) -> Relation | None:
    """The relation of those two, cleared or not, or None."""
    first_id, second_id = sorted((one, other))
    found = await RELATIONS.select(
        connection, tenant_id, "t.first_id = $2 AND t.second_id = $3", first_id, second_id, lock=True
    )
    return found[0] if found else None


async def by_parties(
    connection: Connection, tenant_id: TenantId, party_ids: Collection[LiablePartyId]
) -> list[Relation]:
    """Every relation of those parties, cleared ones too, in the order they were found."""
    where = "(t.first_id = ANY ($2::text[]) OR t.second_id = ANY ($2::text[])) ORDER BY t.id"
    return await RELATIONS.select(connection, tenant_id, where, list(party_ids))


async def related(connection: Connection, tenant_id: TenantId, party_id: LiablePartyId) -> tuple[LiablePartyId, ...]:
    """Whoever is the same hand's as the party, as far as that binds it; cleared ones are not. In their order."""
    where = f"(t.first_id = $2 OR t.second_id = $2) AND {_STANDS}"
    found = await RELATIONS.select(connection, tenant_id, where, party_id)
    return tuple(sorted(relation.other(party_id) for relation in found))


async def besides(connection: Connection, tenant_id: TenantId, provider_id: ProviderId) -> list[Beside]:
    """The providers among those that `related` names, as the rule of one account looks at them."""
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
    connection: Connection, tenant_id: TenantId, party_id: LiablePartyId, kind: RelationKind, digest: str
) -> bool:
    """Whether the party has that fingerprint."""
    return await FINGERPRINTS.find(connection, tenant_id, party_id, kind.value, digest) is not None


async def by_fingerprint(
    connection: Connection, tenant_id: TenantId, kind: RelationKind, digest: str
) -> list[LiablePartyId]:
    """Every party with that fingerprint, in their order."""
    where = "t.kind = $2 AND t.digest = $3 ORDER BY t.party_id"
    return [found.party_id for found in await FINGERPRINTS.select(connection, tenant_id, where, kind.value, digest)]
