"""Budgets: how many points an actor may spend, and how fast they come back.

How it works. The whole budget of an actor is a token bucket in Valkey, refilled by Valkey's own clock. A process leases
a share of it and spends the share by plain arithmetic; when half of it is gone the next share is leased in the
background, so that no request waits for a round trip, except an actor's first and one that costs more than is left.
Shares that lie idle lapse. Without Valkey each process goes on with a bucket of its own, and asks again after a while.

Law: an actor spends no more, over all processes, than was leased; losing Valkey refuses nobody.
"""

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from storage.cache import LOST

SHARE: Final = 1_000
"""Points leased at once, at least: one round trip per thousand cheap reads; what a process that dies can lose."""

SHARE_MAX: Final = 4_000
"""Of a budget that is large enough for it: one round trip per dozen full pages, whose lease is else a tenth of them."""

IDLE_SECONDS: Final = 10.0
"""A share that nobody spent from for so long is forgotten; the bucket has refilled by then."""

RETRY_SECONDS: Final = 5.0
"""How long a process goes on alone before it asks a lost Valkey again."""

BUCKETS_MAX: Final = 10_000
"""Actors remembered at once; beyond it the longest known is forgotten, with its share."""

LEASE: Final = """
local now = redis.call('TIME')
local at = now[1] + now[2] / 1000000
local known = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, capacity, rate = tonumber(known[1] or ARGV[2]), tonumber(ARGV[2]), tonumber(ARGV[3])
level = math.min(capacity, level + (at - tonumber(known[2] or at)) * rate)
local granted = math.floor(math.min(level, tonumber(ARGV[1])))
redis.call('HSET', KEYS[1], 'level', tostring(level - granted), 'at', string.format('%.6f', at))
redis.call('EXPIRE', KEYS[1], math.ceil(capacity / rate) + 1)
return {granted, math.floor(level - granted)}
"""
"""KEYS: the actor's bucket. ARGV: points wanted, capacity, points a second. Returns points granted and points left."""

_log: Final = structlog.get_logger("makegood.throttle")


