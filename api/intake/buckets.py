"""Files in a bucket of S3, or of anything that speaks its language.

How it works. Requests are signed with version 4 of Amazon's signatures, by the standard library. The digest that was
announced for an upload is signed as the digest of the body, so that the bucket itself refuses other bytes; a body that
ends early is no object. Objects are named `<prefix>/<tenant>/<upload>`.
"""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import aiohttp

from api.settings import Unusable
from domain.ids import TenantId, UploadId
from domain.uploads import Upload
from storage.files import CHUNK_BYTES, Missing, Unreachable

REGION: Final = "us-east-1"
"""Where a bucket lies whose address does not say so."""

CONNECT_SECONDS: Final = 10
SILENT_SECONDS: Final = 60
"""How long the bucket may say nothing before it counts as away."""

NOTHING: Final = hashlib.sha256(b"").hexdigest()
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"([A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)?")


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket, as a setting names it."""

    origin: str
    """Scheme, host and port of the endpoint; buckets are part of the path."""
    region: str
    path: str
    """Of the bucket and the prefix, without a slash at its end."""
    key_id: str
    secret: str


def place(setting: str, key_id: str, secret: str) -> Place:
    """The bucket of a setting like `s3://bucket/prefix?endpoint=https://…&region=…`. Raises Unusable for any other."""
    parts = urlsplit(setting)
    options = parse_qs(parts.query)
    prefix = parts.path.strip("/")
    if not (_NAME.fullmatch(parts.netloc) and _PREFIX.fullmatch(prefix)) or options.keys() - {"endpoint", "region"}:
        raise Unusable("MAKEGOOD_FILES must be a folder or s3://bucket/prefix?endpoint=https://…&region=….")
    if not (key_id and secret):
        raise Unusable("A bucket needs MAKEGOOD_FILES_KEY_ID and MAKEGOOD_FILES_SECRET.")
    region = options.get("region", [REGION])[0]
    endpoint = urlsplit(options.get("endpoint", [f"https://s3.{region}.amazonaws.com"])[0])
    if endpoint.scheme not in {"https", "http"} or not endpoint.netloc or endpoint.path.strip("/"):
        raise Unusable("The endpoint in MAKEGOOD_FILES must be like https://storage.example.com.")
    path = f"/{parts.netloc}/{prefix}".rstrip("/")
    return Place(f"{endpoint.scheme}://{endpoint.netloc}", region, path, key_id, secret)


def signed(place: Place, method: str, path: str, digest: str, at: datetime, *, query: str = "") -> Mapping[str, str]:
    """The headers that make a request of that method, path, query and body digest good, at that real instant."""
    host = place.origin.partition("://")[2]
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    names = "host;x-amz-content-sha256;x-amz-date"
    request = "\n".join(
        (
            method,
            path,
            query,
            f"host:{host}",
            f"x-amz-content-sha256:{digest}",
            f"x-amz-date:{stamp}",
            "",
            names,
            digest,
        )
    )
    scope = f"{day}/{place.region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{place.secret}".encode()
    for part in (day, place.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return {
        "x-amz-content-sha256": digest,
        "x-amz-date": stamp,
        "authorization": f"AWS4-HMAC-SHA256 Credential={place.key_id}/{scope},SignedHeaders={names},"
        f"Signature={signature}",
    }


class Bucket:
    """`storage.files.Files` in a bucket."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._opened: aiohttp.ClientSession | None = None

    async def put(self, tenant_id: TenantId, upload: Upload, chunks: AsyncIterator[bytes]) -> None:
        """See `Files`."""
        failures: list[Exception] = []

        async def body() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    yield chunk
            except Exception as failure:  # the client library would tell of a broken connection instead
                failures.append(failure)
                raise

        path = self._path(tenant_id, upload.id)
        headers = {
            **signed(self._place, "PUT", path, upload.sha256, datetime.now(UTC)),
            "content-length": str(upload.size_bytes),
            "content-type": "application/octet-stream",
        }
        try:
            async with self._session.put(self._place.origin + path, data=body(), headers=headers) as answer:
                if answer.status != 200:
                    raise Unreachable(f"the bucket answered {answer.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            if failures:
                raise failures[0] from None
            raise Unreachable(repr(error)) from error

    async def get(self, tenant_id: TenantId, upload_id: UploadId) -> AsyncIterator[bytes]:
        """See `Files`."""
        path = self._path(tenant_id, upload_id)
        headers = signed(self._place, "GET", path, NOTHING, datetime.now(UTC))
        try:
            async with self._session.get(self._place.origin + path, headers=headers) as answer:
                if answer.status == 404:
                    raise Missing(upload_id)
                if answer.status != 200:
                    raise Unreachable(f"the bucket answered {answer.status}")
                async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                    yield chunk
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(repr(error)) from error

    async def delete(self, tenant_id: TenantId, upload_id: UploadId) -> None:
        """See `Files`."""
        path = self._path(tenant_id, upload_id)
        headers = signed(self._place, "DELETE", path, NOTHING, datetime.now(UTC))
        try:
            async with self._session.delete(self._place.origin + path, headers=headers) as answer:
                if answer.status not in {200, 204, 404}:
                    raise Unreachable(f"the bucket answered {answer.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(repr(error)) from error

    async def tidy(self, tenant_id: TenantId) -> int:  # noqa: ARG002 - as `Files` has it
        """See `Files`. A bucket keeps nothing half-written."""
        return 0

    async def close(self) -> None:
        """See `Files`."""
        if self._opened is not None:
            await self._opened.close()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS)
            self._opened = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        return self._opened

    def _path(self, tenant_id: TenantId, upload_id: UploadId) -> str:
        return f"{self._place.path}/{TenantId.parse(tenant_id)}/{UploadId.parse(upload_id)}"


def open_bucket(setting: str, key_id: str, secret: str) -> Bucket:
    """The bucket that the setting names. Raises Unusable for one that cannot be understood."""
    return Bucket(place(setting, key_id, secret))
