"""Files come to signed addresses, are looked at, and are read by those they are for and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import os
import re
import socket
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import asyncpg
import pytest
from redis.asyncio import Redis

from api.endpoint.timers import Phase, TimedHttpProtocol
from api.intake.uploads import Arriving
from api.operations import clocks, uploads
from api.schema.schema import Contract
from api.settings import ROOT, Settings
from api.worker import Worker
from domain.access import Role
from domain.clocks import MoveClock
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.file_types import FileType
from domain.ids import UploadId
from domain.uploads import (
    CONFIRM_WITHIN,
    DELETE_AFTER,
    OPEN_MAX,
    READ_WITHIN,
    SEND_WITHIN,
    SIZE_BYTES_MAX,
    ConfirmUpload,
    CreateUpload,
    Upload,
    UploadKind,
    UploadState,
)
from storage import uploads as upload_rows
from storage.files import PART_SECONDS_MAX, Folder
from storage.minting import mint
from storage.pool import Pool
from tests.builders import START, set_clock
from tests.domain.test_uploads import PDF, PNG, SAMPLES
from tests.marketplaces import Marketplace, Member, open_marketplace
from tests.serving import Reply, Served, serving

pytestmark = pytest.mark.usefixtures("emptied")

FIELDS = """
id state size contentType foundType sha256 fileName version because { reason }
sendTo { url method expiresAt } readFrom { url method expiresAt } organisation { id }
"""
CREATE = f"mutation ($input: CreateUploadInput!) {{ createUpload(input: $input) {{ upload {{ {FIELDS} }} userErrors {{ code field reasons {{ reason }} }} }} }}"  # noqa: E501
CONFIRM = f"mutation ($input: ConfirmUploadInput!) {{ confirmUpload(input: $input) {{ upload {{ {FIELDS} }} userErrors {{ code field reasons {{ reason }} }} }} }}"  # noqa: E501
READ = f"query ($id: ID!) {{ upload(id: $id) {{ {FIELDS} }} }}"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Desk:
    """A served application whose files lie in `folder`, a marketplace in it, and two providers with keys."""

    def __init__(self, served: Served, market: Marketplace, folder: Path, mine: Member, other: Member) -> None:
        self.served, self.market, self.folder, self.mine, self.other = served, market, folder, mine, other

    async def ask(self, text: str, key: str | None = None, **variables: Any) -> Any:
        """The data of an answer without errors."""
        reply = await self.served.ask(text, token=key or self.mine.key, variables=variables)
        assert reply.status == 200, reply.content
        assert "errors" not in reply.json, reply.json
        return reply.json["data"]

    async def create(self, content: bytes = PDF, key: str | None = None, **members: Any) -> dict[str, Any]:
        """The announced upload of that content."""
        wish = {
            "kind": "LICENCE",
            "fileName": "Lizenz für See.pdf",
            "size": len(content),
            "contentType": "PDF",
            "sha256": digest(content),
            **members,
        }
        payload = (await self.ask(CREATE, key, input=wish))["createUpload"]
        assert payload["userErrors"] == [], payload
        upload: dict[str, Any] = payload["upload"]
        return upload

    async def confirm(self, upload: dict[str, Any], key: str | None = None) -> Any:
        return (await self.ask(CONFIRM, key, input={"uploadId": upload["id"]}))["confirmUpload"]

    async def read(self, upload: dict[str, Any], key: str | None = None) -> Any:
        return (await self.ask(READ, key, id=upload["id"]))["upload"]

    async def put(self, url: str, content: bytes, **headers: str | None) -> Reply:
        return await self.served.send(content, method="PUT", path=url, headers={"content-type": None, **headers})

    async def get(self, url: str) -> Reply:
        return await self.served.send(method="GET", path=url, headers={"content-type": None, "content-length": None})

    async def accepted(self, content: bytes = PDF, **members: Any) -> dict[str, Any]:
        """An upload that went all the way."""
        upload = await self.create(content, **members)
        assert (await self.put(upload["sendTo"]["url"], content)).status == 200
        payload = await self.confirm(upload)
        assert payload["upload"]["state"] == "ACCEPTED", payload
        done: dict[str, Any] = payload["upload"]
        return done

    def files(self) -> list[str]:
        """The names of everything that lies in the folder."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())

    async def move(self, by: timedelta) -> None:
        """The marketplace's clock moves on; what was due on the way has happened."""
        admin = self.market.staff(Role.ADMIN)
        shown = await self.market.pool.fetchval(
            self.market.id, "SELECT tenant_now(t) FROM tenants t WHERE t.tenant_id = $1", self.market.id
        )
        await self.market.act(admin, clocks.move_clock, MoveClock(shown + by))


