"""Check digits: published numbers fit, and every wrong key press that a scheme promises to find is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import check_digits
from domain.check_digits import FITS, FORMS, NumberScheme, Verdict

PUBLISHED = {
    NumberScheme.S10: ("RA473124829US", "EE123456785DE"),
    NumberScheme.SSCC_18: ("106141412345678908", "376104250021234569"),
    NumberScheme.UPS_1Z: ("1Z5R89390357567127", "1Z999AA10123456784"),
    NumberScheme.AIR_WAYBILL: ("02012345675",),
    NumberScheme.ISO_6346: ("CSQU3054383",),
}
"""Numbers that the schemes' own descriptions, or carriers, give as examples."""

CASES = [(scheme, number) for scheme, numbers in PUBLISHED.items() for number in numbers]


@pytest.mark.parametrize(("scheme", "number"), CASES)
def test_published_numbers_fit(scheme: NumberScheme, number: str) -> None:
    assert FORMS[scheme].fullmatch(number)
    assert FITS[scheme](number)
    assert check_digits.check(number, scheme) == Verdict(number, scheme, True)
    assert check_digits.check(number).scheme is scheme


@pytest.mark.parametrize(("scheme", "number"), CASES)
def test_a_wrong_check_digit_is_found(scheme: NumberScheme, number: str) -> None:
    place = {NumberScheme.S10: 10}.get(scheme, len(number) - 1)
    for digit in "0123456789":
        changed = number[:place] + digit + number[place + 1 :]
        assert FITS[scheme](changed) == (digit == number[place]), changed


@given(st.sampled_from(CASES), st.data())
def test_one_wrong_digit_is_found(case: tuple[NumberScheme, str], data: st.DataObject) -> None:
    """Each scheme finds every single wrong digit of its serial, but for the rests it takes for one another.

    S10 reads ten as zero and eleven as five, containers ten as zero, an air waybill seven digits as one another.
    """
    scheme, number = case
    serial = [
        place
        for place, mark in enumerate(number)
        if mark.isdecimal() and not (scheme is NumberScheme.AIR_WAYBILL and place < 3)
    ]
    place = data.draw(st.sampled_from(serial))
    digit = data.draw(st.sampled_from([each for each in "0123456789" if each != number[place]]))
    changed = number[:place] + digit + number[place + 1 :]
    if scheme is NumberScheme.SSCC_18:
        assert not FITS[scheme](changed)
    elif scheme is NumberScheme.AIR_WAYBILL and place < 10:
        assert FITS[scheme](changed) == ((int(digit) - int(number[place])) % 7 == 0)


@pytest.mark.parametrize(
    ("spelled", "scheme", "valid"),
    [
        ("ra 473 124 829 us", NumberScheme.S10, True),
        ("RA473124828US", NumberScheme.S10, False),
        ("(00) 1 0614141 234567890 8", NumberScheme.SSCC_18, True),
        ("(00)106141412345678909", NumberScheme.SSCC_18, False),
        ("106141412345678909", None, None),
        ("1z 5R8 939 03 5756 712 8", NumberScheme.UPS_1Z, False),
        ("020-1234 5675", NumberScheme.AIR_WAYBILL, True),
        ("020-12345676", NumberScheme.AIR_WAYBILL, False),
        ("02012345676", None, None),
        ("CSQU 305438-3", NumberScheme.ISO_6346, True),
        ("CSQU3054384", NumberScheme.ISO_6346, False),
        ("JD014600006281230704", None, None),
        ("4711", None, None),
    ],
)
def test_a_number_is_judged_by_its_own_spelling(spelled: str, scheme: NumberScheme | None, valid: bool | None) -> None:
    verdict = check_digits.check(spelled)
    assert (verdict.scheme, verdict.valid) == (scheme, valid)
    assert verdict.number == check_digits.plain(spelled)


def test_a_scheme_that_was_asked_for_leaves_no_doubt() -> None:
    assert check_digits.check("02012345676", NumberScheme.AIR_WAYBILL).valid is False
    assert check_digits.check("RA473124829US", NumberScheme.ISO_6346).valid is False


@given(st.text(max_size=60))
def test_any_text_has_a_verdict(text: str) -> None:
    verdict = check_digits.check(text)
    assert (verdict.scheme is None) == (verdict.valid is None)
    for scheme in NumberScheme:
        assert check_digits.check(text, scheme).valid in {True, False}
