"""Evidence: what is needed and what is there, pieces and requests, who may bring what until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import evidence, evidence_needs
from domain.access import Caller, Role, Scope, ViewerKind
from domain.claims import Claim, ClaimLine, ClaimReason, ClaimState, Side
from domain.errors import Invalid, Refused
from domain.evidence import (
    Evidence,
    EvidenceFile,
    EvidenceRequestState,
    NewEvidence,
    RequestEvidence,
    ShownLoss,
    SubmitEvidence,
)
from domain.evidence_needs import (
    EvidenceKind,
    EvidenceNeed,
    EvidenceStage,
    EvidenceStatus,
    EvidenceTerms,
    Recorded,
    RecordedFact,
)
from domain.ids import (
    BuyerId,
    ClaimId,
    ClaimLineId,
    EvidenceFileId,
    EvidenceId,
    EvidenceRequestId,
    Id,
    OrderId,
    OrderLineId,
    SupplierId,
    TenantId,
    UploadId,
)
from domain.money import Money
from domain.remedies import RemedyKind
from tests import shipped

AT = datetime(2026, 3, 5, 15, tzinfo=UTC)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
RULE = shipped.rule(EvidenceTerms, "evidence.toml", "test")

T = TypeVar("T", bound=Id)


def minted(kind: type[T], number: int = 1) -> T:
    return kind.mint(1_772_000_000_000, number)


BUYER, SUPPLIER = minted(BuyerId), minted(SupplierId)


def claim(state: ClaimState = ClaimState.OPEN, **members: Any) -> Claim:
    """A claim about which evidence knows only this much."""
    empty: dict[str, Any] = {
        field.name: None for field in fields(Claim) if field.default is MISSING and field.default_factory is MISSING
    }
    known: dict[str, Any] = {
        "id": minted(ClaimId),
        "order_id": minted(OrderId),
        "buyer_id": BUYER,
        "supplier_id": SUPPLIER,
    }
    return Claim(**(empty | known | {"state": state, "reason": ClaimReason.LATE_DELIVERY, "version": 1} | members))


def caller(*roles: Role, party_id: Any = None, viewer: ViewerKind = ViewerKind.STAFF) -> Caller:
    return Caller(minted(TenantId), Id("key"), None, party_id, frozenset(roles), viewer, frozenset(Scope))


THE_BUYER = caller(Role.BUYER, party_id=BUYER, viewer=ViewerKind.BUYER)
THE_SUPPLIER = caller(Role.SUPPLIER, party_id=SUPPLIER, viewer=ViewerKind.SUPPLIER)
ADJUDICATOR = caller(Role.ADJUDICATOR)


def piece(kind: EvidenceKind, side: Side = Side.BUYER, at: datetime = AT, number: int = 1) -> Evidence:
    id = minted(EvidenceId, number)
    file = EvidenceFile(minted(EvidenceFileId), id, minted(UploadId), 0, "0" * 64)
    return evidence.submit_evidence(claim(), side, NewEvidence(kind, (), None), (file,), id=id, at=at).after


# -- what is needed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ClaimReason)
def test_every_reason_needs_something_of_its_own_at_every_stage(reason: ClaimReason) -> None:
    general = {EvidenceKind.INVOICE, EvidenceKind.PAYMENT_PROOF}
    for stage in EvidenceStage:
        items = evidence_needs.completeness(RULE, reason, stage, {}, {}).items
        needed = {item.kind for item in items if item.needed}
        assert needed - general, f"{reason} at {stage}: storage/rulebook/evidence.toml, its `needs`"
        assert {item.status for item in items} == {EvidenceStatus.MISSING}, stage


def test_what_is_recorded_counts_before_what_was_brought() -> None:
    need = EvidenceNeed(
        EvidenceKind.TRACKING,
        Side.LIABLE_PARTY,
        (EvidenceStage.RESPONSE,),
        proven_by=(RecordedFact.DISPATCH, RecordedFact.TRACKING),
    )
    rule = EvidenceTerms("test", (need,))
    seen = Recorded(RecordedFact.TRACKING, 3, AT)
    brought = {(Side.LIABLE_PARTY, EvidenceKind.TRACKING): 1}
    (item,) = evidence_needs.completeness(
        rule, ClaimReason.LATE_DELIVERY, EvidenceStage.RESPONSE, brought, {RecordedFact.TRACKING: seen}
    ).items
    assert (item.status, item.proven_by, item.submitted) == (EvidenceStatus.PROVEN, (seen,), 1)
    (item,) = evidence_needs.completeness(
        rule, ClaimReason.LATE_DELIVERY, EvidenceStage.RESPONSE, {(Side.BUYER, EvidenceKind.TRACKING): 1}, {}
    ).items
    assert item.status is EvidenceStatus.MISSING, "what the other side brought is not this side's"


def test_a_rule_that_asks_a_side_twice_for_the_same_is_refused() -> None:
    need = EvidenceNeed(EvidenceKind.PHOTOS, Side.BUYER, (EvidenceStage.OPENING,))
    late = replace(need, reasons=frozenset({ClaimReason.LATE_DELIVERY}))
    with pytest.raises(ValueError, match="LATE_DELIVERY at OPENING"):
        EvidenceTerms("test", (need, late))
    with pytest.raises(ValueError, match="from a party"):
        replace(need, side=Side.STAFF)


FACTS = st.sets(st.sampled_from(list(RecordedFact)))
BROUGHT = st.sets(st.tuples(st.sampled_from([Side.BUYER, Side.LIABLE_PARTY]), st.sampled_from(list(EvidenceKind))))


@given(st.sampled_from(list(ClaimReason)), st.sampled_from(list(EvidenceStage)), BROUGHT, FACTS, FACTS)
def test_more_evidence_never_makes_a_claim_less_complete(
    reason: ClaimReason,
    stage: EvidenceStage,
    brought: set[tuple[Side, EvidenceKind]],
    facts: set[RecordedFact],
    more: set[RecordedFact],
) -> None:
    def judged(known: Iterable[RecordedFact]) -> evidence_needs.Completeness:
        recorded = {fact: Recorded(fact) for fact in known}
        return evidence_needs.completeness(RULE, reason, stage, dict.fromkeys(brought, 1), recorded)

    less, all_of = judged(sorted(facts)), judged(sorted(facts | more))
    assert less.percent <= all_of.percent
    assert less == judged(sorted(facts, reverse=True)), "the order in which facts are found changes nothing"
    missing = [item for item in all_of.items if item.needed and item.status is EvidenceStatus.MISSING]
    assert (all_of.percent == 100) is not bool(missing)
    assert [all_of.complete(side) for side in (Side.BUYER, Side.LIABLE_PARTY)] == [
        side not in {item.side for item in missing} for side in (Side.BUYER, Side.LIABLE_PARTY)
    ]


# -- what is proven of a loss ------------------------------------------------------------------------------------------


def test_what_a_buyer_is_asked_for_proves_a_loss_and_whoever_is_no_party_goes_before_it() -> None:
    reason = ClaimReason.NOT_AS_DESCRIBED_DAMAGED
    found = evidence_needs.completeness(RULE, reason, EvidenceStage.ESCALATED, {}, {})
    first, second = minted(OrderLineId, 1), minted(OrderLineId, 2)

    def shows(kind: EvidenceKind, side: Side, **amounts: int) -> Evidence:
        lines = {"first": first, "second": second}
        losses = tuple(ShownLoss(lines[line], Money(amount, "USD")) for line, amount in amounts.items())
        return replace(piece(kind, side), shows=losses)

    photos = shows(EvidenceKind.PHOTOS, Side.BUYER, first=120_00, second=80_00)
    assert evidence.proven_losses(found, [photos]) == {first: Money(120_00, "USD"), second: Money(80_00, "USD")}
    more = shows(EvidenceKind.DAMAGE_REPORT, Side.BUYER, first=150_00)
    assert evidence.proven_losses(found, [photos, more])[first] == Money(150_00, "USD"), "the last word counts"
    inspected = shows(EvidenceKind.INSPECTION_REPORT, Side.STAFF, first=90_00)
    assert evidence.proven_losses(found, [inspected, photos, more])[first] == Money(90_00, "USD")
    for nothing in (
        shows(EvidenceKind.WEIGHING, Side.BUYER, first=1),
        shows(EvidenceKind.PHOTOS, Side.LIABLE_PARTY, first=1),
    ):
        assert evidence.proven_losses(found, [nothing]) == {}


def test_a_piece_shows_losses_of_the_lines_of_its_claim_in_its_currency() -> None:
    line = minted(OrderLineId)
    of_claim = ClaimLine(
        minted(ClaimLineId), minted(ClaimId), 1, line, Money(5_00, "USD"), RemedyKind.COUPON, Money(5_00, "USD")
    )
    known = claim(lines=(of_claim,), amount=Money(5_00, "USD"))
    good = ShownLoss(line, Money(0, "USD"))
    wrong = (
        good,
        good,
        ShownLoss(minted(OrderLineId, 2), Money(1, "USD")),
        ShownLoss(line, Money(1, "EUR")),
    )
    wish = SubmitEvidence(known.id, (NewEvidence(EvidenceKind.PHOTOS, (), "Look.", wrong),))
    with pytest.raises(Invalid) as refusal:
        evidence.require_pieces(wish, 0, known)
    assert [problem.field[3:] for problem in refusal.value.problems] == [
        ("1", "lineId"),
        ("2", "lineId"),
        ("3", "lineId"),
        ("3", "amount"),
    ]
    evidence.require_pieces(
        SubmitEvidence(known.id, (NewEvidence(EvidenceKind.PHOTOS, (), "Look.", (good,)),)), 0, known
    )


# -- bringing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ClaimState)
def test_evidence_is_taken_before_the_decision_and_under_appeal(state: ClaimState) -> None:
    taken = {
        ClaimState.OPEN,
        ClaimState.NEGOTIATING,
        ClaimState.ESCALATED,
        ClaimState.EVIDENCE_DUE,
        ClaimState.UNDER_DECISION,
        ClaimState.APPEALED,
        ClaimState.SUSPENDED,
    }
    for who in (THE_BUYER, THE_SUPPLIER, ADJUDICATOR):
        if state in taken:
            evidence.require_submittable(claim(state), who)
        else:
            with pytest.raises(Refused) as refusal:
                evidence.require_submittable(claim(state), who)
            assert [finding.rule for finding in refusal.value.unmet] == ["evidence.state"]


def test_somebody_else_brings_nothing() -> None:
    stranger = caller(Role.BUYER, party_id=minted(BuyerId, 2), viewer=ViewerKind.BUYER)
    with pytest.raises(Refused) as refusal:
        evidence.require_submittable(claim(ClaimState.CLOSED), stranger)
    assert [finding.rule for finding in refusal.value.unmet] == ["evidence.role", "evidence.state"]


def test_everything_that_is_wrong_with_pieces_is_told_at_once() -> None:
    upload = minted(UploadId)
    nothing = NewEvidence(EvidenceKind.PHOTOS, (), None)
    twice = NewEvidence(EvidenceKind.PHOTOS, (upload, upload), None)
    again = NewEvidence(EvidenceKind.TRACKING, (upload,), "Look.")
    many = NewEvidence(EvidenceKind.PHOTOS, tuple(minted(UploadId, n) for n in range(10, 21)), None)
    with pytest.raises(Invalid) as refusal:
        evidence.require_pieces(SubmitEvidence(minted(ClaimId), (nothing, twice, again, many)), 0)
    assert [problem.field for problem in refusal.value.problems] == [
        ("items", "0"),
        ("items", "1", "uploadIds"),
        ("items", "2", "uploadIds"),
        ("items", "3", "uploadIds"),
    ]
    word = NewEvidence(EvidenceKind.STATEMENT, (), "It is broken.")
    evidence.require_pieces(SubmitEvidence(minted(ClaimId), (word,)), evidence.PIECES_MAX - 1)
    for items, present in (((), 0), ((word,) * 21, 0), ((word,), evidence.PIECES_MAX)):
        with pytest.raises(Invalid):
            evidence.require_pieces(SubmitEvidence(minted(ClaimId), items), present)


# -- asking ------------------------------------------------------------------------------------------------------------


def asked(*kinds: EvidenceKind, until: datetime = AT + DAY) -> evidence.EvidenceRequest:
    wish = RequestEvidence(minted(ClaimId), Side.BUYER, kinds, until, None)
    return evidence.request_evidence(claim(), ADJUDICATOR, wish, id=minted(EvidenceRequestId), at=AT).after


def test_a_request_is_answered_when_all_that_was_asked_for_came_since() -> None:
    request = asked(EvidenceKind.PHOTOS, EvidenceKind.INVOICE)
    before = piece(EvidenceKind.PHOTOS, at=AT - MICROSECOND)
    other = piece(EvidenceKind.PHOTOS, Side.LIABLE_PARTY)
    invoice = piece(EvidenceKind.INVOICE)
    assert evidence.answer_request(request, [before, other, invoice], AT) is None
    answered = evidence.answer_request(request, [invoice, piece(EvidenceKind.PHOTOS)], AT)
    assert answered is not None
    assert (answered.after.state, answered.after.ended_at) == (EvidenceRequestState.ANSWERED, AT)
    assert evidence.lapse_request(answered.after, AT) is None
    assert evidence.answer_request(answered.after, [invoice, piece(EvidenceKind.PHOTOS)], AT) is None


def test_evidence_is_asked_for_by_staff_of_a_party_ahead_and_before_the_decision() -> None:
    wish = RequestEvidence(minted(ClaimId), Side.STAFF, (), AT, None)
    with pytest.raises(Invalid) as refusal:
        evidence.request_evidence(claim(), ADJUDICATOR, wish, id=minted(EvidenceRequestId), at=AT)
    assert {problem.field for problem in refusal.value.problems} == {("side",), ("until",), ("kinds",)}
    wish = RequestEvidence(minted(ClaimId), Side.BUYER, (EvidenceKind.PHOTOS,), AT + DAY, None)
    late = claim(ClaimState.ESCALATED, due_at=AT + DAY - MICROSECOND)
    with pytest.raises(Refused) as refused:
        evidence.request_evidence(late, THE_BUYER, wish, id=minted(EvidenceRequestId), at=AT)
    assert [finding.rule for finding in refused.value.unmet] == ["evidence.role", "evidence.until"]
    in_time = claim(ClaimState.ESCALATED, due_at=AT + DAY)
    assert evidence.request_evidence(in_time, ADJUDICATOR, wish, id=minted(EvidenceRequestId), at=AT).after.kinds


# -- forged ------------------------------------------------------------------------------------------------------------


def test_only_an_adjudicator_finds_a_partys_piece_forged_and_only_once() -> None:
    support = caller(Role.SUPPORT)
    found = {
        who: [finding.rule for finding in evidence.moves(piece(EvidenceKind.PHOTOS), who, forged=False)[0].because]
        for who in (ADJUDICATOR, support, THE_SUPPLIER)
    }
    assert found == {ADJUDICATOR: [], support: ["evidence.role"], THE_SUPPLIER: ["evidence.role"]}
    (move,) = evidence.moves(piece(EvidenceKind.INSPECTION_REPORT, Side.STAFF), ADJUDICATOR, forged=True)
    assert [finding.rule for finding in move.because] == ["evidence.party", "evidence.unmarked"]


@pytest.mark.parametrize(
    ("side", "reason"), [(Side.BUYER, "forgery_revokes_tier"), (Side.LIABLE_PARTY, "forgery_costs_points")]
)
def test_the_tree_names_the_files_and_what_follows(side: Side, reason: str) -> None:
    tree = evidence.forged(piece(EvidenceKind.PHOTOS, side), "The date was painted over.")
    assert tree.holds
    found, consequence = tree.because
    assert found.because[0].inputs == {"upload": minted(UploadId), "sha256": "0" * 64}
    assert consequence.reason == reason
