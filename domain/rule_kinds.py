"""The kinds of rules: for each the type of its numbers, and the judge that its example cases are put to.

A kind is a member of `rulebook.RuleKind` and a row of `KINDS`, total by construction. A case's `given` is read into the
row's type like any other terms; its `expect` names members of what the judge comes to, spelled as `terms.plain` spells
them. Members that it does not name are not compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import (
    appeals,
    bundles,
    carriage,
    carriers,
    chargeback_terms,
    collection,
    counters,
    desk,
    evidence_needs,
    exits,
    goodwill,
    guarantees,
    inspections,
    listings,
    memberships,
    messages,
    offers,
    penalties,
    procedure,
    programmes,
    protections,
    records,
    relations,
    remedy_terms,
    requirement_cases,
    return_terms,
    rulebook,
    scorecards,
    service_point_terms,
    terms,
    tiers,
    tracking_terms,
)
from domain.appeals import AppealGiven, AppealTerms
from domain.bundles import BundleGiven, BundleTerms
from domain.carriage import CarriageGiven, CarriageTerms
from domain.carriers import CarrierCodes, CodeGiven
from domain.chargeback_terms import ChargebackGiven, ChargebackTerms
from domain.collection import CollectionTerms, DebtGiven
from domain.counters import CounterTerms, CountGiven
from domain.dates import UTC_DAYS, Calendar
from domain.desk import DeskGiven, DeskTerms
from domain.errors import Invalid, Problem, Refused
from domain.evidence_needs import EvidenceGiven, EvidenceTerms
from domain.exchange_rates import Conversion
from domain.exits import ExitTerms, LeftGiven
from domain.explain import Finding, unmet
from domain.exposure import LossCause
from domain.goodwill import GoodwillGiven, GoodwillTerms
from domain.guarantees import (
    AfterSalesTerms,
    EasyReturnTerms,
    FairDealingTerms,
    LossDamageTerms,
    Milestone,
    MoneyBackTerms,
    OnTimeTerms,
    OrderFacts,
    PriceLockTerms,
)
from domain.inspections import InspectionGiven, InspectionTerms
from domain.listings import ListingGiven, ListingTerms
from domain.memberships import MembershipGiven, MembershipTerms
from domain.messages import MessageGiven, MessageTerms
from domain.money import Money
from domain.offers import GoodsGiven, QuoteTerms
from domain.penalties import Measure, PenaltyTerms, PointEntry, StrikeMeasure, Violation
from domain.procedure import ClaimClocks, ClaimGiven
from domain.programmes import EntryGiven, ProgrammeTerms
from domain.protections import CoverageGiven, ProtectionTerms
from domain.records import RecordGiven, RecordTerms
from domain.relations import AccountGiven, RelationTerms
from domain.remedies import RemedyKind
from domain.remedy_terms import RemedyGiven, RemedyTerms
from domain.requirement_cases import ApplicationGiven, RequirementGiven
from domain.requirements import OnboardingTerms, RequirementSet
from domain.return_terms import ReturnGiven, ReturnTerms
from domain.rulebook import SOURCE, Case, CaseResult, Draft, PublicationTerms, RuleKind
from domain.scorecards import ScorecardTerms, ScoreGiven
from domain.service_point_terms import PointGiven, ServicePointTerms
from domain.terms import Count
from domain.tiers import Benefit, BuyerFacts, TierTerms
from domain.tracking_terms import TrackingGiven, TrackingTerms

DRAFT: Final = "draft"
"""What stands in for the version's id while its cases are judged."""


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """A marketplace at home in `market` publishes."""

    market: str


@dataclass(frozen=True, slots=True)
class NoticeFound:
    """The notice it must give."""

    days: int


@dataclass(frozen=True, slots=True)
class OrderGiven:
    """An order is judged at `at`; `applied` puts the application's window to it as well."""

    order: OrderFacts
    at: datetime
    applied: bool = False
    calendar: Calendar = UTC_DAYS
    conversion: Conversion | None = None


