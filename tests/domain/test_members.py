"""Organisations, members and invitations: what their rules refuse, and that somebody is always left."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import members, organisations
from domain.access import Caller, Person, Role, Scope, ViewerKind
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.ids import InvitationId, MemberId, OrganisationId, TenantId, is_id
from domain.keys import digest_of
from domain.members import INVITATION_LIFE, Invitation, InvitationState, InviteMember, Member
from domain.organisations import ROLES, STEWARDS, CreateOrganisation, Organisation, OrganisationKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ORGANISATION = OrganisationId("org_" + "0" * 26)
OTHER = OrganisationId("org_" + "0" * 25 + "1")
ADA = Person("https://issuer.example", "ada")
kinds = st.sampled_from(OrganisationKind)


def organisation(kind: OrganisationKind = OrganisationKind.OPERATOR) -> Organisation:
    return Organisation(ORGANISATION, kind, "Harbour", NOW, 1)


def invitation(*roles: Role, secret: str = "s") -> Invitation:
    return members.invite_member(
        InviteMember(None, "ada@example.com", roles or (Role.SUPPORT,)),
        organisation(),
        id=InvitationId("inv_" + "0" * 26),
        email_digest="hmac:1",
        secret_hash=digest_of(secret),
        invited_by="mem_1",
        at=NOW,
    ).after


def accepted(offer: Invitation, at: datetime, secret: str = "s") -> members.Acceptance:
    return members.accept_invitation(
        offer, ADA, secret_hash=digest_of(secret), member_id=MemberId("mem_" + "0" * 26), at=at
    )


def member(*roles: Role) -> Member:
    return Member(MemberId("mem_" + "0" * 26), ORGANISATION, ADA.issuer, ADA.subject, roles, NOW, None, 1)


def test_an_organisations_name_is_one_line_that_says_something() -> None:
    made = organisations.create_organisation(
        CreateOrganisation(OrganisationKind.BUYER, " Acme "), id=ORGANISATION, at=NOW
    )
    assert (made.after.name, made.before) == ("Acme", None)
    for name in ("", "  ", "a\nb", "a\x00", "x" * 201):
        with pytest.raises(Invalid):
            organisations.create_organisation(CreateOrganisation(OrganisationKind.BUYER, name), id=ORGANISATION, at=NOW)


def test_only_the_operator_reaches_into_other_organisations() -> None:
    buyer = Caller(
        TenantId("ten_" + "0" * 26),
        MemberId("mem_" + "0" * 26),
        ORGANISATION,
        None,
        frozenset({Role.BUYER}),
        ViewerKind.BUYER,
        frozenset(Scope),
    )
    organisations.require_own(buyer, ORGANISATION)
    with pytest.raises(NotFound):
        organisations.require_own(buyer, OTHER)
    with pytest.raises(NotFound):
        organisations.require_own(
            dataclasses.replace(buyer, organisation_id=None, roles=frozenset({Role.GUEST})), OTHER
        )
    organisations.require_own(dataclasses.replace(buyer, roles=frozenset({Role.SUPPORT})), OTHER)


@given(kinds, st.frozensets(st.sampled_from(Role)))
def test_roles_fit_the_kind_of_organisation(kind: OrganisationKind, roles: frozenset[Role]) -> None:
    problems = organisations.role_problems(kind, roles, "roles")
    assert (not problems) is (bool(roles) and roles <= ROLES[kind])
    assert len(problems) == max(len(roles - ROLES[kind]), 0 if roles else 1)


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.com", "ada@example", "a b@example.com", "a@b.c\n", "a" * 250 + "@b.co"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid) as refusal:
        members.invite_member(
            InviteMember(None, email, (Role.SUPPORT,)),
            organisation(),
            id=InvitationId("inv_" + "0" * 26),
            email_digest="",
            secret_hash=b"",
            invited_by="",
            at=NOW,
        )
    assert [problem.field for problem in refusal.value.problems] == [("email",)]


def test_an_invitation_can_be_accepted_through_its_last_instant() -> None:
    offer = invitation(Role.SUPPORT, Role.FINANCE)
    assert offer.expires_at == NOW + INVITATION_LIFE
    acceptance = accepted(offer, offer.expires_at)
    assert acceptance.invitation.after.state is InvitationState.ACCEPTED
    joined = acceptance.member.after
    assert (joined.roles, joined.subject, joined.organisation_id) == ((Role.FINANCE, Role.SUPPORT), "ada", ORGANISATION)
    with pytest.raises(Refused) as refusal:
        accepted(offer, offer.expires_at + MICROSECOND)
    assert [finding.holds for finding in refusal.value.unmet] == [False]


def test_who_guesses_a_secret_learns_nothing_of_the_invitation() -> None:
    offer = invitation()
    ended = [
        members.revoke_invitation(offer, at=NOW).after,
        accepted(offer, NOW).invitation.after,
        offer,
    ]
    told = set()
    for each in ended:
        with pytest.raises(NotFound) as refusal:
            accepted(each, NOW, secret="guess")
        told.add(refusal.value.message)
    for each in ended[:2]:
        with pytest.raises(NotFound) as refusal:
            accepted(each, NOW)
        told.add(refusal.value.message)
    assert len(told) == 1


def test_an_invitation_ends_once() -> None:
    offer = invitation()
    expired = members.expire_invitation(offer, at=NOW)
    assert expired is not None
    assert expired.after.state is InvitationState.EXPIRED
    for change in (expired, members.revoke_invitation(offer, at=NOW)):
        assert members.expire_invitation(change.after, at=NOW) is None
        with pytest.raises(Conflict):
            members.revoke_invitation(change.after, at=NOW)


@given(st.text())
def test_a_letters_text_is_read_as_written_and_any_other_is_not_found(text: str) -> None:
    id_ = InvitationId("inv_" + "0" * 26)
    assert members.parse_invitation(members.invitation_text(id_, text)) == (id_, text)
    if not text.startswith("mgi_"):
        with pytest.raises(NotFound):
            members.parse_invitation(text)


@given(st.text(), st.text())
def test_a_guest_always_acts_under_the_same_id(issuer: str, subject: str) -> None:
    id_ = members.guest_id(Person(issuer, subject))
    assert is_id(id_)
    assert id_ == members.guest_id(Person(issuer, subject))
    assert id_ != members.guest_id(Person(issuer, subject + "x"))


@given(kinds, st.data(), st.integers(1, 3))
def test_somebody_who_looks_after_the_organisation_is_always_left(
    kind: OrganisationKind, data: st.DataObject, stewards: int
) -> None:
    roles = tuple(data.draw(st.lists(st.sampled_from(sorted(ROLES[kind])), min_size=1, unique=True)))
    somebody, where, steward = member(*roles), organisation(kind), STEWARDS[kind]
    last = steward in roles and stewards == 1
    try:
        members.remove_member(somebody, where, stewards=stewards, at=NOW)
        assert not last
    except Refused:
        assert last
    for role in roles:
        try:
            after = members.revoke_role(somebody, where, role, stewards=stewards).after
            assert not (last and role == steward)
            assert set(after.roles) == set(roles) - {role}
        except Refused:
            assert last
            assert role == steward
        except Conflict:
            assert len(roles) == 1


def test_roles_are_granted_and_revoked_once() -> None:
    somebody = member(Role.SUPPORT)
    both = members.grant_role(somebody, organisation(), Role.FINANCE).after
    assert (both.roles, both.version) == ((Role.FINANCE, Role.SUPPORT), 2)
    with pytest.raises(Conflict):
        members.grant_role(both, organisation(), Role.FINANCE)
    with pytest.raises(Conflict):
        members.revoke_role(both, organisation(), Role.POLICY, stewards=1)
    with pytest.raises(Invalid):
        members.grant_role(both, organisation(), Role.BUYER)


def test_who_was_removed_is_nobody() -> None:
    gone = members.remove_member(member(Role.SUPPORT), organisation(), stewards=0, at=NOW).after
    assert gone.removed_at == NOW
    with pytest.raises(NotFound):
        members.remove_member(gone, organisation(), stewards=0, at=NOW)
    with pytest.raises(NotFound):
        members.grant_role(gone, organisation(), Role.ADMIN)
    with pytest.raises(NotFound):
        members.revoke_role(gone, organisation(), Role.SUPPORT, stewards=1)
