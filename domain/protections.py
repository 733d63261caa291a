"""Protection against chargebacks: an extra service that a merchant switches on (`domain.md` 2.2, 6.11).

Theory of operation:

    OFF -a paid plan-> ELIGIBLE -activateProtection-> ACTIVE -pause, or the plan ends-> PAUSED -resume-> ACTIVE
    ACTIVE, PAUSED -endProtection-> ENDED

Who has no enrolment is OFF, or ELIGIBLE where its plan entitles it; activation is immediate, nobody reviews it. When a
protection was active is kept as periods, since a chargeback may come a year and a half after the payment.

What is covered: a chargeback of a payment made while the protection was active, whose pack the platform accepted and
which was then lost all the same, up to what is left of the limits of a case and of a year, and never more than the
order's own loss that nothing else has made good yet.

Laws: a merchant has at most one enrolment that has not ended; a period never overlaps another of the same enrolment;
what is covered in a year never exceeds the year's limit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from domain import money, terms
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.dates import rfc3339
from domain.errors import NotFound, Refused
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input, every, unmet
from domain.ids import ProtectionId, ProtectionPeriodId, RuleVersionId, SupplierId
from domain.memberships import Membership, MembershipTerms, Plan
from domain.money import Money
from domain.moves import Move
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Days

RULE: Final = "protection"
"""The key of the rule about protection."""


class ProtectionState(StrEnum):
    """Where a merchant stands with the protection."""

    OFF = "OFF"
    """It has none, and its plan entitles it to none."""
    ELIGIBLE = "ELIGIBLE"
    """It has none, and may switch it on."""
    ACTIVE = "ACTIVE"
    """What buyers pay now is protected."""
    PAUSED = "PAUSED"
    """What buyers pay now is not protected; what they paid before is."""
    ENDED = "ENDED"
    """Switched off; what buyers paid while it was active stays protected."""


class PauseReason(StrEnum):
    """Why a protection is paused."""

    MERCHANT = "MERCHANT"
    """The merchant wanted so."""
    MEMBERSHIP = "MEMBERSHIP"
    """Its paid plan ended."""


class Condition(StrEnum):
    """Further conditions that a marketplace may set for coverage; off unless its rule names them."""

    SHIPPED_IN_TIME = "SHIPPED_IN_TIME"
    """The goods were handed over with a valid tracking number within some days of the payment."""
    MOVING_IN_TIME = "MOVING_IN_TIME"
    """The goods were seen moving within some days of the payment."""
    ADDRESS_UNCHANGED = "ADDRESS_UNCHANGED"
    """The delivery address is the one at payment."""


class CoverageOutcome(StrEnum):
    """How much of a lost chargeback the platform bears."""

    COVERED = "COVERED"
    """All of it."""
    PARTLY_COVERED = "PARTLY_COVERED"
    """As much as the limits leave."""
    NOT_COVERED = "NOT_COVERED"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class ProtectionTerms:
    """The protection's numbers. Refuses with ValueError limits of two currencies."""

    version: str
    case_limit: Money
    year_limit: Money
    year_days: Days
    conditions: frozenset[Condition]
    shipped_days: Days
    moving_days: Days

    def __post_init__(self) -> None:
        if self.case_limit.currency != self.year_limit.currency:
            raise ValueError("the limits of a case and of a year are in one currency")


@dataclass(frozen=True, slots=True)
class ProtectionPeriod:
    """A stretch in which the protection was active; `ended_at` is exclusive, None while it lasts."""

    id: ProtectionPeriodId
    protection_id: ProtectionId
    number: int
    started_at: datetime
    ended_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether the protection was active at `at` by this period."""
        return self.started_at <= at and (self.ended_at is None or at < self.ended_at)


@dataclass(frozen=True, slots=True)
class Protection:
    """A merchant's enrolment with its periods, oldest first."""

    id: ProtectionId
    supplier_id: SupplierId
    state: ProtectionState
    pause_reason: PauseReason | None
    rule_version_id: RuleVersionId
    enrolled_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    version: int
    periods: tuple[ProtectionPeriod, ...]

    def active_at(self, at: datetime) -> bool:
        """Whether it was active at `at`."""
        return any(period.holds(at) for period in self.periods)


class ProtectionAction(StrEnum):
    """What can be done with a protection; the value is the mutation's name in capitals."""

    PAUSE_PROTECTION = "PAUSE_PROTECTION"
    """pauseProtection: what buyers pay from now on is not protected."""
    RESUME_PROTECTION = "RESUME_PROTECTION"
    """resumeProtection: what buyers pay from now on is protected again."""
    END_PROTECTION = "END_PROTECTION"
    """endProtection: switch it off."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: the mutation, from which states, to which one."""

    mutation: str
    since: frozenset[ProtectionState]
    to: ProtectionState


