"""Two sides that appeal one decision, each by itself, and the urgent channel for parties in good standing."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from api.operations import appeals, claims
from domain.access import Caller, Role
from domain.appeals import (
    AnswerAppealRequest,
    Appeal,
    AppealEffect,
    AppealOutcome,
    AppealState,
    DraftAppeal,
    RespondToAppeal,
)
from domain.claims import AnswerClaim, Claim, ClaimOutcome, ClaimReason, ClaimState, DecideClaim, LineWish
from domain.dates import MICROSECOND
from domain.errors import NotFound
from domain.ids import AppealId, MeasureId, OrderLineId, ProviderId, RecoveryId
from domain.ledger import AccountName
from domain.liability import Bearer, Share
from domain.measures import AccountMeasure, MeasureKind, MeasureState
from domain.points import EntryState
from domain.remedies import RemedyKind
from storage import coupons as coupon_rows
from storage import measures as measure_rows
from tests.api.test_appeals import CONDUCT, DAY, HOUR, METRIC, MONEY, POINTS, Court, court
from tests.api.test_claims import refused, story
from tests.builders import usd
from tests.marketplaces import Asking

__all__ = ["court", "story"]

SEEN = """query ($id: ID!) { opposedAppeals(claimId: $id) { id state outcome aboutMoney
  moneyUndone respondBy response availableActions appellant { __typename } claim { id } }
  appeals(first: 5) { nodes { subjectId grounds } } }"""


async def partly(court: Court) -> Claim:
    """80.00 of the 200.00 that the rule gives were granted."""
    opened = await court.story.open(await court.story.serviced_order(10_000_00), ClaimReason.SERVICE_NOT_FINISHED)
    await court.market.act(court.party, claims.contest_claim, AnswerClaim(opened.id, "We were there."))
    wish = (LineWish(opened.lines[0].line_id, RemedyKind.COUPON, usd(80_00)),)
    await court.market.act(
        court.judge, claims.decide_claim, DecideClaim(opened.id, ClaimOutcome.PARTLY, "Half-way.", wish)
    )
    return await court.story.claim(opened.id)


async def coupons_of(court: Court, claim: Claim) -> list[int]:
    async with court.market.pool.acquire(court.market.tenant_id) as connection:
        found = await coupon_rows.COUPONS.select(
            connection, court.market.tenant_id, "t.claim_id = $2 ORDER BY t.id", claim.id
        )
    return [coupon.left.minor for coupon in found]


async def seen(ask: Asking, caller: Caller, claim: Claim) -> Any:
    return (await ask(caller, SEEN, id=claim.id))["opposedAppeals"]


@pytest.mark.parametrize("buyer_first", [True, False], ids=["buyer-first", "party-first"])
async def test_two_sides_appeal_one_decision_and_each_effect_is_its_own(
    court: Court, ask: Asking, buyer_first: bool
) -> None:
    claim = await partly(court)
    buyer = court.story.buyer
    filed = await asyncio.gather(court.file(buyer, claim.id), court.file(court.party, claim.id))
    assert [each.sought for each in filed] == [(MONEY,), (MONEY, POINTS, METRIC)]
    assert (await court.story.claim(claim.id)).state is ClaimState.APPEALED
    assert await refused(court.draft(buyer, claim.id)) == ["appeal_once_per_decision"]

    (opposed,) = await seen(ask, buyer, claim)
    assert opposed | {"respondBy": None} == {
        "id": filed[1].id,
        "state": "FILED",
        "outcome": None,
        "aboutMoney": True,
        "moneyUndone": None,
        "respondBy": None,
        "response": None,
        "availableActions": ["RESPOND_TO_APPEAL"],
        "appellant": {"__typename": "Supplier"},
        "claim": {"id": claim.id},
    }
    assert opposed["respondBy"] is not None
    own = (await ask(buyer, SEEN, id=claim.id))["appeals"]["nodes"]
    assert [node["subjectId"] for node in own] == [claim.id], "the other side's words stay with it"

    order = filed if buyer_first else (filed[1], filed[0])
    for place, appeal in enumerate(order):
        undone = [MONEY] if appeal.buyer_id else [MONEY, POINTS]
        final = await court.decide(await court.heard(appeal), undone)
        assert final.state is AppealState.FINAL
        state = (await court.story.claim(claim.id)).state
        assert (state is ClaimState.APPEALED) == (place == 0), "it stands again when no appeal runs"

    after = await court.story.claim(claim.id)
    assert (after.state, after.outcome, after.amount) == (ClaimState.DECIDED, ClaimOutcome.GRANTED, usd(200_00))
    assert await coupons_of(court, claim) == [80_00, 120_00]
    books = await court.story.books()
    assert books.get(AccountName.BUYER_COUPON_LIABILITY, 0) == -200_00
    assert books.get(AccountName.CONTINGENT, 0) == 0, "the party bears nothing, in whichever order it was decided"
    (entry,) = await court.entries(claim)
    assert entry.state is EntryState.REVERSED
    assert not await court.excluded(claim)
    assert await court.story.faults() == []
    (opposed,) = await seen(ask, buyer, claim)
    assert (opposed["outcome"], opposed["moneyUndone"], opposed["availableActions"]) == ("PARTLY", True, [])
    with pytest.raises(NotFound):
        await court.draft(buyer, claim.id)


async def test_more_is_borne_by_whoever_bore_the_first_part(court: Court) -> None:
    claim = await partly(court)
    final = await court.decide(await court.heard(await court.file(court.story.buyer, claim.id)), [MONEY])
    assert final.outcome is AppealOutcome.OVERTURNED
    assert (await court.story.books()).get(AccountName.CONTINGENT, 0) == 200_00
    again = await court.file(court.party, claim.id)
    assert "appeal_not_by_first_decider" in await refused(court.heard(again)), "who granted more decided that"
    court.reviewer = court.market.caller(Role.ADJUDICATOR, Role.SUPPORT)
    await court.decide(await court.heard(again), [MONEY])
    assert (await court.story.books()).get(AccountName.CONTINGENT, 0) == 0
    assert await court.story.faults() == []


async def test_who_got_all_it_asked_for_does_not_appeal(court: Court) -> None:
    claim = await court.granted()
    with pytest.raises(NotFound):
        await court.draft(court.story.buyer, claim.id)


async def test_the_other_side_answers_once_and_never_reads_the_appeal(court: Court, ask: Asking) -> None:
    claim = await court.granted()
    filed: Appeal = await court.file(court.party, claim.id)
    wish = RespondToAppeal(filed.id, "The engineer never came.", ())
    stranger = court.market.buyer(await court.market.register_buyer())
    with pytest.raises(NotFound):
        await court.market.act(stranger, appeals.respond_to_appeal, wish)
    assert await refused(court.market.act(court.party, appeals.respond_to_appeal, wish)) == [
        "appeal_action_of_your_side"
    ]
    await court.market.act(court.story.buyer, appeals.respond_to_appeal, wish)
    assert await refused(court.market.act(court.story.buyer, appeals.respond_to_appeal, wish)) == [
        "appeal_answered_once"
    ]
    (opposed,) = await seen(ask, court.story.buyer, claim)
    assert (opposed["response"], opposed["respondBy"]) == ("The engineer never came.", None)
    words = "query ($id: ID!) { appeal(id: $id) { grounds response respondedAt } }"
    assert (await ask(court.story.buyer, words, id=filed.id))["appeal"] is None
    own = (await ask(court.party, words, id=filed.id))["appeal"]
    assert (own["response"], own["respondedAt"] is not None) == (None, True)
    assert (await ask(court.reviewer, words, id=filed.id))["appeal"]["response"] == "The engineer never came."


async def test_who_shares_in_another_party_s_claim_appeals_its_share_alone(court: Court, ask: Asking) -> None:
    """Its money and its points, each by itself; neither the claim nor anybody else's share is touched."""
    order_id, carrier = await court.story.serviced_order(10_000_00), court.story.provider_id
    bought = await court.market.pool.fetch(
        court.market.tenant_id, "SELECT id FROM order_lines WHERE order_id = $1", order_id
    )
    await court.market.ship(order_id, carrier, [OrderLineId(row["id"]) for row in bought])
    opened = await court.story.open(order_id, ClaimReason.SERVICE_NOT_FINISHED)
    await court.market.act(court.party, claims.contest_claim, AnswerClaim(opened.id, "The parts came late."))
    shares = (Share(Bearer.PROVIDER, 3_000), Share(Bearer.SUPPLIER, 7_000))
    wish = DecideClaim(opened.id, ClaimOutcome.GRANTED, "Both were late.", shares=shares)
    await court.market.act(court.judge, claims.decide_claim, wish)
    entries = {entry.party_id: entry for entry in await court.entries(opened)}
    assert {party: entry.points for party, entry in entries.items()} == {court.story.supplier_id: 3, carrier: 3}
    provider = court.market.provider(carrier)
    owed = (await ask(provider, "{ recoveries(first: 2) { nodes { id contingent { amount } } } }"))["recoveries"]
    (share,) = owed["nodes"]
    assert share["contingent"]["amount"] == "60.00"
    text = "query ($id: ID!) { appealability(subjectId: $id) { kind open effects } }"
    seen = (await ask(provider, text, id=share["id"]))["appealability"]
    assert seen == {"kind": "CLAIM_DECISION", "open": True, "effects": ["MONEY", "POINTS"]}
    filed = await court.file(provider, RecoveryId(share["id"]))
    assert (filed.subject_id, filed.sought, filed.respondent_id) == (opened.id, (MONEY, POINTS), None)
    assert filed.suspended == (entries[carrier].id,)
    assert (await court.story.claim(opened.id)).state is ClaimState.DECIDED, "the two sides are not concerned"
    assert await refused(court.draft(provider, opened.id)) == ["appeal_once_per_decision"]
    await court.decide(await court.heard(filed), [MONEY])
    states = {entry.party_id: entry.state for entry in await court.entries(opened)}
    assert (states[carrier], states[court.story.supplier_id]) == (EntryState.IN_FORCE, EntryState.IN_FORCE)
    books = await court.story.books()
    assert books.get(AccountName.CONTINGENT, 0) == 140_00, "the supplier's share is what it was"
    assert await coupons_of(court, opened) == [200_00]
    final = await court.decide(await court.heard(await court.file(court.party, opened.id)), [POINTS])
    assert final.state is AppealState.FINAL
    states = {entry.party_id: entry.state for entry in await court.entries(opened)}
    assert (states[carrier], states[court.story.supplier_id]) == (EntryState.IN_FORCE, EntryState.REVERSED)
    with pytest.raises(NotFound):
        await court.draft(court.market.provider(ProviderId.mint(1, 1)), RecoveryId(share["id"]))
    assert await court.story.faults() == []


