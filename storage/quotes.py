"""Requests and quotes: rows to dataclasses; and the one statement that finds every offer for a route.

How it works. `offers` walks the partial index of lanes on sale with the area keys of both ends, so that what it costs
depends on the providers that serve the route and on no others; for each lane it takes the service, the sheet in force
and what its provider stands for, and their price lists from `storage/price_lists.py`. Active sheets of a service never
overlap, so the one that began last is in force or none is (asked for as a pair, which the B-tree answers; the planner
would take the exclusion constraint's index for the service alone, at five times the price).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from asyncpg import Record as Row

from domain import explain, terms
from domain.explain import Finding
from domain.ids import (
    BundleId,
    BuyerId,
    GuaranteeId,
    LaneId,
    ProviderId,
    QuoteId,
    QuoteRequestId,
    RateSheetId,
    ServiceId,
    TenantId,
)
from domain.lanes import Timing
from domain.modes import DangerousGoodsClass, Incoterm, ServiceMode
from domain.money import Money
from domain.offers import CONSIDERED_MAX, LeftOut, Offer, RequestQuote
from domain.places import Spot, keys_of
from domain.pricing import Charge, ChargeKind, Piece, PriceList
from domain.providers import ProviderState
from domain.quotes import Quote, QuoteRequest
from domain.services import Limits, ServiceLevel, ServiceState
from storage import price_lists
from storage.pool import Connection
from storage.price_lists import Listed
from storage.tables import Codec, Table, Twin


def _json(value: Any) -> Any:
    """A column's JSON comes as text; what was never written is what it was encoded to."""
    return orjson.loads(value) if isinstance(value, str) else value


def _written_spot(spot: Spot) -> dict[str, Any]:
    return {
        "country": spot.country,
        "region": spot.region,
        "unlocode": spot.unlocode,
        "postal_code": spot.postal_code,
    }


def read_spot(value: Any) -> Spot:
    """The spot of a column."""
    return Spot(**_json(value))


def _written_pieces(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """As `terms.plain` writes them, what is None left out."""
    return [
        {
            "count": piece.count,
            "weight_grams": piece.weight_grams,
            "length_mm": piece.length_mm,
            "width_mm": piece.width_mm,
            "height_mm": piece.height_mm,
            **({} if piece.value is None else {"value": str(piece.value)}),
            **({} if piece.dangerous_goods is None else {"dangerous_goods": piece.dangerous_goods.value}),
        }
        for piece in pieces
    ]


def read_pieces(value: Any) -> tuple[Piece, ...]:
    """The pieces of a column."""
    return terms.read(tuple[Piece, ...], _json(value))


def _written_charges(charges: Sequence[Charge]) -> str:
    lines = [
        {
            "kind": str(charge.kind),
            "minor": charge.amount.minor,
            "currency": charge.amount.currency,
            "because": explain.plain(charge.because),
        }
        for charge in charges
    ]
    return orjson.dumps(lines).decode()


def read_charges(value: str) -> tuple[Charge, ...]:
    """The lines of a column."""
    return tuple(
        Charge(ChargeKind(each["kind"]), Money(each["minor"], each["currency"]), explain.parse(each["because"]))
        for each in orjson.loads(value)
    )


def _written_finding(finding: Finding) -> str:
    return orjson.dumps(explain.plain(finding)).decode()


def read_finding(value: str) -> Finding:
    """The finding of a column."""
    return explain.parse(orjson.loads(value))


def _written_left_out(left_out: Sequence[LeftOut]) -> list[dict[str, Any]]:
    return [
        {
            "provider": each.provider_id,
            "service": each.service_id,
            "lane": each.lane_id,
            "mode": each.mode.value,
            "because": [explain.plain(finding) for finding in each.because],
        }
        for each in left_out
    ]


def read_left_out(value: Any) -> tuple[LeftOut, ...]:
    """Who was left out, of a column."""
    return tuple(
        LeftOut(
            ProviderId(each["provider"]),
            ServiceId(each["service"]),
            LaneId(each["lane"]),
            ServiceMode(each["mode"]),
            tuple(explain.parse(finding) for finding in each["because"]),
        )
        for each in _json(value)
    )


_FINDING: Final = Codec(_written_finding, read_finding)
"""Text that is JSON, as charges are: only ever read as a whole (decision 0176)."""
_SPOT: Final = Codec(_written_spot, read_spot, "jsonb")

QUOTE_REQUESTS: Final = Table(
    "quote_requests",
    QuoteRequest,
    codecs={
        "origin": _SPOT,
        "destination": _SPOT,
        "pieces": Codec(_written_pieces, read_pieces, "jsonb"),
        "left_out": Codec(_written_left_out, read_left_out, "jsonb"),
    },
)
QUOTES: Final = Table(
    "quotes",
    Quote,
    codecs={
        "charges": Codec(_written_charges, read_charges),
        "benefits": Codec(_written_charges, read_charges),
        "promise": _FINDING,
        "lateness": _FINDING,
        "demotion": _FINDING,
    },
    frozen=frozenset({"charges", "benefits", "promise", "lateness", "demotion"}),
    conflicts={"quotes_revises": Twin("The quote was revised just now.", "quoteId")},
)


async def get(connection: Connection, tenant_id: TenantId, id: QuoteId) -> Quote:
    """The quote. Refuses with NotFound."""
    return await QUOTES.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: QuoteId) -> Quote:
    """The quote, this transaction's until its end. Refuses with NotFound. Lock its provider and order first."""
    return await QUOTES.lock(connection, tenant_id, id)


