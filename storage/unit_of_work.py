"""The unit of work: one transaction for one caller, and the one door through which aggregates are written.

    transact                      begin, take the idempotency key, read the tenant's clock
      └ act(work)                 an operation: load (locked) → decide → work.keep(change)
          └ keep                  row + audit row + outbox rows + history row + append-only rows, in ONE statement
    commit                        with the outcome, stored by that same statement

How it works. `keep` and `add` gather; what is gathered is written by one statement, before the next statement that the
operation sends through `work.connection` (it always sees its own writes) or at the end, together with the outcome of
the idempotency key. An update finds its row by id *and* by the version that was read; if one is not found, the act is
undone as a whole. Texts are cached by shape (`storage/writing.py`). Acts within an act (`within`) gather together with
it, so that a worker that fires many duties in one transaction writes the end of one with the beginning of the next.

Laws: an aggregate is written nowhere else, so audit and outbox cannot be forgotten; the tenant's clock is read once per
act; a refusal leaves nothing behind, not even its key; an act is repeated, a bounded number of times, after a deadlock
or a serialization failure, and after a lost connection unless the commit may have gone through without a key to tell.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import asyncpg

from domain.access import Caller
from domain.change import Aggregate, Change
from domain.errors import Conflict, ErrorCode, Invalid, Problem, Refusal, Told
from domain.ids import Id
from storage import audit, history, idempotency, joint, tables
from storage.idempotency import Key
from storage.joint import Alone
from storage.minting import mint
from storage.pending import Pending
from storage.pool import LOST, Connection, Pool, Unavailable
from storage.writing import Parts, Target

ATTEMPTS_MAX: Final = 4
BACKOFF_SECONDS: Final = 0.02
"""Before the second attempt; doubled for each further one, times a random share."""

BEGIN: Final = "BEGIN; SET LOCAL lock_timeout = '2s'"
"""Whoever waits longer for a row or a key is told so."""

BATCH: Final = 2_000
"""Changes per statement of `keep_all`."""

COMMITTED: Final[set[Callable[[], None]]] = set()
"""Called after every commit: a worker in the same process looks at once instead of at its next round. Only speed."""

_CLOCK: Final = (
    "SELECT tenant_now(t) AS at, t.digest_key, t.market, t.claim_profile, true AS taken "
    "FROM tenants t WHERE t.tenant_id = $1"
)
_REPEATED: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, idempotency.Vanished)

I = TypeVar("I", bound=Id)  # noqa: E741 -- an id's kind


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation leads to: what idempotency stores and the payload is read from."""

    things: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Field of the payload (camel case) -> the id or ids of what it shows."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Plain fields of the payload, of JSON's own types; stored too."""
    once: Mapping[str, str] = field(default_factory=dict)
    """Secrets that are shown once: never stored, null in a replay."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """Id -> version of everything that was kept; the unit of work fills it in."""
    at: datetime | None = field(default=None, compare=False)
    """The instant at which it happened, filled in likewise; None where an earlier call had led to it."""


class Work:
    """One act: a transaction for one caller, or a part of one (`within`). Made by `transact`; gone when it ends."""

    __slots__ = (
        "_digest_key", "_inner", "_pending", "action", "at", "caller", "claim_profile", "connection",
        "expected_version", "market", "request_id", "tenant_id", "told", "versions",
    )  # fmt: skip

    def __init__(
        self,
        connection: Connection,
        caller: Caller,
        *,
        action: str,
        request_id: str,
        at: datetime,
        digest_key: bytes,
        market: str,
        claim_profile: str,
        expected_version: int | None = None,
        pending: Pending | None = None,
    ) -> None:
        self._inner = connection
        self._pending = Pending() if pending is None else pending
        self.connection: Connection = _Seeing(self)
        """For the operation's own statements; they see what was kept before."""
        self.caller, self.tenant_id = caller, caller.tenant_id
        self.action, self.request_id = action, request_id
        self.at = at
        """The tenant's clock, read once."""
        self.market = market
        """The policy calendar of the marketplace's own desk: days of its duties are counted in it."""
        self.claim_profile = claim_profile
        """The key of the rule whose clocks govern claims that are opened now."""
        self.expected_version = expected_version
        self.versions: dict[str, int] = {}
        self.told = Told()
        """What is wrong with the input, for operations that look at it in several places and tell all of it."""
        self._digest_key = digest_key

    def new_id(self, kind: type[I]) -> I:
        """A fresh id of that kind; ids of one process sort in the order they were minted."""
        return mint(kind)

    def digest(self, value: str | bytes) -> str:
        """The tenant's keyed digest of personal data, for columns that stand in for it."""
        return audit.keyed(self._digest_key, value)

    def expect(self, aggregate: Aggregate, version: int | None = None) -> None:
        """Nothing, if the client saw this version or did not say which.

        `version` is what the client said; by default the call's own `expectedVersion`.

        Raises:
            Conflict: STALE_VERSION: it changed since.
        """
        wanted = self.expected_version if version is None else version
        if wanted is not None and wanted != aggregate.version:
            raise Conflict(
                f"It is at version {aggregate.version}, not {wanted}: it changed since you read it.",
                code=ErrorCode.STALE_VERSION,
                field=("expectedVersion",),
            )

    async def keep(self, *changes: Change[Any]) -> None:
        """The changes are part of this transaction: rows, audit, outbox and history.

        Raises:
            Conflict: STALE_VERSION if a row is not what `before` says, or what a violated constraint means (`Table`).
                Raised by this call or by the next statement.
            Invalid: a text has a character that Postgres cannot hold (NUL).
        """
        for change in changes:
            await self._gather(change)
            self.versions[str(change.after.id)] = change.after.version

    async def keep_all(self, changes: Sequence[Change[Any]]) -> None:
        """Like `keep`, written in batches: for imports and sweeps. What was kept is not listed in the outcome."""
        for start in range(0, len(changes), BATCH):
            for change in changes[start : start + BATCH]:
                await self._gather(change)
            await self.write()

    async def _gather(self, change: Change[Any]) -> None:
        if change.after.id in self._pending.objects:
            await self.write()
        self._pending.objects.add(change.after.id)
        self._pending.changes.append((self, change))

    def add(self, *rows: Any) -> None:
        """Append-only rows, part of this transaction: dataclasses with a table of their own and no audit row."""
        self._pending.rows.extend(rows)

    def add_to(self, target: Target, *rows: Any) -> None:
        """What `target` understands, part of this transaction; written with everything else, as it composes it."""
        self._pending.add_to(target, *rows)

    def within(self, caller: Caller, *, action: str, at: datetime) -> "Work":
        """Another act in the same transaction, by another caller and at another instant: a duty that fires.

        What both keep is gathered together, in the order in which it was kept.
        """
        return Work(
            self._inner,
            caller,
            action=action,
            request_id=self.request_id,
            at=at,
            digest_key=self._digest_key,
            market=self.market,
            claim_profile=self.claim_profile,
            pending=self._pending,
        )

    @contextlib.asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What is kept within is written at its end, or undone as if it had never been where something is raised.

        What was raised goes on to the caller; a refusal may be caught there, and the act goes on without it.
        """
        await self.write()
        versions = dict(self.versions)
        await self._inner.execute("SAVEPOINT attempt")
        try:
            yield
            await self.write()
        except Refusal:
            self._pending.take()
            self.versions = versions
            await self._inner.execute("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt")
            raise
        await self._inner.execute("RELEASE SAVEPOINT attempt")

    @property
    def unwritten(self) -> bool:
        """Whether something was kept or added that no statement has written yet."""
        return bool(self._pending)

    async def write(self) -> None:
        """What was kept and added so far is written, in one statement. Operations need not call it."""
        if not self._pending:
            return
        taken = self._pending.take()
        try:
            found = await self._inner.write(self.tenant_id, taken)
        except asyncpg.UntranslatableCharacterError as error:
            raise Invalid(Problem((), "Text must not contain the character NUL.")) from error
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.NumericValueOutOfRangeError) as error:
            refusal = _refusal(error, taken)
            if refusal is None:
                raise
            raise refusal from error
        if not found:
            raise _stale()


class _Seeing(Connection):
    """The work's connection as its operation sees it: what was kept is written before the next statement is sent."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        super().__init__(work._inner.raw)
        self.tenant = work._inner.tenant
        self._work = work

    async def _seen(self) -> Connection:
        if self._work.unwritten:
            await self._work.write()
        return self._work._inner

    async def fetch(self, text: str, *arguments: Any) -> list[asyncpg.Record]:
        return await (await self._seen()).fetch(text, *arguments)

    async def fetchrow(self, text: str, *arguments: Any) -> asyncpg.Record | None:
        return await (await self._seen()).fetchrow(text, *arguments)

    async def fetchval(self, text: str, *arguments: Any) -> Any:
        return await (await self._seen()).fetchval(text, *arguments)

    async def single(self, text: str, *arguments: Any) -> asyncpg.Record | None:
        return await (await self._seen()).single(text, *arguments)

    async def lock(self, text: str, *arguments: Any) -> asyncpg.Record | None:
        return await (await self._seen()).lock(text, *arguments)

    async def executemany(self, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
        await (await self._seen()).executemany(text, rows)

    async def execute(self, text: str) -> str:
        return await (await self._seen()).execute(text)


async def transact(
    pool: Pool,
    caller: Caller,
    *,
    action: str,
    request_id: str,
    act: Callable[[Work], Awaitable[Outcome]],
    idempotency: Key | None = None,
    expected_version: int | None = None,
    at: datetime | None = None,
    together: bool = False,
) -> tuple[Outcome, bool]:
    """`act` has happened as a whole, once: its outcome, and whether an earlier call of the same key had led to it.

    `at` replaces the tenant's clock: for duties that fire at their own instant. `together`: first tried in company of
    others of the same action (`storage/joint.py`); everything that it locks, it locks by `Connection.lock`.

    Raises:
        Refusal: what `act` refuses; a conflict of version, key or lock. Nothing was changed then.
        Unavailable: the connection was lost while committing and no key tells what became of it.
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        committing = False
        try:
            async with _begun(pool, caller, action, idempotency, together=together and attempt == 1) as connection:
                done = await _act(connection, caller, action, request_id, act, idempotency, expected_version, at)
                committing = True
            for tell in COMMITTED:
                tell()
            return done
        except Alone:
            continue  # in company it could not be done, for whatever reason: that says nothing about the act
        except _REPEATED:
            if attempt == ATTEMPTS_MAX:
                raise
        except asyncpg.LockNotAvailableError as error:
            raise Conflict("Somebody else is changing the same thing just now; try again.") from error
        except LOST as error:
            if committing and idempotency is None:
                raise Unavailable("the connection was lost while committing; look before you repeat it") from error
            if attempt == ATTEMPTS_MAX:
                raise
        await asyncio.sleep(BACKOFF_SECONDS * 2**attempt * random.random())  # noqa: S311 -- jitter, not a secret
    raise AssertionError("the last attempt returns or raises")


def _begun(
    pool: Pool, caller: Caller, action: str, key: Key | None, *, together: bool
) -> contextlib.AbstractAsyncContextManager[Connection]:
    """A transaction of its own, or a seat in one; committed when the body ends, undone when it raises."""
    if not together:
        return pool.transaction(caller.tenant_id, BEGIN)
    scope = None if key is None else (caller.tenant_id, caller.actor_id, action, key.key)
    return joint.of(pool, caller.tenant_id, action).seat(scope)


async def _act(
    connection: Connection,
    caller: Caller,
    action: str,
    request_id: str,
    act: Callable[[Work], Awaitable[Outcome]],
    key: Key | None,
    expected_version: int | None,
    at: datetime | None,
) -> tuple[Outcome, bool]:
    """Everything between BEGIN and COMMIT."""
    scope = (caller.tenant_id, caller.actor_id, action)
    if key is None:
        begun = await connection.fetchrow(_CLOCK, caller.tenant_id)
    else:
        begun = await idempotency.take(connection, *scope, key)
    if begun is None:
        raise LookupError(f"there is no tenant {caller.tenant_id}")
    if key is not None and not begun["taken"]:
        stored = await idempotency.outcome(connection, *scope, key)
        return Outcome(stored["things"], stored["facts"], {}, stored["versions"]), True
    work = Work(
        connection,
        caller,
        action=action,
        request_id=request_id,
        at=at or begun["at"],
        digest_key=begun["digest_key"],
        market=begun["market"],
        claim_profile=begun["claim_profile"],
        expected_version=expected_version,
    )
    done = await act(work)
    outcome = Outcome(done.things, done.facts, done.once, {**done.versions, **work.versions}, work.at)
    if key is not None:
        stored = {"things": outcome.things, "facts": outcome.facts, "versions": outcome.versions}
        row = {"actor_id": caller.actor_id, "mutation": action, "key": key.key, "outcome": stored}
        work.add_to(idempotency.ROWS, row)
    await work.write()
    return outcome, False


def _stale() -> Conflict:
    return Conflict("It changed in the meantime; read it again.", code=ErrorCode.STALE_VERSION)


def _refusal(error: asyncpg.PostgresError, written: Pending) -> Refusal | None:
    """What the error means to a person, where one of the tables written, or of the parts, declares it."""
    if error.constraint_name == history.SUPERSEDED_ONCE:
        return _stale()
    types = {type(change.after) for _, change in written.changes} | {type(row) for row in written.rows}
    declared = (tables.of(type_).conflicts.get(error.constraint_name or "") for type_ in types)
    if meaning := next((meaning for meaning in declared if meaning), None):
        return Conflict(meaning) if isinstance(meaning, str) else Conflict(meaning.message, field=(meaning.field,))
    parts = [target for target in written.groups if isinstance(target, Parts)]
    return next((refusal for each in parts if (refusal := each.refusal(error))), None)
