"""What the platform holds about an order, as items of an evidence pack (`domain/evidence_packs.py`)."""

from collections.abc import Sequence

from domain.dates import rfc3339
from domain.evidence_packs import Content, Item, ItemKind
from domain.ids import ClaimId, OrderId, TenantId, UploadId
from domain.money import Money
from domain.orders import Order
from domain.shipments import Shipment
from domain.uploads import Upload
from storage import orders, tracking, uploads
from storage.certificates import CERTIFICATES
from storage.messages import MESSAGES
from storage.pool import Connection
from storage.shipments import SHIPMENTS


async def items(
    connection: Connection, tenant_id: TenantId, order_id: OrderId, files: Sequence[Upload] = ()
) -> list[Item]:
    """Every item of a pack about that order, and those files. Refuses an unknown order with NotFound."""
    order = await orders.get(connection, tenant_id, order_id)
    found = [
        Item(ItemKind.ORDER, order.id, _order(order)),
        *(Item(ItemKind.ORDER_LINE, line.id, _line(order, place)) for place, line in enumerate(order.lines)),
    ]
    for certificate in await CERTIFICATES.select(connection, tenant_id, "t.order_id = $2 ORDER BY t.id", order.id):
        content: Content = {
            "coverageId": certificate.coverage_id,
            "hash": certificate.hash,
            "keyId": certificate.key_id,
            "signature": certificate.signature,
        }
        found.append(Item(ItemKind.CERTIFICATE, certificate.id, content))
    shipments = await SHIPMENTS.select(connection, tenant_id, "t.order_id = $2 ORDER BY t.id", order.id)
    found.extend(Item(ItemKind.SHIPMENT, shipment.id, _shipment(shipment)) for shipment in shipments)
    for event in await tracking.by_shipments(connection, tenant_id, [shipment.id for shipment in shipments]):
        content = {
            "shipmentId": event.shipment_id,
            "status": event.status.value,
            "reason": None if event.reason is None else event.reason.value,
            "place": event.place,
            "occurredAt": rfc3339(event.occurred_at),
            "recordedAt": rfc3339(event.recorded_at),
        }
        found.append(Item(ItemKind.TRACKING_EVENT, event.id, content))
    for message in await MESSAGES.select(connection, tenant_id, "t.order_id = $2 ORDER BY t.id", order.id):
        content = {
            "key": message.key.value,
            "state": message.state.value,
            "to": message.party_id,
            "title": message.title,
            "at": rfc3339(message.at),
        }
        found.append(Item(ItemKind.MESSAGE, message.id, content))
    found.extend(await _claims(connection, tenant_id, order.id))
    found.extend(Item(ItemKind.UPLOAD, file.id, _file(file)) for file in files)
    return found


async def files(connection: Connection, tenant_id: TenantId, ids: Sequence[UploadId]) -> list[Upload]:
    """Those of the files that exist."""
    if not ids:
        return []
    return await uploads.UPLOADS.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids))


async def _claims(connection: Connection, tenant_id: TenantId, order_id: OrderId) -> list[Item]:
    rows = await connection.fetch(
        "SELECT id, number, reason, state, outcome, amount_minor, currency, opened_at FROM claims"
        " WHERE tenant_id = $1 AND order_id = $2 ORDER BY id",
        tenant_id,
        order_id,
    )
    return [
        Item(
            ItemKind.CLAIM,
            ClaimId(row["id"]),
            {
                "number": row["number"],
                "reason": row["reason"],
                "state": row["state"],
                "outcome": row["outcome"],
                "amount": str(Money(row["amount_minor"], row["currency"])),
                "openedAt": rfc3339(row["opened_at"]),
            },
        )
        for row in rows
    ]


def _order(order: Order) -> Content:
    return {
        "reference": order.reference,
        "state": order.state.value,
        "total": str(order.total),
        "refunded": str(order.refunded),
        "country": order.country,
        "addressDigest": order.address_digest,
        "addressChangedAt": None if order.address_changed_at is None else rfc3339(order.address_changed_at),
        "placedAt": rfc3339(order.placed_at),
        "paidAt": None if order.paid_at is None else rfc3339(order.paid_at),
        "completedAt": None if order.completed_at is None else rfc3339(order.completed_at),
    }


def _line(order: Order, place: int) -> Content:
    line = order.lines[place]
    return {
        "position": line.position,
        "description": line.description,
        "quantity": line.quantity,
        "value": str(line.value),
        "promisedAt": None if line.promised_at is None else rfc3339(line.promised_at),
        "deliveredAt": None if line.delivered_at is None else rfc3339(line.delivered_at),
        "shipmentId": line.shipment_id,
    }


def _shipment(shipment: Shipment) -> Content:
    return {
        "reference": shipment.reference,
        "providerId": shipment.provider_id,
        "mode": shipment.mode.value,
        "state": shipment.state.value,
        "trackingNumber": shipment.tracking_number,
        "trackingValid": shipment.tracking_valid,
        "pickedUpAt": None if shipment.picked_up_at is None else rfc3339(shipment.picked_up_at),
        "deliveredAt": None if shipment.delivered_at is None else rfc3339(shipment.delivered_at),
        "signerDigest": shipment.signer_digest,
        "proofUploadId": shipment.proof_upload_id,
        "provenAt": None if shipment.proven_at is None else rfc3339(shipment.proven_at),
    }


def _file(file: Upload) -> Content:
    return {"kind": file.kind.value, "sizeBytes": file.size_bytes, "sha256": file.sha256}
