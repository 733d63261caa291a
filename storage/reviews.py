"""Reviews: the desk's queue of applications."""

from collections.abc import Collection
from typing import Final

from domain.ids import ProviderId, ReviewId, TenantId
from domain.reviews import Review
from storage.pool import Connection
from storage.tables import Table, Twin

REVIEWS: Final = Table(
    "reviews", Review, conflicts={"reviews_one_live": Twin("The application is in review already.", "providerId")}
)


async def get(connection: Connection, tenant_id: TenantId, id: ReviewId) -> Review:
    """The review. Refuses with NotFound."""
    return await REVIEWS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: ReviewId) -> Review:
    """The review, this transaction's until its end. Refuses with NotFound. Lock its provider first."""
    return await REVIEWS.lock(connection, tenant_id, id)


async def live_by_providers(
    connection: Connection, tenant_id: TenantId, provider_ids: Collection[ProviderId]
) -> dict[ProviderId, Review]:
    """Provider -> its live review, for those that have one."""
    where = "t.provider_id = ANY ($2::text[]) AND t.state IN ('OPEN', 'WAITING')"
    found = await REVIEWS.select(connection, tenant_id, where, list(provider_ids))
    return {review.provider_id: review for review in found}
