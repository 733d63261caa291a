"""The mistakes that people make, and those that attackers make: each gets a typed answer and changes nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from api.operations.tenants import create_tenant
from api.settings import Settings
from domain.ids import ClaimId, CouponId, OrderId
from domain.tenants import CreateTenant, TenantKind
from storage.pool import Pool
from tests.journeys.conftest import People

NOWHERE = str(ClaimId.mint(1, 1))
REDEEM = """mutation($coupon: ID!, $order: ID!, $amount: Decimal!) { redeemCoupon(input: { couponId: $coupon,
  orderId: $order, amount: { amount: $amount, currency: "USD" }, idempotencyKey: "k" })
  { coupon { id } userErrors { code field message } } }"""
MOVE = """mutation($to: DateTime!) { moveClock(input: { to: $to }) { clockAt userErrors { code rule message } } }"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is sent, and the code that must come back: at the top, or among a payload's user errors."""

    query: str
    code: str
    variables: dict[str, Any] | None = None


def bomb(levels: int) -> str:
    """Fragments that each spread the next one twice: exponential for whoever walks them all."""
    spreads = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }} {spreads} fragment F{levels} on Query {{ __typename }}"


MISTAKES = {
    "an unknown field": Mistake("{ claims(first: 1) { nodes { colour } } }", "VALIDATION_FAILED"),
    "an unknown member of an input": Mistake(
        "mutation($i: MoveClockInput!) { moveClock(input: $i) { clockAt } }",
        "BAD_VARIABLES",
        {"i": {"to": "2034-03-01T09:00:00Z", "colour": "red"}},
    ),
    "no GraphQL": Mistake("{ claims(first: 1 { nodes }", "SYNTAX_ERROR"),
    "a wrong enum": Mistake('{ claims(first: 1, orderBy: "PRETTIEST") { nodes { id } } }', "VALIDATION_FAILED"),
    "a wrong enum in a variable": Mistake(
        "query($order: ClaimOrder) { claims(first: 1, orderBy: $order) { nodes { id } } }",
        "BAD_VARIABLES",
        {"order": "PRETTIEST"},
    ),
    "a malformed id": Mistake('{ claim(id: "claim-7") { id } }', "INVALID"),
    "an id of another kind": Mistake(f'{{ coupon(id: "{NOWHERE}") {{ id }} }}', "INVALID"),
    "a made-up cursor": Mistake('{ claims(first: 1, after: "abc") { nodes { id } } }', "BAD_CURSOR"),
    "no page size": Mistake("{ claims { nodes { id } } }", "BAD_REQUEST"),
    "a page of a thousand": Mistake("{ claims(first: 1000) { nodes { id } } }", "BAD_REQUEST"),
    "not a number": Mistake(REDEEM, "BAD_VARIABLES", {"coupon": NOWHERE, "order": NOWHERE, "amount": "NaN"}),
    "an exponent": Mistake(REDEEM, "BAD_VARIABLES", {"coupon": NOWHERE, "order": NOWHERE, "amount": "1e9"}),
    "foreign digits": Mistake(REDEEM, "BAD_VARIABLES", {"coupon": NOWHERE, "order": NOWHERE, "amount": "١٢"}),
    "a float": Mistake(REDEEM, "BAD_VARIABLES", {"coupon": NOWHERE, "order": NOWHERE, "amount": 1.5}),
    "too many decimals": Mistake(REDEEM, "INVALID", {"coupon": NOWHERE, "order": NOWHERE, "amount": "1.005"}),
    "ids of other kinds": Mistake(REDEEM, "INVALID", {"coupon": NOWHERE, "order": NOWHERE, "amount": "1.00"}),
    "ids of nothing": Mistake(
        REDEEM,
        "NOT_FOUND",
        {"coupon": str(CouponId.mint(1, 1)), "order": str(OrderId.mint(1, 1)), "amount": "1.00"},
    ),
    "a time without a zone": Mistake(MOVE, "BAD_VARIABLES", {"to": "2034-03-01T09:00:00"}),
    "a day that does not exist": Mistake(MOVE, "BAD_VARIABLES", {"to": "2034-02-30T09:00:00Z"}),
    "a clock moved back": Mistake(MOVE, "REFUSED", {"to": "2001-01-01T00:00:00Z"}),
    "a fragment bomb": Mistake(bomb(60), "LIMIT_EXCEEDED"),
    "fragments in a circle": Mistake("{ ...A } fragment A on Query { ...A }", "VALIDATION_FAILED"),
    "too many aliases": Mistake(
        "{ " + " ".join(f'a{n}: claim(id: "{NOWHERE}") {{ id }}' for n in range(31)) + " }", "LIMIT_EXCEEDED"
    ),
    "too deep": Mistake(
        "{ claims(first: 1) { nodes { order { claims(first: 1) { nodes { order { claims(first: 1) { nodes { order { "
        "claims(first: 1) { nodes { order { id } } } } } } } } } } } } }",
        "LIMIT_EXCEEDED",
    ),
    "too many tokens": Mistake("{ " + "__typename " * 2001 + "}", "LIMIT_EXCEEDED"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
async def test_a_mistake_has_a_typed_answer_and_changes_nothing(
    people: People, owner: asyncpg.Pool[Any], mistake: Mistake
) -> None:
    shop = await people.do("admin", "createOrganisation", "organisation { id }", kind="SERVICE", name="Web shop")
    await people.key("shop", shop["organisation"]["id"], "SERVICE")
    before = await _written(owner)
    who = "shop" if "redeemCoupon" in mistake.query else "admin"
    reply = await people.served.ask(mistake.query, token=people.tokens[who], variables=mistake.variables or {})
    assert mistake.code in _codes(reply.json), reply.json
    assert all(error["extensions"]["requestId"] for error in reply.json.get("errors", ()))
    assert await _written(owner) == before


async def test_a_body_of_300_kb_is_refused_while_it_comes(people: People) -> None:
    content = json.dumps({"query": "{ __typename }", "variables": {"a": "x" * 300_000}}).encode()
    reply = await people.served.send(content, headers={"authorization": f"Bearer {people.tokens['admin']}"})
    assert reply.status == 413
    assert reply.codes == ["BAD_REQUEST"]


@pytest.mark.parametrize("token", ["", "nonsense", "mg_live_01_abc", "eyJhbGciOiJub25lIn0.e30."])
async def test_a_forged_token_is_refused(people: People, token: str) -> None:
    reply = await people.served.ask("{ viewer { kind } }", token=token)
    assert (reply.status, reply.codes) == (401, ["UNAUTHENTICATED"])


async def test_an_expired_and_a_revoked_key_are_refused(people: People, owner: asyncpg.Pool[Any]) -> None:
    await people.key("short", people.ids["operator"], "SUPPORT")
    await owner.execute("UPDATE api_keys SET expires_at = $1 WHERE label = 'short'", datetime.now(UTC) - timedelta(1))
    reply = await people.served.ask("{ viewer { kind } }", token=people.tokens["short"])
    assert (reply.status, reply.codes) == (401, ["UNAUTHENTICATED"])


@pytest.fixture
async def neighbour(people: People, settings: Settings) -> AsyncIterator[str]:
    """The admin's token of another marketplace, a live one."""
    worker_pool = await Pool.open(settings.database_worker_url, size=1)
    try:
        wish = CreateTenant("Other Market", TenantKind.LIVE, "US", "USD")
        yield (await create_tenant(worker_pool, wish, request_id="journey")).admin_key
    finally:
        await worker_pool.close()


async def test_another_marketplaces_ids_do_not_exist_here(
    people: People, neighbour: str, owner: asyncpg.Pool[Any]
) -> None:
    own = await people.ask("admin", "{ viewer { organisation { id } } }")
    id = own["viewer"]["organisation"]["id"]
    people.tokens["neighbour"], before = neighbour, await _written(owner)
    query = "query($id: ID!) { organisation(id: $id) { id } node(id: $id) { id } }"
    assert await people.ask("neighbour", query, id=id) == {"organisation": None, "node": None}
    wish = {"organisationId": id, "label": "mine", "roles": ["ADMIN"], "scopes": ["READ"]}
    refused = await people.attempt("neighbour", "issueApiKey", "secret", **wish)
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"]
    assert await _written(owner) == before


async def test_a_live_marketplaces_clock_is_not_moved(people: People, neighbour: str, owner: asyncpg.Pool[Any]) -> None:
    people.tokens["neighbour"], before = neighbour, await _written(owner)
    refused = await people.attempt("neighbour", "moveClock", "clockAt", to="2034-03-01T09:00:00Z")
    assert refused["clockAt"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["REFUSED"]
    assert await _written(owner) == before


async def test_a_cursor_of_another_list_is_refused(people: People) -> None:
    page = await people.ask("admin", "{ organisations(first: 1) { pageInfo { endCursor } } }")
    cursor = page["organisations"]["pageInfo"]["endCursor"]
    reply = await people.served.ask(
        "query($after: String) { claims(first: 1, after: $after) { nodes { id } } }",
        token=people.tokens["admin"],
        variables={"after": cursor},
    )
    assert reply.codes == ["BAD_CURSOR"]


def _codes(answer: dict[str, Any]) -> set[str]:
    """Every code in the answer: of its errors, and of the user errors of its payloads."""
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    for payload in (answer.get("data") or {}).values():
        codes |= {error["code"] for error in (payload or {}).get("userErrors", ())}
    return codes


async def _written(owner: asyncpg.Pool[Any]) -> dict[str, int]:
    """How many rows the record has: nothing changes without one."""
    tables = ("audit", "outbox", "history", "idempotency_keys", "decisions")
    return {table: await owner.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
