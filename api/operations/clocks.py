"""Clocks: the consequences of silence, and the sandbox's own clock.

How it works. `FIRES` says what follows when a duty is over. `fire` marks a row that is over as fired and lets the
consequence happen, both in the transaction that locked it: whatever dies, both are there or neither. The worker does so
for every tenant; a sandbox clock that is moved does so for every duty on its way.

Laws: the consequence happens at the tenant's clock, but a clock that jumps fires each duty at the first instant after
its own deadline, in order; a move and all it fires are one transaction; only a sandbox's clock moves, forwards only.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from api.operations import (
    appeals,
    bars,
    bundles,
    buyers,
    capabilities,
    carrier_claims,
    certificates,
    chargebacks,
    claims,
    collection,
    coupons,
    coverage,
    evidence,
    exits,
    expiry,
    fulfilment,
    inspections,
    listings,
    measures,
    membership_choices,
    memberships,
    messages,
    onboarding,
    organisations,
    points,
    quotes,
    returns,
    scorecards,
    service_points,
    service_requests,
    tier_reviews,
    tier_sweeps,
    tracking,
    uploads,
)
from domain import access, clocks
from domain.access import Caller, ViewerKind
from domain.clocks import Clock, Duty, MoveClock
from domain.dates import rfc3339
from domain.errors import Refused
from domain.ids import Id, TenantId
from storage import clocks as clock_rows
from storage.unit_of_work import Outcome, Work

Fire = Callable[[Work, Clock], Awaitable[None]]

FIRES: Final[Mapping[Duty, Fire]] = {
    Duty.LATE_DELIVERY: coverage.fire_late_delivery,
    Duty.CLAIM_WINDOW: coverage.fire_claim_window,
    Duty.ANSWER_CLAIM: claims.fire_answer_claim,
    Duty.ESCALATE_CLAIM: claims.fire_escalate_claim,
    Duty.ANSWER_OFFER: claims.fire_answer_offer,
    Duty.AGREE_ON_CLAIM: claims.fire_agree_on_claim,
    Duty.TAKE_UP_CLAIM: claims.fire_take_up_claim,
    Duty.SUBMIT_EVIDENCE: claims.fire_submit_evidence,
    Duty.DECIDE_CLAIM: claims.fire_decide_claim,
    Duty.NOTIFY_CARRIER: carrier_claims.fire_notify_carrier,
    Duty.FILE_CARRIER_CLAIM: carrier_claims.fire_file_carrier_claim,
    Duty.ANSWER_CARRIER_CLAIM: carrier_claims.fire_answer_carrier_claim,
    Duty.COLLECT_CARRIER_CLAIM: carrier_claims.fire_collect_carrier_claim,
    Duty.NO_MOVEMENT: tracking.fire_no_movement,
    Duty.PRESUME_LOST: tracking.fire_presume_lost,
    Duty.CORRECT_LISTING: listings.fire_correct_listing,
    Duty.REVIEW_APPLICATION: onboarding.fire_review_application,
    Duty.CORRECT_APPLICATION: onboarding.fire_correct_application,
    Duty.COUPON_EXPIRY: coupons.fire_coupon_expiry,
    Duty.CAPTURE_RESERVATION: coupons.fire_capture_reservation,
    Duty.PROVIDE_REMEDY: fulfilment.fire_provide_remedy,
    Duty.PAY_REFUND: fulfilment.fire_pay_refund,
    Duty.CONFIRM_REMEDY: fulfilment.fire_confirm_remedy,
    Duty.ACCEPT_INVITATION: organisations.fire_accept_invitation,
    Duty.QUOTE_VALIDITY: quotes.fire_quote_validity,
    Duty.CONFIRM_UPLOAD: uploads.fire_confirm_upload,
    Duty.REQUIREMENT_EXPIRY: expiry.fire_requirement_expiry,
    Duty.TOP_UP_DEPOSIT: expiry.fire_top_up_deposit,
    Duty.RESTRICTION_END: capabilities.fire_restriction_end,
    Duty.EXIT_NOTICE: exits.fire_exit_notice,
    Duty.WIND_DOWN: exits.fire_wind_down,
    Duty.BAR_END: bars.fire_bar_end,
    Duty.MOVE_TIER: buyers.fire_move_tier,
    Duty.EVALUATE_TIERS: tier_sweeps.fire_evaluate_tiers,
    Duty.REVIEW_SCORECARDS: scorecards.fire_review_scorecards,
    Duty.REVIEW_TIER_EVIDENCE: tier_reviews.fire_review_tier_evidence,
    Duty.ADD_TIER_EVIDENCE: tier_reviews.fire_add_tier_evidence,
    Duty.SEND_NOTICE: messages.fire_send_notice,
    Duty.TELL_MILESTONE: messages.fire_tell_milestone,
    Duty.GUARANTEE_NOTICE: bundles.fire_notice,
    Duty.TELL_WITHDRAWAL: certificates.fire_tell_withdrawal,
    Duty.SERVICE_POINT_CHANGE: service_points.fire_service_point_change,
    Duty.CHECK_SERVICE_POINT: service_points.fire_check_service_point,
    Duty.REACH_SERVICE_LEVEL: service_requests.fire_reach_service_level,
    Duty.MEMBERSHIP_END: memberships.fire_membership_end,
    Duty.MEMBERSHIP_CHOICE: membership_choices.fire_membership_choice,
    Duty.SUBMIT_PACK: chargebacks.fire_submit_pack,
    Duty.CHECK_PACK: chargebacks.fire_check_pack,
    Duty.ANSWER_PRE_ARBITRATION: chargebacks.fire_answer_pre_arbitration,
    Duty.ADMIT_APPEAL: appeals.fire_admit_appeal,
    Duty.DECIDE_APPEAL: appeals.fire_decide_appeal,
    Duty.ANSWER_APPEAL: appeals.fire_answer_appeal,
    Duty.BRING_EVIDENCE: evidence.fire_bring_evidence,
    Duty.ARRANGE_RETURN: returns.fire_arrange_return,
    Duty.SEND_RETURN: returns.fire_send_return,
    Duty.RECEIVE_RETURN: returns.fire_receive_return,
    Duty.INSPECT_RETURN: returns.fire_inspect_return,
    Duty.REPORT_INSPECTION: inspections.fire_report_inspection,
    Duty.TELL_RELEASE: certificates.fire_tell_release,
    Duty.TELL_HOLD: certificates.fire_tell_hold,
    Duty.POINTS_NOTICE: points.fire_points_notice,
    Duty.POINTS_EXPIRY: points.fire_points_expiry,
    Duty.SETTLE_MEASURE: measures.fire_settle_measure,
    Duty.MEASURE_END: measures.fire_measure_end,
    Duty.COLLECT_RECOVERY: collection.fire_collect_recovery,
    Duty.PAY_INVOICE: collection.fire_pay_invoice,
}
"""Duty -> its consequence. Total. The clock is fired already; a consequence may start the next one of the same duty."""

FIRES_MAX: Final = 10_000
"""Duties that one move of a clock lets fire; a longer way is gone in several moves."""


def system(tenant_id: TenantId, what: str) -> Caller:
    """The platform itself, acting because nobody else did. It passes no role check: nobody asks it to."""
    return Caller(tenant_id, Id(f"system:{what}"), None, None, frozenset(), ViewerKind.STAFF, frozenset())


async def fire(work: Work, clock: Clock, at: datetime, fires: Mapping[Duty, Fire] = FIRES) -> None:
    """The clock, which is over and locked, has fired at `at`, and the consequence happened in this transaction.

    What both keep is written with whatever this transaction writes next.
    """
    firing = work.within(system(work.tenant_id, clock.duty), action=clock.duty, at=at)
    await firing.keep(clocks.fire(clock, at=at))
    await fires[clock.duty](firing, clock)


async def move_clock(work: Work, command: MoveClock) -> Outcome:
    """The sandbox's clock shows `to`, and everything that was due on the way has happened, each at its own instant.

    Refuses a live tenant, a move backwards, and a way with too many duties on it; then nothing has happened.
    """
    access.require(work.caller, "moveClock")
    await clock_rows.lock_clock(work.connection, work.tenant_id)
    start = await clock_rows.read_clock(work.connection, work.tenant_id)
    moved = clocks.move_clock(start.tenant, command, shows=start.shows, real_now=start.real_now)  # refuses at once
    fired = await _fire_until(work, start.shows, command.to)
    await work.keep(moved)
    return Outcome(facts={"clockAt": rfc3339(command.to), "runs": command.runs, "fired": fired})


async def _fire_until(work: Work, shows: datetime, to: datetime) -> int:
    """Everything due before `to` has fired, each at the first instant after its deadline; how many duties that were."""
    fired = 0
    while (clock := await clock_rows.lock_next(work.connection, work.tenant_id, to)) is not None:
        if fired == FIRES_MAX:
            raise Refused(clocks.UNMOVED, f"More than {FIRES_MAX} duties lie on the way; move by less.")
        await fire(work, clock, max(shows, clocks.first_instant_after(clock.due_at)))
        fired += 1
    return fired
