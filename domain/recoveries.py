"""Recoveries: what the liable party owes for what a claim cost, only if, when and as far as it falls due; and its end.

Theory of operation (`domain.md` 6.8, B5). A coupon is contingent on its liable party until the buyer spends it; then
that part is owed, and collected by the means of the rule (`domain/collection.py`), each at its own time:

    CONTINGENT -redemption-> DUE -payout | payment | deposit | write-off-> NETTED | PAID | DEPOSIT_DRAWN | WRITTEN_OFF
    DUE -the party disagrees-> DISPUTED -upheld-> RELEASED, -rejected-> DUE
    CONTINGENT -coupon over, unused-> RELEASED -the coupon was revoked and is restored-> CONTINGENT
    born DUE: the party's share of a refund, which is owed at once

Where several parties share in a coupon or refund, each has a recovery of its own (`position`), so that each is
disputed, collected and given up by itself.

Laws: contingent + due + released = the party's share of the coupon or refund, always, where due is all that fell due
and was neither reversed nor waived; the shares of all parties together never exceed the whole: half a cent is the
first party's; only what was redeemed falls due (vector T6), of it the party's share, to the cent
however many parts it was redeemed in; what is still contingent when the coupon is over is released. outstanding = due -
netted - paid - drawn - written off + returned: below zero it stands to the party's favour (a redemption was reversed
after it was collected), and goes back with its next payout. Nothing is collected beyond what is outstanding, and
nothing while it is disputed. What was given up is taken back before the party gets anything. The state is a function of
the amounts (`_state`): the last resort that was needed names a settled one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import money, parties
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.errors import NotFound
from domain.explain import Finding, unmet
from domain.ids import ClaimId, CouponId, InvoiceId, LiablePartyId, ProviderId, RecoveryId, RefundId, SupplierId
from domain.money import WHOLE_BP, Money, total
from domain.moves import Move, require


class RecoveryState(StrEnum):
    """Where a recovery stands."""

    CONTINGENT = "CONTINGENT"
    """It falls due if the buyer spends the coupon; nothing is owed now."""
    DUE = "DUE"
    """Something is owed."""
    NETTED = "NETTED"
    """What was owed was kept back from payouts."""
    PAID = "PAID"
    """What was owed was paid."""
    DEPOSIT_DRAWN = "DEPOSIT_DRAWN"
    """What was owed was taken from the deposit, at least in part."""
    DISPUTED = "DISPUTED"
    """The party disagrees: nothing is collected until it is resolved."""
    WRITTEN_OFF = "WRITTEN_OFF"
    """What was owed was given up, at least in part."""
    RELEASED = "RELEASED"
    """Nothing is owed, and nothing will be."""


class Means(StrEnum):
    """How something that is owed is collected."""

    PAYOUT = "PAYOUT"
    """Kept back from what the party is to be paid."""
    DEPOSIT = "DEPOSIT"
    """Taken from its deposit."""
    INVOICE = "INVOICE"
    """Asked for by an invoice."""
    RESTRICTION = "RESTRICTION"
    """Waited for, while the party may not sell."""


class RecoveryAction(StrEnum):
    """What can be done with a recovery; the value is the mutation's name in capitals."""

    DISPUTE_RECOVERY = "DISPUTE_RECOVERY"
    """disputeRecovery: the party says that it does not owe this."""
    RESOLVE_RECOVERY = "RESOLVE_RECOVERY"
    """resolveRecovery: the marketplace says whether the party owes it."""
    WRITE_OFF_RECOVERY = "WRITE_OFF_RECOVERY"
    """writeOffRecovery: what is owed is given up, or somebody else is asked to agree to that."""
    CONFIRM_WRITE_OFF = "CONFIRM_WRITE_OFF"
    """confirmWriteOff: a second person agrees to give it up."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What one award may cost its liable party, what of it fell due, and how that was collected.

    `share_bp` are the basis points of the coupon or refund that the party bears, and `position` says whether it is the
    first or the second of the parties that share in it; `fell_due_at` is since when something is owed without a break;
    `invoice_id` the open invoice that asks for it.
    """

    id: RecoveryId
    coupon_id: CouponId | None
    refund_id: RefundId | None
    claim_id: ClaimId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    share_bp: int
    position: int
    state: RecoveryState
    contingent: Money
    due: Money
    released: Money
    netted: Money
    paid: Money
    drawn: Money
    written_off: Money
    returned: Money
    fell_due_at: datetime | None
    disputed_at: datetime | None
    dispute_reason: str | None
    invoice_id: InvoiceId | None
    write_off_asked_by: str | None
    write_off_reason: str | None
    opened_at: datetime
    ended_at: datetime | None
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        return parties.liable(self)

    @property
    def outstanding(self) -> Money:
        """What is owed and not collected; below zero what was collected and is not owed."""
        return self.due - self.netted - self.paid - self.drawn - self.written_off + self.returned

    @property
    def collectable(self) -> bool:
        """Whether something of it can be collected now."""
        return self.outstanding.minor > 0 and self.disputed_at is None


