"""Uploads: announced, received, confirmed, read; those that nobody confirms lapse, and what failed loses its bytes.

The bytes come and go by plain HTTP (`api/intake/uploads.py`); what is decided about them is decided here.
"""

from api.operations.duties import end_duties, start_duty
from api.operations.organisations import own_organisation
from domain import access, uploads
from domain.clocks import Clock, Duty
from domain.errors import NotFound, Refused
from domain.explain import unmet
from domain.ids import AuditId, UploadId
from domain.uploads import KINDS, ConfirmUpload, CreateUpload, ReceiveUpload, Upload, UploadState
from storage import audit
from storage import uploads as upload_rows
from storage.files import Files
from storage.unit_of_work import Outcome, Work

READ_UPLOAD = "readUpload"
"""The action in the audit row of whoever read a file that holds personal data."""

ERASED_PER_VISIT = 100
"""Failed uploads that lose their bytes in one transaction."""


async def create_upload(work: Work, command: CreateUpload) -> Outcome:
    """A file is announced, and a clock runs for its confirmation. Refuses another's organisation (NotFound)."""
    access.require(work.caller, "createUpload")
    organisation = await own_organisation(work, command.organisation_id)
    open_now = await upload_rows.count_open(work.connection, work.tenant_id, organisation.id)
    change = uploads.create_upload(
        command, organisation.id, open_now=open_now, id=work.new_id(UploadId), by=work.caller.actor_id, at=work.at
    )
    upload = change.after
    await work.keep(change)
    await start_duty(work, Duty.CONFIRM_UPLOAD, upload.id, upload.expires_at, party_id=work.caller.party_id)
    return Outcome({"upload": upload.id})


async def confirm_upload(work: Work, command: ConfirmUpload) -> Outcome:
    """The bytes are fixed, and accepted if they are what was declared. Refuses another organisation's (NotFound)."""
    access.require(work.caller, "confirmUpload")
    upload = await upload_rows.lock(work.connection, work.tenant_id, command.upload_id)
    uploads.require_own(upload, work.caller)
    work.expect(upload)
    confirmed = uploads.confirm_upload(upload, work.caller, at=work.at)
    await work.keep(confirmed.quarantined, confirmed.judged)
    await end_duties(work, upload.id)
    return Outcome({"upload": upload.id})


async def awaited_upload(work: Work, upload_id: UploadId) -> Upload:
    """The upload, whose bytes may come now. For whoever holds a good address. Refuses one that takes none."""
    upload = await upload_rows.get(work.connection, work.tenant_id, upload_id)
    if because := unmet(uploads.receivable(upload, work.at)):
        raise Refused("upload.receive", "This upload takes no bytes any more.", because)
    return upload


async def receive_upload(work: Work, command: ReceiveUpload) -> Outcome:
    """The bytes that are stored now are the upload's. Refuses an upload that took none any more when they were here."""
    upload = await upload_rows.lock(work.connection, work.tenant_id, command.upload_id)
    change = uploads.receive_upload(upload, command.found_type, at=work.at)
    if change is not None:
        await work.keep(change)
    return Outcome({"upload": upload.id})


async def read_upload(work: Work, upload_id: UploadId) -> Upload:
    """The accepted upload, which whoever holds a good address is about to read. Refuses with NotFound any other.

    That personal data is read is written down.
    """
    upload = await upload_rows.get(work.connection, work.tenant_id, upload_id)
    if upload.state is not UploadState.ACCEPTED:
        raise NotFound("There is no such file.")
    if KINDS[upload.kind].personal:
        await audit.append(
            work.connection,
            work.tenant_id,
            id=work.new_id(AuditId),
            at=work.at,
            actor_id=work.caller.actor_id,
            action=READ_UPLOAD,
            object_id=upload.id,
            request_id=work.request_id,
        )
    return upload


async def fire_confirm_upload(work: Work, clock: Clock) -> None:
    """Nobody confirmed the upload in time: it has lapsed."""
    upload = await upload_rows.lock(work.connection, work.tenant_id, UploadId(clock.subject_id))
    lapsed = uploads.lapse_upload(upload, at=work.at)
    if lapsed is not None:
        await work.keep(lapsed)


async def erase_uploads(work: Work, files: Files) -> int:
    """The bytes of uploads that failed a while ago are deleted; how many uploads that were.

    The bytes go first: if this is cut short, they are asked to go again.
    """
    failed = await upload_rows.by_failure(work.connection, work.tenant_id, work.at, ERASED_PER_VISIT)
    for upload in failed:
        await files.delete(work.tenant_id, upload.id)
        await work.keep(uploads.erase_upload(upload, at=work.at))
    return len(failed)
