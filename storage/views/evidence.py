"""Evidence in claims: the parties of the claim and staff see it, files with it; nobody else sees any.

A file is read at an address that is signed for the one who asks, at the moment of asking; that it was read is written
down where it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import evidence, uploads
from domain.access import Caller, ViewerKind
from domain.ids import EvidenceFileId, EvidenceId, OrderLineId, UploadId
from domain.money import Money
from domain.moves import Move
from domain.uploads import Use
from storage import evidence as evidence_rows
from storage import files as stored
from storage.evidence import EVIDENCE
from storage.uploads import UPLOADS
from storage.views import claims
from storage.views.actions import actions_with
from storage.views.uploads import SignedAddress
from storage.views.view import Computed, Many, One, Point, Root, Row, Sort, Value, View, columns


def _through(table: str, by: str) -> dict[ViewerKind, str]:
    """Whoever sees the row of that table."""
    return {
        kind: predicate
        if kind is ViewerKind.STAFF
        else (
            f"EXISTS (SELECT FROM {table} p WHERE p.tenant_id = {{t}}.tenant_id AND p.id = {{t}}.{by} "
            f"AND {predicate.replace('{t}', 'p')})"
        )
        for kind, predicate in claims.VISIBLE.items()
    }


async def readable(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[SignedAddress | None]:
    """Where each file is read."""
    return await addresses(connection, [row["upload_id"] for row in rows], viewer, at)


async def addresses(
    connection: Any, ids: Sequence[str | None], viewer: Caller, at: datetime
) -> list[SignedAddress | None]:
    """Where each upload is read by the viewer, who was let see what it belongs to; None where there is none."""
    wanted = [UploadId(id) for id in ids if id is not None]
    found = await UPLOADS.select(connection, viewer.tenant_id, "t.id = ANY ($2::text[])", wanted) if wanted else []
    by_id: dict[str | None, SignedAddress] = {}
    for upload in found:
        address = uploads.address(upload, viewer.tenant_id, viewer, at=at)
        if address is not None and address.use is Use.READ and (url := stored.url(address)) is not None:
            by_id[upload.id] = SignedAddress(url, address.use.value, address.expires_at)
    return [by_id.get(id) for id in ids]


async def _moves(connection: Any, rows: Sequence[Row], viewer: Caller, _at: datetime) -> Sequence[tuple[Move, ...]]:
    marked = await evidence_rows.marked(connection, viewer.tenant_id, [EvidenceId(row["id"]) for row in rows])
    return [evidence.moves(EVIDENCE.decode(row), viewer, forged=row["id"] in marked) for row in rows]


@dataclass(frozen=True, slots=True)
class EvidenceLoss:
    """A loss that a piece puts a number to."""

    line: OrderLineId
    amount: Money


async def losses(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, _at: datetime, _arguments: Mapping[str, Any]
) -> list[list[EvidenceLoss]]:
    """What each piece shows of losses."""
    found = (EVIDENCE.decode(row) for row in rows)
    return [[EvidenceLoss(loss.line_id, loss.amount) for loss in piece.shows] for piece in found]


EVIDENCE_VIEW: Final = View(
    type="Evidence",
    table="evidence",
    visible=claims.VISIBLE,
    fields={
        **columns("id", "side", "kind", "note", "submittedAt"),
        "claim": One("Claim", "{t}.claim_id"),
        "losses": Computed(losses, needs=EVIDENCE.names),
        "files": Many("EvidenceFile", "evidence_id", "BY_POSITION"),
        "mark": One(
            "EvidenceMark",
            "(SELECT m.id FROM evidence_marks m WHERE m.tenant_id = {t}.tenant_id AND m.evidence_id = {t}.id)",
        ),
        **actions_with(EVIDENCE, _moves),
    },
    sorts={"OLDEST_FIRST": Sort((("{t}.id", False),)), "NEWEST_FIRST": Sort((("{t}.id", True),))},
)

EVIDENCE_FILE: Final = View(
    type="EvidenceFile",
    ids=EvidenceFileId,
    table="evidence_files",
    visible=_through("evidence", "evidence_id"),
    fields={
        **columns("id", "position", "sha256"),
        "evidence": One("Evidence", "{t}.evidence_id"),
        "contentType": Value(
            "(SELECT u.file_type FROM uploads u WHERE u.tenant_id = {t}.tenant_id AND u.id = {t}.upload_id)"
        ),
        "size": Value(
            "(SELECT u.size_bytes FROM uploads u WHERE u.tenant_id = {t}.tenant_id AND u.id = {t}.upload_id)"
        ),
        "readFrom": Computed(readable, needs=("upload_id",)),
    },
    sorts={"BY_POSITION": Sort((("{t}.position", False),))},
)

EVIDENCE_MARK: Final = View(
    type="EvidenceMark",
    table="evidence_marks",
    visible=_through("evidence", "evidence_id"),
    fields={
        **columns("id", "finding", "note", "at"),
        "evidence": One("Evidence", "{t}.evidence_id"),
        "decision": One("Decision", "{t}.decision_id"),
    },
)

EVIDENCE_REQUEST: Final = View(
    type="EvidenceRequest",
    table="evidence_requests",
    visible=_through("claims", "claim_id"),
    fields={
        **columns("id", "side", "kinds", "state", "note", "askedAt", "dueAt", "endedAt", "version"),
        "claim": One("Claim", "{t}.claim_id"),
    },
    sorts={"OLDEST_FIRST": Sort((("{t}.id", False),))},
)

VIEWS: Final = (EVIDENCE_VIEW, EVIDENCE_FILE, EVIDENCE_MARK, EVIDENCE_REQUEST)
ROOTS: Final[dict[str, Root]] = {"evidence": Point("Evidence")}
