"""A provider's own record: what became of what it carried, counted by day, and the rates that follow (`domain.md` 6.9).

How it works. `outcome` says what one shipment, as it stands, adds to which days; a change of the shipment moves the
counters by the difference of its two outcomes (`difference`). So the counters are the sum of all outcomes at any time,
whatever order reports came in, and can be recomputed from the shipments alone. Rates are sums over the last whole days.

A shipment counts on the day that the question is about, a day of UTC:

    the day it was recorded          whether it was ever seen moving, called off by its provider, or lost
    the day it was to be picked up   whether it was picked up later
    the day that was promised        whether the promise was kept; what has not come is late without anybody's act
    the day of its delivery          that it was delivered

Laws: nothing here depends on the present instant, so no counter has to be touched because time passes; what a shipper
or consignee calls off counts for nobody; what was over before it was recorded (a history) says nothing about tracking,
and nothing at all of days that no window could reach when it was recorded (`LOOKBACK`); a rate below its absolute
minimum of cases is none, so that small providers are not judged on one case (E4).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from domain import dates, terms
from domain.change import Change
from domain.dates import DAY
from domain.explain import Finding, Input
from domain.ids import ProviderId
from domain.money import WHOLE_BP, Money
from domain.rulebook import RuleKind, RuleVersion
from domain.shipments import Shipment, ShipmentMode
from domain.terms import BasisPoints, Count, Days
from domain.tracking import ResponsibleParty, ShipmentState

RULE: Final = "records"
"""The key of the rule about records."""


LOOKBACK: Final = 400 * DAY
"""The furthest that any window looks back. A history of older years would only cost rows that nobody sums."""


class Counter(StrEnum):
    """What is counted; the value is its column. Each belongs to one of the four days above."""

    RECORDED = "recorded"
    """Entrusted to the provider, and not over before that."""
    TRACKED = "tracked"
    """Of those: seen moving at least once, under no number whose check digit is wrong."""
    CANCELLED = "cancelled"
    """Of those: called off. What shipper or consignee call off is not even entrusted."""
    LOST = "lost"
    """Lost."""
    PICKUPS_DUE = "pickups_due"
    """To be picked up on the day."""
    PICKED_UP_LATE = "picked_up_late"
    """Of those: picked up later, or never seen moving."""
    PROMISED = "promised"
    """Promised for the day."""
    KEPT = "kept"
    """Of those: delivered in time."""
    ATTEMPTED = "attempted"
    """Of those: not delivered in time, but offered at the door in time."""
    LATE_1 = "late_1"
    """Of those: delivered one day late."""
    LATE_2 = "late_2"
    """Two days late."""
    LATE_3 = "late_3"
    """Three days late."""
    LATE_7 = "late_7"
    """Four to seven days late."""
    LATE_14 = "late_14"
    """Eight to fourteen days late."""
    LATE_30 = "late_30"
    """Fifteen to thirty days late."""
    LATE_MORE = "late_more"
    """Later than that."""
    LATE_DAYS = "late_days"
    """The days by which those were late, all together."""
    DELIVERED = "delivered"
    """Delivered on the day."""


LATE_BY: Final[tuple[tuple[int, Counter], ...]] = (
    (1, Counter.LATE_1),
    (2, Counter.LATE_2),
    (3, Counter.LATE_3),
    (7, Counter.LATE_7),
    (14, Counter.LATE_14),
    (30, Counter.LATE_30),
)
"""The most days of each counter of late deliveries, rising; what is later counts as `LATE_MORE`."""

OF_RECORDING: Final = frozenset({Counter.RECORDED, Counter.TRACKED, Counter.CANCELLED, Counter.LOST})
"""Counters of the day of recording, which are looked at only once tracking had time to begin."""

ITS_OWNERS: Final = frozenset({ResponsibleParty.SHIPPER, ResponsibleParty.CONSIGNEE})
"""Whoever may call a shipment off without its provider having failed."""

Place = tuple[ProviderId, date, ShipmentMode]
"""Whose counters, of which day, for goods that travel how."""

Counted = Mapping[tuple[Place, Counter], int]
"""By how much which counters move; none of them by nothing."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counters, or sums of them; the fields are the members of `Counter`."""

    recorded: int = 0
    tracked: int = 0
    cancelled: int = 0
    lost: int = 0
    pickups_due: int = 0
    picked_up_late: int = 0
    promised: int = 0
    kept: int = 0
    attempted: int = 0
    late_1: int = 0
    late_2: int = 0
    late_3: int = 0
    late_7: int = 0
    late_14: int = 0
    late_30: int = 0
    late_more: int = 0
    late_days: int = 0
    delivered: int = 0

    @property
    def late(self) -> int:
        """Deliveries after the promise, however late."""
        return self.late_more + sum(int(getattr(self, counter)) for _, counter in LATE_BY)

    @property
    def outstanding(self) -> int:
        """Promised for days that are over, and neither delivered nor offered in time."""
        return self.promised - self.kept - self.attempted - self.late


