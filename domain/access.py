"""Who may do what: the role x action table, and who a caller is.

Laws: an action is the name of a mutation; the table below is the whole truth about roles (it is printed into the docs);
which *rows* a caller reaches is decided elsewhere, by the visibility predicates of `storage/views/` and by the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.errors import Forbidden
from domain.ids import Id, OrganisationId, PartyId, TenantId


class Role(StrEnum):
    """What a member or a key may be in its organisation (`conventions.md`, Callers)."""

    BUYER = "BUYER"
    SUPPLIER = "SUPPLIER"
    PROVIDER = "PROVIDER"
    SUPPORT = "SUPPORT"
    ADJUDICATOR = "ADJUDICATOR"
    FINANCE = "FINANCE"
    POLICY = "POLICY"
    ADMIN = "ADMIN"
    SERVICE = "SERVICE"


class ViewerKind(StrEnum):
    """How much of a row is shown. One visibility predicate per kind, in every view."""

    STAFF = "STAFF"
    BUYER = "BUYER"
    SUPPLIER = "SUPPLIER"
    ENTITLED_SUPPLIER = "ENTITLED_SUPPLIER"
    PROVIDER = "PROVIDER"
    PUBLIC = "PUBLIC"


class Scope(StrEnum):
    """What a token or key is good for, beside its roles."""

    READ = "READ"
    WRITE = "WRITE"
    INTROSPECT = "INTROSPECT"


STAFF: Final = frozenset({Role.SUPPORT, Role.ADJUDICATOR, Role.FINANCE, Role.POLICY, Role.ADMIN})
"""The operator's roles."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: one actor (a key or a member) of one organisation, acting for at most one party of one tenant."""

    tenant_id: TenantId
    actor_id: Id
    organisation_id: OrganisationId
    party_id: PartyId | None
    roles: frozenset[Role]
    viewer: ViewerKind
    scopes: frozenset[Scope]
