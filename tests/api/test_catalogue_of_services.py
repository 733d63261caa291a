"""Services, lanes and prices through the contract; and what happens to a listing that is not what it should be."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import clocks, listings
from domain.access import Role, ViewerKind
from domain.clocks import MoveClock
from domain.ids import ServiceId
from domain.money import Money
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work
from tests.builders import START, set_clock
from tests.marketplaces import Asking, Marketplace, Member

SERVICE = "service { id state version listedAt availableActions blockedActions { action because { reason } } }"
SHEET = "rateSheet { id number state validFrom validUntil rateCount availableActions version }"
FLAG = "id cause state dueAt consequence violation findings { reason inputs { name value } } lanes { id } version"
DAYS = {"transitDaysMin": 3, "transitDaysMax": 5, "handlingDays": 1, "cutOff": "17:00", "cutOffZone": "Asia/Shanghai"}
PLAIN = "Air freight, consolidated daily, door to airport. HS 8479.89.9499 accepted, pieces up to 300 kg."


class Shop:
    """A provider's catalogue, filled through mutations; every refusal is answered, not raised."""

    def __init__(self, ask: Asking, market: Marketplace, provider: Member) -> None:
        self.ask, self.market, self.provider = ask, market, provider

    async def do(self, mutation: str, selection: str, by: Member | None = None, **members: Any) -> Any:
        return await self.ask.mutate((by or self.provider).caller, mutation, selection, **members)

    async def done(self, mutation: str, selection: str, **members: Any) -> Any:
        payload = await self.do(mutation, selection, **members)
        assert payload["userErrors"] == [], payload
        return payload

    async def service(self, title: str = "Air freight to Europe", text: str = PLAIN, **members: Any) -> str:
        wish = {"mode": "AIR", "title": title, "description": text, **members}
        id: str = (await self.done("createService", SERVICE, **wish))["service"]["id"]
        return id

    async def lanes(self, service: str, *ways: tuple[str, str]) -> list[str]:
        wish = [{"origin": one, "destination": other, "timing": DAYS, "zone": "EU"} for one, other in ways]
        payload = await self.done("addLanes", "lanes { id }", serviceId=service, lanes=wish)
        return [lane["id"] for lane in payload["lanes"]]

    async def draft(self, service: str, price: str = "4.20", **sheet: Any) -> Any:
        wish = {"title": "Spring", "currency": "USD", "validFrom": iso(START), **sheet}
        rates = [
            {"zone": "EU", "below": "45", "price": "5.00", "minimum": "80.00"},
            {"zone": "EU", "atLeast": "45", "price": price},
        ]
        return await self.do("draftRateSheet", SHEET, serviceId=service, sheet=wish, rates=rates)

    async def priced(self, service: str, **sheet: Any) -> str:
        drafted = await self.draft(service, **sheet)
        assert drafted["userErrors"] == [], drafted
        id: str = drafted["rateSheet"]["id"]
        await self.done("activateRateSheet", SHEET, rateSheetId=id)
        return id

    async def on_sale(self, *ways: tuple[str, str], **members: Any) -> str:
        service = await self.service(**members)
        await self.lanes(service, *(ways or (("CNSHA", "DEFRA"),)))
        await self.priced(service)
        await self.done("listService", SERVICE, serviceId=service)
        return service

    async def read(self, query: str, caller: Any = None, **variables: Any) -> Any:
        return await self.ask(caller or self.provider.caller, query, **variables)

    async def flags(self, service: str) -> list[Any]:
        found = await self.read(
            f"query ($id: ID!) {{ service(id: $id) {{ listingFlags(first: 9) {{ nodes {{ {FLAG} }} }} }} }}", id=service
        )
        nodes: list[Any] = found["service"]["listingFlags"]["nodes"]
        return nodes

    async def move(self, by: timedelta) -> None:
        """The marketplace's clock moves on; what was due on the way has happened."""
        shown = await self.market.pool.fetchval(
            self.market.id, "SELECT tenant_now(t) FROM tenants t WHERE t.tenant_id = $1", self.market.id
        )
        await self.market.act(self.market.staff(Role.ADMIN), clocks.move_clock, MoveClock(shown + by))


def iso(at: datetime) -> str:
    return at.isoformat()


