"""The case of a claim: everything that it is judged by, locked in the order of the house."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain import claims, coverage, dates, guarantees, procedure, service_steps, tracking
from domain.claims import REASONS, Claim, ClaimAction, ClaimReason, Escalation, overlaps, rulings
from domain.copies import replace
from domain.coverage import Carriage, Coverage
from domain.dates import Calendar
from domain.exchange_rates import Conversion
from domain.explain import Finding
from domain.guarantees import Judgement, OrderFacts, Promise
from domain.ids import ClaimId, CoverageId, OrderLineId, RuleVersionId, ShipmentId
from domain.liability import Shares
from domain.procedure import ClaimClocks
from domain.rulebook import RuleVersion
from domain.service_requests import RECORDED
from domain.shipments import Shipment
from domain.tracking import ResponsibleParty
from storage import calendars, exchange_rates, rulebook
from storage import claims as claim_rows
from storage import coverage as coverage_rows
from storage import evidence as evidence_rows
from storage import service_requests as request_rows
from storage import tracking as tracking_rows
from storage.claims import CaseRows
from storage.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Case:
    """What a claim is judged by: the rows with their order locked, the facts they record, and a rate where needed.

    `answering` says of each shipment who answers for what last went wrong with it, by its tracking.
    """

    rows: CaseRows
    facts: OrderFacts
    conversion: Conversion | None
    answering: Mapping[ShipmentId, ResponsibleParty]

    @property
    def cover(self) -> Coverage:
        """The cover claimed under."""
        return self.rows.cover

    def judged(self, at: datetime, *, liable: bool | None = None, besides: tuple[Finding, ...] = ()) -> Judgement:
        """The rule's word at `at`; `liable` is what was found, `besides` are conditions of the occasion."""
        facts = self.facts if liable is None else replace(self.facts, liable=liable)
        return guarantees.judge(self.cover.rule, facts, at, conversion=self.conversion, besides=besides)

    def shares(self, claim: Claim) -> tuple[Shares, Finding]:
        """Who bears the loss by the facts on record, and why."""
        carried = {line.id: line.shipment_id for line in self.rows.order.lines if line.shipment_id is not None}
        return rulings.proposed_shares(claim, self.facts, self.answering, carried)


async def locked(work: Work, claim_id: ClaimId, action: ClaimAction) -> tuple[Claim, Case]:
    """The claim and its case, locked, for somebody who may take that action now.

    Refuses: NotFound when the claim is none of the caller's, Conflict on a stale version, Refused with all reasons.
    """
    claim, case = await taken(work, claim_id)
    claims.require_side(claim, work.caller)
    work.expect(claim)
    claims.require_move(claim, action, work.caller, work.at)
    return claim, case


async def taken(work: Work, claim_id: ClaimId) -> tuple[Claim, Case]:
    """The claim and its case, locked: the order first. Refuses with NotFound."""
    claim, rows = await claim_rows.lock_with_case(work.connection, work.tenant_id, claim_id)
    named = [line.line_id for line in claim.lines] if claim.itemised else ()
    case = await _judgeable(work, rows, claim.reason, named)
    return claim, await proven(work, claim, case)


async def proven(work: Work, claim: Claim, case: Case) -> Case:
    """The case with what the claim's evidence proves of its loss, where the promise is worth what is proven."""
    if case.cover.promise is not Promise.LOSS_DAMAGE:
        return case
    losses = await evidence_rows.proven_losses(work.connection, work.tenant_id, claim, work.at)
    return replace(case, facts=rulings.with_proven(case.facts, losses))


async def case_of(
    work: Work, coverage_id: CoverageId, reason: ClaimReason, line_ids: Iterable[OrderLineId] = ()
) -> Case:
    """The case, its order locked, for the lines complained of (none named: all that the rule finds).

    Refuses with NotFound a cover that does not exist, with Refused a missing rate.
    """
    rows = await claim_rows.lock_case(work.connection, work.tenant_id, coverage_id)
    return await _judgeable(work, rows, reason, line_ids)


async def _judgeable(work: Work, rows: CaseRows, reason: ClaimReason, line_ids: Iterable[OrderLineId]) -> Case:
    """The case of those rows, with what they do not say."""
    facts = coverage.order_facts(
        rows.order,
        rows.shipments,
        overlaps.before(rows.cover.promise, rows.others, rows.claim),
        provider_id=rows.cover.provider_id,
        carriage=rows.carriage,
        complaint=rulings.complaint(reason, line_ids),
    )
    if reason in RECORDED and rows.cover.promise is Promise.AFTER_SALES:
        requests = await request_rows.by_coverage(work.connection, work.tenant_id, rows.cover.id)
        calendar = await calendars.get(work.connection, rows.order.country)
        facts = replace(facts, services=service_steps.facts(requests, calendar))
    return Case(rows, facts, await conversion(work, rows.cover, facts), await _answering(work, reason, rows.shipments))


async def carriage(work: Work, cover: Coverage) -> Carriage | None:
    """Who carries the goods of the cover's order, where a provider stands for it: it answers for what it carries."""
    if cover.provider_id is None:
        return None
    return await coverage_rows.carriage(work.connection, work.tenant_id, cover.order_id)


async def _answering(
    work: Work, reason: ClaimReason, shipments: Sequence[Shipment]
) -> dict[ShipmentId, ResponsibleParty]:
    """Who answers for what last went wrong with each shipment, where the reason makes that matter."""
    if REASONS[reason].cause not in rulings.ON_THE_WAY or REASONS[reason].at_source or not shipments:
        return {}
    told = await tracking_rows.by_shipments(work.connection, work.tenant_id, [each.id for each in shipments])
    found = {
        each.id: tracking.answers((event for event in told if event.shipment_id == each.id), each.delivered_at)
        for each in shipments
    }
    return {id: responsible for id, responsible in found.items() if responsible is not None}


async def conversion(work: Work, cover: Coverage, facts: OrderFacts) -> Conversion | None:
    """The rate from the currency of the cover's cap into the order's, of the day that the rule says; None where one.

    Refuses (`exchange_rate.known`) when it is needed and not recorded.
    """
    foreign = guarantees.needs_rate(cover.rule, facts.currency)
    if foreign is None:
        return None
    calendar = await calendars.get(work.connection, work.market)
    day = dates.local_day(guarantees.rated_at(cover.rule, facts, work.at), calendar)
    return await exchange_rates.rate(work.connection, work.tenant_id, foreign, facts.currency, day)


async def procedure_in_force(work: Work) -> RuleVersion:
    """The marketplace's profile as it is in force now: for a claim that is opened now (`domain.md` 6.6)."""
    return await rulebook.in_force(work.connection, work.tenant_id, work.claim_profile, work.at)


async def clocks_of(work: Work, claim: Claim) -> ClaimClocks:
    """The clocks that were in force when the claim was opened."""
    version = await rulebook.get(work.connection, work.tenant_id, RuleVersionId(claim.procedure_version_id))
    return procedure.claim_clocks(version)


async def market_days(work: Work) -> Calendar:
    """The calendar that a claim's days are counted in: the marketplace's own."""
    return await calendars.get(work.connection, work.market)


async def escalation(work: Work, claim: Claim) -> Escalation:
    """What a claim that goes to the marketplace now waits for."""
    return procedure.escalation(await clocks_of(work, claim), claim.reason, work.at, await market_days(work))


async def decide_due_at(work: Work, claim: Claim) -> datetime:
    """The last instant for the staff's decision on a claim that goes to them now."""
    return procedure.decide_due_at(await clocks_of(work, claim), work.at, await market_days(work))
