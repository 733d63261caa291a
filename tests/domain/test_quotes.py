"""Promises, hindrances, ranking and a quote's life, without a database; the life as a state machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain import offers, pricing, quotes
from domain.access import Caller, Role, Scope, ViewerKind
from domain.dates import DAY, MICROSECOND, UTC_DAYS, Calendar, local_day
from domain.discounts import Discount, taken_off
from domain.errors import Invalid, Refused
from domain.explain import Finding
from domain.ids import (
    ApiKeyId,
    BuyerId,
    LaneId,
    OrganisationId,
    ProviderId,
    QuoteId,
    QuoteRequestId,
    RateSheetId,
    ServiceId,
    TenantId,
)
from domain.lanes import Timing
from domain.modes import DangerousGoodsClass, Incoterm, ServiceMode
from domain.money import Money
from domain.offers import Market, Offer, QuoteTerms, RequestQuote
from domain.places import Spot
from domain.pricing import Occasion, Piece, PriceList, Tariff
from domain.quotes import Quote, QuoteAction, QuoteState, ReviseQuote
from domain.rates import Measure, NewRate, NewSurcharge, SurchargeCharge, SurchargeKind
from domain.services import Limits, ServiceLevel
from domain.terms import BasisPoints
from tests import shipped

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday."""
CHINA = Calendar("CN", "Asia/Shanghai", holidays=frozenset({date(2026, 3, 4)}), workdays=frozenset({date(2026, 3, 7)}))
AMERICA = Calendar("US", "America/New_York", holidays=frozenset({date(2026, 3, 16)}))
BUYER, PROVIDER = BuyerId.mint(1, 1), ProviderId.mint(1, 1)
TERMS = shipped.rule(QuoteTerms, "quotes.toml", "rul_shipped")
GOODS = (Piece(1, 100_000, 500, 500, 500),)
WISH = RequestQuote(
    None, GOODS, Spot("CN"), Spot("US"), NOW, None, frozenset(), frozenset(), "USD", include_left_out=True
)


def rate(price: str, **more: Any) -> NewRate:
    return NewRate("A", Measure.WEIGHT, None, more.get("at_least", 0), more.get("below"), False, Decimal(price), None)


def offer(number: int = 1, price: str = "2.00", **more: Any) -> Offer:
    """A lane of service `number`."""
    plain = Offer(
        lane_id=LaneId.mint(1, number),
        service_id=ServiceId.mint(1, number),
        provider_id=ProviderId.mint(1, number),
        rate_sheet_id=RateSheetId.mint(1, number),
        mode=ServiceMode.AIR,
        level=ServiceLevel.STANDARD,
        incoterms=frozenset({Incoterm.DAP}),
        dangerous_goods=frozenset(),
        limits=Limits(),
        markets=frozenset(),
        origin_country="CN",
        destination_country="US",
        timing=Timing(3, 5, 1, "17:00", "Asia/Shanghai"),
        zone="A",
        prices=PriceList("USD", (rate(price),)),
        narrowness=0,
    )
    return plain._replace(**more)


def answered(*made: Offer, wish: RequestQuote = WISH) -> tuple[list[Quote], tuple[offers.LeftOut, ...]]:
    """The quotes and who was left out."""
    market = Market({"CN": CHINA, "US": AMERICA}, {}, {})
    ranked, left_out = offers.rank(TERMS, wish, BUYER, made, market, NOW)
    ids = [QuoteId.mint(1, number) for number in range(len(ranked))]
    found = quotes.request_quote(
        TERMS, wish, BUYER, ranked, left_out, UTC_DAYS, id=QuoteRequestId.mint(1, 1), quote_ids=ids, at=NOW
    )
    return [change.after for change in found.quotes], found.request.after.left_out


def caller(role: Role, party: BuyerId | ProviderId | None, viewer: ViewerKind) -> Caller:
    return Caller(TenantId("t"), ApiKeyId("k"), OrganisationId("o"), party, frozenset({role}), viewer, frozenset(Scope))


