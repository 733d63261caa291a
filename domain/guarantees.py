"""Promises and what breaking them costs: on-time delivery, machinery after-sales (`domain.md` 2.1, 2.12, 6.5).

Words live here, numbers in `storage/rulebook/guarantees/`. A promise is a member of `Promise` and a row of `BREACHES`:
the type of its terms, its window, and the pure function that judges recorded facts by them.

Laws: an order is judged by the version in force when it was paid, whose numbers are frozen into its cover; the same
facts give the same tree, byte for byte.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from domain import dates, money, terms
from domain.compensation import Compensation, reckoned
from domain.dates import Calendar, rfc3339
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input, unmet
from domain.money import Money
from domain.penalties import Violation
from domain.rulebook import RuleKind, RuleVersion
from domain.terms import Days, Hours, Span


class Promise(StrEnum):
    """What a guarantee promises."""

    ON_TIME = "ON_TIME"
    """Goods are delivered by the promised day."""
    AFTER_SALES = "AFTER_SALES"
    """Machinery is serviced in the promised time."""


class Base(StrEnum):
    """What the share of on-time compensation is taken of; the publications leave it open (`domain.md` 6.5)."""

    LATE_LINES = "LATE_LINES"
    """The value of the order's late lines."""
    ORDER = "ORDER"
    """The value of all its lines."""
    FREIGHT = "FREIGHT"
    """What was paid for shipping."""


class Exclusion(StrEnum):
    """What takes an order out of a guarantee. A rule names those that it applies."""

    CANCELLED = "CANCELLED"
    """The order was cancelled."""
    ADDRESS_CHANGED = "ADDRESS_CHANGED"
    """Its delivery address changed after payment."""
    ALREADY_CLAIMED = "ALREADY_CLAIMED"
    """It was claimed for before: one claim per order."""
    OUTSIDE_PROGRAMME = "OUTSIDE_PROGRAMME"
    """The provider or the address is not in the programme."""


class ServiceKind(StrEnum):
    """How after-sales service is given."""

    LOCAL = "LOCAL"
    """By the service point where the machine is."""
    DISPATCHED = "DISPATCHED"
    """By an engineer who is sent there."""
    REMOTE = "REMOTE"
    """At a distance: guidance, diagnosis, spare parts."""


class Milestone(StrEnum):
    """What a service request must reach in time."""

    RESPONDED = "RESPONDED"
    """The buyer was answered."""
    STARTED = "STARTED"
    """The service began: somebody came, or the remote session was held."""
    FINISHED = "FINISHED"
    """The service was done."""
    PARTS_SENT = "PARTS_SENT"
    """Free spare parts were sent; asked for only where parts are needed."""


class Unit(StrEnum):
    """How a limit counts."""

    HOURS = "HOURS"
    """Exact hours."""
    DAYS = "DAYS"
    """Local days."""
    WORKING_DAYS = "WORKING_DAYS"
    """Working days of the market where the service is given."""


DEADLINES: Final[Mapping[Unit, Callable[[datetime, int, Calendar], datetime]]] = {
    Unit.HOURS: lambda start, hours, _: dates.hours_deadline(start, hours),
    Unit.DAYS: dates.day_deadline,
    Unit.WORKING_DAYS: dates.working_day_deadline,
}


@dataclass(frozen=True, slots=True)
class OnTimeTerms:
    """The numbers of one version of an on-time rule. `version` is that version's id."""

    version: str
    compensation: Compensation
    base: Base
    apply_days: Days
    hold_hours: Hours
    attempt_counts: bool
    excludes: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """One time limit of a service: the milestone, within how many of which unit after the request."""

    milestone: Milestone
    within: Span
    unit: Unit


@dataclass(frozen=True, slots=True)
class AfterSalesTerms:
    """The numbers of one version of an after-sales rule. Without `compensation` a breach costs points only.

    `parts` are those that are sent for nothing; None where every part is.
    """

    version: str
    limits: Mapping[ServiceKind, tuple[Limit, ...]]
    service_days: Days
    excludes: tuple[Exclusion, ...]
    compensation: Compensation | None = None
    parts: tuple[str, ...] | None = None


