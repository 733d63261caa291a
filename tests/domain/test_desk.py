"""The desk's rules: whose claim it is, when two adjudicators are needed, previews that cannot be forged."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import desk, proposals
from domain.access import Caller, Role, Scope, ViewerKind
from domain.claim_moves import moves
from domain.claims import (
    Claim,
    ClaimAction,
    ClaimOrigin,
    ClaimOutcome,
    ClaimReason,
    ClaimState,
    DecideClaim,
    LineWish,
)
from domain.claims import (
    desk as assignments,
)
from domain.desk import DeskTerms
from domain.errors import Forbidden, Invalid, Refused
from domain.exchange_rates import Conversion
from domain.ids import (
    BuyerId,
    ClaimId,
    CoverageId,
    DecisionId,
    Id,
    MemberId,
    OrderId,
    OrderLineId,
    OrganisationId,
    ProposalId,
    ProviderId,
    RuleVersionId,
    SavedFilterId,
    TenantId,
    UploadId,
)
from domain.liability import Bearer, Share
from domain.money import Money
from domain.proposals import ProposalState
from domain.remedies import RemedyKind
from domain.saved_filters import SavedFilter, SaveFilter, remove_filter, save_filter

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = DeskTerms("rul_1", Money(5_000_00, "USD"))


I = TypeVar("I", bound=Id)  # noqa: E741 - an id's kind


def numbered(kind: type[I], number: int) -> I:
    return kind(f"{kind.prefix}_{number:026d}")


ANN, BOB = numbered(MemberId, 1), numbered(MemberId, 2)


def caller(
    actor: MemberId, *roles: Role, viewer: ViewerKind = ViewerKind.STAFF, party: BuyerId | None = None
) -> Caller:
    return Caller(
        numbered(TenantId, 1), actor, numbered(OrganisationId, 1), party, frozenset(roles), viewer, frozenset(Scope)
    )


def claim(state: ClaimState = ClaimState.ESCALATED, **members: object) -> Claim:
    made = Claim(
        id=numbered(ClaimId, 1),
        number="C-1",
        order_id=numbered(OrderId, 1),
        coverage_id=numbered(CoverageId, 1),
        buyer_id=numbered(BuyerId, 1),
        supplier_id=None,
        provider_id=numbered(ProviderId, 1),
        reason=ClaimReason.LATE_DELIVERY,
        origin=ClaimOrigin.APPLICATION,
        state=state,
        outcome=None,
        base=Money(250_000, "USD"),
        amount=Money(10_000, "USD"),
        rule_version_id=numbered(RuleVersionId, 1),
        procedure_version_id=numbered(RuleVersionId, 2),
        decision_id=numbered(DecisionId, 1),
        note=None,
        answer_due_at=AT,
        escalation_opens_at=AT,
        escalates_at=AT,
        due_at=AT,
        opened_at=AT,
        updated_at=AT,
        decided_at=None,
        ended_at=None,
        version=1,
    )
    return replace(made, **members)  # type: ignore[arg-type]


def blocked(subject: Claim, who: Caller, action: ClaimAction) -> set[str]:
    (move,) = [move for move in moves(subject, who, AT, inspecting=False) if move.action == action.value]
    return {finding.reason for finding in move.because}


def test_a_claim_is_taken_once_and_taken_over_only_from_a_colleague() -> None:
    ann, bob = caller(ANN, Role.SUPPORT), caller(BOB, Role.ADJUDICATOR)
    free = claim()
    assert blocked(free, ann, ClaimAction.TAKE_CLAIM) == set()
    assert blocked(free, ann, ClaimAction.TAKE_OVER_CLAIM) == {"claim_is_a_colleagues"}
    taken = assignments.take_claim(free, ANN, AT).after
    assert (taken.assignee_id, taken.assigned_at, taken.version, taken.updated_at) == (ANN, AT, 2, free.updated_at)
    assert blocked(taken, bob, ClaimAction.TAKE_CLAIM) == {"claim_is_nobodys"}
    assert blocked(taken, ann, ClaimAction.TAKE_OVER_CLAIM) == {"claim_is_a_colleagues"}
    assert blocked(taken, bob, ClaimAction.TAKE_OVER_CLAIM) == set()
    assert blocked(taken, bob, ClaimAction.RELEASE_CLAIM) == {"claim_is_yours"}
    over = assignments.take_over_claim(taken, BOB, AT).after
    assert over.assignee_id == BOB
    assert assignments.release_claim(over).after.assignee_id is None


def test_what_a_colleague_has_nobody_else_decides() -> None:
    taken = assignments.take_claim(claim(), ANN, AT).after
    assert blocked(taken, caller(BOB, Role.ADJUDICATOR), ClaimAction.DECIDE_CLAIM) == {"claim_is_yours_or_nobodys"}
    assert blocked(taken, caller(ANN, Role.ADJUDICATOR), ClaimAction.DECIDE_CLAIM) == set()


def test_an_ended_claim_is_nobodys_to_take() -> None:
    ended = claim(ClaimState.CLOSED)
    assert blocked(ended, caller(ANN, Role.SUPPORT), ClaimAction.TAKE_CLAIM) == {"claim_state_allows"}


def test_the_proposer_never_confirms_and_what_waits_is_not_decided_again() -> None:
    waiting = assignments.propose(claim(), numbered(ProposalId, 1), ANN).after
    ann, bob = caller(ANN, Role.ADJUDICATOR), caller(BOB, Role.ADJUDICATOR)
    assert blocked(waiting, ann, ClaimAction.CONFIRM_DECISION) == {"proposed_by_somebody_else"}
    assert blocked(waiting, bob, ClaimAction.CONFIRM_DECISION) == set()
    assert blocked(waiting, bob, ClaimAction.DECIDE_CLAIM) == {"no_decision_waits_for_second"}
    assert blocked(claim(), bob, ClaimAction.CONFIRM_DECISION) == {"decision_waits_for_second"}
    assert blocked(assignments.unpropose(waiting).after, bob, ClaimAction.DECIDE_CLAIM) == set()


@pytest.mark.parametrize("action", list(ClaimAction))
def test_a_party_is_told_the_same_whoever_has_the_claim(action: ClaimAction) -> None:
    buyer = caller(ANN, Role.BUYER, viewer=ViewerKind.BUYER, party=numbered(BuyerId, 1))
    plain, taken = claim(), assignments.take_claim(claim(), BOB, AT).after
    waiting = assignments.propose(taken, numbered(ProposalId, 1), BOB).after
    assert blocked(plain, buyer, action) == blocked(taken, buyer, action) == blocked(waiting, buyer, action)


# -- second eyes


def test_the_amount_itself_needs_one_adjudicator_and_a_cent_more_two() -> None:
    assert desk.one_pair_of_eyes(TERMS, Money(5_000_00, "USD")).holds
    assert not desk.one_pair_of_eyes(TERMS, Money(5_000_01, "USD")).holds


def test_another_currency_is_compared_at_its_rate_and_needs_two_without() -> None:
    rate = Conversion("EUR", "USD", date(2026, 3, 1), Decimal("1.25"))
    assert desk.one_pair_of_eyes(TERMS, Money(4_000_00, "EUR"), rate).holds
    assert not desk.one_pair_of_eyes(TERMS, Money(4_000_01, "EUR"), rate).holds
    unknown = desk.one_pair_of_eyes(TERMS, Money(1, "EUR"))
    assert (unknown.holds, unknown.reason) == (False, "amount_comparable")
    assert desk.one_pair_of_eyes(TERMS, Money.zero("EUR")).holds


def test_whoever_decided_first_reviews_no_appeal() -> None:
    assert not desk.reviewer({ANN}, ANN).holds
    assert desk.reviewer({ANN}, BOB).holds


WISH = DecideClaim(
    numbered(ClaimId, 1),
    ClaimOutcome.PARTLY,
    "Half of it.",
    (
        LineWish(numbered(OrderLineId, 1), RemedyKind.REFUND_PARTIAL, Money(6_000_00, "USD")),
        LineWish(numbered(OrderLineId, 2), RemedyKind.REPLACEMENT),
    ),
    (Share(Bearer.PROVIDER, 6_000), Share(Bearer.PLATFORM, 4_000)),
    (numbered(UploadId, 1),),
)


def test_what_is_confirmed_is_what_was_wished() -> None:
    made = proposals.propose(
        WISH, Money(6_000_00, "USD"), numbered(RuleVersionId, 1), ANN, id=numbered(ProposalId, 1), at=AT
    ).after
    assert proposals.wish_of(made) == WISH
    confirmed = proposals.confirm(made, Money(6_000_00, "USD"), BOB, AT).after
    assert (confirmed.state, confirmed.ended_by, confirmed.ended_at) == (ProposalState.CONFIRMED, BOB, AT)
    with pytest.raises(Refused) as refused:
        proposals.confirm(made, Money(6_000_01, "USD"), BOB, AT)
    assert [finding.reason for finding in refused.value.unmet] == ["decision_as_proposed"]


# -- previews


@given(
    st.dictionaries(
        st.integers(0, 10**9).map(lambda number: numbered(ClaimId, number)),
        st.integers(0, 2**32).map(lambda version: desk.fingerprint({"version": version})),
        min_size=1,
        max_size=desk.CLAIMS_MAX,
    )
)
def test_a_token_says_what_was_previewed(effects: dict[ClaimId, str]) -> None:
    text = desk.preview_text(ANN, ClaimOutcome.DENIED, "No.", effects)
    assert desk.effects_of(desk.token_of(text, "seal")) == ("seal", effects)


@pytest.mark.parametrize("token", ["", "seal", ".clm_1:aa", "seal.clm_1", "seal.clm_1:a:b"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(Invalid):
        desk.effects_of(token)


def test_a_preview_is_of_one_person_one_outcome_and_one_text() -> None:
    effects = {numbered(ClaimId, 1): "aa"}
    texts = {
        desk.preview_text(actor, outcome, note, effects)
        for actor in (ANN, BOB)
        for outcome in (ClaimOutcome.DENIED, ClaimOutcome.GRANTED)
        for note in ("No.", "Yes.")
    }
    assert len(texts) == 8


# -- saved filters


def saved(owner: MemberId) -> SavedFilter:
    wish = SaveFilter("Late ones", shared=True, conditions={"states": ["OPEN"]})
    return save_filter(None, wish, owner, id=numbered(SavedFilterId, 1), at=AT).after


def test_a_saved_filter_is_its_owners_to_change_and_remove() -> None:
    mine = saved(ANN)
    again = SaveFilter("Later ones", shared=False, conditions={"states": ["ESCALATED"]}, id=mine.id)
    changed = save_filter(mine, again, ANN, id=numbered(SavedFilterId, 2), at=AT).after
    assert (changed.id, changed.name, changed.shared, changed.version) == (mine.id, "Later ones", False, 2)
    with pytest.raises(Forbidden):
        save_filter(mine, again, BOB, id=numbered(SavedFilterId, 2), at=AT)
    with pytest.raises(Forbidden):
        remove_filter(mine, BOB, AT)
    assert remove_filter(mine, ANN, AT).after.removed_at == AT


def test_a_filter_without_conditions_is_not_kept() -> None:
    with pytest.raises(Invalid):
        save_filter(None, SaveFilter("All", shared=False, conditions={}), ANN, id=numbered(SavedFilterId, 1), at=AT)