_LIVE: Final = frozenset({ProtectionState.ACTIVE, ProtectionState.PAUSED})
MOVES: Final[Mapping[ProtectionAction, Step]] = {
    ProtectionAction.PAUSE_PROTECTION: Step(
        "pauseProtection", frozenset({ProtectionState.ACTIVE}), ProtectionState.PAUSED
    ),
    ProtectionAction.RESUME_PROTECTION: Step(
        "resumeProtection", frozenset({ProtectionState.PAUSED}), ProtectionState.ACTIVE
    ),
    ProtectionAction.END_PROTECTION: Step("endProtection", _LIVE, ProtectionState.ENDED),
}
"""The life of an enrolment as a table; it is born ACTIVE."""
assert MOVES.keys() == set(ProtectionAction)


@dataclass(frozen=True, slots=True)
class ActivateProtection:
    """The merchant switches the protection on. None: the caller's own."""

    supplier_id: SupplierId | None


@dataclass(frozen=True, slots=True)
class TurnProtection:
    """The merchant pauses, resumes or ends its protection."""

    protection_id: ProtectionId


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a merchant stands: its state, why it may or may not switch it on, and what is left of the year's limit."""

    state: ProtectionState
    eligible: bool
    findings: tuple[Finding, ...]
    case_limit: Money
    year_limit: Money
    year_used: Money
    year_left: Money
    protection: ProtectionId | None


def protection_terms(version: RuleVersion) -> ProtectionTerms:
    """The numbers of a version of the rule about protection. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.PROTECTION:
        raise TypeError(f"{version.key} is not the rule about protection")
    return terms.of(ProtectionTerms, version)


# -- enrolment ---------------------------------------------------------------------------------------------------------


def entitled(plans: MembershipTerms, membership: Membership | None) -> Finding:
    """Whether the merchant's plan entitles it to protection."""
    plan = Plan.FREE if membership is None else membership.plan
    holds = plans.plans[plan].protection
    return Finding("protection.plan", holds, "plan_entitles_to_protection", {"plan": plan.value}, version=plans.version)


def eligibility(plans: MembershipTerms, membership: Membership | None, live: Protection | None) -> tuple[Finding, ...]:
    """Every condition for switching the protection on: what the query shows and the mutation refuses by."""
    inputs: dict[str, Input] = {} if live is None else {"state": live.state.value}
    return (
        entitled(plans, membership),
        Finding("protection.once", live is None, "protection_not_enrolled", inputs),
    )


def state_of(live: Protection | None, findings: tuple[Finding, ...]) -> ProtectionState:
    """The state of a merchant whose live enrolment and eligibility those are."""
    if live is not None:
        return live.state
    return ProtectionState.OFF if unmet(findings) else ProtectionState.ELIGIBLE


def activate_protection(
    supplier_id: SupplierId,
    plans: MembershipTerms,
    membership: Membership | None,
    live: Protection | None,
    *,
    rule_version_id: RuleVersionId,
    id: ProtectionId,
    period_id: ProtectionPeriodId,
    at: datetime,
) -> Change[Protection]:
    """What buyers pay from now on is protected. Refuses with every condition that is not met."""
    if because := unmet(eligibility(plans, membership, live)):
        raise Refused("protection.activate", "The protection cannot be switched on.", because)
    first = ProtectionPeriod(period_id, id, 1, at)
    protection = Protection(
        id, supplier_id, ProtectionState.ACTIVE, None, rule_version_id, at, at, None, version=1, periods=(first,)
    )
    return Change(None, protection, (_happening("protection.activated", protection),))


def moves(protection: Protection, caller: Caller, entitles: Finding | None = None) -> tuple[Move, ...]:
    """What the caller may do with the protection, and why not.

    `entitles` is what the merchant's plan says now (`entitled`); it matters to resuming alone.
    """
    found = []
    for action, step in MOVES.items():
        findings = [
            Finding("protection.role", may(caller, step.mutation), "protection_action_of_your_role"),
            Finding(
                "protection.state",
                protection.state in step.since,
                "protection_state_allows",
                {"state": protection.state.value},
            ),
        ]
        if action is ProtectionAction.RESUME_PROTECTION and entitles is not None:
            findings.append(entitles)
        found.append(Move(action.value, unmet(findings)))
    return tuple(found)


