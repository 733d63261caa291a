"""One decision, two sides: each appeals by itself, each effect is undone by itself, and the books stay in balance."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.operations import appeals, claims
from domain.access import Caller, Role
from domain.appeals import Appeal, AppealOutcome, AppealState, RespondToAppeal
from domain.claims import AnswerClaim, Claim, ClaimOutcome, ClaimReason, ClaimState, DecideClaim, LineWish
from domain.errors import NotFound
from domain.ledger import AccountName
from domain.points import EntryState
from domain.remedies import RemedyKind
from storage import coupons as coupon_rows
from tests.api.test_appeals import METRIC, MONEY, POINTS, Court, court
from tests.api.test_claims import refused, story
from tests.builders import usd
from tests.marketplaces import Asking

__all__ = ["court", "story"]

SEEN = """query ($id: ID!) { opposedAppeals(first: 5, filter: {claimId: $id}) { nodes { id state outcome aboutMoney
  moneyUndone respondBy response availableActions appellant { __typename } claim { id } } }
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
    return (await ask(caller, SEEN, id=claim.id))["opposedAppeals"]["nodes"]


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
