"""Trusted documents on the read path: hash to text, remembered per process."""

from typing import Final

from domain.documents import is_hash
from storage import documents
from storage.pool import Pool

REMEMBERED_MAX: Final = 2_000
"""Texts remembered at once; beyond it the longest known is forgotten."""


class TrustedDocuments:
    """What each tenant has published. A published document never changes, so what is remembered stays true."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._texts: dict[tuple[str, str], str] = {}

    async def text(self, tenant_id: str, hash_: str) -> str | None:
        """The text of the tenant's document of that hash, or None if it published none (yet)."""
        known = self._texts.get((tenant_id, hash_))
        if known is not None or not is_hash(hash_):
            return known
        async with self._pool.acquire(tenant_id) as connection:
            found = await documents.text_of(connection, tenant_id, hash_)
        if found is not None:
            self._texts[tenant_id, hash_] = found
            if len(self._texts) > REMEMBERED_MAX:
                del self._texts[next(iter(self._texts))]
        return found
