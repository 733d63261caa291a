"""What people do with a claim: open, accept, contest, escalate, take up, decide, reopen, withdraw."""

from api.operations import claim_turns, priorities, second_eyes
from api.operations.claims import cases, steps
from api.operations.duties import start_duty
from domain import access, claims, clocks, coverage, procedure
from domain.claims import AnswerClaim, ClaimAction, DecideClaim, OpenClaim, Side, rulings
from domain.claims.overlaps import one_loss
from domain.decisions import DecisionKind
from domain.errors import Conflict, NotFound
from domain.explain import Finding
from domain.ids import ClaimId, ClaimLineId, DecisionId
from domain.liability import Shares
from storage.unit_of_work import Outcome, Work


async def open_claim(work: Work, command: OpenClaim) -> Outcome:
    """A claim under the cover waits for the liable party's answer, or first for the end of a chargeback on its order.

    Refuses with all reasons what the rule's judgement, the profile's time to file and another claim for the same loss
    say against it; with NotFound another buyer's cover; with Conflict a second claim under the cover; with Invalid or
    Refused requests for lines that are not the claim's or above what was lost.
    """
    access.require(work.caller, "openClaim")
    named = [wish.line_id for wish in command.lines]
    case = await cases.case_of(work, command.coverage_id, command.reason, named)
    if not work.caller.is_operator and work.caller.party_id != case.cover.buyer_id:
        raise NotFound("there is no such cover", field=("coverageId",))
    if case.rows.claim is not None:
        number = case.rows.claim.number
        raise Conflict(f"There is a claim under this cover already: {number}.", field=("coverageId",))
    version = await cases.procedure_in_force(work)
    calendar = await cases.market_days(work)
    judgement = case.judged(work.at, besides=coverage.conditions(case.cover, work.at))
    filing = procedure.filing_facts(case.rows.order, case.rows.shipments, case.rows.contacted_at, named)
    besides = (
        claims.may_open(command.reason, work.caller),
        *procedure.fileable(procedure.claim_clocks(version), command.reason, filing, work.at, calendar),
        *one_loss(judgement.cause, judgement.late_line_ids, case.rows.others),
    )
    id, decided = work.new_id(ClaimId), work.new_id(DecisionId)
    lines = rulings.opened_lines(id, judgement, command.lines, lambda: work.new_id(ClaimLineId))
    change = claims.open_claim(
        case.cover,
        command.reason,
        command.note,
        judgement,
        procedure.deadlines(version, command.reason, work.at, calendar),
        id=id,
        decision_id=decided,
        lines=lines,
        itemised=bool(command.lines),
        besides=besides,
        queue_rank=await priorities.queue_rank(work, case.rows.level),
        at=work.at,
    )
    claim = change.after
    ended = [clocks.complete(clock, at=work.at) for clock in case.rows.clocks]
    await work.keep(change, coverage.claim_coverage(case.cover, claim.id), *ended)
    tree = claims.found_liable(judgement.grounds, *besides)
    claim_turns.explain(work, decided, claim, DecisionKind.ELIGIBILITY, tree)
    await claim_turns.take_turn(work, change, _claimant(work), command.note)
    if case.rows.charged_back:
        await steps.suspend(work, claim)
    return Outcome({"claim": claim.id})


