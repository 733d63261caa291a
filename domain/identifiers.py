"""Identifiers: numbers that authorities give, by format and check digit.

The formats are those of python-stdnum, which follows the authorities' own descriptions; it is pure, so rules may ask
it. What it does not know is a pattern here. Whether a number was really given to somebody is for a person to look up:
this only catches what cannot be one.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Final

from stdnum import bic, iban, imo, lei
from stdnum.br import cnpj
from stdnum.ca import bn
from stdnum.cn import uscc
from stdnum.de import handelsregisternummer
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength, ValidationError
from stdnum.fr import siren, siret
from stdnum.gb import vat as gb_vat
from stdnum.mx import rfc
from stdnum.us import ein

CHARACTERS_MAX: Final = 64
"""The longest identifier that is looked at: an IBAN has 34, a German register entry with its court some more."""


class IdentifierScheme(StrEnum):
    """Whose number it is, and so how it is spelled."""

    LEI = "LEI"
    """Legal entity identifier (ISO 17442)."""
    IBAN = "IBAN"
    """International bank account number (ISO 13616)."""
    BIC = "BIC"
    """Bank identifier code (ISO 9362)."""
    IMO_NUMBER = "IMO_NUMBER"
    """A ship's number at the International Maritime Organization."""
    US_EIN = "US_EIN"
    """Employer identification number of the United States."""
    US_FMC = "US_FMC"
    """Licence or registration number of the United States' maritime regulator: digits, and letters for what it is."""
    US_DOT = "US_DOT"
    """Carrier number of the United States' department of transportation."""
    CN_USCC = "CN_USCC"
    """Unified social credit code of China."""
    BR_CNPJ = "BR_CNPJ"
    """Company number of Brazil."""
    EU_VAT = "EU_VAT"
    """Value-added tax number of a member state of the European Union, with its country's letters."""
    GB_VAT = "GB_VAT"
    """Value-added tax number of the United Kingdom."""
    GB_COMPANY_NUMBER = "GB_COMPANY_NUMBER"
    """Number in the United Kingdom's register of companies."""
    DE_REGISTER = "DE_REGISTER"
    """Entry in a German commercial register: court, kind and number."""
    FR_SIREN = "FR_SIREN"
    """Company number of France."""
    FR_SIRET = "FR_SIRET"
    """Establishment number of France."""
    CA_BN = "CA_BN"
    """Business number of Canada."""
    MX_RFC = "MX_RFC"
    """Taxpayer number of Mexico."""
    BANK_ACCOUNT = "BANK_ACCOUNT"
    """A bank account where no international number is used: 4 to 34 letters and digits."""
    REGISTER_NUMBER = "REGISTER_NUMBER"
    """A number of an authority without a published check: 2 to 32 letters, digits, dots, slashes and hyphens."""


Check = Callable[[str], str]
"""The number in its compact spelling. Refuses with stdnum's ValidationError."""


def _pattern(pattern: str, text: str) -> str:
    compact = "".join(text.split()).upper()
    if not re.fullmatch(pattern, compact, re.ASCII):
        raise InvalidFormat
    return compact


def _plain(check: Callable[[str], object], text: str) -> str:
    return str(check(text))


CHECKS: Final[Mapping[IdentifierScheme, Check]] = {
    IdentifierScheme.LEI: partial(_plain, lei.validate),
    IdentifierScheme.IBAN: partial(_plain, iban.validate),
    IdentifierScheme.BIC: partial(_plain, bic.validate),
    IdentifierScheme.IMO_NUMBER: partial(_plain, imo.validate),
    IdentifierScheme.US_EIN: partial(_plain, ein.validate),
    IdentifierScheme.US_FMC: partial(_pattern, r"\d{4,6}(N|F|NF|FN)?"),
    IdentifierScheme.US_DOT: partial(_pattern, r"(USDOT)?\d{5,8}"),
    IdentifierScheme.CN_USCC: partial(_plain, uscc.validate),
    IdentifierScheme.BR_CNPJ: partial(_plain, cnpj.validate),
    IdentifierScheme.EU_VAT: partial(_plain, eu_vat.validate),
    IdentifierScheme.GB_VAT: partial(_plain, gb_vat.validate),
    IdentifierScheme.GB_COMPANY_NUMBER: partial(_pattern, r"\d{8}|[A-Z]{2}\d{6}"),
    IdentifierScheme.DE_REGISTER: partial(_plain, handelsregisternummer.validate),
    IdentifierScheme.FR_SIREN: partial(_plain, siren.validate),
    IdentifierScheme.FR_SIRET: partial(_plain, siret.validate),
    IdentifierScheme.CA_BN: partial(_plain, bn.validate),
    IdentifierScheme.MX_RFC: partial(_plain, rfc.validate),
    IdentifierScheme.BANK_ACCOUNT: partial(_pattern, r"[A-Z0-9]{4,34}"),
    IdentifierScheme.REGISTER_NUMBER: partial(_pattern, r"[A-Z0-9][A-Z0-9./-]{1,31}"),
}
"""Scheme -> its check. Total."""

EXAMPLES: Final[Mapping[IdentifierScheme, str]] = {
    IdentifierScheme.LEI: "213800KUD8LAJWSQ9D15",
    IdentifierScheme.IBAN: "DE89370400440532013000",
    IdentifierScheme.BIC: "AGRIFRPP882",
    IdentifierScheme.IMO_NUMBER: "9319466",
    IdentifierScheme.US_EIN: "91-1144442",
    IdentifierScheme.US_FMC: "012345NF",
    IdentifierScheme.US_DOT: "USDOT1234567",
    IdentifierScheme.CN_USCC: "91110000600037341L",
    IdentifierScheme.BR_CNPJ: "16.727.230/0001-97",
    IdentifierScheme.EU_VAT: "DE136695976",
    IdentifierScheme.GB_VAT: "GB980780684",
    IdentifierScheme.GB_COMPANY_NUMBER: "00445790",
    IdentifierScheme.DE_REGISTER: "Aachen HRA 11223",
    IdentifierScheme.FR_SIREN: "552008443",
    IdentifierScheme.FR_SIRET: "73282932000074",
    IdentifierScheme.CA_BN: "123026635RC0001",
    IdentifierScheme.MX_RFC: "GODE561231GR8",
    IdentifierScheme.BANK_ACCOUNT: "000123456789",
    IdentifierScheme.REGISTER_NUMBER: "A-12345/7",
}
"""Scheme -> how one is spelled, for whoever spelled it otherwise. Total; each passes its check."""


def compact(scheme: IdentifierScheme, text: str) -> str:
    """The number in its one spelling. Refuses with ValueError, in words, what cannot be such a number."""
    if not text.strip() or len(text) > CHARACTERS_MAX or not text.isprintable():
        raise ValueError(f"a number of 1 to {CHARACTERS_MAX} printable characters is expected")
    try:
        return CHECKS[scheme](text.strip())
    except InvalidChecksum as refusal:
        raise ValueError(f"the check digit of this {scheme} is wrong") from refusal
    except InvalidLength as refusal:
        raise ValueError(f"this has not the length of {scheme}, such as {EXAMPLES[scheme]}") from refusal
    except ValidationError as refusal:
        raise ValueError(f"this is not spelled like {scheme}, such as {EXAMPLES[scheme]}") from refusal


assert CHECKS.keys() == EXAMPLES.keys() == set(IdentifierScheme)
