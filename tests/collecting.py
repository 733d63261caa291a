"""A provider that owes and is made to pay, for tests: payouts keep a part back, the rest is invoiced, one disputed."""

from __future__ import annotations

from typing import Any

from api.operations import collection, recoveries
from domain.ids import InvoiceId, LiablePartyId, RecoveryId
from domain.invoices import RecordPartyPayment
from domain.payouts import RecordPayout
from domain.recoveries import DisputeRecovery
from storage import recoveries as recovery_rows
from storage.unit_of_work import Outcome, Work
from tests.builders import Market, usd


async def collected(building: Market, party_id: LiablePartyId) -> None:
    """Two payouts keep back 30.00, of which one waits; an invoice asks for what is left, 5.00 is paid, one disputed."""
    for number in (1, 2):
        wish = RecordPayout(party_id, usd(15_00 * number), f"payout {number} of {party_id}")
        await building.act(building.staff, collection.record_payout, wish)

    async def invoiced(work: Work, _command: None) -> Outcome:
        owed = await recovery_rows.lock_owed(work.connection, work.tenant_id, party_id, "USD")
        rule = await recoveries.rule(work)
        invoice = await collection.issue_invoice(work, [each for each in owed if each.collectable], rule)
        return Outcome({"invoice": invoice.id, "recovery": invoice.lines[0].recovery_id})

    made = (await building.act(building.staff, invoiced, None)).things
    payment = RecordPartyPayment(party_id, usd(1_00), f"wire of {party_id}", InvoiceId(str(made["invoice"])))
    await building.act(building.staff, collection.record_party_payment, payment)
    wish_to_dispute = DisputeRecovery(RecoveryId(str(made["recovery"])), "It was on time.")
    await building.act(building.staff, recoveries.dispute_recovery, wish_to_dispute)


def attempts(one: dict[str, str], money: dict[str, str], keyed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What somebody else would try with them: the input of each mutation."""
    return {
        "recordPayout": {"liablePartyId": one["prv"], "amount": money, "reference": "P", **keyed},
        "confirmPayout": {"payoutId": one["pay"], "reference": "B", **keyed},
        "recordPartyPayment": {"liablePartyId": one["prv"], "amount": money, "reference": "W", **keyed},
        "disputeRecovery": {"recoveryId": one["rec"], "reason": "Not mine.", **keyed},
        "resolveRecovery": {"recoveryId": one["rec"], "owed": False, "reason": "For a friend.", **keyed},
        "writeOffRecovery": {"recoveryId": one["rec"], "reason": "For a friend.", **keyed},
        "confirmWriteOff": {"recoveryId": one["rec"], **keyed},
    }
