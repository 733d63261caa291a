"""Certificates and their appendices: append-only rows, the ends of their chains, and who signs them.

A process signs with the key that `sign_with` made of the deployment's secret; whoever opens a process says so once.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from domain.certificates import ALGORITHM, Appendix, Certificate, Seal, Tail
from domain.ids import CertificateId, ClockHoldId, CoverageId, GuaranteeId, Id, OrderId, TenantId
from storage.pool import Connection
from storage.tables import Table

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CERTIFICATES: Final = Table("certificates", Certificate)
APPENDICES: Final = Table("certificate_appendices", Appendix)

_TAIL: Final = (
    "SELECT c.id, c.coverage_id, c.order_id, coalesce(a.sequence, 0) AS sequence, coalesce(a.hash, c.hash) AS hash "
    "FROM certificates c LEFT JOIN LATERAL (SELECT p.sequence, p.hash FROM certificate_appendices p "
    "WHERE p.tenant_id = c.tenant_id AND p.certificate_id = c.id ORDER BY p.sequence DESC LIMIT 1) a ON true "
    "WHERE c.tenant_id = $1 AND c.id = ANY($2::text[]) ORDER BY c.id"
)
_LOCK: Final = (
    "SELECT pg_advisory_xact_lock(hashtextextended('certificate:' || n.id, 0)) "
    "FROM (SELECT unnest($1::text[]) AS id ORDER BY 1) n"
)
_UNTOLD: Final = (
    "SELECT c.id FROM coverages v JOIN certificates c ON c.tenant_id = v.tenant_id AND c.coverage_id = v.id "
    "WHERE v.tenant_id = $1 AND v.guarantee_id = $2 AND v.state IN ('PENDING', 'IN_FORCE', 'CLAIMED') "
    "AND NOT EXISTS (SELECT FROM certificate_appendices p WHERE p.tenant_id = c.tenant_id "
    "AND p.certificate_id = c.id AND p.kind = 'GUARANTEE_WITHDRAWN') LIMIT $3"
)

_OF_HOLD: Final = (
    "SELECT c.id FROM certificates c WHERE c.tenant_id = $1 AND c.coverage_id IN ("
    "SELECT x.subject_id FROM held_clocks x WHERE x.tenant_id = $1 AND x.hold_id = $2 UNION "
    "SELECT q.coverage_id FROM held_clocks x "
    "JOIN service_levels v ON v.tenant_id = x.tenant_id AND v.id = x.subject_id "
    "JOIN service_requests q ON q.tenant_id = v.tenant_id AND q.id = v.request_id "
    "WHERE x.tenant_id = $1 AND x.hold_id = $2) AND (NOT $3 OR EXISTS ({told} 'CLOCKS_HELD')) "
    "AND NOT EXISTS ({told} CASE WHEN $3 THEN 'CLOCKS_RELEASED' ELSE 'CLOCKS_HELD' END) LIMIT $4"
).replace(
    "{told}",
    "SELECT FROM certificate_appendices p WHERE p.tenant_id = $1 AND p.hold_id = $2 "
    "AND p.certificate_id = c.id AND p.kind =",
)


async def concerned(connection: Connection, tenant_id: TenantId, of: Collection[Id]) -> list[CertificateId]:
    """The certificates of those covers and orders, in the order of their ids."""
    rows = await connection.fetch(
        "SELECT id FROM certificates WHERE tenant_id = $1 AND coverage_id = ANY($2::text[]) "
        "UNION SELECT id FROM certificates WHERE tenant_id = $1 AND order_id = ANY($3::text[]) ORDER BY 1",
        tenant_id,
        [id for id in of if isinstance(id, CoverageId)],
        [id for id in of if isinstance(id, OrderId)],
    )
    return [CertificateId(row["id"]) for row in rows]


async def untold(connection: Connection, tenant_id: TenantId, id: GuaranteeId, *, limit: int) -> list[CertificateId]:
    """Certificates of covers of the guarantee that have not ended and do not tell of its withdrawal yet."""
    rows = await connection.fetch(_UNTOLD, tenant_id, id, limit)
    return sorted(CertificateId(row["id"]) for row in rows)


async def untold_of_hold(
    connection: Connection, tenant_id: TenantId, id: ClockHoldId, *, released: bool, limit: int
) -> list[CertificateId]:
    """Certificates of promises whose clocks the hold stopped that do not tell of it yet, or not of its end."""
    rows = await connection.fetch(_OF_HOLD, tenant_id, id, released, limit)
    return sorted(CertificateId(row["id"]) for row in rows)


async def lock_tails(connection: Connection, tenant_id: TenantId, ids: Collection[CertificateId]) -> list[Tail]:
    """The ends of the chains, which nobody else continues until this transaction's end."""
    if not ids:
        return []
    await connection.fetch(_LOCK, list(ids))
    return [
        Tail(
            CertificateId(row["id"]),
            CoverageId(row["coverage_id"]),
            OrderId(row["order_id"]),
            row["sequence"],
            row["hash"],
        )
        for row in await connection.fetch(_TAIL, tenant_id, list(ids))
    ]


