"""Messages: row to dataclass, the ways they are found, and the templates in force."""

from datetime import datetime
from typing import Final

from domain import messages
from domain.errors import Refused
from domain.ids import ShipmentId, TenantId
from domain.messages import Message, MessageTerms
from storage import rulebook
from storage.pool import Connection
from storage.tables import Table

MESSAGES: Final = Table(
    "messages",
    Message,
    conflicts={"messages_tenant_id_subject_id_party_id_key_key": "The party has had this message already."},
)


async def by_subject(connection: Connection, tenant_id: TenantId, subject_id: ShipmentId) -> list[Message]:
    """What was written about the shipment, skipped messages too, oldest first. The shipment's lock covers them."""
    return await MESSAGES.select(connection, tenant_id, "t.subject_id = $2 ORDER BY t.id", subject_id)


async def find_terms(connection: Connection, tenant_id: TenantId, at: datetime) -> MessageTerms | None:
    """The templates in force; None where a marketplace has none, so that nothing is written."""
    try:
        version = await rulebook.in_force(connection, tenant_id, messages.RULE, at)
    except Refused:
        return None
    return messages.message_terms(version)
