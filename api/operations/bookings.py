"""Bookings: an accepted quote becomes a shipment of an order's lines, or a booking is called off.

Both are one act with everything that follows. Locks: provider → order → quote or booking → shipment.
"""

from api.operations import capabilities, listings, shipments
from domain import access, bookings, orders, quotes
from domain.bookings import BookQuote, CancelBooking
from domain.capabilities import of_lane
from domain.errors import NotFound
from domain.gates import Action
from domain.ids import BookingId
from storage import bookings as booking_rows
from storage import lanes as lane_rows
from storage import orders as order_rows
from storage import providers as provider_rows
from storage import quotes as quote_rows
from storage import shipments as shipment_rows
from storage.unit_of_work import Outcome, Work


async def book_quote(work: Work, command: BookQuote) -> Outcome:
    """The lines are booked: a shipment carries them for the accepted price, promised for the accepted day.

    Refuses, with every reason: a provider that may not take bookings on the lane any more, a quote that is not
    accepted or whose hand-over has passed, another buyer's order, one that goes elsewhere, lines that left already.
    What was first quoted is held against what is booked: a service that quotes low and revises up is bait.
    """
    access.require(work.caller, "bookQuote")
    seen = await quote_rows.get(work.connection, work.tenant_id, command.quote_id)
    if not seen.concerns(work.caller):
        raise NotFound("There is no such quote.", field=("quoteId",))
    provider = await provider_rows.lock(work.connection, work.tenant_id, seen.provider_id)
    order = await order_rows.lock(work.connection, work.tenant_id, command.order_id)
    if not order.concerns(work.caller):
        raise NotFound("There is no such order.", field=("orderId",))
    quote = await quote_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(quote)
    booked = quotes.book_quote(quote, work.at)
    lane = await lane_rows.get(work.connection, work.tenant_id, quote.lane_id)
    request = await quote_rows.get_request(work.connection, work.tenant_id, quote.request_id)
    bookings.require_fit(quote, order, request.destination.country)
    await capabilities.require(work, provider, of_lane(lane, Action.BOOK))
    id = work.new_id(BookingId)
    shipment = bookings.shipment_of(quote, command, id, request.weight_grams)
    shipment_id = await shipments.leave(work, order, shipment, quote.promised_at)
    made = bookings.book_quote(booked.after, shipment_id, command, id=id, at=work.at)
    await work.keep(booked, made)
    first = await quote_rows.first_quoted_total(work.connection, work.tenant_id, quote)
    await listings.check_booking(work, quote.service_id, made.after.reference, first, quote.total)
    return Outcome({"booking": id, "shipment": shipment_id})


async def cancel_booking(work: Work, command: CancelBooking) -> Outcome:
    """The booking is called off, its shipment with it, and the lines may be booked anew.

    A provider's own doing counts in its record. Refuses one that was called off, and goods that were picked up.
    """
    access.require(work.caller, "cancelBooking")
    seen = await booking_rows.get(work.connection, work.tenant_id, command.booking_id)
    if not work.caller.is_operator and work.caller.party_id not in {seen.buyer_id, seen.provider_id}:
        raise NotFound("There is no such booking.", field=("bookingId",))
    order = await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    booking = await booking_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(booking)
    shipment = await shipment_rows.get(work.connection, work.tenant_id, booking.shipment_id)
    cancelled = bookings.cancel_booking(booking, shipment, command, work.caller, work.at)
    await shipments.call_off(work, shipment.id, bookings.REPORTED[bookings.side_of(booking, work.caller)])
    await work.keep(cancelled, orders.release_lines(order, shipment.id))
    return Outcome({"booking": booking.id})
