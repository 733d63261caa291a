"""Joint transactions: acts of one verb in one marketplace that come at the same time share BEGIN, statements, COMMIT.

How it works. An act asks for a seat. While a joint transaction is under way, those who ask gather; the next one takes
all of them, and waits a little for as many as the last one had. Each act runs as if it were alone. What several ask at
the same time in the same words goes to the database as one message and comes back as one; what they write becomes one
statement, as the acts of a worker do. So the round trips, the waiting for each and the commit's flush to disk are paid
once for all who sit together, and an idle server adds no delay: who comes first sits down at the end of the event
loop's turn.

Laws: what one act does, suffers or waits for is nobody else's.
  A lock is never waited for, neither a stranger's nor a companion's: who would have to, leaves and goes alone.
  Who is refused or stops waiting leaves nothing, not even its key; after it wrote, it takes all others out with it.
  What fails for the transaction as a whole (a statement, the connection) undoes it, and everybody goes alone.
  Nobody hears of success before the commit. Two calls with one key never sit together.
Who goes alone does so as acts without company do (`unit_of_work.transact`): nothing is decided here twice or otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from asyncpg import LockNotAvailableError, Record

from storage import idempotency
from storage.pending import joined
from storage.pool import LOST, Connection, Pool, Unavailable
from storage.writing import Unwritten

SEATS_MAX: Final = 50
"""As many acts at most: all of them are undone together, and their locks are held until the last one is through."""

PAUSE: Final = 0.5
"""The share of the time that the last one took, for which the next one waits at most for as much company: whoever got
an answer often comes again at once. Without it, every second transaction carries one act (decision 0189)."""

BEGIN: Final = "BEGIN; SET LOCAL lock_timeout = '100ms'"
"""For what is waited for without being asked (a running twin's key, a reference to a row that somebody changes): longer
than the commit of another takes, and not long for all who sit here."""

PATIENCE_SECONDS: Final = 10.0
"""A transaction that takes longer is undone: somebody neither asks nor ends. Far more than fifty acts take."""

JOINTS_MAX: Final = 1024
"""Verbs of tenants that are remembered per pool; idle ones make room."""

_LOCKING: Final = (" FOR UPDATE", " FOR NO KEY UPDATE", " FOR SHARE", " FOR KEY SHARE")

Scope = tuple[str, str, str, str]
"""Whose idempotency key it is: tenant, actor, mutation, key."""


class Alone(Exception):
    """Nothing of this act stays in the joint transaction: it is to go alone."""


class _Undone(Exception):
    """The transaction is to be undone: somebody left it who had written, nobody is left in it, or it takes too long."""


class Seat(Connection):
    """An act's place in a joint transaction, used like a connection by one caller at a time.

    Statements raise `Alone` where this act cannot go on in company: it has to be run again, alone.
    """

    __slots__ = ("_in", "committed", "left", "ready", "scope", "seated", "transaction", "wrote")

    def __init__(self, scope: Scope | None) -> None:
        loop = asyncio.get_running_loop()
        self.scope = scope
        self.transaction: _Transaction | None = None
        """In which it sits, from the instant that it is bound to begin."""
        self.seated: asyncio.Future[_Transaction] = loop.create_future()
        self.committed: asyncio.Future[None] = loop.create_future()
        self.left = self.ready = self.wrote = False

    async def __aenter__(self) -> Seat:
        """The transaction has begun. Refuses with Unavailable."""
        try:
            self._in = await self.seated
        except BaseException:
            self.leave()
            raise
        super().__init__(self._in.connection.raw)
        self.tenant = self._in.connection.tenant
        return self

    async def __aexit__(self, fault: type[BaseException] | None, *_: object) -> None:
        """What was asked through this seat is committed, with everybody else's; or nothing of it stays.

        Raises:
            Alone: nothing of it is committed.
            Exception: `LOST`, if it may be committed or not; what went wrong, if nobody else sat here.
        """
        if fault is not None:
            self.leave()
            return
        self._in.require()
        self.ready = True
        self._in.through()
        await self.committed

    def leave(self) -> None:
        """The act is over and asks no more; nothing of it stays, unless it only waited for the commit."""
        if not self.ready and not self.left:
            self.left = True
            if self.transaction is not None:
                self.transaction.through()

    async def fetch(self, text: str, *arguments: Any) -> list[Record]:
        """All rows, in a round trip of its own."""
        found: list[Record] = await self._own("fetch", text, arguments)
        return found

    async def fetchrow(self, text: str, *arguments: Any) -> Record | None:
        """The first row, in a round trip of its own."""
        found: Record | None = await self._own("fetchrow", text, arguments)
        return found

    async def fetchval(self, text: str, *arguments: Any) -> Any:
        """The first value, in a round trip of its own."""
        return await self._own("fetchval", text, arguments)

    async def single(self, text: str, *arguments: Any) -> Record | None:
        """The only row, if there is one; with whoever asks the same just now.

        Where anybody's is missing it is asked again: a statement that changes something has to find a row always.
        """
        found: Record | None = await self._in.asked(_Wish(self, "single", text, arguments))
        return found

    async def lock(self, text: str, *arguments: Any) -> Record | None:
        """The only row, locked; with whoever asks the same just now. Alone if it is not there, or not free."""
        found: Record | None = await self._in.asked(_Wish(self, "lock", f"{text} SKIP LOCKED", arguments))
        return found

    async def write(self, tenant_id: str, unwritten: Unwritten) -> bool:
        """All of it is written, with what whoever writes just now writes, and every row to be updated was found."""
        self.wrote = True
        found: bool = await self._in.asked(_Wish(self, "write", tenant_id, (unwritten,)))
        return found

    async def executemany(self, text: str, rows: Sequence[tuple[Any, ...]]) -> None:  # noqa: ARG002 - a connection's
        """Not in company."""
        raise Alone

    async def execute(self, text: str) -> str:  # noqa: ARG002 - a connection's
        """Not in company: it may be a savepoint."""
        raise Alone

    def _own(self, how: str, text: str, arguments: Sequence[Any]) -> asyncio.Future[Any]:
        if any(word in text for word in _LOCKING):  # it might wait, or have what a companion has
            raise Alone
        return self._in.asked(_Wish(self, how, text, arguments))


class _Wish:
    """What a seat asks of the database, in which way, and what will come of it."""

    __slots__ = ("answer", "arguments", "how", "seat", "text")

    def __init__(self, seat: Seat, how: str, text: str, arguments: Sequence[Any]) -> None:
        self.seat, self.how, self.text, self.arguments = seat, how, text, arguments
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def fulfil(self, found: Any) -> None:
        """The seat goes on with that, if it still waits for it."""
        if not self.answer.done():
            self.answer.set_result(found)


class _Transaction:
    """One joint transaction and those who sit in it."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self.connection: Connection
        self._seats = seats
        self._at_work = len(seats)
        self._wishes: list[_Wish] = []
        self._holders: dict[str, Seat] = {}
        """Who locked the row of that id."""
        self._woken: asyncio.Future[None] | None = None
        self._late = self._over = False
        for seat in seats:
            seat.transaction = self

    # -- what seats say

    def require(self) -> None:
        """Nothing, while the transaction is there. Raises Alone."""
        if self._over:
            raise Alone

    def asked(self, wish: _Wish) -> asyncio.Future[Any]:
        """What will come of the wish."""
        self.require()
        self._wishes.append(wish)
        self._wake()
        return wish.answer

    def through(self) -> None:
        """One seat less asks for anything."""
        self._at_work -= 1
        self._wake()

    def _tire(self) -> None:
        self._late = True
        self._wake()

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    # -- what becomes of it

    async def run(self, pool: Pool, tenant: str) -> None:
        """Everybody who did not leave is committed, or has been told what else became of it."""
        committing = False
        patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._tire)
        try:
            async with pool.transaction(tenant, BEGIN) as self.connection:
                for seat in self._seats:
                    if not seat.seated.done():
                        seat.seated.set_result(self)
                while await self._wanted():
                    await self._fulfil()
                await self._settle()
                committing = True
        except BaseException as fault:
            self._end(self._meaning(fault, committing=committing))
            if not isinstance(fault, Exception):
                raise
        else:
            self._end(None)
        finally:
            patience.cancel()

    async def _wanted(self) -> bool:
        """True once somebody asks for something, false once everybody is through."""
        while not self._wishes and self._at_work and not self._late:
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken
        if self._late or any(seat.left and seat.wrote for seat in self._seats):
            raise _Undone
        return bool(self._wishes)

    async def _fulfil(self) -> None:
        """What is asked has been answered, alike wishes together."""
        alike: dict[tuple[str, str], list[_Wish]] = {}
        for wish in self._wishes:
            alike.setdefault((wish.how, wish.text), []).append(wish)
        for (how, text), wishes in alike.items():
            if how == "write":
                await self._write(text, wishes)
            elif how in {"single", "lock"}:
                for wish, row in zip(wishes, await self._rows(text, wishes), strict=True):
                    if how == "single" or self._holds(wish.seat, row):
                        wish.fulfil(row)
                    elif not wish.answer.done():
                        wish.answer.set_exception(Alone())
            else:
                for wish in wishes:
                    wish.fulfil(await getattr(self.connection, how)(text, *wish.arguments))
            answered = set(wishes)
            self._wishes = [wish for wish in self._wishes if wish not in answered]

    async def _rows(self, text: str, wishes: Sequence[_Wish]) -> Sequence[Record | None]:
        """Each wish's only row. Where one has none, they are asked for one by one, which changes nothing."""
        if len(wishes) > 1:
            rows = await self.connection.fetchmany(text, [tuple(wish.arguments) for wish in wishes])
            if len(rows) == len(wishes):
                return rows
        return [await self.connection.fetchrow(text, *wish.arguments) for wish in wishes]

    def _holds(self, seat: Seat, row: Record | None) -> bool:
        """Whether the row is there, and locked by that seat and no companion."""
        return row is not None and self._holders.setdefault(row["id"], seat) is seat

    async def _write(self, tenant_id: str, wishes: Sequence[_Wish]) -> None:
        """What they write is written by one statement; undone if any update did not find its row."""
        found = await self.connection.write(tenant_id, joined([wish.arguments[0] for wish in wishes]))
        if not found and len(self._seats) > 1:
            raise _Undone
        for wish in wishes:
            wish.fulfil(found)

    async def _settle(self) -> None:
        """Those who left have left nothing. Refuses to go on for nobody."""
        if not any(seat.ready for seat in self._seats):
            raise _Undone
        if keys := [seat.scope for seat in self._seats if seat.left and seat.scope is not None]:
            await self.connection.executemany(idempotency.FREE, keys)

    def _meaning(self, fault: BaseException, *, committing: bool) -> BaseException:
        """What a fault of the transaction is to those who sit in it."""
        if isinstance(fault, Unavailable) or (committing and isinstance(fault, LOST)):
            return fault
        by_itself = len(self._seats) == 1 and isinstance(fault, Exception)
        if by_itself and not isinstance(fault, _Undone | LockNotAvailableError):
            return fault
        return Alone()

    def _end(self, fault: BaseException | None) -> None:
        self._over = True
        for seat in self._seats:
            if not seat.ready or seat.committed.done():
                continue
            if fault is None:
                seat.committed.set_result(None)
            else:
                seat.committed.set_exception(fault)
        if fault is not None:
            for waiting in [*(wish.answer for wish in self._wishes), *(seat.seated for seat in self._seats)]:
                if not waiting.done():
                    waiting.set_exception(fault)


