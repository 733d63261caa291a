"""Opening hours: spans of a week in a place's own clocks, spelled `MON 08:00-17:30`.

Laws: one spelling; a span lies within one day and ends after it begins (24:00 is the end of a day); spans of a day do
not overlap. No span at all means that nothing is told, not that the place is closed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self

from domain.errors import Problem

SPANS_MAX: Final = 28
"""Four a day: a morning, an afternoon, an evening and a night."""

_SPAN: Final = re.compile(r"(MON|TUE|WED|THU|FRI|SAT|SUN) (\d\d:\d\d)-(\d\d:\d\d)")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


class Weekday(StrEnum):
    """A day of the week."""

    MON = "MON"
    """Monday."""
    TUE = "TUE"
    """Tuesday."""
    WED = "WED"
    """Wednesday."""
    THU = "THU"
    """Thursday."""
    FRI = "FRI"
    """Friday."""
    SAT = "SAT"
    """Saturday."""
    SUN = "SUN"
    """Sunday."""


@dataclass(frozen=True, slots=True)
class Span:
    """Open on that day from `opens` until `closes`, as `08:00`. Refuses other spellings and empty spans: ValueError."""

    weekday: Weekday
    opens: str
    closes: str

    def __post_init__(self) -> None:
        if not _TIME.fullmatch(self.opens) or not _TIME.fullmatch(self.closes):
            raise ValueError("a time of day is 00:00 to 24:00")
        if self.opens >= self.closes:
            raise ValueError("a span ends after it begins, on the same day")

    @property
    def spelled(self) -> str:
        """Its one spelling."""
        return f"{self.weekday.value} {self.opens}-{self.closes}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The span so spelled. Refuses every other spelling with ValueError."""
        match = _SPAN.fullmatch(text)
        if match is None:
            raise ValueError("opening hours are spelled MON 08:00-17:30")
        return cls(Weekday(match[1]), match[2], match[3])


def problems(spelled: Sequence[str]) -> list[Problem]:
    """Everything that is wrong with those spans, in the field `opening`."""
    found = [] if len(spelled) <= SPANS_MAX else [Problem(("opening",), f"at most {SPANS_MAX} spans")]
    spans = []
    for index, text in enumerate(spelled):
        try:
            spans.append(Span.parse(text))
        except ValueError as reason:
            found.append(Problem(("opening", str(index)), str(reason)))
    if _overlap(spans):
        found.append(Problem(("opening",), "spans of one day do not overlap"))
    return found


def _overlap(spans: Iterable[Span]) -> bool:
    ordered = sorted(spans, key=lambda span: (span.weekday, span.opens))
    return any(one.weekday is other.weekday and other.opens < one.closes for one, other in pairwise(ordered))
