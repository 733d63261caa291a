"""`./run coverage`: certificates are verified by whoever holds the file, without the platform."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from api.settings import Unusable, from_environment
from domain.certificates import FILE_BYTES_MAX
from domain.certificates import verify as verdict_of
from storage import certificates

command = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Verify coverage certificates.", no_args_is_help=True
)


@command.callback()
def coverage_certificates() -> None:
    """Verify coverage certificates."""


@command.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The certificate's file: `certificate { file }`, saved.")],
    key: Annotated[
        str | None,
        typer.Option(help="The marketplace's public key in base64, or a file with its /.well-known/jwks.json."),
    ] = None,
) -> None:
    """Tell in one sentence whether the file is as it was signed; exit code 1 where it is not.

    Without --key, MAKEGOOD_SECRET of the deployment is used where it is set; otherwise the file is held against the key
    that it names itself, which you then compare with the published one.
    """
    if not file.is_file():
        raise Unusable(f"{file} is not there.")
    if file.stat().st_size > FILE_BYTES_MAX:
        raise Unusable(f"{file} has more than {FILE_BYTES_MAX:,} bytes: it is no certificate.")
    text = file.read_bytes().decode(errors="replace")
    verdict = verdict_of(text, certificates.holds, trusted=_trusted(key))
    print(verdict.sentence)
    if not verdict.holds:
        raise typer.Exit(1)


def _trusted(named: str | None) -> frozenset[str] | None:
    """The public keys that may have signed, in base64; None where nobody said which."""
    if named is None:
        secret = from_environment(os.environ).secret_key
        return frozenset({certificates.key_of(secret).public_key}) if secret else None
    path = Path(named)
    if not path.is_file():
        return frozenset({named.strip()})
    try:
        keys: Any = json.loads(path.read_text(encoding="utf-8"))["keys"]
        return frozenset(_raw(key["x"]) for key in keys)
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise Unusable(f"{path} is no set of keys as /.well-known/jwks.json gives it.") from reason


def _raw(text: str) -> str:
    """Base64 for URLs, as base64."""
    return base64.b64encode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))).decode()
