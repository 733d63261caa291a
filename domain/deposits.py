"""Deposits: money of a provider that the marketplace holds, so that promises can be made good when it does not pay.

How it works. A provider has one deposit per currency. It is topped up when money comes in, drawn when the provider
owes and does not pay, and returned when the provider has left and nothing is open; what is held beyond what is required
can be returned before. Each step is a movement, and each movement is one transfer in the ledger (`domain.md` 6.8):

    RECEIVED   cash_clearing / deposit_held
    DRAWN      deposit_held / party_receivable
    RETURNED   deposit_held / cash_clearing

Laws: held = received - drawn - returned, and never below zero; no more is drawn than the provider owes; what is
required follows from the requirements in force (`domain/requirements.py`), and a provider that the marketplace vouches
for owes none; a movement never changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import requirements, texts
from domain.change import Change, Fact, Happening
from domain.errors import Invalid, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import DepositId, DepositMovementId, ProviderId
from domain.money import Money
from domain.providers import Provider, ProviderState
from domain.requirements import Matrix

GONE: Final = frozenset({ProviderState.EXITED, ProviderState.TERMINATED})
"""States in which the whole deposit can be returned, once nothing is open."""


class MovementKind(StrEnum):
    """What moved a deposit."""

    RECEIVED = "RECEIVED"
    """The provider paid in."""
    DRAWN = "DRAWN"
    """The marketplace took what the provider owed."""
    RETURNED = "RETURNED"
    """The provider got it back."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """What is held of one provider's money in one currency, and what came and went so far."""

    id: DepositId
    provider_id: ProviderId
    currency: str
    held: Money
    received: Money
    drawn: Money
    returned: Money
    opened_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class DepositMovement:
    """Money that came into a deposit or left it. `left` is what was held afterwards."""

    id: DepositMovementId
    deposit_id: DepositId
    provider_id: ProviderId
    kind: MovementKind
    amount: Money
    left: Money
    reference: str | None
    reason: str | None
    moved_by: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class RecordDeposit:
    """That a provider's money came in, under the bank's reference."""

    provider_id: ProviderId
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class DrawDeposit:
    """The wish to take what a provider owes from its deposit, and why."""

    provider_id: ProviderId
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class ReturnDeposit:
    """That money goes back to the provider, under the bank's reference."""

    provider_id: ProviderId
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class Affairs:
    """What a return depends on: where the provider stands, what is required of it, what it owes and may come to owe.

    `open_duties` are the things that still keep it, all amounts are in the deposit's currency.
    """

    state: ProviderState
    required: Money
    owed: Money
    contingent: Money
    open_duties: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement and the deposit after it."""

    deposit: Change[Deposit]
    movement: DepositMovement


@dataclass(frozen=True, slots=True)
class DepositStanding:
    """How a provider's deposit in one currency stands. `deposit` is its id, None where nothing was ever paid in."""

    currency: str
    required: Money
    held: Money
    shortfall: Money
    deposit: DepositId | None


def required(of: Matrix, provider: Provider) -> Mapping[str, Money]:
    """What the requirements in force want the provider to deposit, by currency; the largest meets several in one."""
    if provider.vouched_by is not None:
        return {}
    found: dict[str, Money] = {}
    for requirement in requirements.applicable(of.requirements, requirements.facts(provider)):
        if requirement.deposit and requirement.least is not None:
            currency = requirement.least.currency
            found[currency] = max(found.get(currency, requirement.least), requirement.least)
    return found


def standings(wanted: Mapping[str, Money], deposits: Mapping[str, Deposit]) -> tuple[DepositStanding, ...]:
    """How the deposits stand beside what is required, by currency."""
    found = []
    for currency in sorted(wanted.keys() | deposits.keys()):
        nothing = Money.zero(currency)
        deposit = deposits.get(currency)
        asked, held = wanted.get(currency, nothing), nothing if deposit is None else deposit.held
        shortfall = max(asked - held, nothing)
        found.append(DepositStanding(currency, asked, held, shortfall, None if deposit is None else deposit.id))
    return tuple(found)


def open_deposit(provider_id: ProviderId, currency: str, *, id: DepositId, at: datetime) -> Deposit:
    """A deposit in which nothing is yet; it is kept with its first movement."""
    nothing = Money.zero(currency)
    return Deposit(id, provider_id, currency, nothing, nothing, nothing, nothing, at, at, version=0)


def record_deposit(
    deposit: Deposit, command: RecordDeposit, state: ProviderState, *, id: DepositMovementId, by: str, at: datetime
) -> Moved:
    """The money is held. Refuses an amount not above zero, and a provider that has left."""
    _check(reference=command.reference)
    findings = (
        _above_zero(command.amount),
        Finding("deposit.provider", state not in GONE, "deposit_of_provider_that_stays", {"state": state.value}),
    )
    if because := unmet(findings):
        raise Refused("deposit.record", "The deposit cannot be taken.", because)
    after = replace(
        deposit,
        held=deposit.held + command.amount,
        received=deposit.received + command.amount,
    )
    return _moved(deposit, after, MovementKind.RECEIVED, command.amount, command.reference, None, id=id, by=by, at=at)