@dataclass(frozen=True, slots=True)
class DisputeRecovery:
    """A party's word that it does not owe this, and why."""

    recovery_id: RecoveryId
    reason: str


@dataclass(frozen=True, slots=True)
class ResolveRecovery:
    """The marketplace's word on a dispute: `owed` says whether the party owes it after all."""

    recovery_id: RecoveryId
    owed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class WriteOffRecovery:
    """Finance's wish to give up what is owed, and why."""

    recovery_id: RecoveryId
    reason: str


@dataclass(frozen=True, slots=True)
class ConfirmWriteOff:
    """A second person's agreement to give it up."""

    recovery_id: RecoveryId


# -- opened, fallen due, released, reversed ----------------------------------------------------------------------------


def open_recovery(
    claim_id: ClaimId,
    source: CouponId | RefundId,
    party_id: LiablePartyId,
    amount: Money,
    *,
    share_bp: int = WHOLE_BP,
    position: int = 1,
    id: RecoveryId,
    at: datetime,
) -> Change[Recovery]:
    """The party's share of that coupon is contingent on it; of a refund it is due at once.

    `amount` is the coupon's or refund's own. Refuses (ValueError) a share that comes to nothing.
    """
    share, nothing = part(amount, share_bp, position), Money.zero(amount.currency)
    if share.minor <= 0:
        raise ValueError(f"{share_bp} basis points of {amount} are nothing to recover")
    recovery = Recovery(
        id,
        source if isinstance(source, CouponId) else None,
        source if isinstance(source, RefundId) else None,
        claim_id,
        party_id if isinstance(party_id, SupplierId) else None,
        party_id if isinstance(party_id, ProviderId) else None,
        share_bp,
        position,
        RecoveryState.CONTINGENT,
        contingent=share,
        due=nothing,
        released=nothing,
        netted=nothing,
        paid=nothing,
        drawn=nothing,
        written_off=nothing,
        returned=nothing,
        fell_due_at=None,
        disputed_at=None,
        dispute_reason=None,
        invoice_id=None,
        write_off_asked_by=None,
        write_off_reason=None,
        opened_at=at,
        ended_at=None,
        version=1,
    )
    opened = _happening("recovery.opened", recovery, share)
    if recovery.refund_id is None:
        return Change(None, recovery, (opened,))
    owed = replace(recovery, contingent=nothing, due=share, state=RecoveryState.DUE, fell_due_at=at, ended_at=at)
    return Change(None, owed, (opened, _happening("recovery.fell_due", owed, share)))


def part(amount: Money, share_bp: int, position: int = 1) -> Money:
    """The party's part of that much, to the cent; it never shrinks when the amount grows.

    Half a cent is the first party's and not the second's, so that two who share the whole bear exactly the whole.
    """
    weights = (share_bp, WHOLE_BP - share_bp)
    return money.share_out(amount, weights)[0] if position == 1 else money.share_out(amount, weights[::-1])[1]


def share_of(recovery: Recovery, amount: Money) -> Money:
    """What the recovery's party bears of that much of its coupon or refund."""
    return part(amount, recovery.share_bp, recovery.position)


def moved(recovery: Recovery, used_before: Money, used_after: Money) -> Money:
    """By how much what is due changes when the coupon's use does; below zero where a redemption is undone.

    It is reckoned from all that was used, so that the cents of many small redemptions never add up to more or less
    than the party's share of the whole. What was waived in between neither falls due nor is reversed.
    """
    change = share_of(recovery, used_after) - share_of(recovery, used_before)
    return min(change, recovery.contingent) if change.minor > 0 else max(change, -recovery.due)


