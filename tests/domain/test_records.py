"""Records: the counters are the sum of what became of every shipment, whatever the order in which it was heard."""

from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import records, shipments, tracking
from domain.change import Change, Happening
from domain.errors import Invalid
from domain.ids import OrderId, ProviderId, ShipmentId, TrackingEventId
from domain.money import Money
from domain.records import Counter, Counts, LateShare, Measure, Record, RecordTerms, Window
from domain.rule_kinds import check
from domain.shipments import Shipment, ShipmentMode
from domain.tracking import ResponsibleParty, ShipmentState, TrackingEvent, TrackingReason, TrackingStatus
from tests import shipped

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROMISED = datetime(2026, 3, 5, 23, 59, 59, 999999, tzinfo=UTC)
PROVIDER = ProviderId.mint(1, 1)
OTHER = ProviderId.mint(2, 2)
RECORDED, DUE = date(2026, 3, 1), date(2026, 3, 5)

SHIPMENT = Shipment(
    id=ShipmentId.mint(1, 1),
    reference="T-1",
    order_id=OrderId.mint(1, 1),
    provider_id=PROVIDER,
    mode=ShipmentMode.AIR,
    state=ShipmentState.BOOKED,
    promised_at=None,
    eta_at=None,
    picked_up_at=None,
    attempted_at=None,
    delivered_at=None,
    weight_grams=None,
    freight=None,
    recorded_at=NOON,
    version=1,
)


def terms() -> RecordTerms:
    return shipped.rule(RecordTerms, "records.toml", "rul_x")


def outcome(**members: object) -> dict[tuple[date, Counter], int]:
    return {(day, counter): count for day, counter, count in records.outcome(replace(SHIPMENT, **members))}  # type: ignore[arg-type]


def record(**counts: int) -> Record:
    return Record(PROVIDER, Window.QUARTER, None, RECORDED, DUE, Counts(**counts), terms())


# -- what one shipment counts for --------------------------------------------------------------------------------------


def test_a_shipment_that_nobody_saw_moving_is_entrusted_and_no_more() -> None:
    assert outcome() == {(RECORDED, Counter.RECORDED): 1}
    assert outcome(state=ShipmentState.LOST) == {(RECORDED, Counter.RECORDED): 1, (RECORDED, Counter.LOST): 1}


def test_tracking_is_valid_once_it_moved_under_no_wrong_number() -> None:
    moved = {"moved_at": NOON, "state": ShipmentState.IN_TRANSIT}
    assert outcome(**moved)[RECORDED, Counter.TRACKED] == 1
    assert outcome(**moved, tracking_valid=True)[RECORDED, Counter.TRACKED] == 1
    assert (RECORDED, Counter.TRACKED) not in outcome(**moved, tracking_valid=False)


def test_what_its_owner_calls_off_counts_for_nobody() -> None:
    cancelled = {"state": ShipmentState.CANCELLED, "promised_at": PROMISED, "pickup_until_at": NOON}
    assert outcome(**cancelled) == {(RECORDED, Counter.RECORDED): 1, (RECORDED, Counter.CANCELLED): 1}
    for owner in (ResponsibleParty.SHIPPER, ResponsibleParty.CONSIGNEE):
        assert outcome(**cancelled, responsible=owner) == {}
    assert outcome(**cancelled, responsible=ResponsibleParty.CARRIER)[RECORDED, Counter.CANCELLED] == 1


def test_a_history_says_nothing_of_tracking() -> None:
    told = outcome(delivered_at=NOON - timedelta(days=9), moved_at=NOON - timedelta(days=9))
    assert told == {(date(2026, 2, 20), Counter.DELIVERED): 1}


def test_of_days_that_no_window_reaches_nothing_is_counted() -> None:
    old = NOON - records.LOOKBACK
    reached = {"promised_at": old, "delivered_at": old, "pickup_until_at": old}
    assert {counter for _, counter in outcome(**reached)} == {
        Counter.PROMISED, Counter.KEPT, Counter.DELIVERED, Counter.PICKUPS_DUE,
    }  # fmt: skip
    older = old - timedelta(microseconds=1)
    assert outcome(promised_at=older, delivered_at=older, pickup_until_at=older) == {}


