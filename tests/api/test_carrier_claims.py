"""Carrier claims through their operations: opened by a decision, warned of, filed, answered, collected."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.operations import carrier_claims, claims, exchange_rates, legs
from domain.carriage import Consignment
from domain.carrier_claims import (
    AmendCarrierClaim,
    AnswerCarrierClaim,
    CarrierAnswer,
    CarrierClaim,
    CarrierClaimState,
    CollectCarrierClaim,
    LossAccount,
    OpenCarrierClaim,
    TellCarrier,
    WriteOffCarrierClaim,
)
from domain.claims import AnswerClaim, Claim, ClaimOutcome, DecideClaim
from domain.dates import MICROSECOND
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.exchange_rates import NewRate, RecordExchangeRates
from domain.ids import CarrierClaimId, ShipmentId
from domain.legs import NewLeg, PlanLegs
from domain.liability import Bearer, Share
from domain.money import Money
from domain.places import Area
from domain.shipments import ShipmentMode
from domain.tracking import TrackingStatus
from storage import carrier_claims as case_rows
from storage import legs as leg_rows
from storage import orders as order_rows
from tests.api.test_claims import DAY_AFTER, Story, story
from tests.builders import usd
from tests.marketplaces import Asking

__all__ = ["story"]

CAME = DAY_AFTER + timedelta(hours=1)


async def late(story: Story) -> tuple[Claim, ShipmentId]:
    """Goods of US$2,500 that an airline brought an hour after the promised day; the claim is open."""
    market = story.market
    order_id = await story.late_order()
    async with market.pool.acquire(market.tenant_id) as connection:
        order = await order_rows.get(connection, market.tenant_id, order_id)
    shipment_id = await market.ship(order_id, story.provider_id, [line.id for line in order.lines])
    leg = NewLeg(ShipmentMode.AIR, None, "Northern Air", Area("CN"), Area("US"))
    await market.act(market.staff, legs.plan_legs, PlanLegs(shipment_id, (leg,)))
    await market.move(CAME)
    await market.track(shipment_id, TrackingStatus.DELIVERED, CAME)
    return await story.open(order_id), shipment_id


async def decided(story: Story, *shares: Share) -> tuple[Claim, ShipmentId]:
    """As `late`, and granted with those shares: a coupon of US$100."""
    claim, shipment_id = await late(story)
    party = story.market.provider(story.provider_id)
    await story.market.act(party, claims.contest_claim, AnswerClaim(claim.id, "The airline was late."))
    wish = DecideClaim(claim.id, ClaimOutcome.GRANTED, "It was late.", shares=shares)
    await story.market.act(story.market.staff, claims.decide_claim, wish)
    return claim, shipment_id


async def case_of(story: Story, claim: Claim) -> CarrierClaim:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        (case,) = await case_rows.by_claim(connection, story.market.tenant_id, claim.id)
    return case


async def account(story: Story, claim: Claim) -> LossAccount:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        return (await case_rows.loss_accounts(connection, story.market.tenant_id, [claim.id]))[claim.id]


async def rate(story: Story) -> None:
    wish = RecordExchangeRates((NewRate("XDR", "USD", CAME.date(), Decimal("1.5")),), "treasury")
    await story.market.act(story.market.staff, exchange_rates.record_exchange_rates, wish)


async def act(story: Story, operation: Any, command: Any) -> None:
    await story.market.act(story.market.staff, operation, command)


SHARED = (Share(Bearer.PROVIDER, 6_000), Share(Bearer.CARRIER, 4_000))


async def filed(story: Story) -> tuple[Claim, CarrierClaim]:
    """The airline has the claim for its share of US$40."""
    claim, _ = await decided(story, *SHARED)
    case = await case_of(story, claim)
    await rate(story)
    await act(story, carrier_claims.amend_carrier_claim, AmendCarrierClaim(case.id, Consignment(weight_grams=20_000)))
    await act(story, carrier_claims.notify_carrier, TellCarrier(case.id, None))
    await act(story, carrier_claims.file_carrier_claim, TellCarrier(case.id, "NA-77"))
    return claim, await case_of(story, claim)


async def accept(story: Story, case: CarrierClaim) -> None:
    answer = AnswerCarrierClaim(case.id, CarrierAnswer.ACCEPTED, None, None)
    await act(story, carrier_claims.answer_carrier_claim, answer)


async def test_a_decision_opens_the_case_for_the_carriers_share(story: Story) -> None:
    claim, shipment_id = await decided(story, *SHARED)
    case = await case_of(story, claim)
    assert (case.shipment_id, case.carrier_name, case.provider_id) == (shipment_id, "Northern Air", None)
    assert (case.loss, case.state, case.cap) == (usd(40_00), CarrierClaimState.NOTICE_DUE, None)
    assert case.notice_due_at == datetime(2026, 3, 15, 4, tzinfo=UTC) - MICROSECOND  # 21 days of the market
    coupon = await story.coupon(claim)
    recovery = await story.recovery(coupon)
    assert (coupon.amount, recovery.contingent) == (usd(100_00), usd(60_00))
    assert await story.faults() == []


async def test_without_a_share_of_the_carrier_there_is_no_case(story: Story) -> None:
    claim, _ = await decided(story)
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        assert await case_rows.by_claim(connection, story.market.tenant_id, claim.id) == []


async def test_what_was_recovered_charged_and_borne_sums_to_what_was_given(story: Story) -> None:
    claim, case = await filed(story)
    assert (case.cap_sdr, case.cap, case.claimed) == (Decimal(520), usd(780_00), usd(40_00))
    assert (case.state, case.reference) == (CarrierClaimState.FILED, "NA-77")
    assert case.pack_digest is not None
    assert len(case.pack_digest) == 64
    part = AnswerCarrierClaim(case.id, CarrierAnswer.PARTLY, usd(30_00), "Weather for a part.")
    await act(story, carrier_claims.answer_carrier_claim, part)
    await story.redeem(await story.coupon(claim), await story.later_order(), usd(100_00))
    assert await account(story, claim) == LossAccount(usd(100_00), usd(60_00), usd(30_00), usd(0), usd(10_00))
    await act(story, carrier_claims.collect_carrier_claim, CollectCarrierClaim(case.id, usd(20_00), "BANK-1"))
    assert await story.faults() == []
    await act(story, carrier_claims.write_off_carrier_claim, WriteOffCarrierClaim(case.id, "Insolvent."))
    case = await case_of(story, claim)
    assert (case.state, case.collected, case.written_off) == (
        CarrierClaimState.WRITTEN_OFF,
        usd(20_00),
        usd(10_00),
    )
    assert await account(story, claim) == LossAccount(usd(100_00), usd(60_00), usd(20_00), usd(0), usd(20_00))
    assert (await story.books()).get("CARRIER_RECEIVABLE", 0) == 0
    assert await story.faults() == []


async def test_a_payment_counts_once_whoever_records_it_again(story: Story) -> None:
    claim, case = await filed(story)
    await act(
        story, carrier_claims.answer_carrier_claim, AnswerCarrierClaim(case.id, CarrierAnswer.ACCEPTED, None, None)
    )
    pay = CollectCarrierClaim(case.id, usd(15_00), "BANK-1")
    answers = await asyncio.gather(
        *(story.market.act(story.market.staff, carrier_claims.collect_carrier_claim, pay) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 4
    assert (await case_of(story, claim)).collected == usd(15_00)
    rest = CollectCarrierClaim(case.id, usd(25_00), "BANK-2")
    await act(story, carrier_claims.collect_carrier_claim, rest)
    assert (await case_of(story, claim)).state is CarrierClaimState.COLLECTED
    with pytest.raises(Refused):
        await act(story, carrier_claims.collect_carrier_claim, CollectCarrierClaim(case.id, usd(1), "BANK-3"))
    assert await story.faults() == []


async def test_more_than_is_outstanding_is_not_collected(story: Story) -> None:
    _, case = await filed(story)
    await act(
        story, carrier_claims.answer_carrier_claim, AnswerCarrierClaim(case.id, CarrierAnswer.ACCEPTED, None, None)
    )
    for wrong in (usd(40_01), Money(10_00, "EUR")):
        with pytest.raises(Invalid):
            await act(story, carrier_claims.collect_carrier_claim, CollectCarrierClaim(case.id, wrong, "BANK-1"))


async def test_a_silent_carrier_is_asked_once_more_and_then_has_refused(story: Story) -> None:
    claim, case = await filed(story)
    assert case.due_at is not None
    await story.market.move(case.due_at)
    assert (await case_of(story, claim)).state is CarrierClaimState.FILED
    await story.market.move(case.due_at + MICROSECOND)
    appealed = await case_of(story, claim)
    assert appealed.state is CarrierClaimState.APPEALED
    assert appealed.due_at is not None
    await story.market.move(appealed.due_at + MICROSECOND)
    assert (await case_of(story, claim)).state is CarrierClaimState.REFUSED


async def test_the_right_is_lost_when_nobody_tells_the_carrier_but_not_without_warnings(story: Story) -> None:
    claim, _ = await decided(story, *SHARED)
    case = await case_of(story, claim)
    due = case.notice_due_at
    assert due is not None
    await story.market.move(due - timedelta(days=3) + MICROSECOND)
    assert (await case_of(story, claim)).warned_at is not None
    await story.market.move(due)
    assert (await case_of(story, claim)).state is CarrierClaimState.NOTICE_DUE
    await story.market.move(due + MICROSECOND)
    assert (await case_of(story, claim)).state is CarrierClaimState.TIME_BARRED
    assert (await account(story, claim)).recovered_from_carriers == usd(0)


async def test_staff_may_ask_for_what_the_platform_bears_itself(story: Story) -> None:
    claim, shipment_id = await decided(story, Share(Bearer.PLATFORM, 10_000))
    wish = OpenCarrierClaim(claim.id, shipment_id, None, Consignment(weight_grams=1_000))
    with pytest.raises(Refused) as refusal:  # without the leg it is the forwarder, who is the liable party
        await act(story, carrier_claims.open_carrier_claim, wish)
    assert [finding.reason for finding in refusal.value.unmet] == ["carrier_is_not_liable_party"]
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        (leg,) = await leg_rows.by_shipments(connection, story.market.tenant_id, [shipment_id])
    wish = OpenCarrierClaim(claim.id, shipment_id, leg.id, Consignment(weight_grams=1_000))
    await act(story, carrier_claims.open_carrier_claim, wish)
    assert (await case_of(story, claim)).loss == usd(100_00)
    with pytest.raises(Conflict):
        await act(story, carrier_claims.open_carrier_claim, wish)


async def test_a_case_is_read_with_its_papers_by_staff_and_is_nobody_elses(story: Story, ask: Asking) -> None:
    claim, case = await filed(story)
    text = (
        "query($id: ID!, $claim: ID!) { carrierClaim(id: $id) { state capSdr papers { part } "
        "availableActions blockedActions { action because { reason } } } "
        "lossAccount(claimId: $claim) { borneByPlatform { amount } } }"
    )
    known = {"id": case.id, "claim": claim.id}
    shown = await ask(story.market.staff, text, **known)
    assert shown["carrierClaim"]["state"] == "FILED"
    assert shown["carrierClaim"]["capSdr"] == "520"
    assert {"shipments", "tracking_events"} <= {paper["part"] for paper in shown["carrierClaim"]["papers"]}
    assert shown["carrierClaim"]["availableActions"] == ["ACKNOWLEDGE_CARRIER_CLAIM", "ANSWER_CARRIER_CLAIM"]
    assert shown["lossAccount"]["borneByPlatform"]["amount"] == "100.00"
    alone = "query($id: ID!) { carrierClaim(id: $id) { state } }"
    carrier = story.market.provider(story.provider_id)
    for other in (story.buyer, carrier):
        assert (await ask(other, alone, id=case.id))["carrierClaim"] is None
    wish = TellCarrier(CarrierClaimId(case.id), None)
    with pytest.raises(NotFound):
        await story.market.act(carrier, carrier_claims.acknowledge_carrier_claim, wish)
