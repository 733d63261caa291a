"""The life of an application: every step by its table, and what may be done says what will be refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain import onboarding, proofs, providers, requirements, reviews
from domain.access import Caller, Role, Scope, ViewerKind
from domain.change import Change
from domain.dates import DAY, UTC_DAYS
from domain.errors import Conflict, Refused
from domain.explain import Finding, canonical
from domain.ids import ApiKeyId, ProviderId, RequirementItemId, ReviewId, RuleVersionId, TenantId
from domain.modes import ServiceMode
from domain.onboarding import Case
from domain.proofs import Proof
from domain.providers import (
    ENDED,
    MOVES,
    STEPS,
    WORKING,
    Offer,
    Provider,
    ProviderAction,
    ProviderKind,
    ProviderState,
    Step,
)
from domain.relations import OneAccount
from domain.requirements import APPROVING, ItemState, Requirement, RequirementItem, RequirementKind, Stage
from domain.reviews import Review, ReviewState
from tests.domain.test_requirements import AT, MATRIX, PROVIDER, UPLOAD

OFFER = Offer(
    ProviderKind.NVOCC,
    frozenset({"US"}),
    frozenset({ServiceMode.SEA_FCL}),
    monthly_volume=10,
)
NUMBERS = {
    "us_ein": "911144442",
    "us_ocean_licence": "018877N",
    "legal_representative": "X1234567",
    "bank_account": "01234567",
}
BAR = Finding("bar.standing", False, "provider_not_barred")


def caller(role: Role, number: int, *, own: bool = False) -> Caller:
    kind = ViewerKind.PROVIDER if own else ViewerKind.STAFF
    party = PROVIDER.id if own else None
    return Caller(TenantId.mint(1, 1), ApiKeyId.mint(1, number), None, party, frozenset({role}), kind, frozenset(Scope))


APPLICANT = caller(Role.PROVIDER, 1, own=True)
DESK, SECOND = caller(Role.ADMIN, 2), caller(Role.ADMIN, 3)


def case(provider: Provider = PROVIDER, *items: RequirementItem, at: datetime = AT, **members: object) -> Case:
    standings = requirements.standings(MATRIX, provider, items, at, held={})
    made = Case(provider, MATRIX, standings, (), OneAccount((), ()), None)
    return replace(made, **members)  # type: ignore[arg-type]


def proof_of(requirement: Requirement, until: datetime) -> Proof:
    """Something that meets the requirement until then."""
    return Proof(
        value=NUMBERS.get(requirement.key, "12345") if requirement.scheme is not None else None,
        declared=True if requirement.kind is RequirementKind.DECLARATION else None,
        amount=requirement.least,
        quantity=requirement.least_count,
        upload_id=UPLOAD if requirement.needs_upload else None,
        valid_until=until if requirement.dated else None,
    )


# -- the table ---------------------------------------------------------------------------------------------------------


def test_every_state_is_reached_and_every_state_but_the_beginnings_is_left() -> None:
    reached = {way.to for way in MOVES.values()}
    assert reached == set(ProviderState) - {ProviderState.INVITED}
    assert {state for state, to in STEPS.items() if not to} == set()
    assert all(ProviderState.TERMINATED in STEPS[state] for state in ProviderState if state not in {
        ProviderState.EXITED, ProviderState.TERMINATED,
    })  # fmt: skip


@pytest.mark.parametrize("step", Step)
def test_a_step_is_made_from_its_own_states_only(step: Step) -> None:
    for state in ProviderState:
        provider = replace(PROVIDER, state=state)
        if state in MOVES[step].since:
            change = providers.step(provider, step, at=AT + DAY, reason="Because.")
            assert (change.after.state, change.after.state_since, change.after.state_reason) == (
                MOVES[step].to, AT + DAY, "Because.",
            )  # fmt: skip
            assert change.happened[0].facts["from"] == state.value
        else:
            with pytest.raises(Refused) as refused:
                providers.step(provider, step, at=AT)
            assert [finding.reason for finding in refused.value.unmet] == ["provider_state_allows"], state


def test_a_provider_is_public_from_its_first_activation_on() -> None:
    approved = replace(PROVIDER, state=ProviderState.APPROVED)
    active = providers.step(approved, Step.ACTIVATE, at=AT).after
    assert active.activated_at == AT
    suspended = providers.step(active, Step.SUSPEND, at=AT + DAY).after
    assert providers.step(suspended, Step.REINSTATE, at=AT + 2 * DAY).after.activated_at == AT


# -- gaps and roles ----------------------------------------------------------------------------------------------------


def test_what_an_application_leaves_out_is_named() -> None:
    bare = replace(PROVIDER, served_markets=frozenset(), services=frozenset(), monthly_volume=None)
    found = [finding.reason for finding in onboarding.gaps(case(bare))]
    assert found[:3] == ["application_markets", "application_services", "application_volume"]
    assert set(found[3:]) == {"requirement_met"}


def test_a_bar_and_a_second_account_stand_in_the_way() -> None:
    shared = Finding("relation.one_account", False, "provider_shares_with_no_account")
    found = onboarding.gaps(case(bars=(BAR,), account=OneAccount((shared,), ())))
    assert found[-2:] == (BAR, shared)
    tree = onboarding.screening(case(bars=(BAR,), account=OneAccount((), (shared,))))
    assert not tree.holds
    assert [each.holds for each in tree.because] == [True, False, False]


def test_a_bar_that_ends_tells_when_the_way_is_open() -> None:
    ends = "2027-11-22T00:00:00Z"
    provider = replace(PROVIDER, state=ProviderState.TERMINATED)
    found = onboarding.moves(case(provider, bars=(replace(BAR, opens_at=ends),)), APPLICANT)
    reopen = next(move for move in found if move.action == ProviderAction.REOPEN_APPLICATION)
    assert (reopen.available, reopen.opens_at) == (False, datetime.fromisoformat(ends))


@pytest.mark.parametrize("action", [each for each in ProviderAction if each in onboarding._CONDITIONS])
def test_nobody_acts_for_somebody_else(action: ProviderAction) -> None:
    stranger = replace(APPLICANT, party_id=ProviderId.mint(7, 7))
    move = next(each for each in onboarding.moves(case(), stranger) if each.action == action)
    assert "provider_action_of_your_role" in [finding.reason for finding in move.because]


def test_the_same_application_gives_the_same_tree() -> None:
    one, two = (canonical(onboarding.admission(case(), DESK, holds=False, reason="No.")) for _ in range(2))
    assert one == two
    assert canonical(onboarding.admission(case(), DESK, holds=False, reason="Nope.")) != one


def test_amending_says_something_else_or_is_refused() -> None:
    with pytest.raises(Conflict):
        onboarding.amend_application(case(), OFFER, APPLICANT, at=AT)
    wider = replace(OFFER, served_markets=frozenset({"US", "CA"}))
    assert onboarding.amend_application(case(), wider, APPLICANT, at=AT).after.served_markets == {"US", "CA"}
    invited = replace(PROVIDER, state=ProviderState.INVITED)
    assert onboarding.amend_application(case(invited), OFFER, APPLICANT, at=AT).after.state is ProviderState.DRAFT
    with pytest.raises(Refused):
        onboarding.amend_application(case(replace(PROVIDER, state=ProviderState.IN_REVIEW)), wider, APPLICANT, at=AT)


def test_a_working_provider_keeps_its_kind_and_proves_what_a_wider_offer_asks() -> None:
    active = replace(PROVIDER, state=ProviderState.ACTIVE, served_markets=frozenset({"DE"}))
    with pytest.raises(Refused) as refused:
        onboarding.amend_application(case(active), replace(OFFER, kind=ProviderKind.INSPECTOR), APPLICANT, at=AT)
    assert [finding.reason for finding in refused.value.unmet] == ["provider_kind_fixed"]
    after = onboarding.amend_application(case(active), OFFER, APPLICANT, at=AT).after
    found = onboarding.amended(case(active), case(after))
    assert "us_ocean_bond_nvocc" in {standing.requirement.key for standing in found.asked}
    assert "bank_account" not in {standing.requirement.key for standing in found.asked}
    assert found.dropped == ()
    back = onboarding.amended(case(after), case(active))
    assert (back.asked, "us_ocean_bond_nvocc" in back.dropped) == ((), True)


def test_what_a_provider_did_not_declare_it_was_not_asked_for() -> None:
    sea, truck = ServiceMode.SEA_FCL, ServiceMode.TRUCK
    assert providers.declares(PROVIDER, sea, ["US"]).holds
    assert not providers.declares(PROVIDER, sea, ["US", "CN"]).holds
    assert not providers.declares(PROVIDER, truck, ["US"]).holds
    assert providers.declares(replace(PROVIDER, vouched_by="mem_desk"), truck, ["CN"]).holds


# -- the desk's queue --------------------------------------------------------------------------------------------------


def test_a_review_that_is_overdue_goes_first_and_decides_nothing() -> None:
    opened = reviews.open_review(PROVIDER, AT + 3 * DAY, id=ReviewId.mint(1, 1), at=AT).after
    flagged = reviews.flag_overdue(opened)
    assert flagged is not None
    assert (flagged.after.overdue, flagged.after.priority, flagged.after.state) == (
        True,
        reviews.FIRST,
        ReviewState.OPEN,
    )
    assert reviews.flag_overdue(flagged.after) is None
    waiting = reviews.wait(opened, "More.", AT + 14 * DAY).after
    assert reviews.flag_overdue(waiting) is None
    again = reviews.open_again(replace(waiting, endorsed_by="mem_1"), PROVIDER, AT + 9 * DAY).after
    assert (again.rounds, again.endorsed_by, again.state) == (2, None, ReviewState.OPEN)


def test_a_review_that_has_ended_is_nobodys() -> None:
    opened = reviews.open_review(PROVIDER, AT + 3 * DAY, id=ReviewId.mint(1, 1), at=AT).after
    assert reviews.assign_review(opened, DESK, DESK.actor_id).after.assignee_id == DESK.actor_id
    ended = reviews.close(opened, ReviewState.APPROVED, at=AT).after
    with pytest.raises(Refused) as refused:
        reviews.assign_review(ended, DESK, DESK.actor_id)
    assert [finding.reason for finding in refused.value.unmet] == ["review_is_live"]
    with pytest.raises(Refused):
        reviews.assign_review(opened, APPLICANT, DESK.actor_id)


# -- any order of anything ---------------------------------------------------------------------------------------------


class Life(RuleBasedStateMachine):
    """An applicant and two people of the desk do what they like, whenever; the rules keep their laws."""

    def __init__(self) -> None:
        super().__init__()
        self.at = AT
        self.number = 0
        self.items: dict[str, RequirementItem] = {}
        self.review: Review | None = None
        self.barred_until = AT
        self.provider = replace(PROVIDER, state=ProviderState.INVITED)

    @initialize(invited=st.booleans())
    def begin(self, invited: bool) -> None:
        self.provider = replace(PROVIDER, state=ProviderState.INVITED if invited else ProviderState.DRAFT)

    # -- what the machine keeps for the world

    def case(self) -> Case:
        bars = (BAR,) if self.at < self.barred_until else ()
        return case(self.provider, *self.items.values(), at=self.at, bars=bars, review=self.review)

    def keep(self, change: Change[Provider]) -> None:
        assert change.before == self.provider
        self.provider = change.after

    def keep_items(self, changes: tuple[Change[RequirementItem], ...]) -> None:
        for change in changes:
            assert change.before == self.items.get(change.after.id)
            self.items[change.after.id] = change.after

    def of(self, requirement: Requirement) -> list[RequirementItem]:
        return [
            item for item in self.items.values()
            if item.requirement == requirement.key and item.state is not ItemState.SUPERSEDED
        ]  # fmt: skip

    def new_id(self) -> RequirementItemId:
        self.number += 1
        return RequirementItemId.mint(1, self.number)

    def attempt(self, action: ProviderAction, who: Caller, do: Callable[[Case], None]) -> None:
        """The action is done if and only if it is listed as available."""
        case_ = self.case()
        move = next(each for each in onboarding.moves(case_, who) if each.action == action)
        if move.available:
            onboarding.require_move(case_, action, who)
            do(case_)
            return
        with pytest.raises(Refused) as refused:
            onboarding.require_move(case_, action, who)
        assert refused.value.unmet == move.because

    # -- the applicant

    @rule(
        markets=st.sets(st.sampled_from(["US", "DE"])),
        kind=st.sampled_from([ProviderKind.NVOCC, ProviderKind.INSPECTOR]),
    )
    def amend(self, markets: set[str], kind: ProviderKind) -> None:
        offer = replace(OFFER, served_markets=frozenset(markets), kind=kind)

        def do(case_: Case) -> None:
            try:
                self.keep(onboarding.amend_application(case_, offer, APPLICANT, at=self.at))
            except Conflict:
                assert self.provider.state is not ProviderState.INVITED
            except Refused:
                assert self.provider.state in WORKING
                assert kind is not self.provider.kind

        self.attempt(ProviderAction.AMEND_APPLICATION, APPLICANT, do)

    @rule(days=st.integers(1, 200))
    def hand_in_everything(self, days: int) -> None:
        if self.provider.state in ENDED:
            with pytest.raises(Refused):
                onboarding.open_to_proofs(self.provider)
            return
        onboarding.open_to_proofs(self.provider)
        for change in onboarding.begin(self.provider, at=self.at):
            self.keep(change)
        for finding in requirements.missing(MATRIX, self.case().standings):
            requirement = MATRIX.by_key(str(finding.inputs["requirement"]))
            assert requirement is not None
            proof = proofs.checked(MATRIX, requirement, proof_of(requirement, self.at + days * DAY), self.at)
            self.keep_items(
                proofs.submit_requirement(
                    requirement, self.provider, proof, self.of(requirement), rule_version_id=RuleVersionId("rul"),
                    id=self.new_id(), by=APPLICANT.actor_id, at=self.at,
                )
            )  # fmt: skip

    @rule()
    def submit(self) -> None:
        def do(case_: Case) -> None:
            assert not onboarding.gaps(case_)
            self.keep(providers.step(self.provider, Step.SUBMIT, at=self.at))
            self.keep(providers.step(self.provider, Step.SCREEN, at=self.at))
            assert onboarding.screening(case_).holds
            self.keep(providers.step(self.provider, Step.ADMIT, at=self.at))
            if self.review is None:
                self.number += 1
                self.review = reviews.open_review(
                    self.provider, self.at + 3 * DAY, id=ReviewId.mint(1, self.number), at=self.at
                ).after
            else:
                self.review = reviews.open_again(self.review, self.provider, self.at + 3 * DAY).after

        self.attempt(ProviderAction.SUBMIT_APPLICATION, APPLICANT, do)

    @rule()
    def reopen(self) -> None:
        def do(_: Case) -> None:
            assert self.at >= self.barred_until
            self.keep(providers.step(self.provider, Step.REOPEN, at=self.at))

        self.attempt(ProviderAction.REOPEN_APPLICATION, APPLICANT, do)

    # -- the desk

    @rule(who=st.sampled_from([DESK, SECOND]), yes=st.booleans(), only=st.integers(0, 3))
    def look(self, who: Caller, yes: bool, only: int) -> None:
        waiting = [item for item in self.items.values() if item.state is ItemState.SUBMITTED]
        for item in waiting[only:] if only else waiting:
            requirement = MATRIX.by_key(item.requirement)
            assert requirement is not None
            if not yes:
                self.keep_items((proofs.reject_requirement(item, reason="No.", by=who.actor_id, at=self.at),))
                continue
            allowed = not [f for f in proofs.reviewable(requirement, item, who.actor_id, self.at) if not f.holds]
            try:
                changes = proofs.accept_requirement(
                    requirement, item, self.of(requirement), by=who.actor_id, at=self.at, calendar=UTC_DAYS
                )
            except Refused:
                assert not allowed
            else:
                assert allowed
                self.keep_items(changes)

    @rule(who=st.sampled_from([DESK, APPLICANT]), days=st.integers(1, 60))
    def waive_all(self, who: Caller, days: int) -> None:
        def do(case_: Case) -> None:
            for standing in onboarding.open_keys(case_):
                self.keep_items(
                    proofs.waive_requirement(
                        standing.requirement, self.provider.id, self.of(standing.requirement),
                        until=self.at + days * DAY, reason="Known.", rule_version_id=RuleVersionId("rul"),
                        id=self.new_id(), by=who.actor_id, at=self.at,
                    )
                )  # fmt: skip

        self.attempt(ProviderAction.WAIVE_REQUIREMENT, who, do)

    @rule(who=st.sampled_from([DESK, SECOND, APPLICANT]))
    def approve(self, who: Caller) -> None:
        def do(case_: Case) -> None:
            assert self.review is not None
            assert not requirements.unaccepted(MATRIX, case_.standings, *APPROVING)
            if onboarding.wants_second_person(case_) and self.review.endorsed_by is None:
                self.review = reviews.endorse(self.review, who.actor_id).after
                return
            if onboarding.wants_second_person(case_):
                assert self.review.endorsed_by != who.actor_id
            self.keep(providers.step(self.provider, Step.APPROVE, at=self.at))
            self.review = None

        self.attempt(ProviderAction.APPROVE_APPLICATION, who, do)

    @rule()
    def request_changes(self) -> None:
        def do(_: Case) -> None:
            assert self.review is not None
            self.keep(providers.step(self.provider, Step.REQUEST_CHANGES, at=self.at, reason="More."))
            self.review = reviews.wait(self.review, "More.", self.at + 14 * DAY).after

        self.attempt(ProviderAction.REQUEST_CHANGES, DESK, do)

    @rule()
    def reject(self) -> None:
        def do(_: Case) -> None:
            self.keep(providers.step(self.provider, Step.REJECT, at=self.at, reason="No."))
            self.review = None
            self.barred_until = self.at + 30 * DAY

        self.attempt(ProviderAction.REJECT_APPLICATION, DESK, do)

    @rule(who=st.sampled_from([DESK, APPLICANT]))
    def activate(self, who: Caller) -> None:
        def do(case_: Case) -> None:
            assert not requirements.unaccepted(MATRIX, case_.standings, *Stage)
            self.keep(providers.step(self.provider, Step.ACTIVATE, at=self.at))

        self.attempt(ProviderAction.ACTIVATE_PROVIDER, who, do)

    @rule()
    @precondition(lambda self: self.provider.state in WORKING)
    def terminate(self) -> None:
        self.keep(providers.step(self.provider, Step.TERMINATE, at=self.at))
        self.barred_until = self.at + 365 * DAY

    @rule(hours=st.integers(1, 60 * 24))
    def wait(self, hours: int) -> None:
        self.at += timedelta(hours=hours)
        if self.review is not None and self.review.due_at < self.at:
            if self.review.state is ReviewState.WAITING:
                self.keep(providers.step(self.provider, Step.LAPSE, at=self.at))
                self.review = None
            elif (flagged := reviews.flag_overdue(self.review)) is not None:
                self.review = flagged.after

    # -- the laws

    @invariant()
    def one_item_of_a_requirement_stands_and_one_waits(self) -> None:
        live = [item for item in self.items.values() if item.state is not ItemState.SUPERSEDED]
        for states in (requirements.STANDING, requirements.PENDING):
            keys = [item.requirement for item in live if item.state in states]
            assert len(keys) == len(set(keys))

    @invariant()
    def a_review_is_open_exactly_while_the_desk_or_the_applicant_has_to_act(self) -> None:
        states = {ProviderState.IN_REVIEW: ReviewState.OPEN, ProviderState.CHANGES_REQUESTED: ReviewState.WAITING}
        expected = states.get(self.provider.state)
        assert (None if self.review is None else self.review.state) == expected

    @invariant()
    def what_is_missing_is_what_the_applicant_can_mend(self) -> None:
        for finding in requirements.missing(MATRIX, self.case().standings):
            assert finding.because, finding
            assert not finding.holds


TestLife = Life.TestCase


def test_the_whole_way_exists() -> None:
    """The machine can reach ACTIVE at all: every requirement met, looked at twice, approved twice."""
    life = Life()
    life.provider = replace(PROVIDER, state=ProviderState.DRAFT)
    life.hand_in_everything(200)
    life.submit()
    for who in (DESK, SECOND, DESK):
        life.look(who, True, 0)
    life.approve(DESK)
    life.approve(DESK)
    assert life.provider.state == "IN_REVIEW"
    life.approve(SECOND)
    life.activate(APPLICANT)
    assert life.provider.state == "ACTIVE"
