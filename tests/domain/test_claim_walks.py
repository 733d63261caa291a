"""The life of claims as a machine: random walks of all four profiles, and what holds wherever they lead."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from api.settings import ROOT
from domain import claims, dates, money, procedure, terms
from domain.access import Caller, Role, Scope, ViewerKind
from domain.claims import (
    Claim,
    ClaimAction,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    Consequence,
    Deadlines,
    LineWish,
    Side,
    Silence,
    offers,
    rulings,
)
from domain.claims.turns import UNLIMITED
from domain.clocks import Duty
from domain.coverage import Coverage, CoverageState
from domain.dates import Calendar
from domain.explain import Finding
from domain.exposure import LossCause
from domain.guarantees import Judgement, Promise
from domain.ids import (
    ApiKeyId,
    BuyerId,
    ClaimId,
    ClaimLineId,
    CoverageId,
    DecisionId,
    GuaranteeId,
    OrderId,
    OrderLineId,
    ProviderId,
    RuleVersionId,
    TenantId,
)
from domain.liability import Shares
from domain.money import Money
from domain.procedure import ClaimClocks
from domain.remedies import RemedyKind
from storage.minting import mint

START: Final = datetime(2026, 3, 5, 15, tzinfo=UTC)
NEW_YORK: Final = Calendar("US", "America/New_York")
MICROSECOND: Final = timedelta(microseconds=1)
PROFILES: Final = {
    file.stem: terms.read(
        ClaimClocks, {"version": file.stem, **tomllib.loads(file.read_text(encoding="utf-8"))["body"]}
    )
    for file in sorted((ROOT / "storage/rulebook/clocks").glob("*.toml"))
}
REASONS: Final = (
    ClaimReason.LATE_DELIVERY,
    ClaimReason.SERVICE_NO_VISIT,
    ClaimReason.NOT_AS_DESCRIBED_QUALITY,
    ClaimReason.NOT_AS_DESCRIBED_COUNTERFEIT,
    ClaimReason.OFF_POLICY_CONDUCT,
)
PARTY: Final = mint(ProviderId)
BUYER: Final = mint(BuyerId)
TENANT: Final = mint(TenantId)


def caller(*roles: Role, party_id: Any = None, viewer: ViewerKind = ViewerKind.STAFF) -> Caller:
    return Caller(TENANT, mint(ApiKeyId), None, party_id, frozenset(roles), viewer, frozenset(Scope))


CALLERS: Final = {
    Side.BUYER: caller(Role.BUYER, party_id=BUYER, viewer=ViewerKind.BUYER),
    Side.LIABLE_PARTY: caller(Role.PROVIDER, party_id=PARTY, viewer=ViewerKind.PROVIDER),
    Side.STAFF: caller(Role.SUPPORT, Role.ADJUDICATOR),
}
OURS: Final = frozenset(claims.MOVES) - {
    ClaimAction.TAKE_CLAIM,
    ClaimAction.ASSIGN_CLAIM,
    ClaimAction.RELEASE_CLAIM,
    ClaimAction.TAKE_OVER_CLAIM,
    ClaimAction.CONFIRM_DECISION,
    ClaimAction.RETURN_DECISION,
}
"""The actions that move a claim; the others are the desk's own affairs."""


def judgement(*parts: int) -> Judgement:
    lines = tuple((str(mint(OrderLineId)), Money(part, "USD")) for part in parts)
    amount = money.total([part for _, part in lines], "USD")
    return Judgement(
        amount,
        amount,
        tuple(id for id, _ in lines),
        Finding("after_sales", True, "guarantee_compensates"),
        RemedyKind.COUPON,
        LossCause.SERVICE,
        lines,
    )


def cover(promise: Promise = Promise.AFTER_SALES) -> Coverage:
    return Coverage(
        id=mint(CoverageId),
        order_id=mint(OrderId),
        guarantee_id=mint(GuaranteeId),
        buyer_id=BUYER,
        supplier_id=None,
        provider_id=PARTY,
        promise=promise,
        state=CoverageState.IN_FORCE,
        void_rule=None,
        rule_version_id=mint(RuleVersionId),
        terms={},
        promised_at=None,
        closes_at=None,
        in_force_at=START,
        ended_at=None,
        version=1,
    )


