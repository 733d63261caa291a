"""What `./run doctor` finds in the books, the audit trail and the providers' records of every marketplace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from enum import StrEnum

import asyncpg

from domain import party_statements
from domain.ids import TenantId
from domain.money import Money
from domain.party_statements import PartyStatementLine
from storage import audit, books, calendars, ledger, records, tenants, trail
from storage import party_statements as statement_rows
from storage.books import Law
from storage.party_statements import Month
from storage.pool import Pool

ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ"
"""What is read statement after statement while others write, is read as of one instant."""


async def laws(pool: Pool) -> dict[str, list[Law]]:
    """Marketplace -> every law of its books and its audit chain, with the figures and what breaks it."""
    async with pool.acquire(None) as connection:
        marketplaces = await tenants.page(connection)
    found: dict[str, list[Law]] = {}
    for tenant in marketplaces:
        async with pool.transaction(tenant.id, books.ONE_MOMENT) as connection:
            found[tenant.name] = [
                *await books.laws(connection, tenant.id),
                await books.chain(connection, tenant.id),
                await books.chain(connection, tenant.id, audit.LEDGER),
            ]
    return found


async def record(pool: Pool) -> dict[str, list[Law]]:
    """Marketplace -> that its sealed record is whole, and that every row is what its record says of it."""
    async with pool.acquire(None) as connection:
        marketplaces = await tenants.page(connection)
    found: dict[str, list[Law]] = {}
    for tenant in marketplaces:
        async with pool.transaction(tenant.id, books.ONE_MOMENT) as connection:
            found[tenant.name] = [
                await books.chain(connection, tenant.id),
                await books.chain(connection, tenant.id, audit.LEDGER),
                await trail.law(connection, tenant.id),
            ]
    return found


async def faults(worker_url: str) -> dict[str, list[str]]:
    """Marketplace -> everything that does not add up in its ledger or does not fit in its sealed audit trail."""
    pool = await Pool.open(worker_url, size=1)
    try:
        found = await laws(pool)
    finally:
        await pool.close()
    return {name: [f"{law.name}: {each}" for law in held for each in law.broken] for name, held in found.items()}


async def entries(
    pool: Pool, tenant_id: TenantId, opens_at: datetime, closes_at: datetime
) -> AsyncIterator[asyncpg.Record]:
    """The entries of a marketplace's books between two instants, as of one moment; one batch is held at a time."""
    async with pool.transaction(tenant_id, books.ONE_MOMENT) as connection:
        async for batch in ledger.entries(connection, tenant_id, opens_at, closes_at):
            for row in batch:
                yield row


class Edge(StrEnum):
    """Where a statement begins and ends."""

    OPENING = "OPENING"
    """What was owed before."""
    CLOSING = "CLOSING"
    """What is owed after."""


StatementRow = tuple[Month, str, PartyStatementLine | Edge, tuple[Money, Money]]
"""Whose month and what that party is called, a line of it or where it begins or ends, and what was owed and might fall
due after it."""


async def statements(pool: Pool, tenant_id: TenantId, first: date) -> AsyncIterator[StatementRow]:
    """The statements of all parties for the month that begins on `first`, as of one moment, each between its edges."""
    async with pool.transaction(tenant_id, books.ONE_MOMENT) as connection:
        market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", tenant_id)
        span = party_statements.span_of(first, await calendars.get(connection, market))
        parties = await statement_rows.parties(connection, tenant_id, span[1])
        names = await statement_rows.names(connection, tenant_id, {party_id for party_id, _ in parties})
        for party_id, currency in parties:
            of, name = Month(party_id, currency, *span), names[party_id]
            held = await statement_rows.held(connection, tenant_id, of)
            yield of, name, Edge.OPENING, held
            async for line in statement_rows.all_lines(connection, tenant_id, of):
                held = (line.receivable_after, line.contingent_after)
                yield of, name, line, held
            yield of, name, Edge.CLOSING, held


async def recount(worker_url: str, *, repair: bool = False) -> dict[str, tuple[int, list[str]]]:
    """Marketplace -> how many counters of providers were put right, and what is amiss with them after that.

    Counters are held to the shipments, and the shipments to what was reported of them. Without `repair` nothing is
    put right.
    """
    pool = await Pool.open(worker_url, size=1)
    try:
        async with pool.acquire(None) as connection:
            marketplaces = await tenants.page(connection)
        found: dict[str, tuple[int, list[str]]] = {}
        for tenant in marketplaces:
            mended = 0
            if repair:
                async with pool.transaction(tenant.id) as connection:
                    mended = await records.repair(connection, tenant.id)
            async with pool.transaction(tenant.id, ONE_MOMENT) as connection:
                off = await records.faults(connection, tenant.id)
                strayed = [stray async for stray in records.strays(connection, tenant.id)]
            found[tenant.name] = mended, off + strayed
        return found
    finally:
        await pool.close()
