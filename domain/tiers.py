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
from domain.terms import BasisPoints, Count, Days, WorkingDays


class Benefit(StrEnum):
    """What a tier brings."""

    AUTOMATIC_COMPENSATION = "AUTOMATIC_COMPENSATION"
    """A late delivery is compensated without an application."""
    QUOTE_DISCOUNT = "QUOTE_DISCOUNT"
    """Transport is quoted at a discount."""
    PAYMENT_TERMS = "PAYMENT_TERMS"
    """Orders may be paid some time after they were placed."""
    PRIORITY = "PRIORITY"
    """Its cases come earlier in the desk's queues."""


NUMBERED: Final = frozenset({Benefit.QUOTE_DISCOUNT, Benefit.PAYMENT_TERMS, Benefit.PRIORITY})
"""Benefits that a level brings by naming their numbers."""


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
class PaymentTerms:
    """A buyer may pay `days` days after it ordered, for at most `limit` at one time."""

    days: Days
    limit: Money


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """The ways into one level; each that is named is enough. Without any the level is everybody's.

    `evidence` is needed whole; `identity_evidence` is the set that belongs to the buyer's identity; `income_above` is
    exclusive, `spend` and `paid_orders` are inclusive. What the level brings stands behind: `benefits` without a
    number, then those with one; a higher `priority` comes earlier in the desk's queues.
    """

    level: Count
    name: str
    evidence: tuple[Evidence, ...] = ()
    identity_evidence: bool = False
    spend: Money | None = None
    paid_orders: Count | None = None
    income_above: Money | None = None
    benefits: tuple[Benefit, ...] = ()
    quote_discount_bp: BasisPoints | None = None
    payment_terms: PaymentTerms | None = None
    priority: Count | None = None

    def __post_init__(self) -> None:
        if NUMBERED & set(self.benefits):
            raise ValueError(f"{', '.join(sorted(NUMBERED))} are given by their numbers")


@dataclass(frozen=True, slots=True)
class TierTerms:
    """The numbers of one version of the tier rule. `version` is that version's id.

    `spend` of every level is in one currency, which buyers' spend is counted in. `review_months` lie between two
    evaluations of all buyers; an upgrade is told `upgrade_notice_days` before, so that the buyer may decline it (0: it
    comes at once); the desk looks at evidence within `desk_working_days`, the buyer adds what is missing within
    `answer_days`.
    """

    version: str
    spend_days: Days
    evidence_days: Days
    evidence_lapses: bool
    downgrade_levels: Count
    downgrade_notice_days: Days
    upgrade_notice_days: Days
    review_months: Count
    desk_working_days: WorkingDays
    answer_days: Days
    identity_evidence: Mapping[Identity, tuple[Evidence, ...]]
    levels: tuple[LevelTerms, ...]

    def __post_init__(self) -> None:
        if [step.level for step in self.levels] != list(range(len(LABELS))):
            raise ValueError(f"the levels are 0 to {len(LABELS) - 1}, in that order")
        if _ways(self.levels[0]):
            raise ValueError("level 0 is everybody's")
        if len({step.spend.currency for step in self.levels if step.spend is not None}) != 1:
            raise ValueError("the levels name their spend in one currency, and at least one names it")

    @property
    def currency(self) -> str:
        """The currency that spend is counted in."""
        return next(step.spend.currency for step in self.levels if step.spend is not None)


@dataclass(frozen=True, slots=True)
class Proof:
    """A piece of evidence and when it was verified."""

    evidence: Evidence
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """A level that staff granted, and when: it counts like evidence, and lapses like it."""

    level: Count
    at: datetime


@dataclass(frozen=True, slots=True)
class BuyerFacts:
    """What is recorded of a buyer. `spend` is over the rule's window and in its currency; `income` is verified.

    `unconverted` orders are not in the spend, because no exchange rate of their payment's day is recorded. `revoked`
    is set from the revocation for misconduct until the buyer is reinstated.
    """

    spend: Money
    paid_orders: int = 0
    identity: Identity | None = None
    proofs: tuple[Proof, ...] = ()
    income: Money | None = None
    granted: Grant | None = None
    unconverted: int = 0
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class TierDecision:
    """The highest level that is reached, and why."""

    level: int
    tree: Finding


