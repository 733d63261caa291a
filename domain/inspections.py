"""Inspections: somebody whom both sides trust looks at the goods of a claim.

Theory of operation (`domain.md` 2.10, 2.12 P3):

    ORDERED -record the report (staff)-> REPORTED      ORDERED -no report in its time-> LAPSED

Who inspects is one of the companies that the rule names (`storage/rulebook/inspections.toml`). The buyer pays it in
advance, which is recorded; the fee is given back where the goods are not as agreed and the liable party answers for it.
The report is a piece of evidence in the claim.

Laws: a claim has one inspection at a time; a report never changes; the fee is refunded at most once, and only by the
verdict; an inspection that never reported leaves the fee to be claimed back from the company.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain import parties, terms, texts
from domain.access import Caller, ViewerKind, may
from domain.change import Change, Fact, Happening
from domain.claims import TAKES_EVIDENCE, Claim, ClaimAction, side_of
from domain.dates import UTC_DAYS, Calendar, rfc3339
from domain.errors import Invalid, NotFound, Problem, Refused
from domain.explain import Finding, unmet
from domain.ids import (
    BuyerId,
    ClaimId,
    EvidenceId,
    InspectionId,
    LiablePartyId,
    OrderId,
    ProviderId,
    RefundId,
    RuleVersionId,
    SupplierId,
    UploadId,
)
from domain.money import Money
from domain.moves import Move, require
from domain.procedure import Period
from domain.rulebook import RuleKind, RuleVersion

RULE: Final = "inspections"
"""The key of the rule that names who inspects."""


class InspectionState(StrEnum):
    """Where an inspection stands."""

    ORDERED = "ORDERED"
    """Paid for; its report is awaited."""
    REPORTED = "REPORTED"
    """Its verdict is known."""
    LAPSED = "LAPSED"
    """No report came in its time."""


class Verdict(StrEnum):
    """What an inspector found."""

    AS_AGREED = "AS_AGREED"
    """The goods are as they were agreed."""
    NOT_AS_AGREED = "NOT_AS_AGREED"
    """They are not."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """It cannot be told."""


class InspectionAction(StrEnum):
    """What can be done with an inspection; the value is the mutation's name in capitals."""

    RECORD_INSPECTION_REPORT = "RECORD_INSPECTION_REPORT"
    """recordInspectionReport: its verdict is known."""


@dataclass(frozen=True, slots=True)
class Company:
    """Who inspects: its name, and the countries where it does (none named: everywhere)."""

    name: str
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InspectionTerms:
    """One version of the rule: the companies by key, the time of a report, and the verdicts that refund the fee."""

    version: str
    companies: Mapping[str, Company]
    report: Period
    refunded_by: tuple[Verdict, ...]

    def __post_init__(self) -> None:
        if not self.companies:
            raise ValueError("somebody inspects")


def inspection_terms(version: RuleVersion) -> InspectionTerms:
    """The numbers of a version of the rule. Refuses a version of another kind with TypeError."""
    if version.kind is not RuleKind.INSPECTIONS:
        raise TypeError(f"{version.key} is not the rule about inspections")
    return terms.of(InspectionTerms, version)


@dataclass(frozen=True, slots=True)
class InspectionGiven:
    """An inspection ordered then, of goods in that country, with that verdict: for the rule's own cases."""

    at: datetime
    country: str
    company: str
    verdict: Verdict
    calendar: Calendar = UTC_DAYS


@dataclass(frozen=True, slots=True)
class InspectionFound:
    """Whether the company can be ordered there, until when it reports, and whether the fee is given back."""

    inspects: bool
    report_due_at: datetime
    refunded: bool


def judge(rule: InspectionTerms, given: InspectionGiven) -> InspectionFound:
    """What the rule makes of one of its cases."""
    return InspectionFound(
        inspects(rule, given.company, given.country),
        rule.report.end(given.at, given.calendar),
        given.verdict in rule.refunded_by,
    )


