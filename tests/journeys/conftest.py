"""A marketplace behind the real endpoint; its people act through the public API only."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from graphql import GraphQLField, get_named_type
from redis.asyncio import Redis

from api.settings import Settings
from domain.ids import TenantId
from storage.pool import Pool
from tests.builders import set_clock
from tests.openings import Opening
from tests.serving import Served, serving


@dataclass(slots=True)
class People:
    """Tokens by name, and a client that asks as any of them. Every key a mutation needs is made here."""

    served: Served
    worker_pool: Pool
    tenant_id: TenantId
    tokens: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    _keys: Any = field(default_factory=lambda: itertools.count(1))

    async def ask(self, who: str, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        reply = await self.served.ask(query, token=self.tokens[who], variables=variables)
        assert reply.status == 200, reply.content
        assert "errors" not in reply.json, reply.json
        data: dict[str, Any] = reply.json["data"]
        return data

    async def do(self, who: str, mutation: str, shown: str, **wish: Any) -> dict[str, Any]:
        """The payload of a mutation that succeeded. `shown` is what to read of it."""
        payload = await self.attempt(who, mutation, shown, **wish)
        assert payload["userErrors"] == [], payload["userErrors"]
        return payload

    async def attempt(self, who: str, mutation: str, shown: str, **wish: Any) -> dict[str, Any]:
        """The payload of a mutation, whatever became of it."""
        wish.setdefault("idempotencyKey", f"journey-{next(self._keys)}")
        name = get_named_type(self._mutation(mutation).args["input"].type)
        document = (
            f"mutation($input: {name}!) {{ {mutation}(input: $input) "
            f"{{ {shown} userErrors {{ code message rule reasons {{ rule reason text }} }} }} }}"
        )
        payload: dict[str, Any] = (await self.ask(who, document, input=wish))[mutation]
        return payload

    def _mutation(self, name: str) -> GraphQLField:
        """What the contract says of the mutation."""
        mutations = self.served.platform.engine.contract.graphql.mutation_type
        assert mutations is not None
        field: GraphQLField = mutations.fields[name]
        return field

    async def begin(self, at: datetime) -> None:
        """The marketplace's clock stands at `at` before anything has happened, without the years on the way to it."""
        await set_clock(self.worker_pool, self.tenant_id, at)

    async def move_clock(self, to: datetime) -> None:
        """The marketplace's clock shows `to` and stands there."""
        await self.do("admin", "moveClock", "clockAt", to=to.isoformat())

    async def key(self, name: str, organisation_id: str, *roles: str) -> None:
        """Somebody of that organisation has a token under that name."""
        wish = {"organisationId": organisation_id, "label": name, "roles": list(roles), "scopes": ["READ", "WRITE"]}
        self.tokens[name] = (await self.do("admin", "issueApiKey", "secret", **wish))["secret"]


@pytest.fixture
async def people(
    settings: Settings, opening: Opening, worker_pool: Pool, emptied: None, valkey: Redis
) -> AsyncIterator[People]:
    """A new sandbox marketplace with its admin; everybody else comes in through the API."""
    made = await opening.sandbox()
    async with serving(settings) as served:
        yield People(served, worker_pool, made.id, {"admin": made.admin_key}, {"operator": made.operator_id})
