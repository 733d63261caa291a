"""Buyer tiers L0 to L4: who reaches which, what a tier brings, and who may see it (`domain.md` 2.5, 6.4).

Words live here, thresholds in `storage/rulebook/tiers.toml`. A level is entered by spend, or by evidence, or by paid
orders, or by verified income: whichever the rule names for it, one way is enough; the highest level reached counts.

Laws: spend is what was completed less what was refunded, in the rule's currency, over a trailing window; evidence
lapses where the rule says so; one function says what is missing and what decides (`shortfall` and `evaluate` share
their findings); the mask is code, not data, because it is a right: the read model's SQL says the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.access import ViewerKind
from domain.dates import Calendar, rfc3339
from domain.explain import Finding, Input, unmet
from domain.money import Money
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count, Days


class Benefit(StrEnum):
    """What a tier brings."""

    AUTOMATIC_COMPENSATION = "AUTOMATIC_COMPENSATION"
    """A late delivery is compensated without an application."""


class Identity(StrEnum):
    """What a buyer says it is."""

    ONLINE_RETAILER = "ONLINE_RETAILER"
    """Sells through a shop of its own on the net."""
    SHOP_RETAILER = "SHOP_RETAILER"
    """Sells through a shop in a street."""
    WHOLESALER = "WHOLESALER"
    """Sells to those who sell."""
    SERVICE_PROVIDER = "SERVICE_PROVIDER"
    """Sells services."""
    MANUFACTURER = "MANUFACTURER"
    """Makes goods."""
    INFLUENCER = "INFLUENCER"
    """Sells to followers."""
    ORGANISATION = "ORGANISATION"
    """A school, an authority, a club."""
    OTHER = "OTHER"
    """None of these."""


class Evidence(StrEnum):
    """What a buyer can prove itself by."""

    BUSINESS_EMAIL = "BUSINESS_EMAIL"
    """A verified address of its company."""
    DECLARED_IDENTITY = "DECLARED_IDENTITY"
    """It said what it is."""
    STORE_SCREENSHOT = "STORE_SCREENSHOT"
    """A picture of its store with name and orders."""
    STORE_STATEMENT = "STORE_STATEMENT"
    """The store's statement."""
    SHOP_PHOTO = "SHOP_PHOTO"
    """A photograph of the shop with its name."""
    BUSINESS_LICENCE = "BUSINESS_LICENCE"
    """The licence of the business."""
    BANK_STATEMENT = "BANK_STATEMENT"
    """A bank statement with period, amount and company name."""
    FOLLOWER_PROFILE = "FOLLOWER_PROFILE"
    """A profile with its followers."""
    TAX_NUMBER = "TAX_NUMBER"
    """A valid tax number."""


class TierLabel(StrEnum):
    """A level as it is shown."""

    L0 = "L0"
    """Registered."""
    L1 = "L1"
    """A potential buyer."""
    L2 = "L2"
    """A small business."""
    L3 = "L3"
    """An enterprise."""
    L4 = "L4"
    """A top buyer."""
    L1_PLUS = "L1_PLUS"
    """L1 or above, for those who may not know which."""


LABELS: Final[tuple[TierLabel, ...]] = (TierLabel.L0, TierLabel.L1, TierLabel.L2, TierLabel.L3, TierLabel.L4)
"""The exact label of each level, from 0."""


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """The ways into one level; each that is named is enough. Without any the level is everybody's.

    `evidence` is needed whole; `identity_evidence` is the set that belongs to the buyer's identity; `income_above` is
    exclusive, `spend` and `paid_orders` are inclusive.
    """

    level: Count
    name: str
    evidence: tuple[Evidence, ...] = ()
    identity_evidence: bool = False
    spend: Money | None = None
    paid_orders: Count | None = None
    income_above: Money | None = None
    benefits: tuple[Benefit, ...] = ()