def inspects(rule: InspectionTerms, company: str, country: str) -> bool:
    """Whether that company inspects goods in that country."""
    known = rule.companies.get(company)
    return known is not None and (not known.countries or country in known.countries)


@dataclass(frozen=True, slots=True)
class Inspection:
    """An inspection. `fee` is what the buyer paid in advance, under `reference`; the parties are those of the claim.

    `refund_due` says whether the fee goes back, by the verdict or because no report came; `refund_id` is the refund.
    `posted` says whether the fee is in the books: those of the time before fees were posted are not.
    """

    id: InspectionId
    claim_id: ClaimId
    order_id: OrderId
    buyer_id: BuyerId
    supplier_id: SupplierId | None
    provider_id: ProviderId | None
    company: str
    company_name: str
    state: InspectionState
    fee: Money
    reference: str
    note: str | None
    verdict: Verdict | None
    refund_due: bool
    refund_id: RefundId | None
    evidence_id: EvidenceId | None
    rule_version_id: RuleVersionId
    due_at: datetime
    ordered_at: datetime
    reported_at: datetime | None
    ended_at: datetime | None
    posted: bool
    version: int

    @property
    def party_id(self) -> LiablePartyId:
        """The liable party."""
        return parties.liable(self)


@dataclass(frozen=True, slots=True)
class OrderInspection:
    """The wish that a company look at the goods of a claim; the fee was paid under that reference."""

    claim_id: ClaimId
    company: str
    fee: Money
    reference: str
    note: str | None


@dataclass(frozen=True, slots=True)
class RecordInspectionReport:
    """What the company found."""

    inspection_id: InspectionId
    verdict: Verdict
    upload_id: UploadId
    note: str | None


def conditions(claim: Claim, caller: Caller, *, running: bool) -> tuple[Finding, ...]:
    """Whether the caller may order an inspection in the claim now; `running`: one is ordered already."""
    own = caller.viewer is ViewerKind.STAFF or caller.party_id == claim.buyer_id
    return (
        Finding("inspection.role", own and may(caller, "orderInspection"), "inspection_action_of_your_side"),
        Finding("inspection.state", claim.state in TAKES_EVIDENCE, "inspection_in_time", {"state": claim.state.value}),
        Finding("inspection.one", not running, "inspection_not_running"),
    )


def orderable(claim: Claim, caller: Caller, *, running: bool) -> Move:
    """Whether the caller may order an inspection in the claim now, and why not."""
    return Move(ClaimAction.ORDER_INSPECTION.value, unmet(conditions(claim, caller, running=running)))


def order_inspection(
    claim: Claim,
    command: OrderInspection,
    rule: InspectionTerms,
    country: str,
    calendar: Calendar,
    because: tuple[Finding, ...],
    *,
    id: InspectionId,
    at: datetime,
) -> Change[Inspection]:
    """The company is to look at the goods. `because` are the occasion's conditions.

    Refuses with every reason; with Invalid a company that does not inspect there, a fee of nothing or in another
    currency than the claim's, a missing reference.
    """
    if missing := unmet(because):
        raise Refused("inspection.order", "The inspection cannot be ordered.", missing)
    problems = []
    if not inspects(rule, command.company, country):
        named = ", ".join(key for key in sorted(rule.companies) if inspects(rule, key, country))
        problems.append(Problem(("company",), f"Goods in {country} are inspected by: {named}."))
    if command.fee.minor <= 0 or command.fee.currency != claim.amount.currency:
        problems.append(Problem(("fee",), f"An amount above zero in {claim.amount.currency}."))
    if problems := [*problems, *texts.reference_problems(command.reference, "reference")]:
        raise Invalid(*problems)
    inspection = Inspection(
        id=id,
        claim_id=claim.id,
        order_id=claim.order_id,
        buyer_id=claim.buyer_id,
        supplier_id=claim.supplier_id,
        provider_id=claim.provider_id,
        company=command.company,
        company_name=rule.companies[command.company].name,
        state=InspectionState.ORDERED,
        fee=command.fee,
        reference=command.reference,
        note=command.note,
        verdict=None,
        refund_due=False,
        refund_id=None,
        evidence_id=None,
        rule_version_id=RuleVersionId(rule.version),
        due_at=rule.report.end(at, calendar),
        ordered_at=at,
        reported_at=None,
        ended_at=None,
        posted=True,
        version=1,
    )
    return Change(None, inspection, (_happening("inspection.ordered", inspection),))


