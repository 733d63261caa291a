"""Chargebacks as people move them: accepted, defended, checked, represented, contested; and what silence brings.

Locks: the order first, then the chargeback, then the money.
"""

from typing import Final

from api.operations import chargeback_ends
from domain import access, chargeback_steps, chargeback_terms, chargebacks, evidence_packs
from domain.chargebacks import (
    MOVES,
    Actor,
    AnswerChargeback,
    Chargeback,
    ChargebackAction,
    ChargebackResult,
    ChargebackState,
    SubmitEvidencePack,
)
from domain.clocks import Clock
from domain.errors import Refused
from domain.explain import Finding, unmet
from domain.ids import ChargebackId, EvidencePackId, SupplierId, UploadId
from domain.orders import Order
from domain.uploads import Upload, UploadKind, UploadState
from storage import chargebacks as chargeback_rows
from storage import evidence_packs as evidence_rows
from storage import orders as order_rows
from storage import suppliers as supplier_rows
from storage.unit_of_work import Outcome, Work

BY_ITSELF: Final = "The platform did not look at the pack in time: it goes as it stands."


async def accept_chargeback(work: Work, command: AnswerChargeback) -> Outcome:
    """The merchant does not defend itself: the money is gone, and settled."""
    chargeback, order = await _locked(work, command.chargeback_id, ChargebackAction.ACCEPT_CHARGEBACK)
    await chargeback_ends.lose(
        work,
        chargeback,
        order,
        ChargebackResult.ACCEPTED,
        chargeback.network_at,
        Actor.MERCHANT,
        command.note,
    )
    return Outcome({"chargeback": chargeback.id})


async def submit_evidence_pack(work: Work, command: SubmitEvidencePack) -> Outcome:
    """The merchant's pack is final, with everything that the platform holds; the platform looks at it.

    Refuses files that are no accepted evidence of the merchant.
    """
    chargeback, order = await _locked(work, command.chargeback_id, ChargebackAction.SUBMIT_EVIDENCE_PACK)
    files = await evidence_rows.files(work.connection, work.tenant_id, command.upload_ids)
    await _require_own(work, chargeback.supplier_id, command.upload_ids, files)
    before = await chargeback_rows.packs(work.connection, work.tenant_id, [chargeback.id])
    pack = evidence_packs.submit_pack(
        chargeback.id,
        len(before) + 1,
        command.statement,
        command.upload_ids,
        evidence_packs.listed(await evidence_rows.items(work.connection, work.tenant_id, order.id, files)),
        id=work.new_id(EvidencePackId),
        by=work.caller.actor_id,
        at=work.at,
    )
    work.add(pack)
    rule = await chargeback_ends.terms_of(work, chargeback)
    calendar = await chargeback_ends.calendar_of(work)
    check_by = max(chargeback_terms.send_by(rule, chargeback.network_due_at, calendar), work.at)
    change = chargeback_steps.submit_evidence_pack(chargeback, check_by, work.at)
    await chargeback_ends.step(work, change, Actor.MERCHANT)
    return Outcome({"chargeback": chargeback.id, "pack": pack.id})


async def represent_chargeback(work: Work, command: AnswerChargeback) -> Outcome:
    """The pack is accepted and goes to the network."""
    chargeback, _ = await _locked(work, command.chargeback_id, ChargebackAction.REPRESENT_CHARGEBACK)
    change = chargeback_steps.represent_chargeback(chargeback, command.note, work.at)
    await chargeback_ends.step(work, change, Actor.STAFF, command.note)
    return Outcome({"chargeback": chargeback.id})


