"""A United States NVOCC, from invitation to its first delivered booking; then its bond lapses, and two lanes with it.

Everything goes through the public interfaces: GraphQL, the signed addresses of files, and the carriers' intake.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.journeys.conftest import People

START = datetime(2034, 3, 1, 15, tzinfo=UTC)
"""A Wednesday, ahead of every day on which this test will be run: a sandbox's clock only moves forwards."""
DAY = timedelta(days=1)
BOND_ENDS = START + 120 * DAY
SCAN = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"

ONBOARDING = """id state onboarding { progress { asked open }
  requirements { key status actor fourEyes scan dated personal kind item { id } }
  missing { requirement because { reason text } opensAt } unaccepted { requirement } }"""
LANES = """lanes(first: 20, filter: {providerId: $id}) { nodes { id mode origin destination sellable } }"""
PIECES = [{"count": 10, "weightGrams": 400_000, "lengthMm": 1_200, "widthMm": 1_000, "heightMm": 1_500}]


async def test_from_invitation_to_a_bond_that_lapses_and_is_renewed(people: People) -> None:
    await people.begin(START)
    await cast(people)
    await come_in(people)
    lanes = await sell(people)
    shipment = await first_booking(people)
    assert shipment["state"] == "DELIVERED"

    await people.move_clock(BOND_ENDS - 20 * DAY)
    assert (await standing(people, "us_ocean_bond_nvocc"))["status"] == "EXPIRING"
    assert await on_sale(people) == lanes
    foreseen = await stops(people, BOND_ENDS + 20 * DAY)
    touching = {lanes["CNSHA-USLAX SEA_FCL"], lanes["USLAX-CNSHA SEA_FCL"]}
    assert {stop["lane"]["id"] for stop in foreseen if stop["lane"]} == touching

    await people.move_clock(BOND_ENDS + DAY)
    assert (await standing(people, "us_ocean_bond_nvocc"))["status"] == "EXPIRED"
    assert await on_sale(people) == lanes, "within its grace everything is still sold"

    await people.move_clock(BOND_ENDS + 16 * DAY)
    assert set(lanes.values()) - set((await on_sale(people)).values()) == touching
    assert (await ask_provider(people, "state"))["state"] == "RESTRICTED"
    left_out = await quoted(people, modes=["SEA_FCL"])
    assert left_out["quotes"]["nodes"] == []
    (reasons,) = left_out["leftOut"]
    assert any(
        "us_ocean_bond_nvocc" in json.dumps(each) or "bond" in each["text"].lower() for each in reasons["because"]
    )
    assert (await quoted(people, modes=["AIR"]))["quotes"]["nodes"] != []

    await prove(people, "us_ocean_bond_nvocc", until=BOND_ENDS + 365 * DAY)
    await look_at(people, "us_ocean_bond_nvocc")
    assert await on_sale(people) == lanes
    assert (await ask_provider(people, "state"))["state"] == "ACTIVE"
    assert (await quoted(people, modes=["SEA_FCL"]))["quotes"]["nodes"] != []


# -- who takes part ----------------------------------------------------------------------------------------------------


async def cast(people: People) -> None:
    """Two of the desk, a shop system, a buyer and a supplier."""
    operator = people.ids["operator"]
    await people.key("desk", operator, "SUPPORT", "FINANCE", "ADMIN", "POLICY")
    await people.key("second", operator, "SUPPORT", "ADMIN")
    shop = await people.do("admin", "createOrganisation", "organisation { id }", kind="SERVICE", name="Web shop")
    await people.key("shop", shop["organisation"]["id"], "SERVICE")
    for who, mutation, role in (("buyer", "registerBuyer", "BUYER"), ("maker", "registerSupplier", "SUPPLIER")):
        thing = mutation.removeprefix("register").lower()
        wish = {"name": who, "country": "US" if who == "buyer" else "CN"}
        joined = await people.do("desk", mutation, f"{thing} {{ id organisation {{ id }} }}", **wish)
        people.ids[who] = joined[thing]["id"]
        await people.key(who, joined[thing]["organisation"]["id"], role)