@dataclass(frozen=True, slots=True)
class TierTerms:
    """The numbers of one version of the tier rule. `version` is that version's id."""

    version: str
    spend_days: Days
    evidence_days: Days
    evidence_lapses: bool
    downgrade_levels: Count
    downgrade_notice_days: Days
    identity_evidence: Mapping[Identity, tuple[Evidence, ...]]
    levels: tuple[LevelTerms, ...]

    def __post_init__(self) -> None:
        if [step.level for step in self.levels] != list(range(len(LABELS))):
            raise ValueError(f"the levels are 0 to {len(LABELS) - 1}, in that order")
        if _ways(self.levels[0]):
            raise ValueError("level 0 is everybody's")


@dataclass(frozen=True, slots=True)
class Proof:
    """A piece of evidence and when it was verified."""

    evidence: Evidence
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class BuyerFacts:
    """What is recorded of a buyer. `spend` is over the rule's window and in its currency; `income` is verified."""

    spend: Money
    paid_orders: int = 0
    identity: Identity | None = None
    proofs: tuple[Proof, ...] = ()
    income: Money | None = None


@dataclass(frozen=True, slots=True)
class TierDecision:
    """The highest level that is reached, and why."""

    level: int
    tree: Finding


def tier_terms(version: RuleVersion) -> TierTerms:
    """The numbers of a version of the tier rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.TIERS:
        raise TypeError(f"{version.key} is not the tier rule")
    return terms.read(TierTerms, {"version": str(version.id), **version.body})


def evaluate(rule: TierTerms, facts: BuyerFacts, at: datetime, calendar: Calendar) -> TierDecision:
    """The highest level that the buyer reaches at `at`, with a finding for every level."""
    because = tuple(_reached(rule, step, facts, at, calendar) for step in rule.levels)
    level = max(step.level for step, finding in zip(rule.levels, because, strict=True) if finding.holds)
    tree = Finding("tier", True, "tier_evaluated", {"level": level, "at": rfc3339(at)}, rule.version, because)
    return TierDecision(level, tree)


def shortfall(rule: TierTerms, facts: BuyerFacts, level: int, at: datetime, calendar: Calendar) -> tuple[Finding, ...]:
    """What the buyer lacks for `level`: every way that is not open yet; nothing where one is."""
    reached = _reached(rule, rule.levels[level], facts, at, calendar)
    return () if reached.holds else unmet(reached.because)


def benefits(rule: TierTerms, level: int) -> frozenset[Benefit]:
    """What that level brings."""
    return frozenset(rule.levels[level].benefits)


def automatic(rule: TierTerms, level: int) -> Finding:
    """Whether a buyer of that level is compensated without an application (P1: the two top levels).

    The finding names the benefit and never the level: the liable party reads the decision, and may not learn from it
    which of the levels the buyer stands on (vector T17).
    """
    holds = Benefit.AUTOMATIC_COMPENSATION in benefits(rule, level)
    inputs: dict[str, Input] = {"benefit": Benefit.AUTOMATIC_COMPENSATION.value}
    return Finding("tier.automatic_compensation", holds, "tier_compensates_automatically", inputs, rule.version)


def next_level_down(rule: TierTerms, current: int, reached: int) -> int:
    """Where a buyer lands who no longer reaches its level: not more than the rule's number of levels lower."""
    return max(reached, current - rule.downgrade_levels)


def mask(level: int, viewer: ViewerKind) -> TierLabel | None:
    """What that kind of viewer is shown of the level (of a row that it may see at all); None is nothing (P17)."""
    return MASKS[viewer](level)


def _exactly(level: int) -> TierLabel | None:
    return LABELS[level]


def _roughly(level: int) -> TierLabel | None:
    return TierLabel.L1_PLUS if level else None


def _not_at_all(_: int) -> TierLabel | None:
    return None


MASKS: Final[Mapping[ViewerKind, Callable[[int], TierLabel | None]]] = {
    ViewerKind.STAFF: _exactly,
    ViewerKind.BUYER: _exactly,
    ViewerKind.ENTITLED_SUPPLIER: _exactly,
    ViewerKind.SUPPLIER: _roughly,
    ViewerKind.PROVIDER: _not_at_all,
    ViewerKind.PUBLIC: _not_at_all,
}


