"""Trusted documents: published, sent by hash, and required where a marketplace says so."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from api.embedded import Engines
from api.endpoint.websocket import PROTOCOL
from api.operations import documents
from api.operations.tenants import create_tenant, system
from api.settings import Settings, Unusable
from api.verbs import documents as verb
from domain.access import Role
from domain.documents import TEXT_BYTES_MAX, PublishDocument, hash_of, is_hash
from domain.errors import Invalid
from domain.tenants import CreateTenant, TenantKind
from storage.pool import Pool
from tests.api.test_subscriptions import Socket
from tests.marketplaces import Asking, Marketplace
from tests.serving import RESPONSE, Reply, Served

TEXT = "query Me($yes: Boolean = true) { viewer { kind @include(if: $yes) } }"
PUBLISHED = "document { id hash text version }"


async def send(served: Served, token: str, **members: Any) -> Reply:
    headers = {"accept": RESPONSE, "authorization": f"Bearer {token}"}
    return await served.send(json.dumps(members).encode(), headers=headers)


async def test_a_published_document_is_sent_by_its_hash(served: Served, market: Marketplace) -> None:
    token = await market.key(market.made.operator_id, Role.SUPPORT)
    missing = await send(served, token, documentId=hash_of(TEXT))
    assert (missing.status, missing.codes) == (400, ["DOCUMENT_NOT_FOUND"])
    await market.act(market.admin, documents.publish_document, PublishDocument(TEXT))
    reply = await send(served, token, documentId=hash_of(TEXT), variables={"yes": True}, operationName="Me")
    assert reply.json["data"] == {"viewer": {"kind": "STAFF"}}
    for other in (
        "",
        "x",
        "sha256:",
        "SHA256:" + "0" * 64,
        hash_of(TEXT).upper(),
        hash_of(TEXT + " "),
        "sha256:" + "\u0661" * 64,
    ):
        assert (await send(served, token, documentId=other)).codes == ["DOCUMENT_NOT_FOUND"]


async def test_another_marketplace_does_not_know_it(served: Served, market: Marketplace, worker_pool: Pool) -> None:
    await market.act(market.admin, documents.publish_document, PublishDocument(TEXT))
    elsewhere = await create_tenant(
        worker_pool, CreateTenant("Elsewhere", TenantKind.SANDBOX, "DE", "EUR"), request_id="t"
    )
    assert (await send(served, elsewhere.admin_key, documentId=hash_of(TEXT))).codes == ["DOCUMENT_NOT_FOUND"]


async def test_frontends_may_be_held_to_trusted_documents(served: Served, worker_pool: Pool) -> None:
    wish = CreateTenant("Strict", TenantKind.SANDBOX, "US", "USD", documents_required=True)
    made = await create_tenant(worker_pool, wish, request_id="test")
    strict = Marketplace(worker_pool, made, system(made.id, "test"))
    frontend = await strict.key(made.operator_id, Role.SUPPORT, frontend=True)
    backend = await strict.key(made.operator_id, Role.SUPPORT)
    refused = await send(served, frontend, query=TEXT)
    assert (refused.status, refused.codes) == (403, ["DOCUMENT_REQUIRED"])
    assert (await send(served, frontend, query="{__typename}")).codes == ["DOCUMENT_REQUIRED"]
    assert (await send(served, backend, query=TEXT)).status == 200
    await strict.act(strict.admin, documents.publish_document, PublishDocument(TEXT))
    assert (await send(served, frontend, documentId=hash_of(TEXT))).status == 200
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{served.url}/graphql", protocols=[PROTOCOL]) as raw,
    ):
        socket = await Socket(raw).introduced(frontend)
        await socket.listen("a", TEXT)
        heard = await socket.hear()
        assert (heard["id"], heard["payload"][0]["extensions"]["code"]) == ("a", "DOCUMENT_REQUIRED")
        await socket.say(type="subscribe", id="b", payload={"documentId": hash_of(TEXT)})
        assert (await socket.hear())["payload"]["data"] == {"viewer": {"kind": "STAFF"}}


async def test_publishing_again_changes_nothing(market: Marketplace, ask: Asking) -> None:
    admin = market.staff(Role.ADMIN)
    first = await ask.mutate(admin, "publishDocument", PUBLISHED, text=TEXT)
    assert first["document"] | {"id": ""} == {"id": "", "hash": hash_of(TEXT), "text": TEXT, "version": 1}
    again = await ask.mutate(admin, "publishDocument", PUBLISHED, text=TEXT)
    assert (again["document"], again["userErrors"]) == (first["document"], [])
    listed = await ask(admin, "{trustedDocuments(first:10){nodes{id} totalCount}}")
    assert listed["trustedDocuments"] == {"nodes": [{"id": first["document"]["id"]}], "totalCount": 1}


async def test_publishing_is_for_those_who_ship_frontends(market: Marketplace, ask: Asking) -> None:
    for role in (Role.SUPPORT, Role.FINANCE, Role.POLICY):
        payload = await ask.mutate(market.staff(role), "publishDocument", PUBLISHED, text=TEXT)
        assert (payload["document"], payload["userErrors"][0]["code"]) == (None, "FORBIDDEN")
    buyer = (await market.add("Acme", Role.BUYER)).caller
    assert (await ask(buyer, "{trustedDocuments(first:10){nodes{id}}}"))["trustedDocuments"]["nodes"] == []


@pytest.mark.parametrize("text", ["", " \n", "x" * (TEXT_BYTES_MAX + 1)])
async def test_a_document_is_neither_empty_nor_endless(market: Marketplace, ask: Asking, text: str) -> None:
    payload = await ask.mutate(market.staff(Role.ADMIN), "publishDocument", PUBLISHED, text=text)
    assert (payload["document"], payload["userErrors"][0]["code"]) == (None, "INVALID")
    assert payload["userErrors"][0]["field"][-1] == "text"
    with pytest.raises(Invalid):
        PublishDocument(text)


def test_a_hash_is_spelled_one_way() -> None:
    assert is_hash(hash_of(TEXT))
    assert hash_of("") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert not is_hash(hash_of(TEXT) + "\n")


# -- ./run documents ---------------------------------------------------------------------------------------------------


@pytest.fixture
def at_the_terminal(settings: Settings, monkeypatch: pytest.MonkeyPatch, running_engines: Engines) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)


def test_a_file_that_cannot_be_executed_stops_the_publishing(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.graphql"
    wrong.write_text("{ nope }")
    with pytest.raises(Unusable, match="nope"):
        verb.publish([wrong])
    with pytest.raises(Unusable, match=r"absent\.graphql"):
        verb.publish([tmp_path / "absent.graphql"])
    manifest = tmp_path / "wrong.json"
    manifest.write_text("[]")
    with pytest.raises(Unusable, match="JSON object"):
        verb.publish([manifest])


async def test_files_and_manifests_are_published_from_the_terminal(
    at_the_terminal: None,
    market: Marketplace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    served: Served,
    valkey: Redis,
) -> None:
    one, manifest = tmp_path / "one.graphql", tmp_path / "persisted.json"
    one.write_text(TEXT)
    manifest.write_text(json.dumps({"whatever": "{__typename}", "same": TEXT}))
    await asyncio.to_thread(verb.publish, [one, manifest], market.id)
    assert capsys.readouterr().out.split() == [hash_of(TEXT), hash_of("{__typename}")]
    token = await market.key(market.made.operator_id, Role.SUPPORT)
    assert (await send(served, token, documentId=hash_of("{__typename}"))).json["data"] == {"__typename": "Query"}
