"""The rules of the trade: pure functions over frozen values, standard library only, no clock, no randomness, no I/O."""

from domain import values  # noqa: F401 - before the first value is made
