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
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import asyncpg

from domain.access import Caller
from domain.change import Aggregate, Change
from domain.copies import replace
from domain.errors import Conflict, ErrorCode, Invalid, Problem, Refusal, Told
from domain.ids import ALPHABET, AuditId, EventId, Id
from storage import audit, history, idempotency, joint, outbox, tables, writing
from storage.audit import Row
from storage.idempotency import Key
from storage.joint import Alone
from storage.pool import LOST, Connection, Pool, Unavailable
from storage.tables import Table
from storage.writing import Group, Insert, Parts, Update

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


@dataclass(slots=True)
class _Pending:
    """What one transaction has gathered and not yet written: each change with the act that it is part of."""

    changes: list[tuple["Work", Change[Any]]] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    parts: dict[Parts, Group] = field(default_factory=dict)
    objects: set[str] = field(default_factory=set)
    """The ids of the changes: a statement changes no row twice."""

    def take(self) -> "_Pending":
        """All of it; nothing is pending any more."""
        taken = _Pending(self.changes, self.rows, self.parts, self.objects)
        self.changes, self.rows, self.parts, self.objects = [], [], {}, set()
        return taken


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
        pending: _Pending | None = None,
    ) -> None:
        self._inner = connection
        self._pending = _Pending() if pending is None else pending
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

    def add_to(self, target: Parts, *rows: Any) -> None:
        """What `target` understands, part of this transaction; written with everything else, as it composes it."""
        self._pending.parts.setdefault(target, Group(target)).rows.extend(rows)

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
        pending = self._pending
        return bool(pending.changes or pending.rows or pending.parts)

    async def write(self, *more: Group) -> None:
        """What was kept and added so far is written, in one statement. Operations need not call it."""
        taken = self._pending.take()
        groups = [*_Groups().gather(taken.changes, taken.rows), *taken.parts.values(), *more]
        if not groups:
            return
        try:
            found = await self._inner.write(self.tenant_id, groups)
        except asyncpg.UntranslatableCharacterError as error:
            raise Invalid(Problem((), "Text must not contain the character NUL.")) from error
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.NumericValueOutOfRangeError) as error:
            refusal = _refusal(error, taken)
            if refusal is None:
                raise
            raise refusal from error
        if found != writing.expected(groups):
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


class _Groups:
    """Gathers rows that are written alike: inserts by table; updates by table, with all columns any of them changes."""

    def __init__(self) -> None:
        self._inserts: dict[Insert, Group] = {}
        self._updates: dict[Table[Any], list[tuple[Row, Row]]] = {}
        self._changed: dict[Table[Any], set[str]] = {}

    def gather(self, changes: Sequence[tuple[Work, Change[Any]]], rows: Sequence[Any]) -> list[Group]:
        """The groups that write those changes, each of its act, with all that belongs to them, and those rows."""
        for work, change in changes:
            self._change(work, change)
        for row in rows:
            table = tables.of(type(row))
            self._insert(_insert_of(table), table.row(row))
        updates = (_update(table, self._changed[table], pairs) for table, pairs in self._updates.items())
        return [*updates, *self._inserts.values()]

    def _change(self, work: Work, change: Change[Any]) -> None:
        after = change.after
        table = tables.of(type(after))
        old = None if change.before is None else table.row(change.before)
        difference = self._row(work, table, old, after)
        for name, child in table.children.items():
            olds = () if change.before is None else getattr(change.before, name)
            if changed := self._children(work, child.table, olds, getattr(after, name)):
                difference[name] = changed
        if old is not None:
            self._supersede(work, table, change.before, old)
        self._insert(
            audit.ROWS,
            {
                "id": mint(AuditId),
                "at": work.at,
                "actor_id": work.caller.actor_id,
                "action": work.action,
                "object_id": after.id,
                "difference": difference,
                "request_id": work.request_id,
            },
        )
        for position, happening in enumerate(change.happened):
            self._insert(
                outbox.ROWS,
                {
                    "id": mint(EventId),
                    "at": work.at,
                    "name": happening.name,
                    "object_id": after.id,
                    "sequence": after.version,
                    "position": position,
                    "facts": happening.facts,
                },
            )

    def _row(self, work: Work, table: Table[Any], old: Row | None, after: Any) -> dict[str, Any]:
        """The row is gathered; what changed in it, as audit shows it."""
        new = table.row(after)
        difference = audit.difference(table, old, new, work.digest)
        if old is None:
            self._insert(_insert_of(table), new)
            return difference
        self._updates.setdefault(table, []).append((old, new))
        self._changed.setdefault(table, set()).update(difference)
        return difference

    def _children(self, work: Work, table: Table[Any], olds: Sequence[Any], news: Sequence[Any]) -> dict[str, Any]:
        """The children's rows are gathered; what changed, by child. Refuses (ValueError) to let one disappear."""
        old_by_id = {row.id: row for row in olds}
        changed: dict[str, Any] = {}
        for row in news:
            old = old_by_id.pop(row.id, None)
            if old is None or old != row:
                changed[str(row.id)] = self._row(work, table, None if old is None else table.row(old), row)
        if old_by_id:
            raise ValueError(f"{', '.join(old_by_id)}: rows of {table.name} are never removed")
        return changed

    def _supersede(self, work: Work, table: Table[Any], before: Any, old: Row) -> None:
        """What the row was before goes into history, its children with it."""
        past = audit.shown(table, old, work.digest)
        if table.children:
            past = dict(past)
            for name, child in table.children.items():
                rows = map(child.table.row, getattr(before, name))
                past[name] = [audit.shown(child.table, row, work.digest) for row in rows]
        row = {"object_id": before.id, "version": before.version, "valid_until": work.at, "row": past}
        self._insert(history.ROWS, row)

    def _insert(self, target: Insert, row: Row) -> None:
        group = self._inserts.get(target)
        if group is None:
            group = self._inserts[target] = Group(target)
        group.rows.append(row)


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
    outcome = await act(work)
    outcome = replace(outcome, versions={**outcome.versions, **work.versions}, at=work.at)
    if key is None:
        await work.write()
    else:
        stored = {"things": outcome.things, "facts": outcome.facts, "versions": outcome.versions}
        row = {"actor_id": caller.actor_id, "mutation": action, "key": key.key, "outcome": stored}
        await work.write(Group(idempotency.ROWS, [row]))
    return outcome, False


