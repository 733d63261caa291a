"""The body of a request: read while it streams, parsed strictly, understood or refused as a whole."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from api.endpoint.refusals import Turned
from domain.errors import ErrorCode

BODY_BYTES_MAX: Final = 256_000
"""A document of 2,000 tokens with the largest useful variables is a tenth of it."""

NESTING_MAX: Final = 32
"""Of lists and objects in variables: the deepest input type is 6 deep."""

INTEGER_MAX: Final = 2**63 - 1
"""Beyond 64 bits the parser would round to a float."""

_TYPES: Final[Mapping[str, type]] = {
    "query": str,
    "documentId": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}
_SPELLED: Final[Mapping[type, str]] = {str: "a string", dict: "an object"}

Receive = Callable[[], Awaitable[Any]]


@dataclass(slots=True)
class Parameters:
    """What a request asks for: a document, by text or by hash, and what to do with it."""

    query: str | None
    document_id: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


class Gone(Exception):
    """The client went away before its request was complete."""


async def read(receive: Receive, declared: bytes | None) -> bytes:
    """The whole body. `declared` is its Content-Length.

    Raises:
        Turned: longer than allowed (413), known from its declared length or found while it streams.
        Gone: the connection ended first.
    """
    if declared is not None and int(declared) > BODY_BYTES_MAX:
        raise _too_long()
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, length = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            parts.append(message.get("body", b""))
            length += len(parts[-1])
            if length > BODY_BYTES_MAX:
                raise _too_long()
        body = b"".join(parts)
    if len(body) > BODY_BYTES_MAX:
        raise _too_long()
    return body


def parse(body: bytes) -> Parameters:
    """What the body asks for. Raises Turned (400) for everything that is not exactly a GraphQL request."""
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad("The body is not JSON in UTF-8.") from None
    return understand(members)


def understand(members: Any) -> Parameters:
    """What those JSON values ask for. Raises Turned (400) when they are not a GraphQL request."""
    if type(members) is not dict:
        raise bad("The body is not a JSON object.")
    for name, value in members.items():
        if value is not None and type(value) is not _TYPES.get(name, type(value)):
            raise bad(f"`{name}` is not {_SPELLED[_TYPES[name]]}.")
    query, document_id = members.get("query"), members.get("documentId")
    if (query is None) == (document_id is None):
        raise bad("Send either `query` or `documentId`.")
    variables = members.get("variables") or {}
    for value in variables.values():
        if type(value) is not str or "\0" in value:
            _check(value, 1)
    return Parameters(query, document_id, members.get("operationName"), variables)


def bad(message: str, status: int = 400, *headers: tuple[bytes, bytes]) -> Turned:
    """The refusal of a request that is not one."""
    return Turned(ErrorCode.BAD_REQUEST, message, status=status, headers=headers)


def _check(value: Any, depth: int) -> None:
    """Refuses numbers beyond 64 bits, U+0000 and nesting without end; the types of variables say the rest."""
    if depth > NESTING_MAX:
        raise bad(f"`variables` is nested more than {NESTING_MAX} levels deep.")
    kind = type(value)
    if kind is str:
        if "\0" in value:
            raise bad("`variables` holds the character U+0000.")
    elif kind in {int, float}:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise bad("`variables` holds a number beyond 64 bits.")
    elif kind is list:
        for child in value:
            _check(child, depth + 1)
    elif kind is dict:
        for name, child in value.items():
            _check(name, depth + 1)
            _check(child, depth + 1)


def _too_long() -> Turned:
    return bad(f"The body is longer than {BODY_BYTES_MAX:,} bytes.", 413, (b"connection", b"close"))
