"""Requirements in GraphQL: how they stand for a provider, what was handed in, and the desk's queue of reviews."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.schema import modes as _modes  # noqa: F401 - describes the shared enums
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding
from api.schema.node import Node
from api.schema.organisations import ByAge
from api.schema.personal import Personal
from api.schema.scalars import CountryCode, Money
from domain.gates import Action
from domain.identifiers import IdentifierScheme
from domain.modes import ServiceMode
from domain.proofs import RequirementAction
from domain.providers import ProviderAction, ProviderKind, ProviderState, ProviderTier, Trait
from domain.requirements import Actor, ItemState, RequirementKind, RequirementStatus, Stage
from domain.reviews import ReviewAction, ReviewState
from domain.uploads import UploadKind

if TYPE_CHECKING:
    from api.schema.decisions import Decision
    from api.schema.providers import Provider
    from api.schema.rules import RuleVersion
    from api.schema.uploads import Upload


class ReviewOrder(StrEnum):
    """Orders of the desk's queue."""

    MOST_URGENT_FIRST = "MOST_URGENT_FIRST"
    """What is overdue, then preferred providers, each by deadline."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By when the application came in, the earliest first."""
    NEWEST_FIRST = "NEWEST_FIRST"
    """By when the application came in, the latest first."""


for _enum in (ProviderKind, ProviderState, ProviderTier, ProviderAction, RequirementKind, RequirementStatus):
    described(_enum)
for _word in (ItemState, RequirementAction, IdentifierScheme, ReviewState, ReviewAction, ReviewOrder):
    described(_word)
described(Trait, name="ProviderTrait")
described(Stage, name="RequirementStage")
described(Actor, name="RequirementActor")


@strawberry.input(description="Which things handed in. What is left out does not matter; conditions add up.")
class RequirementItemFilter:
    """The filters of `storage/views/onboarding.py`."""

    states: list[ItemState] | None = strawberry.field(default=None, description="In one of these states.")
    requirement: str | None = strawberry.field(default=None, description="For the requirement of this key.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")


@strawberry.input(description="Which reviews. What is left out does not matter; conditions add up.")
class ReviewFilter:
    """The filters of `storage/views/onboarding.py`."""

    states: list[ReviewState] | None = strawberry.field(default=None, description="In one of these states.")
    kinds: list[ProviderKind] | None = strawberry.field(default=None, description="Of providers of these kinds.")
    countries: list[CountryCode] | None = strawberry.field(
        default=None, description="Of providers at home in one of these countries."
    )
    overdue: bool | None = strawberry.field(default=None, description="Whose deadline the desk let pass, or not.")
    assigned: bool | None = strawberry.field(default=None, description="That somebody has taken over, or not; staff.")
    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="That this person or key has taken over; staff."
    )
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Of this provider.")


@strawberry.type(description="An action on something handed in that is not possible now for the viewer, and why.")
class BlockedRequirementAction:
    """`domain.moves.Move`."""

    action: RequirementAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="An action on a review that is not possible now for the viewer, and why.")
class BlockedReviewAction:
    """`domain.moves.Move`."""

    action: ReviewAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="An action on a provider that is not possible now for the viewer, and why.")
class BlockedProviderAction:
    """`domain.moves.Move`."""

    action: ProviderAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="What a provider handed in for a requirement, or the waiver that stands in for it.")
