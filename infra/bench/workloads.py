"""The four workloads of the bench, as documents and as streams of requests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator

from infra.bench.drive import Sent

POINT = """query W1($id: ID!) { claim(id: $id) {
  id number state reason openedAt updatedAt dueAt amount { amount currency } version } }"""
"""W1: a claim by id with its scalars."""

PROVIDERS = """query W2 { providers(first: 50) { nodes { id name country state registeredAt version
  guarantees(first: 4) { nodes { id code title state offeredAt version } } } } }"""
"""W2: 50 providers with four guarantees, six scalars each."""

QUEUE = """query W3 { claims(first: 50, orderBy: MOST_URGENT_FIRST, filter: { states: [OPEN, ESCALATED] }) { nodes {
  id number state reason dueAt amount { amount currency } buyer { id name } provider { id name }
  events(first: 3, orderBy: NEWEST_FIRST) { nodes { id name at } } } } }"""
"""W3: the 50 most urgent open claims with buyer, provider and the last three events."""

OPEN = """mutation W4($input: OpenClaimInput!) { openClaim(input: $input) {
  claim { id number state dueAt amount { amount currency } } userErrors { code message } } }"""
"""W4: open a claim."""


def thing(prefix: str, number: int) -> str:
    """The id of a loaded row."""
    return f"{prefix}_{number:026d}"


def points(token: str, claims: range) -> Iterator[Sent]:
    """W1 for each of the claims in turn, for ever."""
    for number in itertools.cycle(claims):
        id = thing("clm", number)
        yield Sent(json.dumps({"query": POINT, "variables": {"id": id}}).encode(), token, id.encode())


def lists(token: str, document: str, expect: str) -> Iterator[Sent]:
    """W2 or W3, the same again and again."""
    return itertools.repeat(Sent(json.dumps({"query": document}).encode(), token, expect.encode()))


def openings(token: str, covers: Iterable[int], run: str) -> Iterator[Sent]:
    """W4 once for each of the covers. `run` keeps the keys of two runs apart."""
    for number in covers:
        wish = {"coverageId": thing("cov", number), "reason": "LATE_DELIVERY", "idempotencyKey": f"{run}-{number}"}
        yield Sent(json.dumps({"query": OPEN, "variables": {"input": wish}}).encode(), token, b'"userErrors":[]')
