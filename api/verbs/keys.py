"""`./run keys`: API keys from the platform's own terminal, through the same operations as the mutations."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import typer

from api.operations import keys
from api.operations.tenants import system
from api.settings import Settings, Unusable
from api.verbs.tenants import Named, instant_named, tenant_named, with_worker
from domain.access import Role, Scope
from domain.ids import ApiKeyId, Id, OrganisationId
from domain.keys import OVERLAP, ApiKey, IssueApiKey, RevokeApiKey, RotateApiKey
from storage import cache, callers
from storage import keys as key_rows
from storage.pool import Pool
from storage.unit_of_work import Outcome, Work, transact

I = TypeVar("I", bound=Id)  # noqa: E741 - an id's kind

command = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Issue, rotate and revoke API keys.",
    no_args_is_help=True,
)


@command.command()
def issue(
    organisation: Annotated[str, typer.Option(help="The organisation that the key acts for.")],
    label: Annotated[str, typer.Option(help="What its people call it.")],
    role: Annotated[list[Role], typer.Option(help="What it may be; may be given several times.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="What it is good for; READ and WRITE if not given.")] = None,
    expires: Annotated[str | None, typer.Option(help="Its last instant: 2027-01-31T23:59:59Z.")] = None,
    frontend: Annotated[bool, typer.Option("--frontend", help="A browser or an app will hold it.")] = False,
    tenant: Named = None,
) -> None:
    """Issue a key. It is shown this once."""
    wish = IssueApiKey(
        organisation_id=_id(OrganisationId, organisation),
        label=label,
        roles=tuple(role),
        scopes=tuple(scope or (Scope.READ, Scope.WRITE)),
        frontend=frontend,
        expires_at=None if expires is None else instant_named(expires),
    )
    outcome = _acted(tenant, "issueApiKey", lambda work: keys.issue_api_key(work, wish))
    print(f"{outcome.things['apiKey']}\n{outcome.once['secret']}")


@command.command()
def rotate(
    key: Annotated[str, typer.Argument(help="The key's id: key_…")],
    overlap_hours: Annotated[int, typer.Option(min=0, help="How long the old one lives on.")] = (
        OVERLAP // timedelta(hours=1)
    ),
    tenant: Named = None,
) -> None:
    """Issue a new key with the same rights; the old one ends after the overlap. The new one is shown this once."""
    wish = RotateApiKey(_id(ApiKeyId, key), timedelta(hours=overlap_hours))
    outcome = _acted(tenant, "rotateApiKey", lambda work: keys.rotate_api_key(work, wish), forget=key)
    print(f"{outcome.things['apiKey']}\n{outcome.once['secret']}")


@command.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id: key_…")], tenant: Named = None) -> None:
    """Revoke a key. Servers forget it at once."""
    wish = RevokeApiKey(_id(ApiKeyId, key))
    _acted(tenant, "revokeApiKey", lambda work: keys.revoke_api_key(work, wish), forget=key)
    print(f"{key} opens nothing any more.")


@command.command("list")
def list_(tenant: Named = None) -> None:
    """List a marketplace's keys, oldest first."""

    async def told(_settings: Settings, pool: Pool) -> list[str]:
        tenant_id = await tenant_named(pool, tenant)
        async with pool.acquire(tenant_id) as connection:
            now = await key_rows.real_now(connection)
            return [_line(key, now) for key in await key_rows.page(connection, tenant_id)]

    print("\n".join(with_worker(told)))


def _line(key: ApiKey, now: datetime) -> str:
    state = "revoked" if key.revoked_at else "good" if key.opens(now) else "expired"
    used = "never used" if key.last_used_at is None else f"used {key.last_used_at:%Y-%m-%d %H:%M}Z"
    return f"{key.id}  {state:7}  {key.organisation_id}  {','.join(key.roles):20}  {used:22}  {key.label}"


def _acted(
    tenant: str | None, action: str, act: Callable[[Work], Awaitable[Outcome]], *, forget: str | None = None
) -> Outcome:
    """What the operation led to; every server was told to forget the key, if one is named and Valkey is there."""

    async def acted(settings: Settings, pool: Pool) -> Outcome:
        caller = system(await tenant_named(pool, tenant), "keys")
        request_id = f"run keys {secrets.token_hex(4)}"
        outcome, _ = await transact(pool, caller, action=action, request_id=request_id, act=act)
        if forget is not None:
            await _tell(settings, forget)
        return outcome

    return with_worker(acted)


async def _tell(settings: Settings, key: str) -> None:
    redis: Any = cache.open_cache(settings.redis_url)
    try:
        if not await callers.tell(redis, [key]):
            print("Valkey could not be told; servers find out within seconds by themselves.")
    finally:
        await redis.aclose()


def _id(kind: type[I], text: str) -> I:
    try:
        return kind.parse(text)
    except ValueError as reason:
        raise Unusable(f"{text!r}: {reason}.") from reason
