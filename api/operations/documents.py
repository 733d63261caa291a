"""Trusted documents: published once, known for ever."""

from domain import access, documents
from domain.documents import PublishDocument
from domain.ids import DocumentId
from storage import documents as document_rows
from storage.unit_of_work import Outcome, Work


async def publish_document(work: Work, command: PublishDocument) -> Outcome:
    """The tenant's frontends may send the document by its hash. One that is published already stays as it is."""
    access.require(work.caller, "publishDocument")
    known = await document_rows.find_by_hash(work.connection, work.tenant_id, documents.hash_of(command.text))
    if known is not None:
        return Outcome({"document": known.id})
    change = documents.publish_document(command, id=work.new_id(DocumentId), at=work.at)
    await work.keep(change)
    return Outcome({"document": change.after.id})
