"""A claim whose sides told each other of it and bargained, and a scan that was disputed, for tests."""

from __future__ import annotations

from typing import Any

from api.operations import claims
from domain.claims import ContactParty, LineWish, MakeOffer, ScanDispute
from domain.ids import ClaimId, CoverageId, ScanDisputeId
from domain.remedies import RemedyKind
from storage import claims as claim_rows
from storage.unit_of_work import Outcome, Work
from tests.builders import Market, usd
from tests.marketplaces import Marketplace, Member


async def bargained(market: Marketplace, building: Market, buyer: Member, supplier: Member, claim_id: ClaimId) -> None:
    """Both sides have offered in the buyer's claim against the supplier; the buyer's offer stands."""
    async with building.pool.acquire(market.id) as connection:
        claim = await claim_rows.get(connection, market.id, claim_id)
    told = ContactParty(CoverageId(claim.coverage_id), "Nobody came.")
    await market.act(buyer.caller, claims.contact_party, told)
    for member, minor in ((supplier, 10_00), (buyer, 20_00)):
        wish = LineWish(claim.lines[0].line_id, RemedyKind.COUPON, usd(minor))
        await market.act(member.caller, claims.make_offer, MakeOffer(claim_id, (wish,), "Settled?"))
    await building.act(building.staff, _dispute, told.coverage_id)


async def _dispute(work: Work, coverage_id: CoverageId) -> Outcome:
    """The scan of the cover is disputed, as if its rule left time for that."""
    work.add(ScanDispute(work.new_id(ScanDisputeId), coverage_id, "We stood at the door.", work.at))
    return Outcome()


def attempts(one: dict[str, str], money: dict[str, str], keyed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """For every mutation of bargaining that takes an id: a well formed input about things of others."""
    claim = {"claimId": one["clm"], "note": "Mine now.", **keyed}
    return {
        "contactParty": {"coverageId": one["cov"], "note": "Mine now."},
        "disputeScan": {"coverageId": one["cov"], "note": "Mine now.", **keyed},
        "makeOffer": {**claim, "lines": [{"lineId": one["lin"], "remedy": "COUPON", "amount": money}]},
        "acceptOffer": claim,
        "declineOffer": claim,
        "takeUpClaim": claim,
        "finishEvidence": claim,
        "reopenClaim": claim,
    }