@pytest.mark.parametrize(
    ("delivered", "counter", "late"),
    [
        (PROMISED, Counter.KEPT, 0),
        (PROMISED + timedelta(microseconds=1), Counter.LATE_1, 1),
        (PROMISED + timedelta(days=1), Counter.LATE_1, 1),
        (PROMISED + timedelta(days=1, microseconds=1), Counter.LATE_2, 2),
        (PROMISED + timedelta(days=3), Counter.LATE_3, 3),
        (PROMISED + timedelta(days=4), Counter.LATE_7, 4),
        (PROMISED + timedelta(days=7), Counter.LATE_7, 7),
        (PROMISED + timedelta(days=8), Counter.LATE_14, 8),
        (PROMISED + timedelta(days=30), Counter.LATE_30, 30),
        (PROMISED + timedelta(days=31), Counter.LATE_MORE, 31),
    ],
)
def test_lateness_counts_on_the_promised_day(delivered: datetime, counter: Counter, late: int) -> None:
    found = outcome(promised_at=PROMISED, delivered_at=delivered, state=ShipmentState.DELIVERED)
    of_the_day = {name: count for (day, name), count in found.items() if day == DUE and name is not Counter.DELIVERED}
    assert of_the_day == {Counter.PROMISED: 1, counter: 1} | ({Counter.LATE_DAYS: late} if late else {})
    assert found[delivered.date(), Counter.DELIVERED] == 1


def test_an_attempt_in_time_is_counted_as_one() -> None:
    late = {"promised_at": PROMISED, "delivered_at": PROMISED + timedelta(days=2)}
    assert outcome(**late, attempted_at=PROMISED)[DUE, Counter.ATTEMPTED] == 1
    assert (DUE, Counter.LATE_2) not in outcome(**late, attempted_at=PROMISED)
    assert outcome(**late, attempted_at=PROMISED + timedelta(hours=1))[DUE, Counter.LATE_2] == 1
    assert outcome(promised_at=PROMISED)[DUE, Counter.PROMISED] == 1


def test_a_pickup_is_late_after_the_end_of_its_window() -> None:
    day = (NOON + timedelta(days=1)).date()
    until = NOON + timedelta(days=1)
    assert outcome(pickup_until_at=until)[day, Counter.PICKED_UP_LATE] == 1
    assert (day, Counter.PICKED_UP_LATE) not in outcome(pickup_until_at=until, picked_up_at=until)
    assert outcome(pickup_until_at=until, picked_up_at=until + timedelta(microseconds=1))[day, Counter.PICKED_UP_LATE]
    moving = outcome(pickup_until_at=until, moved_at=until + timedelta(days=9))  # nobody said when it was picked up
    assert (moving[day, Counter.PICKUPS_DUE], (day, Counter.PICKED_UP_LATE) in moving) == (1, False)


# -- incremental counting equals recomputing ---------------------------------------------------------------------------

instants = st.integers(-60, 60).map(lambda hours: NOON + timedelta(hours=6 * hours)) | st.integers(-500, -300).map(
    lambda days: NOON + timedelta(days=days)
)
standings = st.fixed_dictionaries(
    {
        "state": st.sampled_from(ShipmentState),
        "promised_at": st.none() | instants,
        "picked_up_at": st.none() | instants,
        "attempted_at": st.none() | instants,
        "delivered_at": st.none() | instants,
        "moved_at": st.none() | instants,
        "pickup_until_at": st.none() | instants,
        "tracking_valid": st.none() | st.booleans(),
        "responsible": st.none() | st.sampled_from(ResponsibleParty),
    }
)


def change(before: Shipment | None, after: Shipment) -> Change[Shipment]:
    return Change(before, after, (Happening("shipment.tracked"),))


def added(*counted: records.Counted) -> dict[tuple[records.Place, Counter], int]:
    total: Tally[tuple[records.Place, Counter]] = Tally()
    for each in counted:
        for key, count in each.items():
            total[key] += count
    return {key: count for key, count in total.items() if count}


def recomputed(standing: Iterable[Shipment]) -> dict[tuple[records.Place, Counter], int]:
    return added(records.difference([change(None, replace(shipment, version=1)) for shipment in standing]))