@pytest.fixture
async def desk(
    settings: Settings, promised: Contract, valkey: Redis, worker_pool: Pool, tmp_path: Path
) -> AsyncIterator[Desk]:
    market = await open_marketplace(worker_pool)
    await set_clock(worker_pool, market.id, START)
    mine, other = [await market.add(name, Role.PROVIDER) for name in ("Mine", "Other")]
    kept = dataclasses.replace(settings, demo=False, files=str(tmp_path / "files"))
    async with serving(kept, promised=promised) as served:
        yield Desk(served, market, tmp_path / "files", mine, other)


async def stored(desk: Desk, upload: dict[str, Any]) -> Upload:
    async with desk.market.pool.acquire(desk.market.id) as connection:
        return await upload_rows.get(connection, desk.market.id, UploadId(upload["id"]))


async def audited(owner: asyncpg.Pool[Any], upload: dict[str, Any], action: str) -> list[asyncpg.Record]:
    return await owner.fetch(
        "SELECT actor_id, difference FROM audit WHERE object_id = $1 AND action = $2 ORDER BY id", upload["id"], action
    )


# -- the way in and out ------------------------------------------------------------------------------------------------


async def test_a_file_comes_in_and_out_unchanged(desk: Desk) -> None:
    upload = await desk.create()
    assert (upload["state"], upload["foundType"], upload["readFrom"]) == ("REQUESTED", None, None)
    assert upload["sendTo"]["method"] == "PUT"
    assert [each["reason"] for each in upload["because"]] == ["upload_accepted"]
    reply = await desk.put(upload["sendTo"]["url"], PDF)
    assert (reply.status, reply.json) == (200, {"id": upload["id"], "state": "RECEIVED"})
    assert (await desk.read(upload))["readFrom"] is None, "nobody reads what is not accepted"
    done = (await desk.confirm(upload))["upload"]
    assert (done["state"], done["foundType"], done["because"], done["sendTo"]) == ("ACCEPTED", "PDF", [], None)
    got = await desk.get(done["readFrom"]["url"])
    assert (got.status, got.content) == (200, PDF)


async def test_every_type_that_is_listed_is_taken(desk: Desk) -> None:
    for type_, content in SAMPLES.items():
        assert (await desk.accepted(content, kind="OTHER", contentType=type_.value))["foundType"] == type_.value


async def test_a_file_is_served_as_an_attachment_of_its_own_type(desk: Desk) -> None:
    upload = await desk.accepted(fileName='"; x=y "Ausweisé.pdf')
    headers = (await desk.get(upload["readFrom"]["url"])).headers
    assert headers["content-type"] == "application/pdf"
    assert headers["x-content-type-options"] == "nosniff"
    assert "no-store" in headers["cache-control"]
    kind, _, name = headers["content-disposition"].partition("; filename*=UTF-8''")
    assert (kind, unquote(name)) == ("attachment", '"; x=y "Ausweisé.pdf')
    assert re.fullmatch(r"[A-Za-z0-9%._~-]+", name)


async def test_the_digest_stands_in_the_audit_row_and_the_name_does_not(desk: Desk, owner: asyncpg.Pool[Any]) -> None:
    upload = await desk.accepted()
    (row,) = await audited(owner, upload, "createUpload")
    assert digest(PDF) in row["difference"]
    assert "Lizenz" not in row["difference"]
    told = await owner.fetch("SELECT facts FROM outbox WHERE object_id = $1 ORDER BY sequence", upload["id"])
    assert len(told) == 4
    assert not any("Lizenz" in event["facts"] for event in told)


