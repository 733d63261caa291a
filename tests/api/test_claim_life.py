"""The whole life of a claim through its operations: offers, evidence, decisions by line and share, interruptions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.operations import claims
from api.operations.claims import cases, steps
from api.operations.claims.steps import appeal_ended, appealed, remedy_failed
from domain import explain
from domain.access import Caller
from domain.claims import (
    AnswerClaim,
    Claim,
    ClaimAction,
    ClaimOffer,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    Consequence,
    ContactParty,
    DecideClaim,
    LineWish,
    MakeOffer,
    OfferState,
    OpenClaim,
    Side,
    moves,
    next_duty,
)
from domain.clocks import Duty
from domain.coupons import CouponState
from domain.coverage import CoverageState
from domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from domain.ids import ClaimId, EvidenceId, OrderLineId
from domain.liability import Bearer, Share
from domain.money import Money
from domain.remedies import RemedyKind
from storage import claims as claim_rows
from storage import decisions as decision_rows
from storage.unit_of_work import Outcome, Work
from tests.api.test_claims import DAY, MICROSECOND, Story, refused, story
from tests.builders import usd
from tests.serviced import later

__all__ = ["story"]


async def serviced(story: Story, *minors: int) -> Claim:
    """A claim that no facts prove: for machinery service, of the supplier that promised it."""
    order_id = await story.serviced_order(*(minors or (10_000_00,)))
    return await story.open(order_id, ClaimReason.SERVICE_NO_VISIT)


def party(story: Story) -> Caller:
    return story.market.supplier(story.supplier_id)


def coupon(line_id: OrderLineId, minor: int | None = None, currency: str = "USD") -> LineWish:
    return LineWish(line_id, RemedyKind.COUPON, None if minor is None else Money(minor, currency))


async def offer(story: Story, caller: Caller, claim: Claim, minor: int, note: str | None = None) -> None:
    wish = MakeOffer(claim.id, (coupon(claim.lines[0].line_id, minor),), note)
    await story.market.act(caller, claims.make_offer, wish)


async def offers_of(story: Story, claim: Claim) -> list[ClaimOffer]:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        where = "t.claim_id = $2 ORDER BY t.number"
        return await claim_rows.CLAIM_OFFERS.select(connection, story.market.tenant_id, where, claim.id)


async def tree_of(story: Story, claim: Claim) -> explain.Finding:
    """Why it was decided so."""
    assert claim.decision_id is not None
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        decision = await decision_rows.get(connection, story.market.tenant_id, claim.decision_id)
    return decision.tree


def found(tree: explain.Finding, rule: str) -> explain.Finding:
    return next(part for part in tree.because if part.rule == rule)


async def taken(story: Story, claim: Claim, step: Any, *more: Any) -> None:
    """A step that other nouns take, in a transaction of its own."""

    async def act(work: Work, id: ClaimId) -> Outcome:
        held, _ = await cases.taken(work, id)
        await step(work, held, *more)
        return Outcome({"claim": id})

    await story.market.act(story.market.staff, act, claim.id)


# -- lines -------------------------------------------------------------------------------------------------------------


async def test_a_claim_names_its_lines_and_what_the_rule_gives_for_each(story: Story) -> None:
    claim = await serviced(story, 10_000_00, 3_333_33)
    assert [(line.loss, line.requested, line.amount) for line in claim.lines] == [
        (usd(200_00), usd(200_00), None),
        (usd(66_67), usd(66_67), None),
    ]
    assert (claim.amount, claim.loss, claim.itemised) == (usd(266_67), usd(266_67), False)
    await story.accept(claim)
    granted = await story.claim(claim.id)
    assert [(line.remedy, line.amount) for line in granted.lines] == [
        (RemedyKind.COUPON, usd(200_00)),
        (RemedyKind.COUPON, usd(66_67)),
    ]
    assert (granted.amount, granted.shares) == (usd(266_67), {"SUPPLIER": 10_000})
    assert (await story.coupon(granted)).amount == usd(266_67)


async def test_a_buyer_who_names_a_line_and_an_amount_gets_no_more_than_it_asked_for(story: Story) -> None:
    order_id = await story.serviced_order(10_000_00, 3_333_33)
    cover = await story.cover(order_id)
    probe = await story.open(order_id, ClaimReason.SERVICE_NO_VISIT)
    await story.market.act(story.buyer, claims.withdraw_claim, AnswerClaim(probe.id, None))
    first, second = (line.line_id for line in probe.lines)
    reason = ClaimReason.SERVICE_NO_VISIT
    too_much = OpenClaim(cover.id, reason, None, (coupon(first, 200_01), coupon(second, 66_68)))
    with pytest.raises(Refused) as refusal:
        await story.market.act(story.buyer, claims.open_claim, too_much)
    assert [(part.reason, part.inputs["amount"], part.inputs["loss"]) for part in refusal.value.unmet] == [
        ("claim_amount_within_loss", "200.01 USD", "200.00 USD"),
        ("claim_amount_within_loss", "66.68 USD", "66.67 USD"),
    ]
    wrong = (coupon(first, 0), coupon(first, 1), coupon(second, 1, "EUR"), LineWish(second, RemedyKind.REPAIR, usd(5)))
    with pytest.raises(Invalid) as invalid:
        await story.market.act(story.buyer, claims.open_claim, OpenClaim(cover.id, reason, None, wrong))
    assert [problem.field for problem in invalid.value.problems] == [
        ("lines", "0", "amount"),
        ("lines", "1", "lineId"),
        ("lines", "2", "amount"),
        ("lines", "3", "lineId"),
        ("lines", "3", "amount"),
    ]
    wish = OpenClaim(cover.id, reason, None, (coupon(first, 50_00),))
    opened = await story.market.act(story.buyer, claims.open_claim, wish)
    claim = await story.claim(ClaimId(str(opened.things["claim"])))
    assert (claim.itemised, claim.amount, [line.line_id for line in claim.lines]) == (True, usd(50_00), [first])
    await story.accept(claim)
    assert (await story.claim(claim.id)).amount == usd(50_00)


# -- offers ------------------------------------------------------------------------------------------------------------


async def test_two_sides_settle_by_offer_and_counter_offer(story: Story) -> None:
    claim = await serviced(story)
    assert await refused(offer(story, story.buyer, claim, 150_00)) == ["claim_your_turn_to_offer"]
    await offer(story, party(story), claim, 80_00, "We can give you this.")
    negotiating = await story.claim(claim.id)
    duty = next_duty(negotiating)
    assert duty is not None
    assert (negotiating.state, duty.by, duty.otherwise) == (
        ClaimState.NEGOTIATING,
        Side.BUYER,
        Consequence.OFFER_LAPSES,
    )
    assert await refused(offer(story, party(story), claim, 90_00)) == ["claim_your_turn_to_offer"]
    wish = AnswerClaim(claim.id, None)
    assert await refused(story.market.act(party(story), claims.accept_offer, wish)) == ["claim_offer_awaits_you"]
    await offer(story, story.buyer, claim, 150_00)
    assert [each.state for each in await offers_of(story, claim)] == [OfferState.COUNTERED, OfferState.STANDS]
    await story.market.act(party(story), claims.accept_offer, wish)
    settled = await story.claim(claim.id)
    assert (settled.state, settled.outcome, settled.amount) == (
        ClaimState.DECIDED,
        ClaimOutcome.AGREED,
        usd(150_00),
    )
    assert [each.state for each in await offers_of(story, claim)] == [OfferState.COUNTERED, OfferState.ACCEPTED]
    assert ((await story.coupon(settled)).amount, settled.shares) == (usd(150_00), {"SUPPLIER": 10_000})
    tree = await tree_of(story, settled)
    assert (tree.rule, tree.holds, found(tree, "claim.liability").inputs["SUPPLIER"]) == (
        "claim.agreement",
        True,
        10_000,
    )
    assert await story.faults() == []


async def test_an_offer_above_the_loss_is_refused_with_both_numbers(story: Story) -> None:
    claim = await serviced(story)
    with pytest.raises(Refused) as refusal:
        await offer(story, party(story), claim, 200_01)
    assert [part.inputs for part in refusal.value.unmet] == [
        {"line": str(claim.lines[0].line_id), "amount": "200.01 USD", "loss": "200.00 USD"}
    ]
    with pytest.raises(Invalid):
        await story.market.act(party(story), claims.make_offer, MakeOffer(claim.id, (), None))
    assert (await story.claim(claim.id)).state is ClaimState.OPEN


async def test_a_declined_offer_leaves_time_and_an_unanswered_one_lapses_to_the_microsecond(story: Story) -> None:
    claim = await serviced(story)
    await offer(story, party(story), claim, 80_00)
    await story.market.act(story.buyer, claims.decline_offer, AnswerClaim(claim.id, "Too little."))
    declined = await story.claim(claim.id)
    duty = next_duty(declined)
    assert duty is not None
    assert (declined.duty, declined.due_at, duty.by, duty.otherwise) == (
        Duty.AGREE_ON_CLAIM,
        declined.negotiation_ends_at,
        Side.BUYER,
        Consequence.ESCALATES,
    )
    await offer(story, party(story), claim, 90_00)
    standing = await story.claim(claim.id)
    assert standing.due_at is not None
    assert standing.negotiation_ends_at == declined.negotiation_ends_at, "the first offer began the negotiation"
    await story.market.move(standing.due_at)
    assert (await story.claim(claim.id)).offer_by is Side.LIABLE_PARTY, "the last instant is in time"
    await story.market.move(standing.due_at + MICROSECOND)
    lapsed = await story.claim(claim.id)
    assert (lapsed.state, lapsed.offer_by, lapsed.duty) == (ClaimState.NEGOTIATING, None, Duty.AGREE_ON_CLAIM)
    assert [each.state for each in await offers_of(story, claim)] == [OfferState.DECLINED, OfferState.LAPSED]
    wish = AnswerClaim(claim.id, None)
    assert await refused(story.market.act(story.buyer, claims.accept_offer, wish)) == ["claim_offer_awaits_you"]
    assert lapsed.negotiation_ends_at is not None
    await story.market.move(lapsed.negotiation_ends_at + MICROSECOND)
    assert (await story.claim(claim.id)).state is ClaimState.ESCALATED


async def test_an_offer_that_stands_falls_away_when_the_buyer_escalates(story: Story) -> None:
    claim = await serviced(story)
    await offer(story, party(story), claim, 80_00)
    wish = AnswerClaim(claim.id, None)
    assert await refused(story.market.act(story.buyer, claims.escalate_claim, wish)) == ["claim_answer_overdue"]
    assert claim.escalation_opens_at is not None
    await story.market.move(claim.escalation_opens_at)
    await offer(story, party(story), claim, 81_00)
    await story.market.act(story.buyer, claims.escalate_claim, wish)
    escalated = await story.claim(claim.id)
    assert (escalated.state, escalated.duty, escalated.offer_by) == (
        ClaimState.ESCALATED,
        Duty.TAKE_UP_CLAIM,
        None,
    )
    assert [each.state for each in await offers_of(story, claim)] == [OfferState.LAPSED, OfferState.MOOT]


async def test_of_an_acceptance_and_a_decline_at_once_exactly_one_counts(story: Story) -> None:
    claim = await serviced(story)
    await offer(story, party(story), claim, 80_00)
    wish = AnswerClaim(claim.id, None)
    outcomes = await asyncio.gather(
        story.market.act(story.buyer, claims.accept_offer, wish),
        story.market.act(story.buyer, claims.decline_offer, wish),
        story.market.act(party(story), claims.contest_claim, wish),
        return_exceptions=True,
    )
    won = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    # A decline leaves the claim between its sides, so that it may still be contested afterwards; nothing else is two.
    after = await story.claim(claim.id)
    states = [each.state for each in await offers_of(story, claim)]
    assert all(isinstance(each, Refused | NotFound) for each in lost), lost
    assert (after.state, states) in [
        (ClaimState.DECIDED, [OfferState.ACCEPTED]),
        (ClaimState.ESCALATED, [OfferState.MOOT]),
        (ClaimState.ESCALATED, [OfferState.DECLINED]),
    ]
    assert len(won) == (2 if states == [OfferState.DECLINED] else 1)
    assert await story.faults() == []


async def test_nobody_settles_what_only_the_marketplace_can_know(story: Story) -> None:
    claim = await serviced(story)
    counterfeit = replace(claim, reason=ClaimReason.NOT_AS_DESCRIBED_COUNTERFEIT)
    found_moves = {move.action: move for move in moves(counterfeit, party(story), claim.opened_at)}
    assert [part.reason for part in found_moves[ClaimAction.MAKE_OFFER].because] == ["claim_reason_gives_right"]
    assert found_moves[ClaimAction.CONTEST_CLAIM].available
    duty = next_duty(replace(claim, reason=ClaimReason.OFF_POLICY_CONDUCT))
    assert duty is not None
    assert ClaimAction.MAKE_OFFER not in duty.actions


# -- with the marketplace ----------------------------------------------------------------------------------------------


async def escalated(story: Story) -> Claim:
    claim = await serviced(story)
    await story.market.act(party(story), claims.contest_claim, AnswerClaim(claim.id, "We did come."))
    return await story.claim(claim.id)


async def test_a_contested_claim_is_taken_up_heard_and_decided(story: Story) -> None:
    claim = await escalated(story)
    wish = AnswerClaim(claim.id, None)
    with pytest.raises(Forbidden):
        await story.market.act(party(story), claims.take_up_claim, wish)
    assert await refused(story.market.act(story.buyer, claims.finish_evidence, wish)) == ["claim_state_allows"]
    await story.market.act(story.market.staff, claims.take_up_claim, wish)
    due = await story.claim(claim.id)
    duty = next_duty(due)
    assert duty is not None
    assert (due.state, duty.by, duty.otherwise) == (ClaimState.EVIDENCE_DUE, Side.BUYER, Consequence.CLOSES)
    decision = DecideClaim(claim.id, ClaimOutcome.DENIED, "Not yet.")
    assert await refused(story.market.act(story.market.staff, claims.decide_claim, decision)) == ["claim_state_allows"]
    await story.market.act(story.buyer, claims.finish_evidence, wish)
    duty = next_duty(await story.claim(claim.id))
    assert duty is not None
    assert (duty.by, duty.otherwise) == (Side.LIABLE_PARTY, Consequence.GOES_TO_DECISION)
    assert await refused(story.market.act(story.buyer, claims.finish_evidence, wish)) == ["claim_evidence_not_finished"]
    await story.market.act(party(story), claims.finish_evidence, wish)
    heard = await story.claim(claim.id)
    assert (heard.state, heard.duty, heard.heard) == (
        ClaimState.UNDER_DECISION,
        Duty.DECIDE_CLAIM,
        (Side.BUYER, Side.LIABLE_PARTY),
    )
    decision = DecideClaim(
        claim.id,
        ClaimOutcome.PARTLY,
        "Half of it.",
        (coupon(claim.lines[0].line_id, 100_00),),
        (Share(Bearer.SUPPLIER, 7_500), Share(Bearer.PLATFORM, 2_500)),
    )
    await story.market.act(story.market.staff, claims.decide_claim, decision)
    decided = await story.claim(claim.id)
    assert (decided.state, decided.outcome, decided.amount, decided.shares) == (
        ClaimState.DECIDED,
        ClaimOutcome.PARTLY,
        usd(100_00),
        {"SUPPLIER": 7_500, "PLATFORM": 2_500},
    )
    given = await story.coupon(decided)
    recovery = await story.recovery(given)
    assert (given.amount, recovery.share_bp, recovery.contingent) == (usd(100_00), 7_500, usd(75_00))
    tree = await tree_of(story, decided)
    assert found(tree, "claim.decision").reason == "claim_partly_granted_by_staff"
    assert found(tree, "claim.liability").inputs["shares"] == "SUPPLIER 7500, PLATFORM 2500"
    assert decided.appealable_until is not None
    assert decided.final_at == decided.appealable_until + MICROSECOND
    assert await story.faults() == []


@pytest.mark.parametrize(
    ("outcome", "lines", "shares", "problems"),
    [
        (ClaimOutcome.PARTLY, 0, (), [("lines",)]),
        (ClaimOutcome.DENIED, 1, (Share(Bearer.BUYER, 10_000),), [("lines",), ("shares",)]),
        (ClaimOutcome.AGREED, 0, (), [("outcome",)]),
        (ClaimOutcome.GRANTED, 0, (Share(Bearer.SUPPLIER, 9_999),), [("shares",)]),
    ],
)
async def test_a_decision_that_contradicts_itself_is_refused(
    story: Story, outcome: ClaimOutcome, lines: int, shares: tuple[Share, ...], problems: list[tuple[str, ...]]
) -> None:
    claim = await escalated(story)
    wishes = (coupon(claim.lines[0].line_id, 10_00),) * lines
    with pytest.raises(Invalid) as refusal:
        await story.market.act(
            story.market.staff, claims.decide_claim, DecideClaim(claim.id, outcome, "So be it.", wishes, shares)
        )
    assert [problem.field for problem in refusal.value.problems] == problems
    assert (await story.claim(claim.id)).state is ClaimState.ESCALATED


async def test_a_decision_relies_on_evidence_of_its_claim_alone(story: Story) -> None:
    claim = await escalated(story)
    wish = DecideClaim(claim.id, ClaimOutcome.GRANTED, "As it says.", relied_on=(EvidenceId.mint(1, 1),))
    with pytest.raises(Invalid) as refusal:
        await story.market.act(story.market.staff, claims.decide_claim, wish)
    assert [problem.field for problem in refusal.value.problems] == [("evidenceIds", "0")]


async def test_all_of_the_loss_is_no_part_of_it_and_more_is_refused(story: Story) -> None:
    claim = await escalated(story)
    for minor, reason in ((200_00, "claim_partly"), (200_01, "claim_amount_within_loss")):
        wish = DecideClaim(claim.id, ClaimOutcome.PARTLY, "So.", (coupon(claim.lines[0].line_id, minor),))
        assert await refused(story.market.act(story.market.staff, claims.decide_claim, wish)) == [reason]


async def test_silence_takes_a_contested_claim_through_all_its_states(story: Story) -> None:
    """Staff do not take it up, the buyer brings nothing: closed without evidence, by the default profile."""
    claim = await escalated(story)
    assert claim.due_at is not None
    await story.market.move(claim.due_at + MICROSECOND)
    due = await story.claim(claim.id)
    assert (due.state, due.duty) == (ClaimState.EVIDENCE_DUE, Duty.SUBMIT_EVIDENCE)
    assert due.due_at is not None
    await story.market.move(due.due_at)
    assert (await story.claim(claim.id)).state is ClaimState.EVIDENCE_DUE
    await story.market.move(due.due_at + MICROSECOND)
    closed = await story.claim(claim.id)
    assert (closed.state, closed.outcome, closed.amount) == (ClaimState.CLOSED, ClaimOutcome.NO_EVIDENCE, usd(0))
    assert found(await tree_of(story, closed), "claim.decision").reason == "claim_without_evidence"


async def test_a_silent_party_and_silent_staff_let_the_file_decide(story: Story) -> None:
    claim = await escalated(story)
    await story.market.act(story.market.staff, claims.take_up_claim, AnswerClaim(claim.id, None))
    await story.market.act(story.buyer, claims.finish_evidence, AnswerClaim(claim.id, "Here it is."))
    due = await story.claim(claim.id)
    assert due.due_at is not None
    await story.market.move(due.due_at + MICROSECOND)
    waiting = await story.claim(claim.id)
    assert (waiting.state, waiting.duty) == (ClaimState.UNDER_DECISION, Duty.DECIDE_CLAIM)
    assert waiting.due_at is not None
    await story.market.move(waiting.due_at + MICROSECOND)
    decided = await story.claim(claim.id)
    assert (decided.state, decided.outcome, decided.amount) == (
        ClaimState.DECIDED,
        ClaimOutcome.GRANTED,
        usd(200_00),
    )


# -- what interrupts it ------------------------------------------------------------------------------------------------


async def test_a_suspended_claim_stands_still_and_goes_on_with_all_its_time(story: Story) -> None:
    claim = await serviced(story)
    assert claim.due_at is not None
    await taken(story, claim, steps.suspend)
    suspended = await story.claim(claim.id)
    assert (suspended.state, suspended.resumes, next_duty(suspended)) == (ClaimState.SUSPENDED, ClaimState.OPEN, None)
    wish = AnswerClaim(claim.id, None)
    assert await refused(story.market.act(party(story), claims.accept_claim, wish)) == ["claim_state_allows"]
    await story.market.move(await story.market.now() + 40 * DAY)
    assert (await story.claim(claim.id)).state is ClaimState.SUSPENDED, "no clock of it runs"
    await taken(story, claim, steps.resume)
    resumed = await story.claim(claim.id)
    assert resumed.due_at is not None
    assert (resumed.state, resumed.due_at, resumed.escalates_at) == (
        ClaimState.OPEN,
        later(claim.due_at, 40),
        later(claim.escalates_at, 40),
    )
    await story.market.move(resumed.due_at + MICROSECOND)
    assert (await story.claim(claim.id)).duty is Duty.ESCALATE_CLAIM, "its clock runs again"


async def test_a_chargeback_that_made_the_loss_good_ends_the_claim(story: Story) -> None:
    claim = await serviced(story)
    await taken(story, claim, steps.suspend)
    await taken(story, claim, steps.end_suspended)
    ended = await story.claim(claim.id)
    assert (ended.state, ended.outcome, ended.resumes, ended.due_at) == (ClaimState.CLOSED, None, None, None)


async def test_an_appeal_interrupts_a_decision_which_then_is_final(story: Story) -> None:
    claim = await serviced(story)
    await story.accept(claim)
    granted = await story.claim(claim.id)
    await taken(story, granted, appealed)
    under_appeal = await story.claim(claim.id)
    assert (under_appeal.state, under_appeal.resumes, under_appeal.final_at) == (
        ClaimState.APPEALED,
        ClaimState.DECIDED,
        None,
    )
    expires_at = (await story.coupon(granted)).expires_at
    await story.market.move(expires_at + MICROSECOND)
    still = await story.claim(claim.id)
    assert (still.state, still.resumes) == (ClaimState.APPEALED, ClaimState.CLOSED), "its coupon ended meanwhile"
    await taken(story, still, appeal_ended)
    ended = await story.claim(claim.id)
    assert (ended.state, ended.final_at) == (ClaimState.CLOSED, await story.market.now())
    with pytest.raises(ValueError, match="not APPEALED"):
        await taken(story, ended, appeal_ended)


async def test_a_buyer_wins_its_appeal_against_a_denial(story: Story) -> None:
    claim = await escalated(story)
    wish = DecideClaim(claim.id, ClaimOutcome.DENIED, "We see no breach.")
    await story.market.act(story.market.staff, claims.decide_claim, wish)
    denied = await story.claim(claim.id)
    await taken(story, denied, appealed)
    await taken(story, denied, steps.grant_on_appeal, "We see it now.")
    granted = await story.claim(claim.id)
    assert (granted.state, granted.outcome, granted.amount, granted.resumes) == (
        ClaimState.DECIDED,
        ClaimOutcome.GRANTED,
        usd(200_00),
        None,
    )
    assert (await story.coupon(granted)).state is CouponState.ACTIVE
    assert await story.faults() == []


async def test_a_claim_whose_remedy_failed_is_reopened_in_time_and_not_after(story: Story) -> None:
    in_time, too_late = await serviced(story), await serviced(story)
    for claim in (in_time, too_late):
        await story.accept(claim)
        wish = AnswerClaim(claim.id, None)
        assert await refused(story.market.act(story.buyer, claims.reopen_claim, wish)) == ["claim_remedy_failed"]
        await taken(story, claim, remedy_failed)
    until = (await story.claim(in_time.id)).reopenable_until
    assert until is not None
    await story.market.move(until)
    await story.market.act(story.buyer, claims.reopen_claim, AnswerClaim(in_time.id, "It broke again."))
    reopened = await story.claim(in_time.id)
    assert (reopened.state, reopened.duty, reopened.outcome) == (
        ClaimState.UNDER_DECISION,
        Duty.DECIDE_CLAIM,
        None,
    )
    await story.market.move(until + MICROSECOND)
    wish = AnswerClaim(too_late.id, None)
    assert await refused(story.market.act(story.buyer, claims.reopen_claim, wish)) == ["claim_remedy_failed"]


# -- before a claim ----------------------------------------------------------------------------------------------------


async def test_a_profile_wants_the_party_told_first_and_given_its_48_hours(story: Story) -> None:
    await story.market.act(story.market.staff, claims.choose_claim_profile, "clocks/amazon")
    order_id = await story.serviced_order(10_000_00)
    cover = await story.cover(order_id)
    wish = OpenClaim(cover.id, ClaimReason.SERVICE_NO_VISIT, None)
    assert await refused(story.market.act(story.buyer, claims.open_claim, wish)) == ["claim_party_was_told"]
    contact = ContactParty(cover.id, "Nobody came.")
    with pytest.raises(Forbidden):
        await story.market.act(party(story), claims.contact_party, contact)
    other = story.market.buyer(await story.market.register_buyer())
    with pytest.raises(NotFound):
        await story.market.act(other, claims.contact_party, contact)
    await story.market.act(story.buyer, claims.contact_party, contact)
    told = await story.market.now()
    await story.market.act(story.buyer, claims.contact_party, ContactParty(cover.id, "Still nobody."))
    await story.market.move(told + timedelta(hours=48))
    assert await refused(story.market.act(story.buyer, claims.open_claim, wish)) == ["claim_party_was_told"]
    await story.market.move(told + timedelta(hours=48) + MICROSECOND)
    await story.market.act(story.buyer, claims.open_claim, wish)
    assert (await story.cover(order_id)).state is CoverageState.CLAIMED


async def test_a_second_claim_under_the_cover_is_a_conflict(story: Story) -> None:
    claim = await serviced(story)
    with pytest.raises(Conflict):
        await story.open(claim.order_id, ClaimReason.SERVICE_NO_RESPONSE)
