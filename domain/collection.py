"""Collection: by which means, in which order and when what a liable party owes is collected (`domain.md` 6.8).

Laws: the order, the waiting and the deadlines are data of one rule; payouts keep back what is owed from the day it
falls due, everything else begins when the wait is over; the means that the order does not name are never used; what is
left over when all were used stays owed until somebody pays it or it is given up.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import dates, terms
from domain.dates import UTC_DAYS, Calendar
from domain.gates import Action
from domain.money import Money
from domain.recoveries import Means
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Days

COLLECTION_RULE: Final = "collection"
"""The key of the rule about collecting."""


@dataclass(frozen=True, slots=True)
class CollectionTerms:
    """How what is owed is collected. Above the amounts named, and in currencies without one, two people write off.

    A restriction takes `restricts` from a provider and `restricts_suppliers` from a supplier; where none is named of
    suppliers, all that a measure takes that restricts an account.
    """

    version: str
    order: tuple[Means, ...]
    wait_days: Days
    payment_days: Days
    restricts: frozenset[Action]
    one_person_writes_off: tuple[Money, ...]
    restricts_suppliers: frozenset[Action] = frozenset()

    def __post_init__(self) -> None:
        if len(set(self.order)) != len(self.order):
            raise ValueError("a means of collection comes once")
        if Means.RESTRICTION in self.order and self.order[-1] is not Means.RESTRICTION:
            raise ValueError("a restriction is the last means: it lasts until the debt is paid")
        if Means.RESTRICTION in self.order and Means.INVOICE not in self.order:
            raise ValueError("a restriction follows an overdue invoice")
        if len({amount.currency for amount in self.one_person_writes_off}) != len(self.one_person_writes_off):
            raise ValueError("a currency has one amount")


@dataclass(frozen=True, slots=True)
class DebtGiven:
    """Something fell due, and an invoice for it is written when the wait is over."""

    amount: Money
    fell_due_at: datetime
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class DebtFound:
    """What follows and when; `one_person` says whether one person alone may give it up."""

    kept_back: bool
    waits_until: datetime
    means: tuple[Means, ...]
    invoice_due_at: datetime
    one_person: bool


def collection_terms(version: RuleVersion) -> CollectionTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.COLLECTION:
        raise TypeError(f"{version.key} is not the rule about collecting")
    return terms.of(CollectionTerms, version)


def waits_until(rule: CollectionTerms, fell_due_at: datetime, calendar: Calendar) -> datetime:
    """Until when payouts alone collect it."""
    return dates.day_deadline(fell_due_at, rule.wait_days, calendar)


def invoice_due_at(rule: CollectionTerms, issued_at: datetime, calendar: Calendar) -> datetime:
    """Until when an invoice is to be paid."""
    return dates.day_deadline(issued_at, rule.payment_days, calendar)


def after(rule: CollectionTerms, means: Means | None) -> tuple[Means, ...]:
    """What is tried next: everything but payouts (which go on by themselves), or what comes after that means."""
    if means is None:
        return tuple(each for each in rule.order if each is not Means.PAYOUT)
    place = rule.order.index(means) + 1 if means in rule.order else len(rule.order)
    return tuple(each for each in rule.order[place:] if each is not Means.PAYOUT)


def one_person_may(rule: CollectionTerms, amount: Money) -> bool:
    """Whether one person alone may give that up."""
    return any(limit.currency == amount.currency and amount <= limit for limit in rule.one_person_writes_off)


def judge(rule: CollectionTerms, given: DebtGiven) -> DebtFound:
    """What the rule says of the debt of an example."""
    waits = waits_until(rule, given.fell_due_at, given.calendar)
    return DebtFound(
        Means.PAYOUT in rule.order,
        waits,
        after(rule, None),
        invoice_due_at(rule, waits, given.calendar),
        one_person_may(rule, given.amount),
    )