assert [field.name for field in fields(Counts)] == [counter.value for counter in Counter]


@dataclass(frozen=True, slots=True)
class ProviderDay:
    """The counters of a provider for one day and mode.

    A day has several rows, by `stripe`, so that those who count at the same time do not wait for each other. Only
    their sum means anything: what one stripe counted, another may take back.
    """

    provider_id: ProviderId
    day: date
    mode: ShipmentMode
    stripe: int
    counts: Counts


class Window(StrEnum):
    """How far a record looks back; how many days each is stands in the rule."""

    WEEK = "WEEK"
    """The shortest: what happens just now."""
    MONTH = "MONTH"
    """A month's worth of days."""
    QUARTER = "QUARTER"
    """A quarter's worth of days."""
    YEAR = "YEAR"
    """The longest."""


class Measure(StrEnum):
    """A share of cases that a provider is measured by (`domain.md` 2.11, 6.9)."""

    ON_TIME = "ON_TIME"
    """Promises kept, of those whose day has passed."""
    VALID_TRACKING = "VALID_TRACKING"
    """Shipments seen moving, of those entrusted and not called off."""
    LATE_SHIPMENT = "LATE_SHIPMENT"
    """Shipments picked up later than planned, of those with a plan."""
    CANCELLATION = "CANCELLATION"
    """Shipments that the provider called off, of those entrusted to it."""


AT_LEAST: Final = frozenset({Measure.ON_TIME, Measure.VALID_TRACKING})
"""Measures of which more is better; of the others less is."""

_HUNDREDTH: Final = Decimal("0.01")

PUBLIC: Final = frozenset({Measure.ON_TIME, Measure.VALID_TRACKING})
"""What everybody may see of a provider's record, above the minimum."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked of a measure, which has a rate from `minimum` cases on.

    The target is missed only by a worse rate **and** by more misses than `tolerated`.
    """

    minimum: Count
    target_bp: BasisPoints
    tolerated: Count

    def __post_init__(self) -> None:
        if not self.minimum:
            raise ValueError("a rate needs at least one case")


@dataclass(frozen=True, slots=True)
class LatenessTerms:
    """What lateness costs whoever waits: a share of the goods' value per day, up to a number of days.

    It is told from `minimum` promises on, of that window. What has not come at all counts as late by `days_max`.
    """

    window: Window
    minimum: Count
    daily_bp: BasisPoints
    days_max: Days

    def __post_init__(self) -> None:
        if not self.minimum:
            raise ValueError("a mean needs at least one case")


@dataclass(frozen=True, slots=True)
class RecordTerms:
    """The numbers of one version of the rule about records. `version` is that version's id.

    `tracking_days` is how long a shipment has to be seen moving: younger ones are not looked at yet.
    """

    version: str
    windows: Mapping[Window, Days]
    attempt_counts: bool
    tracking_days: Days
    rates: Mapping[Measure, Target]
    lateness: LatenessTerms

    def __post_init__(self) -> None:
        if self.windows.keys() != set(Window) or not all(self.windows.values()):
            raise ValueError("every window has its days, at least one")
        if (max(self.windows.values()) + self.tracking_days) * DAY > LOOKBACK:
            raise ValueError(f"windows and the days of tracking look back {LOOKBACK.days} days at most")
        if self.rates.keys() != set(Measure):
            raise ValueError("every measure has its target")


