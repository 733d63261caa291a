"""Bad input is told at once and in full: every problem with its place, in either language, and nothing is kept."""

from __future__ import annotations

from typing import Any

import pytest

from domain.access import Caller, Role
from domain.ids import BuyerId, OrderId, ShipmentId
from storage.minting import mint
from tests.builders import Market, line
from tests.marketplaces import Asking, Marketplace

WHEN = "2026-03-01T00:00:00Z"
NEVER = "2099-01-01T00:00:00Z"
LINE = {"description": "Pump", "value": "10.00"}
DAYS = {"transitDaysMin": 9, "transitDaysMax": 3, "cutOff": "noon"}


async def told(ask: Asking, caller: Caller, mutation: str, **members: Any) -> list[tuple[str, str]]:
    """What a call is told, each error with its place."""
    payload = await ask.mutate(caller, mutation, "", **members)
    assert payload["userErrors"], mutation
    return [(error["code"], ".".join(error["field"] or ())) for error in payload["userErrors"]]


async def test_an_order_is_told_shape_values_and_references_at_once(market: Marketplace, ask: Asking) -> None:
    shop = market.staff(Role.ADMIN)
    wish: dict[str, Any] = {
        "reference": " ",
        "buyerId": "nope",
        "supplierId": mint(BuyerId),
        "country": "DE",
        "currency": "JPY",
        "lines": [{**LINE, "value": "1.50"}, {**LINE, "quantity": 0, "value": "-1", "declared": "0.1"}],
        "guaranteeIds": [f"gua_{'0' * 26}", "gua_1"],
        "placedAt": NEVER,
        "quoteId": f"quo_{'0' * 26}",
    }
    assert await told(ask, shop, "recordOrder", **wish) == [
        ("INVALID", "reference"),
        ("INVALID", "buyerId"),
        ("INVALID", "supplierId"),
        ("INVALID", "lines.0.value"),
        ("INVALID", "lines.1.declared"),
        ("INVALID", "guaranteeIds.1"),
        ("INVALID", "placedAt"),
        ("INVALID", "lines.1.value"),
        ("INVALID", "lines.1.quantity"),
        ("INVALID", "guaranteeIds.0"),
        ("NOT_FOUND", "quoteId"),
    ]
    assert await told(ask, market.staff(Role.POLICY), "recordOrder", **wish) == [("FORBIDDEN", "")]


async def test_lanes_and_rates_are_told_at_once(market: Marketplace, ask: Asking) -> None:
    provider = (await market.add("Blue Anchor", Role.PROVIDER)).caller
    lanes = [
        {"origin": "Shanghai", "destination": "DE", "timing": DAYS, "zone": " "},
        {"origin": "CN", "destination": "DE", "timing": {**DAYS, "transitDaysMin": 1}, "zone": "EU"},
    ]
    assert await told(ask, provider, "addLanes", serviceId=f"svc_{'0' * 26}", lanes=lanes) == [
        ("INVALID", "lanes.0.origin"),
        ("INVALID", "lanes.0.timing.transitDaysMax"),
        ("INVALID", "lanes.0.timing.cutOff"),
        ("INVALID", "lanes.0.timing.cutOff"),
        ("INVALID", "lanes.0.zone"),
        ("INVALID", "lanes.1.timing.cutOff"),
        ("INVALID", "lanes.1.timing.cutOff"),
        ("NOT_FOUND", "serviceId"),
    ]
    created = await ask.mutate(provider, "createService", "service { id }", mode="AIR", title="Air", description="Air.")
    service = created["service"]["id"]
    payload = await ask.mutate(
        provider,
        "draftRateSheet",
        "",
        serviceId=service,
        sheet={
            "title": "",
            "currency": "USD",
            "validFrom": NEVER,
            "validUntil": WHEN,
            "supersedesId": f"rsh_{'0' * 26}",
            "surcharges": [
                {"kind": "FUEL", "charge": "SHARE"},
                {"kind": "REMOTE_AREA", "charge": "SHARE", "areas": ["?"]},
            ],
        },
        rates=[{"zone": "EU", "price": "1", "below": "0.0001"}, {"zone": "EU", "measure": "UNITS", "price": "1"}],
    )
    errors = payload["userErrors"]
    assert [(error["code"], error["field"] and ".".join(error["field"])) for error in errors] == [
        ("INVALID", "sheet.surcharges.1.areas.0"),
        ("INVALID", "rates.0.below"),
        ("INVALID", "sheet.title"),
        ("INVALID", "sheet.validUntil"),
        ("REFUSED", None),
        ("REFUSED", None),
        ("REFUSED", None),
    ]
    assert [[reason["reason"] for reason in error["reasons"]] for error in errors[4:]] == [
        ["surcharge_charges_one_way"],
        ["rate_sheet_of_this_service"],
        ["rate_measure_fits_mode"],
    ]


