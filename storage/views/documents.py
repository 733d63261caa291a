"""Trusted documents: staff see them all, nobody else any."""

from typing import Final

from domain.access import ViewerKind
from domain.ids import DocumentId
from storage.views.view import Listing, Root, Sort, View, columns

DOCUMENT: Final = View(
    type="TrustedDocument",
    ids=DocumentId,
    table="documents",
    visible={ViewerKind.STAFF: "true"},
    fields=columns("id", "hash", "text", "registeredAt", "version"),
    sorts={
        "OLDEST_FIRST": Sort((("{t}.registered_at", False),)),
        "NEWEST_FIRST": Sort((("{t}.registered_at", True),)),
    },
)

VIEWS: Final = (DOCUMENT,)
ROOTS: Final[dict[str, Root]] = {"trustedDocuments": Listing("TrustedDocument", "NEWEST_FIRST")}
