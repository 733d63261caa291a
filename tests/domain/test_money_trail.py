"""Coupon, recovery and ledger together: whatever is issued is redeemed, released or still outstanding, to the cent."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain import coupons, ledger, recoveries, reservations
from domain.coupons import Coupon, CouponState, Purchase, Redemption
from domain.errors import Refused
from domain.ids import (
    BuyerId,
    ClaimId,
    CouponId,
    OrderId,
    RecoveryId,
    RedemptionId,
    RefundId,
    ReservationId,
    SupplierId,
    TransferId,
)
from domain.ledger import AccountName, Cause, Event, Transfer
from domain.money import Money
from domain.recoveries import Recovery, RecoveryState
from domain.reservations import Reservation

DAY_0 = datetime(2026, 3, 1, 10, tzinfo=UTC)
LAST_INSTANT = datetime(2026, 5, 30, 23, 59, 59, 999_999, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CLAIM = ClaimId.mint(1, 1)
BUYER = BuyerId.mint(1, 2)
PARTY = SupplierId.mint(1, 3)
CLAIMED_ORDER = OrderId.mint(1, 4)
LATER_ORDER = OrderId.mint(1, 5)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def issued(minor: int = 200_00) -> Coupon:
    return coupons.issue_coupon(CLAIM, BUYER, usd(minor), LAST_INSTANT, id=CouponId.mint(1, 6), at=DAY_0).after


def opened(coupon: Coupon) -> Recovery:
    change = recoveries.open_recovery(
        CLAIM, coupon.id, PARTY, coupon.amount, id=RecoveryId.mint(1, 7), at=coupon.issued_at
    )
    return change.after


def purchase(minor: int = 1_000_00, **changes: object) -> Purchase:
    facts: dict[str, object] = {
        "order_id": LATER_ORDER,
        "buyer_id": BUYER,
        "cancelled": False,
        "total": usd(minor),
        "covered": usd(0),
    }
    return Purchase(**(facts | changes))  # type: ignore[arg-type]


def redeem(coupon: Coupon, minor: int, at: datetime, paid: Purchase | None = None) -> coupons.Redeemed:
    return coupons.redeem_coupon(
        coupon, paid or purchase(), CLAIMED_ORDER, usd(minor), id=RedemptionId.mint(2, abs(minor)), at=at
    )


def reasons(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [finding.reason for finding in refusal.value.unmet]


def test_a_redemption_at_the_last_instant_is_in_time_and_recovery_falls_due() -> None:
    """Vector T5, first half."""
    coupon = issued()
    used = redeem(coupon, 200_00, LAST_INSTANT).coupon.after
    assert (used.state, used.left) == (CouponState.USED, usd(0))
    due = recoveries.fall_due(opened(coupon), usd(200_00), LAST_INSTANT).after
    assert (due.state, due.due, due.contingent) == (RecoveryState.DUE, usd(200_00), usd(0))


def test_a_redemption_one_microsecond_later_is_refused_and_contingent_is_released() -> None:
    """Vector T5, second half."""
    coupon = issued()
    with pytest.raises(Refused) as refusal:
        redeem(coupon, 200_00, LAST_INSTANT + MICROSECOND)
    assert reasons(refusal) == ["coupon_not_expired"]
    assert coupons.expire_coupon(coupon, LAST_INSTANT + MICROSECOND).after.state is CouponState.EXPIRED
    released = recoveries.release(opened(coupon), LAST_INSTANT + MICROSECOND).after
    assert (released.state, released.released) == (RecoveryState.RELEASED, usd(200_00))


def test_a_coupon_does_not_expire_at_its_last_instant() -> None:
    with pytest.raises(Refused):
        coupons.expire_coupon(issued(), LAST_INSTANT)


def test_only_the_used_part_is_recovered() -> None:
    """Vector T6."""
    coupon = issued()
    after = redeem(coupon, 80_00, DAY_0).coupon.after
    recovery = recoveries.fall_due(opened(coupon), usd(80_00), DAY_0).after
    expired = coupons.expire_coupon(after, LAST_INSTANT + MICROSECOND)
    recovery = recoveries.release(recovery, LAST_INSTANT + MICROSECOND).after
    assert expired.happened[0].facts["leftMinor"] == 120_00
    assert (recovery.due, recovery.released, recovery.state) == (usd(80_00), usd(120_00), RecoveryState.DUE)


def test_cancelling_the_order_after_expiry_reverses_the_recovery_and_revives_nothing() -> None:
    """Vector T7."""
    coupon = issued()
    redeemed = redeem(coupon, 200_00, DAY_0)
    recovery = recoveries.fall_due(opened(coupon), usd(200_00), DAY_0).after
    day_100 = DAY_0 + timedelta(days=100)
    undone = coupons.reverse_redemption(redeemed.coupon.after, redeemed.redemption.after, day_100)
    recovery = recoveries.reverse(recovery, usd(200_00), coupon_lives=False, at=day_100).after
    assert undone.coupon.after.state is CouponState.EXPIRED
    assert (recovery.state, recovery.due, recovery.released) == (RecoveryState.RELEASED, usd(0), usd(200_00))


def test_cancelling_the_order_in_time_revives_the_coupon_with_its_expiry() -> None:
    coupon = issued()
    redeemed = redeem(coupon, 200_00, DAY_0)
    undone = coupons.reverse_redemption(redeemed.coupon.after, redeemed.redemption.after, LAST_INSTANT)
    alive = undone.coupon.after
    assert (alive.state, alive.left, alive.expires_at, alive.ended_at) == (
        CouponState.ACTIVE,
        usd(200_00),
        LAST_INSTANT,
        None,
    )
    with pytest.raises(Refused):
        coupons.reverse_redemption(alive, undone.redemption.after, LAST_INSTANT)


def test_a_refused_redemption_names_everything_that_is_wrong() -> None:
    wrong = purchase(50_00, order_id=CLAIMED_ORDER, buyer_id=BuyerId.mint(9, 9), cancelled=True, covered=usd(10_00))
    with pytest.raises(Refused) as refusal:
        redeem(issued(), 300_00, LAST_INSTANT + MICROSECOND, wrong)
    assert reasons(refusal) == [
        "coupon_not_expired",
        "coupon_of_same_buyer",
        "order_not_cancelled",
        "coupon_on_a_later_order",
        "coupon_rest_suffices",
        "order_total_suffices",
    ]


@pytest.mark.parametrize("minor", [0, -1])
def test_nothing_and_less_cannot_be_redeemed(minor: int) -> None:
    with pytest.raises(Refused) as refusal:
        redeem(issued(), minor, DAY_0)
    assert reasons(refusal) == ["amount_above_zero"]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(Refused) as refusal:
        coupons.redeem_coupon(
            issued(), purchase(), CLAIMED_ORDER, Money(10, "EUR"), id=RedemptionId.mint(2, 1), at=DAY_0
        )
    assert reasons(refusal) == ["coupon_in_same_currency"]


def test_every_event_has_its_postings_and_each_transfer_balances() -> None:
    assert ledger.POSTINGS.keys() == set(Event)
    assert ledger.CLASSES.keys() == set(AccountName)
    for event in Event:
        transfer = ledger.transfer(
            TransferId.mint(1, 1), event, usd(7), party_id=PARTY, cause=Cause(claim_id=CLAIM), at=DAY_0
        )
        assert sum(entry.amount.minor for entry in transfer.entries) == 0
        assert all((entry.party_id is not None) == (entry.account in ledger.OF_PARTY) for entry in transfer.entries)


def test_an_unbalanced_transfer_cannot_be_made() -> None:
    entry = ledger.Entry(AccountName.CASH_CLEARING, None, usd(1))
    with pytest.raises(ValueError, match="balance"):
        Transfer(TransferId.mint(1, 1), Event.COUPON_ISSUED, DAY_0, Cause(claim_id=CLAIM), (entry,))


class MoneyTrail(RuleBasedStateMachine):
    """One coupon with its recovery and all its postings, whatever happens to it in whatever order.

    It is redeemed, held, captured, released, revoked, restored, expired, and the orders that it paid for are cancelled;
    its party bears any share of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at = DAY_0
        self.redemptions: list[Redemption] = []
        self.reservations: list[Reservation] = []
        self.balances: dict[AccountName, int] = {}

    @initialize(share_bp=st.integers(100, 10_000), minor=st.integers(100, 1_000))
    def coupon_is_issued(self, share_bp: int, minor: int) -> None:
        self.coupon = issued(minor)
        self.recovery = recoveries.open_recovery(
            CLAIM, self.coupon.id, PARTY, usd(minor), share_bp=share_bp, id=RecoveryId.mint(1, 7), at=DAY_0
        ).after
        self.share = self.recovery.contingent
        self.post(Event.COUPON_ISSUED, self.coupon.amount, self.share)

    @property
    def lives(self) -> bool:
        return self.coupon.state in coupons.LIVE

    @property
    def expires_at(self) -> datetime:
        return self.coupon.expires_at

    def post(self, event: Event, amount: Money, part: Money) -> None:
        if not amount.minor:
            return
        transfer = ledger.transfer(
            TransferId.mint(1, 1),
            event,
            amount,
            party_id=PARTY,
            cause=Cause(coupon_id=self.coupon.id),
            at=self.at,
            part=part,
        )
        for entry in transfer.entries:
            self.balances[entry.account] = self.balances.get(entry.account, 0) + entry.amount.minor

    def use_moves(self, before: Coupon) -> Money:
        """The party's share follows what is used; how much of it that moved."""
        amount = recoveries.moved(self.recovery, before.used, self.coupon.used)
        if amount.minor > 0:
            self.recovery = recoveries.fall_due(self.recovery, amount, self.at).after
        elif amount.minor:
            self.recovery = recoveries.reverse(self.recovery, -amount, coupon_lives=self.lives, at=self.at).after
        return amount if amount.minor > 0 else -amount

    def release(self) -> Money:
        """The coupon is over: what was contingent is released, what was held is free."""
        released = self.recovery.contingent
        if released.minor:
            self.recovery = recoveries.release(self.recovery, self.at).after
        self.reservations = [
            reservations.lapse(each, self.at).after if each.held.minor else each for each in self.reservations
        ]
        return released

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.at += timedelta(days=days)

    @rule(minor=st.integers(1, 1_200))
    def buyer_redeems(self, minor: int) -> None:
        possible = self.lives and self.at <= self.expires_at and minor <= self.coupon.left.minor
        before = self.coupon
        try:
            redeemed = redeem(before, minor, self.at, purchase(10_000))
        except Refused:
            assert not possible
            return
        assert possible
        self.coupon = redeemed.coupon.after
        self.redemptions.append(redeemed.redemption.after)
        self.post(Event.COUPON_REDEEMED, usd(minor), self.use_moves(before))

    @rule(minor=st.integers(1, 1_200), hours=st.integers(1, 100))
    def checkout_reserves(self, minor: int, hours: int) -> None:
        possible = self.lives and self.at <= self.expires_at and minor <= self.coupon.left.minor
        try:
            held = coupons.reserve_coupon(self.coupon, usd(minor), self.at)
        except Refused:
            assert not possible
            return
        assert possible
        self.coupon = held.after
        until = min(self.at + timedelta(hours=hours), self.expires_at)
        self.reservations.append(
            reservations.reserve(
                self.coupon.id, BUYER, "O-1", usd(minor), until, id=ReservationId.mint(3, minor), at=self.at
            ).after
        )

    @precondition(lambda self: self.reservations)
    @rule(data=st.data(), minor=st.integers(1, 1_200))
    def checkout_captures(self, data: st.DataObject, minor: int) -> None:
        place = data.draw(st.integers(0, len(self.reservations) - 1))
        held, before = self.reservations[place], self.coupon
        possible = minor <= held.held.minor and self.at <= held.expires_at and self.lives
        try:
            captured = coupons.capture_reservation(
                before, held, purchase(10_000), usd(minor), "P-1", id=RedemptionId.mint(4, minor), at=self.at
            )
        except Refused:
            assert not possible
            return
        assert possible
        self.coupon = captured.coupon.after
        self.reservations[place] = captured.reservation.after
        self.redemptions.append(captured.redemption.after)
        self.post(Event.COUPON_REDEEMED, usd(minor), self.use_moves(before))

    @precondition(lambda self: self.reservations)
    @rule(data=st.data())
    def checkout_releases(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.reservations) - 1))
        held = self.reservations[place]
        if held.held.minor:
            released = reservations.release(held, self.at)
            assert released is not None
            self.reservations[place] = released.after
            self.coupon = coupons.free_reservation(self.coupon, held.held).after

    @precondition(lambda self: self.lives and self.at > self.expires_at)
    @rule()
    def coupon_expires(self) -> None:
        left = self.coupon.unspent
        self.coupon = coupons.expire_coupon(self.coupon, self.at).after
        self.post(Event.COUPON_RELEASED, left, self.release())

    @precondition(lambda self: self.lives and self.at <= self.expires_at)
    @rule()
    def staff_revoke(self) -> None:
        left = self.coupon.unspent
        self.coupon = coupons.revoke_coupon(self.coupon, "Forged.", self.at).after
        self.post(Event.COUPON_REVOKED, left, self.release())

    @precondition(lambda self: self.coupon.state is CouponState.REVOKED)
    @rule()
    def appeal_restores(self) -> None:
        revoked = self.coupon
        assert revoked.ended_at is not None
        self.coupon = coupons.restore_coupon(revoked, self.at).after
        assert self.expires_at - self.at == revoked.expires_at - revoked.ended_at
        again = self.share - recoveries.share_of(self.recovery, revoked.used)
        if again.minor:
            self.recovery = recoveries.revive(self.recovery, again, self.at).after
        self.post(Event.COUPON_RESTORED, revoked.unspent, again)

    @precondition(lambda self: self.redemptions)
    @rule(data=st.data())
    def paid_order_is_cancelled(self, data: st.DataObject) -> None:
        redemption = self.redemptions.pop(data.draw(st.integers(0, len(self.redemptions) - 1)))
        if self.lives and self.at > self.expires_at:
            self.coupon_expires()
        before = self.coupon
        self.coupon = coupons.reverse_redemption(before, redemption, self.at).coupon.after
        part = self.use_moves(before)
        self.post(Event.REDEMPTION_REVERSED, redemption.amount, part)
        if not self.lives:
            lost = Event.COUPON_REVOKED if self.coupon.state is CouponState.REVOKED else Event.COUPON_RELEASED
            self.post(lost, redemption.amount, part)

    @invariant()
    def parts_sum_to_the_share(self) -> None:
        parts = self.recovery.contingent + self.recovery.due + self.recovery.released
        assert parts == self.share

    @invariant()
    def the_party_owes_its_share_of_what_is_used_and_no_cent_else(self) -> None:
        assert self.recovery.due == recoveries.share_of(self.recovery, self.coupon.used)
        assert self.recovery.contingent == (self.share - self.recovery.due if self.lives else usd(0))

    @invariant()
    def nothing_is_held_beyond_the_coupon(self) -> None:
        held = sum(each.held.minor for each in self.reservations)
        assert self.coupon.reserved.minor == held
        assert self.coupon.used.minor + held <= self.coupon.amount.minor
        assert self.coupon.used.minor == sum(each.amount.minor for each in self.redemptions)
        assert all(each.expires_at <= self.expires_at for each in self.reservations if each.held.minor)

    @invariant()
    def books_agree_with_the_coupon(self) -> None:
        outstanding = self.coupon.unspent.minor if self.lives else 0
        books: Mapping[AccountName, int] = self.balances
        assert -books.get(AccountName.BUYER_COUPON_LIABILITY, 0) == outstanding
        assert -books.get(AccountName.CASH_CLEARING, 0) == self.coupon.used.minor
        assert books.get(AccountName.PARTY_RECEIVABLE, 0) == self.recovery.due.minor
        assert books.get(AccountName.CONTINGENT, 0) == self.recovery.contingent.minor
        assert sum(books.values()) == 0