def _ways(step: LevelTerms) -> tuple["Way", ...]:
    return tuple(way for way in WAYS if way.asked(step))


def _reached(rule: TierTerms, step: LevelTerms, facts: BuyerFacts, at: datetime, calendar: Calendar) -> Finding:
    because = tuple(way.judge(rule, step, facts, at, calendar) for way in _ways(step))
    holds = not because or any(finding.holds for finding in because)
    inputs: dict[str, Input] = {"level": step.level, "name": step.name}
    return Finding("tier.level", holds, "tier_level_reached", inputs, rule.version, because)


def _proven(
    rule: TierTerms, needed: Sequence[Evidence], facts: BuyerFacts, at: datetime, calendar: Calendar
) -> dict[str, Input]:
    """What is asked for, and what of it is missing or has lapsed: the inputs of an evidence finding."""
    fresh = {
        proof.evidence
        for proof in facts.proofs
        if not rule.evidence_lapses or at <= dates.day_deadline(proof.verified_at, rule.evidence_days, calendar)
    }
    missing = [evidence.value for evidence in needed if evidence not in fresh]
    return {"needed": " ".join(needed), "missing": " ".join(missing)}


def _by_evidence(rule: TierTerms, step: LevelTerms, facts: BuyerFacts, at: datetime, calendar: Calendar) -> Finding:
    inputs = _proven(rule, step.evidence, facts, at, calendar)
    return Finding("tier.evidence", not inputs["missing"], "tier_evidence_complete", inputs, rule.version)


def _by_identity(rule: TierTerms, _: LevelTerms, facts: BuyerFacts, at: datetime, calendar: Calendar) -> Finding:
    needed = () if facts.identity is None else rule.identity_evidence.get(facts.identity, ())
    inputs = _proven(rule, needed, facts, at, calendar)
    inputs["identity"] = None if facts.identity is None else facts.identity.value
    holds = bool(needed) and not inputs["missing"]
    return Finding("tier.identity_evidence", holds, "tier_identity_evidence_complete", inputs, rule.version)


def _by_spend(rule: TierTerms, step: LevelTerms, facts: BuyerFacts, _: datetime, __: Calendar) -> Finding:
    holds = step.spend is not None and step.spend <= facts.spend
    inputs: dict[str, Input] = {"spend": str(facts.spend), "needed": str(step.spend), "days": rule.spend_days}
    return Finding("tier.spend", holds, "tier_spend_reached", inputs, rule.version)


def _by_orders(rule: TierTerms, step: LevelTerms, facts: BuyerFacts, _: datetime, __: Calendar) -> Finding:
    holds = step.paid_orders is not None and step.paid_orders <= facts.paid_orders
    inputs: dict[str, Input] = {"orders": facts.paid_orders, "needed": step.paid_orders}
    return Finding("tier.paid_orders", holds, "tier_orders_reached", inputs, rule.version)


def _by_income(rule: TierTerms, step: LevelTerms, facts: BuyerFacts, _: datetime, __: Calendar) -> Finding:
    holds = step.income_above is not None and facts.income is not None and step.income_above < facts.income
    inputs: dict[str, Input] = {"above": str(step.income_above)}
    inputs |= {} if facts.income is None else {"income": str(facts.income)}
    return Finding("tier.income", holds, "tier_income_verified", inputs, rule.version)


@dataclass(frozen=True, slots=True)
class Way:
    """One way into a level: whether a level names it, and whether a buyer went it."""

    asked: Callable[[LevelTerms], bool]
    judge: Callable[[TierTerms, LevelTerms, BuyerFacts, datetime, Calendar], Finding]


WAYS: Final[tuple[Way, ...]] = (
    Way(lambda step: bool(step.evidence), _by_evidence),
    Way(lambda step: step.identity_evidence, _by_identity),
    Way(lambda step: step.paid_orders is not None, _by_orders),
    Way(lambda step: step.spend is not None, _by_spend),
    Way(lambda step: step.income_above is not None, _by_income),
)

assert MASKS.keys() == set(ViewerKind)