async def get_request(connection: Connection, tenant_id: TenantId, id: QuoteRequestId) -> QuoteRequest:
    """The request. Refuses with NotFound."""
    return await QUOTE_REQUESTS.get(connection, tenant_id, id)


async def lock_quoted_by_request(
    connection: Connection, tenant_id: TenantId, request_id: QuoteRequestId
) -> list[Quote]:
    """The quotes of the request that can still be accepted or expire, locked in the order of their ids."""
    where = "t.request_id = $2 AND t.state = 'QUOTED' ORDER BY t.id"
    return await QUOTES.select(connection, tenant_id, where, request_id, lock=True)


async def first_quoted_total(connection: Connection, tenant_id: TenantId, quote: Quote) -> Money:
    """What was quoted before any revision: the total of the first quote in whose place this one came."""
    minor = await connection.fetchval(
        "WITH RECURSIVE chain AS ("
        "SELECT revises_id, total_minor FROM quotes WHERE tenant_id = $1 AND id = $2 UNION ALL "
        "SELECT q.revises_id, q.total_minor FROM chain c JOIN quotes q ON q.tenant_id = $1 AND q.id = c.revises_id) "
        "SELECT total_minor FROM chain WHERE revises_id IS NULL",
        tenant_id,
        quote.id,
    )
    return Money(minor, quote.total.currency)


# -- finding offers ----------------------------------------------------------------------------------------------------

KINDS_MAX: Final = 1_000
"""Sets of terms and of classes that a process remembers: services name a few of them over and over."""

_LANE: Final = """
SELECT l.id, l.service_id, l.provider_id, l.mode, l.origin_country, l.destination_country, l.zone, l.transit_days_min,
  l.transit_days_max, l.handling_days, l.cut_off, l.cut_off_zone,
  array_position((SELECT $2::text[]), l.origin_key) + array_position((SELECT $3::text[]), l.destination_key) - 2
    AS narrowness
FROM lanes l
WHERE l.tenant_id = $1 AND l.{sale}
  AND l.origin_key = ANY ((SELECT $2::text[])::text[]) AND l.destination_key = ANY ((SELECT $3::text[])::text[])
  AND (cardinality((SELECT $4::text[])) = 0 OR l.mode = ANY ((SELECT $4::text[])::text[]))
ORDER BY narrowness, l.id LIMIT $5"""
"""Lists come out of queries of their own: a planner that could look into them would find that plans for these keys are
cheaper than one for any, and plan each time anew, which takes longer than the statement. It has one good plan."""

