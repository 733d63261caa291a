"""Operations that between them use everything a client may write, answered like the reference answers them."""

from __future__ import annotations

from typing import Any

import pytest

from api.reads.engine import Engine
from domain.ids import BuyerId, ClaimId, EventId, ProviderId, SupplierId
from storage.pool import Pool
from tests.engine.bazaar import BUYER, PROVIDER, STAFF, SUPPLIER
from tests.engine.judge import agree, ask
from tests.engine.reference import Reference
from tests.engine.stalls import Viewers, caller, ident

EVERYTHING = """
query Everything($id: ID!, $size: Int = 3, $filter: CaseFilter, $order: CaseOrder,
                 $yes: Boolean!, $no: Boolean = false, $locale: Locale = ZH) {
  __typename
  one: case(id: $id) { ...Plain kind: __typename }
  cases(first: $size, filter: $filter, orderBy: $order) {
    __typename
    totalCount
    pageInfo { __typename hasNextPage hasPreviousPage startCursor endCursor }
    edges { __typename cursor node { ...Plain ...Deep } }
    again: edges { node { number } }
    nodes { ... on Node { id }
      ... on Case { remarks(last: 2) { nodes { text at case { id } } pageInfo { hasPreviousPage } } } }
  }
  makers(last: 1) { nodes { id name country margin
    cases(first: 2, orderBy: MIXED) { edges { cursor node { id } } totalCount } } }
  me { kind party { __typename ... on Node { id } ... on Maker { name } } cases { id shopper @skip(if: $yes) { id } } }
  staffOnly
}
fragment Plain on Case {
  id number state rank tags openedAt dueAt rate secret
  amount { amount currency __typename } fee { amount }
  amount { again: amount }
  siblings { id rank }
  worth { amount currency }
}
fragment Deep on Case {
  maker { id name } maker { country }
  liable { __typename ... on Maker { id margin } ... on Carrier { name id } ... on Node { other: id } }
  subject { __typename id ... on Shopper { name level }
    ... on Case { parent { number } } ... on Maker { cases(first: 1) { nodes { id } } } }
  parent { parent { id maker { name } } steps { name } }
  steps(atLeast: "5") { name weight
    about { id number remarks(first: 1) { nodes { text } } }
    because { rule holds inputs { name value } because { text rule }
      english: text(locale: EN) chinese: text(locale: ZH) asked: text(locale: $locale) } }
  firstStep @include(if: $yes) { name about { id } }
  broken @include(if: $no)
}
"""

TEXTS: dict[str, tuple[str, dict[str, Any]]] = {
    "everything": (EVERYTHING, {"id": ident(ClaimId, 3), "yes": True}),
    "filtered": (
        EVERYTHING,
        {
            "id": ident(ClaimId, 4),
            "yes": False,
            "size": 100,
            "locale": "EN",
            "filter": {"states": ["OPEN"], "rank": 1, "dueBefore": "2026-04-05T00:00:00Z"},
            "order": "NEWEST",
        },
    ),
    "nodes": (
        """query ($ids: [ID!]!) {
          nodes(ids: $ids) { __typename id ... on Case { number shopper { id } } ... on Maker { name } }
        }""",
        {
            "ids": [
                ident(ClaimId, 1),
                ident(SupplierId, 1),
                ident(BuyerId, 0),
                ident(ClaimId, 1),
                ident(EventId, 4),
                ident(ProviderId, 1),
                ident(ClaimId, 99),
            ]
        },
    ),
    "node": (f'{{ node(id: "{ident(ClaimId, 2)}") {{ id ... on Case {{ maker {{ id }} }} }} }}', {}),
    "shopper hidden from providers": ("{ cases(first: 5) { nodes { id shopper { name level } } } }", {}),
    "one hidden thing": (f'{{ case(id: "{ident(ClaimId, 4)}") {{ id shopper {{ id }} }} }}', {}),
    "broken": ("{ cases(first: 2) { nodes { id broken parent { broken } } } }", {}),
    "orders": (
        """{
          urgent: cases(first: 9, orderBy: URGENT) { nodes { id } }
          newest: cases(last: 9, orderBy: NEWEST) { nodes { id } }
          mixed: cases(first: 9, orderBy: MIXED) { nodes { id } }
        }""",
        {},
    ),
    "found": ('{ found(text: "Alpha") { __typename id ... on Maker { margin } } }', {}),
    "typename alone": ("{ __typename cases(first: 3) { nodes { __typename } } }", {}),
    "null filters": (
        "query ($s: State) { cases(first: 20, filter: {state: $s, states: null}) { totalCount nodes { id } } }",
        {"s": None},
    ),
    "filter by variable": (
        "query ($s: State!) { cases(first: 20, filter: {state: $s, states: [DONE, $s]}) { totalCount nodes { id } } }",
        {"s": "OPEN"},
    ),
    "introspection beside data": (
        '{ __schema { queryType { name } } t: __type(name: "Case") { fields { name } } __typename }',
        {},
    ),
}


@pytest.mark.parametrize("name", TEXTS)
async def test_every_viewer_gets_what_the_reference_gives(
    name: str, engine: Engine, reference: Reference, reads: Pool
) -> None:
    text, variables = TEXTS[name]
    for viewer in Viewers().all:
        await agree(engine, reference, reads, viewer, text, variables)
        await agree(engine, reference, reads, viewer, text, variables)  # from the plan in the cache


async def test_a_masked_order_shows_each_kind_its_own_truth(engine: Engine, reference: Reference, reads: Pool) -> None:
    text = """{ makers(first: 5) { nodes { cases(first: 5, orderBy: LEVEL) {
      edges { cursor node { shopper { level cases(first: 2) { nodes { id } } } } } } } } }"""
    for viewer in (caller(STAFF), caller(BUYER, 1), caller(SUPPLIER)):
        await agree(engine, reference, reads, viewer, text, {})
    refused = await ask(engine, caller(PROVIDER), text)
    assert (refused.executed, refused.errors[0]["extensions"]["code"]) == (False, "FORBIDDEN")
