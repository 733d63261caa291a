"""Guarantees and covers: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "guarantee_compensates": ("The guarantee pays {amount}.", "The guarantee pays nothing."),
    "guarantee_amount": (
        "{shareBp} of {base} are {share}; the cap is {cap}, so it is {amount}.",
        "{shareBp} of {base} round to nothing.",
    ),
    "guarantee_window_open": (
        "The time to apply is open.",
        "The time to apply is not open: it runs from {opensAt} to {closesAt}.",
    ),
    "guarantee_is_yours": ("The guarantee is yours.", "The guarantee is another party's."),
    "guarantee_not_ended": ("The guarantee has not ended.", "The guarantee is {state}."),
    "guarantee_stands_alone": (
        "The guarantee is offered by itself.",
        "The guarantee is a member of {bundle}, and ends with it.",
    ),
    "guarantee_can_join_bundle": (
        "The guarantee can become part of the bundle.",
        "{guarantee} is {state} and offered in {markets} only: the bundle needs it on offer in all of its markets.",
    ),
    "bundle_is_yours": ("The bundle is yours.", "The bundle is another party's."),
    "bundle_goes_on": ("The bundle goes on.", "The bundle is {state}."),
    "programme_for_party": (
        "A {party} may stand for it.",
        "A {party} may not stand for it, only {parties}.",
    ),
    "programme_markets_named": (
        "The markets are named where that is needed.",
        "The programme is not the same everywhere: name the markets.",
    ),
    "programme_runs_in_markets": (
        "The programme runs in all of those markets.",
        "The programme does not run in {outside}, only in {markets}.",
    ),
    "programme_has_service_points": (
        "{kept} service points are kept in {market}.",
        "{needed} service points are needed in {market}; there are {kept}.",
    ),
    "order_not_cancelled": ("The order is not cancelled.", "The order was cancelled."),
    "order_address_kept": (
        "The delivery address is the one at payment.",
        "The delivery address was changed after payment, at {changedAt}.",
    ),
    "order_not_claimed_before": (
        "The order was not claimed for before.",
        "The order was claimed for before ({claim}); there is one claim per order.",
    ),
    "order_in_programme": (
        "The provider and the address are in the programme.",
        "The provider or the address is outside the programme.",
    ),
    "order_quantity_kept": (
        "The quantity is the one at payment.",
        "The buyer changed a quantity after payment, at {changedAt}.",
    ),
    "complaint_not_of_transport": (
        "The complaint is not of damage on the way.",
        "The goods were damaged on the way: this guarantee is not about that.",
    ),
    "defect_not_disclosed": (
        "The defect was not told before the sale.",
        "The slight defect was told before the sale.",
    ),
    "standard_was_stated": (
        "A standard was stated for the goods.",
        "No standard was stated that the goods could fall short of.",
    ),
    "transport_not_of_buyer": (
        "The buyer did not arrange the transport.",
        "The buyer arranged the transport: what happened on it is not covered.",
    ),
    "complaint_not_of_service": (
        "The complaint is not of after-sales service.",
        "After-sales service has a guarantee of its own.",
    ),
    "damage_not_user_caused": ("The buyer did not do the damage.", "The buyer did the damage."),
    "part_on_list": ("The part is on the agreed list.", "The part is not on the list of those sent for nothing."),
    "party_found_liable": ("The party was found liable.", "The party was not found liable."),
    "guarantee_refund": (
        "Of {base}, no more than {left} has not come back before: {amount} comes back.",
        "Nothing is left to come back.",
    ),
    "guarantee_is_for_complaint": (
        "The guarantee is for a complaint like this.",
        "The guarantee is for {of}, not for this complaint.",
    ),
    "order_small_enough": (
        "The order of {value} is not above {most}.",
        "The order of {value} is above {most}.",
    ),
    "country_takes_returns": (
        "Goods can be returned in {country}.",
        "Goods cannot be returned in {country}, only in {countries}.",
    ),
    "goods_have_arrived": (
        "{arrived} of {lines} lines have arrived and count.",
        "None of the {lines} lines has arrived, or none of them counts.",
    ),
    "lines_late_or_unsent": (
        "{late} of {lines} lines were sent late, came late or are overdue at {at}.",
        "None of the {lines} lines was sent late, came late or is overdue at {at}.",
    ),
    "price_was_locked": ("A price was locked for the order.", "No price was locked for the order."),
    "more_was_charged": (
        "{charged} was charged where {locked} was locked: {difference} too much.",
        "Nothing beyond the locked total is known to be charged.",
    ),
    "lines_carried_by_party": (
        "{carried} of {lines} lines are carried by the party that stands for it.",
        "None of the {lines} lines is carried by the party that stands for it.",
    ),
    "line_carried_by_others": (
        "Line {line} is carried by {carriers}, not by {party}: it is not judged here.",
        "Line {line} is carried by {party}.",
    ),
    "loss_proven_of_line": (
        "Evidence proves a loss of {proven} for line {line}, which is worth {value}: {counts} counts.",
        "No evidence puts a number to the loss of line {line}.",
    ),
    "loss_or_damage_borne_out": (
        "Tracking bears the complaint out for {borneOut} of {lines} lines.",
        "Tracking bears the complaint out for none of the {lines} lines.",
    ),
    "on_time_goods_late": (
        "{lateLines} of {promisedLines} promised lines are late at {at}.",
        "None of {promisedLines} promised lines is late at {at}.",
    ),
    "on_time_line_late": (
        "Line {line} over {value} was promised until {promisedAt} and had not arrived by then.",
        "Line {line} arrived in time.",
    ),
    "after_sales_lines_serviced": (
        "{serviced} of {lines} lines carry the service.",
        "None of the {lines} lines carries the service.",
    ),
    "after_sales_promise_broken": ("The service promise was broken.", "The service promise was not broken."),
    "after_sales_promise_kept": ("The {service} service was in time.", "The {service} service was not in time."),
    "after_sales_limit_kept": (
        "{milestone} was due by {dueAt} and is in time.",
        "{milestone} was due by {dueAt} and is not in time.",
    ),
    "after_sales_party_liable": (
        "The party was found liable for the unkept service.",
        "The party was not found liable.",
    ),
    "after_sales_rule_pays": (
        "The rule in force at payment pays compensation.",
        "The rule in force at payment knows points only, no compensation.",
    ),
    "after_sales_points_alone": (
        "The promise was broken, and the rule in force at payment pays nothing for that: points alone follow.",
        "No points follow: the promise was not broken.",
    ),
    "guarantee_on_offer": ("The guarantee is on offer.", "The guarantee is {state}."),
    "guarantee_of_this_sale": (
        "The guarantee may be part of this sale.",
        "No such guarantee is offered for this order: it is another supplier's.",
    ),
    "guarantee_in_market": (
        "The guarantee is offered in {country}.",
        "The guarantee is not offered in {country}, only in {markets}.",
    ),
    "order_awaits_payment": ("The order is not paid yet.", "The order was paid at {paidAt}: its covers are frozen."),
    "order_can_be_covered": (
        "The order can be bought with the guarantee.",
        "The order cannot be bought with the guarantee.",
    ),
    "claim_reason_exists": (
        "There is a reason to claim under this promise.",
        "No claim can be opened under {promise} here yet: no reason claims under it.",
    ),
    "coverage_in_force": ("The cover is in force.", "The cover is {state}."),
    "coverage_action_of_your_role": ("Your role may do this.", "This is not for your role or your side of the order."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "guarantee_compensates": ("保障赔付 {amount}。", "保障不予赔付。"),
    "guarantee_amount": (
        "{base} 的 {shareBp} 为 {share}，上限为 {cap}，因此为 {amount}。",
        "{base} 的 {shareBp} 取整后为零。",
    ),
    "guarantee_window_open": ("在申请期内。", "不在申请期内：申请期自 {opensAt} 至 {closesAt}。"),
    "guarantee_is_yours": ("该保障属于您。", "该保障属于其他方。"),
    "guarantee_not_ended": ("保障未终止。", "保障状态为 {state}。"),
    "guarantee_stands_alone": ("该保障单独提供。", "该保障属于 {bundle}，随其终止。"),
    "guarantee_can_join_bundle": (
        "该保障可以成为组合的一部分。",
        "{guarantee} 的状态为 {state}，仅在 {markets} 提供：组合要求它在其所有市场提供。",
    ),
    "bundle_is_yours": ("该组合属于您。", "该组合属于其他方。"),
    "bundle_goes_on": ("该组合仍在继续。", "该组合的状态为 {state}。"),
    "programme_for_party": ("{party} 可以承担该保障。", "{party} 不能承担该保障，只有 {parties} 可以。"),
    "programme_markets_named": ("需要时已指明市场。", "该计划并非处处相同：请指明市场。"),
    "programme_runs_in_markets": ("该计划在所有这些市场开展。", "该计划不在 {outside} 开展，仅在 {markets} 开展。"),
    "programme_has_service_points": (
        "在 {market} 有 {kept} 个服务点。",
        "在 {market} 需要 {needed} 个服务点，目前有 {kept} 个。",
    ),
    "order_not_cancelled": ("订单未取消。", "订单已取消。"),
    "order_address_kept": ("收货地址与付款时一致。", "付款后于 {changedAt} 更改了收货地址。"),
    "order_not_claimed_before": ("该订单此前未被索赔。", "该订单此前已被索赔（{claim}），每笔订单只能索赔一次。"),
    "order_in_programme": ("服务商和收货地址在保障计划内。", "服务商或收货地址不在保障计划内。"),
    "order_quantity_kept": ("数量与付款时一致。", "买家在付款后于 {changedAt} 更改了数量。"),
    "complaint_not_of_transport": ("投诉不涉及运输途中的损坏。", "货物在运输途中损坏：本保障不涵盖此种情况。"),
    "defect_not_disclosed": ("该瑕疵未在销售前告知。", "该轻微瑕疵已在销售前告知。"),
    "standard_was_stated": ("货物有约定的标准。", "货物没有约定可据以衡量的标准。"),
    "transport_not_of_buyer": ("运输不是由买家安排的。", "运输由买家自行安排：运输途中发生的情况不在保障范围内。"),
    "complaint_not_of_service": ("投诉不涉及售后服务。", "售后服务另有专门的保障。"),
    "damage_not_user_caused": ("损坏不是买家造成的。", "损坏是买家造成的。"),
    "part_on_list": ("该配件在约定清单内。", "该配件不在免费寄送的清单内。"),
    "party_found_liable": ("认定该方负责。", "未认定该方负责。"),
    "guarantee_refund": ("{base} 中此前尚未退回的不超过 {left}：退回 {amount}。", "没有可退回的金额。"),
    "guarantee_is_for_complaint": ("该保障适用于此类投诉。", "该保障适用于 {of}，不适用于此投诉。"),
    "order_small_enough": ("订单金额 {value} 不超过 {most}。", "订单金额 {value} 超过 {most}。"),
    "country_takes_returns": ("可以在 {country} 退货。", "不能在 {country} 退货，只能在 {countries} 退货。"),
    "goods_have_arrived": (
        "{lines} 个订单行中有 {arrived} 个已送达并计入。",
        "{lines} 个订单行均未送达，或均不计入。",
    ),
    "lines_late_or_unsent": (
        "截至 {at}，{lines} 个订单行中有 {late} 个发货或送达延误。",
        "截至 {at}，{lines} 个订单行的发货和送达均未延误。",
    ),
    "price_was_locked": ("该订单锁定了价格。", "该订单没有锁定价格。"),
    "more_was_charged": (
        "锁定 {locked}，实收 {charged}：多收 {difference}。",
        "没有记录表明收取了超过锁定总价的金额。",
    ),
    "lines_carried_by_party": (
        "{lines} 个订单行中有 {carried} 个由承担保障的一方运输。",
        "{lines} 个订单行均不由承担保障的一方运输。",
    ),
    "line_carried_by_others": (
        "订单行 {line} 由 {carriers} 运输，而非 {party}：此处不予判定。",
        "订单行 {line} 由 {party} 运输。",
    ),
    "loss_proven_of_line": (
        "证据证明价值 {value} 的订单行 {line} 损失 {proven}：按 {counts} 计。",
        "没有证据说明订单行 {line} 的损失金额。",
    ),
    "loss_or_damage_borne_out": (
        "物流记录证实 {lines} 个订单行中有 {borneOut} 个属实。",
        "物流记录未证实 {lines} 个订单行中的任何一个。",
    ),
    "on_time_goods_late": (
        "截至 {at}，{promisedLines} 个有承诺的订单行中有 {lateLines} 个延误。",
        "截至 {at}，{promisedLines} 个有承诺的订单行均未延误。",
    ),
    "on_time_line_late": (
        "订单行 {line}（金额 {value}）承诺在 {promisedAt} 前送达，届时未送达。",
        "订单行 {line} 按时送达。",
    ),
    "after_sales_lines_serviced": ("{lines} 个订单行中有 {serviced} 个含该服务。", "{lines} 个订单行均不含该服务。"),
    "after_sales_promise_broken": ("服务承诺未兑现。", "服务承诺没有未兑现的情况。"),
    "after_sales_promise_kept": ("{service} 服务按时。", "{service} 服务未按时。"),
    "after_sales_limit_kept": ("{milestone} 的期限为 {dueAt}，已按时。", "{milestone} 的期限为 {dueAt}，未按时。"),
    "after_sales_party_liable": ("认定该方对未兑现的服务负责。", "未认定该方负责。"),
    "after_sales_rule_pays": ("付款时生效的规则规定赔偿。", "付款时生效的规则只扣分，不赔偿。"),
    "after_sales_points_alone": (
        "承诺未兑现，而付款时生效的规则对此不予赔偿：只扣分。",
        "不扣分：承诺没有未兑现的情况。",
    ),
    "guarantee_on_offer": ("该保障正在提供。", "该保障状态为 {state}。"),
    "guarantee_of_this_sale": ("该保障可用于本次交易。", "本订单不提供该保障：它属于其他供应商。"),
    "guarantee_in_market": ("该保障在 {country} 提供。", "该保障不在 {country} 提供，仅在 {markets} 提供。"),
    "order_awaits_payment": ("订单尚未付款。", "订单已于 {paidAt} 付款，订单保障已固定。"),
    "order_can_be_covered": ("购买该订单时可以附带该保障。", "购买该订单时不能附带该保障。"),
    "claim_reason_exists": ("该承诺有对应的索赔理由。", "目前不能就 {promise} 提出索赔：该承诺没有对应的索赔理由。"),
    "coverage_in_force": ("订单保障有效。", "订单保障状态为 {state}。"),
    "coverage_action_of_your_role": ("您的角色可以执行此操作。", "您的角色或您在该订单中的一方不能执行此操作。"),
}
