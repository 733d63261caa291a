"""The engine's door: a document is prepared once, a request executed, a subscription listened to.

What comes back is an `Answer` of plain JSON types (instants stay aware datetimes in UTC), turned into bytes by
`Answer.body()`. The endpoint owns HTTP; the engine owns everything between a document and its data.
"""

from __future__ import annotations

import logging
from asyncio import Future
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from asyncpg import Record
from graphql import GraphQLError, OperationType

from api.limits import ERRORS_MAX
from api.reads import mutate
from api.reads.assemble import Strict, generate
from api.reads.complete import Completion, Fault, spelling
from api.reads.document import Document, Operation, error, prepared
from api.reads.introspect import introspected
from api.reads.plan import IntrospectionRoot, Plan, PointRoot, ThingRows, ThingValue, Typename, ValueRoot
from api.reads.planner import plan_operation
from api.reads.run import ID, Failed, Run, things_of
from api.reads.share import share_of
from api.reads.variables import RequestError
from api.schema.schema import Contract
from domain.access import Caller
from domain.errors import ErrorCode
from domain.ids import is_id
from domain.words.refusals.kinds import kind_in_words
from storage.pool import LOST, Pool, Unavailable

JSON_OPTIONS: Final = orjson.OPT_UTC_Z
"""Instants end in `Z`; microseconds are kept and left out when they are zero."""

DOCUMENTS_MAX: Final = 1_000
"""Documents kept prepared."""

CHARACTERS_MAX: Final = 250_000
"""Of all documents kept: with tree and plans each character takes up to a quarter of a kilobyte."""

PLANS_MAX: Final = 32
"""Plans kept per operation: kinds of viewer times outcomes of its conditions."""

Error = dict[str, Any]
"""As the specification spells it: message, locations, path, extensions with `code` and `requestId`."""

_log: Final = logging.getLogger("makegood.reads")


@dataclass(slots=True)
class Request:
    """One operation of one caller. `document` is what `Engine.prepare` made of the text; it may carry errors."""

    document: Document
    caller: Caller
    request_id: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    """What the client gets. `executed` is False for a request error: there is no `data` entry then (HTTP 400)."""

    data: dict[str, Any] | None
    errors: list[Error] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
    executed: bool = True
    objects: int = 0
    """How many rows were read for it: the actual cost."""

    def members(self) -> dict[str, Any]:
        """The response in the order errors, data, extensions; empty members are left out."""
        members: dict[str, Any] = {}
        if self.errors:
            members["errors"] = self.errors
        if self.executed:
            members["data"] = self.data
        if self.extensions:
            members["extensions"] = self.extensions
        return members

    def body(self) -> bytes:
        """The response as JSON."""
        return orjson.dumps(self.members(), option=JSON_OPTIONS)


