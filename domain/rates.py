"""Rates and surcharges: what a price is, and how one is found (`domain.md` 6.3).

**How a price is found.** A lane names a zone; the sheet that is in force has rates for the zone; a rate says what is
measured and in which bracket `[at_least, below)`:

    measure      counted in           per unit (not flat)               for
    WEIGHT       grams, chargeable    per kilogram                      express, air, truck, rail, LCL, storage
    VOLUME       cm3, chargeable      per cubic metre                   LCL and road by volume, storage
    CONTAINERS   containers of a type per container of that type        FCL, rail, truck, customs
    UNITS        units                per unit (an entry, a day, a job) customs, inspection, installation, repair

Chargeable is the greater of what is and what the volumetric divisor makes of the other: weight against volume divided
by it, volume against weight times it; the divisor is the sheet's own, or the mode's by rule. The price is that of the
bracket that holds the measure: `flat` for all of it, otherwise times kilograms, cubic metres, containers or units. It
is never below `minimum`. Where a zone has rates by weight and by volume, the dearer of the two applies (weight or
measure). Brackets are half-open whole numbers: "up to and including 500 g" is `below` 501. What measures less than the
first or more than the last bracket is not taken.

**Surcharges** come on top, each a line of its own: a share of the freight in basis points (the price above, after its
minimum, without other surcharges, rounded half-even), or an amount per kilogram, piece, container or shipment, never
below its own minimum. FUEL is always due; PEAK within its own time; REMOTE_AREA when an end lies in one of its areas;
DANGEROUS_GOODS when a piece is of one of its classes (of any, when it names none); OVERSIZE when a piece is heavier or
longer than it says; per piece it is due for those pieces only.

Laws: in a zone the brackets of one measure (and container) leave no gap and never overlap; a surcharge is due once at a
time: two that say the same (kind, charge, areas, classes, sizes) share no zone at any instant; amounts are in the
currency of their sheet; an explanation of what is wrong names the line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from domain.explain import Finding, Input, unmet
from domain.ids import RateId, RateSheetId, SurchargeId
from domain.lanes import ZONE_CHARACTERS_MAX
from domain.modes import DangerousGoodsClass, ServiceMode
from domain.money import Money

AREAS_MAX: Final = 2_000
"""Of one surcharge: the remote postal prefixes of a large country."""
BRACKET_MAX: Final = 10**15
"""A cubic kilometre in cubic centimetres; what is more is a mistake."""
PRICE_MAX: Final = Decimal(10**10)
"""In major units: what is dearer is a mistake."""
PRICE_DECIMALS: Final = 6
"""Of a price: freight is sold at 0.3456 a kilogram; what is finer is a mistake."""


class Measure(StrEnum):
    """What a rate's bracket is counted in."""

    WEIGHT = "WEIGHT"
    """Chargeable weight in grams; priced per kilogram unless flat."""
    VOLUME = "VOLUME"
    """Chargeable volume in cubic centimetres; priced per cubic metre unless flat."""
    CONTAINERS = "CONTAINERS"
    """Containers of one type; priced per container unless flat."""
    UNITS = "UNITS"
    """Units of the service: an entry, a day, a job; priced per unit unless flat."""


class Container(StrEnum):
    """Types of container, with their codes of ISO 6346."""

    DRY_20 = "DRY_20"
    """20 feet, 22G1."""
    DRY_40 = "DRY_40"
    """40 feet, 42G1."""
    HIGH_CUBE_40 = "HIGH_CUBE_40"
    """40 feet, high cube, 45G1."""
    HIGH_CUBE_45 = "HIGH_CUBE_45"
    """45 feet, high cube, L5G1."""
    REEFER_20 = "REEFER_20"
    """20 feet, refrigerated, 22R1."""
    REEFER_40 = "REEFER_40"
    """40 feet, high cube, refrigerated, 45R1."""
    OPEN_TOP_20 = "OPEN_TOP_20"
    """20 feet, open top, 22U1."""
    OPEN_TOP_40 = "OPEN_TOP_40"
    """40 feet, open top, 42U1."""
    FLAT_RACK_20 = "FLAT_RACK_20"
    """20 feet, flat rack, 22P1."""
    FLAT_RACK_40 = "FLAT_RACK_40"
    """40 feet, flat rack, 42P1."""
    TANK_20 = "TANK_20"
    """20 feet, tank, 22T1."""


