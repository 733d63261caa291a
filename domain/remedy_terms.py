"""The numbers of remedies: until when parties do what they owe, refunds are paid, and a checkout holds a coupon.

Laws: the version in force when a clock starts sets it; a reservation ends no later than its coupon; a coupon that was
agreed without a guarantee's own terms is good for as many days as the rule says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain import dates, terms
from domain.dates import UTC_DAYS, Calendar
from domain.procedure import Period
from domain.remedies import IN_KIND, RemedyKind
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Days, Hours


@dataclass(frozen=True, slots=True)
class RemedyTerms:
    """The numbers of one version. `version` is that version's id. Without `pay` a refund has no deadline."""

    version: str
    reservation_hours: Hours
    coupon_days: Days
    provide: Mapping[RemedyKind, Period]
    confirm: Period
    pay: Period | None = None

    def __post_init__(self) -> None:
        if self.provide.keys() != IN_KIND:
            raise ValueError(f"each remedy in kind has its time: {', '.join(sorted(IN_KIND))}")


@dataclass(frozen=True, slots=True)
class RemedyGiven:
    """A remedy is awarded or a coupon reserved `at`; the coupon's last instant is `coupon_expires_at`."""

    at: datetime
    kind: RemedyKind | None = None
    coupon_expires_at: datetime | None = None
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class RemedyFound:
    """The deadlines that follow."""

    provide_due_at: datetime | None
    confirm_due_at: datetime
    coupon_expires_at: datetime
    pay_due_at: datetime | None
    reservation_expires_at: datetime | None


def terms_of(version: RuleVersion) -> RemedyTerms:
    """The numbers of that version. Refuses one of another kind with ValueError."""
    if version.kind is not RuleKind.REMEDIES:
        raise ValueError(f"{version.id} is about {version.kind}")
    return terms.of(RemedyTerms, version)


def provide_due_at(rule: RemedyTerms, kind: RemedyKind, awarded_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which the liable party does it in time."""
    return rule.provide[kind].end(awarded_at, calendar)


def confirm_due_at(rule: RemedyTerms, provided_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which the buyer says that it does not have it."""
    return rule.confirm.end(provided_at, calendar)


def pay_due_at(rule: RemedyTerms, decided_at: datetime, calendar: Calendar) -> datetime | None:
    """The last instant at which a refund is paid in time; None where the rule sets none."""
    return None if rule.pay is None else rule.pay.end(decided_at, calendar)


def coupon_expires_at(rule: RemedyTerms, issued_at: datetime, calendar: Calendar) -> datetime:
    """The last instant of a coupon that no guarantee's terms set."""
    return dates.day_deadline(issued_at, rule.coupon_days, calendar)


def reservation_expires_at(rule: RemedyTerms, reserved_at: datetime, coupon_expires_at: datetime) -> datetime:
    """The last instant of a reservation: never behind its coupon's."""
    return min(dates.hours_deadline(reserved_at, rule.reservation_hours), coupon_expires_at)


def judge(rule: RemedyTerms, given: RemedyGiven) -> RemedyFound:
    """What an example case comes to."""
    ends, kind = given.coupon_expires_at, given.kind
    return RemedyFound(
        provide_due_at=None if kind is None else provide_due_at(rule, kind, given.at, given.calendar),
        confirm_due_at=confirm_due_at(rule, given.at, given.calendar),
        coupon_expires_at=coupon_expires_at(rule, given.at, given.calendar),
        pay_due_at=pay_due_at(rule, given.at, given.calendar),
        reservation_expires_at=None if ends is None else reservation_expires_at(rule, given.at, ends),
    )
