"""Choices of plans in GraphQL: what a merchant is offered, what it chose, and when that begins."""

from datetime import datetime

import strawberry

from api.operations import membership_choices
from api.schema.arguments import field
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.memberships import SUPPLIER, Membership
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, ByAge
from api.schema.rules import RuleVersion
from api.schema.scalars import Money
from api.schema.suppliers import Supplier
from domain.ids import SupplierId
from domain.membership_choices import ChoiceState, ChooseMembership
from domain.memberships import Plan

described(ChoiceState, name="MembershipChoiceState")


@strawberry.input(description="Which choices of plans. What is left out does not matter; conditions add up.")
class MembershipChoiceFilter:
    """The filters of `storage/views/membership_choices.py`."""

    supplier_id: strawberry.ID | None = strawberry.field(default=None, description="Of this merchant.")
    states: list[ChoiceState] | None = strawberry.field(default=None, description="In one of these states.")


@strawberry.type(description="Which plan a merchant wants next. At most one of its choices waits.")
class MembershipChoice(Node):
    """`domain.membership_choices.MembershipChoice`."""

    supplier: Supplier | None = strawberry.field(description="The merchant.")
    plan: Plan = strawberry.field(description="The plan.")
    state: ChoiceState = strawberry.field(description="Where it stands.")
    fee: Money = strawberry.field(description="What a term costs; it stays so until it is paid.")
    begins_at: datetime | None = strawberry.field(
        description="When the plan begins, if its fee is paid until then; null: with its payment."
    )
    due_at: datetime = strawberry.field(
        description="The last instant to pay for it; for the free plan the last one of what is paid."
    )
    membership: Membership | None = strawberry.field(description="The term that was paid; null before.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that set the fee.")
    chosen_at: datetime = strawberry.field(description="When it was chosen.")
    ended_at: datetime | None = strawberry.field(
        description="When it began, was replaced or lapsed; null while it waits."
    )
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="A plan as it is offered to a merchant now, and why it may or may not choose it.")
class MembershipOffer:
    """`domain.membership_choices.Offer`."""

    plan: Plan = strawberry.field(description="The plan.")
    fee: Money = strawberry.field(description="What a term costs.")
    months: int = strawberry.field(description="How many months a term lasts.")
    protection: bool = strawberry.field(description="Whether it entitles to protection against chargebacks.")
    card_receipts_cap: Money | None = strawberry.field(
        description="What may come in by card under it; null: any amount."
    )
    begins_at: datetime | None = strawberry.field(
        description="When it would begin: after what entitles to as much and is paid; null: with its payment."
    )
    pay_until: datetime | None = strawberry.field(
        description="The last instant to pay for it, if it is chosen now; null for the free plan."
    )
    current: bool = strawberry.field(description="Whether it is the merchant's plan now.")
    eligible: bool = strawberry.field(description="Whether `chooseMembership` would be let through now.")
    findings: list[Finding] = strawberry.field(description="Every condition, met or not.")


@strawberry.input(description="A merchant chooses its next plan.")
class ChooseMembershipInput:
    """→ `domain.membership_choices.ChooseMembership`."""

    plan: Plan = strawberry.field(description="The plan; the free one ends the paid one when its term is over.")
    supplier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The merchant; staff must name it, a merchant means itself."
    )
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ChooseMembership:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ChooseMembership(read.optional_id(SupplierId, self.supplier_id, "supplierId"), self.plan)
        read.done()
        return command


@strawberry.type(description="The choice, or why nothing changed.")
class MembershipChoicePayload:
    """What `chooseMembership` answers."""

    membership_choice: MembershipChoice | None = strawberry.field(description="The choice; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class MembershipChoiceQueries:
    """Reading what is offered and chosen."""

    membership_choice: MembershipChoice | None = point(
        "The choice of a plan of that id; null when there is none for the viewer.", of="choice of a plan"
    )
    membership_choices: Connection[MembershipChoice] = listing(
        "The choices of plans the viewer may see: a merchant its own, staff all.",
        filter=MembershipChoiceFilter,
        order=ByAge,
    )
    membership_offers: list[MembershipOffer] | None = field(
        "Every plan as it stands for a merchant: its fee, when it would begin, and why it may or may not be chosen.",
        SUPPLIER,
    )


@strawberry.type
class MembershipChoiceMutations:
    """Choosing a plan."""

    choose_membership: MembershipChoicePayload = mutation(
        membership_choices.choose_membership,
        ChooseMembershipInput,
        keyed=True,
        description="A merchant chooses its next plan: a paid one begins when its fee is paid, or after what is paid "
        "already; the free one ends the paid one with its term. Replaces what it had chosen before.",
    )