async def test_reading_personal_data_is_written_down_and_reading_prices_is_not(
    desk: Desk, owner: asyncpg.Pool[Any]
) -> None:
    licence = await desk.accepted()
    assert (await desk.get(licence["readFrom"]["url"])).status == 200
    (row,) = await audited(owner, licence, "readUpload")
    assert row["actor_id"] == desk.mine.caller.actor_id
    prices = await desk.accepted(SAMPLES[FileType.CSV], kind="RATE_SHEET", contentType="CSV", fileName="r.csv")
    assert (await desk.get(prices["readFrom"]["url"])).status == 200
    assert await audited(owner, prices, "readUpload") == []


# -- whose it is -------------------------------------------------------------------------------------------------------


async def test_another_partys_upload_does_not_exist(desk: Desk) -> None:
    upload = await desk.accepted()
    assert await desk.read(upload, desk.other.key) is None
    listed = await desk.ask("{ uploads(first: 10) { nodes { id } totalCount } }", desk.other.key)
    assert listed["uploads"] == {"nodes": [], "totalCount": 0}
    node = await desk.ask("query ($id: ID!) { node(id: $id) { id } }", desk.other.key, id=upload["id"])
    assert node["node"] is None
    waiting = await desk.create()
    payload = await desk.confirm(waiting, desk.other.key)
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    with pytest.raises(NotFound):
        await desk.market.act(
            desk.other.caller,
            uploads.create_upload,
            CreateUpload(UploadKind.LICENCE, "a.pdf", 1, FileType.PDF, "a" * 64, desk.mine.organisation_id),
        )


async def test_staff_see_it_and_bring_files_for_a_party(desk: Desk) -> None:
    desk_key = await desk.market.key(desk.market.made.operator_id, Role.SUPPORT)
    upload = await desk.accepted()
    assert (await desk.read(upload, desk_key))["readFrom"]["url"] != upload["readFrom"]["url"], "an actor's own address"
    brought = await desk.create(key=desk_key, organisationId=desk.mine.organisation_id)
    assert brought["organisation"]["id"] == desk.mine.organisation_id
    assert (await desk.read(brought))["id"] == brought["id"]


# -- addresses ---------------------------------------------------------------------------------------------------------


def altered(url: str, **members: str) -> str:
    """The address with some members of its query replaced."""
    path, _, query = url.partition("?")
    given = dict(pair.split("=") for pair in query.split("&"))
    return f"{path}?{urlencode({**{name: unquote(value) for name, value in given.items()}, **members})}"


async def test_an_altered_or_forged_address_is_refused_and_nothing_is_stored(desk: Desk) -> None:
    upload, victim = await desk.create(), await desk.create(PNG, contentType="PNG")
    url = upload["sendTo"]["url"]
    path, _, query = url.partition("?")
    tenant = path.split("/")[2]
    expires = int(re.findall(r"expires=(\d+)", url)[0])
    forged = [
        altered(url, expires=str(expires + 1)),
        altered(url, expires="9" * 11),
        altered(url, expires="9" * 30),
        altered(url, expires="-1"),
        altered(url, expires="٣"),
        altered(url, actor=desk.other.caller.actor_id),
        altered(url, signature="0" * 64),
        altered(url, signature="é"),
        altered(url, signature=""),
        path,
        f"/uploads/{tenant}/{victim['id']}?{query}",
        f"/uploads/ten_{'0' * 26}/{upload['id']}?{query}",
        f"/uploads/{tenant}/{upload['id'].upper()}?{query}",
    ]
    for address in forged:
        reply = await desk.put(address, PDF)
        assert (reply.status, reply.codes) == (403, ["FORBIDDEN"]), address
        assert "requestId" in reply.errors[0]["extensions"]
        assert (await desk.get(address)).status == 403, address
    assert (await desk.get(url)).status == 403, "an address to send to is none to read from"
    assert desk.files() == []
    assert (await stored(desk, upload)).state is UploadState.REQUESTED


ASTRAY = (
    "/uploads/../../etc/passwd",
    "/uploads/%2e%2e/%2e%2e%2fetc%2fpasswd",
    "/uploads/..%2f..%2f..%2fetc/passwd?actor=a&expires=1&signature=b",
    "/uploads/ten_x/upl_x?actor=a&expires=1&signature=b",
    "/uploads//?actor=a&expires=1&signature=b",
    "/uploads/%00/%00?actor=a&expires=1&signature=b",
)


