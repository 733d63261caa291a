"""Negotiating a claim: one side offers, the other accepts, declines or counters; silence lets an offer lapse.

Locks: the order, then the claim, then the offer that stands.
"""

from api.operations import claim_turns
from api.operations.claims import cases, steps
from domain import access, claims, procedure
from domain.claims import AnswerClaim, ClaimAction, MakeOffer, OfferState, Side, rulings
from domain.claims import offers as offering
from domain.errors import NotFound
from domain.ids import ClaimOfferId, ClaimOfferLineId
from domain.liability import Shares
from storage import claims as claim_rows
from storage.unit_of_work import Outcome, Work


async def make_offer(work: Work, command: MakeOffer) -> Outcome:
    """The caller's side says what it would settle for; the offer that stood is countered by it.

    Refuses with Invalid lines that are not the claim's, with Refused what is above the loss, with both numbers.
    """
    access.require(work.caller, "makeOffer")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.MAKE_OFFER)
    side = _side(work, claim)
    profile, calendar = await cases.clocks_of(work, claim), await cases.market_days(work)
    change = claims.make_offer(
        claim,
        side,
        procedure.offer_lapses_at(profile, work.at, calendar),
        procedure.negotiation_ends_at(profile, work.at, calendar),
        work.at,
    )
    made = offering.make_offer(
        claim,
        side,
        command.lines,
        command.note,
        change.after.due_at or work.at,
        number=1 + await claim_rows.offers_made(work.connection, work.tenant_id, claim.id),
        id=work.new_id(ClaimOfferId),
        line_ids=[work.new_id(ClaimOfferLineId) for _ in command.lines],
        at=work.at,
    )
    if claim.offer_by is not None:
        await steps.end_offer(work, claim, OfferState.COUNTERED)
    await work.keep(made)
    await claim_turns.step(work, change, side, command.note)
    return Outcome({"claim": claim.id, "offer": made.after.id})


async def accept_offer(work: Work, command: AnswerClaim) -> Outcome:
    """The caller's side agrees to the offer of the other: the claim is settled by it."""
    access.require(work.caller, "acceptOffer")
    claim, case = await cases.locked(work, command.claim_id, ClaimAction.ACCEPT_OFFER)
    offer = await claim_rows.lock_offer(work.connection, work.tenant_id, claim.id)
    if offer is None:
        raise NotFound("no offer stands", field=("claimId",))
    await work.keep(offering.end_offer(offer, OfferState.ACCEPTED, work.at))
    ruling = rulings.by_agreement(claim, offering.wishes(offer), Shares.whole(claim.party_bears))
    await steps.agree(work, claim, case, ruling, _side(work, claim), command.note)
    return Outcome({"claim": claim.id, "offer": offer.id})


async def decline_offer(work: Work, command: AnswerClaim) -> Outcome:
    """The caller's side does not agree; both may still offer until the negotiation ends."""
    access.require(work.caller, "declineOffer")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.DECLINE_OFFER)
    offer = await claim_rows.lock_offer(work.connection, work.tenant_id, claim.id)
    if offer is None:
        raise NotFound("no offer stands", field=("claimId",))
    await work.keep(offering.end_offer(offer, OfferState.DECLINED, work.at))
    await claim_turns.step(
        work, claims.end_offer(claim, "claim.offer_declined", work.at), _side(work, claim), command.note
    )
    return Outcome({"claim": claim.id, "offer": offer.id})


def _side(work: Work, claim: claims.Claim) -> Side:
    """The caller's side of the claim, which `cases.locked` has seen to be one."""
    return claims.side_of(claim, work.caller) or Side.STAFF
