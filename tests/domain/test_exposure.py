"""One loss is paid once, whoever pays it and in whatever order: claims, chargebacks, insurance, goodwill, releases."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain import exposure
from domain.errors import Refused
from domain.exposure import LOSSES, Draw, DrawnBy, Exposure, Line, Loss, LossCause
from domain.ids import BuyerId, ClaimId, CoverageId, ExposureId, OrderId, OrderLineId
from domain.money import Money

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
ORDER = OrderId.mint(1, 1)
BUYER = BuyerId.mint(1, 2)
LINES = [OrderLineId.mint(1, place) for place in range(3)]
COVERS = [CoverageId.mint(1, place) for place in range(2)]
SUBJECTS = [ClaimId.mint(1, place) for place in range(4)]


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def of(line: Line, loss: Loss) -> Exposure:
    return exposure.open_exposure(line, loss, order_id=ORDER, buyer_id=BUYER, id=ExposureId.mint(1, 1), at=AT)


def line(value: int, freight: int = 0, refunded: int = 0) -> Line:
    return Line(LINES[0], usd(value), usd(freight), usd(refunded))


def claim(minor: int, cause: LossCause = LossCause.NON_RECEIPT, cover: int | None = 0) -> Draw:
    return Draw(cause, DrawnBy.CLAIM, SUBJECTS[0], {LINES[0]: usd(minor)}, None if cover is None else COVERS[cover])


def drawn(row: Exposure | None, what: Line, wish: Draw) -> Exposure:
    """The exposure after that draw. Refuses what does not fit."""
    bounded = exposure.bounded(row or of(what, LOSSES[wish.cause]), what, wish)
    taken = exposure.draw({what.id: bounded}, wish)
    return exposure.drawn(row, bounded, taken[what.id], wish).after


def left(refusal: pytest.ExceptionInfo[Refused]) -> list[object]:
    return [finding.inputs["leftMinor"] for finding in refusal.value.unmet]


def test_goods_are_lost_once_with_their_share_of_the_freight() -> None:
    goods = line(100_00, freight=20_00)
    row = drawn(None, goods, claim(70_00, LossCause.NON_RECEIPT))
    assert (row.ceiling, row.drawn, row.left) == (usd(120_00), usd(70_00), usd(50_00))
    with pytest.raises(Refused) as refusal:
        drawn(row, goods, claim(50_01, LossCause.CONDITION, cover=1))
    assert left(refusal) == [50_00]
    assert drawn(row, goods, claim(50_00, LossCause.CONDITION, cover=1)).left == usd(0)


def test_what_the_shop_gave_back_is_lost_no_more() -> None:
    row = drawn(None, line(100_00), claim(30_00))
    with pytest.raises(Refused) as refusal:
        drawn(row, line(100_00, refunded=60_00), claim(20_00))
    assert left(refusal) == [10_00]
    more_than_is_left = line(100_00, refunded=90_00)
    with pytest.raises(Refused) as refusal:  # the ceiling never falls below what was drawn
        drawn(row, more_than_is_left, claim(1))
    assert left(refusal) == [0]


def test_each_commitment_pays_for_lateness_once() -> None:
    late = line(1_000_00)
    row = drawn(None, late, claim(100_00, LossCause.LATENESS))
    with pytest.raises(Refused):
        drawn(row, late, claim(1, LossCause.LATENESS))
    other = drawn(row, late, claim(50_00, LossCause.LATENESS, cover=1))
    assert (other.ceiling, other.drawn) == (usd(150_00), usd(150_00))


def test_what_was_agreed_on_leaves_the_rest_of_what_the_rule_gives() -> None:
    wish = Draw(
        LossCause.SERVICE,
        DrawnBy.CLAIM,
        SUBJECTS[0],
        {LINES[0]: usd(120_00)},
        COVERS[0],
        {LINES[0]: usd(200_00)},
    )
    row = drawn(None, line(10_000_00), wish)
    assert row.left == usd(80_00)


@pytest.mark.parametrize("goodwill_first", [True, False])
def test_goodwill_for_a_loss_counts_towards_it(goodwill_first: bool) -> None:
    late = line(1_000_00)
    gift = Draw(LossCause.LATENESS, DrawnBy.GOODWILL, SUBJECTS[1], {LINES[0]: usd(10_00)})
    if goodwill_first:
        row = drawn(None, late, gift)
        with pytest.raises(Refused) as refusal:
            drawn(row, late, claim(100_00, LossCause.LATENESS))
        assert left(refusal) == [90_00]
        assert drawn(
            row,
            late,
            Draw(
                LossCause.LATENESS,
                DrawnBy.CLAIM,
                SUBJECTS[0],
                {LINES[0]: usd(90_00)},
                COVERS[0],
                {LINES[0]: usd(100_00)},
            ),
        ).left == usd(0)
    else:
        row = drawn(None, late, claim(100_00, LossCause.LATENESS))
        with pytest.raises(Refused):
            drawn(row, late, gift)


def test_nobody_gives_back_more_than_it_drew() -> None:
    row = drawn(None, line(100_00), claim(30_00))
    with pytest.raises(ValueError, match="cannot give back"):
        exposure.release(row, usd(30_00), usd(30_01), SUBJECTS[0])
    assert exposure.release(row, usd(30_00), usd(30_00), SUBJECTS[0]).after.left == usd(100_00)


@given(
    amount=st.integers(0, 10**6),
    room=st.lists(st.integers(0, 10**5), min_size=1, max_size=3),
)
def test_what_is_spread_fits_everywhere(amount: int, room: list[int]) -> None:
    parts = exposure.spread(usd(amount), [(LINES[place], usd(each)) for place, each in enumerate(room)])
    assert sum(part.minor for part in parts.values()) == min(amount, sum(room))
    assert all(0 < part.minor <= room[LINES.index(id)] for id, part in parts.items())


@given(
    values=st.lists(st.integers(0, 10**9), min_size=1, max_size=3),
    freight=st.integers(0, 10**6),
    refunded=st.integers(0, 10**6),
)
def test_shares_of_freight_and_refunds_sum_to_them(values: list[int], freight: int, refunded: int) -> None:
    parts = [(LINES[place], usd(value)) for place, value in enumerate(values)]
    found = exposure.lines(parts, usd(freight), usd(refunded)).values()
    assert sum(each.freight.minor for each in found) == freight
    assert sum(each.refunded.minor for each in found) == refunded


class OneLoss(RuleBasedStateMachine):
    """Everything that can pay for the losses of an order, interleaved in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[tuple[OrderLineId, Loss], Exposure] = {}
        self.net: dict[tuple[OrderLineId, Loss, ClaimId], int] = {}
        self.entitled: dict[tuple[OrderLineId, Loss, CoverageId], int] = {}
        self.given: dict[tuple[OrderLineId, Loss], int] = {}
        self.refunded = 0

    @initialize(values=st.lists(st.integers(0, 500), min_size=3, max_size=3), freight=st.integers(0, 100))
    def order_is_paid(self, values: list[int], freight: int) -> None:
        self.values, self.freight = values, freight

    def lines(self) -> dict[OrderLineId, Line]:
        parts = [(id, usd(value)) for id, value in zip(LINES, self.values, strict=True)]
        return exposure.lines(parts, usd(self.freight), usd(self.refunded))

    def attempt(self, wish: Draw, *, partly: bool) -> None:
        loss, lines = LOSSES[wish.cause], self.lines()
        bounded = {
            id: exposure.bounded(self.rows.get((id, loss)) or of(lines[id], loss), lines[id], wish)
            for id in wish.amounts
        }
        try:
            taken = exposure.draw(bounded, wish, partly=partly)
        except Refused:
            assert not partly
            return
        for id, amount in taken.items():
            self.rows[id, loss] = exposure.drawn(self.rows.get((id, loss)), bounded[id], amount, wish).after
            key = (id, loss, ClaimId(wish.subject_id))
            self.net[key] = self.net.get(key, 0) + amount.minor
            if wish.commitment_id is not None:
                rule = amount if wish.entitled is None else wish.entitled[id]
                self.entitled.setdefault((id, loss, wish.commitment_id), rule.minor)
            else:
                self.given[id, loss] = self.given.get((id, loss), 0) + amount.minor

    @rule(
        cause=st.sampled_from(LossCause),
        minors=st.dictionaries(st.sampled_from(LINES), st.integers(0, 700), min_size=1),
        cover=st.sampled_from(COVERS),
        subject=st.sampled_from(SUBJECTS),
        rule_gives=st.integers(0, 300),
    )
    def claim_is_granted(
        self, cause: LossCause, minors: dict[OrderLineId, int], cover: CoverageId, subject: ClaimId, rule_gives: int
    ) -> None:
        entitled = {id: usd(minor + rule_gives) for id, minor in minors.items()}
        amounts = {id: usd(minor) for id, minor in minors.items()}
        self.attempt(Draw(cause, DrawnBy.CLAIM, subject, amounts, cover, entitled), partly=False)

    @rule(
        by=st.sampled_from([DrawnBy.CHARGEBACK, DrawnBy.INSURANCE]),
        minor=st.integers(1, 2_000),
        subject=st.sampled_from(SUBJECTS),
    )
    def bank_or_insurer_pays(self, by: DrawnBy, minor: int, subject: ClaimId) -> None:
        """They name no line and do not ask: what is above the loss stays with the party, and is not drawn."""
        lines = self.lines()
        room = [
            (
                id,
                exposure.bounded(
                    self.rows.get((id, Loss.GOODS)) or of(each, Loss.GOODS),
                    each,
                    Draw(LossCause.NON_RECEIPT, by, subject, {id: usd(0)}),
                ).left,
            )
            for id, each in lines.items()
        ]
        amounts = exposure.spread(usd(minor), room)
        self.attempt(Draw(LossCause.NON_RECEIPT, by, subject, amounts), partly=True)

    @rule(
        cause=st.sampled_from(LossCause),
        id=st.sampled_from(LINES),
        minor=st.integers(1, 300),
        subject=st.sampled_from(SUBJECTS),
    )
    def staff_give(self, cause: LossCause, id: OrderLineId, minor: int, subject: ClaimId) -> None:
        self.attempt(Draw(cause, DrawnBy.GOODWILL, subject, {id: usd(minor)}), partly=False)

    @precondition(lambda self: any(self.net.values()))
    @rule(data=st.data())
    def something_is_taken_back(self, data: st.DataObject) -> None:
        id, loss, subject = data.draw(st.sampled_from([key for key, minor in self.net.items() if minor]))
        drawn = self.net[id, loss, subject]
        minor = data.draw(st.integers(1, drawn))
        row = self.rows[id, loss]
        self.rows[id, loss] = exposure.release(row, usd(drawn), usd(minor), subject).after
        self.net[id, loss, subject] -= minor

    @rule(minor=st.integers(1, 300))
    def shop_gives_back(self, minor: int) -> None:
        self.refunded = min(self.refunded + minor, sum(self.values))

    @invariant()
    def nothing_is_above_its_ceiling(self) -> None:
        assert all(usd(0) <= row.drawn <= row.ceiling for row in self.rows.values())

    @invariant()
    def rows_say_what_was_drawn(self) -> None:
        for (id, loss), row in self.rows.items():
            assert row.drawn.minor == sum(minor for key, minor in self.net.items() if key[:2] == (id, loss))

    @invariant()
    def goods_never_cost_more_than_they_are_worth(self) -> None:
        if not self.rows:
            return
        goods = sum(row.drawn.minor for (_, loss), row in self.rows.items() if loss is Loss.GOODS)
        assert goods <= sum(self.values) + self.freight

    @invariant()
    def anything_else_never_costs_more_than_rules_and_staff_gave(self) -> None:
        for (id, loss), row in self.rows.items():
            if loss is not Loss.GOODS:
                rules = sum(minor for key, minor in self.entitled.items() if key[:2] == (id, loss))
                assert row.drawn.minor <= max(rules, self.given.get((id, loss), 0))


TestOneLoss = OneLoss.TestCase