_OFFERS: Final = (
    f"WITH l AS MATERIALIZED ({_LANE.format(sale='sellable')}) "
    """
SELECT l.*, s.level, s.incoterms, s.dangerous_goods, s.markets,
  s.weight_grams_max, s.length_mm_max, s.width_mm_max, s.height_mm_max,
  r.id AS rate_sheet_id, r.currency, r.volumetric_divisor,
  ARRAY (SELECT g.id FROM guarantees g
         WHERE g.tenant_id = $1 AND g.provider_id = l.provider_id AND g.state IN ('ACTIVE', 'WITHDRAWING')
           AND (g.markets = '{}' OR $8 = ANY (g.markets)) ORDER BY g.id) AS guarantee_ids,
  (SELECT b.id FROM bundles b
   WHERE b.tenant_id = $1 AND b.provider_id = l.provider_id AND b.state IN ('ACTIVE', 'WITHDRAWING')
     AND $8 = ANY (b.markets) ORDER BY b.id LIMIT 1) AS bundle_id,
  EXISTS (SELECT FROM measures m WHERE m.tenant_id = $1 AND m.provider_id = l.provider_id
            AND m.kind = 'DEMOTION' AND m.state = 'IN_FORCE') AS demoted,
  (SELECT b.level FROM buyers b WHERE b.tenant_id = $1 AND b.id = $9) AS buyer_level
FROM l
JOIN LATERAL (SELECT s.* FROM services s WHERE s.tenant_id = $1 AND s.id = l.service_id LIMIT 1) s ON true
LEFT JOIN LATERAL (
  SELECT r.id, r.service_id, r.currency, r.volumetric_divisor, r.valid_until FROM rate_sheets r
  WHERE r.tenant_id = $1 AND r.state = 'ACTIVE' AND (r.service_id, r.valid_from) <= (l.service_id, $6)
  ORDER BY r.service_id DESC, r.valid_from DESC LIMIT 1) r
  ON r.service_id = l.service_id AND (r.valid_until IS NULL OR $6 < r.valid_until)
WHERE cardinality($7::text[]) = 0 OR s.level = ANY ($7::text[])
ORDER BY l.narrowness, l.id"""
)


@dataclass(frozen=True, slots=True)
class Commitments:
    """What a provider stands for in what it sells into a country: its guarantees by id, and its bundle, if any.

    Of several bundles the first.
    """

    guarantee_ids: tuple[GuaranteeId, ...]
    bundle_id: BundleId | None


@dataclass(frozen=True, slots=True)
class Found:
    """The offers for a route, and all else that judging them rests on, of the same instant.

    `commitments` and `demoted`, those that a measure puts behind others, are of the providers of these offers.
    `buyer_level` is the asking buyer's; None where there is no offer to ask it for.
    """

    offers: list[Offer]
    commitments: Mapping[ProviderId, Commitments]
    demoted: frozenset[ProviderId]
    buyer_level: int | None


async def offers(
    connection: Connection, tenant_id: TenantId, buyer_id: BuyerId, command: RequestQuote, at: datetime
) -> Found:
    """Every lane on sale that goes that way, with its price list in force at `at`; the narrowest first."""
    rows = await connection.fetch(
        _OFFERS,
        tenant_id,
        keys_of(command.origin),
        keys_of(command.destination),
        sorted(command.modes),
        CONSIDERED_MAX,
        at,
        sorted(command.levels),
        command.destination.country,
        buyer_id,
    )
    zones = {(row["rate_sheet_id"], row["zone"]) for row in rows if row["rate_sheet_id"] is not None}
    listed = await price_lists.by_zones(connection, tenant_id, zones)
    commitments: dict[ProviderId, Commitments] = {}
    demoted: set[ProviderId] = set()
    for row in rows:
        provider_id, bundle_id = ProviderId(row["provider_id"]), row["bundle_id"]
        if provider_id not in commitments:
            guarantee_ids = tuple(map(GuaranteeId, row["guarantee_ids"]))
            commitments[provider_id] = Commitments(guarantee_ids, None if bundle_id is None else BundleId(bundle_id))
            if row["demoted"]:
                demoted.add(provider_id)
    level = rows[0]["buyer_level"] if rows else None
    return Found([_offer(row, listed) for row in rows], commitments, frozenset(demoted), level)