def reasons(payload: Any) -> list[str]:
    return [finding["reason"] for error in payload["userErrors"] for finding in error["reasons"]]


@pytest.fixture
async def shop(ask: Asking, market: Marketplace, worker_pool: Pool) -> Shop:
    await set_clock(worker_pool, market.id, START)
    return Shop(ask, market, await market.add("Blue Anchor", Role.PROVIDER))


LANE = "query ($id: ID!) { lane(id: $id) { sellable state zone } }"
ON_SALE = "{ lanes(first: 9) { nodes { id origin destination sellable } } services(first: 9) { nodes { id title } } }"


async def test_a_service_goes_on_sale_when_it_has_lanes_and_a_price(shop: Shop) -> None:
    service = await shop.service()
    refused = await shop.do("listService", SERVICE, serviceId=service)
    assert reasons(refused) == ["service_has_lanes", "service_has_price"]
    shown = await shop.read(
        "query ($id: ID!) { service(id: $id) { availableActions blockedActions { action } } }", id=service
    )
    assert {"action": "LIST_SERVICE"} in shown["service"]["blockedActions"]

    (lane,) = await shop.lanes(service, ("CNSHA", "DEFRA"))
    assert not (await shop.read(LANE, id=lane))["lane"]["sellable"]
    await shop.priced(service)
    listed = await shop.done("listService", SERVICE, serviceId=service)
    assert listed["service"]["state"] == "LISTED"
    assert "PAUSE_SERVICE" in listed["service"]["availableActions"]
    assert (await shop.read(LANE, id=lane))["lane"]["sellable"]

    await shop.done("pauseService", SERVICE, serviceId=service)
    assert not (await shop.read(LANE, id=lane))["lane"]["sellable"]
    await shop.done("listService", SERVICE, serviceId=service)
    await shop.done("removeService", SERVICE, serviceId=service)
    assert (await shop.read(LANE, id=lane))["lane"] == {"sellable": False, "state": "REMOVED", "zone": "EU"}
    assert reasons(await shop.do("listService", SERVICE, serviceId=service))[0] == "service_state_fits"


async def test_who_buys_sees_what_is_on_sale_and_no_prices(shop: Shop) -> None:
    buyer = (await shop.market.add("Northwind", Role.BUYER)).caller
    draft, sold = await shop.service("Hidden"), await shop.on_sale()
    public = shop.market.staff()
    for caller in (buyer, public):
        assert caller.viewer in (ViewerKind.BUYER, ViewerKind.STAFF)
    seen = await shop.read(ON_SALE, buyer)
    assert [node["id"] for node in seen["services"]["nodes"]] == [sold]
    assert [node["origin"] for node in seen["lanes"]["nodes"]] == ["CNSHA"]
    rest = await shop.read(
        "query ($id: ID!) { service(id: $id) { id rateSheets(first: 1) { nodes { id } } } }", buyer, id=sold
    )
    assert rest["service"] == {"id": sold, "rateSheets": {"nodes": []}}
    assert (await shop.read("query ($id: ID!) { service(id: $id) { id } }", buyer, id=draft))["service"] is None
    lane = seen["lanes"]["nodes"][0]["id"]
    assert (await shop.read("query ($id: ID!) { lane(id: $id) { zone } }", buyer, id=lane))["lane"]["zone"] is None


async def test_a_suspended_providers_shelf_is_empty_until_it_is_back(shop: Shop) -> None:
    buyer = (await shop.market.add("Northwind", Role.BUYER)).caller
    await shop.on_sale()
    desk = Member(shop.market.made.operator_id, None, "", shop.market.staff(Role.SUPPORT, Role.POLICY, Role.ADMIN))
    provider = {"providerId": shop.provider.party_id, "reason": "papers"}

    async def seen() -> tuple[int, int]:
        found = await shop.read(ON_SALE, buyer)
        return len(found["services"]["nodes"]), len(found["lanes"]["nodes"])

    assert await seen() == (1, 1)
    suspended = await shop.do("suspendProvider", "provider { state }", desk, **provider)
    assert suspended["userErrors"] == [], suspended
    assert await seen() == (0, 0)
    refused = await shop.do("createService", SERVICE, mode="AIR", title="Meanwhile")
    assert reasons(refused)[0] == "capability_of_state"
    await shop.do("reinstateProvider", "provider { state }", desk, **provider)
    assert await seen() == (1, 1)


