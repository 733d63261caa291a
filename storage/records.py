"""Providers' own records: counters by day, moved as shipments move, and their sums.

How it works. `move` adds differences to the rows of the day in one statement, sorted, each connection to a stripe of
its own (`STRIPES`), so that those who count at the same time neither wait for each other nor deadlock. Readers sum.
`faults` holds the counters to a recomputation from the shipments, and `repair` makes them equal to it.
"""

from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from asyncpg import Record as Row

from domain import records, shipments, tracking
from domain.ids import ProviderId, ShipmentId, TenantId
from domain.records import OF_RECORDING, Counted, Counter, Counts, ProviderDay, Record, RecordTerms, Window
from domain.shipments import ShipmentMode
from domain.tracking import TrackingEvent
from storage import rulebook
from storage import tracking as tracking_rows
from storage.pool import Connection
from storage.shipments import SHIPMENTS
from storage.tables import Table
from storage.writing import plain

PROVIDER_DAYS: Final = Table("provider_days", ProviderDay, key=("provider_id", "day", "mode", "stripe"))

STRIPES: Final = 8
"""Rows of one day among which connections are dealt out: as many as a process's connections, and more than cores."""

_NAMES: Final = tuple(counter.value for counter in Counter)
_LISTED: Final = ", ".join(_NAMES)

_MOVE: Final = (
    f"INSERT INTO provider_days AS d (tenant_id, provider_id, day, mode, stripe, {_LISTED}) "
    f"SELECT $1, x.provider_id, x.day, x.mode, pg_backend_pid() % {STRIPES}, "
    + ", ".join(f"coalesce(x.{name}, 0)" for name in _NAMES)
    + " FROM json_populate_recordset(NULL::provider_days, $2) x "
    "ON CONFLICT (tenant_id, provider_id, day, mode, stripe) DO UPDATE SET "
    + ", ".join(f"{name} = d.{name} + excluded.{name}" for name in _NAMES)
)


async def move(connection: Connection, tenant_id: TenantId, counted: Counted) -> None:
    """The counters have moved by that much. Nothing is sent where nothing moved."""
    rows: dict[tuple[ProviderId, date, ShipmentMode], dict[str, Any]] = {}
    for ((provider_id, day, mode), counter), count in counted.items():
        row = rows.setdefault((provider_id, day, mode), {"provider_id": provider_id, "day": day, "mode": mode})
        row[counter.value] = count
    if rows:  # in one order for everybody, or two who count the same days would wait for each other
        await connection.fetch(_MOVE, tenant_id, plain([rows[place] for place in sorted(rows)]))


# -- reading -----------------------------------------------------------------------------------------------------------

_SUMS: Final = ", ".join(
    f"coalesce(sum(d.{counter}) FILTER (WHERE d.day >= $5 AND d.day < $6), 0) AS {counter}"
    if counter in OF_RECORDING
    else f"coalesce(sum(d.{counter}) FILTER (WHERE d.day >= $3 AND d.day < $4), 0) AS {counter}"
    for counter in Counter
)
_READ: Final = (
    f"SELECT d.provider_id, {_SUMS} FROM provider_days d WHERE d.tenant_id = $1 AND d.provider_id = ANY ($2::text[]) "
    "AND d.day >= least($3::date, $5::date) AND d.day < greatest($4::date, $6::date) "
    "AND ($7::text IS NULL OR d.mode = $7) GROUP BY d.provider_id"
)


async def terms(connection: Connection, tenant_id: TenantId, at: datetime) -> RecordTerms:
    """The rule about records in force. Refused when there is none."""
    return records.record_terms(await rulebook.in_force(connection, tenant_id, records.RULE, at))


