"""Listing checks: what a listed service must not be, and what follows when it is not put right (`domain.md` 2.7, 2.8).

A service is looked at whenever its words or lanes change, when a booking is charged, and when somebody asks. What is
found becomes a flag with its reasons and a deadline:

    OPEN ── the next look finds nothing ──> CORRECTED          OPEN, ENFORCED ── dismiss (the desk) ──> DISMISSED
    OPEN ── deadline passed ──> ENFORCED ── the next look finds nothing (unless the service is gone) ──> CORRECTED

Causes: contact outside the marketplace in the texts; words and ways of another category than the service's mode; the
same card on the same lane twice; rates that are quoted below what is charged. Words live here and in
`domain/off_platform.py`; days, consequences, word lists and thresholds are data (`storage/rulebook/listings.toml`).

Laws: a service has at most one standing flag per cause; a look changes nothing but flags; a consequence is decided by
the version that raised the flag, recorded with its tree and with the violation it counts as; what was enforced goes
when it is put right, except a removal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, off_platform, terms
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.dates import Calendar, rfc3339
from domain.errors import Refused
from domain.explain import Finding, every, unmet
from domain.ids import ChargeCheckId, DecisionId, LaneId, ListingFlagId, ProviderId, RuleVersionId, ServiceId
from domain.lanes import Lane
from domain.modes import ServiceMode
from domain.money import Money
from domain.moves import Move, require
from domain.off_platform import ContactWords
from domain.penalties import Violation
from domain.rulebook import RuleKind, RuleVersion
from domain.services import Service
from domain.terms import BasisPoints, Count, Days

LISTING_RULE: Final = "listings"
"""The key of the rule about listings."""

PLACE_LETTERS: Final = len("CNSHA")
"""A key of a place of UN/LOCODE."""


class ListingCause(StrEnum):
    """What is wrong with a listing."""

    OFF_PLATFORM_CONTACT = "OFF_PLATFORM_CONTACT"
    """Its texts lead buyers to addresses, numbers or chats outside the marketplace."""
    WRONG_CATEGORY = "WRONG_CATEGORY"
    """Its words or lanes are those of another mode."""
    DUPLICATE_LANES = "DUPLICATE_LANES"
    """The provider sells the same on the same lanes already."""
    BAIT_RATE = "BAIT_RATE"
    """Bookings are charged above what was quoted, again and again."""


class Consequence(StrEnum):
    """What follows when nobody puts it right in time."""

    OFF_SHELF = "OFF_SHELF"
    """The service is paused and cannot be listed before it is put right."""
    LANES_OFF_SALE = "LANES_OFF_SALE"
    """The lanes in question are off sale until it is put right."""
    REMOVED = "REMOVED"
    """The service is removed."""


class FlagState(StrEnum):
    """Where a flag stands."""

    OPEN = "OPEN"
    """To be put right until its deadline."""
    CORRECTED = "CORRECTED"
    """Put right."""
    DISMISSED = "DISMISSED"
    """The desk found nothing wrong."""
    ENFORCED = "ENFORCED"
    """Not put right in time: the consequence stands."""


class FlagAction(StrEnum):
    """What can be done with a flag; the value is the mutation's name in capitals."""

    CORRECT_LISTING = "CORRECT_LISTING"
    """correctListing: the provider has put it right, and it is looked at again."""
    DISMISS_LISTING_FLAG = "DISMISS_LISTING_FLAG"
    """dismissListingFlag: the desk finds nothing wrong."""


# -- the numbers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CauseTerms:
    """How long there is to put a cause right, what follows from silence, and which violation it counts as, if any."""

    correction_days: Days
    consequence: Consequence
    violation: Violation | None = None


@dataclass(frozen=True, slots=True)
class BaitTerms:
    """When charges are a bait: how many and which share of them exceed the quote by more than the tolerance."""

    tolerance_bp: BasisPoints
    cases_least: Count
    share_bp: BasisPoints
    window_days: Days


