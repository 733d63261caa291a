"""Expiry: what a provider proved ends one day; it is warned, has grace, and loses only what depends on it.

Theory of operation (`domain.md` 5 B14, 6.2). Of every item with a last instant one clock runs:

    warnings (60, 30, 7 days before) -> the last instant passes: the item has expired, and a restriction with the
    requirement's gates is imposed, which begins when grace is over -> it begins: what it names is off
    -> a renewal or a waiver: it is lifted, and everything is back

A waiver ends the same way. Requirements that refer to one that ended fall with it, each with its own gates and grace.

Laws: the numbers are the requirement's rule data; whether a capability stays on during grace is the requirement's
`grace_keeps`; a provider that the marketplace vouches for loses nothing; `lapse` is what the clock acts by and what
"what would stop on that day" reads, so they cannot disagree.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain import dates, requirements
from domain.capabilities import Cause, Limit, Scope
from domain.change import Change, Fact, Happening
from domain.clocks import first_instant_after
from domain.dates import DAY, MICROSECOND, Calendar
from domain.explain import Finding, Input
from domain.money import Money
from domain.providers import Provider
from domain.requirements import STANDING, ItemState, Matrix, Requirement, RequirementItem


@dataclass(frozen=True, slots=True)
class Lapse:
    """When an item ends: its warnings, its last instant, and what goes off for it, each from its own instant on."""

    warnings: tuple[datetime, ...]
    ends_at: datetime
    limits: tuple[Limit, ...]

    def next(self, after: datetime) -> datetime | None:
        """The first deadline after that one; None where nothing follows."""
        closing = (limit.since - MICROSECOND for limit in self.limits)
        return min((moment for moment in (*self.warnings, self.ends_at, *closing) if moment > after), default=None)

    def first(self, at: datetime) -> datetime:
        """The deadline that an item which counts since `at` waits for; of what lies before it nobody is warned."""
        return min((moment for moment in (*self.warnings, self.ends_at) if moment >= at), default=self.ends_at)


def lapse(
    matrix: Matrix, provider: Provider, items: Sequence[RequirementItem], item: RequirementItem, calendar: Calendar
) -> Lapse | None:
    """When that one of the provider's items ends; None if it does not count, counts for ever, or matters no more.

    A warning is due right before the instant from which the item is called expiring.
    """
    requirement = matrix.by_key(item.requirement)
    if requirement is None or item.valid_until is None or item.state not in STANDING:
        return None
    ends_at = item.valid_until
    warnings = tuple(ends_at - days * DAY - MICROSECOND for days in requirement.warning_days or ())
    fell = () if provider.vouched_by is not None else fallen(matrix, provider, items, item.requirement)
    return Lapse(warnings, ends_at, tuple(limit(each, ends_at, calendar) for each in fell))


def fallen(matrix: Matrix, provider: Provider, items: Iterable[RequirementItem], key: str) -> tuple[Requirement, ...]:
    """The requirement of that key and those that refer to it, directly or not, as far as they are asked of it.

    One that refers to it stays if something of its own counts for it.
    """
    asked = requirements.applicable(matrix.requirements, requirements.facts(provider))
    own = {item.requirement for item in items if item.state in STANDING}
    found: dict[str, Requirement] = {each.key: each for each in asked if each.key == key}
    while more := [each for each in asked if each.refers_to in found and each.key not in {*found, *own}]:
        found.update((each.key, each) for each in more)
    return tuple(found.values())


def deposits(
    matrix: Matrix, provider: Provider, items: Iterable[RequirementItem], held: Mapping[str, Money]
) -> tuple[tuple[Requirement, bool], ...]:
    """The deposits asked of the provider, each with whether enough is held, by currency; a waived one is enough.

    Nothing is asked of one that the marketplace vouches for.
    """
    if provider.vouched_by is not None:
        return ()
    asked = requirements.applicable(matrix.requirements, requirements.facts(provider))
    own = {item.requirement for item in items if item.state in STANDING}
    return tuple((each, each.key in own or _suffices(each, held)) for each in asked if each.deposit)


def _suffices(requirement: Requirement, held: Mapping[str, Money]) -> bool:
    least = requirement.least
    return least is None or held.get(least.currency, Money.zero(least.currency)) >= least


def ahead(
    matrix: Matrix,
    provider: Provider,
    items: Sequence[RequirementItem],
    present: Collection[Limit],
    calendar: Calendar,
) -> tuple[Limit, ...]:
    """What will go off, and from when on, if nothing is renewed, beside what is limited already."""
    known = {(limit.cause, limit.about) for limit in present}
    found = (lapse(matrix, provider, items, item, calendar) for item in items)
    coming = {limit.about: limit for each in found if each is not None for limit in each.limits}
    return tuple(limit for limit in coming.values() if (limit.cause, limit.about) not in known)


def warn(item: RequirementItem, at: datetime, calendar: Calendar) -> Change[RequirementItem]:
    """The provider is warned that the item ends. Refuses (ValueError) one that does not, or has."""
    if item.valid_until is None or item.valid_until < at:
        raise ValueError(f"{item.id} does not end")
    days = (dates.local_day(item.valid_until, calendar) - dates.local_day(at, calendar)).days
    return _told(item, "requirement.expiring", {"days": days})


def expire(item: RequirementItem) -> Change[RequirementItem]:
    """The item counts no longer. Its row stays: that its time is over follows from its last instant."""
    return _told(item, "requirement.expired", {})


def explain(matrix: Matrix, item: RequirementItem, limit: Limit) -> Finding:
    """Why what the limit names goes off: the item that proved its requirement, or what that refers to, has ended."""
    inputs: dict[str, Input] = {
        "requirement": limit.about,
        "lapsed": item.requirement,
        "validUntil": None if item.valid_until is None else dates.rfc3339(item.valid_until),
        "offSince": dates.rfc3339(limit.since),
    }
    version = None if limit.about is None else matrix.versions.get(limit.about)
    return Finding("expiry.requirement", False, "requirement_still_counts", inputs, version=version)


def explain_deposit(matrix: Matrix, requirement: Requirement, held: Mapping[str, Money], limit: Limit) -> Finding:
    """Why what the limit names goes off: less is held than is required."""
    least = requirement.least
    inputs: dict[str, Input] = {"requirement": limit.about, "offSince": dates.rfc3339(limit.since)}
    if least is not None:
        has = held.get(least.currency, Money.zero(least.currency))
        inputs |= {"currency": least.currency, "requiredMinor": least.minor, "heldMinor": has.minor}
    version = matrix.versions.get(requirement.key)
    return Finding("expiry.deposit", False, "deposit_suffices", inputs, version=version)


def limit(requirement: Requirement, ends_at: datetime, calendar: Calendar) -> Limit:
    """What goes off when what proved the requirement has ended, and from when on."""
    last = ends_at
    if requirement.grace_keeps and requirement.grace_days:
        last = dates.day_deadline(ends_at, requirement.grace_days, calendar)
    scope = Scope.behind(requirement.gates)
    return Limit(Cause.REQUIREMENT, requirement.key, scope, first_instant_after(last), None)


def _told(item: RequirementItem, name: str, more: dict[str, Fact]) -> Change[RequirementItem]:
    facts: dict[str, Fact] = {
        "providerId": item.provider_id,
        "requirement": item.requirement,
        "validUntil": None if item.valid_until is None else dates.rfc3339(item.valid_until),
        "waived": item.state is ItemState.WAIVED,
    }
    return Change(item, replace(item, version=item.version + 1), (Happening(name, facts | more),))
