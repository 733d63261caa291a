"""A marketplace for tests, built through the operations: nothing here writes a row by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from api.operations import buyers, clocks, enrolments, orders, parties, shipments, tenants, tracking
from domain.access import Caller, Role, Scope, ViewerKind
from domain.buyers import GrantTier
from domain.clocks import MoveClock
from domain.enrolments import OfferGuarantee
from domain.ids import (
    ApiKeyId,
    BuyerId,
    GuaranteeId,
    LiablePartyId,
    OrderId,
    OrderLineId,
    OrganisationId,
    PartyId,
    ProviderId,
    ShipmentId,
    SupplierId,
    TenantId,
)
from domain.money import Money
from domain.orders import Address, NewLine, RecordOrder, RecordPayment
from domain.parties import Registration
from domain.providers import ProviderKind, RegisterProvider
from domain.shipments import RecordShipment, ShipmentMode
from domain.tenants import CreateTenant, TenantKind
from domain.tracking import NewEvent, RecordTrackingEvents, TrackingStatus
from storage.idempotency import Key
from storage.minting import mint
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact
from tests.openings import NAME, Opening

START = datetime(2026, 2, 1, 9, tzinfo=UTC)
"""What a test sandbox's clock shows at first; everything in a test is relative to it."""

Operation = Callable[[Work, Any], Awaitable[Outcome]]


def usd(minor: int) -> Money:
    """That many cents."""
    return Money(minor, "USD")


def line(
    minor: int = 2_500_00, *, promised_on: date | None = None, serviced: bool = False, currency: str = "USD"
) -> NewLine:
    """An order line worth `minor`."""
    return NewLine("Injection moulding machine", 1, Money(minor, currency), serviced, promised_on, None)


