"""The viewer in GraphQL: who am I, for whom do I act, what may I do."""

from datetime import datetime

import strawberry

from api.schema.arguments import field
from api.schema.enums import described
from api.schema.organisations import Member, Organisation
from api.schema.parties import Party
from api.schema.scalars import CountryCode, CurrencyCode
from domain.access import Role, Scope, ViewerKind
from domain.tenants import TenantKind

described(ViewerKind)
described(TenantKind)


@strawberry.type(description="The marketplace that the viewer is in.")
class Tenant:
    """`storage.views.viewer.ViewerTenant`."""

    id: strawberry.ID = strawberry.field(description="Its id; people in several name it in the Makegood-Tenant header.")
    name: str = strawberry.field(description="Its name.")
    kind: TenantKind = strawberry.field(description="Whether the trade in it is real.")
    market: CountryCode = strawberry.field(description="Whose working days its desk keeps.")
    currency: CurrencyCode = strawberry.field(description="The money in which caps and yearly spend are counted.")
    claim_profile: str = strawberry.field(
        description="The key of the rule whose clocks govern claims that are opened now: `clocks/b2b_default`."
    )
    clock: datetime = strawberry.field(description="What its clock shows now; a sandbox's may have been moved.")


@strawberry.type(description="Who is asking.")
class Viewer:
    """`storage.views.viewer.Viewer`."""

    actor_id: strawberry.ID = strawberry.field(description="The key or member that acts; it stands in the audit log.")
    kind: ViewerKind = strawberry.field(description="How much is shown.")
    roles: list[Role] = strawberry.field(description="What the viewer may be in its organisation.")
    scopes: list[Scope] = strawberry.field(description="What the token or key is good for.")
    actions: list[str] = strawberry.field(
        description="The mutations that the viewer's roles and scopes allow, by name."
    )
    organisation: Organisation | None = strawberry.field(description="For whom it acts; null for a guest.")
    party: Party | None = strawberry.field(description="The buyer, supplier or provider it acts for; null for none.")
    member: Member | None = strawberry.field(description="The person's membership; null for keys and guests.")
    tenant: Tenant = strawberry.field(description="The marketplace.")


@strawberry.type
class ViewerQueries:
    """Who is asking."""

    viewer: Viewer = field("Who is asking, for whom, and what they may do.")
