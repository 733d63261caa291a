"""What a party owes, whatever order things happen in: the amounts keep their laws, and a payout nets what is owed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import collection, invoices, ledger, party_statements, payouts, recoveries, rule_kinds, terms
from domain.change import Change
from domain.collection import CollectionTerms
from domain.dates import UTC_DAYS
from domain.errors import Invalid, Refused
from domain.ids import ClaimId, CouponId, InvoiceId, InvoiceLineId, PayoutId, ProviderId, RecoveryId, RuleVersionId
from domain.invoices import InvoiceState
from domain.money import Money
from domain.payouts import RecordPayout
from domain.recoveries import Means, Recovery, RecoveryState
from storage.rulebook import FOLDER
from tests.builders import usd

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
PARTY = ProviderId("prv_" + "0" * 26)


def opened(minor: int = 100_00, number: int = 0) -> Recovery:
    body = f"{number:026d}"
    source = CouponId(f"cpn_{body}")
    claim_id = ClaimId(f"clm_{body}")
    return recoveries.open_recovery(claim_id, source, PARTY, usd(minor), id=RecoveryId(f"rec_{body}"), at=AT).after


def owed(minor: int, number: int = 0, at: datetime = AT) -> Recovery:
    return recoveries.fall_due(opened(max(minor, 1), number), usd(minor), at).after


ACTS: dict[str, Callable[[Recovery, Money, datetime], Change[Recovery]]] = {
    "D": recoveries.fall_due,
    "R": lambda recovery, amount, at: recoveries.reverse(recovery, amount, coupon_lives=True, at=at),
    "X": lambda recovery, amount, at: recoveries.reverse(recovery, amount, coupon_lives=False, at=at),
    "N": recoveries.net,
    "P": recoveries.pay,
    "W": recoveries.draw,
    "U": lambda recovery, _, at: recoveries.release(recovery, at),
    "G": recoveries.give_back,
    "F": lambda recovery, _, at: recoveries.waive(recovery, at),
}
STEPS = st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(1, 60_00)), max_size=25)


@given(steps=STEPS)
def test_whatever_happens_the_amounts_of_a_recovery_keep_their_laws(steps: list[tuple[str, int]]) -> None:
    recovery, at = opened(), AT
    for act, minor in steps:
        at += timedelta(hours=1)
        amount = usd(minor)
        try:
            change = ACTS[act](recovery, amount, at)
        except ValueError:
            continue
        assert change.before is recovery
        recovery = change.after
        parts = [recovery.contingent, recovery.due, recovery.released]
        assert sum(part.minor for part in parts) == 100_00
        assert all(part.minor >= 0 for part in parts)
        collected = recovery.netted + recovery.paid + recovery.drawn + recovery.written_off
        assert recovery.outstanding == recovery.due - collected + recovery.returned
        assert (recovery.fell_due_at is not None) == (recovery.outstanding.minor > 0)
        assert (recovery.ended_at is None) == (recovery.contingent.minor > 0)
        if recovery.outstanding.minor > 0:
            assert recovery.state is RecoveryState.DUE
        elif recovery.contingent.minor:
            assert recovery.state is RecoveryState.CONTINGENT
        else:
            assert recovery.state not in {RecoveryState.DUE, RecoveryState.CONTINGENT, RecoveryState.DISPUTED}


@given(
    debts=st.lists(st.integers(1, 90_00), max_size=5),
    favours=st.lists(st.integers(1, 50_00), max_size=3),
    announced=st.integers(1, 300_00),
    lacking=st.integers(0, 100_00),
)
def test_a_payout_adds_up_and_nets_the_oldest_first(
    debts: list[int], favours: list[int], announced: int, lacking: int
) -> None:
    rows = [owed(minor, number) for number, minor in enumerate(debts)]
    for number, minor in enumerate(favours, start=10):
        paid = recoveries.net(owed(minor, number), usd(minor), AT).after
        rows.append(recoveries.reverse(paid, usd(minor), coupon_lives=False, at=AT).after)
    made = payouts.record_payout(
        RecordPayout(PARTY, usd(announced), "P"),
        rows,
        usd(lacking),
        nets=True,
        id=PayoutId("pay_" + "0" * 26),
        by="somebody",
        at=AT,
    )
    payout = made.payout.after
    available = announced + sum(favours)
    assert payout.returned == usd(sum(favours))
    assert payout.netted == usd(min(available, sum(debts)))
    assert payout.withheld == usd(min(available - payout.netted.minor, lacking))
    assert payout.payable == payout.announced - payout.netted + payout.returned - payout.withheld
    assert payout.payable.minor >= 0
    parts = [part.minor for _, part in made.netted]
    assert (
        parts == [min(debt, max(available - sum(debts[:place]), 0)) for place, debt in enumerate(debts)][: len(parts)]
    )
    without = payouts.record_payout(
        RecordPayout(PARTY, usd(announced), "P"), rows, usd(0), nets=False, id=payout.id, by="x", at=AT
    )
    assert without.netted == ()


def test_an_invoice_asks_for_less_as_its_recoveries_become_less_and_never_for_more() -> None:
    first, second = owed(50_00, 1), owed(30_00, 2)
    id_ = InvoiceId("ivc_" + "0" * 26)
    lines = [InvoiceLineId(f"ivl_{number:026d}") for number in (1, 2)]
    rule_version = RuleVersionId("rul_" + "0" * 26)
    invoice = invoices.issue_invoice([first, second], AT, lines, rule_version_id=rule_version, id=id_, at=AT).after
    assert (invoice.total, invoice.number) == (usd(80_00), "00000-00000")
    asked = recoveries.invoice(first, id_, AT).after
    paid = recoveries.pay(asked, usd(20_00), AT).after
    settled = invoices.settle(invoice, asked, paid, AT)
    assert settled is not None
    assert settled.after.remaining == usd(60_00)
    assert invoices.settle(settled.after, paid, paid, AT) is None
    gone = recoveries.pay(paid, usd(30_00), AT).after
    assert gone.invoice_id is None
    rest = invoices.settle(settled.after, paid, gone, AT)
    assert rest is not None
    assert rest.after.remaining == usd(30_00)
    both = invoices.settle(rest.after, second, replace(second, invoice_id=None), AT)
    assert both is not None
    assert (both.after.state, both.after.remaining) == (InvoiceState.PAID, usd(0))
    with pytest.raises(ValueError, match="PAID"):
        invoices.fall_overdue(both.after, AT)


def test_the_order_of_collection_is_data() -> None:
    rule = shipped()
    assert collection.after(rule, None) == (Means.DEPOSIT, Means.INVOICE, Means.RESTRICTION)
    assert collection.after(rule, Means.INVOICE) == (Means.RESTRICTION,)
    assert collection.after(rule, Means.RESTRICTION) == ()
    invoice_first = replace(rule, order=(Means.INVOICE, Means.DEPOSIT))
    assert collection.after(invoice_first, None) == (Means.INVOICE, Means.DEPOSIT)
    assert collection.after(invoice_first, Means.INVOICE) == (Means.DEPOSIT,)
    assert collection.one_person_may(rule, usd(500_00))
    assert not collection.one_person_may(rule, usd(500_01))
    assert not collection.one_person_may(rule, Money(1, "JPY"))


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (["DEPOSIT", "DEPOSIT"], "comes once"),
        (["INVOICE", "RESTRICTION", "DEPOSIT"], "last means"),
        (["PAYOUT", "RESTRICTION"], "follows an overdue invoice"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(order: list[str], why: str) -> None:
    body = {**terms.plain(shipped()), "order": order}
    with pytest.raises(Invalid) as refusal:
        terms.read(CollectionTerms, body)
    assert why in refusal.value.problems[0].message


def test_a_party_pays_no_more_than_it_owes() -> None:
    wish = invoices.RecordPartyPayment(PARTY, usd(1_01), "W")
    with pytest.raises(Refused) as refusal:
        invoices.record_party_payment(wish, usd(1_00), id=None, by="x", at=AT)  # type: ignore[arg-type]
    assert refusal.value.unmet[0].inputs == {"amountMinor": 101, "owedMinor": 100, "currency": "USD"}
    with pytest.raises(Invalid) as problems:
        payouts.check(usd(0), "\n")
    assert [problem.field for problem in problems.value.problems] == [("amount",), ("reference",)]


def test_a_month_is_spelled_and_has_its_span_where_the_marketplace_is() -> None:
    calendar = UTC_DAYS
    december = party_statements.month_of("2026-12")
    assert party_statements.span_of(december, calendar) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    for wrong in ("2026-13", "2026-1", "26-01", "", "2026-01-01"):
        with pytest.raises(ValueError):  # noqa: PT011 -- the standard library's own words
            party_statements.month_of(wrong)


def test_every_event_of_a_party_has_a_word_on_its_statement() -> None:
    for event, pairs in ledger.POSTINGS.items():
        moves_party = any(account in party_statements.ACCOUNTS for pair in pairs for account in pair)
        assert moves_party == (event in party_statements.KINDS), event


def shipped() -> CollectionTerms:
    draft = rule_kinds.check(FOLDER.joinpath("collection.toml").read_text(encoding="utf-8"))
    assert all(result.passes for result in draft.results)
    return terms.read(CollectionTerms, {**draft.body, "version": "draft"})
