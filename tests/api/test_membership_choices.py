"""Plans as merchants choose them: offered with reasons, begun by their payment, ended with their term; in the books."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.operations import membership_choices, memberships
from domain.access import Caller
from domain.dates import MICROSECOND
from domain.errors import Forbidden, Invalid, NotFound, Refused
from domain.ids import MembershipChoiceId, SupplierId
from domain.ledger import AccountName
from domain.membership_choices import ChoiceState, ChooseMembership, MembershipChoice
from domain.memberships import Membership, Plan, RecordMembership
from storage import books, party_statements
from storage import ledger as ledger_rows
from storage import membership_choices as choice_rows
from storage import memberships as membership_rows
from storage.party_statements import Month
from tests.builders import START, Market, usd
from tests.marketplaces import Asking

YEAR = timedelta(days=366)


async def choose(market: Market, caller: Caller, plan: Plan, named: SupplierId | None = None) -> MembershipChoiceId:
    made = await market.act(caller, membership_choices.choose_membership, ChooseMembership(named, plan))
    return MembershipChoiceId(str(made.things["membershipChoice"]))


async def read(market: Market, id: MembershipChoiceId) -> MembershipChoice:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await choice_rows.get(connection, market.tenant_id, id)


async def pay(market: Market, supplier_id: SupplierId, plan: Plan, bill: str) -> Membership:
    made = await market.act(market.staff, memberships.record_membership, RecordMembership(supplier_id, plan, bill))
    async with market.pool.acquire(market.tenant_id) as connection:
        return await membership_rows.get(connection, market.tenant_id, str(made.things["membership"]))


async def offered(ask: Asking, caller: Caller) -> dict[str, dict[str, Any]]:
    text = """{ membershipOffers { plan fee { amount } beginsAt payUntil current eligible
      findings { code: reason holds } } }"""
    return {each["plan"]: each for each in (await ask(caller, text))["membershipOffers"]}


async def test_a_merchant_chooses_pays_changes_and_ends_its_plan(sandbox: Market, ask: Asking) -> None:
    supplier_id = await sandbox.register_supplier()
    merchant = sandbox.supplier(supplier_id)
    plans = await offered(ask, merchant)
    assert [(plan, each["eligible"], each["current"]) for plan, each in plans.items()] == [
        ("FREE", False, True),
        ("STANDARD", True, False),
        ("PREMIUM", True, False),
    ]
    assert (plans["STANDARD"]["fee"]["amount"], plans["STANDARD"]["beginsAt"]) == ("2000.00", None)
    with pytest.raises(Refused) as refused:
        await choose(sandbox, merchant, Plan.FREE)
    assert [finding.reason for finding in refused.value.unmet] == ["membership_paid_plan_to_end"]

    shown = "membershipChoice { id plan state fee { amount } beginsAt membership { id } }"
    made = await ask.mutate(merchant, "chooseMembership", shown, plan="STANDARD", idempotencyKey="C1")
    assert made["membershipChoice"] == made["membershipChoice"] | {
        "plan": "STANDARD", "state": "AWAITING_PAYMENT", "fee": {"amount": "2000.00"}, "beginsAt": None,
    }  # fmt: skip
    standard = MembershipChoiceId(made["membershipChoice"]["id"])
    with pytest.raises(Refused) as refused:
        await choose(sandbox, merchant, Plan.STANDARD)
    assert [finding.reason for finding in refused.value.unmet] == ["membership_not_chosen_yet"]
    assert not (await offered(ask, merchant))["STANDARD"]["eligible"]
    premium = await choose(sandbox, merchant, Plan.PREMIUM)
    assert (await read(sandbox, standard)).state is ChoiceState.REPLACED
    term = await pay(sandbox, supplier_id, Plan.PREMIUM, "B1")
    begun = await read(sandbox, premium)
    assert (begun.state, begun.membership_id, term.fee) == (ChoiceState.BEGUN, term.id, usd(6_000_00))

    lesser = await choose(sandbox, merchant, Plan.STANDARD)  # what is paid for is never cut short
    assert (await read(sandbox, lesser)).begins_at == term.ends_at + MICROSECOND
    assert (await pay(sandbox, supplier_id, Plan.STANDARD, "B2")).starts_at == term.ends_at + MICROSECOND
    ending = await choose(sandbox, merchant, Plan.FREE)
    waits = await read(sandbox, ending)
    assert (waits.state, waits.due_at > term.ends_at) == (ChoiceState.AWAITING_END, True)
    await sandbox.move(waits.due_at + MICROSECOND)
    assert (await read(sandbox, ending)).state is ChoiceState.BEGUN
    assert (await offered(ask, merchant))["FREE"]["current"]


async def test_what_nobody_pays_for_lapses_and_a_payment_calls_an_end_off(sandbox: Market) -> None:
    supplier_id = await sandbox.register_supplier()
    merchant = sandbox.supplier(supplier_id)
    unpaid = await choose(sandbox, merchant, Plan.STANDARD)
    due_at = (await read(sandbox, unpaid)).due_at
    await sandbox.move(due_at)
    assert (await read(sandbox, unpaid)).state is ChoiceState.AWAITING_PAYMENT
    await sandbox.move(due_at + MICROSECOND)
    assert (await read(sandbox, unpaid)).state is ChoiceState.LAPSED
    await pay(sandbox, supplier_id, Plan.STANDARD, "B1")
    ending = await choose(sandbox, merchant, Plan.FREE)
    await pay(sandbox, supplier_id, Plan.STANDARD, "B2")
    assert (await read(sandbox, ending)).state is ChoiceState.REPLACED


async def test_of_two_choices_at_once_the_later_one_stands(sandbox: Market) -> None:
    supplier_id = await sandbox.register_supplier()
    merchant = sandbox.supplier(supplier_id)
    made = await asyncio.gather(
        choose(sandbox, merchant, Plan.STANDARD), choose(sandbox, merchant, Plan.PREMIUM), return_exceptions=True
    )
    ids = [each for each in made if isinstance(each, MembershipChoiceId)]
    assert sorted([(await read(sandbox, id)).state.value for id in ids]) == ["AWAITING_PAYMENT", "REPLACED"]


async def test_who_may_choose_for_whom(sandbox: Market) -> None:
    supplier_id, other = await sandbox.register_supplier(), await sandbox.register_supplier()
    with pytest.raises(NotFound):
        await choose(sandbox, sandbox.supplier(other), Plan.STANDARD, supplier_id)
    with pytest.raises(Forbidden):
        await choose(sandbox, sandbox.buyer(await sandbox.register_buyer()), Plan.STANDARD)
    with pytest.raises(Invalid):
        await choose(sandbox, sandbox.staff, Plan.STANDARD)
    await choose(sandbox, sandbox.staff, Plan.STANDARD, supplier_id)


async def test_a_fee_is_charged_and_paid_on_the_merchants_statement(sandbox: Market) -> None:
    supplier_id = await sandbox.register_supplier()
    term = await pay(sandbox, supplier_id, Plan.STANDARD, "B 77")
    month = Month(supplier_id, "USD", START - timedelta(days=1), START + YEAR)
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        lines = [line async for line in party_statements.all_lines(connection, sandbox.tenant_id, month)]
        held = await ledger_rows.balances(connection, sandbox.tenant_id, None)
        assert await books.faults(connection, sandbox.tenant_id) == []
    assert [(line.kind.value, line.receivable.minor, line.membership) for line in lines] == [
        ("FEE_CHARGED", 2_000_00, term.id),
        ("FEE_PAID", -2_000_00, term.id),
    ]
    assert [line.because.inputs["bill"] for line in lines] == ["B 77", "B 77"]
    income = sum(each.balance.minor for each in held if each.account is AccountName.MEMBERSHIP_INCOME)
    assert income == -2_000_00
