"""Listing checks and their flags: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "listing_has_no_contact": (
        "The {field} leads nobody outside the marketplace.",
        "The {field} leads buyers outside the marketplace ({kind}): {excerpt}",
    ),
    "listing_words_fit_mode": (
        "The words fit the mode.",
        "The service is sold as {mode}, but its words are those of {looksLike} ({mentions} mentions, none of its own).",
    ),
    "listing_lane_goes_somewhere": (
        "The lane goes from one place to another.",
        "The lane goes from {place} to {place}: {mode} goes between places.",
    ),
    "listing_lane_sold_once": (
        "The provider sells this on this lane once.",
        "The provider sells the same from {origin} to {destination} already, as {other}.",
    ),
    "listing_charges_what_it_quotes": (
        "Bookings are charged what they were quoted.",
        "{over} of {bookings} bookings were charged above what was quoted, beyond the tolerance.",
    ),
    "listing_put_right": (
        "The listing was put right in time.",
        "The listing was not put right in time.",
    ),
    "listing_flag_stands": ("The flag stands.", "The flag is {state}."),
    "listing_flag_is_yours": ("Your role may do this.", "This is not for your role, or the listing is another's."),
    "listing_flag_for_desk": ("Your role may do this.", "Only the marketplace's desk dismisses a flag."),
    "listing_off_shelf_ended": (
        "No flag keeps the service off the shelf.",
        "The service is off the shelf for {cause} until that is put right: correct it and call correctListing.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "listing_has_no_contact": ("{field} 没有将买家引向平台之外。", "{field} 将买家引向平台之外（{kind}）：{excerpt}"),
    "listing_words_fit_mode": (
        "用语与运输方式相符。",
        "该服务以 {mode} 出售，但用语属于 {looksLike}（出现 {mentions} 次，没有本方式的用语）。",
    ),
    "listing_lane_goes_somewhere": (
        "线路从一地到另一地。",
        "线路从 {place} 到 {place}：{mode} 须在不同地点之间。",
    ),
    "listing_lane_sold_once": (
        "服务商在该线路上只出售一次此服务。",
        "服务商已出售从 {origin} 到 {destination} 的相同服务：{other}。",
    ),
    "listing_charges_what_it_quotes": (
        "预订按报价收费。",
        "{bookings} 笔预订中有 {over} 笔的收费高于报价，超出容许范围。",
    ),
    "listing_put_right": ("服务信息已按时更正。", "服务信息未按时更正。"),
    "listing_flag_stands": ("标记有效。", "标记状态为 {state}。"),
    "listing_flag_is_yours": ("您的角色可以执行此操作。", "您的角色不能执行此操作，或该服务信息属于他人。"),
    "listing_flag_for_desk": ("您的角色可以执行此操作。", "只有平台客服可以驳回标记。"),
    "listing_off_shelf_ended": (
        "没有标记使该服务下架。",
        "该服务因 {cause} 下架，直至更正：请更正后调用 correctListing。",
    ),
}
