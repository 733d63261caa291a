"""What is said instead of an answer: one shape for every refusal, with its code, its request id and its status.

Law: a message is a sentence written here or by a rule, never the text of an exception.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from api.endpoint.negotiate import Media
from domain.errors import ErrorCode

STATUS: Final[Mapping[ErrorCode, tuple[int, int]]] = {
    ErrorCode.BAD_REQUEST: (400, 400),
    ErrorCode.UNAUTHENTICATED: (401, 401),
    ErrorCode.FORBIDDEN: (403, 200),
    ErrorCode.INTROSPECTION_FORBIDDEN: (403, 200),
    ErrorCode.DOCUMENT_REQUIRED: (403, 200),
    ErrorCode.THROTTLED: (429, 429),
    ErrorCode.INTERNAL: (500, 500),
    ErrorCode.UNAVAILABLE: (503, 503),
}
"""The status of a request error as application/graphql-response+json and as application/json."""

OTHERWISE: Final = (400, 200)
"""Of every other code: the request is well-formed HTTP, but its document or its variables cannot be executed."""


class Turned(Exception):
    """The request is turned away before anything of it is executed. `headers` go with the answer."""

    def __init__(
        self,
        code: ErrorCode,
        message: str = "",
        *,
        status: int | None = None,
        errors: Iterable[Mapping[str, Any]] = (),
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = [*errors] or [{"message": message, "extensions": {"code": code.value}}]
        self.headers = headers
        self._status = status

    def status(self, media: Media) -> int:
        """The HTTP status for an answer of that type."""
        if self._status is not None:
            return self._status
        return status_of(self.code, media)


def status_of(code: ErrorCode, media: Media) -> int:
    """The HTTP status of a request error."""
    released, older = STATUS.get(code, OTHERWISE)
    return released if media is Media.RESPONSE else older


def stamped(errors: Iterable[Mapping[str, Any]], request_id: str) -> list[dict[str, Any]]:
    """The errors with the request's id, for the client to quote."""
    return [
        {
            **error,
            "extensions": {"code": ErrorCode.INTERNAL.value, **error.get("extensions", {}), "requestId": request_id},
        }
        for error in errors
    ]
