"""Clock holds as rows, and the one selection of clocks that preview and application share.

How it works. A clock is of a thing, the thing is of an order, and an order has shipments with legs: each kind of thing
has one statement that walks this way and keeps the running clocks that match. Conditions that nobody asked for are left
out of its text.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import holds
from domain.claims import Claim
from domain.clocks import Clock
from domain.coverage import Coverage
from domain.dates import Calendar
from domain.evidence import EvidenceRequest
from domain.holds import ClockHold, HeldClock, Matched, Selection
from domain.ids import (
    ClaimId,
    ClockHoldId,
    CoverageId,
    EvidenceRequestId,
    GoodsReturnId,
    Id,
    OrderId,
    RemedyId,
    ServiceLevelId,
    ShipmentId,
    TenantId,
)
from domain.places import POSTAL_MARK
from domain.remedies import Remedy
from domain.returns import GoodsReturn
from domain.service_requests import ServiceRequest
from storage import calendars
from storage.claims import CLAIMS
from storage.clocks import CLOCKS
from storage.coverage import COVERAGES
from storage.evidence import EVIDENCE_REQUESTS
from storage.pool import Connection
from storage.remedies import REMEDIES
from storage.returns import GOODS_RETURNS
from storage.service_requests import SERVICE_LEVELS, SERVICE_REQUESTS
from storage.tables import Table

CLOCK_HOLDS: Final = Table("clock_holds", ClockHold)
HELD_CLOCKS: Final = Table("held_clocks", HeldClock)

_LEVELS: Final = (
    "(SELECT v.tenant_id, v.id, q.order_id, q.provider_id FROM service_levels v "
    "JOIN service_requests q ON q.tenant_id = v.tenant_id AND q.id = v.request_id)"
)
_REQUESTED: Final = (
    "(SELECT e.tenant_id, e.id, e.order_id, m.provider_id FROM evidence_requests e "
    "JOIN claims m ON m.tenant_id = e.tenant_id AND m.id = e.claim_id)"
)

Thing = Coverage | Claim | GoodsReturn | EvidenceRequest | Remedy
"""What has deadlines of its own, in a row of its own."""

THINGS: Final[Mapping[type[Id], str]] = {
    CoverageId: "coverages",
    ClaimId: "claims",
    ShipmentId: "shipments",
    ServiceLevelId: _LEVELS,
    GoodsReturnId: "goods_returns",
    EvidenceRequestId: _REQUESTED,
    RemedyId: "remedies",
}
"""The kinds of things whose clocks can be held, and their tables; each has an `order_id` and a `provider_id`."""
assert {holdable.subject for holdable in holds.HOLDABLE.values()} == THINGS.keys()


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of what matches: the clock, its thing, and the order that it is about."""

    clock_id: str
    subject_id: str
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class Under:
    """What stands under holds or comes under one: clocks, the things they are of, and all standing rows."""

    clocks: Sequence[Clock]
    subjects: Mapping[str, Thing]
    requests: Mapping[str, ServiceRequest]
    """Milestone -> the service request that it belongs to."""
    standing: Mapping[str, Sequence[HeldClock]]
    """Subject -> its rows of the holds that stand, oldest first."""
    calendars: Mapping[str, Calendar]
    """Subject -> the days in which its deadlines are counted; left out where they are counted in exact hours."""

    def deadlines(self, subject_id: str) -> dict[str, datetime | None]:
        """The deadlines of a thing that a hold may move."""
        request = self.requests.get(subject_id)
        if request is not None:
            return {"due_at": next(level.due_at for level in request.levels if level.id == subject_id)}
        return _deadlines(self.subjects.get(subject_id))


async def get(connection: Connection, tenant_id: TenantId, id: ClockHoldId) -> ClockHold:
    """The hold. Refuses with NotFound."""
    return await CLOCK_HOLDS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ClockHoldId) -> ClockHold:
    """The hold, this transaction's until its end. Refuses with NotFound."""
    return await CLOCK_HOLDS.lock(connection, tenant_id, id)


async def matching(connection: Connection, tenant_id: TenantId, which: Selection, at: datetime) -> list[Found]:
    """The running clocks that match and are not over at `at`; a few more than one hold carries, where there are."""
    found: list[Found] = []
    for subject, table in THINGS.items():
        duties = which.duties_of(subject)
        if duties and len(found) <= holds.CLOCKS_MAX:
            text, arguments = _statement(table, which, [tenant_id, list(duties), max(which.from_at, at)])
            rows = await connection.fetch(text, *arguments)
            found += [Found(row["id"], row["subject_id"], OrderId(row["order_id"])) for row in rows]
    return found


