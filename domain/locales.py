"""The languages that the platform speaks to people: findings, messages."""

from enum import StrEnum


class Locale(StrEnum):
    """A language that people are spoken to in. Messages keep theirs, and the rule about them names it by this code."""

    EN = "EN"
    """English."""
    ZH = "ZH"
    """Chinese, in simplified characters."""
