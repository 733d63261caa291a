"""Who is calling: keys and tokens, good, forged, expired and revoked, with Valkey and without."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import jwt
import pytest
import redis.asyncio
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api import authenticate as authenticating
from api.authenticate import Authenticator
from api.oidc import Issuer
from api.operations import keys, organisations, parties
from api.settings import Settings
from domain.access import Person, Role, Scope, ViewerKind
from domain.errors import Conflict, ErrorCode, NotFound, Unauthenticated
from domain.ids import MemberId, TenantId
from domain.keys import Plane, RevokeApiKey, RotateApiKey, parse
from domain.members import AcceptInvitation, InviteMember, RemoveMember
from domain.suppliers import GrantTierSight
from domain.tenants import TenantKind
from storage import cache, callers
from storage.pool import Pool
from tests.listeners import deafen
from tests.marketplaces import Marketplace, open_marketplace

AUDIENCE = "makegood"
NOT_GOOD = "The token is not good: it is unknown, expired or revoked."
"""All that a refused caller learns: not which of the three."""


def bearer(text: str) -> bytes:
    return f"Bearer {text}".encode()


@pytest.fixture
async def authenticator(
    worker_pool: Pool, settings: Settings, valkey: redis.asyncio.Redis
) -> AsyncIterator[Authenticator]:
    async with Authenticator(worker_pool, valkey, settings) as authenticator:
        await until(lambda: authenticator.hears)
        yield authenticator


async def until(condition: Callable[[], bool]) -> None:
    """Waits until the condition holds; a test that waits too long fails."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the authenticator has no event for it
            await asyncio.sleep(0.01)


async def refused(authenticator: Authenticator, text: str, tenant: bytes = b"") -> Unauthenticated:
    with pytest.raises(Unauthenticated) as refusal:
        await authenticator.authenticate(bearer(text), tenant)
    return refusal.value


# -- keys --------------------------------------------------------------------------------------------------------------


async def test_a_key_becomes_the_caller_of_its_party(market: Marketplace, authenticator: Authenticator) -> None:
    buyer = await market.add("Acme", Role.BUYER)
    caller = await authenticator.authenticate(bearer(buyer.key))
    assert caller == buyer.caller
    assert authenticator.cached(bearer(buyer.key)) is caller
    assert parse(buyer.key).plane is Plane.TEST


async def test_each_kind_of_organisation_sees_as_its_own_kind(
    market: Marketplace, authenticator: Authenticator
) -> None:
    expected = {Role.BUYER: ViewerKind.BUYER, Role.SUPPLIER: ViewerKind.SUPPLIER, Role.PROVIDER: ViewerKind.PROVIDER}
    for role, kind in expected.items():
        member = await market.add(role.lower(), role)
        assert (await authenticator.authenticate(bearer(member.key))).viewer is kind
    admin = await authenticator.authenticate(bearer(market.made.admin_key))
    assert (admin.viewer, admin.party_id, admin.roles) == (ViewerKind.STAFF, None, frozenset({Role.ADMIN}))
    machine = await market.key(market.made.operator_id, Role.SERVICE, scopes=(Scope.WRITE,))
    shop = await authenticator.authenticate(bearer(machine))
    assert (shop.viewer, shop.scopes) == (ViewerKind.STAFF, frozenset({Scope.WRITE}))


async def test_whatever_is_wrong_with_a_key_gets_one_answer(market: Marketplace, authenticator: Authenticator) -> None:
    good = market.made.admin_key
    other = await market.key(market.made.operator_id, Role.SUPPORT)
    _, _, body, secret = good.split("_")
    wrong = {
        "nothing": "",
        "another secret": f"mg_test_{body}_{parse(other).secret}",
        "one digit off": good[:-1] + ("0" if good[-1] != "0" else "1"),
        "the other plane": f"mg_live_{body}_{secret}",
        "an unknown id": f"mg_test_{'0' * 26}_{secret}",
        "no secret": f"mg_test_{body}_",
        "an upper-case secret": f"mg_test_{body}_{secret.upper()}",
        "a secret beside others": f"mg_test_{body}_{secret}_{secret}",
        "not a key": "hunter2",
        "huge": "mg_" + "x" * 20_000,
        "not ASCII": "mg_tést",
    }
    for what, text in wrong.items():
        refusal = await refused(authenticator, text)
        assert (what, refusal.code, refusal.message) == (
            what,
            ErrorCode.UNAUTHENTICATED,
            NOT_GOOD,
        )
    for header in (b"", b"Basic " + good.encode(), good.encode(), b"Bearer", b"\xff\xfe"):
        with pytest.raises(Unauthenticated, match="not good"):
            await authenticator.authenticate(header)
    assert (await authenticator.authenticate(bearer(good))).tenant_id == market.id