def require_own(protection: Protection, caller: Caller) -> None:
    """Nothing, if the protection is the caller's or the caller acts for the marketplace.

    Raises:
        NotFound: it is another's.
    """
    if not caller.is_operator and caller.party_id != protection.supplier_id:
        raise NotFound("There is no such protection.", field=("protectionId",))


def pause_protection(protection: Protection, reason: PauseReason, at: datetime) -> Change[Protection]:
    """What buyers pay from now on is not protected. The caller has asked `moves`."""
    after = _left(protection, at, state=ProtectionState.PAUSED, pause_reason=reason)
    return Change(protection, after, (_happening("protection.paused", after, reason=reason.value),))


def resume_protection(protection: Protection, id: ProtectionPeriodId, at: datetime) -> Change[Protection]:
    """What buyers pay from now on is protected again. The caller has asked `moves`."""
    period = ProtectionPeriod(id, protection.id, len(protection.periods) + 1, at)
    after = replace(
        protection,
        state=ProtectionState.ACTIVE,
        pause_reason=None,
        updated_at=at,
        version=protection.version + 1,
        periods=(*protection.periods, period),
    )
    return Change(protection, after, (_happening("protection.resumed", after),))


def end_protection(protection: Protection, at: datetime) -> Change[Protection]:
    """The protection is switched off; what was paid while it was active stays protected."""
    after = _left(protection, at, state=ProtectionState.ENDED, pause_reason=None, ended_at=at)
    return Change(protection, after, (_happening("protection.ended", after),))


def _left(protection: Protection, at: datetime, **changed: object) -> Protection:
    periods = tuple(
        replace(period, ended_at=at) if period.ended_at is None else period for period in protection.periods
    )
    return replace(protection, updated_at=at, version=protection.version + 1, periods=periods, **changed)  # type: ignore[arg-type]


def _happening(name: str, protection: Protection, **facts: Fact) -> Happening:
    return Happening(name, {"supplierId": protection.supplier_id, **facts})


# -- what is covered ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CoverageFacts:
    """A chargeback that was lost, as far as coverage asks.

    `lost` says that a defence was sent and lost (and not that there was none), `exposure` how much of the order's loss
    nothing else has made good (None: nobody knows of anything else), `used` what was covered in the year before.
    `shipped_at` is when the goods were first handed over with a valid tracking number, `moved_at` when first seen.
    """

    amount: Money
    result: str
    lost: bool
    active: bool
    pack_accepted: bool
    used: Money
    exposure: Money | None = None
    paid_at: datetime | None = None
    shipped_days: int | None = None
    moving_days: int | None = None
    address_changed: bool = False


@dataclass(frozen=True, slots=True)
class CoverageJudgement:
    """What is covered, what of it counts towards the year's limit (in that limit's currency), and why."""

    outcome: CoverageOutcome
    covered: Money
    counted: Money
    tree: Finding


def judge_coverage(
    rule: ProtectionTerms, facts: CoverageFacts, conversion: Conversion | None = None
) -> CoverageJudgement:
    """How much of the lost chargeback the platform bears.

    `conversion` is from the limits' currency to the chargeback's, where they differ: ValueError without.
    """
    version = rule.version
    nothing = Money.zero(rule.case_limit.currency)
    left = max(rule.year_limit - facts.used, nothing)
    ceiling = min(rule.case_limit, left)
    findings = [
        Finding("protection.active", facts.active, "protection_active_at_payment", _paid(facts)),
        Finding("protection.pack", facts.pack_accepted, "pack_accepted_by_platform"),
        Finding("protection.defence", facts.lost, "defence_then_lost", {"result": facts.result}),
        *(CONDITIONS[condition](rule, facts) for condition in sorted(rule.conditions)),
        Finding(
            "protection.limits",
            ceiling.minor > 0,
            "protection_limit_left",
            {
                "caseLimitMinor": rule.case_limit.minor,
                "yearLimitMinor": rule.year_limit.minor,
                "usedMinor": facts.used.minor,
                "leftMinor": left.minor,
                "currency": left.currency,
            },
            version=version,
        ),
        _exposed(facts),
    ]
    none = Money.zero(facts.amount.currency)
    if unmet(findings):
        tree = every("protection.coverage", "chargeback_covered", findings, version=version)
        return CoverageJudgement(CoverageOutcome.NOT_COVERED, none, nothing, tree)
    most, rate = _converted(ceiling, facts.amount.currency, conversion)
    covered = min(facts.amount, most, facts.amount if facts.exposure is None else facts.exposure)
    counted = _counted(covered, most, ceiling)
    amount = Finding(
        "protection.amount",
        covered.minor > 0,
        "chargeback_amount_covered",
        {
            "amountMinor": facts.amount.minor,
            "coveredMinor": covered.minor,
            "currency": covered.currency,
            "ceilingMinor": most.minor,
            **rate,
        },
        version=version,
    )
    tree = every("protection.coverage", "chargeback_covered", [*findings, amount], version=version)
    whole = covered == facts.amount
    outcome = CoverageOutcome.COVERED if whole else CoverageOutcome.PARTLY_COVERED
    return CoverageJudgement(outcome if covered.minor else CoverageOutcome.NOT_COVERED, covered, counted, tree)


