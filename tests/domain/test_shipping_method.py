"""A changed method of shipping: contract, then custom, then statute, then the seller's own choice (`domain.md` 6.6)."""

import itertools

import pytest

from domain.claims import ShippingMethodFacts, shipping_method
from domain.shipments import ShipmentMode

SEA, AIR, ROAD = ShipmentMode.OCEAN, ShipmentMode.AIR, ShipmentMode.TRUCK


@pytest.mark.parametrize(
    ("facts", "answers", "decided_by", "steps"),
    [
        (ShippingMethodFacts(SEA, contract=AIR), True, "shipping_method_of_contract", 1),
        (
            ShippingMethodFacts(AIR, contract=AIR, custom=SEA, custom_proven=True),
            False,
            "shipping_method_of_contract",
            1,
        ),
        (ShippingMethodFacts(SEA, custom=AIR, custom_proven=True), True, "shipping_method_of_custom", 2),
        (ShippingMethodFacts(AIR, custom=AIR, custom_proven=True, statute=SEA), False, "shipping_method_of_custom", 2),
        (ShippingMethodFacts(SEA, custom=AIR, statute=ROAD), True, "shipping_method_of_statute", 3),
        (ShippingMethodFacts(ROAD, statute=ROAD, loss_by_choice=True), False, "shipping_method_of_statute", 3),
        (ShippingMethodFacts(SEA, loss_by_choice=True), True, "shipping_method_of_choice", 4),
        (ShippingMethodFacts(SEA, custom=AIR), False, "shipping_method_of_choice", 4),
    ],
)
def test_the_first_rule_that_names_a_method_decides(
    facts: ShippingMethodFacts, answers: bool, decided_by: str, steps: int
) -> None:
    tree = shipping_method.judge(facts)
    assert (tree.holds, tree.because[-1].reason, len(tree.because)) == (answers, decided_by, steps)


def test_a_custom_that_nobody_proved_counts_for_nothing() -> None:
    for used, custom, statute in itertools.product((SEA, AIR), (SEA, AIR), (None, SEA, AIR)):
        unproven = ShippingMethodFacts(used, custom=custom, statute=statute)
        assert shipping_method.judge(unproven) == shipping_method.judge(ShippingMethodFacts(used, statute=statute))
