"""The engine's door: a document is prepared once, a request executed, a subscription listened to.

What comes back is an `Answer` of plain JSON types (datetimes stay aware datetimes in UTC), turned into bytes by
`Answer.body()`. The endpoint owns HTTP; the engine owns everything between a document and its data.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from api.reads.document import Document
from domain.access import Caller

JSON_OPTIONS = orjson.OPT_UTC_Z
"""Instants end in `Z`; microseconds are kept and left out when they are zero."""

Error = dict[str, Any]
"""As the specification spells it: message, locations, path, extensions with `code`."""


@dataclass(slots=True)
class Request:
    """One operation of one caller. `document` is what `Engine.prepare` made of the text; it may carry errors."""

    document: Document
    caller: Caller
    request_id: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    """What the client gets. `executed` is False for a request error: there is no `data` entry then (HTTP 400)."""

    data: dict[str, Any] | None
    errors: list[Error] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
    executed: bool = True
    objects: int = 0
    """How many rows were read for it: the actual cost."""

    def body(self) -> bytes:
        """The response as JSON, in the order errors, data, extensions; empty members are left out."""
        members: dict[str, Any] = {}
        if self.errors:
            members["errors"] = self.errors
        if self.executed:
            members["data"] = self.data
        if self.extensions:
            members["extensions"] = self.extensions
        return orjson.dumps(members, option=JSON_OPTIONS)


class Engine:
    """Reads and runs what documents ask for. One per process; holds the pool and the caches of documents and plans."""

    def prepare(self, text: str, *, introspect: bool = True) -> Document:
        """The document of that text: limits, parse, validation, once; errors are cached as well (`Document.errors`).

        Never raises for what a client wrote. `introspect` False: the caller may not introspect, so that a document that
        selects `__schema` or `__type` carries INTROSPECTION_FORBIDDEN, and messages never suggest names.
        """
        raise NotImplementedError

    async def execute(self, request: Request) -> Answer:
        """Runs the query or mutation. Faults are logged with the request's id and masked; none is raised."""
        raise NotImplementedError

    def subscribe(self, request: Request) -> AsyncIterator[Answer]:
        """One answer per event until the listener closes the iterator. A request error is the only answer then.

        Between events no database connection is held. The endpoint re-checks the caller before each answer is sent.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Lets go of everything in the caches. The pool is closed by whoever opened it."""
        raise NotImplementedError
