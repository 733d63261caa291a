"""Messages about shipments: clocks start when a shipment gives occasion, and write what is due when they are over.

How it works. `watch` looks at what moved and starts at most two clocks on a shipment: one that is over at once, for
what is due now (`TELL_MILESTONE`), and one for what is due next (`SEND_NOTICE`). Whichever is over writes everything
that is due, under the shipment's lock, and starts the clock of what is due next. Nothing is planned ahead: what is due
follows from the shipment as it stands then, so a corrected report corrects the messages that are not yet written.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from domain import clocks, dates, messages
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.ids import BuyerId, ClockId, MessageId, ShipmentId, SupplierId
from domain.messages import Due, Facts, MessageTerms, Recipient
from domain.orders import Order
from domain.shipments import Shipment
from storage import buyers as buyer_rows
from storage import calendars as calendar_rows
from storage import clocks as clock_rows
from storage import messages as message_rows
from storage import orders as order_rows
from storage import providers as provider_rows
from storage import shipments as shipment_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Work

DUTIES: Final = (Duty.SEND_NOTICE, Duty.TELL_MILESTONE)


async def watch(work: Work, changes: Sequence[Change[Shipment]]) -> None:
    """A clock runs for every message that the changes give occasion for. The shipments are locked.

    Whoever keeps changes of shipments calls it, once for all of them. Nothing is read where they give no occasion.
    """
    rule = await message_rows.find_terms(work.connection, work.tenant_id, work.at)
    if rule is None:
        return
    found = {change.after.id: messages.occasioned(rule, change.before, change.after) for change in changes}
    found = {id: due for id, due in found.items() if due}
    if not found:
        return
    live = await _live(work, found)
    started: list[Change[Clock]] = []
    for id, due in found.items():
        now = [each.at for each in due if each.at < work.at]
        later = [each.at for each in due if each.at >= work.at]
        if now and (id, Duty.TELL_MILESTONE) not in live:
            started.append(_started(work, Duty.TELL_MILESTONE, id, min(now)))
        if later:
            started += await _notice(work, id, min(later), live.get((id, Duty.SEND_NOTICE)))
    await work.keep_all(started)


async def fire_send_notice(work: Work, clock: Clock) -> None:
    """It is time for the next message: it is written or skipped, and the clock of the one after it runs."""
    await _tell(work, clock)


async def fire_tell_milestone(work: Work, clock: Clock) -> None:
    """A milestone was passed: what is due is written or skipped."""
    await _tell(work, clock)


async def _tell(work: Work, clock: Clock) -> None:
    """Every message of the shipment that is due is written or skipped, and the clock of the next one runs."""
    rule = await message_rows.find_terms(work.connection, work.tenant_id, work.at)
    id = ShipmentId(clock.subject_id)
    if rule is None:
        return
    (shipment,) = await shipment_rows.lock_by_ids(work.connection, work.tenant_id, [id])
    order = await order_rows.get(work.connection, work.tenant_id, shipment.order_id)
    known = {(each.key, each.party_id) for each in await message_rows.by_subject(work.connection, work.tenant_id, id)}
    missing = [
        (each, SIDES[recipient](order))
        for each in messages.due(rule, shipment)
        for recipient in sorted(rule.templates[each.key].to)
        if (each.key, SIDES[recipient](order)) not in known
    ]
    for each, party_id in missing:
        if each.at < work.at:
            await _write(work, rule, order, shipment, each, party_id)
    waiting = [each.at for each, _ in missing if each.at >= work.at]
    if waiting:
        live = await _live(work, [id])
        await work.keep_all(await _notice(work, id, min(waiting), live.get((id, Duty.SEND_NOTICE))))


SIDES: Final[Mapping[Recipient, Callable[[Order], BuyerId | SupplierId]]] = {
    Recipient.BUYER: lambda order: order.buyer_id,
    Recipient.SUPPLIER: lambda order: order.supplier_id,
}
"""Recipient -> the party of the order. Total."""
assert SIDES.keys() == set(Recipient)


async def _write(
    work: Work, rule: MessageTerms, order: Order, shipment: Shipment, each: Due, party_id: BuyerId | SupplierId
) -> None:
    """The message to that party is written or skipped."""
    facts = await _facts(work, order, shipment)
    country = await _country(work, party_id)
    id = work.new_id(MessageId)
    await work.keep(
        messages.compose(rule, shipment, each, facts, id=id, party_id=party_id, country=country, at=work.at)
    )


async def _facts(work: Work, order: Order, shipment: Shipment) -> Facts:
    """What a message about the shipment may speak of; days are those where it is delivered."""
    calendar = await calendar_rows.get(work.connection, order.country)
    provider = await provider_rows.get(work.connection, work.tenant_id, shipment.provider_id)

    def day(at: datetime | None) -> date | None:
        return None if at is None else dates.local_day(at, calendar)

    return Facts(
        order=order.reference,
        shipment=shipment.reference,
        provider=provider.name,
        tracking_number=shipment.tracking_number,
        promised_on=day(shipment.promised_at),
        expected_on=day(shipment.eta_at),
        picked_up_on=day(shipment.picked_up_at),
        delivered_on=day(shipment.delivered_at),
    )


async def _country(work: Work, party_id: BuyerId | SupplierId) -> str:
    """Where the party is at home."""
    if isinstance(party_id, BuyerId):
        return (await buyer_rows.get(work.connection, work.tenant_id, party_id)).country
    return (await supplier_rows.get(work.connection, work.tenant_id, party_id)).country


async def _notice(work: Work, id: ShipmentId, at: datetime, live: Clock | None) -> list[Change[Clock]]:
    """The clock of the next message runs until then, or until an earlier message that was next already."""
    if live is not None and live.due_at <= at:
        return []
    if live is None:
        return [_started(work, Duty.SEND_NOTICE, id, at)]
    locked = await clock_rows.lock_live(work.connection, work.tenant_id, id, (Duty.SEND_NOTICE,))
    ended = [clocks.cancel(clock, at=work.at) for clock in locked]
    return [*ended, _started(work, Duty.SEND_NOTICE, id, at)] if ended else []


def _started(work: Work, duty: Duty, id: ShipmentId, at: datetime) -> Change[Clock]:
    """The clock of that duty. It counts exact hours, so no calendar; nobody but the platform has to act."""
    return clocks.start(duty, id, at, id=work.new_id(ClockId), at=work.at)


async def _live(work: Work, ids: Collection[ShipmentId]) -> Mapping[tuple[str, Duty], Clock]:
    """The clocks of messages that run on those shipments. Whoever fires one waits for the order, and will look then."""
    found = await clock_rows.live_by_subjects(work.connection, work.tenant_id, ids, DUTIES)
    return {(clock.subject_id, clock.duty): clock for clock in found}
