"""Capabilities, restrictions, standings, exits and bars: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "capability_of_state": (
        "A provider in this state may do that.",
        "A provider that is {state} may not do that ({action}).",
    ),
    "requirement_up_to_date": (
        "What this depends on is up to date.",
        "The requirement {about} lapsed: off since {since} until it is renewed or waived ({action}).",
    ),
    "requirement_still_counts": (
        "What was handed in still counts.",
        "What was handed in for {lapsed} counted until {validUntil}: what {requirement} opens is off since {offSince}.",
    ),
    "deposit_suffices": (
        "The deposit suffices.",
        "{heldMinor} of {requiredMinor} are deposited (minor units, {currency}): what {requirement} opens is off since "
        "{offSince}.",
    ),
    "provider_not_suspended": ("The provider is not suspended.", "The provider is suspended since {since} ({action})."),
    "capability_unrestricted": (
        "Nothing restricts this.",
        "The marketplace restricted this since {since}, cause {cause} ({action}).",
    ),
    "restriction_action_of_your_role": ("Your role may do this.", "This is not for your role."),
    "restriction_not_lifted": ("The restriction stands.", "The restriction was lifted before."),
    "restriction_lifted_by_desk": (
        "The desk may lift this.",
        "Nobody lifts a restriction of cause {cause}: it ends with the requirement's renewal or the reinstatement.",
    ),
    "standing_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role, or the provider is not yours.",
    ),
    "standing_allows": ("The provider's state allows this.", "The provider is {state}: this is not possible now."),
    "not_leaving_already": ("The provider is not leaving.", "The provider is leaving already: its exit is {state}."),
    "exit_goes_on": ("The provider is leaving.", "The provider is not leaving."),
    "exit_notice_over": ("The notice is over.", "The provider sells until {sellsUntil}."),
    "exit_state_allows": ("The exit is at this point.", "The exit is {state}: this is not possible now."),
    "no_open_duties": ("Nothing is open any more.", "{open} things that were sold are still open."),
    "not_barred": (
        "No bar stands.",
        "The provider is barred until {until}, cause {cause}.",
    ),
    "related_not_barred": (
        "No bar of a related account stands.",
        "An account related to this one is barred until {until}, cause {cause}, and with it this one.",
    ),
    "bar_action_of_your_role": ("Your role may do this.", "This is not for your role."),
    "bar_stands": ("The bar stands.", "The bar does not stand: it ended {until} or was lifted."),
}