async def test_no_path_leads_out_of_the_folder(desk: Desk) -> None:
    await desk.accepted()
    for path in ASTRAY:
        for reply in (await desk.get(path), await desk.put(path, PDF)):
            assert reply.status in {400, 403, 404}, path
            assert b"root:" not in reply.content
    assert len(desk.files()) == 1


async def test_an_address_ends_by_the_marketplaces_clock(desk: Desk, owner: asyncpg.Pool[Any]) -> None:
    upload = await desk.create()
    await desk.move(SEND_WITHIN + timedelta(seconds=1))
    assert (await desk.put(upload["sendTo"]["url"], PDF)).codes == ["FORBIDDEN"]
    fresh = (await desk.read(upload))["sendTo"]["url"]
    assert (await desk.put(fresh, PDF)).status == 200
    done = (await desk.confirm(upload))["upload"]
    await desk.move(READ_WITHIN + timedelta(seconds=1))
    reply = await desk.get(done["readFrom"]["url"])
    assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])
    assert await audited(owner, upload, "readUpload") == [], "nobody read it"
    assert (await desk.get((await desk.read(upload))["readFrom"]["url"])).status == 200


# -- what is sent ------------------------------------------------------------------------------------------------------


async def test_other_bytes_than_announced_are_thrown_away_and_may_be_sent_again(desk: Desk) -> None:
    upload = await desk.create()
    url = upload["sendTo"]["url"]
    for content, status in ((PDF + b"x", 413), (PDF[:-1], 400), (PDF[:-1] + b"!", 422)):
        reply = await desk.put(url, content)
        assert (reply.status, reply.codes) == (status, ["BAD_REQUEST"])
    assert (await desk.put(url, PDF, **{"content-encoding": "gzip"})).status == 415
    assert desk.files() == []
    assert (await stored(desk, upload)).state is UploadState.REQUESTED
    assert (await desk.put(url, PDF)).status == 200


def chunked(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)


async def test_a_body_without_a_length_is_counted_while_it_streams(desk: Desk) -> None:
    streamed: dict[str, str | None] = {"content-length": None, "transfer-encoding": "chunked"}
    for content, status in ((PDF + b"more", 413), (PDF[:-3], 400), (PDF, 200)):
        upload = await desk.create()
        reply = await desk.put(upload["sendTo"]["url"], chunked(content), **streamed)
        assert reply.status == status
        assert len(desk.files()) == (status == 200)


async def test_a_connection_that_breaks_leaves_nothing(desk: Desk) -> None:
    content = PDF[:-6] + b"x" * 400_000 + PDF[-6:]
    upload = await desk.create(content)
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.served.port)
    head = f"PUT {upload['sendTo']['url']} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content[:300_000])
    await writer.drain()
    async with asyncio.timeout(20):
        while not desk.files():  # noqa: ASYNC110 -- nobody tells when a file appears
            await asyncio.sleep(0.01)
    assert all(name.endswith(".part") for name in desk.files()), "what is not whole has no file's name"
    assert (await desk.read(upload))["readFrom"] is None
    writer.close()
    async with asyncio.timeout(20):
        while desk.files():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with contextlib.suppress(ConnectionError):
        await reader.read()
    assert (await stored(desk, upload)).state is UploadState.REQUESTED
    assert (await desk.put(upload["sendTo"]["url"], content)).status == 200


async def test_two_who_send_at_once_bring_one_file(desk: Desk) -> None:
    upload = await desk.create()
    url = upload["sendTo"]["url"]
    replies = await asyncio.gather(*(desk.put(url, PDF) for _ in range(4)))
    assert {reply.status for reply in replies} <= {200, 409}
    assert any(reply.status == 200 for reply in replies)
    assert desk.files() == [upload["id"]]
    assert (await stored(desk, upload)).version == 2