# -- the urgent channel ------------------------------------------------------------------------------------------------


async def restricted(court: Court, *, settled: bool = True) -> tuple[MeasureId, datetime]:
    """The restriction that twelve points announce for three days on, against a supplier that is here for a year."""
    if settled:
        await court.market.move(await court.market.now() + 365 * DAY)
    await court.points()
    await court.points()
    async with court.market.pool.acquire(court.market.tenant_id) as connection:
        live = await measure_rows.live_by_party(connection, court.market.tenant_id, court.story.supplier_id)
    (measure,) = [each for each in live if each.kind is MeasureKind.RESTRICTION]
    return measure.id, measure.effective_at


async def measure_of(court: Court, id: MeasureId) -> AccountMeasure:
    async with court.market.pool.acquire(court.market.tenant_id) as connection:
        return await measure_rows.get(connection, court.market.tenant_id, id)


async def urgently(court: Court, id: MeasureId) -> Appeal:
    outcome = await court.market.act(court.party, appeals.draft_appeal, DraftAppeal(id, (), CONDUCT, urgent=True))
    return await court.step(court.party, appeals.file_appeal, await court.read(AppealId(str(outcome.things["appeal"]))))


async def test_an_urgent_appeal_keeps_a_measure_from_effect_while_its_party_answers(court: Court) -> None:
    """A7: in good standing and cooperating within 72 hours, a party is not deactivated before it was heard."""
    id, effective_at = await restricted(court)
    announced = await measure_of(court, id)
    filed = await urgently(court, id)
    assert filed.filed_at is not None
    assert filed.decide_by is not None
    assert filed.stays
    assert filed.decide_by < effective_at + DAY
    taken = await court.heard(filed)
    asked = await court.step(court.reviewer, appeals.request_appeal_information, taken, "Who wrote that?")
    assert asked.due_at == await court.market.now() + 72 * HOUR
    await court.market.move(asked.due_at - HOUR)
    answer = AnswerAppealRequest(asked.id, "A colleague, who is gone.", ())
    await court.market.act(court.party, appeals.answer_appeal_request, answer)
    await court.market.move(effective_at + HOUR)
    assert (await measure_of(court, id)).state is MeasureState.ANNOUNCED, "it waits for the outcome"
    await court.decide(await court.read(filed.id), [])
    now = await court.market.now()
    await court.market.move(now + MICROSECOND)
    taken_up = await measure_of(court, id)
    assert (taken_up.state, taken_up.effective_at) == (MeasureState.IN_FORCE, now)
    assert announced.until is not None
    assert taken_up.until == announced.until + (now - effective_at), "it lasts as long as it would have"


