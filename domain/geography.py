"""The earth as an index sees it: cells, and the ranges of cells that hold everything within a distance.

How it works. A point's latitude and longitude are each cut to twenty bits and interleaved to one number, its `cell`
(Morton's order), about forty metres wide. Whatever lies near one another mostly has near numbers: every square whose
side is a power of two of cells is one range of them. `around` covers a circle by a few such squares, so that "within so
many metres" becomes a handful of `cell BETWEEN low AND high`: comparisons of whole numbers, which an index answers
under row-level security too (they are leakproof, and operators on shapes are not). The exact distance is then measured
on what was found, in SQL.

Laws: nothing within the distance lies outside the ranges; no float: cosines are taken of `Decimal`.
"""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Final, NamedTuple

from domain.places import MICRO, Coordinates

BITS: Final = 20
"""Of each axis: cells of 38 m from west to east at the equator, and half of that from south to north."""

CELLS: Final = 1 << BITS
"""Along each axis."""

SHORTER_BITS: Final = 2
LONGER_BITS: Final = 4
"""A box is covered by squares so large that at most 2**bits + 1 lie along its shorter side and its longer one: smaller
squares would follow the circle better and be more ranges."""

METRES_IN_DEGREE: Final = 110_500
"""At least so many lie in a degree from south to north, anywhere: a little less than the earth has at its shortest
(110,574), so that a box is never too small."""

RINGS: Final = (25_000, 100_000, 400_000, 1_600_000, 6_400_000, 20_040_000)
"""Metres: how far a search for the nearest looks, ring after ring; the last is the whole earth. Four times as far is
the best measured: less is more questions where there is little, more measures much in vain where there is much."""

_EARTH: Final = 360 * MICRO
_LATITUDES: Final = 180 * MICRO
_PI: Final = Decimal("3.14159265358979323846264338328")
_TERMS: Final = 14
"""Of the cosine's series: the rest is below a millionth of a millionth."""


class Range(NamedTuple):
    """Cells from `low` to `high`, both included."""

    low: int
    high: int


def cell_of(at: Coordinates) -> int:
    """The cell in which the point lies."""
    return _interleaved(_column(at.longitude), _row(at.latitude))


def ring_of(metres: int) -> int:
    """The number, from 1, of the smallest ring that is at least that wide. Refuses more than the earth: ValueError."""
    for number, ring in enumerate(RINGS, start=1):
        if metres <= ring:
            return number
    raise ValueError("nothing on earth is so far away")


def around(at: Coordinates, metres: int) -> tuple[Range, ...]:
    """Ranges of cells that hold every point within that distance, in ascending order and apart from each other."""
    reach = -(-metres * MICRO // METRES_IN_DEGREE)
    south, north = max(at.latitude - reach, -_LATITUDES // 2), min(at.latitude + reach, _LATITUDES // 2)
    width = _width(max(abs(south), abs(north)), reach)
    rows = (_row(south), _row(north))
    ranges = [found for columns in _columns(at.longitude, width) for found in _squares(rows, columns)]
    return tuple(_joined(sorted(ranges)))


def _width(latitude: int, reach: int) -> int:
    """How many micro-degrees of longitude lie within the reach, at the latitude where they are shortest."""
    if latitude >= _LATITUDES // 2:
        return _EARTH // 2
    with localcontext() as context:
        context.prec = 30
        angle = _PI * latitude / (180 * MICRO)
        # A circle's widest meridian touches it a little polewards of its middle; measuring at its edge is wider still.
        return min(int(reach / _cosine(angle)) + 1, _EARTH // 2)


def _cosine(angle: Decimal) -> Decimal:
    term = total = Decimal(1)
    for step in range(1, _TERMS):
        term *= -angle * angle / ((2 * step - 1) * (2 * step))
        total += term
    return total


def _columns(longitude: int, width: int) -> Iterator[tuple[int, int]]:
    """The columns of cells from `width` west to `width` east, in two parts where that crosses the date line."""
    west, east = longitude - width, longitude + width
    half = _EARTH // 2
    if 2 * width >= _EARTH:
        yield 0, CELLS - 1
    elif west < -half:
        yield _column(west + _EARTH), CELLS - 1
        yield 0, _column(east)
    elif east > half:
        yield _column(west), CELLS - 1
        yield 0, _column(east - _EARTH)
    else:
        yield _column(west), _column(east)


def _squares(rows: tuple[int, int], columns: tuple[int, int]) -> Iterator[Range]:
    """The squares, all of one size, that cover a box of cells: at most a few along each side."""
    shorter, longer = sorted((rows[1] - rows[0], columns[1] - columns[0]))
    level = max(shorter.bit_length() - SHORTER_BITS, longer.bit_length() - LONGER_BITS, 0)
    for row in range(rows[0] >> level, (rows[1] >> level) + 1):
        for column in range(columns[0] >> level, (columns[1] >> level) + 1):
            low = _interleaved(column, row) << 2 * level
            yield Range(low, low + (1 << 2 * level) - 1)


def _joined(ranges: list[Range]) -> Iterator[Range]:
    """The ranges, those that touch made one."""
    last = None
    for each in ranges:
        if last is not None and each.low <= last.high + 1:
            last = Range(last.low, max(last.high, each.high))
        else:
            if last is not None:
                yield last
            last = each
    if last is not None:
        yield last


def _row(latitude: int) -> int:
    return min((latitude + _LATITUDES // 2) * CELLS // _LATITUDES, CELLS - 1)


def _column(longitude: int) -> int:
    return min((longitude + _EARTH // 2) * CELLS // _EARTH, CELLS - 1)


def _interleaved(column: int, row: int) -> int:
    """The bits of both, those of the column before those of the row."""
    return _spread(column) << 1 | _spread(row)


def _spread(number: int) -> int:
    """The number's bits, each followed to the left by a zero."""
    for shift, mask in _SPREADS:
        number = (number | number << shift) & mask
    return number


_SPREADS: Final = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
