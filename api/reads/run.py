"""Running a plan: statement after statement on one connection, each found set kept in its slot.

Nothing is made of the rows here. When a run is through, the response is a pure function of the plan and the slots,
which is why it can be made fast first and, where something is amiss, carefully again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from asyncpg import DataError, Record
from graphql import GraphQLError

from api.reads.plan import (
    AbstractValue,
    ComputedValues,
    Connected,
    ListRows,
    ListValue,
    ObjectValue,
    Plan,
    PointRoot,
    Root,
    Rows,
    ThingRows,
    ThingsOfRow,
    ThingValue,
    Value,
    ValueRoot,
    names_things,
    naming,
)
from api.reads.statement import (
    ACTOR,
    IDS,
    PARTIES,
    PARTY,
    TENANT,
    Page,
    Statement,
    count_statement,
    list_statement,
    page,
    point_statement,
    refused,
    things_statement,
)
from api.reads.variables import RequestError
from api.schema.connection import COUNT_MAX, PAGE_MAX
from api.schema.errors import SHOWN
from domain.access import Caller
from domain.errors import ErrorCode, Refusal
from domain.ids import ALPHABET, BODY_CHARACTERS
from storage.pool import LOST, Connection

NOW: Final = "SELECT tenant_now(t) FROM tenants t WHERE t.tenant_id = $1"

ID: Final = re.compile(f"[a-z]{{3}}_[{ALPHABET}]{{{BODY_CHARACTERS}}}")
"""What may be an id; anything else is not looked for."""

SAVED: Final = "savedFilter"
"""The argument of a list that names saved conditions."""

SHAPES_MAX: Final = 64
"""Statements kept per list; a list with more shapes than that composes them anew."""


class Failed(NamedTuple):
    """What a loader raised instead of values."""

    fault: Exception


class Found(NamedTuple):
    """The pages of one list, by the parent's id (None at a root)."""

    rows: dict[str | None, list[Record]]
    """In the list's order, cut to the page."""
    more: set[str | None]
    """Whose page has more rows beyond it, where the client asks."""
    counts: dict[str | None, int]
    page: Page


