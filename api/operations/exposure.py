"""Drawing on exposures: what lets money reach a buyer for a loss asks here first, in its own transaction.

Locks: the order first, then its exposures; so draws on one order come one after the other whoever draws. The database
refuses on its own what would go above a ceiling.
"""

from collections.abc import Mapping

from domain import exposure, money
from domain.exposure import Draw, DrawnBy, Exposure, ExposureMovement, Line, LossCause
from domain.ids import BuyerId, CoverageId, ExposureId, ExposureMovementId, Id, OrderId, OrderLineId
from domain.money import Money
from domain.orders import Order
from storage import exposure as exposure_rows
from storage import shipments as shipment_rows
from storage.unit_of_work import Work


async def draw(
    work: Work,
    order: Order,
    cause: LossCause,
    drawn_by: DrawnBy,
    lines: Mapping[OrderLineId, Money],
    subject_id: Id,
    *,
    commitment_id: CoverageId | None = None,
    entitled: Mapping[OrderLineId, Money] | None = None,
    partly: bool = False,
) -> Mapping[OrderLineId, Money]:
    """What was drawn, by line; the order is locked by the caller.

    `commitment_id` is the cover whose rule gives it and `entitled` what that rule gives per line. Refuses
    (`exposure.draw`), naming every line, what is above what is left of the loss; with `partly` what is left is drawn.
    """
    wish = Draw(
        cause,
        drawn_by,
        subject_id,
        {id: amount for id, amount in lines.items() if amount.minor},
        commitment_id,
        entitled,
    )
    rows, bounded = await _bounded(work, order, wish)
    taken = exposure.draw(bounded, wish, partly=partly)
    for line_id, amount in taken.items():
        change = exposure.drawn(rows.get(line_id), bounded[line_id], amount, wish)
        await work.keep(change)
        work.add(
            ExposureMovement(
                work.new_id(ExposureMovementId), change.after.id, cause, drawn_by, subject_id, amount, work.at
            )
        )
    return taken


async def room(
    work: Work,
    order: Order,
    cause: LossCause,
    lines: Mapping[OrderLineId, Money],
    subject_id: Id,
    *,
    commitment_id: CoverageId | None = None,
    entitled: Mapping[OrderLineId, Money] | None = None,
) -> dict[OrderLineId, Money]:
    """Of what is wished for each line, what could be drawn for it now. The order is locked by the caller."""
    wish = Draw(cause, DrawnBy.CLAIM, subject_id, lines, commitment_id, entitled)
    _, bounded = await _bounded(work, order, wish)
    nothing = Money.zero(order.total.currency)
    return {**dict.fromkeys(lines, nothing), **exposure.draw(bounded, wish, partly=True)}


async def goods(work: Work, order: Order) -> dict[OrderLineId, Money]:
    """What can still be lost with the goods, by line: what a disputed payment that names no line is spread over."""
    lines = await _lines(work, order)
    nothing = Money.zero(order.total.currency)
    wish = Draw(LossCause.NON_RECEIPT, DrawnBy.CHARGEBACK, order.id, dict.fromkeys(lines, nothing))
    _, bounded = await _bounded(work, order, wish)
    return {id: each.left for id, each in bounded.items()}


async def release(work: Work, subject_id: Id, lines: Mapping[OrderLineId, Money] | None = None) -> None:
    """What the subject drew is given back: all of it, or that much per line as far as it is still drawn.

    The order is locked by the caller.
    """
    for row, drawn, last in await exposure_rows.lock_by_subject(work.connection, work.tenant_id, subject_id):
        nothing = Money.zero(drawn.currency)
        amount = drawn if lines is None else min(lines.get(row.line_id, nothing), drawn)
        if amount.minor <= 0:
            continue
        await work.keep(exposure.release(row, drawn, amount, subject_id))
        work.add(
            ExposureMovement(
                work.new_id(ExposureMovementId), row.id, last.cause, last.drawn_by, subject_id, -amount, work.at
            )
        )


async def drawn(work: Work, subject_id: Id) -> dict[OrderLineId, Money]:
    """What the subject drew and did not give back, by line."""
    found: dict[OrderLineId, Money] = {}
    for row, amount, _ in await exposure_rows.lock_by_subject(work.connection, work.tenant_id, subject_id):
        found[row.line_id] = found.get(row.line_id, Money.zero(amount.currency)) + amount
    return found


async def _bounded(
    work: Work, order: Order, wish: Draw
) -> tuple[dict[OrderLineId, Exposure], dict[OrderLineId, Exposure]]:
    """The stored exposures of the wish's lines, and those of all its lines with the ceilings that hold for it."""
    loss = exposure.LOSSES[wish.cause]
    lines = await _lines(work, order)
    if strangers := wish.amounts.keys() - lines.keys():
        raise ValueError(f"{', '.join(sorted(strangers))}: not of {order.id}")
    rows = await exposure_rows.lock_by_lines(work.connection, work.tenant_id, list(wish.amounts), loss)
    bounded = {}
    for line_id in wish.amounts:
        row = rows.get(line_id) or exposure.open_exposure(
            lines[line_id],
            loss,
            order_id=OrderId(order.id),
            buyer_id=BuyerId(order.buyer_id),
            id=work.new_id(ExposureId),
            at=work.at,
        )
        bounded[line_id] = exposure.bounded(row, lines[line_id], wish)
    return rows, bounded


async def _lines(work: Work, order: Order) -> dict[OrderLineId, Line]:
    """The order's lines with their shares of its freight, and of what the shop itself gave back."""
    currency = order.total.currency
    shipment_ids = {line.shipment_id for line in order.lines if line.shipment_id is not None}
    shipped = await shipment_rows.by_ids(work.connection, work.tenant_id, shipment_ids) if shipment_ids else []
    freights = [each.freight for each in shipped if each.freight is not None and each.freight.currency == currency]
    by_shop = Money.zero(currency)
    if order.refunded.minor:
        ours = await exposure_rows.paid_back_by_us(work.connection, work.tenant_id, order.id)
        by_shop = Money(max(order.refunded.minor - ours, 0), currency)
    parts = [(line.id, line.value) for line in order.lines]
    return exposure.lines(parts, money.total(freights, currency), by_shop)
