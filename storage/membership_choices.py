"""Choices of plans: row to dataclass, and the one that waits."""

from typing import Final

from domain.ids import MembershipChoiceId, SupplierId, TenantId
from domain.membership_choices import WAITING, MembershipChoice
from storage.pool import Connection
from storage.tables import Table

MEMBERSHIP_CHOICES: Final = Table("membership_choices", MembershipChoice)


async def get(connection: Connection, tenant_id: TenantId, id: MembershipChoiceId) -> MembershipChoice:
    """The choice. Refuses with NotFound."""
    return await MEMBERSHIP_CHOICES.get(connection, tenant_id, id)


async def find_waiting(connection: Connection, tenant_id: TenantId, id: SupplierId) -> MembershipChoice | None:
    """The merchant's choice that waits, or None. The supplier's lock covers it."""
    where = "t.supplier_id = $2 AND t.state = ANY ($3::text[])"
    found = await MEMBERSHIP_CHOICES.select(connection, tenant_id, where, id, sorted(WAITING))
    return found[0] if found else None