async def come_in(people: People) -> None:
    """Invited, told what is missing, handed in, looked at by two people, approved."""
    offer = {"kind": "NVOCC", "servedMarkets": ["US", "CN", "DE"], "services": ["SEA_FCL", "AIR"], "monthlyVolume": 40}
    wish = {"name": "Pacific Consol", "country": "US", "email": "ops@pacific.example", "offer": {"kind": "NVOCC"}}
    shown = "provider { id state organisation { id } }"
    invited = (await people.do("desk", "inviteProvider", shown, **wish))["provider"]
    assert invited["state"] == "INVITED"
    people.ids["nvocc"] = invited["id"]
    await people.key("nvocc", invited["organisation"]["id"], "PROVIDER")
    await people.do("nvocc", "amendApplication", "provider { state }", offer=offer)

    early = await people.attempt("nvocc", "submitApplication", "provider { state }")
    missing = (await ask_provider(people, ONBOARDING))["onboarding"]["missing"]
    assert len(missing) > 10
    assert len(early["userErrors"][0]["reasons"]) == len(missing), "one function, two readers"

    for gap in missing:
        if gap["requirement"] is not None:
            await prove(people, gap["requirement"], until=BOND_ENDS if "bond" in gap["requirement"] else None)
    submitted = await people.do("nvocc", "submitApplication", "provider { state review { id } }")
    assert submitted["provider"]["state"] == "IN_REVIEW"
    await people.do("desk", "assignReview", "review { assigneeId }", reviewId=submitted["provider"]["review"]["id"])
    too_early = await people.attempt("desk", "approveApplication", "provider { state }", providerId=people.ids["nvocc"])
    assert too_early["userErrors"] != []
    for requirement in (await ask_provider(people, ONBOARDING))["onboarding"]["requirements"]:
        if requirement["status"] == "SUBMITTED":
            await look_at(people, requirement["key"])
    approved = await people.do(
        "desk", "approveApplication", "provider { state decision { holds } }", providerId=people.ids["nvocc"]
    )
    if approved["provider"]["state"] == "IN_REVIEW":  # the rule asks for a second person
        approved = await people.do(
            "second", "approveApplication", "provider { state decision { holds } }", providerId=people.ids["nvocc"]
        )
    assert approved["provider"] == {"state": "ACTIVE", "decision": {"holds": True}}


async def prove(people: People, key: str, *, until: datetime | None = None) -> None:
    """Something that the desk can accept is handed in for the requirement."""
    told = await standing(people, key)
    wish: dict[str, Any] = {}
    if told["scan"] or told["kind"] == "DOCUMENT":
        wish["uploadId"] = await uploaded(people, "LICENCE" if "LICENCE" in told["files"] else told["files"][0])
    if told["dated"]:
        wish["validUntil"] = (until or START + 3 * 365 * DAY).isoformat()
    if told["kind"] == "DECLARATION":
        wish["declared"] = True
    told_by_key: dict[str, dict[str, Any]] = {
        "legal_representative": {"personalValue": "X1 234 567"},
        "bank_account": {"value": "0123 4567"},
        "us_ein": {"value": "91-1144442"},
        "us_ocean_licence": {"value": "018877N"},
        "us_ocean_bond_nvocc": {"amount": {"amount": "75000.00", "currency": "USD"}},
        "us_qualifying_individual": {"quantity": 5},
    }
    wish |= told_by_key.get(key, {})
    await people.do("nvocc", "submitRequirement", "item { status }", requirement=key, **wish)


async def look_at(people: People, key: str) -> None:
    """The desk accepts what was handed in; where the rule asks for it, a second person does as well."""
    told = await standing(people, key)
    item = (told["pending"] or told["item"])["id"]
    await people.do("desk", "acceptRequirement", "item { status }", itemId=item)
    if told["fourEyes"]:
        alone = await people.attempt("desk", "acceptRequirement", "item { status }", itemId=item)
        assert alone["userErrors"] != [], "two pairs of eyes are two people's"
        await people.do("second", "acceptRequirement", "item { status }", itemId=item)
    assert (await standing(people, key))["status"] in ("ACCEPTED", "EXPIRING")


