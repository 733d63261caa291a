"""The whole application behind a real socket on loopback, and a client that sends whatever a test wants to send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from api import app
from api.app import Application, create_app
from api.context import Platform
from api.endpoint.timers import TimedHttpProtocol
from api.schema.schema import Contract
from api.settings import Settings
from api.throttle import Budget
from tests.promised import whole_contract

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
EVENTS = "text/event-stream"


@dataclass(slots=True)
class Reply:
    """One HTTP response."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def errors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json["errors"]
        return found

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


@dataclass(slots=True)
class Served:
    """A running application: its port, and its open parts."""

    port: int
    application: Application
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every request, the token among them."""

    @property
    def platform(self) -> Platform:
        return self.application.platform()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(
        self, query: str, *, accept: str | None = RESPONSE, token: str | None = None, **members: Any
    ) -> Reply:
        """The reply to a GraphQL request."""
        named = {"accept": accept} if accept is not None else {}
        if token is not None:
            named["authorization"] = f"Bearer {token}"
        return await self.send(json.dumps({"query": query, **members}).encode(), headers=named)

    async def send(
        self,
        content: bytes = b"",
        *,
        method: str = "POST",
        path: str = "/graphql",
        headers: Mapping[str, str | None] | None = None,
    ) -> Reply:
        """The reply to any request; a header that is None is left out."""
        named: dict[str, str | None] = {
            "host": "localhost",
            "content-type": JSON,
            "content-length": str(len(content)),
            "connection": "close",
            **self.headers,
            **(headers or {}),
        }
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in named.items() if value is not None),
        ]
        return await self.raw("\r\n".join([*lines, "", ""]).encode() + content)

    async def raw(self, data: bytes) -> Reply:
        """The reply to those bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**24)
        try:
            writer.write(data)
            with contextlib.suppress(ConnectionError):  # refused while it was still being sent
                await writer.drain()
            async with asyncio.timeout(30):
                return await read_reply(reader)
        finally:
            writer.close()


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """One response of a connection that is closed after it or says its length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if "content-length" in headers:
        content = await reader.readexactly(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        content = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            content += (await reader.readexactly(size + 2))[:-2]
    else:
        content = await reader.read()
    return Reply(int(head[0].split()[1]), headers, content)


@contextlib.asynccontextmanager
async def serving(
    settings: Settings,
    *,
    promised: Contract | None = None,
    budget: Budget | None = None,
    protocol: type[TimedHttpProtocol] = app.PROTOCOL,
) -> AsyncIterator[Served]:
    """The application answers on a free port of loopback until the block ends."""
    application = create_app(settings, promised=promised or whole_contract(), budget=budget)
    async with application.running():
        config = uvicorn.Config(
            application,
            http=protocol,
            ws=app.WEBSOCKET_PROTOCOL,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            await server.startup(sockets=[listener])
            try:
                yield Served(listener.getsockname()[1], application)
            finally:
                server.force_exit = True
                await server.shutdown(sockets=[listener])
