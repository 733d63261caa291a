"""One loss, one claim; who bears it by tracking; a disputed scan; what changes while a claim runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from api.operations import buyers, claims, evidence, rules
from domain.access import Caller
from domain.buyers import RevokeTier
from domain.claims import (
    AnswerClaim,
    Claim,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    DecideClaim,
    DisputeScan,
    OpenClaim,
    ShippingMethodFacts,
)
from domain.coverage import Coverage, CoverageState
from domain.errors import Forbidden, Invalid, NotFound, Refused
from domain.evidence import FindEvidenceForged, NewEvidence, ShownLoss, SubmitEvidence
from domain.evidence_needs import EvidenceKind
from domain.ids import ClaimId, EvidenceId, GuaranteeId, OrderId
from domain.rulebook import PublishRule
from domain.shipments import ShipmentMode
from domain.tracking import TrackingStatus
from storage import coverage as coverage_rows
from storage import decisions as decision_rows
from storage import orders as order_rows
from storage import rulebook
from tests.api.test_claims import DAY, DAY_AFTER, MICROSECOND, PROMISED, Story, refused, story
from tests.builders import START, line, usd
from tests.marketplaces import Asking

__all__ = ["story"]


async def covers(story: Story, order_id: OrderId) -> dict[str, Coverage]:
    """Promise -> the order's cover of it."""
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        found = await coverage_rows.by_order(connection, story.market.tenant_id, order_id)
    return {cover.promise.value: cover for cover in found}


async def shipped(story: Story, guarantees: list[GuaranteeId], days: int = 5) -> OrderId:
    """An order of one line that the provider delivers so many days after the start."""
    order_id = await story.market.order(
        story.buyer_id, story.supplier_id, [line(500_00, promised_on=PROMISED)], guarantees
    )
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        order = await order_rows.get(connection, story.market.tenant_id, order_id)
    shipment_id = await story.market.ship(order_id, story.provider_id, [each.id for each in order.lines])
    await story.market.move(START + days * DAY)
    await story.market.track(shipment_id, TrackingStatus.DELIVERED, START + days * DAY)
    return order_id


async def opened(story: Story, cover: Coverage, reason: ClaimReason) -> Claim:
    wish = OpenClaim(cover.id, reason, None)
    made = await story.market.act(story.buyer, claims.open_claim, wish)
    return await story.claim(ClaimId(str(made.things["claim"])))


async def test_goods_that_are_claimed_for_under_one_cover_are_not_claimed_for_under_another(story: Story) -> None:
    money_back = await story.market.offer(story.supplier_id, "guarantees/money_back")
    loss_damage = await story.market.offer(story.provider_id, "guarantees/loss_damage")
    order_id = await shipped(story, [money_back, loss_damage])
    await story.market.move(START + 6 * DAY)
    by_promise = await covers(story, order_id)
    first = await opened(story, by_promise["MONEY_BACK"], ClaimReason.NOT_AS_DESCRIBED_DESCRIPTION)
    wish = OpenClaim(by_promise["LOSS_DAMAGE"].id, ClaimReason.NOT_AS_DESCRIBED_DAMAGED, None)
    with pytest.raises(Refused) as refusal:
        await story.market.act(story.buyer, claims.open_claim, wish)
    (finding,) = refusal.value.unmet
    assert (finding.reason, finding.inputs["claim"]) == ("claim_loss_not_claimed_before", first.number)
    await story.market.act(story.buyer, claims.withdraw_claim, AnswerClaim(first.id, None))
    await story.market.act(story.buyer, claims.open_claim, wish)


