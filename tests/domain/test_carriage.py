"""Carriage: caps, notices and limitations by mode and day, and the life of a case against a carrier."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import carriage, carrier_claims
from domain.access import Caller, Role, Scope, ViewerKind
from domain.carriage import CarriageTerms, Consignment, LossKind, Regime
from domain.carrier_claims import CarrierAnswer, CarrierClaim, CarrierClaimAction, CarrierClaimState, Rated
from domain.dates import MICROSECOND, UTC_DAYS
from domain.errors import Invalid, NotFound, Refused
from domain.exchange_rates import Conversion
from domain.ids import (
    ApiKeyId,
    BuyerId,
    CarrierClaimId,
    ClaimId,
    DecisionId,
    OrderId,
    OrganisationId,
    ProviderId,
    RuleVersionId,
    ShipmentId,
    TenantId,
)
from domain.money import Money
from domain.shipments import Shipment, ShipmentMode
from domain.tracking import ShipmentState
from tests import shipped

CAME = datetime(2026, 3, 2, 10, tzinfo=UTC)
TWO_KILOGRAMS = Consignment(weight_grams=2_000)
NOTICE_ENDS = datetime(2026, 3, 16, 23, 59, 59, 999999, tzinfo=UTC)


@cache
def rule(file: str) -> CarriageTerms:
    return shipped.rule(CarriageTerms, f"carriage/{file}", "rul_1")


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def rated(file: str = "air/4.toml", rate: str | None = "1.5") -> Rated:
    conversion = None if rate is None else Conversion("XDR", "USD", date(2026, 3, 2), Decimal(rate))
    return Rated(rule(file), UTC_DAYS, conversion)


SHIPMENT = Shipment(
    id=ShipmentId.parse(f"shp_{'0' * 26}"),
    reference="T-1",
    order_id=OrderId.parse(f"ord_{'0' * 26}"),
    provider_id=ProviderId.parse(f"prv_{'0' * 26}"),
    mode=ShipmentMode.AIR,
    state=ShipmentState.DELIVERED,
    promised_at=CAME - timedelta(days=2),
    eta_at=None,
    picked_up_at=CAME - timedelta(days=5),
    attempted_at=None,
    delivered_at=CAME,
    weight_grams=None,
    freight=None,
    recorded_at=CAME - timedelta(days=6),
    version=1,
)


def opened(
    at: datetime = CAME,
    *,
    goods: Consignment = TWO_KILOGRAMS,
    kind: LossKind = LossKind.DAMAGE,
    loss: int = 100_00,
    file: str = "air/4.toml",
    rate: str | None = "1.5",
) -> CarrierClaim:
    return carrier_claims.open_carrier_claim(
        ClaimId.parse(f"clm_{'0' * 26}"),
        SHIPMENT,
        None,
        BuyerId.parse(f"buy_{'0' * 26}"),
        kind,
        usd(loss),
        goods,
        rated(file, rate),
        regime=Regime.AIR,
        rule_version_id=RuleVersionId.parse(f"rul_{'0' * 26}"),
        id=CarrierClaimId.parse(f"ccl_{'0' * 26}"),
        decision_id=DecisionId.parse(f"dec_{'0' * 26}"),
        at=at,
    ).after


def caller(*roles: Role, viewer: ViewerKind = ViewerKind.STAFF, party: ProviderId | None = None) -> Caller:
    return Caller(
        TenantId.parse(f"ten_{'0' * 26}"),
        ApiKeyId.parse(f"key_{'0' * 26}"),
        OrganisationId.parse(f"org_{'0' * 26}"),
        party,
        frozenset(roles),
        viewer,
        frozenset(Scope),
    )


STAFF = caller(Role.SUPPORT, Role.FINANCE)


def filed(case: CarrierClaim | None = None) -> CarrierClaim:
    case = case or opened()
    told = carrier_claims.notify_carrier(case, None, CAME).after
    return carrier_claims.file_carrier_claim(told, "AWB 1", "d" * 64, rule("air/4.toml"), UTC_DAYS, CAME).after


def answered(
    case: CarrierClaim, answer: CarrierAnswer, amount: Money | None = None, at: datetime = CAME
) -> CarrierClaim:
    return carrier_claims.answer_carrier_claim(case, answer, amount, None, rule("air/4.toml"), UTC_DAYS, at).after


def test_t15_the_air_cap_is_that_of_the_day_of_carriage() -> None:
    goods = Consignment(weight_grams=120_000)
    found = [carriage.cap(rule(file), goods, "USD", None).sdr for file in ("air/3.toml", "air/4.toml")]
    assert found == [Decimal(2_640), Decimal(3_120)]


def test_t16_the_sea_cap_is_the_higher_of_packages_and_weight() -> None:
    found = carriage.cap(rule("sea.toml"), Consignment(weight_grams=500_000, packages=3), "USD", None)
    assert found.sdr == Decimal("2000.01")
    assert found.amount is None
    assert not found.because.holds


@given(st.integers(1, 10**9), st.integers(1, 10_000), st.decimals("0.5", "2", places=6))
def test_a_cap_never_falls_when_goods_are_heavier_or_more(grams: int, packages: int, rate: Decimal) -> None:
    conversion = Conversion("XDR", "USD", date(2026, 3, 2), rate)
    sea = rule("sea.toml")

    def amount(goods: Consignment) -> int:
        found = carriage.cap(sea, goods, "USD", conversion).amount
        assert found is not None
        return found.minor

    less = amount(Consignment(grams, packages))
    assert less <= amount(Consignment(grams + 1_000, packages))
    assert less <= amount(Consignment(grams, packages + 1))
    assert less >= amount(Consignment(grams)) >= 0


def test_what_is_asked_is_the_loss_and_no_more_than_the_cap() -> None:
    assert opened().claimed == usd(78_00)  # 2 kg at 26 SDR, each worth 1.50
    assert opened(loss=50_00).claimed == usd(50_00)
    unknown = opened(goods=Consignment())
    assert (unknown.cap, unknown.claimed) == (None, usd(100_00))


def test_a_case_that_is_opened_too_late_says_so() -> None:
    assert opened(NOTICE_ENDS).state is CarrierClaimState.NOTICE_DUE
    late = opened(NOTICE_ENDS + MICROSECOND)
    assert (late.state, late.due_at, late.ended_at) == (
        CarrierClaimState.TIME_BARRED,
        None,
        NOTICE_ENDS + MICROSECOND,
    )


def test_no_notice_is_needed_of_lost_goods_by_air() -> None:
    lost = opened(kind=LossKind.LOSS)
    assert (lost.state, lost.notice_due_at) == (CarrierClaimState.NOTIFIED, None)
    assert lost.delivered_at == SHIPMENT.promised_at
    assert lost.due_at == lost.limitation_at == datetime(2028, 2, 28, 23, 59, 59, 999999, tzinfo=UTC)


def test_the_clock_rings_at_warnings_and_then_at_the_deadline() -> None:
    case, rung = opened(), []
    at = CAME
    while (alarm := carrier_claims.next_alarm(case, rule("air/4.toml"), at)) is not None:
        rung.append(alarm)
        at = alarm + MICROSECOND
    assert rung == [NOTICE_ENDS - timedelta(days=3), NOTICE_ENDS - timedelta(days=1), NOTICE_ENDS]


def test_notice_is_in_time_at_its_last_microsecond_and_not_after() -> None:
    case = opened()
    carrier_claims.require_move(case, CarrierClaimAction.NOTIFY_CARRIER, STAFF, NOTICE_ENDS)
    with pytest.raises(Refused) as refusal:
        carrier_claims.require_move(case, CarrierClaimAction.NOTIFY_CARRIER, STAFF, NOTICE_ENDS + MICROSECOND)
    assert [finding.reason for finding in refusal.value.unmet] == ["carrier_act_in_time"]


def test_nothing_is_filed_while_the_cap_is_unknown() -> None:
    case = carrier_claims.notify_carrier(opened(rate=None), None, CAME).after
    with pytest.raises(Refused) as refusal:
        carrier_claims.require_move(case, CarrierClaimAction.FILE_CARRIER_CLAIM, STAFF, CAME)
    assert [finding.reason for finding in refusal.value.unmet] == ["carrier_cap_known"]
    amended = carrier_claims.amend_carrier_claim(case, Consignment(weight_grams=1_000), rated()).after
    assert amended.claimed == usd(39_00)
    carrier_claims.require_move(amended, CarrierClaimAction.FILE_CARRIER_CLAIM, STAFF, CAME)


def test_a_refusal_is_appealed_once_by_itself() -> None:
    appealed = answered(filed(), CarrierAnswer.REFUSED)
    assert appealed.state is CarrierClaimState.APPEALED
    assert appealed.due_at == datetime(2026, 4, 1, 23, 59, 59, 999999, tzinfo=UTC)
    refused = answered(appealed, CarrierAnswer.REFUSED)
    assert (refused.state, refused.ended_at) == (CarrierClaimState.REFUSED, CAME)
    assert answered(appealed, CarrierAnswer.PARTLY, usd(10_00)).accepted == usd(10_00)


@pytest.mark.parametrize(
    ("answer", "amount"),
    [
        (CarrierAnswer.PARTLY, None),
        (CarrierAnswer.PARTLY, usd(0)),
        (CarrierAnswer.PARTLY, usd(78_00)),
        (CarrierAnswer.PARTLY, Money(10_00, "EUR")),
        (CarrierAnswer.ACCEPTED, usd(77_99)),
        (CarrierAnswer.REFUSED, usd(1)),
    ],
)
def test_an_answer_that_cannot_be_is_refused(answer: CarrierAnswer, amount: Money | None) -> None:
    with pytest.raises(Invalid):
        answered(filed(), answer, amount)


@given(st.lists(st.integers(1, 80_00), max_size=6))
def test_collected_and_written_off_never_exceed_what_was_accepted(payments: list[int]) -> None:
    case = answered(filed(), CarrierAnswer.ACCEPTED)
    for minor in payments:
        if minor > case.outstanding.minor:
            with pytest.raises(Invalid):
                carrier_claims.collect_carrier_claim(case, usd(minor), CAME)
            continue
        case = carrier_claims.collect_carrier_claim(case, usd(minor), CAME).after
        if case.state is CarrierClaimState.COLLECTED:
            break
    if case.state is not CarrierClaimState.COLLECTED:
        case = carrier_claims.write_off_carrier_claim(case, "insolvent", CAME).after
    assert case.collected + case.written_off == case.accepted
    assert case.outstanding == usd(0)


def test_a_carrier_that_is_a_provider_answers_and_nothing_else() -> None:
    case = filed()
    carrier = caller(Role.PROVIDER, viewer=ViewerKind.PROVIDER, party=SHIPMENT.provider_id)
    available = {move.action for move in carrier_claims.moves(case, carrier, CAME) if move.available}
    assert available == {"ACKNOWLEDGE_CARRIER_CLAIM", "ANSWER_CARRIER_CLAIM"}
    other = replace(case, provider_id=None, carrier_name="Northern Air")
    with pytest.raises(NotFound):
        carrier_claims.require_side(other, carrier)


@given(st.integers(0, 10**9), st.integers(-(10**6), 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_who_bore_it_sums_to_what_was_given(given_: int, charged: int, recovered: int, reimbursed: int) -> None:
    account = carrier_claims.loss_account(usd(given_), usd(charged), usd(recovered), usd(reimbursed))
    recovered_ = (account.recovered_from_carriers, account.reimbursed)
    parts = (account.charged_to_party, *recovered_, account.borne_by_platform)
    assert sum(part.minor for part in parts) == given_


def test_a_loss_is_asked_for_once() -> None:
    account = carrier_claims.loss_account(usd(100_00), usd(0), usd(0), usd(0))
    assert carrier_claims.left_to_ask(account, (), usd(0)) == usd(100_00)
    assert carrier_claims.left_to_ask(account, (), usd(60_00)) == usd(40_00)
    running = opened(loss=30_00)
    assert carrier_claims.left_to_ask(account, (running,), usd(60_00)) == usd(10_00)
    refused = answered(answered(filed(running), CarrierAnswer.REFUSED), CarrierAnswer.REFUSED)
    assert carrier_claims.left_to_ask(account, (refused,), usd(60_00)) == usd(40_00)
    accepted = answered(filed(running), CarrierAnswer.ACCEPTED)
    recovered = carrier_claims.loss_account(
        usd(100_00), usd(0), usd(30_00), usd(0)
    )  # the ledger knows what was accepted
    assert carrier_claims.left_to_ask(recovered, (accepted,), usd(60_00)) == usd(10_00)
