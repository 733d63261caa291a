"""Claims, coupons, recoveries and invoices as they stood at an instant, for whoever may see them now.

Nothing here writes. Balances, trial balances, tiers and points have `asOf` of their own, rules `at`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from domain.access import Caller, ViewerKind
from domain.claims import ClaimOutcome, ClaimState
from domain.coupons import CouponState
from domain.errors import Invalid, Problem
from domain.ids import ClaimId, CouponId, DecisionId, Id, InvoiceId, RecoveryId, RuleVersionId
from domain.invoices import InvoiceState
from domain.money import Money
from domain.recoveries import RecoveryState
from storage import history
from storage.claims import CLAIMS
from storage.coupons import COUPONS
from storage.invoices import INVOICES
from storage.recoveries import RECOVERIES
from storage.tables import Table
from storage.views import claims, coupons, recoveries
from storage.views.view import Answer, Root, Row

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ClaimAsOf:
    """A claim as it stood at an instant."""

    claim: ClaimId
    as_of: datetime
    version: int
    state: ClaimState
    outcome: ClaimOutcome | None
    base: Money
    amount: Money
    answer_due_at: datetime | None
    due_at: datetime | None
    decision: DecisionId | None
    rule_version: RuleVersionId
    procedure_version: RuleVersionId
    appealable_until: datetime | None
    final_at: datetime | None
    opened_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecoveryAsOf:
    """A recovery as it stood at an instant."""

    recovery: RecoveryId
    as_of: datetime
    version: int
    state: RecoveryState
    contingent: Money
    due: Money
    outstanding: Money
    netted: Money
    paid: Money
    drawn: Money
    written_off: Money
    returned: Money
    released: Money
    fell_due_at: datetime | None
    disputed_at: datetime | None
    invoice: InvoiceId | None


@dataclass(frozen=True, slots=True)
class CouponAsOf:
    """A coupon as it stood at an instant."""

    coupon: CouponId
    as_of: datetime
    version: int
    state: CouponState
    amount: Money
    used: Money
    reserved: Money
    left: Money
    revoked_reason: str | None
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvoiceLineAsOf:
    """A line of an invoice as it stood at an instant."""

    recovery: RecoveryId | None
    amount: Money
    settled: Money


@dataclass(frozen=True, slots=True)
class InvoiceAsOf:
    """An invoice as it stood at an instant."""

    invoice: InvoiceId
    as_of: datetime
    version: int
    state: InvoiceState
    total: Money
    open: Money
    lines: list[InvoiceLineAsOf]
    issued_at: datetime
    due_at: datetime
    overdue_at: datetime | None
    ended_at: datetime | None


async def claim_as_of(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[ClaimAsOf | None]:
    """The claim as it stood then; null where it did not exist, or is none of the viewer's."""
    as_of = min(arguments["as_of"], at)
    found = await _stood(connection, viewer, CLAIMS, claims.VISIBLE, _id(ClaimId, arguments["id"]), as_of)
    if found is None:
        return [None]
    return [
        ClaimAsOf(
            found.id,
            as_of,
            found.version,
            found.state,
            found.outcome,
            found.base,
            found.amount,
            found.answer_due_at,
            found.due_at,
            found.decision_id,
            found.rule_version_id,
            found.procedure_version_id,
            found.appealable_until,
            found.final_at,
            found.opened_at,
            found.updated_at,
            found.decided_at,
            found.ended_at,
        )
    ]


async def recovery_as_of(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[RecoveryAsOf | None]:
    """The recovery as it stood then; null where it did not exist, or is none of the viewer's."""
    as_of = min(arguments["as_of"], at)
    found = await _stood(connection, viewer, RECOVERIES, recoveries.OWN, _id(RecoveryId, arguments["id"]), as_of)
    if found is None:
        return [None]
    return [
        RecoveryAsOf(
            found.id,
            as_of,
            found.version,
            found.state,
            found.contingent,
            found.due,
            found.outstanding,
            found.netted,
            found.paid,
            found.drawn,
            found.written_off,
            found.returned,
            found.released,
            found.fell_due_at,
            found.disputed_at,
            found.invoice_id,
        )
    ]


async def coupon_as_of(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[CouponAsOf | None]:
    """The coupon as it stood then; null where it did not exist, or is none of the viewer's."""
    as_of = min(arguments["as_of"], at)
    found = await _stood(connection, viewer, COUPONS, coupons.COUPON.visible, _id(CouponId, arguments["id"]), as_of)
    if found is None:
        return [None]
    return [
        CouponAsOf(
            found.id,
            as_of,
            found.version,
            found.state,
            found.amount,
            found.used,
            found.reserved,
            found.left,
            found.revoked_reason,
            found.issued_at,
            found.expires_at,
            found.ended_at,
        )
    ]


async def invoice_as_of(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[InvoiceAsOf | None]:
    """The invoice with its lines as it stood then; null where it did not exist, or is none of the viewer's."""
    as_of = min(arguments["as_of"], at)
    found = await _stood(connection, viewer, INVOICES, recoveries.OWN, _id(InvoiceId, arguments["id"]), as_of)
    if found is None:
        return [None]
    lines = [InvoiceLineAsOf(line.recovery_id, line.amount, line.settled) for line in found.lines]
    return [
        InvoiceAsOf(
            found.id,
            as_of,
            found.version,
            found.state,
            found.total,
            found.remaining,
            lines,
            found.issued_at,
            found.due_at,
            found.overdue_at,
            found.ended_at,
        )
    ]


async def _stood(
    connection: Any, viewer: Caller, table: Table[T], visible: Mapping[ViewerKind, str], id_: Id, at: datetime
) -> T | None:
    """The row as it stood then; None where it did not exist, or is none of the viewer's now."""
    if not await _sees(connection, viewer, table.name, visible, id_):
        return None
    return await history.as_of(connection, viewer.tenant_id, table, id_, at)


def _id(kind: type[Id], text: str) -> Id:
    try:
        return kind.parse(text)
    except ValueError as reason:
        raise Invalid(Problem(("id",), f"{reason}.")) from reason


async def _sees(connection: Any, viewer: Caller, table: str, visible: Mapping[ViewerKind, str], id_: Id) -> bool:
    """Whether the viewer may see that row now, by the same predicate as everywhere."""
    predicate = visible.get(viewer.viewer)
    if predicate is None:
        return False
    text = predicate.replace("{t}", "t").replace("{party}", "$3::text")
    row = await connection.fetchval(
        f"SELECT true FROM {table} t WHERE t.tenant_id = $1 AND t.id = $2 AND ($3::text IS NULL OR true) AND ({text})",
        viewer.tenant_id,
        id_,
        viewer.party_id,
    )
    return bool(row)


VIEWS: Final = ()
ROOTS: Final[dict[str, Root]] = {
    "claimAsOf": Answer(claim_as_of),
    "couponAsOf": Answer(coupon_as_of),
    "recoveryAsOf": Answer(recovery_as_of),
    "invoiceAsOf": Answer(invoice_as_of),
}