class RequirementItem(Node):
    """`domain.requirements.RequirementItem`."""

    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="Who handed it in."
    )
    requirement: str = strawberry.field(description="The key of the requirement.")
    state: ItemState = strawberry.field(description="What was made of it.")
    status: RequirementStatus | None = strawberry.field(
        description="How the requirement would stand by this alone now; null where no rule has it any more."
    )
    personal: bool = strawberry.field(description="Whether it is about a person.")
    value: str | None = strawberry.field(
        description="The number, in its one spelling; null where none was given or it is about a person."
    )
    personal_value: str | None = strawberry.field(
        description="The number, where it is about a person. Reading it leaves an audit row.", directives=[Personal()]
    )
    declared: bool | None = strawberry.field(description="True where it is a statement.")
    amount: Money | None = strawberry.field(description="The amount of a bond, an insurance or the like.")
    quantity: int | None = strawberry.field(description="The number of years, engineers or the like.")
    upload: Annotated["Upload", strawberry.lazy("api.schema.uploads")] | None = strawberry.field(
        description="The document; null where there is none."
    )
    note: str | None = strawberry.field(description="What the applicant wrote beside it.")
    valid_from: datetime | None = strawberry.field(description="From when on it counts, where it says so.")
    valid_until: datetime | None = strawberry.field(description="Its last instant, inclusive; null where it has none.")
    submitted_at: datetime = strawberry.field(description="When it was handed in.")
    submitted_by: strawberry.ID | None = strawberry.field(description="By which person or key; for staff.")
    endorsed_by: strawberry.ID | None = strawberry.field(
        description="Who accepted it first, where two have to; for staff."
    )
    reviewed_by: strawberry.ID | None = strawberry.field(description="Who accepted, rejected or waived it; for staff.")
    reviewed_at: datetime | None = strawberry.field(description="When it was accepted, rejected or waived.")
    reason: str | None = strawberry.field(description="Why it was rejected or waived, in words.")
    rule: Annotated["RuleVersion", strawberry.lazy("api.schema.rules")] | None = strawberry.field(
        description="The rule version under which it was handed in."
    )
    available_actions: list[RequirementAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedRequirementAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="One application in the desk's queue.")
