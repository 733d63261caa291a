"""Remedies, refunds and goodwill in GraphQL."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import fulfilment, goodwill
from api.schema.buyers import Buyer
from api.schema.claims import Claim
from api.schema.connection import Connection, connection, listing, point
from api.schema.coupons import Coupon
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import NOTE_CHARACTERS_MAX, Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order, OrderLine
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.parties import LiableParty
from api.schema.rules import RuleVersion
from api.schema.scalars import Money, MoneyInput
from domain.access import Role
from domain.exposure import LossCause
from domain.goodwill import GoodwillBearer, GoodwillForm, GrantGoodwill
from domain.ids import BuyerId, ClaimId, OrderId, RefundId, RemedyId
from domain.refunds import RecordRefundFailed, RecordRefundPaid, RefundAction, RefundState
from domain.remedies import AnswerRemedy, RemedyAction, RemedyKind, RemedyState
from domain.texts import REFERENCE_CHARACTERS_MAX

if TYPE_CHECKING:
    from api.schema.ledger import LedgerTransfer
    from api.schema.recoveries import Recovery

described(RemedyState)
described(RemedyAction)
described(RefundState)
described(RefundAction)
described(GoodwillForm)
described(GoodwillBearer)
described(Role)


@strawberry.input(description="Which remedies. What is left out does not matter; conditions add up.")
class RemedyFilter:
    """The filters of `storage/views/remedies.py`."""

    states: list[RemedyState] | None = strawberry.field(default=None, description="In one of these states.")
    kinds: list[RemedyKind] | None = strawberry.field(default=None, description="Of one of these kinds.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="Of this claim.")


@strawberry.input(description="Which refunds. What is left out does not matter; conditions add up.")
class RefundFilter:
    """The filters of `storage/views/remedies.py`."""

    states: list[RefundState] | None = strawberry.field(default=None, description="In one of these states.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="Of this buyer.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="For this claim.")


@strawberry.input(description="Which goodwill. What is left out does not matter; conditions add up.")
class GoodwillFilter:
    """The filters of `storage/views/remedies.py`."""

    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="To this buyer.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="About this order.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="About this claim.")


@strawberry.type(description="An action on a remedy that is not possible now for the viewer, and why.")
class BlockedRemedyAction:
    """`domain.moves.Move`."""

    action: RemedyAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="An action on a refund that is not possible now for the viewer, and why.")
class BlockedRefundAction:
    """`domain.moves.Move`."""

    action: RefundAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="What staff gave a buyer without a duty to. It never changes.")
class Goodwill(Node):
    """`domain.goodwill.Goodwill`."""

    buyer: Buyer | None = strawberry.field(description="To whom it was given.")
    order: Order | None = strawberry.field(description="The order that it is about, if any.")
    claim: Claim | None = strawberry.field(description="The claim that it is about, if any.")
    cause: LossCause | None = strawberry.field(
        description="The loss that it counts towards; null where it was given for none."
    )
    form: GoodwillForm = strawberry.field(description="How it was given.")
    bearer: GoodwillBearer = strawberry.field(description="Who bears it.")
    amount: Money = strawberry.field(description="How much.")
    reason: str = strawberry.field(description="Why; the buyer may read it.")
    granted_by: strawberry.ID | None = strawberry.field(description="The member or key that gave it; for staff.")
    role: Role | None = strawberry.field(description="By whose limit; for staff.")
    limit: Money | None = strawberry.field(description="What that role could have given at most; for staff.")
    coupon: Coupon | None = strawberry.field(description="The coupon, where it was given as one.")
    refund: Annotated["Refund", strawberry.lazy("api.schema.remedies")] | None = strawberry.field(
        description="The refund, where it was given as one."
    )
    decision: Decision | None = strawberry.field(description="Why it was within the limits; for staff.")
    rule_version: RuleVersion | None = strawberry.field(description="The limits it was judged by.")
    transfers: Connection[Annotated["LedgerTransfer", strawberry.lazy("api.schema.ledger")]] = connection(
        "Where each cent went; for staff."
    )
    granted_at: datetime = strawberry.field(description="When.")
    version: int = strawberry.field(description="Always 1: it never changes.")


@strawberry.type(description="Money that goes back to a buyer: decided here, paid by the payment system.")
class Refund(Node):
    """`domain.refunds.Refund`."""

    state: RefundState = strawberry.field(description="Where it stands.")
    amount: Money = strawberry.field(description="How much.")
    order: Order | None = strawberry.field(description="Whose payment is given back.")
    buyer: Buyer | None = strawberry.field(description="To whom.")
    claim: Claim | None = strawberry.field(description="The claim that it makes good, if any.")
    goodwill: Goodwill | None = strawberry.field(description="The goodwill that it was given out of, if any.")
    reference: str | None = strawberry.field(description="The payment's reference, once it was paid.")
    failure: str | None = strawberry.field(description="Why the last attempt to pay it failed; for staff.")
    recovery: Annotated["Recovery", strawberry.lazy("api.schema.recoveries")] | None = strawberry.field(
        description="What it costs the first party that bears a share; for staff."
    )
    recoveries: Connection[Annotated["Recovery", strawberry.lazy("api.schema.recoveries")]] = connection(
        "What it costs each party that bears a share of it, the claim's own first; for staff."
    )
    transfers: Connection[Annotated["LedgerTransfer", strawberry.lazy("api.schema.ledger")]] = connection(
        "Where each cent went; for staff."
    )
    available_actions: list[RefundAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedRefundAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    decided_at: datetime = strawberry.field(description="When it was decided.")
    due_at: datetime | None = strawberry.field(
        description="The last instant to pay it in time; null once it was paid or cancelled, and where the rule sets "
        "none. What is not paid by then is overdue and due anew."
    )
    overdue_at: datetime | None = strawberry.field(
        description="When it was first found not to be paid in time; null where it was not."
    )
    ended_at: datetime | None = strawberry.field(description="When it was paid or cancelled.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="One thing that a claim gives its buyer, for one line of the order.")
class Remedy(Node):
    """`domain.remedies.Remedy`."""

    claim: Claim | None = strawberry.field(description="The claim.")
    order: Order | None = strawberry.field(description="The order.")
    line: OrderLine | None = strawberry.field(description="The line; null for all lines that the claim is about.")
    kind: RemedyKind = strawberry.field(description="How the loss is made good.")
    state: RemedyState = strawberry.field(description="Where it stands.")
    amount: Money = strawberry.field(description="How much money it is; zero for what the liable party does.")
    coupon: Coupon | None = strawberry.field(description="The coupon, where it is one and the viewer may see it.")
    refund: Refund | None = strawberry.field(description="The refund, where it is one and the viewer may see it.")
    liable_party: LiableParty | None = strawberry.field(description="Who answers for the claim.")
    note: str | None = strawberry.field(description="The last word of the party or the buyer on it.")
    due_at: datetime | None = strawberry.field(
        description="The last instant for the liable party to do it, or for the buyer to say that it did not."
    )
    available_actions: list[RemedyAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedRemedyAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    awarded_at: datetime = strawberry.field(description="When it was awarded.")
    provided_at: datetime | None = strawberry.field(description="When it was done, as the liable party says, or paid.")
    ended_at: datetime | None = strawberry.field(description="When nobody had to do anything about it any more.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="The liable party replaced, repaired or sent what was awarded.")
class ProvideRemedyInput:
    """→ `domain.remedies.AnswerRemedy`."""

    remedy_id: strawberry.ID = strawberry.field(description="The remedy.")
    note: str | None = strawberry.field(
        default=None, description=f"A word to the buyer, at most {NOTE_CHARACTERS_MAX} characters: a tracking number."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AnswerRemedy:
        """The command. Refuses with Invalid, naming every problem."""
        return _answer(self.remedy_id, self.note)


@strawberry.input(description="The buyer has what was awarded.")
class ConfirmRemedyInput:
    """→ `domain.remedies.AnswerRemedy`."""

    remedy_id: strawberry.ID = strawberry.field(description="The remedy.")
    note: str | None = strawberry.field(
        default=None, description=f"A word to the liable party, at most {NOTE_CHARACTERS_MAX} characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AnswerRemedy:
        """The command. Refuses with Invalid, naming every problem."""
        return _answer(self.remedy_id, self.note)


@strawberry.input(description="The buyer does not have what was awarded, or not as it should be.")
class RejectRemedyInput:
    """→ `domain.remedies.AnswerRemedy`."""

    remedy_id: strawberry.ID = strawberry.field(description="The remedy.")
    note: str = strawberry.field(description=f"What is wrong, at most {NOTE_CHARACTERS_MAX} characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AnswerRemedy:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        remedy_id = read.id(RemedyId, self.remedy_id, "remedyId")
        note = read.required_note(self.note, "note")
        read.done()
        return AnswerRemedy(remedy_id, note)


def _answer(remedy_id: str, note: str | None) -> AnswerRemedy:
    read = Reader()
    command = AnswerRemedy(read.id(RemedyId, remedy_id, "remedyId"), read.note(note, "note"))
    read.done()
    return command


@strawberry.type(description="The remedy and its claim, or why nothing changed.")
class RemedyPayload:
    """What the mutations on a remedy answer."""

    remedy: Remedy | None = strawberry.field(description="The remedy as it is now; null when nothing changed.")
    claim: Claim | None = strawberry.field(description="Its claim as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.input(description="The payment system paid a refund.")
class RecordRefundPaidInput:
    """→ `domain.refunds.RecordRefundPaid`."""

    refund_id: strawberry.ID = strawberry.field(description="The refund.")
    reference: str = strawberry.field(
        description=f"The payment's reference, 1 to {REFERENCE_CHARACTERS_MAX} characters. "
        "Reported again, it changes nothing."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordRefundPaid:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        refund_id = read.id(RefundId, self.refund_id, "refundId")
        reference = read.reference(self.reference, "reference")
        read.done()
        return RecordRefundPaid(refund_id, reference)


@strawberry.input(description="The payment system could not pay a refund.")
class RecordRefundFailedInput:
    """→ `domain.refunds.RecordRefundFailed`."""

    refund_id: strawberry.ID = strawberry.field(description="The refund.")
    failure: str = strawberry.field(description=f"Why, at most {NOTE_CHARACTERS_MAX} characters; for staff.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> RecordRefundFailed:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        refund_id = read.id(RefundId, self.refund_id, "refundId")
        failure = read.required_note(self.failure, "failure")
        read.done()
        return RecordRefundFailed(refund_id, failure)


@strawberry.type(description="The refund, or why nothing changed.")
class RefundPayload:
    """What the mutations on a refund answer."""

    refund: Refund | None = strawberry.field(description="The refund as it is now; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.input(description="Staff give a buyer something without a duty to, within the limits of their role.")
class GrantGoodwillInput:
    """→ `domain.goodwill.GrantGoodwill`."""

    buyer_id: strawberry.ID = strawberry.field(description="To whom.")
    order_id: strawberry.ID | None = strawberry.field(
        default=None, description="The order that it is about; the limit may be a share of it. A refund needs one."
    )
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="The claim that it is about.")
    cause: LossCause | None = strawberry.field(
        default=None, description="The loss that it counts towards: what is left of that loss is a limit, too."
    )
    form: GoodwillForm = strawberry.field(default=GoodwillForm.COUPON, description="How it is given.")
    bearer: GoodwillBearer = strawberry.field(
        default=GoodwillBearer.PLATFORM, description="Who bears it: the liable party of the claim only if it agreed to."
    )
    amount: MoneyInput = strawberry.field(description="How much, above zero.")
    reason: str = strawberry.field(
        description=f"Why, at most {NOTE_CHARACTERS_MAX} characters; the buyer and whoever bears it may read it."
    )
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> GrantGoodwill:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        buyer_id = read.id(BuyerId, self.buyer_id, "buyerId")
        order_id = read.optional_id(OrderId, self.order_id, "orderId")
        claim_id = read.optional_id(ClaimId, self.claim_id, "claimId")
        amount = read.money(self.amount, "amount")
        reason = read.required_note(self.reason, "reason")
        read.done()
        return GrantGoodwill(buyer_id, order_id, claim_id, self.cause, self.form, self.bearer, amount, reason)


@strawberry.type(description="What was given, or why nothing was.")
class GrantGoodwillPayload:
    """What `grantGoodwill` answers."""

    goodwill: Goodwill | None = strawberry.field(description="What was given; null when nothing was.")
    coupon: Coupon | None = strawberry.field(description="The coupon, where it was given as one.")
    refund: Refund | None = strawberry.field(description="The refund, where it was given as one.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was given; empty on success.")


@strawberry.type
class RemedyQueries:
    """Reading remedies, refunds and goodwill."""

    remedy: Remedy | None = point("The remedy of that id; null when there is none for the viewer.", of="remedy")
    remedies: Connection[Remedy] = listing(
        "The remedies the viewer may see: a buyer and a liable party their own, staff all.",
        filter=RemedyFilter,
        order=ByAge,
    )
    refund: Refund | None = point("The refund of that id; null when there is none for the viewer.", of="refund")
    refunds: Connection[Refund] = listing(
        "The refunds the viewer may see: a buyer its own, staff all.", filter=RefundFilter, order=ByAge
    )
    goodwill: Goodwill | None = point("The goodwill of that id; null when there is none for the viewer.", of="goodwill")
    goodwills: Connection[Goodwill] = listing(
        "The goodwill the viewer may see: a buyer its own, a liable party what it bears, staff all.",
        filter=GoodwillFilter,
        order=ByAge,
    )


@strawberry.type
class RemedyMutations:
    """What can be done with remedies, refunds and goodwill."""

    provide_remedy: RemedyPayload = mutation(
        fulfilment.provide_remedy,
        ProvideRemedyInput,
        keyed=True,
        description="The liable party did what was awarded; the buyer has its time to say otherwise, and its silence "
        "confirms it.",
    )
    confirm_remedy: RemedyPayload = mutation(
        fulfilment.confirm_remedy,
        ConfirmRemedyInput,
        keyed=True,
        description="The buyer has what was awarded; a claim that waited for nothing else is closed.",
    )
    reject_remedy: RemedyPayload = mutation(
        fulfilment.reject_remedy,
        RejectRemedyInput,
        keyed=True,
        description="The buyer does not have what was awarded, or not as it should be: it failed, and the claim can "
        "be decided again.",
    )
    record_refund_paid: RefundPayload = mutation(
        fulfilment.record_refund_paid,
        RecordRefundPaidInput,
        keyed=True,
        description="The payment system paid a refund, and the order counts it as given back: `recordRefund` is not "
        "called for it as well. The same reference again changes nothing, another one is refused.",
    )
    record_refund_failed: RefundPayload = mutation(
        fulfilment.record_refund_failed,
        RecordRefundFailedInput,
        keyed=True,
        description="The payment system could not pay a refund; it is still to be paid.",
    )
    grant_goodwill: GrantGoodwillPayload = mutation(
        goodwill.grant_goodwill,
        GrantGoodwillInput,
        keyed=True,
        description="Staff give a buyer a coupon or a refund without a duty to. Refused, with the numbers, above the "
        "limit of their role, above what is left of their month, and above what is left of the loss that it is for.",
    )
