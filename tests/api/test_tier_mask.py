"""No question tells one level from another: no field, order, filter, count, cursor or error.

The whole contract is asked: every root with every order and every filter by tier, with whatever it shows two steps
deep. Then levels change hands, and every answer must read the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from api.operations.buyers import grant_tier
from api.schema.schema import Contract
from domain.access import Caller, Role
from domain.buyers import GrantTier
from domain.ids import BuyerId
from tests.api.test_parties import trade
from tests.marketplaces import Asking, Marketplace, Member

FIELDS_MAX = {1: 300, 3: 900}
"""By depth: what the short run asks in one document, and what is just below the limit of a document."""
REQUEST = re.compile(r"req_[a-z0-9_]+")
"""The request's own number, in errors."""


class Question:
    """Writes out all that a type shows, as far as a document may be long."""

    def __init__(self, depth: int) -> None:
        self.left = FIELDS_MAX[depth]

    def selection(self, of: Any, depth: int) -> str:
        """Its leaves, and its things as far as `depth` goes."""
        kind = get_named_type(of)
        if isinstance(kind, GraphQLUnionType):
            return f"{{ __typename {' '.join(f'... on {each.name} {{ id }}' for each in kind.types)} }}"
        if not isinstance(kind, GraphQLObjectType):
            return "{ __typename }"
        parts = ["__typename"]
        for name, field in kind.fields.items():
            if any(is_required_argument(each) for each in field.args.values()) or self.left <= 0:
                continue
            if is_leaf_type(get_named_type(field.type)):
                parts.append(name)
                self.left -= 1
            elif depth:
                paged = "(first: 3)" if "first" in field.args else ""
                self.left -= 1
                parts.append(f"{name}{paged} {self.selection(field.type, depth - 1)}")
        return f"{{ {' '.join(parts)} }}"


def questions(schema: GraphQLSchema, ids: list[str], depth: int) -> Iterator[str]:
    """Every root that shows things, with every order, and with every tier where it is a filter."""
    assert schema.query_type is not None
    for name, field in schema.query_type.fields.items():
        needed = [each for each, argument in field.args.items() if is_required_argument(argument)]
        if "first" in field.args and not needed:
            for extra in ("", *orders(field), *tiers(field)):
                text = Question(depth).selection(field.type, depth)
                yield f"{{ {name}(first: 2{extra}) {text} }}"
        elif needed == ["id"] and name in ("buyer", "node"):
            for id in ids:
                chosen = Question(depth).selection(schema.type_map["Buyer"], depth + 1 if depth == 1 else depth)
                yield f'{{ {name}(id: "{id}") {chosen if name == "buyer" else f"{{ id ... on Buyer {chosen} }}"} }}'
        elif not field.args and not is_leaf_type(get_named_type(field.type)):
            yield f"{{ {name} {Question(depth).selection(field.type, depth)} }}"


def orders(field: GraphQLField) -> Iterator[str]:
    """Each order of the list, forwards."""
    if "orderBy" in field.args:
        kind = get_named_type(field.args["orderBy"].type)
        assert isinstance(kind, GraphQLEnumType)
        yield from (f", orderBy: {value}" for value in kind.values)


def tiers(field: GraphQLField) -> Iterator[str]:
    """Each level as a filter, where there is such a filter."""
    kind = get_named_type(field.args["filter"].type) if "filter" in field.args else None
    if isinstance(kind, GraphQLInputObjectType) and "tier" in kind.fields:
        yield from (f", filter: {{tier: {level}}}" for level in ("L0", "L1", "L2", "L3", "L4", "L1_PLUS"))


async def put(market: Marketplace, buyer: Member, level: int) -> None:
    assert isinstance(buyer.party_id, BuyerId)
    staff = market.staff(Role.POLICY)
    await market.act(staff, grant_tier, GrantTier(buyer.party_id, level, f"Because of {level}."))


@pytest.mark.parametrize("who", ["supplier", "provider", "buyer"])
async def test_no_question_tells_one_level_from_another(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], promised: Contract, who: str
) -> None:
    await asked(market, ask, owner, promised, who, 1)


@pytest.mark.long
@pytest.mark.parametrize("who", ["supplier", "provider", "buyer"])
async def test_no_long_question_tells_one_level_from_another(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], promised: Contract, who: str
) -> None:
    await asked(market, ask, owner, promised, who, 3)


async def asked(
    market: Marketplace, ask: Asking, owner: asyncpg.Pool[Any], promised: Contract, who: str, depth: int
) -> None:
    """Everything is asked twice, and levels change hands in between."""
    buyers = [await market.add(name, Role.BUYER) for name in ("Ada", "Bea", "Cai")]
    role = {"supplier": Role.SUPPLIER, "provider": Role.PROVIDER, "buyer": Role.BUYER}[who]
    asking = await market.add("Curious", role)
    supplier = asking if role is Role.SUPPLIER else await market.add("Forge", Role.SUPPLIER)
    for buyer in buyers:
        await trade(market, owner, buyer, supplier)
    await owner.execute(
        "UPDATE tenants SET clock_at = clock_timestamp(), clock_set_at = clock_timestamp(), clock_runs = false"
    )
    texts = list(questions(promised.graphql, [str(buyer.party_id) for buyer in buyers], depth))
    assert len(texts) > 40
    for buyer, level in zip(buyers, (2, 4, 3), strict=True):
        await put(market, buyer, level)
    before = await answers(ask, asking.caller, texts)
    for buyer, level in zip(buyers, (4, 3, 2), strict=True):
        await put(market, buyer, level)
    after = await answers(ask, asking.caller, texts)
    for text in texts:
        assert before[text] == after[text], text
    if role is Role.SUPPLIER:
        assert any("L1_PLUS" in answer for answer in before.values())


async def answers(ask: Asking, caller: Caller, texts: list[str]) -> dict[str, str]:
    """What each question is answered with, errors included; the request's own id left out."""
    found = {}
    for text in texts:
        answer = await ask.answer(caller, text)
        assert not {error["extensions"]["code"] for error in answer.errors} & {"LIMIT_EXCEEDED", "INTERNAL"}, text
        found[text] = REQUEST.sub("", answer.body().decode())
    return found