def fall_due(recovery: Recovery, amount: Money, at: datetime) -> Change[Recovery]:
    """That part is owed now. Refuses more than is contingent with ValueError: the coupon's own law was broken."""
    if not 0 < amount.minor <= recovery.contingent.minor:
        raise ValueError(f"{amount} of {recovery.contingent} cannot fall due")
    after = replace(recovery, contingent=recovery.contingent - amount, due=recovery.due + amount)
    return _step(recovery, after, "recovery.fell_due", amount, at)


def release(recovery: Recovery, at: datetime) -> Change[Recovery]:
    """What was still contingent is released. Refuses a recovery with nothing contingent with ValueError."""
    if not recovery.contingent.minor:
        raise ValueError(f"{recovery.id} has nothing to release")
    nothing = Money.zero(recovery.contingent.currency)
    after = replace(recovery, contingent=nothing, released=recovery.released + recovery.contingent)
    return _step(recovery, after, "recovery.released", recovery.contingent, at)


def reverse(recovery: Recovery, amount: Money, *, coupon_lives: bool, at: datetime) -> Change[Recovery]:
    """That part is owed no more: contingent again while the coupon lives, released when it is over (vector T7).

    What was collected of it stands to the party's favour; what was given up of it is given up no more. Refuses more
    than is due with ValueError.
    """
    if not 0 < amount.minor <= recovery.due.minor:
        raise ValueError(f"{amount} of {recovery.due} cannot be reversed")
    after = replace(
        recovery,
        contingent=recovery.contingent + amount if coupon_lives else recovery.contingent,
        due=recovery.due - amount,
        released=recovery.released if coupon_lives else recovery.released + amount,
    )
    return _step(recovery, _less_written_off(after), "recovery.reversed", amount, at)


def revive(recovery: Recovery, amount: Money, at: datetime) -> Change[Recovery]:
    """The coupon was restored: that much of what was released is contingent once more. Refuses more with ValueError."""
    if not 0 < amount.minor <= recovery.released.minor:
        raise ValueError(f"{amount} of {recovery.released} cannot be contingent again")
    after = replace(recovery, contingent=recovery.contingent + amount, released=recovery.released - amount)
    return _step(recovery, after, "recovery.revived", amount, at)


def waive(recovery: Recovery, at: datetime) -> Change[Recovery]:
    """The party owes nothing of it, now or ever: what was collected stands to its favour, the platform bears it.

    Refuses with ValueError a recovery of which nothing is due or contingent.
    """
    freed = recovery.contingent + recovery.due
    if not freed.minor:
        raise ValueError(f"{recovery.id} has nothing to waive")
    nothing = Money.zero(freed.currency)
    after = replace(recovery, contingent=nothing, due=nothing, released=recovery.released + freed)
    return _step(recovery, _less_written_off(after), "recovery.waived", freed, at)


# -- collected ---------------------------------------------------------------------------------------------------------


def net(recovery: Recovery, amount: Money, at: datetime) -> Change[Recovery]:
    """That much was kept back from a payout. Refuses what cannot be collected with ValueError."""
    _require_collectable(recovery, amount)
    return _step(recovery, replace(recovery, netted=recovery.netted + amount), "recovery.netted", amount, at)


def pay(recovery: Recovery, amount: Money, at: datetime) -> Change[Recovery]:
    """That much was paid. Refuses what cannot be collected with ValueError."""
    _require_collectable(recovery, amount)
    return _step(recovery, replace(recovery, paid=recovery.paid + amount), "recovery.paid", amount, at)


def draw(recovery: Recovery, amount: Money, at: datetime) -> Change[Recovery]:
    """That much was taken from the deposit. Refuses what cannot be collected with ValueError."""
    _require_collectable(recovery, amount)
    return _step(recovery, replace(recovery, drawn=recovery.drawn + amount), "recovery.drawn", amount, at)


def give_back(recovery: Recovery, amount: Money, at: datetime) -> Change[Recovery]:
    """That much of what stands to the party's favour went back to it. Refuses more with ValueError."""
    if not 0 < amount.minor <= -recovery.outstanding.minor:
        raise ValueError(f"{amount} of {recovery.id} does not stand to the party's favour")
    return _step(recovery, replace(recovery, returned=recovery.returned + amount), "recovery.returned", amount, at)


