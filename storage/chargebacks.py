"""Chargebacks, what happened to them, their packs and notices: rows to dataclasses, and how they are found."""

from collections.abc import Collection
from typing import Final

from domain.chargeback_notices import ChargebackNotice
from domain.chargebacks import LIVE, Chargeback, ChargebackEvent
from domain.evidence_packs import EvidencePack
from domain.ids import (
    CardReceiptId,
    ChargebackId,
    ChargebackNoticeId,
    OrderId,
    ProcessorId,
    TenantId,
)
from domain.memberships import Scheme
from domain.money import Money
from storage.pool import Connection
from storage.tables import Table, Twin

CHARGEBACKS: Final = Table(
    "chargebacks",
    Chargeback,
    conflicts={
        "chargebacks_tenant_id_scheme_network_reference_key": Twin(
            "There is a chargeback with this reference already.", "networkReference"
        )
    },
)
CHARGEBACK_EVENTS: Final = Table("chargeback_events", ChargebackEvent)
RUNNING: Final = f"({', '.join(repr(state.value) for state in sorted(LIVE))})"
"""The states of a chargeback that is not over."""

EVIDENCE_PACKS: Final = Table("evidence_packs", EvidencePack)
CHARGEBACK_NOTICES: Final = Table(
    "chargeback_notices",
    ChargebackNotice,
    conflicts={
        "chargeback_notices_tenant_id_processor_id_event_id_key": Twin("This event was told already.", "eventId")
    },
)


async def get(connection: Connection, tenant_id: TenantId, id: ChargebackId) -> Chargeback:
    """The chargeback. Refuses with NotFound."""
    return await CHARGEBACKS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ChargebackId) -> Chargeback:
    """The chargeback, this transaction's until its end. Refuses with NotFound. Lock its order first."""
    return await CHARGEBACKS.lock(connection, tenant_id, id)


async def find_by_reference(
    connection: Connection, tenant_id: TenantId, scheme: Scheme, reference: str, *, lock: bool = False
) -> Chargeback | None:
    """The chargeback that the network calls so, or None."""
    where = "t.scheme = $2 AND t.network_reference = $3"
    found = await CHARGEBACKS.select(connection, tenant_id, where, scheme.value, reference, lock=lock)
    return found[0] if found else None


async def by_order(connection: Connection, tenant_id: TenantId, id: OrderId) -> list[Chargeback]:
    """Every chargeback of the order, oldest first. The order's lock covers them."""
    return await CHARGEBACKS.select(connection, tenant_id, "t.order_id = $2 ORDER BY t.opened_at, t.id", id)


async def runs(connection: Connection, tenant_id: TenantId, order_id: OrderId) -> bool:
    """Whether a chargeback of the order is not over. The order's lock covers the answer."""
    text = f"SELECT EXISTS (SELECT FROM chargebacks WHERE tenant_id = $1 AND order_id = $2 AND state IN {RUNNING})"
    found: bool = await connection.fetchval(text, tenant_id, order_id)
    return found


async def taken_back(
    connection: Connection, tenant_id: TenantId, order_id: OrderId, receipt_id: CardReceiptId | None, currency: str
) -> Money:
    """What chargebacks of the payment, or of the order where none is given, take back that were not won."""
    text = (
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM chargebacks WHERE tenant_id = $1 AND order_id = $2"
        " AND state <> 'WON' AND ($3::text IS NULL OR receipt_id = $3)"
    )
    return Money(await connection.fetchval(text, tenant_id, order_id, receipt_id), currency)


async def lock_reference(connection: Connection, tenant_id: TenantId, scheme: Scheme, reference: str) -> None:
    """Nobody else hears words about that reference until this transaction's end."""
    text = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
    await connection.fetchval(text, f"chargeback {tenant_id} {scheme.value} {reference}")


async def lock_notice(connection: Connection, tenant_id: TenantId, id: ChargebackNoticeId) -> ChargebackNotice:
    """The notice, this transaction's until its end. Refuses with NotFound. Lock its reference first."""
    return await CHARGEBACK_NOTICES.lock(connection, tenant_id, id)


