"""Requests, quotes and bookings: a buyer sees its own, a provider only what it quoted itself, staff all.

What a provider must not learn is who else was asked and where it stands among them: rank, costs of lateness and who was
left out are for the buyer and staff.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from domain import capabilities, quotes
from domain.access import Caller, ViewerKind
from domain.explain import Finding, parse
from domain.gates import Action
from domain.ids import LaneId
from domain.money import Money
from domain.moves import Move
from domain.places import Spot
from domain.pricing import Piece
from storage import capabilities as restriction_rows
from storage import quotes as quote_rows
from storage.lanes import LANES
from storage.quotes import QUOTES, read_finding, read_left_out, read_pieces, read_spot
from storage.views.orders import zone_of
from storage.views.view import (
    Amount,
    Computed,
    Filter,
    Listing,
    Many,
    One,
    Point,
    Root,
    Row,
    Sort,
    Value,
    View,
    column,
    columns,
)

_BUYERS: Final = frozenset({ViewerKind.STAFF, ViewerKind.BUYER})
"""Who may know how a quote stands among the others."""

OWN: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.BUYER: "{t}.buyer_id = {party}",
    ViewerKind.PROVIDER: "{t}.provider_id = {party}",
}


@dataclass(frozen=True, slots=True)
class ShownCharge:
    """A line of a price as it is stored; its computation is read only where it is asked for."""

    stored: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What it is for."""
        return str(self.stored["kind"])

    @property
    def amount(self) -> Money:
        """The amount."""
        return Money(self.stored["minor"], self.stored["currency"])

    @property
    def because(self) -> Finding:
        """Its computation."""
        return parse(self.stored["because"])


@dataclass(frozen=True, slots=True)
class ShownLeftOut:
    """Who makes no offer, and why; `provider` and `service` are ids, the engine reads what they are of."""

    provider: str
    service: str
    mode: str
    because: list[Finding]


