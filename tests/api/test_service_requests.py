"""Service requests through the operations, on a real database: two at once, stale versions, clocks and what is kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from api.operations import service_requests
from domain.access import Caller
from domain.dates import MICROSECOND
from domain.decisions import DecisionKind
from domain.errors import Conflict, Invalid, Refused
from domain.guarantees import Milestone, ServiceKind
from domain.ids import CoverageId, ServicePointId, ServiceRequestId
from domain.service_requests import PlanServiceVisit, RequestService, ServiceRequest, ServiceState, ServiceWord
from storage import clocks as clock_rows
from storage import coverage as coverage_rows
from storage import decisions as decision_rows
from storage import orders as order_rows
from storage import personal
from storage import service_requests as request_rows
from storage.minting import mint
from storage.pool import Pool
from tests.builders import START, Market, line
from tests.openings import Opening

pytestmark = pytest.mark.usefixtures("emptied")
HOUR = timedelta(hours=1)


@pytest.fixture
async def market(opening: Opening, worker_pool: Pool, app_pool: Pool) -> Market:
    return await Market.opened(opening, worker_pool, app_pool)


async def bought(market: Market) -> tuple[Caller, Caller, RequestService]:
    """The buyer and the maker of a covered machine, and the wish to have it serviced."""
    buyer, supplier = await market.register_buyer(), await market.register_supplier()
    guarantee = await market.offer(supplier, "guarantees/machinery_after_sales")
    order_id = await market.order(buyer, supplier, [line(serviced=True)], [guarantee])
    async with market.pool.acquire(market.tenant_id) as connection:
        (cover,) = await coverage_rows.by_order(connection, market.tenant_id, order_id)
        order = await order_rows.get(connection, market.tenant_id, order_id)
    wish = RequestService(CoverageId(cover.id), (order.lines[0].id,), ServiceKind.DISPATCHED, "It stands still.")
    return market.buyer(buyer), market.supplier(supplier), wish


async def requested(market: Market) -> tuple[Caller, Caller, ServiceRequestId]:
    buyer, maker, wish = await bought(market)
    outcome = await market.act(buyer, service_requests.request_service, wish)
    return buyer, maker, ServiceRequestId(str(outcome.things["serviceRequest"]))


async def read(market: Market, id: ServiceRequestId) -> ServiceRequest:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await request_rows.get(connection, market.tenant_id, id)


async def test_of_two_requests_for_one_machine_at_once_one_is_made(market: Market) -> None:
    buyer, _, wish = await bought(market)
    tried = await asyncio.gather(
        *(market.act(buyer, service_requests.request_service, wish) for _ in range(2)), return_exceptions=True
    )
    (refused,) = [each for each in tried if isinstance(each, BaseException)]
    assert isinstance(refused, Refused)
    assert [finding.rule for finding in refused.unmet] == ["service.one"]


async def test_answering_and_cancelling_at_once_has_one_outcome(market: Market) -> None:
    buyer, maker, id = await requested(market)
    tried = await asyncio.gather(
        market.act(maker, service_requests.respond_to_service, ServiceWord(id, None), version=1),
        market.act(buyer, service_requests.cancel_service, ServiceWord(id, None), version=1),
        return_exceptions=True,
    )
    (refused,) = [each for each in tried if isinstance(each, BaseException)]
    assert isinstance(refused, Conflict)
    request = await read(market, id)
    assert (request.version, request.state in {ServiceState.RESPONDED, ServiceState.CANCELLED}) == (2, True)


async def test_a_missed_level_is_decided_once_and_a_late_answer_changes_nothing_of_it(market: Market) -> None:
    _, maker, id = await requested(market)
    await market.move(START + 24 * HOUR)
    assert [level.broken_at for level in (await read(market, id)).levels] == [None, None, None]
    await market.move(START + 24 * HOUR + MICROSECOND)
    await market.act(maker, service_requests.respond_to_service, ServiceWord(id, None))
    await market.move(START + 48 * HOUR)
    request = await read(market, id)
    (level,) = [each for each in request.levels if each.broken_at is not None]
    assert (level.milestone, level.broken_at) == (Milestone.RESPONDED, START + 24 * HOUR + MICROSECOND)
    assert level.reached_at == START + 24 * HOUR + MICROSECOND
    async with market.pool.acquire(market.tenant_id) as connection:
        (decided,) = await decision_rows.by_subjects(connection, market.tenant_id, id)
        clocks = await clock_rows.by_subjects(connection, market.tenant_id, [each.id for each in request.levels])
    assert (decided.kind, decided.holds, decided.id) == (DecisionKind.SERVICE, False, level.decision_id)
    assert sorted(clock.state.value for clock in clocks) == ["FIRED", "RUNNING", "RUNNING"]


async def test_who_comes_lies_apart_and_a_strange_service_point_is_refused(market: Market) -> None:
    _, maker, id = await requested(market)
    await market.act(maker, service_requests.respond_to_service, ServiceWord(id, None))
    wish = PlanServiceVisit(id, START + HOUR, START + 2 * HOUR, "Lin Wei", mint(ServicePointId))
    with pytest.raises(Invalid) as refusal:
        await market.act(maker, service_requests.plan_service_visit, wish)
    assert [problem.field for problem in refusal.value.problems] == [("servicePointId",)]
    told = PlanServiceVisit(id, START + HOUR, START + 2 * HOUR, "Lin Wei", None)
    await market.act(maker, service_requests.plan_service_visit, told)
    (visit,) = (await read(market, id)).visits
    assert "Lin" not in visit.engineer_digest
    async with market.pool.acquire(market.tenant_id) as connection:
        assert await personal.by_owners(connection, market.tenant_id, [visit.id], "engineer") == {
            visit.id: {"name": "Lin Wei"}
        }
