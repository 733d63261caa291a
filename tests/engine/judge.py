"""Asking the engine, and comparing what it says with what the reference says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from api.limits import ERRORS_MAX
from api.reads.engine import JSON_OPTIONS, Answer, Engine, Request
from domain.access import Caller
from storage.pool import Pool
from tests.engine.reference import Reference

AROUND = 200
"""Characters shown on each side of a difference."""


async def ask(engine: Engine, viewer: Caller, text: str, name: str | None = None, **variables: Any) -> Answer:
    """What the engine answers."""
    return await engine.execute(Request(engine.prepare(text), viewer, "req_1", name, variables))


async def agree(
    engine: Engine, reference: Reference, pool: Pool, viewer: Caller, text: str, variables: Mapping[str, Any]
) -> Answer:
    """The engine's answer, which the reference gives byte for byte as well.

    Errors are in the same places wherever a null in the data shows them. Of what lies below data that is null as a
    whole, either may stop looking after the first.
    """
    answer = await ask(engine, viewer, text, **variables)
    judged = await reference.execute(pool, viewer, text, variables)
    ours, theirs = (orjson.dumps(data, option=JSON_OPTIONS).decode() for data in (answer.data, judged.data))
    told = [error["path"] for error in answer.errors if "path" in error]  # without: the operation as a whole is refused
    judged_told = [error.path for error in judged.errors or () if error.path]
    places, judged_places = in_place(answer.data, told), in_place(answer.data, judged_told)
    if len(told) == ERRORS_MAX:  # no answer has more
        judged_places &= places
    if (
        ours != theirs or bool(answer.errors) != bool(judged.errors) or places != judged_places
    ):  # not by assert: a difference of long texts takes pytest minutes to show
        start = next((at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), 0)
        around = slice(max(0, start - AROUND), start + AROUND)
        pytest.fail(
            f"{viewer}\n{text}\n{variables}\n{ours[around]}\n{theirs[around]}\n{answer.errors}\n{judged.errors}",
            pytrace=False,
        )
    return answer


def in_place(data: Any, paths: Sequence[Sequence[str | int]]) -> set[str]:
    """The paths at whose very end the data has a null."""
    return {str(list(path)) for path in paths if _ends_in_null(data, path)}


def _ends_in_null(data: Any, path: Sequence[str | int]) -> bool:
    for step in path:
        if data is None:
            return False
        data = data[step]
    return data is None
