"""Service points over the engine: their life, their notice, who finds them, and what stays open when one is gone."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from api.operations import enrolments
from domain.access import Role
from domain.capabilities import Capability, Cause, Limit, Scope, because
from domain.enrolments import OfferGuarantee
from domain.gates import Action
from domain.ids import RestrictionId
from domain.modes import ServiceMode
from domain.providers import ProviderState
from storage.minting import mint
from tests.marketplaces import Asking, Marketplace, Member

SHANGHAI = {"latitude": "31.233333", "longitude": "121.483333"}
DETAILS: dict[str, Any] = {
    "name": "Pudong workshop",
    "country": "CN",
    "region": "CN-SH",
    "locality": "Shanghai",
    "street": "1 Century Avenue",
    "postalCode": "200120",
    "coordinates": SHANGHAI,
    "services": ["REPAIR", "INSTALLATION"],
    "engineers": 12,
    "areas": ["CN-SH", "CN~2001"],
    "radiusMetres": 60_000,
    "zone": "Asia/Shanghai",
    "opening": [{"weekday": "MON", "opens": "08:00", "closes": "17:30"}],
}
CONTACT = {"name": "Li Wei", "phone": "+862155512345", "email": "li.wei@example.com"}
SHOWN = "servicePoint { id state version checkDueAt overdueSince unreachableSince unreachableReason engineers }"
NEAR = """query($at: LocationInput!, $service: ServiceMode!, $radius: Int, $first: Int, $after: String, $last: Int,
    $before: String) {
  servicePointsNear(location: $at, service: $service, radiusMetres: $radius, first: $first, after: $after, last: $last,
      before: $before) {
    edges { distanceMetres node { id name state } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
COVERS = """query($spot: SpotInput!, $at: CoordinatesInput, $service: ServiceMode!, $first: Int!) {
  serviceCoverage(spot: $spot, coordinates: $at, service: $service, first: $first) {
    area distanceMetres servicePoint { id } } }"""


def moved(latitude: str, longitude: str, **changed: Any) -> dict[str, Any]:
    return {**DETAILS, "coordinates": {"latitude": latitude, "longitude": longitude}, **changed}


async def added(ask: Asking, provider: Member, details: dict[str, Any] = DETAILS, **wish: Any) -> str:
    payload = await ask.mutate(provider.caller, "addServicePoint", SHOWN, details=details, **wish)
    assert payload["userErrors"] == []
    assert payload["servicePoint"]["state"] == "PENDING"
    return str(payload["servicePoint"]["id"])


async def done(ask: Asking, caller: Any, mutation: str, id: str, **wish: Any) -> Any:
    payload = await ask.mutate(caller, mutation, SHOWN, servicePointId=id, **wish)
    assert payload["userErrors"] == [], payload["userErrors"]
    return payload["servicePoint"]


async def serving(market: Marketplace, ask: Asking, provider: Member, details: dict[str, Any] = DETAILS) -> str:
    """The id of a point that buyers find."""
    id = await added(ask, provider, details)
    desk = market.staff(Role.SUPPORT)
    await done(ask, desk, "verifyServicePoint", id)
    assert (await done(ask, desk, "recordReachability", id))["state"] == "ACTIVE"
    return id


async def near(ask: Asking, caller: Any, at: dict[str, Any], service: str = "REPAIR", **wish: Any) -> list[Any]:
    wish = {"first": 10, "radius": None, **wish}
    found = (await ask(caller, NEAR, at=at, service=service, **wish))["servicePointsNear"]["edges"]
    assert isinstance(found, list)
    return found


async def point(ask: Asking, caller: Any, id: str, shown: str) -> Any:
    return (await ask(caller, f"query($id: ID!) {{ servicePoint(id: $id) {{ {shown} }} }}", id=id))["servicePoint"]


async def moved_to(market: Marketplace, ask: Asking, to: datetime) -> None:
    payload = await ask.mutate(market.staff(Role.ADMIN), "moveClock", "fired", to=to.isoformat())
    assert payload["userErrors"] == []


# -- a point's life ----------------------------------------------------------------------------------------------------


async def test_a_point_serves_once_it_was_verified_and_reached(market: Marketplace, ask: Asking) -> None:
    provider, buyer = await market.add("Fixers", Role.PROVIDER), await market.add("Buyer", Role.BUYER)
    id = await added(ask, provider, contact=CONTACT)
    shown = await point(ask, provider.caller, id, "availableActions blockedActions { action because { reason } }")
    assert shown["availableActions"] == ["REPORT_SERVICE_POINT_CHANGE", "CHANGE_SERVICE_POINT_CONTACT"]
    refused = await ask.mutate(market.staff(Role.SUPPORT), "recordReachability", SHOWN, servicePointId=id)
    assert [error["reasons"][0]["reason"] for error in refused["userErrors"]] == ["service_point_state_allows"]
    assert await point(ask, buyer.caller, id, "id") is None

    desk = market.staff(Role.SUPPORT)
    verified = await done(ask, desk, "verifyServicePoint", id)
    assert verified["state"] == "VERIFIED"
    assert await near(ask, buyer.caller, {"unlocode": "CNSHA"}) == []
    served = await done(ask, desk, "recordReachability", id)
    assert (served["state"], served["version"]) == ("ACTIVE", 3)
    assert served["checkDueAt"] > verified["checkDueAt"]
    (found,) = await near(ask, buyer.caller, {"unlocode": "CNSHA"})
    assert found == {"distanceMetres": 0, "node": {"id": id, "name": "Pudong workshop", "state": "ACTIVE"}}


async def test_everything_wrong_with_a_point_is_told_at_once(market: Marketplace, ask: Asking) -> None:
    provider = await market.add("Fixers", Role.PROVIDER)
    wrong = {
        **DETAILS,
        "name": " ",
        "services": [],
        "engineers": -1,
        "areas": ["CN", "CN", "XX"],
        "radiusMetres": 1_000_001,
        "zone": "Moon/Sea",
        "opening": [
            {"weekday": "MON", "opens": "08:00", "closes": "12:00"},
            {"weekday": "MON", "opens": "11:00", "closes": "13:00"},
        ],
    }
    payload = await ask.mutate(
        provider.caller, "addServicePoint", SHOWN, details=wrong, contact={"name": "Li", "phone": "tel 1"}
    )
    assert {".".join(error["field"]) for error in payload["userErrors"]} == {
        "details.name", "details.services", "details.engineers", "details.areas", "details.areas.2",
        "details.radiusMetres", "details.zone", "details.opening", "contact.phone",
    }  # fmt: skip
    nowhere = moved("90.000001", "0")
    payload = await ask.mutate(provider.caller, "addServicePoint", SHOWN, details=nowhere)
    assert [error["field"] for error in payload["userErrors"]] == [["details", "coordinates"]]


async def test_nobody_adds_a_point_for_another_provider(market: Marketplace, ask: Asking) -> None:
    one, other = await market.add("One", Role.PROVIDER), await market.add("Other", Role.PROVIDER)
    payload = await ask.mutate(one.caller, "addServicePoint", SHOWN, details=DETAILS, providerId=other.party_id)
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    id = await added(ask, other)
    for mutation, wish in (
        ("reportServicePointChange", {"kind": "WITHDRAWAL"}),
        ("changeServicePointContact", {"contact": CONTACT}),
    ):
        payload = await ask.mutate(one.caller, mutation, SHOWN, servicePointId=id, **wish)
        assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    assert await point(ask, one.caller, id, "id") is None
    assert (await point(ask, other.caller, id, "id"))["id"] == id


async def test_a_change_takes_effect_after_its_notice_and_by_itself(market: Marketplace, ask: Asking) -> None:
    provider = await market.add("Fixers", Role.PROVIDER)
    start = datetime.now(UTC).replace(hour=15, minute=0, second=0, microsecond=0) + timedelta(days=1)
    await moved_to(market, ask, start)
    id = await serving(market, ask, provider)
    too_early = (start + timedelta(days=6)).isoformat()
    wish = {"servicePointId": id, "kind": "CHANGE", "details": {**DETAILS, "engineers": 30}}
    payload = await ask.mutate(provider.caller, "reportServicePointChange", SHOWN, **wish, effectiveAt=too_early)
    assert [error["reasons"][0]["reason"] for error in payload["userErrors"]] == ["service_point_notice_given"]

    reported = await done(ask, provider.caller, "reportServicePointChange", id, kind="CHANGE", details=wish["details"])
    assert (reported["state"], reported["engineers"]) == ("CHANGE_REPORTED", 12)
    shown = await point(ask, provider.caller, id, "reportedChange { kind effectiveAt details { engineers services } }")
    change = shown["reportedChange"]
    assert change["details"] == {"engineers": 30, "services": ["REPAIR", "INSTALLATION"]}
    effective_at = datetime.fromisoformat(change["effectiveAt"])
    local = (start + timedelta(hours=8)).date()  # what the calendar on the wall says in Shanghai
    midnight = datetime.combine(local + timedelta(days=8), datetime.min.time(), UTC) - timedelta(hours=8)
    assert effective_at == midnight

    await moved_to(market, ask, effective_at - timedelta(microseconds=1))
    assert (await point(ask, provider.caller, id, "engineers"))["engineers"] == 12
    await moved_to(market, ask, effective_at + timedelta(microseconds=1))
    after = await point(ask, provider.caller, id, "state engineers reportedChange { kind }")
    assert after == {"state": "ACTIVE", "engineers": 30, "reportedChange": None}


async def test_a_later_report_takes_the_earlier_ones_place(market: Marketplace, ask: Asking) -> None:
    provider = await market.add("Fixers", Role.PROVIDER)
    id = await serving(market, ask, provider)
    now = datetime.now(UTC)
    first, second = now + timedelta(days=20), now + timedelta(days=40)
    for at in (first, second):
        await done(ask, provider.caller, "reportServicePointChange", id, kind="WITHDRAWAL", effectiveAt=at.isoformat())
    await moved_to(market, ask, first + timedelta(days=1))
    assert (await point(ask, provider.caller, id, "state"))["state"] == "CHANGE_REPORTED"
    await moved_to(market, ask, second + timedelta(days=1))
    assert (await point(ask, provider.caller, id, "state availableActions")) == {
        "state": "WITHDRAWN",
        "availableActions": [],
    }
    assert await near(ask, provider.caller, {"unlocode": "CNSHA"}) == []


async def test_a_failed_check_hides_a_point_until_it_is_reached(market: Marketplace, ask: Asking) -> None:
    provider, buyer = await market.add("Fixers", Role.PROVIDER), await market.add("Buyer", Role.BUYER)
    id, desk = await serving(market, ask, provider), market.staff(Role.SUPPORT)
    at = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    await done(ask, provider.caller, "reportServicePointChange", id, kind="WITHDRAWAL", effectiveAt=at)
    failed = await done(ask, desk, "recordReachability", id, unreached="NO_ANSWER")
    assert (failed["state"], failed["unreachableReason"]) == ("UNREACHABLE", "NO_ANSWER")
    assert await near(ask, buyer.caller, {"unlocode": "CNSHA"}) == []
    assert await point(ask, buyer.caller, id, "id") is None
    reached = await done(ask, desk, "recordReachability", id)
    assert (reached["state"], reached["unreachableSince"]) == ("CHANGE_REPORTED", None)
    assert len(await near(ask, buyer.caller, {"unlocode": "CNSHA"})) == 1


async def test_a_check_that_nobody_makes_is_marked_and_due_anew(market: Marketplace, ask: Asking) -> None:
    provider, desk = await market.add("Fixers", Role.PROVIDER), market.staff(Role.SUPPORT)
    id = await serving(market, ask, provider)
    due = datetime.fromisoformat((await point(ask, desk, id, "checkDueAt"))["checkDueAt"])
    await moved_to(market, ask, due + timedelta(seconds=1))
    missed = await point(ask, desk, id, "state overdueSince checkDueAt")
    assert missed["state"] == "ACTIVE"
    assert datetime.fromisoformat(missed["overdueSince"]) > due
    again = datetime.fromisoformat(missed["checkDueAt"])
    assert due < again < due + timedelta(days=10)
    await moved_to(market, ask, again + timedelta(seconds=1))
    later = await point(ask, desk, id, "overdueSince checkDueAt")
    assert later["overdueSince"] == missed["overdueSince"]
    assert (await done(ask, desk, "recordReachability", id))["overdueSince"] is None


# -- who finds it ------------------------------------------------------------------------------------------------------


def on_a_sphere(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two points, from the angle between the vectors to them."""

    def vector(latitude: float, longitude: float) -> tuple[float, float, float]:
        up, round_ = math.radians(latitude), math.radians(longitude)
        return math.cos(up) * math.cos(round_), math.cos(up) * math.sin(round_), math.sin(up)

    a, b = vector(*one), vector(*other)
    return 6_371_008.8 * 2 * math.asin(math.dist(a, b) / 2)


async def test_the_nearest_come_first_with_their_distances(market: Marketplace, ask: Asking) -> None:
    provider, buyer = await market.add("Fixers", Role.PROVIDER), await market.add("Buyer", Role.BUYER)
    ids = {
        name: await serving(market, ask, provider, moved(latitude, longitude, name=name))
        for name, latitude, longitude in (
            ("Ningbo", "29.866667", "121.55"),
            ("Suzhou", "31.3", "120.6"),
            ("Fiji", "-17.8", "179.9"),
            ("Samoa", "-13.8", "-171.8"),
        )
    }
    found = await near(ask, buyer.caller, {"unlocode": "CNSHA"})
    assert [each["node"]["id"] for each in found] == [ids[n] for n in ("Suzhou", "Ningbo", "Fiji", "Samoa")]
    asked = (31.233333, 121.483333)
    for each, place in zip(found, ((31.3, 120.6), (29.866667, 121.55), (-17.8, 179.9), (-13.8, -171.8)), strict=True):
        assert abs(each["distanceMetres"] - on_a_sphere(asked, place)) < 1
    assert found == sorted(found, key=lambda each: each["distanceMetres"])
    around = await near(ask, buyer.caller, {"coordinates": SHANGHAI}, radius=100_000)
    assert [each["node"]["name"] for each in around] == ["Suzhou"]
    (over_the_date_line,) = await near(
        ask, buyer.caller, {"coordinates": {"latitude": "-17.8", "longitude": "-179.9"}}, radius=50_000
    )
    assert over_the_date_line["node"]["name"] == "Fiji"
    assert await near(ask, buyer.caller, {"unlocode": "CNSHA"}, service="EXPRESS") == []

    async def page(**wish: Any) -> tuple[list[str], dict[str, Any]]:
        wish = {"at": {"unlocode": "CNSHA"}, "service": "REPAIR", **wish}
        listed = (await ask(buyer.caller, NEAR, **wish))["servicePointsNear"]
        return [each["node"]["name"] for each in listed["edges"]], listed["pageInfo"]

    names, info = await page(first=1)
    assert (names, info["hasNextPage"], info["hasPreviousPage"]) == (["Suzhou"], True, False)
    names, info = await page(first=2, after=info["endCursor"])
    assert (names, info["hasNextPage"], info["hasPreviousPage"]) == (["Ningbo", "Fiji"], True, True)
    assert (await page(first=9, after=info["endCursor"]))[0] == ["Samoa"]
    assert (await page(first=9, after=info["endCursor"], radius=100_000))[0] == []
    between, ends = await page(last=9, before=info["endCursor"])
    assert (between, ends["hasPreviousPage"], ends["hasNextPage"]) == (["Suzhou", "Ningbo"], False, True)
    assert (await page(last=1, before=info["endCursor"], after=ends["startCursor"]))[0] == ["Ningbo"]
    assert (await page(last=2))[0] == ["Fiji", "Samoa"]
    assert (await page(last=2, radius=200_000))[0] == ["Suzhou", "Ningbo"]
    elsewhere = {"at": {"unlocode": "NLRTM"}, "service": "REPAIR", "first": 1, "after": info["endCursor"]}
    answer = await ask.answer(buyer.caller, NEAR, **elsewhere)
    assert [error["extensions"]["code"] for error in answer.errors] == ["BAD_CURSOR"], "distances from elsewhere"


async def test_where_one_looks_from_is_one_known_place(market: Marketplace, ask: Asking) -> None:
    buyer = await market.add("Buyer", Role.BUYER)
    for at, first in (({}, 5), ({"unlocode": "CNSHA", "coordinates": SHANGHAI}, 5), ({"unlocode": "ZZQQQ"}, 5),
                      ({"unlocode": "FRXXX"}, 5), ({"unlocode": "CNSHA"}, 101)):  # fmt: skip
        wish = {"at": at, "service": "REPAIR", "first": first}
        answer = await ask.answer(buyer.caller, NEAR, **wish)
        assert [error["extensions"]["code"] for error in answer.errors] == ["INVALID"], at


async def covering(
    ask: Asking, caller: Any, spot: dict[str, Any], at: dict[str, Any] | None = None
) -> list[tuple[str, str | None]]:
    """The points that cover the spot, and by which area."""
    found = await ask(caller, COVERS, spot=spot, at=at, service="REPAIR", first=10)
    return [(each["servicePoint"]["id"], each["area"]) for each in found["serviceCoverage"]]


async def test_points_cover_places_by_radius_and_by_area(market: Marketplace, ask: Asking) -> None:
    provider, buyer = await market.add("Fixers", Role.PROVIDER), await market.add("Buyer", Role.BUYER)
    by_radius = await serving(market, ask, provider, {**DETAILS, "areas": []})
    by_post = await serving(market, ask, provider, {**DETAILS, "areas": ["CN~2001", "CN"], "radiusMetres": None})
    by_region = await serving(market, ask, provider, {**DETAILS, "areas": ["CN-SH"], "radiusMetres": None})
    by_country = await serving(market, ask, provider, {**DETAILS, "areas": ["CN"], "radiusMetres": None})

    in_town = {"country": "CN", "unlocode": "CNSHA", "postalCode": "200 120"}
    assert await covering(ask, buyer.caller, in_town) == [
        (by_radius, None), (by_post, "CN~2001"), (by_region, "CN-SH"), (by_country, "CN")
    ]  # fmt: skip
    assert await covering(ask, buyer.caller, {"country": "CN", "unlocode": "CNNGB"}) == [
        (by_post, "CN"),
        (by_country, "CN"),
    ]
    near_by = {"latitude": "31.4", "longitude": "121.2"}
    assert await covering(ask, buyer.caller, {"country": "JP"}, near_by) == [(by_radius, None)]
    assert await covering(ask, buyer.caller, {"country": "JP"}) == []


SCOPES = {
    Scope(): False,
    Scope(actions=frozenset({Action.SELL})): False,
    Scope(actions=frozenset({Action.BOOK})): True,
    Scope(services=frozenset({ServiceMode.REPAIR})): False,
    Scope(services=frozenset({ServiceMode.AIR})): True,
    Scope(markets=frozenset({"CN", "US"})): False,
    Scope(markets=frozenset({"US"})): True,
}
"""What a provider is restricted in -> whether its point in China that repairs is found all the same."""


async def test_whoever_may_not_sell_is_not_found(market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]) -> None:
    """The search says in SQL what `capabilities.because` says."""
    provider, buyer = await market.add("Fixers", Role.PROVIDER), await market.add("Buyer", Role.BUYER)
    await serving(market, ask, provider)
    since = datetime(2020, 1, 1, tzinfo=UTC)
    capability = Capability(Action.SELL, ServiceMode.REPAIR, ("CN",))
    for scope, found in SCOPES.items():
        await owner.execute(
            "INSERT INTO restrictions (tenant_id, id, provider_id, cause, actions, services, markets, lane_ids, since, "
            "reason, imposed_at, version) VALUES ($1, $2, $3, 'DESK', $4, $5, $6, '{}', $7, 'for a test', $7, 1)",
            market.id,
            mint(RestrictionId),
            provider.party_id,
            sorted(scope.actions),
            sorted(scope.services),
            sorted(scope.markets),
            since,
        )
        limit = Limit(Cause.DESK, None, scope, since, None)
        assert (because(ProviderState.ACTIVE, [limit], capability, datetime.now(UTC)) == ()) is found
        assert bool(await near(ask, buyer.caller, {"unlocode": "CNSHA"})) is found, scope
        assert bool(await covering(ask, buyer.caller, {"country": "CN", "unlocode": "CNSHA"})) is found, scope
        await owner.execute("UPDATE restrictions SET lifted_at = now() WHERE tenant_id = $1", market.id)
        assert len(await near(ask, buyer.caller, {"unlocode": "CNSHA"})) == 1


async def test_a_provider_that_sells_nothing_is_not_found(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    provider, buyer = await market.add("Fixers", Role.PROVIDER), await market.add("Buyer", Role.BUYER)
    await serving(market, ask, provider)
    for state in ProviderState:
        await owner.execute("UPDATE providers SET state = $2 WHERE tenant_id = $1", market.id, state.value)
        sells = because(state, (), Capability(Action.SELL, ServiceMode.REPAIR, ("CN",)), datetime.now(UTC)) == ()
        assert bool(await near(ask, buyer.caller, {"unlocode": "CNSHA"})) is sells, state


# -- who answers there -------------------------------------------------------------------------------------------------


async def test_who_answers_is_shown_to_its_provider_and_staff_and_reading_is_written_down(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]
) -> None:
    provider, buyer = await market.add("Fixers", Role.PROVIDER), await market.add("Buyer", Role.BUYER)
    other = await market.add("Others", Role.PROVIDER)
    id = await serving(market, ask, provider)
    await done(ask, provider.caller, "changeServicePointContact", id, contact=CONTACT)
    shown = "contact { name phone email }"
    assert (await point(ask, provider.caller, id, shown))["contact"] == CONTACT
    assert (await point(ask, market.staff(Role.SUPPORT), id, shown))["contact"] == CONTACT
    for viewer in (buyer, other):
        assert (await point(ask, viewer.caller, id, shown))["contact"] is None
    read = "SELECT actor_id FROM audit WHERE tenant_id = $1 AND object_id = $2 AND action = 'readServicePointContact'"
    assert len(await owner.fetch(read, market.id, id)) == 2
    kept = await owner.fetch(
        "SELECT difference::text AS text FROM audit WHERE tenant_id = $1 "
        "UNION ALL SELECT row::text FROM history WHERE tenant_id = $1 "
        "UNION ALL SELECT facts::text FROM outbox WHERE tenant_id = $1",
        market.id,
    )
    assert len(kept) > 5
    assert [row["text"] for row in kept if "Li Wei" in row["text"] or CONTACT["phone"] in row["text"]] == []


# -- gone without a word -----------------------------------------------------------------------------------------------


async def covered(market: Marketplace, ask: Asking, provider: Member, count: int) -> None:
    """So many orders are covered by the provider's after-sales guarantee."""
    buyer, supplier = await market.add("Factory", Role.BUYER), await market.add("Maker", Role.SUPPLIER)
    rule = "guarantees/machinery_after_sales"
    offered = await market.act(market.admin, enrolments.offer_guarantee, OfferGuarantee(rule, provider.party_id))  # type: ignore[arg-type]
    shop = market.staff(Role.SERVICE)
    for number in range(count):
        line = {"description": "Lathe", "quantity": 1, "value": "900", "serviced": True}
        order = await ask.mutate(
            shop, "recordOrder", "order { id }", reference=f"O-{number}", buyerId=buyer.party_id,
            supplierId=supplier.party_id, country="US", currency="USD", lines=[line],
            guaranteeIds=[offered.things["guarantee"]], idempotencyKey=f"order-{number}",
        )  # fmt: skip
        assert order["userErrors"] == []
        paid = await ask.mutate(
            shop, "recordPayment", "order { id }", orderId=order["order"]["id"], idempotencyKey=f"paid-{number}",
            paidAt=datetime.now(UTC).isoformat(),
        )  # fmt: skip
        assert paid["userErrors"] == []


async def test_a_point_that_went_without_a_word_leaves_its_provider_liable(market: Marketplace, ask: Asking) -> None:
    provider, buyer = await market.add("Fixers", Role.PROVIDER), await market.add("Buyer", Role.BUYER)
    await covered(market, ask, provider, 2)
    id = await serving(market, ask, provider)
    wish = {"servicePointId": id, "goneSince": "2026-01-05T00:00:00Z", "note": "Shut.", "idempotencyKey": "gone-1"}
    selection = (
        "servicePoint { state liableUntil commitments(first: 10) { id promise closesAt } decision { id } } "
        "decision { id kind holds tree { because { reason holds } } }"
    )
    payload = await ask.mutate(market.staff(Role.SUPPORT), "recordUnreportedWithdrawal", selection, **wish)
    assert payload["userErrors"] == []
    gone, decision = payload["servicePoint"], payload["decision"]
    assert gone["state"] == "WITHDRAWN"
    assert len(gone["commitments"]) == 2
    assert gone["liableUntil"] == max(each["closesAt"] for each in gone["commitments"])
    assert (decision["kind"], decision["holds"], decision["id"]) == ("LIABILITY", True, gone["decision"]["id"])
    assert [each["reason"] for each in decision["tree"]["because"]] == [
        "service_point_withdrawal_reported", "service_point_commitment_open", "service_point_commitment_open"
    ]  # fmt: skip
    own = await point(ask, provider.caller, id, "liableUntil decision { holds } commitments(first: 1) { id }")
    assert (own["liableUntil"], own["decision"], len(own["commitments"])) == (gone["liableUntil"], {"holds": True}, 1)
    assert await point(ask, buyer.caller, id, "id") is None
    again = await ask.mutate(
        market.staff(Role.SUPPORT), "recordUnreportedWithdrawal", selection, **{**wish, "idempotencyKey": "gone-2"}
    )
    assert [error["reasons"][0]["reason"] for error in again["userErrors"]] == ["service_point_state_allows"]


async def test_what_was_reported_in_time_is_no_unreported_withdrawal(market: Marketplace, ask: Asking) -> None:
    provider = await market.add("Fixers", Role.PROVIDER)
    id = await serving(market, ask, provider)
    at = datetime.now(UTC) + timedelta(days=20)
    await done(ask, provider.caller, "reportServicePointChange", id, kind="WITHDRAWAL", effectiveAt=at.isoformat())
    wish = {"servicePointId": id, "goneSince": at.isoformat(), "note": "Shut.", "idempotencyKey": "gone"}
    payload = await ask.mutate(market.staff(Role.SUPPORT), "recordUnreportedWithdrawal", SHOWN, **wish)
    reasons = {reason["reason"] for error in payload["userErrors"] for reason in error["reasons"]}
    assert reasons == {"service_point_gone_already", "service_point_withdrawal_unreported"}
    early = {**wish, "goneSince": (datetime.now(UTC) - timedelta(days=1)).isoformat(), "idempotencyKey": "early"}
    payload = await ask.mutate(market.staff(Role.SUPPORT), "recordUnreportedWithdrawal", SHOWN, **early)
    assert payload["userErrors"] == []
    assert payload["servicePoint"]["state"] == "WITHDRAWN"


# -- two at once ------------------------------------------------------------------------------------------------------


async def test_of_two_findings_at_once_one_stands(market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any]) -> None:
    provider = await market.add("Fixers", Role.PROVIDER)
    await covered(market, ask, provider, 1)
    id = await serving(market, ask, provider)
    wish = {"servicePointId": id, "goneSince": "2026-01-05T00:00:00Z", "note": "Shut."}
    payloads = await asyncio.gather(
        *(
            ask.mutate(market.staff(Role.SUPPORT), "recordUnreportedWithdrawal", SHOWN, **wish, idempotencyKey=f"k-{n}")
            for n in range(2)
        )
    )
    assert sorted(len(payload["userErrors"]) for payload in payloads) == [0, 1]
    counted = "SELECT count(*) FROM decisions WHERE tenant_id = $1 AND subject_id = $2"
    assert await owner.fetchval(counted, market.id, id) == 1
    counted = "SELECT count(*) FROM service_point_commitments WHERE tenant_id = $1 AND service_point_id = $2"
    assert await owner.fetchval(counted, market.id, id) == 1


async def test_who_saw_another_version_is_told_so(market: Marketplace, ask: Asking) -> None:
    provider, desk = await market.add("Fixers", Role.PROVIDER), market.staff(Role.SUPPORT)
    id = await added(ask, provider)
    payload = await ask.mutate(desk, "verifyServicePoint", SHOWN, servicePointId=id, expectedVersion=7)
    assert [error["code"] for error in payload["userErrors"]] == ["STALE_VERSION"]
    assert (await done(ask, desk, "verifyServicePoint", id, expectedVersion=1))["state"] == "VERIFIED"


async def test_a_report_and_a_check_at_once_lose_neither(market: Marketplace, ask: Asking) -> None:
    provider, desk = await market.add("Fixers", Role.PROVIDER), market.staff(Role.SUPPORT)
    id = await serving(market, ask, provider)
    at = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    await asyncio.gather(
        done(ask, provider.caller, "reportServicePointChange", id, kind="WITHDRAWAL", effectiveAt=at),
        done(ask, desk, "recordReachability", id, unreached="NO_ANSWER"),
    )
    shown = await point(ask, desk, id, "state version reportedChange { kind }")
    assert shown == {"state": "UNREACHABLE", "version": 5, "reportedChange": {"kind": "WITHDRAWAL"}}
    clocks = (
        "query($id: ID!) { clocks(first: 10, filter: { states: [RUNNING], subjectId: $id }) "
        "{ nodes { duty otherwise subject { id } party { ... on Node { id } } } } }"
    )
    running = (await ask(desk, clocks, id=id))["clocks"]["nodes"]
    assert {each["duty"]: each["party"] for each in running} == {
        "CHECK_SERVICE_POINT": None,
        "SERVICE_POINT_CHANGE": {"id": provider.party_id},
    }
    assert [each["subject"] for each in running] == [{"id": id}] * 2
