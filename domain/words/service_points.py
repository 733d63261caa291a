"""Service points: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "service_point_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role, or the service point is not yours.",
    ),
    "service_point_state_allows": ("The service point's state allows it.", "Not while the service point is {state}."),
    "service_point_notice_given": (
        "Notice of {days} days is given.",
        "Notice of {days} days is needed: it can take effect from {earliest} on, not at {effectiveAt}.",
    ),
    "service_point_within_a_year": ("It lies within a year.", "It lies more than a year ahead: {effectiveAt}."),
    "service_point_change_is_due": ("The reported change is due.", "No reported change is due."),
    "service_point_gone_already": ("It is gone already.", "It cannot have gone in the future."),
    "service_point_withdrawal_unreported": (
        "Its withdrawal was not reported for that time.",
        "Its withdrawal was reported for that time: nobody is liable for more.",
    ),
    "service_point_withdrawal_reported": (
        "The withdrawal was reported in time.",
        "It is gone since {goneSince} without notice of {days} days; a change was reported for: {reportedFor}.",
    ),
    "service_point_commitment_open": (
        "The cover {coverageId} was live; it can be claimed under until {closesAt}.",
        "The cover {coverageId} was not live.",
    ),
    "provider_liable_for_open_commitments": (
        "The provider stays liable for {open} open commitments, until {until}.",
        "Nothing was open: the provider is liable for nothing.",
    ),
    "provider_may_add_service_points": (
        "The provider may add service points.",
        "A provider that is {state} adds no service points.",
    ),
}
