"""Services and their lanes: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "service_is_yours": ("Your role may do this.", "This is not for your role, or the service is another provider's."),
    "service_state_fits": (
        "The service is {state}.",
        "The service is {state}: this is possible while it is {states}.",
    ),
    "services_have_room": ("There is room for one more service.", "A provider has at most {most} services."),
    "service_has_lanes": ("The service has lanes.", "The service has no lane: add one before it is listed."),
    "service_has_price": (
        "A version of its prices is, or will be, in force.",
        "No version of its prices is or will be in force: activate a rate sheet before it is listed.",
    ),
    "provider_puts_on_sale": (
        "The provider may put services on sale.",
        "The provider is not active: it may prepare services and not put them on sale.",
    ),
    "lane_is_yours": ("Your role may do this.", "This is not for your role, or the lane is another provider's."),
    "lane_is_active": ("The service goes this lane.", "The lane is {state}."),
    "lane_goes_once": (
        "The service does not go this way yet.",
        "Lane {lane}: the service goes from {origin} to {destination} already, as {other}.",
    ),
    "lanes_have_room": ("There is room for these lanes.", "A service has at most {most} lanes; it has {lanes}."),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "service_is_yours": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该服务属于其他服务商。"),
    "service_state_fits": ("服务状态为 {state}。", "服务状态为 {state}：此操作要求状态为 {states}。"),
    "services_have_room": ("还可以增加服务。", "每个服务商最多 {most} 项服务。"),
    "service_has_lanes": ("服务有线路。", "服务没有线路：上架前请添加线路。"),
    "service_has_price": (
        "该服务有已生效或将生效的价格版本。",
        "该服务没有已生效或将生效的价格版本：上架前请启用价目表。",
    ),
    "provider_puts_on_sale": ("服务商可以上架服务。", "服务商未处于经营状态：可以准备服务，但不能上架。"),
    "lane_is_yours": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该线路属于其他服务商。"),
    "lane_is_active": ("该服务经营此线路。", "线路状态为 {state}。"),
    "lane_goes_once": (
        "该服务尚无此线路。",
        "线路 {lane}：该服务已有从 {origin} 到 {destination} 的线路 {other}。",
    ),
    "lanes_have_room": ("还可以增加这些线路。", "每项服务最多 {most} 条线路，目前有 {lanes} 条。"),
}