class Engine:
    """Reads and runs what documents ask for. One per process; holds the caches of documents and plans.

    `fanout` is what subscriptions' sources listen to. The pool and the fan-out are closed by whoever opened them.
    """

    def __init__(self, contract: Contract, pool: Pool, fanout: Any = None) -> None:
        self.contract, self.pool, self.fanout = contract, pool, fanout
        self._documents: OrderedDict[tuple[str, bool], Document] = OrderedDict()
        self._characters = 0

    def prepare(self, text: str, *, introspect: bool = True) -> Document:
        """The document of that text: limits, parse, validation, once; errors are cached as well (`Document.errors`).

        Never raises for what a client wrote. `introspect` False: the caller may not introspect, so that a document that
        selects `__schema` or `__type` carries INTROSPECTION_FORBIDDEN, and messages never suggest names.
        """
        document = self._documents.get((text, introspect))
        if document is None:
            document = prepared(text, self.contract.graphql, introspect=introspect)
            self._keep(document, introspect=introspect)
        else:
            self._documents.move_to_end((text, introspect))
        return document

    def _keep(self, document: Document, *, introspect: bool) -> None:
        """Remembers the document; those that were not asked for longest make room."""
        self._documents[document.text, introspect] = document
        self._characters += len(document.text)
        while len(self._documents) > DOCUMENTS_MAX or self._characters > CHARACTERS_MAX:
            (forgotten, _), _ = self._documents.popitem(last=False)
            self._characters -= len(forgotten)

    def known(self, text: str, *, introspect: bool = True) -> Document | None:
        """What `prepare` would only look up; None for a new document, whose sender is charged for its reading."""
        document = self._documents.get((text, introspect))
        if document is not None:
            self._documents.move_to_end((text, introspect))
        return document

    async def execute(self, request: Request) -> Answer:
        """Runs the query or mutation. Faults are logged with the request's id and masked; none is raised."""
        try:
            operation = self._operation(request)
            if operation.kind is OperationType.SUBSCRIPTION:
                raise _bad("A subscription needs a connection that stays open.")
            return await self._execute(request, operation)
        except RequestError as refused:
            return _not_executed(request, [error(refused.code, fault) for fault in refused.errors])
        except _BadDocument:
            return _not_executed(request, request.document.errors)
        except (Unavailable, *LOST) as fault:
            return _failed(request, ErrorCode.UNAVAILABLE, "The database cannot be asked just now; try again.", fault)
        except Exception as fault:  # a bug: masked here, told in the log
            return _failed(request, ErrorCode.INTERNAL, "Something went wrong on our side.", fault)

    async def subscribe(self, request: Request) -> AsyncIterator[Answer]:
        """One answer per event until the listener closes the iterator. A request error is the only answer then.

        Between events no database connection is held. The endpoint re-checks the caller before each answer is sent.
        """
        try:
            operation = self._operation(request)
            if operation.kind is not OperationType.SUBSCRIPTION:
                raise _bad("Only a subscription can be listened to.")
            variables = operation.variables.coerce(request.variables)
            plan = self._plan(request, operation, variables)
            (root,) = plan.roots
            assert isinstance(root, ValueRoot)
            Run(plan, request.caller, variables)  # refuses now what would be refused at every event
            arguments = root.convert(root.arguments.values(variables))
            source = self.contract.sources[root.name](self.fanout, request.caller, arguments)
        except RequestError as refused:
            yield _not_executed(request, [error(refused.code, fault) for fault in refused.errors])
            return
        except _BadDocument:
            yield _not_executed(request, request.document.errors)
            return
        if (unheard := await self._unheard(request, plan, root, variables, arguments)) is not None:
            yield unheard
            return
        async with aclosing(source) as events:  # type: ignore[type-var]  # sources are async generators
            async for event in events:
                answer = await self._event(request, plan, root, variables, event)
                if answer is not None:
                    yield answer

    # -- one document, one operation, one plan

    def _operation(self, request: Request) -> Operation:
        """The operation that is asked for, if the document means something."""
        document = request.document
        if document.errors:
            raise _BadDocument
        operation = document.operation(request.operation_name)
        if operation is None:
            name = request.operation_name
            raise _bad("Name the operation: the document has several." if name is None else "No such operation.")
        return operation

    def _plan(self, request: Request, operation: Operation, variables: Mapping[str, Any]) -> Plan:
        """The plan for this kind of viewer under this outcome of the conditions, made once."""
        viewer = request.caller.viewer
        key = (viewer, *[variables.get(name) for name in operation.conditions]) if operation.conditions else viewer
        plan: Plan | None = operation.plans.get(key)
        if plan is None:
            for name in operation.conditions:
                if variables.get(name) is None:
                    raise RequestError(
                        ErrorCode.BAD_VARIABLES, GraphQLError(f"The condition ${name} must not be null.")
                    )
            if len(operation.plans) >= PLANS_MAX:
                operation.plans.clear()
            plan = plan_operation(self.contract, request.document, operation, viewer, variables)
            plan.source = generate(plan)
            operation.plans[key] = plan
        return plan

    # -- queries and mutations

    async def _execute(self, request: Request, operation: Operation) -> Answer:
        variables = operation.variables.coerce(request.variables)
        plan = self._plan(request, operation, variables)
        if plan.point is not None:
            return await self._point(request, plan, plan.point, variables)
        run = Run(plan, request.caller, variables)
        introspection = [root for root in plan.roots if isinstance(root, IntrospectionRoot)]
        if introspection:
            self._introspect(request, operation, introspection, run)
        if operation.kind is OperationType.MUTATION:
            return await self._mutate(request, plan, run)
        run = await self._read(plan, run)
        return _answer(request, run, plan)

    async def _point(self, request: Request, plan: Plan, root: PointRoot, variables: Mapping[str, Any]) -> Answer:
        """One thing by its id, read together with whatever other requests ask of the same plan just now."""
        caller = request.caller
        id_ = root.arguments.values(variables)["id"]
        row = None
        if ID.fullmatch(id_):
            row = await self._row(root.rows, caller, id_)
        if row is not None:
            try:
                return Answer({root.key: root.shape.make(row, None)}, objects=1)
            except Exception:  # something is amiss in the row: found again below, and told with its path
                _log.debug("row_amiss", exc_info=True)
        run = Run(plan, caller, variables)
        run.values[root.key] = id_
        run.slots[root.rows.slot] = {} if row is None else {id_: row}
        run.objects = row is not None
        return _answer(request, run, plan)

    def _row(self, rows: ThingRows, caller: Caller, id_: str) -> Future[Record | None]:
        """The row of that id as the caller may see it, read together with those of other requests."""
        return share_of(self.pool, rows, caller.tenant_id).read(id_, caller.party_id)

    async def _read(self, plan: Plan, run: Run) -> Run:
        """The finished run of a query. A connection that is lost on the way is asked for again, once."""
        if all(isinstance(root, Typename | IntrospectionRoot) for root in plan.roots):
            return run
        for attempt in (1, 2):
            try:
                async with self.pool.acquire(run.caller.tenant_id) as run.connection:
                    for root in plan.roots:
                        await run.root(root)
                return run
            except LOST:
                if attempt == 2:
                    raise
        return run

    async def _mutate(self, request: Request, plan: Plan, run: Run) -> Answer:
        """Each mutation in the order of the document, each read back before the next begins."""
        extensions: dict[str, Any] = {}
        for root in plan.roots:
            if not isinstance(root, ValueRoot):
                continue
            try:
                done = await mutate.perform(
                    self.contract.mutations[root.name],
                    root,
                    run.variables,
                    pool=self.pool,
                    caller=request.caller,
                    request_id=request.request_id,
                )
            except Exception as fault:  # a bug or an absent database: this mutation failed, and none after it is begun
                run.values[root.key] = Failed(fault)
                break
            if done.replayed:
                extensions["idempotentReplay"] = True
            run.values[root.key] = await self._read_back(request, root, run, done)
        answer = _answer(request, run, plan)
        answer.extensions.update(extensions)
        return answer

    async def _read_back(self, request: Request, root: ValueRoot, run: Run, done: mutate.Done) -> Mapping[str, Any]:
        """What the payload shows, its things read; where that fails the mutation stays done and the payload says so."""
        try:
            if done.things:
                run.clock = done.at
                wanted = things_of(root.value, [done.payload])
                if all(rows.shared and len(ids) == 1 for rows, ids in wanted):
                    for rows, (id_,) in wanted:
                        row = await self._row(rows, run.caller, id_)
                        run.objects += row is not None
                        await run.kept(rows, [] if row is None else [row])
                    return done.payload
                async with self.pool.acquire(request.caller.tenant_id) as run.connection:
                    await run.things_in(root.value, [done.payload])
        except Exception:  # whatever it is, the mutation is committed and must not look as if it were not
            _log.exception("committed_read_failed", extra={"request_id": request.request_id, "mutation": root.name})
            return mutate.unread(done)
        return done.payload

    def _introspect(self, request: Request, operation: Operation, roots: list[IntrospectionRoot], run: Run) -> None:
        known = roots[0].answer
        if known is None:
            known = introspected(self.contract.graphql, request.document, operation, roots, request.variables)
            if not operation.node.variable_definitions:
                roots[0].answer = known
        run.values.update(known)

    # -- events

    async def _event(
        self, request: Request, plan: Plan, root: ValueRoot, variables: Mapping[str, Any], event: Any
    ) -> Answer | None:
        """The answer for one event; None if it is about something that the listener may not see."""
        run = Run(plan, request.caller, variables)
        run.values[root.key] = event
        try:
            async with self.pool.acquire(request.caller.tenant_id) as run.connection:
                if not await run.things_in(root.value, [event]):
                    return None
        except (Unavailable, *LOST) as fault:
            return _failed(request, ErrorCode.UNAVAILABLE, "The database cannot be asked just now; try again.", fault)
        return _answer(request, run, plan)

    async def _unheard(
        self, request: Request, plan: Plan, root: ValueRoot, variables: Mapping[str, Any], arguments: Mapping[str, Any]
    ) -> Answer | None:
        """Why nothing will be heard of the one thing that is asked for; None where it is there, or all are asked for.

        Nobody waits in silence for what is misspelt, is not there or is not for them; the last two read alike.
        """
        wanted = next((value for value in arguments.values() if value is not None), None)
        if wanted is None or not isinstance(root.value, ThingValue):
            return None
        if not (is_id(wanted) and wanted[:3] in root.value.things):
            misspelt = error(ErrorCode.INVALID, GraphQLError(spelling(root.value)))
            return _not_executed(request, [misspelt])
        answer = await self._event(request, plan, root, variables, wanted)
        if answer is None:
            unknown = error(ErrorCode.NOT_FOUND, GraphQLError(f"There is no such {kind_in_words(wanted)}."))
            return _not_executed(request, [unknown])
        return answer if answer.data is None else None


