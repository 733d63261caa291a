"""Returns: arranged, handed over, received, looked at; and how the claim goes on when they end.

Locks are taken in the order of the house: the order, its claim, the return. What the claim does next happens in the
same transaction (`api/operations/claims/steps.py`).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Final

from api.operations import evidence as evidence_steps
from api.operations.claims import steps as claim_steps
from api.operations.duties import end_duties
from api.operations.return_authorisations import promised_inspection, promised_leave, wait
from domain import access, parcels, returns
from domain.change import Change
from domain.claims import Claim, ClaimState, Side
from domain.clocks import Clock
from domain.evidence import NewEvidence
from domain.evidence_needs import EvidenceKind
from domain.ids import GoodsReturnId
from domain.parcels import ParcelReport
from domain.personal import PersonalDatum
from domain.procedure import Period
from domain.return_terms import ReturnTerms, leave_period, return_terms
from domain.returns import (
    ADDRESS,
    ArrangeReturn,
    GoodsReturn,
    Receipt,
    RefuseReturn,
    ReturnAction,
    ReturnState,
    ReturnWord,
    ShipReturn,
    receipt_by,
)
from storage import calendars, rulebook
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage import orders as order_rows
from storage import parcels as parcel_rows
from storage import personal as personal_rows
from storage import returns as return_rows
from storage.unit_of_work import Outcome, Work


async def arrange_return(work: Work, command: ArrangeReturn) -> Outcome:
    """The liable party said where the goods go, or brought a label. The address lies apart, as personal data."""
    goods, claim = await _locked(work, command.return_id, ReturnAction.ARRANGE_RETURN)
    if command.label_upload_id is not None:
        await evidence_steps.usable(work, [command.label_upload_id], "labelUploadId")
    told = None if command.address is None else {k: v for k, v in asdict(command.address).items() if v is not None}
    digest = None if told is None else work.digest(repr(sorted(told.items())))
    cover = await coverage_rows.get(work.connection, work.tenant_id, goods.coverage_id)
    rule = await _rule(work, goods)
    leave = leave_period(rule, goods.profile, promised_leave(cover.rule))
    change = returns.arrange_return(goods, command, digest, await _end(work, leave), work.at)
    if told is not None:
        await personal_rows.overwrite(work.connection, work.tenant_id, PersonalDatum(goods.id, ADDRESS, told, work.at))
    outcome = await _kept(work, change, claim, Side.LIABLE_PARTY)
    if command.tracking_number is not None:
        await _join(work, change.after, claim)
    return outcome


async def waive_return(work: Work, command: ReturnWord) -> Outcome:
    """The liable party does not want the goods back: the buyer keeps them, and what was awarded is given."""
    goods, claim = await _locked(work, command.return_id, ReturnAction.WAIVE_RETURN)
    return await _kept(work, returns.waive_return(goods, command.note, work.at), claim, Side.LIABLE_PARTY)


async def ship_return(work: Work, command: ShipReturn) -> Outcome:
    """The parcel is on its way; what its carrier reported of it before counts now. Refuses one that leaves too late."""
    goods, claim = await _locked(work, command.return_id, ReturnAction.SHIP_RETURN)
    arrives_by = await _end(work, (await _rule(work, goods)).arrive)
    side = Side.STAFF if work.caller.is_operator else Side.BUYER
    change = returns.ship_return(goods, command, arrives_by, work.at)
    outcome = await _kept(work, change, claim, side)
    await _join(work, change.after, claim)
    return outcome


async def receive_return(work: Work, command: ReturnWord) -> Outcome:
    """The goods are there, as the liable party, the carrier or the desk says."""
    goods, claim = await _locked(work, command.return_id, ReturnAction.RECEIVE_RETURN)
    receipt = receipt_by(work.caller)
    change = returns.receive_return(goods, receipt, command.note, await _inspect_due_at(work, goods), work.at)
    return await _kept(work, change, claim, Side.LIABLE_PARTY if receipt is Receipt.LIABLE_PARTY else Side.STAFF)


async def accept_return(work: Work, command: ReturnWord) -> Outcome:
    """The goods are as they should be: what was awarded is given."""
    goods, claim = await _locked(work, command.return_id, ReturnAction.ACCEPT_RETURN)
    return await _kept(work, returns.accept_return(goods, command.note, work.at), claim, Side.LIABLE_PARTY)


async def refuse_return(work: Work, command: RefuseReturn) -> Outcome:
    """The goods are not as they should be: the files are evidence of the claim, which is decided again."""
    goods, claim = await _locked(work, command.return_id, ReturnAction.REFUSE_RETURN)
    change = returns.refuse_return(goods, command, work.at)
    files = await evidence_steps.usable(work, command.upload_ids, "uploadIds")
    item = NewEvidence(EvidenceKind.RETURN_RECORD, command.upload_ids, command.note)
    await work.keep(evidence_steps.keep_piece(work, claim, Side.LIABLE_PARTY, item, files))
    return await _kept(work, change, claim, Side.LIABLE_PARTY)


# -- what carriers report ----------------------------------------------------------------------------------------------


async def follow_parcel(work: Work, goods: GoodsReturn, claim: Claim, reports: Iterable[ParcelReport]) -> None:
    """The return stands where all that is reported of its parcel adds up to. It, its claim and its order are locked.

    A parcel that left in time is on its way, also where that is heard after the return had lapsed and nothing happened
    to the claim since; one that was delivered is received.
    """
    told = parcels.journey(reports, goods.authorised_at)
    if told.left_at is not None and returns.waits_to_leave(goods, told.left_at):
        if goods.state is ReturnState.LAPSED:
            if claim.state is not ClaimState.CLOSED:
                return
            claim = await claim_steps.return_found(work, claim)
        arrives_by = await _end(work, (await _rule(work, goods)).arrive)
        change = returns.left_by_tracking(goods, told.left_at, arrives_by)
        await _kept(work, change, claim, Side.SYSTEM)
        goods = change.after
    if told.delivered_at is not None and goods.state is ReturnState.SHIPPED:
        due_at = await _inspect_due_at(work, goods)
        change = returns.receive_return(goods, Receipt.TRACKING, None, due_at, told.delivered_at)
        await _kept(work, change, claim, Side.SYSTEM)


async def lock_all(work: Work, found: Iterable[GoodsReturn]) -> dict[GoodsReturnId, tuple[GoodsReturn, Claim]]:
    """Those returns with their claims, this transaction's until its end: in the order of their orders."""
    ordered = sorted(found, key=lambda goods: (goods.order_id, goods.id))
    return {goods.id: await _lock(work, goods) for goods in ordered}


