"""The naive reference: graphql-core, one resolver per field, one simple SELECT per object. For tests and bench only.

It reads the same declarations as the engine and shares none of its planning: what graphql-core makes of the values is
the truth the engine is measured against.
"""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    execute,
    get_named_type,
    is_abstract_type,
    parse,
)
from strawberry.types.arguments import convert_arguments

from api.reads import cursors
from api.reads.run import count_shown
from api.schema.errors import SHOWN
from api.schema.schema import Contract
from domain.access import Caller
from domain.money import Money
from storage.pool import Connection, Pool
from storage.views import view as v


class Reference:
    """Executes operations for one contract, which must be its own: its resolvers are replaced."""

    def __init__(self, contract: Contract) -> None:
        self.contract, self.schema = contract, contract.graphql
        self.types = {view.prefix: view for view in contract.views.values()}
        for type_ in self.schema.type_map.values():
            if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
                type_.is_type_of = None
                for definition in type_.fields.values():
                    definition.resolve = resolve
            elif is_abstract_type(type_):
                type_.resolve_type = lambda value, *_: value["__typename"]

    async def execute(
        self, pool: Pool, caller: Caller, text: str, variables: Mapping[str, Any] | None = None, name: str | None = None
    ) -> ExecutionResult:
        """The result of the operation for that caller."""
        async with pool.acquire(caller.tenant_id) as connection:
            asking = Asking(self.contract, self.types, connection, caller)
            result = execute(
                self.schema,
                parse(text),
                context_value=asking,
                variable_values=dict(variables or {}),
                operation_name=name,
            )
            with warnings.catch_warnings():  # graphql-core leaves coroutines behind once a null has spread
                warnings.simplefilter("ignore", RuntimeWarning)
                done = result if isinstance(result, ExecutionResult) else await result
                if done.errors:
                    del result
                    gc.collect()  # all of them: while it ran, some have grown old
            return done


async def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """The one resolver of all fields."""
    asking: Asking = info.context
    name, parent = info.field_name, info.parent_type.name
    if source is None:
        return await asking.root(name, info, arguments)
    if parent in asking.contract.views:
        return await asking.field(parent, source, name, info, arguments)
    value = (
        source.get(name, source.get(v.snake(name))) if isinstance(source, Mapping) else getattr(source, v.snake(name))
    )
    if arguments:
        value = value(**asking.converted(info, arguments))
    return await asking.value(value, info)


