"""`./run tenants`: marketplaces come to be here, and only here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from api.embedded.supervisor import connected
from api.operations.tenants import create_tenant
from api.settings import Settings, Unusable, from_environment
from api.verbs.migrate import bring_up_to_date
from domain import words
from domain.dates import instant
from domain.errors import Invalid, NotFound, Refusal, Refused
from domain.ids import TenantId
from domain.tenants import CreateTenant, TenantKind
from domain.words import refusals
from storage import certificates as certificate_rows
from storage import tenants as tenant_rows
from storage.pool import Pool

R = TypeVar("R")
Named = Annotated[str | None, typer.Option(help="The marketplace's id; may be left out where there is one only.")]
"""The option `--tenant` of verbs that act in one marketplace."""

command = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Create and list marketplaces.", no_args_is_help=True
)


@command.command()
def create(
    name: Annotated[str, typer.Option(help="The marketplace's name.")],
    kind: Annotated[TenantKind, typer.Option(help="live, or sandbox: its clock can be moved.")] = TenantKind.LIVE,
    market: Annotated[str, typer.Option(help="Country code: whose working days the desk keeps.")] = "US",
    currency: Annotated[str, typer.Option(help="Currency code of caps and yearly spend.")] = "USD",
    documents_required: Annotated[
        bool, typer.Option("--documents-required", help="Frontend keys may send trusted documents only.")
    ] = False,
) -> None:
    """Create a marketplace with its operator, the shipped rules and a first admin key, which is shown this once."""
    wish = CreateTenant(name, kind, market, currency, documents_required)
    made = with_worker(lambda _settings, pool: create_tenant(pool, wish, request_id="run tenants create"))
    print(f"tenant     {made.id}\noperator   {made.operator_id}\nadmin key  {made.admin_key}")


@command.command("list")
def list_() -> None:
    """List the marketplaces, oldest first."""

    async def told(_settings: Settings, pool: Pool) -> list[str]:
        async with pool.acquire(None) as connection:
            return [f"{tenant.id}  {tenant.kind:7}  {tenant.name}" for tenant in await tenant_rows.page(connection)]

    print("\n".join(with_worker(told)) or "There is no marketplace yet: ./run tenants create --name …")


def with_worker(act: Callable[[Settings, Pool], Awaitable[R]], *, connections: int = 1) -> R:
    """What `act` returns, given a pool of the worker's role, which sees every tenant.

    Raises:
        Unusable: there is no such role's address, or the operation refuses; one sentence says why.
    """

    async def run(settings: Settings) -> R:
        certificate_rows.sign_with(settings.secret_key)
        pool = await Pool.open(settings.database_worker_url, size=connections)
        try:
            return await act(settings, pool)
        finally:
            await pool.close()

    given = from_environment(os.environ)
    with connected(given) as settings:
        if not settings.database_worker_url:
            raise Unusable("DATABASE_WORKER_URL must name the database as the worker's role.")
        if given.embedded:
            bring_up_to_date(settings)  # a new state folder holds an empty database
        try:
            return asyncio.run(run(settings))
        except Refusal as refusal:
            raise Unusable(sentence(refusal)) from refusal


def sentence(refusal: Refusal) -> str:
    """The refusal for a person at a terminal: every problem of an input with its name, every unmet condition once."""
    if isinstance(refusal, Invalid):
        return "; ".join(f"{'.'.join(problem.field)} {problem.message}" for problem in refusal.problems)
    unmet = refusal.unmet if isinstance(refusal, Refused) else ()
    said = [refusals.as_sentence(refusal.message), *(words.sentence(finding) for finding in unmet)]
    return " ".join(dict.fromkeys(said))


async def tenant_named(pool: Pool, named: str | None) -> TenantId:
    """The id of the marketplace so named, or of the only one there is. Refuses with NotFound what is not one."""
    async with pool.acquire(None) as connection:
        tenants = await tenant_rows.page(connection)
    if not tenants:
        raise NotFound("There is no marketplace here yet; ./run tenants create --name NAME makes one.")
    found = [tenant.id for tenant in tenants if named in {None, tenant.id}]
    if len(found) != 1:
        raise NotFound("Name the marketplace with --tenant; ./run tenants list shows them.")
    return found[0]


def instant_named(text: str) -> datetime:
    """The instant that a person typed. Refuses what is none with Unusable."""
    try:
        return instant(text)
    except ValueError as reason:
        raise Unusable(f"{text!r} is no instant like 2027-01-31T23:59:59Z.") from reason
