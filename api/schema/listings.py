"""Listing flags in GraphQL: what was found wrong with a listed service, until when, and what follows."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import listings
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.lanes import Lane
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.providers import Provider
from api.schema.rules import RuleVersion
from api.schema.services import Service, ServicePayload
from domain.ids import ListingFlagId, ServiceId
from domain.listings import (
    CheckListing,
    Consequence,
    CorrectListing,
    DismissListingFlag,
    FlagAction,
    FlagState,
    ListingCause,
)
from domain.penalties import Violation

if TYPE_CHECKING:
    from api.schema.decisions import Decision

described(ListingCause)
described(Consequence, name="ListingConsequence")
described(FlagState, name="ListingFlagState")
described(FlagAction, name="ListingFlagAction")
described(Violation)


@strawberry.input(description="Which flags. What is left out does not matter; conditions add up.")
class ListingFlagFilter:
    """The fields are the filters of `storage/views/listings.py`."""

    states: list[FlagState] | None = strawberry.field(default=None, description="In one of these states.")
    causes: list[ListingCause] | None = strawberry.field(default=None, description="For one of these causes.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider's services.")
    service_id: strawberry.ID | None = strawberry.field(default=None, description="Of this service.")
    due_before: datetime | None = strawberry.field(default=None, description="To be put right before this instant.")


@strawberry.type(description="An action on a flag that is not possible now for the viewer, and why.")
class BlockedListingFlagAction:
    """`domain.moves.Move`."""

    action: FlagAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="Something wrong with a listed service, to be put right until a deadline.")
class ListingFlag(Node):
    """`domain.listings.ListingFlag`."""

    service: Service | None = strawberry.field(description="The service.")
    provider: Provider | None = strawberry.field(description="Whose service it is.")
    lanes: list[Lane] = strawberry.field(description="The lanes it is about; empty: the service as a whole.")
    cause: ListingCause = strawberry.field(description="What is wrong.")
    state: FlagState = strawberry.field(description="Where the flag stands.")
    findings: list[Finding] = strawberry.field(description="Everything that speaks for it, as last seen.")
    rule: RuleVersion | None = strawberry.field(description="The version of the rule that raised it.")
    consequence: Consequence = strawberry.field(description="What follows when nobody puts it right in time.")
    violation: Violation | None = strawberry.field(
        description="What it counts as when it is enforced; null where it costs no points."
    )
    decision: Annotated["Decision", strawberry.lazy("api.schema.decisions")] | None = strawberry.field(
        description="The decision that explains what was enforced."
    )
    reason: str | None = strawberry.field(description="Why it was dismissed, or how else it ended.")
    available_actions: list[FlagAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedListingFlagAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    raised_at: datetime = strawberry.field(description="When it was raised.")
    due_at: datetime = strawberry.field(description="The last instant to put it right.")
    ended_at: datetime | None = strawberry.field(description="When it was put right, dismissed or enforced.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A service to be looked at now.")
class CheckListingInput:
    """→ `domain.listings.CheckListing`."""

    service_id: strawberry.ID = strawberry.field(description="The service.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> CheckListing:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = CheckListing(read.id(ServiceId, self.service_id, "serviceId"))
        read.done()
        return command


@strawberry.input(description="A flag whose cause is put right.")
class CorrectListingInput:
    """→ `domain.listings.CorrectListing`."""

    flag_id: strawberry.ID = strawberry.field(description="The flag.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> CorrectListing:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = CorrectListing(read.id(ListingFlagId, self.flag_id, "flagId"))
        read.done()
        return command


@strawberry.input(description="A flag that the desk drops.")
class DismissListingFlagInput:
    """→ `domain.listings.DismissListingFlag`."""

    flag_id: strawberry.ID = strawberry.field(description="The flag.")
    reason: str = strawberry.field(description="Why nothing is wrong.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> DismissListingFlag:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id = read.id(ListingFlagId, self.flag_id, "flagId")
        command = DismissListingFlag(id, read.required_note(self.reason, "reason"))
        read.done()
        return command


@strawberry.type(description="The flag and its service after the change, or why nothing changed.")
class ListingFlagPayload:
    """What the mutations on a flag answer."""

    listing_flag: ListingFlag | None = strawberry.field(description="The flag; null when nothing changed.")
    service: Service | None = strawberry.field(description="Its service; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ListingQueries:
    """Reading flags."""

    listing_flag: ListingFlag | None = point("The flag of that id; null when there is none for the viewer.", of="flag")
    listing_flags: Connection[ListingFlag] = listing(
        "The flags the viewer may see: a provider those of its services, staff all.",
        filter=ListingFlagFilter,
        order=ByAge,
    )


@strawberry.type
class ListingMutations:
    """What can be done about listings."""

    check_listing: ServicePayload = mutation(
        listings.check_listing,
        CheckListingInput,
        keyed=False,
        description="A service is looked at now: what is wrong is flagged with a deadline, what was put right is "
        "lifted. It is also looked at whenever its words, lanes or charges change.",
    )
    correct_listing: ListingFlagPayload = mutation(
        listings.correct_listing,
        CorrectListingInput,
        keyed=False,
        description="The provider has put a flag's cause right: it is looked at again, and flag and consequence go. "
        "Refused, with everything that still speaks for it, where it is not.",
    )
    dismiss_listing_flag: ListingFlagPayload = mutation(
        listings.dismiss_listing_flag,
        DismissListingFlagInput,
        keyed=False,
        description="The desk finds nothing wrong: flag and consequence go.",
    )
