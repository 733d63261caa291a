"""Members and invitations: which people act for an organisation, and how they come to.

Laws: a person (a subject of an OIDC issuer) is a member of at most one organisation per tenant at a time. Nobody is put
into an organisation: they are invited, and accept with a secret that only the invitation's letter holds. The last
steward of an organisation neither leaves nor loses that role. E-mail addresses are personal data: the row holds a keyed
digest, the address lies in `personal_data`.

    OPEN ── accept ──> ACCEPTED        OPEN ── revoke ──> REVOKED        OPEN ── silence ──> EXPIRED
"""

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from domain.access import Person, Role
from domain.change import Change, Happening
from domain.errors import Conflict, Invalid, NotFound, Problem, Refused
from domain.explain import Finding
from domain.ids import InvitationId, MemberId, OrganisationId
from domain.organisations import STEWARDS, Organisation, role_problems

INVITATION_LIFE: Final = timedelta(days=7)
"""How long an invitation can be accepted, exactly."""
INVITED: Final = "email"
"""The field of `personal_data` under which an invitation's address lies."""
EMAIL_LENGTH_MAX: Final = 254
"""RFC 5321, the longest path without its brackets."""
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_MILLISECOND_BYTES: Final = 6
_RANDOM_BYTES: Final = 10


class InvitationState(StrEnum):
    """The life of an invitation."""

    OPEN = "OPEN"
    """It can be accepted."""
    ACCEPTED = "ACCEPTED"
    """Somebody became a member by it."""
    REVOKED = "REVOKED"
    """It was taken back."""
    EXPIRED = "EXPIRED"
    """Nobody accepted it in time."""


@dataclass(frozen=True, slots=True)
class Member:
    """One person in one organisation, from joining until removal."""

    id: MemberId
    organisation_id: OrganisationId
    issuer: str
    subject: str
    roles: tuple[Role, ...]
    joined_at: datetime
    removed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """The offer to become a member; `expires_at` is its last instant."""

    id: InvitationId
    organisation_id: OrganisationId
    roles: tuple[Role, ...]
    state: InvitationState
    email_digest: str
    secret_hash: bytes
    invited_by: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    member_id: MemberId | None
    version: int


@dataclass(frozen=True, slots=True)
class InviteMember:
    """The wish to have somebody with those roles in an organisation (the caller's own when none is named)."""

    organisation_id: OrganisationId | None
    email: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """The wish to become a member, with the text of the invitation's letter: `mgi_<id>_<secret>`."""

    text: str


@dataclass(frozen=True, slots=True)
class RevokeInvitation:
    """The wish that an invitation can no longer be accepted."""

    invitation_id: InvitationId


@dataclass(frozen=True, slots=True)
class ChangeRole:
    """The wish that a member has one role more, or one less."""

    member_id: MemberId
    role: Role


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """The wish that a person acts for the organisation no longer."""

    member_id: MemberId


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What accepting an invitation changes."""

    invitation: Change[Invitation]
    member: Change[Member]


def guest_id(person: Person) -> MemberId:
    """Under which id a person who is a member of nothing acts: always the same for the same person."""
    digest = sha256(f"{person.issuer}\n{person.subject}".encode()).digest()
    milliseconds = int.from_bytes(digest[:_MILLISECOND_BYTES], "big")
    return MemberId.mint(milliseconds, int.from_bytes(digest[-_RANDOM_BYTES:], "big"))


def invitation_text(id: InvitationId, secret: str) -> str:
    """What the letter holds: whoever has it may accept."""
    return f"mgi_{id.removeprefix('inv_')}_{secret}"


def parse_invitation(text: str) -> tuple[InvitationId, str]:
    """The id and the secret of a letter's text. Refuses any other spelling with NotFound, like a wrong secret."""
    word, _, rest = text.partition("_")
    body, _, secret = rest.partition("_")
    try:
        if word != "mgi":
            raise ValueError
        return InvitationId.parse(f"inv_{body}"), secret
    except ValueError:
        raise NotFound("There is no such invitation.", field=("secret",)) from None


def invite_member(
    command: InviteMember,
    organisation: Organisation,
    *,
    id: InvitationId,
    email_digest: str,
    secret_hash: bytes,
    invited_by: str,
    at: datetime,
) -> Change[Invitation]:
    """An invitation is open for `INVITATION_LIFE`. Refuses what is no e-mail address and roles that do not fit."""
    problems = role_problems(organisation.kind, command.roles, "roles")
    problems += address_problems(command.email)
    if problems:
        raise Invalid(*problems)
    invitation = Invitation(
        id=id,
        organisation_id=organisation.id,
        roles=tuple(sorted(set(command.roles))),
        state=InvitationState.OPEN,
        email_digest=email_digest,
        secret_hash=secret_hash,
        invited_by=invited_by,
        created_at=at,
        expires_at=at + INVITATION_LIFE,
        ended_at=None,
        member_id=None,
        version=1,
    )
    return Change(None, invitation, (Happening("member.invited", {"organisation": organisation.id}),))


def require_address(email: str) -> None:
    """Returns if a letter can go there. Refuses with Invalid what is no e-mail address."""
    if problems := address_problems(email):
        raise Invalid(*problems)