@dataclass
class Market:
    """One tenant and its people. `act` runs an operation in a transaction of its own, as the given caller."""

    pool: Pool
    tenant_id: TenantId
    admin_key: str
    operator_id: OrganisationId
    counter: int = field(default=0)

    @classmethod
    async def create(
        cls, worker_pool: Pool, pool: Pool, *, kind: TenantKind = TenantKind.SANDBOX, at: datetime | None = START
    ) -> Market:
        """A new marketplace; a sandbox's clock stands at `at`."""
        command = CreateTenant(NAME, kind, "US", "USD")
        made = await tenants.create_tenant(worker_pool, command, request_id="test")
        market = cls(pool, made.id, made.admin_key, made.operator_id)
        if kind is TenantKind.SANDBOX and at is not None:
            await set_clock(worker_pool, made.id, at)
        return market

    @classmethod
    async def opened(cls, opening: Opening, worker_pool: Pool, pool: Pool, *, at: datetime | None = START) -> Market:
        """A new sandbox, copied; its clock stands at `at`."""
        made = await opening.sandbox()
        if at is not None:
            await set_clock(worker_pool, made.id, at)
        return cls(pool, made.id, made.admin_key, made.operator_id)

    def caller(self, *roles: Role, party_id: PartyId | None = None, viewer: ViewerKind = ViewerKind.STAFF) -> Caller:
        """Somebody with those roles; staff unless a party is given."""
        return Caller(
            self.tenant_id, mint(ApiKeyId), self.operator_id, party_id, frozenset(roles), viewer, frozenset(Scope)
        )

    @property
    def staff(self) -> Caller:
        """Somebody who may do whatever staff may."""
        roles = (Role.SUPPORT, Role.ADJUDICATOR, Role.FINANCE, Role.POLICY, Role.ADMIN, Role.SERVICE)
        return self.caller(*roles)

    def buyer(self, id: BuyerId) -> Caller:
        """That buyer."""
        return self.caller(Role.BUYER, party_id=id, viewer=ViewerKind.BUYER)

    def supplier(self, id: SupplierId, *, entitled: bool = False) -> Caller:
        """That supplier."""
        viewer = ViewerKind.ENTITLED_SUPPLIER if entitled else ViewerKind.SUPPLIER
        return self.caller(Role.SUPPLIER, party_id=id, viewer=viewer)

    def provider(self, id: ProviderId) -> Caller:
        """That provider."""
        return self.caller(Role.PROVIDER, party_id=id, viewer=ViewerKind.PROVIDER)

    async def act(
        self, caller: Caller, operation: Operation, command: Any, *, key: Key | None = None, version: int | None = None
    ) -> Outcome:
        """The operation has happened as one transaction."""

        async def run(work: Work) -> Outcome:
            return await operation(work, command)

        outcome, _ = await transact(
            self.pool,
            caller,
            action=operation.__name__,
            request_id="test",
            act=run,
            idempotency=key,
            expected_version=version,
        )
        return outcome

    async def move(self, to: datetime, *, runs: bool = False) -> None:
        """The sandbox's clock shows `to`; what was due on the way has fired."""
        await self.act(self.staff, clocks.move_clock, MoveClock(to, runs))

    def _reference(self, what: str) -> str:
        self.counter += 1
        return f"{what}-{self.counter}"

    async def register_buyer(self, level: int = 0, *, country: str = "US") -> BuyerId:
        """A buyer on that level."""
        registration = Registration("Northwind Retail", country, self._reference("B"))
        outcome = await self.act(self.staff, buyers.register_buyer, registration)
        id = BuyerId(str(outcome.things["buyer"]))
        if level:
            await self.act(self.staff, buyers.grant_tier, GrantTier(id, level, "for the test"))
        return id

    async def register_supplier(self, *, country: str = "CN") -> SupplierId:
        """A supplier."""
        registration = Registration("Ningbo Machinery", country, self._reference("S"))
        outcome = await self.act(self.staff, parties.register_supplier, registration)
        return SupplierId(str(outcome.things["supplier"]))

    async def register_provider(self, *, country: str = "US") -> ProviderId:
        """A provider."""
        registration = Registration("Blue Anchor Lines", country, self._reference("P"))
        command = RegisterProvider(registration, next(iter(ProviderKind)))
        outcome = await self.act(self.staff, parties.register_provider, command)
        return ProviderId(str(outcome.things["provider"]))

    async def offer(self, party_id: LiablePartyId, rule_key: str = "guarantees/on_time") -> GuaranteeId:
        """The party stands for the rule's promise."""
        outcome = await self.act(self.staff, enrolments.offer_guarantee, OfferGuarantee(rule_key, party_id))
        return GuaranteeId(str(outcome.things["guarantee"]))

    async def order(
        self,
        buyer_id: BuyerId,
        supplier_id: SupplierId,
        lines: Sequence[NewLine],
        guarantee_ids: Sequence[GuaranteeId] = (),
        *,
        currency: str = "USD",
        address: Address | None = None,
        paid_at: datetime | None = None,
        pay: bool = True,
    ) -> OrderId:
        """An order, paid at `paid_at` (the tenant's now when not given) unless `pay` is false."""
        command = RecordOrder(
            reference=self._reference("O"),
            buyer_id=buyer_id,
            supplier_id=supplier_id,
            country="US",
            currency=currency,
            lines=tuple(lines),
            guarantee_ids=tuple(guarantee_ids),
            address=address,
            placed_at=paid_at,
        )
        id = OrderId(str((await self.act(self.staff, orders.record_order, command)).things["order"]))
        if pay:
            await self.act(self.staff, orders.record_payment, RecordPayment(id, paid_at or await self.now()))
        return id

    async def now(self) -> datetime:
        """What the tenant's clock shows."""
        shown: datetime = await self.pool.fetchval(
            self.tenant_id, "SELECT tenant_now(t) FROM tenants t WHERE t.tenant_id = $1", self.tenant_id
        )
        return shown

    async def ship(
        self,
        order_id: OrderId,
        provider_id: ProviderId,
        line_ids: Sequence[OrderLineId],
        *,
        promised_on: date | None = None,
    ) -> ShipmentId:
        """A shipment of those lines."""
        command = RecordShipment(
            order_id=order_id,
            provider_id=provider_id,
            reference=self._reference("T"),
            mode=next(iter(ShipmentMode)),
            line_ids=tuple(line_ids),
            promised_on=promised_on,
            eta_at=None,
            weight_grams=None,
            freight=None,
        )
        outcome = await self.act(self.staff, shipments.record_shipment, command)
        return ShipmentId(str(outcome.things["shipment"]))

    async def track(self, shipment_id: ShipmentId, status: TrackingStatus, occurred_at: datetime) -> None:
        """A report of the shipment."""
        event = NewEvent(shipment_id, self._reference("E"), status, None, None, None, None, occurred_at)
        await self.act(self.staff, tracking.record_tracking_events, RecordTrackingEvents((event,)))


async def set_clock(worker_pool: Pool, tenant_id: TenantId, at: datetime) -> None:
    """The sandbox's clock stands at `at`, also in the past: only tests do that, before anything has happened."""
    await worker_pool.fetch(
        tenant_id,
        "UPDATE tenants SET clock_at = $2, clock_set_at = clock_timestamp(), clock_runs = false WHERE tenant_id = $1",
        tenant_id,
        at,
    )
