"""Clocks as they are shown: staff see every duty, a party those it has to do itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.access import Caller, ViewerKind
from domain.clocks import SILENCE, Duty
from storage.views.holds import CURRENT
from storage.views.view import Computed, Filter, Listing, One, Point, Root, Row, Sort, View, columns

_MINE: Final = "{t}.party_id = {party}"


async def otherwise(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[str]:
    """What follows if nobody does it."""
    return [SILENCE[Duty(row["duty"])] for row in rows]


CLOCK: Final = View(
    type="Clock",
    table="clocks",
    visible={
        ViewerKind.STAFF: "true",
        ViewerKind.BUYER: _MINE,
        ViewerKind.SUPPLIER: _MINE,
        ViewerKind.ENTITLED_SUPPLIER: _MINE,
        ViewerKind.PROVIDER: _MINE,
    },
    fields={
        **columns(
            "id", "duty", "state", "dueAt", "calendar", "pausedAt", "pauseReason", "startedAt", "endedAt", "version"
        ),
        "subject": One("Node", "nullif({t}.subject_id, {t}.tenant_id)"),
        "party": One("Party", "{t}.party_id"),
        "otherwise": Computed(otherwise, needs=("duty",)),
        "hold": One("ClockHold", CURRENT),
    },
    sorts={
        "DUE_FIRST": Sort((("{t}.due_at", False),)),
        "DUE_LAST": Sort((("{t}.due_at", True),)),
    },
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "duties": Filter("{t}.duty = ANY({v})", "text[]"),
        "subjectId": Filter("{t}.subject_id = {v}"),
        "partyId": Filter("{t}.party_id = {v}"),
        "dueBefore": Filter("{t}.due_at < {v}", "timestamptz"),
    },
)

VIEWS: Final = (CLOCK,)
ROOTS: Final[dict[str, Root]] = {"clock": Point("Clock"), "clocks": Listing("Clock", "DUE_FIRST")}
