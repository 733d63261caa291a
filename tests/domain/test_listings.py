"""Listing checks: what is found in real descriptions and what is not; flags from their raising to their end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Role
from domain.dates import UTC_DAYS
from domain.errors import Refused
from domain.ids import DecisionId, LaneId, ListingFlagId, RuleVersionId, ServiceId
from domain.lanes import Lane
from domain.listings import (
    Card,
    Charge,
    Consequence,
    FlagState,
    ListingCause,
    ListingFlag,
    ListingTerms,
    Suspicion,
    Twin,
    card,
    correct_listing,
    dismiss_listing_flag,
    enforce_flag,
    enforcement,
    look_again,
    moves,
    raise_flag,
    require_corrected,
    stands,
    suspicions,
)
from domain.modes import ServiceMode
from domain.money import Money
from domain.off_platform import ContactKind, contacts, plain
from domain.places import Area
from domain.services import ServiceState
from tests import shipped
from tests.domain.test_lanes import added
from tests.domain.test_services import AT, DESK, OTHER, OWN, caller, made, reasons

VERSION = RuleVersionId.mint(1, 1)
RULE = shipped.rule(ListingTerms, "listings.toml", VERSION)

LEADING_AWAY = {
    ContactKind.EMAIL: [
        "mail sales@cargo.com", "sales (at) cargo (dot) com", "sales [at] cargo [dot] com", "sales at cargo dot com",
        "s a l e s @ c a r g o . c o m", "sales＠cargo.com", "sales @ cargo . com", "ops{at}cargo{dot}cn",
    ],
    ContactKind.LINK: [
        "visit www.cargo-best.com today", "see https://x.y/z", "cargo-best.com", "cargobest dot com", "hxxp://foo.bar",
        "CARGO-BEST.COM", "www . cargo . de",
    ],
    ContactKind.CHAT: [
        "WhatsApp us", "whats app", "w h a t s a p p", "wh4tsapp", "Whаtsаpp", "what\u200bsapp", "WeChat: abc123",
        "w-e-c-h-a-t", "微信 abc", "telegram @abc", "QQ: 12345678", "QQ 123456789", "Line ID: cargo88",
        "signal +49 170 1234567", "skype me", "vx: cargo_88", "add me on Viber", "wa.me/8613800138000",
    ],
    ContactKind.PHONE: [
        "call us 0755 8888 9999", "tel: 021-5555 6666", "+86 138 0013 8000", "+1 (310) 555-1234", "(310) 555-1234",
        "310-555-1234", "13800138000", "1 3 8 0 0 1 3 8 0 0 0", "one three eight zero zero one three eight zero",
        "phone no. 5551234567", "contact mobile 0086 138 0013 8000", "电话 0755-88889999",
    ],
}  # fmt: skip

HONEST = [
    "Weekly sailings from Shanghai, 20GP and 40HC, transit 14-18 days.",
    "HS 8479.89.9499 and 8479899499 accepted",
    "valid 2026-11-22 to 2026-12-31",
    "Postal codes 90001-96162, 10001-14925",
    "max 1200x800x1500 mm, 30,000 kg, 12 000 lbs",
    "UN 3480, UN3481 lithium batteries, PI 965-967",
    "Container MSKU1234565 and MRKU 905560-2",
    "AWB 176-12345675 issued same day",
    "Shipping line: Maersk, Cosco, OOCL",
    "We use carrier line services and signal cables",
    "IMO 9321483 vessels only; IMO classes 3, 8",
    "Rates from 1.25 to 2.30 USD/kg; minimum 45.00",
    "Cut-off Thu 17:00 (CST), free time 7+7 days",
    "Delivery at the port. Top service. App available.",
    "Incoterms 2020: EXW, FCA, DAP, DDP.",
    "Call at Singapore on the way; the vessel calls at Busan",
    "Telex release available; telegraphic transfer accepted",
    "FMC licence 012345N, OTI No. 019876N",
    "VAT number DE 123456789, EORI GB123456789000",
    "customs bond 50,000 / 75,000 / 150,000",
    "Sizes 100 200 300 400 500 600 700 800 kg",
    "Volumetric divisor 5000 / 6000 cm3/kg",
    "24/7 hotline through the marketplace",
    "Sea freight at 100.00 per cbm.We load daily.It is fast",
    "ISO 9001:2015, IATA code 08-1 2345/0015",
    "Working hours 9-18 Mon-Fri; on call 24 h",
    "messenger service within the city; facebook of stowage plans",
    "EN 12642-XL straps, 2500 daN",
    "Экспресс-доставка из Китая, таможня включена",
    "上海至洛杉矶海运，每周开船",
]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in LEADING_AWAY.items() for text in texts])
def test_what_leads_buyers_away_is_found(kind: ContactKind, text: str) -> None:
    assert kind in {contact.kind for contact in contacts(text, RULE.contact)}


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_description_is_left_alone(text: str) -> None:
    assert contacts(text, RULE.contact) == ()


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at_and_plain_text_stays_plain(text: str) -> None:
    contacts(text, RULE.contact)
    shown = plain(text)
    assert plain(shown).split() == shown.split()


def test_a_contact_is_told_once_and_quoted() -> None:
    found = contacts("a@b.com or a@b.com, www.b.com", RULE.contact)
    assert [(contact.kind, contact.excerpt) for contact in found] == [
        (ContactKind.EMAIL, "a@b.com"), (ContactKind.LINK, "www.b.com"),
    ]  # fmt: skip


# -- categories, twins and baits ---------------------------------------------------------------------------------------


def causes(mode: ServiceMode, title: str, description: str = "", **members: object) -> list[ListingCause]:
    found = suspicions(RULE, Card(mode, title, description), **members)  # type: ignore[arg-type]
    return [suspicion.cause for suspicion in found]


@pytest.mark.parametrize(
    ("mode", "title", "description", "wrong"),
    [
        (ServiceMode.SEA_LCL, "Express courier", "Parcels from door to door.", True),
        (ServiceMode.AIR, "Truck and lorry transport", "Full truck, by road.", True),
        (ServiceMode.INSPECTION, "Warehouse", "Storage and warehousing, pallet positions.", True),
        (ServiceMode.SEA_FCL, "Ocean freight with customs clearance", "Trucking, warehouse, customs.", False),
        (ServiceMode.TRUCK, "Trucking from the airport", "We collect air cargo.", False),
        (ServiceMode.AIR, "Shanghai to Frankfurt", "Daily. Customs included.", False),
        (ServiceMode.EXPRESS, "Fair and square deliveries", "", False),
    ],
)
def test_words_of_another_mode_without_any_of_its_own_are_the_wrong_category(
    mode: ServiceMode, title: str, description: str, wrong: bool
) -> None:
    assert (ListingCause.WRONG_CATEGORY in causes(mode, title, description)) is wrong


def lane(origin: Area, destination: Area, mode: ServiceMode = ServiceMode.AIR) -> Lane:
    return added(made(mode=mode), (origin, destination))[0]


def test_a_lane_from_a_place_to_itself_is_none_where_goods_go_between_places() -> None:
    port = Area("CN", unlocode="CNSHA")
    assert causes(ServiceMode.AIR, "Air freight", lanes=[lane(port, port)]) == [ListingCause.WRONG_CATEGORY]
    assert causes(ServiceMode.AIR, "Air freight", lanes=[lane(Area("CN"), Area("CN"))]) == []
    assert causes(ServiceMode.TRUCK, "Trucking", lanes=[lane(port, port, ServiceMode.TRUCK)]) == []


def test_a_lane_that_is_sold_twice_is_named() -> None:
    twin = Twin(LaneId.mint(1, 1), "CN", "DE", ServiceId.mint(1, 2))
    (found,) = suspicions(RULE, card(made()), twins=[twin, twin])
    assert (found.cause, found.lane_ids) == (ListingCause.DUPLICATE_LANES, (twin.lane_id,))


def charges(*minor: int) -> list[Charge]:
    return [Charge(Money(100_00, "USD"), Money(charged, "USD")) for charged in minor]


@pytest.mark.parametrize(
    ("charged", "bait"),
    [
        ([103_01] * 3, True),
        ([103_00] * 9, False),
        ([150_00] * 2, False),
        ([150_00] * 3 + [100_00] * 12, True),
        ([150_00] * 3 + [100_00] * 13, False),
        ([90_00] * 5, False),
        ([], False),
    ],
)
def test_charges_are_a_bait_when_many_and_a_share_of_them_exceed_the_quote(charged: list[int], bait: bool) -> None:
    found = causes(ServiceMode.AIR, "Air freight", charges=charges(*charged))
    assert found == ([ListingCause.BAIT_RATE] if bait else [])


# -- flags -------------------------------------------------------------------------------------------------------------

CONTACT = suspicions(RULE, Card(ServiceMode.AIR, "Air freight", "ask on Telegram"))[0]


def raised(cause: ListingCause = ListingCause.OFF_PLATFORM_CONTACT) -> ListingFlag:
    suspicion = replace(CONTACT, cause=cause)
    service = made(ServiceState.LISTED)
    return raise_flag(service, suspicion, RULE, UTC_DAYS, id=ListingFlagId.mint(1, 1), at=AT).after


@pytest.mark.parametrize("cause", ListingCause)
def test_a_flag_has_the_days_and_the_consequence_of_its_cause(cause: ListingCause) -> None:
    flag, rule = raised(cause), RULE.causes[cause]
    assert (flag.state, flag.consequence, flag.violation) == (FlagState.OPEN, rule.consequence, rule.violation)
    assert flag.due_at.date() == (AT + timedelta(days=rule.correction_days)).date()
    assert flag.rule_version_id == VERSION


def test_a_second_look_keeps_the_deadline_and_tells_only_what_is_new() -> None:
    flag = raised()
    assert look_again(flag, CONTACT) is None
    more = suspicions(RULE, Card(ServiceMode.AIR, "WeChat", "ask on Telegram"))[0]
    change = look_again(flag, more)
    assert change is not None
    assert (change.after.due_at, len(change.after.findings)) == (flag.due_at, 2)


def test_what_was_enforced_is_explained_and_goes_when_it_is_put_right_unless_removed() -> None:
    flag = raised(ListingCause.WRONG_CATEGORY)
    tree = enforcement(flag)
    assert not tree.holds
    assert tree.because == flag.findings
    enforced = enforce_flag(flag, DecisionId.mint(1, 1), at=flag.due_at).after
    assert (enforced.state, enforced.decision_id) == (FlagState.ENFORCED, DecisionId.mint(1, 1))
    assert stands(enforced)
    assert correct_listing(enforced, at=AT).after.state is FlagState.CORRECTED
    with pytest.raises(ValueError, match="ENFORCED"):
        enforce_flag(enforced, DecisionId.mint(1, 2), at=AT)
    removed = replace(enforced, consequence=Consequence.REMOVED)
    assert not stands(removed)
    with pytest.raises(ValueError, match="ENFORCED"):
        correct_listing(removed, at=AT)


def test_the_provider_corrects_and_only_the_desk_dismisses() -> None:
    flag = raised()
    assert {move.action: move.available for move in moves(flag, OWN)} == {
        "CORRECT_LISTING": True, "DISMISS_LISTING_FLAG": False,
    }  # fmt: skip
    assert not any(move.available for move in moves(flag, caller(Role.PROVIDER, party=OTHER)))
    dismissed = dismiss_listing_flag(flag, "a quotation", DESK, at=AT).after
    assert (dismissed.state, dismissed.reason) == (FlagState.DISMISSED, "a quotation")
    with pytest.raises(Refused) as refused:
        dismiss_listing_flag(dismissed, "again", DESK, at=AT)
    assert reasons(refused) == ["listing_flag_stands"]


def test_what_still_speaks_for_a_flag_refuses_its_correction() -> None:
    require_corrected(None)
    with pytest.raises(Refused) as refused:
        require_corrected(Suspicion(ListingCause.OFF_PLATFORM_CONTACT, CONTACT.findings))
    assert refused.value.unmet == CONTACT.findings
