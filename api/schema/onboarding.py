"""Onboarding in GraphQL: inviting, applying, handing in, reviewing, approving and rejecting providers."""

from datetime import datetime
from typing import Final

import strawberry

from api.operations import onboarding, proofs, reviews
from api.schema.arguments import Argument, field
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.organisations import KEY, VERSION, Invitation
from api.schema.personal import Personal
from api.schema.providers import Provider, ProviderPayload
from api.schema.requirements import RequirementItem, RequirementStanding, Review
from api.schema.scalars import CountryCode, MoneyInput
from domain import identifiers
from domain.errors import Problem
from domain.ids import ApiKeyId, Id, MemberId, ProviderId, RequirementItemId, ReviewId, UploadId
from domain.modes import ServiceMode
from domain.onboarding import (
    AmendApplication,
    ApplicationStep,
    ApplicationVerdict,
    ApplyAsProvider,
    InviteProvider,
    ItemVerdict,
    OverrideApproval,
    SubmitRequirement,
    WaiveRequirement,
)
from domain.parties import Registration
from domain.proofs import Proof
from domain.providers import Offer, ProviderKind, ProviderTier, Trait, offer_problems
from domain.reviews import AssignReview
from domain.terms import COUNT_MAX

OF: Final = "The provider; your own when left out."
REASON: Final = "Why, in words that the provider may read."
DEVICE_CHARACTERS_MAX: Final = 256
"""Fingerprints of devices are digests or a little more."""
MARKETS_MAX: Final = 249
"""As many as there are countries."""


@strawberry.input(description="What a provider says it is and offers: it decides what the provider has to prove.")
class ProviderOfferInput:
    """→ `domain.providers.Offer`."""

    kind: ProviderKind = strawberry.field(description="What it is.")
    served_markets: list[CountryCode] = strawberry.field(
        default_factory=list, description="The countries it serves; at least one before the application is handed in."
    )
    services: list[ServiceMode] = strawberry.field(
        default_factory=list, description="What it does; at least one before the application is handed in."
    )
    traits: list[Trait] = strawberry.field(
        default_factory=list, description="What else it declares about itself; empty: nothing."
    )
    tier: ProviderTier = strawberry.field(
        default=ProviderTier.STANDARD, description="How it wants to stand to the marketplace."
    )
    monthly_volume: int | None = strawberry.field(
        default=None, description="How many shipments or jobs a month it expects; needed before handing in."
    )

    def declared(self, *path: str) -> Offer:
        """The offer. Refuses with Invalid, naming every problem."""
        read = Reader()
        offer = self.offer(read)
        read.problems.extend(offer_problems(offer, *path))
        read.done()
        return offer

    def offer(self, read: Reader) -> Offer:
        """The offer; what is wrong with it is noted."""
        if len(self.served_markets) > MARKETS_MAX:
            read.problems.append(Problem(("offer", "servedMarkets"), f"At most {MARKETS_MAX} markets."))
        return Offer(
            self.kind,
            frozenset(map(str, self.served_markets)),
            frozenset(self.services),
            frozenset(self.traits),
            self.tier,
            self.monthly_volume,
        )


