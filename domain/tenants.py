"""Tenants: the marketplaces that share this platform and see nothing of each other.

Laws: a tenant is `live` or a `sandbox` for ever. A live tenant's clock is the real one; a sandbox's may be moved,
forwards only (`storage/clocks.py`). `market` names the policy calendar of the marketplace's own desk, `currency` the
money in which caps and yearly spend are counted, `claim_profile` the rule whose clocks govern new claims.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.change import Change, Happening
from domain.countries import COUNTRIES
from domain.errors import Conflict, Invalid, Problem
from domain.ids import TenantId
from domain.keys import Plane
from domain.money import CURRENCIES
from domain.organisations import name_problems

DIGEST_KEY_BYTES: Final = 32
"""Digests of personal data are HMAC-SHA256; a shorter key would be the weakest part."""


class TenantKind(StrEnum):
    """Whether the trade in a tenant is real. Its row spells it in lower case."""

    LIVE = "live"
    """Real trade, real time."""
    SANDBOX = "sandbox"
    """For trying things out; its clock can be moved."""


BETWEEN_BUSINESSES: Final = "clocks/b2b_default"
"""The profile of a new marketplace (`domain.md` 6.6)."""

PLANES: Final = {TenantKind.LIVE: Plane.LIVE, TenantKind.SANDBOX: Plane.TEST}
"""Kind -> the word in its keys."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One marketplace. `clock_at`, `clock_set_at` and `clock_runs` say where a sandbox's clock stands."""

    id: TenantId
    name: str
    kind: TenantKind
    market: str
    currency: str
    clock_at: datetime | None
    clock_set_at: datetime | None
    clock_runs: bool
    documents_required: bool
    claim_profile: str
    digest_key: bytes
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class CreateTenant:
    """The wish for a new marketplace."""

    name: str
    kind: TenantKind
    market: str
    currency: str
    documents_required: bool = False


def create_tenant(command: CreateTenant, *, id: TenantId, digest_key: bytes, at: datetime) -> Change[Tenant]:
    """The marketplace exists, with nothing in it. Refuses an empty name, an unknown market and an unknown currency."""
    problems = name_problems(command.name, "name")
    if command.market not in COUNTRIES:
        problems += (Problem(("market",), f"{command.market!r} is not a country"),)
    if command.currency not in CURRENCIES:
        problems += (Problem(("currency",), f"{command.currency!r} is not a currency"),)
    if problems:
        raise Invalid(*problems)
    if len(digest_key) < DIGEST_KEY_BYTES:
        raise ValueError("the key of the digests is too short")
    tenant = Tenant(
        id=id,
        name=command.name.strip(),
        kind=command.kind,
        market=command.market,
        currency=command.currency,
        clock_at=None,
        clock_set_at=None,
        clock_runs=True,
        documents_required=command.documents_required,
        claim_profile=BETWEEN_BUSINESSES,
        digest_key=digest_key,
        created_at=at,
        version=1,
    )
    return Change(None, tenant, (Happening("tenant.created", {"kind": command.kind.name}),))


def choose_claim_profile(tenant: Tenant, profile: str) -> Change[Tenant]:
    """Claims that are opened from now on are governed by the clocks of that rule. Refuses the one that governs."""
    if tenant.claim_profile == profile:
        raise Conflict(f"{profile} governs already.", field=("profile",))
    after = replace(tenant, claim_profile=profile, version=tenant.version + 1)
    return Change(tenant, after, (Happening("tenant.claim_profile_chosen", {"profile": profile}),))
