"""Rule versions: row to dataclass, which one is in force, and the rule sets that are shipped.

How the cache works. Which version governed an instant that has passed never changes: publishing gives at least a day's
notice and withdrawing is only possible before effect (`domain/rulebook.py`). So a key's versions, read at an instant of
the tenant's clock, answer for every instant up to then, and for `TRUSTED` beyond it, unless a version takes effect in
between. Everything else is read anew. Nothing has to be told to other processes.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

from domain import rule_kinds, rulebook
from domain.ids import RuleVersionId, TenantId
from domain.rulebook import Draft, RuleVersion
from storage.pool import Connection
from storage.tables import Table
from storage.unit_of_work import Work

K = TypeVar("K")
V = TypeVar("V")

FOLDER: Final = Path(__file__).parent / "rulebook"
"""The rule sets that are shipped, and that every new tenant starts with."""

KEY_LINE: Final = re.compile(r'^key = "([^"]+)"$', re.MULTILINE)
"""Where a shipped file says its key; it comes first."""

SHIPPED_BY: Final = "system:shipped"
"""Who published them, as the audit has it."""

TRUSTED: Final = timedelta(seconds=30)
"""How far beyond the instant of reading the versions of a key are believed. Notice is given in days."""

CACHED_KEYS_MAX: Final = 10_000
"""Keys of tenants that a process remembers; those not asked for longest go first."""

RULE_VERSIONS: Final = Table(
    "rule_versions",
    RuleVersion,
    conflicts={
        "rule_versions_tenant_id_key_number_key": "Somebody else published a version of this rule just now.",
        "rule_versions_tenant_id_key_tstzrange_excl": "Another version of this rule is in force at that time.",
    },
)


@cache
def shipped() -> tuple[Draft, ...]:
    """The shipped rule sets, read and tried, by key and then by the beginning of their effect."""
    drafts = (rule_kinds.check(file.read_text(encoding="utf-8")) for file in FOLDER.rglob("*.toml"))
    return tuple(sorted(drafts, key=_key_and_beginning))


def latest_shipped(key: str) -> Draft | None:
    """The shipped rule set of that key that takes effect last; None where none is shipped."""
    found = [draft for draft in shipped() if draft.rule_set.key == key]
    return found[-1] if found else None


@cache
def shipped_keys() -> frozenset[str]:
    """The keys of the shipped rule sets, without reading more of the files: every start asks, and seldom lacks one."""
    texts = (file.read_text(encoding="utf-8") for file in FOLDER.rglob("*.toml"))
    return frozenset(KEY_LINE.findall(text)[0] for text in texts)


async def adopt_shipped(work: Work) -> None:
    """The tenant has every shipped rule that it lacks, with its whole history and the dates of its own text.

    Part of a tenant's creation, and of bringing one up to date that an older version made. A key of which the tenant
    has any version is left alone: from then on its rules are its own. Whoever publishes one of those keys waits.
    """
    drafts = {key: tuple(found) for key, found in groupby(shipped(), key=lambda draft: draft.rule_set.key)}
    lacking = drafts.keys() - await _owned(work)
    if not lacking:
        return
    await work.connection.fetch(
        "SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || k, 0)) FROM unnest($2::text[]) AS k",
        work.tenant_id,
        sorted(lacking),
    )
    for key in sorted(lacking - await _owned(work)):
        await work.keep(*rulebook.adopt(drafts[key], lambda: work.new_id(RuleVersionId), SHIPPED_BY))
        _known.pop((work.tenant_id, key), None)


async def lacking_shipped(connection: Connection) -> list[TenantId]:
    """The tenants that lack a shipped rule, by id. For roles that see every tenant."""
    rows = await connection.fetch(
        "SELECT t.tenant_id FROM tenants t WHERE EXISTS (SELECT FROM unnest($1::text[]) AS k WHERE NOT EXISTS ("
        "SELECT FROM rule_versions r WHERE r.tenant_id = t.tenant_id AND r.key = k)) ORDER BY t.tenant_id",
        sorted(shipped_keys()),
    )
    return [TenantId(row["tenant_id"]) for row in rows]


async def _owned(work: Work) -> set[str]:
    """The keys of which the tenant has a version."""
    rows = await work.connection.fetch("SELECT DISTINCT key FROM rule_versions WHERE tenant_id = $1", work.tenant_id)
    return {row["key"] for row in rows}


async def get(connection: Connection, tenant_id: TenantId, id: RuleVersionId) -> RuleVersion:
    """The version with its numbers; its end may have been set since it was read. Refuses with NotFound."""
    version = _versions.get((tenant_id, id))
    if version is None:
        version = await RULE_VERSIONS.get(connection, tenant_id, id)
        _remember(_versions, (tenant_id, id), version)
    return version


async def by_keys(
    connection: Connection, tenant_id: TenantId, key: str, *, lock: bool = False
) -> tuple[RuleVersion, ...]:
    """All versions of the key, withdrawn ones included, in the order of their numbers."""
    where = "t.key = $2 ORDER BY t.number"
    return tuple(await RULE_VERSIONS.select(connection, tenant_id, where, key, lock=lock))


async def page(connection: Connection, tenant_id: TenantId) -> list[RuleVersion]:
    """Every version of every rule, by key and number."""
    return await RULE_VERSIONS.select(connection, tenant_id, "true ORDER BY t.key, t.number")


async def lock_key(connection: Connection, tenant_id: TenantId, key: str) -> tuple[RuleVersion, ...]:
    """All versions of the key; nobody else publishes or withdraws one of it until the transaction ends."""
    await connection.fetchrow("SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))", tenant_id, key)
    return await by_keys(connection, tenant_id, key, lock=True)


async def in_force(connection: Connection, tenant_id: TenantId, key: str, at: datetime) -> RuleVersion:
    """The version of `key` that governs at `at`. Refused when there is none."""
    known = _known.get((tenant_id, key))
    if known is None or at > known.until:
        known = await _read(connection, tenant_id, key)
        _remember(_known, (tenant_id, key), known)
    return rulebook.in_force(known.versions, key, at)


def _key_and_beginning(draft: Draft) -> tuple[str, datetime]:
    return draft.rule_set.key, draft.rule_set.effective_from


@dataclass(frozen=True, slots=True)
class _Known:
    """The versions of a key, and until which instant of the tenant's clock they tell the whole truth."""

    versions: tuple[RuleVersion, ...]
    until: datetime


_known: Final[OrderedDict[tuple[str, str], _Known]] = OrderedDict()
_versions: Final[OrderedDict[tuple[str, str], RuleVersion]] = OrderedDict()


def _remember(cache: OrderedDict[K, V], key: K, value: V) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > CACHED_KEYS_MAX:
        cache.popitem(last=False)


async def _read(connection: Connection, tenant_id: TenantId, key: str) -> _Known:
    now: datetime = await connection.fetchval("SELECT tenant_now(t) FROM tenants t WHERE t.tenant_id = $1", tenant_id)
    versions = await by_keys(connection, tenant_id, key)
    coming = [version.effective_from for version in versions if now < version.effective_from]
    return _Known(versions, min([now + TRUSTED, *coming]))