def _insert_of(table: Table[Any]) -> Insert:
    target = _INSERTS.get(table)
    if target is None:
        target = _INSERTS[table] = Insert(table.name, table.names)
    return target


def _update_of(table: Table[Any], changed: frozenset[str]) -> Update:
    target = _UPDATES.get((table, changed))
    if target is None:
        by = (*table.key, "version") if "version" in table.names else table.key
        names = (*by, *(name for name in table.names if name in changed and name not in by))
        target = _UPDATES[table, changed] = Update(table.name, names, len(by))
    return target


_INSERTS: Final[dict[Table[Any], Insert]] = {}
_UPDATES: Final[dict[tuple[Table[Any], frozenset[str]], Update]] = {}


def _update(table: Table[Any], changed: set[str], pairs: Sequence[tuple[Row, Row]]) -> Group:
    """The rows' changed columns, found by key and, where the table has one, by the version before."""
    target = _update_of(table, frozenset(changed))
    by, new_names = target.names[: target.keys], target.names[target.keys :]
    return Group(
        target, [{name: old[name] for name in by} | {name: new[name] for name in new_names} for old, new in pairs]
    )


def _stale() -> Conflict:
    return Conflict("It changed in the meantime; read it again.", code=ErrorCode.STALE_VERSION)


def _refusal(error: asyncpg.PostgresError, written: _Pending) -> Refusal | None:
    """What the error means to a person, where one of the tables written, or of the parts, declares it."""
    if error.constraint_name == history.SUPERSEDED_ONCE:
        return _stale()
    types = {type(change.after) for _, change in written.changes} | {type(row) for row in written.rows}
    declared = (tables.of(type_).conflicts.get(error.constraint_name or "") for type_ in types)
    if meaning := next((meaning for meaning in declared if meaning), None):
        return Conflict(meaning) if isinstance(meaning, str) else Conflict(meaning.message, field=(meaning.field,))
    return next((refusal for parts in written.parts if (refusal := parts.refusal(error))), None)


# -- ids -----------------------------------------------------------------------------------------------------------

_PAIRS: Final = [high + low for high in ALPHABET for low in ALPHABET]
_RANDOM_BITS: Final = 80
_LOW_BITS: Final = 40
"""What one step after another changes; the rest is spelled once in a millisecond."""
_STEP_BITS: Final = 32
"""Ids of one millisecond follow each other by a random step, so that they sort and still cannot be counted on."""


@dataclass(slots=True)
class _Last:
    """The last id's two parts; what is left of the second without its low bits, and all before those as spelled."""

    milliseconds: int = 0
    randomness: int = 0
    high: int = -1
    spelled: str = ""


_last = _Last()


def mint(kind: type[I]) -> I:
    """A fresh id of that kind: the process's clock in milliseconds and 80 random bits, never smaller than the last."""
    last, milliseconds = _last, time.time_ns() // 1_000_000
    if milliseconds <= last.milliseconds:
        last.randomness += 1 + random.getrandbits(_STEP_BITS)
        milliseconds = last.milliseconds + (last.randomness >> _RANDOM_BITS)
    if milliseconds > last.milliseconds:
        last.milliseconds, last.randomness = milliseconds, int.from_bytes(os.urandom(_RANDOM_BITS // 8))
        last.high = -1
    r = last.randomness
    if r >> _LOW_BITS != last.high:
        last.high = r >> _LOW_BITS
        number = last.milliseconds << _RANDOM_BITS - _LOW_BITS | last.high
        last.spelled = "".join([_PAIRS[number >> shift & 1023] for shift in range(80, -1, -10)])
    return kind(
        f"{kind.prefix}_{last.spelled}{_PAIRS[r >> 30 & 1023]}{_PAIRS[r >> 20 & 1023]}{_PAIRS[r >> 10 & 1023]}"
        f"{_PAIRS[r & 1023]}"
    )
