"""Goodwill: staff give a buyer a coupon or a refund within their limits.

Locks: the order first, then the claim, then exposures and money. What one person gives in a month is summed under a
lock of its own, so that two gifts at once stay within the budget together.
"""

from datetime import datetime

from api.operations import compensation, exposure
from api.operations.compensation import Behind
from domain import access, dates, goodwill, money, remedy_terms
from domain.claims import Claim
from domain.decisions import DecisionKind, decision
from domain.errors import Invalid, NotFound, Problem
from domain.exposure import LOSSES, DrawnBy, Loss, spread
from domain.goodwill import GoodwillBearer, GoodwillForm, GoodwillTerms, GrantGoodwill
from domain.ids import ClaimId, DecisionId, GoodwillId, OrderId, RuleVersionId
from domain.liability import Debtor
from domain.money import WHOLE_BP, Money
from domain.orders import Order
from storage import buyers as buyer_rows
from storage import calendars, exchange_rates, rulebook
from storage import claims as claim_rows
from storage import goodwill as goodwill_rows
from storage import orders as order_rows
from storage.unit_of_work import Outcome, Work

RULE = "goodwill"
"""The rule that has the limits."""


async def grant_goodwill(work: Work, wish: GrantGoodwill) -> Outcome:
    """The buyer has a coupon, or is to be paid; who gave it, by which limit and why is kept.

    Where it is for the loss of an order's lines, it is drawn on that loss. Refuses, with the numbers, what is above the
    caller's limit or what is left of its month or of the loss; with Invalid what does not fit together; with NotFound
    what is another buyer's.
    """
    access.require(work.caller, "grantGoodwill")
    order, claim = await _about(work, wish)
    _require_fitting(wish, order)
    version = await rulebook.in_force(work.connection, work.tenant_id, RULE, work.at)
    rule = goodwill.terms_of(version)
    currency = wish.amount.currency
    given = await goodwill_rows.given(
        work.connection, work.tenant_id, str(work.caller.actor_id), await _month_began(work), currency
    )
    rate = await _rate(work, rule, currency)
    allowed = goodwill.allowance(rule, work.caller.roles, None if order is None else order.total, given, rate)
    decided = work.new_id(DecisionId)
    change, tree = goodwill.grant_goodwill(
        wish,
        allowed,
        work.caller,
        RuleVersionId(version.id),
        id=work.new_id(GoodwillId),
        decision_id=decided,
        at=work.at,
    )
    given_id = change.after.id
    work.add(
        decision(
            decided,
            given_id,
            DecisionKind.GOODWILL,
            tree,
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(RuleVersionId(version.id),),
        )
    )
    await work.keep(change)
    await _draw(work, wish, order, given_id)
    behind = Behind.goodwill(change.after) if claim is None else Behind.claim(claim, change.after)
    agreed = claim is not None and wish.bearer is GoodwillBearer.LIABLE_PARTY
    debtors = (Debtor(claim.party_id, WHOLE_BP),) if claim is not None and agreed else ()
    if wish.form is GoodwillForm.REFUND:
        refund = await compensation.decide_refund(work, behind, wish.amount, debtors)
        return Outcome({"goodwill": given_id, "refund": refund.id})
    calendar = await calendars.get(work.connection, work.market)
    expires_at = remedy_terms.coupon_expires_at(await compensation.terms(work), work.at, calendar)
    coupon = await compensation.issue_coupon(work, behind, wish.amount, expires_at, debtors)
    return Outcome({"goodwill": given_id, "coupon": coupon.id})


async def _about(work: Work, wish: GrantGoodwill) -> tuple[Order | None, Claim | None]:
    """The order and the claim that it is about, locked. Refuses with NotFound what is not that buyer's."""
    await buyer_rows.get(work.connection, work.tenant_id, wish.buyer_id)
    order_id, claim = wish.order_id, None
    if wish.claim_id is not None:
        seen = await claim_rows.get(work.connection, work.tenant_id, wish.claim_id)
        if seen.buyer_id != wish.buyer_id or order_id not in {None, seen.order_id}:
            raise NotFound("there is no such claim", field=("claimId",))
        order_id = OrderId(seen.order_id)
    order = None if order_id is None else await order_rows.lock(work.connection, work.tenant_id, order_id)
    if order is not None and order.buyer_id != wish.buyer_id:
        raise NotFound("there is no such order", field=("orderId",))
    if wish.claim_id is not None:
        claim = await claim_rows.lock(work.connection, work.tenant_id, ClaimId(wish.claim_id))
    return order, claim


def _require_fitting(wish: GrantGoodwill, order: Order | None) -> None:
    """Nothing, if the wish fits together. Refuses with Invalid, naming every problem."""
    problems = []
    if order is None and wish.form is GoodwillForm.REFUND:
        problems.append(Problem(("orderId",), "A refund gives back what was paid for an order: name it."))
    if order is None and wish.cause is not None:
        problems.append(Problem(("orderId",), "A loss is of an order's lines: name the order."))
    if wish.claim_id is None and wish.bearer is GoodwillBearer.LIABLE_PARTY:
        problems.append(Problem(("claimId",), "Only the liable party of a claim can have agreed to bear it: name it."))
    of_order = order is not None and (wish.cause is not None or wish.form is GoodwillForm.REFUND)
    if order is not None and of_order and order.total.currency != wish.amount.currency:
        problems.append(Problem(("amount", "currency"), f"The order is in {order.total.currency}."))
    if problems:
        raise Invalid(*problems)


async def _draw(work: Work, wish: GrantGoodwill, order: Order | None, id: GoodwillId) -> None:
    """Goodwill for a loss is drawn on it, line by line. Refuses what is above what is left of it."""
    if order is None or wish.cause is None:
        return
    if LOSSES[wish.cause] is Loss.GOODS:
        lines = spread(wish.amount, (await exposure.goods(work, order)).items())
    else:
        lines = spread(wish.amount, [(line.id, max(line.value, wish.amount)) for line in order.lines])
    if (short := wish.amount - money.total(list(lines.values()), wish.amount.currency)).minor:
        first = order.lines[0].id  # what no line has room for is refused by name, with the numbers
        lines[first] = lines.get(first, Money.zero(short.currency)) + short
    await exposure.draw(work, order, wish.cause, DrawnBy.GOODWILL, lines, id)


async def _month_began(work: Work) -> datetime:
    calendar = await calendars.get(work.connection, work.market)
    return calendar.midnight(dates.local_day(work.at, calendar).replace(day=1))


async def _rate(work: Work, rule: GoodwillTerms, currency: str) -> goodwill.Convert:
    """How the rule's amounts are converted, at today's rate. Refuses (`exchange_rate.known`) where none is recorded."""
    if rule.currency in {None, currency}:
        return lambda amount: amount
    calendar = await calendars.get(work.connection, work.market)
    day = dates.local_day(work.at, calendar)
    found = await exchange_rates.rate(work.connection, work.tenant_id, str(rule.currency), currency, day)
    return lambda amount: money.convert(amount, currency, found.rate)