@lru_cache(maxsize=KINDS_MAX)
def _incoterms(values: tuple[str, ...]) -> frozenset[Incoterm]:
    return frozenset(map(Incoterm, values))


@lru_cache(maxsize=KINDS_MAX)
def _classes(values: tuple[str, ...]) -> frozenset[DangerousGoodsClass]:
    return frozenset(map(DangerousGoodsClass, values))


def _offer(row: Row, listed: Mapping[tuple[RateSheetId, str], Listed]) -> Offer:
    (
        id, service_id, provider_id, mode, origin_country, destination_country, zone, transit_min, transit_max,
        handling, cut_off, cut_off_zone, narrowness, level, incoterms, dangerous_goods, markets, weight_max,
        length_max, width_max, height_max, rate_sheet_id, currency, divisor, *_,
    ) = row  # fmt: skip
    return Offer(
        lane_id=LaneId(id),
        service_id=ServiceId(service_id),
        provider_id=ProviderId(provider_id),
        rate_sheet_id=None if rate_sheet_id is None else RateSheetId(rate_sheet_id),
        mode=ServiceMode(mode),
        level=ServiceLevel(level),
        incoterms=_incoterms(tuple(incoterms)),
        dangerous_goods=_classes(tuple(dangerous_goods)),
        limits=Limits(weight_max, length_max, width_max, height_max),
        markets=frozenset(markets),
        origin_country=origin_country,
        destination_country=destination_country,
        timing=Timing(transit_min, transit_max, handling, cut_off, cut_off_zone),
        zone=zone,
        prices=None if rate_sheet_id is None else PriceList(currency, *listed[rate_sheet_id, zone], divisor),
        narrowness=narrowness,
    )


@dataclass(frozen=True, slots=True)
class OffSale:
    """A lane that goes the way but is not on sale, and the state of its service."""

    lane_id: LaneId
    service_id: ServiceId
    provider_id: ProviderId
    mode: ServiceMode
    markets: tuple[str, str]
    """The countries of its two ends."""
    service_state: ServiceState


_OFF_SALE: Final = (
    f"SELECT l.id, l.service_id, l.provider_id, l.mode, l.origin_country, l.destination_country, s.state "
    f"FROM ({_LANE.format(sale='state = ' + chr(39) + 'ACTIVE' + chr(39) + ' AND NOT l.sellable')}) l "
    "JOIN services s ON s.tenant_id = $1 AND s.id = l.service_id "
    "WHERE s.state <> 'DRAFT' AND (cardinality($6::text[]) = 0 OR s.level = ANY ($6::text[])) "
    "ORDER BY l.narrowness, l.id"
)


async def off_sale(connection: Connection, tenant_id: TenantId, command: RequestQuote, limit: int) -> list[OffSale]:
    """The lanes that go that way and are not on sale, the narrowest first; drafts are nobody's business."""
    rows = await connection.fetch(
        _OFF_SALE,
        tenant_id,
        keys_of(command.origin),
        keys_of(command.destination),
        sorted(command.modes),
        limit,
        sorted(command.levels),
    )
    return [
        OffSale(
            LaneId(row["id"]),
            ServiceId(row["service_id"]),
            ProviderId(row["provider_id"]),
            ServiceMode(row["mode"]),
            (row["origin_country"], row["destination_country"]),
            ServiceState(row["state"]),
        )
        for row in rows
    ]


async def provider_states(
    connection: Connection, tenant_id: TenantId, ids: Collection[ProviderId]
) -> Mapping[ProviderId, ProviderState]:
    """Where each of the providers stands in its life."""
    rows = await connection.fetch(
        "SELECT id, state FROM providers WHERE tenant_id = $1 AND id = ANY ($2::text[])", tenant_id, list(ids)
    )
    return {ProviderId(row["id"]): ProviderState(row["state"]) for row in rows}
