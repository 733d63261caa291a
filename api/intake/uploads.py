"""The bytes of uploads: sent to and read from signed addresses, by plain HTTP and without a token.

    PUT /uploads/<tenant>/<upload>?actor=…&expires=…&signature=…     the bytes come
    GET /uploads/<tenant>/<upload>?actor=…&expires=…&signature=…     an accepted file is read

Laws: nothing is read or written for an address that the deployment did not sign, or whose last instant has passed by
the marketplace's own clock; a body is held against the announced length and digest while it streams, in constant
memory, and what differs in either is thrown away; nothing a client spells becomes part of a path; a file is always
an attachment, of exactly its accepted type.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import quote

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from api.context import Platform
from api.endpoint import negotiate
from api.endpoint.refusals import Turned, stamped
from api.operations import uploads as operations
from domain import uploads
from domain.access import Caller, ViewerKind
from domain.dates import rfc3339
from domain.errors import ErrorCode, Refusal
from domain.file_types import MEDIA_TYPES, Sniffer
from domain.ids import Id, TenantId, UploadId
from domain.uploads import Address, ReceiveUpload, Upload, UploadState, Use
from storage.files import Missing, Unreachable, signer
from storage.unit_of_work import Outcome, Work, transact

ARRIVALS_MAX: Final = 64
"""Files that come to a process at the same time: each holds up to half a megabyte of memory."""

BUSY_SECONDS: Final = 5
"""After which whoever found no room asks again."""

EXPIRES_DIGITS_MAX: Final = 12

STATUS: Final = {
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.REFUSED: 409,
    ErrorCode.CONFLICT: 409,
    ErrorCode.STALE_VERSION: 409,
    ErrorCode.INVALID: 422,
    ErrorCode.UNAVAILABLE: 503,
}
"""Of what rules refuse."""

CLOSES: Final = ((b"connection", b"close"),)
"""What is left of a body that was refused is not waited for."""

R = TypeVar("R")
_log: Final = structlog.get_logger("makegood.uploads")


class Arriving:
    """The body of one upload on its way in: measured while it passes."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self.sniffer = Sniffer()

    async def chunks(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The body's bytes. The last ones are given out only when everything is as announced.

        Raises:
            Turned: more or fewer bytes than announced, or others: their digest differs.
        """
        digest, held = hashlib.sha256(), b""
        async for chunk in body:
            if not chunk:
                continue
            self.sniffer.feed(chunk)
            if self.sniffer.size > self._upload.size_bytes:
                raise _bad(f"More than the {self._upload.size_bytes:,} bytes announced came.", 413)
            digest.update(chunk)
            if held:
                yield held
            held = chunk
        if self.sniffer.size < self._upload.size_bytes:
            raise _bad(f"Only {self.sniffer.size:,} of the {self._upload.size_bytes:,} bytes announced came.", 400)
        if digest.hexdigest() != self._upload.sha256:
            raise _bad("The bytes that came do not have the SHA-256 announced; send them again.", 422)
        yield held


class Transfers:
    """The two methods of one process, and how many files are arriving."""

    def __init__(self, platform: Callable[[], Platform]) -> None:
        self._platform = platform
        self._under_way = 0

    async def answer(self, request: Request) -> Response:
        """The answer to one request. Refusals have one shape, with a code and the request's id."""
        platform = self._platform()
        request_id = platform.request_ids()
        try:
            if request.method != Use.SEND.value:
                return await _give(platform, request, request_id)
            if self._under_way >= ARRIVALS_MAX:
                headers = (*CLOSES, (b"retry-after", str(BUSY_SECONDS).encode()))
                raise Turned(ErrorCode.UNAVAILABLE, "Too many files are arriving.", status=503, headers=headers)
            self._under_way += 1
            try:
                return await _take(platform, request, request_id)
            finally:
                self._under_way -= 1
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except Turned as turned:
            return _refusal(turned, request_id)
        except Refusal as refusal:
            status = STATUS.get(refusal.code, 400)
            return _refusal(Turned(refusal.code, refusal.message, status=status, headers=CLOSES), request_id)
        except Exception:  # whatever it is, it is ours: told apart by its request id in the log
            _log.exception("transfer_failed", request_id=request_id)
            fault = Turned(ErrorCode.INTERNAL, "Something went wrong on our side.", status=500, headers=CLOSES)
            return _refusal(fault, request_id)


def routes(platform: Callable[[], Platform]) -> list[BaseRoute]:
    """The routes of one process."""
    transfers = Transfers(platform)
    methods = [use.value for use in Use]
    return [Route("/uploads/{tenant}/{upload}", transfers.answer, methods=methods, name="upload")]


async def _take(platform: Platform, request: Request, request_id: str) -> Response:
    """The bytes are stored, and the upload is received."""
    address = _address(platform, request, Use.SEND)
    upload = await _act(platform, address, request_id, lambda work: operations.awaited_upload(work, address.upload_id))
    if "content-encoding" in request.headers:
        raise _bad("Bytes are sent as they are, without a content encoding.", 415)
    declared = request.headers.get("content-length")
    if declared is not None and int(declared) != upload.size_bytes:
        message = f"{upload.size_bytes:,} bytes were announced, not {int(declared):,}."
        raise _bad(message, 413 if int(declared) > upload.size_bytes else 400)
    arriving = Arriving(upload)
    try:
        await platform.files.put(address.tenant_id, upload, arriving.chunks(request.stream()))
    except (OSError, Unreachable) as error:
        _log.error("upload_not_stored", request_id=request_id, reason=repr(error))
        raise Turned(
            ErrorCode.UNAVAILABLE, "The bytes cannot be stored just now; try again.", status=503, headers=CLOSES
        ) from None
    received = ReceiveUpload(upload.id, arriving.sniffer.found(upload.file_type))
    await _act(platform, address, request_id, lambda work: operations.receive_upload(work, received))
    return JSONResponse({"id": upload.id, "state": UploadState.RECEIVED.value}, headers={"cache-control": "no-store"})


async def _give(platform: Platform, request: Request, request_id: str) -> Response:
    """The file, as an attachment. That it was read is written down before its first byte leaves."""
    address = _address(platform, request, Use.READ)
    upload = await _act(platform, address, request_id, lambda work: operations.read_upload(work, address.upload_id))
    bytes_ = platform.files.get(address.tenant_id, upload.id)
    try:
        first = await anext(bytes_)
    except (Missing, OSError, Unreachable) as error:
        _log.error("upload_not_readable", request_id=request_id, upload=upload.id, reason=repr(error))
        raise Turned(ErrorCode.UNAVAILABLE, "The file cannot be read just now.", status=503) from None
    headers = {
        "content-length": str(upload.size_bytes),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(upload.file_name, safe='')}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
        "cross-origin-resource-policy": "same-site",
    }
    if request.method == "HEAD":
        await bytes_.aclose()  # type: ignore[attr-defined]  # a generator, as `Files.get` says
        return Response(media_type=MEDIA_TYPES[upload.file_type], headers=headers)
    return StreamingResponse(_following(first, bytes_), media_type=MEDIA_TYPES[upload.file_type], headers=headers)


