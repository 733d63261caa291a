"""Clocks: duties with a deadline, and what follows from silence.

How it works. Whatever must be done by somebody until some instant is a row: who, on what, until when, and, by its duty,
what happens if nobody does it (`SILENCE`). A worker takes rows that are over and lets the consequence happen in the
same transaction that marks them, so it happens exactly once (`api/worker.py`, `api/operations/clocks.py`).

    RUNNING -pause-> PAUSED -resume-> RUNNING
    RUNNING | PAUSED -complete-> DONE         the duty was done
    RUNNING | PAUSED -cancel-> CANCELLED      there is nothing left to do it for
    RUNNING -fire-> FIRED                     nobody did it, and the consequence followed

Laws: a deadline is an absolute instant, fixed when its clock starts; an act is in time if and only if `at <= due_at`,
the consequence follows if and only if `due_at < at`; a pause moves the deadline by exactly its own length, also when a
paused duty is done without being resumed first; beside a pause only a hold moves it (`domain/holds.py`); a subject has
at most one live clock per duty; an ended clock never runs again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.change import Change, Fact, Happening
from domain.copies import replace
from domain.dates import MICROSECOND, rfc3339
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import ClockId, Id
from domain.tenants import Tenant, TenantKind


class Duty(StrEnum):
    """What has to happen until a clock is due."""

    LATE_DELIVERY = "LATE_DELIVERY"
    """Somebody has to deliver the lines of an order that were promised for this day."""
    CLAIM_WINDOW = "CLAIM_WINDOW"
    """The buyer has to claim under a cover, if at all."""
    ANSWER_CLAIM = "ANSWER_CLAIM"
    """The liable party has to accept or contest a claim."""
    ESCALATE_CLAIM = "ESCALATE_CLAIM"
    """The buyer may call the desk, since the liable party did not answer."""
    ANSWER_OFFER = "ANSWER_OFFER"
    """The other side of a claim has to accept or decline an offer."""
    AGREE_ON_CLAIM = "AGREE_ON_CLAIM"
    """The two sides of a claim have to settle it, if they can."""
    TAKE_UP_CLAIM = "TAKE_UP_CLAIM"
    """The desk has to take up a claim that was brought to it."""
    SUBMIT_EVIDENCE = "SUBMIT_EVIDENCE"
    """Both sides of a claim have to bring their evidence."""
    DECIDE_CLAIM = "DECIDE_CLAIM"
    """The desk has to decide a claim."""
    NO_MOVEMENT = "NO_MOVEMENT"
    """The goods have to be seen moving."""
    PRESUME_LOST = "PRESUME_LOST"
    """The goods have to arrive, however late."""
    REVIEW_APPLICATION = "REVIEW_APPLICATION"
    """The desk has to review a provider's application."""
    CORRECT_APPLICATION = "CORRECT_APPLICATION"
    """The applicant has to correct its application."""
    CORRECT_LISTING = "CORRECT_LISTING"
    """The provider has to put a flagged listing right."""
    COUPON_EXPIRY = "COUPON_EXPIRY"
    """The buyer has to spend a coupon, if at all."""
    ACCEPT_INVITATION = "ACCEPT_INVITATION"
    """The invited person has to accept, if at all."""
    CONFIRM_UPLOAD = "CONFIRM_UPLOAD"
    """Whoever announced a file has to bring it and confirm it, if at all."""
    SERVICE_POINT_CHANGE = "SERVICE_POINT_CHANGE"
    """The provider has to keep a service point as it was until the change or withdrawal that it reported."""
    CHECK_SERVICE_POINT = "CHECK_SERVICE_POINT"
    """The desk has to see whether a service point can be reached."""
    REQUIREMENT_EXPIRY = "REQUIREMENT_EXPIRY"
    """The provider has to renew what it proved."""
    TOP_UP_DEPOSIT = "TOP_UP_DEPOSIT"
    """The provider has to fill up what its deposit lacks."""
    RESTRICTION_END = "RESTRICTION_END"
    """Nobody has to do anything: a restriction or suspension ends by itself."""
    EXIT_NOTICE = "EXIT_NOTICE"
    """The leaving provider has to change its mind, if at all."""
    WIND_DOWN = "WIND_DOWN"
    """The leaving provider has to finish what is open."""
    BAR_END = "BAR_END"
    """The barred provider has to wait."""
    MOVE_TIER = "MOVE_TIER"
    """The buyer has to make good what its level needs, or to decline the higher one it was told of."""
    EVALUATE_TIERS = "EVALUATE_TIERS"
    """All buyers have to be looked at again."""
    REVIEW_SCORECARDS = "REVIEW_SCORECARDS"
    """All scorecards have to be looked at again."""
    REVIEW_TIER_EVIDENCE = "REVIEW_TIER_EVIDENCE"
    """The desk has to look at what a buyer proves itself by."""
    ADD_TIER_EVIDENCE = "ADD_TIER_EVIDENCE"
    """The buyer has to add what the desk missed."""

    QUOTE_VALIDITY = "QUOTE_VALIDITY"
    """The buyer has to accept a quote of the request, if at all."""
    SEND_NOTICE = "SEND_NOTICE"
    """The parties of a shipment have to hear of it some time after it left."""
    TELL_MILESTONE = "TELL_MILESTONE"
    """The parties of a shipment have to hear of a milestone at once."""
    GUARANTEE_NOTICE = "GUARANTEE_NOTICE"
    """The party that gave notice has to stand for what is bought until it is over."""
    TELL_WITHDRAWAL = "TELL_WITHDRAWAL"
    """The certificates of a withdrawn guarantee have to tell of it."""
    REACH_SERVICE_LEVEL = "REACH_SERVICE_LEVEL"
    """The liable party has to reach a milestone of a service request."""
    PROVIDE_REMEDY = "PROVIDE_REMEDY"
    """The liable party has to replace, repair or send what was awarded."""
    PAY_REFUND = "PAY_REFUND"
    """The marketplace's payment system has to pay a refund."""
    CONFIRM_REMEDY = "CONFIRM_REMEDY"
    """The buyer has to say if it does not have what the liable party says it did."""
    CAPTURE_RESERVATION = "CAPTURE_RESERVATION"
    """The checkout has to capture what it holds of a coupon, if at all."""
    MEMBERSHIP_END = "MEMBERSHIP_END"
    """The merchant has to pay for another term of its plan, if at all."""
    MEMBERSHIP_CHOICE = "MEMBERSHIP_CHOICE"
    """The merchant has to pay for the plan it chose, or what it has paid for has to end first."""
    SUBMIT_PACK = "SUBMIT_PACK"
    """The merchant has to accept a chargeback or to defend itself."""
    CHECK_PACK = "CHECK_PACK"
    """The desk has to look at a merchant's pack before it is too late to send it."""
    ANSWER_PRE_ARBITRATION = "ANSWER_PRE_ARBITRATION"
    """The desk has to contest what the cardholder's bank insists on."""
    ADMIT_APPEAL = "ADMIT_APPEAL"
    """The desk has to say whether an appeal can be heard."""
    DECIDE_APPEAL = "DECIDE_APPEAL"
    """The desk has to decide an appeal."""
    ANSWER_APPEAL = "ANSWER_APPEAL"
    """The appellant has to answer what it was asked."""
    BRING_EVIDENCE = "BRING_EVIDENCE"
    """A side of a claim has to bring the evidence that it was asked for."""
    ARRANGE_RETURN = "ARRANGE_RETURN"
    """The liable party has to say where returned goods go."""
    SEND_RETURN = "SEND_RETURN"
    """The buyer has to hand over the parcel with returned goods."""
    RECEIVE_RETURN = "RECEIVE_RETURN"
    """Returned goods have to arrive."""
    INSPECT_RETURN = "INSPECT_RETURN"
    """The liable party has to look at returned goods."""
    REPORT_INSPECTION = "REPORT_INSPECTION"
    """The company that inspects goods has to report."""
    TELL_RELEASE = "TELL_RELEASE"
    """The certificates of what a hold had stopped have to tell that it goes on."""
    TELL_HOLD = "TELL_HOLD"
    """The certificates of what a hold stopped, or let go, have to tell of it."""
    POINTS_NOTICE = "POINTS_NOTICE"
    """Nobody has to do anything: points wait for the end of their notice."""
    POINTS_EXPIRY = "POINTS_EXPIRY"
    """Nobody has to do anything: points live until then."""
    SETTLE_MEASURE = "SETTLE_MEASURE"
    """A measure has to have effect exactly while what it rests on stands."""
    MEASURE_END = "MEASURE_END"
    """Nobody has to do anything: a measure ends by itself."""
    COLLECT_RECOVERY = "COLLECT_RECOVERY"
    """The liable party has to pay what it owes, unless its payouts do."""
    PAY_INVOICE = "PAY_INVOICE"
    """The liable party has to pay an invoice."""

    NOTIFY_CARRIER = "NOTIFY_CARRIER"
    """The marketplace has to tell the carrier of a loss in writing."""
    FILE_CARRIER_CLAIM = "FILE_CARRIER_CLAIM"
    """The marketplace has to file its claim with the carrier."""
    ANSWER_CARRIER_CLAIM = "ANSWER_CARRIER_CLAIM"
    """The carrier has to answer a claim."""
    COLLECT_CARRIER_CLAIM = "COLLECT_CARRIER_CLAIM"
    """The carrier has to pay what it accepted."""


