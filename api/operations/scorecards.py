"""Scorecards: what an appeal takes out of them, and the demotions that follow. Counters move by themselves.

How it works. A standing is of whole days that are over, so it changes when a day ends. A clock of the marketplace looks
at everybody with enough cases then: whoever is below standard is demoted by a measure with its reasons, and whoever is
not any more has its measure ended. Quotes read the measures.

Laws: nobody is demoted without a measure, and one measure at a time rests on a scorecard; one that the desk or an
appeal lifted does not come back while a day that had counted for it still counts.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from api.operations.duties import end_duties, start_duty
from domain import dates, decisions, measures, records, scorecards
from domain.clocks import Clock, Duty
from domain.decisions import DecisionKind
from domain.errors import Refused
from domain.ids import ClaimId, DecisionId, LiablePartyId, MeasureId, RuleVersionId
from domain.measures import AccountMeasure, MeasureBasis
from domain.scorecards import Scorecard, ScorecardTerms, Standing
from storage import calendars as calendar_rows
from storage import clocks as clock_rows
from storage import measures as measure_rows
from storage import points as point_rows
from storage import records as record_rows
from storage import scorecards as scorecard_rows
from storage.scorecards import Exclusion
from storage.unit_of_work import Work

CHUNK: Final = 200
"""Parties that are demoted or raised in one transaction: a second's work."""

AT_STANDARD: Final = "The scorecard meets the standard again."
"""Why a demotion ends, in words that its party reads."""


async def exclude(work: Work, claim_id: ClaimId, reason: str) -> bool:
    """The claim is no defect of its party from now on, whatever was or will be decided; whether it was one until now.

    An appeal calls it, with the claim locked. Nothing changes where it is excluded already.
    """
    if await scorecard_rows.excluded(work.connection, work.tenant_id, claim_id):
        return False
    work.add(Exclusion(claim_id, reason, work.at))
    return True


async def schedule(work: Work, days: int = scorecards.IDLE_DAYS) -> None:
    """All scorecards are looked at when that many days are over, today included, unless it is due already."""
    if await clock_rows.live_of(work.connection, work.tenant_id, Duty.REVIEW_SCORECARDS):
        return
    due_at = dates.day_deadline(work.at, days - 1, dates.UTC_DAYS)
    await start_duty(work, Duty.REVIEW_SCORECARDS, work.tenant_id, due_at, party_id=None)


async def fire_review_scorecards(work: Work, _: Clock) -> None:
    """Everybody is demoted or not as its scorecard says; the clock of the next look runs."""
    try:
        rule = await scorecard_rows.terms(work.connection, work.tenant_id, work.at)
        carried = await record_rows.terms(work.connection, work.tenant_id, work.at)
    except Refused:  # a marketplace without these rules judges nobody by them: perhaps it has them later
        await schedule(work)
        return
    since, until = records.span(carried, rule.window, work.at)
    found = await scorecard_rows.with_cases(work.connection, work.tenant_id, rule.least_cases, since, until)
    found |= await measure_rows.resting_on(work.connection, work.tenant_id, MeasureBasis.SCORECARD)
    if await _review(work, rule, sorted(found), until - since):
        await start_duty(work, Duty.REVIEW_SCORECARDS, work.tenant_id, work.at, party_id=None)
    else:
        await schedule(work, rule.review_days if found else rule.idle_days)


async def _review(work: Work, rule: ScorecardTerms, ids: Sequence[LiablePartyId], window: timedelta) -> bool:
    """Of those parties the first that stand otherwise than their measures say now do not; whether some are left."""
    done = 0
    for first in range(0, len(ids), CHUNK):
        some = ids[first : first + CHUNK]
        cards = await scorecard_rows.by_parties(work.connection, work.tenant_id, some, work.at)
        live = await measure_rows.live_on(work.connection, work.tenant_id, some, MeasureBasis.SCORECARD)
        for id in some:
            below = cards[id].standing is Standing.BELOW
            if below == (id in live):
                continue
            if done == CHUNK:
                return True
            done += await _turn(work, rule, cards, id, window)
    return False


async def _turn(
    work: Work, rule: ScorecardTerms, cards: Mapping[LiablePartyId, Scorecard], id: LiablePartyId, window: timedelta
) -> bool:
    """The party is demoted, or is no more; whether anything changed now that its account is locked."""
    await point_rows.lock_account(work.connection, work.tenant_id, id)
    past = await measure_rows.by_party(work.connection, work.tenant_id, id)
    live = [each for each in past if each.basis is MeasureBasis.SCORECARD and each.state in measures.LIVE]
    if cards[id].standing is not Standing.BELOW:
        for measure in live:
            await work.keep(measures.end_measure(measure, work.at, AT_STANDARD))
            await end_duties(work, measure.id)
        return bool(live)
    if live or measures.excused(past, MeasureBasis.SCORECARD, window, work.at):
        return False
    await _demote(work, rule, cards[id])
    return True


async def _demote(work: Work, rule: ScorecardTerms, card: Scorecard) -> AccountMeasure:
    decision_id = work.new_id(DecisionId)
    version_id = RuleVersionId(rule.version)
    change = measures.announce_measure(
        scorecards.demotion(card),
        card.party_id,
        None,
        id=work.new_id(MeasureId),
        decision_id=decision_id,
        rule_version_id=version_id,
        appeal_days=rule.appeal_days,
        automated=True,
        calendar=await calendar_rows.get(work.connection, work.market),
        at=work.at,
    )
    work.add(
        decisions.decision(
            decision_id,
            change.after.id,
            DecisionKind.SCORECARD,
            card.tree,
            at=work.at,
            decided_by=str(work.caller.actor_id),
            rule_version_ids=(version_id,),
        )
    )
    await work.keep(change)
    taken = measures.take_measure(change.after)
    await work.keep(taken)
    return taken.after
