"""Organisations, their people and their keys: staff see all, a party its own organisation, nobody else anything."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from domain.access import Caller, ViewerKind
from domain.ids import InvitationId
from domain.members import INVITED
from storage import personal
from storage.views.view import Computed, Filter, Listing, Many, One, Point, Root, Row, Sort, Value, View, columns


def own(column: str) -> dict[ViewerKind, str]:
    """The predicate per kind of viewer: the row's organisation, in that column, is the viewer's own."""
    of = {
        ViewerKind.BUYER: "buyers",
        ViewerKind.SUPPLIER: "suppliers",
        ViewerKind.ENTITLED_SUPPLIER: "suppliers",
        ViewerKind.PROVIDER: "providers",
    }
    return {
        ViewerKind.STAFF: "true",
        **{
            kind: f"EXISTS (SELECT FROM {table} mine WHERE mine.tenant_id = {{t}}.tenant_id AND mine.id = {{party}} "
            f"AND mine.organisation_id = {{t}}.{column})"
            for kind, table in of.items()
        },
    }


BY_ID: Final = {
    "OLDEST_FIRST": Sort((("{t}.id", False),)),
    "NEWEST_FIRST": Sort((("{t}.id", True),)),
}
"""Ids sort by the instant they were minted."""


async def emails(
    connection: Any, rows: Sequence[Row], viewer: Caller, at: datetime, _arguments: Mapping[str, Any]
) -> list[str | None]:
    """The addresses invited, null once erased. That each was read is written down."""
    ids = [InvitationId(row["id"]) for row in rows]
    found = await personal.reveal(connection, viewer, ids, INVITED, action="readEmail", at=at)
    return [found[row["id"]]["email"] if row["id"] in found else None for row in rows]


ORGANISATION: Final = View(
    type="Organisation",
    table="organisations",
    visible=own("id"),
    fields={
        **columns("id", "name", "createdAt", "version"),
        "kind": Value("upper({t}.kind)"),
        "party": One(
            "Party",
            "coalesce("
            + ", ".join(
                f"(SELECT p.id FROM {table} p WHERE p.tenant_id = {{t}}.tenant_id AND p.organisation_id = {{t}}.id)"
                for table in ("buyers", "suppliers", "providers")
            )
            + ")",
        ),
        "members": Many("Member", "organisation_id", "OLDEST_FIRST"),
        "invitations": Many("Invitation", "organisation_id", "NEWEST_FIRST"),
        "apiKeys": Many("ApiKey", "organisation_id", "NEWEST_FIRST"),
    },
    sorts=BY_ID,
    filters={"kind": Filter("{t}.kind = lower({v})")},
)

MEMBER: Final = View(
    type="Member",
    table="members",
    visible=own("organisation_id"),
    fields={
        **columns("id", "roles", "joinedAt", "removedAt", "version"),
        "organisation": One("Organisation", "{t}.organisation_id"),
    },
    sorts=BY_ID,
    filters={"present": Filter("({t}.removed_at IS NULL) = {v}", "boolean")},
)

INVITATION: Final = View(
    type="Invitation",
    table="invitations",
    visible=own("organisation_id"),
    fields={
        **columns("id", "roles", "state", "createdAt", "expiresAt", "endedAt", "version"),
        "organisation": One("Organisation", "{t}.organisation_id"),
        "member": One("Member", "{t}.member_id"),
        "email": Computed(emails),
    },
    sorts=BY_ID,
    filters={"states": Filter("{t}.state = ANY({v})", "text[]")},
)

API_KEY: Final = View(
    type="ApiKey",
    table="api_keys",
    visible=own("organisation_id"),
    fields={
        **columns(
            "id",
            "label",
            "roles",
            "scopes",
            "frontend",
            "createdAt",
            "expiresAt",
            "revokedAt",
            "lastUsedAt",
            "version",
        ),
        "organisation": One("Organisation", "{t}.organisation_id"),
        "replacedBy": One("ApiKey", "{t}.replaced_by"),
    },
    sorts=BY_ID,
    filters={"revoked": Filter("({t}.revoked_at IS NOT NULL) = {v}", "boolean")},
)

VIEWS: Final = (ORGANISATION, MEMBER, INVITATION, API_KEY)
ROOTS: Final[dict[str, Root]] = {
    "organisation": Point("Organisation"),
    "organisations": Listing("Organisation", "OLDEST_FIRST"),
    "member": Point("Member"),
    "invitation": Point("Invitation"),
    "apiKey": Point("ApiKey"),
    "apiKeys": Listing("ApiKey", "NEWEST_FIRST"),
}
