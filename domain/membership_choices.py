"""Choices of plans: which plan a merchant wants next, what it costs, and when it begins (`domain.md` 2.2, 6.11).

How it works. A merchant chooses; a paid plan waits for its fee and begins when that is paid, or when what is paid for
already is over; the free plan ends the paid one at the end of the term that is paid, which is its notice. Choosing
again replaces a choice that waits.

    AWAITING_PAYMENT -the fee is paid-> BEGUN        AWAITING_END -the paid term is over-> BEGUN
    AWAITING_PAYMENT -nobody pays-> LAPSED           AWAITING_* -another choice, another payment-> REPLACED

Laws: at most one choice of a merchant waits; the fee that was told when it was chosen is the fee that is paid, whatever
the rule says later; what is paid for is never cut short. What may be chosen is told by the same findings by which a
choice is refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.change import Change, Fact, Happening
from domain.dates import MICROSECOND, rfc3339
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import MembershipChoiceId, MembershipId, RuleVersionId, SupplierId
from domain.memberships import Membership, MembershipTerms, Plan, at_least, current
from domain.money import Money


class ChoiceState(StrEnum):
    """Where a choice stands."""

    AWAITING_PAYMENT = "AWAITING_PAYMENT"
    """The plan begins when its fee is paid."""
    AWAITING_END = "AWAITING_END"
    """The free plan begins when what is paid for is over."""
    BEGUN = "BEGUN"
    """The plan was paid for, or the free one has begun."""
    REPLACED = "REPLACED"
    """The merchant chose or paid for something else since."""
    LAPSED = "LAPSED"
    """Nobody paid for it in time."""


WAITING: Final = frozenset({ChoiceState.AWAITING_PAYMENT, ChoiceState.AWAITING_END})
"""The states of the one choice that is open."""


@dataclass(frozen=True, slots=True)
class MembershipChoice:
    """What a merchant chose. `begins_at` is None where the plan begins with its payment.

    `due_at` is the last instant to pay, or the last one of what is paid for; `membership_id` the term that was paid.
    """

    id: MembershipChoiceId
    supplier_id: SupplierId
    plan: Plan
    state: ChoiceState
    fee: Money
    begins_at: datetime | None
    due_at: datetime
    membership_id: MembershipId | None
    rule_version_id: RuleVersionId
    chosen_by: str
    chosen_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class ChooseMembership:
    """The merchant wants that plan next. None: the caller's own."""

    supplier_id: SupplierId | None
    plan: Plan


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as it is offered to a merchant now, and why it may or may not be chosen."""

    plan: Plan
    fee: Money
    months: int
    protection: bool
    card_receipts_cap: Money | None
    begins_at: datetime | None
    pay_until: datetime | None
    current: bool
    eligible: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A merchant's terms that have not ended, and its choice that waits, if any."""

    terms: Sequence[Membership]
    waiting: MembershipChoice | None


def offers(rule: MembershipTerms, standing: Standing, invoiced_until: datetime, at: datetime) -> tuple[Offer, ...]:
    """Every plan as it stands for the merchant at `at`; `invoiced_until` is the last instant of a bill of today."""
    runs = current(standing.terms, at)
    plan_now = Plan.FREE if runs is None else runs.plan
    found = []
    for plan in Plan:
        numbers, findings = rule.plans[plan], eligibility(plan, standing, at)
        begins_at = _begins_at(plan, standing, at)
        pay_until = None if plan is Plan.FREE else _pay_until(begins_at, invoiced_until)
        found.append(
            Offer(
                plan,
                numbers.fee,
                numbers.months,
                numbers.protection,
                numbers.card_receipts_cap,
                begins_at,
                pay_until,
                plan is plan_now,
                not unmet(findings),
                findings,
            )
        )
    return tuple(found)


def eligibility(plan: Plan, standing: Standing, at: datetime) -> tuple[Finding, ...]:
    """Every condition for choosing that plan: what the offers show, and a choice is refused by."""
    waiting = standing.waiting
    chosen = waiting is not None and waiting.plan is plan
    findings = [Finding("membership.chosen", not chosen, "membership_not_chosen_yet", {"plan": plan.value})]
    if plan is Plan.FREE:
        pays = current(standing.terms, at) is not None or waiting is not None
        findings.append(Finding("membership.paid", pays, "membership_paid_plan_to_end", {"plan": plan.value}))
    return tuple(findings)


