"""Service points: their states, their notice, their checks, and what a provider stays liable for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain import commitments, service_point_terms, service_points, terms
from domain.access import Caller, Role, Scope, ViewerKind
from domain.capabilities import ALLOWS
from domain.change import Change
from domain.clocks import first_instant_after
from domain.commitments import EXPLAINED_MAX, Commitment, liability, liable_until
from domain.dates import MICROSECOND, Calendar
from domain.errors import Invalid, NotFound, Refused
from domain.explain import canonical
from domain.gates import Action
from domain.ids import (
    CoverageId,
    DecisionId,
    Id,
    OrganisationId,
    ProviderId,
    ServicePointId,
    TenantId,
)
from domain.modes import ServiceMode
from domain.places import Coordinates
from domain.premises import Contact, Details
from domain.providers import Provider, ProviderState
from domain.service_point_terms import ServicePointTerms
from domain.service_points import (
    FINDABLE,
    SERVING,
    WAITING,
    AddServicePoint,
    RecordUnreportedWithdrawal,
    ReportServicePointChange,
    ServicePoint,
    ServicePointAction,
    ServicePointChangeKind,
    ServicePointState,
    Unreached,
)

AT = datetime(2026, 3, 5, 15, tzinfo=UTC)
TERMS = ServicePointTerms("rul_x", 7, 7, 90)  # type: ignore[arg-type]
SHANGHAI = Calendar("CN", "Asia/Shanghai")
PROVIDER = ProviderId.mint(1, 1)
DETAILS = Details(
    name="Pudong workshop",
    country="CN",
    region="CN-SH",
    locality="Shanghai",
    street="1 Century Avenue",
    postal_code="200120",
    coordinates=Coordinates(31_233_333, 121_483_333),
    services=(ServiceMode.REPAIR,),
    engineers=12,
    areas=("CN-SH",),
    radius_metres=60_000,
    zone="Asia/Shanghai",
    opening=("MON 08:00-17:30",),
)
OTHERS = (
    replace(DETAILS, engineers=30),
    replace(DETAILS, coordinates=Coordinates(30_000_000, 120_000_000), radius_metres=None, areas=("CN", "CN~2001")),
)


def caller(*roles: Role, party_id: ProviderId | None = None) -> Caller:
    viewer = ViewerKind.PROVIDER if party_id else ViewerKind.STAFF
    return Caller(
        TenantId("ten_x"), Id("key_x"), OrganisationId("org_x"), party_id, frozenset(roles), viewer, frozenset(Scope)
    )


DESK = caller(Role.SUPPORT, Role.ADMIN)
OWN = caller(Role.PROVIDER, party_id=PROVIDER)


def provider(state: ProviderState = ProviderState.ACTIVE) -> Provider:
    """A provider in that state; what else it is does not matter here."""
    made: Any = object.__new__(Provider)
    object.__setattr__(made, "id", PROVIDER)
    object.__setattr__(made, "state", state)
    return made  # type: ignore[no-any-return]


def added(details: Details = DETAILS) -> ServicePoint:
    wish = AddServicePoint(PROVIDER, details, None)
    return service_points.add_service_point(
        wish, provider(), contact_digest=None, id=ServicePointId.mint(1, 1), at=AT
    ).after


def verified(point: ServicePoint, at: datetime = AT) -> ServicePoint:
    return service_points.verify_service_point(point, TERMS, SHANGHAI, DESK, at=at).after


def checked(point: ServicePoint, unreached: Unreached | None = None, at: datetime = AT) -> ServicePoint:
    return service_points.record_reachability(point, unreached, TERMS, SHANGHAI, DESK, at=at).after


def reported(
    point: ServicePoint, details: Details | None = None, effective_at: datetime | None = None, at: datetime = AT
) -> ServicePoint:
    kind = ServicePointChangeKind.WITHDRAWAL if details is None else ServicePointChangeKind.CHANGE
    wish = ReportServicePointChange(point.id, kind, details, effective_at)
    return service_points.report_service_point_change(point, wish, TERMS, SHANGHAI, OWN, at=at).after


def active() -> ServicePoint:
    return checked(verified(added()))


def reasons(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [finding.reason for finding in refused.value.unmet]


# -- adding ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(ProviderState))
def test_a_provider_adds_points_where_it_may_list(state: ProviderState) -> None:
    def add() -> Change[ServicePoint]:
        wish = AddServicePoint(None, DETAILS, None)
        return service_points.add_service_point(
            wish, provider(state), contact_digest=None, id=ServicePointId.mint(1, 1), at=AT
        )

    if Action.LIST in ALLOWS[state]:
        assert add().after.state is ServicePointState.PENDING
    else:
        with pytest.raises(Refused) as refused:
            add()
        assert reasons(refused) == ["provider_may_add_service_points"]


def test_for_whom_a_point_is_added() -> None:
    other = ProviderId.mint(1, 2)
    assert service_points.provider_of(AddServicePoint(None, DETAILS, None), OWN) == PROVIDER
    assert service_points.provider_of(AddServicePoint(other, DETAILS, None), DESK) == other
    with pytest.raises(NotFound):
        service_points.provider_of(AddServicePoint(other, DETAILS, None), OWN)
    with pytest.raises(Invalid):
        service_points.provider_of(AddServicePoint(None, DETAILS, None), DESK)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"street": "x" * 201}, "street"),
        ({"locality": "a\nb"}, "locality"),
        ({"region": "US-CA"}, "region"),
        ({"postal_code": "1" * 11}, "postalCode"),
        ({"services": ()}, "services"),
        ({"services": (ServiceMode.REPAIR, ServiceMode.REPAIR)}, "services"),
        ({"engineers": -1}, "engineers"),
        ({"engineers": 100_001}, "engineers"),
        ({"areas": ("CN",) * 201}, "areas"),
        ({"areas": ("Nowhere",)}, "areas.0"),
        ({"radius_metres": 0}, "radiusMetres"),
        ({"radius_metres": 1_000_001}, "radiusMetres"),
        ({"zone": "Here"}, "zone"),
        ({"opening": ("MON",)}, "opening.0"),
    ],
)
def test_wrong_details_are_refused_where_they_are(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        added(replace(DETAILS, **changed))
    assert f"details.{field}" in {".".join(problem.field) for problem in refused.value.problems}


@pytest.mark.parametrize(
    ("contact", "good"),
    [
        (Contact("Li Wei", "+862155512345", None), True),
        (Contact("Li Wei", None, "li@example.com"), True),
        (Contact("Li Wei", None, None), False),
        (Contact(" ", "+862155512345", None), False),
        (Contact("Li Wei", "862155512345", None), False),
        (Contact("Li Wei", "+86 21", None), False),
        (Contact("Li Wei", None, "li"), False),
    ],
)
def test_who_answers_can_be_reached(contact: Contact, good: bool) -> None:
    def change() -> Change[ServicePoint]:
        return service_points.change_service_point_contact(active(), contact, "hmac:x", OWN, at=AT)

    if good:
        assert change().after.contact_digest == "hmac:x"
    else:
        with pytest.raises(Invalid):
            change()


# -- notice ------------------------------------------------------------------------------------------------------------


def test_a_change_needs_seven_whole_days_of_the_points_country() -> None:
    earliest = datetime(2026, 3, 12, 16, tzinfo=UTC)  # midnight in Shanghai before the 13th
    assert service_point_terms.earliest_effect(TERMS, AT, SHANGHAI) == earliest
    point = reported(active(), OTHERS[0])
    assert (point.state, point.change_effective_at) == (ServicePointState.CHANGE_REPORTED, earliest)
    assert reported(active(), None, earliest).change_effective_at == earliest
    with pytest.raises(Refused) as refused:
        reported(active(), None, earliest - MICROSECOND)
    assert reasons(refused) == ["service_point_notice_given"]
    with pytest.raises(Refused) as refused:
        reported(active(), None, AT + timedelta(days=366) + MICROSECOND)
    assert reasons(refused) == ["service_point_within_a_year"]


def test_a_reported_change_keeps_every_detail_until_it_is_due() -> None:
    for details in OTHERS:
        point = reported(active(), details)
        assert service_points.details_of(point) == details
        assert point.details == DETAILS
        assert terms.read(Details, terms.plain(details)) == details
        effective_at = point.change_effective_at
        assert effective_at is not None
        with pytest.raises(Refused):
            service_points.take_effect(point, effective_at - MICROSECOND)
        after = service_points.take_effect(point, effective_at).after
        assert (after.state, after.details, after.change_kind) == (ServicePointState.ACTIVE, details, None)
        assert after.cell == added(details).cell
        assert after.reach == added(details).reach


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        (ServicePointChangeKind.CHANGE, None),
        (ServicePointChangeKind.CHANGE, DETAILS),
        (ServicePointChangeKind.CHANGE, replace(DETAILS, name="")),
        (ServicePointChangeKind.WITHDRAWAL, OTHERS[0]),
    ],
)
def test_a_report_says_what_will_be_different(kind: ServicePointChangeKind, details: Details | None) -> None:
    wish = ReportServicePointChange(active().id, kind, details, None)
    with pytest.raises(Invalid):
        service_points.report_service_point_change(active(), wish, TERMS, SHANGHAI, OWN, at=AT)


def test_before_anybody_relies_on_it_a_point_changes_at_once_and_is_verified_anew() -> None:
    for point in (added(), verified(added())):
        changed = reported(point, OTHERS[0])
        assert (changed.state, changed.details, changed.verified_at) == (ServicePointState.PENDING, OTHERS[0], None)
        assert reported(point).state is ServicePointState.WITHDRAWN


# -- checks ------------------------------------------------------------------------------------------------------------


def test_a_check_says_when_the_next_is_due() -> None:
    waiting = verified(added())
    assert waiting.check_due_at == datetime(2026, 3, 12, 16, tzinfo=UTC) - MICROSECOND
    assert checked(waiting, Unreached.NO_ANSWER).state is ServicePointState.VERIFIED
    assert checked(waiting).check_due_at == datetime(2026, 6, 3, 16, tzinfo=UTC) - MICROSECOND
    failed = checked(active(), Unreached.NO_CAPACITY)
    assert (failed.state, failed.unreachable_since) == (ServicePointState.UNREACHABLE, AT)
    assert failed.check_due_at == waiting.check_due_at
    later = checked(failed, Unreached.NO_ANSWER, AT + timedelta(days=1))
    assert (later.unreachable_since, later.unreachable_reason) == (AT, Unreached.NO_ANSWER)


def test_a_missed_check_is_marked_once_until_somebody_looks() -> None:
    missed = service_points.miss_check(active(), TERMS, SHANGHAI, at=AT).after
    again = service_points.miss_check(missed, TERMS, SHANGHAI, at=AT + timedelta(days=8)).after
    assert (missed.overdue_since, again.overdue_since) == (AT, AT)
    assert checked(again).overdue_since is None


# -- gone without a word -----------------------------------------------------------------------------------------------


def open_(count: int) -> list[Commitment]:
    return [Commitment(CoverageId.mint(1, n), AT + timedelta(days=count - n)) for n in range(count)]


def test_a_provider_is_liable_for_what_is_open() -> None:
    point = active()
    for count in (0, 3, EXPLAINED_MAX + 5):
        tree = liability(point, AT, "Shut.", open_(count), TERMS, at=AT)
        assert tree.holds is (count > 0)
        assert tree.inputs["open"] == count
        assert len(tree.because) == 1 + min(count, EXPLAINED_MAX)
        assert canonical(tree) == canonical(liability(point, AT, "Shut.", open_(count), TERMS, at=AT))
    assert liable_until(open_(3)) == AT + timedelta(days=3)
    assert liable_until([]) is None
    assert liable_until([Commitment(CoverageId.mint(1, 1), None)]) is None


def gone(point: ServicePoint, since: datetime = AT) -> ServicePoint:
    return service_points.record_unreported_withdrawal(
        point,
        RecordUnreportedWithdrawal(point.id, since, "Shut."),
        DESK,
        open_commitments=1,
        liable_until=AT,
        decision_id=DecisionId.mint(1, 1),
        at=AT,
    ).after


def test_only_what_was_not_reported_for_that_time_is_unreported() -> None:
    point = active()
    after = gone(point)
    assert (after.state, after.liable_until, after.version) == (ServicePointState.WITHDRAWN, AT, point.version + 1)
    assert gone(reported(point)).state is ServicePointState.WITHDRAWN  # reported, but gone before its day
    left = replace(reported(point), change_effective_at=AT - timedelta(days=1))
    with pytest.raises(Refused) as refused:
        gone(left)
    assert reasons(refused) == ["service_point_withdrawal_unreported"]
    with pytest.raises(Refused) as refused:
        gone(point, AT + MICROSECOND)
    assert reasons(refused) == ["service_point_gone_already"]


# -- moves -------------------------------------------------------------------------------------------------------------


def calls() -> dict[ServicePointAction, Callable[[ServicePoint, Caller], Any]]:
    """Every action with input that is good."""
    contact = Contact("Li Wei", "+862155512345", None)
    withdrawal = ServicePointChangeKind.WITHDRAWAL
    return {
        ServicePointAction.VERIFY_SERVICE_POINT: lambda point, who: service_points.verify_service_point(
            point, TERMS, SHANGHAI, who, at=AT
        ),
        ServicePointAction.REPORT_SERVICE_POINT_CHANGE: lambda point, who: service_points.report_service_point_change(
            point, ReportServicePointChange(point.id, withdrawal, None, None), TERMS, SHANGHAI, who, at=AT
        ),
        ServicePointAction.CHANGE_SERVICE_POINT_CONTACT: lambda point, who: service_points.change_service_point_contact(
            point, contact, "hmac:x", who, at=AT
        ),
        ServicePointAction.RECORD_REACHABILITY: lambda point, who: service_points.record_reachability(
            point, None, TERMS, SHANGHAI, who, at=AT
        ),
        ServicePointAction.RECORD_UNREPORTED_WITHDRAWAL: lambda point, who: service_points.record_unreported_withdrawal(
            point,
            RecordUnreportedWithdrawal(point.id, AT, "Shut."),
            who,
            open_commitments=0,
            liable_until=None,
            decision_id=DecisionId.mint(1, 1),
            at=AT,
        ),
    }


@pytest.mark.parametrize("state", sorted(ServicePointState))
@pytest.mark.parametrize(
    "who", [DESK, OWN, caller(Role.PROVIDER, party_id=ProviderId.mint(1, 9)), caller(Role.FINANCE)]
)
def test_what_is_listed_is_what_is_done(state: ServicePointState, who: Caller) -> None:
    point = replace(active(), state=state)
    moves = {move.action: move for move in service_points.moves(point, who, AT)}
    assert moves.keys() == {action.value for action in ServicePointAction}
    for action, call in calls().items():
        if moves[action.value].available:
            assert call(point, who).after.version == point.version + 1
        else:
            with pytest.raises(Refused) as refused:
                call(point, who)
            assert refused.value.unmet == moves[action.value].because


class Life(RuleBasedStateMachine):
    """A point through any life, its clocks fired in order."""

    @initialize()
    def begin(self) -> None:
        self.at = AT
        self.point = added()

    def keep(self, change: Change[ServicePoint]) -> None:
        assert change.before == self.point
        self.point = change.after

    def may(self, action: ServicePointAction) -> bool:
        return any(
            move.available and move.action == action.value for move in service_points.moves(self.point, DESK, self.at)
        )

    @precondition(lambda self: self.may(ServicePointAction.VERIFY_SERVICE_POINT))
    @rule()
    def verify(self) -> None:
        self.keep(service_points.verify_service_point(self.point, TERMS, SHANGHAI, DESK, at=self.at))

    @precondition(lambda self: self.may(ServicePointAction.RECORD_REACHABILITY))
    @rule(unreached=st.none() | st.sampled_from(Unreached))
    def check(self, unreached: Unreached | None) -> None:
        self.keep(service_points.record_reachability(self.point, unreached, TERMS, SHANGHAI, DESK, at=self.at))

    @precondition(lambda self: self.may(ServicePointAction.REPORT_SERVICE_POINT_CHANGE))
    @rule(details=st.none() | st.sampled_from([DETAILS, *OTHERS]), ahead=st.integers(9, 60))
    def report(self, details: Details | None, ahead: int) -> None:
        if details == self.point.details:
            return
        kind = ServicePointChangeKind.WITHDRAWAL if details is None else ServicePointChangeKind.CHANGE
        wish = ReportServicePointChange(self.point.id, kind, details, self.at + timedelta(days=ahead))
        before = self.point
        self.keep(service_points.report_service_point_change(before, wish, TERMS, SHANGHAI, OWN, at=self.at))
        assert before.state in WAITING or self.point.details == before.details

    @precondition(lambda self: self.may(ServicePointAction.RECORD_UNREPORTED_WITHDRAWAL))
    @rule()
    def vanish(self) -> None:
        tree = commitments.liability(self.point, self.at, "Shut.", open_(2), TERMS, at=self.at)
        assert tree.holds
        self.keep(
            service_points.record_unreported_withdrawal(
                self.point,
                RecordUnreportedWithdrawal(self.point.id, self.at, "Shut."),
                DESK,
                open_commitments=2,
                liable_until=AT,
                decision_id=DecisionId.mint(1, 1),
                at=self.at,
            )
        )

    @rule(days=st.integers(0, 30))
    def wait(self, days: int) -> None:
        to = self.at + timedelta(days=days)
        while (due := self.next_due()) is not None and due < to:
            self.at = first_instant_after(due)
            if due == self.point.check_due_at:
                self.keep(service_points.miss_check(self.point, TERMS, SHANGHAI, at=self.at))
            else:
                self.keep(service_points.take_effect(self.point, self.at))
        self.at = to

    def next_due(self) -> datetime | None:
        effective_at = self.point.change_effective_at
        effect = None if effective_at is None else effective_at - MICROSECOND
        return min((due for due in (self.point.check_due_at, effect) if due is not None), default=None)

    @invariant()
    def what_is_stored_fits_the_table(self) -> None:
        point = self.point
        assert (point.state is ServicePointState.WITHDRAWN) is (point.withdrawn_at is not None)
        pending = (point.change_kind, point.change_reported_at, point.change_effective_at)
        assert len({each is None for each in pending}) == 1
        assert (point.change is not None) is (point.change_kind is ServicePointChangeKind.CHANGE)

    @invariant()
    def the_state_says_what_waits(self) -> None:
        point = self.point
        if point.state is ServicePointState.CHANGE_REPORTED:
            assert point.change_kind is not None
        if point.state is ServicePointState.ACTIVE or point.state not in SERVING:
            assert point.change_kind is None
        assert (point.check_due_at is not None) is (point.state in SERVING | {ServicePointState.VERIFIED})
        assert (point.unreachable_reason is None) or point.state not in FINDABLE


TestLife = Life.TestCase
