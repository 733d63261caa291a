"""Relations: what makes two accounts one hand's, whom it binds, and that what was cleared stays cleared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import relations
from domain.access import Caller, Role, Scope, ViewerKind
from domain.errors import Conflict, Invalid, Refused
from domain.ids import ApiKeyId, ProviderId, RelationId, TenantId
from domain.providers import ProviderState
from domain.relations import Beside, RelateAccounts, Relation, RelationKind, RelationState, RelationTerms

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
A, B = ProviderId.mint(1, 1), ProviderId.mint(1, 2)
ID = RelationId.mint(1, 1)
DESK = Caller(
    TenantId.mint(1, 1),
    ApiKeyId.mint(1, 1),
    None,
    None,
    frozenset({Role.SUPPORT}),
    ViewerKind.STAFF,
    frozenset(Scope),
)
TERMS = RelationTerms(
    "rul_1",
    refuses=frozenset({RelationKind.OWNER, RelationKind.TAX_NUMBER}),
    flags=frozenset({RelationKind.BANK_ACCOUNT}),
)


def detected(*kinds: RelationKind, of: Relation | None = None) -> Relation:
    relation = of
    for kind in kinds:
        change = relations.detect(relation, A, B, kind, "hmac:1", id=ID, at=AT)
        assert change is not None
        relation = change.after
    assert relation is not None
    return relation


def cleared(relation: Relation) -> Relation:
    return relations.clear_relation(relation, "two brothers", DESK, at=AT).after


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (RelationKind.OWNER, "Ada  MOREAU ", "ada moreau"),
        (RelationKind.OWNER, "Groß & Söhne", "GROSS & SÖHNE"),
        (RelationKind.TAX_NUMBER, "DE 123.456-789", "de123456789"),
        (RelationKind.BANK_ACCOUNT, "GB82 WEST 1234 5698 7654 32", "gb82west12345698765432"),
    ],
)
def test_spellings_of_one_thing_are_one(kind: RelationKind, one: str, other: str) -> None:
    assert relations.normal(kind, one) == relations.normal(kind, other)


@given(st.sampled_from(list(RelationKind)), st.text())
def test_what_is_compared_is_compared_the_same_again(kind: RelationKind, value: str) -> None:
    once = relations.normal(kind, value)
    if once.isascii():
        assert relations.normal(kind, once) == once


def test_each_fingerprint_counts_once() -> None:
    relation = detected(RelationKind.TAX_NUMBER, RelationKind.OWNER)
    assert relations.kinds(relation) == (RelationKind.OWNER, RelationKind.TAX_NUMBER)
    assert relations.detect(relation, A, B, RelationKind.OWNER, "hmac:1", id=ID, at=AT) is None
    assert relation.version == 2


def test_what_was_cleared_never_comes_back_for_the_same_fingerprint_and_does_for_another() -> None:
    gone = cleared(detected(RelationKind.TAX_NUMBER, RelationKind.OWNER))
    assert (gone.state, relations.kinds(gone)) == (RelationState.CLEARED, ())
    assert relations.detect(gone, A, B, RelationKind.TAX_NUMBER, "hmac:1", id=ID, at=AT) is None
    back = relations.detect(gone, A, B, RelationKind.TAX_NUMBER, "hmac:2", id=ID, at=AT)
    assert back is not None
    assert back.after.state is RelationState.DETECTED
    assert back.after.cleared_at is None
    assert relations.kinds(back.after) == (RelationKind.TAX_NUMBER,)
    again = cleared(back.after)
    assert len(again.cleared) == 3


def test_a_word_binds_only_who_gives_it_and_a_fingerprint_binds_both() -> None:
    said = relations.declare_related_account(None, B, A, None, id=ID, at=AT).after
    assert (said.first_id, said.second_id, said.state) == (A, B, RelationState.DECLARED)
    assert relations.binds(said, B)
    assert not relations.binds(said, A), "nobody is bound by a stranger's word"
    both = detected(RelationKind.DEVICE, of=said)
    assert both.state is RelationState.DETECTED
    assert relations.binds(both, A)
    with pytest.raises(Conflict):
        relations.declare_related_account(said, B, A, None, id=ID, at=AT)
    answered = relations.declare_related_account(said, A, B, "cousins", id=ID, at=AT).after
    assert relations.binds(answered, A)
    with pytest.raises(Invalid):
        relations.declare_related_account(None, A, A, None, id=ID, at=AT)


def test_a_finding_of_the_desk_binds_both_and_can_be_made_again_after_it_was_cleared() -> None:
    wish = RelateAccounts(B, A, "One letterhead.")
    found = relations.relate_accounts(None, wish, id=ID, at=AT).after
    assert (found.first_id, found.second_id, found.state, found.version) == (A, B, RelationState.DETECTED, 1)
    assert relations.binds(found, A)
    assert relations.binds(found, B)
    (why,) = relations.because(found)
    assert (why.reason, why.inputs) == ("relation_by_finding", {"reason": "One letterhead."})
    with pytest.raises(Conflict):
        relations.relate_accounts(found, wish, id=ID, at=AT)
    again = relations.relate_accounts(cleared(found), wish, id=ID, at=AT).after
    assert (again.state, relations.kinds(again)) == (RelationState.DETECTED, (RelationKind.FINDING,))
    with pytest.raises(Invalid):
        relations.relate_accounts(None, RelateAccounts(A, A, "?"), id=ID, at=AT)


def test_clearing_says_why_and_happens_once() -> None:
    gone = cleared(detected(RelationKind.DEVICE))
    assert [finding.reason for finding in relations.because(gone)] == ["relation_not_cleared"]
    with pytest.raises(Refused) as refused:
        cleared(gone)
    assert [finding.reason for finding in refused.value.unmet] == ["relation_stands"]
    anew = relations.declare_related_account(gone, A, B, None, id=ID, at=AT).after
    assert (anew.state, anew.cleared_at) == (RelationState.DECLARED, None)
    nobody = replace(DESK, roles=frozenset({Role.PROVIDER}))
    assert not relations.moves(detected(RelationKind.DEVICE), nobody, AT)[0].available


def test_the_desk_reads_every_reason() -> None:
    relation = detected(RelationKind.OWNER, RelationKind.DEVICE)
    relation = relations.declare_related_account(relation, A, B, None, id=ID, at=AT).after
    assert [finding.reason for finding in relations.because(relation)] == [
        "relation_by_match",
        "relation_by_match",
        "relation_by_word",
    ]


# -- the rule of one account -------------------------------------------------------------------------------------------


def beside(
    *kinds: RelationKind, state: ProviderState = ProviderState.ACTIVE, markets: str = "", said: bool = False
) -> Beside:
    return Beside(frozenset(kinds), state, frozenset(markets.split()), said)


def test_all_reasons_are_told_and_none_names_the_other() -> None:
    found = relations.one_account(
        TERMS,
        frozenset({"US"}),
        [beside(RelationKind.OWNER), beside(RelationKind.TAX_NUMBER, RelationKind.BANK_ACCOUNT)],
    )
    assert [finding.inputs for finding in found.refused] == [{"kind": "OWNER"}, {"kind": "TAX_NUMBER"}]
    assert [finding.inputs for finding in found.flagged] == [{"kind": "BANK_ACCOUNT"}]


@pytest.mark.parametrize("state", ProviderState)
def test_only_accounts_that_are_there_count(state: ProviderState) -> None:
    found = relations.one_account(TERMS, frozenset(), [beside(RelationKind.OWNER, state=state)])
    assert bool(found.refused) == (state not in relations.NOT_THERE)


def test_another_market_is_another_matter() -> None:
    there = beside(RelationKind.OWNER, markets="CN DE")
    assert not relations.one_account(TERMS, frozenset({"US"}), [there]).refused
    assert relations.one_account(TERMS, frozenset({"US", "DE"}), [there]).refused
    assert relations.one_account(TERMS, frozenset(), [there]).refused


def test_kinds_that_the_rule_does_not_name_do_not_matter_and_a_word_is_looked_at() -> None:
    assert relations.one_account(TERMS, frozenset(), [beside(RelationKind.DEVICE)]) == relations.OneAccount((), ())
    (finding,) = relations.one_account(TERMS, frozenset(), [beside(said=True)]).flagged
    assert finding.reason == "provider_declared_no_other_account"


def test_a_kind_is_refused_or_flagged_and_not_both() -> None:
    with pytest.raises(ValueError, match="need not be flagged"):
        RelationTerms("rul_1", frozenset({RelationKind.OWNER}), frozenset({RelationKind.OWNER}))