def choose_membership(
    plan: Plan,
    supplier_id: SupplierId,
    rule: MembershipTerms,
    standing: Standing,
    invoiced_until: datetime,
    *,
    chosen_by: str,
    id: MembershipChoiceId,
    at: datetime,
) -> Change[MembershipChoice]:
    """The plan waits for its fee, or the free one for the end of what is paid; it begins at once where nothing is.

    What waited before is the caller's to replace. Refuses with every condition that is not met.
    """
    if because := unmet(eligibility(plan, standing, at)):
        raise Refused("membership.choose", "That plan cannot be chosen now.", because)
    begins_at = _begins_at(plan, standing, at)
    if plan is not Plan.FREE:
        state, due_at = ChoiceState.AWAITING_PAYMENT, _pay_until(begins_at, invoiced_until)
    elif begins_at is not None and begins_at > at:
        state, due_at = ChoiceState.AWAITING_END, begins_at - MICROSECOND
    else:
        state, due_at = ChoiceState.BEGUN, at
    choice = MembershipChoice(
        id=id,
        supplier_id=supplier_id,
        plan=plan,
        state=state,
        fee=rule.plans[plan].fee,
        begins_at=begins_at,
        due_at=due_at,
        membership_id=None,
        rule_version_id=RuleVersionId(rule.version),
        chosen_by=chosen_by,
        chosen_at=at,
        ended_at=None if state in WAITING else at,
        version=1,
    )
    return Change(None, choice, (_happening("membership.chosen", choice),))


def replace_choice(choice: MembershipChoice, at: datetime) -> Change[MembershipChoice]:
    """The merchant chose or paid for something else. Refuses (ValueError) a choice that does not wait."""
    return _ended(choice, ChoiceState.REPLACED, "membership.choice_replaced", at)


def begin_choice(choice: MembershipChoice, term: Membership | None, at: datetime) -> Change[MembershipChoice]:
    """The plan is paid for by that term, or the free one has begun. Refuses (ValueError) one that does not wait."""
    began = replace(choice, membership_id=None if term is None else term.id)
    change = _ended(began, ChoiceState.BEGUN, "membership.choice_begun", at)
    return Change(choice, change.after, change.happened)


def lapse_choice(choice: MembershipChoice, at: datetime) -> Change[MembershipChoice]:
    """Nobody paid in time. Refuses (ValueError) a choice that does not wait for its payment."""
    return _ended(choice, ChoiceState.LAPSED, "membership.choice_lapsed", at)


def _ended(choice: MembershipChoice, state: ChoiceState, name: str, at: datetime) -> Change[MembershipChoice]:
    if choice.state not in WAITING:
        raise ValueError(f"{choice.id} is {choice.state.value}")
    after = replace(choice, state=state, ended_at=at, version=choice.version + 1)
    return Change(choice, after, (_happening(name, after),))


def _begins_at(plan: Plan, standing: Standing, at: datetime) -> datetime | None:
    """When the plan would begin: after every term that entitles to as much; None: with its payment."""
    ends = _ends(standing.terms if plan is Plan.FREE else at_least(standing.terms, plan), at)
    if ends:
        return max(ends) + MICROSECOND
    return at if plan is Plan.FREE else None


def _ends(terms: Iterable[Membership], at: datetime) -> list[datetime]:
    return [term.ends_at for term in terms if at <= term.ends_at]


def _pay_until(begins_at: datetime | None, invoiced_until: datetime) -> datetime:
    """A bill of today has its usual time, and a plan that begins later is paid before it does."""
    return invoiced_until if begins_at is None else max(invoiced_until, begins_at - MICROSECOND)


def _happening(name: str, choice: MembershipChoice) -> Happening:
    facts: dict[str, Fact] = {
        "supplierId": choice.supplier_id,
        "plan": choice.plan.value,
        "state": choice.state.value,
        "feeMinor": choice.fee.minor,
        "currency": choice.fee.currency,
        "dueAt": rfc3339(choice.due_at),
    }
    return Happening(name, facts)
