"""Pricing: from pieces and a price list to charges, each on its own line with its computation.

How it works. Goods weigh what they weigh, or what their volume counts for in the mode of transport: the larger of the
two, rounded up, is the chargeable weight (`chargeable`), and the other way round for prices by volume. The bracket that
it lies in gives the freight (`domain/rates.py` says what a rate is), not below its minimum; where the mode has rate
breaks, the next bracket billed at its own beginning is taken if that is cheaper. A zone priced by weight and by volume
bills the dearer of the two; one priced by containers as well, whichever way is cheaper. Surcharges follow in the order
of `ChargeKind`; shares are of the freight as its line shows it, never of other surcharges. Offers are compared by their
`bill`, which is numbers alone; only what is shown is told line by line (`itemised`). What the buyer's level takes off
stands beside the provider's lines (`domain/discounts.py`), in no total that the provider sees.

Laws: weights are whole grams, lengths whole millimetres, prices exact decimals; each line is rounded once,
half-even, after everything else on it is computed exactly; the total is the sum of the lines as shown, so anybody can
check it by hand; the same goods and the same list give the same lines, byte for byte.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from domain import money
from domain.explain import Finding, Input
from domain.modes import DangerousGoodsClass, ServiceMode
from domain.money import WHOLE_BP, Money
from domain.rates import Container, Measure, NewRate, NewSurcharge, SurchargeCharge, SurchargeKind
from domain.terms import Count

_AT_LEAST: Final = attrgetter("at_least")

GRAMS: Final = 1_000
"""In a kilogram; also cubic millimetres in a cubic centimetre."""
CUBIC_CM: Final = 1_000_000
"""In a cubic metre; also cubic millimetres in a cubic decimetre."""


class ChargeKind(StrEnum):
    """What a line of a price is for, in the order in which lines are computed and shown."""

    FREIGHT = "FREIGHT"
    """The transport itself, by weight and bracket."""
    DANGEROUS_GOODS = "DANGEROUS_GOODS"
    """Handling of dangerous goods."""
    OVERSIZE = "OVERSIZE"
    """Handling of pieces beyond a size or weight."""
    REMOTE_AREA = "REMOTE_AREA"
    """Collection or delivery far away from the network."""
    PEAK = "PEAK"
    """A season in which capacity is short."""
    FUEL = "FUEL"
    """What fuel costs beyond the freight."""
    TIER_BENEFIT = "TIER_BENEFIT"
    """What the buyer's level takes off; the marketplace bears it."""
    REVISION = "REVISION"
    """What the provider changed in a revised quote, up or down."""


SURCHARGES: Final = tuple(kind for kind in ChargeKind if kind.value in set(SurchargeKind))
"""The kinds a price list may have as surcharges, in their order."""
assert {kind.value for kind in SURCHARGES} == {kind.value for kind in SurchargeKind}


@dataclass(frozen=True, slots=True)
class Piece:
    """`count` pieces alike; weight, lengths and value are those of one of them."""

    count: int
    weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int
    value: Money | None = None
    dangerous_goods: DangerousGoodsClass | None = None

    @property
    def volume(self) -> int:
        """Cubic millimetres of one piece."""
        return self.length_mm * self.width_mm * self.height_mm

    @property
    def lengths(self) -> tuple[int, ...]:
        """Its edges, the longest first: a piece may be turned."""
        return tuple(sorted((self.length_mm, self.width_mm, self.height_mm), reverse=True))


