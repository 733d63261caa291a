"""Deposits through their operations: held, drawn, returned, with the books in balance whatever happens at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.operations import deposits, removals
from api.settings import Settings
from api.verbs import books
from domain.access import Role
from domain.coupons import Coupon
from domain.dates import MICROSECOND
from domain.deposits import DrawDeposit, RecordDeposit, ReturnDeposit
from domain.errors import Conflict, Forbidden, NotFound, Refused
from domain.ids import ProviderId
from domain.ledger import AccountName
from domain.money import Money
from domain.standings import TerminateProvider, TerminationCause
from storage import deposits as deposit_rows
from storage import ledger as ledger_rows
from storage.idempotency import Key, fingerprint
from storage.minting import mint
from tests.api.test_claims import DAY_AFTER, Story, story
from tests.builders import Market, usd
from tests.marketplaces import Asking

__all__ = ["story"]

STANDINGS = "currency required { amount } held { amount } shortfall { amount } deposit { id version }"


async def record(market: Market, id: ProviderId, minor: int, reference: str = "W1") -> str:
    wish = RecordDeposit(id, usd(minor), reference)
    return str((await market.act(market.staff, deposits.record_deposit, wish)).things["deposit"])


async def draw(market: Market, id: ProviderId, minor: int) -> None:
    await market.act(market.staff, deposits.draw_deposit, DrawDeposit(id, usd(minor), "unpaid for 14 days"))


async def give_back(market: Market, id: ProviderId, minor: int, reference: str = "W2") -> None:
    await market.act(market.staff, deposits.return_deposit, ReturnDeposit(id, usd(minor), reference))


async def held(market: Market, id: ProviderId) -> Money:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await deposit_rows.held(connection, market.tenant_id, id, "USD")


async def balance(market: Market, account: AccountName, id: ProviderId) -> int:
    async with market.pool.acquire(market.tenant_id) as connection:
        found = await ledger_rows.balances(connection, market.tenant_id, id)
    return sum(each.balance.minor for each in found if each.account is account)


async def owing(story: Story, minor: int = 80_00) -> Coupon:
    """The provider owes that much of a coupon of 100.00, for goods that came late; the rest may still fall due."""
    order_id = await story.late_order()
    await story.market.move(DAY_AFTER)
    claim = await story.open(order_id)
    await story.accept(claim)
    coupon = await story.coupon(claim)
    assert coupon.amount == usd(100_00)
    await story.redeem(coupon, await story.later_order(), usd(minor))
    return coupon


def reasons(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [finding.reason for finding in refused.value.unmet]


async def test_money_in_is_held_and_the_books_add_up(story: Story, settings: Settings) -> None:
    await record(story.market, story.provider_id, 500_00)
    await record(story.market, story.provider_id, 1, "W1b")
    assert await held(story.market, story.provider_id) == usd(500_01)
    assert await balance(story.market, AccountName.DEPOSIT_HELD, story.provider_id) == -500_01
    assert await books.faults(settings.database_worker_url) == {"Harbour Market": []}


async def test_the_same_reference_is_recorded_once(story: Story) -> None:
    await record(story.market, story.provider_id, 500_00)
    with pytest.raises(Conflict):
        await record(story.market, story.provider_id, 500_00)
    assert await held(story.market, story.provider_id) == usd(500_00)


async def test_the_same_call_twice_is_one_movement(story: Story) -> None:
    key, finance = Key("k1", fingerprint({"a": 1})), story.market.staff
    wish = RecordDeposit(story.provider_id, usd(500_00), "W1")
    first, second = [await story.market.act(finance, deposits.record_deposit, wish, key=key) for _ in range(2)]
    assert first.things == second.things
    assert await held(story.market, story.provider_id) == usd(500_00)


async def test_what_is_owed_is_drawn_and_no_more(story: Story, settings: Settings) -> None:
    await record(story.market, story.provider_id, 500_00)
    with pytest.raises(Refused) as refused:
        await draw(story.market, story.provider_id, 1)
    assert reasons(refused) == ["deposit_drawn_for_debt"]
    await owing(story, 80_00)
    await draw(story.market, story.provider_id, 30_00)
    assert await balance(story.market, AccountName.PARTY_RECEIVABLE, story.provider_id) == 50_00
    assert await held(story.market, story.provider_id) == usd(470_00)
    with pytest.raises(Refused) as refused:
        await draw(story.market, story.provider_id, 50_01)
    assert refused.value.unmet[0].inputs["owedMinor"] == 50_00
    assert await books.faults(settings.database_worker_url) == {"Harbour Market": []}


async def test_two_who_draw_at_once_never_draw_below_zero(story: Story, settings: Settings) -> None:
    await record(story.market, story.provider_id, 50_00)
    await owing(story, 80_00)
    done = await asyncio.gather(
        *(draw(story.market, story.provider_id, 30_00) for _ in range(3)), return_exceptions=True
    )
    refusals = [each for each in done if each is not None]
    assert len(refusals) == 2
    for refusal in refusals:
        assert isinstance(refusal, Refused)
        assert refusal.unmet[0].inputs["heldMinor"] == 20_00
    assert await held(story.market, story.provider_id) == usd(20_00)
    assert await books.faults(settings.database_worker_url) == {"Harbour Market": []}


async def test_the_first_two_payments_at_once_make_one_deposit(story: Story) -> None:
    made = await asyncio.gather(*(record(story.market, story.provider_id, 10_00, f"W{n}") for n in range(4)))
    assert len(set(made)) == 1
    assert await held(story.market, story.provider_id) == usd(40_00)


async def test_a_deposit_goes_back_when_its_provider_is_gone_and_nothing_is_open(
    story: Story, settings: Settings
) -> None:
    market, id_ = story.market, story.provider_id
    await record(market, id_, 100_00)
    coupon = await owing(story, 30_00)
    wish = TerminateProvider(id_, TerminationCause.OTHER, "for the test")
    await market.act(market.staff, removals.terminate_provider, wish)
    with pytest.raises(Refused) as refused:
        await give_back(market, id_, 70_00)
    assert {"deposit_nothing_owed", "deposit_nothing_contingent"} <= set(reasons(refused))
    await draw(market, id_, 30_00)
    await market.move(coupon.expires_at + MICROSECOND)
    await give_back(market, id_, 70_00)
    assert await held(market, id_) == usd(0)
    with pytest.raises(Refused) as refused:
        await record(market, id_, 1, "W9")
    assert reasons(refused) == ["deposit_of_provider_that_stays"]
    assert await books.faults(settings.database_worker_url) == {"Harbour Market": []}


async def test_money_is_for_finance(story: Story) -> None:
    market = story.market
    for role in (Role.SUPPORT, Role.ADMIN, Role.POLICY):
        wish = RecordDeposit(story.provider_id, usd(1), "W1")
        with pytest.raises(Forbidden):
            await market.act(market.caller(role), deposits.record_deposit, wish)
    back = ReturnDeposit(story.provider_id, usd(1), "W")
    with pytest.raises(Forbidden):
        await market.act(market.provider(story.provider_id), deposits.return_deposit, back)
    with pytest.raises(NotFound):
        await record(market, mint(ProviderId), 1)


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE deposits SET held_minor = held_minor + 1, received_minor = received_minor + 1", "movements = account"),
        ("UPDATE ledger_accounts SET balance_minor = balance_minor - 1 WHERE name = 'DEPOSIT_HELD'", "balance of"),
    ],
)
async def test_a_cent_that_moved_by_itself_is_found(
    story: Story, settings: Settings, owner: asyncpg.Pool[Any], tampering: str, fault: str
) -> None:
    await record(story.market, story.provider_id, 500_00)
    await owner.execute(tampering)
    (faults,) = (await books.faults(settings.database_worker_url)).values()
    assert any(fault in sentence for sentence in faults)
    assert any("deposit" in sentence for sentence in faults)


async def test_the_database_itself_refuses_a_deposit_below_zero(story: Story, owner: asyncpg.Pool[Any]) -> None:
    await record(story.market, story.provider_id, 5)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE deposits SET held_minor = held_minor - 6, drawn_minor = drawn_minor + 6")
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("UPDATE ledger_accounts SET balance_minor = 1 WHERE name = 'DEPOSIT_HELD'")


async def test_owner_and_desk_see_what_is_held_and_nobody_else(story: Story, ask: Asking) -> None:
    market, id_ = story.market, story.provider_id
    deposit = await record(market, id_, 500_00)
    question = (
        f"query ($id: ID!, $deposit: ID!) {{ provider(id: $id) {{ deposits {{ {STANDINGS} }} }} deposit(id: $deposit) "
        "{ held { amount } movements(first: 5) { nodes { kind amount { amount } left { amount } reference } } } }"
    )
    for caller in (market.staff, market.provider(id_)):
        seen = await ask(caller, question, id=id_, deposit=deposit)
        assert seen["provider"]["deposits"] == [
            {
                "currency": "USD",
                "required": {"amount": "0.00"},
                "held": {"amount": "500.00"},
                "shortfall": {"amount": "0.00"},
                "deposit": {"id": deposit, "version": 1},
            }
        ]
        (movement,) = seen["deposit"]["movements"]["nodes"]
        assert movement == {
            "kind": "RECEIVED",
            "amount": {"amount": "500.00"},
            "left": {"amount": "500.00"},
            "reference": "W1",
        }
    other = await market.register_provider()
    for caller in (market.provider(other), story.buyer, market.supplier(story.supplier_id)):
        seen = await ask(caller, question, id=id_, deposit=deposit)
        assert seen == {"provider": {"deposits": None}, "deposit": None}


async def test_the_mutation_names_what_moved_and_the_ledger_names_it_back(story: Story, ask: Asking) -> None:
    market = story.market
    wish = {
        "providerId": story.provider_id,
        "amount": {"amount": "12.50", "currency": "USD"},
        "reference": "W7",
        "idempotencyKey": "k7",
    }
    selection = "deposit { held { amount } } movement { id kind }"
    payload = await ask.mutate(market.staff, "recordDeposit", selection, **wish)
    assert payload["userErrors"] == []
    assert payload["deposit"] == {"held": {"amount": "12.50"}}
    transfers = "{ ledgerTransfers(first: 1) { nodes { event depositMovement { id } entries { amount { amount } } } } }"
    (node,) = (await ask(market.staff, transfers))["ledgerTransfers"]["nodes"]
    assert (node["event"], node["depositMovement"]["id"]) == ("DEPOSIT_RECEIVED", payload["movement"]["id"])
    assert [entry["amount"]["amount"] for entry in node["entries"]] == ["12.50", "-12.50"]
    fine = {**wish, "amount": {"amount": "0.001", "currency": "USD"}, "idempotencyKey": "k8"}
    assert (await ask.mutate(market.staff, "recordDeposit", selection, **fine))["userErrors"][0]["code"] == "INVALID"


LEFT_BEHIND = """query ($first: Int, $after: String, $last: Int) {
  depositsToReturn(first: $first, after: $after, last: $last) {
    edges { node { held { amount } provider { id state } } leftAt owed { amount } contingent { amount } openDutyCount
      nextDuty { kind subjectId } because { reason } }
    pageInfo { hasNextPage endCursor } } }"""


async def test_finance_sees_whom_to_pay_back(story: Story, ask: Asking) -> None:
    market, id_ = story.market, story.provider_id
    other, staying = await market.register_provider(), await market.register_provider()
    for number, provider_id in enumerate((id_, other, staying)):
        await record(market, provider_id, 100_00 + number, f"W{number}")
    await owing(story, 30_00)
    await story.late_order()
    for seconds, provider_id in enumerate((id_, other)):
        await market.move(DAY_AFTER + timedelta(seconds=1 + seconds))
        wish = TerminateProvider(provider_id, TerminationCause.OTHER, "for the test")
        await market.act(market.staff, removals.terminate_provider, wish)

    async def list_(**page: Any) -> list[dict[str, Any]]:
        shown = await ask(market.staff, LEFT_BEHIND, **page)
        edges: list[dict[str, Any]] = shown["depositsToReturn"]["edges"]
        return edges

    first, second = await list_(first=5)
    assert first["node"] == {"held": {"amount": "100.00"}, "provider": {"id": id_, "state": "TERMINATED"}}
    assert (first["owed"]["amount"], first["contingent"]["amount"]) == ("30.00", "70.00")
    codes = {finding["reason"] for finding in first["because"]}
    assert {"deposit_nothing_owed", "deposit_nothing_contingent", "deposit_duties_ended"} <= codes
    assert first["openDutyCount"] > 0
    assert first["nextDuty"]["kind"] in {"COVER", "RECOVERY", "SHIPMENT", "CLAIM"}
    assert second["node"] == {"held": {"amount": "100.01"}, "provider": {"id": other, "state": "TERMINATED"}}
    assert (second["because"], second["nextDuty"], second["openDutyCount"]) == ([], None, 0)
    assert first["leftAt"] < second["leftAt"]

    page = (await ask(market.staff, LEFT_BEHIND, first=1))["depositsToReturn"]
    assert page["pageInfo"]["hasNextPage"]
    assert await list_(first=1, after=page["pageInfo"]["endCursor"]) == await list_(last=1) == [second]

    await give_back(market, other, 100_01)
    assert [edge["node"]["provider"]["id"] for edge in await list_(first=5)] == [id_], "what is returned is done"
    await draw(market, id_, 30_00)
    (last,) = await list_(first=5)
    assert (last["node"]["held"]["amount"], last["owed"]["amount"]) == ("70.00", "0.00")
    with pytest.raises(Refused) as refused:
        await give_back(market, id_, 70_00)
    assert sorted(reasons(refused)) == sorted(finding["reason"] for finding in last["because"])

    for caller in (market.caller(Role.SUPPORT), market.provider(id_), story.buyer):
        assert (await ask(caller, LEFT_BEHIND, first=5))["depositsToReturn"] is None
    assert (await ask(market.caller(Role.ADMIN), LEFT_BEHIND, first=5))["depositsToReturn"] is not None


async def test_whom_to_pay_back_is_read_by_who_left(story: Story, app: asyncpg.Pool[Any]) -> None:
    """However many providers stay: the list goes through those that are gone, in its own order."""
    async with app.acquire() as connection, connection.transaction():
        await connection.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; "
            f"SET LOCAL enable_mergejoin = off; SET LOCAL makegood.tenant_id = '{story.market.tenant_id}'"
        )
        statement = deposit_rows.left_behind_statement(backward=False)
        lines = await connection.fetch(f"EXPLAIN {statement}", story.market.tenant_id, 11, None, None, None, None)
    assert "providers_gone" in "".join(line[0] for line in lines)