async def test_lanes_are_found_by_what_buyers_ask_for(shop: Shop) -> None:
    await shop.on_sale(("CNSHA", "DEFRA"), ("CN", "US~902"), dangerousGoods=["CLASS_9"])
    await shop.on_sale(("CN", "DE"), mode="SEA_LCL", title="Sea consolidation", description="By sea vessel.")
    buyer = (await shop.market.add("Northwind", Role.BUYER)).caller
    query = "query ($filter: LaneFilter) { lanes(first: 9, filter: $filter) { nodes { origin destination } } }"

    async def ways(**wanted: Any) -> list[tuple[str, str]]:
        nodes = (await shop.read(query, buyer, filter=wanted))["lanes"]["nodes"]
        return [(node["origin"], node["destination"]) for node in nodes]

    assert await ways(modes=["SEA_LCL"]) == [("CN", "DE")]
    assert await ways(origins=["CNSHA", "CN-SH", "CN"], destinations=["US~902", "US"]) == [("CN", "US~902")]
    assert await ways(destinationCountry="DE") == [("CNSHA", "DEFRA"), ("CN", "DE")]
    assert await ways(dangerousGoods="CLASS_9") == [("CNSHA", "DEFRA"), ("CN", "US~902")]
    assert await ways(dangerousGoods="CLASS_1") == []
    assert len(await ways(providerId=shop.provider.party_id)) == 3


async def test_lanes_are_added_all_or_none_with_every_reason(shop: Shop) -> None:
    service = await shop.service()
    await shop.lanes(service, ("CN", "DE"))
    twice = [{"origin": "CN", "destination": to, "timing": DAYS, "zone": "EU"} for to in ("FR", "DE", "FR")]
    refused = await shop.do("addLanes", "lanes { id }", serviceId=service, lanes=twice)
    assert reasons(refused) == ["lane_goes_once", "lane_goes_once"]
    odd = [
        {"origin": "Shanghai", "destination": "DE", "timing": DAYS, "zone": "EU"},
        {"origin": "CN", "destination": "XX-1", "timing": DAYS, "zone": "EU"},
    ]
    refused = await shop.do("addLanes", "lanes { id }", serviceId=service, lanes=odd)
    assert [error["field"] for error in refused["userErrors"]] == [
        ["lanes", "0", "origin"],
        ["lanes", "1", "destination"],
    ]
    slow = {"transitDaysMin": 9, "transitDaysMax": 2, "cutOff": "25:00"}
    refused = await shop.do(
        "addLanes", "lanes { id }", serviceId=service, lanes=[{"origin": "CN", "timing": slow, "zone": " "}]
    )
    assert {tuple(error["field"]) for error in refused["userErrors"]} == {
        ("lanes", "0", "timing", "transitDaysMax"), ("lanes", "0", "timing", "cutOff"), ("lanes", "0", "zone"),
    }  # fmt: skip
    found = await shop.read("{ lanes(first: 9) { nodes { destination } } }")
    assert [node["destination"] for node in found["lanes"]["nodes"]] == ["DE"]


async def test_two_who_add_one_lane_at_once_add_it_once(shop: Shop) -> None:
    service = await shop.service()
    wish = [{"origin": "CN", "destination": "DE", "timing": DAYS, "zone": "EU"}]
    answers = await asyncio.gather(
        *(shop.do("addLanes", "lanes { id }", serviceId=service, lanes=wish) for _ in range(4))
    )
    assert sorted(answer["lanes"] is not None for answer in answers) == [False, False, False, True]
    assert {reason for answer in answers for reason in reasons(answer)} == {"lane_goes_once"}


async def test_another_providers_catalogue_does_not_exist(shop: Shop) -> None:
    other = await shop.market.add("Red Anchor", Role.PROVIDER)
    service = await shop.service()
    sheet = (await shop.draft(service))["rateSheet"]["id"]
    (lane,) = await shop.lanes(service, ("CN", "DE"))
    for mutation, selection, members in (
        ("updateService", SERVICE, {"serviceId": service, "title": "Mine now"}),
        ("removeService", SERVICE, {"serviceId": service}),
        ("addLanes", "lanes { id }", {"serviceId": service, "lanes": [{"origin": "CN", "timing": DAYS, "zone": "EU"}]}),
        ("removeLane", "lane { id }", {"laneId": lane}),
        ("activateRateSheet", SHEET, {"rateSheetId": sheet}),
        ("checkListing", SERVICE, {"serviceId": service}),
    ):
        refused = await shop.do(mutation, selection, other, **members)
        assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"], mutation
    refused = await shop.do(
        "createService", SERVICE, other, providerId=shop.provider.party_id, mode="AIR", title="For another"
    )
    assert [error["code"] for error in refused["userErrors"]] == ["FORBIDDEN"]


