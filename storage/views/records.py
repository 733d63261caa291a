"""Providers' records, as each kind of viewer sees them: all of it for staff and for the provider itself.

Everybody else sees whether it is on time and whether its tracking is valid, and that only where there are enough cases
to tell; a field of the provider's view, not a view of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from domain import records
from domain.access import Caller, ViewerKind
from domain.errors import Refused
from domain.explain import Finding
from domain.ids import ProviderId
from domain.records import PUBLIC, LateShare, Measure, Record, Window
from domain.shipments import ShipmentMode
from storage import records as record_rows
from storage.views.view import Computed, Row


@dataclass(frozen=True, slots=True)
class ShownRate:
    """A rate as it is shown."""

    share_bp: int | None
    count: int
    of: int
    target_bp: int
    meets_target: bool | None
    because: list[Finding]


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record as it is shown; what the viewer may not see is None."""

    window: Window
    since: date
    until: date
    mode: ShipmentMode | None
    on_time: ShownRate | None
    valid_tracking: ShownRate | None
    late_shipment: ShownRate | None
    cancellation: ShownRate | None
    promised: int | None
    delivered: int | None
    outstanding: int | None
    lost: int | None
    late: list[LateShare] | None
    mean_days_late: Decimal | None


async def shown_records(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[ShownRecord | None]:
    """The record of each provider; None where the marketplace has no rule about records."""
    ids = [ProviderId(row["id"]) for row in rows]
    window, mode = arguments.get("window"), arguments.get("mode")
    try:
        found = await record_rows.by_providers(
            connection,
            viewer.tenant_id,
            ids,
            at,
            window=None if window is None else Window(window),
            mode=None if mode is None else ShipmentMode(mode),
        )
    except Refused:
        return [None] * len(ids)
    return [shown(found[id], whole=viewer.viewer is ViewerKind.STAFF or viewer.party_id == id) for id in ids]


def shown(record: Record, *, whole: bool) -> ShownRecord:
    """The record, or the public part of it."""
    counts = record.counts
    rates = {measure: _rate(record, measure, whole=whole) for measure in Measure}
    return ShownRecord(
        window=record.window,
        since=record.since,
        until=record.until,
        mode=record.mode,
        on_time=rates[Measure.ON_TIME],
        valid_tracking=rates[Measure.VALID_TRACKING],
        late_shipment=rates[Measure.LATE_SHIPMENT],
        cancellation=rates[Measure.CANCELLATION],
        promised=counts.promised if whole else None,
        delivered=counts.delivered if whole else None,
        outstanding=counts.outstanding if whole else None,
        lost=counts.lost if whole else None,
        late=list(records.lateness(record)) if whole else None,
        mean_days_late=records.mean_days_late(record) if whole else None,
    )


def _rate(record: Record, measure: Measure, *, whole: bool) -> ShownRate | None:
    rate = records.rate(record, measure)
    if not whole and (measure not in PUBLIC or rate.share_bp is None):
        return None
    return ShownRate(rate.share_bp, rate.count, rate.of, rate.target_bp, rate.meets, [rate.because])


FIELDS: Final = {"record": Computed(shown_records)}
"""What the provider's view shows of it."""
