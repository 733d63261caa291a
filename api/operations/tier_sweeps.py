"""Tier sweeps: all buyers are looked at, month by month or when staff ask, chunk by chunk.

Each chunk is one transaction of a clock that starts the next one, so a worker that is killed loses no more than a
chunk, and nothing is done twice.
"""

from collections.abc import Mapping, Sequence

from api.operations import buyers as buyer_operations
from api.operations.duties import start_duty
from domain import access, buyers, clocks, dates, tier_sweeps
from domain.buyers import TIER_RULE, Buyer, Look, TierMove
from domain.clocks import Clock, Duty
from domain.dates import Calendar
from domain.errors import Conflict
from domain.ids import BuyerId, DecisionId, TierSweepId
from domain.tier_sweeps import CHUNK, SweepState, TierSweep
from domain.tiers import TierTerms, tier_terms
from storage import buyers as buyer_rows
from storage import calendars, rulebook
from storage import clocks as clock_rows
from storage import tier_sweeps as sweep_rows
from storage import tiers as tier_rows
from storage.unit_of_work import Outcome, Work


async def schedule(work: Work) -> None:
    """The next evaluation of all buyers is due when the rule says, if none is due or running already."""
    if await clock_rows.live_of(work.connection, work.tenant_id, Duty.EVALUATE_TIERS):
        return
    rule, calendar = await _rule(work)
    due_at = dates.months_deadline(work.at, rule.review_months, calendar)
    await start_duty(work, Duty.EVALUATE_TIERS, work.tenant_id, due_at, party_id=None)


async def evaluate_tiers(work: Work, _: None) -> Outcome:
    """All buyers are looked at from now on, as of now. Refuses (Conflict) while an evaluation is running."""
    access.require(work.caller, "evaluateTiers")
    if await sweep_rows.lock_running(work.connection, work.tenant_id) is not None:
        raise Conflict("An evaluation of all buyers is running already.")
    for clock in await clock_rows.lock_live(work.connection, work.tenant_id, work.tenant_id, (Duty.EVALUATE_TIERS,)):
        await work.keep(clocks.complete(clock, at=work.at))
    begun = tier_sweeps.begin_sweep(work.new_id(TierSweepId), work.at)
    await work.keep(begun)
    await start_duty(work, Duty.EVALUATE_TIERS, work.tenant_id, work.at, party_id=None)
    return Outcome({"tierSweep": begun.after.id})


async def fire_evaluate_tiers(work: Work, _: Clock) -> None:
    """One chunk more is looked at; the clock of the next chunk, or of the next evaluation, runs."""
    sweep = await sweep_rows.lock_running(work.connection, work.tenant_id)
    if sweep is None:
        begun = tier_sweeps.begin_sweep(work.new_id(TierSweepId), work.at)
        await work.keep(begun)
        sweep = begun.after
    change = await _chunk(work, sweep)
    if change.state is SweepState.DONE:
        await schedule(work)
    else:
        await start_duty(work, Duty.EVALUATE_TIERS, work.tenant_id, work.at, party_id=None)


async def _chunk(work: Work, sweep: TierSweep) -> TierSweep:
    """The sweep after its next chunk."""
    rule, calendar = await _rule(work)
    found = await buyer_rows.page(work.connection, work.tenant_id, sweep.position or "", CHUNK)
    known = [buyer for buyer in found if buyer.registered_at <= sweep.looked_at]
    looks = await _look(work, sweep, known, rule, calendar)
    news = [buyer.id for buyer in known if buyers.is_news(buyer, looks[buyer.id])]
    moved = await _moves(work, sweep, news, rule, calendar) if news else []
    for move in moved:
        await buyer_operations.keep(work, move)
    position: BuyerId | None = found[-1].id if len(found) == CHUNK else None
    change = tier_sweeps.advance_sweep(sweep, position, len(known), moved, at=work.at)
    await work.keep(change)
    return change.after


async def _moves(
    work: Work, sweep: TierSweep, news: Sequence[BuyerId], rule: TierTerms, calendar: Calendar
) -> list[TierMove]:
    """What is new about those buyers, looked at once more now that they are locked."""
    locked = await buyer_rows.lock_by_ids(work.connection, work.tenant_id, news)
    looks = await _look(work, sweep, locked, rule, calendar)
    moves = (buyers.review_tier(buyer, looks[buyer.id], id=work.new_id(DecisionId)) for buyer in locked)
    return [move for move in moves if move is not None]


async def _look(
    work: Work, sweep: TierSweep, found: Sequence[Buyer], rule: TierTerms, calendar: Calendar
) -> Mapping[BuyerId, Look]:
    """A look at each of those buyers, as of the sweep's instant."""
    return await tier_rows.looks(
        work.connection,
        work.tenant_id,
        found,
        rule,
        at=sweep.looked_at,
        calendar=calendar,
        decided_by=work.caller.actor_id,
    )


async def _rule(work: Work) -> tuple[TierTerms, Calendar]:
    version = await rulebook.in_force(work.connection, work.tenant_id, TIER_RULE, work.at)
    return tier_terms(version), await calendars.get(work.connection, work.market)
