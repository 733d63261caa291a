"""Service points: where a provider serves machines, or takes and hands out goods, and which places it covers.

Theory of operation (`domain.md` 6.2):

    PENDING -verifyServicePoint (the desk)-> VERIFIED -reached-> ACTIVE
    ACTIVE, UNREACHABLE -reportServicePointChange-> CHANGE_REPORTED -its instant comes-> ACTIVE | WITHDRAWN
    ACTIVE, CHANGE_REPORTED -a check fails-> UNREACHABLE -reached-> ACTIVE, or CHANGE_REPORTED while a change waits
    PENDING, VERIFIED -reportServicePointChange-> PENDING | WITHDRAWN, at once: nobody relies on it yet (ours)
    ACTIVE, CHANGE_REPORTED, UNREACHABLE -recordUnreportedWithdrawal (the desk)-> WITHDRAWN, and the provider is liable

Laws: what buyers rely on changes only after notice, at the instant that was reported (the brief's SD0; the days are
rule data); a later report takes the earlier one's place and gives notice anew; an unreachable point keeps its reported
change, which takes effect all the same; a point that went without a word leaves its provider liable for every
commitment open at that moment, as an explained decision. Who answers there is personal data and lies apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from domain import capabilities, geography, premises, service_point_terms, terms
from domain.access import Caller, may
from domain.change import Change, Fact, Happening
from domain.dates import Calendar, rfc3339
from domain.errors import Invalid, NotFound, Problem, Refused
from domain.explain import Finding, unmet
from domain.gates import Action
from domain.ids import DecisionId, ProviderId, ServicePointId
from domain.moves import Move, require
from domain.premises import Contact, Details
from domain.providers import Provider
from domain.service_point_terms import ServicePointTerms

CONTACT: Final = "contact"
"""The field of a service point's personal data (`domain/personal.py`)."""

AHEAD_MAX: Final = timedelta(days=366)
"""A change is reported at most a year ahead: beyond it, nobody knows."""


class ServicePointState(StrEnum):
    """Where a service point stands."""

    PENDING = "PENDING"
    """Told by the provider, not looked at yet."""
    VERIFIED = "VERIFIED"
    """Its papers and address are in order; it waits for its first check."""
    ACTIVE = "ACTIVE"
    """It serves, and buyers find it."""
    CHANGE_REPORTED = "CHANGE_REPORTED"
    """It serves until the reported change or withdrawal takes effect."""
    UNREACHABLE = "UNREACHABLE"
    """The last check failed; buyers do not find it."""
    WITHDRAWN = "WITHDRAWN"
    """It serves no longer."""


FINDABLE: Final = frozenset({ServicePointState.ACTIVE, ServicePointState.CHANGE_REPORTED})
"""The states in which buyers find a point (the migration's trigger names the same)."""
WAITING: Final = frozenset({ServicePointState.PENDING, ServicePointState.VERIFIED})
"""The states in which nobody relies on it yet."""
SERVING: Final = FINDABLE | {ServicePointState.UNREACHABLE}
"""The states in which commitments may rest on it."""


class ServicePointChangeKind(StrEnum):
    """What a provider reports of a service point before it takes effect."""

    CHANGE = "CHANGE"
    """Something of what is known of it will be different."""
    WITHDRAWAL = "WITHDRAWAL"
    """It will serve no longer."""


class Unreached(StrEnum):
    """Why a check of a service point failed."""

    NO_ANSWER = "NO_ANSWER"
    """Nobody answered."""
    WRONG_CONTACT = "WRONG_CONTACT"
    """Who answered knows nothing of it, or the number or address does not exist."""
    NOT_AT_ADDRESS = "NOT_AT_ADDRESS"
    """There is nothing of the kind at the address."""
    NO_CAPACITY = "NO_CAPACITY"
    """It is there, and has nobody who could serve."""


