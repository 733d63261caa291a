"""Cursors: where one list in one order goes on. Opaque to clients, versioned, and refused everywhere else.

A cursor holds the list's mark and the sort values of one row, so a page is found by an index, not by counting. Nothing
in it is secret or trusted: it was read from the row that the viewer saw, and is only ever bound as a parameter.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import orjson

VERSION: Final = 1
CHARACTERS_MAX: Final = 1_000
MARK_BYTES: Final = 6
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class BadCursor(ValueError):
    """Not a cursor of this list in this order."""


def mark(*of: str) -> str:
    """What tells the cursors of one list from those of every other."""
    return blake2b("|".join(of).encode(), digest_size=MARK_BYTES).hexdigest()


def encode(mark: str, values: Sequence[Any]) -> str:
    """The cursor of the row with those sort values, the id last."""
    return urlsafe_b64encode(orjson.dumps([VERSION, mark, *map(_plain, values)])).rstrip(b"=").decode()


def decode(mark: str, text: str, count: int) -> tuple[Any, ...]:
    """The `count` sort values in the cursor. Refuses what is no cursor of the list with that mark with BadCursor."""
    if len(text) > CHARACTERS_MAX:
        raise BadCursor
    try:
        parts = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
        if not isinstance(parts, list) or parts[:2] != [VERSION, mark] or len(parts) != count + 2:
            raise BadCursor
        return tuple(_read[value[0]](value[1]) if isinstance(value, list) else _text(value) for value in parts[2:])
    except (binascii.Error, ValueError, KeyError, IndexError, TypeError, OverflowError) as reason:
        raise BadCursor from reason


def _plain(value: Any) -> Any:
    """Text as it is, everything else with the name of its kind."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ["b", value]
    if isinstance(value, int):
        return ["i", value]
    if isinstance(value, datetime):
        return ["t", (value - _EPOCH) // _MICROSECOND] if value.tzinfo else ["e", value.year == datetime.max.year]  # noqa: DTZ901
    if isinstance(value, date):
        return ["d", value.toordinal()]
    raise TypeError(f"a list cannot be sorted by a {type(value).__name__}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise BadCursor
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise BadCursor
    return value


_read: Final[Mapping[str, Callable[[Any], Any]]] = {
    "b": bool,
    "i": _whole,
    "t": lambda value: _EPOCH + _whole(value) * _MICROSECOND,
    "e": lambda value: datetime.max if value else datetime.min,  # noqa: DTZ901 - how asyncpg spells infinity
    "d": lambda value: date.fromordinal(_whole(value)),
}
