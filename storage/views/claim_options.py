"""Claim options: computed for one order from its covers, shipments and rates, for whoever the order concerns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import claim_options as options
from domain import coverage, dates, guarantees, service_steps
from domain.access import Caller
from domain.claim_options import ClaimOption
from domain.coverage import Coverage
from domain.errors import Refused
from domain.guarantees import Promise, ServiceFacts
from storage import calendars, exchange_rates, service_requests, shipments
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
    facts = coverage.order_facts(order, await shipments.by_orders(connection, viewer.tenant_id, [order.id]))
    rates = {cover.id: await _rate(connection, viewer, cover, facts.currency, at) for cover in covers}
    services = {cover.id: await _services(connection, viewer, cover, order.country) for cover in covers}
    return [options.claim_options(covers, facts, viewer, at, rates=rates, services=services)]


async def _services(connection: Any, viewer: Caller, cover: Coverage, country: str) -> tuple[ServiceFacts, ...]:
    """What is recorded of the services requested under the cover, as `openClaim` finds it."""
    if cover.promise is not Promise.AFTER_SALES:
        return ()
    requests = await service_requests.by_coverage(connection, viewer.tenant_id, cover.id)
    return service_steps.facts(requests, await calendars.get(connection, country))


async def _rate(connection: Any, viewer: Caller, cover: Coverage, currency: str, at: datetime) -> options.Rate:
    """The rate that judging the cover needs, as `openClaim` finds it."""
    foreign = guarantees.needs_rate(cover.rule, currency)
    if foreign is None:
        return None
    market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", viewer.tenant_id)
    day = dates.local_day(at, await calendars.get(connection, market))
    try:
        return await exchange_rates.rate(connection, viewer.tenant_id, foreign, currency, day)
    except Refused as refusal:
        return refusal


VIEWS: Final = ()
ROOTS: Final[dict[str, Root]] = {"claimOptions": Answer(claim_options)}
