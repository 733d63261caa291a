"""Coverage certificates: made at payment, continued where something happens, read and verified."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from api.operations import enrolments, orders, shipments
from api.settings import Settings
from api.verbs import coverage as verb
from domain.certificates import canonical, hash_of
from domain.enrolments import WithdrawGuarantee
from domain.ids import GuaranteeId, OrderId
from domain.orders import Address, ChangeAddress
from domain.shipments import UpdateEta
from storage.certificates import signing_key
from tests.builders import Market, line
from tests.marketplaces import Asking
from tests.serving import Served

PROMISE = date(2026, 3, 1)
HOME = Address("Ada Moreau", "1 Pier Road", "New York", "10001", None, "US")
READ = """query ($id: ID!) { coverages(first: 5, filter: {orderId: $id}) { nodes {
  id state promisedAt closesAt certificate { id document hash signature keyId publicKey file
    appendices(first: 50) { nodes { sequence kind previousHash hash document } } } } } }"""


async def bought(sandbox: Market, *, lines: Any = None) -> tuple[OrderId, Any, GuaranteeId]:
    buyer, supplier = await sandbox.register_buyer(), await sandbox.register_supplier()
    provider = await sandbox.register_provider()
    guarantee = await sandbox.offer(provider)
    made = await sandbox.order(buyer, supplier, lines or [line(promised_on=PROMISE)], [guarantee], address=HOME)
    return made, provider, guarantee


async def cover(ask: Asking, caller: Any, id: OrderId) -> Any:
    (found,) = (await ask(caller, READ, id=id))["coverages"]["nodes"]
    return found


def kinds(cover: Any) -> list[str]:
    return [appendix["kind"] for appendix in cover["certificate"]["appendices"]["nodes"]]


def verified(text: str, tmp_path: Path, *options: str) -> Any:
    """What `./run coverage verify` makes of a file of that text."""
    path = tmp_path / "certificate.json"
    path.write_text(text, encoding="utf-8")
    return CliRunner().invoke(verb.command, ["verify", str(path), *options])


async def test_payment_freezes_promise_price_and_numbers_into_a_signed_document(
    sandbox: Market, ask: Asking, tmp_path: Path
) -> None:
    id, provider, guarantee = await bought(sandbox)
    found = await cover(ask, sandbox.staff, id)
    certificate = found["certificate"]
    said = json.loads(certificate["document"])
    assert certificate["hash"] == hash_of(certificate["document"])
    assert canonical(said) == certificate["document"]
    assert said["order"]["total"] == "2500.00 USD"
    assert said["order"]["lines"][0]["promisedAt"] == said["window"]["promisedAt"] == found["promisedAt"]
    assert said["window"]["closesAt"] == found["closesAt"]
    assert said["terms"]["compensation"]["cap"] == "100.00 USD"
    assert "ADDRESS_CHANGED" in said["terms"]["excludes"]
    assert (said["guarantee"]["id"], said["guarantee"]["liableParty"]) == (guarantee, provider)
    assert HOME.street not in certificate["file"]
    result = verified(certificate["file"], tmp_path, "--key", signing_key().public_key)
    assert (result.exit_code, result.output.count("\n")) == (0, 1), result.output
    assert certificate["id"] in result.output


async def test_estimates_are_appended_and_never_move_the_promise(sandbox: Market, ask: Asking, tmp_path: Path) -> None:
    id, provider, _ = await bought(sandbox)
    before = await cover(ask, sandbox.staff, id)
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        line_id = await connection.fetchval("SELECT id FROM order_lines WHERE order_id = $1", id)
    shipment = await sandbox.ship(id, provider, [line_id])
    for days in (40, 45, 45, 20):
        await sandbox.act(
            sandbox.staff, shipments.update_eta, UpdateEta(shipment, datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days))
        )
    after = await cover(ask, sandbox.staff, id)
    assert kinds(after) == ["ESTIMATE_CHANGED"] * 3
    for name in ("promisedAt", "closesAt", "state"):
        assert after[name] == before[name]
    for name in ("document", "hash", "signature"):
        assert after["certificate"][name] == before["certificate"][name]
    told = [json.loads(appendix["document"]) for appendix in after["certificate"]["appendices"]["nodes"]]
    assert [one["previous"] for one in told] == [
        before["certificate"]["hash"],
        *(appendix["hash"] for appendix in after["certificate"]["appendices"]["nodes"][:-1]),
    ]
    assert verified(after["certificate"]["file"], tmp_path).exit_code == 0


async def test_two_at_once_continue_one_chain(sandbox: Market, ask: Asking, tmp_path: Path) -> None:
    id, provider, _ = await bought(sandbox, lines=[line(promised_on=PROMISE), line(promised_on=PROMISE)])
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        rows = await connection.fetch("SELECT id FROM order_lines WHERE order_id = $1", id)
    first, second = [await sandbox.ship(id, provider, [row["id"]]) for row in rows]
    at = datetime(2026, 3, 10, tzinfo=UTC)
    await asyncio.gather(
        *(
            sandbox.act(sandbox.staff, shipments.update_eta, UpdateEta(shipment, at + timedelta(days=days)))
            for shipment in (first, second)
            for days in range(2)
        )
    )
    found = await cover(ask, sandbox.staff, id)
    places = [appendix["sequence"] for appendix in found["certificate"]["appendices"]["nodes"]]
    assert places == list(range(1, len(places) + 1))
    assert len(places) >= 2
    assert verified(found["certificate"]["file"], tmp_path).exit_code == 0


async def test_address_void_and_withdrawal_are_appended(sandbox: Market, ask: Asking, tmp_path: Path) -> None:
    id, provider, guarantee = await bought(sandbox)
    other = await sandbox.order(
        await sandbox.register_buyer(), await sandbox.register_supplier(), [line(promised_on=PROMISE)], [guarantee]
    )
    await sandbox.act(sandbox.staff, orders.change_address, ChangeAddress(id, replace(HOME, city="Ely")))
    found = await cover(ask, sandbox.staff, id)
    assert (found["state"], kinds(found)) == ("VOIDED", ["ADDRESS_CHANGED", "VOIDED"])
    await sandbox.act(sandbox.provider(provider), enrolments.withdraw_guarantee, WithdrawGuarantee(guarantee))
    assert kinds(await cover(ask, sandbox.staff, other)) == []  # it is on offer until its notice is over
    await sandbox.move(await sandbox.now() + timedelta(days=8))
    assert kinds(await cover(ask, sandbox.staff, id)) == ["ADDRESS_CHANGED", "VOIDED"]  # it covered nothing any more
    found = await cover(ask, sandbox.staff, other)
    assert (found["state"], kinds(found)) == ("IN_FORCE", ["GUARANTEE_WITHDRAWN"])
    assert verified(found["certificate"]["file"], tmp_path).exit_code == 0


async def test_a_promise_that_a_shipment_brings_is_appended(sandbox: Market, ask: Asking) -> None:
    id, provider, _ = await bought(sandbox, lines=[line()])
    found = await cover(ask, sandbox.staff, id)
    assert json.loads(found["certificate"]["document"])["window"]["state"] == "PENDING"
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        line_id = await connection.fetchval("SELECT id FROM order_lines WHERE order_id = $1", id)
    await sandbox.ship(id, provider, [line_id], promised_on=PROMISE)
    found = await cover(ask, sandbox.staff, id)
    (appendix,) = found["certificate"]["appendices"]["nodes"]
    assert appendix["kind"] == "PROMISED"
    assert json.loads(appendix["document"])["facts"]["promisedAt"] == found["promisedAt"]


async def test_altered_files_fail(sandbox: Market, ask: Asking, tmp_path: Path) -> None:
    id, provider, _ = await bought(sandbox)
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        line_id = await connection.fetchval("SELECT id FROM order_lines WHERE order_id = $1", id)
    shipment = await sandbox.ship(id, provider, [line_id])
    for days in (1, 2):
        at = datetime(2026, 3, 10, tzinfo=UTC) + timedelta(days)
        await sandbox.act(sandbox.staff, shipments.update_eta, UpdateEta(shipment, at))
    file = (await cover(ask, sandbox.staff, id))["certificate"]["file"]
    members = json.loads(file)

    def altered(change: Any) -> Any:
        copy = json.loads(file)
        change(copy["texts"])
        return verified(json.dumps(copy), tmp_path)

    def rewritten(texts: Any) -> None:
        texts[0]["document"] = texts[0]["document"].replace("100.00 USD", "900.00 USD")
        texts[0]["hash"] = hash_of(texts[0]["document"])

    assert verified(file, tmp_path).exit_code == 0
    for change in (
        lambda texts: texts[0].update(document=texts[0]["document"].replace("2500.00 USD", "2600.00 USD")),
        rewritten,
        lambda texts: texts.pop(1),
        lambda texts: texts.reverse(),
        lambda texts: texts[1].update(signature=texts[2]["signature"]),
        lambda texts: texts[0].update(keyId="0" * 16),
        lambda texts: texts[0].pop("hash"),
    ):
        result = altered(change)
        assert result.exit_code == 1, result.output
    stranger = base64.b64encode(bytes(range(32))).decode()
    assert verified(file, tmp_path, "--key", stranger).exit_code == 1
    assert verified("{}", tmp_path).exit_code == 1
    assert verified("no JSON", tmp_path).exit_code == 1
    assert len(members["texts"]) == 3


async def test_the_parties_read_it_and_nobody_rewrites_it(sandbox: Market, ask: Asking, settings: Settings) -> None:
    id, provider, _ = await bought(sandbox)
    found = await cover(ask, sandbox.provider(provider), id)
    text = "query ($id: ID!) { certificate(id: $id) { hash coverage { id } } signingKey { id algorithm publicKey } }"
    read = await ask(sandbox.provider(provider), text, id=found["certificate"]["id"])
    assert read["certificate"]["hash"] == found["certificate"]["hash"]
    assert read["signingKey"]["publicKey"] == found["certificate"]["publicKey"]
    stranger = sandbox.provider(await sandbox.register_provider())
    assert (await ask(stranger, text, id=found["certificate"]["id"]))["certificate"] is None
    async with sandbox.pool.acquire(sandbox.tenant_id) as connection:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("UPDATE certificates SET document = '{}'")
    owner = await asyncpg.connect(settings.database_owner_url)
    try:
        with pytest.raises(asyncpg.PostgresError):
            await owner.execute("DELETE FROM certificates")
    finally:
        await owner.close()


async def test_everybody_downloads_the_public_key(served: Served, tmp_path: Path, sandbox: Market, ask: Asking) -> None:
    reply = await served.send(method="GET", path="/.well-known/jwks.json")
    (key,) = reply.json["keys"]
    assert (reply.status, key["kid"], key["crv"]) == (200, signing_key().id, "Ed25519")
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(reply.json), encoding="utf-8")
    id, _, _ = await bought(sandbox)
    file = (await cover(ask, sandbox.staff, id))["certificate"]["file"]
    assert verified(file, tmp_path, "--key", str(jwks)).exit_code == 0
