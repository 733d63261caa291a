"""Listing flags and charge checks: row to dataclass, and what the checks look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from domain.explain import Finding, parse, plain
from domain.ids import LaneId, ListingFlagId, ServiceId, TenantId
from domain.listings import Charge, ChargeCheck, ListingFlag, Twin
from domain.money import Money
from storage.pool import Connection
from storage.tables import Codec, Table


def _encode(findings: Sequence[Finding]) -> dict[str, Any]:
    return {"findings": [plain(finding) for finding in findings]}


def _decode(value: str | Mapping[str, Any]) -> tuple[Finding, ...]:
    members = orjson.loads(value) if isinstance(value, str) else value
    return tuple(parse(member) for member in members["findings"])


FINDINGS: Final = Codec(_encode, _decode, "jsonb")
"""A list of findings in one column."""

LISTING_FLAGS: Final = Table(
    "listing_flags",
    ListingFlag,
    codecs={"findings": FINDINGS},
    conflicts={"listing_flags_once": "The service was flagged for this just now."},
)
CHARGE_CHECKS: Final = Table(
    "charge_checks",
    ChargeCheck,
    conflicts={"charge_checks_tenant_id_service_id_reference_key": "The booking's charges were compared before."},
)

_TWINS: Final = """
SELECT DISTINCT ON (mine.id) mine.id, mine.origin_key, mine.destination_key, o.id AS service_id
FROM services s
JOIN services o ON o.tenant_id = s.tenant_id AND o.provider_id = s.provider_id AND o.state IN ('LISTED', 'PAUSED')
  AND (o.created_at, o.id) < (s.created_at, s.id)
  AND (o.mode, o.level, o.incoterms, o.dangerous_goods, o.markets)
    = (s.mode, s.level, s.incoterms, s.dangerous_goods, s.markets)
  AND (o.weight_grams_max, o.length_mm_max, o.width_mm_max, o.height_mm_max)
    IS NOT DISTINCT FROM (s.weight_grams_max, s.length_mm_max, s.width_mm_max, s.height_mm_max)
JOIN lanes mine ON mine.tenant_id = s.tenant_id AND mine.service_id = s.id AND mine.state = 'ACTIVE'
JOIN lanes theirs ON theirs.tenant_id = o.tenant_id AND theirs.service_id = o.id AND theirs.state = 'ACTIVE'
  AND theirs.origin_key = mine.origin_key AND theirs.destination_key = mine.destination_key
WHERE s.tenant_id = $1 AND s.id = $2 AND s.state IN ('LISTED', 'PAUSED')
ORDER BY mine.id, o.created_at, o.id
"""

_CHARGES: Final = """
SELECT c.quoted_minor, c.charged_minor, c.currency FROM charge_checks c
WHERE c.tenant_id = $1 AND c.service_id = $2 AND c.checked_at >= $3 AND c.checked_at >= coalesce(
  (SELECT max(s.activated_at) FROM rate_sheets s WHERE s.tenant_id = c.tenant_id AND s.service_id = c.service_id
   AND s.state = 'ACTIVE'), '-infinity')
ORDER BY c.checked_at, c.id
"""


async def get(connection: Connection, tenant_id: TenantId, id: ListingFlagId) -> ListingFlag:
    """The flag, ended ones too. Refuses with NotFound."""
    return await LISTING_FLAGS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ListingFlagId) -> ListingFlag:
    """The flag, this transaction's until its end. Refuses with NotFound. Lock its provider and service first."""
    return await LISTING_FLAGS.lock(connection, tenant_id, id)


async def lock_standing(connection: Connection, tenant_id: TenantId, service_id: ServiceId) -> list[ListingFlag]:
    """The service's flags that can still be put right, locked, in the order they were raised."""
    stands = "(t.state = 'OPEN' OR (t.state = 'ENFORCED' AND t.consequence <> 'REMOVED'))"
    where = f"t.service_id = $2 AND {stands} ORDER BY t.id"
    return await LISTING_FLAGS.select(connection, tenant_id, where, service_id, lock=True)


async def twins(connection: Connection, tenant_id: TenantId, service_id: ServiceId) -> list[Twin]:
    """The service's lanes on which an older service of the provider sells the same: mode, level, terms and limits.

    A draft sells nothing yet, so it is nobody's twin.
    """
    rows = await connection.fetch(_TWINS, tenant_id, service_id)
    return [
        Twin(LaneId(row["id"]), row["origin_key"], row["destination_key"], ServiceId(row["service_id"])) for row in rows
    ]


async def charges(connection: Connection, tenant_id: TenantId, service_id: ServiceId, since: datetime) -> list[Charge]:
    """What bookings of the service were quoted and charged since that instant and since its prices last changed."""
    rows = await connection.fetch(_CHARGES, tenant_id, service_id, since)
    return [
        Charge(Money(row["quoted_minor"], row["currency"]), Money(row["charged_minor"], row["currency"]))
        for row in rows
    ]