class Asking:
    """One caller's execution on one connection, one statement at a time."""

    def __init__(self, contract: Contract, types: Mapping[str, v.View], connection: Connection, caller: Caller) -> None:
        self.contract, self.types, self.connection, self.caller = contract, types, connection, caller
        self.lock = asyncio.Lock()

    async def fetch(self, text: str, *arguments: Any) -> list[Any]:
        """The rows of a statement; `{party}` and `$1` are filled in."""
        values = [self.caller.tenant_id, *arguments]
        if "{party}" in text:
            values.append(self.caller.party_id)
            text = text.replace("{party}", f"${len(values)}")
        if "{actor}" in text:
            values.append(self.caller.actor_id)
            text = text.replace("{actor}", f"${len(values)}::text")
        async with self.lock:
            return await self.connection.fetch(text, *values)

    async def now(self) -> datetime:
        """The tenant's clock."""
        at: datetime = (await self.fetch("SELECT tenant_now(t) FROM tenants t WHERE t.tenant_id = $1"))[0][0]
        return at

    async def root(self, name: str, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Any:
        """A field of Query."""
        if name == "node":
            return await self.thing(arguments["id"])
        if name == "nodes":
            return [await self.thing(id_) for id_ in arguments["ids"]]
        declared = self.contract.roots[name]
        if isinstance(declared, v.Point):
            return await self.thing(arguments["id"])
        if isinstance(declared, v.Listing):
            return await self.page(f"Query.{name}", declared.type, declared.order, arguments)
        if self.caller.viewer not in declared.shown_to:
            return None
        at, converted = await self.now(), self.converted(info, arguments)
        async with self.lock:
            (value,) = await declared.load(self.connection, (), self.caller, at, converted)
        return await self.value(value, info)

    def converted(self, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]) -> Mapping[str, Any]:
        """Arguments as loaders are given them."""
        declared = info.parent_type.fields[info.field_name].extensions["strawberry-definition"].arguments
        strawberry = self.contract.strawberry
        return convert_arguments(arguments, declared, strawberry.schema_converter.scalar_registry, strawberry.config)

    async def thing(self, id_: str | None) -> dict[str, Any] | None:
        """All that is shown of the row of that id, by one simple SELECT; None if there is none for the caller."""
        view = self.types.get(id_[:3]) if id_ else None
        if view is None:
            return None
        shown: dict[str, str] = {"*id": "t.id"}
        for name, field in view.fields.items():
            if isinstance(field, v.Value):
                shown[name] = field.sql if isinstance(field.sql, str) else field.sql.get(self.caller.viewer, "NULL")
            elif isinstance(field, v.Amount):
                shown[name], shown[f"*{name}"] = field.minor, field.currency
            elif isinstance(field, v.One):
                shown[name] = field.key
            elif isinstance(field, v.Computed):
                shown.update({f"={need}": f"{{t}}.{need}" for need in field.needs})
        visible = view.visible.get(self.caller.viewer, "false")
        columns = ", ".join(shown.values())
        text = f"SELECT {columns} FROM {view.table} t WHERE t.tenant_id = $1 AND t.id = $2 AND ({visible})"
        rows = await self.fetch(text.replace("{t}", "t"), id_)
        return {"__typename": view.type, **dict(zip(shown, rows[0], strict=True))} if rows else None

    async def field(
        self, type_: str, source: dict[str, Any], name: str, info: GraphQLResolveInfo[Any], arguments: dict[str, Any]
    ) -> Any:
        """A field of a thing."""
        declared = self.contract.views[type_].fields[name]
        if self.caller.viewer not in declared.shown_to:
            return None
        if isinstance(declared, v.Value):
            return _members(source[name], get_named_type(info.parent_type.fields[name].type))
        if isinstance(declared, v.Amount):
            return None if source[name] is None else Money(source[name], source[f"*{name}"])
        if isinstance(declared, v.One):
            return await self.thing(source[name])
        if isinstance(declared, v.Many):
            return await self.page(
                f"{type_}.{name}", declared.type, declared.order, arguments, declared.by, source["*id"]
            )
        row = {"id": source["*id"], **{need: source[f"={need}"] for need in declared.needs}}
        at, converted = await self.now(), self.converted(info, arguments)
        async with self.lock:
            (value,) = await declared.load(self.connection, [row], self.caller, at, converted)
        return await self.value(value, info)

    async def value(self, value: Any, info: GraphQLResolveInfo[Any]) -> Any:
        """A loader's value as graphql-core completes it: things are read, rules' types wrapped."""
        type_ = get_named_type(info.parent_type.fields[info.field_name].type)
        possible = info.schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]
        reads = all(of.name in self.contract.views for of in possible)
        if isinstance(value, list | tuple):
            return [await self.item(item, reads=reads) for item in value]
        return await self.item(value, reads=reads)

    async def item(self, value: Any, *, reads: bool) -> Any:
        """One value: an id is read where the type has a view; what a page has read already stays."""
        return await self.thing(value) if reads and isinstance(value, str) else _shown(value)

    async def page(
        self,
        coordinate: str,
        type_: str,
        order: str,
        arguments: dict[str, Any],
        by: str | None = None,
        parent: str | None = None,
    ) -> dict[str, Any]:
        """A connection: all its ids in order, of which the page is cut in Python."""
        view, kind = self.contract.views[type_], self.caller.viewer
        order = getattr(arguments.get("orderBy"), "value", None) or order
        keys = [(sql if isinstance(sql, str) else sql.get(kind, "NULL"), down) for sql, down in view.sorts[order].by]
        keys.append(("{t}.id", keys[-1][1]))
        where = [f"({view.visible.get(kind, 'false')})"]
        values: list[Any] = []
        if by is not None:
            where.append(f"{{t}}.{by} = $2")
            values.append(parent)
        for name, value in (arguments.get("filter") or {}).items():
            if value is not None:
                sql = view.filters[name].sql
                values.append([getattr(item, "value", item) for item in value] if isinstance(value, list) else value)
                predicate = sql if isinstance(sql, str) else sql[kind]
                where.append(f"({predicate.replace('{v}', f'${len(values) + 1}::{view.filters[name].type}')})")
        first, last = arguments.get("first"), arguments.get("last")
        bounded = first is None or arguments.get("after") is not None or arguments.get("before") is not None
        text = (
            f"SELECT {', '.join(sql for sql, _ in keys)} FROM {view.table} {{t}} WHERE {{t}}.tenant_id = $1 AND "
            f"{' AND '.join(where)} ORDER BY {', '.join(sql + ' DESC' * down for sql, down in keys)}"
        )
        if not bounded:
            text += f" LIMIT {arguments['first'] + 1}"
        rows = await self.fetch(text.replace("{t}", "t"), *values)
        mark = cursors.mark(coordinate, order, kind.value)
        edges = [{"cursor": cursors.encode(mark, list(row)), "id": row[-1]} for row in rows]
        places = {edge["cursor"]: place for place, edge in enumerate(edges)}
        if arguments.get("before") is not None:
            edges = edges[: places[arguments["before"]]]
        if arguments.get("after") is not None:
            edges = edges[places[arguments["after"]] + 1 :]
        cut = edges[:first] if last is None else edges[-last:]
        things = [{**edge, "node": await self.thing(edge["id"])} for edge in cut]
        more = len(edges) > len(cut)
        count = f"SELECT count(*) FROM {view.table} t WHERE t.tenant_id = $1 AND {' AND '.join(where)}"
        return {
            "edges": things,
            "nodes": [edge["node"] for edge in things],
            "totalCount": count_shown((await self.fetch(count.replace("{t}", "t"), *values))[0][0]),
            "pageInfo": {
                "hasNextPage": more if first is not None else arguments.get("before") is not None,
                "hasPreviousPage": arguments.get("after") is not None if first is not None else more,
                "startCursor": cut[0]["cursor"] if cut else None,
                "endCursor": cut[-1]["cursor"] if cut else None,
            },
        }


def _members(value: Any, type_: Any) -> Any:
    """A row names the values of an enum as clients do; graphql-core wants what Python holds for them."""
    if value is None or not isinstance(type_, GraphQLEnumType):
        return value
    return [type_.values[name].value for name in value] if isinstance(value, list) else type_.values[value].value


def _shown(value: Any) -> Any:
    wrap = SHOWN.get(type(value))
    return value if wrap is None else wrap(value)
