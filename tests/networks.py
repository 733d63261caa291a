"""A service network beside everybody's trades: one point that serves, and one that went without a word."""

from __future__ import annotations

from typing import Any

from api.operations import service_points
from domain.access import Role
from domain.ids import ServicePointId
from domain.modes import ServiceMode
from domain.places import Coordinates
from domain.premises import Details
from domain.service_points import (
    AddServicePoint,
    RecordReachability,
    RecordUnreportedWithdrawal,
    VerifyServicePoint,
)
from tests.builders import START, Market, line
from tests.marketplaces import Marketplace

WORKSHOP = Details(
    name="Workshop",
    country="CN",
    locality="Shanghai",
    street="1 Century Avenue",
    coordinates=Coordinates(31_200_000, 121_500_000),
    services=(ServiceMode.REPAIR,),
    engineers=3,
    areas=("CN",),
    zone="Asia/Shanghai",
    opening=(),
)


async def network(market: Marketplace, building: Market) -> None:
    """A provider with a live after-sales cover has two points; one of them is gone."""
    provider = await market.add("Network", Role.PROVIDER)
    buyer, supplier = await market.add("Outside buyer", Role.BUYER), await market.add("Outside", Role.SUPPLIER)
    parties: Any = (buyer.party_id, supplier.party_id, provider.party_id)
    serviced = await building.offer(parties[2], "guarantees/machinery_after_sales")
    await building.order(parties[0], parties[1], [line(serviced=True)], [serviced])
    for gone in (False, True):
        made = await market.act(
            provider.caller, service_points.add_service_point, AddServicePoint(None, WORKSHOP, None)
        )
        id = ServicePointId(str(made.things["servicePoint"]))
        await market.act(building.staff, service_points.verify_service_point, VerifyServicePoint(id))
        await market.act(building.staff, service_points.record_reachability, RecordReachability(id, None))
        if gone:
            found = RecordUnreportedWithdrawal(id, START, "Nobody is there.")
            await market.act(building.staff, service_points.record_unreported_withdrawal, found)
