"""Guarantees in GraphQL: what suppliers and providers promise, each under one rule."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import enrolments
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.parties import LiableParty
from api.schema.providers import Provider
from api.schema.scalars import CountryCode
from api.schema.suppliers import Supplier
from domain.enrolments import GuaranteeAction, GuaranteeState, OfferGuarantee, WithdrawGuarantee
from domain.guarantees import Promise
from domain.ids import GuaranteeId, ProviderId, SupplierId

if TYPE_CHECKING:
    from api.schema.rules import RuleVersion

for _enum in (Promise, GuaranteeState, GuaranteeAction):
    described(_enum)


@strawberry.input(description="Which guarantees. What is left out does not matter; conditions add up.")
class GuaranteeFilter:
    """The filters of `storage/views/enrolments.py`."""

    promise: Promise | None = strawberry.field(default=None, description="Of this promise.")
    states: list[GuaranteeState] | None = strawberry.field(default=None, description="In one of these states.")
    code: str | None = strawberry.field(default=None, description="Under the rule of this key.")


@strawberry.type(description="An action that is not possible now for the viewer, and why.")
class BlockedGuaranteeAction:
    """`domain.moves.Move`."""

    action: GuaranteeAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="Whether a party may stand for a rule's promise: `offerGuarantee` refuses by the same.")
class GuaranteeEligibility:
    """`storage.views.enrolments.Enrolment`."""

    holds: bool = strawberry.field(description="Whether it may.")
    because: list[Finding] = strawberry.field(description="Everything in the way; empty when it may.")


@strawberry.type(description="A party's offer to stand for a promise under a rule.")
class Guarantee(Node):
    """`domain.enrolments.Guarantee`."""

    code: str = strawberry.field(description="The key of its rule: `guarantees/on_time`.")
    title: str = strawberry.field(description="What people call it.")
    promise: Promise = strawberry.field(description="What is promised.")
    state: GuaranteeState = strawberry.field(description="Where the offer stands.")
    rule: Annotated["RuleVersion", strawberry.lazy("api.schema.rules")] | None = strawberry.field(
        description="The version of its rule that is in force now; an order is judged by the one in force at payment."
    )
    party: LiableParty | None = strawberry.field(description="Who stands for it.")
    supplier: Supplier | None = strawberry.field(description="Who stands for it, where it is a supplier.")
    provider: Provider | None = strawberry.field(description="Who stands for it, where it is a provider.")
    markets: list[CountryCode] = strawberry.field(
        description="The countries it is offered in; empty: wherever its party sells."
    )
    eligibility: GuaranteeEligibility | None = strawberry.field(
        description="Whether its party may stand for it now, and why not; null for others than its party and staff."
    )
    available_actions: list[GuaranteeAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedGuaranteeAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    offered_at: datetime = strawberry.field(description="Since when it is offered.")
    ends_at: datetime | None = strawberry.field(description="When it ends or ended; null while it is offered.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A guarantee to be offered.")
class OfferGuaranteeInput:
    """→ `domain.enrolments.OfferGuarantee`."""

    rule_key: str = strawberry.field(description="The key of the rule: `guarantees/on_time`.")
    party_id: strawberry.ID | None = strawberry.field(
        default=None, description="The supplier or provider who shall stand for it; yourself when left out."
    )
    markets: list[CountryCode] | None = strawberry.field(
        default=None, description="The countries it is offered in; wherever the party sells when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> OfferGuarantee:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        party_id: SupplierId | ProviderId | None = None
        if self.party_id is not None:
            of_supplier = self.party_id.startswith(f"{SupplierId.prefix}_")
            party_id = (
                read.id(SupplierId, self.party_id, "partyId")
                if of_supplier
                else read.id(ProviderId, self.party_id, "partyId")
            )
        read.done()
        return OfferGuarantee(self.rule_key, party_id, tuple(map(str, self.markets or ())))


@strawberry.input(description="A guarantee to be withdrawn.")
class WithdrawGuaranteeInput:
    """→ `domain.enrolments.WithdrawGuarantee`."""

    guarantee_id: strawberry.ID = strawberry.field(description="The guarantee.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> WithdrawGuarantee:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = WithdrawGuarantee(read.id(GuaranteeId, self.guarantee_id, "guaranteeId"))
        read.done()
        return command


@strawberry.type(description="The guarantee after the change, or why nothing changed.")
class GuaranteePayload:
    """What the mutations on a guarantee answer."""

    guarantee: Guarantee | None = strawberry.field(description="The guarantee; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class GuaranteeQueries:
    """Reading guarantees."""

    guarantee: Guarantee | None = point(
        "The guarantee of that id; null when there is none for the viewer.", of="guarantee"
    )
    guarantees: Connection[Guarantee] = listing(
        "The guarantees on offer; ended ones for staff, their party, and who bought with them.",
        filter=GuaranteeFilter,
        order=ByAge,
    )
    guarantee_eligibility: GuaranteeEligibility | None = field(
        "Whether a party could offer a rule's guarantee now, and everything in the way. Null for others than the party "
        "and staff.",
        Argument("rule_key", str, "The key of the rule: `guarantees/on_time`."),
        Argument("party_id", strawberry.ID | None, "The supplier or provider; yourself when left out.", None),
        Argument("markets", list[CountryCode] | None, "The countries it would be offered in.", None),
    )


@strawberry.type
class GuaranteeMutations:
    """What can be done with guarantees."""

    offer_guarantee: GuaranteePayload = mutation(
        enrolments.offer_guarantee,
        OfferGuaranteeInput,
        keyed=False,
        description="A supplier or provider stands for a rule's promise from now on.",
    )
    withdraw_guarantee: GuaranteePayload = mutation(
        enrolments.withdraw_guarantee,
        WithdrawGuaranteeInput,
        keyed=False,
        description="A guarantee is offered no longer. What was bought with it before stays covered.",
    )
