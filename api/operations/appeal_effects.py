"""What an appeal undoes: each effect of each kind of subject by itself, through the noun that brought it about.

Whatever is not undone stays as it was; the books balance because each noun books its own. Locks are taken in the order
of the house before the appeal's own (`lock_subject`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from api.operations import bars, capabilities, coupons, measures, points, remedies, scorecards
from api.operations.claims import steps as claim_steps
from api.operations.claims import supplements
from domain import providers
from domain.appeals import SUBJECTS, Appeal, AppealEffect, SubjectKind
from domain.bars import BarCause
from domain.capabilities import Cause
from domain.claims import GAINED, Claim, ClaimState, Side
from domain.ids import ClaimId, CouponId, MeasureId, OrderId, ProviderId, RestrictionId, ReviewId
from domain.providers import ProviderState
from domain.providers import Step as ProviderStep
from storage import appeals as appeal_rows
from storage import bars as bar_rows
from storage import capabilities as restriction_rows
from storage import claims as claim_rows
from storage import measures as measure_rows
from storage import orders as order_rows
from storage import providers as provider_rows
from storage import reviews as review_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Work

REASON: Final = "Overturned on appeal."
"""Why it is undone, in words that parties read where the noun keeps a reason."""

APPEALED: Final = "An appeal runs."


@dataclass(frozen=True, slots=True)
class Undoing:
    """What an undone effect needs to know: the appeal, the reviewer's word, and whether the buyer keeps what it has."""

    appeal: Appeal
    note: str | None
    buyer_keeps: bool


async def lock_subject(work: Work, appeal: Appeal) -> None:
    """What the appeal is about is this transaction's until its end: the party, or the order and the claim."""
    if appeal.subject_kind is SubjectKind.CLAIM_DECISION:
        await _lock_claim(work, appeal)
    elif appeal.subject_kind in {SubjectKind.RESTRICTION, SubjectKind.ONBOARDING_REJECTION}:
        party = appeal.appellant_id
        if isinstance(party, ProviderId):
            await provider_rows.lock(work.connection, work.tenant_id, party)
        elif appeal.supplier_id is not None:
            await supplier_rows.lock(work.connection, work.tenant_id, appeal.supplier_id)


async def begin(work: Work, appeal: Appeal) -> None:
    """The appeal runs: the claim says so, unless it is about the share of somebody who is no side of it.

    Points are suspended by the caller, who keeps which.
    """
    if appeal.subject_kind is SubjectKind.CLAIM_DECISION and appeal.respondent_id is not None:
        side = Side.BUYER if appeal.buyer_id is not None else Side.LIABLE_PARTY
        await claim_steps.appealed(work, await _lock_claim(work, appeal), side)


async def undo(work: Work, undoing: Undoing, effects: tuple[AppealEffect, ...]) -> None:
    """Those effects are undone, in the order of the enumeration, and nothing else is touched."""
    for effect in effects:
        await UNDO[undoing.appeal.subject_kind, effect](work, undoing)


async def end(work: Work, appeal: Appeal) -> None:
    """The appeal is over: points that were not taken back count again, and the claim stands where it stood.

    The claim does so once no appeal of the other side runs.
    """
    await points.resume(work, appeal.suspended)
    if appeal.subject_kind is SubjectKind.CLAIM_DECISION:
        claim = await _lock_claim(work, appeal)
        running = await appeal_rows.others_running(work.connection, work.tenant_id, appeal)
        if claim.state is ClaimState.APPEALED and not running:
            await claim_steps.appeal_ended(work, claim)


async def wait_no_longer(work: Work, before: Appeal) -> None:
    """A measure that waited for the outcome takes effect now, if it stands. `before` is the appeal as it was."""
    if before.stays:
        await measures.wake(work, MeasureId(before.subject_id))


# -- claims ------------------------------------------------------------------------------------------------------------


