"""The viewer: who is asking, for whom, and what they may do. Read from the caller and the tenant's row alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.access import Caller, Role, Scope, ViewerKind, permitted
from domain.tenants import TenantKind
from storage.views.view import Answer, Root, Row


@dataclass(frozen=True, slots=True)
class ViewerTenant:
    """The marketplace as its callers see it; `clock` is what its clock shows now."""

    id: str
    name: str
    kind: TenantKind
    market: str
    currency: str
    claim_profile: str
    clock: datetime


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking. `organisation` and `party` are ids; the engine reads what they are of."""

    actor_id: str
    kind: ViewerKind
    roles: list[Role]
    scopes: list[Scope]
    actions: list[str]
    organisation: str | None
    party: str | None
    member: str | None
    tenant: ViewerTenant


async def viewer_of(
    connection: Any, _rows: Sequence[Row], caller: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[Viewer]:
    """The caller, with its tenant."""
    row = await connection.fetchrow(
        "SELECT name, kind, market, currency, claim_profile FROM tenants WHERE tenant_id = $1", caller.tenant_id
    )
    tenant = ViewerTenant(
        caller.tenant_id,
        row["name"],
        TenantKind(row["kind"]),
        row["market"],
        row["currency"],
        row["claim_profile"],
        at,
    )
    return [
        Viewer(
            actor_id=caller.actor_id,
            kind=caller.viewer,
            roles=sorted(caller.roles),
            scopes=sorted(caller.scopes),
            actions=list(permitted(caller)),
            organisation=caller.organisation_id,
            party=caller.party_id,
            member=caller.actor_id if caller.person is not None and caller.organisation_id is not None else None,
            tenant=tenant,
        )
    ]


VIEWS: Final = ()
ROOTS: Final[dict[str, Root]] = {"viewer": Answer(viewer_of)}
