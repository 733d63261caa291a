"""Exits: a provider leaves, finishes what it has sold, and is gone.

Theory of operation (`domain.md` 6.2):

    REQUESTED -withdraw-> WITHDRAWN
    REQUESTED -notice over-> WINDING_DOWN -nothing open-> EXITED
    REQUESTED, WINDING_DOWN -the provider is terminated-> CUT_SHORT

Laws: the day on which selling ends is fixed when the exit is requested; nobody is gone while somebody still waits for
what was sold: undelivered shipments, open claims, covers in force, recoveries that may fall due; when it is gone a bar
says when it may come back (`domain/bars.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms
from domain.bars import BarCause, BarTerms
from domain.change import Change, Fact, Happening
from domain.clocks import first_instant_after
from domain.dates import UTC_DAYS, Calendar, rfc3339
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import ExitId, Id, ProviderId
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Days, Notice

EXIT_RULE: Final = "exits"
"""The key of the rule about leaving and coming back."""

DUTIES_SHOWN_MAX: Final = 100
"""Open duties that an exit lists; a provider with more is far from gone, and the counts say how far."""


@dataclass(frozen=True, slots=True)
class ExitTerms:
    """How a provider leaves, and when it may come back.

    `notice_days` lie between the request and the end of selling; open duties are counted again every `check_days`; an
    exit `again_within_days` of the last one is a second in a row; `bars` say how long each cause keeps out.
    """

    version: str
    notice_days: Notice
    check_days: Notice
    again_within_days: Days
    bars: Mapping[BarCause, BarTerms]

    def __post_init__(self) -> None:
        if missing := set(BarCause) - self.bars.keys():
            raise ValueError(f"every cause bars for some time: {', '.join(sorted(missing))}")


def exit_terms(version: RuleVersion) -> ExitTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.EXITS:
        raise TypeError(f"{version.key} is not the rule about leaving")
    return terms.of(ExitTerms, version)


class ExitState(StrEnum):
    """Where a leaving provider stands."""

    REQUESTED = "REQUESTED"
    """It has given notice and still sells."""
    WITHDRAWN = "WITHDRAWN"
    """It stays."""
    WINDING_DOWN = "WINDING_DOWN"
    """It sells nothing any more and finishes what it has sold."""
    EXITED = "EXITED"
    """It is gone."""
    CUT_SHORT = "CUT_SHORT"
    """It was terminated before it was gone."""


LEAVING: Final = frozenset({ExitState.REQUESTED, ExitState.WINDING_DOWN})
"""States of an exit that goes on."""


@dataclass(frozen=True, slots=True)
class Exit:
    """One leaving. `sells_until` is the last instant of selling; `ended_at` when it was gone, stayed or was cut."""

    id: ExitId
    provider_id: ProviderId
    state: ExitState
    reason: str
    requested_at: datetime
    sells_until: datetime
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class RequestExit:
    """A provider's wish to leave."""

    provider_id: ProviderId
    reason: str


@dataclass(frozen=True, slots=True)
class WithdrawExit:
    """A leaving provider's wish to stay."""

    provider_id: ProviderId


class DutyKind(StrEnum):
    """What somebody still waits for when a provider leaves."""

    SHIPMENT = "SHIPMENT"
    """Goods that are not delivered, returned or cancelled."""
    CLAIM = "CLAIM"
    """A claim that is not decided."""
    COVER = "COVER"
    """A cover under one of its guarantees, under which a claim may still be made."""
    RECOVERY = "RECOVERY"
    """What it may still owe for a coupon that the buyer has not spent."""


@dataclass(frozen=True, slots=True)
class OpenDuty:
    """One thing that keeps a leaving provider, and since when it does."""

    kind: DutyKind
    subject_id: Id
    since: datetime


def request_exit(
    provider_id: ProviderId,
    reason: str,
    rule: ExitTerms,
    calendar: Calendar,
    *,
    present: Exit | None,
    id: ExitId,
    at: datetime,
) -> Change[Exit]:
    """The provider leaves: it sells until its notice is over. Refuses one that is leaving already."""
    if present is not None:
        finding = Finding("exit.once", False, "not_leaving_already", {"state": present.state.value})
        raise Refused("exit.request", "The provider is leaving already.", (finding,))
    sells_until = dates.day_deadline(at, rule.notice_days, calendar)
    leaving = Exit(id, provider_id, ExitState.REQUESTED, reason, at, sells_until, None, version=1)
    return Change(None, leaving, (_happening("exit.requested", leaving),))


