"""People's access tokens: signed by the one issuer we trust, for us, and good now (OpenID Connect, RFC 9068).

Laws: the algorithms are a fixed list, and a key is used with its own algorithm only, so that neither `none` nor a
public key taken for a shared secret gets anywhere; `iss`, `aud`, `exp`, `nbf` and `sub` are checked, with a little
leeway for clocks that differ. The issuer's keys are fetched without blocking, kept for a while, and asked for again
when a token names an unknown one, but never more often than the interval allows: forged tokens cannot make us flood the
issuer.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import jwt
import orjson
import structlog

from domain.access import Person
from domain.errors import Unauthenticated

ALGORITHMS: Final = ("RS256", "ES256")
LEEWAY_SECONDS: Final = 30
TOKEN_BYTES_MAX: Final = 8192
KEYS_BYTES_MAX: Final = 256 * 1024
FETCH_SECONDS: Final = 5.0
REFRESH_SECONDS: Final = 30.0
"""The least time between two fetches, whatever asks for them."""
FRESH_SECONDS: Final = 600.0
"""After this the keys are fetched again before the next token is checked."""
STALE_SECONDS: Final = 3600.0
"""After this, keys that could not be fetched again count for nothing."""

_log: Final = structlog.get_logger("makegood.oidc")


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was found good: who it vouches for, the tenant it names if it does, and its end (Unix seconds)."""

    person: Person
    tenant: str | None
    expires_at: float

    @property
    def usable_until(self) -> float:
        """When it stops being good here: clocks may differ by the leeway (Unix seconds)."""
        return self.expires_at + LEEWAY_SECONDS


class NotFetched(Exception):
    """The issuer's keys could not be had."""


class Issuer:
    """The one issuer we trust, and what we know of its keys."""

    def __init__(
        self, issuer: str, audience: str, jwks_url: str | None = None, *, refresh_seconds: float = REFRESH_SECONDS
    ) -> None:
        self.issuer, self.audience = issuer, audience
        self._jwks_url = jwks_url
        self._refresh_seconds = refresh_seconds
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")
        self._turn = asyncio.Lock()

    async def verify(self, text: str) -> Token:
        """The token, if it is good now.

        Raises:
            Unauthenticated: it is not; the same answer whatever is wrong with it.
        """
        try:
            if len(text) > TOKEN_BYTES_MAX:
                raise jwt.InvalidTokenError
            header = jwt.get_unverified_header(text)
            key = await self._key(header.get("kid"))
            if key is None or header.get("alg") != key.algorithm_name:
                raise jwt.InvalidTokenError
            claims = jwt.decode(
                text,
                key,
                algorithms=list(ALGORITHMS),
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            tenant = claims.get("tenant")
            if tenant is not None and not isinstance(tenant, str):
                raise jwt.InvalidTokenError
        except (jwt.InvalidTokenError, RecursionError) as reason:
            raise Unauthenticated("The token is not good: it is unknown, expired or revoked.") from reason
        return Token(Person(self.issuer, claims["sub"]), tenant, float(claims["exp"]))

    async def _key(self, name: object) -> jwt.PyJWK | None:
        """The key of that name. Fetches when it is unknown or what we have grew old, if the interval allows."""
        if not isinstance(name, str):
            return None
        now = time.monotonic()
        if name not in self._keys or now - self._fetched > FRESH_SECONDS:
            await self._refresh()
        if time.monotonic() - self._fetched > STALE_SECONDS:
            return None
        return self._keys.get(name)

    async def _refresh(self) -> None:
        """The keys are as the issuer publishes them now; as they were, if it cannot be asked or just was."""
        async with self._turn:
            if time.monotonic() - self._tried < self._refresh_seconds:
                return
            self._tried = time.monotonic()
            try:
                self._keys = await self._fetch()
            except NotFetched as reason:
                _log.warning("oidc_keys_not_fetched", issuer=self.issuer, reason=str(reason))
            else:
                self._fetched = time.monotonic()

    async def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                if self._jwks_url is None:
                    found = await _document(session, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                    if found.get("issuer") != self.issuer or not isinstance(found.get("jwks_uri"), str):
                        raise NotFetched("the issuer's configuration is not its own")
                    self._jwks_url = found["jwks_uri"]
                published = await _document(session, str(self._jwks_url))
        except (aiohttp.ClientError, TimeoutError, ValueError) as reason:
            raise NotFetched(str(reason) or type(reason).__name__) from reason
        keys = published.get("keys")
        return _usable(keys if isinstance(keys, list) else [])


async def _document(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    """The JSON object at `url`. Refuses redirects, errors, anything larger than the bound and anything else."""
    async with session.get(url, allow_redirects=False) as response:
        if response.status != HTTPStatus.OK:
            raise NotFetched(f"status {response.status}")
        body = bytearray()
        async for chunk in response.content.iter_chunked(16384):
            body += chunk
            if len(body) > KEYS_BYTES_MAX:
                raise NotFetched("too large")
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise NotFetched("not an object")
    return document


def _usable(keys: list[Any]) -> Mapping[str, jwt.PyJWK]:
    """Of the published keys those with a name and one of our algorithms that may sign; the others are not for us."""
    usable: dict[str, jwt.PyJWK] = {}
    for published in keys:
        try:
            key = jwt.PyJWK(published)
        except (jwt.PyJWTError, TypeError, ValueError, AttributeError):
            continue
        if isinstance(key.key_id, str) and key.algorithm_name in ALGORITHMS and key.public_key_use in {None, "sig"}:
            usable[key.key_id] = key
    return usable
