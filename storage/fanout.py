"""Fan-out: who is listening hears at once that something of their tenant changed.

Laws: one channel per tenant; an event is thin (what happened to which thing), so that each listener reads the thing as
its own viewer may see it; an event is published after the commit it tells of. Delivery is a courtesy: what may have
been missed (Valkey away, a listener too slow) ends the listening with `Lost`, so that nobody waits on a silent gap.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from storage.cache import LOST, PATIENCE_SECONDS

WAITING_MAX: Final = 1_000
"""Things that changed and that one listener has not taken yet. Beyond it the listener is too slow to be kept."""

HEARTBEAT_SECONDS: Final = 15.0
"""Silence on the connection after which it is asked whether it lives; silence for another one means it does not."""


class Lost(Exception):
    """Events may have been missed; whoever listens starts anew and reads what it watches."""


@dataclass(frozen=True, slots=True)
class Event:
    """One happening, as told to listeners: its name (`claim.opened`), the thing's id and the thing's version.

    `parties` are those whom it concerns, where that is known without reading the thing: it spares all others a look.
    It shows nothing to anybody: whoever listens reads the thing as its own viewer all the same.
    """

    name: str
    object_id: str
    sequence: int
    parties: tuple[str, ...] | None = None

    @classmethod
    def read(cls, data: bytes | str) -> "Event":
        """What `written` wrote."""
        name, object_id, sequence, parties = json.loads(data)
        return cls(name, object_id, sequence, None if parties is None else tuple(parties))

    def written(self) -> str:
        """As it travels through Valkey."""
        return json.dumps([self.name, self.object_id, self.sequence, self.parties])


Wanted = Callable[[Event], bool]
"""Whether a listener takes an event at all."""


def _any(_event: Event) -> bool:
    return True


def channel(tenant_id: str) -> str:
    """The name of a tenant's channel."""
    return f"makegood:events:{tenant_id}"


async def publish(redis: "Redis", tenant_id: str, *events: Event) -> bool:
    """Those events were handed to all who listen to the tenant, in this order. False if Valkey could not be reached."""
    try:
        async with redis.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.publish(channel(tenant_id), event.written())
            await pipeline.execute()
    except LOST:
        return False
    return True


class Mailbox:
    """What one listener has not taken yet: at most one event per thing, the latest, in the order of first arrival.

    What is not `wanted` never waits, so that a flood of others' events does not lose a listener its own.
    """

    def __init__(self, wanted: Wanted = _any) -> None:
        self._wanted = wanted
        self._waiting: dict[str, Event] = {}
        self._stirred = asyncio.Event()
        self._lost = False

    def put(self, event: Event) -> None:
        """The event waits to be taken, if it is wanted; a listener with too many waiting is lost."""
        if not self._wanted(event):
            return
        if len(self._waiting) >= WAITING_MAX and event.object_id not in self._waiting:
            self.lose()
            return
        self._waiting[event.object_id] = event
        self._stirred.set()

    def lose(self) -> None:
        """The listener hears that it may have missed something, instead of anything else."""
        self._lost = True
        self._stirred.set()

    def __aiter__(self) -> "Mailbox":
        return self

    async def __anext__(self) -> Event:
        """The next event; waits for it. Raises Lost when events may have been missed."""
        while not self._lost and not self._waiting:
            self._stirred.clear()
            await self._stirred.wait()
        if self._lost:
            raise Lost
        return self._waiting.pop(next(iter(self._waiting)))


class Fanout:
    """All listeners of this process, on one connection to Valkey that is open only while somebody listens."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._mailboxes: dict[str, set[Mailbox]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: PubSub | None = None
        self._reader: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def listen(self, tenant_id: str, wanted: Wanted = _any) -> AsyncIterator[Mailbox]:
        """Inside the block, everything wanted of what is published for the tenant arrives in the mailbox.

        Raises Lost without Valkey.
        """
        name, mailbox = channel(tenant_id), Mailbox(wanted)
        try:
            try:
                confirmed = await self._join(name, mailbox)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await confirmed.wait()
            except LOST as error:
                raise Lost from error
            yield mailbox
        finally:
            await asyncio.shield(self._leave(name, mailbox))

    def listeners(self, tenant_id: str) -> frozenset[Mailbox]:
        """Those of this process who are sure to hear what is published for the tenant from now on."""
        name = channel(tenant_id)
        confirmed = self._confirmed.get(name)
        return frozenset(self._mailboxes[name]) if confirmed is not None and confirmed.is_set() else frozenset()

    async def close(self) -> None:
        """Nobody listens any more; the connection is closed."""
        async with self._turn:
            await self._stop()

    async def _join(self, name: str, mailbox: Mailbox) -> asyncio.Event:
        async with self._turn:
            if self._pubsub is None:
                self._pubsub = self._redis.pubsub()
            if name not in self._mailboxes:
                self._mailboxes[name] = set()
                self._confirmed[name] = asyncio.Event()
                await self._pubsub.subscribe(name)
            self._mailboxes[name].add(mailbox)
            if self._reader is None:
                self._reader = asyncio.create_task(self._read(self._pubsub), name="fanout")
            return self._confirmed[name]

    async def _leave(self, name: str, mailbox: Mailbox) -> None:
        async with self._turn:
            listeners = self._mailboxes.get(name, set())
            listeners.discard(mailbox)
            if name not in self._mailboxes or listeners:
                return
            del self._mailboxes[name], self._confirmed[name]
            if not self._mailboxes:
                await self._stop()
            elif self._pubsub is not None:
                with contextlib.suppress(*LOST):  # a connection that is gone has forgotten the channel as well
                    await self._pubsub.unsubscribe(name)

    async def _stop(self) -> None:
        """No connection, no reader; whoever still listens is lost."""
        reader, pubsub, self._reader, self._pubsub = self._reader, self._pubsub, None, None
        for mailboxes in self._mailboxes.values():
            for mailbox in mailboxes:
                mailbox.lose()
        self._mailboxes, self._confirmed = {}, {}
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
        if pubsub is not None:
            with contextlib.suppress(*LOST):  # closing a connection that is gone
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _read(self, pubsub: PubSub) -> None:
        """Delivers until the connection is lost; then everybody who listens is lost with it."""
        asked = False
        try:
            while True:
                message = await pubsub.get_message(timeout=HEARTBEAT_SECONDS)
                if message is None and asked:
                    break
                if message is None:
                    await pubsub.ping()
                asked = message is None
                self._deliver(message)
        except LOST:
            pass  # told to every listener below
        async with self._turn:
            if self._pubsub is pubsub:
                await self._stop()

    def _deliver(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        name = (message["channel"] or b"").decode()
        if message["type"] == "subscribe" and name in self._confirmed:
            self._confirmed[name].set()
        elif message["type"] == "message":
            event = Event.read(message["data"])
            for mailbox in self._mailboxes.get(name, ()):
                mailbox.put(event)
