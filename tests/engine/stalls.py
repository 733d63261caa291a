"""The bazaar's rows and the people who look at them: two tenants, two parties of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import asyncpg

from domain.access import Caller, Role, Scope, ViewerKind
from domain.ids import (
    BuyerId,
    ClaimId,
    EventId,
    Id,
    MemberId,
    OrganisationId,
    PartyId,
    ProviderId,
    SupplierId,
    TenantId,
)
from tests.engine.bazaar import BUYER, PROVIDER, PUBLIC, STAFF, SUPPLIER

TABLES: Final = """
CREATE SCHEMA bazaar;
CREATE TABLE bazaar.makers (tenant_id text COLLATE "C", id text COLLATE "C", name text NOT NULL, country char(2),
  margin integer, PRIMARY KEY (tenant_id, id));
CREATE TABLE bazaar.carriers (tenant_id text COLLATE "C", id text COLLATE "C", name text NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE TABLE bazaar.shoppers (tenant_id text COLLATE "C", id text COLLATE "C", name text NOT NULL,
  level smallint NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE bazaar.cases (tenant_id text COLLATE "C", id text COLLATE "C", number text NOT NULL, state text NOT NULL,
  rank integer NOT NULL, tags text[] NOT NULL, amount_minor bigint NOT NULL, fee_minor bigint,
  currency char(3) NOT NULL, opened_at timestamptz NOT NULL,
  due_at timestamptz, rate numeric, shopper_id text COLLATE "C" NOT NULL,
  maker_id text COLLATE "C", carrier_id text COLLATE "C", subject_id text COLLATE "C", parent_id text COLLATE "C",
  secret text, PRIMARY KEY (tenant_id, id));
CREATE TABLE bazaar.remarks (tenant_id text COLLATE "C", id text COLLATE "C", case_id text COLLATE "C" NOT NULL,
  text text, at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id));
GRANT USAGE ON SCHEMA bazaar TO PUBLIC;
CALL protect('bazaar.makers'); CALL protect('bazaar.carriers'); CALL protect('bazaar.shoppers');
CALL protect('bazaar.cases'); CALL protect('bazaar.remarks');
"""
CASES: Final = 12
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ident(kind: type[Id], number: int) -> Id:
    """The number-th id of that kind, the same in both tenants."""
    return kind.mint(1_700_000_000_000 + number, 7 * number)


def tenant(number: int) -> TenantId:
    """One of two."""
    return TenantId.mint(number, number)


def caller(kind: ViewerKind, party: int = 0, of: int = 0) -> Caller:
    """A viewer of that kind: the party's number says which of the two."""
    kinds: dict[ViewerKind, type[Id]] = {BUYER: BuyerId, SUPPLIER: SupplierId, PROVIDER: ProviderId}
    party_id: Any = ident(kinds[kind], party) if kind in kinds else None
    checked: PartyId | None = party_id
    return Caller(
        tenant(of),
        MemberId.mint(1, 1),
        OrganisationId.mint(1, 1),
        checked,
        frozenset({Role.SUPPORT}) if kind is STAFF else frozenset(),
        kind,
        frozenset(Scope),
    )


async def load(owner: asyncpg.Pool[Any]) -> None:
    """Tables and rows: in each tenant two of every party, twelve cases with up to three remarks."""
    await owner.execute(TABLES)
    for of in (0, 1):
        await owner.execute(
            "INSERT INTO tenants (tenant_id, name, kind, market, currency, digest_key, created_at)"
            " VALUES ($1, $1, 'live', 'DE', 'USD', '', now())",
            tenant(of),
        )
        for number in (0, 1):
            named = ("Böse" if number else "Alpha") + ("" if of else ' “quoted” "\\" and\tmore')
            await owner.execute(
                "INSERT INTO bazaar.makers VALUES ($1, $2, $3, $4, $5)",
                tenant(of), ident(SupplierId, number), named, "DE" if number else None, 10 + number,
            )  # fmt: skip
            await owner.execute(
                "INSERT INTO bazaar.carriers VALUES ($1, $2, $3)", tenant(of), ident(ProviderId, number), named
            )
            await owner.execute(
                "INSERT INTO bazaar.shoppers VALUES ($1, $2, $3, $4)",
                tenant(of), ident(BuyerId, number), named, 4 * number,
            )  # fmt: skip
        rows = [_case(of, number) for number in range(CASES)]
        marks = ", ".join(f"${place + 1}" for place in range(len(rows[0])))
        await owner.executemany(f"INSERT INTO bazaar.cases VALUES ({marks})", rows)
        remarks = [
            (
                tenant(of),
                ident(EventId, 3 * number + place),
                ident(ClaimId, number),
                None if place == 1 else f"Remark {place}",
                START + timedelta(minutes=place % 2),
            )
            for number in range(CASES)
            for place in range(number % 4)
        ]
        await owner.executemany("INSERT INTO bazaar.remarks VALUES ($1, $2, $3, $4, $5)", remarks)


def _case(of: int, number: int) -> tuple[Any, ...]:
    subjects: list[Id | None] = [
        None,
        ident(BuyerId, 0),
        ident(SupplierId, 1),
        ident(ClaimId, 3),
        ident(EventId, 3),
        ident(ProviderId, 0),
    ]
    return (
        tenant(of),
        ident(ClaimId, number),
        f"C-{of}-{number}",
        "OPEN" if number % 3 else "DONE",
        number % 4,
        [["late", "damaged"], [], ["lost"]][number % 3],
        -5 if number == 7 else 1_005 * number,
        None if number % 2 else 7,
        ["USD", "JPY", "KWD"][number % 3],
        START + timedelta(days=number // 2, microseconds=number % 3),
        None if number % 5 == 0 else START + timedelta(days=30 - number),
        None if number % 2 else Decimal("1.50") * number,
        ident(BuyerId, number % 2),
        ident(SupplierId, number // 2 % 2) if number % 4 else None,
        None if number % 4 else ident(ProviderId, number // 4 % 2),
        subjects[number % len(subjects)],
        ident(ClaimId, number - 2) if number > 2 else None,
        f"secret {number}",
    )


@dataclass(frozen=True, slots=True)
class Viewers:
    """Every kind of viewer there is something to see for."""

    all: tuple[Caller, ...] = (
        caller(STAFF),
        caller(BUYER),
        caller(BUYER, 1),
        caller(SUPPLIER),
        caller(SUPPLIER, 1, 1),
        caller(PROVIDER),
        caller(PROVIDER, 1, 1),
        caller(PUBLIC),
        caller(STAFF, of=1),
    )
