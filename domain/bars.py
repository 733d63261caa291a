"""Bars: how long a provider that left, was removed or was rejected stays out, and whom that binds beside it.

Theory of operation (`domain.md` 2.1, 2.3, 6.2). A bar is laid when a provider has left, when it is removed from the
marketplace or from one guarantee's programme, and when its application is rejected; its end is fixed then, by the rule
in force then. It stands until its last instant, or until the desk lifts it.

Laws: how long each cause bars, and whether the bar follows related accounts, is rule data; the last instant of a bar is
the last microsecond of its last local day (vector T20: day 364 is barred, day 366 is not); `standing` is the one
function that an application is refused by and that explains when it opens.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain import dates
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.clocks import first_instant_after
from domain.dates import Calendar, rfc3339
from domain.explain import Finding, Input, unmet
from domain.ids import BarId, LiablePartyId, ProviderId, RuleVersionId
from domain.moves import Move, require
from domain.terms import Count, Days


class BarCause(StrEnum):
    """Why a provider is barred."""

    VOLUNTARY_EXIT = "VOLUNTARY_EXIT"
    """It left of its own will."""
    SECOND_EXIT = "SECOND_EXIT"
    """It left of its own will again, soon after it had come back."""
    REMOVAL = "REMOVAL"
    """It was removed from the marketplace or from a guarantee's programme."""
    REJECTION = "REJECTION"
    """Its application was rejected."""


@dataclass(frozen=True, slots=True)
class BarTerms:
    """How long a cause bars, in days or in months, and whether related accounts are barred with the provider."""

    related: bool
    days: Days | None = None
    months: Count | None = None

    def __post_init__(self) -> None:
        if (self.days is None) == (self.months is None):
            raise ValueError("a bar lasts some days or some months")

    def last_instant(self, start: datetime, calendar: Calendar) -> datetime:
        """The last instant of a bar that starts at `start`."""
        if self.days is not None:
            return dates.day_deadline(start, self.days, calendar)
        assert self.months is not None, "one of the two is set: __post_init__"
        return dates.months_deadline(start, self.months, calendar)


class BarAction(StrEnum):
    """What can be done with a bar; the value is the mutation's name in capitals."""

    LIFT_BAR = "LIFT_BAR"
    """liftBar: the provider may come back at once."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A time in which a provider may not come back. `programme` is a guarantee's rule; None: the whole marketplace."""

    id: BarId
    provider_id: ProviderId
    cause: BarCause
    programme: str | None
    reason: str
    since: datetime
    until: datetime
    related: bool
    rule_version_id: RuleVersionId
    lifted_at: datetime | None
    lift_reason: str | None
    version: int

    def stands(self, at: datetime) -> bool:
        """Whether it bars at `at`."""
        return self.lifted_at is None and self.since <= at <= self.until


@dataclass(frozen=True, slots=True)
class LiftBar:
    """The desk's wish that a bar ends before its time, and why."""

    bar_id: BarId
    reason: str


def lay_bar(
    provider_id: ProviderId,
    cause: BarCause,
    terms: Mapping[BarCause, BarTerms],
    calendar: Calendar,
    reason: str,
    *,
    programme: str | None = None,
    rule_version_id: RuleVersionId,
    id: BarId,
    at: datetime,
) -> Change[Bar]:
    """The provider is barred from `at` on, for as long as the rule gives."""
    length = terms[cause]
    until = length.last_instant(at, calendar)
    bar = Bar(
        id, provider_id, cause, programme, reason, at, until, length.related, rule_version_id, None, None, version=1
    )
    return Change(None, bar, (Happening("bar.laid", _facts(bar)),))


def standing(
    bars: Iterable[Bar], at: datetime, *, own: LiablePartyId | None, programme: str | None = None
) -> tuple[Finding, ...]:
    """What stands in the way of `own` coming (back) to the marketplace, or to a programme, at `at`; nothing: nothing.

    `bars` are its own and those of related accounts; of the latter only those count that bind related accounts. `own`
    is None for somebody who has no account yet.
    """
    return tuple(
        _stands(bar, own)
        for bar in sorted(bars, key=lambda bar: (bar.until, bar.id))
        if bar.stands(at) and bar.programme in (None, programme) and (bar.provider_id == own or bar.related)
    )


def _stands(bar: Bar, own: LiablePartyId | None) -> Finding:
    inputs: dict[str, Input] = {"cause": bar.cause.value, "until": rfc3339(bar.until), "programme": bar.programme}
    opens_at = rfc3339(first_instant_after(bar.until))
    if bar.provider_id == own:
        return Finding("bar.own", False, "not_barred", inputs, version=bar.rule_version_id, opens_at=opens_at)
    # Whose bar it is stays with the desk: an applicant learns nothing about another account.
    return Finding("bar.related", False, "related_not_barred", inputs, version=bar.rule_version_id, opens_at=opens_at)


def exit_cause(bars: Iterable[Bar], at: datetime, again_within: Days, calendar: Calendar) -> BarCause:
    """Whether an exit at `at` is one by itself or another one soon after the last, by the provider's own bars."""
    exits = [bar.since for bar in bars if bar.cause in (BarCause.VOLUNTARY_EXIT, BarCause.SECOND_EXIT)]
    again = any(at <= dates.day_deadline(since, again_within, calendar) for since in exits)
    return BarCause.SECOND_EXIT if again else BarCause.VOLUNTARY_EXIT


def moves(bar: Bar, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the bar at `at`, and why not."""
    findings = (
        Finding("bar.role", may(caller, "liftBar"), "bar_action_of_your_role"),
        Finding("bar.standing", bar.stands(at), "bar_stands", {"until": rfc3339(bar.until)}),
    )
    return (Move(BarAction.LIFT_BAR.value, unmet(findings), closes_at=bar.until),)


def lift_bar(bar: Bar, caller: Caller, reason: str, at: datetime) -> Change[Bar]:
    """The bar ends before its time. Refuses, with every reason, what `moves` blocks."""
    require(moves(bar, caller, at), BarAction.LIFT_BAR.value, "bar.lift")
    return end_early(bar, reason, at)


def end_early(bar: Bar, reason: str, at: datetime) -> Change[Bar]:
    """The bar ends before its time, whoever decided it. Refuses (ValueError) one that does not stand."""
    if not bar.stands(at):
        raise ValueError(f"{bar.id} does not stand at {at}")
    after = replace(bar, lifted_at=at, lift_reason=reason, version=bar.version + 1)
    return Change(bar, after, (Happening("bar.lifted", _facts(bar)),))


def end_bar(bar: Bar) -> Change[Bar]:
    """Its last instant has passed: told to whoever listens. Refuses (ValueError) one that was lifted."""
    if bar.lifted_at is not None:
        raise ValueError(f"{bar.id} was lifted")
    return Change(bar, replace(bar, version=bar.version + 1), (Happening("bar.ended", _facts(bar)),))


def _facts(bar: Bar) -> dict[str, Fact]:
    return {
        "providerId": bar.provider_id,
        "cause": bar.cause.value,
        "programme": bar.programme,
        "until": rfc3339(bar.until),
    }
