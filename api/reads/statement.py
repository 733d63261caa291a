"""From rows of a plan and the shape of a page to SQL text and its parameters.

Laws: `$1` is the tenant, in every statement and for every table in it; the viewer's predicate stands beside it, for
joined rows in the join's condition; whatever a client wrote is a parameter. The only number printed into a text is the
size of a page, which the engine has checked to be 1 to 100: a planner that knows it chooses the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import GraphQLError

from api.reads import cursors
from api.reads.cursors import BadCursor
from api.reads.plan import ListRows, Rows, ThingRows, per_kind
from api.reads.variables import RequestError
from api.schema.connection import COUNT_MAX, PAGE_MAX
from domain.errors import ErrorCode
from storage.views.view import misfits

TENANT, PARTY, ACTOR, IDS, PARTIES = "tenant", "party", "actor", "ids", "parties"
"""Parameters that every run knows; the others are a page's own values. Ids and parties are one text, joined by commas:
asyncpg looks at every item of an array for several hundred nanoseconds."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A text and what each of its parameters is: one of the words above, or a key into the page's values."""

    text: str
    parameters: tuple[Any, ...]


class Page(NamedTuple):
    """What a client asks of a list, checked."""

    shape: tuple[Any, ...]
    """All that decides the statement's text: size, direction, bounds, filters, order."""
    values: Mapping[Any, Any]
    size: int
    backward: bool
    after: bool
    before: bool
    filters: tuple[str, ...]
    order: str
    keys: int
    """How many values a cursor has."""
    mark: str


class _Parameters:
    """Numbers parameters in the order of their first use."""

    def __init__(self) -> None:
        self.known: list[Any] = [TENANT]

    def number(self, what: Any) -> str:
        if what not in self.known:
            self.known.append(what)
        return f"${self.known.index(what) + 1}"

    def done(self, text: str) -> Statement:
        """The statement, the viewer's party and the viewer itself filled in wherever they are asked for."""
        if "{party}" in text:
            text = text.replace("{party}", self.number(PARTY))
        if "{actor}" in text:
            text = text.replace("{actor}", f"{self.number(ACTOR)}::text")
        return Statement(text, tuple(self.known))


# -- pages


def page(rows: ListRows, arguments: Mapping[str, Any]) -> Page:
    """The page that those arguments ask for.

    Raises:
        RequestError: neither or both of `first` and `last`, a size out of range, a cursor of another list, a filter
            or an order that this kind of viewer may not use.
    """
    first, last = arguments.get("first"), arguments.get("last")
    size = first if last is None else last
    if size is None or (first is not None and last is not None):
        raise refused(rows, ErrorCode.BAD_REQUEST, "needs either `first` or `last`")
    if not 1 <= size <= PAGE_MAX:
        raise refused(rows, ErrorCode.BAD_REQUEST, f"has pages of 1 to {PAGE_MAX}")
    chosen = arguments.get("orderBy")
    order = rows.order if chosen is None else plain(chosen)
    keys = sort_keys(rows, order)
    mark = cursors.mark(rows.coordinate, order, rows.kind.value)
    values: dict[Any, Any] = {}
    for bound in ("after", "before"):
        text = arguments.get(bound)
        if text is not None:
            try:
                decoded = cursors.decode(mark, text, len(keys))
            except BadCursor:
                raise refused(rows, ErrorCode.BAD_CURSOR, f"did not give the cursor in `{bound}`") from None
            values.update(((bound, place), value) for place, value in enumerate(decoded))
    wanted = arguments.get("filter") or {}
    given = {name: plain(wanted[name]) for name in rows.view.filters if wanted.get(name) is not None}
    for name in given:
        if per_kind(rows.view.filters[name].sql, rows.kind) is None:
            raise refused(rows, ErrorCode.FORBIDDEN, f"cannot be filtered by `{name}` by this viewer")
    wrong = [
        GraphQLError(f"The list {rows.coordinate} cannot be filtered by this `{name}`: {why}.")
        for name, why in misfits(given)
    ]
    if wrong:
        raise RequestError(ErrorCode.INVALID, *wrong)
    values.update(given)
    after, before, backward = ("after", 0) in values, ("before", 0) in values, first is None
    filters = tuple(given)
    shape = (size, backward, after, before, filters, order)
    return Page(shape, values, size, backward, after, before, filters, order, len(keys), mark)


