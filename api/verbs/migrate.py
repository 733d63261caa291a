"""`./run migrate`: the database's schema is that of this version."""

import asyncio
import os
from collections.abc import Sequence

from api.embedded.supervisor import connected
from api.settings import Settings, Unusable, from_environment
from storage import migrate


def command() -> None:
    """Apply the migrations that the database lacks, and name them."""
    with connected(from_environment(os.environ)) as settings:
        applied = bring_up_to_date(settings)
    print("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")


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
