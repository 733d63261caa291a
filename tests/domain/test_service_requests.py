"""Service requests: what each step does to milestones and deadlines, and what claims learn of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import guarantees, rulebook, service_requests, service_steps
from domain.access import Caller, Role, Scope, ViewerKind
from domain.claims import Side
from domain.coverage import Coverage, CoverageState
from domain.dates import MICROSECOND, instant
from domain.errors import Invalid, Refused
from domain.guarantees import Milestone, Promise, ServiceKind
from domain.ids import (
    BuyerId,
    CoverageId,
    GuaranteeId,
    Id,
    OrderId,
    OrderLineId,
    OrganisationId,
    PartyId,
    ServiceLevelId,
    ServicePartId,
    ServiceRequestId,
    ServiceVisitId,
    SupplierId,
    TenantId,
)
from domain.money import Money
from domain.orders import Order, OrderLine, OrderState
from domain.service_requests import (
    EndServiceVisit,
    PlanServiceVisit,
    RequestService,
    RequestServiceParts,
    SendServiceParts,
    ServiceAction,
    ServiceRequest,
    ServiceState,
    StartServiceVisit,
    UsedPart,
)
from domain.service_steps import Mints
from tests.domain.test_guarantees import CHINA, MACHINERY

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
_numbers = itertools.count(1)


def new(kind: Any) -> Any:
    return kind.mint(next(_numbers), 1)


MINTS = Mints(lambda: new(ServiceLevelId), lambda: new(ServiceVisitId), lambda: new(ServicePartId))
BUYER, SUPPLIER, ORDER = new(BuyerId), new(SupplierId), new(OrderId)
LINE = OrderLine(
    new(OrderLineId), ORDER, 1, None, "Lathe", 1, Money(1_000_000, "USD"), True, None, None, None
)  # fmt: skip


def bought(at: datetime) -> tuple[Order, Coverage]:
    """A serviced machine paid at `at`, covered by the version in force then."""
    order = Order(
        id=ORDER,
        reference="SO-1",
        buyer_id=BUYER,
        supplier_id=SUPPLIER,
        state=OrderState.PAID,
        total=LINE.value,
        refunded=Money.zero("USD"),
        country="CN",
        address_digest=None,
        address_changed_at=None,
        guarantee_ids=(),
        placed_at=at,
        paid_at=at,
        completed_at=None,
        cancelled_at=None,
        version=1,
        lines=(LINE,),
    )
    version = rulebook.in_force(MACHINERY, "guarantees/machinery_after_sales", at)
    cover = Coverage(
        id=new(CoverageId),
        order_id=ORDER,
        guarantee_id=new(GuaranteeId),
        buyer_id=BUYER,
        supplier_id=SUPPLIER,
        provider_id=None,
        promise=Promise.AFTER_SALES,
        state=CoverageState.IN_FORCE,
        void_rule=None,
        rule_version_id=version.id,
        terms=guarantees.freeze(version),
        promised_at=None,
        closes_at=at + 365 * DAY,
        in_force_at=at,
        ended_at=None,
        version=1,
    )
    return order, cover


def requested(at: datetime, kind: ServiceKind = ServiceKind.DISPATCHED) -> tuple[ServiceRequest, Coverage]:
    order, cover = bought(at)
    wish = RequestService(cover.id, (LINE.id,), kind, "It stands still.")
    change = service_steps.request_service(cover, order, (), wish, CHINA, id=new(ServiceRequestId), mints=MINTS, at=at)
    return change.after, cover


def due(request: ServiceRequest) -> dict[Milestone, datetime]:
    return {level.milestone: level.due_at for level in request.levels if level.round == request.round}


NOW = datetime(2022, 8, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("paid_at", "started_by", "finished_by"),
    [
        ("2022-05-29T04:00:00Z", "2022-06-13T15:59:59.999999Z", "2022-08-27T15:59:59.999999Z"),  # 15 days
        ("2022-05-30T04:00:00Z", "2022-06-20T15:59:59.999999Z", "2022-08-28T15:59:59.999999Z"),  # 14 working days
    ],
)
def test_t8_the_version_frozen_at_payment_sets_the_deadlines(paid_at: str, started_by: str, finished_by: str) -> None:
    request, _ = requested(instant(paid_at))
    assert due(request) == {
        Milestone.RESPONDED: instant(paid_at) + 24 * HOUR,
        Milestone.STARTED: instant(started_by),
        Milestone.FINISHED: instant(finished_by),
    }


def test_a_request_made_later_is_still_governed_by_the_version_frozen_at_payment() -> None:
    order, cover = bought(instant("2022-05-29T04:00:00Z"))
    wish = RequestService(cover.id, (LINE.id,), ServiceKind.DISPATCHED, "It stands still.")
    at = instant("2022-08-01T04:00:00Z")
    request = service_steps.request_service(
        cover, order, (), wish, CHINA, id=new(ServiceRequestId), mints=MINTS, at=at
    ).after
    assert due(request)[Milestone.STARTED] == instant("2022-08-16T15:59:59.999999Z"), "15 days, not 14 working days"


def test_all_that_stands_in_the_way_is_said_at_once() -> None:
    order, cover = bought(NOW)
    earlier, _ = requested(NOW)
    over = replace(cover, state=CoverageState.EXPIRED)
    wish = RequestService(cover.id, (LINE.id, new(OrderLineId)), ServiceKind.LOCAL, "Twice.")
    with pytest.raises(Refused) as refusal:
        service_steps.request_service(
            over, order, [earlier], wish, CHINA, id=new(ServiceRequestId), mints=MINTS, at=NOW
        )
    assert [finding.rule for finding in refusal.value.unmet] == ["service.cover", "service.lines", "service.one"]


def test_the_last_instant_of_a_cover_is_in_time_and_the_next_is_not() -> None:
    order, cover = bought(NOW)
    assert cover.closes_at is not None
    wish = RequestService(cover.id, (LINE.id,), ServiceKind.REMOTE, "It stands still.")
    given: dict[str, Any] = {"id": new(ServiceRequestId), "mints": MINTS}
    service_steps.request_service(cover, order, (), wish, CHINA, **given, at=cover.closes_at)
    with pytest.raises(Refused):
        service_steps.request_service(cover, order, (), wish, CHINA, **given, at=cover.closes_at + MICROSECOND)


def test_a_deadline_is_kept_at_its_instant_and_broken_after_it() -> None:
    request, cover = requested(NOW)
    last = due(request)[Milestone.RESPONDED]
    (kept,) = [
        level
        for level in service_steps.respond_to_service(request, None, last).after.levels
        if level.milestone is Milestone.RESPONDED
    ]
    assert kept.settled
    assert not service_steps.is_broken(kept, last + DAY)
    (late,) = [
        level
        for level in service_steps.respond_to_service(request, None, last + MICROSECOND).after.levels
        if level.milestone is Milestone.RESPONDED
    ]
    assert not late.settled
    assert service_steps.is_broken(late, last + MICROSECOND)
    assert not service_steps.judged(request, late, cover, CHINA, last + MICROSECOND).holds


def test_declining_stops_no_clock_and_cancelling_voids_only_what_is_not_over() -> None:
    request, _ = requested(NOW)
    declined = service_steps.decline_service(request, "User damage.", NOW + HOUR).after
    assert [level.milestone for level in declined.levels if level.open] == [Milestone.STARTED, Milestone.FINISHED]
    after_visit_was_due = due(request)[Milestone.STARTED] + MICROSECOND
    cancelled = service_steps.cancel_service(declined, None, after_visit_was_due).after
    assert {level.milestone for level in cancelled.levels if level.voided_at} == {Milestone.FINISHED}
    (missed,) = [level for level in cancelled.levels if service_steps.is_broken(level, after_visit_was_due)]
    assert missed.milestone is Milestone.STARTED


def test_a_visit_is_planned_ahead_and_counts_inside_its_window_only() -> None:
    request, _ = requested(NOW)
    request = service_steps.respond_to_service(request, None, NOW).after
    wrong = PlanServiceVisit(request.id, NOW - HOUR, NOW - 2 * HOUR, "Lin Wei", None)
    with pytest.raises(Invalid) as refusal:
        service_steps.plan_service_visit(request, wrong, "digest", MINTS, NOW)
    assert [problem.field for problem in refusal.value.problems] == [("plannedUntil",), ("plannedFrom",)]
    wish = replace(wrong, planned_from=NOW + HOUR, planned_until=NOW + 2 * HOUR)
    planned = service_steps.plan_service_visit(request, wish, "digest", MINTS, NOW).after
    start = StartServiceVisit(request.id, planned.visits[0].id)
    for at, counted in (
        (NOW + HOUR, True),
        (NOW + 2 * HOUR, True),
        (NOW + 2 * HOUR + MICROSECOND, False),
        (NOW, False),
    ):
        came = service_steps.start_service_visit(planned, start, at).after
        assert came.visits[0].counted is counted
        assert (came.state is ServiceState.ON_SITE) is counted
        reached = {level.milestone for level in came.levels if level.reached_at is not None}
        assert (Milestone.STARTED in reached) is counted
    twice = service_steps.start_service_visit(planned, start, NOW + HOUR).after
    with pytest.raises(Refused):
        service_steps.start_service_visit(twice, start, NOW + HOUR)
    used = EndServiceVisit(request.id, planned.visits[0].id, (UsedPart("Bearing", "SB-1"),))
    left = service_steps.end_service_visit(twice, used, MINTS, NOW + 2 * HOUR).after
    assert [(part.name, part.serial_number, part.visit_id) for part in left.parts] == [
        ("Bearing", "SB-1", left.visits[0].id)
    ]
    with pytest.raises(Refused):
        service_steps.end_service_visit(left, used, MINTS, NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("agreed", "user_caused", "free"),
    [(None, False, True), (["Belt"], False, True), (["Fuse"], False, False), (None, True, False)],
)
def test_parts_are_free_when_they_are_on_the_list_and_the_buyer_did_no_damage(
    agreed: list[str] | None, user_caused: bool, free: bool
) -> None:
    request, cover = requested(NOW, ServiceKind.REMOTE)
    if agreed is not None:
        cover = replace(cover, terms={**cover.terms, "parts": agreed})
    wish = RequestServiceParts(request.id, ("Belt",), user_caused)
    asked = service_steps.request_service_parts(request, cover, CHINA, wish, MINTS, NOW + DAY).after
    assert [part.free for part in asked.parts] == [free]
    parts = [level for level in asked.levels if level.milestone is Milestone.PARTS_SENT]
    assert [level.due_at for level in parts] == ([NOW + 3 * DAY] if free else [])
    sent = service_steps.send_service_parts(asked, SendServiceParts(asked.id, "T-1"), NOW + 3 * DAY).after
    assert all(level.settled for level in sent.levels if level.milestone is Milestone.PARTS_SENT)


def test_a_claim_is_judged_by_what_was_recorded_also_of_earlier_rounds() -> None:
    request, cover = requested(NOW)
    answered = service_steps.respond_to_service(request, None, NOW).after
    late = due(request)[Milestone.STARTED] + MICROSECOND
    done = service_steps.complete_service(replace(answered, state=ServiceState.ON_SITE), None, late).after
    again = service_steps.reopen_service(done, cover, CHINA, None, MINTS, late).after
    assert (again.state, again.round, len(again.levels)) == (ServiceState.REOPENED, 2, 6)
    first, second = service_steps.facts([again], CHINA)
    rule = cover.rule
    assert isinstance(rule, guarantees.AfterSalesTerms)
    assert not guarantees.service_kept(rule, first, late).holds
    assert guarantees.service_kept(rule, second, late).holds
    assert service_steps.facts([service_steps.cancel_service(request, None, NOW).after], CHINA) == ()


def caller(role: Role, viewer: ViewerKind, party: PartyId | None) -> Caller:
    return Caller(
        TenantId("ten_1"), Id("key_1"), OrganisationId("org_1"), party, frozenset({role}), viewer, frozenset(Scope)
    )


def test_only_the_liable_party_serves_and_only_the_buyer_confirms_in_every_state() -> None:
    request, _ = requested(NOW)
    buyer = caller(Role.BUYER, ViewerKind.BUYER, BUYER)
    maker = caller(Role.SUPPLIER, ViewerKind.SUPPLIER, SUPPLIER)
    stranger = caller(Role.SUPPLIER, ViewerKind.SUPPLIER, new(SupplierId))
    theirs = {step.mutation for step in service_requests.MOVES.values() if Side.LIABLE_PARTY in step.by}
    for state in ServiceState:
        here = replace(request, state=state)
        for action, step in service_requests.MOVES.items():
            for who, mine in (
                (buyer, step.mutation not in theirs),
                (maker, step.mutation in theirs),
                (stranger, False),
            ):
                move = next(move for move in service_requests.moves(here, who) if move.action == action)
                rules = {finding.rule for finding in move.because}
                assert ("service.role" in rules) is not mine
                assert ("service.state" in rules) is (state not in step.since)
    assert ServiceAction.CANCEL_SERVICE in [
        move.action for move in service_requests.moves(request, buyer) if move.available
    ]
