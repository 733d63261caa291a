"""Clock holds in GraphQL: force majeure stops clocks, previewed, applied and reversed."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from api.operations import holds
from api.schema.arguments import Argument, field
from api.schema.clocks import Clock
from api.schema.connection import Connection, connection, listing, point
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.organisations import KEY, VERSION
from api.schema.scalars import CountryCode
from domain import holds as rules
from domain.clocks import Duty
from domain.holds import CLOCKS_MAX, ApplyClockHold, HoldAction, HoldState, ReverseClockHold, Selection
from domain.ids import ClockHoldId, ProviderId
from storage.views.holds import SAMPLE

described(HoldState, name="ClockHoldState")
described(HoldAction, name="ClockHoldAction")

_AREA = "As `CN`, `CN-SH`, `CNSHA` or `US~902`: country, region, place of UN/LOCODE, or beginning of a postal code."


class ClockHoldOrder(StrEnum):
    """Orders of a list of holds."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """The latest first."""


described(ClockHoldOrder)


@strawberry.type(description="An action on a hold that is not possible now for the viewer, and why.")
class BlockedClockHoldAction:
    """`domain.moves.Move`."""

    action: HoldAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="Force majeure that stops clocks: where, from when until when, and why.")
class ClockHold(Node):
    """`domain.holds.ClockHold`."""

    state: HoldState = strawberry.field(description="Whether it stands.")
    reason: str = strawberry.field(description="What happened, in words for the parties.")
    from_: datetime = strawberry.field(name="from", description="Since when time does not count.")
    until: datetime = strawberry.field(description="From when on time counts again.")
    duties: list[Duty] | None = strawberry.field(
        description="Which duties; empty: all that can be held. For staff, null for others."
    )
    countries: list[CountryCode] | None = strawberry.field(
        description="Countries of delivery; empty: all. For staff, null for others."
    )
    from_area: str | None = strawberry.field(description=f"Where the lane begins. {_AREA} For staff.")
    to_area: str | None = strawberry.field(description=f"Where the lane ends. {_AREA} For staff.")
    through: list[str] | None = strawberry.field(
        description=f"Where a leg begins or ends; empty: anywhere. {_AREA} For staff, null for others."
    )
    provider_ids: list[strawberry.ID] | None = strawberry.field(
        description="Who carries or promised; empty: anybody. For staff, null for others."
    )
    clocks: int | None = strawberry.field(description="How many clocks it moved. For staff, null for others.")
    held: Connection[Annotated["HeldClock", strawberry.lazy("api.schema.holds")]] = connection(
        "The clocks it moved that the viewer may see."
    )
    decision: Decision | None = strawberry.field(description="Why these clocks. For staff, null for others.")
    applied_at: datetime = strawberry.field(description="When it was applied.")
    applied_by: str | None = strawberry.field(description="The member or key that applied it. For staff.")
    reversed_at: datetime | None = strawberry.field(description="When it was reversed; null where it stands.")
    reversed_by: str | None = strawberry.field(description="The member or key that reversed it. For staff.")
    reverse_reason: str | None = strawberry.field(description="Why it was reversed, in words for the parties.")
    available_actions: list[HoldAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedClockHoldAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(
    description="A clock under a hold: when it stood still, and what became of its deadline. Never changes."
)
class HeldClock(Node):
    """`domain.holds.HeldClock`."""

    hold: ClockHold | None = strawberry.field(description="The hold; its `state` says whether it still counts.")
    clock: Clock | None = strawberry.field(description="The clock; null when hidden from the viewer.")
    subject: Node | None = strawberry.field(description="What the clock is about; null when hidden from the viewer.")
    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    duty: Duty = strawberry.field(description="What has to be done.")
    from_: datetime = strawberry.field(
        name="from", description="Since when the clock stands still: not before it started."
    )
    until: datetime = strawberry.field(description="From when on it counts again.")
    due_before: datetime = strawberry.field(description="When it was due before the hold.")
    due_after: datetime = strawberry.field(description="When it is due by the hold.")


@strawberry.type(description="How many clocks of one duty.")
class HeldDuty:
    """`storage.views.holds.HeldDuty`."""

    duty: Duty = strawberry.field(description="The duty.")
    count: int = strawberry.field(description="How many clocks.")


@strawberry.type(description="What a hold would stop, if it were applied now.")
class ClockHoldPreview:
    """`storage.views.holds.ClockHoldPreview`."""

    count: int = strawberry.field(
        description=f"How many clocks; counted up to one more than a hold carries ({CLOCKS_MAX:,})."
    )
    by_duty: list[HeldDuty] = strawberry.field(description="How many of each duty.")
    sample: list[Clock] = strawberry.field(description=f"Up to {SAMPLE} of them, the earliest deadlines first.")
    because: list[Finding] = strawberry.field(
        description="Why applying would be refused: the mutation's own reasons; empty where it would not."
    )


@strawberry.input(description="Which clocks: every condition holds, and within a list one of its members.")
class ClockSelectionInput:
    """→ `domain.holds.Selection`."""

    from_: datetime = strawberry.field(
        name="from", description="Since when time does not count; may lie in the past, for clocks that are still open."
    )
    until: datetime = strawberry.field(description="From when on it counts again: later than now, at most 90 days on.")
    duties: list[Duty] | None = strawberry.field(
        default=None, description="Only these duties; left out: all that force majeure can hinder."
    )
    countries: list[CountryCode] | None = strawberry.field(
        default=None, description="Orders delivered to one of these countries."
    )
    from_area: str | None = strawberry.field(
        default=None, description=f"Shipments with a leg that begins in this area. {_AREA}"
    )
    to_area: str | None = strawberry.field(
        default=None, description=f"Shipments that then have a leg that ends in this area. {_AREA}"
    )
    through: list[str] | None = strawberry.field(
        default=None, description=f"Shipments with a leg that begins or ends in one of these areas. {_AREA}"
    )
    provider_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="What one of these providers carries, or promised."
    )

    def selection(self, *path: str) -> Selection:
        """The selection. Refuses with Invalid, naming every problem."""
        read = Reader()
        selection = self.read(read, *path)
        read.done()
        return selection

    def read(self, read: Reader, *path: str) -> Selection:
        """The selection; what is wrong with it is collected by `read`."""
        selection = Selection(
            duties=tuple(dict.fromkeys(self.duties or ())),
            countries=tuple(dict.fromkeys(self.countries or ())),
            from_area=self.from_area,
            to_area=self.to_area,
            through=tuple(dict.fromkeys(self.through or ())),
            provider_ids=read.ids(ProviderId, self.provider_ids or (), *path, "providerIds"),
            from_at=self.from_,
            until_at=self.until,
        )
        read.rules(rules.area_problems(selection))
        return selection


@strawberry.input(description="A hold to apply.")
class ApplyClockHoldInput:
    """→ `domain.holds.ApplyClockHold`."""

    which: ClockSelectionInput = strawberry.field(description="Which clocks, and from when until when.")
    reason: str = strawberry.field(description="What happened; the parties read it.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> ApplyClockHold:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ApplyClockHold(self.which.read(read, "which"), read.required_note(self.reason, "reason"))
        read.done()
        return command


@strawberry.input(description="A hold to take back.")
class ReverseClockHoldInput:
    """→ `domain.holds.ReverseClockHold`."""

    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    reason: str = strawberry.field(description="Why it is taken back; the parties read it.")
    idempotency_key: str = strawberry.field(description=KEY)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def command(self) -> ReverseClockHold:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ReverseClockHold(
            read.id(ClockHoldId, self.hold_id, "holdId"), read.required_note(self.reason, "reason")
        )
        read.done()
        return command


@strawberry.type(description="The hold, and how many clocks moved.")
class ClockHoldPayload:
    """What `applyClockHold` and `reverseClockHold` answer."""

    clock_hold: ClockHold | None = strawberry.field(description="The hold; null when nothing changed.")
    clocks: int | None = strawberry.field(description="How many clocks moved by this call; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class HoldQueries:
    """Reading holds."""

    clock_hold: ClockHold | None = point("The hold of that id; null when there is none for the viewer.", of="hold")
    clock_holds: Connection[ClockHold] = listing(
        "Holds by force majeure: all for staff, those on its own cases for a party.", order=ClockHoldOrder
    )
    preview_clock_hold: ClockHoldPreview | None = field(
        "What a hold would stop now, found by the mutation's own selection. For staff, null for others.",
        Argument("which", ClockSelectionInput, "Which clocks, and from when until when."),
    )


@strawberry.type
class HoldMutations:
    """Applying and reversing holds."""

    apply_clock_hold: ClockHoldPayload = mutation(
        holds.apply_clock_hold,
        ApplyClockHoldInput,
        keyed=True,
        description=(
            "Force majeure: every matching clock that is open stands still for the span, at once. Its deadline moves "
            "by as long as it counted in the span, and with it the deadlines of its claim or the window of its cover. "
            "Deadlines that have passed stay passed, clocks that start later are not held, and a promised day never "
            "moves: its judging waits."
        ),
    )
    reverse_clock_hold: ClockHoldPayload = mutation(
        holds.reverse_clock_hold,
        ReverseClockHoldInput,
        keyed=True,
        description=(
            "Takes a hold back while its span lasts: every deadline is what it would have been without it, and what is "
            "over by then has its consequence next, once."
        ),
    )
