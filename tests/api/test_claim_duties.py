"""Who must act on what runs beneath a claim, by when, and what silence means: told by the claim itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.operations import (
    appeals,
    chargebacks,
    claims,
    evidence,
    fulfilment,
    holds,
    inspections,
    returns,
    service_requests,
)
from domain import dates
from domain.access import Caller, Role
from domain.appeals import StepAppeal
from domain.chargeback_notices import NoticeKind
from domain.chargebacks import SubmitEvidencePack
from domain.claims import BENEATH, AnswerClaim, ClaimReason, ClaimState, LineWish, Side
from domain.clocks import Duty
from domain.evidence import NewEvidence, RequestEvidence, SubmitEvidence
from domain.evidence_needs import EvidenceKind
from domain.guarantees import ServiceKind
from domain.holds import ApplyClockHold, ReverseClockHold
from domain.ids import ClaimId, ClockHoldId, EvidenceRequestId, ServiceRequestId
from domain.inspections import OrderInspection
from domain.refunds import RecordRefundFailed, RecordRefundPaid
from domain.remedies import AnswerRemedy, RemedyKind
from domain.returns import ReturnWord
from domain.service_requests import RequestService, ServiceWord
from storage import orders
from tests.api.test_appeals import Court, court
from tests.api.test_chargeback_claims import tell
from tests.api.test_claims import DAY_AFTER, refused, story
from tests.api.test_holds import selection
from tests.api.test_remedies import Losses, losses
from tests.api.test_returns import DAY, MICROSECOND, arrange, id_of, returning, ship
from tests.builders import Market, usd
from tests.disputes import Dispute, Returning
from tests.marketplaces import Asking

__all__ = ["court", "losses", "returning", "story"]

DUTY = "fragment duty on ClaimDuty { by duty dueAt otherwise actions mutations about { __typename id } }"
SHOWN = (
    """query ($id: ID!, $at: DateTime!) {
  claim(id: $id) {
    state dueAt nextDuty { ...duty } duties { ...duty }
    coverage { duties { ...duty } } order { duties { ...duty } }
  }
  claimAsOf(id: $id, asOf: $at) { state dueAt }
} """
    + DUTY
)


BESIDE = {Duty.BRING_EVIDENCE.value, Duty.REACH_SERVICE_LEVEL.value}
"""What runs beside a claim, which has a duty of its own or has ended, and makes it no more urgent."""


async def shown(ask: Asking, market: Market, who: Caller, id: ClaimId) -> dict[str, Any]:
    """The claim as that caller sees it, which as of now is what it is."""
    found = await ask(who, SHOWN, id=id, at=(await market.now()).isoformat())
    claim: dict[str, Any] = found["claim"]
    for owner in ("coverage", "order"):
        assert claim.pop(owner)["duties"] == claim["duties"], "told where else one would look"
    own = [duty for duty in claim["duties"] if duty["about"] and duty["about"]["id"] == id]
    awaited = own or [duty for duty in claim["duties"] if duty["duty"] not in BESIDE]
    async with market.pool.acquire(market.tenant_id) as connection:
        urgent_at = await connection.fetchval(
            "SELECT nullif(urgent_at, 'infinity') FROM claims WHERE tenant_id = $1 AND id = $2", market.tenant_id, id
        )
    expected = datetime.fromisoformat(awaited[0]["dueAt"]) if awaited else None
    assert urgent_at == expected or claim["state"] == "CLOSED"
    assert {key: claim[key] for key in ("state", "dueAt")} == found["claimAsOf"]
    assert claim["nextDuty"] == next(iter(claim["duties"]), None)
    assert claim["duties"] == sorted(claim["duties"], key=lambda duty: duty["dueAt"])
    return claim


def spelled(duty: dict[str, Any]) -> tuple[str, str, str, tuple[str, ...]]:
    return duty["by"], duty["duty"], duty["otherwise"], tuple(duty["mutations"])


async def test_a_return_says_whose_turn_it_is_at_each_step_and_a_hold_moves_it(
    returning: Returning, ask: Asking
) -> None:
    market, id = returning.market, returning.claim_id

    async def now() -> dict[str, Any]:
        seen = [await shown(ask, market, who, id) for who in (returning.buyer, returning.maker, market.staff)]
        assert seen[0] == seen[1] == seen[2]
        assert (seen[0]["state"], seen[0]["dueAt"]) == ("RETURNING", None)
        duty: dict[str, Any] = seen[0]["nextDuty"]
        goods = await returning.goods()
        assert duty["about"] == {"__typename": "GoodsReturn", "id": goods.id}
        assert goods.due_at is not None
        assert datetime.fromisoformat(duty["dueAt"]) == goods.due_at
        return duty

    arranging = ("LIABLE_PARTY", "ARRANGE_RETURN", "AWARD_IS_GIVEN", ("arrangeReturn", "waiveReturn"))
    assert spelled(await now()) == arranging
    await arrange(returning)
    sending = await now()
    assert spelled(sending) == ("BUYER", "SEND_RETURN", "CLOSES", ("shipReturn",))
    at = await market.now()
    where = selection(countries=("US",), start=at, until=at + 5 * DAY)
    held = await market.act(market.staff, holds.apply_clock_hold, ApplyClockHold(where, "The port is closed."))
    assert (await now())["dueAt"] > sending["dueAt"]
    back = ReverseClockHold(ClockHoldId(str(held.things["clockHold"])), "It opened.")
    await market.act(market.staff, holds.reverse_clock_hold, back)
    assert (await now())["dueAt"] == sending["dueAt"]
    await ship(returning)
    assert spelled(await now()) == ("LIABLE_PARTY", "RECEIVE_RETURN", "GOODS_COUNT_AS_RECEIVED", ("receiveReturn",))
    due_at = (await returning.goods()).due_at
    assert due_at is not None
    await market.move(due_at + MICROSECOND)
    looking = ("LIABLE_PARTY", "INSPECT_RETURN", "AWARD_IS_GIVEN", ("acceptReturn", "refuseReturn"))
    assert spelled(await now()) == looking
    await market.act(returning.maker, returns.accept_return, ReturnWord(id_of(returning), None))
    assert (await shown(ask, market, returning.buyer, id))["state"] == "REMEDY_IN_PROGRESS"


async def test_of_two_remedies_the_nearest_is_due_first(losses: Losses, ask: Asking) -> None:
    claim = await losses.lost(300_00, 200_00)
    first, second = (line.line_id for line in claim.lines)
    wishes = (LineWish(first, RemedyKind.REPLACEMENT), LineWish(second, RemedyKind.PARTS))
    settled = await losses.settle_for(claim, *wishes)
    assert settled.state is ClaimState.REMEDY_IN_PROGRESS
    replacement, parts = sorted(await losses.remedies(claim), key=lambda remedy: remedy.kind.value, reverse=True)
    buyer, market = losses.story.buyer, losses.story.market
    duties = (await shown(ask, market, buyer, claim.id))["duties"]
    providing = ("LIABLE_PARTY", "PROVIDE_REMEDY", "REMEDY_FAILS", ("provideRemedy",))
    assert [(spelled(duty), duty["about"]["id"]) for duty in duties] == [
        (providing, parts.id),
        (providing, replacement.id),
    ]
    await market.act(losses.supplier, fulfilment.provide_remedy, AnswerRemedy(parts.id, None))
    confirming = ("BUYER", "CONFIRM_REMEDY", "REMEDY_COUNTS_AS_PROVIDED", ("confirmRemedy", "rejectRemedy"))
    duties = (await shown(ask, market, buyer, claim.id))["duties"]
    assert {spelled(duty) for duty in duties} == {confirming, providing}
    await market.act(buyer, fulfilment.confirm_remedy, AnswerRemedy(parts.id, None))
    assert [spelled(duty) for duty in (await shown(ask, market, buyer, claim.id))["duties"]] == [providing]


async def test_an_appeal_says_whose_turn_it_is_and_to_whom_it_is_hidden(court: Court, ask: Asking) -> None:
    claim = await court.granted()
    market, party = court.market, court.party

    async def now(who: Caller = party) -> dict[str, Any]:
        found = await shown(ask, market, who, claim.id)
        duty: dict[str, Any] = found["nextDuty"]
        assert (found["state"], duty["actions"]) == ("APPEALED", [])
        return duty

    filed = await court.file(party, claim.id)
    assert spelled(await now()) == ("STAFF", "ADMIT_APPEAL", "APPEAL_IS_HEARD", ("admitAppeal", "dismissAppeal"))
    assert (await now())["about"] == {"__typename": "Appeal", "id": filed.id}
    assert (await now(court.story.buyer))["about"] is None, "an appeal is its writer's and the desk's"
    taken = await court.heard(filed)
    assert spelled(await now()) == ("STAFF", "DECIDE_APPEAL", "APPEAL_IS_OVERDUE", ("takeAppeal", "decideAppeal"))
    wish = StepAppeal(taken.id, "Where is the report?")
    await market.act(court.reviewer, appeals.request_appeal_information, wish)
    asked = ("LIABLE_PARTY", "ANSWER_APPEAL", "APPEAL_GOES_ON_WITHOUT_ANSWER", ("answerAppealRequest",))
    assert spelled(await now()) == asked


@pytest.fixture
async def dispute(sandbox: Market) -> Dispute:
    return await Dispute.create(sandbox)


async def test_rounds_of_evidence_and_inspections_stand_beside_the_claims_own_duty(
    dispute: Dispute, ask: Asking
) -> None:
    market, id = dispute.market, dispute.claim_id
    answering = ("LIABLE_PARTY", "ANSWER_CLAIM", "BUYER_MAY_ESCALATE")
    own = (await shown(ask, market, dispute.buyer, id))["nextDuty"]
    assert spelled(own)[:3] == answering
    assert (own["about"]["id"], own["mutations"]) == (id, ["acceptClaim", "contestClaim", "makeOffer"])
    until = await market.now() + timedelta(hours=24)
    wish = RequestEvidence(id, Side.BUYER, (EvidenceKind.PHOTOS,), until, None)
    asked = await market.act(market.caller(Role.ADJUDICATOR), evidence.request_evidence, wish)
    ordered = OrderInspection(id, "sgs", usd(150_00), "PAY-1", None)
    await market.act(dispute.buyer, inspections.order_inspection, ordered)
    duties = (await shown(ask, market, dispute.maker, id))["duties"]
    bringing = ("BUYER", "BRING_EVIDENCE", "EVIDENCE_REQUEST_LAPSES", ("submitEvidence",))
    reporting = ("STAFF", "REPORT_INSPECTION", "INSPECTION_LAPSES", ("recordInspectionReport",))
    assert spelled(duties[0]) == bringing
    assert duties[0]["about"]["id"] == EvidenceRequestId(str(asked.things["evidenceRequest"]))
    assert {spelled(duty)[:3] for duty in duties} == {answering, bringing[:3], reporting[:3]}
    pieces = (NewEvidence(EvidenceKind.PHOTOS, (await dispute.file(dispute.buyer),), None),)
    await market.act(dispute.buyer, evidence.submit_evidence, SubmitEvidence(id, pieces))
    again = (await shown(ask, market, dispute.buyer, id))["duties"]
    assert {spelled(duty)[:3] for duty in again} == {answering, reporting[:3]}


async def test_what_can_no_longer_be_brought_is_nobodys_turn(court: Court, ask: Asking) -> None:
    """A request for evidence that was open when its claim was decided has a clock, and nothing to wait for."""
    story = court.story
    claim = await story.open(await story.serviced_order(10_000_00), ClaimReason.SERVICE_NOT_FINISHED)
    until = await story.market.now() + timedelta(hours=24)
    wish = RequestEvidence(claim.id, Side.BUYER, (EvidenceKind.PHOTOS,), until, None)
    await story.market.act(court.judge, evidence.request_evidence, wish)
    await story.market.act(court.party, claims.accept_claim, AnswerClaim(claim.id, None))
    found = await shown(ask, story.market, story.buyer, claim.id)
    assert (found["state"], found["duties"]) == ("DECIDED", [])
    wish_too_late = story.market.act(story.buyer, claims.escalate_claim, AnswerClaim(claim.id, None))
    assert await refused(wish_too_late) == ["claim_state_allows"], "that it was answered in time is no matter any more"


WORK = """{ myWork(first: 10) { nodes { kind dueAt because subject { __typename id } title } } }"""


async def work(ask: Asking, who: Caller) -> list[tuple[str, str, str]]:
    """What waits for that caller: its kind, why, and the thing, the nearest due first."""
    nodes = (await ask(who, WORK))["myWork"]["nodes"]
    assert [node["dueAt"] for node in nodes] == sorted(node["dueAt"] for node in nodes)
    return [(node["kind"], node["because"], node["subject"]["id"]) for node in nodes]


async def test_rounds_of_evidence_wait_for_the_sides_that_must_answer_them(dispute: Dispute, ask: Asking) -> None:
    market, id = dispute.market, dispute.claim_id
    support = market.caller(Role.SUPPORT)
    until = await market.now() + timedelta(hours=24)
    wish = RequestEvidence(id, Side.LIABLE_PARTY, (EvidenceKind.SERVICE_RECORD,), until, None)
    asked = await market.act(support, evidence.request_evidence, wish)
    request = ("EVIDENCE_REQUEST", "YOURS", str(asked.things["evidenceRequest"]))
    assert (await work(ask, dispute.maker), await work(ask, dispute.buyer)) == ([request], [])
    await dispute.contest()
    await market.act(support, claims.take_up_claim, AnswerClaim(id, None))
    both = ("EVIDENCE_ROUND", "YOURS", id)
    assert (await work(ask, dispute.maker), await work(ask, dispute.buyer)) == ([request, both], [both])
    stranger = market.supplier(await market.register_supplier())
    assert await work(ask, stranger) == []
    await market.act(dispute.buyer, claims.finish_evidence, AnswerClaim(id, None))
    pieces = (NewEvidence(EvidenceKind.SERVICE_RECORD, (), "We were there."),)
    await market.act(dispute.maker, evidence.submit_evidence, SubmitEvidence(id, pieces))
    assert (await work(ask, dispute.maker), await work(ask, dispute.buyer)) == ([both], [])


async def test_a_chargeback_waits_for_its_merchant_and_then_for_the_desk(losses: Losses, ask: Asking) -> None:
    claim = await losses.lost(300_00)
    told = await tell(losses, claim.order_id, NoticeKind.OPENED, usd(300_00))
    finance = losses.market.caller(Role.FINANCE)
    assert await work(ask, losses.supplier) == [("EVIDENCE_PACK", "YOURS", told.id)]
    assert await work(ask, finance) == []
    await losses.market.act(losses.supplier, chargebacks.submit_evidence_pack, SubmitEvidencePack(told.id, "Sent.", ()))
    assert await work(ask, losses.supplier) == []
    assert await work(ask, finance) == [("CHARGEBACK", "NOBODYS", told.id)]
    assert [kind for kind, _, _ in await work(ask, losses.story.buyer)] == []


QUEUE = """query ($before: DateTime) {
  claims(first: 10, orderBy: MOST_URGENT_FIRST, filter: {dueBefore: $before}) { nodes { id nextDuty { dueAt } } } }"""
REFUND = "query ($id: ID!) { claim(id: $id) { refunds(first: 2) { nodes { state dueAt overdueAt } } } }"


async def test_a_refund_says_until_when_it_is_paid_and_is_due_anew_when_it_is_late(losses: Losses, ask: Asking) -> None:
    market, finance = losses.market, losses.market.caller(Role.FINANCE)
    given, other, done = await losses.lost(300_00), await losses.lost(200_00), await losses.lost(100_00)
    for claim in (given, done):
        await losses.story.accept(claim)
    paid = RecordRefundPaid((await losses.refund(done)).id, "PSP-1")
    await market.act(losses.system, fulfilment.record_refund_paid, paid)

    async def queue(before: datetime | None = None) -> list[str]:
        nodes = (await ask(market.staff, QUEUE, before=before and before.isoformat()))["claims"]["nodes"]
        assert [node["id"] for node in nodes if node["nextDuty"] is None] == ([] if before else [done.id])
        return [node["id"] for node in nodes]

    async def refund() -> dict[str, Any]:
        (found,) = (await ask(losses.story.buyer, REFUND, id=given.id))["claim"]["refunds"]["nodes"]
        (duty,) = (await shown(ask, market, losses.story.buyer, given.id))["duties"]
        assert spelled(duty) == ("STAFF", "PAY_REFUND", "REFUND_IS_OVERDUE", ("recordRefundPaid",))
        assert duty["dueAt"] == found["dueAt"]
        assert duty["about"] == {"__typename": "Refund", "id": waiting.id}
        return dict(found)

    waiting = await losses.refund(given)
    assert waiting.due_at is not None
    assert (waiting.decided_at, waiting.due_at) == (DAY_AFTER, datetime(2026, 3, 4, 5, tzinfo=UTC) - MICROSECOND)
    first = await refund()
    assert first["overdueAt"] is None
    assert await queue() == [other.id, given.id, done.id], "its answer is due before the refund"
    assert await queue(waiting.due_at) == [other.id]
    assert await work(ask, finance) == [("REFUND", "NOBODYS", waiting.id)]
    assert await work(ask, losses.supplier) == []
    (hidden,) = (await shown(ask, market, losses.supplier, given.id))["duties"]
    assert hidden["about"] is None, "a refund is the buyer's and the marketplace's"
    await market.move(waiting.due_at)
    assert (await refund())["overdueAt"] is None, "it is in time until the very end"
    await market.move(waiting.due_at + MICROSECOND)
    failed = RecordRefundFailed(waiting.id, "The account is closed.")
    await market.act(losses.system, fulfilment.record_refund_failed, failed)
    late = await refund()
    assert (late["state"], late["overdueAt"]) == ("FAILED", dates.rfc3339(waiting.due_at + MICROSECOND))
    assert late["dueAt"] > first["dueAt"]
    again = datetime.fromisoformat(late["dueAt"])
    await market.move(again + MICROSECOND)
    assert (await refund())["overdueAt"] == late["overdueAt"], "late once is late since then"
    await market.act(losses.system, fulfilment.record_refund_paid, RecordRefundPaid(waiting.id, "PSP-2"))
    assert (await shown(ask, market, losses.story.buyer, given.id))["duties"] == []
    assert [kind for kind, _, _ in await work(ask, finance)] == []


async def test_the_service_under_a_claims_cover_is_told_beside_the_claim(court: Court, ask: Asking) -> None:
    story, market = court.story, court.story.market
    order_id = await story.serviced_order(10_000_00)
    cover = await story.cover(order_id)
    async with market.pool.acquire(market.tenant_id) as connection:
        (only,) = (await orders.get(connection, market.tenant_id, order_id)).lines
    wish = RequestService(cover.id, (only.id,), ServiceKind.DISPATCHED, "It does not start.")
    asked = await market.act(story.buyer, service_requests.request_service, wish)
    id = ServiceRequestId(str(asked.things["serviceRequest"]))
    responding = ("LIABLE_PARTY", "REACH_SERVICE_LEVEL", "SERVICE_LEVEL_BREAKS", ("respondToService",))
    found: dict[str, Any] = {}
    for who in (story.buyer, court.party, market.staff):
        found = (
            await ask(
                who,
                "query ($id: ID!) { order(id: $id) { duties { ...duty } coverages(first: 1) { nodes "
                "{ promisedZone duties { ...duty } serviceRequests(first: 1) { nodes { id } } } } "
                "serviceRequests(first: 1) { nodes { id } } } }" + DUTY,
                id=order_id,
            )
        )["order"]
        (covered,) = found["coverages"]["nodes"]
        assert (covered["duties"], covered["promisedZone"]) == (found["duties"], "America/New_York")
        assert covered["serviceRequests"] == found["serviceRequests"] == {"nodes": [{"id": id}]}
        assert spelled(found["duties"][0]) == responding, "also before anybody claims"
        assert {duty["mutations"][0] for duty in found["duties"]} >= {"startServiceVisit", "completeService"}
    await market.move(datetime.fromisoformat(found["duties"][0]["dueAt"]) + MICROSECOND)
    claim = await story.open(order_id, ClaimReason.SERVICE_NO_RESPONSE)
    for who in (story.buyer, court.party):
        both = {spelled(duty)[:2] for duty in (await shown(ask, market, who, claim.id))["duties"]}
        assert both == {("LIABLE_PARTY", "ANSWER_CLAIM"), ("LIABLE_PARTY", "REACH_SERVICE_LEVEL")}
    await market.act(story.buyer, service_requests.cancel_service, ServiceWord(id, None))
    (left,) = (await shown(ask, market, story.buyer, claim.id))["duties"]
    assert left["duty"] == "ANSWER_CLAIM"


async def test_the_duties_that_make_a_waiting_claim_urgent_are_those_that_the_database_watches(
    sandbox: Market,
) -> None:
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        watched = await connection.fetchval(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'beneath_claim'"
        )
    assert {duty for duty in Duty if f"'{duty}'" in watched} == {duty for duty in BENEATH if duty not in BESIDE}
