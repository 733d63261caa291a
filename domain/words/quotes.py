"""Quotes, their prices and bookings: what findings say of them."""

from collections.abc import Mapping
from typing import Final

from domain.words.sentences import Sentences

ENGLISH: Final[Mapping[str, Sentences]] = {
    # prices
    "weight_is_chargeable": (
        "{actualGrams} g and {cubicMillimetres} mm3 count for {grams} g at {cubicCentimetresPerKilogram} cm3 per kg.",
        "The goods have no chargeable weight.",
    ),
    "list_has_rate": (
        "The price list has a rate for these goods in the zone {zone}.",
        "The price list has no rate for {grams} g and {cubicCm} cm3 in the zone {zone}.",
    ),
    "freight_is_billed": (
        "{billed} by {measure} at {price}, not less than {minimum}.",
        "The freight is not billed by measure.",
    ),
    "freight_is_by_container": (
        "{billed} of {container} at {price}, not less than {minimum}.",
        "The freight is not billed by container.",
    ),
    "surcharge_is_due": ("A surcharge is due: {kind}, {charge}.", "The surcharge {kind} is not due."),
    "provider_revised_price": (
        "The provider revised the price by {amountMinor} in minor units of {currency}.",
        "The provider left the price as it was.",
    ),
    # offers
    "service_serves_incoterm": (
        "The service is offered on these terms.",
        "The service is not offered on the terms {incoterm}.",
    ),
    "service_serves_market": (
        "The service is sold for this country.",
        "The service is not sold for {market}.",
    ),
    "piece_within_weight": (
        "The piece is within the service's weight.",
        "A piece of {grams} g is heavier than the {most} g that the service takes.",
    ),
    "piece_within_size": (
        "The piece is within the service's size.",
        "A piece of {millimetres} mm is larger than the {most} mm that the service takes.",
    ),
    "service_takes_dangerous_goods": (
        "The service takes dangerous goods of {class}.",
        "The service does not take dangerous goods of {class}.",
    ),
    "promise_is_dated": (
        "Handed over on {handOver}, {handlingDays} working days of handling and {transitDays} of transit: {arrives}.",
        "The goods cannot be promised for a day.",
    ),
    "promise_within_calendar": (
        "The days on the way are in the calendars.",
        "A day on the way lies beyond the known holidays: {about}.",
    ),
    "provider_revised_promise": (
        "The provider revised the promise to {promisedAt}; it was {before}.",
        "The provider left the promise as it was.",
    ),
    "service_has_sheet_in_force": (
        "A rate sheet of the service is in force.",
        "No rate sheet of the service is in force at {at}.",
    ),
    "service_on_sale": ("The service is on sale.", "The service is not on sale now: it is {state}."),
    "provider_has_record": (
        "The provider has a record here.",
        "The provider has no record here yet, so its lateness is not counted.",
    ),
    "goods_value_stated": (
        "The value of the goods is stated.",
        "The value of the goods is not stated, so lateness has no price.",
    ),
    "offer_among_best": (
        "The offer is among the best {most}.",
        "{most} other offers are better, and no more are kept.",
    ),
    # quotes
    "quote_action_of_your_role": ("Your role may do this.", "This is not for your role, or the quote is not yours."),
    "quote_state_allows": ("The quote's state allows this.", "The quote is {state}; it would have to be {needed}."),
    "quote_stands": ("The quote stands.", "The quote stood until {expiresAt}."),
    "quote_is_past": ("The quote's last instant has passed.", "The quote stands until {expiresAt}."),
    "hand_over_lies_ahead": (
        "The hand-over that the promise rests on lies ahead.",
        "The goods had to be handed over by {departsBy} for the promised day; ask for a new quote.",
    ),
    # bookings
    "quote_of_same_buyer": ("Quote and order are the same buyer's.", "The order is another buyer's."),
    "order_goes_where_quoted": (
        "The order goes to the country that was quoted.",
        "The order goes to {order}, and {quote} was quoted.",
    ),
    "booking_action_of_your_role": (
        "Your role may do this.",
        "This is not for your role, or the booking is not yours.",
    ),
    "booking_not_cancelled": ("The booking stands.", "The booking was called off."),
    "goods_not_picked_up": ("The goods were not picked up yet.", "The shipment is {state} already."),
}