async def appendices_of(
    connection: Connection, tenant_id: TenantId, ids: Collection[CertificateId]
) -> dict[CertificateId, list[Appendix]]:
    """The appendices of each of the certificates, in their order."""
    where = "t.certificate_id = ANY($2::text[]) ORDER BY t.certificate_id, t.sequence"
    found: dict[CertificateId, list[Appendix]] = {id: [] for id in ids}
    for appendix in await APPENDICES.select(connection, tenant_id, where, list(ids)):
        found[appendix.certificate_id].append(appendix)
    return found


# -- signing -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that certificates are signed with, as everybody may know it: `public_key` is the 32 bytes in base64."""

    id: str
    algorithm: str
    public_key: str


_SECRETS: Final[list[bytes]] = []


def sign_with(secret: bytes) -> None:
    """From now on this process signs certificates with the key of the deployment with that secret."""
    _SECRETS[:] = [secret]


def master() -> bytes:
    """The secret of this process's deployment, of which others are derived.

    Raises:
        RuntimeError: the process was not told its secret.
    """
    return _secret()


def sign(hash_: bytes) -> Seal:
    """The seal of this process's deployment under those bytes.

    Raises:
        RuntimeError: the process was not told its secret.
    """
    key, public = _keys(_secret())
    return Seal(base64.b64encode(key.sign(hash_)).decode(), public.id, public.public_key)


def signing_key() -> SigningKey:
    """The key that this process's deployment signs with now."""
    return _keys(_secret())[1]


def key_of(secret: bytes) -> SigningKey:
    """The key that a deployment with that secret signs with."""
    return _keys(secret)[1]


def holds(seal: Seal, hash_: bytes) -> bool:
    """Whether the seal was made for those bytes by the key that it names, and the key's id is its own."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see _keys
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        public, signature = _bytes_of(seal.public_key), _bytes_of(seal.signature)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, hash_)
    except (ValueError, InvalidSignature):
        return False
    return seal.key_id == _id_of(public)


def _bytes_of(text: str) -> bytes:
    """What the text spells in base64. Refuses with ValueError every spelling but the one that encoding gives."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        raise ValueError("not the one spelling of these bytes")
    return found


def _secret() -> bytes:
    if not _SECRETS:
        raise RuntimeError("this process was not told which key signs certificates")
    return _SECRETS[0]


@cache
def _keys(secret: bytes) -> "tuple[Ed25519PrivateKey, SigningKey]":
    """The key of that secret; remembered, for a process has one."""
    # Imported at the first signature: a process that records no payment saves the library's memory.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    seed = hmac.new(secret, b"makegood coverage certificates", hashlib.sha256).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    return key, SigningKey(_id_of(public), ALGORITHM, base64.b64encode(public).decode())


def _id_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def jwk(key: SigningKey) -> dict[str, Any]:
    """The key as JSON Web Key (RFC 8037)."""
    raw = base64.b64decode(key.public_key)
    x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return {"kty": "OKP", "crv": key.algorithm, "x": x, "kid": key.id, "use": "sig", "alg": "EdDSA"}
