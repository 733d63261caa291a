"""Easy returns through the public API: goods that come back as they should, and goods that the maker says do not.

Beside them a seller of the AliExpress profile that never answers.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.conftest import People

START = datetime(2034, 2, 1, 15, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20) + b"\x00\x00\x00\x00IEND\xaeB`\x82"
RETURN = "goodsReturn { id state destination leaveDueAt dueAt availableActions } claim { state }"


@pytest.fixture
async def cast(people: People) -> People:
    """A buyer, a maker that stands for easy returns, a carrier, and who serves them."""
    await people.begin(START)
    await people.key("desk", people.ids["operator"], "SUPPORT", "ADJUDICATOR", "ADMIN")
    shop = await people.do("admin", "createOrganisation", "organisation { id }", kind="SERVICE", name="Web shop")
    await people.key("shop", shop["organisation"]["id"], "SERVICE")
    for who, mutation, thing, country, more in (
        ("buyer", "registerBuyer", "buyer", "US", {}),
        ("maker", "registerSupplier", "supplier", "CN", {}),
        ("line", "registerProvider", "provider", "US", {"kind": "FORWARDER"}),
    ):
        shown = f"{thing} {{ id organisation {{ id }} }}"
        joined = await people.do("desk", mutation, shown, name=who, country=country, **more)
        people.ids[who] = joined[thing]["id"]
        await people.key(who, joined[thing]["organisation"]["id"], thing.upper())
    await people.key("second", people.ids["operator"], "ADJUDICATOR")
    for name in ("easy_return", "money_back"):
        wish = {"ruleKey": f"guarantees/{name}", "markets": ["US"]}
        offered = await people.do("maker", "offerGuarantee", "guarantee { id }", **wish)
        people.ids[name] = offered["guarantee"]["id"]
    return people


async def delivered(people: People, guarantee: str) -> tuple[str, str]:
    """The buyer got a lathe that it bought with that guarantee: its line and cover."""
    line = {"description": "Lathe", "value": "900.00"}
    placed = await people.do(
        "shop",
        "recordOrder",
        "order { id }",
        reference="SO-1",
        buyerId=people.ids["buyer"],
        supplierId=people.ids["maker"],
        country="US",
        currency="USD",
        lines=[line],
        guaranteeIds=[people.ids[guarantee]],
    )
    order = placed["order"]["id"]
    shown = "order { lines(first: 1) { nodes { id } } coverages(first: 1) { nodes { id } } }"
    paid = (await people.do("shop", "recordPayment", shown, orderId=order, paidAt=START.isoformat()))["order"]
    line_id, cover = paid["lines"]["nodes"][0]["id"], paid["coverages"]["nodes"][0]["id"]
    sent = await people.do(
        "shop",
        "recordShipment",
        "shipment { id }",
        orderId=order,
        providerId=people.ids["line"],
        reference="T-1",
        mode="EXPRESS",
        lineIds=[line_id],
    )
    event = {"shipmentId": sent["shipment"]["id"], "reference": "E-1", "status": "DELIVERED"}
    await people.do("line", "recordTrackingEvents", "recorded", events=[{**event, "occurredAt": START.isoformat()}])
    return line_id, cover


async def granted(people: People) -> dict[str, Any]:
    """The buyer got a lathe of poor quality, and the maker wants it back: the return, with its claim and line."""
    line_id, cover = await delivered(people, "easy_return")
    opened = await people.do(
        "buyer", "openClaim", "claim { id state }", coverageId=cover, reason="NOT_AS_DESCRIBED_QUALITY"
    )
    shown = "claim { id state returns(first: 1) { nodes { id state destination dueAt availableActions } } }"
    claim = (await people.do("maker", "acceptClaim", shown, claimId=opened["claim"]["id"], note="Send it."))["claim"]
    assert claim["state"] == "RETURNING"
    (goods,) = claim["returns"]["nodes"]
    assert (goods["state"], goods["destination"]) == ("ADDRESS_DUE", "LIABLE_PARTY"), "no place in the country"
    return {"claim": claim["id"], "return": goods["id"], "line": line_id}


async def sent_back(people: People, case: dict[str, Any]) -> None:
    """The maker said where to, and the lathe is with it again."""
    where = {"recipient": "Ningbo Machinery", "street": "Road 1", "city": "Ningbo", "country": "CN"}
    arranged = await people.do("maker", "arrangeReturn", RETURN, returnId=case["return"], address=where)
    leave = datetime.fromisoformat(arranged["goodsReturn"]["leaveDueAt"])
    assert leave == datetime(2034, 2, 17, 5, tzinfo=UTC) - MICROSECOND, "fifteen days, in the market's own time"
    await people.move_clock(leave)
    shipped = {"returnId": case["return"], "carrier": "DHL", "trackingNumber": "JD0001"}
    sent = await people.do("buyer", "shipReturn", RETURN, **shipped)
    assert (sent["goodsReturn"]["state"], sent["claim"]["state"]) == ("SHIPPED", "RETURNING")
    await people.do("maker", "receiveReturn", RETURN, returnId=case["return"])


async def photo(people: People, who: str) -> str:
    """An accepted picture of that person's organisation."""
    wish = {"kind": "EVIDENCE", "fileName": "lathe.png", "contentType": "PNG", "size": len(PNG)}
    announced = await people.do(
        who, "createUpload", "upload { id sendTo { url } }", sha256=hashlib.sha256(PNG).hexdigest(), **wish
    )
    url = announced["upload"]["sendTo"]["url"]
    reply = await people.served.send(PNG, method="PUT", path=url, headers={"content-type": None})
    assert reply.status == 200, reply.content
    id: str = announced["upload"]["id"]
    confirmed = await people.do(who, "confirmUpload", "upload { state }", uploadId=id)
    assert confirmed["upload"]["state"] == "ACCEPTED"
    return id


