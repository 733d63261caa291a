"""What every promise's judge has in common: the judgement itself, the exclusions, and how the amount is concluded.

Law: the amounts of the lines sum to the judgement's amount exactly.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from domain import money
from domain.compensation import Compensation, reckoned
from domain.dates import rfc3339
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input, unmet
from domain.exposure import LossCause
from domain.guarantees.facts import LineFacts, OrderFacts
from domain.guarantees.promises import Complaint, Exclusion
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
    `violation` what the liable party did, where points follow. `unpaid` is there where the rule pays nothing for a
    promise that its conditions say was broken: the tree that says so (vector T4).
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
    unpaid: Finding | None = None

    @property
    def grounds(self) -> Finding:
        """What a claim rests on: that the rule pays, or that it pays nothing for what was broken."""
        return self.unpaid or self.tree

    def __post_init__(self) -> None:
        if money.total([part for _, part in self.lines], self.amount.currency) != self.amount:
            raise ValueError("the amounts of the lines sum to the judgement's amount")


def divided(amount: Money, lines: Sequence[LineFacts]) -> tuple[tuple[str, Money], ...]:
    """The amount over the lines by their value, to the cent; evenly where none is worth anything. Nothing: no lines."""
    if not amount.minor or not lines:
        return ()
    weights = [line.value.minor for line in lines]
    parts = money.share_out(amount, weights if any(weights) else [1] * len(lines))
    return tuple((line.id, part) for line, part in zip(lines, parts, strict=True))


def exclusions(rule: Rule, facts: OrderFacts) -> tuple[Finding, ...]:
    """One finding per exclusion that the rule applies; it holds where the order is not excluded."""
    return tuple(EXCLUSIONS[word](facts, rule.version) for word in rule.excludes)


@dataclass(frozen=True, slots=True)
class Refund:
    """What comes back: by line, in sum, and why."""

    base: Money
    amount: Money
    lines: tuple[tuple[str, Money], ...]
    tree: Finding

    @property
    def remedy(self) -> RemedyKind:
        """All of the base, or a part of it."""
        return RemedyKind.REFUND_FULL if self.amount == self.base else RemedyKind.REFUND_PARTIAL


def refunded(
    rule_code: str,
    rule: Rule,
    conditions: tuple[Finding, ...],
    parts: Sequence[tuple[LineFacts, Money]],
    facts: OrderFacts,
    cap: Money | None = None,
) -> Refund:
    """Those parts come back, in sum no more than the cap and than what was paid and did not come back before.

    Nothing does unless every condition holds. The cap is in the order's currency.
    """
    nothing = Money.zero(facts.currency)
    base = money.total([part for _, part in parts], facts.currency)
    left = money.total([line.value for line in facts.lines], facts.currency) - (facts.refunded or nothing)
    amount = max(min(base, *(most for most in (left, cap) if most is not None)), nothing)
    if unmet(conditions):
        tree = Finding(rule_code, False, "guarantee_compensates", {"amount": str(nothing)}, rule.version, conditions)
        return Refund(base, nothing, (), tree)
    inputs: dict[str, Input] = {"base": str(base), "left": str(left), "amount": str(amount)}
    inputs |= {} if cap is None else {"cap": str(cap)}
    reckoning = Finding("guarantee.refund", amount.minor > 0, "guarantee_refund", inputs, rule.version)
    because = (*conditions, reckoning)
    tree = Finding(rule_code, reckoning.holds, "guarantee_compensates", {"amount": str(amount)}, rule.version, because)
    weighed = [(line, part) for line, part in parts if part.minor]
    shares = money.share_out(amount, [part.minor for _, part in weighed]) if amount.minor else ()
    lines = tuple((line.id, share) for (line, _), share in zip(weighed, shares, strict=False))
    return Refund(base, amount, lines, tree)


def liability(facts: OrderFacts, version: str) -> tuple[Finding, ...]:
    """What was found of the party's liability; nothing where nobody has been asked yet."""
    if facts.liable is None:
        return ()
    return (Finding("guarantee.liable", facts.liable, "party_found_liable", {}, version),)


