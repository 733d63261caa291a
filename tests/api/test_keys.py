"""API keys over the engine and at the terminal: issued, rotated, revoked, and never shown twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from api.authenticate import Authenticator
from api.operations import keys
from api.settings import Settings
from api.verbs import keys as keys_verb
from api.verbs import tenants as tenants_verb
from api.worker import Worker
from domain.access import Caller, Role, Scope
from domain.errors import Unauthenticated
from domain.keys import RevokeApiKey, parse
from storage import cache, callers
from storage.pool import Pool
from tests.api.test_callers import bearer, until
from tests.marketplaces import Asking, Marketplace
from tests.serving import Served

KEY = "apiKey { id label roles scopes frontend expiresAt revokedAt version replacedBy { id } } secret"


@pytest.fixture
async def authenticator(
    worker_pool: Pool, settings: Settings, valkey: redis.asyncio.Redis
) -> AsyncIterator[Authenticator]:
    async with Authenticator(worker_pool, valkey, settings) as authenticator:
        await until(lambda: authenticator.hears)
        yield authenticator


async def issued(ask: Asking, caller: Caller, *roles: Role, **more: Any) -> Any:
    wish = {"label": "Warehouse", "roles": list(roles), "scopes": ["READ", "WRITE"]} | more
    return await ask.mutate(caller, "issueApiKey", KEY, **wish)


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


async def test_a_secret_is_shown_once_and_kept_nowhere(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], authenticator: Authenticator
) -> None:
    acme = await market.add("Acme", Role.BUYER)
    payload = await issued(ask, acme.caller, Role.BUYER, idempotencyKey="once")
    text = payload["secret"]
    assert payload["apiKey"]["id"] == parse(text).id
    assert (await authenticator.authenticate(bearer(text))).party_id == acme.party_id
    again = await issued(ask, acme.caller, Role.BUYER, idempotencyKey="once")
    assert (again["apiKey"], again["secret"]) == (payload["apiKey"], None)
    secret = parse(text).secret
    digest = parse(text).digest.hex()
    async with owner.acquire() as connection:
        tables = await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200")
        for name in (row["relname"] for row in tables):
            rows = [row["row"] for row in await connection.fetch(f"SELECT to_jsonb(t)::text AS row FROM {name} t")]
            assert not [row for row in rows if secret in row], name
            assert name == "api_keys" or not [row for row in rows if digest in row], name


async def test_a_key_never_opens_more_than_its_issuer(market: Marketplace, ask: Asking) -> None:
    acme, forge = await market.add("Acme", Role.BUYER), await market.add("Forge", Role.SUPPLIER)
    narrow = Caller(
        market.id,
        acme.caller.actor_id,
        acme.organisation_id,
        acme.party_id,
        acme.caller.roles,
        acme.caller.viewer,
        frozenset({Scope.READ, Scope.WRITE}),
    )
    assert codes(await issued(ask, narrow, Role.BUYER, scopes=["READ", "INTROSPECT"])) == ["FORBIDDEN"]
    assert codes(await issued(ask, acme.caller, Role.BUYER, scopes=["READ", "INTROSPECT"])) == []
    assert codes(await issued(ask, acme.caller, Role.ADMIN)) == ["INVALID"]
    assert codes(await issued(ask, acme.caller, Role.SUPPLIER)) == ["INVALID"]
    for organisation_id in (forge.organisation_id, market.made.operator_id):
        assert codes(await issued(ask, acme.caller, Role.BUYER, organisationId=organisation_id)) == ["NOT_FOUND"]
    for role in (Role.SUPPORT, Role.SERVICE, Role.FINANCE):
        assert codes(await issued(ask, market.staff(role), Role.SUPPORT)) == ["FORBIDDEN"]
    wrong = await issued(ask, acme.caller, Role.GUEST, label=" ", scopes=[], expiresAt="2020-01-01T00:00:00Z")
    fields = [error["field"] for error in wrong["userErrors"]]
    assert fields in ([["label"]], [["label"], ["roles"], ["scopes"], ["expiresAt"]])
    wrong = await issued(ask, acme.caller, Role.GUEST, scopes=[], expiresAt="2020-01-01T00:00:00Z")
    assert [error["field"] for error in wrong["userErrors"]] == [["roles"], ["scopes"], ["expiresAt"]]


async def test_another_partys_keys_are_not_found(market: Marketplace, ask: Asking) -> None:
    acme, bolt = await market.add("Acme", Role.BUYER), await market.add("Bolt", Role.BUYER)
    id_ = parse(acme.key).id
    for mutation in ("rotateApiKey", "revokeApiKey"):
        assert codes(await ask.mutate(bolt.caller, mutation, "apiKey { id }", keyId=id_)) == ["NOT_FOUND"]
    text = "query ($id: ID!) { apiKey(id: $id) { id } node(id: $id) { id } apiKeys(first: 9) { totalCount } }"
    assert await ask(bolt.caller, text, id=id_) == {"apiKey": None, "node": None, "apiKeys": {"totalCount": 1}}
    assert (await ask(market.admin, text, id=id_))["apiKeys"]["totalCount"] == 3


async def test_rotation_gives_the_old_key_an_end(
    market: Marketplace, ask: Asking, authenticator: Authenticator
) -> None:
    acme = await market.add("Acme", Role.BUYER)
    shown = "apiKey { id roles scopes expiresAt } retired { id expiresAt replacedBy { id } version } secret"
    rotated = await ask.mutate(acme.caller, "rotateApiKey", shown, keyId=parse(acme.key).id, overlap="PT1H")
    assert rotated["retired"]["replacedBy"] == {"id": rotated["apiKey"]["id"]}
    assert (rotated["retired"]["version"], rotated["apiKey"]["expiresAt"]) == (2, None)
    assert rotated["retired"]["expiresAt"] is not None
    for text in (acme.key, rotated["secret"]):
        assert (await authenticator.authenticate(bearer(text))).party_id == acme.party_id
    assert codes(await ask.mutate(acme.caller, "rotateApiKey", shown, keyId=parse(acme.key).id)) == ["CONFLICT"]


async def test_the_outbox_tells_every_server_of_a_revocation(
    market: Marketplace, ask: Asking, authenticator: Authenticator, worker_pool: Pool, settings: Settings
) -> None:
    acme = await market.add("Acme", Role.BUYER)
    await authenticator.authenticate(bearer(acme.key))
    revoked = await ask.mutate(acme.caller, "revokeApiKey", KEY, keyId=parse(acme.key).id)
    assert revoked["apiKey"]["revokedAt"] is not None
    assert codes(await ask.mutate(acme.caller, "revokeApiKey", KEY, keyId=parse(acme.key).id)) == ["CONFLICT"]
    assert authenticator.cached(bearer(acme.key)) is not None
    client = cache.open_cache(settings.redis_url)
    await Worker(worker_pool, client).publish(market.id)
    await client.aclose()
    await until(lambda: authenticator.cached(bearer(acme.key)) is None)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(bearer(acme.key))


# -- at the terminal ---------------------------------------------------------------------------------------------------


def test_the_terminal_makes_a_marketplace_and_looks_after_its_keys(terminal: Any) -> None:
    made = terminal(tenants_verb.command, "create", "--name", "Harbour", "--kind", "sandbox", "--market", "NL")
    assert made.exit_code == 0, made.output
    told = dict(line.rsplit(None, 1) for line in made.output.splitlines())
    assert parse(told["admin key"]).plane == "test"
    assert terminal(tenants_verb.command, "list").output == f"{told['tenant']}  sandbox  Harbour\n"
    issue = ["issue", "--organisation", told["operator"], "--label", "shop", "--role", "SERVICE", "--role", "SUPPORT"]
    result = terminal(keys_verb.command, *issue)
    assert result.exit_code == 0, result.output
    id_, text = result.output.splitlines()
    assert parse(text).id == id_
    rotated = terminal(keys_verb.command, "rotate", id_, "--overlap-hours", "0")
    new_id, _ = rotated.output.splitlines()
    assert terminal(keys_verb.command, "revoke", new_id).output == f"{new_id} opens nothing any more.\n"
    listed = {line.split()[0]: line.split()[1] for line in terminal(keys_verb.command, "list").output.splitlines()}
    assert listed == {parse(told["admin key"]).id: "good", id_: "expired", new_id: "revoked"}


def test_the_terminal_refuses_in_a_sentence(terminal: Any) -> None:
    wrong = terminal(tenants_verb.command, "create", "--name", "Harbour", "--market", "Atlantis", "--currency", "XYZ")
    assert str(wrong.exception) == "market 'Atlantis' is not a country; currency 'XYZ' is not a currency"
    assert "no marketplace yet" in terminal(tenants_verb.command, "list").output
    nowhere = terminal(keys_verb.command, "list")
    assert "tenants create --name" in str(nowhere.exception)
    malformed = terminal(keys_verb.command, "revoke", "key_1")
    assert "'key_1'" in str(malformed.exception)


# -- over HTTP ---------------------------------------------------------------------------------------------------------

READING = "{ viewer { kind } }"
WRITING = (
    'mutation { createOrganisation(input: {kind: SERVICE, name: "Shop"}) { organisation { id } userErrors { code } } }'
)
SCHEMA = "{ __schema { queryType { name } } }"


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        ((Scope.READ, Scope.WRITE, Scope.INTROSPECT), (200, [], 200)),
        ((Scope.READ,), (200, ["FORBIDDEN"], 403)),
        ((Scope.WRITE,), (403, [], 403)),
        ((Scope.INTROSPECT,), (403, ["FORBIDDEN"], 200)),
    ],
)
async def test_a_key_is_good_for_its_scopes_only(
    market: Marketplace, served: Served, scopes: tuple[Scope, ...], statuses: tuple[int, list[str], int]
) -> None:
    served.headers["authorization"] = f"Bearer {await market.key(market.made.operator_id, Role.ADMIN, scopes=scopes)}"
    read, written, schema = [await served.ask(text) for text in (READING, WRITING, SCHEMA)]
    assert (read.status, schema.status) == (statuses[0], statuses[2])
    assert written.status == 200
    payload = written.json["data"]["createOrganisation"]
    assert [error["code"] for error in payload["userErrors"]] == statuses[1]
    assert (payload["organisation"] is None) is bool(statuses[1])
    assert read.status == 200 or read.codes == ["FORBIDDEN"]


async def test_a_revoked_key_is_unauthenticated_over_http(
    market: Marketplace, served: Served, valkey: redis.asyncio.Redis
) -> None:
    text = await market.key(market.made.operator_id, Role.ADMIN)
    served.headers["authorization"] = f"Bearer {text}"
    assert (await served.ask(READING)).json["data"]["viewer"] == {"kind": "STAFF"}
    await market.act(market.admin, keys.revoke_api_key, RevokeApiKey(parse(text).id))
    await callers.tell(valkey, [parse(text).id])
    authenticator = served.platform.authenticator
    await until(lambda: authenticator.cached(bearer(text)) is None)
    refused = await served.ask(READING)
    assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
    assert text not in refused.content.decode()
