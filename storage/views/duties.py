"""Who must act: on a claim and what runs beneath it, and on all of that under a cover or about an order.

Whoever sees an order need not see each claim about it: what is told of a claim or service is told to its sides alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from domain import claims
from domain.access import Caller
from domain.claims import NextDuty
from storage import claims as claim_rows
from storage import service_requests
from storage.claims import CLAIMS
from storage.views.view import Row


async def of_claims(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[NextDuty]]:
    """Who must act, by when, and what happens otherwise: on the claim and on what runs beneath it, nearest first."""
    found = [CLAIMS.decode(row) for row in rows]
    running = await claim_rows.beneath(connection, viewer.tenant_id, [claim.id for claim in found])
    return [list(claims.duties(claim, running.get(claim.id, ()))) for claim in found]


async def next_of_claims(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[NextDuty | None]:
    """The nearest of its duties."""
    return [next(iter(each), None) for each in await of_claims(connection, rows, viewer, at, arguments)]


async def of_orders(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[NextDuty]]:
    """Who must act on the claims about each order and on the services under its covers, nearest first."""
    return await _of(connection, rows, viewer, "order_id")


async def of_covers(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[NextDuty]]:
    """Who must act on the claim and on the services under each cover, nearest first."""
    return await _of(connection, rows, viewer, "coverage_id")


async def _of(
    connection: Any, rows: Sequence[Row], viewer: Caller, by: Literal["order_id", "coverage_id"]
) -> list[list[NextDuty]]:
    tenant_id, ids = viewer.tenant_id, [row["id"] for row in rows]
    found = await claim_rows.live_of(connection, tenant_id, by, ids)
    live = [claim.id for each in found.values() for claim in each]
    running = await claim_rows.beneath(connection, tenant_id, live) if live else {}
    services = await service_requests.running(connection, tenant_id, by, ids)
    return [
        list(
            claims.all_duties(
                viewer,
                [(claim, running.get(claim.id, ())) for claim in found.get(id, ())],
                services.get(id, ()),
            )
        )
        for id in ids
    ]
