"""A machine repaired by a dispatched engineer on working day 14, and one on day 15, through the public API.

The machines stand in the United States, where Washington's Birthday 2034 (20 February) lies in the fourteen days.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.conftest import People

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
START = datetime(2034, 2, 1, 15, tzinfo=UTC)
"""A Wednesday. Working days after it: 2, 3, 6 to 10, 13 to 17, 21 and 22 February."""
DAY_14_ENDS = datetime(2034, 2, 23, 5, tzinfo=UTC) - MICROSECOND
"""The last instant of 22 February in New York."""

SHOWN = """id state round version availableActions
  milestones(first: 20) { nodes { milestone round dueAt reachedAt brokenAt } }
  brokenServiceLevels { milestone round dueAt reachedAt proposes because { rule holds reason inputs { name value } } }
  visits(first: 5) { nodes { id number engineer counted arrivedAt leftAt } }
  parts(first: 10) { nodes { name serialNumber free sentAt receivedAt usedAt trackingNumber visit { number } } }"""
REQUEST = f"serviceRequest {{ {SHOWN} }}"


@pytest.fixture
async def cast(people: People) -> People:
    """A buyer, its competitor, a maker that stands for machinery after-sales service, and who serves them."""
    await people.begin(START)
    await people.key("desk", people.ids["operator"], "SUPPORT", "ADJUDICATOR", "ADMIN")
    shop = await people.do("admin", "createOrganisation", "organisation { id }", kind="SERVICE", name="Web shop")
    await people.key("shop", shop["organisation"]["id"], "SERVICE")
    for who, mutation, thing, country in (
        ("buyer", "registerBuyer", "buyer", "US"),
        ("other", "registerBuyer", "buyer", "US"),
        ("maker", "registerSupplier", "supplier", "CN"),
    ):
        joined = await people.do("desk", mutation, f"{thing} {{ id organisation {{ id }} }}", name=who, country=country)
        people.ids[who] = joined[thing]["id"]
        await people.key(who, joined[thing]["organisation"]["id"], thing.upper())
    service = await people.do("maker", "offerGuarantee", "guarantee { id }", ruleKey="guarantees/machinery_after_sales")
    people.ids["service"] = service["guarantee"]["id"]
    return people


async def bought(people: People) -> tuple[str, str]:
    """A serviced machine of US$10,000, paid now: its cover and its line."""
    line = {"description": "Lathe", "value": "10000.00", "serviced": True}
    placed = await people.do(
        "shop",
        "recordOrder",
        "order { id }",
        reference=f"SO-{len(people.ids)}",
        buyerId=people.ids["buyer"],
        supplierId=people.ids["maker"],
        country="US",
        currency="USD",
        lines=[line],
        guaranteeIds=[people.ids["service"]],
    )
    id = people.ids[f"order-{len(people.ids)}"] = placed["order"]["id"]
    shown = "order { lines(first: 1) { nodes { id } } coverages(first: 1) { nodes { id } } }"
    paid = (await people.do("shop", "recordPayment", shown, orderId=id, paidAt=START.isoformat()))["order"]
    return paid["coverages"]["nodes"][0]["id"], paid["lines"]["nodes"][0]["id"]


async def requested(people: People, kind: str = "DISPATCHED") -> tuple[str, str]:
    """A cover, and a request under it that the maker answered within an hour."""
    cover, line = await bought(people)
    wish = {"coverageId": cover, "lineIds": [line], "kind": kind, "problem": "The spindle stands still."}
    request = (await people.do("buyer", "requestService", REQUEST, **wish))["serviceRequest"]
    await people.do("maker", "respondToService", "serviceRequest { id }", requestId=request["id"], note="We come.")
    return cover, request["id"]


async def look(people: People, who: str, id: str) -> Any:
    """The request as that person sees it."""
    return (await people.ask(who, f"query($id: ID!) {{ serviceRequest(id: $id) {{ {SHOWN} }} }}", id=id))[
        "serviceRequest"
    ]


async def visit(people: People, id: str, begins: datetime, ends: datetime) -> str:
    """A visit is planned for that window."""
    wish = {"plannedFrom": begins.isoformat(), "plannedUntil": ends.isoformat(), "engineer": "Lin Wei"}
    planned = await people.do("maker", "planServiceVisit", REQUEST, requestId=id, **wish)
    planned_id: str = planned["serviceRequest"]["visits"]["nodes"][-1]["id"]
    return planned_id


async def repair(people: People, id: str, visit_id: str) -> dict[str, Any]:
    """The engineer comes, builds a part in, leaves, and the machine runs."""
    await people.do("maker", "startServiceVisit", "serviceRequest { id }", requestId=id, visitId=visit_id)
    used = [{"name": "Spindle bearing", "serialNumber": "SB-4711"}]
    await people.do("maker", "endServiceVisit", "serviceRequest { id }", requestId=id, visitId=visit_id, partsUsed=used)
    done = await people.do("maker", "completeService", REQUEST, requestId=id)
    request: dict[str, Any] = done["serviceRequest"]
    return request


async def test_a_machine_repaired_on_working_day_14_kept_the_promise(cast: People) -> None:
    cover, id = await requested(cast)
    due = {row["milestone"]: row["dueAt"] for row in (await look(cast, "buyer", id))["milestones"]["nodes"]}
    assert datetime.fromisoformat(due["RESPONDED"]) == START + 24 * HOUR
    assert datetime.fromisoformat(due["STARTED"]) == DAY_14_ENDS, "the holiday is no working day"
    visit_id = await visit(cast, id, DAY_14_ENDS - 8 * HOUR, DAY_14_ENDS)
    await cast.move_clock(DAY_14_ENDS)
    done = await repair(cast, id, visit_id)
    assert (done["state"], done["brokenServiceLevels"]) == ("COMPLETED", [])
    assert [(each["engineer"], each["counted"]) for each in done["visits"]["nodes"]] == [("Lin Wei", True)]
    assert [(part["serialNumber"], part["visit"]["number"]) for part in done["parts"]["nodes"]] == [("SB-4711", 1)]
    await cast.move_clock(DAY_14_ENDS + MICROSECOND)
    assert (await look(cast, "buyer", id))["brokenServiceLevels"] == []
    claim = await cast.attempt("buyer", "openClaim", "claim { id }", coverageId=cover, reason="SERVICE_NO_VISIT")
    assert [reason["rule"] for reason in claim["userErrors"][0]["reasons"]] == ["after_sales.broken"]
    query = """query($id: ID!) { serviceRequest(id: $id) { order { id } } }"""
    order = (await cast.ask("buyer", query, id=id))["serviceRequest"]["order"]["id"]
    query = "query($id: ID!) { claimOptions(orderId: $id) { reason available } }"
    listed = (await cast.ask("buyer", query, id=order))["claimOptions"]
    available = [option["reason"] for option in listed if option["available"]]
    assert available == ["SERVICE_POINT_WITHDRAWN"], "what is listed is what openClaim would not refuse"
    confirmed = await cast.do("buyer", "confirmService", REQUEST, requestId=id)
    assert (confirmed["serviceRequest"]["state"], confirmed["serviceRequest"]["availableActions"]) == ("CONFIRMED", [])


async def test_a_machine_repaired_on_working_day_15_broke_it_and_the_claim_is_granted(cast: People) -> None:
    cover, id = await requested(cast)
    visit_id = await visit(cast, id, DAY_14_ENDS + MICROSECOND, DAY_14_ENDS + 24 * HOUR)
    await cast.move_clock(DAY_14_ENDS + MICROSECOND)
    (broken,) = (await look(cast, "buyer", id))["brokenServiceLevels"]
    assert (broken["milestone"], broken["proposes"], broken["reachedAt"]) == ("STARTED", "SERVICE_NO_VISIT", None)
    assert datetime.fromisoformat(broken["dueAt"]) == DAY_14_ENDS
    why = {
        each["inputs"][[i["name"] for i in each["inputs"]].index("milestone")]["value"] for each in broken["because"]
    }
    assert why == {"STARTED"}
    assert [finding["holds"] for finding in broken["because"]] == [False]
    done = await repair(cast, id, visit_id)
    assert done["state"] == "COMPLETED"
    (broken,) = done["brokenServiceLevels"]
    assert broken["reachedAt"] is not None, "what came late came, and stays broken"
    wish = {"coverageId": cover, "reason": broken["proposes"]}
    claim = (await cast.do("buyer", "openClaim", "claim { id state amount { amount } }", **wish))["claim"]
    assert (claim["state"], claim["amount"]["amount"]) == ("OPEN", "200.00")
    await cast.do("maker", "contestClaim", "claim { id }", claimId=claim["id"], note="We came.")
    shown = "claim { outcome coupon { amount { amount } } decision { tree { because { rule holds } } } }"
    decided = await cast.do(
        "desk", "decideClaim", shown, claimId=claim["id"], outcome="GRANTED", note="One working day late."
    )
    assert decided["claim"]["outcome"] == "GRANTED"
    assert decided["claim"]["coupon"]["amount"]["amount"] == "200.00"
    assert {"rule": "after_sales.broken", "holds": True} in decided["claim"]["decision"]["tree"]["because"]
    query = """query($party: ID!, $claim: ID!) {
      pointsAccount(partyId: $party) { balance entries { violations points causeId } }
      claim(id: $claim) { pointsEntries(first: 2) { nodes { points } }
        evidenceCompleteness { items { kind side provenBy { fact count } } } } }"""
    follows = await cast.ask("maker", query, party=cast.ids["maker"], claim=claim["id"])
    assert follows["pointsAccount"] == {
        "balance": 1,
        "entries": [{"violations": ["AFTER_SALES_LATE"], "points": 1, "causeId": claim["id"]}],
    }
    assert follows["claim"]["pointsEntries"]["nodes"] == [{"points": 1}]
    theirs = "query($id: ID!) { claim(id: $id) { pointsEntries(first: 2) { nodes { points } } } }"
    assert (await cast.ask("buyer", theirs, id=claim["id"]))["claim"]["pointsEntries"]["nodes"] == []
    proven = {
        (item["side"], item["kind"]): [fact["fact"] for fact in item["provenBy"]]
        for item in follows["claim"]["evidenceCompleteness"]["items"]
    }
    assert proven["BUYER", "SERVICE_RECORD"] == ["SERVICE_REQUEST"]
    assert proven["LIABLE_PARTY", "SERVICE_RECORD"] == ["SERVICE_VISIT"], "that somebody came, though late"


async def test_a_visit_outside_its_window_counts_as_not_made(cast: People) -> None:
    _, id = await requested(cast)
    visit_id = await visit(cast, id, START + HOUR, START + 2 * HOUR)
    await cast.move_clock(START + 2 * HOUR + MICROSECOND)
    came = await cast.do("maker", "startServiceVisit", REQUEST, requestId=id, visitId=visit_id)
    assert came["serviceRequest"]["state"] == "RESPONDED"
    assert [each["counted"] for each in came["serviceRequest"]["visits"]["nodes"]] == [False]
    reached = {row["milestone"]: row["reachedAt"] for row in came["serviceRequest"]["milestones"]["nodes"]}
    assert reached["STARTED"] is None
    assert reached["RESPONDED"] is not None


async def test_free_parts_are_owed_within_48_hours_unless_the_buyer_did_the_damage(cast: People) -> None:
    _, id = await requested(cast, "REMOTE")
    parts = {"requestId": id, "parts": ["Belt", "Fuse"]}
    asked = (await cast.do("buyer", "requestServiceParts", REQUEST, **parts, userCaused=False))["serviceRequest"]
    due = {row["milestone"]: row["dueAt"] for row in asked["milestones"]["nodes"]}
    assert datetime.fromisoformat(due["PARTS_SENT"]) == START + 48 * HOUR
    await cast.move_clock(START + 48 * HOUR + MICROSECOND)
    (broken,) = (await look(cast, "buyer", id))["brokenServiceLevels"]
    assert (broken["milestone"], broken["proposes"]) == ("PARTS_SENT", "SERVICE_PARTS_NOT_SENT")
    sent = await cast.do("maker", "sendServiceParts", REQUEST, requestId=id, trackingNumber="T-1")
    assert {part["trackingNumber"] for part in sent["serviceRequest"]["parts"]["nodes"]} == {"T-1"}
    got = (await cast.do("buyer", "receiveServiceParts", REQUEST, requestId=id))["serviceRequest"]
    assert all(part["receivedAt"] for part in got["parts"]["nodes"])
    paid = (await cast.do("buyer", "requestServiceParts", REQUEST, **parts, userCaused=True))["serviceRequest"]
    assert [part["free"] for part in paid["parts"]["nodes"]] == [True, True, False, False]
    assert len([row for row in paid["milestones"]["nodes"] if row["milestone"] == "PARTS_SENT"]) == 1


async def test_a_reopened_service_is_a_new_round_and_nobody_acts_for_another(cast: People) -> None:
    _, id = await requested(cast)
    assert await look(cast, "other", id) is None
    stranger = await cast.attempt("other", "cancelService", "serviceRequest { id }", requestId=id)
    assert [error["code"] for error in stranger["userErrors"]] == ["NOT_FOUND"]
    wrong = await cast.attempt("buyer", "completeService", "serviceRequest { id }", requestId=id)
    assert [error["code"] for error in wrong["userErrors"]] == ["FORBIDDEN"]
    await repair(cast, id, await visit(cast, id, START, START + HOUR))
    early = await cast.attempt("maker", "respondToService", "serviceRequest { id }", requestId=id)
    assert [reason["rule"] for reason in early["userErrors"][0]["reasons"]] == ["service.state"]
    await cast.move_clock(START + 30 * HOUR)
    again = (await cast.do("buyer", "reopenService", REQUEST, requestId=id, note="It stands again."))["serviceRequest"]
    assert (again["state"], again["round"]) == ("REOPENED", 2)
    assert again["availableActions"] == ["REQUEST_SERVICE_PARTS", "CANCEL_SERVICE"]
    assert (await look(cast, "maker", id))["availableActions"] == ["RESPOND_TO_SERVICE", "DECLINE_SERVICE"]
    second = [row for row in again["milestones"]["nodes"] if row["round"] == 2]
    assert {row["milestone"]: datetime.fromisoformat(row["dueAt"]) for row in second}["RESPONDED"] == START + 54 * HOUR
    await cast.move_clock(START + 54 * HOUR + MICROSECOND)
    (broken,) = (await look(cast, "buyer", id))["brokenServiceLevels"]
    assert (broken["milestone"], broken["round"], broken["proposes"]) == ("RESPONDED", 2, "SERVICE_NO_RESPONSE")
