"""Plans and protection through their operations: who may switch it on, what pauses it, what comes in by card."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from api.operations import memberships, protections
from domain.dates import MICROSECOND
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.memberships import Plan, RecordMembership
from domain.protections import ActivateProtection, ProtectionState, TurnProtection
from storage import protections as protection_rows
from tests.api.test_chargebacks import Case, case, reasons
from tests.builders import START, line
from tests.marketplaces import Asking

__all__ = ["case"]


async def test_a_free_member_receives_a_thousand_dollars_by_card_and_no_cent_more(case: Case) -> None:
    free = await case.market.register_supplier()
    order_id = await case.market.order(case.buyer_id, free, [line(2_000_00)])
    await case.pay("F1", 999_99, order_id)
    with pytest.raises(Refused) as refused:
        await case.pay("F2", 2, order_id)
    assert reasons(refused) == ["card_receipts_within_cap"]
    await case.pay("F3", 1, order_id)
    plan = RecordMembership(free, Plan.STANDARD, "B9")
    await case.market.act(case.staff, memberships.record_membership, plan)
    await case.pay("F4", 1_000_00, order_id)


async def test_two_receipts_at_once_never_pass_the_cap_together(case: Case) -> None:
    free = await case.market.register_supplier()
    orders = [await case.market.order(case.buyer_id, free, [line(600_00)]) for _ in range(3)]
    done = await asyncio.gather(
        *(case.pay(f"F{n}", 600_00, order_id) for n, order_id in enumerate(orders)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["Outcome", "Refused", "Refused"]


async def test_protection_needs_a_paid_plan_and_pauses_when_it_ends(case: Case) -> None:
    free = await case.market.register_supplier()
    with pytest.raises(Refused) as refused:
        await case.market.act(case.market.supplier(free), protections.activate_protection, ActivateProtection(None))
    assert reasons(refused) == ["plan_entitles_to_protection"]
    await case.protect()
    with pytest.raises(Refused) as refused:
        await case.protect()
    assert reasons(refused) == ["protection_not_enrolled"]
    await case.market.move(datetime(2027, 2, 3, tzinfo=START.tzinfo))
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        live = await protection_rows.find_live(connection, case.market.tenant_id, case.supplier_id)
    assert live is not None
    assert live.state is ProtectionState.PAUSED
    with pytest.raises(Refused) as refused:
        await case.market.act(case.merchant, protections.resume_protection, TurnProtection(live.id))
    assert reasons(refused) == ["plan_entitles_to_protection"]
    plan = RecordMembership(case.supplier_id, Plan.PREMIUM, "B2")
    await case.market.act(case.staff, memberships.record_membership, plan)
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        again = await protection_rows.get(connection, case.market.tenant_id, live.id)
    assert (again.state, len(again.periods)) == (ProtectionState.ACTIVE, 2)


async def test_an_ended_protection_can_be_switched_on_anew(case: Case) -> None:
    await case.protect()
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        live = await protection_rows.find_live(connection, case.market.tenant_id, case.supplier_id)
    assert live is not None
    await case.market.act(case.merchant, protections.end_protection, TurnProtection(live.id))
    with pytest.raises(Refused):
        await case.market.act(case.merchant, protections.pause_protection, TurnProtection(live.id))
    await case.protect()


async def test_a_bill_is_recorded_once_and_nobody_pays_for_the_free_plan(case: Case) -> None:
    with pytest.raises(Conflict):
        await case.market.act(
            case.staff, memberships.record_membership, RecordMembership(case.supplier_id, Plan.STANDARD, "B1")
        )
    with pytest.raises(Invalid) as refused:
        await case.market.act(
            case.staff, memberships.record_membership, RecordMembership(case.supplier_id, Plan.FREE, "")
        )
    assert [problem.field for problem in refused.value.problems] == [("reference",), ("plan",)]


async def test_the_next_term_of_a_plan_begins_where_the_one_before_ends(case: Case) -> None:
    wish = RecordMembership(case.supplier_id, Plan.STANDARD, "B2")
    await case.market.act(case.staff, memberships.record_membership, wish)
    rows = await case.market.pool.fetch(
        case.market.tenant_id, "SELECT starts_at, ends_at FROM memberships ORDER BY starts_at"
    )
    (first, second) = rows
    assert second["starts_at"] - first["ends_at"] == MICROSECOND
    assert (second["ends_at"] - START).days > 700


async def test_more_than_the_order_costs_is_not_received_by_card(case: Case) -> None:
    await case.pay("P1", 500_00)
    with pytest.raises(Refused) as refused:
        await case.pay("P2", 300_01)
    assert reasons(refused) == ["card_receipts_within_order"]
    with pytest.raises(Conflict):
        await case.pay("P1", 300_00)


async def test_nobody_turns_anothers_protection(case: Case) -> None:
    await case.protect()
    async with case.market.pool.acquire(case.market.tenant_id) as connection:
        live = await protection_rows.find_live(connection, case.market.tenant_id, case.supplier_id)
    assert live is not None
    stranger = case.market.supplier(await case.market.register_supplier())
    with pytest.raises(NotFound):
        await case.market.act(stranger, protections.pause_protection, TurnProtection(live.id))
    with pytest.raises(NotFound):
        await case.market.act(stranger, protections.activate_protection, ActivateProtection(case.supplier_id))


async def test_standing_and_allowance_say_what_the_mutations_refuse_by(case: Case, ask: Asking) -> None:
    text = """query ($id: ID) { protectionStanding(supplierId: $id) { state eligible findings { reason holds }
      caseLimit { amount } yearLeft { amount } protection { state availableActions } }
      cardAllowance(supplierId: $id) { plan cap { amount } left { amount } entitlesToProtection } }"""
    free = await case.market.register_supplier()
    seen = await ask(case.market.supplier(free), text)
    assert seen["protectionStanding"]["state"] == "OFF"
    assert seen["cardAllowance"] == {
        "plan": "FREE",
        "cap": {"amount": "1000.00"},
        "left": {"amount": "1000.00"},
        "entitlesToProtection": False,
    }
    assert (await ask(case.merchant, text))["protectionStanding"]["state"] == "ELIGIBLE"
    await case.protect()
    on = (await ask(case.staff, text, id=case.supplier_id))["protectionStanding"]
    assert (on["state"], on["eligible"], on["yearLeft"]) == ("ACTIVE", False, {"amount": "20000.00"})
    assert on["protection"]["availableActions"] == ["PAUSE_PROTECTION", "END_PROTECTION"]
    assert (await ask(case.merchant, text, id=free))["protectionStanding"] is None
