"""Files in a bucket: against a tiny bucket of our own that checks signatures the way the real ones document it."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
from redis.asyncio import Redis

from api.intake.buckets import Bucket, open_bucket, place, signed
from api.intake.files import open_files
from api.schema.schema import Contract
from api.settings import Settings, Unusable, from_environment
from api.verbs import doctor
from domain.access import Role
from domain.file_types import FileType
from domain.ids import OrganisationId, TenantId, UploadId
from domain.uploads import CreateUpload, Upload, UploadKind, create_upload
from storage.files import Folder, Missing, Unreachable
from storage.pool import Pool
from tests.api.test_uploads import Desk
from tests.builders import START, set_clock
from tests.domain.test_uploads import CALLER, PDF
from tests.marketplaces import open_marketplace
from tests.serving import serving

SECRET = "a secret that is long enough"
TENANT = TenantId.mint(1, 1)


def told(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class FakeBucket:
    """An ASGI app that keeps objects by path. It refuses bad signatures and bodies of another digest, as S3 does."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.status: int | None = None
        """What it answers to everything, when it is unwell."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body, complete = b"", False
        while not complete:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, complete = body + message.get("body", b""), not message.get("more_body", False)
        status, content = self.answer(scope["method"], scope["path"], headers, body)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": content})

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if self.status is not None:
            return self.status, b""
        if not self.is_signed(method, path, headers):
            return 403, b"SignatureDoesNotMatch"
        if hashlib.sha256(body).hexdigest() != headers["x-amz-content-sha256"]:
            return 400, b"XAmzContentSHA256Mismatch"
        if method == "PUT":
            assert headers["content-length"] == str(len(body))
            self.objects[path] = body
            return 200, b""
        if method == "DELETE":
            self.objects.pop(path, None)
            return 204, b""
        return (200, self.objects[path]) if path in self.objects else (404, b"NoSuchKey")

    def is_signed(self, method: str, path: str, headers: dict[str, str]) -> bool:
        """Signature version 4, worked out from the request itself."""
        kind, _, rest = headers["authorization"].partition(" ")
        members = dict(each.split("=", 1) for each in rest.split(","))
        key_id, day, region, service, ending = members["Credential"].split("/")
        assert (kind, key_id, service, ending) == ("AWS4-HMAC-SHA256", "key", "s3", "aws4_request")
        lines = "".join(f"{name}:{headers[name]}\n" for name in members["SignedHeaders"].split(";"))
        canonical = f"{method}\n{path}\n\n{lines}\n{members['SignedHeaders']}\n{headers['x-amz-content-sha256']}"
        scope = f"{day}/{region}/{service}/{ending}"
        text = f"{kind}\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = told(told(told(told(b"AWS4" + SECRET.encode(), day), region), service), ending)
        return hmac.compare_digest(told(key, text).hex(), members["Signature"])


@contextlib.asynccontextmanager
async def running(app: FakeBucket) -> AsyncIterator[str]:
    """The bucket's setting, while it answers."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        await server.startup(sockets=[listener])
        try:
            yield f"s3://papers/makegood?endpoint=http://127.0.0.1:{listener.getsockname()[1]}&region=eu-west-1"
        finally:
            server.force_exit = True
            await server.shutdown(sockets=[listener])


def upload(content: bytes) -> Upload:
    wish = CreateUpload(UploadKind.OTHER, "a.pdf", len(content), FileType.PDF, hashlib.sha256(content).hexdigest())
    organisation_id = OrganisationId.mint(1, 1)
    return create_upload(wish, organisation_id, open_now=0, id=UploadId.mint(1, 1), by=CALLER.actor_id, at=START).after


async def pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(bucket: Bucket, id_: UploadId) -> bytes:
    return b"".join([chunk async for chunk in bucket.get(TENANT, id_)])


async def test_what_is_put_is_got_until_it_is_deleted() -> None:
    app, content = FakeBucket(), bytes(range(256)) * 4_000
    async with running(app) as setting:
        bucket = open_bucket(setting, "key", SECRET)
        of = upload(content)
        await bucket.put(TENANT, of, pieces(content))
        assert app.objects == {f"/papers/makegood/{TENANT}/{of.id}": content}
        assert await read(bucket, of.id) == content
        await bucket.delete(TENANT, of.id)
        await bucket.delete(TENANT, of.id)
        with pytest.raises(Missing):
            await read(bucket, of.id)
        assert await bucket.tidy(TENANT) == 0
        await bucket.close()


async def test_a_body_that_breaks_off_is_no_object() -> None:
    app, content = FakeBucket(), b"x" * 300_000

    async def breaking() -> AsyncIterator[bytes]:
        yield content[:100_000]
        raise ZeroDivisionError

    async with running(app) as setting:
        bucket = open_bucket(setting, "key", SECRET)
        with pytest.raises(ZeroDivisionError):
            await bucket.put(TENANT, upload(content), breaking())
        assert app.objects == {}
        await bucket.close()


