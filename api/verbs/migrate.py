"""`./run migrate`: the database's schema is that of this version, and every marketplace has what it ships."""

import asyncio
import os
from collections.abc import Sequence

from api.embedded.supervisor import connected
from api.operations.tenants import complete_tenants
from api.settings import Settings, Unusable, from_environment
from domain.errors import Refusal
from domain.ids import TenantId
from storage import migrate
from storage.pool import Pool


def command() -> None:
    """Apply the migrations that the database lacks, give marketplaces the rules that they lack, and name both."""
    with connected(from_environment(os.environ)) as settings:
        applied = bring_up_to_date(settings)
        completed = complete_marketplaces(settings)
    print("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")
    print("\n".join(f"completed {tenant_id}" for tenant_id in completed) or "Every marketplace has the shipped rules.")


def bring_up_to_date(settings: Settings) -> Sequence[str]:
    """The names of the migrations that were applied now.

    Raises:
        Unusable: the owner's address is not known, or the migrations refuse; one sentence says why.
    """
    if not settings.database_owner_url:
        raise Unusable("DATABASE_OWNER_URL must name the database as the role that owns it.")
    try:
        return asyncio.run(migrate.migrate(settings.database_owner_url))
    except migrate.MigrationRefused as reason:
        raise Unusable(str(reason)) from reason


def complete_marketplaces(settings: Settings) -> Sequence[TenantId]:
    """The marketplaces that got shipped rules now, which an older version did not have. Theirs are left alone.

    Raises:
        Unusable: a marketplace refuses one; one sentence says why.
    """

    async def run() -> Sequence[TenantId]:
        pool = await Pool.open(settings.database_owner_url, size=1)
        try:
            return await complete_tenants(pool, request_id="run migrate")
        finally:
            await pool.close()

    try:
        return asyncio.run(run())
    except Refusal as reason:
        raise Unusable(reason.message) from reason
