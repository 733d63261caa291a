"""A carrier claim: its words, its row, and the wishes about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from domain import money
from domain.carriage import Consignment, LossKind, Regime
from domain.ids import (
    BuyerId,
    CarrierClaimId,
    CarrierPaymentId,
    ClaimId,
    DecisionId,
    LegId,
    OrderId,
    ProviderId,
    RuleVersionId,
    ShipmentId,
)
from domain.money import Money

PACKAGES_MAX: Final = 100_000
"""In one consignment: a full vessel of parcels has fewer."""
GRAMS_MAX: Final = 10**12
"""A million tonnes, more than any ship carries."""


class CarrierClaimState(StrEnum):
    """Where a case stands."""

    NOTICE_DUE = "NOTICE_DUE"
    """The carrier has to be told in writing."""
    NOTIFIED = "NOTIFIED"
    """The carrier was told, or need not be: the claim has to be filed."""
    FILED = "FILED"
    """The claim lies with the carrier."""
    ACKNOWLEDGED = "ACKNOWLEDGED"
    """The carrier has confirmed that it has it."""
    APPEALED = "APPEALED"
    """The carrier refused or did not answer, and was asked once more."""
    ACCEPTED = "ACCEPTED"
    """The carrier owes everything that was claimed."""
    PARTLY = "PARTLY"
    """The carrier owes a part."""
    REFUSED = "REFUSED"
    """The carrier owes nothing."""
    COLLECTED = "COLLECTED"
    """What was accepted has been paid."""
    WRITTEN_OFF = "WRITTEN_OFF"
    """What was accepted and not paid is given up."""
    TIME_BARRED = "TIME_BARRED"
    """It was told or filed too late: nothing can be asked for."""


class CarrierAnswer(StrEnum):
    """What the carrier says to a claim."""

    ACCEPTED = "ACCEPTED"
    """It pays what was claimed."""
    PARTLY = "PARTLY"
    """It pays a part."""
    REFUSED = "REFUSED"
    """It pays nothing."""


class CarrierClaimAction(StrEnum):
    """What can be done with a case: each is a mutation."""

    AMEND_CARRIER_CLAIM = "AMEND_CARRIER_CLAIM"
    """amendCarrierClaim: what the goods weighed, their packages, what was declared."""
    NOTIFY_CARRIER = "NOTIFY_CARRIER"
    """notifyCarrier: the carrier was told in writing."""
    FILE_CARRIER_CLAIM = "FILE_CARRIER_CLAIM"
    """fileCarrierClaim: the claim was filed with its papers."""
    ACKNOWLEDGE_CARRIER_CLAIM = "ACKNOWLEDGE_CARRIER_CLAIM"
    """acknowledgeCarrierClaim: the carrier confirmed that it has the claim."""
    ANSWER_CARRIER_CLAIM = "ANSWER_CARRIER_CLAIM"
    """answerCarrierClaim: the carrier's answer."""
    COLLECT_CARRIER_CLAIM = "COLLECT_CARRIER_CLAIM"
    """collectCarrierClaim: the carrier paid."""
    WRITE_OFF_CARRIER_CLAIM = "WRITE_OFF_CARRIER_CLAIM"
    """writeOffCarrierClaim: what it did not pay is given up."""


class CarrierSide(StrEnum):
    """Who acts on a case."""

    STAFF = "STAFF"
    """The marketplace."""
    CARRIER = "CARRIER"
    """The carrier, where it is a provider of the marketplace."""


