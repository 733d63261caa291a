"""What parties owe, through its operations: netted, drawn, invoiced, paid, disputed, given up, and given back."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import collection, deposits, orders, recoveries, rules
from api.settings import Settings
from api.verbs import books
from domain.access import Role
from domain.coupons import Coupon
from domain.dates import rfc3339
from domain.deposits import RecordDeposit
from domain.errors import Conflict, Forbidden, NotFound, Refused
from domain.ids import InvoiceId, OrderId, PayoutId, RecoveryId
from domain.invoices import Invoice, InvoiceState, RecordPartyPayment
from domain.ledger import AccountName
from domain.orders import CancelOrder
from domain.payouts import ConfirmPayout, Payout, RecordPayout
from domain.recoveries import (
    ConfirmWriteOff,
    DisputeRecovery,
    Recovery,
    RecoveryState,
    ResolveRecovery,
    WriteOffRecovery,
)
from domain.rulebook import PublishRule
from storage import books as book_rows
from storage import capabilities as restriction_rows
from storage import invoices as invoice_rows
from storage import payouts as payout_rows
from storage import recoveries as recovery_rows
from storage import rulebook
from storage.idempotency import Key, fingerprint
from storage.unit_of_work import Outcome, Work
from tests.api.test_claims import DAY_AFTER, Story, story
from tests.api.test_deposits import balance
from tests.builders import usd
from tests.marketplaces import Asking

__all__ = ["story"]

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
WAIT_OVER = datetime(2026, 3, 8, 5, tzinfo=UTC)
"""Two weeks after the end of the day after the promise, in New York."""
INVOICE_OVER = datetime(2026, 3, 23, 4, tzinfo=UTC)
"""Two more weeks; summer time began in between."""


async def owing(story: Story, minor: int = 80_00) -> Coupon:
    """The provider owes that much of one more coupon of 100.00 for goods that came late."""
    order_id = await story.late_order()
    if await story.market.now() < DAY_AFTER:
        await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    await story.accept(claim)
    coupon = await story.coupon(claim)
    await story.redeem(coupon, await story.later_order(), usd(minor))
    return coupon


async def pay_out(story: Story, minor: int, reference: str = "P1") -> Payout:
    wish = RecordPayout(story.provider_id, usd(minor), reference)
    done = await story.market.act(story.market.caller(Role.SERVICE), collection.record_payout, wish)
    return await payout(story, PayoutId(str(done.things["payout"])))


async def payout(story: Story, id: PayoutId) -> Payout:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        return await payout_rows.PAYOUTS.get(connection, story.market.tenant_id, id)


async def paid_in(story: Story, minor: int, reference: str = "W1", invoice_id: InvoiceId | None = None) -> None:
    wish = RecordPartyPayment(story.provider_id, usd(minor), reference, invoice_id)
    await story.market.act(story.market.staff, collection.record_party_payment, wish)


async def invoices(story: Story) -> list[Invoice]:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        return await invoice_rows.INVOICES.select(connection, story.market.tenant_id, "true ORDER BY t.id")


async def restrictions(story: Story) -> list[str]:
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        found = await restriction_rows.live_by_provider(connection, story.market.tenant_id, story.provider_id)
    return [each.limit.cause.value for each in found]


def amounts(recovery: Recovery) -> dict[str, int]:
    """Whatever of it is not zero, in cents."""
    names = ("contingent", "due", "outstanding", "netted", "paid", "drawn", "written_off", "returned", "released")
    found = {name: getattr(recovery, name).minor for name in names}
    return {name: minor for name, minor in found.items() if minor}


async def sound(story: Story) -> None:
    """Nothing breaks a law of the books."""
    assert await story.faults() == []


# -- payouts -----------------------------------------------------------------------------------------------------------


async def test_a_payout_keeps_back_what_is_owed_the_oldest_first(story: Story) -> None:
    first, second = await owing(story, 80_00), await owing(story, 50_00)
    made = await pay_out(story, 100_00)
    assert (made.netted, made.payable, made.state) == (usd(100_00), usd(0), "PAID")
    assert amounts(await story.recovery(first)) == {"contingent": 20_00, "due": 80_00, "netted": 80_00}
    assert (await story.recovery(first)).state is RecoveryState.CONTINGENT
    later = await story.recovery(second)
    assert (later.state, later.outstanding, later.netted) == (RecoveryState.DUE, usd(30_00), usd(20_00))
    last = await pay_out(story, 100_00, "P2")
    assert (last.netted, last.payable, last.state) == (usd(30_00), usd(70_00), "ANNOUNCED")
    assert await balance(story.market, AccountName.PARTY_RECEIVABLE, story.provider_id) == 0
    assert await balance(story.market, AccountName.PARTY_PAYABLE, story.provider_id) == -70_00
    confirm = ConfirmPayout(last.id, "B1")
    await story.market.act(story.market.staff, collection.confirm_payout, confirm)
    assert await balance(story.market, AccountName.PARTY_PAYABLE, story.provider_id) == 0
    with pytest.raises(Refused) as refused:
        await story.market.act(story.market.staff, collection.confirm_payout, confirm)
    assert [finding.reason for finding in refused.value.unmet] == ["payout_not_paid"]
    await sound(story)


async def test_payouts_at_once_keep_back_a_debt_exactly_once(story: Story) -> None:
    coupon = await owing(story, 100_00)
    made = await asyncio.gather(*(pay_out(story, 40_00, f"P{number}") for number in range(6)))
    assert sum(each.netted.minor for each in made) == 100_00
    assert sum(each.payable.minor for each in made) == 140_00
    recovery = await story.recovery(coupon)
    assert (recovery.state, recovery.netted) == (RecoveryState.NETTED, usd(100_00))
    await sound(story)


async def test_a_payout_is_announced_once(story: Story) -> None:
    await owing(story)
    wish = RecordPayout(story.provider_id, usd(10_00), "P1")
    key, shop = Key("k", fingerprint({"a": 1})), story.market.caller(Role.SERVICE)
    first, again = [await story.market.act(shop, collection.record_payout, wish, key=key) for _ in range(2)]
    assert first.things == again.things
    with pytest.raises(Conflict):
        await pay_out(story, 10_00)
    assert await balance(story.market, AccountName.PARTY_RECEIVABLE, story.provider_id) == 70_00


async def test_what_was_collected_and_is_not_owed_any_more_goes_back_with_the_next_payout(story: Story) -> None:
    order_id = await story.later_order()
    coupon = await owing(story, 30_00)
    await story.redeem(coupon, order_id, usd(50_00))
    await pay_out(story, 200_00)
    await story.market.act(story.market.staff, orders.cancel_order, CancelOrder(OrderId(order_id)))
    recovery = await story.recovery(coupon)
    assert amounts(recovery) == {"contingent": 70_00, "due": 30_00, "netted": 80_00, "outstanding": -50_00}
    assert recovery.state is RecoveryState.CONTINGENT
    assert await balance(story.market, AccountName.PARTY_RECEIVABLE, story.provider_id) == -50_00
    await sound(story)
    made = await pay_out(story, 1_00, "P2")
    assert (made.returned, made.payable) == (usd(50_00), usd(51_00))
    assert amounts(await story.recovery(coupon)) == {
        "contingent": 70_00,
        "due": 30_00,
        "netted": 80_00,
        "returned": 50_00,
    }
    assert await balance(story.market, AccountName.PARTY_RECEIVABLE, story.provider_id) == 0
    assert (await pay_out(story, 1_00, "P3")).returned == usd(0)
    await sound(story)


# -- deposit, invoice, restriction -------------------------------------------------------------------------------------


async def test_after_the_wait_the_deposit_is_drawn_and_the_rest_invoiced_then_the_party_is_restricted_until_it_pays(
    story: Story, settings: Settings
) -> None:
    wish = RecordDeposit(story.provider_id, usd(30_00), "D1")
    await story.market.act(story.market.staff, deposits.record_deposit, wish)
    first, second = await owing(story, 80_00), await owing(story, 50_00)
    await story.market.move(WAIT_OVER - MICROSECOND)
    assert amounts(await story.recovery(first))["outstanding"] == 80_00
    await story.market.move(WAIT_OVER)
    assert amounts(await story.recovery(first)) == {
        "contingent": 20_00,
        "due": 80_00,
        "drawn": 30_00,
        "outstanding": 50_00,
    }
    (invoice,) = await invoices(story)
    assert (invoice.total, invoice.remaining, invoice.due_at) == (usd(100_00), usd(100_00), INVOICE_OVER - MICROSECOND)
    assert [(line.coupon_id, line.amount) for line in invoice.lines] == [
        (first.id, usd(50_00)),
        (second.id, usd(50_00)),
    ]
    await sound(story)

    await story.market.move(INVOICE_OVER)
    (invoice,) = await invoices(story)
    assert invoice.state is InvoiceState.OVERDUE
    assert await restrictions(story) == ["DEBT"]
    await pay_out(story, 20_00)
    assert (await invoices(story))[0].remaining == usd(80_00)
    with pytest.raises(Refused) as refused:
        await paid_in(story, 80_01, "W1", invoice.id)
    assert refused.value.unmet[0].inputs["owedMinor"] == 80_00
    await paid_in(story, 79_99, "W1", invoice.id)
    assert await restrictions(story) == ["DEBT"]
    await paid_in(story, 1, "W2", invoice.id)
    assert (await invoices(story))[0].state is InvoiceState.PAID
    assert await restrictions(story) == []
    states = [(await story.recovery(coupon)).state for coupon in (first, second)]
    assert states == [RecoveryState.CONTINGENT, RecoveryState.CONTINGENT]
    await story.market.move(first.expires_at + DAY)
    states = [(await story.recovery(coupon)).state for coupon in (first, second)]
    assert states == [RecoveryState.DEPOSIT_DRAWN, RecoveryState.PAID]
    assert await books.faults(settings.database_worker_url) == {"Harbour Market": []}


async def test_what_falls_due_after_the_invoice_waits_on_its_own(story: Story) -> None:
    coupon = await owing(story, 60_00)
    await story.market.move(WAIT_OVER)
    await story.redeem(coupon, await story.later_order(), usd(40_00))
    (invoice,) = await invoices(story)
    assert invoice.remaining == usd(60_00)
    await paid_in(story, 60_00, "W1", invoice.id)
    (invoice,) = await invoices(story)
    assert invoice.state is InvoiceState.PAID
    recovery = await story.recovery(coupon)
    assert (recovery.outstanding, recovery.invoice_id) == (usd(40_00), None)
    await story.market.move(WAIT_OVER + 16 * DAY)
    assert [each.total for each in await invoices(story)] == [usd(60_00), usd(40_00)]
    await sound(story)


async def test_an_invoice_is_of_its_party(story: Story) -> None:
    await owing(story, 60_00)
    await story.market.move(WAIT_OVER)
    (invoice,) = await invoices(story)
    other = RecordPartyPayment(await story.market.register_provider(), usd(1), "W1", invoice.id)
    with pytest.raises(Exception, match="no invoice of this party"):
        await story.market.act(story.market.staff, collection.record_party_payment, other)
    with pytest.raises(Refused):
        await paid_in(story, 60_01)


# -- disputes and write-offs -------------------------------------------------------------------------------------------


async def disputed(story: Story, minor: int = 80_00) -> tuple[Coupon, RecoveryId]:
    coupon = await owing(story, minor)
    id_ = (await story.recovery(coupon)).id
    party = story.market.provider(story.provider_id)
    await story.market.act(party, recoveries.dispute_recovery, DisputeRecovery(id_, "It was on time."))
    return coupon, id_


@pytest.mark.parametrize("owed", [True, False])
async def test_a_dispute_stops_collecting_until_it_is_resolved(story: Story, owed: bool) -> None:
    coupon, id_ = await disputed(story)
    assert (await pay_out(story, 10_00)).netted == usd(0)
    await story.market.move(WAIT_OVER + DAY)
    assert await invoices(story) == []
    assert (await story.recovery(coupon)).state is RecoveryState.DISPUTED
    resolve = ResolveRecovery(id_, owed, "The scan says so.")
    await story.market.act(story.market.caller(Role.ADJUDICATOR), recoveries.resolve_recovery, resolve)
    await sound(story)
    recovery = await story.recovery(coupon)
    if owed:
        assert recovery.state is RecoveryState.DUE
        await story.market.move(WAIT_OVER + 17 * DAY)
        assert [invoice.total for invoice in await invoices(story)] == [usd(80_00)]
    else:
        assert amounts(recovery) == {"contingent": 20_00, "released": 80_00}
        assert "EXPENSE_RECOVERY" not in await story.books()
        assert (await pay_out(story, 10_00, "P2")).netted == usd(0)


async def test_a_disputed_invoice_asks_for_no_more_of_it(story: Story) -> None:
    coupon = await owing(story, 80_00)
    await story.market.move(INVOICE_OVER)
    assert await restrictions(story) == ["DEBT"]
    id_ = (await story.recovery(coupon)).id
    party = story.market.provider(story.provider_id)
    await story.market.act(party, recoveries.dispute_recovery, DisputeRecovery(id_, "Never."))
    assert [each.state for each in await invoices(story)] == [InvoiceState.PAID]
    assert await restrictions(story) == []
    await sound(story)


async def test_who_disputes_and_who_resolves(story: Story) -> None:
    _, id_ = await disputed(story)
    party = story.market.provider(story.provider_id)
    with pytest.raises(Refused) as refused:
        await story.market.act(party, recoveries.dispute_recovery, DisputeRecovery(id_, "Again."))
    assert [finding.reason for finding in refused.value.unmet] == ["recovery_undisputed"]
    with pytest.raises(Forbidden):
        await story.market.act(party, recoveries.resolve_recovery, ResolveRecovery(id_, False, "Me."))
    other = story.market.provider(await story.market.register_provider())
    with pytest.raises(NotFound):
        await story.market.act(other, recoveries.dispute_recovery, DisputeRecovery(id_, "Not mine."))


async def test_one_person_gives_up_a_little_and_two_give_up_much(story: Story) -> None:
    little = (await story.recovery(await owing(story, 80_00))).id
    finance = story.market.staff
    await story.market.act(finance, recoveries.write_off_recovery, WriteOffRecovery(little, "bankrupt"))
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        recovery = await recovery_rows.get(connection, story.market.tenant_id, little)
    assert amounts(recovery) == {"contingent": 20_00, "due": 80_00, "written_off": 80_00}
    assert (await story.books())["BAD_DEBT"] == 80_00
    await sound(story)


async def test_a_second_person_confirms_and_never_the_first(story: Story) -> None:
    """From a day on, the marketplace lets nobody give up 80.00 alone."""
    from_day = datetime(2026, 6, 1, tzinfo=UTC)
    text = rulebook.FOLDER.joinpath("collection.toml").read_text(encoding="utf-8")
    dated = re.sub(r"published_at = \S+", f"published_at = {rfc3339(await story.market.now())}", text)
    dated = re.sub(r"effective_from = \S+", f"effective_from = {rfc3339(from_day)}", dated)
    lower = dated.replace("500.00 USD", "79.99 USD").replace("one_person = true", "one_person = false")
    policy, finance, another = (story.market.caller(role) for role in (Role.POLICY, Role.FINANCE, Role.FINANCE))
    await story.market.act(policy, rules.publish_rule, PublishRule(lower))
    coupon = await owing(story, 80_00)
    id_ = (await story.recovery(coupon)).id
    await story.market.move(from_day)
    await story.market.act(finance, recoveries.write_off_recovery, WriteOffRecovery(id_, "bankrupt"))
    assert amounts(await story.recovery(coupon))["outstanding"] == 80_00
    with pytest.raises(Refused) as refused:
        await story.market.act(finance, recoveries.confirm_write_off, ConfirmWriteOff(id_))
    assert [finding.reason for finding in refused.value.unmet] == ["recovery_seen_by_another"]
    await story.market.act(another, recoveries.confirm_write_off, ConfirmWriteOff(id_))
    assert amounts(await story.recovery(coupon))["written_off"] == 80_00
    assert [invoice.state for invoice in await invoices(story)] == [InvoiceState.PAID]
    await sound(story)


async def test_what_was_given_up_is_taken_back_before_the_party_gets_anything(story: Story) -> None:
    order_id = await story.later_order()
    coupon = await owing(story, 30_00)
    await story.redeem(coupon, order_id, usd(50_00))
    id_ = (await story.recovery(coupon)).id
    await pay_out(story, 20_00)
    await story.market.act(story.market.staff, recoveries.write_off_recovery, WriteOffRecovery(id_, "gone"))
    await story.market.act(story.market.staff, orders.cancel_order, CancelOrder(OrderId(order_id)))
    assert amounts(await story.recovery(coupon)) == {
        "contingent": 70_00,
        "due": 30_00,
        "netted": 20_00,
        "written_off": 10_00,
    }
    assert (await story.books())["BAD_DEBT"] == 10_00
    await sound(story)


async def test_an_appeal_waives_everything_and_gives_back_what_was_collected(story: Story) -> None:
    coupon = await owing(story, 80_00)
    recovery = await story.recovery(coupon)
    await pay_out(story, 30_00)

    async def undo(work: Work, _command: None) -> Outcome:
        await recoveries.waive(work, recovery.id, "The appeal was upheld.")
        return Outcome()

    await story.market.act(story.market.staff, undo, None)
    assert amounts(await story.recovery(coupon)) == {"netted": 30_00, "outstanding": -30_00, "released": 100_00}
    await sound(story)
    assert (await pay_out(story, 10_00, "P2")).payable == usd(40_00)
    await sound(story)


# -- the books ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE recoveries SET netted_minor = netted_minor + 1", "of each recovery"),
        ("UPDATE recoveries SET returned_minor = returned_minor + 1", "of each recovery"),
        ("UPDATE recoveries SET due_minor = due_minor + 1, netted_minor = netted_minor + 1", "of each recovery"),
        ("UPDATE invoices SET remaining_minor = remaining_minor - 1, total_minor = total_minor - 1", "invoices"),
        ("UPDATE payouts SET announced_minor = announced_minor + 1, payable_minor = payable_minor + 1", "payouts"),
    ],
)
async def test_a_cent_that_moved_by_itself_is_found(
    story: Story, owner: asyncpg.Pool[Any], tampering: str, fault: str
) -> None:
    await owing(story, 80_00)
    await pay_out(story, 20_00)
    await pay_out(story, 2_00, "P2")
    await story.market.move(WAIT_OVER)
    await sound(story)
    await owner.execute(tampering)
    faults = await story.faults()
    assert any(fault in sentence for sentence in faults), faults


async def test_a_payment_altered_is_found(story: Story, owner: asyncpg.Pool[Any]) -> None:
    await owing(story, 80_00)
    await paid_in(story, 20_00)
    async with owner.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE party_payments DISABLE TRIGGER USER")
        await connection.execute("UPDATE party_payments SET amount_minor = amount_minor + 1")
        await connection.execute("ALTER TABLE party_payments ENABLE TRIGGER USER")
    assert any("payments" in sentence for sentence in await story.faults())


async def test_every_law_shows_its_figures(story: Story) -> None:
    await owing(story, 80_00)
    await pay_out(story, 20_00)
    async with story.market.pool.acquire(story.market.tenant_id) as connection:
        laws = await book_rows.laws(connection, story.market.tenant_id)
    figures = {law.name: dict(law.figures) for law in laws}
    assert figures["receivable = due - netted - paid - drawn - written off + returned"] == {
        "receivable": 60_00,
        "due": 80_00,
        "netted": 20_00,
        "paid": 0,
        "drawn": 0,
        "written off": 0,
        "returned": 0,
    }


# -- through the API ---------------------------------------------------------------------------------------------------


async def test_the_party_sees_its_payouts_invoices_and_what_it_may_do(story: Story, ask: Asking) -> None:
    coupon = await owing(story, 80_00)
    wish = {
        "liablePartyId": story.provider_id,
        "amount": {"amount": "20.00", "currency": "USD"},
        "reference": "P1",
        "idempotencyKey": "k1",
    }
    selection = "payout { id state announced { amount } netted { amount } payable { amount } availableActions }"
    payload = await ask.mutate(story.market.staff, "recordPayout", selection, **wish)
    assert payload["userErrors"] == []
    assert payload["payout"]["netted"] == {"amount": "20.00"}
    await story.market.move(WAIT_OVER)
    question = """
      query ($party: ID!) {
        recoveries(first: 5, filter: {liablePartyId: $party}) { nodes {
          id state outstanding { amount } netted { amount } invoice { number } availableActions
          blockedActions { action because { reason } } } }
        payouts(first: 5, filter: {reference: "P1"}) { nodes { netted { amount } } }
        invoices(first: 5) { nodes {
          state open { amount } lines(first: 5) { nodes { amount { amount } claim { id } } } } }
        partyPayments(first: 5) { nodes { id } }
      }"""
    seen = await ask(story.market.provider(story.provider_id), question, party=story.provider_id)
    (recovery,) = seen["recoveries"]["nodes"]
    assert (recovery["state"], recovery["outstanding"]) == ("DUE", {"amount": "60.00"})
    assert recovery["availableActions"] == ["DISPUTE_RECOVERY"]
    assert {each["action"] for each in recovery["blockedActions"]} == {
        "RESOLVE_RECOVERY",
        "WRITE_OFF_RECOVERY",
        "CONFIRM_WRITE_OFF",
    }
    assert seen["payouts"]["nodes"] == [{"netted": {"amount": "20.00"}}]
    (invoice,) = seen["invoices"]["nodes"]
    assert (invoice["state"], invoice["open"]) == ("OPEN", {"amount": "60.00"})
    assert invoice["lines"]["nodes"] == [{"amount": {"amount": "60.00"}, "claim": {"id": coupon.claim_id}}]
    other = story.market.provider(await story.market.register_provider())
    for caller in (other, story.buyer, story.market.supplier(story.supplier_id)):
        nothing = await ask(caller, question, party=story.provider_id)
        assert all(each["nodes"] == [] for each in nothing.values())


async def test_bad_amounts_and_parties_are_refused_with_every_reason(story: Story, ask: Asking) -> None:
    def wish(amount: str, party: str = story.provider_id, currency: str = "USD") -> dict[str, Any]:
        money = {"amount": amount, "currency": currency}
        return {"liablePartyId": party, "amount": money, "reference": "P", "idempotencyKey": f"k{amount}{party}"}

    for amount in ("0", "-1", "0.001", "92233720368547758.08"):
        payload = await ask.mutate(story.market.staff, "recordPayout", "payout { id }", **wish(amount))
        assert payload["payout"] is None, amount
        assert payload["userErrors"][0]["code"] in {"INVALID", "REFUSED"}, amount
    payload = await ask.mutate(story.market.staff, "recordPayout", "payout { id }", **wish("1", "prv_nobody"))
    assert payload["userErrors"][0]["code"] == "INVALID"
    assert [each["field"] for each in payload["userErrors"]] == [["liablePartyId"]]
