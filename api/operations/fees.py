"""Fees: what merchants pay for their plans and buyers for inspections, in the books.

A fee that a merchant paid is charged to it and paid by it, each in a transfer of its own: its statement shows both. An
inspection's fee is the buyer's until its company has reported; then it is the company's, or it pays for its own refund.
What was recorded before fees were posted stays out of the books.
"""

from domain import ledger
from domain.ids import RefundId, TransferId
from domain.inspections import Inspection
from domain.ledger import Cause, Event
from domain.memberships import Membership
from storage import ledger as ledger_rows
from storage.unit_of_work import Work


async def membership(work: Work, term: Membership) -> None:
    """The merchant owed the fee for that term and paid it; nothing where it costs nothing."""
    if not (term.posted and term.fee.minor):
        return
    cause = Cause(membership_id=term.id, rule_version_id=term.rule_version_id)
    transfers = [
        ledger.transfer(
            work.new_id(TransferId), event, term.fee, party_id=term.supplier_id, cause=cause, at=work.at, part=term.fee
        )
        for event in (Event.MEMBERSHIP_CHARGED, Event.MEMBERSHIP_PAID)
    ]
    await ledger_rows.post(work, *transfers)


async def inspection(work: Work, event: Event, of: Inspection, refund_id: RefundId | None = None) -> None:
    """That happened to the inspection's fee; `refund_id` is the refund that it pays for."""
    if not of.posted:
        return
    cause = Cause(claim_id=of.claim_id, inspection_id=of.id, refund_id=refund_id, rule_version_id=of.rule_version_id)
    transfer = ledger.transfer(work.new_id(TransferId), event, of.fee, party_id=None, cause=cause, at=work.at)
    await ledger_rows.post(work, transfer)
