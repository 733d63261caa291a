"""Covers: made at payment, judged when a promise passes, void when the order leaves the rule, expired at the end.

`fire_late_delivery` and `fire_claim_window` are the consequences of silence; each runs in the transaction that took the
clock's row. Every function here expects its order to be locked, except those two, which lock it themselves.
"""

from collections.abc import Mapping, Sequence

from api.operations import certificates, claims
from api.operations.claims import cases
from domain import certificates as certificate_rules
from domain import clocks, dates, guarantees, tiers
from domain import coverage as covers
from domain.buyers import TIER_RULE
from domain.claims import overlaps
from domain.clocks import Clock
from domain.coverage import Coverage, CoverageState
from domain.enrolments import Guarantee
from domain.errors import Refused
from domain.explain import Finding
from domain.guarantees import Judgement, OnTimeTerms, OrderFacts
from domain.ids import ClockId, CoverageId, GuaranteeId
from domain.orders import Order
from storage import buyers as buyer_rows
from storage import calendars as calendar_rows
from storage import claims as claim_rows
from storage import clocks as clock_rows
from storage import coverage as coverage_rows
from storage import enrolments as guarantee_rows
from storage import exchange_rates as rate_rows
from storage import orders as order_rows
from storage import rulebook as rule_rows
from storage import shipments as shipment_rows
from storage.unit_of_work import Work


async def cover_order(work: Work, order: Order) -> Sequence[CoverageId]:
    """The order just paid is covered by each guarantee it was bought with, and the covers' clocks run."""
    if order.paid_at is None or not order.guarantee_ids:
        return ()
    calendar = await calendar_rows.get(work.connection, order.country)
    covered: list[Coverage] = []
    for guarantee in await guarantee_rows.by_ids(work.connection, work.tenant_id, order.guarantee_ids):
        version = await rule_rows.in_force(work.connection, work.tenant_id, guarantee.rule_key, order.paid_at)
        change = covers.cover_order(order, guarantee, version, calendar, id=work.new_id(CoverageId))
        await work.keep(change)
        certificates.certify(work, change.after, order, guarantee, version)
        await _arm(work, change.after, order)
        covered.append(change.after)
    return [coverage.id for coverage in covered]


async def take_promises(work: Work, order: Order) -> None:
    """The order's covers know what a shipment promised for lines without a promise; their clocks follow."""
    calendar = await calendar_rows.get(work.connection, order.country)
    notes = []
    for coverage in await coverage_rows.by_order(work.connection, work.tenant_id, order.id):
        change = covers.take_promises(coverage, order, calendar, work.at)
        if change is not None:
            await work.keep(change)
            await _stop(work, coverage.id)
            await _arm(work, change.after, order)
            notes.append(certificate_rules.promised(change.after, order))
    await certificates.append(work, notes)


async def take_receipts(work: Work, orders: Sequence[Order]) -> None:
    """The windows of those orders' covers that count from receipt follow what arrived or was lost; so do the clocks."""
    by_id = {order.id: order for order in orders}
    found = await coverage_rows.counted_from_receipt(work.connection, work.tenant_id, list(by_id))
    if not found:
        return
    shipments = await shipment_rows.by_orders(work.connection, work.tenant_id, {cover.order_id for cover in found})
    for coverage in found:
        order = by_id[coverage.order_id]
        calendar = await calendar_rows.get(work.connection, order.country)
        own = [shipment for shipment in shipments if shipment.order_id == order.id]
        change = covers.take_receipt(coverage, order, own, calendar, work.at)
        if change is not None:
            await work.keep(change)
            await _stop(work, coverage.id)
            await _arm(work, change.after, order)


async def admissions(
    work: Work, offered: Sequence[Guarantee], facts: OrderFacts
) -> Mapping[GuaranteeId, tuple[Finding, ...]]:
    """What the rule of each guarantee that is in force now says to an order like this, beyond who offers it where.

    Refuses where a rate is needed and not recorded.
    """
    said: dict[GuaranteeId, tuple[Finding, ...]] = {}
    calendar = await calendar_rows.get(work.connection, work.market)
    for guarantee in offered:
        version = await rule_rows.in_force(work.connection, work.tenant_id, guarantee.rule_key, work.at)
        rule = guarantees.terms_of(version)
        foreign = guarantees.needs_rate(rule, facts.currency)
        rate = None
        if foreign is not None and guarantees.BREACHES[guarantee.promise].from_payment:
            day = dates.local_day(work.at, calendar)
            rate = await rate_rows.rate(work.connection, work.tenant_id, foreign, facts.currency, day)
        said[guarantee.id] = guarantees.admission(rule, facts, rate)
    return said


