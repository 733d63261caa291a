"""The engine against the naive reference: made-up operations, every kind of viewer, byte for byte.

Here over a contract with every sort of field; over the one that is shipped in `tests/api/test_isolation.py`, where a
story has filled it.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from api.reads.engine import Engine
from domain.access import Caller
from domain.ids import BuyerId, ClaimId, EventId, ProviderId, SupplierId
from storage.pool import Pool
from tests.engine.bazaar import bazaar
from tests.engine.judge import agree
from tests.engine.operations import MADE_UP, operations
from tests.engine.reference import Reference
from tests.engine.stalls import CASES, Viewers, ident

IDS = (
    *(str(ident(ClaimId, number)) for number in range(CASES)),
    *(str(ident(kind, number)) for kind in (SupplierId, ProviderId, BuyerId, EventId) for number in (0, 1, 4)),
)
OPERATIONS = operations(bazaar().graphql, IDS)


async def judged(
    operation: tuple[str, dict[str, Any]], viewer: Caller, engine: Engine, reference: Reference, pool: Pool
) -> None:
    """Both answer alike; operations beyond a limit are not compared."""
    text, variables = operation
    codes = {error["extensions"]["code"] for error in engine.prepare(text).errors}
    assert codes <= {"LIMIT_EXCEEDED"}
    assume(not codes)
    await agree(engine, reference, pool, viewer, text, variables)


@settings(max_examples=60, **MADE_UP)
@given(operation=OPERATIONS, viewer=st.sampled_from(Viewers().all))
async def test_made_up_operations_are_answered_like_the_reference(
    operation: tuple[str, dict[str, Any]], viewer: Caller, engine: Engine, reference: Reference, reads: Pool
) -> None:
    await judged(operation, viewer, engine, reference, reads)


@pytest.mark.long
@settings(max_examples=3_000, **MADE_UP)
@given(operation=OPERATIONS, viewer=st.sampled_from(Viewers().all))
async def test_many_made_up_operations_are_answered_like_the_reference(
    operation: tuple[str, dict[str, Any]], viewer: Caller, engine: Engine, reference: Reference, reads: Pool
) -> None:
    await judged(operation, viewer, engine, reference, reads)
