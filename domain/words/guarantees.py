"""Guarantees and covers: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "guarantee_compensates": ("The guarantee pays {amount}.", "The guarantee pays nothing."),
    "guarantee_amount": (
        "{shareBp} basis points of {base} are {share}; the cap is {cap}, so it is {amount}.",
        "{shareBp} basis points of {base} round to nothing.",
    ),
    "guarantee_window_open": (
        "The time to apply is open.",
        "The time to apply is not open: it runs from {opensAt} to {closesAt}.",
    ),
    "guarantee_is_yours": ("The guarantee is yours.", "The guarantee is another party's."),
    "guarantee_not_ended": ("The guarantee has not ended.", "The guarantee is {state}."),
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
    "on_time_goods_late": (
        "{lateLines} of {promisedLines} promised lines are late at {at}.",
        "None of {promisedLines} promised lines is late at {at}.",
    ),
    "on_time_line_late": (
        "Line {line} over {value} was promised until {promisedAt} and had not arrived.",
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
    "coverage_in_force": ("The cover is in force.", "The cover is {state}."),
    "coverage_action_of_your_role": ("Your role may do this.", "This is not for your role or your side of the order."),
}
