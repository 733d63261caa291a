"""Reimbursements: what an insurer, or a carrier outside a case, pays back to the marketplace for a decided claim.

The buyer was given its money by the claim; what nobody else bears of that is the marketplace's own loss, and an insurer
of it pays the marketplace. The books take it as recovered, so that recovered + charged to the parties + borne by the
platform = given to the buyer, as before (`domain.md` 5, B8). The exposure of the buyer's loss is not touched: the buyer
gets nothing. What an insurer pays the buyer itself is another thing (`domain/insurance.py`).

Laws: a reimbursement never exceeds what the marketplace bears of the claim when it is recorded, less what may still
fall due from parties and what carriers are asked for; one that turns out not to have been made is withdrawn, once, and
the marketplace bears that much again; the same payment of a payer is recorded once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain import reported_payments, texts
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.claims import Claim
from domain.errors import Invalid, Problem, Refused
from domain.explain import Finding, Input, unmet
from domain.ids import ClaimId, DecisionId, OrderId, ReimbursementId
from domain.money import Money
from domain.moves import Move, require
from domain.reported_payments import PaidFor


class Reimburser(StrEnum):
    """Who pays the marketplace back."""

    INSURER = "INSURER"
    """An insurer of the marketplace's loss."""
    CARRIER = "CARRIER"
    """A carrier that pays although no case against it is open: its case was refused, given up or too late."""


class ReimbursementAction(StrEnum):
    """What can be done with a reimbursement; the value is the mutation's name in capitals."""

    WITHDRAW_REIMBURSEMENT = "WITHDRAW_REIMBURSEMENT"
    """withdrawReimbursement: it was not made after all."""


@dataclass(frozen=True, slots=True)
class Reimbursement:
    """What the marketplace was paid back for a claim; `reference` is the payer's own."""

    id: ReimbursementId
    claim_id: ClaimId
    order_id: OrderId
    decision_id: DecisionId | None
    payer: Reimburser
    payer_name: str
    reference: str
    amount: Money
    paid_at: datetime
    recorded_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None
    withdrawn_because: str | None
    version: int


@dataclass(frozen=True, slots=True)
class RecordReimbursement:
    """Somebody has paid the marketplace that much for the claim; `paid_at` is now unless given."""

    claim_id: ClaimId
    payer: Reimburser
    payer_name: str
    reference: str
    amount: Money
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class WithdrawReimbursement:
    """The payment was not made after all, and why."""

    reimbursement_id: ReimbursementId
    reason: str


def record_reimbursement(
    command: RecordReimbursement, claim: Claim, borne: Money, *, recorded_by: str, id: ReimbursementId, at: datetime
) -> Change[Reimbursement]:
    """The payment is recorded. `borne` is what the marketplace bears of the claim and nobody else was asked for yet.

    Refuses with Invalid, naming each: nothing at all, another currency than the claim's, an instant in the future or
    before the claim, a name or reference that is none; with Refused what is above `borne`.
    """
    paid_at = command.paid_at or at
    if problems := tuple(_problems(command, claim, paid_at, at)):
        raise Invalid(*problems)
    inputs: dict[str, Input] = {
        "amountMinor": command.amount.minor,
        "borneMinor": borne.minor,
        "currency": borne.currency,
    }
    within = Finding("reimbursement.borne", command.amount.minor <= borne.minor, "reimbursement_within_borne", inputs)
    if because := unmet((within,)):
        raise Refused("reimbursement.record", "The marketplace does not bear that much of the claim.", because)
    made = Reimbursement(
        id=id,
        claim_id=claim.id,
        order_id=claim.order_id,
        decision_id=claim.decision_id,
        payer=command.payer,
        payer_name=command.payer_name,
        reference=command.reference,
        amount=command.amount,
        paid_at=paid_at,
        recorded_by=recorded_by,
        recorded_at=at,
        withdrawn_at=None,
        withdrawn_because=None,
        version=1,
    )
    return Change(None, made, (_happening("reimbursement.recorded", made),))


def _problems(command: RecordReimbursement, claim: Claim, paid_at: datetime, at: datetime) -> Iterable[Problem]:
    yield from texts.name_problems(command.payer_name, "payerName")
    subject = PaidFor(claim.amount.currency, claim.opened_at)
    yield from reported_payments.problems(command.reference, command.amount, paid_at, subject, at)


def moves(reimbursement: Reimbursement, caller: Caller, _at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the reimbursement, and why not."""
    findings = (
        Finding("reimbursement.role", may(caller, "withdrawReimbursement"), "reimbursement_action_of_your_role"),
        Finding("reimbursement.state", reimbursement.withdrawn_at is None, "reimbursement_stands"),
    )
    return (Move(ReimbursementAction.WITHDRAW_REIMBURSEMENT.value, unmet(findings)),)


def withdraw_reimbursement(
    reimbursement: Reimbursement, command: WithdrawReimbursement, caller: Caller, at: datetime
) -> Change[Reimbursement]:
    """The payment was not made. Refuses one that is withdrawn."""
    action = ReimbursementAction.WITHDRAW_REIMBURSEMENT.value
    require(moves(reimbursement, caller, at), action, "reimbursement.withdraw")
    after = replace(reimbursement, withdrawn_at=at, withdrawn_because=command.reason, version=reimbursement.version + 1)
    return Change(reimbursement, after, (_happening("reimbursement.withdrawn", after),))


def _happening(name: str, reimbursement: Reimbursement) -> Happening:
    facts: dict[str, Fact] = {
        "claimId": reimbursement.claim_id,
        "payer": reimbursement.payer.value,
        "amountMinor": reimbursement.amount.minor,
        "currency": reimbursement.amount.currency,
    }
    return Happening(name, facts)
