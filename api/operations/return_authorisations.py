"""Authorising returns: what claims ask for when goods have to come back before what was awarded is given.

Knows nothing of how claims go on (`api/operations/returns.py` does), so that claims may call it.
"""

from collections.abc import Collection
from typing import Final

from api.operations.duties import end_duties, start_duty
from domain import returns
from domain.claims import Claim
from domain.guarantees import EasyReturnTerms, Terms, Unit
from domain.ids import ClaimId, GoodsReturnId, OrderId, OrderLineId, ReturnLineId
from domain.liability import Shares
from domain.procedure import Period
from domain.remedies import Award
from domain.return_terms import RULE, return_terms
from domain.returns import DUTIES, Authorising, GoodsReturn, ReturnState
from domain.terms import Span
from storage import calendars, rulebook
from storage import coverage as coverage_rows
from storage import orders as order_rows
from storage import returns as return_rows
from storage.unit_of_work import Work

SETTLED: Final = frozenset({ReturnState.COMPLIANT, ReturnState.NON_COMPLIANT, ReturnState.WAIVED})
"""The states in which the buyer has nothing left to send: the liable party has the goods, or does not want them."""


async def authorise(work: Work, claim: Claim, awards: tuple[Award, ...], shares: Shares) -> GoodsReturn:
    """The goods of the awards go back; awards and shares are frozen in the return and given once they are there.

    The claim and its order are locked. Refuses (Conflict) a claim whose goods are on their way back already.
    """
    order = await order_rows.get(work.connection, work.tenant_id, OrderId(claim.order_id))
    cover = await coverage_rows.get(work.connection, work.tenant_id, claim.coverage_id)
    version = await rulebook.in_force(work.connection, work.tenant_id, RULE, work.at)
    profile = await rulebook.get(work.connection, work.tenant_id, claim.procedure_version_id)
    point_id = None
    if _promises_place(cover.rule):
        point_id = await return_rows.find_place(
            work.connection, work.tenant_id, order.country, claim.party_id, order.id
        )
    change = returns.authorise(
        claim,
        order,
        awards,
        shares,
        Authorising(
            return_terms(version),
            profile.key,
            await calendars.get(work.connection, work.market),
            promised_leave(cover.rule),
            point_id,
        ),
        id=work.new_id(GoodsReturnId),
        line_ids=[work.new_id(ReturnLineId) for _ in order.lines],
        at=work.at,
    )
    await work.keep(change)
    await wait(work, change.after)
    return change.after


async def gone_back(work: Work, claim_id: ClaimId, line_ids: Collection[OrderLineId]) -> bool:
    """Whether the goods of all those lines went back for the claim before, or nobody wanted them."""
    found = await return_rows.by_claim(work.connection, work.tenant_id, claim_id)
    gone = {line.line_id for goods in found if goods.state in SETTLED for line in goods.lines}
    return gone.issuperset(line_ids)


async def cancel(work: Work, claim_id: ClaimId) -> None:
    """What is on its way back for the claim, which ended in another way, is nobody's duty any more."""
    for seen in await return_rows.by_claim(work.connection, work.tenant_id, claim_id):
        if seen.state not in returns.ENDED:
            goods = await return_rows.lock(work.connection, work.tenant_id, seen.id)
            await end_duties(work, goods.id)
            await work.keep(returns.cancel_return(goods, work.at))


async def wait(work: Work, goods: GoodsReturn) -> None:
    """The clock of what has to be done now runs; nothing waits for a return that has ended."""
    duty = DUTIES.get(goods.state)
    if duty is None or goods.due_at is None:
        return
    sender = goods.state is ReturnState.AUTHORISED
    await start_duty(work, duty, goods.id, goods.due_at, party_id=goods.buyer_id if sender else goods.party_id)


def _promises_place(rule: Terms) -> bool:
    """Whether the guarantee promises a place in the buyer's country."""
    return isinstance(rule, EasyReturnTerms)


def promised_leave(rule: Terms) -> Period | None:
    """Within what the guarantee has the parcel leave, where it says so."""
    return Period(Span(rule.return_days), Unit.DAYS) if isinstance(rule, EasyReturnTerms) else None


def promised_inspection(rule: Terms) -> Period | None:
    """Within what the guarantee has the goods looked at, where it says so."""
    return Period(Span(rule.result_hours), Unit.HOURS) if isinstance(rule, EasyReturnTerms) else None