async def accept_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The liable party owns up; the buyer gets what the rule gives, or what is left of it.

    Refuses (`exposure.draw`) where an insurer, a bank or another claim made all of it good.
    """
    access.require(work.caller, "acceptClaim")
    claim, case = await cases.locked(work, command.claim_id, ClaimAction.ACCEPT_CLAIM)
    judgement = case.judged(work.at, liable=True)
    ruling = rulings.by_rule(
        claim, judgement, Shares.whole(claim.party_bears), lambda: work.new_id(ClaimLineId)
    )  # whoever owns up bears it
    left = await steps.within(work, claim, case.cover, ruling)
    ruling = left if rulings.gives(left) else ruling
    accepted = Finding("claim.decision", True, "claim_accepted", {"by": Side.LIABLE_PARTY.value})
    await steps.grant(
        work, claim, case, Side.LIABLE_PARTY, command.note, accepted, ruling=ruling, name="claim.accepted"
    )
    return Outcome({"claim": claim.id})


async def contest_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The liable party disagrees; the marketplace's clock starts."""
    access.require(work.caller, "contestClaim")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.CONTEST_CLAIM)
    change = claims.contest_claim(claim, await cases.escalation(work, claim), work.at)
    await claim_turns.step(work, change, Side.LIABLE_PARTY, command.note)
    await steps.moot_offer(work, claim)
    return Outcome({"claim": claim.id})


async def escalate_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The buyer, unanswered or not content, asks the marketplace; its clock starts."""
    access.require(work.caller, "escalateClaim")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.ESCALATE_CLAIM)
    change = claims.escalate_claim(claim, await cases.escalation(work, claim), work.at)
    await claim_turns.step(work, change, _claimant(work), command.note)
    await steps.moot_offer(work, claim)
    return Outcome({"claim": claim.id})


async def take_up_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The marketplace takes the claim up; both sides bring their evidence."""
    access.require(work.caller, "takeUpClaim")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.TAKE_UP_CLAIM)
    due_at = procedure.evidence_due_at(await cases.clocks_of(work, claim), work.at, await cases.market_days(work))
    return await claim_turns.step(work, claims.take_up_claim(claim, due_at, work.at), Side.STAFF, command.note)


async def finish_evidence(work: Work, command: AnswerClaim) -> Outcome:
    """The caller's side has brought everything that it wants to bring."""
    access.require(work.caller, "finishEvidence")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.FINISH_EVIDENCE)
    side = claims.side_of(claim, work.caller) or Side.STAFF
    await steps.evidence_complete(work, claim, side, command.note)
    return Outcome({"claim": claim.id})


async def decide_claim(work: Work, command: DecideClaim) -> Outcome:
    """The marketplace decided: granted, partly granted, or denied and closed; above an amount it is proposed."""
    access.require(work.caller, "decideClaim")
    claim, case = await cases.locked(work, command.claim_id, ClaimAction.DECIDE_CLAIM)
    ruling = await steps.ruling_of(work, claim, case, command)
    if await second_eyes.proposed(work, claim, command, ruling.amount):
        return Outcome({"claim": claim.id})
    return await steps.rule(work, claim, case, command, ruling)


async def reopen_claim(work: Work, command: AnswerClaim) -> Outcome:
    """A remedy failed: the marketplace decides again."""
    access.require(work.caller, "reopenClaim")
    claim, _ = await cases.locked(work, command.claim_id, ClaimAction.REOPEN_CLAIM)
    change = claims.reopen_claim(claim, await cases.decide_due_at(work, claim), work.at)
    outcome = await claim_turns.step(work, change, _claimant(work), command.note)
    await steps.await_chargeback(work, change.after)
    return outcome


async def withdraw_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The buyer took it back; the cover is in force again and its own clock runs on."""
    access.require(work.caller, "withdrawClaim")
    claim, case = await cases.locked(work, command.claim_id, ClaimAction.WITHDRAW_CLAIM)
    released = coverage.release_coverage(case.cover, claim.id)
    await work.keep(released)
    if following := coverage.next_duty(released.after, case.rows.order, since=work.at):
        await start_duty(work, following.duty, released.after.id, following.due_at, party_id=None)
    change = claims.withdraw_claim(claim, work.at)
    await claim_turns.step(work, change, _claimant(work), command.note)
    await steps.moot_offer(work, claim)
    return Outcome({"claim": claim.id})


def _claimant(work: Work) -> Side:
    """On whose side the caller acts who acts for the buyer."""
    return Side.STAFF if work.caller.is_operator else Side.BUYER