@dataclass(frozen=True, slots=True)
class CarrierClaim:
    """A case. The carrier is a provider or somebody named. `loss` is the carrier's share of what the buyer was given.

    `delivered_at` is when the goods came, or were due where they never did; `due_at` is the deadline of what has to be
    done now, `warned_at` the last warning of it. `cap` is None until everything that it needs is known.
    """

    id: CarrierClaimId
    claim_id: ClaimId
    order_id: OrderId
    buyer_id: BuyerId
    shipment_id: ShipmentId
    leg_id: LegId | None
    provider_id: ProviderId | None
    carrier_name: str | None
    regime: Regime
    kind: LossKind
    state: CarrierClaimState
    loss: Money
    claimed: Money
    accepted: Money
    collected: Money
    written_off: Money
    cap: Money | None
    cap_sdr: Decimal | None
    sdr_rate: Decimal | None
    sdr_rate_day: date | None
    weight_grams: int | None
    packages: int | None
    declared: Money | None
    delivered_at: datetime
    notice_due_at: datetime | None
    limitation_at: datetime
    due_at: datetime | None
    warned_at: datetime | None
    notified_at: datetime | None
    filed_at: datetime | None
    answered_at: datetime | None
    appealed_at: datetime | None
    reference: str | None
    pack_digest: str | None
    reason: str | None
    rule_version_id: RuleVersionId
    decision_id: DecisionId
    opened_at: datetime
    ended_at: datetime | None
    version: int

    @property
    def goods(self) -> Consignment:
        """What is known of the goods."""
        return Consignment(self.weight_grams, self.packages, self.declared)

    @property
    def outstanding(self) -> Money:
        """What was accepted and neither paid nor given up."""
        return self.accepted - self.collected - self.written_off


@dataclass(frozen=True, slots=True)
class CarrierPayment:
    """Money that the carrier paid, under the bank's reference."""

    id: CarrierPaymentId
    carrier_claim_id: CarrierClaimId
    amount: Money
    reference: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class OpenCarrierClaim:
    """The wish to ask that shipment's carrier for what the platform bears of a decided claim."""

    claim_id: ClaimId
    shipment_id: ShipmentId
    leg_id: LegId | None
    goods: Consignment


@dataclass(frozen=True, slots=True)
class AmendCarrierClaim:
    """What became known of the goods; None leaves what was known."""

    carrier_claim_id: CarrierClaimId
    goods: Consignment


@dataclass(frozen=True, slots=True)
class TellCarrier:
    """The carrier was told, the claim was filed, or the carrier confirmed it, under the carrier's own reference."""

    carrier_claim_id: CarrierClaimId
    reference: str | None


@dataclass(frozen=True, slots=True)
class AnswerCarrierClaim:
    """The carrier's answer; `amount` is what it pays where it pays a part."""

    carrier_claim_id: CarrierClaimId
    answer: CarrierAnswer
    amount: Money | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class CollectCarrierClaim:
    """The carrier paid that much, under the bank's reference."""

    carrier_claim_id: CarrierClaimId
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class WriteOffCarrierClaim:
    """What the carrier accepted and did not pay is given up, and why."""

    carrier_claim_id: CarrierClaimId
    reason: str


@dataclass(frozen=True, slots=True)
class LossAccount:
    """Who bore what a claim's buyer was given. The last four sum to the first, always."""

    given_to_buyer: Money
    charged_to_party: Money
    recovered_from_carriers: Money
    reimbursed: Money
    borne_by_platform: Money


def left_to_ask(account: LossAccount, cases: Iterable[CarrierClaim], contingent: Money) -> Money:
    """What the platform bears and no carrier was asked for yet: a loss is asked for once, whoever answers.

    What may still fall due from the liable party (`contingent`) is its part, and what runs against a carrier is asked.
    """
    asked = [case.claimed for case in cases if case.ended_at is None and not case.accepted.minor]
    return account.borne_by_platform - contingent - money.total(asked, contingent.currency)


def loss_account(given: Money, charged: Money, recovered: Money, reimbursed: Money) -> LossAccount:
    """What nobody was charged with and neither carrier nor insurer paid is the platform's own loss.

    Below nothing it is its gain.
    """
    return LossAccount(given, charged, recovered, reimbursed, given - charged - recovered - reimbursed)
