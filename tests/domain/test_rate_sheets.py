"""Rates, rate sheets and their files: brackets without gap or overlap, versions that never govern at the same time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import rate_files
from domain.errors import Invalid, Refused, Several
from domain.ids import RateId, RateSheetId, ServiceId, SurchargeId
from domain.modes import DangerousGoodsClass, ServiceMode
from domain.money import Money
from domain.rate_files import Layout, Line
from domain.rate_sheets import (
    RATES_PER_CALL_MAX,
    SURCHARGES_MAX,
    DraftRateSheet,
    RateSheet,
    RateSheetState,
    SheetWish,
    activate_rate_sheet,
    discard_rate_sheet,
    draft_rate_sheet,
    drop,
    fill,
    moves,
    surcharge_of,
)
from domain.rates import (
    BRACKET_MAX,
    MEASURES,
    Bracket,
    Container,
    Measure,
    NewRate,
    NewSurcharge,
    Surcharge,
    SurchargeCharge,
    SurchargeKind,
    clashes,
    misfits,
    natural,
    rate_findings,
    sorted_brackets,
    spelled_bracket,
    surcharge_changes,
    surcharge_findings,
    whole,
)
from tests.domain.test_services import AT, OWN, made, reasons

DAY = timedelta(days=1)
WISH = SheetWish(ServiceId.mint(1, 1), "Spring", "USD", AT, None)


def rate(at_least: int = 0, below: int | None = None, zone: str = "A", **members: Any) -> NewRate:
    return replace(NewRate(zone, Measure.WEIGHT, None, at_least, below, False, Decimal("4.2"), None), **members)


def drafted(*rates: NewRate, mode: ServiceMode = ServiceMode.AIR, number: int = 1, **members: Any) -> RateSheet:
    wish = replace(WISH, **members)
    command = DraftRateSheet(wish, rates or (rate(),))
    made_sheet = draft_rate_sheet(
        made(mode=mode),
        command,
        number=number,
        id=RateSheetId.mint(1, number),
        rate_ids=[RateId.mint(1, place) for place in range(len(command.rates))],
        surcharge_ids=[SurchargeId.mint(1, place) for place in range(len(wish.surcharges))],
        at=AT,
    )
    assert len(made_sheet.rates) == made_sheet.sheet.after.rate_count
    assert len(made_sheet.surcharges) == made_sheet.sheet.after.surcharge_count
    return made_sheet.sheet.after


def active(begins: datetime, ends: datetime | None, number: int = 1) -> RateSheet:
    sheet = drafted(valid_from=begins, valid_until=ends, number=number)
    return replace(sheet, state=RateSheetState.ACTIVE, activated_at=AT)


# -- brackets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brackets", "wrong"),
    [
        ([(0, 45), (45, 100), (100, None)], []),
        ([(100, None), (0, 45), (45, 100)], []),
        ([(45, 100), (100, 300)], []),
        ([(0, 45), (50, None)], [(2, "rate.gap")]),
        ([(0, 50), (45, None)], [(2, "rate.overlap")]),
        ([(0, None), (45, None)], [(2, "rate.overlap")]),
        ([(0, 45), (0, 45)], [(2, "rate.overlap")]),
        ([(0, 100), (10, 20), (100, 200)], [(2, "rate.overlap")]),
        ([(0, 100), (10, 20), (50, 60)], [(2, "rate.overlap"), (3, "rate.overlap")]),
    ],
)
def test_brackets_follow_on_each_other(brackets: list[tuple[int, int | None]], wrong: list[tuple[int, str]]) -> None:
    rates = [rate(at_least, below) for at_least, below in brackets]
    found = [(bracket.line, finding.rule) for bracket, finding in misfits(sorted_brackets(rates))]
    assert found == wrong


def test_brackets_of_other_zones_measures_and_containers_are_others() -> None:
    rates = [
        rate(0, 45), rate(0, 45, zone="B"), rate(0, 45, measure=Measure.VOLUME),
        rate(0, None, measure=Measure.CONTAINERS, container=Container.DRY_20),
        rate(0, None, measure=Measure.CONTAINERS, container=Container.DRY_40),
    ]  # fmt: skip
    assert list(misfits(sorted_brackets(rates))) == []


def naive_misfits(brackets: list[Bracket]) -> bool:
    """Whether some whole number lies in two brackets, or in none between the first and the last."""
    top = max((bracket.below or 60) for bracket in brackets)
    counts = [
        sum(bracket.at_least <= number and (bracket.below is None or number < bracket.below) for bracket in brackets)
        for number in range(min(bracket.at_least for bracket in brackets), top)
    ]
    return any(count != 1 for count in counts)


@given(st.lists(st.tuples(st.integers(0, 30), st.one_of(st.none(), st.integers(1, 20))), min_size=1, max_size=6))
def test_brackets_are_judged_as_by_counting(spans: list[tuple[int, int | None]]) -> None:
    rates = [rate(begin, None if length is None else begin + length) for begin, length in spans]
    brackets = sorted_brackets(rates)
    assert bool(list(misfits(brackets))) == naive_misfits(brackets)


# -- rates and surcharges ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ServiceMode)
@pytest.mark.parametrize("measure", Measure)
def test_a_mode_is_sold_by_its_measures(mode: ServiceMode, measure: Measure) -> None:
    container = Container.DRY_40 if measure is Measure.CONTAINERS else None
    found = rate_findings(rate(measure=measure, container=container), mode, "USD", 7)
    assert (not found) is (measure in MEASURES[mode])


def test_everything_wrong_with_a_rate_is_told_with_its_line() -> None:
    odd = rate(
        5, 5, zone="", measure=Measure.CONTAINERS, price=Decimal(-1), minimum=Money(1, "EUR"),
    )  # fmt: skip
    found = rate_findings(odd, ServiceMode.AIR, "USD", 12)
    assert [finding.rule for finding in found] == [
        "rate.zone", "rate.measure", "rate.container", "rate.bracket", "rate.price", "rate.currency",
    ]  # fmt: skip
    assert {finding.inputs["line"] for finding in found} == {12}


@pytest.mark.parametrize(
    ("price", "good"),
    [
        ("0", True),
        ("0.345678", True),
        ("0.3456789", False),
        ("10000000000", True),
        ("10000000001", False),
        ("NaN", False),
    ],
)
def test_a_price_may_be_finer_than_a_cent_and_not_without_end(price: str, good: bool) -> None:
    assert (not rate_findings(rate(price=Decimal(price)), ServiceMode.AIR, "USD", 1)) is good


SHARE = NewSurcharge(SurchargeKind.FUEL, SurchargeCharge.SHARE, basis_points=1_250)
PER_PIECE = NewSurcharge(SurchargeKind.OVERSIZE, SurchargeCharge.PER_PIECE, amount=Decimal(30), length_mm_above=2_400)


@pytest.mark.parametrize(
    ("surcharge", "wrong"),
    [
        (SHARE, []),
        (PER_PIECE, []),
        (replace(SHARE, kind=SurchargeKind.PEAK, valid_from=AT, valid_until=AT + DAY), []),
        (replace(SHARE, kind=SurchargeKind.REMOTE_AREA, area_keys=frozenset({"US~995"})), []),
        (replace(SHARE, kind=SurchargeKind.DANGEROUS_GOODS), []),
        (replace(SHARE, amount=Decimal(3)), ["surcharge.charge"]),
        (replace(PER_PIECE, amount=None), ["surcharge.charge"]),
        (replace(SHARE, basis_points=0), ["surcharge.amount"]),
        (replace(PER_PIECE, amount=Decimal(0)), ["surcharge.amount"]),
        (replace(SHARE, minimum=Money(5, "EUR")), ["surcharge.currency"]),
        (replace(SHARE, kind=SurchargeKind.PEAK), ["surcharge.condition"]),
        (replace(SHARE, kind=SurchargeKind.PEAK, valid_from=AT, valid_until=AT), ["surcharge.time"]),
        (replace(SHARE, kind=SurchargeKind.REMOTE_AREA), ["surcharge.condition"]),
        (replace(SHARE, area_keys=frozenset({"CN"})), ["surcharge.foreign"]),
        (replace(SHARE, dangerous_goods=frozenset({DangerousGoodsClass.CLASS_3})), ["surcharge.foreign"]),
        (replace(SHARE, weight_grams_above=1), ["surcharge.foreign"]),
    ],
)
def test_a_surcharge_says_what_it_takes_and_when(surcharge: NewSurcharge, wrong: list[str]) -> None:
    assert [finding.rule for finding in surcharge_findings(surcharge, "USD", 1)] == wrong


def peak(first: int, after: int, **members: Any) -> NewSurcharge:
    return replace(SHARE, kind=SurchargeKind.PEAK, valid_from=AT + first * DAY, valid_until=AT + after * DAY, **members)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (SHARE, replace(SHARE, basis_points=900), True),
        (SHARE, replace(SHARE, charge=SurchargeCharge.PER_KG, basis_points=None, amount=Decimal(1)), False),
        (SHARE, replace(SHARE, zones=frozenset({"A"})), True),
        (replace(SHARE, zones=frozenset({"A"})), replace(SHARE, zones=frozenset({"B"})), False),
        (peak(0, 5), peak(5, 9), False),
        (peak(0, 5), peak(4, 9), True),
        (peak(5, 9), replace(SHARE, valid_until=AT + 9 * DAY), False),
        (replace(SHARE, valid_until=AT), replace(SHARE, valid_from=AT), False),
        (PER_PIECE, replace(PER_PIECE, length_mm_above=3_000), False),
    ],
)
def test_a_surcharge_is_due_once_at_a_time(one: NewSurcharge, other: NewSurcharge, clash: bool) -> None:
    found = [(number, finding.inputs["other"]) for number, finding in clashes(((7, one), (9, other)))]
    assert found == ([(9, 7)] if clash else [])
    if clash:
        with pytest.raises(Refused) as refused:
            drafted(surcharges=(one, other))
        assert reasons(refused) == ["surcharge_is_due_once"]


def test_what_a_version_changes_of_surcharges() -> None:
    def sheet(number: int, *news: NewSurcharge) -> list[Surcharge]:
        made_sheet = drafted(number=number)
        return [
            surcharge_of(made_sheet, new, place, id=SurchargeId.mint(number, place))
            for place, new in enumerate(news, start=1)
        ]

    rest = peak(0, 5)
    old = sheet(1, rest, SHARE, PER_PIECE)
    new = sheet(2, peak(9, 12), replace(SHARE, zones=frozenset({"A"})), rest, PER_PIECE)
    found = [(change.before, change.after) for change in surcharge_changes(old, new)]
    assert found == [(None, new[1]), (old[1], None), (None, new[0])]
    (changed,) = surcharge_changes(sheet(1, SHARE), dearer := sheet(2, replace(SHARE, basis_points=9)))
    assert (changed.before and changed.before.basis_points, changed.after) == (1_250, dearer[0])
    assert surcharge_changes(old, sheet(2, rest, SHARE, PER_PIECE)) == ()


@given(st.sampled_from(Measure), st.integers(0, BRACKET_MAX))
def test_a_bracket_is_shown_in_units_that_lead_back_to_it(measure: Measure, fine: int) -> None:
    shown = natural(measure, fine)
    assert shown is not None
    assert "E" not in str(shown)
    assert whole(measure, shown) == fine


def test_a_bracket_is_spelled_as_people_write_it() -> None:
    assert spelled_bracket(Measure.WEIGHT, None, Decimal("0.5"), Decimal(45)) == "0.5 to below 45 kg"
    assert spelled_bracket(Measure.CONTAINERS, "DRY_20", Decimal(1), None) == "1 and more containers DRY_20"
    with pytest.raises(ValueError, match="1000ths"):
        whole(Measure.WEIGHT, Decimal("0.0001"))


# -- versions ----------------------------------------------------------------------------------------------------------


def test_a_draft_tells_everything_that_is_wrong() -> None:
    with pytest.raises(Refused) as refused:
        drafted(rate(0, 45), rate(50), rate(measure=Measure.UNITS))
    assert reasons(refused) == ["rate_measure_fits_mode", "rate_brackets_leave_no_gap"]
    with pytest.raises(Invalid) as invalid:
        drafted(title="", valid_until=AT, volumetric_divisor=0, surcharges=(SHARE,) * (SURCHARGES_MAX + 1))
    assert [problem.field for problem in invalid.value.problems] == [
        ("sheet", "title"), ("sheet", "validUntil"), ("sheet", "volumetricDivisor"), ("sheet", "surcharges"),
    ]  # fmt: skip
    with pytest.raises(Invalid, match="1 to 500"):
        drafted(*(rate() for _ in range(RATES_PER_CALL_MAX + 1)))
    with pytest.raises(Refused) as refused:
        drafted(surcharges=(replace(SHARE, basis_points=None),))
    assert reasons(refused) == ["surcharge_charges_one_way"]
    with pytest.raises(Several) as several:
        drafted(rate(50, 45), title="", surcharges=(replace(SHARE, basis_points=None),))
    assert [refusal.message for refusal in several.value.refusals] == [
        "1 to 120 printable characters.",
        "Some of the surcharges cannot be.",
        "Some of the rates cannot be.",
    ]


def test_an_activated_version_never_begins_in_the_past() -> None:
    (change,) = activate_rate_sheet(drafted(valid_from=AT - 30 * DAY), [], OWN, at=AT)
    assert (change.after.valid_from, change.after.state) == (AT, RateSheetState.ACTIVE)
    (change,) = activate_rate_sheet(drafted(valid_from=AT + DAY), [], OWN, at=AT)
    assert change.after.valid_from == AT + DAY
    assert not change.after.governs(AT)
    assert change.after.governs(AT + DAY)


def test_a_successor_ends_what_it_supersedes_where_it_begins() -> None:
    first = active(AT - 10 * DAY, None)
    second = drafted(valid_from=AT + DAY, supersedes_id=first.id, number=2)
    ended, begun = activate_rate_sheet(second, [first], OWN, at=AT)
    assert (ended.after.state, ended.after.valid_until) == (RateSheetState.ACTIVE, AT + DAY)
    assert begun.after.valid_from == AT + DAY
    ahead = active(AT + 5 * DAY, AT + 9 * DAY)
    third = drafted(valid_from=AT, supersedes_id=ahead.id, number=3)
    ended, _ = activate_rate_sheet(third, [ahead], OWN, at=AT)
    assert (ended.after.state, ended.after.ended_at) == (RateSheetState.SUPERSEDED, AT)


def test_other_versions_at_the_same_time_are_all_named() -> None:
    others = [active(AT, AT + DAY, 1), active(AT + DAY, AT + 2 * DAY, 2), active(AT + 9 * DAY, None, 3)]
    with pytest.raises(Refused) as refused:
        activate_rate_sheet(drafted(valid_until=AT + 9 * DAY, number=4), others, OWN, at=AT)
    assert [finding.inputs["number"] for finding in refused.value.unmet] == [1, 2]


def test_what_is_no_draft_or_empty_or_over_is_not_activated() -> None:
    sheet = replace(drafted(valid_until=AT + DAY), rate_count=0)
    with pytest.raises(Refused) as refused:
        activate_rate_sheet(sheet, [], OWN, at=AT + DAY)
    assert reasons(refused) == ["rate_sheet_has_rates", "rate_sheet_validity_not_over"]
    with pytest.raises(Refused) as refused:
        discard_rate_sheet(active(AT, None), [], OWN, at=AT)
    assert reasons(refused) == ["rate_sheet_is_draft"]
    filled = fill(sheet, rate_count=3, surcharge_count=2, digest="d").after
    assert (filled.rate_count, filled.surcharge_count, filled.digest) == (3, 2, "d")
    with pytest.raises(ValueError, match="empty draft"):
        fill(filled, rate_count=3, surcharge_count=0, digest="d")
    gone = drop(filled, "asked", at=AT).after
    assert (gone.state, gone.rate_count) == (RateSheetState.DISCARDED, 0)
    assert not any(move.available for move in moves(gone, [], OWN, AT))


@given(st.lists(st.tuples(st.integers(-5, 20), st.one_of(st.none(), st.integers(1, 15)), st.booleans()), max_size=7))
def test_no_two_versions_ever_govern_the_same_instant(wishes: list[tuple[int, int | None, bool]]) -> None:
    """Sheets are drafted and activated one day after the other, some superseding what they overlap."""
    sheets: dict[RateSheetId, RateSheet] = {}
    for number, (begin, days, supersede) in enumerate(wishes, start=1):
        at = AT + number * DAY
        begins = AT + begin * DAY
        live = [sheet for sheet in sheets.values() if sheet.state is RateSheetState.ACTIVE]
        until = None if days is None else begins + days * DAY
        names = live[-1].id if supersede and live else None
        sheet = drafted(valid_from=begins, valid_until=until, supersedes_id=names, number=number)
        try:
            for change in activate_rate_sheet(sheet, live, OWN, at=at):
                sheets[change.after.id] = change.after
        except Refused:
            continue
    for hour in range(-6 * 24, 60 * 24, 12):
        instant = AT + timedelta(hours=hour)
        assert sum(sheet.governs(instant) for sheet in sheets.values()) <= 1


# -- files -------------------------------------------------------------------------------------------------------------


def line(text: str, header: str = "zone,measure,container,from,to,price,flat,minimum") -> Line:
    places = rate_files.layout(header.split(","))
    assert isinstance(places, Layout)
    return rate_files.read_line(text, 3, places, ServiceMode.TRUCK, "USD")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A,,,,,5,,", rate(0, None, price=Decimal(5))),
        (" A , weight ,,0.5,45, 4.20 ,no,45.00", rate(500, 45_000, price=Decimal("4.20"), minimum=Money(4500, "USD"))),
        ("A,VOLUME,,0,1.5,90,yes,\r", rate(0, 1_500_000, measure=Measure.VOLUME, price=Decimal(90), flat=True)),
        (
            '"Süd, 1",CONTAINERS,dry_40,1,,900,,',
            rate(1, None, "Süd, 1", measure=Measure.CONTAINERS, container=Container.DRY_40, price=Decimal(900)),
        ),
    ],
)
def test_a_line_is_a_rate(text: str, expected: NewRate) -> None:
    read = line(text)
    assert (read.rate, read.findings) == (expected, ())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (",,,,,,,", ["rate_line.number", "rate.zone"]),
        ("A,,,5,5,1,,", ["rate.bracket"]),
        ("A,,,0.0001,,1,,", ["rate_line.bracket"]),
        ("A,,,1e3,-4,1 000,,", ["rate_line.number"] * 3),
        ("A,UNITS,,,,1,,", ["rate.measure"]),
        ("A,CONTAINERS,,,,1,,", ["rate.container"]),
        ("A,CONTAINERS,BOX,,,1,,", ["rate_line.word"]),
        ("A,,,,,1,perhaps,0.001", ["rate_line.word", "rate_line.minimum"]),
        ("A,,,,,0.1234567,,", ["rate.price"]),
        ("A,,,,,1", ["rate_line.csv"]),
        ('"A,,,,,1,,', ["rate_line.csv"]),
        ("A\x00,,,,,1,,", ["rate_line.text"]),
        ("A\udcff,,,,,1,,", ["rate_line.text"]),
        ("A" * 20_001, ["rate_line.long"]),
    ],
)
def test_a_line_that_is_no_rate_tells_why(text: str, wrong: list[str]) -> None:
    read = line(text)
    assert read.rate is None
    assert sorted(finding.rule for finding in read.findings) == sorted(wrong)
    assert all(finding.inputs["line"] == 3 for finding in read.findings)


def test_a_header_names_its_columns_in_any_order_once() -> None:
    assert line("5,A,seen", "PRICE, zone ,remark").rate == rate(price=Decimal(5))
    found = rate_files.layout(["zone", "zone"])
    assert not isinstance(found, Layout)
    assert [finding.inputs["column"] for finding in found] == ["price", "zone"]


def test_empty_lines_are_passed_over_and_numbers_go_on() -> None:
    places = rate_files.layout(["zone", "price"])
    assert isinstance(places, Layout)
    read = rate_files.read_lines(["A,1", "", " , ", "B,2", "\r"], 2, places, ServiceMode.AIR, "USD")
    assert [each.number for each in read] == [2, 5]


@given(st.text(max_size=80))
def test_no_text_is_too_odd_to_be_judged(text: str) -> None:
    read = line(text)
    assert (read.rate is None) is bool(read.findings)


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters='",\r\n'), max_size=12) | st.sampled_from(
    ["", "5", "SHARE", "PER_KG", "NO-21;XX", "3;CLASS_9", "2026-11-15", "2026-11-15T24:00Z", "9999-12-31T23:59-23:59"]
)


@given(st.sampled_from(SurchargeKind), st.lists(_CELLS, min_size=12, max_size=12))
def test_no_cell_of_a_surcharge_is_too_odd_to_be_judged(kind: SurchargeKind, cells: list[str]) -> None:
    read = line(",".join((kind, *cells)), SURCHARGES)
    assert (read.surcharge is None) is bool(read.findings)
    assert read.rate is None


# -- surcharges in files -----------------------------------------------------------------------------------------------

SURCHARGES = "surcharge,zone,from,price,minimum,charge,percent,areas,classes,above_kg,above_cm,valid_from,valid_until"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fuel,,,,,,12.5,,,,,,", SHARE),
        ("OVERSIZE,,,30,,per_piece,,,,,240,,", PER_PIECE),
        (
            "PEAK,A; B ,,0.355,20,PER_KG,,,,,,2026-11-15,2027-01-08T00:00:00+01:00",
            NewSurcharge(
                SurchargeKind.PEAK, SurchargeCharge.PER_KG, amount=Decimal("0.355"), minimum=Money(20_00, "USD"),
                valid_from=datetime(2026, 11, 15, tzinfo=UTC), valid_until=datetime(2027, 1, 7, 23, tzinfo=UTC),
                zones=frozenset({"A", "B"}),
            ),
        ),
        (
            "REMOTE_AREA,,,,,SHARE,3,no-21;US~995;CNSHA,,,,,",
            replace(
                SHARE, kind=SurchargeKind.REMOTE_AREA, basis_points=300,
                area_keys=frozenset({"NO-21", "US~995", "CNSHA"}),
            ),
        ),
        (
            "DANGEROUS_GOODS,,,95,,PER_SHIPMENT,,,3;CLASS_9,,,,",
            NewSurcharge(
                SurchargeKind.DANGEROUS_GOODS, SurchargeCharge.PER_SHIPMENT, amount=Decimal(95),
                dangerous_goods=frozenset({DangerousGoodsClass.CLASS_3, DangerousGoodsClass.CLASS_9}),
            ),
        ),
    ],
)  # fmt: skip
def test_a_line_is_a_surcharge(text: str, expected: NewSurcharge) -> None:
    read = line(text, SURCHARGES)
    assert (read.rate, read.surcharge, read.findings) == (None, expected, ())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("FUEL,,,,,,,,,,,,", ["rate_line.word"]),
        ("FUEL,,,,,,12.345,,,,,,", ["rate_line.bracket"]),
        ("FUEL,,,,,,9999999999,,,,,,", ["rate_line.bracket"]),
        ("FUEL,,,5,,,12,,,,,,", ["surcharge.charge"]),
        ("FUEL,,,,,PER_KG,,,,,,,", ["surcharge.charge", ]),
        ("TOLL,,,,,PER_ROAD,-1,,,x,0.05,,", ["rate_line.word", "rate_line.number", "rate_line.word",
            "rate_line.number", "rate_line.bracket"]),
        ("FUEL,,5,,,,12,,,,,,", ["rate_line.foreign"]),
        ("FUEL,,,,,,12,,,,,15.11.2026,2026-02-30", ["rate_line.time", "rate_line.time"]),
        ("FUEL,,,,,,12,,,,,2026-11-15T10:00,", ["rate_line.time"]),
        ("REMOTE_AREA,,,,,,12,XX;atlantis;NO,,,,,", ["rate_line.area"]),
        ("REMOTE_AREA,,,,,,12,,,,,,", ["surcharge.condition"]),
        ("DANGEROUS_GOODS,,,,,,12,,3;12,,,,", ["rate_line.word"]),
        ("PEAK,,,,,,12,,,,,2026-12-01,2026-11-01", ["surcharge.time"]),
        (",A,,5,,SHARE,12,NO,,,,,", ["rate_line.foreign", "rate_line.foreign", "rate_line.foreign"]),
    ],
)  # fmt: skip
def test_everything_wrong_with_a_surcharge_in_a_file_is_told(text: str, wrong: list[str]) -> None:
    read = line(text, SURCHARGES)
    assert (read.rate, read.surcharge) == (None, None)
    assert sorted(finding.rule for finding in read.findings) == sorted(wrong)
    assert {finding.inputs.get("line", finding.inputs.get("surcharge")) for finding in read.findings} == {3}