def _statement(table: str, which: Selection, arguments: list[Any]) -> tuple[str, list[Any]]:
    """The running clocks of things in that table; `arguments` begin with tenant, duties and the earliest deadline."""

    def bound(value: Any, sql_type: str) -> str:
        arguments.append(value)
        return f"${len(arguments)}::{sql_type}"

    where = [f"t.started_at < {bound(which.until_at, 'timestamptz')}"]
    if which.countries:
        where.append(f"o.country = ANY ({bound(list(which.countries), 'text[]')})")
    carried = _carried(which, bound)
    if which.provider_ids:
        providers = bound(list(which.provider_ids), "text[]")
        legs = f"EXISTS (SELECT FROM legs l WHERE {_OF_SHIPMENT} AND l.provider_id = ANY ({providers}))"
        ships = f"EXISTS (SELECT FROM shipments s WHERE {_SHIPPED} AND (s.provider_id = ANY ({providers}) OR {legs}))"
        where.append(f"(k.provider_id = ANY ({providers}) OR {ships})")
    if carried:
        where.append(f"EXISTS (SELECT FROM shipments s WHERE {_SHIPPED} AND {' AND '.join(carried)})")
    shipped = "s.id = k.id" if table == "shipments" else "s.order_id = o.id"
    text = (
        f"SELECT t.id, t.subject_id, k.order_id FROM clocks t "
        f"JOIN {table} k ON k.tenant_id = t.tenant_id AND k.id = t.subject_id "
        f"JOIN orders o ON o.tenant_id = k.tenant_id AND o.id = k.order_id "
        f"WHERE t.tenant_id = $1 AND t.state = 'RUNNING' AND t.duty = ANY ($2::text[]) AND t.due_at >= $3 "
        f"AND {' AND '.join(where).replace('{shipped}', shipped)} LIMIT {holds.CLOCKS_MAX + 1}"
    )
    return text, arguments


_SHIPPED: Final = "s.tenant_id = t.tenant_id AND {shipped}"
_OF_SHIPMENT: Final = "l.tenant_id = s.tenant_id AND l.shipment_id = s.id"


def _carried(which: Selection, bound: Any) -> list[str]:
    """Conditions on the legs of a shipment `s`."""
    conditions = []
    if which.from_area or which.to_area:
        begins = _within("l.from_key", [which.from_area], bound) if which.from_area else "true"
        ends = _within("m.to_key", [which.to_area], bound) if which.to_area else "true"
        conditions.append(
            f"EXISTS (SELECT FROM legs l JOIN legs m ON m.tenant_id = l.tenant_id AND m.shipment_id = l.shipment_id "
            f"AND m.number >= l.number WHERE {_OF_SHIPMENT} AND {begins} AND {ends})"
        )
    if which.through:
        touches = " OR ".join(_within(column, which.through, bound) for column in ("l.from_key", "l.to_key"))
        conditions.append(f"EXISTS (SELECT FROM legs l WHERE {_OF_SHIPMENT} AND ({touches}))")
    return conditions


def _within(column: str, areas: Iterable[str], bound: Any) -> str:
    """Whether the area of that key lies in one of the areas: the same, or narrower.

    A country and a postal prefix are how narrower keys begin; which places lie in a region, `places` knows.
    """
    keys = list(areas)
    begins = [f"{key}%" for key in keys if len(key) == 2 or POSTAL_MARK in key]
    exactly, prefixes = bound(keys, "text[]"), bound(begins, "text[]")
    regional = f"EXISTS (SELECT FROM places p WHERE p.unlocode = {column} AND p.region = ANY ({exactly}))"
    return f"({column} = ANY ({exactly}) OR {column} LIKE ANY ({prefixes}) OR {regional})"


async def read(connection: Connection, tenant_id: TenantId, found: Sequence[Found]) -> list[Matched]:
    """What was found, as the rule looks at it; nothing is locked."""
    clocks = await CLOCKS.select(
        connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", [each.clock_id for each in found]
    )
    subject_ids = {clock.subject_id for clock in clocks}
    subjects = await _subjects(connection, tenant_id, subject_ids, lock=False)
    requests = await _requests(connection, tenant_id, subject_ids, lock=False)
    standing = await _standing(connection, tenant_id, subject_ids)
    return matched(
        found, Under(clocks, subjects, requests, standing, await _calendars(connection, tenant_id, subject_ids))
    )


async def lock_found(connection: Connection, tenant_id: TenantId, found: Sequence[Found]) -> Under:
    """What was found, this transaction's: orders, shipments, covers, claims, services, clocks, by their ids.

    A clock that a worker is just firing is left out: the worker holds it, so that it fires and is not held.
    """
    await _lock_ids(connection, tenant_id, "orders", {each.order_id for each in found})
    shipments = {each.subject_id for each in found if each.subject_id.startswith(f"{ShipmentId.prefix}_")}
    await _lock_ids(connection, tenant_id, "shipments", shipments)
    subject_ids = {each.subject_id for each in found}
    subjects = await _subjects(connection, tenant_id, subject_ids, lock=True)
    requests = await _requests(connection, tenant_id, subject_ids, lock=True)
    where = "t.id = ANY ($2::text[]) AND t.ended_at IS NULL ORDER BY t.id FOR UPDATE SKIP LOCKED"
    clocks = await CLOCKS.select(connection, tenant_id, where, [each.clock_id for each in found])
    standing = await _standing(connection, tenant_id, subject_ids)
    return Under(clocks, subjects, requests, standing, await _calendars(connection, tenant_id, subject_ids))


