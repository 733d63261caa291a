"""`./run documents`: the operations that a marketplace's frontends may send by hash."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from api.operations import documents
from api.operations.tenants import system
from api.settings import Settings, Unusable
from api.verbs.tenants import Named, tenant_named, with_worker
from domain.documents import PublishDocument, hash_of
from storage.pool import Pool
from storage.unit_of_work import transact

command = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Publish trusted documents for a frontend.",
    no_args_is_help=True,
)


@command.callback()
def documents_of_a_marketplace() -> None:
    """Publish trusted documents for a frontend."""


@command.command()
def publish(
    files: Annotated[list[Path], typer.Argument(help="GraphQL files, each one document; or JSON: hash → document.")],
    tenant: Named = None,
) -> None:
    """Publish documents, all or none, and print each one's hash. What is published already stays as it is."""
    texts = {hash_of(text): text for file in files for text in _texts(file)}
    _check(texts)

    async def published(_settings: Settings, pool: Pool) -> None:
        caller = system(await tenant_named(pool, tenant), "documents")
        request_id = f"run documents {secrets.token_hex(4)}"
        for text in texts.values():
            wish = PublishDocument(text)
            await transact(
                pool,
                caller,
                action="publishDocument",
                request_id=request_id,
                act=lambda work, wish=wish: documents.publish_document(work, wish),  # type: ignore[misc]
            )

    with_worker(published)
    print("\n".join(texts))


def _texts(file: Path) -> Iterator[str]:
    """The documents in a file: its whole text, or the values of the JSON object that build tools write."""
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix != ".json":
            yield text
            return
        members = json.loads(text)
    except (OSError, ValueError) as reason:
        raise Unusable(f"{file} cannot be read: {reason}.") from reason
    if not isinstance(members, dict) or not all(isinstance(value, str) for value in members.values()):
        raise Unusable(f"{file} is not a JSON object of hash and document.")
    yield from members.values()


def _check(texts: dict[str, str]) -> None:
    """Refuses, before anything is published, every document that the schema would refuse."""
    from api.reads.document import prepared
    from api.schema.schema import contract

    schema = contract().graphql
    for hash_, text in texts.items():
        document = prepared(text, schema, introspect=True)
        if document.errors:
            raise Unusable(f"{hash_} cannot be executed: {document.errors[0]['message']}")
