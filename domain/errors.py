"""Refusals: everything the rules may say no with. Anything else that is raised is a bug, is logged and masked."""

from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.explain import Finding


class ErrorCode(StrEnum):
    """Every code a client can meet, in a payload's `userErrors` or in `errors[].extensions.code`."""

    NOT_FOUND = "NOT_FOUND"
    """There is no such thing, or it is not for the caller."""
    FORBIDDEN = "FORBIDDEN"
    """The caller's role or scope does not allow it."""
    INVALID = "INVALID"
    """The input is wrong by itself."""
    STALE_VERSION = "STALE_VERSION"
    """The thing changed since it was read: `expectedVersion` is not its version."""
    CONFLICT = "CONFLICT"
    """The thing exists already, or somebody else is changing it."""
    REFUSED = "REFUSED"
    """A rule of the trade says no; `rule` and `reasons` say which and why."""
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    """The key was used before with another input."""
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
    """The same call is still running: ask again."""
    COMMITTED_READ_FAILED = "COMMITTED_READ_FAILED"
    """The change is done, but the answer could not be read: read the thing again."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """There is no valid key or token."""
    BAD_REQUEST = "BAD_REQUEST"
    """The request cannot be executed as it is: not GraphQL over HTTP, too large, or a list without a page size."""
    SYNTAX_ERROR = "SYNTAX_ERROR"
    """The document is not GraphQL."""
    VALIDATION_FAILED = "VALIDATION_FAILED"
    """The document does not fit the schema."""
    BAD_VARIABLES = "BAD_VARIABLES"
    """The variables do not fit the operation."""
    BAD_CURSOR = "BAD_CURSOR"
    """The cursor is malformed or belongs to another list."""
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    """The document is larger, deeper or dearer than is allowed."""
    THROTTLED = "THROTTLED"
    """The budget is used up: wait as long as `Retry-After` says."""
    DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND"
    """No trusted document has that hash."""
    DOCUMENT_REQUIRED = "DOCUMENT_REQUIRED"
    """This key may send trusted documents only."""
    INTROSPECTION_FORBIDDEN = "INTROSPECTION_FORBIDDEN"
    """The key or token has no introspection scope."""
    UNAVAILABLE = "UNAVAILABLE"
    """The server is too busy or is stopping: try again."""
    INTERNAL = "INTERNAL"
    """A fault of the server; quote the request id."""


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
    """There is no such thing, or it is not for the caller: the two are never told apart.

    `id` is the id that was looked for, where it is known; clients are shown its place in their input.
    """

    code = ErrorCode.NOT_FOUND

    def __init__(self, message: str, *, field: tuple[str, ...] | None = None, id: str | None = None) -> None:
        super().__init__(message, field=field)
        self.id = id


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
    """One thing wrong with an input: where (`field`, a path of GraphQL names below the mutation) and what.

    `finding` is what a rule found, where it is a rule that says so: its sentence is the message.
    """

    field: tuple[str, ...]
    message: str
    finding: "Finding | None" = None


class Invalid(Refusal):
    """The input is wrong by itself, whatever the state. Carries every problem, not only the first."""

    code = ErrorCode.INVALID

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("an invalid input names at least one problem")
        super().__init__(problems[0].message, field=problems[0].field)
        self.problems = problems


class Refused(Refusal):
    """A rule of the trade says no. Carries the rule and every unmet condition (a finding that does not hold each)."""

    code = ErrorCode.REFUSED

    def __init__(self, rule: str, message: str, unmet: tuple["Finding", ...] = ()) -> None:
        super().__init__(message)
        self.rule = rule
        self.unmet = unmet


def fields_of(refusal: Refusal) -> tuple[tuple[str, ...], ...]:
    """Every place in the input that the refusal names."""
    if isinstance(refusal, Invalid):
        return tuple(problem.field for problem in refusal.problems if problem.field)
    return (refusal.field,) if refusal.field else ()


def overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one of the two places in an input is, or holds, the other."""
    return all(a == b for a, b in zip(one, other, strict=False))


class Several(Refusal):
    """More than one no to the same call, each found by a look of its own. Its code is the first one's."""

    def __init__(self, *refusals: Refusal) -> None:
        first = refusals[0]
        super().__init__(first.message, field=first.field)
        self.code = first.code
        self.refusals = refusals


class Told:
    """What one call is told, gathered look by look, so that a client corrects its input once and not step by step.

    Each look that needs nothing of another is a block `with told:`, which notes a refusal instead of passing it on.
    What a block was to bring is there only after `done()`. Nothing is written before it.
    """

    __slots__ = ("refusals",)

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def __enter__(self) -> None:
        """A look at the input begins."""

    def __exit__(self, kind: type[BaseException] | None, no: BaseException | None, at: TracebackType | None) -> bool:
        if isinstance(no, Refusal):
            self.note(no)
            return True
        return False

    def note(self, refusal: Refusal) -> None:
        """The call is refused by this as well."""
        self.refusals.extend(refusal.refusals if isinstance(refusal, Several) else (refusal,))

    def about(self, *path: str) -> bool:
        """Whether something was told of that place in the input, of what lies in it or of what it lies in."""
        return any(overlap(path, field) for refusal in self.refusals for field in fields_of(refusal))

    def done(self) -> None:
        """Nothing, if no look refused.

        Raises:
            Refusal: the one that was noted; Several, where there are more.
        """
        if self.refusals:
            raise self.refusals[0] if len(self.refusals) == 1 else Several(*self.refusals)