SILENCE: Final[Mapping[Duty, str]] = {
    Duty.COLLECT_RECOVERY: "It is taken from the deposit as far as that goes, and the rest is invoiced.",
    Duty.PAY_INVOICE: "The invoice is overdue, and what the rule names is restricted until it is paid.",
    Duty.LATE_DELIVERY: "The late lines are judged, and the clock of the next promise starts.",
    Duty.CLAIM_WINDOW: "The cover expires.",
    Duty.ANSWER_CLAIM: "The buyer may escalate.",
    Duty.ESCALATE_CLAIM: "The claim goes to the desk by itself.",
    Duty.ANSWER_OFFER: "The offer lapses.",
    Duty.AGREE_ON_CLAIM: "The claim goes to the desk by itself.",
    Duty.TAKE_UP_CLAIM: "Both sides are asked for evidence all the same.",
    Duty.SUBMIT_EVIDENCE: "The claim is closed if the buyer brought none; otherwise it goes to its decision.",
    Duty.DECIDE_CLAIM: "The claim is decided on its file.",
    Duty.NO_MOVEMENT: "The shipment is flagged as stuck, until it is seen moving.",
    Duty.PRESUME_LOST: "The shipment counts as lost, until it is found.",
    Duty.REVIEW_APPLICATION: "The review is flagged as overdue and goes to the front of the queue.",
    Duty.CORRECT_APPLICATION: "The application lapses to a draft.",
    Duty.CORRECT_LISTING: "The service is off the shelf, or lanes are off sale, or it is removed, as its flag says.",
    Duty.COUPON_EXPIRY: "The coupon expires and what was contingent on it is released.",
    Duty.ACCEPT_INVITATION: "The invitation expires.",
    Duty.CONFIRM_UPLOAD: "The upload lapses and its bytes are deleted.",
    Duty.SERVICE_POINT_CHANGE: "The reported change or withdrawal takes effect.",
    Duty.CHECK_SERVICE_POINT: "The service point is marked as unchecked, and the check is due anew.",
    Duty.REQUIREMENT_EXPIRY: "It is warned; then what was proved expires; after grace, what depends on it goes off.",
    Duty.TOP_UP_DEPOSIT: "What the deposit opens goes off.",
    Duty.RESTRICTION_END: "What was restricted is back.",
    Duty.EXIT_NOTICE: "The provider sells nothing any more and finishes what is open.",
    Duty.WIND_DOWN: "The provider has left if nothing is open; otherwise it is looked at again.",
    Duty.BAR_END: "The provider may come back.",
    Duty.MOVE_TIER: "The buyer is looked at again, and stands where it should.",
    Duty.EVALUATE_TIERS: "All buyers are looked at, and what is new is told.",
    Duty.REVIEW_SCORECARDS: "Whoever is below standard is demoted, and whoever is not any more has its place back.",
    Duty.REVIEW_TIER_EVIDENCE: "The review is overdue, and the marketplace is told so.",
    Duty.ADD_TIER_EVIDENCE: "The review ends without a higher level.",
    Duty.QUOTE_VALIDITY: "The quotes that are over expire; the clock of the next ones starts.",
    Duty.SEND_NOTICE: "The message is written, or skipped where it is void, and the clock of the next one starts.",
    Duty.TELL_MILESTONE: "The message is written, or skipped where it is void.",
    Duty.GUARANTEE_NOTICE: "The guarantee, or the bundle with its members, has ended.",
    Duty.TELL_WITHDRAWAL: "The withdrawal is appended to the certificates of what is still covered.",
    Duty.REACH_SERVICE_LEVEL: "The milestone is marked as broken, which proposes a claim.",
    Duty.PROVIDE_REMEDY: "The remedy has failed, and the claim goes back to be decided.",
    Duty.PAY_REFUND: "The refund is overdue, which finance and the buyer see, and is due anew.",
    Duty.CONFIRM_REMEDY: "The buyer has it.",
    Duty.CAPTURE_RESERVATION: "What is held of the coupon is free again.",
    Duty.MEMBERSHIP_END: "The merchant is on the plan that is left; without its plan a protection is paused.",
    Duty.MEMBERSHIP_CHOICE: "The choice lapses, or the free plan that was chosen has begun.",
    Duty.SUBMIT_PACK: "The chargeback is lost by default.",
    Duty.CHECK_PACK: "The pack goes to the network as it stands.",
    Duty.ANSWER_PRE_ARBITRATION: "The chargeback is lost.",
    Duty.ADMIT_APPEAL: "The appeal is heard.",
    Duty.DECIDE_APPEAL: "The appeal is overdue; at the very last it is decided as the rule says for silence.",
    Duty.ANSWER_APPEAL: "The appeal is decided without an answer.",
    Duty.BRING_EVIDENCE: "The request for evidence lapses, and the marketplace decides without.",
    Duty.ARRANGE_RETURN: "The buyer keeps the goods, and what was awarded is given.",
    Duty.SEND_RETURN: "The return lapses: nothing is given.",
    Duty.RECEIVE_RETURN: "The goods count as received.",
    Duty.REPORT_INSPECTION: "The inspection lapses, and the claim is decided without it.",
    Duty.TELL_RELEASE: "The end of the hold is appended to the certificates that it concerns.",
    Duty.TELL_HOLD: "The hold, or its end, is appended to the certificates that it concerns.",
    Duty.INSPECT_RETURN: "The goods count as they should be, and what was awarded is given.",
    Duty.POINTS_NOTICE: "The points are in force.",
    Duty.POINTS_EXPIRY: "The points count no longer.",
    Duty.SETTLE_MEASURE: "The measure takes effect, or is lifted because what it rested on is gone.",
    Duty.MEASURE_END: "The measure is over.",
    Duty.NOTIFY_CARRIER: "It is warned; then the right is lost and the case is over.",
    Duty.FILE_CARRIER_CLAIM: "It is warned; then the right is lost and the case is over.",
    Duty.ANSWER_CARRIER_CLAIM: "The claim is appealed once, by itself; after that it counts as refused.",
    Duty.COLLECT_CARRIER_CLAIM: "It is told that the carrier has not paid in time.",
}
"""Duty -> what follows if nobody does it. Total."""


