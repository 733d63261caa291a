"""Deposits and their movements: staff see all, a provider its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from domain import deposits
from domain.access import Caller, ViewerKind
from domain.dates import MICROSECOND
from domain.deposits import Affairs, DepositStanding
from domain.errors import Conflict, ErrorCode, Refused
from domain.exits import OpenDuty
from domain.explain import Finding
from domain.ids import DepositId, ProviderId
from domain.ledger import AccountName
from domain.money import Money
from domain.requirements import Matrix
from storage import deposits as deposit_rows
from storage import exits as exit_rows
from storage import onboarding, paging
from storage.providers import PROVIDERS
from storage.views.ledger import keeps_books
from storage.views.organisations import BY_ID
from storage.views.view import (
    Amount,
    Answer,
    Computed,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Row,
    Sort,
    View,
    columns,
)

CONCERNED: Final = frozenset({ViewerKind.STAFF, ViewerKind.PROVIDER})
OWN: Final = {ViewerKind.STAFF: "true", ViewerKind.PROVIDER: "{t}.provider_id = {party}"}


EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when the instants of cursors are counted."""


@dataclass(frozen=True, slots=True)
class DepositToReturn:
    """A deposit of a provider that is gone, and what of its affairs is still to be settled; the engine reads both."""

    cursor: str
    node: DepositId
    left_at: datetime
    owed: Money
    contingent: Money
    open_duty_count: int
    next_duty: OpenDuty | None
    because: list[Finding]


@dataclass(frozen=True, slots=True)
class DepositsToReturn:
    """A page of them."""

    edges: list[DepositToReturn]
    page_info: paging.PageInfo


async def to_return(
    connection: Any, _rows: Sequence[Row], viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[DepositsToReturn | None]:
    """What is still held of providers that are gone, those that left first at the top; null unless one sees the books.

    Whoever may not see the books does not see whom the marketplace owes either.
    """
    if not keeps_books(viewer):
        return [None]
    page = paging.asked(arguments, (int, str), "deposits_to_return")
    found = await deposit_rows.left_behind(
        connection,
        viewer.tenant_id,
        count=page.size + 1,
        after=_place(page.after),
        before=_place(page.before),
        backward=page.backward,
    )
    connected = paging.connected(page, found, lambda each: ((each.left_at - EPOCH) // MICROSECOND, each.deposit.id))
    ids = [each.deposit.provider_id for each in connected.nodes]
    owed = await deposit_rows.balances(connection, viewer.tenant_id, AccountName.PARTY_RECEIVABLE, ids)
    contingent = await deposit_rows.balances(connection, viewer.tenant_id, AccountName.CONTINGENT, ids)
    counts = await exit_rows.open_counts(connection, viewer.tenant_id, ids)
    duties = await exit_rows.open_duties(connection, viewer.tenant_id, ids, most=1)
    edges = []
    for edge in connected.edges:
        deposit = edge.node.deposit
        nothing, account = Money.zero(deposit.currency), (deposit.provider_id, deposit.currency)
        affairs = Affairs(
            edge.node.state,
            nothing,
            owed.get(account, nothing),
            contingent.get(account, nothing),
            counts.get(deposit.provider_id, 0),
        )
        edges.append(
            DepositToReturn(
                cursor=edge.cursor,
                node=deposit.id,
                left_at=edge.node.left_at,
                owed=affairs.owed,
                contingent=affairs.contingent,
                open_duty_count=affairs.open_duties,
                next_duty=next(iter(duties.get(deposit.provider_id, ())), None),
                because=list(deposits.keeping(deposit, affairs)),
            )
        )
    return [DepositsToReturn(edges, connected.page_info)]


def _place(values: tuple[Any, ...] | None) -> tuple[datetime, str] | None:
    """The instant and deposit of a cursor. Refuses one that no list gave with Conflict."""
    if values is None:
        return None
    micros, id_ = values
    try:
        return EPOCH + timedelta(microseconds=micros), id_
    except OverflowError as reason:
        raise Conflict("This list did not give that cursor.", code=ErrorCode.BAD_CURSOR) from reason


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
    "depositsToReturn": Answer(to_return, frozenset({ViewerKind.STAFF})),
}
