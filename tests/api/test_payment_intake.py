"""Payment processors over HTTP: signed, once each, in any order; nothing of a forger's is heard."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import pytest

from api.intake.payments import BODY_BYTES_MAX
from api.operations import memberships, processors
from domain import processors as signing
from domain.access import Role
from domain.dates import rfc3339
from domain.ids import ProcessorId, SupplierId
from domain.memberships import RecordCardReceipt, Scheme
from domain.processors import RegisterProcessor, TurnProcessor
from storage.pool import Pool
from tests.builders import START, Market, line, set_clock, usd
from tests.marketplaces import Asking, Marketplace, open_marketplace
from tests.serving import Reply, Served

pytestmark = pytest.mark.usefixtures("emptied")


class Till:
    """A marketplace with an order of 500.00 paid by card as `P1`, and a processor that knows its secret."""

    def __init__(self, market: Market, place: Marketplace, served: Served, id: ProcessorId, secret: str) -> None:
        self.market, self.place, self.served, self.id, self.secret = market, place, served, id, secret
        self.sent = 0

    @property
    def path(self) -> str:
        return f"/intake/payments/{self.place.id}/{self.id}"

    async def post(self, body: bytes, *, key: str | None = None, **headers: str | None) -> Reply:
        """The reply to a body, signed with the secret unless the headers say otherwise."""
        self.sent += 1
        event, at = headers.get("id", f"E{self.sent}"), headers.get("timestamp", str(int(time.time())))
        raw = base64.b64decode((key or self.secret).removeprefix("whsec_"))
        signature = headers.get("signature", signing.sign(raw, event or "", at or "", body))
        named = {"webhook-id": event, "webhook-timestamp": at, "webhook-signature": signature}
        content_type = headers.get("content_type", "application/json")
        return await self.served.send(body, path=self.path, headers={**named, "content-type": content_type})

    async def tell(self, kind: str = "opened", hours: int = 0, **data: Any) -> Reply:
        return await self.post(word(kind, hours, **data))


def word(kind: str = "opened", hours: int = 0, **data: Any) -> bytes:
    given = {
        "networkReference": "N1",
        "scheme": "VISA",
        "category": "FRAUD",
        "reasonCode": "10.4",
        "paymentReference": "P1",
        "amount": {"amount": "500.00", "currency": "USD"},
    }
    at = START.replace(hour=START.hour + hours - 5)
    return json.dumps({"type": f"chargeback.{kind}", "timestamp": rfc3339(at), "data": {**given, **data}}).encode()


@pytest.fixture
async def till(worker_pool: Pool, served: Served) -> Till:
    place = await open_marketplace(worker_pool)
    market = Market(worker_pool, place.id, place.made.admin_key, place.made.operator_id)
    await set_clock(worker_pool, place.id, START)
    merchant = await place.add("Ningbo", Role.SUPPLIER)
    supplier_id = SupplierId(str(merchant.party_id))
    order_id = await market.order(await market.register_buyer(), supplier_id, [line(500_00)])
    receipt = RecordCardReceipt(order_id, "P1", Scheme.VISA, usd(500_00), None)
    await market.act(market.staff, memberships.record_card_receipt, receipt)
    made = await market.act(market.staff, processors.register_processor, RegisterProcessor("Anchor Pay"))
    return Till(market, place, served, ProcessorId(str(made.things["processor"])), made.once["secret"])


async def test_a_signed_word_opens_a_chargeback_and_again_is_what_it_was(till: Till) -> None:
    first = await till.post(word(), id="E-same")
    assert first.status == 200, first.content
    assert first.json["state"] == "APPLIED"
    again = await till.post(word(), id="E-same")
    assert again.json == first.json
    other = await till.post(word(reasonCode="13.1"), id="E-same")
    assert (other.status, other.codes) == (409, ["CONFLICT"])


async def test_words_come_in_any_order_and_many_at_once(till: Till) -> None:
    lost = await till.tell("lost", 2)
    assert lost.json["state"] == "WAITING"
    told = await asyncio.gather(*(till.tell() for _ in range(6)))
    assert sorted(reply.json["state"] for reply in told) == ["APPLIED", *["SUPERSEDED"] * 5]
    assert len({reply.json["chargeback"] for reply in told}) == 1
    late = await till.tell("pre_arbitration", 1)
    assert late.json["state"] == "SUPERSEDED"


async def test_an_unknown_payment_is_kept_and_answered(till: Till, ask: Asking) -> None:
    reply = await till.tell(paymentReference="P-unknown")
    assert (reply.status, reply.json["state"], reply.json["problem"]) == (200, "UNMATCHED", "UNKNOWN_PAYMENT")
    text = """query { chargebackNotices(first: 5, filter: {states: [UNMATCHED]}) { nodes { paymentReference
      processor { name } availableActions } } }"""
    seen = await ask(till.market.staff, text)
    assert seen["chargebackNotices"]["nodes"] == [
        {
            "paymentReference": "P-unknown",
            "processor": {"name": "Anchor Pay"},
            "availableActions": ["MATCH_CHARGEBACK_NOTICE"],
        }
    ]


UNSIGNED: tuple[dict[str, str | None], ...] = (
    {"signature": "v1," + base64.b64encode(b"x" * 32).decode()},
    {"signature": ""},
    {"signature": "v1,%%%"},
    {"signature": "v2," + base64.b64encode(b"x" * 32).decode()},
    {"timestamp": "yesterday"},
    {"timestamp": "0"},
    {"timestamp": "99999999999999999999"},
    {"timestamp": str(int(time.time()) + 3_600)},
    {"id": ""},
    {"id": None},
    {"key": "whsec_" + base64.b64encode(b"another secret, as long as ours.").decode()},
)


async def test_what_is_not_signed_is_one_and_the_same_401(till: Till) -> None:
    for headers in UNSIGNED:
        reply = await till.post(word(), **headers)
        assert (reply.status, reply.codes) == (401, ["UNAUTHENTICATED"]), headers
        assert reply.errors[0]["message"] == "The signature is not good."


async def test_a_signature_is_good_for_its_body_tenant_and_processor_alone(till: Till) -> None:
    at = str(int(time.time()))
    raw = base64.b64decode(till.secret.removeprefix("whsec_"))
    signature = signing.sign(raw, "E1", at, word())
    changed = await till.post(word(reasonCode="x"), id="E1", timestamp=at, signature=signature)
    assert changed.status == 401
    others = await till.market.act(till.market.staff, processors.register_processor, RegisterProcessor("Other"))
    path = f"/intake/payments/{till.place.id}/{others.things['processor']}"
    headers = {"webhook-id": "E1", "webhook-timestamp": at, "webhook-signature": signature}
    assert (await till.served.send(word(), path=path, headers=headers)).status == 401
    for path in (f"/intake/payments/{till.place.id}/prc_x", f"/intake/payments/ten_x/{till.id}"):
        assert (await till.served.send(word(), path=path, headers=headers)).status == 401


async def test_a_rotated_secret_is_good_beside_the_new_one_and_a_revoked_processor_is_not_heard(till: Till) -> None:
    turned = TurnProcessor(till.id)
    made = await till.market.act(till.market.staff, processors.rotate_processor_secret, turned)
    assert (await till.tell()).status == 200
    assert (await till.post(word("won", 1), key=made.once["secret"])).status == 200
    await till.market.act(till.market.staff, processors.rotate_processor_secret, turned)
    assert (await till.tell()).status == 401, "the secret before the last"
    await till.market.act(till.market.staff, processors.revoke_processor, turned)
    assert (await till.post(word(), key=made.once["secret"])).status == 401


UNREADABLE: tuple[tuple[bytes, str], ...] = (
    (b"{", "not JSON"),
    (b"null", "An event is an object"),
    (b'{"type": "chargeback.opened"}', "An event is an object"),
    (word("closed"), "`type`"),
    (word(scheme="DINERS"), "`scheme`"),
    (word(networkReference=None), "`networkReference`"),
    (word(networkReference="x" * 101), "`networkReference`"),
    (word(networkReference="nul \0"), "`networkReference`"),
    (word(amount={"amount": "1.005", "currency": "USD"}), "`amount`"),
    (word(amount={"amount": "-1.00", "currency": "USD"}), "`amount`"),
    (word(amount={"amount": 5, "currency": "USD"}), "`amount`"),
    (word(amount={"amount": "1", "currency": "XXX"}), "`amount`"),
    (word(amount={"amount": "99999999999999999999", "currency": "USD"}), "`amount`"),
    (word(amount="500 USD"), "`amount`"),
    (word(amount=None), "`amount`"),
    (word(paymentReference=None), "`paymentReference`"),
    (word(networkDueAt="tomorrow"), "`networkDueAt`"),
    (word(hours=14), "`occurredAt`"),
)


async def test_a_word_that_cannot_be_read_is_refused_with_what_is_wrong(till: Till) -> None:
    for body, says in UNREADABLE:
        reply = await till.post(body)
        assert reply.status == 422, (body, reply.content)
        assert says in reply.errors[0]["message"], body


async def test_other_bodies_are_turned_away(till: Till) -> None:
    assert (await till.post(word(), content_type="text/plain")).status == 415
    assert (await till.post(b" " * (BODY_BYTES_MAX + 1))).status == 413


async def test_the_secret_is_shown_once(till: Till, ask: Asking) -> None:
    made = await ask.mutate(
        till.market.staff, "registerProcessor", "processor { id name generation } secret", name="Harbour Pay"
    )
    assert made["secret"].startswith("whsec_")
    assert made["processor"]["generation"] == 1
    text = "query ($id: ID!) { processor(id: $id) { name revokedAt } }"
    merchant = till.place.members["Ningbo"].caller
    assert (await ask(merchant, text, id=made["processor"]["id"]))["processor"] is None
