"""A loss that several parties share: each owes its share by a recovery of its own, to the cent, whatever follows."""

from __future__ import annotations

from datetime import timedelta

from api.operations import claims, orders, recoveries
from domain import words
from domain.claims import AnswerClaim, Claim, ClaimOutcome, ClaimReason, DecideClaim
from domain.explain import Finding
from domain.ids import LiablePartyId, OrderId
from domain.liability import Bearer, Share, Shares
from domain.orders import CancelOrder
from domain.recoveries import DisputeRecovery, Recovery, RecoveryState, ResolveRecovery
from domain.remedies import Award, RemedyKind
from storage import carrier_claims as case_rows
from storage import party_statements
from storage.party_statements import Month
from tests.api.test_claims import DAY_AFTER, refused, story
from tests.api.test_remedies import Losses, losses
from tests.builders import START, usd

__all__ = ["losses", "story"]

ODD = Shares.of({Bearer.SUPPLIER: 5_000, Bearer.PROVIDER: 5_000})
"""The supplier gave the promise, the provider carried the goods; half a cent is the supplier's."""


async def carried(losses: Losses, *minors: int) -> Claim:
    """A claim against the supplier for goods that the provider carried and that never came."""
    order_id = await losses.order(*minors)
    lines = [line.id for line in (await losses.read_order(order_id)).lines]
    await losses.market.ship(order_id, losses.story.provider_id, lines)
    await losses.market.move(DAY_AFTER)
    return await losses.story.open(order_id, ClaimReason.NOT_RECEIVED_LOST)


async def by_party(losses: Losses, claim: Claim, *, refund: bool) -> dict[LiablePartyId, Recovery]:
    """Party -> what it owes of the claim's refund, or of its coupon; the claim's own party first."""
    found = [each for each in await losses.recoveries(claim) if (each.refund_id is not None) is refund]
    return {each.party_id: each for each in sorted(found, key=lambda each: each.position)}


async def said(losses: Losses, party_id: LiablePartyId) -> list[tuple[str, int, int]]:
    """The party's statement over all time: what each line is, and what it did to both accounts in cents."""
    month = Month(party_id, "USD", START - timedelta(days=1), START + timedelta(days=900))
    async with losses.market.pool.acquire(losses.market.tenant_id) as connection:
        lines = [line async for line in party_statements.all_lines(connection, losses.market.tenant_id, month)]
    assert all(line.claim is not None and line.recovery is not None for line in lines)
    return [(line.kind.value, line.receivable.minor, line.contingent.minor) for line in lines]


async def test_each_party_that_shares_in_a_loss_owes_its_own_share_with_lines_of_its_own(losses: Losses) -> None:
    claim = await carried(losses, 300_00)
    line_id = claim.lines[0].line_id
    await losses.provide(
        claim,
        ODD,
        Award(RemedyKind.REFUND_PARTIAL, usd(100_01), line_id),
        Award(RemedyKind.COUPON, usd(50_01), line_id),
    )
    supplier, provider = losses.story.supplier_id, losses.story.provider_id
    refunds = await by_party(losses, claim, refund=True)
    assert [(party, each.due.minor) for party, each in refunds.items()] == [(supplier, 50_01), (provider, 50_00)]
    coupons = await by_party(losses, claim, refund=False)
    assert [(p, each.contingent.minor) for p, each in coupons.items()] == [(supplier, 25_01), (provider, 25_00)]
    coupon, later = await losses.story.coupon(claim), await losses.story.later_order()
    for minor in (1, 1, 1, 20_00):
        await losses.story.redeem(coupon, later, usd(minor))
    spent = await by_party(losses, claim, refund=False)
    assert [each.due.minor for each in spent.values()] == [10_02, 10_01]  # halves of 20.03, not of its parts
    assert await losses.story.faults() == []
    await losses.market.act(losses.market.staff, orders.cancel_order, CancelOrder(later))
    back = await by_party(losses, claim, refund=False)
    assert [(each.due.minor, each.contingent.minor) for each in back.values()] == [(0, 25_01), (0, 25_00)]
    await losses.market.move(coupon.expires_at + timedelta(microseconds=1))
    over = await by_party(losses, claim, refund=False)
    assert [(each.state, each.released.minor) for each in over.values()] == [
        (RecoveryState.RELEASED, 25_01),
        (RecoveryState.RELEASED, 25_00),
    ]
    lines = await said(losses, provider)
    assert lines[:2] == [("OPENED", 0, 25_00), ("FELL_DUE", 50_00, 0)]
    assert lines[-1] == ("RELEASED", 0, -25_00)
    assert {kind for kind, _, _ in lines} == {"OPENED", "FELL_DUE", "REVERSED", "RELEASED"}
    assert (sum(due for _, due, _ in lines), sum(may for _, _, may in lines)) == (50_00, 0)
    async with losses.market.pool.acquire(losses.market.tenant_id) as connection:
        account = (await case_rows.loss_accounts(connection, losses.market.tenant_id, [claim.id]))[claim.id]
    assert (account.given_to_buyer, account.charged_to_party, account.borne_by_platform) == (
        usd(100_01),
        usd(100_01),
        usd(0),
    )
    assert await losses.story.faults() == []


