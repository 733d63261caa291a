"""Refusals: everything the rules may say no with. Anything else that is raised is a bug, is logged and masked."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.explain import Finding


class ErrorCode(StrEnum):
    """Every code a client can meet, in a payload's `userErrors` or in `errors[].extensions.code`."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    INVALID = "INVALID"
    STALE_VERSION = "STALE_VERSION"
    CONFLICT = "CONFLICT"
    REFUSED = "REFUSED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
    COMMITTED_READ_FAILED = "COMMITTED_READ_FAILED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    BAD_REQUEST = "BAD_REQUEST"
    SYNTAX_ERROR = "SYNTAX_ERROR"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    BAD_VARIABLES = "BAD_VARIABLES"
    BAD_CURSOR = "BAD_CURSOR"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    THROTTLED = "THROTTLED"
    DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND"
    DOCUMENT_REQUIRED = "DOCUMENT_REQUIRED"
    INTROSPECTION_FORBIDDEN = "INTROSPECTION_FORBIDDEN"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class Refusal(Exception):
    """A rule's no. `code` is what the client branches on; `message` is a sentence for a person and holds no secret."""

    code: ErrorCode = ErrorCode.INTERNAL

    def __init__(self, message: str, *, field: tuple[str, ...] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Unauthenticated(Refusal):
    """Nobody is vouched for by what was sent. One answer for every cause, so that a forger learns nothing."""

    code = ErrorCode.UNAUTHENTICATED


class NotFound(Refusal):
    """There is no such thing, or it is not for the caller: the two are never told apart."""

    code = ErrorCode.NOT_FOUND


class Forbidden(Refusal):
    """The caller's role may not do this to anything."""

    code = ErrorCode.FORBIDDEN


class Conflict(Refusal):
    """The thing changed or exists already. `code` says which: stale version, twin, reused key."""

    def __init__(
        self, message: str, *, code: ErrorCode = ErrorCode.CONFLICT, field: tuple[str, ...] | None = None
    ) -> None:
        super().__init__(message, field=field)
        self.code = code


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where (`field`, a path of GraphQL names below the mutation) and what."""

    field: tuple[str, ...]
    message: str


class Invalid(Refusal):
    """The input is wrong by itself, whatever the state. Carries every problem, not only the first."""

    code = ErrorCode.INVALID

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("an invalid input names at least one problem")
        super().__init__(problems[0].message, field=problems[0].field)
        self.problems = problems


class Refused(Refusal):
    """A rule of the trade says no. Carries the rule and every unmet condition (each one a finding that does not hold)."""

    code = ErrorCode.REFUSED

    def __init__(self, rule: str, message: str, unmet: tuple["Finding", ...] = ()) -> None:
        super().__init__(message)
        self.rule = rule
        self.unmet = unmet
