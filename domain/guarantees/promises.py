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
