"""Pages: walked in every order and both directions, and what is refused on the way."""

from __future__ import annotations

from typing import Any

import pytest

from api.reads import cursors
from api.reads.engine import Answer, Engine
from domain.ids import ClaimId
from tests.engine.bazaar import BUYER, STAFF, SUPPLIER
from tests.engine.judge import ask
from tests.engine.stalls import caller, ident

WALK = """query ($first: Int, $after: String, $last: Int, $before: String, $order: CaseOrder) {
  cases(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
ORDERS = ("URGENT", "NEWEST", "MIXED", "LEVEL")


def page(answer: Answer) -> dict[str, Any]:
    assert answer.errors == []
    assert answer.data is not None
    found: dict[str, Any] = answer.data["cases"]
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 5])
async def test_pages_put_together_are_the_list(order: str, size: int, engine: Engine) -> None:
    for viewer in (caller(STAFF), caller(BUYER, 1), caller(SUPPLIER)):
        whole = ids(page(await ask(engine, viewer, WALK, first=100, order=order)))
        assert len(whole) > 2
        forwards: list[str] = []
        after = None
        while True:
            found = page(await ask(engine, viewer, WALK, first=size, after=after, order=order))
            forwards += ids(found)
            assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                break
        assert forwards == whole
        backwards: list[str] = []
        before = None
        while True:
            found = page(await ask(engine, viewer, WALK, last=size, before=before, order=order))
            backwards = ids(found) + backwards
            assert found["pageInfo"]["hasNextPage"] is (before is not None)
            before = found["pageInfo"]["startCursor"]
            if not found["pageInfo"]["hasPreviousPage"]:
                break
        assert backwards == whole


async def test_both_bounds_cut_out_the_middle(engine: Engine) -> None:
    found = page(await ask(engine, caller(STAFF), WALK, first=100, order="MIXED"))
    after, before = found["edges"][2]["cursor"], found["edges"][8]["cursor"]
    sizes: list[dict[str, Any]] = [{"first": 100}, {"last": 100}]
    for size in sizes:
        cut = page(await ask(engine, caller(STAFF), WALK, after=after, before=before, order="MIXED", **size))
        assert ids(cut) == ids(found)[3:8]


async def test_cursors_of_lists_below_things_go_on_below_each(engine: Engine) -> None:
    text = """query ($after: String) { makers(first: 5) { nodes { id
      cases(first: 2, after: $after) { edges { cursor node { id } } } } } }"""
    first = (await ask(engine, caller(STAFF), text)).data
    assert first is not None
    edge = first["makers"]["nodes"][0]["cases"]["edges"][0]
    second = (await ask(engine, caller(STAFF), text, after=edge["cursor"])).data
    assert second is not None
    assert second["makers"]["nodes"][0]["cases"]["edges"][0] == first["makers"]["nodes"][0]["cases"]["edges"][1]


async def cursor_of(engine: Engine, text: str) -> str:
    answer = await ask(engine, caller(STAFF), text)
    assert answer.data is not None
    found: str = answer.data["list"]["edges"][0]["cursor"]
    return found


async def test_a_cursor_is_good_for_its_own_list_in_its_own_order_for_its_own_kind(engine: Engine) -> None:
    own = await cursor_of(engine, "{ list: cases(first: 1, orderBy: MIXED) { edges { cursor } } }")
    others = [
        await cursor_of(engine, "{ list: cases(first: 1, orderBy: URGENT) { edges { cursor } } }"),
        await cursor_of(engine, "{ list: makers(first: 1) { edges { cursor } } }"),
        own[:-2],
        own[4:],
        "",
        "x",
        "\u0000",
        "ö" * 10,
        "A" * 5_000,
        cursors.encode(cursors.mark("Query.cases", "MIXED", "STAFF"), ["OPEN", 1]),
        cursors.encode(cursors.mark("Query.cases", "MIXED", "STAFF"), ["OPEN", "no number", "clm_x"]),
        cursors.encode(cursors.mark("Query.cases", "MIXED", "STAFF"), ["OPEN", 2**62, "clm_x"]),
    ]
    assert page(await ask(engine, caller(STAFF), WALK, first=1, after=own, order="MIXED"))["edges"]
    for wrong in others:
        bounds: list[dict[str, Any]] = [{"first": 1, "after": wrong}, {"last": 1, "before": wrong}]
        for bound in bounds:
            refused = await ask(engine, caller(STAFF), WALK, order="MIXED", **bound)
            assert not refused.executed
            assert [error["extensions"]["code"] for error in refused.errors] == ["BAD_CURSOR"], wrong
    refused = await ask(engine, caller(BUYER), WALK, first=1, after=own, order="MIXED")
    assert refused.errors[0]["extensions"]["code"] == "BAD_CURSOR"


@pytest.mark.parametrize(
    "size", [{}, {"first": 1, "last": 1}, {"first": 0}, {"first": 101}, {"last": -1}, {"first": None}]
)
async def test_a_page_has_a_size(size: dict[str, Any], engine: Engine) -> None:
    refused = await ask(engine, caller(STAFF), WALK, **size)
    assert not refused.executed
    assert [error["extensions"]["code"] for error in refused.errors] == ["BAD_REQUEST"]


async def test_counting_ends(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.reads.statement.COUNT_MAX", 5)
    monkeypatch.setattr("api.reads.run.COUNT_MAX", 5)
    answer = await ask(engine, caller(STAFF), "{ all: cases(first: 1) { totalCount } makers(first: 5) { totalCount } }")
    assert answer.data == {"all": {"totalCount": None}, "makers": {"totalCount": 2}}


def test_the_order_of_a_cursor_is_kept_without_loss() -> None:
    mark = cursors.mark("a", "b")
    values = ("Ünïcode", 2**60, True, ident(ClaimId, 3))
    assert cursors.decode(mark, cursors.encode(mark, values), len(values)) == values