def withdraw_exit(leaving: Exit, at: datetime) -> Change[Exit]:
    """The provider stays. Refuses when selling has ended."""
    _require(leaving, ExitState.REQUESTED, "exit.withdraw")
    return _step(leaving, ExitState.WITHDRAWN, "exit.withdrawn", ended_at=at)


def wind_down(leaving: Exit, at: datetime) -> Change[Exit]:
    """Selling has ended. Refuses before its last instant, and an exit that is further or over."""
    _require(leaving, ExitState.REQUESTED, "exit.wind_down")
    if at <= leaving.sells_until:
        inputs: dict[str, str | int | bool | None] = {"sellsUntil": rfc3339(leaving.sells_until)}
        finding = Finding("exit.notice", False, "exit_notice_over", inputs)
        raise Refused("exit.wind_down", "The provider still sells.", (finding,))
    return _step(leaving, ExitState.WINDING_DOWN, "exit.winding_down")


def end_exit(leaving: Exit, open_duties: int, at: datetime) -> Change[Exit]:
    """The provider is gone. Refuses, with every reason, while it sells or anything is open."""
    findings = (
        _in_state(leaving, ExitState.WINDING_DOWN, "exit.end"),
        Finding("exit.open_duties", open_duties == 0, "no_open_duties", {"open": open_duties}),
    )
    if reasons := unmet(findings):
        raise Refused("exit.end", "The provider cannot be gone yet.", reasons)
    return _step(leaving, ExitState.EXITED, "exit.ended", ended_at=at)


def cut_short(leaving: Exit, at: datetime) -> Change[Exit]:
    """The provider is terminated: it leaves no more by itself. Refuses an exit that is over with ValueError."""
    if leaving.state not in LEAVING:
        raise ValueError(f"{leaving.id} is over")
    return _step(leaving, ExitState.CUT_SHORT, "exit.cut_short", ended_at=at)


def _step(leaving: Exit, state: ExitState, name: str, *, ended_at: datetime | None = None) -> Change[Exit]:
    after = replace(leaving, state=state, ended_at=ended_at, version=leaving.version + 1)
    return Change(leaving, after, (_happening(name, after),))


def _happening(name: str, leaving: Exit) -> Happening:
    facts: dict[str, Fact] = {"providerId": leaving.provider_id, "sellsUntil": rfc3339(leaving.sells_until)}
    return Happening(name, facts)


def _in_state(leaving: Exit, state: ExitState, rule: str) -> Finding:
    return Finding(rule, leaving.state is state, "exit_state_allows", {"state": leaving.state.value})


def _require(leaving: Exit, state: ExitState, rule: str) -> None:
    if reasons := unmet((_in_state(leaving, state, rule),)):
        raise Refused(rule, "The exit is not there.", reasons)


# -- the judge of the rule's own cases ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeftGiven:
    """A provider is barred at `left_at` for a cause, or leaves then after having left at `before`; asked at `at`."""

    left_at: datetime
    at: datetime
    cause: BarCause | None = None
    before: datetime | None = None
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class LeftFound:
    """Why it is barred, until when, whether it is so at `at`, and whether related accounts are."""

    cause: BarCause
    until: datetime
    opens_at: datetime
    barred: bool
    related_barred: bool


def judge_left(rule: ExitTerms, given: LeftGiven) -> LeftFound:
    """What the rule makes of one leaving or removal: for the example cases of its versions."""
    again = given.before is not None and given.left_at <= dates.day_deadline(
        given.before, rule.again_within_days, given.calendar
    )
    left = BarCause.SECOND_EXIT if again else BarCause.VOLUNTARY_EXIT
    cause = given.cause or left
    length = rule.bars[cause]
    until = length.last_instant(given.left_at, given.calendar)
    barred = given.left_at <= given.at <= until
    return LeftFound(cause, until, first_instant_after(until), barred, barred and length.related)
