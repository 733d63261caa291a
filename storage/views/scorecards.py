"""Scorecards and counters: for staff and the party they are about. A scorecard is worked out when it is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from domain.access import Caller, ViewerKind
from domain.errors import Refused
from domain.explain import Finding
from domain.ids import CountedItemId, PartyCounterId
from domain.records import Window
from domain.scorecards import ScoreMeasure, Standing
from storage import measures as measure_rows
from storage import scorecards as scorecard_rows
from storage.views.organisations import BY_ID
from storage.views.points import LIABLE_OWN, named
from storage.views.view import Answer, Filter, Listing, Many, One, Point, Root, Row, View, columns


@dataclass(frozen=True, slots=True)
class ShownScore:
    """A score as it is shown."""

    measure: ScoreMeasure
    count: int
    of: int
    share_bp: int | None
    target_bp: int
    meets_target: bool | None
    because: Finding


@dataclass(frozen=True, slots=True)
class ShownScorecard:
    """A scorecard as it is shown."""

    party_id: str
    window: Window
    since: date
    until: date
    standing: Standing
    demoted: bool
    scores: list[ShownScore]
    because: Finding
    demotions: list[str]


async def scorecard(
    connection: Any, _rows: Sequence[Row], viewer: Caller, at: datetime, arguments: Mapping[str, Any]
) -> list[ShownScorecard | None]:
    """How a party does; None where it is not the viewer's to see, or where nothing rules on it."""
    party_id = named(viewer, arguments.get("party_id"))
    if party_id is None:
        return [None]
    window = arguments.get("window")
    try:
        cards = await scorecard_rows.by_parties(
            connection, viewer.tenant_id, [party_id], at, window=None if window is None else Window(window)
        )
    except Refused:
        return [None]
    card = cards[party_id]
    against = await measure_rows.demotions_of(connection, viewer.tenant_id, party_id, at)
    return [
        ShownScorecard(
            party_id=str(party_id),
            window=card.window,
            since=card.since,
            until=card.until,
            standing=card.standing,
            demoted=bool(against),
            scores=[
                ShownScore(
                    score.measure, score.count, score.of, score.share_bp, score.target_bp, score.meets, score.because
                )
                for score in card.scores
            ],
            because=card.tree,
            demotions=[str(measure.id) for measure in against],
        )
    ]


COUNTER: Final = View(
    type="PartyCounter",
    table="party_counters",
    visible=LIABLE_OWN,
    ids=PartyCounterId,
    fields={
        **columns("id", "kind", "period", "count", "steps", "version"),
        "party": One("LiableParty", "coalesce({t}.supplier_id, {t}.provider_id)"),
        "items": Many("CountedItem", "counter_id", "NEWEST_FIRST"),
    },
    sorts=BY_ID,
    filters={
        "liablePartyId": Filter("{v} IN ({t}.supplier_id, {t}.provider_id)"),
        "kinds": Filter("{t}.kind = ANY({v})", "text[]"),
    },
)

ITEM: Final = View(
    type="CountedItem",
    table="counted_items",
    visible={kind: "true" if kind is ViewerKind.STAFF else "{t}.party_id = {party}" for kind in LIABLE_OWN},
    ids=CountedItemId,
    fields={
        **columns("id", "kind", "reference", "occurredAt", "recordedAt"),
        "counter": One("PartyCounter", "{t}.counter_id"),
    },
    sorts=BY_ID,
)

VIEWS: Final = (COUNTER, ITEM)
ROOTS: Final[dict[str, Root]] = {
    "scorecard": Answer(scorecard),
    "partyCounter": Point("PartyCounter"),
    "partyCounters": Listing("PartyCounter", "NEWEST_FIRST"),
}
