"""A provider's catalogue for tests, made through the operations: a draft nobody else sees, with everything about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from api.operations import lanes, listings, rate_imports, rate_sheets, services
from domain.ids import ServiceId
from domain.lanes import AddLanes, NewLane, Timing
from domain.modes import ServiceMode
from domain.money import Money
from domain.places import Area
from domain.rate_imports import File
from domain.rate_sheets import DraftRateSheet, SheetWish
from domain.rates import Measure, NewRate, NewSurcharge, SurchargeCharge, SurchargeKind
from domain.services import CreateService, Limits, ServiceAction, ServiceLevel
from storage.unit_of_work import Outcome, Work
from tests.builders import START
from tests.marketplaces import Marketplace, Member

LINES = ["zone,price", "EU,5", "EU,free"]


async def stock(market: Marketplace, provider: Member) -> ServiceId:
    """The provider has a draft of a service with a lane, a price list, a rejected file, a flag and a charge."""
    wish = CreateService(
        None, ServiceMode.AIR, ServiceLevel.STANDARD, "Air freight", "Ask us on Telegram.", frozenset(), frozenset(),
        Limits(), frozenset(),
    )  # fmt: skip
    made = await market.act(provider.caller, services.create_service, wish)
    service = ServiceId(str(made.things["service"]))
    way = NewLane(Area("CN"), Area("DE"), Timing(3, 5), "EU")
    await market.act(provider.caller, lanes.add_lanes, AddLanes(service, (way,)))
    fuel = NewSurcharge(SurchargeKind.FUEL, SurchargeCharge.SHARE, basis_points=1_000)
    sheet = SheetWish(service, "Spring", "USD", START, None, surcharges=(fuel,))
    rate = NewRate("EU", Measure.WEIGHT, None, 0, None, False, Decimal("4.2"), None)
    await market.act(provider.caller, rate_sheets.draft_rate_sheet, DraftRateSheet(sheet, (rate,)))

    async def rejected(work: Work, _: Any) -> Outcome:
        writable = await rate_sheets.writable(work, service, ServiceAction.IMPORT_RATE_SHEET)
        size = sum(len(line) + 1 for line in LINES)
        begun = await rate_imports.begin(work, writable, sheet, File("rates.csv", size, "0" * 64), dry_run=False)
        await rate_imports.take_lines(work, begun.id, LINES, begins=0, ends=size, last=True)
        return Outcome()

    async def charged(work: Work, _: Any) -> Outcome:
        await listings.check_booking(work, service, "booking 1", Money(100, "USD"), Money(101, "USD"))
        return Outcome()

    await market.act(market.admin, rejected, None)
    await market.act(market.admin, charged, None)
    return service