@dataclass(frozen=True, slots=True)
class Record:
    """What was counted of a provider on the whole days from `since` up to and without `until`.

    Counters of the day of recording are of as many days, that much earlier that tracking had time to begin.
    """

    provider_id: ProviderId
    window: Window
    mode: ShipmentMode | None
    since: date
    until: date
    counts: Counts
    terms: RecordTerms

    @property
    def on_time(self) -> int:
        """Promises kept; an attempt in time keeps one where the rule says so (P30)."""
        return self.counts.kept + (self.counts.attempted if self.terms.attempt_counts else 0)

    @property
    def promised(self) -> int:
        """Promises whose day has passed."""
        return self.counts.promised

    @property
    def delivered(self) -> int:
        """Deliveries."""
        return self.counts.delivered

    @property
    def late_days(self) -> int:
        """The days by which late deliveries were late, all together."""
        return self.counts.late_days


@dataclass(frozen=True, slots=True)
class Rate:
    """A measure: `count` cases `of` so many. `share_bp` and `meets` are None below the minimum; `because` says why."""

    measure: Measure
    count: int
    of: int
    share_bp: int | None
    target_bp: int
    meets: bool | None
    because: Finding


@dataclass(frozen=True, slots=True)
class LateShare:
    """How many promises were broken by at most so many days (and more than the share before); None: by any more."""

    days: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Lateness:
    """What a provider's lateness is expected to cost whoever waits for goods of some value; None: too few cases."""

    cost: Money | None
    because: Finding


def record_terms(version: RuleVersion) -> RecordTerms:
    """The numbers of a version of the rule about records. Refuses a version of another kind with TypeError.

    What was read is remembered by the version's source: every quote asks for the same.
    """
    if version.kind is not RuleKind.RECORDS:
        raise TypeError(f"{version.key} is not the rule about records")
    return terms.of(RecordTerms, version)


# -- counting ----------------------------------------------------------------------------------------------------------


def outcome(shipment: Shipment) -> tuple[tuple[date, Counter, int], ...]:
    """What the shipment, as it stands, adds to which days of its provider."""
    horizon = shipment.recorded_at - LOOKBACK
    return (
        *_of_recording(shipment),
        *_of_pickup(shipment, horizon),
        *_of_promise(shipment, horizon),
        *_of_delivery(shipment, horizon),
    )


def difference(changes: Iterable[Change[Shipment]]) -> Counted:
    """By how much the changes move which counters. Empty where no outcome changed."""
    moved: defaultdict[tuple[Place, Counter], int] = defaultdict(int)
    for change in changes:
        if change.before is not None and _bearing(change.before) == _bearing(change.after):
            continue
        for shipment, sign in ((change.before, -1), (change.after, 1)):
            if shipment is not None:
                for day, counter, count in outcome(shipment):
                    moved[(shipment.provider_id, day, shipment.mode), counter] += sign * count
    return {key: count for key, count in moved.items() if count}


def _bearing(shipment: Shipment) -> tuple[object, ...]:
    """What the outcome rests on, for a quick look: most reports move a shipment and none of this."""
    return (
        shipment.state if shipment.state in _TELLING else None,
        shipment.responsible if shipment.state is ShipmentState.CANCELLED else None,
        shipment.promised_at,
        shipment.pickup_until_at,
        shipment.picked_up_at,
        shipment.attempted_at,
        shipment.delivered_at,
        shipment.moved_at is None,
        shipment.tracking_valid is False,
        shipment.provider_id,
        shipment.mode,
    )


_TELLING: Final = frozenset({ShipmentState.CANCELLED, ShipmentState.LOST})
"""States that count by themselves; of the others only the instants do."""


