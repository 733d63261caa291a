"""What an overturned removal gives back, and what stays lost to something else."""

from __future__ import annotations

from api.operations import bars, enrolments
from domain.bars import BarCause
from domain.enrolments import WithdrawGuarantee
from domain.penalties import Violation
from storage import providers as provider_rows
from storage.unit_of_work import Outcome, Work
from tests.api.test_points import DAY, give, tick
from tests.builders import START, Market
from tests.marketplaces import Asking
from tests.nvoccs import nvocc


async def test_a_place_that_is_given_back_stays_lost_to_what_else_takes_it(sandbox: Market, ask: Asking) -> None:
    """Another bar keeps the provider out, a restriction suspends the supplier's, a notice has run out meanwhile."""
    rule = "guarantees/machinery_after_sales"
    barred, restricted, leaving = await nvocc(sandbox), await sandbox.register_supplier(), await nvocc(sandbox)
    offered = {party: await sandbox.offer(party, rule) for party in (barred, restricted, leaving)}
    await sandbox.act(sandbox.provider(leaving), enrolments.withdraw_guarantee, WithdrawGuarantee(offered[leaving]))
    for party in offered:
        for _ in range(3):
            await give(sandbox, party, Violation.AFTER_SALES_LATE)
    await give(sandbox, restricted, Violation.FORGED_EVIDENCE)
    await tick(sandbox)

    async def bar(work: Work, _: None) -> Outcome:
        await provider_rows.lock(work.connection, work.tenant_id, barred)
        await bars.lay(work, barred, BarCause.REMOVAL, "Once more.", programme=rule)
        return Outcome()

    await sandbox.act(sandbox.staff, bar, None)
    await sandbox.move(START + 3 * DAY)
    text = """query ($id: ID!) { accountMeasures(first: 9, filter: {liablePartyId: $id, kinds: [PROGRAMME_REMOVAL]}) {
      nodes { id } } }"""
    states = {}
    for party, id in offered.items():
        if party == leaving:
            await sandbox.move(START + 100 * DAY)
        (removal,) = (await ask(sandbox.staff, text, id=party))["accountMeasures"]["nodes"]
        await ask.mutate(sandbox.staff, "liftMeasure", "measure { state }", measureId=removal["id"], reason="Wrong.")
        shown_state = await ask(sandbox.staff, "query ($id: ID!) { guarantee(id: $id) { state } }", id=id)
        states[party] = shown_state["guarantee"]["state"]
    assert states == {barred: "REMOVED", restricted: "SUSPENDED", leaving: "ENDED"}
