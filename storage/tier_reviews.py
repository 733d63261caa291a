"""Tier reviews and their evidence: rows to dataclasses, and the ways they are found."""

from typing import Final

from domain.ids import BuyerId, TenantId, TierReviewId
from domain.tier_reviews import OPEN, TierEvidence, TierReview
from storage.pool import Connection
from storage.tables import Children, Table, Twin

TIER_EVIDENCE: Final = Table("tier_evidence", TierEvidence, personal=frozenset({"statement"}))
TIER_REVIEWS: Final = Table(
    "tier_reviews",
    TierReview,
    children={"items": Children(TIER_EVIDENCE, by="review_id", order="id")},
    conflicts={"tier_reviews_one_open": Twin("The buyer has an open review already; add to that one.", "buyerId")},
)


async def lock(connection: Connection, tenant_id: TenantId, id: TierReviewId) -> TierReview:
    """The review with its evidence, this transaction's until its end. Refuses with NotFound. Lock its buyer first."""
    return await TIER_REVIEWS.lock(connection, tenant_id, id)


async def get(connection: Connection, tenant_id: TenantId, id: TierReviewId) -> TierReview:
    """The review with its evidence. Refuses with NotFound."""
    return await TIER_REVIEWS.get(connection, tenant_id, id)


async def lock_open(connection: Connection, tenant_id: TenantId, buyer_id: BuyerId) -> TierReview | None:
    """The buyer's open review, this transaction's until its end; None if it has none."""
    where = "t.buyer_id = $2 AND t.state = ANY ($3::text[])"
    found = await TIER_REVIEWS.select(connection, tenant_id, where, buyer_id, sorted(OPEN), lock=True)
    return found[0] if found else None
