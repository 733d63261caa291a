"""Restrictions, exits and bars: for staff and the provider they are about; and what would stop working on a day.

`FIELDS` are fields of the provider's view (`storage/views/parties.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from domain import bars, capabilities, dates, expiry, lanes, standings
from domain.access import Caller, ViewerKind
from domain.capabilities import Limit, Stop
from domain.dates import Calendar
from domain.exits import OpenDuty
from domain.ids import ProviderId, TenantId
from domain.lanes import Lane
from domain.providers import Provider
from storage import bars as bar_rows
from storage import calendars, onboarding, requirements
from storage import capabilities as restriction_rows
from storage import exits as exit_rows
from storage import lanes as lane_rows
from storage import providers as provider_rows
from storage import services as service_rows
from storage.views.actions import actions
from storage.views.view import Computed, Field, Filter, Listing, Many, One, Point, Root, Row, Sort, View, columns

OWN: Final = frozenset({ViewerKind.STAFF, ViewerKind.PROVIDER})
_VISIBLE: Final = {ViewerKind.STAFF: "true", ViewerKind.PROVIDER: "{t}.provider_id = {party}"}

STOPS_MAX: Final = 500
"""Stopped capabilities that are listed, lanes first; the count beside them is of all."""


@dataclass(frozen=True, slots=True)
class CapabilitiesOn:
    """What will not work at the end of a day if nobody does anything until then."""

    on: date
    at: datetime
    count: int
    stops: list[Stop]


async def capabilities_on(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[CapabilitiesOn | None]:
    """For each provider that the viewer may know this of: what is off at the end of that day, and why."""
    calendar = await _calendar(connection, viewer.tenant_id)
    return [
        await _on(connection, viewer.tenant_id, ProviderId(row["id"]), calendar, at, arguments["on"])
        if viewer.is_operator or viewer.party_id == row["id"]
        else None
        for row in rows
    ]


async def _on(
    connection: Any, tenant_id: TenantId, id: ProviderId, calendar: Calendar, at: datetime, on: date
) -> CapabilitiesOn:
    """The same functions as restrict and refresh use, asked of another instant; a day that is over counts as now."""
    then = max(at, dates.end_of_day(on, calendar))
    provider = await provider_rows.get(connection, tenant_id, id)
    restrictions = await restriction_rows.live_by_provider(connection, tenant_id, id)
    leaving = await exit_rows.find_live(connection, tenant_id, id)
    present = tuple(each.limit for each in restrictions)
    coming = await _coming(connection, tenant_id, provider, present, calendar, at)
    found = capabilities.stops(
        provider,
        at,
        (standings.state_on(provider, restrictions, leaving, then), then),
        (*present, *coming),
        capabilities.repertoire(provider, await _offered(connection, tenant_id, id)),
    )
    return CapabilitiesOn(on, then, len(found), list(found[:STOPS_MAX]))


async def _coming(
    connection: Any,
    tenant_id: TenantId,
    provider: Provider,
    present: tuple[Limit, ...],
    calendar: Calendar,
    at: datetime,
) -> tuple[Limit, ...]:
    """What will be restricted if nothing that was proved is renewed."""
    matrix = await onboarding.matrix(connection, tenant_id, at)
    items = await requirements.standing_by_provider(connection, tenant_id, provider.id)
    return expiry.ahead(matrix, provider, tuple(items), present, calendar)


async def _offered(connection: Any, tenant_id: TenantId, id: ProviderId) -> list[Lane]:
    services = {each.id: each for each in await service_rows.by_providers(connection, tenant_id, id)}
    found = await lane_rows.by_providers(connection, tenant_id, id)
    return [lane for lane in found if lanes.offered(lane, services[lane.service_id])]


async def _calendar(connection: Any, tenant_id: TenantId) -> Calendar:
    market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", tenant_id)
    return await calendars.get(connection, market)


async def open_duties(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[OpenDuty]]:
    """What still keeps each leaving provider, the oldest first."""
    return [
        await exit_rows.open_duties(connection, viewer.tenant_id, ProviderId(row["provider_id"]))
        if row["ended_at"] is None
        else []
        for row in rows
    ]


async def open_duty_counts(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[int]:
    """How many things still keep each leaving provider."""
    return [
        await exit_rows.count_open(connection, viewer.tenant_id, ProviderId(row["provider_id"]))
        if row["ended_at"] is None
        else 0
        for row in rows
    ]


BY_ID: Final = {
    "OLDEST_FIRST": Sort((("{t}.id", False),)),
    "NEWEST_FIRST": Sort((("{t}.id", True),)),
}
"""Ids sort by the instant they were minted."""

RESTRICTION: Final = View(
    type="Restriction",
    table="restrictions",
    visible=_VISIBLE,
    fields={
        **columns(
            "id", "cause", "about", "actions", "services", "markets", "laneIds", "since", "until", "reason",
            "imposedAt", "liftedAt", "liftReason", "version",
        ),
        "provider": One("Provider", "{t}.provider_id"),
        "decision": One("Decision", "{t}.decision_id"),
        **actions(restriction_rows.RESTRICTIONS, lambda thing, viewer, _at: capabilities.moves(thing, viewer)),
    },
    sorts=BY_ID,
    filters={
        "providerId": Filter("{t}.provider_id = {v}"),
        "causes": Filter("{t}.cause = ANY({v})", "text[]"),
        "live": Filter("({t}.lifted_at IS NULL) = {v}", "boolean"),
    },
)  # fmt: skip

EXIT: Final = View(
    type="Exit",
    table="exits",
    visible=_VISIBLE,
    fields={
        **columns("id", "state", "reason", "requestedAt", "sellsUntil", "endedAt", "version"),
        "provider": One("Provider", "{t}.provider_id"),
        "openDuties": Computed(open_duties, needs=("provider_id", "ended_at")),
        "openDutyCount": Computed(open_duty_counts, needs=("provider_id", "ended_at")),
    },
    sorts=BY_ID,
    filters={
        "providerId": Filter("{t}.provider_id = {v}"),
        "states": Filter("{t}.state = ANY({v})", "text[]"),
    },
)

BAR: Final = View(
    type="Bar",
    table="bars",
    visible=_VISIBLE,
    fields={
        **columns(
            "id", "cause", "programme", "reason", "since", "until", "related", "liftedAt", "liftReason", "version"
        ),
        "provider": One("Provider", "{t}.provider_id"),
        "ruleVersion": One("RuleVersion", "{t}.rule_version_id"),
        **actions(bar_rows.BARS, bars.moves),
    },
    sorts=BY_ID,
    filters={
        "providerId": Filter("{t}.provider_id = {v}"),
        "causes": Filter("{t}.cause = ANY({v})", "text[]"),
        "lifted": Filter("({t}.lifted_at IS NOT NULL) = {v}", "boolean"),
    },
)

_EXIT: Final = (
    "(SELECT x.id FROM exits x WHERE x.tenant_id = {t}.tenant_id AND x.provider_id = {t}.id AND x.ended_at IS NULL)"
)

FIELDS: Final[Mapping[str, Field]] = {
    "capabilitiesOn": Computed(capabilities_on, shown_to=OWN),
    "restrictions": Many("Restriction", "provider_id", "OLDEST_FIRST"),
    "bars": Many("Bar", "provider_id", "OLDEST_FIRST"),
    "exit": One("Exit", _EXIT),
    "exits": Many("Exit", "provider_id", "OLDEST_FIRST"),
}
"""Fields of a provider. What a viewer may not see of it is empty or null by the views above."""

VIEWS: Final = (RESTRICTION, EXIT, BAR)
ROOTS: Final[dict[str, Root]] = {
    "restriction": Point("Restriction"),
    "restrictions": Listing("Restriction", "NEWEST_FIRST"),
    "exit": Point("Exit"),
    "exits": Listing("Exit", "NEWEST_FIRST"),
    "bar": Point("Bar"),
    "bars": Listing("Bar", "NEWEST_FIRST"),
}
