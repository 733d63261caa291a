"""Listing flags: for staff and for the provider whose listing it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import listings
from domain.access import Caller
from domain.explain import Finding
from storage.listings import LISTING_FLAGS
from storage.views.actions import actions
from storage.views.services import OWN
from storage.views.view import Computed, Filter, Listing, One, Point, Root, Row, Sort, View, columns


async def _findings(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Finding]]:
    return [list(LISTING_FLAGS.decode(row).findings) for row in rows]


async def _lanes(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[str]]:
    return [list(row["lane_ids"]) for row in rows]


LISTING_FLAG: Final = View(
    type="ListingFlag",
    table="listing_flags",
    visible=OWN,
    fields={
        **columns(
            "id", "cause", "state", "consequence", "violation", "reason", "raisedAt", "dueAt", "endedAt", "version",
        ),
        "service": One("Service", "{t}.service_id"),
        "provider": One("Provider", "{t}.provider_id"),
        "rule": One("RuleVersion", "{t}.rule_version_id"),
        "decision": One("Decision", "{t}.decision_id"),
        "lanes": Computed(_lanes, needs=("lane_ids",)),
        "findings": Computed(_findings, needs=LISTING_FLAGS.names),
        **actions(LISTING_FLAGS, lambda flag, viewer, _at: listings.moves(flag, viewer)),
    },
    sorts={
        "OLDEST_FIRST": Sort((("{t}.raised_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.raised_at", True),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "causes": Filter("{t}.cause = ANY({v})", "text[]"),
        "providerId": Filter("{t}.provider_id = {v}"),
        "serviceId": Filter("{t}.service_id = {v}"),
        "dueBefore": Filter("{t}.due_at < {v}", "timestamptz"),
    },
)  # fmt: skip

VIEWS: Final = (LISTING_FLAG,)
ROOTS: Final[dict[str, Root]] = {
    "listingFlag": Point("ListingFlag"),
    "listingFlags": Listing("ListingFlag", "NEWEST_FIRST"),
}
