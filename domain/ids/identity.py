"""What an id is: its spelling, and the kinds there are."""

from typing import Final, Self

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o or u, so that an id can be read out on the telephone."""

BODY_CHARACTERS: Final = 26
_RANDOM_BITS: Final = 80
_MILLISECOND_BITS: Final = 48

KINDS: "Final[dict[str, type[Id]]]" = {}
"""Prefix -> kind. Each kind enters itself, and no two have the same prefix."""


class Id(str):
    """The id of one kind of thing. A subclass names its prefix."""

    __slots__ = ()
    prefix = ""

    def __init_subclass__(cls) -> None:
        if KINDS.setdefault(cls.prefix, cls) is not cls:
            raise TypeError(f"{cls.__name__} and {KINDS[cls.prefix].__name__} have the same prefix")

    @classmethod
    def parse(cls, text: str) -> Self:
        """`text` as an id of this kind. Refuses any other spelling with ValueError."""
        if not is_id(text) or not text.startswith(f"{cls.prefix}_"):
            raise ValueError(f"such an id is {cls.prefix}_ and {BODY_CHARACTERS} characters")
        return cls(text)

    @classmethod
    def mint(cls, milliseconds: int, randomness: int) -> Self:
        """The id of that instant (milliseconds since 1970) and those 80 random bits. Pure: the caller brings both."""
        if not 0 <= milliseconds < 1 << _MILLISECOND_BITS or not 0 <= randomness < 1 << _RANDOM_BITS:
            raise ValueError("out of the range of an id")
        number = milliseconds << _RANDOM_BITS | randomness
        body = "".join(ALPHABET[number >> shift & 31] for shift in range(5 * (BODY_CHARACTERS - 1), -1, -5))
        return cls(f"{cls.prefix}_{body}")


def is_id(text: str) -> bool:
    """Whether `text` is spelled like an id of any kind: three letters, an underscore, 26 characters of the alphabet."""
    return (
        len(text) == BODY_CHARACTERS + 4
        and text[3] == "_"
        and text[:3] in KINDS
        and not text[4:].strip(ALPHABET)  # nothing is left of it where all of it is of the alphabet
        and text[4] <= "7"  # 26 characters hold 130 bits; the two highest are always zero
    )


def kind_of(text: str) -> type[Id]:
    """The class of the id in `text`. Refuses what is not an id with ValueError."""
    if not is_id(text):
        raise ValueError("not an id")
    return KINDS[text[:3]]
