"""Organisations in GraphQL: their people, and the invitations by which people come."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import organisations
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.personal import Personal
from domain import members
from domain.access import Role
from domain.ids import InvitationId, MemberId, OrganisationId
from domain.members import AcceptInvitation, ChangeRole, InvitationState, InviteMember, RemoveMember, RevokeInvitation
from domain.organisations import CreateOrganisation, OrganisationKind

if TYPE_CHECKING:
    from api.schema.keys import ApiKey
    from api.schema.parties import Party

for _enum in (Role, OrganisationKind, InvitationState):
    described(_enum)

KEY = "Your name for this call: sent twice, it is done once."
VERSION = "The version you saw; another is refused."


class ByAge(StrEnum):
    """Orders of a list of things by when they came to be."""

    OLDEST_FIRST = "OLDEST_FIRST"
    """The earliest first."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""


described(ByAge)


@strawberry.input(description="Which organisations. What is left out does not matter.")
class OrganisationFilter:
    """The filters of `storage/views/organisations.py`."""

    kind: OrganisationKind | None = strawberry.field(default=None, description="Of this kind.")


@strawberry.input(description="Which members. What is left out does not matter.")
class MemberFilter:
    """The filters of `storage/views/organisations.py`."""

    present: bool | None = strawberry.field(default=None, description="Still members, or removed ones.")


@strawberry.input(description="Which invitations. What is left out does not matter.")
class InvitationFilter:
    """The filters of `storage/views/organisations.py`."""

    states: list[InvitationState] | None = strawberry.field(default=None, description="In one of these states.")


