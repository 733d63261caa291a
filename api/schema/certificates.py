"""Certificates in GraphQL: what a payment promised, signed, and the chain of what happened since."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema.connection import Connection, connection, point
from api.schema.enums import described
from api.schema.node import Node
from domain.certificates import AppendixKind

if TYPE_CHECKING:
    from api.schema.coverage import Coverage

described(AppendixKind)

_HASH = "The SHA-256 of the document in UTF-8, in hexadecimal."
_SIGNATURE = "The Ed25519 signature of the hash's 32 bytes, in base64."
_KEY_ID = "The id of the key that signed: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."
_PUBLIC_KEY = "The public key that verifies the signature, in base64. Compare it with `signingKey`."


@strawberry.type(description="What happened after a certificate was made; it names the hash of the text before it.")
class Appendix(Node):
    """`domain.certificates.Appendix`."""

    sequence: int = strawberry.field(description="Its place in the chain, from 1.")
    kind: AppendixKind = strawberry.field(description="What it tells.")
    previous_hash: str = strawberry.field(description="The hash of the text before it.")
    document: str = strawberry.field(description="What happened, as canonical JSON, exactly as it was signed.")
    hash: str = strawberry.field(description=_HASH)
    signature: str = strawberry.field(description=_SIGNATURE)
    key_id: str = strawberry.field(description=_KEY_ID)
    public_key: str = strawberry.field(description=_PUBLIC_KEY)
    at: datetime = strawberry.field(description="When it was appended.")


@strawberry.type(
    description="The promise of a cover as frozen at payment: price, service levels, caps, exclusions and the rule's "
    "version in one signed document. It never changes; what happens later is appended."
)
class Certificate(Node):
    """`domain.certificates.Certificate`."""

    coverage: Annotated["Coverage", strawberry.lazy("api.schema.coverage")] | None = strawberry.field(
        description="The cover that it certifies."
    )
    document: str = strawberry.field(description="The document as canonical JSON, exactly as it was signed.")
    hash: str = strawberry.field(description=_HASH)
    signature: str = strawberry.field(description=_SIGNATURE)
    key_id: str = strawberry.field(description=_KEY_ID)
    public_key: str = strawberry.field(description=_PUBLIC_KEY)
    made_at: datetime = strawberry.field(description="When it was made: at payment.")
    appendices: Connection[Appendix] = connection("What happened since, oldest first.")
    file: str = strawberry.field(
        description="The whole certificate with all appendices as the text of a file; save it and verify it anywhere "
        "with `./run coverage verify FILE`."
    )


@strawberry.type(description="The key that certificates are signed with.")
class SigningKey:
    """`storage.certificates.SigningKey`."""

    id: str = strawberry.field(description=_KEY_ID)
    algorithm: str = strawberry.field(description="How it signs: Ed25519.")
    public_key: str = strawberry.field(description="Its 32 bytes in base64.")


@strawberry.type
class CertificateQueries:
    """Reading certificates."""

    certificate: Certificate | None = point(
        "The certificate of that id; null when there is none for the viewer.", of="certificate"
    )
    signing_key: SigningKey = strawberry.field(
        description="The key that certificates are signed with now; also at `/.well-known/jwks.json`."
    )
