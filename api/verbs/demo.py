"""The demo marketplace: a small cast and a few orders, made through the operations like everything else.

What the console's examples show is here: an order that came late for a buyer of each kind, one with a broken service,
one to spend a coupon on. Times are relative to the day it is loaded. `./run` loads it into a new state by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from api.intake.files import open_files
from api.operations import (
    bundles,
    buyers,
    claims,
    clocks,
    coupons,
    enrolments,
    keys,
    orders,
    organisations,
    parties,
    shipments,
    tenants,
    tracking,
)
from api.settings import Settings, Unusable
from api.verbs import demo_providers
from domain.access import Caller, Role, Scope, ViewerKind
from domain.bundles import JoinBundle
from domain.buyers import GrantTier
from domain.claims import AnswerClaim, ClaimReason, OpenClaim
from domain.coupons import RedeemCoupon
from domain.enrolments import OfferGuarantee
from domain.ids import (
    BuyerId,
    ClaimId,
    CouponId,
    CoverageId,
    GuaranteeId,
    OrderId,
    OrganisationId,
    PartyId,
    ProviderId,
    ShipmentId,
    SupplierId,
    TenantId,
)
from domain.keys import IssueApiKey
from domain.money import Money
from domain.orders import Address, NewLine, RecordOrder, RecordPayment
from domain.organisations import CreateOrganisation, OrganisationKind
from domain.parties import Registration
from domain.providers import ProviderKind, RegisterProvider
from domain.shipments import RecordShipment, ShipmentMode
from domain.tenants import CreateTenant, TenantKind
from domain.tracking import NewEvent, RecordTrackingEvents, TrackingStatus
from storage import certificates as certificate_rows
from storage import clocks as clock_rows
from storage import coupons as coupon_rows
from storage import coverage as coverage_rows
from storage import orders as order_rows
from storage.files import Files
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact

Operation = Callable[[Work, Any], Awaitable[Outcome]]

REQUEST: Final = "run demo"
ADDRESS: Final = Address("Receiving Dock 4", "1200 Harbor Drive", "Oakland", "94607", "CA", "US")


def command() -> None:
    """Say how the demo is loaded: by ./run itself, into a new state."""
    raise Unusable("The demo is loaded by ./run into a new state; ./run --fresh begins one.")


async def load(settings: Settings) -> dict[str, Any]:
    """The demo marketplace is there; returns the tokens by role and the values that the console's examples name."""
    certificate_rows.sign_with(settings.secret_key)
    worker_pool = await Pool.open(settings.database_worker_url, size=1)
    pool = await Pool.open(settings.database_url, size=2)
    files = open_files(settings)
    try:
        return await _load(worker_pool, pool, files)
    finally:
        await files.close()
        await pool.close()
        await worker_pool.close()


@dataclass
class Desk:
    """Whoever sets the demo up: acts as staff, or as one of the parties."""

    pool: Pool
    tenant_id: TenantId
    operator_id: OrganisationId
    now: datetime
    tokens: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def staff(self) -> Caller:
        """Staff with every role."""
        roles = frozenset(Role) - {Role.BUYER, Role.SUPPLIER, Role.PROVIDER}
        return replace(tenants.system(self.tenant_id, "demo"), roles=roles)

    def party(self, role: Role, viewer: ViewerKind, id: PartyId) -> Caller:
        """That party."""
        return Caller(self.tenant_id, self.staff().actor_id, None, id, frozenset({role}), viewer, frozenset(Scope))

    async def act(self, operation: Operation, wish: Any, caller: Caller | None = None) -> Outcome:
        """The operation has happened, in a transaction of its own."""

        async def run(work: Work) -> Outcome:
            return await operation(work, wish)

        acting = caller or self.staff()
        outcome, _ = await transact(self.pool, acting, action=operation.__name__, request_id=REQUEST, act=run)
        return outcome

    async def key(self, name: str, organisation_id: OrganisationId, *roles: Role) -> None:
        """The organisation has a key, remembered under that name."""
        wish = IssueApiKey(organisation_id, f"demo: {name}", roles, tuple(Scope), frontend=False, expires_at=None)
        self.tokens[name] = (await self.act(keys.issue_api_key, wish)).once["secret"]

    async def organisation_of(self, table: str, id: PartyId) -> OrganisationId:
        """The organisation behind a party."""
        text = f"SELECT organisation_id FROM {table} WHERE tenant_id = $1 AND id = $2"
        return OrganisationId(await self.pool.fetchval(self.tenant_id, text, self.tenant_id, id))

    def day(self, days: int) -> datetime:
        """That many days from now."""
        return self.now + timedelta(days=days)


