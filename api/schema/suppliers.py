"""Suppliers in GraphQL."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import parties, relations
from api.schema.buyers import registration
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge, Organisation
from api.schema.relations import RELATED_ACCOUNTS, RelatedAccount
from api.schema.scalars import CountryCode
from domain.ids import SupplierId
from domain.parties import Registration
from domain.suppliers import GrantTierSight, IdentifySupplier, SupplierAction

if TYPE_CHECKING:
    from api.schema.claims import Claim
    from api.schema.enrolments import Guarantee
    from api.schema.orders import Order
    from api.schema.recoveries import Recovery

described(SupplierAction)


@strawberry.input(description="Which suppliers. What is left out does not matter; conditions add up.")
class SupplierFilter:
    """The filters of `storage/views/parties.py`."""

    country: CountryCode | None = strawberry.field(default=None, description="In this country.")
    reference: str | None = strawberry.field(
        default=None, description="With this number of the marketplace; for staff."
    )


@strawberry.type(description="An action that is not possible now for the viewer, and why.")
class BlockedSupplierAction:
    """`domain.moves.Move`."""

    action: SupplierAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A merchant.")
class Supplier(Node):
    """`domain.suppliers.Supplier`."""

    name: str = strawberry.field(description="Its name.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    reference: str | None = strawberry.field(description="The marketplace's own number for it; for staff and itself.")
    sees_exact_tiers: bool | None = strawberry.field(
        description="Whether it was given sight of buyers' exact levels; for staff and itself."
    )
    organisation: Organisation | None = strawberry.field(description="Its people and keys; for staff and itself.")
    guarantees: Connection[Annotated["Guarantee", strawberry.lazy("api.schema.enrolments")]] = connection(
        "The promises it stands for.", order=ByAge
    )
    orders: Connection[Annotated["Order", strawberry.lazy("api.schema.orders")]] = connection(
        "What was bought of it, as far as the viewer may see it."
    )
    claims: Connection[Annotated["Claim", strawberry.lazy("api.schema.claims")]] = connection(
        "The claims that it answers, as far as the viewer may see them."
    )
    recoveries: Connection[Annotated["Recovery", strawberry.lazy("api.schema.recoveries")]] = connection(
        "What it owes for broken promises; for staff and itself."
    )
    related_accounts: list[RelatedAccount] = RELATED_ACCOUNTS
    available_actions: list[SupplierAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedSupplierAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    registered_at: datetime = strawberry.field(description="When it was registered.")
    version: int | None = strawberry.field(
        description="Grows by one with each change, for `expectedVersion`; for staff and itself."
    )


@strawberry.input(description="A merchant who shall sell here.")
class RegisterSupplierInput:
    """→ `domain.parties.Registration`."""

    name: str = strawberry.field(description="Its name, at most 200 characters.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    reference: str | None = strawberry.field(
        default=None, description="The marketplace's own number for it; unique among suppliers."
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="The organisation that it is; a new one of the same name when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> Registration:
        """The command. Refuses with Invalid, naming every problem."""
        return registration(self.name, self.country, self.reference, self.organisation_id)


@strawberry.input(description="Whether a supplier sees buyers' exact levels.")
class GrantTierSightInput:
    """→ `domain.suppliers.GrantTierSight`."""

    supplier_id: strawberry.ID = strawberry.field(description="The supplier.")
    granted: bool = strawberry.field(default=True, description="True: it sees them from now on; false: no longer.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> GrantTierSight:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = GrantTierSight(read.id(SupplierId, self.supplier_id, "supplierId"), self.granted)
        read.done()
        return command


@strawberry.input(description="Who is behind a supplier; at least one of the three. Only keyed digests of it are kept.")
class IdentifySupplierInput:
    """→ `domain.suppliers.IdentifySupplier`."""

    supplier_id: strawberry.ID = strawberry.field(description="The supplier.")
    owner: str | None = strawberry.field(default=None, description="Its owner's name, at most 200 characters.")
    tax_number: str | None = strawberry.field(default=None, description="Its tax number, in any usual spelling.")
    bank_account: str | None = strawberry.field(default=None, description="Its bank account, in any usual spelling.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> IdentifySupplier:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        supplier_id = read.id(SupplierId, self.supplier_id, "supplierId")
        command = IdentifySupplier(supplier_id, self.owner, self.tax_number, self.bank_account)
        read.rules(command.problems())
        read.done()
        return command


@strawberry.type(description="The supplier after the change, or why nothing changed.")
class SupplierPayload:
    """What the mutations on a supplier answer."""

    supplier: Supplier | None = strawberry.field(description="The supplier; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class SupplierQueries:
    """Reading suppliers."""

    supplier: Supplier | None = point("The supplier of that id; null when there is none.", of="supplier")
    suppliers: Connection[Supplier] = listing("All suppliers.", filter=SupplierFilter, order=ByAge)


@strawberry.type
class SupplierMutations:
    """What can be done with suppliers."""

    register_supplier: SupplierPayload = mutation(
        parties.register_supplier,
        RegisterSupplierInput,
        keyed=False,
        gathers=True,
        description="A merchant sells here.",
    )
    grant_tier_sight: SupplierPayload = mutation(
        parties.grant_tier_sight,
        GrantTierSightInput,
        keyed=False,
        description="A supplier sees buyers' exact levels, or no longer.",
    )
    identify_supplier: SupplierPayload = mutation(
        relations.identify_supplier,
        IdentifySupplierInput,
        keyed=False,
        description="It is known who is behind a supplier. Whoever has the same owner, tax number or bank account, "
        "provider or supplier, is related to it from then on; what it is stands nowhere but in keyed digests.",
    )
