"""Evidence: brought by the sides of a claim, asked for by staff, and found forged.

Locks are taken in the order of the house: a buyer whose tier may go, the order, the claim. So evidence and a decision
come one after the other: what is brought before the decision is on its file, what comes behind it is refused.
"""

from collections.abc import Sequence

from api.operations import buyers as buyer_steps
from api.operations import points
from api.operations.duties import end_duties, start_duty
from domain import access, buyers, claims, evidence, uploads
from domain.change import Change
from domain.claims import Claim, ClaimEvent, Side
from domain.clocks import Clock, Duty
from domain.decisions import DecisionKind, decision
from domain.errors import Invalid, Problem
from domain.evidence import (
    Evidence,
    EvidenceAction,
    EvidenceFile,
    EvidenceRequest,
    FindEvidenceForged,
    NewEvidence,
    RequestEvidence,
    SubmitEvidence,
)
from domain.ids import (
    ClaimId,
    DecisionId,
    EventId,
    EvidenceFileId,
    EvidenceId,
    EvidenceMarkId,
    EvidenceRequestId,
    UploadId,
)
from domain.moves import require
from domain.penalties import Violation
from domain.points import CauseKind, PointCause
from domain.uploads import Upload
from storage import buyers as buyer_rows
from storage import claims as claim_rows
from storage import evidence as evidence_rows
from storage import orders as order_rows
from storage import uploads as upload_rows
from storage.unit_of_work import Outcome, Work


async def submit_evidence(work: Work, command: SubmitEvidence) -> Outcome:
    """The pieces are part of the claim's file; what the side was asked for and has brought now is answered.

    Refuses a claim that is decided, a caller on no side of it, files that cannot be used, and too many pieces.
    """
    access.require(work.caller, "submitEvidence")
    claim = await locked_claim(work, command.claim_id)
    evidence.require_submittable(claim, work.caller)
    side = claims.side_of(claim, work.caller) or Side.STAFF
    known = await evidence_rows.by_claim(work.connection, work.tenant_id, claim.id)
    evidence.require_pieces(command, sum(piece.side is side for piece in known), claim)
    files = await _usable(work, command)
    changes = [keep_piece(work, claim, side, item, found) for item, found in zip(command.items, files, strict=True)]
    brought = [change.after for change in changes]
    await work.keep(*changes)
    tell(work, claim, changes[0].happened[0].name, side, None)
    await _answer(work, claim, [*known, *brought])
    return Outcome({"evidence": tuple(piece.id for piece in brought), "claim": claim.id})


async def request_evidence(work: Work, command: RequestEvidence) -> Outcome:
    """The side is asked for those kinds, and its time runs. Refuses what `evidence.request_evidence` refuses."""
    access.require(work.caller, "requestEvidence")
    claim = await locked_claim(work, command.claim_id)
    change = evidence.request_evidence(claim, work.caller, command, id=work.new_id(EvidenceRequestId), at=work.at)
    asked = change.after
    await work.keep(change)
    tell(work, claim, "claim.evidence_requested", Side.STAFF, command.note)
    party_id = claim.buyer_id if asked.side is Side.BUYER else claim.party_id
    await start_duty(work, Duty.BRING_EVIDENCE, asked.id, asked.due_at, party_id=party_id)
    return Outcome({"evidenceRequest": asked.id, "claim": claim.id})


