"""Texts of one line that others give the marketplace: names, titles, and the numbers by which they know a payment.

Laws: such a text says something, fits on a line and can be printed; how long it may be is the same everywhere.
"""

from collections.abc import Iterator
from typing import Final

from domain.errors import Problem

NAME_CHARACTERS_MAX: Final = 200
"""The longest name: company names in registers stay below it."""

REFERENCE_CHARACTERS_MAX: Final = 100
"""The longest reference of a bill or a payment: a bank's has 35, and processors' own stay below it."""


def line_problems(text: str, *path: str, most: int) -> Iterator[Problem]:
    """What is wrong with one line of at most that many characters, which the client wrote at `path`."""
    if not text.strip() or len(text) > most or not text.isprintable():
        yield Problem(path, f"1 to {most} printable characters.")


def name_problems(text: str, *path: str) -> Iterator[Problem]:
    """What is wrong with somebody's name."""
    return line_problems(text, *path, most=NAME_CHARACTERS_MAX)


def reference_problems(text: str, *path: str) -> Iterator[Problem]:
    """What is wrong with somebody's own number of a bill or a payment."""
    return line_problems(text, *path, most=REFERENCE_CHARACTERS_MAX)
