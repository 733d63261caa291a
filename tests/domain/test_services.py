"""Services: what a card on the shelf may say, and when it is on sale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Caller, Role, Scope, ViewerKind
from domain.errors import Forbidden, Invalid, Refused
from domain.explain import Finding
from domain.ids import ApiKeyId, BuyerId, OrganisationId, ProviderId, ServiceId, TenantId
from domain.modes import Incoterm, ServiceMode
from domain.services import (
    MM_MAX,
    MOVES,
    SERVICES_MAX,
    CreateService,
    Limits,
    Service,
    ServiceAction,
    ServiceLevel,
    ServiceState,
    Shelf,
    UpdateService,
    create_service,
    list_service,
    moves,
    pause_service,
    problems,
    remove_service,
    seller,
    strike,
    take_off,
    update_service,
)

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
PROVIDER, OTHER = ProviderId.mint(1, 1), ProviderId.mint(1, 2)
FULL = Shelf(lanes=2, priced=True, provider_sells=True)


def caller(*roles: Role, party: ProviderId | BuyerId | None = PROVIDER) -> Caller:
    return Caller(
        TenantId.mint(1, 1), ApiKeyId.mint(1, 1), OrganisationId.mint(1, 1), party, frozenset(roles),
        ViewerKind.PROVIDER, frozenset(Scope),
    )  # fmt: skip


OWN = caller(Role.PROVIDER)
DESK = caller(Role.SUPPORT, party=None)


def wish(**members: object) -> CreateService:
    made = CreateService(
        None,
        ServiceMode.AIR,
        ServiceLevel.STANDARD,
        " Air freight ",
        "",
        frozenset(),
        frozenset(),
        Limits(),
        frozenset(),
    )
    return replace(made, **members)  # type: ignore[arg-type]


def made(state: ServiceState = ServiceState.DRAFT, **members: object) -> Service:
    service = create_service(wish(**members), PROVIDER, present=0, id=ServiceId.mint(1, 1), at=AT).after
    removed = AT if state is ServiceState.REMOVED else None
    return replace(service, state=state, removed_at=removed)


def reasons(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [finding.reason for finding in refused.value.unmet]


def test_a_service_begins_as_a_draft_with_its_title_trimmed() -> None:
    service = made()
    assert (service.state, service.title, service.version) == (ServiceState.DRAFT, "Air freight", 1)


def test_everything_wrong_with_a_service_is_told_at_once() -> None:
    odd = wish(
        title="\n", description="x" * 4_001, incoterms=frozenset({Incoterm.FOB}), markets=frozenset({"XX"}),
        limits=Limits(0, MM_MAX + 1, None, -1),
    )  # fmt: skip
    with pytest.raises(Invalid) as refused:
        create_service(odd, PROVIDER, present=0, id=ServiceId.mint(1, 1), at=AT)
    assert [problem.field for problem in refused.value.problems] == [
        ("title",), ("description",), ("incoterms",), ("markets",),
        ("limits", "maxWeightGrams"), ("limits", "maxLengthMm"), ("limits", "maxHeightMm"),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ServiceMode)
def test_terms_of_the_sea_are_for_the_sea_and_terms_of_transport_for_transport(mode: ServiceMode) -> None:
    assert tuple(problems(made(mode=mode, incoterms=frozenset()))) == ()
    anywhere = {"EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP"}  # Incoterms 2020; the other four are the sea's
    fitting = {"SEA_FCL": set(Incoterm), "SEA_LCL": set(Incoterm)} | dict.fromkeys(
        ("EXPRESS", "AIR", "RAIL", "TRUCK"), anywhere
    )
    taken = {term for term in Incoterm if not tuple(problems(replace(made(mode=mode), incoterms=frozenset({term}))))}
    assert taken == fitting.get(mode, set())


def test_a_catalogue_has_an_end() -> None:
    with pytest.raises(Refused) as refused:
        create_service(wish(), PROVIDER, present=SERVICES_MAX, id=ServiceId.mint(1, 1), at=AT)
    assert reasons(refused) == ["services_have_room"]


def test_a_service_is_listed_with_a_lane_and_a_price_or_told_all_that_lacks() -> None:
    listed = list_service(made(), FULL, OWN, at=AT).after
    assert (listed.state, listed.listed_at) == (ServiceState.LISTED, AT)
    limited = Finding("capability.state", False, "capability_of_state")
    bare = Shelf(0, False, False, (limited,), ("WRONG_CATEGORY",))
    with pytest.raises(Refused) as refused:
        list_service(made(), bare, OWN, at=AT)
    assert reasons(refused) == [
        "service_has_lanes", "service_has_price", "provider_puts_on_sale", "capability_of_state",
        "listing_off_shelf_ended",
    ]  # fmt: skip


@pytest.mark.parametrize("state", ServiceState)
def test_what_is_possible_is_what_the_table_says(state: ServiceState) -> None:
    found = {move.action: move.available for move in moves(made(state), FULL, OWN, AT)}
    assert found == {action.value: state in states for action, states in MOVES.items()}


def test_another_providers_service_is_nobodys_to_change() -> None:
    for stranger in (caller(Role.PROVIDER, party=OTHER), caller(Role.BUYER, party=BuyerId.mint(1, 1))):
        assert not any(move.available for move in moves(made(), FULL, stranger, AT))
    desk = [move.action for move in moves(made(), FULL, DESK, AT) if move.available]
    assert ServiceAction.LIST_SERVICE in desk


def test_who_sells_is_the_caller_or_named_by_the_desk() -> None:
    assert seller(None, OWN) == seller(PROVIDER, OWN) == seller(PROVIDER, DESK) == PROVIDER
    with pytest.raises(Forbidden):
        seller(OTHER, OWN)
    with pytest.raises(Invalid):
        seller(None, DESK)


def test_what_is_left_out_of_an_update_stays() -> None:
    before = made(markets=frozenset({"US"}))
    after = update_service(before, UpdateService(before.id, title="New"), FULL, OWN, at=AT).after
    assert after == replace(before, title="New", version=2)
    emptied = update_service(before, UpdateService(before.id, markets=frozenset()), FULL, OWN, at=AT).after
    assert emptied.markets == frozenset()


def test_a_removed_service_never_comes_back() -> None:
    removed = remove_service(made(ServiceState.LISTED), FULL, OWN, at=AT).after
    assert (removed.state, removed.removed_at) == (ServiceState.REMOVED, AT)
    for act in (list_service, pause_service, remove_service):
        with pytest.raises(Refused) as refused:
            act(removed, FULL, OWN, at=AT)
        assert reasons(refused) == ["service_state_fits"]
    with pytest.raises(ValueError, match="removed before"):
        strike(removed, "again", at=AT)
    with pytest.raises(ValueError, match="not listed"):
        take_off(removed, "again", at=AT)


@given(st.lists(st.sampled_from([list_service, pause_service, remove_service]), max_size=8))
def test_any_way_through_a_services_life_keeps_its_laws(acts: list[object]) -> None:
    service = made()
    for act in acts:
        try:
            change = act(service, FULL, OWN, at=AT)  # type: ignore[operator]
        except Refused:
            continue
        assert change.before == service
        service = change.after
        assert (service.removed_at is None) is (service.state is not ServiceState.REMOVED)
        assert service.mode is ServiceMode.AIR
