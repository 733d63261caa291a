"""Payment processors' words about chargebacks: `POST /intake/payments/{tenant}/{processor}` (Standard Webhooks).

    webhook-id: msg_…            the sender's number of the event: sent again, it is what it was
    webhook-timestamp: …         seconds, at most five minutes away from ours
    webhook-signature: v1,…      HMAC-SHA256 with the processor's secret over "<id>.<timestamp>.<body>"

    {"type": "chargeback.opened" | "chargeback.pre_arbitration" | "chargeback.won" | "chargeback.lost",
     "timestamp": "2026-03-01T09:00:00Z",                           when it was so
     "data": {"networkReference": "…", "scheme": "VISA", "category": "NOT_RECEIVED", "reasonCode": …,
              "paymentReference": …, "orderReference": …, "amount": {"amount": "80.00", "currency": "USD"},
              "networkDueAt": …}}

    200 {"notice", "state", "problem", "chargeback"}   also for an event that was told before

Laws: a request is refused as a whole: not signed (401, whatever is wrong with it), too long (413), not JSON (415, 422),
the same event with another content (409), no budget (429). What fits no payment is kept and answered with 200: a
processor that sends it again would change nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

import orjson
from starlette.requests import Request
from starlette.routing import BaseRoute

from api.context import Platform
from api.endpoint.refusals import Turned
from api.intake.receiving import JSON, STATUS, bad, receiving, spend, whole_body
from api.limits import MUTATION_COST
from api.operations import chargeback_notices
from domain import dates, processors, terms
from domain.access import Caller, Role, Scope, ViewerKind
from domain.chargeback_notices import ChargebackNotice, NewNotice, NoticeKind
from domain.chargebacks import Category
from domain.errors import ErrorCode
from domain.ids import ProcessorId, TenantId
from domain.memberships import Scheme
from domain.money import Money
from domain.processors import Processor, Signed
from storage import processors as processor_rows
from storage.unit_of_work import Outcome, Work, transact

PATH: Final = "/intake/payments/{tenant}/{processor}"

BODY_BYTES_MAX: Final = 16_384
"""A word about one chargeback: processors' own are below two thousand bytes."""

ACTION: Final = "recordChargebackNotice"
"""What is written into the audit log: the mutation that does the same."""

TYPES: Final[Mapping[str, NoticeKind]] = {f"chargeback.{kind.value.lower()}": kind for kind in NoticeKind}
"""Types of events, as they are sent."""

E = TypeVar("E", bound=StrEnum)


def routes(platform: Callable[[], Platform]) -> list[BaseRoute]:
    """The route of one process."""
    return receiving(PATH, _receive, platform)


