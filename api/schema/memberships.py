"""Plans of merchants, card payments and the protection against chargebacks in GraphQL."""

from datetime import datetime
from typing import Final

import strawberry

from api.operations import memberships, protections
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.rules import RuleVersion
from api.schema.scalars import Money, MoneyInput
from api.schema.suppliers import Supplier
from domain.ids import OrderId, ProtectionId, SupplierId
from domain.memberships import Plan, RecordCardReceipt, RecordMembership, Scheme
from domain.protections import (
    ActivateProtection,
    PauseReason,
    ProtectionAction,
    ProtectionState,
    TurnProtection,
)

described(Plan, name="MembershipPlan")
described(Scheme, name="CardScheme")
described(ProtectionState)
described(PauseReason, name="ProtectionPauseReason")
described(ProtectionAction)


@strawberry.input(description="Which terms of plans. What is left out does not matter.")
class MembershipFilter:
    """The filters of `storage/views/memberships.py`."""

    supplier_id: strawberry.ID | None = strawberry.field(default=None, description="Of this merchant.")


@strawberry.input(description="Which card payments. What is left out does not matter; conditions add up.")
class CardReceiptFilter:
    """The filters of `storage/views/memberships.py`."""

    supplier_id: strawberry.ID | None = strawberry.field(default=None, description="Of this merchant.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")


@strawberry.input(description="Which protections. What is left out does not matter.")
class ProtectionFilter:
    """The filters of `storage/views/memberships.py`."""

    supplier_id: strawberry.ID | None = strawberry.field(default=None, description="Of this merchant.")


@strawberry.type(description="A term of a plan that a merchant paid for. It never changes.")
class Membership(Node):
    """`domain.memberships.Membership`."""

    supplier: Supplier | None = strawberry.field(description="The merchant.")
    plan: Plan = strawberry.field(description="The plan.")
    reference: str = strawberry.field(description="The marketplace's own bill for the fee.")
    fee: Money = strawberry.field(description="What the term cost.")
    starts_at: datetime = strawberry.field(description="Its first instant.")
    ends_at: datetime = strawberry.field(description="Its last instant.")
    recorded_at: datetime = strawberry.field(description="When it was recorded.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule that set the fee and the term.")


@strawberry.type(description="A card payment of an order, with the plan under which it came in.")
class CardReceipt(Node):
    """`domain.memberships.CardReceipt`."""

    order: Order | None = strawberry.field(description="The order it paid for; null when hidden from the viewer.")
    supplier: Supplier | None = strawberry.field(description="The merchant.")
    payment_reference: str = strawberry.field(description="What the processor calls the payment.")
    scheme: Scheme = strawberry.field(description="The card network.")
    amount: Money = strawberry.field(description="How much.")
    plan: Plan = strawberry.field(description="The merchant's plan at that instant.")
    received_at: datetime = strawberry.field(description="When it came in.")
    rule_version: RuleVersion | None = strawberry.field(
        description="The rule that let it in; for the merchant and staff."
    )


@strawberry.type(description="A merchant's plan now, and what that lets come in by card.")
class CardAllowance:
    """`domain.memberships.Allowance`."""

    plan: Plan = strawberry.field(description="The plan that counts now.")
    plan_ends_at: datetime | None = strawberry.field(description="Its last instant; null for the free plan.")
    entitles_to_protection: bool = strawberry.field(description="Whether protection can be switched on under it.")
    cap: Money | None = strawberry.field(description="What may come in by card under it; null: any amount.")
    used: Money | None = strawberry.field(description="What has come in of that; null where there is no cap.")
    left: Money | None = strawberry.field(description="What may still come in; null where there is no cap.")


@strawberry.type(description="An action on a protection that is not possible now for the viewer, and why.")
class BlockedProtectionAction:
    """`domain.moves.Move`."""

    action: ProtectionAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A stretch of time in which a protection was active.")
class ProtectionPeriod(Node):
    """`domain.protections.ProtectionPeriod`."""

    protection: "Protection | None" = strawberry.field(description="The protection.")
    number: int = strawberry.field(description="1, 2, 3 … in the protection.")
    started_at: datetime = strawberry.field(description="Its first instant.")
    ended_at: datetime | None = strawberry.field(
        description="The first instant that is not protected; null while it lasts."
    )