async def _load(worker_pool: Pool, pool: Pool, files: Files) -> dict[str, Any]:
    wish = CreateTenant("Harbour Market", TenantKind.SANDBOX, "US", "USD")
    made = await tenants.create_tenant(worker_pool, wish, request_id=REQUEST)
    desk = Desk(pool, made.id, made.operator_id, datetime.now(UTC))
    cast = await _cast(desk)
    await _keys(desk, cast)
    await _orders(desk, cast)
    await demo_providers.come_in(desk, files, cast.buyer)
    return {"tenant": desk.tenant_id, "tokens": desk.tokens, "values": desk.values}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in the demo."""

    buyer: BuyerId
    buyer2: BuyerId
    supplier: SupplierId
    supplier2: SupplierId
    provider: ProviderId
    provider2: ProviderId
    on_time: GuaranteeId
    after_sales: GuaranteeId


async def _cast(desk: Desk) -> Cast:
    async def register(operation: Operation, wish: Any, thing: str) -> str:
        return str((await desk.act(operation, wish)).things[thing])

    buyer = BuyerId(await register(buyers.register_buyer, Registration("Northwind Retail", "US", "B-1001"), "buyer"))
    buyer2 = BuyerId(await register(buyers.register_buyer, Registration("Corner Hardware", "US", "B-1002"), "buyer"))
    await desk.act(buyers.grant_tier, GrantTier(buyer, 4, "Verified income above the threshold."))
    await desk.act(buyers.grant_tier, GrantTier(buyer2, 1, "Declared identity and business e-mail."))
    machines, tools = Registration("Ningbo Machinery", "CN", "S-1"), Registration("Foshan Tools", "CN", "S-2")
    supplier = SupplierId(await register(parties.register_supplier, machines, "supplier"))
    supplier2 = SupplierId(await register(parties.register_supplier, tools, "supplier"))
    ocean = RegisterProvider(Registration("Blue Anchor Lines", "US", "P-1"), ProviderKind.NVOCC)
    air = RegisterProvider(Registration("Polar Air Cargo Desk", "US", "P-2"), ProviderKind.AIRLINE_AGENT)
    provider = ProviderId(await register(parties.register_provider, ocean, "provider"))
    provider2 = ProviderId(await register(parties.register_provider, air, "provider"))
    offers = {
        party: GuaranteeId(await register(enrolments.offer_guarantee, OfferGuarantee(rule, party), "guarantee"))
        for party, rule in (
            (provider, "guarantees/on_time"),
            (provider2, "guarantees/on_time"),
            (supplier, "guarantees/machinery_after_sales"),
            (supplier2, "guarantees/money_back"),
        )
    }
    await desk.act(bundles.join_bundle, JoinBundle("bundles/semi_managed", provider2))
    return Cast(buyer, buyer2, supplier, supplier2, provider, provider2, offers[provider], offers[supplier])


async def _keys(desk: Desk, cast: Cast) -> None:
    parties_by_name: Sequence[tuple[str, str, PartyId, Role]] = (
        ("buyer", "buyers", cast.buyer, Role.BUYER),
        ("buyer2", "buyers", cast.buyer2, Role.BUYER),
        ("supplier", "suppliers", cast.supplier, Role.SUPPLIER),
        ("provider", "providers", cast.provider, Role.PROVIDER),
    )
    for name, table, id, role in parties_by_name:
        await desk.key(name, await desk.organisation_of(table, id), role)
    for colleague in ("operator", "operator2"):  # what two must agree on is done by two
        await desk.key(colleague, desk.operator_id, Role.SUPPORT, Role.ADJUDICATOR, Role.FINANCE)
    await desk.key("admin", desk.operator_id, Role.ADMIN, Role.POLICY)
    shop = await desk.act(organisations.create_organisation, CreateOrganisation(OrganisationKind.SERVICE, "Web shop"))
    await desk.key("service", OrganisationId(str(shop.things["organisation"])), Role.SERVICE)


async def _orders(desk: Desk, cast: Cast) -> None:
    """Six orders; what they are for is said where they are made."""
    # A machine whose service nobody gave: its buyer claims, the supplier has not answered yet.
    press = _line("Injection press with one year's service", 8_000_00, serviced=True)
    unanswered = await _order(desk, "SO-2000", cast.buyer, cast, press, service=True)
    await _claimed(desk, cast.buyer, unanswered, "The technician did not come on either of the two dates.")
    # An L4 buyer's order, promised three days ago and still on the way: its coupon is issued by itself.
    own_late = await _order(desk, "SO-2001", cast.buyer, cast, _line("Packaging line", 2_500_00, promised=desk.day(-3)))
    await _ship(desk, "BL-7001", own_late, cast.provider, desk.day(-20), TrackingStatus.IN_TRANSIT)
    await _fire(desk)
    # A later order of the same buyer, for which a part of that coupon pays.
    later = await _order(desk, "SO-2002", cast.buyer, cast, _line("Spare moulds", 900_00, promised=desk.day(12)))
    coupon_id = await _coupon_of(desk, cast.buyer)
    party = desk.party(Role.BUYER, ViewerKind.BUYER, cast.buyer)
    await desk.act(coupons.redeem_coupon, RedeemCoupon(coupon_id, later, Money(40_00, "USD")), party)
    # An L1 buyer's order that came two days late: its buyer may apply.
    applied = await _order(desk, "SO-2003", cast.buyer2, cast, _line("Hand tools", 1_200_00, promised=desk.day(-6)))
    await _ship(desk, "BL-7002", applied, cast.provider, desk.day(-4), TrackingStatus.DELIVERED)
    # Another machine without its service: claimed, contested, waiting for the desk.
    machine = _line("CNC lathe with one year's service", 10_000_00, serviced=True)
    serviced = await _order(desk, "SO-2004", cast.buyer2, cast, machine, service=True)
    escalated = await _contested(desk, cast, serviced)
    # An order to spend a coupon on.
    spend_on = await _order(desk, "SO-2005", cast.buyer2, cast, _line("Work benches", 600_00, promised=desk.day(20)))
    shipment = await _ship(desk, "BL-7003", spend_on, cast.provider, desk.day(0), TrackingStatus.PICKED_UP)
    await _fire(desk)
    desk.values |= {
        "lateOrder": applied,
        "lateCoverage": await _cover_of(desk, applied),
        "ownLateOrder": own_late,
        "coupon": coupon_id,
        "laterOrder": later,
        "escalatedClaim": escalated,
        "spendOnOrder": spend_on,
        "shipment": shipment,
        "buyer": cast.buyer,
        "buyer2": cast.buyer2,
        "supplier": cast.supplier,
        "provider": cast.provider,
    }


def _line(what: str, minor: int, *, promised: datetime | None = None, serviced: bool = False) -> NewLine:
    return NewLine(what, 1, Money(minor, "USD"), serviced, promised.date() if promised else None, None)


async def _order(
    desk: Desk, reference: str, buyer: BuyerId, cast: Cast, line: NewLine, *, service: bool = False
) -> OrderId:
    """An order of one line, placed and paid a month ago, with the guarantee for time or for service."""
    month_ago = desk.day(-30)
    wish = RecordOrder(
        reference=reference,
        buyer_id=buyer,
        supplier_id=cast.supplier,
        country="US",
        currency="USD",
        lines=(line,),
        guarantee_ids=(cast.after_sales if service else cast.on_time,),
        address=ADDRESS,
        placed_at=month_ago,
    )
    id = OrderId(str((await desk.act(orders.record_order, wish)).things["order"]))
    await desk.act(orders.record_payment, RecordPayment(id, month_ago))
    return id


async def _ship(
    desk: Desk, reference: str, order_id: OrderId, provider: ProviderId, at: datetime, status: TrackingStatus
) -> ShipmentId:
    """The order's lines are on their way, with one report of that status."""
    async with desk.pool.acquire(desk.tenant_id) as connection:
        order = await order_rows.get(connection, desk.tenant_id, order_id)
    wish = RecordShipment(
        order_id=order_id,
        provider_id=provider,
        reference=reference,
        mode=ShipmentMode.OCEAN,
        line_ids=tuple(line.id for line in order.lines),
        promised_on=None,
        eta_at=None,
        weight_grams=1_250_000,
        freight=Money(180_00, "USD"),
    )
    id = ShipmentId(str((await desk.act(shipments.record_shipment, wish)).things["shipment"]))
    event = NewEvent(id, f"{reference}/1", status, None, "Oakland", None, None, at)
    await desk.act(tracking.record_tracking_events, RecordTrackingEvents((event,)))
    return id