Terms = OnTimeTerms | AfterSalesTerms


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A line of an order as recorded. `promised_at` is the last microsecond of the promised day."""

    id: str
    value: Money
    promised_at: datetime | None = None
    delivered_at: datetime | None = None
    attempted_at: datetime | None = None
    serviced: bool = False


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is recorded of a service request: for which lines, and when it reached what.

    `calendar` is that of the market where the service is given; `parts_needed` says whether parts had to be sent;
    `remedy_offered` whether a valid remedy stands in for service that was not done. `deadlines` are those that were
    fixed when the service was asked for; without any they follow from the rule.
    """

    kind: ServiceKind
    requested_at: datetime
    line_ids: tuple[str, ...]
    calendar: Calendar
    reached: Mapping[Milestone, datetime] = field(default_factory=dict)
    parts_needed: bool = False
    remedy_offered: bool = False
    deadlines: Mapping[Milestone, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is recorded of an order. All its money is of `currency`.

    `claim_id` is an earlier claim that was not withdrawn. `liable` says whether the marketplace (or the party itself)
    found the party liable for a broken service promise; None where nobody has been asked yet.
    """

    id: str
    currency: str
    lines: tuple[LineFacts, ...]
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    address_changed_at: datetime | None = None
    claim_id: str | None = None
    freight: Money | None = None
    in_programme: bool = True
    services: tuple[ServiceFacts, ...] = ()
    liable: bool | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule's word on the facts: the base, what it gives (nothing unless the tree holds), and why.

    `late_line_ids` are the lines whose promise is broken; `violation` is what the liable party did, where points
    follow.
    """

    base: Money
    amount: Money
    late_line_ids: tuple[str, ...]
    tree: Finding
    violation: Violation | None = None


# -- Terms: out of a version, into a cover, out of a cover


def freeze(version: RuleVersion) -> dict[str, Any]:
    """The numbers of a version as a cover keeps them (`coverages.terms`): JSON's own types and the version's id."""
    return {"version": str(version.id), **version.body}


def thaw(promise: Promise, members: Mapping[str, Any]) -> Terms:
    """The terms that `freeze` made those members of. What was read is remembered: each cover brings its own copy."""
    key = (promise, repr(members))
    rule = _THAWED.get(key)
    if rule is None:
        if len(_THAWED) >= THAWED_MAX:
            _THAWED.clear()
        rule = _THAWED[key] = terms.read(BREACHES[promise].terms, members)
    return rule


THAWED_MAX: Final = 1_000
"""Versions of terms that a process remembers; beyond that it begins anew."""
_THAWED: Final[dict[tuple[Promise, str], Terms]] = {}


def terms_of(version: RuleVersion) -> Terms:
    """The numbers of a guarantee's version. Refuses a version of another kind with TypeError."""
    return thaw(promise_of(version), freeze(version))


def on_time_terms(version: RuleVersion) -> OnTimeTerms:
    """The numbers of a version of an on-time rule. Refuses a version of another kind with TypeError."""
    rule = terms_of(version)
    if not isinstance(rule, OnTimeTerms):
        raise TypeError(f"{version.key} is not an on-time rule")
    return rule


def after_sales_terms(version: RuleVersion) -> AfterSalesTerms:
    """The numbers of a version of an after-sales rule. Refuses a version of another kind with TypeError."""
    rule = terms_of(version)
    if not isinstance(rule, AfterSalesTerms):
        raise TypeError(f"{version.key} is not an after-sales rule")
    return rule


def promise_of(version: RuleVersion) -> Promise:
    """The promise that the rule is about. Refuses a rule about anything else with TypeError."""
    for promise, breach in BREACHES.items():
        if breach.kind is version.kind:
            return promise
    raise TypeError(f"{version.key} is not the rule of a guarantee")


# -- Instants


def automatic_after(rule: OnTimeTerms, promised_at: datetime) -> datetime:
    """The instant after which compensation is issued by itself: the promise, and the hold window behind it."""
    return dates.hours_deadline(promised_at, rule.hold_hours)


def opens_at(rule: Terms, facts: OrderFacts) -> datetime | None:
    """The first instant at which the order may be claimed for; None where nothing was promised or paid."""
    return BREACHES[BY_TERMS[type(rule)]].opens_at(facts)


def closes_at(rule: Terms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """The last instant at which the order may be claimed for, counted in `calendar`; None where it never may."""
    return BREACHES[BY_TERMS[type(rule)]].closes_at(rule, facts, calendar)


def window(rule: Terms, facts: OrderFacts, closes: datetime | None, at: datetime) -> Finding:
    """Whether the buyer may apply at `at`; `closes` was fixed by `closes_at` when the cover came into force."""
    opens = opens_at(rule, facts)
    inputs: dict[str, Input] = {"at": rfc3339(at)}
    inputs |= {} if opens is None else {"opensAt": rfc3339(opens)}
    inputs |= {} if closes is None else {"closesAt": rfc3339(closes)}
    return Finding(
        "guarantee.window",
        opens is not None and closes is not None and opens <= at <= closes,
        "guarantee_window_open",
        inputs,
        rule.version,
        opens_at=None if opens is None else rfc3339(opens),
        closes_at=None if closes is None else rfc3339(closes),
    )


def needs_rate(rule: Terms, currency: str) -> str | None:
    """The currency of the cap where it is not the order's `currency`: `judge` then needs the rate from it into that."""
    compensation = rule.compensation
    return None if compensation is None or compensation.cap.currency == currency else compensation.cap.currency


# -- Judging


def judge(
    rule: Terms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """What the rule gives for the order as it stands at `at`.

    `besides` are conditions of the occasion (the application's `window`, the benefit of the buyer's tier): the amount
    is nothing unless they hold too. `conversion` is the rate of the day of issue from the cap's currency into the
    order's; Refused where it is needed and missing.
    """
    return BREACHES[BY_TERMS[type(rule)]].judge(rule, facts, at, conversion=conversion, besides=besides)


def judge_on_time(
    rule: OnTimeTerms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """As `judge`: a share of the base, up to the cap, where goods are late (vector T12; domain.md 2.12, P1, P2)."""
    late_lines = tuple(line for line in facts.lines if late(rule, line, at))
    base = BASES[rule.base](facts, late_lines)
    conditions = (*besides, *exclusions(rule, facts), _lateness(rule, facts, late_lines, at))
    tree, amount = _concluded("on_time", rule, conditions, base, rule.compensation, conversion)
    return Judgement(base, amount, tuple(line.id for line in late_lines), tree)


def late(rule: OnTimeTerms, line: LineFacts, at: datetime) -> bool:
    """Whether the line's promise is broken at `at`: its day is over, and it had not arrived by then."""
    if line.promised_at is None or at <= line.promised_at:
        return False
    arrived_at = arrival(rule, line)
    return arrived_at is None or arrived_at > line.promised_at


def arrival(rule: OnTimeTerms, line: LineFacts) -> datetime | None:
    """When the line arrived for this rule: delivered, or tried to be where that counts; None while it is on the way."""
    arrivals = (line.delivered_at, line.attempted_at if rule.attempt_counts else None)
    return min((at for at in arrivals if at is not None), default=None)


def unmet_on_time(rule: OnTimeTerms, facts: OrderFacts, closes: datetime | None, at: datetime) -> tuple[Finding, ...]:
    """Everything that stands in the way of an application at `at`: the window, the exclusions, nothing late."""
    late_lines = tuple(line for line in facts.lines if late(rule, line, at))
    lateness = _lateness(rule, facts, late_lines, at)
    return unmet((window(rule, facts, closes, at), *exclusions(rule, facts), lateness))


def judge_after_sales(
    rule: AfterSalesTerms,
    facts: OrderFacts,
    at: datetime,
    *,
    conversion: Conversion | None = None,
    besides: tuple[Finding, ...] = (),
) -> Judgement:
    """As `judge`: a share of the goods that carry the broken service, up to the cap (vectors T1 to T4; brief SD0).

    Where service requests are recorded, the base is the serviced lines of the broken ones; otherwise the finding of
    liability stands for all serviced lines. Without compensation in the rule the tree does not hold and the violation
    alone follows.
    """
    broken = tuple(service for service in facts.services if not service_kept(rule, service, at).holds)
    concerned = {id for service in broken for id in service.line_ids}
    lines = tuple(line for line in facts.lines if line.serviced and (not facts.services or line.id in concerned))
    base = money.total([line.value for line in lines], facts.currency)
    conditions = (
        *besides,
        *exclusions(rule, facts),
        _carries_service(rule, facts),
        *_breach(rule, facts, at),
        *_liability(facts, rule.version),
    )
    breached = all(finding.holds for finding in conditions)
    paid = Finding("after_sales.compensated", rule.compensation is not None, "after_sales_rule_pays", {}, rule.version)
    tree, amount = _concluded("after_sales", rule, (*conditions, paid), base, rule.compensation, conversion)
    violation = _violation(broken) if breached and facts.liable else None
    return Judgement(base, amount, tuple(line.id for line in lines), tree, violation)


def service_deadlines(rule: AfterSalesTerms, service: ServiceFacts) -> dict[Milestone, datetime]:
    """By when the request must reach what (vector T8). Parts are asked for only where they are needed."""
    return dict(service.deadlines) or {
        limit.milestone: DEADLINES[limit.unit](service.requested_at, limit.within, service.calendar)
        for limit in rule.limits.get(service.kind, ())
        if service.parts_needed or limit.milestone is not Milestone.PARTS_SENT
    }


def service_kept(rule: AfterSalesTerms, service: ServiceFacts, at: datetime) -> Finding:
    """Whether the request has kept, or at `at` can still keep, every limit; one finding for each beneath it."""
    because = tuple(
        Finding(
            "after_sales.limit",
            (reached := service.reached.get(milestone, at)) <= due,
            "after_sales_limit_kept",
            {
                "milestone": milestone.value,
                "requestedAt": rfc3339(service.requested_at),
                "dueAt": rfc3339(due),
                "reachedAt": rfc3339(reached) if milestone in service.reached else None,
            },
            rule.version,
            closes_at=rfc3339(due),
        )
        for milestone, due in service_deadlines(rule, service).items()
    )
    kept = all(finding.holds for finding in because)
    inputs: dict[str, Input] = {"service": service.kind.value}
    return Finding("after_sales.kept", kept, "after_sales_promise_kept", inputs, rule.version, because)


def exclusions(rule: Terms, facts: OrderFacts) -> tuple[Finding, ...]:
    """One finding per exclusion that the rule applies; it holds where the order is not excluded."""
    return tuple(EXCLUSIONS[word](facts, rule.version) for word in rule.excludes)


def _lateness(rule: OnTimeTerms, facts: OrderFacts, late_lines: Sequence[LineFacts], at: datetime) -> Finding:
    promised = sum(line.promised_at is not None for line in facts.lines)
    inputs: dict[str, Input] = {"at": rfc3339(at), "promisedLines": promised, "lateLines": len(late_lines)}
    because = tuple(_late_line(rule, line) for line in late_lines)
    return Finding("on_time.late", bool(late_lines), "on_time_goods_late", inputs, rule.version, because)


def _late_line(rule: OnTimeTerms, line: LineFacts) -> Finding:
    arrived_at = arrival(rule, line)
    inputs: dict[str, Input] = {"line": line.id, "value": str(line.value)}
    inputs |= {} if line.promised_at is None else {"promisedAt": rfc3339(line.promised_at)}
    inputs |= {} if arrived_at is None else {"arrivedAt": rfc3339(arrived_at)}
    return Finding("on_time.late_line", True, "on_time_line_late", inputs, rule.version)


def _carries_service(rule: AfterSalesTerms, facts: OrderFacts) -> Finding:
    serviced = sum(line.serviced for line in facts.lines)
    inputs: dict[str, Input] = {"lines": len(facts.lines), "serviced": serviced}
    return Finding("after_sales.serviced", serviced > 0, "after_sales_lines_serviced", inputs, rule.version)


def _breach(rule: AfterSalesTerms, facts: OrderFacts, at: datetime) -> tuple[Finding, ...]:
    if not facts.services:
        return ()
    kept = tuple(service_kept(rule, service, at) for service in facts.services)
    broken = not all(finding.holds for finding in kept)
    return (Finding("after_sales.broken", broken, "after_sales_promise_broken", {}, rule.version, kept),)


def _liability(facts: OrderFacts, version: str) -> tuple[Finding, ...]:
    if facts.liable is None:
        return ()
    return (Finding("after_sales.liable", facts.liable, "after_sales_party_liable", {}, version),)


def _violation(broken: Sequence[ServiceFacts]) -> Violation:
    """The worst of the broken requests; where none is recorded, nothing was done about the broken promise."""
    if broken and all(Milestone.FINISHED in service.reached for service in broken):
        return Violation.AFTER_SALES_LATE
    if broken and all(Milestone.FINISHED in service.reached or service.remedy_offered for service in broken):
        return Violation.AFTER_SALES_REMEDIED
    return Violation.AFTER_SALES_ABANDONED


def _concluded(
    rule_code: str,
    rule: Terms,
    conditions: tuple[Finding, ...],
    base: Money,
    compensation: Compensation | None,
    conversion: Conversion | None,
) -> tuple[Finding, Money]:
    """The tree over the conditions, and the amount: nothing unless all of them hold and it is above zero."""
    nothing = Money.zero(base.currency)
    if compensation is None or unmet(conditions):
        return Finding(
            rule_code, False, "guarantee_compensates", {"amount": str(nothing)}, rule.version, conditions
        ), nothing
    amount, reckoning = reckoned(compensation, base, conversion, rule.version)
    because = (*conditions, reckoning)
    return Finding(
        rule_code, reckoning.holds, "guarantee_compensates", {"amount": str(amount)}, rule.version, because
    ), amount


def _on_time_opens(facts: OrderFacts) -> datetime | None:
    promised = [line.promised_at for line in facts.lines if line.promised_at is not None]
    return min(promised) + dates.MICROSECOND if promised else None


def _on_time_closes(rule: OnTimeTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    promised = [line.promised_at for line in facts.lines if line.promised_at is not None]
    return dates.day_deadline(max(promised), rule.apply_days, calendar) if promised else None


def _service_opens(facts: OrderFacts) -> datetime | None:
    return facts.paid_at


def _service_ends(rule: AfterSalesTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    return None if facts.paid_at is None else dates.day_deadline(facts.paid_at, rule.service_days, calendar)


def _order_value(facts: OrderFacts, _: Sequence[LineFacts]) -> Money:
    return money.total([line.value for line in facts.lines], facts.currency)


def _late_value(facts: OrderFacts, late_lines: Sequence[LineFacts]) -> Money:
    return money.total([line.value for line in late_lines], facts.currency)


def _freight(facts: OrderFacts, _: Sequence[LineFacts]) -> Money:
    return facts.freight or Money.zero(facts.currency)


BASES: Final[Mapping[Base, Callable[[OrderFacts, Sequence[LineFacts]], Money]]] = {
    Base.LATE_LINES: _late_value,
    Base.ORDER: _order_value,
    Base.FREIGHT: _freight,
}


def _not_cancelled(facts: OrderFacts, version: str) -> Finding:
    inputs: dict[str, Input] = {} if facts.cancelled_at is None else {"cancelledAt": rfc3339(facts.cancelled_at)}
    return Finding("guarantee.cancelled", facts.cancelled_at is None, "order_not_cancelled", inputs, version)


def _address_kept(facts: OrderFacts, version: str) -> Finding:
    changed = facts.address_changed_at
    inputs: dict[str, Input] = {} if changed is None else {"changedAt": rfc3339(changed)}
    return Finding("guarantee.address", changed is None, "order_address_kept", inputs, version)


def _first_claim(facts: OrderFacts, version: str) -> Finding:
    inputs: dict[str, Input] = {} if facts.claim_id is None else {"claim": facts.claim_id}
    return Finding("guarantee.one_claim", facts.claim_id is None, "order_not_claimed_before", inputs, version)


def _in_programme(facts: OrderFacts, version: str) -> Finding:
    return Finding("guarantee.programme", facts.in_programme, "order_in_programme", {}, version)


EXCLUSIONS: Final[Mapping[Exclusion, Callable[[OrderFacts, str], Finding]]] = {
    Exclusion.CANCELLED: _not_cancelled,
    Exclusion.ADDRESS_CHANGED: _address_kept,
    Exclusion.ALREADY_CLAIMED: _first_claim,
    Exclusion.OUTSIDE_PROGRAMME: _in_programme,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """How a promise is judged: the kind of its rules, the type of their terms, when it may be claimed, what it pays."""

    kind: RuleKind
    terms: type[Any]
    opens_at: Callable[[OrderFacts], datetime | None]
    closes_at: Callable[[Any, OrderFacts, Calendar], datetime | None]
    judge: Callable[..., Judgement]


BREACHES: Final[Mapping[Promise, Breach]] = {
    Promise.ON_TIME: Breach(RuleKind.ON_TIME, OnTimeTerms, _on_time_opens, _on_time_closes, judge_on_time),
    Promise.AFTER_SALES: Breach(
        RuleKind.AFTER_SALES, AfterSalesTerms, _service_opens, _service_ends, judge_after_sales
    ),
}
BY_TERMS: Final[Mapping[type[Any], Promise]] = {breach.terms: promise for promise, breach in BREACHES.items()}

assert BREACHES.keys() == set(Promise)
assert BASES.keys() == set(Base)
assert EXCLUSIONS.keys() == set(Exclusion)
assert DEADLINES.keys() == set(Unit)
