"""GraphQL over HTTP: whatever is sent, the answer has the right status, type and code, and gives nothing away."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest
import strawberry
from graphql import get_introspection_query

from api.endpoint.body import BODY_BYTES_MAX
from api.endpoint.timers import HEADER_BYTES_MAX, TIMED_OUT, Phase, TimedHttpProtocol
from api.limits import ERRORS_MAX
from api.schema.arguments import field
from api.schema.schema import NOUNS, Contract, Noun, contract
from api.settings import Settings
from domain.access import Caller, Role, Scope
from storage.views.view import Answer
from tests.marketplaces import Marketplace
from tests.serving import EVENTS, JSON, RESPONSE, Reply, Served, read_reply, serving

NAME = {"query": "{__typename}"}


@pytest.fixture
async def token(market: Marketplace) -> str:
    """Of a support key that may introspect."""
    return await market.key(market.made.operator_id, Role.SUPPORT)


@pytest.fixture
async def asked(served: Served, token: str) -> Served:
    """The application, asked with a good token."""
    served.headers["authorization"] = f"Bearer {token}"
    return served


def authorization(served: Served) -> str:
    """The header, as it is sent."""
    return f"authorization: {served.headers['authorization']}"


def is_refusal(reply: Reply, status: int, code: str) -> None:
    """The reply refuses with that status and code, quotes its own request id, and holds no data."""
    assert (reply.status, reply.codes[0]) == (status, code), reply.content
    assert "data" not in reply.json
    assert {error["extensions"]["requestId"] for error in reply.errors} == {reply.headers["x-request-id"]}


# -- media types -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{JSON};q=0.9, {RESPONSE}", RESPONSE),
        (f"{JSON}, {RESPONSE}", JSON),
        (f"{RESPONSE}, {JSON}", RESPONSE),
        (f"{RESPONSE};q=0, */*", JSON),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("APPLICATION/GRAPHQL-RESPONSE+JSON; charset=utf-8", RESPONSE),
        (EVENTS, EVENTS),
        (f"{EVENTS};q=0.5, {JSON}", JSON),
    ],
)
async def test_the_answer_has_the_type_the_client_likes_best(
    asked: Served, accept: str | None, content_type: str
) -> None:
    reply = await asked.ask("{__typename}", accept=accept)
    assert (reply.status, reply.headers["content-type"]) == (200, f"{content_type}; charset=utf-8")


@pytest.mark.parametrize(
    "accept", ["text/html", "text/*", "application/xml, image/*", f"{JSON};q=0", "nonsense", f"{JSON};q=x"]
)
async def test_whoever_accepts_nothing_of_ours_is_told_so(asked: Served, accept: str) -> None:
    is_refusal(await asked.ask("{__typename}", accept=accept), 406, "BAD_REQUEST")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_only_post_is_answered(asked: Served, method: str) -> None:
    reply = await asked.raw(f"{method} /graphql?query={{__typename}} HTTP/1.0\r\n\r\n".encode())
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/graphql",
        "multipart/form-data; boundary=x",
        f"{JSON}; charset=utf-16",
        f"{JSON}x",
    ],
)
async def test_only_json_in_utf_8_is_read(asked: Served, content_type: str | None) -> None:
    reply = await asked.send(json.dumps(NAME).encode(), headers={"content-type": content_type, "accept": RESPONSE})
    is_refusal(reply, 415, "BAD_REQUEST")


@pytest.mark.parametrize(
    "content_type", [JSON, f"{JSON};charset=UTF-8", f'{JSON}; charset="utf-8"', "Application/JSON"]
)
async def test_json_may_be_spelled_as_http_lets_it(asked: Served, content_type: str) -> None:
    assert (await asked.send(json.dumps(NAME).encode(), headers={"content-type": content_type})).status == 200


async def test_a_compressed_body_is_not_read(asked: Served) -> None:
    is_refusal(await asked.send(b"x", headers={"content-encoding": "gzip", "accept": RESPONSE}), 415, "BAD_REQUEST")


# -- bodies ------------------------------------------------------------------------------------------------------------


def named(**members: str) -> bytes:
    """A request whose members are spelled as given, in JSON."""
    return (
        "{" + ",".join(f'"{name}":{text}' for name, text in {"query": '"{__typename}"', **members}.items()) + "}"
    ).encode()


NOT_REQUESTS: list[bytes] = [
    b"", b" ", b"null", b'"x"', b"1", b"true", b"[]", b"{}", b"{", b'{"query":', b"\xff\xfe", b'{"query":"\xe9"}',
    b"\x00", b'{"qeury":"{__typename}"}', b'[{"query":"{__typename}"}]', b'{"documentId":7}',
    b"[" * 100_000, b"[" * 60_000 + b"]" * 60_000, b'{"a":' * 30_000,
    named(query="null"), named(query="1"), named(query='["{__typename}"]'),
    named(operationName="1"), named(operationName="{}"),
    named(extensions="[]"), named(extensions='"x"'), named(documentId='"sha256:x"'),
    named(variables="[]"), named(variables='"{}"'), named(variables="0"), named(variables="true"),
    *[
        named(variables=f'{{"a":{value}}}')
        for value in (
            "NaN", "1e999", "9223372036854775808", "-99999999999999999999", "9" * 5000, '"\\u0000"', '["\\u0000"]',
            '{"\\u0000":1}', '"\\ud800"', "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900,
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
async def test_what_is_no_request_is_refused_whole(asked: Served, accept: str) -> None:
    for content in NOT_REQUESTS:
        is_refusal(await asked.send(content, headers={"accept": accept}), 400, "BAD_REQUEST")


async def test_what_the_specification_lets_be_null_may_be_null(asked: Served) -> None:
    reply = await asked.ask(
        "{__typename}", operationName=None, variables=None, extensions=None, documentId=None, other=1
    )
    assert reply.json["data"] == {"__typename": "Query"}


async def test_a_body_is_read_up_to_its_limit_and_no_further(asked: Served) -> None:
    whole = json.dumps(NAME).encode()
    assert (await asked.send(whole + b" " * (BODY_BYTES_MAX - len(whole)))).status == 200
    is_refusal(await asked.send(whole + b" " * (BODY_BYTES_MAX - len(whole) + 1)), 413, "BAD_REQUEST")


async def test_a_body_that_does_not_say_its_length_is_refused_while_it_streams(asked: Served) -> None:
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: {JSON}\r\n{authorization(asked)}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", asked.port)
    writer.write(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    for _ in range(BODY_BYTES_MAX // 0x8000 + 1):
        writer.write(chunk)
    reply = await asyncio.wait_for(read_reply(reader), 20)  # the last chunk never came
    writer.close()
    is_refusal(reply, 413, "BAD_REQUEST")


async def test_a_length_that_is_a_lie_is_refused_before_the_body_comes(asked: Served) -> None:
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: {JSON}\r\n{authorization(asked)}\r\n"
    is_refusal(await asked.raw(f"{head}content-length: 99999999999\r\n\r\n".encode()), 413, "BAD_REQUEST")


async def test_requests_on_one_connection_are_answered_in_their_order(asked: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", asked.port)
    for alias in ("one", "two", "three"):
        content = json.dumps({"query": f"{{{alias}:__typename}}"}).encode()
        head = (
            f"content-type: {JSON}\r\nauthorization: {asked.headers['authorization']}\r\ncontent-length: {len(content)}"
        )
        writer.write(f"POST /graphql HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n".encode() + content)
    replies = [await asyncio.wait_for(read_reply(reader), 20) for _ in range(3)]
    writer.close()
    assert [list(reply.json["data"]) for reply in replies] == [["one"], ["two"], ["three"]]
    assert len({reply.headers["x-request-id"] for reply in replies}) == 3


# -- callers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Basic eDp5",
        "Bearer mg_test_" + "0" * 26 + "_" + "0" * 64,
        "Bearer a.b.c",
        "Bearer " + "x" * 20_000,
    ],
)
@pytest.mark.parametrize("accept", [JSON, RESPONSE, EVENTS])
async def test_nobody_is_answered_who_is_not_vouched_for(
    served: Served, authorization: str | None, accept: str
) -> None:
    reply = await served.send(json.dumps(NAME).encode(), headers={"authorization": authorization, "accept": accept})
    is_refusal(reply, 401, "UNAUTHENTICATED")
    assert reply.headers["www-authenticate"] == "Bearer"


async def test_introspection_needs_its_scope(served: Served, market: Marketplace) -> None:
    without = await market.key(market.made.operator_id, Role.SUPPORT, scopes=(Scope.READ,))
    for text in (
        get_introspection_query(),
        '{__type(name:"Claim"){name}}',
        "{...f} fragment f on Query{__schema{__typename}}",
    ):
        is_refusal(await served.ask(text, token=without), 403, "INTROSPECTION_FORBIDDEN")
        older = await served.ask(text, token=without, accept=JSON)
        is_refusal(older, 200, "INTROSPECTION_FORBIDDEN")
    with_scope = await market.key(market.made.operator_id, Role.SUPPORT)
    reply = await served.ask(get_introspection_query(), token=with_scope)
    assert reply.json["data"]["__schema"]["queryType"]["name"] == "Query"


async def test_names_are_suggested_only_to_whoever_may_introspect(served: Served, market: Marketplace) -> None:
    blind = await market.key(market.made.operator_id, Role.SUPPORT, scopes=(Scope.READ,))
    seeing = await market.key(market.made.operator_id, Role.SUPPORT)
    wrong = [
        "{vewer{kind}}",
        "{viewer{knd}}",
        "{claims(frist:1){nodes{id}}}",
        "{node(id:1){...on Clam{id}}}",
        "{claim(id:1){id}} fragment f on Ordr{id}",
    ]
    for text in wrong:
        assert b"Did you mean" not in (await served.ask(text, token=blind)).content
        assert b"Did you mean" in (await served.ask(text, token=seeing)).content or "fragment f" in text


async def test_a_demo_shows_its_schema_and_nothing_else_to_anybody(
    settings: Settings, promised: Contract, market: Marketplace, valkey: Any
) -> None:
    async with serving(dataclasses.replace(settings, demo=True), promised=promised) as served:
        assert (await served.ask(get_introspection_query())).json["data"]["__schema"]
        assert (await served.ask("{__typename}")).status == 200
        for text in (
            "{viewer{kind}}",
            "{...on Query{viewer{kind}}}",
            "{...f} fragment f on Query{viewer{kind}}",
            "subscription{claimChanged{id}}",
        ):
            is_refusal(await served.ask(text), 401, "UNAUTHENTICATED")
        is_refusal(
            await served.send(b'{"documentId":"sha256:0"}', headers={"accept": RESPONSE}), 401, "UNAUTHENTICATED"
        )
        is_refusal(await served.ask("{__typename}", token="mg_test_no"), 401, "UNAUTHENTICATED")
        limited = await market.key(market.made.operator_id, Role.SUPPORT, scopes=(Scope.READ,))
        assert (await served.ask("{__schema{queryType{name}}}", token=limited)).status == 200


# -- what is wrong with a document -------------------------------------------------------------------------------------

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("{", {}, "SYNTAX_ERROR"),
    ("", {}, "SYNTAX_ERROR"),
    ("{__typename", {}, "SYNTAX_ERROR"),
    ('{claim(id:"\\u0000"){id}}', {}, "SYNTAX_ERROR"),
    ("{nope}", {}, "VALIDATION_FAILED"),
    ("{viewer}", {}, "VALIDATION_FAILED"),
    ("{viewer{kind}} query B{viewer{kind}}", {}, "VALIDATION_FAILED"),
    ("query A{viewer{kind}} query B{viewer{kind}}", {}, "VALIDATION_FAILED"),
    ("query A{viewer{kind}}", {"operationName": "B"}, "VALIDATION_FAILED"),
    ("fragment f on Query{viewer{kind}}", {}, "VALIDATION_FAILED"),
    ("{...a} fragment a on Query{...b} fragment b on Query{...a}", {}, "VALIDATION_FAILED"),
    ("{a:viewer{kind} a:claims(first:1){nodes{id}}}", {}, "VALIDATION_FAILED"),
    ("query($i:ID!){claim(id:$i){id}}", {}, "BAD_VARIABLES"),
    ("query($i:ID!){claim(id:$i){id}}", {"variables": {"i": None}}, "BAD_VARIABLES"),
    ("query($i:ID!){claim(id:$i){id}}", {"variables": {"i": [1]}}, "BAD_VARIABLES"),
    ("query($n:Int){claims(first:$n){nodes{id}}}", {"variables": {"n": 2**40}}, "BAD_VARIABLES"),
    ("{" + "__typename " * 2001 + "}", {}, "LIMIT_EXCEEDED"),
    ("{claim(id:1){" + "order{claims(first:1){nodes{" * 4 + "id" + "}}}" * 4 + "}}", {}, "LIMIT_EXCEEDED"),
    ("{claim(id:1)" + "{order{claims(first:1){nodes" * 200, {}, "LIMIT_EXCEEDED"),
    ("{claims(first:100){nodes{order{coverages(first:100){nodes{id}}}}}}", {}, "LIMIT_EXCEEDED"),
    ("subscription{claimChanged{id}}", {}, "VALIDATION_FAILED"),
    ("{viewer{kind} ...@defer{viewer{actorId}}}", {}, "VALIDATION_FAILED"),
    ("{claims(first:1){nodes @stream(initialCount:0){id}}}", {}, "VALIDATION_FAILED"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "members", "code"), REFUSED)
async def test_a_document_that_cannot_run_is_refused_by_its_code(
    asked: Served, text: str, members: dict[str, Any], code: str
) -> None:
    is_refusal(await asked.ask(text, **members), 400, code)
    is_refusal(await asked.ask(text, accept=JSON, **members), 200, code)


async def test_over_events_a_document_that_cannot_run_is_an_event(asked: Served) -> None:
    reply = await asked.ask("{nope}", accept=EVENTS)
    first, last = reply.content.decode().strip().split("\n\n")
    told = json.loads(first.removeprefix("event: next\ndata: "))
    assert told["errors"][0]["extensions"]["code"] == "VALIDATION_FAILED"
    assert ("data" in told, last) == (False, "event: complete\ndata:")


async def test_a_fragment_bomb_of_a_few_words_is_refused(asked: Served) -> None:
    bomb = "{...f20}fragment f0 on Query{viewer{kind}}" + "".join(
        f"fragment f{n} on Query{{...f{n - 1} ...f{n - 1}}}" for n in range(1, 21)
    )
    assert len(bomb) < 800
    is_refusal(await asked.ask(bomb), 400, "LIMIT_EXCEEDED")


async def test_the_engine_too_is_never_asked_for_more_than_it_may_cost(asked: Served) -> None:
    text = "query($n:Int!){claims(first:$n){nodes{order{coverages(first:$n){nodes{id}}}}}}"
    is_refusal(await asked.ask(text, variables={"n": 100}), 400, "LIMIT_EXCEEDED")
    assert (await asked.ask(text, variables={"n": 10})).status == 200


async def test_no_more_errors_are_told_than_anybody_reads(asked: Served) -> None:
    reply = await asked.ask("{" + " ".join(f"nope{n}" for n in range(200)) + "}")
    assert len(reply.errors) <= ERRORS_MAX
    assert len(reply.content) < 8_000


async def test_what_ran_is_answered_with_200_whatever_its_fields_came_to(asked: Served) -> None:
    for accept in (JSON, RESPONSE):
        reply = await asked.ask('{claim(id:"not an id"){id} viewer{kind}}', accept=accept)
        assert (reply.status, reply.json["data"]["viewer"]) == (200, {"kind": "STAFF"})
        assert reply.codes == ["INVALID"]
        assert reply.errors[0]["extensions"]["requestId"] == reply.headers["x-request-id"]


# -- faults ------------------------------------------------------------------------------------------------------------

SECRET = "password=hunter2 in /etc/somewhere"


async def _break(
    _connection: Any, _rows: Sequence[Any], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> Sequence[Any]:
    raise RuntimeError(SECRET)


@strawberry.type
class Breaking:
    """A root field whose loader has a bug."""

    broken: str | None = field("Always fails.")
    essential: str = field("Always fails, and may not be null.")


@pytest.mark.parametrize(("name", "data"), [("broken", {"broken": None}), ("essential", None)])
async def test_a_bug_is_masked(
    settings: Settings, market: Marketplace, token: str, valkey: Any, name: str, data: Any
) -> None:
    views = ModuleType("views")
    views.VIEWS = ()  # type: ignore[attr-defined]
    views.ROOTS = {"broken": Answer(_break), "essential": Answer(_break)}  # type: ignore[attr-defined]
    async with serving(settings, promised=contract((*NOUNS, Noun(views, queries=Breaking)))) as served:
        reply = await served.ask(f"{{{name}}}", token=token)
    assert reply.codes == ["INTERNAL"]
    assert b"hunter2" not in reply.content
    assert reply.json["data"] == data


# -- patience ----------------------------------------------------------------------------------------------------------


class Impatient(TimedHttpProtocol):
    """The same protocol, in a hurry."""

    patience = {Phase.HEADERS: 0.2, Phase.BODY: 0.2}  # noqa: RUF012 - a mapping that is never changed


STARTED = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: {JSON}\r\nauthorization: Bearer "


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "POST /graphql HT",
        STARTED,
        STARTED + "{token}\r\ncontent-length: 10\r\n\r\n{{",
        STARTED + "{token}\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{{\r\n",
        "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\nPOST /graphql HTTP/1.1\r\nhost",
    ],
)
async def test_whoever_stops_in_the_middle_is_not_waited_for(
    settings: Settings, promised: Contract, token: str, valkey: Any, sent: str
) -> None:
    async with serving(settings, promised=promised, protocol=Impatient) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(sent.format(token=token).encode())
        answer = await asyncio.wait_for(reader.read(), 20)  # to the end of the connection
        writer.close()
    assert answer == b"" or answer.endswith(TIMED_OUT)


async def test_headers_without_end_are_refused(served: Served) -> None:
    reply = await served.raw(b"POST /graphql HTTP/1.1\r\nx: " + b"x" * (HEADER_BYTES_MAX + 70_000))
    assert reply.status == 431


async def test_what_is_no_http_is_refused_by_the_server_itself(served: Served) -> None:
    assert (await served.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")).status == 400