_WEIGHED: Final = frozenset({Measure.WEIGHT, Measure.VOLUME})
_BOXED: Final = _WEIGHED | {Measure.CONTAINERS}
_DONE: Final = frozenset(Measure)

MEASURES: Final[Mapping[ServiceMode, frozenset[Measure]]] = {
    ServiceMode.EXPRESS: _WEIGHED,
    ServiceMode.AIR: _WEIGHED,
    ServiceMode.SEA_FCL: frozenset({Measure.CONTAINERS}),
    ServiceMode.SEA_LCL: _WEIGHED,
    ServiceMode.RAIL: _BOXED,
    ServiceMode.TRUCK: _BOXED,
    ServiceMode.WAREHOUSING: _DONE,
    ServiceMode.CUSTOMS: _DONE,
    ServiceMode.INSTALLATION: _DONE,
    ServiceMode.REPAIR: _DONE,
    ServiceMode.INSPECTION: _DONE,
}
"""What a mode's rates may be counted in. Total."""


class SurchargeKind(StrEnum):
    """Why a surcharge is due."""

    FUEL = "FUEL"
    """Always."""
    PEAK = "PEAK"
    """Within its own time."""
    REMOTE_AREA = "REMOTE_AREA"
    """An end of the way lies in one of its areas."""
    DANGEROUS_GOODS = "DANGEROUS_GOODS"
    """A piece is dangerous, of one of its classes."""
    OVERSIZE = "OVERSIZE"
    """A piece is heavier or longer than it says."""


class SurchargeCharge(StrEnum):
    """How a surcharge is worked out."""

    SHARE = "SHARE"
    """Basis points of the freight."""
    PER_KG = "PER_KG"
    """An amount per kilogram of chargeable weight."""
    PER_PIECE = "PER_PIECE"
    """An amount per piece; for OVERSIZE and DANGEROUS_GOODS per piece that it is due for."""
    PER_CONTAINER = "PER_CONTAINER"
    """An amount per container."""
    PER_SHIPMENT = "PER_SHIPMENT"
    """An amount, once."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One price; see the module. `price` is in major units of the sheet's currency, and may be finer than its cents.

    `line` is its line in the file, or its place in the list, from 1. `currency` is the sheet's.
    """

    id: RateId
    rate_sheet_id: RateSheetId
    line: int
    zone: str
    measure: Measure
    container: Container | None
    at_least: int
    below: int | None
    flat: bool
    price: Decimal
    minimum: Money | None
    currency: str


@dataclass(frozen=True, slots=True)
class Surcharge:
    """One surcharge; see the module. Exactly one of `basis_points` and `amount` (major units) is set.

    Empty sets mean everywhere. `valid_from` and `valid_until` (exclusive) narrow the sheet's own validity. `line` is
    where it stands in the file; None: it came with the call.
    """

    id: SurchargeId
    rate_sheet_id: RateSheetId
    position: int
    line: int | None
    kind: SurchargeKind
    charge: SurchargeCharge
    basis_points: int | None
    amount: Decimal | None
    minimum: Money | None
    currency: str
    valid_from: datetime | None
    valid_until: datetime | None
    zones: frozenset[str]
    area_keys: frozenset[str]
    dangerous_goods: frozenset[DangerousGoodsClass]
    weight_grams_above: int | None
    length_mm_above: int | None


@dataclass(frozen=True, slots=True)
class NewRate:
    """A rate to be, in the sheet's currency."""

    zone: str
    measure: Measure
    container: Container | None
    at_least: int
    below: int | None
    flat: bool
    price: Decimal
    minimum: Money | None


@dataclass(frozen=True, slots=True)
class NewSurcharge:
    """A surcharge to be, in the sheet's currency."""

    kind: SurchargeKind
    charge: SurchargeCharge
    basis_points: int | None = None
    amount: Decimal | None = None
    minimum: Money | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    zones: frozenset[str] = frozenset()
    area_keys: frozenset[str] = frozenset()
    dangerous_goods: frozenset[DangerousGoodsClass] = frozenset()
    weight_grams_above: int | None = None
    length_mm_above: int | None = None


