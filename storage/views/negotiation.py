"""What a claim is about, line by line, what its sides offer each other, and what went before it.

The parties of the claim, or of its cover, and staff see them; nobody else.
"""

from typing import Final

from domain.access import ViewerKind
from domain.ids import ClaimContactId, ClaimLineId, ClaimOfferLineId, ScanDisputeId
from storage.views.claims import VISIBLE, through_claim
from storage.views.view import Amount, Many, One, Root, Sort, Value, View, columns

_OF_CLAIM: Final = {
    kind: predicate if kind is ViewerKind.STAFF else through_claim(predicate) for kind, predicate in VISIBLE.items()
}


_OF_OFFER: Final = {
    kind: predicate
    if kind is ViewerKind.STAFF
    else "EXISTS (SELECT FROM claim_offers f JOIN claims m ON m.tenant_id = f.tenant_id AND m.id = f.claim_id "
    "WHERE f.tenant_id = {t}.tenant_id AND f.id = {t}.offer_id AND " + predicate.replace("{t}", "m") + ")"
    for kind, predicate in VISIBLE.items()
}
_OF_COVER: Final = {
    kind: predicate
    if kind is ViewerKind.STAFF
    else "EXISTS (SELECT FROM coverages m WHERE m.tenant_id = {t}.tenant_id AND m.id = {t}.coverage_id AND "
    + predicate.replace("{t}", "m")
    + ")"
    for kind, predicate in VISIBLE.items()
}

_AMOUNT_AT: Final = "{t}.amount_minor"

CLAIM_LINE: Final = View(
    type="ClaimLine",
    ids=ClaimLineId,
    table="claim_lines",
    visible=_OF_CLAIM,
    fields={
        **columns("id", "position", "requestedRemedy", "remedy"),
        "line": One("OrderLine", "{t}.line_id"),
        "description": Value(
            "(SELECT l.description FROM order_lines l WHERE l.tenant_id = {t}.tenant_id AND l.id = {t}.line_id)"
        ),
        "loss": Amount("{t}.loss_minor"),
        "requested": Amount("{t}.requested_minor"),
        "amount": Amount(_AMOUNT_AT),
    },
    sorts={"BY_POSITION": Sort((("{t}.position", False),))},
)

CLAIM_OFFER: Final = View(
    type="ClaimOffer",
    table="claim_offers",
    visible=_OF_CLAIM,
    fields={
        **columns("id", "number", "by", "state", "note", "lapsesAt", "madeAt", "endedAt", "version"),
        "claim": One("Claim", "{t}.claim_id"),
        "total": Amount("{t}.total_minor"),
        "lines": Many("ClaimOfferLine", "offer_id", "BY_POSITION"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.number", False),)),
        "NEWEST_FIRST": Sort((("{t}.number", True),)),
    },
)

CLAIM_OFFER_LINE: Final = View(
    type="ClaimOfferLine",
    ids=ClaimOfferLineId,
    table="claim_offer_lines",
    visible=_OF_OFFER,
    fields={
        **columns("id", "position", "remedy"),
        "line": One("OrderLine", "{t}.line_id"),
        "amount": Amount(_AMOUNT_AT),
    },
    sorts={"BY_POSITION": Sort((("{t}.position", False),))},
)

CLAIM_CONTACT: Final = View(
    type="ClaimContact",
    ids=ClaimContactId,
    table="claim_contacts",
    visible=_OF_COVER,
    fields={**columns("id", "note", "at"), "coverage": One("Coverage", "{t}.coverage_id")},
    sorts={"OLDEST_FIRST": Sort((("{t}.at", False),))},
)

SCAN_DISPUTE: Final = View(
    type="ScanDispute",
    ids=ScanDisputeId,
    table="scan_disputes",
    visible=_OF_COVER,
    fields={**columns("id", "note", "at"), "coverage": One("Coverage", "{t}.coverage_id")},
    sorts={"OLDEST_FIRST": Sort((("{t}.at", False),))},
)

VIEWS: Final = (CLAIM_LINE, CLAIM_OFFER, CLAIM_OFFER_LINE, CLAIM_CONTACT, SCAN_DISPUTE)
ROOTS: Final[dict[str, Root]] = {}
