"""Price lists: what a zone costs by a rate sheet that is in force, read once per process.

How it works. A sheet that is active never changes but for its end (`domain/rate_sheets.py`), and nobody can alter or
delete its rates and surcharges (migrations 0011, 0040). So what was read of an active sheet stays true, nothing has to
be told to other processes, and a question that twenty providers answer does not read their prices again. What was not
asked for longest is forgotten when there is too much of it.

Laws: only sheets that were seen active are asked for: a draft's rates may still go.
"""

from collections import OrderedDict
from collections.abc import Collection, Hashable
from typing import Final, Generic, TypeVar

from asyncpg import Record as Row

from domain.ids import RateSheetId, TenantId
from domain.modes import DangerousGoodsClass
from domain.money import Money
from domain.rates import Container, Measure, NewRate, NewSurcharge, SurchargeCharge, SurchargeKind
from storage.pool import Connection

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Listed = tuple[tuple[NewRate, ...], tuple[NewSurcharge, ...]]
"""The rates of a zone and the surcharges of its sheet."""

RATES_MAX: Final = 100_000
"""Rates that a process remembers: a third of a kilobyte each."""
AREAS_MAX: Final = 200_000
"""Surcharges and their area keys that a process remembers: a tenth of a kilobyte each."""


class _Remembered(Generic[K, V]):
    """Tuples by key, together of bounded weight; those not asked for longest go first."""

    def __init__(self, weight_max: int) -> None:
        self._weight_max, self._weight = weight_max, 0
        self._known: OrderedDict[K, tuple[tuple[V, ...], int]] = OrderedDict()

    def find(self, key: K) -> tuple[V, ...] | None:
        known = self._known.get(key)
        if known is None:
            return None
        self._known.move_to_end(key)
        return known[0]

    def keep(self, key: K, members: tuple[V, ...], weight: int) -> None:
        if key not in self._known:
            self._weight += weight
            self._known[key] = (members, weight)
        while self._weight > self._weight_max:
            _, (_, forgotten) = self._known.popitem(last=False)
            self._weight -= forgotten


_rates: Final[_Remembered[tuple[TenantId, RateSheetId, str], NewRate]] = _Remembered(RATES_MAX)
_surcharges: Final[_Remembered[tuple[TenantId, RateSheetId], NewSurcharge]] = _Remembered(AREAS_MAX)


async def by_zones(
    connection: Connection, tenant_id: TenantId, zones: Collection[tuple[RateSheetId, str]]
) -> dict[tuple[RateSheetId, str], Listed]:
    """What each of those zones of active sheets costs."""
    rates = {zone: _rates.find((tenant_id, *zone)) for zone in zones}
    surcharges = {sheet_id: _surcharges.find((tenant_id, sheet_id)) for sheet_id, _ in zones}
    if missing := [zone for zone, known in rates.items() if known is None]:
        rates |= await _read_rates(connection, tenant_id, missing)
    if unknown := [sheet_id for sheet_id, known in surcharges.items() if known is None]:
        surcharges |= await _read_surcharges(connection, tenant_id, unknown)
    return {zone: (rates[zone] or (), surcharges[zone[0]] or ()) for zone in zones}


async def _read_rates(
    connection: Connection, tenant_id: TenantId, zones: Collection[tuple[RateSheetId, str]]
) -> dict[tuple[RateSheetId, str], tuple[NewRate, ...]]:
    found: dict[tuple[RateSheetId, str], list[NewRate]] = {zone: [] for zone in zones}
    for row in await connection.fetch(
        "SELECT x.rate_sheet_id, x.zone, x.measure, x.container, x.at_least, x.below, x.flat, "
        "trim_scale(x.price) AS price, x.minimum_minor, x.currency "
        "FROM unnest((SELECT $2::text[]), (SELECT $3::text[])) AS asked (rate_sheet_id, zone) "
        "JOIN rates x ON x.tenant_id = $1 AND x.rate_sheet_id = asked.rate_sheet_id AND x.zone = asked.zone "
        "ORDER BY x.rate_sheet_id, x.zone, x.measure, x.at_least, x.id",
        tenant_id,
        [sheet_id for sheet_id, _ in zones],
        [zone for _, zone in zones],
    ):
        found[row["rate_sheet_id"], row["zone"]].append(_rate(row))
    for zone, rates in found.items():
        _rates.keep((tenant_id, *zone), tuple(rates), 1 + len(rates))
    return {zone: tuple(rates) for zone, rates in found.items()}


async def _read_surcharges(
    connection: Connection, tenant_id: TenantId, sheet_ids: Collection[RateSheetId]
) -> dict[RateSheetId, tuple[NewSurcharge, ...]]:
    found: dict[RateSheetId, list[NewSurcharge]] = {sheet_id: [] for sheet_id in sheet_ids}
    for row in await connection.fetch(
        "SELECT x.rate_sheet_id, x.kind, x.charge, x.basis_points, trim_scale(x.amount) AS amount, x.minimum_minor, "
        "x.currency, x.valid_from, x.valid_until, x.zones, x.area_keys, x.dangerous_goods, x.weight_grams_above, "
        "x.length_mm_above FROM surcharges x WHERE x.tenant_id = $1 AND x.rate_sheet_id = ANY ($2::text[]) "
        "ORDER BY x.rate_sheet_id, x.position",
        tenant_id,
        list(sheet_ids),
    ):
        found[row["rate_sheet_id"]].append(_surcharge(row))
    for sheet_id, surcharges in found.items():
        areas = sum(len(surcharge.area_keys) for surcharge in surcharges)
        _surcharges.keep((tenant_id, sheet_id), tuple(surcharges), 1 + len(surcharges) + areas)
    return {sheet_id: tuple(surcharges) for sheet_id, surcharges in found.items()}


def _rate(row: Row) -> NewRate:
    _, zone, measure, container, at_least, below, flat, price, minimum, currency = row
    return NewRate(
        zone,
        Measure(measure),
        None if container is None else Container(container),
        at_least,
        below,
        flat,
        price,
        None if minimum is None else Money(minimum, currency),
    )


def _surcharge(row: Row) -> NewSurcharge:
    (
        _, kind, charge, basis_points, amount, minimum, currency, since, until, zones, keys, classes, grams,
        millimetres,
    ) = row  # fmt: skip
    return NewSurcharge(
        SurchargeKind(kind),
        SurchargeCharge(charge),
        basis_points,
        amount,
        None if minimum is None else Money(minimum, currency),
        since,
        until,
        frozenset(zones),
        frozenset(keys),
        frozenset(map(DangerousGoodsClass, classes)),
        grams,
        millimetres,
    )
