"""Open commitments: what a provider still answers for when a service point of it is gone without a word.

Law (`domain.md` 6.2): while a withdrawal is unreported the provider stays liable, so every after-sales cover of it that
was live when the desk found out stays bound to it. The decision says so with its reasons; a claim can read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.dates import rfc3339
from domain.explain import Finding
from domain.ids import CoverageId
from domain.service_point_terms import ServicePointTerms
from domain.service_points import ServicePoint

EXPLAINED_MAX: Final = 100
"""Open commitments that a decision names one by one; all of them are counted and listed beside it."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A live cover of the provider's after-sales guarantees: somebody may still claim service under it."""

    coverage_id: CoverageId
    closes_at: datetime | None


def liability(
    point: ServicePoint,
    gone_since: datetime,
    note: str,
    commitments: Sequence[Commitment],
    rule: ServicePointTerms,
    *,
    at: datetime,
) -> Finding:
    """Whether and why the provider answers for what is open: it does if anything is.

    `commitments` are all of them, those that can be claimed under longest first; the tree names the first hundred.
    """
    until = liable_until(commitments)
    reported = Finding(
        "service_point.reported",
        holds=False,
        reason="service_point_withdrawal_reported",
        inputs={
            "goneSince": rfc3339(gone_since),
            "found": note,
            "reportedFor": None if point.change_effective_at is None else rfc3339(point.change_effective_at),
            "days": rule.notice_days,
        },
        version=rule.version,
    )
    open_ = tuple(
        Finding(
            "service_point.commitment",
            True,
            "service_point_commitment_open",
            {
                "coverageId": commitment.coverage_id,
                "closesAt": None if commitment.closes_at is None else rfc3339(commitment.closes_at),
            },
        )
        for commitment in commitments[:EXPLAINED_MAX]
    )
    return Finding(
        "service_point.liability",
        bool(commitments),
        "provider_liable_for_open_commitments",
        {
            "at": rfc3339(at),
            "servicePointId": point.id,
            "providerId": point.provider_id,
            "open": len(commitments),
            "until": None if until is None else rfc3339(until),
        },
        because=(reported, *open_),
    )


def liable_until(commitments: Sequence[Commitment]) -> datetime | None:
    """The last instant at which anything of it can be claimed; None where nothing is open or none has a date yet."""
    return max((each.closes_at for each in commitments if each.closes_at is not None), default=None)
