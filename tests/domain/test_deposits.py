"""Deposits: what is held is what came without what went, never below nothing, and goes back when nothing needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import deposits, ledger
from domain.deposits import (
    GONE,
    Affairs,
    Deposit,
    DepositStanding,
    DrawDeposit,
    Moved,
    MovementKind,
    RecordDeposit,
    ReturnDeposit,
)
from domain.errors import Invalid, Refused
from domain.ids import DepositId, DepositMovementId, ProviderId, TransferId
from domain.ledger import AccountName, Cause, Event
from domain.money import Money
from domain.providers import ProviderState

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
P = ProviderId.mint(1, 1)
M = DepositMovementId.mint(1, 1)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def empty() -> Deposit:
    return deposits.open_deposit(P, "USD", id=DepositId.mint(1, 1), at=AT)


def record(deposit: Deposit, minor: int, state: ProviderState = ProviderState.ACTIVE, reference: str = "W1") -> Moved:
    return deposits.record_deposit(deposit, RecordDeposit(P, usd(minor), reference), state, id=M, by="key_1", at=AT)


def draw(deposit: Deposit, minor: int, owed: int) -> Moved:
    return deposits.draw_deposit(deposit, DrawDeposit(P, usd(minor), "unpaid"), usd(owed), id=M, by="key_1", at=AT)


def give_back(deposit: Deposit, minor: int, affairs: Affairs) -> Moved:
    return deposits.return_deposit(deposit, ReturnDeposit(P, usd(minor), "W2"), affairs, id=M, by="key_1", at=AT)


def affairs(state: ProviderState, *, required: int = 0, owed: int = 0, contingent: int = 0, duties: int = 0) -> Affairs:
    return Affairs(state, usd(required), usd(owed), usd(contingent), duties)


def reasons(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [finding.reason for finding in refused.value.unmet]


def test_money_that_comes_in_is_held() -> None:
    moved = record(empty(), 500_00)
    assert moved.deposit.before is None
    assert moved.deposit.after.held == usd(500_00)
    assert (moved.movement.kind, moved.movement.left, moved.movement.reference) == (
        MovementKind.RECEIVED,
        usd(500_00),
        "W1",
    )
    more = record(moved.deposit.after, 1).deposit
    assert (more.after.version, more.after.held) == (2, usd(500_01))


@pytest.mark.parametrize("state", ProviderState)
def test_whoever_has_left_deposits_nothing(state: ProviderState) -> None:
    if state in GONE:
        with pytest.raises(Refused) as refused:
            record(empty(), 1, state)
        assert reasons(refused) == ["deposit_of_provider_that_stays"]
    else:
        assert record(empty(), 1, state).deposit.after.held == usd(1)


@pytest.mark.parametrize("reference", ["", "x" * 101, "a\nb"])
def test_an_odd_reference_is_invalid(reference: str) -> None:
    with pytest.raises(Invalid):
        record(empty(), 1, reference=reference)


def test_no_more_is_drawn_than_is_held_and_than_is_owed_and_both_are_told() -> None:
    deposit = record(empty(), 100).deposit.after
    assert draw(deposit, 100, 100).deposit.after.held == usd(0)
    with pytest.raises(Refused) as refused:
        draw(deposit, 101, 50)
    assert reasons(refused) == ["deposit_holds_enough", "deposit_drawn_for_debt"]
    assert refused.value.unmet[0].inputs == {"amountMinor": 101, "heldMinor": 100, "currency": "USD"}
    with pytest.raises(Refused) as refused:
        draw(deposit, 0, 50)
    assert reasons(refused) == ["amount_above_zero"]


def test_while_a_provider_stays_only_what_is_beyond_the_required_goes_back() -> None:
    deposit = record(empty(), 100).deposit.after
    stays = affairs(ProviderState.ACTIVE, required=60)
    assert give_back(deposit, 40, stays).deposit.after.held == usd(60)
    with pytest.raises(Refused) as refused:
        give_back(deposit, 41, stays)
    assert reasons(refused) == ["deposit_required_stays"]
    with pytest.raises(Refused) as refused:
        give_back(deposit, 1, replace(stays, owed=usd(1)))
    assert reasons(refused) == ["deposit_nothing_owed"]


@pytest.mark.parametrize("state", sorted(GONE))
def test_all_of_it_goes_back_once_nothing_needs_it(state: ProviderState) -> None:
    deposit = record(empty(), 100).deposit.after
    gone = affairs(state, required=60)
    assert give_back(deposit, 100, gone).deposit.after.returned == usd(100)
    with pytest.raises(Refused) as refused:
        give_back(deposit, 101, affairs(state, owed=1, contingent=2, duties=3))
    assert reasons(refused) == [
        "deposit_holds_enough",
        "deposit_nothing_owed",
        "deposit_nothing_contingent",
        "deposit_duties_ended",
    ]


@given(st.lists(st.tuples(st.sampled_from(MovementKind), st.integers(-5, 200)), max_size=30))
def test_what_is_held_is_never_below_zero_and_always_what_came_without_what_went(
    steps: list[tuple[MovementKind, int]],
) -> None:
    deposit = empty()
    for kind, minor in steps:
        try:
            if kind is MovementKind.RECEIVED:
                moved = record(deposit, minor)
            elif kind is MovementKind.DRAWN:
                moved = draw(deposit, minor, 150)
            else:
                moved = give_back(deposit, minor, affairs(ProviderState.EXITED))
        except Refused:
            continue
        deposit = moved.deposit.after
        assert moved.movement.left == deposit.held
        assert deposit.held.minor >= 0
        assert deposit.held == deposit.received - deposit.drawn - deposit.returned


def test_what_is_missing_is_told_by_currency() -> None:
    held = record(empty(), 30).deposit.after
    assert deposits.standings({"USD": usd(100), "EUR": Money(5, "EUR")}, {"USD": held}) == (
        DepositStanding("EUR", Money(5, "EUR"), Money(0, "EUR"), Money(5, "EUR"), None),
        DepositStanding("USD", usd(100), usd(30), usd(70), held.id),
    )
    assert deposits.standings({}, {"USD": held})[0].shortfall == usd(0)


@pytest.mark.parametrize(
    ("event", "postings"),
    [
        (Event.DEPOSIT_RECEIVED, [(AccountName.CASH_CLEARING, None, 7), (AccountName.DEPOSIT_HELD, P, -7)]),
        (Event.DEPOSIT_DRAWN, [(AccountName.DEPOSIT_HELD, P, 7), (AccountName.PARTY_RECEIVABLE, P, -7)]),
        (Event.DEPOSIT_RETURNED, [(AccountName.DEPOSIT_HELD, P, 7), (AccountName.CASH_CLEARING, None, -7)]),
    ],
)
def test_the_posting_table_of_deposits(
    event: Event, postings: list[tuple[AccountName, ProviderId | None, int]]
) -> None:
    cause = Cause(deposit_movement_id=M)
    transfer = ledger.transfer(TransferId.mint(1, 1), event, usd(7), party_id=P, cause=cause, at=AT)
    assert [(entry.account, entry.party_id, entry.amount.minor) for entry in transfer.entries] == postings
