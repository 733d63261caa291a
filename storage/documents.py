"""Trusted documents: row to dataclass, and the text behind a hash."""

from typing import Final

from domain.documents import TrustedDocument
from domain.ids import TenantId
from storage.pool import Connection
from storage.tables import Table, Twin

DOCUMENTS: Final = Table(
    "documents",
    TrustedDocument,
    conflicts={"documents_tenant_id_hash_key": Twin("The same document was published just now; it is known.", "text")},
)


async def find_by_hash(connection: Connection, tenant_id: TenantId, hash_: str) -> TrustedDocument | None:
    """The document of that hash, or None."""
    found = await DOCUMENTS.select(connection, tenant_id, "t.hash = $2", hash_)
    return found[0] if found else None


async def text_of(connection: Connection, tenant_id: str, hash_: str) -> str | None:
    """The text of the document of that hash, or None."""
    text: str | None = await connection.fetchval(
        "SELECT text FROM documents WHERE tenant_id = $1 AND hash = $2", tenant_id, hash_
    )
    return text
