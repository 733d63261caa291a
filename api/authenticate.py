"""Who is calling: an API key or a person's access token becomes a `Caller`, once, and is remembered for seconds.

How it works. `cached` is a look-up in a dict by the header's own bytes, without a round trip; what it does not know
goes to `authenticate`, which looks the key or the member up across tenants (the worker's role), then the organisation's
party inside the tenant. A caller is remembered for `HEARD_SECONDS` while revocations can be heard through Valkey, else
for `DEAF_SECONDS`, and never beyond the end of the key or token. Losing Valkey forgets everybody, because a revocation
may have been missed. When keys were last used is written in the background, at most once a minute each.

Law: one answer, UNAUTHENTICATED, whatever is wrong with a key or token; only who proved who they are is told more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

import structlog

from api.settings import Settings
from domain import keys
from domain.access import PARTY, STAFF, Caller, Person, Role, Scope, viewer_of
from domain.errors import Refusal, Unauthenticated
from domain.ids import ApiKeyId, TenantId
from domain.members import guest_id
from domain.tenants import PLANES, TenantKind
from storage import callers
from storage.cache import LOST
from storage.callers import Membership
from storage.pool import Pool

if TYPE_CHECKING:
    from api.oidc import Issuer

HEARD_SECONDS: Final = 10.0
DEAF_SECONDS: Final = 1.0
REMEMBERED_MAX: Final = 10_000
"""Callers remembered at once; beyond it the longest known is forgotten."""
HEADER_BYTES_MAX: Final = 10_000
USE_WRITTEN_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 5.0

PERSON_SCOPES: Final = frozenset({Scope.READ, Scope.WRITE})
"""What a person's token is good for. The operator's people may introspect as well: they use the console."""

_BEARER: Final = b"bearer "
_log: Final = structlog.get_logger("makegood.authenticate")


@dataclass(frozen=True, slots=True)
class _Known:
    """A remembered caller and the instant (monotonic) until which it may be taken for granted."""

    caller: Caller
    until: float


class Authenticator:
    """One per process. `start` it before the first request and `close` it after the last, or use it as a context."""

    def __init__(self, pool_worker: Pool, redis: Any, settings: Settings, *, issuer: Issuer | None = None) -> None:
        self._pool, self._redis = pool_worker, redis
        self._issuer = issuer or _issuer_of(settings)
        self._known: dict[bytes, _Known] = {}
        self._asking: dict[bytes, asyncio.Task[_Known]] = {}
        self._used: dict[TenantId, dict[ApiKeyId, datetime]] = {}
        self._hears = False
        self._forgotten = 0
        self.monotonic = time.monotonic
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    # -- the two doors ---------------------------------------------------------------------------------------------

    def cached(self, header: bytes, tenant: bytes = b"") -> Caller | None:
        """The caller of that `Authorization` header (and `Makegood-Tenant` header), if known; no round trip."""
        known = self._known.get(header + b"\n" + tenant if tenant else header)
        return known.caller if known is not None and known.until > self.monotonic() else None

    async def authenticate(self, header: bytes, tenant: bytes = b"") -> Caller:
        """The caller of that `Authorization` header; `tenant` is the `Makegood-Tenant` header, for people in several.

        Raises:
            Unauthenticated: nobody is vouched for, or a person of several tenants names none of them.
        """
        if (caller := self.cached(header, tenant)) is not None:
            return caller
        place = header + b"\n" + tenant if tenant else header
        task = self._asking.get(place)
        if task is None:  # requests that arrive together ask once
            task = self._asking[place] = asyncio.create_task(self._ask(header, tenant, place))
            task.add_done_callback(lambda done: self._asked(place, done))
        return (await asyncio.shield(task)).caller

    # -- its life --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Revocations are listened for and the use of keys is written from now on."""
        self._tasks = (
            asyncio.create_task(self._listen(), name="authenticate: listen"),
            asyncio.create_task(self._write_uses(), name="authenticate: last use"),
        )

    async def close(self) -> None:
        """Nobody is remembered; what is known of the use of keys is written. Who opened the pool closes it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._hears = False
        self.forget_all()
        await self.write_uses()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def forget(self, id_: str) -> None:
        """Whoever is, or acts for, that key, member, organisation or party is looked up again at the next request."""
        self._forgotten += 1
        for place, known in list(self._known.items()):
            if id_ in {known.caller.actor_id, known.caller.organisation_id, known.caller.party_id}:
                del self._known[place]

    def forget_all(self) -> None:
        """Everybody is looked up again at the next request."""
        self._forgotten += 1
        self._known.clear()

    @property
    def hears(self) -> bool:
        """Whether revocations reach this process now."""
        return self._hears

    # -- asking ----------------------------------------------------------------------------------------------------

    async def _ask(self, header: bytes, tenant: bytes, place: bytes) -> _Known:
        before = self._forgotten
        caller, seconds_left = await self._look_up(header, tenant)
        until = self.monotonic() + min(seconds_left, HEARD_SECONDS if self._hears else DEAF_SECONDS)
        known = _Known(caller, until)
        comes_in = Role.GUEST in caller.roles or (caller.party_id is None and not caller.roles.isdisjoint(PARTY))
        if before == self._forgotten and not comes_in:
            # Otherwise the rights may have changed while we looked; those of somebody who is still coming in change
            # with the next letter accepted or the next application.
            self._known.pop(place, None)
            self._known[place] = known
            if len(self._known) > REMEMBERED_MAX:
                del self._known[next(iter(self._known))]
        return known

    def _asked(self, place: bytes, task: asyncio.Task[_Known]) -> None:
        self._asking.pop(place, None)
        if not task.cancelled():
            task.exception()  # seen here, so that a refusal nobody waits for any more is not reported as lost

    async def _look_up(self, header: bytes, tenant: bytes) -> tuple[Caller, float]:
        """The caller, and for how many seconds their key or token is still good."""
        if len(header) > HEADER_BYTES_MAX or not header.lower().startswith(_BEARER) or not header.isascii():
            raise _unauthenticated()
        text = header[len(_BEARER) :].strip().decode()
        if text.startswith("mg_"):
            return await self._of_key(text)
        return await self._of_token(text, tenant.decode("ascii", "replace") or None)

    async def _of_key(self, text: str) -> tuple[Caller, float]:
        try:
            sent = keys.parse(text)
        except ValueError:
            raise _unauthenticated() from None
        async with self._pool.acquire(None) as connection:
            held = await callers.find_key(connection, sent.id)
        if held is None or not keys.proves(held.key, sent) or not held.key.opens(held.now):
            raise _unauthenticated()
        if PLANES[TenantKind(held.tenant_kind)] is not sent.plane:
            raise _unauthenticated()
        async with self._pool.acquire(held.tenant_id) as connection:
            side = await callers.side_of(connection, held.tenant_id, held.key.organisation_id)
        self._used.setdefault(held.tenant_id, {})[held.key.id] = held.now
        roles = frozenset(held.key.roles)
        caller = Caller(
            tenant_id=held.tenant_id,
            actor_id=held.key.id,
            organisation_id=held.key.organisation_id,
            party_id=side.party_id,
            roles=roles,
            viewer=viewer_of(roles, sees_exact_tiers=side.sees_exact_tiers),
            scopes=frozenset(held.key.scopes),
            documents_only=held.key.frontend and held.documents_required,
        )
        left = float("inf") if held.key.expires_at is None else (held.key.expires_at - held.now).total_seconds()
        return caller, left

    async def _of_token(self, text: str, tenant: str | None) -> tuple[Caller, float]:
        if self._issuer is None:
            raise _unauthenticated()
        token = await self._issuer.verify(text)
        if tenant is not None and token.tenant is not None and tenant != token.tenant:
            raise Unauthenticated("The token is for another marketplace than the Makegood-Tenant header names.")
        wanted = token.tenant or tenant
        async with self._pool.acquire(None) as connection:
            places = await callers.memberships(connection, token.person)
        here = [place for place in places if wanted in {None, place.tenant_id}]
        if len(here) > 1:
            raise Unauthenticated("You are a member in several marketplaces: name one in the Makegood-Tenant header.")
        caller = await self._member(token.person, here[0]) if here else await self._guest(token.person, wanted)
        return caller, token.usable_until - time.time()

    async def _member(self, person: Person, place: Membership) -> Caller:
        async with self._pool.acquire(place.tenant_id) as connection:
            side = await callers.side_of(connection, place.tenant_id, place.organisation_id)
        roles = frozenset(place.roles)
        viewer = viewer_of(roles, sees_exact_tiers=side.sees_exact_tiers)
        return Caller(
            tenant_id=place.tenant_id,
            actor_id=place.member_id,
            organisation_id=place.organisation_id,
            party_id=side.party_id,
            roles=roles,
            viewer=viewer,
            scopes=PERSON_SCOPES | ({Scope.INTROSPECT} if roles & STAFF else set()),
            person=person,
        )

    async def _guest(self, person: Person, wanted: str | None) -> Caller:
        try:
            named = None if wanted is None else TenantId.parse(wanted)
        except ValueError:
            raise _unauthenticated() from None
        async with self._pool.acquire(None) as connection:
            tenant_id = await callers.tenant_for_guest(connection, named)
        if tenant_id is None:
            raise Unauthenticated("You are a member of no marketplace: name yours in the Makegood-Tenant header.")
        roles = frozenset({Role.GUEST})
        return Caller(
            tenant_id=tenant_id,
            actor_id=guest_id(person),
            organisation_id=None,
            party_id=None,
            roles=roles,
            viewer=viewer_of(roles, sees_exact_tiers=False),
            scopes=PERSON_SCOPES,
            person=person,
        )

    # -- in the background -----------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Forgets whom the channel names. Whatever interrupts the listening forgets everybody."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(callers.CHANNEL)
                    await self._hear(pubsub)
            except LOST as reason:
                if self._hears:
                    _log.warning("revocations_not_heard", reason=type(reason).__name__)
            if self._hears:  # a revocation may have been missed
                self._hears = False
                self.forget_all()
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, pubsub: Any) -> None:
        """Until the connection is lost. Raises what the client raises then."""
        asked = False
        while True:
            message = await pubsub.get_message(timeout=HEARTBEAT_SECONDS)
            if message is None:
                if asked:
                    return  # neither news nor an answer: the connection is dead without having said so
                await pubsub.ping()
            asked = message is None
            if message is not None and message["type"] == "subscribe":
                self.forget_all()
                self._hears = True
            elif message is not None and message["type"] == "message":
                self.forget(message["data"].decode())

    async def _write_uses(self) -> None:
        while True:
            await asyncio.sleep(USE_WRITTEN_SECONDS)
            await self.write_uses()

    async def write_uses(self) -> None:
        """What is known of the last use of keys is in the database; kept for the next time if it cannot be asked."""
        for tenant_id in list(self._used):
            used: Mapping[ApiKeyId, datetime] = self._used.pop(tenant_id)
            try:
                async with self._pool.acquire(tenant_id) as connection:
                    await callers.mark_used(connection, tenant_id, used)
            except Refusal:
                self._used[tenant_id] = {**used, **self._used.get(tenant_id, {})}
                _log.warning("last_use_not_written", tenant=tenant_id)


def _issuer_of(settings: Settings) -> Issuer | None:
    """The issuer that the settings name, if they name one."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    from api.oidc import Issuer  # noqa: PLC0415 - 20 MiB of cryptography and HTTP client that only an issuer needs

    return Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)


def _unauthenticated() -> Unauthenticated:
    return Unauthenticated("The token is not good: it is unknown, expired or revoked.")
