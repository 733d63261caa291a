"""The response made of a finished run, carefully: errors with their paths, nulls carried up to where they are allowed.

This is the meaning of the response. `assemble.py` makes the same of rows by generated code as long as nothing is amiss;
at the first violation it gives up and the whole response is made here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from asyncpg import Record

from api.reads import cursors
from api.reads import plan as p
from api.reads.run import Failed, Found, Run, attribute, count_shown, shown, type_of
from domain.errors import ErrorCode, Refusal
from domain.ids import BODY_CHARACTERS, is_id
from domain.money import scale

Path = tuple[str | int, ...]

MONEY: Final = "Money"
_WHOLE, _SPLIT = len("2026-03-01 12:00:00+00"), len("2026-03-01 12:00:00.000001+00")
LEFT_OUT: Final = {_WHOLE: "Z"} | {_SPLIT - zeros: "0" * zeros + "Z" for zeros in range(6)}
"""How an instant ends, by the length of what Postgres spelled: it leaves out trailing zeros of microseconds."""

CENTS: Final = 2
"""The digits of most currencies."""
NOTHING: Final[Mapping[Any, Any]] = {}

PREFIXES_TOLD: Final = 3
"""Whose id it is not is told where few kinds are possible; a hundred prefixes help nobody."""


class Fault(Exception):
    """A place of the response that cannot be filled. Carried up to the nearest place that may be null."""

    def __init__(self, code: ErrorCode, message: str, path: Path, cause: Exception | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.path, self.cause = code, message, path, cause


def fault_of(cause: Exception, path: Path) -> Fault:
    """A refusal keeps its code and sentence, anything else is a bug and says nothing."""
    if isinstance(cause, Fault):
        return cause
    if isinstance(cause, Refusal):
        return Fault(cause.code, cause.message, path)
    return Fault(ErrorCode.INTERNAL, "Something went wrong on our side.", path, cause)


def spelling(plan: p.ThingValue) -> str:
    """How an id of such a thing is spelled."""
    kinds = " or ".join(f"{prefix}_" for prefix in sorted(plan.things))
    begins = kinds if len(plan.things) <= PREFIXES_TOLD else "three letters and an underscore"
    return f"Such an id is {begins} and {BODY_CHARACTERS} characters."


class Completion:
    """Makes responses of one run; `faults` fill up on the way."""

    __slots__ = ("faults", "run", "slots")

    def __init__(self, run: Run) -> None:
        self.run, self.slots = run, run.slots
        self.faults: list[Fault] = []

    def nullable(self, required: bool, make: Callable[[Path], Any], coordinate: str, path: Path) -> Any:
        """What `make` makes; where it cannot, null if that is allowed here, or the fault goes on up."""
        try:
            value = make(path)
            if value is None and required:
                raise Fault(ErrorCode.INTERNAL, f"Cannot return null for non-nullable field {coordinate}.", path)
        except Exception as cause:  # whatever breaks, breaks here and is told with its path
            fault = fault_of(cause, path)
            if required:
                raise fault from cause
            self.faults.append(fault)
            return None
        return value

    # -- roots

    def response(self, plan: p.Plan) -> dict[str, Any] | None:
        """The response's data; None where a root that must not be null cannot be made."""
        data: dict[str, Any] = {}
        for root in plan.roots:
            try:
                data[root.key] = self.root(root)
            except Fault as fault:
                self.faults.append(fault)
                return None
        return data

    def root(self, root: p.Root) -> Any:
        """The value of one root field. Raises Fault if it must not be null and is."""
        if isinstance(root, p.Typename):
            return root.name
        if isinstance(root, p.IntrospectionRoot):
            return self.run.values[root.key]
        path = (root.key,)
        if isinstance(root, p.Connected):
            return self.nullable(root.required, lambda at: self._connected(root, None, at), root.coordinate, path)
        return self.nullable(root.value.required, lambda at: self._root_value(root, at), root.coordinate, path)

    def _root_value(self, root: p.PointRoot | p.ValueRoot, path: Path) -> Any:
        value = self.run.values[root.key]
        if isinstance(value, Failed):
            raise fault_of(value.fault, path)
        return self.value(root.value, value, path)

    # -- rows

    def shape(self, shape: p.Shape, row: Record, path: Path) -> dict[str, Any]:
        """The object made of a row."""
        return {field.key: self.field(field, row, path) for field in shape.fields}

    def field(self, field: p.RowField, row: Record, path: Path) -> Any:
        """One field of a row."""
        if isinstance(field, p.Typename):
            return field.name
        make = _MAKERS[type(field)]
        return self.nullable(
            field.required, lambda at: make(self, field, row, at), field.coordinate, (*path, field.key)
        )

    def _column(self, field: p.Column, row: Record, _path: Path) -> Any:
        value = row[field.place]
        return value if value is None or field.write is None else field.write(value)

    def _money(self, field: p.MoneyColumns, row: Record, _path: Path) -> dict[str, Any] | None:
        return money(field.parts, row[field.minor], row[field.currency])

    def _one(self, field: p.One, row: Record, path: Path) -> dict[str, Any] | None:
        for place, shape in field.options:
            if row[place] is not None:
                return self.shape(shape, row, path)
        return None

    def _one_thing(self, field: p.OneThing, row: Record, path: Path) -> Any:
        return self.value(field.thing, row[field.place], path)

    def _hidden(self, _field: p.Hidden, _row: Record, _path: Path) -> None:
        return None

    def _computed(self, field: p.ComputedField, row: Record, path: Path) -> Any:
        values = self.slots[field.values.slot]
        if isinstance(values, Failed):
            raise fault_of(values.fault, path)
        return self.value(field.values.value, values[row[field.values.id_place]], path)

    def _connected(self, field: p.Connected, row: Record | None, path: Path) -> dict[str, Any]:
        """A connection's page; `row` is the parent's, None at a root."""
        found: Found = self.slots[field.rows.slot]
        parent = None if row is None else row[field.rows.parent_place]
        return {part.key: self._part(field.rows, part, found, parent, (*path, part.key)) for part in field.parts}

    def _part(self, rows: p.ListRows, part: p.Part, found: Found, parent: str | None, path: Path) -> Any:
        page = found.rows.get(parent, [])
        if part.name == "nodes":
            assert part.shape is not None
            return [self.shape(part.shape, row, (*path, place)) for place, row in enumerate(page)]
        if part.name == "edges":
            return [self._edge(rows, part, found, row, (*path, place)) for place, row in enumerate(page)]
        if part.name == "pageInfo":
            return {inner.key: page_info(rows, inner, found, parent) for inner in part.parts}
        if part.name == "totalCount":
            return count_shown(found.counts.get(parent))
        return part.type

    def _edge(self, rows: p.ListRows, part: p.Part, found: Found, row: Record, path: Path) -> dict[str, Any]:
        edge: dict[str, Any] = {}
        for inner in part.parts:
            if inner.name == "node":
                assert inner.shape is not None
                edge[inner.key] = self.shape(inner.shape, row, (*path, inner.key))
            else:
                edge[inner.key] = cursor(rows, found, row) if inner.name == "cursor" else inner.type
        return edge

    # -- values

    def value(self, plan: p.Value, value: Any, path: Path) -> Any:
        """A Python value as the plan shows it; null stays null."""
        if value is None:
            return None
        if isinstance(plan, p.LeafValue):
            return plan.write(value)
        if isinstance(plan, p.AskedLeaf):
            return self.value(plan.leaf, value(**self.slots[plan.slot]), path)
        if isinstance(plan, p.ThingValue):
            return self.thing(plan, value, path)
        if isinstance(plan, p.ListValue):
            return [self._item(plan.item, item, (*path, place)) for place, item in enumerate(value)]
        value = shown(value)
        return self._members(type_of(plan, value) if isinstance(plan, p.AbstractValue) else plan, value, path)

    def _item(self, plan: p.Value, item: Any, path: Path) -> Any:
        return self.nullable(plan.required, lambda at: self.value(plan, item, at), "in a list", path)

    def thing(self, plan: p.ThingValue, id_: str, path: Path) -> dict[str, Any] | None:
        """The thing of that id, null where there is none for the viewer. Refuses what cannot be an id here."""
        known = plan.things.get(id_[:3])
        row = None if known is None else (self.slots[known[0].slot] or NOTHING).get(id_)
        if known is not None and row is not None:
            return self.shape(known[1], row, path)
        if known is None or not is_id(id_):
            raise Fault(ErrorCode.INVALID, spelling(plan), path)
        return None

    def _members(self, plan: p.ObjectValue, value: Any, path: Path) -> dict[str, Any]:
        return {
            key: plan.type if below is None else self._member(below, value, names, coordinate, (*path, key))
            for key, coordinate, names, below in plan.fields
        }

    def _member(self, plan: p.Value, value: Any, names: tuple[str, str], coordinate: str, path: Path) -> Any:
        return self.nullable(plan.required, lambda at: self.value(plan, attribute(value, *names), at), coordinate, path)


