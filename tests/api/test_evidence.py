"""Evidence on a real database: it stays as it came, its parties see it, and it comes before or behind a decision."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import claims, evidence
from domain.access import Caller, Role
from domain.claims import AnswerClaim, ClaimState, Side
from domain.decisions import DecisionKind
from domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from domain.evidence import EvidenceRequestState, FindEvidenceForged, NewEvidence, RequestEvidence, SubmitEvidence
from domain.evidence_needs import EvidenceKind
from domain.explain import canonical
from domain.ids import EvidenceId, EvidenceRequestId, UploadId
from domain.uploads import UploadKind
from storage import decisions as decision_rows
from storage import evidence as evidence_rows
from storage import files
from storage.minting import mint
from tests.builders import START, Market
from tests.disputes import Dispute
from tests.marketplaces import Asking

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)

CLAIM = """query ($id: ID!) { claim(id: $id) {
  events(first: 20) { nodes { name actor } }
  evidence(first: 10) { nodes { id side kind note mark { finding } availableActions
    files(first: 5) { nodes { sha256 size contentType readFrom { method } } } } }
  evidenceRequests(first: 10) { nodes { side kinds state dueAt } }
  evidenceCompleteness { stage percent ruleVersion { key }
    items { kind side needed status submitted provenBy { fact count } } } } }"""


@pytest.fixture
async def dispute(sandbox: Market) -> Dispute:
    return await Dispute.create(sandbox)


async def bring(dispute: Dispute, by: Caller, *items: NewEvidence) -> tuple[EvidenceId, ...]:
    outcome = await dispute.market.act(by, evidence.submit_evidence, SubmitEvidence(dispute.claim_id, items))
    return tuple(EvidenceId(id) for id in outcome.things["evidence"])


async def ask_for(dispute: Dispute, *kinds: EvidenceKind) -> EvidenceRequestId:
    wish = RequestEvidence(dispute.claim_id, Side.BUYER, kinds, START + 24 * HOUR, "Pictures, please.")
    adjudicator = dispute.market.caller(Role.ADJUDICATOR)
    outcome = await dispute.market.act(adjudicator, evidence.request_evidence, wish)
    return EvidenceRequestId(str(outcome.things["evidenceRequest"]))


async def requested(dispute: Dispute) -> list[EvidenceRequestState]:
    market = dispute.market
    async with market.pool.acquire(market.tenant_id) as connection:
        found = await evidence_rows.requests_by_claim(connection, market.tenant_id, dispute.claim_id)
    return [request.state for request in found]


async def seen(ask: Asking, dispute: Dispute, who: Caller) -> Any:
    return (await ask(who, CLAIM, id=dispute.claim_id))["claim"]


async def test_a_piece_stays_as_it_came_with_its_digests_in_the_audit(
    dispute: Dispute, owner: asyncpg.Pool[Any], ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_SIGNERS", [files.signer(b"a deployment's secret", "")])
    (id,) = await bring(dispute, dispute.buyer, await dispute.piece(dispute.buyer))
    for verb in ("UPDATE evidence SET note = 'x'", "DELETE FROM evidence", "UPDATE evidence_files SET sha256 = 'x'"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(verb)
    row = await owner.fetchval("SELECT difference::text FROM audit WHERE object_id = $1", id)
    assert f"{1:064x}" in row
    (shown,) = (await seen(ask, dispute, dispute.maker))["evidence"]["nodes"]
    assert (shown["side"], shown["kind"], shown["note"], shown["mark"]) == ("BUYER", "PHOTOS", "Look here.", None)
    (file,) = shown["files"]["nodes"]
    assert file == {"sha256": f"{1:064x}", "size": 10, "contentType": "PNG", "readFrom": {"method": "GET"}}


async def test_only_the_parties_of_the_claim_and_staff_see_it(dispute: Dispute, ask: Asking) -> None:
    (id,) = await bring(dispute, dispute.buyer, await dispute.piece(dispute.buyer))
    market = dispute.market
    other_buyer, other_supplier = await market.register_buyer(), await market.register_supplier()
    text = "query ($id: ID!) { evidence(id: $id) { id } node(id: $id) { id } }"
    for who in (dispute.buyer, dispute.maker, market.staff):
        assert (await ask(who, text, id=id))["evidence"] == {"id": id}
    strangers = (market.buyer(other_buyer), market.supplier(other_supplier))
    for who in (*strangers, market.provider(await market.register_provider())):
        assert await ask(who, text, id=id) == {"evidence": None, "node": None}
        with pytest.raises((NotFound, Forbidden)):
            await bring(dispute, who, NewEvidence(EvidenceKind.STATEMENT, (), "I was there."))


async def test_files_that_cannot_be_used_are_refused_and_nothing_is_taken(dispute: Dispute) -> None:
    unconfirmed = await dispute.file(dispute.buyer, confirm=False)
    licence = await dispute.file(dispute.buyer, UploadKind.LICENCE)
    for upload in (unconfirmed, licence):
        with pytest.raises(Refused) as refusal:
            await bring(dispute, dispute.buyer, NewEvidence(EvidenceKind.PHOTOS, (upload,), None))
        assert refusal.value.rule == "upload.usable"
    with pytest.raises(Invalid) as wrong:
        await bring(
            dispute,
            dispute.buyer,
            NewEvidence(EvidenceKind.STATEMENT, (), "Words."),
            NewEvidence(EvidenceKind.PHOTOS, (mint(UploadId),), None),
        )
    assert [problem.field for problem in wrong.value.problems] == [("items", "1", "uploadIds", "0")]
    market = dispute.market
    async with market.pool.acquire(market.tenant_id) as connection:
        assert await evidence_rows.by_claim(connection, market.tenant_id, dispute.claim_id) == []


async def test_evidence_after_the_claim_ended_is_refused(dispute: Dispute) -> None:
    await dispute.withdraw()
    with pytest.raises(Refused) as refusal:
        await bring(dispute, dispute.buyer, NewEvidence(EvidenceKind.STATEMENT, (), "And another thing."))
    assert [finding.rule for finding in refusal.value.unmet] == ["evidence.state"]


async def test_evidence_and_a_decision_at_once_come_one_after_the_other(dispute: Dispute) -> None:
    """The liable party owns up while the buyer brings a piece: both are kept, or the piece is refused."""
    market = dispute.market
    item = await dispute.piece(dispute.buyer)
    tried = await asyncio.gather(
        bring(dispute, dispute.buyer, item),
        market.act(dispute.maker, claims.accept_claim, AnswerClaim(dispute.claim_id, "You are right.")),
        return_exceptions=True,
    )
    brought, decided = tried
    assert not isinstance(decided, BaseException), decided
    claim = await dispute.claim()
    assert claim.decided_at is not None
    async with market.pool.acquire(market.tenant_id) as connection:
        pieces = await evidence_rows.by_claim(connection, market.tenant_id, dispute.claim_id)
    if isinstance(brought, BaseException):
        assert isinstance(brought, Refused)
        assert ([finding.rule for finding in brought.unmet], pieces) == (["evidence.state"], [])
    else:
        assert [piece.id for piece in pieces] == list(brought)


async def test_both_sides_bring_evidence_at_once_and_both_is_kept(dispute: Dispute, ask: Asking) -> None:
    items = [await dispute.piece(who) for who in (dispute.buyer, dispute.maker)]
    await asyncio.gather(
        *(bring(dispute, who, item) for who, item in zip((dispute.buyer, dispute.maker), items, strict=True))
    )
    shown = await seen(ask, dispute, dispute.market.staff)
    assert sorted(piece["side"] for piece in shown["evidence"]["nodes"]) == ["BUYER", "LIABLE_PARTY"]
    told = [event["actor"] for event in shown["events"]["nodes"] if event["name"] == "evidence.submitted"]
    assert sorted(told) == ["BUYER", "LIABLE_PARTY"]


# -- asked for ---------------------------------------------------------------------------------------------------------


async def test_what_was_asked_for_is_answered_at_its_last_instant(dispute: Dispute, ask: Asking) -> None:
    await ask_for(dispute, EvidenceKind.PHOTOS, EvidenceKind.INVOICE)
    await bring(dispute, dispute.buyer, await dispute.piece(dispute.buyer))
    assert await requested(dispute) == [EvidenceRequestState.OPEN]
    await dispute.market.move(START + 24 * HOUR)
    await bring(dispute, dispute.buyer, await dispute.piece(dispute.buyer, EvidenceKind.INVOICE))
    assert await requested(dispute) == [EvidenceRequestState.ANSWERED]
    await dispute.market.move(START + 25 * HOUR)
    shown = await seen(ask, dispute, dispute.buyer)
    assert [request["state"] for request in shown["evidenceRequests"]["nodes"]] == ["ANSWERED"]


async def test_what_was_asked_for_lapses_a_microsecond_later(dispute: Dispute) -> None:
    await ask_for(dispute, EvidenceKind.PHOTOS)
    await dispute.market.move(START + 24 * HOUR + MICROSECOND)
    assert await requested(dispute) == [EvidenceRequestState.LAPSED]
    await bring(dispute, dispute.buyer, await dispute.piece(dispute.buyer))
    assert await requested(dispute) == [EvidenceRequestState.LAPSED], "what comes late is evidence, and no answer"


async def test_only_staff_ask(dispute: Dispute) -> None:
    wish = RequestEvidence(dispute.claim_id, Side.LIABLE_PARTY, (EvidenceKind.TRACKING,), START + HOUR, None)
    with pytest.raises(Forbidden):
        await dispute.market.act(dispute.buyer, evidence.request_evidence, wish)


# -- forged ------------------------------------------------------------------------------------------------------------


async def find_forged(dispute: Dispute, id: EvidenceId) -> None:
    adjudicator = dispute.market.caller(Role.ADJUDICATOR)
    wish = FindEvidenceForged(id, "The date was painted over.")
    await dispute.market.act(adjudicator, evidence.find_evidence_forged, wish)


async def test_a_forged_piece_of_the_maker_stays_is_marked_and_costs_points(
    dispute: Dispute, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    (id,) = await bring(dispute, dispute.maker, await dispute.piece(dispute.maker, EvidenceKind.SERVICE_RECORD))
    before = await seen(ask, dispute, dispute.maker)
    await find_forged(dispute, id)
    shown = await seen(ask, dispute, dispute.maker)
    assert [piece["mark"] for piece in shown["evidence"]["nodes"]] == [{"finding": "FORGED"}]

    def record(claim: Any) -> str:
        (item,) = (
            item
            for item in claim["evidenceCompleteness"]["items"]
            if (item["kind"], item["side"]) == ("SERVICE_RECORD", "LIABLE_PARTY")
        )
        status: str = item["status"]
        return status

    assert (record(before), record(shown)) == ("SUBMITTED", "MISSING"), "what is forged proves nothing"
    market = dispute.market
    async with market.pool.acquire(market.tenant_id) as connection:
        decided = await decision_rows.by_subjects(connection, market.tenant_id, dispute.claim_id)
    (found,) = [decision for decision in decided if decision.kind is DecisionKind.EVIDENCE]
    assert "forgery_costs_points" in canonical(found.tree)
    entries = await owner.fetch(
        "SELECT points, cause_id FROM points_entries WHERE supplier_id = $1", dispute.supplier_id
    )
    assert [(row["points"], row["cause_id"]) for row in entries] == [(12, id)]
    with pytest.raises(Refused) as refusal:
        await find_forged(dispute, id)
    assert [finding.rule for finding in refusal.value.unmet] == ["evidence.unmarked"]


async def test_a_forged_piece_of_the_buyer_takes_its_tier(sandbox: Market, ask: Asking) -> None:
    dispute = await Dispute.create(sandbox, level=3)
    (first,) = await bring(dispute, dispute.buyer, await dispute.piece(dispute.buyer))
    (second,) = await bring(dispute, dispute.buyer, await dispute.piece(dispute.buyer))
    await find_forged(dispute, first)
    text = "query ($id: ID!) { buyer(id: $id) { tier { level } } }"
    assert (await ask(dispute.buyer, text, id=dispute.buyer_id))["buyer"]["tier"]["level"] == "L0"
    await find_forged(dispute, second)  # the tier is gone already, and the piece is marked all the same
    shown = await seen(ask, dispute, dispute.buyer)
    assert [piece["mark"]["finding"] for piece in shown["evidence"]["nodes"]] == ["FORGED", "FORGED"]


async def test_two_adjudicators_find_one_piece_forged_at_once_and_one_does(dispute: Dispute) -> None:
    (id,) = await bring(dispute, dispute.maker, await dispute.piece(dispute.maker))
    tried = await asyncio.gather(find_forged(dispute, id), find_forged(dispute, id), return_exceptions=True)
    refused = [each for each in tried if isinstance(each, BaseException)]
    assert len(refused) == 1
    assert isinstance(refused[0], Refused | Conflict)


# -- complete ----------------------------------------------------------------------------------------------------------


async def test_what_is_recorded_needs_no_paper_and_every_stage_can_be_asked_for(dispute: Dispute, ask: Asking) -> None:
    shown = (await seen(ask, dispute, dispute.buyer))["evidenceCompleteness"]
    assert (shown["stage"], shown["ruleVersion"]) == ("RESPONSE", {"key": "evidence"})
    by_item = {(item["side"], item["kind"]): item for item in shown["items"]}
    assert by_item["BUYER", "INVOICE"]["provenBy"] == [{"fact": "ORDER", "count": 1}]
    assert by_item["BUYER", "CONTRACT"]["provenBy"] == [{"fact": "CERTIFICATE", "count": 1}]
    assert by_item["BUYER", "SERVICE_RECORD"]["status"] == "MISSING"
    assert shown["percent"] == 60
    text = "query ($id: ID!) { claim(id: $id) { evidenceCompleteness(stage: CHARGEBACK) { stage percent } } }"
    asked = (await ask(dispute.maker, text, id=dispute.claim_id))["claim"]["evidenceCompleteness"]
    assert asked == {"stage": "CHARGEBACK", "percent": 60}
    assert (await dispute.claim()).state is ClaimState.OPEN


async def test_the_pack_of_an_order_is_the_same_whenever_it_is_made_of_the_same_rows(dispute: Dispute) -> None:
    await bring(dispute, dispute.buyer, await dispute.piece(dispute.buyer))
    market = dispute.market
    async with market.pool.acquire(market.tenant_id) as connection:
        first = await evidence_rows.pack(connection, market.tenant_id, order_id=dispute.order_id)
        again = await evidence_rows.pack(connection, market.tenant_id, claim_id=dispute.claim_id)
    assert first == again
    parts = [entry.part for entry in first.entries]
    assert parts == sorted(parts)
    assert {"orders", "order_lines", "coverages", "certificates", "claims", "claim_events", "evidence"} <= set(parts)
    (file,) = [entry for entry in first.entries if entry.part == "evidence_files"]
    assert (file.sha256, file.upload_id is None) == (f"{1:064x}", False)
    await bring(dispute, dispute.maker, NewEvidence(EvidenceKind.STATEMENT, (), "We came."))
    async with market.pool.acquire(market.tenant_id) as connection:
        more = await evidence_rows.pack(connection, market.tenant_id, order_id=dispute.order_id)
        with pytest.raises(ValueError, match="order or of a claim"):
            await evidence_rows.pack(connection, market.tenant_id)
    assert more.sha256 != first.sha256
    assert set(first.entries) <= set(more.entries)
    assert "Look here." not in json.dumps([str(entry) for entry in more.entries]), "a manifest, not the texts"
