"""Certificates and their appendices: for whoever sees the cover they belong to, and the key they are signed with."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain import certificates
from domain.access import Caller, ViewerKind
from domain.ids import AppendixId, CertificateId
from storage import certificates as certificate_rows
from storage.certificates import CERTIFICATES, SigningKey
from storage.views import coverage
from storage.views.view import Answer, Computed, Many, One, Point, Root, Row, Sort, View, columns

_THROUGH_COVER: Final = (
    "EXISTS (SELECT FROM coverages v WHERE v.tenant_id = {t}.tenant_id AND v.id = {t}.coverage_id AND %s)"
)
_THROUGH_CERTIFICATE: Final = (
    "EXISTS (SELECT FROM certificates y WHERE y.tenant_id = {t}.tenant_id AND y.id = {t}.certificate_id AND %s)"
)
VISIBLE: Final = {
    kind: predicate if kind is ViewerKind.STAFF else _THROUGH_COVER % predicate.replace("{t}", "v")
    for kind, predicate in coverage.VISIBLE.items()
}


async def files(
    connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[str]:
    """Each certificate with all its appendices, as the file that people keep."""
    ids = [CertificateId(row["id"]) for row in rows]
    found = await certificate_rows.appendices_of(connection, viewer.tenant_id, ids)
    return [certificates.file_of(CERTIFICATES.decode(row), found[CertificateId(row["id"])]) for row in rows]


async def signing_key(
    _connection: Any, _rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[SigningKey]:
    """The key that certificates are signed with now."""
    return [certificate_rows.signing_key()]


CERTIFICATE: Final = View(
    type="Certificate",
    table="certificates",
    visible=VISIBLE,
    fields={
        **columns("id", "document", "hash", "signature", "keyId", "publicKey", "madeAt"),
        "coverage": One("Coverage", "{t}.coverage_id"),
        "appendices": Many("Appendix", "certificate_id", "OLDEST_FIRST"),
        "file": Computed(files, needs=CERTIFICATES.names),
    },
)

APPENDIX: Final = View(
    type="Appendix",
    ids=AppendixId,
    table="certificate_appendices",
    visible={
        kind: predicate if kind is ViewerKind.STAFF else _THROUGH_CERTIFICATE % predicate.replace("{t}", "y")
        for kind, predicate in VISIBLE.items()
    },
    fields=columns(
        "id", "sequence", "kind", "previousHash", "document", "hash", "signature", "keyId", "publicKey", "at"
    ),
    sorts={"OLDEST_FIRST": Sort((("{t}.sequence", False),))},
)

VIEWS: Final = (CERTIFICATE, APPENDIX)
ROOTS: Final[dict[str, Root]] = {"certificate": Point("Certificate"), "signingKey": Answer(signing_key)}
