"""Trusted documents in GraphQL: published by whoever ships a frontend, sent by hash afterwards."""

from datetime import datetime

import strawberry

from api.operations import documents
from api.schema.connection import Connection, listing
from api.schema.errors import UserError
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, ByAge
from domain.documents import PublishDocument


@strawberry.type(description="A GraphQL document that frontends may send by its hash, as `documentId`.")
class TrustedDocument(Node):
    """`domain.documents.TrustedDocument`."""

    hash: str = strawberry.field(description="What to send as `documentId`: `sha256:` and 64 hexadecimal digits.")
    text: str = strawberry.field(description="The document.")
    registered_at: datetime = strawberry.field(description="When it was published.")
    version: int = strawberry.field(description="Always 1: a document never changes.")


@strawberry.input(description="A document to be published.")
class PublishDocumentInput:
    """→ `domain.documents.PublishDocument`."""

    text: str = strawberry.field(description="The document exactly as frontends hash it, to the byte.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> PublishDocument:
        """The command. Refuses with Invalid what is empty or too long."""
        return PublishDocument(self.text)


@strawberry.type(description="The document after the change, or why nothing changed.")
class PublishDocumentPayload:
    """What `publishDocument` answers."""

    document: TrustedDocument | None = strawberry.field(
        description="The document; null when nothing changed or hidden from you."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class DocumentQueries:
    """Reading trusted documents."""

    trusted_documents: Connection[TrustedDocument] = listing(
        "The documents that frontends may send by hash. For the operator's people.", order=ByAge
    )


@strawberry.type
class DocumentMutations:
    """What can be done with trusted documents."""

    publish_document: PublishDocumentPayload = mutation(
        documents.publish_document,
        PublishDocumentInput,
        keyed=False,
        description="Publish a document, so that frontends may send it by its hash. Doing it again changes nothing.",
    )
