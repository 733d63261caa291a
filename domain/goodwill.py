"""Goodwill: what staff give a buyer without a duty to, as a coupon or a refund (`domain.md` 2.9).

Laws: nobody gives more than its role's limit, which is an amount or a share of the order, whichever is more; what a
person gives in a month stays within its budget, where the rule has one; goodwill for the loss of a line counts towards
that loss like any other payment (`domain/exposure.py`); the marketplace bears it, unless the liable party of a claim
agreed to; who gave it, by which limit and why is kept and shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain import money, terms
from domain.access import STAFF, Caller, Role
from domain.change import Change, Fact, Happening
from domain.errors import Refused
from domain.explain import Finding, every
from domain.exposure import LossCause
from domain.ids import BuyerId, ClaimId, DecisionId, GoodwillId, OrderId, RuleVersionId
from domain.money import Money
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import BasisPoints

Convert = Callable[[Money], Money]
"""An amount of the rule in the currency of the gift."""


class GoodwillForm(StrEnum):
    """How goodwill is given."""

    COUPON = "COUPON"
    """A coupon for a later order."""
    REFUND = "REFUND"
    """Money."""


class GoodwillBearer(StrEnum):
    """Who bears goodwill."""

    PLATFORM = "PLATFORM"
    """The marketplace."""
    LIABLE_PARTY = "LIABLE_PARTY"
    """The liable party of the claim, which agreed to it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a role may give at once: the amount, or the share of the order's total, whichever is more."""

    amount: Money
    share_bp: BasisPoints
    monthly: Money | None = None


@dataclass(frozen=True, slots=True)
class GoodwillTerms:
    """The limits by role of one version. `version` is that version's id."""

    version: str
    limits: Mapping[Role, Limit]

    def __post_init__(self) -> None:
        if strangers := self.limits.keys() - STAFF:
            raise ValueError(f"goodwill is for staff to give, not for {', '.join(sorted(strangers))}")
        if len({limit.amount.currency for limit in self.limits.values()}) > 1:
            raise ValueError("the limits are in one currency")
        for limit in self.limits.values():
            if limit.monthly is not None and limit.monthly.currency != limit.amount.currency:
                raise ValueError("the limits are in one currency")

    @property
    def currency(self) -> str | None:
        """In which currency the limits are; None where there are none."""
        return next((limit.amount.currency for limit in self.limits.values()), None)


@dataclass(frozen=True, slots=True)
class GrantGoodwill:
    """The wish to give a buyer something, and why; for an order, a claim or the loss of an order's lines, if at all."""

    buyer_id: BuyerId
    order_id: OrderId | None
    claim_id: ClaimId | None
    cause: LossCause | None
    form: GoodwillForm
    bearer: GoodwillBearer
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class Goodwill:
    """What was given: by whom, by which role's limit, and why. It never changes."""

    id: GoodwillId
    buyer_id: BuyerId
    order_id: OrderId | None
    claim_id: ClaimId | None
    cause: LossCause | None
    form: GoodwillForm
    bearer: GoodwillBearer
    amount: Money
    reason: str
    granted_by: str
    role: Role
    limit: Money
    rule_version_id: RuleVersionId
    decision_id: DecisionId
    granted_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What somebody may give at once, by which role, and what is left of the month's budget (None: no budget)."""

    role: Role
    limit: Money
    left_of_month: Money | None


@dataclass(frozen=True, slots=True)
class GoodwillGiven:
    """Somebody with those roles gives `amount` on an order of that total, having given `given` this month."""

    roles: tuple[Role, ...]
    amount: Money
    order_total: Money | None = None
    given: Money | None = None


@dataclass(frozen=True, slots=True)
class GoodwillFound:
    """By which role's limit, and whether it may be given."""

    role: Role | None
    limit: Money | None
    allowed: bool


def terms_of(version: RuleVersion) -> GoodwillTerms:
    """The numbers of that version. Refuses one of another kind with ValueError."""
    if version.kind is not RuleKind.GOODWILL:
        raise ValueError(f"{version.id} is about {version.kind}")
    return terms.of(GoodwillTerms, version)


