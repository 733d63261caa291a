"""Invoices: what payouts and deposit did not collect in time is asked for, line by line.

    OPEN -its last day passes-> OVERDUE
    OPEN | OVERDUE -every line settled-> PAID

Laws: an invoice is of one party and currency; its lines name claim and coupon and never change but for what of them is
settled; a line is settled by whatever makes its recovery smaller: a payment, a payout, a deposit, a reversal, a
dispute, a write-off; what is settled stays settled; remaining = total - settled, and the invoice is paid exactly when
that is zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.change import Change, Fact, Happening
from domain.dates import rfc3339
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import (
    ClaimId,
    CouponId,
    InvoiceId,
    InvoiceLineId,
    LiablePartyId,
    PartyPaymentId,
    ProviderId,
    RecoveryId,
    RuleVersionId,
    SupplierId,
)
from domain.money import Money, total
from domain.payouts import check
from domain.recoveries import Recovery


class InvoiceState(StrEnum):
    """Where an invoice stands."""

    OPEN = "OPEN"
    """It is to be paid until its last day."""
    OVERDUE = "OVERDUE"
    """Its last day has passed."""
    PAID = "PAID"
    """Every line is settled."""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """What one recovery asks for. `settled` is what of it is not asked for any more, however that came."""

    id: InvoiceLineId
    invoice_id: InvoiceId
    position: int
    recovery_id: RecoveryId
    claim_id: ClaimId
    coupon_id: CouponId | None
    amount: Money
    settled: Money


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a party is asked to pay until `due_at`."""

    id: InvoiceId
    number: str
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    state: InvoiceState
    total: Money
    remaining: Money
    rule_version_id: RuleVersionId
    issued_at: datetime
    due_at: datetime
    overdue_at: datetime | None
    ended_at: datetime | None
    lines: tuple[InvoiceLine, ...]
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """Who is to pay it."""
        party = self.supplier_id or self.provider_id
        if party is None:
            raise ValueError(f"{self.id} is nobody's")
        return party


def overdue(invoice: Invoice, rule_version: str) -> Finding:
    """Why its party is restricted: it was not paid in time."""
    inputs: dict[str, Input] = {
        "invoice": invoice.number,
        "dueAt": rfc3339(invoice.due_at),
        "remaining": str(invoice.remaining),
    }
    return Finding("collection.restriction", False, "invoice_paid_in_time", inputs, rule_version)


@dataclass(frozen=True, slots=True)
class PartyPayment:
    """Money with which a party paid what it owed; `invoice_id` is the invoice that it named."""

    id: PartyPaymentId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    invoice_id: InvoiceId | None
    reference: str
    amount: Money
    received_at: datetime
    recorded_by: str
    version: int


@dataclass(frozen=True, slots=True)
class RecordPartyPayment:
    """That a party's money came in under the bank's reference, for an invoice or for what it owes at all."""

    party_id: LiablePartyId
    amount: Money
    reference: str
    invoice_id: InvoiceId | None = None


def number_of(id: InvoiceId) -> str:
    """The invoice's number for people: the last ten characters of its id, in two groups."""
    return f"{id[-10:-5]}-{id[-5:]}".upper()


def issue_invoice(
    owed: Sequence[Recovery],
    due_at: datetime,
    line_ids: Sequence[InvoiceLineId],
    *,
    rule_version_id: RuleVersionId,
    id: InvoiceId,
    at: datetime,
) -> Change[Invoice]:
    """The invoice asks for all that is outstanding of them; they are one party's and of one currency."""
    first = owed[0]
    lines = tuple(
        InvoiceLine(
            line_id,
            id,
            position,
            recovery.id,
            recovery.claim_id,
            recovery.coupon_id,
            recovery.outstanding,
            Money.zero(recovery.outstanding.currency),
        )
        for position, (line_id, recovery) in enumerate(zip(line_ids, owed, strict=True), start=1)
    )
    whole = total([line.amount for line in lines], first.outstanding.currency)
    invoice = Invoice(
        id,
        number_of(id),
        first.supplier_id,
        first.provider_id,
        InvoiceState.OPEN,
        whole,
        whole,
        rule_version_id,
        at,
        due_at,
        None,
        None,
        lines,
        version=1,
    )
    return Change(None, invoice, (_happening("invoice.issued", invoice),))


