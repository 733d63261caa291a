"""Prices: unit vectors for weight, brackets and surcharges, and every total against an independent calculation."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import discounts, pricing
from domain.discounts import Discount, HookFacts
from domain.explain import Finding, canonical
from domain.ids import BuyerId, LaneId, ProviderId
from domain.modes import DangerousGoodsClass, ServiceMode
from domain.money import Money
from domain.pricing import (
    Capacity,
    Charge,
    ChargeKind,
    Occasion,
    Piece,
    PriceList,
    Tariff,
    Unpriced,
    Weighing,
)
from domain.rates import Container, Measure, NewRate, NewSurcharge, SurchargeCharge, SurchargeKind
from domain.terms import BasisPoints, Count

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
AIR = Weighing(Count(500), Count(6000), rate_breaks=True)
EXPRESS = Weighing(Count(500), Count(5000), by_piece=True)
LCL = Weighing(Count(1), Count(1000))
NONE: dict[Container, Capacity] = {}


def piece(kilograms: str, *centimetres: int, count: int = 1, **more: Any) -> Piece:
    """A piece of that weight and those three edges."""
    length, width, height = (10 * edge for edge in centimetres)
    return Piece(count, int(Decimal(kilograms) * 1000), length, width, height, **more)


def by_weight(price: str, at_least: int = 0, below: int | None = None, **more: Any) -> NewRate:
    """A rate per kilogram."""
    return NewRate(
        "A", Measure.WEIGHT, None, at_least, below, more.get("flat", False), Decimal(price), more.get("minimum")
    )


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def lines(weighing: Weighing, goods: tuple[Piece, ...], *rates: NewRate, **more: Any) -> list[tuple[str, int]]:
    """Kind and cents of every line."""
    occasion = Occasion(
        goods, more.pop("mode", ServiceMode.AIR), more.pop("at", AT), "A", more.pop("keys", frozenset())
    )
    containers = more.pop("containers", NONE)
    price = pricing.price(Tariff(weighing, containers), PriceList("USD", rates, **more), occasion)
    assert price.total.minor == sum(charge.amount.minor for charge in price.charges)
    return [(charge.kind.value, charge.amount.minor) for charge in price.charges]


# -- chargeable weight -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weighing", "goods", "grams"),
    [
        (AIR, (piece("100", 100, 100, 100),), 167_000),  # 166.667 kg by volume
        (AIR, (piece("170.2", 100, 100, 100),), 170_500),  # heavier than its volume
        (AIR, (piece("170.5", 100, 100, 100),), 170_500),  # nothing to round
        (EXPRESS, (piece("1", 50, 40, 30),), 12_000),  # 60,000 cm3 / 5000
        (EXPRESS, (piece("30", 10, 10, 10), piece("1", 50, 40, 30)), 42_000),  # piece by piece, not in sum
        (replace(EXPRESS, by_piece=False), (piece("30", 10, 10, 10), piece("1", 50, 40, 30)), 31_000),
        (LCL, (piece("800", 100, 100, 250),), 2_500_000),  # weight or measure: 2.5 cbm are 2.5 t
        (LCL, (piece("800", 50, 50, 50),), 800_000),
        (Weighing(Count(1000)), (piece("1.001", 100, 100, 100),), 2_000),  # volume does not count
    ],
)
def test_chargeable_weight(weighing: Weighing, goods: tuple[Piece, ...], grams: int) -> None:
    measured = pricing.chargeable(weighing, goods)
    assert measured.grams == grams
    assert measured.because.inputs["grams"] == grams


def test_a_sheet_may_have_a_divisor_of_its_own() -> None:
    goods = (piece("100", 100, 100, 100),)
    assert pricing.chargeable(AIR, goods, 5000).grams == 200_000
    assert pricing.chargeable(Weighing(Count(1)), goods, 5000).grams == 100_000, (
        "where volume does not count, it never does"
    )


def test_volume_is_the_other_way_round() -> None:
    assert pricing.chargeable(LCL, (piece("2500", 100, 100, 100),)).cubic_cm == 2_500_000
    assert pricing.chargeable(LCL, (piece("1", 100, 100, 100),)).cubic_cm == 1_000_000


# -- brackets ----------------------------------------------------------------------------------------------------------

BROKEN = (
    by_weight("3.10", 0, 45_000, minimum=usd(75_00)),
    by_weight("2.90", 45_000, 100_000),
    by_weight("2.50", 100_000),
)


@pytest.mark.parametrize(
    ("kilograms", "cents"),
    [
        ("10", 75_00),  # the minimum
        ("44.5", 130_50),  # 45 kg at 2.90 is less than 44.5 at 3.10
        ("45", 130_50),
        ("86", 249_40),
        ("86.5", 250_00),  # as 100 kg at 2.50
        ("100", 250_00),
        ("1000", 2_500_00),
    ],
)
def test_the_next_bracket_is_billed_where_that_is_cheaper(kilograms: str, cents: int) -> None:
    assert lines(AIR, (piece(kilograms, 10, 10, 10),), *BROKEN) == [("FREIGHT", cents)]


def test_without_rate_breaks_the_bracket_stands() -> None:
    goods = (piece("96", 10, 10, 10),)
    assert lines(replace(AIR, rate_breaks=False), goods, *BROKEN) == [("FREIGHT", 278_40)]


def test_a_bracket_is_half_open() -> None:
    rates = (by_weight("1", 0, 1000, flat=True), by_weight("2", 1000, 2000, flat=True))
    step = Weighing(Count(1))
    assert lines(step, (piece("0.999", 1, 1, 1),), *rates) == [("FREIGHT", 100)]
    assert lines(step, (piece("1", 1, 1, 1),), *rates) == [("FREIGHT", 200)]
    with pytest.raises(Unpriced) as no:
        lines(step, (piece("2", 1, 1, 1),), *rates)
    assert no.value.because.reason == "list_has_rate"


def test_a_zone_without_rates_is_no_offer() -> None:
    with pytest.raises(Unpriced) as no:
        lines(AIR, (piece("1", 1, 1, 1),))
    assert no.value.because.reason == "list_has_rate"


def test_weight_or_measure_is_the_dearer_and_prices_may_be_finer_than_cents() -> None:
    rates = (
        by_weight("0.0345"),
        NewRate("A", Measure.VOLUME, None, 0, None, False, Decimal("38.125"), usd(40_00)),
    )
    assert lines(LCL, (piece("2000", 100, 100, 100),), *rates) == [("FREIGHT", 76_25)]
    assert lines(LCL, (piece("200", 100, 100, 100),), *rates) == [("FREIGHT", 40_00)]
    heavy = (by_weight("0.05"), rates[1])
    assert lines(LCL, (piece("2000", 100, 100, 100),), *heavy) == [("FREIGHT", 100_00)]


def test_containers_are_filled_by_volume_and_by_weight_and_the_cheaper_type_wins() -> None:
    sizes = {
        Container.DRY_20: Capacity(Count(28_000), Count(21_700)),
        Container.HIGH_CUBE_40: Capacity(Count(65_000), Count(26_500)),
    }

    def rate(type_: Container, price: str) -> NewRate:
        return NewRate("A", Measure.CONTAINERS, type_, 1, None, False, Decimal(price), None)

    rates = (rate(Container.DRY_20, "1100"), rate(Container.HIGH_CUBE_40, "1850"), rate(Container.TANK_20, "1"))
    wish: dict[str, Any] = {"mode": ServiceMode.SEA_FCL, "containers": sizes}
    assert lines(Weighing(Count(1)), (piece("300", 100, 100, 100, count=60),), *rates, **wish) == [("FREIGHT", 1850_00)]
    assert lines(Weighing(Count(1)), (piece("900", 100, 100, 100, count=24),), *rates, **wish) == [("FREIGHT", 1100_00)]
    assert lines(Weighing(Count(1)), (piece("950", 50, 50, 50, count=24),), *rates, **wish) == [("FREIGHT", 1850_00)]


# -- surcharges --------------------------------------------------------------------------------------------------------

PLAIN = (by_weight("2.00"),)


def surcharge(kind: SurchargeKind, charge: SurchargeCharge, much: str, **more: Any) -> NewSurcharge:
    if charge is SurchargeCharge.SHARE:
        return NewSurcharge(kind, charge, basis_points=int(much), **more)
    return NewSurcharge(kind, charge, amount=Decimal(much), **more)


def test_surcharges_come_in_order_and_shares_are_of_the_freight_alone() -> None:
    goods = (piece("100", 10, 10, 10, dangerous_goods=DangerousGoodsClass.CLASS_3),)
    charged = lines(
        AIR,
        goods,
        *PLAIN,
        surcharges=(
            surcharge(SurchargeKind.FUEL, SurchargeCharge.SHARE, "1825"),
            surcharge(SurchargeKind.DANGEROUS_GOODS, SurchargeCharge.PER_SHIPMENT, "60"),
            surcharge(SurchargeKind.OVERSIZE, SurchargeCharge.PER_PIECE, "25", weight_grams_above=70_000),
        ),
    )
    assert charged == [("FREIGHT", 200_00), ("DANGEROUS_GOODS", 60_00), ("OVERSIZE", 25_00), ("FUEL", 36_50)]


def test_per_piece_counts_the_pieces_it_is_due_for() -> None:
    goods = (piece("80", 10, 10, 10, count=3), piece("10", 130, 10, 10, count=2), piece("10", 10, 10, 10, count=9))
    heavy = surcharge(SurchargeKind.OVERSIZE, SurchargeCharge.PER_PIECE, "10", weight_grams_above=70_000)
    long = surcharge(SurchargeKind.OVERSIZE, SurchargeCharge.PER_PIECE, "10", length_mm_above=1200)
    freight = ("FREIGHT", 700_00)
    assert lines(AIR, goods, *PLAIN, surcharges=(heavy,)) == [freight, ("OVERSIZE", 30_00)]
    assert lines(AIR, goods, *PLAIN, surcharges=(long,)) == [freight, ("OVERSIZE", 20_00)]


def test_dangerous_goods_are_charged_by_class() -> None:
    goods = (piece("100", 10, 10, 10, dangerous_goods=DangerousGoodsClass.CLASS_9), piece("100", 10, 10, 10))

    def charged(*classes: DangerousGoodsClass) -> list[tuple[str, int]]:
        due = surcharge(
            SurchargeKind.DANGEROUS_GOODS, SurchargeCharge.PER_PIECE, "5", dangerous_goods=frozenset(classes)
        )
        return lines(AIR, goods, *PLAIN, surcharges=(due,))[1:]

    assert charged() == [("DANGEROUS_GOODS", 5_00)]
    assert charged(DangerousGoodsClass.CLASS_9) == [("DANGEROUS_GOODS", 5_00)]
    assert charged(DangerousGoodsClass.CLASS_3) == []


def test_a_peak_is_due_in_its_own_time_and_an_area_where_an_end_lies() -> None:
    goods = (piece("100", 10, 10, 10),)
    peak = surcharge(
        SurchargeKind.PEAK, SurchargeCharge.PER_KG, "0.15", valid_from=AT, valid_until=AT + timedelta(days=1)
    )
    for at, due in ((AT, True), (AT - timedelta(microseconds=1), False), (AT + timedelta(days=1), False)):
        assert (("PEAK", 15_00) in lines(AIR, goods, *PLAIN, surcharges=(peak,), at=at)) is due
    remote = surcharge(
        SurchargeKind.REMOTE_AREA, SurchargeCharge.PER_SHIPMENT, "40", area_keys=frozenset({"US~99", "CN-XJ"})
    )
    for keys, due in ((frozenset({"US", "US~99"}), True), (frozenset({"US", "US~9"}), False)):
        assert (("REMOTE_AREA", 40_00) in lines(AIR, goods, *PLAIN, surcharges=(remote,), keys=keys)) is due


def test_a_surcharge_has_a_minimum_and_may_be_of_other_zones() -> None:
    goods = (piece("1", 10, 10, 10),)
    fuel = surcharge(SurchargeKind.FUEL, SurchargeCharge.SHARE, "1000", minimum=usd(5_00))
    assert lines(AIR, goods, *PLAIN, surcharges=(fuel,)) == [("FREIGHT", 2_00), ("FUEL", 5_00)]
    elsewhere = replace(fuel, zones=frozenset({"B"}))
    assert lines(AIR, goods, *PLAIN, surcharges=(elsewhere,)) == [("FREIGHT", 2_00)]


# -- hooks -------------------------------------------------------------------------------------------------------------


def facts() -> HookFacts:
    occasion = Occasion((piece("100", 10, 10, 10),), ServiceMode.AIR, AT, "A")
    price = pricing.price(Tariff(AIR, NONE), PriceList("USD", PLAIN), occasion)
    return HookFacts(BuyerId("b"), 2, ProviderId("p"), LaneId("l"), occasion, price)


def off(basis_points: int) -> Any:
    """A hook that takes that share off what is paid so far."""

    def hook(told: HookFacts) -> tuple[Charge, ...]:
        paid = told.price.total - told.price.discount
        amount = Money(-paid.minor * basis_points // 10_000, "USD")
        return (Charge(ChargeKind.TIER_BENEFIT, amount, Finding("tier.price", True, "tier_takes_off")),)

    return hook


def test_a_hook_adds_lines_and_sees_those_of_the_hooks_before() -> None:
    price = discounts.with_hooks(facts(), (off(1000), off(1000)))
    assert [charge.amount.minor for charge in price.benefits] == [-20_00, -18_00]
    assert (price.charges, price.total, price.discount) == (facts().price.charges, usd(200_00), usd(38_00))


@pytest.mark.parametrize(("share_bp", "taken"), [(0, []), (200, [-4_00]), (400, [-8_00]), (10_000, [-200_00])])
def test_what_a_level_takes_off_stands_beside_the_providers_lines(share_bp: int, taken: list[int]) -> None:
    price = discounts.with_hooks(replace(facts(), discount=Discount(BasisPoints(share_bp), "rul_1")))
    assert [line.amount.minor for line in price.benefits] == taken
    assert (price.charges, price.total) == (facts().price.charges, usd(200_00))


def test_no_hook_changes_nothing_and_none_brings_a_price_below_zero() -> None:
    assert discounts.with_hooks(facts()) == facts().price
    with pytest.raises(ValueError, match="below zero"):
        discounts.with_hooks(facts(), (off(20_000),))
    with pytest.raises(ValueError, match="what its list says"):
        discounts.with_hooks(facts(), (lambda _: facts().price.charges,))


# -- an independent calculation ----------------------------------------------------------------------------------------

PIECES = st.builds(
    Piece,
    st.integers(1, 40),
    st.integers(1, 400_000),
    st.integers(1, 3_000),
    st.integers(1, 3_000),
    st.integers(1, 3_000),
    dangerous_goods=st.sampled_from([None, None, DangerousGoodsClass.CLASS_3, DangerousGoodsClass.CLASS_9]),
)
PRICES = st.decimals(Decimal(0), Decimal(900), places=4)
MINIMA = st.none() | st.builds(usd, st.integers(0, 50_000))


@st.composite
def lists(draw: st.DrawFn) -> tuple[NewRate, ...]:
    """Brackets without gaps, the last without end, by weight and perhaps by volume too."""
    rates: list[NewRate] = []
    for measure in draw(st.sampled_from([(Measure.WEIGHT,), (Measure.WEIGHT, Measure.VOLUME), (Measure.VOLUME,)])):
        edges = [0, *sorted(draw(st.sets(st.integers(1, 5_000_000), max_size=4)))]
        for at_least, below in zip(edges, [*edges[1:], None], strict=True):
            flat, price, minimum = draw(st.booleans()), draw(PRICES), draw(MINIMA)
            rates.append(NewRate("A", measure, None, at_least, below, flat, price, minimum))
    return tuple(draw(st.permutations(rates)))


@st.composite
def levies(draw: st.DrawFn) -> tuple[NewSurcharge, ...]:
    """Up to six surcharges of any kind, worked out in any way but by containers."""
    ways = st.sampled_from([way for way in SurchargeCharge if way is not SurchargeCharge.PER_CONTAINER])
    due = []
    for kind, way in draw(st.lists(st.tuples(st.sampled_from(SurchargeKind), ways), max_size=6)):
        much = str(draw(st.integers(1, 5_000)) if way is SurchargeCharge.SHARE else draw(PRICES))
        made = surcharge(kind, way, much, minimum=draw(MINIMA))
        if kind is SurchargeKind.OVERSIZE:
            grams, edge = draw(st.none() | st.integers(1, 400_000)), draw(st.integers(1, 3_000))
            made = replace(made, weight_grams_above=grams, length_mm_above=edge)
        if kind is SurchargeKind.REMOTE_AREA:
            made = replace(made, area_keys=frozenset(draw(st.sets(st.sampled_from(["US", "FR"])))))
        due.append(made)
    return tuple(due)


def half_even(amount: Fraction) -> int:
    """To the nearest whole number, a half to the even one, spelled out."""
    below = math.floor(amount)
    rest = amount - below
    return below + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and below % 2 == 1))


def calculated(
    weighing: Weighing, goods: tuple[Piece, ...], rates: tuple[NewRate, ...], due: tuple[NewSurcharge, ...], keys: Any
) -> list[tuple[str, int]]:
    """Every line, worked out in kilograms, cubic metres and dollars, by what `domain/rates.py` says in words."""
    kilograms = sum((Fraction(p.weight_grams, 1000) * p.count for p in goods), Fraction(0))
    cubic_metres = sum((Fraction(p.length_mm * p.width_mm * p.height_mm, 10**9) * p.count for p in goods), Fraction(0))
    factor = Fraction(weighing.cubic_centimetres_per_kilogram or 0, 10**6)  # cubic metres per kilogram
    if weighing.by_piece:
        chargeable = sum(
            (
                max(Fraction(p.weight_grams, 1000), Fraction(p.length_mm * p.width_mm * p.height_mm, 10**9) / factor)
                * p.count
                for p in goods
            ),
            Fraction(0),
        )
    else:
        chargeable = max(kilograms, cubic_metres / factor) if factor else kilograms
    space = chargeable * factor if factor else cubic_metres
    step = Fraction(weighing.round_up_grams, 1000)
    billed_kg = math.ceil(chargeable / step) * step
    billed_m3 = Fraction(math.ceil(space * 10**6), 10**6)

    def dollars(rate: NewRate, amount: Fraction) -> Fraction:
        price = Fraction(str(rate.price)) * (1 if rate.flat else amount)
        return max(price, Fraction(rate.minimum.minor, 100)) if rate.minimum else price

    ways = []
    for measure, amount, unit in ((Measure.WEIGHT, billed_kg, 1000), (Measure.VOLUME, billed_m3, 10**6)):
        own = sorted((r for r in rates if r.measure is measure), key=lambda r: r.at_least)
        for place, rate in enumerate(own):
            if rate.at_least <= amount * unit and (rate.below is None or amount * unit < rate.below):
                cost = dollars(rate, amount)
                if weighing.rate_breaks and place + 1 < len(own):
                    cost = min(cost, dollars(own[place + 1], Fraction(own[place + 1].at_least, unit)))
                ways.append(cost)
    freight = Fraction(half_even(max(ways) * 100), 100)
    found = [("FREIGHT", half_even(freight * 100))]
    for kind in ("DANGEROUS_GOODS", "OVERSIZE", "REMOTE_AREA", "PEAK", "FUEL"):
        for levy in (each for each in due if each.kind == kind):
            hit = [
                p
                for p in goods
                if {
                    "DANGEROUS_GOODS": p.dangerous_goods is not None,
                    "OVERSIZE": bool(
                        (levy.weight_grams_above and p.weight_grams > levy.weight_grams_above)
                        or (levy.length_mm_above and max(p.length_mm, p.width_mm, p.height_mm) > levy.length_mm_above)
                    ),
                    "REMOTE_AREA": bool(levy.area_keys & keys),
                }.get(kind, True)
            ]
            if not hit:
                continue
            times = {
                "PER_KG": billed_kg,
                "PER_PIECE": Fraction(sum(p.count for p in hit)),
                "PER_SHIPMENT": Fraction(1),
                "SHARE": freight,
            }[levy.charge]
            much = Fraction(levy.basis_points or 0, 10_000) if levy.charge == "SHARE" else Fraction(str(levy.amount))
            cost = times * much
            found.append((kind, half_even(max(cost, Fraction(levy.minimum.minor if levy.minimum else 0, 100)) * 100)))
    return found


@given(
    st.sampled_from([AIR, EXPRESS, LCL, Weighing(Count(1000), Count(3000), rate_breaks=True), Weighing(Count(1))]),
    st.lists(PIECES, min_size=1, max_size=4).map(tuple),
    lists(),
    levies(),
)
def test_every_price_equals_an_independent_calculation(
    weighing: Weighing, goods: tuple[Piece, ...], rates: tuple[NewRate, ...], due: tuple[NewSurcharge, ...]
) -> None:
    keys = frozenset({"US", "US~9", "CN"})
    charged = lines(weighing, goods, *rates, surcharges=due, keys=keys)
    assert charged == calculated(weighing, goods, rates, due, keys)


@given(st.lists(PIECES, min_size=1, max_size=3).map(tuple), lists(), levies())
def test_the_same_question_has_the_same_answer_byte_for_byte(
    goods: tuple[Piece, ...], rates: tuple[NewRate, ...], due: tuple[NewSurcharge, ...]
) -> None:
    occasion = Occasion(goods, ServiceMode.AIR, AT, "A")
    first, again = (
        pricing.price(Tariff(AIR, NONE), PriceList("USD", order, due), occasion) for order in (rates, rates[::-1])
    )
    assert [canonical(each.because) for each in first.charges] == [canonical(each.because) for each in again.charges]
