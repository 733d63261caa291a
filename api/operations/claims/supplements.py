"""What a buyer's appeal adds to a claim that was granted in part. The order and the claim are locked by the caller."""

from collections.abc import Collection

from api.operations import bearers, claim_turns, remedies
from api.operations.claims import cases
from domain import claims
from domain.claims import Claim, Side, rulings, supplements
from domain.copies import replace
from domain.decisions import DecisionKind
from domain.explain import Finding, Input
from domain.ids import ClaimLineId, DecisionId, LiablePartyId
from storage import remedies as remedy_rows
from storage.unit_of_work import Work


async def supplement(work: Work, claim: Claim, note: str | None, *, freed: Collection[LiablePartyId]) -> Claim:
    """The buyer gets what the rule gives beyond what it got; the claim is APPEALED until the appeal is ended.

    What failed in kind is paid instead, and what is still to be done in kind although the buyer had asked for money is
    called off and paid. `freed` are the parties that their own appeals freed: the marketplace bears their shares.
    Refuses where the rule gives nothing for the facts, or nothing more.
    """
    named = [line.line_id for line in claim.lines] if claim.itemised else ()
    case = await cases.case_of(work, claim.coverage_id, claim.reason, named)
    judgement = case.judged(work.at, liable=True)
    proposed, _ = case.shares(claim)
    shares = claim.liability or proposed
    parties = await bearers.of(work, claim, case.rows.order, shares) if freed else {}
    shares = supplements.borne_by(shares, [bearer for bearer, party_id in parties.items() if party_id in freed])
    given = await remedy_rows.by_claim(work.connection, work.tenant_id, claim.id)
    in_money = supplements.owed_in_money(claim, given)
    ruling = rulings.by_rule(claim, judgement, shares, lambda: work.new_id(ClaimLineId))
    wished = supplements.supplement(claim, ruling, judgement.remedy, in_money)
    left = await remedies.within(work, replace(claim, lines=wished.lines), case.cover, wished.awards)
    added = supplements.capped(claim, wished, left)
    decided = work.new_id(DecisionId)
    change = supplements.supplement_claim(claim, added, decided, work.at)
    await work.keep(change)
    by: dict[str, Input] = {"by": Side.STAFF.value}
    more = Finding("claim.decision", True, "claim_supplemented_on_appeal", by)
    tree = claims.found_liable(judgement.grounds, more, rulings.borne(shares))
    claim_turns.explain(work, decided, change.after, DecisionKind.COMPENSATION, tree)
    claim_turns.tell(work, change, Side.STAFF, note)
    await remedies.call_off(work, claim, in_money)
    await remedies.provide(work, change.after, case.cover, added.awards, shares)
    return change.after
