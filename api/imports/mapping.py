"""Column mappings: how the rows of somebody's delivery history are read, as data in TOML.

A mapping says which column holds what, how its days are written, which of its words mean that nothing is known, and
what its modes and countries are called here. `Reading` applies one to a file's header and then to row after row.

Laws: a row that cannot be read is reported with every reason and the rest goes on; a value that is not known is absent;
nothing is read from a column that the mapping does not name.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from domain import deliveries, terms
from domain.countries import COUNTRIES
from domain.deliveries import Delivery
from domain.money import Money, scale
from domain.providers import ProviderKind
from domain.shipments import WEIGHT_MAX, ShipmentMode
from domain.texts import REFERENCE_CHARACTERS_MAX

SHIPPED: Final = Path(__file__).parent / "mappings"
"""The mappings that come with the platform; each is known by its file's name."""

GRAMS: Final = 1_000
"""In a kilogram."""

DAYS_REMEMBERED: Final = 8_192
"""Spellings of days kept read: a history of twenty years has fewer, and reading one costs more than finding it."""


class Rejected(Exception):
    """A row that cannot be read; carries every reason."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what. A mapping may leave out the optional ones; a file has all that its mapping names."""

    order: str
    line: str
    shipment: str
    buyer: str
    supplier: str
    carrier: str
    mode: str
    country: str
    description: str
    quantity: str
    value: str
    promised_on: str
    paid_on: str | None = None
    delivered_on: str | None = None
    weight_kilograms: str | None = None
    freight: str | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """What carriers are called (`{}` stands for the cell), and where suppliers and carriers sit, which no row says."""

    carrier: str
    supplier_country: str
    carrier_country: str