def draw_deposit(
    deposit: Deposit, command: DrawDeposit, owed: Money, *, id: DepositMovementId, by: str, at: datetime
) -> Moved:
    """What the provider owes is taken from its deposit.

    Refuses, with every reason: an amount not above zero, more than is held, more than the provider owes.
    """
    findings = (
        _above_zero(command.amount),
        _held(deposit, command.amount),
        Finding(
            "deposit.owed",
            command.amount <= owed,
            "deposit_drawn_for_debt",
            {"amountMinor": command.amount.minor, "owedMinor": owed.minor, "currency": owed.currency},
        ),
    )
    if because := unmet(findings):
        raise Refused("deposit.draw", "That much cannot be drawn.", because)
    after = replace(deposit, held=deposit.held - command.amount, drawn=deposit.drawn + command.amount)
    return _moved(deposit, after, MovementKind.DRAWN, command.amount, None, command.reason, id=id, by=by, at=at)


def return_deposit(
    deposit: Deposit, command: ReturnDeposit, affairs: Affairs, *, id: DepositMovementId, by: str, at: datetime
) -> Moved:
    """The money is the provider's again.

    Refuses, with every reason: an amount not above zero, more than is held; of a provider that has left while duties
    are open or something is owed or may come to be; of one that stays, what is required.
    """
    _check(reference=command.reference)
    findings = (_above_zero(command.amount), _held(deposit, command.amount), *_free(deposit, command.amount, affairs))
    if because := unmet(findings):
        raise Refused("deposit.return", "That much cannot be returned.", because)
    after = replace(deposit, held=deposit.held - command.amount, returned=deposit.returned + command.amount)
    return _moved(deposit, after, MovementKind.RETURNED, command.amount, command.reference, None, id=id, by=by, at=at)


def keeping(deposit: Deposit, affairs: Affairs) -> tuple[Finding, ...]:
    """What still keeps all of the deposit from going back: what `return_deposit` refuses with."""
    return unmet(_free(deposit, deposit.held, affairs))


def _free(deposit: Deposit, amount: Money, affairs: Affairs) -> tuple[Finding, ...]:
    """Whether nothing needs that part of the deposit any more."""
    currency = deposit.currency
    owed = Finding(
        "deposit.owed",
        affairs.owed.minor <= 0,
        "deposit_nothing_owed",
        {"owedMinor": affairs.owed.minor, "currency": currency},
    )
    if affairs.state not in GONE:
        left = deposit.held - amount
        inputs: dict[str, Input] = {
            "requiredMinor": affairs.required.minor,
            "leftMinor": left.minor,
            "currency": currency,
        }
        return (
            owed,
            Finding("deposit.required", left >= affairs.required, "deposit_required_stays", inputs),
        )
    return (
        owed,
        Finding(
            "deposit.contingent",
            affairs.contingent.minor == 0,
            "deposit_nothing_contingent",
            {"contingentMinor": affairs.contingent.minor, "currency": currency},
        ),
        Finding("deposit.duties", affairs.open_duties == 0, "deposit_duties_ended", {"open": affairs.open_duties}),
    )


def _above_zero(amount: Money) -> Finding:
    return Finding("deposit.amount", amount.minor > 0, "amount_above_zero", {"amountMinor": amount.minor})


def _held(deposit: Deposit, amount: Money) -> Finding:
    inputs: dict[str, Input] = {
        "amountMinor": amount.minor,
        "heldMinor": deposit.held.minor,
        "currency": deposit.currency,
    }
    return Finding("deposit.held", amount <= deposit.held, "deposit_holds_enough", inputs)


def _check(*, reference: str) -> None:
    if problems := tuple(texts.reference_problems(reference, "reference")):
        raise Invalid(*problems)


def _moved(
    before: Deposit,
    after: Deposit,
    kind: MovementKind,
    amount: Money,
    reference: str | None,
    reason: str | None,
    *,
    id: DepositMovementId,
    by: str,
    at: datetime,
) -> Moved:
    after = replace(after, updated_at=at, version=before.version + 1)
    facts: dict[str, Fact] = {
        "providerId": after.provider_id,
        "movementId": id,
        "amountMinor": amount.minor,
        "heldMinor": after.held.minor,
        "currency": after.currency,
    }
    change = Change(before if before.version else None, after, (Happening(f"deposit.{kind.value.lower()}", facts),))
    return Moved(
        change, DepositMovement(id, after.id, after.provider_id, kind, amount, after.held, reference, reason, by, at)
    )
