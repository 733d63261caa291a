"""Which table holds a dataclass, and how its values become columns and back.

How it works. A `Table` reads the dataclass's fields once and works out, per field, its columns and two conversions:

    field                          columns                          in Postgres
    str int bool bytes date        one of the field's name          as asyncpg knows them
    aware datetime, Decimal        one of the field's name          timestamptz, numeric
    an id, a StrEnum               one of the field's name          text
    tuple or frozenset of those    one of the field's name          text[]
    Mapping                        one of the field's name          jsonb
    Money                          <field>_minor, and `currency`    bigint, char(3); one currency for the whole row
    a frozen dataclass             its own fields' columns          a group of columns of the same row
    tuple of a child's dataclass   none                             rows of the child's table, named by `children`

`tenant_id` is not part of the dataclass: it leads every statement. The conversions are looked up when the table is
declared; a row costs a C-level get of all columns and one call for each value that needs converting.

Laws: a table is declared once per dataclass and found by it (`of`); a field marked `personal` and every `bytes` never
reach audit or history in the clear; the Money fields of one row have one currency.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter, itemgetter
from typing import Any, Final, Generic, NamedTuple, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import orjson
from asyncpg import Record

from domain.errors import NotFound
from domain.ids import KINDS, Id
from domain.money import Money
from storage.pool import Connection

T = TypeVar("T")
Convert = Callable[[Any], Any]

PLAIN: Final[Mapping[type, str]] = {
    str: "text",
    bool: "boolean",
    int: "bigint",
    bytes: "bytea",
    date: "date",
    datetime: "timestamptz",
    Decimal: "numeric",
}
"""Types that asyncpg reads and writes by itself, and the Postgres type that carries them in an array of values."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How a field is written to and read from its column where its type alone does not say. None stays NULL."""

    encode: Convert
    decode: Convert
    sql_type: str = "text"
    """The column's type in Postgres."""


@dataclass(frozen=True, slots=True)
class Children:
    """Rows that belong to a field of the parent: `by` is their column with the parent's id, `order` sorts them."""

    table: "Table[Any]"
    by: str
    order: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where its value is found in the dataclass, and how it is converted on the way in."""

    name: str
    path: str
    sql_type: str
    encode: Convert | None = None
    hidden: bool = False
    """Shown in audit and history only as a keyed digest."""


Build = str
"""How one field's value is made of `v`, the values of a row in the order of the columns: an expression."""


class Twin(NamedTuple):
    """What a violated constraint means, and the field of the input that it is about."""

    message: str
    field: str


