"""Recoveries: what a coupon may cost, or costs, its liable party. The buyer does not see who pays in the end."""

from typing import Final

from domain.access import ViewerKind
from storage.views.view import Amount, Filter, Listing, One, Point, Root, Sort, View, columns

RECOVERY: Final = View(
    type="Recovery",
    table="recoveries",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.SUPPLIER: "{t}.supplier_id = {party}",
        ViewerKind.ENTITLED_SUPPLIER: "{t}.supplier_id = {party}",
        ViewerKind.PROVIDER: "{t}.provider_id = {party}",
    },
    fields={
        **columns("id", "state", "openedAt", "endedAt", "version"),
        "contingent": Amount("{t}.contingent_minor"),
        "due": Amount("{t}.due_minor"),
        "released": Amount("{t}.released_minor"),
        "claim": One("Claim", "{t}.claim_id"),
        "coupon": One("Coupon", "{t}.coupon_id"),
        "liableParty": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
    },
    sorts={
        "NEWEST_FIRST": Sort((("{t}.opened_at", True),)),
        "OLDEST_FIRST": Sort((("{t}.opened_at", False),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "liablePartyId": Filter("{v} IN ({t}.supplier_id, {t}.provider_id)"),
        "claimId": Filter("{t}.claim_id = {v}"),
    },
)

VIEWS: Final = (RECOVERY,)
ROOTS: Final[dict[str, Root]] = {"recovery": Point("Recovery"), "recoveries": Listing("Recovery", "NEWEST_FIRST")}
