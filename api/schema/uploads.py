"""Uploads in GraphQL: files are announced and confirmed here; their bytes travel by plain HTTP."""

from datetime import datetime

import strawberry

from api.operations import uploads
from api.schema import modes as _modes  # noqa: F401 - describes the shared enums
from api.schema.connection import Connection, listing, point
from api.schema.enums import described
from api.schema.errors import Finding, UserError
from api.schema.inputs import Reader
from api.schema.mutation import mutation
from api.schema.node import Node
from api.schema.organisations import KEY, VERSION, ByAge, Organisation
from domain import uploads as rules
from domain.file_types import FileType
from domain.ids import OrganisationId, UploadId
from domain.uploads import ConfirmUpload, CreateUpload, UploadAction, UploadKind, UploadState

described(FileType)
described(UploadState)
described(UploadAction)


@strawberry.input(description="Which uploads. What is left out does not matter; conditions add up.")
class UploadFilter:
    """The fields are the filters of `storage/views/uploads.py`."""

    states: list[UploadState] | None = strawberry.field(default=None, description="In one of these states.")
    kinds: list[UploadKind] | None = strawberry.field(default=None, description="Of one of these kinds.")
    organisation_id: strawberry.ID | None = strawberry.field(default=None, description="Of this organisation.")


@strawberry.type(description="Where bytes are sent or read, by plain HTTP and without a token: the address is the key.")
class SignedAddress:
    """`storage.views.uploads.SignedAddress`."""

    url: str = strawberry.field(
        description="The address; relative to the endpoint's where the deployment has named no address of its own."
    )
    method: str = strawberry.field(description="The HTTP method that it is good for: PUT or GET.")
    expires_at: datetime = strawberry.field(description="Its last instant; reading the upload again gives another.")


@strawberry.type(description="An action on an upload that is not possible now for the viewer, and why.")
class BlockedUploadAction:
    """`domain.moves.Move`."""

    action: UploadAction = strawberry.field(description="The action.")
    because: list[Finding] = strawberry.field(description="Every condition that is not met.")
    opens_at: datetime | None = strawberry.field(
        description="When time alone makes it possible; null where it does not."
    )
    closes_at: datetime | None = strawberry.field(description="The last instant at which it is possible.")


@strawberry.type(description="A file that an organisation brings. Only itself and the marketplace's people see it.")
class Upload(Node):
    """`domain.uploads.Upload`."""

    organisation: Organisation | None = strawberry.field(description="Whose it is.")
    kind: UploadKind = strawberry.field(description="What it is for.")
    file_name: str = strawberry.field(description="Its name where it comes from.")
    size: int = strawberry.field(description="Its bytes.")
    content_type: FileType = strawberry.field(description="What it was declared to be.")
    found_type: FileType | None = strawberry.field(
        description="What its content is; null while nothing came, and where the content is of no type that is taken."
    )
    sha256: str = strawberry.field(description="Its SHA-256, in lower-case hexadecimal digits.")
    state: UploadState = strawberry.field(description="Where it stands.")
    because: list[Finding] = strawberry.field(description="Why it cannot be used; empty once it is accepted.")
    send_to: SignedAddress | None = strawberry.field(
        description="Where to PUT its bytes, with their `content-length`; null when none are awaited."
    )
    read_from: SignedAddress | None = strawberry.field(
        description="Where to GET its bytes; null unless it is accepted. Reading personal data is written down."
    )
    available_actions: list[UploadAction] = strawberry.field(description="What the viewer may do with it now.")
    blocked_actions: list[BlockedUploadAction] = strawberry.field(
        description="What the viewer may not do with it now, and why."
    )
    requested_at: datetime = strawberry.field(description="When it was announced.")
    expires_at: datetime = strawberry.field(description="Its last instant unless it is confirmed.")
    received_at: datetime | None = strawberry.field(description="When its bytes were complete.")
    ended_at: datetime | None = strawberry.field(description="When it was accepted or refused, or lapsed.")
    erased_at: datetime | None = strawberry.field(description="When the bytes of a failed one were deleted.")
    version: int = strawberry.field(description="Grows by one with each change; for `expectedVersion`.")


@strawberry.input(description="A file that shall be brought.")
class CreateUploadInput:
    """→ `domain.uploads.CreateUpload`."""

    kind: UploadKind = strawberry.field(description="What it is for.")
    file_name: str = strawberry.field(description="Its name, at most 255 characters, without slashes.")
    size: int = strawberry.field(description="Its bytes: 1 to 25,000,000.")
    content_type: FileType = strawberry.field(description="What it is. Its content is held against it.")
    sha256: str = strawberry.field(description="Its SHA-256, 64 hexadecimal digits.")
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose it is, when the desk enters it; the caller's own organisation when left out."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> CreateUpload:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        organisation_id = read.optional_id(OrganisationId, self.organisation_id, "organisationId")
        command = CreateUpload(
            self.kind, self.file_name.strip(), self.size, self.content_type, self.sha256.lower(), organisation_id
        )
        read.rules(rules.problems_of(command))
        read.done()
        return command


@strawberry.input(description="A file whose bytes have come.")
class ConfirmUploadInput:
    """→ `domain.uploads.ConfirmUpload`."""

    upload_id: strawberry.ID = strawberry.field(description="The upload.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)

    def command(self) -> ConfirmUpload:
        """The command. Refuses with Invalid, naming every problem."""
        read = Reader()
        upload_id = read.id(UploadId, self.upload_id, "uploadId")
        read.done()
        return ConfirmUpload(upload_id)


@strawberry.type(description="The upload after the change, or why nothing changed.")
class UploadPayload:
    """What the mutations on an upload answer."""

    upload: Upload | None = strawberry.field(description="The upload; null when nothing changed.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing changed; empty on success.")


@strawberry.type
class UploadQueries:
    """Reading uploads."""

    upload: Upload | None = point("The upload of that id; null when there is none for the viewer.", of="upload")
    uploads: Connection[Upload] = listing(
        "The uploads the viewer may see: an organisation its own, staff all.", filter=UploadFilter, order=ByAge
    )


@strawberry.type
class UploadMutations:
    """What can be done with uploads."""

    create_upload: UploadPayload = mutation(
        uploads.create_upload,
        CreateUploadInput,
        keyed=False,
        description="A file is announced: how long it is, of which type, with which digest. `sendTo` says where its "
        "bytes go; they must come and be confirmed within 24 hours.",
    )
    confirm_upload: UploadPayload = mutation(
        uploads.confirm_upload,
        ConfirmUploadInput,
        keyed=False,
        description="The bytes that came are the file, for ever. It is accepted if its content is of the declared "
        "type, otherwise refused, and `because` says why.",
    )