async def test_of_damaged_goods_what_evidence_proves_is_paid(story: Story, ask: Asking) -> None:
    """One claim in which a piece puts a number to the loss, one in which such a piece is found forged."""
    guarantee = await story.market.offer(story.provider_id, "guarantees/loss_damage")
    orders = [await shipped(story, [guarantee]), await shipped(story, [guarantee], 6)]
    await story.market.move(START + 7 * DAY)
    decided = []
    for order_id, genuine in zip(orders, (True, False), strict=True):
        claim = await opened(
            story, (await covers(story, order_id))["LOSS_DAMAGE"], ClaimReason.NOT_AS_DESCRIBED_DAMAGED
        )
        assert claim.amount == usd(500_00), "all of it, while nothing says otherwise"
        shows = (ShownLoss(claim.lines[0].line_id, usd(120_00)),)
        piece = NewEvidence(EvidenceKind.PHOTOS, (), "One corner.", shows)
        brought = await story.market.act(story.buyer, evidence.submit_evidence, SubmitEvidence(claim.id, (piece,)))
        if not genuine:
            (id,) = tuple(brought.things["evidence"])
            await story.market.act(
                story.market.staff, evidence.find_evidence_forged, FindEvidenceForged(EvidenceId(id), "Borrowed.")
            )
        provider = story.market.provider(story.provider_id)
        await story.market.act(provider, claims.contest_claim, AnswerClaim(claim.id, None))
        wish = DecideClaim(claim.id, ClaimOutcome.GRANTED, "It is damaged.")
        await story.market.act(story.market.staff, claims.decide_claim, wish)
        decided.append(await story.claim(claim.id))
    assert [claim.amount for claim in decided] == [usd(120_00), usd(500_00)]
    query = """query ($id: ID!) { claim(id: $id) { decision { tree { because { rule reason text } } }
      evidence(first: 1) { nodes { losses { line { id } amount { amount } } } } } }"""
    seen = [(await ask(story.buyer, query, id=claim.id))["claim"] for claim in decided]
    said = [
        [part for part in each["decision"]["tree"]["because"] if part["rule"] == "loss_damage.proven"] for each in seen
    ]
    assert ([len(parts) for parts in said], said[0][0]["reason"]) == ([1, 0], "loss_proven_of_line")
    assert "120.00 USD" in said[0][0]["text"]
    line_id = decided[0].lines[0].line_id
    assert seen[0]["evidence"]["nodes"] == [{"losses": [{"line": {"id": line_id}, "amount": {"amount": "120.00"}}]}]
    assert await story.faults() == []


