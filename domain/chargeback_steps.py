"""The steps of a chargeback, each a change of it (`domain/chargebacks.py` has the table and the laws)."""

from dataclasses import replace
from datetime import datetime

from domain import chargebacks, dates
from domain.change import Change, Fact, Happening
from domain.chargeback_notices import ChargebackNotice
from domain.chargebacks import LOST, Chargeback, ChargebackResult, ChargebackState
from domain.dates import Calendar
from domain.ids import CardReceiptId, ChargebackId, DecisionId, RuleVersionId
from domain.money import Money
from domain.orders import Order
from domain.protections import CoverageJudgement


def open_chargeback(
    notice: ChargebackNotice,
    order: Order,
    amount: Money,
    *,
    receipt_id: CardReceiptId | None,
    network_due_at: datetime,
    late: bool,
    rule_version_id: RuleVersionId,
    id: ChargebackId,
    at: datetime,
) -> Change[Chargeback]:
    """The network told of a chargeback of that order. Whether it can be is the notice's matter (`unfit`)."""
    chargeback = Chargeback(
        id=id,
        number=chargebacks.number(id),
        order_id=order.id,
        buyer_id=order.buyer_id,
        supplier_id=order.supplier_id,
        receipt_id=receipt_id,
        processor_id=notice.processor_id,
        network_reference=notice.network_reference,
        scheme=notice.scheme,
        category=notice.category,
        reason_code=notice.reason_code,
        state=ChargebackState.NOTIFIED,
        result=None,
        coverage=None,
        amount=amount,
        covered=Money.zero(amount.currency),
        drawn=Money.zero(amount.currency),
        counted_minor=0,
        late=late,
        contested=False,
        rule_version_id=rule_version_id,
        protection_version_id=None,
        decision_id=None,
        pack_accepted_at=None,
        returned_at=None,
        note=None,
        notified_at=notice.occurred_at,
        network_at=notice.occurred_at,
        network_due_at=network_due_at,
        due_at=None,
        opened_at=at,
        updated_at=at,
        decided_at=None,
        ended_at=None,
        version=1,
    )
    return Change(None, chargeback, (_happening("chargeback.notified", chargeback, late=late),))


def hold_funds(chargeback: Chargeback, drawn: Money, at: datetime) -> Change[Chargeback]:
    """The disputed amount is held, and `drawn` of the order's exposure with it."""
    return _change(chargeback, "chargeback.funds_held", at, state=ChargebackState.FUNDS_HELD, drawn=drawn)


def ask_for_evidence(chargeback: Chargeback, due_at: datetime, at: datetime) -> Change[Chargeback]:
    """The merchant must answer until then."""
    return _change(chargeback, "chargeback.evidence_due", at, state=ChargebackState.EVIDENCE_DUE, due_at=due_at)


def submit_evidence_pack(chargeback: Chargeback, check_by: datetime, at: datetime) -> Change[Chargeback]:
    """The platform must look at the pack until then."""
    return _change(chargeback, "chargeback.pack_submitted", at, state=ChargebackState.PLATFORM_CHECK, due_at=check_by)


def represent_chargeback(chargeback: Chargeback, note: str | None, at: datetime) -> Change[Chargeback]:
    """The pack is accepted and with the network."""
    return _change(
        chargeback,
        "chargeback.represented",
        at,
        state=ChargebackState.REPRESENTED,
        due_at=None,
        pack_accepted_at=at,
        note=note,
    )


def return_evidence_pack(
    chargeback: Chargeback, due_at: datetime, note: str | None, at: datetime
) -> Change[Chargeback]:
    """The pack is not sufficient; the merchant may mend it until then. Only once: ValueError."""
    if chargeback.returned_at is not None:
        raise ValueError(f"{chargeback.id} was returned before")
    return _change(
        chargeback,
        "chargeback.pack_returned",
        at,
        state=ChargebackState.INSUFFICIENT,
        due_at=due_at,
        returned_at=at,
        note=note,
    )


def contest_pre_arbitration(chargeback: Chargeback, note: str | None, at: datetime) -> Change[Chargeback]:
    """The platform does not give in; the network decides."""
    return _change(chargeback, "chargeback.pre_arbitration_contested", at, contested=True, due_at=None, note=note)


def enter_pre_arbitration(
    chargeback: Chargeback, due_at: datetime, drawn: Money, network_at: datetime, at: datetime
) -> Change[Chargeback]:
    """The cardholder's bank did not give in; the platform must answer until then. What was won is open again."""
    return _change(
        chargeback,
        "chargeback.pre_arbitration",
        at,
        state=ChargebackState.PRE_ARBITRATION,
        result=None,
        due_at=due_at,
        network_due_at=due_at,
        network_at=network_at,
        drawn=drawn,
        contested=False,
        decided_at=None,
        ended_at=None,
    )


def win(chargeback: Chargeback, network_at: datetime, at: datetime) -> Change[Chargeback]:
    """The merchant has its money again, and the order its exposure."""
    return _change(
        chargeback,
        "chargeback.won",
        at,
        state=ChargebackState.WON,
        result=ChargebackResult.WON,
        due_at=None,
        network_at=network_at,
        drawn=Money.zero(chargeback.amount.currency),
        decided_at=at,
        ended_at=at,
    )


def lose(
    chargeback: Chargeback, result: ChargebackResult, network_at: datetime, note: str | None, at: datetime
) -> Change[Chargeback]:
    """The money is gone; who bears it is decided next."""
    state = LOST[result]
    return _change(
        chargeback,
        f"chargeback.{state.value.lower()}",
        at,
        state=state,
        result=result,
        due_at=None,
        network_at=network_at,
        note=note or chargeback.note,
        decided_at=at,
    )


def settle(
    chargeback: Chargeback,
    judgement: CoverageJudgement,
    protection_version_id: RuleVersionId,
    decision_id: DecisionId,
    at: datetime,
) -> Change[Chargeback]:
    """It is decided who bears it."""
    after = _change(
        chargeback,
        "chargeback.settled",
        at,
        state=ChargebackState.SETTLED,
        coverage=judgement.outcome,
        covered=judgement.covered,
        counted_minor=judgement.counted.minor,
        protection_version_id=protection_version_id,
        decision_id=decision_id,
        ended_at=at,
    )
    facts: dict[str, Fact] = {"coverage": judgement.outcome.value, "coveredMinor": judgement.covered.minor}
    happened = Happening("chargeback.settled", {**after.happened[0].facts, **facts})
    return Change(chargeback, after.after, (happened,))


def days_between(since: datetime, until: datetime, calendar: Calendar) -> int:
    """Local days from one instant to the other."""
    return (dates.local_day(until, calendar) - dates.local_day(since, calendar)).days


def _change(chargeback: Chargeback, name: str, at: datetime, **changed: object) -> Change[Chargeback]:
    after = replace(chargeback, updated_at=at, version=chargeback.version + 1, **changed)  # type: ignore[arg-type]
    return Change(chargeback, after, (_happening(name, after),))


def _happening(name: str, chargeback: Chargeback, **facts: Fact) -> Happening:
    return Happening(
        name,
        {
            "orderId": chargeback.order_id,
            "supplierId": chargeback.supplier_id,
            "amountMinor": chargeback.amount.minor,
            "currency": chargeback.amount.currency,
            **facts,
        },
    )