class ServicePointAction(StrEnum):
    """What can be done with a service point; the value is the mutation's name in capitals."""

    VERIFY_SERVICE_POINT = "VERIFY_SERVICE_POINT"
    """verifyServicePoint: its papers and address are in order."""
    REPORT_SERVICE_POINT_CHANGE = "REPORT_SERVICE_POINT_CHANGE"
    """reportServicePointChange: it will change, or serve no longer."""
    CHANGE_SERVICE_POINT_CONTACT = "CHANGE_SERVICE_POINT_CONTACT"
    """changeServicePointContact: somebody else answers there."""
    RECORD_REACHABILITY = "RECORD_REACHABILITY"
    """recordReachability: it was checked whether it can be reached."""
    RECORD_UNREPORTED_WITHDRAWAL = "RECORD_UNREPORTED_WITHDRAWAL"
    """recordUnreportedWithdrawal: it went without a word."""


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """A service point. `cell` and `reach` are what it is found by (`geography`), made of its details.

    `change` and the three fields behind it are what was reported and has not taken effect: the details as they will be,
    None for a withdrawal. `checked_at` is the last check, `check_due_at` until when the next is due, `overdue_since`
    set while it was not made in time. `liable_until` and `decision_id` are set when it went without a word.
    """

    id: ServicePointId
    provider_id: ProviderId
    state: ServicePointState
    details: Details
    cell: int
    reach: int
    contact_digest: str | None
    change_kind: ServicePointChangeKind | None
    change: Mapping[str, Any] | None
    change_reported_at: datetime | None
    change_effective_at: datetime | None
    added_at: datetime
    verified_at: datetime | None
    activated_at: datetime | None
    checked_at: datetime | None
    check_due_at: datetime | None
    overdue_since: datetime | None
    unreachable_since: datetime | None
    unreachable_reason: Unreached | None
    withdrawn_at: datetime | None
    liable_until: datetime | None
    decision_id: DecisionId | None
    version: int


@dataclass(frozen=True, slots=True)
class AddServicePoint:
    """The wish for a new service point, for a provider (the caller's own when none is named)."""

    provider_id: ProviderId | None
    details: Details
    contact: Contact | None


@dataclass(frozen=True, slots=True)
class VerifyServicePoint:
    """The desk has looked at its papers and its address."""

    service_point_id: ServicePointId


@dataclass(frozen=True, slots=True)
class ReportServicePointChange:
    """What will be different, and from when on (as early as notice allows when None)."""

    service_point_id: ServicePointId
    kind: ServicePointChangeKind
    details: Details | None
    effective_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChangeServicePointContact:
    """Who answers there from now on."""

    service_point_id: ServicePointId
    contact: Contact


@dataclass(frozen=True, slots=True)
class RecordReachability:
    """What a check found: reached (None), or why not."""

    service_point_id: ServicePointId
    unreached: Unreached | None


@dataclass(frozen=True, slots=True)
class RecordUnreportedWithdrawal:
    """The point is gone since that instant, as the desk found out; `note` says how."""

    service_point_id: ServicePointId
    gone_since: datetime
    note: str


def details_of(point: ServicePoint) -> Details | None:
    """The details as they were reported to become; None where no change waits, or it is a withdrawal."""
    return None if point.change is None else terms.read(Details, point.change)


# -- the life of a point ----------------------------------------------------------------------------------------------


def provider_of(command: AddServicePoint, caller: Caller) -> ProviderId:
    """For whom the point shall be added. Refuses another provider's name (NotFound), and the desk naming none."""
    provider_id = command.provider_id or caller.party_id
    if not isinstance(provider_id, ProviderId):
        raise Invalid(Problem(("providerId",), "must name a provider"))
    if provider_id != caller.party_id and not caller.is_operator:
        raise NotFound("There is no such provider.", field=("providerId",))
    return provider_id


