"""Where the bytes of uploads lie: a folder on disk, or whatever else keeps `Files`' promises; and who signs addresses.

Laws: a file has the name of its upload and lies in its tenant's part, so that nothing a client spells is ever part of a
path; it appears whole or not at all, whenever the process is killed; it is written in constant memory; a name is
written again only with the same bytes (`domain/uploads.py`: the digest was announced).
"""

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final, Protocol
from urllib.parse import urlencode

from domain import uploads
from domain.ids import TenantId, UploadId
from domain.uploads import Address, Upload

CHUNK_BYTES: Final = 262_144
PART: Final = ".part"
"""What the name of a file that is not whole ends in."""

PART_SECONDS_MAX: Final = 3_600
"""A part that nobody has written to for so long belongs to a process that was killed."""

PRIVATE: Final = 0o600


class Missing(Exception):
    """There are no such bytes, though a row says so: somebody took them away."""


class Unreachable(Exception):
    """The place for bytes cannot be asked just now; the same may succeed later."""


class Files(Protocol):
    """A place for bytes, by tenant and upload."""

    async def put(self, tenant_id: TenantId, upload: Upload, chunks: AsyncIterator[bytes]) -> None:
        """The chunks are the upload's bytes, all of them. What `chunks` raises is raised, and nothing was put then."""
        ...

    def get(self, tenant_id: TenantId, upload_id: UploadId) -> AsyncIterator[bytes]:
        """The upload's bytes. Raises Missing before the first."""
        ...

    async def delete(self, tenant_id: TenantId, upload_id: UploadId) -> None:
        """The upload has no bytes here, whether or not it had."""
        ...

    async def tidy(self, tenant_id: TenantId) -> int:
        """What killed processes left half-written of the tenant's is gone; how much that was."""
        ...

    async def close(self) -> None:
        """Nothing is open any more."""
        ...


class Folder:
    """Files in a folder of this machine, one folder per tenant in it, for this account's eyes only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def put(self, tenant_id: TenantId, upload: Upload, chunks: AsyncIterator[bytes]) -> None:
        """See `Files`. Written beside its place, made durable, then moved there."""
        place = self._place(tenant_id, upload.id)
        part = place.with_name(f"{place.name}.{token_hex(8)}{PART}")
        await asyncio.to_thread(_make, place.parent)
        descriptor = await asyncio.to_thread(os.open, part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        try:
            try:
                async for chunk in chunks:
                    await asyncio.to_thread(_write, descriptor, chunk)
                await asyncio.to_thread(os.fsync, descriptor)
            finally:
                os.close(descriptor)
            await asyncio.to_thread(_move, part, place)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()

    async def get(self, tenant_id: TenantId, upload_id: UploadId) -> AsyncIterator[bytes]:
        """See `Files`."""
        try:
            file = await asyncio.to_thread(self._place(tenant_id, upload_id).open, "rb")
        except FileNotFoundError:
            raise Missing(upload_id) from None
        try:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk
        finally:
            file.close()

    async def delete(self, tenant_id: TenantId, upload_id: UploadId) -> None:
        """See `Files`."""
        with suppress(FileNotFoundError):
            await asyncio.to_thread(self._place(tenant_id, upload_id).unlink)

    async def tidy(self, tenant_id: TenantId) -> int:
        """See `Files`."""
        folder = self.folder / TenantId.parse(tenant_id)
        return await asyncio.to_thread(_tidy, folder, time.time() - PART_SECONDS_MAX)

    async def close(self) -> None:
        """See `Files`. Nothing stays open between two calls."""

    def _place(self, tenant_id: TenantId, upload_id: UploadId) -> Path:
        return self.folder / TenantId.parse(tenant_id) / UploadId.parse(upload_id)


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _move(part: Path, place: Path) -> None:
    """The part is the file, also after a power cut."""
    part.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _tidy(folder: Path, before: float) -> int:
    gone = 0
    for part in folder.glob(f"*{PART}"):
        with suppress(FileNotFoundError):
            if part.stat().st_mtime < before:
                part.unlink()
                gone += 1
    return gone


# -- addresses -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs addresses with a key of its own, made of the deployment's secret.

    `origin` is what they begin with: empty for addresses relative to the endpoint's own.
    """

    key: bytes
    origin: str

    def url(self, address: Address) -> str:
        """The address as a client uses it."""
        good = {
            "actor": address.actor_id,
            "expires": int(address.expires_at.timestamp()),
            "signature": uploads.signature(address, self.key),
        }
        return f"{self.origin}/uploads/{address.tenant_id}/{address.upload_id}?{urlencode(good)}"


def signer(secret: bytes, origin: str) -> Signer:
    """The signer of a deployment with that secret, whose clients reach it at `origin`."""
    return Signer(hmac.new(secret, b"makegood upload addresses", hashlib.sha256).digest(), origin.rstrip("/"))


_SIGNERS: Final[list[Signer]] = []


def sign_with(signer: Signer) -> None:
    """From now on this process signs addresses with it. A process that is told none hands out no addresses."""
    _SIGNERS[:] = [signer]


def url(address: Address) -> str | None:
    """The address as a client uses it; None in a process that serves no files."""
    return _SIGNERS[0].url(address) if _SIGNERS else None