async def test_a_party_disputes_its_own_share_and_the_other_s_stays(losses: Losses) -> None:
    claim = await carried(losses, 300_00)
    await losses.market.act(losses.supplier, claims.contest_claim, AnswerClaim(claim.id, "It was shipped."))
    shares = (Share(Bearer.PROVIDER, 7_000), Share(Bearer.SUPPLIER, 2_000), Share(Bearer.PLATFORM, 1_000))
    wish = DecideClaim(claim.id, ClaimOutcome.GRANTED, "Lost on the way.", shares=shares)
    await losses.market.act(losses.market.staff, claims.decide_claim, wish)
    owed = await by_party(losses, claim, refund=True)
    provider = losses.market.provider(losses.story.provider_id)
    his = owed[losses.story.provider_id]
    assert (his.due, owed[losses.story.supplier_id].due) == (usd(210_00), usd(60_00))
    async with losses.market.pool.acquire(losses.market.tenant_id) as connection:  # both caused it, as far as it goes
        counted = await connection.fetch("SELECT coalesce(supplier_id, provider_id) AS id, count FROM party_counters")
    assert {(row["id"], row["count"]) for row in counted} == {(party, 1) for party in owed}
    await losses.market.act(provider, recoveries.dispute_recovery, DisputeRecovery(his.id, "The supplier packed it."))
    await losses.market.act(
        losses.market.staff, recoveries.resolve_recovery, ResolveRecovery(his.id, False, "So it was.")
    )
    after = await by_party(losses, claim, refund=True)
    assert [after[party].due.minor for party in (losses.story.provider_id, losses.story.supplier_id)] == [0, 60_00]
    assert await losses.story.faults() == []


async def test_a_share_is_not_laid_on_somebody_whom_the_order_does_not_have(losses: Losses) -> None:
    claim = await losses.lost(300_00)
    await losses.market.act(losses.supplier, claims.contest_claim, AnswerClaim(claim.id, "It was shipped."))
    shares = (Share(Bearer.PROVIDER, 4_000), Share(Bearer.SUPPLIER, 6_000))
    wish = DecideClaim(claim.id, ClaimOutcome.GRANTED, "Lost.", shares=shares)
    assert await refused(losses.market.act(losses.market.staff, claims.decide_claim, wish)) == [
        "liability_bearer_on_order"
    ]
    told = words.sentence(
        Finding("liability.bearer", False, "liability_bearer_on_order", {"bearer": "PROVIDER", "basisPoints": 4_000})
    )
    assert told.startswith("40 % of the loss are laid on the PROVIDER")
    lines = [line.id for line in (await losses.read_order(OrderId(claim.order_id))).lines]
    await losses.market.ship(OrderId(claim.order_id), losses.story.provider_id, lines)
    await losses.market.act(losses.market.staff, claims.decide_claim, wish)
    owed = await by_party(losses, claim, refund=True)
    assert [each.due.minor for each in owed.values()] == [180_00, 120_00]
    assert await losses.story.faults() == []
