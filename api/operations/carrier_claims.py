"""Carrier claims: opened when a claim is decided or by staff, told, filed, answered, collected or given up.

Locks: the order of the claim first, then the case, then balances. What a carrier accepts, pays and does not pay is in
the ledger in the transaction that says so.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from api.operations.duties import end_duties, start_duty
from domain import access, carriage, carrier_claims, ledger, legs, money, tracking
from domain.carriage import Cap, CarriageTerms, Consignment, LossKind
from domain.carrier_claims import (
    AmendCarrierClaim,
    AnswerCarrierClaim,
    CarrierClaim,
    CarrierClaimAction,
    CarrierClaimState,
    CarrierPayment,
    CollectCarrierClaim,
    OpenCarrierClaim,
    Rated,
    TellCarrier,
    WriteOffCarrierClaim,
)
from domain.change import Change
from domain.claims import Claim
from domain.clocks import Clock, Duty
from domain.coverage import Coverage
from domain.dates import local_day
from domain.decisions import DecisionKind, decision
from domain.errors import Conflict, Invalid, Problem, Refused
from domain.exchange_rates import Conversion
from domain.explain import Finding, unmet
from domain.ids import CarrierClaimId, CarrierPaymentId, DecisionId, TransferId
from domain.ledger import Cause, Event
from domain.legs import Leg
from domain.liability import Bearer, Shares, split
from domain.money import Money
from domain.remedies import Award
from domain.rulebook import RuleVersion
from domain.shipments import Shipment
from domain.tracking import RESPONSIBLE, ResponsibleParty, TrackingEvent
from storage import calendars, evidence, exchange_rates, rulebook
from storage import carrier_claims as case_rows
from storage import claims as claim_rows
from storage import ledger as ledger_rows
from storage import legs as leg_rows
from storage import orders as order_rows
from storage import recoveries as recovery_rows
from storage import shipments as shipment_rows
from storage import tracking as tracking_rows
from storage.unit_of_work import Outcome, Work

A = CarrierClaimAction

UNKNOWN: Final = Consignment()
"""Nobody said what the goods weighed."""


# -- how a case begins -------------------------------------------------------------------------------------------------


async def follow_award(work: Work, claim: Claim, _cover: Coverage, awards: tuple[Award, ...], shares: Shares) -> None:
    """Where the carrier bears a share of what the claim gives, it is asked for that share.

    Nothing happens where nobody knows how the goods travelled, or the liable party carried them itself: what it owes
    is collected from it. The order and the claim are locked.
    """
    kind = carriage.KINDS.get(claim.lost_by)
    given = money.total([award.amount for award in awards], claim.amount.currency)
    if kind is None or not given.minor or not shares.of_bearer(Bearer.CARRIER):
        return
    loss = split(given, shares)[Bearer.CARRIER]
    shipment, leg = await carried(work, claim)
    if shipment is None or not loss.minor:
        return
    carrier_id = shipment.provider_id if leg is None else leg.provider_id
    if carrier_id == claim.party_id or carrier_claims.regime_of(shipment, leg) is None:
        return
    await _open(work, claim, shipment, leg, kind, loss, Consignment(weight_grams=shipment.weight_grams))


async def open_carrier_claim(work: Work, command: OpenCarrierClaim) -> Outcome:
    """The carrier of that shipment is asked for what the platform itself bears of the claim.

    Refuses, with every reason: a claim of which the platform bears nothing, or whose cause is no carrier's; a shipment
    of another order; a way that nobody stated; the liable party itself; with Conflict a second case.
    """
    access.require(work.caller, "openCarrierClaim")
    claim = await claim_rows.get(work.connection, work.tenant_id, command.claim_id)
    await order_rows.lock(work.connection, work.tenant_id, claim.order_id)
    shipment = await shipment_rows.get(work.connection, work.tenant_id, command.shipment_id)
    known = await leg_rows.by_shipments(work.connection, work.tenant_id, [shipment.id])
    leg = next((leg for leg in known if leg.id == command.leg_id), None)
    if command.leg_id is not None and leg is None:
        raise Invalid(Problem(("legId",), "The shipment has no such leg."))
    kind = carriage.KINDS.get(claim.lost_by)
    cases = await case_rows.by_claim(work.connection, work.tenant_id, claim.id)
    if any(case.shipment_id == shipment.id for case in cases):
        raise Conflict("There is a case against the carrier of this shipment already.", field=("shipmentId",))
    borne = await left_to_ask(work, claim, cases)
    carrier_id = shipment.provider_id if leg is None else leg.provider_id
    findings = (
        Finding("carrier_claim.cause", kind is not None, "carrier_answers_for_cause", {"reason": claim.reason.value}),
        Finding("carrier_claim.order", shipment.order_id == claim.order_id, "carrier_shipment_of_order"),
        Finding("carrier_claim.borne", borne.minor > 0, "carrier_platform_bears", {"borne": str(borne)}),
        Finding("carrier_claim.regime", carrier_claims.regime_of(shipment, leg) is not None, "carrier_regime_known"),
        Finding("carrier_claim.other", carrier_id != claim.party_id, "carrier_is_not_liable_party"),
    )
    if because := unmet(findings):
        raise Refused("carrier_claim.open", "The carrier cannot be asked for that.", because)
    assert kind is not None
    goods = command.goods if command.goods != UNKNOWN else Consignment(weight_grams=shipment.weight_grams)
    case = await _open(work, claim, shipment, leg, kind, borne, goods)
    return Outcome({"carrierClaim": case.id})


async def left_to_ask(work: Work, claim: Claim, cases: Sequence[CarrierClaim]) -> Money:
    """What the platform bears of the claim and nobody was asked for yet. The order is locked by the caller."""
    nothing = Money.zero(claim.amount.currency)
    accounts = await case_rows.loss_accounts(work.connection, work.tenant_id, [claim.id])
    if (account := accounts.get(claim.id)) is None:
        return nothing
    owed = await recovery_rows.by_claim(work.connection, work.tenant_id, claim.id)
    contingent = money.total([each.contingent for each in owed], nothing.currency)
    return carrier_claims.left_to_ask(account, cases, contingent)


async def _open(
    work: Work,
    claim: Claim,
    shipment: Shipment,
    leg: Leg | None,
    kind: LossKind,
    loss: Money,
    goods: Consignment,
) -> CarrierClaim:
    regime = carrier_claims.regime_of(shipment, leg)
    if regime is None:
        raise ValueError(f"nobody said how {shipment.id} travelled")
    version = await rulebook.in_force(
        work.connection, work.tenant_id, regime.rule, carrier_claims.carried_at(shipment, leg)
    )
    rated = await _rated(work, version, loss.currency)
    decided = work.new_id(DecisionId)
    change = carrier_claims.open_carrier_claim(
        claim.id,
        shipment,
        leg,
        claim.buyer_id,
        kind,
        loss,
        goods,
        rated,
        regime=regime,
        rule_version_id=version.id,
        id=work.new_id(CarrierClaimId),
        decision_id=decided,
        at=work.at,
    )
    case = change.after
    tree = carrier_claims.explained(case, _cap(case, rated))
    work.add(
        decision(
            decided,
            case.id,
            DecisionKind.CARRIAGE,
            tree,
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(version.id,),
        )
    )
    await work.keep(change)
    await _arm(work, case, rated.rule)
    return case


async def carried(work: Work, claim: Claim) -> tuple[Shipment | None, Leg | None]:
    """The shipment that the claim is about, and the leg of it whose carrier answers, where either is known."""
    shipment = await _concerned(work, claim)
    return shipment, None if shipment is None else await _responsible(work, shipment)


async def _concerned(work: Work, claim: Claim) -> Shipment | None:
    """The shipment that the claim is about: the one that went wrong, else the last that was delivered."""
    found = await shipment_rows.by_orders(work.connection, work.tenant_id, [claim.order_id])
    told = await tracking_rows.by_shipments(work.connection, work.tenant_id, [each.id for each in found])
    at_fault = [each for each in found if _answers(each, told) is ResponsibleParty.CARRIER]
    return max(at_fault or found, key=lambda each: (each.delivered_at or each.recorded_at, each.id), default=None)


def _answers(shipment: Shipment, told: Iterable[TrackingEvent]) -> ResponsibleParty | None:
    """Who answers for what last went wrong with that shipment before it was delivered."""
    return tracking.answers((event for event in told if event.shipment_id == shipment.id), shipment.delivered_at)


async def _responsible(work: Work, shipment: Shipment) -> Leg | None:
    """The leg on which the goods were when the carrier failed last; the only one where there is one; else none."""
    found = await leg_rows.by_shipments(work.connection, work.tenant_id, [shipment.id])
    told = await tracking_rows.by_shipments(work.connection, work.tenant_id, [shipment.id])
    failed = [
        event for event in told if event.reason is not None and RESPONSIBLE[event.reason] is ResponsibleParty.CARRIER
    ]
    if not failed:
        return found[0] if len(found) == 1 else None
    return legs.responsible(found, max(failed, key=lambda event: (event.occurred_at, event.id)))


# -- what people do with it --------------------------------------------------------------------------------------------


async def amend_carrier_claim(work: Work, command: AmendCarrierClaim) -> Outcome:
    """What became known of the goods is noted, and the cap follows."""
    access.require(work.caller, "amendCarrierClaim")
    case, version = await _locked(work, command.carrier_claim_id, A.AMEND_CARRIER_CLAIM)
    rated = await _rated(work, version, case.loss.currency)
    return await _keep(work, carrier_claims.amend_carrier_claim(case, command.goods, rated), rated.rule)


async def notify_carrier(work: Work, command: TellCarrier) -> Outcome:
    """The carrier was told in writing. Refused after the last instant of notice."""
    access.require(work.caller, "notifyCarrier")
    case, version = await _locked(work, command.carrier_claim_id, A.NOTIFY_CARRIER)
    change = carrier_claims.notify_carrier(case, command.reference, work.at)
    return await _keep(work, change, carriage.carriage_terms(version))


async def file_carrier_claim(work: Work, command: TellCarrier) -> Outcome:
    """The claim lies with the carrier, its papers frozen by their digest. Refused while the cap is unknown."""
    access.require(work.caller, "fileCarrierClaim")
    case, version = await _locked(work, command.carrier_claim_id, A.FILE_CARRIER_CLAIM)
    rule = carriage.carriage_terms(version)
    pack = await evidence.pack(work.connection, work.tenant_id, order_id=case.order_id)
    calendar = await calendars.get(work.connection, work.market)
    change = carrier_claims.file_carrier_claim(case, command.reference, pack.sha256, rule, calendar, work.at)
    return await _keep(work, change, rule)


async def acknowledge_carrier_claim(work: Work, command: TellCarrier) -> Outcome:
    """The carrier confirmed that it has the claim."""
    access.require(work.caller, "acknowledgeCarrierClaim")
    case, version = await _locked(work, command.carrier_claim_id, A.ACKNOWLEDGE_CARRIER_CLAIM)
    change = carrier_claims.acknowledge_carrier_claim(case, command.reference)
    return await _keep(work, change, carriage.carriage_terms(version))


async def answer_carrier_claim(work: Work, command: AnswerCarrierClaim) -> Outcome:
    """The carrier's answer: what it accepts is a receivable; a first refusal is appealed by itself."""
    access.require(work.caller, "answerCarrierClaim")
    case, version = await _locked(work, command.carrier_claim_id, A.ANSWER_CARRIER_CLAIM)
    rule = carriage.carriage_terms(version)
    calendar = await calendars.get(work.connection, work.market)
    change = carrier_claims.answer_carrier_claim(
        case, command.answer, command.amount, command.reason, rule, calendar, work.at
    )
    outcome = await _keep(work, change, rule)
    if change.after.accepted.minor:
        await _post(work, Event.CARRIER_ACCEPTED, change.after.accepted, change.after)
    return outcome


