"""Returns and inspections: each step by its own side in its own time, and what silence says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import inspections, returns
from domain.access import Role, ViewerKind
from domain.claims import ClaimState, Side, side_of
from domain.dates import UTC_DAYS
from domain.errors import Invalid, Refused
from domain.guarantees import Unit
from domain.ids import (
    EvidenceId,
    GoodsReturnId,
    InspectionId,
    OrderId,
    OrderLineId,
    RefundId,
    ReturnLineId,
    ServicePointId,
    UploadId,
)
from domain.inspections import InspectionState, InspectionTerms, OrderInspection, Verdict
from domain.liability import Bearer, Shares
from domain.money import Money
from domain.orders import OrderLine
from domain.procedure import Period
from domain.remedies import Award, RemedyKind
from domain.return_terms import ReturnTerms, leave_period
from domain.returns import (
    Authorising,
    GoodsReturn,
    LineProblem,
    Receipt,
    RefuseReturn,
    ReturnAction,
    ReturnProblem,
    ReturnState,
    ShipReturn,
)
from domain.terms import Span
from tests import shipped as shipped_rules
from tests.domain.test_evidence import (
    ADJUDICATOR,
    AT,
    BUYER,
    MICROSECOND,
    SUPPLIER,
    THE_BUYER,
    THE_SUPPLIER,
    caller,
    minted,
)
from tests.domain.test_evidence import claim as made

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
USD = "USD"
WHOLE = Shares.whole(Bearer.SUPPLIER)
SUPPORT = caller(Role.SUPPORT)
CARRIER = caller(Role.SERVICE)


@cache
def rule() -> ReturnTerms:
    return shipped_rules.rule(ReturnTerms, "returns.toml", "rul_1")


def line(number: int) -> Any:
    return OrderLine(
        minted(OrderLineId, number),
        minted(OrderId),
        number,
        None,
        "Lathe",
        1,
        Money(100_00, USD),
        False,
        None,
        None,
        None,
    )


class Sold:
    """An order of two lines; authorising looks at nothing else of it."""

    lines = (line(1), line(2))


SOLD: Any = Sold()


def award(number: int | None = 1) -> Award:
    return Award(RemedyKind.REFUND_FULL, Money(100_00, USD), None if number is None else minted(OrderLineId, number))


def authorised(
    *awards: Award, local: bool = False, profile: str = "clocks/b2b_default", days: int | None = None
) -> GoodsReturn:
    by = Authorising(
        rule(),
        profile,
        UTC_DAYS,
        None if days is None else Period(Span(days), Unit.DAYS),
        minted(ServicePointId) if local else None,
    )
    ids = [minted(ReturnLineId, number) for number in (1, 2)]
    return returns.authorise(
        made(),
        SOLD,
        awards or (award(),),
        WHOLE,
        by,
        id=minted(GoodsReturnId),
        line_ids=ids,
        at=AT,
    ).after


ADDRESS = returns.ReturnAddress("Ningbo Machinery", "Road 1", "Ningbo", "CN")


def arranged(goods: GoodsReturn, at: datetime = AT) -> GoodsReturn:
    wish = returns.ArrangeReturn(goods.id, ADDRESS, None)
    leave = leave_period(rule(), goods.profile, None).end(at, UTC_DAYS)
    return returns.arrange_return(goods, wish, "digest", leave, at).after


def shipped(goods: GoodsReturn, at: datetime = AT) -> GoodsReturn:
    wish = ShipReturn(goods.id, "DHL", "JD0001")
    return returns.ship_return(goods, wish, rule().arrive.end(at, UTC_DAYS), at).after


def received(goods: GoodsReturn, at: datetime = AT) -> GoodsReturn:
    return returns.receive_return(goods, Receipt.LIABLE_PARTY, None, rule().inspect.end(at, UTC_DAYS), at).after


def blocked(goods: GoodsReturn, action: ReturnAction, who: Any, at: datetime = AT) -> list[str]:
    move = next(move for move in returns.moves(goods, who, at) if move.action == action.value)
    return [finding.rule for finding in move.because]


# -- authorised --------------------------------------------------------------------------------------------------------


def test_the_lines_of_the_awards_go_back_and_all_where_an_award_is_for_all() -> None:
    assert [each.line_id for each in authorised(award(2)).lines] == [minted(OrderLineId, 2)]
    assert [each.line_id for each in authorised(award(None)).lines] == [minted(OrderLineId, n) for n in (1, 2)]
    with pytest.raises(ValueError, match="awarded"):
        returns.authorise(
            made(), SOLD, (), WHOLE, Authorising(rule(), "", UTC_DAYS), id=minted(GoodsReturnId), line_ids=[], at=AT
        )


def test_goods_go_to_a_place_nearby_at_once_and_otherwise_where_the_liable_party_says() -> None:
    near = authorised(local=True, days=15)
    assert (near.state, near.leave_due_at) == (ReturnState.AUTHORISED, near.due_at)
    far = authorised()
    assert (far.state, far.leave_due_at) == (ReturnState.ADDRESS_DUE, None)
    assert blocked(far, ReturnAction.SHIP_RETURN, THE_BUYER) == ["return.state"]
    known = arranged(far)
    assert (known.state, known.address_digest, known.labelling) == (
        ReturnState.AUTHORISED,
        "digest",
        returns.Labelling.BUYER,
    )


@pytest.mark.parametrize(
    ("profile", "promised", "days"),
    [
        ("clocks/aliexpress", None, 10),
        ("clocks/b2b_default", None, 15),
        ("clocks/amazon", None, 15),
        ("clocks/aliexpress", 20, 20),
    ],
)
def test_the_parcel_leaves_within_what_the_guarantee_the_profile_or_the_rule_says(
    profile: str, promised: int | None, days: int
) -> None:
    goods = authorised(local=True, profile=profile, days=promised)
    end = AT.replace(hour=23, minute=59, second=59, microsecond=999_999) + days * DAY
    assert goods.leave_due_at == end
    assert blocked(goods, ReturnAction.SHIP_RETURN, THE_BUYER, end) == []
    assert blocked(goods, ReturnAction.SHIP_RETURN, THE_BUYER, end + MICROSECOND) == ["return.in_time"]


def test_an_address_is_said_once_and_a_label_may_follow() -> None:
    goods = authorised()
    with pytest.raises(Invalid) as refusal:
        returns.arrange_return(goods, returns.ArrangeReturn(goods.id, None, minted(UploadId)), None, AT, AT)
    assert [problem.field for problem in refusal.value.problems] == [("address",)]
    known = arranged(goods)
    with pytest.raises(Invalid) as refusal:
        returns.arrange_return(known, returns.ArrangeReturn(goods.id, ADDRESS, None), "other", AT, AT)
    assert {problem.field for problem in refusal.value.problems} == {("address",), ("labelUploadId",)}
    labelled = returns.arrange_return(
        known, returns.ArrangeReturn(goods.id, None, minted(UploadId)), None, AT + 99 * DAY, AT
    ).after
    assert (labelled.labelling, labelled.leave_due_at) == (returns.Labelling.LIABLE_PARTY, known.leave_due_at)


# -- there, and looked at ----------------------------------------------------------------------------------------------


def test_each_step_is_for_its_own_side() -> None:
    states = {
        ReturnState.ADDRESS_DUE: authorised(),
        ReturnState.AUTHORISED: arranged(authorised()),
        ReturnState.SHIPPED: shipped(arranged(authorised())),
        ReturnState.RECEIVED: received(shipped(arranged(authorised()))),
    }
    listed = {
        (state, who): [move.action for move in returns.moves(goods, caller_, AT) if move.available]
        for state, goods in states.items()
        for who, caller_ in (("buyer", THE_BUYER), ("maker", THE_SUPPLIER), ("desk", SUPPORT), ("carrier", CARRIER))
    }
    assert {key: value for key, value in listed.items() if value} == {
        (ReturnState.ADDRESS_DUE, "maker"): ["ARRANGE_RETURN", "WAIVE_RETURN"],
        (ReturnState.AUTHORISED, "maker"): ["ARRANGE_RETURN", "WAIVE_RETURN"],
        (ReturnState.AUTHORISED, "buyer"): ["SHIP_RETURN"],
        (ReturnState.AUTHORISED, "desk"): ["SHIP_RETURN"],
        (ReturnState.SHIPPED, "maker"): ["RECEIVE_RETURN"],
        (ReturnState.SHIPPED, "desk"): ["RECEIVE_RETURN"],
        (ReturnState.SHIPPED, "carrier"): ["RECEIVE_RETURN"],
        (ReturnState.RECEIVED, "maker"): ["ACCEPT_RETURN", "REFUSE_RETURN"],
    }


@pytest.mark.parametrize(
    ("who", "receipt"),
    [(THE_SUPPLIER, Receipt.LIABLE_PARTY), (SUPPORT, Receipt.STAFF), (CARRIER, Receipt.TRACKING)],
)
def test_who_says_that_the_goods_came_is_remembered(who: Any, receipt: Receipt) -> None:
    assert returns.receipt_by(who) is receipt


def test_what_came_is_looked_at_within_two_days_to_the_microsecond() -> None:
    goods = received(shipped(arranged(authorised())), AT)
    assert goods.due_at == AT + 48 * HOUR
    assert blocked(goods, ReturnAction.REFUSE_RETURN, THE_SUPPLIER, AT + 48 * HOUR) == []
    assert blocked(goods, ReturnAction.REFUSE_RETURN, THE_SUPPLIER, AT + 48 * HOUR + MICROSECOND) == ["return.in_time"]


def test_a_refusal_names_lines_of_the_return_and_brings_files() -> None:
    goods = received(shipped(arranged(authorised(award(1)))))
    wrong = LineProblem(minted(OrderLineId, 2), ReturnProblem.USED, None)
    with pytest.raises(Invalid) as refusal:
        returns.refuse_return(goods, RefuseReturn(goods.id, (wrong, wrong), (), "Used."), AT)
    fields = [problem.field for problem in refusal.value.problems]
    assert fields == [("lines", "0", "lineId"), ("lines", "1", "lineId"), ("lines", "1", "lineId"), ("uploadIds",)]
    with pytest.raises(Invalid):
        returns.refuse_return(goods, RefuseReturn(goods.id, (), (minted(UploadId),), "Used."), AT)
    right = replace(wrong, line_id=minted(OrderLineId, 1), note="Scratched.")
    refused = returns.refuse_return(goods, RefuseReturn(goods.id, (right,), (minted(UploadId),), "Used."), AT)
    assert (refused.after.state, refused.after.due_at, refused.after.ended_at) == (ReturnState.NON_COMPLIANT, None, AT)
    assert [(each.problem, each.note) for each in refused.after.lines] == [(ReturnProblem.USED, "Scratched.")]
    assert refused.before == goods


@given(st.sampled_from(list(ReturnState)), st.integers(0, 5))
def test_an_ended_return_can_only_be_read(state: ReturnState, days: int) -> None:
    goods = replace(authorised(), state=state, due_at=None if state in returns.ENDED else AT + 9 * DAY)
    available = [
        move
        for who in (THE_BUYER, THE_SUPPLIER, SUPPORT)
        for move in returns.moves(goods, who, AT + days * DAY)
        if move.available
    ]
    assert bool(available) is (state not in returns.ENDED)


# -- inspections -------------------------------------------------------------------------------------------------------


def inspecting() -> InspectionTerms:
    return shipped_rules.rule(InspectionTerms, "inspections.toml", "rul_2")


def wish(company: str = "sgs", fee: Money | None = None, reference: str = "PAY-1") -> OrderInspection:
    return OrderInspection(made().id, company, fee or Money(150_00, USD), reference, None)


def ordered(
    command: OrderInspection | None = None,
    who: Any = THE_BUYER,
    *,
    running: bool = False,
    state: ClaimState = ClaimState.OPEN,
) -> inspections.Inspection:
    claim = made(state, amount=Money(100_00, USD))
    conditions = inspections.conditions(claim, who, running=running)
    return inspections.order_inspection(
        claim, command or wish(), inspecting(), "US", UTC_DAYS, conditions, id=minted(InspectionId), at=AT
    ).after


def test_an_inspection_is_ordered_by_the_buyer_of_an_undecided_claim_one_at_a_time() -> None:
    assert (ordered().state, ordered().company_name) == (InspectionState.ORDERED, "SGS")
    with pytest.raises(Refused) as refusal:
        ordered(who=THE_SUPPLIER, running=True, state=ClaimState.DECIDED)
    assert [finding.rule for finding in refusal.value.unmet] == [
        "inspection.role",
        "inspection.state",
        "inspection.one",
    ]
    with pytest.raises(Invalid) as wrong:
        ordered(wish("my_cousin", Money(0, "EUR"), ""))
    assert [problem.field for problem in wrong.value.problems] == [("company",), ("fee",), ("reference",)]


@pytest.mark.parametrize("verdict", Verdict)
def test_the_fee_goes_back_when_the_goods_are_not_as_agreed_and_once(verdict: Verdict) -> None:
    report = inspections.record_inspection_report(ordered(), verdict, None, inspecting(), minted(EvidenceId), AT)
    found = report.after
    assert (found.state, found.refund_due) == (InspectionState.REPORTED, verdict is Verdict.NOT_AS_AGREED)
    if found.refund_due:
        found = inspections.refunded(found, minted(RefundId)).after
    with pytest.raises(ValueError, match="not to be given back"):
        inspections.refunded(found, minted(RefundId))


def test_a_report_is_in_time_until_its_last_instant_and_lapses_behind_it() -> None:
    inspection = ordered()
    end = datetime(2026, 3, 19, 23, 59, 59, 999_999, tzinfo=UTC)
    assert inspection.due_at == end
    moves = [inspections.moves(inspection, SUPPORT, at)[0].available for at in (end, end + MICROSECOND)]
    assert moves == [True, False]
    assert not inspections.moves(inspection, THE_BUYER, AT)[0].available
    lapsed = inspections.lapse_inspection(inspection, end + MICROSECOND)
    assert lapsed is not None
    assert lapsed.after.state is InspectionState.LAPSED
    assert inspections.lapse_inspection(lapsed.after, end + DAY) is None
    assert [move.available for move in inspections.moves(lapsed.after, ADJUDICATOR, AT)] == [False]


def test_the_sides_of_a_return_are_those_of_its_claim() -> None:
    goods = authorised()
    stranger = caller(Role.BUYER, party_id=minted(type(BUYER), 9), viewer=ViewerKind.BUYER)
    assert [side_of(goods, who) for who in (THE_BUYER, THE_SUPPLIER, SUPPORT, stranger)] == [
        Side.BUYER,
        Side.LIABLE_PARTY,
        Side.STAFF,
        None,
    ]
    assert goods.party_id == SUPPLIER
