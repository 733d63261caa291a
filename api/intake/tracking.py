"""Carriers' reports by plain HTTP: `POST /intake/tracking`, for machines that do not speak GraphQL.

    authorization: Bearer mg_live_…            a key of the provider, good for writing
    content-type: application/json             a list of reports, or one
    content-type: application/x-ndjson         a report per line

    {"reference": "4711", "shipmentId" | "shipmentReference" | "trackingNumber": "…", "occurredAt": "2026-03-01T09:00Z",
     for goods that go back, of staff and services alone: "returnCarrier": "…" beside the "trackingNumber",
     "status": "IN_TRANSIT", "reason": …, "milestone": …   or   "carrier": "dhl_express", "code": "PU",
     "place": …, "note": …, "etaAt": …, "legNumber": …}

    200 {"receptions": [{"index", "reference", "reception", "shipmentId", "returnId", "flags", "code", "message"}],
         "counts": {…}}

Laws: each report stands for itself, so that a bad one costs no other; a report that is sent again is a DUPLICATE, by
its reference, so that whoever got no answer sends the same again; a request is refused as a whole only where nothing of
it can be told apart: no caller (401), no right (403), too long (413), not JSON (415, 422), no budget (429).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

import orjson
from starlette.requests import Request
from starlette.routing import BaseRoute

from api.context import ANONYMOUS, Platform
from api.endpoint.refusals import Turned
from api.intake.receiving import JSON, bad, receiving, spend, whole_body
from api.limits import MUTATION_COST
from api.operations import tracking as operations
from domain import access, check_digits, dates
from domain.access import Caller
from domain.carriers import CODE_CHARACTERS_MAX
from domain.errors import ErrorCode
from domain.ids import ProviderId, ShipmentId
from domain.legs import LEGS_MAX
from domain.reports import Received, Reception, ReportRefusal
from domain.tracking import BATCH_MAX, Milestone, NewEvent, TrackingReason, TrackingStatus
from storage.unit_of_work import Outcome, Work, transact

PATH: Final = "/intake/tracking"

BODY_BYTES_MAX: Final = 1_000_000
"""As many reports as one request may bring, a thousand bytes each: five times what a carrier's report has."""

REPORTS_PER_POINT: Final = 5
"""Of the caller's budget: two thousand reports a second cost what four hundred point reads do."""

TEXT_CHARACTERS_MAX: Final = 200
NOTE_CHARACTERS_MAX: Final = 4_000

ACTION: Final = "recordTrackingBatch"
"""What is written into the audit log: the mutation that does the same."""

_LINES: Final = frozenset({"application/x-ndjson", "application/jsonl", "application/ndjson"})

E = TypeVar("E", bound=StrEnum)


def routes(platform: Callable[[], Platform]) -> list[BaseRoute]:
    """The route of one process."""
    return receiving(PATH, _receive, platform)


async def _receive(platform: Platform, request: Request, request_id: str) -> bytes:
    """What became of the reports of one request, as JSON."""
    caller = await platform.caller_of(dict(request.scope["headers"]))
    _require_reporter(caller)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if (kind != JSON and kind not in _LINES) or "content-encoding" in request.headers:
        raise bad("Only application/json and application/x-ndjson are read, without a content encoding.", 415)
    told = parse(await whole_body(request, BODY_BYTES_MAX), lines=kind in _LINES)
    points = MUTATION_COST + len(told) // REPORTS_PER_POINT
    await spend(platform, caller.actor_id, points)
    received = await take(platform, caller, told, request_id)
    counts = Counter(one.reception.value for one in received)
    return orjson.dumps({"receptions": [operations.plain(one) for one in received], "counts": counts})


async def take(
    platform: Platform, caller: Caller, told: Sequence[NewEvent | Received], request_id: str
) -> tuple[Received, ...]:
    """What became of each report; those that could not be read are refused where they stand."""
    readable = [(index, event) for index, event in enumerate(told) if isinstance(event, NewEvent)]
    answers = {one.index: one for one in told if isinstance(one, Received)}

    async def act(work: Work) -> Outcome:
        received = await operations.receive(work, [event for _, event in readable])
        for (index, _), one in zip(readable, received, strict=True):
            answers[index] = one if one.index == index else replace(one, index=index)
        return Outcome()

    if readable:
        await transact(platform.pool, caller, action=ACTION, request_id=request_id, act=act)
    return tuple(answers[index] for index in range(len(told)))


def _require_reporter(caller: Caller) -> None:
    """Returns if the caller may report. Otherwise refuses: without a key (401), without the right (403)."""
    if caller is ANONYMOUS:
        headers = ((b"www-authenticate", b"Bearer"),)
        raise Turned(ErrorCode.UNAUTHENTICATED, "Send a key.", status=401, headers=headers)
    if caller.documents_only:
        raise Turned(ErrorCode.DOCUMENT_REQUIRED, "This key may send trusted documents only.", status=403)
    access.require(caller, ACTION)


# -- reading -------------------------------------------------------------------------------------------------------