@dataclass(frozen=True, slots=True)
class Weighing:
    """How a mode turns goods into chargeable weight.

    `cubic_centimetres_per_kilogram` None: volume does not count. `round_up_grams` is the step the weight is rounded
    up to, `by_piece` compares weight and volume piece by piece instead of in sum, `rate_breaks` bills the next bracket
    where that is cheaper.
    """

    round_up_grams: Count
    cubic_centimetres_per_kilogram: Count | None = None
    by_piece: bool = False
    rate_breaks: bool = False

    def __post_init__(self) -> None:
        if self.round_up_grams < 1 or self.cubic_centimetres_per_kilogram == 0:
            raise ValueError("a step of rounding and a volumetric factor are at least one")


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a container takes of mixed goods: its usable volume and its payload."""

    cubic_decimetres: Count
    payload_kilograms: Count

    def __post_init__(self) -> None:
        if not self.cubic_decimetres or not self.payload_kilograms:
            raise ValueError("a container takes something")

    def needed(self, pieces: Sequence[Piece]) -> int:
        """How many of them those goods fill, by volume and by weight."""
        by_volume = -(-volume(pieces) // (self.cubic_decimetres * CUBIC_CM))
        return max(by_volume, -(-weight_grams(pieces) // (self.payload_kilograms * GRAMS)))


@dataclass(frozen=True, slots=True)
class PriceList:
    """What one lane costs by one rate sheet: the rates of its zone, by measure and bracket, and the surcharges."""

    currency: str
    rates: tuple[NewRate, ...]
    surcharges: tuple[NewSurcharge, ...] = ()
    cubic_centimetres_per_kilogram: int | None = None
    """The sheet's own volumetric factor; None: the mode's."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """How a mode bills: how it weighs, and the containers that goods are put in where it sells whole ones."""

    weighing: Weighing
    containers: Mapping[Container, Capacity]


@dataclass(frozen=True, slots=True)
class Charge:
    """A line of a price. `because` is its computation."""

    kind: ChargeKind
    amount: Money
    because: Finding


@dataclass(frozen=True, slots=True)
class Chargeable:
    """What goods count for: grams, cubic centimetres, and how they were found."""

    grams: int
    cubic_cm: int
    because: Finding


@dataclass(frozen=True, slots=True)
class Price:
    """The lines in their order, and the measures they rest on. `containers` is 0 where none is billed.

    `benefits` are the lines that the buyer's level takes off: they are the marketplace's, and in no total.
    """

    charges: tuple[Charge, ...]
    chargeable: Chargeable
    containers: int = 0
    benefits: tuple[Charge, ...] = ()

    @property
    def total(self) -> Money:
        """The sum of the provider's lines: what the provider gets."""
        return money.total([charge.amount for charge in self.charges], self.charges[0].amount.currency)

    @property
    def discount(self) -> Money:
        """What the buyer pays less than the total."""
        currency = self.charges[0].amount.currency
        if not self.benefits:  # as of nearly all
            return Money.zero(currency)
        return -money.total([charge.amount for charge in self.benefits], currency)


class Occasion(NamedTuple):
    """What a price is asked for: the goods, when they are handed over at the latest, every area key of both ends."""

    pieces: tuple[Piece, ...]
    mode: ServiceMode
    departs_by: datetime
    zone: str
    keys: frozenset[str] = frozenset()


class Unpriced(Exception):
    """The list has no price for these goods; `because` is the finding that says so."""

    def __init__(self, because: Finding) -> None:
        super().__init__(because.reason)
        self.because = because


def count(pieces: Iterable[Piece]) -> int:
    """How many pieces there are."""
    return sum(piece.count for piece in pieces)


def weight_grams(pieces: Iterable[Piece]) -> int:
    """What they weigh."""
    return sum(piece.count * piece.weight_grams for piece in pieces)


def volume(pieces: Iterable[Piece]) -> int:
    """Cubic millimetres of all of them."""
    return sum(piece.count * piece.volume for piece in pieces)


def value(pieces: Iterable[Piece], currency: str) -> Money | None:
    """What they are worth; None unless every piece says so. Refuses (ValueError) other currencies."""
    parts = [
        None if piece.value is None else Money(piece.count * piece.value.minor, piece.value.currency)
        for piece in pieces
    ]
    known = [part for part in parts if part is not None]
    return money.total(known, currency) if len(known) == len(parts) else None


def chargeable(weighing: Weighing, pieces: Sequence[Piece], own_divisor: int | None = None) -> Chargeable:
    """The larger of weight and volume, each measured as the other, rounded up to the mode's step and to whole cm3.

    `own_divisor` is a rate sheet's own cubic centimetres per kilogram. A cubic centimetre per kilogram is a cubic
    millimetre per gram, so the divisor turns cubic millimetres into grams.
    """
    actual, space = weight_grams(pieces), volume(pieces)
    divisor = weighing.cubic_centimetres_per_kilogram and (own_divisor or weighing.cubic_centimetres_per_kilogram)
    step = weighing.round_up_grams
    if not divisor:
        grams, cubic_mm = _up(actual, step) * step, space
    else:
        cubic_mm = (
            sum(piece.count * max(piece.weight_grams * divisor, piece.volume) for piece in pieces)
            if weighing.by_piece
            else max(actual * divisor, space)
        )
        grams = _up(cubic_mm, divisor * step) * step
    inputs: dict[str, Input] = {
        "actualGrams": actual,
        "cubicMillimetres": space,
        "cubicCentimetresPerKilogram": divisor,
        "byPiece": weighing.by_piece,
        "roundUpGrams": step,
        "grams": grams,
    }
    return Chargeable(grams, _up(cubic_mm, GRAMS), Finding("pricing.weight", True, "weight_is_chargeable", inputs))