@strawberry.type(description="A company or team for whom people and machines act.")
class Organisation(Node):
    """`domain.organisations.Organisation`."""

    kind: OrganisationKind = strawberry.field(description="Which side it is on.")
    name: str = strawberry.field(description="Its name.")
    party: Annotated["Party", strawberry.lazy("api.schema.parties")] | None = strawberry.field(
        description="The buyer, supplier or provider that it is; null where it is none."
    )
    members: Connection[Annotated["Member", strawberry.lazy("api.schema.organisations")]] = connection(
        "Its people, removed ones too.", filter=MemberFilter, order=ByAge
    )
    invitations: Connection[Annotated["Invitation", strawberry.lazy("api.schema.organisations")]] = connection(
        "Who was invited.", filter=InvitationFilter, order=ByAge
    )
    api_keys: Connection[Annotated["ApiKey", strawberry.lazy("api.schema.keys")]] = connection(
        "Its keys, revoked ones too.", order=ByAge
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="A person in an organisation.")
class Member(Node):
    """`domain.members.Member`."""

    organisation: Organisation | None = strawberry.field(description="For whom the person acts.")
    roles: list[Role] = strawberry.field(description="What the person may be there.")
    joined_at: datetime = strawberry.field(description="When the invitation was accepted.")
    removed_at: datetime | None = strawberry.field(description="When the person was removed; null while they are not.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="The offer to become a member of an organisation.")
class Invitation(Node):
    """`domain.members.Invitation`."""

    organisation: Organisation | None = strawberry.field(description="Whose member somebody is to become.")
    roles: list[Role] = strawberry.field(description="The roles offered.")
    state: InvitationState = strawberry.field(description="Where it stands.")
    email: str | None = strawberry.field(
        description="Who was invited: personal data, null once erased. Reading it is written into the audit log.",
        directives=[Personal()],
    )
    member: Member | None = strawberry.field(description="Who accepted it; null while nobody has.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="The last instant at which it can be accepted.")
    ended_at: datetime | None = strawberry.field(description="When it was accepted, revoked or expired.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A new company or team.")
class CreateOrganisationInput:
    """→ `domain.organisations.CreateOrganisation`."""

    kind: OrganisationKind = strawberry.field(description="Which side it is on, for ever.")
    name: str = strawberry.field(description="Its name, at most 200 characters.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> CreateOrganisation:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = CreateOrganisation(self.kind, read.name(self.name, "name"))
        read.done()
        return command


@strawberry.input(description="Somebody to be invited.")
class InviteMemberInput:
    """→ `domain.members.InviteMember`."""

    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose member they shall become; your own organisation when left out."
    )
    email: str = strawberry.field(
        description="Their e-mail address. Personal data: kept apart and erasable.", directives=[Personal()]
    )
    roles: list[Role] = strawberry.field(description="What they shall be; the roles must fit the organisation's kind.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> InviteMember:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        organisation_id = read.optional_id(OrganisationId, self.organisation_id, "organisationId")
        email = self.email.strip()
        read.rules(members.address_problems(email))
        read.done()
        return InviteMember(organisation_id, email, tuple(self.roles))


@strawberry.input(description="The invitation that the person who calls accepts.")
class AcceptInvitationInput:
    """→ `domain.members.AcceptInvitation`."""

    secret: str = strawberry.field(description="The text of the letter: `mgi_…`.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AcceptInvitation:
        """The command."""
        return AcceptInvitation(self.secret.strip())


@strawberry.input(description="An invitation to take back.")
class RevokeInvitationInput:
    """→ `domain.members.RevokeInvitation`."""

    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RevokeInvitation:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RevokeInvitation(read.id(InvitationId, self.invitation_id, "invitationId"))
        read.done()
        return command


@strawberry.input(description="A role that a member shall have, or have no longer.")
class ChangeRoleInput:
    """→ `domain.members.ChangeRole`."""

    member_id: strawberry.ID = strawberry.field(description="The member.")
    role: Role = strawberry.field(description="The role.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ChangeRole:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ChangeRole(read.id(MemberId, self.member_id, "memberId"), self.role)
        read.done()
        return command


@strawberry.input(description="A person to be removed from their organisation.")
class RemoveMemberInput:
    """→ `domain.members.RemoveMember`."""

    member_id: strawberry.ID = strawberry.field(description="The member.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RemoveMember:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RemoveMember(read.id(MemberId, self.member_id, "memberId"))
        read.done()
        return command


@strawberry.type(description="The organisation after the change, or why nothing changed.")
class OrganisationPayload:
    """What `createOrganisation` answers."""

    organisation: Organisation | None = strawberry.field(description="The organisation; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The invitation after the change, or why nothing changed.")
class InvitationPayload:
    """What the mutations on an invitation answer."""

    invitation: Invitation | None = strawberry.field(description="The invitation; null when nothing changed.")
    secret: str | None = strawberry.field(
        description="The text for the letter, with which the invitation is accepted. Shown this once, kept nowhere."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The member after the change, or why nothing changed.")
class MemberPayload:
    """What the mutations on a member answer."""

    member: Member | None = strawberry.field(description="The member; null when nothing changed or hidden from you.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class OrganisationQueries:
    """Reading organisations and their people."""

    organisation: Organisation | None = point(
        "The organisation of that id; null when there is none for the viewer.", of="organisation"
    )
    organisations: Connection[Organisation] = listing(
        "The organisations the viewer may see: a party its own, staff all.", filter=OrganisationFilter, order=ByAge
    )
    member: Member | None = point("The member of that id; null when there is none for the viewer.", of="member")
    invitation: Invitation | None = point(
        "The invitation of that id; null when there is none for the viewer.", of="invitation"
    )


@strawberry.type
class OrganisationMutations:
    """What can be done with organisations and their people."""

    create_organisation: OrganisationPayload = mutation(
        organisations.create_organisation,
        CreateOrganisationInput,
        keyed=False,
        description="A company or team exists, without people or keys.",
    )
    invite_member: InvitationPayload = mutation(
        organisations.invite_member,
        InviteMemberInput,
        keyed=False,
        description="Somebody is invited. The letter's secret is shown once; whoever has it may accept in time.",
    )
    accept_invitation: MemberPayload = mutation(
        organisations.accept_invitation,
        AcceptInvitationInput,
        keyed=False,
        description="The person who calls becomes a member, by the secret of the invitation's letter. For people who "
        "are members of nothing yet in this marketplace.",
    )
    revoke_invitation: InvitationPayload = mutation(
        organisations.revoke_invitation,
        RevokeInvitationInput,
        keyed=False,
        description="An open invitation can no longer be accepted.",
    )
    grant_role: MemberPayload = mutation(
        organisations.grant_role, ChangeRoleInput, keyed=False, description="A member has one role more."
    )
    revoke_role: MemberPayload = mutation(
        organisations.revoke_role,
        ChangeRoleInput,
        keyed=False,
        description="A member has one role less. The last one who looks after the organisation keeps that role.",
    )
    remove_member: MemberPayload = mutation(
        organisations.remove_member,
        RemoveMemberInput,
        keyed=False,
        description="A person acts for the organisation no longer. The last one who looks after it stays.",
    )