def parse(body: bytes, *, lines: bool) -> list[NewEvent | Received]:
    """The reports of a body, each read or refused where it stands. Raises Turned (422) where there is nothing to tell.

    A line that is no JSON is one bad report; a body that is none is no report at all.
    """
    members: list[Any] = [*_lines(body)] if lines else _listed(body)
    if not 0 < len(members) <= BATCH_MAX:
        raise bad(f"1 to {BATCH_MAX:,} reports.", 422)
    return [_read(index, one) for index, one in enumerate(members)]


def _listed(body: bytes) -> list[Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad("The body is not JSON in UTF-8.", 422) from None
    return found if isinstance(found, list) else [found]


def _lines(body: bytes) -> Iterator[Any]:
    for line in body.split(b"\n"):
        if line.strip():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                yield None


def _read(index: int, members: Any) -> NewEvent | Received:
    """One report; Received with everything that is wrong where it cannot be read."""
    if not isinstance(members, dict):
        return _unreadable(index, "", ["A report is an object."])
    wrong: list[str] = [f"`{name}` is no member of a report." for name in members if name not in MEMBERS]
    event = NewEvent(
        shipment_id=_id(ShipmentId, members, "shipmentId", wrong),
        reference=_text(members, "reference", wrong, required=True) or "",
        status=_word(_STATUSES, members, "status", wrong),
        reason=_word(_REASONS, members, "reason", wrong),
        place=_text(members, "place", wrong),
        note=_text(members, "note", wrong, most=NOTE_CHARACTERS_MAX),
        eta_at=_instant(members, "etaAt", wrong),
        occurred_at=_instant(members, "occurredAt", wrong, required=True) or _NEVER,
        milestone=_word(_MILESTONES, members, "milestone", wrong),
        carrier=_text(members, "carrier", wrong),
        code=_text(members, "code", wrong, most=CODE_CHARACTERS_MAX),
        leg_number=_number(members, "legNumber", wrong),
        shipment_reference=_text(members, "shipmentReference", wrong),
        tracking_number=_text(members, "trackingNumber", wrong),
        provider_id=_id(ProviderId, members, "providerId", wrong),
        return_carrier=_text(members, "returnCarrier", wrong),
    )
    if event.tracking_number is not None:
        event = replace(event, tracking_number=check_digits.plain(event.tracking_number))
    return _unreadable(index, event.reference, wrong) if wrong else event


_NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Where no instant could be read; such a report is refused."""
_STATUSES: Final = {word.value: word for word in TrackingStatus}
_REASONS: Final = {word.value: word for word in TrackingReason}
_MILESTONES: Final = {word.value: word for word in Milestone}
MEMBERS: Final = frozenset(
    "shipmentId shipmentReference trackingNumber returnCarrier providerId reference status reason milestone carrier "
    "code legNumber place note etaAt occurredAt".split()
)


def _unreadable(index: int, reference: str, wrong: Sequence[str]) -> Received:
    message = " ".join(wrong)
    return Received(index, reference, Reception.REFUSED, code=ReportRefusal.INVALID, message=message)


def _text(
    members: Mapping[str, Any], name: str, wrong: list[str], *, most: int = TEXT_CHARACTERS_MAX, required: bool = False
) -> str | None:
    text = members.get(name)
    if text is None and not required:
        return None
    if not isinstance(text, str) or not 0 < len(text.strip()) <= most or "\0" in text:
        wrong.append(f"`{name}` is a text of 1 to {most:,} characters.")
        return None
    return text.strip()


def _word(words: Mapping[str, E], members: Mapping[str, Any], name: str, wrong: list[str]) -> E | None:
    word = members.get(name)
    if word is None:
        return None
    found = words.get(word) if isinstance(word, str) else None
    if found is None:
        wrong.append(f"`{name}` is one of {', '.join(words)}.")
    return found


def _instant(members: Mapping[str, Any], name: str, wrong: list[str], *, required: bool = False) -> datetime | None:
    spelled = members.get(name)
    if spelled is None and not required:
        return None
    try:
        return dates.instant(str(spelled))
    except (ValueError, OverflowError):
        wrong.append(f"`{name}` is an instant with its offset, as 2026-03-01T09:00:00Z.")
        return None


I = TypeVar("I", ShipmentId, ProviderId)  # noqa: E741 - an id's kind


def _id(kind: type[I], members: Mapping[str, Any], name: str, wrong: list[str]) -> I | None:
    spelled = members.get(name)
    if spelled is None:
        return None
    try:
        return kind.parse(spelled)
    except (TypeError, ValueError):
        wrong.append(f"`{name}` is no id of that kind.")
        return None


def _number(members: Mapping[str, Any], name: str, wrong: list[str]) -> int | None:
    number = members.get(name)
    if number is None or (type(number) is int and 0 < number <= LEGS_MAX):
        return number
    wrong.append(f"`{name}` is a number from 1 to {LEGS_MAX}.")
    return None


# -- answering -----------------------------------------------------------------------------------------------------
