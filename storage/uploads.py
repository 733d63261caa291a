"""Uploads: row to dataclass, and those whose bytes shall go. The bytes themselves lie in `storage/files.py`."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from domain.ids import OrganisationId, TenantId, UploadId
from domain.uploads import DELETE_AFTER, FAILED, OPEN, Upload, UploadState
from storage.pool import Connection
from storage.tables import Table

UPLOADS: Final = Table("uploads", Upload, personal=frozenset({"file_name"}))

_OPEN: Final = f"t.state IN ({', '.join(repr(state.value) for state in sorted(OPEN))})"
_FAILED: Final = f"t.state IN ({', '.join(repr(state.value) for state in sorted(FAILED))})"


async def get(connection: Connection, tenant_id: TenantId, id: UploadId) -> Upload:
    """The upload. Refuses with NotFound."""
    return await UPLOADS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: UploadId) -> Upload:
    """The upload, this transaction's until its end. Refuses with NotFound."""
    return await UPLOADS.lock(connection, tenant_id, id)


async def count_open(connection: Connection, tenant_id: TenantId, organisation_id: OrganisationId) -> int:
    """How many uploads of the organisation are announced and not confirmed. Others that announce one wait."""
    await connection.fetchval(
        "SELECT pg_advisory_xact_lock(hashtextextended('uploads:' || $1 || $2, 0))", tenant_id, organisation_id
    )
    found: int = await connection.fetchval(
        f"SELECT count(*) FROM uploads t WHERE t.tenant_id = $1 AND t.organisation_id = $2 AND {_OPEN}",
        tenant_id,
        organisation_id,
    )
    return found


async def stored(connection: Connection, tenant_id: TenantId, ids: Collection[UploadId]) -> frozenset[UploadId]:
    """Those of the uploads whose content was looked at and can be used."""
    if not ids:
        return frozenset()
    where = "t.id = ANY ($2::text[]) AND t.state = $3"
    found = await UPLOADS.select(connection, tenant_id, where, list(ids), UploadState.ACCEPTED)
    return frozenset(upload.id for upload in found)


async def by_failure(connection: Connection, tenant_id: TenantId, at: datetime, limit: int) -> list[Upload]:
    """Uploads that failed long enough ago for their bytes to be deleted, and were not erased; locked."""
    where = f"{_FAILED} AND t.erased_at IS NULL AND t.ended_at <= $2 ORDER BY t.ended_at, t.id LIMIT {limit}"
    return await UPLOADS.select(connection, tenant_id, where, at - DELETE_AFTER, lock=True)