class Table(Generic[T]):
    """Where the dataclass `type` is stored.

    `key` names the columns that find a row besides the tenant; an aggregate's is its id. `children` are the fields that
    live in other tables. `personal` are text fields shown in audit and history as digests. `frozen` are large columns
    that are written once and never change: audit names their content by its digest instead of holding it a second time.
    `conflicts` maps a constraint or unique index to what its violation means to a person, who meets a `Conflict`; a
    `Twin` also says which field of the input it is about.
    """

    def __init__(
        self,
        name: str,
        type: type[T],
        *,
        key: tuple[str, ...] = ("id",),
        children: Mapping[str, Children] = types.MappingProxyType({}),
        personal: frozenset[str] = frozenset(),
        frozen: frozenset[str] = frozenset(),
        codecs: Mapping[str, Codec] = types.MappingProxyType({}),
        conflicts: Mapping[str, str | Twin] = types.MappingProxyType({}),
    ) -> None:
        if type in _TABLES:
            raise ValueError(f"{type.__name__} is stored in {_TABLES[type].name} already")
        self.name: str = name
        self.type, self.key, self.children, self.conflicts, self.frozen = type, key, children, conflicts, frozen
        self._codecs, self._personal = codecs, personal
        self._columns: list[Column] = []
        self._amounts: list[str] = []
        self._currency_at = -1
        self._known: dict[str, Any] = {"Money": Money}
        builds = self._lay_out(type, "")
        if self._amounts:
            self._place_currency()
        self._make = self._compiled(type, builds)
        self.columns: tuple[Column, ...] = tuple(self._columns)
        self.names: tuple[str, ...] = tuple(column.name for column in self.columns)
        self.hidden = frozenset(column.name for column in self.columns if column.hidden)
        self._read = _all_of(attrgetter, [column.path for column in self.columns])
        self._take = _all_of(itemgetter, self.names)
        self._money = _all_of(attrgetter, self._amounts)
        self._encodes = [
            (place, column.encode) for place, column in enumerate(self.columns) if column.encode is not None
        ]
        _TABLES[type] = self

    # -- the two directions --------------------------------------------------------------------------------------------

    def values(self, row: T) -> list[Any]:
        """The row's columns in the order of `columns`. Refuses with ValueError two currencies in one row."""
        values = list(self._read(row))
        for place, encode in self._encodes:
            if values[place] is not None:
                values[place] = encode(values[place])
        if self._amounts:
            currencies = {amount.currency for amount in self._money(row) if amount is not None}
            currencies.add(values[self._currency_at] or next(iter(currencies), None))
            if len(currencies) > 1:
                raise ValueError(f"{self.name} holds one currency in a row, not {', '.join(sorted(currencies))}")
            values[self._currency_at] = currencies.pop()
        return values

    def row(self, row: T) -> dict[str, Any]:
        """The row's columns by name; see `values`."""
        return dict(zip(self.names, self.values(row), strict=True))

    def decode(self, record: Record | Mapping[str, Any], **children: tuple[Any, ...]) -> T:
        """The dataclass of a record that has all `names`, whatever else it has. The caller brings its children."""
        return self._make(self._take(record), children)

    def selection(self, alias: str = "t") -> str:
        """The columns for a SELECT list: `t.id, t.number, …`."""
        return ", ".join(f"{alias}.{name}" for name in self.names)

    # -- finding rows --------------------------------------------------------------------------------------------------

    async def find(self, connection: Connection, tenant_id: str, *key: Any, lock: bool = False) -> T | None:
        """The row with that key and its children, or None. With `lock` it is the transaction's until its end."""
        found = await self.select(connection, tenant_id, self._by_key, *key, lock=lock)
        return found[0] if found else None

    async def get(self, connection: Connection, tenant_id: str, *key: Any) -> T:
        """The row with that key. Refuses with NotFound."""
        return self._found(await self.find(connection, tenant_id, *key), key)

    async def lock(self, connection: Connection, tenant_id: str, *key: Any) -> T:
        """The row with that key, this transaction's until its end. Refuses with NotFound."""
        return self._found(await self.find(connection, tenant_id, *key, lock=True), key)

    async def select(
        self, connection: Connection, tenant_id: str, where: str, *arguments: Any, lock: bool = False
    ) -> list[T]:
        """The rows of `where`, which speaks of the row as `t` and of the arguments as $2, $3 …; $1 is the tenant.

        `where` may go on with ORDER BY and LIMIT. Children are read by a second statement, after the lock is held: the
        first one's snapshot may be older than what the last holder of the lock wrote.
        """
        ending = " FOR UPDATE OF t" if lock else ""
        text = f"SELECT {self.selection()} FROM {self.name} t WHERE t.tenant_id = $1 AND {where}{ending}"
        records = await connection.fetch(text, tenant_id, *arguments)
        if not self.children or not records:
            return [self.decode(record) for record in records]
        owned = {
            field: await self._owned(child, connection, tenant_id, records) for field, child in self.children.items()
        }
        return [
            self.decode(record, **{field: tuple(owned[field].get(record["id"], ())) for field in owned})
            for record in records
        ]

    async def _owned(
        self, child: Children, connection: Connection, tenant_id: str, records: Sequence[Record]
    ) -> dict[str, list[Any]]:
        """The children of those records, by their parent's id and in order.

        One parent is asked for by `=`: Postgres keeps a plan for that, and plans `ANY` anew each time, as it cannot
        know how many there are.
        """
        one = len(records) == 1
        where = f"t.{child.by} {'= $2' if one else '= ANY($2::text[])'} ORDER BY t.{child.by}, t.{child.order}"
        text = f"SELECT t.{child.by} AS parent, {child.table.selection()} FROM {child.table.name} t"
        parents = records[0]["id"] if one else [row["id"] for row in records]
        rows = await connection.fetch(f"{text} WHERE t.tenant_id = $1 AND {where}", tenant_id, parents)
        owned: dict[str, list[Any]] = {}
        for row in rows:
            owned.setdefault(row["parent"], []).append(child.table.decode(row))
        return owned

    @property
    def _by_key(self) -> str:
        return " AND ".join(f"t.{name} = ${place}" for place, name in enumerate(self.key, start=2))

    def _found(self, row: T | None, key: tuple[Any, ...]) -> T:
        if row is None:
            raise NotFound(f"There is no such {self.type.__name__.lower()}.", id=str(key[-1]) if key else None)
        return row

    # -- laying out, once ----------------------------------------------------------------------------------------------

    def _lay_out(self, type_: type, prefix: str) -> list[Build]:
        """The columns of a dataclass are declared; how each field is built."""
        hints = get_type_hints(type_)
        return [self._lay_out_field(field.name, hints[field.name], prefix) for field in fields(type_)]

    def _lay_out_field(self, name: str, hint: Any, prefix: str) -> Build:
        if name in self.children and not prefix:
            return f"children.get({name!r}, ())"
        path, kind = prefix + name, _without_none(hint)
        if name in self._codecs:
            codec = self._codecs[name]
            return self._add(Column(name, path, codec.sql_type, codec.encode), codec.decode)
        if kind is Money:
            self._amounts.append(path)
            self._add(Column(f"{name}_minor", path, "bigint", encode=attrgetter("minor")), None)
            return self._build_money(len(self._columns) - 1)
        if isinstance(kind, type) and is_dataclass(kind):
            return f"{self._name(kind)}({', '.join(self._lay_out(kind, f'{path}.'))})"
        if name == "currency":
            self._currency_at = len(self._columns)
        sql_type, encode, decode = _scalar(path, kind)
        hidden = name in self._personal or kind is bytes
        return self._add(Column(name, path, sql_type, encode, hidden), decode)

    def _add(self, column: Column, decode: Convert | None) -> Build:
        place = len(self._columns)
        self._columns.append(column)
        if decode is None:
            return f"v[{place}]"
        return f"None if v[{place}] is None else {self._name(decode)}(v[{place}])"

    def _place_currency(self) -> None:
        """Rows with Money have a column `currency`, whether or not the dataclass has a field of that name."""
        if self._currency_at < 0:
            self._currency_at = len(self._columns)
            self._columns.append(Column("currency", self._amounts[0], "text", encode=attrgetter("currency")))

    def _build_money(self, place: int) -> Build:
        return f"None if v[{place}] is None else Money(v[{place}], v[CURRENCY])"

    def _name(self, known: Any) -> str:
        """A name by which the expressions know it."""
        name = f"k{len(self._known)}"
        self._known[name] = known
        return name

    def _compiled(self, type_: type[T], builds: Sequence[Build]) -> Callable[[Sequence[Any], Mapping[str, Any]], T]:
        """The function that makes the dataclass of a row's values and its children.

        One expression, where a call per field would cost more than everything else about a row. It holds places and
        numbered names, and the names of children as their table declares them; nothing that anybody wrote elsewhere.
        """
        known = {**self._known, "CURRENCY": self._currency_at, "TYPE": type_}
        source = f"lambda v, children: TYPE({', '.join(builds)})"
        make: Callable[[Sequence[Any], Mapping[str, Any]], T] = eval(source, known)  # noqa: S307 -- see above
        return make


