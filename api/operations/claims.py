"""Claims: opened, answered, escalated, decided and withdrawn; and what follows when nobody acts.

Locks are taken in the order of the house: the order first, which covers its lines, shipments and covers, then the
claim, then money. Every decision is stored with its tree in the transaction that it leads to.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from api.operations import coupons
from api.operations.duties import end_duties, start_duty
from domain import access, claims, clocks, coverage, dates, guarantees, procedure, service_steps, tenants
from domain.change import Change
from domain.claims import (
    AnswerClaim,
    Claim,
    ClaimAction,
    ClaimEvent,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    DecideClaim,
    OpenClaim,
    Side,
)
from domain.clocks import Clock, Duty
from domain.coverage import Coverage
from domain.decisions import DecisionKind, decision
from domain.errors import Conflict, Invalid, NotFound, Problem
from domain.exchange_rates import Conversion
from domain.explain import Finding
from domain.guarantees import Judgement, OrderFacts, Promise
from domain.ids import ClaimId, CoverageId, DecisionId, EventId, RuleVersionId
from domain.procedure import ClaimClocks, Silence
from domain.rulebook import RuleKind, RuleVersion
from domain.service_requests import RECORDED
from storage import calendars, exchange_rates, rulebook
from storage import claims as claim_rows
from storage import clocks as clock_rows
from storage import service_requests as request_rows
from storage.claims import CaseRows
from storage.unit_of_work import Outcome, Work


@dataclass(frozen=True, slots=True)
class Case:
    """What a claim is judged by: the rows with their order locked, the facts they record, and a rate where needed."""

    rows: CaseRows
    facts: OrderFacts
    conversion: Conversion | None

    @property
    def cover(self) -> Coverage:
        """The cover claimed under."""
        return self.rows.cover

    def judged(self, at: datetime, *, liable: bool | None = None, besides: tuple[Finding, ...] = ()) -> Judgement:
        """The rule's word at `at`; `liable` is what was found, `besides` are conditions of the occasion."""
        facts = replace(self.facts, liable=liable)
        return guarantees.judge(self.cover.rule, facts, at, conversion=self.conversion, besides=besides)


# -- what people do -------------------------------------------------------------------------------------------------


async def open_claim(work: Work, command: OpenClaim) -> Outcome:
    """A claim under the cover waits for the liable party's answer.

    Refuses with all reasons what the rule's judgement finds unmet; with NotFound another buyer's cover; with Conflict a
    second claim under the cover.
    """
    access.require(work.caller, "openClaim")
    case = await _case(work, command.coverage_id, command.reason)
    if not work.caller.is_operator and work.caller.party_id != case.cover.buyer_id:
        raise NotFound("there is no such cover", field=("coverageId",))
    if case.rows.claim is not None:
        raise Conflict(f"There is a claim under this cover already: {case.rows.claim.number}.")
    version = await _procedure(work)
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
    _explain(work, decided, claim, DecisionKind.ELIGIBILITY, judgement.tree)
    await _take_turn(work, change, Side.STAFF if work.caller.is_operator else Side.BUYER, command.note)
    return Outcome({"claim": claim.id})


async def accept_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The liable party owns up; the buyer has the coupon."""
    access.require(work.caller, "acceptClaim")
    claim, case = await _locked(work, command.claim_id, ClaimAction.ACCEPT_CLAIM)
    return await _grant(work, claim, case, Side.LIABLE_PARTY, command.note, claims.accept_claim, "claim_accepted")


async def contest_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The liable party disagrees; the marketplace's clock starts."""
    access.require(work.caller, "contestClaim")
    claim, _ = await _locked(work, command.claim_id, ClaimAction.CONTEST_CLAIM)
    change = claims.contest_claim(claim, await _decide_due_at(work, claim), work.at)
    return await _step(work, change, Side.LIABLE_PARTY, command.note)