class Review(Node):
    """`domain.reviews.Review`."""

    provider: Annotated["Provider", strawberry.lazy("api.schema.providers")] | None = strawberry.field(
        description="Who applies."
    )
    kind: ProviderKind = strawberry.field(description="What it was when it handed the application in.")
    country: CountryCode = strawberry.field(description="Where it was at home then.")
    state: ReviewState = strawberry.field(description="Where the review stands.")
    rounds: int = strawberry.field(description="How often the application was handed in.")
    overdue: bool = strawberry.field(description="Whether the desk let its deadline pass.")
    assignee_id: strawberry.ID | None = strawberry.field(
        description="The person or key of the desk who has it; null where nobody has; for staff."
    )
    endorsed_by: strawberry.ID | None = strawberry.field(
        description="Who approved first, where two have to; for staff."
    )
    note: str | None = strawberry.field(description="What has to be corrected, or why it ended as it did.")
    opened_at: datetime = strawberry.field(description="When the application was first handed in.")
    due_at: datetime = strawberry.field(
        description="The last instant for the desk while it is open, for the applicant while it waits."
    )
    closed_at: datetime | None = strawberry.field(description="When it ended; null before.")
    decision: Annotated["Decision", strawberry.lazy("api.schema.decisions")] | None = strawberry.field(
        description="Why it ended as it did; null before, and where nobody decided."
    )
    available_actions: list[ReviewAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedReviewAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(
    description="What depends on a requirement. What is empty is meant whole: no service named is every one."
)
class RequirementGates:
    """`domain.gates.Gates`."""

    services: list[ServiceMode] = strawberry.field(description="These services; empty: all.")
    markets: list[CountryCode] = strawberry.field(description="In these markets; empty: all.")
    actions: list[Action] = strawberry.field(description="These actions; empty: all.")


@strawberry.type(description="How one requirement stands for one provider.")
class RequirementStanding:
    """`storage.views.onboarding.ShownRequirement`."""

    key: str = strawberry.field(description="The requirement's key, for `submitRequirement`.")
    title: str = strawberry.field(description="What it is, in words.")
    kind: RequirementKind = strawberry.field(description="How it is met.")
    stage: Stage = strawberry.field(description="Up to when it has to be met.")
    status: RequirementStatus = strawberry.field(description="How it stands now.")
    because: list[Finding] = strawberry.field(description="What exactly is wrong; empty where nothing is.")
    actor: Actor = strawberry.field(description="Who has to act next.")
    until: datetime | None = strawberry.field(description="The last instant of what stands; null where it has none.")
    gates: RequirementGates = strawberry.field(description="What depends on it.")
    scheme: IdentifierScheme | None = strawberry.field(description="Whose number it is, where it is one.")
    least: Money | None = strawberry.field(description="The least amount, where it is one.")
    least_count: int | None = strawberry.field(description="The least number, where it is one.")
    scan: bool = strawberry.field(description="Whether a document has to be handed in.")
    files: list[UploadKind] = strawberry.field(
        description="Of which of these kinds the document is; none where no document has to be handed in."
    )
    dated: bool = strawberry.field(description="Whether its last day has to be named.")
    four_eyes: bool = strawberry.field(description="Whether two people have to accept it.")
    personal: bool = strawberry.field(description="Whether it is about a person.")
    source: str = strawberry.field(description="Where the requirement and its numbers come from.")
    rule_version_id: strawberry.ID = strawberry.field(description="The rule version that asks for it.")
    item: RequirementItem | None = strawberry.field(description="What decides the status; null where nothing does.")
    pending: RequirementItem | None = strawberry.field(
        description="The renewal beside it that waits for the desk, or was rejected; null where there is none."
    )


@strawberry.type(description="Something that stands between an application and its next step.")
class OnboardingGap:
    """`storage.views.onboarding.Gap`."""

    requirement: str | None = strawberry.field(
        description="The requirement's key; null where it is about the application itself, or about a bar."
    )
    because: list[Finding] = strawberry.field(description="What exactly is wrong.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone removes it; null where somebody has to act."
    )


@strawberry.type(description="How far an application has come.")
class OnboardingProgress:
    """`storage.views.onboarding.Progress`."""

    asked: int = strawberry.field(description="How many requirements are asked of the provider.")
    met: int = strawberry.field(description="How many are accepted or waived and count now.")
    submitted: int = strawberry.field(description="How many wait for the desk.")
    open: int = strawberry.field(description="How many are neither.")
    basis_points: int = strawberry.field(description="How many of those asked are met, in hundredths of a percent.")


@strawberry.type(description="A provider's application as it stands.")
class Onboarding:
    """`storage.views.onboarding.Onboarding`."""

    progress: OnboardingProgress = strawberry.field(description="How far it has come.")
    requirements: list[RequirementStanding] = strawberry.field(
        description="Every requirement that is asked of it, in the order of the rules."
    )
    missing: list[OnboardingGap] = strawberry.field(
        description="What has to happen before it can be handed in: `submitApplication` refuses by exactly this list."
    )
    unaccepted: list[OnboardingGap] = strawberry.field(
        description="What is neither accepted nor waived: approval and activation wait for it."
    )


ONBOARDING: Any = strawberry.field(description="How its application and requirements stand; for staff and itself.")
REQUIREMENT_ITEMS: Any = connection(
    "What it handed in; for staff and itself.", filter=RequirementItemFilter, order=ByAge
)
REVIEWS: Any = connection("Its applications at the desk; for staff and itself.", filter=ReviewFilter, order=ReviewOrder)


@strawberry.type
class RequirementQueries:
    """Reading what was handed in, and the queue."""

    requirement_item: RequirementItem | None = point(
        "The thing handed in of that id; null when there is none for the viewer.", of="thing handed in"
    )
    requirement_items: Connection[RequirementItem] = listing(
        "What was handed in: all of it for staff, its own for a provider.", filter=RequirementItemFilter, order=ByAge
    )
    review: Review | None = point("The review of that id; null when there is none for the viewer.", of="review")
    reviews: Connection[Review] = listing(
        "The desk's queue of applications: all for staff, its own for a provider.",
        filter=ReviewFilter,
        order=ReviewOrder,
    )