_MAKERS: Final[Mapping[type, Callable[[Completion, Any, Any, Path], Any]]] = {
    p.Column: Completion._column,
    p.MoneyColumns: Completion._money,
    p.One: Completion._one,
    p.OneThing: Completion._one_thing,
    p.Hidden: Completion._hidden,
    p.ComputedField: Completion._computed,
    p.Connected: Completion._connected,
}


def money(parts: Sequence[tuple[str, str]], minor: int | None, currency: str) -> dict[str, str] | None:
    """A Money's selected parts; null where there is no amount."""
    if minor is None:
        return None
    return {
        key: amount(minor, currency) if part == "amount" else currency if part == "currency" else MONEY
        for key, part in parts
    }


def amount(minor: int, currency: str) -> str:
    """Minor units in major ones, as the scalar Decimal spells them: 1250 USD is `12.50`."""
    digits = scale(currency)
    if digits == CENTS and minor >= 0:  # nearly all of them
        return f"{minor // 100}.{minor % 100:02d}"
    if not digits:
        return str(minor)
    text = f"{abs(minor):0{digits + 1}d}"
    return f"{'-' if minor < 0 else ''}{text[:-digits]}.{text[-digits:]}"


def instant(text: str) -> str:
    """An instant that Postgres spelled in UTC, as DateTime spells it: microseconds whole, or left out when zero."""
    if text[19:20] not in {".", "+"} or text[-3:] != "+00":
        raise ValueError(f"not an instant of the years 1 to 9999 in UTC: {text}")
    return f"{text[:10]}T{text[11:-3]}{LEFT_OUT[len(text)]}"


def cursor(rows: p.ListRows, found: Found, row: Record) -> str:
    """The cursor of a row of the list: its sort values follow its columns."""
    start = len(rows.columns)
    return cursors.encode(found.page.mark, row[start : start + found.page.keys])


def page_info(rows: p.ListRows, part: p.Part, found: Found, parent: str | None) -> Any:
    """One field of `pageInfo`. Beyond the end that was paged from, nothing is read: the bound itself is the answer."""
    page, asked = found.rows.get(parent), found.page
    if part.name in {"startCursor", "endCursor"}:
        return cursor(rows, found, page[0 if part.name == "startCursor" else -1]) if page else None
    if part.name == "hasNextPage":
        return asked.before if asked.backward else parent in found.more
    if part.name == "hasPreviousPage":
        return parent in found.more if asked.backward else asked.after
    return part.type