async def by_providers(
    connection: Connection,
    tenant_id: TenantId,
    provider_ids: Collection[ProviderId],
    at: datetime,
    *,
    window: Window | None = None,
    mode: ShipmentMode | None = None,
) -> Mapping[ProviderId, Record]:
    """The record of each of those providers on the whole days before `at`; of one mode where it is given.

    The window is the one that expected lateness is told from, unless another is asked for. Refused (`Refused`) where
    the marketplace has no rule about records.
    """
    rule = await terms(connection, tenant_id, at)
    window = window or rule.lateness.window
    since, until = records.span(rule, window, at)
    begun, ended = records.recording_span(rule, window, at)
    ids = list(provider_ids)
    rows = await connection.fetch(_READ, tenant_id, ids, since, until, begun, ended, mode)
    found = {row["provider_id"]: _counts(row) for row in rows}
    return {id: Record(id, window, mode, since, until, found.get(id, Counts()), rule) for id in ids}


async def recent(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId], at: datetime
) -> Mapping[ProviderId, Record]:
    """As `by_providers`, for quotes: what was read up to `TRUSTED` ago is believed.

    A record is of whole days that are over, so it changes only as late reports come in; a busy provider's quarter is a
    thousand rows, which a question about twenty providers need not add up each time.
    """
    rule = await terms(connection, tenant_id, at)
    since, until = records.span(rule, rule.lateness.window, at)
    found: dict[ProviderId, Record] = {}
    for id in provider_ids:
        read_at, known = _known.get((tenant_id, id), (None, None))
        fresh = read_at is not None and read_at <= at < read_at + TRUSTED
        if known is not None and fresh and (known.since, known.until, known.terms) == (since, until, rule):
            found[id] = known
    missing = [id for id in provider_ids if id not in found]
    if missing:
        for id, record in (await by_providers(connection, tenant_id, missing, at)).items():
            found[id] = record
            _known[tenant_id, id] = (at, record)
            _known.move_to_end((tenant_id, id))
        while len(_known) > KNOWN_MAX:
            _known.popitem(last=False)
    return found


TRUSTED: Final = timedelta(seconds=60)
"""How long quotes believe a record, on the tenant's clock."""

KNOWN_MAX: Final = 10_000
"""Records that a process remembers for quotes; those not read for longest go first."""

_known: Final[OrderedDict[tuple[TenantId, ProviderId], tuple[datetime, Record]]] = OrderedDict()


def _counts(row: Row) -> Counts:
    return Counts(*[int(row[name]) for name in _NAMES])


# -- recomputing -------------------------------------------------------------------------------------------------------

_OUTCOMES: Final = """
SELECT s.provider_id, (c.at AT TIME ZONE 'UTC')::date AS day, s.mode, c.counter, sum(c.amount) AS amount
FROM shipments s
CROSS JOIN LATERAL (SELECT
  s.state = 'CANCELLED' AS cancelled,
  coalesce(s.delivered_at < s.recorded_at, false)
    OR (s.state = 'CANCELLED' AND coalesce(s.responsible IN ('SHIPPER', 'CONSIGNEE'), false)) AS void,
  num_nonnulls(s.picked_up_at, s.moved_at, s.attempted_at, s.delivered_at) > 0 AS moving,
  s.pickup_until_at IS NOT NULL AND s.state <> 'CANCELLED' AS awaited,
  s.promised_at IS NOT NULL AND s.state <> 'CANCELLED' AS promised,
  coalesce(s.delivered_at <= s.promised_at, false) AS kept,
  coalesce(s.attempted_at <= s.promised_at, false) AS attempted,
  ceil(extract(epoch FROM s.delivered_at - s.promised_at) / 86400)::integer AS late
) f
CROSS JOIN LATERAL (VALUES
  (s.recorded_at, 'recorded', 1, NOT void),
  (s.recorded_at, 'tracked', 1, NOT void AND NOT cancelled AND moving AND s.tracking_valid IS NOT FALSE),
  (s.recorded_at, 'cancelled', 1, NOT void AND cancelled),
  (s.recorded_at, 'lost', 1, NOT void AND s.state = 'LOST'),
  (s.pickup_until_at, 'pickups_due', 1, awaited),
  (s.pickup_until_at, 'picked_up_late', 1, awaited AND coalesce(s.pickup_until_at < s.picked_up_at, NOT moving)),
  (s.promised_at, 'promised', 1, promised),
  (s.promised_at, 'kept', 1, promised AND kept),
  (s.promised_at, 'attempted', 1, promised AND NOT kept AND attempted),
  (s.promised_at, CASE WHEN late <= 1 THEN 'late_1' WHEN late <= 2 THEN 'late_2' WHEN late <= 3 THEN 'late_3'
    WHEN late <= 7 THEN 'late_7' WHEN late <= 14 THEN 'late_14' WHEN late <= 30 THEN 'late_30' ELSE 'late_more' END,
    1, promised AND NOT kept AND NOT attempted AND late IS NOT NULL),
  (s.promised_at, 'late_days', late, promised AND NOT kept AND NOT attempted AND late IS NOT NULL),
  (s.delivered_at, 'delivered', 1, s.delivered_at IS NOT NULL)
) c (at, counter, amount, counts)
WHERE s.tenant_id = $1 AND c.counts AND c.at >= s.recorded_at - interval '9600 hours' GROUP BY 1, 2, 3, 4"""
"""What each counter of a tenant ($1) should be: `records.outcome` over again, in SQL and over all its shipments."""

