"""Check digits of tracking and container numbers: what a wrong key press would break is found before anybody waits.

Five published schemes: S10 of the Universal Postal Union, SSCC-18 of GS1, UPS 1Z, the air waybill of IATA and container
numbers of ISO 6346. Laws: a number is judged by its own spelling alone, blanks and dashes set aside; one whose form
belongs to no scheme is neither right nor wrong, since most carriers number without check digits; a bare row of digits
is called wrong only where somebody said which scheme it shall follow.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NUMBER_CHARACTERS_MAX: Final = 40
"""The longest tracking number in use has 34 characters."""


class NumberScheme(StrEnum):
    """How a tracking number is made, and where its check digit stands."""

    S10 = "S10"
    """Universal Postal Union: two letters, eight digits and a check digit (modulo 11), two letters."""
    SSCC_18 = "SSCC_18"
    """GS1 serial shipping container code: seventeen digits and a check digit (modulo 10)."""
    UPS_1Z = "UPS_1Z"
    """UPS: 1Z, fifteen characters and a check digit (modulo 10)."""
    AIR_WAYBILL = "AIR_WAYBILL"
    """IATA air waybill: three digits of the airline, seven digits and a check digit (modulo 7)."""
    ISO_6346 = "ISO_6346"
    """Freight container: owner, category U, J or Z, six digits and a check digit (modulo 11)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a number's own spelling says: its scheme, and whether the check digit fits. Both None where it has none."""

    number: str
    scheme: NumberScheme | None
    valid: bool | None


FORMS: Final[Mapping[NumberScheme, re.Pattern[str]]] = {
    NumberScheme.S10: re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}"),
    NumberScheme.SSCC_18: re.compile(r"(00)?[0-9]{18}"),
    NumberScheme.UPS_1Z: re.compile(r"1Z[0-9A-Z]{15}[0-9]"),
    NumberScheme.AIR_WAYBILL: re.compile(r"[0-9]{11}"),
    NumberScheme.ISO_6346: re.compile(r"[A-Z]{3}[UJZ][0-9]{7}"),
}

_SPOKEN: Final[Mapping[NumberScheme, re.Pattern[str]]] = {
    NumberScheme.S10: FORMS[NumberScheme.S10],
    NumberScheme.SSCC_18: re.compile(r"\(00\)[0-9]{18}"),
    NumberScheme.UPS_1Z: FORMS[NumberScheme.UPS_1Z],
    NumberScheme.AIR_WAYBILL: re.compile(r"[0-9]{3}-[0-9]{4}[0-9]{4}"),
    NumberScheme.ISO_6346: FORMS[NumberScheme.ISO_6346],
}
"""Spellings that say by themselves which scheme they follow; bare digits do not."""

_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_ELEVEN: Final = 11


def s10(number: str) -> bool:
    """Whether the ninth digit of a postal item number fits (UPU S10-12)."""
    total = sum(int(digit) * weight for digit, weight in zip(number[2:10], _S10_WEIGHTS, strict=True))
    return int(number[10]) == {10: 0, 11: 5}.get(wanted := _ELEVEN - total % _ELEVEN, wanted)


def sscc_18(number: str) -> bool:
    """Whether the last digit of a serial shipping container code fits (GS1 General Specifications 7.9)."""
    digits = [int(digit) for digit in number[-18:]]
    return (3 * sum(digits[0:17:2]) + sum(digits[1:17:2]) + digits[17]) % 10 == 0


def ups_1z(number: str) -> bool:
    """Whether the last digit of a UPS number fits: letters count as 2 for A, 3 for B and so on, each modulo 10."""
    values = [int(mark) if mark.isdecimal() else (ord(mark) - ord("A") + 2) % 10 for mark in number[2:]]
    total = sum(values[0:15:2]) + 2 * sum(values[1:15:2])
    return values[15] == -total % 10


def air_waybill(number: str) -> bool:
    """Whether the last digit of an air waybill is its seven-digit serial modulo 7 (IATA resolution 600a)."""
    return int(number[10]) == int(number[3:10]) % 7


def iso_6346(number: str) -> bool:
    """Whether the last digit of a container number fits: doubling weights, modulo 11, ten read as zero."""
    total = sum(_CONTAINER_VALUES[mark] << place for place, mark in enumerate(number[:10]))
    return int(number[10]) == total % _ELEVEN % 10


def _container_values() -> dict[str, int]:
    """Digits count as themselves, letters from 10 on, leaving out every multiple of 11."""
    letters = [value for value in range(10, 39) if value % _ELEVEN]
    return {str(digit): digit for digit in range(10)} | dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", letters, strict=True))


_CONTAINER_VALUES: Final = _container_values()

FITS: Final[Mapping[NumberScheme, Callable[[str], bool]]] = {
    NumberScheme.S10: s10,
    NumberScheme.SSCC_18: sscc_18,
    NumberScheme.UPS_1Z: ups_1z,
    NumberScheme.AIR_WAYBILL: air_waybill,
    NumberScheme.ISO_6346: iso_6346,
}
"""Scheme -> whether the check digit of a number in its form fits. Total."""
assert FITS.keys() == FORMS.keys() == _SPOKEN.keys() == set(NumberScheme)


def plain(number: str) -> str:
    """The number as it is compared: upper case, without blanks, dashes, dots, slashes and brackets."""
    return re.sub(r"[\s\-./()]", "", number).upper()


def check(number: str, scheme: NumberScheme | None = None) -> Verdict:
    """What the number's spelling says. With `scheme`, it shall follow that one, and is wrong in any other form."""
    bare = plain(number)
    if scheme is not None:
        return Verdict(bare, scheme, FORMS[scheme].fullmatch(bare) is not None and FITS[scheme](bare))
    spelled = re.sub(r"\s", "", number).upper()
    for one, form in _SPOKEN.items():
        if form.fullmatch(spelled) or (form is FORMS[one] and form.fullmatch(bare)):
            return Verdict(bare, one, FITS[one](bare))
    for one, form in FORMS.items():  # bare digits: right if they fit, and otherwise some carrier's own number
        if form.fullmatch(bare) and FITS[one](bare):
            return Verdict(bare, one, True)
    return Verdict(bare, None, None)
