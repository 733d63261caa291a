"""Counters: what was counted of a party in a month or quarter, and the steps that bring points (`domain.md` 2.6, 2.7).

What is counted is a row of its own (`CountedItem`), once per reference; its counter grows with it. Each step that a
counter reaches is penalised once, under the rule of the day on which the item that reached it was found.

    prohibited goods   found by the product radar, by calendar quarter: points for each full number of items
    seller refunds     refunded orders that the seller caused, by calendar month: points for each tier, none by default

Laws: a counter is the number of its items; a step is taken once, however the items come in; months and quarters are
those of the marketplace's own calendar; an item found while no rule is in force is refused, not counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain import dates, terms, texts
from domain.change import Change, Happening
from domain.dates import Calendar
from domain.errors import Invalid, Problem
from domain.ids import CountedItemId, LiablePartyId, PartyCounterId, ProviderId, SupplierId
from domain.penalties import Violation
from domain.points import sides
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Count

RULE: Final = "counters"
"""The key of the rule about counters."""

ITEMS_MAX: Final = 1_000
"""Items in one call: what a radar finds in an hour, and a second's work."""
REFERENCE_MAX: Final = 200
"""Characters of an item's reference: a listing's address in its shop."""


class CounterKind(StrEnum):
    """What is counted, over which time."""

    PROHIBITED_GOODS = "PROHIBITED_GOODS"
    """Prohibited items that the radar found, by quarter."""
    SELLER_REFUNDS = "SELLER_REFUNDS"
    """Refunded orders that the party caused, by month."""


MONTHS: Final[Mapping[CounterKind, int]] = {CounterKind.PROHIBITED_GOODS: 3, CounterKind.SELLER_REFUNDS: 1}
"""How many calendar months one counter lasts. Total."""
assert MONTHS.keys() == set(CounterKind)


@dataclass(frozen=True, slots=True)
class Every:
    """A violation for each full number of items."""

    items: Count
    violation: Violation

    def __post_init__(self) -> None:
        if not self.items:
            raise ValueError("a step has at least one item")


@dataclass(frozen=True, slots=True)
class Tier:
    """A violation from that many items on, once."""

    items: Count
    violation: Violation


@dataclass(frozen=True, slots=True)
class CounterTerms:
    """The numbers of one version of the rule. What has neither steps nor tiers is counted and costs nothing."""

    version: str
    every: Mapping[CounterKind, Every]
    tiers: Mapping[CounterKind, tuple[Tier, ...]]

    def __post_init__(self) -> None:
        for tiers in self.tiers.values():
            if [tier.items for tier in tiers] != sorted({tier.items for tier in tiers}):
                raise ValueError("tiers rise")


@dataclass(frozen=True, slots=True)
class CountedItem:
    """Something that counts for a party. `reference` is its name outside, unique among the party's of that kind."""

    id: CountedItemId
    counter_id: PartyCounterId
    party_id: LiablePartyId
    kind: CounterKind
    reference: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class PartyCounter:
    """What was counted of a party in the month or quarter that begins on `period`; `steps` were penalised."""

    id: PartyCounterId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    kind: CounterKind
    period: date
    count: int
    steps: int
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """Whose it is."""
        party_id = self.supplier_id or self.provider_id
        assert party_id is not None, "the table's check allows no counter without a party"
        return party_id


@dataclass(frozen=True, slots=True)
class FoundItem:
    """A prohibited item that the radar found with a party."""

    party_id: LiablePartyId
    reference: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class RecordProhibitedGoods:
    """What the radar found. Refuses with Invalid an empty or too long list, and references that are none."""

    items: tuple[FoundItem, ...]

    def __post_init__(self) -> None:
        if problems := tuple(item_problems(self.items)):
            raise Invalid(*problems)


def item_problems(items: Sequence[FoundItem]) -> Iterator[Problem]:
    """Everything wrong with a list of what was found."""
    if not 0 < len(items) <= ITEMS_MAX:
        yield Problem(("items",), f"1 to {ITEMS_MAX} items")
    for place, item in enumerate(items[:ITEMS_MAX]):
        yield from texts.line_problems(item.reference, "items", str(place), "reference", most=REFERENCE_MAX)


def counter_terms(version: RuleVersion) -> CounterTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.COUNTERS:
        raise TypeError(f"{version.key} is not the rule about counters")
    return terms.of(CounterTerms, version)


def period_of(kind: CounterKind, at: datetime, calendar: Calendar) -> date:
    """The first local day of the month or quarter in which `at` falls."""
    day = dates.local_day(at, calendar)
    return day.replace(month=day.month - (day.month - 1) % MONTHS[kind], day=1)


def steps(rule: CounterTerms, kind: CounterKind, count: int) -> tuple[Violation, ...]:
    """The violations of every step that a counter of that many items has reached, in their order."""
    found: list[Violation] = []
    if kind in rule.every:
        found += [rule.every[kind].violation] * (count // rule.every[kind].items)
    found += [tier.violation for tier in rule.tiers.get(kind, ()) if count >= tier.items]
    return tuple(found)


def open_counter(party_id: LiablePartyId, kind: CounterKind, period: date, *, id: PartyCounterId) -> PartyCounter:
    """A counter at nothing, not yet kept."""
    supplier_id, provider_id = sides(party_id)
    return PartyCounter(id, supplier_id, provider_id, kind, period, 0, 0, version=0)


def count(counter: PartyCounter, items: int, rule: CounterTerms) -> tuple[Change[PartyCounter], tuple[Violation, ...]]:
    """The counter with so many items more, and the violations of the steps that it newly reached.

    What was penalised stays so where a later version of the rule asks for more.
    """
    reached = steps(rule, counter.kind, counter.count + items)
    new = reached[counter.steps :]
    after = replace(
        counter,
        count=counter.count + items,
        steps=max(counter.steps, len(reached)),
        version=counter.version + 1,
    )
    facts = {
        "party": after.party_id,
        "kind": after.kind.value,
        "period": after.period.isoformat(),
        "count": after.count,
    }
    before = counter if counter.version else None
    return Change(before, after, (Happening("counter.counted", facts),)), new


def item(
    counter: PartyCounter, reference: str, occurred_at: datetime, *, id: CountedItemId, at: datetime
) -> CountedItem:
    """Something that counts in that counter."""
    return CountedItem(id, counter.id, counter.party_id, counter.kind, reference, occurred_at, at)


# -- the rule's own cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CountGiven:
    """A counter that stands at so many items."""

    kind: CounterKind
    count: Count
    at: datetime


@dataclass(frozen=True, slots=True)
class CountFound:
    """The steps that it reached, their violations, and the day on which its period began (days of UTC)."""

    steps: int
    violations: tuple[Violation, ...]
    period: str


def judge(rule: CounterTerms, given: CountGiven) -> CountFound:
    """What the rule makes of its case."""
    found: Sequence[Violation] = steps(rule, given.kind, given.count)
    period = period_of(given.kind, given.at, dates.UTC_DAYS)
    return CountFound(len(found), tuple(dict.fromkeys(found)), period.isoformat())
