"""Appeals through their operations: each effect undone by itself, the rest untouched, the books in balance."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from api.operations import appeals, capabilities, claims, coupons, onboarding, points
from domain.access import Caller, Person, Role, ViewerKind
from domain.access import Scope as AccessScope
from domain.appeals import (
    AmendAppeal,
    AnswerAppealRequest,
    Appeal,
    AppealEffect,
    AppealOutcome,
    AppealState,
    Content,
    DecideAppeal,
    DraftAppeal,
    StepAppeal,
)
from domain.capabilities import RestrictProvider, Scope
from domain.claims import AnswerClaim, Claim, ClaimOutcome, ClaimReason, ClaimState, DecideClaim
from domain.coupons import CouponState, RevokeCoupon
from domain.dates import MICROSECOND
from domain.errors import Conflict, Forbidden, NotFound, Refused
from domain.ids import AppealId, Id, PointsEntryId, ProviderId, RestrictionId, ReviewId
from domain.ledger import AccountName
from domain.measures import MeasureState
from domain.members import guest_id
from domain.onboarding import ApplicationVerdict
from domain.penalties import Violation
from domain.points import EntryState, PenaliseParty, PointsEntry
from storage import appeals as appeal_rows
from storage import capabilities as restriction_rows
from storage import measures as measure_rows
from storage import points as point_rows
from storage import scorecards as scorecard_rows
from tests.api.test_claims import DAY_AFTER, Story, refused, story
from tests.applicants import in_review
from tests.builders import usd
from tests.marketplaces import Asking, Marketplace

__all__ = ["story"]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CONDUCT = Content("It was not us.", "A late lorry.", "We changed the carrier.", "We measure it now.")


class Court:
    """A story whose claims can be appealed: by the party of a claim for a service that was granted by staff."""

    def __init__(self, story: Story) -> None:
        self.story, self.market = story, story.market
        self.judge = self.market.caller(Role.ADJUDICATOR)
        self.reviewer = self.market.caller(Role.ADJUDICATOR, Role.SUPPORT)
        self.desk = self.market.staff

    @property
    def party(self) -> Caller:
        return self.market.supplier(self.story.supplier_id)

    async def granted(self, outcome: ClaimOutcome = ClaimOutcome.GRANTED) -> Claim:
        """A claim for a service that staff decided; granted, it gives 200.00 as a coupon, and points."""
        story = self.story
        claim = await story.open(await story.serviced_order(10_000_00), ClaimReason.SERVICE_NOT_FINISHED)
        await self.market.act(self.party, claims.contest_claim, AnswerClaim(claim.id, "We were there."))
        await self.market.act(self.judge, claims.decide_claim, DecideClaim(claim.id, outcome, "So be it."))
        return await story.claim(claim.id)

    async def entries(self, claim: Claim) -> tuple[PointsEntry, ...]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await point_rows.by_causes(connection, self.market.tenant_id, [claim.id])

    async def excluded(self, claim: Claim) -> bool:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await scorecard_rows.excluded(connection, self.market.tenant_id, claim.id)

    async def draft(self, caller: Caller, id: Id, *sought: AppealEffect, content: Content = CONDUCT) -> Appeal:
        wish = DraftAppeal(id, tuple(sought), content)
        outcome = await self.market.act(caller, appeals.draft_appeal, wish)
        return await self.read(AppealId(str(outcome.things["appeal"])))

    async def file(self, caller: Caller, id: Id, *sought: AppealEffect) -> Appeal:
        drafted = await self.draft(caller, id, *sought)
        return await self.step(caller, appeals.file_appeal, drafted)

    async def step(self, caller: Caller, operation: Any, appeal: Appeal, note: str | None = None) -> Appeal:
        await self.market.act(caller, operation, StepAppeal(appeal.id, note))
        return await self.read(appeal.id)

    async def heard(self, appeal: Appeal) -> Appeal:
        """Admitted and taken by the reviewer."""
        await self.step(self.reviewer, appeals.admit_appeal, appeal)
        return await self.step(self.reviewer, appeals.take_appeal, appeal)

    async def decide(self, appeal: Appeal, undone: Sequence[AppealEffect], *, buyer_keeps: bool = True) -> Appeal:
        wish = DecideAppeal(appeal.id, tuple(undone), "We looked again.", buyer_keeps)
        await self.market.act(self.reviewer, appeals.decide_appeal, wish)
        return await self.read(appeal.id)

    async def read(self, id: AppealId) -> Appeal:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await appeal_rows.get(connection, self.market.tenant_id, id)

    async def points(self) -> PointsEntry:
        """Points that the desk gave the supplier."""
        wish = PenaliseParty(
            self.story.supplier_id, (Violation.OFF_PLATFORM_STEERING,), await self.market.now(), "The price was bait."
        )
        outcome = await self.market.act(self.desk, points.penalise_party, wish)
        return await self.entry(PointsEntryId(str(outcome.things["pointsEntry"])))

    async def entry(self, id: PointsEntryId) -> PointsEntry:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await point_rows.get(connection, self.market.tenant_id, id)


@pytest.fixture
def court(story: Story) -> Court:
    return Court(story)


# -- each effect by itself ---------------------------------------------------------------------------------------------

MONEY, POINTS, METRIC = AppealEffect.MONEY, AppealEffect.POINTS, AppealEffect.METRIC


@pytest.mark.parametrize(
    ("undone", "outcome"),
    [
        ((), AppealOutcome.UPHELD),
        ((POINTS,), AppealOutcome.PARTLY),
        ((MONEY,), AppealOutcome.PARTLY),
        ((METRIC,), AppealOutcome.PARTLY),
        ((MONEY, POINTS), AppealOutcome.PARTLY),
        ((MONEY, POINTS, METRIC), AppealOutcome.OVERTURNED),
    ],
    ids=lambda value: "+".join(value) or "nothing" if isinstance(value, tuple) else None,
)
async def test_each_effect_of_a_claim_is_undone_by_itself(
    court: Court, undone: tuple[AppealEffect, ...], outcome: AppealOutcome
) -> None:
    """B19: the money, the points and the mark are undone one by one, and the rest stays as it was."""
    claim = await court.granted()
    coupon = await court.story.coupon(claim)
    await court.story.redeem(coupon, await court.story.later_order(), usd(80_00))
    filed = await court.file(court.party, claim.id)
    assert filed.sought == (MONEY, POINTS, METRIC)
    (suspended,) = await court.entries(claim)
    assert suspended.state is EntryState.SUSPENDED_BY_APPEAL
    assert (await court.story.claim(claim.id)).state is ClaimState.APPEALED
    final = await court.decide(await court.heard(filed), undone)
    assert (final.state, final.outcome, final.undone) == (AppealState.FINAL, outcome, undone)
    (entry,) = await court.entries(claim)
    assert (entry.state is EntryState.REVERSED) == (POINTS in undone)
    assert (entry.state in {EntryState.IN_FORCE, EntryState.PENDING_NOTICE}) == (POINTS not in undone)
    assert await court.excluded(claim) == (METRIC in undone)
    owed = (await court.story.books()).get(AccountName.PARTY_RECEIVABLE, 0)
    assert owed == (0 if MONEY in undone else 80_00)
    contingent = (await court.story.books()).get(AccountName.CONTINGENT, 0)
    assert contingent == (0 if MONEY in undone else 120_00)
    kept = await court.story.coupon(claim)
    assert (kept.state, kept.left) == (CouponState.PARTLY_USED, usd(120_00)), "the buyer keeps what it was given"
    after = await court.story.claim(claim.id)
    assert after.state is ClaimState.DECIDED
    assert after.final_at is not None
    assert await court.story.faults() == []


async def test_the_buyer_keeps_nothing_that_has_not_reached_it_where_the_decision_says_so(court: Court) -> None:
    claim = await court.granted()
    filed = await court.heard(await court.file(court.party, claim.id, MONEY))
    await court.decide(filed, [MONEY], buyer_keeps=False)
    assert (await court.story.coupon(claim)).state is CouponState.REVOKED
    assert (await court.story.books()).get(AccountName.BUYER_COUPON_LIABILITY, 0) == 0
    assert await court.story.faults() == []


async def test_only_what_was_sought_can_be_undone(court: Court) -> None:
    claim = await court.granted()
    filed = await court.heard(await court.file(court.party, claim.id, POINTS))
    assert await refused(court.decide(filed, [MONEY])) == ["appeal_effect_sought"]
    final = await court.decide(filed, [POINTS])
    assert final.outcome is AppealOutcome.OVERTURNED


async def test_a_denied_buyer_is_granted_on_appeal_what_the_rule_gives(court: Court) -> None:
    claim = await court.granted(ClaimOutcome.DENIED)
    filed = await court.file(court.story.buyer, claim.id)
    assert filed.sought == (MONEY,)
    await court.decide(await court.heard(filed), [MONEY])
    granted = await court.story.claim(claim.id)
    assert (granted.state, granted.outcome) == (ClaimState.DECIDED, ClaimOutcome.GRANTED)
    assert (await court.story.coupon(granted)).amount == usd(200_00)
    assert await court.story.faults() == []


async def test_a_denial_that_is_upheld_stays(court: Court) -> None:
    claim = await court.granted(ClaimOutcome.DENIED)
    filed = await court.heard(await court.file(court.story.buyer, claim.id))
    await court.decide(filed, [])
    after = await court.story.claim(claim.id)
    assert (after.state, after.outcome) == (ClaimState.CLOSED, ClaimOutcome.DENIED)
    assert await court.story.books() == {}


# -- who, when, how often ----------------------------------------------------------------------------------------------


async def test_a_decision_is_appealed_once_and_by_whom_it_is_against(court: Court) -> None:
    claim = await court.granted()
    with pytest.raises(NotFound):
        await court.draft(court.story.buyer, claim.id)
    with pytest.raises(NotFound):
        await court.draft(court.market.supplier(await court.market.register_supplier()), claim.id)
    with pytest.raises(Forbidden):
        await court.draft(court.reviewer, claim.id)
    second = await court.draft(court.party, claim.id)
    filed = await court.file(court.party, claim.id)
    await court.decide(await court.heard(filed), [])
    assert await refused(court.draft(court.party, claim.id)) == ["appeal_once_per_decision"]
    assert await refused(court.step(court.party, appeals.file_appeal, second)) == ["appeal_once_per_decision"]


async def test_what_a_party_accepted_itself_it_does_not_appeal(court: Court) -> None:
    order_id = await court.story.late_order()
    await court.market.move(DAY_AFTER)
    claim = await court.story.open(order_id)
    await court.story.accept(claim)
    provider = court.market.provider(court.story.provider_id)
    assert await refused(court.draft(provider, claim.id)) == ["appeal_not_of_own_acceptance"]


async def test_the_last_microsecond_of_the_seventh_day_is_in_time_and_the_next_is_not(court: Court) -> None:
    claim = await court.granted()
    assert claim.appealable_until is not None
    first = await court.draft(court.party, claim.id)
    await court.market.move(claim.appealable_until + MICROSECOND)
    assert "appeal_in_time" in await refused(court.step(court.party, appeals.file_appeal, first))
    assert "appeal_in_time" in await refused(court.draft(court.party, claim.id))
    other = await court.granted()
    assert other.appealable_until is not None
    draft = await court.draft(court.party, other.id)
    await court.market.move(other.appealable_until)
    assert (await court.step(court.party, appeals.file_appeal, draft)).state is AppealState.FILED


async def test_who_decided_first_neither_admits_nor_reviews(court: Court) -> None:
    claim = await court.granted()
    filed = await court.file(court.party, claim.id)
    judge = court.market.caller(Role.ADJUDICATOR, Role.SUPPORT)
    same = Caller(
        judge.tenant_id, court.judge.actor_id, judge.organisation_id, None, judge.roles, judge.viewer, judge.scopes
    )
    assert await refused(court.step(same, appeals.admit_appeal, filed)) == ["appeal_not_by_first_decider"]
    await court.step(court.reviewer, appeals.admit_appeal, filed)
    assert await refused(court.step(same, appeals.take_appeal, filed)) == ["appeal_not_by_first_decider"]
    taken = await court.step(court.reviewer, appeals.take_appeal, filed)
    other = court.market.caller(Role.ADJUDICATOR)
    wish = DecideAppeal(taken.id, (), "no")
    assert await refused(court.market.act(other, appeals.decide_appeal, wish)) == ["appeal_taken_by_you"]
    await court.step(other, appeals.take_appeal, taken)
    await court.market.act(other, appeals.decide_appeal, wish)


async def test_a_draft_is_its_writers_alone_and_can_be_changed(court: Court, ask: Asking) -> None:
    claim = await court.granted()
    drafted = await court.draft(court.party, claim.id)
    text = "query ($id: ID!) { appeal(id: $id) { state grounds availableActions } }"
    assert (await ask(court.reviewer, text, id=drafted.id))["appeal"] is None
    with pytest.raises(NotFound):
        await court.step(court.reviewer, appeals.admit_appeal, drafted)
    wish = AmendAppeal(drafted.id, Content("Better words."))
    await court.market.act(court.party, appeals.amend_appeal, wish)
    own = (await ask(court.party, text, id=drafted.id))["appeal"]
    assert own == {
        "state": "DRAFT",
        "grounds": "Better words.",
        "availableActions": ["AMEND_APPEAL", "FILE_APPEAL"],
    }
    filed = await court.step(court.party, appeals.file_appeal, drafted)
    assert await refused(court.market.act(court.party, appeals.amend_appeal, wish)) == ["appeal_state_allows"]
    seen = (await ask(court.reviewer, text, id=filed.id))["appeal"]
    assert seen["availableActions"] == ["ADMIT_APPEAL", "DISMISS_APPEAL"]


# -- rounds and clocks -------------------------------------------------------------------------------------------------


async def test_a_question_stops_the_platforms_time_for_as_long_as_it_waits(court: Court) -> None:
    claim = await court.granted()
    taken = await court.heard(await court.file(court.party, claim.id))
    assert taken.decide_by is not None
    assert taken.last_at is not None
    asked = await court.step(court.reviewer, appeals.request_appeal_information, taken, "Where is the report?")
    assert asked.due_at == await court.market.now() + 72 * HOUR
    await court.market.move(await court.market.now() + 30 * HOUR)
    answer = AnswerAppealRequest(asked.id, "Here it is.", ())
    await court.market.act(court.party, appeals.answer_appeal_request, answer)
    answered = await court.read(asked.id)
    assert answered.state is AppealState.UNDER_REVIEW
    assert (answered.decide_by, answered.last_at) == (taken.decide_by + 30 * HOUR, taken.last_at + 30 * HOUR)
    assert [(each.question, each.answer) for each in answered.rounds] == [("Where is the report?", "Here it is.")]


async def test_silence_about_a_question_ends_after_72_hours_and_a_third_question_is_refused(court: Court) -> None:
    claim = await court.granted()
    taken = await court.heard(await court.file(court.party, claim.id))
    for _ in range(2):
        asked = await court.step(court.reviewer, appeals.request_appeal_information, taken, "And?")
        assert asked.due_at is not None
        await court.market.move(asked.due_at + MICROSECOND)
        late = AnswerAppealRequest(asked.id, "Too late.", ())
        assert "appeal_state_allows" in await refused(
            court.market.act(court.party, appeals.answer_appeal_request, late)
        )
    again = await court.read(taken.id)
    assert [each.silent for each in again.rounds] == [True, True]
    third = court.step(court.reviewer, appeals.request_appeal_information, again, "And?")
    assert await refused(third) == ["appeal_rounds_left"]


async def test_the_platforms_silence_admits_then_is_overdue_then_decides_by_the_rule(court: Court) -> None:
    claim = await court.granted()
    filed = await court.file(court.party, claim.id)
    assert filed.due_at is not None
    assert filed.decide_by is not None
    assert filed.last_at is not None
    await court.market.move(filed.due_at + MICROSECOND)
    assert (await court.read(filed.id)).state is AppealState.ADMISSIBLE
    await court.market.move(filed.decide_by + MICROSECOND)
    overdue = await court.read(filed.id)
    assert (overdue.state, overdue.overdue_at is not None, overdue.due_at) == (
        AppealState.ADMISSIBLE,
        True,
        filed.last_at,
    )
    await court.market.move(filed.last_at + MICROSECOND)
    final = await court.read(filed.id)
    assert (final.state, final.outcome) == (AppealState.FINAL, AppealOutcome.UPHELD)
    (entry,) = await court.entries(claim)
    assert entry.state in {EntryState.IN_FORCE, EntryState.PENDING_NOTICE}
    assert (await court.story.claim(claim.id)).state is ClaimState.DECIDED


async def test_an_inadmissible_appeal_leaves_everything_as_it_was(court: Court) -> None:
    claim = await court.granted()
    filed = await court.file(court.party, claim.id)
    over = await court.step(court.reviewer, appeals.dismiss_appeal, filed, "It says nothing new.")
    assert (over.state, over.note) == (AppealState.INADMISSIBLE, "It says nothing new.")
    (entry,) = await court.entries(claim)
    assert entry.state in {EntryState.IN_FORCE, EntryState.PENDING_NOTICE}
    assert (await court.story.claim(claim.id)).state is ClaimState.DECIDED


# -- other subjects ----------------------------------------------------------------------------------------------------


async def test_points_are_appealed_with_root_cause_correction_and_prevention(court: Court) -> None:
    entry = await court.points()
    bare = await court.draft(court.party, entry.id, content=Content("Unfair."))
    assert await refused(court.step(court.party, appeals.file_appeal, bare)) == ["appeal_says_what_it_must"] * 3
    filed = await court.file(court.party, entry.id)
    assert (await court.entry(entry.id)).state is EntryState.SUSPENDED_BY_APPEAL
    assert (entry.appealable_until - entry.given_at).days == 30
    await court.decide(await court.heard(filed), [POINTS])
    assert (await court.entry(entry.id)).state is EntryState.REVERSED


async def test_the_platforms_silence_about_points_takes_them_back(court: Court) -> None:
    filed = await court.file(court.party, (await court.points()).id)
    assert filed.last_at is not None
    await court.market.move(filed.last_at + MICROSECOND)
    final = await court.read(filed.id)
    assert (final.outcome, final.undone) == (AppealOutcome.OVERTURNED, (POINTS,))


async def test_a_restriction_of_the_desk_is_lifted_on_appeal(court: Court) -> None:
    id = court.story.provider_id
    wish = RestrictProvider(id, Scope(markets=frozenset({"JP"})), "It answers nobody.")
    made = await court.market.act(court.market.caller(Role.SUPPORT), capabilities.restrict_provider, wish)
    provider = court.market.provider(id)
    filed = await court.file(provider, RestrictionId(str(made.things["restriction"])))
    await court.decide(await court.heard(filed), [AppealEffect.RESTRICTION])
    async with court.market.pool.acquire(court.market.tenant_id) as connection:
        assert await restriction_rows.live_by_provider(connection, court.market.tenant_id, id) == ()


async def test_a_measure_is_lifted_on_appeal_and_its_points_stay(court: Court) -> None:
    entry = await court.points()
    async with court.market.pool.acquire(court.market.tenant_id) as connection:
        (measure, *_) = await measure_rows.live_by_party(connection, court.market.tenant_id, entry.party_id)
    filed = await court.file(court.party, measure.id)
    assert (await court.entry(entry.id)).state is entry.state
    await court.decide(await court.heard(filed), [AppealEffect.RESTRICTION])
    async with court.market.pool.acquire(court.market.tenant_id) as connection:
        lifted = await measure_rows.get(connection, court.market.tenant_id, measure.id)
    assert lifted.state in {MeasureState.LIFTED, MeasureState.CALLED_OFF}
    assert (await court.entry(entry.id)).state is entry.state


async def test_a_revoked_coupon_is_good_again_on_appeal(court: Court) -> None:
    claim = await court.granted()
    coupon = await court.story.coupon(claim)
    wish = RevokeCoupon(coupon.id, "A mistake, we thought.")
    await court.market.act(court.market.caller(Role.FINANCE, Role.ADMIN), coupons.revoke_coupon, wish)
    filed = await court.file(court.story.buyer, coupon.id)
    await court.decide(await court.heard(filed), [MONEY])
    again = await court.story.coupon(claim)
    assert (again.state, again.left) == (CouponState.ACTIVE, usd(200_00))
    assert await court.story.faults() == []


# -- as clients see it -------------------------------------------------------------------------------------------------


async def test_whether_something_can_be_appealed_is_told_before(court: Court, ask: Asking) -> None:
    claim = await court.granted()
    text = """query ($id: ID!) { appealability(subjectId: $id) { kind open effects until
      findings { reason holds text } appeal { state } } }"""
    seen = (await ask(court.party, text, id=claim.id))["appealability"]
    assert (seen["kind"], seen["open"], seen["effects"]) == ("CLAIM_DECISION", True, ["METRIC", "MONEY", "POINTS"])
    assert (await ask(court.story.buyer, text, id=claim.id))["appealability"] is None
    await court.file(court.party, claim.id)
    after = (await ask(court.party, text, id=claim.id))["appealability"]
    assert (after["open"], after["appeal"]) == (False, {"state": "FILED"})


async def test_a_decision_says_effect_by_effect_what_it_changes(court: Court, ask: Asking) -> None:
    claim = await court.granted()
    filed = await court.heard(await court.file(court.party, claim.id))
    await court.decide(filed, [POINTS])
    text = """query ($id: ID!) { appeal(id: $id) { outcome undone claim { id } appellant { __typename }
      finalDecision { kind holds tree { text because { reason holds text(locale: ZH) } } } } }"""
    seen = (await ask(court.party, text, id=filed.id))["appeal"]
    assert seen["claim"] == {"id": claim.id}
    tree = seen["finalDecision"]["tree"]
    assert [each["holds"] for each in tree["because"]] == [False, True, False, True]
    assert tree["because"][1]["text"] == "POINTS 已撤销。"


async def test_two_who_decide_at_once_decide_once(court: Court) -> None:
    claim = await court.granted()
    filed = await court.heard(await court.file(court.party, claim.id))
    answers = await asyncio.gather(*(court.decide(filed, [MONEY]) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, Appeal) for answer in answers) == 1
    assert all(isinstance(answer, Appeal | Refused | Conflict) for answer in answers)
    assert await court.story.faults() == []


async def test_a_rejected_applicant_may_apply_again_at_once_on_appeal(market: Marketplace) -> None:
    person = Person("https://issuer.example", "Ada")
    guest = Caller(
        market.id,
        guest_id(person),
        None,
        None,
        frozenset({Role.GUEST}),
        ViewerKind.PUBLIC,
        frozenset(AccessScope),
        person,
    )
    applicant = await in_review(market, guest, 1)
    id = ProviderId(str(applicant.party_id))
    verdict = ApplicationVerdict(id, "We doubt it.")
    await market.act(market.staff(Role.SUPPORT), onboarding.reject_application, verdict)
    review = await market.pool.fetchval(market.id, "SELECT id FROM reviews WHERE provider_id = $1", id)
    content = Content("Every paper is there.")
    drafted = await market.act(applicant.caller, appeals.draft_appeal, DraftAppeal(ReviewId(review), (), content))
    step = StepAppeal(AppealId(str(drafted.things["appeal"])))
    await market.act(applicant.caller, appeals.file_appeal, step)
    reviewer = market.staff(Role.ADJUDICATOR, Role.SUPPORT)
    for operation in (appeals.admit_appeal, appeals.take_appeal):
        await market.act(reviewer, operation, step)
    decided = DecideAppeal(step.appeal_id, (AppealEffect.RESTRICTION,), "The papers are there.")
    await market.act(reviewer, appeals.decide_appeal, decided)
    state = await market.pool.fetchval(market.id, "SELECT state FROM providers WHERE id = $1", id)
    assert state == "DRAFT"
    bars = "SELECT count(*) FROM bars WHERE provider_id = $1 AND lifted_at IS NULL"
    assert await market.pool.fetchval(market.id, bars, id) == 0
