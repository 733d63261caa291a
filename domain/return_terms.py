"""The rule about returns: by when goods go back, are taken in and are looked at (`storage/rulebook/returns.toml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain import terms
from domain.dates import UTC_DAYS, Calendar
from domain.procedure import Period
from domain.rulebook import RuleKind, RuleVersion

RULE: Final = "returns"
"""The key of the rule about the time that each step of a return has."""


@dataclass(frozen=True, slots=True)
class ReturnTerms:
    """One version of the rule: how long each step of a return may take.

    The parcel leaves within what the guarantee says, else within what the claim's profile says, else within `leave`.
    """

    version: str
    address: Period
    leave: Period
    arrive: Period
    inspect: Period
    leave_by_profile: Mapping[str, Period]


def return_terms(version: RuleVersion) -> ReturnTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.RETURNS:
        raise TypeError(f"{version.key} is not the rule about returns")
    return terms.of(ReturnTerms, version)


@dataclass(frozen=True, slots=True)
class ReturnGiven:
    """A return whose steps are all taken at once, for the rule's own cases."""

    at: datetime
    profile: str = ""
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class ReturnFound:
    """The last instant of each step that begins at that one."""

    address_due_at: datetime
    leave_due_at: datetime
    arrives_by: datetime
    inspect_due_at: datetime


def judge(rule: ReturnTerms, given: ReturnGiven) -> ReturnFound:
    """What the rule makes of one of its cases."""
    return ReturnFound(
        rule.address.end(given.at, given.calendar),
        leave_period(rule, given.profile, None).end(given.at, given.calendar),
        rule.arrive.end(given.at, given.calendar),
        rule.inspect.end(given.at, given.calendar),
    )


def leave_period(rule: ReturnTerms, profile: str, promised: Period | None) -> Period:
    """Within what the parcel leaves: as the guarantee promises, as the profile has it, or as the rule does."""
    return promised or rule.leave_by_profile.get(profile, rule.leave)