TestMoneyTrail = MoneyTrail.TestCase


def test_three_cents_of_a_third_are_one_cent() -> None:
    """What falls due is reckoned from all that was used: three redemptions of a cent are no three roundings."""
    coupon = issued(300)
    recovery = recoveries.open_recovery(
        CLAIM, coupon.id, PARTY, usd(300), share_bp=3_333, id=RecoveryId.mint(1, 7), at=DAY_0
    ).after
    assert recovery.contingent == usd(100)
    for used in range(3):
        amount = recoveries.moved(recovery, usd(used), usd(used + 1))
        if amount.minor:
            recovery = recoveries.fall_due(recovery, amount, DAY_0).after
    assert recovery.due == usd(1)


def test_what_was_waived_neither_falls_due_nor_is_reversed() -> None:
    owed = recoveries.fall_due(opened(issued(100)), usd(40), DAY_0).after
    assert (recoveries.moved(owed, usd(40), usd(70)), recoveries.moved(owed, usd(40), usd(0))) == (usd(30), usd(-40))
    waived = recoveries.waive(owed, DAY_0).after
    assert (recoveries.moved(waived, usd(40), usd(70)), recoveries.moved(waived, usd(40), usd(0))) == (usd(0), usd(0))


def test_a_share_of_a_refund_is_owed_at_once() -> None:
    change = recoveries.open_recovery(
        CLAIM, RefundId.mint(1, 8), PARTY, usd(99_99), share_bp=5_000, id=RecoveryId.mint(1, 7), at=DAY_0
    )
    recovery = change.after
    assert (recovery.state, recovery.due, recovery.contingent) == (RecoveryState.DUE, usd(50_00), usd(0))
    assert [happened.name for happened in change.happened] == ["recovery.opened", "recovery.fell_due"]


