"""The life of a carrier claim: who may do what, and every step as a change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from domain import carriage, texts
from domain.access import Caller, ViewerKind, may
from domain.carriage import Cap, CarriageTerms, Consignment, LossKind, Regime
from domain.carrier_claims.case import (
    GRAMS_MAX,
    PACKAGES_MAX,
    CarrierAnswer,
    CarrierClaim,
    CarrierClaimAction,
    CarrierClaimState,
    CarrierSide,
)
from domain.change import Change, Fact, Happening
from domain.clocks import Duty
from domain.dates import MICROSECOND, Calendar, day_deadline, rfc3339
from domain.errors import Invalid, NotFound, Problem
from domain.exchange_rates import Conversion
from domain.explain import Finding, unmet
from domain.ids import (
    BuyerId,
    CarrierClaimId,
    ClaimId,
    DecisionId,
    RuleVersionId,
)
from domain.legs import Leg
from domain.money import Money
from domain.moves import Move, require
from domain.shipments import Shipment


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the lifecycle: from which states and by whom."""

    mutation: str
    since: frozenset[CarrierClaimState]
    by: frozenset[CarrierSide]


_S: Final = CarrierClaimState
_STAFF: Final = frozenset({CarrierSide.STAFF})
_BOTH: Final = frozenset(CarrierSide)
_WAITING: Final = frozenset({_S.FILED, _S.ACKNOWLEDGED, _S.APPEALED})
"""States in which the carrier must answer."""
_OWED: Final = frozenset({_S.ACCEPTED, _S.PARTLY})

MOVES: Final[Mapping[CarrierClaimAction, Step]] = {
    CarrierClaimAction.AMEND_CARRIER_CLAIM: Step("amendCarrierClaim", frozenset({_S.NOTICE_DUE, _S.NOTIFIED}), _STAFF),
    CarrierClaimAction.NOTIFY_CARRIER: Step("notifyCarrier", frozenset({_S.NOTICE_DUE}), _STAFF),
    CarrierClaimAction.FILE_CARRIER_CLAIM: Step("fileCarrierClaim", frozenset({_S.NOTIFIED}), _STAFF),
    CarrierClaimAction.ACKNOWLEDGE_CARRIER_CLAIM: Step("acknowledgeCarrierClaim", frozenset({_S.FILED}), _BOTH),
    CarrierClaimAction.ANSWER_CARRIER_CLAIM: Step("answerCarrierClaim", _WAITING, _BOTH),
    CarrierClaimAction.COLLECT_CARRIER_CLAIM: Step("collectCarrierClaim", _OWED, _STAFF),
    CarrierClaimAction.WRITE_OFF_CARRIER_CLAIM: Step("writeOffCarrierClaim", _OWED, _STAFF),
}
assert MOVES.keys() == set(CarrierClaimAction)

DUTIES: Final[Mapping[CarrierClaimState, Duty]] = {
    _S.NOTICE_DUE: Duty.NOTIFY_CARRIER,
    _S.NOTIFIED: Duty.FILE_CARRIER_CLAIM,
    _S.FILED: Duty.ANSWER_CARRIER_CLAIM,
    _S.ACKNOWLEDGED: Duty.ANSWER_CARRIER_CLAIM,
    _S.APPEALED: Duty.ANSWER_CARRIER_CLAIM,
    _S.ACCEPTED: Duty.COLLECT_CARRIER_CLAIM,
    _S.PARTLY: Duty.COLLECT_CARRIER_CLAIM,
}
"""The duty of each state that waits for somebody."""


@dataclass(frozen=True, slots=True)
class Rated:
    """What a case is opened under: the regime's rule, the calendar that its days are counted in, the rate of an SDR."""

    rule: CarriageTerms
    calendar: Calendar
    conversion: Conversion | None


def regime_of(shipment: Shipment, leg: Leg | None) -> Regime | None:
    """What governs the carriage: the leg's mode where one is known, else the shipment's; None where nobody said."""
    return carriage.REGIMES[shipment.mode if leg is None else leg.mode]


