"""What is refused, and in which words: codes, paths, and never the text of an exception."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from api.reads.engine import Engine
from api.settings import Settings
from domain.ids import BuyerId, ClaimId, SupplierId
from storage.pool import Pool
from storage.views.view import Computed
from tests.engine import bazaar
from tests.engine.bazaar import BUYER, PROVIDER, PUBLIC, STAFF, SUPPLIER
from tests.engine.judge import ask
from tests.engine.stalls import caller, ident

IN_LOCALE = "query ($l: Locale) { cases(first: 1) { nodes { steps { because { text(locale: $l) } } } } }"
FILTERED = "query ($f: CaseFilter) { cases(first: 1, filter: $f) { nodes { id } } }"


async def code(engine: Engine, text: str, name: str | None = None, viewer: Any = None, **variables: Any) -> str:
    """The code of a request error, of which there is nothing else in the answer."""
    answer = await ask(engine, viewer or caller(STAFF), text, name, **variables)
    assert not answer.executed
    body = orjson.loads(answer.body())
    assert body.keys() == {"errors"}
    assert all(error["extensions"]["requestId"] == "req_1" for error in body["errors"])
    told: str = body["errors"][0]["extensions"]["code"]
    return told


@pytest.mark.parametrize(
    ("expected", "text", "variables"),
    [
        ("SYNTAX_ERROR", "{ cases(", {}),
        ("VALIDATION_FAILED", "{ nothing }", {}),
        ("VALIDATION_FAILED", "{ case(id: 1) { id unknown } }", {}),
        ("VALIDATION_FAILED", "{ cases(first: 1, orderBy: WRONG) { nodes { id } } }", {}),
        ("VALIDATION_FAILED", "fragment F on Case { id }", {}),
        ("BAD_REQUEST", "query A { __typename } query B { __typename }", {}),
        ("BAD_VARIABLES", "query ($id: ID!) { case(id: $id) { id } }", {}),
        ("BAD_VARIABLES", "query ($id: ID!) { case(id: $id) { id } }", {"id": None}),
        ("BAD_VARIABLES", "query ($n: Int!) { cases(first: $n) { nodes { id } } }", {"n": "3"}),
        ("BAD_VARIABLES", "query ($n: Int!) { cases(first: $n) { nodes { id } } }", {"n": 2**31}),
        ("BAD_VARIABLES", FILTERED, {"f": {"state": "NO"}}),
        ("BAD_VARIABLES", FILTERED, {"f": {"odd": 1}}),
        (
            "BAD_VARIABLES",
            FILTERED,
            {"f": {"dueBefore": "2026-03-01T10:00:00"}},
        ),
        ("BAD_VARIABLES", IN_LOCALE, {"l": None}),
        ("BAD_VARIABLES", IN_LOCALE, {"l": "DE"}),
        ("BAD_VARIABLES", "query ($b: Boolean = true) { __typename @include(if: $b) }", {"b": None}),
        ("BAD_REQUEST", "subscription { touched(name: \"x\") { name } }", {}),
    ],
)  # fmt: skip
async def test_what_cannot_be_executed_says_why_and_nothing_else(
    expected: str, text: str, variables: dict[str, Any], engine: Engine
) -> None:
    assert await code(engine, text, **variables) == expected


async def test_an_operation_that_is_not_there_is_told(engine: Engine) -> None:
    assert await code(engine, "query A { __typename }", "B") == "BAD_REQUEST"
    answer = await ask(engine, caller(STAFF), "query A { a: __typename } query B { b: __typename }", "B")
    assert answer.data == {"b": "Query"}


@pytest.mark.parametrize("id_", ["", "nonsense", "clm_UPPER", ident(BuyerId, 1), f"{ident(ClaimId, 1)}x", "clm_\u0000"])
async def test_what_is_no_id_of_a_case_is_told_in_its_place(id_: str, engine: Engine) -> None:
    answer = await ask(engine, caller(STAFF), "query ($id: ID!) { case(id: $id) { number } }", id=id_)
    assert answer.data == {"case": None}
    assert [(error["path"], error["extensions"]["code"]) for error in answer.errors] == [(["case"], "INVALID")]
    assert answer.errors[0]["message"] == "Such an id is clm_ and 26 characters."


async def test_ids_of_nothing_and_of_others_are_null_without_a_word(engine: Engine) -> None:
    text = "query ($id: ID!) { case(id: $id) { number } node(id: $id) { id } }"
    nothing = {"case": None, "node": None}
    assert (await ask(engine, caller(STAFF), text, id=ident(ClaimId, 999))).members() == {"data": nothing}
    others = ident(ClaimId, 1)  # of the other shopper
    for viewer in (caller(BUYER, 0), caller(PUBLIC), caller(PROVIDER, 1)):
        assert (await ask(engine, viewer, text, id=others)).members() == {"data": nothing}
    seen = await ask(engine, caller(BUYER, 1, of=1), text, id=others)
    assert seen.data == {"case": {"number": "C-1-1"}, "node": {"id": others}}


async def test_ids_among_others_are_told_in_their_places(engine: Engine) -> None:
    ids = [ident(ClaimId, 1), "nonsense", ident(SupplierId, 0), "gua_" + "0" * 26]
    answer = await ask(engine, caller(STAFF), "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert answer.data == {"nodes": [{"id": ids[0]}, None, {"id": ids[2]}, None]}
    assert [error["path"] for error in answer.errors] == [["nodes", 1], ["nodes", 3]]
    assert len(answer.errors[0]["message"]) < 100, "what can be asked for by id has a hundred kinds"


async def test_nodes_are_no_more_than_a_page(engine: Engine) -> None:
    ids = [ident(ClaimId, number) for number in range(101)]
    assert await code(engine, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids) == "BAD_REQUEST"


async def test_documents_are_remembered_within_bounds(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.reads.engine.DOCUMENTS_MAX", 3)
    monkeypatch.setattr("api.reads.engine.CHARACTERS_MAX", 100)
    texts = [f"{{ a{number}: __typename }}" for number in range(4)]
    for text in (*texts[:3], texts[0], texts[3]):
        engine.prepare(text)
    assert [engine.known(text) is not None for text in texts] == [True, False, True, True]
    engine.prepare("{ __typename }" + " " * 90)
    assert [engine.known(text) is not None for text in texts] == [False] * 4


async def test_a_filter_by_what_is_masked_is_refused(engine: Engine) -> None:
    text = "{ cases(first: 1, filter: {level: 4}) { nodes { id } } }"
    assert await code(engine, text, viewer=caller(SUPPLIER)) == "FORBIDDEN"
    assert (await ask(engine, caller(STAFF), text)).errors == []


async def test_a_bug_is_masked_and_logged(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def bug(*_: Any) -> list[str]:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setitem(bazaar.CASE.fields, "broken", Computed(bug))
    answer = await ask(engine, caller(STAFF), f'{{ case(id: "{ident(ClaimId, 2)}") {{ id broken }} }}')
    assert answer.data == {"case": {"id": ident(ClaimId, 2), "broken": None}}
    (told,) = answer.errors
    assert (told["path"], told["extensions"]["code"]) == (["case", "broken"], "INTERNAL")
    assert "secret" not in answer.body().decode()
    assert any(record.exc_info and "a secret of ours" in str(record.exc_info[1]) for record in caplog.records)


async def test_introspection_can_be_closed(engine: Engine) -> None:
    for text in ("{ __schema { queryType { name } } }", 'query { __typename a: __type(name: "Case") { name } }'):
        (told,) = engine.prepare(text, introspect=False).errors
        assert told["extensions"]["code"] == "INTROSPECTION_FORBIDDEN"
        assert engine.prepare(text, introspect=True).errors == ()
    (told,) = engine.prepare("{ casse { id } }", introspect=False).errors
    assert "Did you mean" not in told["message"]


async def test_an_absent_database_is_told_as_such(settings: Settings, contract: Any, loaded: None) -> None:
    pool = await Pool.open(settings.database_url, size=1)
    await pool.close()
    engine = Engine(contract, pool)
    for text in (f'{{ case(id: "{ident(ClaimId, 1)}") {{ id }} }}', "{ makers(first: 1) { nodes { id } } }"):
        answer = await ask(engine, caller(STAFF), text)
        assert (answer.executed, answer.data) == (True, None)
        assert [error["extensions"]["code"] for error in answer.errors] == ["UNAVAILABLE"]


async def test_errors_are_bounded(engine: Engine) -> None:
    answer = await ask(engine, caller(STAFF), "{ " + " ".join(f"a{n}: nothing{n}" for n in range(30)) + " }")
    assert len(answer.errors) <= 20
