"""Notices of chargebacks: heard from processors and staff in whatever order, matched to payments, and followed.

Locks: the network's reference (so that words about one chargeback are heard one after the other), the order, the
chargeback, the money.
"""

import hashlib
from dataclasses import replace
from typing import Final

import orjson

from api.operations import chargeback_ends
from domain import access, chargeback_notices, chargeback_steps, chargeback_terms
from domain.chargeback_notices import (
    ChargebackNotice,
    MatchNotice,
    NewNotice,
    NoticeAction,
    NoticeKind,
    NoticeProblem,
    NoticeState,
    Verdict,
)
from domain.chargebacks import Actor, Chargeback, ChargebackResult, ChargebackState
from domain.errors import Conflict, Invalid, Refused
from domain.explain import Finding
from domain.ids import ChargebackId, ChargebackNoticeId, ProcessorId, RuleVersionId
from domain.memberships import CardReceipt
from domain.moves import require
from domain.orders import Order
from storage import chargebacks as chargeback_rows
from storage import memberships as membership_rows
from storage import orders as order_rows
from storage.unit_of_work import Outcome, Work

DEFENDED: Final = frozenset({ChargebackState.REPRESENTED, ChargebackState.PRE_ARBITRATION})
"""States in which a loss is the network's decision about a defence."""


async def record_chargeback_notice(work: Work, command: NewNotice) -> Outcome:
    """What staff or the shop tell of a chargeback, in the place of a processor, is heard."""
    access.require(work.caller, "recordChargebackNotice")
    notice = await hear(work, command, None)
    things = {"notice": str(notice.id)}
    if notice.chargeback_id is not None:
        things["chargeback"] = str(notice.chargeback_id)
    return Outcome(things)


async def hear(work: Work, told: NewNotice, processor_id: ProcessorId | None) -> ChargebackNotice:
    """What was told is kept, and has moved what it moves. The same event again is what it was.

    Refuses with Invalid what is wrong with it by itself, with Conflict the same event with another content.
    """
    if wrong := chargeback_notices.problems(told, work.at):
        raise Invalid(*wrong)
    digest = digest_of(told)
    await chargeback_rows.lock_reference(work.connection, work.tenant_id, told.scheme, told.network_reference)
    known = await chargeback_rows.find_event(work.connection, work.tenant_id, processor_id, told.event_id)
    if known is not None:
        if known.digest != digest:
            raise Conflict("This event was told with another content.", field=("eventId",))
        return known
    change = chargeback_notices.record_notice(
        told,
        digest,
        chargeback_notices.WAITS,
        processor_id=processor_id,
        chargeback_id=None,
        id=work.new_id(ChargebackNoticeId),
        at=work.at,
    )
    await work.keep(change)
    return await _follow(work, change.after)


async def match_chargeback_notice(work: Work, command: MatchNotice) -> Outcome:
    """The notice is about that order, say staff: its chargeback is opened, however late, and what waited follows.

    Refuses a notice that fits another order's currency or exceeds what was paid, and one that is matched already.
    """
    access.require(work.caller, "matchChargebackNotice")
    seen = await chargeback_rows.get_notice(work.connection, work.tenant_id, command.notice_id)
    await chargeback_rows.lock_reference(work.connection, work.tenant_id, seen.scheme, seen.network_reference)
    order = await order_rows.lock(work.connection, work.tenant_id, command.order_id)
    notice = await chargeback_rows.lock_notice(work.connection, work.tenant_id, seen.id)
    work.expect(notice)
    moves = chargeback_notices.moves(notice, work.caller)
    require(moves, NoticeAction.MATCH_CHARGEBACK_NOTICE.value, "notice.match_chargeback_notice")
    found = await chargeback_rows.find_by_reference(
        work.connection, work.tenant_id, notice.scheme, notice.network_reference
    )
    if found is not None:
        finding = Finding("notice.reference", False, "chargeback_reference_free", {"chargebackId": found.id})
        raise Refused("notice.match", "The network's reference is known already.", (finding,))
    first = replace(notice, kind=NoticeKind.OPENED)
    receipt = await _receipt(work, first, order)
    chargeback_notices.require_fit(await _unfit(work, first, order, receipt))
    opened = await _open(work, first, order, receipt)
    kept = chargeback_notices.take_verdict(notice, chargeback_notices.APPLIES, opened.id)
    await work.keep(kept)
    if notice.kind is not NoticeKind.OPENED:
        await _apply(work, opened, order, notice)
    await _follow_up(work, notice)
    return Outcome({"notice": notice.id, "chargeback": opened.id})