def carried_at(shipment: Shipment, leg: Leg | None) -> datetime:
    """The instant whose day decides which version of the regime governs."""
    begun = None if leg is None else leg.begins_at
    return begun or shipment.picked_up_at or shipment.recorded_at


def came_at(shipment: Shipment, kind: LossKind) -> datetime:
    """When the goods came, or were due where they never did: what notice and limitation are counted from."""
    if kind is not LossKind.LOSS and shipment.delivered_at is not None:
        return shipment.delivered_at
    return shipment.promised_at or shipment.recorded_at


def open_carrier_claim(
    claim_id: ClaimId,
    shipment: Shipment,
    leg: Leg | None,
    buyer_id: BuyerId,
    kind: LossKind,
    loss: Money,
    goods: Consignment,
    rated: Rated,
    *,
    regime: Regime,
    rule_version_id: RuleVersionId,
    id: CarrierClaimId,
    decision_id: DecisionId,
    at: datetime,
) -> Change[CarrierClaim]:
    """A case against whoever carried: to be told first, where the regime wants that and there is time.

    Refuses with Invalid goods beyond the limits.
    """
    require_goods(goods)
    rule, calendar = rated.rule, rated.calendar
    delivered_at = came_at(shipment, kind)
    notice_due_at = carriage.notice_due_at(rule, kind, delivered_at, calendar)
    limitation_at = carriage.limitation_at(rule, delivered_at, calendar)
    late = at > limitation_at or (notice_due_at is not None and at > notice_due_at)
    state = _S.TIME_BARRED if late else _S.NOTIFIED if notice_due_at is None else _S.NOTICE_DUE
    nothing = Money.zero(loss.currency)
    case = CarrierClaim(
        id=id,
        claim_id=claim_id,
        order_id=shipment.order_id,
        buyer_id=buyer_id,
        shipment_id=shipment.id,
        leg_id=None if leg is None else leg.id,
        provider_id=shipment.provider_id if leg is None else leg.provider_id,
        carrier_name=None if leg is None else leg.carrier_name,
        regime=regime,
        kind=kind,
        state=state,
        loss=loss,
        claimed=loss,
        accepted=nothing,
        collected=nothing,
        written_off=nothing,
        cap=None,
        cap_sdr=None,
        sdr_rate=None,
        sdr_rate_day=None,
        weight_grams=None,
        packages=None,
        declared=None,
        delivered_at=delivered_at,
        notice_due_at=notice_due_at,
        limitation_at=limitation_at,
        due_at=None if late else limitation_at if notice_due_at is None else notice_due_at,
        warned_at=None,
        notified_at=None,
        filed_at=None,
        answered_at=None,
        appealed_at=None,
        reference=None,
        pack_digest=None,
        reason=None,
        rule_version_id=rule_version_id,
        decision_id=decision_id,
        opened_at=at,
        ended_at=at if late else None,
        version=1,
    )
    case = _capped(case, goods, rated)
    names = ("carrier_claim.opened", "carrier_claim.time_barred") if late else ("carrier_claim.opened",)
    return Change(None, case, tuple(_happening(name, case) for name in names))


def explained(case: CarrierClaim, cap: Cap) -> Finding:
    """The tree that a case is opened with: the regime, its clocks, the cap."""
    notice = {"dueAt": None if case.notice_due_at is None else rfc3339(case.notice_due_at)}
    in_time = case.notice_due_at is None or case.opened_at <= case.notice_due_at
    because = (
        Finding("carriage.notice", in_time, "carrier_notice_in_time", notice, str(case.rule_version_id)),
        Finding(
            "carriage.limitation",
            case.opened_at <= case.limitation_at,
            "carrier_claim_in_time",
            {"until": rfc3339(case.limitation_at)},
            str(case.rule_version_id),
        ),
        cap.because,
    )
    inputs = {"regime": case.regime.value, "kind": case.kind.value, "loss": str(case.loss)}
    inputs["claimed"] = str(case.claimed)
    holds = case.state is not _S.TIME_BARRED
    return Finding("carrier_claim", holds, "carrier_claim_stands", inputs, str(case.rule_version_id), because)


