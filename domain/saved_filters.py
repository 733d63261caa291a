"""Saved filters: conditions of a list of claims that somebody of the desk keeps under a name, alone or for colleagues.

Laws: a name is used once per person; only its owner removes a filter; the conditions are those of the list itself, by
the same names, so that a saved filter finds exactly what its conditions find.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from domain.change import Change, Happening
from domain.errors import Forbidden, Invalid, NotFound, Problem
from domain.ids import Id, SavedFilterId

FILTERS_MAX: Final = 50
"""Saved filters of one person: more than anybody can tell apart in a list."""


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """Conditions under a name. `shared`: colleagues are offered it too."""

    id: SavedFilterId
    name: str
    owner_id: Id
    shared: bool
    conditions: Mapping[str, Any]
    saved_at: datetime
    removed_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class SaveFilter:
    """The wish to keep those conditions; with an id, in place of those of that filter."""

    name: str
    shared: bool
    conditions: Mapping[str, Any]
    id: SavedFilterId | None = None


@dataclass(frozen=True, slots=True)
class RemoveFilter:
    """The wish to keep them no longer."""

    id: SavedFilterId


def save_filter(
    before: SavedFilter | None, command: SaveFilter, owner_id: Id, *, id: SavedFilterId, at: datetime
) -> Change[SavedFilter]:
    """The conditions are kept under the name. Refuses none at all, and a filter of somebody else."""
    if not command.conditions:
        raise Invalid(Problem(("filter",), "A saved filter has at least one condition."))
    if before is None:
        made = SavedFilter(
            id, command.name, owner_id, command.shared, command.conditions, at, removed_at=None, version=1
        )
        return Change(None, made, (Happening("saved_filter.saved"),))
    _require_own(before, owner_id)
    after = replace(
        before,
        name=command.name,
        shared=command.shared,
        conditions=command.conditions,
        saved_at=at,
        version=before.version + 1,
    )
    return Change(before, after, (Happening("saved_filter.saved"),))


def remove_filter(saved: SavedFilter, owner_id: Id, at: datetime) -> Change[SavedFilter]:
    """It is kept no longer. Refuses a filter of somebody else, and with NotFound one that was removed."""
    _require_own(saved, owner_id)
    after = replace(saved, removed_at=at, version=saved.version + 1)
    return Change(saved, after, (Happening("saved_filter.removed"),))


def _require_own(saved: SavedFilter, owner_id: Id) -> None:
    if saved.removed_at is not None:
        raise NotFound("There is no such saved filter.", field=("id",))
    if saved.owner_id != owner_id:
        raise Forbidden("Only its owner changes or removes a saved filter.")