async def escalate_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The buyer, unanswered, asks the marketplace; its clock starts."""
    access.require(work.caller, "escalateClaim")
    claim, _ = await _locked(work, command.claim_id, ClaimAction.ESCALATE_CLAIM)
    change = claims.escalate_claim(claim, await _decide_due_at(work, claim), work.at)
    return await _step(work, change, Side.STAFF if work.caller.is_operator else Side.BUYER, command.note)


async def decide_claim(work: Work, command: DecideClaim) -> Outcome:
    """The marketplace decided: granted with the coupon, or denied and closed."""
    access.require(work.caller, "decideClaim")
    claim, case = await _locked(work, command.claim_id, ClaimAction.DECIDE_CLAIM)
    if command.outcome is ClaimOutcome.DENIED:
        return await _deny(work, claim, case, Side.STAFF, command.note, "claim_denied_by_staff")
    return await _grant(work, claim, case, Side.STAFF, command.note, _decided, "claim_granted_by_staff")


async def withdraw_claim(work: Work, command: AnswerClaim) -> Outcome:
    """The buyer took it back; the cover is in force again and its own clock runs on."""
    access.require(work.caller, "withdrawClaim")
    claim, case = await _locked(work, command.claim_id, ClaimAction.WITHDRAW_CLAIM)
    released = coverage.release_coverage(case.cover, claim.id)
    await work.keep(released)
    if following := coverage.next_duty(released.after, case.rows.order, since=work.at):
        await start_duty(work, following.duty, released.after.id, following.due_at, party_id=None)
    change = claims.withdraw_claim(claim, work.at)
    return await _step(work, change, Side.STAFF if work.caller.is_operator else Side.BUYER, command.note)


# -- what follows by itself -------------------------------------------------------------------------------------------


async def open_automatically(work: Work, cover: Coverage, judgement: Judgement) -> Claim:
    """A late order of a buyer whose tier has that benefit is made good: claim, coupon, recovery (vector T12).

    The order is locked, the judgement holds, the cover is in force and its clock has been taken.
    """
    version = await _procedure(work)
    decided = work.new_id(DecisionId)
    change = claims.open_automatically(
        cover,
        ClaimReason.LATE_DELIVERY,
        judgement,
        version.id,
        id=work.new_id(ClaimId),
        decision_id=decided,
        at=work.at,
    )
    claim = change.after
    await work.keep(change, coverage.claim_coverage(cover, claim.id))
    _explain(work, decided, claim, DecisionKind.COMPENSATION, judgement.tree)
    await _take_turn(work, change, Side.SYSTEM, None)
    await coupons.issue_coupon(work, claim, cover)
    return claim


async def fire_answer_claim(work: Work, clock: Clock) -> None:
    """The liable party was silent: the buyer may escalate, and the next clock will."""
    claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(clock.subject_id))
    if claim.state is not ClaimState.OPEN:  # it was answered while this clock was being taken
        return
    change = claims.answer_overdue(claim, work.at)
    await work.keep(change)
    _tell(work, change, Side.SYSTEM, None)
    if change.after.due_at is not None:
        await start_duty(work, Duty.ESCALATE_CLAIM, claim.id, change.after.due_at, party_id=claim.party_id)


async def fire_escalate_claim(work: Work, clock: Clock) -> None:
    """Nobody answered or escalated: what the procedure's rule says silence means for the claim's reason."""
    claim_id = ClaimId(clock.subject_id)
    case = await _case_of_claim(work, claim_id)
    claim = await claim_rows.lock(work.connection, work.tenant_id, claim_id)
    if claim.state is not ClaimState.OPEN:
        return
    await SILENCES[procedure.silence_of_party(await _clocks(work, claim), claim.reason)](work, claim, case)


async def fire_decide_claim(work: Work, clock: Clock) -> None:
    """Staff were silent: the claim is decided on the file, as the rule judges what is recorded."""
    claim_id = ClaimId(clock.subject_id)
    case = await _case_of_claim(work, claim_id)
    claim = await claim_rows.lock(work.connection, work.tenant_id, claim_id)
    if claim.state is ClaimState.ESCALATED:
        await _decide_on_file(work, claim, case)


async def _silence_escalates(work: Work, claim: Claim, _case: Case) -> None:
    change = claims.escalate_claim(claim, await _decide_due_at(work, claim), work.at)
    await _step(work, change, Side.SYSTEM, None)


async def _silence_grants(work: Work, claim: Claim, case: Case) -> None:
    await _decide_on_file(work, claim, case)


async def _silence_closes(work: Work, claim: Claim, case: Case) -> None:
    await _deny(work, claim, case, Side.SYSTEM, None, "claim_closed_by_silence")


SILENCES: Final[Mapping[Silence, Callable[[Work, Claim, Case], Awaitable[None]]]] = {
    Silence.AUTO_GRANT: _silence_grants,
    Silence.ESCALATE: _silence_escalates,
    Silence.CLOSE: _silence_closes,
}
"""What a liable party's silence leads to, by the word of the procedure's rule."""
assert SILENCES.keys() == set(Silence)


async def _decide_on_file(work: Work, claim: Claim, case: Case) -> None:
    """Granted if the recorded facts, with the silent party found liable, bear the claim out; denied otherwise."""
    if case.judged(work.at, liable=True).tree.holds:
        await _grant(work, claim, case, Side.SYSTEM, None, _decided, "claim_granted_on_file")
    else:
        await _deny(work, claim, case, Side.SYSTEM, None, "claim_denied_on_file")


# -- steps ------------------------------------------------------------------------------------------------------------

Granting = Callable[[Claim, Judgement, DecisionId, datetime], Change[Claim]]


def _decided(claim: Claim, judgement: Judgement, decision_id: DecisionId, at: datetime) -> Change[Claim]:
    return claims.decide_claim(claim, ClaimOutcome.GRANTED, judgement, decision_id, at)


async def _grant(
    work: Work, claim: Claim, case: Case, side: Side, note: str | None, granting: Granting, reason: str
) -> Outcome:
    """The claim is granted for what the rule gives now; decision, coupon and recovery are part of it."""
    judgement = case.judged(work.at, liable=True)
    decided = work.new_id(DecisionId)
    change = granting(claim, judgement, decided, work.at)
    found = Finding("claim.decision", holds=True, reason=reason, inputs={"by": side.value})
    await work.keep(change)
    _explain(work, decided, change.after, DecisionKind.COMPENSATION, claims.found_liable(judgement.tree, found))
    await _take_turn(work, change, side, note)
    await coupons.issue_coupon(work, change.after, case.cover)
    return Outcome({"claim": claim.id})


async def _deny(work: Work, claim: Claim, case: Case, side: Side, note: str | None, reason: str) -> Outcome:
    """The claim is denied and closed; the decision says by whom and what the rule found."""
    judgement = case.judged(work.at, liable=False)
    decided = work.new_id(DecisionId)
    change = claims.decide_claim(claim, ClaimOutcome.DENIED, judgement, decided, work.at)
    found = Finding("claim.decision", holds=False, reason=reason, inputs={"by": side.value})
    await work.keep(change)
    _explain(work, decided, change.after, DecisionKind.COMPENSATION, claims.found_liable(judgement.tree, found))
    await _take_turn(work, change, side, note)
    return Outcome({"claim": claim.id})


async def _step(work: Work, change: Change[Claim], side: Side, note: str | None) -> Outcome:
    """The change with its event and its clocks."""
    await work.keep(change)
    await _take_turn(work, change, side, note)
    return Outcome({"claim": change.after.id})


async def _take_turn(work: Work, change: Change[Claim], side: Side, note: str | None) -> None:
    """What happened is told; the duties of the state left are done, that of the state entered starts."""
    claim = change.after
    _tell(work, change, side, note)
    if change.before is not None:
        await end_duties(work, claim.id)
    duty = claims.WORK_TO_DO[claim.state]
    if duty is not None and claim.due_at is not None:
        party_id = claim.party_id if duty is Duty.ANSWER_CLAIM else None
        await start_duty(work, duty, claim.id, claim.due_at, party_id=party_id)


def _tell(work: Work, change: Change[Claim], side: Side, note: str | None) -> None:
    for place, happening in enumerate(change.happened):
        told = note if place == 0 else None
        work.add(ClaimEvent(work.new_id(EventId), change.after.id, happening.name, side, told, work.at))


def _explain(work: Work, id: DecisionId, claim: Claim, kind: DecisionKind, tree: Finding) -> None:
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


# -- what they need ---------------------------------------------------------------------------------------------------


async def _locked(work: Work, claim_id: ClaimId, action: ClaimAction) -> tuple[Claim, Case]:
    """The claim and its case, locked, for somebody who may take that action now.

    Refuses: NotFound when the claim is none of the caller's, Conflict on a stale version, Refused with all reasons.
    """
    case = await _case_of_claim(work, claim_id)
    claim = await claim_rows.lock(work.connection, work.tenant_id, claim_id)
    claims.require_side(claim, work.caller)
    work.expect(claim)
    claims.require_move(claim, action, work.caller, work.at)
    return claim, case


async def _case_of_claim(work: Work, claim_id: ClaimId) -> Case:
    claim = await claim_rows.get(work.connection, work.tenant_id, claim_id)
    return await _case(work, claim.coverage_id, claim.reason)


async def _case(work: Work, coverage_id: CoverageId, reason: ClaimReason) -> Case:
    """The case, its order locked. Refuses with NotFound a cover that does not exist, with Refused a missing rate."""
    rows = await claim_rows.lock_case(work.connection, work.tenant_id, coverage_id)
    facts = coverage.order_facts(rows.order, rows.shipments)
    if reason in RECORDED and rows.cover.promise is Promise.AFTER_SALES:
        requests = await request_rows.by_coverage(work.connection, work.tenant_id, coverage_id)
        calendar = await calendars.get(work.connection, rows.order.country)
        facts = replace(facts, services=service_steps.facts(requests, calendar))
    return Case(rows, facts, await conversion(work, rows.cover, facts.currency))


async def conversion(work: Work, cover: Coverage, currency: str) -> Conversion | None:
    """Today's rate from the currency of the cover's cap into the order's; None where they are one.

    Refuses (`exchange_rate.known`) when it is needed and not recorded.
    """
    foreign = guarantees.needs_rate(cover.rule, currency)
    if foreign is None:
        return None
    calendar = await calendars.get(work.connection, work.market)
    day = dates.local_day(work.at, calendar)
    return await exchange_rates.rate(work.connection, work.tenant_id, foreign, currency, day)


async def _procedure(work: Work) -> RuleVersion:
    """The marketplace's profile as it is in force now: for a claim that is opened now (`domain.md` 6.6)."""
    return await rulebook.in_force(work.connection, work.tenant_id, work.claim_profile, work.at)


async def choose_claim_profile(work: Work, profile: str) -> Outcome:
    """Claims that are opened from now on are governed by that rule's clocks; those that are open keep theirs.

    Refuses a rule that is not in force (Refused) or not about a claim's clocks (Invalid), and the one that governs.
    """
    access.require(work.caller, "chooseClaimProfile")
    version = await rulebook.in_force(work.connection, work.tenant_id, profile, work.at)
    if version.kind is not RuleKind.CLAIM_CLOCKS:
        raise Invalid(Problem(("profile",), "is not about the clocks of a claim"))
    reading = await clock_rows.read_clock(work.connection, work.tenant_id)
    await work.keep(tenants.choose_claim_profile(reading.tenant, profile))
    return Outcome(facts={"profile": profile})


async def _clocks(work: Work, claim: Claim) -> ClaimClocks:
    """The clocks that were in force when the claim was opened."""
    version = await rulebook.get(work.connection, work.tenant_id, RuleVersionId(claim.procedure_version_id))
    return procedure.claim_clocks(version)


async def _decide_due_at(work: Work, claim: Claim) -> datetime:
    calendar = await calendars.get(work.connection, work.market)
    return procedure.decide_due_at(await _clocks(work, claim), work.at, calendar)
