"""A tiny GraphQL server for the console's tests, so that they say something about the console and nothing else.

It greets, tells the caller's Authorization header back, takes an idempotency key and streams a countdown as
server-sent events in distinct-connections mode. Its console has examples of its own.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import uvicorn
from graphql import ExecutionResult, GraphQLResolveInfo, build_schema, graphql, parse, subscribe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from api.console import ConsoleRole, ConsoleSession, routes
from api.console.examples import Example, read_examples

Examples: TypeAlias = Mapping[str, Sequence[Example]]

BUYER = """
# My coupon
# Finds the coupon that the next example redeems.
# keep couponId = coupon.id
query MyCoupon {
  coupon {
    id
  }
}

# My orders
# Finds the first order that may be claimed on.
# keep lateOrderId = orders.lines[actions=CLAIM].id
# keep openOrderId = orders[state.name=OPEN].id
query MyOrders {
  orders {
    id
    state { name }
    lines { id actions }
  }
}

# Claim
# with {"what": "{{lateOrderId}} {{openOrderId}} {{day-2d}} {{now+1d}}"}
query Claim($what: String!) {
  hello(name: $what)
}

# Redeem it
# with {"id": "{{couponId}}", "key": "{{new}}", "note": "{{occasion}}"}
mutation Redeem($id: ID!, $key: String!, $note: String!) {
  redeem(id: $id, key: $key, note: $note)
}

# Who am I?
query WhoAmI {
  authorization
}

# A countdown
# Shows events as they come.
subscription Countdown {
  countdown
}

# Watch
# Goes on until you stop it.
subscription Watch {
  watch
}
"""
SUPPLIER = """
# The supplier's own question
query SupplierWho {
  authorization
}
"""


SCHEMA = build_schema("""
  type Query {
    "A greeting."
    hello(name: String! = "world"): String!
    "A coupon with a _markdown_ description."
    coupon: Coupon!
    orders: [Order!]!
    viewer: Viewer!
    "The Authorization header of this request."
    authorization: String!
  }
  type Coupon { id: ID! }
  type Order { id: ID!, state: State!, lines: [Line!]! }
  type State { name: String! }
  type Line { id: ID!, actions: [String!]! }
  type Viewer { tenant: Tenant! }
  type Tenant { clock: String! }
  type Mutation {
    "Says what it was given."
    redeem(id: ID!, key: String!, note: String!): String!
  }
  type Subscription {
    "Two, one, and the end."
    countdown: Int!
    "One event, and no end."
    watch: Int!
  }
""")
ASKED: TypeAlias = GraphQLResolveInfo


NOBODY_WATCHES = threading.Event()
"""Set when a watcher has gone away."""


class Shop:
    """What the root fields answer."""

    def hello(self, _asked: ASKED, name: str) -> str:
        return f"Hello {name}"

    def coupon(self, _asked: ASKED) -> dict[str, str]:
        return {"id": "cpn_1"}

    def orders(self, _asked: ASKED) -> list[dict[str, Any]]:
        return [
            {"id": "1", "state": {"name": "PAID"}, "lines": []},
            {"id": "2", "state": {"name": "OPEN"}, "lines": [{"id": "2a", "actions": []}]},
            {"id": "3", "state": {"name": "OPEN"}, "lines": [{"id": "3a", "actions": ["LOOK", "CLAIM"]}]},
        ]

    def viewer(self, _asked: ASKED) -> dict[str, dict[str, str]]:
        return {"tenant": {"clock": "2026-03-01T12:00:00.000000Z"}}

    def authorization(self, asked: ASKED) -> str:
        header: str = asked.context.headers.get("Authorization", "")
        return header

    def redeem(self, _asked: ASKED, id: str, key: str, note: str) -> str:
        return f"{id} {key} {note}"

    async def countdown(self, _asked: ASKED) -> AsyncGenerator[dict[str, int], None]:
        yield {"countdown": 2}
        yield {"countdown": 1}

    async def watch(self, _asked: ASKED) -> AsyncGenerator[dict[str, int], None]:
        try:
            yield {"watch": 1}
            await asyncio.Event().wait()
        finally:
            NOBODY_WATCHES.set()


async def _graphql(request: Request) -> Response:
    body = await request.json()
    asked = {
        "root_value": Shop(),
        "context_value": request,
        "variable_values": body.get("variables"),
        "operation_name": body.get("operationName"),
    }
    if "text/event-stream" in request.headers["Accept"]:
        stream = subscribe(SCHEMA, parse(body["query"]), **asked)
        assert isinstance(stream, AsyncIterator), stream
        return StreamingResponse(_events(stream), media_type="text/event-stream")
    return JSONResponse((await graphql(SCHEMA, body["query"], **asked)).formatted)


async def _events(stream: AsyncIterator[ExecutionResult]) -> AsyncGenerator[str, None]:
    yield ":\n\n"
    async for answer in stream:
        yield f"event: next\ndata: {json.dumps(answer.formatted)}\n\n"
    yield "event: complete\ndata:\n\n"


def demo_session() -> ConsoleSession:
    """A demo with two roles and one value that its operator told the console."""
    roles = (
        ConsoleRole("buyer", "Buyer", "buyer", "mg_test_buyer"),
        ConsoleRole("supplier", "Supplier", "supplier", "mg_test_supplier"),
    )
    return ConsoleSession(roles, {"occasion": "birthday"})


def own_examples() -> Examples:
    """Examples that fit the shop's schema."""
    return {"buyer": read_examples(BUYER), "supplier": read_examples(SUPPLIER)}


@contextmanager
def serving(session: ConsoleSession, examples: Callable[[], Examples] = own_examples) -> Iterator[str]:
    """The shop and its console listen on loopback; gives the origin."""
    console = routes(lambda: session, examples)
    app = Starlette(routes=[*console, Route("/graphql", _graphql, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