async def test_who_does_not_answer_an_urgent_question_is_restricted_meanwhile(court: Court) -> None:
    id, effective_at = await restricted(court)
    taken = await court.heard(await urgently(court, id))
    asked = await court.step(court.reviewer, appeals.request_appeal_information, taken, "Who wrote that?")
    assert asked.due_at is not None
    await court.market.move(max(asked.due_at, effective_at) + HOUR)
    assert (await court.read(asked.id)).state is AppealState.UNDER_REVIEW
    assert (await measure_of(court, id)).state is MeasureState.IN_FORCE
    await court.decide(await court.read(asked.id), [AppealEffect.RESTRICTION])
    assert (await measure_of(court, id)).state is MeasureState.LIFTED


async def test_the_urgent_channel_is_for_parties_in_good_standing_before_the_effect(court: Court, ask: Asking) -> None:
    id, effective_at = await restricted(court, settled=False)
    text = "query ($id: ID!) { appealability(subjectId: $id) { open urgent { reason holds text } } }"
    seen = (await ask(court.party, text, id=id))["appealability"]
    assert seen["open"]
    assert [finding["reason"] for finding in seen["urgent"] if not finding["holds"]] == [
        "appeal_urgent_here_long_enough"
    ]
    assert await refused(urgently(court, id)) == ["appeal_urgent_here_long_enough"]
    await court.market.move(effective_at + HOUR)
    assert "appeal_urgent_before_effect" in await refused(urgently(court, id))
    entry = await court.points()
    assert await refused(
        court.market.act(court.party, appeals.draft_appeal, DraftAppeal(entry.id, (), CONDUCT, urgent=True))
    ) == ["appeal_urgent_measure"]
