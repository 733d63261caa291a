"""Restrictions, exits and bars: for staff and the provider they are about; and what would stop working on a day.

`FIELDS` are fields of the provider's view (`storage/views/parties.py`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol, TypeVar

from domain import appeals, bars, capabilities, dates, expiry, lanes, points, standings, statements
from domain.access import Caller, ViewerKind
from domain.appeals import SubjectKind
from domain.capabilities import OF_MEASURE, Limit, Restriction, Stop
from domain.dates import Calendar
from domain.decisions import Decision
from domain.errors import Refused
from domain.exits import Exit, OpenDuty
from domain.ids import ProviderId, TenantId
from domain.lanes import Lane
from domain.providers import Provider
from domain.requirements import Matrix, RequirementItem
from domain.rulebook import RuleVersion
from storage import bars as bar_rows
from storage import calendars, onboarding, requirements, rulebook
from storage import capabilities as restriction_rows
from storage import exits as exit_rows
from storage.decisions import DECISIONS
from storage.lanes import LANES
from storage.providers import PROVIDERS
from storage.services import SERVICES
from storage.views.actions import actions
from storage.views.points import ShownStatement, shown
from storage.views.view import Computed, Field, Filter, Listing, Many, One, Point, Root, Row, Sort, View, columns


class Owned(Protocol):
    """Something of a provider's."""

    @property
    def provider_id(self) -> ProviderId:
        """Whose it is."""
        ...


T = TypeVar("T", bound=Owned)

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


@dataclass(frozen=True, slots=True)
class Known:
    """What decides about the capabilities of some providers, read for all of them at once."""

    matrix: Matrix | None
    calendar: Calendar
    restrictions: Mapping[str, list[Restriction]]
    exits: Mapping[str, Exit]
    items: Mapping[str, list[RequirementItem]]
    lanes: Mapping[str, list[Lane]]


async def capabilities_on(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[CapabilitiesOn | None]:
    """For each provider that the viewer may know this of: what is off at the end of that day, and why."""
    providers = [PROVIDERS.decode(row) for row in rows if viewer.is_operator or viewer.party_id == row["id"]]
    if not providers:
        return [None] * len(rows)
    known = await _known(connection, viewer.tenant_id, [provider.id for provider in providers], at)
    found = {provider.id: _on(provider, known, at, arguments["on"]) for provider in providers}
    return [found.get(row["id"]) for row in rows]


def _on(provider: Provider, known: Known, at: datetime, on: date) -> CapabilitiesOn:
    """The same functions as restrict and refresh use, asked of another instant; a day that is over counts as now."""
    then = max(at, dates.end_of_day(on, known.calendar))
    restrictions = tuple(known.restrictions[provider.id])
    present = tuple(each.limit for each in restrictions)
    coming: tuple[Limit, ...] = ()
    if known.matrix is not None:
        coming = expiry.ahead(known.matrix, provider, known.items[provider.id], present, known.calendar)
    found = capabilities.stops(
        provider,
        at,
        (standings.state_on(provider, restrictions, known.exits.get(provider.id), then), then),
        (*present, *coming),
        capabilities.repertoire(provider, known.lanes[provider.id]),
    )
    return CapabilitiesOn(on, then, len(found), list(found[:STOPS_MAX]))


async def _known(connection: Any, tenant_id: TenantId, ids: Sequence[ProviderId], at: datetime) -> Known:
    """Everything of those providers, in a handful of statements however many they are."""
    market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", tenant_id)
    try:
        matrix = await onboarding.matrix(connection, tenant_id, at)
    except Refused:  # a marketplace without rules about onboarding asks for nothing
        matrix = None
    of = "t.provider_id = ANY ($2::text[])"
    services = await SERVICES.select(connection, tenant_id, of, list(ids))
    by_id = {service.id: service for service in services}
    ways = await LANES.select(connection, tenant_id, f"{of} AND t.state = 'ACTIVE' ORDER BY t.id", list(ids))
    return Known(
        matrix,
        await calendars.get(connection, market),
        _by_provider(await restriction_rows.live_by_providers(connection, tenant_id, ids)),
        {each.provider_id: each for each in await exit_rows.live_by_providers(connection, tenant_id, ids)},
        _by_provider(await requirements.live_by_providers(connection, tenant_id, ids)),
        _by_provider([lane for lane in ways if lanes.offered(lane, by_id[lane.service_id])]),
    )


def _by_provider(things: Iterable[T]) -> Mapping[str, list[T]]:
    """The things, by whose they are; an empty list for whoever has none."""
    found: defaultdict[str, list[T]] = defaultdict(list)
    for thing in things:
        found[thing.provider_id].append(thing)
    return found


async def open_duties(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[OpenDuty]]:
    """What still keeps each leaving provider, the oldest first."""
    ids = [ProviderId(row["provider_id"]) for row in rows if row["ended_at"] is None]
    found = await exit_rows.open_duties(connection, viewer.tenant_id, ids)
    return [found.get(row["provider_id"], []) if row["ended_at"] is None else [] for row in rows]


async def open_duty_counts(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[int]:
    """How many things still keep each leaving provider."""
    ids = [ProviderId(row["provider_id"]) for row in rows if row["ended_at"] is None]
    found = await exit_rows.open_counts(connection, viewer.tenant_id, ids)
    return [found.get(row["provider_id"], 0) if row["ended_at"] is None else 0 for row in rows]


BY_ID: Final = {
    "OLDEST_FIRST": Sort((("{t}.id", False),)),
    "NEWEST_FIRST": Sort((("{t}.id", True),)),
}
"""Ids sort by the instant they were minted."""


async def restriction_statements(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[ShownStatement | None]:
    """Why each provider is restricted or suspended; None where a measure brought it, which has the statement."""
    found = [restriction_rows.RESTRICTIONS.decode(row) for row in rows]
    tenant_id, ids = viewer.tenant_id, [each.decision_id for each in found if each.decision_id is not None]
    made = await DECISIONS.select(connection, tenant_id, "t.id = ANY ($2::text[])", ids) if ids else []
    by_id = {decision.id: decision for decision in made}
    market = await connection.fetchval("SELECT market FROM tenants WHERE tenant_id = $1", tenant_id)
    calendar = await calendars.get(connection, market)
    told: list[ShownStatement | None] = []
    for each in found:
        if each.limit.cause is OF_MEASURE:
            told.append(None)
            continue
        decision = None if each.decision_id is None else by_id[each.decision_id]
        redress = await rulebook.in_force(connection, tenant_id, appeals.RULE, each.imposed_at)
        until = appeals.filing_until(appeals.appeal_terms(redress), SubjectKind.RESTRICTION, each.imposed_at, calendar)
        rule = await _ground(connection, tenant_id, each, decision)
        told.append(shown(statements.of_restriction(each, rule, decision, until)))
    return told


async def _ground(
    connection: Any, tenant_id: TenantId, restriction: Restriction, decision: Decision | None
) -> RuleVersion:
    """The rule version that the decision rests on, or the one about measures of the day when the desk decided."""
    if decision is None or not decision.rule_version_ids:
        return await rulebook.in_force(connection, tenant_id, points.RULE, restriction.imposed_at)
    return await rulebook.get(connection, tenant_id, decision.rule_version_ids[0])


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
        "statementOfReasons": Computed(restriction_statements, needs=restriction_rows.RESTRICTIONS.names),
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
    "capabilitiesOn": Computed(capabilities_on, needs=PROVIDERS.names, shown_to=OWN),
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
