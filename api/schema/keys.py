"""API keys in GraphQL: how machines say who they are."""

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from api.operations import keys
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge, Organisation
from domain.access import Role, Scope
from domain.ids import ApiKeyId, OrganisationId
from domain.keys import OVERLAP, IssueApiKey, RevokeApiKey, RotateApiKey

described(Scope)


@strawberry.input(description="Which keys. What is left out does not matter.")
class ApiKeyFilter:
    """The filters of `storage/views/organisations.py`."""

    revoked: bool | None = strawberry.field(default=None, description="Revoked ones, or all others.")


@strawberry.type(description="A machine's key for one organisation. The secret itself is kept nowhere.")
class ApiKey(Node):
    """`domain.keys.ApiKey`."""

    organisation: Organisation | None = strawberry.field(description="For whom it acts.")
    label: str = strawberry.field(description="What its people call it.")
    roles: list[Role] = strawberry.field(description="What it may be.")
    scopes: list[Scope] = strawberry.field(description="What it is good for.")
    frontend: bool = strawberry.field(
        description="Whether a browser or an app holds it: the marketplace may require trusted documents of those."
    )
    created_at: datetime = strawberry.field(description="When it was issued, by the real clock.")
    expires_at: datetime | None = strawberry.field(
        description="Its last instant, by the real clock also in a sandbox; null for a key without end."
    )
    revoked_at: datetime | None = strawberry.field(description="When it was revoked.")
    replaced_by: Annotated["ApiKey", strawberry.lazy("api.schema.keys")] | None = strawberry.field(
        description="The key that took over when it was rotated."
    )
    last_used_at: datetime | None = strawberry.field(description="When it was last used, to about a minute.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A key to be issued.")
class IssueApiKeyInput:
    """→ `domain.keys.IssueApiKey`."""

    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="For whom it shall act; your own organisation when left out."
    )
    label: str = strawberry.field(description="What its people call it, at most 200 characters.")
    roles: list[Role] = strawberry.field(description="What it may be; the roles must fit the organisation's kind.")
    scopes: list[Scope] = strawberry.field(description="What it is good for; never more than you are yourself.")
    frontend: bool = strawberry.field(default=False, description="Whether a browser or an app will hold it.")
    expires_at: datetime | None = strawberry.field(
        default=None, description="Its last instant, by the real clock; none when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> IssueApiKey:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = IssueApiKey(
            organisation_id=read.optional_id(OrganisationId, self.organisation_id, "organisationId"),
            label=read.name(self.label, "label"),
            roles=tuple(self.roles),
            scopes=tuple(self.scopes),
            frontend=self.frontend,
            expires_at=self.expires_at,
        )
        read.done()
        return command


@strawberry.input(description="A key to be replaced by a new one.")
class RotateApiKeyInput:
    """→ `domain.keys.RotateApiKey`."""

    key_id: strawberry.ID = strawberry.field(description="The key.")
    overlap: timedelta | None = strawberry.field(
        default=None, description="How long the old one lives on; a day when left out, and never beyond its own end."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RotateApiKey:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        overlap = OVERLAP if self.overlap is None else self.overlap
        command = RotateApiKey(read.id(ApiKeyId, self.key_id, "keyId"), overlap)
        read.done()
        return command


@strawberry.input(description="A key to be revoked.")
class RevokeApiKeyInput:
    """→ `domain.keys.RevokeApiKey`."""

    key_id: strawberry.ID = strawberry.field(description="The key.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> RevokeApiKey:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        command = RevokeApiKey(read.id(ApiKeyId, self.key_id, "keyId"))
        read.done()
        return command


@strawberry.type(description="The key, or why nothing changed.")
class ApiKeyPayload:
    """What issuing and revoking answer."""

    api_key: ApiKey | None = strawberry.field(description="The key; null when nothing changed.")
    secret: str | None = strawberry.field(
        description="The whole key as its holder sends it: `mg_live_…`. Shown this once, kept nowhere; null otherwise."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type(description="The new key and the old one, or why nothing changed.")
class RotateApiKeyPayload:
    """What `rotateApiKey` answers."""

    api_key: ApiKey | None = strawberry.field(description="The new key; null when nothing changed.")
    retired: ApiKey | None = strawberry.field(description="The old key, with its end.")
    secret: str | None = strawberry.field(
        description="The whole new key as its holder sends it. Shown this once, kept nowhere; null otherwise."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class ApiKeyQueries:
    """Reading keys."""

    api_key: ApiKey | None = point("The key of that id; null when there is none for the viewer.", of="key")
    api_keys: Connection[ApiKey] = listing(
        "The keys the viewer may see: a party its own, staff all.", filter=ApiKeyFilter, order=ByAge
    )


@strawberry.type
class ApiKeyMutations:
    """What can be done with keys."""

    issue_api_key: ApiKeyPayload = mutation(
        keys.issue_api_key,
        IssueApiKeyInput,
        keyed=False,
        description="An organisation has one more key. Its secret is shown once.",
    )
    rotate_api_key: RotateApiKeyPayload = mutation(
        keys.rotate_api_key,
        RotateApiKeyInput,
        keyed=False,
        description="A new key with the same rights stands beside the old one, which ends after the overlap.",
    )
    revoke_api_key: ApiKeyPayload = mutation(
        keys.revoke_api_key, RevokeApiKeyInput, keyed=False, description="A key opens nothing any more, within seconds."
    )