def allowance(
    rule: GoodwillTerms, roles: frozenset[Role], order_total: Money | None, given: Money, convert: Convert
) -> Allowance | None:
    """The widest of the roles' limits in the currency of `given`; None where none of them may give.

    `given` is what the person gave this month, in the currency of the gift; `convert` brings the rule's amounts there.
    """
    found = [
        Allowance(role, _limit(limit, order_total, convert), _left(limit, given, convert))
        for role, limit in sorted(rule.limits.items())
        if role in roles
    ]
    return max(found, key=lambda each: each.limit.minor, default=None)


def _limit(limit: Limit, order_total: Money | None, convert: Convert) -> Money:
    amount = convert(limit.amount)
    if order_total is None or order_total.currency != amount.currency:
        return amount
    return max(amount, money.share(order_total, limit.share_bp))


def _left(limit: Limit, given: Money, convert: Convert) -> Money | None:
    if limit.monthly is None:
        return None
    return max(convert(limit.monthly) - given, Money.zero(given.currency))


def conditions(allowed: Allowance | None, amount: Money, version: str) -> tuple[Finding, ...]:
    """Whether that much may be given by that allowance."""
    if allowed is None:
        return (Finding("goodwill.role", False, "goodwill_of_your_role", version=version),)
    inputs = {"role": allowed.role.value, "amount": str(amount), "limit": str(allowed.limit)}
    findings = [
        Finding("goodwill.amount", amount.minor > 0, "amount_above_zero", {"amountMinor": amount.minor}),
        Finding("goodwill.limit", amount <= allowed.limit, "goodwill_within_limit", inputs, version),
    ]
    if (left := allowed.left_of_month) is not None:
        inputs = {"role": allowed.role.value, "amount": str(amount), "left": str(left)}
        findings.append(Finding("goodwill.month", amount <= left, "goodwill_within_month", inputs, version))
    return tuple(findings)


def grant_goodwill(
    wish: GrantGoodwill,
    allowed: Allowance | None,
    caller: Caller,
    rule_version_id: RuleVersionId,
    *,
    id: GoodwillId,
    decision_id: DecisionId,
    at: datetime,
) -> tuple[Change[Goodwill], Finding]:
    """What is given, and the tree of findings that allowed it. Refuses, with the numbers, what is above a limit."""
    tree = every(
        "goodwill", "goodwill_allowed", conditions(allowed, wish.amount, rule_version_id), version=rule_version_id
    )
    if allowed is None or not tree.holds:
        because = tuple(finding for finding in tree.because if not finding.holds)
        raise Refused("goodwill.grant", "This is more than may be given.", because)
    goodwill = Goodwill(
        id,
        wish.buyer_id,
        wish.order_id,
        wish.claim_id,
        wish.cause,
        wish.form,
        wish.bearer,
        wish.amount,
        wish.reason,
        str(caller.actor_id),
        allowed.role,
        allowed.limit,
        rule_version_id,
        decision_id,
        at,
        version=1,
    )
    facts: dict[str, Fact] = {
        "buyerId": wish.buyer_id,
        "orderId": wish.order_id,
        "claimId": wish.claim_id,
        "form": wish.form.value,
        "bearer": wish.bearer.value,
        "amountMinor": wish.amount.minor,
        "currency": wish.amount.currency,
    }
    return Change(None, goodwill, (Happening("goodwill.granted", facts),)), tree


def judge(rule: GoodwillTerms, given: GoodwillGiven) -> GoodwillFound:
    """What an example case comes to; its amounts are in the rule's own currency."""
    spent = given.given or Money.zero(given.amount.currency)
    allowed = allowance(rule, frozenset(given.roles), given.order_total, spent, lambda amount: amount)
    holds = all(finding.holds for finding in conditions(allowed, given.amount, rule.version))
    return GoodwillFound(
        role=None if allowed is None else allowed.role, limit=None if allowed is None else allowed.limit, allowed=holds
    )