async def collect_carrier_claim(work: Work, command: CollectCarrierClaim) -> Outcome:
    """The carrier paid; with the last of it the case is over.

    Refuses more than is outstanding, and with Conflict a reference that was recorded.
    """
    access.require(work.caller, "collectCarrierClaim")
    case, version = await _locked(work, command.carrier_claim_id, A.COLLECT_CARRIER_CLAIM)
    change = carrier_claims.collect_carrier_claim(case, command.amount, work.at)
    payment = CarrierPayment(work.new_id(CarrierPaymentId), case.id, command.amount, command.reference.strip(), work.at)
    work.add(payment)
    outcome = await _keep(work, change, carriage.carriage_terms(version))
    await _post(work, Event.CARRIER_PAID, command.amount, case)
    return outcome


async def write_off_carrier_claim(work: Work, command: WriteOffCarrierClaim) -> Outcome:
    """What the carrier accepted and did not pay is given up: the platform bears it."""
    access.require(work.caller, "writeOffCarrierClaim")
    case, version = await _locked(work, command.carrier_claim_id, A.WRITE_OFF_CARRIER_CLAIM)
    change = carrier_claims.write_off_carrier_claim(case, command.reason, work.at)
    outcome = await _keep(work, change, carriage.carriage_terms(version))
    await _post(work, Event.CARRIER_WRITTEN_OFF, case.outstanding, case)
    return outcome