@dataclass(frozen=True, slots=True)
class Budget:
    """What one actor may spend: `capacity` points at once, coming back by `rate` points a second."""

    capacity: int = 20_000
    """Two of the dearest operations, or a burst of twenty thousand point reads."""
    rate: int = 1_000
    """A client that pages through everything at full size keeps one core busy for a twentieth of the time."""

    @property
    def share(self) -> int:
        """Points leased at once: a fifth of the bucket, within bounds."""
        return min(SHARE_MAX, max(SHARE, self.capacity // 5))


@dataclass(slots=True)
class Level:
    """A bucket that is refilled as time goes by; pure arithmetic, the caller brings the time (seconds)."""

    points: float
    at: float

    def lease(self, wanted: int, budget: Budget, at: float) -> tuple[int, int]:
        """As many of the wanted points as there are at that time, and what is left."""
        self.points = min(budget.capacity, self.points + (at - self.at) * budget.rate)
        self.at = at
        granted = math.floor(min(self.points, wanted))
        self.points -= granted
        return granted, math.floor(self.points)


class Bank(Protocol):
    """Where shares are leased."""

    async def lease(self, actor_id: str, wanted: int) -> tuple[int, int]:
        """Points granted (at most `wanted`) and points left for others."""


class Alone:
    """A bank of this process's own, for when there is no other."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._levels: dict[str, Level] = {}

    async def lease(self, actor_id: str, wanted: int) -> tuple[int, int]:
        """Points granted and points left."""
        now = time.monotonic()
        if (level := self._levels.get(actor_id)) is None:
            level = self._levels[actor_id] = Level(self._budget.capacity, now)
            if len(self._levels) > BUCKETS_MAX:
                del self._levels[next(iter(self._levels))]
        return level.lease(wanted, self._budget, now)


class Shared:
    """The bank of all processes, in Valkey; while it is lost, each process has its own."""

    def __init__(self, redis: Any, budget: Budget) -> None:
        self._script = redis.register_script(LEASE)
        self._budget = budget
        self._alone: Alone | None = None
        self._ask_again_at = 0.0

    async def lease(self, actor_id: str, wanted: int) -> tuple[int, int]:
        """Points granted and points left. Never raises for a lost Valkey."""
        if self._alone is None or time.monotonic() >= self._ask_again_at:
            try:
                budget = self._budget
                granted, left = await self._script(
                    keys=[f"makegood:budget:{actor_id}"], args=[wanted, budget.capacity, budget.rate]
                )
            except LOST as reason:
                if self._alone is None:
                    _log.warning("budgets_kept_alone", reason=type(reason).__name__)
                    self._alone = Alone(self._budget)
                self._ask_again_at = time.monotonic() + RETRY_SECONDS
            else:
                self._alone = None
                return int(granted), int(left)
        return await self._alone.lease(actor_id, wanted)


class Bucket:
    """One actor's share in this process."""

    __slots__ = ("asking", "held", "left", "used_at")

    def __init__(self) -> None:
        self.held = 0
        """Points leased and not spent."""
        self.left = 0
        """Points that others could still lease when this process last did."""
        self.used_at = 0.0
        self.asking: asyncio.Task[int] | None = None

    @property
    def available(self) -> int:
        """What the actor could spend now, as far as this process knows."""
        return self.held + self.left


class Throttle:
    """All buckets of this process."""

    def __init__(self, bank: Bank, budget: Budget) -> None:
        self.budget = budget
        self._bank = bank
        self._buckets: dict[str, Bucket] = {}

    def spend(self, actor_id: str, points: int, now: float) -> Bucket | None:
        """The actor's bucket, from which the points were taken; None if its share does not hold as many. No waiting."""
        bucket = self._buckets.get(actor_id)
        if bucket is None or bucket.held < points or now - bucket.used_at > IDLE_SECONDS:
            return None
        bucket.used_at = now
        bucket.held -= points
        share = self.budget.share
        if bucket.held < share // 2 and bucket.asking is None:
            bucket.asking = asyncio.create_task(self._lease(actor_id, bucket, share), name="lease a share")
        return bucket

    async def spend_or_wait(self, actor_id: str, points: int) -> tuple[Bucket, int]:
        """The actor's bucket, and 0 when the points were taken, else the whole seconds after which to ask again."""
        now = time.monotonic()
        if (spent := self.spend(actor_id, points, now)) is not None:
            return spent, 0
        bucket = self._of(actor_id, now)
        while bucket.held < points:  # whoever waits for the same actor waits for the same lease
            if bucket.asking is None:
                wanted = max(self.budget.share, points) - bucket.held
                bucket.asking = asyncio.create_task(self._lease(actor_id, bucket, wanted), name="lease a share")
            if not await asyncio.shield(bucket.asking):
                missing = points - bucket.available
                return bucket, max(1, math.ceil(missing / self.budget.rate))
        bucket.held -= points
        return bucket, 0

    def give_back(self, bucket: Bucket, points: int) -> None:
        """Points that were taken and turned out not to be needed can be spent again."""
        bucket.held += points

    async def close(self) -> None:
        """No lease is under way any more."""
        tasks = [bucket.asking for bucket in self._buckets.values() if bucket.asking is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._buckets.clear()

    def _of(self, actor_id: str, now: float) -> Bucket:
        bucket = self._buckets.get(actor_id)
        if bucket is None:
            bucket = self._buckets[actor_id] = Bucket()
            if len(self._buckets) > BUCKETS_MAX:
                del self._buckets[next(iter(self._buckets))]
        elif now - bucket.used_at > IDLE_SECONDS:
            bucket.held = 0
        bucket.used_at = now
        return bucket

    async def _lease(self, actor_id: str, bucket: Bucket, wanted: int) -> int:
        """How many of the wanted points the bucket got."""
        try:
            granted, bucket.left = await self._bank.lease(actor_id, wanted)
            bucket.held += granted
            return granted
        finally:
            bucket.asking = None
