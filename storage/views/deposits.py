"""Deposits and their movements: staff see all, a provider its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import deposits
from domain.access import Caller, ViewerKind
from domain.deposits import DepositStanding
from domain.errors import Refused
from domain.ids import ProviderId
from domain.requirements import Matrix
from storage import deposits as deposit_rows
from storage import onboarding
from storage.providers import PROVIDERS
from storage.views.organisations import BY_ID
from storage.views.view import Amount, Computed, Filter, Listing, Many, One, Point, Root, Row, Sort, View, columns

CONCERNED: Final = frozenset({ViewerKind.STAFF, ViewerKind.PROVIDER})
OWN: Final = {ViewerKind.STAFF: "true", ViewerKind.PROVIDER: "{t}.provider_id = {party}"}


async def standings(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[DepositStanding] | None]:
    """How each provider's deposits stand beside what is required; of others than the viewer's own nothing."""
    shown = [viewer.viewer is ViewerKind.STAFF or row["id"] == viewer.party_id for row in rows]
    if not any(shown):
        return [None] * len(rows)
    matrix = await _matrix(connection, viewer, at)
    ids = [ProviderId(row["id"]) for row in rows]
    held = await deposit_rows.by_providers(connection, viewer.tenant_id, ids)
    return [
        list(deposits.standings(_required(matrix, row), held.get(id_, {}))) if visible else None
        for row, id_, visible in zip(rows, ids, shown, strict=True)
    ]


def _required(matrix: Matrix | None, row: Row) -> Mapping[str, Any]:
    return {} if matrix is None else deposits.required(matrix, PROVIDERS.decode(row))


async def _matrix(connection: Any, viewer: Caller, at: datetime) -> Matrix | None:
    """The requirements in force; None where a marketplace has no rule about them, so that none is required."""
    try:
        return await onboarding.matrix(connection, viewer.tenant_id, at)
    except Refused:
        return None


DEPOSIT: Final = View(
    type="Deposit",
    table="deposits",
    visible=OWN,
    fields={
        **columns("id", "currency", "openedAt", "updatedAt", "version"),
        "provider": One("Provider", "{t}.provider_id"),
        "held": Amount("{t}.held_minor"),
        "received": Amount("{t}.received_minor"),
        "drawn": Amount("{t}.drawn_minor"),
        "returned": Amount("{t}.returned_minor"),
        "movements": Many("DepositMovement", "deposit_id", "NEWEST_FIRST"),
    },
    sorts=BY_ID,
    filters={"providerId": Filter("{t}.provider_id = {v}"), "currency": Filter("{t}.currency = {v}::char(3)")},
)

MOVEMENT: Final = View(
    type="DepositMovement",
    table="deposit_movements",
    visible=OWN,
    fields={
        **columns("id", "kind", "reference", "reason", "movedAt"),
        "deposit": One("Deposit", "{t}.deposit_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "amount": Amount("{t}.amount_minor"),
        "left": Amount("{t}.left_minor"),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.moved_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.moved_at", False),)),
    },
)

FIELDS: Final = {"deposits": Computed(standings, needs=PROVIDERS.names, shown_to=CONCERNED)}
"""The fields of a provider that this noun brings."""

VIEWS: Final = (DEPOSIT, MOVEMENT)
ROOTS: Final[dict[str, Root]] = {
    "deposit": Point("Deposit"),
    "deposits": Listing("Deposit", "NEWEST_FIRST"),
    "depositMovement": Point("DepositMovement"),
}
