"""What somebody who knows another party's ids could try with them: every mutation that takes one."""

from __future__ import annotations

from typing import Any

from domain.ids import KINDS, ApiKeyId
from storage.minting import mint
from tests.charging import charging_attempts
from tests.claiming import attempts as bargaining_attempts
from tests.collecting import attempts as collection_attempts
from tests.deskwork import attempts as desk_attempts
from tests.disciplined import attempts as discipline_attempts
from tests.disputing import attempts as dispute_attempts
from tests.enrolling import attempts as enrolment_attempts
from tests.giving import attempts as gift_attempts
from tests.recovering import attempts as recovery_attempts

LATE = "2030-01-01T00:00:00Z"
WORKSHOP = {
    "name": "Mine", "country": "CN", "locality": "Shanghai", "street": "1 Century Avenue", "services": ["REPAIR"],
    "coordinates": {"latitude": "31.2", "longitude": "121.5"}, "engineers": 1, "zone": "Asia/Shanghai",
}  # fmt: skip


def attempts(ids: frozenset[str]) -> dict[str, dict[str, Any]]:
    """For every mutation that takes an id: an input that is well formed, about things among `ids`."""
    one = {kind: min((id_ for id_ in ids if id_[:3] == kind), default=f"{kind}_{'0' * 26}") for kind in KINDS}
    money = {"amount": "1.00", "currency": "USD"}
    address = {"recipient": "Eve", "street": "Elsewhere 1", "city": "Utrecht", "country": "US"}
    line = {"description": "Pump", "quantity": 1, "value": "1.00", "serviced": False}
    event = {"shipmentId": one["shp"], "reference": "E", "status": "DELIVERED", "occurredAt": "2026-02-10T00:00:00Z"}
    leg = {"mode": "AIR", "carrierName": "Eve", "fromKey": "CN", "toKey": "US"}
    keyed = {"idempotencyKey": mint(ApiKeyId)}
    evidence = {"evidence": "DECLARED_IDENTITY", "statement": "We are Eve."}
    service = {"requestId": one["srq"], **keyed}
    days = {"transitDaysMin": 1, "transitDaysMax": 2}
    sheet = {"title": "Mine", "currency": "USD", "validFrom": "2026-02-10T00:00:00Z"}
    claim = {"claimId": one["clm"], "note": "Mine now.", **keyed}
    return {
        "inviteMember": {"organisationId": one["org"], "email": "eve@example.com", "roles": ["BUYER"]},
        "revokeInvitation": {"invitationId": one["inv"]},
        "grantRole": {"memberId": one["mem"], "role": "BUYER"},
        "revokeRole": {"memberId": one["mem"], "role": "BUYER"},
        "removeMember": {"memberId": one["mem"]},
        "issueApiKey": {"organisationId": one["org"], "label": "Eve", "roles": ["BUYER"], "scopes": ["READ"]},
        "rotateApiKey": {"keyId": one["key"]},
        "revokeApiKey": {"keyId": one["key"]},
        "registerBuyer": {"name": "Eve", "country": "US", "organisationId": one["org"]},
        "grantTier": {"buyerId": one["buy"], "level": "L1", "reason": "Why not."},
        "revokeTier": {"buyerId": one["buy"], "reason": "Why not."},
        "reinstateTier": {"buyerId": one["buy"], "reason": "Why not."},
        "acceptTierUpgrade": {"buyerId": one["buy"]},
        "setTierUpgrades": {"buyerId": one["buy"], "automatic": False},
        "submitTierEvidence": {"buyerId": one["buy"], "identity": "WHOLESALER", "items": [evidence]},
        "takeTierReview": {"reviewId": one["trv"]},
        "requestTierEvidence": {"reviewId": one["trv"], "reason": "Why not."},
        "grantTierReview": {"reviewId": one["trv"], "accepted": [one["tev"]]},
        "declineTierReview": {"reviewId": one["trv"], "reason": "Why not."},
        "amendApplication": {"providerId": one["prv"], "offer": {"kind": "OTHER"}},
        "submitRequirement": {"providerId": one["prv"], "requirement": "tax_number", "value": "12"},
        "submitApplication": {"providerId": one["prv"]},
        "reopenApplication": {"providerId": one["prv"]},
        "assignReview": {"reviewId": one["rvw"]},
        "acceptRequirement": {"itemId": one["rqi"]},
        "rejectRequirement": {"itemId": one["rqi"], "reason": "Mine."},
        "waiveRequirement": {"providerId": one["prv"], "requirement": "tax_number", "until": LATE, "reason": "Mine."},
        "admitToReview": {"providerId": one["prv"], "reason": "Mine."},
        "requestChanges": {"providerId": one["prv"], "reason": "Mine."},
        "approveApplication": {"providerId": one["prv"]},
        "overrideApproval": {"providerId": one["prv"], "until": LATE, "reason": "Mine."},
        "rejectApplication": {"providerId": one["prv"], "reason": "Mine."},
        "activateProvider": {"providerId": one["prv"]},
        "grantTierSight": {"supplierId": one["sup"], "granted": True},
        "offerGuarantee": {"ruleKey": "guarantees/on_time", "partyId": one["sup"]},
        "withdrawGuarantee": {"guaranteeId": one["gua"]},
        "withdrawRule": {"ruleVersionId": one["rul"]},
        "restrictProvider": {"providerId": one["prv"], "reason": "Why not."},
        "liftRestriction": {"restrictionId": one["rst"], "reason": "Why not."},
        "suspendProvider": {"providerId": one["prv"], "reason": "Why not."},
        "reinstateProvider": {"providerId": one["prv"], "reason": "Why not."},
        "terminateProvider": {"providerId": one["prv"], "cause": "OTHER", "reason": "Why not."},
        "removeFromProgramme": {"providerId": one["prv"], "ruleKey": "guarantees/on_time", "reason": "Why not."},
        "requestExit": {"providerId": one["prv"], "reason": "Why not."},
        "withdrawExit": {"providerId": one["prv"]},
        "liftBar": {"barId": one["bar"], "reason": "Why not."},
        "recordOrder": {
            "reference": mint(ApiKeyId), "buyerId": one["buy"], "supplierId": one["sup"], "country": "US",
            "currency": "USD", "lines": [line], "guaranteeIds": [one["gua"]],
        },
        "recordPayment": {"orderId": one["ord"], "paidAt": "2026-02-10T00:00:00Z"},
        "changeAddress": {"orderId": one["ord"], "address": address},
        "cancelOrder": {"orderId": one["ord"], **keyed},
        "completeOrder": {"orderId": one["ord"]},
        "recordRefund": {"orderId": one["ord"], "amount": money, **keyed},
        "recordShipment": {
            "orderId": one["ord"], "providerId": one["prv"], "reference": "T", "mode": "AIR", "lineIds": [one["lin"]],
        },
        "updateEta": {"shipmentId": one["shp"], "etaAt": "2026-03-01T00:00:00Z"},
        "recordTrackingEvents": {"events": [event]},
        "recordTrackingNumber": {"shipmentId": one["shp"], "trackingNumber": "CSQU3054383"},
        "appointPickup": {"shipmentId": one["shp"], "fromAt": LATE, "untilAt": "2031-01-01T00:00:00Z"},
        "proveDelivery": {"shipmentId": one["shp"], "signedBy": "Eve"},
        "planLegs": {"shipmentId": one["shp"], "legs": [leg]},
        "recordLeg": {"legId": one["leg"], "documentNumber": "MINE"},
        "openClaim": {"coverageId": one["cov"], "reason": "LATE_DELIVERY", **keyed},
        "acceptClaim": claim,
        "contestClaim": claim,
        "escalateClaim": claim,
        "decideClaim": {**claim, "outcome": "GRANTED"},
        "withdrawClaim": claim,
        **bargaining_attempts(one, money, keyed),
        **desk_attempts(one, keyed),
        **gift_attempts(one, money, keyed),
        **charging_attempts(one, money, keyed),
        **collection_attempts(one, money, keyed),
        **discipline_attempts(one, keyed),
        **dispute_attempts(one, keyed, LATE),
        **enrolment_attempts(one, money, keyed),
        **recovery_attempts(one, money, keyed),
        "redeemCoupon": {"couponId": one["cpn"], "orderId": one["ord"], "amount": money, **keyed},
        "requestQuote": {
            "buyerId": one["buy"], "currency": "USD", "readyAt": LATE, "origin": {"country": "CN"},
            "destination": {"country": "US"},
            "pieces": [{"weightGrams": 1, "lengthMm": 1, "widthMm": 1, "heightMm": 1}],
        },
        "acceptQuote": {"quoteId": one["quo"], **keyed},
        "withdrawQuote": {"quoteId": one["quo"], "reason": "Mine."},
        "reviseQuote": {"quoteId": one["quo"], "adjustment": money, "reason": "Mine."},
        "bookQuote": {"quoteId": one["quo"], "orderId": one["ord"], "lineIds": [one["lin"]], **keyed},
        "cancelBooking": {"bookingId": one["bkg"], "reason": "OTHER", **keyed},
        "reverseClockHold": {"holdId": one["hld"], "reason": "Why not.", **keyed},
        "requestService": {
            "coverageId": one["cov"], "lineIds": [one["lin"]], "kind": "DISPATCHED", "problem": "Broken.",
            **keyed,
        },
        "respondToService": service,
        "declineService": service,
        "planServiceVisit": {
            **service, "plannedFrom": LATE, "plannedUntil": "2031-01-01T00:00:00Z", "engineer": "Eve",
        },
        "startServiceVisit": {**service, "visitId": one["svv"]},
        "endServiceVisit": {**service, "visitId": one["svv"], "partsUsed": []},
        "startRemoteService": service,
        "requestServiceParts": {**service, "parts": ["Fuse"], "userCaused": False},
        "sendServiceParts": {**service, "trackingNumber": "CSQU3054383"},
        "receiveServiceParts": service,
        "completeService": service,
        "confirmService": service,
        "reopenService": service,
        "cancelService": service,
        "createUpload": {
            "kind": "OTHER", "fileName": "a.pdf", "size": 1, "contentType": "PDF", "sha256": "0" * 64,
            "organisationId": one["org"],
        },
        "confirmUpload": {"uploadId": one["upl"]},
        "declareRelatedAccount": {"relatedProviderId": one["prv"], "providerId": one["prv"]},
        "clearRelation": {"relationId": one["rel"], "reason": "Mine."},
        "relateAccounts": {"firstId": one["prv"], "secondId": one["sup"], "reason": "Mine."},
        "identifySupplier": {"supplierId": one["sup"], "owner": "Me"},
        "createService": {"providerId": one["prv"], "mode": "AIR", "title": "Mine"},
        "updateService": {"serviceId": one["svc"], "title": "Mine"},
        "listService": {"serviceId": one["svc"]},
        "pauseService": {"serviceId": one["svc"]},
        "removeService": {"serviceId": one["svc"]},
        "addLanes": {"serviceId": one["svc"], "lanes": [{"origin": "FR", "timing": days, "zone": "A"}]},
        "updateLane": {"laneId": one["lan"], "zone": "B"},
        "removeLane": {"laneId": one["lan"]},
        "draftRateSheet": {"serviceId": one["svc"], "sheet": sheet, "rates": [{"zone": "A", "price": "1"}]},
        "activateRateSheet": {"rateSheetId": one["rsh"]},
        "discardRateSheet": {"rateSheetId": one["rsh"]},
        "importRateSheet": {"serviceId": one["svc"], "sheet": sheet, "uploadId": one["upl"]},
        "cancelRateImport": {"rateImportId": one["rim"]},
        "checkListing": {"serviceId": one["svc"]},
        "correctListing": {"flagId": one["flg"]},
        "dismissListingFlag": {"flagId": one["flg"], "reason": "Mine."},
        "addServicePoint": {"providerId": one["prv"], "details": WORKSHOP},
        "verifyServicePoint": {"servicePointId": one["svp"]},
        "reportServicePointChange": {"servicePointId": one["svp"], "kind": "WITHDRAWAL"},
        "changeServicePointContact": {"servicePointId": one["svp"], "contact": {"name": "Eve", "email": "e@e.com"}},
        "recordReachability": {"servicePointId": one["svp"]},
        "recordUnreportedWithdrawal": {
            "servicePointId": one["svp"], "goneSince": "2026-02-01T00:00:00Z", "note": "Mine.", **keyed,
        },
        "recordDeposit": {"providerId": one["prv"], "amount": money, "reference": "W", **keyed},
        "drawDeposit": {"providerId": one["prv"], "amount": money, "reason": "Mine.", **keyed},
        "returnDeposit": {"providerId": one["prv"], "amount": money, "reference": "W", **keyed},
    }  # fmt: skip
