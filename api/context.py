"""What every handler of this process shares: opened when the process starts, closed when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex
from typing import Any, Final

from api.authenticate import Authenticator
from api.documents import TrustedDocuments
from api.metrics import Figures
from api.reads.engine import Engine
from api.settings import Settings
from api.throttle import Throttle
from domain.access import Caller, Scope, ViewerKind
from domain.ids import Id, TenantId
from storage.fanout import Fanout
from storage.files import Files
from storage.pool import Pool

ANONYMOUS: Final = Caller(
    tenant_id=TenantId(""),
    actor_id=Id("anonymous"),
    organisation_id=None,
    party_id=None,
    roles=frozenset(),
    viewer=ViewerKind.PUBLIC,
    scopes=frozenset({Scope.INTROSPECT}),
)
"""Whoever sends no token to a demo: may read the schema, and belongs to no tenant."""


class RequestIds:
    """Ids of requests, unique over all processes: a random beginning of this process's own, and a count."""

    def __init__(self) -> None:
        self._beginning = f"req_{token_hex(8)}_"
        self._count = count(1)

    def __call__(self) -> str:
        """The next one."""
        return self._beginning + str(next(self._count))


@dataclass(slots=True)
class Platform:
    """The open parts of one serving process."""

    settings: Settings
    pool: Pool
    redis: Any
    engine: Engine
    authenticator: Authenticator
    throttle: Throttle
    documents: TrustedDocuments
    fanout: Fanout
    files: Files
    figures: Figures
    request_ids: RequestIds = field(default_factory=RequestIds)

    def introspects(self, caller: Caller) -> bool:
        """Whether the caller may read the schema. In a demo everybody may."""
        return self.settings.demo or Scope.INTROSPECT in caller.scopes

    async def caller_of(self, headers: Mapping[bytes, bytes]) -> Caller:
        """Who sent those headers. In a demo nobody may ask as well: ANONYMOUS.

        Raises:
            Unauthenticated: nobody is vouched for.
        """
        authorization, tenant = headers.get(b"authorization", b""), headers.get(b"makegood-tenant", b"")
        if not authorization and self.settings.demo:
            return ANONYMOUS
        known = self.authenticator.cached(authorization, tenant)
        return known if known is not None else await self.authenticator.authenticate(authorization, tenant)
