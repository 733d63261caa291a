"""Reports as they come in: what became of each of a batch, and those that wait for a shipment nobody has recorded yet.

Laws: each report of a batch stands for itself, so that one that is refused costs no other; a report is told who may
report of its shipment and nobody else that the shipment exists; what waits is bounded in number and in time.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from domain import dates
from domain.ids import GoodsReturnId, ProviderId, ShipmentId, WaitingEventId
from domain.tracking import EventFlag, Milestone, NewEvent, TrackingEvent, TrackingReason, TrackingStatus, reused


class Reception(StrEnum):
    """What became of one report."""

    ACCEPTED = "ACCEPTED"
    """It was news and is kept."""
    DUPLICATE = "DUPLICATE"
    """It was known already."""
    FLAGGED = "FLAGGED"
    """It is kept, and something is odd about it."""
    WAITING = "WAITING"
    """What it is of is not known yet; it is kept until that is, or until its time is over."""
    REFUSED = "REFUSED"
    """It is not kept; the code says why."""


class ReportRefusal(StrEnum):
    """Why a report is not kept."""

    INVALID = "INVALID"
    """It is wrong by itself."""
    NO_SUCH_SHIPMENT = "NO_SUCH_SHIPMENT"
    """There is no such shipment, or it is not for the caller."""
    AMBIGUOUS_NUMBER = "AMBIGUOUS_NUMBER"
    """Several shipments travel under that number: name the one that is meant."""
    REFERENCE_REUSED = "REFERENCE_REUSED"
    """Its reference was used for another report: a correction has a number of its own."""
    WAITING_ROOM_FULL = "WAITING_ROOM_FULL"
    """Too many reports of the provider, or of parcels that go back, wait for what nobody has recorded."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the report at place `index` of its batch. `code` and `message` are set where it was refused.

    It is of a shipment, or of goods that go back (`domain/parcels.py`).
    """

    index: int
    reference: str
    reception: Reception
    shipment_id: ShipmentId | None = None
    flags: tuple[EventFlag, ...] = ()
    code: ReportRefusal | None = None
    message: str | None = None
    return_id: GoodsReturnId | None = None


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """A report of a shipment that nobody has recorded yet; `report` is what was told, as `plain_report` spells it."""

    id: WaitingEventId
    provider_id: ProviderId
    shipment_reference: str | None
    tracking_number: str | None
    reference: str
    report: Mapping[str, Any]
    received_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RecordTrackingBatch:
    """A batch of reports in which each stands for itself."""

    events: tuple[NewEvent, ...]


class Report(Protocol):
    """What is told by a reporter under a reference of its own: of a shipment, or of a parcel that goes back."""

    @property
    def reference(self) -> str:
        """The reporter's own number of it."""

    @property
    def flags(self) -> tuple[EventFlag, ...]:
        """What is odd about it."""

    @property
    def told(self) -> tuple[object, ...]:
        """What the reporter said: two reports of one reference must agree on it."""


R = TypeVar("R", bound=Report)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is of. A reference counts once per `key`; `waits` says for what it waits, where it does."""

    key: str
    shipment_id: ShipmentId | None = None
    return_id: GoodsReturnId | None = None
    waits: str | None = None


def shipment(event: TrackingEvent) -> Subject:
    """What a report of a shipment is of."""
    return Subject(event.shipment_id, shipment_id=event.shipment_id)


def sift(
    known: Iterable[R], told: Mapping[int, R], subject: Callable[[R], Subject]
) -> tuple[tuple[R, ...], dict[int, Received]]:
    """The reports among `told`, by their places, that are news, each reference once; and what became of each of them.

    `known` are at least the known reports with one of their references.
    """
    seen = {(subject(report).key, report.reference): report for report in known}
    news: list[R] = []
    received: dict[int, Received] = {}
    for place, report in told.items():
        place_of = (subject(report).key, report.reference)
        earlier = seen.get(place_of)
        code = message = None
        if earlier is None:
            seen[place_of] = report
            news.append(report)
            reception = Reception.FLAGGED if report.flags else Reception.ACCEPTED
            if (message := subject(report).waits) is not None:
                reception = Reception.WAITING
        elif earlier.told == report.told:
            reception = Reception.DUPLICATE
        else:
            reception, code, message = Reception.REFUSED, ReportRefusal.REFERENCE_REUSED, reused(report.reference)
        of, flags = subject(earlier or report), (earlier or report).flags
        received[place] = Received(
            place, report.reference, reception, of.shipment_id, flags, code, message, return_id=of.return_id
        )
    return tuple(news), received


def plain_report(event: NewEvent) -> Mapping[str, Any]:
    """What was told of a shipment that is not known, in JSON's own types; `read_report` undoes it."""
    members = {
        "reference": event.reference,
        "status": event.status,
        "reason": event.reason,
        "place": event.place,
        "note": event.note,
        "eta_at": None if event.eta_at is None else dates.rfc3339(event.eta_at),
        "occurred_at": dates.rfc3339(event.occurred_at),
        "milestone": event.milestone,
        "carrier": event.carrier,
        "code": event.code,
        "leg_number": event.leg_number,
    }
    return {name: value for name, value in members.items() if value is not None}


def read_report(report: Mapping[str, Any]) -> NewEvent:
    """The report that waited, now that its shipment is known."""
    status, reason, milestone = (report.get(name) for name in ("status", "reason", "milestone"))
    eta_at = report.get("eta_at")
    return NewEvent(
        shipment_id=None,
        reference=report["reference"],
        status=None if status is None else TrackingStatus(status),
        reason=None if reason is None else TrackingReason(reason),
        place=report.get("place"),
        note=report.get("note"),
        eta_at=None if eta_at is None else dates.instant(eta_at),
        occurred_at=dates.instant(report["occurred_at"]),
        milestone=None if milestone is None else Milestone(milestone),
        carrier=report.get("carrier"),
        code=report.get("code"),
        leg_number=report.get("leg_number"),
    )