async def spots_of_origin(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[Spot]:
    """Where the goods start."""
    return [read_spot(row["origin"]) for row in rows]


async def spots_of_destination(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[Spot]:
    """Where the goods go."""
    return [read_spot(row["destination"]) for row in rows]


async def pieces(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Piece]]:
    """The goods."""
    return [list(read_pieces(row["pieces"])) for row in rows]


async def left_out(
    _connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[ShownLeftOut]]:
    """Who was left out, and why; how a provider stands with the marketplace is for staff alone."""
    told = list if viewer.viewer is ViewerKind.STAFF else capabilities.as_others_see
    return [
        [
            ShownLeftOut(each.provider_id, each.service_id, each.mode, list(told(each.because)))
            for each in read_left_out(row["left_out"])
        ]
        for row in rows
    ]


async def charges(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[ShownCharge]]:
    """Every line of each price."""
    return [[ShownCharge(stored) for stored in orjson.loads(row["charges"])] for row in rows]


async def tier_benefits(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[ShownCharge]]:
    """The lines that the buyer's level takes off; a provider could tell the level from them."""
    return [[ShownCharge(stored) for stored in orjson.loads(row["benefits"])] for row in rows]


async def promises(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[Finding]:
    """How each promised day was found."""
    return [read_finding(row["promise"]) for row in rows]


async def latenesses(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[Finding]:
    """How each expected cost of lateness was found, or why there is none."""
    return [read_finding(row["lateness"]) for row in rows]


async def demotions(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[Finding | None]:
    """Why each quote came behind others; None where nothing put it there."""
    return [None if row["demotion"] is None else read_finding(row["demotion"]) for row in rows]


async def included_guarantees(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The guarantees that each quote includes; the engine reads what each is."""
    return [list(row["included_guarantee_ids"]) for row in rows]


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime) -> list[tuple[Move, ...]]:
    found = [QUOTES.decode(row) for row in rows]
    tenant_id = viewer.tenant_id
    lane_ids = sorted({quote.lane_id for quote in found})
    lanes = {lane.id: lane for lane in await LANES.select(connection, tenant_id, "t.id = ANY ($2::text[])", lane_ids)}
    provider_ids = sorted({quote.provider_id for quote in found})
    states = await quote_rows.provider_states(connection, tenant_id, provider_ids)
    limits = {id: await restriction_rows.limits(connection, tenant_id, id) for id in provider_ids}

    def bookable(lane_id: LaneId) -> tuple[Finding, ...]:
        lane = lanes[lane_id]
        capability = capabilities.of_lane(lane, Action.BOOK)
        return capabilities.because(states[lane.provider_id], limits[lane.provider_id], capability, at)

    return [quotes.moves(quote, viewer, at, bookable(quote.lane_id)) for quote in found]


async def available_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    """The actions whose mutation would not be refused for state, time or role."""
    return [[move.action for move in moves if move.available] for moves in await _moves(connection, rows, viewer, at)]


async def blocked_actions(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Move]]:
    """The other actions, each with everything that stands in its way."""
    return [[move for move in moves if not move.available] for moves in await _moves(connection, rows, viewer, at)]


QUOTE_REQUEST: Final = View(
    type="QuoteRequest",
    table="quote_requests",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: "{t}.buyer_id = {party}",
        ViewerKind.PROVIDER: "EXISTS (SELECT FROM quotes q WHERE q.tenant_id = {t}.tenant_id AND q.request_id = {t}.id "
        "AND q.provider_id = {party})",
    },
    fields={
        **columns(
            "id", "state", "weightGrams", "currency", "readyAt", "incoterm", "modes", "levels", "requestedAt", "version"
        ),
        "buyer": One("Buyer", "{t}.buyer_id", shown_to=_BUYERS),
        "origin": Computed(spots_of_origin, needs=("origin",)),
        "destination": Computed(spots_of_destination, needs=("destination",)),
        "pieces": Computed(pieces, needs=("pieces",)),
        "value": Amount("{t}.value_minor"),
        "quotes": Many("Quote", "request_id", "BEST_FIRST"),
        "leftOut": Computed(left_out, needs=("left_out",), shown_to=_BUYERS),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.requested_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.requested_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "buyerId": Filter("{t}.buyer_id = {v}"),
    },
)

QUOTE: Final = View(
    type="Quote",
    table="quotes",
    visible=OWN,
    fields={
        **columns(
            "id",
            "mode",
            "level",
            "state",
            "departsBy",
            "promisedAt",
            "offeredAt",
            "expiresAt",
            "acceptedAt",
            "endedAt",
            "reason",
            "version",
        ),
        "promisedZone": zone_of(
            "(SELECT q.destination ->> 'country' FROM quote_requests q WHERE q.tenant_id = {t}.tenant_id "
            "AND q.id = {t}.request_id)"
        ),
        "position": column("position", _BUYERS),
        "chargeableKilograms": Value("trim_scale({t}.chargeable_grams::numeric / 1000)"),
        "total": Amount("{t}.total_minor"),
        "charges": Computed(charges, needs=("charges",)),
        "tierBenefits": Computed(tier_benefits, needs=("benefits",), shown_to=_BUYERS),
        "payable": Amount("{t}.total_minor - coalesce({t}.discount_minor, 0)", shown_to=_BUYERS),
        "priceLocked": Value("{t}.bundle_id IS NOT NULL"),
        "bundle": One("Bundle", "{t}.bundle_id"),
        "includedGuarantees": Computed(included_guarantees, needs=("included_guarantee_ids",)),
        "promise": Computed(promises, needs=("promise",)),
        "totalCost": Amount("{t}.cost_minor", "{t}.compared_in", shown_to=_BUYERS),
        "expectedLatenessCost": Amount("{t}.lateness_minor", "{t}.compared_in", shown_to=_BUYERS),
        "lateness": Computed(latenesses, needs=("lateness",), shown_to=_BUYERS),
        "demotion": Computed(demotions, needs=("demotion",), shown_to=_BUYERS),
        "request": One("QuoteRequest", "{t}.request_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "service": One("Service", "{t}.service_id"),
        "lane": One("Lane", "{t}.lane_id"),
        "rateSheet": One("RateSheet", "{t}.rate_sheet_id"),
        "revises": One("Quote", "{t}.revises_id"),
        "revisedBy": One(
            "Quote", "(SELECT q.id FROM quotes q WHERE q.tenant_id = {t}.tenant_id AND q.revises_id = {t}.id)"
        ),
        "booking": One(
            "Booking", "(SELECT b.id FROM bookings b WHERE b.tenant_id = {t}.tenant_id AND b.quote_id = {t}.id)"
        ),
        "availableActions": Computed(available_actions, needs=QUOTES.names),
        "blockedActions": Computed(blocked_actions, needs=QUOTES.names),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.offered_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.offered_at", False),)),
        "BEST_FIRST": Sort((("{t}.request_id", False), ("{t}.position", False))),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "modes": Filter("{t}.mode = ANY({v})", "text[]"),
        "providerId": Filter("{t}.provider_id = {v}"),
    },
)

VIEWS: Final = (QUOTE_REQUEST, QUOTE)
ROOTS: Final[dict[str, Root]] = {
    "quoteRequest": Point("QuoteRequest"),
    "quoteRequests": Listing("QuoteRequest", "NEWEST_FIRST"),
    "quote": Point("Quote"),
    "quotes": Listing("Quote", "NEWEST_FIRST"),
}