def invoice(recovery: Recovery, invoice_id: InvoiceId, at: datetime) -> Change[Recovery]:
    """The invoice asks for what is outstanding. Refuses with ValueError what cannot be collected or is invoiced."""
    _require_collectable(recovery, recovery.outstanding)
    if recovery.invoice_id is not None:
        raise ValueError(f"{recovery.id} is on {recovery.invoice_id} already")
    after = replace(recovery, invoice_id=invoice_id)
    return _step(recovery, after, "recovery.invoiced", recovery.outstanding, at)


def leave_invoice(recovery: Recovery, at: datetime) -> Change[Recovery]:
    """No invoice asks for it any more. Refuses with ValueError one that is on none."""
    if recovery.invoice_id is None:
        raise ValueError(f"{recovery.id} is on no invoice")
    return _step(recovery, replace(recovery, invoice_id=None), "recovery.left_invoice", recovery.outstanding, at)


def allocate(owed: Sequence[Recovery], amount: Money) -> tuple[tuple[Recovery, Money], ...]:
    """The amount dealt out to what can be collected, in that order, each to the full before the next."""
    dealt, left = [], amount
    for recovery in owed:
        if recovery.collectable and left.minor > 0:
            part = min(left, recovery.outstanding)
            dealt.append((recovery, part))
            left -= part
    return tuple(dealt)


def collectable(owed: Sequence[Recovery], currency: str) -> Money:
    """What can be collected of all of them."""
    return total([recovery.outstanding for recovery in owed if recovery.collectable], currency)


# -- disputed, given up ------------------------------------------------------------------------------------------------


