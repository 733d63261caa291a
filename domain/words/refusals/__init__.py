"""What refusals say in other languages than English: the sentences of INVALID, CONFLICT, NOT_FOUND, FORBIDDEN, REFUSED.

A refusal is raised with its English sentence, `{}` where a value was filled in; that sentence is its key here. So
nothing has to be threaded through the rules, and a sentence that is missing reads in English. `{}` stands for the
values in their order, `{0}` and `{1}` where another language turns them round; values stay as they are.

Laws: every sentence written out in a refusal has its entry, no entry is left over, and entries have as many places as
their keys (`tests/domain/test_words_of_refusals.py` reads the syntax trees). The trade's words: `domain/words`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from domain.locales import Locale
from domain.words.refusals import cases, housekeeping, kinds, money, parties, spelling, trade

PARTS: Final = (cases, kinds, money, parties, housekeeping, spelling, trade)
"""The files of this folder, as the nouns lie: each has its table `CHINESE`."""

PLACE: Final = re.compile(r"\{\d*\}")
STOPS: Final = (".", "!", "?", "。")


def _gathered(tables: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    """All tables as one. Refuses a sentence that two of them have."""
    gathered: dict[str, str] = {}
    for table in tables:
        assert gathered.keys().isdisjoint(table), gathered.keys() & table.keys()
        gathered |= table
    return gathered


CATALOGUE: Final[Mapping[Locale, Mapping[str, str]]] = {Locale.ZH: _gathered(part.CHINESE for part in PARTS)}
"""Locale -> the sentence as code raises it -> the same in that language. English needs none."""


def as_sentence(message: str) -> str:
    """The message as a person reads it: a capital first, save in the name of a mutation or field, and a stop last."""
    first = message.split(maxsplit=1)[0] if message.strip() else ""
    capital = message if first != first.lower() or "_" in first else f"{message[:1].upper()}{message[1:]}"
    return capital if capital.endswith(STOPS) else f"{capital}."


def said(sentence: str, locale: Locale) -> str:
    """The English sentence in that language, as `as_sentence` gave it; in English where nobody has put it otherwise."""
    if locale not in CATALOGUE:
        return sentence
    plain, patterns = _keys(locale)
    if sentence in plain:
        return plain[sentence]
    for pattern, wording in patterns:
        if found := pattern.fullmatch(sentence):
            return wording.format(*found.groups())
    return sentence


@cache
def _keys(locale: Locale) -> tuple[Mapping[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """The sentences without places; and those with, the one that says most itself first."""
    table = {as_sentence(key): wording for key, wording in CATALOGUE[locale].items()}
    with_places = sorted((key for key in table if PLACE.search(key)), key=lambda key: (-len(PLACE.sub("", key)), key))
    patterns = tuple((_pattern(key), table[key]) for key in with_places)
    return {key: wording for key, wording in table.items() if not PLACE.search(key)}, patterns


def _pattern(key: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, PLACE.split(key))), re.DOTALL)
