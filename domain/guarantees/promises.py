"""The words of guarantees: promises, exclusions, kinds of service and how their limits count."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates
from domain.dates import Calendar


class Promise(StrEnum):
    """What a guarantee promises."""

    ON_TIME = "ON_TIME"
    """Goods are delivered by the promised day."""
    AFTER_SALES = "AFTER_SALES"
    """Machinery is serviced in the promised time."""
    EASY_RETURN = "EASY_RETURN"
    """Goods of poor quality go back where they were delivered, and what was paid comes back in full."""
    MONEY_BACK = "MONEY_BACK"
    """What was paid comes back where goods come late or are not as agreed."""
    PRICE_LOCK = "PRICE_LOCK"
    """The buyer pays one price, everything included; what is charged beyond it comes back."""
    LOSS_DAMAGE = "LOSS_DAMAGE"
    """Goods lost or damaged on the way are paid for, up to their declared value."""
    FAIR_DEALING = "FAIR_DEALING"
    """Whoever sells or carries keeps to the marketplace's rules; the buyer is compensated where it does not."""


class Complaint(StrEnum):
    """What a buyer complains of, as far as guarantees tell it apart; each reason to claim is one of these."""

    LATE = "LATE"
    """The goods came late, or were sent late."""
    NOT_RECEIVED = "NOT_RECEIVED"
    """The goods did not come."""
    NOT_AS_AGREED = "NOT_AS_AGREED"
    """The goods are others than agreed, fewer, or not what they pretend to be."""
    QUALITY = "QUALITY"
    """The goods are of poor quality."""
    DAMAGED = "DAMAGED"
    """The goods came damaged."""
    OVERCHARGED = "OVERCHARGED"
    """More was charged than agreed."""
    SERVICE = "SERVICE"
    """A service was not performed."""
    CONDUCT = "CONDUCT"
    """The party behaved against the rules."""


class Base(StrEnum):
    """What the share of on-time compensation is taken of; the publications leave it open (`domain.md` 6.5)."""

    LATE_LINES = "LATE_LINES"
    """The value of the order's late lines."""
    ORDER = "ORDER"
    """The value of all its lines."""
    FREIGHT = "FREIGHT"
    """What was paid for shipping."""


class Exclusion(StrEnum):
    """What takes an order out of a guarantee. A rule names those that it applies."""

    CANCELLED = "CANCELLED"
    """The order was cancelled."""
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    """Its delivery address changed after payment."""
    ALREADY_CLAIMED = "ALREADY_CLAIMED"
    """It was claimed for before: one claim per order."""
    OUTSIDE_PROGRAMME = "OUTSIDE_PROGRAMME"
    """The provider or the address is not in the programme."""
    QUANTITY_CHANGED = "QUANTITY_CHANGED"
    """The buyer changed a quantity after payment."""
    TRANSPORT_DAMAGE = "TRANSPORT_DAMAGE"
    """The goods were damaged on the way: that is another guarantee's business."""
    DISCLOSED_DEFECT = "DISCLOSED_DEFECT"
    """The slight defect was told before the goods were bought."""
    NO_STANDARD = "NO_STANDARD"
    """No standard was stated that the goods could fall short of."""
    BUYER_TRANSPORT = "BUYER_TRANSPORT"
    """The buyer arranged the transport, so that what happened on it is nobody else's doing."""
    AFTER_SALES_ISSUE = "AFTER_SALES_ISSUE"
    """It is about after-sales service, which has a guarantee of its own."""
    USER_CAUSED = "USER_CAUSED"
    """The buyer did the damage."""
    PART_NOT_LISTED = "PART_NOT_LISTED"
    """The part is not on the list of those that are sent for nothing."""


class ServiceKind(StrEnum):
    """How after-sales service is given."""

    LOCAL = "LOCAL"
    """By the service point where the machine is."""
    DISPATCHED = "DISPATCHED"
    """By an engineer who is sent there."""
    REMOTE = "REMOTE"
    """At a distance: guidance, diagnosis, spare parts."""


class Milestone(StrEnum):
    """What a service request must reach in time."""

    RESPONDED = "RESPONDED"
    """The buyer was answered."""
    STARTED = "STARTED"
    """The service began: somebody came, or the remote session was held."""
    FINISHED = "FINISHED"
    """The service was done."""
    PARTS_SENT = "PARTS_SENT"
    """Free spare parts were sent; asked for only where parts are needed."""


class Unit(StrEnum):
    """How a limit counts."""

    HOURS = "HOURS"
    """Exact hours."""
    DAYS = "DAYS"
    """Local days."""
    WORKING_DAYS = "WORKING_DAYS"
    """Working days of the market where the service is given."""


DEADLINES: Final[Mapping[Unit, Callable[[datetime, int, Calendar], datetime]]] = {
    Unit.HOURS: lambda start, hours, _: dates.hours_deadline(start, hours),
    Unit.DAYS: dates.day_deadline,
    Unit.WORKING_DAYS: dates.working_day_deadline,
}

assert DEADLINES.keys() == set(Unit)
