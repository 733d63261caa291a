"""Clocks and people: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
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