# -- prices ------------------------------------------------------------------------------------------------------------


async def test_a_price_list_is_superseded_and_told_apart_by_its_differences(shop: Shop) -> None:
    service = await shop.service()
    first = await shop.priced(service)
    refused = await shop.draft(service, "3.90", validFrom=iso(START + timedelta(days=10)))
    second = refused["rateSheet"]["id"]
    assert refused["rateSheet"]["availableActions"] == ["DISCARD_RATE_SHEET"]
    refused = await shop.do("activateRateSheet", SHEET, rateSheetId=second)
    assert reasons(refused) == ["rate_sheet_alone_in_its_time"]

    third = (await shop.draft(service, "3.90", validFrom=iso(START + timedelta(days=10)), supersedesId=first))[
        "rateSheet"
    ]
    assert third["number"] == 3
    active = (await shop.done("activateRateSheet", SHEET, rateSheetId=third["id"]))["rateSheet"]
    assert active["state"] == "ACTIVE"
    query = """query ($id: ID!) { rateSheet(id: $id) { state validUntil
      rates(first: 9) { nodes { atLeast below price minimum { amount } } } } }"""
    before = (await shop.read(query, id=first))["rateSheet"]
    assert before["state"] == "ACTIVE"
    assert before["validUntil"] == third["validFrom"]
    assert before["rates"]["nodes"] == [
        {"atLeast": "0", "below": "45", "price": "5", "minimum": {"amount": "80.00"}},
        {"atLeast": "45", "below": None, "price": "4.2", "minimum": None},
    ]
    query = "query ($id: ID!) { rateSheet(id: $id) { changesSince(version: 1) { zone bracket before after } } }"
    changes = (await shop.read(query, id=third["id"]))["rateSheet"]["changesSince"]
    assert changes == [{"zone": "EU", "bracket": "45 and more kg", "before": "4.2", "after": "3.9"}]
    again = await shop.do("activateRateSheet", SHEET, rateSheetId=third["id"])
    assert "rate_sheet_is_draft" in reasons(again)


async def test_a_price_list_begins_when_it_is_activated_and_never_before(shop: Shop) -> None:
    service = await shop.service()
    drafted = (await shop.draft(service, validFrom=iso(START - timedelta(days=30))))["rateSheet"]
    active = (await shop.done("activateRateSheet", SHEET, rateSheetId=drafted["id"]))["rateSheet"]
    assert active["validFrom"] == iso(START).replace("+00:00", "Z")
    over = await shop.draft(
        service, validFrom=iso(START - timedelta(days=9)), validUntil=iso(START - timedelta(days=1))
    )
    assert reasons(await shop.do("activateRateSheet", SHEET, rateSheetId=over["rateSheet"]["id"])) == [
        "rate_sheet_validity_not_over"
    ]


async def test_brackets_with_gaps_and_overlaps_are_refused_with_all_lines(shop: Shop) -> None:
    service = await shop.service()
    rates = [
        {"zone": "EU", "below": "45", "price": "5"},
        {"zone": "EU", "atLeast": "50", "below": "100", "price": "4"},
        {"zone": "EU", "atLeast": "90", "price": "3"},
        {"zone": "US", "measure": "CONTAINERS", "price": "3"},
    ]
    sheet = {"title": "Odd", "currency": "USD", "validFrom": iso(START)}
    refused = await shop.do("draftRateSheet", SHEET, serviceId=service, sheet=sheet, rates=rates)
    assert reasons(refused) == [
        "rate_measure_fits_mode", "rate_container_fits_measure", "rate_brackets_leave_no_gap",
        "rate_brackets_do_not_overlap",
    ]  # fmt: skip
    odd = [{"kind": "PEAK", "charge": "SHARE", "amount": "3"}, {"kind": "FUEL", "charge": "PER_KG", "areas": ["CN"]}]
    refused = await shop.do(
        "draftRateSheet", SHEET, serviceId=service, sheet={**sheet, "surcharges": odd}, rates=rates[:1]
    )
    assert reasons(refused) == [
        "surcharge_charges_one_way", "surcharge_says_when_due", "surcharge_charges_one_way",
        "surcharge_has_no_other_condition",
    ]  # fmt: skip