async def test_an_expired_key_opens_nothing_and_is_not_remembered_beyond_its_end(
    market: Marketplace, authenticator: Authenticator
) -> None:
    end = datetime.now(UTC) + timedelta(seconds=3)
    text = await market.key(market.made.operator_id, Role.SUPPORT, expires_at=end)
    assert (await authenticator.authenticate(bearer(text))).tenant_id == market.id
    assert authenticator.cached(bearer(text)) is not None
    started = time.monotonic()
    authenticator.monotonic = lambda: started + 3.5
    assert authenticator.cached(bearer(text)) is None
    await market.pool.fetch(
        market.id, "UPDATE api_keys SET expires_at = now() - interval '1 us' WHERE id = $1", parse(text).id
    )
    await refused(authenticator, text)


async def test_a_rotated_key_lives_on_for_the_overlap_beside_the_new_one(
    market: Marketplace, authenticator: Authenticator
) -> None:
    old = await market.key(market.made.operator_id, Role.SUPPORT)
    wish = RotateApiKey(parse(old).id, timedelta(hours=1))
    new = (await market.act(market.admin, keys.rotate_api_key, wish)).once["secret"]
    one, other = await authenticator.authenticate(bearer(old)), await authenticator.authenticate(bearer(new))
    assert one.actor_id == parse(old).id
    assert other == dataclasses.replace(one, actor_id=parse(new).id)
    with pytest.raises(Conflict):
        await market.act(market.admin, keys.rotate_api_key, wish)
    at_once = RotateApiKey(parse(new).id, timedelta(0))
    await market.act(market.admin, keys.rotate_api_key, at_once)
    authenticator.forget(parse(new).id)
    await refused(authenticator, new)


async def test_a_revoked_key_is_forgotten_by_the_signal(
    market: Marketplace, authenticator: Authenticator, valkey: redis.asyncio.Redis
) -> None:
    text = await market.key(market.made.operator_id, Role.SUPPORT)
    bystander = await market.key(market.made.operator_id, Role.FINANCE)
    await authenticator.authenticate(bearer(text))
    await authenticator.authenticate(bearer(bystander))
    await market.act(market.admin, keys.revoke_api_key, RevokeApiKey(parse(text).id))
    await callers.tell(valkey, [parse(text).id])
    await until(lambda: authenticator.cached(bearer(text)) is None)
    assert authenticator.cached(bearer(bystander)) is not None
    await refused(authenticator, text)


async def test_without_valkey_callers_are_remembered_for_less_than_a_second_or_so(
    market: Marketplace, worker_pool: Pool, settings: Settings
) -> None:
    nowhere = cache.open_cache("redis://127.0.0.1:9/0")
    async with Authenticator(worker_pool, nowhere, settings) as deaf:
        await deaf.authenticate(bearer(market.made.admin_key))
        assert not deaf.hears
        assert deaf.cached(bearer(market.made.admin_key)) is not None
        later = time.monotonic() + authenticating.DEAF_SECONDS
        deaf.monotonic = lambda: later
        assert deaf.cached(bearer(market.made.admin_key)) is None
    await nowhere.aclose()


async def test_losing_valkey_forgets_everybody(
    market: Marketplace, authenticator: Authenticator, valkey: redis.asyncio.Redis
) -> None:
    await authenticator.authenticate(bearer(market.made.admin_key))
    await deafen(valkey)
    await until(lambda: authenticator.cached(bearer(market.made.admin_key)) is None)
    await until(lambda: authenticator.hears)


async def test_a_look_up_that_overlaps_a_revocation_is_not_remembered(
    market: Marketplace, authenticator: Authenticator, owner: asyncpg.Pool[Any]
) -> None:
    header = bearer(market.made.admin_key)
    async with owner.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE api_keys")  # the look-up waits
        asked = asyncio.create_task(authenticator.authenticate(header))
        await asyncio.sleep(0.05)
        authenticator.forget(parse(market.made.admin_key).id)
    assert (await asked).roles == {Role.ADMIN}
    assert authenticator.cached(header) is None