async def test_two_who_confirm_at_once_confirm_once(desk: Desk) -> None:
    upload = await desk.create()
    await desk.put(upload["sendTo"]["url"], PDF)
    wish = ConfirmUpload(UploadId(upload["id"]))
    done = await asyncio.gather(
        *(desk.market.act(desk.mine.caller, uploads.confirm_upload, wish) for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(each, Refused | Conflict) for each in done) == [False, True]
    assert (await stored(desk, upload)).version == 4


async def test_what_is_confirmed_never_changes(desk: Desk, owner: asyncpg.Pool[Any]) -> None:
    upload = await desk.create()
    url = upload["sendTo"]["url"]
    await desk.put(url, PDF)
    await desk.confirm(upload)
    reply = await desk.put(url, PDF)
    assert (reply.status, reply.codes) == (409, ["REFUSED"])
    for change in ("sha256 = repeat('0', 64)", "size_bytes = 1", "state = 'REFUSED'", "file_name = 'x'"):
        with pytest.raises(asyncpg.RestrictViolationError, match="is fixed"):
            await owner.execute(f"UPDATE uploads SET {change} WHERE id = $1", upload["id"])


async def test_content_of_another_type_is_refused_and_its_bytes_are_deleted(desk: Desk, valkey: Redis) -> None:
    upload = await desk.create(PNG, fileName="licence.pdf")
    await desk.put(upload["sendTo"]["url"], PNG)
    payload = await desk.confirm(upload)
    refused = payload["upload"]
    assert payload["userErrors"] == [], "confirming worked; what came of it is the upload's state"
    assert (refused["state"], refused["foundType"], refused["readFrom"]) == ("REFUSED", "PNG", None)
    assert [each["reason"] for each in refused["because"]] == ["upload_content_as_declared"]
    worker = Worker(desk.market.pool, valkey, files=Folder(desk.folder))
    await worker.erase(desk.market.id)
    assert desk.files() == [upload["id"]], "a transfer may be under way"
    await desk.move(DELETE_AFTER)
    await worker.erase(desk.market.id)
    assert desk.files() == []
    assert (await stored(desk, upload)).erased_at is not None
    await worker.erase(desk.market.id)
    assert (await stored(desk, upload)).version == 5


async def test_an_upload_that_nobody_confirms_lapses(desk: Desk, valkey: Redis) -> None:
    upload = await desk.create()
    await desk.put(upload["sendTo"]["url"], PDF)
    await desk.move(CONFIRM_WITHIN)
    assert (await desk.read(upload))["state"] == "RECEIVED", "its last instant is in time"
    await desk.move(timedelta(microseconds=1))
    lapsed = await desk.read(upload)
    assert (lapsed["state"], lapsed["sendTo"], lapsed["readFrom"]) == ("LAPSED", None, None)
    payload = await desk.confirm(upload)
    assert {each["reason"] for each in payload["userErrors"][0]["reasons"]} == {"upload_received", "upload_in_time"}
    await desk.move(DELETE_AFTER)
    await Worker(desk.market.pool, valkey, files=Folder(desk.folder)).erase(desk.market.id)
    assert desk.files() == []


async def test_half_files_of_killed_processes_are_tidied_away(desk: Desk, valkey: Redis) -> None:
    upload = await desk.accepted()
    folder = desk.folder / desk.market.id
    old, young = folder / f"{upload['id']}.0.part", folder / f"{upload['id']}.1.part"
    for part in (old, young):
        part.write_bytes(b"half")
    before = time.time() - PART_SECONDS_MAX - 1
    os.utime(old, (before, before))
    await Worker(desk.market.pool, valkey, files=Folder(desk.folder)).erase(desk.market.id)
    assert desk.files() == [upload["id"], young.name]


async def test_a_full_disk_is_told_and_leaves_nothing(desk: Desk) -> None:
    upload = await desk.create()
    desk.folder.mkdir(parents=True)
    (desk.folder / desk.market.id).write_bytes(b"no folder")
    reply = await desk.put(upload["sendTo"]["url"], PDF)
    assert (reply.status, reply.codes) == (503, ["UNAVAILABLE"])
    assert (await stored(desk, upload)).state is UploadState.REQUESTED


# -- limits ------------------------------------------------------------------------------------------------------------


async def test_wrong_announcements_are_refused_with_every_reason(desk: Desk) -> None:
    wish = {"kind": "RATE_SHEET", "fileName": "a/b", "size": 0, "contentType": "PDF", "sha256": "x"}
    payload = (await desk.ask(CREATE, input=wish))["createUpload"]
    assert payload["upload"] is None
    assert {tuple(error["field"]) for error in payload["userErrors"]} == {
        ("fileName",),
        ("size",),
        ("contentType",),
        ("sha256",),
    }
    with pytest.raises(Invalid):
        await desk.market.act(
            desk.mine.caller,
            uploads.create_upload,
            CreateUpload(UploadKind.OTHER, "a", SIZE_BYTES_MAX + 1, FileType.PDF, "a" * 64),
        )


async def test_an_organisation_has_so_many_open_uploads_and_no_more(desk: Desk) -> None:
    wish = CreateUpload(UploadKind.OTHER, "a.pdf", 10, FileType.PDF, "a" * 64)
    act = desk.market.act
    for _ in range(OPEN_MAX - 1):
        await act(desk.mine.caller, uploads.create_upload, wish)
    done = await asyncio.gather(
        *(act(desk.mine.caller, uploads.create_upload, wish) for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(each, Refused) for each in done) == [False, True]
    assert (await act(desk.other.caller, uploads.create_upload, wish)).things["upload"]


async def test_the_largest_file_passes_in_constant_memory(tmp_path: Path, desk: Desk) -> None:
    chunk = b"0123456789abcdef" * 4_096
    content = [chunk] * (SIZE_BYTES_MAX // len(chunk))
    whole = hashlib.sha256()
    for each in content:
        whole.update(each)
    upload = dataclasses.replace(
        await stored(desk, await desk.create()),
        id=mint(UploadId),
        size_bytes=len(chunk) * len(content),
        sha256=whole.hexdigest(),
    )

    async def body() -> AsyncIterator[bytes]:
        for each in content:
            yield bytes(each)

    folder, arriving = Folder(tmp_path / "large"), Arriving(upload)
    tracemalloc.start()
    try:
        await folder.put(desk.market.id, upload, arriving.chunks(body()))
        read = 0
        async for each in folder.get(desk.market.id, upload.id):
            read += len(each)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read == upload.size_bytes
    assert peak < 3_000_000
    assert arriving.sniffer.found(FileType.TEXT) is FileType.TEXT


class Hasty(TimedHttpProtocol):
    """The protocol with little patience."""

    patience = {Phase.HEADERS: 5.0, Phase.BODY: 0.3, Phase.FILE: 1.2}  # noqa: RUF012 - a mapping that is never changed


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "dripping for ever"])
async def test_a_file_that_does_not_go_on_is_not_waited_for(
    settings: Settings, promised: Contract, desk: Desk, tmp_path: Path, silent: bool
) -> None:
    content = PDF[:-6] + b"x" * 400_000 + PDF[-6:]
    upload = await desk.create(content)
    kept = dataclasses.replace(settings, demo=False, files=str(tmp_path / "hasty"))
    async with serving(kept, promised=promised, protocol=Hasty) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        head = f"PUT {upload['sendTo']['url']} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content[:100_000])
        dripping = None if silent else asyncio.create_task(drip(writer))
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionError):
                await reader.read()
        if dripping is not None:
            dripping.cancel()
        writer.close()
        async with asyncio.timeout(20):
            while any((tmp_path / "hasty").rglob("*.part")):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert (await stored(desk, upload)).state is UploadState.REQUESTED


