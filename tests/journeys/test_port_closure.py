"""A port closes: its clocks stand still at once, and run again when the closure is taken back (`domain.md` B17)."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.conftest import People
from tests.serviced import later

START = datetime(2034, 2, 1, 15, tzinfo=UTC)
CLOSED_UNTIL = START + timedelta(days=40)
PROMISED = date(2034, 2, 20)
SEVERAL_PAGES = 120
MANY = 500
"""Orders: the usual run has more than a page shows and than a decision lists. Whatever holds or releases clocks takes
thousands at once, so that the 500 of the long run meet nothing that these do not.
"""
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
AT_ONCE = 8
"""Orders recorded at the same time: as many connections as the application has."""

CLOCKS = """query ($duties: [Duty!], $after: String) {
  clocks(first: 100, after: $after, filter: { duties: $duties, states: [RUNNING, FIRED] }) {
    nodes { id dueAt state hold { id } } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture
async def cast(people: People) -> People:
    """A buyer without any level, a supplier that sells, a provider that promises time, and who serves them."""
    await people.begin(START)
    await people.key("desk", people.ids["operator"], "SUPPORT", "ADJUDICATOR", "ADMIN", "POLICY")
    shop = await people.do("admin", "createOrganisation", "organisation { id }", kind="SERVICE", name="Web shop")
    await people.key("shop", shop["organisation"]["id"], "SERVICE")
    await join(people, "buyer", "registerBuyer", "buyer", "BUYER", name="Northwind", country="US")
    await join(people, "maker", "registerSupplier", "supplier", "SUPPLIER", name="Ningbo Machinery", country="CN")
    await join(
        people, "line", "registerProvider", "provider", "PROVIDER", name="Blue Anchor", country="US", kind="FORWARDER"
    )
    offered = await people.do("line", "offerGuarantee", "guarantee { id }", ruleKey="guarantees/on_time")
    people.ids["on_time"] = offered["guarantee"]["id"]
    return people


async def join(people: People, who: str, mutation: str, thing: str, role: str, **wish: Any) -> None:
    """A party is registered and has a key under that name."""
    joined = await people.do("desk", mutation, f"{thing} {{ id organisation {{ id }} }}", **wish)
    people.ids[who] = joined[thing]["id"]
    await people.key(who, joined[thing]["organisation"]["id"], role)


async def buy(people: People, number: int, country: str) -> str:
    """A paid order with a promised day and a cover; its id."""
    placed = await people.do(
        "shop",
        "recordOrder",
        "order { id }",
        reference=f"SO-{country}-{number}",
        buyerId=people.ids["buyer"],
        supplierId=people.ids["maker"],
        country=country,
        currency="USD",
        lines=[{"description": "Machine", "value": "2500.00", "promisedAt": PROMISED.isoformat()}],
        guaranteeIds=[people.ids["on_time"]],
    )
    id: str = placed["order"]["id"]
    await people.do("shop", "recordPayment", "order { id }", orderId=id, paidAt=START.isoformat())
    return id


async def buy_many(people: People, count: int, country: str) -> list[str]:
    """That many orders, a few at a time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> str:
        async with gate:
            return await buy(people, number, country)

    return await asyncio.gather(*(one(number) for number in range(count)))


async def clocks_of(people: People, *duties: str) -> dict[str, dict[str, Any]]:
    """Every clock of those duties, as staff see it."""
    found: dict[str, dict[str, Any]] = {}
    after: str | None = None
    while True:
        page = (await people.ask("desk", CLOCKS, duties=list(duties), after=after))["clocks"]
        found |= {node["id"]: node for node in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


@pytest.mark.parametrize("count", [SEVERAL_PAGES, pytest.param(MANY, marks=pytest.mark.long)])
async def test_a_port_closure_holds_every_clock_and_is_reversed(cast: People, count: int) -> None:
    """Previewed, applied, seen in a case, taken back after the original deadlines: each then fires, once."""
    orders = await buy_many(cast, count, "US")
    elsewhere = await buy_many(cast, 5, "CA")
    free = await clocks_of(cast, "LATE_DELIVERY")
    assert len(free) == count + len(elsewhere)
    which = {"from": START.isoformat(), "until": CLOSED_UNTIL.isoformat(), "countries": ["US"]}
    preview = "query ($which: ClockSelectionInput!) { previewClockHold(which: $which) { count byDuty { duty count } } }"
    foreseen = (await cast.ask("desk", preview, which=which))["previewClockHold"]
    assert foreseen == {"count": count, "byDuty": [{"duty": "LATE_DELIVERY", "count": count}]}
    applied = await cast.do(
        "desk",
        "applyClockHold",
        "clocks clockHold { id state availableActions decision { holds tree { because { reason text } } } }",
        which=which,
        reason="The port of Los Angeles is closed.",
    )
    hold = applied["clockHold"]
    assert (applied["clocks"], hold["availableActions"]) == (count, ["REVERSE_CLOCK_HOLD"])
    assert f"{count} clocks of the duty LATE_DELIVERY." in [
        finding["text"] for finding in hold["decision"]["tree"]["because"]
    ]
    held = await clocks_of(cast, "LATE_DELIVERY")
    moved = [id for id in free if held[id]["dueAt"] != free[id]["dueAt"]]
    assert len(moved) == count
    for id in moved:
        assert datetime.fromisoformat(held[id]["dueAt"]) == later(datetime.fromisoformat(free[id]["dueAt"]), 40)
    assert {id for id in held if held[id]["hold"]} == set(moved)

    case = """query ($id: ID!) { order(id: $id) {
      lines(first: 1) { nodes { promisedAt } } holds(first: 5) { nodes { until hold { reason state } } }
      coverages(first: 1) { nodes { id promisedAt holds(first: 5) { totalCount } } } } }"""
    for who in ("buyer", "maker", "line"):
        order = (await cast.ask(who, case, id=orders[0]))["order"]
        if who == "line":  # nothing of the order is on its way, so that only the cover is the provider's
            assert order is None
            continue
        (seen,) = order["holds"]["nodes"]
        assert seen["hold"] == {"reason": "The port of Los Angeles is closed.", "state": "APPLIED"}
        (cover,) = order["coverages"]["nodes"]
        assert cover["holds"]["totalCount"] == 1
        assert cover["promisedAt"].startswith("2034-02-21T04:59:59"), "the promise stays"
    assert (await cast.ask("buyer", case, id=elsewhere[0]))["order"]["holds"]["nodes"] == []

    await cast.move_clock(START + 25 * DAY)  # past every original deadline
    now = await clocks_of(cast, "LATE_DELIVERY")
    assert {now[id]["state"] for id in moved} == {"RUNNING"}
    assert {now[id]["state"] for id in free if id not in moved} == {"FIRED"}
    undone = await cast.do(
        "desk",
        "reverseClockHold",
        "clocks clockHold { state reverseReason blockedActions { because { reason } } }",
        holdId=hold["id"],
        reason="It was open after all.",
    )
    assert undone["clocks"] == count
    assert undone["clockHold"]["state"] == "REVERSED"
    back = await clocks_of(cast, "LATE_DELIVERY")
    assert {id: back[id]["dueAt"] for id in free} == {id: free[id]["dueAt"] for id in free}
    moving = await cast.do("admin", "moveClock", "fired", to=(START + 25 * DAY + MICROSECOND).isoformat())
    assert moving["fired"] == count + 1, "at once, each exactly once; and one tells the certificates"
    over = await clocks_of(cast, "LATE_DELIVERY")
    assert {clock["state"] for clock in over.values()} == {"FIRED"}
    assert len(over) == len(free)
    windows = await clocks_of(cast, "CLAIM_WINDOW")
    assert len(windows) == len(free), "every cover waits for its own end now"
    assert {clock["hold"] for clock in windows.values()} == {None}
    told = """query ($id: ID!) { order(id: $id) { coverages(first: 1) { nodes {
      certificate { appendices(first: 5) { nodes { kind } } } } } } }"""
    (cover,) = (await cast.ask("buyer", told, id=orders[0]))["order"]["coverages"]["nodes"]
    kinds = [appendix["kind"] for appendix in cover["certificate"]["appendices"]["nodes"]]
    assert kinds == ["CLOCKS_HELD", "CLOCKS_RELEASED"], "the certificate tells of both, the promise is what it was"