# -- promises ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ready", "hand_over", "arrives"),
    [
        (datetime(2026, 3, 2, 9, 0, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 9)),  # 17:00 in Shanghai: in time
        (
            datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC),
            date(2026, 3, 3),
            date(2026, 3, 10),
        ),  # handling over the holiday
        (datetime(2026, 3, 3, 16, 0, tzinfo=UTC), date(2026, 3, 5), date(2026, 3, 11)),  # midnight there: a holiday
        (datetime(2026, 3, 6, 10, 0, tzinfo=UTC), date(2026, 3, 7), date(2026, 3, 17)),  # a worked Saturday
        (datetime(2020, 1, 1, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 9)),  # ready long ago counts from now
    ],
)
def test_a_promise_counts_cut_off_handling_and_transit(ready: datetime, hand_over: date, arrives: date) -> None:
    promise = offers.promise(Timing(3, 5, 1, "17:00", "Asia/Shanghai"), ready, NOW, CHINA, AMERICA)
    assert promise.because.inputs["handOver"] == hand_over.isoformat()
    assert promise.because.inputs["arrives"] == arrives.isoformat()
    assert local_day(promise.promised_at, AMERICA) == arrives
    assert local_day(promise.promised_at + MICROSECOND, AMERICA) == arrives + DAY
    assert promise.departs_by == datetime(hand_over.year, hand_over.month, hand_over.day, 9, tzinfo=UTC)


def test_without_a_cut_off_the_whole_day_counts() -> None:
    promise = offers.promise(Timing(0, 0), datetime(2026, 3, 2, 15, 59, tzinfo=UTC), NOW, CHINA, CHINA)
    assert promise.departs_by == promise.promised_at == datetime(2026, 3, 2, 16, tzinfo=UTC) - MICROSECOND


def test_a_promise_beyond_the_known_holidays_is_no_offer() -> None:
    calendar = replace(CHINA, last_day=date(2026, 3, 3))
    market = Market({"CN": calendar, "US": calendar}, {}, {})
    ranked, (left,) = offers.rank(TERMS, WISH, BUYER, [offer()], market, NOW)
    assert ranked == ()
    assert [finding.reason for finding in left.because] == ["promise_within_calendar"]


@given(st.integers(0, 60), st.integers(0, 10), st.integers(0, 60 * 24 * 90))
def test_goods_never_arrive_before_they_leave_or_on_a_day_off(transit: int, handling: int, minutes: int) -> None:
    timing = Timing(0, transit, handling, "12:30", "Asia/Shanghai")
    promise = offers.promise(timing, NOW + timedelta(minutes=minutes), NOW, CHINA, AMERICA)
    assert NOW + timedelta(minutes=minutes) <= promise.departs_by <= promise.promised_at + DAY
    assert AMERICA.works(local_day(promise.promised_at, AMERICA))
    assert CHINA.works(local_day(promise.departs_by, CHINA))


# -- what a service takes ----------------------------------------------------------------------------------------------


def reasons(made: Offer, **wish: Any) -> list[str]:
    return [finding.reason for finding in offers.hindrances(made, replace(WISH, **wish))]


def test_a_piece_may_be_turned_but_its_longest_edge_is_its_length() -> None:
    made = offer(limits=Limits(None, 2_000, 1_000, 500))
    for edges, fits in (
        ((2_000, 1_000, 500), True),
        ((500, 2_000, 1_000), True),
        ((2_001, 10, 10), False),
        ((1_500, 600, 600), False),
        ((1_000, 501, 500), True),
    ):
        assert (reasons(made, pieces=(Piece(1, 1, *edges),)) == []) is fits, edges
    assert reasons(offer(limits=Limits(None, 2_000)), pieces=(Piece(1, 1, 1_999, 9_000, 1),)) == ["piece_within_size"]
    assert reasons(offer(limits=Limits(height_mm_max=500)), pieces=(Piece(1, 1, 9_000, 9_000, 500),)) == []


def test_weight_class_terms_and_market_are_asked_for() -> None:
    made = offer(limits=Limits(weight_grams_max=10), dangerous_goods=frozenset({DangerousGoodsClass.CLASS_9}))
    assert reasons(made, pieces=(Piece(9, 10, 1, 1, 1, None, DangerousGoodsClass.CLASS_9),)) == []
    assert reasons(made, pieces=(Piece(1, 11, 1, 1, 1, None, DangerousGoodsClass.CLASS_3),)) == [
        "piece_within_weight",
        "service_takes_dangerous_goods",
    ]
    assert reasons(offer(), incoterm=Incoterm.FOB) == ["service_serves_incoterm"]
    assert reasons(offer(), incoterm=Incoterm.DAP) == []
    assert reasons(offer(incoterms=frozenset()), incoterm=Incoterm.FOB) == []
    assert reasons(offer(markets=frozenset({"CA"}))) == ["service_serves_market"]


