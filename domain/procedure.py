"""The procedure of a claim: who must act by when, and what silence means (`domain.md` 6.6).

A profile is a rule of `storage/rulebook/clocks/`, shipped in four kinds: between businesses, and as three large
marketplaces have it. A marketplace chooses one (`domain/tenants.py`). Laws: the version in force when the claim is
opened governs; the day on which a clock starts is day 0; a period of days ends with the last microsecond of its last
day, one of hours exactly; a right that opens after a period begins with the instant after its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.claims import ClaimReason, Deadlines
from domain.dates import Calendar
from domain.guarantees import DEADLINES, Unit
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count, Days, Span


class Silence(StrEnum):
    """What follows when the party that must answer does not."""

    AUTO_GRANT = "AUTO_GRANT"
    """The claim is granted as it was made."""
    ESCALATE = "ESCALATE"
    """The marketplace decides."""
    CLOSE = "CLOSE"
    """The claim is closed."""


@dataclass(frozen=True, slots=True)
class Period:
    """So many hours, days or working days of the marketplace's own calendar."""

    within: Span
    unit: Unit

    def end(self, start: datetime, calendar: Calendar) -> datetime:
        """Its last instant."""
        return DEADLINES[self.unit](start, self.within, calendar)

    def after(self, start: datetime, calendar: Calendar) -> datetime:
        """The first instant behind it."""
        return self.end(start, calendar) + dates.MICROSECOND


@dataclass(frozen=True, slots=True)
class ClaimClocks:
    """The numbers of one version of a claim's clocks. `version` is that version's id.

    After `buyer_waits` the buyer may take an unanswered claim to the marketplace; after `silence_after` silence has its
    consequence: `silence`, or `silence_by_reason` where a reason differs; a claimant silent about evidence has its own
    word. Staff silent about a decision let the claim be decided on its file.
    """

    version: str
    answer: Period
    buyer_waits: Period
    silence_after: Period
    decide: Period
    evidence: Period
    appeal: Period
    appeals: Count
    file_days: Days
    silence: Silence
    silence_of_claimant: Silence
    silence_by_reason: Mapping[ClaimReason, Silence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for before, behind in ((self.answer, self.silence_after), (self.buyer_waits, self.silence_after)):
            if before.unit is behind.unit and before.within > behind.within:
                raise ValueError("silence has its consequence when the time to answer is over, not before")


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
    return clocks.answer.end(opened_at, calendar)


def buyer_may_escalate_at(clocks: ClaimClocks, opened_at: datetime, calendar: Calendar) -> datetime:
    """The first instant at which the buyer may take an unanswered claim to the marketplace."""
    return clocks.buyer_waits.after(opened_at, calendar)


def escalates_at(clocks: ClaimClocks, opened_at: datetime, calendar: Calendar) -> datetime:
    """The first instant at which silence has had its consequence for an unanswered claim."""
    return clocks.silence_after.after(opened_at, calendar)


def decide_due_at(clocks: ClaimClocks, escalated_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which the staff's decision is in time; after it the claim is decided on the file."""
    return clocks.decide.end(escalated_at, calendar)


def evidence_due_at(clocks: ClaimClocks, escalated_at: datetime, calendar: Calendar) -> datetime:
    """The last instant for evidence after escalation."""
    return clocks.evidence.end(escalated_at, calendar)


def silence_of_party(clocks: ClaimClocks, reason: ClaimReason) -> Silence:
    """What the liable party's silence means for a claim of that reason."""
    return clocks.silence_by_reason.get(reason, clocks.silence)