class _BadDocument(Exception):
    """The document carries errors of its own."""


def _bad(message: str) -> RequestError:
    return RequestError(ErrorCode.BAD_REQUEST, GraphQLError(message))


def _stamped(request: Request, told: Error) -> Error:
    """The error with the request's id."""
    return {**told, "extensions": {**told["extensions"], "requestId": request.request_id}}


def _not_executed(request: Request, errors: Any) -> Answer:
    return Answer(None, [_stamped(request, told) for told in errors][:ERRORS_MAX], executed=False)


def _failed(request: Request, code: ErrorCode, message: str, fault: Exception) -> Answer:
    _log.error("request_failed", extra={"request_id": request.request_id, "code": code.value}, exc_info=fault)
    return Answer(None, [_stamped(request, {"message": message, "extensions": {"code": code.value}})])


def _answer(request: Request, run: Run, plan: Plan) -> Answer:
    """The response: by generated code, or carefully where something is amiss."""
    try:
        return Answer(Strict(run).response(plan), objects=run.objects)
    except Exception as cause:  # whatever it is, what follows finds it again, with its path
        amiss = cause
    completion = Completion(run)
    data = completion.response(plan)
    if not completion.faults:
        _log.error("assembler_disagrees", extra={"request_id": request.request_id}, exc_info=amiss)
    return Answer(data, [_told(request, fault) for fault in completion.faults[:ERRORS_MAX]], objects=run.objects)


def _told(request: Request, fault: Fault) -> Error:
    """The fault as the client sees it; a bug goes into the log with everything that is masked here."""
    if fault.code is ErrorCode.INTERNAL:
        told = {"request_id": request.request_id, "path": fault.path}
        _log.error("field_failed", extra=told, exc_info=fault.cause or fault)
    extensions = {"code": fault.code.value, "requestId": request.request_id}
    return {"message": fault.message, "path": list(fault.path), "extensions": extensions}
