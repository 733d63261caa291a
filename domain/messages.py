"""Messages that the platform writes to the parties of a shipment when it passes a milestone (`domain.md` 2.9, 6.12).

How it works. What is written, to whom, for which goods and how long after what is rule data: a template per milestone
and language. From a shipment as it stands follows which messages are due and since when (`due`); a clock on the
shipment lets them be written (`compose`) once it is over. A message that is void by then, because the goods have
arrived or because it comes too late to be of use, is kept as skipped, with the reason, and never comes again.

A wording holds places such as `{order}`. A place that may have no value stands between square brackets with all the
words that go with it, `[ It is promised for {promised_on}.]`: without its value the bracket is left out.

Laws: a party gets a milestone's message about a shipment at most once; a place that nobody knows, one that may stay
empty outside a bracket, and a wording with advertising or with contact outside the platform are refused when the rule
is published; a value that would smuggle in contact is left out.

Subject and party name the thread that a message belongs to; replies come with the threads themselves.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from domain import off_platform, terms
from domain.change import Change, Happening
from domain.dates import rfc3339
from domain.explain import Finding, Input, canonical
from domain.ids import BuyerId, MessageId, OrderId, RuleVersionId, ShipmentId, SupplierId
from domain.locales import Locale
from domain.off_platform import ContactWords
from domain.rulebook import RuleKind, RuleVersion
from domain.shipments import Shipment, ShipmentMode
from domain.terms import Hours
from domain.tracking import ShipmentState

RULE: Final = "messages"
"""The key of the rule about messages."""

AT_ONCE: Final = Hours(0)

TITLE_CHARACTERS_MAX: Final = 120
"""A line of a letter box."""
TEXT_CHARACTERS_MAX: Final = 2_000
"""A page."""


class MessageKey(StrEnum):
    """What a message is about."""

    DISPATCH_NOTICE = "DISPATCH_NOTICE"
    """The goods have left."""
    CARE = "CARE"
    """The goods are still on their way, and somebody looks after them."""
    DELAYED = "DELAYED"
    """The goods come later than planned."""
    EXCEPTION = "EXCEPTION"
    """Something went wrong on the way."""
    LOST = "LOST"
    """The goods count as lost."""
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    """The goods wait to be fetched."""
    DELIVERED = "DELIVERED"
    """The goods have arrived."""


class Recipient(StrEnum):
    """The side of an order that a message goes to."""

    BUYER = "BUYER"
    """Whoever bought."""
    SUPPLIER = "SUPPLIER"
    """Whoever sold."""


class MessageState(StrEnum):
    """What became of a message."""

    SENT = "SENT"
    """It was written to its party."""
    SKIPPED = "SKIPPED"
    """It was void when it was due, and was not written."""


Occasion = Callable[[Shipment], datetime | None]
"""Since when a shipment gives occasion for a message; None where it does not."""


def _while(*states: ShipmentState) -> Occasion:
    """Since the last movement seen, while it stands in one of those states."""
    return lambda shipment: (shipment.moved_at or shipment.recorded_at) if shipment.state in states else None


OCCASIONS: Final[Mapping[MessageKey, Occasion]] = {
    MessageKey.DISPATCH_NOTICE: lambda shipment: shipment.picked_up_at,
    MessageKey.CARE: lambda shipment: shipment.picked_up_at,
    MessageKey.DELAYED: _while(ShipmentState.DELAYED),
    MessageKey.EXCEPTION: _while(ShipmentState.DELIVERY_FAILED, ShipmentState.ON_HOLD, ShipmentState.RETURNING),
    MessageKey.LOST: _while(ShipmentState.LOST),
    MessageKey.READY_FOR_PICKUP: _while(ShipmentState.READY_FOR_PICKUP),
    MessageKey.DELIVERED: lambda shipment: shipment.delivered_at,
}
"""Message -> its occasion. Total."""
assert OCCASIONS.keys() == set(MessageKey)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a wording may speak of; days are local days where the goods are delivered. The fields are its places."""

    order: str
    shipment: str
    provider: str | None = None
    tracking_number: str | None = None
    promised_on: date | None = None
    expected_on: date | None = None
    picked_up_on: date | None = None
    delivered_on: date | None = None


PLACES: Final = frozenset(field.name for field in fields(Facts))
ALWAYS: Final = frozenset({"order", "shipment"})
"""Places that always have a value."""

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_BRACKET: Final = re.compile(r"\[([^\[\]]*)\]")
_MONTHS: Final = "January February March April May June July August September October November December".split()
_DAYS: Final[Mapping[Locale, Callable[[date], str]]] = {
    Locale.EN: lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    Locale.ZH: lambda day: f"{day.year}年{day.month}月{day.day}日",
}
"""Locale -> how a day is written in it. Total."""
assert _DAYS.keys() == set(Locale)


