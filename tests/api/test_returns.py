"""Returns and inspections on a real database: what each step leads to, late by a microsecond, and two at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from api.operations import return_authorisations, returns
from domain.access import Caller, Role
from domain.claims import Claim, ClaimState
from domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from domain.evidence_needs import EvidenceKind
from domain.ids import GoodsReturnId, UploadId
from domain.returns import (
    ArrangeReturn,
    LineProblem,
    Receipt,
    RefuseReturn,
    ReturnAddress,
    ReturnProblem,
    ReturnState,
    ReturnWord,
    ShipReturn,
)
from storage import claims as claim_rows
from storage import evidence as evidence_rows
from storage import personal
from storage.minting import mint
from storage.unit_of_work import Outcome, Work
from tests.builders import Market
from tests.disputes import Returning
from tests.marketplaces import Asking

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
ADDRESS = ReturnAddress("Ningbo Machinery", "Road 1", "Ningbo", "CN", phone="+8657412345678")


@pytest.fixture
async def returning(sandbox: Market) -> Returning:
    return await Returning.create(sandbox)


def id_of(returning: Returning) -> GoodsReturnId:
    assert returning.return_id is not None
    return returning.return_id


async def arrange(returning: Returning, label: UploadId | None = None) -> None:
    wish = ArrangeReturn(id_of(returning), ADDRESS, label)
    await returning.market.act(returning.maker, returns.arrange_return, wish)


async def ship(returning: Returning) -> None:
    wish = ShipReturn(id_of(returning), "DHL", "JD0001")
    await returning.market.act(returning.buyer, returns.ship_return, wish)


async def word(returning: Returning, who: Caller, step: str) -> None:
    await returning.market.act(who, getattr(returns, step), ReturnWord(id_of(returning), None))


async def arrived(returning: Returning) -> None:
    """The goods are with the maker."""
    await arrange(returning)
    await ship(returning)
    await word(returning, returning.maker, "receive_return")


async def stands(returning: Returning) -> tuple[ReturnState, ClaimState]:
    return (await returning.goods()).state, (await returning.claim()).state


async def test_goods_that_come_back_as_they_should_let_the_refund_be_paid(returning: Returning, ask: Asking) -> None:
    assert await stands(returning) == (ReturnState.ADDRESS_DUE, ClaimState.RETURNING)
    goods = await returning.goods()
    claim = await returning.claim()
    assert (goods.awards, goods.shares, [line.line_id for line in goods.lines]) == (
        claim.awards,
        claim.liability,
        [returning.line_id],
    )
    assert (claim.appealable_until, claim.final_at) == (None, None), "nothing stands before the goods are back"
    await arrange(returning)
    assert await stands(returning) == (ReturnState.AUTHORISED, ClaimState.RETURNING)
    await ship(returning)
    await word(returning, returning.market.caller(Role.SERVICE), "receive_return")
    assert (await returning.goods()).receipt is Receipt.TRACKING
    await word(returning, returning.maker, "accept_return")
    assert await stands(returning) == (ReturnState.COMPLIANT, ClaimState.REMEDY_IN_PROGRESS)
    assert (await returning.claim()).final_at is not None
    text = """query ($id: ID!) { claim(id: $id) { events(first: 30) { nodes { name actor } }
      returns(first: 2) { nodes { state availableActions lines(first: 5) { nodes { line { id } problem } } } } } }"""
    shown = (await ask(returning.buyer, text, id=returning.claim_id))["claim"]
    names = [event["name"] for event in shown["events"]["nodes"]]
    told = ["return.arranged", "return.shipped", "return.received", "return.accepted", "claim.goods_returned"]
    assert [name for name in names if name in told] == told
    (back,) = shown["returns"]["nodes"]
    assert back == {
        "state": "COMPLIANT",
        "availableActions": [],
        "lines": {"nodes": [{"line": {"id": returning.line_id}, "problem": None}]},
    }


async def test_where_to_is_personal_and_shown_to_the_parties_alone(returning: Returning, ask: Asking) -> None:
    await arrange(returning)
    market = returning.market
    text = "query ($id: ID!) { goodsReturn(id: $id) { address { recipient city phone } dueAt leaveDueAt } }"
    for who in (returning.buyer, returning.maker, market.staff):
        shown = (await ask(who, text, id=id_of(returning)))["goodsReturn"]
        assert shown["address"] == {"recipient": "Ningbo Machinery", "city": "Ningbo", "phone": "+8657412345678"}
        assert shown["dueAt"] == shown["leaveDueAt"]
    stranger = market.buyer(await market.register_buyer())
    assert (await ask(stranger, text, id=id_of(returning)))["goodsReturn"] is None
    with pytest.raises(NotFound):
        await market.act(stranger, returns.ship_return, ShipReturn(id_of(returning), "DHL", "1"))
    async with market.pool.acquire(market.tenant_id) as connection:
        known = await personal.by_owners(connection, market.tenant_id, [id_of(returning)], "return_address")
    digest = (await returning.goods()).address_digest
    assert digest is not None
    assert known[id_of(returning)]["city"] not in digest


async def test_goods_that_do_not_go_back_to_the_decision_with_evidence(returning: Returning) -> None:
    await arrived(returning)
    market = returning.market
    file = await returning.file(returning.maker)
    wrong = LineProblem(returning.line_id, ReturnProblem.USED, "Worn out.")
    nothing = RefuseReturn(id_of(returning), (wrong,), (mint(UploadId),), "Used.")
    with pytest.raises(Invalid) as refusal:
        await market.act(returning.maker, returns.refuse_return, nothing)
    assert [problem.field for problem in refusal.value.problems] == [("uploadIds", "0")]
    wish = RefuseReturn(id_of(returning), (wrong,), (file,), "It was used for months.")
    await market.act(returning.maker, returns.refuse_return, wish)
    assert await stands(returning) == (ReturnState.NON_COMPLIANT, ClaimState.UNDER_DECISION)
    async with market.pool.acquire(market.tenant_id) as connection:
        (piece,) = await evidence_rows.by_claim(connection, market.tenant_id, returning.claim_id)
    assert (piece.kind, [held.upload_id for held in piece.files]) == (EvidenceKind.RETURN_RECORD, [file])


async def test_a_parcel_leaves_at_its_last_instant_or_nothing_is_given(sandbox: Market) -> None:
    in_time, late = await Returning.create(sandbox), await Returning.create(sandbox)
    for each in (in_time, late):
        await arrange(each)
    leave = (await in_time.goods()).leave_due_at
    assert leave is not None
    await sandbox.move(leave)
    await ship(in_time)
    await sandbox.move(leave + MICROSECOND)
    assert await stands(in_time) == (ReturnState.SHIPPED, ClaimState.RETURNING)
    assert await stands(late) == (ReturnState.LAPSED, ClaimState.CLOSED)
    with pytest.raises(Refused) as refusal:
        await ship(late)
    assert [finding.rule for finding in refusal.value.unmet] == ["return.state"]


async def test_whoever_says_nothing_has_said_the_other_sides_word(returning: Returning) -> None:
    """Nobody says where to: the buyer keeps the goods, and what was awarded is given."""
    due_at = (await returning.goods()).due_at
    assert due_at is not None
    await returning.market.move(due_at)
    assert await stands(returning) == (ReturnState.ADDRESS_DUE, ClaimState.RETURNING)
    await returning.market.move(due_at + MICROSECOND)
    assert await stands(returning) == (ReturnState.WAIVED, ClaimState.REMEDY_IN_PROGRESS)


async def test_a_silent_receiver_has_received_and_accepted(returning: Returning) -> None:
    await arrange(returning)
    await ship(returning)
    arrives_by = (await returning.goods()).due_at
    assert arrives_by is not None
    await returning.market.move(arrives_by + MICROSECOND)
    goods = await returning.goods()
    assert (goods.state, goods.receipt, goods.received_at) == (
        ReturnState.RECEIVED,
        Receipt.CLOCK,
        arrives_by + MICROSECOND,
    )
    assert goods.due_at is not None
    await returning.market.move(goods.due_at + MICROSECOND)
    assert await stands(returning) == (ReturnState.COMPLIANT, ClaimState.REMEDY_IN_PROGRESS)


async def test_accepting_and_refusing_at_once_has_one_outcome(returning: Returning) -> None:
    await arrived(returning)
    wrong = LineProblem(returning.line_id, ReturnProblem.MISSING, None)
    wish = RefuseReturn(id_of(returning), (wrong,), (await returning.file(returning.maker),), "Empty.")
    tried = await asyncio.gather(
        word(returning, returning.maker, "accept_return"),
        returning.market.act(returning.maker, returns.refuse_return, wish),
        return_exceptions=True,
    )
    (refused,) = [each for each in tried if isinstance(each, BaseException)]
    assert isinstance(refused, Refused)
    assert await stands(returning) in {
        (ReturnState.COMPLIANT, ClaimState.REMEDY_IN_PROGRESS),
        (ReturnState.NON_COMPLIANT, ClaimState.UNDER_DECISION),
    }


async def test_the_maker_may_let_the_buyer_keep_the_goods_and_bring_a_label(returning: Returning, ask: Asking) -> None:
    label = await returning.file(returning.maker)
    await arrange(returning, label)
    text = "query ($id: ID!) { goodsReturn(id: $id) { labelling blockedActions { action because { rule text } } } }"
    shown = (await ask(returning.buyer, text, id=id_of(returning)))["goodsReturn"]
    assert shown["labelling"] == "LIABLE_PARTY"
    assert "WAIVE_RETURN" in {blocked["action"] for blocked in shown["blockedActions"]}
    with pytest.raises(Forbidden):
        await word(returning, returning.buyer, "waive_return")
    await word(returning, returning.maker, "waive_return")
    assert await stands(returning) == (ReturnState.WAIVED, ClaimState.REMEDY_IN_PROGRESS)


async def test_a_claim_has_one_return_at_a_time_and_ends_it_when_it_ends_otherwise(returning: Returning) -> None:
    async def again(work: Work, claim: Claim) -> Outcome:
        await return_authorisations.authorise(work, claim, claim.awards, (await returning.goods()).shares)
        return Outcome()

    async def end(work: Work, claim: Claim) -> Outcome:
        await claim_rows.lock(work.connection, work.tenant_id, claim.id)
        await return_authorisations.cancel(work, claim.id)
        return Outcome()

    claim = await returning.claim()
    with pytest.raises(Conflict, match="on their way back already"):
        await returning.market.act(returning.market.staff, again, claim)
    await returning.market.act(returning.market.staff, end, claim)
    assert (await returning.goods()).state is ReturnState.CANCELLED
    await returning.market.move(await returning.market.now() + 90 * DAY)
    assert (await returning.goods()).state is ReturnState.CANCELLED, "no clock of it is left"