async def test_silence_about_what_came_lets_the_refund_be_decided(cast: People) -> None:
    case = await granted(cast)
    await sent_back(cast, case)
    received = datetime(2034, 2, 17, 5, tzinfo=UTC) - MICROSECOND
    await cast.move_clock(received + 48 * HOUR)
    shown = """query($id: ID!) { claim(id: $id) {
      state returns(first: 1) { nodes { state } } remedies(first: 2) { nodes { kind } } } }"""
    claim = (await cast.ask("buyer", shown, id=case["claim"]))["claim"]
    assert (claim["state"], claim["returns"]["nodes"], claim["remedies"]["nodes"]) == (
        "RETURNING",
        [{"state": "RECEIVED"}],
        [],
    )
    await cast.move_clock(received + 48 * HOUR + MICROSECOND)
    claim = (await cast.ask("buyer", shown, id=case["claim"]))["claim"]
    assert (claim["state"], claim["returns"]["nodes"]) == ("REMEDY_IN_PROGRESS", [{"state": "COMPLIANT"}])
    assert claim["remedies"]["nodes"] == [{"kind": "REFUND_FULL"}]


async def test_goods_found_non_compliant_go_back_to_the_decision_which_is_overturned_on_appeal(cast: People) -> None:
    case = await granted(cast)
    await sent_back(cast, case)
    wrong = [{"lineId": case["line"], "problem": "USED", "note": "Worn out."}]
    wish = {"returnId": case["return"], "lines": wrong, "note": "It was used for months."}
    empty = await cast.attempt("maker", "refuseReturn", RETURN, **wish, uploadIds=[])
    assert [error["code"] for error in empty["userErrors"]] == ["INVALID"]
    refused = await cast.do("maker", "refuseReturn", RETURN, **wish, uploadIds=[await photo(cast, "maker")])
    assert (refused["goodsReturn"]["state"], refused["claim"]["state"]) == ("NON_COMPLIANT", "UNDER_DECISION")
    query = """query($id: ID!) { claim(id: $id) { returns(first: 1) { nodes { lines(first: 1) { nodes { problem } } } }
      evidence(first: 2) { nodes { id side kind files(first: 1) { nodes { readFrom { url } } } } } } }"""
    seen = (await cast.ask("buyer", query, id=case["claim"]))["claim"]
    (piece,) = seen["evidence"]["nodes"]
    assert (piece["side"], piece["kind"]) == ("LIABLE_PARTY", "RETURN_RECORD")
    reply = await cast.served.send(
        method="GET",
        path=piece["files"]["nodes"][0]["readFrom"]["url"],
        headers={"content-type": None, "content-length": None},
    )
    assert (reply.status, reply.content) == (200, PNG), "the other side reads what is held against it"
    decided = await cast.do(
        "desk",
        "decideClaim",
        "claim { state outcome remedies(first: 2) { nodes { kind } } reliedOn { id } }",
        claimId=case["claim"],
        outcome="DENIED",
        note="Used for months.",
        evidenceIds=[piece["id"]],
    )
    assert (decided["claim"]["outcome"], decided["claim"]["remedies"]["nodes"]) == ("DENIED", [])
    assert decided["claim"]["reliedOn"] == [{"id": piece["id"]}]
    late = {"claimId": case["claim"], "items": [{"kind": "STATEMENT", "note": "It was not."}]}
    behind = await cast.attempt("buyer", "submitEvidence", "evidence { id }", **late)
    assert [reason["rule"] for reason in behind["userErrors"][0]["reasons"]] == ["evidence.state"]
    assert await overturned(cast, case["claim"]) == [{"kind": "REFUND_FULL", "state": "PROVIDED"}]