async def rows_of(connection: Connection, tenant_id: TenantId, hold_id: ClockHoldId) -> list[Found]:
    """The clocks of a hold."""
    rows = await HELD_CLOCKS.select(connection, tenant_id, "t.hold_id = $2 ORDER BY t.id", hold_id)
    return [Found(row.clock_id, row.subject_id, row.order_id) for row in rows]


def matched(found: Sequence[Found], under: Under) -> list[Matched]:
    """The clocks with what the rule looks at."""
    orders = {each.clock_id: each.order_id for each in found}
    return [
        Matched(
            clock,
            orders[clock.id],
            under.deadlines(clock.subject_id),
            tuple(under.standing.get(clock.subject_id, ())),
            under.calendars.get(clock.subject_id),
        )
        for clock in under.clocks
    ]


def _deadlines(subject: Thing | None) -> dict[str, datetime | None]:
    if subject is None:
        return {}
    names = {name for holdable in holds.HOLDABLE.values() for name in holdable.carries}
    return {name: getattr(subject, name) for name in names if hasattr(subject, name)}


async def _lock_ids(connection: Connection, tenant_id: TenantId, table: str, ids: Collection[str]) -> None:
    """Those rows are this transaction's; nothing of them is read."""
    if ids:
        text = f"SELECT FROM {table} t WHERE t.tenant_id = $1 AND t.id = ANY ($2::text[]) ORDER BY t.id FOR UPDATE"
        await connection.fetch(text, tenant_id, list(ids))


async def _subjects(
    connection: Connection, tenant_id: TenantId, ids: Collection[str], *, lock: bool
) -> dict[str, Thing]:
    """Those of the things with deadlines of their own: covers, then claims, then the rest, each by their ids."""
    found: dict[str, Thing] = {}
    tables: tuple[Table[Any], ...] = (COVERAGES, CLAIMS, GOODS_RETURNS, EVIDENCE_REQUESTS, REMEDIES)
    for table in tables:
        rows = await table.select(connection, tenant_id, "t.id = ANY ($2::text[]) ORDER BY t.id", list(ids), lock=lock)
        found |= {row.id: row for row in rows}
    return found


async def _requests(
    connection: Connection, tenant_id: TenantId, ids: Collection[str], *, lock: bool
) -> dict[str, ServiceRequest]:
    """Milestone -> its service request, for those of the things that are milestones; locked in the order of ids."""
    wanted = [id for id in ids if id.startswith(f"{ServiceLevelId.prefix}_")]
    if not wanted:
        return {}
    levels = await SERVICE_LEVELS.select(connection, tenant_id, "t.id = ANY ($2::text[])", wanted)
    where = "t.id = ANY ($2::text[]) ORDER BY t.id"
    of = [level.request_id for level in levels]
    found = {row.id: row for row in await SERVICE_REQUESTS.select(connection, tenant_id, where, of, lock=lock)}
    return {level.id: found[level.request_id] for level in levels}


async def _standing(
    connection: Connection, tenant_id: TenantId, subject_ids: Collection[str]
) -> dict[str, list[HeldClock]]:
    """Subject -> its rows of the holds that stand, oldest first."""
    where = (
        "t.subject_id = ANY ($2::text[]) AND EXISTS (SELECT FROM clock_holds h WHERE h.tenant_id = t.tenant_id "
        "AND h.id = t.hold_id AND h.state = 'APPLIED') ORDER BY t.id"
    )
    standing: dict[str, list[HeldClock]] = {}
    for row in await HELD_CLOCKS.select(connection, tenant_id, where, list(subject_ids)):
        standing.setdefault(row.subject_id, []).append(row)
    return standing


async def _calendars(connection: Connection, tenant_id: TenantId, subject_ids: Collection[str]) -> dict[str, Calendar]:
    """Subject -> the calendar of its clocks. All clocks of one thing count in the same."""
    text = (
        "SELECT t.subject_id, max(t.calendar) AS market FROM clocks t WHERE t.tenant_id = $1 "
        "AND t.subject_id = ANY ($2::text[]) AND t.calendar IS NOT NULL GROUP BY t.subject_id"
    )
    rows = await connection.fetch(text, tenant_id, list(subject_ids))
    known = {market: await calendars.get(connection, market) for market in sorted({row["market"] for row in rows})}
    return {row["subject_id"]: known[row["market"]] for row in rows}
