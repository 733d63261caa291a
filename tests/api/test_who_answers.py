"""One claim per order, whoever promised it and for whichever lines; and a provider answers for what it carries."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from api.operations import claims, enrolments, legs, rules
from domain.claim_options import ClaimOption
from domain.claims import AnswerClaim, ClaimOutcome, ClaimReason, ClaimState, DecideClaim, LineWish, OpenClaim, moves
from domain.enrolments import OfferGuarantee
from domain.errors import Refused
from domain.exposure import LossCause
from domain.ids import ClaimId, CoverageId, GuaranteeId, OrderId, OrderLineId, ProviderId, ShipmentId
from domain.legs import NewLeg, PlanLegs
from domain.places import Area
from domain.remedies import RemedyKind
from domain.rulebook import PublishRule
from domain.shipments import ShipmentMode
from domain.tracking import TrackingStatus
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage import orders as order_rows
from storage import rulebook
from storage.views.claim_options import claim_options
from tests.api.test_claims import DAY, DAY_AFTER, MICROSECOND, PROMISED, Story, refused, story
from tests.builders import START, line, usd

__all__ = ["story"]


async def covers(story: Story, order_id: OrderId) -> dict[GuaranteeId, CoverageId]:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        found = await coverage_rows.by_order(connection, story.market.tenant_id, order_id)
    return {cover.guarantee_id: cover.id for cover in found}


async def line_ids(story: Story, order_id: OrderId) -> list[OrderLineId]:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        order = await order_rows.get(connection, story.market.tenant_id, order_id)
    return [each.id for each in order.lines]


async def option(story: Story, order_id: OrderId, cover: CoverageId) -> ClaimOption:
    """The buyer's first option under the cover, as the market's clock stands."""
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        at = await story.market.now()
        (found,) = await claim_options(connection, (), story.buyer, at, {"order_id": order_id})
    assert found is not None
    return next(each for each in found if each.coverage == cover)


# -- one claim per order -----------------------------------------------------------------------------------------------


async def test_an_order_is_returned_easily_once_whoever_promised_it_and_whichever_line_it_is(story: Story) -> None:
    market = story.market
    text = (rulebook.FOLDER / "guarantees" / "easy_return" / "2.toml").read_text(encoding="utf-8")
    house = (
        text.replace('key = "guarantees/easy_return"', 'key = "guarantees/house_return"')
        .replace("published_at = 2023-12-25T00:00:00Z", "published_at = 2026-02-01T12:00:00Z")
        .replace("effective_from = 2024-01-01T00:00:00Z", "effective_from = 2026-02-10T00:00:00Z")
    )
    await market.act(market.staff, rules.publish_rule, PublishRule(house))
    bought = datetime(2026, 2, 11, tzinfo=UTC)
    await market.move(bought)
    offered = OfferGuarantee("guarantees/easy_return", story.supplier_id, ("US",))
    stands = await market.act(market.staff, enrolments.offer_guarantee, offered)
    both = [
        GuaranteeId(str(stands.things["guarantee"])),
        await market.offer(story.provider_id, "guarantees/house_return"),
    ]
    order_id = await market.order(story.buyer_id, story.supplier_id, [line(500_00), line(300_00)], both)
    lines = await line_ids(story, order_id)
    shipment_id = await market.ship(order_id, story.provider_id, lines)
    await market.move(bought + DAY)
    await market.track(shipment_id, TrackingStatus.DELIVERED, bought + DAY)
    by_guarantee = await covers(story, order_id)
    wishes = [
        OpenClaim(
            by_guarantee[guarantee],
            ClaimReason.NOT_AS_DESCRIBED_QUALITY,
            None,
            (LineWish(line_id, RemedyKind.REFUND_FULL),),
        )
        for guarantee, line_id in zip(both, lines, strict=True)
    ]
    outcomes = await asyncio.gather(
        *(market.act(story.buyer, claims.open_claim, wish) for wish in wishes), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Outcome", "Refused"]
    (won,) = [place for place, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
    (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [finding.reason for finding in refusal.unmet] == ["order_not_claimed_before"]
    async with market.pool.acquire(market.tenant_id) as connection:
        (claim,) = await claim_rows.CLAIMS.select(connection, market.tenant_id, "t.order_id = $2", order_id)
    assert refusal.unmet[0].inputs == {"claim": claim.id}
    blocked = await option(story, order_id, wishes[1 - won].coverage_id)
    assert "order_not_claimed_before" in [finding.reason for finding in blocked.because]
    # What was withdrawn is not used up, and what was denied is not either.
    await market.act(story.buyer, claims.withdraw_claim, AnswerClaim(claim.id, None))
    await market.act(story.buyer, claims.open_claim, wishes[1 - won])
    assert await refused(market.act(story.buyer, claims.open_claim, wishes[won])) == ["order_not_claimed_before"]


async def test_lateness_is_compensated_by_itself_once_per_order(story: Story) -> None:
    market = story.market
    story.buyer_id = await market.register_buyer(4)
    both = [story.on_time, await market.offer(story.supplier_id)]
    order_id = await market.order(story.buyer_id, story.supplier_id, [line(500_00, promised_on=PROMISED)], both)
    await market.move(DAY_AFTER + MICROSECOND, runs=True)
    async with market.pool.acquire(market.tenant_id) as connection:
        made = await claim_rows.CLAIMS.select(connection, market.tenant_id, "t.order_id = $2", order_id)
    assert [(claim.state, claim.amount) for claim in made] == [(ClaimState.DECIDED, usd(50_00))]
    assert not await story.faults()


# -- who carries it ----------------------------------------------------------------------------------------------------


def leg(provider_id: ProviderId) -> NewLeg:
    """All the way, by that provider."""
    return NewLeg(ShipmentMode.OCEAN, provider_id, None, Area("CN", unlocode="CNNGB"), Area("US"))


async def plan(story: Story, shipment_id: ShipmentId, provider_id: ProviderId) -> None:
    await story.market.act(story.market.staff, legs.plan_legs, PlanLegs(shipment_id, (leg(provider_id),)))


async def split(story: Story) -> tuple[OrderId, list[ShipmentId], ProviderId]:
    """An order of three late lines: one with the cover's provider, one with another, one that nobody has sent."""
    market, other = story.market, await story.market.register_provider()
    order_id = await market.order(
        story.buyer_id,
        story.supplier_id,
        [line(minor, promised_on=PROMISED) for minor in (100_00, 200_00, 400_00)],
        [story.on_time],
    )
    lines = await line_ids(story, order_id)
    sent = [
        await market.ship(order_id, story.provider_id, lines[:1]),
        await market.ship(order_id, other, lines[1:2]),
    ]
    return order_id, sent, other


