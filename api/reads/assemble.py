"""Generated code that turns rows straight into the response: one function per shape, one per connection.

A function unpacks its row once and is a single dict display, to-one relations nested in it. It knows no errors: at
the first thing amiss (a null where none may be, a writer that refuses, a loader that failed) it raises, and the
response is made again, carefully, by `complete.py`. The source holds places, numbered names and the `repr` of response
keys and type names, which validation has checked to be names; nothing else that a client wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from asyncpg import Record

from api.reads import plan as p
from api.reads.complete import LEFT_OUT, MONEY, Completion, Path, amount, cursor, instant, page_info
from api.reads.run import count_shown, shown


class Violation(Exception):
    """Something is amiss in the response: it has to be made carefully."""


def violation() -> Any:
    """Raises Violation: an expression, for generated code."""
    raise Violation


class Strict(Completion):
    """Makes responses by generated code; raises at whatever `Completion` would report."""

    __slots__ = ()

    def response(self, plan: p.Plan) -> dict[str, Any]:
        """The response's data. Raises whatever is amiss."""
        return {root.key: self.root(root) for root in plan.roots}

    def nullable(self, required: bool, make: Callable[[Path], Any], _coordinate: str, path: Path) -> Any:
        """What `make` makes. Raises for a null that is not allowed here."""
        value = make(path)
        return violation() if value is None and required else value

    def shape(self, shape: p.Shape, row: Record, _path: Path) -> dict[str, Any]:
        """The object made of a row."""
        made: dict[str, Any] = shape.make(row, self)
        return made

    def present(self, value: Any) -> Any:
        """The value. Raises for null."""
        return violation() if value is None else value

    def value(self, plan: p.Value, value: Any, _path: Path) -> Any:
        """A Python value as the plan shows it; null stays null. Raises whatever is amiss.

        The same as `Completion.value` without the paths of places, which nobody asks for until something is amiss.
        """
        if value is None:
            return None
        kind = type(plan)
        if kind is p.LeafValue:
            return plan.write(value)  # type: ignore[union-attr]  # the line above says so; isinstance costs twice this
        if isinstance(plan, p.ThingValue):
            return self.thing(plan, value, ())
        if isinstance(plan, p.ListValue):
            item = plan.item
            made = [self.value(item, each, ()) for each in value]
            return violation() if item.required and None in made else made
        if isinstance(plan, p.ObjectValue):
            return self._members(plan, shown(value), ())
        return super().value(plan, value, ())

    def _members(self, plan: p.ObjectValue, value: Any, _path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        keyed = isinstance(value, Mapping)
        for key, _, (name, attribute_name), below in plan.fields:
            if below is None:
                made[key] = plan.type
                continue
            part = (
                (value[name] if name in value else value.get(attribute_name))
                if keyed
                else getattr(value, attribute_name)
            )
            part = None if part is None else self.value(below, part, ())
            made[key] = violation() if part is None and below.required else part
        return made

    def _connected(self, field: p.Connected, row: Record | None, _path: Path) -> dict[str, Any]:
        parent = None if row is None else row[field.rows.parent_place]
        made: dict[str, Any] = field.make(self.slots[field.rows.slot], parent, self)
        return made


STARRED_MAX: Final = 255
"""Names before a star in an assignment (a law of CPython's bytecode)."""


def generate(plan: p.Plan) -> str:
    """Gives every shape and connection of the plan its function. Returns the source, for those who want to read it."""
    source = _Source()
    for root in plan.roots:
        if isinstance(root, p.Connected):
            source.connection(root)
        elif isinstance(root, p.PointRoot | p.ValueRoot):
            source.value(root.value)
    return source.compile()


class _Source:
    """Writes the functions of one plan. `known` are the objects that the code names, by their names."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.makes: list[tuple[p.Shape | p.Connected, str]] = []
        self.known: dict[str, Any] = {
            "V": violation,
            "LEFT_OUT": LEFT_OUT,
            "EMPTY": [],
            "amount": amount,
            "count_shown": count_shown,
            "cursor": cursor,
            "page_info": page_info,
        }

    def compile(self) -> str:
        text = "\n".join(self.functions)
        exec(compile(text, "<plan>", "exec"), self.known)  # noqa: S102 - written above, no client text in it
        for made, name in self.makes:
            made.make = self.known[name]
        return text

    def name(self, thing: Any, sort: str) -> str:
        """A name by which the code knows that object."""
        name = f"{sort}{len(self.known)}"
        self.known[name] = thing
        return name

    def function(self, of: p.Shape | p.Connected, sort: str, signature: str, *lines: str) -> str:
        name = f"{sort}{len(self.makes)}"
        self.makes.append((of, name))
        self.functions.append("\n  ".join([f"def {name}({signature}):", *lines]))
        return name

    # rows

    def shape(self, rows: p.Rows, shape: p.Shape) -> str:
        """The function that makes the object of a row of those rows."""
        body = self.display(rows, shape, nested=False)
        missing = " or ".join(f"c{place} is None" for place in dict.fromkeys(_required_places(shape)))
        return self.function(
            shape,
            "shape",
            "r, C",
            *_unpacked(rows),
            *([f"if {missing}: V()"] if missing else []),
            f"return {body}",
        )

    def display(self, rows: p.Rows, shape: p.Shape, *, nested: bool) -> str:
        """The dict display of a shape over the columns `c0`, `c1`, … of its row."""
        return _display((field.key, self.expression(rows, field, nested=nested)) for field in shape.fields)

    def expression(self, rows: p.Rows, field: p.RowField, *, nested: bool) -> str:  # noqa: PLR0911 - one per sort
        match field:
            case p.Typename():
                return repr(field.name)
            case p.Column():
                return self.column(field, nested=nested)
            case p.MoneyColumns():
                return self.money(field)
            case p.One():
                return self.one(rows, field)
            case p.Connected():
                return f"{self.connection(field)}(C.slots[{field.rows.slot}], c{field.rows.parent_place}, C)"
            case p.Hidden():
                return "V()" if field.required else "None"
            case _:
                return self.loaded(field)

    def column(self, field: p.Column, *, nested: bool) -> str:
        name = f"c{field.place}"
        if field.write is instant:  # inlined: a page holds hundreds
            spelled = f"f'{{{name}[:10]}}T{{{name}[11:-3]}}{{LEFT_OUT[len({name})]}}'"
            return f"{_otherwise(field.required)} if {name} is None else {spelled}"
        if field.write is not None:
            return f"{_otherwise(field.required)} if {name} is None else {self.name(field.write, 'write')}({name})"
        return f"{name} if {name} is not None else V()" if field.required and nested else name

    def money(self, field: p.MoneyColumns) -> str:
        minor, currency = f"c{field.minor}", f"c{field.currency}"
        parts = {"amount": f"amount({minor}, {currency})", "currency": currency, "__typename": repr(MONEY)}
        display = _display((key, parts[part]) for key, part in field.parts)
        return f"{_otherwise(field.required)} if {minor} is None else {display}"

    def one(self, rows: p.Rows, field: p.One) -> str:
        expression = _otherwise(field.required)
        for place, shape in reversed(field.options):
            expression = f"{self.display(rows, shape, nested=True)} if c{place} is not None else {expression}"
        return expression

    def loaded(self, field: p.ComputedField | p.OneThing) -> str:
        """A value brought by a loader or by id: completed by `Strict`, its things by generated code."""
        if isinstance(field, p.OneThing):
            value = f"C.value({self.value(field.thing)}, c{field.place}, ())"
        else:
            values = field.values
            of_row = f"C.slots[{values.slot}][c{values.id_place}]"
            value = f"C.value({self.value(values.value)}, {of_row}, ())"
        return f"C.present({value})" if field.required else value

    # connections

    def connection(self, field: p.Connected) -> str:
        """The function that makes a page of what was found for one parent."""
        rows = self.name(field.rows, "rows")
        parts = ((part.key, self.part(field.rows, rows, part)) for part in field.parts)
        body = f"return {_display(parts)}"
        return self.function(field, "page", "f, parent, C", "page = f.rows.get(parent, EMPTY)", body)

    def part(self, rows: p.ListRows, name: str, part: p.Part) -> str:
        if part.shape is not None:
            return f"[{self.shape(rows, part.shape)}(r, C) for r in page]"
        if part.name == "edges":
            return f"[{_display((inner.key, self.of_edge(rows, name, inner)) for inner in part.parts)} for r in page]"
        if part.name == "pageInfo":
            return _display(
                (inner.key, f"page_info({name}, {self.name(inner, 'part')}, f, parent)") for inner in part.parts
            )
        return "count_shown(f.counts.get(parent))" if part.name == "totalCount" else repr(part.type)

    def of_edge(self, rows: p.ListRows, name: str, part: p.Part) -> str:
        if part.shape is not None:
            return f"{self.shape(rows, part.shape)}(r, C)"
        return f"cursor({name}, f, r)" if part.name == "cursor" else repr(part.type)

    # values

    def value(self, value: p.Value) -> str:
        """The name of a value's plan, after every shape of a thing below it has its function."""
        self.things(value)
        return self.name(value, "value")

    def things(self, value: p.Value) -> None:
        if isinstance(value, p.ListValue):
            self.things(value.item)
        elif isinstance(value, p.ThingValue):
            for rows, shape in value.things.values():
                self.shape(rows, shape)
        elif isinstance(value, p.AbstractValue):
            for type_ in value.types.values():
                self.things(type_)
        elif isinstance(value, p.ObjectValue):
            for *_, below in value.fields:
                if below is not None:
                    self.things(below)


def _required_places(shape: p.Shape) -> Iterator[int]:
    """The columns that must not be null in any row of the shape itself."""
    for field in shape.fields:
        if isinstance(field, p.Column) and field.required and field.write is None:
            yield field.place


def _unpacked(rows: p.Rows) -> Iterator[str]:
    """The line that gives a row's columns their names. Python allows no more than 255 of them before a star."""
    names = [f"c{place}" for place in range(len(rows.columns))]
    if not names:  # a client that asks for type names alone needs nothing of the row
        return
    ends = _ends(rows)
    if ends == ["*_"] and len(names) > STARRED_MAX:
        yield f"{', '.join(names)} = r[:{len(names)}]"
    else:
        yield f"{', '.join([*names, *ends])} = r" if len(names) + len(ends) > 1 else f"({names[0]},) = r"


def _ends(rows: p.Rows) -> list[str]:
    """What follows the columns in a row: sort values and the parent's id of a list, the party of a point."""
    if isinstance(rows, p.ListRows):
        return ["*_"] if rows.pointed else ["_"] if rows.by is not None else []
    return ["_"] if isinstance(rows, p.ThingRows) and rows.shared else []


def _display(items: Any) -> str:
    return "{" + ", ".join(f"{key!r}: {expression}" for key, expression in items) + "}"


def _otherwise(required: bool) -> str:
    return "V()" if required else "None"