def add_service_point(
    command: AddServicePoint, provider: Provider, *, contact_digest: str | None, id: ServicePointId, at: datetime
) -> Change[ServicePoint]:
    """The point is known and waits for the desk.

    Refuses with every problem of its details and its contact (Invalid), and a provider whose state leaves it nothing
    to list.
    """
    standing = Finding(
        "service_point.provider",
        Action.LIST in capabilities.ALLOWS[provider.state],
        "provider_may_add_service_points",
        {"state": provider.state.value},
    )
    found = premises.problems(command.details, "details")
    if command.contact is not None:
        found += premises.contact_problems(command.contact, "contact")
    if found:
        raise Invalid(*found)
    if because := unmet((standing,)):
        raise Refused("service_point.add", "The provider adds no service points now.", because)
    point = ServicePoint(
        id=id,
        provider_id=provider.id,
        state=ServicePointState.PENDING,
        details=command.details,
        cell=geography.cell_of(command.details.coordinates),
        reach=_reach(command.details),
        contact_digest=contact_digest,
        change_kind=None,
        change=None,
        change_reported_at=None,
        change_effective_at=None,
        added_at=at,
        verified_at=None,
        activated_at=None,
        checked_at=None,
        check_due_at=None,
        overdue_since=None,
        unreachable_since=None,
        unreachable_reason=None,
        withdrawn_at=None,
        liable_until=None,
        decision_id=None,
        version=1,
    )
    return Change(None, point, (_happening("service_point.added", point),))