def _all_of(getter: Callable[..., Any], names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads all those names at once, as a tuple also where there is only one or none."""
    if len(names) > 1:
        return cast("Callable[[Any], tuple[Any, ...]]", getter(*names))
    return lambda row: tuple(getter(name)(row) for name in names)


def _without_none(hint: Any) -> Any:
    """The type beside None, where the hint is optional; otherwise the hint. A union of ids becomes `Id`."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    members = [member for member in get_args(hint) if member is not types.NoneType]
    if all(isinstance(member, type) and issubclass(member, Id) for member in members):
        return members[0] if len(members) == 1 else Id
    return members[0] if len(members) == 1 else hint


def _scalar(path: str, kind: Any) -> tuple[str, Convert | None, Convert | None]:
    """For a field of that type: its column's type in Postgres, and the conversions to and from it."""
    origin = get_origin(kind)
    if kind in PLAIN:
        return PLAIN[kind], None, None
    if isinstance(kind, type) and issubclass(kind, str | int):
        return ("text" if issubclass(kind, str) else "bigint"), None, _made(kind)
    if origin in (tuple, frozenset):
        sql_type, _, of_each = _scalar(path, _without_none(get_args(kind)[0]))
        return f"{sql_type}[]", _sorted_list if origin is frozenset else None, _sequence(origin, of_each or _same)
    if origin in (dict, Mapping):
        return "jsonb", None, _parsed
    raise TypeError(f"{path}: {kind} has no column; give it a codec, or declare children")


def _made(kind: type) -> Convert:
    """From a column's text or number, the value of that kind of it."""
    if issubclass(kind, Enum):
        return {member.value: member for member in kind}.__getitem__
    return _any_id if kind is Id else kind


def _sequence(collection: Callable[..., Any], of_each: Convert) -> Convert:
    return lambda values: collection(map(of_each, values))


def _same(value: Any) -> Any:
    return value


def _sorted_list(values: Sequence[Any]) -> list[Any]:
    return sorted(values)


def _parsed(value: Any) -> Any:
    """A column's JSON comes as text; what was never written is a mapping already."""
    return orjson.loads(value) if isinstance(value, str) else value


def _any_id(text: str) -> Id:
    """An id of whatever kind its prefix says; actors that are no rows (`system:late_delivery`) stay plain ids."""
    return KINDS.get(text[:3], Id)(text)


_TABLES: Final[dict[type, Table[Any]]] = {}


def declared() -> list[Table[Any]]:
    """Every table that was declared by the modules imported so far."""
    return list(_TABLES.values())


def of(type_: type) -> Table[Any]:
    """The table declared for that dataclass. Refuses with LookupError one that has none.

    A noun has one name in every layer, so the table of a dataclass in `domain/<noun>.py` is looked for in
    `storage/<noun>.py` if nobody has imported that yet.
    """
    table = _TABLES.get(type_)
    if table is not None:
        return table
    layer, _, rest = type_.__module__.partition(".")
    noun = rest.partition(".")[0]  # a noun that is a package has its dataclasses in modules below
    if layer == "domain" and find_spec(f"storage.{noun}") is not None:
        import_module(f"storage.{noun}")
    table = _TABLES.get(type_)
    if table is None:
        raise LookupError(f"no table is declared for {type_.__name__}")
    return table