@strawberry.type(description="A merchant's protection against chargebacks, since it was switched on.")
class Protection(Node):
    """`domain.protections.Protection`."""

    supplier: Supplier | None = strawberry.field(description="The merchant.")
    state: ProtectionState = strawberry.field(description="Where it stands.")
    pause_reason: PauseReason | None = strawberry.field(description="Why it is paused; null otherwise.")
    periods: Connection[ProtectionPeriod] = connection("When it was active: what buyers paid then is protected.")
    rule_version: RuleVersion | None = strawberry.field(description="The rule whose limits and conditions govern it.")
    available_actions: list[ProtectionAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedProtectionAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    enrolled_at: datetime = strawberry.field(description="When it was switched on.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    ended_at: datetime | None = strawberry.field(description="When it was switched off; null before.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="Where a merchant stands with the protection, and why it may or may not switch it on.")
class ProtectionStanding:
    """`domain.protections.Standing`."""

    state: ProtectionState = strawberry.field(description="OFF or ELIGIBLE where it has none.")
    eligible: bool = strawberry.field(description="Whether `activateProtection` would be let through now.")
    findings: list[Finding] = strawberry.field(description="Every condition, met or not.")
    case_limit: Money = strawberry.field(description="At most this is covered of one chargeback.")
    year_limit: Money = strawberry.field(description="At most this is covered within a year.")
    year_used: Money = strawberry.field(description="What was covered in the year before now.")
    year_left: Money = strawberry.field(description="What is left of it.")
    protection: Protection | None = strawberry.field(description="The one that has not ended; null if there is none.")


@strawberry.input(description="A merchant paid for a term of a plan.")
class RecordMembershipInput:
    """→ `domain.memberships.RecordMembership`."""

    supplier_id: strawberry.ID = strawberry.field(description="The merchant.")
    plan: Plan = strawberry.field(description="The plan; never the free one.")
    reference: str = strawberry.field(description="Your bill for the fee. The same reference is recorded once.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordMembership:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordMembership(
            read.id(SupplierId, self.supplier_id, "supplierId"), self.plan, read.reference(self.reference, "reference")
        )
        read.done()
        return command


@strawberry.input(description="A part or the whole of an order was paid by card.")
class RecordCardReceiptInput:
    """→ `domain.memberships.RecordCardReceipt`."""

    order_id: strawberry.ID = strawberry.field(description="The order.")
    payment_reference: str = strawberry.field(description="What the processor calls the payment; recorded once.")
    scheme: Scheme = strawberry.field(description="The card network.")
    amount: MoneyInput = strawberry.field(description="How much, in the order's currency.")
    received_at: datetime | None = strawberry.field(default=None, description="When; now if left out.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordCardReceipt:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RecordCardReceipt(
            read.id(OrderId, self.order_id, "orderId"),
            read.reference(self.payment_reference, "paymentReference"),
            self.scheme,
            read.money(self.amount, "amount"),
            self.received_at,
        )
        read.done()
        return command


@strawberry.input(description="Switch the protection on.")
class ActivateProtectionInput:
    """→ `domain.protections.ActivateProtection`."""

    supplier_id: strawberry.ID | None = strawberry.field(
        default=None, description="The merchant; staff must name it, a merchant means itself."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ActivateProtection:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ActivateProtection(read.optional_id(SupplierId, self.supplier_id, "supplierId"))
        read.done()
        return command


@strawberry.input(description="Pause, resume or end a protection.")
class TurnProtectionInput:
    """→ `domain.protections.TurnProtection`."""

    protection_id: strawberry.ID = strawberry.field(description="The protection.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> TurnProtection:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = TurnProtection(read.id(ProtectionId, self.protection_id, "protectionId"))
        read.done()
        return command


@strawberry.type(description="The term, or why nothing changed.")
class MembershipPayload:
    """What `recordMembership` answers."""

    membership: Membership | None = strawberry.field(description="The term; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The protection, or why nothing changed.")
class ProtectionPayload:
    """What the mutations of protections answer."""

    protection: Protection | None = strawberry.field(description="The protection now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


SUPPLIER: Final = Argument(
    "supplier_id", strawberry.ID | None, "The merchant; staff name it, a merchant means itself.", None
)


@strawberry.type
class MembershipQueries:
    """Reading plans, card payments and protections."""

    membership: Membership | None = point(
        "The term of a plan of that id; null when there is none for the viewer.", of="term"
    )
    memberships: Connection[Membership] = listing(
        "The terms of plans the viewer may see: a merchant its own, staff all.", filter=MembershipFilter, order=ByAge
    )
    card_receipt: CardReceipt | None = point(
        "The card payment of that id; null when there is none for the viewer.", of="card payment"
    )
    card_receipts: Connection[CardReceipt] = listing(
        "The card payments the viewer may see: a merchant's and a buyer's own, staff all.",
        filter=CardReceiptFilter,
        order=ByAge,
    )
    card_allowance: CardAllowance | None = field(
        "A merchant's plan now, and what that still lets come in by card: for checkouts, before they take a card.",
        SUPPLIER,
    )
    protection: Protection | None = point(
        "The protection of that id; null when there is none for the viewer.", of="protection"
    )
    protections: Connection[Protection] = listing(
        "The protections the viewer may see: a merchant its own, staff all.", filter=ProtectionFilter, order=ByAge
    )
    protection_standing: ProtectionStanding | None = field(
        "Where a merchant stands with the protection, and why it may or may not switch it on.", SUPPLIER
    )


@strawberry.type
class MembershipMutations:
    """What can be done with plans and protections."""

    record_membership: MembershipPayload = mutation(
        memberships.record_membership,
        RecordMembershipInput,
        keyed=True,
        description="A merchant paid for one more term of a plan. A protection that its plan's end had paused goes on.",
    )
    activate_protection: ProtectionPayload = mutation(
        protections.activate_protection,
        ActivateProtectionInput,
        keyed=False,
        description="Switch the protection on, at once: what buyers pay from now on is protected. Refused, with every "
        "reason, without a plan that entitles to it.",
    )
    pause_protection: ProtectionPayload = mutation(
        protections.pause_protection,
        TurnProtectionInput,
        keyed=False,
        description="What buyers pay from now on is not protected; what they paid before stays so.",
    )
    resume_protection: ProtectionPayload = mutation(
        protections.resume_protection,
        TurnProtectionInput,
        keyed=False,
        description="What buyers pay from now on is protected again.",
    )
    end_protection: ProtectionPayload = mutation(
        protections.end_protection,
        TurnProtectionInput,
        keyed=False,
        description="Switch the protection off. What buyers paid while it was active stays protected.",
    )