@dataclass(frozen=True, slots=True)
class CategoryTerms:
    """The words of each mode, how much more a title counts, how many mentions of another mode are too many.

    Modes in `ways_between_places` go between places: a lane from a place to itself is none.
    """

    title_weight: Count
    mentions_least: Count
    ways_between_places: frozenset[ServiceMode]
    words: Mapping[ServiceMode, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ListingTerms:
    """The numbers and words of one version of the listing checks. `version` is that version's id."""

    version: str
    causes: Mapping[ListingCause, CauseTerms]
    bait: BaitTerms
    category: CategoryTerms
    contact: ContactWords

    def __post_init__(self) -> None:
        if self.causes.keys() != set(ListingCause):
            raise ValueError("every cause has its days and its consequence")
        if self.category.words.keys() != set(ServiceMode):
            raise ValueError("every mode has its words")


def listing_terms(version: RuleVersion) -> ListingTerms:
    """The numbers of a version of the listing checks. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.LISTINGS:
        raise TypeError(f"{version.key} is not the rule about listings")
    return terms.of(ListingTerms, version)


# -- looking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Charge:
    """What a booking was quoted and what it was charged, in one currency."""

    quoted: Money
    charged: Money


@dataclass(frozen=True, slots=True)
class ChargeCheck:
    """The record of such a comparison. `reference` is the booking."""

    id: ChargeCheckId
    service_id: ServiceId
    reference: str
    quoted: Money
    charged: Money
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """What of a service the checks look at."""

    mode: ServiceMode
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Twin:
    """A lane of the service, and an older service of the provider that sells the same on it."""

    lane_id: LaneId
    origin_key: str
    destination_key: str
    service_id: ServiceId


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One cause with everything that speaks for it; `lane_ids` are the lanes it is about, none: the whole service."""

    cause: ListingCause
    findings: tuple[Finding, ...]
    lane_ids: tuple[LaneId, ...] = ()


def card(service: Service) -> Card:
    """What of the service the checks look at."""
    return Card(service.mode, service.title, service.description)


def suspicions(
    rule: ListingTerms,
    shown: Card,
    lanes: Sequence[Lane] = (),
    twins: Sequence[Twin] = (),
    charges: Sequence[Charge] = (),
) -> tuple[Suspicion, ...]:
    """Everything that is wrong with the listing, by cause; empty if nothing is.

    `lanes` are its active lanes, `twins` those on which the provider sells the same already, `charges` the comparisons
    since its prices last changed, within the window.
    """
    found = (
        Suspicion(ListingCause.OFF_PLATFORM_CONTACT, tuple(_contacts(rule, shown))),
        Suspicion(ListingCause.WRONG_CATEGORY, (*_category(rule, shown), *_ways(rule, shown, lanes))),
        Suspicion(
            ListingCause.DUPLICATE_LANES,
            tuple(_twin(rule, twin) for twin in twins),
            tuple(dict.fromkeys(twin.lane_id for twin in twins)),
        ),
        Suspicion(ListingCause.BAIT_RATE, tuple(_bait(rule, charges))),
    )
    return tuple(suspicion for suspicion in found if suspicion.findings)


def _contacts(rule: ListingTerms, shown: Card) -> Iterator[Finding]:
    for field, text in (("title", shown.title), ("description", shown.description)):
        for contact in off_platform.contacts(text, rule.contact):
            inputs = {"field": field, "kind": contact.kind.value, "excerpt": contact.excerpt}
            yield Finding("listing.contact", False, "listing_has_no_contact", inputs, rule.version)


def _category(rule: ListingTerms, shown: Card) -> Iterator[Finding]:
    terms_, mentions = rule.category, _mentions(rule.category, shown)
    if mentions[shown.mode]:
        return
    other = max(mentions, key=lambda mode: mentions[mode])
    if mentions[other] >= terms_.mentions_least:
        inputs = {"mode": shown.mode.value, "looksLike": other.value, "mentions": mentions[other]}
        yield Finding("listing.category", False, "listing_words_fit_mode", inputs, rule.version)


def _mentions(rule: CategoryTerms, shown: Card) -> dict[ServiceMode, int]:
    """How often each mode's words stand in the texts, a title's counting more. Equal counts keep the modes' order."""
    title, description = shown.title.lower(), shown.description.lower()
    return {
        mode: sum(_count(word, title) * rule.title_weight + _count(word, description) for word in rule.words[mode])
        for mode in ServiceMode
    }


def _count(word: str, text: str) -> int:
    return len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text))


