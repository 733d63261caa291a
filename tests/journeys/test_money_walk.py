"""A long random walk over everything that moves money: after it, as after each part of it, the doctor finds nothing.

Claims for goods that came late or never, coupons spent, held, taken back and expired, orders cancelled, refunds paid
and failed, chargebacks won and lost, losses shared by two parties, what parties owe netted, paid, disputed and given
up, what insurers pay buyers and the marketplace, plans, goodwill, and appeals, in any order and at any time. A step may
be refused, with a type and a reason; whatever it does, the books stay right.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest

from api.operations import (
    appeals,
    chargeback_notices,
    claims,
    collection,
    coupons,
    fulfilment,
    goodwill,
    insurance,
    membership_choices,
    memberships,
    orders,
    recoveries,
    reimbursements,
)
from domain.access import Caller, Role
from domain.appeals import AppealEffect, Content, DecideAppeal, DraftAppeal, StepAppeal
from domain.chargeback_notices import NewNotice, NoticeKind
from domain.chargebacks import Category
from domain.claims import AnswerClaim, ClaimOutcome, ClaimReason, DecideClaim, LineWish
from domain.coupons import RedeemCoupon, RevokeCoupon
from domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from domain.goodwill import GoodwillBearer, GoodwillForm, GrantGoodwill
from domain.ids import (
    AppealId,
    ClaimId,
    CouponId,
    InsurancePaymentId,
    OrderId,
    OrderLineId,
    PayoutId,
    ProviderId,
    RecoveryId,
    RefundId,
    ReimbursementId,
    ReservationId,
    SupplierId,
)
from domain.insurance import INSURED, RecordInsurancePayment, WithdrawInsurancePayment
from domain.invoices import RecordPartyPayment
from domain.liability import Bearer, Share
from domain.membership_choices import ChooseMembership
from domain.memberships import Plan, RecordMembership, Scheme
from domain.orders import CancelOrder
from domain.payouts import ConfirmPayout, RecordPayout
from domain.recoveries import DisputeRecovery, ResolveRecovery, WriteOffRecovery
from domain.refunds import RecordRefundFailed, RecordRefundPaid
from domain.reimbursements import RecordReimbursement, Reimburser, WithdrawReimbursement
from domain.remedies import RemedyKind
from domain.reservations import CaptureReservation, ReleaseReservation, ReserveCoupon
from tests.api.test_claims import DAY_AFTER, story
from tests.api.test_remedies import Losses, losses
from tests.builders import line, usd

__all__ = ["losses", "story"]

SEED: Final = 20261122
CHECKED_EVERY: Final = 40
"""Steps between two looks of the doctor: what broke lies among so many."""
TYPED: Final = (Refused, Invalid, Conflict, NotFound, Forbidden)


class Walk:
    """One marketplace and somebody who does anything to it. `done` and `refused` count the steps by their names."""

    def __init__(self, losses: Losses, seed: int) -> None:
        self.losses, self.story, self.market = losses, losses.story, losses.market
        self.chance = random.Random(seed)  # noqa: S311 - the same walk in each run
        self.number = 0
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    async def go(self, steps: int) -> None:
        """So many steps, and the doctor after every few and at the end."""
        names = [name for name, weight in STEPS.items() for _ in range(weight)]
        for step in range(1, steps + 1):
            name = self.chance.choice(names)
            try:
                happened = await getattr(self, name)()
            except TYPED:
                self.refused[name] += 1
            else:
                self.done[name] += bool(happened)
            if step % CHECKED_EVERY == 0 or step == steps:
                assert await self.story.faults() == [], f"within the {CHECKED_EVERY} steps before {step}"

    # -- what is there to be acted on

    async def one(self, table: str, where: str = "true") -> Mapping[str, Any] | None:
        """Some row of that table; None where there is none."""
        found = await self.market.pool.fetch(
            self.market.tenant_id,
            f"SELECT * FROM {table} WHERE tenant_id = $1 AND {where} ORDER BY id DESC LIMIT 40",
            self.market.tenant_id,
        )
        return dict(self.chance.choice(found)) if found else None

    def reference(self) -> str:
        self.number += 1
        return f"W-{self.number}"

    def amount(self, most: int) -> Any:
        """Some cents, sometimes more than there are."""
        return usd(self.chance.randint(1, max(2, most + most // 8)))

    async def act(self, caller: Caller, operation: Callable[..., Awaitable[Any]], command: Any) -> bool:
        await self.market.act(caller, operation, command)
        return True

    @property
    def staff(self) -> Caller:
        return self.market.staff

    @property
    def desk(self) -> Caller:
        """Somebody else of the staff each time: no reviewer is the first decider."""
        roles = (Role.ADJUDICATOR, Role.SUPPORT, Role.POLICY, Role.ADMIN, Role.FINANCE)
        return self.market.caller(*roles)

    def party(self, row: Mapping[str, Any]) -> Caller:
        """The liable party of that row."""
        if row["supplier_id"] is not None:
            return self.market.supplier(SupplierId(row["supplier_id"]))
        return self.market.provider(ProviderId(row["provider_id"]))

    # -- steps

    async def buy(self) -> bool:
        """An order that something will go wrong with: late goods, or goods that never come."""
        due = (await self.market.now() + timedelta(days=self.chance.randint(-1, 3))).date()
        guarantee = self.chance.choice((self.story.on_time, self.losses.money_back))
        lines = [line(self.chance.randint(1, 2_000_00), promised_on=due) for _ in range(self.chance.randint(1, 3))]
        order_id = await self.market.order(self.story.buyer_id, self.story.supplier_id, lines, [guarantee])
        if self.chance.random() < 0.6:  # the provider has a part in it, whoever gave the promise
            bought = (await self.losses.read_order(order_id)).lines
            await self.market.ship(order_id, self.story.provider_id, [each.id for each in bought])
        return True

    async def let_time_pass(self) -> bool:
        await self.market.move(await self.market.now() + timedelta(hours=self.chance.choice((1, 6, 30, 120))))
        return True

    async def claim(self) -> bool:
        order = await self.one("orders", "paid_at IS NOT NULL AND cancelled_at IS NULL")
        if order is None:
            return False
        cover = await self.story.cover(OrderId(order["id"]))
        late = cover.promise.value == "ON_TIME"
        reason = ClaimReason.LATE_DELIVERY if late else ClaimReason.NOT_RECEIVED_LOST
        await self.story.open(OrderId(order["id"]), reason)
        return True

    async def answer(self) -> bool:
        claim = await self.one("claims", "state IN ('OPEN', 'NEGOTIATING')")
        if claim is None:
            return False
        word = AnswerClaim(ClaimId(claim["id"]), None)
        operation = self.chance.choice((claims.accept_claim, claims.accept_claim, claims.contest_claim))
        return await self.act(self.party(claim), operation, word)

    async def withdraw(self) -> bool:
        claim = await self.one("claims", "state IN ('OPEN', 'ESCALATED')")
        if claim is None or self.chance.random() < 0.7:
            return False
        return await self.act(self.story.buyer, claims.withdraw_claim, AnswerClaim(ClaimId(claim["id"]), None))

    async def decide(self) -> bool:
        claim = await self.one("claims", "state IN ('ESCALATED', 'EVIDENCE_DUE', 'UNDER_DECISION')")
        if claim is None:
            return False
        bearer = Bearer.SUPPLIER if claim["supplier_id"] else Bearer.PROVIDER
        other = Bearer.PROVIDER if claim["supplier_id"] else Bearer.SUPPLIER
        share, rest = self.chance.randint(1, 9_998), self.chance.random()
        of_other = 1 + int((9_999 - share) * rest)
        shares: tuple[Share, ...] = self.chance.choice(
            (
                (),
                (Share(bearer, share), Share(Bearer.PLATFORM, 10_000 - share)),
                (Share(bearer, share), Share(other, 10_000 - share)),
                (Share(other, share), Share(Bearer.PLATFORM, 10_000 - share)),
                (Share(bearer, share), Share(other, of_other), Share(Bearer.PLATFORM, 10_000 - share - of_other)),
            )
        )
        outcome = self.chance.choice((ClaimOutcome.GRANTED, ClaimOutcome.GRANTED, ClaimOutcome.DENIED))
        bought = await self.one("claim_lines", f"claim_id = '{claim['id']}'")
        kind = self.chance.random() < 0.2 and bought is not None and outcome is ClaimOutcome.GRANTED
        lines = (LineWish(OrderLineId(bought["line_id"]), RemedyKind.REPLACEMENT),) if kind and bought else ()
        given = shares if outcome is ClaimOutcome.GRANTED else ()
        wish = DecideClaim(ClaimId(claim["id"]), outcome, "As recorded.", lines=lines, shares=given)
        return await self.act(self.staff, claims.decide_claim, wish)

    async def spend(self) -> bool:
        coupon, order = await self.one("coupons"), await self.one("orders")
        if coupon is None or order is None:
            return False
        wish = RedeemCoupon(CouponId(coupon["id"]), OrderId(order["id"]), self.amount(coupon["amount_minor"]))
        return await self.act(self.story.buyer, coupons.redeem_coupon, wish)

    async def hold(self) -> bool:
        coupon, order = await self.one("coupons"), await self.one("orders")
        if coupon is None or order is None:
            return False
        wish = ReserveCoupon(CouponId(coupon["id"]), order["reference"], self.amount(coupon["amount_minor"]))
        return await self.act(self.staff, coupons.reserve_coupon, wish)

    async def capture(self) -> bool:
        held = await self.one("coupon_reservations", self.chance.choice(("state = 'HELD'", "true")))
        if held is None:
            return False
        some = self.chance.choice((None, self.amount(held["amount_minor"])))
        wish = CaptureReservation(ReservationId(held["id"]), self.reference(), some)
        return await self.act(self.staff, coupons.capture_reservation, wish)

    async def free(self) -> bool:
        held = await self.one("coupon_reservations", self.chance.choice(("state = 'HELD'", "true")))
        if held is None:
            return False
        return await self.act(self.staff, coupons.release_reservation, ReleaseReservation(ReservationId(held["id"])))

    async def take_back(self) -> bool:
        coupon = await self.one("coupons")
        if coupon is None:
            return False
        return await self.act(self.staff, coupons.revoke_coupon, RevokeCoupon(CouponId(coupon["id"]), "Misused."))

    async def cancel(self) -> bool:
        order = await self.one("orders")
        return order is not None and await self.act(self.staff, orders.cancel_order, CancelOrder(OrderId(order["id"])))

    async def refund(self) -> bool:
        refund = await self.one("refunds")
        if refund is None:
            return False
        id_ = RefundId(refund["id"])
        if self.chance.random() < 0.3:
            return await self.act(
                self.losses.system, fulfilment.record_refund_failed, RecordRefundFailed(id_, "Closed.")
            )
        paid = RecordRefundPaid(id_, self.reference())
        return await self.act(self.losses.system, fulfilment.record_refund_paid, paid)

    async def charge_back(self) -> bool:
        order = await self.one("orders", "paid_at IS NOT NULL")
        if order is None:
            return False
        kind = self.chance.choice(tuple(NoticeKind))
        told = NewNotice(
            event_id=self.reference(),
            kind=kind,
            network_reference=f"N {order['reference']}",
            scheme=Scheme.VISA,
            category=Category.NOT_RECEIVED,
            occurred_at=await self.market.now(),
            order_reference=order["reference"],
            amount=self.amount(order["total_minor"]),
        )
        return await self.act(self.staff, chargeback_notices.record_chargeback_notice, told)

    async def pay_out(self) -> bool:
        party = self.chance.choice((self.story.supplier_id, self.story.provider_id))
        wish = RecordPayout(party, self.amount(500_00), self.reference())
        return await self.act(self.staff, collection.record_payout, wish)

    async def transfer(self) -> bool:
        payout = await self.one("payouts")
        if payout is None:
            return False
        wish = ConfirmPayout(PayoutId(payout["id"]), self.reference())
        return await self.act(self.staff, collection.confirm_payout, wish)

    async def pay(self) -> bool:
        party = self.chance.choice((self.story.supplier_id, self.story.provider_id))
        wish = RecordPartyPayment(party, self.amount(300_00), self.reference())
        return await self.act(self.staff, collection.record_party_payment, wish)

    async def quarrel(self) -> bool:
        recovery = await self.one("recoveries")
        if recovery is None:
            return False
        id_ = RecoveryId(recovery["id"])
        if recovery["disputed_at"] is not None:
            wish = ResolveRecovery(id_, self.chance.random() < 0.5, "Looked at.")
            return await self.act(self.staff, recoveries.resolve_recovery, wish)
        return await self.act(self.party(recovery), recoveries.dispute_recovery, DisputeRecovery(id_, "Not ours."))

    async def give_up(self) -> bool:
        recovery = await self.one("recoveries")
        if recovery is None or self.chance.random() < 0.5:
            return False
        wish = WriteOffRecovery(RecoveryId(recovery["id"]), "Insolvent.")
        return await self.act(self.staff, recoveries.write_off_recovery, wish)

    async def insure(self) -> bool:
        """An insurer pays for a line, or it turns out that it did not."""
        payment = await self.one("insurance_payments", "withdrawn_at IS NULL")
        if payment is not None and self.chance.random() < 0.4:
            wish = WithdrawInsurancePayment(InsurancePaymentId(payment["id"]), "It bounced.")
            return await self.act(self.staff, insurance.withdraw_insurance_payment, wish)
        bought = await self.one("order_lines")
        if bought is None:
            return False
        cause = self.chance.choice(sorted(INSURED))
        amount = self.amount(bought["value_minor"])
        order_id, line_id = OrderId(bought["order_id"]), OrderLineId(bought["id"])
        paid = RecordInsurancePayment(order_id, line_id, cause, "Anchor Cover", self.reference(), amount, None)
        return await self.act(self.staff, insurance.record_insurance_payment, paid)

    async def reimburse(self) -> bool:
        """Somebody pays the marketplace back for a claim, or it turns out that nobody did."""
        made = await self.one("reimbursements", "withdrawn_at IS NULL")
        if made is not None and self.chance.random() < 0.3:
            gone = WithdrawReimbursement(ReimbursementId(made["id"]), "It bounced.")
            return await self.act(self.staff, reimbursements.withdraw_reimbursement, gone)
        claim = await self.one("claims", "outcome IN ('GRANTED', 'PARTLY')")
        if claim is None:
            return False
        payer, amount = self.chance.choice(tuple(Reimburser)), self.amount(claim["amount_minor"] // 2)
        paid = RecordReimbursement(ClaimId(claim["id"]), payer, "Anchor Cover", self.reference(), amount, None)
        return await self.act(self.staff, reimbursements.record_reimbursement, paid)

    async def plan(self) -> bool:
        """The supplier chooses a plan, or pays for one."""
        plan = self.chance.choice(tuple(Plan))
        if self.chance.random() < 0.5:
            wish = ChooseMembership(None, plan)
            supplier = self.market.supplier(self.story.supplier_id)
            return await self.act(supplier, membership_choices.choose_membership, wish)
        paid = RecordMembership(self.story.supplier_id, plan, self.reference())
        return await self.act(self.staff, memberships.record_membership, paid)

    async def be_kind(self) -> bool:
        form = self.chance.choice(tuple(GoodwillForm))
        wish = GrantGoodwill(
            self.story.buyer_id, None, None, None, form, GoodwillBearer.PLATFORM, self.amount(9_00), "Long wait."
        )
        return await self.act(self.staff, goodwill.grant_goodwill, wish)

    async def appeal(self) -> bool:
        """Either side, or somebody else who bears a share."""
        in_time = f"appealable_until >= '{(await self.market.now()).isoformat()}'"
        claim, share = await self.one("claims", in_time), await self.one("recoveries", "position = 2")
        if claim is None:
            return False
        appellant = self.party(claim) if claim["outcome"] == "GRANTED" else self.story.buyer
        if share is not None and self.chance.random() < 0.3:
            claim, appellant = {"id": share["claim_id"]}, self.party(share)
        elif self.chance.random() < 0.2:
            appellant = self.story.buyer
        text = "It was otherwise, as the papers show."
        wish = DraftAppeal(ClaimId(claim["id"]), (), Content(text, None, None, None, ()))
        outcome = await self.market.act(appellant, appeals.draft_appeal, wish)
        return await self.act(appellant, appeals.file_appeal, StepAppeal(AppealId(str(outcome.things["appeal"]))))

    async def review(self) -> bool:
        appeal = await self.one("appeals", "state NOT IN ('DRAFT', 'FINAL', 'INADMISSIBLE')")
        if appeal is None:
            return False
        id_, desk = AppealId(appeal["id"]), self.desk
        for operation in (appeals.admit_appeal, appeals.take_appeal):
            try:
                await self.market.act(desk, operation, StepAppeal(id_))
            except TYPED:
                continue  # it stands further on already
        undone = self.chance.choice(((), (AppealEffect.MONEY,), (AppealEffect.POINTS,)))
        wish = DecideAppeal(id_, undone, "Looked at anew.", buyer_keeps=self.chance.random() < 0.5)
        return await self.act(desk, appeals.decide_appeal, wish)


STEPS: Final[Mapping[str, int]] = {
    "buy": 10,
    "let_time_pass": 8,
    "claim": 14,
    "answer": 12,
    "withdraw": 2,
    "decide": 8,
    "spend": 12,
    "hold": 5,
    "capture": 6,
    "free": 2,
    "take_back": 1,
    "cancel": 3,
    "refund": 6,
    "charge_back": 7,
    "pay_out": 4,
    "transfer": 3,
    "pay": 4,
    "quarrel": 4,
    "give_up": 2,
    "be_kind": 2,
    "insure": 3,
    "reimburse": 3,
    "plan": 2,
    "appeal": 5,
    "review": 4,
}
"""Step -> how often it is taken, among all."""


async def begun(losses: Losses, seed: int) -> Walk:
    await losses.market.move(DAY_AFTER)
    return Walk(losses, seed)


async def test_a_walk_over_everything_that_moves_money_leaves_the_books_right(losses: Losses) -> None:
    walk = await begun(losses, SEED)
    await walk.go(250)
    assert all(walk.done[name] for name in ("claim", "answer", "spend", "charge_back", "pay_out")), walk.refused


@pytest.mark.long
async def test_ten_thousand_steps_over_everything_that_moves_money_leave_the_books_right(losses: Losses) -> None:
    walk = await begun(losses, SEED + 1)
    await walk.go(10_000)
    assert [name for name in STEPS if not walk.done[name]] == [], walk.refused