@dataclass(frozen=True, slots=True)
class Wording:
    """A message in one language: a line, and the text below it."""

    title: str
    text: str

    def __post_init__(self) -> None:
        for part, most in ((self.title, TITLE_CHARACTERS_MAX), (self.text, TEXT_CHARACTERS_MAX)):
            if not part.strip() or len(part) > most:
                raise ValueError(f"a title has 1 to {TITLE_CHARACTERS_MAX} characters, a text 1 to {most}")
            _require_places(part)


def _require_places(part: str) -> None:
    """Refuses with ValueError what is no place, and what may stay empty where it would leave a hole."""
    known = ", ".join(sorted(PLACES))
    for name in _PLACE.findall(part):
        if name not in PLACES:
            raise ValueError(f"there is no place {{{name}}}; there are {known}")
    whole = _BRACKET.sub("", part)
    if re.search(r"[\[\]]", whole) or re.search(r"[{}]", _PLACE.sub("", part)):
        raise ValueError("brackets and braces come in pairs and do not nest")
    for name in _PLACE.findall(whole):
        if name not in ALWAYS:
            raise ValueError(f"{{{name}}} may have no value: it stands in square brackets with the words around it")


@dataclass(frozen=True, slots=True)
class Template:
    """A message of one milestone: to whom, for goods that travel how (none named: all), how long after the occasion.

    In a state of `void_in`, or more than `stale_hours` after it was due, it is skipped.
    """

    to: frozenset[Recipient]
    after_hours: Hours
    stale_hours: Hours
    wording: Mapping[Locale, Wording]
    modes: frozenset[ShipmentMode] = frozenset()
    void_in: frozenset[ShipmentState] = frozenset()

    def __post_init__(self) -> None:
        if self.wording.keys() != set(Locale):
            raise ValueError(f"a template is worded in {', '.join(sorted(Locale))}")
        if not self.to:
            raise ValueError("a template is for somebody")


@dataclass(frozen=True, slots=True)
class MessageTerms:
    """One version of the rule about messages. A milestone without a template has no message.

    `languages` names the countries whose parties are written to in it, `otherwise` the language of all others.
    `advertising` are words, in small letters, that no message has.
    """

    version: str
    otherwise: Locale
    languages: Mapping[Locale, tuple[str, ...]]
    advertising: tuple[str, ...]
    contact: ContactWords
    templates: Mapping[MessageKey, Template]

    def __post_init__(self) -> None:
        for key, template in self.templates.items():
            for language, wording in template.wording.items():
                for part in (wording.title, wording.text):
                    if found := breaches(self, part):
                        raise ValueError(f"{key}, {language}: {', '.join(found)} has no place in a message")

    def language_of(self, country: str) -> Locale:
        """The language that a party at home there is written to in."""
        return next((language for language, homes in self.languages.items() if country in homes), self.otherwise)


def message_terms(version: RuleVersion) -> MessageTerms:
    """The templates of a version of the rule about messages. Refuses a version of another kind with TypeError.

    What was read is remembered by the version's source: reading looks at every wording, and every report asks for it.
    """
    if version.kind is not RuleKind.MESSAGES:
        raise TypeError(f"{version.key} is not the rule about messages")
    return terms.of(MessageTerms, version)


def breaches(rule: MessageTerms, text: str) -> tuple[str, ...]:
    """What of the text advertises or leads away from the platform (SD4, SD2), quoted."""
    lowered = off_platform.plain(text).lower()
    advertised = tuple(word for word in rule.advertising if word in lowered)
    return (*advertised, *(contact.excerpt for contact in off_platform.contacts(text, rule.contact)))


# -- what is due -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """What was written to a party about a shipment, or was not.

    Then `title` and `text` are None, and `void` is the tree that says why, in its canonical spelling. `due_at` is when
    it was due by the rule, `at` when it was written or skipped.
    """

    id: MessageId
    key: MessageKey
    state: MessageState
    subject_id: ShipmentId
    order_id: OrderId
    party_id: BuyerId | SupplierId
    language: Locale
    title: str | None
    text: str | None
    void: str | None
    rule_version_id: RuleVersionId
    due_at: datetime
    at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is due from that instant."""

    key: MessageKey
    at: datetime


def due(rule: MessageTerms, shipment: Shipment) -> tuple[Due, ...]:
    """The messages that the shipment, as it stands, gives occasion for, the earliest first; void ones too."""
    found = []
    for key, template in rule.templates.items():
        since = OCCASIONS[key](shipment)
        if since is not None and (not template.modes or shipment.mode in template.modes):
            found.append(Due(key, since + timedelta(hours=template.after_hours)))
    return tuple(sorted(found, key=lambda each: (each.at, each.key)))