def complained(facts: OrderFacts, rule: Rule, about: Collection[Complaint]) -> Finding:
    """Whether the buyer complains of something that the rule makes good."""
    said = None if facts.complaint is None else facts.complaint.about
    inputs: dict[str, Input] = {
        "complaint": None if said is None else said.value,
        "of": ", ".join(word.value for word in about),
    }
    return Finding("guarantee.complaint", said in about, "guarantee_is_for_complaint", inputs, rule.version)


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


def _quantity_kept(facts: OrderFacts, version: str) -> Finding:
    changed = facts.quantity_changed_at
    inputs: dict[str, Input] = {} if changed is None else {"changedAt": rfc3339(changed)}
    return Finding("guarantee.quantity", changed is None, "order_quantity_kept", inputs, version)


def _complains(facts: OrderFacts, *about: Complaint) -> bool:
    return facts.complaint is not None and facts.complaint.about in about


def _whole_on_the_way(facts: OrderFacts, version: str) -> Finding:
    holds = not _complains(facts, Complaint.DAMAGED)
    return Finding("guarantee.transport_damage", holds, "complaint_not_of_transport", {}, version)


def _defect_undisclosed(facts: OrderFacts, version: str) -> Finding:
    holds = not _complains(facts, *BY_STANDARD) or not all(line.disclosed_defects for line in facts.concerned)
    return Finding("guarantee.disclosed", holds, "defect_not_disclosed", {}, version)


def _standard_stated(facts: OrderFacts, version: str) -> Finding:
    holds = not _complains(facts, *BY_STANDARD) or any(line.standard_stated for line in facts.concerned)
    return Finding("guarantee.standard", holds, "standard_was_stated", {}, version)


def _transport_arranged(facts: OrderFacts, version: str) -> Finding:
    holds = not (facts.buyer_transport and _complains(facts, *BY_TRANSPORT))
    return Finding("guarantee.transport", holds, "transport_not_of_buyer", {}, version)


def _not_of_service(facts: OrderFacts, version: str) -> Finding:
    holds = not _complains(facts, Complaint.SERVICE)
    return Finding("guarantee.after_sales", holds, "complaint_not_of_service", {}, version)


def _not_user_caused(facts: OrderFacts, version: str) -> Finding:
    holds = not facts.services or not all(service.user_caused for service in facts.services)
    return Finding("after_sales.user_caused", holds, "damage_not_user_caused", {}, version)


def _part_listed(facts: OrderFacts, version: str) -> Finding:
    holds = not facts.services or any(service.parts_listed for service in facts.services)
    return Finding("after_sales.parts", holds, "part_on_list", {}, version)


BY_STANDARD: Final = (Complaint.NOT_AS_AGREED, Complaint.QUALITY)
"""Complaints that measure the goods by what was agreed."""
BY_TRANSPORT: Final = (Complaint.LATE, Complaint.NOT_RECEIVED, Complaint.DAMAGED)
"""Complaints of what happened on the way."""

EXCLUSIONS: Final[Mapping[Exclusion, Callable[[OrderFacts, str], Finding]]] = {
    Exclusion.CANCELLED: _not_cancelled,
    Exclusion.ADDRESS_CHANGED: _address_kept,
    Exclusion.ALREADY_CLAIMED: _first_claim,
    Exclusion.OUTSIDE_PROGRAMME: _in_programme,
    Exclusion.QUANTITY_CHANGED: _quantity_kept,
    Exclusion.TRANSPORT_DAMAGE: _whole_on_the_way,
    Exclusion.DISCLOSED_DEFECT: _defect_undisclosed,
    Exclusion.NO_STANDARD: _standard_stated,
    Exclusion.BUYER_TRANSPORT: _transport_arranged,
    Exclusion.AFTER_SALES_ISSUE: _not_of_service,
    Exclusion.USER_CAUSED: _not_user_caused,
    Exclusion.PART_NOT_LISTED: _part_listed,
}

assert EXCLUSIONS.keys() == set(Exclusion)
