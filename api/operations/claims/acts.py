"""What people do with a claim: open, accept, contest, escalate, decide, withdraw."""

from api.operations import claim_turns
from api.operations.claims import cases, steps
from api.operations.duties import start_duty
from domain import access, claims, clocks, coverage, procedure
from domain.claims import (
    AnswerClaim,
    ClaimAction,
    ClaimOutcome,
    DecideClaim,
    OpenClaim,
    Side,
)
from domain.decisions import DecisionKind
from domain.errors import Conflict, NotFound
from domain.ids import ClaimId, DecisionId
from storage import calendars
from storage.unit_of_work import Outcome, Work


async def open_claim(work: Work, command: OpenClaim) -> Outcome:
    """A claim under the cover waits for the liable party's answer.

    Refuses with all reasons what the rule's judgement finds unmet; with NotFound another buyer's cover; with Conflict a
    second claim under the cover.
    """
    access.require(work.caller, "openClaim")
    case = await cases.case_of(work, command.coverage_id, command.reason)
    if not work.caller.is_operator and work.caller.party_id != case.cover.buyer_id:
        raise NotFound("there is no such cover", field=("coverageId",))
    if case.rows.claim is not None:
        raise Conflict(f"There is a claim under this cover already: {case.rows.claim.number}.")
    version = await cases.procedure_in_force(work)
    calendar = await calendars.get(work.connection, work.market)
    judgement = case.judged(work.at, besides=coverage.conditions(case.cover, work.at))
    decided = work.new_id(DecisionId)
    change = claims.open_claim(
        case.cover,
        command.reason,
        command.note,
        judgement,
        procedure.deadlines(version, work.at, calendar),
        id=work.new_id(ClaimId),
        decision_id=decided,
        at=work.at,
    )
    claim = change.after
    ended = [clocks.complete(clock, at=work.at) for clock in case.rows.clocks]
    await work.keep(change, coverage.claim_coverage(case.cover, claim.id), *ended)
    claim_turns.explain(work, decided, claim, DecisionKind.ELIGIBILITY, judgement.tree)
    await claim_turns.take_turn(work, change, Side.STAFF if work.caller.is_operator else Side.BUYER, command.note)
    return Outcome({"claim": claim.id})


async def accept_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The liable party owns up; the buyer has the coupon."""
    access.require(work.caller, "acceptClaim")
    claim, case = await cases.locked(work, command.claim_id, ClaimAction.ACCEPT_CLAIM)
    return await steps.grant(work, claim, case, Side.LIABLE_PARTY, command.note, claims.accept_claim, "claim_accepted")


async def contest_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The liable party disagrees; the marketplace's clock starts."""
    access.require(work.caller, "contestClaim")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.CONTEST_CLAIM)
    change = claims.contest_claim(claim, await cases.decide_due_at(work, claim), work.at)
    return await claim_turns.step(work, change, Side.LIABLE_PARTY, command.note)


async def escalate_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The buyer, unanswered, asks the marketplace; its clock starts."""
    access.require(work.caller, "escalateClaim")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.ESCALATE_CLAIM)
    change = claims.escalate_claim(claim, await cases.decide_due_at(work, claim), work.at)
    return await claim_turns.step(work, change, Side.STAFF if work.caller.is_operator else Side.BUYER, command.note)


async def decide_claim(work: Work, command: DecideClaim) -> Outcome:
    """The marketplace decided: granted with the coupon, or denied and closed."""
    access.require(work.caller, "decideClaim")
    claim, case = await cases.locked(work, command.claim_id, ClaimAction.DECIDE_CLAIM)
    if command.outcome is ClaimOutcome.DENIED:
        return await steps.deny(work, claim, case, Side.STAFF, command.note, "claim_denied_by_staff")
    return await steps.grant(work, claim, case, Side.STAFF, command.note, steps.granted, "claim_granted_by_staff")


async def withdraw_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The buyer took it back; the cover is in force again and its own clock runs on."""
    access.require(work.caller, "withdrawClaim")
    claim, case = await cases.locked(work, command.claim_id, ClaimAction.WITHDRAW_CLAIM)
    released = coverage.release_coverage(case.cover, claim.id)
    await work.keep(released)
    if following := coverage.next_duty(released.after, case.rows.order, since=work.at):
        await start_duty(work, following.duty, released.after.id, following.due_at, party_id=None)
    change = claims.withdraw_claim(claim, work.at)
    return await claim_turns.step(work, change, Side.STAFF if work.caller.is_operator else Side.BUYER, command.note)
