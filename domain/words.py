"""The sentences of findings: what a person reads where a client branches on the reason's code.

A reason is neutral: it names a question, and its finding says whether the answer is yes. So each reason has two
sentences, for yes and for no. `{name}` stands for an input of the finding; a name that a finding lacks reads as a dash.

Laws: every reason that code gives has its two sentences in every locale (`tests/domain/test_words.py` reads the syntax
trees); a reason that is unknown here, from a tree stored by another release, reads as its own code.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from domain.explain import Finding, Input


class Locale(StrEnum):
    """A language that findings are worded in."""

    EN = "en"
    """English."""


Sentences = tuple[str, str]
"""What is said when a finding holds, and when it does not."""

ENGLISH: Final[Mapping[str, Sentences]] = {
    # rules as data
    "rule_in_force": ("A version of {key} is in force at {at}.", "No version of {key} is in force at {at}."),
    "rule_case_passes": (
        "The example “{case}” comes out as expected.",
        "The example “{case}” comes out as {got}, not as {expected}.",
    ),
    "rule_dated_today": (
        "The text is dated {announced}, the day on which it is published.",
        "The text says it is published on {announced}, but today is {today}.",
    ),
    "rule_notice_given": (
        "The rule takes effect after {days} days of notice.",
        "A new version needs {days} days of notice: it can take effect from {earliest}, not at {effectiveFrom}.",
    ),
    "rule_begins_last": (
        "No other version takes effect later.",
        "Version {other} takes effect at {begins}; a new version must begin after it.",
    ),
    "rule_stands": ("The version stands.", "The version was withdrawn."),
    "rule_not_in_effect": (
        "The version takes effect at {effectiveFrom}.",
        "The version took effect at {effectiveFrom}; what is in effect is not withdrawn.",
    ),
    "rule_without_successor": (
        "No later version follows it.",
        "A later version follows it already; withdraw that one first.",
    ),
    # guarantees
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
    # claims
    "reason_fits_promise": (
        "{reason} claims under the promise of this cover.",
        "{reason} does not claim under {promise}, which is the promise of this cover.",
    ),
    "claim_action_of_your_side": ("Your side may do this.", "This is not for your role or your side of the claim."),
    "claim_state_allows": ("The claim is {state}, which allows it.", "The claim is {state}, which does not allow it."),
    "claim_answer_overdue": (
        "The liable party let its time to answer pass.",
        "The liable party can still answer; the claim can be escalated from {opensAt}.",
    ),
    "claim_accepted": ("The liable party accepted the claim.", "The liable party did not accept the claim."),
    "claim_granted_by_staff": ("The marketplace granted the claim.", "The marketplace did not grant the claim."),
    "claim_denied_by_staff": ("The marketplace did not deny the claim.", "The marketplace denied the claim."),
    "claim_granted_on_file": (
        "Nobody decided in time; the facts on file grant the claim.",
        "Nobody decided in time; the facts on file do not grant the claim.",
    ),
    "claim_denied_on_file": (
        "Nobody decided in time; the facts on file do not deny the claim.",
        "Nobody decided in time; the facts on file deny the claim.",
    ),
    "claim_closed_by_silence": (
        "The claim was not closed by silence.",
        "Nobody answered in time, and by the rule that closes the claim.",
    ),
    # coupons
    "coupon_action_of_your_role": ("Your role may do this.", "This is not for your role, or the coupon is not yours."),
    "coupon_has_rest": ("Something is left on the coupon.", "Nothing is left on the coupon: it is {state}."),
    "coupon_not_expired": ("The coupon has not expired.", "The coupon expired at {expiresAt}."),
    "coupon_expiry_passed": ("The coupon's last instant has passed.", "The coupon lives until {expiresAt}."),
    "coupon_of_same_buyer": ("The coupon and the order are the same buyer's.", "The order is another buyer's."),
    "coupon_on_a_later_order": (
        "The order is not the one that was compensated.",
        "A coupon pays for a later order, not for the one it compensates.",
    ),
    "coupon_in_same_currency": (
        "Coupon, order and amount are in one currency.",
        "The coupon is in {coupon}, the order in {order}, the amount in {amount}: it must be one currency.",
    ),
    "coupon_rest_suffices": ("Enough is left on the coupon.", "Less is left on the coupon than shall be used."),
    "order_total_suffices": ("The order costs at least that much.", "Less is left to pay of the order than that."),
    "amount_above_zero": ("The amount is above zero.", "The amount is not above zero."),
    "exchange_rate_known": (
        "A rate from {base} to {quote} is known.",
        "No rate from {base} to {quote} is recorded for the day.",
    ),
    # orders and shipments
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
    "shipment_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role or your side of the shipment.",
    ),
    # buyers
    "tier_evaluated": ("The buyer reaches level {level}.", "The buyer reaches no level."),
    "tier_granted_by_staff": (
        "Staff granted level {level} ({name}) after level {before}: {reason}",
        "Staff did not grant level {level}.",
    ),
    "tier_compensates_automatically": (
        "The buyer's tier is compensated without an application.",
        "The buyer's tier is compensated on application only.",
    ),
    "tier_level_reached": ("Level {level} ({name}) is reached.", "Level {level} ({name}) is not reached."),
    "tier_evidence_complete": ("The evidence is complete.", "Of the evidence {missing} is missing or has lapsed."),
    "tier_identity_evidence_complete": (
        "The evidence for {identity} is complete.",
        "The evidence that belongs to the buyer's identity is not complete: {missing} is missing or has lapsed.",
    ),
    "tier_spend_reached": (
        "The spend of {days} days is {spend}; {needed} is needed.",
        "The spend of {days} days is {spend}, below {needed}.",
    ),
    "tier_orders_reached": (
        "{orders} orders are paid; {needed} is needed.",
        "{orders} orders are paid, fewer than {needed}.",
    ),
    "tier_income_verified": (
        "The verified yearly income of {income} is above {above}.",
        "No yearly income above {above} is verified.",
    ),
    # penalties
    "penalty_measure_taken": ("With {balance} points a measure follows.", "With {balance} points no measure follows."),
    "penalty_points_given": ("The act costs {points} points.", "The act costs no points."),
    "penalty_threshold_crossed": (
        "{before} points become {balance}: the step of {threshold} is crossed, which brings {measure}.",
        "{before} points become {balance}: no step is crossed.",
    ),
    "penalty_strikes_crossed": (
        "{strikes} strikes bring {measure}.",
        "{strikes} strikes bring nothing new.",
    ),
    # clocks, people
    "clock_not_over": ("The duty is not overdue.", "The duty was due at {dueAt}, which has passed."),
    "clock_state": ("The clock is {state}, which allows it.", "The clock is {state}, which does not allow it."),
    "clock_of_sandbox": ("The clock is a sandbox's.", "Only a sandbox's clock can be moved."),
    "clock_forwards": (
        "The clock moves forwards to {to}.",
        "A clock moves forwards only: it shows {shows}, after {to}.",
    ),
    "invitation_expired": ("The invitation is open.", "The invitation expired at {at}."),
    "last_steward": ("Somebody else can look after the organisation.", "The last member with {role} stays."),
}

CATALOGUE: Final[Mapping[Locale, Mapping[str, Sentences]]] = {Locale.EN: ENGLISH}
"""Locale -> reason -> its sentences. A new language is a new table here; the test says what it lacks."""


class _Inputs(dict[str, Input]):
    """A finding's inputs; one that is asked for and not there reads as a dash."""

    def __missing__(self, name: str) -> str:
        return "—"


def sentence(finding: Finding, locale: Locale = Locale.EN) -> str:
    """What the finding says, in that language: its own sentence, not those of the findings beneath it."""
    known = CATALOGUE[locale].get(finding.reason)
    if known is None:
        return finding.reason
    return known[0 if finding.holds else 1].format_map(_Inputs(finding.inputs))


assert CATALOGUE.keys() == set(Locale)
