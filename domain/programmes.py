"""Programmes: under which conditions a party may stand for a guarantee or a bundle of them (`domain.md` 2.3, 6.5).

    OFFERED ── offerGuarantee ──> APPLIED ── admitGuarantee ──> ACTIVE      (where the desk looks at it first)
    OFFERED ── offerGuarantee ──> ACTIVE                                    (where it does not)

The life behind it is an enrolment's (`domain/enrolments.py`). Laws: conditions are rule data, one programme per rule of
a guarantee, with a default for those that nobody wrote down; `entry` is the one function that an offer is refused by
and that explains beforehand what is missing; whoever leaves stands for what is bought until its notice is over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.countries import COUNTRIES
from domain.dates import UTC_DAYS, Calendar
from domain.explain import Finding, Input, unmet
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count, Days

RULE: Final = "programmes"
"""The key of the rule about programmes."""


class ProgrammeParty(StrEnum):
    """What sort of party may stand for a guarantee."""

    SUPPLIER = "SUPPLIER"
    """Who sells goods."""
    PROVIDER = "PROVIDER"
    """Who carries goods or serves machines."""


NONE: Final = Count(0)


@dataclass(frozen=True, slots=True)
class Programme:
    """The conditions of one programme.

    `markets` are the countries in which it runs, none: everywhere. With `review` the desk looks at each party before it
    is admitted. `service_points` is how many the party keeps in each market it offers the guarantee in.
    """

    parties: tuple[ProgrammeParty, ...]
    review: bool
    notice_days: Days
    markets: tuple[str, ...] = ()
    service_points: Count = NONE

    def __post_init__(self) -> None:
        if not self.parties:
            raise ValueError("somebody may stand for a guarantee")
        if unknown := sorted(set(self.markets) - COUNTRIES):
            raise ValueError(f"{', '.join(unknown)} is no country")


@dataclass(frozen=True, slots=True)
class ProgrammeTerms:
    """The numbers of one version of the rule about programmes: one for each key of a rule, and the default."""

    version: str
    default: Programme
    programmes: Mapping[str, Programme]

    def of(self, rule_key: str) -> Programme:
        """The programme of that guarantee or bundle."""
        return self.programmes.get(rule_key, self.default)


@dataclass(frozen=True, slots=True)
class EntryGiven:
    """A party wants to stand for a rule's promise in those markets, with so many service points in each."""

    rule_key: str
    party: ProgrammeParty
    markets: tuple[str, ...] = ()
    points: Mapping[str, Count] = field(default_factory=dict)
    left_at: datetime | None = None
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class EntryFound:
    """What is missing, whether the desk looks at it, and when a notice given at `left_at` is over."""

    unmet: tuple[str, ...]
    review: bool
    ends_at: datetime | None


def programme_terms(version: RuleVersion) -> ProgrammeTerms:
    """The numbers of a version of the rule about programmes. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.PROGRAMMES:
        raise TypeError(f"{version.key} is not the rule about programmes")
    return terms.of(ProgrammeTerms, version)


def entry(
    rule: ProgrammeTerms,
    rule_key: str,
    party: ProgrammeParty,
    markets: Iterable[str],
    points: Mapping[str, int],
) -> tuple[Finding, ...]:
    """Every condition of the programme for that party in those markets, met or not.

    `points` counts the party's service points in each market. Where the programme runs in some markets only, or needs
    service points, the party names the markets that it wants to offer the guarantee in.
    """
    programme, wanted = rule.of(rule_key), sorted(set(markets))
    outside = [market for market in wanted if programme.markets and market not in programme.markets]
    named = bool(wanted) or not (programme.markets or programme.service_points)
    findings = [
        Finding(
            "programme.party",
            party in programme.parties,
            "programme_for_party",
            {"party": party.value, "parties": ", ".join(word.value for word in programme.parties)},
            rule.version,
        ),
        Finding("programme.named", named, "programme_markets_named", {}, rule.version),
        Finding(
            "programme.market",
            not outside,
            "programme_runs_in_markets",
            {"outside": ", ".join(outside), "markets": ", ".join(programme.markets)},
            rule.version,
        ),
    ]
    for market in wanted if programme.service_points else ():
        kept = points.get(market, 0)
        inputs: dict[str, Input] = {"market": market, "kept": kept, "needed": programme.service_points}
        findings.append(
            Finding(
                "programme.service_points",
                kept >= programme.service_points,
                "programme_has_service_points",
                inputs,
                rule.version,
            )
        )
    return tuple(findings)


def notice_ends_at(rule: ProgrammeTerms, rule_key: str, at: datetime, calendar: Calendar) -> datetime:
    """The last instant at which a party that gives notice at `at` stands for what is bought."""
    return dates.day_deadline(at, rule.of(rule_key).notice_days, calendar)


def judge(rule: ProgrammeTerms, given: EntryGiven) -> EntryFound:
    """What the rule comes to, for its example cases."""
    findings = entry(rule, given.rule_key, given.party, given.markets, given.points)
    left_at = given.left_at
    return EntryFound(
        tuple(finding.reason for finding in unmet(findings)),
        rule.of(given.rule_key).review,
        None if left_at is None else notice_ends_at(rule, given.rule_key, left_at, given.calendar),
    )
