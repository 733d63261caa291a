"""Claim options: computed for one order from its covers, shipments and rates, for whoever the order concerns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import claim_options as options
from domain import coverage, dates, guarantees, procedure, service_steps
from domain.access import Caller
from domain.claim_options import ClaimOption
from domain.claims import overlaps
from domain.coverage import Coverage
from domain.dates import Calendar
from domain.errors import Refused
from domain.guarantees import OrderFacts, Promise, ServiceFacts
from domain.orders import Order
from domain.shipments import Shipment
from storage import calendars, exchange_rates, rulebook, service_requests, shipments
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage.views.coverage import order_for
from storage.views.view import Answer, Root, Row


async def claim_options(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[tuple[ClaimOption, ...] | None]:
    """Every way to claim for the order; None where the viewer may not see it."""
    order = await order_for(connection, viewer, str(arguments["order_id"]))
    if order is None:
        return [None]
    covers = await coverage_rows.by_order(connection, viewer.tenant_id, order.id)
    carried = await shipments.by_orders(connection, viewer.tenant_id, [order.id])
    carriage = await coverage_rows.carriage(connection, viewer.tenant_id, order.id)
    market = await connection.fetchrow(
        "SELECT market, claim_profile FROM tenants WHERE tenant_id = $1", viewer.tenant_id
    )
    days = await calendars.get(connection, market["market"])
    version = await rulebook.in_force(connection, viewer.tenant_id, market["claim_profile"], at)
    profile = options.Profile(procedure.claim_clocks(version), days)
    occasions = {cover.id: await _occasion(connection, viewer, order, carried, cover) for cover in covers}
    facts = {
        cover.id: coverage.order_facts(
            order,
            carried,
            overlaps.before(cover.promise, occasions[cover.id].others),
            provider_id=cover.provider_id,
            carriage=carriage,
        )
        for cover in covers
    }
    rates = {cover.id: await _rate(connection, viewer, cover, facts[cover.id], at, days) for cover in covers}
    services = {cover.id: await _services(connection, viewer, cover, order.country) for cover in covers}
    found = options.claim_options(
        covers, facts, viewer, at, rates=rates, profile=profile, occasions=occasions, services=services
    )
    return [found]


async def _occasion(
    connection: Any, viewer: Caller, order: Order, carried: Sequence[Shipment], cover: Coverage
) -> options.Occasion:
    """What went before a claim under the cover, as `openClaim` finds it."""
    told = await claim_rows.contacted_at(connection, viewer.tenant_id, cover.id)
    others = await claim_rows.others(connection, viewer.tenant_id, cover.id)
    return options.Occasion(procedure.filing_facts(order, carried, told), others)


async def _services(connection: Any, viewer: Caller, cover: Coverage, country: str) -> tuple[ServiceFacts, ...]:
    """What is recorded of the services requested under the cover, as `openClaim` finds it."""
    if cover.promise is not Promise.AFTER_SALES:
        return ()
    requests = await service_requests.by_coverage(connection, viewer.tenant_id, cover.id)
    return service_steps.facts(requests, await calendars.get(connection, country))


async def _rate(
    connection: Any, viewer: Caller, cover: Coverage, facts: OrderFacts, at: datetime, days: Calendar
) -> options.Rate:
    """The rate that judging the cover needs, as `openClaim` finds it."""
    foreign = guarantees.needs_rate(cover.rule, facts.currency)
    if foreign is None:
        return None
    day = dates.local_day(guarantees.rated_at(cover.rule, facts, at), days)
    try:
        return await exchange_rates.rate(connection, viewer.tenant_id, foreign, facts.currency, day)
    except Refused as refusal:
        return refusal


VIEWS: Final = ()
ROOTS: Final[dict[str, Root]] = {"claimOptions": Answer(claim_options)}
