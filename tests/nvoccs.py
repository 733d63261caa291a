"""An American NVOCC that proves its requirements, for tests of what it may do; and what is seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from api.operations import capabilities as capable
from api.operations import expiry
from domain.access import Caller
from domain.change import Change, Happening
from domain.ids import (
    LaneId,
    ProviderId,
    RequirementItemId,
    RuleVersionId,
    ServiceId,
)
from domain.lanes import Lane, LaneState, Timing
from domain.modes import ServiceMode
from domain.providers import ProviderKind
from domain.requirements import ItemState, RequirementItem
from domain.services import Limits, Service, ServiceLevel, ServiceState
from storage import bars as bar_rows
from storage import lanes as lane_rows
from storage import providers as provider_rows
from storage import requirements as item_rows
from storage import rulebook
from storage.minting import mint
from storage.unit_of_work import Outcome, Work
from tests.builders import START, Market
from tests.marketplaces import Asking

BOND = "us_ocean_bond_nvocc"
DAY = timedelta(days=1)
WAYS = ((ServiceMode.SEA_LCL, "CN", "US"), (ServiceMode.SEA_LCL, "VN", "US"), (ServiceMode.SEA_LCL, "CN", "DE"),
        (ServiceMode.AIR, "CN", "US"))  # fmt: skip
"""Two lanes that depend on the American bond, and two that do not."""

STANDING = "provider { state } restriction { id cause about actions services markets since until liftedAt version }"


async def keep(market: Market, *changes: Change[Any]) -> None:
    """The changes are kept as they are."""

    async def act(work: Work, _: None) -> Outcome:
        await work.keep(*changes)
        return Outcome()

    await market.act(market.staff, act, None)


async def nvocc(market: Market, country: str = "US") -> ProviderId:
    """An NVOCC, American unless said otherwise, that proves its requirements; it sells by sea and air on four lanes."""
    id = await market.register_provider()
    async with market.pool.acquire(market.tenant_id) as connection:
        before = await provider_rows.get(connection, market.tenant_id, id)
    after = replace(
        before,
        kind=ProviderKind.NVOCC,
        country=country,
        services=frozenset({ServiceMode.SEA_LCL, ServiceMode.AIR}),
        served_markets=frozenset({"CN", "DE", "US", "VN"}),
        vouched_by=None,
        version=before.version + 1,
    )
    await keep(market, Change(before, after, (Happening("provider.amended"),)))
    services = {mode: service(id, mode) for mode in (ServiceMode.SEA_LCL, ServiceMode.AIR)}
    lanes = [lane(services[mode], origin, destination) for mode, origin, destination in WAYS]
    await keep(market, *(Change(None, each, (Happening("service.made"),)) for each in services.values()))
    await keep(market, *(Change(None, each, (Happening("lane.made"),)) for each in lanes))
    await refreshed(market, id)
    return id


def service(id: ProviderId, mode: ServiceMode) -> Service:
    return Service(
        mint(ServiceId), id, mode, ServiceLevel.STANDARD, "Pacific", "weekly", frozenset(), frozenset(), Limits(),
        frozenset(), ServiceState.LISTED, START, START, None, 1,
    )  # fmt: skip


def lane(of: Service, origin: str, destination: str) -> Lane:
    return Lane(
        mint(LaneId), of.id, of.provider_id, of.mode, origin, destination, origin, destination, Timing(20, 30), "A",
        LaneState.ACTIVE, False, START, None, 1,
    )  # fmt: skip


async def refreshed(market: Market, id: ProviderId) -> None:
    async def act(work: Work, _: None) -> Outcome:
        await capable.refresh(work, id)
        return Outcome()

    await market.act(market.staff, act, None)


async def accept(
    market: Market, id: ProviderId, key: str, until: datetime | None, state: ItemState = ItemState.ACCEPTED
) -> RequirementItem:
    """The provider's requirement is met until then; what met it before is superseded."""

    async def act(work: Work, _: None) -> Outcome:
        version = await rulebook.in_force(work.connection, work.tenant_id, "onboarding/us_ocean", work.at)
        for old in await item_rows.standing_by_provider(work.connection, work.tenant_id, id):
            if old.requirement == key:
                past = replace(old, state=ItemState.SUPERSEDED, version=old.version + 1)
                await work.keep(Change(old, past, (Happening("requirement.superseded"),)))
        made = RequirementItem(
            id=mint(RequirementItemId),
            provider_id=id,
            requirement=key,
            state=state,
            personal=False,
            value=None,
            declared=None,
            amount=None,
            quantity=None,
            upload_id=None,
            note=None,
            valid_from=None,
            valid_until=until,
            submitted_by="mem_1",
            submitted_at=work.at,
            endorsed_by=None,
            reviewed_by="mem_2",
            reviewed_at=work.at,
            reason="for the test",
            rule_version_id=RuleVersionId(version.id),
            version=1,
        )
        await work.keep(Change(None, made, (Happening("requirement.accepted"),)))
        await expiry.watch(work, made)
        return Outcome({"item": made.id})

    outcome = await market.act(market.staff, act, None)
    async with market.pool.acquire(market.tenant_id) as connection:
        return await item_rows.get(connection, market.tenant_id, RequirementItemId(str(outcome.things["item"])))


async def lanes_of(market: Market, id: ProviderId) -> list[Lane]:
    async with market.pool.acquire(market.tenant_id) as connection:
        return await lane_rows.by_providers(connection, market.tenant_id, id)


async def on_sale(market: Market, id: ProviderId) -> list[tuple[ServiceMode, str, str]]:
    """The ways that quotes may offer."""
    return [
        (each.mode, each.origin_country, each.destination_country)
        for each in await lanes_of(market, id)
        if each.sellable
    ]


async def shown(ask: Asking, caller: Caller, id: ProviderId, selection: str, **variables: Any) -> Any:
    return (await ask(caller, f"query ($id: ID!) {{ provider(id: $id) {{ {selection} }} }}", id=id, **variables))[
        "provider"
    ]


async def stops(ask: Asking, caller: Caller, id: ProviderId, on: date) -> Any:
    text = """query ($id: ID!, $on: Date!) { provider(id: $id) { capabilitiesOn(on: $on) { on count stops {
      action service markets lane { id } already opensAt because { rule reason inputs { name value } } } } } }"""
    return (await ask(caller, text, id=id, on=on.isoformat()))["provider"]["capabilitiesOn"]


async def events(market: Market, name: str) -> list[Any]:
    rows = await market.pool.fetch(
        market.tenant_id,
        "SELECT at, facts FROM outbox WHERE tenant_id = $1 AND name = $2 ORDER BY id",
        market.tenant_id,
        name,
    )
    return [row["at"] for row in rows]


def refusal(payload: Any) -> list[str]:
    """The reasons of a payload's one error."""
    (error,) = payload["userErrors"]
    return [reason["reason"] for reason in error["reasons"]]


async def barred(market: Market, ids: Sequence[ProviderId], own: ProviderId, at: datetime) -> list[str]:
    async with market.pool.acquire(market.tenant_id) as connection:
        found = await bar_rows.standing(connection, market.tenant_id, ids, at, own=own)
    return [finding.reason for finding in found]
