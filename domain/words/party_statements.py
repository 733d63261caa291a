"""Statements of liable parties: what each line says."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "statement_opened": (
        "{amount} {currency} may fall due for claim {claim}: coupon {coupon} was issued.",
        "Nothing may fall due for claim {claim}, coupon {coupon}: {amount} {currency}.",
    ),
    "statement_fell_due": (
        "{amount} {currency} fell due for claim {claim}, coupon {coupon}.",
        "Nothing fell due for claim {claim}, coupon {coupon}: {amount} {currency}.",
    ),
    "statement_reversed": (
        "{amount} {currency} for claim {claim}, coupon {coupon}, are not owed any more: the order was cancelled.",
        "{amount} {currency} for claim {claim}, coupon {coupon}, are still owed.",
    ),
    "statement_waived": (
        "{amount} {currency} for claim {claim}, coupon {coupon}, are not owed any more: the marketplace bears them.",
        "{amount} {currency} for claim {claim}, coupon {coupon}, are still owed.",
    ),
    "statement_released": (
        "{amount} {currency} will never fall due for claim {claim}, coupon {coupon}.",
        "{amount} {currency} may still fall due for claim {claim}, coupon {coupon}.",
    ),
    "statement_netted": (
        "{amount} {currency} for claim {claim}, coupon {coupon}, were kept back from a payout.",
        "{amount} {currency} for claim {claim}, coupon {coupon}, were not kept back.",
    ),
    "statement_paid": (
        "{amount} {currency} for claim {claim}, coupon {coupon}, were paid.",
        "{amount} {currency} for claim {claim}, coupon {coupon}, were not paid.",
    ),
    "statement_drawn": (
        "{amount} {currency} for claim {claim}, coupon {coupon}, were taken from the deposit.",
        "{amount} {currency} for claim {claim}, coupon {coupon}, were not taken from the deposit.",
    ),
    "statement_written_off": (
        "{amount} {currency} for claim {claim}, coupon {coupon}: given up by the marketplace, or that was taken back.",
        "{amount} {currency} for claim {claim}, coupon {coupon}, were not given up.",
    ),
    "statement_returned": (
        "{amount} {currency} for claim {claim}, coupon {coupon}, collected before, went back with a payout.",
        "{amount} {currency} for claim {claim}, coupon {coupon}, did not go back.",
    ),
    "statement_fee_charged": (
        "{amount} {currency} are charged for a term of the plan, bill {bill}.",
        "Nothing is charged for a term of the plan, bill {bill}: {amount} {currency}.",
    ),
    "statement_fee_paid": (
        "{amount} {currency} were paid for a term of the plan, bill {bill}.",
        "{amount} {currency} were not paid for a term of the plan, bill {bill}.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "statement_opened": (
        "索赔 {claim} 可能到期 {amount} {currency}：已发放优惠券 {coupon}。",
        "索赔 {claim}、优惠券 {coupon} 不会有款项到期：{amount} {currency}。",
    ),
    "statement_fell_due": (
        "索赔 {claim}、优惠券 {coupon} 到期 {amount} {currency}。",
        "索赔 {claim}、优惠券 {coupon} 没有款项到期：{amount} {currency}。",
    ),
    "statement_reversed": (
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 不再应付：订单已取消。",
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 仍应付。",
    ),
    "statement_waived": (
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 不再应付：由平台承担。",
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 仍应付。",
    ),
    "statement_released": (
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 不会再到期。",
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 仍可能到期。",
    ),
    "statement_netted": (
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 已从付款中抵扣。",
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 未抵扣。",
    ),
    "statement_paid": (
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 已支付。",
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 未支付。",
    ),
    "statement_drawn": (
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 已从保证金扣除。",
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 未从保证金扣除。",
    ),
    "statement_written_off": (
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency}：平台已核销，或已撤回核销。",
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 未核销。",
    ),
    "statement_returned": (
        "索赔 {claim}、优惠券 {coupon} 此前收取的 {amount} {currency} 已随付款退还。",
        "索赔 {claim}、优惠券 {coupon} 的 {amount} {currency} 未退还。",
    ),
    "statement_fee_charged": (
        "账单 {bill}：会员方案一期收费 {amount} {currency}。",
        "账单 {bill}：会员方案一期未收费：{amount} {currency}。",
    ),
    "statement_fee_paid": (
        "账单 {bill}：会员方案一期费用 {amount} {currency} 已支付。",
        "账单 {bill}：会员方案一期费用 {amount} {currency} 未支付。",
    ),
}