def line_id() -> ClaimLineId:
    return mint(ClaimLineId)


def _ends_a_day(instant: datetime) -> bool:
    return instant == dates.end_of_day(dates.local_day(instant, NEW_YORK), NEW_YORK)


class ClaimWalk(RuleBasedStateMachine):
    """One claim under one profile, its clock, and whatever its sides, staff and silence do."""

    @initialize(
        profile=st.sampled_from(sorted(PROFILES)),
        reason=st.sampled_from(REASONS),
        parts=st.lists(st.integers(1, 10**6), min_size=1, max_size=3),
    )
    def open(self, profile: str, reason: ClaimReason, parts: list[int]) -> None:
        self.clocks, self.at = PROFILES[profile], START
        self.judged = judgement(*parts)
        under = cover(next(iter(claims.REASONS[reason].promises)))
        deadlines = Deadlines(
            mint(RuleVersionId),
            procedure.answer_due_at(self.clocks, START, NEW_YORK),
            procedure.buyer_may_escalate_at(self.clocks, START, NEW_YORK),
            procedure.escalates_at(self.clocks, START, NEW_YORK),
            procedure.silence_of_party(self.clocks, reason),
            self.clocks.silence_of_claimant,
        )
        id = mint(ClaimId)
        self.claim = claims.open_claim(
            under,
            reason,
            None,
            self.judged,
            deadlines,
            id=id,
            decision_id=mint(DecisionId),
            lines=rulings.judged_lines(id, self.judged, line_id),
            at=START,
        ).after
        self.standing: tuple[LineWish, ...] = ()

    # -- what they do

    @rule(choice=st.integers(0, 999), part=st.integers(0, 100))
    def act(self, choice: int, part: int) -> None:
        """Somebody does one of the things that are possible, so that a walk of few steps leads far."""
        ways = [(side, action) for side in sorted(CALLERS) for action in sorted(self.possible(side) & OURS)]
        if ways:
            side, action = ways[choice % len(ways)]
            self.claim = self.done(action, side, part)
            assert self.claim.state in claims.MOVES[action].to

    @rule(seconds=st.integers(1, 400_000))
    def wait(self, seconds: int) -> None:
        until = self.at + timedelta(seconds=seconds)
        due_at = self.claim.due_at if claims.next_duty(self.claim) is not None else None
        self.at = until if due_at is None else min(until, due_at)

    @precondition(lambda self: claims.next_duty(self.claim) is not None)
    @rule()
    def keep_silent(self) -> None:
        """Nobody acts until the deadline; in the instant after it nothing is possible but what silence leads to."""
        duty = claims.next_duty(self.claim)
        assert duty is not None
        self.at = duty.due_at + MICROSECOND
        if self.claim.duty not in {Duty.ANSWER_CLAIM, Duty.ANSWER_OFFER}:
            for side in CALLERS:
                assert self.possible(side) & OURS <= UNLIMITED
        before = self.claim
        self.claim = self.silent()
        self.told(before, duty.otherwise)

    @precondition(lambda self: self.claim.state in claims.SUSPENDABLE)
    @rule(days=st.integers(1, 60))
    def suspend_and_resume(self, days: int) -> None:
        before = self.claim
        suspended = claims.suspend_claim(before, self.at).after
        assert claims.next_duty(suspended) is None
        self.at += timedelta(days=days)
        self.claim = claims.resume_claim(suspended, self.at, NEW_YORK).after
        if before.due_at is not None:
            assert self.claim.due_at is not None
            behind = MICROSECOND if _ends_a_day(before.due_at - MICROSECOND) else timedelta(0)
            day = dates.local_day(before.due_at - behind, NEW_YORK) + timedelta(days=days)
            exactly = before.due_at + timedelta(days=days)
            if dates.end_of_day(day, NEW_YORK) + behind < min(
                self.at, exactly
            ):  # an hour was lost, and the day with it
                day += timedelta(days=1)
            of_days = behind or _ends_a_day(before.due_at)
            expected = dates.end_of_day(day, NEW_YORK) + behind if of_days else exactly
            assert self.claim.due_at == expected, "also by hours"
        assert (self.claim.state, self.claim.duty) == (before.state, before.duty)

    @precondition(lambda self: self.claim.gained and self.claim.state in {ClaimState.DECIDED, ClaimState.CLOSED})
    @rule()
    def fail_a_remedy(self) -> None:
        until = procedure.reopenable_until(self.clocks, self.at, NEW_YORK)
        self.claim = claims.remedy_failed(self.claim, until, self.at).after

    # -- how

    def possible(self, side: Side) -> set[ClaimAction]:
        found = claims.moves(self.claim, CALLERS[side], self.at)
        return {ClaimAction(move.action) for move in found if move.available}

    def done(self, action: ClaimAction, side: Side, part: int) -> Claim:
        whole = Shares.whole(self.claim.party_bears)
        if action is ClaimAction.MAKE_OFFER:
            wishes = [
                LineWish(line.line_id, RemedyKind.COUPON, Money(max(line.loss.minor * part // 100, 1), "USD"))
                for line in self.claim.lines
            ]
            self.standing = offers.require_lines(wishes, self.claim.lines)
            lapses_at = procedure.offer_lapses_at(self.clocks, self.at, NEW_YORK)
            ends_at = procedure.negotiation_ends_at(self.clocks, self.at, NEW_YORK)
            return claims.make_offer(self.claim, side, lapses_at, ends_at, self.at).after
        if action is ClaimAction.ACCEPT_OFFER:
            return self.decided(rulings.by_agreement(self.claim, self.standing, whole))
        if action in {ClaimAction.ACCEPT_CLAIM, ClaimAction.DECIDE_CLAIM}:
            if part % 2 and action is ClaimAction.DECIDE_CLAIM:
                return self.decided(rulings.denied(self.claim, self.judged.base))
            return self.decided(rulings.by_rule(self.claim, self.judged, whole, line_id))
        decide_due_at = procedure.decide_due_at(self.clocks, self.at, NEW_YORK)
        going: dict[ClaimAction, Callable[[], Any]] = {
            ClaimAction.CONTEST_CLAIM: lambda: claims.contest_claim(self.claim, self.escalation(), self.at),
            ClaimAction.ESCALATE_CLAIM: lambda: claims.escalate_claim(self.claim, self.escalation(), self.at),
            ClaimAction.DECLINE_OFFER: lambda: claims.end_offer(self.claim, "claim.offer_declined", self.at),
            ClaimAction.TAKE_UP_CLAIM: self.taken_up,
            ClaimAction.FINISH_EVIDENCE: lambda: claims.finish_evidence(self.claim, side, decide_due_at, self.at),
            ClaimAction.REOPEN_CLAIM: lambda: claims.reopen_claim(self.claim, decide_due_at, self.at),
            ClaimAction.WITHDRAW_CLAIM: lambda: claims.withdraw_claim(self.claim, self.at),
        }
        after: Claim = going[action]().after
        return after

    def silent(self) -> Claim:
        """What the clock of the claim's duty does (`api/operations/claims/silence.py`)."""
        assert self.claim.duty is not None
        consequences: dict[Duty, Callable[[], Claim]] = {
            Duty.ANSWER_CLAIM: lambda: claims.answer_overdue(self.claim, self.at).after,
            Duty.ESCALATE_CLAIM: self.unanswered,
            Duty.ANSWER_OFFER: self.offer_unanswered,
            Duty.AGREE_ON_CLAIM: self.escalated,
            Duty.TAKE_UP_CLAIM: self.begun,
            Duty.SUBMIT_EVIDENCE: self.evidence_over,
            Duty.DECIDE_CLAIM: lambda: self.decided(self.by_rule()),
        }
        return consequences[self.claim.duty]()

    def begun(self) -> Claim:
        after: Claim = self.taken_up().after
        return after

    def unanswered(self) -> Claim:
        consequences: dict[Silence, Callable[[], Claim]] = {
            Silence.AUTO_GRANT: lambda: self.decided(self.by_rule()),
            Silence.CLOSE: lambda: self.decided(rulings.denied(self.claim, self.judged.base)),
            Silence.ESCALATE: self.escalated,
        }
        return consequences[self.claim.silence or Silence.ESCALATE]()

    def offer_unanswered(self) -> Claim:
        if self.claim.due_at == self.claim.negotiation_ends_at:
            return self.escalated()
        return claims.end_offer(self.claim, "claim.offer_lapsed", self.at).after

    def escalated(self) -> Claim:
        return claims.escalate_claim(self.claim, self.escalation(), self.at).after

    def evidence_over(self) -> Claim:
        if Side.BUYER not in self.claim.heard and self.claim.claimant_silence is Silence.CLOSE:
            return self.decided(rulings.denied(self.claim, self.judged.base, ClaimOutcome.NO_EVIDENCE))
        due_at = procedure.decide_due_at(self.clocks, self.at, NEW_YORK)
        return claims.await_decision(self.claim, due_at, "claim.evidence_over", self.at).after

    def by_rule(self) -> claims.Ruling:
        return rulings.by_rule(self.claim, self.judged, Shares.whole(self.claim.party_bears), line_id)

    def told(self, before: Claim, otherwise: Consequence) -> None:
        """What was foretold is what came."""
        came = {
            Consequence.BUYER_MAY_ESCALATE: self.claim.duty is Duty.ESCALATE_CLAIM,
            Consequence.ESCALATES: self.claim.state is ClaimState.ESCALATED,
            Consequence.GRANTED: self.claim.outcome is ClaimOutcome.GRANTED,
            Consequence.CLOSES: self.claim.state is ClaimState.CLOSED and not self.claim.gained,
            Consequence.OFFER_LAPSES: before.offer_by is not None
            and (self.claim.offer_by, self.claim.state) == (None, ClaimState.NEGOTIATING),
            Consequence.EVIDENCE_ROUND_BEGINS: self.claim.state is ClaimState.EVIDENCE_DUE,
            Consequence.GOES_TO_DECISION: self.claim.state is ClaimState.UNDER_DECISION,
            Consequence.DECIDED_ON_FILE: self.claim.outcome is not None,
        }
        beneath = {wait.otherwise for wait in claims.BENEATH.values()} | {Consequence.SERVICE_LEVEL_BREAKS}
        assert came.keys() | beneath == set(Consequence)
        assert came[otherwise], (otherwise, before.duty, self.claim.state)

    def escalation(self) -> claims.Escalation:
        return procedure.escalation(self.clocks, self.claim.reason, self.at, NEW_YORK)

    def taken_up(self) -> Any:
        due_at = procedure.evidence_due_at(self.clocks, self.at, NEW_YORK)
        return claims.take_up_claim(self.claim, due_at, self.at)

    def decided(self, ruling: claims.Ruling) -> Claim:
        until = procedure.appealable_until(self.clocks, self.at, NEW_YORK)
        return claims.decide_claim(self.claim, ruling, self.judged, mint(DecisionId), until, self.at).after

    # -- what holds wherever it leads

    @invariant()
    def whoever_must_act_can(self) -> None:
        if not hasattr(self, "claim"):
            return
        duty = claims.next_duty(self.claim)
        assert (duty is not None) == (self.claim.state in claims.UNDECIDED), "an undecided claim says whose turn it is"
        if duty is not None and self.at <= duty.due_at:
            assert self.possible(duty.by) & set(duty.actions), duty

    @invariant()
    def the_money_adds_up(self) -> None:
        if not hasattr(self, "claim"):
            return
        claim = self.claim
        assert (claim.outcome is not None) == (claim.decided_at is not None)
        if claim.outcome is not None:
            given = [line.amount for line in claim.lines if line.amount is not None]
            assert money.total(given, "USD") == claim.amount
            assert (claim.liability is not None) == claim.gained
            assert money.total([award.amount for award in claim.awards], "USD") == claim.amount
        assert all(line.amount is None or line.amount <= line.loss for line in claim.lines)
        assert claim.amount <= claim.loss

    @invariant()
    def what_has_ended_stays(self) -> None:
        if hasattr(self, "claim") and self.claim.state in claims.ENDED:
            for caller in CALLERS.values():
                found = [move for move in claims.moves(self.claim, caller, self.at) if move.action in OURS]
                assert len(found) == len(OURS)
                assert {move.action for move in found if move.available} <= {ClaimAction.REOPEN_CLAIM}
            assert self.claim.ended_at is not None


TestClaimWalks = ClaimWalk.TestCase


@pytest.mark.parametrize("reason", list(ClaimReason))
def test_every_reason_says_who_may_do_what(reason: ClaimReason) -> None:
    rule_ = claims.REASONS[reason]
    assert rule_.promises, "a reason claims under something"
    assert rule_.opened_by <= {Side.BUYER, Side.STAFF}
    assert rule_.contest == {Side.LIABLE_PARTY}
    assert rule_.offer in (frozenset(), frozenset({Side.BUYER, Side.LIABLE_PARTY})), "nobody offers to a deaf ear"
    assert rule_.appeal == {Side.BUYER, Side.LIABLE_PARTY}


def test_goods_are_lost_once_whichever_way() -> None:
    lost, damaged, late = (
        ClaimReason.NOT_RECEIVED_LOST,
        ClaimReason.NOT_AS_DESCRIBED_DAMAGED,
        ClaimReason.LATE_DELIVERY,
    )
    cause = {reason: claims.REASONS[reason].cause for reason in (lost, damaged, late)}
    assert claims.same_loss(cause[lost], cause[damaged])
    assert not claims.same_loss(cause[lost], cause[late])


def test_an_offer_that_stands_to_the_end_of_the_negotiation_does_not_lapse_but_escalates() -> None:
    walk = ClaimWalk()
    walk.open("b2b_default", ClaimReason.SERVICE_NO_VISIT, [200_00])
    walk.claim = walk.done(ClaimAction.MAKE_OFFER, Side.LIABLE_PARTY, 50)
    walk.claim = walk.done(ClaimAction.DECLINE_OFFER, Side.BUYER, 0)
    assert walk.claim.negotiation_ends_at is not None
    walk.at = walk.claim.negotiation_ends_at - timedelta(hours=1)
    walk.claim = walk.done(ClaimAction.MAKE_OFFER, Side.LIABLE_PARTY, 60)
    assert walk.claim.due_at == walk.claim.negotiation_ends_at
    walk.keep_silent()
    assert walk.claim.state is ClaimState.ESCALATED


def test_an_appeal_asks_for_a_decision_in_time_of_a_side_that_may() -> None:
    walk = ClaimWalk()
    walk.open("b2b_default", ClaimReason.SERVICE_NO_VISIT, [200_00])
    assert [part.holds for part in claims.appealable(walk.claim, Side.BUYER, START)] == [False, True, False]
    walk.claim = walk.decided(rulings.denied(walk.claim, walk.judged.base))
    until = walk.claim.appealable_until
    assert until is not None
    assert all(part.holds for part in claims.appealable(walk.claim, Side.BUYER, until))
    assert [part.holds for part in claims.appealable(walk.claim, Side.BUYER, until + MICROSECOND)] == [
        True,
        True,
        False,
    ]
    assert not all(part.holds for part in claims.appealable(walk.claim, Side.STAFF, until))
    beside = replace(walk.claim, state=ClaimState.APPEALED, resumes=ClaimState.CLOSED)
    assert all(part.holds for part in claims.appealable(beside, Side.BUYER, until)), "each side appeals by itself"
    stopped = replace(walk.claim, state=ClaimState.SUSPENDED, resumes=ClaimState.CLOSED)
    assert not all(part.holds for part in claims.appealable(stopped, Side.BUYER, until))
