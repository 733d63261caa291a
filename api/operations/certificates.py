"""Certificates: made when a payment freezes a cover, continued where something happens to it.

Whoever appends holds the ends of the chains until its transaction's end, and takes them after every other lock.
"""

from collections.abc import Sequence
from typing import Final

from api.operations.duties import end_duties, start_duty
from domain import certificates
from domain.certificates import Note
from domain.change import Change
from domain.clocks import Clock, Duty
from domain.coverage import Coverage
from domain.enrolments import Guarantee
from domain.holds import HoldState
from domain.ids import AppendixId, CertificateId, ClockHoldId, GuaranteeId, OrderId
from domain.orders import Order
from domain.rulebook import RuleVersion
from domain.shipments import Shipment
from storage import certificates as certificate_rows
from storage import enrolments as guarantee_rows
from storage import holds as hold_rows
from storage.unit_of_work import Work

CHUNK: Final = 500
"""Certificates that one transaction tells of a withdrawn guarantee, or of a hold."""


def certify(work: Work, coverage: Coverage, order: Order, guarantee: Guarantee, version: RuleVersion) -> None:
    """The cover that a payment has just frozen has its certificate."""
    made = certificates.certify(
        coverage,
        order,
        guarantee,
        version,
        id=work.new_id(CertificateId),
        tenant_id=work.tenant_id,
        sign=certificate_rows.sign,
        at=work.at,
    )
    work.add(made)


async def append(work: Work, notes: Sequence[Note]) -> None:
    """The certificates of those covers and orders tell of it. A cover from before there were certificates has none."""
    if not notes:
        return
    ids = await certificate_rows.concerned(work.connection, work.tenant_id, {note.of for note in notes})
    await _continue(work, ids, notes)


async def tell_estimates(work: Work, moved: Sequence[Change[Shipment]]) -> None:
    """The certificates of the shipments' orders tell every new estimate; the promise stands beside it, unchanged."""
    notes = [
        certificates.estimated(
            OrderId(change.after.order_id), change.after.id, change.after.eta_at, change.after.promised_at
        )
        for change in moved
        if change.before is not None and change.before.eta_at != change.after.eta_at
    ]
    await append(work, notes)


async def tell_withdrawal(work: Work, guarantee: Guarantee) -> None:
    """The certificates of whatever is still covered by the guarantee, which has ended, will tell so: chunk by chunk."""
    await start_duty(work, Duty.TELL_WITHDRAWAL, guarantee.id, work.at, party_id=None)


async def fire_tell_withdrawal(work: Work, clock: Clock) -> None:
    """A chunk of the certificates tells that their guarantee was withdrawn; the next chunk's clock runs."""
    id = GuaranteeId(clock.subject_id)
    guarantee = await guarantee_rows.get(work.connection, work.tenant_id, id)
    ids = await certificate_rows.untold(work.connection, work.tenant_id, id, limit=CHUNK)
    tails = await certificate_rows.lock_tails(work.connection, work.tenant_id, ids)
    notes = [certificates.withdrawn(tail.coverage_id, guarantee) for tail in tails]
    work.add(
        *certificates.append(tails, notes, mint=lambda: work.new_id(AppendixId), sign=certificate_rows.sign, at=work.at)
    )
    if len(ids) == CHUNK:
        await tell_withdrawal(work, guarantee)


async def tell_hold(work: Work, id: ClockHoldId) -> None:
    """The certificates of what the hold stopped will tell so: chunk by chunk."""
    await start_duty(work, Duty.TELL_HOLD, id, work.at, party_id=None)


async def tell_release(work: Work, id: ClockHoldId) -> None:
    """The certificates of what the hold has let go will tell so: chunk by chunk.

    It has a duty of its own, since that of the hold may be firing at this very moment.
    """
    await end_duties(work, id)
    await start_duty(work, Duty.TELL_RELEASE, id, work.at, party_id=None)


async def fire_tell_release(work: Work, clock: Clock) -> None:
    """A chunk of the certificates tells of the hold's end; the next chunk's clock runs where more are left."""
    await fire_tell_hold(work, clock)


async def fire_tell_hold(work: Work, clock: Clock) -> None:
    """A chunk of the certificates tells of the hold or of its end; the next chunk's clock runs where more are left."""
    hold = await hold_rows.get(work.connection, work.tenant_id, ClockHoldId(clock.subject_id))
    released = hold.state is HoldState.REVERSED
    found = await certificate_rows.untold_of_hold(
        work.connection, work.tenant_id, hold.id, released=released, limit=CHUNK + 1
    )
    tails = await certificate_rows.lock_tails(work.connection, work.tenant_id, found[:CHUNK])
    notes = [certificates.held(tail.coverage_id, hold) for tail in tails]
    work.add(
        *certificates.append(tails, notes, mint=lambda: work.new_id(AppendixId), sign=certificate_rows.sign, at=work.at)
    )
    if len(found) > CHUNK:
        await start_duty(work, clock.duty, hold.id, work.at, party_id=None)


async def _continue(work: Work, ids: Sequence[CertificateId], notes: Sequence[Note]) -> None:
    tails = await certificate_rows.lock_tails(work.connection, work.tenant_id, ids)
    work.add(
        *certificates.append(tails, notes, mint=lambda: work.new_id(AppendixId), sign=certificate_rows.sign, at=work.at)
    )
