"""Payments that somebody reports: an insurer's to a buyer or to the marketplace, a card's for an order.

No money moves by the report. Laws: what is paid is more than nothing and in the currency of what it is paid for, after
that began and not in the future; it has the payer's own number, by which it is recorded once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain import texts
from domain.dates import rfc3339
from domain.errors import Problem
from domain.money import Money


@dataclass(frozen=True, slots=True)
class PaidFor:
    """What a payment is for: its currency, and the instant it began."""

    currency: str
    began_at: datetime


def problems(
    reference: str,
    amount: Money,
    paid_at: datetime,
    subject: PaidFor,
    at: datetime,
    *,
    fields: tuple[str, str] = ("reference", "paidAt"),
) -> Iterator[Problem]:
    """Everything wrong with a payment that is told of at `at`. `fields`: where the client wrote its number and time."""
    where, when = fields
    yield from texts.reference_problems(reference, where)
    if amount.currency != subject.currency:
        yield Problem(("amount", "currency"), f"What is paid for is in {subject.currency}.")
    if amount.minor <= 0:
        yield Problem(("amount", "amount"), "A payment is more than nothing.")
    if paid_at > at:
        yield Problem((when,), "A payment is not made in the future.")
    if paid_at < subject.began_at:
        yield Problem((when,), f"What is paid for began at {rfc3339(subject.began_at)}, after that.")