class ClockState(StrEnum):
    """Where a clock stands."""

    RUNNING = "RUNNING"
    """Time counts."""
    PAUSED = "PAUSED"
    """Time stands still; the deadline moves when it goes on."""
    DONE = "DONE"
    """The duty was done."""
    FIRED = "FIRED"
    """The duty was not done, and the consequence followed."""
    CANCELLED = "CANCELLED"
    """There was nothing left to do."""


UNMOVED: Final = "clock.move"
"""The rule that keeps clocks where they are."""

LIVE: Final = frozenset({ClockState.RUNNING, ClockState.PAUSED})
"""States in which something may still happen."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A duty with a deadline. `party_id` must act (None: the marketplace's own desk, or nobody in particular).

    `calendar` is the market whose days were counted, None where the deadline is a number of exact hours.
    """

    id: ClockId
    subject_id: Id
    duty: Duty
    party_id: Id | None
    due_at: datetime
    calendar: str | None
    state: ClockState
    paused_at: datetime | None
    pause_reason: str | None
    started_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class MoveClock:
    """The wish that a sandbox's clock shows `to`, and then `runs` on or stands still until it is moved again."""

    to: datetime
    runs: bool = False


def start(
    duty: Duty,
    subject_id: Id,
    due_at: datetime,
    *,
    id: ClockId,
    at: datetime,
    party_id: Id | None = None,
    calendar: str | None = None,
) -> Change[Clock]:
    """A running clock. A deadline in the past is allowed: the consequence then follows at once."""
    clock = Clock(id, subject_id, duty, party_id, due_at, calendar, ClockState.RUNNING, None, None, at, None, version=1)
    return Change(None, clock, (_happening("clock.started", clock),))