async def test_prices_that_were_in_force_are_never_forgotten(shop: Shop) -> None:
    sheet = await shop.priced(await shop.service())
    with pytest.raises(asyncpg.RestrictViolationError, match="never deleted"):
        await shop.market.pool.fetch(
            shop.market.id, "DELETE FROM rates WHERE tenant_id = $1 AND rate_sheet_id = $2", shop.market.id, sheet
        )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await shop.market.pool.fetch(shop.market.id, "UPDATE rates SET price = 0 WHERE tenant_id = $1", shop.market.id)


async def test_two_versions_activated_at_once_leave_one_in_force(shop: Shop) -> None:
    service = await shop.service()
    ids = [(await shop.draft(service))["rateSheet"]["id"] for _ in range(2)]
    answers = await asyncio.gather(*(shop.do("activateRateSheet", SHEET, rateSheetId=id) for id in ids))
    assert sorted(len(answer["userErrors"]) for answer in answers) == [0, 1]
    found = await shop.read("{ rateSheets(first: 9, filter: {states: [ACTIVE]}) { nodes { id } } }")
    assert len(found["rateSheets"]["nodes"]) == 1


# -- listings ----------------------------------------------------------------------------------------------------------


async def test_contact_in_a_text_is_flagged_and_lifted_when_it_is_gone(shop: Shop) -> None:
    service = await shop.service(text="Best price: sales (at) cargo (dot) com, or WhatsApp +86 138 0013 8000")
    (flag,) = await shop.flags(service)
    assert (flag["cause"], flag["state"], flag["consequence"]) == ("OFF_PLATFORM_CONTACT", "OPEN", "REMOVED")
    assert len(flag["findings"]) == 3
    refused = await shop.do("correctListing", "listingFlag { id }", flagId=flag["id"])
    assert reasons(refused) == ["listing_has_no_contact"] * 3
    await shop.done("updateService", SERVICE, serviceId=service, description=PLAIN)
    assert [found["state"] for found in await shop.flags(service)] == ["CORRECTED"]
    await shop.move(timedelta(days=30))
    assert [found["state"] for found in await shop.flags(service)] == ["CORRECTED"]


async def test_silence_removes_a_listing_that_leads_buyers_away(shop: Shop) -> None:
    service = await shop.on_sale(description="Ask us on Telegram.")
    (lane,) = [node["id"] for node in (await shop.read(ON_SALE))["lanes"]["nodes"]]
    await shop.move(timedelta(days=5))
    (flag,) = await shop.flags(service)
    assert (flag["state"], flag["violation"]) == ("ENFORCED", "OFF_PLATFORM_STEERING")
    query = (
        "query ($id: ID!) { service(id: $id) { state } listingFlag(id: $flag) { decision { holds } availableActions } }"
    )
    shown = await shop.read(query.replace("($id: ID!)", "($id: ID!, $flag: ID!)"), id=service, flag=flag["id"])
    assert shown["service"]["state"] == "REMOVED"
    assert shown["listingFlag"] == {"decision": {"holds": False}, "availableActions": []}
    assert (await shop.read(LANE, id=lane))["lane"]["state"] == "REMOVED"


async def test_a_service_in_the_wrong_category_goes_off_the_shelf_until_corrected(shop: Shop) -> None:
    service = await shop.on_sale(title="Express courier", description="Parcels from door to door.")
    (flag,) = await shop.flags(service)
    assert flag["cause"] == "WRONG_CATEGORY"
    await shop.move(timedelta(days=9))
    state = "query ($id: ID!) { service(id: $id) { state } }"
    assert (await shop.read(state, id=service))["service"]["state"] == "PAUSED"
    assert reasons(await shop.do("listService", SERVICE, serviceId=service)) == ["listing_off_shelf_ended"]
    await shop.done("updateService", SERVICE, serviceId=service, title="Air freight", description=PLAIN)
    assert [found["state"] for found in await shop.flags(service)] == ["CORRECTED"]
    listed = await shop.done("listService", SERVICE, serviceId=service)
    assert listed["service"]["state"] == "LISTED"