_COUNTED: Final = (
    "SELECT d.provider_id, d.day, d.mode, c.counter, sum(c.amount) AS amount FROM provider_days d "
    "CROSS JOIN LATERAL (VALUES "
    + ", ".join(f"('{name}', d.{name})" for name in _NAMES)
    + ") c (counter, amount) WHERE d.tenant_id = $1 GROUP BY 1, 2, 3, 4"
)
_DIFFERING: Final = (
    "SELECT provider_id, day, mode, counter, coalesce(o.amount, 0) - coalesce(c.amount, 0) AS amount "
    f"FROM ({_OUTCOMES}) o FULL JOIN ({_COUNTED}) c USING (provider_id, day, mode, counter) "
    "WHERE coalesce(o.amount, 0) <> coalesce(c.amount, 0) ORDER BY 1, 2, 3, 4"
)


async def differences(connection: Connection, tenant_id: TenantId) -> Counted:
    """By how much the counters would have to move to say what the shipments say. Empty when all is well."""
    return {
        ((ProviderId(row["provider_id"]), row["day"], ShipmentMode(row["mode"])), Counter(row["counter"])): int(
            row["amount"]
        )
        for row in await connection.fetch(_DIFFERING, tenant_id)
    }


async def faults(connection: Connection, tenant_id: TenantId) -> list[str]:
    """Every counter that is not what the shipments add up to, as a sentence with its provider and day."""
    return [
        f"{provider_id} on {day}, {mode}: {counter} is off by {-count}"
        for ((provider_id, day, mode), counter), count in (await differences(connection, tenant_id)).items()
    ]


async def repair(connection: Connection, tenant_id: TenantId) -> int:
    """The counters say what the shipments say; how many of them had to be moved.

    Nobody moves a shipment meanwhile: what is counted between looking and moving would be counted twice.
    """
    await connection.execute("LOCK TABLE shipments IN SHARE MODE")
    found = await differences(connection, tenant_id)
    await move(connection, tenant_id, found)
    return len(found)


STRAYS_PAGE: Final = 2_000
"""Shipments whose reports are folded at a time."""


async def strays(connection: Connection, tenant_id: TenantId) -> AsyncIterator[str]:
    """Every shipment that counts for something else than its reports add up to, as a sentence.

    The connection's transaction sees one instant, or a report that comes in meanwhile would look like a stray.
    """
    last = ""
    while page := await SHIPMENTS.select(connection, tenant_id, "t.id > $2 ORDER BY t.id LIMIT $3", last, STRAYS_PAGE):
        last = page[-1].id
        told: defaultdict[ShipmentId, list[TrackingEvent]] = defaultdict(list)
        for event in await tracking_rows.by_shipments(connection, tenant_id, [shipment.id for shipment in page]):
            told[event.shipment_id].append(event)
        for shipment in page:
            change = shipments.take_progress(shipment, tracking.progress(told[shipment.id]))
            if change is not None and records.outcome(shipment) != records.outcome(change.after):
                yield (
                    f"{shipment.id} of {shipment.provider_id}, recorded on {shipment.recorded_at.date()}, is "
                    f"{shipment.state}, but its reports add up to {change.after.state}"
                )
