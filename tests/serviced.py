"""A service that was promised and is asked for, and clocks that force majeure holds, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from api.operations import holds, service_requests
from domain.dates import Calendar
from domain.guarantees import ServiceKind
from domain.holds import ApplyClockHold, Selection
from domain.ids import CoverageId, OrderLineId, ProviderId, ServiceRequestId
from domain.service_requests import PlanServiceVisit, RequestService, RequestServiceParts, ServiceWord
from tests.builders import Market
from tests.marketplaces import Marketplace, Member

DAY = timedelta(days=1)
NEW_YORK = Calendar("US", "America/New_York")


def later(deadline: datetime | None, days: int) -> datetime:
    """The deadline of days in New York, so many days later there: at the same time of its clocks, changed or not."""
    assert deadline is not None
    local = NEW_YORK.local(deadline)
    assert local.time() in {time.max, time.min}, "it ends a day, or begins behind one"
    return (local.replace(tzinfo=None) + days * DAY).replace(tzinfo=local.tzinfo).astimezone(UTC)


async def serviced(market: Marketplace, buyer: Member, liable: Member, cover: str) -> ServiceRequestId:
    """The buyer asks for service under the cover and for a part; an engineer's visit is planned."""
    lines = await market.pool.fetch(
        market.id,
        "SELECT l.id FROM order_lines l JOIN coverages c ON c.tenant_id = l.tenant_id AND c.order_id = l.order_id "
        "WHERE c.tenant_id = $1 AND c.id = $2 AND l.serviced",
        market.id,
        cover,
    )
    line_ids = tuple(OrderLineId(row["id"]) for row in lines)
    wish = RequestService(CoverageId(cover), line_ids, ServiceKind.DISPATCHED, "It does not start.")
    asked = await market.act(buyer.caller, service_requests.request_service, wish)
    id = ServiceRequestId(str(asked.things["serviceRequest"]))
    await market.act(liable.caller, service_requests.respond_to_service, ServiceWord(id, "We come."))
    now = await market.pool.fetchval(market.id, "SELECT tenant_now(t) FROM tenants t WHERE t.tenant_id = $1", market.id)
    visit = PlanServiceVisit(id, now + DAY, now + 2 * DAY, "Li Wei", None)
    await market.act(liable.caller, service_requests.plan_service_visit, visit)
    parts = RequestServiceParts(id, ("Fuse",), user_caused=False)
    await market.act(buyer.caller, service_requests.request_service_parts, parts)
    return id


async def held(building: Market, provider_id: ProviderId) -> None:
    """A strike holds every clock about what that provider carries or promised."""
    now = await building.now()
    which = Selection((), (), None, None, (), (provider_id,), now, now + DAY)
    await building.act(building.staff, holds.apply_clock_hold, ApplyClockHold(which, "A strike at the port."))
