"""Deposits: paid in, drawn for what is owed, returned; each with its transfer in the ledger, in one transaction.

Locks: the provider first, then its deposit, then what it owes, then the balances; so two who draw at once draw one
after the other. What is drawn pays the oldest debts first, each with a transfer of its own.
"""

from collections.abc import Sequence

from api.operations import applications, expiry
from api.operations import recoveries as steps
from domain import access, deposits, ledger, recoveries
from domain.deposits import Affairs, Deposit, DrawDeposit, Moved, MovementKind, RecordDeposit, ReturnDeposit
from domain.ids import DepositId, DepositMovementId, ProviderId, TransferId
from domain.ledger import Cause, Event
from domain.money import Money
from domain.providers import Provider
from domain.recoveries import Recovery
from storage import deposits as deposit_rows
from storage import exits as exit_rows
from storage import ledger as ledger_rows
from storage import onboarding as case_rows
from storage import providers as provider_rows
from storage import recoveries as recovery_rows
from storage.unit_of_work import Outcome, Work

EVENTS = {
    MovementKind.RECEIVED: Event.DEPOSIT_RECEIVED,
    MovementKind.RETURNED: Event.DEPOSIT_RETURNED,
}
"""Movement -> its row of the posting table, where one transfer is the whole movement."""

COLLECTED = "Owed for longer than payouts alone are waited for."
"""Why a deposit is drawn without anybody asking for it."""


async def record_deposit(work: Work, command: RecordDeposit) -> Outcome:
    """The money is held, and an approved provider that waited for it works. Refuses one that has left."""
    access.require(work.caller, "recordDeposit")
    provider, deposit = await _locked(work, command.provider_id, command.amount.currency)
    moved = deposits.record_deposit(
        deposit,
        command,
        provider.state,
        id=work.new_id(DepositMovementId),
        by=work.caller.actor_id,
        at=work.at,
    )
    outcome = await _keep(work, moved)
    await applications.activate_if_complete(work, provider)
    await expiry.judge_deposits(work, provider.id)
    return outcome


async def draw_deposit(work: Work, command: DrawDeposit) -> Outcome:
    """What the provider owes is taken from its deposit. Refuses more than is held, and more than is owed."""
    access.require(work.caller, "drawDeposit")
    currency = command.amount.currency
    provider, deposit = await _locked(work, command.provider_id, currency)
    debts = await recovery_rows.lock_owed(work.connection, work.tenant_id, provider.id, currency)
    owed = await deposit_rows.owed(work.connection, work.tenant_id, provider.id, currency)
    moved = deposits.draw_deposit(
        deposit,
        command,
        max(min(owed, recoveries.collectable(debts, currency)), Money.zero(currency)),
        id=work.new_id(DepositMovementId),
        by=work.caller.actor_id,
        at=work.at,
    )
    await _draw(work, moved, debts)
    await expiry.judge_deposits(work, provider.id)
    return Outcome({"deposit": moved.deposit.after.id, "movement": moved.movement.id})


async def draw_for(work: Work, provider: Provider, debts: Sequence[Recovery]) -> list[Recovery]:
    """As much of those debts as the provider's deposit holds is drawn; what is left of them.

    The provider and the debts are locked, the debts are of one currency and can all be collected.
    """
    currency = debts[0].due.currency
    deposit = await deposit_rows.find_by_currency(work.connection, work.tenant_id, provider.id, currency)
    if deposit is None or not deposit.held.minor:
        return list(debts)
    owed = recoveries.collectable(debts, currency)
    wish = DrawDeposit(provider.id, min(owed, deposit.held), COLLECTED)
    moved = deposits.draw_deposit(
        deposit, wish, owed, id=work.new_id(DepositMovementId), by=work.caller.actor_id, at=work.at
    )
    drawn = {recovery.id: recovery for recovery in await _draw(work, moved, debts)}
    await expiry.judge_deposits(work, provider.id)
    after = [drawn.get(recovery.id, recovery) for recovery in debts]
    return [recovery for recovery in after if recovery.collectable]


async def return_deposit(work: Work, command: ReturnDeposit) -> Outcome:
    """The money is the provider's again. Refuses, with every reason, what something may still need."""
    access.require(work.caller, "returnDeposit")
    currency = command.amount.currency
    provider, deposit = await _locked(work, command.provider_id, currency)
    matrix = await case_rows.matrix(work.connection, work.tenant_id, work.at)
    affairs = Affairs(
        provider.state,
        deposits.required(matrix, provider).get(currency, Money.zero(currency)),
        await deposit_rows.owed(work.connection, work.tenant_id, provider.id, currency),
        await deposit_rows.contingent(work.connection, work.tenant_id, provider.id, currency),
        await exit_rows.count_open(work.connection, work.tenant_id, provider.id),
    )
    moved = deposits.return_deposit(
        deposit, command, affairs, id=work.new_id(DepositMovementId), by=work.caller.actor_id, at=work.at
    )
    return await _keep(work, moved)


async def _locked(work: Work, provider_id: ProviderId, currency: str) -> tuple[Provider, Deposit]:
    """The provider and its deposit in that currency; one with nothing in it where there is none."""
    provider = await provider_rows.lock(work.connection, work.tenant_id, provider_id)
    found = await deposit_rows.find_by_currency(work.connection, work.tenant_id, provider.id, currency)
    return provider, found or deposits.open_deposit(provider.id, currency, id=work.new_id(DepositId), at=work.at)


async def _draw(work: Work, moved: Moved, debts: Sequence[Recovery]) -> list[Recovery]:
    """Deposit and movement are part of this transaction, and pay those debts, the oldest first; these as they are."""
    movement = moved.movement
    await work.keep(moved.deposit)
    work.add(movement)
    made, drawn = [], []
    for recovery, part in recoveries.allocate(debts, movement.amount):
        change = recoveries.draw(recovery, part, work.at)
        await work.keep(change)
        await steps.follow(work, change)
        made.append(steps.posting(work, change.after, Event.DEPOSIT_DRAWN, part, movement_id=movement.id))
        drawn.append(change.after)
    await ledger_rows.post(work, *made)
    return drawn


async def _keep(work: Work, moved: Moved) -> Outcome:
    """Deposit, movement and transfer are part of this transaction."""
    movement = moved.movement
    await work.keep(moved.deposit)
    work.add(movement)
    transfer = ledger.transfer(
        work.new_id(TransferId),
        EVENTS[movement.kind],
        movement.amount,
        party_id=movement.provider_id,
        cause=Cause(deposit_movement_id=movement.id),
        at=work.at,
    )
    await ledger_rows.post(work, transfer)
    return Outcome({"deposit": moved.deposit.after.id, "movement": movement.id})