def address_problems(email: str) -> tuple[Problem, ...]:
    """What is wrong with an e-mail address."""
    if len(email) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(email):
        return (Problem(("email",), "is not an e-mail address"),)
    return ()


def accept_invitation(
    invitation: Invitation, person: Person, *, secret_hash: bytes, member_id: MemberId, at: datetime
) -> Acceptance:
    """The person is a member with the roles offered and the invitation is used up.

    Raises:
        NotFound: the secret is not this invitation's, or it was accepted or revoked before.
        Refused: it came after the invitation's last instant.
    """
    if not hmac.compare_digest(invitation.secret_hash, secret_hash):
        raise NotFound("There is no such invitation.", field=("secret",))
    if invitation.state in {InvitationState.ACCEPTED, InvitationState.REVOKED}:
        raise NotFound("There is no such invitation.", field=("secret",))
    if invitation.state is InvitationState.EXPIRED or at > invitation.expires_at:
        closed = invitation.expires_at.isoformat()
        raise Refused(
            "members.invitation",
            "The invitation has expired; ask for a new one.",
            (Finding("members.invitation", False, "invitation_expired", {"at": at.isoformat()}, closes_at=closed),),
        )
    member = Member(
        id=member_id,
        organisation_id=invitation.organisation_id,
        issuer=person.issuer,
        subject=person.subject,
        roles=invitation.roles,
        joined_at=at,
        removed_at=None,
        version=1,
    )
    accepted = _ended(invitation, InvitationState.ACCEPTED, at, member_id)
    return Acceptance(
        Change(invitation, accepted, (Happening("invitation.accepted", {"member": member_id}),)),
        Change(None, member, (Happening("member.joined", {"organisation": invitation.organisation_id}),)),
    )


def revoke_invitation(invitation: Invitation, *, at: datetime) -> Change[Invitation]:
    """The invitation can no longer be accepted. Refuses with Conflict when it was accepted, revoked or has expired."""
    if invitation.state is not InvitationState.OPEN:
        raise Conflict(f"The invitation is {invitation.state} already.", field=("invitationId",))
    revoked = _ended(invitation, InvitationState.REVOKED, at, None)
    return Change(invitation, revoked, (Happening("invitation.revoked"),))


def expire_invitation(invitation: Invitation, *, at: datetime) -> Change[Invitation] | None:
    """The invitation has expired, at the first instant after its last; None if it ended before."""
    if invitation.state is not InvitationState.OPEN:
        return None
    expired = _ended(invitation, InvitationState.EXPIRED, at, None)
    return Change(invitation, expired, (Happening("invitation.expired"),))


def grant_role(member: Member, organisation: Organisation, role: Role) -> Change[Member]:
    """The member has the role as well. Refuses a role that does not fit, one they have already, and removed members."""
    _require_present(member)
    problems = role_problems(organisation.kind, (role,), "role")
    if problems:
        raise Invalid(*problems)
    if role in member.roles:
        raise Conflict(f"The member is {role} already.", field=("role",))
    after = replace(member, roles=tuple(sorted({*member.roles, role})), version=member.version + 1)
    return Change(member, after, (Happening("member.role_granted", {"role": role}),))


def revoke_role(member: Member, organisation: Organisation, role: Role, *, stewards: int) -> Change[Member]:
    """The member has the role no longer. Refuses a role they do not have, their only one, and the last steward's.

    `stewards` counts the members of the organisation who are stewards now, this one included.
    """
    _require_present(member)
    if role not in member.roles:
        raise Conflict(f"The member is not {role}.", field=("role",))
    if len(member.roles) == 1:
        raise Conflict("It is the member's only role: remove the member instead.", field=("role",))
    _require_steward_left(member, organisation, role, stewards=stewards)
    after = replace(member, roles=tuple(kept for kept in member.roles if kept != role), version=member.version + 1)
    return Change(member, after, (Happening("member.role_revoked", {"role": role}),))


def remove_member(member: Member, organisation: Organisation, *, stewards: int, at: datetime) -> Change[Member]:
    """The person acts for the organisation no longer. Refuses the last steward and who was removed before."""
    _require_present(member)
    for role in member.roles:
        _require_steward_left(member, organisation, role, stewards=stewards)
    after = replace(member, removed_at=at, version=member.version + 1)
    return Change(member, after, (Happening("member.removed", {"organisation": organisation.id}),))


def _require_present(member: Member) -> None:
    if member.removed_at is not None:
        raise NotFound("There is no such member.", id=member.id)


def _require_steward_left(member: Member, organisation: Organisation, role: Role, *, stewards: int) -> None:
    steward = STEWARDS[organisation.kind]
    if role == steward and stewards <= 1:
        finding = Finding("members.last_steward", False, "last_steward", {"member": member.id, "role": role})
        raise Refused("members.last_steward", f"The organisation would be left without {steward}.", (finding,))


def _ended(invitation: Invitation, state: InvitationState, at: datetime, member_id: MemberId | None) -> Invitation:
    return replace(invitation, state=state, ended_at=at, member_id=member_id, version=invitation.version + 1)