async def rehear(work: Work, receipt: CardReceipt) -> list[ChargebackId]:
    """Notices that named this payment before anybody knew of it have opened their chargebacks. The order is locked."""
    opened = []
    known = await chargeback_rows.unmatched_by_payment(work.connection, work.tenant_id, receipt.payment_reference)
    for notice in known:
        await chargeback_rows.lock_reference(work.connection, work.tenant_id, notice.scheme, notice.network_reference)
        now = await _follow(work, await chargeback_rows.lock_notice(work.connection, work.tenant_id, notice.id))
        if now.chargeback_id is not None:
            opened.append(now.chargeback_id)
    return opened


def digest_of(told: NewNotice) -> str:
    """The SHA-256 of all that was told, in hexadecimal."""
    return hashlib.sha256(orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def _follow(work: Work, notice: ChargebackNotice) -> ChargebackNotice:
    """The notice has moved what it moves, and so have those that waited for it. Its reference is locked."""
    found = await chargeback_rows.find_by_reference(
        work.connection, work.tenant_id, notice.scheme, notice.network_reference
    )
    verdict = chargeback_notices.heard(found, notice)
    if verdict is not chargeback_notices.APPLIES:
        return await _judged(work, notice, verdict, None if found is None else found.id)
    if found is None:
        return await _opened(work, notice)
    order = await order_rows.lock(work.connection, work.tenant_id, found.order_id)
    chargeback = await chargeback_rows.lock(work.connection, work.tenant_id, found.id)
    verdict = chargeback_notices.heard(chargeback, notice)
    after = await _judged(work, notice, verdict, chargeback.id)
    if verdict is chargeback_notices.APPLIES:
        await _apply(work, chargeback, order, notice)
        await _follow_up(work, notice)
    return after


async def _opened(work: Work, notice: ChargebackNotice) -> ChargebackNotice:
    """The first word has opened its chargeback, or is unmatched."""
    receipt = (
        None
        if notice.payment_reference is None
        else await membership_rows.find_receipt(work.connection, work.tenant_id, notice.payment_reference)
    )
    named = await _named(work, notice)
    if receipt is not None and named is not None and named.id != receipt.order_id:
        return await _judged(work, notice, _unmatched(NoticeProblem.OTHER_ORDER), None)
    order_id = receipt.order_id if receipt is not None else None if named is None else named.id
    if order_id is None:
        return await _judged(work, notice, _unmatched(NoticeProblem.UNKNOWN_PAYMENT), None)
    order = await order_rows.lock(work.connection, work.tenant_id, order_id)
    if problem := await _unfit(work, notice, order, receipt):
        return await _judged(work, notice, _unmatched(problem), None)
    chargeback = await _open(work, notice, order, receipt)
    after = await _judged(work, notice, chargeback_notices.APPLIES, chargeback.id)
    await _follow_up(work, notice)
    return after


async def _open(work: Work, notice: ChargebackNotice, order: Order, receipt: CardReceipt | None) -> Chargeback:
    """The chargeback is there, its money held, and the merchant's time runs. The notice fits the order."""
    rule = await chargeback_ends.terms_at(work, work.at)
    calendar = await chargeback_ends.calendar_of(work)
    paid_at = receipt.received_at if receipt is not None else order.paid_at or order.placed_at
    due_at = chargeback_terms.network_due_at(
        rule, notice.scheme, notice.occurred_at, calendar, told=notice.network_due_at
    )
    if notice.amount is None:
        raise ValueError(f"{notice.id} does not say how much is taken back")
    opened = chargeback_steps.open_chargeback(
        notice,
        order,
        notice.amount,
        receipt_id=None if receipt is None else receipt.id,
        network_due_at=due_at,
        late=chargeback_terms.is_late(rule, paid_at, notice.occurred_at, calendar),
        rule_version_id=RuleVersionId(rule.version),
        id=work.new_id(ChargebackId),
        at=work.at,
    )
    chargeback = await chargeback_ends.step(work, opened, Actor.NETWORK)
    chargeback = await chargeback_ends.hold(work, chargeback, order)
    until = chargeback_terms.evidence_due_at(rule, work.at, due_at, calendar)
    return await chargeback_ends.step(work, chargeback_steps.ask_for_evidence(chargeback, until, work.at), Actor.SYSTEM)


async def _apply(work: Work, chargeback: Chargeback, order: Order, notice: ChargebackNotice) -> Chargeback:
    """The network's word has moved the chargeback."""
    if notice.kind is NoticeKind.WON:
        return await chargeback_ends.win(work, chargeback, order, notice.occurred_at, Actor.NETWORK)
    if notice.kind is NoticeKind.LOST:
        defended = chargeback.state in DEFENDED and chargeback.pack_accepted_at is not None
        result = ChargebackResult.LOST if defended else ChargebackResult.LOST_BY_DEFAULT
        return await chargeback_ends.lose(work, chargeback, order, result, notice.occurred_at, Actor.NETWORK)
    return await chargeback_ends.reopen(work, chargeback, order, notice.occurred_at)


async def _follow_up(work: Work, notice: ChargebackNotice) -> None:
    """What waited, or contradicted, is heard again, in the order in which it occurred."""
    waiting = await chargeback_rows.pending(work.connection, work.tenant_id, notice.scheme, notice.network_reference)
    for other in waiting:
        if other.id == notice.id:
            continue
        found = await chargeback_rows.find_by_reference(
            work.connection, work.tenant_id, other.scheme, other.network_reference, lock=True
        )
        verdict = chargeback_notices.heard(found, other)
        if found is None or (verdict.state, verdict.problem) == (other.state, other.problem):
            continue
        await _judged(work, other, verdict, found.id)
        if verdict is chargeback_notices.APPLIES:
            order = await order_rows.lock(work.connection, work.tenant_id, found.order_id)
            await _apply(work, found, order, other)


async def _judged(
    work: Work, notice: ChargebackNotice, verdict: Verdict, chargeback_id: ChargebackId | None
) -> ChargebackNotice:
    """The notice with what became of it; as it is where that is nothing new."""
    now = (verdict.state, verdict.problem, chargeback_id)
    if now == (notice.state, notice.problem, notice.chargeback_id):
        return notice
    change = chargeback_notices.take_verdict(notice, verdict, chargeback_id)
    await work.keep(change)
    return change.after


async def _named(work: Work, notice: ChargebackNotice) -> Order | None:
    if notice.order_reference is None:
        return None
    found = await order_rows.by_references(work.connection, work.tenant_id, [notice.order_reference])
    return found[0] if found else None


async def _receipt(work: Work, notice: ChargebackNotice, order: Order) -> CardReceipt | None:
    """The payment that the notice names, where it is one of the order's."""
    known = await membership_rows.receipts_by_order(work.connection, work.tenant_id, order.id)
    return next((each for each in known if each.payment_reference == notice.payment_reference), None)


async def _unfit(
    work: Work, notice: ChargebackNotice, order: Order, receipt: CardReceipt | None
) -> NoticeProblem | None:
    rule = await chargeback_ends.terms_at(work, work.at)
    calendar = await chargeback_ends.calendar_of(work)
    currency = order.total.currency
    paid = order.total if receipt is None else receipt.amount
    taken_back = await chargeback_rows.taken_back(
        work.connection, work.tenant_id, order.id, None if receipt is None else receipt.id, currency
    )
    paid_at = receipt.received_at if receipt is not None else order.paid_at or order.placed_at
    latest = chargeback_terms.arrives_until(rule, paid_at, calendar)
    return chargeback_notices.unfit(notice, order, paid, taken_back, latest)


def _unmatched(problem: NoticeProblem) -> Verdict:
    return Verdict(NoticeState.UNMATCHED, problem)
