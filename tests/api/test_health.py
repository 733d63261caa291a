"""Probes, metrics and logs: what an operator sees of a process, and what nobody may see."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from api import logs
from api.logs import MASK
from api.schema.schema import Contract
from api.settings import Settings
from domain.access import Role
from tests.marketplaces import Marketplace
from tests.serving import Reply, Served, serving


async def get(served: Served, path: str) -> Reply:
    return await served.send(method="GET", path=path)


async def test_a_process_that_runs_is_live_and_ready(served: Served) -> None:
    live, ready = await get(served, "/health/live"), await get(served, "/health/ready")
    assert (live.status, live.json) == (200, {"status": "live"})
    assert (ready.status, ready.json) == (200, {"status": "ready", "database": "up", "valkey": "up"})
    assert live.headers["cache-control"] == ready.headers["cache-control"] == "no-store"


async def test_without_valkey_a_process_is_ready_and_says_it_is_poorer(
    settings: Settings, promised: Contract, market: Marketplace
) -> None:
    poorer = dataclasses.replace(settings, redis_url="unix:///nonexistent/valkey.sock", demo=False)
    token = await market.key(market.made.operator_id, Role.SUPPORT)
    async with serving(poorer, promised=promised) as served:
        ready = await get(served, "/health/ready")
        assert (ready.status, ready.json) == (200, {"status": "degraded", "database": "up", "valkey": "down"})
        assert (await served.ask("{viewer{kind}}", token=token)).json["data"] == {"viewer": {"kind": "STAFF"}}


async def test_without_a_database_a_process_is_not_ready(served: Served) -> None:
    await served.platform.pool.close()
    ready = await get(served, "/health/ready")
    assert (ready.status, ready.json["status"], ready.json["database"]) == (503, "unready", "down")
    assert (await get(served, "/health/live")).status == 200


async def test_what_happened_is_counted(served: Served, market: Marketplace, valkey: Redis) -> None:
    token = await market.key(market.made.operator_id, Role.SUPPORT)
    for text in ("{viewer{kind}}", "{viewer{kind}}", "{nope}"):
        await served.ask(text, token=token)
    reply = await get(served, "/metrics")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(reply.content.decode())
        for sample in family.samples
    }
    assert reply.headers["content-type"].startswith("text/plain")
    assert samples["makegood_requests_total", "200"] == 2
    assert samples["makegood_requests_total", "400"] == 1
    assert samples["makegood_request_seconds_bucket", "+Inf"] == samples["makegood_request_seconds_count",] == 3
    assert samples["makegood_database_connections",] >= samples["makegood_database_connections_idle",] >= 0
    assert samples["process_resident_memory_bytes",] > 0


# -- logs --------------------------------------------------------------------------------------------------------------

KEY = "mg_test_01m80we9pmskhwdzqj7fv6kqt5_ad03f70e0a0391ff91b8472332497d454236f8607bb678ef3368ee59a3ff655b"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.fixture
def lines() -> Iterator[Any]:
    """A function that returns what was logged, as JSON; logging is afterwards as it was."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level, access = root.handlers[:], root.level, logging.getLogger("uvicorn.access").disabled
    stream = io.StringIO()
    logs.configure("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = access
    structlog.configure(**before)


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        f"Bearer {TOKEN}",
        TOKEN,
        "ana@example.com",
        "postgresql://app:hunter2@db/x",
        f"key {KEY} of ana.b+c@mail.example.org!",
    ],
)
def test_secrets_and_people_are_masked_wherever_they_stand(lines: Any, secret: str) -> None:
    log = structlog.get_logger("test")
    log.info("happened", where=secret, deep={"list": [secret, {"x": secret}]}, other=("a", secret))
    logging.getLogger("library").warning("says %s", secret)
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("failed")
    told = lines()
    assert len(told) == 3
    text = json.dumps(told)
    for part in ("ad03f70e", "c2lnbmF0", "ana", "hunter2"):
        assert part not in text
    assert MASK in text


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "api_key",
        "apiKey",
        "password",
        "secret_hash",
        "e_mail",
        "email",
        "delivery_address",
        "phone",
        "token",
    ],
)
def test_what_is_named_like_a_secret_is_masked_whatever_it_is(lines: Any, name: str) -> None:
    structlog.get_logger("test").info(
        "happened", **{name: "Elm Street 1", "inside": {name: ["Elm Street 1"]}, "id": "clm_1"}
    )
    (told,) = lines()
    assert "Elm" not in json.dumps(told)
    assert (told["event"], told["id"], told["level"], told["logger"]) == ("happened", "clm_1", "info", "test")
    assert told["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_written(lines: Any) -> None:
    structlog.get_logger("test").debug("whispered")
    logging.getLogger("library").debug("whispered")
    assert lines() == []