def test_a_reservation_never_makes_a_coupon_live_longer() -> None:
    """It was held in time and its own day is not over: a microsecond after the coupon's last instant is too late."""
    coupon = coupons.reserve_coupon(issued(), usd(50_00), LAST_INSTANT - timedelta(hours=1)).after
    held = reservations.reserve(
        coupon.id, BUYER, "O-1", usd(50_00), LAST_INSTANT, id=ReservationId.mint(3, 1), at=DAY_0
    ).after

    def capture(at: datetime) -> coupons.Captured:
        return coupons.capture_reservation(
            coupon, held, purchase(), usd(50_00), "P-1", id=RedemptionId.mint(4, 1), at=at
        )

    assert capture(LAST_INSTANT).coupon.after.used == usd(50_00)
    with pytest.raises(Refused) as refusal:
        capture(LAST_INSTANT + MICROSECOND)
    assert reasons(refusal) == ["reservation_in_time", "coupon_not_expired"]


def test_what_a_checkout_holds_nobody_else_spends() -> None:
    coupon = coupons.reserve_coupon(issued(), usd(150_00), DAY_0).after
    with pytest.raises(Refused) as refusal:
        redeem(coupon, 50_01, DAY_0)
    assert reasons(refusal) == ["coupon_rest_suffices"]
    whole = coupons.reserve_coupon(coupon, usd(50_00), DAY_0).after
    with pytest.raises(Refused) as refusal:
        redeem(whole, 1, DAY_0)
    assert reasons(refusal) == ["coupon_not_all_reserved", "coupon_rest_suffices"]


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        (usd(0), ["amount_above_zero"]),
        (usd(-1), ["amount_above_zero"]),
        (usd(200_01), ["coupon_rest_suffices"]),
        (Money(1_00, "EUR"), ["reservation_in_same_currency"]),
        (Money(2**63 - 1, "USD"), ["coupon_rest_suffices"]),
    ],
)
def test_what_cannot_be_spent_cannot_be_held(amount: Money, why: list[str]) -> None:
    with pytest.raises(Refused) as refusal:
        coupons.reserve_coupon(issued(), amount, DAY_0)
    assert reasons(refusal) == why