async def test_requests_that_arrive_together_ask_once(market: Marketplace, authenticator: Authenticator) -> None:
    header = bearer(market.made.admin_key)
    found = await asyncio.gather(*(authenticator.authenticate(header) for _ in range(20)))
    assert len({id(caller) for caller in found}) == 1


async def test_memory_is_bounded(
    market: Marketplace, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authenticating, "REMEMBERED_MAX", 2)
    texts = [await market.key(market.made.operator_id, Role.SUPPORT) for _ in range(3)]
    for text in texts:
        await authenticator.authenticate(bearer(text))
    assert [authenticator.cached(bearer(text)) is not None for text in texts] == [False, True, True]


async def test_the_last_use_is_written_in_the_background_only(
    market: Marketplace, authenticator: Authenticator
) -> None:
    id_ = parse(market.made.admin_key).id
    last_used = "SELECT last_used_at FROM api_keys WHERE id = $1"
    await authenticator.authenticate(bearer(market.made.admin_key))
    assert await market.pool.fetchval(market.id, last_used, id_) is None
    await authenticator.write_uses()
    first = await market.pool.fetchval(market.id, last_used, id_)
    assert first is not None
    await authenticator.write_uses()
    assert await market.pool.fetchval(market.id, last_used, id_) == first


async def test_a_frontend_key_is_held_to_documents_where_its_tenant_says_so(
    market: Marketplace, authenticator: Authenticator
) -> None:
    frontend = await market.key(market.made.operator_id, Role.SUPPORT, frontend=True)
    assert not (await authenticator.authenticate(bearer(frontend))).documents_only
    await market.pool.fetch(market.id, "UPDATE tenants SET documents_required = true WHERE tenant_id = $1", market.id)
    authenticator.forget_all()
    assert (await authenticator.authenticate(bearer(frontend))).documents_only
    assert not (await authenticator.authenticate(bearer(market.made.admin_key))).documents_only


async def test_sight_of_levels_makes_an_entitled_supplier(market: Marketplace, authenticator: Authenticator) -> None:
    supplier = await market.add("Forge", Role.SUPPLIER)
    assert (await authenticator.authenticate(bearer(supplier.key))).viewer is ViewerKind.SUPPLIER
    wish = GrantTierSight(supplier.party_id, True)  # type: ignore[arg-type]
    await market.act(market.staff(Role.POLICY), parties.grant_tier_sight, wish)
    authenticator.forget(str(supplier.party_id))
    assert (await authenticator.authenticate(bearer(supplier.key))).viewer is ViewerKind.ENTITLED_SUPPLIER


# -- tokens ------------------------------------------------------------------------------------------------------------


class TinyIssuer:
    """An OIDC issuer of the tests' own, on loopback: one RSA key, one EC key, and a count of who asked for them."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.published: dict[str, Any] = {"rsa-1": self.rsa, "ec-1": self.ec}
        self.asked = 0
        self.url = ""

    async def jwks(self, _request: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"keys": [self.jwk(name, key) for name, key in self.published.items()]})

    async def configuration(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/jwks"})

    @staticmethod
    def jwk(name: str, key: Any) -> dict[str, Any]:
        algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        published: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))
        return published | {"kid": name, "use": "sig"}

    def claims(self, subject: str, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300} | changed
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, subject: str, *, kid: str | None = "rsa-1", **changed: Any) -> str:
        return self.sign(self.claims(subject, **changed), kid=kid)

    def sign(self, claims: dict[str, Any], *, kid: str | None = "rsa-1") -> str:
        key, algorithm = (self.ec, "ES256") if kid == "ec-1" else (self.rsa, "RS256")
        return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


@pytest.fixture
async def tiny() -> AsyncIterator[TinyIssuer]:
    issuer = TinyIssuer()
    application = web.Application()
    application.router.add_get("/jwks", issuer.jwks)
    application.router.add_get("/.well-known/openid-configuration", issuer.configuration)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield issuer
    await runner.cleanup()


@pytest.fixture
async def doorkeeper(
    worker_pool: Pool, settings: Settings, valkey: redis.asyncio.Redis, tiny: TinyIssuer
) -> AsyncIterator[Authenticator]:
    """An authenticator that trusts the tiny issuer."""
    trusting = dataclasses.replace(settings, oidc_issuer=tiny.url, oidc_audience=AUDIENCE)
    async with Authenticator(worker_pool, valkey, trusting) as authenticator:
        yield authenticator


async def join(market: Marketplace, doorkeeper: Authenticator, token: str, *roles: Role) -> MemberId:
    """The person of that token is a member of the operator's organisation."""
    wish = InviteMember(market.made.operator_id, "somebody@example.com", roles)
    letter = (await market.act(market.admin, organisations.invite_member, wish)).once["secret"]
    guest = await doorkeeper.authenticate(bearer(token), market.id.encode())
    accepted = await market.act(guest, organisations.accept_invitation, AcceptInvitation(letter))
    return MemberId(accepted.things["member"])


