"""Carrier claims: staff see all, a carrier that is a provider sees what it is asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import carrier_claims
from domain.access import Caller, ViewerKind
from domain.carrier_claims import LossAccount
from domain.evidence import PackEntry
from domain.ids import ClaimId, OrderId
from storage import carrier_claims as case_rows
from storage import evidence
from storage.carrier_claims import CARRIER_CLAIMS
from storage.views.actions import actions
from storage.views.view import (
    Amount,
    Answer,
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
    columns,
)

OWN: Final = {ViewerKind.STAFF: "true", ViewerKind.PROVIDER: "{t}.provider_id = {party}"}
STAFF: Final = frozenset({ViewerKind.STAFF})


async def papers(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[PackEntry]]:
    """The filing pack of each case: everything that the platform holds about its order, in a fixed order."""
    found = []
    for row in rows:
        pack = await evidence.pack(connection, viewer.tenant_id, order_id=OrderId(row["order_id"]))
        found.append(list(pack.entries))
    return found


async def loss_account(
    connection: Any, _rows: Sequence[Row], viewer: Caller, _at: datetime, arguments: Mapping[str, Any]
) -> list[LossAccount | None]:
    """Who bore what the claim's buyer was given; None where nothing was posted for it."""
    claim_id = ClaimId(str(arguments["claim_id"]))
    return [(await case_rows.loss_accounts(connection, viewer.tenant_id, [claim_id])).get(claim_id)]


CARRIER_CLAIM: Final = View(
    type="CarrierClaim",
    table="carrier_claims",
    visible=OWN,
    fields={
        **columns(
            "id",
            "carrierName",
            "regime",
            "kind",
            "state",
            "weightGrams",
            "packages",
            "deliveredAt",
            "noticeDueAt",
            "limitationAt",
            "dueAt",
            "warnedAt",
            "notifiedAt",
            "filedAt",
            "answeredAt",
            "appealedAt",
            "reference",
            "packDigest",
            "reason",
            "openedAt",
            "endedAt",
            "version",
        ),
        "loss": Amount("{t}.loss_minor"),
        "claimed": Amount("{t}.claimed_minor"),
        "accepted": Amount("{t}.accepted_minor"),
        "collected": Amount("{t}.collected_minor"),
        "writtenOff": Amount("{t}.written_off_minor"),
        "cap": Amount("{t}.cap_minor"),
        "declared": Amount("{t}.declared_minor"),
        "capSdr": Value("trim_scale({t}.cap_sdr)"),
        "sdrRate": Value("trim_scale({t}.sdr_rate)"),
        "sdrRateDay": Value("{t}.sdr_rate_day"),
        "claim": One("Claim", "{t}.claim_id"),
        "shipment": One("Shipment", "{t}.shipment_id"),
        "leg": One("Leg", "{t}.leg_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "decision": One("Decision", "{t}.decision_id"),
        "papers": Computed(papers, needs=("order_id",), shown_to=STAFF),
        "payments": Many("CarrierPayment", "carrier_claim_id", "OLDEST_FIRST"),
        **actions(CARRIER_CLAIMS, carrier_claims.moves),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.opened_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.opened_at", False),)),
        "MOST_URGENT": Sort((("coalesce({t}.due_at, 'infinity')", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "claimId": Filter("{t}.claim_id = {v}"),
        "providerId": Filter("{t}.provider_id = {v}"),
    },
)

PAYMENT: Final = View(
    type="CarrierPayment",
    table="carrier_payments",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.PROVIDER: "EXISTS (SELECT FROM carrier_claims c WHERE c.tenant_id = {t}.tenant_id "
        "AND c.id = {t}.carrier_claim_id AND c.provider_id = {party})",
    },
    fields={**columns("id", "reference", "paidAt"), "amount": Amount("{t}.amount_minor")},
    sorts={"OLDEST_FIRST": Sort((("{t}.paid_at", False),))},
)

VIEWS: Final = (CARRIER_CLAIM, PAYMENT)
ROOTS: Final[dict[str, Root]] = {
    "carrierClaim": Point("CarrierClaim"),
    "carrierClaims": Listing("CarrierClaim", "NEWEST_FIRST"),
    "lossAccount": Answer(loss_account, STAFF),
}
