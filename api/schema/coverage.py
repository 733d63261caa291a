"""Covers in GraphQL: an order under a guarantee, as frozen at payment. They are made by payment, never by hand."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema.arguments import Argument, field
from api.schema.buyers import Buyer
from api.schema.certificates import Certificate
from api.schema.connection import Connection, connection, listing, point
from api.schema.enrolments import Guarantee
from api.schema.enums import described
from api.schema.errors import Finding
from api.schema.node import Node
from api.schema.orders import Order
from api.schema.organisations import ByAge
from api.schema.parties import LiableParty
from api.schema.providers import Provider
from api.schema.rules import RuleVersion
from api.schema.scalars import CountryCode, Money, RuleCode
from api.schema.suppliers import Supplier
from domain.compensation import Form
from domain.coverage import CoverageAction, CoverageState
from domain.guarantees import Base, Exclusion, Promise

if TYPE_CHECKING:
    from api.schema.claims import Claim, ClaimDuty
    from api.schema.holds import HeldClock
    from api.schema.service_requests import ServiceRequest

described(CoverageState)
described(CoverageAction)
described(Form, name="CompensationForm")
described(Base, name="CompensationBase")
described(Exclusion)


@strawberry.input(description="Which covers. What is left out does not matter; conditions add up.")
class CoverageFilter:
    """The fields are the filters of `storage/views/coverage.py`."""

    states: list[CoverageState] | None = strawberry.field(default=None, description="In one of these states.")
    promise: Promise | None = strawberry.field(default=None, description="Of this promise.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="Of this order.")
    buyer_id: strawberry.ID | None = strawberry.field(default=None, description="Of this buyer.")
    liable_party_id: strawberry.ID | None = strawberry.field(
        default=None, description="For which this supplier or provider answers."
    )


@strawberry.type(description="The numbers of a rule, frozen into a cover. What its promise does not know is null.")
class CoverageTerms:
    """`storage.views.coverage.Terms`."""

    share_bp: int | None = strawberry.field(description="The share of the base that is paid, in basis points.")
    cap: Money | None = strawberry.field(description="The most that is paid per order.")
    order_max: Money | None = strawberry.field(
        description="The largest order that it is for, or the most that is paid for one."
    )
    return_days: int | None = strawberry.field(description="Within how many days returned goods leave.")
    result_hours: int | None = strawberry.field(
        description="Within how many hours after returned goods arrive it is known what came of them."
    )
    unreceived_days: int | None = strawberry.field(
        description="For how many days after payment, or the promised day, the buyer may apply while goods are to come."
    )
    countries: list[CountryCode] | None = strawberry.field(description="The countries that it is for; null: wherever.")
    form: Form | None = strawberry.field(description="How it is paid.")
    coupon_days: int | None = strawberry.field(description="For how many days the coupon can be spent.")
    recovery_days: int | None = strawberry.field(
        description="Within how many days a redemption is owed by the liable party."
    )
    base: Base | None = strawberry.field(description="What the share is taken of.")
    apply_days: int | None = strawberry.field(
        description="For how many days after the promise, or after receipt, the buyer may apply."
    )
    hold_hours: int | None = strawberry.field(
        description="How long after the promise compensation waits before it is issued by itself."
    )
    attempt_counts: bool | None = strawberry.field(
        description="Whether an attempted delivery in time keeps the promise."
    )
    service_days: int | None = strawberry.field(description="For how many days after payment service is promised.")
    excludes: list[Exclusion] = strawberry.field(description="What takes the order out of the guarantee.")


@strawberry.type(description="An action on a cover that is not possible now for the viewer, and why.")
class BlockedCoverageAction:
    """`domain.moves.Move`."""

    action: CoverageAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="The cover of one order by one guarantee, frozen at payment.")
class Coverage(Node):
    """`domain.coverage.Coverage`."""

    order: Order | None = strawberry.field(description="The order; null when hidden from the viewer.")
    order_reference: str = strawberry.field(
        description="The shop system's number of that order: both sides see it, also a provider that carried nothing."
    )
    guarantee: Guarantee | None = strawberry.field(description="The guarantee it was bought with.")
    buyer: Buyer | None = strawberry.field(description="Whom it protects.")
    liable_party: LiableParty | None = strawberry.field(description="Who gave the promise and answers for it.")
    supplier: Supplier | None = strawberry.field(description="The liable party, where it is a supplier.")
    provider: Provider | None = strawberry.field(description="The liable party, where it is a provider.")
    promise: Promise = strawberry.field(description="What is promised.")
    state: CoverageState = strawberry.field(description="Where it stands.")
    void_rule: RuleCode | None = strawberry.field(description="The code of the rule that voided it; null otherwise.")
    rule_version: RuleVersion | None = strawberry.field(description="The version of the rule in force at payment.")
    terms: CoverageTerms = strawberry.field(description="Its numbers; a later version changes nothing in them.")
    promised_at: datetime | None = strawberry.field(
        description="The earliest promise among the order's lines; null where no day is promised."
    )
    promised_zone: str = strawberry.field(
        description="The time zone in which that day ends, of the IANA database: that of the country of delivery."
    )
    opens_at: datetime | None = strawberry.field(description="The first instant at which a claim is possible.")
    offered_at: datetime | None = strawberry.field(
        description="When tracking or the calendar alone showed that the promise was broken and the buyer was told "
        "that it may apply, by `coverage.compensation_offered` with the amount and in `myWork`; null where it was "
        "not, where its tier is compensated by itself, and for whoever is neither the buyer nor staff."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which a claim is possible.")
    in_force_at: datetime | None = strawberry.field(description="Since when it protects; null while it is pending.")
    ended_at: datetime | None = strawberry.field(description="When it expired or was voided.")
    certificate: Certificate | None = strawberry.field(
        description="The signed document of what was promised at payment; null for covers older than certificates."
    )
    claims: Connection[Annotated["Claim", strawberry.lazy("api.schema.claims")]] = connection("The claims under it.")
    holds: Connection[Annotated["HeldClock", strawberry.lazy("api.schema.holds")]] = connection(
        "Clocks of it that force majeure stopped, reversed holds included."
    )
    service_requests: Connection[Annotated["ServiceRequest", strawberry.lazy("api.schema.service_requests")]] = (
        connection("The services that were asked for under it.")
    )
    duties: list[Annotated["ClaimDuty", strawberry.lazy("api.schema.claims")]] = strawberry.field(
        description="Everything that somebody must do about its claim and the services under it, as far as the "
        "viewer sees it, the nearest due first."
    )
    available_actions: list[CoverageAction] = strawberry.field(
        description="What the viewer may do now: each mutation will not be refused for state, time or role."
    )
    blocked_actions: list[BlockedCoverageAction] = strawberry.field(
        description="What the viewer may not do now, and why."
    )
    version: int = strawberry.field(description="Grows by one with each change.")


@strawberry.type(description="Whether an order can be bought with a guarantee, before it is paid.")
class Eligibility:
    """`storage.views.coverage.Eligibility`."""

    guarantee: Guarantee | None = strawberry.field(description="The guarantee.")
    eligible: bool = strawberry.field(description="Whether `recordOrder` takes an order like this one with it.")
    included: bool = strawberry.field(description="Whether the order was recorded with it.")
    because: list[Finding] = strawberry.field(description="Every condition that was looked at, met or not.")
    opens_at: datetime | None = strawberry.field(
        description="The first instant to claim, if the order were paid now; null where no day is promised yet."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant to claim, if the order were paid now.")


@strawberry.type
class CoverageQueries:
    """Reading covers."""

    coverage: Coverage | None = point("The cover of that id; null when there is none for the viewer.", of="cover")
    coverages: Connection[Coverage] = listing(
        "The covers the viewer may see: its own, those it answers for, those of what it sold; staff all.",
        filter=CoverageFilter,
        order=ByAge,
    )
    eligibility: Eligibility | None = field(
        "Whether an order can be bought with a guarantee, with all reasons, from the same rules that `recordOrder` "
        "refuses by. Null where the viewer sees no such order or guarantee.",
        Argument("order_id", strawberry.ID, "The order, recorded but not paid."),
        Argument("guarantee_id", strawberry.ID, "The guarantee."),
    )
