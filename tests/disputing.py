"""A claim in which evidence was brought, asked for and found forged, goods go back and somebody inspects, for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from api.operations import evidence, inspections, return_authorisations, uploads
from domain import parcels
from domain.claims import Side
from domain.evidence import FindEvidenceForged, NewEvidence, RequestEvidence, SubmitEvidence
from domain.evidence_needs import EvidenceKind
from domain.file_types import FileType
from domain.ids import ClaimId, EvidenceId, ParcelReportId, UploadId
from domain.inspections import OrderInspection
from domain.liability import Bearer, Shares
from domain.parcels import ParcelReport
from domain.remedies import Award, RemedyKind
from domain.tracking import TrackingStatus
from domain.uploads import ConfirmUpload, CreateUpload, ReceiveUpload, UploadKind
from storage import claims as claim_rows
from storage import orders as order_rows
from storage.unit_of_work import Outcome, Work
from tests.builders import Market, usd
from tests.marketplaces import Marketplace, Member

HOUR = timedelta(hours=1)


async def disputed(market: Marketplace, building: Market, buyer: Member, claim_id: ClaimId) -> None:
    """All of it happened in the buyer's claim against a supplier, which is not decided."""
    file = await _file(market, buyer)
    pieces = (NewEvidence(EvidenceKind.PHOTOS, (file,), "Look."),)
    brought = await market.act(buyer.caller, evidence.submit_evidence, SubmitEvidence(claim_id, pieces))
    wish = RequestEvidence(claim_id, Side.LIABLE_PARTY, (EvidenceKind.TRACKING,), await building.now() + HOUR, None)
    await building.act(building.staff, evidence.request_evidence, wish)
    (piece,) = tuple(brought.things["evidence"])
    forged = FindEvidenceForged(EvidenceId(piece), "It shows another machine.")
    await building.act(building.staff, evidence.find_evidence_forged, forged)
    ordered = OrderInspection(claim_id, "sgs", usd(150_00), "PAY-1", None)
    await market.act(buyer.caller, inspections.order_inspection, ordered)
    await building.act(building.staff, _send_back, claim_id)


async def _send_back(work: Work, claim_id: ClaimId) -> Outcome:
    """The goods of the claim are to go back, and a carrier has seen their parcel."""
    seen = await claim_rows.get(work.connection, work.tenant_id, claim_id)
    order = await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    claim = await claim_rows.lock(work.connection, work.tenant_id, claim_id)
    awards = (Award(RemedyKind.COUPON, usd(10_00), order.lines[0].id),)
    goods = await return_authorisations.authorise(work, claim, awards, Shares.whole(Bearer.SUPPLIER))
    id, parcel, number = work.new_id(ParcelReportId), parcels.key("DHL", claim.number), claim.number
    work.add(
        ParcelReport(
            id, parcel, goods.id, "DHL", number, "1", TrackingStatus.IN_TRANSIT,
            None, None, None, None, None, None, None, (), work.at, work.at, None,
        )
    )  # fmt: skip
    return Outcome()


async def _file(market: Marketplace, member: Member) -> UploadId:
    wish = CreateUpload(UploadKind.EVIDENCE, "machine.png", 10, FileType.PNG, "1" * 64)
    id = UploadId(str((await market.act(member.caller, uploads.create_upload, wish)).things["upload"]))
    await market.act(member.caller, uploads.receive_upload, ReceiveUpload(id, FileType.PNG))
    await market.act(member.caller, uploads.confirm_upload, ConfirmUpload(id))
    return id


def attempts(one: dict[str, str], keyed: dict[str, Any], until: str) -> dict[str, dict[str, Any]]:
    """An input for each mutation of evidence, returns and inspections, about things of others."""
    goods = {"returnId": one["ret"], **keyed}
    fee = {"amount": "1.00", "currency": "USD"}
    wrong = [{"lineId": one["lin"], "problem": "USED"}]
    return {
        "submitEvidence": {"claimId": one["clm"], "items": [{"kind": "STATEMENT", "note": "Mine."}], **keyed},
        "requestEvidence": {"claimId": one["clm"], "side": "BUYER", "kinds": ["PHOTOS"], "until": until, **keyed},
        "findEvidenceForged": {"evidenceId": one["evi"], "note": "Why not.", **keyed},
        "arrangeReturn": {**goods, "labelUploadId": one["upl"]},
        "waiveReturn": goods,
        "shipReturn": {**goods, "carrier": "Eve", "trackingNumber": "1"},
        "receiveReturn": goods,
        "acceptReturn": goods,
        "refuseReturn": {**goods, "lines": wrong, "uploadIds": [one["upl"]], "note": "Mine."},
        "orderInspection": {"claimId": one["clm"], "company": "sgs", "fee": fee, "reference": "R", **keyed},
        "recordInspectionReport": {
            "inspectionId": one["isp"],
            "verdict": "AS_AGREED",
            "uploadId": one["upl"],
            **keyed,
        },
    }