class Run:
    """One execution of one plan for one caller. `slots` holds what was found."""

    __slots__ = ("caller", "clock", "connection", "objects", "pages", "slots", "values", "variables")

    def __init__(self, plan: Plan, caller: Caller, variables: Mapping[str, Any]) -> None:
        self.caller, self.variables = caller, variables
        self.slots: list[Any] = [None] * plan.slots
        self.pages: dict[int, Page] = {}
        self.values: dict[str, Any] = {}
        """What roots are made of, by response key; Failed where it could not be loaded."""
        self.objects = 0
        self.connection: Connection | None = None
        self.clock: datetime | None = None
        """The tenant's clock, once somebody asked for it."""
        for rows in plan.lists:
            assert rows.arguments is not None
            known = rows.page
            if known is None:
                known = page(rows, rows.arguments.values(variables))
                if rows.arguments.constant:
                    rows.page = known
            self.pages[rows.slot] = known
        for asked in plan.asked:
            self.slots[asked.slot] = asked.convert(asked.arguments.values(variables))

    async def at(self) -> datetime:
        """The tenant's clock, read once."""
        if self.clock is None:
            assert self.connection is not None
            self.clock = await self.connection.fetchval(NOW, self.caller.tenant_id)
        return self.clock

    async def fetch(
        self, statement: Statement, ids: Sequence[str] = (), values: Mapping[Any, Any] | None = None
    ) -> list[Record]:
        """The statement's rows, its parameters filled in."""
        assert self.connection is not None
        caller = self.caller
        known = {TENANT: caller.tenant_id, PARTY: caller.party_id, ACTOR: caller.actor_id, IDS: ",".join(ids)}
        if PARTIES in statement.parameters:
            known[PARTIES] = ",".join([caller.party_id or ""] * len(ids))
        arguments = [
            known[what] if what in known else values[what]  # type: ignore[index]  # pages bring their values
            for what in statement.parameters
        ]
        found = await self.connection.fetch(statement.text, *arguments)
        self.objects += len(found)
        return found

    # -- rows

    async def root(self, root: Root) -> None:
        """Reads what a root of a query needs."""
        if isinstance(root, PointRoot):
            id_ = self.values[root.key] = root.arguments.values(self.variables)["id"]
            if ID.fullmatch(id_):
                await self.kept(root.rows, await self.fetch(statement_of(root.rows, "point"), [id_]))
        elif isinstance(root, Connected):
            await self.recalled(root.rows)
            await self.listed(root.rows, ())
        elif isinstance(root, ValueRoot):
            await self.answered(root)

    async def recalled(self, rows: ListRows) -> None:
        """Where the client names conditions that were saved, its page is that of those and of what it says beside.

        Raises:
            RequestError: there are none of that id.
        """
        if rows.saved is None or rows.arguments is None:
            return
        arguments = rows.arguments.values(self.variables)
        if arguments.get(SAVED) is None:
            return
        try:
            saved = await rows.saved(self.connection, self.caller, arguments[SAVED])
        except Refusal as refusal:
            raise RequestError(refusal.code, GraphQLError(refusal.message)) from refusal
        given = {name: value for name, value in (arguments.get("filter") or {}).items() if value is not None}
        self.pages[rows.slot] = page(rows, {**arguments, "filter": {**saved, **given}})

    async def answered(self, root: ValueRoot) -> None:
        """Loads the value of a root and the things it names."""
        arguments = root.arguments.values(self.variables)
        if root.load is None:
            self.values[root.key] = wanted = arguments["ids" if root.name == "nodes" else "id"]
            if root.name == "nodes" and len(wanted) > PAGE_MAX:
                too_many = GraphQLError(f"`nodes` takes at most {PAGE_MAX} ids.")
                raise RequestError(ErrorCode.BAD_REQUEST, too_many)
        else:
            try:
                values = await root.load(self.connection, (), self.caller, await self.at(), root.convert(arguments))
                (self.values[root.key],) = values
            except LOST:
                raise
            except Exception as fault:  # a bug or a refusal of this field: answered in its place
                self.values[root.key] = Failed(fault)
                return
        await self.things_in(root.value, [self.values[root.key]])

    async def kept(self, rows: ThingRows, found: list[Record]) -> None:
        """Keeps rows by their ids and reads what depends on them."""
        place = rows.id_place
        self.slots[rows.slot] = {row[place]: row for row in found}
        if rows.dependents:
            await self.dependents(rows, found)

    async def things(self, rows: ThingRows, ids: Sequence[str]) -> None:
        """Reads the things of those ids that the viewer may see."""
        await self.kept(rows, await self.fetch(statement_of(rows, "point" if rows.shared else "things"), ids))

    async def listed(self, rows: ListRows, parents: Sequence[str]) -> None:
        """Reads the list's page for each of the parents, or the one page of a root."""
        asked = self.pages[rows.slot]
        if rows.by is not None and not parents:
            self.slots[rows.slot] = Found({}, set(), {}, asked)
            return
        statement = rows.statements.get(asked.shape)
        if statement is None:
            if len(rows.statements) >= SHAPES_MAX:
                rows.statements.clear()
            statement = rows.statements[asked.shape] = list_statement(rows, asked)
        try:
            found = await self.fetch(statement, parents, asked.values)
        except DataError as fault:
            raise misfit(rows, asked) from fault
        by_parent = grouped(rows, found)
        more = cut(rows, asked, by_parent)
        counts: dict[str | None, int] = {}
        if rows.counted:
            counted = await self.fetch(count_statement(rows, asked), parents, asked.values)
            counts = {None if rows.by is None else row[1]: row[0] for row in counted}
        self.slots[rows.slot] = Found(by_parent, more, counts, asked)
        if rows.dependents:
            await self.dependents(rows, [row for group in by_parent.values() for row in group])

    async def dependents(self, rows: Rows, found: list[Record]) -> None:
        """Reads everything that hangs on those rows."""
        if not found:
            return
        for dependent in rows.dependents:
            if isinstance(dependent, ListRows):
                await self.listed(dependent, distinct(found, dependent.parent_place))
            elif isinstance(dependent, ThingsOfRow):
                await self.things_in(dependent.thing, distinct(found, dependent.key_place))
            else:
                await self.computed(dependent, found)

    async def computed(self, values: ComputedValues, found: list[Record]) -> None:
        """Loads a computed field for those rows, and whatever things its values name."""
        rows = {
            row[values.id_place]: {name: row[place] for name, place in values.needs}
            for row in found
            if row[values.id_place] is not None
        }
        if not rows:
            return
        try:
            arguments = values.convert(values.arguments.values(self.variables))
            loaded = await values.computed.load(
                self.connection, list(rows.values()), self.caller, await self.at(), arguments
            )
            by_row = dict(zip(rows, loaded, strict=True))
        except LOST:
            raise
        except Exception as fault:  # a bug or a refusal of this field: answered in its place
            self.slots[values.slot] = Failed(fault)
        else:
            self.slots[values.slot] = by_row
            await self.things_in(values.value, by_row.values())

    # -- values

    async def things_in(self, plan: Value, values: Iterable[Any]) -> bool:
        """Reads the things whose ids are in those values. Whether the viewer may see all of them."""
        seen = True
        for rows, ids in things_of(plan, values):
            await self.things(rows, ids)
            seen = seen and len(self.slots[rows.slot]) == len(ids)
        return seen