async def return_evidence_pack(work: Work, command: AnswerChargeback) -> Outcome:
    """The pack is not sufficient: the merchant may mend it, once; the second time the chargeback is lost by default."""
    chargeback, order = await _locked(work, command.chargeback_id, ChargebackAction.RETURN_EVIDENCE_PACK)
    if chargeback.returned_at is not None:
        result = ChargebackResult.LOST_BY_DEFAULT
        await chargeback_ends.lose(work, chargeback, order, result, chargeback.network_at, Actor.STAFF, command.note)
        return Outcome({"chargeback": chargeback.id})
    rule = await chargeback_ends.terms_of(work, chargeback)
    calendar = await chargeback_ends.calendar_of(work)
    due_at = chargeback_terms.resubmission_due_at(rule, work.at, chargeback.network_due_at, calendar)
    change = chargeback_steps.return_evidence_pack(chargeback, due_at, command.note, work.at)
    await chargeback_ends.step(work, change, Actor.STAFF, command.note)
    return Outcome({"chargeback": chargeback.id})


async def contest_pre_arbitration(work: Work, command: AnswerChargeback) -> Outcome:
    """The platform does not give in either; the network decides."""
    chargeback, _ = await _locked(work, command.chargeback_id, ChargebackAction.CONTEST_PRE_ARBITRATION)
    change = chargeback_steps.contest_pre_arbitration(chargeback, command.note, work.at)
    await chargeback_ends.step(work, change, Actor.STAFF, command.note)
    return Outcome({"chargeback": chargeback.id})


async def fire_submit_pack(work: Work, clock: Clock) -> None:
    """The merchant did not answer in time: lost by default."""
    chargeback, order = await _rows(work, ChargebackId(clock.subject_id))
    if chargeback.state in chargebacks.ANSWERING:
        result = ChargebackResult.LOST_BY_DEFAULT
        await chargeback_ends.lose(work, chargeback, order, result, chargeback.network_at, Actor.SYSTEM)


async def fire_check_pack(work: Work, clock: Clock) -> None:
    """The platform did not look at the pack in time, which is not the merchant's fault: it goes as it stands."""
    chargeback, _ = await _rows(work, ChargebackId(clock.subject_id))
    if chargeback.state is ChargebackState.PLATFORM_CHECK:
        change = chargeback_steps.represent_chargeback(chargeback, BY_ITSELF, work.at)
        await chargeback_ends.step(work, change, Actor.SYSTEM, BY_ITSELF)


async def fire_answer_pre_arbitration(work: Work, clock: Clock) -> None:
    """The platform did not contest in time: lost."""
    chargeback, order = await _rows(work, ChargebackId(clock.subject_id))
    if chargeback.state is ChargebackState.PRE_ARBITRATION and not chargeback.contested:
        defended = chargeback.pack_accepted_at is not None
        result = ChargebackResult.LOST if defended else ChargebackResult.LOST_BY_DEFAULT
        await chargeback_ends.lose(work, chargeback, order, result, chargeback.network_at, Actor.SYSTEM)


async def _locked(work: Work, id: ChargebackId, action: ChargebackAction) -> tuple[Chargeback, Order]:
    """The caller's chargeback and its order, with nothing in the way of the action."""
    access.require(work.caller, MOVES[action].mutation)
    seen = await chargeback_rows.get(work.connection, work.tenant_id, id)
    chargebacks.require_actor(seen, work.caller)
    chargeback, order = await _rows(work, id)
    work.expect(chargeback)
    chargebacks.require_move(chargeback, action, work.caller, work.at)
    return chargeback, order


async def _rows(work: Work, id: ChargebackId) -> tuple[Chargeback, Order]:
    seen = await chargeback_rows.get(work.connection, work.tenant_id, id)
    order = await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    return await chargeback_rows.lock(work.connection, work.tenant_id, id), order


async def _require_own(work: Work, supplier_id: SupplierId, ids: tuple[UploadId, ...], files: list[Upload]) -> None:
    """Nothing, if every file is the merchant's accepted evidence. Refuses, naming each that is not."""
    supplier = await supplier_rows.get(work.connection, work.tenant_id, supplier_id)
    good = {
        file.id
        for file in files
        if file.organisation_id == supplier.organisation_id
        and file.kind is UploadKind.EVIDENCE
        and file.state is UploadState.ACCEPTED
    }
    findings = [Finding("pack.files", id in good, "pack_files_are_yours", {"uploadId": id}) for id in ids]
    if because := unmet(findings):
        raise Refused("pack.files", "A file cannot be part of the pack.", because)
