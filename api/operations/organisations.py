"""Organisations and their people: created, invited, joined, given roles, removed.

A party looks after its own organisation, an admin after any; what is somebody else's is not found. Changes of an
organisation's people lock it first, so that two stewards who remove each other do not both succeed.
"""

import secrets

from api.operations.duties import end_duties
from domain import access, clocks, members, organisations
from domain.clocks import Clock, Duty
from domain.errors import Forbidden
from domain.ids import ClockId, InvitationId, MemberId, OrganisationId
from domain.keys import SECRET_BYTES, digest_of
from domain.members import AcceptInvitation, ChangeRole, InviteMember, Member, RemoveMember, RevokeInvitation
from domain.organisations import STEWARDS, CreateOrganisation, Organisation
from domain.personal import PersonalDatum
from storage import members as member_rows
from storage import organisations as organisation_rows
from storage import personal as personal_rows
from storage.unit_of_work import Outcome, Work


async def create_organisation(work: Work, command: CreateOrganisation) -> Outcome:
    """The organisation exists, without people or keys."""
    access.require(work.caller, "createOrganisation")
    change = organisations.create_organisation(command, id=work.new_id(OrganisationId), at=work.at)
    await work.keep(change)
    return Outcome({"organisation": change.after.id})


async def invite_member(work: Work, command: InviteMember) -> Outcome:
    """An invitation is open, and its letter's text is shown this once. Refuses another's organisation (NotFound)."""
    access.require(work.caller, "inviteMember")
    organisation = await own_organisation(work, command.organisation_id)
    invitation_id, letter = await invite(work, command, organisation)
    return Outcome({"invitation": invitation_id}, once={"secret": letter})


async def invite(work: Work, command: InviteMember, organisation: Organisation) -> tuple[InvitationId, str]:
    """An invitation to that organisation is open; the text of its letter, of which no more than a digest is kept."""
    secret = secrets.token_hex(SECRET_BYTES)
    change = members.invite_member(
        command,
        organisation,
        id=work.new_id(InvitationId),
        email_digest=work.digest(command.email),
        secret_hash=digest_of(secret),
        invited_by=work.caller.actor_id,
        at=work.at,
    )
    invitation = change.after
    duty = clocks.start(
        Duty.ACCEPT_INVITATION, invitation.id, invitation.expires_at, id=work.new_id(ClockId), at=work.at
    )
    await work.keep(change, duty)
    address = PersonalDatum(invitation.id, members.INVITED, {"email": command.email}, work.at)
    await personal_rows.overwrite(work.connection, work.tenant_id, address)
    return invitation.id, members.invitation_text(invitation.id, secret)


async def accept_invitation(work: Work, command: AcceptInvitation) -> Outcome:
    """The person who calls is a member. Refuses whoever is one already, machines, wrong secrets, and what came late."""
    access.require(work.caller, "acceptInvitation")
    if work.caller.person is None:
        raise Forbidden("acceptInvitation is for people, not for keys.")
    invitation_id, secret = members.parse_invitation(command.text)
    invitation = await member_rows.lock_invitation(work.connection, work.tenant_id, invitation_id)
    acceptance = members.accept_invitation(
        invitation,
        work.caller.person,
        secret_hash=digest_of(secret),
        member_id=work.new_id(MemberId),
        at=work.at,
    )
    await work.keep(acceptance.member, acceptance.invitation)
    await end_duties(work, invitation.id)
    return Outcome({"member": acceptance.member.after.id})


async def revoke_invitation(work: Work, command: RevokeInvitation) -> Outcome:
    """The invitation can no longer be accepted. Refuses another organisation's (NotFound) and one that has ended."""
    access.require(work.caller, "revokeInvitation")
    invitation = await member_rows.lock_invitation(work.connection, work.tenant_id, command.invitation_id)
    organisations.require_own(work.caller, invitation.organisation_id)
    work.expect(invitation)
    await work.keep(members.revoke_invitation(invitation, at=work.at))
    await end_duties(work, invitation.id)
    return Outcome({"invitation": invitation.id})


async def fire_accept_invitation(work: Work, clock: Clock) -> None:
    """Nobody accepted the invitation: it has expired."""
    invitation = await member_rows.lock_invitation(work.connection, work.tenant_id, InvitationId(clock.subject_id))
    expired = members.expire_invitation(invitation, at=work.at)
    if expired is not None:
        await work.keep(expired)


async def grant_role(work: Work, command: ChangeRole) -> Outcome:
    """The member has the role as well. Refuses another organisation's member and a role that does not fit."""
    access.require(work.caller, "grantRole")
    member, organisation = await _own_member(work, command.member_id)
    work.expect(member)
    await work.keep(members.grant_role(member, organisation, command.role))
    return Outcome({"member": member.id})


async def revoke_role(work: Work, command: ChangeRole) -> Outcome:
    """The member has the role no longer. Refuses another organisation's member, the only role, the last steward's."""
    access.require(work.caller, "revokeRole")
    member, organisation = await _own_member(work, command.member_id)
    work.expect(member)
    stewards = await _stewards(work, organisation)
    await work.keep(members.revoke_role(member, organisation, command.role, stewards=stewards))
    return Outcome({"member": member.id})


async def remove_member(work: Work, command: RemoveMember) -> Outcome:
    """The person acts for the organisation no longer. Refuses another organisation's member and the last steward."""
    access.require(work.caller, "removeMember")
    member, organisation = await _own_member(work, command.member_id)
    work.expect(member)
    stewards = await _stewards(work, organisation)
    await work.keep(members.remove_member(member, organisation, stewards=stewards, at=work.at))
    return Outcome({"member": member.id})


async def own_organisation(work: Work, organisation_id: OrganisationId | None) -> Organisation:
    """The organisation the caller means: the one named, else its own. Refuses another's with NotFound."""
    wanted = organisation_id or work.caller.organisation_id
    if wanted is None:
        raise Forbidden("You belong to no organisation.")
    organisations.require_own(work.caller, wanted)
    return await organisation_rows.get(work.connection, work.tenant_id, wanted)


async def _own_member(work: Work, member_id: MemberId) -> tuple[Member, Organisation]:
    """The member and its organisation, both locked. Refuses another organisation's member with NotFound."""
    seen = await member_rows.get(work.connection, work.tenant_id, member_id)
    organisations.require_own(work.caller, seen.organisation_id)
    organisation = await organisation_rows.lock(work.connection, work.tenant_id, seen.organisation_id)
    return await member_rows.lock(work.connection, work.tenant_id, member_id), organisation


async def _stewards(work: Work, organisation: Organisation) -> int:
    steward = STEWARDS[organisation.kind]
    return await member_rows.count_with_role(work.connection, work.tenant_id, organisation.id, steward)
