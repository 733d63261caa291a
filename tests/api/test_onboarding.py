"""Onboarding over the engine: invited or applied, handed in, reviewed by one or two people, approved, or not."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from domain.access import Caller, Role, Scope, ViewerKind
from domain.ids import ApiKeyId, ProviderId, UploadId
from domain.uploads import UploadKind
from storage.callers import party_id
from storage.minting import mint
from storage.pool import Pool
from tests.applicants import LATER, NVOCC, OFFER, ONBOARDING, Applicant, applied, codes, guest, reasons
from tests.builders import START, Market, set_clock
from tests.marketplaces import Asking, Marketplace, Member


@pytest.fixture
async def courier(market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], worker_pool: Pool) -> Applicant:
    """A Brazilian courier that has begun its application."""
    await set_clock(worker_pool, market.id, START)
    return await applied(market, ask, owner, OFFER)


@pytest.fixture
async def nvocc(market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], worker_pool: Pool) -> Applicant:
    """An American NVOCC that has begun its application."""
    await set_clock(worker_pool, market.id, START)
    return await applied(market, ask, owner, NVOCC, "US")


# -- coming in ---------------------------------------------------------------------------------------------------------


async def test_a_person_applies_and_acts_for_the_company_from_then_on(courier: Applicant) -> None:
    seen = await courier.seen()
    assert (seen["state"], seen["onboarding"]["progress"]) == (
        "DRAFT",
        {"asked": 8, "met": 0, "submitted": 0, "open": 8, "basisPoints": 0},
    )
    assert "SUBMIT_APPLICATION" not in seen["availableActions"]
    assert "AMEND_APPLICATION" in seen["availableActions"]
    members = await courier.owner.fetch(
        "SELECT subject, roles FROM members WHERE tenant_id = $1 AND organisation_id = $2",
        courier.market.id,
        courier.caller.organisation_id,
    )
    assert [(row["subject"], row["roles"]) for row in members] == [("ada", ["PROVIDER"])]
    again = await courier.ask.mutate(
        guest(courier.market, "ada"), "applyAsProvider", "providerId", name="Other", country="BR", offer=OFFER
    )
    assert codes(again) == ["CONFLICT"]
    machine = dataclasses.replace(guest(courier.market, "eve"), person=None)
    refused = await courier.ask.mutate(machine, "applyAsProvider", "providerId", name="X", country="BR", offer=OFFER)
    assert codes(refused) == ["FORBIDDEN"]


async def test_nobody_else_knows_of_an_application(courier: Applicant) -> None:
    rival = await courier.market.add("Sky Line", Role.PROVIDER)
    buyer = await courier.market.add("Acme", Role.BUYER)
    item = (await courier.submit("bank_account", value="0123 4567"))["item"]["id"]
    text = "query ($id: ID!, $item: ID!) { provider(id: $id) { name } requirementItem(id: $item) { id } }"
    for stranger in (rival.caller, buyer.caller, guest(courier.market, "eve")):
        answer = await courier.ask(stranger, text, id=courier.id, item=item)
        assert answer == {"provider": None, "requirementItem": None}
        listed = "{ providers(first: 9) { nodes { id } } requirementItems(first: 9) { totalCount } }"
        found = await courier.ask(stranger, listed)
        assert found["requirementItems"]["totalCount"] == 0
        assert courier.id not in [node["id"] for node in found["providers"]["nodes"]]
    for reader in (courier.caller, courier.staff()):
        assert (await courier.ask(reader, text, id=courier.id, item=item))["requirementItem"] == {"id": item}
    refused = await courier.ask.mutate(rival.caller, "submitApplication", "provider { id }", providerId=courier.id)
    assert codes(refused) == ["NOT_FOUND"]


async def test_anybody_may_ask_what_would_be_asked(market: Marketplace, ask: Asking) -> None:
    text = """query ($country: CountryCode!, $offer: ProviderOfferInput!) {
      requirementsFor(country: $country, offer: $offer) { key status actor least { amount currency } item { id } } }"""
    stranger = guest(market, "eve")
    found = (await ask(stranger, text, country="US", offer=NVOCC))["requirementsFor"]
    bond = next(each for each in found if each["key"] == "us_ocean_bond_nvocc")
    assert bond == {
        "key": "us_ocean_bond_nvocc",
        "status": "MISSING",
        "actor": "APPLICANT",
        "least": {"amount": "75000.00", "currency": "USD"},
        "item": None,
    }
    abroad = (await ask(stranger, text, country="CN", offer=NVOCC))["requirementsFor"]
    assert {"us_ocean_bond_unlicensed", "deposit"} <= {each["key"] for each in abroad}
    wrong = await ask.answer(stranger, text, country="US", offer={**NVOCC, "monthlyVolume": -1})
    assert [error["extensions"]["code"] for error in wrong.errors] == ["INVALID"]


async def test_an_invited_company_begins_with_its_first_step(market: Marketplace, ask: Asking) -> None:
    staff = market.staff(Role.SUPPORT)
    wish = {"name": "Kiel Line", "country": "DE", "email": "kai@example.com", "offer": {"kind": "FORWARDER"}}
    payload = await ask.mutate(staff, "inviteProvider", "provider { id state } invitation { email } secret", **wish)
    assert (payload["provider"]["state"], payload["invitation"]["email"]) == ("INVITED", "kai@example.com")
    joined = await ask.mutate(guest(market, "kai"), "acceptInvitation", "__typename", secret=payload["secret"])
    assert codes(joined) == []
    id_ = payload["provider"]["id"]
    organisation = await market.organisation_of(party_id(id_))
    caller = Caller(
        market.id, mint(ApiKeyId), organisation, ProviderId(id_), frozenset({Role.PROVIDER}),
        ViewerKind.PROVIDER, frozenset(Scope),
    )  # fmt: skip
    early = await ask.mutate(caller, "submitApplication", "provider { id }")
    assert "provider_state_allows" in reasons(early)
    offer = {"kind": "FORWARDER", "servedMarkets": ["DE"], "services": ["TRUCK"], "monthlyVolume": 10}
    begun = await ask.mutate(caller, "amendApplication", "provider { state services }", offer=offer)
    assert begun["provider"] == {"state": "DRAFT", "services": ["TRUCK"]}
    same = await ask.mutate(caller, "amendApplication", "provider { state }", offer=offer)
    assert codes(same) == ["CONFLICT"]
    wrong = await ask.mutate(caller, "amendApplication", "provider { state }", offer={**offer, "monthlyVolume": -1})
    assert codes(wrong) == ["INVALID"]


async def test_a_member_of_a_providers_organisation_applies_for_it(market: Marketplace, ask: Asking) -> None:
    made = await ask.mutate(
        market.admin, "createOrganisation", "organisation { id }", kind="PROVIDER", name="Kiel Line"
    )
    organisation = made["organisation"]["id"]
    caller = Caller(
        market.id, mint(ApiKeyId), organisation, None, frozenset({Role.PROVIDER}), ViewerKind.PROVIDER, frozenset(Scope)
    )
    wish = {"name": "Kiel Line", "country": "DE", "offer": {"kind": "FORWARDER"}}
    payload = await ask.mutate(caller, "applyAsProvider", "providerId", **wish)
    assert codes(payload) == []
    assert await market.organisation_of(party_id(payload["providerId"])) == organisation
    again = await ask.mutate(caller, "applyAsProvider", "providerId", **wish)
    assert codes(again) == ["CONFLICT"]
    buyer = await market.add("Acme", Role.BUYER)
    assert codes(await ask.mutate(buyer.caller, "applyAsProvider", "providerId", **wish)) == ["FORBIDDEN"]


async def test_one_hand_has_one_account_and_a_doubt_goes_to_the_desk(
    courier: Applicant, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    await courier.hand_in_everything()
    await courier.do("submitApplication", courier.caller)
    twin = await applied(courier.market, ask, owner, OFFER, person="bob", device="0C:11:af")
    await twin.hand_in_everything(legal_representative="Y9 999", tax_number="998/77", bank_account="1111 2222")
    listed = (await twin.seen())["onboarding"]["missing"]
    assert [(each["requirement"], [reason["reason"] for reason in each["because"]]) for each in listed] == [
        (None, ["provider_shares_with_no_account"])
    ]
    refused = await twin.do("submitApplication", twin.caller)
    assert (codes(refused), reasons(refused)) == (["REFUSED"], ["provider_shares_with_no_account"])
    doubted = await applied(courier.market, ask, owner, OFFER, person="eve", device="0c11AF")
    by_device = "query ($id: ID!) { provider(id: $id) { relatedAccounts { provider { id } kinds } } }"
    (account,) = (await ask(courier.staff(), by_device, id=doubted.id))["provider"]["relatedAccounts"]
    assert account == {"provider": {"id": twin.id}, "kinds": ["DEVICE"]}
    await doubted.hand_in_everything(legal_representative="Z7 777", tax_number="111/22")
    held = await doubted.do("submitApplication", doubted.caller)
    assert (codes(held), held["provider"]["state"]) == ([], "SCREENING")
    assert reasons(await doubted.do("approveApplication"))[0] == "provider_state_allows"
    admitted = await doubted.do("admitToReview", reason="Two sisters with one bank.")
    assert admitted["provider"]["state"] == "IN_REVIEW"


async def test_an_approved_provider_works_once_its_deposit_is_there(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], worker_pool: Pool
) -> None:
    await set_clock(worker_pool, market.id, START)
    offer = {"kind": "WAREHOUSE", "servedMarkets": ["CN"], "services": ["WAREHOUSING"], "monthlyVolume": 5}
    house = await applied(market, ask, owner, offer, "CN")
    item = await house.submit("warehouse_inspection", note="Seen.")
    assert codes(item) == ["FORBIDDEN"]
    await house.do("submitRequirement", house.staff(), "item { id }", requirement="warehouse_inspection", note="Seen.")
    await house.submit(
        "warehouse_insurance", uploadId=await house.upload(), validUntil=LATER,
        amount={"amount": "250000.00", "currency": "USD"},
    )  # fmt: skip
    await house.hand_in_everything()
    await house.do("submitApplication", house.caller)
    for each in (await house.seen())["onboarding"]["requirements"]:
        if each["item"] is not None:
            assert codes(await house.accept(each["item"]["id"])) == []
    approved = await house.do("approveApplication")
    assert (codes(approved), approved["provider"]["state"]) == ([], "APPROVED")
    assert [each["requirement"] for each in approved["provider"]["onboarding"]["unaccepted"]] == ["deposit"]
    assert reasons(await house.do("activateProvider")) == ["requirement_met"]
    paid = {"amount": {"amount": "10000.00", "currency": "CNY"}, "reference": "B-1", "idempotencyKey": "deposit-1"}
    recorded = await ask.mutate(market.staff(Role.FINANCE), "recordDeposit", "__typename", providerId=house.id, **paid)
    assert codes(recorded) == []
    assert (await house.seen())["state"] == "ACTIVE"


# -- handing in --------------------------------------------------------------------------------------------------------


async def test_submission_refuses_by_exactly_what_the_query_lists(courier: Applicant) -> None:
    bare = {"kind": "EXPRESS_COURIER"}
    await courier.ask.mutate(courier.caller, "amendApplication", "provider { id }", offer=bare)
    shown = (await courier.seen())["onboarding"]["missing"]
    refused = await courier.do("submitApplication", courier.caller)
    assert codes(refused) == ["REFUSED"]
    assert [each["requirement"] for each in shown] == [
        None, None, None, "business_licence", "legal_representative", "address_proof", "bank_account",
        "company_number", "tax_number", "terms_accepted", "sanctions_statement",
    ]  # fmt: skip
    listed = [reason["reason"] for each in shown[:3] for reason in each["because"]]
    assert reasons(refused) == [*listed, *["requirement_met"] * 8]
    assert {reason["reason"] for each in shown[3:] for reason in each["because"]} == {"requirement_handed_in"}


async def test_what_cannot_meet_a_requirement_is_refused_with_everything_wrong(nvocc: Applicant) -> None:
    upload = await nvocc.upload()
    empty = await nvocc.submit("us_ocean_bond_nvocc")
    assert [(error["code"], error["field"]) for error in empty["userErrors"]] == [
        ("INVALID", ["amount"]),
        ("INVALID", ["uploadId"]),
        ("INVALID", ["validUntil"]),
    ]
    low = await nvocc.submit(
        "us_ocean_bond_nvocc", uploadId=upload, amount={"amount": "74999.99", "currency": "USD"},
        validUntil="2026-01-31T00:00:00Z",
    )  # fmt: skip
    assert (codes(low), reasons(low)) == (["REFUSED"], ["requirement_amount", "requirement_unexpired"])
    other = await nvocc.submit(
        "us_ocean_bond_nvocc", uploadId=upload, amount={"amount": "90000.00", "currency": "EUR"}, validUntil=LATER
    )
    assert reasons(other) == ["requirement_currency"]
    wrong = await nvocc.submit("us_ein", value="00-1144442")
    assert [(error["code"], error["field"]) for error in wrong["userErrors"]] == [("INVALID", ["value"])]
    assert codes(await nvocc.submit("no_such_thing", value="1")) == ["INVALID"]
    assert reasons(await nvocc.submit("us_ocean_bond_unlicensed", uploadId=upload)) == ["requirement_applies"]
    foreign = await nvocc.submit("business_licence", uploadId=mint(UploadId))
    assert codes(foreign) == ["NOT_FOUND"]


async def test_a_paper_proves_what_it_is_about_and_nothing_else(courier: Applicant) -> None:
    passport = await courier.upload(UploadKind.IDENTITY)
    assert reasons(await courier.submit("business_licence", uploadId=passport)) == ["upload_of_fitting_kind"]
    person = {"personalValue": "X1 234 567", "validUntil": LATER}
    licence = await courier.upload(UploadKind.LICENCE)
    refused = await courier.submit("legal_representative", uploadId=licence, **person)
    assert reasons(refused) == ["upload_of_fitting_kind"]
    shown = "query ($id: ID!) { provider(id: $id) { onboarding { requirements { key files } } } }"
    found = (await courier.ask(courier.caller, shown, id=courier.id))["provider"]["onboarding"]["requirements"]
    files = {each["key"]: each["files"] for each in found}
    assert (files["legal_representative"], files["terms_accepted"]) == (["IDENTITY"], [])
    assert codes(await courier.submit("legal_representative", uploadId=passport, **person)) == []
    assert codes(await courier.submit("business_licence", uploadId=licence)) == []


async def test_another_organisations_scan_is_not_found(courier: Applicant, owner: asyncpg.Pool[Any]) -> None:
    rival = await courier.market.add("Sky Line", Role.PROVIDER)
    theirs = Applicant(courier.market, courier.ask, owner, rival.caller, str(rival.party_id))
    upload = await theirs.upload()
    assert codes(await courier.submit("business_licence", uploadId=upload)) == ["NOT_FOUND"]
    shown = "query ($id: ID!) { upload(id: $id) { id } }"
    assert (await courier.ask(courier.caller, shown, id=upload))["upload"] is None


async def test_an_application_goes_from_draft_to_active(courier: Applicant) -> None:
    items = await courier.hand_in_everything()
    assert sorted(items) == sorted(
        "business_licence legal_representative address_proof bank_account company_number tax_number terms_accepted "
        "sanctions_statement".split()
    )
    seen = await courier.seen()
    assert seen["onboarding"]["missing"] == []
    assert "SUBMIT_APPLICATION" in seen["availableActions"]
    handed_in = await courier.do("submitApplication", courier.caller)
    assert (codes(handed_in), handed_in["provider"]["state"]) == ([], "IN_REVIEW")
    early = await courier.do("approveApplication")
    assert reasons(early) == ["requirement_met"] * 8
    for item in items.values():
        accepted = await courier.accept(item)
        assert (codes(accepted), accepted["item"]["state"]) == ([], "ACCEPTED")
    approved = await courier.do("approveApplication")
    assert (codes(approved), approved["provider"]["state"]) == ([], "ACTIVE")
    assert approved["provider"]["onboarding"]["progress"] == {
        "asked": 8, "met": 8, "submitted": 0, "open": 0, "basisPoints": 10_000,
    }  # fmt: skip
    text = "query ($id: ID!) { provider(id: $id) { name decision { kind holds tree { because { rule holds } } } } }"
    seen = (await courier.ask(courier.caller, text, id=courier.id))["provider"]
    assert (seen["decision"]["kind"], seen["decision"]["holds"]) == ("ONBOARDING", True)
    assert len(seen["decision"]["tree"]["because"]) == 9
    rival = await courier.market.add("Sky Line", Role.PROVIDER)
    assert (await courier.ask(rival.caller, text, id=courier.id))["provider"]["decision"] is None


async def test_a_number_about_a_person_is_kept_apart_and_reading_it_is_written_down(courier: Applicant) -> None:
    wish = {"uploadId": await courier.upload(UploadKind.IDENTITY), "validUntil": LATER}
    open_ = await courier.submit("legal_representative", value="X1 234 567", **wish)
    assert [(error["code"], error["field"]) for error in open_["userErrors"]] == [("INVALID", ["value"])]
    strange = await courier.submit("bank_account", personalValue="0123 4567")
    assert [(error["code"], error["field"]) for error in strange["userErrors"]] == [("INVALID", ["personalValue"])]
    item = (await courier.submit("legal_representative", personalValue="X1 234 567", **wish))["item"]
    assert item["value"] is None
    stored = await courier.owner.fetchrow(
        "SELECT value, to_jsonb(a)::text AS audit FROM requirement_items i JOIN audit a ON a.tenant_id = i.tenant_id "
        "AND a.object_id = i.id WHERE i.tenant_id = $1 AND i.id = $2",
        courier.market.id,
        item["id"],
    )
    assert stored is not None
    assert stored["value"].startswith("hmac:")
    assert "X1234567" not in stored["audit"]
    text = "query ($id: ID!) { requirementItem(id: $id) { personal value personalValue } }"
    read = "SELECT count(*) FROM audit WHERE tenant_id = $1 AND action = 'readRequirement' AND object_id = $2"
    assert await courier.owner.fetchval(read, courier.market.id, item["id"]) == 0
    seen = (await courier.ask(courier.staff(), text, id=item["id"]))["requirementItem"]
    assert seen == {"personal": True, "value": None, "personalValue": "X1234567"}
    assert await courier.owner.fetchval(read, courier.market.id, item["id"]) == 1


async def test_a_wider_offer_gates_only_what_it_newly_asks_for(courier: Applicant) -> None:
    await courier.hand_in_everything()
    await courier.do("submitApplication", courier.caller)
    await courier.do("overrideApproval", until=LATER, reason="Known for years.")
    shown = """provider { state availableActions restrictions(first: 9) { nodes { cause about services liftedAt } }
      onboarding { unaccepted { requirement } } }"""

    async def amend(**changed: Any) -> Any:
        return await courier.do("amendApplication", courier.caller, shown, offer={**OFFER, **changed})

    kind = await amend(kind="INSPECTOR")
    assert reasons(kind) == ["provider_kind_fixed"]
    wider = await amend(traits=["HANDLES_DANGEROUS_GOODS"], servedMarkets=["BR", "US", "CA"])
    assert codes(wider) == []
    assert wider["provider"]["state"] == "RESTRICTED"
    nodes = wider["provider"]["restrictions"]["nodes"]
    assert [(each["cause"], each["about"], each["liftedAt"]) for each in nodes] == [
        ("REQUIREMENT", "dangerous_goods_certificate", None)
    ]
    assert [each["requirement"] for each in wider["provider"]["onboarding"]["unaccepted"]] == [
        "dangerous_goods_certificate"
    ]
    item = await courier.submit("dangerous_goods_certificate", uploadId=await courier.upload(), validUntil=LATER)
    assert codes(await courier.accept(item["item"]["id"])) == []
    assert (await courier.seen())["state"] == "ACTIVE"
    await amend(traits=["HANDLES_DANGEROUS_GOODS", "OWNS_VEHICLES"])
    narrow = await amend()
    assert narrow["provider"]["state"] == "ACTIVE"


# -- the desk ----------------------------------------------------------------------------------------------------------


async def test_what_was_rejected_is_handed_in_again(courier: Applicant) -> None:
    item = (await courier.submit("bank_account", value="0123 4567"))["item"]
    rejected = await courier.ask.mutate(
        courier.staff(), "rejectRequirement", "item { state reason }", itemId=item["id"], reason="Not in your name."
    )
    assert rejected["item"] == {"state": "REJECTED", "reason": "Not in your name."}
    shown = next(each for each in (await courier.seen())["onboarding"]["requirements"] if each["key"] == "bank_account")
    assert (shown["status"], shown["actor"]) == ("REJECTED", "APPLICANT")
    assert [reason["reason"] for reason in shown["because"]] == ["requirement_not_rejected"]
    late = await courier.accept(item["id"])
    assert reasons(late) == ["requirement_waits_for_desk"]
    again = await courier.submit("bank_account", value="7654 3210")
    assert (again["item"]["status"], again["item"]["value"]) == ("SUBMITTED", "76543210")
    stale = await courier.accept(again["item"]["id"], expectedVersion=9)
    assert codes(stale) == ["STALE_VERSION"]


async def test_four_eyes_are_two_people(nvocc: Applicant) -> None:
    items = await nvocc.hand_in_everything()
    await nvocc.do("submitApplication", nvocc.caller)
    first, second = nvocc.staff(Role.SUPPORT), nvocc.staff(Role.SUPPORT)
    noted = await nvocc.accept(items["us_ocean_licence"], first)
    assert (noted["item"]["state"], noted["item"]["version"]) == ("SUBMITTED", 2)
    assert reasons(await nvocc.accept(items["us_ocean_licence"], first)) == ["second_person"]
    assert (await nvocc.accept(items["us_ocean_licence"], second))["item"]["state"] == "ACCEPTED"
    for key, item in items.items():
        if key != "us_ocean_licence":
            await nvocc.accept(item, first)
            await nvocc.accept(item, second)
    once = await nvocc.do("approveApplication", first)
    assert (codes(once), once["provider"]["state"]) == ([], "IN_REVIEW")
    assert reasons(await nvocc.do("approveApplication", first)) == ["second_person"]
    twice = await nvocc.do("approveApplication", second)
    assert twice["provider"]["state"] == "ACTIVE"


async def test_two_reviewers_at_once_have_one_effect(courier: Applicant) -> None:
    item = (await courier.submit("bank_account", value="0123 4567"))["item"]["id"]
    payloads = await asyncio.gather(*(courier.accept(item, courier.staff()) for _ in range(4)))
    assert sorted(map(len, map(codes, payloads))) == [0, 1, 1, 1]
    assert {code for payload in payloads for code in codes(payload)} <= {"REFUSED", "CONFLICT", "STALE_VERSION"}
    accepted = await courier.owner.fetchval(
        "SELECT count(*) FROM outbox WHERE tenant_id = $1 AND name = 'requirement.accepted'", courier.market.id
    )
    assert accepted == 1


async def test_two_people_deciding_at_once_have_one_effect(courier: Applicant) -> None:
    for item in (await courier.hand_in_everything()).values():
        await courier.accept(item)
    submitted = await asyncio.gather(*(courier.do("submitApplication", courier.caller) for _ in range(3)))
    assert sorted(map(len, map(codes, submitted))) == [0, 1, 1]
    seen = await courier.seen()
    approve = [courier.do("approveApplication", courier.staff(), expectedVersion=seen["version"]) for _ in range(2)]
    reject = [courier.do("rejectApplication", courier.staff(), reason="No.", expectedVersion=seen["version"])]
    payloads = await asyncio.gather(*approve, *reject)
    assert sorted(map(len, map(codes, payloads))) == [0, 1, 1]
    assert {code for payload in payloads for code in codes(payload)} <= {"STALE_VERSION", "CONFLICT"}
    decided = "SELECT count(*) FROM decisions WHERE tenant_id = $1 AND subject_id = $2"
    assert await courier.owner.fetchval(decided, courier.market.id, courier.id) == 2  # the screening, and one verdict


async def test_a_document_that_expires_during_review_stops_the_approval(courier: Applicant, worker_pool: Pool) -> None:
    await courier.hand_in_everything()
    soon = (START + timedelta(days=1)).isoformat()
    payload = await courier.submit(
        "legal_representative",
        personalValue="X1 234 567",
        uploadId=await courier.upload(UploadKind.IDENTITY),
        validUntil=soon,
    )
    await courier.do("submitApplication", courier.caller)
    for each in (await courier.seen())["onboarding"]["requirements"]:
        await courier.accept(each["item"]["id"])
    await moved(courier, START + timedelta(days=2))
    refused = await courier.do("approveApplication")
    assert (codes(refused), reasons(refused)) == (["REFUSED"], ["requirement_met"])
    seen = await courier.seen(courier.staff())
    shown = next(each for each in seen["onboarding"]["requirements"] if each["key"] == "legal_representative")
    assert (shown["status"], shown["actor"]) == ("EXPIRED", "APPLICANT")
    assert payload["item"]["id"] == shown["item"]["id"]


async def test_silence_flags_the_review_and_lapses_the_correction(courier: Applicant) -> None:
    await courier.hand_in_everything()
    await courier.do("submitApplication", courier.caller)
    queue = """{ reviews(first: 5, orderBy: MOST_URGENT_FIRST, filter: {states: [OPEN]}) {
      nodes { id overdue dueAt assigneeId version provider { id } } } }"""
    (review,) = (await courier.ask(courier.staff(), queue))["reviews"]["nodes"]
    assert (review["overdue"], review["dueAt"]) == (False, "2026-02-05T04:59:59.999999Z")

    async def queued(**wish: Any) -> int:
        counted = "query ($filter: ReviewFilter) { reviews(first: 1, filter: $filter) { totalCount } }"
        found: int = (await courier.ask(courier.staff(), counted, filter=wish))["reviews"]["totalCount"]
        return found

    assert (await queued(countries=["BR"]), await queued(countries=["US"])) == (1, 0)
    assert (await queued(kinds=[OFFER["kind"]]), await queued(kinds=["NVOCC"])) == (1, 0)
    assert (await queued(assigned=False), await queued(assigned=True), await queued(overdue=True)) == (1, 0, 0)
    await moved(courier, START + timedelta(days=5))
    (review,) = (await courier.ask(courier.staff(), queue))["reviews"]["nodes"]
    assert review["overdue"]
    desk = courier.staff()
    taken = await courier.ask.mutate(desk, "assignReview", "review { assigneeId }", reviewId=review["id"])
    assert taken["review"]["assigneeId"] == desk.actor_id
    assert (await queued(assigneeId=desk.actor_id), await queued(assigned=False), await queued(overdue=True)) == (
        1,
        0,
        1,
    )
    stranger = await courier.ask.mutate(
        desk, "assignReview", "review { id }", reviewId=review["id"], assigneeId=courier.caller.actor_id
    )
    assert codes(stranger) == ["NOT_FOUND"]
    asked = await courier.do("requestChanges", reason="The address proof is old.")
    assert asked["provider"]["state"] == "CHANGES_REQUESTED"
    await moved(courier, START + timedelta(days=25))
    assert (await courier.seen())["state"] == "DRAFT"
    states = await courier.owner.fetch("SELECT state FROM reviews WHERE tenant_id = $1", courier.market.id)
    assert [row["state"] for row in states] == ["LAPSED"]


async def test_a_corrected_application_is_the_next_round_of_its_review(courier: Applicant) -> None:
    await courier.hand_in_everything()
    await courier.do("submitApplication", courier.caller)
    await courier.do("requestChanges", reason="The address proof is old.")
    await courier.submit("address_proof", uploadId=await courier.upload(UploadKind.ADDRESS_PROOF))
    again = await courier.do("submitApplication", courier.caller)
    assert again["provider"]["state"] == "IN_REVIEW"
    rows = await courier.owner.fetch("SELECT state, rounds FROM reviews WHERE tenant_id = $1", courier.market.id)
    assert [(row["state"], row["rounds"]) for row in rows] == [("OPEN", 2)]


async def test_waivers_and_overrides_have_an_author_and_an_end(courier: Applicant) -> None:
    wish: dict[str, Any] = {"requirement": "tax_number", "until": LATER, "reason": "New company."}
    assert codes(await courier.do("waiveRequirement", courier.staff(), "item { id }", **wish)) == ["FORBIDDEN"]
    past = await courier.do("waiveRequirement", selection="item { id }", **{**wish, "until": "2026-01-01T00:00:00Z"})
    assert codes(past) == ["INVALID"]
    waived = await courier.do("waiveRequirement", selection="item { status validUntil reviewedBy reason }", **wish)
    assert waived["item"]["status"] == "WAIVED"
    assert waived["item"]["reviewedBy"] is not None
    assert "tax_number" not in {each["requirement"] for each in (await courier.seen())["onboarding"]["missing"]}
    await courier.hand_in_everything()
    await courier.do("submitApplication", courier.caller)
    override: dict[str, Any] = {"until": LATER, "reason": "Known for years."}
    assert codes(await courier.do("overrideApproval", courier.staff(), **override)) == ["FORBIDDEN"]
    done = await courier.do("overrideApproval", **override)
    assert (codes(done), done["provider"]["state"]) == ([], "ACTIVE")
    statuses = {each["key"]: each["status"] for each in done["provider"]["onboarding"]["requirements"]}
    assert set(statuses.values()) == {"WAIVED"}
    tree = await courier.owner.fetchval(
        "SELECT tree FROM decisions d JOIN providers p ON p.tenant_id = d.tenant_id AND p.decision_id = d.id "
        "WHERE d.tenant_id = $1 AND p.id = $2",
        courier.market.id,
        courier.id,
    )
    told = orjson.loads(tree)
    assert (told["rule"], told["inputs"]["reason"]) == ("onboarding.override", "Known for years.")


async def test_a_rejected_provider_applies_again_after_the_cool_down(courier: Applicant) -> None:
    await courier.hand_in_everything()
    await courier.do("submitApplication", courier.caller)
    no = await courier.do("rejectApplication", reason="Not licensed.")
    assert (codes(no), no["provider"]["state"]) == ([], "REJECTED")
    assert codes(await courier.submit("bank_account", value="0123")) == ["REFUSED"]
    barred = await courier.do("reopenApplication", courier.caller)
    assert codes(barred) == ["REFUSED"]
    await moved(courier, START + timedelta(days=32))
    reopened = await courier.do("reopenApplication", courier.caller)
    assert (codes(reopened), reopened["provider"]["state"]) == ([], "DRAFT")


async def test_whoever_is_terminated_during_review_waits_for_nobody(courier: Applicant) -> None:
    await courier.hand_in_everything()
    await courier.do("submitApplication", courier.caller)
    ended = await courier.do("terminateProvider", cause="FRAUD", reason="Forged papers.")
    assert (codes(ended), ended["provider"]["state"]) == ([], "TERMINATED")
    rows = await courier.owner.fetch(
        "SELECT r.state, (SELECT count(*) FROM clocks c WHERE c.tenant_id = r.tenant_id AND c.subject_id = r.id "
        "AND c.state = 'RUNNING') AS running FROM reviews r WHERE r.tenant_id = $1",
        courier.market.id,
    )
    assert [(row["state"], row["running"]) for row in rows] == [("ENDED", 0)]


async def test_who_is_registered_is_vouched_for(market: Marketplace, ask: Asking) -> None:
    member: Member = await market.add("Sea Line", Role.PROVIDER)
    text = f"query ($id: ID!) {{ provider(id: $id) {{ vouched state {ONBOARDING} }} }}"
    seen = (await ask(member.caller, text, id=member.party_id))["provider"]
    assert (seen["vouched"], seen["state"]) == (True, "ACTIVE")
    assert {each["status"] for each in seen["onboarding"]["requirements"]} == {"WAIVED"}
    refused = await ask.mutate(member.caller, "submitRequirement", "item { id }", requirement="tax_number", value="12")
    assert reasons(refused) == ["provider_proves_itself"]


async def moved(applicant: Applicant, to: datetime) -> None:
    """The marketplace's clock shows `to`."""
    market = applicant.market
    building = Market(market.pool, market.id, market.made.admin_key, market.made.operator_id)
    await building.move(to)