def settle(invoice: Invoice, before: Recovery, after: Recovery, at: datetime) -> Change[Invoice] | None:
    """The recovery's line asks for less by as much as the recovery became less; for nothing once it left the invoice.

    None where nothing changed. What falls due later is not on the invoice: what is collected settles the invoice first.
    """
    less = max(before.outstanding.minor - after.outstanding.minor, 0)
    lines = []
    for line in invoice.lines:
        asked = line.amount.minor - line.settled.minor
        part = min(less, asked) if after.invoice_id == invoice.id else asked
        settled = Money(line.settled.minor + part, line.amount.currency)
        lines.append(replace(line, settled=settled) if line.recovery_id == after.id else line)
    if tuple(lines) == invoice.lines:
        return None
    left = total([line.amount - line.settled for line in lines], invoice.total.currency)
    paid = not left.minor
    smaller = replace(
        invoice,
        lines=tuple(lines),
        remaining=left,
        state=InvoiceState.PAID if paid else invoice.state,
        ended_at=at if paid else None,
        version=invoice.version + 1,
    )
    return Change(invoice, smaller, (_happening("invoice.paid" if paid else "invoice.settled", smaller),))


def fall_overdue(invoice: Invoice, at: datetime) -> Change[Invoice]:
    """Its last day has passed. Refuses one that is not open with ValueError."""
    if invoice.state is not InvoiceState.OPEN:
        raise ValueError(f"{invoice.id} is {invoice.state}")
    after = replace(invoice, state=InvoiceState.OVERDUE, overdue_at=at, version=invoice.version + 1)
    return Change(invoice, after, (_happening("invoice.overdue", after),))


def record_party_payment(
    command: RecordPartyPayment, owed: Money, *, id: PartyPaymentId, by: str, at: datetime
) -> Change[PartyPayment]:
    """The money is in. `owed` is what the party owes, or what the named invoice still asks for.

    Refuses an amount not above zero, a reference that cannot be printed, and more than is owed.
    """
    check(command.amount, command.reference)
    finding = Finding(
        "party_payment.owed",
        command.amount <= owed,
        "payment_within_debt",
        {"amountMinor": command.amount.minor, "owedMinor": owed.minor, "currency": owed.currency},
    )
    if because := unmet((finding,)):
        raise Refused("party_payment.record", "More was paid than is owed.", because)
    supplier_id = command.party_id if isinstance(command.party_id, SupplierId) else None
    provider_id = command.party_id if isinstance(command.party_id, ProviderId) else None
    payment = PartyPayment(
        id, supplier_id, provider_id, command.invoice_id, command.reference, command.amount, at, by, version=1
    )
    facts: dict[str, Fact] = {
        "partyId": command.party_id,
        "amountMinor": command.amount.minor,
        "currency": command.amount.currency,
        "invoiceId": command.invoice_id,
    }
    return Change(None, payment, (Happening("party_payment.recorded", facts),))


def of_invoice(invoice: Invoice, party_id: LiablePartyId) -> None:
    """Returns if the invoice is that party's. Refuses with Invalid otherwise."""
    if invoice.party_id != party_id:
        raise Invalid(Problem(("invoiceId",), "is no invoice of this party"))


def _happening(name: str, invoice: Invoice) -> Happening:
    facts: dict[str, Fact] = {
        "partyId": invoice.party_id,
        "number": invoice.number,
        "totalMinor": invoice.total.minor,
        "remainingMinor": invoice.remaining.minor,
        "currency": invoice.total.currency,
    }
    return Happening(name, facts)
