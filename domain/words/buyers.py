"""Buyers and their tiers: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
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
    "tier_not_revoked": ("The tier was not revoked.", "The tier was revoked for misconduct."),
    "tier_grant_counts": (
        "Staff granted level {granted} at {at}, and the grant has not lapsed.",
        "What staff granted at {at} (level {granted}) lies below, or has lapsed.",
    ),
    "tier_confirmed": (
        "The buyer reaches its level {before} again; what it was told no longer holds.",
        "The buyer does not reach its level {before}.",
    ),
    "tier_upgrade_announced": (
        "The buyer reaches level {level} ({name}) and stands on it from {from}, unless it declines.",
        "The buyer does not reach level {level}.",
    ),
    "tier_downgrade_announced": (
        "The buyer no longer reaches level {before}; it stands on level {level} ({name}) from {from}.",
        "The buyer reaches level {before}.",
    ),
    "tier_moved": (
        "The buyer stands on level {level} ({name}) after level {before}.",
        "The buyer stays on level {before}.",
    ),
    "tier_revoked_by_staff": ("Staff revoked level {before}: {reason}", "Staff did not revoke level {before}."),
    "tier_reinstated_by_staff": (
        "Staff let the buyer earn levels again: {reason}",
        "Staff did not let the buyer earn levels again.",
    ),
    "tier_upgrade_told": ("The buyer was told of a higher level.", "The buyer was not told of a higher level."),
    "tier_revoked_now": ("The tier is revoked.", "The tier is not revoked."),
    "buyer_action_of_your_role": ("Your role may do this.", "This is not for your role, or the buyer is another one."),
    "tier_evidence_accepted": (
        "The desk accepted {accepted} of {of} pieces of evidence.",
        "The desk accepted none of {of} pieces of evidence: {reason}",
    ),
    "review_state_allows": (
        "The review is {state}, which allows it.",
        "The review is {state}, which does not allow it.",
    ),
    "review_taken_by_you": ("You took the review.", "Somebody else took the review, or nobody did: take it first."),
    "review_action_of_your_role": ("Your role may do this.", "This is not for your role."),
}