@dataclass(frozen=True, slots=True)
class OnTimeFound:
    """What the on-time rule comes to. `unmet` are the reasons that do not hold."""

    amount: Money
    base: Money
    late_lines: tuple[str, ...]
    unmet: tuple[str, ...]
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class AfterSalesFound:
    """What the after-sales rule comes to. `due` are the deadlines of each service request."""

    amount: Money
    base: Money
    violation: Violation | None
    unmet: tuple[str, ...]
    due: tuple[Mapping[Milestone, datetime], ...]


@dataclass(frozen=True, slots=True)
class RefundFound:
    """What a rule comes to that gives money back: in sum and by line, how, and until when."""

    amount: Money
    base: Money
    lines: Mapping[str, Money]
    remedy: RemedyKind
    cause: LossCause
    return_required: bool
    unmet: tuple[str, ...]
    opens_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class BuyerGiven:
    """A buyer is evaluated at `at`."""

    buyer: BuyerFacts
    at: datetime
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class BuyerFound:
    """Its level and what that brings."""

    level: int
    name: str
    benefits: tuple[Benefit, ...]


@dataclass(frozen=True, slots=True)
class ActGiven:
    """A party with those entries does wrong; `points` and `fraud` stand in for a violation of another regime."""

    at: datetime
    act: tuple[Violation, ...] = ()
    entries: tuple[PointEntry, ...] = ()
    points: Count | None = None
    fraud: bool = False
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class ActFound:
    """What it brings."""

    points: int
    balance: int
    threshold: int | None
    measure: Measure | None
    days: int | None
    notice_days: int
    strike: StrikeMeasure | None


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of rule is read and tried. Its keys are `folder`, or lie below it where `many` rules may exist."""

    folder: str
    many: bool
    terms: type[Any]
    given: type[Any]
    judge: Callable[[Any, Any], Any]

    def owns(self, key: str) -> bool:
        """Whether a rule of this kind may have that key."""
        return key.startswith(f"{self.folder}/") if self.many else key == self.folder


def _notice(rule: PublicationTerms, given: NoticeGiven) -> NoticeFound:
    return NoticeFound(rulebook.notice_days(rule, given.market))


def _occasion(rule: guarantees.Terms, given: OrderGiven) -> tuple[Finding, ...]:
    if not given.applied:
        return ()
    closes_at = guarantees.closes_at(rule, given.order, given.calendar)
    return (guarantees.window(rule, given.order, closes_at, given.at),)


def _on_time(rule: OnTimeTerms, given: OrderGiven) -> OnTimeFound:
    judgement = guarantees.judge_on_time(
        rule, given.order, given.at, conversion=given.conversion, besides=_occasion(rule, given)
    )
    return OnTimeFound(
        amount=judgement.amount,
        base=judgement.base,
        late_lines=judgement.late_line_ids,
        unmet=_reasons(judgement.tree),
        closes_at=guarantees.closes_at(rule, given.order, given.calendar),
    )


def _refund(rule: guarantees.Terms, given: OrderGiven) -> RefundFound:
    judgement = guarantees.judge(
        rule, given.order, given.at, conversion=given.conversion, besides=_occasion(rule, given)
    )
    return RefundFound(
        amount=judgement.amount,
        base=judgement.base,
        lines=dict(judgement.lines),
        remedy=judgement.remedy,
        cause=judgement.cause,
        return_required=judgement.return_required,
        unmet=_reasons(judgement.tree),
        opens_at=guarantees.opens_at(rule, given.order),
        closes_at=guarantees.closes_at(rule, given.order, given.calendar),
    )


def _after_sales(rule: AfterSalesTerms, given: OrderGiven) -> AfterSalesFound:
    judgement = guarantees.judge_after_sales(
        rule, given.order, given.at, conversion=given.conversion, besides=_occasion(rule, given)
    )
    return AfterSalesFound(
        amount=judgement.amount,
        base=judgement.base,
        violation=judgement.violation,
        unmet=_reasons(judgement.tree),
        due=tuple(guarantees.service_deadlines(rule, service) for service in given.order.services),
    )


def _buyer(rule: TierTerms, given: BuyerGiven) -> BuyerFound:
    level = tiers.evaluate(rule, given.buyer, given.at, given.calendar).level
    return BuyerFound(level, rule.levels[level].name, tuple(sorted(tiers.benefits(rule, level))))


def _act(rule: PenaltyTerms, given: ActGiven) -> ActFound:
    cost = penalties.price(rule, given.act)
    if given.points is not None:
        cost = penalties.Price(given.points, fraud=given.fraud)
    penalty = penalties.penalise_at(rule, given.entries, cost, given.at, given.calendar, violations=given.act)
    step, strike = penalty.threshold, penalty.strike
    return ActFound(
        points=penalty.points,
        balance=penalty.balance,
        threshold=None if step is None else step.points,
        measure=None if step is None else step.measure,
        days=None if step is None else step.days,
        notice_days=penalty.notice_days,
        strike=None if strike is None else strike.measure,
    )


def _reasons(tree: Finding) -> tuple[str, ...]:
    return tuple(finding.reason for finding in unmet(tree.because))


KINDS: Final[Mapping[RuleKind, Kind]] = {
    RuleKind.PUBLICATION: Kind("publication", False, PublicationTerms, NoticeGiven, _notice),
    RuleKind.ON_TIME: Kind("guarantees", True, OnTimeTerms, OrderGiven, _on_time),
    RuleKind.AFTER_SALES: Kind("guarantees", True, AfterSalesTerms, OrderGiven, _after_sales),
    RuleKind.EASY_RETURN: Kind("guarantees", True, EasyReturnTerms, OrderGiven, _refund),
    RuleKind.MONEY_BACK: Kind("guarantees", True, MoneyBackTerms, OrderGiven, _refund),
    RuleKind.PRICE_LOCK: Kind("guarantees", True, PriceLockTerms, OrderGiven, _refund),
    RuleKind.LOSS_DAMAGE: Kind("guarantees", True, LossDamageTerms, OrderGiven, _refund),
    RuleKind.FAIR_DEALING: Kind("guarantees", True, FairDealingTerms, OrderGiven, _refund),
    RuleKind.BUNDLE: Kind("bundles", True, BundleTerms, BundleGiven, bundles.judge),
    RuleKind.PROGRAMMES: Kind("programmes", False, ProgrammeTerms, EntryGiven, programmes.judge),
    RuleKind.CLAIM_CLOCKS: Kind("clocks", True, ClaimClocks, ClaimGiven, procedure.judge),
    RuleKind.TIERS: Kind("tiers", False, TierTerms, BuyerGiven, _buyer),
    RuleKind.CARRIAGE: Kind("carriage", True, CarriageTerms, CarriageGiven, carriage.judge),
    RuleKind.TRACKING: Kind("tracking", False, TrackingTerms, TrackingGiven, tracking_terms.judge),
    RuleKind.CARRIER_CODES: Kind("carriers", True, CarrierCodes, CodeGiven, carriers.judge),
    RuleKind.ONBOARDING: Kind(
        "onboarding", False, OnboardingTerms, ApplicationGiven, requirement_cases.judge_procedure
    ),
    RuleKind.REQUIREMENTS: Kind("onboarding", True, RequirementSet, RequirementGiven, requirement_cases.judge),
    RuleKind.RELATIONS: Kind("relations", False, RelationTerms, AccountGiven, relations.judge),
    RuleKind.PENALTIES: Kind("penalties", False, PenaltyTerms, ActGiven, _act),
    RuleKind.SCORECARDS: Kind("scorecards", False, ScorecardTerms, ScoreGiven, scorecards.judge),
    RuleKind.COUNTERS: Kind("counters", False, CounterTerms, CountGiven, counters.judge),
    RuleKind.LISTINGS: Kind("listings", False, ListingTerms, ListingGiven, listings.judge),
    RuleKind.COLLECTION: Kind("collection", False, CollectionTerms, DebtGiven, collection.judge),
    RuleKind.QUOTES: Kind("quotes", False, QuoteTerms, GoodsGiven, offers.judge),
    RuleKind.EXITS: Kind("exits", False, ExitTerms, LeftGiven, exits.judge_left),
    RuleKind.RECORDS: Kind("records", False, RecordTerms, RecordGiven, records.judge),
    RuleKind.MESSAGES: Kind("messages", False, MessageTerms, MessageGiven, messages.judge),
    RuleKind.EVIDENCE: Kind("evidence", False, EvidenceTerms, EvidenceGiven, evidence_needs.judge),
    RuleKind.DESK: Kind("desk", False, DeskTerms, DeskGiven, desk.judge),
    RuleKind.INSPECTIONS: Kind("inspections", False, InspectionTerms, InspectionGiven, inspections.judge),
    RuleKind.RETURNS: Kind("returns", False, ReturnTerms, ReturnGiven, return_terms.judge),
    RuleKind.APPEALS: Kind("appeals", False, AppealTerms, AppealGiven, appeals.judge),
    RuleKind.MEMBERSHIPS: Kind("memberships", False, MembershipTerms, MembershipGiven, memberships.judge),
    RuleKind.PROTECTION: Kind("protection", False, ProtectionTerms, CoverageGiven, protections.judge),
    RuleKind.CHARGEBACKS: Kind("chargebacks", False, ChargebackTerms, ChargebackGiven, chargeback_terms.judge),
    RuleKind.REMEDIES: Kind("remedies", False, RemedyTerms, RemedyGiven, remedy_terms.judge),
    RuleKind.GOODWILL: Kind("goodwill", False, GoodwillTerms, GoodwillGiven, goodwill.judge),
    RuleKind.SERVICE_POINTS: Kind("service_points", False, ServicePointTerms, PointGiven, service_point_terms.judge),
}


def check(source: str) -> Draft:
    """The rule set of that text, read to its last member and put to each of its own cases.

    Failing cases are results, not refusals: publishing refuses them (`rulebook.publish_rule`). Raises Invalid with
    every problem of the text: not TOML, unknown or missing members, a key of another kind, no case at all.
    """
    rule_set = rulebook.parse(source)
    kind = KINDS[rule_set.kind]
    problems: list[Problem] = []
    if not kind.owns(rule_set.key):
        problems.append(Problem((*SOURCE, "key"), f"a rule about {rule_set.kind} lies in {kind.folder}"))
    if not rule_set.case:
        problems.append(Problem((*SOURCE, "case"), "a rule set brings at least one example case"))
    if "version" in rule_set.body:
        problems.append(Problem((*SOURCE, "body", "version"), "a version is given its number when it is published"))
    try:
        rule = terms.read(kind.terms, {**rule_set.body, "version": DRAFT}, (*SOURCE, "body"))
    except Invalid as refusal:
        raise Invalid(*problems, *refusal.problems) from refusal
    if problems:
        raise Invalid(*problems)
    return Draft(rule_set, source, _body(rule), tuple(_tried(kind, rule, case) for case in rule_set.case))


def _body(rule: Any) -> dict[str, Any]:
    """The numbers as they are stored: spelled one way, without the version's id."""
    members: dict[str, Any] = terms.plain(rule)
    del members["version"]
    return members


def _tried(kind: Kind, rule: Any, case: Case) -> CaseResult:
    expect: dict[str, Any] = {**terms.plain(case.expect), **dict.fromkeys(case.absent)}
    try:
        found: dict[str, Any] = terms.plain(kind.judge(rule, terms.read(kind.given, case.given, ("given",))))
    except Invalid as refusal:
        listed = "; ".join(f"{'.'.join(problem.field)}: {problem.message}" for problem in refusal.problems)
        return CaseResult(case.name, passes=False, expect=expect, problem=listed)
    except (Refused, ValueError, ArithmeticError) as refusal:
        return CaseResult(case.name, passes=False, expect=expect, problem=str(refusal))
    got = {name: found.get(name) for name in expect}
    return CaseResult(case.name, passes=bool(expect) and got == expect, expect=expect, got=got)


assert KINDS.keys() == set(RuleKind)