async def _claimed(desk: Desk, buyer_id: BuyerId, order_id: OrderId, note: str) -> ClaimId:
    """A claim for the service of that order, open."""
    buyer = desk.party(Role.BUYER, ViewerKind.BUYER, buyer_id)
    wish = OpenClaim(CoverageId(await _cover_of(desk, order_id)), ClaimReason.SERVICE_NO_VISIT, note)
    return ClaimId(str((await desk.act(claims.open_claim, wish, buyer)).things["claim"]))


async def _contested(desk: Desk, cast: Cast, order_id: OrderId) -> ClaimId:
    """A claim for the service of that order, which the supplier contests."""
    note = "The engineer never came; the lathe has stood still for three weeks."
    claim_id = await _claimed(desk, cast.buyer2, order_id, note)
    supplier = desk.party(Role.SUPPLIER, ViewerKind.SUPPLIER, cast.supplier)
    await desk.act(claims.contest_claim, AnswerClaim(claim_id, "The visit was offered and declined."), supplier)
    return claim_id


async def _fire(desk: Desk) -> None:
    """What is over by now has had its consequence, as the worker would see to within a second."""

    async def fire(work: Work) -> Outcome:
        clock = await clock_rows.lock_next(work.connection, work.tenant_id, work.at)
        if clock is not None:
            await clocks.fire(work, clock, work.at)
        return Outcome(facts={"fired": clock is not None})

    while (await transact(desk.pool, desk.staff(), action="demo", request_id=REQUEST, act=fire))[0].facts["fired"]:
        pass


async def _coupon_of(desk: Desk, buyer: BuyerId) -> CouponId:
    async with desk.pool.acquire(desk.tenant_id) as connection:
        found = await coupon_rows.COUPONS.select(connection, desk.tenant_id, "t.buyer_id = $2", buyer)
    return found[0].id


async def _cover_of(desk: Desk, order_id: OrderId) -> str:
    async with desk.pool.acquire(desk.tenant_id) as connection:
        return (await coverage_rows.by_order(connection, desk.tenant_id, order_id))[0].id