def plain(value: Any) -> Any:
    """The value of an enum's member; everything else as it is."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return getattr(value, "value", value)


def refused(rows: ListRows, code: ErrorCode, what: str) -> RequestError:
    """The request error that says what a list does not do."""
    return RequestError(code, GraphQLError(f"The list {rows.coordinate} {what}."))


# -- order


def sort_keys(rows: ListRows, order: str) -> list[tuple[str, bool]]:
    """The expressions of that order over `{t}`, each with True for descending; the id comes last.

    Raises:
        RequestError: this kind of viewer may not sort so.
    """
    keys: list[tuple[str, bool]] = []
    for sql, descending in rows.view.sorts[order].by:
        seen = per_kind(sql, rows.kind)
        if seen is None:
            raise refused(rows, ErrorCode.FORBIDDEN, f"cannot be sorted by {order} by this viewer")
        keys.append((seen, descending))
    return [*keys, ("{t}.id", keys[-1][1] if keys else False)]


def _ordered(keys: Sequence[tuple[str, bool]], *, backward: bool) -> str:
    return ", ".join(f"{sql} DESC" if descending != backward else sql for sql, descending in keys)


def _beyond(keys: Sequence[tuple[str, bool]], bound: str, *, forward: bool, parameters: _Parameters) -> str:
    """Rows strictly after (or before) the bound in the list's order: one row comparison where all keys run one way."""
    numbers = [parameters.number((bound, place)) for place in range(len(keys))]
    if len({descending for _, descending in keys}) == 1:
        sign = ">" if forward != keys[0][1] else "<"
        return f"({', '.join(sql for sql, _ in keys)}) {sign} ({', '.join(numbers)})"
    condition = ""
    for (sql, descending), number in zip(reversed(keys), reversed(numbers), strict=True):
        sign = ">" if forward != descending else "<"
        condition = (
            f"({sql} {sign} {number} OR ({sql} = {number} AND {condition}))"
            if condition
            else (f"{sql} {sign} {number}")
        )
    sql, descending = keys[0]
    return f"{sql} {'>=' if forward != descending else '<='} {numbers[0]} AND {condition}"


# -- statements


def point_statement(rows: ThingRows) -> Statement:
    """One row for each pair of an id and the party that asks for it, with both at the end of the row."""
    asked = f"unnest({_items('$2')}, {_items('$3', null=True)}) asked(id, party)"
    head = f"SELECT {_columns(rows, 'asked.party')} FROM {asked}"
    text = f"{head} JOIN {_things(rows)}".replace("{party}", "asked.party")
    return Statement(text, (TENANT, IDS, PARTIES))


def things_statement(rows: ThingRows) -> Statement:
    """One row for each id that the viewer may see."""
    parameters = _Parameters()
    return parameters.done(f"SELECT {_columns(rows)} FROM {_asked(parameters)} JOIN {_things(rows)}")


def _things(rows: ThingRows) -> str:
    return f"{rows.view.table} t ON t.tenant_id = $1 AND t.id = asked.id AND ({_visible(rows)}){_joins(rows)}"


def list_statement(rows: ListRows, page: Page) -> Statement:
    """A page, for each parent where the list has parents; sort values last, then the parent's id.

    One row more than the page is read where the client asks if there is more.
    """
    parameters = _Parameters()
    keys = sort_keys(rows, page.order)
    order = _ordered(keys, backward=page.backward)
    bounds = [
        _beyond(keys, bound, forward=bound == "after", parameters=parameters)
        for bound in ("after", "before")
        if (bound, 0) in page.values
    ]
    inner = (
        f"SELECT * FROM {rows.view.table} {{t}} WHERE {' AND '.join([*_conditions(rows, page, parameters), *bounds])}"
        f" ORDER BY {order} LIMIT {page.size + rows.bounded}"
    )
    ends = [sql for sql, _ in keys] if rows.pointed else []
    if rows.by is None:
        source = f"({inner}) t"
    else:
        source = f"{_asked(parameters)} CROSS JOIN LATERAL ({inner}) t"
        ends.append("asked.id")
    text = f"SELECT {_columns(rows, *ends)} FROM {source}{_joins(rows)} ORDER BY {order}"
    return parameters.done(text.replace("{t}", "t"))


def count_statement(rows: ListRows, page: Page) -> Statement:
    """How many rows the list has under its filter, for each parent if it has some; counting ends beyond COUNT_MAX."""
    parameters = _Parameters()
    conditions = " AND ".join(_conditions(rows, page, parameters))
    counted = f"(SELECT count(*) FROM (SELECT FROM {rows.view.table} {{t}} WHERE {conditions} LIMIT {COUNT_MAX + 1}) c)"
    text = f"SELECT {counted}" if rows.by is None else f"SELECT {counted}, asked.id FROM {_asked(parameters)}"
    return parameters.done(text.replace("{t}", "t"))


def _asked(parameters: _Parameters) -> str:
    """The ids that are asked about, as rows."""
    return f"unnest({_items(parameters.number(IDS))}) asked(id)"


def _items(parameter: str, *, null: bool = False) -> str:
    """The items of a text that commas join, as an array; with `null`, the empty ones are null.

    Asked for by a query of its own: a planner that could look into the text would find a plan for so many items cheaper
    than one for any number, and plan the statement anew each time, which takes three times as long as running it.
    """
    empty = ", ''" if null else ""
    return f"(SELECT string_to_array({parameter}, ','{empty}))"


def _conditions(rows: ListRows, page: Page, parameters: _Parameters) -> list[str]:
    conditions = ["{t}.tenant_id = $1"]
    if rows.by is not None:
        conditions.append(f"{{t}}.{rows.by} = asked.id")
    conditions.append(f"({rows.view.visible.get(rows.kind, 'false')})")
    for name in page.filters:
        declared = rows.view.filters[name]
        predicate = per_kind(declared.sql, rows.kind)
        assert predicate is not None
        conditions.append(f"({predicate.replace('{v}', f'{parameters.number(name)}::{declared.type}')})")
    return conditions


def _visible(rows: Rows) -> str:
    return rows.view.visible.get(rows.kind, "false").replace("{t}", "t")


def _columns(rows: Rows, *ends: str) -> str:
    return ", ".join([*rows.columns, *ends])


def _joins(rows: Rows) -> str:
    return "".join(f" {join}" for join in rows.joins)
