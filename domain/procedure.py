"""The procedure of a claim: who must act by when, and what silence means (`domain.md` 6.6).

A profile is a rule of `storage/rulebook/clocks/`, shipped in four kinds: between businesses, and as three large
marketplaces have it. A marketplace chooses one (`domain/tenants.py`). Laws: the version in force when the claim is
opened governs; the day on which a clock starts is day 0; a period of days ends with the last microsecond of its last
day, one of hours exactly; a right that opens after a period begins with the instant after its end.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.claims import REASONS, ClaimReason, Deadlines, Escalation, Silence
from domain.clocks import Duty
from domain.dates import UTC_DAYS, Calendar
from domain.explain import Finding, unmet
from domain.guarantees import DEADLINES, Unit
from domain.orders import Order
from domain.rulebook import RuleKind, RuleVersion
from domain.shipments import Shipment
from domain.terms import Count, Days, Span


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
class Contact:
    """Before it claims, the buyer must have told the party of its trouble, and waited where `waits` says how long."""

    waits: Period | None = None


class Anchor(StrEnum):
    """What the time to file is counted from, for the lines that are claimed for."""

    PROMISED = "PROMISED"
    """The latest promised day, or the latest estimate where no day was promised."""
    DISPATCHED = "DISPATCHED"
    """The last shipment was picked up."""
    RECEIVED = "RECEIVED"
    """The last delivery."""
    EXPECTED_OR_RECEIVED = "EXPECTED_OR_RECEIVED"
    """The last delivery or, where nothing came, the promised day."""
    ENDED = "ENDED"
    """The sale was over."""


@dataclass(frozen=True, slots=True)
class Filing:
    """When a claim for one of those reasons can be filed, beside the window of its cover.

    From the end of `earliest` after `opens`; until the end of `latest` after `closes`. What has not happened yet opens
    nothing and closes nothing. `at_once_below` opens it at once where less than so many days were promised between
    dispatch and delivery.
    """

    reasons: tuple[ClaimReason, ...]
    opens: Anchor | None = None
    earliest: Period | None = None
    closes: Anchor | None = None
    latest: Period | None = None
    at_once_below: Days | None = None

    def __post_init__(self) -> None:
        if (self.opens is None) != (self.earliest is None) or (self.closes is None) != (self.latest is None):
            raise ValueError("a time to file is counted from something")


@dataclass(frozen=True, slots=True)
class FilingFacts:
    """What the time to file is counted from, as recorded for the lines that are claimed for."""

    promised_at: datetime | None = None
    dispatched_at: datetime | None = None
    received_at: datetime | None = None
    ended_at: datetime | None = None
    contacted_at: datetime | None = None

    def at(self, anchor: Anchor) -> datetime | None:
        """The instant of that anchor; None where it has not come."""
        return ANCHORS[anchor](self)


ANCHORS: Final[Mapping[Anchor, Callable[[FilingFacts], datetime | None]]] = {
    Anchor.PROMISED: lambda facts: facts.promised_at,
    Anchor.DISPATCHED: lambda facts: facts.dispatched_at,
    Anchor.RECEIVED: lambda facts: facts.received_at,
    Anchor.EXPECTED_OR_RECEIVED: lambda facts: facts.received_at or facts.promised_at,
    Anchor.ENDED: lambda facts: facts.ended_at,
}
assert ANCHORS.keys() == set(Anchor)


@dataclass(frozen=True, slots=True)
class ClaimClocks:
    """The numbers of one version of a claim's clocks. `version` is that version's id.

    After `buyer_waits` the buyer may take an unanswered claim to the marketplace; after `silence_after` silence has its
    consequence: `silence`, or `silence_by_reason` where a reason differs; a claimant silent about evidence has its own
    word. Staff silent about a decision let the claim be decided on its file.

    An offer is answered within `offer`, a negotiation settled within `negotiate`; without either, the time is that of
    `silence_after`. Staff take up a claim within `take_up`, which begins the round of evidence; without it there is no
    such round. After a remedy that failed the buyer may reopen within `reopen`; without it never. `contact` is what a
    buyer does before it claims, `filing` when reasons can be filed.
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
    offer: Period | None = None
    negotiate: Period | None = None
    take_up: Period | None = None
    reopen: Period | None = None
    contact: Contact | None = None
    filing: tuple[Filing, ...] = ()

    def __post_init__(self) -> None:
        for before, behind in ((self.answer, self.silence_after), (self.buyer_waits, self.silence_after)):
            if before.unit is behind.unit and before.within > behind.within:
                raise ValueError("silence has its consequence when the time to answer is over, not before")
        filed = [reason for filing in self.filing for reason in filing.reasons]
        if len(set(filed)) != len(filed):
            raise ValueError("each reason has one time to file")