# -- what follows by itself --------------------------------------------------------------------------------------------


async def fire_notify_carrier(work: Work, clock: Clock) -> None:
    """A deadline is near and is told of; or it is over, and with it the right."""
    await _rung(work, clock, {CarrierClaimState.NOTICE_DUE})


async def fire_file_carrier_claim(work: Work, clock: Clock) -> None:
    """The right is about to be lost and that is told; or it is lost."""
    await _rung(work, clock, {CarrierClaimState.NOTIFIED})


async def fire_answer_carrier_claim(work: Work, clock: Clock) -> None:
    """The carrier was silent: it is asked once more, and after that it has refused."""
    case, version = await _case(work, CarrierClaimId(clock.subject_id))
    if case.state not in carrier_claims.MOVES[A.ANSWER_CARRIER_CLAIM].since:
        return
    rule = carriage.carriage_terms(version)
    calendar = await calendars.get(work.connection, work.market)
    await _keep(work, carrier_claims.refuse(case, None, rule, calendar, work.at), rule)


async def fire_collect_carrier_claim(work: Work, clock: Clock) -> None:
    """The carrier did not pay in time: that is told, once. Staff write off or go on."""
    case, _ = await _case(work, CarrierClaimId(clock.subject_id))
    if case.state in carrier_claims.MOVES[A.COLLECT_CARRIER_CLAIM].since:
        await work.keep(carrier_claims.warn(case, work.at))


