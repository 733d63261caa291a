"""What every operation passes before it runs, however it came: document, operation, cost, budget.

Law: over HTTP, a socket or an event stream the same limits hold, in the same order.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import FieldNode, OperationType

from api import limits
from api.context import ANONYMOUS, Platform
from api.endpoint.body import Parameters
from api.endpoint.refusals import Turned
from api.limits import ALONE_COST
from api.reads.document import Document, Operation
from api.reads.engine import Answer, Request
from api.throttle import Bucket
from domain.access import Caller, Scope
from domain.errors import ErrorCode

OPEN_TO_ANYONE: Final = frozenset({"__schema", "__type", "__typename"})
"""The root fields that a demo shows to somebody without a token."""


@dataclass(slots=True)
class Admitted:
    """An operation that may run, and what was taken from the caller's budget for it."""

    request: Request
    operation: Operation
    points: int
    bucket: Bucket

    @property
    def subscribes(self) -> bool:
        """Whether it is a subscription."""
        return self.operation.kind is OperationType.SUBSCRIPTION


async def admit(platform: Platform, caller: Caller, parameters: Parameters, request_id: str) -> Admitted:
    """The operation, ready to run and paid for.

    Raises:
        Turned: unknown document, not valid, beyond a limit, or over the caller's budget (with the seconds to wait).
    """
    text = parameters.query
    if text is None:
        text = await _trusted(platform, caller, parameters)
    elif caller.documents_only:
        raise Turned(ErrorCode.DOCUMENT_REQUIRED, "This key may send trusted documents only, by `documentId`.")
    introspect = platform.introspects(caller)
    engine = platform.engine
    document = engine.known(text, introspect=introspect)
    if document is None:
        await _spend(platform, caller, limits.NEW_DOCUMENT_COST)
        document = engine.prepare(text, introspect=introspect)
    if document.errors:
        raise Turned(ErrorCode(document.errors[0]["extensions"]["code"]), errors=document.errors)
    operation = document.operation(parameters.operation_name)
    if operation is None:
        raise Turned(ErrorCode.VALIDATION_FAILED, _which(document, parameters.operation_name))
    if caller is ANONYMOUS:
        _open_to_anyone(operation, ErrorCode.UNAUTHENTICATED, "Send a token.")
    elif Scope.READ not in caller.scopes and operation.kind is not OperationType.MUTATION:
        _open_to_anyone(operation, ErrorCode.FORBIDDEN, "Queries and subscriptions need the scope READ.")
    points = max(operation.measure.cost.of(parameters.variables), ALONE_COST)
    if (sentence := limits.too_dear(points)) is not None:
        raise Turned(ErrorCode.LIMIT_EXCEEDED, sentence)
    bucket = platform.throttle.spend(caller.actor_id, points, time.monotonic())
    if bucket is None:
        bucket = await _spend(platform, caller, points)
    request = Request(document, caller, request_id, parameters.operation_name, parameters.variables)
    return Admitted(request, operation, points, bucket)


def settle(platform: Platform, admitted: Admitted, answer: Answer) -> None:
    """What was not needed is given back, and the answer says what it cost and what is left."""
    actual = min(max(answer.objects + admitted.operation.measure.least, ALONE_COST), admitted.points)
    bucket, budget = admitted.bucket, platform.throttle.budget
    bucket.held += admitted.points - actual
    answer.extensions["cost"] = {
        "requestedQueryCost": admitted.points,
        "actualQueryCost": actual,
        "throttleStatus": {
            "maximumAvailable": budget.capacity,
            "currentlyAvailable": min(bucket.available, budget.capacity),
            "restoreRate": budget.rate,
        },
    }


async def _trusted(platform: Platform, caller: Caller, parameters: Parameters) -> str:
    """The text of the trusted document that was named."""
    if caller is ANONYMOUS:
        raise Turned(ErrorCode.UNAUTHENTICATED, "Send a token.")
    text = await platform.documents.text(caller.tenant_id, parameters.document_id or "")
    if text is None:
        raise Turned(ErrorCode.DOCUMENT_NOT_FOUND, "No trusted document has that hash.")
    return text


async def _spend(platform: Platform, caller: Caller, points: int) -> Bucket:
    bucket, wait_seconds = await platform.throttle.spend_or_wait(caller.actor_id, points)
    if not wait_seconds:
        return bucket
    platform.figures.throttled += 1
    budget = platform.throttle.budget
    extensions: Mapping[str, Any] = {
        "code": ErrorCode.THROTTLED.value,
        "requestedQueryCost": points,
        "retryAfterSeconds": wait_seconds,
        "throttleStatus": {
            "maximumAvailable": budget.capacity,
            "currentlyAvailable": bucket.available,
            "restoreRate": budget.rate,
        },
    }
    raise Turned(
        ErrorCode.THROTTLED,
        errors=[{"message": f"The budget is used up. Ask again in {wait_seconds} s.", "extensions": extensions}],
        headers=((b"retry-after", str(wait_seconds).encode()),),
    )


def _which(document: Document, name: str | None) -> str:
    if name is not None:
        return "The document has no operation of that name."
    return f"The document has {len(document.operations)} operations: say which in `operationName`."


def _open_to_anyone(operation: Operation, code: ErrorCode, sentence: str) -> None:
    """Refuses everything but the schema: to somebody without a token, or with one that is not good for reading."""
    for selection in operation.node.selection_set.selections:
        if not isinstance(selection, FieldNode) or selection.name.value not in OPEN_TO_ANYONE:
            raise Turned(code, sentence)
