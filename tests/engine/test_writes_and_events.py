"""Mutations and subscriptions: what happened is read back by the same engine, for the same viewer."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson
import pytest

from api.reads.engine import Engine, Request
from domain.ids import ClaimId
from storage.pool import Pool
from tests.engine.bazaar import BUYER, STAFF
from tests.engine.judge import ask
from tests.engine.stalls import caller, ident

TOUCH = """mutation ($input: TouchInput!) { touch(input: $input) {
  case { number shopper { name } } count secret
  userErrors { code message field rule reasons { rule holds inputs { name value } } } } }"""


async def touched(engine: Engine, **input_: Any) -> dict[str, Any]:
    answer = await ask(engine, caller(STAFF), TOUCH, input=input_)
    assert answer.errors == []
    assert answer.data is not None
    payload: dict[str, Any] = answer.data["touch"]
    return payload


async def test_a_payload_is_read_after_the_commit(engine: Engine) -> None:
    payload = await touched(engine, caseId=ident(ClaimId, 1))
    assert payload["case"]["number"] == "C-0-1"
    assert (payload["count"], payload["secret"], payload["userErrors"]) == (30, "s3cret", [])


async def test_a_thing_that_the_caller_may_not_see_is_null(engine: Engine) -> None:
    answer = await ask(engine, caller(BUYER), TOUCH, input={"caseId": ident(ClaimId, 1)})
    assert answer.data is not None
    assert answer.data["touch"]["case"] is None


async def test_refusals_come_with_every_reason(engine: Engine) -> None:
    payload = await touched(engine, caseId="refuse")
    assert payload["case"] is None
    assert payload["userErrors"] == [
        {
            "code": "REFUSED",
            "message": "Too late.",
            "field": None,
            "rule": "on_time.window",
            "reasons": [{"rule": "on_time.window", "holds": False, "inputs": [{"name": "days", "value": "3"}]}],
        }
    ]
    invalid = await touched(engine, caseId="")
    assert [(error["code"], error["field"]) for error in invalid["userErrors"]] == [("INVALID", ["caseId"])] * 2


async def test_a_bug_is_masked(engine: Engine) -> None:
    answer = await ask(engine, caller(STAFF), TOUCH, input={"caseId": "break"})
    assert answer.data is None
    assert [error["extensions"]["code"] for error in answer.errors] == ["INTERNAL"]
    assert "secret" not in answer.body().decode()


async def test_a_repeat_is_a_replay_and_shows_no_secret(engine: Engine) -> None:
    given = {"caseId": ident(ClaimId, 2), "idempotencyKey": "touch-1"}
    first = await ask(engine, caller(STAFF), TOUCH, input=given)
    again = await ask(engine, caller(STAFF), TOUCH, input=given)
    assert first.data is not None
    assert again.data is not None
    assert (first.extensions, again.extensions) == ({}, {"idempotentReplay": True})
    assert again.data["touch"] == {**first.data["touch"], "secret": None}
    other = await touched(engine, caseId=ident(ClaimId, 3), idempotencyKey="touch-1")
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    for key in ("", "x" * 201):
        (refused,) = (await touched(engine, caseId=ident(ClaimId, 3), idempotencyKey=key))["userErrors"]
        assert (refused["code"], refused["field"]) == ("INVALID", ["idempotencyKey"])


async def test_mutations_run_one_after_the_other_in_the_order_of_the_document(engine: Engine) -> None:
    text = f"""mutation {{
      b: touch(input: {{caseId: "{ident(ClaimId, 5)}"}}) {{ case {{ id }} }}
      __typename
      a: touch(input: {{caseId: "refuse"}}) {{ case {{ id }} userErrors {{ code }} }}
      c: touch(input: {{caseId: "{ident(ClaimId, 6)}"}}) {{ __typename case {{ siblings {{ id }} steps {{ name }} }} }}
    }}"""
    answer = await ask(engine, caller(STAFF), text)
    assert answer.data is not None
    assert list(answer.data) == ["b", "__typename", "a", "c"]
    assert answer.data["b"]["case"] == {"id": ident(ClaimId, 5)}
    assert answer.data["a"] == {"case": None, "userErrors": [{"code": "REFUSED"}]}
    assert answer.data["c"]["__typename"] == "TouchPayload"


async def test_bad_pages_are_found_before_anything_is_done(engine: Engine, owner: asyncpg.Pool[Any]) -> None:
    text = f"""mutation {{ touch(input: {{caseId: "{ident(ClaimId, 1)}", idempotencyKey: "never"}}) {{
      case {{ remarks(first: 0) {{ nodes {{ id }} }} }} }} }}"""
    answer = await ask(engine, caller(STAFF), text)
    assert not answer.executed
    assert not await owner.fetchval("SELECT count(*) FROM idempotency_keys WHERE key = 'never'")


async def test_what_is_committed_but_cannot_be_read_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, owner: asyncpg.Pool[Any]
) -> None:
    await engine.execute(Request(engine.prepare(TOUCH), caller(STAFF), "req_1", None, {"input": {"caseId": "refuse"}}))
    await owner.execute("ALTER TABLE bazaar.cases RENAME TO cases_away")
    try:
        payload = await touched(engine, caseId=ident(ClaimId, 1), idempotencyKey="unread")
    finally:
        await owner.execute("ALTER TABLE bazaar.cases_away RENAME TO cases")
    assert payload["case"] is None
    (told,) = payload["userErrors"]
    assert told["code"] == "COMMITTED_READ_FAILED"
    assert ident(ClaimId, 1) in told["message"]
    assert await owner.fetchval("SELECT count(*) FROM idempotency_keys WHERE key = 'unread'") == 1


MISTAKEN = """subscription ($n: Int = 101, $l: Locale) { touched(name: "x") { case {
  remarks(first: $n) { nodes { id } } firstStep { because { text(locale: $l) } } } } }"""
LISTEN = "subscription ($name: String!) { touched(name: $name) { name case { number shopper { id } } } }"


async def heard(engine: Engine, viewer: Any, text: str, **variables: Any) -> list[dict[str, Any]]:
    request = Request(engine.prepare(text), viewer, "req_1", None, variables)
    return [orjson.loads(answer.body()) async for answer in engine.subscribe(request)]


async def test_events_are_read_for_the_listener_and_others_are_dropped(contract: Any, reads: Pool) -> None:
    engine = Engine(contract, reads, fanout=[ident(ClaimId, 1), ident(ClaimId, 2), ident(ClaimId, 999)])
    everything = await heard(engine, caller(STAFF), LISTEN, name="hello")
    assert [event["data"]["touched"]["case"]["number"] for event in everything] == ["C-0-1", "C-0-2"]
    assert everything[0]["data"]["touched"]["name"] == "hello"
    own = await heard(engine, caller(BUYER), LISTEN, name="hello")
    assert [event["data"]["touched"]["case"]["number"] for event in own] == ["C-0-2"]


@pytest.mark.parametrize(("variables", "code"), [({}, "BAD_REQUEST"), ({"n": 1, "l": None}, "BAD_VARIABLES")])
async def test_arguments_without_sense_are_told_before_the_first_event(
    variables: dict[str, Any], code: str, contract: Any, reads: Pool
) -> None:
    engine = Engine(contract, reads, [ident(ClaimId, 1)])
    request = Request(engine.prepare(MISTAKEN), caller(STAFF), "req_1", None, variables)
    (answer,) = [answer async for answer in engine.subscribe(request)]
    assert not answer.executed
    assert answer.errors[0]["extensions"]["code"] == code


async def test_a_subscription_that_cannot_be_is_one_answer(contract: Any, reads: Pool) -> None:
    engine = Engine(contract, reads, fanout=[])
    for text in ("{ __typename }", "subscription { nothing }", LISTEN):
        (only,) = await heard(engine, caller(STAFF), text)
        assert only.keys() == {"errors"}
