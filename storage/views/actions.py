"""`availableActions` and `blockedActions`: one noun's moves, shown as two fields (`domain/moves.py`)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from domain.access import Caller
from domain.moves import Move
from storage.tables import Table
from storage.views.view import Computed, Row

T = TypeVar("T")
Moves = Callable[[T, Caller, datetime], tuple[Move, ...]]


def actions(table: Table[T], moves: Moves[T]) -> dict[str, Computed]:
    """The two fields of a type whose rows are `table`'s and whose moves the domain function makes."""

    async def available(
        _connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
    ) -> list[list[str]]:
        return [[move.action for move in moves(table.decode(row), viewer, at) if move.available] for row in rows]

    async def blocked(
        _connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
    ) -> list[list[Move]]:
        return [[move for move in moves(table.decode(row), viewer, at) if not move.available] for row in rows]

    return {
        "availableActions": Computed(available, needs=table.names),
        "blockedActions": Computed(blocked, needs=table.names),
    }
