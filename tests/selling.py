"""Providers that sell transport, for tests: a service with its price list and its lane, made through the operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.operations import lanes, rate_sheets, services
from domain.ids import LaneId, ProviderId, RateSheetId, ServiceId
from domain.lanes import AddLanes, NewLane, Timing
from domain.modes import Incoterm, ServiceMode
from domain.places import Area
from domain.rate_sheets import DraftRateSheet, RateSheetCommand, SheetWish
from domain.rates import Measure, NewRate, NewSurcharge
from domain.services import CreateService, Limits, ServiceCommand, ServiceLevel
from tests.builders import Market

SHANGHAI, LOS_ANGELES = Area("CN", unlocode="CNSHA"), Area("US", unlocode="USLAX")


@dataclass(frozen=True, slots=True)
class Sold:
    """What a provider sells."""

    provider_id: ProviderId
    service_id: ServiceId
    lane_id: LaneId
    rate_sheet_id: RateSheetId


def per_kilogram(price: str, **more: Any) -> NewRate:
    """A rate of that many major units per kilogram, for any weight."""
    wish: dict[str, Any] = {"zone": "A", "measure": Measure.WEIGHT, "container": None, "at_least": 0, "below": None}
    return NewRate(**wish | {"flat": False, "price": Decimal(price), "minimum": None} | more)


async def sell(
    market: Market,
    price: str = "2.00",
    *,
    provider_id: ProviderId | None = None,
    mode: ServiceMode = ServiceMode.AIR,
    level: ServiceLevel = ServiceLevel.STANDARD,
    origin: Area = SHANGHAI,
    destination: Area = LOS_ANGELES,
    timing: Timing = Timing(3, 5, 1, "17:00", "Asia/Shanghai"),  # noqa: B008 - frozen
    rates: Sequence[NewRate] | None = None,
    surcharges: Sequence[NewSurcharge] = (),
    currency: str = "USD",
    **service: Any,
) -> Sold:
    """A provider (a new one unless given) sells that, at that price per kilogram unless rates are given."""
    provider_id = provider_id or await market.register_provider()
    wish: dict[str, Any] = {
        "provider_id": provider_id,
        "mode": mode,
        "level": level,
        "title": "Shanghai to Los Angeles",
        "description": "Twice a week.",
        "incoterms": frozenset({Incoterm.FCA, Incoterm.DAP}),
        "dangerous_goods": frozenset(),
        "limits": Limits(),
        "markets": frozenset(),
    }
    made = await market.act(market.staff, services.create_service, CreateService(**wish | service))
    service_id = ServiceId(str(made.things["service"]))
    lane = NewLane(origin, destination, timing, "A")
    added = await market.act(market.staff, lanes.add_lanes, AddLanes(service_id, (lane,)))
    sheet_id = await price_list(market, service_id, rates or [per_kilogram(price)], surcharges, currency)
    await market.act(market.staff, services.list_service, ServiceCommand(service_id))
    return Sold(provider_id, service_id, LaneId(str(added.things["lanes"][0])), sheet_id)


async def price_list(
    market: Market,
    service_id: ServiceId,
    rates: Sequence[NewRate],
    surcharges: Sequence[NewSurcharge] = (),
    currency: str = "USD",
    supersedes_id: RateSheetId | None = None,
) -> RateSheetId:
    """A rate sheet of the service is in force from now on."""
    wish = SheetWish(service_id, "Spring", currency, await market.now(), None, None, supersedes_id, tuple(surcharges))
    drafted = await market.act(market.staff, rate_sheets.draft_rate_sheet, DraftRateSheet(wish, tuple(rates)))
    id = RateSheetId(str(drafted.things["rateSheet"]))
    await market.act(market.staff, rate_sheets.activate_rate_sheet, RateSheetCommand(id))
    return id
