"""Whatever is done to a provider, in any order: what is on sale is what its capabilities say, and nothing is left over.

A random walk over everything that changes a provider's standing, on a real database, through the operations.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

import pytest

from api.operations import capabilities as capable
from api.operations import exits, standings
from domain import capabilities
from domain.bars import BarCause
from domain.capabilities import Capability, Cause, LiftRestriction, RestrictProvider, Scope, of_lane
from domain.enrolments import GuaranteeState
from domain.errors import Refused
from domain.exits import RequestExit, WithdrawExit
from domain.gates import Action
from domain.ids import ProviderId
from domain.lanes import Lane
from domain.modes import ServiceMode
from domain.providers import WORKING, ProviderState
from domain.requirements import ItemState
from domain.standings import ReinstateProvider, SuspendProvider
from storage import bars as bar_rows
from storage import capabilities as restriction_rows
from storage import clocks as clock_rows
from storage import enrolments as guarantee_rows
from storage import exits as exit_rows
from storage import lanes as lane_rows
from storage import providers as provider_rows
from tests.builders import Market
from tests.nvoccs import BOND, DAY, accept, nvocc

STEPS = 16
Step = Callable[[], Awaitable[object]]


class Walk:
    """One provider, and somebody who does anything to it."""

    def __init__(self, market: Market, id: ProviderId, chance: Random) -> None:
        self.market, self.id, self.chance = market, id, chance
        self.steps: tuple[Step, ...] = (
            self.restrict, self.restrict, self.lift, self.suspend, self.reinstate, self.renew, self.wait, self.wait,
            self.leave, self.stay,
        )  # fmt: skip

    async def go(self) -> None:
        """Something is done; a refusal is an answer like any other."""
        with contextlib.suppress(Refused):
            await self.chance.choice(self.steps)()

    async def restrict(self) -> None:
        scope = self.chance.choice(
            (
                Scope(),
                Scope(services=frozenset({ServiceMode.AIR})),
                Scope(markets=frozenset({"US"})),
                Scope(actions=frozenset({Action.OFFER_GUARANTEE})),
                Scope(lane_ids=frozenset({(await self.lanes())[0].id})),
            )
        )
        until = await self.market.now() + timedelta(hours=self.chance.randint(1, 300))
        wish = RestrictProvider(self.id, scope, "for the walk", self.chance.choice((None, until)))
        await self.market.act(self.market.staff, capable.restrict_provider, wish)

    async def lift(self) -> None:
        live = await self.live()
        if live:
            wish = LiftRestriction(self.chance.choice(live).id, "for the walk")
            await self.market.act(self.market.staff, capable.lift_restriction, wish)

    async def suspend(self) -> None:
        until = await self.market.now() + timedelta(hours=self.chance.randint(1, 300))
        wish = SuspendProvider(self.id, "for the walk", self.chance.choice((None, until)))
        await self.market.act(self.market.staff, standings.suspend_provider, wish)

    async def reinstate(self) -> None:
        await self.market.act(
            self.market.staff, standings.reinstate_provider, ReinstateProvider(self.id, "for the walk")
        )

    async def renew(self) -> None:
        until = await self.market.now() + self.chance.randint(1, 90) * DAY
        await accept(self.market, self.id, BOND, until, self.chance.choice((ItemState.ACCEPTED, ItemState.WAIVED)))

    async def wait(self) -> None:
        await self.market.move(await self.market.now() + timedelta(hours=self.chance.randint(1, 500)))

    async def leave(self) -> None:
        if self.chance.random() < 0.3:
            wish = RequestExit(self.id, "for the walk")
            await self.market.act(self.market.provider(self.id), exits.request_exit, wish)

    async def stay(self) -> None:
        await self.market.act(self.market.provider(self.id), exits.withdraw_exit, WithdrawExit(self.id))

    async def lanes(self) -> list[Lane]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await lane_rows.by_providers(connection, self.market.tenant_id, self.id)

    async def live(self) -> tuple[capabilities.Restriction, ...]:
        async with self.market.pool.acquire(self.market.tenant_id) as connection:
            return await restriction_rows.live_by_provider(connection, self.market.tenant_id, self.id)

    async def check(self) -> None:
        """Everything that must hold whatever was done."""
        at, live = await self.market.now(), await self.live()
        tenant = self.market.tenant_id
        async with self.market.pool.acquire(tenant) as connection:
            provider = await provider_rows.get(connection, tenant, self.id)
            guarantees = await guarantee_rows.lock_by_party(connection, tenant, self.id)
            leaving = await exit_rows.find_live(connection, tenant, self.id)
            bars = await bar_rows.by_providers(connection, tenant, [self.id])
            clocks = await clock_rows.by_subjects(connection, tenant, [each.id for each in live])
        limits = [each.limit for each in live]
        for lane in await self.lanes():
            off = capabilities.against(provider, limits, of_lane(lane), at)
            assert lane.sellable is not bool(off), (lane, off)
        stands = not capabilities.against(provider, limits, Capability(Action.OFFER_GUARANTEE), at)
        gone = provider.state is ProviderState.EXITED
        state = GuaranteeState.ACTIVE if stands else GuaranteeState.SUSPENDED
        assert [each.state for each in guarantees] == ([] if gone else [state])
        restricted = any(each.limit.cause is not Cause.SUSPENSION for each in live)
        if provider.state in WORKING:
            assert (provider.state is ProviderState.RESTRICTED) == restricted
        suspended = [each for each in live if each.limit.cause is Cause.SUSPENSION]
        assert len(suspended) == (provider.state is ProviderState.SUSPENDED)
        assert len([each for each in live if each.limit.about == BOND]) <= 1
        assert all(each.limit.until is None or at <= each.limit.until for each in live)
        running = {clock.subject_id for clock in clocks if clock.state.value == "RUNNING"}
        assert running == {each.id for each in live if each.limit.until is not None}
        assert (leaving is not None) == (provider.state in {ProviderState.EXIT_REQUESTED, ProviderState.WINDING_DOWN})
        assert (live, [bar.cause for bar in bars]) == ((), [BarCause.VOLUNTARY_EXIT]) if gone else bars == []


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_on_sale_is_what_capabilities_say_in_any_order_of_anything(sandbox: Market, seed: int) -> None:
    id = await nvocc(sandbox)
    await sandbox.offer(id)
    walk = Walk(sandbox, id, Random(seed))  # noqa: S311 - a walk that can be repeated, not a secret
    for _ in range(STEPS):
        await walk.go()
        await walk.check()
