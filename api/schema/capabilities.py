"""Capabilities in GraphQL: what a provider may not do, why and until when; leaving, and bars on coming back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from api.operations import bars, capabilities, exits, removals, standings
from api.schema import modes as _modes  # noqa: F401 - describes the shared enums
from api.schema.arguments import Argument
from api.schema.arguments import field as argued
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.scalars import CountryCode
from domain.bars import BarAction, BarCause, LiftBar
from domain.capabilities import Cause, LiftRestriction, RestrictionAction, RestrictProvider, Scope
from domain.errors import Problem
from domain.exits import DutyKind, ExitState, RequestExit, WithdrawExit
from domain.gates import Action
from domain.ids import BarId, LaneId, ProviderId, RestrictionId
from domain.modes import ServiceMode
from domain.standings import (
    ReinstateProvider,
    RemoveFromProgramme,
    SuspendProvider,
    TerminateProvider,
    TerminationCause,
)

if TYPE_CHECKING:
    from api.schema.decisions import Decision
    from api.schema.lanes import Lane
    from api.schema.points import AccountMeasure, StatementOfReasons
    from api.schema.providers import Provider
    from api.schema.rules import RuleVersion

described(Cause, name="RestrictionCause")
for _enum in (RestrictionAction, BarCause, BarAction, ExitState, DutyKind, TerminationCause):
    described(_enum)

LANES_MAX: Final = 100
"""Lanes named in one restriction; who means more names their service or market."""

REASON: Final = "Why, in words; the provider may read it."


@strawberry.type(description="Something the provider cannot do, and all that stands in its way.")
class CapabilityStop:
    """`domain.capabilities.Stop`."""

    action: Action = strawberry.field(description="What it cannot do.")
    service: ServiceMode | None = strawberry.field(description="For which service; null for all it does.")
    markets: list[CountryCode] = strawberry.field(
        description="In which market; the countries of both ends for a lane; empty for everywhere."
    )
    lane: Annotated["Lane", strawberry.lazy("api.schema.lanes")] | None = strawberry.field(
        description="On which lane; null where it is about more than one."
    )
    because: list[Finding] = strawberry.field(description="Every reason.")
    already: bool = strawberry.field(description="Whether it is so now, too.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone brings it back; null where somebody has to act."
    )


@strawberry.type(description="What will not work on a day if nobody does anything until then.")
class CapabilitiesOn:
    """`storage.views.capabilities.CapabilitiesOn`."""

    on: date = strawberry.field(description="The day asked for.")
    at: datetime = strawberry.field(
        description="The instant judged: the end of that day in the marketplace's own zone, or now if that is over."
    )
    count: int = strawberry.field(description="How many capabilities are off then.")
    stops: list[CapabilityStop] = strawberry.field(description="The first 500 of them, lanes first.")


@strawberry.type(description="An action on a restriction that is not possible now for the viewer, and why.")
class BlockedRestrictionAction:
    """`domain.moves.Move`."""

    action: RestrictionAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="What a provider may not do, why and until when. What a list leaves empty is meant whole.")
class Restriction(Node):
    """`domain.capabilities.Restriction`."""

    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="Whom it restricts."
    )
    cause: Cause = strawberry.field(description="What kind of cause it has, and with that how it ends.")
    about: str | None = strawberry.field(
        description="What it follows from: a requirement's key, a flag's id; null where the desk alone decided."
    )
    actions: list[Action] = strawberry.field(description="What is off; empty: everything.")
    services: list[ServiceMode] = strawberry.field(description="For which services; empty: all.")
    markets: list[CountryCode] = strawberry.field(description="In which markets; empty: all.")
    lane_ids: list[strawberry.ID] = strawberry.field(description="On which lanes; empty: all.")
    reason: str = strawberry.field(description="Why, in words.")
    decision: Annotated["Decision", strawberry.lazy("api.schema.decisions")] | None = strawberry.field(
        description="The decision that explains it; null where the desk alone decided."
    )
    statement_of_reasons: Annotated["StatementOfReasons", strawberry.lazy("api.schema.points")] | None = (
        strawberry.field(
            description="Why, and how to have it reviewed; null where a measure brought it, which has the statement."
        )
    )
    since: datetime = strawberry.field(description="From when on it takes effect; ahead while grace runs.")
    until: datetime | None = strawberry.field(description="Its last instant; null until it is lifted.")
    imposed_at: datetime = strawberry.field(description="When it was decided.")
    lifted_at: datetime | None = strawberry.field(description="When it was over; null while it stands.")
    lift_reason: str | None = strawberry.field(description="Why it was lifted; null where time or renewal ended it.")
    available_actions: list[RestrictionAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedRestrictionAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="Something that somebody still waits for when a provider leaves.")
class OpenDuty:
    """`domain.exits.OpenDuty`."""

    kind: DutyKind = strawberry.field(description="What kind of thing it is.")
    subject_id: strawberry.ID = strawberry.field(description="The shipment, claim, cover or recovery; for `node`.")
    since: datetime = strawberry.field(description="Since when it keeps the provider.")


@strawberry.type(description="A provider's leaving: it gives notice, finishes what it has sold, and is gone.")
class Exit(Node):
    """`domain.exits.Exit`."""

    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="Who leaves."
    )
    state: ExitState = strawberry.field(description="Where it stands.")
    reason: str = strawberry.field(description="Why, in its words.")
    open_duties: list[OpenDuty] = strawberry.field(
        description="What still keeps it, the oldest first, at most 100; empty once it is over."
    )
    open_duty_count: int = strawberry.field(description="How many things still keep it.")
    requested_at: datetime = strawberry.field(description="When it gave notice.")
    sells_until: datetime = strawberry.field(description="The last instant at which it sells.")
    ended_at: datetime | None = strawberry.field(description="When it was gone, or stayed; null while it goes on.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="An action on a bar that is not possible now for the viewer, and why.")
class BlockedBarAction:
    """`domain.moves.Move`."""

    action: BarAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A time in which a provider, and accounts related to it, may not come back.")
class Bar(Node):
    """`domain.bars.Bar`."""

    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="Whom it bars."
    )
    cause: BarCause = strawberry.field(description="Why it was laid.")
    programme: str | None = strawberry.field(
        description="The key of the guarantee's rule that it keeps out of; null: the whole marketplace."
    )
    reason: str = strawberry.field(description="Why, in words.")
    since: datetime = strawberry.field(description="From when on.")
    until: datetime = strawberry.field(description="Its last instant.")
    related: bool = strawberry.field(description="Whether related accounts are barred as well.")
    rule_version: Annotated["RuleVersion", strawberry.lazy("api.schema.rules")] | None = strawberry.field(
        description="The version of the rule that set how long."
    )
    lifted_at: datetime | None = strawberry.field(description="When the desk lifted it; null where it did not.")
    lift_reason: str | None = strawberry.field(description="Why it was lifted.")
    available_actions: list[BarAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedBarAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


CAPABILITIES_ON: Final[Any] = argued(
    "What would stop working on a day; for staff and the provider itself, null for others.",
    Argument("on", date, "The day."),
)
RESTRICTIONS: Final[Any] = connection("What it may not do, now or before; for staff and itself.", order=ByAge)
BARS: Final[Any] = connection("When it may not come back; for staff and itself.", order=ByAge)
EXITS: Final[Any] = connection("Its leavings, also those it took back; for staff and itself.", order=ByAge)
EXIT: Final[Any] = strawberry.field(description="Its leaving that goes on; null where it stays. For staff and itself.")
"""The fields of a provider that show these (`api/schema/providers.py`)."""


@strawberry.input(description="Which restrictions. What is left out does not matter; conditions add up.")
class RestrictionFilter:
    """The filters of `storage/views/capabilities.py`."""

    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    causes: list[Cause] | None = strawberry.field(default=None, description="With one of these causes.")
    live: bool | None = strawberry.field(default=None, description="Standing, or over.")


@strawberry.input(description="Which exits. What is left out does not matter; conditions add up.")
class ExitFilter:
    """The filters of `storage/views/capabilities.py`."""

    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    states: list[ExitState] | None = strawberry.field(default=None, description="In one of these states.")


@strawberry.input(description="Which bars. What is left out does not matter; conditions add up.")
class BarFilter:
    """The filters of `storage/views/capabilities.py`."""

    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")
    causes: list[BarCause] | None = strawberry.field(default=None, description="With one of these causes.")
    lifted: bool | None = strawberry.field(default=None, description="Lifted by the desk, or not.")


@strawberry.input(description="What a provider may not do. What is left out is meant whole.")
class RestrictProviderInput:
    """→ `domain.capabilities.RestrictProvider`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider.")
    reason: str = strawberry.field(description=REASON)
    actions: list[Action] | None = strawberry.field(default=None, description="What is off; left out: everything.")
    services: list[ServiceMode] | None = strawberry.field(default=None, description="For these services only.")
    markets: list[CountryCode] | None = strawberry.field(default=None, description="In these markets only.")
    lane_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description=f"On these lanes only, at most {LANES_MAX}; not together with services or markets."
    )
    until: datetime | None = strawberry.field(
        default=None, description="Its last instant; until it is lifted when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RestrictProvider:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        provider_id = read.id(ProviderId, self.provider_id, "providerId")
        reason = read.required_note(self.reason, "reason")
        lanes = self.lane_ids or []
        if len(lanes) > LANES_MAX:
            read.problems.append(Problem(("laneIds",), f"At most {LANES_MAX} lanes."))
        lane_ids = read.ids(LaneId, lanes[:LANES_MAX], "laneIds")
        read.done()
        scope = Scope(_set(self.actions), _set(self.services), _set(self.markets), frozenset(lane_ids))
        return RestrictProvider(provider_id, scope, reason, self.until)


@strawberry.input(description="A restriction that shall end.")
class LiftRestrictionInput:
    """→ `domain.capabilities.LiftRestriction`."""

    restriction_id: strawberry.ID = strawberry.field(description="The restriction.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> LiftRestriction:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id = read.id(RestrictionId, self.restriction_id, "restrictionId")
        reason = read.required_note(self.reason, "reason")
        read.done()
        return LiftRestriction(id, reason)


@strawberry.input(description="A provider that shall take nothing new for now.")
class SuspendProviderInput:
    """→ `domain.standings.SuspendProvider`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider.")
    reason: str = strawberry.field(description=REASON)
    until: datetime | None = strawberry.field(
        default=None, description="The last instant of it; until it is reinstated when left out."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> SuspendProvider:
        """The command. Refuses with Invalid, naming every problem."""
        return SuspendProvider(*_named(self.provider_id, self.reason), self.until)


@strawberry.input(description="A suspended provider that shall work again.")
class ReinstateProviderInput:
    """→ `domain.standings.ReinstateProvider`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ReinstateProvider:
        """The command. Refuses with Invalid, naming every problem."""
        return ReinstateProvider(*_named(self.provider_id, self.reason))


@strawberry.input(description="A provider that shall be removed for good.")
class TerminateProviderInput:
    """→ `domain.standings.TerminateProvider`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider.")
    cause: TerminationCause = strawberry.field(description="What kind of cause it is.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> TerminateProvider:
        """The command. Refuses with Invalid, naming every problem."""
        provider_id, reason = _named(self.provider_id, self.reason)
        return TerminateProvider(provider_id, self.cause, reason)


@strawberry.input(description="A provider whose guarantee under a rule shall end, with a bar on offering it again.")
class RemoveFromProgrammeInput:
    """→ `domain.standings.RemoveFromProgramme`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider.")
    rule_key: str = strawberry.field(description="The key of the rule: `guarantees/on_time`.")
    reason: str = strawberry.field(description=REASON)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RemoveFromProgramme:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RemoveFromProgramme(
            read.id(ProviderId, self.provider_id, "providerId"),
            read.rule_key(self.rule_key, "ruleKey"),
            read.required_note(self.reason, "reason"),
        )
        read.done()
        return command


@strawberry.input(description="A provider that wants to leave.")
class RequestExitInput:
    """→ `domain.exits.RequestExit`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider: yourself, unless you are the desk.")
    reason: str = strawberry.field(description="Why, in its words.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RequestExit:
        """The command. Refuses with Invalid, naming every problem."""
        return RequestExit(*_named(self.provider_id, self.reason))


@strawberry.input(description="A leaving provider that stays after all.")
class WithdrawExitInput:
    """→ `domain.exits.WithdrawExit`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider: yourself, unless you are the desk.")
    expected_version: int | None = strawberry.field(
        default=None, description="The exit's version you saw; another is refused."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> WithdrawExit:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id = read.id(ProviderId, self.provider_id, "providerId")
        read.done()
        return WithdrawExit(id)


@strawberry.input(description="A bar that shall end before its time.")
class LiftBarInput:
    """→ `domain.bars.LiftBar`."""

    bar_id: strawberry.ID = strawberry.field(description="The bar.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> LiftBar:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id = read.id(BarId, self.bar_id, "barId")
        reason = read.required_note(self.reason, "reason")
        read.done()
        return LiftBar(id, reason)


def _named(provider_id: str, reason: str) -> tuple[ProviderId, str]:
    """The provider and the reason. Refuses with Invalid, naming every problem."""
    read = Reader()
    id = read.id(ProviderId, provider_id, "providerId")
    words = read.required_note(reason, "reason")
    read.done()
    return id, words


def _set(members: Sequence[Any] | None) -> frozenset[Any]:
    return frozenset(members or ())


@strawberry.type(description="The provider as it stands now, with what changed, or why nothing did.")
class StandingPayload:
    """What the mutations on a provider's standing answer."""

    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="The provider; null when nothing changed."
    )
    restriction: Restriction | None = strawberry.field(
        description="The restriction that was imposed or lifted; null where it was about none."
    )
    exit: Exit | None = strawberry.field(description="The exit; null where it was about none.")
    bar: Bar | None = strawberry.field(description="The bar that was laid or lifted; null where it was about none.")
    measure: Annotated["AccountMeasure", strawberry.lazy("api.schema.points")] | None = strawberry.field(
        description="The measure that a removal is, with its statement of reasons; it can be appealed and lifted."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class CapabilityQueries:
    """Reading restrictions, exits and bars."""

    restriction: Restriction | None = point(
        "The restriction of that id; null when there is none for the viewer.", of="restriction"
    )
    restrictions: Connection[Restriction] = listing(
        "What providers may not do: all for staff, its own for a provider.", filter=RestrictionFilter, order=ByAge
    )
    exit: Exit | None = point("The exit of that id; null when there is none for the viewer.", of="exit")
    exits: Connection[Exit] = listing(
        "Providers' leavings: all for staff, its own for a provider.", filter=ExitFilter, order=ByAge
    )
    bar: Bar | None = point("The bar of that id; null when there is none for the viewer.", of="bar")
    bars: Connection[Bar] = listing(
        "Who may not come back when: all for staff, its own for a provider.", filter=BarFilter, order=ByAge
    )


@strawberry.type
class CapabilityMutations:
    """What can be done with an admitted provider."""

    restrict_provider: StandingPayload = mutation(
        capabilities.restrict_provider,
        RestrictProviderInput,
        keyed=False,
        description="The desk takes a part of what a provider may do away: actions, services, markets or lanes, "
        "perhaps until an instant. Everything else goes on.",
    )
    lift_restriction: StandingPayload = mutation(
        capabilities.lift_restriction,
        LiftRestrictionInput,
        keyed=False,
        description="The desk gives back what a restriction took. Refused, with every reason, for a lapsed "
        "requirement (renew or waive it) and a suspension (reinstate the provider).",
    )
    suspend_provider: StandingPayload = mutation(
        standings.suspend_provider,
        SuspendProviderInput,
        keyed=False,
        description="A provider takes nothing new until it is reinstated, or until an instant; what it sold before "
        "stays its duty.",
    )
    reinstate_provider: StandingPayload = mutation(
        standings.reinstate_provider,
        ReinstateProviderInput,
        keyed=False,
        description="A suspended provider works again, but for what else is restricted.",
    )
    terminate_provider: StandingPayload = mutation(
        removals.terminate_provider,
        TerminateProviderInput,
        keyed=False,
        description="A provider is removed from the marketplace for good; it and related accounts are barred from "
        "coming back for as long as the rule gives.",
    )
    remove_from_programme: StandingPayload = mutation(
        removals.remove_from_programme,
        RemoveFromProgrammeInput,
        keyed=False,
        description="A provider's guarantee under a rule has ended; it and related accounts are barred from offering "
        "it again for as long as the rule gives. Covers bought before stay.",
    )
    request_exit: StandingPayload = mutation(
        exits.request_exit,
        RequestExitInput,
        keyed=False,
        description="A provider leaves: it sells until its notice is over, finishes what is open, and is gone.",
    )
    withdraw_exit: StandingPayload = mutation(
        exits.withdraw_exit,
        WithdrawExitInput,
        keyed=False,
        description="A leaving provider stays. Refused once selling has ended.",
    )
    lift_bar: StandingPayload = mutation(
        bars.lift_bar, LiftBarInput, keyed=False, description="A barred provider may come back at once."
    )