# -- what is wrong with rates and surcharges ---------------------------------------------------------------------------


def rate_findings(rate: NewRate, mode: ServiceMode, currency: str, line: int) -> tuple[Finding, ...]:
    """Everything that is wrong with a rate by itself, for a service of that mode; empty if nothing is."""
    named = _is_name(rate.zone)
    measured = rate.measure in MEASURES[mode]
    boxed = (rate.measure is Measure.CONTAINERS) == (rate.container is not None)
    ranged = 0 <= rate.at_least <= BRACKET_MAX and (rate.below is None or rate.at_least < rate.below <= BRACKET_MAX)
    cost = priced(rate.price) and (rate.minimum is None or 0 <= rate.minimum.amount <= PRICE_MAX)
    same = rate.minimum is None or rate.minimum.currency == currency
    if named and measured and boxed and ranged and cost and same:
        return ()  # of a hundred thousand rates nearly all: no reasons are worded for them
    inputs: dict[str, Input] = {"line": line, "zone": rate.zone[:ZONE_CHARACTERS_MAX]}
    counted: dict[str, Input] = {"measure": rate.measure.value, "mode": mode.value}
    counted["measures"] = ", ".join(sorted(MEASURES[mode]))
    most: dict[str, Input] = {"most": f"{PRICE_MAX:f}", "decimals": PRICE_DECIMALS}
    bracket: dict[str, Input] = {"atLeast": rate.at_least, "below": rate.below}
    return unmet(
        (
            Finding("rate.zone", named, "rate_zone_is_named", inputs | {"most": ZONE_CHARACTERS_MAX}),
            Finding("rate.measure", measured, "rate_measure_fits_mode", inputs | counted),
            Finding("rate.container", boxed, "rate_container_fits_measure", inputs | {"measure": rate.measure.value}),
            Finding("rate.bracket", ranged, "rate_bracket_is_a_range", inputs | bracket),
            Finding("rate.price", cost, "rate_price_in_range", inputs | most),
            Finding("rate.currency", same, "rate_in_sheet_currency", inputs | {"currency": currency}),
        )
    )


@dataclass(frozen=True, slots=True)
class Bracket:
    """Where a rate stands among the others of its zone and measure."""

    line: int
    zone: str
    measure: str
    container: str
    at_least: int
    below: int | None


def bracket_of(rate: NewRate | Rate, line: int) -> Bracket:
    """The bracket of a rate at that line."""
    return Bracket(line, rate.zone, rate.measure.value, rate.container or "", rate.at_least, rate.below)


def misfits(brackets: Iterable[Bracket]) -> Iterator[tuple[Bracket, Finding]]:
    """Every bracket that overlaps one before it, or leaves a gap to it, with what is wrong.

    The brackets come in the order of zone, measure, container, lower end and line.
    """
    last: Bracket | None = None
    for bracket in brackets:
        if last is not None and _group(last) == _group(bracket):
            inputs: dict[str, Input] = {
                "line": bracket.line,
                "other": last.line,
                "zone": bracket.zone,
                "atLeast": bracket.at_least,
            }
            if last.below is None or bracket.at_least < last.below:
                yield bracket, Finding("rate.overlap", False, "rate_brackets_do_not_overlap", inputs)
            elif bracket.at_least > last.below:
                finding = Finding("rate.gap", False, "rate_brackets_leave_no_gap", inputs | {"below": last.below})
                yield bracket, finding
        if last is None or _group(last) != _group(bracket) or _reaches(bracket) >= _reaches(last):
            last = bracket


def sorted_brackets(rates: Sequence[NewRate]) -> list[Bracket]:
    """The rates' brackets in the order that `misfits` wants; lines count from 1."""
    brackets = [bracket_of(rate, line) for line, rate in enumerate(rates, start=1)]
    return sorted(brackets, key=lambda bracket: (*_group(bracket), bracket.at_least, bracket.line))