# -- ranking -----------------------------------------------------------------------------------------------------------


def test_the_best_are_kept_and_the_others_told() -> None:
    found, left = answered(*(offer(number, f"{40 - number}.00") for number in range(1, 15)))
    assert len(found) == TERMS.offers_max == 10
    assert [quote.total.minor for quote in found] == sorted(quote.total.minor for quote in found)
    assert [quote.position for quote in found] == list(range(1, 11))
    assert {finding.reason for each in left for finding in each.because} == {"offer_among_best"}
    assert len(left) == 4


def test_who_is_left_out_is_not_kept_unless_asked_for() -> None:
    assert answered(offer(prices=None), wish=replace(WISH, include_left_out=False)) == ([], ())
    _, (left,) = answered(offer(prices=None))
    assert [finding.reason for finding in left.because] == ["service_has_sheet_in_force"]


@given(st.permutations([offer(1), offer(2), offer(3, "1.50"), offer(4, timing=Timing(1, 1))]))
def test_the_order_in_which_offers_are_found_does_not_matter(found: list[Offer]) -> None:
    made, _ = answered(*found)
    assert [quote.provider_id for quote in made] == [ProviderId.mint(1, number) for number in (3, 4, 1, 2)]


LISTS = st.lists(st.tuples(st.integers(1, 900), st.integers(0, 4_000), st.booleans()), min_size=1, max_size=14)


@given(LISTS, st.integers(0, 1_000))
def test_offers_are_ranked_by_what_their_lines_come_to(lists: list[tuple[int, int, bool]], share_bp: int) -> None:
    """Ranks come of numbers alone; what is shown then must be what each offer costs when it is asked for by itself."""
    made = [
        offer(number, str(Decimal(cents) / 100), prices=PriceList("USD", (rate(str(Decimal(cents) / 100)),), due))
        for number, (cents, fuel_bp, peak) in enumerate(lists)
        for due in [(fuel(fuel_bp), *([PEAK] if peak else []))]
    ]
    discount = Discount(BasisPoints(share_bp), "rul_1")
    market = Market({"CN": CHINA, "US": AMERICA}, {}, {}, 1, discount)
    ranked, left = offers.rank(TERMS, WISH, BUYER, made, market, NOW)
    tariff = Tariff(TERMS.weighing[ServiceMode.AIR], TERMS.containers)
    for one in ranked:
        assert one.offer.prices is not None
        occasion = Occasion(GOODS, ServiceMode.AIR, one.promise.departs_by, "A", frozenset())
        alone = pricing.price(tariff, one.offer.prices, occasion)
        assert (one.price.charges, one.price.chargeable, one.total) == (alone.charges, alone.chargeable, alone.total)
        assert one.price.benefits == ((taken_off(alone.total, discount),) if share_bp else ())
    totals = sorted(_cents(one) for one in made)
    assert [one.total.minor for one in ranked] == totals[: TERMS.offers_max]
    assert len(left) == len(made) - len(ranked)


def fuel(basis_points: int) -> NewSurcharge:
    return NewSurcharge(SurchargeKind.FUEL, SurchargeCharge.SHARE, basis_points)


PEAK = NewSurcharge(SurchargeKind.PEAK, SurchargeCharge.PER_KG, None, Decimal("0.12"))


def _cents(one: Offer) -> int:
    """What 100 kg cost by that offer, reckoned anew."""
    assert one.prices is not None
    freight = one.prices.rates[0].price * 100 * 100
    share_of_freight, *peak = one.prices.surcharges
    share = (freight * Decimal(share_of_freight.basis_points or 0) / 10_000).quantize(Decimal(1), ROUND_HALF_EVEN)
    return int(freight + share) + 12_00 * len(peak)


def test_the_narrowest_lane_of_a_service_speaks_for_it() -> None:
    wide, narrow = offer(1, narrowness=3), offer(1, "9.00", narrowness=1, lane_id=LaneId.mint(1, 99))
    (quote,), _ = answered(wide, narrow)
    assert quote.lane_id == narrow.lane_id