async def get_notice(connection: Connection, tenant_id: TenantId, id: ChargebackNoticeId) -> ChargebackNotice:
    """The notice. Refuses with NotFound."""
    return await CHARGEBACK_NOTICES.get(connection, tenant_id, id)


async def find_event(
    connection: Connection, tenant_id: TenantId, processor_id: ProcessorId | None, event_id: str
) -> ChargebackNotice | None:
    """What the sender told under that number, or None."""
    where = "t.processor_id IS NOT DISTINCT FROM $2 AND t.event_id = $3"
    found = await CHARGEBACK_NOTICES.select(connection, tenant_id, where, processor_id, event_id)
    return found[0] if found else None


async def pending(
    connection: Connection, tenant_id: TenantId, scheme: Scheme, reference: str
) -> list[ChargebackNotice]:
    """Notices of that reference that may still move something, in the order in which what they tell occurred."""
    where = (
        "t.scheme = $2 AND t.network_reference = $3"
        " AND (t.state = 'WAITING' OR t.problem = 'CONTRADICTION') ORDER BY t.occurred_at, t.id"
    )
    return await CHARGEBACK_NOTICES.select(connection, tenant_id, where, scheme.value, reference)


async def unmatched_by_payment(
    connection: Connection, tenant_id: TenantId, payment_reference: str
) -> list[ChargebackNotice]:
    """First words that were told before anybody knew of their payment, oldest first."""
    where = (
        "t.payment_reference = $2 AND t.state = 'UNMATCHED' AND t.problem = 'UNKNOWN_PAYMENT' AND t.kind = 'OPENED'"
        " ORDER BY t.occurred_at, t.id"
    )
    return await CHARGEBACK_NOTICES.select(connection, tenant_id, where, payment_reference)


async def packs(connection: Connection, tenant_id: TenantId, ids: Collection[ChargebackId]) -> list[EvidencePack]:
    """The packs of those chargebacks, by chargeback and number."""
    where = "t.chargeback_id = ANY ($2::text[]) ORDER BY t.chargeback_id, t.number"
    return await EVIDENCE_PACKS.select(connection, tenant_id, where, list(ids))


LAW: Final = r"""
WITH booked AS (
  SELECT t.chargeback_id AS id, -sum(e.amount_minor) FILTER (WHERE a.name = 'FUNDS_HELD') AS held,
    sum(e.amount_minor) FILTER (WHERE a.name = 'COMPENSATION_EXPENSE') AS covered
  FROM ledger_transfers t JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transfer_id = t.id
  JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
  WHERE t.tenant_id = $1 AND t.chargeback_id IS NOT NULL GROUP BY 1
), drawn AS (
  SELECT subject_id AS id, sum(amount_minor) AS minor FROM exposure_movements
  WHERE tenant_id = $1 AND subject_id LIKE 'cbk\_%' GROUP BY 1
), off AS (
  SELECT c.id || ' is ' || c.state || ' over ' || c.amount_minor || ', covered ' || c.covered_minor || ', drawn '
    || c.drawn_minor || '; booked ' || coalesce(b.held, 0) || ' held, ' || coalesce(b.covered, 0) || ' covered, moved '
    || coalesce(d.minor, 0) AS what
  FROM chargebacks c LEFT JOIN booked b ON b.id = c.id LEFT JOIN drawn d ON d.id = c.id
  WHERE c.tenant_id = $1 AND (
    coalesce(b.held, 0) <> CASE WHEN c.state IN ('WON', 'SETTLED') THEN 0 ELSE c.amount_minor END
    OR coalesce(b.covered, 0) <> c.covered_minor OR coalesce(d.minor, 0) <> c.drawn_minor) LIMIT $2
)
SELECT (SELECT count(*) FROM chargebacks WHERE tenant_id = $1) AS looked_at, (SELECT array_agg(what) FROM off) AS broken
"""
"""What the doctor asks: a chargeback that runs holds its amount, one that is over nothing; what it covers is booked,
what it draws is moved. Which chargebacks break that, at most $2 of them."""
