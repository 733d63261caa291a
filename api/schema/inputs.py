"""Reading an input into a command: everything wrong with it is collected and refused at once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from domain.errors import Invalid, Problem
from domain.ids import Id

T = TypeVar("T")
I = TypeVar("I", bound=Id)  # noqa: E741 - an id's type

NOTE_CHARACTERS_MAX = 4_000
"""The longest free text in an input: a page. Longer belongs into a file."""

NAME_CHARACTERS_MAX = 200
"""The longest name: company names in registers stay below it."""


class Unreadable(Invalid):
    """The input cannot be read in whole; `command` holds what could, and values of no meaning for the rest."""

    def __init__(self, command: object, *problems: Problem) -> None:
        super().__init__(*problems)
        self.command = command


class Reader:
    """Collects the problems of one input. Call `done()` last: it refuses with all of them.

    A method that found a problem returns a value of no meaning. It never leaves a call that changes anything: `done()`
    raises, and an operation that is shown the rest of the input (`mutation(gathers=True)`) writes nothing.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def id(self, kind: type[I], text: str, *path: str) -> I:
        """`text` as an id of that kind."""
        return self.take(lambda: kind.parse(text), *path, otherwise=kind(text))

    def optional_id(self, kind: type[I], text: str | None, *path: str) -> I | None:
        """`text` as an id of that kind, where there is one."""
        return None if text is None else self.id(kind, text, *path)

    def ids(self, kind: type[I], texts: Sequence[str], *path: str) -> tuple[I, ...]:
        """Each text as an id of that kind."""
        return tuple(self.id(kind, text, *path, str(place)) for place, text in enumerate(texts))

    def note(self, text: str | None, *path: str) -> str | None:
        """Free text, trimmed; None when there is nothing in it. Refuses what is longer than a page."""
        trimmed = text.strip() if text else ""
        if len(trimmed) > NOTE_CHARACTERS_MAX:
            self.problems.append(Problem(path, f"At most {NOTE_CHARACTERS_MAX} characters."))
        return trimmed or None

    def required_note(self, text: str, *path: str) -> str:
        """Free text, trimmed. Refuses an empty one and what is longer than a page."""
        note = self.note(text, *path)
        if note is None:
            self.problems.append(Problem(path, "Something must be said here."))
        return note or ""

    def name(self, text: str, *path: str) -> str:
        """A name or title, trimmed. Refuses an empty one and one longer than 200 characters."""
        trimmed = text.strip()
        if not 0 < len(trimmed) <= NAME_CHARACTERS_MAX:
            self.problems.append(Problem(path, f"1 to {NAME_CHARACTERS_MAX} characters."))
        return trimmed

    def take(self, read: Callable[[], T], *path: str, otherwise: T) -> T:
        """What `read` returns; its ValueError or Invalid becomes a problem at `path`."""
        try:
            return read()
        except Invalid as refusal:
            self.problems.extend(refusal.problems)
        except ValueError as reason:
            self.problems.append(Problem(path, f"{reason}."))
        return otherwise

    def done(self, command: object = None) -> None:
        """Nothing, if nothing is wrong. `command` is what could be read, for a mutation that gathers.

        Raises:
            Unreadable: with every problem.
        """
        if self.problems:
            raise Unreadable(command, *self.problems)