async def _receive(platform: Platform, request: Request, request_id: str) -> bytes:
    """What became of one word, as JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON or "content-encoding" in request.headers:
        raise bad("Only application/json is read, without a content encoding.", 415)
    body = await whole_body(request, BODY_BYTES_MAX)
    tenant_id, processor = await _sender(platform, request, body)
    await spend(platform, processor.id, MUTATION_COST)
    told = parse(body, event_id=request.headers["webhook-id"])
    heard: list[ChargebackNotice] = []

    async def act(work: Work) -> Outcome:
        heard[:] = [await chargeback_notices.hear(work, told, processor.id)]
        return Outcome()

    await transact(platform.pool, _caller(tenant_id, processor), action=ACTION, request_id=request_id, act=act)
    notice = heard[0]
    return orjson.dumps(
        {"notice": notice.id, "state": notice.state, "problem": notice.problem, "chargeback": notice.chargeback_id}
    )


async def _sender(platform: Platform, request: Request, body: bytes) -> tuple[TenantId, Processor]:
    """Whose processor signed that body. Raises Turned (401) for nobody's."""
    signed = Signed(*(request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")))
    try:
        tenant_id = TenantId.parse(request.path_params["tenant"])
        id = ProcessorId.parse(request.path_params["processor"])
    except ValueError:
        raise _unsigned() from None
    async with platform.pool.acquire(tenant_id) as connection:
        processor = await processor_rows.find(connection, tenant_id, id)
    if processor is None or not signed.event_id:
        raise _unsigned()
    now = datetime.now(UTC)
    keys = [processor_rows.secret(tenant_id, id, generation) for generation in processor.generations(now)]
    if not processors.genuine(signed, body, keys, now):
        raise _unsigned()
    return tenant_id, processor


def _caller(tenant_id: TenantId, processor: Processor) -> Caller:
    """The processor as a machine of the marketplace."""
    return Caller(
        tenant_id,
        processor.id,
        None,
        None,
        frozenset({Role.SERVICE}),
        ViewerKind.STAFF,
        frozenset({Scope.WRITE}),
    )


# -- reading -----------------------------------------------------------------------------------------------------------


def parse(body: bytes, *, event_id: str) -> NewNotice:
    """The word that a body spells. Raises Turned (422), naming everything that is wrong with it."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad("The body is not JSON in UTF-8.", 422) from None
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict):
        raise bad("An event is an object with `type`, `timestamp` and an object `data`.", 422)
    wrong: list[str] = []
    kind = _word(TYPES, event, "type", wrong)
    told = NewNotice(
        event_id=event_id,
        kind=kind or NoticeKind.OPENED,
        network_reference=_text(data, "networkReference", wrong, required=True) or "",
        scheme=_word(_SCHEMES, data, "scheme", wrong) or Scheme.VISA,
        category=_word(_CATEGORIES, data, "category", wrong) or Category.OTHER,
        occurred_at=_instant(event, "timestamp", wrong) or _NEVER,
        payment_reference=_text(data, "paymentReference", wrong),
        order_reference=_text(data, "orderReference", wrong),
        reason_code=_text(data, "reasonCode", wrong),
        amount=_amount(data, wrong),
        network_due_at=None if data.get("networkDueAt") is None else _instant(data, "networkDueAt", wrong),
    )
    if wrong:
        raise bad(" ".join(wrong), 422)
    return replace(told, event_id=event_id)


_NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Where no instant could be read; such a word is refused."""
_SCHEMES: Final = {word.value: word for word in Scheme}
_CATEGORIES: Final = {word.value: word for word in Category}


def _word(words: Mapping[str, E], members: Mapping[str, Any], name: str, wrong: list[str]) -> E | None:
    word = members.get(name)
    found = words.get(word) if isinstance(word, str) else None
    if found is None:
        wrong.append(f"`{name}` is one of {', '.join(words)}.")
    return found


def _text(members: Mapping[str, Any], name: str, wrong: list[str], *, required: bool = False) -> str | None:
    """Its length is the rule's matter."""
    text = members.get(name)
    if text is None and not required:
        return None
    if not isinstance(text, str) or "\0" in text:
        wrong.append(f"`{name}` is a text.")
        return None
    return text.strip()


def _instant(members: Mapping[str, Any], name: str, wrong: list[str]) -> datetime | None:
    try:
        return dates.instant(str(members.get(name)))
    except (ValueError, OverflowError):
        wrong.append(f"`{name}` is an instant with its offset, as 2026-03-01T09:00:00Z.")
        return None


def _amount(members: Mapping[str, Any], wrong: list[str]) -> Money | None:
    spelled = members.get("amount")
    if spelled is None:
        return None
    try:
        return Money.parse(terms.decimal(spelled["amount"]), spelled["currency"])
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        wrong.append('`amount` is like {"amount": "80.00", "currency": "USD"}.')
        return None


# -- answering ---------------------------------------------------------------------------------------------------------


def _unsigned() -> Turned:
    """One answer for every cause, so that a forger learns nothing."""
    return Turned(ErrorCode.UNAUTHENTICATED, "The signature is not good.", status=STATUS[ErrorCode.UNAUTHENTICATED])
