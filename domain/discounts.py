"""Discounts: what is taken off a price beside the provider's own lines.

How it works. Once a price is made (`domain/pricing.py`), hooks (`HOOKS`) may add lines to its `benefits`; the buyer's
level is the one there is. They are the marketplace's to bear (decision 0160).

Laws: nothing here changes a line or the total of the provider, so that no rank depends on who asks, and only offers
that are shown are asked about; what is paid is never below zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from domain import money
from domain.explain import Finding, Input
from domain.ids import BuyerId, LaneId, ProviderId
from domain.money import Money
from domain.pricing import Charge, ChargeKind, Occasion, Price
from domain.terms import BasisPoints


@dataclass(frozen=True, slots=True)
class Discount:
    """What the buyer's level takes off transport, and the version of the rule of levels that says so."""

    share_bp: BasisPoints
    version: str


@dataclass(frozen=True, slots=True)
class HookFacts:
    """What a hook may look at besides the occasion: who buys on which level, who sells, and the price so far."""

    buyer_id: BuyerId
    buyer_level: int | None
    provider_id: ProviderId
    lane_id: LaneId
    occasion: Occasion
    price: Price
    discount: Discount | None = None


Hook = Callable[[HookFacts], tuple[Charge, ...]]
"""Lines of kind TIER_BENEFIT in the list's currency, not above zero, each with its finding; pure and quick.

It runs once for each offer that is shown, which shows them as `tierBenefits`. A hook sees the lines of those before it
and must leave what is paid at zero or more.
"""


def tier_discount(facts: HookFacts) -> tuple[Charge, ...]:
    """What the buyer's level takes off the provider's total, as one line; none where it takes nothing off."""
    if facts.discount is None or not facts.discount.share_bp:
        return ()
    return (taken_off(facts.price.total, facts.discount),)


def taken_off(total: Money, discount: Discount) -> Charge:
    """The line of a discount on that total, rounded once, half-even."""
    amount = -money.share(total, discount.share_bp)
    inputs: dict[str, Input] = {
        "total": str(total),
        "shareBp": discount.share_bp,
        "amountMinor": amount.minor,
        "currency": total.currency,
    }
    because = Finding("pricing.tier_benefit", True, "tier_takes_off", inputs, discount.version)
    return Charge(ChargeKind.TIER_BENEFIT, amount, because)


HOOKS: Final[tuple[Hook, ...]] = (tier_discount,)
"""Whoever changes what is paid beyond the provider's own list is named here."""


def with_hooks(facts: HookFacts, hooks: Sequence[Hook] = HOOKS) -> Price:
    """The price with the lines of every hook.

    Refuses (ValueError) a hook whose line is the provider's, and one that brings what is paid below zero.
    """
    for hook in hooks:
        lines = hook(facts)
        if not lines:  # as of nearly every hook
            continue
        if any(line.kind is not ChargeKind.TIER_BENEFIT for line in lines):
            raise ValueError("what the provider gets is what its list says")
        price = replace(facts.price, benefits=facts.price.benefits + lines)
        if (price.total - price.discount).minor < 0:
            raise ValueError("no price lies below zero")
        facts = replace(facts, price=price)
    return facts.price