async def void_coverages(work: Work, order: Order) -> None:
    """The live covers whose rule excludes what became of the order are void, and their clocks stop."""
    found = await coverage_rows.by_order(work.connection, work.tenant_id, order.id)
    notes = []
    for change in covers.void_coverages(found, order, work.at):
        await work.keep(change)
        await _stop(work, change.after.id)
        notes.append(certificate_rules.voided(change.after))
    if found and order.address_changed_at == work.at:
        notes.insert(0, certificate_rules.address_changed(order))
    await certificates.append(work, notes)


async def fire_late_delivery(work: Work, clock: Clock) -> None:
    """A promised day is over: what is late is compensated by itself where the buyer's tier has that benefit (T12).

    Where it has not, compensation is offered to the buyer, which has to apply. Then the cover waits for the next
    promise, or for the end of the window to apply. A cover that was claimed, voided or ended in the meantime waits for
    nothing.
    """
    coverage, order = await _locked(work, CoverageId(clock.subject_id))
    if coverage.state is not CoverageState.IN_FORCE:
        return
    benefit = await _automatic(work, order)
    judgement = await _judge(work, coverage, order, benefit)
    opened = None
    if judgement is not None and judgement.tree.holds:
        if benefit.holds:
            opened = await claims.open_automatically(work, coverage, judgement)
        elif (offer := covers.offer_compensation(coverage, judgement.amount, work.at)) is not None:
            await work.keep(offer)
    if opened is None:
        await _arm(work, coverage, order, since=True)


async def fire_claim_window(work: Work, clock: Clock) -> None:
    """The window to apply has closed: a cover that nobody claimed under has expired."""
    coverage, _order = await _locked(work, CoverageId(clock.subject_id))
    if coverage.state is CoverageState.IN_FORCE:
        await work.keep(covers.expire_coverage(coverage, work.at))


async def _automatic(work: Work, order: Order) -> Finding:
    """Whether the tier of the order's buyer has it compensated without asking."""
    buyer = await buyer_rows.get(work.connection, work.tenant_id, order.buyer_id)
    tier_version = await rule_rows.in_force(work.connection, work.tenant_id, TIER_RULE, work.at)
    return tiers.automatic(tiers.tier_terms(tier_version), buyer.level)


async def _judge(work: Work, coverage: Coverage, order: Order, benefit: Finding) -> Judgement | None:
    """What the frozen rule gives now without an application; None where the promise names no day.

    Where nothing is paid without asking, None also where no rate is known to tell an amount by.
    """
    rule = coverage.rule
    if not isinstance(rule, OnTimeTerms):
        return None
    shipments = await shipment_rows.by_orders(work.connection, work.tenant_id, [order.id])
    others = await claim_rows.others(work.connection, work.tenant_id, coverage.id)
    facts = covers.order_facts(
        order,
        shipments,
        overlaps.before(coverage.promise, others),
        provider_id=coverage.provider_id,
        carriage=await cases.carriage(work, coverage),
    )
    try:
        rate = await claims.conversion(work, coverage, facts)
    except Refused:
        if benefit.holds:
            raise
        return None
    besides = (benefit,) if benefit.holds else ()
    return guarantees.judge_on_time(rule, facts, work.at, conversion=rate, besides=besides)


async def _arm(work: Work, coverage: Coverage, order: Order, *, since: bool = False) -> None:
    """The clock of what the cover waits for next runs; with `since`, of what lies after this instant."""
    wait = covers.next_duty(coverage, order, work.at if since else None)
    if wait is not None:
        calendar = await calendar_rows.get(work.connection, order.country)
        started = clocks.start(
            wait.duty, coverage.id, wait.due_at, id=work.new_id(ClockId), at=work.at, calendar=calendar.market
        )
        await work.keep(started)


async def _stop(work: Work, id: CoverageId) -> None:
    """The cover waits for nothing any more."""
    for clock in await clock_rows.lock_live(work.connection, work.tenant_id, id):
        await work.keep(clocks.cancel(clock, at=work.at))


async def _locked(work: Work, id: CoverageId) -> tuple[Coverage, Order]:
    """The cover and its order, both this transaction's: the order is locked first, then the cover is read."""
    found = await coverage_rows.get(work.connection, work.tenant_id, id)
    order = await order_rows.lock(work.connection, work.tenant_id, found.order_id)
    return await coverage_rows.lock(work.connection, work.tenant_id, id), order
