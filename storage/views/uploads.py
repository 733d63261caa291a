"""Uploads: staff see all, an organisation its own, nobody else any.

Where their bytes are sent and read is signed for the one who asks, at the moment of asking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain import uploads
from domain.access import Caller
from domain.explain import Finding
from domain.uploads import Use
from storage import files
from storage.uploads import UPLOADS
from storage.views.actions import actions
from storage.views.organisations import BY_ID, own
from storage.views.view import Computed, Filter, Listing, Loader, One, Point, Root, Row, Value, View, columns


@dataclass(frozen=True, slots=True)
class SignedAddress:
    """An address as it is shown."""

    url: str
    method: str
    expires_at: datetime


def addresses(use: Use) -> Loader:
    """The loader of each upload's address for that use; None where it has none now."""

    async def load(
        _connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
    ) -> list[SignedAddress | None]:
        return [_shown(row, viewer, at) for row in rows]

    def _shown(row: Row, viewer: Caller, at: datetime) -> SignedAddress | None:
        address = uploads.address(UPLOADS.decode(row), viewer.tenant_id, viewer, at=at)
        url = files.url(address) if address is not None and address.use is use else None
        return None if address is None or url is None else SignedAddress(url, use.value, address.expires_at)

    return load


async def because(
    _connection: Any, rows: Sequence[Row], _viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[list[Finding]]:
    """Why each upload cannot be used."""
    return [list(uploads.because(UPLOADS.decode(row), at)) for row in rows]


UPLOAD: Final = View(
    type="Upload",
    table="uploads",
    visible=own("organisation_id"),
    fields={
        **columns("id", "kind", "fileName", "sha256", "state", "foundType", "requestedAt", "expiresAt", "receivedAt"),
        **columns("endedAt", "erasedAt", "version"),
        "size": Value("{t}.size_bytes"),
        "contentType": Value("{t}.file_type"),
        "organisation": One("Organisation", "{t}.organisation_id"),
        "because": Computed(because, needs=UPLOADS.names),
        "sendTo": Computed(addresses(Use.SEND), needs=UPLOADS.names),
        "readFrom": Computed(addresses(Use.READ), needs=UPLOADS.names),
        **actions(UPLOADS, uploads.moves),
    },
    sorts=BY_ID,
    filters={
        "states": Filter("{t}.state = ANY({v})", "text[]"),
        "kinds": Filter("{t}.kind = ANY({v})", "text[]"),
        "organisationId": Filter("{t}.organisation_id = {v}"),
    },
)

VIEWS: Final = (UPLOAD,)
ROOTS: Final[dict[str, Root]] = {
    "upload": Point("Upload"),
    "uploads": Listing("Upload", "NEWEST_FIRST"),
}
