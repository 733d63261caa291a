"""Clock holds over field service and returns: milestones move with their clocks, and certificates tell of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from api.operations import holds, service_requests
from api.worker import Worker
from domain.clocks import Duty
from domain.guarantees import Milestone, ServiceKind
from domain.holds import ApplyClockHold, ReverseClockHold, Selection
from domain.ids import ClockHoldId, ServiceRequestId
from domain.returns import ReturnState
from domain.service_requests import RequestService, ServiceRequest, ServiceState, ServiceWord
from storage import certificates as certificate_rows
from storage import clocks as clock_rows
from storage import service_requests as request_rows
from storage.pool import Pool
from tests.builders import START, Market
from tests.disputes import Dispute, Returning
from tests.marketplaces import Asking

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
SERVED = (Duty.REACH_SERVICE_LEVEL,)


async def ask_for_service(dispute: Dispute) -> ServiceRequestId:
    wish = RequestService(dispute.coverage_id, (dispute.line_id,), ServiceKind.DISPATCHED, "It stands still.")
    outcome = await dispute.market.act(dispute.buyer, service_requests.request_service, wish)
    return ServiceRequestId(str(outcome.things["serviceRequest"]))


async def read(market: Market, id: ServiceRequestId) -> ServiceRequest:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await request_rows.get(connection, market.tenant_id, id)


async def hold(market: Market, *, until: datetime, **which: Any) -> ClockHoldId:
    whole = Selection((), ("US",), None, None, (), (), START, until)
    wish = ApplyClockHold(replace(whole, **which), "No flights.")
    outcome = await market.act(market.staff, holds.apply_clock_hold, wish)
    return ClockHoldId(str(outcome.things["clockHold"]))


async def reverse(market: Market, id: ClockHoldId) -> None:
    await market.act(market.staff, holds.reverse_clock_hold, ReverseClockHold(id, "They fly."))


async def told(market: Market, dispute: Dispute) -> list[dict[str, Any]]:
    """What the cover's certificate tells of holds, in its order."""
    async with market.pool.acquire(market.tenant_id) as connection:
        ids = await certificate_rows.concerned(connection, market.tenant_id, [dispute.coverage_id])
        found = await certificate_rows.appendices_of(connection, market.tenant_id, ids)
    documents = [json.loads(appendix.document) for each in found.values() for appendix in each]
    return [document for document in documents if document["kind"].startswith("CLOCKS_")]


def due(request: ServiceRequest) -> dict[Milestone, datetime]:
    return {level.milestone: level.due_at for level in request.levels}


async def test_milestones_move_with_their_clocks_and_back(sandbox: Market, ask: Asking) -> None:
    dispute = await Dispute.create(sandbox)
    id = await ask_for_service(dispute)
    free = await read(sandbox, id)
    held_id = await hold(sandbox, until=START + 3 * DAY, duties=SERVED)
    held = await read(sandbox, id)
    assert due(held) == {milestone: at + 3 * DAY for milestone, at in due(free).items()}
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        clocks = await clock_rows.by_subjects(connection, sandbox.tenant_id, [level.id for level in held.levels])
    assert {clock.subject_id: clock.due_at for clock in clocks} == {level.id: level.due_at for level in held.levels}
    text = "query ($id: ID!) { clockHold(id: $id) { reason held(first: 5) { nodes { duty subject { id } } } } }"
    for who in (dispute.buyer, dispute.maker):
        shown = (await ask(who, text, id=held_id))["clockHold"]
        assert {row["subject"]["id"] for row in shown["held"]["nodes"]} == {level.id for level in held.levels}
    stranger = sandbox.supplier(await sandbox.register_supplier())
    assert (await ask(stranger, text, id=held_id))["clockHold"] is None
    await reverse(sandbox, held_id)
    back = await read(sandbox, id)
    assert (due(back), back.version) == (due(free), free.version + 2)


