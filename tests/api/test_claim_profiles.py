"""Four marketplaces' clocks, each to the microsecond: a claim that nobody answers, through holidays and changed clocks.

The marketplace keeps its days in New York: clocks go forward on 8 March 2026, Memorial Day is 25 May and
Juneteenth 19 June.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from api.operations import claims
from domain.claims import (
    AnswerClaim,
    Claim,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    ContactParty,
    LineWish,
    MakeOffer,
    OpenClaim,
)
from domain.errors import Conflict, Forbidden, Invalid, Refused
from domain.ids import ClaimId, OrderId
from domain.remedies import RemedyKind
from tests.api.test_claims import Story, story
from tests.builders import line, usd

__all__ = ["story"]
MICROSECOND = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Golden:
    """What the profile says of a claim opened at that instant under an order promised for the day before."""

    profile: str
    opened_at: datetime
    answer_due_at: datetime
    escalation_opens_at: datetime
    silence_at: datetime
    state: ClaimState
    outcome: ClaimOutcome | None
    offer_until: datetime
    negotiate_until: datetime
    take_up_until: datetime
    evidence_until: datetime
    decide_until: datetime
    appeal_until: datetime


GOLDEN = (
    Golden(
        "clocks/b2b_default",
        utc("2026-03-05T15:00:00"),
        utc("2026-03-09T03:59:59.999999"),
        utc("2026-03-09T04:00:00"),
        utc("2026-03-13T04:00:00"),
        ClaimState.ESCALATED,
        None,
        offer_until=utc("2026-03-09T03:59:59.999999"),
        negotiate_until=utc("2026-03-13T03:59:59.999999"),
        take_up_until=utc("2026-03-10T03:59:59.999999"),  # Friday and Monday
        evidence_until=utc("2026-03-16T03:59:59.999999"),
        decide_until=utc("2026-03-13T03:59:59.999999"),  # Wednesday and Thursday
        appeal_until=utc("2026-03-21T03:59:59.999999"),
    ),
    Golden(
        "clocks/aliexpress",
        utc("2026-03-05T15:00:00"),
        utc("2026-03-11T03:59:59.999999"),
        utc("2026-03-09T04:00:00"),
        utc("2026-03-11T04:00:00"),
        ClaimState.DECIDED,
        ClaimOutcome.GRANTED,
        offer_until=utc("2026-03-11T03:59:59.999999"),
        negotiate_until=utc("2026-03-13T03:59:59.999999"),
        take_up_until=utc("2026-03-13T03:59:59.999999"),
        evidence_until=utc("2026-03-19T03:59:59.999999"),
        decide_until=utc("2026-03-21T03:59:59.999999"),
        appeal_until=utc("2026-03-29T03:59:59.999999"),
    ),
    Golden(
        "clocks/amazon",
        utc("2026-03-07T15:00:00"),
        utc("2026-03-09T15:00:00"),
        utc("2026-03-09T15:00:00.000001"),
        utc("2026-03-09T15:00:00.000001"),
        ClaimState.DECIDED,
        ClaimOutcome.GRANTED,
        offer_until=utc("2026-03-09T15:00:00"),
        negotiate_until=utc("2026-03-09T15:00:00"),
        take_up_until=utc("2026-03-11T03:59:59.999999"),  # Monday and Tuesday
        evidence_until=utc("2026-03-13T04:00:00"),
        decide_until=utc("2026-03-14T03:59:59.999999"),  # Thursday and Friday
        appeal_until=utc("2026-04-14T03:59:59.999999"),
    ),
    Golden(
        "clocks/ebay",
        utc("2026-05-22T15:00:00"),
        utc("2026-05-29T03:59:59.999999"),
        utc("2026-05-29T04:00:00"),
        utc("2026-06-25T04:00:00"),
        ClaimState.CLOSED,
        ClaimOutcome.DENIED,
        offer_until=utc("2026-05-29T03:59:59.999999"),  # Tuesday to Thursday, behind Memorial Day
        negotiate_until=utc("2026-06-25T03:59:59.999999"),  # twenty-one working days, behind Juneteenth too
        take_up_until=utc("2026-05-24T15:00:00"),
        evidence_until=utc("2026-05-30T03:59:59.999999"),
        decide_until=utc("2026-05-26T15:00:00.000001"),
        appeal_until=utc("2026-06-26T03:59:59.999999"),
    ),
)


FIRST_CONTACT = {"clocks/amazon", "clocks/ebay"}


async def opened(story: Story, golden: Golden) -> Claim:
    """A claim of that profile, opened at its instant."""
    market = story.market
    if golden.profile != "clocks/b2b_default":
        await market.act(market.staff, claims.choose_claim_profile, golden.profile)
    promised = (golden.opened_at - timedelta(days=2)).date()
    order_id = await late_order(story, promised)
    if golden.profile in FIRST_CONTACT:  # as those marketplaces want it, before a claim (`domain.md` 6.6)
        cover = await story.cover(order_id)
        await market.act(story.buyer, claims.contact_party, ContactParty(cover.id, "Where are my goods?"))
    await market.move(golden.opened_at)
    return await story.open(order_id)


async def late_order(story: Story, promised: date) -> OrderId:
    lines = [line(2_500_00, promised_on=promised)]
    return await story.market.order(story.buyer_id, story.supplier_id, lines, [story.on_time])


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.profile)
async def test_every_clock_of_a_profile_is_kept_to_the_microsecond(story: Story, golden: Golden) -> None:
    claim = await opened(story, golden)
    assert (claim.answer_due_at, claim.escalation_opens_at, claim.escalates_at) == (
        golden.answer_due_at,
        golden.escalation_opens_at,
        golden.silence_at,
    )
    await story.market.move(golden.silence_at - MICROSECOND)
    assert (await story.claim(claim.id)).state is ClaimState.OPEN, "the last instant is in time"
    await story.market.move(golden.silence_at + MICROSECOND)
    silent = await story.claim(claim.id)
    assert (silent.state, silent.outcome) == (golden.state, golden.outcome)


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.profile)
async def test_an_answer_at_the_deadline_is_in_time_and_the_buyer_escalates_from_its_own_instant(
    story: Story, golden: Golden
) -> None:
    claim = await opened(story, golden)
    wish = AnswerClaim(claim.id, None)
    first = min(golden.escalation_opens_at, golden.answer_due_at)
    if golden.escalation_opens_at > golden.answer_due_at:
        await story.market.move(first)
        with pytest.raises(Refused):
            await story.market.act(story.buyer, claims.escalate_claim, wish)
    else:
        await story.market.move(golden.escalation_opens_at - MICROSECOND)
        with pytest.raises(Refused):
            await story.market.act(story.buyer, claims.escalate_claim, wish)
    if golden.answer_due_at > await story.market.now():
        await story.market.move(golden.answer_due_at)
    provider = story.market.provider(story.provider_id)
    await story.market.act(provider, claims.contest_claim, wish)
    assert (await story.claim(claim.id)).state is ClaimState.ESCALATED


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.profile)
async def test_every_later_clock_of_a_profile_is_kept_to_the_microsecond(story: Story, golden: Golden) -> None:
    """One claim is negotiated; another is contested at once, and the desk is silent wherever it can be."""
    market, supplier = story.market, story.market.supplier(story.supplier_id)
    if golden.profile != "clocks/b2b_default":
        await market.act(market.staff, claims.choose_claim_profile, golden.profile)
    orders = [await story.serviced_order(10_000_00) for _ in range(2)]
    for order_id in orders:
        told = ContactParty((await story.cover(order_id)).id, "Nobody came.")
        await market.act(story.buyer, claims.contact_party, told)
    await market.move(golden.opened_at)
    settling, contested = [await story.open(order_id, ClaimReason.SERVICE_NOT_FINISHED) for order_id in orders]
    part = LineWish(settling.lines[0].line_id, RemedyKind.COUPON, usd(50_00))
    await market.act(supplier, claims.make_offer, MakeOffer(settling.id, (part,), None))
    negotiating = await story.claim(settling.id)
    assert (negotiating.due_at, negotiating.negotiation_ends_at) == (golden.offer_until, golden.negotiate_until)
    await market.act(story.buyer, claims.withdraw_claim, AnswerClaim(settling.id, None))
    wish = AnswerClaim(contested.id, None)
    await market.act(supplier, claims.contest_claim, wish)
    assert (await story.claim(contested.id)).due_at == golden.take_up_until
    await market.move(golden.take_up_until)
    assert (await story.claim(contested.id)).state is ClaimState.ESCALATED
    await market.move(golden.take_up_until + MICROSECOND)
    heard = await story.claim(contested.id)
    assert (heard.state, heard.due_at) == (ClaimState.EVIDENCE_DUE, golden.evidence_until)
    for side in (story.buyer, supplier):
        await market.act(side, claims.finish_evidence, wish)
    waiting = await story.claim(contested.id)
    assert (waiting.state, waiting.due_at) == (ClaimState.UNDER_DECISION, golden.decide_until)
    await market.move(golden.decide_until)
    assert (await story.claim(contested.id)).outcome is None
    await market.move(golden.decide_until + MICROSECOND)
    decided = await story.claim(contested.id)
    assert (decided.outcome is not None, decided.appealable_until) == (True, golden.appeal_until)


async def test_open_claims_keep_the_profile_that_they_were_opened_under(story: Story) -> None:
    golden = GOLDEN[0]
    claim = await opened(story, golden)
    await story.market.act(story.market.staff, claims.choose_claim_profile, "clocks/amazon")
    await story.market.move(golden.silence_at + MICROSECOND)
    assert (await story.claim(claim.id)).state is ClaimState.ESCALATED
    with pytest.raises(Conflict):
        await story.market.act(story.market.staff, claims.choose_claim_profile, "clocks/amazon")


async def test_silence_makes_no_money_of_what_is_promised_as_a_coupon(story: Story) -> None:
    probe = await opened(story, GOLDEN[1])
    await story.market.act(story.buyer, claims.withdraw_claim, AnswerClaim(probe.id, None))
    wish = LineWish(probe.lines[0].line_id, RemedyKind.REFUND_FULL, usd(100_00))
    asked = OpenClaim(probe.coverage_id, probe.reason, None, (wish,))
    opened_again = await story.market.act(story.buyer, claims.open_claim, asked)
    await story.market.move(GOLDEN[1].silence_at + MICROSECOND)
    claim = await story.claim(ClaimId(str(opened_again.things["claim"])))
    assert [(line.remedy, line.amount) for line in claim.lines] == [(RemedyKind.COUPON, usd(100_00))]


async def test_only_a_rule_about_clocks_that_is_in_force_can_be_chosen(story: Story) -> None:
    market = story.market
    with pytest.raises(Invalid):
        await market.act(market.staff, claims.choose_claim_profile, "guarantees/on_time")
    with pytest.raises(Refused):
        await market.act(market.staff, claims.choose_claim_profile, "clocks/unheard_of")
    with pytest.raises(Forbidden):
        await market.act(story.buyer, claims.choose_claim_profile, "clocks/ebay")