# -- life --------------------------------------------------------------------------------------------------------------


def quoted() -> Quote:
    (quote,), _ = answered(offer(), wish=replace(WISH, ready_at=NOW + 30 * DAY))
    return quote


def test_every_action_is_listed_exactly_when_it_is_not_refused() -> None:
    quote = quoted()
    buyer, provider = (
        caller(Role.BUYER, BUYER, ViewerKind.BUYER),
        caller(Role.PROVIDER, PROVIDER, ViewerKind.PROVIDER),
    )
    for state in QuoteState:
        for at in (quote.expires_at, quote.expires_at + MICROSECOND, quote.departs_by, quote.departs_by + MICROSECOND):
            held = replace(quote, state=state, provider_id=PROVIDER)
            listed = {
                move.action: move.available
                for who in (buyer, provider)
                for move in quotes.moves(held, who, at)
                if move.available
            }
            for action, act in ACTS.items():
                try:
                    act(held, at)
                except Refused:
                    assert action not in listed, (state, at, action)
                else:
                    assert listed[action], (state, at, action)


def revise(quote: Quote, at: datetime) -> quotes.Revised:
    wish = ReviseQuote(quote.id, Money(-1, "USD"), None, "Cheaper.")
    return quotes.revise_quote(TERMS, quote, wish, AMERICA, UTC_DAYS, id=QuoteId.mint(2, 2), at=at)


ACTS: dict[str, Any] = {
    QuoteAction.ACCEPT_QUOTE.value: quotes.accept_quote,
    QuoteAction.BOOK_QUOTE.value: quotes.book_quote,
    QuoteAction.WITHDRAW_QUOTE.value: lambda quote, at: quotes.withdraw_quote(quote, "No room.", at),
    QuoteAction.REVISE_QUOTE.value: revise,
}


def test_what_the_provider_may_not_take_now_is_not_bookable() -> None:
    held = replace(quoted(), state=QuoteState.ACCEPTED)
    off = Finding("capability.book", False, "capability_unrestricted")
    (move,) = (
        each
        for each in quotes.moves(held, caller(Role.BUYER, BUYER, ViewerKind.BUYER), NOW, [off])
        if each.action == QuoteAction.BOOK_QUOTE
    )
    assert move.because == (off,)


def test_a_revision_of_another_currency_s_quote_loses_its_comparison() -> None:
    quote = replace(quoted(), compared_in="EUR", cost_minor=190_00)
    assert revise(quote, NOW).new.after.cost_minor is None
    with pytest.raises(Invalid):
        quotes.revise_quote(
            TERMS,
            quote,
            ReviseQuote(quote.id, Money(1, "EUR"), None, "?"),
            AMERICA,
            UTC_DAYS,
            id=QuoteId.mint(2, 2),
            at=NOW,
        )


class Life(RuleBasedStateMachine):
    """Whatever is tried at whatever instant: what was quoted never changes, and an ended quote stays ended."""

    @initialize()
    def ask(self) -> None:
        self.first = self.quote = quoted()
        self.at = NOW

    @rule(hours=st.integers(1, 24 * 12))
    def wait(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(act=st.sampled_from([quotes.accept_quote, quotes.book_quote, ACTS["WITHDRAW_QUOTE"], quotes.expire_quote]))
    def try_to(self, act: Any) -> None:
        before = self.quote
        try:
            self.quote = act(before, self.at).after
        except Refused:
            return
        assert before.ended_at is None

    @precondition(lambda self: self.quote.state is QuoteState.QUOTED)
    @rule()
    def expires_exactly_when_over(self) -> None:
        if self.quote.expires_at < self.at:
            quotes.expire_quote(self.quote, self.at)
        else:
            with pytest.raises(Refused):
                quotes.expire_quote(self.quote, self.at)

    @invariant()
    def what_was_quoted_stands(self) -> None:
        names = ("total", "charges", "promised_at", "departs_by", "promise", "expires_at", "lane_id", "rate_sheet_id")
        assert all(getattr(self.quote, name) == getattr(self.first, name) for name in names)


TestLife = Life.TestCase
TestLife.settings = settings(TestLife.settings, stateful_step_count=12)
"""A quote is over within a dozen steps, and what is over stays so."""
