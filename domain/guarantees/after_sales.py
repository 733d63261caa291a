"""Machinery after-sales: service in time, or a share of the serviced goods (`domain.md` 2.1; brief SD0)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain import dates, money
from domain.compensation import Compensation
from domain.dates import Calendar, rfc3339
from domain.exchange_rates import Conversion
from domain.explain import Finding, Input
from domain.exposure import LossCause
from domain.guarantees.facts import OrderFacts, ServiceFacts
from domain.guarantees.judging import Judgement, concluded, divided, exclusions
from domain.guarantees.promises import DEADLINES, Exclusion, Milestone, ServiceKind, Unit
from domain.penalties import Violation
from domain.remedies import RemedyKind
from domain.terms import Days, Span


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
    liability stands for all serviced lines. Without compensation in the rule the tree does not hold; the judgement is
    `unpaid`, and the violation alone follows.
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
    tree, amount = concluded("after_sales", rule, (*conditions, paid), base, rule.compensation, conversion)
    violation = _violation(broken) if breached and facts.liable else None
    unpaid = Finding("after_sales", True, "after_sales_points_alone", {}, rule.version, conditions)
    return Judgement(
        base,
        amount,
        tuple(line.id for line in lines),
        tree,
        RemedyKind.COUPON,
        LossCause.SERVICE,
        divided(amount, lines),
        violation=violation,
        unpaid=unpaid if breached and rule.compensation is None else None,
    )


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


def opens_at(facts: OrderFacts) -> datetime | None:
    """Service may be claimed from payment on."""
    return facts.paid_at


def closes_at(rule: AfterSalesTerms, facts: OrderFacts, calendar: Calendar) -> datetime | None:
    """The last instant of the service period."""
    return None if facts.paid_at is None else dates.day_deadline(facts.paid_at, rule.service_days, calendar)