def require_side(inspection: Inspection, caller: Caller) -> None:
    """Nothing, if the caller is on a side of the claim.

    Raises:
        NotFound: it is not: for this caller there is no such inspection.
    """
    if side_of(inspection, caller) is None:
        raise NotFound("There is no such inspection.", field=("inspectionId",))


def moves(inspection: Inspection, caller: Caller, at: datetime) -> tuple[Move, ...]:
    """What the caller may do with the inspection at `at`, and why not."""
    due = rfc3339(inspection.due_at)
    waits = inspection.state is InspectionState.ORDERED
    findings = (
        Finding(
            "inspection.role",
            caller.viewer is ViewerKind.STAFF and may(caller, "recordInspectionReport"),
            "inspection_action_of_your_side",
        ),
        Finding("inspection.ordered", waits, "inspection_awaited", {"state": inspection.state.value}),
        *([Finding("inspection.due", at <= inspection.due_at, "inspection_report_in_time", {"dueAt": due})] * waits),
    )
    closes_at = inspection.due_at if waits else None
    return (Move(InspectionAction.RECORD_INSPECTION_REPORT.value, unmet(findings), closes_at=closes_at),)


def require_move(inspection: Inspection, caller: Caller, at: datetime) -> None:
    """Nothing, if the caller may record the report now. Refuses with all reasons."""
    require(moves(inspection, caller, at), InspectionAction.RECORD_INSPECTION_REPORT.value, "inspection.report")


def record_inspection_report(
    inspection: Inspection,
    verdict: Verdict,
    note: str | None,
    rule: InspectionTerms,
    evidence_id: EvidenceId,
    at: datetime,
) -> Change[Inspection]:
    """Its verdict is known, and with it whether the fee is given back."""
    after = replace(
        inspection,
        state=InspectionState.REPORTED,
        verdict=verdict,
        refund_due=verdict in rule.refunded_by,
        evidence_id=evidence_id,
        note=note or inspection.note,
        reported_at=at,
        ended_at=at,
        version=inspection.version + 1,
    )
    return Change(inspection, after, (_happening("inspection.reported", after),))


def refunded(inspection: Inspection, refund_id: RefundId) -> Change[Inspection]:
    """The fee is given back by that refund. Refuses with ValueError one that nothing gives back, or a second."""
    if not inspection.refund_due or inspection.refund_id is not None:
        raise ValueError(f"the fee of {inspection.id} is not to be given back")
    after = replace(inspection, refund_id=refund_id, version=inspection.version + 1)
    return Change(inspection, after, (_happening("inspection.fee_refunded", after),))


def lapse_inspection(inspection: Inspection, at: datetime) -> Change[Inspection] | None:
    """No report came in its time: what was paid for it goes back. None where one came meanwhile."""
    if inspection.state is not InspectionState.ORDERED:
        return None
    after = replace(
        inspection, state=InspectionState.LAPSED, refund_due=True, ended_at=at, version=inspection.version + 1
    )
    return Change(inspection, after, (_happening("inspection.lapsed", after),))


def _happening(name: str, inspection: Inspection) -> Happening:
    facts: dict[str, Fact] = {
        "claimId": inspection.claim_id,
        "orderId": inspection.order_id,
        "company": inspection.company,
        "state": inspection.state.value,
        "feeMinor": inspection.fee.minor,
        "currency": inspection.fee.currency,
    }
    facts |= {} if inspection.verdict is None else {"verdict": inspection.verdict.value}
    return Happening(name, facts)