class Bill(NamedTuple):
    """What goods come to by a list, as numbers: what offers are compared by. `itemised` tells it line by line.

    `total_minor` is the sum of the lines, in the list's currency.
    """

    total_minor: int
    freight: "_Freight"
    surcharges: tuple["_Due", ...]
    chargeable: Chargeable


def price(tariff: Tariff, prices: PriceList, occasion: Occasion, measured: Chargeable | None = None) -> Price:
    """Every line of the list's price for those goods, freight first. Raises Unpriced where the list has no bracket.

    `measured` is what `chargeable` says of them, for who knows it already.
    """
    return itemised(bill(tariff, prices, occasion, measured))


def bill(tariff: Tariff, prices: PriceList, occasion: Occasion, measured: Chargeable | None = None) -> Bill:
    """What `price` comes to, without the computation of its lines: of many offers most are never shown.

    Raises Unpriced where the list has no bracket.
    """
    if measured is None:
        measured = chargeable(tariff.weighing, occasion.pieces, prices.cubic_centimetres_per_kilogram)
    freight = _freight(tariff, prices, occasion, measured)
    surcharges, total_minor = [], freight.minor
    for surcharge in prices.surcharges:
        due = _due(surcharge, occasion, measured, freight)
        if due is not None:
            surcharges.append(due)
            total_minor += due.minor
    surcharges.sort(key=_place)
    return Bill(total_minor, freight, tuple(surcharges), measured)


def itemised(bill: Bill) -> Price:
    """The lines of the bill, each with its computation."""
    _, freight, surcharges, measured = bill
    charges = [_freight_line(freight, measured)]
    charges += (_surcharge_line(due, charges[0].amount) for due in surcharges)
    return Price(tuple(charges), measured, freight.containers)


_LINES: Final = {SurchargeKind(kind.value): kind for kind in SURCHARGES}
_PLACES: Final = {kind: place for place, kind in enumerate(_LINES)}


def _place(due: "_Due") -> int:
    return _PLACES[due.surcharge.kind]


Exact = tuple[int, int]
"""An amount in minor units, exactly: so many, divided by so many. Whole numbers cost a tenth of what fractions do."""


class _Freight(NamedTuple):
    """A way to bill the freight: exactly, rounded, and by which rate for how much."""

    exact: Exact
    minor: int
    currency: str
    rate: NewRate
    billed: int
    broken: bool = False
    """Billed from the next bracket's beginning, which is cheaper."""
    containers: int = 0


class _Due(NamedTuple):
    """A surcharge that is due: how much, and how often its amount is billed."""

    surcharge: NewSurcharge
    minor: int
    billed: int


def _freight(tariff: Tariff, prices: PriceList, occasion: Occasion, measured: Chargeable) -> _Freight:
    """The dearer of weight and volume, or of containers the cheapest way, whichever of the two is cheaper."""
    rates: dict[Measure, list[NewRate]] = {}
    for rate in prices.rates:
        rates.setdefault(rate.measure, []).append(rate)
    found = [
        _by_measure(tariff.weighing, prices.currency, rates[measure], _amount(measure, occasion, measured))
        for measure in _MEASURED
        if measure in rates
    ]
    weighed = [way for way in found if way is not None]
    ways = [_dearest(weighed)] if weighed and len(weighed) == len(found) else []
    if Measure.CONTAINERS in rates:
        ways += _in_containers(tariff.containers, prices.currency, rates[Measure.CONTAINERS], occasion)
    if not ways:
        inputs: dict[str, Input] = {"zone": occasion.zone, "grams": measured.grams, "cubicCm": measured.cubic_cm}
        raise Unpriced(Finding("pricing.bracket", False, "list_has_rate", inputs, because=(measured.because,)))
    return ways[0] if len(ways) == 1 else min(ways, key=_dearness)