async def _join(work: Work, goods: GoodsReturn, claim: Claim) -> None:
    """It is known under which number the goods go back: what was reported of that parcel before is of this return."""
    if goods.parcel is None:
        return
    await parcel_rows.lock(work.connection, work.tenant_id, goods.parcel)
    await parcel_rows.join(work.connection, work.tenant_id, goods.parcel, goods.id)
    reports = await parcel_rows.by_parcels(work.connection, work.tenant_id, [goods.parcel])
    await follow_parcel(work, goods, claim, reports)


# -- what follows by itself --------------------------------------------------------------------------------------------


async def fire_arrange_return(work: Work, clock: Clock) -> None:
    """Nobody said where the goods go: the buyer keeps them, and what was awarded is given."""
    await _silence(work, clock, ReturnState.ADDRESS_DUE, lambda goods, at: returns.waive_return(goods, None, at))


async def fire_send_return(work: Work, clock: Clock) -> None:
    """The parcel did not leave in its time: the return lapses, and nothing is given."""
    await _silence(work, clock, ReturnState.AUTHORISED, returns.lapse_return)


async def fire_receive_return(work: Work, clock: Clock) -> None:
    """Nobody said anything for so long that the goods count as received."""
    goods, claim = await _of_clock(work, clock)
    if goods.state is ReturnState.SHIPPED:
        due_at = await _inspect_due_at(work, goods)
        change = returns.receive_return(goods, Receipt.CLOCK, None, due_at, work.at)
        await _kept(work, change, claim, Side.SYSTEM)


