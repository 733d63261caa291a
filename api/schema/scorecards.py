"""Scorecards and counters of parties in GraphQL."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from api.operations import counters
from api.schema import records as _records  # noqa: F401 - describes Window
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import ByAge
from api.schema.parties import LiableParty
from api.schema.points import AccountMeasure, liable_party_id
from domain import counters as rules
from domain.counters import ITEMS_MAX, CounterKind, FoundItem, RecordProhibitedGoods
from domain.records import Window
from domain.scorecards import ScoreMeasure, Standing

described(ScoreMeasure)
described(CounterKind)
described(Standing, name="ScoreStanding")


@strawberry.type(description="One measure of a party over a window.")
class Score:
    """`domain.scorecards.Score`."""

    measure: ScoreMeasure = strawberry.field(description="What is measured.")
    count: int = strawberry.field(description="The cases that count.")
    of: int = strawberry.field(description="Of so many.")
    share_bp: int | None = strawberry.field(description="The share, in basis points; null below the minimum of cases.")
    target_bp: int = strawberry.field(description="What is asked, in basis points.")
    meets_target: bool | None = strawberry.field(
        description="Whether it is met: missed only by a worse rate and by more misses than are tolerated. Null below "
        "the minimum of cases, and where a measure is only told."
    )
    because: Finding = strawberry.field(description="How it was found.")


@strawberry.type(description="How a party does over a rolling window of whole days, worked out when it is asked for.")
class Scorecard:
    """`domain.scorecards.Scorecard`."""

    party_id: strawberry.ID = strawberry.field(description="Whose; for `node`.")
    window: Window = strawberry.field(description="How far it looks back.")
    since: date = strawberry.field(description="Its first day, of UTC.")
    until: date = strawberry.field(description="The first day behind it.")
    standing: Standing = strawberry.field(description="Where the party stands by its scores.")
    demoted: bool = strawberry.field(
        description="Whether its offers come behind those of others now, by a measure: `demotions`."
    )
    scores: list[Score] = strawberry.field(description="Every measure, also those with too few cases.")
    because: Finding = strawberry.field(description="How the standing was found, score by score.")
    demotions: list[AccountMeasure] = strawberry.field(description="Measures that put its offers behind others.")


@strawberry.type(description="What was counted of a party in a calendar month or quarter.")
class PartyCounter(Node):
    """`domain.counters.PartyCounter`."""

    party: LiableParty | None = strawberry.field(description="Whose it is.")
    kind: CounterKind = strawberry.field(description="What is counted.")
    period: date = strawberry.field(description="The first day of the month or quarter, in the marketplace's zone.")
    count: int = strawberry.field(description="How many.")
    steps: int = strawberry.field(description="The steps of the rule that were reached and penalised.")
    items: Connection[Annotated["CountedItem", strawberry.lazy("api.schema.scorecards")]] = connection(
        "What was counted.", order=ByAge
    )
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="Something that counts for a party.")
class CountedItem(Node):
    """`domain.counters.CountedItem`."""

    counter: PartyCounter | None = strawberry.field(description="The counter it is in.")
    kind: CounterKind = strawberry.field(description="What it is.")
    reference: str = strawberry.field(description="Its name outside: an address of a listing, an order's id.")
    occurred_at: datetime = strawberry.field(description="When it was found or refunded.")
    recorded_at: datetime = strawberry.field(description="When it was counted.")


@strawberry.input(description="Which counters. What is left out does not matter; conditions add up.")
class PartyCounterFilter:
    """The filters of `storage/views/scorecards.py`."""

    liable_party_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier or provider.")
    kinds: list[CounterKind] | None = strawberry.field(default=None, description="Of one of these kinds.")


@strawberry.input(description="A prohibited item that the radar found.")
class FoundItemInput:
    """→ `domain.counters.FoundItem`."""

    party_id: strawberry.ID = strawberry.field(description="The supplier or provider whose it is.")
    reference: str = strawberry.field(description="Its name outside, at most 200 characters; it counts once.")
    found_at: datetime = strawberry.field(description="When it was found.")


@strawberry.input(description="What the product radar found.")
class RecordProhibitedGoodsInput:
    """→ `domain.counters.RecordProhibitedGoods`."""

    items: list[FoundItemInput] = strawberry.field(description=f"The items, 1 to {ITEMS_MAX}.")
    idempotency_key: str = strawberry.field(description="Your name for this call: sent twice, it is done once.")

    def command(self) -> RecordProhibitedGoods:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        items = tuple(
            FoundItem(
                liable_party_id(read, each.party_id, "items", str(place), "partyId"), each.reference, each.found_at
            )
            for place, each in enumerate(self.items[: ITEMS_MAX + 1])
        )
        read.rules(rules.item_problems(items))
        read.done()
        return RecordProhibitedGoods(items)


@strawberry.type(description="How many items were counted, or why none were.")
class ProhibitedGoodsPayload:
    """What `recordProhibitedGoods` answers."""

    counted: int | None = strawberry.field(description="Items that were new; null when nothing changed.")
    known: int | None = strawberry.field(description="Items that had been counted before; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ScorecardQueries:
    """Reading scorecards and counters."""

    scorecard: Scorecard | None = field(
        "How a party does: a party its own, staff all; null for others.",
        Argument("party_id", strawberry.ID | None, "The supplier or provider; the viewer's own when left out.", None),
        Argument("window", Window | None, "How far it looks back; as far as standings do when left out.", None),
    )
    party_counter: PartyCounter | None = point(
        "The counter of that id; null when there is none for the viewer.", of="party_counter"
    )
    party_counters: Connection[PartyCounter] = listing(
        "What was counted of parties: all for staff, its own for a party.", filter=PartyCounterFilter, order=ByAge
    )


@strawberry.type
class ScorecardMutations:
    """What is counted."""

    record_prohibited_goods: ProhibitedGoodsPayload = mutation(
        counters.record_prohibited_goods,
        RecordProhibitedGoodsInput,
        keyed=True,
        description="Prohibited items that the product radar found are counted by quarter, each reference of a party "
        "once; every full step of the rule brings points.",
    )
