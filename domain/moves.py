"""What a viewer may do with a thing now, and why not (`domain.md` 5, B7).

Laws: one function per noun makes the moves; queries show them as `availableActions` and `blockedActions`, and the
mutation refuses with the same findings. A move is available if and only if, with valid input at the same instant and
version, its mutation is not refused for state, time or role.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.errors import Refused
from domain.explain import Finding


@dataclass(frozen=True, slots=True)
class Move:
    """One action (a mutation's name) on one thing for one viewer at one instant; `because` is every unmet condition."""

    action: str
    because: tuple[Finding, ...] = ()
    opens_at: datetime | None = None
    closes_at: datetime | None = None

    @property
    def available(self) -> bool:
        """Nothing stands in its way."""
        return not self.because


def require(moves: Iterable[Move], action: str, rule: str) -> None:
    """Returns if the action is available. Otherwise refuses with every reason, under that rule's code."""
    move = next(move for move in moves if move.action == action)
    if not move.available:
        raise Refused(rule, f"{action} is not possible now", move.because)
