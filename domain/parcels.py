"""Parcels on their way back: under which carrier and number a return travels, and what is reported of it.

A parcel is known by the name of its carrier and its number, both in one spelling (`key`). Whoever reports need not know
which return it is, and may report before anybody said that one travels so: then the report waits.

Laws: what a return is told depends on the set of reports alone (`journey`), so that duplicates, late reports and
reports out of order leave it in the same state; a report is known by its reporter's reference and counts once; one
whose clock is wrong, and one from before the return was authorised, is kept and moves nothing; a number whose check
digit is wrong is kept and shown as wrong.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain import check_digits
from domain.ids import GoodsReturnId, ParcelReportId
from domain.reports import Subject
from domain.tracking import SEEN, UNTRUSTED, EventFlag, Milestone, TrackingReason, TrackingStatus


@dataclass(frozen=True, slots=True)
class ParcelReport:
    """One report of a parcel on its way back.

    `parcel` is its key, `return_id` the return that travels so, None while none is known to; such a report is kept
    until `expires_at`. `status` and `reason` are our own words, `codes_of` and `code` the carrier's where it told so.
    """

    id: ParcelReportId
    parcel: str
    return_id: GoodsReturnId | None
    carrier: str
    tracking_number: str
    reference: str
    status: TrackingStatus
    reason: TrackingReason | None
    milestone: Milestone | None
    place: str | None
    note: str | None
    eta_at: datetime | None
    codes_of: str | None
    code: str | None
    flags: tuple[EventFlag, ...]
    occurred_at: datetime
    recorded_at: datetime
    expires_at: datetime | None

    @property
    def told(self) -> tuple[object, ...]:
        """What the reporter said: two reports of one reference must agree on it. A code stands for itself."""
        meaning = (self.status, self.reason, self.milestone) if self.code is None else (self.codes_of, self.code)
        return (*meaning, self.place, self.note, self.eta_at, self.occurred_at)

    @property
    def counts(self) -> bool:
        """Whether it adds to what all reports add up to."""
        return UNTRUSTED.isdisjoint(self.flags)


@dataclass(frozen=True, slots=True)
class Journey:
    """What all reports of a parcel add up to: when it was first seen on its way, and when it was delivered."""

    left_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Number:
    """A parcel's number as a return keeps it: its key, and whether the check digit fits; None where it has none."""

    parcel: str
    valid: bool | None


def key(carrier: str, number: str) -> str:
    """The one spelling of a parcel: the carrier's letters and digits in small letters, and the plain number."""
    return f"{re.sub(r'[^0-9a-z]', '', carrier.casefold()) or carrier.casefold()}:{check_digits.plain(number)}"


def numbered(carrier: str, number: str) -> Number:
    """What a return keeps of that carrier and number."""
    return Number(key(carrier, number), check_digits.check(number).valid)


def journey(reports: Iterable[ParcelReport], since: datetime) -> Journey:
    """What the reports add up to, in whatever order they came; what occurred before `since` is another journey's."""
    left_at = delivered_at = None
    turned = False
    ordered = sorted(reports, key=lambda report: (report.occurred_at, report.status is TrackingStatus.DELIVERED))
    for report in ordered:
        if not report.counts or report.occurred_at < since or report.status not in SEEN:
            continue
        if report.reason is TrackingReason.CARRIER_LOST:
            continue
        left_at = left_at or report.occurred_at
        turned = turned or report.status is TrackingStatus.RETURN_TO_SENDER
        if report.status is TrackingStatus.DELIVERED and not turned:
            delivered_at = delivered_at or report.occurred_at
    return Journey(left_at, delivered_at)


def subject(report: ParcelReport) -> Subject:
    """What the report is of, for `reports.sift`: its reference counts once per parcel, returned or not."""
    waits = None if report.return_id is not None else "No goods go back under that carrier and number yet."
    return Subject(report.parcel, return_id=report.return_id, waits=waits)