def days_late(promised_at: datetime, delivered_at: datetime) -> int:
    """How many days after the promised one; 0 or less in time."""
    return -((promised_at - delivered_at) // DAY)


def _day(at: datetime) -> date:
    """The day of UTC: the days of a provider that carries through many zones are everybody's."""
    return (at if at.tzinfo is UTC else dates.utc(at)).date()


def _of_recording(shipment: Shipment) -> Iterable[tuple[date, Counter, int]]:
    if shipment.delivered_at is not None and shipment.delivered_at < shipment.recorded_at:
        return
    cancelled = shipment.state is ShipmentState.CANCELLED
    if cancelled and shipment.responsible in ITS_OWNERS:
        return
    day = _day(shipment.recorded_at)
    yield day, Counter.RECORDED, 1
    if cancelled:
        yield day, Counter.CANCELLED, 1
    if shipment.state is ShipmentState.LOST:
        yield day, Counter.LOST, 1
    if _seen_moving(shipment) and shipment.tracking_valid is not False and not cancelled:
        yield day, Counter.TRACKED, 1


def _of_pickup(shipment: Shipment, horizon: datetime) -> Iterable[tuple[date, Counter, int]]:
    due_at, picked_up_at = shipment.pickup_until_at, shipment.picked_up_at
    if due_at is None or due_at < horizon or shipment.state is ShipmentState.CANCELLED:
        return
    day = _day(due_at)
    yield day, Counter.PICKUPS_DUE, 1
    if due_at < picked_up_at if picked_up_at is not None else not _seen_moving(shipment):
        yield day, Counter.PICKED_UP_LATE, 1


def _seen_moving(shipment: Shipment) -> bool:
    """Whether any report showed the goods moving."""
    seen = (shipment.picked_up_at, shipment.moved_at, shipment.attempted_at, shipment.delivered_at)
    return any(at is not None for at in seen)


def _of_promise(shipment: Shipment, horizon: datetime) -> Iterable[tuple[date, Counter, int]]:
    promised_at = shipment.promised_at
    if promised_at is None or promised_at < horizon or shipment.state is ShipmentState.CANCELLED:
        return
    day = _day(promised_at)
    yield day, Counter.PROMISED, 1
    if shipment.delivered_at is not None and shipment.delivered_at <= promised_at:
        yield day, Counter.KEPT, 1
    elif shipment.attempted_at is not None and shipment.attempted_at <= promised_at:
        yield day, Counter.ATTEMPTED, 1
    elif shipment.delivered_at is not None:
        late = days_late(promised_at, shipment.delivered_at)
        yield day, next((counter for days, counter in LATE_BY if late <= days), Counter.LATE_MORE), 1
        yield day, Counter.LATE_DAYS, late


def _of_delivery(shipment: Shipment, horizon: datetime) -> Iterable[tuple[date, Counter, int]]:
    if shipment.delivered_at is not None and shipment.delivered_at >= horizon:
        yield _day(shipment.delivered_at), Counter.DELIVERED, 1


# -- reading -----------------------------------------------------------------------------------------------------------


def span(rule: RecordTerms, window: Window, at: datetime) -> tuple[date, date]:
    """The first day of the window at `at`, and the first day behind it: today, which is not over."""
    until = _day(at)
    return until - rule.windows[window] * DAY, until


def recording_span(rule: RecordTerms, window: Window, at: datetime) -> tuple[date, date]:
    """The same days for counters of the day of recording: so much earlier that tracking had time to begin."""
    since, until = span(rule, window, at)
    return since - rule.tracking_days * DAY, until - rule.tracking_days * DAY


def rate(record: Record, measure: Measure) -> Rate:
    """The measure over the record's window, and whether it meets its target."""
    counts, rule = record.counts, record.terms
    count, of = {
        Measure.ON_TIME: (record.on_time, counts.promised),
        Measure.VALID_TRACKING: (counts.tracked, counts.recorded - counts.cancelled),
        Measure.LATE_SHIPMENT: (counts.picked_up_late, counts.pickups_due),
        Measure.CANCELLATION: (counts.cancelled, counts.recorded),
    }[measure]
    target = rule.rates[measure]
    inputs: dict[str, Input] = {"measure": measure.value, "of": of, "minimum": target.minimum}
    enough = Finding("record.minimum", of >= target.minimum, "record_has_enough_cases", inputs, rule.version)
    if not enough.holds:
        return Rate(measure, count, of, None, target.target_bp, None, enough)
    share_bp = round(Fraction(count * WHOLE_BP, of))
    better = share_bp >= target.target_bp if measure in AT_LEAST else share_bp <= target.target_bp
    misses = of - count if measure in AT_LEAST else count
    inputs = {"measure": measure.value, "count": count, "of": of, "shareBp": share_bp, "targetBp": target.target_bp}
    inputs |= {"misses": misses, "tolerated": target.tolerated}
    meets = better or misses <= target.tolerated
    because = Finding("record.target", meets, "record_meets_target", inputs, rule.version, (enough,))
    return Rate(measure, count, of, share_bp, target.target_bp, meets, because)


def lateness(record: Record) -> tuple[LateShare, ...]:
    """The late deliveries by how late they were, least first."""
    counts = record.counts
    known = (LateShare(days, getattr(counts, counter)) for days, counter in LATE_BY)
    return (*known, LateShare(None, counts.late_more))


def mean_days_late(record: Record) -> Decimal | None:
    """By how many days late deliveries were late, on average, to two decimals; None where none was late."""
    if not record.counts.late:
        return None
    return (Decimal(record.counts.late_days) / record.counts.late).quantize(_HUNDREDTH, ROUND_HALF_EVEN)


def expected_lateness_cost(record: Record, value: Money) -> Lateness:
    """What the provider's lateness is expected to cost for goods of that value.

    It is the mean, over its own promises, of the days that each was late, at a share of the value per day, rounded
    half-even once. A class of late deliveries counts with its longest days, what has not come and what is later than
    every class with the rule's most; an attempt in time counts as none.
    """
    counts, rule = record.counts, record.terms.lateness
    inputs: dict[str, Input] = {"of": counts.promised, "minimum": rule.minimum}
    version, cost = record.terms.version, expected_lateness(record, value)
    enough = Finding("record.minimum", cost is not None, "record_has_enough_cases", inputs, version)
    if cost is None:
        return Lateness(None, enough)
    inputs = {"valueMinor": value.minor, "currency": value.currency, "promised": counts.promised}
    inputs |= {"daysLate": _waited(record), "dailyBp": rule.daily_bp, "daysMax": rule.days_max, "costMinor": cost.minor}
    because = Finding("record.lateness", True, "record_lateness_expected", inputs, version, (enough,))
    return Lateness(cost, because)


def expected_lateness(record: Record, value: Money) -> Money | None:
    """What `expected_lateness_cost` comes to, without its explanation; None: too few cases."""
    counts, rule = record.counts, record.terms.lateness
    if counts.promised < rule.minimum:
        return None
    minor = round(Fraction(value.minor * rule.daily_bp * _waited(record), WHOLE_BP * counts.promised))
    return Money(minor, value.currency)


def _waited(record: Record) -> int:
    """The days by which its promises were late, all together, as they are reckoned with."""
    counts, days_max = record.counts, record.terms.lateness.days_max
    waited = sum(min(days, days_max) * getattr(counts, counter) for days, counter in LATE_BY)
    return int(waited + days_max * (counts.late_more + counts.outstanding))


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordGiven:
    """A provider with those counters; `value` is that of goods which it may come to carry."""

    counts: Counts
    value: Money | None = None


@dataclass(frozen=True, slots=True)
class RecordFound:
    """The rates that it has, the targets that it misses, and what its lateness is expected to cost."""

    share_bp: Mapping[Measure, int]
    missed: tuple[Measure, ...]
    lateness: Money | None


def judge(rule: RecordTerms, given: RecordGiven) -> RecordFound:
    """What the rule makes of its case."""
    since, until = span(rule, rule.lateness.window, _EPOCH)
    record = Record(ProviderId(), rule.lateness.window, None, since, until, given.counts, rule)
    rates = [rate(record, measure) for measure in Measure]
    return RecordFound(
        share_bp={each.measure: each.share_bp for each in rates if each.share_bp is not None},
        missed=tuple(each.measure for each in rates if each.meets is False),
        lateness=None if given.value is None else expected_lateness_cost(record, given.value).cost,
    )


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Cases are counters and have no days: any instant will do."""
