"""How a mutation is declared: one operation, one input, one payload (`house.md` 3).

`api/reads/mutate.py` runs it: coerce the input, `input.command()`, the operation inside one unit of work, then the
payload's selection is read after the commit. Refusals become `userErrors`; nothing is resolved here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from api.schema.arguments import Argument, field

Operation = Callable[..., Awaitable[Any]]
"""`async (work: Work, command) -> Outcome`, of `api/operations/`."""

DECLARATION: Final = "mutation"
"""The key in the field's metadata under which `api/schema/schema.py` finds the declaration."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a mutation field says beside its GraphQL signature."""

    operation: Operation
    input_type: type
    keyed: bool
    gathers: bool
    together: bool


@dataclass(frozen=True, slots=True)
class Mutation:
    """A mutation as the engine runs it. `keyed`: moves money, coupons, claims or points, so its key is required."""

    name: str
    operation: Operation
    input_type: type
    payload: str
    """The name of the payload's GraphQL type."""
    keyed: bool
    gathers: bool = False
    """Its operation also looks at an input that could not be read in whole, and so tells everything (`Work.told`)."""
    together: bool = False
    """Calls that come at the same time share a transaction (`storage/joint.py`)."""


def mutation(
    operation: Operation,
    input_type: type,
    *,
    keyed: bool,
    description: str,
    gathers: bool = False,
    together: bool = False,
) -> Any:
    """The field `verb(input: …!): …Payload!`, for the right-hand side of `open_claim: OpenClaimPayload = …`.

    The input is a Strawberry input with a method `command()`, which returns the operation's command or raises `Invalid`
    with all problems, and a field `idempotency_key: str` (`str | None` unless `keyed`); `expected_version: int | None`
    where an update may insist on what it saw. The payload has `user_errors: list[UserError]` and one nullable field per
    thing shown; the operation's `Outcome.things` names them in camel case.

    `gathers`: the operation is called even where `command()` refused, with what could be read. It must look at the
    input in blocks of `work.told` and end these with `work.told.done()` before it writes: nothing of such a call stays.

    `together`: for what comes often. It waits for nothing but the database, locks by `Connection.lock` alone, and what
    many calls ask alike it asks by `Connection.single`.
    """
    return field(
        description,
        Argument("input", input_type, "What to do."),
        metadata={DECLARATION: Declared(operation, input_type, keyed, gathers, together)},
    )
