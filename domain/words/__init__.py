"""The sentences of findings: what a person reads where a client branches on the reason's code.

A reason is neutral: it names a question, and its finding says whether the answer is yes. So each reason has two
sentences, for yes and for no, in the file of its noun. `{name}` stands for an input of the finding; a name that a
finding lacks reads as a dash.

Laws: every reason that code gives has its two sentences in every locale (`tests/domain/test_words.py` reads the syntax
trees); a reason that is unknown here, from a tree stored by another release, reads as its own code.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from domain.explain import Finding, Input
from domain.words import (
    buyers,
    capabilities,
    claims,
    clocks,
    coupons,
    deposits,
    guarantees,
    ledger,
    legs,
    listings,
    messages,
    onboarding,
    orders,
    penalties,
    quotes,
    rate_sheets,
    records,
    relations,
    rules,
    service_points,
    services,
    uploads,
)
from domain.words.sentences import Sentences


class Locale(StrEnum):
    """A language that findings are worded in."""

    EN = "en"
    """English."""


NOUNS: Final = (
    buyers,
    capabilities,
    claims,
    clocks,
    coupons,
    deposits,
    guarantees,
    ledger,
    legs,
    listings,
    messages,
    onboarding,
    orders,
    penalties,
    quotes,
    rate_sheets,
    records,
    relations,
    rules,
    service_points,
    services,
    uploads,
)
"""The files of this folder. A new noun is a file with its table `ENGLISH`, and a name here."""


def _gathered(tables: Iterable[Mapping[str, Sentences]]) -> Mapping[str, Sentences]:
    """All tables as one. Refuses a reason that two of them word."""
    gathered: dict[str, Sentences] = {}
    for table in tables:
        assert gathered.keys().isdisjoint(table), gathered.keys() & table.keys()
        gathered |= table
    return gathered


ENGLISH: Final = _gathered(noun.ENGLISH for noun in NOUNS)

CATALOGUE: Final[Mapping[Locale, Mapping[str, Sentences]]] = {Locale.EN: ENGLISH}
"""Locale -> reason -> its sentences. A new language is a new table here; the test says what it lacks."""


class _Inputs(dict[str, Input]):
    """A finding's inputs; one that is asked for and not there reads as a dash."""

    def __missing__(self, name: str) -> str:
        return "—"


def sentence(finding: Finding, locale: Locale = Locale.EN) -> str:
    """What the finding says, in that language: its own sentence, not those of the findings beneath it."""
    known = CATALOGUE[locale].get(finding.reason)
    if known is None:
        return finding.reason
    return known[0 if finding.holds else 1].format_map(_Inputs(finding.inputs))


assert CATALOGUE.keys() == set(Locale)