def _ways(rule: ListingTerms, shown: Card, lanes: Sequence[Lane]) -> Iterator[Finding]:
    if shown.mode not in rule.category.ways_between_places:
        return
    for lane in lanes:
        if lane.origin_key == lane.destination_key and len(lane.origin_key) == PLACE_LETTERS:
            inputs = {"mode": shown.mode.value, "place": lane.origin_key, "laneId": str(lane.id)}
            yield Finding("listing.way", False, "listing_lane_goes_somewhere", inputs, rule.version)


def _twin(rule: ListingTerms, twin: Twin) -> Finding:
    inputs = {"origin": twin.origin_key, "destination": twin.destination_key, "other": str(twin.service_id)}
    return Finding("listing.twin", False, "listing_lane_sold_once", inputs, rule.version)


def _bait(rule: ListingTerms, charges: Sequence[Charge]) -> Iterator[Finding]:
    bait = rule.bait
    over = sum(charge.charged.minor * 10_000 > charge.quoted.minor * (10_000 + bait.tolerance_bp) for charge in charges)
    if over >= bait.cases_least and over * 10_000 >= len(charges) * bait.share_bp:
        inputs = {"over": over, "bookings": len(charges), "toleranceBp": bait.tolerance_bp, "shareBp": bait.share_bp}
        yield Finding("listing.bait", False, "listing_charges_what_it_quotes", inputs, rule.version)


@dataclass(frozen=True, slots=True)
class ListingGiven:
    """A listing as an example case tells it."""

    mode: ServiceMode
    title: str
    description: str
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class ListingFound:
    """What is wrong with it."""

    causes: tuple[ListingCause, ...]
    contacts: tuple[str, ...]


def judge(rule: ListingTerms, given: ListingGiven) -> ListingFound:
    """What the checks find in an example."""
    found = suspicions(rule, Card(given.mode, given.title, given.description), charges=given.charges)
    kinds = [
        str(finding.inputs["kind"])
        for suspicion in found
        for finding in suspicion.findings
        if finding.rule == "listing.contact"
    ]
    return ListingFound(tuple(suspicion.cause for suspicion in found), tuple(kinds))


# -- flags -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListingFlag:
    """One cause that a service was flagged for. `due_at` is the last instant to put it right.

    `consequence` and `violation` are those of the version that raised it; `decision_id` explains what was enforced.
    """

    id: ListingFlagId
    provider_id: ProviderId
    service_id: ServiceId
    lane_ids: tuple[LaneId, ...]
    cause: ListingCause
    state: FlagState
    findings: tuple[Finding, ...]
    rule_version_id: RuleVersionId
    consequence: Consequence
    violation: Violation | None
    decision_id: DecisionId | None
    reason: str | None
    raised_at: datetime
    due_at: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class CheckListing:
    """The wish that a service is looked at now."""

    service_id: ServiceId


@dataclass(frozen=True, slots=True)
class CorrectListing:
    """The word of a provider that a flag's cause is put right."""

    flag_id: ListingFlagId


@dataclass(frozen=True, slots=True)
class DismissListingFlag:
    """The desk's wish to drop a flag, and why."""

    flag_id: ListingFlagId
    reason: str


def raise_flag(
    service: Service, suspicion: Suspicion, rule: ListingTerms, calendar: Calendar, *, id: ListingFlagId, at: datetime
) -> Change[ListingFlag]:
    """The service is flagged for that cause, to be put right within the rule's days."""
    cause = rule.causes[suspicion.cause]
    flag = ListingFlag(
        id=id,
        provider_id=service.provider_id,
        service_id=service.id,
        lane_ids=suspicion.lane_ids,
        cause=suspicion.cause,
        state=FlagState.OPEN,
        findings=suspicion.findings,
        rule_version_id=RuleVersionId(rule.version),
        consequence=cause.consequence,
        violation=cause.violation,
        decision_id=None,
        reason=None,
        raised_at=at,
        due_at=dates.day_deadline(at, cause.correction_days, calendar),
        ended_at=None,
        version=1,
    )
    return Change(None, flag, (Happening("listing.flagged", _facts(flag) | {"dueAt": rfc3339(flag.due_at)}),))