def test_a_part_is_posted_to_the_party_and_the_whole_to_the_platform() -> None:
    transfer = ledger.transfer(
        TransferId.mint(1, 1),
        Event.COUPON_REDEEMED,
        usd(7),
        party_id=PARTY,
        cause=Cause(claim_id=CLAIM),
        at=DAY_0,
        part=usd(2),
    )
    amounts = {entry.account: entry.amount.minor for entry in transfer.entries}
    assert amounts[AccountName.BUYER_COUPON_LIABILITY] == 7
    assert amounts[AccountName.PARTY_RECEIVABLE] == 2
    alone = ledger.transfer(
        TransferId.mint(1, 1),
        Event.COUPON_REDEEMED,
        usd(7),
        party_id=None,
        cause=Cause(claim_id=CLAIM),
        at=DAY_0,
        part=usd(0),
    )
    assert {entry.account for entry in alone.entries} == {
        AccountName.BUYER_COUPON_LIABILITY,
        AccountName.CASH_CLEARING,
    }
    for part in (usd(-1), usd(8)):
        with pytest.raises(ValueError, match="part of it at most"):
            ledger.transfer(
                TransferId.mint(1, 1),
                Event.COUPON_REDEEMED,
                usd(7),
                party_id=PARTY,
                cause=Cause(claim_id=CLAIM),
                at=DAY_0,
                part=part,
            )
