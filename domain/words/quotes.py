"""Quotes, their prices and bookings: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    # prices
    "weight_is_chargeable": (
        "{actualGrams} g and {cubicMillimetres} mm3 count for {grams} g at {cubicCentimetresPerKilogram} cm3 per kg.",
        "The goods have no chargeable weight.",
    ),
    "list_has_rate": (
        "The price list has a rate for these goods in the zone {zone}.",
        "The price list has no rate for {grams} g and {cubicCm} cm3 in the zone {zone}.",
    ),
    "freight_is_billed": (
        "{billed} by {measure} at {price}, not less than {minimum}.",
        "The freight is not billed by measure.",
    ),
    "freight_is_by_container": (
        "{billed} of {container} at {price}, not less than {minimum}.",
        "The freight is not billed by container.",
    ),
    "surcharge_is_due": ("A surcharge is due: {kind}, {charge}.", "The surcharge {kind} is not due."),
    "provider_revised_price": (
        "The provider revised the price by {amountMinor} in minor units of {currency}.",
        "The provider left the price as it was.",
    ),
    # offers
    "service_serves_incoterm": (
        "The service is offered on these terms.",
        "The service is not offered on the terms {incoterm}.",
    ),
    "service_serves_market": (
        "The service is sold for this country.",
        "The service is not sold for {market}.",
    ),
    "piece_within_weight": (
        "The piece is within the service's weight.",
        "A piece of {grams} g is heavier than the {most} g that the service takes.",
    ),
    "piece_within_size": (
        "The piece is within the service's size.",
        "A piece of {millimetres} mm is larger than the {most} mm that the service takes.",
    ),
    "service_takes_dangerous_goods": (
        "The service takes dangerous goods of {class}.",
        "The service does not take dangerous goods of {class}.",
    ),
    "promise_is_dated": (
        "Handed over on {handOver}, {handlingDays} working days of handling and {transitDays} of transit: {arrives}.",
        "The goods cannot be promised for a day.",
    ),
    "promise_within_calendar": (
        "The days on the way are in the calendars.",
        "A day on the way lies beyond the known holidays: {about}.",
    ),
    "provider_revised_promise": (
        "The provider revised the promise to {promisedAt}; it was {before}.",
        "The provider left the promise as it was.",
    ),
    "service_has_sheet_in_force": (
        "A rate sheet of the service is in force.",
        "No rate sheet of the service is in force at {at}.",
    ),
    "service_on_sale": ("The service is on sale.", "The service is not on sale now: it is {state}."),
    "provider_has_record": (
        "The provider has a record here.",
        "The provider has no record here yet, so its lateness is not counted.",
    ),
    "goods_value_stated": (
        "The value of the goods is stated.",
        "The value of the goods is not stated, so lateness has no price.",
    ),
    "offer_among_best": (
        "The offer is among the best {most}.",
        "{most} other offers are better, and no more are kept.",
    ),
    # quotes
    "quote_action_of_your_role": ("Your role may do this.", "This is not for your role, or the quote is not yours."),
    "quote_state_allows": ("The quote's state allows this.", "The quote is {state}; it would have to be {needed}."),
    "quote_stands": ("The quote stands.", "The quote stood until {expiresAt}."),
    "quote_is_past": ("The quote's last instant has passed.", "The quote stands until {expiresAt}."),
    "hand_over_lies_ahead": (
        "The hand-over that the promise rests on lies ahead.",
        "The goods had to be handed over by {departsBy} for the promised day; ask for a new quote.",
    ),
    # bookings
    "tier_takes_off": (
        "{shareBp} of {total} are taken off for the buyer's level; the marketplace bears it.",
        "Nothing is taken off for the buyer's level.",
    ),
    "quote_price_not_locked": (
        "The price of the quote is not locked.",
        "The quote is in {bundle}: its price is locked, and no revision raises it.",
    ),
    "quote_was_accepted": ("The quote was accepted.", "The quote is {state}; it would have to be accepted."),
    "order_in_currency_of_quote": (
        "Order and quote are in one currency.",
        "The order is in {order}, the quote in {quote}.",
    ),
    "quote_of_same_buyer": ("Quote and order are the same buyer's.", "The order is another buyer's."),
    "order_goes_where_quoted": (
        "The order goes to the country that was quoted.",
        "The order goes to {order}, and {quote} was quoted.",
    ),
    "booking_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role, or the booking is not yours.",
    ),
    "booking_not_cancelled": ("The booking stands.", "The booking was called off."),
    "goods_not_picked_up": ("The goods were not picked up yet.", "The shipment is {state} already."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    # prices
    "weight_is_chargeable": (
        "{actualGrams} 克、{cubicMillimetres} 立方毫米，按每千克 {cubicCentimetresPerKilogram} 立方厘米计 {grams} 克。",
        "货物没有计费重量。",
    ),
    "list_has_rate": (
        "价目表有这些货物在分区 {zone} 的费率。",
        "价目表没有 {grams} 克、{cubicCm} 立方厘米在分区 {zone} 的费率。",
    ),
    "freight_is_billed": ("按 {measure} 计 {billed}，单价 {price}，最低 {minimum}。", "运费不按计量单位计算。"),
    "freight_is_by_container": ("{container} 计 {billed}，单价 {price}，最低 {minimum}。", "运费不按集装箱计算。"),
    "surcharge_is_due": ("收取附加费：{kind}，{charge}。", "不收取附加费 {kind}。"),
    "provider_revised_price": ("服务商调整价格 {amountMinor}（{currency} 最小货币单位）。", "服务商未调整价格。"),
    # offers
    "service_serves_incoterm": ("该服务适用此贸易术语。", "该服务不适用贸易术语 {incoterm}。"),
    "service_serves_market": ("该服务面向该国家销售。", "该服务不面向 {market} 销售。"),
    "piece_within_weight": ("单件未超出服务的限重。", "单件重 {grams} 克，超出服务的限重 {most} 克。"),
    "piece_within_size": ("单件未超出服务的限制尺寸。", "单件长 {millimetres} 毫米，超出服务的限制尺寸 {most} 毫米。"),
    "service_takes_dangerous_goods": ("该服务承运 {class} 类危险品。", "该服务不承运 {class} 类危险品。"),
    "promise_is_dated": (
        "{handOver} 交货，处理 {handlingDays} 个工作日，运输 {transitDays} 天：{arrives} 送达。",
        "不能承诺货物的送达日期。",
    ),
    "promise_within_calendar": ("途中各日均在日历范围内。", "途中有日期超出已知假日范围：{about}。"),
    "provider_revised_promise": (
        "服务商将承诺时间由 {before} 调整为 {promisedAt}。",
        "服务商未调整承诺时间。",
    ),
    "service_has_sheet_in_force": ("该服务有生效的价目表。", "该服务在 {at} 没有生效的价目表。"),
    "service_on_sale": ("该服务在售。", "该服务目前不在售，状态为 {state}。"),
    "provider_has_record": ("服务商在此有履约记录。", "服务商在此尚无履约记录，不计延误成本。"),
    "goods_value_stated": ("已申报货值。", "未申报货值，无法计算延误成本。"),
    "offer_among_best": ("该报价在最优的 {most} 个之内。", "已有 {most} 个更优的报价，不再保留更多。"),
    # quotes
    "quote_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该报价不属于您。"),
    "quote_state_allows": ("报价的状态允许此操作。", "报价状态为 {state}，应为 {needed}。"),
    "quote_stands": ("报价有效。", "报价有效期至 {expiresAt}，已失效。"),
    "quote_is_past": ("报价的有效期已过。", "报价有效期至 {expiresAt}。"),
    "hand_over_lies_ahead": (
        "承诺所依据的交货时间尚未到。",
        "按承诺日期须在 {departsBy} 前交货，请重新询价。",
    ),
    # bookings
    "tier_takes_off": ("按买家等级减免 {total} 的 {shareBp}，由平台承担。", "买家等级没有减免。"),
    "quote_price_not_locked": ("报价的价格未锁定。", "该报价属于 {bundle}：价格已锁定，修改报价不得提高价格。"),
    "quote_was_accepted": ("报价已被接受。", "报价状态为 {state}，应为已接受。"),
    "order_in_currency_of_quote": ("订单与报价的货币一致。", "订单的货币为 {order}，报价的货币为 {quote}。"),
    "quote_of_same_buyer": ("报价与订单属于同一买家。", "该订单属于其他买家。"),
    "order_goes_where_quoted": ("订单的目的国与报价一致。", "订单的目的国为 {order}，报价的目的国为 {quote}。"),
    "booking_action_of_your_role": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该预订不属于您。"),
    "booking_not_cancelled": ("预订有效。", "预订已取消。"),
    "goods_not_picked_up": ("货物尚未揽收。", "货件状态已为 {state}。"),
}
