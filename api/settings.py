"""What a running platform is told from outside: addresses, folders, keys; read once from the environment.

Nothing set means the demo: `api.embedded` then fills in the addresses and the secret of its own engines. With
`DATABASE_URL` and `REDIS_URL` set nothing embedded starts, and `MAKEGOOD_SECRET` must be given as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, or the folder the three packages are installed in."""

SECRET_BYTES_MIN = 32
"""Signatures and keyed digests are HMAC-SHA256; a shorter key would be the weakest part."""

LOG_LEVELS = ("debug", "info", "warning", "error")
YES_OR_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class Unusable(Exception):
    """Something outside the program stops it: a setting, a folder, a port, a server. Told in one sentence."""


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The platform's surroundings. An address is empty until somebody supplies it: the environment or the engines."""

    database_url: str
    """Of the application's role: one tenant at a time, owns nothing."""
    database_owner_url: str
    """Of the owner's role, which migrates; empty where migrations are run elsewhere."""
    database_worker_url: str
    """Of the worker's role, which finds keys, members and due rows across tenants."""
    redis_url: str
    host: str
    port: int
    state_dir: Path
    """Where the embedded engines, the demo's tokens and uploaded files lie."""
    demo: bool
    """True: introspection and console are open, and a new state is filled with the demo marketplace."""
    oidc_issuer: str | None
    oidc_audience: str | None
    oidc_jwks_url: str | None
    log_level: str
    secret_key: bytes
    """Signs upload addresses and cursors; at least 32 bytes, all ASCII."""
    files: str = ""
    """Where uploaded files lie: a folder, or `s3://bucket/prefix?endpoint=https://…&region=…`; by default a folder in
    `state_dir`."""
    files_key_id: str = ""
    """Of the S3 account, with its secret."""
    files_secret: str = ""
    public_url: str = ""
    """What clients' addresses of files begin with, where it is not the endpoint they ask: `https://api.example.com`."""

    def environment(self) -> dict[str, str]:
        """The variables from which `from_environment` reads these settings again, in another process."""
        variables = {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "DATABASE_WORKER_URL": self.database_worker_url,
            "REDIS_URL": self.redis_url,
            "MAKEGOOD_HOST": self.host,
            "MAKEGOOD_PORT": str(self.port),
            "MAKEGOOD_STATE": str(self.state_dir),
            "MAKEGOOD_DEMO": "yes" if self.demo else "no",
            "OIDC_ISSUER": self.oidc_issuer,
            "OIDC_AUDIENCE": self.oidc_audience,
            "OIDC_JWKS_URL": self.oidc_jwks_url,
            "MAKEGOOD_LOG_LEVEL": self.log_level,
            "MAKEGOOD_SECRET": self.secret_key.decode("ascii"),
            "MAKEGOOD_FILES": self.files,
            "MAKEGOOD_FILES_KEY_ID": self.files_key_id,
            "MAKEGOOD_FILES_SECRET": self.files_secret,
            "MAKEGOOD_PUBLIC_URL": self.public_url,
        }
        return {name: value for name, value in variables.items() if value}

    @property
    def embedded(self) -> bool:
        """True if no database was named, so that the platform brings its own."""
        return not self.database_url


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings that `environment` names, with defaults for the rest.

    Raises:
        Unusable: a value cannot be understood, or one of a pair is missing; the sentence names the variable.
    """
    database_url, redis_url = environment.get("DATABASE_URL", ""), environment.get("REDIS_URL", "")
    if bool(database_url) != bool(redis_url):
        raise Unusable("Set both DATABASE_URL and REDIS_URL, or neither to use the embedded engines.")
    secret = environment.get("MAKEGOOD_SECRET", "")
    if (database_url or secret) and (len(secret) < SECRET_BYTES_MIN or not secret.isascii()):
        raise Unusable(f"MAKEGOOD_SECRET must be set, to at least {SECRET_BYTES_MIN} ASCII characters.")
    return Settings(
        database_url=database_url,
        database_owner_url=environment.get("DATABASE_OWNER_URL", ""),
        database_worker_url=environment.get("DATABASE_WORKER_URL", ""),
        redis_url=redis_url,
        host=environment.get("MAKEGOOD_HOST", "127.0.0.1"),
        port=_port(environment.get("MAKEGOOD_PORT", "8000")),
        state_dir=Path(environment.get("MAKEGOOD_STATE") or ROOT / ".state").absolute(),
        demo=_yes_or_no(environment, "MAKEGOOD_DEMO", default=not database_url),
        oidc_issuer=environment.get("OIDC_ISSUER") or None,
        oidc_audience=environment.get("OIDC_AUDIENCE") or None,
        oidc_jwks_url=environment.get("OIDC_JWKS_URL") or None,
        log_level=_one_of(environment, "MAKEGOOD_LOG_LEVEL", LOG_LEVELS, default="info"),
        secret_key=secret.encode("ascii"),
        files=environment.get("MAKEGOOD_FILES", ""),
        files_key_id=environment.get("MAKEGOOD_FILES_KEY_ID", ""),
        files_secret=environment.get("MAKEGOOD_FILES_SECRET", ""),
        public_url=_address(environment, "MAKEGOOD_PUBLIC_URL"),
    )


def _address(environment: Mapping[str, str], name: str) -> str:
    text = environment.get(name, "")
    if text and not text.startswith(("https://", "http://")):
        raise Unusable(f"{name} must begin with https:// or http://, not be {text!r}.")
    return text.rstrip("/")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise Unusable(f"MAKEGOOD_PORT must be a port between 1 and 65535, not {text!r}.")
    return int(text)


def _yes_or_no(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environment.get(name, "").lower()
    if text and text not in YES_OR_NO:
        raise Unusable(f"{name} must be one of {', '.join(YES_OR_NO)}, not {text!r}.")
    return YES_OR_NO.get(text, default)


def _one_of(environment: Mapping[str, str], name: str, choices: tuple[str, ...], *, default: str) -> str:
    text = environment.get(name, default).lower()
    if text not in choices:
        raise Unusable(f"{name} must be one of {', '.join(choices)}, not {text!r}.")
    return text