async def test_two_covers_claimed_under_at_once_make_one_claim(story: Story) -> None:
    money_back = await story.market.offer(story.supplier_id, "guarantees/money_back")
    loss_damage = await story.market.offer(story.provider_id, "guarantees/loss_damage")
    order_id = await shipped(story, [money_back, loss_damage])
    await story.market.move(START + 6 * DAY)
    by_promise = await covers(story, order_id)
    outcomes = await asyncio.gather(
        opened(story, by_promise["MONEY_BACK"], ClaimReason.NOT_AS_DESCRIBED_QUALITY),
        opened(story, by_promise["LOSS_DAMAGE"], ClaimReason.NOT_AS_DESCRIBED_DAMAGED),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Claim", "Refused"]


async def test_a_changed_method_of_shipping_is_decided_by_the_list_and_by_nothing_else(story: Story) -> None:
    money_back = await story.market.offer(story.supplier_id, "guarantees/money_back")
    order_id = await shipped(story, [money_back])
    await story.market.move(START + 6 * DAY)
    cover = (await covers(story, order_id))["MONEY_BACK"]
    claim = await opened(story, cover, ClaimReason.SHIPPING_METHOD_CHANGED)
    await story.market.act(
        story.market.supplier(story.supplier_id), claims.contest_claim, AnswerClaim(claim.id, "It was cheaper.")
    )
    staff = story.market.staff
    granted = DecideClaim(claim.id, ClaimOutcome.GRANTED, "By contract.")
    with pytest.raises(Invalid) as invalid:
        await story.market.act(staff, claims.decide_claim, granted)
    assert [problem.field for problem in invalid.value.problems] == [("shippingMethod",)]
    kept = ShippingMethodFacts(ShipmentMode.OCEAN, contract=ShipmentMode.OCEAN)
    against = DecideClaim(claim.id, ClaimOutcome.GRANTED, "By contract.", shipping_method=kept)
    assert await refused(story.market.act(staff, claims.decide_claim, against)) == ["shipping_method_of_contract"]
    broken = ShippingMethodFacts(ShipmentMode.OCEAN, contract=ShipmentMode.AIR)
    await story.market.act(
        staff, claims.decide_claim, DecideClaim(claim.id, ClaimOutcome.GRANTED, "By contract.", shipping_method=broken)
    )
    decided = await story.claim(claim.id)
    assert (decided.outcome, decided.amount) == (ClaimOutcome.GRANTED, usd(500_00))
    assert decided.decision_id is not None
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        decision = await decision_rows.get(connection, story.market.tenant_id, decided.decision_id)
    tree = decision.tree
    assert any(part.rule == "shipping_method" and part.holds for part in tree.because)


# -- a disputed scan ---------------------------------------------------------------------------------------------------


async def held_order(story: Story) -> OrderId:
    """An order under an on-time rule whose hold window is 24 hours, of an L4 buyer, promised for 20 February."""
    shipped_rule = (rulebook.FOLDER / "guarantees" / "on_time.toml").read_text(encoding="utf-8")
    source = (
        shipped_rule.replace("published_at = 2000-01-01T00:00:00Z", "published_at = 2026-02-01T12:00:00Z")
        .replace("effective_from = 2000-01-01T00:00:00Z", "effective_from = 2026-02-10T00:00:00Z")
        .replace("hold_hours = 0", "hold_hours = 24")
    )
    await story.market.act(story.market.staff, rules.publish_rule, PublishRule(source))
    await story.market.move(datetime(2026, 2, 11, tzinfo=UTC))
    story.buyer_id = await story.market.register_buyer(4)
    return await story.late_order()


async def test_the_liable_party_disputes_a_scan_in_the_hold_window_and_people_decide(story: Story, ask: Asking) -> None:
    disputed, untouched = await held_order(story), await story.late_order()
    provider = story.market.provider(story.provider_id)
    wish = DisputeScan((await story.cover(disputed)).id, "We stood at the door.")

    async def listed(who: Caller) -> set[str]:
        text = "query ($id: ID!) { coverage(id: $id) { availableActions } }"
        return set((await ask(who, text, id=wish.coverage_id))["coverage"]["availableActions"])

    assert (await listed(provider), await listed(story.buyer)) == (set(), {"CONTACT_PARTY"})
    assert await refused(story.market.act(provider, claims.dispute_scan, wish)) == ["scan_window_open"]
    with pytest.raises(Forbidden):
        await story.market.act(story.buyer, claims.dispute_scan, wish)
    other = story.market.provider(await story.market.register_provider())
    with pytest.raises(NotFound):
        await story.market.act(other, claims.dispute_scan, wish)
    await story.market.move(DAY_AFTER)
    assert await story.claim_of(disputed) is None, "the scan can be disputed first"
    assert await listed(provider) == {"DISPUTE_SCAN"}
    await story.market.act(provider, claims.dispute_scan, wish)
    assert await listed(provider) == set()
    assert await refused(story.market.act(provider, claims.dispute_scan, wish)) == ["scan_not_disputed_before"]
    await story.market.move(DAY_AFTER + DAY)
    paid, waiting = await story.claim_of(untouched), await story.claim_of(disputed)
    assert paid is not None
    assert waiting is not None
    assert (paid.state, waiting.state, waiting.outcome) == (ClaimState.DECIDED, ClaimState.ESCALATED, None)
    late = DisputeScan((await story.cover(untouched)).id, "Too late.")
    assert await refused(story.market.act(provider, claims.dispute_scan, late)) == [
        "coverage_in_force",
        "scan_window_open",
    ]
    await story.market.act(
        story.market.staff, claims.decide_claim, DecideClaim(waiting.id, ClaimOutcome.DENIED, "He was there.")
    )
    assert (await story.claim(waiting.id)).state is ClaimState.CLOSED
    assert await story.faults() == []


async def test_by_default_there_is_no_window_to_dispute_a_scan(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    wish = DisputeScan((await story.cover(order_id)).id, "We stood at the door.")
    provider = story.market.provider(story.provider_id)
    assert await refused(story.market.act(provider, claims.dispute_scan, wish)) == ["scan_window_open"]


# -- what changes while a claim runs -----------------------------------------------------------------------------------


async def test_a_policy_that_changes_between_opening_and_deciding_changes_nothing(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    source = (rulebook.FOLDER / "clocks" / "b2b_default.toml").read_text(encoding="utf-8")
    head = (
        source.split("[[case]]")[0]
        .replace("published_at = 2000-01-01T00:00:00Z", "published_at = 2026-02-21T12:00:00Z")
        .replace("effective_from = 2000-01-01T00:00:00Z", "effective_from = 2026-03-01T00:00:00Z")
        .replace('silence = "ESCALATE"', 'silence = "AUTO_GRANT"')
        .replace("appeal = { within = 7", "appeal = { within = 1")
    )
    case = '[[case]]\nname = "silence grants"\ngiven = { opened_at = 2026-03-05T15:00:00Z, reason = "LATE_DELIVERY" }\n'
    await story.market.act(
        story.market.staff, rules.publish_rule, PublishRule(f'{head}{case}expect = {{ silence = "AUTO_GRANT" }}\n')
    )
    assert claim.escalates_at is not None
    await story.market.move(max(claim.escalates_at, datetime(2026, 3, 2, tzinfo=UTC)))
    escalated = await story.claim(claim.id)
    assert escalated.state is ClaimState.ESCALATED, "the version of its opening governs"
    await story.market.act(
        story.market.staff, claims.decide_claim, DecideClaim(claim.id, ClaimOutcome.GRANTED, "It was late.")
    )
    decided = await story.claim(claim.id)
    now = await story.market.now()
    assert decided.appealable_until is not None
    assert decided.appealable_until > now + 6 * DAY


async def test_a_tier_that_is_revoked_while_its_benefit_pays_has_one_outcome(story: Story) -> None:
    story.buyer_id = await story.market.register_buyer(4)
    order_id = await story.late_order()
    revoke = RevokeTier(story.buyer_id, "Misconduct.")
    await asyncio.gather(story.market.move(DAY_AFTER), story.market.act(story.market.staff, buyers.revoke_tier, revoke))
    claim = await story.claim_of(order_id)
    cover = await story.cover(order_id)
    # Either the benefit paid before it was gone, or the cover waits for the buyer to apply; never half of both.
    if claim is None:
        assert cover.state is CoverageState.IN_FORCE
        assert await story.books() == {}
    else:
        assert (claim.state, cover.state) == (ClaimState.DECIDED, CoverageState.CLAIMED)
        assert (await story.books())["BUYER_COUPON_LIABILITY"] == -100_00
    assert await story.faults() == []


async def test_a_decision_in_the_instant_after_its_deadline_is_refused_and_the_clock_decides(story: Story) -> None:
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    provider = story.market.provider(story.provider_id)
    await story.market.act(provider, claims.contest_claim, AnswerClaim(claim.id, None))
    due_at = (await story.claim(claim.id)).due_at
    assert due_at is not None
    await story.market.move(due_at)
    wish = DecideClaim(claim.id, ClaimOutcome.DENIED, "Just in time.")
    outcomes = await asyncio.gather(
        story.market.act(story.market.staff, claims.decide_claim, wish),
        story.market.move(due_at + MICROSECOND),
        return_exceptions=True,
    )
    after = await story.claim(claim.id)
    denied = not isinstance(outcomes[0], BaseException)
    assert (after.state, after.outcome) == (
        (ClaimState.CLOSED, ClaimOutcome.DENIED) if denied else (ClaimState.DECIDED, ClaimOutcome.GRANTED)
    )
    assert await story.faults() == []
