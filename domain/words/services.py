"""Services and their lanes: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    "service_is_yours": ("Your role may do this.", "This is not for your role, or the service is another provider's."),
    "service_state_fits": (
        "The service is {state}.",
        "The service is {state}: this is possible while it is {states}.",
    ),
    "services_have_room": ("There is room for one more service.", "A provider has at most {most} services."),
    "service_has_lanes": ("The service has lanes.", "The service has no lane: add one before it is listed."),
    "service_has_price": (
        "A version of its prices is, or will be, in force.",
        "No version of its prices is or will be in force: activate a rate sheet before it is listed.",
    ),
    "provider_puts_on_sale": (
        "The provider may put services on sale.",
        "The provider is not active: it may prepare services and not put them on sale.",
    ),
    "lane_is_yours": ("Your role may do this.", "This is not for your role, or the lane is another provider's."),
    "lane_is_active": ("The service goes this lane.", "The lane is {state}."),
    "lane_goes_once": (
        "The service does not go this way yet.",
        "Lane {lane}: the service goes from {origin} to {destination} already, as {other}.",
    ),
    "lanes_have_room": ("There is room for these lanes.", "A service has at most {most} lanes; it has {lanes}."),
}
