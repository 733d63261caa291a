"""Money for a buyer: coupons and refunds from their decision to their end, with what parties bear of them.

Every step is in the ledger in the transaction that takes it. Where two parties share in something, each has its own
recovery: the first one's part is in the transfer of the coupon, the second one's in a transfer of its own.

Knows nothing of how claims go on, so that claims may call it. Locks: order and claim are the caller's; coupon, refund,
recovery and balances follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.operations import exposure
from api.operations import recoveries as recovery_steps
from api.operations.duties import end_duties, start_duty
from domain import coupons, ledger, money, recoveries, refunds, remedy_terms, reservations
from domain.claims import Claim
from domain.clocks import Duty
from domain.coupons import Coupon
from domain.goodwill import Goodwill
from domain.ids import (
    BuyerId,
    ClaimId,
    CouponId,
    DecisionId,
    GoodwillId,
    OrderId,
    OrderLineId,
    RecoveryId,
    RedemptionId,
    RefundId,
    RuleVersionId,
    TransferId,
)
from domain.ledger import FURTHER, Cause, Event, Transfer
from domain.liability import Debtor
from domain.money import Money
from domain.recoveries import Recovery
from domain.refunds import Refund
from domain.remedy_terms import RemedyTerms
from storage import calendars, rulebook
from storage import ledger as ledger_rows
from storage import recoveries as recovery_rows
from storage import remedies as remedy_rows
from storage import reservations as reservation_rows
from storage.unit_of_work import Work

RULE: Final = "remedies"
"""The rule that has the numbers of remedies."""


async def terms(work: Work) -> RemedyTerms:
    """The numbers that are in force now."""
    return remedy_terms.terms_of(await rulebook.in_force(work.connection, work.tenant_id, RULE, work.at))


async def refund_due_at(work: Work) -> datetime | None:
    """The last instant at which what is to be paid from now on is paid in time; None where the rule sets none."""
    rule = await terms(work)
    return remedy_terms.pay_due_at(rule, work.at, await calendars.get(work.connection, work.market))


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind money for a buyer: the claim or goodwill, the decision and the rule."""

    buyer_id: BuyerId
    order_id: OrderId | None
    claim_id: ClaimId | None
    goodwill_id: GoodwillId | None
    decision_id: DecisionId | None
    rule_version_id: RuleVersionId

    @classmethod
    def claim(cls, claim: Claim, goodwill: Goodwill | None = None) -> "Behind":
        """That claim, and what was given in it out of goodwill, if anything."""
        return cls(
            claim.buyer_id,
            claim.order_id,
            claim.id,
            None if goodwill is None else goodwill.id,
            claim.decision_id if goodwill is None else goodwill.decision_id,
            claim.rule_version_id if goodwill is None else goodwill.rule_version_id,
        )

    @classmethod
    def goodwill(cls, goodwill: Goodwill) -> "Behind":
        """That goodwill, which no claim is behind."""
        return cls(
            goodwill.buyer_id,
            goodwill.order_id,
            None,
            goodwill.id,
            goodwill.decision_id,
            goodwill.rule_version_id,
        )

    @property
    def subject_id(self) -> ClaimId | GoodwillId:
        """What draws on the loss for it."""
        subject = self.goodwill_id or self.claim_id
        if subject is None:
            raise ValueError("money for a buyer is for a claim or out of goodwill")
        return subject


@dataclass(frozen=True, slots=True)
class Borne:
    """What a party bears of something, by which recovery."""

    recovery: Recovery
    part: Money


NOBODY: Final[tuple[Borne, ...]] = ()
"""No party bears anything."""