def due(clock: Clock, at: datetime) -> bool:
    """Whether the consequence follows at `at`."""
    return clock.state is ClockState.RUNNING and clock.due_at < at


def first_instant_after(due_at: datetime) -> datetime:
    """When a consequence follows at the earliest: the microsecond after the deadline, whose own instant is in time."""
    return due_at + MICROSECOND


def pause(clock: Clock, reason: str, *, at: datetime) -> Change[Clock]:
    """Time stands still from `at`. Refuses a clock that does not run, and one whose deadline has passed."""
    _require(clock, frozenset({ClockState.RUNNING}), "clock.pause", "Only a running clock can be paused.")
    if due(clock, at):
        finding = Finding("clock.pause", False, "clock_not_over", {"dueAt": rfc3339(clock.due_at)})
        raise Refused("clock.pause", "Its deadline has passed already.", (finding,))
    return _step(clock, replace(clock, state=ClockState.PAUSED, paused_at=at, pause_reason=reason), "clock.paused")


def resume(clock: Clock, *, at: datetime) -> Change[Clock]:
    """Time counts again from `at`; the deadline is later by as long as it stood still. Refuses unless paused."""
    _require(clock, frozenset({ClockState.PAUSED}), "clock.resume", "Only a paused clock can be resumed.")
    return _step(clock, replace(_awake(clock, at), state=ClockState.RUNNING), "clock.resumed")


