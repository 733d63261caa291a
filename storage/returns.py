"""Returns with their lines: rows to dataclasses, and the ways they are found."""

from collections.abc import Collection
from typing import Any, Final

import orjson

from domain import terms
from domain.ids import ClaimId, GoodsReturnId, OrderLineId, ServicePointId, TenantId
from domain.liability import Bearer, Shares
from domain.remedies import Award, RemedyKind
from domain.returns import GoodsReturn, ReturnLine
from domain.service_points import FINDABLE
from storage.pool import Connection
from storage.tables import Children, Codec, Table, Twin


def _written_awards(awards: Collection[Award]) -> list[dict[str, Any]]:
    return [{"kind": award.kind.value, "amount": str(award.amount), "line": award.line_id} for award in awards]


def _read_awards(value: Any) -> tuple[Award, ...]:
    members = orjson.loads(value) if isinstance(value, str) else value
    return tuple(
        Award(
            RemedyKind(each["kind"]),
            terms.money(each["amount"]),
            None if each["line"] is None else OrderLineId(each["line"]),
        )
        for each in members
    )


def _written_shares(shares: Shares) -> dict[str, int]:
    return {share.bearer.value: share.basis_points for share in shares}


def _read_shares(value: Any) -> Shares:
    members = orjson.loads(value) if isinstance(value, str) else value
    return Shares.of({Bearer(bearer): basis_points for bearer, basis_points in members.items()})


RETURN_LINES: Final = Table("return_lines", ReturnLine)
GOODS_RETURNS: Final = Table(
    "goods_returns",
    GoodsReturn,
    children={"lines": Children(RETURN_LINES, by="return_id", order="position")},
    codecs={
        "awards": Codec(_written_awards, _read_awards, "jsonb"),
        "shares": Codec(_written_shares, _read_shares, "jsonb"),
    },
    conflicts={"goods_returns_one_open": Twin("Goods of this claim are on their way back already.", "claimId")},
)


async def get(connection: Connection, tenant_id: TenantId, id: GoodsReturnId) -> GoodsReturn:
    """The return. Refuses with NotFound."""
    return await GOODS_RETURNS.get(connection, tenant_id, id)


async def lock(connection: Connection, tenant_id: TenantId, id: GoodsReturnId) -> GoodsReturn:
    """The return, this transaction's until its end. Refuses with NotFound. Lock its order and its claim first."""
    return await GOODS_RETURNS.lock(connection, tenant_id, id)


async def by_claim(connection: Connection, tenant_id: TenantId, claim_id: ClaimId) -> list[GoodsReturn]:
    """The claim's returns, oldest first; the last one is the one that counts. The claim's lock covers them."""
    return await GOODS_RETURNS.select(connection, tenant_id, "t.claim_id = $2 ORDER BY t.authorised_at, t.id", claim_id)


async def find_place(
    connection: Connection, tenant_id: TenantId, country: str, party_id: str, order_id: str
) -> ServicePointId | None:
    """A place in that country that takes goods in: of the liable party, else of whoever carried goods of the order."""
    found = await connection.fetchval(_PLACE, tenant_id, country, party_id, order_id, sorted(FINDABLE))
    return None if found is None else ServicePointId(found)


_PLACE: Final = (
    "SELECT p.id FROM service_points p WHERE p.tenant_id = $1 AND p.country = $2 AND p.state = ANY ($5::text[]) "
    "AND 'WAREHOUSING' = ANY (p.services) AND (p.provider_id = $3 OR EXISTS (SELECT FROM shipments s "
    "WHERE s.tenant_id = $1 AND s.order_id = $4 AND s.provider_id = p.provider_id)) "
    "ORDER BY p.provider_id = $3 DESC, p.id LIMIT 1"
)


async def by_parcels(connection: Connection, tenant_id: TenantId, parcels: Collection[str]) -> list[GoodsReturn]:
    """The returns that travel so, oldest first. Nothing is locked."""
    where = "t.parcel = ANY ($2::text[]) ORDER BY t.order_id, t.id"
    return await GOODS_RETURNS.select(connection, tenant_id, where, list(parcels))
