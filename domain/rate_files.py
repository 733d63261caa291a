"""Files of rates: CSV, one rate or surcharge per line; every line that is neither has all its reasons.

    column     holds, of a rate                                                    if missing or empty
    zone       the zone of the sheet; lanes name it                                refused
    measure    WEIGHT, VOLUME, CONTAINERS or UNITS                                 WEIGHT
    container  a type of container: DRY_20, HIGH_CUBE_40 …, for CONTAINERS         none
    from       where the bracket begins: kilograms, cubic metres, or a count       0
    to         where it ends; what measures exactly that is in the next bracket    no end
    price      in the sheet's currency, per kilogram, cubic metre, container,      refused
               unit; for the whole bracket where `flat` says so
    flat       yes or no                                                           no
    minimum    what is charged at least                                            none

    column       holds, of a surcharge                                             if missing or empty
    surcharge    FUEL, PEAK, REMOTE_AREA, DANGEROUS_GOODS, OVERSIZE                the line is a rate
    charge       SHARE, PER_KG, PER_PIECE, PER_CONTAINER or PER_SHIPMENT           SHARE where a percentage is given
    percent      of the freight, at most two decimals, for SHARE                   none
    price        the amount, for every other charge                                none
    minimum      what is charged at least                                          none
    zone         the zones it is due in, with `;` between them                     all
    areas        where it is due, with `;` between them, for REMOTE_AREA           none
    classes      classes of dangerous goods, CLASS_3 or 3, with `;` between them   all
    above_kg     due for pieces heavier than that, for OVERSIZE                    none
    above_cm     due for pieces longer than that, for OVERSIZE                     none
    valid_from   from when it is due: a day (its beginning in UTC) or an instant   as long as the sheet
    valid_until  the first day or instant at which it is due no longer             as long as the sheet

The order of the columns does not matter; others are passed over. Weights are exact to the gram (three decimals),
volumes to the cubic centimetre (six), lengths to the millimetre. The text is UTF-8; a line is a row: no cell holds a
line break.

Laws: a line is judged by itself, so that a file can be read in pieces; the same line gives the same reasons; a cell
that does not belong to its sort of line is refused and not passed over.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, TypeVar

from domain.dates import utc
from domain.errors import Refusal
from domain.explain import Finding, Input
from domain.modes import DangerousGoodsClass, ServiceMode
from domain.money import Money
from domain.places import Area
from domain.rates import (
    FINE,
    Container,
    Measure,
    NewRate,
    NewSurcharge,
    SurchargeCharge,
    SurchargeKind,
    priced,
    rate_findings,
    surcharge_findings,
    whole,
)

RATE_COLUMNS: Final = ("zone", "measure", "container", "from", "to", "price", "flat", "minimum")
SURCHARGE_COLUMNS: Final = (
    "surcharge", "charge", "percent", "areas", "classes", "above_kg", "above_cm", "valid_from", "valid_until",
)  # fmt: skip
COLUMNS: Final = RATE_COLUMNS + SURCHARGE_COLUMNS
REQUIRED: Final = ("zone", "price")
RATES_ALONE: Final = ("measure", "container", "from", "to", "flat")
"""Columns that say nothing of a surcharge."""
BETWEEN: Final = ";"
"""Between the members of a cell that holds several."""

LINE_CHARACTERS_MAX: Final = 20_000
"""The longest line that is read: a surcharge with as many areas as it may have."""
CELL_CHARACTERS_MAX: Final = 40
"""The longest cell that can be a number or a word."""

FLAT: Final[Mapping[str, bool]] = {
    "": False, "no": False, "n": False, "false": False, "0": False,
    "yes": True, "y": True, "true": True, "1": True, "flat": True,
}  # fmt: skip

WHOLE_MAX: Final = 10**9
"""Of a percentage, weight or length in its parts: a thousand tonnes in grams; what is more is a mistake."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_CHARGES: Final = ", ".join(SurchargeCharge)

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: its number, its text, and the rate, the surcharge or everything that is wrong with it."""

    number: int
    text: str
    rate: NewRate | None
    findings: tuple[Finding, ...] = ()
    surcharge: NewSurcharge | None = None


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
    """Each line that is not empty, as what it is or with all its reasons; `first` is the number of the first one."""
    return [
        read_line(text, number, places, mode, currency)
        for number, text in enumerate(texts, start=first)
        if text.strip(", \t\r")
    ]


def read_line(text: str, number: int, places: Layout, mode: ServiceMode, currency: str) -> Line:
    """The line as a rate or a surcharge, or with everything that is wrong with it."""
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
    if reader.is_surcharge:
        surcharge = reader.surcharge(currency)
        odd = tuple(reader.findings) or surcharge_findings(surcharge, currency, number)
        return Line(number, text, None, odd, None if odd else surcharge)
    rate = reader.rate(currency)
    findings = (*reader.findings, *rate_findings(rate, mode, currency, number))
    return Line(number, text, None if findings else rate, findings)


class _Cells:
    """The cells of one line being read; what is wrong is gathered and a harmless value stands in for it."""

    __slots__ = ("_cells", "_number", "findings")

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self._number, self._cells = number, cells
        self.findings: list[Finding] = []

    @property
    def is_surcharge(self) -> bool:
        """Whether the line is a surcharge, and no rate."""
        return bool(self._get("surcharge"))

    def rate(self, currency: str) -> NewRate:
        """The rate that the line is."""
        self._refuse(SURCHARGE_COLUMNS)
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

    def surcharge(self, currency: str) -> NewSurcharge:
        """The surcharge that the line is."""
        self._refuse(RATES_ALONE)
        kind = self._word("surcharge", SurchargeKind) or SurchargeKind.FUEL
        share = self._fine("percent", 100)
        charge = self._word("charge", SurchargeCharge)
        if not self._get("charge") and not self._get("percent"):
            self.findings.append(
                Finding("rate_line.word", False, "rate_line_word_is_known", self._told("charge", words=_CHARGES))
            )
        return NewSurcharge(
            kind=kind,
            charge=charge or SurchargeCharge.SHARE,
            basis_points=share,
            amount=self._number_in("price") if self._get("price") else None,
            minimum=self._minimum(currency),
            valid_from=self._time("valid_from"),
            valid_until=self._time("valid_until"),
            zones=frozenset(self._several("zone")),
            area_keys=self._areas(),
            dangerous_goods=self._classes(),
            weight_grams_above=self._fine("above_kg", 1_000),
            length_mm_above=self._fine("above_cm", 10),
        )

    def _refuse(self, columns: Sequence[str]) -> None:
        """Cells of those columns are empty: they do not belong to this sort of line."""
        for column in columns:
            if self._get(column):
                self.findings.append(Finding("rate_line.foreign", False, "rate_line_cell_belongs", self._told(column)))

    def _get(self, column: str) -> str:
        return self._cells.get(column, "")

    def _several(self, column: str) -> list[str]:
        return [part.strip() for part in self._get(column).split(BETWEEN) if part.strip()]

    def _fine(self, column: str, parts: int) -> int | None:
        """A number of that column in parts of its unit, None where there is none."""
        if not self._get(column):
            return None
        number = self._number_in(column)
        if number is None:
            return None
        fine = number * parts
        if fine != fine.to_integral_value() or fine > WHOLE_MAX:
            told = self._told(column, fine=parts)
            self.findings.append(Finding("rate_line.bracket", False, "rate_line_bracket_is_whole", told))
            return None
        return int(fine)

    def _time(self, column: str) -> datetime | None:
        text = self._get(column)
        if not text:
            return None
        try:
            if _DAY.fullmatch(text):
                return datetime.combine(date.fromisoformat(text), time(), UTC)
            if _INSTANT.fullmatch(text):
                return utc(datetime.fromisoformat(text))
        except (ValueError, OverflowError):
            pass  # refused below, like any other spelling
        self.findings.append(Finding("rate_line.time", False, "rate_line_time_is_one", self._told(column)))
        return None

    def _areas(self) -> frozenset[str]:
        keys, odd = set(), []
        for text in self._several("areas"):
            try:
                keys.add(Area.parse(text.upper()).key)
            except ValueError:
                odd.append(text)
        if odd:
            told = self._told("areas") | {"value": odd[0][:CELL_CHARACTERS_MAX], "count": len(odd)}
            self.findings.append(Finding("rate_line.area", False, "rate_line_area_is_one", told))
        return frozenset(keys)

    def _classes(self) -> frozenset[DangerousGoodsClass]:
        known, odd = set(), []
        for text in self._several("classes"):
            word = f"CLASS_{text}" if text.isdecimal() else text.upper()
            if word in DangerousGoodsClass.__members__:
                known.add(DangerousGoodsClass[word])
            else:
                odd.append(text)
        if odd:
            told = self._told("classes", words=", ".join(DangerousGoodsClass))
            told["value"] = odd[0][:CELL_CHARACTERS_MAX]
            self.findings.append(Finding("rate_line.word", False, "rate_line_word_is_known", told))
        return frozenset(known)

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
