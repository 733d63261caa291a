"""What second looks rest on: who bears what is added, and which measures do not come back."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import dates, measures
from domain.claims import supplements
from domain.ids import DecisionId, MeasureId, RuleVersionId, SupplierId
from domain.liability import Bearer, Shares
from domain.measures import AccountMeasure, MeasureBasis, MeasureKind, Step

AT = datetime(2026, 3, 2, tzinfo=UTC)
WINDOW = timedelta(days=90)


def demotion() -> AccountMeasure:
    return measures.announce_measure(
        Step(MeasureKind.DEMOTION, MeasureBasis.SCORECARD, 2),
        SupplierId("sup_1"),
        None,
        id=MeasureId("msr_1"),
        decision_id=DecisionId("dec_1"),
        rule_version_id=RuleVersionId("rul_1"),
        appeal_days=30,
        automated=True,
        calendar=dates.UTC_DAYS,
        at=AT,
    ).after


def test_what_an_appeal_lifted_does_not_come_back_while_its_days_still_count() -> None:
    taken = measures.take_measure(demotion()).after
    lifted = measures.call_off(taken, "The appeal says so.", AT).after
    over = measures.end_measure(taken, AT, "The scorecard meets the standard again.").after
    scorecard = MeasureBasis.SCORECARD
    assert measures.excused([lifted], scorecard, WINDOW, AT + WINDOW - timedelta(microseconds=1))
    assert not measures.excused([lifted], scorecard, WINDOW, AT + WINDOW)
    assert not measures.excused([over], scorecard, WINDOW, AT), "one that ended by itself may come again"
    assert not measures.excused([lifted], MeasureBasis.POINTS, WINDOW, AT)


def test_a_deferred_measure_lasts_as_long_as_it_would_have() -> None:
    later = AT + timedelta(days=5)
    deferred = measures.defer(demotion(), later).after
    assert (deferred.effective_at, deferred.until) == (later, None)
    with pytest.raises(ValueError, match="IN_FORCE"):
        measures.defer(measures.take_measure(demotion()).after, later)


@pytest.mark.parametrize("freed", [True, False])
def test_the_marketplace_bears_what_is_added_in_place_of_a_party_that_was_freed(freed: bool) -> None:
    shares = Shares.of({Bearer.SUPPLIER: 6_000, Bearer.CARRIER: 3_000, Bearer.PLATFORM: 1_000})
    borne = supplements.borne_by(shares, (Bearer.SUPPLIER,) if freed else ())
    kept = {Bearer.SUPPLIER: 6_000, Bearer.CARRIER: 3_000, Bearer.PLATFORM: 1_000}
    assert {part.bearer: part.basis_points for part in borne} == (
        {Bearer.CARRIER: 3_000, Bearer.PLATFORM: 7_000} if freed else kept
    )