async def find_evidence_forged(work: Work, command: FindEvidenceForged) -> Outcome:
    """The piece stays and is marked, and whoever brought it bears what the rules set for that.

    A liable party is given points, a buyer loses its tier. Refuses a piece that was marked, and one of staff.
    """
    access.require(work.caller, "findEvidenceForged")
    piece = await evidence_rows.get(work.connection, work.tenant_id, command.evidence_id)
    buyer = None
    if piece.side is Side.BUYER:
        buyer = await buyer_rows.lock(work.connection, work.tenant_id, piece.buyer_id)
    claim = await locked_claim(work, piece.claim_id)
    marked = await evidence_rows.marked(work.connection, work.tenant_id, [piece.id])
    moves = evidence.moves(piece, work.caller, forged=piece.id in marked)
    require(moves, EvidenceAction.FIND_EVIDENCE_FORGED.value, "evidence.forged")
    decided = work.new_id(DecisionId)
    work.add(
        decision(
            decided,
            claim.id,
            DecisionKind.EVIDENCE,
            evidence.forged(piece, command.note),
            at=work.at,
            decided_by=work.caller.actor_id,
            rule_version_ids=(),
        )
    )
    await work.keep(
        evidence.find_evidence_forged(piece, command.note, decided, id=work.new_id(EvidenceMarkId), at=work.at)
    )
    tell(work, claim, "evidence.found_forged", Side.STAFF, command.note)
    if buyer is not None:
        if buyer.revoked_at is None:
            look = await buyer_steps.look(work, buyer)
            await buyer_steps.keep(work, buyers.revoke_tier(buyer, command.note, look, id=work.new_id(DecisionId)))
    else:
        await points.penalise(
            work,
            claim.party_id,
            (Violation.FORGED_EVIDENCE,),
            piece.submitted_at,
            PointCause(CauseKind.EVIDENCE, piece.id),
            facts=command.note,
            upload_ids=[file.upload_id for file in piece.files],
        )
    return Outcome({"evidence": piece.id, "claim": claim.id})


async def fire_bring_evidence(work: Work, clock: Clock) -> None:
    """The side did not bring what it was asked for: the request lapses, and the marketplace decides without."""
    asked = await evidence_rows.lock_request(work.connection, work.tenant_id, EvidenceRequestId(clock.subject_id))
    change = evidence.lapse_request(asked, work.at)
    if change is None:  # it was answered while this clock was being taken
        return
    await work.keep(change)
    claim = await claim_rows.get(work.connection, work.tenant_id, asked.claim_id)
    tell(work, claim, change.happened[0].name, Side.SYSTEM, None)


# -- for others that bring evidence ------------------------------------------------------------------------------------


async def locked_claim(work: Work, claim_id: ClaimId) -> Claim:
    """The claim, its order locked before it, for somebody on a side of it. Refuses with NotFound anybody else."""
    seen = await claim_rows.get(work.connection, work.tenant_id, claim_id)
    claims.require_side(seen, work.caller)
    await order_rows.lock(work.connection, work.tenant_id, seen.order_id)
    return await claim_rows.lock(work.connection, work.tenant_id, claim_id)


def keep_piece(work: Work, claim: Claim, side: Side, item: NewEvidence, files: Sequence[Upload]) -> Change[Evidence]:
    """The piece, to be kept by the caller. Its files were found usable."""
    id = work.new_id(EvidenceId)
    held = tuple(
        EvidenceFile(work.new_id(EvidenceFileId), id, upload.id, position, upload.sha256)
        for position, upload in enumerate(files)
    )
    return evidence.submit_evidence(claim, side, item, held, id=id, at=work.at)


async def usable(work: Work, upload_ids: Sequence[UploadId], *path: str) -> list[Upload]:
    """The files, each the caller's own and accepted. Refuses with Invalid what is not there, with Refused the rest."""
    organisation_id = work.caller.organisation_id
    found, problems = [], []
    for place, id in enumerate(upload_ids):
        upload = await upload_rows.UPLOADS.find(work.connection, work.tenant_id, id)
        if upload is None or organisation_id is None or upload.organisation_id != organisation_id:
            problems.append(Problem((*path, str(place)), "There is no such upload of your organisation."))
            continue
        uploads.require_usable(upload, organisation_id, evidence.FILES)
        found.append(upload)
    if problems:
        raise Invalid(*problems)
    return found


def tell(work: Work, claim: Claim, name: str, side: Side, note: str | None) -> None:
    """What happened stands in the claim's events."""
    work.add(ClaimEvent(work.new_id(EventId), claim.id, name, side, note, work.at))


async def _usable(work: Work, command: SubmitEvidence) -> list[list[Upload]]:
    """The files of each piece."""
    return [
        await usable(work, item.upload_ids, "items", str(place), "uploadIds")
        for place, item in enumerate(command.items)
    ]


async def _answer(work: Work, claim: Claim, brought: Sequence[Evidence]) -> None:
    """What was asked for and is there now is answered, and its clock ends."""
    asked: Sequence[EvidenceRequest] = await evidence_rows.requests_by_claim(work.connection, work.tenant_id, claim.id)
    for request in asked:
        change = evidence.answer_request(request, brought, work.at)
        if change is not None:
            await end_duties(work, request.id)
            await work.keep(change)