async def issue_coupon(
    work: Work, behind: Behind, amount: Money, expires_at: datetime, debtors: Sequence[Debtor]
) -> Coupon:
    """The buyer has a coupon, each debtor a contingent recovery of its share, the ledger all of it; a clock runs."""
    issued = coupons.issue_coupon(
        behind.claim_id,
        behind.buyer_id,
        amount,
        expires_at,
        order_id=behind.order_id,
        goodwill_id=behind.goodwill_id,
        id=work.new_id(CouponId),
        at=work.at,
    )
    coupon = issued.after
    await work.keep(issued)
    made = await _recover(work, behind, coupon.id, amount, debtors)
    await start_duty(work, Duty.COUPON_EXPIRY, coupon.id, expires_at, party_id=coupon.buyer_id)
    borne = [Borne(recovery, recovery.contingent) for recovery in made]
    await post(work, Event.COUPON_ISSUED, amount, behind, borne, coupon_id=coupon.id)
    return coupon


async def decide_refund(work: Work, behind: Behind, amount: Money, debtors: Sequence[Debtor]) -> Refund:
    """The buyer is to be paid, each debtor owes its share at once, the ledger has all of it; a clock runs.

    Refuses (ValueError) a refund of nothing that was bought.
    """
    if behind.order_id is None:
        raise ValueError("a refund gives back what was paid for an order")
    due_at = await refund_due_at(work)
    decided = refunds.decide_refund(
        behind.claim_id,
        behind.goodwill_id,
        behind.order_id,
        behind.buyer_id,
        amount,
        due_at=due_at,
        id=work.new_id(RefundId),
        at=work.at,
    )
    refund = decided.after
    await work.keep(decided)
    if due_at is not None:
        await start_duty(work, Duty.PAY_REFUND, refund.id, due_at, party_id=None)
    made = await _recover(work, behind, refund.id, amount, debtors)
    await post(work, Event.REFUND_DECIDED, amount, behind, refund_id=refund.id)
    for recovery in made:
        borne = (Borne(recovery, recovery.due),)
        await post(work, Event.RECOVERY_DUE, recovery.due, behind, borne, refund_id=refund.id)
    return refund


async def end_reservations(work: Work, coupon: Coupon) -> None:
    """Nothing of the coupon is held any more: it has ended. The coupon is locked."""
    for held in await reservation_rows.lock_held(work.connection, work.tenant_id, coupon.id):
        await work.keep(reservations.lapse(held, work.at))
        await end_duties(work, held.id)


async def expire(work: Work, coupon: Coupon, behind: Behind) -> Coupon:
    """What is left of the coupon is lost, and nobody owes it any more. The coupon is locked. Refuses one in time."""
    change = coupons.expire_coupon(coupon, work.at)
    await end_reservations(work, coupon)
    await work.keep(change)
    borne = await _release(work, coupon)
    await post(work, Event.COUPON_RELEASED, coupon.unspent, behind, borne, coupon_id=coupon.id)
    return change.after


async def revoke(work: Work, coupon: Coupon, behind: Behind, reason: str) -> Coupon:
    """What is left of the coupon is lost, nobody owes it any more, and it is no part of the loss.

    The order that it compensates and the coupon are locked. Refuses a coupon that has ended.
    """
    change = coupons.revoke_coupon(coupon, reason, work.at)
    await end_reservations(work, coupon)
    await work.keep(change)
    await end_duties(work, coupon.id)
    borne = await _release(work, coupon)
    await post(work, Event.COUPON_REVOKED, coupon.unspent, behind, borne, coupon_id=coupon.id)
    await exposure.release(work, behind.subject_id, await _of_lines(work, coupon))
    return change.after


async def restore(work: Work, coupon: Coupon, behind: Behind) -> Coupon:
    """A revoked coupon is good again, and what was contingent on it is again. Its order and the coupon are locked.

    What it draws on the loss is the caller's. Refuses a coupon that is not revoked.
    """
    change = coupons.restore_coupon(coupon, work.at)
    await work.keep(change)
    await start_duty(work, Duty.COUPON_EXPIRY, coupon.id, change.after.expires_at, party_id=coupon.buyer_id)
    borne = []
    for recovery in await recovery_rows.lock_by_coupon(work.connection, work.tenant_id, coupon.id):
        whole, used = recoveries.share_of(recovery, coupon.amount), recoveries.share_of(recovery, coupon.used)
        again = min(whole - used, recovery.released)
        if again.minor:
            revived = recoveries.revive(recovery, again, work.at)
            await work.keep(revived)
            await recovery_steps.follow(work, revived)
            borne.append(Borne(recovery, again))
    await post(work, Event.COUPON_RESTORED, coupon.unspent, behind, borne, coupon_id=coupon.id)
    return change.after


