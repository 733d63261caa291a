"""The books that an import writes into: one marketplace, as the platform's own hand."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from api.operations.tenants import system
from domain.access import Caller
from domain.ids import TenantId
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Books:
    """A marketplace being written into; every transaction of one run has the same request id in the audit."""

    pool: Pool
    caller: Caller
    action: str
    request_id: str

    @classmethod
    def open(cls, pool: Pool, tenant_id: TenantId, action: str) -> "Books":
        """The books of that marketplace, for one run of that import."""
        return cls(pool, system(tenant_id, action), action, f"run import {secrets.token_hex(4)}")

    async def act(self, act: Callable[[Work], Awaitable[R]]) -> R:
        """What `act` returns, in a transaction of its own. It may be asked twice, so it keeps nothing outside it."""
        returned: list[R] = []

        async def acted(work: Work) -> Outcome:
            returned.append(await act(work))
            return Outcome()

        await transact(self.pool, self.caller, action=self.action, request_id=self.request_id, act=acted)
        return returned[-1]

    async def today(self) -> date:
        """The day that the marketplace's clock shows, in UTC."""

        async def look(work: Work) -> date:
            return work.at.date()

        return await self.act(look)
