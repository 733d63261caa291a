"""The procedure of a claim: who must act by when, and what silence means (`domain.md` 6.6, profile "B2B default").

Numbers live in `storage/rulebook/clocks/`. Laws: the version in force when the claim is opened governs; the day on
which a clock starts is day 0; a deadline is the last microsecond of its day, a right begins with the first instant of
its day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.claims import ClaimReason, Deadlines
from domain.dates import Calendar
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count, Days, WorkingDays


class Silence(StrEnum):
    """What follows when the party that must answer does not."""

    AUTO_GRANT = "AUTO_GRANT"
    """The claim is granted as it was made."""
    ESCALATE = "ESCALATE"
    """The marketplace decides."""
    CLOSE = "CLOSE"
    """The claim is closed."""


@dataclass(frozen=True, slots=True)
class ClaimClocks:
    """The numbers of one version of a claim's clocks. `version` is that version's id.

    `silence` says what the liable party's silence means, `silence_by_reason` where a reason differs; a claimant silent
    about evidence, and staff silent about a decision, have their own words.
    """

    version: str
    answer_days: Days
    buyer_may_escalate_on_day: Days
    system_escalates_on_day: Days
    decide_working_days: WorkingDays
    evidence_days: Days
    appeal_days: Days
    appeals: Count
    file_days: Days
    silence: Silence
    silence_of_claimant: Silence
    silence_by_reason: Mapping[ClaimReason, Silence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.answer_days < self.buyer_may_escalate_on_day <= self.system_escalates_on_day:
            raise ValueError("the party answers before the buyer may escalate, the buyer before the system does")


def claim_clocks(version: RuleVersion) -> ClaimClocks:
    """The numbers of a version of a claim's clocks. Refuses a version of another kind with TypeError.

    What was read is remembered by the version's source: every claim that is opened asks for the same.
    """
    if version.kind is not RuleKind.CLAIM_CLOCKS:
        raise TypeError(f"{version.key} is not about a claim's clocks")
    key = (version.id, version.digest)
    clocks = _READ.get(key)
    if clocks is None:
        if len(_READ) >= READ_MAX:
            _READ.clear()
        clocks = _READ[key] = terms.read(ClaimClocks, {"version": str(version.id), **version.body})
    return clocks


READ_MAX: Final = 1_000
"""Versions kept as read: more than any process meets, and small."""

_READ: dict[tuple[str, str], ClaimClocks] = {}


def deadlines(version: RuleVersion, opened_at: datetime, calendar: Calendar) -> Deadlines:
    """The clocks of a claim opened at `opened_at`: to answer, and to escalate by buyer and by system."""
    clocks = claim_clocks(version)
    return Deadlines(
        version.id,
        answer_due_at(clocks, opened_at, calendar),
        buyer_may_escalate_at(clocks, opened_at, calendar),
        escalates_at(clocks, opened_at, calendar),
    )


def answer_due_at(clocks: ClaimClocks, opened_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which the liable party's answer is in time."""
    return dates.day_deadline(opened_at, clocks.answer_days, calendar)


def buyer_may_escalate_at(clocks: ClaimClocks, opened_at: datetime, calendar: Calendar) -> datetime:
    """The first instant at which the buyer may take an unanswered claim to the marketplace."""
    return dates.start_of_day_after(opened_at, clocks.buyer_may_escalate_on_day, calendar)


def escalates_at(clocks: ClaimClocks, opened_at: datetime, calendar: Calendar) -> datetime:
    """The first instant of the day on which an unanswered claim escalates by itself."""
    return dates.start_of_day_after(opened_at, clocks.system_escalates_on_day, calendar)


def decide_due_at(clocks: ClaimClocks, escalated_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which the staff's decision is in time; after it the claim is decided on the file."""
    return dates.working_day_deadline(escalated_at, clocks.decide_working_days, calendar)


def evidence_due_at(clocks: ClaimClocks, escalated_at: datetime, calendar: Calendar) -> datetime:
    """The last instant for evidence after escalation."""
    return dates.day_deadline(escalated_at, clocks.evidence_days, calendar)


def silence_of_party(clocks: ClaimClocks, reason: ClaimReason) -> Silence:
    """What the liable party's silence means for a claim of that reason."""
    return clocks.silence_by_reason.get(reason, clocks.silence)
