"""Clock holds: staff see each, and beforehand what it would hold; a party sees those on its own cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import holds
from domain.access import Caller, ViewerKind
from domain.clocks import Duty
from domain.explain import Finding
from domain.holds import Selection
from domain.ids import ClockId
from storage import holds as hold_rows
from storage.holds import CLOCK_HOLDS
from storage.views.actions import actions
from storage.views.orders import through_order
from storage.views.view import Answer, Listing, Many, One, Point, Root, Row, Sort, Value, View, columns

DESK: Final = frozenset({ViewerKind.STAFF})
SAMPLE: Final = 20
"""Clocks shown of what a hold would stop."""


OWN: Final = {"clm": "claims", "ret": "goods_returns", "rmd": "remedies"}
"""Things with parties of their own: a claim against a provider, and what follows from it, is none of the supplier's."""
THROUGH: Final = {
    "slv": "service_levels v JOIN service_requests k ON k.tenant_id = v.tenant_id AND k.id = v.request_id",
    "evq": "evidence_requests v JOIN claims k ON k.tenant_id = v.tenant_id AND k.id = v.claim_id",
}
"""Things whose parties are those of what they belong to."""


def _is_party(column: str, others: str) -> str:
    """Whether the viewer is that party of what the clock is about; `others` says so of covers and shipments.

    One question per kind of thing, asked of the kind that it is: Postgres never hashes a whole table for it. It takes
    half of all rows to be the viewer's, and so looks hold by hold.
    """
    own = (
        f"WHEN '{prefix}' THEN (SELECT k.{column} FROM {table} k WHERE k.tenant_id = {{t}}.tenant_id "
        "AND k.id = {t}.subject_id)"
        for prefix, table in OWN.items()
    )
    through = (
        f"WHEN '{prefix}' THEN (SELECT k.{column} FROM {tables} WHERE v.tenant_id = {{t}}.tenant_id "
        "AND v.id = {t}.subject_id)"
        for prefix, tables in THROUGH.items()
    )
    whose = f"CASE left({{t}}.subject_id, 3) {' '.join((*own, *through))} {others} END"
    return f"coalesce({whose} = {{party}}, false)"


_OF_ORDER: Final = "ELSE (SELECT o.supplier_id FROM orders o WHERE o.tenant_id = {t}.tenant_id AND o.id = {t}.order_id)"
_OF_PROVIDER: Final = " ".join(
    f"WHEN '{prefix}' THEN (SELECT k.provider_id FROM {table} k WHERE k.tenant_id = {{t}}.tenant_id "
    "AND k.id = {t}.subject_id)"
    for prefix, table in (("cov", "coverages"), ("shp", "shipments"))
)
_SOLD: Final = _is_party("supplier_id", _OF_ORDER)

VISIBLE: Final = {
    ViewerKind.STAFF: "true",
    ViewerKind.BUYER: through_order("o.buyer_id = {party}"),
    ViewerKind.SUPPLIER: _SOLD,
    ViewerKind.ENTITLED_SUPPLIER: _SOLD,
    ViewerKind.PROVIDER: _is_party("provider_id", _OF_PROVIDER),
}


def _through_held(predicate: str) -> str:
    """Whether one of the hold's clocks is the viewer's, asked hold by hold: there are few holds, and many held clocks.

    The order and the offset say nothing; they keep Postgres from going through all held clocks to join them.
    """
    within = predicate.replace("{t}", "x")
    return (
        "EXISTS (SELECT true FROM held_clocks x WHERE x.tenant_id = {t}.tenant_id AND x.hold_id = {t}.id "
        f"AND {within} ORDER BY x.id OFFSET 0)"
    )


CLOCK_HOLD: Final = View(
    type="ClockHold",
    table="clock_holds",
    visible={
        kind: predicate if kind is ViewerKind.STAFF else _through_held(predicate) for kind, predicate in VISIBLE.items()
    },
    fields={
        **columns("id", "state", "reason", "appliedAt", "reversedAt", "reverseReason", "version"),
        "from": Value("{t}.from_at"),
        "until": Value("{t}.until_at"),
        "duties": Value("{t}.duties", DESK),
        "countries": Value("{t}.countries", DESK),
        "fromArea": Value("{t}.from_area", DESK),
        "toArea": Value("{t}.to_area", DESK),
        "through": Value("{t}.through", DESK),
        "providerIds": Value("{t}.provider_ids", DESK),
        "clocks": Value("{t}.clocks", DESK),
        "appliedBy": Value("{t}.applied_by", DESK),
        "reversedBy": Value("{t}.reversed_by", DESK),
        "decision": One("Decision", "{t}.decision_id", DESK),
        "held": Many("HeldClock", "hold_id", "OLDEST_FIRST"),
        **actions(CLOCK_HOLDS, holds.moves),
    },
    sorts={"NEWEST_FIRST": Sort((("{t}.applied_at", True),))},
)

HELD_CLOCK: Final = View(
    type="HeldClock",
    table="held_clocks",
    visible=VISIBLE,
    fields={
        **columns("id", "duty", "dueBefore", "dueAfter"),
        "from": Value("{t}.from_at"),
        "until": Value("{t}.until_at"),
        "hold": One("ClockHold", "{t}.hold_id"),
        "clock": One("Clock", "{t}.clock_id"),
        "subject": One("Node", "{t}.subject_id"),
        "order": One("Order", "{t}.order_id"),
    },
    sorts={"OLDEST_FIRST": Sort((("{t}.id", False),))},
)

CURRENT: Final = (
    "(SELECT x.hold_id FROM held_clocks x JOIN clock_holds h ON h.tenant_id = x.tenant_id AND h.id = x.hold_id "
    "WHERE x.tenant_id = {t}.tenant_id AND x.clock_id = {t}.id AND h.state = 'APPLIED' "
    "ORDER BY x.until_at DESC, x.id DESC LIMIT 1)"
)
"""The hold that stands longest on the clock."""


@dataclass(frozen=True, slots=True)
class HeldDuty:
    """How many clocks of one duty."""

    duty: Duty
    count: int


@dataclass(frozen=True, slots=True)
class ClockHoldPreview:
    """What a hold would stop. `sample` are ids; `because` is why it would be refused."""

    count: int
    by_duty: list[HeldDuty]
    sample: list[ClockId]
    because: list[Finding]


async def preview(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[ClockHoldPreview | None]:
    """What the mutation would hold at this instant, by the mutation's own selection; null for others than staff."""
    if viewer.viewer is not ViewerKind.STAFF:
        return [None]
    which: Selection = arguments["which"].selection("which")
    holds.require_selection(which, at)
    found = await hold_rows.matching(connection, viewer.tenant_id, which, at)
    read = await hold_rows.read(connection, viewer.tenant_id, found)
    caught = sorted(
        (each.clock for each in read if holds.catches(each, which, at)), key=lambda clock: (clock.due_at, clock.id)
    )
    counted: dict[Duty, int] = {}
    for clock in caught:
        counted[clock.duty] = counted.get(clock.duty, 0) + 1
    return [
        ClockHoldPreview(
            len(caught),
            [HeldDuty(duty, counted[duty]) for duty in sorted(counted)],
            [clock.id for clock in caught[:SAMPLE]],
            [finding for finding in holds.fits(len(caught), which) if not finding.holds],
        )
    ]


VIEWS: Final = (CLOCK_HOLD, HELD_CLOCK)
ROOTS: Final[dict[str, Root]] = {
    "clockHold": Point("ClockHold"),
    "clockHolds": Listing("ClockHold", "NEWEST_FIRST"),
    "previewClockHold": Answer(preview, DESK),
}