async def _rung(work: Work, clock: Clock, waiting: set[CarrierClaimState]) -> None:
    case, version = await _case(work, CarrierClaimId(clock.subject_id))
    if case.state not in waiting or case.due_at is None:
        return
    rule = carriage.carriage_terms(version)
    if work.at > case.due_at:
        await _keep(work, carrier_claims.time_bar(case, work.at), rule)
        return
    change = carrier_claims.warn(case, work.at)
    await work.keep(change)
    await _arm(work, change.after, rule)


# -- what they need ----------------------------------------------------------------------------------------------------


async def _case(work: Work, id: CarrierClaimId) -> tuple[CarrierClaim, RuleVersion]:
    """The case, its order and itself locked, and the rule it was opened under."""
    found = await case_rows.get(work.connection, work.tenant_id, id)
    await order_rows.lock(work.connection, work.tenant_id, found.order_id)
    case = await case_rows.lock(work.connection, work.tenant_id, id)
    return case, await rulebook.get(work.connection, work.tenant_id, case.rule_version_id)


async def _locked(work: Work, id: CarrierClaimId, action: CarrierClaimAction) -> tuple[CarrierClaim, RuleVersion]:
    """The case for somebody who may take that action now. Refuses with NotFound, Conflict, Refused with all reasons."""
    case, version = await _case(work, id)
    carrier_claims.require_side(case, work.caller)
    work.expect(case)
    carrier_claims.require_move(case, action, work.caller, work.at)
    return case, version


async def _keep(work: Work, change: Change[CarrierClaim], rule: CarriageTerms) -> Outcome:
    """The step is kept; the duty of the state that was left is done, that of the one entered starts."""
    before, after = change.before, change.after
    await work.keep(change)
    if before is not None and (before.state, before.due_at) != (after.state, after.due_at):
        await end_duties(work, after.id)
        await _arm(work, after, rule)
    return Outcome({"carrierClaim": after.id})


async def _arm(work: Work, case: CarrierClaim, rule: CarriageTerms) -> None:
    """The clock of what has to be done rings next at a warning, or at the deadline itself."""
    duty, rings_at = carrier_claims.DUTIES.get(case.state), carrier_claims.next_alarm(case, rule, work.at)
    if duty is not None and rings_at is not None:
        await start_duty(work, duty, case.id, rings_at, party_id=case.provider_id if _carriers(duty) else None)


def _carriers(duty: Duty) -> bool:
    """Whether the carrier has to act, and not the marketplace."""
    return duty in {Duty.ANSWER_CARRIER_CLAIM, Duty.COLLECT_CARRIER_CLAIM}


async def _rated(work: Work, version: RuleVersion, currency: str) -> Rated:
    """The regime with the market's days and the rate of an SDR today; no rate where nobody recorded one."""
    calendar = await calendars.get(work.connection, work.market)
    day = local_day(work.at, calendar)
    conversion: Conversion | None
    try:
        conversion = await exchange_rates.rate(work.connection, work.tenant_id, money.SDR, currency, day)
    except Refused:  # the cap stays unknown, the case says so, and it is not filed before
        conversion = None
    return Rated(carriage.carriage_terms(version), calendar, conversion)


def _cap(case: CarrierClaim, rated: Rated) -> Cap:
    return carriage.cap(rated.rule, case.goods, case.loss.currency, rated.conversion)


async def _post(work: Work, event: Event, amount: Money, case: CarrierClaim) -> None:
    cause = Cause(
        claim_id=case.claim_id,
        carrier_claim_id=case.id,
        decision_id=case.decision_id,
        rule_version_id=case.rule_version_id,
    )
    transfer = ledger.transfer(work.new_id(TransferId), event, amount, party_id=None, cause=cause, at=work.at)
    await ledger_rows.post(work, transfer)
