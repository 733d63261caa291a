"""Carrier claims: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "carriage_goods_known": (
        "What the goods weighed, or their packages, is known.",
        "Nobody has said what the goods weighed or how many packages they were: without that there is no cap.",
    ),
    "carriage_sdr_rate_known": (
        "A special drawing right is worth {rate} {quote} by the rate of {day}.",
        "No rate of the special drawing right (XDR) in {quote} is recorded for the last days.",
    ),
    "carriage_value_declared": (
        "The carrier was told that the goods are worth {declared}.",
        "Nobody has said what value was declared to the carrier, in the claim's currency.",
    ),
    "carriage_cap_known": ("The carrier owes at most {amount} ({sdr} SDR).", "The cap is not known yet."),
    "carrier_notice_in_time": (
        "The carrier can still be told, or need not be.",
        "The carrier had to be told by {dueAt}.",
    ),
    "carrier_claim_in_time": ("The right is good until {until}.", "The right was lost after {until}."),
    "carrier_claim_stands": (
        "The carrier can be asked for {claimed} under the regime {regime}.",
        "The carrier cannot be asked any more.",
    ),
    "carrier_claim_of_your_side": ("It is yours to do.", "This is for the other side."),
    "carrier_claim_allows": ("The case allows it now.", "The case is {state}."),
    "carrier_act_in_time": ("It is in time.", "It had to be done by {dueAt}."),
    "carrier_cap_known": (
        "What the carrier owes at most is known.",
        "The cap is not known: state the goods' weight, packages or declared value, and record a rate of the XDR.",
    ),
    "carrier_answers_for_cause": (
        "A carrier answers for such a loss.",
        "A carrier does not answer for {reason}.",
    ),
    "carrier_shipment_of_order": ("The shipment is of the claim's order.", "The shipment is of another order."),
    "carrier_platform_bears": (
        "The marketplace bears {borne} of the claim.",
        "The marketplace bears nothing of the claim that no carrier was asked for and no party may still owe.",
    ),
    "carrier_regime_known": (
        "It is known how the goods travelled.",
        "Nobody has said how the goods travelled, so no regime governs.",
    ),
    "carrier_is_not_liable_party": (
        "The carrier is somebody else than the liable party.",
        "The carrier is the liable party itself: what it owes is collected from it.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "carriage_goods_known": (
        "货物的重量或件数已知。",
        "尚无人说明货物的重量或件数，无法计算责任限额。",
    ),
    "carriage_sdr_rate_known": (
        "按 {day} 的汇率，一个特别提款权折合 {rate} {quote}。",
        "近日没有特别提款权（XDR）对 {quote} 的汇率记录。",
    ),
    "carriage_value_declared": (
        "已向承运人声明货物价值 {declared}。",
        "尚无人以索赔币种说明向承运人声明的货物价值。",
    ),
    "carriage_cap_known": ("承运人的责任限额为 {amount}（{sdr} 特别提款权）。", "责任限额尚不明确。"),
    "carrier_notice_in_time": ("仍可通知承运人，或无须通知。", "本应在 {dueAt} 之前通知承运人。"),
    "carrier_claim_in_time": ("索赔权有效至 {until}。", "索赔权已于 {until} 之后丧失。"),
    "carrier_claim_stands": ("可依 {regime} 规则向承运人索赔 {claimed}。", "已不能再向承运人索赔。"),
    "carrier_claim_of_your_side": ("该操作由您一方执行。", "该操作由另一方执行。"),
    "carrier_claim_allows": ("案件目前允许该操作。", "案件状态为 {state}。"),
    "carrier_act_in_time": ("仍在期限内。", "本应在 {dueAt} 之前完成。"),
    "carrier_cap_known": (
        "承运人的责任限额已知。",
        "承运人的责任限额未知：请说明货物的重量、件数或声明价值，并记录特别提款权（XDR）汇率。",
    ),
    "carrier_answers_for_cause": ("承运人对此类损失负责。", "承运人对 {reason} 不负责。"),
    "carrier_shipment_of_order": ("货件属于该索赔的订单。", "货件属于另一订单。"),
    "carrier_platform_bears": (
        "平台承担该索赔中的 {borne}。",
        "平台没有承担可再向承运人索赔的部分。",
    ),
    "carrier_regime_known": ("货物的运输方式已知。", "尚无人说明货物的运输方式，无适用规则。"),
    "carrier_is_not_liable_party": ("承运人不是责任方。", "承运人就是责任方，其欠款直接向其收取。"),
}