_MEASURED: Final = (Measure.WEIGHT, Measure.VOLUME, Measure.UNITS)
"""What goods are measured in, one way of billing each; the dearest of them is due."""


def _amount(measure: Measure, occasion: Occasion, measured: Chargeable) -> int:
    """How much of that there is."""
    if measure is Measure.UNITS:
        return count(occasion.pieces)
    return measured.grams if measure is Measure.WEIGHT else measured.cubic_cm


def _dearest(ways: Sequence[_Freight]) -> _Freight:
    return ways[0] if len(ways) == 1 else max(ways, key=_dearness)  # nearly always one: fractions are dear themselves


def _dearness(way: _Freight) -> Fraction:
    return Fraction(*way.exact)


def _by_measure(weighing: Weighing, currency: str, rates: Sequence[NewRate], amount: int) -> _Freight | None:
    """By the bracket that holds the amount, or the next one where the mode breaks rates and that is cheaper.

    `rates` are those of one measure; None where none of them holds the amount.
    """
    best = next((rate for rate in rates if _holds(rate, amount)), None)
    if best is None:
        return None
    exact, billed, broken = _billed(best, amount, currency), amount, False
    following = None
    if weighing.rate_breaks and best.measure is not Measure.UNITS:
        following = min((rate for rate in rates if rate.at_least > amount), key=_AT_LEAST, default=None)
    if following is not None:
        cheaper = _billed(following, following.at_least, currency)
        if _less(cheaper, exact):
            best, exact, billed, broken = following, cheaper, following.at_least, True
    return _Freight(exact, _half_even(exact), currency, best, billed, broken)


def _in_containers(
    capacities: Mapping[Container, Capacity], currency: str, rates: Iterable[NewRate], occasion: Occasion
) -> Iterator[_Freight]:
    """Every way to put all of it into containers of one type that the list prices."""
    for rate in rates:
        capacity = None if rate.container is None else capacities.get(rate.container)
        if capacity is None:
            continue
        needed = capacity.needed(occasion.pieces)
        if _holds(rate, needed):
            exact = _billed(rate, needed, currency)
            yield _Freight(exact, _half_even(exact), currency, rate, needed, containers=needed)


def _freight_line(freight: _Freight, measured: Chargeable) -> Charge:
    rate = freight.rate
    inputs: dict[str, Input] = {
        "measure": str(rate.measure),
        "container": None if rate.container is None else str(rate.container),
        "atLeast": rate.at_least,
        "below": rate.below,
        "flat": rate.flat,
        "price": str(rate.price),
        "minimum": None if rate.minimum is None else str(rate.minimum),
        "billed": freight.billed,
    }
    boxed = rate.measure is Measure.CONTAINERS
    if not boxed:
        inputs["rateBreak"] = freight.broken
    inputs["amountMinor"] = freight.minor
    because = Finding(
        "pricing.freight",
        True,
        "freight_is_by_container" if boxed else "freight_is_billed",
        inputs,
        because=(measured.because,),
    )
    return Charge(ChargeKind.FREIGHT, Money(freight.minor, freight.currency), because)


def _holds(rate: NewRate, amount: int) -> bool:
    return rate.at_least <= amount and (rate.below is None or amount < rate.below)


_PER: Final[Mapping[Measure, int]] = {
    Measure.WEIGHT: GRAMS,
    Measure.VOLUME: CUBIC_CM,
    Measure.CONTAINERS: 1,
    Measure.UNITS: 1,
}
"""How much of a measure a price is for."""
assert _PER.keys() == set(Measure)


def _billed(rate: NewRate, amount: int, currency: str) -> Exact:
    """What that amount costs by the rate, not below its minimum."""
    minor, per = _minor(rate.price, currency)
    exact = (minor, per) if rate.flat else (minor * amount, per * _PER[rate.measure])
    return exact if rate.minimum is None else _not_below(exact, rate.minimum)


@lru_cache(maxsize=4_096)  # prices of lists come again and again; an entry is a few dozen bytes
def _minor(amount: Decimal, currency: str) -> Exact:
    """That many major units in minor units."""
    numerator, denominator = amount.as_integer_ratio()
    return numerator * int(10 ** money.scale(currency)), denominator