async def _claim_money(work: Work, undoing: Undoing) -> None:
    """The party owes nothing of the claim any more; or the buyer gets what the rule gives beyond what it got.

    In whichever order the two sides' appeals are decided, it comes to the same. Of somebody who is no side of the claim
    and bears a share of it, that share alone is undone.
    """
    claim = await _lock_claim(work, undoing.appeal)
    if undoing.appeal.buyer_id is not None and claim.outcome in GAINED:
        freed = await appeal_rows.freed(work.connection, work.tenant_id, claim)
        await supplements.supplement(work, claim, undoing.note, freed=freed)
    elif undoing.appeal.buyer_id is not None:
        await claim_steps.grant_on_appeal(work, claim, undoing.note)
    elif (party_id := undoing.appeal.supplier_id or undoing.appeal.provider_id) and party_id != claim.party_id:
        await remedies.free(work, claim, party_id)
    else:
        await remedies.undo(work, claim, buyer_keeps=undoing.buyer_keeps)


async def _claim_metric(work: Work, undoing: Undoing) -> None:
    await scorecards.exclude(work, ClaimId(undoing.appeal.subject_id), undoing.note or REASON)


async def _lock_claim(work: Work, appeal: Appeal) -> Claim:
    if appeal.order_id is None:
        raise ValueError(f"{appeal.id} is about no order")
    await order_rows.lock(work.connection, work.tenant_id, OrderId(appeal.order_id))
    return await claim_rows.lock(work.connection, work.tenant_id, ClaimId(appeal.subject_id))


# -- points and measures -----------------------------------------------------------------------------------------------


async def _points(work: Work, undoing: Undoing) -> None:
    """The entries that were suspended for the appeal are taken back, with what rests on them; fraud is among them."""
    await points.reverse(work, undoing.appeal.suspended, undoing.note or REASON)


async def _restriction(work: Work, undoing: Undoing) -> None:
    """What the measure or restriction took is back."""
    id, reason = undoing.appeal.subject_id, undoing.note or REASON
    if isinstance(id, MeasureId):
        measure = await measure_rows.get(work.connection, work.tenant_id, id)
        await measures.lift(work, measure.id, reason)
        return
    found = await restriction_rows.get(work.connection, work.tenant_id, RestrictionId(id))
    provider = await provider_rows.lock(work.connection, work.tenant_id, found.provider_id)
    if await capabilities.lift_one(work, found.id, reason):  # the desk may have imposed several
        if found.limit.cause is Cause.SUSPENSION:
            provider = await capabilities.reinstate(work, provider, reason)
        await capabilities.settle(work, provider)


async def _rejection(work: Work, undoing: Undoing) -> None:
    """The cool-down is over and the application open again, with what was proved as far as it still counts."""
    review = await review_rows.get(work.connection, work.tenant_id, ReviewId(undoing.appeal.subject_id))
    provider = await provider_rows.lock(work.connection, work.tenant_id, review.provider_id)
    for bar in await bar_rows.by_providers(work.connection, work.tenant_id, [provider.id]):
        if bar.cause is BarCause.REJECTION and bar.stands(work.at):
            locked = await bar_rows.lock(work.connection, work.tenant_id, bar.id)
            await bars.lift(work, locked, undoing.note or REASON)
    if provider.state is ProviderState.REJECTED:
        await work.keep(providers.step(provider, ProviderStep.REOPEN, at=work.at, vouched_by=None))


# -- coupons -----------------------------------------------------------------------------------------------------------


async def _coupon_money(work: Work, undoing: Undoing) -> None:
    """The coupon is good again, for as long as it still was."""
    await coupons.restore(work, CouponId(undoing.appeal.subject_id))


UNDO: Final[Mapping[tuple[SubjectKind, AppealEffect], Callable[[Work, Undoing], Awaitable[None]]]] = {
    (SubjectKind.CLAIM_DECISION, AppealEffect.MONEY): _claim_money,
    (SubjectKind.CLAIM_DECISION, AppealEffect.POINTS): _points,
    (SubjectKind.CLAIM_DECISION, AppealEffect.METRIC): _claim_metric,
    (SubjectKind.POINTS, AppealEffect.POINTS): _points,
    (SubjectKind.RESTRICTION, AppealEffect.RESTRICTION): _restriction,
    (SubjectKind.ONBOARDING_REJECTION, AppealEffect.RESTRICTION): _rejection,
    (SubjectKind.COUPON_REVOCATION, AppealEffect.MONEY): _coupon_money,
}
"""How each effect of each kind of subject is undone. Total."""
assert UNDO.keys() == {(kind, effect) for kind, rule in SUBJECTS.items() for effect in rule.effects}
