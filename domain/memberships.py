"""Memberships: what a merchant pays the marketplace for, and what that entitles it to (`domain.md` 2.2).

How it works. A plan's fee, term and entitlements are rule data. Whoever paid for nothing is on the free plan. Each paid
term is a row of its own, from its beginning to its last instant; a term that is paid for while one of the same plan or
a better one runs begins where that one ends. What a merchant wants next is in `domain/membership_choices.py`. Card
payments are recorded with the plan under which they came in, and the free plan's cap on them is asked before one is
taken.

Laws: a recorded term never changes; at an instant the best plan that is paid for counts; what was received by card on
the free plan never exceeds the cap that is in force, whoever records at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, money, reported_payments, terms, texts
from domain.change import Change, Fact, Happening
from domain.dates import MICROSECOND, Calendar, rfc3339
from domain.errors import Invalid, Problem, Refused
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input, unmet
from domain.ids import BuyerId, CardReceiptId, MembershipId, OrderId, RuleVersionId, SupplierId
from domain.money import Money
from domain.orders import Order
from domain.reported_payments import PaidFor
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count

RULE: Final = "memberships"
"""The key of the rule about plans."""


class Plan(StrEnum):
    """What a merchant is a member of, the least first."""

    FREE = "FREE"
    """Everybody who paid for nothing else."""
    STANDARD = "STANDARD"
    """A paid plan."""
    PREMIUM = "PREMIUM"
    """The dearest plan."""


class Scheme(StrEnum):
    """Card networks."""

    VISA = "VISA"
    """Visa."""
    MASTERCARD = "MASTERCARD"
    """Mastercard."""
    AMEX = "AMEX"
    """American Express."""
    DISCOVER = "DISCOVER"
    """Discover."""


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """A plan: its fee for a term of so many months, and what it entitles to. No cap: as much as comes in."""

    fee: Money
    months: Count
    protection: bool
    card_receipts_cap: Money | None = None


@dataclass(frozen=True, slots=True)
class MembershipTerms:
    """All plans. Refuses with ValueError rules that leave one out."""

    version: str
    plans: Mapping[Plan, PlanTerms]

    def __post_init__(self) -> None:
        if missing := sorted(set(Plan) - self.plans.keys()):
            raise ValueError(f"every plan has its terms; none are given for {', '.join(missing)}")


@dataclass(frozen=True, slots=True)
class Membership:
    """A paid term of a plan; `ends_at` is its last instant, `reference` the marketplace's own bill.

    `posted` says whether its fee is in the books: those of the time before fees were posted are not.
    """

    id: MembershipId
    supplier_id: SupplierId
    plan: Plan
    reference: str
    fee: Money
    starts_at: datetime
    ends_at: datetime
    rule_version_id: RuleVersionId
    recorded_at: datetime
    posted: bool
    version: int

    def covers(self, at: datetime) -> bool:
        """Whether the term runs at `at`."""
        return self.starts_at <= at <= self.ends_at


@dataclass(frozen=True, slots=True)
class CardReceipt:
    """A card payment of an order. `counted_minor` is what it uses of its plan's cap, in the cap's currency."""

    id: CardReceiptId
    order_id: OrderId
    buyer_id: BuyerId
    supplier_id: SupplierId
    payment_reference: str
    scheme: Scheme
    amount: Money
    plan: Plan
    counted_minor: int
    rule_version_id: RuleVersionId
    received_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class RecordMembership:
    """The merchant has paid for a term of a plan, by that bill."""

    supplier_id: SupplierId
    plan: Plan
    reference: str


@dataclass(frozen=True, slots=True)
class RecordCardReceipt:
    """That much of an order was paid by card; the processor calls the payment `payment_reference`."""

    order_id: OrderId
    payment_reference: str
    scheme: Scheme
    amount: Money
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a merchant may still receive by card: no cap, or a cap, what is used and what is left of it."""

    plan: Plan
    plan_ends_at: datetime | None
    entitles_to_protection: bool
    cap: Money | None
    used: Money | None
    left: Money | None


