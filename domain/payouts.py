"""Payouts: what a liable party is to be paid, what is kept back of it, and what it gets.

    ANNOUNCED -the money left-> PAID

The payment system announces what a party is to be paid; in the same act what it owes is kept back, the oldest first,
and what stands to its favour is added. What is left is what the payment system transfers.

Laws: payable = announced - netted + returned - withheld, and never below zero; what is netted was owed and undisputed,
and is netted once; withheld is what the party's payouts lack because a chargeback holds it; a reference is announced
once; what is announced never changes, it is paid or not yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain import recoveries, texts
from domain.access import Caller, may
from domain.change import Change, Happening
from domain.errors import Invalid, Problem
from domain.explain import Finding, unmet
from domain.ids import LiablePartyId, PayoutId, ProviderId, SupplierId
from domain.money import Money, total
from domain.moves import Move, require
from domain.recoveries import Recovery


class PayoutState(StrEnum):
    """Where a payout stands."""

    ANNOUNCED = "ANNOUNCED"
    """What is payable is still to be transferred."""
    PAID = "PAID"
    """It was transferred, or nothing was left of it."""


class PayoutAction(StrEnum):
    """What can be done with a payout; the value is the mutation's name in capitals."""

    CONFIRM_PAYOUT = "CONFIRM_PAYOUT"
    """confirmPayout: what is payable was transferred."""


@dataclass(frozen=True, slots=True)
class Payout:
    """What a party was to be paid, and what became of it."""

    id: PayoutId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    reference: str
    state: PayoutState
    announced: Money
    netted: Money
    returned: Money
    withheld: Money
    payable: Money
    announced_at: datetime
    paid_at: datetime | None
    paid_reference: str | None
    recorded_by: str
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """Whose payout it is."""
        party = self.supplier_id or self.provider_id
        if party is None:
            raise ValueError(f"{self.id} is nobody's")
        return party


@dataclass(frozen=True, slots=True)
class RecordPayout:
    """That a party is to be paid that much, under the payment system's reference."""

    party_id: LiablePartyId
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class ConfirmPayout:
    """That what is payable was transferred, under the bank's reference."""

    payout_id: PayoutId
    reference: str


@dataclass(frozen=True, slots=True)
class Netting:
    """A payout and what it did to the party's recoveries, each with the part."""

    payout: Change[Payout]
    returned: tuple[tuple[Change[Recovery], Money], ...]
    netted: tuple[tuple[Change[Recovery], Money], ...]


def record_payout(
    command: RecordPayout,
    owed: Sequence[Recovery],
    lacking: Money,
    *,
    nets: bool,
    id: PayoutId,
    by: str,
    at: datetime,
) -> Netting:
    """The payout is announced, and what is kept back and given back is settled by it.

    `owed` are the party's recoveries with something outstanding, the oldest first; `lacking` what its payouts lack.
    Refuses an amount not above zero, and a reference that cannot be printed.
    """
    check(command.amount, command.reference)
    currency = command.amount.currency
    favours = [recovery for recovery in owed if recovery.outstanding.minor < 0]
    returned = tuple((recoveries.give_back(each, -each.outstanding, at), -each.outstanding) for each in favours)
    given = total([part for _, part in returned], currency)
    available = command.amount + given
    dealt = recoveries.allocate(owed, available) if nets else ()
    netted = tuple((recoveries.net(recovery, part, at), part) for recovery, part in dealt)
    kept = total([part for _, part in netted], currency)
    withheld = min(available - kept, lacking)
    payable = available - kept - withheld
    payout = Payout(
        id,
        *_sides(command.party_id),
        reference=command.reference,
        state=PayoutState.ANNOUNCED if payable.minor else PayoutState.PAID,
        announced=command.amount,
        netted=kept,
        returned=given,
        withheld=withheld,
        payable=payable,
        announced_at=at,
        paid_at=None if payable.minor else at,
        paid_reference=None,
        recorded_by=by,
        version=1,
    )
    return Netting(Change(None, payout, (_happening("payout.announced", payout),)), returned, netted)


def moves(payout: Payout, caller: Caller, _at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the payout, and why not."""
    unpaid = payout.state is PayoutState.ANNOUNCED
    findings = (
        Finding("payout.role", may(caller, "confirmPayout"), "payout_action_of_your_role"),
        Finding("payout.state", unpaid, "payout_not_paid", {"state": payout.state.value}),
    )
    return (Move(PayoutAction.CONFIRM_PAYOUT.value, unmet(findings)),)


def confirm_payout(payout: Payout, command: ConfirmPayout, caller: Caller, at: datetime) -> Change[Payout]:
    """What was payable is paid. Refuses what `moves` blocks, and a reference that cannot be printed."""
    check(payout.announced, command.reference)
    require(moves(payout, caller, at), PayoutAction.CONFIRM_PAYOUT.value, "payout.confirm")
    after = replace(
        payout, state=PayoutState.PAID, paid_at=at, paid_reference=command.reference, version=payout.version + 1
    )
    return Change(payout, after, (_happening("payout.paid", after),))


def check(amount: Money, reference: str) -> None:
    """Returns if money can move like that. Refuses with every problem."""
    problems = [Problem(("amount",), "must be above zero")] if amount.minor <= 0 else []
    if problems := [*problems, *texts.reference_problems(reference, "reference")]:
        raise Invalid(*problems)


def _sides(party_id: LiablePartyId) -> tuple[SupplierId | None, ProviderId | None]:
    return (
        party_id if isinstance(party_id, SupplierId) else None,
        party_id if isinstance(party_id, ProviderId) else None,
    )


def _happening(name: str, payout: Payout) -> Happening:
    return Happening(
        name,
        {
            "partyId": payout.party_id,
            "reference": payout.reference,
            "announcedMinor": payout.announced.minor,
            "nettedMinor": payout.netted.minor,
            "returnedMinor": payout.returned.minor,
            "withheldMinor": payout.withheld.minor,
            "payableMinor": payout.payable.minor,
            "currency": payout.announced.currency,
        },
    )
