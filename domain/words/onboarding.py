"""Onboarding: what findings say of applications, requirements and reviews."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "provider_action_of_your_role": (
        "Your role may do this with this provider.",
        "This is not for your role, or not for somebody else's provider.",
    ),
    "provider_state_allows": (
        "The provider is {state}, which allows it.",
        "The provider is {state}, which does not allow it.",
    ),
    "provider_kind_fixed": (
        "Kind and tier may change.",
        "A provider that works stays {kind} of tier {tier}; another kind or tier is applied for anew.",
    ),
    "provider_declared": (
        "The provider declared that it does this there, and proved what that needs.",
        "The provider did not declare {service} in {markets}, so nobody asked what that needs: amend the application.",
    ),
    "provider_proves_itself": (
        "The provider proves what it has to.",
        "The marketplace vouches for this provider: it has nothing to prove.",
    ),
    "provider_not_barred": (
        "Nothing keeps the provider from coming in.",
        "The provider, or one related to it, may not come in at present.",
    ),
    "provider_only_account": (
        "It is the only account of its owner.",
        "It seems to belong to the owner of another provider here.",
    ),
    "application_markets": ("The served markets are declared.", "Declare at least one served market."),
    "application_services": ("The services are declared.", "Declare at least one service."),
    "application_volume": ("The expected volume is declared.", "Declare the expected monthly volume."),
    "application_complete": (
        "The application says everything it has to.",
        "The application leaves out something that it has to say.",
    ),
    "application_screened": (
        "The automatic rules find nothing against the application.",
        "The automatic rules found something that the desk has to look at.",
    ),
    "application_approved": ("The application is approved.", "The application is not approved."),
    "requirement_met": (
        "{title}: met ({status}).",
        "{title}: not met ({status}).",
    ),
    "requirement_handed_in": ("Something was handed in.", "Nothing was handed in yet."),
    "requirement_reviewed": (
        "The desk has looked at it.",
        "Handed in at {submittedAt}; the desk has not decided on it yet.",
    ),
    "requirement_not_rejected": ("It was not rejected.", "It was rejected: {because}."),
    "requirement_unexpired": ("It counts until {validUntil}.", "It counted until {validUntil} only."),
    "requirement_begun": ("It counts since {validFrom}.", "It counts from {validFrom} only."),
    "requirement_currency": (
        "It is in {wanted}.",
        "It is in {currency} and has to be in {wanted}.",
    ),
    "requirement_amount": (
        "{amountMinor} minor units of {currency} reach the least of {leastMinor}.",
        "{amountMinor} minor units of {currency} are below the least of {leastMinor}.",
    ),
    "requirement_quantity": ("{quantity} reaches the least of {least}.", "{quantity} is below the least of {least}."),
    "requirement_waits_for_desk": (
        "It waits for the desk.",
        "It is {state}: it does not wait for the desk.",
    ),
    "referred_requirement_accepted": (
        "{requirement}, on which it rests, is met.",
        "{requirement}, on which it rests, is not met.",
    ),
    "deposit_held": (
        "{heldMinor} minor units of {currency} are deposited, of {leastMinor} needed.",
        "Only {heldMinor} minor units of {currency} are deposited, of {leastMinor} needed.",
    ),
    "requirement_applies": (
        "{title} is asked of this provider.",
        "{title} is not asked of this provider, as it describes itself.",
    ),
    "requirement_known": (
        "{requirement} is in the rules.",
        "{requirement} is no longer in the rules.",
    ),
    "second_person": (
        "It is not the second look of the same person.",
        "The rule wants two people, and you were the first.",
    ),
    "not_own_proof": (
        "Somebody else handed it in.",
        "Whoever hands something in does not accept it.",
    ),
    "review_is_live": ("The review is {state}.", "The review is {state}: it has ended."),
}