async def test_the_bucket_itself_refuses_other_bytes_and_wrong_keys() -> None:
    app = FakeBucket()
    async with running(app) as setting:
        bucket = open_bucket(setting, "key", SECRET)
        with pytest.raises(Unreachable, match="400"):
            await bucket.put(TENANT, upload(b"announced"), pieces(b"different"))
        await bucket.close()
        wrong = open_bucket(setting, "key", "another secret")
        with pytest.raises(Unreachable, match="403"):
            await wrong.put(TENANT, upload(PDF), pieces(PDF))
        await wrong.close()
        assert app.objects == {}


async def test_a_bucket_that_is_unwell_or_away_is_told() -> None:
    app, of = FakeBucket(), upload(PDF)
    async with running(app) as setting:
        app.status = 503
        bucket = open_bucket(setting, "key", SECRET)
        for attempt in (bucket.put(TENANT, of, pieces(PDF)), read(bucket, of.id), bucket.delete(TENANT, of.id)):
            with pytest.raises(Unreachable):
                await attempt
    for attempt in (bucket.put(TENANT, of, pieces(PDF)), read(bucket, of.id), bucket.delete(TENANT, of.id)):
        with pytest.raises(Unreachable):
            await attempt
    await bucket.close()


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        ("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_a_signature_is_the_one_that_the_documentation_works_out(query: str, signature: str) -> None:
    """The two examples of Amazon's page on signatures in the authorization header that sign no other headers."""
    setting = "s3://examplebucket?endpoint=https://examplebucket.s3.amazonaws.com"
    examples = place(setting, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    at = datetime(2013, 5, 24, tzinfo=UTC)
    headers = signed(examples, "GET", "/", hashlib.sha256(b"").hexdigest(), at, query=query)
    assert headers["x-amz-date"] == "20130524T000000Z"
    assert headers["authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize(
    "setting",
    [
        "s3://",
        "s3://B",
        "s3://papers/../x y",
        "s3://papers?endpoint=ftp://x",
        "s3://papers?endpoint=https://x/path",
        "s3://papers?unknown=1",
    ],
)
def test_a_setting_that_names_no_bucket_is_refused(setting: str) -> None:
    with pytest.raises(Unusable):
        place(setting, "key", SECRET)


def test_a_bucket_needs_its_key(settings: Settings) -> None:
    with pytest.raises(Unusable, match="MAKEGOOD_FILES_KEY_ID"):
        place("s3://papers", "", "")
    assert isinstance(open_files(dataclasses.replace(settings, files="")), Folder)
    named = dataclasses.replace(settings, files="s3://papers", files_key_id="key", files_secret=SECRET)
    assert isinstance(open_files(named), Bucket)


def test_another_process_is_told_where_files_lie(settings: Settings) -> None:
    named = dataclasses.replace(
        settings, files="s3://papers", files_key_id="key", files_secret=SECRET, public_url="https://api.example.com"
    )
    assert from_environment(named.environment()) == named
    with pytest.raises(Unusable, match="MAKEGOOD_PUBLIC_URL"):
        from_environment({**named.environment(), "MAKEGOOD_PUBLIC_URL": "api.example.com"})


def test_the_doctor_sees_where_files_lie(settings: Settings, tmp_path: Any) -> None:
    assert doctor._files(dataclasses.replace(settings, files=str(tmp_path / "new"))).well
    (tmp_path / "taken").write_bytes(b"")
    for wrong in (str(tmp_path / "taken" / "below"), "s3://B"):
        assert not doctor._files(dataclasses.replace(settings, files=wrong)).well


@pytest.mark.usefixtures("emptied")
async def test_a_file_passes_through_the_platform_into_the_bucket_and_back(
    settings: Settings, promised: Contract, valkey: Redis, worker_pool: Pool, tmp_path: Any
) -> None:
    market = await open_marketplace(worker_pool)
    await set_clock(worker_pool, market.id, START)
    mine, other = [await market.add(name, Role.PROVIDER) for name in ("Mine", "Other")]
    app = FakeBucket()
    async with running(app) as setting:
        kept = dataclasses.replace(settings, demo=False, files=setting, files_key_id="key", files_secret=SECRET)
        async with serving(kept, promised=promised) as served:
            desk = Desk(served, market, tmp_path, mine, other)
            upload = await desk.create()
            assert (await desk.put(upload["sendTo"]["url"], PDF[:-1] + b"!")).status == 422
            assert app.objects == {}
            app.status = 500
            assert (await desk.put(upload["sendTo"]["url"], PDF)).codes == ["UNAVAILABLE"]
            app.status = None
            assert (await desk.put(upload["sendTo"]["url"], PDF)).status == 200
            assert list(app.objects.values()) == [PDF]
            done = (await desk.confirm(upload))["upload"]
            assert (await desk.get(done["readFrom"]["url"])).content == PDF
            app.objects.clear()
            assert (await desk.get(done["readFrom"]["url"])).codes == ["UNAVAILABLE"]