@given(st.lists(st.tuples(st.integers(0, 3), standings), max_size=30))
def test_whatever_changes_the_counters_are_the_sum_of_what_stands(steps: list[tuple[int, dict[str, object]]]) -> None:
    standing: dict[int, Shipment] = {}
    counted = []
    for number, members in steps:
        before = standing.get(number)
        if before is None:
            provider, mode = (PROVIDER, OTHER)[number % 2], (ShipmentMode.AIR, ShipmentMode.RAIL)[number // 2]
            after = replace(SHIPMENT, provider_id=provider, mode=mode, **members)  # type: ignore[arg-type]
        else:
            after = replace(before, version=before.version + 1, **members)  # type: ignore[arg-type]
        standing[number] = after
        counted.append(records.difference([change(before, after)]))
    assert added(*counted) == recomputed(standing.values())
    assert all(count > 0 for count in added(*counted).values())


def report(status: TrackingStatus, hours: int, reason: TrackingReason | None, number: int) -> TrackingEvent:
    at = NOON + timedelta(hours=hours)
    id = TrackingEventId.mint(1, number)
    return TrackingEvent(id, SHIPMENT.id, str(number), status, reason, None, None, None, at, at)


@given(
    st.lists(
        st.tuples(st.sampled_from(TrackingStatus), st.integers(0, 240), st.none() | st.sampled_from(TrackingReason)),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_late_and_disordered_reports_move_the_counters_of_the_right_day(
    told: list[tuple[TrackingStatus, int, TrackingReason | None]], random: object
) -> None:
    reports = [report(*each, number) for number, each in enumerate(told)]
    heard = list(reports)
    random.shuffle(heard)  # type: ignore[attr-defined]
    booked = replace(SHIPMENT, promised_at=PROMISED)
    standing, counted, known = booked, [records.difference([change(None, booked)])], []
    for each in heard:
        known.append(each)
        moved = shipments.take_progress(standing, tracking.progress(known))
        if moved is not None:
            counted.append(records.difference([moved]))
            standing = moved.after
    in_order = shipments.take_progress(booked, tracking.progress(reports))
    final = booked if in_order is None else in_order.after
    assert added(*counted) == recomputed([final])


def test_what_changes_no_outcome_counts_nothing() -> None:
    assert records.difference([change(SHIPMENT, replace(SHIPMENT, eta_at=NOON, version=2))]) == {}


# -- rates -------------------------------------------------------------------------------------------------------------


def test_counters_have_their_fields() -> None:
    assert [field.name for field in fields(Counts)] == list(Counter)


def test_below_the_minimum_there_is_no_rate_and_a_reason() -> None:
    rate = records.rate(record(promised=19, kept=1), Measure.ON_TIME)
    assert (rate.share_bp, rate.meets, rate.count, rate.of) == (None, None, 1, 19)
    assert (rate.because.reason, rate.because.holds) == ("record_has_enough_cases", False)


def test_a_target_is_missed_by_rate_and_number() -> None:
    few = records.rate(record(promised=20, kept=16), Measure.ON_TIME)
    assert (few.share_bp, few.meets) == (8_000, True)
    many = records.rate(record(promised=40, kept=35), Measure.ON_TIME)
    assert (many.share_bp, many.meets) == (8_750, False)
    good = records.rate(record(promised=1_000, kept=900, attempted=1), Measure.ON_TIME)
    assert (good.share_bp, good.meets) == (9_010, True)


def test_rates_of_misses_are_better_when_smaller() -> None:
    assert records.rate(record(recorded=1_000, cancelled=25), Measure.CANCELLATION).meets
    assert not records.rate(record(recorded=1_000, cancelled=26), Measure.CANCELLATION).meets
    assert records.rate(record(pickups_due=100, picked_up_late=4), Measure.LATE_SHIPMENT).meets
    assert not records.rate(record(pickups_due=100, picked_up_late=5), Measure.LATE_SHIPMENT).meets


def test_expected_lateness_is_told_by_hand_too() -> None:
    # (1 + 1 + 3 + 14 + 30) days late and one outstanding at 30, of 40 promises; 1 % of 5,000.00 for each day
    counts = {"promised": 40, "kept": 34, "late_1": 2, "late_3": 1, "late_14": 1, "late_more": 1, "late_days": 59}
    found = records.expected_lateness_cost(record(**counts), Money(5_000_00, "USD"))
    assert found.cost == Money(round(5_000_00 * Decimal(2 + 3 + 14 + 30 + 30) / 100 / 40), "USD")
    assert found.because.inputs["daysLate"] == 79
    assert found.because.because[0].reason == "record_has_enough_cases"


def test_too_few_promises_tell_no_lateness() -> None:
    found = records.expected_lateness_cost(record(promised=19), Money(5_000_00, "USD"))
    assert (found.cost, found.because.holds) == (None, False)


def test_a_mean_has_two_decimals_and_needs_a_case() -> None:
    assert records.mean_days_late(record(promised=30)) is None
    assert records.mean_days_late(record(promised=30, late_1=2, late_2=1, late_days=4)) == Decimal("1.33")
    shares = records.lateness(record(promised=30, late_7=2, late_more=1))
    assert [share for share in shares if share.count] == [LateShare(7, 2), LateShare(None, 1)]


def test_a_window_ends_with_yesterday() -> None:
    assert records.span(terms(), Window.WEEK, NOON) == (date(2026, 2, 22), date(2026, 3, 1))
    assert records.recording_span(terms(), Window.WEEK, NOON) == (date(2026, 2, 15), date(2026, 2, 22))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("YEAR = 365\n", ""),
        ("YEAR = 365\n", "YEAR = 394\n"),
        ("WEEK = 7\n", "WEEK = 0\n"),
        ("ON_TIME = { minimum = 20", "ON_TIME = { minimum = 0"),
        ("CANCELLATION = { minimum = 20, target_bp = 250, tolerated = 4 }\n", ""),
        ('window = "QUARTER"\nminimum = 20', 'window = "QUARTER"\nminimum = 0'),
    ],
)
def test_a_rule_without_a_window_or_a_minimum_is_refused(old: str, new: str) -> None:
    text = shipped.draft("records.toml").source
    assert old in text
    with pytest.raises(Invalid):
        check(text.replace(old, new))