async def uploaded(people: People, kind: str) -> str:
    """A scan went through a signed address, and was accepted."""
    wish = {
        "kind": kind,
        "fileName": "scan.pdf",
        "size": len(SCAN),
        "contentType": "PDF",
        "sha256": hashlib.sha256(SCAN).hexdigest(),
    }
    made = (await people.do("nvocc", "createUpload", "upload { id sendTo { url method } }", **wish))["upload"]
    path = "/" + made["sendTo"]["url"].partition("://")[2].partition("/")[2] if "://" in made["sendTo"]["url"] else None
    reply = await people.served.send(
        SCAN,
        method=made["sendTo"]["method"],
        path=path or made["sendTo"]["url"],
        headers={"content-type": "application/pdf"},
    )
    assert reply.status in (200, 201, 204), reply.content
    confirmed = await people.do("nvocc", "confirmUpload", "upload { state }", uploadId=made["id"])
    assert confirmed["upload"]["state"] == "ACCEPTED"
    return str(made["id"])


# -- what it sells -----------------------------------------------------------------------------------------------------


async def sell(people: People) -> dict[str, str]:
    """Sea and air services with their prices are listed; all lanes are on sale. Lane -> its id."""
    sea = [("CNSHA", "USLAX"), ("USLAX", "CNSHA"), ("CNSHA", "DEHAM")]
    container = {"measure": "CONTAINERS", "container": "DRY_20", "price": "1850.00"}
    await listed(people, "SEA_FCL", "Full containers across the Pacific", sea, [container], 28)
    await listed(people, "AIR", "Air freight to the West Coast", [("CNSHA", "USLAX")], [{"price": "4.20"}], 5)
    lanes = await on_sale(people)
    assert set(lanes) == {
        "CNSHA-USLAX SEA_FCL",
        "USLAX-CNSHA SEA_FCL",
        "CNSHA-DEHAM SEA_FCL",
        "CNSHA-USLAX AIR",
    }
    return lanes


async def listed(
    people: People, mode: str, title: str, ways: list[tuple[str, str]], rates: list[dict[str, Any]], days: int
) -> None:
    service = (
        await people.do("nvocc", "createService", "service { id }", mode=mode, title=title, markets=["US", "CN", "DE"])
    )["service"]["id"]
    timing = {"transitDaysMin": days - 2, "transitDaysMax": days, "handlingDays": 1}
    lanes = [{"origin": origin, "destination": to, "timing": timing, "zone": "A"} for origin, to in ways]
    await people.do("nvocc", "addLanes", "lanes { id }", serviceId=service, lanes=lanes)
    sheet = {"title": f"{title} 2034", "currency": "USD", "validFrom": START.isoformat()}
    drafted = await people.do(
        "nvocc",
        "draftRateSheet",
        "rateSheet { id }",
        serviceId=service,
        sheet=sheet,
        rates=[{"zone": "A", **rate} for rate in rates],
    )
    await people.do("nvocc", "activateRateSheet", "rateSheet { state }", rateSheetId=drafted["rateSheet"]["id"])
    await people.do("nvocc", "listService", "service { state }", serviceId=service)


