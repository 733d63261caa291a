"""Files of rates: CSV, one rate per line, with the columns below; every line that is no rate has all its reasons.

    column     holds                                                               if missing or empty
    zone       the zone of the sheet; lanes name it                                refused
    measure    WEIGHT, VOLUME, CONTAINERS or UNITS                                 WEIGHT
    container  a type of container: DRY_20, HIGH_CUBE_40 …, for CONTAINERS         none
    from       where the bracket begins: kilograms, cubic metres, or a count       0
    to         where it ends; what measures exactly that is in the next bracket    no end
    price      in the sheet's currency, per kilogram, cubic metre, container,      refused
               unit; for the whole bracket where `flat` says so
    flat       yes or no                                                           no
    minimum    what is charged at least                                            none

The order of the columns does not matter; others are passed over. Weights are exact to the gram (three decimals),
volumes to the cubic centimetre (six). The text is UTF-8; a line is a row: no cell holds a line break.

Laws: a line is judged by itself, so that a file can be read in pieces; the same line gives the same reasons.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, TypeVar

from domain.errors import Refusal
from domain.explain import Finding, Input
from domain.modes import ServiceMode
from domain.money import Money
from domain.rates import FINE, Container, Measure, NewRate, priced, rate_findings, whole

COLUMNS: Final = ("zone", "measure", "container", "from", "to", "price", "flat", "minimum")
REQUIRED: Final = ("zone", "price")

LINE_CHARACTERS_MAX: Final = 2_000
"""The longest line that is read; eight cells are a fraction of it."""
CELL_CHARACTERS_MAX: Final = 40
"""The longest cell that can be a number or a word."""

FLAT: Final[Mapping[str, bool]] = {
    "": False, "no": False, "n": False, "false": False, "0": False,
    "yes": True, "y": True, "true": True, "1": True, "flat": True,
}  # fmt: skip

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: its number, its text, and the rate or everything that is wrong with it."""

    number: int
    text: str
    rate: NewRate | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a line each column stands."""

    places: Mapping[str, int]
    width: int


def layout(header: Sequence[str]) -> Layout | tuple[Finding, ...]:
    """Where the columns stand, by the file's first line; or everything that is wrong with it."""
    names = [name.strip().lower() for name in header]
    lacking = [name for name in REQUIRED if name not in names]
    twice = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
    wrong = [Finding("rate_file.column", False, "rate_file_has_column", {"column": name}) for name in lacking]
    wrong += [Finding("rate_file.twice", False, "rate_file_column_once", {"column": name}) for name in twice]
    if wrong:
        return tuple(wrong)
    return Layout({name: names.index(name) for name in COLUMNS if name in names}, len(names))


def cells_of(text: str) -> list[str]:
    """The cells of one line. Raises ValueError for what is no row of CSV."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as reason:
        raise ValueError(str(reason)) from reason
    return rows[0] if rows else []


def read_lines(texts: Sequence[str], first: int, places: Layout, mode: ServiceMode, currency: str) -> list[Line]:
    """Each line that is not empty, as a rate or with all its reasons; `first` is the number of the first one."""
    return [
        read_line(text, number, places, mode, currency)
        for number, text in enumerate(texts, start=first)
        if text.strip(", \t\r")
    ]


def read_line(text: str, number: int, places: Layout, mode: ServiceMode, currency: str) -> Line:
    """The line as a rate, or with everything that is wrong with it."""
    if len(text) > LINE_CHARACTERS_MAX:
        inputs: dict[str, Input] = {"line": number, "most": LINE_CHARACTERS_MAX}
        return Line(number, text, None, (Finding("rate_line.long", False, "rate_line_not_too_long", inputs),))
    if not text.rstrip("\r").replace("\t", " ").isprintable():  # bytes that are no UTF-8, NUL, control characters
        return Line(number, text, None, (Finding("rate_line.text", False, "rate_line_is_text", {"line": number}),))
    try:
        cells = cells_of(text)
        if len(cells) != places.width:
            raise ValueError(f"{len(cells)} cells instead of {places.width}")
    except ValueError as reason:
        broken = Finding("rate_line.csv", False, "rate_line_is_csv", {"line": number, "reason": str(reason)})
        return Line(number, text, None, (broken,))
    reader = _Cells(number, {name: cells[place].strip() for name, place in places.places.items()})
    rate = reader.rate(currency)
    findings = (*reader.findings, *rate_findings(rate, mode, currency, number))
    return Line(number, text, None if findings else rate, findings)


class _Cells:
    """The cells of one line being read; what is wrong is gathered and a harmless value stands in for it."""

    __slots__ = ("_cells", "_number", "findings")

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self._number, self._cells = number, cells
        self.findings: list[Finding] = []

    def rate(self, currency: str) -> NewRate:
        measure = self._word("measure", Measure) or Measure.WEIGHT
        at_least = self._bracket("from", measure)
        return NewRate(
            zone=self._cells["zone"],
            measure=measure,
            container=self._container(measure),
            at_least=0 if at_least is None else at_least,
            below=self._bracket("to", measure),
            flat=self._flat(),
            price=self._price(),
            minimum=self._minimum(currency),
        )

    def _get(self, column: str) -> str:
        return self._cells.get(column, "")

    def _told(self, column: str, **inputs: Input) -> dict[str, Input]:
        """What a finding about that cell looked at."""
        return {"line": self._number, "column": column, "value": self._get(column)[:CELL_CHARACTERS_MAX], **inputs}

    def _word(self, column: str, kind: type[E]) -> E | None:
        text = self._get(column).upper()
        if not text:
            return None
        try:
            return kind(text)
        except ValueError:
            self.findings.append(
                Finding("rate_line.word", False, "rate_line_word_is_known", self._told(column, words=", ".join(kind)))
            )
            return None

    def _container(self, measure: Measure) -> Container | None:
        before = len(self.findings)
        container = self._word("container", Container)
        unknown = len(self.findings) > before
        return next(iter(Container)) if unknown and measure is Measure.CONTAINERS else container

    def _number_in(self, column: str) -> Decimal | None:
        text = self._get(column)
        plain = text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) <= CELL_CHARACTERS_MAX
        if plain:
            try:
                return Decimal(text)
            except InvalidOperation:
                pass  # refused below, like any other spelling
        self.findings.append(Finding("rate_line.number", False, "rate_line_number_is_plain", self._told(column)))
        return None

    def _bracket(self, column: str, measure: Measure) -> int | None:
        if not self._get(column):
            return None
        number = self._number_in(column)
        if number is None:
            return None
        try:
            return whole(measure, number)
        except ValueError:
            self.findings.append(
                Finding(
                    "rate_line.bracket", False, "rate_line_bracket_is_whole", self._told(column, fine=FINE[measure])
                )
            )
            return None

    def _price(self) -> Decimal:
        price = self._number_in("price")
        return Decimal(0) if price is None else price

    def _flat(self) -> bool:
        flat = FLAT.get(self._get("flat").lower())
        if flat is None:
            self.findings.append(
                Finding("rate_line.word", False, "rate_line_word_is_known", self._told("flat", words="yes, no"))
            )
        return bool(flat)

    def _minimum(self, currency: str) -> Money | None:
        if not self._get("minimum"):
            return None
        number = self._number_in("minimum")
        if number is None:
            return None
        try:
            if priced(number):
                return Money.parse(number, currency)
        except (ValueError, Refusal):
            pass  # refused below: finer than the currency
        self.findings.append(Finding("rate_line.minimum", False, "rate_line_minimum_is_money", self._told("minimum")))
        return None
