"""Callers: whose key or token this is, looked up across tenants, and what they act for, looked up inside one.

The worker's role may read keys, members and tenants of every tenant and nothing else (`0001_tenants.sql`); everything
about the organisation is read afterwards, under its tenant. `now` is the database's clock: keys live by the real one.
Changes of what callers may do are told to every process over one channel, so that none remembers a caller too long.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from domain.access import Person, Role, Scope
from domain.ids import ApiKeyId, BuyerId, MemberId, OrganisationId, PartyId, ProviderId, SupplierId, TenantId
from domain.keys import ApiKey
from storage.cache import LOST

CHANNEL: Final = "makegood:callers"
"""Where the ids of changed keys, members and parties are published."""

HAPPENINGS: Final = frozenset(
    {
        "key.rotated",
        "key.revoked",
        "member.role_granted",
        "member.role_revoked",
        "member.removed",
        "supplier.tier_sight_changed",
    }
)
"""What changes the rights of a caller who is known already: the happening's object is the caller, or its party."""


class Asked(Protocol):
    """A connection that can be asked for one row or many."""

    async def fetchrow(self, text: str, *arguments: Any) -> Any:
        """The first row, or None."""

    async def fetch(self, text: str, *arguments: Any) -> Any:
        """All rows."""


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key, its tenant, and the instant at which both were looked up."""

    tenant_id: TenantId
    tenant_kind: str
    documents_required: bool
    key: ApiKey
    now: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in one tenant."""

    tenant_id: TenantId
    member_id: MemberId
    organisation_id: OrganisationId
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """What an organisation is on the marketplace: the party it is, if it is one."""

    party_id: PartyId | None
    sees_exact_tiers: bool


async def find_key(connection: Asked, id: ApiKeyId) -> HeldKey | None:
    """The key of that id in whichever tenant it is, also if it opens nothing any more; None if there is none."""
    row = await connection.fetchrow(
        "SELECT k.*, t.kind AS tenant_kind, t.documents_required, clock_timestamp() AS now "
        "FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id WHERE k.id = $1",
        id,
    )
    if row is None:
        return None
    key = ApiKey(
        id=ApiKeyId(row["id"]),
        organisation_id=OrganisationId(row["organisation_id"]),
        label=row["label"],
        roles=tuple(Role(role) for role in row["roles"]),
        scopes=tuple(Scope(scope) for scope in row["scopes"]),
        secret_hash=row["secret_hash"],
        frontend=row["frontend"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        replaced_by=None if row["replaced_by"] is None else ApiKeyId(row["replaced_by"]),
        last_used_at=row["last_used_at"],
        version=row["version"],
    )
    return HeldKey(TenantId(row["tenant_id"]), row["tenant_kind"], row["documents_required"], key, row["now"])


async def memberships(connection: Asked, person: Person) -> tuple[Membership, ...]:
    """Where that person is a member now, in the order of the tenants' ids."""
    rows = await connection.fetch(
        "SELECT tenant_id, id, organisation_id, roles FROM members "
        "WHERE issuer = $1 AND subject = $2 AND removed_at IS NULL ORDER BY tenant_id",
        person.issuer,
        person.subject,
    )
    return tuple(
        Membership(
            TenantId(row["tenant_id"]),
            MemberId(row["id"]),
            OrganisationId(row["organisation_id"]),
            tuple(Role(role) for role in row["roles"]),
        )
        for row in rows
    )


async def tenant_for_guest(connection: Asked, wanted: TenantId | None) -> TenantId | None:
    """The tenant at whose door a person stands who is a member of none: the one they name, else the only one."""
    rows = await connection.fetch(
        "SELECT tenant_id FROM tenants WHERE tenant_id = coalesce($1, tenant_id) ORDER BY tenant_id LIMIT 2", wanted
    )
    return TenantId(rows[0]["tenant_id"]) if len(rows) == 1 else None


async def side_of(connection: Asked, tenant_id: TenantId, organisation_id: OrganisationId) -> Side:
    """The party that the organisation is; under row-level security the connection must show that tenant."""
    row = await connection.fetchrow(
        "SELECT id, false AS sees_exact_tiers FROM buyers WHERE tenant_id = $1 AND organisation_id = $2 UNION ALL "
        "SELECT id, sees_exact_tiers FROM suppliers WHERE tenant_id = $1 AND organisation_id = $2 UNION ALL "
        "SELECT id, false FROM providers WHERE tenant_id = $1 AND organisation_id = $2 LIMIT 1",
        tenant_id,
        organisation_id,
    )
    return Side(None, False) if row is None else Side(party_id(row["id"]), row["sees_exact_tiers"])


async def mark_used(connection: Asked, tenant_id: TenantId, used: Mapping[ApiKeyId, datetime]) -> None:
    """Those keys were last used at those instants, or later. No change of an aggregate: nothing is decided by it."""
    await connection.fetch(
        "UPDATE api_keys k SET last_used_at = u.at FROM unnest($2::text[], $3::timestamptz[]) AS u (id, at) "
        "WHERE k.tenant_id = $1 AND k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)",
        tenant_id,
        list(used.keys()),
        list(used.values()),
    )


async def tell(redis: Any, ids: Collection[str]) -> bool:
    """Every process forgets the callers that are, or act for, those ids.

    False if Valkey could not be reached: whoever listens has noticed that as well, and forgotten everybody.
    """
    try:
        for id_ in ids:
            await redis.publish(CHANNEL, id_)
    except LOST:
        return False
    return True


def party_id(text: str) -> PartyId:
    """The id of a buyer, supplier or provider, by its prefix. Refuses any other with KeyError."""
    kinds: Mapping[str, type[BuyerId] | type[SupplierId] | type[ProviderId]] = {
        kind.prefix: kind for kind in (BuyerId, SupplierId, ProviderId)
    }
    return kinds[text[:3]](text)