def membership_terms(version: RuleVersion) -> MembershipTerms:
    """The numbers of a version of the rule about plans. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.MEMBERSHIPS:
        raise TypeError(f"{version.key} is not the rule about plans")
    return terms.of(MembershipTerms, version)


def current(memberships: Iterable[Membership], at: datetime) -> Membership | None:
    """The term that counts at `at`: of the best plan, and of that the one that runs longest. None: the free plan."""
    ranks = list(Plan)
    running = (membership for membership in memberships if membership.covers(at))
    return max(running, key=lambda membership: (ranks.index(membership.plan), membership.ends_at), default=None)


def at_least(memberships: Iterable[Membership], plan: Plan) -> list[Membership]:
    """The terms of that plan and of better ones."""
    ranks = list(Plan)
    return [membership for membership in memberships if ranks.index(membership.plan) >= ranks.index(plan)]


def record_membership(
    command: RecordMembership,
    memberships: Iterable[Membership],
    rule: MembershipTerms,
    calendar: Calendar,
    *,
    id: MembershipId,
    at: datetime,
) -> Change[Membership]:
    """The merchant is on that plan for one more term: from now, or from the end of what entitles to as much already.

    `rule` is the one by which it was told the fee. Refuses with Invalid the free plan, which nobody pays for, and a
    reference that is none.
    """
    problems = [*texts.reference_problems(command.reference, "reference")]
    if command.plan is Plan.FREE:
        problems.append(Problem(("plan",), "Nobody pays for the free plan: it is what is left when none is paid."))
    if problems:
        raise Invalid(*problems)
    plan = rule.plans[command.plan]
    ends = [each.ends_at for each in at_least(memberships, command.plan) if at <= each.ends_at]
    starts_at = max(ends) + MICROSECOND if ends else at
    membership = Membership(
        id=id,
        supplier_id=command.supplier_id,
        plan=command.plan,
        reference=command.reference,
        fee=plan.fee,
        starts_at=starts_at,
        ends_at=dates.months_deadline(starts_at, plan.months, calendar),
        rule_version_id=RuleVersionId(rule.version),
        recorded_at=at,
        posted=True,
        version=1,
    )
    facts: dict[str, Fact] = {
        "supplierId": membership.supplier_id,
        "plan": membership.plan.value,
        "startsAt": rfc3339(membership.starts_at),
        "endsAt": rfc3339(membership.ends_at),
    }
    return Change(None, membership, (Happening("membership.recorded", facts),))


def allowance(rule: MembershipTerms, membership: Membership | None, used_minor: int) -> Allowance:
    """What may still be received by card on that plan, of which the cap has been used so far."""
    plan = Plan.FREE if membership is None else membership.plan
    entitled = rule.plans[plan]
    ends_at = None if membership is None else membership.ends_at
    cap = entitled.card_receipts_cap
    if cap is None:
        return Allowance(plan, ends_at, entitled.protection, None, None, None)
    used = Money(used_minor, cap.currency)
    return Allowance(plan, ends_at, entitled.protection, cap, used, max(cap - used, Money.zero(cap.currency)))


def counted(amount: Money, cap: Money | None, conversion: Conversion | None) -> int:
    """What a receipt uses of the cap, in minor units of the cap's currency; 0 where there is no cap.

    Refuses a rate of another pair, and a missing one that is needed, with ValueError.
    """
    if cap is None:
        return 0
    if amount.currency == cap.currency:
        return amount.minor
    if conversion is None or (conversion.base, conversion.quote) != (amount.currency, cap.currency):
        raise ValueError(f"{amount} is counted in {cap.currency} by a rate between the two")
    return money.convert(amount, cap.currency, conversion.rate).minor


def receipt_fits(given: Allowance, counted_minor: int, *, version: str) -> Finding:
    """Whether a receipt that counts so much fits under what the plan lets come in by card."""
    inputs: dict[str, Input] = {"plan": given.plan.value, "amountMinor": counted_minor}
    if given.cap is None or given.used is None or given.left is None:
        return Finding("membership.card_receipts", True, "card_receipts_within_cap", inputs, version=version)
    inputs |= {
        "capMinor": given.cap.minor,
        "usedMinor": given.used.minor,
        "leftMinor": given.left.minor,
        "currency": given.cap.currency,
    }
    holds = counted_minor <= given.left.minor
    return Finding("membership.card_receipts", holds, "card_receipts_within_cap", inputs, version=version)


def record_card_receipt(
    command: RecordCardReceipt,
    order: Order,
    paid_by_card: Money,
    given: Allowance,
    counted_minor: int,
    *,
    rule_version_id: RuleVersionId,
    id: CardReceiptId,
    at: datetime,
) -> Change[CardReceipt]:
    """The payment is recorded with the plan under which it came in.

    Refuses with Invalid another currency than the order's, nothing at all, an instant in the future or before the order
    and a reference that is none; with every reason more than the order costs, and what the plan does not let in.
    """
    received_at = command.received_at or at
    if problems := tuple(_receipt_problems(command, order, received_at, at)):
        raise Invalid(*problems)
    left = order.total - paid_by_card
    inputs: dict[str, Input] = {
        "amountMinor": command.amount.minor,
        "leftMinor": left.minor,
        "currency": left.currency,
    }
    findings = (
        Finding("card_receipt.order", command.amount <= left, "card_receipts_within_order", inputs),
        receipt_fits(given, counted_minor, version=rule_version_id),
    )
    if because := unmet(findings):
        raise Refused("card_receipt.record", "That much cannot be received by card.", because)
    receipt = CardReceipt(
        id=id,
        order_id=order.id,
        buyer_id=order.buyer_id,
        supplier_id=order.supplier_id,
        payment_reference=command.payment_reference,
        scheme=command.scheme,
        amount=command.amount,
        plan=given.plan,
        counted_minor=counted_minor,
        rule_version_id=rule_version_id,
        received_at=received_at,
        version=1,
    )
    facts: dict[str, Fact] = {
        "orderId": order.id,
        "supplierId": order.supplier_id,
        "plan": given.plan.value,
        "amountMinor": receipt.amount.minor,
        "currency": receipt.amount.currency,
    }
    return Change(None, receipt, (Happening("card_receipt.recorded", facts),))


def _receipt_problems(
    command: RecordCardReceipt, order: Order, received_at: datetime, at: datetime
) -> Iterable[Problem]:
    subject = PaidFor(order.total.currency, order.placed_at)
    fields = ("paymentReference", "receivedAt")
    return reported_payments.problems(
        command.payment_reference, command.amount, received_at, subject, at, fields=fields
    )


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MembershipGiven:
    """A merchant on that plan has received so much by card, and is to receive more."""

    plan: Plan
    received: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class MembershipFound:
    """What the plan costs and allows."""

    fee: Money
    protection: bool
    fits: bool
    left: Money | None


def judge(rule: MembershipTerms, given: MembershipGiven) -> MembershipFound:
    """What the plan says to that receipt."""
    plan = rule.plans[given.plan]
    cap = plan.card_receipts_cap
    left = None if cap is None else max(cap - given.received, Money.zero(cap.currency))
    return MembershipFound(plan.fee, plan.protection, left is None or given.amount <= left, left)
