"""Messages: what is due when, what is void, and which wordings a rule may have."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import messages
from domain.errors import Invalid
from domain.ids import BuyerId, MessageId, RuleVersionId
from domain.locales import Locale
from domain.messages import Due, Facts, MessageKey, MessageState, MessageTerms
from domain.rule_kinds import check
from domain.shipments import Shipment, ShipmentMode
from domain.tracking import ShipmentState
from tests import shipped
from tests.domain.test_records import SHIPMENT

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = shipped.draft("messages.toml").source
BUYER = BuyerId.mint(1, 1)
FACTS = Facts(order="O-7", shipment="S-7")


@cache
def terms() -> MessageTerms:
    return shipped.rule(MessageTerms, "messages.toml", RuleVersionId.mint(1, 1))


def shipment(**members: object) -> Shipment:
    return replace(SHIPMENT, mode=ShipmentMode.EXPRESS, **members)  # type: ignore[arg-type]


PICKED_UP = shipment(state=ShipmentState.IN_TRANSIT, picked_up_at=NOON, moved_at=NOON)


# -- what is due -------------------------------------------------------------------------------------------------------


def test_a_parcel_that_left_is_told_of_after_a_day_and_after_two_weeks() -> None:
    assert messages.due(terms(), PICKED_UP) == (
        Due(MessageKey.DISPATCH_NOTICE, NOON + timedelta(days=1)),
        Due(MessageKey.CARE, NOON + timedelta(days=14)),
    )
    assert messages.due(terms(), SHIPMENT) == ()


def test_freight_is_not_told_of_by_the_day() -> None:
    assert messages.due(terms(), replace(PICKED_UP, mode=ShipmentMode.RAIL)) == ()
    delivered = replace(PICKED_UP, mode=ShipmentMode.RAIL, state=ShipmentState.DELIVERED, delivered_at=NOON)
    assert [each.key for each in messages.due(terms(), delivered)] == [MessageKey.DELIVERED]


@pytest.mark.parametrize(
    ("state", "key"),
    [
        (ShipmentState.DELAYED, MessageKey.DELAYED),
        (ShipmentState.DELIVERY_FAILED, MessageKey.EXCEPTION),
        (ShipmentState.ON_HOLD, MessageKey.EXCEPTION),
        (ShipmentState.LOST, MessageKey.LOST),
        (ShipmentState.READY_FOR_PICKUP, MessageKey.READY_FOR_PICKUP),
    ],
)
def test_a_state_is_told_of_while_it_lasts(state: ShipmentState, key: MessageKey) -> None:
    stands = replace(PICKED_UP, state=state, moved_at=NOON + timedelta(hours=5))
    assert messages.occasioned(terms(), PICKED_UP, stands) == (Due(key, NOON + timedelta(hours=5)),)
    assert messages.occasioned(terms(), stands, replace(stands, version=2)) == ()
    assert key not in {each.key for each in messages.due(terms(), PICKED_UP)}


def test_the_first_report_gives_every_occasion_at_once() -> None:
    delivered = replace(PICKED_UP, state=ShipmentState.DELIVERED, delivered_at=NOON + timedelta(days=3))
    assert [each.key for each in messages.occasioned(terms(), None, delivered)] == [
        MessageKey.DISPATCH_NOTICE,
        MessageKey.DELIVERED,
        MessageKey.CARE,
    ]


def test_what_has_arrived_before_day_fourteen_needs_no_care() -> None:
    (care,) = (each for each in messages.due(terms(), PICKED_UP) if each.key is MessageKey.CARE)
    because = messages.void(terms(), ShipmentState.DELIVERED, care, care.at)
    assert because is not None
    assert (because.reason, because.inputs["state"]) == ("message_still_of_use", "DELIVERED")
    assert messages.void(terms(), ShipmentState.DELAYED, care, care.at) is None


def test_old_news_is_none() -> None:
    late = Due(MessageKey.DELAYED, NOON)
    assert messages.void(terms(), ShipmentState.DELAYED, late, NOON + timedelta(hours=72)) is None
    because = messages.void(terms(), ShipmentState.DELAYED, late, NOON + timedelta(hours=72, microseconds=1))
    assert because is not None
    assert because.reason == "message_in_good_time"


# -- writing -----------------------------------------------------------------------------------------------------------


def composed(stands: Shipment, country: str, facts: Facts = FACTS, hours: int = 24) -> messages.Message:
    each = Due(MessageKey.DISPATCH_NOTICE, NOON)
    at = NOON + timedelta(hours=hours)
    id = MessageId.mint(1, 1)
    return messages.compose(terms(), stands, each, facts, id=id, party_id=BUYER, country=country, at=at).after


def test_a_message_is_written_in_the_language_of_its_party() -> None:
    facts = replace(FACTS, provider="Blue Anchor", promised_on=date(2026, 3, 20), picked_up_on=date(2026, 3, 1))
    english = composed(PICKED_UP, "DE", facts)
    assert (english.state, english.language, english.title) == (
        MessageState.SENT,
        Locale.EN,
        "Your order O-7 is on its way",
    )
    assert english.text is not None
    assert "to Blue Anchor on 1 March 2026" in english.text
    chinese = composed(PICKED_UP, "TW", facts)
    assert chinese.language is Locale.ZH
    assert chinese.text is not None
    assert "2026年3月20日" in chinese.text


def test_a_void_message_is_kept_with_the_reason() -> None:
    skipped = composed(shipment(state=ShipmentState.DELIVERED, picked_up_at=NOON), "US")
    assert (skipped.state, skipped.title, skipped.text) == (MessageState.SKIPPED, None, None)
    assert skipped.void is not None
    assert '"reason":"message_still_of_use"' in skipped.void


values = st.text(alphabet="abc {}[]{order}", max_size=12)


@given(values, values, st.none() | values)
def test_values_are_filled_in_as_they_are(order: str, reference: str, provider: str | None) -> None:
    _, text = messages.written(
        terms(), MessageKey.READY_FOR_PICKUP, Locale.EN, Facts(order=order, shipment=reference, provider=provider)
    )
    fetched = "" if provider is None else f" from {provider}"
    assert text == f"Shipment {reference} of order {order} waits to be fetched{fetched}."


@pytest.mark.parametrize(
    "name", ["Call +1 202 555 0143", "Mail ops@carrier.example", "WeChat: anchor88", "www.a.example"]
)
def test_a_name_with_contact_outside_is_left_out(name: str) -> None:
    _, text = messages.written(
        terms(), MessageKey.READY_FOR_PICKUP, Locale.EN, Facts(order="O-7", shipment="S-7", provider=name)
    )
    assert text == "Shipment S-7 of order O-7 waits to be fetched."


# -- what a rule may say -----------------------------------------------------------------------------------------------

LINE = 'title = "Order {order} was delivered"'


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("Order {oder} was delivered", "there is no place {oder}"),
        ("Order {} was delivered", "there is no place {}"),
        ("Order {order} was delivered on {delivered_on}", "may have no value"),
        ("Order {order} [was {delivered_on", "come in pairs"),
        ("Order {order} [was [delivered]]", "do not nest"),
        ("", "1 to 120 characters"),
        ("x" * 121, "1 to 120 characters"),
        ("Order {order}: 20% off your next one", "% off"),
        ("Order {order}: leave a review", "leave a review"),
        ("Order {order}: 给我们好评", "好评"),
        ("Order {order}: write to help@carrier.com", "help@carrier.com"),
        ("Order {order}: WhatsApp us", "WhatsApp"),
        ("Order {order}: see www.carrier.com", "www.carrier.com"),
        ("Order {order}: phone +44 20 7946 0018", "7946"),
    ],
)
def test_a_wording_that_no_message_may_have_is_refused_at_publishing(title: str, problem: str) -> None:
    assert LINE in TEXT
    with pytest.raises(Invalid) as refused:
        check(TEXT.replace(LINE, f'title = "{title}"'))
    assert problem in str([each.message for each in refused.value.problems])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[body.templates.CARE.wording.ZH]", "[body.templates.CARE.wording.FR]", "expected one of EN, ZH"),
        ('to = ["BUYER"]\nmodes', "to = []\nmodes", "for somebody"),
        ("[body.templates.CARE]", "[body.templates.CARES]", "expected one of"),
        ('void_in = ["DELIVERED", "RETURNED", "CANCELLED"]', 'void_in = ["ARRIVED"]', "expected one of"),
    ],
)
def test_a_template_is_whole(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    with pytest.raises(Invalid) as refused:
        check(TEXT.replace(old, new))
    assert problem in str([each.message for each in refused.value.problems])


def test_every_shipped_wording_has_an_example_that_holds() -> None:
    draft = check(TEXT)
    assert all(result.passes for result in draft.results)
    shown = {(case.given["key"], terms().language_of(case.given["country"])) for case in draft.rule_set.case}
    assert shown == {(key, language) for key in MessageKey for language in Locale}
