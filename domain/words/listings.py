"""Listing checks and their flags: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "listing_has_no_contact": (
        "The {field} leads nobody outside the marketplace.",
        "The {field} leads buyers outside the marketplace ({kind}): {excerpt}",
    ),
    "listing_words_fit_mode": (
        "The words fit the mode.",
        "The service is sold as {mode}, but its words are those of {looksLike} ({mentions} mentions, none of its own).",
    ),
    "listing_lane_goes_somewhere": (
        "The lane goes from one place to another.",
        "The lane goes from {place} to {place}: {mode} goes between places.",
    ),
    "listing_lane_sold_once": (
        "The provider sells this on this lane once.",
        "The provider sells the same from {origin} to {destination} already, as {other}.",
    ),
    "listing_charges_what_it_quotes": (
        "Bookings are charged what they were quoted.",
        "{over} of {bookings} bookings were charged above what was quoted, beyond the tolerance.",
    ),
    "listing_put_right": (
        "The listing was put right in time.",
        "The listing was not put right in time.",
    ),
    "listing_flag_stands": ("The flag stands.", "The flag is {state}."),
    "listing_flag_is_yours": ("Your role may do this.", "This is not for your role, or the listing is another's."),
    "listing_flag_for_desk": ("Your role may do this.", "Only the marketplace's desk dismisses a flag."),
    "listing_off_shelf_ended": (
        "No flag keeps the service off the shelf.",
        "The service is off the shelf for {cause} until that is put right: correct it and call correctListing.",
    ),
}
