"""What has to be proved in a claim, and what already is (`domain.md` 5, B15).

What a claim of a reason needs at a stage, from which side, and which recorded facts prove it without any paper, is rule
data (`storage/rulebook/evidence.toml`). `completeness` holds what was brought and what is recorded against it.

Law: the same claim, pieces and facts have the same completeness, item by item in the rule's order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import terms
from domain.claims import Claim, ClaimReason, ClaimState, Side
from domain.rulebook import RuleKind, RuleVersion

RULE: Final = "evidence"
"""The key of the rule about what has to be proved."""

PARTIES: Final = frozenset({Side.BUYER, Side.LIABLE_PARTY})
"""The sides that something is needed from."""


class EvidenceKind(StrEnum):
    """What a piece of evidence is."""

    STATEMENT = "STATEMENT"
    """A side's account of what happened, in words."""
    PHOTOS = "PHOTOS"
    """Pictures of the goods, of their packing or of the place."""
    PRODUCT_DESCRIPTION = "PRODUCT_DESCRIPTION"
    """How the goods were described when they were sold."""
    CONTRACT = "CONTRACT"
    """What was agreed: a contract, or terms of delivery."""
    INVOICE = "INVOICE"
    """What was sold, at which price."""
    PAYMENT_PROOF = "PAYMENT_PROOF"
    """That it was paid."""
    PACKING_LIST = "PACKING_LIST"
    """What was packed, with counts and weights."""
    DISPATCH_PROOF = "DISPATCH_PROOF"
    """That the goods were handed over to a carrier."""
    TRACKING = "TRACKING"
    """Where the goods were, when."""
    DELIVERY_PROOF = "DELIVERY_PROOF"
    """That, when and to whom the goods were delivered."""
    CARRIER_STATEMENT = "CARRIER_STATEMENT"
    """What the carrier says of its transport."""
    CUSTOMS_PAPERS = "CUSTOMS_PAPERS"
    """What customs holds, asks for or decided."""
    WEIGHING = "WEIGHING"
    """A note of weight or dimensions."""
    DAMAGE_REPORT = "DAMAGE_REPORT"
    """A report of damage, made where it was found."""
    INSPECTION_REPORT = "INSPECTION_REPORT"
    """What an inspector found."""
    AUTHENTICITY = "AUTHENTICITY"
    """Whether the goods are genuine: a word of the brand, a certificate of origin."""
    CORRESPONDENCE = "CORRESPONDENCE"
    """What the parties wrote to each other."""
    SERVICE_RECORD = "SERVICE_RECORD"
    """What service was asked for, and what was done."""
    PARTS_RECORD = "PARTS_RECORD"
    """Which spare parts were asked for, sent or built in."""
    CHARGE_RECORD = "CHARGE_RECORD"
    """What was quoted, and what was charged."""
    RETURN_RECORD = "RETURN_RECORD"
    """That goods went back, and in what condition they came."""
    OTHER = "OTHER"
    """Anything else."""


class EvidenceStage(StrEnum):
    """At which stage of a dispute something has to be proved."""

    OPENING = "OPENING"
    """When the claim is opened."""
    RESPONSE = "RESPONSE"
    """When the liable party answers."""
    ESCALATED = "ESCALATED"
    """When the marketplace decides."""
    APPEAL = "APPEAL"
    """When the decision is looked at again."""
    CHARGEBACK = "CHARGEBACK"
    """When the buyer's bank took the payment back."""


class RecordedFact(StrEnum):
    """What the platform itself has recorded of an order, and needs no paper for."""

    ORDER = "ORDER"
    """The order with its lines and prices, as the shop reported it."""
    PAYMENT = "PAYMENT"
    """Its payment."""
    CERTIFICATE = "CERTIFICATE"
    """The signed certificate of what was promised."""
    PROMISED_DAY = "PROMISED_DAY"
    """The day that was promised."""
    DISPATCH = "DISPATCH"
    """That a carrier took the goods."""
    TRACKING = "TRACKING"
    """Reports of where the goods were."""
    DELIVERY = "DELIVERY"
    """That the goods were delivered, and when."""
    DELIVERY_PROOF = "DELIVERY_PROOF"
    """Who signed for them."""
    LOSS = "LOSS"
    """That the goods count as lost."""
    MESSAGES = "MESSAGES"
    """What the platform wrote to the parties about the shipment."""
    SERVICE_REQUEST = "SERVICE_REQUEST"
    """A request for service under the cover."""
    BROKEN_SERVICE_LEVEL = "BROKEN_SERVICE_LEVEL"
    """A milestone of service that was missed, with its decision."""
    SERVICE_VISIT = "SERVICE_VISIT"
    """That an engineer came."""
    SERVICE_PARTS = "SERVICE_PARTS"
    """Spare parts that were sent or built in."""
    INSPECTION = "INSPECTION"
    """The report of a third party's inspection."""
    GOODS_RETURN = "GOODS_RETURN"
    """That goods went back, and what was found of them."""


class EvidenceStatus(StrEnum):
    """Whether something that has to be proved is."""

    MISSING = "MISSING"
    """Nobody brought it and nothing recorded proves it."""
    SUBMITTED = "SUBMITTED"
    """The side brought it."""
    PROVEN = "PROVEN"
    """What is recorded proves it already."""


@dataclass(frozen=True, slots=True)
class EvidenceNeed:
    """One row of the rule: at those stages of a claim of those reasons (none named: all), a kind from a side.

    What is not `needed` only helps. Any of the facts of `proven_by` proves it without a paper.
    """

    kind: EvidenceKind
    side: Side
    stages: tuple[EvidenceStage, ...]
    reasons: frozenset[ClaimReason] = frozenset()
    needed: bool = True
    proven_by: tuple[RecordedFact, ...] = ()

    def __post_init__(self) -> None:
        if self.side not in PARTIES:
            raise ValueError("evidence is needed from a party of the claim")
        if not self.stages:
            raise ValueError("evidence is needed at some stage")