async def overturned(cast: People, id: str) -> list[dict[str, Any]]:
    """The buyer appeals the denial; another adjudicator grants it, and the refund is paid. What the claim gave then."""
    step = "appeal { id state outcome availableActions }"
    content = {"grounds": "The wear was there when it came."}
    wrong = await cast.attempt("line", "draftAppeal", step, subjectId=id, content=content)
    assert [error["code"] for error in wrong["userErrors"]] == ["NOT_FOUND"], "no party of the claim"
    appeal = {"appealId": (await cast.do("buyer", "draftAppeal", step, subjectId=id, content=content))["appeal"]["id"]}
    await cast.do("buyer", "fileAppeal", step, **appeal)
    query = """query($id: ID!) { claim(id: $id) { state outcome nextDuty { by duty }
      remedies(first: 2) { nodes { kind state } } refunds(first: 1) { nodes { id amount { amount } } } } }"""
    heard = (await cast.ask("buyer", query, id=id))["claim"]
    assert (heard["state"], heard["nextDuty"]) == ("APPEALED", {"by": "STAFF", "duty": "ADMIT_APPEAL"})
    first = await cast.attempt("desk", "admitAppeal", step, **appeal)
    assert [error["code"] for error in first["userErrors"]] == ["REFUSED"], "whoever decided looks away"
    for mutation in ("admitAppeal", "takeAppeal"):
        await cast.do("second", mutation, step, **appeal)
    ended = await cast.do("second", "decideAppeal", step, **appeal, undone=["MONEY"], note="The pictures are older.")
    assert ended["appeal"]["outcome"] == "OVERTURNED"
    granted = (await cast.ask("buyer", query, id=id))["claim"]
    assert (granted["state"], granted["outcome"]) == ("REMEDY_IN_PROGRESS", "GRANTED"), "the goods went back before"
    assert granted["nextDuty"] == {"by": "STAFF", "duty": "PAY_REFUND"}
    (refund,) = granted["refunds"]["nodes"]
    assert refund["amount"] == {"amount": "900.00"}
    await cast.do("shop", "recordRefundPaid", "refund { state }", refundId=refund["id"], reference="PSP-1")
    paid = (await cast.ask("buyer", query, id=id))["claim"]
    assert (paid["state"], paid["nextDuty"]) == ("CLOSED", None)
    found: list[dict[str, Any]] = paid["remedies"]["nodes"]
    return found


async def test_a_silent_seller_of_the_aliexpress_profile_gives_what_the_buyer_asked_for(cast: People) -> None:
    await cast.do("desk", "chooseClaimProfile", "profile", profile="clocks/aliexpress")
    line, cover = await delivered(cast, "money_back")
    asked = [{"lineId": line, "remedy": "REFUND_PARTIAL", "amount": {"amount": "250.00", "currency": "USD"}}]
    shown = """claim { id state outcome amount { amount } nextDuty { by duty dueAt otherwise }
      shares { bearer basisPoints } }"""
    wish = {"coverageId": cover, "reason": "NOT_AS_DESCRIBED_QUALITY", "lines": asked}
    claim = (await cast.do("buyer", "openClaim", shown, **wish))["claim"]
    due_at = datetime(2034, 2, 7, 5, tzinfo=UTC) - MICROSECOND
    assert (claim["nextDuty"]["by"], claim["nextDuty"]["duty"]) == ("LIABLE_PARTY", "ANSWER_CLAIM")
    assert datetime.fromisoformat(claim["nextDuty"]["dueAt"]) == due_at, "five days in New York"
    await cast.move_clock(due_at)
    query = f"query($id: ID!) {{ {shown.replace('claim', 'claim(id: $id)', 1)} }}"
    assert (await cast.ask("buyer", query, id=claim["id"]))["claim"]["state"] == "OPEN", "the last instant is in time"
    await cast.move_clock(due_at + 2 * MICROSECOND)
    silent = (await cast.ask("buyer", query, id=claim["id"]))["claim"]
    assert (silent["state"], silent["outcome"], silent["amount"]) == (
        "REMEDY_IN_PROGRESS",
        "GRANTED",
        {"amount": "250.00"},
    )
    assert silent["nextDuty"]["duty"] == "PAY_REFUND"
    assert silent["shares"] == [{"bearer": "SUPPLIER", "basisPoints": 10_000}]
