"""Service requests: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "service_cover_stands": (
        "The cover stands.",
        "The cover is {state} and its service ends at {closesAt}: no service can be asked for under it.",
    ),
    "service_kind_promised": (
        "The cover promises {kind} service.",
        "The cover promises no {kind} service.",
    ),
    "service_lines_serviced": (
        "The lines carry the service.",
        "At least one line is needed, and each must be a line of the order that carries the service.",
    ),
    "service_lines_free": (
        "No service of these lines is open.",
        "A service of one of these lines is open already.",
    ),
    "service_action_of_your_side": (
        "Your side may do this.",
        "This is not for your role or your side of the service.",
    ),
    "service_state_allows": (
        "The service is {state}, which allows it.",
        "The service is {state}, which does not allow it.",
    ),
    "service_visit_planned": ("A visit is planned.", "No visit is planned at which nobody came yet."),
    "service_visit_lasts": ("An engineer is there.", "No engineer is there."),
    "service_parts_awaited": ("Parts are waited for.", "No part was asked for that is not sent yet."),
    "service_parts_on_the_way": ("Parts are on their way.", "No part is on its way."),
    "service_no_parts_awaited": (
        "No part is waited for.",
        "Parts that were asked for before are not sent yet.",
    ),
    "service_rounds_left": (
        "The service can be reopened.",
        "The service had {rounds} rounds, and {most} are the most: open a claim.",
    ),
    "service_visits_left": (
        "Another visit can be planned.",
        "The service had {visits} visits, and {most} are the most.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "service_cover_stands": ("保障有效。", "保障状态为 {state}，服务截止于 {closesAt}：不能据此申请服务。"),
    "service_kind_promised": ("保障承诺了 {kind} 服务。", "保障没有承诺 {kind} 服务。"),
    "service_lines_serviced": ("这些订单行含有服务。", "至少需要一行，且每一行都必须是该订单中含有服务的行。"),
    "service_lines_free": ("这些订单行没有进行中的服务。", "其中一行已有进行中的服务。"),
    "service_action_of_your_side": ("您这一方可以这样做。", "您的角色或您在服务中的一方不能这样做。"),
    "service_state_allows": ("服务状态为 {state}，允许这样做。", "服务状态为 {state}，不允许这样做。"),
    "service_visit_planned": ("已安排上门。", "没有尚未到场的上门安排。"),
    "service_visit_lasts": ("工程师在现场。", "没有工程师在现场。"),
    "service_parts_awaited": ("有配件待寄出。", "没有已申请而未寄出的配件。"),
    "service_parts_on_the_way": ("有配件在途。", "没有配件在途。"),
    "service_no_parts_awaited": ("没有待寄出的配件。", "先前申请的配件尚未寄出。"),
    "service_rounds_left": ("服务可以重新打开。", "服务已有 {rounds} 轮，最多 {most} 轮：请提出索赔。"),
    "service_visits_left": ("可以再安排一次上门。", "服务已有 {visits} 次上门，最多 {most} 次。"),
}
