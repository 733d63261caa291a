"""Relations of providers and suppliers in GraphQL: which accounts are one hand's."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from api.operations import relations
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from domain.ids import LiablePartyId, ProviderId, RelationId, SupplierId
from domain.relations import (
    ClearRelation,
    DeclareRelatedAccount,
    RelateAccounts,
    RelationAction,
    RelationKind,
    RelationState,
)

if TYPE_CHECKING:
    from api.schema.providers import Provider
    from api.schema.suppliers import Supplier

described(RelationKind)
described(RelationState)
described(RelationAction)


@strawberry.input(description="Which relations. What is left out does not matter; conditions add up.")
class RelationFilter:
    """The fields are the filters of `storage/views/relations.py`."""

    states: list[RelationState] | None = strawberry.field(
        default=None, description="In one of these states; for staff."
    )
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    supplier_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier.")


@strawberry.type(description="An action on a relation that is not possible now for the viewer, and why.")
class BlockedRelationAction:
    """`domain.moves.Move`."""

    action: RelationAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(
    description="Two accounts, of providers or suppliers, that seem to be one hand's. A provider sees those that "
    "itself declared, and no more."
)
class Relation(Node):
    """`domain.relations.Relation`."""

    first: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="One of the two, where it is a provider."
    )
    second: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="The other one, where it is a provider."
    )
    first_supplier: Annotated["Supplier", strawberry.lazy("api.schema.suppliers")] | None = strawberry.field(
        description="One of the two, where it is a supplier."
    )
    second_supplier: Annotated["Supplier", strawberry.lazy("api.schema.suppliers")] | None = strawberry.field(
        description="The other one, where it is a supplier."
    )
    state: RelationState = strawberry.field(description="Where it stands; for a provider always what it said.")
    kinds: list[RelationKind] | None = strawberry.field(
        description="What the two have in common and nobody cleared; for staff."
    )
    because: list[Finding] | None = strawberry.field(
        description="Why they count as related, or no longer do; for staff."
    )
    note: str | None = strawberry.field(description="What was said when it was declared; for staff.")
    reason: str | None = strawberry.field(description="Why the desk cleared it; for staff.")
    available_actions: list[RelationAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedRelationAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    found_at: datetime | None = strawberry.field(description="When it was declared or detected first; for staff.")
    cleared_at: datetime | None = strawberry.field(description="When the desk cleared it; for staff.")
    version: int | None = strawberry.field(
        description="Grows by one with each change, for `expectedVersion`; for staff."
    )


@strawberry.type(description="A related account, from the side of one of the two.")
class RelatedAccount:
    """`storage.views.relations.RelatedAccount`."""

    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="The other account, where it is a provider."
    )
    supplier: Annotated["Supplier", strawberry.lazy("api.schema.suppliers")] | None = strawberry.field(
        description="The other account, where it is a supplier."
    )
    relation: Relation | None = strawberry.field(description="The relation of the two.")
    kinds: list[RelationKind] = strawberry.field(description="What they have in common; for staff, empty for others.")
    state: RelationState = strawberry.field(description="Where the relation stands; DECLARED for a provider itself.")
    declared: bool = strawberry.field(description="Whether this account declared it.")
    because: list[Finding] = strawberry.field(description="Why they count as related.")


RELATED_ACCOUNTS: Final[Any] = strawberry.field(
    description="Accounts of the same hand: for staff those declared and detected, cleared ones too, with why; a "
    "provider sees of itself what it declared; empty for others."
)
"""The field of Provider and of Supplier."""


@strawberry.input(description="Another account that is the same hand's.")
class DeclareRelatedAccountInput:
    """→ `domain.relations.DeclareRelatedAccount`."""

    related_provider_id: strawberry.ID = strawberry.field(description="The other account.")
    note: str | None = strawberry.field(default=None, description="In which way, at most 4,000 characters.")
    provider_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who declares it, when the desk enters it; the caller's own account when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> DeclareRelatedAccount:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        related_provider_id = read.id(ProviderId, self.related_provider_id, "relatedProviderId")
        note = read.note(self.note, "note")
        provider_id = read.optional_id(ProviderId, self.provider_id, "providerId")
        read.done()
        return DeclareRelatedAccount(related_provider_id, note, provider_id)


@strawberry.input(description="Two accounts that are one hand's, as the desk finds.")
class RelateAccountsInput:
    """→ `domain.relations.RelateAccounts`."""

    first_id: strawberry.ID = strawberry.field(description="A provider or supplier.")
    second_id: strawberry.ID = strawberry.field(description="Another provider or supplier.")
    reason: str = strawberry.field(description="What shows it, at most 4,000 characters; for staff.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RelateAccounts:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        nobody: LiablePartyId = ProviderId("")
        first_id = read.take(lambda: party(self.first_id), "firstId", otherwise=nobody)
        second_id = read.take(lambda: party(self.second_id), "secondId", otherwise=nobody)
        reason = read.required_note(self.reason, "reason")
        read.done()
        return RelateAccounts(first_id, second_id, reason)


def party(text: str) -> LiablePartyId:
    """The id of a provider or supplier. Refuses others with ValueError."""
    return SupplierId.parse(text) if text.startswith(f"{SupplierId.prefix}_") else ProviderId.parse(text)


@strawberry.input(description="A relation that is a coincidence.")
class ClearRelationInput:
    """→ `domain.relations.ClearRelation`."""

    relation_id: strawberry.ID = strawberry.field(description="The relation.")
    reason: str = strawberry.field(description="Why, at most 4,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ClearRelation:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        relation_id = read.id(RelationId, self.relation_id, "relationId")
        reason = read.required_note(self.reason, "reason")
        read.done()
        return ClearRelation(relation_id, reason)


@strawberry.type(description="The relation after the change, or why nothing changed.")
class RelationPayload:
    """What the mutations on a relation answer."""

    relation: Relation | None = strawberry.field(description="The relation; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class RelationQueries:
    """Reading relations."""

    relation: Relation | None = point("The relation of that id; null when there is none for the viewer.", of="relation")
    relations: Connection[Relation] = listing(
        "The relations the viewer may see: a provider those it declared, staff all.",
        filter=RelationFilter,
        order=ByAge,
    )


@strawberry.type
class RelationMutations:
    """What can be done with relations."""

    declare_related_account: RelationPayload = mutation(
        relations.declare_related_account,
        DeclareRelatedAccountInput,
        keyed=False,
        description="A provider says that another account is the same hand's. It binds the one that says it.",
    )
    relate_accounts: RelationPayload = mutation(
        relations.relate_accounts,
        RelateAccountsInput,
        keyed=False,
        description="The desk finds that two accounts, of providers or suppliers, are one hand's. It binds both: bars "
        "and removals from programmes that befall the one keep out the other, until the desk clears it.",
    )
    clear_relation: RelationPayload = mutation(
        relations.clear_relation,
        ClearRelationInput,
        keyed=False,
        description="The desk says that two accounts have nothing to do with each other: what they share now counts "
        "never again, what they share later does.",
    )
