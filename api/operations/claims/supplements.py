"""What a buyer's appeal adds to a claim that was granted in part. The order and the claim are locked by the caller."""

from dataclasses import replace

from api.operations import claim_turns, remedies
from api.operations.claims import cases
from domain import claims
from domain.claims import Claim, Side, rulings, supplements
from domain.decisions import DecisionKind
from domain.explain import Finding, Input
from domain.ids import ClaimLineId, DecisionId
from storage.unit_of_work import Work


async def supplement(work: Work, claim: Claim, note: str | None, *, freed: bool) -> Claim:
    """The buyer gets what the rule gives beyond what it got; the claim is APPEALED until the appeal is ended.

    `freed` says that the liable party's own appeal freed it: then the marketplace bears the party's share. Refuses
    where the rule gives nothing for the facts, or nothing more.
    """
    named = [line.line_id for line in claim.lines] if claim.itemised else ()
    case = await cases.case_of(work, claim.coverage_id, claim.reason, named)
    judgement = case.judged(work.at, liable=True)
    proposed, _ = case.shares(claim)
    shares = supplements.borne_by(claim.liability or proposed, claim.party_bears, freed=freed)
    ruling = rulings.by_rule(claim, judgement, shares, lambda: work.new_id(ClaimLineId))
    wished = supplements.supplement(claim, ruling)
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
    await remedies.provide(work, change.after, case.cover, added.awards, shares)
    return change.after