async def test_a_provider_is_not_charged_for_lines_that_another_carries(story: Story) -> None:
    market = story.market
    order_id, sent, other = await split(story)
    await market.move(DAY_AFTER)
    cover = await story.cover(order_id)
    first, _, third = await line_ids(story, order_id)
    shown = await option(story, order_id, cover.id)
    assert (shown.available, shown.amount) == (True, usd(50_00)), "10 % of what it carries and what nobody has sent"
    # A leg that it takes over makes the second line its own, and giving it back makes it another's again.
    await plan(story, sent[1], story.provider_id)
    assert (await option(story, order_id, cover.id)).amount == usd(70_00)
    await plan(story, sent[1], other)
    assert (await option(story, order_id, cover.id)).amount == usd(50_00)
    wish = OpenClaim(cover.id, ClaimReason.LATE_DELIVERY, None)
    claim = await story.claim(ClaimId(str((await market.act(story.buyer, claims.open_claim, wish)).things["claim"])))
    assert [each.line_id for each in claim.lines] == [first, third]
    # The third line leaves with the other one while the claim runs: it is decided as it is carried then.
    await market.ship(order_id, other, [third])
    provider = market.provider(story.provider_id)
    await market.act(provider, claims.contest_claim, AnswerClaim(claim.id, "Not ours."))
    await market.act(market.staff, claims.decide_claim, DecideClaim(claim.id, ClaimOutcome.GRANTED, "Its own is."))
    assert (await story.claim(claim.id)).amount == usd(10_00)
    assert not await story.faults()


async def test_what_another_carries_is_told_and_not_paid_by_itself_either(story: Story) -> None:
    market = story.market
    story.buyer_id, other = await market.register_buyer(4), await market.register_provider()
    order_id = await story.late_order()
    await market.ship(order_id, other, await line_ids(story, order_id))
    await market.move(START + 30 * DAY, runs=True)
    assert await story.claim_of(order_id) is None
    cover = await story.cover(order_id)
    wish = OpenClaim(cover.id, ClaimReason.LATE_DELIVERY, None)
    reasons = ["lines_carried_by_party", "on_time_goods_late"]
    assert await refused(market.act(story.buyer, claims.open_claim, wish)) == reasons
    shown = await option(story, order_id, cover.id)
    assert [finding.reason for finding in shown.because] == reasons
    (named,) = shown.because[0].because
    assert (named.reason, named.inputs["carriers"]) == ("line_carried_by_others", other)


# -- conduct -----------------------------------------------------------------------------------------------------------


async def test_conduct_against_the_rules_is_claimed_for_under_fair_dealing(story: Story) -> None:
    market = story.market
    fair = await market.offer(story.provider_id, "guarantees/fair_dealing")
    order_id = await market.order(story.buyer_id, story.supplier_id, [line(2_000_00), line(1_000_00)], [fair])
    cover = await story.cover(order_id)
    shown = await option(story, order_id, cover.id)
    assert (shown.reason, shown.available, shown.amount) == (ClaimReason.OFF_POLICY_CONDUCT, True, usd(60_00))
    lateness = OpenClaim(cover.id, ClaimReason.LATE_DELIVERY, "It was late.")
    assert await refused(market.act(story.buyer, claims.open_claim, lateness)) == [
        "reason_fits_promise",
        "guarantee_is_for_complaint",
    ]
    claim = await story.open(order_id, ClaimReason.OFF_POLICY_CONDUCT)
    assert (claim.cause, claim.amount) == (LossCause.CONDUCT, usd(60_00))
    party = market.provider(story.provider_id)
    blocked = {move.action: [each.reason for each in move.because] for move in moves(claim, party, await market.now())}
    assert blocked["MAKE_OFFER"] == ["claim_reason_gives_right"], "nobody buys itself free of a rule of the house"
    await market.act(party, claims.contest_claim, AnswerClaim(claim.id, "We never asked for a review."))
    await market.act(
        market.staff, claims.decide_claim, DecideClaim(claim.id, ClaimOutcome.GRANTED, "The mail shows it.")
    )
    coupon = await story.coupon(await story.claim(claim.id))
    assert (coupon.amount, coupon.expires_at.date() - START.date()) == (usd(60_00), 91 * DAY), "90 days, in UTC"
    other = await market.order(story.buyer_id, story.supplier_id, [line(100_00)], [fair])
    await market.move(START + 91 * DAY)
    late = await option(story, other, (await story.cover(other)).id)
    assert {"coverage_in_force", "guarantee_window_open"} <= {finding.reason for finding in late.because}
    assert not await story.faults()
