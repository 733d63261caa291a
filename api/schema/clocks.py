"""Clocks in GraphQL: duties with their deadlines, and the sandbox's own clock."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import clocks
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY
from api.schema.parties import Party
from domain.clocks import ClockState, Duty, MoveClock

if TYPE_CHECKING:
    from api.schema.holds import ClockHold


class ClockOrder(StrEnum):
    """Orders of clocks."""

    DUE_FIRST = "DUE_FIRST"
    """The earliest deadline first."""
    DUE_LAST = "DUE_LAST"
    """The latest deadline first."""


for _enum in (Duty, ClockState, ClockOrder):
    described(_enum)


@strawberry.input(description="Which clocks. What is left out does not matter; conditions add up.")
class ClockFilter:
    """The fields are the filters of `storage/views/clocks.py`."""

    states: list[ClockState] | None = strawberry.field(default=None, description="In one of these states.")
    duties: list[Duty] | None = strawberry.field(default=None, description="For one of these duties.")
    subject_id: strawberry.ID | None = strawberry.field(default=None, description="About this thing.")
    party_id: strawberry.ID | None = strawberry.field(default=None, description="This party has to act.")
    due_before: datetime | None = strawberry.field(default=None, description="Due before this instant.")


@strawberry.type(description="A duty with a deadline: who has to do what by when, and what follows from silence.")
class Clock(Node):
    """`domain.clocks.Clock`."""

    duty: Duty = strawberry.field(description="What has to be done.")
    subject: Node | None = strawberry.field(
        description="The thing it is about; null for a duty of the marketplace itself and for what the viewer may not "
        "see."
    )
    party: Party | None = strawberry.field(description="Who has to act; null for the marketplace's own desk.")
    state: ClockState = strawberry.field(description="Where the clock stands.")
    due_at: datetime = strawberry.field(
        description="The last instant at which it is in time; the consequence follows at the first one after."
    )
    calendar: str | None = strawberry.field(
        description="The market whose days were counted, as an ISO 3166 code; null where exact hours were."
    )
    otherwise: str = strawberry.field(description="What follows if nobody does it.")
    paused_at: datetime | None = strawberry.field(description="Since when it stands still; null while it runs.")
    pause_reason: str | None = strawberry.field(description="Why it stands still.")
    started_at: datetime = strawberry.field(description="When it started.")
    ended_at: datetime | None = strawberry.field(description="When it was done, fired or cancelled; null before.")
    hold: Annotated["ClockHold", strawberry.lazy("api.schema.holds")] | None = strawberry.field(
        description="The hold by force majeure that moved its deadline, the one that lasts longest; null without one."
    )
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.input(description="What a sandbox's clock shall show.")
class MoveClockInput:
    """→ `domain.clocks.MoveClock`."""

    to: datetime = strawberry.field(description="The instant it shows afterwards; later than what it shows now.")
    runs: bool = strawberry.field(
        default=False, description="Whether it runs on from there. By default it stands still until it is moved again."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> MoveClock:
        """The command."""
        return MoveClock(self.to, self.runs)


@strawberry.type(description="What became of the clock.")
class MoveClockPayload:
    """What moveClock answers."""

    clock_at: datetime | None = strawberry.field(description="What it shows now; null when it was not moved.")
    runs: bool | None = strawberry.field(description="Whether it runs on from there; null when it was not moved.")
    fired: int | None = strawberry.field(
        description="How many duties were over on the way and had their consequence; null when it was not moved."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was not moved; empty on success.")


@strawberry.type
class ClockQueries:
    """Reading clocks."""

    clock: Clock | None = point("The clock of that id; null when there is none, or none for the viewer.")
    clocks: Connection[Clock] = listing(
        "Duties: all for staff, a party's own for a party.", filter=ClockFilter, order=ClockOrder
    )


@strawberry.type
class ClockMutations:
    """Moving the sandbox's clock."""

    move_clock: MoveClockPayload = mutation(
        clocks.move_clock,
        MoveClockInput,
        keyed=False,
        description=(
            "Moves a sandbox's clock forwards. Everything due on the way happens first, in order, each duty at the "
            "first instant after its own deadline. Refused for a live marketplace and backwards."
        ),
    )
