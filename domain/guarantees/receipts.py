"""Windows that are counted from receipt: goods that arrive open and close the time to complain of them.

Laws: days are counted from the last arrival; while something is still to arrive the window stays open, but not beyond
the rule's backstop, which is counted from payment or from the last promised day, whichever is later.
"""

from datetime import datetime

from domain import dates
from domain.dates import Calendar
from domain.guarantees.facts import OrderFacts
from domain.terms import Days


def since_receipt(facts: OrderFacts, days: Days, calendar: Calendar) -> datetime | None:
    """So many days after the last arrival; None while nothing has arrived."""
    return None if facts.received_at is None else dates.day_deadline(facts.received_at, days, calendar)


def since_receipt_or_promise(
    facts: OrderFacts, days: Days, unreceived_days: Days, calendar: Calendar
) -> datetime | None:
    """So many days after receipt; not before the backstop is over while lines are still to come. None while unpaid."""
    if facts.paid_at is None:
        return None
    received = since_receipt(facts, days, calendar)
    if received is not None and facts.all_received:
        return received
    promised = [line.promised_at for line in facts.lines if line.promised_at is not None]
    backstop = dates.day_deadline(max([facts.paid_at, *promised]), unreceived_days, calendar)
    return backstop if received is None else max(backstop, received)
