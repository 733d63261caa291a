"""Coupon, recovery and ledger together: whatever is issued is redeemed, released or still outstanding, to the cent."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import coupons, ledger, recoveries
from domain.coupons import Coupon, CouponState, Purchase, Redemption
from domain.errors import Refused
from domain.ids import BuyerId, ClaimId, CouponId, OrderId, RecoveryId, RedemptionId, SupplierId, TransferId
from domain.ledger import AccountName, Cause, Event, Transfer
from domain.money import Money
from domain.recoveries import Recovery, RecoveryState

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
        CLAIM, coupon.id, PARTY, None, coupon.amount, id=RecoveryId.mint(1, 7), at=coupon.issued_at
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
    """Random redemptions, cancellations and the expiry of one coupon, with its recovery and all its postings."""

    def __init__(self) -> None:
        super().__init__()
        self.at = DAY_0
        self.coupon = issued(1_000)
        self.recovery = opened(self.coupon)
        self.redemptions: list[Redemption] = []
        self.balances: dict[AccountName, int] = {}
        self.post(Event.COUPON_ISSUED, self.coupon.amount)

    def post(self, event: Event, amount: Money) -> None:
        transfer = ledger.transfer(
            TransferId.mint(1, 1), event, amount, party_id=PARTY, cause=Cause(coupon_id=self.coupon.id), at=self.at
        )
        for entry in transfer.entries:
            self.balances[entry.account] = self.balances.get(entry.account, 0) + entry.amount.minor

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.at += timedelta(days=days)

    @rule(minor=st.integers(1, 1_200))
    def buyer_redeems(self, minor: int) -> None:
        possible = self.coupon.state in coupons.LIVE and self.at <= LAST_INSTANT and minor <= self.coupon.left.minor
        try:
            redeemed = redeem(self.coupon, minor, self.at, purchase(10_000))
        except Refused:
            assert not possible
            return
        assert possible
        self.coupon = redeemed.coupon.after
        self.redemptions.append(redeemed.redemption.after)
        self.recovery = recoveries.fall_due(self.recovery, usd(minor), self.at).after
        self.post(Event.COUPON_REDEEMED, usd(minor))

    @precondition(lambda self: self.at > LAST_INSTANT and self.coupon.state in coupons.LIVE)
    @rule()
    def coupon_expires(self) -> None:
        left = self.coupon.left
        self.coupon = coupons.expire_coupon(self.coupon, self.at).after
        self.recovery = recoveries.release(self.recovery, self.at).after
        self.post(Event.COUPON_RELEASED, left)

    @precondition(lambda self: self.redemptions)
    @rule(data=st.data())
    def paid_order_is_cancelled(self, data: st.DataObject) -> None:
        redemption = self.redemptions.pop(data.draw(st.integers(0, len(self.redemptions) - 1)))
        if self.coupon.state in coupons.LIVE and self.at > LAST_INSTANT:
            self.coupon_expires()
        undone = coupons.reverse_redemption(self.coupon, redemption, self.at)
        self.coupon = undone.coupon.after
        lives = self.coupon.state in coupons.LIVE
        self.recovery = recoveries.reverse(self.recovery, redemption.amount, coupon_lives=lives, at=self.at).after
        self.post(Event.REDEMPTION_REVERSED, redemption.amount)
        if not lives:
            self.post(Event.COUPON_RELEASED, redemption.amount)

    @invariant()
    def parts_sum_to_the_whole(self) -> None:
        parts = self.recovery.contingent + self.recovery.due + self.recovery.released
        assert parts == self.coupon.amount

    @invariant()
    def books_agree_with_the_coupon(self) -> None:
        outstanding = self.coupon.left.minor if self.coupon.state in coupons.LIVE else 0
        books: Mapping[AccountName, int] = self.balances
        assert -books.get(AccountName.BUYER_COUPON_LIABILITY, 0) == outstanding
        assert books.get(AccountName.PARTY_RECEIVABLE, 0) == self.recovery.due.minor == self.coupon.used.minor
        assert books.get(AccountName.CONTINGENT, 0) == self.recovery.contingent.minor == outstanding
        assert sum(books.values()) == 0


TestMoneyTrail = MoneyTrail.TestCase
