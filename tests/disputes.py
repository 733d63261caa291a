"""A claim in dispute, for tests: who is in it, files that can be used, and steps that every dispute takes."""

from __future__ import annotations

from dataclasses import dataclass

from api.operations import claims, enrolments, uploads
from domain.access import Caller
from domain.claims import AnswerClaim, Claim, ClaimReason, OpenClaim
from domain.enrolments import OfferGuarantee
from domain.evidence import NewEvidence
from domain.evidence_needs import EvidenceKind
from domain.file_types import FileType
from domain.ids import (
    BuyerId,
    ClaimId,
    CoverageId,
    GoodsReturnId,
    GuaranteeId,
    OrderId,
    OrderLineId,
    SupplierId,
    UploadId,
)
from domain.returns import GoodsReturn
from domain.tracking import TrackingStatus
from domain.uploads import ConfirmUpload, CreateUpload, ReceiveUpload, UploadKind
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage import orders as order_rows
from storage import returns as return_rows
from tests.builders import Market, line


@dataclass
class Dispute:
    """A buyer claims that nobody came to repair its machine; the maker disagrees."""

    market: Market
    buyer_id: BuyerId
    supplier_id: SupplierId
    order_id: OrderId
    line_id: OrderLineId
    coverage_id: CoverageId
    claim_id: ClaimId
    files: int = 0

    @classmethod
    async def create(cls, market: Market, level: int = 0) -> Dispute:
        """The claim is open."""
        buyer_id, supplier_id = await market.register_buyer(level), await market.register_supplier()
        guarantee = await market.offer(supplier_id, "guarantees/machinery_after_sales")
        order_id = await market.order(buyer_id, supplier_id, [line(serviced=True)], [guarantee])
        async with market.pool.acquire(market.tenant_id) as connection:
            (cover,) = await coverage_rows.by_order(connection, market.tenant_id, order_id)
            order = await order_rows.get(connection, market.tenant_id, order_id)
        wish = OpenClaim(cover.id, ClaimReason.SERVICE_NO_VISIT, "Nobody came.")
        opened = await market.act(market.buyer(buyer_id), claims.open_claim, wish)
        claim_id = ClaimId(str(opened.things["claim"]))
        return cls(market, buyer_id, supplier_id, order_id, order.lines[0].id, cover.id, claim_id)

    @property
    def buyer(self) -> Caller:
        return self.market.buyer(self.buyer_id)

    @property
    def maker(self) -> Caller:
        return self.market.supplier(self.supplier_id)

    async def claim(self) -> Claim:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await claim_rows.get(connection, self.market.tenant_id, self.claim_id)

    async def contest(self) -> None:
        """The maker disagrees: the marketplace is to decide."""
        await self.market.act(self.maker, claims.contest_claim, AnswerClaim(self.claim_id, "We came."))

    async def withdraw(self) -> None:
        """The buyer takes the claim back."""
        await self.market.act(self.buyer, claims.withdraw_claim, AnswerClaim(self.claim_id, None))

    async def file(self, by: Caller, kind: UploadKind = UploadKind.EVIDENCE, *, confirm: bool = True) -> UploadId:
        """A file of that caller's organisation; its bytes are nowhere, only their digest is known."""
        self.files += 1
        wish = CreateUpload(kind, "seen.png", 10, FileType.PNG, f"{self.files:064x}")
        id = UploadId(str((await self.market.act(by, uploads.create_upload, wish)).things["upload"]))
        if confirm:
            await self.market.act(by, uploads.receive_upload, ReceiveUpload(id, FileType.PNG))
            await self.market.act(by, uploads.confirm_upload, ConfirmUpload(id))
        return id

    async def piece(self, by: Caller, kind: EvidenceKind = EvidenceKind.PHOTOS) -> NewEvidence:
        """A piece of one file."""
        return NewEvidence(kind, (await self.file(by),), "Look here.")


@dataclass
class Returning(Dispute):
    """A buyer claims that what it got is of poor quality, by the guarantee of easy returns; the maker owned up."""

    return_id: GoodsReturnId | None = None

    @classmethod
    async def create(cls, market: Market, level: int = 0) -> Returning:
        """The claim is granted, and the goods are to go back first."""
        buyer_id, supplier_id = await market.register_buyer(level), await market.register_supplier()
        provider_id = await market.register_provider()
        wish = OfferGuarantee("guarantees/easy_return", supplier_id, ("US",))
        offered = await market.act(market.staff, enrolments.offer_guarantee, wish)
        guarantee = GuaranteeId(str(offered.things["guarantee"]))
        order_id = await market.order(buyer_id, supplier_id, [line()], [guarantee])
        async with market.pool.acquire(market.tenant_id) as connection:
            order = await order_rows.get(connection, market.tenant_id, order_id)
        shipment_id = await market.ship(order_id, provider_id, [order.lines[0].id])
        await market.track(shipment_id, TrackingStatus.DELIVERED, await market.now())
        async with market.pool.acquire(market.tenant_id) as connection:
            (cover,) = await coverage_rows.by_order(connection, market.tenant_id, order_id)
        rusts = OpenClaim(cover.id, ClaimReason.NOT_AS_DESCRIBED_QUALITY, "It rusts.")
        opened = await market.act(market.buyer(buyer_id), claims.open_claim, rusts)
        claim_id = ClaimId(str(opened.things["claim"]))
        made = cls(market, buyer_id, supplier_id, order_id, order.lines[0].id, cover.id, claim_id)
        await market.act(made.maker, claims.accept_claim, AnswerClaim(claim_id, "Send it back."))
        made.return_id = (await made.goods()).id
        return made

    async def goods(self) -> GoodsReturn:
        """The return as it is now."""
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return (await return_rows.by_claim(connection, self.market.tenant_id, self.claim_id))[-1]