def moves(point: ServicePoint, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the point at `at`, and why not."""
    del at  # no action on a point opens or closes by time alone: a report names its own instant
    return tuple(
        Move(action.value, unmet((_role(point, caller, action), _state(point, action))))
        for action in ServicePointAction
    )


ACTION_STATES: Final[Mapping[ServicePointAction, frozenset[ServicePointState]]] = {
    ServicePointAction.VERIFY_SERVICE_POINT: frozenset({ServicePointState.PENDING}),
    ServicePointAction.REPORT_SERVICE_POINT_CHANGE: WAITING | SERVING,
    ServicePointAction.CHANGE_SERVICE_POINT_CONTACT: WAITING | SERVING,
    ServicePointAction.RECORD_REACHABILITY: SERVING | {ServicePointState.VERIFIED},
    ServicePointAction.RECORD_UNREPORTED_WITHDRAWAL: SERVING,
}
"""Action -> the states in which it is possible. Total."""

MUTATIONS: Final[Mapping[ServicePointAction, str]] = {
    ServicePointAction.VERIFY_SERVICE_POINT: "verifyServicePoint",
    ServicePointAction.REPORT_SERVICE_POINT_CHANGE: "reportServicePointChange",
    ServicePointAction.CHANGE_SERVICE_POINT_CONTACT: "changeServicePointContact",
    ServicePointAction.RECORD_REACHABILITY: "recordReachability",
    ServicePointAction.RECORD_UNREPORTED_WITHDRAWAL: "recordUnreportedWithdrawal",
}
"""Action -> its mutation. Total."""


def _role(point: ServicePoint, caller: Caller, action: ServicePointAction) -> Finding:
    own = caller.is_operator or caller.party_id == point.provider_id
    return Finding("service_point.role", own and may(caller, MUTATIONS[action]), "service_point_action_of_your_role")


def _state(point: ServicePoint, action: ServicePointAction) -> Finding:
    return Finding(
        "service_point.state",
        point.state in ACTION_STATES[action],
        "service_point_state_allows",
        {"state": point.state.value},
    )


def verify_service_point(
    point: ServicePoint, rule: ServicePointTerms, calendar: Calendar, caller: Caller, *, at: datetime
) -> Change[ServicePoint]:
    """Its papers and address are in order; until `check_due_at` somebody sees whether it can be reached.

    Refuses, with every reason, what `moves` blocks; so does every function below that takes the caller.
    """
    require(moves(point, caller, at), ServicePointAction.VERIFY_SERVICE_POINT.value, "service_point.verify")
    due_at = service_point_terms.check_due_at(rule, at, calendar, serves=False)
    after = replace(point, state=ServicePointState.VERIFIED, verified_at=at, check_due_at=due_at)
    return _step(point, after, "service_point.verified")


def report_service_point_change(
    point: ServicePoint,
    command: ReportServicePointChange,
    rule: ServicePointTerms,
    calendar: Calendar,
    caller: Caller,
    *,
    at: datetime,
) -> Change[ServicePoint]:
    """The change or withdrawal is known and takes effect at its instant; at once where nobody relies on the point yet.

    A report before takes this one's place no longer. Refuses details that are wrong (Invalid), and an instant before
    the notice is over or more than a year ahead.
    """
    require(moves(point, caller, at), ServicePointAction.REPORT_SERVICE_POINT_CHANGE.value, "service_point.report")
    _require_details(point, command)
    if point.state in WAITING:
        return _at_once(point, command, at)
    earliest = service_point_terms.earliest_effect(rule, at, calendar)
    effective_at = command.effective_at or earliest
    findings = (
        Finding(
            "service_point.notice",
            effective_at >= earliest,
            "service_point_notice_given",
            {"effectiveAt": rfc3339(effective_at), "earliest": rfc3339(earliest), "days": rule.notice_days},
            version=rule.version,
        ),
        Finding(
            "service_point.ahead",
            effective_at <= at + AHEAD_MAX,
            "service_point_within_a_year",
            {"effectiveAt": rfc3339(effective_at)},
        ),
    )
    if because := unmet(findings):
        raise Refused("service_point.report", "The change cannot take effect then.", because)
    state = point.state if point.state is ServicePointState.UNREACHABLE else ServicePointState.CHANGE_REPORTED
    after = replace(
        point,
        state=state,
        change_kind=command.kind,
        change=None if command.details is None else terms.plain(command.details),
        change_reported_at=at,
        change_effective_at=effective_at,
    )
    facts: dict[str, Fact] = {"kind": command.kind.value, "effectiveAt": rfc3339(effective_at)}
    return _step(point, after, "service_point.change_reported", facts)


def _require_details(point: ServicePoint, command: ReportServicePointChange) -> None:
    """Returns if a change brings other details and a withdrawal none. Raises Invalid with every problem."""
    if command.kind is ServicePointChangeKind.WITHDRAWAL:
        found: tuple[Problem, ...] = (
            () if command.details is None else (Problem(("details",), "a withdrawal changes no details"),)
        )
    elif command.details is None:
        found = (Problem(("details",), "a change says what will be known of the point"),)
    elif command.details == point.details:
        found = (Problem(("details",), "this is what is known of it already"),)
    else:
        found = premises.problems(command.details, "details")
    if found:
        raise Invalid(*found)


def _at_once(point: ServicePoint, command: ReportServicePointChange, at: datetime) -> Change[ServicePoint]:
    if command.details is None:
        return _withdrawn(point, at)
    after = replace(
        _with_details(point, command.details), state=ServicePointState.PENDING, verified_at=None, check_due_at=None
    )
    return _step(point, after, "service_point.changed")


def take_effect(point: ServicePoint, at: datetime) -> Change[ServicePoint]:
    """What was reported is so: the point is different, or withdrawn. Refuses one without a change that is due."""
    effective_at = point.change_effective_at
    finding = Finding(
        "service_point.effect",
        point.state in SERVING and effective_at is not None and effective_at <= at,
        "service_point_change_is_due",
        {"effectiveAt": None if effective_at is None else rfc3339(effective_at)},
    )
    if because := unmet((finding,)):
        raise Refused("service_point.effect", "Nothing takes effect now.", because)
    details = details_of(point)
    if details is None:
        return _withdrawn(point, at)
    unreached = point.state is ServicePointState.UNREACHABLE
    after = replace(
        _with_details(_without_change(point), details),
        state=ServicePointState.UNREACHABLE if unreached else ServicePointState.ACTIVE,
    )
    return _step(point, after, "service_point.changed")


def change_service_point_contact(
    point: ServicePoint, contact: Contact, contact_digest: str, caller: Caller, *, at: datetime
) -> Change[ServicePoint]:
    """Somebody else answers there, at once. Refuses a contact that is wrong (Invalid)."""
    require(moves(point, caller, at), ServicePointAction.CHANGE_SERVICE_POINT_CONTACT.value, "service_point.contact")
    if found := premises.contact_problems(contact, "contact"):
        raise Invalid(*found)
    return _step(point, replace(point, contact_digest=contact_digest), "service_point.contact_changed")


def record_reachability(
    point: ServicePoint,
    unreached: Unreached | None,
    rule: ServicePointTerms,
    calendar: Calendar,
    caller: Caller,
    *,
    at: datetime,
) -> Change[ServicePoint]:
    """The point was checked: it serves if it was reached, buyers do not find it otherwise; the next check is due."""
    require(moves(point, caller, at), ServicePointAction.RECORD_REACHABILITY.value, "service_point.reachability")
    state = _checked(point, reached=unreached is None)
    after = replace(
        point,
        state=state,
        activated_at=at if state is ServicePointState.ACTIVE and point.activated_at is None else point.activated_at,
        checked_at=at,
        check_due_at=service_point_terms.check_due_at(rule, at, calendar, serves=state in FINDABLE),
        overdue_since=None,
        unreachable_since=None if unreached is None else point.unreachable_since or at,
        unreachable_reason=unreached,
    )
    facts: dict[str, Fact] = {"reached": unreached is None, "reason": None if unreached is None else unreached.value}
    return _step(point, after, "service_point.checked", facts)


def _checked(point: ServicePoint, *, reached: bool) -> ServicePointState:
    """Where the point stands after a check: a verified one that was not reached goes on waiting."""
    if not reached:
        return point.state if point.state is ServicePointState.VERIFIED else ServicePointState.UNREACHABLE
    return ServicePointState.ACTIVE if point.change_kind is None else ServicePointState.CHANGE_REPORTED


def miss_check(
    point: ServicePoint, rule: ServicePointTerms, calendar: Calendar, *, at: datetime
) -> Change[ServicePoint]:
    """Nobody checked in time: the point is marked, and the check is due anew."""
    after = replace(
        point,
        overdue_since=point.overdue_since or at,
        check_due_at=service_point_terms.check_due_at(rule, at, calendar, serves=False),
    )
    return _step(point, after, "service_point.check_missed")


def record_unreported_withdrawal(
    point: ServicePoint,
    command: RecordUnreportedWithdrawal,
    caller: Caller,
    *,
    open_commitments: int,
    liable_until: datetime | None,
    decision_id: DecisionId,
    at: datetime,
) -> Change[ServicePoint]:
    """The point is withdrawn and its provider liable (`commitments.liability` says why and for what).

    Refuses what lies ahead, and what was reported for that time.
    """
    require(moves(point, caller, at), ServicePointAction.RECORD_UNREPORTED_WITHDRAWAL.value, "service_point.unreported")
    effective_at = point.change_effective_at
    in_time = (
        point.change_kind is ServicePointChangeKind.WITHDRAWAL
        and effective_at is not None
        and effective_at <= command.gone_since
    )
    findings = (
        Finding("service_point.past", command.gone_since <= at, "service_point_gone_already"),
        Finding("service_point.unreported", not in_time, "service_point_withdrawal_unreported"),
    )
    if because := unmet(findings):
        raise Refused("service_point.unreported", "This is no unreported withdrawal.", because)
    gone = _withdrawn(point, at).after
    after = replace(gone, liable_until=liable_until, decision_id=decision_id, version=point.version)
    facts: dict[str, Fact] = {"goneSince": rfc3339(command.gone_since), "openCommitments": open_commitments}
    return _step(point, after, "service_point.withdrawn_unreported", facts)


def _withdrawn(point: ServicePoint, at: datetime) -> Change[ServicePoint]:
    after = replace(
        _without_change(point),
        state=ServicePointState.WITHDRAWN,
        withdrawn_at=at,
        check_due_at=None,
        overdue_since=None,
    )
    return _step(point, after, "service_point.withdrawn")


def _without_change(point: ServicePoint) -> ServicePoint:
    return replace(point, change_kind=None, change=None, change_reported_at=None, change_effective_at=None)


def _with_details(point: ServicePoint, details: Details) -> ServicePoint:
    return replace(point, details=details, cell=geography.cell_of(details.coordinates), reach=_reach(details))


def _reach(details: Details) -> int:
    """The ring that its radius lies in, 0 where it has none: what a search by radius is narrowed down by."""
    return 0 if details.radius_metres is None else geography.ring_of(details.radius_metres)


def _step(
    before: ServicePoint, after: ServicePoint, name: str, facts: Mapping[str, Fact] | None = None
) -> Change[ServicePoint]:
    after = replace(after, version=before.version + 1)
    return Change(before, after, (_happening(name, after, facts),))


def _happening(name: str, point: ServicePoint, facts: Mapping[str, Fact] | None = None) -> Happening:
    return Happening(name, {"providerId": point.provider_id, "state": point.state.value, **(facts or {})})


assert ACTION_STATES.keys() == MUTATIONS.keys() == set(ServicePointAction)
