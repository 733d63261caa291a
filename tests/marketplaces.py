"""Marketplaces made for tests through the operations: a tenant, its operator, and parties with keys of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import orjson

from api.operations import buyers, keys, parties
from api.operations.tenants import NewTenant, create_tenant, system
from api.reads.engine import Answer, Engine, Request
from domain.access import Caller, Role, Scope, ViewerKind
from domain.ids import ApiKeyId, Id, OrganisationId, PartyId, TenantId
from domain.keys import IssueApiKey, parse
from domain.parties import Registration
from domain.providers import ProviderKind, RegisterProvider
from domain.tenants import CreateTenant, TenantKind
from storage.callers import party_id
from storage.minting import mint
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact

C = TypeVar("C")
ALL_SCOPES = frozenset(Scope)


@dataclass(slots=True)
class Member:
    """One party (or the operator) with its organisation, its key as text, and the caller that the key makes."""

    organisation_id: OrganisationId
    party_id: PartyId | None
    key: str
    caller: Caller


@dataclass(slots=True)
class Marketplace:
    """A tenant whose parties were registered by its own operations. `pool` is of the worker's role."""

    pool: Pool
    made: NewTenant
    admin: Caller
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def id(self) -> TenantId:
        return self.made.id

    async def act(self, caller: Caller, operation: Callable[[Work, C], Awaitable[Outcome]], command: C) -> Outcome:
        """The operation's outcome, in a transaction of its own. Raises what it refuses."""
        outcome, _ = await transact(
            self.pool,
            caller,
            action=operation.__name__,
            request_id="test",
            act=lambda work: operation(work, command),
        )
        return outcome

    async def key(
        self,
        organisation_id: OrganisationId,
        *roles: Role,
        scopes: tuple[Scope, ...] = tuple(Scope),
        expires_at: datetime | None = None,
        frontend: bool = False,
    ) -> str:
        """The text of a new key of that organisation."""
        wish = IssueApiKey(organisation_id, "for a test", roles, scopes, frontend, expires_at)
        return (await self.act(self.admin, keys.issue_api_key, wish)).once["secret"]

    async def add(self, name: str, role: Role, *, exact_tiers: bool = False) -> Member:
        """A party of that role, named and kept under `name`, with a key."""
        wish = Registration(name, "NL", reference=name)
        if role is Role.BUYER:
            outcome = await self.act(self.admin, buyers.register_buyer, wish)
            viewer = ViewerKind.BUYER
        elif role is Role.SUPPLIER:
            outcome = await self.act(self.admin, parties.register_supplier, wish)
            viewer = ViewerKind.ENTITLED_SUPPLIER if exact_tiers else ViewerKind.SUPPLIER
        else:
            command = RegisterProvider(wish, ProviderKind.EXPRESS_COURIER)
            outcome = await self.act(self.admin, parties.register_provider, command)
            viewer = ViewerKind.PROVIDER
        party = party_id(str(next(iter(outcome.things.values()))))
        organisation_id = await self.organisation_of(party)
        text = await self.key(organisation_id, role)
        caller = Caller(self.id, parse(text).id, organisation_id, party, frozenset({role}), viewer, ALL_SCOPES)
        self.members[name] = Member(organisation_id, party, text, caller)
        return self.members[name]

    async def organisation_of(self, party: PartyId) -> OrganisationId:
        table = {"buy": "buyers", "sup": "suppliers", "prv": "providers"}[party[:3]]
        text = f"SELECT organisation_id FROM {table} WHERE tenant_id = $1 AND id = $2"
        return OrganisationId(await self.pool.fetchval(self.id, text, self.id, party))

    def staff(self, *roles: Role, actor: Id | None = None) -> Caller:
        """A caller of the operator's organisation with those roles."""
        return Caller(
            self.id,
            actor or mint(ApiKeyId),
            self.made.operator_id,
            None,
            frozenset(roles),
            ViewerKind.STAFF,
            ALL_SCOPES,
        )


async def open_marketplace(
    pool: Pool, name: str = "Test market", *, kind: TenantKind = TenantKind.SANDBOX
) -> Marketplace:
    """A new tenant with nothing in it but its operator, its first admin key and the shipped rules."""
    made = await create_tenant(pool, CreateTenant(name, kind, "US", "USD"), request_id="test")
    return marketplace(pool, made)


def marketplace(pool: Pool, made: NewTenant) -> Marketplace:
    """That tenant, as tests speak of it."""
    return Marketplace(pool, made, system(made.id, "test"))


class Asking:
    """A client of the engine: what a caller asks is answered as over HTTP, without HTTP."""

    def __init__(self, engine: Engine, reader: Engine | None = None) -> None:
        self.engine, self.reader = engine, reader or engine
        """`reader` parses, validates and plans: one of the same contract may do it for several over other pools."""

    async def answer(self, caller: Caller, text: str, **variables: Any) -> Answer:
        """The engine's answer, errors included."""
        return await self.engine.execute(
            Request(self.reader.prepare(text), caller, f"req_{mint(ApiKeyId)}", None, variables)
        )

    async def __call__(self, caller: Caller, text: str, **variables: Any) -> Any:
        """The data of an answer without errors, as a client parses it."""
        answer = await self.answer(caller, text, **variables)
        assert not answer.errors, answer.errors
        return orjson.loads(answer.body())["data"]

    async def mutate(self, caller: Caller, mutation: str, selection: str, **members: Any) -> Any:
        """The payload of one mutation, whose input has those members; `userErrors` are always selected."""
        kind = self.engine.contract.graphql.mutation_type.fields[mutation].args["input"].type  # type: ignore[union-attr]
        text = f"mutation ($input: {kind}) {{ {mutation}(input: $input) {{ {selection} userErrors {ERROR} }} }}"
        return (await self(caller, text, input=members))[mutation]


ERROR = "{ code message field rule reasons { rule holds reason } }"