async def _release(work: Work, coupon: Coupon) -> list[Borne]:
    """What was contingent on the coupon is released; how much that was of whom."""
    borne = []
    for recovery in await recovery_rows.lock_by_coupon(work.connection, work.tenant_id, coupon.id):
        if recovery.contingent.minor:
            released = recoveries.release(recovery, work.at)
            await work.keep(released)
            await recovery_steps.follow(work, released)
            borne.append(Borne(recovery, recovery.contingent))
    return borne


async def _of_lines(work: Work, coupon: Coupon) -> dict[OrderLineId, Money]:
    """What was not spent of the coupon, by the lines it makes good."""
    if coupon.goodwill_id is not None:
        parts = await exposure.drawn(work, coupon.goodwill_id)
    else:
        made = await remedy_rows.by_coupon(work.connection, work.tenant_id, coupon.id)
        parts = {remedy.line_id: remedy.amount for remedy in made if remedy.line_id is not None}
    weights = [part.minor for part in parts.values()]
    if not sum(weights):
        return {}
    return dict(zip(parts, money.share_out(coupon.unspent, weights), strict=True))


async def _recover(
    work: Work, behind: Behind, source: CouponId | RefundId, amount: Money, debtors: Sequence[Debtor]
) -> list[Recovery]:
    """Each debtor's recovery of its share, in their order; none where that comes to nothing."""
    made = []
    for position, debtor in enumerate(debtors, start=1):
        if behind.claim_id is None or not recoveries.part(amount, debtor.share_bp, position).minor:
            continue
        opened = recoveries.open_recovery(
            behind.claim_id,
            source,
            debtor.party_id,
            amount,
            share_bp=debtor.share_bp,
            position=position,
            id=work.new_id(RecoveryId),
            at=work.at,
        )
        await work.keep(opened)
        await recovery_steps.follow(work, opened)
        made.append(opened.after)
    return made


async def post(
    work: Work,
    event: Event,
    amount: Money,
    behind: Behind,
    borne: Sequence[Borne] = NOBODY,
    *,
    coupon_id: CouponId | None = None,
    redemption_id: RedemptionId | None = None,
    refund_id: RefundId | None = None,
    reverses_id: TransferId | None = None,
) -> None:
    """The event is in the books with everything that is behind it; nothing, where the amount is nothing.

    `borne` is what parties bear of it; nothing unless given. The first one's part is in the event's own transfer, each
    other's in one of its own (`domain.ledger.FURTHER`).
    """
    if not amount.minor:
        return

    def transfer(of: Event, whole: Money, by: Borne | None) -> Transfer:
        return ledger.transfer(
            work.new_id(TransferId),
            of,
            whole,
            party_id=None if by is None else by.recovery.party_id,
            cause=Cause(
                claim_id=behind.claim_id,
                coupon_id=coupon_id,
                redemption_id=redemption_id,
                refund_id=refund_id,
                goodwill_id=behind.goodwill_id,
                decision_id=behind.decision_id,
                recovery_id=None if by is None else by.recovery.id,
                rule_version_id=behind.rule_version_id,
                reverses_id=reverses_id if of is event else None,
            ),
            at=work.at,
            part=Money.zero(whole.currency) if by is None else by.part,
        )

    own = transfer(event, amount, borne[0] if borne else None)
    await ledger_rows.post(work, own, *(transfer(FURTHER[event], by.part, by) for by in borne[1:]))