@dataclass(frozen=True, slots=True)
class EvidenceTerms:
    """One version of the rule, row by row in the order in which items are shown."""

    version: str
    needs: tuple[EvidenceNeed, ...]

    def __post_init__(self) -> None:
        for reason in ClaimReason:
            for stage in EvidenceStage:
                wanted = [(need.side, need.kind) for need in _wanted(self.needs, reason, stage)]
                if len(set(wanted)) < len(wanted):
                    raise ValueError(f"{reason} at {stage} asks a side for the same kind twice")


def evidence_terms(version: RuleVersion) -> EvidenceTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.EVIDENCE:
        raise TypeError(f"{version.key} is not the rule about evidence")
    return terms.of(EvidenceTerms, version)


def _wanted(needs: Iterable[EvidenceNeed], reason: ClaimReason, stage: EvidenceStage) -> tuple[EvidenceNeed, ...]:
    return tuple(need for need in needs if stage in need.stages and (not need.reasons or reason in need.reasons))


@dataclass(frozen=True, slots=True)
class Recorded:
    """How often a fact is recorded, and when last."""

    fact: RecordedFact
    count: int = 1
    latest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One thing that has to be proved: from which side, whether it is, and by what."""

    kind: EvidenceKind
    side: Side
    needed: bool
    status: EvidenceStatus
    submitted: int
    provable_by: tuple[RecordedFact, ...]
    proven_by: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Completeness:
    """What a claim has at a stage of what it needs. `percent` of the needed items are there, rounded down."""

    stage: EvidenceStage
    rule_version: str
    items: tuple[EvidenceItem, ...]
    percent: int

    def complete(self, side: Side) -> bool:
        """Whether nothing that is needed of that side is missing."""
        return not any(
            item.needed and item.side is side and item.status is EvidenceStatus.MISSING for item in self.items
        )


def completeness(
    rule: EvidenceTerms,
    reason: ClaimReason,
    stage: EvidenceStage,
    submitted: Mapping[tuple[Side, EvidenceKind], int],
    recorded: Mapping[RecordedFact, Recorded],
) -> Completeness:
    """What has to be proved at the stage, what is and by what, and what is missing (`domain.md` B15).

    `submitted` counts the pieces of each side and kind that were not found forged. What is recorded and what was
    brought both prove; what is recorded counts first.
    """
    items = tuple(_item(need, submitted, recorded) for need in _wanted(rule.needs, reason, stage))
    needed = [item for item in items if item.needed]
    there = sum(item.status is not EvidenceStatus.MISSING for item in needed)
    return Completeness(stage, rule.version, items, 100 * there // len(needed) if needed else 100)


def _item(
    need: EvidenceNeed,
    submitted: Mapping[tuple[Side, EvidenceKind], int],
    recorded: Mapping[RecordedFact, Recorded],
) -> EvidenceItem:
    proofs = tuple(recorded[fact] for fact in need.proven_by if fact in recorded)
    count = submitted.get((need.side, need.kind), 0)
    status = EvidenceStatus.PROVEN if proofs else EvidenceStatus.SUBMITTED if count else EvidenceStatus.MISSING
    return EvidenceItem(need.kind, need.side, need.needed, status, count, need.proven_by, proofs)


STAGES: Final[Mapping[ClaimState, EvidenceStage]] = {
    ClaimState.OPEN: EvidenceStage.RESPONSE,
    ClaimState.NEGOTIATING: EvidenceStage.RESPONSE,
    ClaimState.APPEALED: EvidenceStage.APPEAL,
    ClaimState.SUSPENDED: EvidenceStage.CHARGEBACK,
}
"""The stage of a claim in that state; in any other it is looked at as it is, or was, decided."""


def stage_of(claim: Claim) -> EvidenceStage:
    """The stage that the claim is at."""
    return STAGES.get(claim.state, EvidenceStage.ESCALATED)


@dataclass(frozen=True, slots=True)
class EvidenceGiven:
    """A claim of that reason at that stage, for the rule's own cases; kinds that a side brought, facts recorded."""

    reason: ClaimReason
    stage: EvidenceStage
    buyer: tuple[EvidenceKind, ...] = ()
    liable_party: tuple[EvidenceKind, ...] = ()
    recorded: tuple[RecordedFact, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """What the rule comes to: `SIDE:KIND` by status, of what is needed and what only helps, in the rule's order."""

    percent: int
    missing: tuple[str, ...]
    submitted: tuple[str, ...]
    proven: tuple[str, ...]
    helpful: tuple[str, ...]


def judge(rule: EvidenceTerms, given: EvidenceGiven) -> EvidenceFound:
    """What the rule makes of one of its cases."""
    brought = dict.fromkeys([(Side.BUYER, kind) for kind in given.buyer], 1)
    brought |= dict.fromkeys([(Side.LIABLE_PARTY, kind) for kind in given.liable_party], 1)
    facts = {fact: Recorded(fact) for fact in given.recorded}
    found = completeness(rule, given.reason, given.stage, brought, facts)

    def named(status: EvidenceStatus | None) -> tuple[str, ...]:
        return tuple(
            f"{item.side}:{item.kind}"
            for item in found.items
            if (not item.needed if status is None else item.needed and item.status is status)
        )

    return EvidenceFound(
        found.percent,
        named(EvidenceStatus.MISSING),
        named(EvidenceStatus.SUBMITTED),
        named(EvidenceStatus.PROVEN),
        named(None),
    )