def look_again(flag: ListingFlag, suspicion: Suspicion) -> Change[ListingFlag] | None:
    """The standing flag with what speaks for it now; None where that is the same. Its deadline stays."""
    if (flag.findings, flag.lane_ids) == (suspicion.findings, suspicion.lane_ids):
        return None
    after = replace(flag, findings=suspicion.findings, lane_ids=suspicion.lane_ids, version=flag.version + 1)
    return Change(flag, after, (Happening("listing.seen_again", _facts(after)),))


def moves(flag: ListingFlag, caller: Caller) -> tuple[Move, ...]:
    """Every action on the flag for that caller, each with all that stands in its way."""
    own = caller.is_operator or caller.party_id == flag.provider_id
    stands = Finding("listing_flag.state", _stands(flag), "listing_flag_stands", {"state": flag.state.value})
    return (
        Move(
            FlagAction.CORRECT_LISTING.value,
            unmet(
                (Finding("listing_flag.role", own and may(caller, "correctListing"), "listing_flag_is_yours"), stands)
            ),
        ),
        Move(
            FlagAction.DISMISS_LISTING_FLAG.value,
            unmet((Finding("listing_flag.role", may(caller, "dismissListingFlag"), "listing_flag_for_desk"), stands)),
        ),
    )


def require_corrected(left: Suspicion | None) -> None:
    """Returns if nothing is left of a flag's cause. Otherwise refuses with everything that still speaks for it."""
    if left is not None:
        raise Refused("listing_flag.correct", "It is not put right yet.", left.findings)


def correct_listing(flag: ListingFlag, *, at: datetime) -> Change[ListingFlag]:
    """Nothing is wrong any more; what was enforced goes. Refuses (ValueError) a flag that does not stand."""
    return _end(flag, FlagState.CORRECTED, "listing.corrected", None, at)


def dismiss_listing_flag(flag: ListingFlag, reason: str, caller: Caller, *, at: datetime) -> Change[ListingFlag]:
    """The desk found nothing wrong. Refuses, with every reason, what `moves` blocks."""
    require(moves(flag, caller), FlagAction.DISMISS_LISTING_FLAG.value, "listing_flag.dismiss")
    return _end(flag, FlagState.DISMISSED, "listing.dismissed", reason, at)


def close_flag(flag: ListingFlag, *, at: datetime) -> Change[ListingFlag]:
    """The service is gone, and with it what was wrong. Refuses (ValueError) a flag that does not stand."""
    return _end(flag, FlagState.CORRECTED, "listing.corrected", "the service was removed", at)


def enforcement(flag: ListingFlag) -> Finding:
    """The tree that explains why the consequence follows."""
    return every("listing.enforce", "listing_put_right", flag.findings, version=flag.rule_version_id)


def enforce_flag(flag: ListingFlag, decision_id: DecisionId, *, at: datetime) -> Change[ListingFlag]:
    """Nobody put it right in time: the consequence stands. Refuses (ValueError) a flag that is not open."""
    if flag.state is not FlagState.OPEN:
        raise ValueError(f"{flag.id} is {flag.state}")
    after = replace(flag, state=FlagState.ENFORCED, decision_id=decision_id, ended_at=at, version=flag.version + 1)
    facts = _facts(after) | {"consequence": after.consequence.value, "violation": after.violation}
    return Change(flag, after, (Happening("listing.enforced", facts),))


def stands(flag: ListingFlag) -> bool:
    """Whether it can still be put right: open, or enforced short of a removal."""
    return _stands(flag)


def _stands(flag: ListingFlag) -> bool:
    enforced = flag.state is FlagState.ENFORCED and flag.consequence is not Consequence.REMOVED
    return flag.state is FlagState.OPEN or enforced


def _end(flag: ListingFlag, state: FlagState, name: str, reason: str | None, at: datetime) -> Change[ListingFlag]:
    if not _stands(flag):
        raise ValueError(f"{flag.id} is {flag.state}")
    after = replace(flag, state=state, reason=reason, ended_at=at, version=flag.version + 1)
    return Change(flag, after, (Happening(name, _facts(after)),))


def _facts(flag: ListingFlag) -> dict[str, Fact]:
    return {"service": flag.service_id, "provider": flag.provider_id, "cause": flag.cause.value}
