"""Refusals:"""

from typing import Final

CHINESE: Final[dict[str, str]] = {}
