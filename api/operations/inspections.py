"""Inspections: ordered and paid for by the buyer, reported by a third party, their fee given back by fault.

Locks are taken in the order of the house: the order, its claim, the inspection, money last.
"""

from api.operations import compensation, fees, remedies
from api.operations import evidence as evidence_steps
from api.operations.compensation import Behind
from api.operations.duties import end_duties, start_duty
from domain import access, inspections
from domain.claims import Side
from domain.clocks import Clock, Duty
from domain.evidence import NewEvidence
from domain.evidence_needs import EvidenceKind
from domain.ids import InspectionId
from domain.inspections import RULE, InspectionTerms, OrderInspection, RecordInspectionReport, inspection_terms
from domain.ledger import Event
from domain.liability import Bearer, Shares
from storage import calendars, rulebook
from storage import claims as claim_rows
from storage import inspections as inspection_rows
from storage import orders as order_rows
from storage.unit_of_work import Outcome, Work


async def order_inspection(work: Work, command: OrderInspection) -> Outcome:
    """A company that the rule names is to look at the goods; what the buyer paid for it is recorded.

    Refuses a claim that is decided, a second inspection at a time, and a company that does not inspect there.
    """
    access.require(work.caller, "orderInspection")
    claim = await evidence_steps.locked_claim(work, command.claim_id)
    order = await order_rows.get(work.connection, work.tenant_id, claim.order_id)
    running = await inspection_rows.is_running(work.connection, work.tenant_id, claim.id)
    change = inspections.order_inspection(
        claim,
        command,
        inspection_terms(await rulebook.in_force(work.connection, work.tenant_id, RULE, work.at)),
        order.country,
        await calendars.get(work.connection, work.market),
        inspections.conditions(claim, work.caller, running=running),
        id=work.new_id(InspectionId),
        at=work.at,
    )
    await work.keep(change)
    side = Side.STAFF if work.caller.is_operator else Side.BUYER
    evidence_steps.tell(work, claim, change.happened[0].name, side, command.note)
    await start_duty(work, Duty.REPORT_INSPECTION, change.after.id, change.after.due_at, party_id=None)
    await fees.inspection(work, Event.INSPECTION_PREPAID, change.after)
    return Outcome({"inspection": change.after.id, "claim": claim.id})


async def record_inspection_report(work: Work, command: RecordInspectionReport) -> Outcome:
    """The verdict is known, its report is evidence of the claim, and the fee goes back where the verdict says so.

    Refuses an inspection that reported or lapsed, and a file that cannot be used.
    """
    access.require(work.caller, "recordInspectionReport")
    seen = await inspection_rows.get(work.connection, work.tenant_id, command.inspection_id)
    inspections.require_side(seen, work.caller)
    claim = await evidence_steps.locked_claim(work, seen.claim_id)
    inspection = await inspection_rows.lock(work.connection, work.tenant_id, seen.id)
    work.expect(inspection)
    inspections.require_move(inspection, work.caller, work.at)
    files = await evidence_steps.usable(work, [command.upload_id], "uploadId")
    item = NewEvidence(EvidenceKind.INSPECTION_REPORT, (command.upload_id,), command.note)
    piece = evidence_steps.keep_piece(work, claim, Side.STAFF, item, files)
    rule: InspectionTerms = inspection_terms(
        await rulebook.get(work.connection, work.tenant_id, inspection.rule_version_id)
    )
    change = inspections.record_inspection_report(
        inspection, command.verdict, command.note, rule, piece.after.id, work.at
    )
    await end_duties(work, inspection.id)
    await work.keep(piece, change)
    evidence_steps.tell(work, claim, change.happened[0].name, Side.STAFF, command.note)
    await fees.inspection(work, Event.INSPECTION_PERFORMED, inspection)
    if change.after.refund_due:
        shares = Shares.whole(Bearer.PROVIDER if claim.supplier_id is None else Bearer.SUPPLIER)
        refund = await remedies.reimburse(work, claim, inspection.fee, shares)
        await work.keep(inspections.refunded(change.after, refund.id))
    return Outcome({"inspection": inspection.id, "claim": claim.id})


async def fire_report_inspection(work: Work, clock: Clock) -> None:
    """No report came in its time: the inspection lapses, its fee goes back, and the claim goes on without it."""
    seen = await inspection_rows.get(work.connection, work.tenant_id, InspectionId(clock.subject_id))
    await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    claim = await claim_rows.lock(work.connection, work.tenant_id, seen.claim_id)
    inspection = await inspection_rows.lock(work.connection, work.tenant_id, seen.id)
    change = inspections.lapse_inspection(inspection, work.at)
    if change is not None:
        await work.keep(change)
        evidence_steps.tell(work, claim, change.happened[0].name, Side.SYSTEM, None)
        refund = await compensation.decide_refund(work, Behind.claim(claim), inspection.fee, ())
        await fees.inspection(work, Event.INSPECTION_RETURNED, inspection, refund.id)
        await work.keep(inspections.refunded(change.after, refund.id))