def occasioned(rule: MessageTerms, before: Shipment | None, after: Shipment) -> tuple[Due, ...]:
    """The messages that the shipment's step gives occasion for, and that it gave none for before."""
    if before is not None and _bearing(before) == _bearing(after):
        return ()
    known = frozenset() if before is None else {each.key for each in due(rule, before)}
    return tuple(each for each in due(rule, after) if each.key not in known)


def _bearing(shipment: Shipment) -> tuple[object, ...]:
    """What an occasion rests on, for a quick look: most reports move a shipment and none of this."""
    return shipment.state, shipment.picked_up_at is None, shipment.delivered_at is None, shipment.mode


def void(rule: MessageTerms, state: ShipmentState, each: Due, at: datetime) -> Finding | None:
    """Why the message is of no use at `at` for goods in that state; None where it is."""
    template = rule.templates[each.key]
    inputs: dict[str, Input] = {"key": each.key.value, "state": state.value}
    if state in template.void_in:
        return Finding("message.state", False, "message_still_of_use", inputs, rule.version)
    inputs = {"key": each.key.value, "dueAt": rfc3339(each.at), "staleHours": template.stale_hours}
    if each.at + timedelta(hours=template.stale_hours) < at:
        return Finding("message.age", False, "message_in_good_time", inputs, rule.version)
    return None


# -- writing -----------------------------------------------------------------------------------------------------------


def compose(
    rule: MessageTerms,
    shipment: Shipment,
    each: Due,
    facts: Facts,
    *,
    id: MessageId,
    party_id: BuyerId | SupplierId,
    country: str,
    at: datetime,
) -> Change[Message]:
    """The message to that party is written, in the language of its country; or skipped, where it is void."""
    language = rule.language_of(country)
    because = void(rule, shipment.state, each, at)
    title, text = (None, None) if because is not None else written(rule, each.key, language, facts)
    message = Message(
        id=id,
        key=each.key,
        state=MessageState.SENT if because is None else MessageState.SKIPPED,
        subject_id=shipment.id,
        order_id=shipment.order_id,
        party_id=party_id,
        language=language,
        title=title,
        text=text,
        void=None if because is None else canonical(because),
        rule_version_id=RuleVersionId(rule.version),
        due_at=each.at,
        at=at,
        version=1,
    )
    name = "message.sent" if because is None else "message.skipped"
    told = {"key": each.key.value, "shipmentId": shipment.id, "orderId": shipment.order_id, "partyId": party_id}
    return Change(None, message, (Happening(name, told),))


def written(rule: MessageTerms, key: MessageKey, language: Locale, facts: Facts) -> tuple[str, str]:
    """Title and text of the message with its places filled."""
    if facts.provider is not None and breaches(rule, facts.provider):
        facts = Facts(**{name: getattr(facts, name) for name in PLACES} | {"provider": None})
    wording = rule.templates[key].wording[language]
    return _filled(wording.title, language, facts), _filled(wording.text, language, facts)


def _filled(part: str, language: Locale, facts: Facts) -> str:
    def value(match: re.Match[str]) -> str:
        found = getattr(facts, match[1])
        return _DAYS[language](found) if isinstance(found, date) else str(found)

    def bracket(match: re.Match[str]) -> str:
        has_all = all(getattr(facts, name) is not None for name in _PLACE.findall(match[1]))
        return match[1] if has_all else ""

    return _PLACE.sub(value, _BRACKET.sub(bracket, part))


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageGiven:
    """Goods in a state, so many hours after the occasion of a message, to a party at home in a country."""

    key: MessageKey
    country: str
    facts: Facts
    state: ShipmentState = ShipmentState.IN_TRANSIT
    hours: Hours = AT_ONCE


@dataclass(frozen=True, slots=True)
class MessageFound:
    """What is written then. `void` is the reason why nothing is, `breaches` what must not stand in a message."""

    due: bool
    title: str | None
    text: str | None
    void: str | None
    breaches: tuple[str, ...]


def judge(rule: MessageTerms, given: MessageGiven) -> MessageFound:
    """What the rule makes of its case."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    at = since + timedelta(hours=given.hours)
    each = Due(given.key, since + timedelta(hours=rule.templates[given.key].after_hours))
    because = void(rule, given.state, each, at)
    if because is not None:
        return MessageFound(each.at <= at, None, None, because.reason, ())
    title, text = written(rule, given.key, rule.language_of(given.country), given.facts)
    return MessageFound(each.at <= at, title, text, None, (*breaches(rule, title), *breaches(rule, text)))
