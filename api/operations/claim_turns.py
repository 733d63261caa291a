"""The turn of a claim: what changed is kept and told, the duties of the state left are done, the next one starts.

Knows nothing of remedies and returns, so that they may call it.
"""

from collections.abc import Sequence

from api.operations import second_eyes
from api.operations.duties import start_duty
from domain import claims, clocks
from domain.change import Change
from domain.claims import Claim, ClaimEvent, Side
from domain.claims.steps import CLOSABLE
from domain.clocks import Clock
from domain.decisions import DecisionKind, decision
from domain.explain import Finding
from domain.ids import DecisionId, EventId, LiablePartyId, PartyId
from storage import clocks as clock_rows
from storage.unit_of_work import Outcome, Work


async def step(work: Work, change: Change[Claim], side: Side, note: str | None) -> Outcome:
    """The change with its event and its clocks."""
    left = await duties_left(work, change)
    await work.keep(change)
    await take_turn(work, change, side, note, left)
    return Outcome({"claim": change.after.id})


async def duties_left(work: Work, change: Change[Claim]) -> list[Clock]:
    """The live clocks of the duties that the step leaves behind, this transaction's until its end.

    For `take_turn`. Asked before the change is kept, which to be seen would have to be sent in a statement of its own.
    """
    if change.before is None or not _moves_on(change):
        return []
    return await clock_rows.lock_live(work.connection, work.tenant_id, change.after.id)


async def take_turn(
    work: Work, change: Change[Claim], side: Side, note: str | None, left: Sequence[Clock] = ()
) -> None:
    """What happened is told; the duties left (`duties_left`) are done, that of the state entered starts.

    A duty that the step leaves as it was keeps its clock, and with it whatever a hold did to it.
    """
    tell(work, change, side, note)
    for clock in left:
        await work.keep(clocks.complete(clock, at=work.at))
    if _moves_on(change):
        await start(work, change.after)
    await second_eyes.lapse(work, change.before, change.after)


def _moves_on(change: Change[Claim]) -> bool:
    """Whether another duty waits than before, or until another instant."""
    before, claim = change.before, change.after
    return before is None or (before.duty, before.due_at) != (claim.duty, claim.due_at)


async def start(work: Work, claim: Claim) -> None:
    """The clock of what has to be done with the claim now runs; none where nothing has."""
    duty = claims.next_duty(claim)
    if duty is not None and claim.duty is not None:
        await start_duty(work, claim.duty, claim.id, duty.due_at, party_id=_acts(claim, duty.by))


def _acts(claim: Claim, side: Side) -> PartyId | LiablePartyId | None:
    """The party whose turn it is; None where it is the marketplace's."""
    if side is Side.BUYER:
        return claim.buyer_id
    return claim.party_id if side is Side.LIABLE_PARTY else None


async def close(work: Work, claim: Claim, side: Side = Side.SYSTEM) -> Claim:
    """Its remedies have ended, and with them the claim; one that waits for something else stays as it is.

    While an appeal or a suspension runs, the claim is closed as soon as that is over.
    """
    if claim.state not in CLOSABLE and claim.resumes not in CLOSABLE:
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