def tier_terms(version: RuleVersion) -> TierTerms:
    """The numbers of a version of the tier rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.TIERS:
        raise TypeError(f"{version.key} is not the tier rule")
    return terms.of(TierTerms, version)


def quote_discount_bp(version: RuleVersion, level: int) -> BasisPoints | None:
    """What that level takes off transport; None where it takes nothing off. What a version says is remembered.

    Refuses a version of another kind with TypeError.
    """
    key = (version.id, version.digest)
    shares = _DISCOUNTS.get(key)
    if shares is None:
        if len(_DISCOUNTS) >= DISCOUNTS_MAX:
            _DISCOUNTS.clear()
        shares = _DISCOUNTS[key] = tuple(step.quote_discount_bp for step in tier_terms(version).levels)
    return shares[level]


DISCOUNTS_MAX: Final = 1_000
"""Versions of which a process remembers the discounts; beyond that it begins anew."""
_DISCOUNTS: Final[dict[tuple[str, str], tuple[BasisPoints | None, ...]]] = {}


def evaluate(rule: TierTerms, facts: BuyerFacts, at: datetime, calendar: Calendar) -> TierDecision:
    """The highest level that the buyer reaches at `at`, with a finding for every level. Once revoked it is none."""
    look = _Look(rule, facts, at, calendar)
    because = tuple(_reached(look, step) for step in rule.levels)
    if facts.revoked:
        because = (Finding("tier.revoked", False, "tier_not_revoked", version=rule.version), *because)
    reached = level(rule, facts, at, calendar)
    tree = Finding("tier", True, "tier_evaluated", {"level": reached, "at": rfc3339(at)}, rule.version, because)
    return TierDecision(reached, tree)


def shortfall(rule: TierTerms, facts: BuyerFacts, wanted: int, at: datetime, calendar: Calendar) -> tuple[Finding, ...]:
    """What the buyer lacks for the level `wanted`: every way that is not open yet; nothing where one is."""
    if facts.revoked:
        return (Finding("tier.revoked", False, "tier_not_revoked", version=rule.version),)
    reached = _reached(_Look(rule, facts, at, calendar), rule.levels[wanted])
    return () if reached.holds else unmet(reached.because)


def benefits(rule: TierTerms, level: int) -> frozenset[Benefit]:
    """What that level brings."""
    step = rule.levels[level]
    return frozenset(step.benefits) | {benefit for benefit, given in _GIVEN.items() if given(step)}


def reached_by(rule: TierTerms, current: int, reached: int) -> int:
    """The level on which a buyer of level `current` lands: at once upwards, by steps downwards."""
    return reached if reached >= current else next_level_down(rule, current, reached)


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


def level(rule: TierTerms, facts: BuyerFacts, at: datetime, calendar: Calendar) -> int:
    """The highest level that the buyer reaches at `at`: what `evaluate` explains."""
    if facts.revoked:
        return 0
    look = _Look(rule, facts, at, calendar)
    return max(step.level for step in rule.levels if _is_reached(look, step))


@dataclass(frozen=True, slots=True)
class _Look:
    """What a way is judged by."""

    rule: TierTerms
    facts: BuyerFacts
    at: datetime
    calendar: Calendar


def _ways(step: LevelTerms) -> tuple["Way", ...]:
    return tuple([way for way in WAYS if way.asked(step)])


def _asked(look: _Look, step: LevelTerms) -> tuple["Way", ...]:
    """The ways into the level for that buyer: those the rule names, and staff's grant where there is one."""
    ways = _ways(step)
    return (*ways, GRANTED) if ways and look.facts.granted is not None else ways


def _is_reached(look: _Look, step: LevelTerms) -> bool:
    ways = _asked(look, step)
    return not ways or any(way.holds(look, step) for way in ways)


def _reached(look: _Look, step: LevelTerms) -> Finding:
    """The same with its reasons."""
    because = tuple(
        Finding(way.rule, way.holds(look, step), way.reason, way.inputs(look, step), look.rule.version)
        for way in _asked(look, step)
    )
    inputs: dict[str, Input] = {"level": step.level, "name": step.name}
    return Finding("tier.level", _is_reached(look, step), "tier_level_reached", inputs, look.rule.version, because)


def fresh_until(rule: TierTerms, verified_at: datetime, calendar: Calendar) -> datetime | None:
    """The last instant at which evidence verified then counts; None where it never lapses."""
    return dates.day_deadline(verified_at, rule.evidence_days, calendar) if rule.evidence_lapses else None


def _is_fresh(look: _Look, verified_at: datetime) -> bool:
    until = fresh_until(look.rule, verified_at, look.calendar)
    return until is None or look.at <= until