async def fire_inspect_return(work: Work, clock: Clock) -> None:
    """The liable party was silent about what it received: the goods are as they should be."""
    await _silence(work, clock, ReturnState.RECEIVED, lambda goods, at: returns.accept_return(goods, None, at))


async def _silence(
    work: Work, clock: Clock, state: ReturnState, step: Callable[[GoodsReturn, datetime], Change[GoodsReturn]]
) -> None:
    """The step, if the return still waits in that state: it may have gone on while the clock was being taken."""
    goods, claim = await _of_clock(work, clock)
    if goods.state is state:
        await _kept(work, step(goods, work.at), claim, Side.SYSTEM)


ENDS: Final[Mapping[ReturnState, Callable[[Work, Claim], Awaitable[Claim]]]] = {
    ReturnState.COMPLIANT: claim_steps.return_accepted,
    ReturnState.WAIVED: claim_steps.return_accepted,
    ReturnState.NON_COMPLIANT: claim_steps.return_refused,
    ReturnState.LAPSED: claim_steps.return_lapsed,
}
"""How the claim goes on when its return has ended so. A cancelled return follows from what the claim did itself."""
assert ENDS.keys() | {ReturnState.CANCELLED} == returns.ENDED


# -- what they share ---------------------------------------------------------------------------------------------------


async def _locked(work: Work, id: GoodsReturnId, action: ReturnAction) -> tuple[GoodsReturn, Claim]:
    """The return and its claim, locked, for somebody who may take that action now.

    Refuses: Forbidden for the role, NotFound when it is none of the caller's, Conflict on a stale version, Refused.
    """
    access.require(work.caller, returns.MOVES[action].mutation)
    seen = await return_rows.get(work.connection, work.tenant_id, id)
    returns.require_side(seen, work.caller)
    goods, claim = await _lock(work, seen)
    work.expect(goods)
    returns.require_move(goods, action, work.caller, work.at)
    return goods, claim


async def _of_clock(work: Work, clock: Clock) -> tuple[GoodsReturn, Claim]:
    return await _lock(work, await return_rows.get(work.connection, work.tenant_id, GoodsReturnId(clock.subject_id)))


async def _lock(work: Work, seen: GoodsReturn) -> tuple[GoodsReturn, Claim]:
    await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    claim = await claim_rows.lock(work.connection, work.tenant_id, seen.claim_id)
    return await return_rows.lock(work.connection, work.tenant_id, seen.id), claim


async def _kept(work: Work, change: Change[GoodsReturn], claim: Claim, side: Side) -> Outcome:
    """The step is kept and told in the claim; the clock of the next one runs, or the claim goes on."""
    goods = change.after
    if change.before is not None and change.before.due_at != goods.due_at:
        await end_duties(work, goods.id)
    await work.keep(change)
    evidence_steps.tell(work, claim, change.happened[0].name, side, goods.note if side is not Side.SYSTEM else None)
    if change.before is None or change.before.due_at != goods.due_at:
        await wait(work, goods)
    if goods.state in ENDS:
        await ENDS[goods.state](work, claim)
    return Outcome({"goodsReturn": goods.id, "claim": claim.id})


async def _rule(work: Work, goods: GoodsReturn) -> ReturnTerms:
    """The rule that the return was authorised by."""
    return return_terms(await rulebook.get(work.connection, work.tenant_id, goods.rule_version_id))


async def _inspect_due_at(work: Work, goods: GoodsReturn) -> datetime:
    """Until when what comes now is looked at: as the guarantee promises, else as the rule has it."""
    cover = await coverage_rows.get(work.connection, work.tenant_id, goods.coverage_id)
    return await _end(work, promised_inspection(cover.rule) or (await _rule(work, goods)).inspect)


async def _end(work: Work, period: Period) -> datetime:
    """The last instant of a period that begins now, in the marketplace's own calendar."""
    return period.end(work.at, await calendars.get(work.connection, work.market))
