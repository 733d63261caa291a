"""Scorecards: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "party_meets_standard": (
        "From {since} to {until} the party stands at {standing}.",
        "From {since} to {until} the party stands below standard.",
    ),
    "score_has_enough_cases": (
        "{measure}: {of} cases are enough to tell.",
        "{measure}: {of} cases are too few to tell, it takes {minimum}.",
    ),
    "score_is_told": ("{measure}: {count} of {of}.", "{measure}: {count} of {of}."),
    "score_meets_target": (
        "{measure}: {count} of {of} ({shareBp}) meets its target of {targetBp}; {tolerated} may miss.",
        "{measure}: {count} of {of} ({shareBp}) misses {targetBp}; {misses} miss, {tolerated} may.",
    ),
    "offer_ranks_by_merit": (
        "Nothing puts the provider behind others.",
        "The provider comes behind others: {because}.",
    ),
}

CHINESE: Final[Mapping[str, Sentences]] = {
    "party_meets_standard": (
        "{since} 至 {until} 期间，该方评级为 {standing}。",
        "{since} 至 {until} 期间，该方低于标准。",
    ),
    "score_has_enough_cases": (
        "{measure}：{of} 个样本，足以评定。",
        "{measure}：{of} 个样本，不足以评定，至少需要 {minimum} 个。",
    ),
    "score_is_told": ("{measure}：{of} 中有 {count}。", "{measure}：{of} 中有 {count}。"),
    "score_meets_target": (
        "{measure}：{of} 中有 {count}（{shareBp}），达到目标 {targetBp}，允许 {tolerated} 次未达。",
        "{measure}：{of} 中有 {count}（{shareBp}），未达 {targetBp}；未达 {misses} 次，允许 {tolerated} 次。",
    ),
    "offer_ranks_by_merit": ("该服务商的排序不受影响。", "该服务商排在其他服务商之后：{because}。"),
}