def _less(one: Exact, other: Exact) -> bool:
    return one[0] * other[1] < other[0] * one[1]


def _not_below(exact: Exact, least: Money) -> Exact:
    return (least.minor, 1) if _less(exact, (least.minor, 1)) else exact


def _due(surcharge: NewSurcharge, occasion: Occasion, measured: Chargeable, freight: _Freight) -> _Due | None:
    """What it comes to, or None where it does not apply."""
    pieces = _concerned(surcharge, occasion)
    if not pieces:
        return None
    times = 1
    if surcharge.charge is SurchargeCharge.SHARE:
        exact = ((surcharge.basis_points or 0) * freight.minor, WHOLE_BP)
    else:
        times, per = _times(surcharge.charge, pieces, measured, freight)
        if not times or surcharge.amount is None:
            return None
        minor, of = _minor(surcharge.amount, freight.currency)
        exact = (minor * times, of * per)
    if surcharge.minimum is not None:
        exact = _not_below(exact, surcharge.minimum)
    return _Due(surcharge, _half_even(exact), times)


def _surcharge_line(due: _Due, freight: Money) -> Charge:
    surcharge, minor, billed = due
    kind = _LINES[surcharge.kind]
    inputs: dict[str, Input] = {"kind": str(kind), "charge": str(surcharge.charge)}
    if surcharge.charge is SurchargeCharge.SHARE:
        inputs["basisPoints"] = surcharge.basis_points
        inputs["freight"] = str(freight)
    else:
        inputs["amount"] = str(surcharge.amount)
        inputs["billed"] = billed
    if surcharge.minimum is not None:
        inputs["minimum"] = str(surcharge.minimum)
    inputs["amountMinor"] = minor
    because = Finding("pricing.surcharge", True, "surcharge_is_due", inputs)
    return Charge(kind, Money(minor, freight.currency), because)


def _times(
    charge: SurchargeCharge, pieces: Sequence[Piece], measured: Chargeable, freight: _Freight
) -> tuple[int, int]:
    """How often an amount is due: so many, per so many."""
    if charge is SurchargeCharge.PER_KG:
        return measured.grams, GRAMS
    if charge is SurchargeCharge.PER_PIECE:
        return count(pieces), 1
    return (freight.containers if charge is SurchargeCharge.PER_CONTAINER else 1), 1


def _concerned(surcharge: NewSurcharge, occasion: Occasion) -> tuple[Piece, ...]:
    """The pieces it is due for; none where it does not apply to the occasion."""
    at, kind = occasion.departs_by, surcharge.kind
    too_early = surcharge.valid_from is not None and at < surcharge.valid_from
    too_late = surcharge.valid_until is not None and surcharge.valid_until <= at
    elsewhere = bool(surcharge.zones) and occasion.zone not in surcharge.zones
    near = kind is SurchargeKind.REMOTE_AREA and surcharge.area_keys.isdisjoint(occasion.keys)
    if too_early or too_late or elsewhere or near:
        return ()
    if kind is SurchargeKind.DANGEROUS_GOODS:
        return tuple(piece for piece in occasion.pieces if _dangerous(surcharge, piece))
    if kind is SurchargeKind.OVERSIZE:
        return tuple(piece for piece in occasion.pieces if _oversize(surcharge, piece))
    return occasion.pieces


def _dangerous(surcharge: NewSurcharge, piece: Piece) -> bool:
    named = piece.dangerous_goods in surcharge.dangerous_goods or not surcharge.dangerous_goods
    return piece.dangerous_goods is not None and named


def _oversize(surcharge: NewSurcharge, piece: Piece) -> bool:
    too_heavy = surcharge.weight_grams_above is not None and piece.weight_grams > surcharge.weight_grams_above
    return too_heavy or (surcharge.length_mm_above is not None and piece.lengths[0] > surcharge.length_mm_above)


def _up(amount: int, step: int) -> int:
    """Divided by the step, rounded up."""
    return -(-amount // step)


def _half_even(exact: Exact) -> int:
    """To the nearest whole minor unit, a half to the even one: the one rounding of a line."""
    amount, per = exact
    below, rest = divmod(amount, per)
    return below + (2 * rest > per or (2 * rest == per and below % 2 == 1))