@strawberry.input(description="A company that shall be asked to apply.")
class InviteProviderInput:
    """→ `domain.onboarding.InviteProvider`."""

    name: str = strawberry.field(description="Its name, at most 200 characters.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    email: str = strawberry.field(description="Where its letter goes.", directives=[Personal()])
    offer: ProviderOfferInput = strawberry.field(description="What it is and offers, as far as that is known.")
    reference: str | None = strawberry.field(
        default=None, description="The marketplace's own number for it; unique among providers."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> InviteProvider:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        wish = Registration(read.name(self.name, "name"), self.country, self.reference)
        command = InviteProvider(wish, self.offer.offer(read), self.email.strip())
        read.done(command)
        return command


@strawberry.input(description="A company that wants to become a provider: the caller's.")
class ApplyAsProviderInput:
    """→ `domain.onboarding.ApplyAsProvider`."""

    name: str = strawberry.field(description="The company's name, at most 200 characters.")
    country: CountryCode = strawberry.field(description="Where it is at home.")
    offer: ProviderOfferInput = strawberry.field(description="What it is and offers; can be changed until handed in.")
    device: str | None = strawberry.field(
        default=None,
        description="A fingerprint of the device it applies from; only a keyed digest of it is kept.",
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ApplyAsProvider:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        wish = Registration(read.name(self.name, "name"), self.country)
        command = ApplyAsProvider(wish, self.offer.offer(read), self.device)
        if self.device is not None and not 0 < len(self.device) <= DEVICE_CHARACTERS_MAX:
            read.problems.append(Problem(("device",), f"1 to {DEVICE_CHARACTERS_MAX} characters."))
        read.done(command)
        return command


@strawberry.input(description="What an application shall say from now on.")
class AmendApplicationInput:
    """→ `domain.onboarding.AmendApplication`."""

    offer: ProviderOfferInput = strawberry.field(description="What the provider is and offers: all of it, anew.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description=OF)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AmendApplication:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AmendApplication(read.optional_id(ProviderId, self.provider_id, "providerId"), self.offer.offer(read))
        read.rules(offer_problems(command.offer, "offer"))
        read.done()
        return command


@strawberry.input(description="Something handed in for a requirement. Which members it needs follows from its kind.")
class SubmitRequirementInput:
    """→ `domain.onboarding.SubmitRequirement`."""

    requirement: str = strawberry.field(description="The requirement's key.")
    value: str | None = strawberry.field(default=None, description="The number, for an identifier.")
    personal_value: str | None = strawberry.field(
        default=None, description="The number, where the requirement is about a person.", directives=[Personal()]
    )
    declared: bool | None = strawberry.field(default=None, description="True, for a declaration.")
    amount: MoneyInput | None = strawberry.field(default=None, description="The amount, for a figure in money.")
    quantity: int | None = strawberry.field(default=None, description="The number, for a figure that is counted.")
    upload_id: strawberry.ID | None = strawberry.field(
        default=None, description="An accepted upload of the provider, for a document or a scan."
    )
    note: str | None = strawberry.field(default=None, description="What the desk should know, at most a page.")
    valid_from: datetime | None = strawberry.field(default=None, description="From when on it counts.")
    valid_until: datetime | None = strawberry.field(default=None, description="Its last instant, inclusive.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description=OF)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> SubmitRequirement:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        given = self.amount
        proof = Proof(
            value=self.value,
            declared=self.declared,
            amount=None if given is None else read.money(given, "amount", least=0),
            quantity=self.quantity,
            upload_id=read.optional_id(UploadId, self.upload_id, "uploadId"),
            note=read.note(self.note, "note"),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )
        for name, text in (("value", self.value), ("personalValue", self.personal_value)):
            if text is not None:
                read.line(text, name, most=identifiers.CHARACTERS_MAX)
        if self.quantity is not None:
            read.number(self.quantity, "quantity", least=0, most=COUNT_MAX)
        command = SubmitRequirement(
            read.optional_id(ProviderId, self.provider_id, "providerId"),
            read.name(self.requirement, "requirement"),
            proof,
            self.personal_value,
        )
        read.done()
        return command


@strawberry.input(description="A step of an application that needs no further words.")
class ApplicationStepInput:
    """→ `domain.onboarding.ApplicationStep`."""

    provider_id: strawberry.ID | None = strawberry.field(default=None, description=OF)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ApplicationStep:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ApplicationStep(read.optional_id(ProviderId, self.provider_id, "providerId"))
        read.done()
        return command


@strawberry.input(description="A step of the desk with its reason.")
class ApplicationVerdictInput:
    """→ `domain.onboarding.ApplicationVerdict`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ApplicationVerdict:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ApplicationVerdict(
            read.id(ProviderId, self.provider_id, "providerId"), read.required_note(self.reason, "reason")
        )
        read.done()
        return command


@strawberry.input(description="A yes although requirements are open: the caller answers for them until a day.")
class OverrideApprovalInput:
    """→ `domain.onboarding.OverrideApproval`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider.")
    reason: str = strawberry.field(description=REASON)
    until: datetime = strawberry.field(description="The last instant of the waivers that this makes.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> OverrideApproval:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = OverrideApproval(
            read.id(ProviderId, self.provider_id, "providerId"),
            read.required_note(self.reason, "reason"),
            self.until,
        )
        read.done()
        return command


@strawberry.input(description="Something handed in that is accepted.")
class AcceptRequirementInput:
    """→ `domain.onboarding.ItemVerdict`."""

    item_id: strawberry.ID = strawberry.field(description="What was handed in.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ItemVerdict:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ItemVerdict(read.id(RequirementItemId, self.item_id, "itemId"))
        read.done()
        return command


@strawberry.input(description="Something handed in that does not do.")
class RejectRequirementInput:
    """→ `domain.onboarding.ItemVerdict`."""

    item_id: strawberry.ID = strawberry.field(description="What was handed in.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ItemVerdict:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = ItemVerdict(
            read.id(RequirementItemId, self.item_id, "itemId"), read.required_note(self.reason, "reason")
        )
        read.done()
        return command


@strawberry.input(description="A requirement that the caller answers for until a day.")
class WaiveRequirementInput:
    """→ `domain.onboarding.WaiveRequirement`."""

    provider_id: strawberry.ID = strawberry.field(description="The provider.")
    requirement: str = strawberry.field(description="The requirement's key.")
    until: datetime = strawberry.field(description="The last instant of the waiver.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> WaiveRequirement:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = WaiveRequirement(
            read.id(ProviderId, self.provider_id, "providerId"),
            read.name(self.requirement, "requirement"),
            self.until,
            read.required_note(self.reason, "reason"),
        )
        read.done()
        return command


@strawberry.input(description="A review that somebody of the desk takes over.")
class AssignReviewInput:
    """→ `domain.reviews.AssignReview`."""

    review_id: strawberry.ID = strawberry.field(description="The review.")
    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="A person or key of your own organisation; yourself when left out."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AssignReview:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        review_id = read.id(ReviewId, self.review_id, "reviewId")
        assignee: Id | None = None
        if self.assignee_id is not None and self.assignee_id.startswith(f"{ApiKeyId.prefix}_"):
            assignee = read.id(ApiKeyId, self.assignee_id, "assigneeId")
        elif self.assignee_id is not None:
            assignee = read.id(MemberId, self.assignee_id, "assigneeId")
        read.done()
        return AssignReview(review_id, assignee)


@strawberry.type(description="The invited provider and its letter, or why nothing changed.")
class InviteProviderPayload:
    """What inviteProvider answers."""

    provider: Provider | None = strawberry.field(description="The provider; null when nothing changed.")
    invitation: Invitation | None = strawberry.field(description="The invitation; null when nothing changed.")
    secret: str | None = strawberry.field(
        description="The text of the letter, for `acceptInvitation`: shown this once, null in a repeat."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The application that was begun, or why nothing changed.")
class ApplyAsProviderPayload:
    """What applyAsProvider answers."""

    provider: Provider | None = strawberry.field(
        description="The provider; null when nothing changed, and for a person who is its member from now on only."
    )
    provider_id: strawberry.ID | None = strawberry.field(description="Its id; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="What was handed in and its provider after the change, or why nothing changed.")
class RequirementItemPayload:
    """What the mutations on requirements answer."""

    item: RequirementItem | None = strawberry.field(description="What was handed in; null when nothing changed.")
    provider: Provider | None = strawberry.field(description="The provider; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The review after the change, or why nothing changed.")
class ReviewPayload:
    """What assignReview answers."""

    review: Review | None = strawberry.field(description="The review; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class OnboardingQueries:
    """What a company can know before it applies."""

    requirements_for: list[RequirementStanding] = field(
        "What a provider with such an offer would be asked for now: for whoever thinks of applying.",
        Argument("country", CountryCode, "Where it is at home."),
        Argument("offer", ProviderOfferInput, "What it is and offers."),
    )


@strawberry.type
class OnboardingMutations:
    """What can be done with applications."""

    invite_provider: InviteProviderPayload = mutation(
        onboarding.invite_provider,
        InviteProviderInput,
        keyed=False,
        gathers=True,
        description="The desk asks a company to apply; whoever accepts the letter is its first member.",
    )
    apply_as_provider: ApplyAsProviderPayload = mutation(
        onboarding.apply_as_provider,
        ApplyAsProviderInput,
        keyed=False,
        gathers=True,
        description="The caller's company begins an application. A person who belongs to nothing is its first member "
        "and acts for it from the next request on.",
    )
    amend_application: ProviderPayload = mutation(
        onboarding.amend_application,
        AmendApplicationInput,
        keyed=False,
        description="An application says something else about what the provider is and offers.",
    )
    submit_requirement: RequirementItemPayload = mutation(
        proofs.submit_requirement,
        SubmitRequirementInput,
        keyed=False,
        description="Something is handed in for a requirement, at first or as a renewal. Refused, with every reason, "
        "when it cannot meet the requirement. What stands goes on standing until this is accepted.",
    )
    submit_application: ProviderPayload = mutation(
        onboarding.submit_application,
        ApplicationStepInput,
        keyed=False,
        description="An application is handed in, screened and in the desk's queue. Refused by exactly what "
        "`onboarding.missing` lists.",
    )
    reopen_application: ProviderPayload = mutation(
        onboarding.reopen_application,
        ApplicationStepInput,
        keyed=False,
        description="A provider that was rejected, removed or has left applies again. Refused while it, or one "
        "related to it, is barred.",
    )
    assign_review: ReviewPayload = mutation(
        reviews.assign_review,
        AssignReviewInput,
        keyed=False,
        description="Somebody of the desk takes a review over.",
    )
    accept_requirement: RequirementItemPayload = mutation(
        proofs.accept_requirement,
        AcceptRequirementInput,
        keyed=False,
        description="What was handed in proves what it should. Where two people have to accept it, the first look is "
        "noted and a second person's makes it count.",
    )
    reject_requirement: RequirementItemPayload = mutation(
        proofs.reject_requirement,
        RejectRequirementInput,
        keyed=False,
        description="What was handed in does not do, for a reason.",
    )
    waive_requirement: RequirementItemPayload = mutation(
        proofs.waive_requirement,
        WaiveRequirementInput,
        keyed=False,
        description="The caller answers for a requirement that is not met, until a day, for a reason.",
    )
    admit_to_review: ProviderPayload = mutation(
        onboarding.admit_to_review,
        ApplicationVerdictInput,
        keyed=False,
        description="An application goes on to review although an automatic rule found something.",
    )
    request_changes: ProviderPayload = mutation(
        onboarding.request_changes,
        ApplicationVerdictInput,
        keyed=False,
        description="The applicant has to correct something until a deadline; then the application is a draft again.",
    )
    approve_application: ProviderPayload = mutation(
        onboarding.approve_application,
        ApplicationStepInput,
        keyed=False,
        description="The provider is approved, and active if nothing is open. Refused, with every reason, while a "
        "requirement is neither accepted nor waived at this instant. Some kinds are approved by two people.",
    )
    override_approval: ProviderPayload = mutation(
        onboarding.override_approval,
        OverrideApprovalInput,
        keyed=False,
        description="The provider is approved although requirements are open: each is waived by the caller.",
    )
    reject_application: ProviderPayload = mutation(
        onboarding.reject_application,
        ApplicationVerdictInput,
        keyed=False,
        description="The answer is no, for a reason; the provider may apply again after the cool-down.",
    )
    activate_provider: ProviderPayload = mutation(
        onboarding.activate_provider,
        ApplicationStepInput,
        keyed=False,
        description="An approved provider works from now on, once what activation waited for is there.",
    )