async def test_a_person_comes_as_a_guest_and_becomes_a_member_by_invitation(
    market: Marketplace, doorkeeper: Authenticator, tiny: TinyIssuer
) -> None:
    token = tiny.token("ada")
    guest = await doorkeeper.authenticate(bearer(token))
    assert (guest.tenant_id, guest.viewer, guest.roles) == (market.id, ViewerKind.PUBLIC, frozenset({Role.GUEST}))
    assert guest.person == Person(tiny.url, "ada")
    member_id = await join(market, doorkeeper, token, Role.ADMIN, Role.FINANCE)
    caller = await doorkeeper.authenticate(bearer(token))
    assert (caller.actor_id, caller.organisation_id) == (member_id, market.made.operator_id)
    assert (caller.viewer, caller.roles) == (ViewerKind.STAFF, frozenset({Role.ADMIN, Role.FINANCE}))
    assert Scope.INTROSPECT in caller.scopes
    assert await doorkeeper.authenticate(bearer(tiny.token("ada", kid="ec-1"))) == caller


async def test_forged_tokens_get_one_answer(market: Marketplace, doorkeeper: Authenticator, tiny: TinyIssuer) -> None:
    assert (await doorkeeper.authenticate(bearer(tiny.token("ada")))).tenant_id == market.id
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = tiny.rsa.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    now = int(time.time())
    good = tiny.claims("ada")
    head, body, signature = tiny.token("ada").split(".")
    forged = {
        "alg none": jwt.encode(good, "", "none", headers={"kid": "rsa-1"}),
        "the public key as a secret": hs256(good, public, "rsa-1"),
        "another's key": jwt.encode(good, stranger, "RS256", headers={"kid": "rsa-1"}),
        "another algorithm of the same key": jwt.encode(good, tiny.rsa, "PS256", headers={"kid": "rsa-1"}),
        "a stronger hash than ours": jwt.encode(good, tiny.rsa, "RS512", headers={"kid": "rsa-1"}),
        "an unknown key": jwt.encode(good, stranger, "RS256", headers={"kid": "rsa-2"}),
        "no key named": tiny.sign(good, kid=None),
        "another audience": tiny.token("ada", aud="another"),
        "no audience": tiny.token("ada", aud=None),
        "another issuer": tiny.token("ada", iss="https://issuer.example"),
        "expired": tiny.token("ada", exp=now - 60),
        "without end": tiny.token("ada", exp=None),
        "not yet": tiny.token("ada", nbf=now + 300),
        "nobody": tiny.token("ada", sub=None),
        "a tenant that is no text": tiny.token("ada", tenant=7),
        "a tenant that is no id": tiny.token("ada", tenant="ten_'; --"),
        "unsigned": f"{head}.{body}.",
        "another body": f"{head}.{tiny.token('eve').split('.')[1]}.{signature}",
        "rubbish": "a.b.c",
        "large": tiny.token("a" * 9000),
    }
    for what, token in forged.items():
        refusal = await refused(doorkeeper, token)
        assert (what, refusal.code, refusal.message) == (
            what,
            ErrorCode.UNAUTHENTICATED,
            NOT_GOOD,
        )


def hs256(claims: dict[str, Any], secret: bytes, kid: str) -> str:
    """What PyJWT refuses to make: a token signed with a public key as if it were a shared secret."""
    encode = jwt.utils.base64url_encode
    head = encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": kid}).encode())
    signed = head + b"." + encode(json.dumps(claims).encode())
    return (signed + b"." + encode(hmac.new(secret, signed, hashlib.sha256).digest())).decode()


async def test_a_little_leeway_for_clocks_that_differ(
    market: Marketplace, doorkeeper: Authenticator, tiny: TinyIssuer
) -> None:
    now = int(time.time())
    assert (await doorkeeper.authenticate(bearer(tiny.token("ada", exp=now - 5)))).tenant_id == market.id
    assert (await doorkeeper.authenticate(bearer(tiny.token("bob", nbf=now + 5)))).tenant_id == market.id