@dataclass(frozen=True, slots=True)
class Dates:
    """How days are written, by column; several ways are tried in turn."""

    promised_on: tuple[str, ...]
    paid_on: tuple[str, ...] = ()
    delivered_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """What stands where nothing is known, by column: whole cells, or beginnings that end in an asterisk."""

    promised_on: tuple[str, ...] = ()
    paid_on: tuple[str, ...] = ()
    delivered_on: tuple[str, ...] = ()
    weight_kilograms: tuple[str, ...] = ()
    freight: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How one sort of file is read. `modes`, `carriers` and `countries` translate its words into ours."""

    title: str
    currency: str
    columns: Columns
    names: Names
    dates: Dates
    modes: Mapping[str, ShipmentMode]
    carriers: Mapping[ShipmentMode, ProviderKind]
    countries: Mapping[str, str] = field(default_factory=dict)
    unknown: Unknown = field(default_factory=Unknown)


def parse(source: str) -> ColumnMapping:
    """The mapping that a TOML text spells. Raises Invalid with every problem of it, ValueError if it is no TOML."""
    return terms.read(ColumnMapping, tomllib.loads(source), ("mapping",))


def shipped() -> dict[str, ColumnMapping]:
    """The mappings that come with the platform, by name."""
    return {file.stem: parse(file.read_text(encoding="utf-8")) for file in sorted(SHIPPED.glob("*.toml"))}


def missing(mapping: ColumnMapping, header: Sequence[str]) -> list[str]:
    """The columns that the mapping names and the file lacks."""
    return [column for column in _named(mapping).values() if column not in header]


def fitting(header: Sequence[str]) -> tuple[str, ColumnMapping] | None:
    """The shipped mapping whose columns the file all has, with its name; None when there is none."""
    return next(((name, one) for name, one in shipped().items() if not missing(one, header)), None)


def _named(mapping: ColumnMapping) -> dict[str, str]:
    cells = ((cell.name, getattr(mapping.columns, cell.name)) for cell in fields(Columns))
    return {name: column for name, column in cells if column is not None}


Read = Callable[[str], Any]
"""From a cell without blanks around it to its value; ValueError says why not."""


class Reading:
    """A mapping applied to a file with that header. `today` is the last day that anything can have happened on.

    Raises Rejected when the file lacks a column that the mapping names.
    """

    def __init__(self, mapping: ColumnMapping, header: Sequence[str], today: date) -> None:
        if lacking := missing(mapping, header):
            raise Rejected(*(f"the file has no column {column!r}" for column in lacking))
        self._today, self._width = today, len(header)
        readers = self._readers(mapping)
        self._cells = [(name, header.index(column), column, readers[name]) for name, column in _named(mapping).items()]

    def delivery(self, row: int, cells: Sequence[str]) -> Delivery:
        """The delivery that the row tells.

        Raises:
            Rejected: it cannot be read, or tells what cannot be; with every reason.
        """
        if len(cells) != self._width:
            raise Rejected(f"it has {len(cells)} cells where the header has {self._width}")
        values: dict[str, Any] = dict.fromkeys(_OPTIONAL)
        faults: list[str] = []
        for name, place, column, read in self._cells:
            try:
                values[_MEMBERS.get(name, name)] = read(cells[place].strip())
            except ValueError as reason:
                faults.append(f"{column} {cells[place]!r}: {reason}")
        if faults:
            raise Rejected(*faults)
        delivery = Delivery(row=row, **values)
        if wrong := deliveries.problems(delivery, self._today):
            raise Rejected(*wrong)
        return delivery

    @staticmethod
    def _readers(mapping: ColumnMapping) -> dict[str, Read]:
        """How the cell of each member is read."""
        money = partial(_money, mapping.currency)
        kinds: dict[str, Read] = {
            **dict.fromkeys(("order", "line", "shipment", "buyer", "supplier", "carrier"), _number),
            "mode": _word(mapping.modes),
            "country": _word({**{code: code for code in COUNTRIES}, **mapping.countries}),
            "description": lambda text: text or "\N{EM DASH}",
            "quantity": _whole,
            "value": money,
            "promised_on": _day(mapping.dates.promised_on),
            "paid_on": _day(mapping.dates.paid_on),
            "delivered_on": _day(mapping.dates.delivered_on),
            "weight_kilograms": _grams,
            "freight": money,
        }
        for cell in fields(Unknown):
            kinds[cell.name] = _unless_unknown(kinds[cell.name], getattr(mapping.unknown, cell.name))
        return kinds


_MEMBERS: Final = {"weight_kilograms": "weight_grams"}
"""Columns whose value is kept in another unit."""
_OPTIONAL: Final = ("promised_on", "paid_on", "delivered_on", "weight_grams", "freight")
"""What may be absent from a delivery."""


def _number(text: str) -> str:
    """A number or name by which the history knows something."""
    if not 0 < len(text) <= REFERENCE_CHARACTERS_MAX or not text.isprintable():
        raise ValueError(f"1 to {REFERENCE_CHARACTERS_MAX} printable characters are expected")
    return text


def _word(words: Mapping[str, Any]) -> Read:
    def read(text: str) -> Any:
        try:
            return words[text]
        except KeyError:
            raise ValueError("the mapping does not know this word") from None

    return read


def _unless_unknown(read: Read, unknown: Sequence[str]) -> Read:
    """None for an empty cell and for words that say that nothing is known."""
    exact = frozenset((*unknown, ""))
    beginnings = tuple(word[:-1] for word in unknown if word.endswith("*"))

    def known(text: str) -> Any:
        return None if text in exact or text.startswith(beginnings) else read(text)

    return known


def _day(spellings: Sequence[str]) -> Read:
    @lru_cache(DAYS_REMEMBERED)
    def read(text: str) -> date:
        for spelling in spellings:
            try:
                return datetime.strptime(text, spelling).date()  # noqa: DTZ007 -- a day, not an instant
            except ValueError:
                continue
        raise ValueError(f"a day like {' or '.join(spellings) or '(no spelling is named)'} is expected")

    return read


def _money(currency: str, text: str) -> Money:
    """An amount in major units. Written out, since a million rows hold two million amounts."""
    whole, _, rest = text.partition(".")
    decimals = scale(currency)
    if not (text.isascii() and whole.isdigit() and (rest.isdigit() or not rest)) or len(rest) > decimals:
        raise ValueError(f"an amount with at most {decimals} decimals is expected")
    return Money(int(whole + rest.ljust(decimals, "0")), currency)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("a whole number is expected")
    return int(text)


def _grams(text: str) -> int:
    whole, _, rest = text.partition(".")
    if not (text.isascii() and whole.isdigit() and (rest.isdigit() or not rest)):
        raise ValueError("a weight in kilograms is expected")
    grams = int(whole) * GRAMS + int(f"{rest:0<3}"[:3])
    if grams > WEIGHT_MAX:
        raise ValueError(f"at most {WEIGHT_MAX} grams are expected")
    return grams
