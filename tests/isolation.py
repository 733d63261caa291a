"""Two marketplaces with two sets of parties each, in which everything has happened: who may see what of whom?

Each set is a buyer, a supplier and a provider who trade with each other and with nobody else. So whatever belongs to
one set, by any chain of references, is nobody else's business, and a leak is an id of another set in an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import orjson

from api.operations import (
    bookings,
    buyers,
    claims,
    coupons,
    deposits,
    documents,
    exchange_rates,
    legs,
    organisations,
    quotes,
    service_points,
    services,
    shipments,
    tier_reviews,
    tier_sweeps,
    tracking,
    uploads,
)
from domain.access import Caller, Person, Role, Scope, ViewerKind
from domain.bookings import BookQuote
from domain.buyers import GrantTier
from domain.claims import ClaimReason, OpenClaim
from domain.coupons import RedeemCoupon
from domain.deposits import RecordDeposit
from domain.documents import PublishDocument
from domain.exchange_rates import NewRate, RecordExchangeRates
from domain.file_types import FileType
from domain.ids import (
    KINDS,
    BuyerId,
    ClaimId,
    CouponId,
    CoverageId,
    OrderId,
    OrderLineId,
    ProviderId,
    QuoteId,
    ShipmentId,
    SupplierId,
    is_id,
)
from domain.legs import NewLeg, PlanLegs
from domain.members import AcceptInvitation, InviteMember, guest_id
from domain.offers import RequestQuote
from domain.orders import Address
from domain.places import Area, Spot
from domain.premises import Contact
from domain.pricing import Piece
from domain.quotes import AcceptQuote
from domain.reports import RecordTrackingBatch
from domain.service_points import AddServicePoint
from domain.services import ServiceCommand
from domain.shipments import RecordShipment, ShipmentMode, UpdateEta
from domain.tier_reviews import NewEvidence, SubmitTierEvidence
from domain.tiers import Evidence, Identity
from domain.tracking import NewEvent, TrackingStatus
from domain.uploads import CreateUpload, UploadKind
from storage import audit
from storage.idempotency import Key, fingerprint
from storage.pool import Pool
from tests.applicants import in_review
from tests.builders import START, Market, line, set_clock, usd
from tests.catalogues import stock
from tests.charging import appealing, charged
from tests.claiming import bargained
from tests.collecting import collected
from tests.deskwork import at_work, limit
from tests.disciplined import disciplined
from tests.disputing import disputed
from tests.enrolling import enrolled
from tests.giving import bought, given
from tests.leaving import leaver
from tests.marketplaces import Marketplace, Member, open_marketplace
from tests.networks import WORKSHOP, network
from tests.recovering import recovered
from tests.selling import sell
from tests.serviced import held, serviced

PROMISED = date(2026, 2, 20)
LATER = datetime(2026, 2, 22, 12, tzinfo=UTC)
LINKS = (
    "buyer_id", "supplier_id", "provider_id", "organisation_id", "order_id", "shipment_id", "coverage_id", "claim_id",
    "coupon_id", "guarantee_id", "guarantee_ids", "subject_id", "object_id", "owner_id", "party_id", "transfer_id",
    "decision_id", "level_decision_id", "redemption_id", "deposit_id", "deposit_movement_id", "member_id",
    "reverses_id", "audit_id", "service_id", "rate_sheet_id", "rate_import_id", "lane_ids",
    "lane_id", "request_id", "quote_id", "first_id", "second_id", "review_id",
    "hold_id", "clock_id", "visit_id", "service_point_id", "entry_id", "counter_id",
    "refund_id", "goodwill_id", "reservation_id", "line_id", "exposure_id",
    "offer_id", "evidence_id", "return_id", "upload_id", "label_upload_id",
    "recovery_id", "payout_id", "invoice_id", "party_payment_id",
    "chargeback_id", "protection_id", "receipt_id", "appeal_id", "final_decision_id",
    "carrier_claim_id", "leg_id", "membership_id", "inspection_id",
)  # fmt: skip
"""Columns by which a row belongs to the same set as another. Actors, rules and platform accounts join nobody."""
PUBLIC = {"sup", "prv", "gua", "bdl"}
"""Kinds of things that everybody may see (ended guarantees aside; there are none here)."""


@dataclass(slots=True)
class Trade:
    """One set of parties and what belongs to them."""

    buyer: Member
    supplier: Member
    provider: Member
    applicant: Member
    """A company in review, of which nobody knows but the desk."""
    leaver: Member
    """A provider that was removed, of one hand with the provider."""
    ids: frozenset[str] = frozenset()
    """Everything that belongs to them, by any chain of references."""
    unsent: OrderId | None = None
    """What the supplier never sent."""

    @property
    def private(self) -> frozenset[str]:
        """What nobody else may see."""
        return frozenset(id_ for id_ in self.ids if id_[:3] not in PUBLIC) | {str(self.applicant.party_id)}

    @property
    def callers(self) -> tuple[Caller, ...]:
        return self.buyer.caller, self.supplier.caller, self.provider.caller, self.applicant.caller


@dataclass(slots=True)
class Side:
    """One marketplace with its two sets of parties, and every id in it."""

    market: Marketplace
    trades: tuple[Trade, ...]
    ids: frozenset[str]

    @property
    def staff(self) -> Caller:
        return self.market.staff(*(role for role in Role if role is not Role.GUEST))

    @property
    def guest(self) -> Caller:
        return guest(self.market, "nobody in particular")

    @property
    def callers(self) -> tuple[Caller, ...]:
        return *(caller for trade in self.trades for caller in trade.callers), self.staff, self.guest


def guest(market: Marketplace, name: str) -> Caller:
    """A person with a good token who is a member of nothing."""
    person = Person("https://issuer.example", f"{name} of {market.id}")
    scopes = frozenset({Scope.READ, Scope.WRITE})
    roles = frozenset({Role.GUEST})
    return Caller(market.id, guest_id(person), None, None, roles, ViewerKind.PUBLIC, scopes, person)


async def side(worker_pool: Pool, owner: asyncpg.Pool[Any], name: str) -> Side:
    """A marketplace in which two sets of parties have traded, claimed, been compensated and spent it."""
    market = await open_marketplace(worker_pool, name)
    await set_clock(worker_pool, market.id, START)
    building = Market(worker_pool, market.id, market.made.admin_key, market.made.operator_id)
    await limit(building, "0.01 USD")
    trades = tuple([await _trade(market, building, number) for number in (1, 2)])
    await network(market, building)
    await building.move(LATER)
    rates = (
        NewRate("EUR", "USD", PROMISED, Decimal("1.1")),
        NewRate("XDR", "USD", PROMISED, Decimal("1.5")),
    )
    await market.act(building.staff, exchange_rates.record_exchange_rates, RecordExchangeRates(rates, "test"))
    for trade in trades:
        await _spend(market, building, trade)
    await market.act(building.staff, tier_sweeps.evaluate_tiers, None)
    await market.act(building.staff, documents.publish_document, PublishDocument("{ viewer { kind } }"))
    async with worker_pool.transaction(market.id) as connection:
        for chain in (audit.AUDIT, audit.LEDGER):
            await audit.seal(connection, market.id, chain)
    rows = await _rows(owner, market)
    for trade in trades:
        members = (trade.buyer, trade.supplier, trade.provider, trade.applicant, trade.leaver)
        trade.ids = _belonging(rows, {str(member.party_id) for member in members})
    assert not trades[0].ids & trades[1].ids, "the two sets have traded with each other"
    return Side(market, trades, frozenset(str(row["id"]) for row in rows if is_id(str(row.get("id")))))


async def _trade(market: Marketplace, building: Market, number: int) -> Trade:
    buyer = await market.add(f"Buyer {number}", Role.BUYER)
    supplier = await market.add(f"Supplier {number}", Role.SUPPLIER)
    provider = await market.add(f"Provider {number}", Role.PROVIDER)
    applicant = await in_review(market, guest(market, f"Applicant {number}"), number)
    await market.act(building.staff, buyers.grant_tier, GrantTier(BuyerId(str(buyer.party_id)), 4, "for the test"))
    on_time = await building.offer(provider.party_id)  # type: ignore[arg-type]
    serviced = await building.offer(supplier.party_id, "guarantees/machinery_after_sales")  # type: ignore[arg-type]
    await enrolled(building, ProviderId(str(provider.party_id)))
    gone = await leaver(market, building, provider, f"Leaver {number}")
    trade = Trade(buyer, supplier, provider, applicant, gone)
    address = Address("Ada", f"Street {number}", "Utrecht", "1", None, "US")
    order_id = await building.order(
        buyer.party_id,  # type: ignore[arg-type]
        supplier.party_id,  # type: ignore[arg-type]
        [line(promised_on=PROMISED), line(serviced=True)],
        [on_time, serviced],
        address=address,
    )
    await _ship(market, building, trade, order_id)
    trade.unsent = await bought(building, buyer, supplier, PROMISED)
    await _bring(market, building, trade)
    await stock(market, provider)
    await _book(market, building, trade, number)
    for member, role in ((buyer, Role.BUYER), (supplier, Role.SUPPLIER), (provider, Role.PROVIDER)):
        wish = InviteMember(member.organisation_id, f"{role.lower()}{number}@example.com", (role,))
        letter = (await market.act(member.caller, organisations.invite_member, wish)).once["secret"]
        joining = guest(market, f"{role} {number}")
        await market.act(joining, organisations.accept_invitation, AcceptInvitation(letter))
    return trade


async def _book(market: Marketplace, building: Market, trade: Trade, number: int) -> None:
    """The buyer asks for quotes on a way that only its provider goes, and books one; then nothing is on sale again."""
    provider_id, buyer = ProviderId(str(trade.provider.party_id)), trade.buyer.caller
    sold = await sell(building, provider_id=provider_id, destination=Area("US", postal_prefix=str(number)))
    there = Spot("US", postal_code=f"{number}0001")
    goods = (Piece(1, 1_000, 100, 100, 100),)
    wish = RequestQuote(
        None,
        goods,
        Spot("CN", None, "CNSHA"),
        there,
        START,
        None,
        frozenset(),
        frozenset(),
        "USD",
        include_left_out=False,
    )
    asked = await market.act(buyer, quotes.request_quote, wish)
    quote_id = QuoteId(
        await market.pool.fetchval(
            market.id, "SELECT id FROM quotes WHERE request_id = $1", asked.things["quoteRequest"]
        )
    )
    await market.act(buyer, quotes.accept_quote, AcceptQuote(quote_id))
    order_id = await building.order(
        trade.buyer.party_id,  # type: ignore[arg-type]
        trade.supplier.party_id,  # type: ignore[arg-type]
        [line()],
    )
    line_id = await market.pool.fetchval(market.id, "SELECT id FROM order_lines WHERE order_id = $1", order_id)
    command = BookQuote(quote_id, order_id, (OrderLineId(line_id),), None)
    await market.act(buyer, bookings.book_quote, command)
    await market.act(trade.provider.caller, services.pause_service, ServiceCommand(sold.service_id))
    await held(building, provider_id)


async def _bring(market: Marketplace, building: Market, trade: Trade) -> None:
    """Everybody announces a file, the buyer tells what it is, the provider pays a deposit and tells where it serves."""
    wish = CreateUpload(UploadKind.EVIDENCE, "seen.png", 10, FileType.PNG, "0" * 64)
    for member in (trade.buyer, trade.supplier, trade.provider):
        await market.act(member.caller, uploads.create_upload, wish)
    told = (NewEvidence(Evidence.DECLARED_IDENTITY, None, "We sell tools."),)
    identity = SubmitTierEvidence(None, Identity.WHOLESALER, told)
    await market.act(trade.buyer.caller, tier_reviews.submit_tier_evidence, identity)
    paid = RecordDeposit(ProviderId(str(trade.provider.party_id)), usd(100_00), "wire 1")
    await market.act(building.staff, deposits.record_deposit, paid)
    wish_to_serve = AddServicePoint(None, WORKSHOP, Contact("Li Wei", "+862155512345", None))
    await market.act(trade.provider.caller, service_points.add_service_point, wish_to_serve)


async def _ship(market: Marketplace, building: Market, trade: Trade, order_id: OrderId) -> None:
    rows = await market.pool.fetch(
        market.id, "SELECT id FROM order_lines WHERE tenant_id = $1 AND order_id = $2", market.id, order_id
    )
    shipped = RecordShipment(
        order_id=order_id,
        provider_id=ProviderId(str(trade.provider.party_id)),
        reference=f"T-{order_id}",
        mode=ShipmentMode.OCEAN,
        line_ids=tuple(OrderLineId(row["id"]) for row in rows),
        promised_on=None,
        eta_at=None,
        weight_grams=None,
        freight=None,
    )
    outcome = await market.act(building.staff, shipments.record_shipment, shipped)
    id = ShipmentId(str(outcome.things["shipment"]))
    await market.act(building.staff, shipments.update_eta, UpdateEta(id, START + timedelta(days=60)))
    for status in (TrackingStatus.IN_TRANSIT, TrackingStatus.DELIVERY_DELAYED):  # of which both sides are told
        await building.track(id, status, START)
    sea = NewLeg(ShipmentMode.OCEAN, None, "A liner", Area("CN"), Area("US"))
    await market.act(trade.provider.caller, legs.plan_legs, PlanLegs(id, (sea,)))
    early = NewEvent(None, f"W-{id}", TrackingStatus.PENDING, None, None, None, None, START, shipment_reference="later")
    await market.act(trade.provider.caller, tracking.record_tracking_batch, RecordTrackingBatch((early,)))


async def _spend(market: Marketplace, building: Market, trade: Trade) -> None:
    """The late order was compensated by itself; half of the coupon is spent, and the broken service is claimed."""
    mine = "WHERE t.tenant_id = $1 AND t.buyer_id = $2"
    coupon = await market.pool.fetchval(
        market.id, f"SELECT t.id FROM coupons t {mine}", market.id, trade.buyer.party_id
    )
    spent_on = await building.order(trade.buyer.party_id, trade.supplier.party_id, [line()])  # type: ignore[arg-type]
    wish = RedeemCoupon(CouponId(coupon), spent_on, usd(50_00))
    await building.act(
        trade.buyer.caller, coupons.redeem_coupon, wish, key=Key("spend", fingerprint({"coupon": coupon}))
    )
    cover = await market.pool.fetchval(
        market.id,
        f"SELECT t.id FROM coverages t {mine} AND t.promise = 'AFTER_SALES'",
        market.id,
        trade.buyer.party_id,
    )
    opened = OpenClaim(CoverageId(cover), ClaimReason.SERVICE_NO_VISIT, "Nobody came.")
    claimed = await market.act(trade.buyer.caller, claims.open_claim, opened)
    await bargained(market, building, trade.buyer, trade.supplier, ClaimId(str(claimed.things["claim"])))
    await at_work(market, trade.supplier, ClaimId(str(claimed.things["claim"])))
    await serviced(market, trade.buyer, trade.supplier, cover)
    await disputed(market, building, trade.buyer, ClaimId(str(claimed.things["claim"])))
    assert trade.unsent is not None
    await given(market, building, trade.buyer, trade.supplier, trade.unsent)
    await disciplined(building, SupplierId(str(trade.supplier.party_id)), ClaimId(str(claimed.things["claim"])))
    late = await market.pool.fetchval(
        market.id, f"SELECT t.id FROM claims t {mine} AND t.reason = 'LATE_DELIVERY'", market.id, trade.buyer.party_id
    )
    await disciplined(building, ProviderId(str(trade.provider.party_id)), ClaimId(late))
    await charged(market, building, trade.buyer, trade.supplier)
    await collected(building, ProviderId(str(trade.provider.party_id)))
    await appealing(market, building, trade.supplier)
    await recovered(market, building, trade.buyer, trade.supplier, ClaimId(late))


async def tables(owner: asyncpg.Pool[Any]) -> list[str]:
    """Every table of tenant data."""
    rows = await owner.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
        "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition ORDER BY 1"
    )
    return [row["relname"] for row in rows]


async def _rows(owner: asyncpg.Pool[Any], market: Marketplace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in await tables(owner):
        rows = await owner.fetch(f"SELECT to_jsonb(t)::text AS row FROM {name} t WHERE tenant_id = $1", market.id)
        found += [orjson.loads(row["row"]) for row in rows]
    return found


def _belonging(rows: list[dict[str, Any]], start: set[str]) -> frozenset[str]:
    """Every id that is tied to one of `start` by a chain of references."""
    found = set(start)
    while True:
        before = len(found)
        for row in rows:
            tied = _tied(row)
            if not found.isdisjoint(tied):
                found |= tied
        if len(found) == before:
            return frozenset(found)


def _tied(row: Mapping[str, Any]) -> set[str]:
    """The row's own id and those it refers to."""
    values = [row.get("id"), *(row.get(name) for name in LINKS)]
    flat = [each for value in values for each in (value if isinstance(value, list) else [value])]
    return {each for each in flat if isinstance(each, str) and each[:3] in KINDS and is_id(each)}