def _converted(ceiling: Money, currency: str, conversion: Conversion | None) -> tuple[Money, dict[str, Input]]:
    if ceiling.currency == currency:
        return ceiling, {}
    if conversion is None or (conversion.base, conversion.quote) != (ceiling.currency, currency):
        raise ValueError(f"limits in {ceiling.currency} cover an amount in {currency} by a rate between the two")
    rate: dict[str, Input] = {"rate": f"{conversion.rate:f}", "rateDay": conversion.day.isoformat()}
    return money.convert(ceiling, currency, conversion.rate), rate


def _counted(covered: Money, most: Money, ceiling: Money) -> Money:
    """What was covered, in the currency of the limits, at the rate at which `ceiling` came to `most`."""
    if covered.minor == 0:
        return Money.zero(ceiling.currency)
    return Money(round(Fraction(covered.minor * ceiling.minor, most.minor)), ceiling.currency)


def _paid(facts: CoverageFacts) -> dict[str, Input]:
    return {} if facts.paid_at is None else {"paidAt": rfc3339(facts.paid_at)}


def _exposed(facts: CoverageFacts) -> Finding:
    if facts.exposure is None:
        return Finding("protection.exposure", True, "loss_not_made_good_elsewhere")
    inputs: dict[str, Input] = {"leftMinor": facts.exposure.minor, "currency": facts.exposure.currency}
    return Finding("protection.exposure", facts.exposure.minor > 0, "loss_not_made_good_elsewhere", inputs)


def _shipped_in_time(rule: ProtectionTerms, facts: CoverageFacts) -> Finding:
    holds = facts.shipped_days is not None and facts.shipped_days <= rule.shipped_days
    inputs: dict[str, Input] = {"days": facts.shipped_days, "most": rule.shipped_days}
    return Finding("protection.shipped", holds, "goods_shipped_in_time", inputs, version=rule.version)


def _moving_in_time(rule: ProtectionTerms, facts: CoverageFacts) -> Finding:
    holds = facts.moving_days is not None and facts.moving_days <= rule.moving_days
    inputs: dict[str, Input] = {"days": facts.moving_days, "most": rule.moving_days}
    return Finding("protection.moving", holds, "goods_moving_in_time", inputs, version=rule.version)


def _address_unchanged(rule: ProtectionTerms, facts: CoverageFacts) -> Finding:
    return Finding("protection.address", not facts.address_changed, "address_as_at_payment", version=rule.version)


CONDITIONS: Final[Mapping[Condition, Callable[[ProtectionTerms, CoverageFacts], Finding]]] = {
    Condition.SHIPPED_IN_TIME: _shipped_in_time,
    Condition.MOVING_IN_TIME: _moving_in_time,
    Condition.ADDRESS_UNCHANGED: _address_unchanged,
}
"""Condition -> what it asks. Total."""
assert CONDITIONS.keys() == set(Condition)


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CoverageGiven:
    """A chargeback that ended with `result`."""

    amount: Money
    result: str
    active: bool
    pack_accepted: bool
    used: Money | None = None
    exposure: Money | None = None
    shipped_days: Days | None = None
    moving_days: Days | None = None
    address_changed: bool = False


@dataclass(frozen=True, slots=True)
class CoverageFound:
    """What is covered of it. `unmet` are the reasons that do not hold."""

    outcome: CoverageOutcome
    covered: Money
    unmet: tuple[str, ...]


def judge(rule: ProtectionTerms, given: CoverageGiven) -> CoverageFound:
    """How much of that chargeback is covered."""
    facts = CoverageFacts(
        given.amount,
        given.result,
        given.result == "LOST",
        given.active,
        given.pack_accepted,
        given.used or Money.zero(rule.year_limit.currency),
        given.exposure,
        shipped_days=given.shipped_days,
        moving_days=given.moving_days,
        address_changed=given.address_changed,
    )
    found = judge_coverage(rule, facts)
    return CoverageFound(found.outcome, found.covered, tuple(finding.reason for finding in unmet(found.tree.because)))
