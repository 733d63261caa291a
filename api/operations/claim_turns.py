"""The turn of a claim: what changed is kept and told, the duties of the state left are done, the next one starts."""

from api.operations.duties import end_duties, start_duty
from domain import claims
from domain.change import Change
from domain.claims import (
    Claim,
    ClaimEvent,
    ClaimState,
    Side,
)
from domain.clocks import Duty
from domain.decisions import DecisionKind, decision
from domain.explain import Finding
from domain.ids import DecisionId, EventId
from storage.unit_of_work import Outcome, Work


async def step(work: Work, change: Change[Claim], side: Side, note: str | None) -> Outcome:
    """The change with its event and its clocks."""
    await work.keep(change)
    await take_turn(work, change, side, note)
    return Outcome({"claim": change.after.id})


async def take_turn(work: Work, change: Change[Claim], side: Side, note: str | None) -> None:
    """What happened is told; the duties of the state left are done, that of the state entered starts."""
    claim = change.after
    tell(work, change, side, note)
    if change.before is not None:
        await end_duties(work, claim.id)
    duty = claims.WORK_TO_DO[claim.state]
    if duty is not None and claim.due_at is not None:
        party_id = claim.party_id if duty is Duty.ANSWER_CLAIM else None
        await start_duty(work, duty, claim.id, claim.due_at, party_id=party_id)


async def close(work: Work, claim: Claim, side: Side = Side.SYSTEM) -> Claim:
    """Its remedies have ended, and with them the claim; one that is closed already stays as it is."""
    if claim.state is not ClaimState.DECIDED:
        return claim
    change = claims.close_claim(claim, work.at)
    await step(work, change, side, None)
    return change.after


def tell(work: Work, change: Change[Claim], side: Side, note: str | None) -> None:
    """What happened stands in the claim's events, the side's word with the first."""
    for place, happening in enumerate(change.happened):
        told = note if place == 0 else None
        work.add(ClaimEvent(work.new_id(EventId), change.after.id, happening.name, side, told, work.at))


def explain(work: Work, id: DecisionId, claim: Claim, kind: DecisionKind, tree: Finding) -> None:
    """The decision is stored with its tree and the rule versions that it rests on."""
    work.add(
        decision(
            id,
            claim.id,
            kind,
            tree,
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(claim.rule_version_id, claim.procedure_version_id),
        )
    )