def require_goods(goods: Consignment) -> None:
    """Nothing, if the goods are within the limits.

    Raises:
        Invalid: they are not (all of it).
    """
    if problems := tuple(goods_problems(goods)):
        raise Invalid(*problems)


def goods_problems(goods: Consignment) -> Iterable[Problem]:
    """What of the goods is beyond the limits."""
    if goods.weight_grams is not None and not 0 < goods.weight_grams <= GRAMS_MAX:
        yield Problem(("weightGrams",), f"1 to {GRAMS_MAX} grams.")
    if goods.packages is not None and not 0 < goods.packages <= PACKAGES_MAX:
        yield Problem(("packages",), f"1 to {PACKAGES_MAX} packages.")
    if goods.declared is not None and goods.declared.minor <= 0:
        yield Problem(("declared",), "A declared value is above zero.")


def _capped(case: CarrierClaim, goods: Consignment, rated: Rated) -> CarrierClaim:
    """The case with those goods, its cap worked out anew, and what is claimed no more than that."""
    if goods.declared is not None and goods.declared.currency != case.loss.currency:
        raise Invalid(Problem(("declared",), f"The case is in {case.loss.currency}."))
    cap = carriage.cap(rated.rule, goods, case.loss.currency, rated.conversion)
    conversion = rated.conversion if cap.sdr is not None else None
    return replace(
        case,
        weight_grams=goods.weight_grams,
        packages=goods.packages,
        declared=goods.declared,
        cap=cap.amount,
        cap_sdr=cap.sdr,
        sdr_rate=None if conversion is None else conversion.rate,
        sdr_rate_day=None if conversion is None else conversion.day,
        claimed=case.loss if cap.amount is None else min(case.loss, cap.amount),
    )


# -- who may do what ---------------------------------------------------------------------------------------------------


def side_of(case: CarrierClaim, caller: Caller) -> CarrierSide | None:
    """On which side of the case the caller stands; None when on no side."""
    if caller.viewer is ViewerKind.STAFF:
        return CarrierSide.STAFF
    return CarrierSide.CARRIER if case.provider_id is not None and caller.party_id == case.provider_id else None


def require_side(case: CarrierClaim, caller: Caller) -> None:
    """Nothing, if the caller is on a side of the case.

    Raises:
        NotFound: it is not: for this caller there is no such case.
    """
    if side_of(case, caller) is None:
        raise NotFound("There is no such carrier claim.", field=("carrierClaimId",))


