"""Off-platform contact in texts: addresses, numbers, chats and links by which buyers are led away (`domain.md` 2.8).

How it works. The text is made plain first (`plain`): compatibility forms of letters, invisible characters and letters
of other scripts that look alike are replaced, `(at)`, `[dot]` and their kin are spelled as signs. Then each kind of
contact has a pattern of its own. A trade text is full of numbers that are no telephone (tariff codes, dates, sizes,
postal ranges), of shipping lines and signals; so a number counts only with a `+`, in the shape of a telephone number,
or after a word that announces one, and an ambiguous chat name only before a handle. The words are data
(`ContactWords`).

Laws: the same text gives the same contacts in the order of the text; what is found is quoted as it stands in the plain
text.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

EXCERPT_CHARACTERS: Final = 60
"""Enough of a contact to find it in the text."""


class ContactKind(StrEnum):
    """How somebody would be reached outside."""

    EMAIL = "EMAIL"
    """An e-mail address."""
    PHONE = "PHONE"
    """A telephone number."""
    CHAT = "CHAT"
    """A chat service's name, or a handle in one."""
    LINK = "LINK"
    """A web address."""


@dataclass(frozen=True, slots=True)
class ContactWords:
    """The words of the checks. All in small letters.

    `chats` are names that mean nothing else; `chats_with_handle` count only before a handle; `phones` announce a
    number; `top_domains` end a web address.
    """

    chats: tuple[str, ...]
    chats_with_handle: tuple[str, ...]
    phones: tuple[str, ...]
    top_domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact in a text."""

    kind: ContactKind
    excerpt: str


_LOOK_ALIKES: Final = str.maketrans("аеорсухіјѕԁɡһвкмнтοαρι", "aeopcyxijsdghbkmhtoapi")
"""Cyrillic and Greek letters that are read as Latin ones; applied to words that hold Latin letters too."""
_DIGITS_AS_LETTERS: Final = str.maketrans("0134578@$", "oieastbas")
_SIGNS: Final[Mapping[str, str]] = {
    r"[\(\[\{<]\s*(?:at|@)\s*[\)\]\}>]": "@",
    r"[\(\[\{<]\s*(?:dot|\.|point)\s*[\)\]\}>]": ".",
    r"\bhxxp(s?)\b": r"http\1",
}
_WORD: Final = re.compile(r"\w+")
_MIXED: Final = re.compile(r"[a-z]")
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]")
_SPACED: Final = re.compile(r"(?:\b\w[ .\-_*]{1,2}){3,}\w\b")
"""A word spelled letter by letter."""

_EMAIL: Final = re.compile(r"[\w.+-]+ ?@ ?[\w-]+(?: ?\. ?[a-z]{2,})+", re.IGNORECASE)
_SPACED_EMAIL: Final = re.compile(r"(?:\b\w[ ._-]+){2,}@ *(?:\w[ .]+){3,}\w\b")
_URL: Final = re.compile(r"(?:https?://|\bwww ?\. ?)\S+", re.IGNORECASE)
_ABROAD: Final = re.compile(r"(?<![\w+])\+ ?\d(?:[ ().\-]{0,2}\d){7,14}(?!\d)")
_SHAPES: Final = re.compile(r"(?<![\w.\-])(?:\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4}|1[3-9]\d{9})(?![\w\-])")
_ONE_BY_ONE: Final = re.compile(r"(?<![\w])(?:\d[ .\-]){8,}\d(?!\w)")
_SPOKEN: Final = re.compile(
    r"(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b[ ,.\-]*){7,}", re.IGNORECASE
)
_NUMBER: Final = r"[ :.#\-]{0,4}(?:no\.?|number|nr\.?)?[ :.#\-]{0,4}\+?\d(?:[ ().\-]{0,2}\d){5,14}"
_HANDLE: Final = (
    r"""[ :#\-]{0,3}(?:id|no\.?|@)[ :#@\-]{1,3}[\w.+\-]{4,}|[ :]{1,3}\+?\d[\d \-]{6,}|: ?(?=\w*\d)[\w.\-]{5,}"""
)


def contacts(text: str, words: ContactWords) -> tuple[Contact, ...]:
    """Every contact in the text, each once, in the order of the text."""
    shown = plain(text)
    found = sorted(_found(shown, words), key=lambda hit: (hit[0], hit[1]))
    kept: list[Contact] = []
    reached = -1
    for start, end, kind in found:
        if start < reached:
            continue  # part of what was found before: the host of an address is no link of its own
        reached = end
        kept.append(Contact(kind, shown[start:end].strip()[:EXCERPT_CHARACTERS]))
    return tuple(dict.fromkeys(kept))


def plain(text: str) -> str:
    """The text with one spelling for what is read alike; case is kept."""
    shown = unicodedata.normalize("NFKC", text)
    shown = "".join(letter for letter in shown if unicodedata.category(letter) != "Cf")
    shown = _WORD.sub(_latin, shown)
    for sign, meant in _SIGNS.items():
        shown = re.sub(sign, meant, shown, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", shown)


def _found(text: str, words: ContactWords) -> Iterator[tuple[int, int, ContactKind]]:
    table = _patterns(words)
    for kind, patterns in table.items():
        for pattern in patterns:
            for match in pattern.finditer(text):
                yield match.start(), match.end(), kind
    for match in _WORD.finditer(text):
        if match[0].lower().translate(_DIGITS_AS_LETTERS) in words.chats:
            yield match.start(), match.end(), ContactKind.CHAT
    for match in _SPACED.finditer(text):
        letters = re.sub(r"[\W_]", "", match[0]).lower()
        if any(name in letters for name in words.chats):
            yield match.start(), match.end(), ContactKind.CHAT


@lru_cache(maxsize=16)
def _patterns(words: ContactWords) -> Mapping[ContactKind, tuple[re.Pattern[str], ...]]:
    ends = "|".join(map(re.escape, words.top_domains))
    shouted = "|".join(re.escape(end.upper()) for end in words.top_domains)
    names = "|".join(re.escape(name).replace("\\ ", r"[ \-_.]?") for name in words.chats)
    announced = "|".join(map(re.escape, words.phones))
    handled = "|".join(map(re.escape, words.chats_with_handle))
    return {
        ContactKind.EMAIL: (
            _EMAIL,
            _SPACED_EMAIL,
            re.compile(rf"\b[\w.+-]+ at [\w-]+ (?:dot|\.) (?:{ends})\b", re.IGNORECASE),
        ),
        ContactKind.LINK: (
            _URL,
            re.compile(rf"(?<![\w@.-])(?:[\w-]+\.)+(?:{ends}|{shouted})(?![\w-])(?:/\S*)?"),
            re.compile(rf"\b[\w-]{{3,}} (?:dot) (?:{ends})\b", re.IGNORECASE),
        ),
        ContactKind.CHAT: (
            re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE),
            re.compile(rf"(?<!\w)(?:{handled})(?:{_HANDLE})", re.IGNORECASE),
        ),
        ContactKind.PHONE: (
            _ABROAD,
            _SHAPES,
            _ONE_BY_ONE,
            _SPOKEN,
            re.compile(rf"(?<!\w)(?:{announced}){_NUMBER}", re.IGNORECASE),
        ),
    }


def _latin(match: re.Match[str]) -> str:
    """A word that mixes Latin letters with their look-alikes, in Latin letters; any other word as it is."""
    word = match[0]
    lowered = word.lower()
    if _MIXED.search(lowered) and _FOREIGN.search(lowered):
        swapped = lowered.translate(_LOOK_ALIKES)
        return swapped if swapped.isascii() else word
    return word