def _needed(look: _Look) -> Sequence[Evidence]:
    """The evidence set that belongs to the buyer's identity."""
    identity = look.facts.identity
    return () if identity is None else look.rule.identity_evidence.get(identity, ())


def _missing(look: _Look, needed: Sequence[Evidence]) -> list[Evidence]:
    """What of the evidence is missing or has lapsed."""
    fresh = {proof.evidence for proof in look.facts.proofs if _is_fresh(look, proof.verified_at)}
    return [evidence for evidence in needed if evidence not in fresh]


def _proven(look: _Look, needed: Sequence[Evidence]) -> dict[str, Input]:
    return {"needed": " ".join(needed), "missing": " ".join(_missing(look, needed))}


def _by_evidence(look: _Look, step: LevelTerms) -> bool:
    return not _missing(look, step.evidence)


def _by_identity(look: _Look, _: LevelTerms) -> bool:
    needed = _needed(look)
    return bool(needed) and not _missing(look, needed)


def _identified(look: _Look, _: LevelTerms) -> dict[str, Input]:
    identity = look.facts.identity
    return {**_proven(look, _needed(look)), "identity": None if identity is None else identity.value}


def _by_orders(look: _Look, step: LevelTerms) -> bool:
    return step.paid_orders is not None and step.paid_orders <= look.facts.paid_orders


def _ordered(look: _Look, step: LevelTerms) -> dict[str, Input]:
    return {"orders": look.facts.paid_orders, "needed": step.paid_orders}


def _by_spend(look: _Look, step: LevelTerms) -> bool:
    return step.spend is not None and step.spend <= look.facts.spend


def _spent(look: _Look, step: LevelTerms) -> dict[str, Input]:
    facts = look.facts
    inputs: dict[str, Input] = {"spend": str(facts.spend), "needed": str(step.spend), "days": look.rule.spend_days}
    return inputs | ({"unconverted": facts.unconverted} if facts.unconverted else {})


def _by_income(look: _Look, step: LevelTerms) -> bool:
    income = look.facts.income
    return step.income_above is not None and income is not None and step.income_above < income


def _earned(look: _Look, step: LevelTerms) -> dict[str, Input]:
    income = look.facts.income
    inputs: dict[str, Input] = {"above": str(step.income_above)}
    return inputs | ({} if income is None else {"income": str(income)})


def _by_grant(look: _Look, step: LevelTerms) -> bool:
    granted = look.facts.granted
    return granted is not None and step.level <= granted.level and _is_fresh(look, granted.at)


def _granted(look: _Look, _: LevelTerms) -> dict[str, Input]:
    granted = look.facts.granted
    return {} if granted is None else {"granted": granted.level, "at": rfc3339(granted.at)}


@dataclass(frozen=True, slots=True)
class Way:
    """One way into a level: whether a level names it, whether a buyer went it, and what was looked at."""

    rule: str
    reason: str
    asked: Callable[[LevelTerms], bool]
    holds: Callable[[_Look, LevelTerms], bool]
    inputs: Callable[[_Look, LevelTerms], dict[str, Input]]


WAYS: Final[tuple[Way, ...]] = (
    Way(
        "tier.evidence",
        "tier_evidence_complete",
        lambda step: bool(step.evidence),
        _by_evidence,
        lambda look, step: _proven(look, step.evidence),
    ),
    Way(
        "tier.identity_evidence",
        "tier_identity_evidence_complete",
        lambda step: step.identity_evidence,
        _by_identity,
        _identified,
    ),
    Way("tier.paid_orders", "tier_orders_reached", lambda step: step.paid_orders is not None, _by_orders, _ordered),
    Way("tier.spend", "tier_spend_reached", lambda step: step.spend is not None, _by_spend, _spent),
    Way("tier.income", "tier_income_verified", lambda step: step.income_above is not None, _by_income, _earned),
)
GRANTED: Final = Way("tier.grant", "tier_grant_counts", lambda _: True, _by_grant, _granted)
"""The way of those whom staff granted a level; it leads into every level up to that one."""

_GIVEN: Final[Mapping[Benefit, Callable[[LevelTerms], bool]]] = {
    Benefit.QUOTE_DISCOUNT: lambda step: bool(step.quote_discount_bp),
    Benefit.PAYMENT_TERMS: lambda step: step.payment_terms is not None,
    Benefit.PRIORITY: lambda step: bool(step.priority),
}
"""When a level brings a benefit that has a number."""

assert MASKS.keys() == set(ViewerKind)
assert _GIVEN.keys() == NUMBERED
