"""Deposits and their movements: row to dataclass, and what is held of whom."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from domain.deposits import GONE, Deposit, DepositMovement
from domain.ids import PartyId, ProviderId, TenantId
from domain.ledger import AccountName
from domain.money import Money
from domain.providers import ProviderState
from storage.pool import Connection
from storage.tables import Table, Twin

DEPOSITS: Final = Table("deposits", Deposit)
DEPOSIT_MOVEMENTS: Final = Table(
    "deposit_movements",
    DepositMovement,
    conflicts={
        "deposit_movements_reference": Twin("A movement with this reference was recorded already.", "reference")
    },
)


class LeftBehind(NamedTuple):
    """What is held of a provider that is gone, how it went and since when."""

    deposit: Deposit
    state: ProviderState
    left_at: datetime


async def find_by_currency(
    connection: Connection, tenant_id: TenantId, provider_id: ProviderId, currency: str
) -> Deposit | None:
    """The provider's deposit in that currency, this transaction's until its end, or None. Lock the provider first."""
    where = "t.provider_id = $2 AND t.currency = $3::char(3)"
    found = await DEPOSITS.select(connection, tenant_id, where, provider_id, currency, lock=True)
    return found[0] if found else None


async def by_providers(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId]
) -> dict[ProviderId, dict[str, Deposit]]:
    """Provider -> currency -> its deposit, for those that have any."""
    found: dict[ProviderId, dict[str, Deposit]] = {}
    where = "t.provider_id = ANY ($2::text[]) ORDER BY t.provider_id, t.currency"
    for deposit in await DEPOSITS.select(connection, tenant_id, where, list(provider_ids)):
        found.setdefault(deposit.provider_id, {})[deposit.currency] = deposit
    return found


async def held_by_providers(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId]
) -> dict[ProviderId, dict[str, Money]]:
    """Provider -> currency -> what is held, for those that have deposits."""
    found = await by_providers(connection, tenant_id, provider_ids)
    return {id_: {currency: deposit.held for currency, deposit in each.items()} for id_, each in found.items()}


async def left_behind(
    connection: Connection,
    tenant_id: TenantId,
    *,
    count: int,
    after: tuple[datetime, str] | None,
    before: tuple[datetime, str] | None,
    backward: bool,
) -> list[LeftBehind]:
    """What is still held of providers that are gone, those that left first at the top, or backward from the end."""
    rows = await connection.fetch(
        left_behind_statement(backward=backward), tenant_id, count, *(after or (None, None)), *(before or (None, None))
    )
    return [LeftBehind(DEPOSITS.decode(row), ProviderState(row["gone"]), row["state_since"]) for row in rows]


def left_behind_statement(*, backward: bool) -> str:
    """The first $2 rows of tenant $1 after ($3, $4) and before ($5, $6); each bound may be null."""
    states = ", ".join(f"'{state}'" for state in sorted(GONE))
    turn = "DESC" if backward else "ASC"
    return (
        f"SELECT p.state AS gone, p.state_since, {DEPOSITS.selection()} "
        "FROM providers p JOIN deposits t ON t.tenant_id = p.tenant_id AND t.provider_id = p.id "
        f"WHERE p.tenant_id = $1 AND p.state IN ({states}) AND t.held_minor > 0 "
        "AND ($3::timestamptz IS NULL OR (p.state_since, t.id) > ($3, $4::text)) "
        "AND ($5::timestamptz IS NULL OR (p.state_since, t.id) < ($5, $6::text)) "
        f"ORDER BY p.state_since {turn}, t.id {turn} LIMIT $2"
    )


async def balances(
    connection: Connection, tenant_id: TenantId, name: AccountName, provider_ids: Collection[ProviderId]
) -> dict[tuple[ProviderId, str], Money]:
    """Provider and currency -> the balance of its account of that name, for those that have one."""
    rows = await connection.fetch(
        "SELECT party_id, currency, balance_minor FROM ledger_accounts "
        "WHERE tenant_id = $1 AND name = $2 AND party_id = ANY ($3::text[])",
        tenant_id,
        name.value,
        list(provider_ids),
    )
    return {
        (ProviderId(row["party_id"]), row["currency"]): Money(row["balance_minor"], row["currency"]) for row in rows
    }


async def held(connection: Connection, tenant_id: TenantId, party_id: PartyId, currency: str) -> Money:
    """What the ledger holds of the party in that currency."""
    return -await _balance(connection, tenant_id, AccountName.DEPOSIT_HELD, party_id, currency)


async def owed(connection: Connection, tenant_id: TenantId, party_id: PartyId, currency: str) -> Money:
    """What the party owes in that currency, its account locked until the transaction's end."""
    return await _balance(connection, tenant_id, AccountName.PARTY_RECEIVABLE, party_id, currency, lock=True)


async def contingent(connection: Connection, tenant_id: TenantId, party_id: PartyId, currency: str) -> Money:
    """What may still fall due from the party in that currency."""
    return await _balance(connection, tenant_id, AccountName.CONTINGENT, party_id, currency)


async def _balance(
    connection: Connection,
    tenant_id: TenantId,
    name: AccountName,
    party_id: PartyId,
    currency: str,
    *,
    lock: bool = False,
) -> Money:
    """The balance of a party's account: it has one row, since only the platform's own are striped."""
    minor = await connection.fetchval(
        "SELECT balance_minor FROM ledger_accounts WHERE tenant_id = $1 AND name = $2 AND party_id = $3"
        f" AND currency = $4::char(3){' FOR UPDATE' if lock else ''}",
        tenant_id,
        name.value,
        party_id,
        currency,
    )
    return Money(minor or 0, currency)