async def test_a_lane_sold_twice_goes_off_sale_alone_and_comes_back(shop: Shop) -> None:
    first = await shop.on_sale(("CN", "DE"))
    second = await shop.on_sale(("CN", "DE"), ("CN", "FR"))
    assert await shop.flags(first) == []
    (flag,) = await shop.flags(second)
    assert (flag["cause"], flag["violation"], len(flag["lanes"])) == ("DUPLICATE_LANES", None, 1)
    await shop.move(timedelta(days=9))
    query = "query ($id: ID!) { service(id: $id) { lanes(first: 9) { nodes { destination sellable } } } }"

    async def sold(service: str) -> dict[str, bool]:
        nodes = (await shop.read(query, id=service))["service"]["lanes"]["nodes"]
        return {node["destination"]: node["sellable"] for node in nodes}

    assert await sold(second) == {"DE": False, "FR": True}
    why = "{ restrictions(first: 1) { nodes { statementOfReasons { facts { reason } ruleKey automatedDecision } } } }"
    of_own = f"{{ providers(first: 1) {{ nodes {why} }} }}"
    ((restriction,),) = [node["restrictions"]["nodes"] for node in (await shop.read(of_own))["providers"]["nodes"]]
    statement = restriction["statementOfReasons"]
    assert {each["reason"] for each in statement["facts"]} == {"listing_lane_sold_once"}
    assert (statement["ruleKey"], statement["automatedDecision"]) == ("listings", True)
    assert await sold(first) == {"DE": True}
    await shop.done("removeService", SERVICE, serviceId=first)
    corrected = await shop.done("correctListing", "listingFlag { state }", flagId=flag["id"])
    assert corrected["listingFlag"]["state"] == "CORRECTED"
    assert await sold(second) == {"DE": True, "FR": True}


async def test_the_desk_dismisses_a_flag_and_the_provider_may_not(shop: Shop) -> None:
    service = await shop.service(text="Write to ops@blue-anchor.com")
    (flag,) = await shop.flags(service)
    refused = await shop.do("dismissListingFlag", "listingFlag { id }", flagId=flag["id"], reason="ours")
    assert [error["code"] for error in refused["userErrors"]] == ["FORBIDDEN"]
    desk = Member(shop.market.made.operator_id, None, "", shop.market.staff(Role.SUPPORT))
    payload = await shop.do(
        "dismissListingFlag", "listingFlag { state reason }", desk, flagId=flag["id"], reason="quoted"
    )
    assert payload["listingFlag"] == {"state": "DISMISSED", "reason": "quoted"}
    await shop.move(timedelta(days=9))
    assert [found["state"] for found in await shop.flags(service)] == ["DISMISSED"]


async def test_charges_above_quotes_again_and_again_are_a_bait(shop: Shop) -> None:
    service = ServiceId(await shop.on_sale())

    async def book(number: int, charged: int) -> None:
        async def act(work: Work, _: Any) -> Outcome:
            quoted = Money(100_00, "USD")
            await listings.check_booking(work, service, f"bkg-{number}", quoted, Money(charged, "USD"))
            return Outcome()

        await shop.market.act(shop.market.admin, act, None)

    for number, charged in enumerate((110_00, 100_00, 102_00, 120_00)):
        await book(number, charged)
    assert await shop.flags(service) == []
    await book(4, 104_00)
    (flag,) = await shop.flags(service)
    assert flag["cause"] == "BAIT_RATE"
    told = {entry["name"]: entry["value"] for entry in flag["findings"][0]["inputs"]}
    assert (told["over"], told["bookings"]) == ("3", "5")
    (active,) = (await shop.read("{ rateSheets(first: 9, filter: {states: [ACTIVE]}) { nodes { id } } }"))[
        "rateSheets"
    ]["nodes"]
    await shop.move(timedelta(days=1))
    await shop.priced(service, price="4.60", supersedesId=active["id"])
    corrected = await shop.done("correctListing", "listingFlag { state }", flagId=flag["id"])
    assert corrected["listingFlag"]["state"] == "CORRECTED"
