"""Ids: one spelling, sorted by time, no two kinds alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import ALPHABET, BODY_CHARACTERS, KINDS, ClaimId, Id, OrderId, is_id, kind_of

milliseconds = st.integers(0, 2**48 - 1)
randomness = st.integers(0, 2**80 - 1)
kinds = st.sampled_from(sorted(KINDS.values(), key=lambda kind: kind.prefix))


@given(kinds, milliseconds, randomness)
def test_a_minted_id_is_an_id_of_its_kind_and_of_no_other(kind: type[Id], at: int, bits: int) -> None:
    minted = kind.mint(at, bits)
    assert is_id(minted)
    assert kind_of(minted) is kind
    assert kind.parse(minted) == minted
    assert len(minted) == len(kind.prefix) + 1 + BODY_CHARACTERS
    for other in KINDS.values():
        if other is not kind:
            with pytest.raises(ValueError, match=f"such an id is {other.prefix}_ and"):
                other.parse(minted)


@given(milliseconds, milliseconds, randomness, randomness)
def test_ids_sort_by_time_then_by_chance(first: int, second: int, one: int, other: int) -> None:
    assert (ClaimId.mint(first, one) < ClaimId.mint(second, other)) == ((first, one) < (second, other))


@pytest.mark.parametrize(("at", "bits"), [(-1, 0), (2**48, 0), (0, -1), (0, 2**80)])
def test_out_of_range_is_refused(at: int, bits: int) -> None:
    with pytest.raises(ValueError, match="out of the range"):
        ClaimId.mint(at, bits)


GOOD = ClaimId.mint(1_800_000_000_000, 12345)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "clm",
        GOOD[:-1],
        GOOD + "0",
        GOOD.upper(),
        GOOD.replace("_", "-"),
        "xxx" + GOOD[3:],
        GOOD[:4] + "8" + GOOD[5:],
        *(GOOD[:-1] + letter for letter in "ilou\n \u0663"),
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="such an id is clm_ and"):
        ClaimId.parse(text)
    with pytest.raises(ValueError, match="not an id"):
        kind_of(text)


def test_prefixes_are_three_letters_and_unique() -> None:
    assert all(len(prefix) == 3 and prefix.isascii() and prefix.islower() for prefix in KINDS)
    assert len({kind.prefix for kind in Id.__subclasses__()}) == len(Id.__subclasses__())


def test_the_alphabet_can_be_read_out_on_the_telephone() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ilou") & set(ALPHABET)


def test_kinds_are_texts() -> None:
    assert OrderId("ord_x") == "ord_x"
