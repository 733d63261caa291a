"""Carrier claims in GraphQL: what is asked back from carriers, and who bore a claim in the end."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import strawberry

from api.operations import carrier_claims
from api.schema.arguments import Argument, field
from api.schema.claims import Claim
from api.schema.connection import Connection, connection, listing, point
from api.schema.decisions import Decision
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.legs import Leg
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION
from api.schema.providers import Provider
from api.schema.scalars import Money, MoneyInput
from api.schema.shipments import Shipment
from domain import carrier_claims as rules
from domain.carriage import Consignment, LossKind, Regime
from domain.carrier_claims import (
    AmendCarrierClaim,
    AnswerCarrierClaim,
    CarrierAnswer,
    CarrierClaimAction,
    CarrierClaimState,
    CollectCarrierClaim,
    OpenCarrierClaim,
    TellCarrier,
    WriteOffCarrierClaim,
)
from domain.ids import CarrierClaimId, ClaimId, LegId, ShipmentId

described(Regime, name="CarriageRegime")
described(LossKind, name="CarriageLossKind")
described(CarrierClaimState)
described(CarrierClaimAction)
described(CarrierAnswer)

CASE = "The case."
REFERENCE = "The carrier's own number for it, at most 100 characters; left out, the known one stays."


class CarrierClaimOrder(StrEnum):
    """Orders of a list of carrier claims."""

    NEWEST_FIRST = "NEWEST_FIRST"
    """By opening, the latest first."""
    OLDEST_FIRST = "OLDEST_FIRST"
    """By opening, the earliest first."""
    MOST_URGENT = "MOST_URGENT"
    """By what has to be done next, the earliest deadline first."""


described(CarrierClaimOrder)


@strawberry.input(description="Which carrier claims. What is left out does not matter; conditions add up.")
class CarrierClaimFilter:
    """The fields are the filters of `storage/views/carrier_claims.py`."""

    states: list[CarrierClaimState] | None = strawberry.field(default=None, description="In one of these states.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="That this claim led to.")
    provider_id: strawberry.ID | None = strawberry.field(default=None, description="Against this provider.")


@strawberry.type(description="An action on a carrier claim that is not possible now for the viewer, and why.")
class BlockedCarrierClaimAction:
    """`domain.moves.Move`."""

    action: CarrierClaimAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="When time ends it; null where it does not.")


@strawberry.type(description="Something that the platform holds about the order: a paper of the filing pack.")
class CarrierClaimPaper:
    """`domain.evidence.PackEntry`."""

    part: str = strawberry.field(description="What sort of thing it is, such as `shipments` or `tracking_events`.")
    id: strawberry.ID = strawberry.field(description="Its id.")
    sha256: str = strawberry.field(description="The SHA-256 of its content.")
    at: datetime | None = strawberry.field(description="When it was so; null where it has no instant.")


@strawberry.type(description="Money that a carrier paid for a claim. It never changes.")
class CarrierPayment(Node):
    """`domain.carrier_claims.CarrierPayment`."""

    amount: Money = strawberry.field(description="How much.")
    reference: str = strawberry.field(description="The bank's reference.")
    paid_at: datetime = strawberry.field(description="When it was recorded.")


@strawberry.type(
    description="What is asked back from the carrier on whose leg goods were lost, damaged or late. It is governed by "
    "the regime of that leg's mode as it was on the day of carriage."
)
class CarrierClaim(Node):
    """`domain.carrier_claims.CarrierClaim`."""

    claim: Claim | None = strawberry.field(description="The buyer's claim behind it; for staff.")
    shipment: Shipment | None = strawberry.field(description="The shipment; null when hidden from the viewer.")
    leg: Leg | None = strawberry.field(description="The leg on which it went wrong; null where no leg says.")
    provider: Provider | None = strawberry.field(description="The carrier, where it is a provider of the marketplace.")
    carrier_name: str | None = strawberry.field(description="The carrier, where it is somebody else.")
    regime: Regime = strawberry.field(description="What governs the carriage.")
    kind: LossKind = strawberry.field(description="What became of the goods.")
    state: CarrierClaimState = strawberry.field(description="Where the case stands.")
    loss: Money = strawberry.field(description="The carrier's share of what the buyer was given.")
    cap: Money | None = strawberry.field(
        description="The most that the carrier owes; null until all it needs is known."
    )
    cap_sdr: Decimal | None = strawberry.field(
        description="The cap in special drawing rights, exactly; null under a contract or while the goods are unknown."
    )
    sdr_rate: Decimal | None = strawberry.field(description="What one special drawing right was taken for.")
    sdr_rate_day: date | None = strawberry.field(description="The day whose rate that is.")
    claimed: Money = strawberry.field(description="What is asked for: the loss, no more than the cap.")
    accepted: Money = strawberry.field(description="What the carrier said it pays.")
    collected: Money = strawberry.field(description="What it has paid.")
    written_off: Money = strawberry.field(description="What it accepted, did not pay, and was given up.")
    weight_grams: int | None = strawberry.field(description="What the goods weighed; null where nobody said.")
    packages: int | None = strawberry.field(description="In how many packages they were; null where nobody said.")
    declared: Money | None = strawberry.field(description="What value was declared to the carrier.")
    delivered_at: datetime = strawberry.field(
        description="When the goods came, or were due where they did not: notice and limitation are counted from it."
    )
    notice_due_at: datetime | None = strawberry.field(
        description="The last instant of the notice in writing; null where the regime wants none."
    )
    limitation_at: datetime = strawberry.field(description="The last instant of the right.")
    due_at: datetime | None = strawberry.field(description="When what has to be done now is due; null when nothing is.")
    warned_at: datetime | None = strawberry.field(description="When it was last warned of.")
    notified_at: datetime | None = strawberry.field(description="When the carrier was told.")
    filed_at: datetime | None = strawberry.field(description="When the claim was filed.")
    answered_at: datetime | None = strawberry.field(
        description="When the carrier last answered, or had been silent too long."
    )
    appealed_at: datetime | None = strawberry.field(description="When its refusal was appealed, by itself.")
    reference: str | None = strawberry.field(description="The carrier's own number for it.")
    pack_digest: str | None = strawberry.field(description="SHA-256 over the papers that were filed.")
    papers: list[CarrierClaimPaper] | None = strawberry.field(
        description="The filing pack as it would be now: all that the platform holds about the order; for staff."
    )
    reason: str | None = strawberry.field(description="The carrier's word, or why the rest was given up.")
    decision: Decision | None = strawberry.field(description="Why the case was opened so; for staff.")
    payments: Connection[CarrierPayment] = connection("What the carrier paid, the earliest first.")
    opened_at: datetime = strawberry.field(description="When the case was opened.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it goes on.")
    available_actions: list[CarrierClaimAction] = strawberry.field(description="What the viewer can do with it now.")
    blocked_actions: list[BlockedCarrierClaimAction] = strawberry.field(description="What it cannot do, and why not.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.type(
    description="Who bore what a claim's buyer was given, by the ledger. The last three sum to the first, always."
)
class LossAccount:
    """`domain.carrier_claims.LossAccount`."""

    given_to_buyer: Money = strawberry.field(
        description="What the claim cost: refunds, and coupons until they are released."
    )
    charged_to_party: Money = strawberry.field(
        description="What the parties that bear a share were charged and not let off, all of them together."
    )
    recovered_from_carriers: Money = strawberry.field(description="What carriers accepted and has not been given up.")
    reimbursed: Money = strawberry.field(
        description="What insurers, and carriers outside a case, paid back to the marketplace."
    )
    borne_by_platform: Money = strawberry.field(
        description="What is left: the marketplace's own loss, or what may still fall due of coupons that live."
    )


def _goods(read: Reader, weight: int | None, packages: int | None, declared: MoneyInput | None) -> Consignment:
    value = None if declared is None else read.money(declared, "declared")
    goods = Consignment(weight, packages, value)
    read.rules(rules.goods_problems(goods))
    return goods


@strawberry.input(description="A carrier is to be asked for what the platform bears of a claim.")
class OpenCarrierClaimInput:
    """→ `domain.carrier_claims.OpenCarrierClaim`."""

    claim_id: strawberry.ID = strawberry.field(description="The buyer's claim.")
    shipment_id: strawberry.ID = strawberry.field(description="The shipment on whose way it went wrong.")
    leg_id: strawberry.ID | None = strawberry.field(default=None, description="The leg, where the way has legs.")
    weight_grams: int | None = strawberry.field(default=None, description="What the goods weighed.")
    packages: int | None = strawberry.field(default=None, description="In how many packages they were.")
    declared: MoneyInput | None = strawberry.field(default=None, description="What value was declared to the carrier.")
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> OpenCarrierClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = OpenCarrierClaim(
            read.id(ClaimId, self.claim_id, "claimId"),
            read.id(ShipmentId, self.shipment_id, "shipmentId"),
            read.optional_id(LegId, self.leg_id, "legId"),
            _goods(read, self.weight_grams, self.packages, self.declared),
        )
        read.done()
        return command


@strawberry.input(description="What became known of the goods. What is left out stays as it was.")
class AmendCarrierClaimInput:
    """→ `domain.carrier_claims.AmendCarrierClaim`."""

    carrier_claim_id: strawberry.ID = strawberry.field(description=CASE)
    weight_grams: int | None = strawberry.field(default=None, description="What the goods weighed.")
    packages: int | None = strawberry.field(default=None, description="In how many packages they were.")
    declared: MoneyInput | None = strawberry.field(default=None, description="What value was declared to the carrier.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AmendCarrierClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = AmendCarrierClaim(
            read.id(CarrierClaimId, self.carrier_claim_id, "carrierClaimId"),
            _goods(read, self.weight_grams, self.packages, self.declared),
        )
        read.done()
        return command


@strawberry.input(description="The carrier was told, the claim was filed, or the carrier confirmed it.")
class TellCarrierInput:
    """→ `domain.carrier_claims.TellCarrier`."""

    carrier_claim_id: strawberry.ID = strawberry.field(description=CASE)
    reference: str | None = strawberry.field(default=None, description=REFERENCE)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> TellCarrier:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id_ = read.id(CarrierClaimId, self.carrier_claim_id, "carrierClaimId")
        reference = None if self.reference is None else read.reference(self.reference, "reference")
        read.done()
        return TellCarrier(id_, reference)


@strawberry.input(description="A carrier's answer.")
class AnswerCarrierClaimInput:
    """→ `domain.carrier_claims.AnswerCarrierClaim`."""

    carrier_claim_id: strawberry.ID = strawberry.field(description=CASE)
    answer: CarrierAnswer = strawberry.field(description="What it says.")
    amount: MoneyInput | None = strawberry.field(
        default=None, description="What it pays where it pays a part: above zero and below what is claimed."
    )
    reason: str | None = strawberry.field(default=None, description="Its reasons, at most 4,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> AnswerCarrierClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        amount = self.amount
        command = AnswerCarrierClaim(
            read.id(CarrierClaimId, self.carrier_claim_id, "carrierClaimId"),
            self.answer,
            None if amount is None else read.money(amount, "amount"),
            read.note(self.reason, "reason"),
        )
        read.done()
        return command


@strawberry.input(description="A carrier paid.")
class CollectCarrierClaimInput:
    """→ `domain.carrier_claims.CollectCarrierClaim`."""

    carrier_claim_id: strawberry.ID = strawberry.field(description=CASE)
    amount: MoneyInput = strawberry.field(description="How much: at most what is outstanding.")
    reference: str = strawberry.field(description="The bank's reference, at most 100 characters; recorded once.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> CollectCarrierClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = CollectCarrierClaim(
            read.id(CarrierClaimId, self.carrier_claim_id, "carrierClaimId"),
            read.money(self.amount, "amount"),
            read.reference(self.reference, "reference"),
        )
        read.done()
        return command


@strawberry.input(description="What a carrier accepted and did not pay is given up.")
class WriteOffCarrierClaimInput:
    """→ `domain.carrier_claims.WriteOffCarrierClaim`."""

    carrier_claim_id: strawberry.ID = strawberry.field(description=CASE)
    reason: str = strawberry.field(description="Why, at most 4,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)

    def command(self) -> WriteOffCarrierClaim:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        id_ = read.id(CarrierClaimId, self.carrier_claim_id, "carrierClaimId")
        reason = read.required_note(self.reason, "reason")
        read.done()
        return WriteOffCarrierClaim(id_, reason)


@strawberry.type(description="The case, or why nothing changed.")
class CarrierClaimPayload:
    """What the mutations on a carrier claim answer."""

    carrier_claim: CarrierClaim | None = strawberry.field(
        description="The case as it is now; null when nothing changed."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class CarrierClaimQueries:
    """Reading carrier claims."""

    carrier_claim: CarrierClaim | None = point(
        "The carrier claim of that id; null when there is none for the viewer.", of="carrierClaim"
    )
    carrier_claims: Connection[CarrierClaim] = listing(
        "The carrier claims the viewer may see: a provider those against it, staff all.",
        filter=CarrierClaimFilter,
        order=CarrierClaimOrder,
    )
    loss_account: LossAccount | None = field(
        "Who bore what the claim's buyer was given; null where nothing was posted for it. For staff.",
        Argument("claim_id", strawberry.ID, "The claim."),
    )


@strawberry.type
class CarrierClaimMutations:
    """What can be done with carrier claims."""

    open_carrier_claim: CarrierClaimPayload = mutation(
        carrier_claims.open_carrier_claim,
        OpenCarrierClaimInput,
        keyed=True,
        description="A carrier is asked for what the platform itself bears of a decided claim. Where the decision gave "
        "the carrier a share, its case was opened by itself.",
    )
    amend_carrier_claim: CarrierClaimPayload = mutation(
        carrier_claims.amend_carrier_claim,
        AmendCarrierClaimInput,
        keyed=True,
        description="What the goods weighed, their packages and what was declared: the cap is worked out anew.",
    )
    notify_carrier: CarrierClaimPayload = mutation(
        carrier_claims.notify_carrier,
        TellCarrierInput,
        keyed=True,
        description="The carrier was told of the loss in writing. Refused after the last instant of notice.",
    )
    file_carrier_claim: CarrierClaimPayload = mutation(
        carrier_claims.file_carrier_claim,
        TellCarrierInput,
        keyed=True,
        description="The claim lies with the carrier, its papers frozen by their digest. Refused while the cap is "
        "unknown.",
    )
    acknowledge_carrier_claim: CarrierClaimPayload = mutation(
        carrier_claims.acknowledge_carrier_claim,
        TellCarrierInput,
        keyed=True,
        description="The carrier confirmed that it has the claim; its time to answer runs on.",
    )
    answer_carrier_claim: CarrierClaimPayload = mutation(
        carrier_claims.answer_carrier_claim,
        AnswerCarrierClaimInput,
        keyed=True,
        description="The carrier's answer. What it accepts is owed; a first refusal is appealed at once, by itself.",
    )
    collect_carrier_claim: CarrierClaimPayload = mutation(
        carrier_claims.collect_carrier_claim,
        CollectCarrierClaimInput,
        keyed=True,
        description="The carrier paid all or a part of what it accepted.",
    )
    write_off_carrier_claim: CarrierClaimPayload = mutation(
        carrier_claims.write_off_carrier_claim,
        WriteOffCarrierClaimInput,
        keyed=True,
        description="What the carrier accepted and did not pay is given up: the platform bears it.",
    )
