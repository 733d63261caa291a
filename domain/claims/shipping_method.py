"""A changed method of shipping, judged by the decision list of `domain.md` 6.6 (SD1).

    1  the contract names a method             it is broken if the goods travelled otherwise
    2  else a custom of the trade              the buyer has to prove it; broken likewise
    3  else a statute                          broken likewise
    4  else the seller was free to choose      and bears the loss that its choice caused

Laws: the first rule that names a method decides and the later ones are not asked; what nobody proved is no custom.
"""

from dataclasses import dataclass

from domain.explain import Finding, Input
from domain.shipments import ShipmentMode


@dataclass(frozen=True, slots=True)
class ShippingMethodFacts:
    """What was found. `used` is how the goods travelled; the others name a method, or None where they name none.

    `custom_proven` says whether the buyer proved the custom; `loss_by_choice` whether the choice caused the loss.
    """

    used: ShipmentMode
    contract: ShipmentMode | None = None
    custom: ShipmentMode | None = None
    custom_proven: bool = False
    statute: ShipmentMode | None = None
    loss_by_choice: bool = False


def judge(facts: ShippingMethodFacts) -> Finding:
    """Whether the seller answers for the change, with every step of the list down to the one that decides."""
    used = facts.used
    inputs: dict[str, Input] = {"used": used.value}
    asked: list[Finding] = []
    if facts.contract is not None:
        named = inputs | {"method": facts.contract.value}
        broken = facts.contract is not used
        return _judged(asked, Finding("shipping_method.contract", broken, "shipping_method_of_contract", named))
    asked.append(Finding("shipping_method.contract", True, "shipping_method_of_contract_silent"))
    if facts.custom is not None and facts.custom_proven:
        named = inputs | {"method": facts.custom.value}
        broken = facts.custom is not used
        return _judged(asked, Finding("shipping_method.custom", broken, "shipping_method_of_custom", named))
    asked.append(Finding("shipping_method.custom", True, "shipping_method_of_custom_silent"))
    if facts.statute is not None:
        named = inputs | {"method": facts.statute.value}
        broken = facts.statute is not used
        return _judged(asked, Finding("shipping_method.statute", broken, "shipping_method_of_statute", named))
    asked.append(Finding("shipping_method.statute", True, "shipping_method_of_statute_silent"))
    caused = facts.loss_by_choice
    return _judged(asked, Finding("shipping_method.choice", caused, "shipping_method_of_choice", inputs))


def _judged(asked: list[Finding], last: Finding) -> Finding:
    """The list down to the rule that decides, whose word it is."""
    because = (*asked, last)
    return Finding("shipping_method", last.holds, "shipping_method_answered_for", because=because)