def claim_clocks(version: RuleVersion) -> ClaimClocks:
    """The numbers of a version of a claim's clocks. Refuses a version of another kind with TypeError.

    What was read is remembered by the version's source: every claim that is opened asks for the same.
    """
    if version.kind is not RuleKind.CLAIM_CLOCKS:
        raise TypeError(f"{version.key} is not about a claim's clocks")
    return terms.of(ClaimClocks, version)


def deadlines(version: RuleVersion, reason: ClaimReason, opened_at: datetime, calendar: Calendar) -> Deadlines:
    """The clocks of a claim opened then: to answer, to escalate by buyer and by system, and what silence means."""
    clocks = claim_clocks(version)
    return Deadlines(
        version.id,
        answer_due_at(clocks, opened_at, calendar),
        buyer_may_escalate_at(clocks, opened_at, calendar),
        escalates_at(clocks, opened_at, calendar),
        silence_of_party(clocks, reason),
        clocks.silence_of_claimant,
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


def offer_lapses_at(clocks: ClaimClocks, made_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which an offer can be accepted."""
    return (clocks.offer or clocks.silence_after).end(made_at, calendar)


def negotiation_ends_at(clocks: ClaimClocks, began_at: datetime, calendar: Calendar) -> datetime:
    """The last instant for the two sides to settle."""
    return (clocks.negotiate or clocks.silence_after).end(began_at, calendar)


def escalation(clocks: ClaimClocks, reason: ClaimReason, escalated_at: datetime, calendar: Calendar) -> Escalation:
    """What a claim that goes to the marketplace waits for: to be taken up or, without evidence, to be decided."""
    if clocks.take_up is None or REASONS[reason].proven_by_facts:
        return Escalation(Duty.DECIDE_CLAIM, decide_due_at(clocks, escalated_at, calendar))
    return Escalation(Duty.TAKE_UP_CLAIM, clocks.take_up.end(escalated_at, calendar))


def decide_due_at(clocks: ClaimClocks, escalated_at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which the staff's decision is in time; after it the claim is decided on the file."""
    return clocks.decide.end(escalated_at, calendar)


def evidence_due_at(clocks: ClaimClocks, taken_up_at: datetime, calendar: Calendar) -> datetime:
    """The last instant for evidence after the claim was taken up."""
    return clocks.evidence.end(taken_up_at, calendar)


def appealable_until(clocks: ClaimClocks, decided_at: datetime, calendar: Calendar) -> datetime | None:
    """The last instant to appeal; None where nobody can."""
    return clocks.appeal.end(decided_at, calendar) if clocks.appeals else None


def reopenable_until(clocks: ClaimClocks, failed_at: datetime, calendar: Calendar) -> datetime | None:
    """The last instant to reopen after a remedy that failed; None where nobody can."""
    return None if clocks.reopen is None else clocks.reopen.end(failed_at, calendar)


def silence_of_party(clocks: ClaimClocks, reason: ClaimReason) -> Silence:
    """What the liable party's silence means for a claim of that reason."""
    return clocks.silence_by_reason.get(reason, clocks.silence)


def filing_facts(
    order: Order, shipments: Iterable[Shipment], contacted_at: datetime | None, line_ids: Collection[str] = ()
) -> FilingFacts:
    """What the time to file is counted from, for those lines of the order; none named: for all."""
    lines = [line for line in order.lines if not line_ids or line.id in line_ids]
    carrying = {line.shipment_id for line in lines}
    carried = [shipment for shipment in shipments if shipment.id in carrying]
    promised = [line.promised_at for line in lines if line.promised_at is not None]
    promised = promised or [shipment.eta_at for shipment in carried if shipment.eta_at is not None]
    return FilingFacts(
        promised_at=max(promised, default=None),
        dispatched_at=max((each.picked_up_at for each in carried if each.picked_up_at is not None), default=None),
        received_at=max((line.delivered_at for line in lines if line.delivered_at is not None), default=None),
        ended_at=order.completed_at,
        contacted_at=contacted_at,
    )


# -- before a claim ----------------------------------------------------------------------------------------------------


def fileable(
    clocks: ClaimClocks, reason: ClaimReason, facts: FilingFacts, at: datetime, calendar: Calendar
) -> tuple[Finding, ...]:
    """Whether a claim for the reason can be filed at `at` by the profile: the buyer told the party, and it is time."""
    findings = [_contacted(clocks, clocks.contact, facts, at, calendar)] if clocks.contact is not None else []
    findings += [
        finding
        for filing in clocks.filing
        if reason in filing.reasons
        for finding in (_opened(clocks, filing, facts, at, calendar), _not_closed(clocks, filing, facts, at, calendar))
        if finding is not None
    ]
    return tuple(findings)


def _contacted(clocks: ClaimClocks, contact: Contact, facts: FilingFacts, at: datetime, calendar: Calendar) -> Finding:
    told = facts.contacted_at
    opens_at = told if told is None or contact.waits is None else contact.waits.after(told, calendar)
    opens = None if opens_at is None else dates.rfc3339(opens_at)
    return Finding(
        "claim.contact",
        opens_at is not None and opens_at <= at,
        "claim_party_was_told",
        {"contactedAt": None if told is None else dates.rfc3339(told), "opensAt": opens},
        clocks.version,
        opens_at=opens,
    )


def _opened(
    clocks: ClaimClocks, filing: Filing, facts: FilingFacts, at: datetime, calendar: Calendar
) -> Finding | None:
    if filing.opens is None or filing.earliest is None:
        return None
    since = facts.at(filing.opens)
    opens_at = None if since is None else filing.earliest.after(since, calendar)
    if filing.at_once_below is not None and facts.dispatched_at is not None and facts.promised_at is not None:
        most = dates.day_deadline(facts.dispatched_at, filing.at_once_below, calendar)
        opens_at = facts.dispatched_at if facts.promised_at < most else opens_at
    opens = None if opens_at is None else dates.rfc3339(opens_at)
    return Finding(
        "claim.filing_opens",
        opens_at is not None and opens_at <= at,
        "claim_filing_has_opened",
        {"from": filing.opens.value, "opensAt": opens},
        clocks.version,
        opens_at=opens,
    )


def _not_closed(
    clocks: ClaimClocks, filing: Filing, facts: FilingFacts, at: datetime, calendar: Calendar
) -> Finding | None:
    if filing.closes is None or filing.latest is None:
        return None
    since = facts.at(filing.closes)
    closes_at = None if since is None else filing.latest.end(since, calendar)
    closes = None if closes_at is None else dates.rfc3339(closes_at)
    return Finding(
        "claim.filing_closes",
        closes_at is None or at <= closes_at,
        "claim_filing_still_open",
        {"from": filing.closes.value, "closesAt": closes},
        clocks.version,
        closes_at=closes,
    )


# -- the examples of a version -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClaimGiven:
    """A claim is opened, and perhaps goes further; `promised_at` and the like are what the time to file counts from."""

    opened_at: datetime
    reason: ClaimReason
    escalated_at: datetime | None = None
    taken_up_at: datetime | None = None
    decided_at: datetime | None = None
    failed_at: datetime | None = None
    offered_at: datetime | None = None
    promised_at: datetime | None = None
    dispatched_at: datetime | None = None
    received_at: datetime | None = None
    ended_at: datetime | None = None
    contacted_at: datetime | None = None
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class ClaimFound:
    """Its deadlines, what the liable party's silence means, and what stands in the way of filing it then."""

    answer_due_at: datetime
    buyer_may_escalate_at: datetime
    escalates_at: datetime
    waits_for: Duty | None
    escalation_due_at: datetime | None
    decide_due_at: datetime | None
    evidence_due_at: datetime | None
    offer_lapses_at: datetime | None
    negotiation_ends_at: datetime | None
    appealable_until: datetime | None
    reopenable_until: datetime | None
    silence: Silence
    silence_of_claimant: Silence
    unmet: tuple[str, ...]


def judge(rule: ClaimClocks, given: ClaimGiven) -> ClaimFound:
    """What the version says of that example."""
    days, escalated_at, taken_up_at = given.calendar, given.escalated_at, given.taken_up_at
    goes = None if escalated_at is None else escalation(rule, given.reason, escalated_at, days)
    offered_at, decided_at, failed_at = given.offered_at, given.decided_at, given.failed_at
    facts = FilingFacts(given.promised_at, given.dispatched_at, given.received_at, given.ended_at, given.contacted_at)
    return ClaimFound(
        answer_due_at=answer_due_at(rule, given.opened_at, days),
        buyer_may_escalate_at=buyer_may_escalate_at(rule, given.opened_at, days),
        escalates_at=escalates_at(rule, given.opened_at, days),
        waits_for=None if goes is None else goes.duty,
        escalation_due_at=None if goes is None else goes.due_at,
        decide_due_at=None if escalated_at is None else decide_due_at(rule, escalated_at, days),
        evidence_due_at=None if taken_up_at is None else evidence_due_at(rule, taken_up_at, days),
        offer_lapses_at=None if offered_at is None else offer_lapses_at(rule, offered_at, days),
        negotiation_ends_at=None if offered_at is None else negotiation_ends_at(rule, offered_at, days),
        appealable_until=None if decided_at is None else appealable_until(rule, decided_at, days),
        reopenable_until=None if failed_at is None else reopenable_until(rule, failed_at, days),
        silence=silence_of_party(rule, given.reason),
        silence_of_claimant=rule.silence_of_claimant,
        unmet=tuple(each.reason for each in unmet(fileable(rule, given.reason, facts, given.opened_at, days))),
    )