async def test_unknown_keys_ask_the_issuer_once_per_interval(tiny: TinyIssuer) -> None:
    issuer = Issuer(tiny.url, AUDIENCE, f"{tiny.url}/jwks", refresh_seconds=3600)
    await issuer.verify(tiny.token("ada"))
    assert tiny.asked == 1
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = [jwt.encode(tiny.claims("eve"), stranger, "RS256", headers={"kid": f"k{number}"}) for number in range(30)]
    results = await asyncio.gather(*(issuer.verify(token) for token in forged), return_exceptions=True)
    assert all(isinstance(result, Unauthenticated) for result in results)
    assert tiny.asked == 1


async def test_a_new_key_of_the_issuer_is_found_by_asking_again(tiny: TinyIssuer) -> None:
    issuer = Issuer(tiny.url, AUDIENCE, None, refresh_seconds=0)
    await issuer.verify(tiny.token("ada"))
    tiny.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    tiny.published["rsa-2"] = tiny.rsa
    assert (await issuer.verify(tiny.token("ada", kid="rsa-2"))).person.subject == "ada"
    assert tiny.asked == 2


async def test_keys_survive_an_issuer_that_cannot_be_asked(tiny: TinyIssuer) -> None:
    issuer = Issuer(tiny.url, AUDIENCE, f"{tiny.url}/jwks", refresh_seconds=0)
    await issuer.verify(tiny.token("ada"))
    issuer._jwks_url = f"{tiny.url}/gone"
    with pytest.raises(Unauthenticated):
        await issuer.verify(tiny.token("ada", kid="rsa-9"))
    assert (await issuer.verify(tiny.token("ada"))).person.subject == "ada"


async def test_keys_of_other_sorts_are_left_alone(tiny: TinyIssuer) -> None:
    tiny.published["big-1"] = ec.generate_private_key(ec.SECP384R1())
    issuer = Issuer(tiny.url, AUDIENCE, f"{tiny.url}/jwks")
    token = jwt.encode(tiny.claims("ada"), tiny.published["big-1"], "ES384", headers={"kid": "big-1"})
    with pytest.raises(Unauthenticated):
        await issuer.verify(token)
    assert (await issuer.verify(tiny.token("ada"))).person.subject == "ada"


async def test_a_person_in_several_marketplaces_names_one(
    market: Marketplace, worker_pool: Pool, doorkeeper: Authenticator, tiny: TinyIssuer
) -> None:
    other = await open_marketplace(worker_pool, "Another market", kind=TenantKind.LIVE)
    token = tiny.token("ada")
    assert "name yours" in (await refused(doorkeeper, token)).message
    await join(market, doorkeeper, token, Role.SUPPORT)
    assert (await doorkeeper.authenticate(bearer(token))).tenant_id == market.id
    doorkeeper.forget_all()
    await join(other, doorkeeper, token, Role.FINANCE)
    doorkeeper.forget_all()
    assert "name one" in (await refused(doorkeeper, token)).message
    assert (await doorkeeper.authenticate(bearer(token), market.id.encode())).roles == {Role.SUPPORT}
    assert (await doorkeeper.authenticate(bearer(token), other.id.encode())).roles == {Role.FINANCE}
    named = tiny.token("ada", tenant=other.id)
    assert (await doorkeeper.authenticate(bearer(named))).tenant_id == other.id
    assert "another marketplace" in (await refused(doorkeeper, named, market.id.encode())).message
    nowhere = TenantId("ten_" + "0" * 26)
    assert "member of no marketplace" in (await refused(doorkeeper, token, nowhere.encode())).message


async def test_a_removed_member_is_a_guest_again(
    market: Marketplace, doorkeeper: Authenticator, tiny: TinyIssuer
) -> None:
    token = tiny.token("ada")
    member_id = await join(market, doorkeeper, token, Role.SUPPORT)
    assert (await doorkeeper.authenticate(bearer(token))).roles == {Role.SUPPORT}
    await market.act(market.admin, organisations.remove_member, RemoveMember(member_id))
    doorkeeper.forget(member_id)
    assert (await doorkeeper.authenticate(bearer(token))).roles == {Role.GUEST}
    with pytest.raises(NotFound):
        await market.act(market.admin, organisations.remove_member, RemoveMember(member_id))


async def test_without_an_issuer_no_token_is_good(
    market: Marketplace, authenticator: Authenticator, tiny: TinyIssuer
) -> None:
    await refused(authenticator, tiny.token("ada"))
