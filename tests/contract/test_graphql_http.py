"""GraphQL over HTTP as others test it: the audits of the npm package graphql-http against the running application."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.settings import Settings
from domain.access import Role
from storage.pool import Pool
from tests.marketplaces import open_marketplace
from tests.serving import serving

NODE = Path(__file__).parent / "node"

pytestmark = [
    pytest.mark.usefixtures("emptied"),
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed; .ci/run installs it"),
    pytest.mark.skipif(
        not (NODE / "node_modules").exists(), reason="`npm ci` in tests/contract/node has not run; .ci/run runs it"
    ),
]


@pytest.fixture
async def outcomes(settings: Settings, valkey: Any) -> list[dict[str, Any]]:
    """What each audit came to."""
    pool = await Pool.open(settings.database_worker_url, size=2)
    try:
        market = await open_marketplace(pool)
        token = await market.key(market.made.operator_id, Role.SUPPORT)
        async with serving(settings) as served:
            process = await asyncio.create_subprocess_exec(
                "node", "audits.mjs", f"{served.url}/graphql", token, cwd=NODE, stdout=asyncio.subprocess.PIPE
            )
            printed, _ = await process.communicate()
    finally:
        await pool.close()
    assert process.returncode == 0
    found: list[dict[str, Any]] = json.loads(printed)
    return found


async def test_every_must_and_should_of_the_audits_holds(outcomes: list[dict[str, Any]]) -> None:
    missed = [f"{audit['id']} {audit['name']}: {audit['reason']}" for audit in outcomes if audit["status"] != "ok"]
    assert len(outcomes) >= 60
    assert [audit for audit in missed if " MAY " not in audit] == []
    # Only what the conventions leave out is missed: GET, which the audits say a server MAY answer.
    assert all("GET" in audit for audit in missed), missed
