"""Inspections by third parties on a real database: ordered once, reported in time, their fee given back by fault."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import inspections
from domain.access import Role
from domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from domain.evidence_needs import EvidenceKind
from domain.ids import InspectionId, RefundId
from domain.inspections import Inspection, InspectionState, OrderInspection, RecordInspectionReport, Verdict
from domain.ledger import AccountName
from domain.uploads import UploadKind
from storage import books
from storage import evidence as evidence_rows
from storage import inspections as inspection_rows
from storage import ledger as ledger_rows
from storage import refunds as refund_rows
from tests.builders import Market, usd
from tests.disputes import Dispute
from tests.marketplaces import Asking

MICROSECOND = timedelta(microseconds=1)
FEE = usd(150_00)


@pytest.fixture
async def dispute(sandbox: Market) -> Dispute:
    return await Dispute.create(sandbox)


async def order(dispute: Dispute, company: str = "sgs") -> InspectionId:
    wish = OrderInspection(dispute.claim_id, company, FEE, "PAY-7", "Does the spindle turn?")
    outcome = await dispute.market.act(dispute.buyer, inspections.order_inspection, wish)
    return InspectionId(str(outcome.things["inspection"]))


async def report(dispute: Dispute, id: InspectionId, verdict: Verdict) -> None:
    desk = dispute.market.caller(Role.SUPPORT)
    file = await dispute.file(desk, UploadKind.INSPECTION)
    wish = RecordInspectionReport(id, verdict, file, "It does not.")
    await dispute.market.act(desk, inspections.record_inspection_report, wish)


async def read(dispute: Dispute, id: InspectionId) -> Inspection:
    async with dispute.market.pool.acquire(dispute.market.tenant_id) as connection:
        return await inspection_rows.get(connection, dispute.market.tenant_id, id)


async def booked(dispute: Dispute) -> tuple[int, int, list[str]]:
    """What is held of prepaid fees, what cash left for inspections, and whatever a doctor finds."""
    market = dispute.market
    async with market.pool.acquire(market.tenant_id) as connection:
        held = await ledger_rows.balances(connection, market.tenant_id, None)
        out = await connection.fetchval(
            "SELECT coalesce(sum(e.amount_minor), 0) FROM ledger_transfers t"
            " JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transfer_id = t.id"
            " JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id"
            " WHERE t.tenant_id = $1 AND t.event = 'INSPECTION_PERFORMED' AND a.name = 'CASH_CLEARING'",
            market.tenant_id,
        )
        prepaid = sum(each.balance.minor for each in held if each.account is AccountName.PREPAID_INSPECTIONS)
        return prepaid, int(out), await books.faults(connection, market.tenant_id)


@pytest.mark.parametrize("verdict", Verdict)
async def test_the_fee_goes_back_and_the_maker_owes_it_when_the_goods_are_not_as_agreed(
    dispute: Dispute, verdict: Verdict, owner: asyncpg.Pool[Any], ask: Asking
) -> None:
    id = await order(dispute)
    await report(dispute, id, verdict)
    at_fault = verdict is Verdict.NOT_AS_AGREED
    assert await booked(dispute) == (0, -FEE.minor, [])  # the company has it, whoever bears it in the end
    refunds = await owner.fetch("SELECT id, buyer_id, amount_minor, state FROM refunds")
    owed = await owner.fetch("SELECT supplier_id, due_minor, state FROM recoveries")
    found = await read(dispute, id)
    assert (found.state, found.refund_due) == (InspectionState.REPORTED, at_fault)
    assert [(row["id"], row["buyer_id"], row["amount_minor"]) for row in refunds] == (
        [(found.refund_id, dispute.buyer_id, FEE.minor)] if at_fault else []
    )
    assert [(row["supplier_id"], row["due_minor"], row["state"]) for row in owed] == (
        [(dispute.supplier_id, FEE.minor, "DUE")] if at_fault else []
    )
    text = """query ($id: ID!) { claim(id: $id) {
      inspections(first: 2) { nodes { companyName state verdict refundDue fee { amount }
        report { kind side files(first: 2) { nodes { size } } } availableActions } } } }"""
    shown = (await ask(dispute.maker, text, id=dispute.claim_id))["claim"]["inspections"]["nodes"]
    assert shown == [
        {
            "companyName": "SGS",
            "state": "REPORTED",
            "verdict": verdict.value,
            "refundDue": at_fault,
            "fee": {"amount": "150.00"},
            "report": {"kind": "INSPECTION_REPORT", "side": "STAFF", "files": {"nodes": [{"size": 10}]}},
            "availableActions": [],
        }
    ]
    with pytest.raises(Refused) as refusal:
        await report(dispute, id, Verdict.NOT_AS_AGREED)
    assert [finding.rule for finding in refusal.value.unmet] == ["inspection.ordered"]


async def test_of_two_inspections_ordered_at_once_one_is(dispute: Dispute) -> None:
    tried = await asyncio.gather(order(dispute), order(dispute, "intertek"), return_exceptions=True)
    (refused,) = [each for each in tried if isinstance(each, BaseException)]
    assert isinstance(refused, Refused | Conflict)
    if isinstance(refused, Refused):
        assert [finding.rule for finding in refused.unmet] == ["inspection.one"]


async def test_a_report_comes_at_its_last_instant_or_the_inspection_lapses(sandbox: Market) -> None:
    in_time, late = await Dispute.create(sandbox), await Dispute.create(sandbox)
    first, second = await order(in_time), await order(late)
    due_at = (await read(in_time, first)).due_at
    await sandbox.move(due_at)
    if (await in_time.claim()).ended_at is None:
        await report(in_time, first, Verdict.INCONCLUSIVE)
        assert (await read(in_time, first)).state is InspectionState.REPORTED
    await sandbox.move(due_at + MICROSECOND)
    lapsed = await read(late, second)
    assert (lapsed.state, lapsed.refund_due) == (InspectionState.LAPSED, True)
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        back = await refund_rows.get(connection, sandbox.tenant_id, RefundId(str(lapsed.refund_id)))
    assert (back.buyer_id, back.amount) == (late.buyer_id, FEE)
    assert (await booked(late))[0::2] == (0, [])
    with pytest.raises(Refused) as refusal:
        await report(late, second, Verdict.NOT_AS_AGREED)
    assert [finding.rule for finding in refusal.value.unmet] == ["inspection.ordered"]


async def test_who_may_order_and_who_may_report(dispute: Dispute) -> None:
    market = dispute.market
    wish = OrderInspection(dispute.claim_id, "sgs", FEE, "PAY-7", None)
    with pytest.raises(Forbidden):
        await market.act(dispute.maker, inspections.order_inspection, wish)
    with pytest.raises(NotFound):
        await market.act(market.buyer(await market.register_buyer()), inspections.order_inspection, wish)
    with pytest.raises(Invalid) as wrong:
        await order(dispute, "my_cousin")
    assert [problem.field for problem in wrong.value.problems] == [("company",)]
    id = await order(dispute)
    file = await dispute.file(dispute.buyer, UploadKind.INSPECTION)
    told = RecordInspectionReport(id, Verdict.NOT_AS_AGREED, file, None)
    with pytest.raises(Forbidden):
        await market.act(dispute.buyer, inspections.record_inspection_report, told)
    async with market.pool.acquire(market.tenant_id) as connection:
        pieces = await evidence_rows.by_claim(connection, market.tenant_id, dispute.claim_id)
    assert [piece for piece in pieces if piece.kind is EvidenceKind.INSPECTION_REPORT] == []