def misfit(rows: ListRows, asked: Page) -> RequestError:
    """What to tell of a value that the database could not take as a parameter of a list."""
    if asked.after or asked.before:
        return refused(rows, ErrorCode.BAD_CURSOR, "did not give that cursor")
    return refused(rows, ErrorCode.BAD_REQUEST, "cannot be filtered by that value")


def statement_of(rows: ThingRows, sort: str) -> Statement:
    """The rows' one statement of that sort: `point` or `things`."""
    statement: Statement | None = rows.statements.get(sort)
    if statement is None:
        statement = rows.statements[sort] = (point_statement if sort == "point" else things_statement)(rows)
    return statement


def distinct(found: Iterable[Record], place: int) -> list[str]:
    """The values at that place, each once, without nulls."""
    return [value for value in dict.fromkeys(row[place] for row in found) if value is not None]


def grouped(rows: ListRows, found: list[Record]) -> dict[str | None, list[Record]]:
    """The rows by their parent's id, which comes last in each."""
    if rows.by is None:
        return {None: found}
    groups: dict[str | None, list[Record]] = defaultdict(list)
    for row in found:
        groups[row[-1]].append(row)
    return groups


def cut(rows: ListRows, asked: Page, groups: dict[str | None, list[Record]]) -> set[str | None]:
    """Cuts each group to the page, in the list's order. Returns the parents whose group had more."""
    more: set[str | None] = set()
    if not (rows.bounded or asked.backward):
        return more
    for parent, group in groups.items():
        if len(group) > asked.size:
            more.add(parent)
            del group[asked.size :]
        if asked.backward:
            group.reverse()
    return more


def count_shown(count: int | None) -> int | None:
    """`totalCount`: null where counting ended before the list did."""
    return None if count is None or count > COUNT_MAX else count


# -- looking into values


def shown(value: Any) -> Any:
    """What the schema shows of a value: rules return their own types, which are wrapped here."""
    wrap = SHOWN.get(type(value))
    return value if wrap is None else wrap(value)


def attribute(value: Any, name: str, attribute_name: str) -> Any:
    """The part of a value that a field shows: by GraphQL or snake-case name of a mapping, else an attribute."""
    if isinstance(value, Mapping):
        return value[name] if name in value else value.get(attribute_name)
    return getattr(value, attribute_name)


def type_of(plan: AbstractValue, value: Any) -> ObjectValue:
    """Which of the possible types a value is: its `__typename` in a mapping, else the name of its class."""
    name = value.get("__typename") if isinstance(value, Mapping) else type(value).__name__
    return plan.types[name]  # type: ignore[index]  # a KeyError is a bug of the loader, reported in its place


def things_of(plan: Value, values: Iterable[Any]) -> list[tuple[ThingRows, list[str]]]:
    """The things that those values name: their ids, by the rows that they are read from."""
    wanted: dict[int, tuple[ThingRows, dict[str, None]]] = {}
    if names_things(plan):
        for value in values:
            _collect(plan, value, wanted)
    return [(rows, list(ids)) for rows, ids in wanted.values()]


def _collect(plan: Value, value: Any, wanted: dict[int, tuple[ThingRows, dict[str, None]]]) -> None:
    """Finds the ids of things in a value whose plan names some."""
    if value is None:
        return
    if isinstance(plan, ThingValue):
        found = plan.things.get(value[:3])
        if found is not None and ID.fullmatch(value):
            rows = found[0]
            wanted.setdefault(rows.slot, (rows, {}))[1][value] = None
    elif isinstance(plan, ListValue):
        for item in value:
            _collect(plan.item, item, wanted)
    elif isinstance(plan, AbstractValue):
        value = shown(value)
        _collect(type_of(plan, value), value, wanted)
    elif isinstance(plan, ObjectValue):
        value = shown(value)
        for names, below in naming(plan):
            _collect(below, attribute(value, *names), wanted)
