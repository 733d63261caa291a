"""Guarantees in GraphQL: what suppliers and providers promise, each under one rule."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.operations import bundles, enrolments
from api.schema import rules as _rules  # noqa: F401 - describes RuleKind
from api.schema.arguments import Argument, field
from api.schema.connection import Connection, connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge
from api.schema.parties import LiableParty
from api.schema.providers import Provider
from api.schema.scalars import CountryCode
from api.schema.suppliers import Supplier
from domain.bundles import BundleAction, JoinBundle, LeaveBundle
from domain.enrolments import (
    AdmitGuarantee,
    DeclineGuarantee,
    GuaranteeAction,
    GuaranteeState,
    OfferGuarantee,
    WithdrawGuarantee,
)
from domain.guarantees import Promise
from domain.ids import BundleId, GuaranteeId, ProviderId, SupplierId
from domain.programmes import ProgrammeParty
from domain.rulebook import RuleKind

if TYPE_CHECKING:
    from api.schema.rules import RuleVersion

for _enum in (Promise, GuaranteeState, GuaranteeAction, BundleAction, ProgrammeParty):
    described(_enum)


@strawberry.input(description="Which guarantees. What is left out does not matter; conditions add up.")
class GuaranteeFilter:
    """The filters of `storage/views/enrolments.py`."""

    promise: Promise | None = strawberry.field(default=None, description="Of this promise.")
    states: list[GuaranteeState] | None = strawberry.field(default=None, description="In one of these states.")
    code: str | None = strawberry.field(default=None, description="Under the rule of this key.")


@strawberry.type(description="An action that is not possible now for the viewer, and why.")
class BlockedGuaranteeAction:
    """`domain.moves.Move`."""

    action: GuaranteeAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="Whether a party may stand for a rule's promise: `offerGuarantee` refuses by the same.")
class GuaranteeEligibility:
    """`storage.views.enrolments.Enrolment`."""

    holds: bool = strawberry.field(description="Whether it may.")
    because: list[Finding] = strawberry.field(description="Everything in the way; empty when it may.")


@strawberry.type(description="A party's offer to stand for a promise under a rule.")
class Guarantee(Node):
    """`domain.enrolments.Guarantee`."""

    code: str = strawberry.field(description="The key of its rule: `guarantees/on_time`.")
    title: str = strawberry.field(description="What people call it.")
    promise: Promise = strawberry.field(description="What is promised.")
    state: GuaranteeState = strawberry.field(description="Where the offer stands.")
    rule: Annotated["RuleVersion", strawberry.lazy("api.schema.rules")] | None = strawberry.field(
        description="The version of its rule that is in force now; an order is judged by the one in force at payment."
    )
    party: LiableParty | None = strawberry.field(description="Who stands for it.")
    supplier: Supplier | None = strawberry.field(description="Who stands for it, where it is a supplier.")
    provider: Provider | None = strawberry.field(description="Who stands for it, where it is a provider.")
    reason: str | None = strawberry.field(
        description="The desk's word for not admitting or for removing it; for its party and staff."
    )
    barred_until: datetime | None = strawberry.field(
        description="The last instant at which its party may not come back after a removal; for its party and staff."
    )
    bundle: Annotated["Bundle", strawberry.lazy("api.schema.enrolments")] | None = strawberry.field(
        description="The bundle that it is a member of, and ends with."
    )
    markets: list[CountryCode] = strawberry.field(
        description="The countries it is offered in; empty: wherever its party sells."
    )
    eligibility: GuaranteeEligibility | None = strawberry.field(
        description="Whether its party may stand for it now, and why not; null for others than its party and staff."
    )
    available_actions: list[GuaranteeAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedGuaranteeAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    offered_at: datetime = strawberry.field(description="Since when it is offered.")
    ends_at: datetime | None = strawberry.field(description="When it ends or ended; null while it is offered.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="Which bundles. What is left out does not matter; conditions add up.")
class BundleFilter:
    """The filters of `storage/views/enrolments.py`."""

    states: list[GuaranteeState] | None = strawberry.field(default=None, description="In one of these states.")
    code: str | None = strawberry.field(default=None, description="Under the rule of this key.")


@strawberry.type(description="An action that is not possible now for the viewer, and why.")
class BlockedBundleAction:
    """`domain.moves.Move`."""

    action: BundleAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="A party's enrolment in several guarantees at once: semi-managed is one.")
class Bundle(Node):
    """`domain.bundles.Bundle`."""

    code: str = strawberry.field(description="The key of its rule: `bundles/semi_managed`.")
    title: str = strawberry.field(description="What people call it.")
    state: GuaranteeState = strawberry.field(description="Where it stands: as its members do.")
    rule: Annotated["RuleVersion", strawberry.lazy("api.schema.rules")] | None = strawberry.field(
        description="The version of its rule that is in force now."
    )
    party: LiableParty | None = strawberry.field(description="Who stands for it.")
    markets: list[CountryCode] = strawberry.field(description="The countries it is offered in.")
    guarantees: Connection[Guarantee] = connection("Its members; they begin and end with it.")
    available_actions: list[BundleAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedBundleAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    joined_at: datetime = strawberry.field(description="Since when it is offered.")
    ends_at: datetime | None = strawberry.field(description="When its notice is over, or when it ended.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(description="A programme as a party finds it: its conditions, and where the party stands in it.")
class Programme:
    """`storage.views.enrolments.OpenProgramme`."""

    code: str = strawberry.field(description="The key of its rule: `guarantees/on_time`, `bundles/semi_managed`.")
    title: str = strawberry.field(description="What people call it.")
    kind: RuleKind = strawberry.field(description="What its rule is about: a guarantee, or a bundle of them.")
    state: str = strawberry.field(
        description="`OFFERED` while the party is not in it; else the state of its guarantee or bundle."
    )
    parties: list[ProgrammeParty] = strawberry.field(description="Who may stand for it.")
    markets: list[CountryCode] = strawberry.field(description="The countries that it runs in; empty: everywhere.")
    review: bool = strawberry.field(description="Whether the desk looks at each party before it is admitted.")
    notice_days: int = strawberry.field(description="For how many days whoever leaves stands for what is bought.")
    service_points: int = strawberry.field(description="How many service points are needed in each market.")
    holds: bool = strawberry.field(description="Whether the party could enter now, in all of the markets.")
    because: list[Finding] = strawberry.field(description="Everything in the way; empty when it could.")
    guarantee: Guarantee | None = strawberry.field(description="The party's guarantee in it, if it has one.")
    bundle: Bundle | None = strawberry.field(description="The party's bundle in it, if it has joined.")


@strawberry.input(description="A guarantee to be offered.")
class OfferGuaranteeInput:
    """→ `domain.enrolments.OfferGuarantee`."""

    rule_key: str = strawberry.field(description="The key of the rule: `guarantees/on_time`.")
    party_id: strawberry.ID | None = strawberry.field(
        default=None, description="The supplier or provider who shall stand for it; yourself when left out."
    )
    markets: list[CountryCode] | None = strawberry.field(
        default=None, description="The countries it is offered in; wherever the party sells when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> OfferGuarantee:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        party_id = None if self.party_id is None else _party(read, self.party_id)
        read.rule_key(self.rule_key, "ruleKey")
        read.done()
        return OfferGuarantee(self.rule_key, party_id, tuple(map(str, self.markets or ())))


@strawberry.input(description="A guarantee to be withdrawn.")
class WithdrawGuaranteeInput:
    """→ `domain.enrolments.WithdrawGuarantee`."""

    guarantee_id: strawberry.ID = strawberry.field(description="The guarantee.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> WithdrawGuarantee:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = WithdrawGuarantee(read.id(GuaranteeId, self.guarantee_id, "guaranteeId"))
        read.done()
        return command


@strawberry.input(description="A party to be admitted to the guarantee it applied for.")
class AdmitGuaranteeInput:
    """→ `domain.enrolments.AdmitGuarantee`."""

    guarantee_id: strawberry.ID = strawberry.field(description="The guarantee.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> AdmitGuarantee:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AdmitGuarantee(read.id(GuaranteeId, self.guarantee_id, "guaranteeId"))
        read.done()
        return command


@strawberry.input(description="A party not to be admitted to the guarantee it applied for.")
class DeclineGuaranteeInput:
    """→ `domain.enrolments.DeclineGuarantee`."""

    guarantee_id: strawberry.ID = strawberry.field(description="The guarantee.")
    reason: str = strawberry.field(description="Why; its party reads it.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> DeclineGuarantee:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = DeclineGuarantee(
            read.id(GuaranteeId, self.guarantee_id, "guaranteeId"), read.name(self.reason, "reason")
        )
        read.done()
        return command


@strawberry.input(description="A bundle to be joined.")
class JoinBundleInput:
    """→ `domain.bundles.JoinBundle`."""

    rule_key: str = strawberry.field(description="The key of the bundle's rule: `bundles/semi_managed`.")
    party_id: strawberry.ID | None = strawberry.field(
        default=None, description="The supplier or provider who shall stand for it; yourself when left out."
    )
    markets: list[CountryCode] | None = strawberry.field(
        default=None, description="The countries it is offered in; all that the bundle is for when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> JoinBundle:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        party_id = None if self.party_id is None else _party(read, self.party_id)
        read.rule_key(self.rule_key, "ruleKey")
        read.done()
        return JoinBundle(self.rule_key, party_id, tuple(map(str, self.markets or ())))


@strawberry.input(description="A bundle to be left.")
class LeaveBundleInput:
    """→ `domain.bundles.LeaveBundle`."""

    bundle_id: strawberry.ID = strawberry.field(description="The bundle.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> LeaveBundle:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = LeaveBundle(read.id(BundleId, self.bundle_id, "bundleId"))
        read.done()
        return command


def _party(read: Reader, text: str) -> SupplierId | ProviderId:
    if text.startswith(f"{SupplierId.prefix}_"):
        return read.id(SupplierId, text, "partyId")
    return read.id(ProviderId, text, "partyId")


@strawberry.type(description="The bundle after the change, or why nothing changed.")
class BundlePayload:
    """What the mutations on a bundle answer."""

    bundle: Bundle | None = strawberry.field(description="The bundle; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The guarantee after the change, or why nothing changed.")
class GuaranteePayload:
    """What the mutations on a guarantee answer."""

    guarantee: Guarantee | None = strawberry.field(description="The guarantee; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class GuaranteeQueries:
    """Reading guarantees."""

    guarantee: Guarantee | None = point(
        "The guarantee of that id; null when there is none for the viewer.", of="guarantee"
    )
    guarantees: Connection[Guarantee] = listing(
        "The guarantees on offer; ended ones for staff, their party, and who bought with them.",
        filter=GuaranteeFilter,
        order=ByAge,
    )
    guarantee_eligibility: GuaranteeEligibility | None = field(
        "Whether a party could offer a rule's guarantee now, and everything in the way. Null for others than the party "
        "and staff.",
        Argument("rule_key", str, "The key of the rule: `guarantees/on_time`."),
        Argument("party_id", strawberry.ID | None, "The supplier or provider; yourself when left out.", None),
        Argument("markets", list[CountryCode] | None, "The countries it would be offered in.", None),
    )

    bundle: Bundle | None = point("The bundle of that id; null when there is none for the viewer.", of="bundle")
    bundles: Connection[Bundle] = listing(
        "The bundles on offer; ended ones for staff and their party.", filter=BundleFilter, order=ByAge
    )
    programmes: list[Programme] | None = field(
        "Every programme of guarantees for a party: its conditions, and where the party stands in it. Null for others "
        "than the party and staff.",
        Argument("party_id", strawberry.ID | None, "The supplier or provider; yourself when left out.", None),
    )


@strawberry.type
class GuaranteeMutations:
    """What can be done with guarantees."""

    offer_guarantee: GuaranteePayload = mutation(
        enrolments.offer_guarantee,
        OfferGuaranteeInput,
        keyed=False,
        description="A supplier or provider stands for a rule's promise from now on.",
    )
    withdraw_guarantee: GuaranteePayload = mutation(
        enrolments.withdraw_guarantee,
        WithdrawGuaranteeInput,
        keyed=False,
        description="Its party gives notice: a guarantee is offered until that is over. What was bought stays covered.",
    )
    admit_guarantee: GuaranteePayload = mutation(
        enrolments.admit_guarantee,
        AdmitGuaranteeInput,
        keyed=False,
        description="The desk lets a party stand for the guarantee that it applied for.",
    )
    decline_guarantee: GuaranteePayload = mutation(
        enrolments.decline_guarantee,
        DeclineGuaranteeInput,
        keyed=False,
        description="The desk does not, and says why.",
    )
    join_bundle: BundlePayload = mutation(
        bundles.join_bundle,
        JoinBundleInput,
        keyed=False,
        description="A party stands for several guarantees as one; what it offers by itself already becomes a member.",
    )
    leave_bundle: BundlePayload = mutation(
        bundles.leave_bundle,
        LeaveBundleInput,
        keyed=False,
        description="A party gives notice: a bundle and its members are offered until that is over.",
    )