def moves(case: CarrierClaim, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """Every action on the case for that caller at that instant, each with all that stands in its way."""
    side = side_of(case, caller)
    return tuple(_move(case, action, step, caller, side, at) for action, step in MOVES.items())


_BY_DEADLINE: Final = frozenset({CarrierClaimAction.NOTIFY_CARRIER, CarrierClaimAction.FILE_CARRIER_CLAIM})
"""Acts that are too late after their deadline: the right is lost then."""


def _move(
    case: CarrierClaim,
    action: CarrierClaimAction,
    step: Step,
    caller: Caller,
    side: CarrierSide | None,
    at: datetime,
) -> Move:
    findings = [
        Finding("carrier_claim.role", side in step.by and may(caller, step.mutation), "carrier_claim_of_your_side"),
        Finding("carrier_claim.state", case.state in step.since, "carrier_claim_allows", {"state": case.state.value}),
    ]
    closes_at = case.due_at if action in _BY_DEADLINE and case.state in step.since else None
    if closes_at is not None:
        due = rfc3339(closes_at)
        in_time = at <= closes_at
        findings.append(Finding("carrier_claim.in_time", in_time, "carrier_act_in_time", {"dueAt": due}, closes_at=due))
    if action is CarrierClaimAction.FILE_CARRIER_CLAIM:
        known = {"sdr": None if case.cap_sdr is None else f"{case.cap_sdr:f}"}
        findings.append(Finding("carrier_claim.cap", case.cap is not None, "carrier_cap_known", known))
    return Move(action.value, unmet(findings), closes_at=closes_at)


def require_move(case: CarrierClaim, action: CarrierClaimAction, caller: Caller, at: datetime) -> None:
    """Nothing, if the caller may do it now. Refuses with all reasons."""
    require(moves(case, caller, at), action.value, f"carrier_claim.{action.value.lower()}")


# -- steps -------------------------------------------------------------------------------------------------------------


def amend_carrier_claim(case: CarrierClaim, goods: Consignment, rated: Rated) -> Change[CarrierClaim]:
    """What became known of the goods is noted, and the cap follows. Refuses with Invalid what cannot be."""
    require_goods(goods)
    known = Consignment(
        goods.weight_grams or case.weight_grams, goods.packages or case.packages, goods.declared or case.declared
    )
    return _stepped(case, _capped(case, known, rated), "carrier_claim.amended")


def notify_carrier(case: CarrierClaim, reference: str | None, at: datetime) -> Change[CarrierClaim]:
    """The carrier was told in writing: the claim has to be filed before the right is lost."""
    after = replace(
        case,
        state=_S.NOTIFIED,
        notified_at=at,
        reference=_reference(reference) or case.reference,
        due_at=case.limitation_at,
        warned_at=None,
    )
    return _stepped(case, after, "carrier_claim.notified")


def file_carrier_claim(
    case: CarrierClaim, reference: str | None, pack_digest: str, rule: CarriageTerms, calendar: Calendar, at: datetime
) -> Change[CarrierClaim]:
    """The claim lies with the carrier, with the papers of that digest; its time to answer begins."""
    after = replace(
        case,
        state=_S.FILED,
        filed_at=at,
        pack_digest=pack_digest,
        reference=_reference(reference) or case.reference,
        due_at=day_deadline(at, rule.answer_days, calendar),
        warned_at=None,
    )
    return _stepped(case, after, "carrier_claim.filed")


def acknowledge_carrier_claim(case: CarrierClaim, reference: str | None) -> Change[CarrierClaim]:
    """The carrier confirmed that it has the claim; its time to answer runs on."""
    after = replace(case, state=_S.ACKNOWLEDGED, reference=_reference(reference) or case.reference)
    return _stepped(case, after, "carrier_claim.acknowledged")


def answer_carrier_claim(
    case: CarrierClaim,
    answer: CarrierAnswer,
    amount: Money | None,
    reason: str | None,
    rule: CarriageTerms,
    calendar: Calendar,
    at: datetime,
) -> Change[CarrierClaim]:
    """The carrier's answer: what it accepts is owed; a first refusal is appealed at once.

    Refuses with Invalid a part that is not above zero and below what was claimed, an amount where none belongs, and
    another currency.
    """
    if answer is CarrierAnswer.REFUSED:
        if amount is not None:
            raise Invalid(Problem(("amount",), "A refusal pays nothing."))
        return refuse(case, reason, rule, calendar, at)
    accepted = _accepted(case, answer, amount)
    after = replace(
        case,
        state=_S.ACCEPTED if answer is CarrierAnswer.ACCEPTED else _S.PARTLY,
        accepted=accepted,
        answered_at=at,
        reason=reason,
        due_at=day_deadline(at, rule.collect_days, calendar),
        warned_at=None,
    )
    return _stepped(case, after, "carrier_claim.accepted", accepted)


def _accepted(case: CarrierClaim, answer: CarrierAnswer, amount: Money | None) -> Money:
    if answer is CarrierAnswer.ACCEPTED:
        if amount is not None and amount != case.claimed:
            raise Invalid(Problem(("amount",), f"All that was claimed is {case.claimed}."))
        return case.claimed
    if amount is None or amount.currency != case.claimed.currency or not 0 < amount.minor < case.claimed.minor:
        raise Invalid(Problem(("amount",), f"A part is above zero and below {case.claimed}."))
    return amount


def refuse(
    case: CarrierClaim, reason: str | None, rule: CarriageTerms, calendar: Calendar, at: datetime
) -> Change[CarrierClaim]:
    """The carrier refused, or was silent: the first time that is appealed, the second time it is the end."""
    if case.state is _S.APPEALED:
        after = replace(case, state=_S.REFUSED, answered_at=at, reason=reason, due_at=None, ended_at=at)
        return _stepped(case, after, "carrier_claim.refused")
    after = replace(
        case,
        state=_S.APPEALED,
        answered_at=at,
        appealed_at=at,
        reason=reason,
        due_at=day_deadline(at, rule.appeal_days, calendar),
        warned_at=None,
    )
    return _stepped(case, after, "carrier_claim.appealed")


def collect_carrier_claim(case: CarrierClaim, amount: Money, at: datetime) -> Change[CarrierClaim]:
    """That much was paid; with the last of it the case is over. Refuses with Invalid more than is outstanding."""
    if amount.currency != case.accepted.currency or not 0 < amount.minor <= case.outstanding.minor:
        raise Invalid(Problem(("amount",), f"What is outstanding is {case.outstanding}."))
    after = replace(case, collected=case.collected + amount)
    if not after.outstanding.minor:
        after = replace(after, state=_S.COLLECTED, due_at=None, ended_at=at)
    return _stepped(case, after, "carrier_claim.collected", amount)


def write_off_carrier_claim(case: CarrierClaim, reason: str, at: datetime) -> Change[CarrierClaim]:
    """What is outstanding is given up."""
    left = case.outstanding
    after = replace(
        case, state=_S.WRITTEN_OFF, written_off=case.written_off + left, reason=reason, due_at=None, ended_at=at
    )
    return _stepped(case, after, "carrier_claim.written_off", left)


def time_bar(case: CarrierClaim, at: datetime) -> Change[CarrierClaim]:
    """Nobody told or filed in time: nothing can be asked for any more."""
    return _stepped(case, replace(case, state=_S.TIME_BARRED, due_at=None, ended_at=at), "carrier_claim.time_barred")


def warn(case: CarrierClaim, at: datetime) -> Change[CarrierClaim]:
    """Somebody is told that the deadline is near, or that the carrier did not pay in time."""
    return _stepped(case, replace(case, warned_at=at), "carrier_claim.warned")


def next_alarm(case: CarrierClaim, rule: CarriageTerms, after: datetime) -> datetime | None:
    """When the case's clock rings next after that instant: at a warning, or when what has to be done is overdue.

    None where nothing has to be done, or all has rung.
    """
    if case.due_at is None:
        return None
    before = {_S.NOTICE_DUE: rule.warn_notice_days, _S.NOTIFIED: rule.warn_limitation_days}.get(case.state, ())
    moments: Iterable[datetime] = (*(case.due_at - timedelta(days=int(days)) for days in before), case.due_at)
    return min((moment for moment in moments if moment > after - MICROSECOND), default=None)


def _reference(text: str | None) -> str | None:
    if text is not None and (problems := tuple(texts.reference_problems(text, "reference"))):
        raise Invalid(*problems)
    return None if text is None else text.strip()


def _stepped(before: CarrierClaim, after: CarrierClaim, name: str, amount: Money | None = None) -> Change[CarrierClaim]:
    after = replace(after, version=before.version + 1)
    return Change(before, after, (_happening(name, after, amount),))


def _happening(name: str, case: CarrierClaim, amount: Money | None = None) -> Happening:
    told = case.claimed if amount is None else amount
    facts: dict[str, Fact] = {
        "claimId": case.claim_id,
        "shipmentId": case.shipment_id,
        "providerId": case.provider_id,
        "state": case.state.value,
        "dueAt": None if case.due_at is None else rfc3339(case.due_at),
        "amountMinor": told.minor,
        "currency": told.currency,
    }
    return Happening(name, facts)
