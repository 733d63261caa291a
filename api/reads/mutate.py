"""A mutation, from its input to what its payload is made of.

The operation runs in one unit of work; what it refuses becomes `userErrors`, with every reason. What is returned is a
value like any loader's: ids where the payload shows things, so that the engine reads them after the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from api.reads.plan import ValueRoot
from api.schema.errors import ShownError, user_errors
from api.schema.inputs import Unreadable
from api.schema.mutation import Mutation
from domain.access import Caller
from domain.errors import ErrorCode, Invalid, Problem, Refusal
from storage import idempotency
from storage.idempotency import Key
from storage.pool import Pool, Unavailable
from storage.unit_of_work import Outcome, Work, transact

KEY_CHARACTERS_MAX: Final = 200
USER_ERRORS: Final = "userErrors"


class Done(NamedTuple):
    """What a mutation led to."""

    payload: Mapping[str, Any]
    things: Mapping[str, Any] = {}
    """The payload's fields that show things, with their ids."""
    replayed: bool = False
    at: datetime | None = None
    """The instant at which it happened, and as of which it is shown; None: now."""


async def perform(
    mutation: Mutation, root: ValueRoot, variables: Mapping[str, Any], *, pool: Pool, caller: Caller, request_id: str
) -> Done:
    """The mutation has happened, or was refused and changed nothing.

    Raises:
        Unavailable: the database cannot be asked. Anything else that is raised is a bug.
    """
    wish = root.arguments.values(variables)["input"]
    try:
        given = root.convert({"input": wish})["input"]
        command, wrong = read(mutation, given)

        async def act(work: Work) -> Outcome:
            if wrong is not None:
                work.told.note(wrong)
            outcome: Outcome = await mutation.operation(work, command)
            work.told.done()
            return outcome

        outcome, replayed = await transact(
            pool,
            caller,
            action=mutation.name,
            request_id=request_id,
            act=act,
            idempotency=_key(given.idempotency_key, wish) if wrong is None else None,
            expected_version=getattr(given, "expected_version", None),
            together=mutation.together,
        )
    except Unavailable:
        raise
    except Refusal as refusal:
        return Done({USER_ERRORS: user_errors(refusal, wish)})
    payload = {**outcome.facts, **outcome.once, **outcome.things, USER_ERRORS: []}
    return Done(payload, outcome.things, replayed, outcome.at)


def read(mutation: Mutation, given: Any) -> tuple[Any, Unreadable | None]:
    """The command of that input; and what is wrong with it, where the operation tells what else is."""
    wrong = _key_problems(given.idempotency_key)
    try:
        command = given.command()
    except Invalid as refusal:
        command = refusal.command if isinstance(refusal, Unreadable) else None
        wrong = (*refusal.problems, *wrong)
    if not wrong:
        return command, None
    if not mutation.gathers or command is None:
        raise Invalid(*wrong)
    return command, Unreadable(command, *wrong)


def _key_problems(text: str | None) -> tuple[Problem, ...]:
    if text is None or 0 < len(text) <= KEY_CHARACTERS_MAX:
        return ()
    return (Problem(("idempotencyKey",), f"1 to {KEY_CHARACTERS_MAX} characters."),)


def _key(text: str | None, wish: Mapping[str, Any]) -> Key | None:
    """The idempotency key, with the digest of everything else in the input."""
    if text is None:
        return None
    rest = {name: value for name, value in wish.items() if name != "idempotencyKey"}
    return Key(text, idempotency.fingerprint(rest))


def unread(done: Done) -> dict[str, Any]:
    """The payload of a mutation that is committed although its things could not be read afterwards."""
    ids = ", ".join(f"{name} {id_}" for name, id_ in done.things.items())
    error = ShownError(
        ErrorCode.COMMITTED_READ_FAILED.value,
        f"It is done, but could not be read afterwards: {ids}. Do not repeat it; read it again.",
    )
    return {**{name: value for name, value in done.payload.items() if name not in done.things}, USER_ERRORS: [error]}
