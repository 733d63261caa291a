"""Members and invitations: rows to dataclasses, and the ways they are found and counted."""

from typing import Final

from domain.access import Role
from domain.ids import InvitationId, MemberId, OrganisationId, TenantId
from domain.members import Invitation, Member
from storage.pool import Connection
from storage.tables import Table

MEMBERS: Final = Table(
    "members",
    Member,
    personal=frozenset({"subject"}),
    conflicts={"members_subject": "This person is a member already."},
)
INVITATIONS: Final = Table("invitations", Invitation)


async def get(connection: Connection, tenant_id: TenantId, id: MemberId) -> Member:
    """The member, removed ones too. Refuses with NotFound."""
    return await MEMBERS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: MemberId) -> Member:
    """The member, this transaction's until its end. Refuses with NotFound. Lock its organisation first."""
    return await MEMBERS.lock(connection, tenant_id, id)


async def count_with_role(
    connection: Connection, tenant_id: TenantId, organisation_id: OrganisationId, role: Role
) -> int:
    """How many members of the organisation have that role now. Exact only while the organisation is locked."""
    counted: int = await connection.fetchval(
        "SELECT count(*) FROM members "
        "WHERE tenant_id = $1 AND organisation_id = $2 AND $3 = ANY (roles) AND removed_at IS NULL",
        tenant_id,
        organisation_id,
        role,
    )
    return counted


async def lock_invitation(connection: Connection, tenant_id: TenantId, id: InvitationId) -> Invitation:
    """The invitation, this transaction's until its end. Refuses with NotFound."""
    return await INVITATIONS.lock(connection, tenant_id, id)
