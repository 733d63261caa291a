"""The numbers of chargebacks: how long the merchant, the platform and the networks have (`domain.md` 2.2, 6.11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain import dates, terms
from domain.dates import UTC_DAYS, Calendar
from domain.memberships import Scheme
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Days, Hours

RULE: Final = "chargebacks"
"""The key of the rule about chargebacks."""


@dataclass(frozen=True, slots=True)
class Window:
    """How many days a network gives for the first answer, and for the one to pre-arbitration."""

    first: Days
    pre_arbitration: Days


@dataclass(frozen=True, slots=True)
class ChargebackTerms:
    """Everybody's time.

    The merchant has `evidence_days`, but never beyond `margin_days` before the network's own deadline; a pack leaves
    `sending_days` before it; one that was found insufficient may be mended within `resubmission_hours`. After
    `arrival_days` a chargeback is late, after `arrival_days_max` no bank may bring one. Refuses with ValueError
    networks that are left out and windows too short for anything.
    """

    version: str
    evidence_days: Days
    margin_days: Days
    sending_days: Days
    resubmission_hours: Hours
    arrival_days: Days
    arrival_days_max: Days
    secret_overlap_hours: Hours
    windows: Mapping[Scheme, Window]

    def __post_init__(self) -> None:
        if missing := sorted(set(Scheme) - self.windows.keys()):
            raise ValueError(f"every network has its window; none is given for {', '.join(missing)}")
        if not self.sending_days <= self.margin_days < min(window.first for window in self.windows.values()):
            raise ValueError("a pack is due before it is sent, and both before the network's deadline")
        if self.arrival_days > self.arrival_days_max:
            raise ValueError("what is late comes before what is too late")

    @property
    def secret_overlap(self) -> timedelta:
        """How long a processor's old secret is good beside the new one."""
        return timedelta(hours=self.secret_overlap_hours)


def chargeback_terms(version: RuleVersion) -> ChargebackTerms:
    """The numbers of a version of the rule about chargebacks. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.CHARGEBACKS:
        raise TypeError(f"{version.key} is not the rule about chargebacks")
    return terms.of(ChargebackTerms, version)


def network_due_at(
    rule: ChargebackTerms, scheme: Scheme, notified_at: datetime, calendar: Calendar, *, told: datetime | None = None
) -> datetime:
    """The network's own deadline: what it told, but no later than its window gives."""
    due_at = dates.day_deadline(notified_at, rule.windows[scheme].first, calendar)
    return due_at if told is None else min(told, due_at)


def pre_arbitration_due_at(
    rule: ChargebackTerms, scheme: Scheme, notified_at: datetime, calendar: Calendar
) -> datetime:
    """Until when pre-arbitration must be answered."""
    return dates.day_deadline(notified_at, rule.windows[scheme].pre_arbitration, calendar)


def send_by(rule: ChargebackTerms, network_due: datetime, calendar: Calendar) -> datetime:
    """The last instant at which a pack leaves."""
    return _days_before(network_due, rule.sending_days, calendar)


def evidence_due_at(
    rule: ChargebackTerms, received_at: datetime, network_due: datetime, calendar: Calendar
) -> datetime:
    """Until when the merchant must answer; at once where the network's deadline leaves nothing."""
    own = dates.day_deadline(received_at, rule.evidence_days, calendar)
    return max(min(own, _days_before(network_due, rule.margin_days, calendar)), received_at)


def resubmission_due_at(rule: ChargebackTerms, at: datetime, network_due: datetime, calendar: Calendar) -> datetime:
    """Until when an insufficient pack may be mended."""
    return max(min(dates.hours_deadline(at, rule.resubmission_hours), send_by(rule, network_due, calendar)), at)


def is_late(rule: ChargebackTerms, paid_at: datetime, notified_at: datetime, calendar: Calendar) -> bool:
    """Whether the chargeback came after the usual window of cardholders."""
    return notified_at > dates.day_deadline(paid_at, rule.arrival_days, calendar)


def arrives_until(rule: ChargebackTerms, paid_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which any bank brings a chargeback of what was paid then."""
    return dates.day_deadline(paid_at, rule.arrival_days_max, calendar)


def _days_before(due: datetime, days: int, calendar: Calendar) -> datetime:
    return dates.end_of_day(dates.local_day(due, calendar) - days * dates.DAY, calendar)


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChargebackGiven:
    """The network notified at one instant, and the marketplace heard of it at another."""

    scheme: Scheme
    notified_at: datetime
    received_at: datetime
    paid_at: datetime | None = None
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class ChargebackFound:
    """The deadlines that follow. Pre-arbitration is counted as if it were announced when the notice was received."""

    network_due_at: datetime
    evidence_due_at: datetime
    send_by: datetime
    pre_arbitration_due_at: datetime
    late: bool
    too_late: bool


def judge(rule: ChargebackTerms, given: ChargebackGiven) -> ChargebackFound:
    """Everybody's deadlines."""
    due_at = network_due_at(rule, given.scheme, given.notified_at, given.calendar)
    paid_at = given.paid_at or given.notified_at
    return ChargebackFound(
        network_due_at=due_at,
        evidence_due_at=evidence_due_at(rule, given.received_at, due_at, given.calendar),
        send_by=send_by(rule, due_at, given.calendar),
        pre_arbitration_due_at=pre_arbitration_due_at(rule, given.scheme, given.received_at, given.calendar),
        late=is_late(rule, paid_at, given.notified_at, given.calendar),
        too_late=given.notified_at > arrives_until(rule, paid_at, given.calendar),
    )
