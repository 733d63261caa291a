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

CHINESE: Final[Mapping[str, Sentences]] = {
    "order_state_allows": ("订单状态为 {state}，允许此操作。", "订单状态为 {state}，不允许此操作。"),
    "order_paid": ("订单已付款。", "订单未付款。"),
    "order_has_rest": ("订单总额尚有余额。", "订单总额没有余额。"),
    "order_has_unshipped_lines": ("还有 {lines} 个订单行未发货。", "所有订单行均已发货。"),
    "order_action_of_your_role": ("您的角色可以执行此操作。", "您的角色或您在该订单中的一方不能执行此操作。"),
    "refund_within_total": ("退款未超出订单总额。", "退款将超出订单总额。"),
    "line_belongs_to_order": ("订单行 {lineId} 属于该订单。", "订单行 {lineId} 不属于该订单。"),
    "line_not_shipped_before": ("订单行 {lineId} 此前未发货。", "订单行 {lineId} 此前已发货。"),
    "shipment_state_allows": ("货件状态为 {state}，允许此操作。", "货件状态为 {state}，不允许此操作。"),
    "shipment_not_proven_before": ("此前没有送达凭证。", "此前已有送达凭证，凭证不能更改。"),
    "line_has_pieces_to_spare": (
        "订单行 {lineId} 的件数多于 {pieces} 件。",
        "订单行 {lineId} 可单独发出 1 至 {most} 件，不能为 {pieces} 件。",
    ),
    "shipment_action_of_your_role": ("您的角色可以执行此操作。", "您的角色或您在该货件中的一方不能执行此操作。"),
}