def surcharge_findings(surcharge: NewSurcharge, currency: str, position: int) -> tuple[Finding, ...]:
    """Everything that is wrong with a surcharge by itself; empty if nothing is. `position` is its line in a file."""
    kind, charge = surcharge.kind, surcharge.charge
    inputs: dict[str, Input] = {"surcharge": position, "kind": kind.value}
    shares = surcharge.basis_points is not None and surcharge.amount is None
    pays = surcharge.amount is not None and surcharge.basis_points is None
    oversize = (surcharge.weight_grams_above, surcharge.length_mm_above)
    timed = surcharge.valid_from is not None and surcharge.valid_until is not None
    ordered = not timed or surcharge.valid_from < surcharge.valid_until  # type: ignore[operator]
    own = {
        SurchargeKind.REMOTE_AREA: bool(surcharge.area_keys) and len(surcharge.area_keys) <= AREAS_MAX,
        SurchargeKind.OVERSIZE: any(limit is not None and limit > 0 for limit in oversize),
        SurchargeKind.PEAK: timed,
    }.get(kind, True)
    foreign = (
        (bool(surcharge.area_keys) and kind is not SurchargeKind.REMOTE_AREA)
        or (bool(surcharge.dangerous_goods) and kind is not SurchargeKind.DANGEROUS_GOODS)
        or (any(limit is not None for limit in oversize) and kind is not SurchargeKind.OVERSIZE)
    )
    return unmet(
        (
            Finding(
                "surcharge.charge",
                shares if charge is SurchargeCharge.SHARE else pays,
                "surcharge_charges_one_way",
                inputs | {"charge": charge.value},
            ),
            Finding(
                "surcharge.amount",
                (surcharge.amount is None or (priced(surcharge.amount) and surcharge.amount > 0))
                and (surcharge.minimum is None or 0 <= surcharge.minimum.amount <= PRICE_MAX)
                and (surcharge.basis_points is None or 0 < surcharge.basis_points <= 10 * 10_000),
                "surcharge_amount_in_range",
                inputs,
            ),
            Finding(
                "surcharge.currency",
                surcharge.minimum is None or surcharge.minimum.currency == currency,
                "surcharge_in_sheet_currency",
                inputs | {"currency": currency},
            ),
            Finding("surcharge.time", ordered, "surcharge_time_is_a_range", inputs),
            Finding("surcharge.condition", own, "surcharge_says_when_due", inputs),
            Finding("surcharge.foreign", not foreign, "surcharge_has_no_other_condition", inputs),
        )
    )


def clashes(surcharges: Sequence[tuple[int, NewSurcharge | Surcharge]]) -> Iterator[tuple[int, Finding]]:
    """Every surcharge that is due beside an earlier one that says the same, with what is wrong; by number."""
    for place, (number, surcharge) in enumerate(surcharges):
        for other, earlier in surcharges[:place]:
            if _says(surcharge) == _says(earlier) and _meet(surcharge, earlier):
                inputs: dict[str, Input] = {"surcharge": number, "other": other, "kind": surcharge.kind.value}
                yield number, Finding("surcharge.once", False, "surcharge_is_due_once", inputs)
                break


@dataclass(frozen=True, slots=True)
class SurchargeChange:
    """A surcharge that differs between two versions; None on the side that lacks it."""

    before: Surcharge | None
    after: Surcharge | None


def surcharge_changes(old: Iterable[Surcharge], new: Iterable[Surcharge]) -> tuple[SurchargeChange, ...]:
    """What the new version's surcharges change of the old one's, kind by kind.

    Two belong together where they say the same for the same zones; then how much they are or when they are due differs.
    """
    gone: dict[tuple[object, ...], list[Surcharge]] = {}
    for surcharge in old:
        gone.setdefault((_says(surcharge), surcharge.zones), []).append(surcharge)
    left: list[Surcharge] = []
    for surcharge in new:
        alike = gone.get((_says(surcharge), surcharge.zones), [])
        same = next((each for each in alike if _takes(each) == _takes(surcharge)), None)
        if same is None:
            left.append(surcharge)
        else:
            alike.remove(same)
    changes = []
    for surcharge in left:
        alike = gone.get((_says(surcharge), surcharge.zones), [])
        changes.append(SurchargeChange(alike.pop(0) if alike else None, surcharge))
    changes += [SurchargeChange(surcharge, None) for alike in gone.values() for surcharge in alike]
    order = list(SurchargeKind)
    return tuple(sorted(changes, key=lambda change: order.index(_either(change).kind)))


