"""Carriers' tables of codes, and the numbers of tracking: rule versions, read into values once."""

from datetime import datetime
from typing import Final

from domain import carriers, tracking_terms
from domain.carriers import CarrierCodes
from domain.errors import Refused
from domain.ids import RuleVersionId, TenantId
from domain.tracking_terms import TRACKING_RULE, TrackingTerms
from storage import rulebook as rule_rows
from storage.pool import Connection

TABLES_MAX: Final = 1_000
"""Tables that a process remembers: a version never changes."""

_tables: Final[dict[RuleVersionId, CarrierCodes]] = {}
_terms: Final[dict[RuleVersionId, TrackingTerms]] = {}


async def find(connection: Connection, tenant_id: TenantId, carrier: str, at: datetime) -> CarrierCodes | None:
    """The carrier's table that is in force at that instant; None where there is none."""
    try:
        version = await rule_rows.in_force(connection, tenant_id, carriers.key_of(carrier), at)
    except Refused:
        return None
    found = _tables.get(version.id)
    if found is None:
        if len(_tables) >= TABLES_MAX:
            _tables.clear()
        found = _tables[version.id] = carriers.carrier_codes(version)
    return found


async def terms(connection: Connection, tenant_id: TenantId, at: datetime) -> TrackingTerms:
    """The numbers of tracking that are in force at that instant."""
    version = await rule_rows.in_force(connection, tenant_id, TRACKING_RULE, at)
    found = _terms.get(version.id)
    if found is None:
        if len(_terms) >= TABLES_MAX:
            _terms.clear()
        found = _terms[version.id] = tracking_terms.tracking_terms(version)
    return found
