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
}
