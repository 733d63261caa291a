"""Points, measures and their statements through the public API, with a moved clock."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.operations import capabilities
from api.operations import measures as taking
from api.operations import points as giving
from api.operations.clocks import FIRES
from api.worker import ROUNDS, Worker
from domain.capabilities import RestrictProvider, Scope
from domain.clocks import Clock, Duty
from domain.dates import MICROSECOND, rfc3339
from domain.errors import Refused
from domain.ids import ClaimId, LiablePartyId, PointsEntryId, ProviderId
from domain.penalties import Violation
from domain.points import CauseKind, PointCause
from domain.services import ServiceState
from storage import capabilities as restriction_rows
from storage import points as point_rows
from storage.minting import mint
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work
from tests.builders import START, Market
from tests.marketplaces import Asking
from tests.nvoccs import WAYS, events, nvocc, on_sale, refusal, shown
from tests.selling import sell

DAY = timedelta(days=1)
GIVEN = "pointsEntry { id state points measures(first: 5) { nodes { id kind state effectiveAt until } } }"
ACCOUNT = "balance pending strikes nextThreshold { points missing measure }"


async def penalise(
    market: Market, ask: Asking, party: LiablePartyId, *violations: str, selection: str = GIVEN, **more: Any
) -> Any:
    wish = {
        "partyId": party,
        "violations": list(violations),
        "occurredAt": rfc3339(await market.now()),
        "facts": "The desk looked.",
        "idempotencyKey": str(mint(ClaimId)),
    }
    return await ask.mutate(market.staff, "penaliseParty", selection, **wish | more)


async def give(market: Market, party: LiablePartyId, *act: Violation, cause: PointCause | None = None) -> PointsEntryId:
    """Points by the platform itself, as a decided claim gives them."""
    found: list[PointsEntryId] = []

    async def run(work: Work, _: None) -> Outcome:
        what = cause or PointCause(CauseKind.CLAIM, mint(ClaimId))
        entry = await giving.penalise(work, party, act, work.at, what)
        assert entry is not None
        found.append(entry.id)
        return Outcome()

    await market.act(market.staff, run, None)
    return found[0]


async def appeal(market: Market, what: str, *ids: PointsEntryId) -> None:
    """What an appeal does with entries."""

    async def run(work: Work, _: None) -> Outcome:
        if what == "resume":
            await giving.resume(work, ids)
        else:
            await {"suspend": giving.suspend, "reverse": giving.reverse}[what](work, ids, "The appeal says so.")
        return Outcome()

    await market.act(market.staff, run, None)


async def account(market: Market, ask: Asking, party: LiablePartyId, selection: str = ACCOUNT, **arguments: Any) -> Any:
    spelled = "".join(f", {name}: {json.dumps(value)}" for name, value in arguments.items() if name != "violations")
    if "violations" in arguments:
        spelled += f", violations: [{' '.join(arguments['violations'])}]"
    text = f"query ($id: ID!) {{ pointsAccount(partyId: $id{spelled}) {{ {selection} }} }}"
    return (await ask(market.staff, text, id=party))["pointsAccount"]


async def measure_states(market: Market, ask: Asking, party: LiablePartyId) -> list[tuple[str, str]]:
    text = """query ($id: ID!) { accountMeasures(first: 20, orderBy: OLDEST_FIRST, filter: {liablePartyId: $id}) {
        nodes { kind state } } }"""
    found = await ask(market.staff, text, id=party)
    return [(node["kind"], node["state"]) for node in found["accountMeasures"]["nodes"]]


async def tick(market: Market) -> None:
    """The clock moves by its grain, so that what is due at once fires."""
    await market.move(await market.now() + MICROSECOND)


# -- giving ------------------------------------------------------------------------------------------------------------


async def test_the_desk_gives_points_and_the_step_of_twelve_restricts_after_its_notice(
    sandbox: Market, ask: Asking
) -> None:
    id = await nvocc(sandbox)
    first = await penalise(sandbox, ask, id, "PROHIBITED_GOODS_QUARTER")
    assert first["userErrors"] == []
    assert (first["pointsEntry"]["state"], first["pointsEntry"]["points"]) == ("IN_FORCE", 6)
    (warning,) = first["pointsEntry"]["measures"]["nodes"]
    assert (warning["kind"], warning["state"], warning["until"]) == ("SEVERE_WARNING", "IN_FORCE", None)
    second = await penalise(sandbox, ask, id, "OFF_PLATFORM_STEERING")
    assert second["pointsEntry"]["state"] == "PENDING_NOTICE"
    kinds = [node["kind"] for node in second["pointsEntry"]["measures"]["nodes"]]
    assert kinds == ["RESTRICTION", "DEMOTION"]
    restriction = second["pointsEntry"]["measures"]["nodes"][0]
    effective = datetime.fromisoformat(restriction["effectiveAt"])
    assert (effective - START).days == 3
    assert await account(sandbox, ask, id) == {
        "balance": 12,
        "pending": 6,
        "strikes": 0,
        "nextThreshold": {"points": 24, "missing": 12, "measure": "RESTRICTION"},
    }
    await sandbox.move(effective - MICROSECOND)
    assert await on_sale(sandbox, id) == list(WAYS)
    await sandbox.move(effective)
    assert await on_sale(sandbox, id) == []
    held = "state restrictions(first: 3) { nodes { cause about actions until } }"
    seen = await shown(ask, sandbox.provider(id), id, held)
    assert seen["state"] == "RESTRICTED"
    assert seen["restrictions"]["nodes"] == [
        {
            "cause": "PENALTY",
            "about": restriction["id"],
            "actions": ["BOOK", "OFFER_GUARANTEE", "SELL"],
            "until": restriction["until"],
        }
    ]
    assert (await account(sandbox, ask, id))["pending"] == 0
    await sandbox.move(datetime.fromisoformat(restriction["until"]))
    assert await on_sale(sandbox, id) == []
    await tick(sandbox)
    assert await on_sale(sandbox, id) == list(WAYS)
    assert await measure_states(sandbox, ask, id) == [
        ("SEVERE_WARNING", "IN_FORCE"),
        ("RESTRICTION", "ENDED"),
        ("DEMOTION", "ENDED"),
    ]
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] == "ACTIVE"


async def test_a_reversal_lifts_what_the_measure_took_and_nothing_that_others_took(
    sandbox: Market, ask: Asking
) -> None:
    id = await nvocc(sandbox)
    other = {"providerId": id, "reason": "Customs.", "markets": ["DE"]}
    await ask.mutate(sandbox.staff, "restrictProvider", "provider { state }", **other)
    left = await on_sale(sandbox, id)
    assert 0 < len(left) < len(WAYS)
    fraud = await penalise(sandbox, ask, id, "FORGED_EVIDENCE")  # twelve at once, without notice
    await tick(sandbox)
    assert await on_sale(sandbox, id) == []
    wish = {"entryId": fraud["pointsEntry"]["id"], "reason": "It was genuine.", "idempotencyKey": "r1"}
    back = await ask.mutate(sandbox.staff, "reversePoints", "pointsEntry { state endReason }", **wish)
    assert back["pointsEntry"] == {"state": "REVERSED", "endReason": "It was genuine."}
    await tick(sandbox)
    assert await on_sale(sandbox, id) == left
    assert await measure_states(sandbox, ask, id) == [("RESTRICTION", "LIFTED")]
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] == "RESTRICTED"  # by the desk
    again = await ask.mutate(sandbox.staff, "reversePoints", "pointsEntry { state }", **wish | {"idempotencyKey": "r2"})
    assert refusal(again) == ["points_entry_stands"]
    assert (await account(sandbox, ask, id))["balance"] == 0


async def test_bad_penalties_are_refused_with_everything_that_is_wrong(sandbox: Market, ask: Asking) -> None:
    id = await sandbox.register_provider()
    ahead = rfc3339(await sandbox.now() + DAY)
    bad = await penalise(sandbox, ask, id, "NO_SHIPPING_PROOF", occurredAt=ahead, uploadIds=[f"upl_{'0' * 26}"])
    assert [error["field"] for error in bad["userErrors"]] == [["occurredAt"], ["uploadIds", "0"]]
    nothing = await penalise(sandbox, ask, id, facts="x" * 2_001)
    assert sorted(error["field"] for error in nothing["userErrors"]) == [["facts"], ["violations"]]
    old = rfc3339(await sandbox.now() - 400 * DAY)
    over = await penalise(sandbox, ask, id, "NO_SHIPPING_PROOF", occurredAt=old)
    assert [error["field"] for error in over["userErrors"]] == [["violations"]]
    unpriced = await penalise(sandbox, ask, id, "SELLER_REFUNDS_MONTH")
    assert [error["code"] for error in unpriced["userErrors"]] == ["INVALID"]
    strange = await penalise(sandbox, ask, ProviderId(f"buy_{'0' * 26}"), "NO_SHIPPING_PROOF")
    assert [error["field"] for error in strange["userErrors"]] == [["partyId"]]
    none = await penalise(sandbox, ask, ProviderId.mint(1, 1), "NO_SHIPPING_PROOF")
    assert [error["code"] for error in none["userErrors"]] == ["NOT_FOUND"]
    assert await events(sandbox, "points.given") == []


async def test_one_cause_gives_points_once_however_often_it_is_told(sandbox: Market, ask: Asking) -> None:
    id = await sandbox.register_supplier()
    cause = PointCause(CauseKind.CLAIM, mint(ClaimId))
    ids = await asyncio.gather(*(give(sandbox, id, Violation.AFTER_SALES_LATE, cause=cause) for _ in range(4)))
    assert len(set(ids)) == 1
    assert (await account(sandbox, ask, id))["balance"] == 1
    assert len(await events(sandbox, "points.given")) == 1


async def test_acts_of_one_instant_cross_a_step_once(sandbox: Market, ask: Asking) -> None:
    """Four acts of four points at once: sixteen, of which six and twelve are crossed, each by one act."""
    id = await sandbox.register_provider()
    await asyncio.gather(*(give(sandbox, id, Violation.NOT_SHIPPED_UNSOLVED) for _ in range(4)))
    assert (await account(sandbox, ask, id))["balance"] == 16
    assert await measure_states(sandbox, ask, id) == [("SEVERE_WARNING", "IN_FORCE"), ("RESTRICTION", "ANNOUNCED")]


# -- appeals -----------------------------------------------------------------------------------------------------------


async def test_points_under_appeal_sleep_and_a_lost_appeal_brings_back_what_was_left(
    sandbox: Market, ask: Asking
) -> None:
    id = await nvocc(sandbox)
    await give(sandbox, id, Violation.PROHIBITED_GOODS_QUARTER)
    six = await give(sandbox, id, Violation.PROHIBITED_GOODS_QUARTER)
    await sandbox.move(START + 5 * DAY)  # two of seven days are served
    assert await on_sale(sandbox, id) == []
    await appeal(sandbox, "suspend", six)
    await tick(sandbox)
    assert await on_sale(sandbox, id) == list(WAYS)
    assert (await account(sandbox, ask, id))["balance"] == 6
    text = "query ($id: ID!) { pointsEntry(id: $id) { state blockedActions { because { reason } } } }"
    seen = (await ask(sandbox.provider(id), text, id=six))["pointsEntry"]
    assert seen["state"] == "SUSPENDED_BY_APPEAL"
    await sandbox.move(START + 20 * DAY)
    await appeal(sandbox, "resume", six)
    measure = "measures { kind state effectiveAt until resumes { state until endedAt } }"
    found = (await account(sandbox, ask, id, f"balance {measure}"))["measures"]
    (again,) = [node for node in found if node["kind"] == "RESTRICTION"]
    before = again["resumes"]
    length = datetime.fromisoformat(again["until"]) - datetime.fromisoformat(again["effectiveAt"])
    assert length == datetime.fromisoformat(before["until"]) - datetime.fromisoformat(before["endedAt"])
    await sandbox.move(datetime.fromisoformat(again["effectiveAt"]))
    assert await on_sale(sandbox, id) == []
    await sandbox.move(datetime.fromisoformat(again["until"]) + MICROSECOND)
    assert await on_sale(sandbox, id) == list(WAYS)
    await appeal(sandbox, "suspend", six)
    await appeal(sandbox, "resume", six)  # what was served is not served again
    assert await measure_states(sandbox, ask, id) == [
        ("SEVERE_WARNING", "IN_FORCE"),
        ("RESTRICTION", "LIFTED"),
        ("RESTRICTION", "ENDED"),
    ]


async def test_fraud_counts_while_it_is_appealed_and_a_won_appeal_takes_it_back(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    fraud = await give(sandbox, id, Violation.FORGED_EVIDENCE)
    await tick(sandbox)
    await appeal(sandbox, "suspend", fraud)
    await tick(sandbox)
    assert await on_sale(sandbox, id) == []
    assert (await account(sandbox, ask, id))["balance"] == 12
    await appeal(sandbox, "reverse", fraud)
    await tick(sandbox)
    assert await on_sale(sandbox, id) == list(WAYS)
    assert (await account(sandbox, ask, id))["balance"] == 0


async def test_a_clock_that_fires_after_everything_was_reversed_changes_nothing(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    first = await give(sandbox, id, Violation.PROHIBITED_GOODS_QUARTER)
    second = await give(sandbox, id, Violation.PROHIBITED_GOODS_QUARTER)
    await appeal(sandbox, "reverse", first, second)
    assert await measure_states(sandbox, ask, id) == [("SEVERE_WARNING", "LIFTED"), ("RESTRICTION", "CALLED_OFF")]

    async def fire(work: Work, duty: Duty) -> Outcome:
        rows = await work.connection.fetch("SELECT id FROM measures WHERE tenant_id = $1", work.tenant_id)
        for row in rows:
            clock = Clock(None, row["id"], duty, None, work.at, None, None, None, None, work.at, None, 1)  # type: ignore[arg-type]
            await FIRES[duty](work, clock)
        return Outcome()

    for duty in (Duty.SETTLE_MEASURE, Duty.MEASURE_END):
        await sandbox.act(sandbox.staff, fire, duty)
    await sandbox.move(START + 30 * DAY)
    assert await on_sale(sandbox, id) == list(WAYS)
    assert await events(sandbox, "restriction.imposed") == []


# -- the ladder's other effects ----------------------------------------------------------------------------------------


async def test_thirty_six_points_take_the_listings_off_and_a_reversal_puts_back_just_those(
    sandbox: Market, ask: Asking
) -> None:
    sold = await sell(sandbox)
    paused = await sell(sandbox, provider_id=sold.provider_id)
    own = {"serviceId": paused.service_id}
    await ask.mutate(sandbox.staff, "pauseService", "service { state }", **own)
    entries = [await give(sandbox, sold.provider_id, Violation.FORGED_EVIDENCE) for _ in range(3)]
    await tick(sandbox)

    async def states() -> list[str]:
        text = "query ($a: ID!, $b: ID!) { a: service(id: $a) { state } b: service(id: $b) { state } }"
        found = await ask(sandbox.staff, text, a=sold.service_id, b=paused.service_id)
        return [found["a"]["state"], found["b"]["state"]]

    assert await states() == [ServiceState.PAUSED, ServiceState.PAUSED]
    listed = await ask.mutate(sandbox.provider(sold.provider_id), "listService", "service { state }", **own)
    assert "capability_unrestricted" in refusal(listed)
    await appeal(sandbox, "reverse", entries[0])  # 24 left: the step of 36 goes, that of 24 stays
    await tick(sandbox)
    assert await states() == [ServiceState.LISTED, ServiceState.PAUSED]
    assert await measure_states(sandbox, ask, sold.provider_id) == [
        ("RESTRICTION", "IN_FORCE"),
        ("RESTRICTION", "IN_FORCE"),
        ("RESTRICTION", "LIFTED"),
    ]


async def test_forty_eight_points_end_the_membership_after_thirty_days(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    guarantee = await sandbox.offer(id)
    for _ in range(8):
        await give(sandbox, id, Violation.PROHIBITED_GOODS_QUARTER)
    states = await measure_states(sandbox, ask, id)
    assert states[-1] == ("TERMINATION", "ANNOUNCED")
    for market, until in (("JP", None), ("MX", START + 40 * DAY)):
        wish = RestrictProvider(id, Scope(markets=frozenset({market})), f"Nobody answers in {market}.", until)
        await sandbox.act(sandbox.staff, capabilities.restrict_provider, wish)
    await sandbox.move(START + 30 * DAY)
    assert (await shown(ask, sandbox.staff, id, "state"))["state"] != "TERMINATED"
    await sandbox.move(START + 31 * DAY)
    found = await shown(ask, sandbox.staff, id, "state bars(first: 2) { nodes { cause related liftedAt } }")
    assert found["state"] == "TERMINATED"
    assert found["bars"]["nodes"] == [{"cause": "REMOVAL", "related": True, "liftedAt": None}]
    offered = "query ($id: ID!) { guarantee(id: $id) { state } }"
    assert (await ask(sandbox.staff, offered, id=guarantee))["guarantee"]["state"] == "ENDED"
    assert await on_sale(sandbox, id) == []
    await sandbox.move(START + 41 * DAY)
    text = "query ($id: ID!) { accountMeasures(first: 1, filter: {liablePartyId: $id}) { nodes { id } } }"
    (last,) = (await ask(sandbox.staff, text, id=id))["accountMeasures"]["nodes"]
    lifted = await ask.mutate(
        sandbox.staff, "liftMeasure", "measure { state endReason }", measureId=last["id"], reason="Settled."
    )
    assert lifted["measure"] == {"state": "LIFTED", "endReason": "Settled."}
    found = await shown(ask, sandbox.staff, id, "state bars(first: 2) { nodes { liftReason } }")
    assert found["bars"]["nodes"] == [{"liftReason": "Settled."}]
    assert found["state"] == "RESTRICTED", "the desk's restriction without an end stands again"
    assert (await ask(sandbox.staff, offered, id=guarantee))["guarantee"]["state"] == "ACTIVE"
    assert await on_sale(sandbox, id) == [], "the step of 36 had taken the listings, and is no part of this"
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        live = await restriction_rows.live_by_provider(connection, sandbox.tenant_id, id)
    assert [each.limit.scope.markets for each in live] == [{"JP"}], "what would be over by now does not come back"


async def test_the_third_after_sales_failure_costs_a_provider_and_a_supplier_the_programme(
    sandbox: Market, ask: Asking
) -> None:
    provider, supplier = await nvocc(sandbox), await sandbox.register_supplier()
    rule = "guarantees/machinery_after_sales"
    removed = {}
    for party in (provider, supplier):
        guarantee = removed[party] = await sandbox.offer(party, rule)
        for _ in range(3):
            await give(sandbox, party, Violation.AFTER_SALES_LATE)
        await tick(sandbox)
        text = "query ($id: ID!) { guarantee(id: $id) { state } }"
        assert (await ask(sandbox.staff, text, id=guarantee))["guarantee"]["state"] == "REMOVED"
        with pytest.raises(Refused) as refused:
            await sandbox.offer(party, rule)
        assert len(refused.value.unmet) == 1
        await sandbox.offer(party, "guarantees/on_time")  # another programme is another matter
    states = [await measure_states(sandbox, ask, party) for party in (provider, supplier)]
    assert states == [[("PROGRAMME_REMOVAL", "IN_FORCE")]] * 2
    await give(sandbox, provider, Violation.AFTER_SALES_LATE)
    assert await measure_states(sandbox, ask, provider) == [("PROGRAMME_REMOVAL", "IN_FORCE")]
    for party, guarantee in removed.items():
        text = "query ($id: ID!) { accountMeasures(first: 1, filter: {liablePartyId: $id}) { nodes { id } } }"
        (last,) = (await ask(sandbox.staff, text, id=party))["accountMeasures"]["nodes"]
        lifted = await ask.mutate(
            sandbox.staff, "liftMeasure", "measure { state }", measureId=last["id"], reason="We were wrong."
        )
        assert lifted["measure"] == {"state": "LIFTED"}
        text = "query ($id: ID!) { guarantee(id: $id) { state barredUntil } }"
        assert (await ask(sandbox.staff, text, id=guarantee))["guarantee"] == {"state": "ACTIVE", "barredUntil": None}


async def test_a_suppliers_restriction_suspends_its_guarantees_and_its_end_resumes_them(
    sandbox: Market, ask: Asking
) -> None:
    id = await sandbox.register_supplier()
    guarantee = await sandbox.offer(id)
    await give(sandbox, id, Violation.FORGED_EVIDENCE)
    await tick(sandbox)
    text = "query ($id: ID!) { guarantee(id: $id) { state } }"
    assert (await ask(sandbox.staff, text, id=guarantee))["guarantee"]["state"] == "SUSPENDED"
    with pytest.raises(Refused) as refused:
        await sandbox.offer(id, "guarantees/machinery_after_sales")
    (finding,) = refused.value.unmet
    assert (finding.reason, finding.inputs["measure"]) == ("measure_not_in_the_way", "RESTRICTION")
    await sandbox.move(START + 9 * DAY)
    assert (await ask(sandbox.staff, text, id=guarantee))["guarantee"]["state"] == "ACTIVE"


async def test_two_and_three_strikes_take_logistics_for_months_and_for_good(sandbox: Market, ask: Asking) -> None:
    id = await nvocc(sandbox)
    await give(sandbox, id, Violation.LOGISTICS_RISK_SERIOUS)
    second = await give(sandbox, id, Violation.LOGISTICS_RISK_SERIOUS)
    await tick(sandbox)
    assert await on_sale(sandbox, id) == []
    found = await account(sandbox, ask, id, "strikes measures { kind until }")
    assert found["strikes"] == 2
    assert ("LOGISTICS_SUSPENDED", "2026-05-02T03:59:59.999999Z") in [
        (node["kind"], node["until"]) for node in found["measures"]
    ]
    third = await give(sandbox, id, Violation.LOGISTICS_RISK_SERIOUS)
    await sandbox.move(START + 120 * DAY)
    assert await on_sale(sandbox, id) == []
    await appeal(sandbox, "reverse", second, third)
    await tick(sandbox)
    assert await on_sale(sandbox, id) == list(WAYS)


# -- the statement -----------------------------------------------------------------------------------------------------


async def test_the_balance_of_any_day_is_what_was_seen_then(sandbox: Market, ask: Asking) -> None:
    id = await sandbox.register_provider()
    seen: list[tuple[datetime, Any]] = []

    async def look() -> None:
        await tick(sandbox)
        seen.append((await sandbox.now(), await account(sandbox, ask, id)))
        await tick(sandbox)  # what is done next is done later

    first = await give(sandbox, id, Violation.NOT_SHIPPED_UNSOLVED)
    await look()
    second = await give(sandbox, id, Violation.FORGED_EVIDENCE)
    await sandbox.move(START + 40 * DAY)
    await appeal(sandbox, "suspend", first)
    await look()
    await appeal(sandbox, "reverse", second)
    await look()
    await sandbox.move(START + 60 * DAY)
    await appeal(sandbox, "resume", first)
    await look()
    await sandbox.move(START + 400 * DAY)
    await look()
    assert [each["balance"] for _, each in seen] == [4, 12, 0, 4, 0]
    for at, then in seen:
        assert await account(sandbox, ask, id, asOf=rfc3339(at)) == then
    text = """query ($id: ID!) { pointsMovements(first: 20, orderBy: OLDEST_FIRST, filter: {partyId: $id}) {
        nodes { kind points balance } } }"""
    lines = (await ask(sandbox.provider(id), text, id=id))["pointsMovements"]["nodes"]
    assert [(line["kind"], line["points"], line["balance"]) for line in lines] == [
        ("GIVEN", 4, 4),
        ("GIVEN", 12, 16),
        ("SUSPENDED", -4, 12),
        ("REVERSED", -12, 0),
        ("RESUMED", 4, 4),
        ("EXPIRED", -4, 0),
    ]
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        assert await point_rows.faults(connection, sandbox.tenant_id) == []


async def test_what_would_be_is_what_then_is(sandbox: Market, ask: Asking) -> None:
    id = await sandbox.register_provider()
    await give(sandbox, id, Violation.PROHIBITED_GOODS_QUARTER)
    second = await give(sandbox, id, Violation.PROHIBITED_GOODS_QUARTER)
    asked = (
        "whatIf { balance points brings { kind threshold days noticeDays } lifted { kind } nextThreshold { points } }"
    )
    would = await account(
        sandbox, ask, id, f"{asked} projection {{ balance }}", without=[second], violations=["FORGED_EVIDENCE"]
    )
    assert would["whatIf"] == {
        "balance": 18,
        "points": 12,
        "brings": [{"kind": "RESTRICTION", "threshold": 12, "days": 7, "noticeDays": 0}],
        "lifted": [{"kind": "RESTRICTION"}],
        "nextThreshold": {"points": 24},
    }
    assert [each["balance"] for each in would["projection"]] == [6, 0]
    await appeal(sandbox, "reverse", second)
    made = await penalise(sandbox, ask, id, "FORGED_EVIDENCE")
    assert made["pointsEntry"]["points"] == 12
    assert [node["kind"] for node in made["pointsEntry"]["measures"]["nodes"]] == ["RESTRICTION"]
    assert (await account(sandbox, ask, id))["balance"] == 18
    strange = await ask.answer(
        sandbox.staff, f'{{ pointsAccount(partyId: "{id}", without: ["pte_{"0" * 26}"]) {{ balance }} }}'
    )
    assert strange.errors


async def test_a_party_sees_its_own_account_and_nobody_elses(sandbox: Market, ask: Asking) -> None:
    id, other = await sandbox.register_provider(), await sandbox.register_provider()
    supplier, buyer = await sandbox.register_supplier(), await sandbox.register_buyer()
    entry = await give(sandbox, id, Violation.FORGED_EVIDENCE)
    text = """query ($id: ID!, $party: ID!) {
        pointsEntry(id: $id) { points decision { tree { reason } } measures(first: 2) { nodes { kind } } }
        pointsAccount(partyId: $party) { balance } pointsEntries(first: 5) { nodes { id } }
        accountMeasures(first: 5) { nodes { kind } } pointsMovements(first: 5) { nodes { points } } }"""
    own = await ask(sandbox.provider(id), text, id=entry, party=id)
    assert own["pointsEntry"]["decision"]["tree"]["reason"] == "penalty_measure_taken"
    assert own["pointsAccount"] == {"balance": 12}
    assert len(own["pointsEntries"]["nodes"]) == len(own["pointsMovements"]["nodes"]) == 1
    nothing: dict[str, Any] = {
        "pointsEntry": None,
        "pointsAccount": None,
        "pointsEntries": {"nodes": []},
        "accountMeasures": {"nodes": []},
        "pointsMovements": {"nodes": []},
    }
    for caller in (sandbox.provider(other), sandbox.supplier(supplier), sandbox.buyer(buyer)):
        assert await ask(caller, text, id=entry, party=id) == nothing
    mine = await ask(sandbox.provider(other), "{ pointsAccount { balance measures { kind } entries { id } } }")
    assert mine["pointsAccount"] == {"balance": 0, "measures": [], "entries": []}
    forbidden = await ask.mutate(
        sandbox.provider(id), "reversePoints", "pointsEntry { id }", entryId=entry, reason="x", idempotencyKey="k"
    )
    assert [error["code"] for error in forbidden["userErrors"]] == ["FORBIDDEN"]


async def test_a_statement_of_reasons_can_be_kept_in_both_languages(sandbox: Market, ask: Asking) -> None:
    id = await sandbox.register_provider()
    made = await penalise(sandbox, ask, id, "FORGED_EVIDENCE", facts="The waybill was another parcel's.")
    text = """query ($id: ID!) { pointsEntry(id: $id) {
        statementOfReasons { points automatedDecision foundByOthers appealUntil ruleKey note
          en: text zh: text(locale: ZH) document facts { text } }
        measures(first: 1) { nodes { statementOfReasons { measure takes until zh: text(locale: ZH) } } } } }"""
    found = (await ask(sandbox.provider(id), text, id=made["pointsEntry"]["id"]))["pointsEntry"]
    statement = found["statementOfReasons"]
    assert (statement["points"], statement["automatedDecision"], statement["ruleKey"]) == (12, False, "penalties")
    assert statement["appealUntil"] == "2026-03-04T04:59:59.999999Z"
    assert "The waybill was another parcel's." in statement["en"]
    assert "12 penalty points" in statement["en"]
    assert "12 分扣分" in statement["zh"]
    kept = json.loads(statement["document"])
    assert kept["violations"] == ["FORGED_EVIDENCE"]
    assert kept["redress"] == {"appealUntil": statement["appealUntil"], "outOfCourt": True, "courts": True}
    assert kept["facts"] == [finding["text"] for finding in statement["facts"]]
    measure = found["measures"]["nodes"][0]["statementOfReasons"]
    assert (measure["measure"], measure["takes"]) == ("RESTRICTION", ["BOOK", "OFFER_GUARANTEE", "SELL"])
    assert "限制权限" in measure["zh"]


# -- faults ------------------------------------------------------------------------------------------------------------


async def test_a_worker_killed_while_a_measure_takes_effect_loses_and_doubles_nothing(
    sandbox: Market, worker_pool: Pool, valkey: Any, ask: Asking
) -> None:
    id = await nvocc(sandbox)
    fraud = await give(sandbox, id, Violation.FORGED_EVIDENCE)
    killed: list[Any] = []

    async def dying(work: Work, clock: Clock) -> None:
        """Everything of the step is done but the commit."""
        await taking.fire_settle_measure(work, clock)
        await work.write()
        if clock.id not in killed:
            killed.append(clock.id)
            raise RuntimeError("killed")

    worker = Worker(worker_pool, valkey, fires={**FIRES, Duty.SETTLE_MEASURE: dying})
    round_ = next(each for each in ROUNDS if each.name == "clocks")

    async def work_twice() -> None:
        for _ in range(2):
            await worker.once(round_)
            await worker_pool.fetch(
                sandbox.tenant_id, "UPDATE clocks SET retry_at = NULL WHERE tenant_id = $1", sandbox.tenant_id
            )

    await work_twice()
    assert await on_sale(sandbox, id) == []
    await appeal(sandbox, "reverse", fraud)
    await work_twice()
    assert len(killed) == 2
    assert await on_sale(sandbox, id) == list(WAYS)
    assert len(await events(sandbox, "restriction.imposed")) == 1
    assert len(await events(sandbox, "restriction.lifted")) == 1
    assert await measure_states(sandbox, ask, id) == [("RESTRICTION", "LIFTED")]


@pytest.mark.parametrize("mutation", ["penaliseParty", "reversePoints"])
async def test_moving_points_needs_a_key(sandbox: Market, ask: Asking, mutation: str) -> None:
    kind = ask.engine.contract.graphql.mutation_type.fields[mutation].args["input"].type.of_type  # type: ignore[union-attr]
    assert str(kind.fields["idempotencyKey"].type) == "String!"
