"""API keys: how machines say who they are.

A key is spelled `mg_<live|test>_<id>_<secret>`: which sort of tenant it opens, the 26 characters of its id, and 256
random bits in hexadecimal. Laws: the secret is shown once and kept nowhere, only its SHA-256 is; a key never outlives
its expiry, and lives by the real clock also in a sandbox, so that moving a sandbox's clock locks nobody out; rotation
gives the old key an end (the overlap) and leaves everything else as it was; a revoked key stays revoked.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from domain.access import Caller, Role, Scope
from domain.change import Change, Happening
from domain.errors import Conflict, Forbidden, Invalid, Problem
from domain.ids import ApiKeyId, OrganisationId
from domain.organisations import Organisation, name_problems, role_problems

OVERLAP: Final = timedelta(days=1)
"""How long a rotated key lives on unless somebody says otherwise: time to hand the new one out."""
SECRET_BYTES: Final = 32
SECRET_CHARACTERS: Final = 2 * SECRET_BYTES
_HEXADECIMAL: Final = frozenset("0123456789abcdef")
_PARTS: Final = 4


class Plane(StrEnum):
    """Which sort of tenant a key opens, so that nobody takes one for the other at a glance."""

    LIVE = "live"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One machine's key, for one organisation; `expires_at` is its last instant, None for a key without end."""

    id: ApiKeyId
    organisation_id: OrganisationId
    label: str
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]
    secret_hash: bytes
    frontend: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: ApiKeyId | None
    last_used_at: datetime | None
    version: int

    def opens(self, now: datetime) -> bool:
        """Whether the key is good at `now`, by the real clock: neither revoked nor past its last instant."""
        return self.revoked_at is None and (self.expires_at is None or now <= self.expires_at)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its holder sends it, taken apart."""

    plane: Plane
    id: ApiKeyId
    secret: str

    def __str__(self) -> str:
        return f"mg_{self.plane}_{self.id.removeprefix('key_')}_{self.secret}"

    def __repr__(self) -> str:
        """Without the secret, so that no log and no traceback shows it."""
        return f"KeyText({self.plane}, {self.id})"

    @property
    def digest(self) -> bytes:
        """What is kept of the secret."""
        return digest_of(self.secret)


@dataclass(frozen=True, slots=True)
class IssueApiKey:
    """The wish for a key of an organisation (the caller's own when none is named)."""

    organisation_id: OrganisationId | None
    label: str
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...]
    frontend: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class RotateApiKey:
    """The wish for a new key in the place of an old one, which lives on for `overlap`."""

    key_id: ApiKeyId
    overlap: timedelta = OVERLAP


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """The wish that a key opens nothing any more."""

    key_id: ApiKeyId


@dataclass(frozen=True, slots=True)
class Rotation:
    """What rotating a key changes: the new key, and the old one's end."""

    issued: Change[ApiKey]
    retired: Change[ApiKey]


def digest_of(secret: str) -> bytes:
    """SHA-256 of the secret. Its 256 random bits need no slow hash: there is nothing to guess."""
    return sha256(secret.encode()).digest()


def parse(text: str) -> KeyText:
    """The parts of a key. Refuses any other spelling with ValueError, whose message repeats nothing of `text`."""
    parts = text.split("_")
    if len(parts) != _PARTS or parts[0] != "mg" or parts[1] not in set(Plane):
        raise ValueError("not an API key")
    _, plane, body, secret = parts
    if len(secret) != SECRET_CHARACTERS or not _HEXADECIMAL.issuperset(secret):
        raise ValueError("not an API key")
    try:
        return KeyText(Plane(plane), ApiKeyId.parse(f"key_{body}"), secret)
    except ValueError:
        raise ValueError("not an API key") from None


def proves(key: ApiKey, text: KeyText) -> bool:
    """Whether `text` holds this key's secret; takes equally long whatever part of it is wrong."""
    return hmac.compare_digest(key.secret_hash, text.digest)


def issue_api_key(
    command: IssueApiKey, organisation: Organisation, caller: Caller, *, id: ApiKeyId, secret_hash: bytes, now: datetime
) -> Change[ApiKey]:
    """The organisation has one more key.

    Refuses roles that its kind does not have, an expiry that is past, and scopes beyond the caller's own: a key never
    opens more than the one that issued it. An admin may give every scope.
    """
    problems = (*name_problems(command.label, "label"), *role_problems(organisation.kind, command.roles, "roles"))
    if not command.scopes:
        problems += (Problem(("scopes",), "must name at least one scope"),)
    if command.expires_at is not None and command.expires_at <= now:
        problems += (Problem(("expiresAt",), "is past"),)
    if problems:
        raise Invalid(*problems)
    _require_scopes(caller, command.scopes)
    key = ApiKey(
        id=id,
        organisation_id=organisation.id,
        label=command.label.strip(),
        roles=tuple(sorted(set(command.roles))),
        scopes=tuple(sorted(set(command.scopes))),
        secret_hash=secret_hash,
        frontend=command.frontend,
        created_at=now,
        expires_at=command.expires_at,
        revoked_at=None,
        replaced_by=None,
        last_used_at=None,
        version=1,
    )
    return Change(None, key, (Happening("key.issued", {"organisation": organisation.id}),))


def rotate_api_key(
    key: ApiKey, caller: Caller, *, id: ApiKeyId, secret_hash: bytes, overlap: timedelta, now: datetime
) -> Rotation:
    """A new key with the same rights stands beside the old one, which ends after `overlap`, or earlier if it had to.

    An expiry moves along: the new key lives as long from now as the old one was given. Refuses with Conflict a key that
    is revoked, expired or rotated already, with Forbidden scopes beyond the caller's, with Invalid a negative overlap.
    """
    if overlap < timedelta(0):
        raise Invalid(Problem(("overlap",), "must not be negative"))
    _require_open(key, now)
    if key.replaced_by is not None:
        raise Conflict(f"The key was rotated already; {key.replaced_by} took over.", field=("keyId",))
    _require_scopes(caller, key.scopes)
    life = None if key.expires_at is None else key.expires_at - key.created_at
    issued = replace(
        key,
        id=id,
        secret_hash=secret_hash,
        created_at=now,
        expires_at=None if life is None else now + life,
        last_used_at=None,
        version=1,
    )
    end = now + overlap if key.expires_at is None else min(key.expires_at, now + overlap)
    retired = replace(key, expires_at=end, replaced_by=id, version=key.version + 1)
    return Rotation(
        Change(None, issued, (Happening("key.issued", {"organisation": key.organisation_id, "replaces": key.id}),)),
        Change(key, retired, (Happening("key.rotated", {"replaced_by": id}),)),
    )


def revoke_api_key(key: ApiKey, *, now: datetime) -> Change[ApiKey]:
    """The key opens nothing any more. Refuses with Conflict one that is revoked already."""
    if key.revoked_at is not None:
        raise Conflict("The key is revoked already.", field=("keyId",))
    revoked = replace(key, revoked_at=now, version=key.version + 1)
    return Change(key, revoked, (Happening("key.revoked"),))


def _require_open(key: ApiKey, now: datetime) -> None:
    if not key.opens(now):
        raise Conflict("The key is revoked or has expired: issue a new one.", field=("keyId",))


def _require_scopes(caller: Caller, scopes: tuple[Scope, ...]) -> None:
    beyond = sorted(set(scopes) - caller.scopes)
    if beyond and Role.ADMIN not in caller.roles:
        raise Forbidden(f"You cannot give {', '.join(beyond)}, because you do not have it.", field=("scopes",))