async def _following(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _address(platform: Platform, request: Request, use: Use) -> Address:
    """What the request's address says, if the deployment signed it. Raises Turned (403) for every other."""
    query, path = request.query_params, request.path_params
    expires = query.get("expires", "")
    refused = Turned(
        ErrorCode.FORBIDDEN, "This address is not good: read the upload for another.", status=403, headers=CLOSES
    )
    if not (expires.isascii() and expires.isdigit() and len(expires) < EXPIRES_DIGITS_MAX):
        raise refused
    try:
        address = Address(
            use,
            TenantId.parse(path["tenant"]),
            UploadId.parse(path["upload"]),
            query.get("actor", ""),
            datetime.fromtimestamp(int(expires), UTC),
        )
    except (ValueError, OverflowError):
        raise refused from None
    key = signer(platform.settings.secret_key, "").key
    if not uploads.is_signed(address, key, query.get("signature", "")):
        raise refused
    return address


async def _act(platform: Platform, address: Address, request_id: str, step: Callable[[Work], Awaitable[R]]) -> R:
    """The step has happened in a transaction of the address's holder. Refuses an address whose last instant is over."""
    holder = Caller(address.tenant_id, Id(address.actor_id), None, None, frozenset(), ViewerKind.PUBLIC, frozenset())
    done: list[R] = []

    async def act(work: Work) -> Outcome:
        if work.at > address.expires_at:
            message = f"This address was good until {rfc3339(address.expires_at)}: read the upload for another."
            raise Turned(ErrorCode.FORBIDDEN, message, status=403, headers=CLOSES)
        done[:] = [await step(work)]
        return Outcome()

    action = "receiveUpload" if address.use is Use.SEND else operations.READ_UPLOAD
    await transact(platform.pool, holder, action=action, request_id=request_id, act=act)
    return done[0]


def _bad(message: str, status: int) -> Turned:
    return Turned(ErrorCode.BAD_REQUEST, message, status=status, headers=CLOSES)


def _refusal(turned: Turned, request_id: str) -> Response:
    headers = {name.decode(): value.decode() for name, value in turned.headers}
    return JSONResponse(
        {"errors": stamped(turned.errors, request_id)},
        turned.status(negotiate.DEFAULT),
        headers={**headers, "x-request-id": request_id, "cache-control": "no-store"},
    )
