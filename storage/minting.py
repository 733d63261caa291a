"""Fresh ids: sortable, one after another in a process, and not to be guessed."""

import os
import random
import time
from dataclasses import dataclass
from typing import Final, TypeVar

from domain.ids import ALPHABET, Id

I = TypeVar("I", bound=Id)  # noqa: E741 -- an id's kind

_PAIRS: Final = [high + low for high in ALPHABET for low in ALPHABET]
_RANDOM_BITS: Final = 80
_LOW_BITS: Final = 40
"""What one step after another changes; the rest is spelled once in a millisecond."""
_STEP_BITS: Final = 32
"""Ids of one millisecond follow each other by a random step, so that they sort and still cannot be counted on."""


@dataclass(slots=True)
class _Last:
    """The last id's two parts; what is left of the second without its low bits, and all before those as spelled."""

    milliseconds: int = 0
    randomness: int = 0
    high: int = -1
    spelled: str = ""


_last = _Last()


def mint(kind: type[I]) -> I:
    """A fresh id of that kind: the process's clock in milliseconds and 80 random bits, never smaller than the last."""
    last, milliseconds = _last, time.time_ns() // 1_000_000
    if milliseconds <= last.milliseconds:
        last.randomness += 1 + random.getrandbits(_STEP_BITS)
        milliseconds = last.milliseconds + (last.randomness >> _RANDOM_BITS)
    if milliseconds > last.milliseconds:
        last.milliseconds, last.randomness = milliseconds, int.from_bytes(os.urandom(_RANDOM_BITS // 8))
        last.high = -1
    r = last.randomness
    if r >> _LOW_BITS != last.high:
        last.high = r >> _LOW_BITS
        number = last.milliseconds << _RANDOM_BITS - _LOW_BITS | last.high
        last.spelled = "".join([_PAIRS[number >> shift & 1023] for shift in range(80, -1, -10)])
    return kind(
        f"{kind.prefix}_{last.spelled}{_PAIRS[r >> 30 & 1023]}{_PAIRS[r >> 20 & 1023]}{_PAIRS[r >> 10 & 1023]}"
        f"{_PAIRS[r & 1023]}"
    )
