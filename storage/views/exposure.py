"""Exposures: what one loss on one line can cost at most, what was drawn of it, and by what.

The buyer sees its own, a liable party those of orders on which it has a claim to answer; by whom a draw was made is
shown to staff, and to the parties only as far as it is their own claim or goodwill.
"""

from typing import Final

from domain.access import ViewerKind
from storage.views.view import Amount, Many, One, Point, Root, Sort, View, column, columns

STAFF_ONLY: Final = frozenset({ViewerKind.STAFF})


def _claimed(party: str) -> str:
    """The viewer answers for a claim on the order."""
    return (
        "EXISTS (SELECT FROM claims m WHERE m.tenant_id = {t}.tenant_id AND m.order_id = {t}.order_id "
        f"AND m.{party} = {{party}})"
    )


VISIBLE: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.BUYER: "{t}.buyer_id = {party}",
    ViewerKind.SUPPLIER: _claimed("supplier_id"),
    ViewerKind.ENTITLED_SUPPLIER: _claimed("supplier_id"),
    ViewerKind.PROVIDER: _claimed("provider_id"),
}

EXPOSURE: Final = View(
    type="Exposure",
    table="exposures",
    visible=VISIBLE,
    fields={
        **columns("id", "loss", "openedAt", "version"),
        "ceiling": Amount("{t}.ceiling_minor"),
        "drawn": Amount("{t}.drawn_minor"),
        "left": Amount("({t}.ceiling_minor - {t}.drawn_minor)"),
        "order": One("Order", "{t}.order_id"),
        "line": One("OrderLine", "{t}.line_id"),
        "movements": Many("ExposureMovement", "exposure_id", "OLDEST_FIRST"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.opened_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.opened_at", True),)),
    },
)


def _through_exposure(predicate: str) -> str:
    return (
        "EXISTS (SELECT FROM exposures x WHERE x.tenant_id = {t}.tenant_id AND x.id = {t}.exposure_id AND "
        + predicate.replace("{t}", "x")
        + ")"
    )


EXPOSURE_MOVEMENT: Final = View(
    type="ExposureMovement",
    table="exposure_movements",
    visible={
        kind: predicate if kind is ViewerKind.STAFF else _through_exposure(predicate)
        for kind, predicate in VISIBLE.items()
    },
    fields={
        **columns("id", "cause", "drawnBy", "at"),
        "amount": Amount("{t}.amount_minor"),
        "exposure": One("Exposure", "{t}.exposure_id"),
        "subjectId": column("subject_id", STAFF_ONLY),
        "claim": One("Claim", "CASE WHEN {t}.subject_id LIKE 'clm\\_%' THEN {t}.subject_id END"),
        "goodwill": One("Goodwill", "CASE WHEN {t}.subject_id LIKE 'gdw\\_%' THEN {t}.subject_id END"),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.at", False),)),
        "NEWEST_FIRST": Sort((("{t}.at", True),)),
    },
)

VIEWS: Final = (EXPOSURE, EXPOSURE_MOVEMENT)
ROOTS: Final[dict[str, Root]] = {"exposure": Point("Exposure")}