class Joint:
    """The joint transactions of one verb in one tenant, one at a time."""

    def __init__(self, pool: Pool, tenant: str) -> None:
        self._pool, self._tenant = pool, tenant
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Seat] = []
        self._under_way: asyncio.Task[None] | None = None
        self._next: asyncio.Handle | None = None
        self._paused = False
        """Whether the next one is to begin only when a pause is over."""
        self._company = 0
        self._resumes_at = 0.0

    @property
    def idle(self) -> bool:
        """Whether nobody waits and nothing is under way."""
        return self._under_way is None and not self._waiting

    def seat(self, scope: Scope | None) -> Seat:
        """A seat in the next transaction, to be entered as a context: committed at its end, or left if it raises."""
        seat = Seat(scope)
        self._waiting.append(seat)
        self._look()
        return seat

    def _look(self) -> None:
        """The next one begins at the end of the loop's turn; after one that had more company, when a pause is over."""
        if self._under_way is not None or not self._waiting:
            return
        pause = self._resumes_at - self._loop.time() if len(self._waiting) < self._company else 0.0
        if self._next is not None:
            if pause > 0 or not self._paused:
                return
            self._next.cancel()
        self._paused = pause > 0
        self._next = self._loop.call_later(pause, self._begin) if pause > 0 else self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._next = None
        seats, self._waiting = _seated([seat for seat in self._waiting if not seat.left])
        if seats:
            began = self._loop.time()
            self._under_way = self._loop.create_task(_Transaction(seats).run(self._pool, self._tenant))
            self._under_way.add_done_callback(lambda _: self._ended(len(seats), self._loop.time() - began))

    def _ended(self, company: int, seconds: float) -> None:
        self._under_way, self._company = None, company
        self._resumes_at = self._loop.time() + seconds * PAUSE
        self._look()


def _seated(waiting: Sequence[Seat]) -> tuple[list[Seat], list[Seat]]:
    """Who sits in the next transaction, first come first served and no key twice, and who goes on waiting."""
    seats: list[Seat] = []
    others: list[Seat] = []
    keys: set[Scope] = set()
    for seat in waiting:
        if len(seats) == SEATS_MAX or seat.scope in keys:
            others.append(seat)
            continue
        seats.append(seat)
        if seat.scope is not None:
            keys.add(seat.scope)
    return seats, others


def of(pool: Pool, tenant: str, verb: str) -> Joint:
    """The joint transactions of that verb in that tenant."""
    joint: Joint | None = pool.joints.get((tenant, verb))
    if joint is None:
        if len(pool.joints) >= JOINTS_MAX:
            for idle in [key for key, known in pool.joints.items() if known.idle]:
                del pool.joints[idle]
        joint = pool.joints[tenant, verb] = Joint(pool, tenant)
    return joint
