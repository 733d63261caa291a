"""Orders and shipments: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "order_state_allows": ("The order is {state}, which allows it.", "The order is {state}, which does not allow it."),
    "order_paid": ("The order is paid.", "The order is not paid."),
    "order_has_rest": ("Something of the order's total is left.", "Nothing of the order's total is left."),
    "order_has_unshipped_lines": ("{lines} lines are not shipped yet.", "Every line is shipped already."),
    "order_action_of_your_role": ("Your role may do this.", "This is not for your role or your side of the order."),
    "refund_within_total": (
        "The refunds stay within the order's total.",
        "The refunds would exceed the order's total.",
    ),
    "line_belongs_to_order": ("Line {lineId} is of this order.", "Line {lineId} is not of this order."),
    "line_not_shipped_before": ("Line {lineId} was not shipped before.", "Line {lineId} was shipped before."),
    "shipment_state_allows": (
        "The shipment is {state}, which allows it.",
        "The shipment is {state}, which does not allow it.",
    ),
    "shipment_not_proven_before": (
        "Nobody has proven the delivery yet.",
        "The delivery was proven before, and a proof stays as it is.",
    ),
    "line_has_pieces_to_spare": (
        "Line {lineId} has more than {pieces} pieces.",
        "Of line {lineId} 1 to {most} pieces can leave by themselves, not {pieces}.",
    ),
    "shipment_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role or your side of the shipment.",
    ),
}