async def drip(writer: asyncio.StreamWriter) -> None:
    """A byte now and then."""
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)


@pytest.mark.long
async def test_a_server_that_is_killed_in_the_middle_of_a_file_leaves_nothing_to_be_seen(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    content = PDF[:-6] + b"x" * 400_000 + PDF[-6:]
    upload = await desk.create(content)
    kept = dataclasses.replace(settings, demo=False, files=str(desk.folder))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        dying = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "api", "serve", "--shared-socket", str(listener.fileno())),
            env={**os.environ, **kept.environment()},
            pass_fds=(listener.fileno(),),
            cwd=ROOT,
        )
        _, writer = await asyncio.open_connection(*listener.getsockname())
    head = f"PUT {upload['sendTo']['url']} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content[:300_000])
    async with asyncio.timeout(60):
        while not desk.files():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    dying.kill()
    await dying.wait()
    writer.close()
    (part,) = desk.files()
    assert part.endswith(".part"), "half a file has no file's name"
    seen = await desk.read(upload)
    assert (seen["state"], seen["readFrom"], seen["foundType"]) == ("REQUESTED", None, None)
    assert (await desk.put(upload["sendTo"]["url"], content)).status == 200
    assert (await desk.confirm(upload))["upload"]["state"] == "ACCEPTED"
    assert set(desk.files()) == {part, upload["id"]}