def complete(clock: Clock, *, at: datetime) -> Change[Clock]:
    """The duty was done at `at`. A pause that lasted until now has moved the deadline. Refuses an ended clock."""
    return _end(clock, ClockState.DONE, "complete", at)


def cancel(clock: Clock, *, at: datetime) -> Change[Clock]:
    """There is nothing left to do it for. Refuses an ended clock."""
    return _end(clock, ClockState.CANCELLED, "cancel", at)


def fire(clock: Clock, *, at: datetime) -> Change[Clock]:
    """Nobody did it: the consequence follows at `at`. Refuses with ValueError a clock that is not due."""
    if not due(clock, at):
        raise ValueError(f"{clock.id} is not due at {at}")
    return _step(clock, replace(clock, state=ClockState.FIRED, ended_at=at), "clock.fired")


def movable(tenant: Tenant, to: datetime, shows: datetime) -> tuple[Finding, ...]:
    """Whether the tenant's clock, which shows `shows`, can be moved to `to`: a sandbox's, forwards."""
    return (
        Finding(UNMOVED, tenant.kind is TenantKind.SANDBOX, "clock_of_sandbox", {"kind": tenant.kind.name}),
        Finding(UNMOVED, to > shows, "clock_forwards", {"to": rfc3339(to), "shows": rfc3339(shows)}),
    )


def move_clock(tenant: Tenant, command: MoveClock, *, shows: datetime, real_now: datetime) -> Change[Tenant]:
    """The sandbox's clock shows `to` from `real_now`, the real instant, on. What was due on the way has fired before.

    Refuses a live tenant and a move that is not forwards from `shows`.
    """
    if because := unmet(movable(tenant, command.to, shows)):
        raise Refused(UNMOVED, "Only a sandbox's clock can be moved, and only forwards.", because)
    after = replace(
        tenant, clock_at=command.to, clock_set_at=real_now, clock_runs=command.runs, version=tenant.version + 1
    )
    facts: dict[str, Fact] = {"from": rfc3339(shows), "to": rfc3339(command.to), "runs": command.runs}
    return Change(tenant, after, (Happening("tenant.clock_moved", facts),))


def _end(clock: Clock, state: ClockState, verb: str, at: datetime) -> Change[Clock]:
    _require(clock, LIVE, f"clock.{verb}", "The clock has ended already.")
    return _step(clock, replace(_awake(clock, at), state=state, ended_at=at), f"clock.{_PAST[state]}")


_PAST: Final = {ClockState.DONE: "completed", ClockState.CANCELLED: "cancelled"}


def _awake(clock: Clock, at: datetime) -> Clock:
    """The clock without its pause, if it has one: the deadline is moved by the pause's length."""
    if clock.paused_at is None:
        return clock
    return replace(clock, due_at=clock.due_at + (at - clock.paused_at), paused_at=None, pause_reason=None)


def _require(clock: Clock, states: frozenset[ClockState], rule: str, message: str) -> None:
    if clock.state not in states:
        raise Refused(rule, message, (Finding(rule, False, "clock_state", {"state": clock.state.value}),))


def _step(clock: Clock, after: Clock, name: str) -> Change[Clock]:
    after = replace(after, version=clock.version + 1)
    return Change(clock, after, (_happening(name, after),))


def _happening(name: str, clock: Clock) -> Happening:
    return Happening(name, {"duty": clock.duty.value, "subjectId": clock.subject_id})