async def first_booking(people: People) -> dict[str, Any]:
    """The buyer compares, accepts and books; the NVOCC reports until the goods are there."""
    request = await quoted(people, modes=["SEA_FCL", "AIR"])
    offers = {quote["mode"]: quote for quote in request["quotes"]["nodes"]}
    assert set(offers) == {"SEA_FCL", "AIR"}
    sea = offers["SEA_FCL"]
    assert sum(float(charge["amount"]["amount"]) for charge in sea["charges"]) == float(sea["total"]["amount"])
    await people.do("buyer", "acceptQuote", "quote { state }", quoteId=sea["id"])
    order = await people.do(
        "shop",
        "recordOrder",
        "order { id lines(first: 1) { nodes { id } } }",
        reference="PO-1",
        buyerId=people.ids["buyer"],
        supplierId=people.ids["maker"],
        country="US",
        currency="USD",
        lines=[{"description": "Machine parts", "quantity": 10, "value": "40000.00"}],
    )
    line = order["order"]["lines"]["nodes"][0]["id"]
    await people.do("shop", "recordPayment", "order { state }", orderId=order["order"]["id"], paidAt=START.isoformat())
    booked = await people.do(
        "buyer",
        "bookQuote",
        "booking { id total { amount } shipment { id reference state promisedAt freight { amount } } }",
        quoteId=sea["id"],
        orderId=order["order"]["id"],
        lineIds=[line],
    )
    shipment = booked["booking"]["shipment"]
    assert (shipment["state"], shipment["promisedAt"]) == ("BOOKED", sea["promisedAt"])
    assert shipment["freight"]["amount"] == sea["total"]["amount"] == booked["booking"]["total"]["amount"]
    await people.move_clock(START + 30 * DAY)
    reports = [
        {"reference": status, "shipmentId": shipment["id"], "status": status, "occurredAt": at.isoformat()}
        for status, at in (
            ("DELIVERED", START + 27 * DAY),
            ("PICKED_UP", START + 2 * DAY),
            ("IN_TRANSIT", START + 4 * DAY),
        )
    ]
    reply = await people.served.send(
        json.dumps(reports).encode(),
        path="/intake/tracking",
        headers={"authorization": f"Bearer {people.tokens['nvocc']}"},
    )
    assert [each["reception"] for each in reply.json["receptions"]] == ["ACCEPTED"] * 3
    text = "query ($id: ID!) { shipment(id: $id) { state deliveredAt isLate promisedAt } }"
    seen: dict[str, Any] = (await people.ask("buyer", text, id=shipment["id"]))["shipment"]
    assert (seen["isLate"], seen["promisedAt"]) == (False, sea["promisedAt"])
    return seen


async def quoted(people: People, *, modes: list[str]) -> dict[str, Any]:
    """What the buyer is offered, and who is left out and why."""
    ready = (await people.ask("admin", "{ viewer { tenant { clock } } }"))["viewer"]["tenant"]["clock"]
    request = await people.do(
        "buyer",
        "requestQuote",
        """quoteRequest { quotes(first: 10) { nodes { id mode total { amount } promisedAt
          charges { kind amount { amount } } } } leftOut { provider { id } mode because { rule reason text } } }""",
        pieces=PIECES,
        origin={"country": "CN", "unlocode": "CNSHA"},
        destination={"country": "US", "unlocode": "USLAX"},
        readyAt=(datetime.fromisoformat(ready) + DAY).isoformat(),
        modes=modes,
        currency="USD",
        includeLeftOut=True,
    )
    found: dict[str, Any] = request["quoteRequest"]
    return found


# -- what is seen ------------------------------------------------------------------------------------------------------


async def ask_provider(people: People, shown: str) -> dict[str, Any]:
    """What the NVOCC sees of itself."""
    text = f"query ($id: ID!) {{ provider(id: $id) {{ {shown} }} }}"
    found: dict[str, Any] = (await people.ask("nvocc", text, id=people.ids["nvocc"]))["provider"]
    return found


async def standing(people: People, key: str) -> dict[str, Any]:
    """How a requirement stands."""
    shown = "onboarding { requirements { key kind status scan files dated fourEyes item { id } pending { id } } }"
    all_of_them = (await ask_provider(people, shown))["onboarding"]["requirements"]
    (found,) = [each for each in all_of_them if each["key"] == key]
    return dict(found)


async def on_sale(people: People) -> dict[str, str]:
    """The lanes that anybody can buy on: where and how -> id."""
    found = await people.ask("nvocc", f"query ($id: ID!) {{ {LANES} }}", id=people.ids["nvocc"])
    return {
        f"{lane['origin']}-{lane['destination']} {lane['mode']}": lane["id"]
        for lane in found["lanes"]["nodes"]
        if lane["sellable"]
    }


async def stops(people: People, at: datetime) -> list[dict[str, Any]]:
    """What would stop working on that day."""
    shown = f'capabilitiesOn(on: "{at.date()}") {{ stops {{ action service lane {{ id }} because {{ reason }} }} }}'
    found: list[dict[str, Any]] = (await ask_provider(people, shown))["capabilitiesOn"]["stops"]
    return found
