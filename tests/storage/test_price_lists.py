"""Price lists as processes remember them: what was read is never read again, and too much of it is forgotten."""

from __future__ import annotations

from storage.price_lists import _Remembered


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    remembered: _Remembered[str, int] = _Remembered(weight_max=5)
    remembered.keep("a", (1, 2), weight=2)
    remembered.keep("b", (3, 4), weight=2)
    assert remembered.find("a") == (1, 2)
    remembered.keep("c", (5, 6), weight=2)
    assert [remembered.find(key) for key in "abc"] == [(1, 2), None, (5, 6)]


def test_what_is_kept_twice_weighs_once_and_what_is_too_much_by_itself_is_not_kept() -> None:
    remembered: _Remembered[str, int] = _Remembered(weight_max=5)
    for _ in range(3):  # two requests that read the same at once
        remembered.keep("a", (1, 2), weight=2)
    remembered.keep("b", (3, 4), weight=3)
    assert remembered.find("a") == (1, 2)
    assert remembered.find("b") == (3, 4)
    remembered.keep("c", (7,) * 6, weight=6)
    assert remembered.find("c") is None
    remembered.keep("d", (8,), weight=5)
    assert remembered.find("d") == (8,), "nothing of what was forgotten weighs any more"
