"""Claims: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
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
}
