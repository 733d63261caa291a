"""`availableActions` and `blockedActions`: one noun's moves, shown as two fields (`domain/moves.py`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from domain.access import Caller
from domain.moves import Move
from storage.tables import Table
from storage.views.view import Computed, Row

T = TypeVar("T")
Moves = Callable[[T, Caller, datetime], tuple[Move, ...]]


MovesOfRows = Callable[[Any, Sequence[Row], Caller, datetime], Awaitable[Sequence[tuple[Move, ...]]]]
"""(connection, rows, viewer, at) -> the moves of each row, for moves that rest on more than the row itself."""


def actions(table: Table[T], moves: Moves[T]) -> dict[str, Computed]:
    """The two fields of a type whose rows are `table`'s and whose moves the domain function makes."""

    async def of_rows(
        _connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime
    ) -> Sequence[tuple[Move, ...]]:
        return [moves(table.decode(row), viewer, at) for row in rows]

    return actions_with(table, of_rows)


def actions_with(table: Table[Any], moves: MovesOfRows) -> dict[str, Computed]:
    """The two fields of a type whose rows are `table`'s, where more has to be read for all rows at once."""

    async def available(
        connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
    ) -> list[list[str]]:
        found = await moves(connection, rows, viewer, at)
        return [[move.action for move in each if move.available] for each in found]

    async def blocked(
        connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
    ) -> list[list[Move]]:
        found = await moves(connection, rows, viewer, at)
        return [[move for move in each if not move.available] for each in found]

    return {
        "availableActions": Computed(available, needs=table.names),
        "blockedActions": Computed(blocked, needs=table.names),
    }
