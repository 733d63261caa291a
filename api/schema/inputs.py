"""Reading an input into a command: everything wrong with it is collected and refused at once."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from api.schema.scalars import MoneyInput
from domain import texts
from domain.errors import Invalid, Problem, overlap
from domain.ids import Id
from domain.money import Money
from domain.rulebook import KEY
from domain.texts import NAME_CHARACTERS_MAX, REFERENCE_CHARACTERS_MAX

T = TypeVar("T")
I = TypeVar("I", bound=Id)  # noqa: E741 - an id's type

NOTE_CHARACTERS_MAX = 4_000
"""The longest free text in an input: a page. Longer belongs into a file."""


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
        self.beside: list[Problem] = []
        """What a rule refuses too, with its reasons: told here only beside what is wrong in other places."""

    def id(self, kind: type[I], text: str, *path: str) -> I:
        """`text` as an id of that kind."""
        try:
            return kind.parse(text)
        except ValueError as reason:
            self.problems.append(Problem(path, f"{reason}."))
            return kind(text)

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
        return self.text(text, *path, most=NAME_CHARACTERS_MAX)

    def line(self, text: str, *path: str, most: int) -> str:
        """One printable line of at most that many characters, trimmed. Refuses an empty one."""
        trimmed = text.strip()
        self.problems.extend(texts.line_problems(trimmed, *path, most=most))
        return trimmed

    def reference(self, text: str, *path: str) -> str:
        """Somebody's own number of a bill or a payment, trimmed. Refuses an empty one and one above 100 characters."""
        return self.line(text, *path, most=REFERENCE_CHARACTERS_MAX)

    def number(self, value: int, *path: str, least: int, most: int) -> int:
        """`value`, which is from `least` to `most`."""
        if not least <= value <= most:
            self.problems.append(Problem(path, f"A whole number from {least} to {most}."))
        return value

    def rules(self, problems: Iterable[Problem]) -> None:
        """What a rule finds wrong with the input by itself: told beside whatever cannot be read, else by that rule."""
        self.beside.extend(problems)

    def text(self, text: str, *path: str, most: int) -> str:
        """Words of at most that many characters, trimmed. Refuses none at all."""
        trimmed = text.strip()
        if not 0 < len(trimmed) <= most:
            self.problems.append(Problem(path, f"1 to {most} characters."))
        return trimmed

    def rule_key(self, key: str, *path: str) -> str:
        """The key of a rule, as it was written. One that is odd alone is left to whoever looks for that rule."""
        if not KEY.fullmatch(key):
            self.rules([Problem(path, "a key is made of lower-case words and slashes, like guarantees/on_time.")])
        return key

    def money(self, amount: MoneyInput, *path: str, least: int | None = 1) -> Money:
        """The amount in minor units, of which a rule wants at least `least`; any where that is None.

        Too little alone is left to that rule, which says why; beside anything else that is wrong it is told at once.
        """
        found = self.take(lambda: amount.money(*path), *path, otherwise=None)
        if found is None:
            return Money.zero(amount.currency)
        if least is not None and found.minor < least:
            self.rules([Problem((*path, "amount"), "An amount above zero." if least else "Zero or more.")])
        return found

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
            known = [problem.field for problem in self.problems]
            beside = (each for each in self.beside if not any(overlap(each.field, field) for field in known))
            raise Unreadable(command, *self.problems, *beside)
