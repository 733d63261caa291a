"""Recoveries: what the liable party owes for a coupon, only if, when and as far as the buyer spends it.

Theory of operation (`domain.md` 6.8, B5):

    CONTINGENT -redemption-> DUE -more redemptions-> DUE
    CONTINGENT -coupon over, unused-> RELEASED

Laws: contingent + due + released = the coupon's amount, always; only what was redeemed falls due (vector T6); what is
still contingent when the coupon is over is released and never comes back.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.change import Change, Fact, Happening
from domain.ids import ClaimId, CouponId, LiablePartyId, ProviderId, RecoveryId, SupplierId
from domain.money import Money


class RecoveryState(StrEnum):
    """Where a recovery stands."""

    CONTINGENT = "CONTINGENT"
    """It falls due if the buyer spends the coupon."""
    DUE = "DUE"
    """The redeemed part is owed."""
    RELEASED = "RELEASED"
    """The coupon is over unused: nothing is owed."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What one coupon may cost its liable party: `contingent` may still fall due, `due` is owed, `released` is not."""

    id: RecoveryId
    coupon_id: CouponId
    claim_id: ClaimId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    state: RecoveryState
    contingent: Money
    due: Money
    released: Money
    opened_at: datetime
    ended_at: datetime | None
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        party = self.supplier_id or self.provider_id
        if party is None:
            raise ValueError(f"{self.id} has no liable party")
        return party


def open_recovery(
    claim_id: ClaimId,
    coupon_id: CouponId,
    supplier_id: SupplierId | None,
    provider_id: ProviderId | None,
    amount: Money,
    *,
    id: RecoveryId,
    at: datetime,
) -> Change[Recovery]:
    """The whole coupon is contingent on the liable party."""
    nothing = Money.zero(amount.currency)
    recovery = Recovery(
        id,
        coupon_id,
        claim_id,
        supplier_id,
        provider_id,
        RecoveryState.CONTINGENT,
        amount,
        nothing,
        nothing,
        at,
        None,
        version=1,
    )
    return Change(None, recovery, (_happening("recovery.opened", recovery, amount),))


def fall_due(recovery: Recovery, amount: Money, at: datetime) -> Change[Recovery]:
    """That part is owed now. Refuses more than is contingent with ValueError: the coupon's own law was broken."""
    if not 0 < amount.minor <= recovery.contingent.minor:
        raise ValueError(f"{amount} of {recovery.contingent} cannot fall due")
    contingent = recovery.contingent - amount
    after = replace(
        recovery,
        state=RecoveryState.DUE,
        contingent=contingent,
        due=recovery.due + amount,
        ended_at=None if contingent.minor else at,
        version=recovery.version + 1,
    )
    return Change(recovery, after, (_happening("recovery.fell_due", after, amount),))


def release(recovery: Recovery, at: datetime) -> Change[Recovery]:
    """What was still contingent is released. Refuses a recovery with nothing contingent with ValueError."""
    if not recovery.contingent.minor:
        raise ValueError(f"{recovery.id} has nothing to release")
    after = replace(
        recovery,
        state=RecoveryState.DUE if recovery.due.minor else RecoveryState.RELEASED,
        contingent=Money.zero(recovery.contingent.currency),
        released=recovery.released + recovery.contingent,
        ended_at=at,
        version=recovery.version + 1,
    )
    return Change(recovery, after, (_happening("recovery.released", after, recovery.contingent),))


def reverse(recovery: Recovery, amount: Money, *, coupon_lives: bool, at: datetime) -> Change[Recovery]:
    """That part is owed no more: contingent again while the coupon lives, released when it is over (vector T7).

    Refuses more than is due with ValueError.
    """
    if not 0 < amount.minor <= recovery.due.minor:
        raise ValueError(f"{amount} of {recovery.due} cannot be reversed")
    due = recovery.due - amount
    contingent = recovery.contingent + amount if coupon_lives else recovery.contingent
    over = RecoveryState.CONTINGENT if contingent.minor else RecoveryState.RELEASED
    after = replace(
        recovery,
        state=RecoveryState.DUE if due.minor else over,
        contingent=contingent,
        due=due,
        released=recovery.released if coupon_lives else recovery.released + amount,
        ended_at=None if contingent.minor else at,
        version=recovery.version + 1,
    )
    return Change(recovery, after, (_happening("recovery.reversed", after, amount),))


def _happening(name: str, recovery: Recovery, amount: Money) -> Happening:
    facts: dict[str, Fact] = {
        "couponId": recovery.coupon_id,
        "claimId": recovery.claim_id,
        "partyId": recovery.party_id,
        "amountMinor": amount.minor,
        "currency": amount.currency,
    }
    return Happening(name, facts)
