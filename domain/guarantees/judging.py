"""What every promise's judge has in common: the judgement itself, the exclusions, and how the amount is concluded.

Law: the amounts of the lines sum to the judgement's amount exactly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from domain import money
from domain.compensation import Compensation, reckoned
from domain.dates import rfc3339
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input, unmet
from domain.exposure import LossCause
from domain.guarantees.facts import LineFacts, OrderFacts
from domain.guarantees.promises import Exclusion
from domain.money import Money
from domain.penalties import Violation
from domain.remedies import RemedyKind


class Rule(Protocol):
    """What the terms of every promise have."""

    @property
    def version(self) -> str:
        """The id of the rule's version."""
        ...

    @property
    def excludes(self) -> tuple[Exclusion, ...]:
        """What takes an order out of it."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule's word on the facts: the base, what it gives (nothing unless the tree holds), and why.

    `late_line_ids` are the lines whose promise is broken, and `lines` what each of them gets: in sum the amount.
    `remedy` is how it is made good, `cause` what was lost by; `return_required` says whether the goods go back first,
    `violation` what the liable party did, where points follow.
    """

    base: Money
    amount: Money
    late_line_ids: tuple[str, ...]
    tree: Finding
    remedy: RemedyKind
    cause: LossCause
    lines: tuple[tuple[str, Money], ...] = ()
    return_required: bool = False
    violation: Violation | None = None

    def __post_init__(self) -> None:
        if money.total([part for _, part in self.lines], self.amount.currency) != self.amount:
            raise ValueError("the amounts of the lines sum to the judgement's amount")


def divided(amount: Money, lines: Sequence[LineFacts]) -> tuple[tuple[str, Money], ...]:
    """The amount over the lines by their value, to the cent; evenly where none is worth anything. Nothing: no lines."""
    if not amount.minor:
        return ()
    weights = [line.value.minor for line in lines]
    parts = money.share_out(amount, weights if any(weights) else [1] * len(lines))
    return tuple((line.id, part) for line, part in zip(lines, parts, strict=True))


def exclusions(rule: Rule, facts: OrderFacts) -> tuple[Finding, ...]:
    """One finding per exclusion that the rule applies; it holds where the order is not excluded."""
    return tuple(EXCLUSIONS[word](facts, rule.version) for word in rule.excludes)


def concluded(
    rule_code: str,
    rule: Rule,
    conditions: tuple[Finding, ...],
    base: Money,
    compensation: Compensation | None,
    conversion: Conversion | None,
) -> tuple[Finding, Money]:
    """The tree over the conditions, and the amount: nothing unless all of them hold and it is above zero."""
    nothing = Money.zero(base.currency)
    if compensation is None or unmet(conditions):
        return Finding(
            rule_code, False, "guarantee_compensates", {"amount": str(nothing)}, rule.version, conditions
        ), nothing
    amount, reckoning = reckoned(compensation, base, conversion, rule.version)
    because = (*conditions, reckoning)
    return Finding(
        rule_code, reckoning.holds, "guarantee_compensates", {"amount": str(amount)}, rule.version, because
    ), amount


def _not_cancelled(facts: OrderFacts, version: str) -> Finding:
    inputs: dict[str, Input] = {} if facts.cancelled_at is None else {"cancelledAt": rfc3339(facts.cancelled_at)}
    return Finding("guarantee.cancelled", facts.cancelled_at is None, "order_not_cancelled", inputs, version)


def _address_kept(facts: OrderFacts, version: str) -> Finding:
    changed = facts.address_changed_at
    inputs: dict[str, Input] = {} if changed is None else {"changedAt": rfc3339(changed)}
    return Finding("guarantee.address", changed is None, "order_address_kept", inputs, version)


def _first_claim(facts: OrderFacts, version: str) -> Finding:
    inputs: dict[str, Input] = {} if facts.claim_id is None else {"claim": facts.claim_id}
    return Finding("guarantee.one_claim", facts.claim_id is None, "order_not_claimed_before", inputs, version)


def _in_programme(facts: OrderFacts, version: str) -> Finding:
    return Finding("guarantee.programme", facts.in_programme, "order_in_programme", {}, version)


EXCLUSIONS: Final[Mapping[Exclusion, Callable[[OrderFacts, str], Finding]]] = {
    Exclusion.CANCELLED: _not_cancelled,
    Exclusion.ADDRESS_CHANGED: _address_kept,
    Exclusion.ALREADY_CLAIMED: _first_claim,
    Exclusion.OUTSIDE_PROGRAMME: _in_programme,
}

assert EXCLUSIONS.keys() == set(Exclusion)