async def test_an_answer_within_the_moved_time_keeps_the_promise_and_one_behind_it_breaks_it(sandbox: Market) -> None:
    first, second = await Dispute.create(sandbox), await Dispute.create(sandbox)
    in_time, late = await ask_for_service(first), await ask_for_service(second)
    await hold(sandbox, until=START + 2 * DAY, duties=SERVED)
    answer_by = START + 24 * HOUR + 2 * DAY
    await sandbox.move(answer_by)
    await sandbox.act(first.maker, service_requests.respond_to_service, ServiceWord(in_time, None))
    await sandbox.move(answer_by + MICROSECOND)
    kept, broken = await read(sandbox, in_time), await read(sandbox, late)
    assert [level.broken_at for level in kept.levels if level.milestone is Milestone.RESPONDED] == [None]
    assert [level.broken_at for level in broken.levels if level.milestone is Milestone.RESPONDED] == [
        answer_by + MICROSECOND
    ]
    assert kept.state is ServiceState.RESPONDED


async def test_certificates_of_held_promises_tell_of_the_hold_and_of_its_end_once_each(sandbox: Market) -> None:
    dispute, other = await Dispute.create(sandbox), await Dispute.create(sandbox)
    await ask_for_service(dispute)
    held_id = await hold(sandbox, until=START + 3 * DAY, duties=SERVED)
    assert await told(sandbox, dispute) == [], "chunk by chunk, by a clock of its own"
    await sandbox.move(START + MICROSECOND)
    (said,) = await told(sandbox, dispute)
    assert (said["kind"], said["facts"]["hold"], said["facts"]["promiseUnchanged"]) == ("CLOCKS_HELD", held_id, True)
    assert said["facts"]["until"] == "2026-02-04T09:00:00Z"
    assert await told(sandbox, other) == []
    await reverse(sandbox, held_id)
    await sandbox.move(START + 2 * MICROSECOND)
    assert [each["kind"] for each in await told(sandbox, dispute)] == ["CLOCKS_HELD", "CLOCKS_RELEASED"]


async def test_a_hold_taken_back_before_it_was_told_is_not_told(sandbox: Market) -> None:
    dispute = await Dispute.create(sandbox)
    await ask_for_service(dispute)
    await reverse(sandbox, await hold(sandbox, until=START + 3 * DAY, duties=SERVED))
    await sandbox.move(START + MICROSECOND)
    assert await told(sandbox, dispute) == []


async def test_a_milestone_that_fires_while_it_is_held_fires_or_moves(
    sandbox: Market, worker_pool: Pool, valkey: Any
) -> None:
    """Exactly one of the two, and the milestone says the same as its clock."""
    dispute = await Dispute.create(sandbox)
    id = await ask_for_service(dispute)
    await worker_pool.fetch(
        sandbox.tenant_id,
        "UPDATE tenants SET clock_at = $2 WHERE tenant_id = $1",
        sandbox.tenant_id,
        START + 24 * HOUR + MICROSECOND,
    )
    worker = Worker(worker_pool, valkey)
    await asyncio.gather(
        worker.fire(sandbox.tenant_id), hold(sandbox, until=START + 5 * DAY, duties=SERVED), return_exceptions=True
    )
    request = await read(sandbox, id)
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        clocks = await clock_rows.by_subjects(connection, sandbox.tenant_id, [level.id for level in request.levels])
    by_subject = {clock.subject_id: clock for clock in clocks}
    for level in request.levels:
        assert by_subject[level.id].due_at == level.due_at
        assert (level.broken_at is not None) is (by_subject[level.id].state.value == "FIRED")


async def test_a_parcel_that_cannot_leave_has_more_time(sandbox: Market) -> None:
    returning = await Returning.create(sandbox)
    goods = await returning.goods()
    assert (goods.state, goods.due_at is not None) == (ReturnState.ADDRESS_DUE, True)
    assert goods.due_at is not None
    held_id = await hold(sandbox, until=START + 3 * DAY, duties=(Duty.ARRANGE_RETURN,))
    moved = await returning.goods()
    assert moved.due_at == goods.due_at + 3 * DAY
    await reverse(sandbox, held_id)
    assert (await returning.goods()).due_at == goods.due_at
