"""What is to be written: the changes and rows that acts gathered, until one statement writes them.

How it works. `keep` and `add` of the unit of work put in here what an act, or several acts of one transaction, want to
be written. `groups` makes of it the rows that `writing.statement` writes: for each change its row and its children's,
one audit row, one outbox row per happening and the row that was superseded. Rows that are written alike are one group,
however many acts they come from.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from domain.access import Caller
from domain.change import Change
from domain.ids import AuditId, EventId
from storage import audit, history, outbox, tables
from storage.audit import Row
from storage.minting import mint
from storage.tables import Table
from storage.writing import Group, Insert, Target, Update


class Act(Protocol):
    """What is told of an act with whatever it writes."""

    at: datetime
    caller: Caller
    action: str
    request_id: str

    def digest(self, value: str | bytes) -> str:
        """The keyed digest of personal data."""


class Pending:
    """What was gathered and not yet written: each change with the act that it is part of, rows, and other groups."""

    __slots__ = ("changes", "groups", "objects", "rows")

    def __init__(self) -> None:
        self.changes: list[tuple[Act, Change[Any]]] = []
        self.rows: list[Any] = []
        """Append-only, without audit."""
        self.groups: dict[Target, Group] = {}
        self.objects: set[str] = set()
        """The ids of the changes: a statement changes no row twice."""

    def __bool__(self) -> bool:
        return bool(self.changes or self.rows or self.groups)

    def add_to(self, target: Target, *rows: Any) -> None:
        """Those rows of the target are pending too."""
        self.groups.setdefault(target, Group(target)).rows.extend(rows)

    def take(self) -> "Pending":
        """All of it; nothing is pending any more."""
        taken = Pending()
        taken.changes, taken.rows, taken.groups, taken.objects = self.changes, self.rows, self.groups, self.objects
        self.changes, self.rows, self.groups, self.objects = [], [], {}, set()
        return taken

    def composed(self) -> list[Group]:
        """The groups that write all of it, updates first."""
        return [*_Composer().groups(self), *self.groups.values()]


def joined(several: Sequence[Pending]) -> Pending:
    """What is pending of several acts, in their order."""
    all_ = Pending()
    for pending in several:
        all_.changes += pending.changes
        all_.rows += pending.rows
        for target, group in pending.groups.items():
            all_.add_to(target, *group.rows)
    return all_


class _Composer:
    """Gathers rows that are written alike: inserts by table; updates by table, with all columns any of them changes."""

    def __init__(self) -> None:
        self._inserts: dict[Insert, Group] = {}
        self._updates: dict[Table[Any], list[tuple[Row, Row]]] = {}
        self._changed: dict[Table[Any], set[str]] = {}

    def groups(self, pending: Pending) -> list[Group]:
        """The groups that write its changes, each of its act, with all that belongs to them, and its rows."""
        for act, change in pending.changes:
            self._change(act, change)
        for row in pending.rows:
            table = tables.of(type(row))
            self._insert(_insert_of(table), table.row(row))
        updates = (_update(table, self._changed[table], pairs) for table, pairs in self._updates.items())
        return [*updates, *self._inserts.values()]

    def _change(self, act: Act, change: Change[Any]) -> None:
        after = change.after
        table = tables.of(type(after))
        old = None if change.before is None else table.row(change.before)
        difference = self._row(act, table, old, after)
        for name, child in table.children.items():
            olds = () if change.before is None else getattr(change.before, name)
            if changed := self._children(act, child.table, olds, getattr(after, name)):
                difference[name] = changed
        if old is not None:
            self._supersede(act, table, change.before, old)
        self._insert(
            audit.ROWS,
            {
                "id": mint(AuditId),
                "at": act.at,
                "actor_id": act.caller.actor_id,
                "action": act.action,
                "object_id": after.id,
                "difference": difference,
                "request_id": act.request_id,
            },
        )
        for position, happening in enumerate(change.happened):
            self._insert(
                outbox.ROWS,
                {
                    "id": mint(EventId),
                    "at": act.at,
                    "name": happening.name,
                    "object_id": after.id,
                    "sequence": after.version,
                    "position": position,
                    "facts": happening.facts,
                },
            )

    def _row(self, act: Act, table: Table[Any], old: Row | None, after: Any) -> dict[str, Any]:
        """The row is gathered; what changed in it, as audit shows it."""
        new = table.row(after)
        difference = audit.difference(table, old, new, act.digest)
        if old is None:
            self._insert(_insert_of(table), new)
            return difference
        self._updates.setdefault(table, []).append((old, new))
        self._changed.setdefault(table, set()).update(difference)
        return difference

    def _children(self, act: Act, table: Table[Any], olds: Sequence[Any], news: Sequence[Any]) -> dict[str, Any]:
        """The children's rows are gathered; what changed, by child. Refuses (ValueError) to let one disappear."""
        old_by_id = {row.id: row for row in olds}
        changed: dict[str, Any] = {}
        for row in news:
            old = old_by_id.pop(row.id, None)
            if old is None or old != row:
                changed[str(row.id)] = self._row(act, table, None if old is None else table.row(old), row)
        if old_by_id:
            raise ValueError(f"{', '.join(old_by_id)}: rows of {table.name} are never removed")
        return changed

    def _supersede(self, act: Act, table: Table[Any], before: Any, old: Row) -> None:
        """What the row was before goes into history, its children with it."""
        past = audit.shown(table, old, act.digest)
        if table.children:
            past = dict(past)
            for name, child in table.children.items():
                rows = map(child.table.row, getattr(before, name))
                past[name] = [audit.shown(child.table, row, act.digest) for row in rows]
        row = {"object_id": before.id, "version": before.version, "valid_until": act.at, "row": past}
        self._insert(history.ROWS, row)

    def _insert(self, target: Insert, row: Row) -> None:
        group = self._inserts.get(target)
        if group is None:
            group = self._inserts[target] = Group(target)
        group.rows.append(row)


def _insert_of(table: Table[Any]) -> Insert:
    target = _INSERTS.get(table)
    if target is None:
        target = _INSERTS[table] = Insert(table.name, table.names)
    return target


def _update_of(table: Table[Any], changed: frozenset[str]) -> Update:
    target = _UPDATES.get((table, changed))
    if target is None:
        by = (*table.key, "version") if "version" in table.names else table.key
        names = (*by, *(name for name in table.names if name in changed and name not in by))
        target = _UPDATES[table, changed] = Update(table.name, names, len(by))
    return target


_INSERTS: Final[dict[Table[Any], Insert]] = {}
_UPDATES: Final[dict[tuple[Table[Any], frozenset[str]], Update]] = {}


def _update(table: Table[Any], changed: set[str], pairs: Sequence[tuple[Row, Row]]) -> Group:
    """The rows' changed columns, found by key and, where the table has one, by the version before."""
    target = _update_of(table, frozenset(changed))
    by, new_names = target.names[: target.keys], target.names[target.keys :]
    return Group(
        target, [{name: old[name] for name in by} | {name: new[name] for name in new_names} for old, new in pairs]
    )
