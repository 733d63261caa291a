"""Chargebacks, coverage and signatures as pure rules: what holds whatever the numbers are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain import chargeback_terms, evidence_packs, processors
from domain.chargeback_terms import ChargebackTerms, Window
from domain.dates import UTC_DAYS
from domain.evidence_packs import Item, ItemKind
from domain.exchange_rates import Conversion
from domain.explain import unmet
from domain.ids import OrderId, ProcessorId, TenantId
from domain.memberships import Scheme
from domain.money import Money
from domain.processors import Signed
from domain.protections import Condition, CoverageFacts, CoverageOutcome, ProtectionTerms, judge_coverage
from domain.terms import Days, Hours

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = b"a secret of thirty-two bytes, ok"
RULE = ProtectionTerms("v1", Money(5_000_00, "USD"), Money(20_000_00, "USD"), Days(365), frozenset(), Days(7), Days(10))
TIMES = ChargebackTerms(
    "v1",
    Days(7),
    Days(5),
    Days(1),
    Hours(48),
    Days(180),
    Days(540),
    Hours(24),
    dict.fromkeys(Scheme, Window(Days(30), Days(30))),
)
minor = st.integers(1, 10_000_000)


def facts(amount: int, *, used: int = 0, exposure: int | None = None, currency: str = "USD") -> CoverageFacts:
    left = None if exposure is None else Money(exposure, currency)
    return CoverageFacts(Money(amount, currency), "LOST", True, True, True, Money(used, "USD"), left)


@given(minor, st.integers(0, 3_000_000), st.none() | st.integers(0, 10_000_000))
def test_what_is_covered_never_exceeds_any_limit(amount: int, used: int, exposure: int | None) -> None:
    found = judge_coverage(RULE, facts(amount, used=used, exposure=exposure))
    covered = found.covered.minor
    assert covered <= min(amount, 5_000_00)
    assert used + found.counted.minor <= max(used, 20_000_00)
    assert exposure is None or covered <= exposure
    assert (found.outcome is CoverageOutcome.COVERED) == (covered == amount)
    assert (found.outcome is CoverageOutcome.NOT_COVERED) == (covered == 0) == (not found.tree.holds)


@given(minor, st.integers(0, 2_000_000), st.decimals("0.01", "200", places=4))
def test_limits_in_another_currency_are_converted_once_and_never_exceeded(
    amount: int, used: int, rate: Decimal
) -> None:
    conversion = Conversion("USD", "EUR", NOW.date(), rate)
    found = judge_coverage(RULE, facts(amount, used=used, currency="EUR"), conversion)
    assert found.covered <= Money(amount, "EUR")
    assert found.counted.currency == "USD"
    assert used + found.counted.minor <= max(used, 20_000_00)


def test_a_tree_names_every_reason_and_not_only_the_first() -> None:
    strict = ProtectionTerms("v2", RULE.case_limit, RULE.year_limit, Days(365), frozenset(Condition), Days(7), Days(10))
    lost = CoverageFacts(
        Money(1, "USD"), "ACCEPTED", False, False, False, Money(20_000_00, "USD"), shipped_days=8, address_changed=True
    )
    assert {finding.reason for finding in unmet(judge_coverage(strict, lost).tree.because)} == {
        "protection_active_at_payment",
        "pack_accepted_by_platform",
        "defence_then_lost",
        "address_as_at_payment",
        "goods_moving_in_time",
        "goods_shipped_in_time",
        "protection_limit_left",
    }


@given(st.integers(0, 60), st.sampled_from(Scheme))
def test_a_merchant_is_never_asked_for_the_past_nor_beyond_the_networks_time(days: int, scheme: Scheme) -> None:
    heard = NOW + timedelta(days=days)
    due = chargeback_terms.network_due_at(TIMES, scheme, NOW, UTC_DAYS)
    answer = chargeback_terms.evidence_due_at(TIMES, heard, due, UTC_DAYS)
    mended = chargeback_terms.resubmission_due_at(TIMES, heard, due, UTC_DAYS)
    assert heard <= answer <= max(heard, due - timedelta(days=5))
    assert heard <= mended <= max(heard, due - timedelta(days=1))


def signed(body: bytes, *, key: bytes = KEY, at: datetime = NOW, id: str = "E1") -> Signed:
    stamp = str(int(at.timestamp()))
    return Signed(id, stamp, processors.sign(key, id, stamp, body))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_is_good_for_its_own_body_alone(body: bytes, other: bytes) -> None:
    assert processors.genuine(signed(body), body, [b"another", KEY], NOW)
    assert processors.genuine(signed(body), other, [KEY], NOW) == (body == other)
    assert not processors.genuine(signed(body), body, [], NOW)


def test_a_signature_is_good_for_five_minutes_either_way() -> None:
    for seconds, good in ((-301, False), (-300, True), (0, True), (300, True), (301, False)):
        assert processors.genuine(signed(b"x", at=NOW + timedelta(seconds=seconds)), b"x", [KEY], NOW) == good


def test_secrets_differ_by_tenant_processor_and_generation() -> None:
    tenants = [TenantId.mint(1, 1), TenantId.mint(1, 2)]
    ids = [ProcessorId.mint(1, 1), ProcessorId.mint(1, 2)]
    made = {processors.secret(KEY, tenant, id, n) for tenant in tenants for id in ids for n in (1, 2)}
    assert len(made) == 8


@given(st.permutations(list(ItemKind)))
def test_the_same_facts_give_the_same_manifest_byte_for_byte(kinds: list[ItemKind]) -> None:
    items = [Item(kind, OrderId.mint(1, place), {"b": 1, "a": None}) for place, kind in enumerate(sorted(kinds))]
    shuffled = sorted(items, key=lambda item: kinds.index(item.kind))
    first, second = (evidence_packs.manifest("So.", evidence_packs.listed(each)) for each in (items, shuffled))
    assert first == second
    assert [item.kind for item in evidence_packs.parse(first)] == list(ItemKind)