def _takes(surcharge: Surcharge) -> tuple[object, ...]:
    """How much it is and when it is due."""
    times = (surcharge.valid_from, surcharge.valid_until)
    return surcharge.basis_points, surcharge.amount, surcharge.minimum, surcharge.currency, times


def _either(change: SurchargeChange) -> Surcharge:
    found = change.after or change.before
    assert found is not None, "a change has a side"
    return found


def _says(surcharge: NewSurcharge | Surcharge) -> tuple[object, ...]:
    """What it is due for and how, apart from its zones, its time and how much it is."""
    limits = (surcharge.weight_grams_above, surcharge.length_mm_above)
    return surcharge.kind, surcharge.charge, surcharge.area_keys, surcharge.dangerous_goods, limits


def _meet(one: NewSurcharge | Surcharge, other: NewSurcharge | Surcharge) -> bool:
    """Whether both are due in one zone at one instant."""
    zones = not one.zones or not other.zones or bool(one.zones & other.zones)
    return zones and _before(one.valid_from, other.valid_until) and _before(other.valid_from, one.valid_until)


def _before(begins: datetime | None, ends: datetime | None) -> bool:
    return begins is None or ends is None or begins < ends


def priced(price: Decimal) -> bool:
    """Whether it can be a price: not below zero, not beyond all measure, at most six decimals."""
    exponent = price.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PRICE_DECIMALS and 0 <= price <= PRICE_MAX


def _group(bracket: Bracket) -> tuple[str, str, str]:
    return bracket.zone, bracket.measure, bracket.container


def _reaches(bracket: Bracket) -> int:
    return BRACKET_MAX + 1 if bracket.below is None else bracket.below


def _is_name(text: str) -> bool:
    return 0 < len(text.strip()) <= ZONE_CHARACTERS_MAX and text.isprintable()


# -- showing -----------------------------------------------------------------------------------------------------------

FINE: Final[Mapping[Measure, int]] = {
    Measure.WEIGHT: 1_000,
    Measure.VOLUME: 1_000_000,
    Measure.CONTAINERS: 1,
    Measure.UNITS: 1,
}
"""Grams in a kilogram, cubic centimetres in a cubic metre: what brackets are kept in. Total."""

_UNITS: Final[Mapping[Measure, str]] = {
    Measure.WEIGHT: "kg",
    Measure.VOLUME: "m3",
    Measure.CONTAINERS: "containers",
    Measure.UNITS: "units",
}


def natural(measure: Measure, fine: int | None) -> Decimal | None:
    """A bracket's end in kilograms, cubic metres or a count; None where it has none."""
    return None if fine is None else (Decimal(fine) / FINE[measure]).normalize() + 0


def whole(measure: Measure, number: Decimal) -> int:
    """A bracket's end in grams, cubic centimetres or a count. Refuses with ValueError what is too fine or too large."""
    fine = number * FINE[measure]
    if fine != fine.to_integral_value() or not 0 <= fine <= BRACKET_MAX:
        raise ValueError(f"a bracket is kept in whole {FINE[measure]}ths of a unit, up to {BRACKET_MAX}")
    return int(fine)


def spelled_bracket(measure: Measure, container: str | None, at_least: Decimal, below: Decimal | None) -> str:
    """The bracket as people write it: `45 to below 100 kg`."""
    until = "and more" if below is None else f"to below {below:f}"
    unit = _UNITS[measure] if container is None else f"{_UNITS[measure]} {container}"
    return f"{at_least:f} {until} {unit}"


def major(minor: int | None, currency: str) -> Decimal | None:
    """An amount of minor units in major ones; None where there is none."""
    return None if minor is None else Money(minor, currency).amount


assert MEASURES.keys() == set(ServiceMode)
assert FINE.keys() == _UNITS.keys() == set(Measure)