async def test_reports_and_shipments_are_told_at_once(sandbox: Market, ask: Asking) -> None:
    provider = await sandbox.register_provider()
    order = await sandbox.order(await sandbox.register_buyer(), await sandbox.register_supplier(), [line()], [])
    report = {"status": "IN_TRANSIT", "occurredAt": WHEN, "reference": "1"}
    unknown = mint(ShipmentId)
    desk = sandbox.staff
    assert await told(
        ask,
        desk,
        "recordTrackingEvents",
        events=[
            {**report, "shipmentId": "nope"},
            {**report, "shipmentId": unknown, "code": "X"},
            {**report, "shipmentId": unknown, "reference": "2"},
        ],
    ) == [
        ("INVALID", "events.0.shipmentId"),
        ("INVALID", "events.1"),
        ("INVALID", "events.1.carrier"),
        ("NOT_FOUND", "events.2"),
    ]
    wish = {"orderId": order, "providerId": provider, "reference": "S", "mode": "AIR", "lineIds": []}
    assert await told(ask, desk, "recordShipment", **{**wish, "providerId": "prv_x", "weightGrams": -1}) == [
        ("INVALID", "providerId"),
        ("INVALID", "lineIds"),
        ("INVALID", "weightGrams"),
    ]
    invited = {
        "name": " ",
        "country": "DE",
        "email": "nobody",
        "reference": "",
        "offer": {"kind": "FORWARDER", "monthlyVolume": -1},
    }
    assert await told(ask, desk, "inviteProvider", **invited) == [
        ("INVALID", "name"),
        ("INVALID", "reference"),
        ("INVALID", "offer.monthlyVolume"),
        ("INVALID", "email"),
    ]
    named = {"name": " ", "country": "DE", "reference": "", "organisationId": "org_1"}
    for register in ("registerBuyer", "registerSupplier"):
        assert await told(ask, desk, register, **named) == [
            ("INVALID", "name"),
            ("INVALID", "organisationId"),
            ("INVALID", "reference"),
        ]


TWICE = """mutation ($input: RecordOrderInput!) { recordOrder(input: $input) { order { id }
  userErrors { code field message chinese: message(locale: ZH) reasons { text(locale: ZH) } } } }"""


async def test_refusals_are_said_in_either_language(sandbox: Market, ask: Asking) -> None:
    buyer, supplier = await sandbox.register_buyer(), await sandbox.register_supplier()
    wish = {
        "buyerId": buyer,
        "supplierId": supplier,
        "country": "DE",
        "currency": "USD",
        "lines": [LINE],
        "reference": "R",
    }
    shop = sandbox.staff

    async def said(**members: Any) -> list[tuple[Any, ...]]:
        payload = (await ask(shop, TWICE, input={**wish, **members}))["recordOrder"]
        return [(error["code"], error["field"], error["message"], error["chinese"]) for error in payload["userErrors"]]

    assert await said() == []
    twin = "There is an order with this reference already."
    assert await said() == [("CONFLICT", ["reference"], twin, "已有订单使用此编号。")]
    assert await said(buyerId=mint(BuyerId), lines=[]) == [
        ("NOT_FOUND", ["buyerId"], "There is no such buyer.", "没有这位买家。"),
        ("INVALID", ["lines"], "An order has 1 to 500 lines.", "一个订单有 1 至 500 行。"),
    ]
    another = await sandbox.offer(await sandbox.register_supplier())
    payload = (await ask(shop, TWICE, input={**wish, "reference": "S", "guaranteeIds": [another]}))["recordOrder"]
    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["guaranteeIds", "0"])
    assert [reason["text"] for reason in error["reasons"]] == [error["chinese"]] != [error["message"]]
    forbidden = (await ask(sandbox.caller(Role.POLICY), TWICE, input=wish))["recordOrder"]["userErrors"]
    assert [(error["code"], error["chinese"]) for error in forbidden] == [
        ("FORBIDDEN", "recordOrder 仅限 ADMIN, SERVICE, SUPPORT。")
    ]


@pytest.mark.parametrize(
    ("listed", "wrong"),
    [
        ('orders(first: 1, filter: {buyerId: "nope"})', "`buyerId`: such an id is buy_ and 26 characters"),
        (f'orders(first: 1, filter: {{supplierId: "{BuyerId.mint(1, 1)}"}})', "`supplierId`: such an id is sup_"),
        ('coverages(first: 1, filter: {liablePartyId: "x"})', "`liablePartyId`: such an id is sup_ or prv_"),
        ('appeals(first: 1, filter: {subjectId: "x"})', "`subjectId`: such an id is three letters"),
        (
            "claims(first: 1, filter: {amountMinorFrom: 2, amountMinorTo: 1})",
            "`amountMinorFrom`: `amountMinorTo` comes",
        ),
        (
            f'orders(first: 1, filter: {{placedFrom: "{NEVER}", placedBefore: "{WHEN}"}})',
            "`placedFrom`: `placedBefore`",
        ),
        ('exchangeRates(first: 1, filter: {dayFrom: "2026-03-02", dayUntil: "2026-03-01"})', "`dayFrom`: `dayUntil`"),
    ],
)
async def test_a_filter_that_fits_nothing_by_itself_is_refused(
    market: Marketplace, ask: Asking, listed: str, wrong: str
) -> None:
    answer = await ask.answer(market.staff(Role.ADMIN), f"{{ {listed} {{ nodes {{ __typename }} }} }}")
    (error,) = answer.errors
    assert error["extensions"]["code"] == "INVALID"
    assert f"cannot be filtered by this {wrong}" in error["message"]


async def test_an_id_of_the_right_kind_finds_nothing_and_says_nothing(market: Marketplace, ask: Asking) -> None:
    orders = f'orders(first: 1, filter: {{buyerId: "{mint(BuyerId)}"}}) {{ nodes {{ id }} }}'
    claims = f'claims(first: 1, filter: {{orderId: "{mint(OrderId)}"}}) {{ nodes {{ id }} }}'
    found = await ask(market.staff(Role.ADMIN), f"{{ {orders} {claims} }}")
    assert found == {"orders": {"nodes": []}, "claims": {"nodes": []}}