def moves(recovery: Recovery, caller: Caller, _at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the recovery, and why not."""
    state = {"state": recovery.state.value}
    owed = Finding("recovery.owed", recovery.outstanding.minor > 0, "recovery_owed", state)
    undisputed = Finding("recovery.dispute", recovery.disputed_at is None, "recovery_undisputed", state)
    asked = recovery.write_off_asked_by is not None
    return (
        _move(RecoveryAction.DISPUTE_RECOVERY, caller, owed, undisputed),
        _move(
            RecoveryAction.RESOLVE_RECOVERY,
            caller,
            Finding("recovery.dispute", recovery.disputed_at is not None, "recovery_disputed", state),
        ),
        _move(
            RecoveryAction.WRITE_OFF_RECOVERY,
            caller,
            owed,
            undisputed,
            Finding("recovery.write_off", not asked, "recovery_write_off_not_asked"),
        ),
        _move(
            RecoveryAction.CONFIRM_WRITE_OFF,
            caller,
            owed,
            undisputed,
            Finding("recovery.write_off", asked, "recovery_write_off_asked"),
            Finding("recovery.second_eyes", recovery.write_off_asked_by != caller.actor_id, "recovery_seen_by_another"),
        ),
    )


def require_own(recovery: Recovery, caller: Caller) -> None:
    """Returns if the caller is the operator's or the liable party. Refuses with NotFound otherwise."""
    if not caller.is_operator and caller.party_id != recovery.party_id:
        raise NotFound("there is no such recovery", field=("recoveryId",))


def dispute_recovery(recovery: Recovery, command: DisputeRecovery, caller: Caller, at: datetime) -> Change[Recovery]:
    """Nothing is collected until the dispute is resolved; no invoice asks for it. Refuses what `moves` blocks."""
    require(moves(recovery, caller, at), RecoveryAction.DISPUTE_RECOVERY, "recovery.dispute")
    after = replace(recovery, disputed_at=at, dispute_reason=command.reason, invoice_id=None, write_off_asked_by=None)
    return _step(recovery, after, "recovery.disputed", recovery.outstanding, at)


def resolve_recovery(recovery: Recovery, command: ResolveRecovery, caller: Caller, at: datetime) -> Change[Recovery]:
    """The party owes it after all, from now on; or what is outstanding is waived. Refuses what `moves` blocks."""
    require(moves(recovery, caller, at), RecoveryAction.RESOLVE_RECOVERY, "recovery.dispute")
    amount = recovery.outstanding
    settled = replace(recovery, disputed_at=None)
    if command.owed:
        return _step(recovery, replace(settled, fell_due_at=at), "recovery.dispute_rejected", amount, at)
    after = replace(settled, due=recovery.due - amount, released=recovery.released + amount)
    return _step(recovery, after, "recovery.dispute_upheld", amount, at)


def ask_write_off(recovery: Recovery, command: WriteOffRecovery, caller: Caller, at: datetime) -> Change[Recovery]:
    """A second person is asked to agree. Refuses what `moves` blocks."""
    require(moves(recovery, caller, at), RecoveryAction.WRITE_OFF_RECOVERY, "recovery.write_off")
    after = replace(recovery, write_off_asked_by=str(caller.actor_id), write_off_reason=command.reason)
    return _step(recovery, after, "recovery.write_off_asked", recovery.outstanding, at)


def write_off_recovery(recovery: Recovery, command: WriteOffRecovery, caller: Caller, at: datetime) -> Change[Recovery]:
    """What is outstanding is given up. Refuses what `moves` blocks."""
    require(moves(recovery, caller, at), RecoveryAction.WRITE_OFF_RECOVERY, "recovery.write_off")
    return _given_up(replace(recovery, write_off_reason=command.reason), recovery, at)


def confirm_write_off(recovery: Recovery, caller: Caller, at: datetime) -> Change[Recovery]:
    """What is outstanding is given up, as somebody else had asked. Refuses what `moves` blocks."""
    require(moves(recovery, caller, at), RecoveryAction.CONFIRM_WRITE_OFF, "recovery.write_off")
    return _given_up(recovery, recovery, at)


# -- what they share ---------------------------------------------------------------------------------------------------

_ROLES: Final = {
    RecoveryAction.DISPUTE_RECOVERY: "disputeRecovery",
    RecoveryAction.RESOLVE_RECOVERY: "resolveRecovery",
    RecoveryAction.WRITE_OFF_RECOVERY: "writeOffRecovery",
    RecoveryAction.CONFIRM_WRITE_OFF: "confirmWriteOff",
}
assert _ROLES.keys() == set(RecoveryAction)


def _move(action: RecoveryAction, caller: Caller, *findings: Finding) -> Move:
    role = Finding("recovery.role", may(caller, _ROLES[action]), "recovery_action_of_your_role")
    return Move(action.value, unmet((role, *findings)))


def _given_up(after: Recovery, before: Recovery, at: datetime) -> Change[Recovery]:
    amount = before.outstanding
    after = replace(after, written_off=before.written_off + amount, write_off_asked_by=None)
    return _step(before, after, "recovery.written_off", amount, at)


def _less_written_off(recovery: Recovery) -> Recovery:
    """What was given up and turned out not to be owed is given up no more: the party never paid it."""
    excess = min(recovery.written_off.minor, max(-recovery.outstanding.minor, 0))
    if not excess:
        return recovery
    return replace(recovery, written_off=recovery.written_off - Money(excess, recovery.written_off.currency))


def _require_collectable(recovery: Recovery, amount: Money) -> None:
    if not recovery.collectable or not 0 < amount.minor <= recovery.outstanding.minor:
        raise ValueError(f"{amount} of {recovery.id} cannot be collected")


def _step(before: Recovery, after: Recovery, name: str, amount: Money, at: datetime) -> Change[Recovery]:
    """The change with what follows from the amounts: the state, since when something is owed, what is over."""
    owed = after.outstanding.minor > 0
    if not owed:
        after = replace(after, fell_due_at=None, disputed_at=None, invoice_id=None, write_off_asked_by=None)
    elif after.fell_due_at is None:
        after = replace(after, fell_due_at=at)
    ended_at = None if after.contingent.minor else before.ended_at or at
    after = replace(after, state=_state(after), ended_at=ended_at, version=before.version + 1)
    return Change(before, after, (_happening(name, after, amount),))


def _state(recovery: Recovery) -> RecoveryState:
    if recovery.outstanding.minor > 0:
        return RecoveryState.DUE if recovery.disputed_at is None else RecoveryState.DISPUTED
    if recovery.contingent.minor:
        return RecoveryState.CONTINGENT
    if not recovery.due.minor:
        return RecoveryState.RELEASED
    if recovery.written_off.minor:
        return RecoveryState.WRITTEN_OFF
    if recovery.drawn.minor:
        return RecoveryState.DEPOSIT_DRAWN
    return RecoveryState.PAID if recovery.paid.minor else RecoveryState.NETTED


def _happening(name: str, recovery: Recovery, amount: Money) -> Happening:
    facts: dict[str, Fact] = {
        "couponId": recovery.coupon_id,
        "refundId": recovery.refund_id,
        "claimId": recovery.claim_id,
        "partyId": recovery.party_id,
        "amountMinor": amount.minor,
        "outstandingMinor": recovery.outstanding.minor,
        "currency": amount.currency,
    }
    return Happening(name, facts)
