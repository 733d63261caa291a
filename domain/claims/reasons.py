"""Why a buyer claims: the catalogue, and what each reason is about (`domain.md` 6.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.guarantees import Promise


class ClaimReason(StrEnum):
    """Why a buyer claims (`domain.md` 6.6, reason catalogue)."""

    LATE_DELIVERY = "LATE_DELIVERY"
    """Goods came, or are still to come, after the promised day."""
    SERVICE_NO_RESPONSE = "SERVICE_NO_RESPONSE"
    """The service team did not answer in its time."""
    SERVICE_NO_VISIT = "SERVICE_NO_VISIT"
    """No engineer came in time."""
    SERVICE_NOT_FINISHED = "SERVICE_NOT_FINISHED"
    """The service was not finished in time."""
    SERVICE_PARTS_NOT_SENT = "SERVICE_PARTS_NOT_SENT"
    """Free parts were not sent in time."""
    SERVICE_POINT_WITHDRAWN = "SERVICE_POINT_WITHDRAWN"
    """The service point was withdrawn or changed without a report."""


@dataclass(frozen=True, slots=True)
class ReasonRule:
    """What a reason claims under, and whether recorded facts alone prove it or somebody must find the party liable."""

    promise: Promise
    proven_by_facts: bool


REASONS: Final[Mapping[ClaimReason, ReasonRule]] = {
    ClaimReason.LATE_DELIVERY: ReasonRule(Promise.ON_TIME, proven_by_facts=True),
    ClaimReason.SERVICE_NO_RESPONSE: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
    ClaimReason.SERVICE_NO_VISIT: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
    ClaimReason.SERVICE_NOT_FINISHED: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
    ClaimReason.SERVICE_PARTS_NOT_SENT: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
    ClaimReason.SERVICE_POINT_WITHDRAWN: ReasonRule(Promise.AFTER_SALES, proven_by_facts=False),
}
"""What each reason is about; adding one is a member above and its row here."""
assert REASONS.keys() == set(ClaimReason)
