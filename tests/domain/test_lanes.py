"""Lanes: where a service goes, how long it takes, and what is on sale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.access import Role
from domain.errors import Invalid, Refused
from domain.ids import LaneId, ServiceId
from domain.lanes import (
    DAYS_MAX,
    LANES_MAX,
    LANES_PER_CALL_MAX,
    AddLanes,
    Lane,
    LaneState,
    NewLane,
    Timing,
    UpdateLane,
    add_lanes,
    moves,
    offered,
    remove_lane,
    require_room,
    set_sellable,
    timing_problems,
    update_lane,
    withdraw,
)
from domain.modes import TRANSPORT, ServiceMode
from domain.places import Area
from domain.services import Service, ServiceState
from tests.domain.test_services import AT, OTHER, OWN, caller, made, reasons

SOON = Timing(3, 5, 1, "17:00", "Asia/Shanghai")
CN, DE, ROTTERDAM = Area("CN"), Area("DE"), Area("NL", unlocode="NLRTM")


def added(service: Service, *ways: tuple[Area, Area], present: tuple[Lane, ...] = ()) -> list[Lane]:
    wish = AddLanes(service.id, tuple(NewLane(one, other, SOON, " EU ") for one, other in ways))
    ids = [LaneId.mint(1, place) for place in range(len(ways))]
    return [change.after for change in add_lanes(service, wish, present, ids=ids, at=AT)]


def test_a_lane_names_its_ends_by_their_keys_and_is_not_on_sale_by_itself() -> None:
    (lane,) = added(made(ServiceState.LISTED), (CN, ROTTERDAM))
    assert (lane.origin_key, lane.destination_key, lane.destination_country) == ("CN", "NLRTM", "NL")
    assert (lane.zone, lane.mode, lane.state, lane.sellable) == ("EU", ServiceMode.AIR, LaneState.ACTIVE, False)


def test_a_way_is_gone_once() -> None:
    (present,) = added(made(), (CN, DE))
    with pytest.raises(Refused) as refused:
        added(made(), (CN, DE), (DE, CN), (DE, CN), present=(present,))
    assert reasons(refused) == ["lane_goes_once", "lane_goes_once"]
    assert [finding.inputs["other"] for finding in refused.value.unmet] == [str(present.id), "lane 1"]


@pytest.mark.parametrize("mode", ServiceMode)
def test_what_is_done_at_a_place_has_one_place(mode: ServiceMode) -> None:
    service = made(mode=mode)
    assert len(added(service, (DE, DE))) == 1
    if mode in TRANSPORT:
        assert len(added(service, (CN, DE))) == 1
    else:
        with pytest.raises(Invalid, match="both ends"):
            added(service, (CN, DE))


def test_a_call_and_a_service_have_room_for_so_many() -> None:
    areas = [Area("CN", postal_prefix=f"{place:04}") for place in range(LANES_PER_CALL_MAX + 1)]
    assert len(added(made(), *((area, DE) for area in areas[:-1]))) == LANES_PER_CALL_MAX
    for ways in ([(area, DE) for area in areas], []):
        with pytest.raises(Invalid, match="1 to 100"):
            added(made(), *ways)
    require_room(LANES_MAX - 1, 1)
    with pytest.raises(Refused) as refused:
        require_room(LANES_MAX, 1)
    assert reasons(refused) == ["lanes_have_room"]


@pytest.mark.parametrize(
    ("timing", "wrong"),
    [
        (SOON, set()),
        (Timing(0, 0), set()),
        (Timing(5, 3), {"transitDaysMax"}),
        (Timing(-1, 3), {"transitDaysMin"}),
        (Timing(1, DAYS_MAX + 1, -1), {"transitDaysMax", "handlingDays"}),
        (Timing(1, 2, 0, "17:00"), {"cutOff"}),
        (Timing(1, 2, 0, None, "UTC"), {"cutOff"}),
        (Timing(1, 2, 0, "24:00", "UTC"), {"cutOff"}),
        (Timing(1, 2, 0, "7:00", "UTC"), {"cutOff"}),
        (Timing(1, 2, 0, "17:00", "Mars/Base"), {"cutOffZone"}),
        (Timing(1, 2, 0, "17:00", "../UTC"), {"cutOffZone"}),
        (Timing(1, 2, 0, "1700Z", "asia/shanghai"), {"cutOff", "cutOffZone"}),
    ],
)
def test_days_and_cut_offs_are_possible_ones(timing: Timing, wrong: set[str]) -> None:
    assert {problem.field[-1] for problem in timing_problems(timing, ("timing",))} == wrong


def test_an_update_changes_days_and_zone_and_never_the_ends() -> None:
    (lane,) = added(made(), (CN, DE))
    after = update_lane(lane, UpdateLane(lane.id, zone="Z2"), OWN).after
    assert after == replace(lane, zone="Z2", version=2)
    after = update_lane(lane, UpdateLane(lane.id, timing=Timing(1, 2)), OWN).after
    assert (after.timing, after.zone) == (Timing(1, 2), "EU")
    with pytest.raises(Invalid):
        update_lane(lane, UpdateLane(lane.id, zone="\x00", timing=Timing(2, 1)), OWN)


def test_a_lane_is_on_sale_only_while_it_and_its_service_stand() -> None:
    listed = made(ServiceState.LISTED)
    (lane,) = added(listed, (CN, DE))
    assert offered(lane, listed)
    assert not offered(lane, made(ServiceState.PAUSED))
    on_sale = set_sellable(lane, True, "capability.sell").after
    assert (on_sale.sellable, on_sale.version) == (True, 2)
    with pytest.raises(ValueError, match="sellable=True"):
        set_sellable(on_sale, True, "again")
    gone = withdraw(on_sale, at=AT).after
    assert (gone.state, gone.sellable, gone.removed_at) == (LaneState.REMOVED, False, AT)
    assert not offered(gone, listed)
    with pytest.raises(ValueError, match="sellable=True"):
        set_sellable(gone, True, "never")
    with pytest.raises(ValueError, match="removed before"):
        withdraw(gone, at=AT)


def test_a_removed_lane_and_anothers_lane_are_not_changed() -> None:
    (lane,) = added(made(), (CN, DE))
    gone = remove_lane(lane, OWN, at=AT).after
    with pytest.raises(Refused) as refused:
        remove_lane(gone, caller(Role.PROVIDER, party=OTHER), at=AT)
    assert reasons(refused) == ["lane_is_yours", "lane_is_active"]
    assert [move.available for move in moves(lane, OWN)] == [True, True]
    assert lane.service_id == ServiceId.mint(1, 1)
