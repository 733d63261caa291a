"""Concurrent point reads of one plan and one tenant share a statement.

How it works. A read by id waits for the end of the event loop's turn; whatever else has come by then goes along in one
statement. One such statement is under way for a plan and tenant at a time; what arrives meanwhile waits for the next
one (like group commit; two at a time share less and cost a fifth more). So an idle server adds no delay and a busy one
makes fewer round trips.

Law: the row's predicate is applied to each pair of id and asking party by itself, inside the statement; a caller gets
the row that was found for its own party and no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from asyncpg import Record

from api.reads.plan import ThingRows
from api.reads.run import statement_of
from storage.pool import LOST, Pool

BATCH_MAX: Final = 200

Wish = tuple[str, str | None]
"""An id and the party that asks."""


class Share:
    """The point reads of one plan in one tenant."""

    __slots__ = ("_loop", "_pool", "_rows", "_tenant", "_under_way", "_waiting")

    def __init__(self, pool: Pool, rows: ThingRows, tenant: str) -> None:
        self._pool, self._rows, self._tenant = pool, rows, tenant
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Wish, list[asyncio.Future[Record | None]]] = {}
        self._under_way: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody waits and nothing is under way."""
        return self._under_way is None and not self._waiting

    def read(self, id_: str, party: str | None) -> asyncio.Future[Record | None]:
        """The row of that id as that party sees it, None if it does not: a future of the caller's own."""
        future: asyncio.Future[Record | None] = self._loop.create_future()
        wish = (id_, party)
        if wish in self._waiting:
            self._waiting[wish].append(future)
        else:
            if self.idle:  # the others of this turn of the loop find this one waiting and go along
                self._loop.call_soon(self._send)
            self._waiting[wish] = [future]
        return future

    def _send(self) -> None:
        batch = self._waiting
        if len(batch) > BATCH_MAX:
            first = list(batch)[:BATCH_MAX]
            self._waiting = {wish: futures for wish, futures in batch.items() if wish not in set(first)}
            batch = {wish: batch[wish] for wish in first}
        else:
            self._waiting = {}
        self._under_way = self._loop.create_task(self._run(batch))

    async def _run(self, batch: dict[Wish, list[asyncio.Future[Record | None]]]) -> None:
        try:
            found = await self._fetch(batch)
        except Exception as fault:  # everybody in the batch is told, each in its own request
            for future in _open(batch):
                future.set_exception(fault)
        except BaseException:
            for future in _open(batch):
                future.cancel()
            raise
        else:
            for wish, futures in batch.items():
                row = found.get(wish)
                for future in futures:
                    if not future.done():
                        future.set_result(row)
        finally:
            self._under_way = None
            if self._waiting:
                self._loop.call_soon(self._send)

    async def _fetch(self, batch: dict[Wish, list[asyncio.Future[Record | None]]]) -> dict[Wish, Record]:
        """The rows by wish. A lost connection is asked for again, once."""
        text, place = statement_of(self._rows, "point").text, self._rows.id_place
        ids, parties = ",".join(wish[0] for wish in batch), ",".join(wish[1] or "" for wish in batch)
        try:
            rows = await self._pool.fetch(self._tenant, text, self._tenant, ids, parties)
        except LOST:
            rows = await self._pool.fetch(self._tenant, text, self._tenant, ids, parties)
        return {(row[place], row[-1]): row for row in rows}


def _open(batch: dict[Wish, list[asyncio.Future[Record | None]]]) -> Iterator[asyncio.Future[Record | None]]:
    """The futures that somebody still waits for."""
    return (future for futures in batch.values() for future in futures if not future.done())


SHARES_MAX: Final = 256
"""Tenants per plan that are remembered; idle ones make room."""


def share_of(pool: Pool, rows: ThingRows, tenant: str) -> Share:
    """The share of that tenant among the readers of those rows."""
    share: Share | None = rows.shares.get(tenant)
    if share is None:
        if len(rows.shares) >= SHARES_MAX:
            for idle in [name for name, known in rows.shares.items() if known.idle]:
                del rows.shares[idle]
        share = rows.shares[tenant] = Share(pool, rows, tenant)
    return share
