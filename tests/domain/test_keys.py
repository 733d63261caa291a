"""API keys: their spelling, their life, and that none gives more than its issuer has."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import keys
from domain.access import Caller, Role, Scope, ViewerKind
from domain.errors import Conflict, Forbidden, Invalid, Refusal
from domain.ids import ALPHABET, ApiKeyId, MemberId, OrganisationId, TenantId
from domain.keys import ApiKey, IssueApiKey, KeyText, Plane
from domain.organisations import Organisation, OrganisationKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ID = ApiKeyId("key_" + "0" * 26)
NEXT = ApiKeyId("key_" + "0" * 25 + "1")
BUYERS = Organisation(OrganisationId("org_" + "0" * 26), OrganisationKind.BUYER, "Acme", NOW, 1)
WISH = IssueApiKey(None, " Warehouse ", (Role.BUYER,), (Scope.WRITE, Scope.READ), frontend=False, expires_at=None)
SPELLED = re.compile(r"mg_(live|test)_[0-7][0-9a-hjkmnp-tv-z]{25}_[0-9a-f]{64}")
secrets = st.text("0123456789abcdef", min_size=64, max_size=64)
bodies = st.builds(
    lambda head, rest: head + rest, st.sampled_from("01234567"), st.text(ALPHABET, min_size=25, max_size=25)
)


def caller(*scopes: Scope, role: Role = Role.BUYER) -> Caller:
    return Caller(
        TenantId("ten_" + "0" * 26),
        MemberId("mem_" + "0" * 26),
        BUYERS.id,
        None,
        frozenset({role}),
        ViewerKind.BUYER,
        frozenset(scopes or Scope),
    )


def issued(wish: IssueApiKey = WISH, by: Caller | None = None) -> ApiKey:
    change = keys.issue_api_key(wish, BUYERS, by or caller(), id=ID, secret_hash=b"h", now=NOW)
    assert change.before is None
    return change.after


@given(st.sampled_from(Plane), bodies, secrets)
def test_a_keys_text_is_read_as_it_was_written_and_shown_without_its_secret(
    plane: Plane, body: str, secret: str
) -> None:
    text = KeyText(plane, ApiKeyId(f"key_{body}"), secret)
    assert keys.parse(str(text)) == text
    assert str(text) == f"mg_{plane}_{body}_{secret}"
    assert secret not in repr(text)
    assert text.digest == keys.digest_of(secret)


@given(st.text() | st.text("mgliveest_0123456789abcdef_", max_size=120))
def test_any_other_text_is_refused_without_repeating_it(text: str) -> None:
    assume(not SPELLED.fullmatch(text))
    with pytest.raises(ValueError, match=r"\Anot an API key\Z"):
        keys.parse(text)


@given(secrets, secrets)
def test_only_its_own_secret_proves_a_key(one: str, other: str) -> None:
    key = dataclasses.replace(issued(), secret_hash=keys.digest_of(one))
    assert keys.proves(key, KeyText(Plane.LIVE, ID, one))
    assert keys.proves(key, KeyText(Plane.LIVE, ID, other)) is (one == other)


def test_a_key_is_good_through_its_last_instant() -> None:
    key = issued(dataclasses.replace(WISH, expires_at=NOW + timedelta(days=1)))
    assert key.expires_at is not None
    assert key.opens(key.expires_at)
    assert not key.opens(key.expires_at + MICROSECOND)
    assert issued().opens(datetime.max.replace(tzinfo=UTC))


def test_issuing_tidies_and_names_every_problem() -> None:
    key = issued(dataclasses.replace(WISH, roles=(Role.BUYER, Role.BUYER)))
    assert (key.label, key.roles, key.scopes) == ("Warehouse", (Role.BUYER,), (Scope.READ, Scope.WRITE))
    wrong = IssueApiKey(None, "", (Role.ADMIN, Role.GUEST), (), frontend=False, expires_at=NOW)
    with pytest.raises(Invalid) as refusal:
        issued(wrong)
    assert [problem.field for problem in refusal.value.problems] == [
        ("label",),
        ("roles",),
        ("roles",),
        ("scopes",),
        ("expiresAt",),
    ]


@given(st.frozensets(st.sampled_from(Scope), min_size=1), st.frozensets(st.sampled_from(Scope)))
def test_no_key_gives_a_scope_that_its_issuer_lacks_unless_an_admin_issues_it(
    wanted: frozenset[Scope], had: frozenset[Scope]
) -> None:
    wish = dataclasses.replace(WISH, scopes=tuple(wanted))
    by = dataclasses.replace(caller(), scopes=had)
    if wanted <= had:
        assert set(issued(wish, by).scopes) == wanted
    else:
        with pytest.raises(Forbidden):
            issued(wish, by)
    assert set(issued(wish, dataclasses.replace(by, roles=frozenset({Role.ADMIN}))).scopes) == wanted


def rotated(key: ApiKey, overlap: timedelta, now: datetime = NOW) -> keys.Rotation:
    return keys.rotate_api_key(key, caller(), id=NEXT, secret_hash=b"n", overlap=overlap, now=now)


def test_rotation_keeps_rights_and_never_lengthens_the_old_keys_life() -> None:
    key = issued(dataclasses.replace(WISH, expires_at=NOW + timedelta(days=10)))
    later = NOW + timedelta(days=4)
    rotation = rotated(key, timedelta(days=1), later)
    new, old = rotation.issued.after, rotation.retired.after
    assert (new.roles, new.scopes, new.label, new.organisation_id) == (
        key.roles,
        key.scopes,
        key.label,
        key.organisation_id,
    )
    assert (new.expires_at, new.created_at, new.version) == (later + timedelta(days=10), later, 1)
    assert (old.expires_at, old.replaced_by, old.version) == (later + timedelta(days=1), NEXT, 2)
    assert rotated(key, timedelta(days=30)).retired.after.expires_at == key.expires_at
    forever = rotated(issued(), timedelta(0))
    assert (forever.issued.after.expires_at, forever.retired.after.expires_at) == (None, NOW)
    assert not forever.retired.after.opens(NOW + MICROSECOND)


def test_what_cannot_be_rotated() -> None:
    with pytest.raises(Invalid):
        rotated(issued(), -MICROSECOND)
    with pytest.raises(Conflict, match="took over"):
        rotated(rotated(issued(), timedelta(days=1)).retired.after, timedelta(0))
    with pytest.raises(Conflict, match="revoked or has expired"):
        rotated(keys.revoke_api_key(issued(), now=NOW).after, timedelta(0))
    key = issued(dataclasses.replace(WISH, scopes=(Scope.INTROSPECT,)))
    with pytest.raises(Forbidden):
        keys.rotate_api_key(
            key, caller(Scope.READ, Scope.WRITE), id=NEXT, secret_hash=b"", overlap=timedelta(0), now=NOW
        )


class KeyLife(RuleBasedStateMachine):
    """A key through rotations and revocations as time goes on: once closed, it never opens again."""

    def __init__(self) -> None:
        super().__init__()
        self.key = issued(dataclasses.replace(WISH, expires_at=NOW + timedelta(days=5)))
        self.now = NOW
        self.closed = False

    @rule(hours=st.integers(1, 48))
    def time_goes_on(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(hours=st.integers(0, 72))
    def rotate(self, hours: int) -> None:
        possible = self.key.opens(self.now) and self.key.replaced_by is None
        try:
            self.key = rotated(self.key, timedelta(hours=hours), self.now).retired.after
            assert possible
        except Refusal:
            assert not possible

    @precondition(lambda self: self.now > NOW + timedelta(days=2))
    @rule()
    def revoke(self) -> None:
        possible = self.key.revoked_at is None
        try:
            self.key = keys.revoke_api_key(self.key, now=self.now).after
            assert possible
        except Conflict:
            assert not possible

    @invariant()
    def what_is_closed_stays_closed(self) -> None:
        opens = self.key.opens(self.now)
        assert not (opens and self.closed)
        self.closed = self.closed or not opens


TestKeyLife = KeyLife.TestCase
